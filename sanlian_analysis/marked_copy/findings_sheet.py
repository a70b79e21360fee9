"""The sheet in front that lists the findings, with links to their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.styles import Alignment, Border, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties

from sanlian_analysis import schema
from sanlian_analysis.findings import Finding, Severity, counts
from sanlian_analysis.language import say
from sanlian_analysis.marked_copy.cells import (
    AUTHOR,
    font_with,
    lines_taken,
    put_text,
    style_with,
)
from sanlian_analysis.marked_copy.spots import FILLS, Spot, severity_word
from sanlian_analysis.schema import FINDINGS_SHEET

#: Ends the title of the sheet, by which the next copy knows it.
_TITLE_END = f" · {AUTHOR}"

#: Excel's limit of links on a sheet.
_MOST_LINKS = 65_530
#: Findings that the list holds; the other rows of the sheet are for its head.
_MOST_LISTED = 1_048_500

#: The columns of the list: header in both languages, width.
_COLUMNS = (
    ("严重程度", "Severity", 10),
    ("工作表", "Sheet", 10),
    ("单元格", "Cell", 9),
    ("代码", "Code", 15),
    ("名称", "Name", 20),
    ("变量", "Variable", 18),
    ("现值", "Found", 16),
    ("应为", "Expected", 30),
    ("说明", "What is wrong", 52),
)
#: Columns that say where a finding stands, in short words; the others hold texts of any length.
_WHERE = 3
_TEXT_WIDTHS = [width for *_, width in _COLUMNS[_WHERE:]]
#: Points that a line of the list takes, and the most lines that a row shows.
_LINE, _MOST_LINES = 15, 20

_TOP = Alignment(vertical="top")
_WRAPPED = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True)
class _Styles:
    """The styles of the sheet; `tags` are the colours of severities."""

    plain: Any
    title: Any
    header: Any
    tags: dict[Severity, Any]
    top: Any
    wrapped: Any
    link: Any


def _styles(sheet: Any) -> _Styles:
    return _Styles(
        plain=style_with(sheet),
        title=style_with(sheet, font=font_with(sheet, bold=True, size=14)),
        header=style_with(
            sheet, font=font_with(sheet, bold=True), border=Border(bottom=Side("thin"))
        ),
        tags={
            severity: style_with(sheet, fill=PatternFill("solid", fgColor=rgb), alignment=_TOP)
            for severity, rgb in FILLS.items()
        },
        top=style_with(sheet, alignment=_TOP),
        wrapped=style_with(sheet, alignment=_WRAPPED),
        link=style_with(
            sheet, font=font_with(sheet, color="FF0563C1", underline="single"), alignment=_TOP
        ),
    )


def is_findings_sheet(sheet: Any) -> bool:
    """A sheet of that name that bears our title; a user's own sheet of that name stays."""
    # It may be called 检查结果1, beside such a one. str: LibreOffice makes the title rich text.
    named = sheet.title.startswith(FINDINGS_SHEET)
    return named and str(sheet["A1"].value).endswith(_TITLE_END)


def list_findings(book: Any, file: str, spots: Sequence[Spot], remarks: Sequence[str]) -> None:
    """Put a sheet in front that lists the findings, and open the workbook there.

    `file`: the name of the original. `spots`: the findings, worst first.
    `remarks`: what is to be said above the list.
    """
    sheet = book.create_sheet(FINDINGS_SHEET, 0)
    styles = _styles(sheet)
    header = _write_head(sheet, file, spots, remarks, styles)
    _write_header(sheet, header, styles)
    if not spots:
        nothing = say("没有发现问题", "Nothing was found")
        put_text(sheet, header + 1, 1, nothing, styles.plain)
    listed = spots[:_MOST_LISTED]
    for number, spot in enumerate(listed):
        linked = spot.sheet is not None and number < _MOST_LINKS
        _write_row(sheet, header + 1 + number, spot, linked, styles)
    _set_up(sheet, header, header + len(listed))
    _show_alone(book, sheet)


