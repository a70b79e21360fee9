"""Exact arithmetic on columns, held against Python's fractions."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sanlian_analysis.exact import (
    Interval,
    Truth,
    add,
    divide,
    from_decimals,
    largest,
    multiply,
    subtract,
    sums,
)

INT64 = 2**63 - 1
#: Small numbers, the edges of int64 and of uint64, and far beyond.
WHOLE = st.one_of(
    st.integers(-20, 20),
    st.integers(-(10**30), 10**30),
    st.sampled_from([INT64, -INT64 - 1, INT64 + 1, 2**64, 2**62, -(2**62), 10**18]),
)
NOT_NEGATIVE = WHOLE.map(abs)
SCALES = st.sampled_from([1, 2, 3, 10, 1000, 10**9, 10**20])


def column(numbers):
    """Integers as a column: int64 when they fit, else Python's own."""
    fits = all(-INT64 - 1 <= number <= INT64 for number in numbers)
    return np.array(numbers, dtype=np.int64 if fits else object)


def known(number: int, scale: int = 1) -> Interval:
    values = column([number])
    return Interval(values, values, np.array([False]), scale)


def value(interval: Interval) -> Fraction:
    """The number of a single unit, which must be known."""
    assert np.broadcast_to(interval.known, 1).tolist() == [True]
    return Fraction(int(np.broadcast_to(interval.low, 1)[0]), interval.scale)


def answer(truth: Truth) -> bool | None:
    """True, false or unknown, for a single unit; never both."""
    yes, no = (bool(np.broadcast_to(side, 1)[0]) for side in (truth.true, truth.false))
    assert not (yes and no)
    return yes if yes or no else None


def truth(stated: bool | None) -> Truth:
    return Truth(np.array([stated is True]), np.array([stated is False]))


# --- columns of integers --------------------------------------------------------------


@given(st.lists(WHOLE, max_size=5), st.data())
def test_columns_never_overflow(left, data):
    right = data.draw(st.lists(WHOLE, min_size=len(left), max_size=len(left)))
    pairs = list(zip(left, right, strict=True))
    assert add(column(left), column(right)).tolist() == [a + b for a, b in pairs]
    assert subtract(column(left), column(right)).tolist() == [a - b for a, b in pairs]
    assert multiply(column(left), column(right)).tolist() == [a * b for a, b in pairs]


@given(st.lists(WHOLE, max_size=5), WHOLE)
@example([0, 0], 10**20)
def test_columns_and_single_numbers_never_overflow(numbers, other):
    assert add(column(numbers), other).tolist() == [a + other for a in numbers]
    assert subtract(column(numbers), other).tolist() == [a - other for a in numbers]
    assert multiply(column(numbers), other).tolist() == [a * other for a in numbers]


@given(st.lists(st.lists(WHOLE, min_size=1, max_size=4), max_size=4))
def test_sums_of_runs_never_overflow(runs):
    starts = np.cumsum([0, *map(len, runs)])[:-1].astype(np.intp)
    assert sums(column([number for run in runs for number in run]), starts).tolist() == [
        sum(run) for run in runs
    ]


def test_sums_count_a_mask():
    mask = np.array([True, True, False, True])
    assert sums(mask, np.array([0, 2], dtype=np.intp)).tolist() == [2, 1]


@given(st.lists(WHOLE, max_size=5))
def test_largest_is_the_largest_absolute_value(numbers):
    assert largest(column(numbers)) == max(map(abs, numbers), default=0)


@given(st.integers(-(10**25), 10**25), st.integers(1, 10**25))
def test_quotients_for_display_are_rounded_once(numerator, denominator):
    above, below = column([numerator, 1]), column([denominator, 0])
    shown = divide(above, below, np.array([True, False]))
    assert shown[0] == float(Fraction(numerator, denominator))
    assert math.isnan(shown[1])


@pytest.mark.parametrize(
    ("written", "integers", "scale"),
    [
        ([0.7, 2.0, 1.25], [70, 200, 125], 100),
        ([0.7000000000000001], [7], 10),
        ([0.1 + 0.2, 3.0], [3, 30], 10),
        ([], [], 1),
        ([0.0], [0], 1),
        ([1e-12], [1], 10**12),
        ([123456.789012345], [123456789012345], 10**9),
        ([99999999999999.9], [999999999999999], 10),
        ([99999999.123456789], [999999991234568], 10**7),
    ],
)
def test_decimals_are_read_as_they_are_written(written, integers, scale):
    found, by = from_decimals(np.array(written))
    assert (found.tolist(), by) == (integers, scale)


@given(st.lists(st.tuples(st.integers(0, 10**15 - 1), st.integers(0, 20)), max_size=5))
def test_up_to_fifteen_digits_every_decimal_is_exact(numbers):
    written = [Decimal(digits).scaleb(-places) for digits, places in numbers]
    found, scale = from_decimals(np.array([float(number) for number in written]))
    assert [Fraction(number, scale) for number in found.tolist()] == list(map(Fraction, written))


# --- single intervals -----------------------------------------------------------------


@given(NOT_NEGATIVE, SCALES, NOT_NEGATIVE, SCALES)
@example(0, 1, 7, 10**20)
@example(2**62 + 1, 1, 2**63 + 1, 1)
def test_known_numbers_are_computed_like_fractions(a, a_scale, b, b_scale):
    left, right = known(a, a_scale), known(b, b_scale)
    x, y = Fraction(a, a_scale), Fraction(b, b_scale)
    assert value(left + right) == x + y
    assert value(left * right) == x * y
    assert value(left.minimum(right)) == min(x, y)
    assert value(left.maximum(right)) == max(x, y)
    assert value(left.floor()) == math.floor(x)
    assert value(left.times(y)) == x * y
    assert answer(left >= right) is (x >= y)
    assert answer(left > right) is (x > y)
    assert answer(left.equals(right)) is (x == y)


