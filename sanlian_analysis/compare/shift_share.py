"""The arithmetic of a change: progress, weights, and units that came, went or were not known.

It knows neither ledgers nor policies: sums of numerators and denominators go in,
exact fractions come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

#: What a unit is to the comparison of two dates: the same and known at both, the
#: same but open at one, come or gone, in scope at one date only, known at one only.
SAME, OPEN, TURNOVER, SCOPE, REPORTING = range(5)
CAUSES = 5

_ZERO = Fraction(0)


@dataclass(frozen=True)
class Sums:
    """Per part and cause, Σ numerator and Σ denominator of its units at one date.

    Whole numbers: a figure in another unit, or of decimals, is the same sums
    with all numerators of a date multiplied, and all its denominators.
    """

    above: Sequence[Sequence[int]]
    below: Sequence[Sequence[int]]

    @property
    def whole(self) -> tuple[int, int]:
        """Σ numerator and Σ denominator of everything."""
        return sum(map(sum, self.above)), sum(map(sum, self.below))

    @property
    def stayed(self) -> tuple[int, int]:
        """Both sums of all units that are there at both dates."""
        parts = [self.same(part) for part in range(len(self.above))]
        return sum(above for above, _ in parts), sum(below for _, below in parts)

    def same(self, part: int) -> tuple[int, int]:
        """Both sums of one part's units that are there at both dates."""
        return sum(self.above[part][:TURNOVER]), sum(self.below[part][:TURNOVER])


@dataclass(frozen=True)
class Effect:
    """What one part adds to the change; the five add up to `change`."""

    progress: Fraction
    weights: Fraction
    turnover: Fraction
    scope: Fraction
    reporting: Fraction

    @property
    def composition(self) -> Fraction:
        """What weights, turnover and scope add together."""
        return self.weights + self.turnover + self.scope

    @property
    def change(self) -> Fraction:
        """The part's whole contribution."""
        return self.progress + self.composition + self.reporting


def split(earlier: Sums, later: Sums) -> list[Effect]:
    r"""Split the change of Σ numerator ÷ Σ denominator, part by part, exactly adding up.

    Both `Sums` list the same parts in the same order. With R the figure of all
    units, S that of the units there at both dates, N and D the sums of a group g
    of units that are there at one date only, and 0 and 1 for the dates::

        R₁ − R₀ = (S₁ − S₀) + Σ_g (N_g₁ − D_g₁ S₁) ÷ D₁ − Σ_g (N_g₀ − D_g₀ S₀) ÷ D₀

    A group that comes adds its share of the later denominator times its
    distance from the units that stayed, one that goes takes the same away at the
    earlier date (the terms of entry and exit of Melitz & Polanec 2015). The change of
    the units that stayed is split over the parts k, whose figures are r and whose
    shares of the denominator are w (Kitagawa 1955; it is the Shapley value of the
    two factors, Shorrocks 2013)::

        S₁ − S₀ = Σ_k ½(w₀+w₁)(r₁−r₀) + Σ_k (w₁−w₀)(½(r₀+r₁) − ½(S₀+S₁))

    The second sum measures every part from the mean, which changes no total,
    for the weights add up to 1: a part counts as gain only when it is above the
    mean and grows, or below and shrinks. Both formulas treat the dates alike:
    exchanged, every term changes its sign.

    Of units that stayed but were open at either date, which counts in bounds
    alone, the first term goes to `reporting`. A part without a denominator at
    one date has no progress; its whole term is one of weights. Where no unit
    stayed, or those that did have no denominator at one date, the reference of
    both dates is ½(R₀+R₁).

    Sources: Kitagawa, E. M. (1955) "Components of a Difference Between Two
    Rates", Journal of the American Statistical Association 50(272), 1168–1194.
    Shorrocks, A. F. (2013) "Decomposition procedures for distributional
    analysis: a unified framework based on the Shapley value", Journal of Economic
    Inequality 11, 99–126. Melitz, M. J. & Polanec, S. (2015) "Dynamic Olley-Pakes
    productivity decomposition with entry and exit", RAND Journal of Economics
    46(2), 362–375.

    One part, four units that stayed of which one more passes, and a fifth that
    came and passes, from 1/4 to 3/5: 1/4 is progress, 1/5 × (1 − 1/2) turnover:

    >>> before = Sums([[1, 0, 0, 0, 0]], [[4, 0, 0, 0, 0]])
    >>> after = Sums([[2, 0, 1, 0, 0]], [[4, 0, 1, 0, 0]])
    >>> [effect] = split(before, after)
    >>> [str(part) for part in (effect.progress, effect.turnover, effect.change)]
    ['1/4', '1/10', '7/20']

    Raises ZeroDivisionError where either date has no denominator at all.
    """
    dates = (earlier, later)
    stayed, wholes = ([getattr(one, of) for one in dates] for of in ("stayed", "whole"))
    compared = all(below for _, below in stayed)
    figures = stayed if compared else wholes
    rates = [Fraction(above, below) for above, below in figures]
    middle = sum(rates, _ZERO) / 2
    reference = _Reference(
        rates=rates if compared else [middle, middle],
        middle=middle,
        bases=[below for _, below in figures],
        wholes=[below for _, below in wholes],
    )
    return [_effect(part, dates, reference) for part in range(len(earlier.above))]


