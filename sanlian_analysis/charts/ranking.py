"""All areas of a level in order, against the threshold and the area around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, compose, note, panel, statement
from sanlian_analysis.charts.marks import (
    dot,
    extent,
    has_range,
    horizontal_scale,
    verdict_key,
    whisker,
)
from sanlian_analysis.charts.rows import (
    area_labels,
    area_name,
    assumptions,
    both_ends,
    day,
    omitted_note,
    row_height,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_ONE_COLUMN = 60
_BETWEEN_COLUMNS = 0.3
_AXIS_ROOM = 0.26
_PAD = 0.12
_NAME_ROOM = {1: 1.7, 2: 1.15}


@dataclass(frozen=True)
class _Line:
    """A vertical line that every area is compared with."""

    gid: str
    value: float
    label: str
    colour: str
    weight: float


@dataclass(frozen=True)
class _Column:
    """Some of the rows, with what is written left and right of them; places in inches."""

    rows: pd.DataFrame
    names: list[str]
    figures: list[str]
    left: float
    wide: float
    name_room: float
    figure_room: float
    size: float


def ranked_areas(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    *,
    level: str,
    date: object,
    within: str | None = None,
    reading: str = "primary",
    highlight: str | None = None,
    simulated: bool = False,
) -> Chart:
    """The areas of a level from the highest to the lowest figure, with bounds and threshold.

    `results` is the results table; `within` is the head of the codes to draw, and
    the figure of that area is a thin line when its row is there. Areas without a
    value come last, by their lower bound; those without units in scope are
    counted in a note. `highlight` is the code of one area to stress.
    """
    subject = Subject.of(policy, target_id, reading)
    every = select(
        results, policy, target_id, reading=reading, level=level, date=date, within=within
    )
    rows = _in_order(every)
    caption = _caption(subject, level, date, every, rows, highlight, results)
    name = subject.slug("ranked", level)
    if rows.empty:
        return statement(name, caption, simulated=simulated)
    drawn = both_ends(rows)
    around = select(results, policy, target_id, reading=reading, date=date, area=within or "")
    lines = _lines(subject, drawn, around)
    columns = _columns(subject, drawn, results)
    slots = len(columns[0].rows)
    above = len(lines) * line_height(style.SMALL) + _PAD
    chart = compose(
        name,
        caption,
        body=above + slots * row_height(len(drawn)) + _AXIS_ROOM,
        entries=verdict_key(verdict_counts(rows), ranges=has_range(drawn)),
        simulated=simulated,
    )
    top = _axis_end(subject, drawn, lines)
    for column in columns:
        axes = _axes(chart, column, above, slots)
        horizontal_scale(axes, subject.quantity, top, style.SMALL)
        _rows(axes, column, top, highlight)
        _draw_lines(chart, axes, column, lines, top)
    return chart


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Areas in scope from the highest value down; unknown values last, by their lower bound."""
    in_scope = rows[rows["verdict"] != "not_applicable"]
    keys = ["value", "lower", "area_code"]
    return in_scope.sort_values(keys, ascending=[False, False, True], na_position="last")


def _caption(
    subject: Subject,
    level: str,
    date: object,
    every: pd.DataFrame,
    rows: pd.DataFrame,
    highlight: str | None,
    results: pd.DataFrame,
) -> Caption:
    notes = list(assumptions(every))
    outside = len(every) - len(rows)
    if outside:
        notes.append(
            say(
                f"另有{words.areas(outside, level)}没有适用的单位，未画出。",
                f"Not drawn, no unit in scope: {words.areas(outside, level)}.",
            )
        )
    notes += omitted_note(len(rows), len(both_ends(rows)))
    return Caption(
        _title(subject, level, rows, highlight, results),
        subject.subtitle(words.when(day(date))),
        subject.source,
        _detail(subject, rows, results),
        tuple(notes),
    )


def _title(
    subject: Subject,
    level: str,
    rows: pd.DataFrame,
    highlight: str | None,
    results: pd.DataFrame,
) -> str:
    if rows.empty:
        noun = words.level_noun(level)
        return say(f"没有可以比较的{noun}", f"No {noun} to compare")
    counts = verdict_counts(rows)
    every = words.areas(len(rows), level)
    if set(counts) == {"no_threshold"}:
        title = say(f"{every}的排序（文件未设阈值）", f"{every} in order; no threshold is set")
    else:
        title = say(f"{every}中，", f"Of {every}: ") + words.verdict_sentence(counts)
    stressed = rows[rows["area_code"] == highlight]
    if stressed.empty:
        return title
    row = next(stressed.itertuples())
    name = shorten(area_name(results, str(row.area_code)), _NAME_ROOM[1], style.TITLE)
    if pd.isna(row.value):
        return say(f"{name}没有数据；{title}", f"{name}: no data. {title}")
    rank = int((rows["value"] > row.value).sum()) + 1
    place = say(
        f"{name}{subject.figure(row)}，列第{rank}位", f"{name}: {subject.figure(row)}, rank {rank}"
    )
    return say(f"{place}；{title}", f"{place}. {title}")


