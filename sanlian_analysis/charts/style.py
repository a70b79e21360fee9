"""How every chart looks: fonts, colours, marks, sizes, and the way numbers are written.

Nothing here changes matplotlib's global settings for others: texts and lines carry their
own properties, so that charts look the same whatever a notebook has set.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import matplotlib
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from sanlian_analysis.language import current, say

#: Inches, at 96 dots each on a page; files are drawn at twice that.
WIDTH, BODY_HEIGHT, MARGIN = 7.2, 2.75, 0.28
LAYOUT_DPI, FILE_DPI = 96, 192
#: An A4 column of 156 mm in inches, the dots of print, and those of a slide.
COLUMN, PAGE_DPI, SLIDE = 156 / 25.4, 300, (3840, 2160)

#: Points.
TITLE, SUBTITLE, BODY, SMALL = 13.5, 9.5, 8.5, 7.5

#: A chart with more rows than this would be a table that nobody can read.
MOST_ROWS = 200

INK, MUTED, FAINT, GRID, PAPER = "#1F2328", "#5B6168", "#9AA0A6", "#E4E6E8", "#FFFFFF"
TAG_PAPER = "#FFF1C2"
HIGHLIGHT, BAND = "#F1EBDD", "#EFF1F3"

#: Tones of one variable, lightest first: below every threshold, between, at or above all.
TONES = ("#A9CFE8", "#4F9BCB", "#0A4F80")
#: Below, inside and above limits: colour and shape.
POSITIONS = {"inside": ("#0072B2", "o"), "below": ("#D55E00", "v"), "above": ("#AA4E8C", "^")}

UNKNOWN_TONE = "#D3D6D9"

_PREFERRED = (
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Microsoft YaHei",
    "PingFang SC",
    "DejaVu Sans",
)
#: Stands for a character that no font at hand can draw, as in Chinese typesetting.
_MISSING = "〓"
#: Curly quotes are as wide as a hanzi in Chinese fonts; English words do without them.
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")


@dataclass(frozen=True)
class Mark:
    """A colour, a shape and a name: any one of the three is enough to tell it apart."""

    fill: str
    edge: str
    marker: str
    zh: str
    en: str
    cell: str = PAPER

    @property
    def label(self) -> str:
        """The mark's name in the language in force."""
        return say(self.zh, self.en)


#: Okabe–Ito colours; the cells of a table are tints of them that differ in grey print too.
VERDICTS = {
    "met": Mark("#0072B2", "#0072B2", "o", "达标", "Met", "#B7D9EE"),
    "not_met": Mark("#D55E00", "#D55E00", "D", "未达标", "Not met", "#F5B68C"),
    "undetermined": Mark(
        PAPER,
        "#4D4D4D",
        "^",
        "待定（数据不足以判定）",
        "Undetermined (data do not decide)",
        "#E6E6E6",
    ),
    "not_applicable": Mark("#8C8C8C", "#8C8C8C", "_", "不适用", "Not applicable", "#FAFAFA"),
    "no_threshold": Mark("#56B4E9", "#2E7FAE", "s", "未设阈值", "No threshold set", "#E8F4FB"),
}


@cache
def _families() -> tuple[str, ...]:
    font_manager.fontManager.addfont(pylopdf_fonts_zh_cn.sans_path())
    known = set(font_manager.fontManager.get_font_names())
    return tuple(name for name in _PREFERRED if name in known)


@cache
def _glyphs() -> frozenset[int]:
    files = (
        font_manager.findfont(font_manager.FontProperties(family=[name])) for name in _families()
    )
    return frozenset(code for file in files for code in FT2Font(file).get_charmap())


def font(size: float) -> font_manager.FontProperties:
    """The house font; a glyph that it lacks comes from the next family in line."""
    return font_manager.FontProperties(family=list(_families()), size=size, weight="normal")


def lettering(size: float, colour: str = INK) -> dict[str, Any]:
    """Properties of a text; `$` and `_` in a village's name are letters, not mathematics."""
    return {"fontproperties": font(size), "color": colour, "parse_math": False}


@contextmanager
def unfitted() -> Iterator[None]:
    """Letters keep their own shapes, which takes half the time of fitting them to dots.

    At the sizes that charts have, fitted Chinese letters look no sharper, and their
    widths are others at every resolution.
    """
    with matplotlib.rc_context({"text.hinting": "none"}):
        yield


def drawable(text: str) -> str:
    r"""The text on one line, with 〓 for characters that no font at hand has.

    >>> drawable("东湖\n社区 \U000F0000")
    '东湖 社区 〓'
    """
    spaced = " ".join(str(text).split())
    if current() == "en":
        spaced = spaced.translate(_STRAIGHT)
    kept = (c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf"))
    return "".join(c if ord(c) in _glyphs() else _MISSING for c in kept)


def percent(value: float, against: float | Fraction | None = None) -> str:
    """A fraction as a percentage, never rounded onto or over the threshold it is held against.

    One decimal, and more where that would turn 79.96 % into 80 %; only an exact
    0 or 1 is shown as 0 % or 100 %.

    >>> percent(0.864), percent(0.7996, against=0.8), percent(0.9998), percent(0.4)
    ('86.4%', '79.96%', '99.98%', '40%')
    """
    if against is not None and float(value) == float(against):
        return exact_percent(against)
    references = [Decimal(0), Decimal(100)]
    if against is not None:
        references.append(_decimal(against) * 100)
    return _rounded(_decimal(value) * 100, references) + "%"


def exact_percent(threshold: float | Fraction) -> str:
    """A threshold without rounding: a third is a third.

    >>> exact_percent(Fraction(1, 3)), exact_percent(0.4), exact_percent(1)
    ('1/3', '40%', '100%')
    """
    simple = Fraction(float(threshold)).limit_denominator(12)
    if float(simple) == float(threshold) and (simple * 10_000).denominator > 1:
        return str(simple)
    return _plain(_decimal(threshold) * 100) + "%"


def number(value: float, against: float | Fraction | None = None) -> str:
    """A figure with at most one decimal, or as many as keep it on its side of the threshold.

    >>> number(12345.678), number(9.96, against=10), number(3.0)
    ('12,345.7', '9.96', '3')
    """
    references = [Decimal(0)]
    if against is not None:
        references.append(_decimal(against))
    return _rounded(_decimal(value), references)


def _decimal(value: float | Fraction) -> Decimal:
    return Decimal(repr(float(value)))


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: Decimal, references: list[Decimal]) -> str:
    for places in range(1, 12):
        shown = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        if all(shown.compare(r) == value.compare(r) for r in references):
            return _plain(shown)
    return _plain(value)
