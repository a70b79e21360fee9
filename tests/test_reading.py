"""One sheet as a typed table: totals, remarks, merged and hidden cells, errors, parts and wholes."""

import datetime as dt
import re
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.layout import find_layout
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.reading import ORIGIN, read_table
from sanlian_analysis.sheet import Column, Sheet, address, letters_of

A, B, C = (f"14080200100{i}" for i in (1, 2, 3))
SHORT = {"A": A, "B": B, "C": C, "D": "2021-12-31", "": None}
PLAIN = "社区代码|社区名称|统计时点|户数"
ONE, TWO = "A|甲社区|D|5", "B|乙社区|D|6"


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("SANLIAN_CACHE", "off")


def sheet_of(*lines: str, name: str = "社区", merged: str = "", **options) -> Sheet:
    """A sheet: `|` between the cells, `#5` a number, `@2021-12-31` a date, else text."""
    rows = [[content(cell) for cell in line.split("|")] for line in lines]
    width = max(map(len, rows))
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    columns = [Column.of(column) for column in zip(*rows, strict=True)]
    areas = [tuple(corner(one) for one in area.split(":")) for area in merged.split()]
    return Sheet("台账.xlsx", name, columns, merged=areas, **options)


def content(cell: str) -> object:
    if cell.startswith("#"):
        return float(cell[1:])
    return dt.date.fromisoformat(cell[1:]) if cell.startswith("@") else SHORT.get(cell, cell)


def corner(cell: str) -> tuple[int, int]:
    letters, digits = re.fullmatch(r"([A-Z])(\d+)", cell).groups()
    return int(digits) - 1, ord(letters) - 65


def read(*lines: str, **options):
    sheet = sheet_of(*lines, **options)
    return read_table(sheet, find_layout(sheet))


def found(part, *fields: str) -> list[tuple[str, ...]]:
    fields = fields or ("severity", "cell", "variable", "found")
    return [tuple(getattr(one, field) for field in fields) for one in part.findings]


def values(part, variable: str) -> list[object]:
    return [None if pd.isna(value) else value for value in part.table[variable].tolist()]


# --- the table ------------------------------------------------------------------------


def test_table_has_typed_columns_and_the_place_of_every_row():
    part = read(
        "台账", f"{PLAIN}|活动场所面积|开展三社联动|基础工资占比", f"{ONE}|60.5|是|70%", "", TWO
    )
    assert part.table.dtypes.astype(str).to_dict() == {
        **{"code": "str", "name": "str", "date": "datetime64[s]", "households": "Int64"},
        **{"venue_area": "Float64", "linkage": "boolean", "base_pay_share": "Float64"},
        **{"file": "str", "sheet": "str", "row": "int64"},
    }
    assert part.table[ORIGIN].to_numpy().tolist() == [
        ["台账.xlsx", "社区", 3],
        ["台账.xlsx", "社区", 5],
    ]
    assert part.letters == {
        **{"code": "A", "name": "B", "date": "C", "households": "D"},
        **{"venue_area": "E", "linkage": "F", "base_pay_share": "G"},
    }
    assert (part.kind, part.file, part.sheet) == ("社区", "台账.xlsx", "社区")


def test_header_alone_is_an_empty_table_of_the_same_types():
    empty, full = read(PLAIN), read(PLAIN, ONE)
    assert empty.table.empty
    assert empty.table.dtypes.astype(str).to_dict() == full.table.dtypes.astype(str).to_dict()
    assert empty.findings == []


def test_mark_for_not_applicable_is_there_only_where_it_is_needed():
    part = read(f"{PLAIN}|常住人口", f"{ONE}|不适用", f"{TWO}|6")
    assert part.table["population.not_applicable"].tolist() == [True, False]
    assert "households.not_applicable" not in part.table
    assert values(part, "population") == [None, 6]


