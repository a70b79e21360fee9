"""Pace: what is needed per month to the next milestone, against what was achieved per month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import (
    MET,
    NO_THRESHOLD,
    NOT_APPLICABLE,
    NOT_MET,
    UNDETERMINED,
    snapshots,
)
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning.history import Standing, history_of
from sanlian_analysis.planning.pace_plan import (
    Plan,
    best_quarter,
    figures_before,
    paces,
    plan_of,
    size,
    speed,
)
from sanlian_analysis.planning.prepared import BASES, Asked, at_least, below
from sanlian_analysis.policy import Policy

ON_TRACK, WILL_MISS, NO_PACE = "on_track", "will_miss", "no_pace"

#: What may become of an area, in words.
OUTLOOKS = {
    MET: ("已达到", "reached already"),
    ON_TRACK: ("按目前进度可达到", "will be reached at today's pace"),
    WILL_MISS: ("按目前进度达不到", "will be missed at today's pace"),
    NOT_MET: ("到期未达到", "missed"),
    UNDETERMINED: ("未定", "undetermined"),
    NO_PACE: ("尚无进度可比", "no pace yet"),
    NOT_APPLICABLE: ("不适用", "not applicable"),
    NO_THRESHOLD: ("原文未定数值", "no number set"),
}

#: Columns of the table of paces, in order.
COLUMNS = [
    *("policy", "target", "reading", "level", "area_code", "area", "date", "due", "threshold"),
    *("basis", "numerator", "denominator", "figure", "needed", "months_left"),
    *("needed_per_month", "needed_each_month"),
    *("since", "months_since", "before", "achieved", "achieved_per_month", "projected"),
    *("best_per_month", "projected_best", "reaches", "reaches_best", "outlook", "rests_on"),
]


def pace(
    source: Ledger | pd.DataFrame,
    policy: Policy | str | Path,
    target: str,
    date: dt.date | str | None = None,
    *,
    reading: str = "primary",
    level: str | None = None,
    due: dt.date | str | None = None,
    since: dt.date | str | None = None,
    assumptions: Iterable[str] = (),
) -> pd.DataFrame:
    """What every area needs per month to the next milestone, and what it achieved per month.

    `source`: a ledger, or the results table of one. `date`: the snapshot to
    plan from, the latest when left out. `level`: one of street, county, city,
    province; all when left out. `due`: another milestone than the next one.
    `since`: the snapshot to measure the pace from, the one before when left out.

    **Next milestone**: the first one due after `date`, the standing demand, or
    else the last one. What is counted anew every year (本年…, 年度…) belongs to
    the milestone of its year, on its last day too; its year began with nothing
    on the previous due date (a year before the first), unless a snapshot lies
    between. Months are those of `months_between`.

    Returns one row per area and `basis`: the `lower` bound, the `value` of the
    known units, the `upper` bound. `COLUMNS`:

    - policy … date, due; threshold (exact, in the target's unit).
    - numerator, denominator (units, people, m² …) and figure = numerator ÷
      denominator × scale, of this basis (rulebook, rules 10 to 13).
    - needed: the smallest whole number that, added to the numerator, reaches
      the threshold; 0 when it is reached. months_left: to the due date.
      needed_per_month: needed ÷ months_left; needed_each_month: the same,
      rounded up to whole units.
    - since, months_since: the date from which the pace counts. before: the
      figure then. achieved: (figure − before) × denominator ÷ scale, that is
      the gain in today's units: the change of the numerator where the
      denominator has not changed, and no whole number where it has, as when more
      units are known. achieved_per_month: achieved ÷ months_since.
    - projected: figure + (figure − before) ÷ months_since × months_left.
      best_per_month: the pace of the best quarter of the counties, in units of
      this area: of the paces of n counties the ⌈n ÷ 4⌉-th fastest, a pace that
      at least a quarter of them reached. Compared are changes of the figure
      per month (of a total: per unit in scope), of the same basis, in the
      counties that the policy governs (in all when it governs none).
      projected_best: the same projection at that pace. Projections stay within
      0 and what is possible (100 % of a share); that of the upper bound is
      never below that of the lower one.
    - reaches, reaches_best: whether the projection reaches the threshold.
    - outlook, one of `OUTLOOKS`, the same on the three rows of an area, and
      rests_on, the basis that decides it: `met` and `on_track` rest on the
      lower bound (it reaches the threshold at the due date; `met`: it does so
      today already), `will_miss` on the upper one, which does not; otherwise
      `undetermined`. Without time left (past due, due today, standing) the
      verdict of rule 15: `met`, `not_met`, `undetermined`. `no_pace`: no
      snapshot before, and not reached yet.

    Fractions, dates and whole numbers are exact; nothing is rounded. A cell is
    empty (None, <NA>, NaT) where it is not defined: no bound, no snapshot
    before, no due date. Growth compares two snapshots already and has no pace.
    The lower bound also rises when blanks are filled in: compare it with the
    other two. `attrs["simulated"]` as in the results.

    Raises SanlianError for an unknown policy, target, reading, level, date or
    due date, and for a ratio with unknown units in a results table, which does
    not hold the sums of its bounds.
    """
    asked = Asked.of(policy, target, reading, assumptions)
    if isinstance(source, Ledger):
        asked.refuse_before_its_time(snapshots(source, date)[-1])
    history = history_of(source, asked)
    day = history.day(date)
    plan = plan_of(asked, history, day, due, since)
    now = history.at(day)
    before = figures_before(plan, history, now)
    best = {basis: best_quarter(paces(plan, now, before, basis)) for basis in BASES}
    wanted = _of_level(now, level)
    rows = [row for one in wanted for row in _rows(plan, one, before.get(one.code, {}), best)]
    table = _table(rows)
    simulated = source.simulated if isinstance(source, Ledger) else source.attrs.get("simulated")
    table.attrs["simulated"] = bool(simulated)
    return table


# --- rows --------------------------------------------------------------------------------


def _rows(
    plan: Plan, one: Standing, before: dict[str, Fraction], best: dict[str, Fraction | None]
) -> list[dict[str, Any]]:
    rows = [_row(plan, one, basis, before.get(basis), best[basis]) for basis in BASES]
    for column in ("projected", "projected_best"):
        _ordered(rows, column)
        asked = plan.threshold
        for row in rows:
            there = row[column] is not None and asked is not None
            name = column.replace("projected", "reaches")
            row[name] = row[column] >= asked if there else pd.NA
    outlook, rests_on = _outlook(plan, one, {row["basis"]: row for row in rows})
    return [row | {"outlook": outlook, "rests_on": rests_on} for row in rows]


def _row(
    plan: Plan, one: Standing, basis: str, before: Fraction | None, best: Fraction | None
) -> dict[str, Any]:
    asked, side = plan.asked, one.sides[basis]
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"policy": asked.policy.id, "target": asked.target.id, "reading": asked.reading.id}
    row |= {"level": one.level, "area_code": one.code, "area": one.name, "date": plan.day}
    row |= {"due": plan.due, "threshold": plan.threshold, "basis": basis}
    row |= {"months_left": plan.left, "since": plan.since, "months_since": plan.elapsed}
    if side is None:
        return row
    row |= {"numerator": side.numerator, "denominator": side.weight * plan.scale}
    row |= {"figure": side.figure, "before": before}
    if plan.threshold is not None:
        row["needed"] = needed = max(ceil(plan.threshold * side.weight - side.numerator), 0)
        if plan.left:
            row["needed_per_month"] = needed / plan.left
            row["needed_each_month"] = ceil(needed / plan.left)
    own = speed(plan, side, before)
    if own is not None and before is not None:
        row["achieved"] = (side.figure - before) * side.weight
        row["achieved_per_month"] = own * side.weight
        row["projected"] = _projected(plan, side.figure, own)
    if best is not None:
        fast = best * size(plan, one)
        row["best_per_month"] = fast * side.weight
        row["projected_best"] = _projected(plan, side.figure, fast)
    return row


def _projected(plan: Plan, figure: Fraction, pace_: Fraction) -> Fraction | None:
    if plan.left is None:
        return None
    then = max(figure + pace_ * plan.left, Fraction(0))
    return then if plan.most is None else min(then, plan.most)


def _ordered(rows: list[dict[str, Any]], column: str) -> None:
    """Blanks that were filled in lower the upper bound, but never below the lower one."""
    lower, upper = rows[BASES.index("lower")], rows[BASES.index("upper")]
    if lower[column] is not None and upper[column] is not None:
        upper[column] = max(lower[column], upper[column])


def _outlook(plan: Plan, one: Standing, rows: dict[str, dict[str, Any]]) -> tuple[str, str]:
    asked = plan.threshold
    if not one.applicable:
        return NOT_APPLICABLE, ""
    if asked is None:
        return NO_THRESHOLD, ""
    reached = at_least(rows["lower"]["figure"], asked)
    if not plan.left:
        if reached:
            return MET, "lower"
        return (NOT_MET, "upper") if below(rows["upper"]["figure"], asked) else (UNDETERMINED, "")
    if all(rows[basis]["projected"] is None for basis in ("lower", "upper")):
        return (MET, "lower") if reached else (NO_PACE, "")
    if at_least(rows["lower"]["projected"], asked):
        return MET if reached else ON_TRACK, "lower"
    return (WILL_MISS, "upper") if below(rows["upper"]["projected"], asked) else (UNDETERMINED, "")


def _of_level(now: list[Standing], level: str | None) -> list[Standing]:
    if level is not None and level not in LEVELS:
        there = listed(LEVELS)
        raise SanlianError(
            say(f"没有层级 {level!r}；有：{there}", f"no level {level!r}; there are: {there}")
        )
    return [one for one in now if level in (None, one.level)]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    for column in ("date", "due", "since"):
        table[column] = pd.to_datetime(table[column]).astype("datetime64[s]")
    for column in ("needed", "needed_each_month"):
        table[column] = table[column].astype("Int64")
    for column in ("reaches", "reaches_best"):
        table[column] = table[column].astype("boolean")
    texts = ["policy", "target", "reading", "level", "area_code", "area", "basis"]
    return table.astype(dict.fromkeys([*texts, "outlook", "rests_on"], "str"))
