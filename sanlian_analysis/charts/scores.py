"""Which items of a score table cost the most points."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis import schema
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
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.text import line_height, shorten, width, wrap
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.exact import Interval, Mask
from sanlian_analysis.expressions import not_applicable, number
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy, Score, Target

_ROW, _BAR = 0.245, 0.66
_AXIS_ROOM, _NAME_ROOM, _PAD = 0.26, 2.3, 0.16
_GAP = 0.12


@dataclass(frozen=True)
class _Item:
    """One line of the score table: the exact sum over the units whose points are known."""

    name: str
    maximum: int
    points: Fraction
    known: int
    unknown: int

    @property
    def mean(self) -> Fraction | None:
        """Mean points of the known units."""
        return self.points / self.known if self.known else None

    @property
    def rate(self) -> Fraction | None:
        """Mean points as a share of the maximum."""
        return None if self.mean is None else self.mean / self.maximum

    @property
    def figure(self) -> str:
        """Mean and maximum, such as "4.2/5"; the mean is never rounded onto the maximum."""
        if self.mean is None:
            return say("无数据", "no data")
        return f"{style.number(float(self.mean), self.maximum)}/{self.maximum}"


@dataclass(frozen=True)
class _Grade:
    """A title that a document confers for a score, and the units that earn it."""

    target: Target
    at_least: int
    below: int | None
    earned: int

    @property
    def range(self) -> str:
        """The scores that earn it."""
        if self.below is None:
            return say(f"{self.at_least}分及以上", f"{self.at_least} or more")
        return say(
            f"满{self.at_least}分、不足{self.below}分",
            f"{self.at_least} or more, below {self.below}",
        )


@dataclass(frozen=True)
class _Profile:
    """The scores of an area's units, item by item and in all."""

    units: int
    outside: int
    items: list[_Item]
    grades: list[_Grade]
    neither: int
    undecided: int
    complete: int
    points: Fraction

    @property
    def maximum(self) -> int:
        """The points that can be had."""
        return sum(item.maximum for item in self.items)

    @property
    def mean(self) -> str:
        """Mean total of the units without a blank, on its side of the nearest demand."""
        if not self.complete:
            return say("未知", "unknown")
        mean = float(self.points / self.complete)
        nearest = min((g.at_least for g in self.grades), key=lambda least: abs(least - mean))
        return style.number(mean, nearest)

    @property
    def weakest(self) -> _Item | None:
        """The item with the smallest share of its maximum; the first of several."""
        rated = [item for item in self.items if item.rate is not None]
        return min(rated, key=lambda item: item.rate or Fraction(0), default=None)


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
    targets = _targets(policy)
    profile = _profile(units, targets) if targets else None
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


def _targets(policy: Policy) -> list[Target]:
    """The targets that grade the same sum of items, in the document's order."""
    graded = [t for t in policy.targets if isinstance(t.readings[0].formula, Score)]
    return [t for t in graded if _score(t).value == _score(graded[0]).value]


def _score(target: Target) -> Score:
    formula = target.readings[0].formula
    assert isinstance(formula, Score), "only targets with a score are asked"
    return formula


def _profile(units: pd.DataFrame, targets: list[Target]) -> _Profile:
    value = _score(targets[0]).value
    covered = units[units["settlement"].isin(targets[0].readings[0].settlement)]
    covered = covered.reset_index(drop=True)
    marked = not_applicable(value.names, UnitColumns(covered, schema.of_unit("community")))
    here = covered[~np.broadcast_to(marked, (len(covered),))].reset_index(drop=True)
    columns = UnitColumns(here, schema.of_unit("community"))
    blank = [columns.blank(name) for name in value.names]
    full = ~reduce(np.logical_or, blank)
    total = number(value, columns)
    grades, nothing = [], np.ones(len(here), dtype=bool)
    undecided = ~nothing
    for target in targets:
        wanted = _score(target)
        earned = total >= Interval.constant(Fraction(wanted.at_least))
        if wanted.below is not None:
            earned = earned & (Interval.constant(Fraction(wanted.below)) > total)
        grades.append(_Grade(target, wanted.at_least, wanted.below, int(earned.true.sum())))
        undecided |= earned.unknown
        nothing &= earned.false
    return _Profile(
        len(here),
        len(covered) - len(here),
        [_item(columns, name, ~gone) for name, gone in zip(value.names, blank, strict=True)],
        grades,
        int(nothing.sum()),
        int(undecided.sum()),
        int(full.sum()),
        _sum(total, full),
    )


