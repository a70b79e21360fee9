"""How areas moved between two snapshots: what a chart of changes is computed from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sanlian_analysis.charts.marks import axis_end, value_ticks
from sanlian_analysis.charts.rows import day, records, select
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.policy import Policy

#: So many areas can all be named; of more, only those that matter most.
_ALL_NAMED, _MOST_NAMED, _EXTREMES = 16, 24, 3

#: The two dates, as attributes of a move.
ENDS = ("then", "now")


@dataclass(frozen=True)
class Move:
    """One area at both dates; `then` and `now` are rows of the results."""

    code: str
    then: Any
    now: Any

    @property
    def by(self) -> float:
        """How far the value moved."""
        return float(self.now.value - self.then.value)

    @property
    def newly_met(self) -> bool:
        """Met now and not before."""
        return bool(self.now.verdict == "met" != self.then.verdict)

    @property
    def no_longer_met(self) -> bool:
        """Met before and not now."""
        return bool(self.then.verdict == "met" != self.now.verdict)

    @property
    def crosses(self) -> bool:
        """Met at one date only."""
        return self.newly_met or self.no_longer_met

    @property
    def judged_anew(self) -> bool:
        """The verdict is another one."""
        return bool(self.then.verdict != self.now.verdict)


@dataclass(frozen=True)
class Moves:
    """All areas of a level between two dates.

    `days` are the dates, fewer than two where there are no two to compare; `rows` the
    results at these dates; `every` the areas with a value at both, by their codes.
    """

    subject: Subject
    results: pd.DataFrame
    level: str
    days: list[dt.date]
    rows: pd.DataFrame
    every: list[Move]

    @classmethod
    def of(
        cls,
        results: pd.DataFrame,
        policy: Policy,
        target_id: str,
        *,
        level: str,
        dates: Sequence[object] | None,
        within: str | None,
        reading: str,
    ) -> Moves:
        """Between these dates, else between the last two of this reading."""
        subject = Subject.of(policy, target_id, reading)
        rows = select(results, policy, target_id, reading=reading, level=level, within=within)
        days = sorted(day(one) for one in dates) if dates else sorted(set(rows["date"]))[-2:]
        rows = rows[rows["date"].isin(days)]
        return cls(subject, results, level, days, rows, _between(rows, days))

    @property
    def named(self) -> list[Move]:
        """The areas that are named: all of a few, else extremes and changed verdicts."""
        if len(self.every) <= _ALL_NAMED:
            return self.every
        in_order = self.in_order
        extremes = [move for move in in_order[:_EXTREMES] if move.by < 0]
        extremes += [move for move in in_order[-_EXTREMES:] if move.by > 0]
        others = [move for move in self.judged_anew if move not in extremes]
        return (extremes + others)[:_MOST_NAMED]

    @property
    def in_order(self) -> list[Move]:
        """From the largest fall to the largest rise."""
        return sorted(self.every, key=lambda move: (move.by, move.code))

    @property
    def judged_anew(self) -> list[Move]:
        """Changed verdicts: areas that met or no longer meet first, then the largest moves."""
        changed = [move for move in self.every if move.judged_anew]
        return sorted(changed, key=lambda move: (not move.crosses, -abs(move.by), move.code))

    @property
    def thresholds(self) -> list[float | None]:
        """What is asked for at either date; None where nothing is."""
        figures = ([getattr(move, end).threshold for move in self.every] for end in ENDS)
        return [next((float(t) for t in asked if pd.notna(t)), None) for asked in figures]

    @property
    def span(self) -> tuple[float, float]:
        """From 0, or a round figure where all lie far above it, to a little beyond the largest."""
        figures = [float(row.value) for move in self.every for row in (move.then, move.now)]
        figures += [asked for asked in self.thresholds if asked is not None]
        least, top = min(figures), axis_end(self.subject.quantity, max([*figures, 0.0]) or 1.0)
        ticks = value_ticks(self.subject.quantity, top, 11)[0]
        below = [tick for tick in ticks if tick <= least - (top - least) * 0.05]
        return (below[-1] if below and below[-1] > top / 3 else 0.0), top


def _between(rows: pd.DataFrame, days: list[dt.date]) -> list[Move]:
    if len(days) < 2:
        return []
    valued = rows[rows["value"].notna()]
    then, now = (
        {str(row.area_code): row for row in records(valued[valued["date"] == one])} for one in days
    )
    return [Move(code, then[code], now[code]) for code in then if code in now]
