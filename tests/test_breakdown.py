"""What went into every figure: units by status, rival denominators, what would settle it."""

import dataclasses
import datetime as dt
import random
from itertools import count

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_against_reference import CASES, FRAMES, damaged, some_units
from test_evaluation import (
    CHANGZHOU,
    LIAONING,
    LISHUI,
    POLICY,
    YANGQUAN,
    YUNCHENG,
    codes,
    frame_of,
    rows,
    write,
)
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.breakdown import COLUMNS, KEYS, STATUSES, components
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.frame import read_frame
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.simulate import Note, simulate, write_workbook


def alone(policy, target):
    """A policy with one of its targets."""
    policy = POLICY(policy)
    return dataclasses.replace(policy, targets=(policy.target(target),))


def one(table, target, area, reading="primary", date=None):
    """The row of a target in an area."""
    chosen = (table["target"] == target) & (table["area_code"] == area)
    chosen &= table["reading"] == reading
    if date is not None:
        chosen &= table["date"] == pd.Timestamp(date)
    found = table[chosen]
    assert len(found) == 1, f"{len(found)} rows"
    return found.iloc[0]


def cells(row, *names):
    """Cells of a row; None for empty."""
    return tuple(None if pd.isna(row[name]) else row[name] for name in names)


def rivals(row):
    return cells(row, "value_frame", "value_reported", "value_complete")


def settling(row):
    return cells(row, "yes_to_meet", "no_to_miss")


# --- the whole table, on ledgers full of holes -------------------------------------------


@pytest.fixture(scope="module", params=CASES)
def damaged_ledger(request, tmp_path_factory):
    """A small simulated ledger with blanks, 不适用, faults, gaps; its frame; its policy."""
    rng = random.Random(f"components {request.param}")
    name, counties, dates = CASES[request.param]
    frame = some_units(read_frame(FRAMES / f"{name}.csv"), counties[:2], rng)
    policy = POLICY(request.param)
    days = [dt.date.fromisoformat(date) for date in dates[:2]]
    tables = damaged(simulate(frame, variables_needed(policy), days, 1), rng, 0.2)
    path = tmp_path_factory.mktemp("ledger") / "ledger.xlsx"
    write_workbook(tables, path, note=Note(policy.id, name, 1, days))
    ledger = read_ledger(path, frame)
    return frame, policy, evaluate(ledger, policy), components(ledger, policy)


def test_statuses_add_up_to_the_units_of_the_area(damaged_ledger):
    frame, policy, _, table = damaged_ledger
    assert (table[STATUSES] >= 0).all(axis=None)
    pd.testing.assert_series_equal(
        table[STATUSES].sum(axis=1), table["units"], check_names=False, check_dtype=False
    )
    unit_of = {target.id: target.unit for target in policy.targets}
    digits = {"community": 12, "street": 9, "county": 6, "area": 6}
    for row in table.itertuples():
        own = frame["code"].str[: digits[unit_of[row.target]]].drop_duplicates()
        assert row.units == own.str.startswith(row.area_code).sum()


def test_statuses_are_those_of_the_figures(damaged_ledger):
    _, policy, _, table = damaged_ledger
    measures = {(t.id, r.id): r.measure for t in policy.targets for r in t.readings}
    measure = pd.Series(
        [measures[key] for key in zip(table["target"], table["reading"], strict=True)]
    )
    asks = measure.isin(["share", "band", "growth", "score"])
    asked, added = table[asks], table[~asks]
    assert (asked["counted"] == 0).all()
    assert (asked["passes"] == asked["numerator"]).all()
    assert (asked["passes"] + asked["fails"] + asked["unknown"] == asked["denominator"]).all()
    assert (added[["passes", "fails"]] == 0).all(axis=None)
    mean = table[measure.isin(["mean", "total"])]
    assert (mean["counted"] + mean["unknown"] == mean["denominator"]).all()
    assert (table["reported"] <= table["units"] - table["out_of_scope"]).all()


def test_rows_are_those_of_the_results_one_by_one(damaged_ledger):
    _, _, results, table = damaged_ledger
    assert list(table.columns) == COLUMNS
    shared = [column for column in results.columns if column in COLUMNS]
    assert set(KEYS) <= set(shared)
    pd.testing.assert_frame_equal(table[shared], results[shared])
    assert table.attrs == results.attrs


def test_what_settles_a_verdict_agrees_with_it(damaged_ledger):
    _, _, _, table = damaged_ledger
    judged = table["verdict"].isin(["met", "not_met", "undetermined"])
    judged &= (table["counted"] == 0) & (table["passes"] + table["fails"] > 0)
    for row in table[judged].itertuples():
        assert (row.yes_to_meet == 0) == (row.verdict == "met")
        assert (row.no_to_miss == 0) == (row.verdict == "not_met")
        if row.verdict == "undetermined":
            assert 1 <= row.yes_to_meet <= row.unknown
            assert 1 <= row.no_to_miss <= row.unknown


