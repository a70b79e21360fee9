"""Elements of a Word document: paragraphs of a style, and runs of text in its fonts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from sanlian_analysis.briefing.document_styles import looks

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def make(tag: str, attributes: Mapping[str, str] | None = None, *children: Any) -> Any:
    """An element with attributes and children, all named as "w:tag"."""
    element: Any = OxmlElement(tag, {qn(key): value for key, value in (attributes or {}).items()})
    element.extend(children)
    return element


def style_id(look: str) -> str:
    """The name that paragraphs have for a style."""
    return look.replace(" ", "")


def paragraph(look: str, *runs: Any) -> Any:
    """A paragraph of a style."""
    return make("w:p", {}, make("w:pPr", {}, make("w:pStyle", {"w:val": style_id(look)})), *runs)


def run(look: str, text: str, *properties: Any) -> Any:
    """A run of plain text in the fonts of a style."""
    words = make("w:t")
    words.text = text
    words.set(_SPACE, "preserve")
    return make("w:r", {}, letters(look, *properties), words)


def letters(look: str, *properties: Any) -> Any:
    """The fonts of a style and other properties, for a run."""
    return make("w:rPr", {}, make("w:rFonts", looks()[look].fonts), *properties)