def test_cells_put_right_are_counted_by_kind_and_only_those_of_rows_that_stand():
    part = read(
        f"{PLAIN}|政府购买服务投入|基础工资占比",
        "#140802001001|甲\u200b社区|2021/12/31|1,234|35000元|70%",
        "B|乙社区|D|#6|3.5万元|#0.7",
        "合计|||1,240||",
    )
    assert dict(part.normalised) == {
        **{"code": 1, "cleaned": 1, "date": 1, "thousands": 1},
        **{"converted": 1, "unit": 1, "percent": 1},
    }
    notes = [one for one in found(part) if one[1] not in ("A4",)]
    assert notes == [
        ("note", "B2", "name", "甲\u200b社区"),
        ("note", "E2", "purchase", "35000元"),
    ]


def test_figures_converted_by_their_header_are_said_once():
    part = read("社区代码|统计时点|政府购买服务投入（元）", "A|D|#35000", "B|D|50,000", "C|D|4万元")
    assert values(part, "purchase") == [3.5, 5.0, 4.0]
    assert found(part) == [("note", "C1", "purchase", "政府购买服务投入（元）")]
    assert part.normalised["converted"] == 2


# --- cells and rows that cannot be used -----------------------------------------------


def test_cell_that_cannot_be_used_is_an_error_with_everything_about_it():
    part = read(PLAIN, ONE, "B| 乙社区 |D|约200")
    (one,) = part.findings
    assert (one.severity, one.sheet, one.cell, one.variable) == (
        "error",
        "社区",
        "D3",
        "households",
    )
    assert (one.code, one.name, one.found) == (B, "乙社区", "约200")
    assert one.expected == "“户数”：应为不小于 0 的整数"
    assert one.message == "“户数”：应为不小于 0 的整数，实为 '约200'"
    assert values(part, "households") == [5, None]


def test_equal_faults_have_the_same_kind_and_expectation():
    part = read(PLAIN, "A|甲|D|约200", "B|乙|D|很多", "C|丙|D|#2.5")
    assert [one.found for one in part.findings] == ["约200", "很多", "2.5"]
    assert len({(one.kind, one.expected) for one in part.findings}) == 1


@pytest.mark.parametrize(
    ("row", "cell", "variable", "found_"),
    [
        ("|乙社区|D|6", "A3", "code", ""),
        ("1.40802E+11|乙社区|D|6", "A3", "code", "1.40802E+11"),
        ("#140802|乙社区|D|6", "A3", "code", "140802"),
        ("不适用|乙社区|D|6", "A3", "code", "不适用"),
        ("|乙社区||", "A3", "code", ""),
        ("|注沟社区|D|6", "A3", "code", ""),
        ("|日期不详社区|D|6", "A3", "code", ""),
        ("1408x||D|", "A3", "code", "1408x"),
        ("B|乙社区||6", "C3", "date", ""),
        ("B|乙社区|2021年|6", "C3", "date", "2021年"),
        ("B|合计|#3|6", "C3", "date", "3"),
    ],
)
def test_row_that_cannot_be_placed_is_an_error_at_its_cell(row, cell, variable, found_):
    part = read(PLAIN, ONE, row)
    assert found(part) == [("error", cell, variable, found_)]
    assert "该行未计入" in part.findings[0].message
    assert values(part, "code") == [A]


def test_wrong_code_is_an_error_though_the_row_holds_nothing_else():
    part = read("统计时点：2021-12-31", "社区代码|社区名称|户数", "A|甲|5", "14080200100x|东街|")
    assert ("error", "A4", "code", "14080200100x") in found(part)


def test_formula_that_failed_is_an_error_and_unknown():
    part = read(PLAIN, ONE, "B|乙社区|D|", errors={"D3": "#DIV/0!", "Z9": "#REF!"})
    (one,) = part.findings
    assert (one.severity, one.cell, one.code, one.found) == ("error", "D3", B, "#DIV/0!")
    assert "按未知处理" in one.message
    with using("en"):
        (one,) = read(PLAIN, "B|乙社区|D|", errors={"D2": "#DIV/0!"}).findings
    assert one.message == (
        "'households': the formula fails and counts as unknown; mend it or enter the value, "
        "found '#DIV/0!'"
    )


