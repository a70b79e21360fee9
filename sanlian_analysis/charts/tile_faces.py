"""What stands in a tile: its fill, its sign, its name and its figure, as large as fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from sanlian_analysis.charts import style
from sanlian_analysis.charts.marks import dot
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import width, wrap
from sanlian_analysis.charts.tile_layout import Tile
from sanlian_analysis.charts.tile_scale import Scale
from sanlian_analysis.language import say

#: Of a tile's side: the gap to the next tile, and the room for words.
_GAP, _WORDS = 0.07, 0.89
#: Points, and letters of the largest size in a row across a tile.
_SMALLEST, _LARGEST_LETTERS, _LETTERS = 6.5, 11, 4.75
_POINTS = 72
#: In sizes of the letters: from one line to the next; in lines: the room of a sign.
_PITCH, _SIGN = 1.45, 0.85
_BLACK = "#000000"
#: The peoples in the names of autonomous counties, as far as names here hold them.
_PEOPLES = "满|蒙古|畲|回|朝鲜|锡伯"


@dataclass(frozen=True)
class Face:
    """How a tile looks: its fill, the words in it, and the verdict that gives it a sign."""

    tile: Tile
    name: str
    figures: tuple[str, ...]
    fill: str
    ink: str
    sign: str
    corner: bool
    absent: bool = False


def face_of(subject: Subject, tile: Tile, row: Any, scale: Scale | None) -> Face:
    """A tile by its row of the results; empty without one. Without a scale, by its verdict."""
    corner = scale is not None
    if row is None:
        nothing = (say("无数据", "no data"),)
        return Face(tile, tile.name, nothing, style.PAPER, style.MUTED, "", corner, absent=True)
    name = tile.name if pd.isna(row.area) or not str(row.area).strip() else str(row.area)
    texts, look = figures(subject, row), style.VERDICTS[row.verdict]
    if scale is None:
        return Face(tile, name, texts, look.cell, style.INK, row.verdict, corner)
    unknown = look.cell if row.verdict == "not_applicable" else style.UNKNOWN_TONE
    fill = unknown if pd.isna(row.value) else scale.tone(row.value)
    sign = "undetermined" if row.verdict == "undetermined" else ""
    return Face(tile, name, texts, fill, _readable(fill), sign, corner)


def figures(subject: Subject, row: Any) -> tuple[str, ...]:
    """The figure, and what may stand for it where it is too long for a tile."""
    if row.verdict == "not_applicable":
        return (say("不适用", "n/a"),)
    if pd.isna(row.value):
        return (say("无数据", "no data"),)
    against = None if pd.isna(row.threshold) else row.threshold
    texts = _written(subject, row.value, against)
    if against is None:
        return texts
    side = "<" if row.value < against else ">" if row.value > against else "="
    return *texts, *(side + text for text in _written(subject, against, against)), side


def _written(subject: Subject, value: float, against: float | None) -> tuple[str, ...]:
    """A figure, and where it is a large number also in 万 or 亿, thousands or millions."""
    text = subject.quantity.text(value, against)
    units = {10**8: say("亿", ""), 10**6: say("", "M"), 10**4: say("万", ""), 10**3: say("", "k")}
    scale = next((scale for scale, unit in units.items() if unit and abs(value) >= scale), None)
    if scale is None or subject.quantity.percent:
        return (text,)
    other = None if against is None else against / scale
    return text, style.number(value / scale, other) + units[scale]


def _readable(fill: str) -> str:
    """Dark letters on a light tile, light ones on a dark one."""
    return max((_BLACK, style.PAPER), key=lambda ink: contrast(fill, ink))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG defines it, from 1 to 21.

    >>> round(contrast("#FFFFFF", "#000000"))
    21
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def draw_face(axes: Axes, face: Face, side: float) -> None:
    """The square; in it, one below the other, the verdict's sign, the name and the figure.

    Where the fill already shows the value, the sign of the undetermined stands in the corner.
    """
    code, x, y = face.tile.code, face.tile.column, face.tile.row
    line: dict[str, Any] = {"edgecolor": style.FAINT, "linewidth": 0.9 if face.absent else 0.5}
    dashes = (0, (3, 2)) if face.absent else "-"
    place = (x + _GAP / 2, y + _GAP / 2)
    look = line | {"facecolor": face.fill, "linestyle": dashes, "gid": f"tile-{code}"}
    axes.add_patch(Rectangle(place, 1 - _GAP, 1 - _GAP, **look))
    size = letter_size(side)
    names = name_lines(face.name, side * _WORDS, size)
    figure = next((text for text in face.figures if width(text, size) <= side * _WORDS), "…")
    slots = len(names) + 1 + (_SIGN if face.sign and not face.corner else 0)
    pitch = min(size * _PITCH / _POINTS / side, 0.88 / slots)
    middle = 0.54 if face.corner else 0.5
    at = y + min(middle - slots * pitch / 2, 0.95 - slots * pitch)
    if face.sign:
        spot = (x + 0.87, y + 0.13) if face.corner else (x + 0.5, at + _SIGN / 2 * pitch)
        mark = dot(face.sign, min(size * 0.75, 0.6 * pitch * side * _POINTS))
        if face.corner:
            mark |= {"markerfacecolor": "none", "markeredgecolor": face.ink, "markersize": 4.5}
        axes.plot(*spot, linestyle="none", gid=f"sign-{code}", **mark)
    letters = {"ha": "center", "va": "center_baseline"} | style.lettering(size, face.ink)
    lines = [*(("name", line) for line in names), ("figure", figure)]
    for up, (gid, text) in enumerate(reversed(lines)):
        height = at + (slots - up - 0.5) * pitch
        axes.text(x + 0.5, height, text, gid=f"{gid}-{code}", **letters)


def letter_size(side: float) -> float:
    """Points of the letters in a tile; four hanzi must stand in a row."""
    return min(_LARGEST_LETTERS, max(_SMALLEST, side * _POINTS / _LETTERS))


def name_lines(name: str, room: float, size: float) -> list[str]:
    """A county's name in one line of `room` inches, else its short form, else in two lines.

    >>> name_lines("鲅鱼圈区", 0.3, 7), name_lines("宽甸满族自治县", 0.42, 7)
    (['鲅鱼圈'], ['宽甸县'])
    >>> name_lines("喀喇沁左翼蒙古族自治县", 0.42, 7)
    ['喀喇沁', '左翼县']
    """
    name = style.drawable(name)
    common = re.sub(rf"(?<=.{{2}})(?:{_PEOPLES})+族自治(?=[县旗]$)", "", name)
    short = re.sub("(?<=..)[区县市]$", "", common)
    for form in (name, common, short):
        if width(form, size) <= room:
            return [form]
    half = (len(common) + 1) // 2
    halves = [common[:half].strip(), common[half:].strip()]
    even = re.fullmatch(r"[\u2e80-\u9fff]+", common) and width(halves[0], size) <= room
    return halves if even else wrap(common, room, size, most=2)
