"""Cells of the copy: their styles, the texts that go into them, the room that a text takes."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from copy import copy
from typing import Any

from openpyxl.cell import Cell

from sanlian_analysis.excel import LONGEST_TEXT

#: Signs our comments and our sheet, so that the next copy can replace them.
AUTHOR = "sanlian check"

#: C0 controls, lone surrogates, non-characters.
_NO_XML_CHARACTERS = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_NOT_XML = re.compile(f"[{_NO_XML_CHARACTERS}]")
#: The same with DEL and the C1 controls, which XML can hold, and with the bidirectional
#: ones, which would turn what stands around them.
_UNPRINTABLE = re.compile(
    f"[{_NO_XML_CHARACTERS}\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
#: Text that a spreadsheet program would run if someone edited it.
_FORMULA_STARTS = ("=", "+", "-", "@")


def existing_cells(sheet: Any) -> Iterable[Any]:
    """The cells that exist; `iter_rows` would make those between them."""
    cells: dict[tuple[int, int], Any] = sheet._cells
    return cells.values()


# --- styles -------------------------------------------------------------------------------


def font_with(sheet: Any, cell: Any = None, **changes: Any) -> Any:
    """The font of a cell, or else the workbook's ordinary one, with some changes."""
    font = copy((cell or Cell(sheet, 1, 1)).font)
    for name, value in changes.items():
        setattr(font, name, value)
    return font


def style_with(sheet: Any, **properties: Any) -> Any:
    """A style made once, for many cells: setting its parts cell by cell takes far longer."""
    cell = Cell(sheet, 1, 1)
    for name, value in properties.items():
        setattr(cell, name, value)
    return cell._style


# --- texts --------------------------------------------------------------------------------


def put_text(sheet: Any, row: int, column: int, text: str, style: Any) -> Any:
    """Write text, which is never a formula, an error or a number, whatever it looks like.

    Returns the cell; an empty text gives it the style alone.
    """
    cell = sheet.cell(row, column)
    cell._style = copy(style)
    if text:
        cell.value = printable(text)
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(_FORMULA_STARTS)
    return cell


def printable(text: str) -> str:
    r"""Our own text, without what XML cannot hold or what would turn its surroundings, cut to fit.

    >>> printable("甲\x00社区\u202e")
    '甲社区'
    """
    return _cut(_UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def storable(text: str) -> str:
    """The user's text as it is, but for what XML cannot hold and what a cell has no room for."""
    return _cut(_NOT_XML.sub("", text))


def _cut(text: str) -> str:
    """At most as many UTF-16 units as a cell takes."""
    if len(text) * 2 <= LONGEST_TEXT:  # short in any case: no need to encode it
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * LONGEST_TEXT:
        return text
    return units[: 2 * (LONGEST_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


# --- room ---------------------------------------------------------------------------------


def columns_wide(text: str) -> int:
    """Width on a grid where a hanzi takes two columns."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def lines_taken(text: str, width: int) -> int:
    """Lines that a text takes where a line has this many columns."""
    if 2 * len(text) < width and "\n" not in text:  # one line in any case: no need to measure
        return 1
    return sum(max(1, math.ceil(columns_wide(line) / (width - 1))) for line in text.split("\n"))
