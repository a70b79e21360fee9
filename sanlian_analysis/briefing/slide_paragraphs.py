"""Paragraphs on slides, at the largest size at which they fit; names and descriptions of shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.text import MSO_AUTO_SIZE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches, Pt

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.slide_charts import accent
from sanlian_analysis.briefing.slide_text import (
    AFTER,
    BULLET,
    Box,
    Words,
    block_size,
    cut,
    lines,
    tall,
)

#: Inches left and right of a text in its box.
INSET = 0.1


def write(slide: Any, place: Box, told: Sequence[Words], sizes: Sequence[int]) -> None:
    """A text box with these paragraphs, at the largest of these sizes; nothing for none."""
    if not told:
        return
    frame = slide.shapes.add_textbox(*place.emu).text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = Inches(INSET)
    frame.margin_top = frame.margin_bottom = 0
    inner = Box(place.left, place.top, place.width - 2 * INSET, place.height)
    flow(frame, told, inner, sizes)


def flow(frame: Any, told: Sequence[Words], place: Box, sizes: Sequence[int]) -> None:
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


def describe(shape: Any, name: str, alt: str) -> None:
    """Name a shape, and say in words what it shows."""
    shape.name = clean(name)
    shape.element.xpath(".//p:cNvPr")[0].set("descr", clean(alt))
