"""From when, to when and to what a pace counts, and how fast the best counties were."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.planning.history import History, Side, Standing
from sanlian_analysis.planning.months import months_between, year_before
from sanlian_analysis.planning.prepared import BASES, Asked
from sanlian_analysis.policy import Growth, Milestone, Ratio, Total, names_of


@dataclass(frozen=True)
class Plan:
    """What all areas share: from when, to when, to what, and what is the most there can be."""

    asked: Asked
    day: dt.date
    due: dt.date | None
    threshold: Fraction | None
    since: dt.date | None
    from_nothing: bool
    most: Fraction | None

    @cached_property
    def left(self) -> Fraction | None:
        """Months to the due date, 0 after it; None for a demand without one."""
        return None if self.due is None else max(months_between(self.day, self.due), Fraction(0))

    @cached_property
    def elapsed(self) -> Fraction | None:
        """Months in which the pace was achieved."""
        return None if self.since is None else months_between(self.since, self.day)

    @property
    def scale(self) -> int:
        """By what the formula multiplies its quotient."""
        formula = self.asked.reading.formula
        return formula.scale if isinstance(formula, Ratio) else 1


def plan_of(
    asked: Asked,
    history: History,
    day: dt.date,
    due: dt.date | str | None,
    since: dt.date | str | None,
) -> Plan:
    """The plan for a snapshot: by default to the next milestone, from the snapshot before.

    Raises SanlianError for a due date of no milestone, and for a `since` that is
    no snapshot before `day`.
    """
    annual = _counted_anew(asked)
    milestone = _next(asked, day, annual) if due is None else asked.milestone(day, due)
    end = milestone.due if milestone else None
    began = _year_began(asked, day, end) if annual and end is not None else None
    if since is not None:
        start: dt.date | None = _earlier(history, day, since)
    elif isinstance(asked.reading.formula, Growth):
        start = None
    else:
        starts = [began, *(one for one in history.dates if one < day)]
        start = max((one for one in starts if one is not None and one < day), default=None)
    nothing = start is not None and start == began
    return Plan(asked, day, end, asked.threshold(milestone), start, nothing, asked.most)


def _earlier(history: History, day: dt.date, since: dt.date | str) -> dt.date:
    start = history.day(since)
    if start >= day:
        raise SanlianError(
            say(
                f"since = {start}：应早于 {day}，进度才有起点",
                f"since = {start}: a pace begins before {day}",
            )
        )
    return start


def _counted_anew(asked: Asked) -> bool:
    """Whether the reading counts what is new in the year."""
    known = {**schema.of_unit("community"), **schema.of_unit(asked.target.unit)}
    names = names_of(asked.reading.formula)
    bare = [name.partition("(")[2].removesuffix(")") or name for name in names]
    return any(known[name].header.startswith(("本年", "年度")) for name in bare if name in known)


def _next(asked: Asked, day: dt.date, annual: bool) -> Milestone | None:
    if not annual:
        for one in asked.target.milestones:
            if one.due is None or one.due > day:
                return one
    return asked.target.milestone(day)


def _year_began(asked: Asked, day: dt.date, due: dt.date) -> dt.date:
    """The day with which the policy's last year ended: the last due date before."""
    ends = [one.due for one in asked.target.milestones if one.due is not None]
    return max((end for end in ends if end < max(day, due)), default=year_before(due))


#: The figure of every area (by code) and basis when the pace began.
Before = dict[str, dict[str, Fraction]]


def figures_before(plan: Plan, history: History, now: list[Standing]) -> Before:
    """The figure of every area and basis when the pace began; 0 where a year began anew."""
    if plan.since is None:
        return {}
    if plan.from_nothing:
        return {one.code: dict.fromkeys(BASES, Fraction(0)) for one in now}
    return {
        one.code: {basis: side.figure for basis, side in one.sides.items() if side is not None}
        for one in history.at(plan.since)
    }


def speed(plan: Plan, side: Side | None, before: Fraction | None) -> Fraction | None:
    """By how much the figure rose per month."""
    if side is None or before is None or not plan.elapsed:
        return None
    return (side.figure - before) / plan.elapsed


def paces(plan: Plan, now: list[Standing], before: Before, basis: str) -> list[Fraction]:
    """What the counties achieved per month: of a total, per unit in scope."""
    counties = [one for one in now if one.level == "county"]
    governs = plan.asked.policy.governs(pd.Series([one.code for one in counties], dtype="str"))
    if governs.any():
        counties = [one for one, inside in zip(counties, governs, strict=True) if inside]
    found = []
    for one in counties:
        rises = speed(plan, one.sides[basis], before.get(one.code, {}).get(basis))
        if rises is not None:
            found.append(rises / size(plan, one))
    return found


def size(plan: Plan, one: Standing) -> int:
    """By what the pace of a place is to be divided before places are compared."""
    return one.units if isinstance(plan.asked.reading.formula, Total) else 1


def best_quarter(paces: list[Fraction]) -> Fraction | None:
    """The pace that the best quarter reached: the ⌈n ÷ 4⌉-th fastest; None without any."""
    fastest = sorted(paces, reverse=True)
    return fastest[ceil(len(fastest) / 4) - 1] if fastest else None
