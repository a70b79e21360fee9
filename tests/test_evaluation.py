"""Verdicts worked out by hand, one rule of the documents at a time."""

import dataclasses
import datetime as dt
import functools
from fractions import Fraction
from math import isnan

import openpyxl
import pandas as pd
import pytest

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import COLUMNS, evaluate, snapshots
from sanlian_analysis.frame import complete_frame
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy

YUNCHENG, LISHUI, LIAONING = "1408020010", "3311020010", "2101060010"
CHANGZHOU, YANGQUAN = "3204020010", "1403020010"


# --- small ledgers ---------------------------------------------------------------------


def codes(street, size, start=1):
    """Codes of communities: `street` is a street's nine digits and a 0."""
    return [f"{street}{number:02d}" for number in range(start, start + size)]


def rows(street, date, settlement="urban", *, start=1, **columns):
    """Rows of the 社区 sheet: every column a list, one entry per community."""
    size = len(next(iter(columns.values())))
    return [
        {"code": code, "name": f"单位{code}", "settlement": settlement, "date": date}
        | {variable: cells[position] for variable, cells in columns.items()}
        for position, code in enumerate(codes(street, size, start))
    ]


def write(path, **sheets):
    """A workbook with English headers; `communities`, `streets`, `counties`, `scores`."""
    names = {"communities": "社区", "streets": "街道", "counties": "区县", "scores": "评分"}
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet, table in sheets.items():
        page = book.create_sheet(names[sheet])
        headers = list(dict.fromkeys(header for row in table for header in row))
        page.append(headers)
        for row in table:
            page.append([row.get(header) for header in headers])
    book.save(path)
    return path


def frame_of(units, **more):
    """A frame of (code, name) pairs."""
    table = pd.DataFrame(units, columns=["code", "name"], dtype="str")
    return complete_frame(table.assign(**more))


@pytest.fixture
def ledger(tmp_path):
    def make(frame=None, **sheets):
        return read_ledger(write(tmp_path / "ledger.xlsx", **sheets), frame)

    return make


POLICY = functools.cache(load_policy)


class Results:
    """The results table, asked for one row at a time; of a target that is alone asked for."""

    def __init__(self, ledger, policy):
        self.ledger, self.policy = ledger, policy
        self.tables = {}

    @property
    def table(self):
        return evaluate(self.ledger, self.policy)

    def of(self, name):
        if name not in self.tables:
            target = self.policy.target(name)
            others = any(reading.standards for reading in target.readings)
            targets = self.policy.targets if others else (target,)
            policy = dataclasses.replace(self.policy, targets=targets)
            table = evaluate(self.ledger, policy)
            self.tables[name] = table[table["target"] == name]
        return self.tables[name]

    def find(self, target, area, reading="primary", date=None):
        table = self.of(target)
        chosen = (table["area_code"] == area) & (table["reading"] == reading)
        if date is not None:
            chosen &= table["date"] == pd.Timestamp(date)
        return table[chosen]

    def row(self, *where, **more):
        found = self.find(*where, **more)
        assert len(found) == 1, f"{len(found)} rows"
        return found.iloc[0]

    def verdict(self, *where, **more):
        return self.row(*where, **more)["verdict"]

    def figures(self, *where, **more):
        """numerator, denominator, unknown, value, lower, upper; None for empty."""
        row = self.row(*where, **more)
        cells = row[["numerator", "denominator", "unknown", "value", "lower", "upper"]]
        return tuple(None if isnan(cell) else cell for cell in cells)


@pytest.fixture
def results(ledger):
    def make(policy, frame=None, **sheets):
        return Results(ledger(frame, **sheets), POLICY(policy))

    return make


def one_community(results, policy, street, date="2020-12-31", settlement="urban", **cells):
    """The results of a ledger with one community and, for wage, its county."""
    row = rows(street, date, settlement, **{id_: [cell] for id_, cell in cells.items()})
    return results(policy, communities=row)


WORDS = {(1, 1, 0): "yes", (0, 1, 0): "no", (0, 1, 1): "?", (0, 0, 0): "out"}


def said_of_each(results, policy, county, cases, target, *readings):
    """What a target says of each case: a community that is alone in its street.

    A case gives cells, `date` and `settlement` when they differ. The answers are
    yes, no, ? and out; with several readings, one tuple per case.
    """
    communities = []
    for number, case in enumerate(cases, start=1):
        own = {"date": "2020-12-31", "settlement": "urban"} | case
        code = f"{county}{number:03d}001"
        communities.append({"code": code, "name": f"单位{code}"} | own)
    found = results(policy, communities=communities)
    streets = [(row["code"][:9], row["date"]) for row in communities]
    said = [
        tuple(
            WORDS[found.figures(target, street, reading, date)[:3]]
            for reading in readings or ["primary"]
        )
        for street, date in streets
    ]
    return said if len(readings) > 1 else [words[0] for words in said]


# --- the table -------------------------------------------------------------------------


def test_columns_and_types(results):
    table = results(
        "liaoning-2021",
        communities=rows(LIAONING, "2021-12-31", orgs=[10, 9, None]),
    ).table
    assert list(table.columns) == list(COLUMNS)
    assert table.columns[:7].tolist() == [
        *("policy", "target", "reading", "level", "area_code", "area", "date")
    ]
    assert table.columns[-3:].tolist() == ["shortfall", "clause", "assumed"]
    assert table["unknown"].dtype == "int64"
    assert table["shortfall"].dtype == "Int64"
    assert table["binding"].dtype == "bool"
    assert table["stable"].dtype == "bool"
    assert table["due"].dtype == table["date"].dtype == "datetime64[s]"
    assert (table["policy"] == "liaoning-2021").all()
    assert not table.duplicated(["target", "reading", "level", "area_code", "date"]).any()
    assert not table.attrs["simulated"]


def test_only_the_snapshots_that_are_asked_for(ledger):
    both = rows(LIAONING, "2021-12-31", orgs=[3]) + rows(LIAONING, "2022-12-31", orgs=[4])
    there = ledger(communities=both)
    assert snapshots(there) == [dt.date(2021, 12, 31), dt.date(2022, 12, 31)]
    every = evaluate(there, "liaoning-2021")
    for date in ("2022-12-31", dt.date(2022, 12, 31), ["2022-12-31", "2022-12-31"]):
        one = evaluate(there, "liaoning-2021", date)
        assert set(one["date"]) == {pd.Timestamp("2022-12-31")}
        expected = every[every["date"] == pd.Timestamp("2022-12-31")].reset_index(drop=True)
        pd.testing.assert_frame_equal(one.reset_index(drop=True), expected)