@given(WHOLE, SCALES, NOT_NEGATIVE, SCALES)
@example(2**62 + 1, 1, 2**63 + 1, 1)
@example(0, 1, 1, 10**20)
@example(2**53 + 1, 2, 2**62, 1)
def test_constants_are_numbers_like_others(a, a_scale, b, b_scale):
    number, constant = known(a, a_scale), Interval.constant(Fraction(b, b_scale))
    x, y = Fraction(a, a_scale), Fraction(b, b_scale)
    assert value(number + constant) == x + y
    assert value(number.minimum(constant)) == min(x, y)
    assert value(constant.maximum(number)) == max(x, y)
    assert answer(number >= constant) is (x >= y)
    assert answer(constant.equals(number)) is (x == y)


def test_columns_of_fitting_and_of_huge_numbers_mix():
    small, huge = known(3), known(10**30)
    both = Interval(column([3, 10**30]), column([3, 10**30]), np.array([False, False]))
    assert (both + small).low.tolist() == [6, 10**30 + 3]
    assert both.minimum(huge).low.tolist() == [3, 10**30]
    assert (both >= huge).true.tolist() == [False, True]


# --- bounds ---------------------------------------------------------------------------

#: A number that is anything from low to high; without upper limit when high is None.
RANGES = st.tuples(
    st.integers(0, 50), st.one_of(st.none(), st.integers(0, 50)), st.sampled_from([1, 2, 10])
).map(lambda r: (r[0], None if r[1] is None else r[0] + r[1], r[2]))


def interval(low: int, high: int | None, scale: int) -> Interval:
    top = low if high is None else high
    return Interval(column([low]), column([top]), np.array([high is None]), scale)


def fillings(data, low: int, high: int | None, scale: int) -> Fraction:
    top = low + 1000 if high is None else high
    return Fraction(data.draw(st.integers(low, top)), scale)


def holds(bounds: Interval, number: Fraction) -> bool:
    low = Fraction(int(np.broadcast_to(bounds.low, 1)[0]), bounds.scale)
    high = Fraction(int(np.broadcast_to(bounds.high, 1)[0]), bounds.scale)
    return low <= number and (bool(np.broadcast_to(bounds.open, 1)[0]) or number <= high)


@given(RANGES, RANGES, st.fractions(0, 10), st.data())
def test_bounds_hold_the_value_whatever_the_blanks_were(left, right, factor, data):
    a, b = interval(*left), interval(*right)
    x, y = fillings(data, *left), fillings(data, *right)
    assert holds(a + b, x + y)
    assert holds(a * b, x * y)
    assert holds(a.minimum(b), min(x, y))
    assert holds(a.maximum(b), max(x, y))
    assert holds(a.floor(), math.floor(x))
    assert holds(a.times(factor), x * factor)
    assert answer(a >= b) in (None, x >= y)
    assert answer(a > b) in (None, x > y)
    assert answer(a.equals(b)) in (None, x == y)


OPEN_FROM_3, FROM_3_TO_5 = (3, None, 1), (3, 5, 1)


@pytest.mark.parametrize(
    ("bounds", "threshold", "expected"),
    [
        (OPEN_FROM_3, 3, True),
        (OPEN_FROM_3, 4, None),
        (FROM_3_TO_5, 3, True),
        (FROM_3_TO_5, 4, None),
        (FROM_3_TO_5, 5, None),
        (FROM_3_TO_5, 6, False),
    ],
)
def test_a_blank_decides_only_when_it_matters(bounds, threshold, expected):
    assert answer(interval(*bounds) >= known(threshold)) is expected


@pytest.mark.parametrize(
    ("bounds", "settled"), [((3, 3, 1), True), (FROM_3_TO_5, False), (OPEN_FROM_3, False)]
)
def test_number_is_known_when_only_one_is_left(bounds, settled):
    assert interval(*bounds).known.tolist() == [settled]


def test_nothing_times_a_blank_is_nothing():
    blank, zero = interval(0, None, 1), known(0)
    assert value(blank * zero) == value(zero * blank) == value(blank.times(Fraction(0))) == 0
    assert answer(blank * known(2) >= known(1)) is None


def test_smaller_of_a_blank_and_a_number_is_at_most_the_number():
    assert answer(known(5) >= interval(0, None, 1).minimum(known(4))) is True
    assert answer(interval(0, None, 1).maximum(known(4)) >= known(4)) is True


# --- truth ----------------------------------------------------------------------------

YES, NO, BLANK = True, False, None


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (YES, YES, YES, YES),
        (YES, NO, NO, YES),
        (YES, BLANK, BLANK, YES),
        (NO, NO, NO, NO),
        (NO, BLANK, NO, BLANK),
        (BLANK, BLANK, BLANK, BLANK),
    ],
)
def test_unknown_decides_only_when_it_matters(left, right, both, either):
    for one, other in ((left, right), (right, left)):
        assert answer(truth(one) & truth(other)) is both
        assert answer(truth(one) | truth(other)) is either


def test_not_unknown_is_unknown():
    assert [answer(~truth(stated)) for stated in (YES, NO, BLANK)] == [NO, YES, BLANK]
    assert truth(BLANK).unknown.tolist() == [True]
