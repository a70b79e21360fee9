"""How the figures of a briefing come about, and from what they were made."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from pathlib import Path

from sanlian_analysis import tables
from sanlian_analysis.briefing.evaluated import Evaluated
from sanlian_analysis.charts.words import bracketed
from sanlian_analysis.language import say
from sanlian_analysis.table import Table


def origin(found: Evaluated, date: dt.date) -> Table:
    """Method and provenance together, for notebooks."""
    calculated = say("怎样计算", "How it is calculated")
    rows = [*((calculated, line) for line in method(found)), *provenance(found, date)]
    caption = say("数字从哪里来", "Where the figures come from")
    header = (say("项目", "Item"), say("说明", "Explanation"))
    return Table(caption, header, tuple(rows), simulated=found.ledger.simulated)


def method(found: Evaluated) -> tuple[str, ...]:
    """How figures, bounds and verdicts come about."""
    return (
        _denominator(framed=found.ledger.frame is not None),
        say(
            "下界把未知单位全当作不达标，上界全当作达标。下界达到目标才算达标，"
            "上界仍达不到才算未达标，其余为待定。",
            "The lower bound counts every unknown unit as failing, the upper as passing. Met: the "
            "lower bound reaches the target; not met: the upper does not; else undetermined.",
        ),
        say(
            "“还差”按下界计算，是整数个单位。比较用精确分数，只在显示时取舍。",
            "“Short by” counts whole units from the lower bound. Comparisons are exact; figures are "
            "rounded on display alone.",
        ),
    )


def provenance(found: Evaluated, date: dt.date) -> tuple[tuple[str, str], ...]:
    """What the figures were made from, label by label."""
    ledger, policy = found.ledger, found.policy
    sum_ = bracketed(f"SHA-256 {ledger.sha256[:12]}…")
    lines = [
        (say("台账", "Ledger"), Path(ledger.path).name + sum_),
        (say("统计时点", "Snapshot"), date.isoformat()),
        (say("文件", "Document"), tables.document(policy)),
        (say("软件", "Software"), f"sanlian-analysis {version('sanlian-analysis')}"),
    ]
    if found.assumptions:
        told = say("；", "; ").join(found.assumptions)
        lines.append((say("自行假定", "Own assumptions"), told))
    return tuple(lines)


def _denominator(*, framed: bool) -> str:
    """What is divided by: without a frame nobody can be seen to be missing."""
    if framed:
        return say(
            "分母是名录中的全部适用单位，没有上报的也在内，按未知处理。",
            "The denominator is every unit of the frame in scope; those that did not report stay "
            "in it, as unknown.",
        )
    return say(
        "没有给名录，分母是台账中的全部适用单位；没有上报的单位看不出来。",
        "There is no frame: the denominator is every unit of the ledger in scope, and those that "
        "did not report cannot be seen.",
    )
