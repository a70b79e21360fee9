"""Measures: from units to exact figures per area. None of them knows a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.columns import UnitColumns, vocabulary
from sanlian_analysis.exact import (
    Integers,
    Interval,
    Mask,
    Truth,
    divide,
    multiply,
    run_starts,
    subtract,
    sums,
)
from sanlian_analysis.expressions import (
    Expression,
    ExpressionError,
    Kind,
    blank,
    check,
    not_applicable,
    number,
    parse,
    truth,
)
from sanlian_analysis.language import say


@dataclass(frozen=True)
class Areas:
    """A partition of units, sorted by code, into areas: where each area's run begins."""

    codes: npt.NDArray[np.object_]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, codes: npt.ArrayLike) -> Areas:
        """The areas that a sorted column of area codes forms."""
        column = np.asarray(codes, dtype=object)
        starts = run_starts(column)
        return cls(column[starts], starts)

    @classmethod
    def of_level(cls, units: pd.DataFrame, level: str, numbers: npt.NDArray[np.int64]) -> Areas:
        """The same for a table of units, by the numbers of its codes at that level."""
        starts = run_starts(numbers)
        codes = units[f"{level}_code"].array.take(starts)
        return cls(np.asarray(codes, dtype=object), starts)

    def sums(self, values: Integers) -> Integers:
        """Exact sum per area."""
        return sums(values, self.starts)

    def any(self, mask: Mask) -> Mask:
        """Whether any unit of the area is marked."""
        return np.asarray(self.sums(mask) > 0, dtype=bool)


