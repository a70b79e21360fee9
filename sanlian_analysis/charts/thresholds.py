"""How sensitive a verdict is: the share of units that reach every possible number."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sanlian_analysis import schema
from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import (
    Caption,
    Chart,
    KeyEntry,
    compose,
    note,
    panel,
    statement,
)
from sanlian_analysis.charts.marks import vertical_scale
from sanlian_analysis.charts.placing import Offset, box_along, place
from sanlian_analysis.charts.rows import applicable, day
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import Expression, constant, demands, parse, truth
from sanlian_analysis.language import say
from sanlian_analysis.policy import Band, Formula, Policy, Share, Target

_AXIS_ROOM, _SCALE_ROOM = 0.44, 0.5
_HEAD = 0.08

#: Settlement: (Chinese, English for one, English for several).
_UNITS = {
    "urban": ("城市社区", "urban community", "urban communities"),
    "rural": ("村", "village", "villages"),
}

#: Where the share at a threshold may stand, seen from its point: the curve falls to the right.
_BESIDE: list[Offset] = [
    (right, up, side, "bottom" if up > 0 else "top")
    for away in (4, 14, 26)
    for right, up, side in (
        (-6, -away, "right"),
        (6, away, "left"),
        (6, -away, "left"),
        (-6, away, "right"),
    )
]


@dataclass(frozen=True)
class _Standard:
    """A number that documents ask of every single unit, and the targets that do."""

    least: int
    sources: tuple[tuple[Policy, Target], ...]

    @property
    def policies(self) -> str:
        """The documents' short names, each once."""
        return words.listed(list(dict.fromkeys(policy.label for policy, _ in self.sources)))


@dataclass(frozen=True)
class _Curve:
    """Units by the number they reach: `sure[k]` surely have k or more, `open[k]` perhaps."""

    variable: str
    settlement: str
    units: int
    unknown: int
    outside: int
    sure: list[int]
    open: list[int]

    @classmethod
    def of(cls, units: pd.DataFrame, variable: str, settlement: str, most: int) -> _Curve:
        here = units[units["settlement"] == settlement]
        asked = applicable(here, variable).reset_index(drop=True)
        columns = UnitColumns(asked, schema.of_unit("community"))
        answers = [truth(parse(f"{variable} >= {k}"), columns) for k in range(most + 1)]
        return cls(
            variable,
            settlement,
            len(asked),
            int(columns.blank(variable).sum()),
            len(here) - len(asked),
            [int(answer.true.sum()) for answer in answers],
            [int(answer.unknown.sum()) for answer in answers],
        )

    @property
    def most(self) -> int:
        """The last number on the axis."""
        return len(self.sure) - 1

    def lower(self, least: int) -> float:
        """Share that surely has so many: the unknown counted as failing."""
        return self.sure[least] / self.units

    def upper(self, least: int) -> float:
        """Share that may have so many: the unknown counted as passing."""
        return (self.sure[least] + self.open[least]) / self.units

    def share(self, least: int) -> str:
        """The share that reaches a number, with its bounds where units are unknown."""
        low, high = self.lower(least), self.upper(least)
        return style.percent(low) if low == high else words.SHARE.bounds(low, high)

    def counted(self, count: int | None = None) -> str:
        """What the units are called, with their number where one is given."""
        zh, one, several = _UNITS[self.settlement]
        if count is None:
            return say(zh, several)
        return say(f"{count:,}个{zh}", f"{count:,} {one if count == 1 else several}")

    def figure(self, least: int) -> str:
        """A number with the variable's unit; in English the unit stands on the axis."""
        return f"{least:,}" + say(words.unit_of(self.variable), "")

    @property
    def label(self) -> str:
        """The variable's name within a sentence."""
        name = words.variable_label(self.variable)
        return say(f"“{name}”", name)


