"""What a threshold curve is computed from: the share per number, and the numbers asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.rows import applicable
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.expressions import Expression, constant, demands, parse, truth
from sanlian_analysis.language import say
from sanlian_analysis.policy import Band, Formula, Policy, Share, Target


@dataclass(frozen=True)
class Standard:
    """A number that documents ask of every single unit, and the targets that ask it."""

    least: int
    sources: tuple[tuple[Policy, Target], ...]

    @property
    def policies(self) -> str:
        """The documents' short names, each once."""
        return words.listed_once(policy.label for policy, _ in self.sources)


@dataclass(frozen=True)
class Curve:
    """Units by the number they reach: `sure[k]` surely have k or more, `open[k]` perhaps."""

    variable: str
    settlement: str
    units: int
    unknown: int
    outside: int
    sure: list[int]
    open: list[int]

    @classmethod
    def of(cls, units: pd.DataFrame, variable: str, settlement: str, most: int) -> Curve:
        """The curve from 0 up to `most`, of the units of one settlement."""
        here = units[units["settlement"] == settlement]
        asked = applicable(here, variable).reset_index(drop=True)
        columns = UnitColumns(asked, schema.of_unit("community"))
        answers = [truth(parse(f"{variable} >= {k}"), columns) for k in range(most + 1)]
        return cls(
            variable,
            settlement,
            len(asked),
            int(columns.blank(variable).sum()),
            len(here) - len(asked),
            [int(answer.true.sum()) for answer in answers],
            [int(answer.unknown.sum()) for answer in answers],
        )

    @property
    def most(self) -> int:
        """The last number on the axis."""
        return len(self.sure) - 1

    def lower(self, least: int) -> float:
        """Share that surely has so many: the unknown counted as failing."""
        return self.sure[least] / self.units

    def upper(self, least: int) -> float:
        """Share that may have so many: the unknown counted as passing."""
        return (self.sure[least] + self.open[least]) / self.units

    def share(self, least: int) -> str:
        """The share that reaches a number, with its bounds where units are unknown."""
        low, high = self.lower(least), self.upper(least)
        return style.percent(low) if low == high else words.SHARE.bounds(low, high)

    def counted(self, count: int | None = None) -> str:
        """What the units are called, with their number where one is given."""
        kind = self.settlement
        return words.noun(kind) if count is None else words.counted(count, kind)

    def figure(self, least: int) -> str:
        """A number with the variable's unit; in English the unit stands on the axis."""
        return f"{least:,}" + say(words.unit_of(self.variable), "")

    @property
    def label(self) -> str:
        """The variable's name within a sentence."""
        name = words.variable_label(self.variable)
        return say(f"“{name}”", name)


def standards_of(
    policies: Iterable[Policy], variable: schema.Variable, settlement: str
) -> list[Standard]:
    """The numbers asked of every unit, lowest first."""
    found: dict[int, list[tuple[Policy, Target]]] = {}
    for policy in policies:
        for target in policy.targets:
            reading = target.readings[0]
            if target.unit == "community" and settlement in reading.settlement:
                for least in _asked(reading.formula, variable):
                    found.setdefault(least, []).append((policy, target))
    return [Standard(least, tuple(found[least])) for least in sorted(found)]


def _asked(formula: Formula, variable: schema.Variable) -> Iterator[int]:
    """What a formula asks of a unit's own number; only parts that must hold by themselves count."""
    match formula:
        case Share(condition=condition):
            parts = demands(condition)
        case Band(value=value, floor=least):
            parts = [parse(f"{value.source} >= {least.source}")]
        case _:
            parts = []
    for part in parts:
        least_number = _least(part, variable)
        if least_number is not None:
            yield least_number


def _least(demand: Expression, variable: schema.Variable) -> int | None:
    """The smallest count that meets a demand; None where it asks for something else."""
    match demand.tree:
        case ast.Compare(ast.Name(name), [comparison], [bound]):
            pass
        case ast.Compare(bound, [ast.LtE()], [ast.Name(name)]):
            comparison = ast.GtE()
        case ast.Compare(bound, [ast.Lt()], [ast.Name(name)]):
            comparison = ast.Gt()
        case _:
            return None
    number = constant(bound)
    if name != variable.id or number is None:
        return None
    match comparison:
        case ast.GtE():
            return ceil(number)
        case ast.Gt():
            return floor(number) + 1
        case ast.Eq() if number == variable.maximum:
            return int(number)
    return None
