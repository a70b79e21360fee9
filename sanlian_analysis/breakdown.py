"""What went into every figure: units by status, sums, rival denominators, what would settle it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis import remembered
from sanlian_analysis.assumptions import Assumptions, assume
from sanlian_analysis.calculation import Assessment, Situation, assess, figures
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.evaluation import evaluate, situations, snapshots, threshold_of
from sanlian_analysis.exact import Integers, Mask, divide, multiply
from sanlian_analysis.language import current
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Areas, Figures, settling
from sanlian_analysis.policy import Policy, Ratio, Reading, Target, Total
from sanlian_analysis.policy_text import calculation_text, comparison_text
from sanlian_analysis.records import records

#: Which result a row belongs to, and the figures that are repeated from it.
KEYS = ["policy", "target", "reading", "level", "area_code", "area", "date"]
_RESULT = ["numerator", "denominator", "value", "lower", "upper", "threshold", "verdict", "assumed"]

#: Units of the area by status; they add up to `units`.
STATUSES = ["passes", "fails", "counted", "unknown", "out_of_scope", "other_settlement"]

COLUMNS = [
    *KEYS,
    "units",
    *STATUSES,
    "reported",
    *_RESULT,
    *("value_frame", "value_reported", "value_complete"),
    *("yes_to_meet", "no_to_miss"),
    *("comparison", "calculation", "clause", "sentence"),
]


def components(
    ledger: Ledger,
    policy: Policy,
    date: dt.date | str | Iterable[dt.date | str] | None = None,
    assumptions: Iterable[str] = (),
) -> pd.DataFrame:
    """What went into every row of the results table, in the same order.

    Returns one row per result with `COLUMNS`: `units` of the area and how many
    of them have which status (`passes` and `fails` for measures that ask a
    question of every unit, `counted` for those that add up; `unknown`,
    `out_of_scope`: 不适用 or outside the scope condition, `other_settlement`);
    `reported`: units in scope that have a row at this date; the figures of the
    result; the value over three rival denominators, frame, reported units and
    complete cases; `yes_to_meet` and `no_to_miss`: how many of the unknown
    units would have to be confirmed as passing for the target to be met, or as
    failing for it to be missed (0 when it is already, empty when the unknown
    units cannot bring it about, and for measures that are no share); the
    comparison and the calculation in words; clause and sentence.
    """
    dates, given = snapshots(ledger, date), tuple(assumptions)
    return remembered.work_out_once(
        ledger,
        ("components", policy, *dates, given, current()),
        lambda: _components(ledger, policy, dates, given),
    )


def _components(
    ledger: Ledger, policy: Policy, dates: list[dt.date], assumptions: tuple[str, ...]
) -> pd.DataFrame:
    results = evaluate(ledger, policy, dates, assumptions)
    assumed = assume(policy, assumptions)
    parts = [
        part
        for situation in situations(ledger, assumed.policy, dates)
        for part in _of_snapshot(situation, assumed)
    ]
    counts = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    table = pd.concat([results, counts], axis=1)
    table["comparison"] = [
        comparison_text(policy, row.target, row.reading, row) for row in records(table)
    ]
    table.attrs = results.attrs
    return table[COLUMNS]


def _of_snapshot(situation: Situation, assumed: Assumptions) -> list[dict[str, Any]]:
    """Counts for every result of a snapshot, in the order of the results table."""
    parts = []
    for target in assumed.policy.targets:
        milestone = target.milestone(situation.date)
        readings = [r for r in target.readings if r.applies_from(milestone)]
        assessed = [assess(situation, target, reading) for reading in readings]
        found = [figures(one) for one in assessed]
        for level in LEVELS:
            for reading, one, by_level in zip(readings, assessed, found, strict=True):
                if level in by_level:
                    areas = one.units.areas[level]
                    part: dict[str, Any] = _statuses(one, areas)
                    part |= _rivals(one, by_level[level], areas)
                    threshold = threshold_of(target, reading, milestone, assumed)
                    part |= _settling(one, by_level[level], threshold)
                    part |= _words(assumed.policy, target, reading, situation.date)
                    parts.append(part)
    return parts


def _statuses(one: Assessment, areas: Areas) -> dict[str, Integers]:
    everyone = np.ones(one.units.size, dtype=bool)
    nobody = ~everyone
    passes = one.in_scope & one.outcome.true if one.outcome else nobody
    fails = one.in_scope & one.outcome.false if one.outcome else nobody
    statuses = {
        "units": everyone,
        "passes": passes,
        "fails": fails,
        "counted": nobody if one.outcome else one.in_scope & one.known,
        "out_of_scope": one.covered & ~one.in_scope,
        "other_settlement": ~one.covered,
        "reported": one.in_scope & _reported(one),
    }
    return {name: areas.sums(mask) for name, mask in statuses.items()}


def _reported(one: Assessment) -> Mask:
    return one.units.columns.units["reported"].to_numpy(dtype=bool)


def _rivals(one: Assessment, found: Figures, areas: Areas) -> dict[str, npt.NDArray[np.float64]]:
    """The value ÷ all units of the frame, ÷ those that reported, ÷ those that are known.

    For a ratio the parts are divided by the wholes of these units, where they
    are known. A total has no denominator, and only its value.
    """
    complete = found.frame()["value"].to_numpy()
    if isinstance(one.formula, Total):
        empty = np.full(len(complete), np.nan)
        return {"value_frame": empty, "value_reported": empty, "value_complete": complete}
    reported = one.in_scope & _reported(one)
    return {
        "value_frame": _over(one, found, areas, one.in_scope),
        "value_reported": _over(one, found, areas, reported),
        "value_complete": complete,
    }


def _over(one: Assessment, found: Figures, areas: Areas, base: Mask) -> npt.NDArray[np.float64]:
    if isinstance(one.formula, Ratio) and one.value and one.whole:
        above = areas.sums(np.where(base & one.value.known, one.value.low, 0))
        below = areas.sums(np.where(base & one.whole.known, one.whole.low, 0))
        over, under = one.formula.scale * one.whole.scale, one.value.scale
    else:
        above, below = found.numerator, areas.sums(base)
        over, under = 1, found.numerator_scale
    some = np.asarray(below > 0, dtype=bool) & found.applicable
    return divide(multiply(above, over), multiply(below, under), some)


def _settling(
    one: Assessment, found: Figures, threshold: Fraction | None
) -> dict[str, npt.NDArray[np.float64]]:
    """How many unknown units decide; only a question asked of every unit can be settled so."""
    if threshold is None or one.outcome is None:
        to_meet = to_miss = np.full(len(found.unknown), np.nan)
    else:
        to_meet, to_miss = settling(found.numerator, found.denominator, found.unknown, threshold)
    return {"yes_to_meet": to_meet, "no_to_miss": to_miss}


def _words(policy: Policy, target: Target, reading: Reading, date: dt.date) -> dict[str, str]:
    asked = target.milestone(date) or target
    return {
        "calculation": calculation_text(target, reading, policy),
        "sentence": asked.sentence,
    }
