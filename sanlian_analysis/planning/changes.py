"""Changes to a ledger as people state them: single cells, and rules for many units."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.calculation import Units
from sanlian_analysis.codes import COMMUNITY_DIGITS, LEVELS
from sanlian_analysis.columns import vocabulary
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import situation_at
from sanlian_analysis.exact import Mask
from sanlian_analysis.expressions import ExpressionError, check, not_applicable, parse, truth
from sanlian_analysis.language import did_you_mean, listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.schema import SETTLEMENTS, Variable
from sanlian_analysis.values import Status, understand

#: The kinds of units that have rows of their own, by the digits of their codes.
UNITS = {COMMUNITY_DIGITS: "community", LEVELS["street"]: "street", LEVELS["county"]: "county"}

_DELTA = re.compile(r"([+-])\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)")
_SIGNS = str.maketrans("＋－−％", "+--%")


@dataclass(frozen=True)
class ChangeRule:
    """The same change for every unit of which a condition surely holds.

    `variable`: a column of the ledger by its id. `change`: what becomes of it, a
    value ("12", "是", "不适用", "" for unknown) or, with a sign, what is added
    ("+2", "-1"). `who`: a condition in the language of the policies; "" for
    everybody. `settlement`: urban or rural; None for all communities. `area`:
    the head of the units' codes. `unit`: community, street or county.

    >>> ChangeRule("orgs", "+2", who="orgs < 10", settlement="urban").change
    '+2'
    """

    variable: str
    change: object
    who: str = ""
    settlement: str | None = None
    area: str = ""
    unit: str = "community"


@dataclass(frozen=True)
class Cell:
    """One change of one cell. `place`: what messages call it. `certain`: whether it applies."""

    code: str
    variable: Variable
    change: Change
    place: str
    certain: bool = True


@dataclass(frozen=True)
class Change:
    """What becomes of a value: something is added to it, or it is set, to `value` or a status."""

    added: Decimal | None = None
    status: Status = Status.VALUE
    value: Any = None


def understood(given: object, variable: Variable, place: str) -> Change:
    """A change as it was given, for a variable.

    Raises SanlianError for a value outside the variable's type or range, and
    for something added to what is no number.
    """
    if isinstance(given, str):
        written = given.strip().translate(_SIGNS)
        if found := _DELTA.fullmatch(written):
            return _added(found, variable, place)
    missing = given is None or given is pd.NA or given is pd.NaT
    cell = understand(None if missing else _plain(given), variable)
    if cell.status == Status.INVALID:
        raise SanlianError(
            say(
                f"{place}：{variable.id} 不能是 {given!r}，{cell.expected}",
                f"{place}: {variable.id} cannot be {given!r}, {cell.expected}",
            )
        )
    return Change(None, cell.status, cell.value)


def _plain(given: object) -> object:
    """Numbers of numpy as Python's own."""
    return given.item() if isinstance(given, np.generic) else given


def _added(found: re.Match[str], variable: Variable, place: str) -> Change:
    if variable.type not in ("count", "number", "share"):
        raise SanlianError(
            say(
                f"{place}：{variable.id} 不是数值，不能加减；请直接给出新值",
                f"{place}: {variable.id} is no number, nothing can be added; give the new value",
            )
        )
    amount = Decimal(found[1] + found[2])
    return Change(amount / 100 if found[3] else amount)


def variable_of(unit: str, id_: object, place: str) -> Variable:
    """The variable of a kind of unit; SanlianError when there is none."""
    known = schema.of_unit(unit)
    if not isinstance(id_, str) or id_ not in known:
        hint = did_you_mean(str(id_), known)
        raise SanlianError(
            say(
                f"{place}：台账里没有变量 {id_!r}{hint}",
                f"{place}: the ledger has no variable {id_!r}{hint}",
            )
        )
    return known[id_]


# --- single cells ------------------------------------------------------------------------


