"""Pace, worked out by hand: what is needed per month against what was achieved."""

import datetime as dt
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import CHANGZHOU, LIAONING, LISHUI, POLICY, YANGQUAN, YUNCHENG, rows
from test_evaluation import ledger as ledger  # the fixture
from test_properties import many

from sanlian_analysis import evaluate
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning import OUTLOOKS, months_between, pace
from sanlian_analysis.planning.numbers import exact_number
from sanlian_analysis.planning.pacing import COLUMNS
from sanlian_analysis.schema import KEYS, NOT_APPLICABLE, measured
from sanlian_analysis.understanding import DTYPES

F = Fraction


# --- ledgers without a file --------------------------------------------------------------


def typed(sheet, given):
    """A table of a ledger from rows of plain values; None is unknown, 不适用 not applicable."""
    key = KEYS[sheet]
    table = pd.DataFrame({key: [row[key] for row in given]}, dtype="str")
    days = [row["date"] for row in given]
    table["date"] = pd.to_datetime(pd.Series(days, dtype="object")).astype("datetime64[s]")
    known = measured(sheet)
    for column in dict.fromkeys(name for row in given for name in row):
        if column in (key, "date"):
            continue
        cells = [row.get(column) for row in given]
        if column not in known:
            table[column] = pd.Series(cells, dtype="str")
            continue
        marks = [cell == "不适用" for cell in cells]
        values = [pd.NA if cell in (None, "不适用") else cell for cell in cells]
        table[column] = pd.Series(values, dtype=DTYPES[known[column].type])
        if any(marks):
            table[column + NOT_APPLICABLE] = marks
    return table


def made(communities, *, frame=None, streets=(), counties=(), scores=()):
    """A ledger of rows of plain values, read from nowhere."""
    tables = {"社区": communities, "街道": streets, "区县": counties, "评分": scores}
    sheets = {name: typed(name, list(given)) for name, given in tables.items()}
    days = sorted({stamp.date() for stamp in sheets["社区"]["date"]})
    origin = {
        name: pd.DataFrame(
            {"file": pd.Series("台账", table.index, dtype="str"), "sheet": name, "row": 1}
        )
        for name, table in sheets.items()
    }
    letters = {("台账", name): {KEYS[name]: "A"} for name in sheets}
    return Ledger(
        "台账", days, *sheets.values(), frame, (), False, "0", origin=origin, letters=letters
    )


def urban(street, date, **columns):
    """Rows of urban communities of a street (nine digits and a 0)."""
    return rows(street, date, "urban", **columns)


# --- months ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2021-12-31", "2022-12-31", 12),
        ("2021-06-30", "2021-12-31", 6),
        ("2020-02-29", "2021-02-28", 12),  # ends of February are whole months apart
        ("2021-01-31", "2021-02-28", 1),
        ("2021-12-31", "2022-01-15", F(15, 31)),
        ("2022-01-15", "2022-02-14", F(16, 31) + F(14, 28)),
        ("2022-03-15", "2022-03-15", 0),
        ("2022-12-31", "2021-12-31", -12),
    ],
)
def test_months_between(start, end, months):
    assert months_between(dt.date.fromisoformat(start), dt.date.fromisoformat(end)) == months


days = st.dates(dt.date(2010, 1, 1), dt.date(2030, 12, 31))


@given(days, days, days)
@many
def test_months_add_up_and_later_is_longer(one, two, three):
    assert months_between(one, three) == months_between(one, two) + months_between(two, three)
    assert (months_between(one, two) > 0) == (two > one)


def test_numbers_are_read_as_they_are_written():
    assert exact_number(0.1) == F(1, 10)
    assert exact_number(0.7000000000000001) == F(7, 10)  # 15 significant digits
    assert exact_number(" 40 %") == F(2, 5)


@pytest.mark.parametrize("given_", [-1, float("nan"), float("inf"), True, None, "many", "-3", []])
def test_what_is_no_number_from_0_is_refused(given_):
    with pytest.raises(SanlianError, match="应为"):
        exact_number(given_)
    with using("en"), pytest.raises(SanlianError, match="expected a number"):
        exact_number(given_)


# --- one area, by hand -------------------------------------------------------------------


def at(table, area, basis="lower"):
    """The row of an area and a basis."""
    found = table[(table["area_code"] == area) & (table["basis"] == basis)]
    assert len(found) == 1, f"{len(found)} rows"
    return found.iloc[0]


