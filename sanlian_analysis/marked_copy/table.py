"""A CSV or Parquet file as a workbook of one sheet, opened for marking."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.excel import MOST_COLUMNS, MOST_ROWS
from sanlian_analysis.language import say
from sanlian_analysis.marked_copy.cells import (
    AUTHOR,
    columns_wide,
    font_with,
    put_text,
    storable,
    style_with,
)
from sanlian_analysis.marked_copy.original import Draft
from sanlian_analysis.sheet import Column, Sheet
from sanlian_analysis.workbook import read_sheets

#: Columns of the sheet are as wide as their headers, within these bounds.
_NARROWEST, _WIDEST = 12, 40
#: Excel has no days before.
_FIRST_YEAR = 1900
#: Whole numbers beyond this are not exact in a float; they stay as they came.
_EXACT = 2**53


def draft_of_table(source: Path) -> Draft:
    """A workbook with the one table of a file; text stays text.

    Raises SanlianError when the table does not fit a sheet.
    """
    (table,) = read_sheets(source)
    _refuse_too_large(source, table)
    book = Workbook()
    book.properties.creator = AUTHOR
    sheet = book.active
    sheet.title = table.name
    sheet.freeze_panes = "A2"
    text = style_with(sheet, number_format="@")
    heading = style_with(sheet, number_format="@", font=font_with(sheet, bold=True))
    for j, column in enumerate(table.columns, start=1):
        _write_column(sheet, j, column, heading, text)
        width = min(max(columns_wide(str(column[0])) + 2, _NARROWEST), _WIDEST)
        sheet.column_dimensions[get_column_letter(j)].width = width
    return Draft(book)


def _refuse_too_large(source: Path, table: Sheet) -> None:
    if table.size > MOST_ROWS or len(table.columns) > MOST_COLUMNS:
        raise SanlianError(
            say(
                f"{source}：{table.size} 行、{len(table.columns)} 列，一张工作表放不下；"
                "请分成几个文件",
                f"{source}: {table.size} rows and {len(table.columns)} columns are more than a "
                "worksheet holds; split the file",
            )
        )


def _write_column(sheet: Any, position: int, column: Column, heading: Any, text: Any) -> None:
    """The cells of one column, from the top; `heading` and `text` are styles."""
    for row, raw in enumerate(_values(column), start=1):
        value = _as_cell(raw)
        if isinstance(value, str):
            put_text(sheet, row, position, value, heading if row == 1 else text)
        elif value is not None:
            sheet.cell(row, position, value)


def _values(column: Column) -> Iterator[object]:
    """All cells of a column; None for an empty one. As `column[row]`, but at once."""
    kinds = [
        cells.to_pylist()
        for cells in (column.text, column.number, column.time, column.logical)
        if cells.null_count < len(cells)
    ]
    for cells in zip(*kinds, strict=True):
        yield next((value for value in cells if value is not None), None)


def _as_cell(value: object) -> object:
    """A value that a cell can hold as it is; as text what it cannot."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, dt.datetime) and value.year >= _FIRST_YEAR:
        return value.date() if value.time() == dt.time() else value
    return storable(str(value))
