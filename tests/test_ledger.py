"""Reading a ledger: columns, rows, findings by cell, duplicates, strays, snapshots."""

import datetime as dt
from itertools import permutations

import openpyxl
import pandas as pd
import pytest

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.frame import read_frame
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.snapshot import area_names, take_snapshot

ONE, TWO, THREE = "140802001001", "140802001002", "140802001003"
END_2019, END_2020 = dt.date(2019, 12, 31), dt.date(2020, 12, 31)
FINDING = ("severity", "cell", "code", "variable")


def cells(header: str, *rows: str) -> list[list[object]]:
    """Rows of a sheet; `_` is a blank cell, and 2020 the date 2020-12-31."""
    short = {"_": None, "2019": "2019-12-31", "2020": "2020-12-31", "A": ONE, "B": TWO, "C": THREE}
    return [header.split(), *([short.get(cell, cell) for cell in row.split()] for row in rows)]


def found(ledger, *fields: str) -> list[tuple[str, ...]]:
    return [tuple(getattr(finding, field) for field in fields) for finding in ledger.findings]


@pytest.fixture
def ledger_of(workbook):
    """Read a ledger whose 社区 sheet has these rows, and maybe other sheets."""

    def read(header: str, *rows: str, frame=None, **sheets: list[list[object]]):
        return read_ledger(workbook({"社区": cells(header, *rows), **sheets}), frame)

    return read


@pytest.fixture
def frame(tmp_path):
    """Two villages and a community of one street."""
    path = tmp_path / "frame.csv"
    lines = [f"{ONE},甲社区", f"{TWO},乙村", f"{THREE},丙村"]
    path.write_text("\n".join(["code,name", *lines]), encoding="utf-8")
    return read_frame(path)


# --- columns --------------------------------------------------------------------------


def test_headers_are_chinese_names_or_ids_in_any_order(ledger_of):
    chinese = ledger_of("社区代码 统计时点 社区社会组织数 开展三社联动", "A 2020 12 是")
    english = ledger_of("linkage date orgs code", "yes 2020 12 A")
    mixed = ledger_of("开展三社联动 CODE ORGS 统计时点", "√ A １２ 2020")
    expected = chinese.communities
    assert expected.loc[0, ["code", "orgs", "linkage"]].tolist() == [ONE, 12, True]
    for other in (english, mixed):
        pd.testing.assert_frame_equal(other.communities[expected.columns], expected)
        assert other.findings == ()


@pytest.mark.parametrize(
    "header", ["社区社会组织数", " 社区社会 组织数", "社区\n社会组织数", "Orgs "]
)
def test_spaces_and_line_breaks_in_a_header_are_nothing(workbook, header):
    ledger = read_ledger(workbook({"社区": [["code", "date", header], [ONE, "2020-12-31", 3]]}))
    assert ledger.communities["orgs"].tolist() == [3]


def test_every_variable_is_known_by_both_its_names(workbook):
    for name in ("header", "id"):
        rows = {
            sheet: [[getattr(v, name) for v in schema.sheet(sheet).values()]]
            for sheet in schema.KEYS
        }
        rows["社区"].append([ONE, "甲", ONE[:9], "乙", ONE[:6], "丙", "urban", "2020-12-31"])
        ledger = read_ledger(workbook(rows))
        assert ledger.findings == ()
        for sheet in schema.KEYS:
            assert set(schema.sheet(sheet)) == set(ledger.table(sheet).columns)


def test_column_that_is_absent_is_unknown_for_every_unit(ledger_of):
    ledger = ledger_of("code date", "A 2020")
    assert list(ledger.communities.columns) == ["code", "date"]
    assert ledger.findings == ()


def test_unknown_column_is_noted_and_left_out(ledger_of):
    ledger = ledger_of("code date 备注 orgs", "A 2020 好 3")
    assert found(ledger, *FINDING, "found") == [("note", "C1", "", "", "备注")]
    assert "'备注' 不是台账的列，未参与计算" in ledger.findings[0].message
    assert list(ledger.communities.columns) == ["code", "date", "orgs"]


