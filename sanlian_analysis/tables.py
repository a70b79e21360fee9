"""Tables and sentences for notebooks and pages: rounded and worded here, computed elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis.charts import style
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import counted, verdict_sentence
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.findings import SEVERITIES, Finding, counts, grouped
from sanlian_analysis.language import listed, quoted, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import THEMES, Policy
from sanlian_analysis.policy_text import calculation_text
from sanlian_analysis.records import records
from sanlian_analysis.schema import KEYS, measured
from sanlian_analysis.table import Link, Statement, Table, Tables, simulated_mark
from sanlian_analysis.unit_tables import data_quality, short_units

__all__ = [
    "Link",
    "Statement",
    "Table",
    "Tables",
    "area_name",
    "area_rows",
    "called",
    "clauses",
    "components",
    "counties",
    "county_rows",
    "data_quality",
    "document",
    "enclosing_area",
    "headline",
    "indicator",
    "key_targets",
    "short_units",
    "simulated_mark",
    "targets",
    "verdict_text",
]

#: More provinces than these make no headline.
_MOST_PROVINCES = 5

_SYMBOLS = {
    "met": "●",
    "not_met": "◆",
    "undetermined": "△",
    "not_applicable": "–",
    "no_threshold": "□",
}


def verdict_text(verdict: str) -> str:
    """A verdict in words, with a sign that is read without colour.

    >>> verdict_text("met")
    '● 达标'
    """
    return f"{_SYMBOLS[verdict]} {style.VERDICTS[verdict].label.split('（')[0].split(' (')[0]}"


def area_rows(results: pd.DataFrame, area: str, date: dt.date) -> pd.DataFrame:
    """The rows of one area at one snapshot; those of every province for all areas (code "")."""
    wanted = results["area_code"] == area if area else results["level"] == "province"
    return results[wanted & (results["date"] == pd.Timestamp(date))]


def county_rows(results: pd.DataFrame, date: dt.date, within: str = "") -> pd.DataFrame:
    """The primary results of the counties whose codes begin with `within`, at one snapshot."""
    return results[
        (results["level"] == "county")
        & (results["reading"] == "primary")
        & results["area_code"].str.startswith(within)
        & (results["date"] == pd.Timestamp(date))
    ]


def area_name(results: pd.DataFrame, area: str) -> str:
    """The area's name as the results have it, else its code; "" are all areas."""
    if not area:
        return say("全域", "All areas")
    names = results.loc[results["area_code"] == area, "area"].dropna()
    return str(names.iloc[0]) if len(names) else area


def headline(
    results: pd.DataFrame, policy: Policy, area: str, date: dt.date, *, simulated: bool = False
) -> Statement:
    """What can be said of an area at once: how many demands are met, and the first figures.

    `results`: the results table. Only demands that bind in this area count;
    where none does, the sentence says at which level the document binds. For
    all areas (code "") one sentence per province, and how the counties stand.
    """
    name = area_name(results, area)
    rows = area_rows(results, area, date)
    primary = rows[rows["reading"] == "primary"]
    if not area:
        heading = say(f"{name}　截至{date}", f"{name}, {date}")
        details = _county_verdicts(county_rows(results, date), policy)
        return Statement(heading, _by_province(primary, policy), simulated, details)
    binding = primary[primary["binding"] & (primary["verdict"] != "no_threshold")]
    shown = (primary if binding.empty else binding).drop_duplicates("target")
    shown = shown[~shown["verdict"].isin(["not_applicable", "no_threshold"])].head(5)
    details = tuple(
        f"{policy.target(row.target).label}{say('：', ': ')}"
        + Subject.of(policy, row.target, "primary").finding(row)
        for row in records(shown)
    )
    heading = say(f"{name}（{area}）　截至{date}", f"{name} ({area}), {date}")
    return Statement(heading, (_summary(primary, policy),), simulated, details)


def _summary(primary: pd.DataFrame, policy: Policy) -> str:
    """How many demands bind in one area, and their verdicts. `primary`: its primary results."""
    binding = primary[primary["binding"] & (primary["verdict"] != "no_threshold")]
    if binding.empty:
        return say(
            f"《{policy.title}》不在这一层级考核，以下数字供参考。",
            f"{quoted(policy.title_en)} does not bind at this level; the figures below inform.",
        )
    counts = binding["verdict"].value_counts()
    parts = listed(f"{verdict_text(v)} {counts[v]}" for v in style.VERDICTS if counts.get(v))
    return say(
        f"按《{policy.title}》应考核的 {len(binding)} 项目标：{parts}。",
        f"{len(binding)} demands of {quoted(policy.title_en)} bind here: {parts}.",
    )


