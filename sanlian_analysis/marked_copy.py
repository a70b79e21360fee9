"""A copy of the user's own ledger in which every finding is marked in its cell, and listed."""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
import tempfile
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles import Alignment, Border, PatternFill, Side
from openpyxl.utils import column_index_from_string, get_column_letter, quote_sheetname
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.writer.excel import ExcelWriter
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import whole_file
from sanlian_analysis.findings import SEVERITIES, Finding, Severity, counts
from sanlian_analysis.language import say
from sanlian_analysis.schema import FINDINGS_SHEET
from sanlian_analysis.sheet import Column
from sanlian_analysis.workbook import read_sheets

#: Signs our comments and our sheet, so that the next copy can replace them.
AUTHOR = "sanlian check"
_TITLE_END = f" · {AUTHOR}"
#: Begins our part of a comment; what stands above it is the user's. Programs lose authors.
_SIGN = f"—— {AUTHOR} ——\n"

#: Fills by severity: apart in hue and in lightness, dark text is legible on each. They
#: are in no palette of Excel: a cell of exactly this colour was marked by an earlier copy.
_FILLS: dict[Severity, str] = {"error": "FFF1A38D", "warning": "FFF8E08A", "note": "FFC3E1F3"}
_OURS = {colour[2:] for colour in _FILLS.values()}

#: More comments than this make a spreadsheet program crawl; the worst cells come first.
_MOST_COMMENTS = 5_000
_LONGEST_COMMENT = 1_000
#: Excel's own limits: rows and columns, links of a sheet, UTF-16 units of a cell.
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_MOST_LINKS = 65_530
#: Findings that the list holds; the other rows of the sheet are for its head.
_MOST_LISTED = 1_048_500
_LONGEST_TEXT = 32_767
#: openpyxl makes a cell of everything that a merge, a link or a comment covers.
_MOST_COVERED = 2_000_000

#: Where a table of findings has its columns: header in both languages, width.
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
_WIDTHS = [width for *_, width in _COLUMNS]
#: Points that a line of the list takes, and the most lines that a row shows.
_LINE, _MOST_LINES = 15, 20

#: What openpyxl does not write back: how a part of the package, or a warning, tells of it.
_LOSSES = (
    (r"^xl/charts/chart\d*\.xml", "图表的部分样式", "some of the look of charts"),
    (r"^xl/charts/chartEx|Unable to read chart", "部分图表", "some charts"),
    (r"Shapes|^xl/diagrams/", "形状、文本框和 SmartArt", "shapes, text boxes and SmartArt"),
    (r"^xl/media/.*\.[ew]mf$|[Ii]mage .*(removed|dropped)", "部分图片", "some pictures"),
    (r"^xl/cellimages", "嵌入单元格的图片", "pictures inside cells"),
    (r"^xl/(ctrlProps|activeX)/", "控件（按钮、复选框等）", "controls (buttons, check boxes)"),
    (r"^xl/embeddings/", "嵌入的对象", "embedded objects"),
    (r"^xl/threadedComments/", "批注的回复关系", "the threads of comments"),
    (r"^xl/(slicers|timelines)/", "切片器和日程表", "slicers and timelines"),
    (r"^xl/(connections\.xml|queryTables/)", "外部数据连接", "data connections"),
    (r"^xl/vbaProject", "宏", "macros"),
    (r"^Data Validation", "引用其他工作表的下拉列表", "drop-down lists from other sheets"),
    (r"^Conditional Formatting|conditional formatting rule", "部分条件格式", "some conditional formats"),
    (r"^Sparkline", "迷你图", "sparklines"),
    (r"^Protected Range", "允许编辑的区域", "ranges open to editing"),
    (r"^Unknown extension", "新版 Excel 的扩展内容", "extensions of newer Excel"),
    (r"has a comment which will be removed", "合并区域内部的批注", "comments inside merged cells"),
    (r"header or footer", "部分页眉页脚", "some headers and footers"),
    (r"[Pp]rint area|Defined names", "部分名称和打印区域", "some names and print areas"),
)  # fmt: skip