def cells(row, *names):
    return tuple(None if row[name] is None or row[name] is pd.NA else row[name] for name in names)


@pytest.fixture
def halfway(ledger):
    """Ten urban communities: 2 pass and 2 are unknown at the end of 2021, 5 and 1 in mid 2022."""
    before = [10, 10, None, None, 0, 0, 0, 0, 0, 0]
    now = [10, 11, 12, 13, 14, None, 9, 9, 9, 9]
    return ledger(
        communities=urban(LIAONING, "2021-12-31", orgs=before)
        + urban(LIAONING, "2022-06-30", orgs=now)
    )


def test_needed_against_achieved_on_all_three_bases(halfway):
    table = pace(halfway, "liaoning-2021", "orgs-urban", "2022-06-30")
    assert list(table.columns) == COLUMNS
    row = at(table, "2101")
    assert (row["due"], row["since"]) == (pd.Timestamp("2022-12-31"), pd.Timestamp("2021-12-31"))
    assert cells(row, "threshold", "months_left", "months_since") == (F(4, 5), 6, 6)

    # Lower: 5 of 10, 8 asked for: 3 in 6 months. Before 2 of 10: 3 in 6 months.
    names = ("numerator", "denominator", "figure", "needed", "needed_per_month")
    more = ("needed_each_month", "before", "achieved", "achieved_per_month", "projected")
    assert cells(row, *names) == (5, 10, F(1, 2), 3, F(1, 2))
    assert cells(row, *more) == (1, F(1, 5), 3, F(1, 2), F(4, 5))

    # Value: 5 of 9 known, ⌈7.2⌉ asked for: 3. Before 2 of 8: 5/9 − 1/4 = 11/36, of 9: 11/4.
    row = at(table, "2101", "value")
    assert cells(row, *names) == (5, 9, F(5, 9), 3, F(1, 2))
    assert cells(row, *more) == (1, F(1, 4), F(11, 4), F(11, 24), F(31, 36))

    # Upper: 6 of 10, 8 asked for: 2. Before 4 of 10: 2 in 6 months.
    row = at(table, "2101", "upper")
    assert cells(row, *names) == (6, 10, F(3, 5), 2, F(1, 3))
    assert cells(row, *more) == (1, F(2, 5), 2, F(1, 3), F(4, 5))

    # The lower bound gets to 80 % on the day.
    assert set(table["outlook"]) == {"on_track"}
    assert set(table["rests_on"]) == {"lower"}
    assert table["reaches"].all()


@pytest.mark.parametrize(
    ("before", "now", "outlook", "rests_on"),
    [
        # of ten, 8 asked for in 6 months; the last change took 6 months too
        ([10] * 2 + [0] * 8, [10] * 5 + [0] * 5, "on_track", "lower"),  # 2, 5, 8
        ([10] * 3 + [0] * 7, [10] * 5 + [0] * 5, "will_miss", "upper"),  # 3, 5, 7
        ([10] * 2 + [0] * 8, [10] * 4 + [None] * 2 + [0] * 4, "undetermined", ""),  # ≥ 6, ≤ 10
        ([10] * 8 + [0] * 2, [10] * 8 + [0] * 2, "met", "lower"),
        ([10] * 10, [10] * 8 + [0] * 2, "will_miss", "upper"),  # reached, and falling: 10, 8, 6
        (None, [10] * 8 + [0] * 2, "met", "lower"),
        (None, [10] * 7 + [0] * 3, "no_pace", ""),
    ],
)
def test_outlook(before, now, outlook, rests_on):
    earlier = [] if before is None else urban(LIAONING, "2021-12-31", orgs=before)
    there = made(earlier + urban(LIAONING, "2022-06-30", orgs=now))
    table = pace(there, "liaoning-2021", "orgs-urban")
    assert set(zip(table["outlook"], table["rests_on"], strict=True)) == {(outlook, rests_on)}


def test_filled_blanks_do_not_put_the_upper_projection_below_the_lower_one():
    # Lower 0 → 6 of 10, then 12 → 10 at most. Upper 10 → 6, then 2, which blanks cannot do.
    there = made(
        urban(LIAONING, "2021-12-31", orgs=[None] * 10)
        + urban(LIAONING, "2022-06-30", orgs=[10] * 6 + [0] * 4)
    )
    table = pace(there, "liaoning-2021", "orgs-urban", level="county")
    assert table["projected"].tolist() == [1, None, 1]  # nobody was known before: no value


