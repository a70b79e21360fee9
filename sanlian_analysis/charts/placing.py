"""Labels beside points, where nothing else stands."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from sanlian_analysis.charts import style

#: Keeps letters legible where they cross a line.
_HALO = withStroke(linewidth=2.5, foreground=style.PAPER)

#: Right and up from the anchor in points, horizontal and vertical alignment of the text.
Offset = tuple[float, float, str, str]


def box_along(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], reach: float = 1.5
) -> Bbox:
    """The space on the sheet that a line between two data points takes, `reach` points around."""
    corners = axes.transData.transform([start, end])
    pixels = reach * axes.figure.dpi / 72
    low, high = corners.min(axis=0) - pixels, corners.max(axis=0) + pixels
    return Bbox([low, high])


def place(
    axes: Axes,
    text: str,
    anchor: tuple[float, float],
    offsets: Sequence[Offset],
    size: float,
    colour: str,
    taken: list[Bbox],
    space: Bbox | None = None,
) -> Annotation:
    """Write a text at the first offset that is free, or the freest; adds its space to `taken`.

    `space` is where the text must stay, in pixels; the axes when not given.
    """
    space = space or axes.get_window_extent()
    canvas = axes.figure.canvas
    assert isinstance(canvas, FigureCanvasAgg), "charts are drawn on an Agg canvas"
    label = axes.annotate(
        text,
        anchor,
        xytext=offsets[0][:2],
        textcoords="offset points",
        annotation_clip=False,
        zorder=5,
        path_effects=[_HALO],
        **style.lettering(size, colour),
    )
    inside, others = _edges(space), [_edges(one) for one in taken]
    tried: list[tuple[float, int, Bbox]] = []
    for rank, (right, up, horizontal, vertical) in enumerate(offsets):
        label.set(position=(right, up), ha=horizontal, va=vertical)
        with style.unfitted():
            box = label.get_window_extent(canvas.get_renderer())
        own = _edges(box)
        outside = _shared(own, own) - _shared(own, inside)
        crowding = outside + sum(_shared(own, other) for other in others)
        tried.append((crowding, rank, box))
        if not crowding:
            break
    _, best, box = min(tried, key=lambda trial: trial[:2])
    right, up, horizontal, vertical = offsets[best]
    label.set(position=(right, up), ha=horizontal, va=vertical)
    taken.append(box)
    return label


def _edges(box: Bbox) -> tuple[float, float, float, float]:
    """Left, bottom, right and top as plain numbers, with which to reckon is quicker."""
    left, bottom, right, top = (float(edge) for edge in box.extents)
    return left, bottom, right, top


def _shared(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """The space that two boxes have in common."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0
