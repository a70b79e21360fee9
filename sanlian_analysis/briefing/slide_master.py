"""What slides stand on: the house's own master or a user's template."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Emu, Inches

from sanlian_analysis.briefing.package import rewritten
from sanlian_analysis.briefing.slide_text import Box
from sanlian_analysis.charts import style
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say

#: Fonts that every Windows has; elsewhere others of the same widths take their place.
LATIN, HANZI = "Arial", "微软雅黑"

#: Inches: the page of the house and its margin.
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.55
#: Where the house puts titles, and the parts of its footer.
TITLE = Box(MARGIN, 0.36, WIDTH - 2 * MARGIN, 1.02)
_FOOT = 6.98
FOOTERS = {
    "ftr": Box(MARGIN - 0.1, _FOOT, 10.0, 0.34),
    "dt": Box(WIDTH - MARGIN - 2.1, _FOOT, 1.5, 0.34),
    "sldNum": Box(WIDTH - MARGIN - 0.6, _FOOT, 0.7, 0.34),
}
_OPENING = Box(1.0, 2.3, WIDTH - 2.0, 1.5)

HEADINGS = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
FOOTER_KINDS = {
    PP_PLACEHOLDER.FOOTER: "ftr",
    PP_PLACEHOLDER.DATE: "dt",
    PP_PLACEHOLDER.SLIDE_NUMBER: "sldNum",
}

#: The house's colours, by their places in a theme.
_COLOURS = {
    "dk1": style.INK,
    "lt1": style.PAPER,
    "dk2": style.TONES[2],
    "lt2": style.HIGHLIGHT,
    "accent1": style.VERDICTS["met"].fill,
    "accent2": style.VERDICTS["not_met"].fill,
    "accent3": style.TONES[0],
    "accent4": style.POSITIONS["above"][0],
    "accent5": style.MUTED,
    "accent6": style.FAINT,
    "hlink": style.VERDICTS["met"].fill,
    "folHlink": style.MUTED,
}
_KEPT_LAYOUTS = ("title", "obj", "titleOnly", "blank")
_BODY_SIZES = (20, 18, 16, 14, 14)

#: A template beyond this was not drawn by hand; it would only fill the memory.
_MOST_UNCOMPRESSED = 1024**3
_CONTENT_TYPES = "[Content_Types].xml"


def box_of(shape: Any) -> Box | None:
    """Where a shape stands, in inches; None where nothing says so."""
    sides = (shape.left, shape.top, shape.width, shape.height)
    if any(side is None for side in sides):
        return None
    return Box(*(side / Inches(1) for side in sides))


# --- the house's own -------------------------------------------------------------------


def house() -> Any:
    """An empty deck in 16:9 in the house's colours and fonts."""
    return Presentation(io.BytesIO(_house()))


