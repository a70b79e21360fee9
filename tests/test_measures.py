"""Measures against figures worked out by hand."""

from fractions import Fraction
from math import isnan, lcm

import numpy as np
import pandas as pd
import pytest

from sanlian_analysis.exact import Interval, Truth
from sanlian_analysis.expressions import ExpressionError
from sanlian_analysis.measures import (
    Areas,
    coverage_rate,
    mean,
    ratio,
    share,
    staffing_ratio,
    total,
)

COUNTY = "140802"


def units(**columns):
    """A table of units of one county, unless `county_code` says otherwise."""
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"county_code": [COUNTY] * size} | columns)


def figures(table):
    """The only row as a dictionary; NaN becomes None."""
    assert len(table) == 1
    row = table.iloc[0].to_dict()
    return {column: None if isnan(number) else number for column, number in row.items()}


# --- columns and areas for the bare measures -------------------------------------------


def answers(text):
    """`"yn?"`: one unit that passes, one that fails, one unknown."""
    signs = np.array(list(text))
    return Truth(signs == "y", signs == "n")


def numbers(*values, at_most=None):
    """Exact numbers as they are written; None is a blank, bounded by `at_most` when given."""
    exact = [None if value is None else Fraction(str(value)) for value in values]
    limits = [None] * len(exact) if at_most is None else [Fraction(limit) for limit in at_most]
    scale = lcm(1, *(value.denominator for value in exact if value is not None))
    low = [0 if value is None else int(value * scale) for value in exact]
    high = [
        int((limit or 0) * scale) if value is None else int(value * scale)
        for value, limit in zip(exact, limits, strict=True)
    ]
    open_ = [v is None and limit is None for v, limit in zip(exact, limits, strict=True)]
    return Interval(np.array(low), np.array(high), np.array(open_), scale)


def everyone(size):
    return np.ones(size, dtype=bool)


def one_area(size):
    return Areas.of(["1"] * size)


def share_of(text, in_scope=None):
    size = len(text)
    mask = everyone(size) if in_scope is None else np.array(in_scope, dtype=bool)
    return share(answers(text), mask, one_area(size))


def mean_of(*values):
    return mean(numbers(*values), everyone(len(values)), one_area(len(values)))


def total_of(*values):
    return total(numbers(*values), everyone(len(values)), one_area(len(values)))


def ratio_of(pairs, *, bounded=True, scale=1):
    parts, wholes = zip(*pairs, strict=True)
    limits = [whole or 0 for whole in wholes] if bounded else None
    known = np.array([part is not None and whole is not None for part, whole in pairs])
    return ratio(
        numbers(*parts, at_most=limits),
        numbers(*wholes),
        known,
        scale,
        everyone(len(pairs)),
        one_area(len(pairs)),
    )


def verdict_of(found, threshold):
    """What rule 15 makes of the two bounds."""
    threshold = Fraction(threshold)
    if found.lower.reaches(threshold)[0]:
        return "met"
    return "not_met" if found.upper.falls_short(threshold)[0] else "undetermined"


def shortfall_of(found, threshold):
    return int(found.lower.shortfall(Fraction(threshold))[0])


def row_of(found):
    return figures(found.frame())


# --- coverage_rate ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ("orgs >= 10", 2),
        ("orgs > 10", 1),
        ("orgs <= 10", 2),
        ("orgs < 10", 1),
        ("orgs == 10", 1),
        ("not orgs >= 10", 1),
    ],
)
def test_a_boundary_belongs_where_the_sign_puts_it(condition, passes):
    found = figures(coverage_rate(units(orgs=[9, 10, 11]), condition))
    assert found["numerator"] == passes
    assert found["denominator"] == 3


def test_coverage_rate_keeps_blanks_in_the_denominator():
    found = figures(coverage_rate(units(orgs=[12, 3, None, None]), "orgs >= 10"))
    assert found == {
        "numerator": 1,
        "denominator": 4,
        "unknown": 2,
        "value": 0.5,
        "lower": 0.25,
        "upper": 0.75,
    }


