"""The tables of a comparison of documents, row by row; their columns stand with the comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sanlian_analysis.compare.demands import Demand, asks_more
from sanlian_analysis.compare.judged import Judged, crossed
from sanlian_analysis.evaluation import MET, NOT_MET, UNDETERMINED
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import THEMES, names_of
from sanlian_analysis.policy_text import calculation_text, variable_name

DEMAND_COLUMNS = [
    *("variable", "unit", "settlement", "theme", "policy", "target", "measure", "calculation"),
    *("threshold", "due", "threshold_now", "level", "clause", "answered"),
]
PAIR_COLUMNS = [
    *("variable", "policy", "target", "other_policy", "other_target", "asks_more", "reason"),
    *("both", "only_first", "only_second", "neither", "open"),
]
VERDICT_COLUMNS = [
    *("variable", "area_code", "area", "policy", "target", "verdict"),
    *("other_policy", "other_target", "other_verdict", "agreement"),
]
GAP_COLUMNS = ["policy", "target", "kind", "reason"]


def demand_table(
    pairs: Sequence[tuple[Demand, Demand]],
    every: Sequence[Demand],
    answered: Sequence[Demand],
    date: dt.date,
) -> pd.DataFrame:
    """Targets of several documents on one variable, side by side: `PolicyComparison.demands`."""
    shared = {one.key for pair in pairs for one in pair}
    there = {one.key for one in answered}
    rows = [_demand(one, date, one.key in there) for one in every if one.key in shared]
    table = _exact(rows, DEMAND_COLUMNS, "threshold", "threshold_now", "due")
    order = ["unit", "variable", "settlement"]
    return table.sort_values(order, kind="stable", ignore_index=True)


def _demand(one: Demand, date: dt.date, answered: bool) -> dict[str, Any]:
    target = one.target
    last = target.milestones[-1] if target.milestones else None
    now = target.milestone(date)
    own = one.reading.threshold
    return {
        "variable": one.variable,
        "unit": one.kind,
        "settlement": one.settlement,
        "theme": say(*THEMES[target.theme]),
        "policy": one.policy.id,
        "target": target.id,
        "measure": target.measure,
        "calculation": calculation_text(target, one.reading, one.policy),
        "threshold": one.threshold,
        "due": last.due if last else None,
        "threshold_now": now.threshold if now and own is None else own if now else None,
        "level": target.level,
        "clause": last.clause if last else target.clause,
        "answered": answered,
    }


def _pair(one: Demand, other: Demand) -> dict[str, Any]:
    return {
        "variable": one.variable,
        "policy": one.policy.id,
        "target": one.target.id,
        "other_policy": other.policy.id,
        "other_target": other.target.id,
    }


def stricter_table(
    pairs: Sequence[tuple[Demand, Demand]], found: Sequence[Judged], area: str
) -> pd.DataFrame:
    """Which of two such targets asks more, and how the units pass them: `stricter`."""
    there = {one.demand.key: one for one in found}
    rows = []
    for one, other in pairs:
        verdict, reason = asks_more(one, other)
        row = _pair(one, other) | {"asks_more": verdict, "reason": reason}
        if one.key in there and other.key in there:
            row |= crossed(there[one.key], there[other.key], area) or {}
        rows.append(row)
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    return table.astype(dict.fromkeys(PAIR_COLUMNS[-5:], "Int64"))


def verdict_table(
    pairs: Sequence[tuple[Demand, Demand]], found: Sequence[Judged], names: dict[str, str]
) -> pd.DataFrame:
    """Both verdicts, area by area: `PolicyComparison.verdicts`."""
    there = {one.demand.key: one for one in found}
    rows = []
    for first, second in pairs:
        one, other = there.get(first.key), there.get(second.key)
        if one is None or other is None:
            continue
        for code, verdict in one.verdict.items():
            both = {verdict, other.verdict.get(code, "")}
            if both <= {MET, NOT_MET, UNDETERMINED}:
                agreement = "agree" if len(both) == 1 else "disagree"
                rows.append(
                    _pair(first, second)
                    | {"area_code": code, "area": names.get(code), "verdict": verdict}
                    | {"other_verdict": other.verdict[code]}
                    | {"agreement": "open" if UNDETERMINED in both else agreement}
                )
    return pd.DataFrame(rows, columns=VERDICT_COLUMNS)


def left_out_table(
    every: Sequence[Demand],
    pairs: Sequence[tuple[Demand, Demand]],
    unanswered: dict[tuple[str, str], str],
) -> pd.DataFrame:
    """Targets that stand beside no other, and why: `PolicyComparison.not_comparable`."""
    shared = {one.key for pair in pairs for one in pair}
    rows = []
    for one in every:
        kind = ""
        if reason := unanswered.get(one.key, ""):
            kind = "missing"
        elif one.threshold is None:
            kind, reason = "vague", say("文件没有定数", "the document sets no number")
        elif one.key not in shared:
            kind, reason = _alone(one, every)
        if kind:
            row = {"policy": one.policy.id, "target": one.target.id}
            rows.append(row | {"kind": kind, "reason": reason})
    return pd.DataFrame(rows, columns=GAP_COLUMNS)


def _alone(one: Demand, every: Sequence[Demand]) -> tuple[str, str]:
    """Why no other document's target stands beside this one."""
    others = [
        f"{other.policy.id}/{other.target.id}"
        for other in every
        if other.policy.id != one.policy.id
        and (other.kind, other.variable) == (one.kind, one.variable)
    ]
    if others:
        return "scope", say(
            f"{listed(others)} 问的是另一类单位", f"{listed(others)} ask it of other units"
        )
    label = variable_name(names_of(one.reading.formula)[0], one.target.unit, one.policy)
    return "alone", say(
        f"其他文件对“{label}”没有要求", f"no other document asks anything of {label}"
    )


def _exact(rows: list[dict[str, Any]], columns: list[str], *exact: str) -> pd.DataFrame:
    """Columns of fractions and dates as they are, None for empty."""
    table = pd.DataFrame(rows, columns=columns)
    for column in exact:
        table[column] = pd.Series([row[column] for row in rows], dtype=object)
    return table
