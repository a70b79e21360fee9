"""The marked copy of a ledger: what stays, what is marked, what is listed, what is refused."""

import datetime as dt
import os
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.table import Table
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.findings import Finding
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.marked_copy import AUTHOR, check_marked_copy, write_marked_copy
from sanlian_analysis.schema import FINDINGS_SHEET

SIGN = "—— sanlian check ——\n"
RED, YELLOW, BLUE = "FFF1A38D", "FFF8E08A", "FFC3E1F3"
SHEET = "xl/worksheets/sheet1.xml"
PACKAGE = "sanlian_analysis.marked_copy"


def finding(cell="E3", severity="error", sheet="社区", **changes) -> Finding:
    fields = {
        "file": "台账.xlsx",
        "code": "140802001001",
        "variable": "households",
        "found": "约200",
        "message": f"{cell} 有误",
        "name": "甲社区",
        "expected": "应为整数",
    }
    return Finding(sheet=sheet, cell=cell, severity=severity, **fields | changes)


def fill(cell) -> str:
    return cell.fill.fgColor.rgb if cell.fill.fill_type else ""


def marks(sheet) -> dict[str, str]:
    """Cells with a fill of ours, and its colour."""
    cells = (cell for row in sheet.iter_rows() for cell in row)
    return {cell.coordinate: fill(cell) for cell in cells if fill(cell) in (RED, YELLOW, BLUE)}


def listed(book) -> list[tuple]:
    """The rows of the list of findings, without its head."""
    rows = list(book[FINDINGS_SHEET].iter_rows(values_only=True))
    return rows[next(i for i, row in enumerate(rows) if row[1] == "工作表") + 1 :]


def remarks(book) -> list[str]:
    rows = list(book[FINDINGS_SHEET].iter_rows(min_row=4, values_only=True))
    return [row[0] for row in rows[: next(i for i, row in enumerate(rows) if row[1] == "工作表")]]


def links(book) -> list[str]:
    """Where the linked cells of the list lead."""
    cells = (cell for row in book[FINDINGS_SHEET].iter_rows() for cell in row)
    return [cell.hyperlink.location for cell in cells if cell.hyperlink]