@pytest.mark.parametrize("date", ["2020-12-31", "yesterday", dt.date(2020, 1, 1), ["x"]])
def test_a_date_that_is_no_snapshot_is_refused_with_those_that_are(ledger, date):
    there = ledger(communities=rows(LIAONING, "2021-12-31", orgs=[3]))
    with pytest.raises(SanlianError, match="2021-12-31"):
        evaluate(there, "liaoning-2021", date)


# --- shares on whole numbers -----------------------------------------------------------


@pytest.mark.parametrize(
    ("yes", "no", "blank", "verdict", "shortfall"),
    [
        (3, 10, 0, "met", 0),
        (2, 11, 0, "not_met", 1),
        (0, 13, 0, "not_met", 3),
        (3, 0, 10, "met", 0),
        (2, 10, 1, "undetermined", 1),
        (1, 11, 1, "not_met", 2),
        (0, 0, 13, "undetermined", 3),
    ],
)
def test_twenty_percent_of_thirteen_villages_are_three(results, yes, no, blank, verdict, shortfall):
    linkage = ["是"] * yes + ["否"] * no + [None] * blank
    found = results(
        "yuncheng-2019", communities=rows(YUNCHENG, "2019-12-31", "rural", linkage=linkage)
    )
    row = found.row("linkage", "140802")
    assert (row["verdict"], row["shortfall"]) == (verdict, shortfall)
    assert (row["numerator"], row["denominator"], row["unknown"]) == (yes, 13, blank)
    assert row["threshold"] == 0.2


@pytest.mark.parametrize(
    ("yes", "size", "verdict", "shortfall"),
    [
        (1, 3, "met", 0),
        (2, 6, "met", 0),
        (1, 6, "not_met", 1),
        (3, 9, "met", 0),
        (2, 9, "not_met", 1),
        (3, 10, "not_met", 1),
        (4, 10, "met", 0),
    ],
)
def test_exactly_one_third_is_met(results, yes, size, verdict, shortfall):
    agency = ["是"] * yes + ["否"] * (size - yes)
    found = results("lishui-2018", communities=rows(LISHUI, "2020-12-31", "rural", agency=agency))
    row = found.row("agency-rural", "3311")
    assert (row["verdict"], row["shortfall"], row["binding"]) == (verdict, shortfall, True)


def test_seventy_nine_and_a_half_percent_do_not_pass_for_eighty(results):
    orgs = [10] * 159 + [9] * 41
    communities = [
        row | {"code": f"210106001{position:03d}"}
        for position, row in enumerate(rows(LIAONING, "2022-12-31", orgs=orgs), start=1)
    ]
    row = results("liaoning-2021", communities=communities).row("orgs-urban", "21")
    assert (row["value"], row["verdict"], row["shortfall"]) == (0.795, "not_met", 1)


def test_an_unknown_village_stays_in_the_denominator(results):
    found = results(
        "liaoning-2021",
        communities=rows(LIAONING, "2021-12-31", "rural", orgs=[3, 2, None, None]),
    )
    assert found.figures("orgs-rural", "210106") == (1, 4, 2, 0.5, 0.25, 0.75)


def test_city_and_province_add_up_and_do_not_average(results):
    # 1 of 1, 1 of 4 and 0 of 5: 2 of 10, while the average of the rates is 5 of 12.
    communities = [
        *rows("2101060010", "2021-12-31", orgs=[10]),
        *rows("2101020010", "2021-12-31", orgs=[10, 0, 0, 0]),
        *rows("2103030010", "2021-12-31", orgs=[0] * 5),
    ]
    found = results("liaoning-2021", communities=communities)
    assert found.figures("orgs-urban", "2101")[:4] == (2, 5, 0, 0.4)
    assert found.figures("orgs-urban", "21")[:4] == (2, 10, 0, 0.2)
    assert found.verdict("orgs-urban", "2101") == "met"
    assert found.verdict("orgs-urban", "21") == "not_met"


# --- scope -----------------------------------------------------------------------------


def test_a_county_without_urban_communities(results):
    found = results(
        "yuncheng-2019",
        communities=rows(YUNCHENG, "2019-12-31", "rural", linkage=["是"], orgs=[5], venue_area=[1]),
    )
    for target in ("orgs-urban", "venue-urban"):
        row = found.row(target, "140802")
        assert row["verdict"] == "not_applicable"
        assert (row["numerator"], row["denominator"], row["unknown"]) == (0, 0, 0)
        assert row[["value", "lower", "upper", "shortfall"]].isna().all()
        assert row["threshold"] == 1
        assert row["due"] == pd.Timestamp("2019-12-31")
        assert row["binding"]
    assert found.verdict("orgs-rural", "140802") == "met"
    assert found.verdict("linkage", "140802", "urban") == "not_applicable"
    assert found.row("orgs-urban", "140802")["stable"]


def test_vague_targets_without_units_do_not_apply_either(results):
    found = results("lishui-2018", communities=rows(LISHUI, "2020-12-31", "urban", agency=["是"]))
    assert found.verdict("agency-urban", "3311") == "no_threshold"
    assert found.verdict("waste-sorting", "3311") == "not_applicable"


def test_other_units_are_in_no_denominator(results):
    communities = [
        *rows(LIAONING, "2021-12-31", "urban", orgs=[10]),
        *rows(LIAONING, "2021-12-31", "其他", start=2, orgs=[0, 0]),
    ]
    found = results("liaoning-2021", communities=communities)
    assert found.figures("orgs-urban", "210106")[:3] == (1, 1, 0)
    assert found.figures("orgs-rural", "210106")[:3] == (0, 0, 0)


def test_the_settlement_comes_from_the_name_where_the_ledger_is_silent(results):
    frame = frame_of(
        [
            ("210106001001", "东街社区"),
            ("210106001002", "西村村民委员会"),
            ("210106001003", "农场生活区"),
            ("210106001004", "南村"),  # the ledger says urban
        ]
    )
    communities = [
        {"code": "210106001001", "date": "2021-12-31", "settlement": None, "orgs": 10},
        {"code": "210106001004", "date": "2021-12-31", "settlement": "城市社区", "orgs": 10},
    ]
    found = results("liaoning-2021", frame, communities=communities)
    assert found.figures("orgs-urban", "210106")[:3] == (2, 2, 0)
    assert found.figures("orgs-rural", "210106")[:3] == (0, 1, 1)


def test_two_counties_of_one_name_stay_apart(results):
    units = [("210106001001", "甲社区"), ("210303001001", "乙社区")]
    frame = frame_of(units, county="铁西区", street="某街道")
    communities = [
        *rows("2101060010", "2021-12-31", orgs=[10]),
        *rows("2103030010", "2021-12-31", orgs=[0]),
    ]
    found = results("liaoning-2021", frame, communities=communities)
    rows_ = {code: found.row("orgs-urban", code) for code in ("210106", "210303")}
    assert [row["area"] for row in rows_.values()] == ["铁西区", "铁西区"]
    assert [row["numerator"] for row in rows_.values()] == [1, 0]
    assert [row["verdict"] for row in rows_.values()] == ["met", "not_met"]
    assert found.row("orgs-urban", "2101")["area"] == "沈阳市"
    assert found.row("orgs-urban", "2103")["area"] == "鞍山市"


