"""Least effort, worked out by hand and against everything that could be tried."""

import dataclasses
import itertools
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import CHANGZHOU, LIAONING, LISHUI, POLICY, YANGQUAN, YUNCHENG, rows
from test_planning import F, counties, made, urban
from test_properties import many

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import parse
from sanlian_analysis.language import using
from sanlian_analysis.planning import least_effort, what_if
from sanlian_analysis.planning.curve import BEYOND, CURVE
from sanlian_analysis.policy import Share


def asked(plan, *names):
    return tuple(getattr(plan, name) for name in names)


def lifted(table, *names):
    """Columns of a curve, row by row; None for empty."""
    names = names or ("code", "change", "yes_no")
    cells = [[None if cell is pd.NA else cell for cell in table[name]] for name in names]
    return list(zip(*cells, strict=True))


def with_condition(policy, target, condition, **more):
    """A policy whose target asks for another condition of single units."""
    document = POLICY(policy)
    one = document.target(target)
    reading = dataclasses.replace(one.readings[0], formula=Share(parse(condition)), **more)
    one = dataclasses.replace(one, readings=(reading,))
    return dataclasses.replace(document, targets=(one,))


# --- one number --------------------------------------------------------------------------


@pytest.fixture
def ten():
    """Ten urban communities, 40 % asked for: two pass, two are unknown."""
    return made(urban(LIAONING, "2021-12-31", orgs=[10, 12, None, 9, 4, 7, 9, None, 0, 8]))


def test_the_smallest_set_takes_those_that_lack_least(ten):
    plan = least_effort(ten, "liaoning-2021", "orgs-urban", "210106")
    assert asked(plan, "level", "threshold", "lower", "short") == ("county", F(2, 5), F(1, 5), 2)
    # Two of the eight have to pass: 9 and 9 lack one each.
    assert asked(plan, "reachable", "amount", "yes_no", "effort") == (True, 2, 0, 2)
    assert asked(plan, "unit", "unknown", "unknown_in_set", "by_reporting") == ("个", 2, 0, 2)
    assert lifted(plan.units) == [("210106001004", 1, 0), ("210106001007", 1, 0)]
    assert plan.beyond.empty


def test_the_curve_goes_on_to_the_end(ten):
    curve = least_effort(ten, "liaoning-2021", "orgs-urban", "210106").curve
    assert list(curve.columns) == CURVE
    # 9, 9, 8, 7, 4, then 0 and the unknown ones, which lack all ten, by code.
    assert curve["code"].str[-2:].tolist() == ["", "04", "07", "10", "06", "05", "03", "08", "09"]
    assert curve["effort"].tolist() == [0, 1, 1, 2, 3, 6, 10, 10, 10]
    assert curve["cumulative"].tolist() == [0, 1, 2, 4, 7, 13, 23, 33, 43]
    assert curve["lower"].tolist() == [F(passing, 10) for passing in range(2, 11)]
    assert curve["reaches"].tolist() == [False, False, *[True] * 7]
    assert curve["in_set"].tolist() == [False, True, True, *[False] * 6]
    status = ["", *["fails"] * 5, "unknown", "unknown", "fails"]
    assert curve["status"].tolist() == status
    assert curve["value"].tolist() == [None, 9, 9, 8, 7, 4, None, None, 0]
    assert curve["gap"].tolist() == [None, 1, 1, 2, 3, 6, 10, 10, 10]
    assert curve["within_budget"].isna().all()


def test_a_budget_lifts_as_many_as_it_can(ten):
    plan = least_effort(ten, "liaoning-2021", "orgs-urban", "210106", budget=6)
    # 1 + 1 + 2 = 4; the next lacks three.
    assert asked(plan, "lifted", "left_over", "lower_at_budget") == (3, 2, F(1, 2))
    assert plan.curve["within_budget"].tolist() == [True] * 4 + [False] * 5
    plan = least_effort(ten, "liaoning-2021", "orgs-urban", "210106", budget=0)
    assert asked(plan, "lifted", "left_over", "lower_at_budget") == (0, 0, F(1, 5))
    plan = least_effort(ten, "liaoning-2021", "orgs-urban", "210106", budget=1000)
    assert asked(plan, "lifted", "left_over", "lower_at_budget") == (8, 957, 1)


