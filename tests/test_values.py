"""What a cell says: a value, unknown, not applicable, or nothing that can be used."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanlian_analysis import schema
from sanlian_analysis.language import using
from sanlian_analysis.schema import unit_words
from sanlian_analysis.sheet import Column
from sanlian_analysis.understanding import understand_column
from sanlian_analysis.values import NORMALISATIONS, Status, understand, unit_word

VALUE, UNKNOWN = Status.VALUE, Status.UNKNOWN
NOT_APPLICABLE, INVALID = Status.NOT_APPLICABLE, Status.INVALID

COMMUNITY = schema.sheet("社区")
COUNT, NUMBER, SHARE = COMMUNITY["orgs"], COMMUNITY["purchase"], COMMUNITY["base_pay_share"]
YES_NO, DATE, SETTLEMENT = COMMUNITY["linkage"], COMMUNITY["date"], COMMUNITY["settlement"]
TEXT, CODE, AREA = COMMUNITY["name"], COMMUNITY["code"], COMMUNITY["venue_area"]
DAY = dt.date(2020, 12, 31)
ONE_OF_EACH = [COUNT, NUMBER, SHARE, YES_NO, DATE, SETTLEMENT, TEXT, CODE]


def by_type(variable):
    return variable.type


def value(raw, variable, **options):
    """The value of a cell that must have one."""
    cell = understand(raw, variable, **options)
    assert cell.status is VALUE, f"{raw!r}: {cell}"
    return cell.value


def assert_invalid(raw, variable):
    cell = understand(raw, variable)
    assert cell.status is INVALID, f"{raw!r}: {cell}"
    assert cell.value is None
    assert cell.expected


# --- unknown, not applicable, 无 and 0 are four things ---------------------------------


@pytest.mark.parametrize("variable", ONE_OF_EACH, ids=by_type)
@pytest.mark.parametrize(
    "raw", [None, "", "  ", "\u3000", "\n", math.nan, "-", "－", "—", "未知", " 待定 "]
)
def test_blanks_are_unknown_in_every_column(raw, variable):
    cell = understand(raw, variable)
    assert (cell.status, cell.value) == (UNKNOWN, None)


@pytest.mark.parametrize("variable", ONE_OF_EACH, ids=by_type)
@pytest.mark.parametrize("raw", ["不适用", " 不适用 ", "n/a", "N/A", "Ｎ／Ａ", "/", "／"])
def test_not_applicable_is_neither_unknown_nor_zero(raw, variable):
    cell = understand(raw, variable)
    assert (cell.status, cell.value) == (NOT_APPLICABLE, None)


@pytest.mark.parametrize("variable", [COUNT, NUMBER], ids=by_type)
@pytest.mark.parametrize("raw", ["无", 0, 0.0, "0", "０"])
def test_none_and_zero_are_zero_in_counts_and_numbers(raw, variable):
    assert value(raw, variable) == 0


def test_none_is_no_where_a_yes_or_no_is_asked_for():
    assert value("无", YES_NO) is False


@pytest.mark.parametrize("variable", [DATE, SETTLEMENT, CODE], ids=by_type)
def test_none_is_no_date_no_settlement_and_no_code(variable):
    assert_invalid("无", variable)


# --- yes and no -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    ["是", "有", "yes", "Yes", "y", "Y", "true", "TRUE", "1", "１", "√", "✓", 1, 1.0, True, " 是 "],
)
def test_yes(raw):
    assert value(raw, YES_NO) is True


@pytest.mark.parametrize(
    "raw", ["否", "无", "no", "NO", "n", "N", "false", "0", "０", "×", "✗", 0, 0.0, False, "否\n"]
)
def test_no(raw):
    assert value(raw, YES_NO) is False


@pytest.mark.parametrize("raw", ["部分", "是否", 2, -1, 0.5, "2", "o", "x y", dt.date(2020, 1, 1)])
def test_anything_else_is_no_answer(raw):
    assert_invalid(raw, YES_NO)


# --- counts, numbers, shares ----------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *((12, 12), (12.0, 12), ("12", 12), ("１２", 12), ("12.0", 12), (" 12 ", 12), ("+12", 12)),
        *((999_999_999_999_999, 999_999_999_999_999), (4.999999999999999, 5), (Decimal(12), 12)),
    ],
)
def test_count(raw, expected):
    found = value(raw, COUNT)
    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize(
    "raw",
    [
        "约200",
        "十二",
        "1 2",
        "12㎡",
        "12元",
        "12个左右",
        "1,2",
        "1,2345",
        "12,345,67",
        "1e3",
        "2.5个",
        "12-13",
        "%",
        "50%",
        "inf",
        "nan",
        ".",
        "--1",
        *(2.5, "2.5", -1, "-1", math.inf, -math.inf, True, False, 10**15, "1" * 400),
        dt.date(2020, 1, 1),
        dt.datetime(2020, 1, 1, 8),
        dt.time(8),
        dt.timedelta(1),
        b"12",
        [1],
        Decimal("2.5"),
    ],
)
def test_what_is_no_count(raw):
    assert_invalid(raw, COUNT)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *((12, 12.0), ("12.5", 12.5), ("１２．５", 12.5), (".5", 0.5), ("5.", 5.0), ("无", 0.0)),
        *((0.7000000000000001, 0.7), (0.1 + 0.2, 0.3), (500.00000000000006, 500.0), (1e-7, 1e-7)),
        (Decimal("12.50"), 12.5),
    ],
)
def test_number_is_taken_at_fifteen_significant_digits(raw, expected):
    found = value(raw, NUMBER)
    assert found == expected
    assert type(found) is float


@pytest.mark.parametrize(
    "raw", ["50%", "3.5亩", "3.5美元", True, "一半", -0.01, 1e15, "1..2", "元", Decimal("NaN")]
)
def test_what_is_no_number(raw):
    assert_invalid(raw, NUMBER)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *((0.7, 0.7), ("0.7", 0.7), ("70%", 0.7), ("70％", 0.7), ("７０％", 0.7), ("70 %", 0.7)),
        (0.7000000000000001, 0.7),
        ("33.3%", 0.333),
        ("100%", 1.0),
        (1, 1.0),
        (0, 0.0),
        ("0%", 0.0),
    ],
)
def test_share(raw, expected):
    assert value(raw, SHARE) == expected


@pytest.mark.parametrize("raw", [70, "70", "100.1%", "-1%", 1.01, -0.01, "%", "7/10", "七成", True])
def test_what_is_no_share(raw):
    assert_invalid(raw, SHARE)


@pytest.mark.parametrize(
    ("id_", "inside", "beyond"),
    [
        ("open_hours", [0, 24, "24.0", 8.5], [-0.01, 24.01, "25"]),
        ("functions", [0, 5, "5"], [-1, 6, 4.5]),
        ("base_pay_share", [0, 1, "100%"], [-0.001, 1.001, "101%"]),
        ("households", [0, 1], [-1]),
        ("venue_area", [0, 0.5], [-0.5]),
    ],
)
def test_limits_belong_to_the_range(id_, inside, beyond):
    for raw in inside:
        value(raw, COMMUNITY[id_])
    for raw in beyond:
        assert_invalid(raw, COMMUNITY[id_])


@pytest.mark.parametrize(
    ("item", "points"), list(enumerate([5, 5, 8, 5, 10, 5, 5, 10, 8, 5, 8, 8, 8, 10], start=1))
)
def test_score_goes_up_to_the_points_of_its_item(item, points):
    variable = schema.sheet("评分")[f"score_{item}"]
    assert value(points, variable) == points
    assert value(points - 0.5, variable) == points - 0.5
    assert_invalid(points + 0.5, variable)


# --- what is put right, and said -------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "variable", "expected", "how"),
    [
        *((12, COUNT, 12, ""), (12.0, COUNT, 12, ""), ("12", COUNT, 12, "text_number")),
        *(("１２", COUNT, 12, "text_number"), ("无", COUNT, 0, ""), ("12个", COUNT, 12, "unit")),
        *(("1,234", COUNT, 1234, "thousands"), ("1，234", COUNT, 1234, "thousands")),
        *(("1,234个", COUNT, 1234, "unit"), ("１２ 家", COUNT, 12, "unit")),
        *(("500㎡", AREA, 500, "unit"), ("500平方米", AREA, 500, "unit")),
        *(("500m²", AREA, 500, "unit"), ("500 M2", AREA, 500, "unit")),
        *(("3.5万元", NUMBER, 3.5, "unit"), ("3.5万", NUMBER, 3.5, "unit")),
        *(("35,000元", NUMBER, 3.5, "converted"), ("35千元", NUMBER, 3.5, "converted")),
        *(("0.1元", NUMBER, 0.00001, "converted"), ("0.00035亿元", NUMBER, 3.5, "converted")),
        *((0.7, SHARE, 0.7, ""), ("0.7", SHARE, 0.7, "text_number")),
        *(("70%", SHARE, 0.7, "percent"), ("７０％", SHARE, 0.7, "percent")),
        *(("2020-12-31", DATE, DAY, ""), (DAY, DATE, DAY, ""), ("2020/12/31", DATE, DAY, "date")),
        *((44196, DATE, DAY, "date"), ("44196", DATE, DAY, "date")),
        ("20201231", DATE, DAY, "date"),
        *((140802001001, CODE, "140802001001", "code"), ("140802001001", CODE, "140802001001", "")),
        *(("140802001001.0", CODE, "140802001001", "code"), ("是", YES_NO, True, "")),
        *(("甲社区", TEXT, "甲社区", ""), ("甲\u200b社区", TEXT, "甲社区", "cleaned")),
    ],
)
def test_every_normalisation_has_its_name(raw, variable, expected, how):
    cell = understand(raw, variable)
    assert (cell.status, cell.value, cell.how) == (VALUE, expected, how)
    assert how in ("", *NORMALISATIONS)


@pytest.mark.parametrize(
    ("raw", "factor", "expected"),
    [
        (35000, Fraction(1, 10_000), 3.5),
        ("35,000", Fraction(1, 10_000), 3.5),
        ("3.5万元", Fraction(1, 10_000), 3.5),  # what the cell says goes before the header
        ("35000元", Fraction(10_000), 3.5),
        ("无", Fraction(1, 10_000), 0),
        (1, Fraction(1, 10), 0.1),
    ],
)
def test_unit_of_the_header_holds_for_cells_that_state_none(raw, factor, expected):
    cell = understand(raw, NUMBER, factor)
    assert (cell.status, cell.value) == (VALUE, expected)


@pytest.mark.parametrize(("raw", "expected"), [(70, 0.7), ("70", 0.7), ("70%", 0.7), (0.7, 0.7)])
def test_percent_in_the_header_of_a_share(raw, expected):
    assert value(raw, SHARE, factor=Fraction(1, 100)) == expected


def test_percent_in_the_header_lifts_no_limit():
    assert understand(101, SHARE, Fraction(1, 100)).status is INVALID


@pytest.mark.parametrize("unit", sorted(unit_words()))
def test_every_unit_of_the_variables_is_known_by_its_own_name(unit):
    assert unit_words()[unit][unit_word(unit)] == 1
    assert all(unit_word(word) in unit_words()[unit] for word in unit_words()[unit])


def test_every_number_has_the_words_for_its_unit():
    units = {v.unit for v in schema.variables() if v.type in ("count", "number")}
    assert units == set(unit_words())


# --- codes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        *("140802001001", 140802001001, 140802001001.0, 1.40802001001e11, " 140802001001 "),
        "１４０８０２００１００１",
    ],
)
def test_code_stays_text(raw):
    assert value(raw, CODE) == "140802001001"


@pytest.mark.parametrize(
    "raw",
    [
        *("1.40802E+11", "14080200100", "1408020010011", "14080200100a", "1408 0200 1001", 140802),
        *(140802001001.5, True, "٠٤٠٨٠٢٠٠١٠٠١", dt.date(2020, 1, 1), -40802001001),
    ],
)
def test_what_is_no_code(raw):
    assert_invalid(raw, CODE)


def test_each_code_has_its_own_length():
    street, county = COMMUNITY["street_code"], COMMUNITY["county_code"]
    assert (value(140802001.0, street), value("140802", county)) == ("140802001", "140802")
    assert_invalid("140802", street)
    assert_invalid("1408", county)


# --- dates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        *("2020-02-09", "2020/02/09", "2020.02.09", "2020-2-9", "2020/2/9", "2020年2月9日"),
        *("2020年02月09日", "2020年2月9", "２０２０－０２－０９", "2020 年 2 月 9 日", "20200209"),
        *(20200209, 20200209.0, dt.date(2020, 2, 9), dt.datetime(2020, 2, 9, 23, 59)),
        *(pd.Timestamp("2020-02-09 08:00"), 43870, 43870.0),
        *("2020-02-09 00:00:00", "2020/2/9 8:30", "2020-02-09T08:30:00", "2020-2-9 10:00"),
    ],
)
def test_date(raw):
    found = value(raw, DATE)
    assert found == dt.date(2020, 2, 9)
    assert type(found) is dt.date


@pytest.mark.parametrize(
    "raw",
    [
        *("2021-02-30", "2021-02-29", "2020-13-01", "2020-00-10", "20201301", "0000-01-01", "2020"),
        *("12/31/2020", "31.12.2020", "2020-12", "2020年底", "去年", True, 2020, 202012, -44196),
        *(44196.5, 19_999, 80_000, 1e300, math.inf, "4419", dt.time(8)),
    ],
)
def test_what_is_no_date(raw):
    assert_invalid(raw, DATE)


def test_serial_numbers_count_from_1900_or_from_1904():
    assert value(44196, DATE) == DAY
    assert value(42734, DATE, epoch_1904=True) == DAY
    assert value(20201231, DATE, epoch_1904=True) == DAY


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *(("2021/1/1 00:00:00", (2021, 1, 1)), ("2021-1-1 10:00", (2021, 1, 1))),
        *(("2021-01-01 00:00:00.000", (2021, 1, 1)), ("2021年1月3日 1:00", (2021, 1, 3))),
    ],
)
def test_time_of_day_takes_nothing_from_the_day(raw, expected):
    assert value(raw, DATE) == dt.date(*expected)


# --- settlement and text --------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *(("城市社区", "urban"), ("农村社区", "rural"), ("其他", "other"), (" 城市社区 ", "urban")),
        *(("urban", "urban"), ("Rural", "rural"), ("OTHER", "other")),
    ],
)
def test_settlement(raw, expected):
    assert value(raw, SETTLEMENT) == expected


@pytest.mark.parametrize("raw", ["城镇", "城市", "村", 1, True])
def test_what_is_no_settlement(raw):
    assert_invalid(raw, SETTLEMENT)


def test_text_is_kept_without_the_space_around_it():
    assert value("  北村村委会 ", TEXT) == "北村村委会"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        *(("盐湖\u202e区", "盐湖区"), ("\u2067甲\u2069", "甲"), ("甲\x00\x1b社区", "甲社区")),
        *(("甲\u200b社区", "甲社区"), ("\ufeff甲社区", "甲社区"), ("甲\n社区", "甲 社区")),
    ],
)
def test_characters_that_only_steer_how_a_name_is_shown_are_taken_out(raw, expected):
    cell = understand(raw, TEXT)
    assert (cell.value, cell.how) == (expected, "cleaned")


def test_name_of_invisible_characters_alone_is_unknown():
    assert understand("\u202e\u200b", TEXT).status is UNKNOWN


# --- messages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "variable", "zh", "en"),
    [
        ("约200", COUNT, "应为不小于 0 的整数", "expected a whole number, at least 0"),
        (-1, NUMBER, "应为不小于 0 的数值", "expected a number, at least 0"),
        (25, COMMUNITY["open_hours"], "应为 0 到 24 之间的数值", "expected a number from 0 to 24"),
        (6, COMMUNITY["functions"], "0 到 5 之间的整数", "a whole number from 0 to 5"),
        ("70", SHARE, "0 到 1 之间的比例（0.7 或 70%）", "a share (0.7 or 70%) from 0 to 1"),
        ("部分", YES_NO, "应为 是 或 否", "yes or no"),
        ("2021-02-30", DATE, "应为日期，如 2020-12-31", "a date such as 2020-12-31"),
        ("城镇", SETTLEMENT, "城市社区、农村社区、其他", "urban, rural, other"),
        ("1408020010", CODE, "应为 12 位数字代码，请将该列设为文本", "a code of 12 digits"),
        ("1.40802E+11", CODE, "科学计数法时丢失，请从原表重新复制", "lost in scientific notation"),
        ("1408", COMMUNITY["county_code"], "应为 6 位数字代码", "a code of 6 digits"),
        (10**15, COUNT, "应少于 16 位", "fewer than 16 digits"),
    ],
)
def test_what_was_expected_is_said_in_both_languages(raw, variable, zh, en):
    assert zh in understand(raw, variable).expected
    with using("en"):
        assert en in understand(raw, variable).expected


# --- properties -----------------------------------------------------------------------

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text("0123456789.-+/%年月日无 eE", max_size=12),
    st.dates(),
    st.datetimes(),
    st.times(),
)


#: What a sheet can hold, with an eye to what people write.
CONTENT = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 10**12).map(float),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0.7, 0.7000000000000001, 2.5, -1.0, 44196.0, 140802001001.0, 1e300]),
    st.text("0123456789.-+/%,年月日无是否元个 \u3000\u200b甲乙丙eE", max_size=10),
    st.sampled_from(["不适用", "　不适用", "未知", "70%", "1,234", "12个", "2020/12/31", "urban"]),
    st.sampled_from(
        ["140802001001", " 140802001001", "1.40802E+11", "盐湖\u3000东街社区", "　盐湖东街"]
    ),
    st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
)


@given(ANYTHING, st.sampled_from(schema.variables()))
def test_no_cell_is_too_odd_and_only_values_have_a_value(raw, variable):
    cell = understand(raw, variable)
    assert (cell.value is not None) == (cell.status is VALUE)
    assert bool(cell.expected) == (cell.status is INVALID)


@settings(max_examples=500)
@given(st.lists(CONTENT, max_size=12), st.sampled_from(ONE_OF_EACH))
def test_a_column_is_understood_as_its_cells_are(raws, variable):
    column = Column.of(raws)
    whole = understand_column(column, variable)
    cells = [understand(column[row], variable) for row in range(len(raws))]
    assert whole.status.tolist() == [cell.status for cell in cells]
    values = [None if missing else found for found, missing in
              zip(whole.values.tolist(), whole.values.isna(), strict=True)]  # fmt: skip
    values = [found.date() if isinstance(found, pd.Timestamp) else found for found in values]
    assert values == [cell.value for cell in cells]
    assert whole.invalid == [(row, cell) for row, cell in enumerate(cells) if cell.expected]
    put_right = {how: [row for row, cell in enumerate(cells) if cell.how == how]
                 for how in {cell.how for cell in cells} - {""}}  # fmt: skip
    assert {how: sorted(rows) for how, rows in whole.changed.items()} == put_right


def test_column_keeps_its_type_without_a_single_value():
    for variable in ONE_OF_EACH:
        for column in (Column.of([]), Column.of([None, "-"])):
            assert str(understand_column(column, variable).values.dtype) == {
                **dict.fromkeys(("count",), "Int64"),
                **dict.fromkeys(("number", "share"), "Float64"),
                **{"yesno": "boolean", "date": "datetime64[s]"},
            }.get(variable.type, "str")


@given(st.integers(0, 10**15 - 1))
def test_a_count_is_the_same_as_number_float_and_text(number):
    for raw in (number, float(number), str(number), f" {number}.0 "):
        assert value(raw, COUNT) == number


@given(st.dates())
def test_every_date_comes_back_from_every_way_of_writing_it(day):
    year, month, date = f"{day.year:04}", day.month, day.day
    for raw in (day, day.isoformat(), f"{year}年{month}月{date}日", f"{year}/{month}/{date}"):
        assert value(raw, DATE) == day