def test_two_columns_of_one_variable_are_both_left_out(ledger_of):
    ledger = ledger_of("code date orgs 社区社会组织数", "A 2020 3 4")
    assert found(ledger, *FINDING) == [("error", "D1", "", "orgs")]
    assert "请删去一列" in ledger.findings[0].message
    assert "orgs" not in ledger.communities


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("社区代码 户数", "统计时点"),
        ("统计时点 户数", "社区代码"),
        ("code date 社区代码", "社区代码"),
        ("code date 统计时点", "统计时点"),
    ],
)
def test_code_and_date_must_be_there_once(ledger_of, header, missing):
    with pytest.raises(SanlianError, match=f"台账.xlsx 社区：缺少列“{missing}”"):
        ledger_of(header, "A 2020 1")


# --- sheets ---------------------------------------------------------------------------


def test_community_sheet_is_required_and_the_others_are_not(workbook):
    path = workbook({"Sheet1": cells("code date", "A 2020"), "街道": []})
    with pytest.raises(SanlianError) as error:
        read_ledger(path)
    for fragment in ("台账.xlsx", "缺少工作表“社区”", "现有：Sheet1、街道", "改名"):
        assert fragment in str(error.value)


@pytest.mark.parametrize("rows", [[], [[None, None]]])
def test_empty_sheet_is_refused(workbook, rows):
    with pytest.raises(SanlianError, match=r"台账\.xlsx 社区"):
        read_ledger(workbook({"社区": rows}))


@pytest.mark.parametrize("rows", [(), ("_ 2020",), ("A _",), ("123 2020", "A 2021-02-30")])
def test_ledger_without_one_usable_row_is_refused(ledger_of, rows):
    with pytest.raises(SanlianError, match="没有一行可用的数据；每行应有 12 位社区代码和统计时点"):
        ledger_of("code date", *rows)


def test_empty_optional_sheet_is_no_sheet(ledger_of):
    ledger = ledger_of("code date", "A 2020", 街道=[], 区县=[[None], ["  "]])
    assert ledger.streets.empty
    assert ledger.counties.empty


def test_other_sheets_are_read_by_their_own_key(ledger_of):
    ledger = ledger_of(
        "code date",
        "A 2020",
        街道=cells("street_code date incubator", "140802001 2020 是"),
        区县=cells("区县代码 统计时点 品牌社会组织数", "140802 2020 7"),
        评分=cells("code date score_1", "A 2020 4.5"),
        说明=cells("anything at all", "and more of it"),
    )
    assert ledger.streets.loc[0, ["street_code", "incubator"]].tolist() == ["140802001", True]
    assert ledger.counties.loc[0, ["county_code", "brand_orgs"]].tolist() == ["140802", 7]
    assert ledger.scores.loc[0, ["code", "score_1"]].tolist() == [ONE, 4.5]
    assert ledger.findings == ()


def test_missing_sheets_are_empty_tables_with_their_key(ledger_of):
    ledger = ledger_of("code date", "A 2020")
    assert [list(table) for table in (ledger.streets, ledger.counties, ledger.scores)] == [
        ["street_code", "date"],
        ["county_code", "date"],
        ["code", "date"],
    ]


def test_table_may_begin_anywhere_and_empty_rows_are_nothing(workbook):
    rows = [[], [], [None, None, "code", "date", "orgs"], [], [None, None, ONE, "2020-12-31", "多"]]
    ledger = read_ledger(workbook({"社区": rows}))
    assert found(ledger, *FINDING) == [("error", "E5", ONE, "orgs")]
    assert ledger.communities["code"].tolist() == [ONE]


# --- cells ----------------------------------------------------------------------------


def test_blank_zero_none_and_not_applicable_are_four_things(ledger_of):
    ledger = ledger_of(
        "code date orgs linkage",
        "A 2020 _ _",
        "B 2020 0 否",
        "C 2020 无 无",
        "140802001004 2020 不适用 /",
    )
    table = ledger.communities
    assert table["orgs"].tolist() == [pd.NA, 0, 0, pd.NA]
    assert table["linkage"].tolist() == [pd.NA, False, False, pd.NA]
    assert table["orgs.not_applicable"].tolist() == [False, False, False, True]
    assert table["linkage.not_applicable"].tolist() == [False, False, False, True]
    assert ledger.findings == ()