def _detail(subject: Subject, rows: pd.DataFrame, results: pd.DataFrame) -> str:
    """The highest and the lowest figure, for the alternative text."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return say("都没有数据", "None has data") if len(rows) else ""
    high, low = next(known.head(1).itertuples()), next(known.tail(1).itertuples())
    names = [area_name(results, str(row.area_code)) for row in (high, low)]
    return say(
        f"最高{names[0]}{subject.figure(high)}，最低{names[1]}{subject.figure(low)}",
        f"Highest {names[0]}, {subject.figure(high)}; lowest {names[1]}, {subject.figure(low)}",
    )


def _lines(subject: Subject, rows: pd.DataFrame, around: pd.DataFrame) -> list[_Line]:
    """The figure of the area around first, then the threshold; either may be missing."""
    lines = []
    thresholds = rows["threshold"].dropna()
    against = float(thresholds.iloc[0]) if len(thresholds) else None
    known = around[around["value"].notna()]
    if len(known):
        row = next(known.itertuples())
        name = shorten(str(row.area), _NAME_ROOM[1], style.SMALL)
        label = f"{name} {subject.quantity.text(row.value, against)}"
        lines.append(_Line("around", float(row.value), label, style.MUTED, 0.9))
    if against is not None:
        label = say("要求 ", "asked for: ") + subject.quantity.threshold(against)
        lines.append(_Line("threshold", against, label, style.INK, 1.6))
    return lines


def _columns(subject: Subject, rows: pd.DataFrame, results: pd.DataFrame) -> list[_Column]:
    count = 1 if len(rows) <= _ONE_COLUMN else 2
    size = style.BODY if len(rows) <= 30 else style.SMALL
    wide = (ROOM - (count - 1) * _BETWEEN_COLUMNS) / count
    names = area_labels(rows, results, room=_NAME_ROOM[count], size=size)
    figures = [
        subject.quantity.text(row.value, _threshold(row))
        if pd.notna(row.value)
        else say("无数据", "no data")
        for row in rows.itertuples()
    ]
    name_room = max(width(name, size) for name in names) + _PAD
    figure_room = max(width(figure, size) for figure in figures) + _PAD
    slots = -(-len(rows) // count)
    return [
        _Column(
            rows.iloc[start : start + slots],
            names[start : start + slots],
            figures[start : start + slots],
            index * (wide + _BETWEEN_COLUMNS),
            wide,
            name_room,
            figure_room,
            size,
        )
        for index, start in enumerate(range(0, len(rows), slots))
    ]


def _threshold(row: Any) -> float | None:
    return None if pd.isna(row.threshold) else float(row.threshold)


def _axis_end(subject: Subject, rows: pd.DataFrame, lines: list[_Line]) -> float:
    """Where the value axis ends: at 100 % unless a figure is larger."""
    largest = extent(rows, *(line.value for line in lines))
    return 1.0 if subject.quantity.percent and largest <= 1 else largest * 1.05


def _axes(chart: Chart, column: _Column, above: float, slots: int) -> Axes:
    axes = panel(
        chart,
        left=column.left + column.name_room,
        right=ROOM - column.left - column.wide + column.figure_room,
        top=above,
        bottom=_AXIS_ROOM,
    )
    axes.set_ylim(slots - 0.5, -0.5)
    axes.set_yticks(
        range(len(column.rows)), column.names, **style.lettering(column.size, style.INK)
    )
    return axes


def _rows(axes: Axes, column: _Column, top: float, highlight: str | None) -> None:
    """A dot, its bounds and its figure for every area."""
    plot = column.wide - column.name_room - column.figure_room
    edges = (-column.name_room / plot, 1 + column.figure_room / plot)
    for at, (row, figure) in enumerate(zip(column.rows.itertuples(), column.figures, strict=True)):
        axes.axhline(at, color=style.GRID, linewidth=0.6, zorder=1)
        if row.area_code == highlight:
            axes.axhspan(at - 0.5, at + 0.5, *edges, color=style.HIGHLIGHT, clip_on=False, zorder=0)
        whisker(axes, at, row, top)
        if pd.notna(row.value):
            axes.plot(
                [row.value],
                [at],
                gid=f"value-{row.area_code}",
                clip_on=False,
                zorder=4,
                **dot(row.verdict, column.size * 0.85),
            )
        axes.text(
            edges[1],
            at,
            figure,
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center_baseline",
            **style.lettering(column.size, style.VERDICTS[row.verdict].edge),
        )


def _draw_lines(chart: Chart, axes: Axes, column: _Column, lines: list[_Line], top: float) -> None:
    """The lines to compare with, each named on a line of its own above the dots."""
    plot = column.wide - column.name_room - column.figure_room
    first = style.MARGIN + column.left
    last = first + column.wide
    asked = lines[-1].value
    floor = chart.body[1] + _AXIS_ROOM
    high = axes.get_window_extent().height / style.LAYOUT_DPI
    for tier, line in enumerate(lines):
        reach = high + _PAD / 2 + tier * line_height(style.SMALL)
        axes.axvline(
            line.value,
            ymax=reach / high,
            color=line.colour,
            linewidth=line.weight,
            clip_on=False,
            gid=line.gid,
            zorder=2,
        )
        long = width(line.label, style.SMALL)
        x = first + column.name_room + plot * line.value / top
        # The lower label keeps to its side of the threshold, whose line passes it.
        x -= long / 2 if line.gid == "threshold" else long if line.value <= asked else 0
        x = min(max(x, first), last - long)
        note(chart, x, floor + reach + 0.02, line.label, style.SMALL, line.colour, va="bottom")
