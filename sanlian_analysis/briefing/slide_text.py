"""Texts on slides: measured, made smaller, and cut where they would leave their place."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pptx.util import Inches

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.charts import style
from sanlian_analysis.charts import text as measured
from sanlian_analysis.language import say

#: A line of hanzi is taller than its size.
_LEADING = 1.47
#: Other fonts' latin letters run wider than those measured, and some programs set them off
#: from hanzi (in heights of a letter).
_SLACK, _LATIN_SLACK, _SET_OFF = 1.02, 1.12, 0.25
#: Space after a paragraph, in heights of its letters.
AFTER = 0.5
#: Inches that a bullet takes.
BULLET = 0.28

_LATIN = re.compile(r"[!-⹿]+")
_SEAM = re.compile(r"(?<=[\u2000-\uffef])(?= ?[!-~])|(?<=[!-~])(?= ?[\u2000-\uffef])")
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
    bullet: bool = False
    most: int = 6

    def room(self, width: float) -> float:
        """Inches of a line that are left for letters."""
        return width - BULLET if self.bullet else width


def wide(text: str, size: float) -> float:
    """Inches that a text takes on one line."""
    return _letters(text, size) + len(_SEAM.findall(text)) * _seam(size)


@lru_cache(maxsize=50_000)
def _letters(text: str, size: float) -> float:
    plain = style.drawable(text)
    latin = sum(measured.width(part, size) for part in _LATIN.findall(plain))
    return measured.width(plain, size) * _SLACK + latin * (_LATIN_SLACK - _SLACK)


def _seam(size: float) -> float:
    return _SET_OFF * size / 72


def tall(lines: float, size: float) -> float:
    """Inches that so many lines take."""
    return lines * size * _LEADING / 72


@lru_cache(maxsize=50_000)
def lines(text: str, room: float, size: float) -> int:
    """How many lines a text takes; a word that is wider than the room is broken."""
    count, used = 1, 0.0
    seams = [found.start() for found in _SEAM.finditer(text)]
    for found in _WORD.finditer(text):
        set_off = sum(found.start() <= at < found.end() for at in seams) * _seam(size)
        if used and used + _letters(found[0].rstrip(), size) + set_off > room:
            count, used = count + 1, 0.0
        used += _letters(found[0], size) + set_off
        if used > room:
            count, used = count + int(used / room), used % room
    return count


def cut(text: object, room: float, size: float, most: int = 1, *, tail: bool = True) -> str:
    """The text on at most so many lines: its head, and its `tail`, around an ellipsis."""
    kept = clean(text)
    if lines(kept, room, size) <= most:
        return kept
    low, high = 0, len(kept)
    while high - low > 1:
        middle = (low + high) // 2
        if lines(_abridged(kept, middle, tail), room, size) <= most:
            low = middle
        else:
            high = middle
    return _abridged(kept, low, tail)


def _abridged(text: str, kept: int, tail: bool) -> str:
    """Head and tail of a text; a figure or a word that would be cut in two is left out."""
    end = kept // 3 if tail else 0
    head, rest = text[: kept - end], text[len(text) - end :]
    whole = re.sub(r"[\w.,]+$", "", head, flags=re.A) or head
    last = re.sub(r"^[\w.,%]+", "", rest, flags=re.A)
    return f"{whole.rstrip()}…{last.lstrip()}"


def cut_list(text: str, room: float, size: float, most: int) -> str:
    """A text of items on at most so many lines; items that have no room are left out whole."""
    stop = say("；", "; ")
    items = text.split(stop)
    for kept in range(len(items), 0, -1):
        told = stop.join(items[:kept] + ["…"] * (kept < len(items)))
        if lines(told, room, size) <= most:
            return told
    return cut(text, room, size, most, tail=False)


def fitted(text: object, box: Box, sizes: Sequence[int], most: int = 2) -> tuple[str, int]:
    """The text and its size: large on one line if it can be, else as it fits; at worst cut."""
    whole = clean(text)
    single = [size for size in sizes if size >= sizes[0] * 0.8]
    for size in single:
        if lines(whole, box.width, size) == 1:
            return whole, size
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
        counts = [lines(clean(one.text), one.room(box.width), size) for one, size in own]
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
    wanted = [max(wide(row[i], size) for row in rows) * 1.03 + sides for i in range(len(rows[0]))]
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
