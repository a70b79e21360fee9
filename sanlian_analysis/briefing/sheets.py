"""Sheets of a workbook: printed on A4 across, texts written as texts, verdicts tinted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from typing import Any

from sanlian_analysis.briefing.plain import clean, halves
from sanlian_analysis.briefing.value import Briefing
from sanlian_analysis.charts.style import MUTED, TAG_PAPER, VERDICTS
from sanlian_analysis.excel import LONGEST_NAME, LONGEST_TEXT
from sanlian_analysis.language import say
from sanlian_analysis.tables import Table, simulated_mark, verdict_text

_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]+")
#: What follows these in a caption is more than a name.
_ASIDE = re.compile("[:：,，(（]")

#: Widths in characters that can be read on one printed page.
_PRINTED = 230
#: Height of a line in points, at the usual size of letters, and the tallest row that Excel takes.
LINE, _SIZE, _TALLEST = 15.5, 11, 409

#: Rows above the header of a table: its caption, and whom it is about.
ABOVE = 2

EDGE = "#BFC4C9"
HEADER = {"bold": True, "valign": "vcenter", "align": "center", "bg_color": "#E4E9EE"}


class Sheet:
    """A worksheet to be printed on A4 across, that texts are written into as texts."""

    def __init__(self, book: Book, name: str, widths: Sequence[float]) -> None:
        """An empty sheet under this name or one like it; `widths`: of its columns, in characters."""
        self.book, self.widths = book, widths
        self.there = there = book.add(name)
        for column, width in enumerate(widths):
            there.set_column(column, column, width)
        there.set_default_row(LINE)
        there.set_landscape()
        there.set_paper(9)  # A4
        pages = ceil(sum(widths) / _PRINTED)
        there.fit_to_pages(pages, 0)
        if pages > 1:
            there.repeat_columns(0)
        there.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        there.set_footer(f"&L&A&C{book.mark}&R&P / &N")

    def text(self, row: int, column: int, text: str, **letters: Any) -> None:
        """Write a text as a text, whatever it looks like."""
        form, shown = self.book.format(**letters), shortened(clean(text), LONGEST_TEXT)
        if shown:
            self.there.write_string(row, column, shown, form)
        else:
            self.there.write_blank(row, column, None, form)

    def sentence(self, row: int, text: str, first: int = 0, **letters: Any) -> int:
        """Write a text across the columns from `first`, as tall as it is; gives the row below."""
        last = len(self.widths) - 1
        first = min(first, last)
        look: dict[str, Any] = {"text_wrap": True, "valign": "top", "font_size": _SIZE} | letters
        if first < last:
            self.there.merge_range(row, first, row, last, "", self.book.format(**look))
        self.text(row, first, text, **look)
        scale = look["font_size"] / _SIZE
        lines = ceil(halves(text) * scale / (sum(self.widths[first:]) - 2))
        self.there.set_row(row, min(max(lines, 1) * LINE * scale, _TALLEST))
        return row + 1

    def row(self, row: int, texts: Sequence[str], forms: Sequence[dict[str, Any]]) -> None:
        """Write one row of wrapped texts, as tall as its tallest cell."""
        lines = 1
        for column, (text, form) in enumerate(zip(texts, forms, strict=True)):
            self.text(row, column, text, text_wrap=True, border=1, border_color=EDGE, **form)
            lines = max(lines, ceil(halves(text) / (self.widths[column] - 2)))
        self.there.set_row(row, min(lines * LINE, _TALLEST))

    def frame(self, last: int, columns: int) -> None:
        """Filters over a table that ends in a row, and its header in sight and on every page."""
        self.there.freeze_panes(ABOVE + 1, 1)
        self.there.autofilter(ABOVE, 0, max(last, ABOVE), columns - 1)
        self.there.repeat_rows(ABOVE)

    def tint(self, first: int, last: int, column: int) -> None:
        """Colour the verdicts, which stay told apart by their words and signs."""
        for verdict, mark in VERDICTS.items():
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{verdict_text(verdict)}"',
                "format": self.book.format(bg_color=mark.cell),
            }
            self.there.conditional_format(first, column, max(last, first), column, rule)

    def about(self, row: int) -> None:
        """Whom the sheet is about, led by the mark of simulated data."""
        text = self.book.briefing.headline.heading
        if self.book.mark:
            text = f"{self.book.mark}{say('　', '  ')}{text}"
            self.sentence(row, text, bold=True, bg_color=TAG_PAPER)
        else:
            self.sentence(row, text, font_color=MUTED)

    def grid(self, table: Table, row: int) -> int:
        """Header and rows of a table of texts; gives the row below."""
        self.row(row, table.header, [HEADER] * len(table.header))
        forms: list[dict[str, Any]] = [
            {"valign": "top", "align": "right" if column in table.numeric else "left", "indent": 1}
            for column in range(len(table.header))
        ]
        verdicts = {verdict_text(verdict) for verdict in VERDICTS}
        for below, cells in enumerate(table.rows, start=row + 1):
            self.row(below, [str(cell) for cell in cells], forms)
        for column, cells in enumerate(zip(*table.rows, strict=True)):
            if verdicts.intersection(map(str, cells)):
                self.tint(row + 1, row + len(cells), column)
        return row + 1 + len(table.rows)


class Book:
    """A workbook that grows sheet by sheet."""

    def __init__(self, book: Any, briefing: Briefing) -> None:
        """`book`: of XlsxWriter, without sheets."""
        self._book = book
        self.briefing = briefing
        self._names: set[str] = set()
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.mark = simulated_mark() if briefing.simulated else ""

    def add(self, name: str) -> Any:
        """An empty worksheet, under this name or one like it that Excel takes."""
        there = self._book.add_worksheet(_sheet_name(name, self._names))
        there.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        return there

    def format(self, **properties: Any) -> Any:
        """The format with these properties; each is made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def chart(self, kind: str) -> Any:
        """A chart of a kind that XlsxWriter knows, not yet on any sheet."""
        return self._book.add_chart({"type": kind})


def _sheet_name(name: str, used: set[str]) -> str:
    """A name that Excel takes for a sheet, and no other sheet has; `used` learns it.

    What follows a colon, comma or bracket is left out, and no word is cut.

    >>> used = set()
    >>> _sheet_name("各县判定（2023-12-31）", used), _sheet_name("各县判定：全部", used)
    ('各县判定', '各县判定 2')
    """
    legal = _NOT_IN_NAMES.sub("_", _ASIDE.split(clean(name))[0]).strip("' ") or "_"
    legal = f"{legal}_" if legal.lower() == "history" else legal  # which Excel keeps for itself
    found = shortened(legal, LONGEST_NAME)
    if found != legal and " " in found:
        found = found.rpartition(" ")[0]
    found, number = found.strip("' "), 1
    head = shortened(found, LONGEST_NAME - 4)
    while found.lower() in used:
        number += 1
        found = f"{head} {number}"
    used.add(found.lower())
    return found


def shortened(text: str, most: int) -> str:
    """At most `most` UTF-16 units of a text, no character halved."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
