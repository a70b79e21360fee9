"""Exact arithmetic on whole columns: integers over one common denominator.

A verdict compares 3 of 13 villages with 20 %, or 345.6 m² with 100 m² per 1000
residents. Both sides are kept as integers, so that no rate is ever rounded
before it is compared. Columns are numpy int64 while every intermediate result
provably fits, and Python integers (dtype object) where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_INT64_LIMIT = 2**63 - 1
_FLOAT_EXACT = 2**53
#: More decimals than a ledger holds; beyond it the slow, general path is taken.
_COMMON_DECIMALS = 9


def largest(values: Integers | int) -> int:
    """The largest absolute value, as a Python integer; 0 for an empty column."""
    if isinstance(values, int):
        return abs(values)
    if values.size == 0:
        return 0
    return max(abs(int(values.max())), abs(int(values.min())))


def _fitting(values: Integers | int, limit: int) -> Integers | int:
    """The same integers in a type that can hold results up to `limit`."""
    if isinstance(values, int) or limit <= _INT64_LIMIT:
        return values
    return values.astype(object)


def _array(result: Any) -> Integers:
    """What came of arithmetic as an array again, its integers untouched.

    Of arrays without dimensions numpy makes a scalar; of Python integers a bare
    one, which it would take for an unsigned or even a floating-point number.
    """
    return np.asarray(result, dtype=object if isinstance(result, int) else None)


def multiply(left: Integers, right: Integers | int) -> Integers:
    """Product that never overflows.

    >>> multiply(np.array([2**62]), 4).tolist() == [2**64]
    True
    """
    if isinstance(right, int) and right == 1:
        return left
    # at least 1 each: 0 × 10²⁰ is small, but 10²⁰ is no int64
    limit = max(largest(left), 1) * max(largest(right), 1)
    return _array(_fitting(left, limit) * _fitting(right, limit))


def add(left: Integers, right: Integers | int) -> Integers:
    """Sum that never overflows."""
    limit = largest(left) + largest(right)
    return _array(_fitting(left, limit) + _fitting(right, limit))


def subtract(left: Integers, right: Integers | int) -> Integers:
    """Difference that never overflows."""
    limit = largest(left) + largest(right)
    return _array(_fitting(left, limit) - _fitting(right, limit))


def sums(values: Integers, starts: npt.NDArray[np.intp]) -> Integers:
    """Sums of the runs that begin at `starts`; the runs cover the whole column."""
    if starts.size == 0:
        return np.zeros(0, dtype=np.int64)
    if values.dtype == bool:
        running = np.cumsum(values, dtype=np.int64)
    else:
        running = np.cumsum(_fitting(values, largest(values) * values.size))
    return np.diff(running[np.append(starts[1:], len(values)) - 1], prepend=0)


def run_starts(sorted_values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Where each run of equal values begins."""
    changes = np.ones(len(sorted_values), dtype=bool)
    changes[1:] = sorted_values[1:] != sorted_values[:-1]
    return np.flatnonzero(changes)


def divide(numerator: Integers, denominator: Integers, defined: Mask) -> npt.NDArray[np.float64]:
    """The correctly rounded quotient for display; NaN where it is not defined."""
    result = np.full(numerator.shape, np.nan)
    above, below = numerator[defined], denominator[defined]
    if largest(above) <= _FLOAT_EXACT and largest(below) <= _FLOAT_EXACT:
        result[defined] = above.astype(np.float64) / below.astype(np.float64)
    else:  # Python's division of integers rounds once, whatever their size
        result[defined] = [int(a) / int(b) for a, b in zip(above, below, strict=True)]
    return result


def from_decimals(values: npt.NDArray[np.float64]) -> tuple[Integers, int]:
    """Integers and the power of ten they are to be divided by.

    A float stands for the decimal that a person wrote: 0.7 is 7/10, and a
    computed 0.7000000000000001 too (15 significant digits, as in Excel).

    >>> from_decimals(np.array([0.7, 2.0, 1.25]))
    (array([ 70, 200, 125]), 100)
    """
    for decimals in range(_COMMON_DECIMALS + 1):
        factor = 10**decimals
        scaled = np.rint(values * factor)
        if largest(scaled) < 10**15 and np.array_equal(scaled / factor, values):
            return scaled.astype(np.int64), factor
    written = [Decimal(f"{value:.15g}") for value in values.tolist()]
    places = max([0, *(-int(number.as_tuple().exponent) for number in written)])
    integers = [int(Fraction(number) * 10**places) for number in written]
    result = np.array(integers, dtype=object)
    return (result.astype(np.int64) if largest(result) <= _INT64_LIMIT else result), 10**places