def test_a_stray_row_enters_no_figure(ledger):
    frame = frame_of([("210106001001", "甲社区")])
    own = rows(LIAONING, "2021-12-31", orgs=[9])
    county = [{"county_code": "210106", "date": "2021-12-31", "brand_orgs": 3}]
    strays = rows("2101060020", "2021-12-31", orgs=[10, 10])
    strays += rows(LIAONING, "2021-12-31", start=50, orgs=[10])
    stray_county = [{"county_code": "210102", "date": "2021-12-31", "brand_orgs": 99}]
    without = ledger(frame, communities=own, counties=county)
    with_strays = ledger(frame, communities=own + strays, counties=county + stray_county)
    strays_found = [f for f in with_strays.findings if f.variable != "name"]
    assert len(strays_found) == 4
    pd.testing.assert_frame_equal(
        evaluate(without, "liaoning-2021"), evaluate(with_strays, "liaoning-2021")
    )


def test_a_unit_of_the_frame_without_a_row_is_unknown(results):
    frame = frame_of([(code, "某社区") for code in codes(LIAONING, 4)])
    found = results("liaoning-2021", frame, communities=rows(LIAONING, "2021-12-31", orgs=[10, 9]))
    assert found.figures("orgs-urban", "210106") == (1, 4, 2, 0.5, 0.25, 0.75)
    assert found.verdict("orgs-urban", "210106") == "undetermined"


def test_without_a_frame_only_reported_units_exist(results):
    communities = [
        *rows(LIAONING, "2021-12-31", orgs=[10, 9]),
        *rows(LIAONING, "2022-12-31", orgs=[10, 9, 8, 7]),
    ]
    found = results("liaoning-2021", communities=communities)
    assert found.figures("orgs-urban", "21", date="2021-12-31")[1] == 2
    assert found.figures("orgs-urban", "21", date="2022-12-31")[1] == 4


def test_a_county_that_is_silent_throughout_has_its_rows(results):
    frame = frame_of([("210106001001", "甲社区"), ("210303001001", "乙社区")])
    found = results("liaoning-2021", frame, communities=rows(LIAONING, "2021-12-31", orgs=[10]))
    assert found.figures("orgs-urban", "210303") == (0, 1, 1, None, 0, 1)
    assert found.verdict("orgs-urban", "210303") == "undetermined"
    assert found.figures("brand-orgs", "21") == (0, 2, 2, None, 0, None)


def test_not_applicable_leaves_and_a_blank_stays(results):
    found = results(
        "liaoning-2021",
        communities=rows(LIAONING, "2021-12-31", orgs=[10, "不适用", None, 0, "无"]),
    )
    assert found.figures("orgs-urban", "210106")[:3] == (1, 4, 1)


def test_with_linkage(results):
    cases = [
        ("是", 500, "yes"),
        ("是", 499.9, "no"),
        ("是", None, "?"),
        ("是", "不适用", "out"),
        ("否", 500, "out"),
        ("否", None, "out"),
        (None, 500, "?"),  # perhaps it does not link, then it does not count
        (None, 0, "?"),
        (None, "不适用", "out"),
        ("不适用", 500, "out"),
    ]
    communities = [{"linkage": linkage, "venue_area": venue} for linkage, venue, _ in cases]
    said = said_of_each(results, "yuncheng-2019", "140802", communities, "venue-urban")
    assert said == [expected for *_, expected in cases]


def test_all_units_asks_nobody_about_the_linkage(results):
    communities = rows(
        YUNCHENG, "2019-12-31", linkage=["是", "否", None], venue_area=[500, 500, 500]
    )
    found = results("yuncheng-2019", communities=communities)
    assert found.figures("venue-urban", "140802")[:3] == (1, 2, 1)
    assert found.figures("venue-urban", "140802", "all-units")[:3] == (3, 3, 0)
    assert found.verdict("venue-urban", "140802") == "undetermined"
    assert found.verdict("venue-urban", "140802", "all-units") == "met"
    assert not found.row("venue-urban", "140802")["stable"]


# --- linkage to standard ---------------------------------------------------------------

FULL = {
    "linkage": "是",
    "organisations": "是",
    "convention": "是",
    "consultation": "是",
    "venue_area": 500,
    "functions": 5,
    "orgs": 10,
    "social_workers": 1,
    "purchase": 0.1,
}


def test_linkage_to_standard(results):
    cases = [
        ("urban", "2019-12-31", {}, "yes"),
        ("urban", "2019-12-31", {"venue_area": 499}, "no"),
        ("urban", "2019-12-31", {"functions": 4}, "no"),
        ("urban", "2019-12-31", {"orgs": 9}, "no"),
        ("urban", "2019-12-31", {"social_workers": 0}, "no"),
        ("urban", "2019-12-31", {"purchase": 0}, "no"),
        ("urban", "2019-12-31", {"consultation": "否"}, "no"),
        ("urban", "2019-12-31", {"linkage": "否"}, "no"),
        ("urban", "2019-12-31", {"purchase": None}, "?"),
        ("urban", "2019-12-31", {"purchase": None, "orgs": 9}, "no"),
        ("urban", "2019-12-31", {"linkage": None}, "?"),
        ("urban", "2019-12-31", {"linkage": None, "orgs": 9}, "no"),
        ("urban", "2019-12-31", {"purchase": "不适用"}, "yes"),
        # One 不适用 among three: the whole standard is not held against the unit.
        ("urban", "2019-12-31", {"consultation": "不适用", "organisations": "否"}, "yes"),
        ("urban", "2019-12-31", {"linkage": "不适用"}, "out"),
        ("rural", "2019-12-31", {"venue_area": 0, "orgs": 5}, "yes"),
        ("rural", "2019-12-31", {"orgs": 4}, "no"),
        # In 2020 the convention remains, functions, purchase and the rest go.
        ("urban", "2020-12-31", {"functions": 0, "purchase": 0, "organisations": "否"}, "yes"),
        ("urban", "2020-12-31", {"convention": "否"}, "no"),
        ("urban", "2020-12-31", {"venue_area": 499}, "no"),
        ("rural", "2020-12-31", {"venue_area": 499}, "yes"),
        ("rural", "2020-12-31", {"social_workers": 0}, "no"),
        ("urban", "2022-12-31", {"functions": 0}, "yes"),
        ("urban", "2022-12-31", {"convention": None}, "?"),
        ("urban", "2018-12-31", {"functions": 0}, "no"),
    ]
    communities = [
        FULL | changes | {"settlement": settlement, "date": date}
        for settlement, date, changes, _ in cases
    ]
    said = said_of_each(results, "yuncheng-2019", "140802", communities, "linkage", "to-standard")
    found = [(*case[:-1], word) for case, word in zip(cases, said, strict=True)]
    assert found == cases