def test_marks_exist_only_where_something_is_not_applicable(ledger_of):
    ledger = ledger_of("code name date orgs", "A 不适用 2020 1")
    assert list(ledger.communities) == ["code", "name", "date", "orgs"]
    assert ledger.communities["name"].isna().all()


@pytest.mark.parametrize(
    ("header", "row", "cell", "variable", "found_", "fragment"),
    [
        (
            "code date households",
            "A 2020 约200",
            "C2",
            "households",
            "约200",
            "“户数”：应为不小于 0",
        ),
        ("households code date", "2.5 A 2020", "A2", "households", "2.5", "的整数，实为 '2.5'"),
        (
            "code date open_hours",
            "A 2020 25",
            "C2",
            "open_hours",
            "25",
            "“每日开放时间”：应为 0 到 24",
        ),
        ("code date base_pay_share", "A 2020 70", "C2", "base_pay_share", "70", "“基础工资占比”"),
        ("code date linkage", "A 2020 部分", "C2", "linkage", "部分", "应为 是 或 否，实为 '部分'"),
        ("code date settlement", "A 2020 城镇", "C2", "settlement", "城镇", "城市社区、农村社区"),
        ("code date street_code", "A 2020 1408", "C2", "street_code", "1408", "应为 9 位数字"),
    ],
)
def test_cell_that_cannot_be_understood_is_an_error_and_unknown(
    ledger_of, header, row, cell, variable, found_, fragment
):
    ledger = ledger_of(header, row)
    assert found(ledger, "file", "sheet", *FINDING, "found") == [
        ("台账.xlsx", "社区", "error", cell, ONE, variable, found_)
    ]
    assert fragment in ledger.findings[0].message
    assert ledger.communities[variable].isna().all()


def test_finding_reads_as_one_line_with_file_sheet_and_cell(ledger_of):
    (finding,) = ledger_of("code date households", "A 2020 约200").findings
    assert str(finding) == "台账.xlsx 社区!C2 “户数”：应为不小于 0 的整数，实为 '约200'"
    with using("en"):
        (finding,) = ledger_of("code date households", "A 2020 约200").findings
    assert finding.message == "'households': expected a whole number, at least 0, found '约200'"


def test_findings_are_addressed_in_wide_sheets_and_other_sheets(workbook):
    columns = [variable.id for variable in schema.sheet("社区").values()]
    row = [ONE, None, None, None, None, None, None, "2020-12-31"]
    row += [None] * (len(columns) - len(row) - 1) + ["maybe"]
    streets = cells("street_code date incubator", "140802001 2020 maybe")
    ledger = read_ledger(workbook({"社区": [columns, row], "街道": streets}))
    assert len(columns) == 45
    assert found(ledger, "sheet", "cell", "variable", "code") == [
        ("社区", "AS2", "new_community", ONE),
        ("街道", "C2", "incubator", "140802001"),
    ]


def test_codes_stay_text_however_they_were_entered(workbook):
    rows = [["code", "date", "orgs"], [int(ONE), END_2020, 1], [float(TWO), END_2020, "x"]]
    ledger = read_ledger(workbook({"社区": rows}))
    assert ledger.communities["code"].tolist() == [ONE, TWO]
    assert pd.api.types.is_string_dtype(ledger.communities["code"].dtype)
    assert found(ledger, *FINDING) == [("error", "C3", TWO, "orgs")]


@pytest.mark.parametrize(
    ("row", "cell", "variable", "found_"),
    [
        ("_ 2020 5", "A3", "code", ""),
        ("1.40802E+11 2020 5", "A3", "code", "1.40802E+11"),
        ("不适用 2020 5", "A3", "code", "不适用"),
        ("B _ 5", "B3", "date", ""),
        ("B 2021-02-30 5", "B3", "date", "2021-02-30"),
    ],
)
def test_row_that_cannot_be_placed_is_an_error_and_left_out(ledger_of, row, cell, variable, found_):
    ledger = ledger_of("code date orgs", "A 2020 5", row)
    assert found(ledger, "severity", "cell", "variable", "found") == [
        ("error", cell, variable, found_)
    ]
    assert ledger.communities["code"].tolist() == [ONE]


# --- parts and wholes -----------------------------------------------------------------


