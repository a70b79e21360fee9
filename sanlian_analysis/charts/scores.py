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
from sanlian_analysis.charts.marks import horizontal_scale
from sanlian_analysis.charts.profile import Grade, Profile, graded_targets, profile_of
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.text import in_title, line_height, shorten, width, wrap
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy, Target

_ROW, _BAR = 0.245, 0.66
_AXIS_ROOM, _NAME_ROOM, _PAD = 0.26, 2.3, 0.16
_GAP = 0.12


def score_profile(
    units: pd.DataFrame,
    *,
    date: object,
    area: str,
    policy: Policy,
    simulated: bool = False,
) -> Chart:
    """The mean score of every item as a share of its maximum, and how many units earn a title.

    `units` is the table of `units_at`: one row per unit with `settlement` and the
    items (points, empty where unknown; an absent column is unknown for all).
    Items, and the scores that are asked for, are those of the policy's Score
    targets. Means are exact sums over the units with points, divided last; how
    many are without is told for each item. The mean total is over units without
    any blank. A unit whose blanks could still change what it earns is undecided.
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
    columns = line_height(style.SMALL) + 0.06
    above = head + _GAP + columns
    chart = compose(
        "scores",
        caption,
        body=above + len(profile.items) * _ROW + _AXIS_ROOM,
        simulated=simulated,
    )
    _header(chart, cells)
    _rows(chart, profile, above)
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
    return say("；", "; ").join([total, items])


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


def _rows(chart: Chart, profile: Profile, above: float) -> None:
    """Items one below the other: name, bar, mean, and the units without points."""
    names = [
        shorten(f"{place} {item.name}", _NAME_ROOM, style.BODY)
        for place, item in enumerate(profile.items, start=1)
    ]
    blanks = [f"{item.unknown:,}" if item.unknown else "" for item in profile.items]
    headings = [say("平均分/满分", "mean/maximum"), say("未知（个）", "unknown")]
    figures = _room([item.figure for item in profile.items], headings[0])
    last = _room(blanks, headings[1]) if any(blanks) else 0.0
    axes = panel(
        chart,
        left=max(width(name, style.BODY) for name in names) + _PAD,
        right=figures + last,
        top=above,
        bottom=_AXIS_ROOM,
    )
    horizontal_scale(axes, words.SHARE, 1.0, style.SMALL)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names, **style.lettering(style.BODY))
    _bars(axes, profile)
    right = style.WIDTH - style.MARGIN
    _column(chart, [item.figure for item in profile.items], headings[0], right - last, above)
    if last:
        _column(chart, blanks, headings[1], right, above)


def _room(texts: list[str], heading: str) -> float:
    widest = max(width(text, style.BODY) for text in texts)
    return max(widest, width(heading, style.SMALL)) + _PAD


def _bars(axes: Axes, profile: Profile) -> None:
    """A bar from zero for each item's share of its maximum; the weakest item is darker."""
    for place, item in enumerate(profile.items):
        axes.barh([place], [1], _BAR, color=style.GRID, zorder=1.5, gid=f"maximum-{place + 1}")
        if item.rate is None:
            continue
        tone = style.TONES[2 if item is profile.weakest else 1]
        axes.barh([place], [float(item.rate)], _BAR, color=tone, zorder=2, gid=f"item-{place + 1}")
    axes.axvline(0, color=style.FAINT, linewidth=0.8)


def _column(chart: Chart, texts: list[str], heading: str, right: float, above: float) -> None:
    top = chart.body[1] + chart.body[3] - above
    note(chart, right, top + 0.06, heading, style.SMALL, style.MUTED, ha="right", va="baseline")
    for place, text in enumerate(texts):
        y = top - (place + 0.5) * _ROW
        note(chart, right, y, text, style.BODY, style.INK, ha="right", va="center_baseline")
