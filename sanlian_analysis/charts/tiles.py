"""Counties as equal squares that lie roughly as on a map: no county is large, no border drawn."""

from __future__ import annotations

import csv
import math
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.patches import Rectangle

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, KeyEntry, compose, panel, statement
from sanlian_analysis.charts.marks import dot, verdict_key
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
from sanlian_analysis.charts.text import line_height, shorten, width, wrap
from sanlian_analysis.codes import LEVELS, published_names
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

#: Inches: the side of a tile when there are few, and how tall a map may grow before tiles shrink.
_LARGEST, _TALLEST = 0.9, 6.3
#: Of a tile's side: the gap to the next tile, and the room for words.
_GAP, _WORDS = 0.07, 0.89
#: Points, and letters of the largest size in a row across a tile.
_SMALLEST, _LARGEST_LETTERS, _LETTERS = 6.5, 11, 4.75
_POINTS = 72
#: In sizes of the letters: from one line to the next; in lines: the room of a sign.
_PITCH, _SIGN = 1.45, 0.85
#: Inches from one step of the key to the next, and the height of its bar.
_STEP, _BAR, _SPACE = 0.52, 0.14, 0.1
_MOST_STEPS = 5
_FULL_NAME_ROOM, _TITLE_NAME_ROOM = 2.6, 2.4
#: Evenly spaced in grey; black or white letters can be read on each.
_RAMP, _BLACK = ("#EDF5FB", "#B3D4EA", "#6BA9D3", "#2C74A8", "#0A3358"), "#000000"
#: The peoples in the names of autonomous counties, as far as names here hold them.
_PEOPLES = "满|蒙古|畲|回|朝鲜|锡伯"


@dataclass(frozen=True)
class Tile:
    """The place of a county (a code of six digits) or of a city's name (four) in a layout."""

    area: str
    code: str
    column: int
    row: int
    name: str


@dataclass(frozen=True)
class _Face:
    """How a tile looks: its fill, the words in it, and the verdict that gives it a sign."""

    tile: Tile
    name: str
    figures: tuple[str, ...]
    fill: str
    ink: str
    sign: str
    corner: bool
    absent: bool = False


@dataclass(frozen=True)
class _Scale:
    """Steps of a value: `edges` from the lowest up; the last step has no upper edge if `open_`."""

    edges: tuple[float, ...]
    threshold: float | None
    open_: bool

    @property
    def tones(self) -> list[str]:
        """One colour per step, from light to dark, in grey print too."""
        steps = len(self.edges) - (not self.open_)
        ramp = LinearSegmentedColormap.from_list("tiles", _RAMP)
        return [to_hex(ramp(at)) for at in np.linspace(0, 1, max(steps, 2))[-steps:]]

    def tone(self, value: float) -> str:
        """The colour of a value; one on an edge belongs to the step above it."""
        step = bisect_right(self.edges, value) - 1
        return self.tones[min(max(step, 0), len(self.tones) - 1)]


@cache
def tile_layout() -> tuple[Tile, ...]:
    """The places of all counties that have one, and of the names of cities; row 0 is the north."""
    text = resources.files(__package__).joinpath("tile_layout.csv").read_text(encoding="utf-8")
    return tuple(
        Tile(row["area"], row["code"], int(row["column"]), int(row["row"]), row["name"])
        for row in csv.DictReader(text.splitlines())
    )


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
    tiles = _tiles(every, within)
    name = subject.slug("tiles", by)
    rows = every[every["area_code"].isin([tile.code for tile in tiles])]
    caption = _caption(subject, date, tiles, every, rows, results, within)
    if rows.empty:
        return statement(name, caption, simulated=simulated)
    scale = _scale(rows) if by == "value" else None
    columns, lines = _extent(tiles)
    side = min(ROOM / columns, _TALLEST / lines, _LARGEST)
    above = 2 * line_height(style.SMALL) + _BAR + 2 * _SPACE if scale else 0.0
    body = above + side * lines + _SPACE
    chart = compose(name, caption, body=body, entries=_key(tiles, rows, scale), simulated=simulated)
    if scale:
        _draw_scale(chart, subject, scale)
    aside = (ROOM - side * columns) / 2
    axes = panel(chart, left=aside, right=aside, top=above, bottom=_SPACE)
    axes.set_xlim(0, columns)
    axes.set_ylim(lines, 0)
    found = {row.area_code: row for row in records(rows)}
    for tile in _counties(tiles):
        _draw_face(axes, _face(subject, tile, found.get(tile.code), scale), side)
    _cities(axes, tiles, results, side)
    return chart


