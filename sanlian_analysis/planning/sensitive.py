"""How much a verdict depends on the threshold, the reading, the blanks, and the bar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis.evaluation import (
    MET,
    NOT_APPLICABLE,
    NOT_MET,
    UNDETERMINED,
    VERDICTS,
    verdicts,
)
from sanlian_analysis.exact import Mask
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning.bars import TABLE, bars_at, has_a_bar
from sanlian_analysis.planning.numbers import exact_number
from sanlian_analysis.planning.prepared import (
    Asked,
    Prepared,
    exact,
    prepare,
    prepared_at,
)
from sanlian_analysis.policy import Policy, Ratio, Total
from sanlian_analysis.policy_text import is_rate

#: Columns of the tables of a `Sensitivity`, in order.
STEPS = ["verdict", "above", "up_to", "current", "change", "attained"]
THRESHOLDS = ["threshold", "verdict", "current"]
READINGS = ["reading", "name", "lower", "value", "upper", "threshold", "verdict", "agrees"]
TREATMENTS = ["treatment", "numerator", "denominator", "figure", "verdict", "agrees"]

#: How unknown units can be treated.
_TREATED = ("frame", "reported", "complete", "passing")


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What the verdict of one area rests on.

    `threshold` (None for a vague target), `verdict`, and `lower`, `value`,
    `upper` are those of the reading, exact. `flips_to`, `smallest_change`,
    `attained`: the nearest other verdict, by how much the threshold would have
    to change for it (exact, in the target's unit, negative when lowered), and
    whether exactly so much is enough; when it is not, any more than that is.
    None when no threshold changes the verdict. `stable`: whether all readings
    agree, `not_applicable` left aside.

    `steps`: one row per verdict that some threshold brings about (of a share: up
    to 100 %), from the lowest thresholds to the highest: verdict; above and up_to, the thresholds
    for which it holds, above < t ≤ up_to (None: without limit); current; change
    and attained: as above, for this verdict (0 for the current one).

    `thresholds`: one row per threshold of the grid: threshold, verdict, current.

    `readings`: one row per reading that has one at this date: reading, name;
    lower, value, upper and its own threshold; verdict; agrees (with the verdict
    of the reading asked about).

    `treatments`: one row per way to treat the unknown units: `frame`, they
    count as failing (a missing part or number as 0); `reported`, only units
    with a row count; `complete`, only known units do; `passing`, they count as
    passing (the upper bound). numerator, denominator; figure; verdict: `met` or
    `not_met` by that figure alone, `undetermined` where there is none; agrees.
    Of a total only `complete` and `passing` are defined.

    `bars`: the verdict at every bar, as in `Bars.curve`; empty where the
    condition compares nothing with a plain number.
    """

    policy: str
    target: str
    reading: str
    level: str
    area_code: str
    area: str
    date: dt.date
    due: dt.date | None
    threshold: Fraction | None
    verdict: str
    lower: Fraction | None
    value: Fraction | None
    upper: Fraction | None
    stable: bool
    flips_to: str | None
    smallest_change: Fraction | None
    attained: bool | None
    steps: pd.DataFrame
    thresholds: pd.DataFrame
    readings: pd.DataFrame
    treatments: pd.DataFrame
    bars: pd.DataFrame


