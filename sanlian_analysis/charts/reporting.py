"""Who reported: units with a row against the units of the frame, area by area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import (
    Caption,
    Chart,
    KeyEntry,
    compose,
    note,
    statement,
)
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, columns, in_columns
from sanlian_analysis.charts.marks import horizontal_scale
from sanlian_analysis.charts.rows import area_name, day, outside_note, records
from sanlian_analysis.charts.text import in_title, line_height, width
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy

_BAR, _PAD = 0.66, 0.14
_HEAD = line_height(style.SMALL) + 0.04


@dataclass(frozen=True)
class _State:
    """What units can be, with the colour of its part of the bars."""

    column: str
    zh: str
    en: str
    colour: str

    @property
    def label(self) -> str:
        """The state in the language in force."""
        return say(self.zh, self.en)


_STATES = (
    _State("filled", "有记录，填齐", "Row, complete", style.TONES[2]),
    _State("blank", "有记录，有空白", "Row, with blanks", style.VERDICTS["not_met"].cell),
    _State("missing", "无记录", "No row", style.PAPER),
)


def reporting(
    table: pd.DataFrame,
    *,
    level: str,
    date: object,
    area: str,
    policy: Policy,
    framed: bool = True,
    simulated: bool = False,
) -> Chart:
    """Units with a row as a share of the units in the frame, area by area, the lowest first.

    `table` is that of `reporting`: one row per area of `level` with `area_code`,
    `area`, `units`, `reported` and `filled`. Numerator and denominator stand beside
    every bar, and how many units have no blank. Areas without units to report are
    told in a note, and so are those beyond the 200 with the lowest shares.
    `framed=False` says that without a frame nobody can be seen to be missing.
    """
    rows = _in_order(table)
    drawn = rows.head(style.MOST_ROWS)
    caption = Caption(
        _title(rows, table, level, area),
        words.dotted(
            say(
                "有记录的单位占应报单位的比例（%）",
                "Units with a row, share of those to report (%)",
            ),
            words.when(day(date)),
            policy.label,
        ),
        words.source(policy),
        _detail(rows, table),
        (*_notes(rows, framed), *outside_note(len(table) - len(rows), level), *_left_out(rows)),
    )
    name = f"reporting-{level}"
    if rows.empty:
        return statement(name, caption, simulated=simulated)
    beside = max(width(text, style.BODY) for text in (*map(_filled, records(drawn)), _heads()[1]))
    listed_ = columns(in_columns(drawn), _figure, table, beside=beside + _PAD)
    chart = compose(
        name,
        caption,
        body=_HEAD + listed_[0].height + AXIS_ROOM,
        entries=_key(rows),
        simulated=simulated,
    )
    for column in listed_:
        _draw(chart, column)
    return chart


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Areas with units to report: the smallest share with a row first, then without blanks."""
    rows = table[table["units"] > 0]
    rows = rows.assign(
        blank=rows["reported"] - rows["filled"],
        missing=rows["units"] - rows["reported"],
        share=rows["reported"] / rows["units"],
        full=rows["filled"] / rows["units"],
    )
    order = ["share", "full", "area_code"]
    return rows.sort_values(order, kind="stable").reset_index(drop=True)


def _title(rows: pd.DataFrame, table: pd.DataFrame, level: str, area: str) -> str:
    name = in_title(area)
    if rows.empty:
        return say(f"{name}没有应填报的单位", f"{name}: no units to report on")
    units, reported = int(rows["units"].sum()), int(rows["reported"].sum())
    every, share = words.counted(units, "community"), style.percent(reported / units)
    if reported == units:
        filled = int(rows["filled"].sum())
        return say(
            f"{name}{every}都有记录，其中{filled:,}个填齐",
            f"{name}: all of {every} have a row, {filled:,} without a blank",
        )
    said = say(
        f"{name}{every}中{reported:,}个有记录（{share}）",
        f"{name}: {reported:,} of {every} have a row ({share})",
    )
    if len(rows) == 1 or not reported:
        return said
    worst = records(rows)[0]
    where = in_title(area_name(table, str(worst.area_code)))
    low, every_area = style.percent(worst.share), words.counted(len(rows), level)
    whole = int((rows["missing"] == 0).sum())
    told = f"{whole:,}个报全" if whole else "没有一个报全"
    return said + say(
        f"；{every_area}中{told}，{where}最低（{low}）",
        f"; all units in {whole:,} of {every_area}, fewest in {where} ({low})",
    )


