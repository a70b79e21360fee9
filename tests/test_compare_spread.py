"""Inequality against closed forms, and what must not change it."""

import math
from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import LIAONING, rows
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.compare import lorenz, spread, spread_parts
from sanlian_analysis.compare.spread import COLUMNS, PART_COLUMNS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.units import units_at

many = settings(max_examples=60)


def units(*counties, **more):
    """Units with a number each: one list per county."""
    table = pd.DataFrame(
        [
            {"code": f"{140801 + county}001{place:03d}", "x": number}
            for county, numbers in enumerate(counties)
            for place, number in enumerate(numbers)
        ]
    )
    return table.assign(x=table["x"].astype("Float64"), **more)


def measured(*counties):
    return spread(units(*counties), "x").iloc[0]


# --- closed forms ------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, 0.1, 7 / 3, 1e9])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_equal_numbers_are_exactly_0(number, size):
    one = measured([number] * size, [number] * 3)
    assert (one["theil"], one["within"], one["between"], one["gini"]) == (0, 0, 0, 0)


@pytest.mark.parametrize("size", [2, 3, 10, 100])
def test_one_holder_of_everything(size):
    one = measured([0] * (size - 1) + [5])
    assert one["theil"] == pytest.approx(log(size), abs=1e-15)
    assert one["gini"] == (size - 1) / size
    assert (one["within"], one["between"]) == (one["theil"], 0)


def test_1_and_3_by_hand():
    # μ = 2: T = ½ (½ ln ½ + 3/2 ln 3/2); G = ((−1)·1 + 1·3) ÷ (2 · 4)
    one = measured([1, 3])
    assert one["theil"] == pytest.approx((0.5 * log(0.5) + 1.5 * log(1.5)) / 2, abs=1e-15)
    assert one["gini"] == 0.25


def test_gini_of_the_first_whole_numbers():
    # G of 1 … n is (n² − 1) ÷ 3n ÷ (n + 1) = (n − 1) ÷ 3n
    assert measured(range(1, 11))["gini"] == pytest.approx(9 / 30, abs=1e-15)


def test_between_alone_and_within_alone():
    # 1, 1 | 3, 3: shares of the total ¼ and ¾ against ½ of the units each.
    between = 0.25 * log(0.5) + 0.75 * log(1.5)
    one = measured([1, 1], [3, 3])
    assert (one["within"], one["groups"]) == (0, 2)
    assert one["between"] == pytest.approx(between, abs=1e-15)
    one = measured([1, 3], [3, 1])
    assert one["between"] == 0
    assert one["within"] == pytest.approx(between, abs=1e-15)


def test_parts_by_hand():
    # A: 1, 3; B: 4; 2 of 3 units have half of 8. s = ½ each, n_g/n = 2/3 and 1/3.
    parts = spread_parts(units([1, 3], [4]), "x").set_index("area_code")
    own = (0.5 * log(0.5) + 1.5 * log(1.5)) / 2
    assert list(parts.reset_index().columns) == PART_COLUMNS
    a, b = parts.loc["140801"], parts.loc["140802"]
    assert (a["total"], a["mean"], a["total_share"], a["gini"]) == (4, 2, 0.5, 0.25)
    assert a["units_share"] == 2 / 3
    assert a["within"] == pytest.approx(own / 2, abs=1e-15)
    assert a["between"] == pytest.approx(0.5 * log(0.75), abs=1e-15)
    assert b["between"] == pytest.approx(0.5 * log(1.5), abs=1e-15)
    assert (b["theil"], b["within"]) == (0, 0)


def test_an_area_where_all_are_0_adds_nothing_within():
    one, parts = measured([0, 0], [2, 2]), spread_parts(units([0, 0], [2, 2]), "x")
    assert one["within"] == 0
    assert one["theil"] == one["between"] == pytest.approx(log(2), abs=1e-15)
    assert parts.loc[0, ["within", "between", "total"]].tolist() == [0, 0, 0]
    assert math.isnan(parts.loc[0, "theil"])