def test_formula_that_failed_in_code_or_date_loses_the_row():
    part = read(PLAIN, ONE, "|乙社区|D|6", "C|丙社区||7", errors={"A3": "#N/A", "C4": "#NUM!"})
    assert found(part) == [("error", "A3", "code", "#N/A"), ("error", "C4", "date", "#NUM!")]


# --- totals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "合计",
        "合 计",
        "总计",
        "小计",
        "共计：",
        "（合计）",
        "盐湖区合计",
        "全区总计",
        "Total",
        "合计数",
        "汇总",
    ],
)
@pytest.mark.parametrize("place", ["{}||||", "||{}||", "|{}|||", "|||{}|"])
def test_row_of_totals_is_known_by_its_label_wherever_it_stands(label, place):
    part = read(f"序号|{PLAIN}", f"1|{ONE}", place.format(label))
    *_, one = part.findings
    assert (one.severity, one.cell) == ("note", "A3")
    assert label in one.message
    assert values(part, "code") == [A]


def test_unit_whose_name_only_looks_like_a_total_is_a_unit():
    part = read(PLAIN, ONE, "B|合计|D|6", "C|小计屯村|D|7")
    assert values(part, "name") == ["甲社区", "合计", "小计屯村"]
    assert part.findings == []


def test_row_without_a_code_and_with_a_name_that_only_holds_the_word_is_an_error():
    part = read(PLAIN, ONE, "|总计划新村|D|6")
    assert found(part) == [("error", "A3", "code", "")]


@pytest.mark.parametrize(
    ("total", "said"),
    [
        *(("11", []), ("11.0", []), ("１１户", []), ("#11", []), ("", []), ("—", [])),
        *(("12", ["12"]), ("#10", ["10"]), ("0", ["0"])),
    ],
)
def test_total_is_held_against_its_column(total, said):
    part = read(PLAIN, ONE, TWO, f"合计|||{total}")
    assert found(part)[1:] == [("note", "D4", "households", text) for text in said]


def test_total_that_disagrees_says_both_sums_and_what_is_unknown():
    part = read(
        f"{PLAIN}|政府购买服务投入", f"{ONE}|0.1", f"{TWO}|0.2", "C|丙|D||约3", "合计|||12|0.3"
    )
    _, total = [one for one in part.findings if one.severity == "note"]
    assert (total.cell, total.variable) == ("D5", "households")
    assert total.message == "“户数”合计 12，各行之和 11（1 格未知）；请核对是否漏行或重复"


def test_sum_of_decimals_is_exact():
    rows = [f"14080200{i:04d}|村|D|0.1" for i in range(1000, 1010)]
    part = read("社区代码|社区名称|统计时点|政府购买服务投入", *rows, "合计|||1")
    assert found(part, "kind") == [("left_out",)]


def test_subtotals_cover_the_rows_since_the_one_before():
    part = read(PLAIN, ONE, "小计|||5", TWO, "C|丙|D|7", "小计|||13", "总计|||18")
    assert found(part, "kind", "cell") == [("left_out", f"A{row}") for row in (3, 6, 7)]


@pytest.mark.parametrize(
    "rows",
    [
        ["合计|||11", ONE, TWO],
        ["合计|||11", "东街小计|||5", ONE, "西街小计|||6", TWO],
        [ONE, "东街合计|||5", TWO, "西街合计|||6", "总计|||11"],
        [ONE, "小计|||5", TWO, "小计|||6", "合计|||11", "总计|||11"],
    ],
    ids=["above", "above each group", "each county's", "twice"],
)
def test_total_that_is_right_somewhere_about_it_is_not_complained_of(rows):
    part = read(PLAIN, *rows)
    assert {one.kind for one in part.findings} == {"left_out"}
    assert values(part, "households") == [5, 6]


