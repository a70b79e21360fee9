"""The briefing as a workbook: raw figures, texts, native charts, and nothing that runs."""

import dataclasses
import io
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from test_briefing_document import DAY, HOSTILE, OFFICE, converted, made, native, real, result

from sanlian_analysis.briefing.sheet_results import headings
from sanlian_analysis.briefing.spreadsheet import spreadsheet
from sanlian_analysis.language import using
from sanlian_analysis.tables import Table, verdict_text

HEADER = 3


@pytest.fixture(scope="session")
def county():
    return real()


@pytest.fixture(scope="session")
def overview():
    return real("en", "overview")


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def rows(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def parts(content, pattern):
    archive = zipfile.ZipFile(io.BytesIO(content))
    found = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
    return [archive.read(name).decode() for name in sorted(found)]


def column(sheet, title):
    """The cells below a header."""
    (place,) = [cell.column for cell in sheet[HEADER] if cell.value == title]
    return [row[place - 1] for row in sheet.iter_rows(min_row=HEADER + 1)]


# --- sheets -------------------------------------------------------------------------------


def test_sheets_in_the_order_in_which_they_are_read():
    book = opened(spreadsheet(made()))
    assert book.sheetnames == [
        "摘要", "结果", "未达标", "明细", "计算明细", "计算明细 2", "依据", "图表", "图表数据",
    ]  # fmt: skip
    assert all(sheet.sheet_state == "visible" for sheet in book)


@pytest.mark.parametrize(
    "caption", ["History", "a/b\\c?*[x]", "x" * 40, "'", "", "😀" * 30, "The very long name " * 3, "结果"]
)  # fmt: skip
def test_any_caption_makes_a_name_that_excel_takes(caption):
    table = Table(caption, ("列",), (("格",),))
    names = opened(spreadsheet(made(tables=(table, table, table)))).sheetnames
    assert len(names) == 10
    assert len({name.lower() for name in names}) == 10
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert name.strip("' ") == name
        assert name.lower() != "history"


def test_summary_says_what_the_briefing_says():
    one = made()
    told = [cell for row in rows(opened(spreadsheet(one))["摘要"]) for cell in row if cell]
    assert told[:2] == [one.title, f"模拟数据　{one.headline.heading}"]
    wanted = [*one.headline.sentences, *one.headline.details, *one.method, *one.key.header]
    wanted += [str(cell) for row in one.key.rows for cell in row] + list(one.key.notes)
    wanted += [text for line in one.provenance for text in line]
    assert [text for text in wanted if text not in told] == []


@pytest.mark.parametrize(("title", "source"), [("未达标", "short"), ("依据", "clauses")])
def test_tables_of_texts(title, source):
    one = made()
    table = getattr(one, source)
    found = rows(opened(spreadsheet(one))[title])
    assert found[0][0] == table.caption
    assert found[HEADER - 1] == list(table.header)
    assert found[HEADER : HEADER + len(table.rows)] == [list(row) for row in table.rows]


def test_tables_have_filters_frozen_headers_and_notes_below(county):
    book = opened(spreadsheet(county))
    tables = [county.short, *county.tables, county.clauses]
    sheets = [
        sheet for sheet in book if sheet.title not in ("摘要", "结果", "明细", "图表", "图表数据")
    ]
    assert len(sheets) == len(tables)
    for sheet, table in zip(sheets, tables, strict=True):
        assert sheet.freeze_panes == "B4"
        last = openpyxl.utils.get_column_letter(len(table.header))
        assert sheet.auto_filter.ref == f"A3:{last}{HEADER + len(table.rows)}"
        notes = [row[0] for row in rows(sheet)[HEADER + len(table.rows) :]]
        assert notes == list(table.remarks())


def test_pages_are_printed_across_with_header_and_mark(county):
    for sheet in opened(spreadsheet(county)):
        setup = sheet.page_setup
        assert (setup.orientation, setup.paperSize, setup.fitToHeight) == ("landscape", 9, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert setup.fitToWidth in (1, None) or sheet.title in ("结果", "明细", "计算明细")
        assert sheet.oddFooter.center.text == "模拟数据"
        assert sheet.oddFooter.right.text == "&P / &N"
        if sheet.title not in ("摘要", "图表", "图表数据"):
            assert sheet.print_title_rows == "$3:$3"


def test_real_data_are_not_marked():
    content = spreadsheet(made(simulated=False, charts=()))
    assert "模拟" not in "".join(parts(content, r"xl/(worksheets/sheet\d+|sharedStrings)\.xml"))


# --- raw figures --------------------------------------------------------------------------


def assert_raw(sheet, table):
    for title in table:
        cells = [cell.value for cell in column(sheet, headings()[title])]
        for cell, value in zip(cells, table[title].astype(object), strict=True):
            if pd.isna(value) or value == "":
                assert cell is None
            elif title == "verdict":
                assert cell == verdict_text(value)
            elif isinstance(value, float):
                assert cell == pytest.approx(value, rel=1e-15, abs=0)
            elif title != "level":
                assert cell == value


def test_results_and_components_are_raw(county):
    book = opened(spreadsheet(county))
    assert_raw(book["结果"], county.results)
    assert_raw(book["明细"], county.components)


def test_every_digit_is_kept():
    sheet = opened(spreadsheet(made()))["结果"]
    assert column(sheet, "数值")[0].value == 2 / 3
    assert column(sheet, "上界")[0].value == pytest.approx(0.1 + 0.2, rel=1e-15)


def test_shares_are_shown_as_percentages_and_counts_are_not():
    book = opened(spreadsheet(made()))
    for sheet, titles in (
        (book["结果"], ("数值", "下界", "上界", "目标")),
        (book["明细"], ("数值", "÷名录", "÷已上报", "÷已知")),
    ):
        for title in titles:
            assert [cell.number_format for cell in column(sheet, title)] == ["0.0%", "General"]
    assert {cell.number_format for cell in column(book["结果"], "分子")} == {"General"}
    assert {cell.number_format for cell in column(book["结果"], "统计时点")} == {"yyyy-mm-dd"}
    assert column(book["结果"], "统计时点")[0].value.date() == DAY
    assert [cell.value for cell in column(book["结果"], "考核")] == [True, True]


def test_a_percentage_is_not_shown_as_the_threshold_that_it_misses():
    rows = [result(value=0.39996, lower=0.39996, threshold=0.4), result(value=0.99996)]
    sheet = opened(spreadsheet(made(rows=rows)))["结果"]
    assert [cell.number_format for cell in column(sheet, "数值")] == ["0.000%", "0.000%"]
    assert [cell.number_format for cell in column(sheet, "目标")] == ["0.0%", "0.0%"]


def test_rows_are_led_by_what_their_figure_is_and_its_unit():
    book = opened(spreadsheet(made(tables=())))
    for title in ("结果", "明细"):
        assert [cell.value for cell in book[title][HEADER]][:2] == ["指标", "单位"]
        assert [cell.value for cell in column(book[title], "指标")] == ["社会组织名", "品牌名"]
        assert [cell.value for cell in column(book[title], "单位")] == ["%", "个"]


def test_verdicts_are_coloured_by_their_words():
    book = opened(spreadsheet(made()))
    for sheet in (book["结果"], book["明细"], book["摘要"]):
        rules = {
            rule.formula[0]: rule.dxf.fill.bgColor.rgb
            for area in sheet.conditional_formatting
            for rule in area.rules
        }
        assert rules['"● 达标"'] == "FFB7D9EE"
        assert rules['"◆ 未达标"'] == "FFF5B68C"
        assert len(rules) == 5
    assert [cell.value for cell in column(book["结果"], "判定")] == ["◆ 未达标", "● 达标"]
    assert not book["依据"].conditional_formatting


def test_a_list_that_was_cut_says_how_long_it_is():
    cut = dataclasses.replace(made().short, total=2387)
    told = [
        row[0]
        for row in rows(opened(spreadsheet(dataclasses.replace(made(), short=cut)))["未达标"])
    ]
    assert told[-1] == "共 2,387 行，此处列出 2 行。"


def test_no_rows_are_no_trouble():
    book = opened(spreadsheet(made(rows=[], short=0, natives=())))
    assert book["结果"].max_row == HEADER
    assert "图表" not in book.sheetnames
    assert book["未达标"].auto_filter.ref == "A3:D3"


def test_all_unknown_leaves_cells_empty():
    unknown = {"value": None, "lower": None, "upper": None, "shortfall": None, "due": pd.NaT}
    sheet = opened(spreadsheet(made(rows=[result(verdict="undetermined", **unknown)])))["结果"]
    for title in ("数值", "下界", "上界", "还差", "期限"):
        assert column(sheet, title)[0].value is None
    assert column(sheet, "判定")[0].value == "△ 待定"


# --- charts -------------------------------------------------------------------------------


def test_charts_are_native_and_draw_what_the_next_sheet_shows():
    content = spreadsheet(made())
    line, bar = parts(content, r"xl/charts/chart\d+\.xml")
    assert "<c:lineChart>" in line
    assert "<c:barChart>" in bar
    assert "<c:lineChart>" in bar  # the threshold over the bars
    for series, letter in ((0, "B"), (1, "C"), (2, "D")):
        assert f"<c:f>图表数据!${letter}$3:${letter}$4</c:f>" in line, series
    assert re.findall(r"<a:t>([^<]+)</a:t>", line)[:3] == ["50%", "66.7%", "100%"]
    data = rows(opened(content)["图表数据"])
    assert data[0][0] == "铁西区：66.7%"
    assert data[1][:4] == ["%", "社会组织", "目标", "下界"]
    assert data[2][:4] == ["2022年底", 50, None, 40]
    assert data[3][:4] == ["铁西区", 66.7, 100, None]
    assert "<c:f>图表数据!$A$1</c:f>" in line  # the title
    pictures = opened(content)["图表"]
    assert len(pictures._charts) == 2
    told = [cell for row in rows(pictures) for cell in row]
    assert told.count("依据：三(三)") == told.count("“每个社区不少于10个”") == 2
    assert 'descr="铁西区的占比"' in "".join(parts(content, r"xl/drawings/drawing\d+\.xml"))


def test_every_native_of_a_real_briefing_is_drawn(county, overview):
    for one, title in ((county, "图表"), (overview, "Charts")):
        content = spreadsheet(one)
        assert len(opened(content)[title]._charts) == len(one.natives) > 1
        data = rows(opened(content)["图表数据" if one is county else "Chart data"])
        figures = [cell for row in data for cell in row if isinstance(cell, (int, float))]
        wanted = [v for n in one.natives for s in n.series for v in s.values if v is not None]
        assert sorted(figures) == sorted(wanted)


def test_a_chart_without_categories_is_left_out():
    empty = dataclasses.replace(native("bar"), categories=(), series=())
    assert len(opened(spreadsheet(made(natives=(empty, native()))))["图表"]._charts) == 1


# --- nothing that runs, bytes, languages --------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_are_texts(language):
    labels = ("=1+1", HOSTILE)
    natives = (native("line", HOSTILE, labels), native("bar", HOSTILE))
    content = spreadsheet(made(HOSTILE, language=language, natives=natives))
    name = "=cmd|' /C calc'!A0<b>&amp; http://x.y " + "东风新村" * 75
    book = opened(content)
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert not any(cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row)
    assert book[book.sheetnames[2]]["B4"].value == name
    sheets = "".join(parts(content, r"xl/worksheets/sheet\d+\.xml"))
    assert "<f>" not in sheets
    everything = sheets + "".join(parts(content, r"xl/(charts/chart\d+|sharedStrings)\.xml"))
    assert not any(sign in everything for sign in "\x00\x07\ufffe\u202e")
    assert "_x0007_" not in everything
    references = re.findall(r"<c:f>([^<]+)</c:f>", everything)
    data = "图表数据" if language == "zh" else "'Chart data'"
    assert all(re.fullmatch(rf"{data}!\$[A-E]\$\d+(:\$[A-E]\$\d+)?", one) for one in references)


def test_texts_longer_than_a_cell_are_cut():
    table = Table("长", ("列",), (("字" * 40_000,),))
    assert len(opened(spreadsheet(made(tables=(table,))))["长"]["A4"].value) == 32_767


def test_no_cell_is_a_formula(county, overview):
    for one in (county, overview):
        assert "<f>" not in "".join(parts(spreadsheet(one), r"xl/worksheets/sheet\d+\.xml"))


def test_same_briefing_same_bytes(county):
    content = spreadsheet(county)
    assert spreadsheet(county) == content
    assert opened(content).properties.created.year == 2000


def test_english_workbook(overview):
    with using("zh"):  # the language is the briefing's own
        book = opened(spreadsheet(overview))
    assert book.sheetnames[:4] == ["Summary", "Results", "Falling short", "Components"]
    assert book.sheetnames[-3:] == ["Clauses", "Charts", "Chart data"]
    assert "◆ Not met" in {cell.value for cell in column(book["Results"], "Verdict")}
    with using("en"):
        assert_raw(book["Results"], overview.results)
    for sheet in book:
        assert sheet.oddFooter.center.text == "Simulated data"


class TestOffice:
    pytestmark = OFFICE

    @pytest.mark.parametrize("name", ["铁西区", HOSTILE])
    def test_opens(self, tmp_path, name):
        assert converted(spreadsheet(made(name)), ".xlsx", tmp_path).startswith(b"%PDF")