# --- time ------------------------------------------------------------------------------


def test_the_milestone_in_force(results):
    expected = {
        "2021-06-30": ("2021-12-31", 0.4),  # before the date of issue
        "2021-12-31": ("2021-12-31", 0.4),
        "2022-01-01": ("2022-12-31", 0.8),
        "2022-06-30": ("2022-12-31", 0.8),
        "2022-12-31": ("2022-12-31", 0.8),
        "2023-12-31": ("2023-12-31", 1),
        "2024-01-01": ("2023-12-31", 1),
        "2030-06-30": ("2023-12-31", 1),
    }
    communities = [row for date in expected for row in rows(LIAONING, date, orgs=[10])]
    found = results("liaoning-2021", communities=communities)
    for date, (due, threshold) in expected.items():
        row = found.row("orgs-urban", "21", date=date)
        assert (date, str(row["due"].date()), row["threshold"]) == (date, due, threshold)


def test_each_milestone_has_its_own_clause(results):
    communities = [
        *rows(LIAONING, "2021-12-31", orgs=[10]),
        *rows(LIAONING, "2022-12-31", orgs=[10]),
    ]
    found = results("liaoning-2021", communities=communities)
    clauses = [
        found.row("orgs-urban", "21", date=date)["clause"] for date in ("2021-12-31", "2022-12-31")
    ]
    assert clauses == ["三(一)", "三(二)"]


def test_a_standing_demand_has_no_due_date_and_always_holds(results):
    for date in ("2010-01-01", "2018-12-31", "2030-01-01"):
        row = one_community(results, "lishui-2018", LISHUI, date, staff=6, households=1).row(
            "staff", "331102"
        )
        assert pd.isna(row["due"])
        assert row["threshold"] == 1
        assert row["verdict"] == "met"


def test_a_vague_demand_is_computed_and_has_no_verdict(results):
    found = results(
        "lishui-2018",
        communities=rows(LISHUI, "2020-12-31", "urban", agency=["是", "否", None, "是"]),
    )
    row = found.row("agency-urban", "3311")
    assert found.figures("agency-urban", "3311") == (2, 4, 1, 2 / 3, 0.5, 0.75)
    assert row["verdict"] == "no_threshold"
    assert row[["due", "threshold", "shortfall"]].isna().all()
    assert row["binding"]
    assert row["stable"]


def test_the_reading_that_begins_in_2020(results):
    def venue(date, settlement, reading):
        found = one_community(
            results, "yuncheng-2019", YUNCHENG, date, settlement, linkage="是", venue_area=500
        )
        return found.find("venue-urban", "140802", reading)

    assert venue("2019-12-31", "rural", "all-settlements").empty
    assert len(venue("2019-12-31", "rural", "primary")) == 1
    for date in ("2020-01-01", "2020-12-31", "2025-12-31"):
        assert venue(date, "rural", "all-settlements")["verdict"].tolist() == ["met"]
        assert venue(date, "rural", "primary")["verdict"].tolist() == ["not_applicable"]


def test_growth(results):
    cases = [
        (100, 100.5, "yes"),
        (100, 100, "no"),
        (100, 99, "no"),
        (None, 100, "?"),
        (100, None, "?"),
        (None, 0, "no"),  # nothing lies below 0
        (0, 0.1, "yes"),
        ("不适用", 100, "out"),
        (100, "不适用", "out"),
    ]
    communities = []
    for number, (before, now, _) in enumerate(cases, start=1):
        street = f"140802{number:03d}0"
        for date, area in (("2019-12-31", before), ("2020-12-31", now)):
            communities += rows(street, date, "rural", linkage=["是"], venue_area=[area])
    found = results("yuncheng-2019", communities=communities)
    for number, (before, now, expected) in enumerate(cases, start=1):
        figures = {
            date: found.figures("venue-rural", f"140802{number:03d}", date=date)[:3]
            for date in ("2019-12-31", "2020-12-31")
        }
        assert (before, now, WORDS[figures["2020-12-31"]]) == (before, now, expected)
        assert WORDS[figures["2019-12-31"]] == ("out" if before == "不适用" else "?")


@pytest.mark.parametrize("marked", [False, True])
def test_a_unit_that_is_new_is_unknown_and_not_out_of_scope(results, marked):
    # Without a frame the new unit has no previous row; 不适用 elsewhere must not rub off on it.
    other = ["不适用" if marked else 5]
    communities = [
        *rows(YUNCHENG, "2019-12-31", "rural", linkage=["是"], venue_area=other),
        *rows(YUNCHENG, "2020-12-31", "rural", linkage=["是"], venue_area=other),
        *rows(YUNCHENG, "2020-12-31", "rural", start=2, linkage=["是"], venue_area=[50]),
    ]
    found = results("yuncheng-2019", communities=communities)
    size = 1 if marked else 2
    figures = found.figures("venue-rural", "140802", date="2020-12-31")
    assert figures[:3] == (0, size, 1)


def test_certificates_are_compared_over_the_communities_known_at_both_dates(results):
    then, now = [3, 3, 9, None], [4, 2, None, 9]
    communities = [
        *rows(YUNCHENG, "2019-12-31", certified_members=then),
        *rows(YUNCHENG, "2020-12-31", certified_members=now),
        *rows("1408210010", "2019-12-31", certified_members=then),
        *rows("1408210010", "2020-12-31", certified_members=[4, 3, None, None]),
        *rows("1408220010", "2019-12-31", certified_members=[1, None]),
        *rows("1408220010", "2020-12-31", certified_members=[None, 5]),
    ]
    found = results("yuncheng-2019", communities=communities)
    figures = {
        code: found.figures("certification-growth", code, date="2020-12-31")
        for code in ("140802", "140821", "140822", "1408")
    }
    assert figures["140802"][:3] == (0, 1, 0)  # 3 + 3 against 4 + 2
    assert figures["140821"][:3] == (1, 1, 0)
    assert figures["140822"][:3] == (0, 1, 1)  # none is known at both
    assert figures["1408"] == (1, 3, 1, 1 / 2, 1 / 3, 2 / 3)
    assert found.figures("certification-growth", "1408", date="2019-12-31")[:3] == (0, 3, 3)


# --- means, ratios, totals -------------------------------------------------------------


@pytest.mark.parametrize(
    ("orgs", "verdict", "shortfall"),
    [
        ([20, 0], "met", 0),
        ([19, 0], "not_met", 1),
        ([19, None], "undetermined", 1),
        ([20, None], "met", 0),
        ([9, 9, None], "undetermined", 12),
        ([None], "undetermined", 10),
    ],
)
def test_a_mean(results, orgs, verdict, shortfall):
    row = results("changzhou-2018", communities=rows(CHANGZHOU, "2020-12-31", orgs=orgs)).row(
        "orgs-urban", "320402"
    )
    assert (row["verdict"], row["shortfall"]) == (verdict, shortfall)


