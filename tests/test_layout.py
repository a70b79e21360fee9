"""Where the table lies in a sheet: header blocks, names of columns, units, a date above it."""

import datetime as dt
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanlian_analysis import schema
from sanlian_analysis.language import using
from sanlian_analysis.layout import Place, find_layout, plain_title
from sanlian_analysis.schema import KEYS
from sanlian_analysis.sheet import Column, Sheet, address, letters_of

CODE, DAY = "140802001001", dt.date(2021, 12, 31)
#: Stands for a row that has something in every column of the header.
DATA = "..."
PLAIN = "社区代码|社区名称|统计时点|户数"
MONEY = "社区代码|统计时点|政府购买服务投入"


def sheet_of(*lines: str, name: str = "社区", merged: str = "", **options) -> Sheet:
    """A sheet of texts, `|` between the cells; `merged` as Excel writes ranges."""
    width = max(line.count("|") + 1 for line in lines)
    rows = [["5"] * width if line == DATA else [cell or None for cell in line.split("|")]
            for line in lines]  # fmt: skip
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    columns = [Column.of(column) for column in zip(*rows, strict=True)]
    areas = [tuple(corner(one) for one in area.split(":")) for area in merged.split()]
    return Sheet("台账.xlsx", name, columns, merged=areas, **options)


def corner(cell: str) -> tuple[int, int]:
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", cell).groups()
    return int(digits) - 1, ord(letters) - 65


def where(layout) -> dict[str, str]:
    """The letter of every column that was found."""
    return {id_: letters_of(place.position) for id_, place in layout.columns.items()}


def found(layout) -> list[tuple[str, ...]]:
    return [(one.severity, one.cell, one.variable, one.found) for one in layout.findings]


# --- names of columns -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
def test_every_header_id_and_alias_is_found_under_its_own_variable(kind):
    key, date = schema.sheet(kind)[KEYS[kind]].header, "统计时点"
    for variable in schema.sheet(kind).values():
        for name in (variable.header, variable.id, *variable.aliases):
            others = [one for one in (key, date) if schema.sheet(kind)[variable.id].header != one]
            layout = find_layout(sheet_of("|".join([name, *others]), DATA, name=kind))
            assert layout is not None, name
            assert where(layout)[variable.id] == "A", name
            assert found(layout) == [], name


@pytest.mark.parametrize("kind", KEYS)
def test_no_name_leads_to_two_variables_of_a_sheet(kind):
    names = [
        (plain_title(name).lower(), variable.id)
        for variable in schema.sheet(kind).values()
        for name in {variable.header, variable.id, *variable.aliases}
    ]
    assert len({name for name, _ in names}) == len(names), sorted(names)


def test_no_alias_of_a_column_is_the_published_name_of_another():
    for kind in KEYS:
        own = {plain_title(v.header): v.id for v in schema.sheet(kind).values()}
        for variable in schema.sheet(kind).values():
            for alias in variable.aliases:
                assert own.get(plain_title(alias), variable.id) == variable.id


@pytest.mark.parametrize(
    "title",
    [
        *(
            "户数",
            " 户 数 ",
            "户\n数",
            "户\r\n　数",
            "户数（户）",
            "户数(户)",
            "户数[户]",
            "户数【户】",
        ),
        *(
            "户数〔户〕",
            "户数（单位：户）",
            "*户数",
            "12.户数",
            "（3）户数",
            "四、户数",
            "Households",
        ),
        *(
            "ＨＯＵＳＥＨＯＬＤＳ",
            "户数（2021年）",
            "居民户数（户）",
            "（户）户数",
            "户数（户）（2021年）",
        ),
    ],
)
def test_title_is_the_same_without_spaces_breaks_brackets_and_numbers(title):
    layout = find_layout(sheet_of(f"社区代码|统计时点|{title}", f"{CODE}|2021-12-31|5"))
    assert where(layout) == {"code": "A", "date": "B", "households": "C"}
    assert layout.columns["households"] == Place(2, Fraction(1))
    assert layout.findings == []