def test_a_later_milestone(ten):
    plan = least_effort(ten, "liaoning-2021", "orgs-urban", "21", milestone="2022-12-31")
    # 8 of 10: 1 + 1 + 2 + 3 + 6 and one of the unknown.
    assert asked(plan, "threshold", "short", "effort") == (F(4, 5), 6, 23)
    assert asked(plan, "unknown_in_set", "by_reporting") == (1, None)


def test_reached_already(ten):
    there = made(urban(LIAONING, "2021-12-31", orgs=[10, 10, 0]))
    plan = least_effort(there, "liaoning-2021", "orgs-urban", "210106")
    assert asked(plan, "short", "reachable", "effort", "by_reporting") == (0, True, 0, 0)
    assert plan.units.empty


def test_the_summary_is_one_row_without_the_tables(ten):
    summary = least_effort(ten, "liaoning-2021", "orgs-urban", "210106").summary
    assert len(summary) == 1
    assert summary.loc[0, "lower"] == F(1, 5)
    assert not {"curve", "beyond"} & set(summary.columns)


def test_parts_of_a_unit_count_as_whole_ones():
    there = made(
        urban(YUNCHENG, "2019-12-31", linkage=[True] * 3, venue_area=[345.6, 499.99, 500.0])
    )
    plan = least_effort(there, "yuncheng-2019", "venue-urban", "140802")
    assert lifted(plan.units, "value", "gap", "change") == [
        (F("499.99"), F("0.01"), 1),
        (F("345.6"), F("154.4"), 155),
    ]
    assert asked(plan, "amount", "unit") == (156, "m²")


def test_more_than_nothing_is_one_whole_unit():
    there = made(urban(YUNCHENG, "2019-12-31", linkage=[True] * 2, purchase=[0.0, 0.1]))
    plan = least_effort(there, "yuncheng-2019", "purchase", "140802")
    assert lifted(plan.units, "value", "change", "effort") == [(0, 1, 1)]


# --- several demands, yes and no ---------------------------------------------------------


def test_a_yes_that_is_missing_is_one_step():
    there = made(
        urban(
            YUNCHENG,
            "2019-12-31",
            linkage=[True, True, True, None, False],
            organisations=[True, False, None, True, False],
            convention=[True, True, False, True, False],
            consultation=[True, True, None, True, False],
        )
    )
    plan = least_effort(there, "yuncheng-2019", "institutions", "140802")
    # The fifth carries out no linkage and is out of scope; of the fourth that is unknown.
    assert lifted(plan.units, "code", "status", "amount", "yes_no") == [
        ("140802001002", "fails", 0, 1),
        ("140802001004", "unknown", 0, 1),
        ("140802001003", "fails", 0, 3),
    ]
    assert asked(plan, "amount", "yes_no", "effort", "unknown_in_set") == (0, 5, 5, 1)


def test_numbers_and_yes_add_up_in_columns_of_their_own():
    policy = with_condition("liaoning-2021", "orgs-urban", "orgs >= 10 and organisations")
    there = made(urban(LIAONING, "2023-12-31", orgs=[9, 8, 12], organisations=[False, True, False]))
    plan = least_effort(there, policy, "orgs-urban", "21")
    assert lifted(plan.curve, "code", "amount", "yes_no", "effort")[1:] == [
        ("210106001003", 0, 1, 1),
        ("210106001001", 1, 1, 2),
        ("210106001002", 2, 0, 2),
    ]


@pytest.mark.parametrize(
    ("condition", "units", "efforts"),
    [
        # of alternatives the least
        ("orgs >= 10 or staff >= 6", [{"orgs": 4, "staff": 5}, {"orgs": 9, "staff": 0}], [1, 1]),
        (
            "orgs >= 10 or linkage",
            [{"orgs": 3, "linkage": False}, {"orgs": 9, "linkage": None}],
            [1, 1],
        ),
        # several demands on one variable count once, by the strictest
        ("orgs >= 4 and orgs >= 7", [{"orgs": 2}, {"orgs": 5}], [2, 5]),
        ("orgs > 4 and orgs < 8", [{"orgs": 2}, {"orgs": 9}], [2, 3]),
        ("4 <= orgs <= 8", [{"orgs": 2}, {"orgs": 9}], [1, 2]),
        ("orgs == 5", [{"orgs": 2}, {"orgs": 9}], [3, 4]),
        ("open_hours == 8", [{"open_hours": 7.5}, {"open_hours": 9.2}], [1, 2]),
        ("not orgs < 5", [{"orgs": 2}, {"orgs": 4}], [1, 3]),
        (
            "not (orgs >= 5 or linkage)",
            [{"orgs": 7, "linkage": True}, {"orgs": 0, "linkage": True}],
            [1, 4],
        ),
        ("not orgs == 5", [{"orgs": 5}], [1]),
        # a number on the left, a multiple, a sum
        ("10 <= orgs", [{"orgs": 4}], [6]),
        ("2 * orgs >= 9", [{"orgs": 4}, {"orgs": 0}], [1, 5]),
        ("orgs / 2 + 1 >= 4", [{"orgs": 4}], [2]),
        ("orgs + staff >= 9", [{"orgs": 4, "staff": 1}], [4]),
        ("orgs - 2 > 3", [{"orgs": 5}], [1]),
    ],
)
def test_conditions_of_every_kind(condition, units, efforts):
    policy = with_condition("liaoning-2021", "orgs-urban", condition)
    names = dict.fromkeys(name for unit in units for name in unit)
    columns = {name: [unit[name] for unit in units] for name in names}
    there = made(urban(LIAONING, "2023-12-31", **columns))
    plan = least_effort(there, policy, "orgs-urban", "21")
    assert plan.curve["effort"].tolist()[1:] == efforts
    assert plan.beyond.empty


