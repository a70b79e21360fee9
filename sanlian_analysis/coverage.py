"""One ledger under several documents: what applies, what does not and why, who asks more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from sanlian_analysis.expressions import Expression, in_words, parse
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Mean, Policy, Ratio, Share, Target, variables_of
from sanlian_analysis.policy_text import threshold_text, variable_name
from sanlian_analysis.schema import COMMUNITIES, SETTLEMENTS, measured
from sanlian_analysis.snapshot import take_snapshot

#: Two documents measure the same floor space under two names.
_SAME_SPACE = {"venue_area": "facility_area"}


@dataclass(frozen=True)
class Gap:
    """A target that a ledger cannot answer, and why not."""

    policy: str
    target: str
    reason: str


def gaps(ledger: Ledger, policy: Policy) -> list[Gap]:
    """The targets of a policy that do not apply to a ledger: columns or settlements missing."""
    settlements = set(take_snapshot(ledger, ledger.dates[-1]).communities["settlement"])
    found = []
    for target in policy.targets:
        reason = _missing_columns(ledger, target) or _missing_settlement(settlements, target)
        if reason:
            found.append(Gap(policy.id, target.id, reason))
    return found


def _missing_columns(ledger: Ledger, target: Target) -> str:
    missing = [
        f"{sheet}·{measured(sheet)[id_].header}"
        for sheet, id_ in variables_of(target.readings[0], target.unit)
        if id_ not in ledger.table(sheet)
    ]
    if not missing:
        return ""
    return say(f"台账缺少列 {'、'.join(missing)}", f"the ledger lacks {', '.join(missing)}")


def _missing_settlement(there: set[str], target: Target) -> str:
    wanted = target.readings[0].settlement
    if target.unit != "community" or wanted & there:
        return ""
    names = [name for name, code in SETTLEMENTS.items() if code in wanted]
    return say(f"没有{'、'.join(names)}", f"there is no unit of type {', '.join(sorted(wanted))}")


def applicable(results: pd.DataFrame, unanswered: Iterable[Gap]) -> pd.DataFrame:
    """The results without the targets that the ledger cannot answer."""
    left_out = {(gap.policy, gap.target) for gap in unanswered}
    keys = zip(results["policy"], results["target"], strict=True)
    return results[[key not in left_out for key in keys]].reset_index(drop=True)


def strictness(policies: Iterable[Policy]) -> pd.DataFrame:
    """What the documents ask of the same variable, side by side.

    Returns one row per target that holds a 社区 variable against a number,
    sorted by variable: variable, settlement, policy, target, demand (of one
    unit, or of the mean or ratio), threshold of the last milestone (empty for
    vague targets), level, due, clause.
    """
    rows = [
        (*row, target.level, _due(target), target.clause)
        for policy in policies
        for target in policy.targets
        if target.unit == "community"
        for row in _asked(policy, target)
    ]
    columns = ["variable", "settlement", "policy", "target", "demand", "threshold"]
    table = pd.DataFrame(rows, columns=[*columns, "level", "due", "clause"])
    several = table.groupby("variable")["policy"].transform("nunique") > 1
    return table[several].sort_values(["variable", "settlement"], kind="stable", ignore_index=True)


def _asked(policy: Policy, target: Target) -> list[tuple[str, str, str, str, str, str]]:
    reading = target.readings[0]

    def words(one: Expression) -> str:
        return in_words(one, lambda name: variable_name(name, target.unit, policy))

    match reading.formula:
        case Share(condition=expression) if not target.milestones and len(target.readings) > 1:
            several = len(target.readings)
            demand = say(f"不定数字，{several}个读法：", f"no number set, {several} readings: ")
            demand += words(parse(expression.names[0]))
        case Share(condition=expression):
            demand = say("每个单位：", "each unit: ") + words(expression)
        case Mean(value=expression):
            demand = say("平均：", "mean: ") + words(expression)
        case Ratio(part=expression, whole=whole, scale=scale):
            times = f" × {scale}" if scale != 1 else ""
            demand = say("合计之比：", "pooled ratio: ")
            demand += f"{words(expression)} ÷ {words(whole)}{times}"
        case _:
            return []
    last = target.milestones[-1] if target.milestones else None
    kinds = [say(name, code) for name, code in SETTLEMENTS.items() if code in reading.settlement]
    known = measured(COMMUNITIES)
    names = [_SAME_SPACE.get(name, name) for name in expression.names if name in known]
    if not names:
        return []
    asked = threshold_text(reading, last)
    return [(known[names[0]].label, listed(kinds), policy.id, target.id, demand, asked)]


def _due(target: Target) -> str:
    last = target.milestones[-1] if target.milestones else None
    return last.due.isoformat() if last and last.due else ""