def test_total_counts_in_the_unit_of_its_column():
    part = read("社区代码|统计时点|政府购买服务投入（元）", "A|D|35000", "B|D|15000", "合计||5万元")
    assert found(part, "kind") == [("converted",), ("left_out",)]


def test_shares_and_answers_have_no_total():
    part = read(
        f"{PLAIN}|基础工资占比|开展三社联动", f"{ONE}|0.7|是", f"{TWO}|0.7|是", "合计|||11|0.9|否"
    )
    assert found(part, "kind") == [("left_out",)]


# --- other rows that are no units -----------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        *(
            "注：户数以公安部门为准",
            "备注：无",
            "说明：1.本表一式两份",
            "填表人：张三|审核人：李四|日期：2021-12-31",
        ),
        *("单位负责人：|统计负责人：|填表人：|报出日期：2022年1月5日", "联系电话：123", "（盖章）"),
        *("以上数据截至年底。", "||数据来源：民政局", "制表：张三", "审核：李四||||"),
    ],
)
def test_notes_and_signatures_are_left_out_and_listed(row):
    part = read(PLAIN, ONE, row)
    (one,) = part.findings
    assert (one.severity, one.cell, one.kind) == ("note", "A3", "left_out")
    assert next(cell for cell in row.split("|") if cell) in one.message
    assert values(part, "code") == [A]


def test_long_note_is_quoted_in_part():
    (one,) = read(PLAIN, ONE, "注：" + "很长" * 500).findings
    assert len(one.message) < 120


def test_repeated_header_and_numbers_of_the_columns_are_left_out():
    lines = [
        f"{PLAIN}|常住人口",
        "1|2|3|4|5",
        f"{ONE}|9",
        PLAIN,
        f"{TWO}|9",
        "甲|乙|丙|1|2",
        "（1）|（2）|（3）|（4）",
    ]
    part = read(*lines)
    assert found(part, "severity", "cell") == [("note", f"A{row}") for row in (2, 4, 6, 7)]
    assert values(part, "code") == [A, B]


def test_both_rows_of_a_repeated_header_are_left_out():
    header = ["社区代码|社区名称|统计时点|社会组织||", "|||数量|本年新增社会组织数|党建类"]
    part = read(*header, "A|甲社区|D|5|1|2", *header, "B|乙社区|D|6|1|2", merged="D1:F1 D4:F4")
    assert values(part, "orgs") == [5, 6]
    assert {one.severity for one in part.findings} == {"note"}


# --- merged and hidden ----------------------------------------------------------------


def test_value_of_a_tall_cell_belongs_to_all_its_rows():
    part = read(
        "街道|社区代码|统计时点|户数",
        *("东街|A|@2021-12-31|#5", "|B||#6", "西街|C||"),
        merged="A2:A3 C2:C4 D3:D4",
    )
    assert values(part, "street") == ["东街", "东街", "西街"]
    assert part.table["date"].dt.date.tolist() == [dt.date(2021, 12, 31)] * 3
    assert values(part, "households") == [5, 6, 6]
    (one,) = part.findings
    assert (one.severity, one.kind, one.cell) == ("note", "merged", "A2")
    assert "3 处纵向合并单元格" in one.message


def test_wide_cells_and_cells_of_the_header_are_no_tall_cells():
    part = read("台账|||", PLAIN, "|||", ONE, "注：无", merged="A1:D1 A2:A3 A5:D5")
    assert found(part, "kind") == [("left_out",)]


@pytest.mark.parametrize(
    ("label", "area"),
    [("注：户数以公安部门为准", "A3:D4"), ("合计|||5", "A3:C4"), ("填表人：张三", "A3:A5")],
)
def test_note_or_total_over_several_rows_is_left_out_whole(label, area):
    part = read(PLAIN, ONE, label, "", "", "审核：李四", merged=area)
    assert [one[0] for one in found(part, "severity")] == ["note"] * 3
    assert found(part, "kind", "cell") == [
        ("merged", "A3"),
        ("left_out", "A3"),
        ("left_out", "A6"),
    ]
    assert values(part, "code") == [A]


