"""The user's workbook, opened for marking, and what of it a copy will lack."""

from __future__ import annotations

import re
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from PIL.Image import DecompressionBombWarning

from sanlian_analysis.language import say
from sanlian_analysis.marked_copy.refusals import (
    NOT_UNDERSTOOD,
    explained,
    refuse_giant_areas,
    refuse_strict_format,
)
from sanlian_analysis.marked_copy.stored_values import Results, keep_stored_values

_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp|grpSp)[\s>]")
#: Stands among the signs of a workbook when a drawing of it has more than pictures and charts;
#: openpyxl's own warning has the word too, but comes only when it can read nothing of one.
_SHAPES = "Shapes"

#: What openpyxl does not write back: the sign of it, which is the name of a part of the
#: package or a warning of openpyxl's, and its name in Chinese and in English.
_LOSSES = (
    (r"^xl/charts/chart\d*\.xml", "图表的部分样式", "some of the look of charts"),
    (r"^xl/charts/chartEx|Unable to read chart", "部分图表", "some charts"),
    (rf"{_SHAPES}|^xl/diagrams/", "形状、文本框和 SmartArt", "shapes, text boxes and SmartArt"),
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


@dataclass
class Draft:
    """A copy in the making.

    `book`: the workbook of openpyxl. `lost`: what it lacks of the original, in
    words. `results`: those that its formulas had.
    """

    book: Any
    lost: list[str] = field(default_factory=list)
    results: Results = field(default_factory=dict)


def draft_of_workbook(source: Path) -> Draft:
    """The workbook as openpyxl reads it, with what it would drop noted or kept aside.

    Raises SanlianError when it cannot be read in this way.
    """
    with (
        explained(source, *NOT_UNDERSTOOD, OSError),
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.filterwarnings("always", category=UserWarning, module="openpyxl")
        warnings.filterwarnings("ignore", category=DecompressionBombWarning)
        # the stream is ours: openpyxl leaves a file open when it fails
        with source.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            refuse_strict_format(source, archive)
            refuse_giant_areas(source, archive)
            signs = _signs(archive)
            book = _loaded(stream)
            results = keep_stored_values(archive, book)
    signs += [str(warning.message) for warning in told]
    return Draft(book, _lost(signs), results)


def _loaded(stream: Any) -> Any:
    """The workbook of a stream; raises one of NOT_UNDERSTOOD when it would not be the same."""
    book = load_workbook(stream, rich_text=True)
    book.template = False  # the copy of a template, too, is called .xlsx
    tables = [table for sheet in book.worksheets for table in sheet.tables.values()]
    if not all(table.tableColumns for table in tables):
        raise ValueError("openpyxl would make up the columns of a table")
    return book


def _signs(archive: zipfile.ZipFile) -> list[str]:
    """Signs of what a copy will lack: the names of all parts, and `_SHAPES`."""
    names = archive.namelist()
    drawings = [name for name in names if re.match(r"xl/drawings/drawing\d*\.xml", name)]
    shapes = any(_SHAPE.search(archive.read(name)) for name in drawings)
    return [*names, *([_SHAPES] if shapes else [])]


def _lost(signs: list[str]) -> list[str]:
    """What the signs stand for, in words."""
    return [say(zh, en) for sign, zh, en in _LOSSES if any(re.search(sign, one) for one in signs)]
