"""The language in which policies state conditions: a small, safe part of Python's syntax.

``facility_area >= max(600, 100 * population / 1000)`` is data: it is parsed,
never executed. Blanks are carried through by interval arithmetic, so that a
unit is unknown only if some value of its blanks would change the answer.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import inf
from typing import Literal, Protocol

import numpy as np

from sanlian_analysis.exact import Interval, Mask, Truth
from sanlian_analysis.language import did_you_mean, say

Kind = Literal["number", "truth"]

#: Functions of one unit's own numbers.
FUNCTIONS = ("min", "max", "floor")
#: Functions that look at the communities of a street or county.
AGGREGATES = ("communities", "total")

#: Deeper than any document is nested, and safe for the recursion below.
_DEEPEST = 60

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.GtE: "≥",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.Eq: "=",
}


class ExpressionError(ValueError):
    """An expression that cannot be understood; the message says which part and why."""


@dataclass(frozen=True)
class Expression:
    """A parsed condition or number; compare and print it by its source text."""

    source: str
    tree: ast.expr
    names: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"parse({self.source!r})"


class Columns(Protocol):
    """What an expression is evaluated on: named columns of one kind of unit."""

    def interval(self, name: str) -> Interval:
        """A number, or the bounds of an unknown one."""

    def truth(self, name: str) -> Truth:
        """A yes/no variable."""

    def blank(self, name: str) -> Mask:
        """Units that state no number, even where the others leave only one value."""

    def not_applicable(self, name: str) -> Mask:
        """Units for which the variable is 不适用."""


def parse(source: str) -> Expression:
    """Parse an expression, without looking at what its names mean.

    Raises ExpressionError for anything but names, numbers, + - * /, comparisons,
    and, or, not, min, max, floor, communities and total.

    >>> parse("facility_area >= max(600, 100 * population / 1000)").names
    ('facility_area', 'population')
    """
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            say(f"写法有误：{source!r}", f"not a valid expression: {source!r}")
        ) from None
    if _depth_beyond(tree, _DEEPEST):
        raise ExpressionError(
            say(f"嵌套太深：{source[:40]}…", f"nested too deeply: {source[:40]}…")
        )
    names = tuple(dict.fromkeys(_names(tree, source)))
    return Expression(source, tree, names)


def _depth_beyond(tree: ast.expr, limit: int) -> bool:
    level: list[ast.AST] = [tree]
    while level and limit:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        limit -= 1
    return bool(level)


def _refuse(node: ast.AST, source: str) -> ExpressionError:
    part = ast.get_source_segment(source.strip(), node) or source
    return ExpressionError(
        say(
            f"{part!r} 不能用在条件里；可用：变量、数字、+ - * /、比较、and/or/not、min、max、floor",
            f"{part!r} cannot be used in a condition; use variables, numbers, + - * /, "
            "comparisons, and/or/not, min, max, floor",
        )
    )


def _names(node: ast.AST, source: str) -> Iterator[str]:
    """The names of an expression; refuses every node that the language does not know."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=ast.Name(id="county"), attr=name):
            yield f"county.{name}"
        case ast.Constant(value=int() | float() as value) if (
            not isinstance(value, bool) and value < inf
        ):
            return
        case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)], keywords=[]) if (
            function in AGGREGATES
        ):
            yield f"{function}({name})"
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if (
            function in FUNCTIONS and len(args) >= (1 if function == "floor" else 2)
        ):
            if function == "floor" and len(args) > 1:
                raise _refuse(node, source)
            for argument in args:
                yield from _names(argument, source)
        case ast.BinOp(left=left, op=ast.Sub() | ast.Div(), right=right):
            if constant(right) is None or (isinstance(node.op, ast.Div) and not constant(right)):
                raise _refuse(node, source)
            yield from _names(left, source)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult(), right=right):
            if isinstance(node.op, ast.Mult) and _has_difference(left, right):
                raise _refuse(node, source)
            yield from _names(left, source)
            yield from _names(right, source)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(
            type(op) in _COMPARISONS for op in ops
        ):
            for operand in (left, *others):
                yield from _names(operand, source)
        case ast.BoolOp(values=values):
            for operand in values:
                yield from _names(operand, source)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _names(operand, source)
        case _:
            raise _refuse(node, source)