def test_part_above_its_whole_is_unknown_and_the_whole_stands(ledger_of):
    ledger = ledger_of(
        "code members certified_members date", "A 5 6 2020", "B 5 5 2020", "C _ 6 2020"
    )
    assert ledger.communities["certified_members"].tolist() == [pd.NA, 5, 6]
    assert ledger.communities["members"].tolist() == [5, 5, pd.NA]
    assert found(ledger, *FINDING, "found") == [("error", "C2", ONE, "certified_members", "6")]
    message = ledger.findings[0].message
    assert all(part in message for part in ("“持证成员数”6 大于“居村委会成员数”5", "未知", "核对"))


@pytest.mark.parametrize(
    ("part", "whole", "sheet", "key", "code"),
    [
        (variable.id, variable.at_most, sheet, schema.KEYS[sheet], code)
        for sheet, code in (("社区", ONE), ("区县", "140802"))
        for variable in schema.sheet(sheet).values()
        if variable.at_most
    ],
)
def test_every_part_is_held_against_its_whole(workbook, part, whole, sheet, key, code):
    sheets = {"社区": cells("code date", "A 2020")}
    sheets[sheet] = cells(f"{key} date {whole} {part}", f"{code} 2020 5 6")
    ledger = read_ledger(workbook(sheets))
    assert found(ledger, "sheet", *FINDING) == [(sheet, "error", "D2", code, part)]
    assert ledger.table(sheet)[[whole, part]].iloc[0].tolist() == [5, pd.NA]


# --- duplicates -----------------------------------------------------------------------


def test_identical_rows_count_once_and_are_a_warning(ledger_of):
    ledger = ledger_of("code date orgs", "A 2020 5", "B 2020 1", "A 2020-12-31 5.0", "A 2020 5")
    assert ledger.communities["code"].tolist() == [ONE, TWO]
    assert ledger.communities["orgs"].tolist() == [5, 1]
    assert found(ledger, *FINDING) == [("warning", f"A{row}", ONE, "code") for row in (4, 5)]
    assert "与 A2 重复，只计一次" in ledger.findings[0].message


def test_conflicting_rows_leave_figures_unknown_but_what_agrees_stands(ledger_of):
    ledger = ledger_of(
        "code date name settlement street orgs staff linkage",
        "A 2020 甲 城市社区 东街 5 6 是",
        "A 2020 甲 _ 西街 4 6 不适用",
    )
    (row,) = ledger.communities.to_dict("records")
    assert (row["code"], row["name"], row["settlement"]) == (ONE, "甲", "urban")
    for unknown in ("street", "orgs", "staff", "linkage"):
        assert row[unknown] is pd.NA or pd.isna(row[unknown]), unknown
    assert not row["linkage.not_applicable"]
    assert found(ledger, *FINDING) == [("error", "A3", ONE, "code")]
    assert "与 A2 是同一单位、同一时点，内容却不同" in ledger.findings[0].message


def test_settlement_that_two_rows_contradict_is_unknown(ledger_of):
    ledger = ledger_of("code date settlement", "A 2020 城市社区", "A 2020 农村社区")
    assert ledger.communities["settlement"].isna().tolist() == [True]


@pytest.mark.parametrize("orgs", ["556", "565", "655"])
def test_one_that_differs_among_identical_rows_is_a_conflict(ledger_of, orgs):
    ledger = ledger_of("code date orgs", *(f"A 2020 {number}" for number in orgs))
    assert ledger.communities["orgs"].isna().tolist() == [True]
    assert {finding.severity for finding in ledger.findings} == {"error"}


def test_rows_of_other_dates_and_units_are_no_duplicates(ledger_of):
    ledger = ledger_of("code date orgs", "A 2019 5", "A 2020 5", "B 2020 5")
    assert len(ledger.communities) == 3
    assert ledger.findings == ()


def test_duplicates_in_the_other_sheets_too(ledger_of):
    counties = cells("county_code date meetings", "140802 2020 4", "140802 2020 5")
    ledger = ledger_of("code date", "A 2020", 区县=counties)
    assert ledger.counties["meetings"].isna().tolist() == [True]
    assert found(ledger, "sheet", *FINDING) == [("区县", "error", "A3", "140802", "county_code")]


