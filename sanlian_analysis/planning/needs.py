"""What every unit lacks: the fewest whole units and steps with which it meets its demands."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from sanlian_analysis.calculation import Units, standards_due
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.exact import Integers, Interval, Mask, add, multiply, subtract
from sanlian_analysis.expressions import Expression, not_applicable, number, parse
from sanlian_analysis.language import say
from sanlian_analysis.planning.demands import (
    Alternatives,
    Limit,
    Step,
    alternatives,
    both,
    is_count,
    waived,
)
from sanlian_analysis.planning.prepared import Prepared
from sanlian_analysis.policy import Band, Formula, Growth, Score, Share, names_of


@dataclass(frozen=True)
class Needs:
    """What every unit lacks.

    `possible`: a finite effort is enough whatever the other variables' blanks
    are. `amount`: whole units to add (or to take away), `change`: the same with
    its sign, `steps`: things to do. `value`: the number that the condition asks
    about; None where it asks about several, or none. `gap` ÷ `gap_scale`:
    from there to what is asked for, not rounded. `names`: the variables that would change.
    """

    possible: Mask
    amount: Integers
    change: Integers
    steps: Integers
    gap: Integers
    gap_scale: int
    value: Interval | None
    names: frozenset[str]

    @property
    def effort(self) -> Integers:
        """Whole units and steps together; without meaning where nothing is possible."""
        return add(self.amount, self.steps)


def needs_of(prepared: Prepared) -> Needs:
    """What every unit lacks to pass a reading that asks a question of every unit.

    A demand on a number lacks the distance to it, a part of a unit counted as a
    whole one; a yes/no demand, and a share to be set anew, lacks one step.
    Demands that must all hold add up (several on one variable count once, by
    the strictest); of alternatives the least counts. A blank is taken for the
    least that it can be (0, no), and the other side of a comparison for the
    worst: where that has no limit, no addition is certain to be enough.
    """
    units, reading = prepared.assessed.units, prepared.asked.reading
    ways = _of_formula(reading.formula, units)
    if reading.where is not None:
        ways = both(alternatives(reading.where, units.columns), ways)
    policy, target = prepared.asked.policy, prepared.asked.target
    for standard in standards_due(policy, target, reading, prepared.date):
        apart = not_applicable(names_of(standard.formula), units.columns)
        apart = apart | ~units.columns.settled(standard.settlement)
        ways = both(ways, waived(_of_formula(standard.formula, units), apart))
    return reduce(_easier, (_of_way(way, units.size) for way in ways))


def _of_formula(formula: Formula, units: Units) -> Alternatives:
    columns = units.columns
    match formula:
        case Share(condition):
            return alternatives(condition, columns)
        case Band(value, floor, ceiling):
            asked = f"{value.source} >= {floor.source} and {value.source} <= {ceiling.source}"
            return alternatives(parse(asked), columns)
        case Score(value, at_least, below):
            asked = f"{value.source} >= {at_least}"
            asked += f" and {value.source} < {below}" if below is not None else ""
            return alternatives(parse(asked), columns)
        case Growth(value):
            return [(_growth(value, units),)]
    raise AssertionError(f"{formula} is no question about single units")


def _growth(value: Expression, units: Units) -> Limit:
    """Above the previous figure; without one no addition is certain to be enough."""
    if value.source.strip().startswith("total("):
        now, before = _sums(value.names[0][len("total(") : -1], units)
    else:
        now = number(value, units.columns)
        before = _nothing_known(units) if units.previous is None else number(value, units.previous)
    nobody = np.zeros(units.size, dtype=bool)
    names = frozenset(value.names)
    whole = all(is_count(name, units.columns) for name in names)
    return Limit(names, now, Fraction(1), before, True, True, None, nobody, whole)


def _nothing_known(units: Units) -> Interval:
    zero = np.zeros(units.size, dtype=np.int64)
    return Interval(zero, zero, np.ones(units.size, dtype=bool))


def _sums(name: str, units: Units) -> tuple[Interval, Interval]:
    """Σ over the communities known at both dates, now and before; open where there is none."""
    now = units.columns.members
    before = units.previous.members if units.previous else None
    if now is None or before is None:
        return _nothing_known(units), _nothing_known(units)
    present, past = now.columns.interval(name), before.columns.interval(name)
    there = now.counted & present.known & past.known
    there &= ~now.columns.not_applicable(name) & ~before.columns.not_applicable(name)
    some = np.bincount(now.unit[there], minlength=units.size) > 0

    def added(values: Interval) -> Interval:
        sums = np.zeros(units.size, dtype=object)
        for unit, value in zip(now.unit[there], values.low[there].tolist(), strict=True):
            sums[unit] += value
        return Interval(sums, sums, ~some, values.scale)

    return added(present), added(past)


# --- one way to meet a condition ---------------------------------------------------------


def _of_way(way: tuple[Limit | Step, ...], size: int) -> Needs:
    steps = {demand.key: demand.missing for demand in way if isinstance(demand, Step)}
    groups: dict[frozenset[str], list[Limit]] = {}
    for demand in way:
        if isinstance(demand, Limit):
            groups.setdefault(demand.names, []).append(demand)
    _refuse_overlaps(groups)
    nothing = np.zeros(size, dtype=np.int64)
    needs = Needs(
        possible=np.ones(size, dtype=bool),
        amount=nothing,
        change=nothing,
        steps=sum(steps.values(), nothing),
        gap=nothing,
        gap_scale=1,
        value=None,
        names=frozenset(),
    )
    for names, limits in groups.items():
        needs = _together(needs, _of_group(names, limits, size), alone=len(groups) == 1)
    return needs


def _refuse_overlaps(groups: dict[frozenset[str], list[Limit]]) -> None:
    """Raise SanlianError where a variable that changes is in another sum, or moves a bound."""
    for names in groups:
        for other, limits in groups.items():
            bounds = frozenset[str]().union(*(limit.others for limit in limits))
            shared = sorted(names & (bounds | (frozenset() if names is other else other)))
            if shared:
                raise SanlianError(
                    say(
                        f"条件几处都随 {shared[0]!r} 变，算不出最少要补多少",
                        f"several parts of the condition change with {shared[0]!r}: the least "
                        "effort cannot be worked out",
                    )
                )


def _together(one: Needs, group: Needs, *, alone: bool) -> Needs:
    return Needs(
        possible=one.possible & group.possible,
        amount=add(one.amount, group.amount),
        change=add(one.change, group.change),
        steps=one.steps,
        gap=group.gap if alone else np.zeros_like(one.gap),
        gap_scale=group.gap_scale if alone else 1,
        value=group.value if alone else None,
        names=one.names | group.names,
    )


def _of_group(names: frozenset[str], limits: list[Limit], size: int) -> Needs:
    """The smallest change that takes the same variables within all their limits.

    Distances are doubled, so that a strict bound lies half a step beyond its
    number: ⌈d + ½⌉ is the smallest whole number above d. What is counted
    changes by whole numbers alone; of what is measured a part counts as a whole.
    """
    scale = reduce(lcm, (_distance_scale(limit) for limit in limits))
    least, most = _Ends.none(size), _Ends.none(size)
    possible = np.ones(size, dtype=bool)
    for limit in limits:
        distance = add(multiply(_distance(limit, limit.bound, size, scale), 2), _half(limit))
        if not limit.rising:
            most = most.lowered(distance, ~limit.waived)
            continue
        possible &= limit.waived | ~_column(limit.bound.open, size)
        least = least.raised(distance, ~limit.waived)
        if limit.most is not None:
            highest = multiply(_distance(limit, limit.most, size, scale), 2)
            most = most.lowered(highest, ~limit.waived)
    exact = (least.at, most.at)
    if limits[0].whole:  # the doubled distances of whole numbers
        least = least.replaced(multiply(-(-least.at // (2 * scale)), 2 * scale))
        most = most.replaced(multiply(most.at // (2 * scale), 2 * scale))
    fits = ~least.there | ~most.there | np.asarray(least.at <= most.at, dtype=bool)
    up = least.there & np.asarray(least.at > 0, dtype=bool)
    down = most.there & np.asarray(most.at < 0, dtype=bool) & ~up
    wanted = np.where(up, least.at, np.where(down, most.at, 0))
    amount = -(-np.abs(wanted) // (2 * scale))
    gap = np.where(up, exact[0] // 2, np.where(down, -(-exact[1] // 2), 0))
    return Needs(
        possible=possible & fits,
        amount=amount,
        change=np.where(down, -amount, amount),
        steps=np.zeros(size, dtype=np.int64),
        gap=gap,
        gap_scale=scale,
        value=limits[0].value,
        names=names,
    )


@dataclass(frozen=True)
class _Ends:
    """One end of what a change may be, unit by unit, where there is one."""

    at: Integers
    there: Mask

    @classmethod
    def none(cls, size: int) -> _Ends:
        """No end for anybody."""
        return cls(np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool))

    def raised(self, other: Integers, mask: Mask) -> _Ends:
        """The higher one of two, for the units of a mask."""
        higher = mask & (~self.there | np.asarray(other > self.at, dtype=bool))
        return _Ends(np.where(higher, other, self.at), self.there | mask)

    def lowered(self, other: Integers, mask: Mask) -> _Ends:
        """The lower one of two, for the units of a mask."""
        lower = mask & (~self.there | np.asarray(other < self.at, dtype=bool))
        return _Ends(np.where(lower, other, self.at), self.there | mask)

    def replaced(self, at: Integers) -> _Ends:
        """The same units, with other numbers."""
        return _Ends(at, self.there)


def _half(limit: Limit) -> int:
    return 0 if not limit.strict else 1 if limit.rising else -1


def _distance_scale(limit: Limit) -> int:
    scales = [limit.value.scale, limit.bound.scale]
    scales += [limit.most.scale] if limit.most is not None else []
    return lcm(*scales) * limit.factor.numerator


def _distance(limit: Limit, bound: Interval, size: int, scale: int) -> Integers:
    """(bound − value) ÷ factor, times the scale; of a blank bound the worst that is certain."""
    common = scale // limit.factor.numerator
    to = bound.high if limit.rising else bound.low
    there = multiply(_column(to, size), common // bound.scale)
    here = multiply(_column(limit.value.low, size), common // limit.value.scale)
    return multiply(subtract(there, here), limit.factor.denominator)


def _column(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    return np.broadcast_to(values, (size,))


def _easier(one: Needs, other: Needs) -> Needs:
    """Unit by unit the way with the smaller effort; the first where they are the same."""
    second = other.possible & (~one.possible | np.asarray(other.effort < one.effort, dtype=bool))
    same = one.value is not None and one.names == other.names
    scale = lcm(one.gap_scale, other.gap_scale)

    def chosen(first: Integers, instead: Integers) -> Integers:
        return np.where(second, instead, first)

    gaps = [multiply(n.gap, scale // n.gap_scale) for n in (one, other)]
    return Needs(
        possible=one.possible | other.possible,
        amount=chosen(one.amount, other.amount),
        change=chosen(one.change, other.change),
        steps=chosen(one.steps, other.steps),
        gap=chosen(*gaps) if same else np.zeros_like(one.gap),
        gap_scale=scale if same else 1,
        value=one.value if same else None,
        names=one.names | other.names,
    )