def test_past_the_last_due_date_it_is_met_or_missed():
    passing, failing, open_ = [10] * 4, [10, 10, 10, 9], [10, 10, 10, None]
    for orgs, outlook, rests_on in (
        (passing, "met", "lower"),
        (failing, "not_met", "upper"),
        (open_, "undetermined", ""),
    ):
        there = made(urban(LIAONING, "2023-12-31", orgs=orgs))
        row = at(pace(there, "liaoning-2021", "orgs-urban"), "21")
        assert cells(row, "outlook", "rests_on", "months_left") == (outlook, rests_on, 0)
        assert row["needed_per_month"] is None
        assert row["projected"] is None


def test_the_next_milestone_is_due_after_the_snapshot_and_another_can_be_chosen():
    there = made(urban(LIAONING, "2021-12-31", orgs=[10, 0, 0, 0, 0]))
    row = at(pace(there, "liaoning-2021", "orgs-urban"), "21")
    assert cells(row, "threshold", "needed", "months_left") == (F(4, 5), 3, 12)  # 80 % of 5
    row = at(pace(there, "liaoning-2021", "orgs-urban", due="2023-12-31"), "21")
    assert cells(row, "threshold", "needed", "needed_per_month") == (1, 4, F(1, 6))
    assert row["needed_each_month"] == 1
    row = at(pace(there, "liaoning-2021", "orgs-urban", due=dt.date(2021, 12, 31)), "21")
    assert cells(row, "threshold", "needed", "months_left") == (F(2, 5), 1, 0)
    assert row["outlook"] == "not_met"


def test_the_pace_can_be_taken_from_an_earlier_snapshot():
    there = made(
        urban(LIAONING, "2021-12-31", orgs=[0] * 10)
        + urban(LIAONING, "2022-03-31", orgs=[10] * 3 + [0] * 7)
        + urban(LIAONING, "2022-06-30", orgs=[10] * 3 + [0] * 7)
    )
    row = at(pace(there, "liaoning-2021", "orgs-urban"), "21")
    assert cells(row, "achieved_per_month", "months_since") == (0, 3)
    row = at(pace(there, "liaoning-2021", "orgs-urban", since="2021-12-31"), "21")
    assert cells(row, "achieved_per_month", "months_since") == (F(1, 2), 6)


def test_a_scope_that_grows_is_counted_in_todays_units():
    # With linkage: 1 of 2 conventions, then 3 of 4. The share rises by 1/4, of 4 units 1.
    def at_date(date, linkage, convention):
        return urban(YUNCHENG, date, linkage=linkage, convention=convention)

    there = made(
        at_date("2019-12-31", [True, True, False, False], [True, False, True, True])
        + at_date("2020-06-30", [True] * 4, [True, False, True, True])
    )
    row = at(pace(there, "yuncheng-2019", "convention"), "140802")
    assert cells(row, "before", "figure", "denominator") == (F(1, 2), F(3, 4), 4)
    assert cells(row, "achieved", "achieved_per_month", "projected") == (1, F(1, 6), 1)


# --- other measures ----------------------------------------------------------------------


def test_means_and_their_missing_upper_bound():
    there = made(
        urban(CHANGZHOU, "2019-12-31", orgs=[4, 4]) + urban(CHANGZHOU, "2020-06-30", orgs=[7, None])
    )
    table = pace(there, "changzhou-2018", "orgs-urban", level="county")
    # Lower: 7 of 2 units is 3.5, 10 asked for: 20 − 7 = 13 in 6 months; before 4.
    row = at(table, "320402")
    assert cells(row, "figure", "needed", "needed_each_month") == (F(7, 2), 13, 3)
    assert cells(row, "achieved", "projected") == (-1, 3)
    # Value: 7 of 1 known unit; before 4.
    assert cells(at(table, "320402", "value"), "figure", "projected") == (7, 10)
    assert cells(at(table, "320402", "upper"), "figure", "projected") == (None, None)
    assert row["outlook"] == "undetermined"


