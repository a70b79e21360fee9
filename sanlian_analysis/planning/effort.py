"""Least effort: the fewest units and additions with which an area reaches a milestone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.exact import Mask
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning.curve import Curve, no_units, table_of
from sanlian_analysis.planning.needs import needs_of
from sanlian_analysis.planning.prepared import Asked, Prepared, exact, prepare
from sanlian_analysis.policy import Policy


@dataclass(frozen=True, eq=False)
class LeastEffort:
    """The least that reaches a milestone on the lower bound, and what every step brings.

    `measure`: of the reading. `unit`: in what `amount` counts (个, 人, m² …; ""
    where the condition adds up different things). `threshold`: exact; None for
    a vague target, which has no set. `lower`: the lower bound today.

    `short`: how many units have to pass besides those that do (of a mean, a
    ratio or a total: `amount`); 0 when the threshold is reached, None without
    one. `reachable`: whether additions alone can be certain to be enough; None
    without a threshold. `amount`, `yes_no`, `effort`: whole units to add,
    yes/no demands to meet, and both together; None where it is not reachable.
    `unknown`: units in scope that the blanks leave open. `unknown_in_set`: how
    many of them are in the set, where they are taken to lack everything.
    `by_reporting`: how many of the unknown, confirmed as passing, would be
    enough without any addition; None where all of them are not.

    `budget`: whole units and steps at hand. `lifted`: units that pass with it
    besides those that do. `left_over`: what remains of it. `lower_at_budget`:
    the lower bound then. All None without a budget.

    `curve`: one row per step, in the order of the effort; row 0 is today.
    `beyond`: the units that no addition is certain to bring there.
    """

    policy: str
    target: str
    reading: str
    level: str
    area_code: str
    area: str
    date: dt.date
    due: dt.date | None
    measure: str
    unit: str
    threshold: Fraction | None
    lower: Fraction | None
    short: int | None
    reachable: bool | None
    amount: int | None
    yes_no: int | None
    effort: int | None
    unknown: int
    unknown_in_set: int
    by_reporting: int | None
    budget: int | None
    lifted: int | None
    left_over: int | None
    lower_at_budget: Fraction | None
    curve: pd.DataFrame
    beyond: pd.DataFrame

    @property
    def units(self) -> pd.DataFrame:
        """The smallest set: the rows of the curve that belong to it."""
        return self.curve[self.curve["in_set"]].reset_index(drop=True)

    @property
    def summary(self) -> pd.DataFrame:
        """Everything but the tables, as one row."""
        names = [field.name for field in fields(self) if field.name not in ("curve", "beyond")]
        return pd.DataFrame({name: [getattr(self, name)] for name in names}, dtype=object)


def least_effort(
    ledger: Ledger,
    policy: Policy | str | Path,
    target: str,
    area: str,
    date: dt.date | str | None = None,
    milestone: dt.date | str | None = None,
    budget: int | None = None,
    *,
    reading: str = "primary",
    assumptions: Iterable[str] = (),
) -> LeastEffort:
    """The fewest units and additions that bring the lower bound of an area to a milestone.

    `area`: a code. `date`: the snapshot, the latest when left out. `milestone`:
    the due date; that in force at `date` when left out (rule 8). `budget`: also
    how far so many additions get.

    **Shares** (and bands, growth, scores): ⌈t × units in scope⌉ − passes units
    have to pass (rule 16), and every unit has its own effort, the whole units
    missing to each number that is asked for (up to the floor of a band, down to
    its ceiling; a part of a unit counts as a whole one) plus one step for each
    yes that is missing. Only what stands on the left of a comparison changes.
    The set takes the units with the smallest efforts, ties by code. As units
    are independent and the denominator does not change, no other set and no
    other additions reach the threshold with fewer. Unknown units are taken to
    lack everything, and can be settled by reporting too. A unit out of scope is
    never brought into it.

    **Ratios, means, totals**: the whole number to be added to Σ part or Σ value,
    as in rule 16, wherever it is added; empty where the lower bound is. No
    limit of single units is looked at.

    Returns a `LeastEffort`. Columns of its `curve`: step (0 is today); code,
    name of the unit that is lifted ("" in row 0, and for measures that add up);
    status (`fails`, `unknown`, ""); value (exact; None when unknown or when
    several numbers are asked for); gap (from there to the number asked for, negative
    above a ceiling; None likewise); change (whole units, signed); amount (whole units
    to add or take away), yes_no (steps), effort = amount + yes_no; cumulative
    (of the effort); numerator, denominator and lower (figure on the lower
    bound) after the step; reaches (the threshold; <NA> without one); in_set;
    within_budget (<NA> without one). Everything is exact.

    Raises SanlianError for an unknown policy, target, reading, area, date or due
    date, a budget that is no whole number from 0, and a condition of which it
    cannot be told how much is missing.
    """
    if budget is not None and (isinstance(budget, bool) or budget != int(budget) or budget < 0):
        raise SanlianError(
            say(f"预算应为不小于 0 的整数，实为 {budget!r}", f"budget = {budget!r}: use 0, 1, 2 …")
        )
    asked = Asked.of(policy, target, reading, assumptions)
    prepared = prepare(ledger, asked, date)
    due = asked.milestone(prepared.date, milestone)
    question = _Question(prepared, area, asked.threshold(due), due.due if due else None, budget)
    adds_up = prepared.assessed.outcome is None
    found = _of_sums(question) if adds_up else _of_units(question)
    return question.answer(**found)


@dataclass(frozen=True)
class _Question:
    """One area, asked for the least that brings it to a threshold."""

    prepared: Prepared
    area: str
    threshold: Fraction | None
    due: dt.date | None
    budget: int | None

    @property
    def lower(self) -> Fraction | None:
        """The lower bound today."""
        level, at = self.prepared.place(self.area)
        figures = self.prepared.figures[level]
        return exact(figures.lower, figures.applicable)[at]

    @property
    def short(self) -> int | None:
        """The smallest whole number that, added to the lower bound's numerator, reaches it."""
        level, at = self.prepared.place(self.area)
        if self.threshold is None or self.lower is None:
            return None
        return int(self.prepared.figures[level].lower.shortfall(self.threshold)[at])

    def here(self) -> Mask:
        """The units of the area: one run of all of them."""
        level, at = self.prepared.place(self.area)
        size = self.prepared.assessed.units.size
        starts = [*self.prepared.areas[level].starts.tolist(), size]
        here = np.zeros(size, dtype=bool)
        here[starts[at] : starts[at + 1]] = True
        return here

    def answer(self, **found: Any) -> LeastEffort:
        """The answer, with what is the same for every measure."""
        asked, (level, at) = self.prepared.asked, self.prepared.place(self.area)
        nothing = ("by_reporting", "lifted", "left_over", "lower_at_budget")
        known: dict[str, Any] = {"unknown_in_set": 0, **dict.fromkeys(nothing)}
        return LeastEffort(
            policy=asked.policy.id,
            target=asked.target.id,
            reading=asked.reading.id,
            level=level,
            area_code=self.area,
            area=self.prepared.names.get(self.area) or "",
            date=self.prepared.date,
            due=self.due,
            measure=asked.reading.measure,
            threshold=self.threshold,
            lower=self.lower,
            short=self.short,
            unknown=int(self.prepared.figures[level].unknown[at]),
            budget=self.budget,
            **(known | found),
        )