def test_coverage_rate_with_nothing_but_blanks_has_bounds_and_no_value():
    found = figures(coverage_rate(units(orgs=[None, None]), "orgs >= 10"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (0, 2, 2)
    assert (found["value"], found["lower"], found["upper"]) == (None, 0, 1)


def test_a_column_that_is_absent_is_unknown_for_every_unit():
    found = figures(coverage_rate(units(households=[1, 2, 3]), "orgs >= 10"))
    assert (found["denominator"], found["unknown"], found["value"]) == (3, 3, None)


def test_not_applicable_leaves_the_denominator_and_a_blank_does_not():
    table = units(orgs=[12, None, None])
    table["orgs.not_applicable"] = [False, True, False]
    found = figures(coverage_rate(table, "orgs >= 10"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (1, 2, 1)


def test_an_area_without_units_in_scope_has_no_rate_rather_than_nought():
    table = units(orgs=[None, None])
    table["orgs.not_applicable"] = [True, True]
    found = figures(coverage_rate(table, "orgs >= 10"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (0, 0, 0)
    assert (found["value"], found["lower"], found["upper"]) == (None, None, None)


def test_coverage_rate_has_one_row_per_area_whatever_the_order():
    table = units(orgs=[10, 0, 10, None])
    table["county_code"] = ["210303", "210106", "210106", "210303"]
    found = coverage_rate(table, "orgs >= 10")
    assert found.index.tolist() == ["210106", "210303"]
    assert found.index.name == "county_code"
    assert found["numerator"].tolist() == [1, 1]
    assert found["unknown"].tolist() == [0, 1]


def test_a_rate_over_two_counties_is_pooled_and_not_averaged():
    # 1 of 1 and 1 of 9: together 2 of 10, while the average of the rates is over a half.
    table = units(orgs=[10] + [10] + [0] * 8)
    table["county_code"] = ["140802"] + ["140821"] * 9
    table["city_code"] = "1408"
    by_county = coverage_rate(table, "orgs >= 10")["value"]
    assert by_county.mean() == pytest.approx(5 / 9)
    assert figures(coverage_rate(table, "orgs >= 10", by="city_code"))["value"] == 0.2


@pytest.mark.parametrize(
    ("organisations", "convention", "consultation", "expected"),
    [
        (True, True, True, "passes"),
        (True, True, None, "unknown"),
        (False, None, None, "fails"),
        (None, False, True, "fails"),
        (None, None, None, "unknown"),
    ],
)
def test_one_failing_demand_settles_a_unit_with_blanks(
    organisations, convention, consultation, expected
):
    table = units(
        organisations=[organisations], convention=[convention], consultation=[consultation]
    )
    table = table.astype(dict.fromkeys(["organisations", "convention", "consultation"], "boolean"))
    found = figures(coverage_rate(table, "organisations and convention and consultation"))
    passes, unknown = {"passes": (1, 0), "unknown": (0, 1), "fails": (0, 0)}[expected]
    assert (found["numerator"], found["unknown"], found["denominator"]) == (passes, unknown, 1)


@pytest.mark.parametrize(
    ("area", "population", "expected"),
    [
        (600, 6000, (1, 0)),
        (600, 6001, (0, 0)),  # 100 m² per 1000 is pro rata: 600.1 m²
        (600.1, 6001, (1, 0)),
        (599.9, None, (0, 0)),  # too small whatever the population
        (10**6, None, (0, 1)),
        (None, 0, (0, 1)),
        (599.9, 0, (0, 0)),
    ],
)
def test_the_larger_of_a_floor_and_a_rate(area, population, expected):
    table = units(facility_area=[area], population=[population])
    found = figures(coverage_rate(table, "facility_area >= max(600, 100 * population / 1000)"))
    assert (found["numerator"], found["unknown"]) == expected


@pytest.mark.parametrize(
    ("part", "condition", "whole"),
    [
        (3, "social_work_posts >= 0.3 * posts", 10),
        (29, "social_work_posts >= 0.29 * posts", 100),  # 28.999999999999996 in floating point
        (3, "social_work_posts >= 0.1 * posts", 30),
        (57, "social_work_posts >= 0.57 * posts", 100),  # 56.99999999999999
        (7, "social_work_posts >= 0.07 * posts", 100),  # 7.000000000000001
    ],
)
def test_a_decimal_factor_is_taken_as_it_is_written(part, condition, whole):
    table = units(social_work_posts=[part, part - 1], posts=[whole, whole])
    assert figures(coverage_rate(table, condition))["numerator"] == 1


@pytest.mark.parametrize("computed", [0.7, 0.7000000000000001, 0.1 * 7, 1 - 0.3])
def test_a_computed_seventy_percent_is_seventy_percent(computed):
    found = figures(coverage_rate(units(base_pay_share=[computed]), "base_pay_share == 0.7"))
    assert found["numerator"] == 1


def test_seventy_point_nought_one_percent_is_not_seventy():
    found = figures(coverage_rate(units(base_pay_share=[0.7001]), "base_pay_share == 0.7"))
    assert found["numerator"] == 0


@pytest.mark.parametrize(
    ("new", "whole", "expected"),
    [
        (4, 4, (1, 0)),
        (3, 9, (0, 0)),
        (None, 4, (0, 1)),
        (None, 3, (0, 0)),  # of three organisations four cannot be new
        (None, None, (0, 1)),
    ],
)
def test_an_unknown_part_is_at_most_its_known_whole(new, whole, expected):
    table = units(orgs_new=[new], orgs=[whole])
    found = figures(coverage_rate(table, "orgs_new >= 4"))
    assert (found["numerator"], found["unknown"]) == expected


@pytest.mark.parametrize(
    "condition",
    ["orgz >= 10", "orgs >=", "orgs + 1", "orgs", "__import__('os')", "linkage >= 1", "", "rate"],
)
def test_a_condition_that_means_nothing_is_refused(condition):
    with pytest.raises(ExpressionError):
        coverage_rate(units(orgs=[1], linkage=[True]), condition)


@pytest.mark.parametrize("part", ["linkage", "orgs >= 1", "county.average_wage", "name", ""])
def test_a_number_that_is_none_is_refused(part):
    table = units(orgs=[1], linkage=[True], posts=[1])
    with pytest.raises(ExpressionError):
        staffing_ratio(table, part, "posts")
    with pytest.raises(ExpressionError):
        staffing_ratio(table, "posts", part)


def test_a_misspelt_variable_is_met_with_the_nearest_one():
    with pytest.raises(ExpressionError, match="orgs"):
        coverage_rate(units(orgs=[1]), "orgz >= 10")


# --- staffing_ratio --------------------------------------------------------------------


def test_staffing_ratio_pools():
    # 1 of 2 and 1 of 8 is 2 of 10; the mean of a half and an eighth is not.
    found = figures(
        staffing_ratio(units(social_work_posts=[1, 1], posts=[2, 8]), "social_work_posts", "posts")
    )
    assert (found["numerator"], found["denominator"], found["value"]) == (2, 10, 0.2)
    assert (found["lower"], found["upper"]) == (0.2, 0.2)


def test_staffing_ratio_with_an_unknown_part():
    table = units(certified_members=[4, None], members=[5, 5])
    found = figures(staffing_ratio(table, "certified_members", "members"))
    assert found == {
        "numerator": 4,
        "denominator": 5,
        "unknown": 1,
        "value": 0.8,
        "lower": 0.4,
        "upper": 0.9,
    }


def test_staffing_ratio_with_an_unknown_whole():
    table = units(certified_members=[4, 0], members=[5, None])
    found = figures(staffing_ratio(table, "certified_members", "members"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (4, 5, 1)
    assert (found["value"], found["lower"], found["upper"]) == (0.8, None, None)


def test_staffing_ratio_without_a_limit_for_the_part():
    # An area is no part of the households: its blank has no upper limit.
    table = units(facility_area=[300, None], households=[1000, 1000])
    found = figures(staffing_ratio(table, "facility_area", "households", scale=100))
    assert (found["value"], found["lower"], found["upper"]) == (30, 15, None)


def test_staffing_ratio_counts_a_blank_part_of_nothing_as_unknown():
    table = units(certified_members=[4, None], members=[5, 0])
    found = figures(staffing_ratio(table, "certified_members", "members"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (4, 5, 1)
    assert (found["lower"], found["upper"]) == (0.8, 0.8)


@pytest.mark.parametrize("parts", [[0, 0], [None, 0]])
def test_staffing_ratio_over_nothing_is_no_number(parts):
    table = units(social_work_posts=parts, posts=[0, 0])
    found = figures(staffing_ratio(table, "social_work_posts", "posts"))
    assert (found["value"], found["lower"], found["upper"]) == (None, None, None)


def test_staffing_ratio_leaves_out_who_is_not_concerned():
    table = units(social_work_posts=[1, None], posts=[2, 8])
    table["social_work_posts.not_applicable"] = [False, True]
    found = figures(staffing_ratio(table, "social_work_posts", "posts"))
    assert (found["denominator"], found["unknown"], found["value"]) == (2, 0, 0.5)


def test_staffing_ratio_takes_products():
    # Wages weighted by staff; nobody's wage is unknown where nobody is employed.
    table = units(wage=[50_000.5, 60_000, None], staff=[2, 1, 0])
    found = figures(staffing_ratio(table, "wage * staff", "staff"))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (160_001, 3, 0)
    assert found["value"] == 160_001 / 3


# --- share -----------------------------------------------------------------------------


def test_seventy_nine_and_a_half_percent_is_not_eighty():
    found = share_of("y" * 159 + "n" * 41)
    assert row_of(found)["value"] == 0.795
    assert verdict_of(found, "4/5") == "not_met"
    assert shortfall_of(found, "4/5") == 1
    assert verdict_of(share_of("y" * 160 + "n" * 40), "4/5") == "met"


@pytest.mark.parametrize(
    ("text", "threshold", "verdict", "shortfall"),
    [
        ("yyy" + "n" * 10, "1/5", "met", 0),  # 20 % of 13 is 3
        ("yy" + "n" * 11, "1/5", "not_met", 1),
        ("yy?" + "n" * 10, "1/5", "undetermined", 1),
        ("y??" + "n" * 10, "1/5", "undetermined", 2),
        ("y?" + "n" * 11, "1/5", "not_met", 2),
        ("yyy?" + "n" * 9, "1/5", "met", 0),
        ("ynn", "1/3", "met", 0),
        ("yyynnnnnnn", "1/3", "not_met", 1),
        ("yyyy", "1", "met", 0),
        ("yyy?", "1", "undetermined", 1),
        ("yyn?", "1", "not_met", 2),
        ("????", "1", "undetermined", 4),
    ],
)
def test_share(text, threshold, verdict, shortfall):
    found = share_of(text)
    assert verdict_of(found, threshold) == verdict
    assert shortfall_of(found, threshold) == shortfall


def test_share_counts_only_what_is_in_scope():
    found = row_of(share_of("yn?y", in_scope=[True, True, True, False]))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (1, 3, 1)


def test_share_of_nobody_has_no_value():
    found = share_of("yn?", in_scope=[False, False, False])
    assert not found.applicable[0]
    assert row_of(found)["value"] is None
    assert not found.lower.defined[0]
    assert not found.upper.defined[0]


def test_share_keeps_areas_apart():
    areas = Areas.of(["a", "a", "b", "c"])
    found = share(answers("yny?"), everyone(4), areas).frame()
    assert areas.codes.tolist() == ["a", "b", "c"]
    assert found["numerator"].tolist() == [1, 1, 0]
    assert found["denominator"].tolist() == [2, 1, 1]
    assert found["unknown"].tolist() == [0, 0, 1]


# --- mean ------------------------------------------------------------------------------


def test_mean_divides_by_the_units_and_not_by_those_that_reach():
    found = row_of(mean_of(4, 8, 18))
    assert (found["numerator"], found["denominator"], found["value"]) == (30, 3, 10)
    assert (found["lower"], found["upper"]) == (10, 10)


@pytest.mark.parametrize(
    ("values", "verdict", "shortfall"),
    [
        ((10, 10), "met", 0),
        ((19, 0), "not_met", 1),
        ((19, 1), "met", 0),
        ((19, None), "undetermined", 1),  # above 10 so far, but not over all
        ((0, None), "undetermined", 20),  # no limit to what the blank may hide
        ((20, None), "met", 0),
        ((None, None), "undetermined", 20),
    ],
)
def test_mean(values, verdict, shortfall):
    found = mean_of(*values)
    assert verdict_of(found, 10) == verdict
    assert shortfall_of(found, 10) == shortfall


def test_mean_with_blanks():
    found = row_of(mean_of(9, 6, None))
    assert (found["numerator"], found["denominator"], found["unknown"]) == (15, 3, 1)
    assert (found["value"], found["lower"], found["upper"]) == (7.5, 5, None)


def test_mean_of_ten_tenths_is_a_tenth():
    found = mean_of(*["0.1"] * 10)
    assert row_of(found)["numerator"] == 1
    assert row_of(found)["value"] == 0.1
    assert verdict_of(found, "1/10") == "met"
    assert verdict_of(mean_of(*["0.1"] * 9, "0.09"), "1/10") == "not_met"


def test_shortfall_of_a_mean_of_decimals_is_a_whole_number():
    assert shortfall_of(mean_of("1.5", "1.2"), 2) == 2  # 1.3 are missing


# --- ratio -----------------------------------------------------------------------------


def test_ratio_bounds_run_over_all_units():
    found = ratio_of([(3, 10), (None, 10), (2, 5)])
    row = row_of(found)
    assert (row["numerator"], row["denominator"], row["unknown"]) == (5, 15, 1)
    assert row["value"] == 1 / 3
    assert (row["lower"], row["upper"]) == (0.2, 0.6)
    assert verdict_of(found, "1/5") == "met"
    assert verdict_of(found, "3/5") == "undetermined"
    assert verdict_of(found, "61/100") == "not_met"
    assert shortfall_of(found, "3/5") == 10


@pytest.mark.parametrize(
    ("pairs", "unknown"),
    [
        ([(3, 10), (1, None)], 1),
        ([(3, 10), (0, None)], 1),
        ([(3, 10), (None, None)], 1),
        ([(3, 10), (0, None), (None, None)], 2),
    ],
)
def test_an_unknown_whole_leaves_a_ratio_without_bounds(pairs, unknown):
    found = ratio_of(pairs)
    row = row_of(found)
    assert (row["numerator"], row["denominator"], row["unknown"]) == (3, 10, unknown)
    assert (row["value"], row["lower"], row["upper"]) == (0.3, None, None)
    assert verdict_of(found, "1/10") == "undetermined"
    assert verdict_of(found, 1) == "undetermined"


def test_a_ratio_whose_part_has_no_limit_can_be_met_and_never_failed():
    found = ratio_of([(3, 10), (None, 10)], bounded=False)
    row = row_of(found)
    assert (row["lower"], row["upper"]) == (0.15, None)
    assert verdict_of(found, "3/20") == "met"
    assert verdict_of(found, "4/25") == "undetermined"


def test_a_scaled_ratio():
    # 1499 m² for 3000 households are 49.97 m² per 100: one more is needed.
    found = ratio_of([(1000, 2000), (499, 1000)], bounded=False, scale=100)
    assert row_of(found)["value"] == 149_900 / 3000
    assert verdict_of(found, 50) == "not_met"
    assert shortfall_of(found, 50) == 1
    assert verdict_of(ratio_of([(1000, 2000), (500, 1000)], scale=100), 50) == "met"


def test_a_scaled_shortfall_is_rounded_up():
    # 20 per 10 000 of 10 001 people: 20.002, so 21.
    found = ratio_of([(0, 10_001)], scale=10_000)
    assert shortfall_of(found, 20) == 21
    assert verdict_of(ratio_of([(20, 10_001)], scale=10_000), 20) == "not_met"
    assert verdict_of(ratio_of([(21, 10_001)], scale=10_000), 20) == "met"


@pytest.mark.parametrize("pairs", [[(0, 0)], [(0, 0), (0, 0)], [(500, 0)], [(None, 0), (0, 0)]])
def test_a_ratio_over_nothing_does_not_apply(pairs):
    found = ratio_of(pairs)
    assert not found.applicable[0]
    assert not found.lower.defined[0]
    assert not found.upper.defined[0]


def test_a_ratio_of_which_a_whole_is_unknown_applies():
    assert ratio_of([(0, 0), (None, None)]).applicable[0]


def test_a_part_left_blank_is_unknown_though_its_whole_is_nothing():
    row = row_of(ratio_of([(3, 10), (None, 0)]))
    assert (row["numerator"], row["denominator"], row["unknown"]) == (3, 10, 1)
    assert (row["lower"], row["upper"]) == (0.3, 0.3)


@pytest.mark.parametrize("size", [1, 3])
def test_a_ratio_of_very_large_numbers_stays_exact(size):
    # One in 10**17 decides; a float cannot tell these apart.
    whole = 10**17
    below = ratio_of([(whole - 1, whole)] + [(whole, whole)] * (size - 1))
    assert verdict_of(below, 1) == "not_met"
    assert shortfall_of(below, 1) == 1
    assert verdict_of(ratio_of([(whole, whole)] * size), 1) == "met"


def test_very_large_decimals_do_not_overflow():
    wage, staff = Fraction("123456789012.34"), 10**6
    found = ratio_of([(wage * staff, wage * staff)] * 50, bounded=False, scale=10_000)
    assert verdict_of(found, 10_000) == "met"
    assert row_of(found)["value"] == 10_000


# --- total -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "verdict", "shortfall"),
    [
        ((30, 20), "met", 0),
        ((30, 19), "not_met", 1),
        ((30, None), "undetermined", 20),
        ((50, None), "met", 0),
        ((None, None), "undetermined", 50),
        (("49.5", 0), "not_met", 1),
        (("49.5", "0.5"), "met", 0),
        ((0,), "not_met", 50),
    ],
)
def test_total(values, verdict, shortfall):
    found = total_of(*values)
    assert verdict_of(found, 50) == verdict
    assert shortfall_of(found, 50) == shortfall


def test_total_with_blanks():
    found = row_of(total_of(30, None))
    assert found == {
        "numerator": 30,
        "denominator": 2,
        "unknown": 1,
        "value": 30,
        "lower": 30,
        "upper": None,
    }


def test_total_of_blanks_has_no_value_but_a_lower_bound():
    found = row_of(total_of(None, None))
    assert (found["value"], found["lower"], found["upper"]) == (None, 0, None)


def test_total_of_nought_is_nought():
    found = row_of(total_of(0, 0))
    assert (found["value"], found["lower"], found["upper"]) == (0, 0, 0)


def test_a_sum_of_decimals_is_exact():
    found = total_of("0.1", "0.2")
    assert row_of(found)["value"] == 0.3
    assert verdict_of(found, "3/10") == "met"
    assert verdict_of(found, Fraction(3, 10) + Fraction(1, 10**12)) == "not_met"


def test_no_areas_at_all():
    empty = Areas.of([])
    nobody = np.zeros(0, dtype=bool)
    nothing = Interval(np.zeros(0, dtype=int), np.zeros(0, dtype=int), nobody)
    assert share(Truth(nobody, nobody), nobody, empty).frame().empty
    for measure in (mean, total):
        assert measure(nothing, nobody, empty).frame().empty
    assert ratio(nothing, nothing, nobody, 1, nobody, empty).frame().empty