# --- which tiles ----------------------------------------------------------------------


def _tiles(rows: pd.DataFrame, within: str | None) -> list[Tile]:
    """The tiles of one layout, that with the most counties in the results, moved to the corner.

    The names of cities are among them where there are several cities.
    """
    codes = set(rows["area_code"])
    count = Counter(tile.area for tile in tile_layout() if tile.code in codes)
    if not count:
        return []
    area = max(count, key=lambda area: count[area])
    tiles = [t for t in tile_layout() if t.area == area and t.code.startswith(within or "")]
    if len({tile.code[: LEVELS["city"]] for tile in tiles}) == 1:
        tiles = [tile for tile in tiles if len(tile.code) == LEVELS["county"]]
    left, top = min(tile.column for tile in tiles), min(tile.row for tile in tiles)
    return [Tile(t.area, t.code, t.column - left, t.row - top, t.name) for t in tiles]


def _counties(tiles: list[Tile]) -> list[Tile]:
    return [tile for tile in tiles if len(tile.code) == LEVELS["county"]]


def _extent(tiles: list[Tile]) -> tuple[int, int]:
    """How many columns and rows the tiles take."""
    return 1 + max(tile.column for tile in tiles), 1 + max(tile.row for tile in tiles)


# --- words around ---------------------------------------------------------------------


def _caption(
    subject: Subject,
    date: object,
    tiles: list[Tile],
    every: pd.DataFrame,
    rows: pd.DataFrame,
    results: pd.DataFrame,
    within: str | None,
) -> Caption:
    outside = every[~every["area_code"].isin(rows["area_code"])]
    left_out = _left_out(outside, results)
    zh = "方格位置为示意，大小与面积、人口无关。"
    about = say(zh, "Positions are schematic; size means neither area nor population.")
    if rows.empty:
        heads = sorted({tile.area for tile in tile_layout()})
        known = words.listed([published_names()[head] for head in heads])
        about = say(f"有方格布局的地区：{known}。", f"Areas with a layout: {known}.")
    detail = [_listing(subject, rows, results), *left_out, *_without_results(tiles, rows)]
    return Caption(
        _title(subject, tiles, every, rows, results, within),
        subject.subtitle(words.when(day(date))),
        subject.source,
        say("；", "; ").join(part.rstrip("。.") for part in detail if part),
        (*assumptions(every), *not_binding(every, "county"), about, *left_out),
    )


def _title(
    subject: Subject,
    tiles: list[Tile],
    every: pd.DataFrame,
    rows: pd.DataFrame,
    results: pd.DataFrame,
    within: str | None,
) -> str:
    if every.empty:
        return say("没有可以显示的县（市、区）", "No county to show")
    if rows.empty:
        count = words.areas(len(every), "county")
        return say(f"{count}都没有方格布局，画不出方格图", f"No tile layout for {count}")
    if len(_counties(tiles)) == 1:
        row = records(rows)[0]
        name = shorten(area_name(results, str(row.area_code)), _TITLE_NAME_ROOM, style.TITLE)
        return name + say("", ": ") + subject.finding(row)
    head, area = within or "", tiles[0].area
    head = head if len(head) in LEVELS.values() and len(head) > len(area) else area
    name = shorten(area_name(results, head), _TITLE_NAME_ROOM, style.TITLE)
    count = words.areas(len(rows), "county")
    everywhere = say(f"{name}{count}", f"{count} in {name}")
    counts = verdict_counts(rows)
    if set(counts) <= {"no_threshold", "not_applicable"} and "no_threshold" in counts:
        return _span(subject, everywhere, rows)
    return words.verdict_sentence(everywhere, counts)


def _span(subject: Subject, everywhere: str, rows: pd.DataFrame) -> str:
    """From where to where the figures reach, when there is no threshold."""
    if rows["value"].isna().all():
        return say(f"{everywhere}都没有数据", f"{everywhere}: no data")
    low, high = (subject.quantity.named(subject.quantity.text(v)) for v in _reach(rows))
    zh = f"{everywhere}在{low}至{high}之间（文件未设阈值）"
    return say(zh, f"{everywhere}: {low} to {high}; no threshold is set")


def _reach(rows: pd.DataFrame) -> tuple[float, float]:
    return float(rows["value"].min()), float(rows["value"].max())


def _names(rows: pd.DataFrame, results: pd.DataFrame) -> list[str]:
    return area_labels(rows, results, room=_FULL_NAME_ROOM, size=style.BODY)