def threshold_curve(
    units: pd.DataFrame,
    *,
    date: object,
    area: str,
    policies: Iterable[Policy],
    variable: str = "orgs",
    settlement: str = "urban",
    most: int = 25,
    simulated: bool = False,
) -> Chart:
    """The share of units that have at least 0, 1, 2, … up to `most` of something countable.

    `units` is the table of `units_at`: one row per unit with `settlement` and the
    variable, empty where unknown; only units of `settlement` ("urban", "rural")
    are counted, without those that `VARIABLE.not_applicable` marks. `variable` is
    a count of the 社区 sheet. The lower edge of the band counts unknown units as
    failing, the upper one as passing. Every number that one of the `policies`
    asks of single units is marked with the share that reaches it; one that is
    asked of a mean is not. Numbers beyond `most` are told in a note.

    Raises SanlianError for a variable that is no count of the 社区 sheet.
    """
    known = schema.measured(schema.COMMUNITIES).get(variable)
    if known is None or known.type != "count":
        raise SanlianError(
            say(
                f"{variable!r} 不是社区表中的计数变量，不能画标准敏感度图",
                f"{variable!r} is no count of the 社区 sheet; it has no threshold curve",
            )
        )
    curve = _Curve.of(units, variable, settlement, min(most, known.maximum or most))
    documents = list(policies)
    standards = _standards(documents, known, settlement)
    caption = _caption(curve, standards, documents, units, area, date)
    name = f"thresholds-{variable.replace('_', '-')}-{settlement}"
    if not curve.units:
        return statement(name, caption, simulated=simulated)
    drawn = [standard for standard in standards if standard.least <= curve.most]
    tiers = len(drawn) * line_height(style.BODY) + _HEAD
    chart = compose(
        name,
        caption,
        body=tiers + style.BODY_HEIGHT + _AXIS_ROOM,
        entries=_entries(curve),
        simulated=simulated,
    )
    _draw(chart, curve, drawn, tiers)
    return chart


def _standards(
    policies: Iterable[Policy], variable: schema.Variable, settlement: str
) -> list[_Standard]:
    """The numbers asked of every unit, lowest first."""
    found: dict[int, list[tuple[Policy, Target]]] = {}
    for policy in policies:
        for target in policy.targets:
            reading = target.readings[0]
            if target.unit == "community" and settlement in reading.settlement:
                for least in _asked(reading.formula, variable):
                    found.setdefault(least, []).append((policy, target))
    return [_Standard(least, tuple(found[least])) for least in sorted(found)]


def _asked(formula: Formula, variable: schema.Variable) -> Iterator[int]:
    """What a formula asks of a unit's own number; only parts that must hold by themselves count."""
    match formula:
        case Share(condition=condition):
            parts = demands(condition)
        case Band(value=value, floor=least):
            parts = [parse(f"{value.source} >= {least.source}")]
        case _:
            parts = []
    for part in parts:
        least_number = _least(part, variable)
        if least_number is not None:
            yield least_number


def _least(demand: Expression, variable: schema.Variable) -> int | None:
    """The smallest count that meets a demand; None where it asks for something else."""
    match demand.tree:
        case ast.Compare(ast.Name(name), [comparison], [bound]):
            pass
        case ast.Compare(bound, [ast.LtE()], [ast.Name(name)]):
            comparison = ast.GtE()
        case ast.Compare(bound, [ast.Lt()], [ast.Name(name)]):
            comparison = ast.Gt()
        case _:
            return None
    number = constant(bound)
    if name != variable.id or number is None:
        return None
    match comparison:
        case ast.GtE():
            return ceil(number)
        case ast.Gt():
            return floor(number) + 1
        case ast.Eq() if number == variable.maximum:
            return int(number)
    return None


def _caption(
    curve: _Curve,
    standards: list[_Standard],
    policies: list[Policy],
    units: pd.DataFrame,
    area: str,
    date: object,
) -> Caption:
    asking = {policy.id for standard in standards for policy, _ in standard.sources}
    used = [policy for policy in policies if policy.id in asking]
    sources = _sources(standards, used or policies)
    here = _governing(policies, units)
    return Caption(
        _title(curve, standards, here, area),
        words.dotted(
            say(
                f"“{words.variable_label(curve.variable)}”不少于横轴数字的{curve.counted()}占比（%）",
                f"share of {curve.counted()} with at least so many "
                f"{words.variable_label(curve.variable)} (%)",
            ),
            words.when(day(date)),
        ),
        sources[-1] if sources else "",
        _detail(curve, standards),
        (*_notes(curve, standards, policies, used, here), *sources[:-1]),
    )