@cache
def _house() -> bytes:
    """The same deck as a file: opening it is quicker than making it."""
    deck: Any = Presentation()
    stretch = Inches(WIDTH) / deck.slide_width
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    deck.element.find(qn("p:sldSz")).attrib.pop("type", None)
    master = deck.slide_master
    for layout in list(deck.slide_layouts):
        if layout.element.get("type") not in _KEPT_LAYOUTS:
            deck.slide_layouts.remove(layout)
    for shape in (s for layout in deck.slide_layouts for s in layout.placeholders):
        if shape.element.spPr.find(qn("a:xfrm")) is not None:
            shape.left, shape.width = (
                Emu(int(shape.left * stretch)),
                Emu(int(shape.width * stretch)),
            )
    _draw_master(master)
    for layout in deck.slide_layouts:
        if layout.element.get("type") == "title":
            _draw_opening(layout)
    _paint(master)
    package = deck.part.package
    for relation in list(package.iter_rels()):
        if relation.reltype in (RELATIONSHIP_TYPE.THUMBNAIL, RELATIONSHIP_TYPE.EXTENDED_PROPERTIES):
            package.drop_rel(relation.rId)
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def _draw_master(master: Any) -> None:
    places = {
        PP_PLACEHOLDER.TITLE: TITLE,
        PP_PLACEHOLDER.BODY: Box(MARGIN, 1.5, WIDTH - 2 * MARGIN, 5.3),
        **{kind: FOOTERS[name] for kind, name in FOOTER_KINDS.items()},
    }
    for shape in master.placeholders:
        kind = shape.placeholder_format.type
        shape.left, shape.top, shape.width, shape.height = places[kind].emu
        side = {PP_PLACEHOLDER.FOOTER: "l", PP_PLACEHOLDER.DATE: "r"}.get(kind)
        for paragraph in shape.element.iter(qn("a:lvl1pPr")) if side else ():
            paragraph.set("algn", side)
    styles = master.element.find(qn("p:txStyles"))
    title = styles.find(qn("p:titleStyle")).find(qn("a:lvl1pPr"))
    title.set("algn", "l")
    title.find(qn("a:defRPr")).set("sz", "2800")
    title.find(qn("a:defRPr")).set("b", "1")
    body = styles.find(qn("p:bodyStyle"))
    for level, size in enumerate(_BODY_SIZES, 1):
        body.find(qn(f"a:lvl{level}pPr")).find(qn("a:defRPr")).set("sz", str(size * 100))
    tree = master.shapes.element
    bar = Box(0, TITLE.top + 0.14, 0.16, TITLE.height - 0.28)
    rule = Box(MARGIN, _FOOT - 0.02, WIDTH - 2 * MARGIN, 0.012)
    tree.insert(2, _patch(101, "accent", bar, "accent1"))
    tree.insert(3, _patch(102, "rule", rule, "accent6"))


def _draw_opening(layout: Any) -> None:
    """White letters on the house's darkest tone."""
    layout.element.set("showMasterSp", "0")
    ground = (
        f'<p:bg {nsdecls("p", "a")}><p:bgPr><a:solidFill><a:schemeClr val="tx2"/></a:solidFill>'
        "<a:effectLst/></p:bgPr></p:bg>"
    )
    layout.element.cSld.insert(0, parse_xml(ground))
    white = f'<a:solidFill {nsdecls("a")}><a:schemeClr val="bg1"/></a:solidFill>'
    for shape in layout.placeholders:
        kind = shape.placeholder_format.type
        if kind in FOOTER_KINDS:
            shape.element.getparent().remove(shape.element)
            continue
        under = Box(_OPENING.left, _OPENING.bottom + 0.25, _OPENING.width, 1.8)
        place = _OPENING if kind in HEADINGS else under
        shape.left, shape.top, shape.width, shape.height = place.emu
        frame = shape.element.find(qn("p:txBody"))
        frame.find(qn("a:bodyPr")).set("anchor", "b" if kind in HEADINGS else "t")
        letters = f'<a:lvl1pPr {nsdecls("a")} marL="0" indent="0" algn="l"><a:buNone/><a:defRPr/></a:lvl1pPr>'
        first = parse_xml(letters)
        first.find(qn("a:defRPr")).append(parse_xml(white))
        styles = frame.find(qn("a:lstStyle"))
        for old in styles.findall(qn("a:lvl1pPr")):
            styles.remove(old)
        styles.insert(0, first)
    rule = Box(_OPENING.left + 0.1, _OPENING.bottom + 0.1, 1.6, 0.05)
    layout.shapes.element.append(_patch(103, "rule", rule, "accent3"))


def _patch(number: int, name: str, box: Box, colour: str) -> Any:
    """A rectangle without outline."""
    left, top, wide, high = box.emu
    return parse_xml(
        f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr/>'
        f'<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{left}" y="{top}"/>'
        f'<a:ext cx="{wide}" cy="{high}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill><a:ln><a:noFill/></a:ln>'
        "</p:spPr></p:sp>"
    )


