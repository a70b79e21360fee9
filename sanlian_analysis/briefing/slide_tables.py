"""Tables on slides: as many rows on each as there is room for, all cells editable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.slide_charts import accent
from sanlian_analysis.briefing.slide_text import Box, columns, cut_list, lines, tall
from sanlian_analysis.charts import style
from sanlian_analysis.tables import Table, verdict_text

#: Inches around the text of a cell: both sides together, above and below together.
_SIDES, _ENDS = 0.2, 0.09

_NO_TABLE_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


class Grid:
    """How a table is set: its columns, the size of its letters, the rows of each page.

    `size`: points; `most`: lines of a cell, what is more is cut. Columns in
    which no row has a word are left out.
    """

    def __init__(self, table: Table, width: float, size: int, most: int) -> None:
        """The table in a width in inches."""
        texts = [[clean(cell) for cell in row] for row in (table.header, *table.rows)]
        kept = [i for i in range(len(table.header)) if any(row[i] for row in texts[1:])]
        self._numeric = frozenset(n for n, i in enumerate(kept) if i in table.numeric)
        self._rows = [[row[i] for i in kept] for row in texts]
        self._size, self._most = size, most
        self._widths = columns(self._rows, width, size, _SIDES)
        self._lines = [self._needed(row) for row in self._rows]
        self._heights = [tall(min(most, needed), size) + _ENDS for needed in self._lines]

    def _needed(self, row: Sequence[str]) -> int:
        cells = zip(row, self._widths, strict=True)
        return max(lines(text, room - _SIDES, self._size) for text, room in cells)

    @property
    def whole(self) -> bool:
        """Whether no cell has to be cut."""
        return max(self._lines) <= self._most

    def pages(self, room: float, most: int) -> list[range]:
        """Rows that go on one page each, `most` of them; the header, row 0, is on every page."""
        return list(self._paged(room, most))

    def _paged(self, room: float, most: int) -> Iterator[range]:
        heights = self._heights
        start, used = 1, heights[0]
        for row in range(1, len(heights)):
            if row > start and (row - start == most or used + heights[row] > room):
                yield range(start, row)
                start, used = row, heights[0]
            used += heights[row]
        yield range(start, len(heights))

    def cells(self, page: range) -> set[str]:
        """Every text of some rows."""
        return {cell for row in self._rows[page.start : page.stop] for cell in row}

    def draw(self, slide: Any, body: Box, page: range) -> float:
        """The header and some rows at the top of a place; gives their height in inches."""
        shown = [0, *page]
        height = sum(self._heights[row] for row in shown)
        place = Box(body.left, body.top, sum(self._widths), height)
        table = slide.shapes.add_table(2, len(self._widths), *place.emu).table
        table.horz_banding = False
        table._tbl.tblPr.find(qn("a:tableStyleId")).text = _NO_TABLE_STYLE
        for column, room in zip(table.columns, self._widths, strict=True):
            column.width = Inches(room)
        for kind, row in enumerate(table.rows):
            for column, cell in enumerate(row.cells):
                self._prepare(cell, column, head=kind == 0)
        head, body_row = table._tbl.tr_lst
        table._tbl.remove(body_row)
        self._fill(head, 0)
        for row in page:  # copying a row is far quicker than making one
            copy = deepcopy(body_row)
            self._fill(copy, row)
            table._tbl.append(copy)
        return height

    def _prepare(self, cell: Any, column: int, *, head: bool) -> None:
        """Margins, rule and letters of a cell, and a run for its text."""
        cell.margin_left = cell.margin_right = Inches(_SIDES / 2)
        cell.margin_top = cell.margin_bottom = Inches(_ENDS / 2)
        cell.vertical_anchor = MSO_ANCHOR.MIDDLE
        paragraph = cell.text_frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.RIGHT if column in self._numeric else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.font.size, run.font.bold = Pt(self._size), head
        if head:
            accent(run.font.color)
        colour = '<a:schemeClr val="accent1"/>' if head else f'<a:srgbClr val="{style.GRID[1:]}"/>'
        rule = (
            f'<a:lnB {nsdecls("a")} w="{19050 if head else 9525}"><a:solidFill>{colour}'
            "</a:solidFill></a:lnB>"
        )
        cell._tc.get_or_add_tcPr().insert(0, parse_xml(rule))

    def _fill(self, row: Any, number: int) -> None:
        """The texts of one row into its cells; verdicts on the tint of theirs."""
        row.h = Inches(self._heights[number])
        for cell, text, room in zip(row.tc_lst, self._rows[number], self._widths, strict=True):
            run = cell.txBody.p_lst[0].r_lst[0]
            run.t.text = cut_list(text, room - _SIDES, self._size, self._most)
            if number and (tint := _tints().get(text[:2])):
                cell.tcPr.append(_solid(tint))
                run.rPr.insert(0, _solid(style.INK))


def _solid(colour: str) -> Any:
    return parse_xml(f'<a:solidFill {nsdecls("a")}><a:srgbClr val="{colour[1:]}"/></a:solidFill>')


def _tints() -> dict[str, str]:
    """The tint of a cell by the sign that a verdict begins with."""
    return {verdict_text(verdict)[:2]: mark.cell for verdict, mark in style.VERDICTS.items()}


def fitting(
    table: Table,
    width: float,
    room: float,
    *,
    rows: int,
    most: int,
    sizes: Sequence[int],
    pages: int | None = None,
) -> tuple[Grid, list[range]]:
    """A table at the largest size that needs no more pages than its rows do, and those pages.

    `room`: inches for its rows on a page; `rows`: at most so many there; `most`:
    lines of a cell; `pages`: at most so many, with as many rows as they take. Where
    all have room the rows are spread evenly.
    """
    for size in sizes:
        grid = Grid(table, width, size, most)
        found = grid.pages(room, rows)
        if len(found) <= math.ceil(len(table.rows) / rows) and grid.whole:
            break
    if pages is not None and len(found) > pages:
        return grid, found[:pages]
    even = grid.pages(room, math.ceil(len(table.rows) / len(found)))
    return grid, even if len(even) == len(found) else found