def test_a_mean_can_be_met_where_not_every_unit_reaches_it(results):
    found = results("lishui-2018", communities=rows(LISHUI, "2020-12-31", "rural", orgs=[10, 4, 1]))
    assert found.verdict("orgs-rural", "3311") == "not_met"
    assert found.verdict("orgs-rural", "3311", "mean") == "met"
    assert found.row("orgs-rural", "3311", "mean")["threshold"] == 5
    assert not found.row("orgs-rural", "3311")["stable"]
    assert not found.row("orgs-rural", "3311", "mean")["stable"]


@pytest.mark.parametrize(
    ("parts", "wholes", "verdict", "shortfall"),
    [
        ([8, 8], [10, 10], "met", 0),
        ([10, 5], [10, 10], "not_met", 1),
        ([10, None], [10, 10], "undetermined", 6),
        ([5, None], [10, 10], "not_met", 11),  # at most 15 of 20
        ([10, None], [10, 2], "met", 0),
        ([10, 8], [10, None], "undetermined", None),
        ([8, 0], [10, None], "undetermined", None),
        ([0, 0], [0, 0], "not_applicable", None),
        ([8, None], [10, 0], "met", 0),
    ],
)
def test_a_ratio_with_blanks(results, parts, wholes, verdict, shortfall):
    row = results(
        "changzhou-2018",
        communities=rows(CHANGZHOU, "2020-12-31", certified_members=parts, members=wholes),
    ).row("certified-urban", "320402")
    assert row["verdict"] == verdict
    assert (None if pd.isna(row["shortfall"]) else row["shortfall"]) == shortfall


def test_a_part_above_its_whole_is_unknown_and_the_whole_stands(results):
    found = results(
        "changzhou-2018",
        communities=rows(CHANGZHOU, "2020-12-31", certified_members=[4, 6], members=[5, 5]),
    )
    assert found.figures("certified-urban", "320402") == (4, 5, 1, 0.8, 0.4, 0.9)


def test_each_community_by_itself(results):
    cases = [
        (3, 10, "yes"),
        (2, 10, "no"),
        (0, 0, "out"),  # no posts, no rate
        (None, 0, "out"),
        (None, 10, "?"),
        (3, None, "?"),
        (0, None, "?"),
        ("不适用", 10, "out"),
    ]
    communities = [{"social_work_posts": part, "posts": whole} for part, whole, _ in cases]
    said = said_of_each(results, "changzhou-2018", "320402", communities, "posts-urban", "each")
    assert said == [expected for *_, expected in cases]


def test_each_has_a_threshold_of_its_own(results):
    found = one_community(results, "changzhou-2018", CHANGZHOU, social_work_posts=3, posts=10)
    assert found.row("posts-urban", "320402", "each")["threshold"] == 1
    assert found.row("posts-urban", "320402")["threshold"] == 0.3


def test_a_scaled_ratio_shows_its_own_unit(results):
    communities = rows(YANGQUAN, "2018-06-30", facility_area=[1000, 499.5], households=[2000, 1000])
    row = results("yangquan-2015", communities=communities).row("facility-ratio", "140302")
    assert row["value"] == 49.983333333333334
    assert row["threshold"] == 50
    assert (row["verdict"], row["shortfall"]) == ("not_met", 1)


def test_organisations_per_ten_thousand(results):
    counties = [{"county_code": "140302", "date": "2018-06-30"}]
    communities = rows(YANGQUAN, "2018-06-30", orgs=[1])

    def row(**cells):
        return results(
            "yangquan-2015", communities=communities, counties=[counties[0] | cells]
        ).row("orgs-per-10k", "140302")

    assert row(social_orgs=20, population=10_000)["verdict"] == "met"
    assert row(social_orgs=20, population=10_001)["verdict"] == "not_met"
    assert row(social_orgs=20, population=10_001)["shortfall"] == 1
    assert row(social_orgs=None, population=10_000)["verdict"] == "undetermined"
    assert row(social_orgs=20, population=None)["verdict"] == "undetermined"
    assert row(social_orgs="不适用", population=10_000)["verdict"] == "not_applicable"


@pytest.mark.parametrize(
    ("counts", "verdict", "shortfall", "value"),
    [
        ([30, 20], "met", 0, 50),
        ([30, 19], "not_met", 1, 49),
        ([30, None], "undetermined", 20, 30),
        ([50, None], "met", 0, 50),
        ([None, None], "undetermined", 50, None),
        ([30, "不适用"], "not_met", 20, 30),
        (["不适用", "不适用"], "not_applicable", None, None),
    ],
)
def test_a_total(results, counts, verdict, shortfall, value):
    names = ["210106", "210303"]
    communities = [row for code in names for row in rows(f"{code}0010", "2023-12-31", orgs=[1])]
    counties = [
        {"county_code": code, "date": "2023-12-31", "brand_orgs": count}
        for code, count in zip(names, counts, strict=True)
    ]
    row = results("liaoning-2021", communities=communities, counties=counties).row(
        "brand-orgs", "21"
    )
    assert row["verdict"] == verdict
    assert (None if pd.isna(row["shortfall"]) else row["shortfall"]) == shortfall
    assert (None if pd.isna(row["value"]) else row["value"]) == value


@pytest.mark.parametrize(
    ("wages", "staff", "average", "verdict"),
    [
        ([60_000, 40_000], [1, 1], 50_000, "met"),
        ([60_000, 40_000], [1, 2], 50_000, "not_met"),  # weighted by staff
        ([60_000, None], [1, 1], 50_000, "undetermined"),
        ([60_000, None], [1, 0], 50_000, "met"),
        ([100_000, None], [1, 1], 50_000, "met"),
        ([60_000, 60_000], [1, None], 50_000, "undetermined"),
        ([60_000, 60_000], [1, 1], None, "undetermined"),
        ([60_000, 60_000], [0, 0], 50_000, "not_applicable"),
        ([50_000.01], [3], 50_000.01, "met"),
    ],
)
def test_wages(results, wages, staff, average, verdict):
    found = results(
        "lishui-2018",
        communities=rows(LISHUI, "2020-12-31", wage=wages, staff=staff),
        counties=[{"county_code": "331102", "date": "2020-12-31", "average_wage": average}],
    )
    row = found.row("wage", "331102")
    assert (row["verdict"], row["threshold"]) == (verdict, 1)
    assert found.verdict("wage", "331102001") == verdict  # wages have rows of streets