def _paint(master: Any) -> None:
    """Colours and fonts of the theme."""
    part = _theme(master)
    theme = part.blob.decode("utf-8")
    for name, colour in _COLOURS.items():
        value = f'<a:{name}><a:srgbClr val="{colour[1:]}"/></a:{name}>'
        theme = re.sub(f"<a:{name}>.*?</a:{name}>", value, theme, flags=re.S)
    for font in ("majorFont", "minorFont"):
        fonts = f'<a:{font}><a:latin typeface="{LATIN}"/><a:ea typeface="{HANZI}"/>'
        theme = re.sub(f"<a:{font}><a:latin[^>]*/><a:ea[^>]*/>", fonts, theme)
    theme = theme.replace('script="Hans" typeface="宋体"', f'script="Hans" typeface="{HANZI}"')
    part.blob = theme.encode("utf-8")


def _theme(master: Any) -> Any:
    return master.part.part_related_by(RELATIONSHIP_TYPE.THEME)


# --- a user's template -----------------------------------------------------------------


def opened(template: bytes | Path) -> Any:
    """A user's template without its slides.

    Raises SanlianError when the file cannot be read or is no template of slides.
    """
    name = str(template) if isinstance(template, Path) else say("幻灯片模板", "template of slides")
    try:
        data = template.read_bytes() if isinstance(template, Path) else template
        deck = Presentation(io.BytesIO(_as_deck(data)))
        _emptied(deck)
        if not _layouts(deck) or not deck.slide_width or not deck.slide_height:
            raise ValueError("no layouts")
    except OSError as error:
        why = error.strerror or error
        raise SanlianError(
            say(f"{name}：读不了（{why}）", f"{name}: cannot be read ({why})")
        ) from None
    except Exception:  # whatever a damaged package makes its reader raise
        raise SanlianError(
            say(
                f"{name}：不是可用的幻灯片模板；需要 .pptx 或 .potx（不含宏、未加密）",
                f"{name}: no template of slides; a .pptx or .potx is needed, without macros or "
                "password",
            )
        ) from None
    return deck


def _as_deck(data: bytes) -> bytes:
    """The bytes of a .potx made those of a .pptx; others as they are."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if sum(entry.file_size for entry in package.infolist()) > _MOST_UNCOMPRESSED:
            raise ValueError("too large")
        types = package.read(_CONTENT_TYPES)
    if b"macroEnabled" in types:
        raise ValueError("macros")
    if b"presentationml.template.main+xml" not in types:
        return data

    def plain(name: str, content: bytes) -> bytes:
        if name != _CONTENT_TYPES:
            return content
        return content.replace(b"presentationml.template.main", b"presentationml.presentation.main")

    return rewritten(data, plain)


def _emptied(deck: Any) -> None:
    """Without slides, and without sections and shows that name them."""
    root = deck.element
    listed = root.find(qn("p:sldIdLst"))
    for slide in list(listed) if listed is not None else ():
        deck.part.drop_rel(slide.rId)
        listed.remove(slide)
    for part in (*root.findall(qn("p:custShowLst")), *root.findall(qn("p:extLst"))):
        root.remove(part)


def _layouts(deck: Any) -> list[Any]:
    return [layout for master in deck.slide_masters for layout in master.slide_layouts]


def layout_for(deck: Any, kind: str) -> Any:
    """The layout of a type ("title", "titleOnly"); else one with a title and little else."""
    layouts = _layouts(deck)
    return next(
        (layout for layout in layouts if layout.element.get("type") == kind),
        min(layouts, key=_spare),
    )


def _spare(layout: Any) -> tuple[bool, int]:
    kinds = [shape.placeholder_format.type for shape in layout.placeholders]
    others = [kind for kind in kinds if kind not in HEADINGS and kind not in FOOTER_KINDS]
    return not any(kind in HEADINGS for kind in kinds), len(others)


def has_hanzi_font(deck: Any) -> bool:
    """Whether the theme says in which font hanzi are written."""
    theme = _theme(deck.slide_master).blob
    return bool(re.search(rb'<a:minorFont>.*?<a:ea typeface="[^"]', theme, flags=re.S))