@pytest.mark.parametrize(
    "condition",
    [
        "min(orgs, staff) >= 3",  # which of the two?
        "orgs * staff >= 3",
        "orgs + 2 * staff >= 3",  # which of the two?
        "orgs >= 0.5 * orgs + 3",  # the bar moves along
        "county.clinics >= 3",  # is not the community's own
        "orgs >= 3 and orgs + staff >= 9",  # two different sums with orgs
        "certified_members >= 0.8 * members and members >= 5",  # more members, a higher bar
    ],
)
def test_what_is_missing_cannot_always_be_told(condition):
    policy = with_condition("liaoning-2021", "orgs-urban", condition)
    there = made(urban(LIAONING, "2023-12-31", orgs=[1], staff=[1]))
    with pytest.raises(SanlianError, match=r"说不出差多少|算不出最少"):
        least_effort(there, policy, "orgs-urban", "21")
    with using("en"), pytest.raises(SanlianError, match=r"cannot be told|cannot be worked out"):
        least_effort(there, policy, "orgs-urban", "21")


def test_too_many_alternatives_are_refused():
    condition = " and ".join(f"(orgs >= {k} or linkage)" for k in range(9))
    policy = with_condition("liaoning-2021", "orgs-urban", condition)
    there = made(urban(LIAONING, "2023-12-31", orgs=[1]))
    with pytest.raises(SanlianError, match="256"):
        least_effort(there, policy, "orgs-urban", "21")


# --- what no addition is certain to bring ------------------------------------------------


def test_a_bar_that_is_unknown_can_only_be_settled_by_reporting():
    # 100 m² per 1000 residents, at least 600.
    there = made(
        urban(
            CHANGZHOU,
            "2020-12-31",
            facility_area=[500.0, 700.0, 800.0],
            population=[3000, None, 9000],
        )
    )
    plan = least_effort(there, "changzhou-2018", "facility", "320402")
    assert lifted(plan.curve, "code", "change")[1:] == [
        ("320402001001", 100),
        ("320402001003", 100),
    ]
    assert list(plan.beyond.columns) == BEYOND
    assert lifted(plan.beyond, "code", "status", "value") == [("320402001002", "unknown", 700)]
    assert asked(plan, "short", "reachable", "effort") == (3, False, None)
    assert not plan.curve["in_set"].any()


def test_a_maximum_cannot_be_passed():
    policy = with_condition("liaoning-2021", "orgs-urban", "functions >= 6 or orgs >= 10")
    there = made(urban(LIAONING, "2023-12-31", orgs=[0], functions=[5]))
    assert least_effort(there, policy, "orgs-urban", "21").effort == 10
    policy = with_condition("liaoning-2021", "orgs-urban", "functions >= 6")
    plan = least_effort(there, policy, "orgs-urban", "21")
    assert asked(plan, "reachable", "effort") == (False, None)
    assert len(plan.beyond) == 1


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        ("4 < orgs < 5", False),  # no whole number lies between
        ("4 < open_hours < 5", True),  # four and a half hours do
        ("4 < open_hours and open_hours <= 4", False),
        ("2 * orgs == 9", False),
        ("2 * orgs == 8", True),
    ],
)
def test_what_is_counted_changes_by_whole_numbers(condition, possible):
    policy = with_condition("liaoning-2021", "orgs-urban", condition)
    columns = {"orgs": [1, 9], "open_hours": [1.0, 9.0]}
    there = made(urban(LIAONING, "2023-12-31", **columns))
    plan = least_effort(there, policy, "orgs-urban", "21")
    assert (len(plan.curve) - 1, len(plan.beyond)) == ((2, 0) if possible else (0, 2))