@pytest.mark.parametrize(
    "title", ["户", "户数量", "户数合计情况", "households2", "非户数", "户数/人口"]
)
def test_title_that_only_resembles_a_name_is_not_guessed(title):
    layout = find_layout(sheet_of(f"社区代码|统计时点|{title}", f"{CODE}|2021-12-31|5"))
    assert "households" not in layout.columns
    assert found(layout) == [("note", "C1", "", title)]


@pytest.mark.parametrize(
    ("titles", "cells"),
    [
        ("户数|居民户数", ["D1"]),
        ("户数|户数", ["D1"]),
        ("户数|households|总户数", ["D1", "E1"]),
        ("户数（户）|户数（万户）", ["D1"]),
    ],
)
def test_two_columns_that_could_be_the_same_variable_are_a_finding_and_no_guess(titles, cells):
    layout = find_layout(sheet_of(f"社区代码|统计时点|{titles}", DATA))
    assert "households" not in layout.columns
    assert [one[:3] for one in found(layout)] == [("error", cell, "households") for cell in cells]
    assert "请删去一列" in layout.findings[0].message
    with using("en"):
        layout = find_layout(sheet_of(f"社区代码|统计时点|{titles}", DATA))
    assert "neither is used: delete one" in layout.findings[0].message


def test_column_without_a_title_is_noted_only_when_something_stands_below_it():
    layout = find_layout(sheet_of("社区代码|统计时点||户数|", f"{CODE}|2021-12-31|x|5|"))
    assert found(layout) == [("note", "C1", "", "")]
    assert "没有表头" in layout.findings[0].message


@pytest.mark.parametrize("extra", ["x|5|6", "|5|6"])
def test_first_row_of_data_is_no_second_row_of_the_header(extra):
    layout = find_layout(sheet_of(f"{PLAIN}||常住人口", f"{CODE}|甲社区|2021-12-31|{extra}"))
    assert layout.header == 0
    assert where(layout) == {
        **{"code": "A", "name": "B", "date": "C", "households": "D"},
        "population": "F",
    }


# --- header blocks --------------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 1, 5, 20])
def test_header_is_found_below_titles_and_lines(above):
    lines = [
        "盐湖区社区治理情况台账",
        "填报单位：盐湖区民政局||填报日期：2022年1月5日",
        "",
        "",
        "",
    ] * 4
    layout = find_layout(sheet_of(*lines[:above], PLAIN, DATA))
    assert layout.header == above
    assert where(layout) == {"code": "A", "name": "B", "date": "C", "households": "D"}
    assert layout.findings == []


def test_groups_reach_over_the_columns_that_they_were_merged_over():
    layout = find_layout(
        sheet_of(
            "台账",
            "社区代码|社区名称|统计时点|社会组织|||人口",
            "|||数量|本年新增社会组织数|党建类|户数",
            DATA,
            merged="A1:G1 A2:A3 B2:B3 C2:C3 D2:F2",
        )
    )
    assert layout.header == 2
    assert where(layout) == {
        **{"code": "A", "name": "B", "date": "C"},
        **{"orgs": "D", "orgs_new": "E", "households": "G"},
    }
    assert found(layout) == [("note", "F3", "", "社会组织 党建类")]


def test_three_rows_of_header():
    layout = find_layout(
        sheet_of(
            "社区代码|统计时点|基本情况|",
            "||人口情况|",
            "||户数|常住人口",
            f"{CODE}|2021-12-31|5|9",
            merged="A1:A3 B1:B3 C1:D1 C2:D2",
        )
    )
    assert layout.header == 2
    assert where(layout) == {"code": "A", "date": "B", "households": "C", "population": "D"}


def test_group_and_column_together_make_the_name():
    layout = find_layout(
        sheet_of(
            "社区代码|统计时点|社区社会组织|专职|",
            "||数|社区工作者数|党务工作者数",
            f"{CODE}|2021-12-31|5|6|7",
            merged="A1:A2 B1:B2 D1:E1",
        )
    )
    assert where(layout) == {
        **{"code": "A", "date": "B", "orgs": "C"},
        **{"staff": "D", "party_workers": "E"},
    }


