"""All areas of a level in order, against the threshold and the area around them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.comparison import Comparison
from sanlian_analysis.charts.comparison_drawing import lay_out
from sanlian_analysis.charts.figure import Chart, statement
from sanlian_analysis.charts.grouping import arranged, larger_level
from sanlian_analysis.charts.listing import Block, Column, columns
from sanlian_analysis.charts.marks import point, whisker
from sanlian_analysis.charts.rows import records, verdict_counts
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_PAD = 0.14


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
    the figure of that area is a thin line when its row is there (without it, that
    of the smallest area around all). Areas without a value come last, by their
    lower bound; those without units in scope are counted in a note. `highlight`
    is the code of one area to stress.

    More than 40 areas stand under the larger area that each lies in, on one A4
    page: counties by city, streets by county, the city with the highest figure
    first. That figure is a line through its counties; every county carries its
    rank among all of them.
    """
    found = Comparison.of(
        results, policy, target_id, level=level, date=date, within=within, reading=reading
    )
    filled = [] if found.rows.empty else arranged(found)
    grouped = any(block.name for blocks in filled for block in blocks)
    every = (block.own for blocks in filled for block in blocks)
    own = [row.value for row in every if row is not None and pd.notna(row.value)]
    notes = _grouped_notes(found, told=bool(own)) if grouped else []
    title, detail = _title(found, highlight), found.extremes(found.subject.figure)
    caption = found.caption(title, detail, notes)
    name = found.subject.slug("ranked", level)
    if found.rows.empty:
        return statement(name, caption, simulated=simulated)
    ranks = _ranks(found) if grouped else {}
    beside = max((width(rank, style.SMALL) + _PAD for rank in ranks.values()), default=0.0)
    listed = columns(filled, found.subject.value, results, beside)
    chart, drawn = lay_out(found, name, caption, listed, own, simulated=simulated)
    for axes, column in zip(drawn, listed, strict=True):
        _rows(axes, column, highlight)
        _write_ranks(axes, column, ranks)
        for at, block in column.starts:
            if block.name:
                _heading(axes, column, at, block, found.subject)
    return chart


def _grouped_notes(found: Comparison, *, told: bool) -> list[str]:
    """How a grouped chart is read; `told`: larger areas have figures of their own."""
    around = words.noun(larger_level(found.level))
    zh, en = f"按所在{around}分组", f"Grouped under {around}"
    if told:
        zh += f"，分组行的数字和虚线是{around}的整体数值"
        en += ", whose own figures are written and dotted"
    if not found.known.empty:
        zh, en = f"{zh}；灰色数字是在全部地区中的位次", f"{en}; grey: rank among all"
    return [say(zh + "。", en + ".")]


def _title(found: Comparison, highlight: str | None) -> str:
    if few := found.title_of_few():
        return few
    counts = verdict_counts(found.rows)
    if set(counts) == {"no_threshold"}:
        every = found.counted
        title = say(f"{every}的排序（文件未设阈值）", f"{every} in order; no threshold is set")
    else:
        title = words.verdict_sentence(found.counted, counts)
    stressed = records(found.rows[found.rows["area_code"] == highlight])
    return _stressed(found, stressed[0], title) if stressed else title


def _stressed(found: Comparison, row: Any, title: str) -> str:
    """The title with the area to stress in front: its figure, its verdict and its rank."""
    name = found.name(row)
    if pd.isna(row.value):
        return say(f"{name}没有数据；{title}", f"{name}: no data. {title}")
    verdict, figure = words.verdict_name(str(row.verdict)), found.subject.figure(row)
    rank = _ranks(found)[str(row.area_code)]
    tied = (found.rows["value"] == row.value).sum() > 1
    zh = f"{name}{figure}（{verdict}），{'并列' if tied else '列'}第{rank}位；{title}"
    return say(zh, f"{name}: {figure} ({verdict}), rank {rank}{' (tied)' if tied else ''}. {title}")


def _ranks(found: Comparison) -> dict[str, str]:
    """The rank of every area with a value, by code; equal figures share the better one."""
    ranks = found.known["value"].rank(method="min", ascending=False)
    return {
        str(code): f"{rank:,.0f}"
        for code, rank in zip(found.known["area_code"], ranks, strict=True)
    }


def _rows(axes: Axes, column: Column, highlight: str | None) -> None:
    """A dot and its bounds for every area."""
    end = axes.get_xlim()[1]
    for at, row in zip(column.places, column.rows, strict=True):
        axes.axhline(at, color=style.GRID, linewidth=0.6, zorder=1)
        if row.area_code == highlight:
            _band(axes, column, at, style.HIGHLIGHT)
        whisker(axes, at, row, end)
        point(axes, at, row, column.size * 0.85)


def _band(axes: Axes, column: Column, at: float, colour: str) -> None:
    axes.axhspan(at - 0.5, at + 0.5, *column.edges, color=colour, clip_on=False, zorder=0)


def _heading(axes: Axes, column: Column, at: int, block: Block, subject: Subject) -> None:
    """The larger area's name, and its figure over a line through the areas that lie in it."""
    _band(axes, column, at, style.BAND)
    box = {"facecolor": style.BAND, "edgecolor": "none", "pad": 0.6}
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center_baseline"}
    look |= {"zorder": 5, "bbox": box} | style.lettering(column.size, style.INK)
    told = block.own is not None and pd.notna(block.own.value)
    figure = subject.value(block.own) if told else ""
    half = width(figure, column.size) / 2 / column.plot
    left, right = column.edges
    if told:
        right = min(max(block.own.value / axes.get_xlim()[1], half), 1 - half)
    name = shorten(block.name, (right - half - left) * column.plot - _PAD, column.size)
    axes.text(left + 0.03 / column.plot, at, name, **look)
    if told:
        axes.text(right, at, figure, ha="center", **look)
        _through(axes, at, block)


def _through(axes: Axes, at: int, block: Block) -> None:
    """The line of the larger area's figure, down to the last area that lies in it."""
    axes.plot(
        [block.own.value, block.own.value],
        [at + 0.5, at + block.lines - 0.5],
        color=style.INK,
        linestyle=(0, (1.2, 1.2)),
        linewidth=1.2,
        gid=f"around-{block.own.area_code}",
        zorder=2,
    )


def _write_ranks(axes: Axes, column: Column, ranks: dict[str, str]) -> None:
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right"}
    look |= {"va": "center_baseline"} | style.lettering(style.SMALL, style.MUTED)
    for at, row in zip(column.places, column.rows, strict=True):
        if row.area_code in ranks:
            axes.text(column.edges[1], at, ranks[row.area_code], **look)