def _has_difference(left: ast.expr, right: ast.expr) -> bool:
    """A product of two variables needs both not negative, which a difference may be."""
    if constant(left) is not None or constant(right) is not None:
        return False
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        for side in (left, right)
        for node in ast.walk(side)
    )


def constant(node: ast.expr) -> Fraction | None:
    """The number that a part of an expression stands for, read as it is written."""
    return _written(node.value) if isinstance(node, ast.Constant) else None


def _written(value: object) -> Fraction:
    return Fraction(repr(value))


def check(expression: Expression, vocabulary: Mapping[str, Kind]) -> Kind:
    """Whether the expression is a number or a condition.

    Raises ExpressionError for a name outside the vocabulary, with the nearest
    one that is in it, and for numbers and conditions in each other's place.
    """
    for name in expression.names:
        if name not in vocabulary:
            raise ExpressionError(
                say(f"台账里没有变量 {name!r}", f"the ledger has no variable {name!r}")
                + did_you_mean(name, vocabulary)
            )
    return _kind(expression.tree, expression.source, vocabulary)


def _kind(node: ast.expr, source: str, vocabulary: Mapping[str, Kind]) -> Kind:
    def expect(kind: Kind, *operands: ast.expr) -> None:
        for operand in operands:
            if _kind(operand, source, vocabulary) != kind:
                part = ast.get_source_segment(source.strip(), operand)
                raise ExpressionError(
                    say(f"{part!r} 应为数值", f"{part!r} should be a number")
                    if kind == "number"
                    else say(f"{part!r} 应为条件", f"{part!r} should be a condition")
                )

    match node:
        case ast.Constant():
            return "number"
        case ast.BinOp(left=left, right=right):
            expect("number", left, right)
            return "number"
        case ast.Call(args=args) if node_name(node) is None:
            expect("number", *args)
            return "number"
        case ast.Compare(left=left, comparators=others):
            expect("number", left, *others)
            return "truth"
        case ast.BoolOp(values=values):
            expect("truth", *values)
            return "truth"
        case ast.UnaryOp(operand=operand):
            expect("truth", operand)
            return "truth"
    name = node_name(node)
    assert name is not None, "parse() lets no other node through"
    return vocabulary[name]


