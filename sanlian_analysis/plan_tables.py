"""Tables of plans: paces, the fewest additions, and what supposed changes would bring."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pandas as pd

from sanlian_analysis.charts import style
from sanlian_analysis.charts.names import names_apart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import Quantity
from sanlian_analysis.language import say
from sanlian_analysis.planning import OUTLOOKS, LeastEffort, Sensitivity, WhatIf
from sanlian_analysis.policy import Policy
from sanlian_analysis.records import records
from sanlian_analysis.table import Table, Tables
from sanlian_analysis.tables import called, verdict_text

#: More rows than this are left to the table itself.
MOST_ROWS = 500

_TREATMENTS = {
    "frame": ("当作不符合", "count as failing"),
    "reported": ("只看有行的单位", "only units with a row count"),
    "complete": ("只看已知的单位", "only known units count"),
    "passing": ("当作符合", "count as passing"),
}


def paces(table: pd.DataFrame, policy: Policy, *, basis: str = "lower") -> Table:
    """What every area needs per month to its next milestone, and what it achieved.

    `table`: of `sl.pace`; `basis`: one of its lower, value, upper. One row per area.
    """
    rows = table[table["basis"] == basis]
    subject = Subject.of(policy, rows["target"].iloc[0], rows["reading"].iloc[0])
    names = names_apart(rows)
    body = []
    for row in records(rows):
        against = None if row.threshold is None else float(row.threshold)
        body.append(
            (
                names[row.area_code],
                _figure(row.figure, subject.quantity, against),
                "" if against is None else subject.quantity.threshold(against),
                _day(row.due),
                _number(row.needed),
                _number(row.needed_each_month),
                _number(row.achieved_per_month),
                _figure(row.projected, subject.quantity, against),
                _figure(row.projected_best, subject.quantity, against),
                say(*OUTLOOKS[row.outlook]),
            )
        )
    header = (
        say("地区", "Area"),
        say("现在", "Now"),
        say("目标", "Threshold"),
        say("期限", "Due"),
        say("还差", "Short by"),
        say("每月须增", "Needed a month"),
        say("每月已增", "Achieved a month"),
        say("照此到期", "When due, at this pace"),
        say("按最快四分之一到期", "At the pace of the best quarter"),
        say("前景", "Outlook"),
    )
    notes = (
        say(
            "按下界（未知单位当作不符合）计算；补报空白也会使它上升。",
            "By the lower bound (unknown units as failing), which reporting raises too.",
        ),
    )
    caption = say(f"进度：{subject.name}", f"Pace: {subject.name}")
    simulated = bool(table.attrs.get("simulated"))
    numeric = frozenset(range(1, 9)) - {3}
    return Table(caption, header, tuple(body), numeric, notes, simulated)


def additions(plan: LeastEffort, policy: Policy, *, simulated: bool = False) -> Table:
    """The units that need least, in order, and how far each step gets; the set that is enough.

    At most `MOST_ROWS` rows.
    """
    subject = Subject.of(policy, plan.target, plan.reading)
    rows = plan.curve[plan.curve["step"] > 0]
    body = tuple(
        (
            f"{row.step:,}",
            row.code,
            row.name,
            say("未知", "unknown") if row.status == "unknown" else _number(row.value),
            _signed(row.change),
            f"{row.yes_no:,}" if row.yes_no else "",
            f"{row.cumulative:,}",
            _figure(row.lower, subject.quantity, None),
            say("是", "yes") if row.in_set else "",
        )
        for row in records(rows.head(MOST_ROWS))
    )
    header = (
        say("次序", "Step"),
        say("代码", "Code"),
        say("名称", "Name"),
        say("现有", "Now"),
        say("增补", "To add"),
        say("须落实", "To settle"),
        say("累计", "So far"),
        say("届时", "Figure then"),
        say("最少方案", "Smallest set"),
    )
    caption = say(f"从最省的补起：{subject.name}", f"The cheapest first: {subject.name}")
    total = len(rows) if len(rows) > MOST_ROWS else None
    numeric = frozenset({0, 3, 4, 5, 6, 7})
    return Table(caption, header, body, numeric, (), simulated, total=total)


def before_and_after(found: WhatIf, policy: Policy, area: str = "") -> Table:
    """What supposed changes do to the primary results of the areas whose codes begin with `area`.

    One row per result that changes.
    """
    table = found.results
    rows = table[
        table["changed"] & (table["reading"] == "primary") & table["area_code"].str.startswith(area)
    ]
    body = []
    for row in records(rows.head(MOST_ROWS)):
        subject = Subject.of(policy, row.target, row.reading)
        against = None if pd.isna(row.threshold) else float(row.threshold)
        sides = [
            (
                subject.quantity.bounds(
                    getattr(row, f"lower_{side}"), getattr(row, f"upper_{side}"), against
                ),
                verdict_text(getattr(row, f"verdict_{side}")),
                _number(getattr(row, f"shortfall_{side}")),
            )
            for side in ("before", "after")
        ]
        body.append((called(row), row.area_code, subject.name, *sides[0], *sides[1]))
    before, after = say("之前", "before"), say("之后", "after")
    parts = (say("上下界", "bounds"), say("判定", "verdict"), say("还差", "short by"))
    header = (
        say("地区", "Area"),
        say("代码", "Code"),
        say("指标", "Indicator"),
        *(f"{before}{say('：', ': ')}{part}" for part in parts),
        *(f"{after}{say('：', ': ')}{part}" for part in parts),
    )
    applied = int(found.cells["applied"].sum()) if len(found.cells) else 0
    caption = say(
        f"设想的改动：改动 {applied:,} 个单元格，{len(rows):,} 项结果有变",
        f"Supposed: {applied:,} cells changed, {len(rows):,} results differ",
    )
    left = len(found.cells) - applied
    notes = (
        (
            say(
                f"另有 {left:,} 个单元格未改：空白加不了数，也不知道条件是否成立。",
                f"{left:,} more cells stay: nothing can be added to a blank, or it is not known "
                "whether the condition holds.",
            ),
        )
        if left
        else ()
    )
    total = len(rows) if len(rows) > MOST_ROWS else None
    numeric = frozenset({3, 5, 6, 8})
    simulated = found.ledger.simulated
    return Table(caption, header, tuple(body), numeric, notes, simulated, total=total)


def what_it_rests_on(found: Sensitivity, policy: Policy, *, simulated: bool = False) -> Tables:
    """On which threshold, reading and treatment of the unknown units a verdict rests."""
    quantity = Subject.of(policy, found.target, found.reading).quantity
    steps = tuple(
        (
            verdict_text(row.verdict),
            "" if row.above is None else "> " + quantity.text(float(row.above)),
            "" if row.up_to is None else "≤ " + quantity.text(float(row.up_to)),
            say("现在", "now") if row.current else "",
        )
        for row in records(found.steps)
    )
    readings = tuple(
        (
            row.name,
            _bounds(row.lower, row.upper, quantity),
            "" if row.threshold is None else quantity.threshold(float(row.threshold)),
            verdict_text(row.verdict),
        )
        for row in records(found.readings)
    )
    treatments = tuple(
        (
            say(*_TREATMENTS[row.treatment]),
            _figure(row.figure, quantity, None),
            verdict_text(row.verdict),
        )
        for row in records(found.treatments)
    )
    verdict, bounds = say("判定", "Verdict"), say("上下界", "Bounds")
    return Tables(
        (
            Table(
                say("目标定在多少，判定会变", "At which thresholds the verdict changes"),
                (verdict, say("目标高于", "Above"), say("目标不超过", "Up to"), ""),
                steps,
                frozenset({1, 2}),
                simulated=simulated,
            ),
            Table(
                say("换一种读法", "Other readings"),
                (say("读法", "Reading"), bounds, say("目标", "Threshold"), verdict),
                readings,
                frozenset({1, 2}),
                simulated=simulated,
            ),
            Table(
                say("换一种对待空白的办法", "Other treatments of the blanks"),
                (say("空白单位", "Unknown units"), say("数值", "Figure"), verdict),
                treatments,
                frozenset({1}),
                simulated=simulated,
            ),
        )
    )


def _bounds(lower: Fraction | None, upper: Fraction | None, quantity: Quantity) -> str:
    return quantity.bounds(*(float("nan") if end is None else float(end) for end in (lower, upper)))


def _figure(value: Fraction | None, quantity: Quantity, against: float | None) -> str:
    return "–" if value is None else quantity.text(float(value), against)


def _number(value: Any) -> str:
    return "" if value is None or pd.isna(value) else style.number(float(value))


def _signed(value: int) -> str:
    return f"{value:+,}" if value else ""


def _day(value: dt.date | None) -> str:
    return "" if value is None or pd.isna(value) else str(value)[:10]