@pytest.mark.parametrize("numbers", [[], [0], [0, 0, 0], [None, None]])
def test_nothing_to_distribute_is_nan(numbers):
    table = pd.DataFrame({"code": [f"140802001{i:03d}" for i in range(len(numbers))]}, dtype="str")
    table["x"] = pd.array(numbers, dtype="Float64")
    one = spread(table, "x").iloc[0]
    assert all(math.isnan(one[column]) for column in ("theil", "within", "between", "gini"))
    assert one["units"] == sum(number is not None for number in numbers)
    curve = lorenz(table, "x")
    assert curve["total"].isna().all()
    assert len(curve) == one["units"] + 1


# --- what is counted ---------------------------------------------------------------------


def test_missing_and_not_applicable_are_left_out_and_counted():
    table = units([1, 3, None, None], [None])
    table["x.not_applicable"] = [False, False, True, False, False]
    [one] = spread(table, ["x"]).to_dict("records")
    assert list(one) == COLUMNS
    assert (one["units"], one["missing"], one["not_applicable"]) == (2, 2, 1)
    assert (one["groups"], one["gini"], one["mean"], one["total"]) == (1, 0.25, 2, 4)
    parts = spread_parts(table, "x").set_index("area_code")
    assert parts.loc["140802", ["units", "missing", "not_applicable"]].tolist() == [0, 1, 0]
    assert math.isnan(parts.loc["140802", "total_share"])


def test_units_of_the_type_other_never_count():
    table = units([1, 3, 50], settlement=["urban", "rural", "other"])
    assert spread(table, "x").iloc[0]["total"] == 4
    assert spread(table, "x", settlement="urban").iloc[0]["units"] == 1
    assert lorenz(table, "x", settlement="rural")["units"].tolist() == [0, 1]


def test_several_variables_and_levels_of_a_ledger(ledger):
    there = ledger(
        communities=rows(LIAONING, "2021-12-31", orgs=[1, 3, None], households=[5, 5, 5])
        + rows("2101060020", "2021-12-31", orgs=[4], households=[5])
    )
    table = spread(units_at(there, there.dates[0]), ["orgs", "households"], "street")
    assert table["variable"].tolist() == ["orgs", "households"]
    assert table["groups"].tolist() == [2, 2]
    assert table["missing"].tolist() == [1, 0]
    assert table.loc[1, "theil"] == 0
    assert table.loc[0, "between"] == pytest.approx(0.5 * log(0.75) + 0.5 * log(1.5), abs=1e-15)


def test_rows_of_the_results_table(ledger):
    # Two counties of one city: 1 of 2 and 2 of 2 units pass: 0.5 and 1, and so 1/6.
    there = ledger(
        communities=rows(LIAONING, "2021-12-31", orgs=[10, 3])
        + rows("2101110010", "2021-12-31", orgs=[10, 10])
    )
    results = evaluate(there, "liaoning-2021")
    wanted = (results["target"] == "orgs-urban") & (results["level"] == "county")
    one = spread(results[wanted], "value", "city").iloc[0]
    assert (one["units"], one["groups"], one["mean"]) == (2, 1, 0.75)
    assert one["gini"] == pytest.approx(1 / 6, abs=1e-15)
    with pytest.raises(SanlianError, match="有两行；请只留一个目标"):
        spread(results[results["level"] == "county"], "value", "city")


# --- the curve ---------------------------------------------------------------------------


def test_lorenz_by_hand():
    curve = lorenz(units([3, 0], [1]), "x")
    assert curve["units"].tolist() == [0, 1 / 3, 2 / 3, 1]
    assert curve["total"].tolist() == [0, 0, 0.25, 1]


numbers = st.lists(st.integers(0, 1000).map(lambda n: n / 10), min_size=1, max_size=12)
several = st.lists(numbers, min_size=1, max_size=4).filter(lambda lists: any(map(any, lists)))


@many
@given(several)
def test_the_curve_bends_down_and_gives_gini(lists):
    curve = lorenz(units(*lists), "x")
    shares, totals = curve["units"].to_numpy(), curve["total"].to_numpy()
    assert (totals <= shares + 1e-12).all()
    assert (np.diff(totals, 2) >= -1e-12).all()
    area = float(np.sum(np.diff(shares) * (totals[1:] + totals[:-1])))
    assert measured(*lists)["gini"] == pytest.approx(1 - area, abs=1e-12)


# --- what must always hold ---------------------------------------------------------------