@pytest.mark.parametrize("title", ["三社联动开展情况", "民主协商", "社区", "人口", "经费"])
@pytest.mark.parametrize("merged", ["", "A1:F1"])
def test_title_of_the_table_names_no_column(title, merged):
    layout = find_layout(sheet_of(title, f"{PLAIN}|开展三社联动|备注", DATA, merged=merged))
    assert layout.header == 1
    assert where(layout)["linkage"] == "E"
    assert found(layout) == [("note", "F2", "", "备注")]


def test_group_names_no_column_that_has_a_title_of_its_own():
    lines = ("社区代码|社区名称|统计时点|社区社会组织||", "|||数量|党建类|文体类", DATA)
    layout = find_layout(sheet_of(*lines, merged="A1:A2 B1:B2 C1:C2 D1:F1"))
    assert where(layout)["orgs"] == "D"
    assert [one[:2] for one in found(layout)] == [("note", "E2"), ("note", "F2")]


def test_column_that_stands_in_the_second_row_alone_belongs_to_no_neighbour():
    layout = find_layout(
        sheet_of(PLAIN, "||||备注", DATA, merged="A1:A2 B1:B2 C1:C2 D1:D2"),
    )
    assert where(layout)["households"] == "D"
    assert found(layout) == [("note", "E2", "", "备注")]


# --- which of the four tables ---------------------------------------------------------

HEADERS = {
    "社区": "社区代码|社区名称|统计时点|户数|街道代码|区县代码",
    "街道": "街道代码|街道|区县代码|统计时点|孵化培育基地",
    "区县": "区县代码|区县|统计时点|社会组织总数|经费投入",
    "评分": "社区代码|社区名称|统计时点|监督委员会|一约五会",
}


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("name", ["盐湖区", "Sheet1", "", "社区台账"])
def test_sheet_under_any_name_is_what_its_columns_say(kind, name):
    layout = find_layout(sheet_of(HEADERS[kind], DATA, name=name))
    assert layout.kind == kind
    assert layout.findings == []


@pytest.mark.parametrize("kind", HEADERS)
def test_sheet_with_a_name_of_the_four_is_what_its_name_says(kind):
    other = find_layout(sheet_of(HEADERS[kind], DATA, name="评分" if kind == "社区" else "社区"))
    assert other is None or other.kind != kind


@pytest.mark.parametrize(
    "lines",
    [
        ["说明", "本表由民政局填写"],
        ["社区名称|户数|常住人口", "甲社区|5|6"],
        ["姓名|电话", "张三|123"],
        ["社区代码", CODE],
        [CODE, CODE, CODE],
        [
            "村码|社区名称|街道代码|街道|区县代码|统计时点|户数",
            "x|甲|140802001|东街|140802|2021-12-31|5",
        ],
    ],
)
def test_sheet_that_is_no_table_of_a_ledger_is_none(lines):
    assert find_layout(sheet_of(*lines, name="盐湖区")) is None


def test_empty_sheets_have_no_layout():
    assert find_layout(Sheet("a.csv", "社区", [])) is None
    assert find_layout(Sheet("a.csv", "社区", [Column.of([]), Column.of([])])) is None
    assert find_layout(Sheet("a.csv", "社区", [Column.of([None, " "])])) is None