def _listing(subject: Subject, rows: pd.DataFrame, results: pd.DataFrame) -> str:
    """Every county with its figure, verdict by verdict, for the alternative text."""
    named: dict[str, list[str]] = {verdict: [] for verdict in style.VERDICTS}
    for row, name in zip(records(rows), _names(rows, results), strict=True):
        figure = "" if row.verdict == "not_applicable" else _figures(subject, row)[0]
        named[row.verdict].append(f"{name} {figure}".strip())
    return say("；", "; ").join(
        words.verdict_name(verdict) + say("：", ": ") + words.listed(names)
        for verdict, names in named.items()
        if names
    )


def _left_out(rows: pd.DataFrame, results: pd.DataFrame) -> tuple[str, ...]:
    """A note of the counties that have no place in the map that is drawn."""
    if rows.empty:
        return ()
    names = words.listed(_names(rows, results))
    return (say(f"未列入图中：{names}。", f"Not in the map: {names}."),)


def _without_results(tiles: list[Tile], rows: pd.DataFrame) -> tuple[str, ...]:
    codes = set(rows["area_code"])
    names = [tile.name for tile in _counties(tiles) if tile.code not in codes]
    return (say("无结果：", "no results: ") + words.listed(names),) if names else ()


# --- faces ----------------------------------------------------------------------------


def _face(subject: Subject, tile: Tile, row: Any, scale: _Scale | None) -> _Face:
    """A tile by its row of the results; empty without one. Without a scale, by its verdict."""
    corner = scale is not None
    if row is None:
        nothing = (say("无数据", "no data"),)
        return _Face(tile, tile.name, nothing, style.PAPER, style.MUTED, "", corner, absent=True)
    name = tile.name if pd.isna(row.area) or not str(row.area).strip() else str(row.area)
    figures, look = _figures(subject, row), style.VERDICTS[row.verdict]
    if scale is None:
        return _Face(tile, name, figures, look.cell, style.INK, row.verdict, corner)
    unknown = look.cell if row.verdict == "not_applicable" else style.UNKNOWN_TONE
    fill = unknown if pd.isna(row.value) else scale.tone(row.value)
    sign = "undetermined" if row.verdict == "undetermined" else ""
    return _Face(tile, name, figures, fill, _readable(fill), sign, corner)


def _figures(subject: Subject, row: Any) -> tuple[str, ...]:
    """The figure, and what may stand for it where it is too long for a tile."""
    if row.verdict == "not_applicable":
        return (say("不适用", "n/a"),)
    if pd.isna(row.value):
        return (say("无数据", "no data"),)
    against = None if pd.isna(row.threshold) else row.threshold
    texts = _written(subject, row.value, against)
    if against is None:
        return texts
    side = "<" if row.value < against else ">" if row.value > against else "="
    return *texts, *(side + text for text in _written(subject, against, against)), side


def _written(subject: Subject, value: float, against: float | None) -> tuple[str, ...]:
    """A figure, and where it is a large number also in 万 or 亿, thousands or millions."""
    text = subject.quantity.text(value, against)
    units = {10**8: say("亿", ""), 10**6: say("", "M"), 10**4: say("万", ""), 10**3: say("", "k")}
    scale = next((scale for scale, unit in units.items() if unit and abs(value) >= scale), None)
    if scale is None or subject.quantity.percent:
        return (text,)
    other = None if against is None else against / scale
    return text, style.number(value / scale, other) + units[scale]


