"""How a threshold curve is drawn: the band, the numbers asked for, and their shares beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.curve import Curve, Standard
from sanlian_analysis.charts.figure import Chart, KeyEntry, note, panel
from sanlian_analysis.charts.lines import tall_line
from sanlian_analysis.charts.marks import vertical_scale
from sanlian_analysis.charts.placing import Offset, box_along, place
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.language import say

_AXIS_ROOM, _SCALE_ROOM = 0.44, 0.5
_HEAD = 0.08

#: Where the share at a threshold may stand, seen from its point: the curve falls to the right.
_BESIDE: list[Offset] = [
    (right, up, side, "bottom" if up > 0 else "top")
    for away in (4, 14, 26)
    for right, up, side in (
        (-6, -away, "right"),
        (6, away, "left"),
        (6, -away, "left"),
        (-6, away, "right"),
    )
]


def body(standards: Sequence[Standard]) -> float:
    """Inches of the chart's body: the axes, and a line above them for every number asked for."""
    return _tiers(standards) + style.BODY_HEIGHT + _AXIS_ROOM


def _tiers(standards: Sequence[Standard]) -> float:
    return len(standards) * line_height(style.BODY) + _HEAD


def entries(curve: Curve) -> list[KeyEntry]:
    """What the edges of the band are; nothing where they coincide."""
    if not curve.unknown:
        return []
    square = {"marker": "s", "markersize": 7, "markerfacecolor": style.UNKNOWN_TONE}
    line = {"marker": "_", "markersize": 10, "markeredgewidth": 2.2}
    return [
        (
            line | {"markeredgecolor": style.TONES[2]},
            say("确定达到（未知按未达到计）", "Surely reached (unknown as failing)"),
        ),
        (
            square | {"markeredgecolor": style.MUTED, "markeredgewidth": 0.8},
            say(
                f"未知单位（{curve.unknown:,}个）留下的余地",
                f"Range left open by unknown units ({curve.unknown:,})",
            ),
        ),
    ]


def draw(chart: Chart, curve: Curve, standards: list[Standard]) -> None:
    """The curve, and the numbers asked for that lie on its axis."""
    top = _tiers(standards)
    axes = panel(chart, left=_SCALE_ROOM, right=0.15, top=top, bottom=_AXIS_ROOM)
    axes.set_xlim(0, curve.most)
    vertical_scale(axes, words.SHARE, 1.0, style.SMALL)
    _ticks(axes, curve.most)
    numbers = list(range(curve.most + 1))
    low = [curve.lower(k) for k in numbers]
    high = [curve.upper(k) for k in numbers]
    if curve.unknown:
        axes.fill_between(
            numbers, low, high, step="mid", color=style.UNKNOWN_TONE, linewidth=0, zorder=1.5
        )
        _step(axes, numbers, high, "upper", style.MUTED, 0.9)
    _step(axes, numbers, low, "lower", style.TONES[2], 2.2)
    label = words.measured_in(curve.variable)
    axes.set_xlabel(say(f"所要求的{label}", f"asked for: {label}"), **_muted(style.BODY))
    _marks(chart, axes, curve, standards)


def _muted(size: float) -> dict[str, Any]:
    return style.lettering(size, style.MUTED)


def _step(
    axes: Axes, numbers: Sequence[int], shares: list[float], gid: str, colour: str, weight: float
) -> None:
    axes.plot(
        numbers,
        shares,
        drawstyle="steps-mid",
        color=colour,
        linewidth=weight,
        clip_on=False,
        solid_joinstyle="miter",
        gid=gid,
        zorder=3,
    )


def _ticks(axes: Axes, most: int) -> None:
    every = next(s for s in _round_steps() if most / s <= 15)
    places = list(range(0, most + 1, every))
    axes.set_xticks(places, [f"{place:,}" for place in places], **_muted(style.SMALL))


def _round_steps() -> Iterator[int]:
    return (digit * 10**power for power in range(10) for digit in (1, 5))


def _marks(chart: Chart, axes: Axes, curve: Curve, standards: list[Standard]) -> None:
    """A line at every number asked for, named above the curve, and the share that reaches it."""
    box = axes.get_window_extent()
    left, top, wide = (side / style.LAYOUT_DPI for side in (box.x0, box.y1, box.width))
    line, crowded = line_height(style.BODY), _crowded(curve, standards, wide)
    taken = _along(axes, curve)
    # The line furthest right is the shortest, so that few lines pass another one's label.
    for tier, standard in enumerate(reversed(standards)):
        above = _HEAD / 2 + tier * line
        look = {"color": style.INK, "linewidth": 1.2, "gid": "threshold", "zorder": 2}
        tall_line(axes, standard.least, above + line * 0.85, **look)
        taken.append(box_along(axes, (standard.least, 0), (standard.least, 1), 0.5))
        text = curve.figure(standard.least) + words.bracketed(standard.policies)
        text += say("：", ": ") + curve.share(standard.least) if crowded else ""
        label = shorten(text, style.WIDTH - 2 * style.MARGIN - 0.1, style.BODY)
        x = left + standard.least / curve.most * wide + 0.06
        x = min(x, style.WIDTH - style.MARGIN - width(label, style.BODY))
        paper = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
        note(chart, x, top + above, label, style.BODY, style.INK, va="bottom", bbox=paper)
    _points(axes, curve, standards)
    if not crowded:
        _shares(axes, curve, standards, taken)


def _crowded(curve: Curve, standards: list[Standard], wide: float) -> bool:
    """Whether the lines are too near one another for the shares to stand between them."""
    places = [standard.least / curve.most * wide for standard in standards]
    nearest = min((b - a for a, b in pairwise(places)), default=wide)
    widest = max((width(curve.share(s.least), style.BODY) for s in standards), default=0.0)
    return nearest < widest + 0.15


def _along(axes: Axes, curve: Curve) -> list[Bbox]:
    """The space that the curve takes, tread by tread and rise by rise."""
    taken = []
    for edge in (curve.lower, curve.upper):
        for k in range(curve.most + 1):
            taken.append(box_along(axes, (k - 0.5, edge(k)), (k + 0.5, edge(k))))
            after = edge(min(k + 1, curve.most))
            taken.append(box_along(axes, (k + 0.5, edge(k)), (k + 0.5, after)))
    return taken


def _points(axes: Axes, curve: Curve, standards: list[Standard]) -> None:
    """Where the curve passes every number asked for."""
    for standard in standards:
        point = (float(standard.least), curve.lower(standard.least))
        axes.plot(
            [point[0]],
            [point[1]],
            marker="o",
            markersize=6,
            markerfacecolor=style.TONES[2],
            markeredgecolor=style.PAPER,
            markeredgewidth=1,
            clip_on=False,
            gid=f"share-{standard.least}",
            zorder=4,
        )


def _shares(axes: Axes, curve: Curve, standards: list[Standard], taken: list[Bbox]) -> None:
    """The share reached beside every point, where the curve leaves room."""
    for standard in standards:
        point = (float(standard.least), curve.lower(standard.least))
        text = curve.share(standard.least)
        place(axes, text, point, _BESIDE, style.BODY, style.INK, taken)
