"""Texts on slides: measured, made smaller, and cut where they would leave their place."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pptx.util import Inches

from sanlian_analysis.charts import style
from sanlian_analysis.charts import text as measured

#: A line of hanzi is taller than its size, and other fonts run wider than the one measured.
_LEADING, _SLACK = 1.42, 1.05
#: Space after a paragraph, in heights of its letters.
AFTER = 0.5

_WORD = re.compile(r"[!-⹿]+\s*|\S[，。；：、！？）》”’」』】〕…]*\s*")


@dataclass(frozen=True)
class Box:
    """A place on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Inches from the top of the slide to its lower edge."""
        return self.top + self.height

    @property
    def emu(self) -> tuple[Inches, Inches, Inches, Inches]:
        """Left, top, width and height as python-pptx takes them."""
        return Inches(self.left), Inches(self.top), Inches(self.width), Inches(self.height)

    def below(self, head: float) -> Box:
        """What is left when something of that height stands at its top."""
        return Box(self.left, self.top + head, self.width, self.height - head)


@dataclass(frozen=True)
class Words:
    """A paragraph: `scale` of the size of its block, `most` lines, and how it looks."""

    text: str
    scale: float = 1.0
    bold: bool = False
    muted: bool = False
    accent: bool = False
    most: int = 6


def clean(text: object) -> str:
    r"""The text on one line, without characters that XML forbids or that steer a text.

    >>> clean("东湖\x07 \x0b社区\ufffe\u202e")
    '东湖 社区'
    """
    return "".join(c for c in " ".join(str(text).split()) if _allowed(c))


def _allowed(c: str) -> bool:
    if unicodedata.category(c) in ("Cc", "Cf", "Cs"):
        return False
    return ord(c) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(c) <= 0xFDEF


def wide(text: str, size: float) -> float:
    """Inches that a text takes on one line."""
    return measured.width(style.drawable(text), size) * _SLACK


def tall(lines: float, size: float) -> float:
    """Inches that so many lines take."""
    return lines * size * _LEADING / 72


def lines(text: str, room: float, size: float) -> int:
    """How many lines a text takes; a word that is wider than the room is broken."""
    count, used = 1, 0.0
    for word in _WORD.findall(text):
        if used and used + wide(word.rstrip(), size) > room:
            count, used = count + 1, 0.0
        used += wide(word, size)
        if used > room:
            count, used = count + int(used / room), used % room
    return count


def cut(text: object, room: float, size: float, most: int = 1) -> str:
    """The text on at most so many lines: its head and its tail around an ellipsis."""
    kept = clean(text)
    if lines(kept, room, size) <= most:
        return kept
    low, high = 1, len(kept)
    while high - low > 1:
        middle = (low + high) // 2
        if lines(_abridged(kept, middle), room, size) <= most:
            low = middle
        else:
            high = middle
    return _abridged(kept, low)


def _abridged(text: str, kept: int) -> str:
    tail = kept // 3
    return f"{text[: kept - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def fitted(text: object, box: Box, sizes: Sequence[int], most: int = 2) -> tuple[str, int]:
    """The text and the largest size at which it fits; at the smallest it is cut."""
    whole = clean(text)
    for size in sizes:
        needed = lines(whole, box.width, size)
        if needed <= most and tall(needed, size) <= box.height:
            return whole, size
    last = sizes[-1]
    return cut(whole, box.width, last, max(1, min(most, int(box.height / tall(1, last))))), last


def block_size(paragraphs: Sequence[Words], box: Box, sizes: Sequence[int]) -> int:
    """The largest size at which all paragraphs fit whole, else the smallest."""
    for size in sizes:
        own = [(one, round(size * one.scale)) for one in paragraphs]
        counts = [lines(clean(one.text), box.width, letters) for one, letters in own]
        needed = sum(
            tall(count, letters) + AFTER * letters / 72
            for count, (_, letters) in zip(counts, own, strict=True)
        )
        few = all(count <= one.most for count, one in zip(counts, paragraphs, strict=True))
        if few and needed <= box.height:
            return size
    return sizes[-1]


def columns(rows: Sequence[Sequence[str]], room: float, size: float, sides: float) -> list[float]:
    """Widths of the columns of a table that fill the room: long texts share what is left."""
    wanted = [max(wide(row[i], size) for row in rows) + sides + 0.05 for i in range(len(rows[0]))]
    given: dict[int, float] = {}
    while True:
        left = [i for i in range(len(wanted)) if i not in given]
        share = (room - sum(given.values())) / max(1, len(left))
        fitting = [i for i in left if wanted[i] <= share]
        if not fitting:
            break
        given |= {i: wanted[i] for i in fitting}
    if left:
        weights = {i: math.sqrt(wanted[i]) for i in left}
        spare = room - sum(given.values())
        given |= {i: spare * weights[i] / sum(weights.values()) for i in left}
    grown = room / sum(given.values())
    return [given[i] * grown for i in range(len(wanted))]
