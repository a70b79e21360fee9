"""Areas one below the other, in one column or in two, with names left and figures right."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import ROOM, Chart, panel
from sanlian_analysis.charts.rows import area_labels
from sanlian_analysis.charts.text import width

#: Inches below the rows for the value axis.
AXIS_ROOM = 0.26

_ONE_COLUMN = 60
_BETWEEN = 0.3
_NAME_ROOM = {1: 1.7, 2: 1.15}
_PAD = 0.18
#: Points between a name and the axis, so that a mark at 0 does not touch the name.
_CLEAR = 9


@dataclass(frozen=True)
class Column:
    """Some of the rows, with what is written left and right of them; places in inches."""

    rows: pd.DataFrame
    names: list[str]
    figures: list[str]
    slots: int
    left: float
    wide: float
    name_room: float
    figure_room: float
    size: float

    @property
    def plot(self) -> float:
        """Inches for the marks between names and figures."""
        return self.wide - self.name_room - self.figure_room


def columns(rows: pd.DataFrame, figures: list[str], results: pd.DataFrame) -> list[Column]:
    """The rows in one column, or two of equal length where there are many."""
    count = 1 if len(rows) <= _ONE_COLUMN else 2
    size = style.BODY if len(rows) <= 30 else style.SMALL
    wide = (ROOM - (count - 1) * _BETWEEN) / count
    names = area_labels(rows, results, room=_NAME_ROOM[count], size=size)
    name_room = max(width(name, size) for name in names) + _PAD
    figure_room = max(width(figure, size) for figure in figures) + _PAD
    slots = -(-len(rows) // count)
    return [
        Column(
            rows.iloc[start : start + slots],
            names[start : start + slots],
            figures[start : start + slots],
            slots,
            index * (wide + _BETWEEN),
            wide,
            name_room,
            figure_room,
            size,
        )
        for index, start in enumerate(range(0, len(rows), slots))
    ]


def column_axes(chart: Chart, column: Column, above: float = 0.0) -> Axes:
    """Axes for the marks of a column, one unit of height per row from the top; names as ticks."""
    axes = panel(
        chart,
        left=column.left + column.name_room,
        right=ROOM - column.left - column.wide + column.figure_room,
        top=above,
        bottom=AXIS_ROOM,
    )
    axes.set_ylim(column.slots - 0.5, -0.5)
    places = range(len(column.rows))
    axes.set_yticks(places, column.names, **style.lettering(column.size))
    axes.tick_params(axis="y", pad=_CLEAR)
    return axes