def _by_province(primary: pd.DataFrame, policy: Policy) -> tuple[str, ...]:
    """The summary of every province, led by its name; of many, the first ones."""
    every = [rows for _, rows in primary.groupby("area_code", sort=True)]
    told = [
        f"{called(next(records(rows)))}{say('：', ': ')}{_summary(rows, policy)}"
        for rows in every[:_MOST_PROVINCES]
    ]
    if left := len(every) - len(told):
        told.append(say(f"另有 {left} 个省，见下表。", f"{left} more provinces: see below."))
    return tuple(told)


def _county_verdicts(counties: pd.DataFrame, policy: Policy) -> tuple[str, ...]:
    """How the counties stand on the main targets. `counties`: their primary results."""
    found = []
    for target in key_targets(policy):
        verdicts = counties.loc[counties["target"] == target, "verdict"].value_counts()
        counts = {v: int(verdicts[v]) for v in style.VERDICTS if verdicts.get(v)}
        if counts:
            every = counted(sum(counts.values()), "county")
            label = policy.target(target).label
            found.append(f"{label}{say('：', ': ')}{verdict_sentence(every, counts)}")
    return tuple(found)


def called(row: Any) -> str:
    """What the area of a row of results is called; its code where it has no name."""
    return str(row.area) if pd.notna(row.area) else str(row.area_code)


def targets(
    results: pd.DataFrame,
    policy: Policy,
    area: str,
    date: dt.date,
    *,
    readings: bool = False,
    simulated: bool = False,
) -> Tables:
    """Every target of an area by theme: figure, bounds, threshold, verdict and shortfall.

    What binds comes first; what only informs is folded away where something
    binds. `readings`: the other readings of the targets, folded, in place of
    the primary ones. Names lead to the sentence, figures to their components.
    For all areas (code "") the rows of the provinces stand below one another.
    """
    rows = area_rows(results, area, date)
    rows = rows[(rows["reading"] != "primary") == readings]
    order = {target.id: list(THEMES).index(target.theme) for target in policy.targets}
    rows = rows.sort_values("target", key=lambda ids: ids.map(order), kind="stable")
    rows = rows.sort_values("area_code", kind="stable")

    def table(rows: pd.DataFrame, caption: str, *, folded: bool = False) -> Table:
        made = _indicators(rows, policy, caption, simulated, folded=folded)
        return made if area else _led(made, rows)

    binding, informing = rows[rows["binding"]], rows[~rows["binding"]]
    if readings or binding.empty:
        caption = say("其他读法", "Other readings") if readings else say("各项指标", "Indicators")
        return Tables((table(rows, caption, folded=readings),))
    first = table(binding, say("考核的指标", "Indicators that bind"))
    if informing.empty:
        return Tables((first,))
    caption = say(
        f"参考的指标（{len(informing)} 项）", f"Indicators that inform ({len(informing)})"
    )
    return Tables((first, table(informing, caption, folded=True)))


def _indicators(
    rows: pd.DataFrame, policy: Policy, caption: str, simulated: bool, *, folded: bool = False
) -> Table:
    header = (
        say("主题", "Theme"),
        say("指标", "Indicator"),
        say("数值", "Figure"),
        say("上下界", "Bounds"),
        say("目标", "Threshold"),
        say("期限", "Due"),
        say("判定", "Verdict"),
        say("还差", "Short by"),
        say("未知", "Unknown"),
        say("各读法", "Readings"),
        *((say("假定", "Assumed"),) if (rows["assumed"] != "").any() else ()),
    )
    notes = (
        say(
            "上下界：把未知的单位全当作不达标、全当作达标时的结果；下界达到目标才算达标。"
            "“还差”按下界计算。",
            "Bounds: the figure if every unknown unit failed, and if every one passed; a target is "
            "met only when the lower bound reaches it. “Short by” counts from the lower bound.",
        ),
        *_encouraged(rows, policy),
    )
    body = tuple(_target_cells(row, policy)[: len(header)] for row in records(rows))
    numeric = frozenset({2, 3, 4, 7, 8})
    return Table(caption, header, body, numeric, notes, simulated, folded=folded)


def _encouraged(rows: pd.DataFrame, policy: Policy) -> Iterator[str]:
    """What the document would like to see beyond its demands, and what there is."""
    for row in records(rows[rows["reading"] == "primary"]):
        target = policy.target(row.target)
        if target.encouraged is None:
            continue
        quantity, level = Subject.of(policy, target.id, row.reading).quantity, target.encouraged
        asked = f"≥ {quantity.threshold(float(level))}"
        figure = quantity.text(row.value, float(level)) if pd.notna(row.value) else "–"
        yield say(
            f"{called(row)}“{target.label}”：文件另鼓励达到 {asked}，已知单位为 {figure}；不作判定依据。",
            f"{called(row)}, “{target.label}”: {asked} is encouraged, the known units have "
            f"{figure}; nothing is judged by it.",
        )


