"""Single communities against the standards of a policy: the limits come from its targets."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.distribution import distribution
from sanlian_analysis.charts.figure import Chart
from sanlian_analysis.charts.lorenz import lorenz_curve
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.staffing import Numbers, staffing
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.exact import Interval
from sanlian_analysis.expressions import Expression, constant, number
from sanlian_analysis.language import say
from sanlian_analysis.policy import Band, Mean, Policy, Share, Target
from sanlian_analysis.schema import of_unit

_Limits = dict[str, list[tuple[float, str]]]


def organisations(
    units: pd.DataFrame, *, date: object, area: str, policy: Policy, simulated: bool = False
) -> list[Chart]:
    """A distribution for every count of organisations that the policy sets a number for.

    `units` has one row per unit with `settlement` and the counts, as for
    `distribution`. Counts that the ledger lacks, and those of which one is
    enough, have no chart; without any the list is empty.
    """
    return [
        distribution(
            units,
            variable,
            thresholds=thresholds,
            date=date,
            area=area,
            policy=policy,
            simulated=simulated,
        )
        for variable, thresholds in _asked(policy, date).items()
        if variable in units
    ]


def inequality(
    units: pd.DataFrame, *, date: object, area: str, policy: Policy, simulated: bool = False
) -> list[Chart]:
    """Lorenz curves of the counts that `organisations` draws; same input."""
    return [
        lorenz_curve(units, variable, date=date, area=area, policy=policy, simulated=simulated)
        for variable in _asked(policy, date)
        if variable in units
    ]


def _asked(policy: Policy, date: object) -> dict[str, _Limits]:
    """The counts of organisations that the policy sets a number for, with these by settlement."""
    limits: dict[str, _Limits] = defaultdict(lambda: defaultdict(list))
    for target in policy.targets:
        if target.theme != "organisations" or target.unit != "community":
            continue
        for variable, limit, label in _limits(target, date):
            for settlement in sorted(target.readings[0].settlement):
                limits[variable][settlement].append((limit, label))
    return limits


def _limits(target: Target, date: object) -> list[tuple[str, float, str]]:
    """The variable, the number asked for of each unit (or on average) and its label."""
    milestone = target.milestone(day(date))
    match target.readings[0].formula:
        case Share(condition=Expression(tree=ast.Compare(ast.Name(name), [ast.GtE()], [least]))):
            asked, label = constant(least), say("要求 ", "asked for: ")
        case Mean(value=Expression(tree=ast.Name(name))) if milestone:
            asked, label = milestone.threshold, say("平均要求 ", "mean asked for: ")
        case _:
            return []
    if asked is None or asked <= 1:
        return []
    figure = style.number(float(asked))
    return [(name, float(asked), label + figure + say(words.unit_of(name), ""))]


def staff_bands(
    units: pd.DataFrame, *, date: object, area: str, policy: Policy, simulated: bool = False
) -> list[Chart]:
    """Staff against households, where the policy sets a band for them; else an empty list.

    `units` is as for `staffing`; a ledger that lacks one of the two columns has
    no chart. The ceilings are those of the target's readings
    for urban communities, the primary one first.
    """
    if not {"staff", "households"} <= set(units.columns):
        return []
    for target in policy.targets:
        formula = target.readings[0].formula
        if isinstance(formula, Band) and formula.value.source == "staff":
            floor = constant(formula.floor.tree)
            assert floor is not None, "a floor for staff is a number"
            return [_staffing(units, target, floor, date, area, policy, simulated)]
    return []


def _staffing(
    units: pd.DataFrame,
    target: Target,
    floor: Fraction,
    date: object,
    area: str,
    policy: Policy,
    simulated: bool,
) -> Chart:
    ceilings: dict[str, Callable[[Numbers], Numbers]] = {}
    for reading in target.readings:
        if isinstance(reading.formula, Band) and reading.settlement == {"urban"}:
            name = (
                "" if reading.id == "primary" else say(f"（{reading.label}）", f": {reading.label}")
            )
            ceilings[say("上限", "ceiling") + name] = _ceiling(reading.formula.ceiling)
    return staffing(
        units,
        ceilings=ceilings,
        floor=float(floor),
        date=date,
        area=area,
        policy=policy,
        clause=words.clause_at(target, day(date)),
        simulated=simulated,
    )


def _ceiling(expression: Expression) -> Callable[[Numbers], Numbers]:
    """The most staff allowed, from numbers of households; parts of a household do not count."""

    def most(households: Numbers) -> Numbers:
        whole = np.floor(households).astype(np.int64)
        exact = Interval(whole, whole, np.zeros(len(whole), dtype=bool))
        columns = UnitColumns(pd.DataFrame(), of_unit("community"), {"households": exact})
        found = number(expression, columns)
        return np.broadcast_to(np.asarray(found.high, dtype=np.float64), whole.shape) / found.scale

    return most