def sensitivity(
    ledger: Ledger,
    policy: Policy | str | Path,
    target: str,
    area: str,
    date: dt.date | str | None = None,
    *,
    reading: str = "primary",
    grid: Iterable[object] | None = None,
    bars: Iterable[object] | None = None,
    assumptions: Iterable[str] = (),
) -> Sensitivity:
    """On what the verdict of an area depends: threshold, reading, unknown units, bar.

    `date`: the snapshot, the latest when left out. `grid`: thresholds to try
    (numbers, or texts such as "40%"); left out, 0 % to 100 % in steps of 5 % for
    rates, else the thresholds of the target's milestones, and in both cases the
    current one. `bars`: the bars to try, as in `Bars.curve`.

    A verdict is a step function of the threshold t (rule 15): met for t ≤ lower
    bound, not met for t > upper bound, undetermined between them. It flips at
    the bounds and nowhere else, so that its steps are exact.

    Returns a `Sensitivity`; an area without units in scope has the verdict
    `not_applicable` at every threshold. Raises SanlianError for an unknown
    policy, target, reading, area or date, and for anything in `grid` or `bars`
    that is no number from 0.
    """
    prepared = prepare(ledger, Asked.of(policy, target, reading, assumptions), date)
    level, at = prepared.place(area)
    asked, found = prepared.asked, prepared.figures[level]
    milestone = asked.milestone(prepared.date)
    threshold = asked.threshold(milestone)
    sides = {
        name: exact(getattr(found, name), found.applicable)[at]
        for name in ("lower", "value", "upper")
    }
    verdict = VERDICTS[verdicts(found, threshold)[at]]
    judged = threshold if verdict != NOT_APPLICABLE else None
    applicable = bool(found.applicable[at])
    bounds = (sides["lower"], sides["upper"])
    steps = _steps(bounds if applicable else None, asked.most, judged, verdict)
    nearest = _nearest(steps)
    readings = _readings(prepared, area, verdict)
    tried = _grid(prepared, grid, threshold)
    return Sensitivity(
        policy=asked.policy.id,
        target=asked.target.id,
        reading=asked.reading.id,
        level=level,
        area_code=area,
        area=prepared.names.get(area) or "",
        date=prepared.date,
        due=milestone.due if milestone else None,
        threshold=threshold,
        verdict=verdict,
        **sides,
        stable=len({*readings["verdict"]} - {NOT_APPLICABLE}) <= 1,
        flips_to=nearest["verdict"],
        smallest_change=nearest["change"],
        attained=nearest["attained"],
        steps=steps,
        thresholds=_tried(prepared, level, at, tried, threshold),
        readings=readings,
        treatments=_treatments(prepared, level, at, threshold, verdict),
        bars=_bars(prepared, area, bars),
    )


# --- the threshold -----------------------------------------------------------------------


def _steps(
    bounds: tuple[Fraction | None, Fraction | None] | None,
    most: Fraction | None,
    threshold: Fraction | None,
    verdict: str,
) -> pd.DataFrame:
    """The verdicts in the order of the thresholds, with the smallest change to each.

    `bounds`: None where nothing is in scope. `most`: the highest threshold that
    makes sense, such as 100 %; None for no limit.
    """
    lower, upper = bounds or (None, None)
    edges = [(MET, None, lower), (UNDETERMINED, lower, upper), (NOT_MET, upper, None)]
    rows = []
    for name, above, up_to in edges if bounds is not None else []:
        never = up_to is None if name == MET else above is None and name == NOT_MET
        never |= name == UNDETERMINED and lower is not None and lower == upper
        if never or (most is not None and above is not None and above >= most):
            continue
        change, attained = _change(above, up_to, threshold)
        rows.append((name, above, up_to, name == verdict, change, attained))
    table = pd.DataFrame(rows, columns=STEPS, dtype=object)
    return table.astype({"verdict": "str", "current": "bool", "attained": "boolean"})


def _change(
    above: Fraction | None, up_to: Fraction | None, threshold: Fraction | None
) -> tuple[Fraction | None, bool | None]:
    """From a threshold into above < t ≤ up_to; whether the nearest end belongs to it."""
    if threshold is None:
        return None, None
    if up_to is not None and threshold > up_to:
        return up_to - threshold, True
    if above is not None and threshold <= above:
        return above - threshold, False
    return Fraction(0), True


def _nearest(steps: pd.DataFrame) -> dict[str, Any]:
    """The other verdict that is nearest; of two as near the one with the lower thresholds."""
    others = steps[~steps["current"] & steps["change"].notna()]
    if others.empty:
        return dict.fromkeys(("verdict", "change", "attained"))
    changes = others["change"].tolist()
    row = others.iloc[min(range(len(changes)), key=lambda place: abs(changes[place]))]
    return {"verdict": row["verdict"], "change": row["change"], "attained": bool(row["attained"])}


def _grid(
    prepared: Prepared, grid: Iterable[object] | None, threshold: Fraction | None
) -> list[Fraction]:
    asked = prepared.asked
    if grid is not None:
        tried = {exact_number(one) for one in grid}
    elif is_rate(asked.reading):
        tried = {Fraction(percent, 100) for percent in range(0, 101, 5)}
    else:
        tried = {one.threshold for one in asked.target.milestones}
    return sorted(tried if threshold is None else tried | {threshold})