def cells_of_table(changes: pd.DataFrame, there: dict[str, set[str]]) -> Iterator[Cell]:
    """The cells of a table of changes; `there`: the codes of all units, by kind."""
    missing = [column for column in ("code", "variable", "value") if column not in changes]
    if missing:
        raise SanlianError(
            say(
                f"改动表缺少列 {listed(missing)}；应有 code、variable、value",
                f"the table of changes lacks {listed(missing)}; it needs code, variable, value",
            )
        )
    columns = [changes[column].tolist() for column in ("code", "variable", "value")]
    for number, (code, id_, value) in enumerate(zip(*columns, strict=True), start=1):
        written = str(code)
        place = say(
            f"改动表第 {number} 行（{written}）", f"row {number} of the changes ({written})"
        )
        unit = UNITS.get(len(written))
        if unit is None or written not in there[unit]:
            raise SanlianError(
                say(
                    f"{place}：这个时点没有这个单位；代码应为名录（或台账）中的 12、9 或 6 位代码",
                    f"{place}: there is no such unit at this date; use a code of 12, 9 or 6 "
                    "digits from the frame (or the ledger)",
                )
            )
        variable = variable_of(unit, id_, place)
        yield Cell(written, variable, understood(value, variable, place), place)


# --- rules -------------------------------------------------------------------------------


def cells_of_rule(rule: ChangeRule, ledger: Ledger, policy: Policy, day: dt.date) -> Iterator[Cell]:
    """The cells that a rule changes, by code, and those of which the blanks leave it open."""
    name = say(f"规则 {rule.variable} {rule.change}", f"rule {rule.variable} {rule.change}")
    if rule.unit not in UNITS.values():
        there = listed(UNITS.values())
        raise SanlianError(
            say(f"{name}：没有单位 {rule.unit!r}；有：{there}", f"{name}: unit: use one of {there}")
        )
    variable = variable_of(rule.unit, rule.variable, name)
    change = understood(rule.change, variable, name)
    units = situation_at(ledger, policy, day).units[rule.unit]
    key = "code" if rule.unit == "community" else f"{rule.unit}_code"
    codes = units.columns.units[key]
    surely, perhaps = _meant(rule, units, policy, codes, name)
    for code, certain in zip(codes[perhaps], surely[perhaps], strict=True):
        yield Cell(code, variable, change, f"{name} {code}", bool(certain))


def _meant(
    rule: ChangeRule, units: Units, policy: Policy, codes: pd.Series, name: str
) -> tuple[Mask, Mask]:
    """Units that a rule surely means, and those that it may mean."""
    here = codes.str.startswith(rule.area).to_numpy(dtype=bool)
    if not here.any():
        raise SanlianError(
            say(
                f"{name}：没有代码以 {rule.area!r} 开头的单位",
                f"{name}: no unit has a code that begins with {rule.area!r}",
            )
        )
    if rule.settlement is not None:
        if rule.unit != "community" or rule.settlement not in SETTLEMENTS.values():
            raise SanlianError(
                say(
                    f"{name}：settlement 只用于社区，应为 {listed(SETTLEMENTS.values())} 之一",
                    f"{name}: settlement goes with communities alone, and is one of "
                    f"{listed(SETTLEMENTS.values())}",
                )
            )
        here = here & units.columns.settled(frozenset({rule.settlement}))
    if not rule.who.strip():
        return here, here
    try:
        condition = parse(rule.who)
        words = vocabulary(rule.unit, [parameter.id for parameter in policy.parameters])
        if check(condition, words) != "truth":
            raise ExpressionError(
                say(f"{rule.who!r} 应为条件", f"{rule.who!r} should be a condition")
            )
        if any(one.startswith("total(") for one in condition.names):
            raise ExpressionError(say("total(…) 不能用在这里", "total(…) cannot be used here"))
    except ExpressionError as error:
        raise SanlianError(f"{name}{say('：', ': ')}{error}") from None
    here = here & ~not_applicable(condition.names, units.columns)
    said = truth(condition, units.columns)
    return here & said.true, here & ~said.false
