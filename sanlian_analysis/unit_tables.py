"""Tables of villages and communities: what each lacks, and how much of them was reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any

import pandas as pd

from sanlian_analysis import units as unit_lists
from sanlian_analysis.charts import style
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import told
from sanlian_analysis.expressions import Expression
from sanlian_analysis.findings import fate
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.records import records
from sanlian_analysis.schema import SETTLEMENTS
from sanlian_analysis.table import Table
from sanlian_analysis.values import NORMALISATIONS

#: More rows than this are left to the results table and the ledger itself.
MOST_ROWS = 500

#: More names than this make no sentence.
MOST_NAMES = 20


def short_units(
    ledger: Ledger,
    policy: Policy,
    area: str,
    date: dt.date,
    most: int | None = MOST_ROWS,
) -> Table:
    """The villages and communities of an area that fall short, and what each lacks.

    One row per unit, those that lack most first; demands whose figures are
    unknown are listed apart. At most `most` rows, all of them for None; the rest is counted.
    """
    found = unit_lists.units_short(ledger, policy, date, area)
    lacks = list(_lacks(found, policy))
    lacks.sort(key=lambda one: (-len(one.missing), one.cells))
    notes = (
        tuple(_wanted_notes(found, ledger, policy, area, date))
        if lacks
        else (say("没有单位落在标准之外。", "No unit falls short."),)
    )
    header = (
        say("代码", "Code"),
        say("村（社区）", "Village or community"),
        say("街道（乡镇）", "Street or township"),
        say("类型", "Type"),
        say("尚缺", "Lacks"),
        say("未知", "Unknown"),
    )
    caption = say(
        f"未达标准或情况不明的村（社区）：{len(lacks):,} 个",
        f"Villages and communities short of a standard, or unknown: {len(lacks):,}",
    )
    stop = say("；", "; ")
    shown = tuple(
        (*one.cells, stop.join(one.missing), stop.join(one.unknown)) for one in lacks[:most]
    )
    total = len(lacks) if len(lacks) > len(shown) else None
    return Table(caption, header, shown, frozenset(), notes, ledger.simulated, total=total)


def _wanted_notes(
    found: pd.DataFrame, ledger: Ledger, policy: Policy, area: str, date: dt.date
) -> Iterator[str]:
    """For how many of the listed units a change would do, where not all of them are asked for."""
    listed_targets = set(found["target"])
    for id_, units in unit_lists.units_wanted(ledger, policy, date, area).items():
        subject = Subject.of(policy, id_, "primary")
        milestone = subject.target.milestone(date)
        if milestone and id_ in listed_targets:
            asked = subject.quantity.threshold(float(milestone.threshold))
            yield say(
                f"“{subject.name}”只要求{asked}：列出的单位中再有{units:,}个达到即可。"
                if units
                else f"“{subject.name}”只要求{asked}，已经够数。",
                f"“{subject.name}” asks for {asked} alone: {units:,} more of the units listed would do."
                if units
                else f"“{subject.name}” asks for {asked} alone, which is reached.",
            )


@dataclass(frozen=True)
class _Lacks:
    """One unit: code, name, street and type; what it lacks, and what is unknown of it."""

    cells: tuple[str, ...]
    missing: list[str]
    unknown: list[str]


def _lacks(found: pd.DataFrame, policy: Policy) -> Iterator[_Lacks]:
    """What each unit lacks. `found`: a row per unit and demand, those of a unit together."""
    texts = {demand: told(demand, policy) for demand in found["demand"].unique()}
    for _, of_unit in groupby(records(found), key=lambda row: row.code):
        demands: dict[Expression, Any] = {}
        for row in of_unit:  # two targets may ask the same
            demands.setdefault(row.demand, row)
        once = demands.values()
        cells = (_text(row.code), _text(row.name), _text(row.street), _settlement(row.settlement))
        yield _Lacks(
            cells,
            [_lack_text(texts[d.demand], d.value, d.gap) for d in once if d.status == "fails"],
            [texts[d.demand] for d in once if d.status == "unknown"],
        )


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _settlement(value: Any) -> str:
    chinese = {code: name for name, code in SETTLEMENTS.items()}
    return say(chinese.get(value, value), value)


def _lack_text(demand: str, value: Fraction | None, gap: Fraction | None) -> str:
    if value is None or gap is None:
        return demand + say("：否", ": no")
    if gap == 0:  # just at a bound that must be exceeded
        return demand + say(
            f"：现为 {style.number(float(value))}", f": now {style.number(float(value))}"
        )
    figure, distance = style.number(float(value)), style.number(abs(float(gap)))
    lacking = say(f"差 {distance}", f"{distance} short")
    over = say(f"超 {distance}", f"{distance} over")
    return (
        f"{demand}{say('：现为', ': now')} {figure}{say('，', ', ')}{over if gap < 0 else lacking}"
    )


def data_quality(ledger: Ledger, policy: Policy, area: str, date: dt.date) -> Table:
    """How much of what the policy needs was reported in an area, per variable."""
    found = unit_lists.completeness(ledger, policy, date, area)
    header = (
        say("变量", "Variable"),
        say("已填", "Reported"),
        say("空白", "Blank"),
        say("无此行", "No row"),
        say("不适用", "Not applicable"),
        say("名录单位数", "Units in the frame"),
    )
    body = tuple((row.label, *(f"{n:,}" for n in row[1:])) for row in records(found))
    faults = fate(ledger.findings, framed=ledger.frame is not None)
    faults = faults or say("没有填写错误", "no errors")
    notes = (
        say(
            f"整份台账：{faults}；共 {len(ledger.findings):,} 条检查意见。",
            f"The whole ledger: {faults}; {len(ledger.findings):,} findings in all.",
        ),
        *_put_right(ledger),
        *_others(ledger, area, date),
    )
    caption = say("数据完整性", "Completeness")
    return Table(caption, header, body, frozenset(range(1, 6)), notes, ledger.simulated)


def _put_right(ledger: Ledger) -> tuple[str, ...]:
    """How many cells were read in another form than they stood in."""
    if not ledger.normalised:
        return ()
    kinds = [f"{say(*NORMALISATIONS[kind])} {count:,}" for kind, count in ledger.normalised.items()]
    return (
        say(f"按惯例整理的单元格：{'，'.join(kinds)}。", f"Cells put right: {', '.join(kinds)}."),
    )


def _others(ledger: Ledger, area: str, date: dt.date) -> tuple[str, ...]:
    """Units that are neither urban nor rural are in no denominator, and are named."""
    units = unit_lists.units_at(ledger, date, area)
    names = units.loc[units["settlement"] == "other", "name"].fillna("?").tolist()
    if not names:
        return ()
    shown = listed(names[:MOST_NAMES]) + ("…" if len(names) > MOST_NAMES else "")
    return (
        say(
            f"{len(names)} 个单位既非城市社区也非农村社区，不计入任何指标：{shown}",
            f"{len(names)} units are neither urban nor rural and count in no indicator: {shown}",
        ),
    )