def test_empty_row_inside_a_tall_cell_is_no_unit():
    part = read("街道|社区代码|统计时点|户数", "东街|A|D|5", "", "|B|D|6", merged="A2:A4")
    assert values(part, "code") == [A, B]
    assert values(part, "street") == ["东街", "东街"]
    assert found(part, "kind") == [("merged",)]


def test_merged_range_that_reaches_beyond_the_sheet_is_cut():
    part = read(PLAIN, ONE, merged="B2:B9")
    assert values(part, "name") == ["甲社区"]


def test_hidden_rows_and_columns_are_read_and_said():
    part = read(PLAIN, ONE, TWO, hidden_rows=[1, 3], hidden_columns=[2, 4, 99])
    assert values(part, "households") == [5, 6]
    assert found(part, "severity", "cell", "message") == [
        ("note", "A3", "有 1 行被隐藏，照常读取"),
        ("note", "B1", "隐藏的列 B、D 照常读取"),
    ]


# --- dates ----------------------------------------------------------------------------


def test_date_above_the_table_is_that_of_every_row_and_is_said():
    part = read("统计时点：2021年12月31日", "社区代码|社区名称|户数", "A|甲社区|5", "B|乙社区|6")
    assert part.table["date"].dt.date.tolist() == [dt.date(2021, 12, 31)] * 2
    assert str(part.table["date"].dtype) == "datetime64[s]"
    assert found(part) == [("note", "A1", "", "")]
    assert "2021-12-31" in part.findings[0].message
    assert "date" not in part.letters


def test_serial_numbers_count_from_the_epoch_of_the_workbook():
    for epoch, serial in ((False, 44561), (True, 43099)):
        part = read(PLAIN, f"A|甲社区|#{serial}|5", epoch_1904=epoch)
        assert part.table["date"].dt.date.tolist() == [dt.date(2021, 12, 31)]


# --- parts and wholes -----------------------------------------------------------------


def test_part_above_its_whole_is_unknown_where_the_whole_stands():
    part = read(
        "社区代码|统计时点|居村委会成员数|持证成员数",
        *("A|D|5|6", "B|D|5|5", "C|D||6", "140802001004|D|约5|6", "140802001005|D|0|1"),
    )
    assert values(part, "certified_members") == [None, 5, 6, 6, None]
    assert values(part, "members") == [5, 5, None, None, 0]
    assert [one[:3] for one in found(part)] == [
        ("error", "C5", "members"),
        ("error", "D2", "certified_members"),
        ("error", "D6", "certified_members"),
    ]
    assert found(part, "found") == [("约5",), ("6",), ("1",)]


# --- duplicates in several sheets and files -------------------------------------------


def csv(path, *lines):
    rows = [",".join(SHORT.get(cell, cell) or "" for cell in line.split("|")) for line in lines]
    path.write_text("\n".join(rows), encoding="utf-8")


def test_unit_in_two_files_is_one_when_they_agree_and_unknown_when_not(tmp_path):
    csv(tmp_path / "a.csv", PLAIN, ONE, TWO)
    csv(
        tmp_path / "b.csv",
        "户数|社区名称|统计时点|社区代码",
        "5|甲社区|2021/12/31|A",
        "7|乙社区|D|B",
    )
    ledger = read_ledger(tmp_path)
    assert ledger.communities["code"].tolist() == [A, B]
    assert ledger.communities["households"].tolist() == [5, pd.NA]
    assert ledger.communities["name"].tolist() == ["甲社区", "乙社区"]
    assert [(one.severity, one.file, one.cell, one.code) for one in ledger.findings] == [
        ("warning", "b.csv", "D2", A),
        ("error", "b.csv", "D3", B),
    ]
    assert "a.csv 社区!A2" in ledger.findings[0].message
    assert "a.csv 社区!A3" in ledger.findings[1].message


