"""A briefing as slides: one message each, charts that PowerPoint draws and a person can edit."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from matplotlib.image import imread
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import MSO_SHAPE, PP_PLACEHOLDER
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from sanlian_analysis.briefing import slide_charts, slide_master
from sanlian_analysis.briefing.slide_charts import accent
from sanlian_analysis.briefing.slide_master import FOOTER_KINDS, HEADINGS, MARGIN, box_of
from sanlian_analysis.briefing.slide_text import (
    AFTER,
    BULLET,
    Box,
    Words,
    block_size,
    clean,
    columns,
    cut,
    cut_list,
    fitted,
    lines,
    tall,
    wide,
)
from sanlian_analysis.briefing.value import Briefing, Native, picture
from sanlian_analysis.charts import Chart, style
from sanlian_analysis.language import Language, say, using
from sanlian_analysis.tables import MOST_ROWS, Table, simulated_mark, verdict_text

#: Points, largest first: titles on at most two lines, the finding, running text, cells.
_OPENINGS = (44, 40, 36, 32, 28, 24)
_TITLES = (30, 28, 26, 24, 22, 20, 18)
_FINDING = (28, 26, 24, 22, 20, 18, 16, 14, 12)
_RUNNING = (18, 16, 14, 12)
_TEXT, _SMALL, _FOOT = 14, 12, 11

#: Rows on one slide, slides of those who fall short.
_KEY_ROWS, _SHORT_ROWS, _SHORT_SLIDES, _CLAUSE_ROWS = 10, 12, 2, 6
#: Inches around the text of a cell: both sides together, above and below together.
_SIDES, _ENDS = 0.2, 0.09
#: Inches between a title and what stands below it; left and right of a text in its box.
_GAP, _INSET = 0.1, 0.1

_NO_TABLE_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
_NUMBER_FIELD = "{C1FF6DA9-008F-8B48-92A6-B652298478BF}"
_INK = RGBColor.from_string(style.INK[1:])


def slides(briefing: Briefing, template: bytes | Path | None = None) -> bytes:
    """The briefing as a .pptx file; the same briefing gives the same bytes.

    `template`: a .pptx or .potx file whose master and layouts are used in place
    of the house's own; its slides are left out. Raises SanlianError when it is
    no such file.
    """
    with using(cast(Language, briefing.language)):
        deck = _Deck(briefing, template)
        deck.opening()
        deck.finding()
        deck.key()
        for native in briefing.natives:
            deck.native(native)
        drawn = {native.name for native in briefing.natives}
        for chart in briefing.charts:
            if _counterpart(chart.name) not in drawn:
                deck.picture(chart)
        deck.short()
        deck.clauses()
        deck.method()
        return deck.file()


def _counterpart(name: str) -> str:
    """The name of the native chart that shows the same as a picture."""
    return name.replace("milestones-", "phases-", 1).replace("ranked-", "ranking-", 1)


class _Deck:
    """Slides of one briefing, one after the other."""

    def __init__(self, briefing: Briefing, template: bytes | Path | None) -> None:
        self._of = briefing
        self._mark = simulated_mark() if briefing.simulated else ""
        self._fonts = (slide_master.LATIN, slide_master.HANZI)
        if template is None:
            self._deck = slide_master.house()
        else:
            self._deck = slide_master.opened(template)
            if slide_master.has_hanzi_font(self._deck):
                self._fonts = ("+mn-lt", "+mn-ea")
        self._plain = slide_master.layout_for(self._deck, "titleOnly")
        self._first = slide_master.layout_for(self._deck, "title")
        self._wide, self._high = (
            side / Inches(1) for side in (self._deck.slide_width, self._deck.slide_height)
        )

    def file(self) -> bytes:
        """The whole deck, with nothing in it that depends on the clock."""
        for slide in self._deck.slides:
            charts = [shape.chart.element for shape in slide.shapes if shape.has_chart]
            for root in (slide.element, slide.notes_slide.element, *charts):
                self._letter(root)
        about = self._deck.core_properties
        about.title, about.subject = clean(self._of.title)[:200], clean(self._of.policy)[:200]
        about.author = about.last_modified_by = "sanlian-analysis"
        about.created = about.modified = dt.datetime.combine(self._of.date, dt.time())
        about.last_printed = about.created
        about.language, about.keywords, about.comments = _language(), self._mark, ""
        about.revision = 1
        stream = io.BytesIO()
        self._deck.save(stream)
        return slide_master.settled(stream.getvalue())

    # --- slide by slide

    def opening(self) -> None:
        """Area, document, date."""
        of = self._of
        slide, title = self._empty(self._first)
        found = box_of(title) if title is not None else None
        room = found or Box(MARGIN, self._high * 0.3, self._wide - 2 * MARGIN, self._high * 0.2)
        self._entitle(slide, title, of.title, _OPENINGS, room)
        document = of.policy if of.kind == "comparison" else of.clauses.caption
        facts = [document, of.headline.heading, of.date.isoformat()]
        told = [
            Words(fact, most=3)
            for number, fact in enumerate(facts)
            if not any(fact in said for said in (of.title, *facts[:number]))
        ]
        under = next((s for s in slide.placeholders if _kind(s) == PP_PLACEHOLDER.SUBTITLE), None)
        place = (box_of(under) if under is not None else None) or Box(
            room.left, room.bottom + _GAP, room.width, 1.2
        )
        if under is None:
            under = slide.shapes.add_textbox(*place.emu)
        under.text_frame.word_wrap = True
        place = Box(place.left, place.top, place.width - 0.2, place.height - _GAP)
        _flow(under.text_frame, told, place, (24, 22, 20, 18, 16, 14))
        if self._mark:
            self._tag(slide, room.left + 0.1, room.top - 0.5 if room.top > 1 else 0.3)
        self._note(slide, self._origin())

    def finding(self) -> None:
        """What can be said at once, in large letters."""
        said = self._of.headline
        slide, body = self._titled(said.heading)
        told = [Words(sentence, bold=True) for sentence in said.sentences]
        told += [Words(detail, scale=0.82, bullet=True) for detail in said.details]
        _text(slide, body.below(0.15), told, _FINDING)
        self._note(slide, [*said.sentences, *said.details, *self._clauses()])

    def key(self) -> None:
        """The table of what binds."""
        title = f"{self._of.name}{_colon()}{self._of.key.caption}"
        self._pages(self._of.key, title, rows=_KEY_ROWS, most=3, sizes=(20, 18, 16, _TEXT))

    def native(self, native: Native) -> None:
        """A chart that PowerPoint draws."""
        slide, body = self._titled(native.title, native.source)
        most = min(2, lines(clean(native.alt), body.width - 2 * _INSET, _TEXT))
        line = Box(body.left, body.top, body.width, tall(most, _TEXT) + 0.1)
        _text(slide, line, [Words(native.alt, muted=True, most=most)], (16, 15, _TEXT))
        body = body.below(line.height + _GAP / 2)
        frames = slide_charts.draw(slide, body, native)
        alt = _sentences(native.title, native.alt)
        for number, frame in enumerate(frames, 1):
            _describe(frame, f"{native.name}-{number}", self._marked(alt))
        if not frames:
            nothing = say("没有可以画的数字。", "There are no figures to draw.")
            _text(slide, body, [Words(nothing)], (24,))
        quoted = f"“{native.sentence}”" if native.sentence else ""
        self._note(slide, [native.title, quoted, native.source, native.alt, *_figures(native)])

    def picture(self, chart: Chart) -> None:
        """A chart as a picture, without its title, which is the slide's; a tall one in strips."""
        slide, body = self._titled(_title(chart))
        data = picture(chart)
        across, high = (float(side) for side in chart.get_size_inches())
        head = _head(chart) / high
        cuts = [[head, 1.0]]
        if (1 - head) * high / body.height > 2 * across / body.width:
            ink = (1 - imread(io.BytesIO(data))[:, :, :3]).sum(axis=(1, 2))
            cuts += [_cuts(ink, head, strips) for strips in (2, 3)]
        scale, places = max((_scale(body, across, high, places), places) for places in cuts)
        strips = len(places) - 1
        left = body.left + (body.width - strips * across * scale) / 2
        for number, (top, bottom) in enumerate(pairwise(places)):
            place = Box(
                left + number * across * scale,
                body.top,
                across * scale,
                (bottom - top) * high * scale,
            )
            shape = slide.shapes.add_picture(io.BytesIO(data), *place.emu)
            shape.crop_top, shape.crop_bottom = top, 1 - bottom
            _describe(shape, f"{chart.name}-{number + 1}", chart.alt)
        self._note(slide, [chart.alt, *self._clauses()])

    def short(self) -> None:
        """Who falls short, those that lack most first."""
        table = self._of.short
        self._pages(
            table, table.caption, rows=_SHORT_ROWS, most=2, sizes=(_TEXT, 13), pages=_SHORT_SLIDES
        )

    def clauses(self) -> None:
        """What the document says."""
        table = self._of.clauses
        self._pages(table, table.caption, rows=_CLAUSE_ROWS, most=8, sizes=(18, 16, _TEXT))

    def method(self) -> None:
        """How it is computed, and from what."""
        slide, body = self._titled(say("方法与来源", "Method and provenance"))
        half = (body.width - 0.5) / 2
        left = Box(body.left, body.top + 0.15, half, body.height - 0.15)
        right = Box(body.left + half + 0.5, left.top, half, left.height)
        method = [_head_line(say("方法", "Method")), *map(Words, self._of.method)]
        origin = [
            part for label, text in self._of.provenance for part in (_head_line(label), Words(text))
        ]
        size = min(block_size(method, left, _RUNNING), block_size(origin, right, _RUNNING))
        _text(slide, left, method, (size,))
        _text(slide, right, origin, (size,))
        self._note(slide, [*self._of.method, *self._origin()])

    # --- tables

    def _pages(
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
        body = self._body
        under = [Words(note, muted=True, most=2) for note in table.notes[:2] if not pages]
        if not table.rows:
            slide, body = self._titled(title)
            _text(slide, body.below(0.15), [Words(note) for note in table.notes], (24, 20, 18))
            self._note(slide, [title, *table.notes])
            return
        texts = [[clean(cell) for cell in row] for row in (table.header, *table.rows)]
        kept = [i for i in range(len(table.header)) if any(row[i] for row in texts[1:])]
        numeric = frozenset(n for n, i in enumerate(kept) if i in table.numeric)
        grid = [[row[i] for i in kept] for row in texts]
        foot = sum(
            tall(min(2, lines(one.text, body.width, _SMALL)) + AFTER, _SMALL) for one in under
        )
        foot += tall(1.5, _SMALL) if pages else 0.0
        for size in sizes:
            layout = _Grid(columns(grid, body.width, size, _SIDES), size, most, numeric)
            heights = [layout.height(row) for row in grid]
            room = body.height - foot - _GAP
            found = list(_paged(heights, room, rows))
            if len(found) <= math.ceil(len(table.rows) / rows) and layout.whole(grid):
                break
        even = list(_paged(heights, room, math.ceil(len(table.rows) / len(found))))
        if len(even) == len(found) <= (pages or len(found)):
            found = even
        shown = found[:pages]
        for number, page in enumerate(shown, 1):
            numbered = title
            if len(shown) > 1:
                numbered += say(f"（{number}/{len(shown)}）", f" ({number}/{len(shown)})")
            slide, body = self._titled(numbered)
            picked = grid[page.start : page.stop]
            used = layout.draw(slide, body, [grid[0], *picked])
            _describe(slide.shapes[-1], "table", self._marked(_sentences(title, *grid[0])))
            rest = [Words(_rest(table, page.stop - 1))] if number == pages else []
            _text(slide, body.below(used + 1.5 * _GAP), [*filter(_told, rest), *under], (_SMALL,))
            named = {cell for row in picked for cell in row}
            self._note(slide, [numbered, *table.notes, *self._clauses(named)])

    # --- what every slide has

    def _titled(self, title: str, source: str = "") -> tuple[Any, Box]:
        """A new slide with title, footer and mark, and the room that is left for its body."""
        slide, shape = self._empty(self._plain)
        room = self._heading
        if self._mark:
            tag = wide(self._mark, _SMALL) + 0.3
            self._tag(slide, room.left + room.width - tag, room.top + 0.12)
            room = Box(room.left, room.top, room.width - tag - _GAP, room.height)
        self._entitle(slide, shape, title, _TITLES, room)
        self._footer(slide, source or f"{say('依据：', 'Source: ')}{self._of.policy}")
        return slide, self._body

    def _empty(self, layout: Any) -> tuple[Any, Any]:
        """A new slide with nothing but its title, and on an opening slide its subtitle."""
        slide = self._deck.slides.add_slide(layout)
        title = None
        for shape in list(slide.placeholders):
            if _kind(shape) in HEADINGS and title is None:
                title = shape
            elif _kind(shape) != PP_PLACEHOLDER.SUBTITLE or layout is self._plain:
                shape.element.getparent().remove(shape.element)
        return slide, title

    def _entitle(self, slide: Any, shape: Any, text: str, sizes: Sequence[int], room: Box) -> None:
        if shape is None:
            shape = slide.shapes.add_textbox(*room.emu)
        shape.left, shape.top, shape.width, shape.height = room.emu
        shape.text_frame.word_wrap = True
        inner = Box(room.left, room.top, room.width - 0.25, room.height)
        run = shape.text_frame.paragraphs[0].add_run()
        run.text, size = fitted(text, inner, sizes)
        run.font.size = Pt(size)

    @cached_property
    def _heading(self) -> Box:
        """Where titles stand: where the layout has them, if that leaves room below."""
        for shape in self._plain.placeholders:
            found = box_of(shape) if _kind(shape) in HEADINGS else None
            if found and found.bottom < self._high * 0.4 and found.height > 0.4 and found.width > 4:
                return found
        house = slide_master.TITLE
        return Box(MARGIN, house.top, self._wide - 2 * MARGIN, house.height)

    @cached_property
    def _body(self) -> Box:
        """What is left between title and footer."""
        head = self._heading
        tops = [place.top for _, place in self._feet.values()]
        foot = self._high - (slide_master.HEIGHT - slide_master.FOOTERS["ftr"].top)
        left = min(max(head.left, MARGIN), 1.5)
        top = head.bottom + _GAP
        return Box(left, top, self._wide - 2 * left, min([foot, *tops]) - _GAP - top)

    @cached_property
    def _feet(self) -> dict[str, tuple[Any, Box]]:
        """The layout's own footers: its placeholders in the lowest fifth of the page."""
        found = {}
        for shape in self._plain.placeholders:
            box = box_of(shape)
            if _kind(shape) in FOOTER_KINDS and box and box.top > self._high * 0.8:
                found[FOOTER_KINDS[_kind(shape)]] = (shape, box)
        return found

    def _footer(self, slide: Any, source: str) -> None:
        """Source, date and page number: in the layout's places, or in the house's."""
        texts = {"ftr": source, "dt": self._of.date.isoformat(), "sldNum": ""}
        for kind, text in texts.items():
            if kind in self._feet:
                like, place = self._feet[kind]
                shape = _stamped(slide, like, kind)
            else:
                place = self._own_foot(kind)
                shape = slide.shapes.add_textbox(*place.emu)
            paragraph = shape.text_frame.paragraphs[0]
            if kind == "sldNum":
                paragraph._p.append(_page_field(len(self._deck.slides)))
                continue
            run = paragraph.add_run()
            run.text = cut(text, place.width - 0.2, _FOOT)
            run.font.size = Pt(_FOOT)

    def _own_foot(self, kind: str) -> Box:
        """The house's place for a part of the footer, on a page of another size."""
        box = slide_master.FOOTERS[kind]
        top = self._high - (slide_master.HEIGHT - box.top)
        shift = self._wide - slide_master.WIDTH
        if kind == "ftr":
            return Box(box.left, top, box.width + shift, box.height)
        return Box(box.left + shift, top, box.width, box.height)

    def _tag(self, slide: Any, left: float, top: float) -> None:
        """The mark of simulated data."""
        place = Box(left, top, wide(self._mark, _SMALL) + 0.3, 0.34)
        shape = slide.shapes.add_shape(MSO_SHAPE.ROUNDED_RECTANGLE, *place.emu)
        shape.element.remove(shape.element.find(qn("p:style")))
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string(style.TAG_PAPER[1:])
        shape.line.color.rgb, shape.line.width = _INK, Pt(0.75)
        frame = shape.text_frame
        frame.word_wrap, frame.vertical_anchor = False, MSO_ANCHOR.MIDDLE
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.paragraphs[0].alignment = PP_ALIGN.CENTER
        run = frame.paragraphs[0].add_run()
        run.text, run.font.size, run.font.color.rgb = self._mark, Pt(_SMALL), _INK
        _describe(shape, "mark", self._mark)

    def _note(self, slide: Any, told: Iterable[str]) -> None:
        frame = slide.notes_slide.notes_text_frame
        if frame is None:  # a template whose notes have no place for text
            return
        kept = dict.fromkeys(filter(None, map(clean, (self._mark, *told))))
        for number, line in enumerate(kept):
            paragraph = frame.add_paragraph() if number else frame.paragraphs[0]
            paragraph.add_run().text = line

    def _clauses(self, named: set[str] | None = None) -> list[str]:
        """The document's words, clause by clause; `named`: of indicators with these names."""
        rows = [[clean(cell) for cell in row] for row in self._of.clauses.rows]
        return [
            "　".join(filter(None, row)) for row in rows if named is None or named & set(row[:2])
        ]

    def _origin(self) -> list[str]:
        return [f"{label}{_colon()}{text}" for label, text in self._of.provenance]

    def _marked(self, alt: str) -> str:
        return _sentences(self._mark, alt) if self._mark else alt

    def _letter(self, root: Any) -> None:
        """Set language and fonts, latin and hanzi, wherever letters stand."""
        for run in root.iter(qn("a:r"), qn("a:fld")):
            if run.find(qn("a:rPr")) is None:
                run.insert(0, parse_xml(f"<a:rPr {nsdecls('a')}/>"))
        for letters in root.iter(qn("a:rPr"), qn("a:defRPr"), qn("a:endParaRPr")):
            letters.set("lang", _language())
            letters.set("altLang", say("en-US", "zh-CN"))
            for tag, typeface in zip(("a:latin", "a:ea"), self._fonts, strict=True):
                if letters.find(qn(tag)) is None:
                    font = parse_xml(f'<{tag} {nsdecls("a")} typeface="{typeface}"/>')
                    letters.append(font)


class _Grid:
    """How a table is set: widths of its columns, size of its letters, lines of a cell."""

    def __init__(
        self, widths: Sequence[float], size: int, most: int, numeric: frozenset[int]
    ) -> None:
        self._widths, self._size, self._most, self._numeric = widths, size, most, numeric

    def height(self, row: Sequence[str]) -> float:
        """Inches that a row takes."""
        return tall(min(self._most, self._lines(row)), self._size) + _ENDS

    def whole(self, rows: Iterable[Sequence[str]]) -> bool:
        """Whether no cell has to be cut."""
        return all(self._lines(row) <= self._most for row in rows)

    def _lines(self, row: Sequence[str]) -> int:
        cells = zip(row, self._widths, strict=True)
        return max(lines(text, room - _SIDES, self._size) for text, room in cells)

    def draw(self, slide: Any, body: Box, rows: Sequence[Sequence[str]]) -> float:
        """A table that can be edited, its first row the header; gives its height in inches."""
        heights = [self.height(row) for row in rows]
        place = Box(body.left, body.top, sum(self._widths), sum(heights))
        table = slide.shapes.add_table(len(rows), len(self._widths), *place.emu).table
        table.horz_banding = False
        table._tbl.tblPr.find(qn("a:tableStyleId")).text = _NO_TABLE_STYLE
        for column, room in zip(table.columns, self._widths, strict=True):
            column.width = Inches(room)
        for line, height, row in zip(table.rows, heights, rows, strict=True):
            line.height = Inches(height)
            for i, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
                self._fill(cell, i, text, head=row is rows[0])
        return place.height

    def _fill(self, cell: Any, column: int, text: str, *, head: bool) -> None:
        cell.margin_left = cell.margin_right = Inches(_SIDES / 2)
        cell.margin_top = cell.margin_bottom = Inches(_ENDS / 2)
        cell.vertical_anchor = MSO_ANCHOR.MIDDLE
        paragraph = cell.text_frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.RIGHT if column in self._numeric else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = cut_list(text, self._widths[column] - _SIDES, self._size, self._most)
        run.font.size, run.font.bold = Pt(self._size), head
        tint = _tints().get(text[:2])
        if head:
            accent(run.font.color)
        elif tint:
            cell.fill.solid()
            cell.fill.fore_color.rgb = RGBColor.from_string(tint[1:])
            run.font.color.rgb = _INK
        colour = '<a:schemeClr val="accent1"/>' if head else f'<a:srgbClr val="{style.GRID[1:]}"/>'
        rule = (
            f'<a:lnB {nsdecls("a")} w="{19050 if head else 9525}"><a:solidFill>{colour}'
            "</a:solidFill></a:lnB>"
        )
        cell._tc.get_or_add_tcPr().insert(0, parse_xml(rule))


def _tints() -> dict[str, str]:
    """The tint of a cell by the sign that a verdict begins with."""
    return {verdict_text(verdict)[:2]: mark.cell for verdict, mark in style.VERDICTS.items()}


def _paged(heights: Sequence[float], room: float, most: int) -> Iterator[range]:
    """Rows that go on one page each, below the header, which is row 0."""
    start, used = 1, heights[0]
    for row in range(1, len(heights)):
        if row > start and (row - start == most or used + heights[row] > room):
            yield range(start, row)
            start, used = row, heights[0]
        used += heights[row]
    yield range(start, len(heights))


def _rest(table: Table, shown: int) -> str:
    """What is said of the rows that have no place; a list of MOST_ROWS was itself cut short."""
    left = len(table.rows) - shown
    if not left:
        return ""
    if len(table.rows) >= MOST_ROWS:
        return say(f"…只列出前 {shown} 个。", f"… only the first {shown} are listed.")
    return say(f"…余 {left} 个。", f"… and {left} more.")


def _told(words: Words) -> bool:
    return bool(words.text)


def _head_line(text: str) -> Words:
    return Words(text, scale=0.85, bold=True, accent=True)


def _text(slide: Any, place: Box, told: Sequence[Words], sizes: Sequence[int]) -> None:
    if not told:
        return
    frame = slide.shapes.add_textbox(*place.emu).text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = Inches(_INSET)
    frame.margin_top = frame.margin_bottom = 0
    inner = Box(place.left, place.top, place.width - 2 * _INSET, place.height)
    _flow(frame, told, inner, sizes)


def _flow(frame: Any, told: Sequence[Words], place: Box, sizes: Sequence[int]) -> None:
    """Paragraphs at the largest size at which all fit; what is too long even then is cut."""
    size = block_size(told, place, sizes)
    left = place.height
    for number, words in enumerate(told):
        own = round(size * words.scale)
        most = min(words.most, int((left + 0.01) / tall(1, own)))
        if most < 1:
            break
        paragraph = frame.add_paragraph() if number else frame.paragraphs[0]
        paragraph.space_after = Pt(own * AFTER)
        if words.bullet:
            _bullet(paragraph)
        run = paragraph.add_run()
        run.text = cut(words.text, words.room(place.width), own, most)
        run.font.size, run.font.bold = Pt(own), words.bold or None
        if words.accent:
            accent(run.font.color)
        elif words.muted:
            run.font.color.theme_color = MSO_THEME_COLOR.TEXT_1
            run.font.color.brightness = 0.35
        left -= tall(lines(run.text, words.room(place.width), own), own) + AFTER * own / 72


def _bullet(paragraph: Any) -> None:
    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", str(Inches(BULLET)))
    properties.set("indent", str(-Inches(BULLET)))
    for mark in ('buFont typeface="Arial"', 'buChar char="•"'):
        properties.append(parse_xml(f"<a:{mark} {nsdecls('a')}/>"))


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


def _title(chart: Chart) -> str:
    """What a chart says first, after the mark of simulated data."""
    stop = say("。", ". ")
    return chart.alt.removeprefix(simulated_mark() + stop).split(stop)[0].rstrip(" .。")


def _head(chart: Chart) -> float:
    """Inches of a chart down to its subtitle: its title, which a slide says itself."""
    high = float(chart.get_size_inches()[1])
    tops = [t.get_position()[1] for t in chart.texts if t.get_fontsize() == style.SUBTITLE]
    return max(0.0, high - max(tops) - 0.05) if tops else 0.0


def _scale(body: Box, across: float, high: float, places: Sequence[float]) -> float:
    """How much larger a picture becomes when its strips stand side by side in the body."""
    tallest = max(bottom - top for top, bottom in pairwise(places)) * high
    return min(body.width / (len(places) - 1) / across, body.height / tallest)


def _cuts(ink: Any, head: float, strips: int) -> list[float]:
    """Where a picture is cut from top to bottom: near even heights, where least is drawn."""
    places = [head]
    for number in range(1, strips):
        middle = head + (1 - head) * number / strips
        first, last = (int((middle + shift) * len(ink)) for shift in (-0.02, 0.02))
        places.append((first + int(ink[first:last].argmin())) / len(ink))
    return [*places, 1.0]


def _kind(shape: Any) -> Any:
    return shape.placeholder_format.type


def _describe(shape: Any, name: str, alt: str) -> None:
    shape.name = clean(name)
    shape.element.xpath(".//p:cNvPr")[0].set("descr", clean(alt))


def _stamped(slide: Any, like: Any, kind: str) -> Any:
    """A placeholder of the slide that takes place and letters from the layout's own."""
    number = like.placeholder_format.idx
    tree = slide.shapes.element
    tree.append(
        parse_xml(
            f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="{1000 + len(tree)}" name="{kind}"/>'
            '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr>'
            f'<p:ph type="{kind}" sz="quarter" idx="{number}"/></p:nvPr></p:nvSpPr><p:spPr/>'
            "<p:txBody><a:bodyPr/><a:lstStyle/><a:p/></p:txBody></p:sp>"
        )
    )
    return slide.shapes[-1]


def _page_field(number: int) -> Any:
    return parse_xml(
        f'<a:fld {nsdecls("a")} id="{_NUMBER_FIELD}" type="slidenum">'
        f'<a:rPr sz="{_FOOT * 100}"/><a:t>{number}</a:t></a:fld>'
    )


def _sentences(*parts: str) -> str:
    return say("。", ". ").join(part.rstrip("。. ") for part in parts) + say("。", ".")


def _colon() -> str:
    return say("：", ": ")


def _language() -> str:
    return say("zh-CN", "en-US")