# --- units ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "id_", "factor"),
    [
        ("政府购买服务投入", "purchase", 1),
        ("政府购买服务投入（万元）", "purchase", 1),
        ("政府购买服务投入（万元/年）", "purchase", 1),
        ("政府购买服务投入（元）", "purchase", Fraction(1, 10_000)),
        ("政府购买服务投入\n（单位：元）", "purchase", Fraction(1, 10_000)),
        ("（元）政府购买服务投入", "purchase", Fraction(1, 10_000)),
        ("政府购买服务投入（2021年，元）", "purchase", Fraction(1, 10_000)),
        ("政府购买服务投入（千元）", "purchase", Fraction(1, 10)),
        ("政府购买服务投入（亿元）", "purchase", 10_000),
        ("社区工作者平均工资（元/年）", "wage", 1),
        ("社区工作者平均工资（万元）", "wage", 10_000),
        ("活动场所面积（㎡）", "venue_area", 1),
        ("活动场所面积（m2）", "venue_area", 1),
        ("活动场所面积（万平方米）", "venue_area", 10_000),
        ("常住人口（万人）", "population", 10_000),
        ("基础工资占比（%）", "base_pay_share", Fraction(1, 100)),
        ("基础工资占比（％）", "base_pay_share", Fraction(1, 100)),
        ("开展三社联动（是/否）", "linkage", 1),
    ],
)
def test_unit_of_a_header_says_by_what_its_figures_are_multiplied(title, id_, factor):
    layout = find_layout(sheet_of(f"社区代码|统计时点|{title}", f"{CODE}|2021-12-31|5"))
    assert layout.columns[id_] == Place(2, Fraction(factor))
    said = [("note", "C1", id_)] if factor != 1 and id_ != "base_pay_share" else []
    assert [one[:3] for one in found(layout)] == said


@pytest.mark.parametrize(
    ("title", "id_"),
    [
        *(("活动场所面积（亩）", "venue_area"), ("活动场所面积（公顷）", "venue_area")),
        *(("活动场所面积（平方公里）", "venue_area"), ("活动场所面积（元）", "venue_area")),
        *(("政府购买服务投入（美元）", "purchase"), ("政府购买服务投入（人）", "purchase")),
        *(("政府购买服务投入（百元）", "purchase"), ("政府购买服务投入（百万元）", "purchase")),
        *(("户数（元）", "households"), ("每日开放时间（分钟）", "open_hours")),
    ],
)
def test_column_in_a_unit_that_cannot_be_converted_is_an_error_and_not_used(title, id_):
    layout = find_layout(sheet_of(f"社区代码|统计时点|{title}", f"{CODE}|2021-12-31|5"))
    assert id_ not in layout.columns
    assert found(layout) == [("error", "C1", id_, title)]
    unit = schema.sheet("社区")[id_].unit
    assert f"请改用 {unit}" in layout.findings[0].message


def test_row_of_units_below_the_header_belongs_to_it():
    layout = find_layout(
        sheet_of(
            "社区代码|统计时点|政府购买服务投入|活动场所面积|基础工资占比|户数",
            "||（元）|㎡|%|户",
            DATA,
        )
    )
    assert layout.header == 1
    factors = {id_: place.factor for id_, place in layout.columns.items() if place.factor != 1}
    assert factors == {"purchase": Fraction(1, 10_000), "base_pay_share": Fraction(1, 100)}


@pytest.mark.parametrize("row", ["||5|", "||户|", f"{CODE}||户|元", "户|元||x", "|||"])
def test_row_that_is_not_of_units_alone_is_none(row):
    assert find_layout(sheet_of(f"{PLAIN}", row, DATA)).header == 0


@pytest.mark.parametrize(
    "line",
    [
        *(
            "单位：元",
            "单位:元",
            "（单位：元）",
            "(单位:元)",
            "金额单位：元",
            "资金单位：元",
            "单位 ： 元",
        ),
        *(
            "单位：人、元",
            "单位：元、平方米",
            "单位：|元",
            "||单位：元",
            "计量单位：元",
            "货币单位：元",
        ),
        *("填报单位：盐湖区民政局|单位：元", "填报单位：盐湖区民政局　　单位：元", "单位：元/年"),
    ],
)
def test_unit_of_all_money_above_the_table(line):
    header = f"{MONEY}|社区工作者平均工资|户数"
    layout = find_layout(sheet_of("台账", line, header, DATA))
    factors = {id_: place.factor for id_, place in layout.columns.items()}
    assert factors == dict.fromkeys(["code", "date", "wage", "households"], 1) | {
        "purchase": Fraction(1, 10_000)
    }
    assert found(layout) == [("note", "C3", "purchase", "政府购买服务投入")]
    assert "万元/年" in layout.findings[0].message