def test_wages_of_each_community(results):
    found = results(
        "lishui-2018",
        communities=rows(
            LISHUI, "2020-12-31", wage=[50_000, 49_999, None, 0, None], staff=[1, 1, 1, 0, 0]
        ),
        counties=[{"county_code": "331102", "date": "2020-12-31", "average_wage": 50_000}],
    )
    assert found.figures("wage", "331102", "each")[:3] == (1, 3, 1)


# --- conditions of single documents ----------------------------------------------------


def test_staff_of_lishui(results):
    cases = [
        (500, 5, "no", "no"),
        (500, 6, "yes", "yes"),
        (500, 12, "yes", "yes"),
        (500, 13, "no", "no"),
        (2000, 12, "yes", "yes"),
        (2000, 13, "no", "no"),
        (2299, 12, "yes", "yes"),
        (2299, 13, "no", "no"),
        (2300, 13, "yes", "no"),
        (2300, 14, "no", "no"),
        (2399, 13, "yes", "no"),
        (2400, 13, "yes", "yes"),
        (2400, 14, "no", "no"),
        (2600, 14, "yes", "no"),
        (2800, 14, "yes", "yes"),
        (None, 5, "no", "no"),
        (None, 6, "yes", "yes"),
        (None, 12, "yes", "yes"),  # the ceiling is 12 at least
        (None, 13, "?", "?"),
        (2300, None, "?", "?"),
        (5000, 5, "no", "no"),  # the floor does not rise
        ("不适用", 8, "out", "out"),
    ]
    communities = [{"households": households, "staff": staff} for households, staff, *_ in cases]
    said = said_of_each(results, "lishui-2018", "331102", communities, "staff", "primary", "strict")
    found = [(*case[:2], *words) for case, words in zip(cases, said, strict=True)]
    assert found == cases


def test_staff_between_the_two_readings_is_not_stable(results):
    communities = [
        *rows(LISHUI, "2020-12-31", households=[2300], staff=[13]),
        *rows("3311210010", "2020-12-31", households=[2400], staff=[13]),
    ]
    found = results("lishui-2018", communities=communities)
    assert not found.row("staff", "331102")["stable"]
    assert found.row("staff", "331121")["stable"]


def test_staff_of_villages_counts_in_one_reading_alone(results):
    found = one_community(
        results, "lishui-2018", LISHUI, settlement="rural", households=300, staff=3
    )
    assert found.verdict("staff", "331102") == "not_applicable"
    assert found.verdict("staff", "331102", "all-settlements") == "not_met"
    assert found.row("staff", "331102")["stable"]  # who does not apply does not disagree


def test_facilities_of_lishui(results):
    cases = [
        (350, 0, "yes"),
        (349.9, 0, "no"),
        (350, 1166, "yes"),
        (350, 1167, "no"),  # 350.1 m²
        (350.1, 1167, "yes"),
        (349, None, "no"),
        (350, None, "?"),
        (None, 100, "?"),
    ]
    communities = [{"facility_area": area, "households": number} for area, number, _ in cases]
    said = said_of_each(results, "lishui-2018", "331102", communities, "facility")
    assert said == [expected for *_, expected in cases]


def test_facilities_of_changzhou(results):
    cases = [
        (600, 6000, "yes", "yes"),
        (600, 6001, "no", "yes"),
        (599.9, 100, "no", "yes"),
        (0, None, "no", "no"),
        (1, None, "no", "yes"),
        (700, None, "?", "yes"),
        (None, 100, "?", "?"),
        (700, "不适用", "out", "yes"),
    ]
    communities = [{"facility_area": area, "population": number} for area, number, *_ in cases]
    said = said_of_each(
        results, "changzhou-2018", "320402", communities, "facility", "primary", "coverage"
    )
    assert said == [tuple(expected) for _, _, *expected in cases]


def test_work_funds(ledger):
    cases = [
        # county, households, fund, without a cap, with a cap of 40
        ("331102", 1000, 10, "yes", "yes"),
        ("331102", 1000, 9.9, "no", "no"),
        ("331102", 1500, 15, "yes", "yes"),
        ("331102", 1501, 15, "no", "no"),  # pro rata: 15.01
        ("331102", 3000, 30, "yes", "yes"),
        ("331102", 3000, 29.9, "no", "no"),
        ("331102", 5000, 50, "yes", "yes"),
        ("331102", 5000, 29.9, "no", "no"),
        ("331102", 5000, 30, "?", "no"),
        ("331102", 5000, 40, "?", "yes"),
        ("331102", 5000, 39.9, "?", "no"),
        ("331102", 5000, 49.9, "?", "yes"),
        ("331102", 3500, 34.9, "?", "no"),
        ("331102", 3500, 35, "yes", "yes"),
        ("331102", None, 1000, "?", "yes"),
        ("331102", 1000, None, "?", "?"),
        ("331102", 0, None, "yes", "yes"),
        ("331121", 1000, 5, "yes", "yes"),  # half the rate outside the city proper
        ("331121", 1000, 4.9, "no", "no"),
        ("331121", 4000, 15, "?", "no"),
        ("331121", 4000, 20, "yes", "yes"),
    ]
    communities = []
    for number, (county, households, fund, *_) in enumerate(cases, start=1):
        street = f"{county}{number:03d}0"
        communities += rows(street, "2020-12-31", households=[households], work_fund=[fund])
    there = ledger(communities=communities)
    policy = POLICY("lishui-2018")
    rate, cap = policy.parameters
    assert (rate.id, cap.id) == ("rate", "cap")
    cap = dataclasses.replace(cap, default=Fraction(40))
    uncapped = Results(there, policy)
    capped = Results(there, dataclasses.replace(policy, parameters=(rate, cap)))
    for number, case in enumerate(cases, start=1):
        street = f"{case[0]}{number:03d}"
        words = [WORDS[found.figures("work-fund", street)[:3]] for found in (uncapped, capped)]
        assert (*case[:3], *words) == case


@pytest.mark.parametrize(
    ("street", "fund", "verdict"),
    [
        (LISHUI, 10, "met"),
        (LISHUI, 9.9, "not_met"),
        ("3311210010", 5, "met"),
        ("3311210010", 4.9, "not_met"),
    ],
)
def test_service_funds(results, street, fund, verdict):
    found = one_community(results, "lishui-2018", street, service_fund=fund)
    assert found.verdict("service-fund", street[:6]) == verdict


def test_base_pay(results):
    cases = {0.7: "yes", "70%": "yes", "0.70": "yes", 0.7000000000000001: "yes"}
    cases |= {0.69: "no", 0.71: "no", 1: "no", 0: "no", None: "?", 70: "?", "不适用": "out"}
    communities = [{"base_pay_share": written} for written in cases]
    said = said_of_each(results, "lishui-2018", "331102", communities, "base-pay")
    assert dict(zip(cases, said, strict=True)) == cases


