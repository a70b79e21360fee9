"""A briefing as slides: one message each, charts that PowerPoint draws and a person can edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from sanlian_analysis.briefing import slide_charts, slide_pictures
from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.slide_deck import GAP, Deck
from sanlian_analysis.briefing.slide_paragraphs import INSET, describe, flow, write
from sanlian_analysis.briefing.slide_tables import fitting
from sanlian_analysis.briefing.slide_text import AFTER, Box, Words, block_size, lines, tall
from sanlian_analysis.briefing.value import Briefing, Native
from sanlian_analysis.charts import Chart
from sanlian_analysis.language import Language, quoted, say, using
from sanlian_analysis.tables import Table

#: Points, largest first: the opening's title and facts, the finding, running text, cells.
_OPENINGS, _FACTS = (44, 40, 36, 32, 28, 24), (24, 22, 20, 18, 16, 14)
_FINDING = (28, 26, 24, 22, 20, 18, 16, 14, 12)
_RUNNING = (18, 16, 14, 12)
_TEXT, _SMALL = 14, 12

#: Rows on one slide, slides of those who fall short.
_KEY_ROWS, _SHORT_ROWS, _SHORT_SLIDES, _CLAUSE_ROWS = 10, 12, 2, 6
#: Remarks below a table, and lines of each.
_REMARKS, _REMARK_LINES = 3, 2


def slides(briefing: Briefing, template: bytes | Path | None = None) -> bytes:
    """The briefing as a .pptx file; the same briefing gives the same bytes.

    `template`: a .pptx or .potx file whose master and layouts are used in place
    of the house's own; its slides are left out. Raises SanlianError when it is
    no such file.
    """
    with using(cast(Language, briefing.language)):
        told = _Told(briefing, Deck(briefing, template))
        told.opening()
        told.finding()
        told.key()
        told.leading()
        for native in briefing.natives:
            told.native(native)
        drawn = {native.name for native in briefing.natives}
        for chart in briefing.charts:
            if _counterpart(chart.name) not in drawn:
                told.picture(chart)
        told.short()
        told.clauses()
        told.method()
        return told.deck.file()


def _counterpart(name: str) -> str:
    """The name of the native chart that shows the same as a picture."""
    return name.replace("milestones-", "phases-", 1).replace("ranked-", "ranking-", 1)


class _Told:
    """What a briefing says, slide by slide."""

    def __init__(self, briefing: Briefing, deck: Deck) -> None:
        self._of, self.deck = briefing, deck

    def opening(self) -> None:
        """Area, document, date."""
        of = self._of
        slide, frame, place = self.deck.opening(of.title, _OPENINGS)
        document = of.policy if of.kind == "comparison" else of.clauses.caption
        facts = [document, of.headline.heading, of.date.isoformat()]
        told = [
            Words(fact, most=3)
            for number, fact in enumerate(facts)
            if not any(fact in said for said in (of.title, *facts[:number]))
        ]
        flow(frame, told, place, _FACTS)
        self.deck.note(slide, self._origin())

    def finding(self) -> None:
        """What can be said at once, in large letters."""
        said = self._of.headline
        slide, body = self.deck.titled(said.heading)
        told = [Words(sentence, bold=True) for sentence in said.sentences]
        told += [Words(detail, scale=0.82, bullet=True) for detail in said.details]
        write(slide, body.below(0.15), told, _FINDING)
        self.deck.note(slide, [*said.sentences, *said.details, *self._clauses()])

    def key(self) -> None:
        """The table of what binds."""
        title = f"{self._of.name}{_colon()}{self._of.key.caption}"
        self._table(self._of.key, title, rows=_KEY_ROWS, most=3, sizes=(20, 18, 16, _TEXT))

    def leading(self) -> None:
        """Where the effort should go, and what has changed; long tables are left to the workbook."""
        for table in self._of.leading:
            sizes = (_TEXT, 13)
            self._table(table, table.caption, rows=_SHORT_ROWS, most=2, sizes=sizes, pages=2)

    def native(self, native: Native) -> None:
        """A chart that PowerPoint draws."""
        slide, body = self.deck.titled(native.title, native.source)
        most = min(2, lines(clean(native.alt), body.width - 2 * INSET, _TEXT))
        line = Box(body.left, body.top, body.width, tall(most, _TEXT) + 0.1)
        write(slide, line, [Words(native.alt, muted=True, most=most)], (16, 15, _TEXT))
        body = body.below(line.height + GAP / 2)
        frames = slide_charts.draw(slide, body, native)
        for number, frame in enumerate(frames, 1):
            alt = self.deck.marked(native.title, native.alt)
            describe(frame, f"{native.name}-{number}", alt)
        if not frames:
            nothing = say("没有可以画的数字。", "There are no figures to draw.")
            write(slide, body, [Words(nothing)], (24,))
        said = [native.title, quoted(native.sentence), native.source, native.alt]
        self.deck.note(slide, [*said, *_figures(native)])

    def picture(self, chart: Chart) -> None:
        """A chart as a picture, without its title, which is the slide's."""
        slide, body = self.deck.titled(chart.title, chart.source)
        slide_pictures.draw(slide, body, chart)
        self.deck.note(slide, [chart.alt, chart.source])

    def short(self) -> None:
        """Who falls short, those that lack most first."""
        table, pages = self._of.short, _SHORT_SLIDES
        self._table(table, table.caption, rows=_SHORT_ROWS, most=2, sizes=(_TEXT, 13), pages=pages)

    def clauses(self) -> None:
        """What the document says."""
        table = self._of.clauses
        self._table(table, table.caption, rows=_CLAUSE_ROWS, most=8, sizes=(18, 16, _TEXT))

    def method(self) -> None:
        """How it is computed, and from what."""
        slide, body = self.deck.titled(say("方法与来源", "Method and provenance"))
        half = (body.width - 0.5) / 2
        left = Box(body.left, body.top + 0.15, half, body.height - 0.15)
        right = Box(body.left + half + 0.5, left.top, half, left.height)
        method = [_head_line(say("方法", "Method")), *map(Words, self._of.method)]
        origin = [
            part for label, text in self._of.provenance for part in (_head_line(label), Words(text))
        ]
        size = min(block_size(method, left, _RUNNING), block_size(origin, right, _RUNNING))
        write(slide, left, method, (size,))
        write(slide, right, origin, (size,))
        self.deck.note(slide, [*self._of.method, *self._origin()])

    def _table(
        self,
        table: Table,
        title: str,
        *,
        rows: int,
        most: int,
        sizes: Sequence[int],
        pages: int | None = None,
    ) -> None:
        """A table on as many slides as it needs, `pages` at most; cells of `most` lines."""
        if not table.rows:
            slide, body = self.deck.titled(title)
            write(slide, body.below(0.15), [Words(note) for note in table.notes], (24, 20, 18))
            self.deck.note(slide, [title, *table.notes])
            return
        body = self.deck.body
        room = body.height - GAP - _foot(table.remarks(0) if pages else table.notes, body.width)
        listed = replace(table, rows=table.rows[: rows * pages] if pages else table.rows)
        grid, found = fitting(
            listed, body.width, room, rows=rows, most=most, sizes=sizes, pages=pages
        )
        for number, page in enumerate(found, 1):
            numbered = title
            if len(found) > 1:
                numbered += say(f"（{number}/{len(found)}）", f" ({number}/{len(found)})")
            slide, body = self.deck.titled(numbered)
            used = grid.draw(slide, body, page)
            alt = self.deck.marked(title, *map(clean, table.header))
            describe(slide.shapes[-1], "table", alt)
            last = number == len(found)
            remarks = table.remarks(page.stop - 1) if last else table.notes
            write(slide, body.below(used + 1.5 * GAP), _remarks(remarks), (_SMALL,))
            named = self._clauses(grid.cells(page)) or self._clauses()
            self.deck.note(slide, [numbered, *remarks, *named])

    def _clauses(self, named: set[str] | None = None) -> list[str]:
        """The document's words, clause by clause; `named`: of indicators with these names."""
        rows = [[clean(cell) for cell in row] for row in self._of.clauses.rows]
        return [
            "　".join(filter(None, row)) for row in rows if named is None or named & set(row[:2])
        ]

    def _origin(self) -> list[str]:
        return [f"{label}{_colon()}{text}" for label, text in self._of.provenance]


def _remarks(texts: Sequence[str]) -> list[Words]:
    return [Words(text, muted=True, most=_REMARK_LINES) for text in texts[:_REMARKS]]


def _foot(texts: Sequence[str], width: float) -> float:
    """Inches that remarks below a table take."""
    return sum(
        tall(min(_REMARK_LINES, lines(clean(one.text), width - 2 * INSET, _SMALL)) + AFTER, _SMALL)
        for one in _remarks(texts)
    )


def _head_line(text: str) -> Words:
    return Words(text, scale=0.85, bold=True, accent=True)


def _figures(native: Native) -> list[str]:
    """The figures of a chart in words, series by series."""
    return [
        f"{one.name}{_colon()}"
        + say("，", ", ").join(
            f"{name} {text}"
            for name, text in zip(native.categories, one.labels, strict=True)
            if text
        )
        for one in native.series
    ]


def _colon() -> str:
    return say("：", ": ")