def _tried(
    prepared: Prepared, level: str, at: int, tried: list[Fraction], threshold: Fraction | None
) -> pd.DataFrame:
    found = prepared.figures[level]
    rows = [(one, VERDICTS[verdicts(found, one)[at]], one == threshold) for one in tried]
    table = pd.DataFrame(rows, columns=THRESHOLDS, dtype=object)
    return table.astype({"verdict": "str", "current": "bool"})


# --- readings, unknown units, bars -------------------------------------------------------


def _readings(prepared: Prepared, area: str, verdict: str) -> pd.DataFrame:
    target, rows = prepared.asked.target, []
    milestone = target.milestone(prepared.date)
    for reading in target.readings:
        if not reading.applies_from(milestone):
            continue
        asked = Asked(prepared.asked.assumed, target, reading)
        same = reading is prepared.asked.reading
        one = prepared if same else prepared_at(prepared.ledger, asked, prepared.date)
        level, at = one.place(area)
        found, threshold = one.figures[level], asked.threshold(milestone)
        sides = [
            exact(getattr(found, n), found.applicable)[at] for n in ("lower", "value", "upper")
        ]
        said = VERDICTS[verdicts(found, threshold)[at]]
        rows.append((reading.id, reading.label, *sides, threshold, said, said == verdict))
    table = pd.DataFrame(rows, columns=READINGS, dtype=object)
    return table.astype({"reading": "str", "name": "str", "verdict": "str", "agrees": "bool"})


def _treatments(
    prepared: Prepared, level: str, at: int, threshold: Fraction | None, verdict: str
) -> pd.DataFrame:
    rows = []
    for treatment in _TREATED:
        pair = _treated(prepared, level, at, treatment)
        above, under = pair or (None, None)
        figure = above / under * _scale(prepared) if above is not None and under else None
        said = verdict if verdict not in (MET, NOT_MET, UNDETERMINED) else _said(figure, threshold)
        rows.append((treatment, above, under, figure, said, said == verdict))
    table = pd.DataFrame(rows, columns=TREATMENTS, dtype=object)
    return table.astype({"treatment": "str", "verdict": "str", "agrees": "bool"})


def _said(figure: Fraction | None, threshold: Fraction | None) -> str:
    if threshold is None or figure is None:
        return UNDETERMINED
    return MET if figure >= threshold else NOT_MET


def _scale(prepared: Prepared) -> int:
    formula = prepared.asked.reading.formula
    return formula.scale if isinstance(formula, Ratio) else 1


def _treated(
    prepared: Prepared, level: str, at: int, treatment: str
) -> tuple[Fraction, Fraction] | None:
    """Numerator and denominator of one treatment; None where it is not defined."""
    found, one = prepared.figures[level], prepared.assessed
    if not found.applicable[at]:
        return None
    if treatment in ("complete", "passing"):
        side = found.value if treatment == "complete" else found.upper
        if not side.defined[at]:
            return None
        weight = Fraction(int(side.below[at]), side.over) * _scale(prepared)
        return Fraction(int(side.above[at]), side.under), weight
    if isinstance(one.formula, Total):
        return None
    reported = one.units.columns.units["reported"].to_numpy(dtype=bool)
    base: Mask = one.in_scope if treatment == "frame" else one.in_scope & reported
    sums = prepared.areas[level].sums
    if isinstance(one.formula, Ratio) and one.value and one.whole:
        parts, wholes = (
            Fraction(int(sums(np.where(base & part.known, part.low, 0))[at]), part.scale)
            for part in (one.value, one.whole)
        )
        return (parts, wholes) if wholes else None
    units = int(sums(base)[at])
    above = Fraction(int(found.numerator[at]), found.numerator_scale)
    return (above, Fraction(units)) if units else None


def _bars(prepared: Prepared, area: str, bars: Iterable[object] | None) -> pd.DataFrame:
    if not has_a_bar(prepared):
        return pd.DataFrame(columns=TABLE, dtype=object)
    return bars_at(prepared).curve(area, bars)
