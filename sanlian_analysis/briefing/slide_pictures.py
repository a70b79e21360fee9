"""Charts as pictures on slides, without their titles; a tall one in strips side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matplotlib.image import imread

from sanlian_analysis.briefing.slide_paragraphs import describe
from sanlian_analysis.briefing.slide_text import Box
from sanlian_analysis.briefing.value import picture
from sanlian_analysis.charts import Chart


def draw(slide: Any, body: Box, chart: Chart) -> None:
    """Put a chart into a place, as large as it can be there."""
    data = picture(chart)
    across, high = (float(side) for side in chart.get_size_inches())
    head = chart.head / high
    cuts = [[head, 1.0]]
    if (1 - head) * high / body.height > 2 * across / body.width:
        ink = (1 - imread(io.BytesIO(data))[:, :, :3]).sum(axis=(1, 2))
        cuts += [_cuts(ink, head, strips) for strips in (2, 3)]
    scale, places = max((_scale(body, across, high, places), places) for places in cuts)
    strips = len(places) - 1
    left = body.left + (body.width - strips * across * scale) / 2
    for number, (top, bottom) in enumerate(pairwise(places)):
        place = Box(
            left + number * across * scale,
            body.top,
            across * scale,
            (bottom - top) * high * scale,
        )
        shape = slide.shapes.add_picture(io.BytesIO(data), *place.emu)
        shape.crop_top, shape.crop_bottom = top, 1 - bottom
        describe(shape, f"{chart.name}-{number + 1}", chart.alt)


def _scale(body: Box, across: float, high: float, places: Sequence[float]) -> float:
    """How much larger a picture becomes when its strips stand side by side in the body."""
    tallest = max(bottom - top for top, bottom in pairwise(places)) * high
    return min(body.width / (len(places) - 1) / across, body.height / tallest)


def _cuts(ink: Any, head: float, strips: int) -> list[float]:
    """Where a picture is cut from top to bottom: near even heights, where least is drawn."""
    places = [head]
    for number in range(1, strips):
        middle = head + (1 - head) * number / strips
        first, last = (int((middle + shift) * len(ink)) for shift in (-0.02, 0.02))
        places.append((first + int(ink[first:last].argmin())) / len(ink))
    return [*places, 1.0]
