"""Unit by unit: who falls short of what, by how much, and who reported."""

import dataclasses
import datetime as dt
from fractions import Fraction

import pandas as pd
import pytest
from test_evaluation import CHANGZHOU, LIAONING, LISHUI, POLICY, YANGQUAN, YUNCHENG, frame_of, rows
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.units import completeness, reporting, units_at, units_short, units_wanted

END = dt.date(2020, 12, 31)
DATE = "2020-12-31"


def short(ledger, policy, date=END, area=""):
    """(unit, target, demand, status, value, gap) of every row; a unit by its last digits."""
    table = units_short(ledger, POLICY(policy), date, area)
    columns = ["code", "name", "street", "settlement", "target", "demand", "status", "value", "gap"]
    assert list(table.columns) == columns
    assert table["code"].is_monotonic_increasing
    return [
        (row.code[-2:], row.target, row.demand.source, row.status, row.value, row.gap)
        for row in table.itertuples()
    ]


def of(target, found):
    return [(unit, *rest) for unit, name, *rest in found if name == target]


# --- units_short -----------------------------------------------------------------------


def test_who_reaches_the_standard_is_not_listed(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=[10, 9, 11]))
    found = of("orgs-urban", short(there, "liaoning-2021"))
    assert found == [("02", "orgs >= 10", "fails", 9, 1)]


def test_a_yes_that_a_part_must_have_is_lacked_as_long_as_there_are_too_few(ledger):
    """30 % of 10 are 3: with 2 every unit without it may be the third, with 3 none need be."""
    for answers, wanted, lacking in (
        (["是"] * 2 + ["否"] * 7 + [None], 1, 8),
        (["是"] * 3 + ["否"] * 6 + [None], 0, 0),
    ):
        there = ledger(communities=rows(YUNCHENG, DATE, linkage=answers))
        assert len(of("linkage", short(there, "yuncheng-2019"))) == lacking
        assert units_wanted(there, "yuncheng-2019", END)["linkage"] == wanted


def test_units_wanted_are_those_of_the_area(ledger):
    there = ledger(communities=rows(YUNCHENG, DATE, linkage=["否"] * 4))
    assert units_wanted(there, "yuncheng-2019", END, "140802")["linkage"] == 2  # ⌈1.2⌉
    assert units_wanted(there, "yuncheng-2019", END, "1409")["linkage"] == 0


def test_a_blank_is_unknown_and_says_no_gap(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=[None, 0]))
    found = of("orgs-urban", short(there, "liaoning-2021"))
    assert found == [
        ("01", "orgs >= 10", "unknown", None, None),
        ("02", "orgs >= 10", "fails", 0, 10),
    ]


def test_a_unit_of_the_frame_without_a_row_is_unknown(ledger):
    frame = frame_of([("210106001001", "甲社区"), ("210106001002", "乙村")])
    there = ledger(frame, communities=rows(LIAONING, DATE, orgs=[10]))
    assert short(there, "liaoning-2021") == [
        ("02", "orgs-rural", "orgs >= 3", "unknown", None, None)
    ]


def test_only_the_settlement_that_the_target_is_about(ledger):
    communities = [
        *rows(LIAONING, DATE, "urban", orgs=[4]),
        *rows(LIAONING, DATE, "rural", start=2, orgs=[2, 3]),
        *rows(LIAONING, DATE, "其他", start=4, orgs=[0]),
    ]
    found = short(ledger(communities=communities), "liaoning-2021")
    assert [(unit, target) for unit, target, *_ in found] == [
        ("01", "orgs-urban"),
        ("02", "orgs-rural"),
    ]


def test_not_applicable_is_no_shortcoming(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=["不适用", 9]))
    assert [unit for unit, *_ in short(there, "liaoning-2021")] == ["02"]


def test_gaps_are_exact(ledger):
    communities = rows(
        CHANGZHOU, DATE, facility_area=[599.9, 600, 600, 100], population=[100, 6001, 6000, None]
    )
    found = of("facility", short(ledger(communities=communities), "changzhou-2018"))
    demand = "facility_area >= max(600, 100 * population / 1000)"
    assert found == [
        ("01", demand, "fails", Fraction("599.9"), Fraction("0.1")),
        ("02", demand, "fails", 600, Fraction("0.1")),
        # Too small in any case, by how much depends on the population.
        ("04", demand, "fails", 100, None),
    ]


