"""What every unit adds to the numerator and denominator of a figure, and to its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sanlian_analysis.calculation import Assessment
from sanlian_analysis.exact import Integers, Interval, Mask, Truth
from sanlian_analysis.policy import Ratio

#: The figures of a result that are shares of something.
FIGURES = ("value", "lower", "upper")


@dataclass(frozen=True)
class Contribution:
    """A figure as Σ above × factor ÷ Σ below over the counted units; 0 for the others.

    `counted`: units that are part of the figure; `settled`: those of them that
    are known. Of a value both are the same.
    """

    above: Integers
    below: Integers
    counted: Mask
    settled: Mask
    factor: Fraction


def contributions(one: Assessment, here: Mask) -> dict[str, Contribution]:
    """The value and both bounds of the units marked `here`, where there are such bounds.

    Rules 10 to 12 of the figures: a value counts known units; a lower bound all
    in scope, the unknown as failing or 0; an upper bound all in scope, the
    unknown as passing or at their own limit. Without such a limit there is no
    upper bound, and with an unknown whole no bound.
    """
    scope = one.in_scope & here
    known = one.known & scope
    if one.outcome is not None:
        return _of_share(one.outcome, scope, known)
    assert one.value is not None
    if isinstance(one.formula, Ratio) and one.whole is not None:
        return _of_ratio(one.value, one.whole, one.formula.scale, scope, known)
    return _of_mean(one.value, scope, known)


def _of_share(outcome: Truth, scope: Mask, known: Mask) -> dict[str, Contribution]:
    passes = _counts(scope & outcome.true)
    possible = passes + _counts(scope & ~known)
    one = Fraction(1)
    return {
        "value": Contribution(passes, _counts(known), known, known, one),
        "lower": Contribution(passes, _counts(scope), scope, known, one),
        "upper": Contribution(possible, _counts(scope), scope, known, one),
    }


def _of_mean(value: Interval, scope: Mask, known: Mask) -> dict[str, Contribution]:
    above, factor = np.where(known, value.low, 0), Fraction(1, value.scale)
    found = {"value": Contribution(above, _counts(known), known, known, factor)}
    found["lower"] = Contribution(above, _counts(scope), scope, known, factor)
    if bool(np.array_equal(known, scope)):
        found["upper"] = found["lower"]
    return found


def _of_ratio(
    part: Interval, whole: Interval, scale: int, scope: Mask, known: Mask
) -> dict[str, Contribution]:
    factor = Fraction(scale * whole.scale, part.scale)

    def over(units: Mask, numbers: Integers, base: Mask) -> Contribution:
        above, below = np.where(units, numbers, 0), np.where(base, whole.low, 0)
        return Contribution(above, below, base, known & base, factor)

    found = {"value": over(known, part.low, known)}
    if not bool((scope & ~whole.known).any()):
        found["lower"] = over(scope & part.known, part.low, scope)
        if not bool((scope & part.open).any()):
            found["upper"] = over(scope, part.high, scope)
    return found


def _counts(mask: Mask) -> Integers:
    return mask.astype(np.int64)