def test_not_applicable_leaves_the_scope():
    there = made(urban(LIAONING, "2023-12-31", orgs=["不适用", 9]))
    plan = least_effort(there, "liaoning-2021", "orgs-urban", "21")
    assert lifted(plan.curve)[1:] == [("210106001002", 1, 0)]
    there = made(rows(LIAONING, "2023-12-31", "rural", orgs=[9]))
    plan = least_effort(there, "liaoning-2021", "orgs-urban", "21")
    assert asked(plan, "lower", "short", "reachable", "effort") == (None, None, None, None)
    assert len(plan.curve) == 1


# --- bands, shares that are set, streets, growth, scores ---------------------------------


def test_a_band_is_entered_at_its_nearest_end():
    # 6 to 12, above 2000 households one more per 300.
    there = made(
        urban(
            LISHUI,
            "2020-12-31",
            staff=[4, 14, 14, None, 13],
            households=[500, 500, 2600, 500, None],
        )
    )
    plan = least_effort(there, "lishui-2018", "staff", "331102")
    # Of the fifth the ceiling is unknown, at least 12: one fewer is certain.
    assert lifted(plan.curve, "code", "status", "gap", "change")[1:] == [
        ("331102001005", "unknown", -1, -1),
        ("331102001001", "fails", 2, 2),
        ("331102001002", "fails", -2, -2),
        ("331102001004", "unknown", 6, 6),
    ]
    assert asked(plan, "amount", "unit") == (11, "人")


def test_a_share_is_set_in_one_step():
    there = made(urban(LISHUI, "2020-12-31", base_pay_share=[0.7, 0.6, 0.9, None]))
    plan = least_effort(there, "lishui-2018", "base-pay", "331102")
    assert asked(plan, "amount", "yes_no", "effort") == (0, 3, 3)


def test_the_bar_may_depend_on_the_area():
    there = made(
        urban(LISHUI, "2020-12-31", service_fund=[4.5])
        + urban("3311210010", "2020-12-31", service_fund=[4.5])
    )
    plan = least_effort(there, "lishui-2018", "service-fund", "3311")
    assert lifted(plan.units, "code", "gap", "change") == [
        ("331121001001", F(1, 2), 1),
        ("331102001001", F(11, 2), 6),
    ]


def test_streets_lack_communities_and_may_have_too_few():
    two = urban("1403020010", "2016-06-30", governance_new=[True, False, False])
    one = urban("1403020020", "2016-06-30", governance_new=[False])
    plan = least_effort(made(two + one), "yangquan-2015", "governance-street", "140302")
    assert lifted(plan.curve, "code", "value", "change")[1:] == [("140302001", 1, 1)]
    assert plan.beyond["code"].tolist() == ["140302002"]  # two are asked for, there is one
    assert plan.reachable is False


def test_growth_has_to_pass_the_previous_figure():
    communities = [
        {"code": f"{county}001001", "date": date, "settlement": "urban"}
        for county in ("140302", "140303", "140304")
        for date in ("2016-06-30", "2017-06-30")
    ]
    codes = ["140302", "140303", "140304"]
    there = made(
        communities,
        counties=counties("2016-06-30", codes, funding=[10.5, 3.0, None])
        + counties("2017-06-30", codes, funding=[8.0, 4.0, 7.0]),
    )
    plan = least_effort(there, "yangquan-2015", "funding-growth", "14")
    assert lifted(plan.curve, "code", "gap", "change")[1:] == [("140302", F(5, 2), 3)]
    assert plan.beyond["code"].tolist() == ["140304"]


def test_growth_of_a_sum_over_communities():
    def at_date(date, certified):
        return urban(YUNCHENG, date, certified_members=certified)

    there = made(at_date("2019-12-31", [3, 4, None]) + at_date("2020-12-31", [2, 3, 9]))
    given_ = ["yuncheng-2019/certification-growth=100%"]
    plan = least_effort(
        there, "yuncheng-2019", "certification-growth", "140802", assumptions=given_
    )
    # 2 + 3 against 3 + 4 of the communities known at both dates: 3 more.
    assert lifted(plan.units, "value", "gap", "change") == [(5, 2, 3)]
    first = least_effort(
        there, "yuncheng-2019", "certification-growth", "140802", "2019-12-31", assumptions=given_
    )
    assert asked(first, "reachable", "effort") == (False, None)