def test_a_band_has_two_demands_and_the_gap_above_a_ceiling_is_negative(ledger):
    communities = rows(
        LISHUI, DATE, staff=[5, 14, 12, 13, None, 13], households=[100, 2300, None, None, 100, 2300]
    )
    found = of("staff", short(ledger(communities=communities), "lishui-2018"))
    floor, ceiling = "staff >= 6", "staff <= 12 + floor(max(0, households - 2000) / 300)"
    assert found == [
        ("01", floor, "fails", 5, 1),
        ("02", ceiling, "fails", 14, -1),
        ("04", ceiling, "unknown", None, None),
        ("05", floor, "unknown", None, None),
        ("05", ceiling, "unknown", None, None),
    ]


def test_of_several_demands_only_those_not_met_are_listed(ledger):
    communities = rows(
        YUNCHENG,
        "2019-12-31",
        linkage=["是", "是", "否", "是"],
        organisations=["是", "否", "否", "不适用"],
        convention=["否", None, "否", "否"],
        consultation=["是", "是", "否", "否"],
    )
    found = of(
        "institutions",
        short(ledger(communities=communities), "yuncheng-2019", dt.date(2019, 12, 31)),
    )
    assert found == [
        ("01", "convention", "fails", None, None),
        ("02", "organisations", "fails", None, None),
        ("02", "convention", "unknown", None, None),
    ]


def test_who_may_not_be_concerned_does_not_fail(ledger):
    communities = rows(YUNCHENG, DATE, linkage=["是", "否", None], venue_area=[499, 0, 0])
    found = of("venue-urban", short(ledger(communities=communities), "yuncheng-2019"))
    assert found[0] == ("01", "venue_area >= 500", "fails", 499, 1)
    assert all((unit, status) == ("03", "unknown") for unit, _, status, *_ in found[1:])


def test_a_quota_that_is_reached_asks_nothing_of_any_single_unit(ledger):
    most = ["是"] * 9 + ["否"]
    communities = rows(YUNCHENG, DATE, "rural", linkage=most, agency=most)
    targets = {target for _, target, *_ in short(ledger(communities=communities), "yuncheng-2019")}
    assert "linkage" not in targets
    communities = rows(LISHUI, DATE, "rural", agency=most, waste_sorting=most)
    targets = {target for _, target, *_ in short(ledger(communities=communities), "lishui-2018")}
    assert not targets & {"agency-rural", "waste-sorting"}


def test_yes_and_no_asked_of_every_unit_is_listed(ledger):
    communities = rows(YANGQUAN, "2018-06-30", day_care=["是", "否", None])
    found = of(
        "day-care", short(ledger(communities=communities), "yangquan-2015", dt.date(2018, 6, 30))
    )
    assert found == [
        ("02", "day_care", "fails", None, None),
        ("03", "day_care", "unknown", None, None),
    ]


def test_means_ratios_and_vague_demands_ask_nothing_of_single_units(ledger):
    communities = rows(
        CHANGZHOU, DATE, orgs=[0], members=[5], certified_members=[0], open_hours=[1]
    )
    targets = {target for _, target, *_ in short(ledger(communities=communities), "changzhou-2018")}
    assert targets == {"facility"}


def test_the_need_depends_on_the_county(ledger):
    communities = [
        *rows(LISHUI, DATE, service_fund=[7]),
        *rows("3311210010", DATE, start=2, service_fund=[7, 4.5]),
    ]
    found = of("service-fund", short(ledger(communities=communities), "lishui-2018"))
    assert found == [
        ("01", "service_fund >= rate", "fails", 7, 3),
        ("03", "service_fund >= rate", "fails", Fraction("4.5"), Fraction("0.5")),
    ]