def test_ratios_with_a_scale():
    # 50 m² per 100 households: 300 households need 150; there are 60, before 30.
    def at_date(date, area):
        return urban(YANGQUAN, date, facility_area=area, households=[100, 200])

    there = made(at_date("2017-06-30", [10, 20]) + at_date("2017-12-31", [30, 30]))
    row = at(pace(there, "yangquan-2015", "facility-ratio"), "140302")
    assert cells(row, "numerator", "denominator", "figure") == (60, 300, 20)
    assert cells(row, "needed", "needed_per_month") == (90, 15)  # to 2018-06-30
    assert cells(row, "achieved", "achieved_per_month", "projected") == (30, 5, 30)
    assert row["outlook"] == "will_miss"


def test_a_part_of_a_whole_is_never_projected_beyond_it():
    def at_date(date, posts):
        return urban(CHANGZHOU, date, social_work_posts=posts, posts=[10, 10])

    there = made(at_date("2019-12-31", [0, 0]) + at_date("2020-06-30", [8, 8]))
    row = at(pace(there, "changzhou-2018", "posts-urban"), "320402")
    assert cells(row, "figure", "projected") == (F(4, 5), 1)  # and not 8/5


def counties(date, codes, **columns):
    return [
        {"county_code": code, "date": date} | {name: row[i] for name, row in columns.items()}
        for i, code in enumerate(codes)
    ]


FIVE = ["210102", "210103", "210104", "210105", "210106"]


def test_totals_and_the_best_quarter_of_their_counties():
    communities = [
        {"code": f"{code}001001", "date": date, "settlement": "urban", "orgs": 1}
        for date in ("2021-12-31", "2022-12-31")
        for code in FIVE
    ]
    there = made(
        communities,
        counties=counties("2021-12-31", FIVE, brand_orgs=[0, 0, 0, 0, 0])
        + counties("2022-12-31", FIVE, brand_orgs=[12, 24, 36, 48, None]),
    )
    table = pace(there, "liaoning-2021", "brand-orgs")
    # Counties gain 1, 2, 3, 4 and (lower bound) 0 a month: ⌈5 ÷ 4⌉ = 2nd fastest is 3.
    row = at(table, "21")
    assert cells(row, "figure", "needed", "achieved_per_month") == (120, 0, 10)
    assert row["best_per_month"] == 15  # 3 in each of the 5 counties
    assert cells(row, "projected", "projected_best") == (240, 300)
    assert at(table, "210102")["best_per_month"] == 3
    # Value: the fifth county has none; of 4 counties the fastest is the best quarter. In the
    # province 10 − 0 a month, and of 5 counties in scope 5 × 4.
    assert at(table, "21", "value")["best_per_month"] == 20
    assert at(table, "21", "upper")["figure"] is None


def test_the_best_quarter_of_five_counties_is_the_second():
    def five(date, passing):
        return [
            {"code": f"{code}001{n:03d}", "date": date, "settlement": "urban"}
            | {"orgs": 10 if n <= many_ else 0}
            for code, many_ in zip(FIVE, passing, strict=True)
            for n in range(1, 11)
        ]

    # Five counties of ten: +1, +2, +3, +4, +5 of ten in 12 months. Of the two fastest 4/120.
    there = made(five("2021-12-31", [0] * 5) + five("2022-12-31", [1, 2, 3, 4, 5]))
    table = pace(there, "liaoning-2021", "orgs-urban")
    row = at(table, "210102")
    assert cells(row, "achieved_per_month", "best_per_month") == (F(1, 12), F(4, 12))
    assert cells(row, "projected", "projected_best") == (F(2, 10), F(5, 10))
    # In the province of 50 the same pace is 4 of ten a year: 20 of 50.
    row = at(table, "21")
    assert cells(row, "best_per_month", "projected_best") == (F(20, 12), F(15 + 20, 50))
    assert at(table, "210102001")["best_per_month"] == F(4, 12)  # a street, by the counties


def test_counties_outside_the_policys_area_set_no_pace():
    def both(date, inside, outside):
        return urban("2101060010", date, orgs=inside) + urban("1101010010", date, orgs=outside)

    there = made(both("2021-12-31", [0, 0], [0, 0]) + both("2022-12-31", [10, 0], [10, 10]))
    table = pace(there, "liaoning-2021", "orgs-urban", level="county")
    assert at(table, "210106")["best_per_month"] == F(1, 12)
    assert at(table, "110101")["best_per_month"] == F(1, 12)


