"""How sensitive a verdict is: the share of units that reach every possible number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.charts import words
from sanlian_analysis.charts.curve import Curve, Standard, standards_of
from sanlian_analysis.charts.curve_drawing import body, draw, entries
from sanlian_analysis.charts.figure import Caption, Chart, compose, statement
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.text import in_title
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy


@dataclass(frozen=True)
class _Subject:
    """A curve and what documents ask; `here` are the ids of those that bind any of the units."""

    curve: Curve
    standards: list[Standard]
    policies: list[Policy]
    here: set[str]

    @property
    def marked(self) -> list[Standard]:
        """The standards that lie on the axis."""
        return [standard for standard in self.standards if standard.least <= self.curve.most]

    @property
    def asking(self) -> list[Policy]:
        """The documents that ask a number."""
        ids = {policy.id for standard in self.standards for policy, _ in standard.sources}
        return [policy for policy in self.policies if policy.id in ids]


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
    curve = Curve.of(units, variable, settlement, min(most, known.maximum or most))
    documents = list(policies)
    standards = standards_of(documents, known, settlement)
    about = _Subject(curve, standards, documents, _governing(documents, units))
    caption = _caption(about, area, date)
    name = f"thresholds-{variable.replace('_', '-')}-{settlement}"
    if not curve.units:
        return statement(name, caption, simulated=simulated)
    marked = about.marked
    chart = compose(name, caption, body=body(marked), entries=entries(curve), simulated=simulated)
    draw(chart, curve, marked)
    return chart


def _governing(policies: list[Policy], units: pd.DataFrame) -> set[str]:
    """The documents that bind any of the units; all of them where units have no code."""
    if "code" not in units or units.empty:
        return {policy.id for policy in policies}
    codes = units["code"].astype("str")
    return {policy.id for policy in policies if policy.governs(codes).any()}


def _caption(about: _Subject, area: str, date: object) -> Caption:
    curve, label = about.curve, words.variable_label(about.curve.variable)
    *others, last = [*_sources(about, date)] or [""]
    measured = say(
        f"“{label}”不少于横轴数字的{curve.counted()}占比（%）",
        f"share of {curve.counted()} with at least so many {label} (%)",
    )
    return Caption(
        _title(about, area),
        words.dotted(measured, words.when(day(date))),
        last,
        _detail(about),
        (*_notes(about), *others),
    )


def _sources(about: _Subject, date: object) -> list[str]:
    """The documents that ask a number, with the clauses in force; all of them where none does."""
    return [
        words.source(
            policy,
            words.listed_once(
                words.clause_at(target, day(date))
                for standard in about.standards
                for source, target in standard.sources
                if source.id == policy.id
            ),
        )
        for policy in about.asking or about.policies
    ]


def _title(about: _Subject, area: str) -> str:
    curve, name = about.curve, in_title(area) + say("：", ": ")
    every = curve.counted(curve.units)
    if not curve.units:
        return name + say(f"没有{curve.counted()}", f"no {curve.counted()}")
    if curve.unknown == curve.units:
        return name + say(f"{every}的{curve.label}全部未知", f"{curve.label} unknown in {every}")
    marked = about.marked
    if not marked:
        half = max(k for k in range(curve.most + 1) if 2 * curve.sure[k] >= curve.units)
        return name + _having(curve, max(half, 1)) + _unasked(curve)
    own = [s for s in marked if any(policy.id in about.here for policy, _ in s.sources)]
    first = (own or marked)[0].least
    others = [standard.least for standard in marked if standard.least != first]
    other = max(others, key=lambda k: (abs(curve.sure[k] - curve.sure[first]), k), default=None)
    told = name + _having(curve, first)
    return told + _instead(curve, first, first + 1 if other is None else other)


def _unasked(curve: Curve) -> str:
    return say(
        f"；没有文件对单个{curve.counted()}规定数量",
        f"; no document asks a number of single {curve.counted()}",
    )


def _having(curve: Curve, least: int) -> str:
    share, figure = curve.share(least), curve.figure(least)
    return say(
        f"{share}的{curve.counted()}{curve.label}在{figure}以上",
        f"{share} of {curve.counted()} have {figure} or more {curve.label}",
    )


def _instead(curve: Curve, least: int, other: int) -> str:
    """What became of the share, were another number asked for."""
    if other > curve.most:
        return ""
    figure, share = curve.figure(other), curve.share(other)
    if (curve.sure[least], curve.open[least]) == (curve.sure[other], curve.open[other]):
        return say(f"，若标准为{figure}也不变", f"; the same if {figure} were asked for")
    zh = "升到" if other < least else "降到"
    return say(f"，若标准为{figure}则{zh}{share}", f"; {share} if {figure} were asked for")


def _detail(about: _Subject) -> str:
    """Every marked share, and how many units are unknown."""
    curve = about.curve
    if not curve.units:
        return ""
    parts = [f"{_figure(curve, s)}{say('', ' ')}{curve.share(s.least)}" for s in about.marked]
    every = say(
        f"共{curve.counted(curve.units)}，未知{curve.unknown:,}个",
        f"{curve.counted(curve.units)}, {curve.unknown:,} unknown",
    )
    return say("；", "; ").join([every, *parts])


def _figure(curve: Curve, standard: Standard) -> str:
    """A number that is asked for, and by which documents."""
    return curve.figure(standard.least) + words.bracketed(standard.policies)


def _notes(about: _Subject) -> list[str]:
    curve, notes = about.curve, []
    every = curve.counted()
    if curve.outside:
        count = curve.counted(curve.outside)
        notes.append(say(f"另有{count}不适用，不计在内。", f"Left out, not applicable: {count}."))
    if not curve.units:
        return notes
    if beyond := [s for s in about.standards if s.least > curve.most]:
        beyond_text = listed([_figure(curve, standard) for standard in beyond])
        notes.append(say(f"超出横轴的标准：{beyond_text}。", f"Beyond the axis: {beyond_text}."))
    notes += _scoped(about)
    asking = about.asking
    foreign = listed([policy.label for policy in asking if policy.id not in about.here])
    if foreign:
        zh = f"{foreign}不约束这里的{every}，只作比较。"
        notes.append(say(zh, f"{foreign}: not binding on these {every}, for comparison only."))
    silent = listed([policy.label for policy in about.policies if policy not in asking])
    if silent and asking:
        zh = f"{silent}没有对单个{every}规定这一数量。"
        notes.append(say(zh, f"{silent}: no such number is asked of single {every}."))
    return notes


def _scoped(about: _Subject) -> list[str]:
    """Documents that ask it only of units that meet a condition; the curve counts all units."""
    every = about.curve.counted()
    asked = {
        policy.label: words.told(where, policy)
        for standard in about.standards
        for policy, target in standard.sources
        if (where := target.readings[0].where) is not None
    }
    return [
        say(
            f"{label}只对“{where}”的{every}提出要求，图中按全部{every}计算。",
            f"{label} asks it only of {every} with “{where}”; here all are counted.",
        )
        for label, where in asked.items()
    ]
