"""The steps by which tiles are coloured by value, and the bar that explains them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle

from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import ROOM, Chart, panel
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import line_height, width

#: Inches from one step to the next, the height of the bar, and the space around it.
_STEP, _BAR, _SPACE = 0.52, 0.14, 0.1
_MOST_STEPS = 5
#: Evenly spaced in grey; black or white letters can be read on each.
_RAMP = ("#EDF5FB", "#B3D4EA", "#6BA9D3", "#2C74A8", "#0A3358")


@dataclass(frozen=True)
class Scale:
    """Steps of a value: `edges` from the lowest up; the last step has no upper edge if `open_`."""

    edges: tuple[float, ...]
    threshold: float | None
    open_: bool

    @property
    def tones(self) -> list[str]:
        """One colour per step, from light to dark, in grey print too."""
        steps = len(self.edges) - (not self.open_)
        ramp = LinearSegmentedColormap.from_list("tiles", _RAMP)
        return [to_hex(ramp(at)) for at in np.linspace(0, 1, max(steps, 2))[-steps:]]

    def tone(self, value: float) -> str:
        """The colour of a value; one on an edge belongs to the step above it."""
        step = bisect_right(self.edges, value) - 1
        return self.tones[min(max(step, 0), len(self.tones) - 1)]


def reach(rows: pd.DataFrame) -> tuple[float, float]:
    """The lowest and the highest value."""
    return float(rows["value"].min()), float(rows["value"].max())


def scale_of(rows: pd.DataFrame) -> Scale | None:
    """Round steps over the values, with an edge at the threshold; None without any value."""
    if rows["value"].isna().all():
        return None
    low, high = reach(rows)
    thresholds = rows["threshold"].dropna()
    if thresholds.empty:
        return Scale(tuple(_round_edges(low, high)), None, open_=False)
    asked = float(thresholds.iloc[0])
    edges = _round_edges(min(low, asked), max(high, asked))
    others = [edge for edge in edges if not math.isclose(edge, asked, rel_tol=1e-9)]
    edges = sorted([*others, asked])
    return Scale(tuple(edges), asked, open_=edges[-1] == asked)


def _round_edges(low: float, high: float) -> list[float]:
    """The edges of at most five steps, of round width, that hold the lowest and highest value."""
    first = Fraction(0 if low == high else repr(low))
    last = Fraction(repr(high or 1.0))
    for power in range(-6, 16):
        for digit in (1, 2, 5):
            step = digit * Fraction(10) ** power
            start, stop = math.floor(first / step), math.ceil(last / step)
            if stop - start <= _MOST_STEPS:
                return [float(step * at) for at in range(start, stop + 1)]
    return [low, high]


def scale_room() -> float:
    """Inches above the tiles for the bar, its figures and the threshold."""
    return 2 * line_height(style.SMALL) + _BAR + 2 * _SPACE


def draw_scale(chart: Chart, subject: Subject, scale: Scale) -> None:
    """The steps side by side, a figure at every edge, and the threshold across the bar."""
    tones, quantity = scale.tones, subject.quantity
    figures = [quantity.text(edge, edge) for edge in scale.edges]
    step = max(_STEP, max(width(figure, style.SMALL) for figure in figures) + _SPACE)
    left, line = width(figures[0], style.SMALL) / 2, line_height(style.SMALL)
    right = ROOM - left - len(tones) * step
    bottom = chart.body[3] - line - _BAR
    axes = panel(chart, left=left, right=right, top=line, bottom=bottom)
    axes.set_xlim(0, len(tones))
    axes.set_ylim(0, 1)
    edge: dict[str, Any] = {"edgecolor": style.FAINT, "linewidth": 0.5}
    for at, tone in enumerate(tones):
        axes.add_patch(Rectangle((at, 0), 1, 1, facecolor=tone, gid=f"step-{at}", **edge))
    look: dict[str, Any] = {"ha": "center"} | style.lettering(style.SMALL, style.MUTED)
    for at, figure in enumerate(figures):
        axes.text(at, -0.04 / _BAR, figure, va="top", gid=f"edge-{at}", **look)
    if scale.threshold is None:
        return
    at = scale.edges.index(scale.threshold)
    ends = [-0.03 / _BAR, 1 + 0.03 / _BAR]
    mark: dict[str, Any] = {"linewidth": 2, "clip_on": False, "solid_capstyle": "butt"}
    axes.plot([at, at], ends, gid="threshold", color=style.INK, **mark)
    label = subject.asked(scale.threshold)
    half = width(label, style.SMALL) / 2 / step
    x = max(at, half - left / step)
    look |= style.lettering(style.SMALL, style.INK)
    axes.text(x, 1 + 0.05 / _BAR, label, va="bottom", gid="asked", **look)
