"""What every slide has: title, source, date, page number, the mark of simulated data, notes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from sanlian_analysis.briefing import slide_master
from sanlian_analysis.briefing.package import settled
from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.slide_master import FOOTER_KINDS, HEADINGS, MARGIN, box_of
from sanlian_analysis.briefing.slide_text import Box, cut, fitted, wide
from sanlian_analysis.briefing.value import Briefing
from sanlian_analysis.charts import style
from sanlian_analysis.language import say
from sanlian_analysis.tables import simulated_mark

#: Points of titles, largest first: on at most two lines; of the mark; of the footer.
_TITLES = (30, 28, 26, 24, 22, 20, 18)
_SMALL, _FOOT = 12, 11
#: Inches between a title and what stands below it.
GAP = 0.1

_NUMBER_FIELD = "{C1FF6DA9-008F-8B48-92A6-B652298478BF}"
_INK = RGBColor.from_string(style.INK[1:])


class Deck:
    """Slides of one briefing, one after the other."""

    def __init__(self, briefing: Briefing, template: bytes | Path | None) -> None:
        """No slide yet; `template`: whose masters are used in place of the house's own."""
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

    def opening(self, title: str, sizes: Sequence[int]) -> tuple[Any, Any, Box]:
        """The first slide with its title; the frame below it, and the room that is there."""
        slide, shape = self._empty(self._first)
        found = box_of(shape) if shape is not None else None
        room = found or Box(MARGIN, self._high * 0.3, self._wide - 2 * MARGIN, self._high * 0.2)
        self._entitle(slide, shape, title, sizes, room)
        under = next((s for s in slide.placeholders if _kind(s) == PP_PLACEHOLDER.SUBTITLE), None)
        place = (box_of(under) if under is not None else None) or Box(
            room.left, room.bottom + GAP, room.width, 1.2
        )
        if under is None:
            under = slide.shapes.add_textbox(*place.emu)
        under.text_frame.word_wrap = True
        if self._mark:
            self._tag(slide, room.left + 0.1, room.top - 0.5 if room.top > 1 else 0.3)
        place = Box(place.left, place.top, place.width - 0.2, place.height - GAP)
        return slide, under.text_frame, place

    def titled(self, title: str, source: str = "") -> tuple[Any, Box]:
        """A new slide with title, footer and mark, and the room that is left for its body."""
        slide, shape = self._empty(self._plain)
        room = self._heading
        if self._mark:
            tag = wide(self._mark, _SMALL) + 0.3
            self._tag(slide, room.left + room.width - tag, room.top + 0.12)
            room = Box(room.left, room.top, room.width - tag - GAP, room.height)
        self._entitle(slide, shape, title, _TITLES, room)
        self._footer(slide, source or f"{say('依据：', 'Source: ')}{self._of.policy}")
        return slide, self.body

    @cached_property
    def body(self) -> Box:
        """What is left between title and footer."""
        head = self._heading
        tops = [place.top for _, place in self._feet.values()]
        foot = self._high - (slide_master.HEIGHT - slide_master.FOOTERS["ftr"].top)
        left = min(max(head.left, MARGIN), 1.5)
        top = head.bottom + GAP
        return Box(left, top, self._wide - 2 * left, min([foot, *tops]) - GAP - top)

    def note(self, slide: Any, told: Iterable[str]) -> None:
        """What is said of a slide, line by line, in its notes."""
        frame = slide.notes_slide.notes_text_frame
        if frame is None:  # a template whose notes have no place for text
            return
        kept = dict.fromkeys(filter(None, map(clean, (self._mark, *told))))
        for number, line in enumerate(kept):
            paragraph = frame.add_paragraph() if number else frame.paragraphs[0]
            paragraph.add_run().text = line

    def marked(self, *told: str) -> str:
        """An alternative text of sentences, led by the mark of simulated data."""
        parts = [part.rstrip("。. ") for part in (self._mark, *told) if part]
        return say("。", ". ").join(parts) + say("。", ".")

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
        return settled(stream.getvalue())

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
        tree = slide.shapes.element
        x, y, wide_, high = Box(left, top, wide(self._mark, _SMALL) + 0.3, 0.34).emu
        ink = f'<a:solidFill><a:srgbClr val="{style.INK[1:]}"/></a:solidFill>'
        tree.append(
            parse_xml(
                f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="{1000 + len(tree)}" name="mark" '
                f'descr="{self._mark}"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>'
                f'<a:off x="{x}" y="{y}"/><a:ext cx="{wide_}" cy="{high}"/></a:xfrm>'
                '<a:prstGeom prst="roundRect"><a:avLst/></a:prstGeom><a:solidFill>'
                f'<a:srgbClr val="{style.TAG_PAPER[1:]}"/></a:solidFill><a:ln w="9525">{ink}</a:ln>'
                '</p:spPr><p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" '
                'anchor="ctr"/><a:lstStyle/><a:p><a:pPr algn="ctr"/><a:r>'
                f'<a:rPr sz="{_SMALL * 100}">{ink}</a:rPr><a:t>{self._mark}</a:t></a:r></a:p>'
                "</p:txBody></p:sp>"
            )
        )

    def _letter(self, root: Any) -> None:
        """Set language and fonts, latin and hanzi, wherever letters stand."""
        latin, hanzi = (
            parse_xml(f'<{tag} {nsdecls("a")} typeface="{typeface}"/>')
            for tag, typeface in zip(("a:latin", "a:ea"), self._fonts, strict=True)
        )
        for run in root.iter(qn("a:r"), qn("a:fld")):
            if run.find(qn("a:rPr")) is None:
                run.insert(0, parse_xml(f"<a:rPr {nsdecls('a')}/>"))
        for letters in root.iter(qn("a:rPr"), qn("a:defRPr"), qn("a:endParaRPr")):
            letters.set("lang", _language())
            letters.set("altLang", say("en-US", "zh-CN"))
            for font in (latin, hanzi):
                if letters.find(font.tag) is None:
                    letters.append(deepcopy(font))


def _kind(shape: Any) -> Any:
    return shape.placeholder_format.type


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


def _language() -> str:
    return say("zh-CN", "en-US")