def node_name(node: ast.expr) -> str | None:
    """The column that a part of an expression stands for; None for a compound part."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return f"county.{name}"
        case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]) if (
            function in AGGREGATES
        ):
            return f"{function}({name})"
    return None


def number(expression: Expression, columns: Columns) -> Interval:
    """The number for every unit, with the bounds that its blanks leave."""
    return _number(expression.tree, columns)


def _number(node: ast.expr, columns: Columns) -> Interval:
    value = constant(node)
    if value is not None:
        return Interval.constant(value)
    match node:
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=subtrahend)):
            return _number(left, columns) + Interval.constant(-_written(subtrahend))
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=divisor)):
            return _number(left, columns).times(1 / _written(divisor))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _number(left, columns) + _number(right, columns)
        case ast.BinOp(left=left, right=right):
            for factor, other in ((left, right), (right, left)):
                if (by := constant(factor)) is not None:
                    return _number(other, columns).times(by)
            return _number(left, columns) * _number(right, columns)
        case ast.Call(func=ast.Name(id="floor"), args=[argument]):
            return _number(argument, columns).floor()
        case ast.Call(func=ast.Name(id="min" | "max" as function), args=args):
            combine = Interval.minimum if function == "min" else Interval.maximum
            return reduce(combine, (_number(argument, columns) for argument in args))
    name = node_name(node)
    assert name is not None, "parse() lets no other node through"
    return columns.interval(name)


def truth(expression: Expression, columns: Columns) -> Truth:
    """The answer for every unit: true, false, or unknown where the blanks decide."""
    return _truth(expression.tree, columns)


def _truth(node: ast.expr, columns: Columns) -> Truth:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            operands = [_number(operand, columns) for operand in (left, *others)]
            pairs = zip(ops, operands, operands[1:], strict=False)
            return reduce(Truth.__and__, (_compare(op, a, b) for op, a, b in pairs))
        case ast.BoolOp(op=op, values=values):
            combine = Truth.__and__ if isinstance(op, ast.And) else Truth.__or__
            return reduce(combine, (_truth(value, columns) for value in values))
        case ast.UnaryOp(operand=operand):
            return ~_truth(operand, columns)
    name = node_name(node)
    assert name is not None, "parse() lets no other node through"
    return columns.truth(name)


def _compare(op: ast.cmpop, left: Interval, right: Interval) -> Truth:
    match op:
        case ast.GtE():
            return left >= right
        case ast.LtE():
            return right >= left
        case ast.Gt():
            return left > right
        case ast.Lt():
            return right > left
    return left.equals(right)


def demands(expression: Expression) -> list[Expression]:
    """The parts of a condition that must all hold, each a condition of its own.

    >>> [part.source for part in demands(parse("organisations and orgs >= 10"))]
    ['organisations', 'orgs >= 10']
    """
    tree = expression.tree
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [part for value in tree.values for part in demands(parse(ast.unparse(value)))]
    return [expression]


def not_applicable(names: tuple[str, ...], columns: Columns) -> Mask:
    """Units for which any of the named variables is 不适用."""
    return reduce(np.logical_or, (columns.not_applicable(name) for name in names), np.array(False))


def blank(expression: Expression, columns: Columns) -> Mask:
    """Units that leave blank the variable that the expression is; none for a compound one."""
    name = node_name(expression.tree)
    return np.array(False) if name is None else columns.blank(name)


def in_words(expression: Expression, label: Callable[[str], str]) -> str:
    """The expression for people, with the variables' own names.

    >>> in_words(parse("orgs >= 10"), {"orgs": "社区社会组织数"}.__getitem__)
    '社区社会组织数 ≥ 10'
    """
    return _words(expression.tree, label)


def _words(node: ast.expr, label: Callable[[str], str]) -> str:
    if (value := constant(node)) is not None:
        return ast.unparse(node) if value.denominator > 1 else str(value)
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            sides = [
                f"({_words(side, label)})"
                if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Add | ast.Sub)
                else _words(side, label)
                for side in (left, right)
            ]
            symbol = {"*": "×", "/": "÷", "-": "−"}.get(_OPERATORS[type(op)], "+")
            return f" {symbol} ".join(sides)
        case ast.Call(func=ast.Name(id="min" | "max" | "floor" as function), args=args):
            inside = say("，", ", ").join(_words(argument, label) for argument in args)
            names = {
                "min": say("较小者", "min"),
                "max": say("较大者", "max"),
                "floor": say("取整", "floor"),
            }
            return f"{names[function]}({inside})"
        case ast.Compare(left=left, ops=ops, comparators=others):
            words = [_words(left, label)]
            for comparison, other in zip(ops, others, strict=True):
                words += [_COMPARISONS[type(comparison)], _words(other, label)]
            return " ".join(words)
        case ast.BoolOp(op=op, values=values):
            joint = say(" 且 ", " and ") if isinstance(op, ast.And) else say(" 或 ", " or ")
            return joint.join(_bracketed(value, label) for value in values)
        case ast.UnaryOp(operand=operand):
            return say("非", "not ") + _bracketed(operand, label)
    name = node_name(node)
    assert name is not None, "parse() lets no other node through"
    return label(name)


def _bracketed(node: ast.expr, label: Callable[[str], str]) -> str:
    """A part of a condition; in brackets where it joins several itself."""
    words = _words(node, label)
    return f"({words})" if isinstance(node, ast.BoolOp) else words