def parts(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_up(path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def copied(tmp_path):
    """Mark a ledger and open the copy."""

    def copy(source, findings, **options):
        out = tmp_path / "副本.xlsx"
        write_marked_copy(source, findings, out)
        return openpyxl.load_workbook(out, **options)

    return copy


@pytest.fixture
def drawn(tmp_path):
    """Draw a workbook with one sheet, 社区, by a function."""

    def draw(function, name="台账.xlsx") -> Path:
        with Workbook(tmp_path / name) as book:
            function(book, book.add_worksheet("社区"))
        return tmp_path / name

    return draw


@pytest.fixture
def plain(workbook):
    """A workbook of two sheets with little in them."""
    return workbook({"社区": [["社区代码", "户数"], ["140802001001", "约200"]], "说明": [["读我"]]})


# --- what stays -----------------------------------------------------------------------


def test_original_stays_byte_for_byte(plain, tmp_path):
    before = plain.read_bytes()
    write_marked_copy(plain, [finding("B2")], tmp_path / "副本.xlsx")
    assert plain.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["副本.xlsx", "台账.xlsx"]


def test_formats_widths_merges_panes_and_validations_stay(drawn, copied):
    def draw(book, sheet):
        sheet.merge_range("A1:C1", "某县台账", book.add_format({"bold": True, "font_size": 16}))
        sheet.write("A2", 0.125, book.add_format({"num_format": "0.0%", "font_color": "#C00000"}))
        sheet.write("B2", 1, book.add_format({"bg_color": "#00B050", "border": 2}))
        sheet.write_rich_string("A3", "很", book.add_format({"bold": True}), "重要")
        sheet.write_url("B3", "https://example.org/", string="链接")
        sheet.write_datetime(
            "C3", dt.datetime(2020, 12, 31), book.add_format({"num_format": "d/m/yy"})
        )
        sheet.set_column("B:D", 23)
        sheet.set_column("F:F", 8, None, {"hidden": True})
        sheet.set_row(4, 33)
        sheet.freeze_panes(2, 1)
        sheet.data_validation("C3:C9", {"validate": "list", "source": ["是", "否"]})
        sheet.conditional_format("A2:A9", {"type": "cell", "criteria": ">", "value": 5})
        sheet.set_landscape()
        sheet.protect()
        book.define_name("合计", "=社区!$A$2")

    book = copied(drawn(draw), [finding("D9")], rich_text=True)
    sheet = book["社区"]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:C1"]
    assert (sheet["A1"].font.bold, sheet["A1"].font.size) == (True, 16)
    assert (sheet["A2"].number_format, sheet["A2"].font.color.rgb) == ("0.0%", "FFC00000")
    assert (fill(sheet["B2"]), sheet["B2"].border.left.style) == ("FF00B050", "medium")
    assert str(sheet["A3"].value) == "很重要"
    assert [type(piece).__name__ for piece in sheet["A3"].value] == ["str", "TextBlock"]
    assert sheet["B3"].hyperlink.target == "https://example.org/"
    assert (sheet["C3"].value, sheet["C3"].number_format) == (dt.datetime(2020, 12, 31), "d/m/yy")
    widths = sheet.column_dimensions
    assert (round(widths["B"].width), widths["B"].max, widths["F"].hidden) == (24, 4, True)
    assert sheet.row_dimensions[5].height == 33
    assert sheet.freeze_panes == "B3"
    assert [str(rule.sqref) for rule in sheet.data_validations.dataValidation] == ["C3:C9"]
    assert [str(area.sqref) for area in sheet.conditional_formatting] == ["A2:A9"]
    assert (sheet.page_setup.orientation, sheet.protection.sheet) == ("landscape", True)
    assert book.defined_names["合计"].value == "社区!$A$2"


def test_formulas_stay_with_the_results_that_they_had(drawn, copied, tmp_path):
    def draw(book, sheet):
        sheet.write("A1", 3)
        sheet.write_formula("B1", "=A1*2", None, 6)
        sheet.write_formula("C1", '="<"&A1', None, "<3 & 更多")
        sheet.write_formula("D1", "=A1>2", None, True)
        sheet.write_formula("E1", "=A1/0", book.add_format({"bold": True}), "#DIV/0!")
        sheet.write_array_formula("F1:F1", "{=SUM(A1:B1)}", None, 9)
        sheet.write_string("G1", "=A1*2")

    sheet = copied(drawn(draw), [finding("B1"), finding("G1")])["社区"]
    assert [sheet[cell].value for cell in ("B1", "C1", "D1", "E1")] == [
        "=A1*2", '="<"&A1', "=A1>2", "=A1/0",
    ]  # fmt: skip
    assert (sheet["F1"].value.ref, sheet["F1"].value.text) == ("F1", "=SUM(A1:B1)")
    assert (sheet["G1"].value, sheet["G1"].data_type) == ("=A1*2", "s")
    results = openpyxl.load_workbook(tmp_path / "副本.xlsx", data_only=True)["社区"]
    shown = [cell.value for cell in results[1]]
    assert shown == [3, 6, "<3 & 更多", True, "#DIV/0!", 9, "=A1*2"]
    assert marks(sheet) == {"B1": RED, "G1": RED}
    assert sheet["E1"].font.bold


def test_formula_without_a_result_stays_without_one(tmp_path, copied):
    book = openpyxl.Workbook()
    book.active.title = "社区"
    book["社区"]["A1"] = "=1+1"
    book.save(tmp_path / "台账.xlsx")
    assert copied(tmp_path / "台账.xlsx", [])["社区"]["A1"].value == "=1+1"


def test_number_too_large_for_its_date_format_stays_that_number(drawn, tmp_path):
    def draw(book, sheet):
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write("A1", 20201231, date)
        sheet.write("A2", -5.5, date)
        sheet.write_formula("A3", "=NA()", date, "#VALUE!")
        sheet.write("A4", 44196, date)

    write_marked_copy(drawn(draw), [finding("A1")], tmp_path / "副本.xlsx")
    xml = parts(tmp_path / "副本.xlsx")["xl/worksheets/sheet2.xml"].decode()
    values = re.findall(r'<c r="(..)" s="[1-9]"( t="[^"]*")?>(.*?)</c>', xml)
    assert values == [
        ("A1", ' t="n"', "<v>20201231</v>"),
        ("A2", ' t="n"', "<v>-5.5</v>"),
        ("A3", ' t="e"', "<f>NA()</f><v>#VALUE!</v>"),
        ("A4", ' t="n"', "<v>44196</v>"),
    ]


def test_what_the_copy_lacks_is_said(drawn, copied, tmp_path):
    def draw(book, sheet):
        sheet.write_column("A1", [1, 2])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=社区!$A$1:$A$2"})
        sheet.insert_chart("C1", chart)
        sheet.insert_textbox("C20", "说明文字")
        sheet.conditional_format("A1:A2", {"type": "data_bar", "data_bar_2010": True})

    said = remarks(copied(drawn(draw), []))
    assert said == [
        "本副本未能保留原件中的：图表的部分样式、形状、文本框和 SmartArt、部分条件格式、"
        "新版 Excel 的扩展内容"
    ]
    assert "xl/charts/chart1.xml" in parts(tmp_path / "副本.xlsx")
    with using("en"):
        write_marked_copy(tmp_path / "台账.xlsx", [], tmp_path / "en.xlsx")
    english = openpyxl.load_workbook(tmp_path / "en.xlsx")[FINDINGS_SHEET]["A4"].value
    assert english == (
        "Of the original, this copy lacks: some of the look of charts, "
        "shapes, text boxes and SmartArt, some conditional formats, "
        "extensions of newer Excel"
    )


def test_drawing_that_cannot_be_read_is_said(drawn, copied):
    source = drawn(lambda book, sheet: sheet.insert_textbox("C20", "说明文字"))
    name = "xl/drawings/drawing1.xml"
    changed(source, name, b"xdr:sp", b"xdr:other")
    changed(source, name, b"<xdr:twoCellAnchor", b'<xdr:twoCellAnchor unknown="1"')
    assert remarks(copied(source, [])) == ["本副本未能保留原件中的：形状、文本框和 SmartArt"]


def test_picture_stays_and_nothing_is_said(drawn, copied, tmp_path):
    from PIL import Image

    Image.new("RGB", (3, 3), "red").save(tmp_path / "章.png")
    book = copied(drawn(lambda book, sheet: sheet.insert_image("B2", str(tmp_path / "章.png"))), [])
    assert len(book["社区"]._images) == 1
    assert remarks(book) == []


# --- marks ----------------------------------------------------------------------------


def test_cell_takes_the_colour_of_its_worst_finding_and_a_comment_with_all(plain, copied):
    findings = [
        finding("B2", "note", message="比上年多"),
        finding("B2", "error", message="应为整数"),
        finding("A2", "warning", message="不在名录中"),
        finding("A1", "note", message="列名不同"),
    ]
    sheet = copied(plain, findings)["社区"]
    assert marks(sheet) == {"A1": BLUE, "A2": YELLOW, "B2": RED}
    assert sheet["B2"].comment.text == SIGN + "错误：应为整数\n提示：比上年多"
    assert sheet["B2"].comment.author == AUTHOR
    assert sheet["A2"].comment.text == SIGN + "警告：不在名录中"
    assert sheet["B1"].comment is None
    assert (sheet["A2"].value, sheet["B2"].value) == ("140802001001", "约200")


def test_comments_speak_english_when_asked(plain, copied):
    with using("en"):
        book = copied(plain, [finding("B2", message="must be a number")])
    assert book["社区"]["B2"].comment.text == SIGN + "error: must be a number"
    assert [cell.value for cell in book[FINDINGS_SHEET][4]][:3] == ["Severity", "Sheet", "Cell"]


def test_blank_cell_takes_the_format_of_its_row_or_column(drawn, copied):
    def draw(book, sheet):
        sheet.set_column("B:D", 12, book.add_format({"num_format": "@", "border": 1}))
        sheet.set_row(6, None, book.add_format({"num_format": "0.00"}))
        sheet.write("A1", "x")

    sheet = copied(drawn(draw), [finding("C5"), finding("C7"), finding("Z99")])["社区"]
    assert marks(sheet) == {"C5": RED, "C7": RED, "Z99": RED}
    assert (sheet["C5"].number_format, sheet["C5"].border.left.style) == ("@", "thin")
    assert sheet["C7"].number_format == "0.00"


@pytest.mark.parametrize(
    ("colour", "shown"),
    [("#FFFFFF", "FF000000"), ("#F0E0FF", "FF000000"), ("#C00000", "FFC00000")],
)
def test_light_text_turns_black_on_the_mark(drawn, copied, colour, shown):
    def draw(book, sheet):
        sheet.write("A1", "户数", book.add_format({"font_color": colour, "bold": True}))

    cell = copied(drawn(draw), [finding("A1")])["社区"]["A1"]
    assert (cell.font.color.rgb, cell.font.bold, fill(cell)) == (shown, True, RED)


def test_merged_range_is_marked_at_its_top_left_cell(drawn, copied):
    def draw(book, sheet):
        sheet.merge_range("B2:C4", "合并")

    findings = [finding("C4", "note", message="甲"), finding("B3", "error", message="乙")]
    book = copied(drawn(draw), findings)
    assert marks(book["社区"]) == {"B2": RED}
    assert book["社区"]["B2"].comment.text == SIGN + "错误：乙\n提示：甲"
    assert [row[2] for row in listed(book)] == ["B3", "C4"]


def test_comment_is_cut_at_1000_characters_in_a_box_that_shows_it(plain, copied, tmp_path):
    findings = [finding("A1", message="短"), finding("B2", message="长" * 2000)]
    sheet = copied(plain, findings)["社区"]
    text = sheet["B2"].comment.text
    assert (len(text), text[:4], text[-2:]) == (1000, "—— s", "长…")
    drawing = next(c for n, c in parts(tmp_path / "副本.xlsx").items() if n.endswith(".vml"))
    assert b"width:320px;height:60px" in drawing
    assert b"width:320px;height:440px" in drawing


def test_only_the_worst_cells_get_comments_when_there_are_too_many(plain, copied, monkeypatch):
    monkeypatch.setattr(f"{PACKAGE}.marks._MOST_COMMENTS", 2)
    findings = [finding("A1", "note"), finding("A2"), finding("B1", "warning"), finding("B2")]
    book = copied(plain, findings)
    sheet = book["社区"]
    assert marks(sheet) == {"A1": BLUE, "A2": RED, "B1": YELLOW, "B2": RED}
    commented = [cell.coordinate for row in sheet["A1:B2"] for cell in row if cell.comment]
    assert commented == ["A2", "B2"]
    assert remarks(book) == ["4 个单元格有问题：颜色全部标出，批注只写给最严重的 2 个"]


def test_comment_of_the_user_stays_with_ours_below_it(drawn, copied):
    def draw(book, sheet):
        sheet.write_comment("A1", "问过村里", {"author": "王五"})
        sheet.write_comment("A2", "此处无误", {"author": "王五"})

    sheet = copied(drawn(draw), [finding("A1", message="应为整数")])["社区"]
    assert sheet["A1"].comment.text == "问过村里\n\n—— sanlian check ——\n错误：应为整数"
    assert sheet["A1"].comment.author == "王五"
    assert sheet["A2"].comment == Comment("此处无误", "王五")
    assert marks(sheet) == {"A1": RED}


# --- an earlier copy ------------------------------------------------------------------


def test_copy_of_a_copy_has_the_new_marks_alone(drawn, copied, tmp_path):
    def draw(book, sheet):
        sheet.write_column("A1", ["a", "b", "c", "d"])
        sheet.write_comment("A2", "问过村里", {"author": "王五"})

    copied(drawn(draw), [finding("A1"), finding("A2", "note"), finding("A3")])
    first = (tmp_path / "副本.xlsx").rename(tmp_path / "第一次.xlsx")
    with using("en"):
        book = copied(first, [finding("A3", "warning", message="second")])
    assert book.sheetnames == [FINDINGS_SHEET, "社区"]
    sheet = book["社区"]
    assert marks(sheet) == {"A3": YELLOW}
    assert sheet["A1"].comment is None
    assert sheet["A2"].comment == Comment("问过村里", "王五")
    assert sheet["A3"].comment.text == SIGN + "warning: second"
    assert sheet["A2"].fill.fill_type is None


def test_comment_below_a_users_own_does_not_pile_up(drawn, copied, tmp_path):
    source = drawn(lambda book, sheet: sheet.write_comment("A1", "问过村里", {"author": "王五"}))
    for number in range(3):
        sheet = copied(source, [finding("A1", message=f"第 {number} 次")])["社区"]
        source = (tmp_path / "副本.xlsx").rename(tmp_path / f"{number}.xlsx")
    assert sheet["A1"].comment.text == "问过村里\n\n—— sanlian check ——\n错误：第 2 次"


def test_comment_of_ours_without_its_author_is_replaced(drawn, copied):
    def draw(book, sheet):
        sheet.write_comment("A1", f"{SIGN}错误：第一次", {"author": ""})
        sheet.write_comment("A2", f"已核实\n{SIGN}错误：第一次", {"author": AUTHOR})

    sheet = copied(drawn(draw), [finding("A1", message="第二次")])["社区"]
    assert sheet["A1"].comment == Comment(f"{SIGN}错误：第二次", AUTHOR)
    assert sheet["A2"].comment == Comment("已核实\n", AUTHOR)


def test_earlier_list_is_known_when_a_program_has_made_its_title_rich_text(drawn, copied):
    def draw(book, sheet):
        bold = book.add_format({"bold": True})
        book.add_worksheet(FINDINGS_SHEET).write_rich_string("A1", bold, "检查", f"结果 · {AUTHOR}")

    assert copied(drawn(draw), []).sheetnames == [FINDINGS_SHEET, "社区"]


def test_users_own_sheet_of_that_name_stays(workbook, copied, tmp_path):
    source = workbook({FINDINGS_SHEET: [["我的"]], "社区": [["a"]]})
    names = [f"{FINDINGS_SHEET}1", FINDINGS_SHEET, "社区"]
    assert copied(source, [finding("A1")]).sheetnames == names
    first = (tmp_path / "副本.xlsx").rename(tmp_path / "第一次.xlsx")
    book = copied(first, [finding("A1")])
    assert book.sheetnames == names
    assert book[FINDINGS_SHEET]["A1"].value == "我的"


def test_colour_like_ours_in_an_unmarked_workbook_stays(drawn, copied):
    source = drawn(
        lambda book, sheet: sheet.write("A1", 1, book.add_format({"bg_color": f"#{RED[2:]}"}))
    )
    assert marks(copied(source, [])["社区"]) == {"A1": RED}


def test_reader_finds_the_same_in_the_copy_as_in_the_original(workbook, tmp_path):
    rows = [
        ["社区代码", "统计时点", "户数", "社区社会组织数"],
        ["140802001001", "2020-12-31", "约200", 12],
        ["140802001002", "2020-12-31", -5, "十几个"],
    ]
    ledger = read_ledger(workbook({"社区": rows}))
    assert ledger.findings
    write_marked_copy(tmp_path / "台账.xlsx", ledger.findings, tmp_path / "副本.xlsx")
    again = read_ledger(tmp_path / "副本.xlsx")
    assert [(f.cell, f.message) for f in again.findings] == [
        (f.cell, f.message) for f in ledger.findings
    ]
    pd.testing.assert_frame_equal(again.communities, ledger.communities)


# --- the list -------------------------------------------------------------------------


def test_list_comes_first_and_alone_is_open(drawn, copied):
    def draw(book, sheet):
        book.add_worksheet("街道").activate()

    book = copied(drawn(draw), [])
    assert book.sheetnames == [FINDINGS_SHEET, "社区", "街道"]
    assert book.active.title == FINDINGS_SHEET
    assert [sheet.sheet_view.tabSelected for sheet in book] == [True, False, False]


def test_list_has_title_file_counts_header_and_rows_worst_first(workbook, copied):
    source = workbook({"社区": [["x"]], "街道": [["x"]]})
    findings = [
        finding("A10", "error", variable="orgs", found="十几个", message="组织数有误"),
        finding("B2", "note", sheet="街道", variable="", expected="", code="", name=""),
        finding("B2", "error", sheet="街道", variable="街道外的列"),
        finding("B9", "warning"),
        finding("AA9", "error"),
        finding("B9", "error"),
        finding("", "error", sheet="没有这张表", found=""),
    ]
    book = copied(source, findings)
    sheet = book[FINDINGS_SHEET]
    top = [[cell.value for cell in row if cell.value] for row in sheet["A1:I4"]]
    assert top == [
        ["检查结果 · sanlian check"],
        ["文件：台账.xlsx"],
        ["错误 5", "警告 1", "提示 1"],
        ["严重程度", "工作表", "单元格", "代码", "名称", "变量", "现值", "应为", "说明"],
    ]
    assert [row[:3] for row in listed(book)] == [
        ("错误", "社区", "B9"),
        ("错误", "社区", "AA9"),
        ("错误", "社区", "A10"),
        ("错误", "街道", "B2"),
        ("错误", "没有这张表", "（整表）"),
        ("警告", "社区", "B9"),
        ("提示", "街道", "B2"),
    ]
    assert listed(book)[2][3:] == (
        "140802001001", "甲社区", "社区社会组织数", "十几个", "应为整数", "组织数有误",
    )  # fmt: skip
    assert [row[5] for row in listed(book)][3] == "街道外的列"
    assert [fill(sheet[f"A{row}"]) for row in (5, 10, 11)] == [RED, YELLOW, BLUE]
    assert [fill(cell) for cell in sheet["A3:C3"][0]] == [RED, YELLOW, BLUE]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A5", "A4:I11")
    assert all(cell.data_type == "s" for cell in sheet[7])


def test_equal_findings_have_a_row_each(plain, copied):
    assert len(listed(copied(plain, [finding("B2")] * 3))) == 3


def test_long_text_gets_a_higher_row(plain, copied):
    sheet = copied(plain, [finding("B2", message="应为整数" * 20)])[FINDINGS_SHEET]
    assert (sheet.row_dimensions[5].height, sheet["I5"].alignment.wrap_text) == (60, True)


def test_ledger_without_findings_says_so(plain, copied):
    book = copied(plain, [])
    assert [row[0] for row in listed(book)] == ["没有发现问题"]
    assert [cell.value for cell in book[FINDINGS_SHEET]["A3:C3"][0]] == [
        "错误 0",
        "警告 0",
        "提示 0",
    ]
    assert marks(book["社区"]) == {}


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("社区", "'社区'!B2"),
        ("2020 年底", "'2020 年底'!B2"),
        ("It's 社区", "'It''s 社区'!B2"),
        ('a"b', "'a\"b'!B2"),
        ("A1!B2", "'A1!B2'!B2"),
    ],
)
def test_link_leads_to_the_cell_of_a_sheet_of_any_name(workbook, copied, name, location):
    book = copied(workbook({name: [["x"]]}), [finding("B2", sheet=name)])
    assert links(book) == [location]
    assert marks(book[name]) == {"B2": RED}