# --- counted by hand ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def yuncheng(tmp_path_factory):
    """Nine units with rows, two more in the frame; who carries out the linkage decides scope."""
    settled = ["urban", "rural", "urban", "rural", "urban", "urban", "urban", "其他", "urban"]
    linkage = ["是", "是", "是", "是", None, "否", "是", "是", None]
    convention = ["是", "是", "否", "是", "是", "是", "不适用", "是", "不适用"]
    consultation = ["是", "是", None, None, "是", "是", "是", "是", "是"]
    orgs = [10, 9, 9, 9, 12, 20, 10, 9, "不适用"]
    names = [f"单位{code}" for code in codes(YUNCHENG, 9)] + ["甲村", "监狱虚拟社区"]
    there = rows(
        YUNCHENG,
        "2019-12-31",
        settlement=None,
        organisations=["是", "是", None, "是", "是", "是", "是", "是", "是"],
        linkage=linkage,
        convention=convention,
        consultation=consultation,
        orgs=orgs,
    )
    for row, settlement in zip(there, settled, strict=True):
        row["settlement"] = settlement
    frame = frame_of(list(zip(codes(YUNCHENG, 11), names, strict=True)))
    path = write(tmp_path_factory.mktemp("ledger") / "ledger.xlsx", communities=there)
    return components(read_ledger(path, frame), POLICY("yuncheng-2019"))


COUNTED = ["units", *STATUSES, "reported"]


@pytest.mark.parametrize(
    ("target", "reading", "expected"),
    [
        # 1 2 pass; 3 fails on one demand; 4, 5 and 甲村 unknown; 6 no linkage, 7 and 9 不适用;
        # 8 and the prison community are neither urban nor rural.
        ("institutions", "primary", (11, 2, 1, 0, 3, 3, 2, 5)),
        # The linkage aside: 5 and 6 pass, too; 7 and 9 remain out.
        ("institutions", "all-units", (11, 4, 1, 0, 2, 2, 2, 6)),
        # Villages 2, 4 and 甲村 are not asked; 1 7 pass, 3 fails, 5 unknown, 6 and 9 out.
        ("orgs-urban", "primary", (11, 2, 1, 0, 1, 2, 5, 4)),
        # 1 5 6 7 pass, 3 fails, 9 不适用.
        ("orgs-urban", "all-units", (11, 4, 1, 0, 0, 1, 5, 5)),
        # 9 ≥ 5 twice; 甲村 unknown; six urban, 8 and the prison are not asked.
        ("orgs-rural", "primary", (11, 2, 0, 0, 1, 0, 8, 2)),
        # Everyone but 8 and the prison: 1 2 3 4 7 pass, 6 fails, 5 9 and 甲村 unknown.
        ("linkage", "primary", (11, 5, 1, 0, 3, 0, 2, 8)),
        ("linkage", "rural", (11, 2, 0, 0, 1, 0, 8, 2)),
    ],
)
@pytest.mark.parametrize("area", ["140802001", "140802", "1408", "14"])
def test_units_by_status(yuncheng, target, reading, expected, area):
    assert tuple(one(yuncheng, target, area, reading)[COUNTED]) == expected


def test_three_denominators_of_a_share(yuncheng):
    assert rivals(one(yuncheng, "institutions", "140802")) == (2 / 6, 2 / 5, 2 / 3)
    assert rivals(one(yuncheng, "linkage", "140802")) == (5 / 9, 5 / 8, 5 / 6)


def test_three_denominators_of_a_mean(ledger):
    frame = frame_of([(code, "甲社区") for code in codes(CHANGZHOU, 5)])
    there = ledger(frame, communities=rows(CHANGZHOU, "2020-12-31", orgs=[12, 6, None, "不适用"]))
    row = one(components(there, alone("changzhou-2018", "orgs-urban")), "orgs-urban", "320402")
    assert rivals(row) == (18 / 4, 18 / 3, 18 / 2)
    assert tuple(row[COUNTED]) == (5, 0, 0, 2, 2, 1, 0, 3)
    assert settling(row) == (None, None)
    assert row["comparison"] == "18 ÷ 4，未知 2；下界 4.5，上界 无界；与 10 相比未定"


