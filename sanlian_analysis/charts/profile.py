"""What a score profile is computed from: exact points per item, and the titles that units earn."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.charts import style
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.exact import Interval, Mask
from sanlian_analysis.expressions import not_applicable, number
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy, Score, Target


@dataclass(frozen=True)
class Item:
    """One line of the score table: the exact sum over the units whose points are known."""

    name: str
    maximum: int
    points: Fraction
    known: int
    unknown: int

    @property
    def mean(self) -> Fraction | None:
        """Mean points of the known units."""
        return self.points / self.known if self.known else None

    @property
    def rate(self) -> Fraction | None:
        """Mean points as a share of the maximum."""
        return None if self.mean is None else self.mean / self.maximum

    @property
    def figure(self) -> str:
        """Mean and maximum, such as "4.2/5"; the mean is never rounded onto the maximum."""
        if self.mean is None:
            return say("无数据", "no data")
        return f"{style.number(float(self.mean), self.maximum)}/{self.maximum}"


@dataclass(frozen=True)
class Grade:
    """A title that a document confers for a score, and the units that earn it."""

    target: Target
    at_least: int
    below: int | None
    earned: int

    @property
    def range(self) -> str:
        """The scores that earn it."""
        if self.below is None:
            return say(f"{self.at_least}分及以上", f"{self.at_least} or more")
        return say(
            f"满{self.at_least}分、不足{self.below}分",
            f"{self.at_least} or more, below {self.below}",
        )


@dataclass(frozen=True)
class Profile:
    """The scores of an area's units, item by item and in all."""

    units: int
    outside: int
    items: list[Item]
    grades: list[Grade]
    neither: int
    undecided: int
    complete: int
    points: Fraction

    @property
    def maximum(self) -> int:
        """The points that can be had."""
        return sum(item.maximum for item in self.items)

    @property
    def total(self) -> Item:
        """All items in one, over the units without a blank."""
        blank = self.units - self.complete
        return Item(say("总分", "Total"), self.maximum, self.points, self.complete, blank)

    @property
    def mean(self) -> str:
        """Mean total of the units without a blank, on its side of the nearest demand."""
        mean = self.total.mean
        if mean is None:
            return say("未知", "unknown")
        demands = [grade.at_least for grade in self.grades]
        nearest = min([*demands, self.maximum], key=lambda points: abs(points - mean))
        return style.number(float(mean), nearest)

    @property
    def mean_of_maximum(self) -> str:
        """Mean total and maximum, such as "91.5/100"."""
        return f"{self.mean}/{self.maximum}" if self.complete else self.total.figure

    @property
    def weakest(self) -> Item | None:
        """The item with the smallest share of its maximum; the first of several."""
        rated = [item for item in self.items if item.rate is not None]
        return min(rated, key=lambda item: item.rate or Fraction(0), default=None)


def graded_targets(policy: Policy) -> list[Target]:
    """The targets that grade the same sum of items, in the document's order."""
    graded = [t for t in policy.targets if isinstance(t.readings[0].formula, Score)]
    return [t for t in graded if _score(t).value == _score(graded[0]).value]


def _score(target: Target) -> Score:
    formula = target.readings[0].formula
    assert isinstance(formula, Score), "only targets with a score are asked"
    return formula


def profile_of(units: pd.DataFrame, targets: list[Target]) -> Profile:
    """The scores of the units that the targets are about, without those marked 不适用."""
    value = _score(targets[0]).value
    covered = units[units["settlement"].isin(targets[0].readings[0].settlement)]
    covered = covered.reset_index(drop=True)
    marked = not_applicable(value.names, UnitColumns(covered, schema.of_unit("community")))
    here = covered[~np.broadcast_to(marked, (len(covered),))].reset_index(drop=True)
    columns = UnitColumns(here, schema.of_unit("community"))
    blank = [columns.blank(name) for name in value.names]
    full = ~reduce(np.logical_or, blank)
    total = number(value, columns)
    grades, nothing = [], np.ones(len(here), dtype=bool)
    undecided = ~nothing
    for target in targets:
        wanted = _score(target)
        earned = total >= Interval.constant(Fraction(wanted.at_least))
        if wanted.below is not None:
            earned = earned & (Interval.constant(Fraction(wanted.below)) > total)
        grades.append(Grade(target, wanted.at_least, wanted.below, int(earned.true.sum())))
        undecided |= earned.unknown
        nothing &= earned.false
    return Profile(
        len(here),
        len(covered) - len(here),
        [_item(columns, name, ~gone) for name, gone in zip(value.names, blank, strict=True)],
        grades,
        int(nothing.sum()),
        int(undecided.sum()),
        int(full.sum()),
        _sum(total, full),
    )


def _item(columns: UnitColumns, name: str, known: Mask) -> Item:
    variable = columns.variables[name]
    assert variable.maximum, "an item of a score table has a maximum"
    points = _sum(columns.interval(name), known)
    count = int(known.sum())
    return Item(variable.label, variable.maximum, points, count, len(known) - count)


def _sum(values: Interval, where: Mask) -> Fraction:
    return Fraction(int(values.low[where].sum()), values.scale)