def _led(table: Table, rows: pd.DataFrame) -> Table:
    """A table of results, each row led by the name of its area."""
    body = tuple(
        (called(row), *cells) for row, cells in zip(records(rows), table.rows, strict=True)
    )
    header = (say("地区", "Area"), *table.header)
    numeric = frozenset(column + 1 for column in table.numeric)
    return replace(table, header=header, rows=body, numeric=numeric)


def indicator(subject: Subject) -> str:
    """What a row of figures is called: its target, and the reading that is not the primary one."""
    if subject.reading.id == "primary":
        return subject.target.label
    return f"{subject.target.label} · {subject.reading.label}"


def _place(row: Any) -> str:
    """The anchor of the components of a row of results."""
    return f"components-{row.area_code}-{row.target}-{row.reading}"


def _target_cells(row: Any, policy: Policy) -> tuple[str | Link, ...]:
    target = policy.target(row.target)
    subject = Subject.of(policy, target.id, row.reading)
    quantity, threshold = subject.quantity, row.threshold
    against = None if pd.isna(threshold) else threshold
    applies = row.verdict != "not_applicable"
    value = quantity.text(row.value, against) if pd.notna(row.value) else "–"
    return (
        say(*THEMES[target.theme]),
        Link(indicator(subject), f"sentence-{target.id}"),
        Link(value, _place(row)),
        quantity.bounds(row.lower, row.upper, against) if applies else "–",
        "" if against is None else "≥ " + quantity.threshold(threshold),
        "" if pd.isna(row.due) else str(row.due.date()),
        verdict_text(row.verdict),
        "" if pd.isna(row.shortfall) else f"{row.shortfall:,}",
        f"{row.unknown:,}",
        say("一致", "agree") if row.stable else say("不一致", "differ"),
        row.assumed,
    )


def components(
    details: pd.DataFrame, policy: Policy, area: str, date: dt.date, *, simulated: bool = False
) -> Table:
    """What went into every figure of an area, and what would settle it.

    `details`: the table of `sanlian_analysis.components`. Rival denominators
    stand side by side; the last two columns count unknown units.
    """
    rows = area_rows(details, area, date).sort_values("area_code", kind="stable")
    body = tuple(_component_cells(row, policy) for row in records(rows))
    header = (
        say("指标", "Indicator"),
        say("通过", "Pass"),
        say("不通过", "Fail"),
        say("计入合计", "In the sum"),
        say("未知", "Unknown"),
        say("不在范围", "Out of scope"),
        say("其他类型", "Other type"),
        say("÷名录", "÷ frame"),
        say("÷已上报", "÷ reported"),
        say("÷已知", "÷ complete"),
        say("再确认几个通过即达标", "Yes to meet"),
        say("再确认几个不通过即不达标", "No to miss"),
        say("比较", "Comparison"),
    )
    notes = (
        say(
            "三个分母：名录中全部适用单位、该时点有上报的单位、数据齐全的单位。"
            "最后两项在未知单位之内；空白表示未知单位无论如何都改变不了。",
            "Three denominators: all units in scope, those with a row at this date, those with "
            "complete data. The last counts lie within the unknown units; blank means that they "
            "cannot bring it about.",
        ),
    )
    anchors = tuple(_place(row) for row in records(rows))
    caption = say("计算明细", "Calculation components")
    numeric = frozenset(range(1, 12))
    table = Table(caption, header, body, numeric, notes, simulated, anchors, folded=True)
    return table if area else _led(table, rows)


def _component_cells(row: Any, policy: Policy) -> tuple[str, ...]:
    subject = Subject.of(policy, row.target, row.reading)
    against = None if pd.isna(row.threshold) else row.threshold

    def figure(value: float) -> str:
        return "–" if pd.isna(value) else subject.quantity.text(value, against)

    def count(value: float) -> str:
        return "" if pd.isna(value) else f"{value:,.0f}"

    return (
        indicator(subject),
        *(count(n) for n in (row.passes, row.fails, row.counted, row.unknown)),
        *(count(n) for n in (row.out_of_scope, row.other_settlement)),
        *(figure(v) for v in (row.value_frame, row.value_reported, row.value_complete)),
        count(row.yes_to_meet),
        count(row.no_to_miss),
        row.comparison,
    )