def test_the_size_of_new_communities(results):
    cases = [
        ("是", 1499, "no"),
        ("是", 1500, "yes"),
        ("是", 3000, "yes"),
        ("是", 3001, "no"),
        ("是", None, "?"),
        ("否", 2000, "out"),
        (None, 2000, "?"),
        (None, "不适用", "out"),
    ]
    communities = [{"new_community": new, "households": number} for new, number, _ in cases]
    said = said_of_each(results, "lishui-2018", "331102", communities, "new-community-size")
    assert said == [expected for *_, expected in cases]


def test_five_tiers_make_one_distribution(results):
    areas = [0, 200, 200.1, 500, 500.1, 1999.9, 2000, 4999.9, 5000]
    found = results(
        "yangquan-2015",
        communities=rows(YANGQUAN, "2018-06-30", facility_area=[*areas, None]),
    )
    tiers = ["primary", "to-500", "to-2000", "to-5000", "over-5000"]
    counts = [found.figures("facility-tiers", "140302", tier)[:3] for tier in tiers]
    assert counts == [(2, 10, 1), (2, 10, 1), (2, 10, 1), (2, 10, 1), (1, 10, 1)]
    assert found.row("facility-tiers", "140302")["stable"]


MAXIMUM = [5, 5, 8, 5, 10, 5, 5, 10, 8, 5, 8, 8, 8, 10]


def test_scores(results):
    cases = [
        ({}, "yes", "no"),
        ({14: 5}, "yes", "no"),  # 95
        ({14: 4.9}, "no", "yes"),
        ({14: 0}, "no", "yes"),  # 90
        ({14: 0, 13: 7.9}, "no", "no"),
        ({1: None}, "yes", "no"),  # 95 to 100
        ({3: None}, "?", "?"),  # 92 to 100
        ({14: 0, 1: None}, "no", "?"),  # 85 to 90
        ({14: 0, 13: 7, 1: None}, "no", "no"),  # 84 to 89
        ({14: 4, 13: 7, 12: None}, "no", "?"),  # 85 to 93
        ({14: 6, 13: 7, 1: None}, "?", "?"),  # 90 to 95: model or qualified, one of the two
        ({14: 5, 13: 7, 2: 4.9, 1: 4.9, 4: None}, "no", "?"),
        ({3: "不适用"}, "out", "out"),
        ({3: 9}, "?", "?"),  # beyond the maximum of the item: unknown
    ]
    communities, scores = [], []
    for number, (changes, *_) in enumerate(cases, start=1):
        communities += rows(f"140802{number:03d}0", "2020-12-31", "rural", linkage=["是"])
        items = {f"score_{n}": changes.get(n, most) for n, most in enumerate(MAXIMUM, start=1)}
        scores.append({"code": communities[-1]["code"], "date": "2020-12-31"} | items)
    found = results("yuncheng-2019", communities=communities, scores=scores)
    for number, (changes, *expected) in enumerate(cases, start=1):
        street = f"140802{number:03d}"
        words = [
            WORDS[found.figures(target, street)[:3]]
            for target in ("score-model", "score-qualified")
        ]
        assert (changes, words) == (changes, expected)


def test_without_a_score_sheet_every_score_is_unknown(results):
    found = one_community(results, "yuncheng-2019", YUNCHENG, linkage="是")
    assert found.figures("score-model", "140802") == (0, 1, 1, None, 0, 1)


def test_at_least_two_communities_of_a_street(results):
    cases = [
        (["是", "是", "否"], "yes"),
        (["是", "否", "否"], "no"),
        (["是", None, "否"], "?"),
        (["是", "是", None], "yes"),
        ([None, "否", "否"], "no"),
        (["是", "不适用", None], "?"),
        (["是", "不适用", "不适用"], "no"),
        (["不适用", "不适用", "不适用"], "no"),
        (["是"], "no"),
    ]
    communities = []
    for number, (answers, _) in enumerate(cases, start=1):
        street = f"140302{number:03d}0"
        communities += rows(street, "2016-06-30", "rural", governance_new=answers)
    found = results("yangquan-2015", communities=communities)
    for number, case in enumerate(cases, start=1):
        figures = found.figures("governance-street", f"140302{number:03d}")[:3]
        assert (case[0], WORDS[figures]) == case


def test_a_street_without_communities_is_out_of_scope(results):
    communities = [
        *rows(YANGQUAN, "2016-06-30", governance_new=["是", "是"]),
        *rows("1403020020", "2016-06-30", "其他", governance_new=["是", "是"]),
        # An 其他 unit is no second community.
        *rows("1403020030", "2016-06-30", governance_new=["是"]),
        *rows("1403020030", "2016-06-30", "其他", start=2, governance_new=["是"]),
    ]
    streets = [
        {"street_code": code, "date": "2016-06-30", "registered_orgs_new": 2}
        for code in ("140302001", "140302002")
    ]
    found = results("yangquan-2015", communities=communities, streets=streets)
    assert found.figures("governance-street", "140302")[:3] == (1, 2, 0)
    assert found.figures("registered-orgs", "140302")[:3] == (1, 2, 1)
    assert found.verdict("registered-orgs", "140302002") == "not_applicable"
    assert found.verdict("registered-orgs", "140302001") == "met"
    assert found.verdict("registered-orgs", "140302003") == "undetermined"


# --- levels, binding, stable -----------------------------------------------------------


def test_targets_of_counties_have_no_rows_of_streets(results):
    table = one_community(results, "lishui-2018", LISHUI, orgs=1).table
    levels = table.groupby("target")["level"].agg(set).to_dict()
    four = {"street", "county", "city", "province"}
    counties = {"green-channel", "integrated-care", "waste-utilisation", "waste-recovery"}
    assert {target for target, there in levels.items() if there == four - {"street"}} == counties
    assert all(there == four for target, there in levels.items() if target not in counties)


@pytest.mark.parametrize(
    ("policy", "target", "street", "level"),
    [
        ("yuncheng-2019", "linkage", YUNCHENG, "county"),
        ("yuncheng-2019", "venue-rural", YUNCHENG, "county"),
        ("yuncheng-2019", "score-model", YUNCHENG, None),
        ("changzhou-2018", "orgs-urban", CHANGZHOU, "county"),
        ("changzhou-2018", "incubators", CHANGZHOU, "county"),
        ("yangquan-2015", "meetings", YANGQUAN, "county"),
        ("lishui-2018", "orgs-urban", LISHUI, "city"),
        ("lishui-2018", "staff", LISHUI, "county"),
        ("lishui-2018", "waste-utilisation", LISHUI, "city"),
        ("liaoning-2021", "orgs-urban", LIAONING, "province"),
        # Elsewhere everything is computed and nothing binds.
        ("yuncheng-2019", "linkage", "1403020010", None),
        ("changzhou-2018", "orgs-urban", "3204810010", None),  # 溧阳市 is no district
        ("changzhou-2018", "orgs-urban", "3205020010", None),
        ("yangquan-2015", "meetings", "1403030010", None),
        ("lishui-2018", "orgs-urban", "3301020010", None),
        ("liaoning-2021", "orgs-urban", "1408020010", None),
    ],
)
def test_where_a_demand_binds(results, policy, target, street, level):
    there = one_community(results, policy, street, orgs=1).of(target)
    assert set(there["level"]) >= {"county", "city", "province"}
    assert set(there.loc[there["binding"], "level"]) == ({level} if level else set())
    if level:  # every reading binds
        assert there.loc[there["level"] == level, "binding"].all()


