"""Tables for those who lead a city or province: where effort should go, and what has changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from sanlian_analysis import tables
from sanlian_analysis.briefing.evaluated import Evaluated
from sanlian_analysis.charts.names import names_apart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import SHARE, when
from sanlian_analysis.language import say
from sanlian_analysis.records import records
from sanlian_analysis.tables import Table

#: Counties named per target as those that lack most.
_MOST_EFFORT = 5


def effort(found: Evaluated, area: str, date: dt.date) -> Table:
    """Where the effort should go: per main target the counties that lack most."""
    counties = tables.county_rows(found.results, date, area)
    names = names_apart(counties)
    body = []
    for target in tables.key_targets(found.policy):
        subject = Subject.of(found.policy, target, "primary")
        rows = counties[(counties["target"] == target) & (counties["shortfall"].fillna(0) > 0)]
        rows = rows.sort_values(["shortfall", "area_code"], ascending=[False, True])
        total = int(rows["shortfall"].sum())
        body += [
            (
                subject.name,
                names[row.area_code],
                subject.missing(int(row.shortfall)),
                SHARE.text(int(row.shortfall) / total),
                tables.verdict_text(row.verdict),
            )
            for row in records(rows.head(_MOST_EFFORT))
        ]
    header = (
        say("指标", "Indicator"),
        say("县（市、区）", "County"),
        say("还差", "Short by"),
        say("占全部缺口", "Of all that is missing"),
        say("判定", "Verdict"),
    )
    caption = say("力量放在哪里：缺口最大的县", "Where the effort should go: the largest gaps")
    return Table(caption, header, tuple(body), frozenset({2, 3}), (), found.ledger.simulated)


def changes(found: Evaluated, area: str, date: dt.date) -> tuple[Table, ...]:
    """What changed since the snapshot before; nothing when there is none."""
    earlier = [day for day in found.ledger.dates if day < date]
    if not earlier:
        return ()
    before, now = (tables.county_rows(found.results, day, area) for day in (earlier[-1], date))
    names = names_apart(now)
    pairs = now.merge(before, on=["target", "area_code"], suffixes=("", "_before"))
    changed = pairs[pairs["verdict"] != pairs["verdict_before"]]
    order = {target.id: i for i, target in enumerate(found.policy.targets)}
    changed = changed.sort_values(
        ["target", "area_code"], key=lambda c: c.map(order) if c.name == "target" else c
    )
    body = []
    for row in records(changed):
        subject = Subject.of(found.policy, row.target, "primary")
        was = _figure(subject, row.value_before, row.threshold_before)
        is_ = _figure(subject, row.value, row.threshold)
        verdicts = (tables.verdict_text(v) for v in (row.verdict_before, row.verdict))
        body.append((subject.name, names[row.area_code], was, is_, *verdicts))
    header = (
        say("指标", "Indicator"),
        say("县（市、区）", "County"),
        when(earlier[-1]),
        when(date),
        say("原判定", "Verdict then"),
        say("现判定", "Verdict now"),
    )
    caption = say(
        f"自{when(earlier[-1])}以来判定有变化的县：{len(body):,} 项",
        f"Verdicts that changed since {when(earlier[-1])}: {len(body):,}",
    )
    numeric, simulated = frozenset({2, 3}), found.ledger.simulated
    return (Table(caption, header, tuple(body), numeric, (), simulated, folded=True),)


def _figure(subject: Subject, value: Any, threshold: Any) -> str:
    """A figure as it is written everywhere, held against what was asked at its own date."""
    if pd.isna(value):
        return "–"
    return subject.quantity.text(value, None if pd.isna(threshold) else threshold)
