"""Which area meets which demand: a table of verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, compose, panel, statement
from sanlian_analysis.charts.marks import dot, verdict_key
from sanlian_analysis.charts.rows import (
    area_labels,
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
from sanlian_analysis.charts.text import in_title, line_height, shorten, upright, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_MOST_COLUMNS = 30
_ROW_NAME_ROOM, _COLUMN_NAME_ROOM = 2.1, 1.5
_WIDEST_CELL = 0.42
_NARROWEST_CELL = 0.22
_PAD, _BELOW, _BETWEEN_BLOCKS = 0.1, 0.08, 0.3
_ONE_BLOCK = 60


@dataclass(frozen=True)
class _Table:
    """Verdicts with the labels of rows and columns, and a note at the end of every row."""

    verdicts: pd.DataFrame
    rows: list[str]
    columns: list[str]
    ends: list[str]
    size: float

    @property
    def counted(self) -> bool:
        """Whether the ends of rows count cells, as they do with more than one column."""
        return len(self.columns) > 1

    @property
    def names_room(self) -> float:
        """Inches for the labels of the rows."""
        return max(width(name, self.size) for name in self.rows) + _PAD

    @property
    def ends_room(self) -> float:
        """Inches for the notes at the end of rows."""
        return max(width(end, self.size) for end in [*self.ends, say("达标", "met")]) + _PAD

    def width(self, room: float) -> float:
        """Inches for the cells, of `room` for the whole table."""
        left = room - self.names_room - self.ends_room
        return min(left, len(self.columns) * _WIDEST_CELL)

    @property
    def blocks(self) -> int:
        """Two blocks side by side for a table that is long and narrow."""
        half = (ROOM - _BETWEEN_BLOCKS) / 2
        fits = self.width(half) >= len(self.columns) * _NARROWEST_CELL
        return 2 if fits and len(self.rows) > _ONE_BLOCK else 1

    @property
    def slots(self) -> int:
        """Rows in the longest block."""
        return -(-len(self.rows) // self.blocks)


def verdict_matrix(
    results: pd.DataFrame,
    policy: Policy,
    *,
    level: str,
    date: object,
    within: str | None = None,
    simulated: bool = False,
) -> Chart:
    """Targets down and areas across, each cell coloured and marked by its verdict.

    `results` is the results table, of which the primary readings are drawn: those
    that bind at this level, or, where none does, all of them, with a note. More
    than 30 areas stand down the side. A row ends with the number of its cells that
    are met, of those that can be judged; with one area, with its figure.
    """
    every = select(results, policy, level=level, date=date, within=within)
    binding = every[every["binding"].astype(bool)]
    rows = every if binding.empty else binding
    name = f"verdicts-{level}"
    if rows.empty:
        title = say("没有可以评定的地区", "No area to judge")
        empty = Caption(title, _subtitle(policy, level, date), words.source(policy))
        return statement(name, empty, simulated=simulated)
    caption = _caption(policy, level, date, rows, results)
    table = _table(rows, policy, results)
    heads = max(_head_height(text, table.size) for text in table.columns)
    chart = compose(
        name,
        caption,
        body=table.slots * row_height(table.slots) + heads + _PAD + _BELOW,
        entries=verdict_key(verdict_counts(rows)),
        simulated=simulated,
    )
    _draw(chart, table, heads + _PAD)
    return chart


def _table(rows: pd.DataFrame, policy: Policy, results: pd.DataFrame) -> _Table:
    order = [target.id for target in policy.targets if target.id in set(rows["target"])]
    codes = list(rows["area_code"].unique())
    verdicts = rows.pivot_table(
        index="target", columns="area_code", values="verdict", aggfunc="first"
    ).loc[order, codes]
    areas = rows.drop_duplicates("area_code")
    targets = [policy.target(id_).label for id_ in order]
    size = style.BODY
    if len(codes) == 1:
        names = [shorten(target, _ROW_NAME_ROOM, size) for target in targets]
        return _Table(verdicts, names, [""], _figures(rows, policy, order), size)
    if len(codes) > _MOST_COLUMNS:
        size, verdicts, heads = style.SMALL, both_ends(verdicts.T), targets
        names = area_labels(both_ends(areas), results, room=_ROW_NAME_ROOM, size=size)
    else:
        names = [shorten(target, _ROW_NAME_ROOM, size) for target in targets]
        heads = area_labels(areas, results, room=_COLUMN_NAME_ROOM, size=size)
    heads = [upright(head, _COLUMN_NAME_ROOM, size) for head in heads]
    ends = [_met_of(row) for row in verdicts.to_numpy()]
    return _Table(verdicts, names, heads, ends, size)


def _met_of(verdicts: np.ndarray) -> str:
    judged = [v for v in verdicts if v in ("met", "not_met", "undetermined")]
    return f"{judged.count('met')}/{len(judged)}" if judged else ""


def _figures(rows: pd.DataFrame, policy: Policy, order: list[str]) -> list[str]:
    """The figure of one area for every target, with what is asked for."""
    texts = []
    for row in records(rows.set_index("target").loc[order]):
        subject = Subject.of(policy, str(row.Index), "primary")
        if row.verdict == "not_applicable":
            texts.append(style.VERDICTS["not_applicable"].label)
            continue
        text = subject.figure(row)
        if pd.notna(row.threshold):
            asked = subject.asked(row.threshold)
            text += say(f"（{asked}）", f" ({asked})")
        texts.append(text)
    return texts


def _subtitle(policy: Policy, level: str, date: object) -> str:
    kind = say(f"各{words.noun(level)}的评定结果", f"Verdicts on {words.noun(level)}")
    return words.dotted(kind, words.when(day(date)), policy.label)


def _caption(
    policy: Policy, level: str, date: object, rows: pd.DataFrame, results: pd.DataFrame
) -> Caption:
    codes = rows["area_code"].unique()
    notes = [*assumptions(rows), *not_binding(rows, level)]
    if len(codes) > _MOST_COLUMNS:
        notes += omitted_note(len(codes), min(len(codes), style.MOST_ROWS))
    counts = verdict_counts(rows)
    detail = say("全部格子：", "All cells: ") + words.verdict_list(counts)
    title = _title_of_one(rows, results) if len(codes) == 1 else _title(policy, level, rows)
    subtitle = _subtitle(policy, level, date)
    return Caption(title, subtitle, words.source(policy), detail, tuple(notes))


def _title_of_one(rows: pd.DataFrame, results: pd.DataFrame) -> str:
    area = in_title(area_name(results, str(rows["area_code"].iloc[0])))
    counts = words.verdict_list(verdict_counts(rows), "项")
    return say(f"{area}{len(rows)}项要求中，{counts}", f"{area}, {len(rows)} in all: {counts}")


def _title(policy: Policy, level: str, rows: pd.DataFrame) -> str:
    judged = rows[rows["verdict"].isin(["met", "not_met", "undetermined"])]
    every = words.counted(rows["area_code"].nunique(), level)
    if judged.empty:
        return say(f"{every}：没有可以评定的目标", f"{every}: no target can be judged")
    complete = int(judged["verdict"].eq("met").groupby(judged["area_code"]).all().sum())
    share = f"{complete:,}个" if complete else "没有一个"
    title = say(f"{every}中{share}各项都达标", f"{complete:,} of {every} meet every demand")
    failing = judged.loc[judged["verdict"] == "not_met", "target"].value_counts(sort=False)
    if failing.empty:
        return title
    worst = policy.target(str(failing.idxmax())).label
    return title + say(
        f"；“{worst}”未达标最多（{failing.max():,}个）",
        f"; “{worst}” is missed most often ({failing.max():,})",
    )


def _head_height(text: str, size: float) -> float:
    lines = text.split("\n")
    return len(lines) * line_height(size) if len(lines) > 1 else width(text, size)


def _draw(chart: Chart, table: _Table, above: float) -> None:
    """The table in one block, or in two side by side where it is long and narrow."""
    blocks, slots = table.blocks, table.slots
    room = (ROOM - (blocks - 1) * _BETWEEN_BLOCKS) / blocks
    wide = table.width(room)
    for block, start in enumerate(range(0, len(table.rows), slots)):
        left = block * (room + _BETWEEN_BLOCKS) + table.names_room
        axes = panel(chart, left=left, right=ROOM - left - wide, top=above, bottom=_BELOW)
        axes.set_xlim(-0.5, len(table.columns) - 0.5)
        axes.set_ylim(slots - 0.5, -0.5)
        shown = slice(start, start + slots)
        _cells(axes, table.verdicts.iloc[shown], table.slots)
        names = table.rows[shown]
        axes.set_yticks(range(len(names)), names, **style.lettering(table.size))
        _ends(axes, table, table.ends[shown], wide)
        _heads(axes, table)


def _ends(axes: Axes, table: _Table, ends: list[str], wide: float) -> None:
    """The note at the end of every row, and what it counts."""
    at = len(table.columns) * (1 + _PAD / wide) - 0.5
    look = {"va": "center_baseline"} | style.lettering(table.size, style.MUTED)
    for place, end in enumerate(ends):
        axes.text(at, place, end, **look)
    if table.counted:
        axes.text(at, -0.9, say("达标", "met"), **look)


def _heads(axes: Axes, table: _Table) -> None:
    for at, head in enumerate(table.columns):
        axes.annotate(
            head,
            (at, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            rotation=0 if "\n" in head or len(head) == 1 else 90,
            ha="center",
            va="bottom",
            linespacing=1.0,
            annotation_clip=False,
            **style.lettering(table.size),
        )


def _cells(axes: Axes, verdicts: pd.DataFrame, slots: int) -> None:
    """One tinted cell and one mark per verdict; a missing row of results leaves a gap."""
    order = list(style.VERDICTS)
    indices = verdicts.map(lambda v: order.index(v) if v in order else np.nan).to_numpy(float)
    high, wide = indices.shape
    axes.pcolormesh(
        np.arange(wide + 1) - 0.5,
        np.arange(high + 1) - 0.5,
        np.ma.masked_invalid(indices),
        cmap=ListedColormap([mark.cell for mark in style.VERDICTS.values()]),
        vmin=-0.5,
        vmax=len(order) - 0.5,
        edgecolors=style.PAPER,
        linewidth=1.2,
        gid="cells",
    )
    size = 6.5 if slots <= _MOST_COLUMNS else 5
    for index, verdict in enumerate(order):
        ys, xs = np.nonzero(indices == index)
        if len(xs):
            axes.plot(xs, ys, linestyle="none", gid=f"verdict-{verdict}", **dot(verdict, size))