def test_scores():
    points = [5, 5, 8, 5, 10, 5, 5, 10, 8, 5, 8, 8, 8, 10]
    there = made(
        urban(YUNCHENG, "2019-12-31", linkage=[True, True]),
        scores=[
            {"code": "140802001001", "date": "2019-12-31"}
            | {f"score_{n}": float(p) for n, p in enumerate(points, start=1)}
            | {"score_14": 1.5},  # 91.5 of 100
            {"code": "140802001002", "date": "2019-12-31"}
            | {f"score_{n}": float(p) for n, p in enumerate(points[:-2], start=1)},  # 82 known
        ],
    )
    plan = least_effort(there, "yuncheng-2019", "score-model", "140802")
    assert plan.threshold is None
    assert asked(plan, "short", "reachable", "effort") == (None, None, None)
    assert lifted(plan.curve, "value", "gap", "change")[1:] == [
        (F(183, 2), F(7, 2), 4),
        (None, 13, 13),
    ]
    assert plan.curve["reaches"].isna().all()


def test_standards_of_the_other_settlement_type_are_waived():
    there = made(
        rows(
            YUNCHENG,
            "2020-12-31",
            "rural",
            linkage=[False],
            convention=[True],
            venue_area=[0.0],
            orgs=[3],
            social_workers=[1],
        )
    )
    plan = least_effort(there, "yuncheng-2019", "linkage", "140802", reading="to-standard")
    # Due in 2020: convention, venue (urban), organisations (5 in villages), a social worker.
    assert lifted(plan.units, "amount", "yes_no") == [(2, 1)]


# --- means, ratios, totals ---------------------------------------------------------------


def test_means_lack_a_sum():
    there = made(urban(CHANGZHOU, "2020-12-31", orgs=[12, 3, None]))
    plan = least_effort(there, "changzhou-2018", "orgs-urban", "320402", budget=6)
    # 10 × 3 − 15
    assert asked(plan, "short", "amount", "effort", "unit", "unknown") == (15, 15, 15, "个", 1)
    assert lifted(plan.curve, "cumulative", "numerator", "denominator", "lower", "reaches") == [
        (0, 15, 3, 5, False),
        (6, 21, 3, 7, False),
        (15, 30, 3, 10, True),
    ]
    assert asked(plan, "lower_at_budget", "left_over", "lifted") == (7, 0, None)
    assert plan.curve["in_set"].tolist() == [False, False, True]


def test_ratios_lack_parts_and_cannot_be_told_without_the_wholes():
    there = made(urban(CHANGZHOU, "2020-12-31", social_work_posts=[1, None], posts=[7, 4]))
    plan = least_effort(there, "changzhou-2018", "posts-urban", "320402")
    # 30 % of 11 is 3.3: 4 − 1
    assert asked(plan, "lower", "amount", "reachable") == (F(1, 11), 3, True)
    there = made(urban(CHANGZHOU, "2020-12-31", social_work_posts=[1, 1], posts=[7, None]))
    plan = least_effort(there, "changzhou-2018", "posts-urban", "320402", budget=3)
    assert asked(plan, "lower", "amount", "reachable", "lower_at_budget") == (
        None,
        None,
        False,
        None,
    )
    assert plan.curve.empty


def test_ratios_with_a_scale_and_totals():
    there = made(urban(YANGQUAN, "2018-06-30", facility_area=[30.5, 30.0], households=[100, 200]))
    plan = least_effort(there, "yangquan-2015", "facility-ratio", "140302")
    assert asked(plan, "amount", "unit") == (90, "m²")  # 150 − 60.5 is 89.5
    assert plan.curve["lower"].iloc[-1] == F("150.5") / 3
    there = made(
        [{"code": "210106001001", "date": "2023-12-31", "settlement": "urban"}],
        counties=counties("2023-12-31", ["210106"], brand_orgs=[46]),
    )
    assert least_effort(there, "liaoning-2021", "brand-orgs", "21").amount == 4