def clauses(policy: Policy, date: dt.date) -> Table:
    """Every target with the sentence in force at a date, and how it is calculated."""
    body = []
    for target in policy.targets:
        asked = target.milestone(date) or target
        calculation = calculation_text(target, target.readings[0], policy)
        body.append((target.label, asked.clause, quoted(asked.sentence), calculation))
    header = (
        say("指标", "Indicator"),
        say("条款", "Clause"),
        say("原文", "Sentence"),
        say("计算", "Calculation"),
    )
    anchors = tuple(f"sentence-{target.id}" for target in policy.targets)
    return Table(document(policy), header, tuple(body), anchors=anchors)


def document(policy: Policy) -> str:
    """What a policy document is called, and its number."""
    return f"{say(f'《{policy.title}》', policy.title_en)} {policy.number}".rstrip()


def counties(
    results: pd.DataFrame,
    policy: Policy,
    date: dt.date,
    *,
    within: str = "",
    simulated: bool = False,
) -> Table:
    """Verdicts per county at a snapshot: how many targets are met, missed or open.

    `within`: of the counties whose codes begin so.
    """
    rows = county_rows(results, date, within)
    shown = [verdict for verdict in style.VERDICTS if verdict != "no_threshold"]
    body = []
    for code, found in rows.groupby("area_code", sort=True):
        name = found["area"].iloc[0]
        counts = found["verdict"].value_counts()
        cells = (str(code), "" if pd.isna(name) else str(name))
        body.append((*cells, *(str(counts.get(v, 0)) for v in shown)))
    header = (
        say("代码", "Code"),
        say("县（市、区）", "County"),
        *(verdict_text(verdict) for verdict in shown),
    )
    caption = say(f"各县判定（{date}）", f"Verdicts by county ({date})")
    numeric = frozenset(range(2, 2 + len(shown)))
    return Table(caption, header, tuple(body), numeric, (), simulated)


def key_targets(
    policy: Policy, theme: str | None = None, most: int = 4, level: str | None = None
) -> list[str]:
    """Ids of the targets worth a chart: demands with a number on communities, in order.

    Those that bind at `level` come before all others.
    """
    there = [
        target
        for target in policy.targets
        if target.milestones and target.unit == "community" and theme in (None, target.theme)
    ]
    there.sort(key=lambda target: target.level != level)
    return [target.id for target in there[:most]]


def enclosing_area(results: pd.DataFrame) -> str:
    """Code of the smallest area that holds every county of the results; empty for several."""
    codes = results.loc[results["level"] == "county", "area_code"].unique()
    for digits in (LEVELS["county"], LEVELS["city"], LEVELS["province"]):
        if len(heads := {code[:digits] for code in codes}) == 1:
            return heads.pop()
    return ""


def contents(ledger: Ledger) -> Table:
    """What was read of a ledger: rows, columns and snapshots, sheet by sheet."""
    body = []
    for sheet in KEYS:
        table = ledger.table(sheet)
        if len(table):
            known = [id_ for id_ in measured(sheet) if id_ in table]
            days = f"{table['date'].nunique():,}"
            body.append((sheet, f"{len(table):,}", f"{len(known):,}", days))
    header = (
        say("工作表", "Sheet"),
        say("行数", "Rows"),
        say("变量", "Variables"),
        say("时点", "Snapshots"),
    )
    days = listed(day.isoformat() for day in ledger.dates)
    notes = [say(f"统计时点：{days}。", f"Snapshots: {days}.")]
    if ledger.frame is not None:
        notes.append(
            say(
                f"名录：{len(ledger.frame):,} 个村（社区）。",
                f"Frame: {len(ledger.frame):,} villages and communities.",
            )
        )
    numeric = frozenset({1, 2, 3})
    name = Path(ledger.path).name
    return Table(name, header, tuple(body), numeric, tuple(notes), ledger.simulated)


def findings(found: Sequence[Finding], *, most: int = 20) -> Table:
    """What a check found, equal findings in one line, the worst first; at most `most` lines.

    `found`: of `sl.check`.
    """
    groups = grouped(found)
    body = tuple(
        (
            say(*SEVERITIES[group.findings[0].severity]),
            f"{len(group.findings):,}",
            listed(one.place for one in group.findings[:3])
            + ("…" if len(group.findings) > 3 else ""),
            group.findings[0].expected or group.findings[0].message,
        )
        for group in groups[:most]
    )
    header = (
        say("程度", "Severity"),
        say("处数", "Places"),
        say("单元格", "Cells"),
        say("应为、怎样改", "What is expected, and the mend"),
    )
    counted_ = listed(f"{say(*SEVERITIES[kind])} {n:,}" for kind, n in counts(found).items())
    caption = say(f"检查结果：{counted_}", f"Findings: {counted_}")
    notes = () if body else (say("没有发现问题。", "Nothing was found."),)
    total = len(groups) if len(groups) > most else None
    return Table(caption, header, body, frozenset({1}), notes, total=total)
