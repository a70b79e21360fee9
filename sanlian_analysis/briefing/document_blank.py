"""The Word document that briefings are written into: page, styles, fonts, header and footer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.oxml.ns import qn
from docx.shared import Length, Mm

from sanlian_analysis.briefing.document_parts import make, paragraph, run
from sanlian_analysis.briefing.document_styles import FONTS, Look, looks
from sanlian_analysis.charts.style import TAG_PAPER
from sanlian_analysis.language import Language, current, say, using
from sanlian_analysis.tables import simulated_mark

#: A4 with a type area of 156 × 225 mm.
_WIDTH, _HEIGHT = Mm(210), Mm(297)
_TOP, _RIGHT, _BOTTOM, _LEFT = Mm(37), Mm(26), Mm(35), Mm(28)
#: How wide the text is.
ROOM = Length(_WIDTH - _LEFT - _RIGHT)
#: From the edge of the sheet: the dashes of the page number lie 7 mm below the type area.
_HEADER, _FOOTER = Mm(24), Mm(25)


def blank(*, simulated: bool) -> Any:
    """An empty document in the language in force, to be written into."""
    return docx.Document(io.BytesIO(_blank(current(), simulated)))


@cache
def _blank(language: Language, simulated: bool) -> bytes:
    """The same document as a file: opening it is far quicker than making it."""
    made: Any = docx.Document()
    with using(language):
        _set_page(made)
        _set_styles(made)
        _name_fonts(made)
        _set_edges(made, simulated)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = _WIDTH, _HEIGHT
    section.top_margin, section.bottom_margin = _TOP, _BOTTOM
    section.left_margin, section.right_margin = _LEFT, _RIGHT
    section.header_distance, section.footer_distance = _HEADER, _FOOTER
    settings = document.settings.element
    for mode in settings.xpath('.//w:compatSetting[@w:name="compatibilityMode"]'):
        mode.set(qn("w:val"), "15")
    package = document.part.package
    for key, one in list(package.rels.items()):
        if one.reltype == RELATIONSHIP_TYPE.THUMBNAIL:  # of the template's empty page
            del package.rels[key]


def _set_styles(document: Any) -> None:
    """Every style from scratch: the template's own colours, fonts and spaces go."""
    styles = document.styles
    known = {one.name for one in styles}
    for name, look in looks().items():
        if name not in known:
            styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = styles["Normal"]
        element = cast(Any, styles[name].element)
        for part in element.xpath("w:pPr | w:rPr"):
            element.remove(part)
        element.extend((_layout(look), _letters(look)))
    defaults = styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
    for part in list(defaults):
        defaults.remove(part)
    languages = {"w:val": say("en-US", "en-GB"), "w:eastAsia": "zh-CN", "w:bidi": "ar-SA"}
    fonts = make("w:rFonts", looks()["Normal"].fonts)
    defaults.extend((fonts, make("w:lang", languages)))


def _layout(look: Look) -> Any:
    line, rule = look.line
    spacing = {
        "w:before": str(look.before),
        "w:after": str(look.after),
        "w:line": str(line),
        "w:lineRule": rule,
    }
    first = {"w:firstLine": str(look.size * look.indent // 10)}
    indent = first | {"w:firstLineChars": str(look.indent)} if look.indent else first
    return make(
        "w:pPr",
        {},
        *([make("w:keepNext"), make("w:keepLines")] if look.keep else []),
        make("w:spacing", spacing),
        make("w:ind", indent),
        make("w:jc", {"w:val": look.align}),
        *([] if look.outline is None else [make("w:outlineLvl", {"w:val": str(look.outline)})]),
    )


def _letters(look: Look) -> Any:
    """Style properties of the letters, in the order that the format asks for."""
    size = str(look.size)
    return make(
        "w:rPr",
        {},
        make("w:rFonts", look.fonts),
        *([make("w:b")] if look.bold else []),
        make("w:color", {"w:val": "000000"}),
        *([make("w:spacing", {"w:val": "-5"})] if look.tight else []),
        make("w:sz", {"w:val": size}),
        make("w:szCs", {"w:val": size}),
    )


def _name_fonts(document: Any) -> None:
    """The other names of the Chinese fonts, for machines that know them by those."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    table = make("w:fonts")
    for name, alternative in FONTS.items():
        parts = {"w:altName": alternative, "w:charset": "86", "w:family": "auto"}
        described = (make(tag, {"w:val": value}) for tag, value in parts.items())
        table.append(make("w:font", {"w:name": name}, *described))
    part._blob = serialize_part_xml(table)


def _set_edges(document: Any, simulated: bool) -> None:
    """Page numbers, and the mark of simulated data on every page."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, align in ((section.footer, "right"), (section.even_page_footer, "left")):
        _fill(footer, _page_number(align))
    for header in (section.header, section.even_page_header):
        _fill(header, paragraph("Header", *_mark(simulated)))


def _fill(place: Any, paragraph: Any) -> None:
    """Put one paragraph into a header or footer, in the place of what is there."""
    place.is_linked_to_previous = False
    element = place._element
    for old in list(element):
        element.remove(old)
    element.append(paragraph)


def _mark(simulated: bool) -> Iterator[Any]:
    if simulated:
        border = make("w:bdr", {"w:val": "single", "w:sz": "4", "w:space": "0"})
        paper = make("w:shd", {"w:val": "clear", "w:fill": TAG_PAPER.removeprefix("#")})
        yield run("Header", f" {simulated_mark()} ", border, paper)


def _page_number(align: str) -> Any:
    """The number between dashes, one character from the outer margin."""
    number = make("w:fldSimple", {"w:instr": "PAGE"}, run("Footer", "1"))
    line = paragraph("Footer", run("Footer", "— "), number, run("Footer", " —"))
    indent = {f"w:{align}": "280", f"w:{align}Chars": "100"}
    line[0].extend((make("w:ind", indent), make("w:jc", {"w:val": align})))
    return line
