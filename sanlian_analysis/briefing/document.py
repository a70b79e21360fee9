"""A briefing as a Word document, laid out as Chinese offices lay out theirs (GB/T 9704-2012)."""

from __future__ import annotations

import io
from typing import Any, cast

from docx.shared import Length, Mm
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from sanlian_analysis.briefing.document_blank import ROOM, blank
from sanlian_analysis.briefing.document_parts import letters, make, paragraph, run
from sanlian_analysis.briefing.document_tables import grid
from sanlian_analysis.briefing.package import settled
from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.value import Briefing, picture
from sanlian_analysis.charts import Chart
from sanlian_analysis.excel import CREATED
from sanlian_analysis.language import Language, say, using
from sanlian_analysis.tables import Table, simulated_mark

#: Heights of pictures: a page less a heading and a caption, and half of it. A chart that
#: would be a little taller than half a page is drawn smaller, so that two stand on one.
_TALLEST, _HALF, _NEARLY_HALF = Mm(210), Mm(92), Mm(125)

#: Charts and rows of units that are shown; the workbook has them all.
_MOST_CHARTS, _MOST_ROWS = 4, 60

#: Longest text among the properties of a document.
_PROPERTY = 255

_DIGITS = "〇一二三四五六七八九"


def document(briefing: Briefing) -> bytes:
    """The briefing as `.docx`; the same briefing gives the same bytes.

    Fonts are named, not embedded. Charts beyond the first four and all but 60
    of the rows of units are left to the workbook.
    """
    with using(cast(Language, briefing.language)):
        text = _Text(briefing)
        text.line("Title", briefing.title)
        again = briefing.headline.heading == briefing.title
        text.line("Subtitle", briefing.policy if again else briefing.headline.heading)
        text.heading(say("主要结论", "Main findings"))
        for sentence in briefing.headline.sentences:
            text.line("Body Text", sentence)
        for number, detail in enumerate(briefing.headline.details, start=1):
            text.line("Heading 2", say(f"（{_chinese(number)}）", f"({number}) ") + detail)
        text.heading(say("指标完成情况", "Indicators"))
        text.table(briefing.key, "Large Table")
        for table in briefing.leading:
            text.heading(table.caption)
            text.table(table, "Small Table", most=_MOST_ROWS)
        if briefing.charts:
            text.heading(say("图示", "Charts"))
            for chart in briefing.charts[:_MOST_CHARTS]:
                text.picture(chart)
        text.heading(say("未达标准的村（社区）", "Villages and communities that fall short"))
        text.table(briefing.short, "Small Table", most=_MOST_ROWS)
        text.heading(say("政策依据", "What the document says"))
        text.table(briefing.clauses, "Small Table")
        if briefing.method:
            text.heading(say("计算方法", "Method"))
            for number, sentence in enumerate(briefing.method, start=1):
                text.line("Body Text", f"{number}{say('．', '. ')}{sentence}")
        text.heading(say("附注", "Notes"), numbered=False)
        for label, told in briefing.provenance:
            text.line("Note", f"{label}{say('：', ': ')}{told}")
        return text.content()


class _Text:
    """A document that grows line by line; sections, tables and figures count themselves."""

    def __init__(self, briefing: Briefing) -> None:
        self._document = blank(simulated=briefing.simulated)
        self._sections = self._tables = self._figures = 0
        properties = self._document.core_properties
        properties.title = clean(briefing.title)[:_PROPERTY]
        properties.subject = clean(briefing.policy)[:_PROPERTY]
        properties.author = properties.last_modified_by = "sanlian-analysis"
        properties.comments = simulated_mark() if briefing.simulated else ""
        properties.language = say("zh-CN", "en-GB")
        properties.created = properties.modified = CREATED

    def line(self, look: str, text: str) -> None:
        """One paragraph in a style."""
        self._add(paragraph(look, run(look, clean(text))))

    def heading(self, text: str, *, numbered: bool = True) -> None:
        """The heading of a section."""
        if numbered:
            self._sections += 1
            text = say(f"{_chinese(self._sections)}、", f"{self._sections}. ") + text
        self.line("Heading 1", text)

    def table(self, table: Table, look: str, most: int | None = None) -> None:
        """A table with its caption above and its notes below; at most `most` of its rows."""
        rows = table.rows[:most]
        if rows:
            self._tables += 1
            label = say(f"表{self._tables}　", f"Table {self._tables}. ")
            self.line("Table Caption", label + table.caption)
            self._add(grid(table, rows, look))
        else:
            self.line("Body Text", table.caption)
        for note in table.remarks(len(rows)):
            self.line("Note", note)

    def picture(self, chart: Chart) -> None:
        """A chart as wide as the text, or as tall as a page allows, with its title below."""
        self._figures += 1
        drawn = make("w:r", {}, letters("Figure"))
        line = paragraph("Figure", drawn)
        self._add(line)
        shape = Run(drawn, Paragraph(line, self._document)).add_picture(io.BytesIO(picture(chart)))
        full = shape.height * ROOM / shape.width
        height = min(full, _HALF if full < _NEARLY_HALF else _TALLEST)
        shape.width, shape.height = Length(round(ROOM * height / full)), Length(round(height))
        described = shape._inline.docPr
        described.set("name", clean(chart.name))
        described.set("descr", clean(chart.alt))
        label = say(f"图{self._figures}　", f"Figure {self._figures}. ")
        self.line("Figure Caption", label + chart.title)

    def content(self) -> bytes:
        """The document's bytes, without the time at which they were made."""
        drawn = io.BytesIO()
        self._document.save(drawn)
        return settled(drawn.getvalue())

    def _add(self, element: Any) -> None:
        self._document.element.body[-1].addprevious(element)  # the last are the page's properties


def _chinese(number: int) -> str:
    """A number below 100 in Chinese.

    >>> _chinese(3), _chinese(10), _chinese(24)
    ('三', '十', '二十四')
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones or not tens else "")
