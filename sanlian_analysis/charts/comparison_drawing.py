"""The sheet that compares areas one below the other: columns, value axes and lines through them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from sanlian_analysis.charts import style
from sanlian_analysis.charts.comparison import Comparison
from sanlian_analysis.charts.figure import Caption, Chart, compose
from sanlian_analysis.charts.lines import draw_lines, room_above
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, write_figures
from sanlian_analysis.charts.marks import has_range, horizontal_scale, verdict_key
from sanlian_analysis.charts.rows import verdict_counts


def lay_out(
    found: Comparison,
    name: str,
    caption: Caption,
    listed: Sequence[Column],
    others: Sequence[float] = (),
    *,
    simulated: bool,
) -> tuple[Chart, list[Axes]]:
    """A chart with everything but the marks, and one axes for each of its columns.

    `others` are figures that the value axis has to hold besides those of areas and lines.
    """
    lines = found.lines()
    above = room_above(lines)
    chart = compose(
        name,
        caption,
        body=above + listed[0].height + AXIS_ROOM,
        entries=verdict_key(verdict_counts(found.rows), ranges=has_range(found.drawn)),
        simulated=simulated,
    )
    end, drawn = found.end(lines, *others), []
    for column in listed:
        axes = column_axes(chart, column, above)
        horizontal_scale(axes, found.subject.quantity, end, style.SMALL)
        write_figures(axes, column)
        draw_lines(chart, axes, column, lines)
        drawn.append(axes)
    return chart, drawn