def test_three_denominators_of_a_ratio(ledger):
    frame = frame_of([(code, "甲社区") for code in codes(CHANGZHOU, 5)])
    communities = rows(
        CHANGZHOU, "2020-12-31", certified_members=[3, 5, None, 2], members=[4, 10, 6, None]
    )
    table = components(
        ledger(frame, communities=communities), alone("changzhou-2018", "certified-urban")
    )
    row = one(table, "certified-urban", "320402")
    # All parts that are known over all wholes that are known; then the pairs alone.
    assert rivals(row) == (10 / 20, 10 / 20, 8 / 14)
    assert tuple(row[COUNTED]) == (5, 0, 0, 2, 3, 0, 0, 4)
    assert settling(row) == (None, None)
    # 3/4 and 5/10 fall short of 80%, the others are open.
    each = one(table, "certified-urban", "320402", "each")
    assert tuple(each[COUNTED]) == (5, 0, 2, 0, 3, 0, 0, 4)
    assert settling(each) == (None, 0)


def test_a_scaled_ratio_keeps_its_scale(ledger):
    communities = rows(
        YANGQUAN, "2018-06-30", facility_area=[120.5, 80, None], households=[241, 100, 59]
    )
    table = components(ledger(communities=communities), alone("yangquan-2015", "facility-ratio"))
    row = one(table, "facility-ratio", "140302")
    assert rivals(row) == (50.125, 50.125, 20050 / 341)
    assert row["comparison"].startswith("200.5 ÷ 341，未知 1；下界 50.125，上界 无界；50.125 ≥ 50")


def test_a_total_has_a_value_and_no_denominators(ledger):
    communities = rows(YANGQUAN, "2017-06-30", orgs=[1])
    counties = [{"county_code": "140302", "date": "2017-06-30", "departments_reduced": 10}]
    there = ledger(communities=communities, counties=counties)
    table = components(there, POLICY("yangquan-2015"))
    row = one(table, "burden-reduction", "140302")
    assert rivals(row) == (None, None, 10)
    assert tuple(row[COUNTED]) == (1, 0, 0, 1, 0, 0, 0, 1)
    assert settling(row) == (None, None)
    assert row["comparison"] == "10，未知 0；下界 10，上界 10；10 < 11"
    assert rivals(one(table, "brand-orgs", "140302")) == (None, None, None)


def test_nothing_in_scope_has_no_figure(ledger):
    there = ledger(communities=rows(LIAONING, "2022-12-31", orgs=[10]))
    row = one(components(there, POLICY("liaoning-2021")), "orgs-rural", "210106")
    assert tuple(row[COUNTED]) == (1, 0, 0, 0, 0, 0, 1, 0)
    assert rivals(row) == (*settling(row), None) == (None, None, None)
    assert row["comparison"] == "没有适用的单位"


# --- what would settle it ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("passes", "unknown", "fails", "verdict", "expected"),
    [
        # 80% of 10 is 8.
        (8, 0, 2, "met", (0, None)),
        (8, 2, 0, "met", (0, None)),
        (9, 1, 0, "met", (0, None)),
        (7, 1, 2, "undetermined", (1, 1)),
        (7, 2, 1, "undetermined", (1, 2)),
        (7, 3, 0, "undetermined", (1, 3)),
        (6, 2, 2, "undetermined", (2, 1)),  # needs every one of them
        (0, 10, 0, "undetermined", (8, 3)),
        (5, 2, 3, "not_met", (None, 0)),
        (7, 0, 3, "not_met", (None, 0)),
    ],
)
def test_yes_to_meet_and_no_to_miss(ledger, passes, unknown, fails, verdict, expected):
    orgs = [10] * passes + [None] * unknown + [9] * fails
    there = ledger(communities=rows(LIAONING, "2022-12-31", orgs=orgs))
    row = one(components(there, alone("liaoning-2021", "orgs-urban")), "orgs-urban", "21")
    assert row["verdict"] == verdict
    assert settling(row) == expected


@pytest.mark.parametrize(
    ("passes", "unknown", "fails", "expected"),
    [(3, 1, 6, (1, 1)), (4, 0, 6, (0, None)), (2, 1, 7, (None, 0)), (3, 3, 4, (1, 3))],
)
def test_a_third_of_ten_is_four(ledger, passes, unknown, fails, expected):
    agency = ["是"] * passes + [None] * unknown + ["否"] * fails
    there = ledger(communities=rows(LISHUI, "2020-12-31", "rural", agency=agency))
    row = one(components(there, alone("lishui-2018", "agency-rural")), "agency-rural", "3311")
    assert settling(row) == expected


