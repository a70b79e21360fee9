"""Areas one below the other, in one column or in several, with names left and figures right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import ROOM, Chart, panel
from sanlian_analysis.charts.rows import area_labels, records, row_height
from sanlian_analysis.charts.text import width

#: Inches below the rows for the value axis.
AXIS_ROOM = 0.26

#: More areas than this stand in two columns, and under the area they lie in.
ONE_COLUMN = 40

_BETWEEN = 0.3
_NAME_ROOM = {1: 1.7, 2: 1.15}
_PAD = 0.18
#: Points between a name and the axis, so that a mark at 0 does not touch the name.
_CLEAR = 9


@dataclass(frozen=True)
class Block:
    """Areas that stand together; with a `name`, under a line that names the area around them.

    `own` is that area's row of the results, or None.
    """

    rows: pd.DataFrame
    name: str = ""
    own: Any = None

    @property
    def lines(self) -> int:
        """Lines that the block takes."""
        return len(self.rows) + bool(self.name)


@dataclass(frozen=True)
class Column:
    """Blocks one below the other, with what is written left and right of them; places in inches.

    `slots` are the lines of the longest column; `beside` is left free right of the figures.
    """

    blocks: list[Block]
    names: list[str]
    figures: list[str]
    slots: int
    left: float
    wide: float
    name_room: float
    figure_room: float
    beside: float
    size: float

    @property
    def plot(self) -> float:
        """Inches for the marks between names and figures."""
        return self.wide - self.name_room - self.figure_room - self.beside

    @property
    def height(self) -> float:
        """Inches from the first line to the last."""
        return self.slots * row_height(self.slots)

    @property
    def edges(self) -> tuple[float, float]:
        """Where the column begins and ends, in widths of the plot."""
        return -self.name_room / self.plot, 1 + (self.figure_room + self.beside) / self.plot

    @property
    def rows(self) -> list[Any]:
        """The areas from the top down."""
        return [row for block in self.blocks for row in records(block.rows)]

    @property
    def starts(self) -> Iterator[tuple[int, Block]]:
        """Every block with its first line."""
        lines = accumulate((block.lines for block in self.blocks[:-1]), initial=0)
        return zip(lines, self.blocks, strict=True)

    @property
    def places(self) -> list[int]:
        """The line of every area."""
        return [
            start + bool(block.name) + at
            for start, block in self.starts
            for at in range(len(block.rows))
        ]


def in_columns(rows: pd.DataFrame) -> list[list[Block]]:
    """The rows in one column, or two of equal length where there are many."""
    slots = len(rows) if len(rows) <= ONE_COLUMN else -(-len(rows) // 2)
    return [[Block(rows.iloc[start : start + slots])] for start in range(0, len(rows), slots)]


def columns(
    filled: list[list[Block]],
    figure: Callable[[Any], str],
    results: pd.DataFrame,
    beside: float = 0.0,
) -> list[Column]:
    """The columns with all their words; `figure` writes what stands right of an area."""
    every = pd.concat([block.rows for blocks in filled for block in blocks])
    size = style.BODY if len(every) <= 30 else style.SMALL
    wide = (ROOM - (len(filled) - 1) * _BETWEEN) / len(filled)
    names = area_labels(every, results, room=_NAME_ROOM[len(filled)], size=size)
    figures = [figure(row) for row in records(every)]
    counts = [sum(len(block.rows) for block in blocks) for blocks in filled]
    starts = accumulate(counts[:-1], initial=0)
    return [
        Column(
            blocks,
            names[start : start + count],
            figures[start : start + count],
            max(sum(block.lines for block in blocks) for blocks in filled),
            index * (wide + _BETWEEN),
            wide,
            max(width(name, size) for name in names) + _PAD,
            max(width(figure, size) for figure in figures) + _PAD,
            beside,
            size,
        )
        for index, (blocks, start, count) in enumerate(zip(filled, starts, counts, strict=True))
    ]


def column_axes(chart: Chart, column: Column, above: float = 0.0) -> Axes:
    """Axes for the marks of a column, one unit of height per line from the top; names as ticks."""
    left = column.left + column.name_room
    axes = panel(chart, left=left, right=ROOM - left - column.plot, top=above, bottom=AXIS_ROOM)
    axes.set_ylim(column.slots - 0.5, -0.5)
    axes.set_yticks(column.places, column.names, **style.lettering(column.size))
    axes.tick_params(axis="y", pad=_CLEAR)
    return axes


def write_figures(axes: Axes, column: Column) -> None:
    """The figure of every area at the end of its line, in the colour of its verdict."""
    right = column.edges[1] - column.beside / column.plot
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right"}
    look["va"] = "center_baseline"
    for at, row, figure in zip(column.places, column.rows, column.figures, strict=True):
        colour = style.VERDICTS[row.verdict].edge
        axes.text(right, at, figure, **look, **style.lettering(column.size, colour))
