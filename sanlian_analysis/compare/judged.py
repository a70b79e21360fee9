"""What several documents say of the same areas at one date: figures, verdicts, units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sanlian_analysis.assumptions import assume
from sanlian_analysis.calculation import Assessment, assess, figures, prepare
from sanlian_analysis.compare.demands import Demand
from sanlian_analysis.evaluation import MET, VERDICTS, threshold_of, verdicts
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Quotient
from sanlian_analysis.policy import Growth, Policy
from sanlian_analysis.snapshot import take_snapshot


@dataclass(frozen=True)
class Judged:
    """One demand at one date and level: per area its verdict and its exact value."""

    demand: Demand
    assessed: Assessment
    threshold: Fraction | None
    verdict: dict[str, str]
    value: dict[str, Fraction]


def judged(
    ledger: Ledger,
    policies: Sequence[Policy],
    answered: Sequence[Demand],
    date: dt.date,
    level: str,
    area: str,
) -> list[Judged]:
    """The demands that the ledger answers, for the areas of a level whose codes begin with `area`.

    Demands whose unit does not exist at that level are left out.
    """
    latest = take_snapshot(ledger, date)
    before = [day for day in ledger.dates if day < date]
    grows = any(isinstance(one.reading.formula, Growth) for one in answered)
    previous = take_snapshot(ledger, before[-1]) if before and grows else None
    found = []
    for policy in policies:
        own = [demand for demand in answered if demand.policy.id == policy.id]
        if not own:
            continue
        situation, nothing = prepare(policy, latest, previous), assume(policy, ())
        for demand in own:
            target, reading = demand.target, demand.reading
            one = assess(situation, target, reading)
            if level not in one.units.areas:
                continue
            threshold = threshold_of(target, reading, target.milestone(date), nothing)
            there = figures(one)[level]
            codes = [str(code) for code in one.units.areas[level].codes]
            said = [VERDICTS[verdict] for verdict in verdicts(there, threshold)]
            found.append(
                Judged(
                    demand,
                    one,
                    threshold,
                    {c: v for c, v in zip(codes, said, strict=True) if c.startswith(area)},
                    {c: v for c, v in _values(codes, there.value) if c.startswith(area)},
                )
            )
    return found


def _values(codes: list[str], value: Quotient) -> list[tuple[str, Fraction]]:
    """The exact value of every area that has one."""
    return [
        (code, Fraction(int(above) * value.over, int(below) * value.under))
        for code, above, below, there in zip(
            codes, value.above, value.below, value.defined, strict=True
        )
        if there
    ]


def number_met(several: Sequence[Judged]) -> dict[str, int]:
    """Per area, how many of the demands with a number it surely meets; areas with any such.

    A demand that does not apply to the area, or sets no number, is not counted.
    """
    met: dict[str, int] = {}
    for one in several:
        for code, verdict in one.verdict.items():
            if verdict not in ("not_applicable", "no_threshold"):
                met[code] = met.get(code, 0) + (verdict == MET)
    return dict(sorted(met.items()))


def crossed(one: Judged, other: Judged, area: str) -> dict[str, int] | None:
    """Units in the scope of both demands by which they pass; None unless both ask each unit.

    `both`, `only_first`, `only_second`, `neither`, and `open`: unknown to either.
    """
    first, second = one.assessed.outcome, other.assessed.outcome
    if first is None or second is None or one.demand.kind != other.demand.kind:
        return None
    codes = one.assessed.units.columns.units[_CODE[one.demand.kind]]
    here = codes.str.startswith(area).to_numpy(dtype=bool)
    shared = here & one.assessed.in_scope & other.assessed.in_scope

    def count(mask: npt.NDArray[np.bool_]) -> int:
        return int((mask & shared).sum())

    return {
        "both": count(first.true & second.true),
        "only_first": count(first.true & second.false),
        "only_second": count(first.false & second.true),
        "neither": count(first.false & second.false),
        "open": count(first.unknown | second.unknown),
    }


_CODE = {"community": "code", "street": "street_code", "county": "county_code"}


def by_policy(found: Iterable[Judged]) -> dict[str, list[Judged]]:
    """The demands of each document, in the order in which they come."""
    several: dict[str, list[Judged]] = {}
    for one in found:
        several.setdefault(one.demand.policy.id, []).append(one)
    return several


def main_of(several: Sequence[Judged]) -> Judged | None:
    """The first target with a number on communities; without any, the first with a number."""
    numbered = [one for one in several if one.threshold is not None and one.value]
    units = [one for one in numbered if one.demand.kind == "community"]
    return next(iter([*units, *numbered]), None)
