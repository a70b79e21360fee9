"""Supposed changes: what becomes of cells, bounds and verdicts, and what is refused."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import LIAONING, LISHUI, POLICY, YANGQUAN, YUNCHENG, frame_of, rows
from test_evaluation import ledger as ledger  # the fixture
from test_planning import counties, made, urban
from test_properties import many

from sanlian_analysis import check, evaluate
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.planning import ChangeRule, what_if
from sanlian_analysis.planning.altered import LOG
from sanlian_analysis.planning.supposed import COLUMNS

DATE = "2021-12-31"


def changes(*cells):
    return pd.DataFrame(cells, columns=["code", "variable", "value"])


def cell(supposed, code, variable):
    """What a cell of the supposed ledger says."""
    for table, key in (
        (supposed.ledger.communities, "code"),
        (supposed.ledger.streets, "street_code"),
        (supposed.ledger.counties, "county_code"),
    ):
        here = table[(table[key] == code) & (table["date"] == pd.Timestamp(supposed.date))]
        if len(here) and variable in here:
            return here[variable].iloc[0]
    raise AssertionError(f"{code} {variable}")


def row(supposed, target, area):
    results = supposed.results
    found = results[(results["target"] == target) & (results["area_code"] == area)]
    found = found[found["reading"] == "primary"]
    assert len(found) == 1
    return found.iloc[0]


def tables(ledger):
    return {
        name: table.copy()
        for name, table in vars(ledger).items()
        if isinstance(table, pd.DataFrame)
    }


def same_tables(one, other):
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])


@pytest.fixture
def five():
    """Five urban communities, 40 % of which are to have ten organisations: two."""
    return made(urban(LIAONING, DATE, orgs=[10, 8, 9, None, "不适用"]))


# --- single cells ------------------------------------------------------------------------


def test_values_and_additions(five):
    before = tables(five)
    supposed = what_if(
        five,
        changes(
            ("210106001001", "orgs", "-1"),
            ("210106001002", "orgs", "+2"),
            ("210106001003", "orgs", 12),
            ("210106001004", "orgs", "+5"),
            ("210106001005", "orgs", "+5"),
        ),
        "liaoning-2021",
    )
    assert list(supposed.cells.columns) == LOG
    assert supposed.cells[["before", "after", "applied", "why"]].values.tolist() == [
        [10, 9, True, ""],
        [8, 10, True, ""],
        [9, 12, True, ""],
        [None, None, False, "unknown"],
        ["不适用", "不适用", False, "not_applicable"],
    ]
    # Of four in scope 1 passes and 1 is unknown; then 2, and 1 is still unknown.
    found = row(supposed, "orgs-urban", "210106")
    assert found[["numerator_before", "numerator_after"]].tolist() == [1, 2]
    assert found[["unknown_before", "unknown_after"]].tolist() == [1, 1]
    assert found[["lower_before", "lower_after", "upper_after"]].tolist() == [0.25, 0.5, 0.75]
    assert found[["verdict_before", "verdict_after"]].tolist() == ["undetermined", "met"]
    assert found[["shortfall_before", "shortfall_after"]].tolist() == [1, 0]
    assert found["changed"]
    same_tables(before, tables(five))  # the given one is as it was


def test_unknown_and_not_applicable_can_be_set(five):
    supposed = what_if(
        five,
        changes(
            ("210106001001", "orgs", ""),
            ("210106001002", "orgs", None),
            ("210106001003", "orgs", "不适用"),
            ("210106001004", "orgs", "０"),  # as a cell of a workbook is read
            ("210106001005", "orgs", 11),
        ),
        "liaoning-2021",
    )
    # In scope: two unknown, 0 and 11.
    found = row(supposed, "orgs-urban", "21")
    assert found[["numerator_after", "denominator_after", "unknown_after"]].tolist() == [1, 4, 2]
    assert supposed.cells["after"].tolist() == [None, None, "不适用", 0, 11]


def test_yes_and_no_decimals_and_percentages():
    there = made(urban(LISHUI, "2020-12-31", agency=[False, None], base_pay_share=[0.6, 0.1]))
    supposed = what_if(
        there,
        changes(
            ("331102001001", "agency", "是"),
            ("331102001002", "agency", True),
            ("331102001001", "base_pay_share", "+10%"),
            ("331102001002", "base_pay_share", "+0.2"),
        ),
        "lishui-2018",
    )
    assert supposed.cells["after"].tolist() == [True, True, 0.7, 0.3]  # 0.1 + 0.2, exactly
    assert row(supposed, "base-pay", "331102")["numerator_after"] == 1


def test_streets_counties_scores_and_columns_that_were_not_there():
    there = made(
        urban(YANGQUAN, "2018-06-30", orgs=[1]),
        counties=counties("2018-06-30", ["140302"], meetings=[3]),
    )
    supposed = what_if(
        there,
        changes(
            ("140302", "meetings", "+1"),
            ("140302001", "registered_orgs_new", 2),
            ("140302001001", "day_care", "有"),
            ("140302001001", "score_3", 8),
            ("140302001001", "staff", "+3"),  # no such column: unknown, and stays so
        ),
        "yangquan-2015",
    )
    assert supposed.cells["sheet"].tolist() == ["区县", "街道", "社区", "评分", "社区"]
    assert supposed.cells["applied"].tolist() == [True, True, True, True, False]
    assert [row(supposed, one, "140302")["verdict_after"] for one in ("meetings", "day-care")] == [
        "met",
        "met",
    ]
    assert row(supposed, "registered-orgs", "140302")["numerator_after"] == 1
    assert len(supposed.ledger.scores) == len(supposed.ledger.streets) == 1


def test_a_unit_of_the_frame_without_a_row_gets_one(ledger):
    frame = frame_of([(f"210106001{n:03d}", f"第{n}社区") for n in (1, 2, 3)])
    there = ledger(frame, communities=urban(LIAONING, DATE, orgs=[10, 0]))
    supposed = what_if(
        there,
        changes(("210106001003", "orgs", "+1"), ("210106001003", "orgs", "12")),
        "liaoning-2021",
    )
    assert supposed.cells["applied"].tolist() == [False, True]
    found = row(supposed, "orgs-urban", "21")
    assert found[["numerator_after", "denominator_after", "unknown_after"]].tolist() == [2, 3, 0]
    added = supposed.ledger.communities.iloc[-1]
    assert (added["name"], added["date"]) == ("第3社区", pd.Timestamp(DATE))
    assert supposed.ledger.communities.dtypes.equals(there.communities.dtypes)
    assert len(supposed.ledger.origin["社区"]) == len(supposed.ledger.communities)


def test_a_supposed_ledger_says_that_it_is_one(ledger):
    there = ledger(communities=urban(LIAONING, DATE, orgs=[10, 0]))
    supposed = what_if(there, changes(("210106001002", "orgs", 9)), "liaoning-2021").ledger
    assert supposed.sha256 != there.sha256
    notes = [finding for finding in check(supposed) if finding.kind == "what_if"]
    assert [note.message for note in notes] == ["这是假设的台账：改动了 1 个单元格，不是上报的数字"]
    with using("en"):
        supposed = what_if(there, changes(("210106001002", "orgs", 9)), "liaoning-2021").ledger
    assert "a supposed ledger: 1 cells were changed" in supposed.findings[-1].message


def test_only_one_snapshot_is_changed():
    there = made(urban(LIAONING, DATE, orgs=[1]) + urban(LIAONING, "2022-12-31", orgs=[2]))
    for date, expected in (("2021-12-31", [5, 2]), (None, [1, 5]), (dt.date(2022, 12, 31), [1, 5])):
        supposed = what_if(there, changes(("210106001001", "orgs", 5)), "liaoning-2021", date)
        assert supposed.ledger.communities["orgs"].tolist() == expected
        assert set(supposed.results["date"]) == {pd.Timestamp(supposed.date)}


def test_assumptions_hold_before_and_after():
    there = made(urban(LISHUI, "2020-12-31", agency=[True, False]))
    given_ = ["lishui-2018/agency-urban=90%"]
    supposed = what_if(
        there, changes(("331102001002", "agency", "是")), "lishui-2018", assumptions=given_
    )
    found = row(supposed, "agency-urban", "3311")
    assert found[["verdict_before", "verdict_after"]].tolist() == ["not_met", "met"]


# --- rules -------------------------------------------------------------------------------


def test_every_urban_community_below_ten_gains_two():
    there = made(
        urban(LIAONING, DATE, orgs=[10, 8, 9, None, 0])
        + rows(LIAONING, DATE, "rural", start=6, orgs=[1])
    )
    supposed = what_if(there, ChangeRule("orgs", "+2", "orgs < 10", "urban"), "liaoning-2021")
    assert supposed.cells[["code", "before", "after", "why"]].values.tolist() == [
        ["210106001002", 8, 10, ""],
        ["210106001003", 9, 11, ""],
        ["210106001004", None, None, "undecided"],
        ["210106001005", 0, 2, ""],
    ]
    assert supposed.ledger.communities["orgs"].tolist() == [10, 10, 11, pd.NA, 2, 1]


def test_whom_a_rule_means_where_blanks_and_not_applicable_stand():
    there = made(urban(LIAONING, DATE, orgs=[1, 1, 1, 1], households=[3000, 100, None, "不适用"]))
    supposed = what_if(there, ChangeRule("orgs", "+1", "households >= 2000"), "liaoning-2021")
    assert supposed.ledger.communities["orgs"].tolist() == [2, 1, 1, 1]
    assert supposed.cells[["code", "applied", "why"]].values.tolist() == [
        ["210106001001", True, ""],
        ["210106001003", False, "undecided"],
    ]


def test_rules_by_area_for_everybody_and_for_other_units():
    there = made(
        urban("2101060010", DATE, orgs=[1]) + urban("2101020010", DATE, orgs=[1]),
        counties=counties(DATE, ["210102", "210106"], brand_orgs=[1, 5]),
    )
    supposed = what_if(there, ChangeRule("orgs", "12", area="210106"), "liaoning-2021")
    assert supposed.ledger.communities["orgs"].tolist() == [12, 1]
    rule = ChangeRule("brand_orgs", "+3", "brand_orgs < 5", unit="county")
    supposed = what_if(there, rule, "liaoning-2021")
    assert supposed.ledger.counties["brand_orgs"].tolist() == [4, 5]
    assert row(supposed, "brand-orgs", "21")["numerator_after"] == 9


def test_rules_may_name_the_policys_parameters():
    there = made(
        urban(LISHUI, "2020-12-31", service_fund=[6.0])
        + urban("3311210010", "2020-12-31", service_fund=[6.0])
    )
    rule = ChangeRule("service_fund", "10", "service_fund < rate")
    supposed = what_if(there, rule, "lishui-2018")
    assert supposed.ledger.communities["service_fund"].tolist() == [10, 6]


def test_several_changes_are_applied_one_after_the_other(five):
    table = changes(("210106001004", "orgs", 7))
    rule = ChangeRule("orgs", "+1", "orgs < 10")
    supposed = what_if(five, [table, rule, rule], "liaoning-2021")
    # 8 → 9 → 10, 9 → 10, 7 → 8 → 9
    assert supposed.ledger.communities["orgs"].tolist() == [10, 10, 10, 9, pd.NA]
    twice = changes(("210106001002", "orgs", "+1"), ("210106001002", "orgs", "+1"))
    supposed = what_if(five, twice, "liaoning-2021")
    assert supposed.cells["after"].tolist() == [9, 10]
    back = changes(("210106001002", "orgs", "+1"), ("210106001002", "orgs", "-1"))
    assert not what_if(five, back, "liaoning-2021").results["changed"].any()


def test_no_change_is_the_same_ledger(five):
    for nothing in ([], changes(), ChangeRule("orgs", "+1", "orgs > 100")):
        supposed = what_if(five, nothing, "liaoning-2021")
        assert supposed.ledger.communities.equals(five.communities)
        assert supposed.ledger.sha256 == five.sha256
        assert list(supposed.results.columns) == COLUMNS
        assert not supposed.results["changed"].any()
        assert not supposed.cells["applied"].any()
        assert list(supposed.cells.columns) == LOG


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "zh", "en"),
    [
        (("210106001002", "orgs", "-9"), r"第 1 行（210106001002）.*不能是 8 − 9，应为不小于 0", "cannot be 8 − 9"),
        (("210106001002", "orgs", -9), "不能是 -9，应为不小于 0", "cannot be -9, expected"),
        (("210106001002", "orgs", "+0.5"), "不能是 8 [+] 0.5，应为", r"cannot be 8 \+ 0.5"),
        (("210106001002", "orgs", "many"), "不能是 'many'", "cannot be 'many'"),
        (("210106001002", "orgz", 1), "没有变量 'orgz'；是否想写 'orgs'", "no variable 'orgz'"),
        (("210106001002", None, 1), "没有变量 None", "no variable None"),
        (("210106001002", "linkage", "+1"), "linkage 不是数值", "linkage is no number"),
        (("210106001002", "functions", 6), "应为 0 到 5", "from 0 to 5"),
        (("210106001009", "orgs", 1), r"第 1 行（210106001009）.*没有这个单位", "no such unit"),
        (("2101", "orgs", 1), "没有这个单位", "no such unit"),
        (("210106", "orgs", 1), "没有变量 'orgs'", "no variable 'orgs'"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_named(five, given_, zh, en):
    with pytest.raises(SanlianError, match=zh):
        what_if(five, changes(given_), "liaoning-2021")
    with using("en"), pytest.raises(SanlianError, match=en):
        what_if(five, changes(given_), "liaoning-2021")


def test_a_part_above_its_whole_is_refused():
    there = made(urban(LISHUI, "2020-12-31", members=[7], certified_members=[5]))
    with pytest.raises(
        SanlianError, match="第 1 行（331102001001）：certified_members 会是 8，超过 members 7"
    ):
        what_if(there, changes(("331102001001", "certified_members", "+3")), "changzhou-2018")
    with using("en"), pytest.raises(SanlianError, match="would be 5, more than members 4"):
        what_if(there, changes(("331102001001", "members", 4)), "changzhou-2018")


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        (ChangeRule("orgs", "+1", "orgz < 3"), "规则 orgs [+]1：台账里没有变量 'orgz'", "no variable 'orgz'"),
        (ChangeRule("orgs", "+1", "orgs"), "应为条件", "should be a condition"),
        (ChangeRule("orgs", "+1", "orgs <"), "写法有误", "not a valid expression"),
        (ChangeRule("orgs", "+1", settlement="town"), "settlement 只用于社区", "settlement goes with"),
        (ChangeRule("brand_orgs", "+1", unit="county", settlement="urban"), "settlement 只用于", "settlement"),
        (ChangeRule("orgs", "+1", area="2102"), "没有代码以 '2102' 开头", "begins with '2102'"),
        (ChangeRule("orgs", "+1", unit="village"), "没有单位 'village'", "use one of community"),
        (ChangeRule("brand_orgs", "+1"), "没有变量 'brand_orgs'", "no variable 'brand_orgs'"),
        (ChangeRule("orgs", "-9"), "规则 orgs -9 210106001002：orgs 不能是 8 − 9", "cannot be 8 − 9"),
        (ChangeRule("brand_orgs", "1", "total(orgs) >= 1", unit="county"), "total", "total"),
        ("orgs + 2", "应为表（code、variable、value）或 ChangeRule，实为 str", "not str"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_named(five, rule, zh, en):
    with pytest.raises(SanlianError, match=zh):
        what_if(five, [rule], "liaoning-2021")
    with using("en"), pytest.raises(SanlianError, match=en):
        what_if(five, [rule], "liaoning-2021")


def test_a_table_without_its_columns_and_a_date_that_is_none(five):
    with pytest.raises(SanlianError, match="改动表缺少列 value"):
        what_if(five, pd.DataFrame({"code": [], "variable": []}), "liaoning-2021")
    with using("en"), pytest.raises(SanlianError, match="lacks value"):
        what_if(five, pd.DataFrame({"code": [], "variable": []}), "liaoning-2021")
    with pytest.raises(SanlianError, match="没有统计时点"):
        what_if(five, changes(), "liaoning-2021", "2020-12-31")


# --- whatever is changed -----------------------------------------------------------------

VALUES = st.sampled_from([None, 0, 9, 10, "不适用", 11])
CHANGES = st.sampled_from(
    ["", "+0", "+1", "+10", 0, 10, 12, "不适用", None, Decimal(7), np.int64(9)]
)


@given(
    st.lists(VALUES, min_size=4, max_size=4),
    st.lists(st.tuples(st.integers(1, 4), CHANGES), max_size=5),
)
@settings(many, max_examples=25)
def test_the_results_after_are_those_of_the_supposed_ledger(orgs, cells):
    policy = POLICY("liaoning-2021")
    there = made(urban(LIAONING, DATE, orgs=orgs))
    before = tables(there)
    table = changes(*[(f"210106001{n:03d}", "orgs", value) for n, value in cells])
    supposed = what_if(there, table, policy)
    same_tables(before, tables(there))
    after = evaluate(supposed.ledger, policy)
    pd.testing.assert_series_equal(
        supposed.results["lower_after"], after["lower"], check_names=False
    )
    assert (supposed.results["verdict_after"] == after["verdict"]).all()
    lower, upper = supposed.results["lower_after"], supposed.results["upper_after"]
    both = lower.notna() & upper.notna()
    assert (lower[both] <= upper[both]).all()
    # The same ledger made by hand.
    expected = list(orgs)
    for n, value in cells:
        now = expected[n - 1]
        if isinstance(value, str) and value.startswith("+"):
            if isinstance(now, int):
                expected[n - 1] = now + int(value)
        else:
            expected[n - 1] = (
                value if value == "不适用" else (None if value in ("", None) else int(value))
            )
    by_hand = evaluate(made(urban(LIAONING, DATE, orgs=expected)), policy)
    pd.testing.assert_frame_equal(after, by_hand)


@given(st.lists(VALUES, min_size=1, max_size=6), st.integers(0, 5))
@settings(many, max_examples=25)
def test_more_organisations_never_lower_a_bound(orgs, more):
    there = made(urban(LIAONING, DATE, orgs=orgs))
    rule = ChangeRule("orgs", f"+{more}", "orgs < 10", "urban")
    results = what_if(there, rule, POLICY("liaoning-2021")).results
    shares = results[results["target"].str.startswith("orgs")]
    for column in ("numerator", "lower", "upper", "value"):
        then, now = shares[f"{column}_before"], shares[f"{column}_after"]
        assert ((now >= then) | (now.isna() & then.isna())).all()
    assert (shares["unknown_before"] == shares["unknown_after"]).all()


def test_yuncheng_where_the_scope_changes():
    there = made(urban(YUNCHENG, "2020-12-31", linkage=[True, False], convention=[True, False]))
    supposed = what_if(there, ChangeRule("linkage", "是"), "yuncheng-2019")
    found = supposed.results[
        (supposed.results["target"] == "convention")
        & (supposed.results["reading"] == "primary")
        & (supposed.results["level"] == "county")
    ].iloc[0]
    assert found[["denominator_before", "denominator_after"]].tolist() == [1, 2]
    assert found[["verdict_before", "verdict_after"]].tolist() == ["met", "not_met"]