def _sources(standards: list[_Standard], policies: list[Policy]) -> list[str]:
    clauses = {
        policy.id: words.listed(
            list(
                dict.fromkeys(
                    target.clause
                    for standard in standards
                    for source, target in standard.sources
                    if source.id == policy.id
                )
            )
        )
        for policy in policies
    }
    return [words.source(policy, clauses[policy.id]) for policy in policies]


def _governing(policies: list[Policy], units: pd.DataFrame) -> set[str]:
    """The documents that bind any of the units; all of them where units have no code."""
    if "code" not in units or units.empty:
        return {policy.id for policy in policies}
    codes = units["code"].astype("str")
    return {policy.id for policy in policies if policy.governs(codes).any()}


def _title(curve: _Curve, standards: list[_Standard], here: set[str], area: str) -> str:
    name = shorten(area, 2.4, style.TITLE) + say("：", ": ")
    every = curve.counted(curve.units)
    if not curve.units:
        return name + say(f"没有{curve.counted()}", f"no {curve.counted()}")
    if curve.unknown == curve.units:
        return name + say(f"{every}的{curve.label}全部未知", f"{curve.label} unknown in {every}")
    drawn = [standard for standard in standards if standard.least <= curve.most]
    if not drawn:
        half = max(k for k in range(curve.most + 1) if 2 * curve.sure[k] >= curve.units)
        return name + _having(curve, max(half, 1)) + _unasked(curve)
    own = [s for s in drawn if any(policy.id in here for policy, _ in s.sources)]
    first = (own or drawn)[0].least
    others = [standard.least for standard in drawn if standard.least != first]
    other = max(others, key=lambda k: (abs(curve.sure[k] - curve.sure[first]), k), default=None)
    told = name + _having(curve, first)
    return told + _instead(curve, first, first + 1 if other is None else other)


def _unasked(curve: _Curve) -> str:
    return say(
        f"；没有文件对单个{curve.counted()}规定数量",
        f"; no document asks a number of single {curve.counted()}",
    )


def _having(curve: _Curve, least: int) -> str:
    share, figure = curve.share(least), curve.figure(least)
    return say(
        f"{share}的{curve.counted()}{curve.label}在{figure}以上",
        f"{share} of {curve.counted()} have {figure} or more {curve.label}",
    )


def _instead(curve: _Curve, least: int, other: int) -> str:
    """What became of the share, were another number asked for."""
    if other > curve.most:
        return ""
    figure, share = curve.figure(other), curve.share(other)
    if (curve.sure[least], curve.open[least]) == (curve.sure[other], curve.open[other]):
        return say(f"，若标准为{figure}也不变", f"; the same if {figure} were asked for")
    zh = "升到" if other < least else "降到"
    return say(f"，若标准为{figure}则{zh}{share}", f"; {share} if {figure} were asked for")


def _detail(curve: _Curve, standards: list[_Standard]) -> str:
    """Every marked share, and how many units are unknown."""
    if not curve.units:
        return ""
    parts = [
        f"{curve.figure(s.least)}{say('（', ' (')}{s.policies}{say('）', ') ')}"
        f"{curve.share(s.least)}"
        for s in standards
        if s.least <= curve.most
    ]
    every = say(
        f"共{curve.counted(curve.units)}，未知{curve.unknown:,}个",
        f"{curve.counted(curve.units)}, {curve.unknown:,} unknown",
    )
    return say("；", "; ").join([every, *parts])