def test_three_files_of_one_unit(tmp_path):
    for name, households in (("a", 5), ("b", 5), ("c", 6)):
        csv(tmp_path / f"{name}.csv", PLAIN, f"A|甲社区|D|{households}")
    ledger = read_ledger(tmp_path)
    assert ledger.communities["households"].isna().tolist() == [True]
    assert [(one.severity, one.file) for one in ledger.findings] == [
        ("error", "b.csv"),
        ("error", "c.csv"),
    ]


def test_files_with_other_columns_stand_side_by_side(tmp_path):
    csv(tmp_path / "a.csv", f"{PLAIN}|开展三社联动", f"{ONE}|不适用")
    csv(tmp_path / "b.csv", "社区代码|统计时点|常住人口", "B|D|9")
    table = read_ledger(tmp_path).communities
    assert table["households"].tolist() == [5, pd.NA]
    assert table["population"].tolist() == [pd.NA, 9]
    assert table["linkage.not_applicable"].tolist() == [True, False]


def test_file_called_in_bytes_that_are_no_text_is_read_or_refused_by_name(tmp_path):
    path = tmp_path / "x.csv"
    csv(path, PLAIN, "A|甲社区|D|约5")
    odd = path.with_name("\udcff.csv")
    try:
        path.rename(odd)
    except OSError:
        pytest.skip("such names cannot be here")
    with suppress(SanlianError):
        assert read_ledger(odd).communities["code"].tolist() == [A]


# --- whatever stands in it ------------------------------------------------------------

CELLS = st.sampled_from(
    [
        *(
            None,
            None,
            A,
            B,
            "1.40802E+11",
            "甲社区",
            "合计",
            "小计：",
            "注：无",
            "填表人",
            "社区代码",
            "户",
        ),
        *(
            "2021-12-31",
            "2021年",
            dt.date(2021, 12, 31),
            44561.0,
            5.0,
            2.5,
            -1.0,
            True,
            "约5",
            "1,234",
        ),
        *(
            "不适用",
            "未知",
            " ",
            "　",
            "70%",
            "甲",
            "1",
            2.0,
            "\u202e",
            "5万元",
            140802001001.0,
            1e300,
        ),
    ]
)
HEADERS = [
    ["社区代码", "社区名称", "统计时点", "户数", "基础工资占比"],
    ["统计时点", "政府购买服务投入（元）", "社区代码", "居村委会成员数", "持证成员数"],
    ["序号", "社区代码", "统计时点", "开展三社联动", "城乡类型"],
]


@settings(max_examples=400)
@given(
    st.sampled_from(HEADERS),
    st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=8),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)),
             max_size=2),
    st.booleans(),
)  # fmt: skip
def test_every_row_becomes_a_unit_or_a_finding(header, rows, areas, epoch_1904):
    columns = [Column.of(column) for column in zip(header, *rows, strict=True)]
    merged = [((top, left), (top + tall, left + wide)) for top, left, tall, wide in areas
              if top <= len(rows)]  # fmt: skip
    sheet = Sheet("a.xlsx", "社区", columns, merged=merged, epoch_1904=epoch_1904)
    layout = find_layout(sheet)
    if layout is None or not {"code", "date"} <= {*layout.columns}:
        return
    part = read_table(sheet, layout)
    assert part.table["code"].str.fullmatch(r"\d{12}").all()
    assert part.table["date"].notna().all()
    told = {int(re.sub(r"\D", "", one.cell)) for one in part.findings} | {*part.table["row"]}
    there = {number + 1 for number in range(layout.header + 1, sheet.size)
             if any(_filled(cell) for cell in sheet.row(number))}  # fmt: skip
    assert there <= told
    for one in part.findings:
        assert one.cell in {
            address(row, column) for row in range(sheet.size) for column in range(5)
        }
        assert one.variable == "" or part.letters.get(one.variable, "") in ("", one.cell[0])
    assert part.letters == {id_: letters_of(p.position) for id_, p in layout.columns.items()}


def _filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""
