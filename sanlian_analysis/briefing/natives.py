"""The figures of charts that office programs draw: one area over time, many areas at one date."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd

from sanlian_analysis import tables
from sanlian_analysis.briefing.evaluated import Evaluated
from sanlian_analysis.briefing.value import Native, Role, Series
from sanlian_analysis.charts.names import names_apart
from sanlian_analysis.charts.rows import both_ends, verdict_counts
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import (
    bracketed,
    counted,
    verdict_name,
    verdict_sentence,
    when,
)
from sanlian_analysis.language import say
from sanlian_analysis.records import records

#: Areas that a native bar chart shows; more cannot be read on a slide.
_MOST_BARS = 30


def phases(found: Evaluated, target_id: str, area: str, date: dt.date) -> Native:
    """Figure, bounds and threshold of an area over the snapshots up to `date`."""
    subject = Subject.of(found.policy, target_id, "primary")
    rows = found.results
    rows = rows[
        (rows["area_code"] == area)
        & (rows["target"] == target_id)
        & (rows["reading"] == "primary")
        & (rows["date"] <= pd.Timestamp(date))
    ].sort_values("date")
    last = list(records(rows))[-1]
    head = tables.area_name(found.results, area) + say("：", ": ")
    return Native(
        name=subject.slug("phases"),
        kind="line",
        title=head + subject.finding(last),
        unit=subject.quantity.unit,
        categories=tuple(when(day.date()) for day in rows["date"]),
        series=tuple(_series(subject, name, role, rows) for role, name in _roles(subject)),
        source=subject.source_at(last.date.date()),
        sentence=_sentence(subject, last.date.date()),
        alt=head + subject.subtitle(),
    )


def _roles(subject: Subject) -> tuple[tuple[Role, str], ...]:
    return (
        ("value", subject.name),
        ("threshold", say("目标", "Target")),
        ("lower", say("下界", "Lower bound")),
        ("upper", say("上界", "Upper bound")),
    )


def ranking(found: Evaluated, target_id: str, level: str, area: str, date: dt.date) -> Native:
    """The figure of every area of a level, highest first; of more than 30 the first and last 15.

    One row of figures per verdict, so that each has its colour and name. `area`: the
    head of their codes.
    """
    subject = Subject.of(found.policy, target_id, "primary")
    rows = found.results
    rows = rows[
        (rows["level"] == level)
        & rows["area_code"].str.startswith(area)
        & (rows["target"] == target_id)
        & (rows["reading"] == "primary")
        & (rows["date"] == pd.Timestamp(date))
        & (rows["verdict"] != "not_applicable")
    ].sort_values(["value", "area_code"], ascending=[False, True], na_position="last")
    shown, names = both_ends(rows, _MOST_BARS), names_apart(rows)
    return Native(
        name=subject.slug("ranking", level),
        kind="bar",
        title=subject.name + say("：", ": ") + _standing(rows, level, len(shown)),
        unit=subject.quantity.unit,
        categories=tuple(names[code] for code in shown["area_code"]),
        series=(
            *_judged(subject, shown),
            _series(subject, say("目标", "Target"), "threshold", shown),
        ),
        source=subject.source_at(date),
        sentence=_sentence(subject, date),
        alt=subject.subtitle(when(date)),
    )


def _standing(rows: pd.DataFrame, level: str, shown: int) -> str:
    """How many areas of a level meet what is asked, and how many of them are `shown`."""
    told = counted(len(rows), level)
    if rows["threshold"].notna().any():
        told = verdict_sentence(told, verdict_counts(rows))
    if len(rows) > shown:
        half = shown // 2
        told += bracketed(
            say(f"列出前{half}个和后{half}个", f"the first and the last {half} shown")
        )
    return told


def _judged(subject: Subject, rows: pd.DataFrame) -> list[Series]:
    """The figures of each verdict, with how far the bounds lie from them."""
    found = []
    for verdict in verdict_counts(rows):
        own = rows.where(rows["verdict"] == verdict)
        series = _series(subject, verdict_name(verdict), "value", own)
        away = tuple(_away(subject, row) for row in records(own))
        found.append(replace(series, verdict=verdict, open_=away))
    return found


def _away(subject: Subject, row: Any) -> tuple[float, float]:
    """How far below and above the figure its bounds lie, in the unit that is written."""
    if pd.isna(row.value):
        return 0.0, 0.0
    times = 100 if subject.quantity.percent else 1
    low, high = (row.value if pd.isna(bound) else bound for bound in (row.lower, row.upper))
    return times * float(row.value - low), times * float(high - row.value)


def _sentence(subject: Subject, date: dt.date) -> str:
    return (subject.target.milestone(date) or subject.target).sentence


def _series(subject: Subject, name: str, role: Role, rows: pd.DataFrame) -> Series:
    """One column of the results as it is written everywhere else."""
    values: list[float | None] = []
    labels: list[str] = []
    for row in records(rows):
        figure = getattr(row, role)
        against = None if pd.isna(row.threshold) else row.threshold
        if pd.isna(figure):
            values.append(None)
            labels.append("")
            continue
        quantity = subject.quantity
        text = quantity.threshold(figure) if role == "threshold" else quantity.text(figure, against)
        values.append(_written(text, figure))
        labels.append(text)
    return Series(name, role, tuple(values), tuple(labels))


def _written(text: str, figure: float) -> float:
    """The number that a text shows: 30.6 for 30.6%; of 1/3 the figure in per cent."""
    if "/" in text:
        return 100 * figure
    return float("".join(c for c in text if c.isdigit() or c in ".-"))
