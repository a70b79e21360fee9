"""Marks in the cells: a colour and a comment for findings, and taking those of earlier away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from sanlian_analysis.findings import Finding
from sanlian_analysis.language import say
from sanlian_analysis.marked_copy.cells import (
    AUTHOR,
    existing_cells,
    font_with,
    lines_taken,
    printable,
)
from sanlian_analysis.marked_copy.findings_sheet import is_findings_sheet
from sanlian_analysis.marked_copy.spots import FILLS, Spot, severity_word

#: Begins our part of a comment; what stands above it is the user's. Programs lose authors.
_SIGN = f"—— {AUTHOR} ——\n"
_OUR_COLOURS = {colour[2:] for colour in FILLS.values()}

#: More comments than this make a spreadsheet program crawl; the worst cells come first.
_MOST_COMMENTS = 5_000
_LONGEST_COMMENT = 1_000
#: A comment's box in pixels: its width, which takes so many columns of text, the height of
#: its frame and of a line, and the greatest height.
_BOX_WIDTH, _BOX_COLUMNS = 320, 41
_BOX_FRAME, _BOX_LINE, _BOX_HIGHEST = 24, 18, 440

#: Text whose red, green and blue are above this on average vanishes on a light fill.
_LIGHT = 160
#: White and the light background, in the numbering of themes and of the old palette.
_LIGHT_THEMES, _LIGHT_INDEXED = (0, 2), (1, 9)

#: A cell of the workbook: its sheet, row and column.
_Place = tuple[Any, int, int]


# --- marks of an earlier copy -------------------------------------------------------------


def forget_earlier_marks(book: Any) -> None:
    """Take away the sheet, the comments and the colours of an earlier marked copy.

    A colour is taken for ours only where a sheet or a comment of ours says that
    there was such a copy.
    """
    earlier = [sheet for sheet in book.worksheets if is_findings_sheet(sheet)]
    for sheet in earlier:
        book.remove(sheet)
    for sheet in book.worksheets:
        for cell in existing_cells(sheet):
            commented = cell.comment is not None and _remove_our_comment(cell)
            if (earlier or commented) and cell.has_style and _fill_colour(cell) in _OUR_COLOURS:
                cell.fill = PatternFill()


def _remove_our_comment(cell: Any) -> bool:
    """Leave of a comment only what the user wrote; returns whether there was more, of ours."""
    comment = cell.comment
    own, sign, _ = comment.text.replace("\r\n", "\n").partition(_SIGN)
    own = own.removesuffix("\n\n") if sign else comment.text
    # anew in any case: openpyxl knows no sizes of boxes, and would make every box a small one
    cell.comment = Comment(own, comment.author, *_box(own)) if own.strip() else None
    return bool(sign)


def _fill_colour(cell: Any) -> str:
    """Red, green and blue of a cell's fill in six digits; empty when it has no plain colour."""
    colour = cell.fill.fgColor.rgb if cell.fill.fill_type == "solid" else ""
    return colour[-6:].upper() if isinstance(colour, str) else ""


# --- new marks ----------------------------------------------------------------------------


def mark(spots: Iterable[Spot]) -> list[str]:
    """Colour the cells of findings, which come worst first, and comment as many as is wise.

    Returns what there is to say about it: that some have no comment.
    """
    marked = _by_cell(spots)
    fills = {severity: PatternFill("solid", fgColor=rgb) for severity, rgb in FILLS.items()}
    for number, ((sheet, row, column), findings) in enumerate(marked.items()):
        cell = _cell(sheet, row, column)
        if _is_light(cell.font.color):
            cell.font = font_with(sheet, cell, color="FF000000")
        cell.fill = fills[findings[0].severity]
        if number < _MOST_COMMENTS:
            _comment(cell, findings)
    if len(marked) <= _MOST_COMMENTS:
        return []
    return [
        say(
            f"{len(marked)} 个单元格有问题：颜色全部标出，批注只写给最严重的 {_MOST_COMMENTS} 个",
            f"{len(marked)} cells have findings: all are coloured, "
            f"the worst {_MOST_COMMENTS} have comments",
        )
    ]


def _by_cell(spots: Iterable[Spot]) -> dict[_Place, list[Finding]]:
    """The findings of every cell that is to be marked: of a merged range, its top left cell."""
    found: dict[_Place, list[Finding]] = {}
    corners: dict[str, dict[tuple[int, int], tuple[int, int]]] = {}
    for spot in spots:
        if spot.sheet is None or not spot.row:
            continue
        title = spot.sheet.title
        if title not in corners:
            corners[title] = _corners(spot.sheet)
        place = spot.row, spot.column
        row, column = corners[title].get(place, place)
        found.setdefault((spot.sheet, row, column), []).append(spot.finding)
    return found


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
        return sum(parts) > 3 * _LIGHT
    if colour.type == "theme":
        return colour.theme in _LIGHT_THEMES
    return colour.indexed in _LIGHT_INDEXED


def _comment(cell: Any, findings: Sequence[Finding]) -> None:
    """Say all findings of a cell in a comment, below what the user wrote there."""
    colon = say("：", ": ")
    lines = [f"{severity_word(one.severity)}{colon}{one.message}" for one in findings]
    text = _SIGN + printable("\n".join(dict.fromkeys(lines)))
    if len(text) > _LONGEST_COMMENT:
        text = text[: _LONGEST_COMMENT - 1] + "…"
    author = AUTHOR
    if cell.comment is not None:
        text, author = f"{cell.comment.text}\n\n{text}", cell.comment.author
    cell.comment = Comment(text, author, *_box(text))


def _box(text: str) -> tuple[int, int]:
    """Height and width, in pixels, of the box that shows a comment's text."""
    height = _BOX_FRAME + _BOX_LINE * lines_taken(text, _BOX_COLUMNS)
    return min(height, _BOX_HIGHEST), _BOX_WIDTH