def _readable(fill: str) -> str:
    """Dark letters on a light tile, light ones on a dark one."""
    return max((_BLACK, style.PAPER), key=lambda ink: contrast(fill, ink))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG defines it, from 1 to 21.

    >>> round(contrast("#FFFFFF", "#000000"))
    21
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def _draw_face(axes: Axes, face: _Face, side: float) -> None:
    """The square; in it, one below the other, the verdict's sign, the name and the figure.

    Where the fill already shows the value, the sign of the undetermined stands in the corner.
    """
    code, x, y = face.tile.code, face.tile.column, face.tile.row
    line: dict[str, Any] = {"edgecolor": style.FAINT, "linewidth": 0.9 if face.absent else 0.5}
    dashes = (0, (3, 2)) if face.absent else "-"
    place = (x + _GAP / 2, y + _GAP / 2)
    look = line | {"facecolor": face.fill, "linestyle": dashes, "gid": f"tile-{code}"}
    axes.add_patch(Rectangle(place, 1 - _GAP, 1 - _GAP, **look))
    size = _size(side)
    names = name_lines(face.name, side * _WORDS, size)
    figure = next((text for text in face.figures if width(text, size) <= side * _WORDS), "…")
    slots = len(names) + 1 + (_SIGN if face.sign and not face.corner else 0)
    pitch = min(size * _PITCH / _POINTS / side, 0.88 / slots)
    middle = 0.54 if face.corner else 0.5
    at = y + min(middle - slots * pitch / 2, 0.95 - slots * pitch)
    if face.sign:
        spot = (x + 0.87, y + 0.13) if face.corner else (x + 0.5, at + _SIGN / 2 * pitch)
        mark = dot(face.sign, min(size * 0.75, 0.6 * pitch * side * _POINTS))
        if face.corner:
            mark |= {"markerfacecolor": "none", "markeredgecolor": face.ink, "markersize": 4.5}
        axes.plot(*spot, linestyle="none", gid=f"sign-{code}", **mark)
    letters = {"ha": "center", "va": "center_baseline"} | style.lettering(size, face.ink)
    lines = [*(("name", line) for line in names), ("figure", figure)]
    for up, (gid, text) in enumerate(reversed(lines)):
        height = at + (slots - up - 0.5) * pitch
        axes.text(x + 0.5, height, text, gid=f"{gid}-{code}", **letters)


def _size(side: float) -> float:
    """Points of the letters in a tile; four hanzi must stand in a row."""
    return min(_LARGEST_LETTERS, max(_SMALLEST, side * _POINTS / _LETTERS))


def name_lines(name: str, room: float, size: float) -> list[str]:
    """A county's name in one line of `room` inches, else its short form, else in two lines.

    >>> name_lines("鲅鱼圈区", 0.3, 7), name_lines("宽甸满族自治县", 0.42, 7)
    (['鲅鱼圈'], ['宽甸县'])
    >>> name_lines("喀喇沁左翼蒙古族自治县", 0.42, 7)
    ['喀喇沁', '左翼县']
    """
    name = style.drawable(name)
    common = re.sub(rf"(?<=.{{2}})(?:{_PEOPLES})+族自治(?=[县旗]$)", "", name)
    short = re.sub("(?<=..)[区县市]$", "", common)
    for form in (name, common, short):
        if width(form, size) <= room:
            return [form]
    half = (len(common) + 1) // 2
    halves = [common[:half].strip(), common[half:].strip()]
    even = re.fullmatch(r"[\u2e80-\u9fff]+", common) and width(halves[0], size) <= room
    return halves if even else wrap(common, room, size, most=2)


# --- cities ---------------------------------------------------------------------------


def _cities(axes: Axes, tiles: list[Tile], results: pd.DataFrame, side: float) -> None:
    """A line around each city's tiles, and its name on the side where its cell touches them."""
    labels = [tile for tile in tiles if len(tile.code) == LEVELS["city"]]
    for label in labels:
        cells = {(t.column, t.row) for t in _counties(tiles) if t.code.startswith(label.code)}
        edge: dict[str, Any] = {"colors": style.INK, "linewidths": 1.2, "capstyle": "projecting"}
        outline = LineCollection(_outline(cells), gid=f"city-{label.code}", clip_on=False, **edge)
        axes.add_collection(outline, autolim=False)
        size = min(style.BODY, _size(side) * 1.12)
        text = shorten(area_name(results, label.code), side, size)
        x, y, ha, va = _beside(label, cells)
        look: dict[str, Any] = {"ha": ha, "va": va, "gid": f"label-{label.code}"}
        axes.text(x, y, text, **look, **style.lettering(size, style.INK))