def test_sheet_whose_name_ends_in_a_space_is_found(workbook, copied):
    book = copied(workbook({"社区 ": [["x"]]}), [finding("B2")])
    assert links(book) == ["'社区 '!B2"]
    assert marks(book["社区 "]) == {"B2": RED}


@pytest.mark.parametrize("cell", ["", "XFE1", "A1048577", "A0", "B2:C3", "'x'!B2"])
def test_finding_without_a_cell_is_listed_and_leads_to_its_sheet(plain, copied, cell):
    book = copied(plain, [finding(cell), finding("B2", sheet="没有这张表")])
    assert links(book) == ["'社区'!A1"]
    assert [row[2] for row in listed(book)] == [cell or "（整表）", "B2"]
    assert marks(book["社区"]) == {}


def test_link_needs_no_formula_and_no_address_outside_the_file(plain, tmp_path):
    write_marked_copy(plain, [finding("B2")], tmp_path / "副本.xlsx")
    xml = parts(tmp_path / "副本.xlsx")[SHEET].decode()
    assert "<f>" not in xml
    assert "xl/worksheets/_rels/sheet1.xml.rels" not in parts(tmp_path / "副本.xlsx")


def test_more_than_excel_takes_is_left_out_and_said(plain, copied, monkeypatch):
    monkeypatch.setattr(f"{PACKAGE}.findings_sheet._MOST_LINKS", 1)
    monkeypatch.setattr(f"{PACKAGE}.findings_sheet._MOST_LISTED", 2)
    book = copied(plain, [finding("B2"), finding("A2"), finding("A1", "note")])
    assert [row[:3] for row in listed(book)] == [("错误", "社区", "A2"), ("错误", "社区", "B2")]
    assert links(book) == ["'社区'!A2"]
    assert remarks(book) == [
        "共 3 处，本表只列出最严重的 2 处",
        "Excel 一张表最多 1 个链接，其后各行只写单元格地址",
    ]
    assert len(marks(book["社区"])) == 3