# --- years that begin anew ---------------------------------------------------------------


def test_what_is_new_in_the_year_begins_with_nothing():
    # The project year ends on 30 June; last year's figures are not where this one began.
    def at_date(date, groups):
        return urban(YANGQUAN, date, brand_groups_new=groups)

    there = made(at_date("2016-06-30", [1, 1, 1, 1]) + at_date("2016-12-31", [1, 1, 0, 0]))
    row = at(pace(there, "yangquan-2015", "brand-groups"), "140302")
    assert (row["since"], row["due"]) == (pd.Timestamp("2016-06-30"), pd.Timestamp("2017-06-30"))
    assert cells(row, "before", "achieved_per_month", "projected") == (0, F(1, 3), 1)
    assert row["outlook"] == "on_track"
    # On the last day of the year it belongs to that year.
    row = at(pace(there, "yangquan-2015", "brand-groups", "2016-06-30"), "140302")
    assert (row["due"], row["outlook"]) == (pd.Timestamp("2016-06-30"), "met")
    assert row["since"] == pd.Timestamp("2015-06-30")


def test_a_snapshot_within_the_year_is_where_the_pace_begins():
    def at_date(date, groups):
        return urban(YANGQUAN, date, brand_groups_new=groups)

    there = made(at_date("2016-09-30", [1, 0, 0, 0]) + at_date("2016-12-31", [1, 1, 0, 0]))
    row = at(pace(there, "yangquan-2015", "brand-groups"), "140302")
    assert cells(row, "before", "achieved_per_month", "projected") == (F(1, 4), F(1, 3), 1)


def test_growth_has_no_pace():
    there = made(
        [
            {"code": "140302001001", "date": d, "settlement": "urban"}
            for d in ("2016-06-30", "2017-01-31")
        ],
        counties=counties("2016-06-30", ["140302"], funding=[1.0])
        + counties("2017-01-31", ["140302"], funding=[2.0]),
    )
    row = at(pace(there, "yangquan-2015", "funding-growth"), "140302")
    assert cells(row, "figure", "achieved", "outlook") == (1, None, "met")


# --- nothing to judge --------------------------------------------------------------------


def test_standing_vague_and_not_applicable():
    there = made(rows(LISHUI, "2020-12-31", "rural", staff=[7]))
    table = pace(there, "lishui-2018", "staff")
    assert set(table["outlook"]) == {"not_applicable"}
    assert table["due"].isna().all()
    there = made(urban(LISHUI, "2020-12-31", staff=[7, 5]))
    row = at(pace(there, "lishui-2018", "staff"), "331102")
    assert cells(row, "needed", "months_left", "outlook") == (1, None, "not_met")
    there = made(urban(LISHUI, "2020-12-31", agency=[True, False]))
    row = at(pace(there, "lishui-2018", "agency-urban"), "331102")
    assert cells(row, "threshold", "needed", "outlook") == (None, None, "no_threshold")
    given_ = ["lishui-2018/agency-urban=90%"]
    row = at(pace(there, "lishui-2018", "agency-urban", assumptions=given_), "331102")
    assert cells(row, "threshold", "needed", "outlook") == (F(9, 10), 1, "not_met")


def test_every_outlook_has_words_in_both_languages():
    assert all(zh and en and zh != en for zh, en in OUTLOOKS.values())


# --- from the results table --------------------------------------------------------------


def test_the_results_table_gives_the_same_paces(halfway):
    results = evaluate(halfway, "liaoning-2021")
    for date in ("2021-12-31", "2022-06-30"):
        pd.testing.assert_frame_equal(
            pace(results, "liaoning-2021", "orgs-urban", date),
            pace(halfway, "liaoning-2021", "orgs-urban", date),
        )


def test_decimals_of_a_results_table_are_exact_again():
    def at_date(date, wage, staff):
        return urban(LISHUI, date, wage=wage, staff=staff)

    there = made(
        at_date("2019-12-31", [50000.1, 40000.3], [3, 2]),
        counties=counties("2019-12-31", ["331102"], average_wage=[60000.7]),
    )
    for level in ("county", "province"):
        from_results = pace(evaluate(there, "lishui-2018"), "lishui-2018", "wage", level=level)
        pd.testing.assert_frame_equal(from_results, pace(there, "lishui-2018", "wage", level=level))
    # (3 × 50000.1 + 2 × 40000.3) ÷ (5 × 60000.7)
    assert at(from_results, "33")["figure"] == F("230000.9") / F("300003.5")