def _outline(cells: set[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The edges between the cells and what lies around them."""
    edges = []
    for x, y in sorted(cells):
        edges += [((x, y + d), (x + 1, y + d)) for d in (0, 1) if (x, y + 2 * d - 1) not in cells]
        edges += [((x + d, y), (x + d, y + 1)) for d in (0, 1) if (x + 2 * d - 1, y) not in cells]
    return edges


def _beside(label: Tile, cells: set[tuple[int, int]]) -> tuple[float, float, str, str]:
    """Where in its cell a city's name stands: close to the tiles that it names."""
    x, y, off = label.column, label.row, 0.1
    if (x, y + 1) in cells:
        return x + 0.5, y + 1 - off, "center", "bottom"
    if (x + 1, y) in cells:
        return x + 1 - off, y + 0.5, "right", "center"
    if (x - 1, y) in cells:
        return x + off, y + 0.5, "left", "center"
    return x + 0.5, y + off, "center", "top"


# --- key ------------------------------------------------------------------------------


def _key(tiles: list[Tile], rows: pd.DataFrame, scale: _Scale | None) -> list[KeyEntry]:
    """What signs and plain fills stand for, with how many counties have each."""
    counts = verdict_counts(rows)
    if scale is None:
        entries = verdict_key(counts)
    else:
        entries = verdict_key({v: n for v, n in counts.items() if v == "undetermined"})
        nothing = rows["verdict"] == "not_applicable"
        unknown, out = style.UNKNOWN_TONE, style.VERDICTS["not_applicable"]
        entries += _square(unknown, say("无数据", "No data"), rows["value"].isna() & ~nothing)
        entries += _square(out.cell, out.label, nothing)
    absent = ~pd.Series([t.code for t in _counties(tiles)]).isin(rows["area_code"])
    return entries + _square(style.PAPER, say("虚线框：无结果", "Dashed: no results"), absent)


def _square(fill: str, label: str, of: pd.Series) -> list[KeyEntry]:
    """A key entry for a plain fill, if any county has it."""
    look = {"marker": "s", "markersize": 7, "markerfacecolor": fill, "markeredgewidth": 0.8}
    entry = (look | {"markeredgecolor": style.FAINT}, f"{label} {of.sum():,}")
    return [entry] if of.any() else []


def _scale(rows: pd.DataFrame) -> _Scale | None:
    """Round steps over the values, with an edge at the threshold; None without any value."""
    if rows["value"].isna().all():
        return None
    low, high = _reach(rows)
    thresholds = rows["threshold"].dropna()
    if thresholds.empty:
        return _Scale(tuple(_round_edges(low, high)), None, open_=False)
    asked = float(thresholds.iloc[0])
    edges = _round_edges(min(low, asked), max(high, asked))
    others = [edge for edge in edges if not math.isclose(edge, asked, rel_tol=1e-9)]
    edges = sorted([*others, asked])
    return _Scale(tuple(edges), asked, open_=edges[-1] == asked)


def _round_edges(low: float, high: float) -> list[float]:
    """The edges of at most five steps, of round width, that hold the lowest and highest value."""
    first = Fraction(0 if low == high else repr(low))
    last = Fraction(repr(high or 1.0))
    for power in range(-6, 16):
        for digit in (1, 2, 5):
            step = digit * Fraction(10) ** power
            start, stop = math.floor(first / step), math.ceil(last / step)
            if stop - start <= _MOST_STEPS:
                return [float(step * at) for at in range(start, stop + 1)]
    return [low, high]


def _draw_scale(chart: Chart, subject: Subject, scale: _Scale) -> None:
    """The steps side by side, a figure at every edge, and the threshold across the bar."""
    tones, quantity = scale.tones, subject.quantity
    figures = [quantity.text(edge, edge) for edge in scale.edges]
    step = max(_STEP, max(width(figure, style.SMALL) for figure in figures) + _SPACE)
    left, line = width(figures[0], style.SMALL) / 2, line_height(style.SMALL)
    right = ROOM - left - len(tones) * step
    bottom = chart.body[3] - line - _BAR
    axes = panel(chart, left=left, right=right, top=line, bottom=bottom)
    axes.set_xlim(0, len(tones))
    axes.set_ylim(0, 1)
    edge: dict[str, Any] = {"edgecolor": style.FAINT, "linewidth": 0.5}
    for at, tone in enumerate(tones):
        axes.add_patch(Rectangle((at, 0), 1, 1, facecolor=tone, gid=f"step-{at}", **edge))
    look: dict[str, Any] = {"ha": "center"} | style.lettering(style.SMALL, style.MUTED)
    for at, figure in enumerate(figures):
        axes.text(at, -0.04 / _BAR, figure, va="top", gid=f"edge-{at}", **look)
    if scale.threshold is None:
        return
    at = scale.edges.index(scale.threshold)
    ends = [-0.03 / _BAR, 1 + 0.03 / _BAR]
    mark: dict[str, Any] = {"linewidth": 2, "clip_on": False, "solid_capstyle": "butt"}
    axes.plot([at, at], ends, gid="threshold", color=style.INK, **mark)
    label = subject.asked(scale.threshold)
    half = width(label, style.SMALL) / 2 / step
    x = max(at, half - left / step)
    look |= style.lettering(style.SMALL, style.INK)
    axes.text(x, 1 + 0.05 / _BAR, label, va="bottom", gid="asked", **look)
