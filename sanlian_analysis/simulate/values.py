"""The figures themselves: what every unit would report if nothing went missing.

A unit's strength in a variable is made of its county's level, its own ability
and something peculiar to the variable, so that what is good is good together.
Time runs at a pace of the county's and the unit's own. Yes is 1 and no is 0.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sanlian_analysis import schema
from sanlian_analysis.simulate.draws import Codes, Floats, bell, rank, uniform
from sanlian_analysis.simulate.specification import Specification, by_area

#: Weights of the county, the unit and the variable in a strength; their squares sum to about 1.
COUNTY, ABILITY, OWN = 0.13, 0.6, 0.79

#: Years around `since` beyond which a trend no longer runs on.
EARLIEST, LATEST = -4.0, 8.0


@dataclass(frozen=True)
class Units:
    """The units of one sheet: codes, counties' codes, which are villages, which no communities.

    Streets and counties are neither.
    """

    code: Codes
    county: Codes
    rural: NDArray[np.bool_]
    other: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.bool_]) -> Units:
        """The chosen units, in the same order."""
        return Units(self.code[chosen], self.county[chosen], self.rural[chosen], self.other[chosen])

    def counties(self) -> Units:
        """Every unit's county in the unit's place."""
        neither = np.zeros(len(self.county), dtype=np.bool_)
        return Units(self.county, self.county, neither, neither)


def values(seed: int, sheet: str, id_: str, units: Units, date: dt.date) -> Floats:
    """One variable for every unit at a date, within its range and never above its whole."""
    variable = schema.measured(sheet)[id_]
    result = np.zeros(len(units.code))
    for line, chosen in by_area(sheet, id_, units.county):
        result[chosen] = _one_area(seed, line, variable, units.take(chosen), date)
    if variable.at_most:
        result = np.minimum(result, values(seed, sheet, variable.at_most, units, date))
    highest = np.inf if variable.maximum is None else variable.maximum
    return np.clip(result, variable.minimum or 0, highest)


def _one_area(
    seed: int, line: Specification, variable: schema.Variable, units: Units, date: dt.date
) -> Floats:
    """The variable's figures by the line that holds where the units lie."""
    if line.kind == "increase":
        return _increase(seed, line, units, date)
    if variable.type == "yesno":
        return _share_of_yes(seed, line, units, date)
    if line.kind == "usual":
        figures = _usual(seed, line, units)
    elif line.kind == "part":
        figures = np.clip(_amount(seed, line, units, date), 0.0, 1.0)
        figures = figures * _whole(seed, line, variable, units, date)
    elif line.kind == "times":
        figures = _amount(seed, line, units, date) * _whole(seed, line, variable, units, date)
    else:
        figures = _amount(seed, line, units, date)
    if line.most is not None:
        figures = np.minimum(figures, line.most)
    return _in_steps(figures, line.step)


def _amount(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """Level and growth of each unit by its strength and size; skewed to the right."""
    level = np.where(units.rural, line.rural_level, line.level)
    root = np.maximum(1.0 + line.spread / 2.0 * _strength(seed, line, units, date), 0.1)
    return (level * root * root + _progress(seed, line, units, date)) * _size(
        seed, line, units, date
    )


def _share_of_yes(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """Yes for the strongest units, as many as the level says at that time."""
    share = np.where(units.rural, line.rural_level, line.level)
    share = share + _progress(seed, line, units, date)
    place = rank(_strength(seed, line, units, date))
    # A share of 0 leaves nobody, although the strongest have rank 1.
    return ((place >= 1.0 - share) & (share > 0.0)).astype(np.float64)


def _usual(seed: int, line: Specification, units: Units) -> Floats:
    """The level for nearly all; the others lie one to three steps off, either way."""
    name = f"{line.sheet}/{line.id}"
    steps = 1.0 + np.floor(uniform(seed, f"{name}|how far", units.code) * 3.0)
    steps = np.where(uniform(seed, f"{name}|which way", units.code) < 0.5, -steps, steps)
    deviates = uniform(seed, f"{name}|deviates", units.code) < line.spread
    return np.where(deviates, line.level + steps * line.step, line.level)


def _increase(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """What the stock gained in the year before the date; for yes/no, whether it became yes."""
    assert line.of is not None
    now = values(seed, line.sheet, line.of, units, date)
    before = values(seed, line.sheet, line.of, units, date - dt.timedelta(days=365))
    return np.maximum(now - before, 0.0)


def _whole(
    seed: int, line: Specification, variable: schema.Variable, units: Units, date: dt.date
) -> Floats | float:
    """What a part or a multiple is taken of."""
    if line.of is None:
        assert variable.maximum is not None
        return float(variable.maximum)
    if line.of in schema.measured(line.sheet):
        return values(seed, line.sheet, line.of, units, date)
    return values(seed, schema.COUNTIES, line.of, units.counties(), date)


def _strength(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """How well a unit does in a variable: mean 0, standard deviation about 1."""
    name = f"{line.sheet}/{line.id}"
    own = f"{name}|{date}" if line.kind == "yearly" else name
    strength = (
        COUNTY * bell(seed, "level", units.county)
        + ABILITY * bell(seed, "ability", units.code)
        + OWN * bell(seed, own, units.code)
    )
    if line.lift:
        linked = values(seed, schema.COMMUNITIES, "linkage", units, date)
        strength = strength + line.lift * linked
    return strength


def _progress(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """What the years since the line's day have added."""
    growth = np.where(units.rural, line.rural_growth, line.growth)
    county = 0.7 + 0.6 * uniform(seed, "pace", units.county)
    unit = 0.5 + uniform(seed, "pace", units.code)
    # A few units lose slowly what they had.
    unit = np.where(uniform(seed, "decline", units.code) < 0.03, -0.2, unit)
    return growth * county * unit * _clock(seed, line, units, date)


def _clock(seed: int, line: Specification, units: Units, date: dt.date) -> Floats:
    """Years since the line's day on each unit's own clock.

    Some years bring more than others: at every anniversary the clock is up to 0.3
    years fast or slow, in between it runs evenly. So it never runs backwards.
    """
    years = min(max((date - line.since).days / 365.25, EARLIEST), LATEST)
    full = int(years // 1)
    label = f"{line.sheet}/{line.id}|clock"
    last = 0.6 * uniform(seed, f"{label}|{full}", units.code) - 0.3
    following = 0.6 * uniform(seed, f"{label}|{full + 1}", units.code) - 0.3
    return years + last + (following - last) * (years - full)


def _size(seed: int, line: Specification, units: Units, date: dt.date) -> Floats | float:
    """The factor by which the number of households raises or lowers a figure."""
    if not line.size:
        return 1.0
    households = values(seed, schema.COMMUNITIES, "households", units, date)
    typical = np.where(units.rural, 270.0, 1650.0)
    return 1.0 + line.size * (np.minimum(households / typical, 2.5) - 1.0)


def _in_steps(figures: Floats, step: float) -> Floats:
    """Rounded to multiples of a step; decimals come out as they would be typed (0.7)."""
    if step >= 1.0:
        return np.rint(figures / step) * step
    per_one = float(round(1.0 / step))
    return np.rint(figures * per_one) / per_one
