"""Unit by unit: which villages and communities fall short, by how much, and who reported."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.calculation import Situation, Units, assess, scope
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.columns import UnitColumns
from sanlian_analysis.evaluation import situation_at
from sanlian_analysis.exact import Interval
from sanlian_analysis.expressions import Expression, demands, number, parse, truth
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Band, Formula, Policy, Share, Target, names_of
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.schema import NOT_APPLICABLE
from sanlian_analysis.snapshot import area_names, take_snapshot


def units_at(ledger: Ledger, date: dt.date, area: str = "") -> pd.DataFrame:
    """The villages and communities of an area (code prefix) at a snapshot.

    One row per unit of the frame, sorted by code: the frame's columns,
    `settlement`, `reported` (a row existed), and every variable that the
    ledger has; <NA> is unknown, `X.not_applicable` marks 不适用.
    """
    communities = take_snapshot(ledger, date).communities
    return communities[communities["code"].str.startswith(area)].reset_index(drop=True)


def units_short(
    ledger: Ledger, policy: Policy | str | Path, date: dt.date, area: str = ""
) -> pd.DataFrame:
    """Villages and communities that do not meet the standards of a policy, and what they lack.

    Covers the targets that set a standard for single communities: those with a
    measurable gap, and those asked of every unit. A yes that only a part of the units
    must have (`units_wanted`) counts as long as the area has too few. One row per unit and demand,
    sorted by code: code, name, street, settlement, target, demand (an
    Expression), status (`fails` or `unknown`), value (Fraction; None for
    yes/no and unknown) and gap (Fraction still missing; negative when above a
    ceiling; None where it cannot be told).
    """
    policy = load_policy(policy)
    situation = situation_at(ledger, policy, date)
    units = situation.units["community"]
    rows = [
        row
        for target in policy.targets
        if _sets_a_standard(target, situation, area)
        for row in _lacking(target, units, area)
    ]
    columns = ["position", "target", "demand", "status", "value", "gap"]
    table = pd.DataFrame(rows, columns=columns)
    identity = units.columns.units[["code", "name", "street", "settlement"]]
    joined = identity.join(table.set_index("position"), how="inner")
    return joined.sort_values("code", kind="stable", ignore_index=True)


def units_judged(
    ledger: Ledger,
    policy: Policy | str | Path,
    target: str,
    date: dt.date,
    area: str = "",
    *,
    reading: str = "primary",
) -> pd.DataFrame:
    """How every unit of an area stands on one target: what the figures are made of.

    One row per unit in scope whose code begins with `area`, sorted by code: code,
    name, street, settlement (of communities), `status` (`passes`, `fails`,
    `unknown`; `known` for measures that add up), and the variables of the
    formula as the ledger has them (<NA> is unknown). Rulebook, rules 3 to 7.

    Raises KeyError for an unknown target or reading.
    """
    policy = load_policy(policy)
    situation = situation_at(ledger, policy, date)
    asked = policy.target(target)
    one = next(known for known in asked.readings if known.id == reading)
    found = assess(situation, asked, one)
    table = found.units.columns.units
    kind = "county" if asked.unit == "area" else asked.unit
    code = "code" if kind == "community" else f"{kind}_code"
    here = found.in_scope & table[code].str.startswith(area).to_numpy(dtype=bool)
    outcome = found.outcome
    status = np.where(found.known, "known", "unknown")
    if outcome is not None:
        status = np.select([outcome.true, outcome.false], ["passes", "fails"], "unknown")
    names = dict.fromkeys((*names_of(one.formula), *(one.where.names if one.where else ())))
    identity = {"code": code, "name": "name" if kind == "community" else kind}
    columns = {shown: table[column] for shown, column in identity.items()}
    if kind == "community":
        columns |= {name: table[name] for name in ("street", "settlement")}
    columns["status"] = pd.Series(status, index=table.index)
    columns |= {name: table[name] for name in names if name in table and name not in columns}
    return pd.DataFrame(columns)[here].reset_index(drop=True)


def units_wanted(
    ledger: Ledger, policy: Policy | str | Path, date: dt.date, area: str = ""
) -> dict[str, int]:
    """How many units more must pass, per target that asks something of a part of the communities.

    Target id → ⌈t × units in scope⌉ − units that surely pass, counted in the area
    (code prefix); 0 when there are enough (rulebook, rule 16).
    """
    policy = load_policy(policy)
    situation = situation_at(ledger, policy, date)
    return {
        target.id: _wanted(target, situation, area)
        for target in policy.targets
        if (milestone := target.milestone(date)) and milestone.threshold < 1
        if target.unit == "community" and isinstance(target.readings[0].formula, Share | Band)
    }


def _wanted(target: Target, situation: Situation, area: str) -> int:
    milestone = target.milestone(situation.date)
    found = assess(situation, target, target.readings[0])
    assert milestone, "units are wanted where a number is asked for"
    assert found.outcome, "shares are made of units that pass or fail"
    codes = found.units.columns.units["code"]
    here = found.in_scope & codes.str.startswith(area).to_numpy(dtype=bool)
    passes = int((found.outcome.true & here).sum())
    return max(0, ceil(milestone.threshold * int(here.sum())) - passes)


def _sets_a_standard(target: Target, situation: Situation, area: str) -> bool:
    """Demands on single units; 20 % of all villages asks nothing more of any once they are there."""
    milestone = target.milestone(situation.date)
    formula = target.readings[0].formula
    if target.unit != "community" or milestone is None or not isinstance(formula, Share | Band):
        return False
    if isinstance(formula, Share) and isinstance(formula.condition.tree, ast.Name):
        return milestone.threshold == 1 or _wanted(target, situation, area) > 0
    return True


def _lacking(target: Target, units: Units, area: str) -> Iterator[tuple[object, ...]]:
    reading = target.readings[0]
    in_scope, certain = scope(units, target, reading)
    here = in_scope & units.columns.units["code"].str.startswith(area).to_numpy(dtype=bool)
    for position in np.flatnonzero(here & ~certain):
        yield int(position), target.id, reading.where, "unknown", None, None
    lacking = here & certain & ~units.outcome(reading.formula).true
    for demand in _demands(reading.formula):
        asked = truth(demand, units.columns)
        missing = lacking & ~np.broadcast_to(asked.true, lacking.shape)
        gaps = _Gaps.of(demand, units.columns)
        for position in np.flatnonzero(missing):
            fails = bool(np.broadcast_to(asked.false, lacking.shape)[position])
            value, gap = gaps.at(int(position)) if fails else (None, None)
            status = "fails" if fails else "unknown"
            yield int(position), target.id, demand, status, value, gap


def _demands(formula: Formula) -> list[Expression]:
    """The single demands of which a unit must meet every one."""
    if isinstance(formula, Band):
        value = formula.value.source
        return [
            parse(f"{value} >= {formula.floor.source}"),
            parse(f"{value} <= {formula.ceiling.source}"),
        ]
    return demands(formula.condition) if isinstance(formula, Share) else []


@dataclass(frozen=True)
class _Gaps:
    """Both sides of a comparison, where there is one and both can be known."""

    left: Interval | None
    right: Interval | None

    @classmethod
    def of(cls, demand: Expression, columns: UnitColumns) -> _Gaps:
        if not isinstance(demand.tree, ast.Compare):
            return cls(None, None)
        sides = (demand.tree.left, demand.tree.comparators[-1])
        left, right = (
            number(Expression(demand.source, side, demand.names), columns) for side in sides
        )
        return cls(left, right)

    def at(self, position: int) -> tuple[Fraction | None, Fraction | None]:
        value, wanted = self._exact(self.left, position), self._exact(self.right, position)
        return value, None if value is None or wanted is None else wanted - value

    @staticmethod
    def _exact(side: Interval | None, position: int) -> Fraction | None:
        if side is None:
            return None
        column = side.low.ndim > 0
        if not bool(side.known[position] if column else side.known):
            return None
        return Fraction(int(side.low[position] if column else side.low), side.scale)


def completeness(
    ledger: Ledger, policy: Policy | str | Path, date: dt.date, area: str = ""
) -> pd.DataFrame:
    """How much of what a policy needs was reported, per variable of the 社区 sheet.

    One row per variable: label, reported, blank (row without a usable value),
    missing_row (no row at this date), not_applicable, units (villages and
    communities of the frame that the variable's targets cover).
    """
    units = units_at(ledger, date, area)
    rows = []
    for id_, settlements in _variables_needed(load_policy(policy)).items():
        covered = units[units["settlement"].isin(settlements)]
        if covered.empty:
            continue
        absent = pd.Series(False, index=covered.index)
        marked = covered.get(id_ + NOT_APPLICABLE, absent)
        known = covered[id_].notna() if id_ in covered else absent
        blank = covered["reported"] & ~known & ~marked
        rows.append(
            {
                "label": schema.of_unit("community")[id_].label,
                "reported": int(known.sum()),
                "blank": int(blank.sum()),
                "missing_row": int((~covered["reported"]).sum()),
                "not_applicable": int(marked.sum()),
                "units": len(covered),
            }
        )
    columns = ["label", "reported", "blank", "missing_row", "not_applicable", "units"]
    return pd.DataFrame(rows, columns=columns)


def reporting(
    ledger: Ledger,
    policy: Policy | str | Path,
    date: dt.date,
    area: str = "",
    *,
    level: str = "county",
) -> pd.DataFrame:
    """Who reported, area by area: the units with a row at a date against those of the frame.

    One row per area of `level` (street, county, city, province) whose code begins
    with `area`, sorted by code: area_code, area, units (villages and communities of
    the frame that the policy asks anything of), reported (with a row at this date),
    filled (of these, without a blank in any variable of the 社区 sheet that is asked
    of them; 不适用 is no blank). Without a frame only units with a row are known.
    """
    units = units_at(ledger, date, area)
    needed = _variables_needed(load_policy(policy))
    asked = units["settlement"].isin(frozenset().union(*needed.values()))
    reported = asked & units["reported"]
    filled = reported.copy()
    for id_, settlements in needed.items():
        known = units[id_].notna() if id_ in units else False
        known |= units.get(id_ + NOT_APPLICABLE, False)
        filled &= known | ~units["settlement"].isin(settlements)
    counts = pd.DataFrame({"units": asked, "reported": reported, "filled": filled}).astype(int)
    found = counts.groupby(units["code"].str[: LEVELS[level]].rename("area_code")).sum()
    table = found.reset_index()
    names = area_names(ledger)
    table.insert(1, "area", [names.get(code, code) for code in table["area_code"]])
    return table


def _variables_needed(policy: Policy) -> dict[str, frozenset[str]]:
    """The 社区 variables of a policy's targets, with the settlement types they are asked of."""
    known = schema.measured(schema.COMMUNITIES)
    needed: dict[str, frozenset[str]] = {}
    for target in policy.targets:
        reading = target.readings[0]
        names = names_of(reading.formula) + (reading.where.names if reading.where else ())
        if target.unit != "community":  # what it counts or adds up over its communities
            names = tuple(name[name.index("(") + 1 : -1] for name in names if name.endswith(")"))
        for name in names:
            if name in known:
                needed[name] = needed.get(name, frozenset()) | reading.settlement
    return {id_: needed[id_] for id_ in known if id_ in needed}