def test_nothing_settles_a_vague_target_unless_a_number_is_assumed(ledger):
    there = ledger(communities=rows(LISHUI, "2020-12-31", agency=["是", None, None, "否"]))
    policy = alone("lishui-2018", "agency-urban")
    row = one(components(there, policy), "agency-urban", "3311")
    assert (row["verdict"], settling(row)) == ("no_threshold", (None, None))
    assert row["comparison"] == "1 ÷ 4，未知 2；下界 25%，上界 75%"
    table = components(there, policy, None, ["lishui-2018/agency-urban=3/4"])
    row = one(table, "agency-urban", "3311")
    assert (row["verdict"], settling(row)) == ("undetermined", (2, 1))
    assert row["assumed"] == "lishui-2018/agency-urban=3/4"
    assert row["comparison"].endswith("与 75% 相比未定")


def fewest(verdicts, wanted):
    """The smallest number of confirmations that brings a verdict about; None for none."""
    return next((k for k, verdict in enumerate(verdicts) if verdict == wanted), None)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    units=st.lists(st.sampled_from(["是", "否", None, None, "不适用", "no row"]), max_size=6),
    threshold=st.tuples(st.integers(0, 12), st.integers(1, 12)).filter(lambda t: t[0] <= t[1]),
)
def test_confirming_that_many_unknown_units_decides_and_one_fewer_does_not(
    tmp_path, units, threshold
):
    units = ["是", *units]  # a ledger needs a row, and so does its date
    open_ = [i for i, cell in enumerate(units) if cell in (None, "no row")]
    frame, lines, street = [], ["code,date,settlement,agency"], count(1)

    def add(cells):
        code = f"331121{next(street):03d}"
        for number, cell in enumerate(cells, start=1):
            frame.append((f"{code}{number:03d}", "甲社区"))
            if cell != "no row":
                lines.append(f"{code}{number:03d},2020-12-31,城市社区,{cell or ''}")
        return code

    def confirmed(cell):
        return [
            add([cell if i in open_[:k] else own for i, own in enumerate(units)])
            for k in range(len(open_) + 1)
        ]

    yes, no = confirmed("是"), confirmed("否")
    path = tmp_path / "ledger.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    assumed = [f"lishui-2018/agency-urban={threshold[0]}/{threshold[1]}"]
    there = read_ledger(path, frame_of(frame))
    table = components(there, alone("lishui-2018", "agency-urban"), None, assumed)
    table = table.set_index("area_code")
    base = table.loc[yes[0]]
    assert base["unknown"] == len(open_)
    to_meet = fewest(table.loc[yes, "verdict"], "met")
    to_miss = fewest(table.loc[no, "verdict"], "not_met")
    assert settling(base) == (to_meet, to_miss)


# --- words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orgs", "text"),
    [
        ([10] * 6 + [None] * 2 + [0] * 2, "6 ÷ 10，未知 2；下界 60%，上界 80%；与 80% 相比未定"),
        ([10] * 8 + [None] * 2, "8 ÷ 10，未知 2；下界 80%，上界 100%；80% ≥ 80%"),
        ([10] * 5 + [None] * 2 + [0] * 3, "5 ÷ 10，未知 2；下界 50%，上界 70%；70% < 80%"),
    ],
)
def test_the_comparison_in_words(ledger, orgs, text):
    there = ledger(communities=rows(LIAONING, "2022-12-31", orgs=orgs))
    row = one(components(there, alone("liaoning-2021", "orgs-urban")), "orgs-urban", "21")
    assert row["comparison"] == text


def test_clause_and_sentence_of_the_milestone_in_force(ledger):
    dates = ["2021-06-30", "2021-12-31", "2022-06-30", "2022-12-31", "2023-12-31", "2025-12-31"]
    communities = [row for date in dates for row in rows(LIAONING, date, orgs=[10])]
    table = components(ledger(communities=communities), alone("liaoning-2021", "orgs-urban"))
    found = [one(table, "orgs-urban", "21", date=date) for date in dates]
    first = ("三(一)", "力争全省40%的城市社区拥有不少于10个社区社会组织")
    second = ("三(二)", "力争全省80%的城市社区拥有不少于10个社区社会组织")
    third = ("三(三)", "力争全省每个城市社区拥有不少于10个社区社会组织")
    expected = [first, first, second, second, third, third]
    assert [(row["clause"], row["sentence"]) for row in found] == expected
    assert {row["calculation"] for row in found} == {"占比：社区社会组织数 ≥ 10（城市社区）"}


def test_only_the_snapshots_that_are_asked_for(ledger):
    both = rows(LIAONING, "2021-12-31", orgs=[3]) + rows(LIAONING, "2022-12-31", orgs=[10])
    table = components(ledger(communities=both), alone("liaoning-2021", "orgs-urban"), "2022-12-31")
    assert set(table["date"]) == {pd.Timestamp("2022-12-31")}
    assert one(table, "orgs-urban", "21")["passes"] == 1