def shortened(number: int) -> list[str]:
    """What to say when the sheet cannot hold that many findings or links."""
    remarks = []
    if number > _MOST_LISTED:
        remarks.append(
            say(
                f"共 {number} 处，本表只列出最严重的 {_MOST_LISTED} 处",
                f"{number} findings; this sheet lists the worst {_MOST_LISTED}",
            )
        )
    if number > _MOST_LINKS:
        remarks.append(
            say(
                f"Excel 一张表最多 {_MOST_LINKS} 个链接，其后各行只写单元格地址",
                f"Excel takes {_MOST_LINKS} links a sheet; later rows name the cell alone",
            )
        )
    return remarks


def _write_head(
    sheet: Any, file: str, spots: Sequence[Spot], remarks: Sequence[str], styles: _Styles
) -> int:
    """Title, file, how many findings of each severity, remarks; returns the row that follows."""
    put_text(sheet, 1, 1, say("检查结果", "Findings") + _TITLE_END, styles.title)
    put_text(sheet, 2, 1, say("文件：", "File: ") + file, styles.plain)
    found = counts(spot.finding for spot in spots)
    for column, (severity, number) in enumerate(found.items(), start=1):
        put_text(sheet, 3, column, f"{severity_word(severity)} {number}", styles.tags[severity])
    for row, remark in enumerate(remarks, start=4):
        put_text(sheet, row, 1, remark, styles.plain)
    return 4 + len(remarks)


def _write_header(sheet: Any, row: int, styles: _Styles) -> None:
    """The names of the columns, and their widths."""
    for column, (zh, en, width) in enumerate(_COLUMNS, start=1):
        put_text(sheet, row, column, say(zh, en), styles.header)
        sheet.column_dimensions[get_column_letter(column)].width = width


def _write_row(sheet: Any, row: int, spot: Spot, linked: bool, styles: _Styles) -> None:
    """One finding; `linked`: with a link to its cell, or to its sheet when it is in no cell."""
    finding = spot.finding
    put_text(sheet, row, 1, severity_word(finding.severity), styles.tags[finding.severity])
    put_text(sheet, row, 2, finding.sheet, styles.wrapped)
    where = finding.cell or say("（整表）", "(sheet)")
    cell = put_text(sheet, row, _WHERE, where, styles.link if linked else styles.top)
    if linked:
        target = finding.cell if spot.row else "A1"
        location = f"{quote_sheetname(spot.sheet.title)}!{target}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=location)
    texts = (finding.code, finding.name, _header(finding), finding.found, finding.expected,
             finding.message)  # fmt: skip
    for column, text in enumerate(texts, start=_WHERE + 1):
        put_text(sheet, row, column, text, styles.wrapped)
    lines = max(map(lines_taken, texts, _TEXT_WIDTHS))
    if lines > 1:
        sheet.row_dimensions[row].height = _LINE * min(lines, _MOST_LINES)


def _header(finding: Finding) -> str:
    """The column as the ledger calls it, in Chinese."""
    kinds = (finding.sheet, *schema.KEYS)  # a sheet may bear the name of its county instead
    known = (schema.sheet(kind).get(finding.variable) for kind in kinds)
    return next((variable.header for variable in known if variable), finding.variable)


def _set_up(sheet: Any, header: int, last: int) -> None:
    """Filter and fixed rows for the list, from its header to its last row; pages for printing."""
    sheet.auto_filter.ref = f"A{header}:{get_column_letter(len(_COLUMNS))}{last}"
    sheet.freeze_panes = f"A{header + 1}"
    sheet.print_title_rows = f"{header}:{header}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0  # as many pages as it takes, each as wide as the list
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _show_alone(book: Any, sheet: Any) -> None:
    """Open the workbook at this sheet alone; sheets selected together are edited together."""
    for other in book.worksheets:
        for view in other.views.sheetView:
            view.tabSelected = other is sheet
    for other in book.chartsheets:
        for view in other.sheetViews.sheetView:
            view.tabSelected = False
    book.active = 0
    for window in book.views[:1]:
        window.firstSheet = 0