def _of_units(question: _Question) -> dict[str, Any]:
    """Shares: the units that lack least."""
    prepared, short = question.prepared, question.short
    level, at = prepared.place(question.area)
    outcome, needs = prepared.assessed.outcome, needs_of(prepared)
    assert outcome is not None
    lacking = question.here() & prepared.assessed.in_scope & ~outcome.true
    lifted = np.flatnonzero(lacking & needs.possible)
    lifted = lifted[np.argsort(needs.effort[lifted], kind="stable")]
    reachable = None if short is None else short <= len(lifted)
    figures = prepared.figures[level]
    passes, everyone = int(figures.numerator[at]), int(figures.denominator[at])
    curve = Curve(prepared, needs, passes, everyone, question.threshold, question.budget)
    table = curve.table(lifted, short if short and reachable else 0)
    chosen = table[table["in_set"]]
    found: dict[str, Any] = {"curve": table, "reachable": reachable}
    found |= {"beyond": curve.beyond(np.flatnonzero(lacking & ~needs.possible))}
    found |= {"unit": _unit(prepared, needs.names)}
    for column in ("amount", "yes_no", "effort"):
        found[column] = int(chosen[column].sum()) if reachable else None
    found["unknown_in_set"] = int((chosen["status"] == "unknown").sum())
    if short is not None and short <= int(figures.unknown[at]):
        found["by_reporting"] = short
    if question.budget is not None:
        bought = table[table["within_budget"]]
        found["lifted"] = len(bought) - 1
        found["left_over"] = question.budget - int(bought["cumulative"].iloc[-1])
        found["lower_at_budget"] = bought["lower"].iloc[-1]
    return found


def _of_sums(question: _Question) -> dict[str, Any]:
    """Means, ratios and totals: one sum, wherever it is added."""
    formula, short, lower = question.prepared.asked.reading.formula, question.short, question.lower
    names = getattr(formula, "part", None) or getattr(formula, "value", None)
    found: dict[str, Any] = {"curve": _sums_table(question), "beyond": no_units()}
    level, at = question.prepared.place(question.area)
    judged = question.threshold is not None and question.prepared.figures[level].applicable[at]
    found |= {"reachable": lower is not None if judged else None}
    found |= {"amount": short, "yes_no": None if short is None else 0, "effort": short}
    found["unit"] = _unit(question.prepared, names.names if names else ())
    if question.budget is not None and lower is not None:
        curve = found["curve"]
        at_budget = curve.loc[curve["cumulative"] == question.budget, "lower"]
        found |= {"left_over": 0, "lower_at_budget": at_budget.iloc[0]}
    return found


def _sums_table(question: _Question) -> pd.DataFrame:
    """The lower bound today, with the budget, and with what is missing."""
    level, at = question.prepared.place(question.area)
    lower, asked, budget = (
        question.prepared.figures[level].lower,
        question.threshold,
        question.budget,
    )
    if question.lower is None:
        return table_of([])
    above = Fraction(int(lower.above[at]), lower.under)
    weight = Fraction(int(lower.below[at]), lower.over)
    scale = getattr(question.prepared.asked.reading.formula, "scale", 1)
    spent = sorted({0, *(n for n in (question.short, budget) if n is not None)})
    rows = [
        {
            "step": step,
            **dict.fromkeys(("code", "name", "status"), ""),
            **dict.fromkeys(("value", "gap")),
            **dict.fromkeys(("change", "amount", "effort", "cumulative"), added),
            "yes_no": 0,
            "numerator": above + added,
            "denominator": weight * scale,
            "lower": (above + added) / weight,
            "reaches": pd.NA if asked is None else (above + added) / weight >= asked,
            "in_set": added == question.short and added > 0,
            "within_budget": pd.NA if budget is None else added <= budget,
        }
        for step, added in enumerate(spent)
    ]
    return table_of(rows)


def _unit(prepared: Prepared, names: Iterable[str]) -> str:
    """In what the additions count; "" where they are different things."""
    known = schema.of_unit(prepared.asked.target.unit)
    units = {known[name].unit if name in known else "个" for name in names}
    return units.pop() if len(units) == 1 else ""