@many
@given(several)
def test_within_and_between_add_up(lists):
    one, parts = measured(*lists), spread_parts(units(*lists), "x")
    assert one["within"] + one["between"] == pytest.approx(one["theil"], abs=1e-12)
    assert parts["within"].sum() == pytest.approx(one["within"], abs=1e-12)
    assert parts["between"].sum() == pytest.approx(one["between"], abs=1e-12)
    assert -1e-12 <= one["theil"] <= log(sum(map(len, lists))) + 1e-12
    assert one["within"] >= -1e-12
    assert one["between"] >= -1e-12
    assert 0 <= one["gini"] <= (sum(map(len, lists)) - 1) / sum(map(len, lists))


@many
@given(several)
def test_against_the_definitions(lists):
    flat = np.array([number for one in lists for number in one])
    relative = flat[flat > 0] / flat.mean()
    assert measured(*lists)["theil"] == pytest.approx(
        float((relative * np.log(relative)).sum() / len(flat)), abs=1e-12
    )
    differences = np.abs(flat[:, None] - flat[None, :]).mean()
    assert measured(*lists)["gini"] == pytest.approx(differences / (2 * flat.mean()), abs=1e-12)


def same(one, other):
    for column in ("theil", "within", "between", "gini"):
        assert one[column] == pytest.approx(other[column], abs=1e-12)


@many
@given(several, st.sampled_from([2, 10, 1000, 12345]), st.randoms(use_true_random=False))
def test_scale_order_and_repetition_change_nothing(lists, factor, random):
    one = measured(*lists)
    same(one, measured(*([number * factor for number in numbers] for numbers in lists)))
    same(one, measured(*(numbers * 3 for numbers in lists)))
    shuffled = [random.sample(numbers, len(numbers)) for numbers in lists]
    same(one, measured(*shuffled))
    table = units(*lists)
    same(one, spread(table.sample(frac=1, random_state=factor), "x").iloc[0])


@many
@given(several)
def test_a_gift_from_the_richest_to_the_poorest_makes_it_less(lists):
    flat = sorted(number for one in lists for number in one)
    if flat[-1] - flat[0] < 1:
        return
    evened = [flat[0] + 0.1, *flat[1:-1], flat[-1] - 0.1]
    before, after = measured(flat), measured(evened)
    assert after["theil"] < before["theil"]
    assert after["gini"] < before["gini"]


# --- input that cannot be used -----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "arguments", "zh", "en"),
    [
        ({}, ("y",), "没有这一列", "no such column"),
        ({"staff": 1}, ("staf",), "是否想写 'staff'", "did you mean"),
        ({"x": "many"}, ("x",), "不是数值列", "not a column of numbers"),
        ({"x": True}, ("x",), "不是数值列", "not a column of numbers"),
        ({"x": [1, -1]}, ("x",), "-1 不能比较", "-1 cannot be compared"),
        ({"x": [1, float("inf")]}, ("x",), "inf 不能比较", "inf cannot be compared"),
        ({}, ("x", "village"), "可用：street、county、city、province", "use street, county"),
        ({"code": ["1408", "1409"]}, ("x", "county"), "可用：city、province", "use city"),
        ({"code": "140802001001"}, ("x",), "有两行", "has two rows"),
    ],
)
def test_input_that_cannot_be_used(change, arguments, zh, en):
    table = units([1, 3]).assign(**change)
    for ask in (spread, spread_parts):
        with pytest.raises(SanlianError, match=zh):
            ask(table, *arguments)
        with using("en"), pytest.raises(SanlianError, match=en):
            ask(table, *arguments)


@pytest.mark.parametrize("settlement", ["other", "town"])
def test_another_settlement_type(settlement):
    table = units([1, 3], settlement="urban")
    with pytest.raises(SanlianError, match="可用：urban、rural"):
        spread(table, "x", settlement=settlement)
    with pytest.raises(SanlianError, match="没有这种居住类型"):
        lorenz(units([1, 3]), "x", settlement="urban")


def test_what_came_of_simulated_data_says_so():
    table = units([1, 3])
    table.attrs["simulated"] = True
    for found in (spread(table, "x"), spread_parts(table, "x"), lorenz(table, "x")):
        assert found.attrs == {"simulated": True}


def test_a_table_without_codes():
    with pytest.raises(SanlianError, match="没有代码列"):
        lorenz(units([1, 3]).drop(columns="code"), "x")