@dataclass(frozen=True)
class _Reference:
    """What every part is measured against, date by date: figures and denominators."""

    rates: list[Fraction]
    middle: Fraction
    bases: list[int]
    wholes: list[int]


def _effect(part: int, dates: tuple[Sums, Sums], reference: _Reference) -> Effect:
    progress, open_, weights = _within(part, dates, reference)
    turnover, scope, reporting = (
        _moved(part, cause, dates, reference) for cause in (TURNOVER, SCOPE, REPORTING)
    )
    return Effect(progress, weights, turnover, scope, open_ + reporting)


def _moved(part: int, cause: int, dates: tuple[Sums, Sums], reference: _Reference) -> Fraction:
    """What the units of a cause add at the later date, less what they did before."""
    before, after = (
        _pull(sums.above[part][cause], sums.below[part][cause], rate, whole)
        for sums, rate, whole in zip(dates, reference.rates, reference.wholes, strict=True)
    )
    return after - before


def _pull(above: int, below: int, rate: Fraction, whole: int) -> Fraction:
    """(above − below × rate) ÷ whole, in lowest terms at once."""
    if not (above or below):
        return _ZERO
    distance = above * rate.denominator - below * rate.numerator
    return Fraction(distance, whole * rate.denominator)


def _within(
    part: int, dates: tuple[Sums, Sums], reference: _Reference
) -> tuple[Fraction, Fraction, Fraction]:
    """Of the units that stayed: progress, what the open ones add, and the change of weights."""
    (above0, below0), (above1, below1) = (sums.same(part) for sums in dates)
    base0, base1 = reference.bases
    if not (above0 or below0 or above1 or below1):
        return _ZERO, _ZERO, _ZERO
    weight0, weight1 = Fraction(below0, base0), Fraction(below1, base1)
    if not (below0 and below1):
        moved = Fraction(above1, base1) - Fraction(above0, base0)
        return _ZERO, _ZERO, moved - (weight1 - weight0) * reference.middle
    share = (weight0 + weight1) / 2
    progress, open_ = (
        _change(dates[1].above[part][cause], below1, dates[0].above[part][cause], below0) * share
        for cause in (SAME, OPEN)
    )
    if weight0 == weight1:
        return progress, open_, _ZERO
    distance = (Fraction(above0, below0) + Fraction(above1, below1)) / 2 - reference.middle
    return progress, open_, (weight1 - weight0) * distance


def _change(above1: int, below1: int, above0: int, below0: int) -> Fraction:
    return Fraction(above1 * below0 - above0 * below1, below1 * below0)
