"""How changes are drawn: a line per area from then to now, named at both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Chart, KeyEntry, note, panel
from sanlian_analysis.charts.marks import dot, verdict_key
from sanlian_analysis.charts.moves import ENDS, Move, Moves
from sanlian_analysis.charts.rows import area_labels, verdict_counts
from sanlian_analysis.charts.text import line_height, width

#: Inches for a name.
NAME_ROOM = 1.45

_LEADER, _FOOT, _HEAD = 0.24, 0.22, 0.34
_PITCH = line_height(style.SMALL) + 0.01


@dataclass(frozen=True)
class _Label:
    """What stands beside one end of a line, and how high the end is."""

    value: float
    text: str
    colour: str


def body(moves: Moves) -> float:
    """Inches of the chart's body: enough for one line per name and one for the threshold."""
    return _HEAD + max(style.BODY_HEIGHT, (len(moves.named) + 2) * _PITCH) + _FOOT


def entries(moves: Moves) -> list[KeyEntry]:
    """The verdicts that occur at either date."""
    ends = [row.verdict for move in moves.every for row in (move.then, move.now)]
    return verdict_key(dict.fromkeys(verdict_counts(pd.DataFrame({"verdict": ends}))))


def draw(chart: Chart, moves: Moves) -> None:
    """The lines, what is asked for at either date, and the names at both ends."""
    named, thresholds = moves.named, moves.thresholds
    sides = [
        _labels(moves, named, end, threshold)
        for end, threshold in zip(ENDS, thresholds, strict=True)
    ]
    if thresholds[0] == thresholds[1]:
        sides[0] = [label for label in sides[0] if label.colour != style.INK]
    rooms = [max(width(one.text, style.SMALL) for one in labels) + _LEADER for labels in sides]
    axes = panel(chart, left=rooms[0], right=rooms[1], top=_HEAD, bottom=_FOOT)
    base, top = moves.span
    axes.set_xlim(0, 1)
    axes.set_ylim(base, top)
    axes.axhline(base, color=style.GRID, linewidth=0.8, zorder=1)
    for x in (0, 1):
        axes.axvline(x, color=style.FAINT, linewidth=0.8, zorder=1)
    _threshold_lines(axes, thresholds)
    for move in moves.every:
        _line(axes, move, move in named)
    for side, labels in enumerate(sides):
        _write(chart, axes, labels, side)
        figure = moves.subject.quantity.text(base, base)
        _ends(chart, axes, side, words.when(moves.days[side]), figure)


def _labels(moves: Moves, named: Sequence[Move], end: str, threshold: float | None) -> list[_Label]:
    """Name and figure of the areas at one end, and the threshold of that date."""
    ends, subject = [getattr(move, end) for move in named], moves.subject
    table = pd.DataFrame({"area_code": [m.code for m in named], "area": [row.area for row in ends]})
    names = area_labels(table, moves.results, room=NAME_ROOM, size=style.SMALL)
    labels = []
    for row, name in zip(ends, names, strict=True):
        parts = [name, subject.value(row)] if end == "then" else [subject.value(row), name]
        labels.append(_Label(row.value, " ".join(parts), style.VERDICTS[row.verdict].edge))
    if threshold is not None:
        labels.append(_Label(threshold, subject.asked(threshold), style.INK))
    return labels


def _threshold_lines(axes: Axes, thresholds: list[float | None]) -> None:
    """The demand at each date, as far as it is in force; one line where it stays the same."""
    spans = [(0.0, 0.3), (0.7, 1.0)]
    if thresholds[0] == thresholds[1]:
        thresholds, spans = thresholds[:1], [(0.0, 1.0)]
    for value, span in zip(thresholds, spans, strict=True):
        if value is not None:
            axes.plot(
                span,
                [value, value],
                color=style.INK,
                linewidth=1.6,
                clip_on=False,
                gid="threshold",
                zorder=2.5,
            )


def _line(axes: Axes, move: Move, named: bool) -> None:
    """The area's line and the verdicts at its ends."""
    colour, weight = style.FAINT, 0.6
    if named:
        colour, weight = style.MUTED, 1.0
    if named and move.crosses:
        colour, weight = style.VERDICTS[move.now.verdict].edge, 1.8
    axes.plot(
        [0, 1],
        [move.then.value, move.now.value],
        color=colour,
        linewidth=weight,
        clip_on=False,
        gid=f"change-{move.code}",
        zorder=2 + named + weight / 10,
    )
    for x, end in enumerate(ENDS):
        row = getattr(move, end)
        axes.plot(
            [x],
            [row.value],
            gid=f"{end}-{move.code}",
            clip_on=False,
            zorder=4.5 if named else 4,
            **dot(row.verdict, 6.5 if named else 3.5),
        )


def _write(chart: Chart, axes: Axes, labels: list[_Label], side: int) -> None:
    """The labels of one end above one another, each led to from its point."""
    box = axes.get_window_extent()
    floor, high = box.y0 / style.LAYOUT_DPI, box.height / style.LAYOUT_DPI
    x = (box.x0, box.x1)[side] / style.LAYOUT_DPI
    outward = (-1, 1)[side]
    low, top = axes.get_ylim()
    wanted = [floor + high * (label.value - low) / (top - low) for label in labels]
    places = spread(wanted, _PITCH, floor, floor + high + 0.06)
    for label, point, place in zip(labels, wanted, places, strict=True):
        chart.add_artist(
            Line2D(
                [x + outward * 0.07, x + outward * (_LEADER - 0.03)],
                [point, place],
                transform=chart.dpi_scale_trans,
                color=style.FAINT,
                linewidth=0.6,
            )
        )
        align = {"ha": ("right", "left")[side], "va": "center_baseline"}
        x_text = x + outward * _LEADER
        note(chart, x_text, place, label.text, style.SMALL, label.colour, **align)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as can be to those wanted, at least `gap` apart, from `low` to `high`.

    >>> spread([1.0, 1.0, 3.0], 0.5, 0.0, 4.0)
    [0.75, 1.25, 3.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    groups: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        groups.append((wanted[index] - rank * gap, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (one, n), (other, m) = groups[-2:]
            groups[-2:] = [((one * n + other * m) / (n + m), n + m)]
    level = [place for place, count in groups for _ in range(count)]
    most = max(high - (len(wanted) - 1) * gap, low)
    places = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        places[index] = min(max(level[rank], low), most) + rank * gap
    return places


def _ends(chart: Chart, axes: Axes, side: int, date: str, base: str) -> None:
    """The date over an end, and what the scale begins with under it."""
    box = axes.get_window_extent()
    x = (box.x0, box.x1)[side] / style.LAYOUT_DPI
    top, floor = box.y1 / style.LAYOUT_DPI + 0.17, box.y0 / style.LAYOUT_DPI - 0.08
    wide = width(date, style.BODY) / 2
    at = min(max(x, style.MARGIN + wide), style.MARGIN + ROOM - wide)
    note(chart, at, top, date, style.BODY, style.INK, ha="center", va="bottom")
    note(chart, x, floor, base, style.SMALL, style.MUTED, ha="center", va="top")
