"""Numbers as people give them to a function, exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Integral, Rational

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.policy_table import exact_threshold


def exact_number(given: object) -> Fraction:
    """A number from 0: whole, a fraction, a decimal as it is written, or a text such as 40%.

    >>> exact_number(0.7), exact_number("40%"), exact_number("1/3"), exact_number(10)
    (Fraction(7, 10), Fraction(2, 5), Fraction(1, 3), Fraction(10, 1))
    """
    number: Fraction | None = None
    if isinstance(given, str):
        return exact_threshold(given, SanlianError)
    if isinstance(given, bool):
        number = None
    elif isinstance(given, Integral | Rational):
        number = Fraction(int(given.numerator), int(given.denominator))
    elif isinstance(given, Decimal) and given.is_finite():
        number = Fraction(given)
    elif isinstance(given, float) and isfinite(given):
        number = Fraction(Decimal(f"{given:.15g}"))
    if number is None or number < 0:
        raise SanlianError(
            say(f"应为不小于 0 的数，实为 {given!r}", f"expected a number from 0, found {given!r}")
        )
    return number
