"""A chart of the share at every bar, on which one bar and one threshold can be moved."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from sanlian_analysis.charts import style
from sanlian_analysis.charts.bars import bar_curve
from sanlian_analysis.planning import Bars

#: Dots per inch on the screen: enough to read while it moves.
_DPI = 130


class MovingBars:
    """Drawn once; what moves is drawn over it, so that it follows the hand.

    The picture is the same as one that is drawn as a whole.
    """

    def __init__(self, bars: Bars, area: str, *, simulated: bool) -> None:
        """The curve of one area."""
        drawn = bar_curve(bars, area, simulated=simulated)
        self.chart, axes = drawn.chart, drawn.axes
        self.alt = self.chart.alt
        look: dict[str, Any] = {"color": style.POSITIONS["below"][0], "zorder": 6, "animated": True}
        (self._bar,) = axes.plot([0, 0], [0, 1], linewidth=1.6, gid="moved-bar", **look)
        (self._threshold,) = axes.plot(
            [0, 1], [0, 0], linewidth=1.6, linestyle=":", gid="moved-threshold",
            transform=axes.get_yaxis_transform(), **look,
        )  # fmt: skip
        (self._point,) = axes.plot(
            [0], [0], marker="o", markersize=8, markeredgecolor=style.PAPER, clip_on=False,
            gid="moved-share", **look,
        )  # fmt: skip
        self._axes = axes
        self.chart.set_dpi(_DPI)
        canvas = self.chart.canvas
        assert isinstance(canvas, FigureCanvasAgg), "charts are drawn on an Agg canvas"
        self._canvas = canvas
        self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(self.chart.bbox)

    def move(self, bar: Fraction, threshold: Fraction | None, lower: Fraction | None) -> bytes:
        """The chart as a picture with the bar, the threshold, and the share that is sure there."""
        self._bar.set_xdata([float(bar)] * 2)
        artists = [self._bar]
        if threshold is not None:
            self._threshold.set_ydata([float(threshold)] * 2)
            artists.append(self._threshold)
        if lower is not None:
            self._point.set_data([float(bar)], [float(lower)])
            artists.append(self._point)
        self._canvas.restore_region(self._still)
        for artist in artists:
            self._axes.draw_artist(artist)
        dots = np.asarray(self._canvas.buffer_rgba())[:, :, :3]
        file = io.BytesIO()
        Image.fromarray(dots).save(file, format="PNG", compress_level=1)
        return file.getvalue()
