"""Where counties stand as tiles, and where the names of their cities stand beside them."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

from sanlian_analysis.codes import LEVELS


@dataclass(frozen=True)
class Tile:
    """The place of a county (a code of six digits) or of a city's name (four) in a layout."""

    area: str
    code: str
    column: int
    row: int
    name: str


@cache
def tile_layout() -> tuple[Tile, ...]:
    """The places of all counties that have one, and of the names of cities; row 0 is the north."""
    text = resources.files(__package__).joinpath("tile_layout.csv").read_text(encoding="utf-8")
    return tuple(
        Tile(row["area"], row["code"], int(row["column"]), int(row["row"]), row["name"])
        for row in csv.DictReader(text.splitlines())
    )


def tiles_for(rows: pd.DataFrame, within: str | None) -> list[Tile]:
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


def counties(tiles: list[Tile]) -> list[Tile]:
    """The tiles that stand for counties, without those for the names of cities."""
    return [tile for tile in tiles if len(tile.code) == LEVELS["county"]]


def extent(tiles: list[Tile]) -> tuple[int, int]:
    """How many columns and rows the tiles take."""
    return 1 + max(tile.column for tile in tiles), 1 + max(tile.row for tile in tiles)


def outline(cells: set[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The edges between the cells and what lies around them."""
    edges = []
    for x, y in sorted(cells):
        edges += [((x, y + d), (x + 1, y + d)) for d in (0, 1) if (x, y + 2 * d - 1) not in cells]
        edges += [((x + d, y), (x + d, y + 1)) for d in (0, 1) if (x + 2 * d - 1, y) not in cells]
    return edges


def beside(label: Tile, cells: set[tuple[int, int]]) -> tuple[float, float, str, str]:
    """Where in its cell a city's name stands: close to the tiles that it names."""
    x, y, off = label.column, label.row, 0.1
    if (x, y + 1) in cells:
        return x + 0.5, y + 1 - off, "center", "bottom"
    if (x + 1, y) in cells:
        return x + 1 - off, y + 0.5, "right", "center"
    if (x - 1, y) in cells:
        return x + off, y + 0.5, "left", "center"
    return x + 0.5, y + off, "center", "top"
