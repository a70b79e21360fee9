"""The bar of a condition such as `orgs >= 10`: what if it stood higher or lower?

Everything that does not depend on the bar is worked out once: the units of
every area, sorted by their numbers. A question is then a search in a sorted
column, and no evaluation.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.calculation import scope
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import VERDICTS, verdicts
from sanlian_analysis.exact import Interval, Mask, Truth
from sanlian_analysis.expressions import constant, demands, number, parse, truth
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Areas, Figures
from sanlian_analysis.planning.counting import Level, Sorted, share_of
from sanlian_analysis.planning.numbers import exact_number
from sanlian_analysis.planning.prepared import Asked, Prepared, exact, prepare
from sanlian_analysis.policy import Policy, Score, Share

#: Columns of the figures at one or several bars, in order.
TABLE = [
    *("level", "area_code", "area", "bar", "passes", "unknown", "units"),
    *("lower", "value", "upper", "threshold", "verdict", "current"),
]

#: Beyond so many whole numbers a curve has only the bars at which something changes.
_MOST_BARS = 1000

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
}


@dataclass(frozen=True)
class _Demand:
    """The one comparison of a condition with a plain number, and what else it asks for."""

    op: type[ast.cmpop]
    bar: Fraction
    value: Interval
    rest: Truth


@dataclass(frozen=True, eq=False)
class Bars:
    """A share of units that meet `… >= bar`, ready to be asked at any bar and threshold.

    `bar`: the document's own. `value`: what is compared with it, as written;
    `comparison`: one of ≥ > ≤ <. `threshold`: the document's, or the user's;
    None for a vague target.
    """

    prepared: Prepared = field(repr=False)
    bar: Fraction
    value: str
    comparison: str
    threshold: Fraction | None
    due: dt.date | None
    _demand: _Demand = field(repr=False)
    _certain: Mask = field(repr=False)
    _levels: dict[str, Level] = field(default_factory=dict, repr=False)

    def figures(self, bar: object, level: str) -> Figures:
        """The figures of all areas of a level, in the order of their codes, at a bar."""
        there = self._level(level)
        everywhere = np.arange(len(there.units))
        passes, fails = self._counts(there, everywhere, [exact_number(bar)])
        return share_of(passes, fails + there.never, there.units)

    def table(
        self, bar: object = None, threshold: object = None, level: str = "county"
    ) -> pd.DataFrame:
        """All areas of a level at one bar and threshold; the document's where left out.

        One row per area with the columns `TABLE`: level, area_code, area, bar;
        passes, unknown, units (in scope; whole numbers of units); lower, value,
        upper and threshold (fractions, exact; None where there is none);
        verdict (rule 15); current (bar and threshold are the document's).

        `bar` and `threshold`: whole numbers, fractions, decimals, or texts such
        as "40%" and "1/3". Raises SanlianError for a level at which there is no
        such unit, and for anything that is no number from 0.
        """
        asked = self.bar if bar is None else exact_number(bar)
        against = self.threshold if threshold is None else exact_number(threshold)
        found, there = self.figures(asked, level), self._level(level)
        names, codes = self.prepared.names, there.areas.codes.tolist()
        rows = _columns(found, against)
        same = asked == self.bar and against == self.threshold
        rows |= {"level": level, "area_code": codes, "bar": asked, "current": same}
        rows["area"] = [names.get(code) for code in codes]
        return _table(rows, len(codes))

    def curve(
        self, area: str, bars: Iterable[object] | None = None, threshold: object = None
    ) -> pd.DataFrame:
        """One area at many bars: one row per bar, ascending, with the columns `TABLE`.

        `bars`: left out, every whole number from 0 to the largest that a unit of
        the area states (and to the document's own bar); where that is above
        1000, 0, the numbers that are stated, and the document's.
        """
        level, at = self.prepared.place(area)
        there = self._level(level)
        asked = self._bars(area) if bars is None else sorted({exact_number(one) for one in bars})
        here = np.full(len(asked), at)
        passes, fails = self._counts(there, here, asked)
        found = share_of(passes, fails + there.never[here], there.units[here])
        against = self.threshold if threshold is None else exact_number(threshold)
        rows = _columns(found, against)
        rows |= {"level": level, "area_code": area, "area": self.prepared.names.get(area)}
        rows |= {"bar": asked, "current": [bar == self.bar for bar in asked]}
        return _table(rows, len(asked))

    def _bars(self, area: str) -> list[Fraction]:
        value, size = self._demand.value, self.prepared.assessed.units.size
        level, at = self.prepared.place(area)
        ends = [*self._level(level).areas.starts.tolist(), size]
        here = slice(ends[at], ends[at + 1])
        stated = np.broadcast_to(value.known, (size,))[here] & self.prepared.assessed.in_scope[here]
        known = np.unique(np.broadcast_to(value.low, (size,))[here][stated]).tolist()
        top = max([self.bar, *(Fraction(one, value.scale) for one in known[-1:])])
        if top <= _MOST_BARS:
            return sorted({*map(Fraction, range(ceil(top) + 1)), self.bar})
        return sorted({Fraction(0), self.bar, *(Fraction(one, value.scale) for one in known)})

    def _counts(
        self, there: Level, areas: npt.NDArray[np.int64], bars: list[Fraction]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Units that surely reach the bar, and those that surely do not, in each of the areas."""
        demand, scale = self._demand, self._demand.value.scale
        above = demand.op in (ast.Gt, ast.LtE)  # x > k and x <= k part behind the numbers k
        places = [
            np.array([part.place(bar, scale, above=above) for bar in bars])
            for part in (there.surely, there.perhaps)
        ]
        surely = there.surely.counts(areas, places[0])
        perhaps = there.perhaps.counts(areas, places[1])
        rises = demand.op in (ast.GtE, ast.Gt)
        return (surely[1], perhaps[0]) if rises else (surely[0], perhaps[1])

    def _level(self, level: str) -> Level:
        if level not in self.prepared.areas:
            there = listed(self.prepared.areas)
            raise SanlianError(
                say(f"没有层级 {level!r}；有：{there}", f"no level {level!r}; there are: {there}")
            )
        if level not in self._levels:
            self._levels[level] = self._sorted(self.prepared.areas[level])
        return self._levels[level]

    def _sorted(self, areas: Areas) -> Level:
        """Low ends decide who surely reaches a bar, high ends who surely does not; or turned."""
        demand, one = self._demand, self.prepared.assessed
        size = one.units.size
        low, high, open_ = (
            np.broadcast_to(part, (size,))
            for part in (demand.value.low, demand.value.high, demand.value.open)
        )
        rises = demand.op in (ast.GtE, ast.Gt)
        there = one.in_scope & self._certain
        passing, failing = there & demand.rest.true, there & ~demand.rest.false
        if rises:
            surely = Sorted.of(areas, size, passing, low)
            perhaps = Sorted.of(areas, size, failing & ~open_, high)
        else:
            surely = Sorted.of(areas, size, passing & ~open_, high)
            perhaps = Sorted.of(areas, size, failing, low)
        never = areas.sums(there & demand.rest.false)
        return Level(areas, areas.sums(one.in_scope), never, surely, perhaps)


def bars_of(
    ledger: Ledger,
    policy: Policy | str | Path,
    target: str,
    date: dt.date | str | None = None,
    *,
    reading: str = "primary",
    assumptions: Iterable[str] = (),
) -> Bars:
    """A share with one plain number in its condition, prepared for every other number.

    `date`: the snapshot, the latest when left out. In `organisations and orgs
    >= 10` the bar is 10, and the other demand stays. Unknown units stay in the
    denominator: one whose blank leaves it open whether it reaches a bar is
    unknown there (rulebook, rules 3 and 10).

    Raises SanlianError for an unknown policy, target, reading or date, and for
    a condition with no such number, or with several.
    """
    return bars_at(prepare(ledger, Asked.of(policy, target, reading, assumptions), date))


def bars_at(prepared: Prepared) -> Bars:
    """The same for a reading that is prepared already."""
    asked = prepared.asked
    demand = _demand(prepared)
    if demand is None:
        what = f"{asked.policy.id} {asked.target.id} {asked.reading.id}"
        raise SanlianError(
            say(
                f"{what}：条件里没有（或不止）一个与数值相比的变量，不能换门槛",
                f"{what}: the condition compares no variable with a plain number, or several: "
                "there is no bar to move",
            )
        )
    milestone = asked.milestone(prepared.date)
    signs = {ast.GtE: "≥", ast.Gt: ">", ast.LtE: "≤", ast.Lt: "<"}
    return Bars(
        prepared,
        demand[0].bar,
        demand[1],
        signs[demand[0].op],
        asked.threshold(milestone),
        milestone.due if milestone else None,
        demand[0],
        scope(prepared.assessed.units, asked.target, asked.reading)[1],
    )


def has_a_bar(prepared: Prepared) -> bool:
    """Whether the condition compares one variable with a plain number."""
    return _demand(prepared) is not None


def _demand(prepared: Prepared) -> tuple[_Demand, str] | None:
    formula, units = prepared.asked.reading.formula, prepared.assessed.units
    if prepared.asked.reading.standards:
        return None
    if isinstance(formula, Score) and formula.below is None:
        parts = [parse(f"{formula.value.source} >= {formula.at_least}")]
    elif isinstance(formula, Share):
        parts = demands(formula.condition)
    else:
        return None
    compared = [_comparison(part.tree) for part in parts]
    found = [(one, part) for one, part in zip(compared, parts, strict=True) if one is not None]
    if len(found) != 1:
        return None
    (op, side, bar), part = found[0]
    source = ast.unparse(side)
    others = [truth(other, units.columns) for other in parts if other is not part]
    everyone = np.ones(units.size, dtype=bool)
    rest = reduce(Truth.__and__, others, Truth(everyone, ~everyone))
    return _Demand(op, bar, number(parse(source), units.columns), rest), source


def _comparison(node: ast.expr) -> tuple[type[ast.cmpop], ast.expr, Fraction] | None:
    """What a comparison holds against which plain number; None for any other condition."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _FLIPPED:
            if (bar := constant(right)) is not None and constant(left) is None:
                return type(op), left, bar
            if (bar := constant(left)) is not None and constant(right) is None:
                return _FLIPPED[type(op)], right, bar
    return None


# --- figures -----------------------------------------------------------------------------


def _columns(found: Figures, threshold: Fraction | None) -> dict[str, Any]:
    said = [VERDICTS[place] for place in verdicts(found, threshold)]
    sides = {
        name: exact(getattr(found, name), found.applicable) for name in ("lower", "value", "upper")
    }
    counts = {"passes": found.numerator, "unknown": found.unknown, "units": found.denominator}
    return {**sides, **counts, "threshold": threshold, "verdict": said}


def _table(columns: dict[str, Any], size: int) -> pd.DataFrame:
    table = pd.DataFrame(index=pd.RangeIndex(size))
    for name in TABLE:
        cells = columns[name]
        plain = isinstance(cells, list | np.ndarray)
        table[name] = pd.Series(cells if plain else [cells] * size, dtype=object)
    whole = dict.fromkeys(("passes", "unknown", "units"), "int64")
    texts = dict.fromkeys(("level", "area_code", "area", "verdict"), "str")
    return table.astype({**whole, **texts, "current": "bool"})