def test_a_ratio_with_unknown_units_needs_the_ledger():
    there = made(urban(CHANGZHOU, "2019-12-31", posts=[10, 10], social_work_posts=[5, None]))
    assert at(pace(there, "changzhou-2018", "posts-urban"), "320402")["figure"] == F(1, 4)
    results = evaluate(there, "changzhou-2018")
    with pytest.raises(SanlianError, match="请给台账"):
        pace(results, "changzhou-2018", "posts-urban")
    with using("en"), pytest.raises(SanlianError, match="give the ledger"):
        pace(results, "changzhou-2018", "posts-urban")


# --- what cannot be asked ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "zh", "en"),
    [
        ({"target": "orgs-urbane"}, "是否想写 'orgs-urban'", "did you mean 'orgs-urban'"),
        ({"target": "?"}, "有：orgs-urban", "there are: orgs-urban"),
        ({"reading": "each"}, "没有读法 'each'", "no reading 'each'"),
        ({"date": "2020-12-31"}, "没有统计时点 2020-12-31", "no snapshot 2020-12-31"),
        ({"due": "2024-12-31"}, "没有 2024-12-31 到期", "nothing is due on 2024-12-31"),
        ({"since": "2022-06-30"}, "应早于 2022-06-30", "begins before 2022-06-30"),
        ({"since": "2019-06-30"}, "没有统计时点 2019-06-30", "no snapshot 2019-06-30"),
        ({"level": "village"}, "没有层级 'village'", "no level 'village'"),
        ({"policy": "liaoning"}, "没有政策 'liaoning'", "no policy 'liaoning'"),
        ({"source": pd.DataFrame({"policy": []})}, "缺少列 target", "lacks target"),
    ],
)
def test_what_is_not_there_is_refused(halfway, changed, zh, en):
    asked = {"source": halfway, "policy": "liaoning-2021", "target": "orgs-urban"} | changed
    with pytest.raises(SanlianError, match=zh):
        pace(**asked)
    with using("en"), pytest.raises(SanlianError, match=en):
        pace(**asked)


def test_a_reading_before_its_time_is_refused():
    there = made(urban(YUNCHENG, "2019-12-31", linkage=[True], venue_area=[600.0]))
    with pytest.raises(SanlianError, match="自 2020-12-31"):
        pace(there, "yuncheng-2019", "venue-urban", reading="all-settlements")
    with using("en"), pytest.raises(SanlianError, match="begins with what is due on 2020-12-31"):
        pace(there, "yuncheng-2019", "venue-urban", reading="all-settlements")
    results = evaluate(there, "yuncheng-2019")
    with pytest.raises(SanlianError, match="没有 yuncheng-2019 venue-urban all-settlements 的行"):
        pace(results, "yuncheng-2019", "venue-urban", reading="all-settlements")


# --- whatever stands in the ledger -------------------------------------------------------

orgs = st.lists(st.sampled_from([None, 0, 9, 10, 11]), min_size=6, max_size=6)


@given(orgs, orgs)
@settings(many, max_examples=50)
def test_bounds_are_ordered_and_the_outlook_rests_on_the_right_one(before, now):
    there = made(
        urban(LIAONING, "2021-12-31", orgs=before) + urban(LIAONING, "2022-06-30", orgs=now)
    )
    table = pace(there, POLICY("liaoning-2021"), "orgs-urban", level="county")
    lower, value, upper = (at(table, "210106", basis) for basis in ("lower", "value", "upper"))
    for column in ("figure", "projected"):
        assert lower[column] <= upper[column]
        assert 0 <= lower[column] <= 1
    assert lower["needed"] >= upper["needed"]
    # Going on like this: what there is and what is added each month, against 80 % of six.
    then = lower["numerator"] + lower["achieved_per_month"] * lower["months_left"]
    assert bool(lower["reaches"]) == (then >= F(4, 5) * 6)
    if lower["reaches"]:
        assert lower["outlook"] in ("met", "on_track")
    elif not upper["reaches"]:
        assert lower["outlook"] == "will_miss"
    else:
        assert lower["outlook"] == "undetermined"
    if value["figure"] is not None:
        assert lower["figure"] <= value["figure"] <= upper["figure"]
