"""What a condition asks of single units: alternatives of numbers to reach and things to do.

`orgs >= 10 and convention` is one alternative of two demands, a number and a
yes; every `or` makes another alternative. A number on the left of a comparison
is what changes: `facility_area >= max(600, population / 10)` asks for floor
space, never for fewer residents.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.exact import Interval, Mask
from sanlian_analysis.expressions import (
    Expression,
    constant,
    node_name,
    number,
    parse,
    truth,
)
from sanlian_analysis.language import say

#: More alternatives than any document has.
_MOST_ALTERNATIVES = 256

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
}
_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.GtE: ast.Lt,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
}


@dataclass(frozen=True)
class Limit:
    """`value` + `factor` × change has to reach `bound` (or, not rising, to stay within it).

    `names`: the variables that change; `whole`: they are counts; `others`: those
    that the bound depends on. `most`: the highest that the schema allows; None
    without a limit. `waived`: units that it is not held against.
    """

    names: frozenset[str]
    value: Interval
    factor: Fraction
    bound: Interval
    rising: bool
    strict: bool
    most: Interval | None
    waived: Mask
    whole: bool
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """Something to do or to settle: a yes/no variable, or a share that is set anew."""

    key: str
    missing: Mask


Demand = Limit | Step
Alternatives = list[tuple[Demand, ...]]


def alternatives(condition: Expression, columns: UnitColumns) -> Alternatives:
    """The ways in which a unit can meet a condition, each a set of demands to meet together.

    Raises SanlianError where it cannot be told what is missing: neither side of
    a comparison is a sum of the unit's own variables, all of the same weight,
    or the other side moves with it.
    """
    return _ways(condition.tree, False, columns)


def both(one: Alternatives, other: Alternatives) -> Alternatives:
    """The ways to meet two conditions together."""
    if len(one) * len(other) > _MOST_ALTERNATIVES:
        raise SanlianError(
            say(
                f"条件的“或”太多，超过 {_MOST_ALTERNATIVES} 种组合，算不出最少要补多少",
                f"too many alternatives, more than {_MOST_ALTERNATIVES}: the least effort "
                "cannot be worked out",
            )
        )
    return [(*first, *second) for first, second in product(one, other)]


def waived(ways: Alternatives, mask: Mask) -> Alternatives:
    """The same demands, held against nobody of the mask."""
    return [tuple(_waived(demand, mask) for demand in way) for way in ways]


def _waived(demand: Demand, mask: Mask) -> Demand:
    if isinstance(demand, Step):
        return replace(demand, missing=demand.missing & ~mask)
    return replace(demand, waived=demand.waived | mask)


def _ways(node: ast.expr, negated: bool, columns: UnitColumns) -> Alternatives:
    """The alternatives of a part of a condition; of its opposite when `negated`."""
    match node:
        case ast.UnaryOp(operand=operand):
            return _ways(operand, not negated, columns)
        case ast.BoolOp(op=op, values=values):
            parts = [_ways(value, negated, columns) for value in values]
            return _joined(parts, isinstance(op, ast.And) != negated)
        case ast.Compare(left=left, ops=ops, comparators=others):
            operands = [left, *others]
            triples = zip(ops, operands, operands[1:], strict=False)
            parts = [
                _compared(_Comparison(type(op), a, b, columns), negated) for op, a, b in triples
            ]
            return _joined(parts, not negated)
    name = node_name(node)
    assert name is not None, "a condition is made of comparisons and yes/no variables"
    yes = columns.truth(name).true
    return [(Step(f"{name}={not negated}", yes if negated else ~yes),)]


def _joined(parts: list[Alternatives], together: bool) -> Alternatives:
    if not together:
        return [way for part in parts for way in part]
    ways: Alternatives = [()]
    for part in parts:
        ways = both(ways, part)
    return ways


def _compared(one: _Comparison, negated: bool) -> Alternatives:
    if one.sets_a_share:
        return [(one.step(negated),)]
    if one.op is ast.Eq:
        sides: list[type[ast.cmpop]] = [ast.Lt, ast.Gt] if negated else [ast.GtE, ast.LtE]
        return _joined([[(replace(one, op=side).limit(),)] for side in sides], not negated)
    return [(replace(one, op=_NEGATED[one.op]).limit() if negated else one.limit(),)]


@dataclass(frozen=True)
class _Comparison:
    """One comparison of a condition, on the columns of the units."""

    op: type[ast.cmpop]
    left: ast.expr
    right: ast.expr
    columns: UnitColumns

    @property
    def sets_a_share(self) -> bool:
        """A share such as 基础工资占比 is set, not added to."""
        variable = self.columns.variables.get(node_name(self.left) or "")
        return variable is not None and variable.type == "share"

    def step(self, negated: bool) -> Step:
        """One step where the share does not fit, or is not known to."""
        whole = self._whole()
        said = truth(whole, self.columns)
        fits = said.false if negated else said.true
        return Step(f"{whole.source}={not negated}", ~fits)

    def limit(self) -> Limit:
        """A number that has to be reached, or not to be passed."""
        op, left, right = self.op, self.left, self.right
        changes = _changeable(left, self.columns)
        if changes is None:
            changes = _changeable(right, self.columns)
            op, left, right = _FLIPPED[op], right, left
        other = parse(ast.unparse(right))
        if changes is None or changes.names & set(other.names):
            raise self._refusal()
        return Limit(
            names=changes.names,
            value=number(parse(ast.unparse(left)), self.columns),
            factor=changes.factor,
            bound=number(other, self.columns),
            rising=op in (ast.GtE, ast.Gt),
            strict=op in (ast.Gt, ast.Lt),
            most=_most(changes, self.columns),
            waived=np.zeros(len(self.columns.units), dtype=bool),
            whole=all(is_count(name, self.columns) for name in changes.names),
            others=frozenset(other.names),
        )

    def _whole(self) -> Expression:
        tree = ast.Compare(left=self.left, ops=[self.op()], comparators=[self.right])
        return parse(ast.unparse(tree))

    def _refusal(self) -> SanlianError:
        part = self._whole().source
        return SanlianError(
            say(
                f"{part!r}：说不出差多少；比较的一边应为一个变量，或几个变量之和，另一边不随它变",
                f"{part!r}: it cannot be told how much is missing; one side of the comparison "
                "should be a variable, or a sum of variables, and the other not move with it",
            )
        )


# --- what changes ------------------------------------------------------------------------


@dataclass(frozen=True)
class Changes:
    """Variables of which `factor` times the sum, plus `plus`, is what is compared."""

    names: frozenset[str]
    factor: Fraction
    plus: Fraction


def _changeable(node: ast.expr, columns: UnitColumns) -> Changes | None:
    """A sum of the unit's own variables, all of one weight; None for anything else."""
    linear = _linear(node)
    if linear is None:
        return None
    weights, plus = linear
    own = all(name in columns.variables or name.startswith("communities(") for name in weights)
    if not weights or not own or len({*weights.values()}) > 1:
        return None
    factor = next(iter(weights.values()))
    return Changes(frozenset(weights), factor, plus) if factor > 0 else None