#: What openpyxl raises on content that it does not understand.
_NOT_UNDERSTOOD = (
    ArithmeticError,
    AttributeError,
    DecompressionBombError,
    EOFError,
    InvalidFileException,
    LookupError,
    RuntimeError,
    SyntaxError,  # of XML
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

# What XML cannot hold, and what would turn the text around it: C0 and C1 controls,
# lone surrogates, non-characters, bidirectional controls.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_TOP = Alignment(vertical="top")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
#: Text that a spreadsheet program would run if someone edited it.
_FORMULA_STARTS = ("=", "+", "-", "@")

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_COVERING = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink|comment)\s[^>]*?\bref\s*=\s*["']([^"']*)["']"""
)
_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp|grpSp)[\s>]")
#: How XML in UTF-16 begins, in which nothing above would be found; Excel writes UTF-8.
_TWO_BYTES = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
#: A formula as openpyxl writes it: without the result that it had.
_FORMULA = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f[^>]*(?:/>|>[^<]*</f>))<v\s*(?:/>|></v>)</c>'
)


@dataclass
class _Copy:
    """A workbook to be marked. `results`: by sheet and cell, type and text of formulas' results."""

    book: Any
    lost: list[str] = field(default_factory=list)
    results: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Spot:
    """Where a finding stands in the copy: `sheet` None if nowhere, `row` 0 if in no cell."""

    finding: Finding
    sheet: Any
    row: int = 0
    column: int = 0


def check_marked_copy(source: Path, out: str | Path) -> None:
    """Refuse a place for the marked copy before anything is computed.

    Raises SanlianError when `out` is the ledger itself, under whatever name, or
    no `.xlsx`.
    """
    out = Path(out)
    if out.suffix.lower() != ".xlsx":
        raise SanlianError(
            say(
                f"{out}：标注副本只能是 .xlsx 文件，请换一个文件名",
                f"{out}: a marked copy is an .xlsx file; choose such a name",
            )
        )
    try:
        same = out.samefile(source)
    except OSError:
        same = False
    if same:
        raise SanlianError(
            say(
                f"{out}：这就是台账原件，不会覆盖；请给标注副本另取一个文件名",
                f"{out}: this is the ledger itself and is never overwritten; "
                "choose another name for the marked copy",
            )
        )


def write_marked_copy(source: Path, findings: Sequence[Finding], out: str | Path) -> None:
    """Write a copy of one file of a ledger with the findings marked, listed and linked.

    `source`: an `.xlsx` workbook, whose sheets, values, formulas with their
    results, formats, widths, merges and validations stay as they were; or a
    `.csv` or `.parquet` table, which becomes the sheet 社区. `findings`: those
    of this file. `source` is only read; `out` appears when it is whole.

    A cell with findings takes the colour of the worst (which covers its own
    fill) and a comment that says all of them; in a merged range the top left
    cell does. A comment of the user's stays, with ours below it. The sheet
    `FINDINGS_SHEET` comes first and lists every finding, worst first. Marks of
    an earlier copy are taken away before; a fill they covered does not come back.

    Lost, and said on that sheet where the file has it: shapes, text boxes,
    controls, embedded objects, pictures in formats or places that openpyxl does
    not read, threads of comments, macros, validations and conditional formats of
    newer Excel; charts are redrawn from what openpyxl understands. Lost without
    saying: fonts and box sizes of the user's comments, values under merged
    cells, digits of a number beyond the sixteenth.

    Raises SanlianError when `out` is `source` or no `.xlsx`, when the file
    cannot be copied, does not fit a sheet, or the place cannot be written.
    """
    check_marked_copy(source, out)
    marked = _opened(source) if source.suffix.lower() == ".xlsx" else _typed(source)
    _forget_earlier_marks(marked.book)
    spots = _spots(marked.book, findings)
    remarks = [*_mark(spots), *_shortened(len(spots))]
    if marked.lost:
        lost = say("、", ", ").join(marked.lost)
        remarks.append(
            say(f"本副本未能保留原件中的：{lost}", f"Of the original, this copy lacks: {lost}")
        )
    _list_findings(marked.book, source.name, spots, remarks)
    with whole_file(out) as part, _explained(source, *_NOT_UNDERSTOOD):
        _save(marked, part)