def _item(columns: UnitColumns, name: str, known: Mask) -> _Item:
    variable = columns.variables[name]
    assert variable.maximum, "an item of a score table has a maximum"
    points = _sum(columns.interval(name), known)
    count = int(known.sum())
    return _Item(variable.label, variable.maximum, points, count, len(known) - count)


def _sum(values: Interval, where: Mask) -> Fraction:
    return Fraction(int(values.low[where].sum()), values.scale)


def _counted(count: int) -> str:
    several = "community or village" if count == 1 else "communities and villages"
    return say(f"{count:,}个村（社区）", f"{count:,} {several}")


def _caption(
    profile: _Profile | None, targets: list[Target], policy: Policy, area: str, date: object
) -> Caption:
    measured = say(
        "各项平均分占该项满分的比例（%）", "mean points per item, share of the maximum (%)"
    )
    clause = targets[0].clause if targets else ""
    return Caption(
        _title(profile, policy, area),
        words.dotted(measured, words.when(day(date)), policy.label),
        words.source(policy, clause),
        _detail(profile) if profile and profile.units else "",
        _notes(profile) if profile and profile.units else (),
    )


def _title(profile: _Profile | None, policy: Policy, area: str) -> str:
    if profile is None:
        return say(f"{policy.label}没有评分表", f"{policy.label} has no score table")
    name = shorten(area, 2.4, style.TITLE)
    if not profile.units:
        return say(f"{name}没有可评分的村（社区）", f"{name}: no community or village to score")
    every, weakest = _counted(profile.units), profile.weakest
    if weakest is None or weakest.rate is None:
        return say(f"{name}{every}的评分全部未知", f"{name}: no scores known in {every}")
    earned = words.listed([f"{grade.target.label}{_number(grade)}" for grade in profile.grades])
    if weakest.rate == 1:
        lowest = say("各项已知的都得满分", "full points wherever they are known")
    else:
        rate = style.percent(float(weakest.rate))
        zh = f"“{weakest.name}”得分率最低（{rate}）"
        lowest = say(zh, f"the weakest item is “{weakest.name}” with {rate} of its points")
    return say(f"{name}{every}中，{earned}；{lowest}", f"{name}, {every}: {earned}; {lowest}")


def _number(grade: _Grade) -> str:
    return say(f"{grade.earned:,}个", f": {grade.earned:,}")


def _detail(profile: _Profile) -> str:
    """Mean total and every item, for the alternative text."""
    total = say(
        f"{profile.complete:,}个各项齐全，平均{profile.mean}/{profile.maximum}分，"
        f"未定{profile.undecided:,}个",
        f"{profile.complete:,} without a blank, mean {profile.mean}/{profile.maximum}, "
        f"{profile.undecided:,} undecided",
    )
    items = words.listed([f"{item.name} {item.figure}" for item in profile.items])
    return say("；", "; ").join([total, items])


def _notes(profile: _Profile) -> tuple[str, ...]:
    if not profile.outside:
        return ()
    count = _counted(profile.outside)
    zh = f"另有{count}有不适用的项目，不计在内。"
    return (say(zh, f"Left out, with items that are not applicable: {count}."),)


def _cells(profile: _Profile) -> list[tuple[str, list[str]]]:
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


def _rows(chart: Chart, profile: _Profile, above: float) -> None:
    """Items one below the other: name, bar, mean, and the units without points."""
    names = [
        shorten(say(f"{place} {item.name}", item.name), _NAME_ROOM, style.BODY)
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


def _bars(axes: Axes, profile: _Profile) -> None:
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
