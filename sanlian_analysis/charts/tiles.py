"""Counties as equal squares that lie roughly as on a map: no county is large, no border drawn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, KeyEntry, compose, panel, statement
from sanlian_analysis.charts.marks import verdict_key
from sanlian_analysis.charts.rows import (
    area_labels,
    area_name,
    assumptions,
    day,
    not_binding,
    records,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import in_title, shorten
from sanlian_analysis.charts.tile_faces import draw_face, face_of, figures, letter_size
from sanlian_analysis.charts.tile_layout import (
    Tile,
    beside,
    counties,
    extent,
    outline,
    tile_layout,
    tiles_for,
)
from sanlian_analysis.charts.tile_scale import Scale, draw_scale, reach, scale_of, scale_room
from sanlian_analysis.codes import LEVELS, level_of, published_names
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy

#: Inches: the side of a tile when there are few, and how tall a map may grow before tiles shrink.
_LARGEST, _TALLEST, _SPACE = 0.9, 6.3, 0.1
_FULL_NAME_ROOM = 2.6


@dataclass(frozen=True)
class _Map:
    """The counties of `every` row of the results that have a place among the tiles."""

    subject: Subject
    results: pd.DataFrame
    within: str
    every: pd.DataFrame
    tiles: list[Tile]

    @property
    def rows(self) -> pd.DataFrame:
        """The results that are drawn."""
        return self.every[self.every["area_code"].isin([tile.code for tile in self.tiles])]

    @property
    def counties(self) -> list[Tile]:
        """The tiles of counties, with results or without."""
        return counties(self.tiles)

    def name(self, code: str) -> str:
        """An area's name, short enough for a title."""
        return in_title(area_name(self.results, code))

    def names(self, rows: pd.DataFrame) -> list[str]:
        """The names of counties for a sentence, no two of them the same."""
        return area_labels(rows, self.results, room=_FULL_NAME_ROOM, size=style.BODY)


def tile_map(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    *,
    date: object,
    within: str | None = None,
    reading: str = "primary",
    by: Literal["verdict", "value"] = "verdict",
    simulated: bool = False,
) -> Chart:
    """Counties as squares of one size, laid out roughly as they lie, coloured by their result.

    `results` is the results table; `within` is the head of the codes to draw.
    Layouts exist for the areas of the five policies; where the results reach into
    several of them, the one with the most counties is drawn and the others are
    named in a note, as are counties without a place. A place without results is an
    empty outline. By verdict, every tile carries the verdict's sign too; by value,
    only undetermined ones do, and the key marks the threshold. A policy without
    the target or the reading is a KeyError, another `by` a ValueError.
    """
    if by not in ("verdict", "value"):
        raise ValueError(
            say(f"by 应为 verdict 或 value，实为 {by!r}", f"by is verdict or value, not {by!r}")
        )
    subject = Subject.of(policy, target_id, reading)
    every = select(
        results, policy, target_id, reading=reading, level="county", date=date, within=within
    ).drop_duplicates("area_code")
    shown = _Map(subject, results, within or "", every, tiles_for(every, within))
    caption, name = _caption(shown, day(date)), subject.slug("tiles", by)
    if shown.rows.empty:
        return statement(name, caption, simulated=simulated)
    scale = scale_of(shown.rows) if by == "value" else None
    columns, lines = extent(shown.tiles)
    side = min(ROOM / columns, _TALLEST / lines, _LARGEST)
    above = scale_room() if scale else 0.0
    body, entries = above + side * lines + _SPACE, _key(shown, scale)
    chart = compose(name, caption, body=body, entries=entries, simulated=simulated)
    if scale:
        draw_scale(chart, subject, scale)
    aside = (ROOM - side * columns) / 2
    axes = panel(chart, left=aside, right=aside, top=above, bottom=_SPACE)
    axes.set_xlim(0, columns)
    axes.set_ylim(lines, 0)
    found = {row.area_code: row for row in records(shown.rows)}
    for tile in shown.counties:
        draw_face(axes, face_of(subject, tile, found.get(tile.code), scale), side)
    _cities(axes, shown, side)
    return chart


def _caption(shown: _Map, date: dt.date) -> Caption:
    rows, every = shown.rows, shown.every
    left_out = _left_out(shown)
    zh = "方格位置为示意，大小与面积、人口无关。"
    about = say(zh, "Positions are schematic; size means neither area nor population.")
    if rows.empty:
        heads = sorted({tile.area for tile in tile_layout()})
        known = listed([published_names()[head] for head in heads])
        about = say(f"有方格布局的地区：{known}。", f"Areas with a layout: {known}.")
    detail = [_listing(shown), *left_out, *_without_results(shown)]
    return Caption(
        _title(shown),
        shown.subject.subtitle(words.when(date)),
        shown.subject.source_at(date),
        say("；", "; ").join(part.rstrip("。.") for part in detail if part),
        (*assumptions(every), *not_binding(every, "county"), about, *left_out),
    )