def test_an_area_and_a_date(ledger):
    communities = [
        *rows(LIAONING, "2021-12-31", orgs=[9]),
        *rows("2103030010", "2021-12-31", start=2, orgs=[8]),
        *rows("2103030010", "2022-12-31", start=2, orgs=[10]),
    ]
    there = ledger(communities=communities)
    first, second = dt.date(2021, 12, 31), dt.date(2022, 12, 31)
    assert [unit for unit, *_ in short(there, "liaoning-2021", first)] == ["01", "02"]
    assert [unit for unit, *_ in short(there, "liaoning-2021", first, "210303")] == ["02"]
    assert [unit for unit, *_ in short(there, "liaoning-2021", first, "2101")] == ["01"]
    assert short(there, "liaoning-2021", second) == []


def test_the_names_come_along(ledger):
    frame = frame_of([("210106001001", "甲社区")], street="某街道")
    there = ledger(frame, communities=rows(LIAONING, DATE, orgs=[9]))
    row = units_short(there, POLICY("liaoning-2021"), END).iloc[0]
    assert (row["code"], row["name"], row["street"], row["settlement"]) == (
        *("210106001001", "甲社区", "某街道", "urban"),
    )


# --- completeness ----------------------------------------------------------------------


def complete(ledger, policy, area=""):
    """label → (reported, blank, missing row, 不适用, units)."""
    table = completeness(ledger, POLICY(policy), END, area)
    columns = ["label", "reported", "blank", "missing_row", "not_applicable", "units"]
    assert list(table.columns) == columns
    parts = table[columns[1:5]].sum(axis=1)
    assert (parts == table["units"]).all(), "every unit is in exactly one of the four"
    return {row.label: tuple(row)[2:] for row in table.itertuples()}


def test_every_unit_is_counted_once(ledger):
    names = [("210106001001", "甲社区"), ("210106001002", "乙社区"), ("210106001003", "丙村")]
    frame = frame_of([*names, ("210106001004", "丁社区"), ("210106001005", "戊生活区")])
    communities = rows(LIAONING, DATE, orgs=[3, None, "不适用"])
    for row in communities:
        row["settlement"] = None
    found = complete(ledger(frame, communities=communities), "liaoning-2021")
    assert found == {"社区社会组织数": (1, 1, 1, 1, 4)}


def test_a_faulty_value_is_as_good_as_none(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=[3, -3, "三"]))
    assert complete(there, "liaoning-2021") == {"社区社会组织数": (1, 2, 0, 0, 3)}


def test_a_column_that_is_absent_is_blank_in_every_row(ledger):
    found = complete(ledger(communities=rows(LIAONING, DATE, households=[1, 2])), "liaoning-2021")
    assert found == {"社区社会组织数": (0, 2, 0, 0, 2)}


def test_a_variable_is_asked_only_of_those_whom_its_targets_cover(ledger):
    communities = [
        *rows(YUNCHENG, DATE, "urban", venue_area=[1], linkage=["是"]),
        *rows(YUNCHENG, DATE, "rural", start=2, venue_area=[1, 1], linkage=["是", "否"]),
    ]
    found = complete(ledger(communities=communities), "yuncheng-2019")
    assert found["活动场所面积"] == (3, 0, 0, 0, 3)
    assert found["开展三社联动"] == (3, 0, 0, 0, 3)
    lishui = [
        *rows(LISHUI, DATE, "urban", staff=[6], waste_sorting=["是"]),
        *rows(LISHUI, DATE, "rural", start=2, staff=[1, 1], waste_sorting=["是", None]),
    ]
    found = complete(ledger(communities=lishui), "lishui-2018")
    assert found["专职社区工作者数"] == (1, 0, 0, 0, 1)
    assert found["生活垃圾分类"] == (1, 1, 0, 0, 2)


def test_what_streets_and_counties_add_up_from_their_communities_is_needed_too(ledger):
    there = ledger(communities=rows(YUNCHENG, DATE, "rural", certified_members=[1, None]))
    assert complete(there, "yuncheng-2019")["持证成员数"] == (1, 1, 0, 0, 2)
    there = ledger(communities=rows(YANGQUAN, DATE, governance_new=["是", None]))
    assert complete(there, "yangquan-2015")["本年新建一委一居一站"] == (1, 1, 0, 0, 2)
    # The population of the counties' own sheet is another matter.
    assert "常住人口" not in complete(there, "liaoning-2021")