@pytest.mark.parametrize(
    "line",
    [
        "填报单位：元宝街道",
        "单位负责人：张三",
        "单位：盐湖区民政局",
        "单位：万元",
        "编制单位：民政局",
    ],
)
def test_lines_that_state_no_other_unit(line):
    layout = find_layout(sheet_of(line, MONEY, DATA))
    assert layout.columns["purchase"].factor == 1
    assert layout.findings == []


def test_unit_of_a_header_goes_before_that_of_the_whole_table():
    layout = find_layout(sheet_of("单位：元", MONEY + "（万元）", DATA))
    assert layout.columns["purchase"].factor == 1
    assert layout.findings == []


# --- a date above the table -----------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        *(
            ("统计时点：2021-12-31", "A1"),
            ("统计时点:2021年12月31日", "A1"),
            ("数据截至2021.12.31", "A1"),
        ),
        *(
            ("（截至2021年12月31日）", "A1"),
            ("统计日期：20211231", "A1"),
            ("截止日期 2021/12/31", "A1"),
        ),
        *(("|统计时点：|2021-12-31", "B1"), ("填报单位：x|统计时间|2021年12月31日", "B1")),
        ("填报日期：2022年1月5日|统计时点：2021年12月31日", "B1"),
        ("统计时点：2021年12月31日|填报日期：2022年1月5日", "A1"),
    ],
)
def test_date_above_the_table_stands_for_a_column_of_dates(line, cell):
    layout = find_layout(sheet_of(line, "社区代码|社区名称|户数", f"{CODE}|甲|5"))
    assert layout.date == (DAY, cell)


def test_date_cell_beside_its_label():
    sheet = sheet_of("统计时点：|", "社区代码|社区名称|户数", f"{CODE}|甲|5")
    columns = [*sheet.columns]
    columns[1] = Column.of([DAY, "社区名称", "甲"])
    layout = find_layout(Sheet("台账.xlsx", "社区", columns))
    assert layout.date == (DAY, "A1")


@pytest.mark.parametrize(
    "line",
    [
        "2021年度",
        "统计时点：2021年",
        "统计时点：年底",
        "统计时点：2021-02-30",
        "文号〔2021〕90号",
        "",
    ],
)
def test_line_without_a_whole_date_states_none(line):
    assert find_layout(sheet_of(line, "社区代码|社区名称|户数", f"{CODE}|甲|5")).date is None


def test_column_of_dates_goes_before_any_line():
    assert find_layout(sheet_of("统计时点：2020-12-31", PLAIN, DATA)).date is None


# --- whatever stands in it ------------------------------------------------------------

WORDS = [
    *(
        "社区代码",
        "社区名称",
        "统计时点",
        "户数",
        "户",
        "元",
        "单位：元",
        "统计时点：",
        "2021-12-31",
        "（",
        "）",
    ),
    *(
        "社会组织",
        "数量",
        CODE,
        "",
        " ",
        "（元）",
        "*",
        "1",
        "备注",
        "[",
        "code",
        "date",
        "ＯＲＧＳ",
    ),
]


@settings(max_examples=300)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=4, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["社区", "Sheet1"]),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2), st.integers(0, 3)),
             max_size=3),
)  # fmt: skip
def test_no_sheet_is_too_odd_and_no_variable_has_two_columns(rows, name, areas):
    columns = [Column.of(column) for column in zip(*rows, strict=True)]
    merged = [((top, left), (top + tall, left + wide)) for top, left, tall, wide in areas]
    layout = find_layout(Sheet("a.xlsx", name, columns, merged=merged))
    if layout is not None:
        assert KEYS[layout.kind] in layout.columns or layout.findings
        positions = [place.position for place in layout.columns.values()]
        assert len(set(positions)) == len(positions)
        cells = {address(layout.header, position) for position in positions}
        assert not cells & {one.cell for one in layout.findings if one.severity == "error"}