@contextmanager
def _explained(source: Path, *kinds: type[Exception]) -> Iterator[None]:
    """What openpyxl cannot understand as one message."""
    try:
        yield
    except kinds as error:
        raise _not_copied(
            source,
            f"其中有无法照抄的内容（{type(error).__name__}）",
            f"it has content that cannot be copied ({type(error).__name__})",
        ) from error


def _not_copied(source: Path, zh: str, en: str) -> SanlianError:
    return SanlianError(
        say(
            f"{source}：不能做成标注副本：{zh}；请在 Excel 中打开并另存为 .xlsx 后再试，"
            "检查结果见不带 --report 的输出",
            f"{source}: could not be copied with marks: {en}; open it in Excel, save it as "
            ".xlsx and try again. The findings are in the output without --report",
        )
    )


# --- opening the source -----------------------------------------------------------------


def _opened(source: Path) -> _Copy:
    """The workbook as openpyxl reads it, with what it would drop noted or kept aside."""
    with (
        _explained(source, *_NOT_UNDERSTOOD, OSError),
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.filterwarnings("always", category=UserWarning, module="openpyxl")
        warnings.filterwarnings("ignore", category=DecompressionBombWarning)
        # the stream is ours: openpyxl leaves a file open when it fails
        with source.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            _refuse_what_cannot_be_copied(source, archive)
            signs = _signs(archive)
            book = load_workbook(stream, rich_text=True)
            book.template = False
            if not all(one.tableColumns for ws in book.worksheets for one in ws.tables.values()):
                raise ValueError("openpyxl would make up the columns of a table")
            results = _kept_aside(archive, book)
        signs += [str(warning.message) for warning in told]
    lost = [say(zh, en) for sign, zh, en in _LOSSES if any(re.search(sign, s) for s in signs)]
    return _Copy(book, lost, results)


def _signs(archive: zipfile.ZipFile) -> list[str]:
    """The parts of a package, and a sentence when a drawing has more than pictures and charts."""
    names = archive.namelist()
    drawings = [name for name in names if re.match(r"xl/drawings/drawing\d*\.xml", name)]
    shapes = any(_SHAPE.search(archive.read(name)) for name in drawings)
    return [*names, *(["Shapes"] if shapes else [])]


def _refuse_what_cannot_be_copied(source: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what openpyxl would read as empty sheets, or as more cells than memory holds."""
    if b"purl.oclc.org/ooxml" in archive.read("xl/workbook.xml"):
        raise _not_copied(
            source,
            "它是“严格 Open XML”格式，请另存为普通的 .xlsx",
            "it is in the format Strict Open XML; save it as an ordinary .xlsx",
        )
    covered = 0
    for entry in archive.infolist():
        before = b""
        with archive.open(entry) as stream:
            while block := stream.read(4 * 1024 * 1024):
                text = before + block
                covered += sum(map(_size, _COVERING.findall(text)))
                begun = text.rfind(b"<")
                before = text[begun:] if begun >= 0 and b">" not in text[begun:] else b""
                if text.startswith(_TWO_BYTES) or len(before) > 2**20 or covered > _MOST_COVERED:
                    raise _not_copied(
                        source,
                        f"{entry.filename} 里有 Excel 不会写的内容，或大得不合常理的合并区域和链接",
                        f"{entry.filename} has content that Excel does not write, or merged "
                        "cells or links that are implausibly large",
                    )


def _size(reference: bytes) -> int:
    """How many cells a reference has; too many when it is no plain cell or area such as A1:C3."""
    text = unescape(reference.decode("latin-1")).strip()
    if ":" not in text:
        return 1
    found = _AREA.fullmatch(text)
    if not found:
        return _MOST_COVERED + 1
    left, top, right, bottom = found.groups()
    wide = abs(column_index_from_string(right.upper()) - column_index_from_string(left.upper()))
    return (wide + 1) * (abs(int(bottom) - int(top)) + 1)


def _kept_aside(archive: zipfile.ZipFile, book: Any) -> dict[str, dict[str, tuple[str, str]]]:
    """Results of formulas, by sheet and cell: openpyxl keeps a formula or its result, not both.

    A number too large for its date format, such as 20201231, which openpyxl takes
    for an error, is put back into its cell.
    """
    results: dict[str, dict[str, tuple[str, str]]] = {}
    parser = WorkbookParser(archive, "xl/workbook.xml", keep_links=False)
    parser.parse()
    parts = {sheet.name: relation.target for sheet, relation in parser.find_sheets()}
    for sheet in book.worksheets:
        formulas = {cell.coordinate for cell in _cells(sheet) if cell.data_type == "f"}
        errors = {
            cell.coordinate: cell
            for cell in _cells(sheet)
            if cell.data_type == "e" and cell.value == "#VALUE!"
        }
        if not formulas and not errors:
            continue
        kept = results[sheet.title] = {}
        for place, kind, text in _stored(archive, parts[sheet.title]):
            if place in formulas and kind in ("", "n", "str", "b", "e"):
                kept[place] = kind, text
            elif place in errors and kind in ("", "n"):
                number = float(text)
                errors[place].value = int(number) if number.is_integer() else number
    return results


def _stored(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str, str]]:
    """Place, type and stored text of every cell of a sheet that stores something."""
    with archive.open(part) as stream:
        for _, element in ElementTree.iterparse(stream):
            if element.tag.endswith("}c"):
                value = element.find("{*}v")
                if value is not None and value.text:
                    yield element.get("r", ""), element.get("t", ""), value.text
            elif element.tag.endswith("}row"):
                element.clear()


def _cells(sheet: Any) -> Iterable[Any]:
    """The cells that exist; `iter_rows` would make those between them."""
    return sheet._cells.values()


def _typed(source: Path) -> _Copy:
    """A workbook with the one table of a CSV or Parquet file; text stays text."""
    (table,) = read_sheets(source)
    if table.size > _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        raise SanlianError(
            say(
                f"{source}：{table.size} 行、{len(table.columns)} 列，一张工作表放不下；"
                "请分成几个文件",
                f"{source}: {table.size} rows and {len(table.columns)} columns are more than a "
                "worksheet holds; split the file",
            )
        )
    book = Workbook()
    book.properties.creator = AUTHOR
    sheet = book.active
    sheet.title = table.name
    sheet.freeze_panes = "A2"
    text = _style(sheet, number_format="@")
    heading = _style(sheet, number_format="@", font=_font(sheet, bold=True))
    for j, column in enumerate(table.columns, start=1):
        for i, raw in enumerate(_values(column), start=1):
            value = _plain(raw)
            if isinstance(value, str):
                _put(sheet, i, j, value, heading if i == 1 else text)
            elif value is not None:
                sheet.cell(i, j, value)
        width = min(max(_columns_wide(str(column[0])) + 2, 12), 40)
        sheet.column_dimensions[get_column_letter(j)].width = width
    return _Copy(book)


def _values(column: Column) -> Iterator[object]:
    """All cells of a column; None for an empty one."""
    kinds = [
        cells.to_pylist()
        for cells in (column.text, column.number, column.time, column.logical)
        if cells.null_count < len(cells)
    ]
    for cells in zip(*kinds, strict=True):
        yield next((value for value in cells if value is not None), None)


def _plain(value: object) -> object:
    """A value that a cell can hold as it is; as text what it cannot."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dt.datetime) and value.year >= 1900:
        return value.date() if value.time() == dt.time() else value
    return _cut(_NOT_XML.sub("", str(value)))


# --- marking ------------------------------------------------------------------------------


def _forget_earlier_marks(book: Any) -> None:
    """Take away the sheet, the comments and the colours of an earlier marked copy."""
    earlier = [sheet for sheet in book.worksheets if _is_ours(sheet)]
    for sheet in earlier:
        book.remove(sheet)
    for sheet in book.worksheets:
        for cell in _cells(sheet):
            comment = cell.comment
            commented = comment is not None and _without_ours(cell)
            if (earlier or commented) and cell.has_style and _fill_colour(cell) in _OURS:
                cell.fill = PatternFill()


def _is_ours(sheet: Any) -> bool:
    """A sheet of that name that bears our title; a user's own sheet of that name stays."""
    # str: LibreOffice makes it rich text
    named = sheet.title.startswith(FINDINGS_SHEET)
    return named and str(sheet["A1"].value).endswith(_TITLE_END)


def _without_ours(cell: Any) -> bool:
    """Leave of a comment only what the user wrote, in a box that shows it; whether ours was there."""
    comment = cell.comment
    own, sign, _ = comment.text.replace("\r\n", "\n").partition(_SIGN)
    own = own.removesuffix("\n\n") if sign else comment.text
    # openpyxl knows no sizes of boxes, and would make every box a small one
    cell.comment = Comment(own, comment.author, *_box(own)) if own.strip() else None
    return bool(sign)


def _fill_colour(cell: Any) -> str:
    colour = cell.fill.fgColor.rgb if cell.fill.fill_type == "solid" else ""
    return colour[-6:].upper() if isinstance(colour, str) else ""


def _spots(book: Any, findings: Iterable[Finding]) -> list[_Spot]:
    """Every finding with its place; worst first, then by sheet, row and column."""
    # the reader strips the names of sheets
    sheets = {sheet.title.strip(): sheet for sheet in reversed(book.worksheets)}
    sheets |= {sheet.title: sheet for sheet in book.worksheets}
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    order = {sheet.title: position for position, sheet in enumerate(book.worksheets)}
    spots = [
        _Spot(finding, sheets.get(finding.sheet), *_position(finding.cell)) for finding in findings
    ]
    spots.sort(
        key=lambda spot: (
            ranks[spot.finding.severity],
            order[spot.sheet.title] if spot.sheet else len(order),
            spot.finding.sheet,
            spot.row,
            spot.column,
        )
    )
    return spots


def _position(cell: str) -> tuple[int, int]:
    """Row and column of an address, from 1; (0, 0) for what is no address in a sheet."""
    found = _ADDRESS.fullmatch(cell)
    if not found:
        return 0, 0
    row, column = int(found[2]), column_index_from_string(found[1])
    return (row, column) if row <= _MOST_ROWS and column <= _MOST_COLUMNS else (0, 0)


def _mark(spots: Iterable[_Spot]) -> list[str]:
    """Colour the cells, the worst of which get comments as well; what there is to say about it."""
    marks: dict[Any, list[Finding]] = {}
    corners: dict[str, dict[tuple[int, int], tuple[int, int]]] = {}
    for spot in spots:
        if spot.sheet is not None and spot.row:
            if spot.sheet.title not in corners:
                corners[spot.sheet.title] = _corners(spot.sheet)
            place = spot.row, spot.column
            place = corners[spot.sheet.title].get(place, place)
            marks.setdefault((spot.sheet, *place), []).append(spot.finding)
    fills = {severity: PatternFill("solid", fgColor=rgb) for severity, rgb in _FILLS.items()}
    for number, ((sheet, row, column), found) in enumerate(marks.items()):
        cell = _cell(sheet, row, column)
        if _is_light(cell.font.color):
            cell.font = _font(sheet, cell, color="FF000000")
        cell.fill = fills[found[0].severity]
        if number < _MOST_COMMENTS:
            _comment(cell, found)
    if len(marks) <= _MOST_COMMENTS:
        return []
    return [
        say(
            f"{len(marks)} 个单元格有问题：颜色全部标出，批注只写给最严重的 {_MOST_COMMENTS} 个",
            f"{len(marks)} cells have findings: all are coloured, "
            f"the worst {_MOST_COMMENTS} have comments",
        )
    ]


def _corners(sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    """The top left cell of the merged range, for every cell in one."""
    return {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }


def _cell(sheet: Any, row: int, column: int) -> Any:
    """A cell to mark; a new one takes the format of its row or column, as in Excel."""
    if (row, column) in sheet._cells:
        return sheet._cells[row, column]
    cell = sheet.cell(row, column)
    band = sheet.row_dimensions.get(row)
    if band is None or not any(band._style or ()):
        within = (c for c in sheet.column_dimensions.values() if c.min and c.min <= column <= c.max)
        band = next(within, None)
    if band is not None and band._style:
        cell._style = copy(band._style)
    return cell


def _is_light(colour: Any) -> bool:
    """Whether text of this colour would vanish on a light fill."""
    if colour is None:
        return False
    if colour.type == "rgb":
        rgb = str(colour.rgb)[-6:]
        parts = [int(rgb[i : i + 2], 16) for i in (0, 2, 4)]
        return sum(parts) > 3 * 160
    # white and the light background, in the numbering of themes and of the old palette
    return colour.theme in (0, 2) if colour.type == "theme" else colour.indexed in (1, 9)


def _comment(cell: Any, findings: Sequence[Finding]) -> None:
    """Say all findings of a cell in a comment, below what the user wrote there."""
    lines = [f"{_word(one.severity)}{say('：', ': ')}{one.message}" for one in findings]
    text = _SIGN + _printable("\n".join(dict.fromkeys(lines)))
    if len(text) > _LONGEST_COMMENT:
        text = text[: _LONGEST_COMMENT - 1] + "…"
    author = AUTHOR
    if cell.comment is not None:
        text, author = f"{cell.comment.text}\n\n{text}", cell.comment.author
    cell.comment = Comment(text, author, *_box(text))


def _box(text: str) -> tuple[int, int]:
    """Height and width, in pixels, of a comment's box: about 40 columns wide, as high as needed."""
    return min(24 + 18 * _lines(text, 41), 440), 320


def _columns_wide(text: str) -> int:
    """Width on a grid where a hanzi takes two columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# --- the sheet of findings ----------------------------------------------------------------


def _list_findings(book: Any, file: str, spots: Sequence[_Spot], remarks: Sequence[str]) -> None:
    """Put a sheet in front that lists the findings, with links to their cells."""
    sheet = book.create_sheet(FINDINGS_SHEET, 0)
    plain = _style(sheet)
    large = _style(sheet, font=_font(sheet, bold=True, size=14))
    heading = _style(sheet, font=_font(sheet, bold=True), border=Border(bottom=Side("thin")))
    tags = {
        severity: _style(sheet, fill=PatternFill("solid", fgColor=rgb), alignment=_TOP)
        for severity, rgb in _FILLS.items()
    }
    _put(sheet, 1, 1, say("检查结果", "Findings") + _TITLE_END, large)
    _put(sheet, 2, 1, say("文件：", "File: ") + file, plain)
    found = counts(spot.finding for spot in spots)
    for column, (severity, number) in enumerate(found.items(), start=1):
        _put(sheet, 3, column, f"{_word(severity)} {number}", tags[severity])
    for row, remark in enumerate(remarks, start=4):
        _put(sheet, row, 1, remark, plain)
    header = 4 + len(remarks)
    for column, (zh, en, width) in enumerate(_COLUMNS, start=1):
        _put(sheet, header, column, say(zh, en), heading)
        sheet.column_dimensions[get_column_letter(column)].width = width
    if not spots:
        _put(sheet, header + 1, 1, say("没有发现问题", "Nothing was found"), plain)
    _list_rows(sheet, header + 1, spots[:_MOST_LISTED], tags)
    last = header + min(len(spots), _MOST_LISTED)
    sheet.auto_filter.ref = f"A{header}:{get_column_letter(len(_COLUMNS))}{last}"
    sheet.freeze_panes = f"A{header + 1}"
    sheet.print_title_rows = f"{header}:{header}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    _show(book, sheet)


def _list_rows(sheet: Any, start: int, spots: Sequence[_Spot], tags: dict[Severity, Any]) -> None:
    """One row per finding."""
    plain, wrapped = _style(sheet, alignment=_TOP), _style(sheet, alignment=_WRAPPED)
    blue = _font(sheet, color="FF0563C1", underline="single")
    link = _style(sheet, font=blue, alignment=_TOP)
    for number, spot in enumerate(spots):
        row, finding = start + number, spot.finding
        linked = spot.sheet is not None and number < _MOST_LINKS
        _put(sheet, row, 1, _word(finding.severity), tags[finding.severity])
        _put(sheet, row, 2, finding.sheet, wrapped)
        text = finding.cell or say("（整表）", "(sheet)")
        place = _put(sheet, row, 3, text, link if linked else plain)
        if linked:
            target = finding.cell if spot.row else "A1"
            location = f"{quote_sheetname(spot.sheet.title)}!{target}"
            place.hyperlink = Hyperlink(ref=place.coordinate, location=location)
        rest = (finding.code, finding.name, _header(finding), finding.found, finding.expected,
                finding.message)  # fmt: skip
        for column, text in enumerate(rest, start=4):
            _put(sheet, row, column, text, wrapped)
        lines = max(map(_lines, rest, _WIDTHS[3:]))
        if lines > 1:
            sheet.row_dimensions[row].height = _LINE * min(lines, _MOST_LINES)


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a column of this width."""
    if 2 * len(text) < width and "\n" not in text:
        return 1
    return sum(max(1, math.ceil(_columns_wide(line) / (width - 1))) for line in text.split("\n"))


def _header(finding: Finding) -> str:
    """The column as the ledger calls it, in Chinese."""
    kinds = (finding.sheet, *schema.KEYS)  # a sheet may bear the name of its county instead
    known = (schema.sheet(kind).get(finding.variable) for kind in kinds)
    return next((variable.header for variable in known if variable), finding.variable)


def _shortened(number: int) -> list[str]:
    """What to say when a sheet cannot hold that many findings or links."""
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


def _show(book: Any, sheet: Any) -> None:
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


def _word(severity: Severity) -> str:
    return say(*SEVERITIES[severity])


def _font(sheet: Any, cell: Any = None, **changes: Any) -> Any:
    """The font of a cell, or else the workbook's ordinary one, with some changes."""
    font = copy((cell or Cell(sheet, 1, 1)).font)
    for name, value in changes.items():
        setattr(font, name, value)
    return font


def _style(sheet: Any, **properties: Any) -> Any:
    """A style made once, for many cells: setting its parts cell by cell takes far longer."""
    cell = Cell(sheet, 1, 1)
    for name, value in properties.items():
        setattr(cell, name, value)
    return cell._style


def _put(sheet: Any, row: int, column: int, text: str, style: Any) -> Any:
    """Write text, which is never a formula, an error or a number, whatever it looks like."""
    cell = sheet.cell(row, column)
    cell._style = copy(style)
    if text:
        cell.value = _printable(text)
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(_FORMULA_STARTS)
    return cell


def _printable(text: str) -> str:
    r"""Text without what XML cannot hold or what would turn its surroundings, cut to a cell's size.

    >>> _printable("甲\x00社区\u202e")
    '甲社区'
    """
    return _cut(_UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def _cut(text: str) -> str:
    """At most as many UTF-16 units as a cell takes."""
    if len(text) * 2 <= _LONGEST_TEXT:
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * _LONGEST_TEXT:
        return text
    return units[: 2 * (_LONGEST_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


# --- saving -------------------------------------------------------------------------------


def _save(marked: _Copy, part: Path) -> None:
    """Save the workbook, with the results that its formulas had."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        if not any(marked.results.values()):
            _write(marked.book, part)
            return
        with tempfile.TemporaryFile() as draft:
            _write(marked.book, draft)
            _complete(draft, part, marked)


def _write(book: Any, target: Any) -> None:
    """Write a workbook; unlike its own `save` this closes the file also when it fails."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()


def _complete(draft: Any, part: Path, marked: _Copy) -> None:
    """The workbook of `draft` with the results of its formulas put in."""
    results = {
        sheet.path.lstrip("/"): marked.results.get(sheet.title, {})
        for sheet in marked.book.worksheets
    }
    with (
        zipfile.ZipFile(draft) as before,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for entry in before.infolist():
            content = before.read(entry)
            if kept := results.get(entry.filename):
                content = _with_results(content, kept)
            after.writestr(entry, content)


def _with_results(content: bytes, results: dict[str, tuple[str, str]]) -> bytes:
    """A sheet's XML with results put behind its formulas."""

    def filled(found: re.Match[bytes]) -> bytes:
        place, attributes, formula = found.groups()
        if place.decode() not in results:
            return found[0]
        kind, text = results[place.decode()]
        typed = b' t="%s"' % kind.encode() if kind else b""
        value = escape(text).encode()
        return b'<c r="%s"%s%s>%s<v>%s</v></c>' % (place, attributes, typed, formula, value)

    return _FORMULA.sub(filled, content)