def test_order_of_the_rows_changes_nothing(ledger_of):
    rows = [
        "A 2020 5 甲",
        "B 2020 _ 乙",
        "B 2020 _ 乙",
        "C 2020 3 丙",
        "C 2020 4 丙",
        "A 2019 1 甲",
    ]
    keys = ["code", "date"]
    expected = ledger_of("code date orgs name", *rows).communities.sort_values(keys)
    for order in list(permutations(rows))[::60]:
        ledger = ledger_of("code date orgs name", *order)
        table = ledger.communities.sort_values(keys)
        pd.testing.assert_frame_equal(table.reset_index(drop=True), expected.reset_index(drop=True))
        assert sorted(found(ledger, "severity", "code")) == [("error", THREE), ("warning", TWO)]


# --- the frame ------------------------------------------------------------------------


def test_row_outside_the_frame_is_a_warning_and_enters_nothing(ledger_of, frame):
    ledger = ledger_of(
        "orgs code date",
        "5 A 2020",
        "6 140899001001 2020",
        frame=frame,
        街道=cells("street_code date incubator", "140802001 2020 是", "140899001 2020 是"),
        区县=cells("county_code date meetings", "140899 2020 4"),
        评分=cells("code date score_1", "140899001001 2020 1"),
    )
    assert ledger.communities["code"].tolist() == [ONE]
    assert ledger.streets["street_code"].tolist() == ["140802001"]
    assert ledger.counties.empty
    assert ledger.scores.empty
    assert found(ledger, "sheet", *FINDING) == [
        ("社区", "warning", "B3", "140899001001", "code"),
        ("街道", "warning", "A3", "140899001", "street_code"),
        ("区县", "warning", "A2", "140899", "county_code"),
        ("评分", "warning", "A2", "140899001001", "code"),
    ]
    assert "140899001001 不在名录中，不计入任何数字" in ledger.findings[0].message


def test_name_that_does_not_match_the_frame_is_a_warning(ledger_of, frame):
    ledger = ledger_of("code date name", "A 2020 甲社区", "B 2020 丁村", "C 2020 _", frame=frame)
    assert found(ledger, "severity", "code", "variable", "found") == [
        ("warning", TWO, "name", "丁村")
    ]
    assert "乙村" in ledger.findings[0].message


def test_names_that_differ_in_width_and_spaces_alone_match(ledger_of, tmp_path):
    path = tmp_path / "frame.csv"
    path.write_text(f"code,name\n{ONE},洛阳社区（含 洛阳村）\n{TWO},乙村(东)", encoding="utf-8")
    names = ("洛阳社区（含洛阳村）", "乙村（东）")
    ledger = ledger_of("code date name", f"A 2020 {names[0]}", f"B 2020 {names[1]}", frame=path)
    assert ledger.findings == ()


def test_snapshot_of_strays_alone_is_a_snapshot(ledger_of, frame):
    ledger = ledger_of("code date", "A 2019", "140899001001 2020", frame=frame)
    assert ledger.dates == [END_2019, END_2020]
    assert not take_snapshot(ledger, END_2020).communities["reported"].any()


def test_frame_may_be_a_path(workbook, tmp_path, frame):
    path = workbook({"社区": cells("code date", "A 2020")})
    by_path = read_ledger(str(path), str(tmp_path / "frame.csv"))
    pd.testing.assert_frame_equal(by_path.frame, frame)


# --- files ----------------------------------------------------------------------------


def everything(date: object = "2020-12-31") -> pd.DataFrame:
    """A small table with one column of every type, blanks in each."""
    return pd.DataFrame(
        {
            "社区代码": [ONE, TWO, THREE],
            "社区名称": ["甲", None, "丙，丁"],
            "统计时点": [date] * 3,
            "城乡类型": ["城市社区", None, "农村社区"],
            "户数": pd.array([0, None, 1200], dtype="Int64"),
            "政府购买服务投入": pd.array([2.5, None, 0.7], dtype="Float64"),
            "基础工资占比": pd.array([0.7, None, 1.0], dtype="Float64"),
            "开展三社联动": ["是", None, "不适用"],
        }
    )