def test_twenty_thousand_findings(plain, tmp_path):
    findings = [finding(f"C{row}", message="有误") for row in range(1, 20_001)]
    write_marked_copy(plain, findings, tmp_path / "副本.xlsx")
    entries = parts(tmp_path / "副本.xlsx")
    assert entries[SHEET].count(b"<hyperlink ") == 20_000
    assert entries["xl/worksheets/sheet2.xml"].count(b'<c r="C') == 20_000
    assert entries["xl/comments/comment1.xml"].count(b"<comment ") == 5_000


# --- hostile text ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://x","点")', '=HYPERLINK("http://x","点")'),
        ("=cmd|'/c calc'!A1", "=cmd|'/c calc'!A1"),
        ("+1", "+1"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("#N/A", "#N/A"),
        ("甲\x00\x07社\x0b区\x1f", "甲社区"),
        ("甲\u202e社区\u2066\u200f", "甲社区"),
        ("甲\ud800\uffff", "甲"),
        ("一\r\n二\r三", "一\n二\n三"),
        ("<script>&amp;]]>", "<script>&amp;]]>"),
    ],
)
def test_hostile_text_is_plain_text_in_list_and_comment(plain, copied, text, shown):
    book = copied(plain, [finding("B2", found=text, name=text, message=text)])
    row = book[FINDINGS_SHEET][5]
    assert [(row[i].value, row[i].data_type) for i in (4, 6, 8)] == [(shown, "s")] * 3
    assert row[6].quotePrefix == shown.startswith(("=", "+", "@"))
    assert book["社区"]["B2"].comment.text == f"{SIGN}错误：{shown}"


