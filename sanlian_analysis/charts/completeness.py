"""How completely the variables of a ledger are filled in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, note, panel, statement
from sanlian_analysis.charts.marks import horizontal_scale
from sanlian_analysis.charts.rows import day, numbers, records, row_height
from sanlian_analysis.charts.text import in_title, line_height, shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_NAME_ROOM = 1.9
_AXIS_ROOM, _PAD, _BAR, _SWATCH = 0.26, 0.14, 0.7, 0.17
_HEAD = line_height(style.BODY) + 0.06


@dataclass(frozen=True)
class _Status:
    """One thing that can become of a value, with the tone and hatching of its bars."""

    column: str
    zh: str
    en: str
    colour: str
    hatch: str

    @property
    def label(self) -> str:
        """The status in the language in force."""
        return say(self.zh, self.en)


_STATUSES = (
    _Status("reported", "已填", "Reported", style.TONES[2], ""),
    _Status("not_applicable", "不适用", "Not applicable", style.TONES[0], ""),
    _Status("blank", "空白", "Blank", style.VERDICTS["not_met"].cell, "////"),
    _Status("missing_row", "无记录", "No row", style.PAPER, "...."),
)

_COLUMNS = [status.column for status in _STATUSES]


def completeness(
    table: pd.DataFrame,
    *,
    date: object,
    area: str,
    policy: Policy,
    simulated: bool = False,
) -> Chart:
    """What became of every variable over all units of the frame, the fullest first.

    `table` has one row per variable: `label`, the counts `reported`, `blank`,
    `missing_row` (units without a row) and `not_applicable`, and `units`, their sum.
    """
    rows = _in_order(table)
    caption = Caption(
        _title(rows, area),
        words.dotted(
            say(
                "各变量在全部单位中的填报情况（%）", "What became of every variable, all units (%)"
            ),
            words.when(day(date)),
            policy.label,
        ),
        words.source(policy),
        _detail(rows),
    )
    if rows.empty:
        return statement("completeness", caption, simulated=simulated)
    body = len(rows) * row_height(len(rows)) + _AXIS_ROOM + _HEAD
    chart = compose("completeness", caption, body=body, simulated=simulated)
    _draw(chart, rows)
    return chart


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Variables that concern any unit, by the share of units that nothing is known of."""
    rows = table.assign(
        **{column: numbers(table[column]) for column in [*_COLUMNS, "units"]},
    )
    rows = rows[rows["units"] > 0]
    rows = rows.assign(open=(rows["blank"] + rows["missing_row"]) / rows["units"])
    return rows.sort_values("open", kind="stable").reset_index(drop=True)


def _title(rows: pd.DataFrame, area: str) -> str:
    name = in_title(area)
    if rows.empty:
        return say(f"{name}没有应填报的单位", f"{name}: no units to report on")
    complete, worst = int((rows["open"] == 0).sum()), records(rows)[-1]
    label, open_ = in_title(str(worst.label)), style.percent(worst.open)
    if len(rows) == 1 and complete:
        return say(f"{name}的“{label}”全部填齐", f"{name}: “{label}” is complete")
    if len(rows) == 1:
        return say(f"{name}的“{label}”还缺{open_}", f"{name}: {open_} of units lack “{label}”")
    if complete == len(rows):
        return say(f"{name}{complete}项变量全部填齐", f"{name}: all {complete} variables complete")
    filled = say(f"{complete}项填齐" if complete else "没有一项填齐", f"{complete}")
    return say(
        f"{name}{len(rows)}项变量中{filled}，“{label}”缺得最多（{open_}）",
        f"{name}: {filled} of {len(rows)} variables complete; “{label}” lacks most ({open_})",
    )


def _detail(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    units = int(rows["units"].max())
    return say(f"应填报单位{units:,}个", f"Units to report: {units:,}")


def _draw(chart: Chart, rows: pd.DataFrame) -> None:
    size = style.BODY if len(rows) <= 30 else style.SMALL
    statuses = [status for status in _STATUSES if rows[status.column].any()]
    names = [shorten(str(label), _NAME_ROOM, size) for label in rows["label"]]
    left = max(width(name, size) for name in names) + _PAD
    rooms = [_column_room(status, rows, size) for status in statuses]
    axes = panel(chart, left=left, right=sum(rooms), top=_HEAD, bottom=_AXIS_ROOM)
    horizontal_scale(axes, words.SHARE, 1.0, style.SMALL)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), names, **style.lettering(size))
    _bars(axes, rows, statuses)
    right = style.WIDTH - style.MARGIN - sum(rooms)
    for status, room in zip(statuses, rooms, strict=True):
        right += room
        _counts(chart, axes, rows, status, right, size)


def _column_room(status: _Status, rows: pd.DataFrame, size: float) -> float:
    figures = max(width(f"{count:,.0f}", size) for count in rows[status.column])
    return max(width(status.label, style.SMALL) + _SWATCH, figures) + _PAD


def _bars(axes: Axes, rows: pd.DataFrame, statuses: list[_Status]) -> None:
    """One bar of full length per variable, divided by status."""
    start = pd.Series(0.0, index=rows.index)
    for status in statuses:
        share = rows[status.column] / rows["units"]
        axes.barh(
            range(len(rows)),
            share,
            _BAR,
            left=start,
            color=status.colour,
            hatch=status.hatch,
            edgecolor=style.MUTED,
            linewidth=0.4,
            gid=f"status-{status.column}",
            zorder=2,
        )
        start = start + share


def _counts(
    chart: Chart, axes: Axes, rows: pd.DataFrame, status: _Status, right: float, size: float
) -> None:
    """A column of counts, headed by the name and the tone of its bars."""
    box = axes.get_window_extent()
    head = box.y1 / style.LAYOUT_DPI + _HEAD - line_height(style.BODY) / 2
    note(chart, right, head, status.label, style.SMALL, style.INK, ha="right", va="center_baseline")
    swatch = Rectangle(
        (right - width(status.label, style.SMALL) - _SWATCH, head - 0.05),
        0.12,
        0.1,
        transform=chart.dpi_scale_trans,
        facecolor=status.colour,
        edgecolor=style.MUTED,
        linewidth=0.4,
        hatch=status.hatch,
    )
    chart.add_artist(swatch)
    place = (right * style.LAYOUT_DPI - box.x0) / box.width
    for at, count in enumerate(rows[status.column]):
        axes.text(
            place,
            at,
            f"{count:,.0f}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center_baseline",
            **style.lettering(size, style.INK if count else style.FAINT),
        )
