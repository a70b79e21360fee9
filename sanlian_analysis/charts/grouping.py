"""Many areas on one page: each under the larger area that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pandas as pd

from sanlian_analysis.charts.comparison import Comparison
from sanlian_analysis.charts.listing import ONE_COLUMN, Block, in_columns
from sanlian_analysis.charts.rows import area_name
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.language import say


def arranged(found: Comparison) -> list[list[Block]]:
    """The areas in order; more than fit into one column by city (or county), in two columns.

    They stay in one order where they lie in a single larger area, or not all are drawn.
    """
    drawn = found.drawn
    if ONE_COLUMN < len(drawn) == len(found.rows):
        blocks = by_larger_area(found)
        if len(blocks) > 1:
            return fill(blocks, 2)
    return in_columns(drawn)


def by_larger_area(found: Comparison) -> list[Block]:
    """The areas drawn, by the area of the next level up: that with the highest figure first.

    Those without a figure come last, by their codes; a level without one above it gives nothing.
    """
    above = larger_level(found.level)
    if not above:
        return []
    own, heads = found.at(above), found.rows["area_code"].str[: LEVELS[above]]
    blocks = [
        Block(found.rows[heads == head], area_name(found.results, head), own.get(head))
        for head in sorted(set(heads))
    ]
    return sorted(blocks, key=_figure, reverse=True)


def larger_level(level: str) -> str:
    """The next level up; empty above the highest."""
    levels = [*LEVELS, ""]
    return levels[levels.index(level) + 1]


def _figure(block: Block) -> float:
    known = block.own is not None and pd.notna(block.own.value)
    return float(block.own.value) if known else float("-inf")


def fill(blocks: Sequence[Block], columns: int) -> list[list[Block]]:
    """The blocks over columns as short as can be, in their order and unbroken.

    A block longer than a column goes on in the next one, under its name again.
    """
    lines = sum(block.lines for block in blocks)
    tries = (_filled(blocks, slots) for slots in count(-(-lines // columns)))
    return next(filled for filled in tries if len(filled) <= columns)


def _filled(blocks: Sequence[Block], slots: int) -> list[list[Block]]:
    """The blocks over columns of so many lines."""
    filled: list[list[Block]] = []
    left = 0
    for piece in (piece for block in blocks for piece in _pieces(block, slots - 1)):
        if piece.lines > left:
            filled.append([])
            left = slots
        filled[-1].append(piece)
        left -= piece.lines
    return filled


def _pieces(block: Block, most: int) -> Iterator[Block]:
    """A block in pieces of at most so many areas."""
    for start in range(0, len(block.rows), most):
        name = block.name + (say("（续）", " (continued)") if start else "")
        yield replace(block, rows=block.rows.iloc[start : start + most], name=name)