def test_text_longer_than_a_cell_is_cut(plain, copied):
    book = copied(plain, [finding("B2", found="长" * 40_000, name="😀" * 20_000)])
    assert listed(book)[0][6] == "长" * 32_766 + "…"
    assert listed(book)[0][4] == "😀" * 16_383 + "…"


def test_file_name_that_is_no_unicode_is_listed(plain, copied):
    odd = plain.rename(plain.with_name(os.fsdecode(b"\xff.xlsx")))
    assert copied(odd, [])[FINDINGS_SHEET]["A2"].value == "文件：.xlsx"


# --- CSV and Parquet ------------------------------------------------------------------


def test_csv_becomes_a_sheet_of_texts(tmp_path, copied):
    source = tmp_path / "台账.csv"
    source.write_text("社区代码,户数,备注\n0140802,约200,=1+1\n,-3,\n", encoding="gb18030")
    book = copied(source, [finding("B2", file="台账.csv")])
    sheet = book["社区"]
    assert book.sheetnames == [FINDINGS_SHEET, "社区"]
    assert list(sheet.iter_rows(values_only=True)) == [
        ("社区代码", "户数", "备注"),
        ("0140802", "约200", "=1+1"),
        (None, "-3", None),
    ]
    assert {cell.data_type for cell in sheet[2]} == {"s"}
    assert (sheet["A2"].number_format, sheet["A1"].font.bold) == ("@", True)
    assert sheet.freeze_panes == "A2"
    assert marks(sheet) == {"B2": RED}
    assert links(book) == ["'社区'!B2"]