def _title(shown: _Map) -> str:
    rows = shown.rows
    if shown.every.empty:
        return say("没有可以显示的县（市、区）", "No county to show")
    if rows.empty:
        count = words.counted(len(shown.every), "county")
        return say(f"{count}都没有方格布局，画不出方格图", f"No tile layout for {count}")
    if len(shown.counties) == 1:
        row = records(rows)[0]
        return shown.name(str(row.area_code)) + say("", ": ") + shown.subject.finding(row)
    head, area = shown.within, shown.tiles[0].area
    name = shown.name(head if level_of(head) and len(head) > len(area) else area)
    count = words.counted(len(rows), "county")
    everywhere = say(f"{name}{count}", f"{count} in {name}")
    counts = verdict_counts(rows)
    if set(counts) <= {"no_threshold", "not_applicable"} and "no_threshold" in counts:
        return _span(shown, everywhere)
    return words.verdict_sentence(everywhere, counts)


def _span(shown: _Map, everywhere: str) -> str:
    """From where to where the figures reach, when there is no threshold."""
    if shown.rows["value"].isna().all():
        return say(f"{everywhere}都没有数据", f"{everywhere}: no data")
    quantity = shown.subject.quantity
    low, high = (quantity.named(quantity.text(value)) for value in reach(shown.rows))
    zh = f"{everywhere}在{low}至{high}之间（文件未设阈值）"
    return say(zh, f"{everywhere}: {low} to {high}; no threshold is set")


def _listing(shown: _Map) -> str:
    """Every county with its figure, verdict by verdict, for the alternative text."""
    named: dict[str, list[str]] = {verdict: [] for verdict in style.VERDICTS}
    for row, name in zip(records(shown.rows), shown.names(shown.rows), strict=True):
        figure = "" if row.verdict == "not_applicable" else figures(shown.subject, row)[0]
        named[row.verdict].append(f"{name} {figure}".strip())
    return say("；", "; ").join(
        words.verdict_name(verdict) + say("：", ": ") + listed(names)
        for verdict, names in named.items()
        if names
    )


def _left_out(shown: _Map) -> tuple[str, ...]:
    """A note of the counties that have no place in the map that is drawn."""
    rows = shown.every[~shown.every["area_code"].isin(shown.rows["area_code"])]
    if rows.empty:
        return ()
    names = listed(shown.names(rows))
    return (say(f"未列入图中：{names}。", f"Not in the map: {names}."),)


def _without_results(shown: _Map) -> tuple[str, ...]:
    codes = set(shown.rows["area_code"])
    names = [tile.name for tile in shown.counties if tile.code not in codes]
    return (say("无结果：", "no results: ") + listed(names),) if names else ()


def _cities(axes: Axes, shown: _Map, side: float) -> None:
    """A line around each city's tiles, and its name on the side where its cell touches them."""
    edge: dict[str, Any] = {"colors": style.INK, "linewidths": 1.2, "capstyle": "projecting"}
    for label in (tile for tile in shown.tiles if len(tile.code) == LEVELS["city"]):
        cells = {(t.column, t.row) for t in shown.counties if t.code.startswith(label.code)}
        border = LineCollection(outline(cells), gid=f"city-{label.code}", clip_on=False, **edge)
        axes.add_collection(border, autolim=False)
        size = min(style.BODY, letter_size(side) * 1.12)
        text = shorten(area_name(shown.results, label.code), side, size)
        x, y, ha, va = beside(label, cells)
        look: dict[str, Any] = {"ha": ha, "va": va, "gid": f"label-{label.code}"}
        axes.text(x, y, text, **look, **style.lettering(size, style.INK))


def _key(shown: _Map, scale: Scale | None) -> list[KeyEntry]:
    """What signs and plain fills stand for, with how many counties have each."""
    rows, counts = shown.rows, verdict_counts(shown.rows)
    if scale is None:
        entries = verdict_key(counts)
    else:
        entries = verdict_key({v: n for v, n in counts.items() if v == "undetermined"})
        nothing = rows["verdict"] == "not_applicable"
        unknown, out = style.UNKNOWN_TONE, style.VERDICTS["not_applicable"]
        entries += _square(unknown, say("无数据", "No data"), rows["value"].isna() & ~nothing)
        entries += _square(out.cell, out.label, nothing)
    absent = ~pd.Series([t.code for t in shown.counties]).isin(rows["area_code"])
    return entries + _square(style.PAPER, say("虚线框：无结果", "Dashed: no results"), absent)


def _square(fill: str, label: str, of: pd.Series) -> list[KeyEntry]:
    """A key entry for a plain fill, if any county has it."""
    look = {"marker": "s", "markersize": 7, "markerfacecolor": fill, "markeredgewidth": 0.8}
    entry = (look | {"markeredgecolor": style.FAINT}, f"{label} {of.sum():,}")
    return [entry] if of.any() else []