# --- what cannot be asked ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "zh", "en"),
    [
        ({"area": "210107"}, "没有地区 '210107'；是否想写 '2101", "no area '210107'"),
        ({"area": "?"}, "没有地区", "no area"),
        ({"milestone": "2020-12-31"}, "没有 2020-12-31 到期", "nothing is due on 2020-12-31"),
        ({"budget": -1}, "预算应为", "use 0, 1, 2"),
        ({"budget": 1.5}, "预算应为", "use 0, 1, 2"),
        ({"budget": True}, "预算应为", "use 0, 1, 2"),
        ({"date": "2020-01-01"}, "没有统计时点", "no snapshot"),
    ],
)
def test_what_is_not_there_is_refused(ten, changed, zh, en):
    given_ = {"policy": "liaoning-2021", "target": "orgs-urban", "area": "210106"} | changed
    with pytest.raises(SanlianError, match=zh):
        least_effort(ten, **given_)
    with using("en"), pytest.raises(SanlianError, match=en):
        least_effort(ten, **given_)


# --- nothing smaller reaches it ----------------------------------------------------------


def reaches(values, added, bar, wanted):
    """Whether so many units stand at the bar: an unknown one counts what is added alone."""
    sums = [(value or 0) + more for value, more in zip(values, added, strict=True)]
    return sum(number >= bar for number in sums) >= wanted


def fewest(values, bar, threshold):
    """The least sum of additions, by trying every way to hand them out."""
    wanted = -(-threshold.numerator * len(values) // threshold.denominator)
    for total in itertools.count():
        cuts = itertools.combinations(range(total + len(values) - 1), len(values) - 1)
        for cut in cuts:
            ends = [-1, *cut, total + len(values) - 1]
            added = [after - before - 1 for before, after in itertools.pairwise(ends)]
            if reaches(values, added, bar, wanted):
                return total
    raise AssertionError


small = st.lists(st.sampled_from([None, 0, 1, 2, 3, 4]), min_size=1, max_size=4)


@given(small, st.integers(1, 4), st.fractions(0, 1, max_denominator=6))
@settings(many, max_examples=40)
def test_no_other_additions_are_fewer(values, bar, threshold):
    policy = with_condition("liaoning-2021", "orgs-urban", f"orgs >= {bar}")
    (target,) = policy.targets
    stone = dataclasses.replace(target.milestones[0], threshold=threshold)
    policy = dataclasses.replace(
        policy, targets=(dataclasses.replace(target, milestones=(stone,)),)
    )
    there = made(urban(LIAONING, "2021-12-31", orgs=values))
    plan = least_effort(there, policy, "orgs-urban", "210106")
    assert plan.effort == fewest(values, bar, threshold)
    assert len(plan.units) == plan.short


counts = st.lists(st.sampled_from([None, 0, 3, 8, 9, 10, 12]), min_size=1, max_size=8)


@given(counts, st.integers(0, 40))
@settings(many, max_examples=40)
def test_the_curve_rises_ever_more_slowly_and_the_budget_stands_on_it(orgs, budget):
    there = made(urban(LIAONING, "2021-12-31", orgs=orgs))
    plan = least_effort(there, POLICY("liaoning-2021"), "orgs-urban", "210106", budget=budget)
    curve = plan.curve
    assert curve["effort"].tolist()[1:] == sorted(curve["effort"].tolist()[1:])
    assert curve["cumulative"].tolist() == list(itertools.accumulate(curve["effort"].tolist()))
    assert curve["lower"].is_monotonic_increasing
    assert curve["lower"].iloc[-1] == 1
    spent = curve.loc[curve["step"] == plan.lifted, "cumulative"].iloc[0]
    assert spent + plan.left_over == budget
    beyond = curve.loc[curve["step"] == plan.lifted + 1, "effort"]
    assert beyond.empty or beyond.iloc[0] > plan.left_over
    assert plan.curve.loc[plan.curve["reaches"].astype(bool), "cumulative"].min() == plan.effort


@given(counts)
@settings(many, max_examples=30)
def test_who_does_what_the_set_says_meets_the_target(orgs):
    there = made(urban(LIAONING, "2022-12-31", orgs=orgs))
    policy = POLICY("liaoning-2021")
    units = least_effort(there, policy, "orgs-urban", "210106").units
    values = [
        f"{change:+d}" if status == "fails" else change
        for change, status in zip(units["change"], units["status"], strict=True)
    ]
    changes = pd.DataFrame({"code": units["code"], "variable": "orgs", "value": values})
    results = what_if(there, changes, policy).results
    row = results[(results["target"] == "orgs-urban") & (results["area_code"] == "210106")].iloc[0]
    assert row["verdict_after"] == "met"
    assert row["lower_after"] >= row["threshold"] == float(Fraction(4, 5))
