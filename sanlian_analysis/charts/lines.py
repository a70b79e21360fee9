"""Upright lines that figures are compared with, each named above the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import Chart, note
from sanlian_analysis.charts.listing import Column
from sanlian_analysis.charts.text import line_height, width

_PAD = 0.12


@dataclass(frozen=True)
class Line:
    """A value that every area is compared with."""

    gid: str
    value: float
    label: str
    colour: str
    weight: float


def tall_line(axes: Axes, at: float, above: float, **look: Any) -> None:
    """A line from the floor of the axes to so many inches above them."""
    high = axes.get_window_extent().height / style.LAYOUT_DPI
    axes.axvline(at, ymax=1 + above / high, clip_on=False, **look)


def room_above(lines: Sequence[Line]) -> float:
    """Inches above the rows for the names of the lines."""
    return len(lines) * line_height(style.SMALL) + _PAD if lines else 0.0


def draw_lines(chart: Chart, axes: Axes, column: Column, lines: Sequence[Line]) -> None:
    """The lines through a column, each named on a line of its own above it."""
    first, last = style.MARGIN + column.left, style.MARGIN + column.left + column.wide
    top, end = axes.get_window_extent().y1 / style.LAYOUT_DPI, axes.get_xlim()[1]
    for tier, line in enumerate(lines):
        above = _PAD / 2 + tier * line_height(style.SMALL)
        look = {"color": line.colour, "linewidth": line.weight, "gid": line.gid, "zorder": 2}
        tall_line(axes, line.value, above, **look)
        long = width(line.label, style.SMALL)
        x = first + column.name_room + column.plot * line.value / end
        # The lower label keeps to its side of the line above it, which passes it.
        beside = long if line.value <= lines[-1].value else 0
        x -= beside if tier < len(lines) - 1 else long / 2
        x = min(max(x, first), last - long)
        y = top + above + 0.02
        note(chart, x, y, line.label, style.SMALL, line.colour, va="bottom")
