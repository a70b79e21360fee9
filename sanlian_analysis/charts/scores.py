"""Which items of a score table cost the most points."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import (
    ROOM,
    Caption,
    Chart,
    compose,
    note,
    panel,
    statement,
)
from sanlian_analysis.charts.lines import Line, tall_line
from sanlian_analysis.charts.marks import horizontal_scale
from sanlian_analysis.charts.profile import Grade, Item, Profile, graded_targets, profile_of
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.text import in_title, line_height, shorten, width, wrap
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy, Target

_ROW, _BAR = 0.245, 0.66
_AXIS_ROOM, _NAME_ROOM, _PAD = 0.26, 2.3, 0.16
_GAP = 0.12
#: The place of the total above the items, which begin at 0.
_TOTAL = -1.25
#: Inches between the rows and what stands above them.
_ABOVE_ROWS = 0.06


def score_profile(
    units: pd.DataFrame,
    *,
    date: object,
    area: str,
    policy: Policy,
    simulated: bool = False,
) -> Chart:
    """The mean score of every item and of all as a share of the maximum, and who earns a title.

    `units` is the table of `units_at`: one row per unit with `settlement` and the
    items (points, empty where unknown; an absent column is unknown for all).
    Items, and the scores that are asked for, are those of the policy's Score
    targets. Means are exact sums over the units with points, divided last; how
    many are without is told for each item. The mean total is over units without
    any blank; a line marks the share of all points from which each title is earned.
    A unit whose blanks could still change what it earns is undecided.
    Units for which any item is 不适用 are out of scope (column
    `ITEM.not_applicable`); a policy without scores gives a sentence.
    """
    targets = graded_targets(policy)
    profile = profile_of(units, targets) if targets else None
    caption = _caption(profile, targets, policy, area, date)
    if profile is None or not profile.units:
        return statement("scores", caption, simulated=simulated)
    cells = _cells(profile)
    head = line_height(style.TITLE) + max(len(told) for _, told in cells) * line_height(style.SMALL)
    lines = _lines(profile)
    above = head + _GAP + (len(lines) + 1) * line_height(style.SMALL) + _ABOVE_ROWS
    rows = len(profile.items) - _TOTAL
    chart = compose("scores", caption, body=above + rows * _ROW + _AXIS_ROOM, simulated=simulated)
    _header(chart, cells)
    _lines_through(chart, _rows(chart, profile, above), lines)
    return chart


def _caption(
    profile: Profile | None, targets: list[Target], policy: Policy, area: str, date: object
) -> Caption:
    measured = say(
        "各项平均分占该项满分的比例（%）", "mean points per item, share of the maximum (%)"
    )
    clause = words.clause_at(targets[0], day(date)) if targets else ""
    return Caption(
        _title(profile, policy, area),
        words.dotted(measured, words.when(day(date)), policy.label),
        words.source(policy, clause),
        _detail(profile) if profile and profile.units else "",
        _notes(profile) if profile and profile.units else (),
    )


def _title(profile: Profile | None, policy: Policy, area: str) -> str:
    if profile is None:
        return say(f"{policy.label}没有评分表", f"{policy.label} has no score table")
    name = in_title(area)
    if not profile.units:
        return say(f"{name}没有可评分的村（社区）", f"{name}: no community or village to score")
    every, weakest = words.counted(profile.units, "community"), profile.weakest
    if weakest is None or weakest.rate is None:
        return say(f"{name}{every}的评分全部未知", f"{name}: no scores known in {every}")
    earned = listed([f"{grade.target.label}{_number(grade)}" for grade in profile.grades])
    if weakest.rate == 1:
        lowest = say("各项已知的都得满分", "full points wherever they are known")
    else:
        rate = style.percent(float(weakest.rate))
        zh = f"“{weakest.name}”得分率最低（{rate}）"
        lowest = say(zh, f"the weakest item is “{weakest.name}” with {rate} of its points")
    return say(f"{name}{every}中，{earned}；{lowest}", f"{name}, {every}: {earned}; {lowest}")


def _number(grade: Grade) -> str:
    return say(f"{grade.earned:,}个", f": {grade.earned:,}")


def _detail(profile: Profile) -> str:
    """Mean total and every item, for the alternative text."""
    total = say(
        f"{profile.complete:,}个各项齐全，平均{profile.mean}/{profile.maximum}分，"
        f"未定{profile.undecided:,}个",
        f"{profile.complete:,} without a blank, mean {profile.mean}/{profile.maximum}, "
        f"{profile.undecided:,} undecided",
    )
    items = listed([f"{item.name} {item.figure}" for item in profile.items])
    lines = listed([line.label for line in _lines(profile)])
    return say("；", "; ").join([total, *([lines] if lines else []), items])


def _notes(profile: Profile) -> tuple[str, ...]:
    if not profile.outside:
        return ()
    count = words.counted(profile.outside, "community")
    zh = f"另有{count}有不适用的项目，不计在内。"
    return (say(zh, f"Left out, with items that are not applicable: {count}."),)


def _cells(profile: Profile) -> list[tuple[str, list[str]]]:
    """The figures of the header, and under each what it is, on as many lines as it needs."""
    grades = [(f"{grade.earned:,}", grade.target.label, grade.range) for grade in profile.grades]
    told = [
        (
            profile.mean,
            say(f"平均总分（满分{profile.maximum}）", f"mean total of {profile.maximum}"),
            say(f"{profile.complete:,}个各项齐全", f"{profile.complete:,} without a blank"),
        ),
        *grades,
        (f"{profile.neither:,}", say("以上都不是", "none of these"), ""),
        (
            f"{profile.undecided:,}",
            say("未定", "undecided"),
            say("缺项会改变结论", "blanks could change it"),
        ),
    ]
    room = ROOM / len(told) - 0.12
    return [
        (figure, [line for text in texts for line in wrap(text, room, style.SMALL, most=2)])
        for figure, *texts in told
    ]


def _header(chart: Chart, cells: list[tuple[str, list[str]]]) -> None:
    top = chart.body[1] + chart.body[3]
    for place, (figure, told) in enumerate(cells):
        x = style.MARGIN + place * ROOM / len(cells)
        note(chart, x, top, figure, style.TITLE, style.INK, va="top")
        y = top - line_height(style.TITLE)
        for line in told:
            note(chart, x, y, line, style.SMALL, style.MUTED, va="top")
            y -= line_height(style.SMALL)


def _lines(profile: Profile) -> list[Line]:
    """What each title asks of the total, as shares of all points; the lowest first."""
    return [
        Line(
            f"grade-{grade.target.id}",
            grade.at_least / profile.maximum,
            say(
                f"{grade.target.label}：总分{grade.at_least}",
                f"{grade.target.label}: total of {grade.at_least}",
            ),
            style.INK,
            1.0,
        )
        for grade in sorted(profile.grades, key=lambda grade: grade.at_least)
        if 0 < grade.at_least <= profile.maximum
    ]


def _lines_through(chart: Chart, axes: Axes, lines: list[Line]) -> None:
    """The lines across all rows, each named to its left, above the names of lower ones."""
    box = axes.get_window_extent()
    left, top, wide = (inch / style.LAYOUT_DPI for inch in (box.x0, box.y1, box.width))
    for tier, line in enumerate(lines):
        look = {"color": line.colour, "linewidth": line.weight, "gid": line.gid, "zorder": 3}
        above = _ABOVE_ROWS + (tier + 1) * line_height(style.SMALL)
        tall_line(axes, line.value, above, **look)
        x, y = left + wide * line.value - 0.05, top + above
        name = shorten(line.label, x - style.MARGIN, style.SMALL)
        note(chart, x, y, name, style.SMALL, line.colour, ha="right", va="top")


def _rows(chart: Chart, profile: Profile, above: float) -> Axes:
    """The total, and the items one below the other: name, bar, mean, units without points."""
    total = profile.total
    numbered = [f"{place} {item.name}" for place, item in enumerate(profile.items, start=1)]
    names = [shorten(name, _NAME_ROOM, style.BODY) for name in (total.name, *numbered)]
    means = [profile.mean_of_maximum, *(item.figure for item in profile.items)]
    blanks = [f"{item.unknown:,}" if item.unknown else "" for item in (total, *profile.items)]
    headings = [say("平均分/满分", "mean/maximum"), say("未知（个）", "unknown")]
    figures = _room(means, headings[0])
    last = _room(blanks, headings[1]) if any(blanks) else 0.0
    axes = panel(
        chart,
        left=max(width(name, style.BODY) for name in names) + _PAD,
        right=figures + last,
        top=above,
        bottom=_AXIS_ROOM,
    )
    horizontal_scale(axes, words.SHARE, 1.0, style.SMALL)
    axes.set_ylim(len(profile.items) - 0.5, _TOTAL - 0.5)
    axes.set_yticks(_places(profile), names, **style.lettering(style.BODY))
    _bars(axes, profile)
    right = style.WIDTH - style.MARGIN
    _column(chart, axes, profile, means, headings[0], right - last)
    if last:
        _column(chart, axes, profile, blanks, headings[1], right)
    return axes


def _places(profile: Profile) -> list[float]:
    """The place of the total and of every item."""
    return [_TOTAL, *range(len(profile.items))]


def _room(texts: list[str], heading: str) -> float:
    widest = max(width(text, style.BODY) for text in texts)
    return max(widest, width(heading, style.SMALL)) + _PAD


def _bars(axes: Axes, profile: Profile) -> None:
    """Bars from zero for shares of the maximum; the weakest item is darker, the total grey."""
    _bar(axes, _TOTAL, profile.total, style.FAINT, "total")
    for place, item in enumerate(profile.items):
        tone = style.TONES[2 if item is profile.weakest else 1]
        _bar(axes, place, item, tone, str(place + 1))
    axes.axvline(0, color=style.FAINT, linewidth=0.8)


def _bar(axes: Axes, place: float, item: Item, tone: str, name: str) -> None:
    axes.barh([place], [1], _BAR, color=style.GRID, zorder=1.5, gid=f"maximum-{name}")
    if item.rate is not None:
        axes.barh([place], [float(item.rate)], _BAR, color=tone, zorder=2, gid=f"item-{name}")


def _column(
    chart: Chart, axes: Axes, profile: Profile, texts: list[str], heading: str, right: float
) -> None:
    top = axes.get_window_extent().y1 / style.LAYOUT_DPI
    y = top + _ABOVE_ROWS
    note(chart, right, y, heading, style.SMALL, style.MUTED, ha="right", va="baseline")
    for place, text in zip(_places(profile), texts, strict=True):
        y = top - (place - _TOTAL + 0.5) * _ROW
        note(chart, right, y, text, style.BODY, style.INK, ha="right", va="center_baseline")