def test_workbook_csv_and_parquet_of_one_ledger_read_the_same(tmp_path):
    table = everything()
    table.to_excel(tmp_path / "a.xlsx", sheet_name="社区", index=False, engine="openpyxl")
    table.to_csv(tmp_path / "b.csv", index=False, encoding="utf-8")
    table.to_csv(tmp_path / "c.csv", index=False, encoding="utf-8-sig")
    table.to_csv(tmp_path / "d.csv", index=False, encoding="gb18030")
    table.to_parquet(tmp_path / "e.parquet")
    everything(END_2020).to_parquet(tmp_path / "f.parquet")
    everything(pd.Timestamp(END_2020)).to_parquet(tmp_path / "g.parquet")
    everything(END_2020).to_excel(
        tmp_path / "h.xlsx", sheet_name="社区", index=False, engine="xlsxwriter"
    )
    ledgers = [read_ledger(path) for path in sorted(tmp_path.iterdir())]
    assert len(ledgers) == 8
    for ledger in ledgers:
        pd.testing.assert_frame_equal(ledger.communities, ledgers[0].communities)
        assert ledger.findings == ()
        assert ledger.dates == [END_2020]
    assert ledgers[0].communities.dtypes.astype(str).to_dict() == {
        "code": "str",
        "name": "str",
        "date": "datetime64[s]",
        "settlement": "str",
        "households": "Int64",
        "purchase": "Float64",
        "base_pay_share": "Float64",
        "linkage": "boolean",
        "linkage.not_applicable": "bool",
    }


def test_workbook_of_another_program_reads_the_same(workbook, tmp_path):
    rows = cells("code date orgs", "A 2020 5")
    book = openpyxl.Workbook()
    book.active.title = "社区"
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "openpyxl.xlsx")
    one, other = read_ledger(tmp_path / "openpyxl.xlsx"), read_ledger(workbook({"社区": rows}))
    pd.testing.assert_frame_equal(one.communities, other.communities)


