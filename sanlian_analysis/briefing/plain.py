"""Texts of a briefing made plain: what a ledger holds may be anything, a cell or a line may not."""

from __future__ import annotations

import re
import unicodedata

#: Every space but the ideographic one, which sets titles and dates apart.
_SPACES = re.compile(r"[^\S\u3000]+")


def clean(text: object) -> str:
    r"""The text on one line, without characters that XML forbids or that steer a text.

    >>> clean("东湖\x07\n\x0b社区\ufffe\u202e<b>")
    '东湖 社区<b>'
    """
    whole = str(text)
    if whole.isprintable() and "  " not in whole:
        return whole.strip()
    return "".join(filter(_allowed, _SPACES.sub(" ", whole))).strip()


def _allowed(c: str) -> bool:
    if unicodedata.category(c) in ("Cc", "Cf", "Cs"):
        return False
    return ord(c) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(c) <= 0xFDEF


def halves(text: str) -> int:
    """How wide a text is in half characters: a Chinese one counts two.

    >>> halves("东湖 1")
    6
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