@dataclass(frozen=True)
class Quotient:
    """Exact quotients, one per area: above × over ÷ (below × under), where defined."""

    above: Integers
    below: Integers
    defined: Mask
    over: int = 1
    under: int = 1

    def floats(self) -> npt.NDArray[np.float64]:
        """For display and export: correctly rounded, NaN where not defined."""
        return divide(
            multiply(self.above, self.over), multiply(self.below, self.under), self.defined
        )

    def missing(self, threshold: Fraction) -> Integers:
        """Numerator of (threshold − quotient) over a positive denominator: its sign decides."""
        wanted = multiply(self.below, self.under * threshold.numerator)
        return subtract(wanted, multiply(self.above, self.over * threshold.denominator))

    def reaches(self, threshold: Fraction) -> Mask:
        """Whether the quotient is at least the threshold; False where not defined."""
        return self.defined & np.asarray(self.missing(threshold) <= 0, dtype=bool)

    def falls_short(self, threshold: Fraction) -> Mask:
        """Whether the quotient is below the threshold; False where not defined."""
        return self.defined & np.asarray(self.missing(threshold) > 0, dtype=bool)

    def shortfall(self, threshold: Fraction) -> Integers:
        """Smallest whole number that, added to the numerator, reaches the threshold."""
        missing = self.missing(threshold)
        step = self.over * self.under * threshold.denominator
        return np.maximum(-(-missing // step), 0)


@dataclass(frozen=True)
class Figures:
    """What a measure finds, one entry per area; rates are divided last.

    `numerator` and `denominator` are to be divided by their scales. `lower`
    and `upper` hold whatever the blanks really were. `applicable` is False for
    an area without units in scope: it has no rate, and never a rate of 0.
    """

    numerator: Integers
    denominator: Integers
    unknown: Integers
    value: Quotient
    lower: Quotient
    upper: Quotient
    applicable: Mask
    numerator_scale: int = 1
    denominator_scale: int = 1

    def frame(self) -> pd.DataFrame:
        """The figures as numbers: numerator, denominator, unknown, value, lower, upper."""
        return pd.DataFrame(self.columns())

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The same, column by column."""
        everywhere = np.ones(len(self.unknown), dtype=bool)

        def scaled(values: Integers, scale: int) -> npt.NDArray[np.float64]:
            return divide(values, np.full(len(values), scale), everywhere)

        def shown(quotient: Quotient) -> npt.NDArray[np.float64]:
            return np.where(self.applicable, quotient.floats(), np.nan)

        return {
            "numerator": scaled(self.numerator, self.numerator_scale),
            "denominator": scaled(self.denominator, self.denominator_scale),
            "unknown": self.unknown.astype(np.int64),
            "value": shown(self.value),
            "lower": shown(self.lower),
            "upper": shown(self.upper),
        }


def share(outcome: Truth, in_scope: Mask, areas: Areas) -> Figures:
    """Units that pass ÷ units in scope.

    value: passes ÷ known units; lower: passes ÷ all; upper: (passes + unknown)
    ÷ all. Rulebook, rule 10.
    """
    counted = (in_scope, in_scope & outcome.true, in_scope & outcome.unknown)
    return _share(*(areas.sums(mask) for mask in counted))


def shares(outcome: Truth, in_scope: Mask, levels: Mapping[str, Areas]) -> dict[str, Figures]:
    """`share` at several levels, lowest first, each made of whole areas of the one before.

    Units are counted once; the higher levels add up the counts below.
    """
    counts: list[Integers] = [in_scope, in_scope & outcome.true, in_scope & outcome.unknown]
    found: dict[str, Figures] = {}
    below: npt.NDArray[np.intp] | None = None
    for level, areas in levels.items():
        starts = areas.starts if below is None else np.searchsorted(below, areas.starts)
        counts = [sums(count, starts) for count in counts]
        found[level] = _share(*counts)
        below = areas.starts
    return found


def _share(total: Integers, passes: Integers, unknown: Integers) -> Figures:
    some = np.asarray(total > 0, dtype=bool)
    known = total - unknown
    return Figures(
        numerator=passes,
        denominator=total,
        unknown=unknown,
        value=Quotient(passes, known, np.asarray(known > 0, dtype=bool)),
        lower=Quotient(passes, total, some),
        upper=Quotient(passes + unknown, total, some),
        applicable=some,
    )


def mean(value: Interval, in_scope: Mask, areas: Areas) -> Figures:
    """Σ value ÷ units in scope.

    value: Σ ÷ known units; lower counts the unknown as 0; upper exists only
    when nothing is unknown. Rulebook, rule 11.
    """
    return _added_up(value, in_scope, areas, per_unit=True)


def ratio(
    part: Interval, whole: Interval, known: Mask, scale: int, in_scope: Mask, areas: Areas
) -> Figures:
    """Σ part ÷ Σ whole × scale, pooled over the units.

    `known`: units of which both are known; a blank part is not, even where its
    whole is 0. value: over these units. Bounds: over all units, an unknown part
    from 0 to its own upper limit; none when a whole is unknown, no upper one
    when a part has no limit. Rulebook, rule 12.
    """
    both = known & in_scope
    over, under = scale * whole.scale, part.scale
    above, below = areas.sums(_where(both, part.low)), areas.sums(_where(both, whole.low))
    unknown = areas.sums(in_scope & ~both)
    wholes = areas.sums(_where(in_scope, whole.low))
    wholes_known = ~areas.any(in_scope & ~whole.known)
    bounded = wholes_known & np.asarray(wholes > 0, dtype=bool)
    limited = ~areas.any(in_scope & part.open)
    least = areas.sums(_where(in_scope & part.known, part.low))
    most = areas.sums(_where(in_scope & ~part.open, part.high))
    nothing = np.asarray((above == 0) & (below == 0) & (unknown == 0), dtype=bool)
    return Figures(
        numerator=above,
        denominator=below,
        unknown=unknown,
        value=Quotient(above, below, np.asarray(below > 0, dtype=bool), over, under),
        lower=Quotient(least, wholes, bounded, over, under),
        upper=Quotient(most, wholes, bounded & limited, over, under),
        applicable=~(nothing | (wholes_known & np.asarray(wholes == 0, dtype=bool))),
        numerator_scale=part.scale,
        denominator_scale=whole.scale,
    )


def total(value: Interval, in_scope: Mask, areas: Areas) -> Figures:
    """Σ value.

    value: empty when none is known; lower: Σ; upper: Σ when nothing is
    unknown. Rulebook, rule 13.
    """
    return _added_up(value, in_scope, areas, per_unit=False)


def _added_up(value: Interval, in_scope: Mask, areas: Areas, *, per_unit: bool) -> Figures:
    known = in_scope & value.known
    units, known_units = areas.sums(in_scope), areas.sums(known)
    sum_ = areas.sums(_where(known, value.low))
    one = np.ones(len(units), dtype=np.int64)
    under, under_known = (units, known_units) if per_unit else (one, one)
    some = np.asarray(units > 0, dtype=bool)
    complete = np.asarray(known_units == units, dtype=bool)
    there = np.asarray(known_units > 0, dtype=bool)
    return Figures(
        numerator=sum_,
        denominator=units,
        unknown=units - known_units,
        value=Quotient(sum_, under_known, there, 1, value.scale),
        lower=Quotient(sum_, under, some, 1, value.scale),
        upper=Quotient(sum_, under, some & complete, 1, value.scale),
        applicable=some,
        numerator_scale=value.scale,
    )


def settling(
    passes: npt.ArrayLike, total: npt.ArrayLike, unknown: npt.ArrayLike, threshold: Fraction
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How many unknown units of each area would settle a share, and how.

    `passes`, `total` (units in scope) and `unknown`: whole numbers, one per
    area. Returns how many of the unknown, confirmed as passing, make the share
    reach the threshold, and how many, confirmed as failing, put it out of
    reach: 0 when it is so already, NaN when all the unknown together cannot
    bring it about, or nothing is in scope.

    Five of ten pass and three are unknown; 70 % are asked for:

    >>> settling([5], [10], [3], Fraction(7, 10))
    (array([2.]), array([2.]))
    """
    passing, units, open_ = (np.asarray(values) for values in (passes, total, unknown))
    wanted = -(-multiply(units, threshold.numerator) // threshold.denominator)
    to_meet = np.maximum(subtract(wanted, passing), 0)
    to_miss = np.maximum(subtract(passing + open_ + 1, wanted), 0)

    def within(needed: Integers) -> npt.NDArray[np.float64]:
        possible = np.asarray((units > 0) & (needed <= open_), dtype=bool)
        return np.where(possible, needed, np.nan).astype(np.float64)

    return within(to_meet), within(to_miss)


def _where(mask: Mask, values: Integers) -> Integers:
    return np.where(mask, values, 0)


def coverage_rate(
    units: pd.DataFrame, condition: str | Expression, by: str = "county_code"
) -> pd.DataFrame:
    """Share of units that meet a condition, with bounds for unknown units.

    `units`: one row per village or community of the frame, with the column
    `by` and the variables of the condition (<NA> is unknown; a column
    `X.not_applicable` marks 不适用, which takes a unit out of scope).

    Returns one row per area, indexed by `by`: numerator (units that meet it),
    denominator (units in the frame), unknown (units whose blanks leave it
    open), value (of the known units), lower, upper (fractions). An area
    without units in scope has no value; it is never 0.

    Raises ExpressionError for a condition that cannot be understood or names
    an unknown variable. Source: 辽宁 三(一)–(三); 运城 三.

    >>> units = pd.DataFrame({"county_code": ["210106"] * 4, "orgs": [12, 10, 9, None]})
    >>> coverage_rate(units, "orgs >= 10").loc["210106"].tolist()
    [2.0, 4.0, 1.0, 0.6666666666666666, 0.5, 0.75]
    """
    table, areas = _grouped(units, by)
    expression = condition if isinstance(condition, Expression) else parse(condition)
    columns = _community_columns(table, "truth", expression)
    in_scope = _everyone(table) & ~not_applicable(expression.names, columns)
    figures = share(truth(expression, columns), in_scope, areas)
    return figures.frame().set_index(pd.Index(areas.codes, name=by))


def staffing_ratio(
    units: pd.DataFrame,
    part: str | Expression,
    whole: str | Expression,
    by: str = "county_code",
    scale: int = 1,
) -> pd.DataFrame:
    """Pooled ratio of two variables, such as certified members to members.

    `units` as in `coverage_rate`. Returns one row per area, indexed by `by`:
    numerator and denominator (sums over the units where both are known),
    unknown (units where either is not), value, lower, upper. Bounds run over
    all units; without a known whole there are none, and without a limit for an
    unknown part no upper one. `scale` multiplies value and bounds (100 for
    "per 100 households"). Never an average of ratios.

    Source: 常州 五, 六(四); 阳泉 四2(5).

    >>> units = pd.DataFrame({"county_code": ["1"] * 2, "posts": [10, 30],
    ...                       "social_work_posts": [5, 5]})
    >>> staffing_ratio(units, "social_work_posts", "posts")["value"].tolist()
    [0.25]
    """
    table, areas = _grouped(units, by)
    above = part if isinstance(part, Expression) else parse(part)
    below = whole if isinstance(whole, Expression) else parse(whole)
    columns = _community_columns(table, "number", above, below)
    in_scope = _everyone(table) & ~not_applicable(above.names + below.names, columns)
    parts, wholes = (_column(number(e, columns), len(table)) for e in (above, below))
    known = parts.known & wholes.known & ~blank(above, columns)
    figures = ratio(parts, wholes, known, scale, in_scope, areas)
    return figures.frame().set_index(pd.Index(areas.codes, name=by))


def _grouped(units: pd.DataFrame, by: str) -> tuple[pd.DataFrame, Areas]:
    table = units.sort_values(by, kind="stable", ignore_index=True)
    return table, Areas.of(table[by])


def _everyone(table: pd.DataFrame) -> Mask:
    return np.ones(len(table), dtype=bool)


def _column(interval: Interval, size: int) -> Interval:
    """A constant becomes a column of its own."""
    low, high, open_ = (
        np.broadcast_to(part, (size,)) for part in (interval.low, interval.high, interval.open)
    )
    return Interval(low, high, open_, interval.scale)


def _community_columns(table: pd.DataFrame, kind: Kind, *expressions: Expression) -> UnitColumns:
    words = vocabulary("community")
    there = {name: words[name] for name in words if not name.startswith("county.")}
    for expression in expressions:
        if check(expression, there) != kind:
            source = expression.source
            raise ExpressionError(
                say(f"{source!r} 应为条件", f"{source!r} should be a condition")
                if kind == "truth"
                else say(f"{source!r} 应为数值", f"{source!r} should be a number")
            )
    return UnitColumns(table, schema.of_unit("community"))