def _notes(
    curve: _Curve,
    standards: list[_Standard],
    policies: list[Policy],
    used: list[Policy],
    here: set[str],
) -> list[str]:
    notes: list[str] = []
    if curve.outside:
        count = curve.counted(curve.outside)
        notes.append(say(f"另有{count}不适用，不计在内。", f"Left out, not applicable: {count}."))
    if not curve.units:
        return notes
    beyond = [s for s in standards if s.least > curve.most]
    if beyond:
        listed = words.listed([curve.figure(s.least) + _bracketed(s.policies) for s in beyond])
        notes.append(say(f"超出横轴的标准：{listed}。", f"Beyond the axis: {listed}."))
    notes += _scoped(curve, standards)
    foreign = words.listed([policy.label for policy in used if policy.id not in here])
    if foreign:
        zh = f"{foreign}不约束这里的{curve.counted()}，只作比较。"
        en = f"{foreign}: not binding on these {curve.counted()}, for comparison only."
        notes.append(say(zh, en))
    asking = {policy.id for policy in used}
    silent = words.listed([policy.label for policy in policies if policy.id not in asking])
    if silent and used:
        zh = f"{silent}没有对单个{curve.counted()}规定这一数量。"
        en = f"{silent}: no such number is asked of single {curve.counted()}."
        notes.append(say(zh, en))
    return notes


def _scoped(curve: _Curve, standards: list[_Standard]) -> list[str]:
    """Documents that ask it only of units that meet a condition; the curve counts all units."""
    asked = {
        policy.label: words.told(where, policy)
        for standard in standards
        for policy, target in standard.sources
        if (where := target.readings[0].where) is not None
    }
    return [
        say(
            f"{label}只对“{where}”的{curve.counted()}提出要求，图中按全部{curve.counted()}计算。",
            f"{label} asks it only of {curve.counted()} with “{where}”; here all are counted.",
        )
        for label, where in asked.items()
    ]


def _bracketed(text: str) -> str:
    return say(f"（{text}）", f" ({text})")


def _entries(curve: _Curve) -> list[KeyEntry]:
    """What the edges of the band are; nothing where they coincide."""
    if not curve.unknown:
        return []
    square = {"marker": "s", "markersize": 7, "markerfacecolor": style.UNKNOWN_TONE}
    line = {"marker": "_", "markersize": 10, "markeredgewidth": 2.2}
    return [
        (
            line | {"markeredgecolor": style.TONES[2]},
            say("确定达到（未知按未达到计）", "Surely reached (unknown as failing)"),
        ),
        (
            square | {"markeredgecolor": style.MUTED, "markeredgewidth": 0.8},
            say(
                f"未知单位（{curve.unknown:,}个）留下的余地",
                f"Range left open by unknown units ({curve.unknown:,})",
            ),
        ),
    ]


def _draw(chart: Chart, curve: _Curve, standards: list[_Standard], tiers: float) -> None:
    axes = panel(chart, left=_SCALE_ROOM, right=0.15, top=tiers, bottom=_AXIS_ROOM)
    axes.set_xlim(0, curve.most)
    vertical_scale(axes, words.SHARE, 1.0, style.SMALL)
    _ticks(axes, curve.most)
    numbers = list(range(curve.most + 1))
    low = [curve.lower(k) for k in numbers]
    high = [curve.upper(k) for k in numbers]
    if curve.unknown:
        axes.fill_between(
            numbers, low, high, step="mid", color=style.UNKNOWN_TONE, linewidth=0, zorder=1.5
        )
        _step(axes, numbers, high, "upper", style.MUTED, 0.9)
    _step(axes, numbers, low, "lower", style.TONES[2], 2.2)
    unit = words.unit_of(curve.variable)
    label = words.variable_label(curve.variable) + (_bracketed(unit) if unit else "")
    axes.set_xlabel(say(f"所要求的{label}", f"asked for: {label}"), **_muted(style.BODY))
    _marks(chart, axes, curve, standards)


def _muted(size: float) -> dict[str, Any]:
    return style.lettering(size, style.MUTED)


def _step(
    axes: Axes, numbers: Sequence[int], shares: list[float], gid: str, colour: str, weight: float
) -> None:
    axes.plot(
        numbers,
        shares,
        drawstyle="steps-mid",
        color=colour,
        linewidth=weight,
        clip_on=False,
        solid_joinstyle="miter",
        gid=gid,
        zorder=3,
    )


