"""What verdicts, bounds and axes look like on every chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import KeyEntry
from sanlian_analysis.charts.text import width
from sanlian_analysis.charts.words import Quantity
from sanlian_analysis.language import say

#: Keeps the last tick in spite of binary fractions.
_ALMOST = 1e-9


def dot(verdict: str, size: float = 7) -> dict[str, Any]:
    """Line2D properties of a point with that verdict."""
    mark = style.VERDICTS[verdict]
    smaller = size * (0.85 if mark.marker == "D" else 1)
    return {
        "marker": mark.marker,
        "markersize": smaller,
        "markerfacecolor": mark.fill,
        "markeredgecolor": mark.edge,
        "markeredgewidth": 1.3,
    }


def verdict_key(counts: Mapping[str, int | None], *, ranges: bool = False) -> list[KeyEntry]:
    """Entries that name the verdicts, with how many areas have each; `ranges` adds the whiskers."""
    entries = [
        (
            dot(verdict, 6),
            style.VERDICTS[verdict].label + ("" if count is None else f" {count:,}"),
        )
        for verdict, count in counts.items()
    ]
    if ranges:
        bar = {"marker": "_", "markersize": 9, "markeredgecolor": style.MUTED}
        open_ = say("线段：未知单位留下的余地", "Line: range left open by unknown units")
        entries.append((bar | {"markeredgewidth": 1.6}, open_))
    return entries


def point(axes: Axes, at: float, row: Any, size: float) -> None:
    """The value of a row as a point with its verdict; nothing where there is no value."""
    if pd.notna(row.value):
        gid = f"value-{row.area_code}"
        axes.plot([row.value], [at], gid=gid, clip_on=False, zorder=4, **dot(row.verdict, size))


def has_range(rows: pd.DataFrame) -> bool:
    """Whether any row has bounds that do not coincide."""
    return bool((rows["lower"].notna() & (rows["upper"] != rows["lower"])).any())


def whisker(
    axes: Axes, at: float, row: Any, limit: float, *, upright: bool = False, weight: float = 1.6
) -> None:
    """The bounds of a row as a line with caps; open towards `limit` where there is no upper one.

    `row` has area_code, lower, upper and verdict.
    """
    if pd.isna(row.lower):
        return
    closed = pd.notna(row.upper)
    ends = [row.lower, row.upper if closed else limit]
    if ends[0] == ends[1]:
        return
    xs, ys = ([at, at], ends) if upright else (ends, [at, at])
    caps = ("_" if upright else "|") if closed else None
    axes.plot(
        xs,
        ys,
        color=style.VERDICTS[row.verdict].edge,
        alpha=0.6,
        linewidth=weight,
        linestyle="-" if closed else (0, (2, 1.5)),
        marker=caps,
        markersize=5,
        markeredgewidth=weight,
        solid_capstyle="butt",
        gid=f"range-{row.area_code}",
        zorder=3,
    )


def extent(rows: pd.DataFrame, *others: float) -> float:
    """The largest figure that has to fit on a zero-based axis; 1 when there is none."""
    figures = [*rows["value"], *rows["upper"], *rows["lower"], *others]
    return max((float(f) for f in figures if pd.notna(f) and f > 0), default=1.0)


def axis_end(quantity: Quantity, largest: float) -> float:
    """A little beyond the largest figure, but not beyond 100 % of a whole."""
    whole = quantity.percent and largest <= 1
    return min(1.0, largest * 1.08) if whole else largest * 1.05


def value_ticks(quantity: Quantity, top: float, most: int = 6) -> tuple[list[float], list[str]]:
    """At most `most` round ticks from 0 up to `top`, and how they are written."""
    steps = (
        digit * 10.0**power
        for power in range(0 if quantity.whole else -3, 13)
        for digit in (1, 2, 5)
    )
    step = next(step for step in steps if int(top / step + _ALMOST) < most)
    ticks = [round(i * step, 6) for i in range(int(top / step + _ALMOST) + 1)]
    return ticks, [quantity.text(tick, tick) for tick in ticks]


def horizontal_scale(axes: Axes, quantity: Quantity, top: float, size: float) -> None:
    """A zero-based value axis along the bottom with faint lines."""
    room = axes.get_window_extent().width / style.LAYOUT_DPI
    widest = width(quantity.text(top), size)
    ticks, labels = value_ticks(quantity, top, max(2, min(6, int(room / (widest * 1.4)))))
    axes.set_xlim(0, top)
    axes.set_xticks(ticks, labels, **style.lettering(size, style.MUTED))
    axes.xaxis.grid(True, color=style.GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def vertical_scale(axes: Axes, quantity: Quantity, top: float, size: float, most: int = 6) -> None:
    """A zero-based value axis along the left with faint lines."""
    ticks, labels = value_ticks(quantity, top, most)
    axes.set_ylim(0, top)
    axes.set_yticks(ticks, labels, **style.lettering(size, style.MUTED))
    axes.yaxis.grid(True, color=style.GRID, linewidth=0.7)
    axes.set_axisbelow(True)