def test_parquet_keeps_numbers_dates_and_yes_or_no(tmp_path, copied):
    table = pd.DataFrame(
        {
            "社区代码": ["0140802", "=1+1"],
            "户数": [200, 3],
            "占比": [0.25, None],
            "有无": [True, False],
            "统计时点": [pd.Timestamp(2020, 12, 31), pd.Timestamp(2020, 12, 31, 8, 30)],
            "建立": [dt.date(1850, 1, 1), None],
        }
    )
    table.to_parquet(tmp_path / "台账.parquet")
    sheet = copied(tmp_path / "台账.parquet", [finding("C3", "note")])["社区"]
    assert list(sheet.iter_rows(values_only=True)) == [
        ("社区代码", "户数", "占比", "有无", "统计时点", "建立"),
        ("0140802", 200, 0.25, True, dt.datetime(2020, 12, 31), "1850-01-01 00:00:00"),
        ("=1+1", 3, None, False, dt.datetime(2020, 12, 31, 8, 30), None),
    ]
    assert sheet["A3"].data_type == "s"
    assert marks(sheet) == {"C3": BLUE}


def test_table_that_fits_no_sheet_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{PACKAGE}.table.MOST_ROWS", 2)
    source = tmp_path / "台账.csv"
    source.write_text("a\n1\n2\n", encoding="utf-8")
    with pytest.raises(SanlianError, match="3 行、1 列，一张工作表放不下；请分成几个文件"):
        write_marked_copy(source, [], tmp_path / "副本.xlsx")