def _detail(rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """The three lowest areas, for the alternative text."""
    return listed(
        [f"{area_name(table, str(row.area_code))} {_figure(row)}" for row in records(rows.head(3))]
    )


def _notes(rows: pd.DataFrame, framed: bool) -> tuple[str, ...]:
    asked = say(
        "填齐：政策要用、由该单位填报的各变量都有值，“不适用”也算。",
        "Complete: no blank in what the policy asks of the unit; not applicable is no blank.",
    )
    if framed or rows.empty:
        return (asked,) if len(rows) else ()
    alone = say(
        "没有名录，只知道有记录的单位，看不出谁没有报。",
        "Without a frame only units with a row are known; nobody can be seen to be missing.",
    )
    return (asked, alone)


def _left_out(rows: pd.DataFrame) -> tuple[str, ...]:
    left = len(rows) - style.MOST_ROWS
    if left <= 0:
        return ()
    zh = f"共{len(rows):,}行，只画最低的{style.MOST_ROWS:,}行，其余{left:,}行未画出。"
    en = f"{len(rows):,} rows; the {style.MOST_ROWS:,} lowest are drawn, {left:,} are not."
    return (say(zh, en),)


def _key(rows: pd.DataFrame) -> list[KeyEntry]:
    """The parts of a bar, each with its number of units."""
    look = {"marker": "s", "markersize": 7, "markeredgecolor": style.MUTED, "markeredgewidth": 0.6}
    counts = [(state, int(rows[state.column].sum())) for state in _STATES]
    return [
        (look | {"markerfacecolor": state.colour}, f"{state.label} {count:,}")
        for state, count in counts
        if count
    ]


def _heads() -> tuple[str, str]:
    """What stands above the two columns of figures."""
    return say("有记录/应报", "with a row/all"), say("填齐", "complete")


def _figure(row: Any) -> str:
    return f"{row.reported:,}/{row.units:,}"


def _filled(row: Any) -> str:
    return f"{row.filled:,}"


def _draw(chart: Chart, column: Column) -> None:
    axes = column_axes(chart, column, _HEAD)
    horizontal_scale(axes, words.SHARE, 1.0, style.SMALL)
    starts = [0.0] * len(column.rows)
    for state in _STATES:
        for at, (place, row) in enumerate(zip(column.places, column.rows, strict=True)):
            share = getattr(row, state.column) / row.units
            if share:
                _part(
                    axes, place, starts[at], share, state.colour, f"{state.column}-{row.area_code}"
                )
            starts[at] += share
    _figures(chart, axes, column)


def _part(axes: Axes, at: int, start: float, share: float, colour: str, gid: str) -> None:
    axes.barh(
        [at],
        [share],
        _BAR,
        left=[start],
        color=colour,
        edgecolor=style.MUTED,
        linewidth=0.4,
        clip_on=False,
        gid=gid,
        zorder=2,
    )


def _figures(chart: Chart, axes: Axes, column: Column) -> None:
    """Numerator and denominator, and the units without a blank, under their headings."""
    end = style.MARGIN + column.left + column.wide
    top = axes.get_window_extent().y1 / style.LAYOUT_DPI
    per_inch = axes.get_window_extent().height / style.LAYOUT_DPI / column.slots
    shown = (end - column.beside, column.figures), (end, [_filled(row) for row in column.rows])
    for head, (right, texts) in zip(_heads(), shown, strict=True):
        y = top + 0.04
        note(chart, right, y, head, style.SMALL, style.MUTED, ha="right", va="bottom")
        for at, text in zip(column.places, texts, strict=True):
            y = top - (at + 0.5) * per_inch
            note(chart, right, y, text, column.size, style.INK, ha="right", va="center_baseline")
