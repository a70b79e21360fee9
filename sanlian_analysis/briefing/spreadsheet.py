"""A briefing as an Excel workbook: texts to read, raw figures to sort, charts to edit."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import cast

from sanlian_analysis.briefing import sheet_charts, sheet_results
from sanlian_analysis.briefing.plain import clean, halves
from sanlian_analysis.briefing.sheets import ABOVE, Book, Sheet, shortened
from sanlian_analysis.briefing.value import Briefing
from sanlian_analysis.charts.style import MUTED
from sanlian_analysis.excel import new_workbook
from sanlian_analysis.language import Language, say, using
from sanlian_analysis.tables import Table, simulated_mark

#: Longest text among the properties of a workbook.
_PROPERTY = 255

#: Widths of columns in characters, a cell with more is wrapped; what sentences have room in.
_NARROWEST, _WIDEST, _READABLE = 8, 46, 100


def spreadsheet(briefing: Briefing) -> bytes:
    """The briefing as `.xlsx`; the same briefing gives the same bytes.

    Tables are texts as in every other rendering; the sheets of results and of
    components hold the raw figures, unrounded. No cell is a formula.
    """
    content = io.BytesIO()
    with using(cast(Language, briefing.language)):
        properties = {
            "title": shortened(clean(briefing.title), _PROPERTY),
            "subject": shortened(clean(briefing.policy), _PROPERTY),
            "comments": simulated_mark() if briefing.simulated else "",
        }
        book = new_workbook(content, properties, in_memory=True)
        made = Book(book, briefing)
        _summary(made)
        sheet_results.write(made, say("结果", "Results"), briefing.results)
        _table(made, say("未达标", "Falling short"), briefing.short)
        sheet_results.write(made, say("明细", "Components"), briefing.components)
        for table in (*briefing.leading, *briefing.tables):
            _table(made, table.caption, table)
        _table(made, say("依据", "Clauses"), briefing.clauses)
        if natives := [native for native in briefing.natives if native.categories]:
            sheet_charts.write(made, natives)
        book.close()
    return content.getvalue()


def _summary(book: Book) -> None:
    """What the area's figures say, the table of what binds, and where all this comes from."""
    briefing, key = book.briefing, book.briefing.key
    sheet = Sheet(book, say("摘要", "Summary"), _page([key.header, *key.rows]))
    sheet.sentence(0, briefing.title, bold=True, font_size=18)
    sheet.about(1)
    row = 3
    for text in briefing.headline.sentences:
        row = sheet.sentence(row, text, bold=True)
    for text in briefing.headline.details:
        row = sheet.sentence(row, text)
    row = sheet.sentence(row + 1, key.caption, bold=True, font_size=12)
    row = sheet.grid(key, row)
    for text in key.remarks():
        row = sheet.sentence(row, text, font_color=MUTED)
    row = sheet.sentence(row + 1, say("计算方法", "Method"), bold=True, font_size=12)
    for text in briefing.method:
        row = sheet.sentence(row, text)
    row = sheet.sentence(row + 1, say("附注", "Notes"), bold=True, font_size=12)
    for label, text in briefing.provenance:
        sheet.text(row, 0, label, valign="top", font_color=MUTED)
        row = sheet.sentence(row, text, first=1)


def _table(book: Book, name: str, table: Table) -> None:
    """A table of texts on a sheet of its own."""
    sheet = Sheet(book, name, _page([table.header, *table.rows]))
    sheet.sentence(0, table.caption, bold=True, font_size=14)
    sheet.about(1)
    row = sheet.grid(table, ABOVE)
    sheet.frame(row - 1, len(table.header))
    for note in table.remarks():
        row = sheet.sentence(row, note, font_color=MUTED)


def _page(rows: Sequence[Sequence[object]]) -> list[float]:
    """Widths of the columns of a table of texts, by their longest cells; never a narrow page."""
    widths = [
        min(max(_NARROWEST, *(halves(str(cell)) + 3 for cell in column)), _WIDEST)
        for column in zip(*rows, strict=True)
    ]
    spare = max(0, _READABLE - sum(widths)) / len(widths)
    return [width + spare for width in widths]
