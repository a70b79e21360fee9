"""Tables of a Word document, as wide as its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from docx.oxml.ns import qn

from sanlian_analysis.briefing.document_blank import ROOM
from sanlian_analysis.briefing.document_parts import make, paragraph, run
from sanlian_analysis.briefing.document_styles import looks
from sanlian_analysis.briefing.plain import clean, halves
from sanlian_analysis.tables import Table

#: Beside the text of a cell, and half a character per half-point of its size, in twentieths
#: of a point.
_MARGIN, _HALF = 85, 5
_TEXT = qn("w:t")
_SMALL = "Small Table"


def grid(table: Table, rows: Sequence[Sequence[object]], look: str) -> Any:
    """A table of these rows below its header, which repeats on every page.

    Rows stay whole, and the last one with what stands below it. Letters are
    those of small tables where a word would be broken at the size of `look`.
    """
    texts = [[clean(cell) for cell in row] for row in (table.header, *rows)]
    if sum(_words(texts)) > _room(len(texts[0]), looks()[look].size):
        look = _SMALL
    widths = _widths(texts, looks()[look].size)
    aligned = ["right" if column in table.numeric else "left" for column in range(len(widths))]
    header = _row(look, widths, ["center"] * len(widths), header=True)
    body = _row(look, widths, aligned)
    last = _row(look, widths, aligned, keep=True)
    kinds = [header, *[body] * (len(rows) - 1), *([last] if rows else [])]
    return make(
        "w:tbl",
        {},
        _table_properties(sum(widths), clean(table.caption)),
        make("w:tblGrid", {}, *(make("w:gridCol", {"w:w": str(width)}) for width in widths)),
        *(_filled(kind, row) for kind, row in zip(kinds, texts, strict=True)),
    )


def _filled(row: Any, texts: Sequence[str]) -> Any:
    """A copy of a row with these texts in its cells; copying is far quicker than making."""
    copy = deepcopy(row)
    for place, text in zip(copy.iter(_TEXT), texts, strict=True):
        place.text = text
    return copy


def _row(
    look: str,
    widths: Sequence[int],
    aligned: Sequence[str],
    *,
    header: bool = False,
    keep: bool = False,
) -> Any:
    """A row of empty cells: the `header`, or one to `keep` on the page of what follows."""
    properties = [make("w:cantSplit"), *([make("w:tblHeader")] if header else [])]
    row = make("w:tr", {}, make("w:trPr", {}, *properties))
    for width, align in zip(widths, aligned, strict=True):
        sized = make("w:tcPr", {}, make("w:tcW", {"w:w": str(width), "w:type": "dxa"}))
        if header:
            sized.append(make("w:shd", {"w:val": "clear", "w:fill": "EFEFEF"}))
        sized.append(make("w:vAlign", {"w:val": "center"}))
        line = paragraph(look, run(look, "", *([make("w:b")] if header else [])))
        line[0].extend([make("w:keepNext")] if keep else [])
        line[0].append(make("w:jc", {"w:val": align}))
        row.append(make("w:tc", {}, sized, line))
    return row


def _table_properties(width: int, caption: str) -> Any:
    thin = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "808080"}
    thick = thin | {"w:sz": "8", "w:color": "000000"}
    edges = {"top": thick, "left": thin, "bottom": thick, "right": thin}
    edges |= {"insideH": thin, "insideV": thin}
    margins = ("left", "right")
    return make(
        "w:tblPr",
        {},
        make("w:tblW", {"w:w": str(width), "w:type": "dxa"}),
        make("w:jc", {"w:val": "center"}),
        make("w:tblBorders", {}, *(make(f"w:{edge}", line) for edge, line in edges.items())),
        make("w:tblLayout", {"w:type": "fixed"}),
        make(
            "w:tblCellMar",
            {},
            *(make(f"w:{side}", {"w:w": str(_MARGIN), "w:type": "dxa"}) for side in margins),
        ),
        make("w:tblLook", {"w:firstRow": "1", "w:noHBand": "1", "w:noVBand": "1"}),
        make("w:tblCaption", {"w:val": caption}),
    )


def _widths(rows: Sequence[Sequence[str]], size: int) -> list[int]:
    """Widths of columns in twentieths of a point; together as wide as the text.

    No word is broken unless there is no room for all; what is left goes where it
    spares the most lines, and the rest to all alike.
    """
    half = size * _HALF
    count = len(rows[0])
    full, room = _full(count), _room(count, size)
    texts = np.array([[halves(cell) for cell in row] for row in rows])
    words = _words(rows)
    widths = np.zeros(count, dtype=int)
    for done, column in enumerate(np.argsort(words, kind="stable")):
        widths[column] = min(words[column], (room - int(widths.sum())) // (count - done))
    while (left := room - int(widths.sum())) > 0:
        spared, more, column = max(
            (*_best_widening(texts, widths, column, left), column) for column in range(count)
        )
        if spared <= 0:
            break
        widths[column] += more
    spare = (full - int(widths.sum()) * half) // count
    return [int(width) * half + 2 * _MARGIN + spare for width in widths]


def _best_widening(texts: Any, widths: Any, column: int, left: int) -> tuple[float, int]:
    """How many lines a wider column spares per half character, and how much wider that is.

    A row is as tall as its tallest cell; the other cells count a little, so that
    several columns can give way together.
    """
    lines = -(-texts // widths)
    others = np.delete(lines, column, axis=1).max(axis=1, initial=1)
    wider = widths[column] + np.arange(left + 1)
    own = -(-texts[:, column] // wider[:, None])
    cost = np.maximum(own, others).sum(axis=1) + own.sum(axis=1) / texts.shape[1]
    spared = (cost[0] - cost[1:]) / np.arange(1, left + 1)
    best = int(spared.argmax())
    return float(spared[best]), best + 1


def _full(columns: int) -> int:
    """What so many columns leave for letters, in twentieths of a point."""
    return int(ROOM.twips) - 2 * _MARGIN * columns


def _room(columns: int, size: int) -> int:
    """The same in half characters, with one to spare in each column."""
    return _full(columns) // (size * _HALF) - columns


def _words(rows: Sequence[Sequence[str]]) -> list[int]:
    """Width of the longest word of each column, in half characters; the header is bold."""
    head, *body = rows
    return [
        max(_unbroken(title, 2), *(_unbroken(cell, 1) for cell in cells), 1)
        for title, *cells in zip(head, *body, strict=True)
    ]


def _unbroken(text: str, slack: int) -> int:
    """Width of the longest word, or of four hanzi."""
    longest = max((len(word) + slack for word in re.findall(r"[!-~]+", text)), default=1)
    return max(longest, min(halves(text), 8))