# --- refusals -------------------------------------------------------------------------


def test_copy_over_the_original_is_refused_under_whatever_name(plain, tmp_path):
    before = plain.read_bytes()
    (tmp_path / "链接.xlsx").symlink_to(plain)
    (tmp_path / "硬链接.xlsx").hardlink_to(plain)
    for name in ("台账.xlsx", "链接.xlsx", "硬链接.xlsx"):
        with pytest.raises(SanlianError, match="这就是台账原件，不会覆盖"):
            write_marked_copy(plain, [], tmp_path / name)
    with using("en"), pytest.raises(SanlianError, match="this is the ledger itself"):
        check_marked_copy(plain, plain)
    assert plain.read_bytes() == before


def test_copy_that_is_no_xlsx_is_refused(plain, tmp_path):
    for name in ("副本.xls", "副本.csv", "副本"):
        with pytest.raises(SanlianError, match=r"标注副本只能是 \.xlsx 文件"):
            write_marked_copy(plain, [], tmp_path / name)
    check_marked_copy(plain, tmp_path / "副本.XLSX")


def test_place_that_cannot_be_written_is_refused_and_nothing_is_left(plain, tmp_path):
    with pytest.raises(SanlianError, match="写不进去"):
        write_marked_copy(plain, [], plain / "副本.xlsx")
    assert os.listdir(tmp_path) == ["台账.xlsx"]


def test_disk_that_fills_up_leaves_the_earlier_copy(plain, tmp_path, monkeypatch):
    def full(marked, part):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "副本.xlsx").write_bytes(b"earlier")
    monkeypatch.setattr(f"{PACKAGE}.write._save", full)
    with pytest.raises(SanlianError, match="No space left"):
        write_marked_copy(plain, [], tmp_path / "副本.xlsx")
    assert (tmp_path / "副本.xlsx").read_bytes() == b"earlier"
    assert sorted(os.listdir(tmp_path)) == ["副本.xlsx", "台账.xlsx"]


