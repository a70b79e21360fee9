"""All areas of a level in order, against the threshold and the area around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, note, statement
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, columns
from sanlian_analysis.charts.marks import (
    dot,
    extent,
    has_range,
    horizontal_scale,
    verdict_key,
    whisker,
)
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    both_ends,
    day,
    not_binding,
    omitted_note,
    records,
    row_height,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_PAD = 0.12
_TITLE_NAME_ROOM, _LINE_NAME_ROOM = 2.4, 1.2


@dataclass(frozen=True)
class _Line:
    """A vertical line that every area is compared with."""

    gid: str
    value: float
    label: str
    colour: str
    weight: float


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
    listed = columns(drawn, [_figure(subject, row) for row in records(drawn)], results)
    above = len(lines) * line_height(style.SMALL) + _PAD
    chart = compose(
        name,
        caption,
        body=above + listed[0].slots * row_height(len(drawn)) + AXIS_ROOM,
        entries=verdict_key(verdict_counts(rows), ranges=has_range(drawn)),
        simulated=simulated,
    )
    top = _axis_end(subject, drawn, lines)
    for column in listed:
        axes = column_axes(chart, column, above)
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
    notes = [*assumptions(every), *not_binding(every, level)]
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
    if len(rows) == 1:
        row = records(rows)[0]
        name = shorten(area_name(results, str(row.area_code)), _TITLE_NAME_ROOM, style.TITLE)
        return name + say("", ": ") + subject.finding(row)
    counts = verdict_counts(rows)
    every = words.areas(len(rows), level)
    if set(counts) == {"no_threshold"}:
        title = say(f"{every}的排序（文件未设阈值）", f"{every} in order; no threshold is set")
    else:
        title = words.verdict_sentence(every, counts)
    stressed = rows[rows["area_code"] == highlight]
    if stressed.empty:
        return title
    row = records(stressed)[0]
    name = shorten(area_name(results, str(row.area_code)), _TITLE_NAME_ROOM, style.TITLE)
    if pd.isna(row.value):
        return say(f"{name}没有数据；{title}", f"{name}: no data. {title}")
    verdict = words.verdict_name(str(row.verdict))
    figure = subject.figure(row)
    rank = int((rows["value"] > row.value).sum()) + 1
    tied = (rows["value"] == row.value).sum() > 1
    zh = f"{name}{figure}（{verdict}），{'并列' if tied else '列'}第{rank}位；{title}"
    return say(zh, f"{name}: {figure} ({verdict}), rank {rank}{' (tied)' if tied else ''}. {title}")


def _detail(subject: Subject, rows: pd.DataFrame, results: pd.DataFrame) -> str:
    """The highest and the lowest figure, for the alternative text."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return say("都没有数据", "None has data") if len(rows) else ""
    high, low = records(known)[0], records(known)[-1]
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
        row = records(known)[0]
        name = shorten(str(row.area), _LINE_NAME_ROOM, style.SMALL)
        label = f"{name} {subject.quantity.text(row.value, against)}"
        lines.append(_Line("around", float(row.value), label, style.MUTED, 0.9))
    if against is not None:
        lines.append(_Line("threshold", against, subject.asked(against), style.INK, 1.6))
    return lines


def _figure(subject: Subject, row: Any) -> str:
    if pd.isna(row.value):
        return say("无数据", "no data")
    return subject.quantity.text(row.value, None if pd.isna(row.threshold) else row.threshold)


def _axis_end(subject: Subject, rows: pd.DataFrame, lines: list[_Line]) -> float:
    """Where the value axis ends: a little beyond the largest figure, but not beyond 100 %."""
    largest = extent(rows, *(line.value for line in lines))
    whole = subject.quantity.percent and largest <= 1
    return min(1.0, largest * 1.08) if whole else largest * 1.05


def _rows(axes: Axes, column: Column, top: float, highlight: str | None) -> None:
    """A dot, its bounds and its figure for every area."""
    edges = (-column.name_room / column.plot, 1 + column.figure_room / column.plot)
    for at, (row, figure) in enumerate(zip(records(column.rows), column.figures, strict=True)):
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


def _draw_lines(chart: Chart, axes: Axes, column: Column, lines: list[_Line], top: float) -> None:
    """The lines to compare with, each named on a line of its own above the dots."""
    first = style.MARGIN + column.left
    last = first + column.wide
    asked = lines[-1].value
    floor = chart.body[1] + AXIS_ROOM
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
        x = first + column.name_room + column.plot * line.value / top
        # The lower label keeps to its side of the threshold, whose line passes it.
        x -= long / 2 if line.gid == "threshold" else long if line.value <= asked else 0
        x = min(max(x, first), last - long)
        note(chart, x, floor + reach + 0.02, line.label, style.SMALL, line.colour, va="bottom")