def test_completeness_of_one_area(ledger):
    communities = [
        *rows(LIAONING, DATE, orgs=[3, None]),
        *rows("2103030010", DATE, orgs=[None]),
    ]
    there = ledger(communities=communities)
    assert complete(there, "liaoning-2021", "210303") == {"社区社会组织数": (0, 1, 0, 0, 1)}
    assert complete(there, "liaoning-2021", "2101") == {"社区社会组织数": (1, 1, 0, 0, 2)}


# --- reporting -------------------------------------------------------------------------


def who_reported(ledger, policy, area="", level="county"):
    """Area → (units, reported, filled)."""
    table = reporting(ledger, POLICY(policy), END, area, level=level)
    assert list(table.columns) == ["area_code", "area", "units", "reported", "filled"]
    return {row.area_code: tuple(row)[3:] for row in table.itertuples()}


def test_rows_are_counted_against_the_frame_area_by_area(ledger):
    there, gone = ["210106001001", "210106001002", "210106002003"], ["210106002004"]
    frame = frame_of(
        [(code, "甲社区") for code in [*there, *gone, "210303001001"]]
        + [("210106001009", "戊生活区")]  # of which nothing is asked
    )
    communities = rows("2101060010", DATE, orgs=[3, None])
    communities += rows("2101060020", DATE, start=3, orgs=["不适用"])
    made = ledger(frame, communities=communities)
    assert who_reported(made, "liaoning-2021") == {"210106": (4, 3, 2), "210303": (1, 0, 0)}
    assert who_reported(made, "liaoning-2021", "2101", "street") == {
        "210106001": (2, 2, 1),
        "210106002": (2, 1, 1),
    }
    assert who_reported(made, "liaoning-2021", level="province") == {"21": (5, 3, 2)}


def test_complete_is_what_is_asked_of_the_unit(ledger):
    rules = POLICY("lishui-2018")
    kept = [t for t in rules.targets if t.id in ("orgs-urban", "orgs-rural", "staff")]
    assert len(kept) == 3  # villages are asked for orgs alone
    communities = [
        *rows(LISHUI, DATE, "urban", orgs=[15, 16], staff=[6, None], households=[900, 900]),
        *rows(LISHUI, DATE, "rural", start=3, orgs=[5, None]),
    ]
    rules = dataclasses.replace(rules, targets=tuple(kept))
    table = reporting(ledger(communities=communities), rules, END)
    (row,) = table.itertuples()
    assert (row.units, row.reported, row.filled) == (4, 4, 2)


def test_an_absent_column_leaves_nobody_complete(ledger):
    made = ledger(communities=rows(LIAONING, DATE, households=[1, 2]))
    assert who_reported(made, "liaoning-2021") == {LIAONING[:6]: (2, 2, 0)}


# --- units_at --------------------------------------------------------------------------


def test_units_at_has_every_unit_of_the_frame(ledger):
    frame = frame_of(
        [("210106001002", "乙社区"), ("210106001001", "甲村"), ("210303001001", "丙村")]
    )
    there = ledger(frame, communities=rows(LIAONING, DATE, orgs=[4]))
    units = units_at(there, END)
    assert units["code"].tolist() == ["210106001001", "210106001002", "210303001001"]
    assert units["reported"].tolist() == [True, False, False]
    assert units["settlement"].tolist() == ["urban", "urban", "rural"]
    assert units["orgs"].isna().tolist() == [False, True, True]
    assert units_at(there, END, "2103")["code"].tolist() == ["210303001001"]
    assert isinstance(units, pd.DataFrame)


@pytest.mark.parametrize("area", ["99", "210106001009"])
def test_an_area_without_units_is_empty(ledger, area):
    there = ledger(communities=rows(LIAONING, DATE, orgs=[4]))
    assert units_at(there, END, area).empty
    assert units_short(there, POLICY("liaoning-2021"), END, area).empty
    assert completeness(there, POLICY("liaoning-2021"), END, area).empty