def test_findings_of_a_csv_are_addressed_as_a_spreadsheet_would(tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text(f"code,date,name,orgs\n{ONE},2020-12-31,甲,约5\n", encoding="gb18030")
    (finding,) = read_ledger(path).findings
    assert (finding.file, finding.sheet, finding.cell) == ("台账.csv", "社区", "D2")


def test_folder_is_one_ledger_in_several_files(workbook, tmp_path):
    workbook({"社区": cells("code date orgs", "A 2020 不适用"), "街道": []}, "a.xlsx")
    workbook({"区县": cells("county_code date meetings", "140802 2020 4")}, "b.xlsx")
    csv = f"code,date,orgs,linkage\n{ONE},2020-12-31,5,是\n{TWO},2020-12-31,x,否\n"
    (tmp_path / "c.csv").write_text(csv, encoding="utf-8")
    ledger = read_ledger(tmp_path)
    table = ledger.communities.set_index("code")
    assert table.index.tolist() == [ONE, TWO]
    assert table.loc[TWO, ["linkage", "orgs.not_applicable"]].tolist() == [False, False]
    assert table.loc[ONE, ["orgs", "linkage"]].isna().all()
    assert ledger.counties["meetings"].tolist() == [4]
    assert found(ledger, "file", *FINDING) == [
        ("c.csv", "error", "C3", TWO, "orgs"),
        ("c.csv", "error", "A2", ONE, "code"),
    ]
    assert "与 a.xlsx 社区!A2 是同一单位" in ledger.findings[1].message


def test_file_in_a_folder_may_have_a_header_alone(tmp_path):
    (tmp_path / "a.csv").write_text("code,date,orgs\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"code,date,linkage\n{ONE},2020-12-31,是\n", encoding="utf-8")
    table = read_ledger(tmp_path).communities
    assert table["linkage"].tolist() == [True]
    assert table["orgs"].isna().tolist() == [True]


def test_same_content_has_the_same_digest_and_other_content_another(tmp_path):
    for name, orgs in (("a", 5), ("b", 5), ("c", 6)):
        text = f"code,date,orgs\n{ONE},2020-12-31,{orgs}\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    a, b, c = (read_ledger(tmp_path / f"{name}.csv").sha256 for name in "abc")
    assert a == b != c
    assert len(a) == 64


@pytest.mark.parametrize(
    ("sheets", "simulated"),
    [
        ({}, False),
        ({"说明": [["这是模拟数据 / Simulated data"]]}, True),
        ({"说明": [["填表说明"]]}, False),
        ({"备注": [["模拟数据"]]}, False),
    ],
)
def test_simulated_data_say_so_in_the_sheet_of_explanations(ledger_of, sheets, simulated):
    assert ledger_of("code date", "A 2020", **sheets).simulated is simulated


# --- snapshots ------------------------------------------------------------------------


def test_dates_of_the_community_sheet_are_the_snapshots(ledger_of):
    streets = cells("street_code date incubator", "140802001 2018-12-31 是")
    ledger = ledger_of("code date", "A 2020", "A 2019", "B 2020", 街道=streets)
    assert ledger.dates == [END_2019, END_2020]


def test_unit_of_the_frame_without_a_row_is_unknown(ledger_of, frame):
    ledger = ledger_of("code date orgs linkage", "A 2020 5 不适用", "B 2019 3 是", frame=frame)
    units = take_snapshot(ledger, END_2020).communities.set_index("code")
    assert units.index.tolist() == [ONE, TWO, THREE]
    assert units["reported"].tolist() == [True, False, False]
    assert units["orgs"].tolist() == [5, pd.NA, pd.NA]
    assert units["linkage.not_applicable"].tolist() == [True, False, False]


def test_without_a_frame_the_units_are_those_with_a_row_at_the_date(ledger_of):
    ledger = ledger_of("code date", "A 2019", "B 2020", "C 2020")
    assert take_snapshot(ledger, END_2019).communities["code"].tolist() == [ONE]
    assert take_snapshot(ledger, END_2020).communities["code"].tolist() == [TWO, THREE]


def test_settlement_is_that_of_the_ledger_else_that_of_the_name(ledger_of, frame):
    header = "code date settlement"
    ledger = ledger_of(header, "A 2020 农村社区", "B 2020 _", frame=frame)
    units = take_snapshot(ledger, END_2020).communities
    assert units["settlement"].tolist() == ["rural", "rural", "rural"]
    alone = ledger_of(
        "code date name settlement", "A 2020 甲社区 _", "B 2020 乙村 其他", "C 2020 丙 _"
    )
    units = take_snapshot(alone, END_2020).communities
    assert units["settlement"].tolist() == ["urban", "other", "other"]


def test_streets_and_counties_are_the_distinct_codes_of_the_frame(ledger_of, frame):
    ledger = ledger_of(
        "code date settlement",
        "A 2020 其他",
        frame=frame,
        街道=cells("street_code date incubator", "140802001 2020 是"),
        区县=cells("county_code date meetings", "140802 2019 4"),
    )
    snapshot = take_snapshot(ledger, END_2020)
    assert snapshot.streets[["street_code", "incubator"]].to_numpy().tolist() == [
        ["140802001", True]
    ]
    assert snapshot.counties["county_code"].tolist() == ["140802"]
    assert snapshot.counties["meetings"].isna().all()
    assert snapshot.streets["has_settlement"].tolist() == [True]


def test_street_of_neither_villages_nor_communities_has_no_settlement(ledger_of):
    ledger = ledger_of("code date settlement", "A 2020 其他", "140802002001 2020 农村社区")
    streets = take_snapshot(ledger, END_2020).streets
    assert streets["has_settlement"].tolist() == [False, True]


def test_scores_join_the_communities(ledger_of, frame):
    scores = cells("code date score_1 score_2", "A 2020 5 不适用", "B 2019 5 5")
    ledger = ledger_of("code date", "A 2020", frame=frame, 评分=scores)
    units = take_snapshot(ledger, END_2020).communities
    assert units["score_1"].tolist() == [5, pd.NA, pd.NA]
    assert units["score_2.not_applicable"].tolist() == [True, False, False]


def test_names_of_areas_come_from_the_frame_else_from_the_ledger(ledger_of, tmp_path):
    path = tmp_path / "frame.csv"
    path.write_text(f"code,name,county\n{ONE},甲,盐湖区\n", encoding="utf-8")
    ledger = ledger_of("code date street county", "A 2020 中城街道 盐湖", frame=path)
    names = area_names(ledger)
    assert (names["140802"], names["140802001"]) == ("盐湖区", "中城街道")
    assert (names["1408"], names["14"]) == ("运城市", "山西省")