@dataclass(frozen=True)
class Truth:
    """What is known of a yes/no question, unit by unit (Kleene logic).

    A unit that is neither surely true nor surely false is unknown.
    """

    true: Mask
    false: Mask

    @property
    def unknown(self) -> Mask:
        """Units for which the blanks leave the question open."""
        return ~(self.true | self.false)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)


@dataclass(frozen=True)
class Interval:
    """What is known of a number, unit by unit: low/scale to high/scale.

    A known number has `low == high`. `open` marks units without an upper
    limit; their `high` has no meaning.
    """

    low: Integers
    high: Integers
    open: Mask
    scale: int = 1

    @classmethod
    def constant(cls, number: Fraction) -> Interval:
        """The same known number for every unit."""
        fits = abs(number.numerator) <= _INT64_LIMIT
        value = np.array(number.numerator, dtype=np.int64 if fits else object)
        return cls(value, value, np.array(False), number.denominator)

    @property
    def known(self) -> Mask:
        """Units whose number is settled."""
        return ~self.open & np.asarray(self.low == self.high, dtype=bool)

    def rescaled(self, scale: int) -> Interval:
        """The same numbers over a multiple of the present denominator."""
        if scale == self.scale:
            return self
        factor = scale // self.scale
        return Interval(multiply(self.low, factor), multiply(self.high, factor), self.open, scale)

    def __add__(self, other: Interval) -> Interval:
        left, right = _aligned(self, other)
        return Interval(
            add(left.low, right.low),
            add(left.high, right.high),
            left.open | right.open,
            left.scale,
        )

    def __mul__(self, other: Interval) -> Interval:
        """Product of numbers that are not negative; 0 × unknown is 0."""
        return Interval(
            multiply(self.low, other.low),
            multiply(self.high, other.high),
            (self.open & (other.open | _positive(other.high)))
            | (other.open & (self.open | _positive(self.high))),
            self.scale * other.scale,
        )

    def times(self, factor: Fraction) -> Interval:
        """Multiplied by a constant that is not negative."""
        return Interval(
            multiply(self.low, factor.numerator),
            multiply(self.high, factor.numerator),
            self.open if factor else np.zeros_like(self.open),
            self.scale * factor.denominator,
        )

    def floor(self) -> Interval:
        """The largest whole number not above."""
        low, high = (
            _array(_fitting(side, self.scale) // self.scale) for side in (self.low, self.high)
        )
        return Interval(low, high, self.open)

    def minimum(self, other: Interval) -> Interval:
        """The smaller of two, unit by unit."""
        left, right = _aligned(self, other)
        high = np.where(
            left.open,
            right.high,
            np.where(right.open, left.high, _array(np.minimum(left.high, right.high))),
        )
        low = _array(np.minimum(left.low, right.low))
        return Interval(low, high, left.open & right.open, left.scale)

    def maximum(self, other: Interval) -> Interval:
        """The larger of two, unit by unit."""
        left, right = _aligned(self, other)
        return Interval(
            _array(np.maximum(left.low, right.low)),
            _array(np.maximum(left.high, right.high)),
            left.open | right.open,
            left.scale,
        )

    def __ge__(self, other: Interval) -> Truth:
        left, right = _aligned(self, other)
        return Truth(
            ~right.open & np.asarray(left.low >= right.high, dtype=bool),
            ~left.open & np.asarray(left.high < right.low, dtype=bool),
        )

    def __gt__(self, other: Interval) -> Truth:
        return ~(other >= self)

    def equals(self, other: Interval) -> Truth:
        """Whether both are the same number."""
        return (self >= other) & (other >= self)


def _positive(values: Integers) -> Mask:
    return np.asarray(values > 0, dtype=bool)


def _aligned(left: Interval, right: Interval) -> tuple[Interval, Interval]:
    scale = lcm(left.scale, right.scale)
    return left.rescaled(scale), right.rescaled(scale)