def _ticks(axes: Axes, most: int) -> None:
    every = next(s for s in _round_steps() if most / s <= 15)
    places = list(range(0, most + 1, every))
    axes.set_xticks(places, [f"{place:,}" for place in places], **_muted(style.SMALL))


def _round_steps() -> Iterator[int]:
    return (digit * 10**power for power in range(10) for digit in (1, 5))


def _marks(chart: Chart, axes: Axes, curve: _Curve, standards: list[_Standard]) -> None:
    """A line at every number asked for, named above the curve, and the share that reaches it."""
    box = axes.get_window_extent()
    left, floor_ = box.x0 / style.LAYOUT_DPI, box.y1 / style.LAYOUT_DPI
    high, line = box.height / style.LAYOUT_DPI, line_height(style.BODY)
    crowded = _crowded(curve, standards, box.width / style.LAYOUT_DPI)
    taken = _along(axes, curve)
    # The line furthest right is the shortest, so that few lines pass another one's label.
    for tier, standard in enumerate(reversed(standards)):
        reach = high + _HEAD / 2 + tier * line
        axes.axvline(
            standard.least,
            ymax=(reach + line * 0.85) / high,
            color=style.INK,
            linewidth=1.2,
            clip_on=False,
            gid="threshold",
            zorder=2,
        )
        taken.append(box_along(axes, (standard.least, 0), (standard.least, 1), 0.5))
        text = curve.figure(standard.least) + _bracketed(standard.policies)
        text += say("：", ": ") + curve.share(standard.least) if crowded else ""
        label = shorten(text, style.WIDTH - 2 * style.MARGIN - 0.1, style.BODY)
        x = left + standard.least / curve.most * box.width / style.LAYOUT_DPI + 0.06
        x = min(x, style.WIDTH - style.MARGIN - width(label, style.BODY))
        paper = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
        y = floor_ + _HEAD / 2 + tier * line
        note(chart, x, y, label, style.BODY, style.INK, va="bottom", bbox=paper)
    _points(axes, curve, standards)
    if not crowded:
        _shares(axes, curve, standards, taken)


def _crowded(curve: _Curve, standards: list[_Standard], wide: float) -> bool:
    """Whether the lines are too near one another for the shares to stand between them."""
    places = [standard.least / curve.most * wide for standard in standards]
    nearest = min((b - a for a, b in pairwise(places)), default=wide)
    widest = max((width(curve.share(s.least), style.BODY) for s in standards), default=0.0)
    return nearest < widest + 0.15


def _along(axes: Axes, curve: _Curve) -> list[Bbox]:
    """The space that the curve takes, tread by tread and rise by rise."""
    taken = []
    for edge in (curve.lower, curve.upper):
        for k in range(curve.most + 1):
            taken.append(box_along(axes, (k - 0.5, edge(k)), (k + 0.5, edge(k))))
            after = edge(min(k + 1, curve.most))
            taken.append(box_along(axes, (k + 0.5, edge(k)), (k + 0.5, after)))
    return taken


def _points(axes: Axes, curve: _Curve, standards: list[_Standard]) -> None:
    """Where the curve passes every number asked for."""
    for standard in standards:
        point = (float(standard.least), curve.lower(standard.least))
        axes.plot(
            [point[0]],
            [point[1]],
            marker="o",
            markersize=6,
            markerfacecolor=style.TONES[2],
            markeredgecolor=style.PAPER,
            markeredgewidth=1,
            clip_on=False,
            gid=f"share-{standard.least}",
            zorder=4,
        )


def _shares(axes: Axes, curve: _Curve, standards: list[_Standard], taken: list[Bbox]) -> None:
    """The share reached beside every point, where the curve leaves room."""
    for standard in standards:
        point = (float(standard.least), curve.lower(standard.least))
        text = curve.share(standard.least)
        place(axes, text, point, _BESIDE, style.BODY, style.INK, taken)