def changed(path, name: str, old: bytes, new: bytes) -> Path:
    """The workbook with something else in one of its parts."""
    entries = parts(path)
    assert old in entries[name]
    return zip_up(path, entries | {name: entries[name].replace(old, new)})


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("xl/styles.xml", b"</styleSheet>", b""),
        (SHEET, b'<c r="A1"', b'<c s="99" r="A1"'),
        (SHEET, b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        (SHEET, b"</sheetData>", b"</sheetData><mergeCells><mergeCell ref='A1&#58;XFD99999'/></mergeCells>"),
        (SHEET, b"</sheetData>", b'</sheetData><hyperlinks><hyperlink ref="1:1048576"/></hyperlinks>'),
        (SHEET, b"</sheetData>", b"</sheetData><mergeCells><mergeCell" + b" " * 6_000_000 + b"/></mergeCells>"),
        ("xl/workbook.xml", b"<workbook ", b'<workbook xmlns:s="http://purl.oclc.org/ooxml/spreadsheetml/main" '),
    ],
)  # fmt: skip
def test_workbook_that_cannot_be_copied_is_refused(plain, tmp_path, name, old, new):
    changed(plain, name, old, new)
    with pytest.raises(SanlianError, match="不能做成标注副本") as error:
        write_marked_copy(plain, [finding("B2")], tmp_path / "副本.xlsx")
    assert "台账.xlsx" in str(error.value)
    assert "请在 Excel 中打开并另存为" in str(error.value)
    assert os.listdir(tmp_path) == ["台账.xlsx"]


def test_sheet_in_utf_16_is_refused(plain, tmp_path):
    entries = parts(plain)
    zip_up(
        plain,
        entries | {SHEET: entries[SHEET].decode().replace("UTF-8", "UTF-16").encode("utf-16")},
    )
    with using("en"), pytest.raises(SanlianError, match="could not be copied with marks"):
        write_marked_copy(plain, [], tmp_path / "副本.xlsx")


def test_a_part_that_is_no_xml_may_have_anything_in_it(plain, tmp_path):
    bitmap = b"BM<" + bytes(3_000_000) + b'<mergeCell ref="A1:XFD1048576"/>'
    zip_up(plain, parts(plain) | {"xl/embeddings/1.bin": bitmap})
    write_marked_copy(plain, [finding("B2")], tmp_path / "副本.xlsx")
    assert FINDINGS_SHEET in openpyxl.load_workbook(tmp_path / "副本.xlsx").sheetnames


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \n"])
def test_a_part_that_may_be_a_sheet_is_searched_wherever_it_is(plain, tmp_path, before):
    hidden = before + b'<x><mergeCell ref="A1:XFD1048576"/></x>'
    zip_up(plain, parts(plain) | {"xl/embeddings/1.bin": hidden})
    with pytest.raises(SanlianError, match="不能做成标注副本"):
        write_marked_copy(plain, [], tmp_path / "副本.xlsx")


def test_table_without_columns_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.add_table(Table(displayName="T", ref="A1:A2"))
    book.save(tmp_path / "台账.xlsx")
    name = "xl/tables/table1.xml"
    text = parts(tmp_path / "台账.xlsx")[name]
    start, end = text.index(b"<tableColumns"), text.index(b"</tableColumns>") + 15
    changed(tmp_path / "台账.xlsx", name, text[start:end], b"")
    with pytest.raises(SanlianError, match="不能做成标注副本"):
        write_marked_copy(tmp_path / "台账.xlsx", [], tmp_path / "副本.xlsx")


def test_workbook_that_cannot_be_written_is_refused(plain, tmp_path, monkeypatch):
    def fail(writer):
        writer._archive.writestr("half", b"")
        raise TypeError("expected <class 'float'>")

    monkeypatch.setattr("openpyxl.writer.excel.ExcelWriter.save", fail)
    with pytest.raises(SanlianError, match="不能做成标注副本：其中有无法照抄的内容（TypeError）"):
        write_marked_copy(plain, [], tmp_path / "副本.xlsx")
    assert os.listdir(tmp_path) == ["台账.xlsx"]


def test_copy_opens_in_another_reader(plain, tmp_path):
    write_marked_copy(plain, [finding("B2", found="=1+1")], tmp_path / "副本.xlsx")
    book = CalamineWorkbook.from_path(str(tmp_path / "副本.xlsx"))
    assert book.sheet_names == [FINDINGS_SHEET, "社区", "说明"]
    assert book.get_sheet_by_name("社区").to_python()[1] == ["140802001001", "约200"]
    assert book.get_sheet_by_name(FINDINGS_SHEET).to_python()[4][6] == "=1+1"
