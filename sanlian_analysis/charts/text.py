"""Texts that fit: measured before they are drawn, wrapped or shortened where they are too long."""

from __future__ import annotations

import re
from functools import lru_cache

from matplotlib.textpath import text_to_path

from sanlian_analysis.charts.style import TITLE, drawable, font

_POINTS_PER_INCH = 72
#: Inches for a name in a title.
_TITLE_NAME_ROOM = 2.4
#: Letters are put on whole pixels, and a text may come out a little wider than measured.
_SLACK = 1.02

#: A word, or one hanzi, with the closing punctuation that may not begin a line, and the
#: opening one that may not end it; a straight quote opens where a space is before it.
_CLOSING = '，。；：、！？）》〉”’」』】〕…%,.;:!?)"'
_FIRST_CJK = 0x2E80
_STANDING = str.maketrans("（）", "︵︶")
_STOPS = "，；：。"
_OPENING = r"""(?:(?<!\S)")?[（《〈“‘(〔]*"""
_TOKEN = re.compile(rf"\s+|{_OPENING}(?:[A-Za-z0-9.,%+/’'–-]+|\S)[{re.escape(_CLOSING)}]*")


def width(text: str, size: float) -> float:
    """Inches that a text takes on one line."""
    return sum(map(_advance, text)) * size / _POINTS_PER_INCH * _SLACK


@lru_cache(maxsize=50_000)
def _advance(character: str) -> float:
    """Points from a character to the next at a size of one point; the same at every size."""
    points, _, _ = text_to_path.get_text_width_height_descent(character, font(100), ismath=False)
    return float(points) / 100


def line_height(size: float) -> float:
    """Inches from one line of text to the next."""
    return size * 1.38 / _POINTS_PER_INCH


def shorten(text: str, room: float, size: float, suffix: str = "") -> str:
    """The text if it fits into `room` inches, else its head and tail around an ellipsis.

    The tail is kept because it tells what kind of area it is (…社区, …村); a
    `suffix` that tells namesakes apart is never cut.
    """
    text = drawable(text)
    if width(text + suffix, size) <= room:
        return text + suffix
    low, high = 1, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        if width(_abridged(text, middle) + suffix, size) <= room:
            low = middle
        else:
            high = middle
    return _abridged(text, low) + suffix


def in_title(name: str) -> str:
    """A name, short enough for the title of a chart."""
    return shorten(name, _TITLE_NAME_ROOM, TITLE)


def _abridged(text: str, kept: int) -> str:
    tail = kept // 3
    return f"{text[: kept - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def upright(text: str, room: float, size: float) -> str:
    """A heading for a narrow column, at most `room` inches tall.

    A few hanzi stand one below the other; anything else stays on one line, to be turned.
    """
    plain = drawable(text)
    hanzi = all(ord(c) >= _FIRST_CJK for c in plain)
    if hanzi and len(plain) <= int(room / line_height(size)):
        return "\n".join(plain.translate(_STANDING))
    return shorten(plain, room, size)


def wrap(text: str, room: float, size: float, most: int) -> list[str]:
    """The text in at most `most` lines of `room` inches; what is left over becomes an ellipsis."""
    lines, line = [], ""
    for token in _TOKEN.findall(drawable(text)):
        if line and width((line + token).rstrip(), size) > room:
            full, line = _broken(line, room, size)
            lines.append(full)
            line = (line + token).lstrip()
        else:
            line += token
    lines.append(line.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], "".join(lines[most - 1 :])]
    return [shorten(line, room, size) for line in lines if line]


def _broken(line: str, room: float, size: float) -> tuple[str, str]:
    """A full line cut after its last comma, if that leaves most of the line, else at its end."""
    at = max(line.rfind(stop) for stop in _STOPS) + 1
    if width(line[:at], size) < room * 0.6:
        at = len(line)
    return line[:at].rstrip(), line[at:]
