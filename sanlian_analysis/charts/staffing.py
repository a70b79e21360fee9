"""Full-time staff of urban communities against the number of their households."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, KeyEntry, compose, panel, statement
from sanlian_analysis.charts.marks import horizontal_scale, vertical_scale
from sanlian_analysis.charts.placing import Offset, place
from sanlian_analysis.charts.rows import applicable, day, numbers
from sanlian_analysis.charts.text import in_title, shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

Numbers = npt.NDArray[np.float64]
Ceilings = Mapping[str, Callable[[Numbers], Numbers]]

_AXIS_ROOM, _SCALE_ROOM, _LABEL_ROOM = 0.45, 0.5, 1.6
_BODY = style.BODY_HEIGHT + 0.4
_MANY = 400
_STROKES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))

#: Where the label of a line may stand at its right end, the best place first.
_AT_END: list[Offset] = [(5, up, "left", "center") for up in (0, 8, -8, 16, -16)]


def staffing(
    units: pd.DataFrame,
    *,
    ceilings: Ceilings,
    floor: float,
    date: object,
    area: str,
    policy: Policy,
    clause: str,
    simulated: bool = False,
) -> Chart:
    """Every urban community by its households and full-time staff, between floor and ceiling.

    `units` has one row per unit with `settlement`, `households` and `staff`, empty
    where unknown; only urban ones are drawn. `ceilings` are functions from
    households to the most staff allowed, by label; points are judged by the first.
    Units without both figures are counted in a note.
    """
    urban = applicable(units[units["settlement"] == "urban"], "staff")
    households, staff = numbers(urban["households"]), numbers(urban["staff"])
    known = households.notna() & staff.notna()
    x, y = households[known].to_numpy(), staff[known].to_numpy()
    classes = _classes(x, y, floor, next(iter(ceilings.values()), None))
    caption = Caption(
        _title(area, len(x), classes),
        words.dotted(
            say("每个点是一个城市社区", "One point for each urban community"),
            words.when(day(date)),
            policy.label,
        ),
        words.source(policy, clause),
        notes=_notes(int((~known).sum())),
    )
    if not len(x):
        return statement("staffing", caption, simulated=simulated)
    chart = compose("staffing", caption, body=_BODY, entries=_entries(classes), simulated=simulated)
    _draw(chart, x, y, classes, ceilings, floor)
    return chart


def _classes(
    x: Numbers, y: Numbers, floor: float, ceiling: Callable[[Numbers], Numbers] | None
) -> dict[str, npt.NDArray[np.bool_]]:
    above = y > ceiling(x) if ceiling else np.zeros(len(y), dtype=bool)
    below = y < floor
    return {"inside": ~(above | below), "below": below, "above": above & ~below}


def _entries(classes: dict[str, npt.NDArray[np.bool_]]) -> list[KeyEntry]:
    return [
        (_dot(name, 6), f"{_label(name)} {int(members.sum()):,}")
        for name, members in classes.items()
        if members.any()
    ]


def _label(name: str) -> str:
    return {
        "inside": say("在上下限之内", "Within the limits"),
        "below": say("低于下限", "Below the floor"),
        "above": say("高于上限", "Above the ceiling"),
    }[name]


def _dot(name: str, size: float) -> dict[str, Any]:
    colour, marker = style.POSITIONS[name]
    return {
        "marker": marker,
        "markersize": size,
        "markerfacecolor": colour,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.5,
    }


def _title(area: str, known: int, classes: dict[str, npt.NDArray[np.bool_]]) -> str:
    name = in_title(area)
    if not known:
        return say(
            f"{name}没有户数和人数都已知的城市社区",
            f"{name}: no urban community with both figures known",
        )
    count = {name: int(members.sum()) for name, members in classes.items()}
    return say(
        f"{name}{known:,}个城市社区中，{count['inside']:,}个人员配备在上下限之内，"
        f"{count['below']:,}个不足，{count['above']:,}个超出",
        f"{name}: of {known:,} urban communities {count['inside']:,} have staff within the "
        f"limits, {count['below']:,} below, {count['above']:,} above",
    )


def _notes(unknown: int) -> tuple[str, ...]:
    if not unknown:
        return ()
    zh = f"另有{unknown:,}个城市社区户数或人数未知，未画出。"
    en = f"Not drawn: {unknown:,} urban communities without households or staff."
    return (say(zh, en),)


def _draw(
    chart: Chart,
    x: Numbers,
    y: Numbers,
    classes: dict[str, npt.NDArray[np.bool_]],
    ceilings: Ceilings,
    floor: float,
) -> None:
    end = max(float(x.max()), 1.0) * 1.05
    across = np.linspace(0, end, 2000)
    lines = {label: ceiling(across) for label, ceiling in ceilings.items()}
    lines[say(f"下限{floor:g}人", f"floor {floor:g}")] = np.full_like(across, floor)
    top = max(float(y.max()), *(float(line.max()) for line in lines.values())) * 1.1
    names = {label: shorten(label, _LABEL_ROOM, style.SMALL) for label in lines}
    right = max(width(name, style.SMALL) for name in names.values()) + 0.1
    axes = panel(chart, left=_SCALE_ROOM, right=right, bottom=_AXIS_ROOM)
    horizontal_scale(axes, words.COUNT, end, style.SMALL)
    vertical_scale(axes, words.COUNT, top, style.SMALL)
    axes.set_xlabel(words.measured_in("households"), **style.lettering(style.BODY, style.MUTED))
    axes.set_ylabel(words.measured_in("staff"), **style.lettering(style.BODY, style.MUTED))
    _limits(axes, across, lines, names)
    size = 5.5 if len(x) <= _MANY else 3.5
    for name, members in classes.items():
        axes.plot(
            x[members],
            y[members],
            linestyle="none",
            alpha=0.8,
            gid=name,
            zorder=4,
            **_dot(name, size),
        )


def _limits(axes: Axes, across: Numbers, lines: dict[str, Numbers], names: dict[str, str]) -> None:
    """Floor and ceilings, each named at its right end."""
    taken: list[Bbox] = []
    sheet = Bbox.from_extents(*axes.figure.bbox.extents)
    strokes = dict(zip(lines, [*_STROKES * len(lines)][: len(lines) - 1], strict=False))
    for label, line in lines.items():
        stroke = strokes.get(label, "-")
        axes.plot(across, line, color=style.INK, linewidth=1.2, linestyle=stroke, gid="limit")
        end = (float(across[-1]), float(line[-1]))
        place(axes, names[label], end, _AT_END, style.SMALL, style.INK, taken, sheet)
