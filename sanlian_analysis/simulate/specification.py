"""What a plausible figure is, variable by variable: `specification.csv`.

One line per variable; a line with an `area` (the head of a county's code)
replaces the general one there, because the five policies measure the same
variable in places and years that are far apart.

Columns besides sheet, id and area:

- kind: `state` builds up over the years; `yearly` is anew each year; `increase` is
  what `of` gained in the year; `part` is a rate of `of`, never above it; `times` is a
  rate of `of`; `usual` is the level itself for nearly every unit.
- of: the variable that the kind refers to, in the same sheet, else in 区县; a `part`
  without one is of the variable's own maximum.
- since: the day on which `level` holds.
- level, growth: the typical figure and what a year adds; for yes/no the share of yes.
- rural_level, rural_growth: the same in villages, where it differs.
- spread: how far units differ, as a share of the level; for `usual`, the share of
  units that deviate.
- size: how far the number of households matters, from 0 to 1, in proportion.
- lift: what carrying out the linkage (三社联动) adds, in standard deviations.
- step: figures are multiples of this; 1 when empty.
- most: an upper limit that the ledger itself does not set.
- rural_na: the share of villages where the variable is 不适用.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from sanlian_analysis.simulate.draws import Codes


@dataclass(frozen=True)
class Specification:
    """One line of the table; see the columns above."""

    sheet: str
    id: str
    area: str
    kind: str
    of: str | None
    since: dt.date
    level: float
    growth: float
    rural_level: float
    rural_growth: float
    spread: float
    size: float
    lift: float
    step: float
    most: float | None
    rural_na: float


def _line(row: dict[str, str]) -> Specification:
    def number(column: str, otherwise: float) -> float:
        return float(row[column]) if row[column] else otherwise

    level, growth = number("level", 0.0), number("growth", 0.0)
    return Specification(
        sheet=row["sheet"],
        id=row["id"],
        area=row["area"],
        kind=row["kind"],
        of=row["of"] or None,
        since=dt.date.fromisoformat(row["since"]),
        level=level,
        growth=growth,
        rural_level=number("rural_level", level),
        rural_growth=number("rural_growth", growth),
        spread=number("spread", 0.0),
        size=number("size", 0.0),
        lift=number("lift", 0.0),
        step=number("step", 1.0),
        most=number("most", 0.0) or None,
        rural_na=number("rural_na", 0.0),
    )


@cache
def specifications() -> dict[tuple[str, str], tuple[Specification, ...]]:
    """The lines of each (sheet, variable), the general one first, narrower areas later."""
    text = resources.files(__package__).joinpath("specification.csv").read_text("utf-8")
    lines: dict[tuple[str, str], tuple[Specification, ...]] = {}
    for line in map(_line, csv.DictReader(text.splitlines())):
        key = (line.sheet, line.id)
        lines[key] = tuple(sorted((*lines.get(key, ()), line), key=lambda one: len(one.area)))
    return lines


def by_area(
    sheet: str, id_: str, counties: Codes
) -> Iterator[tuple[Specification, NDArray[np.bool_]]]:
    """Each line that applies to some of the units, with the units that it applies to."""
    lines = specifications()[sheet, id_]
    chosen = np.zeros(len(counties), dtype=np.int64)
    for number, line in enumerate(lines):
        if line.area:
            head = counties // np.uint64(10 ** (6 - len(line.area)))
            chosen[head == np.uint64(int(line.area))] = number
    for number, line in enumerate(lines):
        mask = chosen == number
        if mask.any():
            yield line, mask