def test_readings_that_disagree_are_not_stable(results):
    # 4 posts of 10 together; the second community has none of its 5.
    found = results(
        "changzhou-2018",
        communities=rows(CHANGZHOU, "2020-12-31", social_work_posts=[4, 0], posts=[5, 5]),
    )
    assert found.verdict("posts-urban", "320402") == "met"
    assert found.verdict("posts-urban", "320402", "each") == "not_met"
    for reading in ("primary", "each"):
        assert not found.row("posts-urban", "320402", reading)["stable"]
    assert found.row("posts-rural", "320402")["stable"]


def test_stable_is_a_matter_of_each_area(results):
    communities = [
        *rows(CHANGZHOU, "2020-12-31", social_work_posts=[4, 0], posts=[5, 5]),
        *rows("3204110010", "2020-12-31", social_work_posts=[4, 4], posts=[5, 5]),
    ]
    found = results("changzhou-2018", communities=communities)
    assert not found.row("posts-urban", "320402")["stable"]
    assert found.row("posts-urban", "320411")["stable"]


# --- the user's own numbers ------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "verdict", "shortfall"),
    [("2/3", "met", 0), ("66%", "met", 0), ("0.67", "not_met", 1), ("100%", "not_met", 1)],
)
def test_an_assumed_threshold(ledger, written, verdict, shortfall):
    there = ledger(communities=rows(LISHUI, "2020-12-31", agency=["是", "是", "否"]))
    assumption = f"lishui-2018/agency-urban={written}"
    results = evaluate(there, "lishui-2018", assumptions=[assumption])
    mine = results["target"] == "agency-urban"
    row = results[mine & (results["level"] == "city")].iloc[0]
    assert (row["verdict"], row["shortfall"]) == (verdict, shortfall)
    assert pd.isna(row["due"])
    assert set(results.loc[mine, "assumed"]) == {assumption}
    assert set(results.loc[~mine, "assumed"]) == {""}
    without = evaluate(there, "lishui-2018")
    pd.testing.assert_frame_equal(results[~mine], without[~mine])


def test_an_assumed_threshold_is_for_the_primary_reading(ledger):
    there = ledger(communities=rows(YANGQUAN, "2018-06-30", facility_area=[100, 300]))
    results = evaluate(there, "yangquan-2015", assumptions=["yangquan-2015/facility-tiers=1/2"])
    tiers = results[(results["target"] == "facility-tiers") & (results["level"] == "county")]
    verdicts = dict(zip(tiers["reading"], tiers["verdict"], strict=True))
    assert verdicts.pop("primary") == "met"
    assert set(verdicts.values()) == {"no_threshold"}
    assert tiers["assumed"].tolist()[1:] == [""] * 4


@pytest.mark.parametrize(
    "written",
    [
        "lishui-2018/orgs-urban=50%",  # the document has a number of its own
        "lishui-2018/nothing=50%",
        "lishui-2018/agency-urban=many",
        "lishui-2018/work-fund.cap=29.9",  # below the amount for 3000 households
        "lishui-2018/work-fund.cap@331102=29.9",
        "lishui-2018/work-fund.cap@331121=14.9",
        "lishui-2018/work-fund.rate=1",
        "lishui-2018",
    ],
)
def test_an_assumption_that_cannot_be_is_refused(ledger, written):
    there = ledger(communities=rows(LISHUI, "2020-12-31", orgs=[1]))
    with pytest.raises(SanlianError):
        evaluate(there, "lishui-2018", assumptions=[written])


def test_a_cap_at_the_amount_for_three_thousand_households_is_accepted(ledger):
    there = ledger(communities=rows(LISHUI, "2020-12-31", households=[5000], work_fund=[30]))
    for written in ("lishui-2018/work-fund.cap=30", "lishui-2018/work-fund.cap@331102=30"):
        results = evaluate(there, "lishui-2018", assumptions=[written])
        funds = results[results["target"] == "work-fund"]
        assert set(funds.loc[funds["reading"] == "primary", "verdict"]) == {"met"}
        assert set(funds["assumed"]) == {written}


# --- what a ledger may contain ---------------------------------------------------------


def test_the_same_row_twice_counts_once_and_a_contradiction_is_unknown(results):
    own = rows(LIAONING, "2021-12-31", orgs=[10, 10, 10])
    again = dict(own[0])
    contradiction = own[1] | {"orgs": 12}
    found = results("liaoning-2021", communities=[*own, again, contradiction])
    assert found.figures("orgs-urban", "210106")[:3] == (2, 3, 1)


def test_a_settlement_that_contradicting_rows_agree_on_stands(results):
    own = rows(LIAONING, "2021-12-31", "rural", orgs=[10])
    other = [own[0] | {"orgs": 12, "name": "改名社区"}]
    found = results("liaoning-2021", communities=own + other)
    assert found.figures("orgs-rural", "210106")[:3] == (0, 1, 1)


def test_a_faulty_value_is_unknown(results):
    faulty = [-1, 2.5, "三", "十个", "10户", 1e16, True]
    communities = [{"orgs": cell} for cell in faulty]
    said = said_of_each(results, "liaoning-2021", "210106", communities, "orgs-urban")
    assert said == ["?"] * len(faulty)


def test_nought_nothing_blank_and_not_applicable_are_four_things(results):
    cases = {0: "no", "无": "no", None: "?", "-": "?", "待定": "?", "不适用": "out", "/": "out"}
    communities = [{"orgs": written} for written in cases]
    said = said_of_each(results, "liaoning-2021", "210106", communities, "orgs-urban")
    assert dict(zip(cases, said, strict=True)) == cases


def test_sheets_are_matched_by_date(results):
    found = results(
        "liaoning-2021",
        communities=rows(LIAONING, "2023-12-31", orgs=[10]),
        counties=[
            {"county_code": "210106", "date": "2023-12-31", "brand_orgs": 60},
            {"county_code": "210106", "date": "2022-12-31", "brand_orgs": 1},
        ],
    )
    assert set(found.table["date"]) == {pd.Timestamp("2023-12-31")}
    assert found.figures("brand-orgs", "21")[:4] == (60, 1, 0, 60)
