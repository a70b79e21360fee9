"""What goes missing on the way to the ledger: blank cells, absent rows, a silent county."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from sanlian_analysis import schema
from sanlian_analysis.simulate.draws import Codes, uniform
from sanlian_analysis.simulate.specification import by_area
from sanlian_analysis.simulate.values import Units

Mask = NDArray[np.bool_]

#: Share of units without a row at a date, and the same in the county that reports little.
ABSENT, ABSENT_LOW = 0.015, 0.7

#: Share of blank cells, from the most careful county to the least, and where little is reported.
BLANK_FROM, BLANK_TO, BLANK_LOW = 0.03, 0.08, 0.5

#: Share of blank cells where the unit is no community (生活区 and the like).
BLANK_OTHER = 0.85


def low_reporting(seed: int, counties: Codes) -> int | None:
    """The county that reports little; None when the frame holds a single one.

    It is the one place where a unit's cells depend on the frame: each frame of
    several counties has one such county, the one whose number is lowest.
    """
    distinct = np.unique(counties)
    if len(distinct) < 2:
        return None
    return int(distinct[np.argmin(uniform(seed, "low reporting", distinct))])


def absent(seed: int, sheet: str, units: Units, date: dt.date, low: int | None) -> Mask:
    """Units without a row; a community is absent from 社区 and 评分 together."""
    if sheet == schema.COUNTIES:
        return np.zeros(len(units.code), dtype=np.bool_)
    rate = np.where(_is(low, units), ABSENT_LOW, ABSENT)
    return uniform(seed, f"absent|{date}", units.code) < rate


def blank(seed: int, sheet: str, id_: str, units: Units, date: dt.date, low: int | None) -> Mask:
    """Cells that nobody filled in."""
    rate = BLANK_FROM + (BLANK_TO - BLANK_FROM) * uniform(seed, "blank", units.county)
    rate = np.where(_is(low, units), BLANK_LOW, rate)
    rate = np.where(units.other, BLANK_OTHER, rate)
    return uniform(seed, f"blank|{sheet}/{id_}|{date}", units.code) < rate


def not_applicable(seed: int, sheet: str, id_: str, units: Units) -> Mask:
    """Villages for which the variable is 不适用, at every date."""
    result = np.zeros(len(units.code), dtype=np.bool_)
    for line, chosen in by_area(sheet, id_, units.county):
        drawn = uniform(seed, f"not applicable|{sheet}/{id_}", units.code[chosen])
        result[chosen] = units.rural[chosen] & (drawn < line.rural_na)
    return result


def _is(county: int | None, units: Units) -> Mask:
    """The units of one county; of none when there is no such county."""
    if county is None:
        return np.zeros(len(units.county), dtype=np.bool_)
    return units.county == np.uint64(county)