def _linear(node: ast.expr) -> tuple[dict[str, Fraction], Fraction] | None:
    """Weights of the variables and the constant beside them; None for min, max, floor, products."""
    if (value := constant(node)) is not None:
        return {}, value
    if (name := node_name(node)) is not None:
        return {name: Fraction(1)}, Fraction(0)
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _linear(node.left), _linear(node.right)
    if left is None or right is None:
        return None
    match node.op:
        case ast.Add():
            return _added(left, right, Fraction(1))
        case ast.Sub():
            return _added(left, right, Fraction(-1))
        case ast.Div():  # by a constant: parse() lets no other through
            return _added(({}, Fraction(0)), left, 1 / right[1])
    if left[0] and right[0]:
        return None
    by, factor = (right, left[1]) if not left[0] else (left, right[1])
    return _added(({}, Fraction(0)), by, factor)


def _added(
    one: tuple[dict[str, Fraction], Fraction],
    other: tuple[dict[str, Fraction], Fraction],
    times: Fraction,
) -> tuple[dict[str, Fraction], Fraction]:
    weights = dict(one[0])
    for name, weight in other[0].items():
        weights[name] = weights.get(name, Fraction(0)) + weight * times
    return weights, one[1] + other[1] * times


def is_count(name: str, columns: UnitColumns) -> bool:
    """Whether a number can only be whole."""
    variable = columns.variables.get(name)
    return variable is None or variable.type == "count"


def _most(changes: Changes, columns: UnitColumns) -> Interval | None:
    """The highest that what is compared can be; None without a limit."""
    parts = [_most_of(name, columns) for name in sorted(changes.names)]
    if any(part is None for part in parts):
        return None
    total = Interval.constant(changes.plus)
    for part in parts:
        assert part is not None
        total = total + part.times(changes.factor)
    return total


def _most_of(name: str, columns: UnitColumns) -> Interval | None:
    if not name.startswith("communities("):
        maximum = columns.variables[name].maximum
        return None if maximum is None else Interval.constant(Fraction(maximum))
    members = columns.members
    assert members is not None
    inner = name[len("communities(") : -1]
    counted = members.counted & ~members.columns.not_applicable(inner)
    there = np.bincount(members.unit[counted], minlength=len(columns.units))
    return Interval(there, there, np.zeros(len(there), dtype=bool))
