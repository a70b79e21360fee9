"""Tables and sentences for notebooks and pages: rounded and worded here, computed elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import Any

import pandas as pd

from sanlian_analysis import units as unit_lists
from sanlian_analysis.charts import style
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import told
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import THEMES, Policy
from sanlian_analysis.policy_text import calculation_text
from sanlian_analysis.records import records
from sanlian_analysis.schema import SETTLEMENTS
from sanlian_analysis.values import NORMALISATIONS

#: More rows than this are left to the results table and the ledger itself.
MOST_ROWS = 500

#: More names than this make no sentence.
MOST_NAMES = 20

_SYMBOLS = {
    "met": "●",
    "not_met": "◆",
    "undetermined": "△",
    "not_applicable": "–",
    "no_threshold": "□",
}


def simulated_mark() -> str:
    """The mark of everything that is made from invented figures."""
    return say("模拟数据", "Simulated data")


@dataclass(frozen=True)
class Link:
    """A cell that leads to another place on the same page."""

    text: str
    anchor: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """A table ready to be read: text cells and links, with a caption and notes below.

    Shows as escaped HTML in notebooks; `numeric` columns are set to the right,
    `anchors` name the rows that links lead to, and a `folded` table is one
    click away.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Link, ...], ...]
    numeric: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    simulated: bool = False
    anchors: tuple[str, ...] = ()
    folded: bool = False

    def _repr_html_(self) -> str:
        mark = f' <span class="simulated">{escape(simulated_mark())}</span>'
        caption = escape(self.caption) + (mark if self.simulated else "")
        head = self._cells('th scope="col"', self.header)
        body = "".join(
            f"<tr{self._id(i)}>{self._cells('td', r)}</tr>" for i, r in enumerate(self.rows)
        )
        notes = "".join(f'<p class="note">{escape(note)}</p>' for note in self.notes)
        title = "" if self.folded else f"<caption>{caption}</caption>"
        table = (
            f'<div class="table"><table>{title}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{notes}"
        )
        if not self.folded:
            return table
        return f"<details><summary>{caption}</summary>{table}</details>"

    def _id(self, row: int) -> str:
        return f' id="{escape(self.anchors[row])}"' if self.anchors else ""

    def _cells(self, tag: str, row: Sequence[str | Link]) -> str:
        kinds = (' class="number"' if i in self.numeric else "" for i in range(len(row)))
        end = tag.split()[0]
        return "".join(
            f"<{tag}{kind}>{_inner(cell)}</{end}>" for kind, cell in zip(kinds, row, strict=True)
        )

    def __repr__(self) -> str:
        lines = ["\t".join(map(str, row)) for row in (self.header, *self.rows)]
        mark = [simulated_mark()] if self.simulated else []
        return "\n".join([self.caption, *mark, *lines, *self.notes])


def _inner(cell: str | Link) -> str:
    text = escape(str(cell))
    return f'<a href="#{escape(cell.anchor)}">{text}</a>' if isinstance(cell, Link) else text


@dataclass(frozen=True)
class Tables:
    """Several tables, one below the other."""

    tables: tuple[Table, ...]

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables)

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.tables))


@dataclass(frozen=True)
class Statement:
    """A heading and sentences below it."""

    heading: str
    sentences: tuple[str, ...]
    simulated: bool = False
    details: tuple[str, ...] = field(default=())

    def _repr_html_(self) -> str:
        mark = f' <span class="simulated">{escape(simulated_mark())}</span>'
        items = "".join(f"<li>{escape(text)}</li>" for text in self.details)
        return (
            f'<div class="statement"><h1>{escape(self.heading)}'
            f"{mark if self.simulated else ''}</h1>"
            + "".join(f"<p>{escape(text)}</p>" for text in self.sentences)
            + (f"<ul>{items}</ul>" if items else "")
            + "</div>"
        )

    def __repr__(self) -> str:
        mark = [simulated_mark()] if self.simulated else []
        return "\n".join([self.heading, *mark, *self.sentences, *(f"- {d}" for d in self.details)])


def verdict_text(verdict: str) -> str:
    """A verdict in words, with a sign that is read without colour.

    >>> verdict_text("met")
    '● 达标'
    """
    return f"{_SYMBOLS[verdict]} {style.VERDICTS[verdict].label.split('（')[0].split(' (')[0]}"


def area_rows(results: pd.DataFrame, area: str, date: dt.date) -> pd.DataFrame:
    """The rows of one area at one snapshot."""
    return results[(results["area_code"] == area) & (results["date"] == pd.Timestamp(date))]


def area_name(results: pd.DataFrame, area: str) -> str:
    """The area's name as the results have it, else its code."""
    names = results.loc[results["area_code"] == area, "area"].dropna()
    return str(names.iloc[0]) if len(names) else area


def headline(
    results: pd.DataFrame, policy: Policy, area: str, date: dt.date, *, simulated: bool = False
) -> Statement:
    """What can be said of an area at once: how many demands are met, and the first figures.

    `results`: the results table. Only demands that bind in this area count;
    where none does, the sentence says at which level the document binds.
    """
    rows = area_rows(results, area, date)
    primary = rows[rows["reading"] == "primary"]
    binding = primary[primary["binding"] & (primary["verdict"] != "no_threshold")]
    name = area_name(results, area)
    counts = binding["verdict"].value_counts()
    parts = say("、", ", ").join(
        f"{verdict_text(v)} {counts[v]}" for v in style.VERDICTS if counts.get(v)
    )
    if binding.empty:
        summary = say(
            f"《{policy.title}》不在这一层级考核，以下数字供参考。",
            f"“{policy.title_en}” does not bind at this level; the figures below inform.",
        )
    else:
        summary = say(
            f"按《{policy.title}》应考核的 {len(binding)} 项目标：{parts}。",
            f"{len(binding)} demands of “{policy.title_en}” bind here: {parts}.",
        )
    shown = (primary if binding.empty else binding).drop_duplicates("target")
    shown = shown[~shown["verdict"].isin(["not_applicable", "no_threshold"])].head(5)
    details = tuple(
        f"{policy.target(row.target).label}{say('：', ': ')}"
        + Subject.of(policy, row.target, "primary").finding(row)
        for row in records(shown)
    )
    heading = say(f"{name}（{area}）　截至{date}", f"{name} ({area}), {date}")
    return Statement(heading, (summary,), simulated, details)


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
    """
    rows = area_rows(results, area, date)
    rows = rows[(rows["reading"] != "primary") == readings]
    order = {target.id: list(THEMES).index(target.theme) for target in policy.targets}
    rows = rows.sort_values("target", key=lambda ids: ids.map(order), kind="stable")
    binding = rows[rows["binding"]]
    if readings or binding.empty:
        caption = say("其他读法", "Other readings") if readings else say("各项指标", "Indicators")
        return Tables((_indicators(rows, policy, caption, simulated, folded=readings),))
    informing = rows[~rows["binding"]]
    first = _indicators(binding, policy, say("考核的指标", "Indicators that bind"), simulated)
    if informing.empty:
        return Tables((first,))
    caption = say(
        f"参考的指标（{len(informing)} 项）", f"Indicators that inform ({len(informing)})"
    )
    return Tables((first, _indicators(informing, policy, caption, simulated, folded=True)))


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
    )
    body = tuple(_target_cells(row, policy)[: len(header)] for row in records(rows))
    numeric = frozenset({2, 3, 4, 7, 8})
    return Table(caption, header, body, numeric, notes, simulated, folded=folded)


def _target_cells(row: Any, policy: Policy) -> tuple[str | Link, ...]:
    target = policy.target(row.target)
    subject = Subject.of(policy, target.id, row.reading)
    quantity, threshold = subject.quantity, row.threshold
    against = None if pd.isna(threshold) else threshold
    name = target.label
    if row.reading != "primary":
        name += f" · {subject.reading.label}"
    applies = row.verdict != "not_applicable"
    value = quantity.text(row.value, against) if pd.notna(row.value) else "–"
    return (
        say(*THEMES[target.theme]),
        Link(name, f"sentence-{target.id}"),
        Link(value, f"components-{target.id}-{row.reading}"),
        quantity.bounds(row.lower, row.upper, against) if applies else "–",
        "" if against is None else "≥ " + quantity.threshold(threshold),
        "" if pd.isna(row.due) else str(row.due.date()),
        verdict_text(row.verdict),
        "" if pd.isna(row.shortfall) else f"{row.shortfall:,}",
        f"{row.unknown:,}",
        say("一致", "agree") if row.stable else say("不一致", "differ"),
        row.assumed,
    )


def short_units(ledger: Ledger, policy: Policy, area: str, date: dt.date) -> Table:
    """The villages and communities of an area that fall short, and what each lacks.

    One row per unit, those that lack most first; demands whose figures are
    unknown are listed apart. At most `MOST_ROWS` rows.
    """
    found = unit_lists.units_short(ledger, policy, date, area)
    rows: list[tuple[int, tuple[str, ...]]] = []
    for (code, name, street, settlement), lacks in found.groupby(
        ["code", "name", "street", "settlement"], sort=False, dropna=False
    ):
        lacks = lacks.drop_duplicates("demand")
        fails, open_ = (lacks[lacks["status"] == s] for s in ("fails", "unknown"))
        missing = [_lack_text(told(r.demand, policy), r.value, r.gap) for r in records(fails)]
        unknown = [told(demand, policy) for demand in open_["demand"]]
        cells = (_text(code), _text(name), _text(street), _settlement(settlement))
        rows.append(
            (len(missing), (*cells, *(say("；", "; ").join(texts) for texts in (missing, unknown))))
        )
    rows.sort(key=lambda row: (-row[0], row[1]))
    notes = []
    if len(rows) > MOST_ROWS:
        notes.append(
            say(
                f"共 {len(rows)} 个单位，此处列出前 {MOST_ROWS} 个。",
                f"{len(rows)} units in all; the first {MOST_ROWS} are listed.",
            )
        )
    if not rows:
        notes.append(say("没有单位落在标准之外。", "No unit falls short."))
    header = (
        say("代码", "Code"),
        say("村（社区）", "Village or community"),
        say("街道（乡镇）", "Street or township"),
        say("类型", "Type"),
        say("尚缺", "Lacks"),
        say("未知", "Unknown"),
    )
    caption = say(
        f"未达标准或情况不明的村（社区）：{len(rows)} 个",
        f"Villages and communities short of a standard, or unknown: {len(rows)}",
    )
    shown = tuple(cells for _, cells in rows[:MOST_ROWS])
    return Table(caption, header, shown, frozenset(), tuple(notes), ledger.simulated)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _settlement(value: Any) -> str:
    chinese = {code: name for name, code in SETTLEMENTS.items()}
    return say(chinese.get(value, value), value)


def _lack_text(demand: str, value: Fraction | None, gap: Fraction | None) -> str:
    if value is None or gap is None:
        return demand + say("：否", ": no")
    if gap == 0:  # just at a bound that must be exceeded
        return demand + say(
            f"：现为 {style.number(float(value))}", f": now {style.number(float(value))}"
        )
    figure, distance = style.number(float(value)), style.number(abs(float(gap)))
    lacking = say(f"差 {distance}", f"{distance} short")
    over = say(f"超 {distance}", f"{distance} over")
    return (
        f"{demand}{say('：现为', ': now')} {figure}{say('，', ', ')}{over if gap < 0 else lacking}"
    )


def data_quality(ledger: Ledger, policy: Policy, area: str, date: dt.date) -> Table:
    """How much of what the policy needs was reported in an area, per variable."""
    found = unit_lists.completeness(ledger, policy, date, area)
    header = (
        say("变量", "Variable"),
        say("已填", "Reported"),
        say("空白", "Blank"),
        say("无此行", "No row"),
        say("不适用", "Not applicable"),
        say("名录单位数", "Units in the frame"),
    )
    body = tuple((row.label, *(f"{n:,}" for n in row[1:])) for row in records(found))
    errors = sum(finding.severity == "error" for finding in ledger.findings)
    notes = (
        say(
            f"整份台账有 {errors} 处填写错误按未知处理，共 {len(ledger.findings)} 条检查意见。",
            f"{errors} faulty cells of the whole ledger count as unknown; "
            f"{len(ledger.findings)} findings in all.",
        ),
        *_put_right(ledger),
        *_others(ledger, area, date),
    )
    caption = say("数据完整性", "Completeness")
    return Table(caption, header, body, frozenset(range(1, 6)), notes, ledger.simulated)


def _put_right(ledger: Ledger) -> tuple[str, ...]:
    """How many cells were read in another form than they stood in."""
    if not ledger.normalised:
        return ()
    kinds = [f"{say(*NORMALISATIONS[kind])} {count:,}" for kind, count in ledger.normalised.items()]
    return (
        say(f"按惯例整理的单元格：{'，'.join(kinds)}。", f"Cells put right: {', '.join(kinds)}."),
    )


def components(
    details: pd.DataFrame, policy: Policy, area: str, date: dt.date, *, simulated: bool = False
) -> Table:
    """What went into every figure of an area, and what would settle it.

    `details`: the table of `sanlian_analysis.components`. Rival denominators
    stand side by side; the last two columns count unknown units.
    """
    rows = area_rows(details, area, date)
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
    anchors = tuple(f"components-{row.target}-{row.reading}" for row in records(rows))
    caption = say("计算明细", "Calculation components")
    numeric = frozenset(range(1, 12))
    return Table(caption, header, body, numeric, notes, simulated, anchors, folded=True)


def _component_cells(row: Any, policy: Policy) -> tuple[str, ...]:
    subject = Subject.of(policy, row.target, row.reading)
    against = None if pd.isna(row.threshold) else row.threshold

    def figure(value: float) -> str:
        return "–" if pd.isna(value) else subject.quantity.text(value, against)

    def count(value: float) -> str:
        return "" if pd.isna(value) else f"{value:,.0f}"

    name = subject.target.label
    if row.reading != "primary":
        name += f" · {subject.reading.label}"
    return (
        name,
        *(count(n) for n in (row.passes, row.fails, row.counted, row.unknown)),
        *(count(n) for n in (row.out_of_scope, row.other_settlement)),
        *(figure(v) for v in (row.value_frame, row.value_reported, row.value_complete)),
        count(row.yes_to_meet),
        count(row.no_to_miss),
        row.comparison,
    )


def _others(ledger: Ledger, area: str, date: dt.date) -> tuple[str, ...]:
    """Units that are neither urban nor rural are in no denominator, and are named."""
    units = unit_lists.units_at(ledger, date, area)
    names = units.loc[units["settlement"] == "other", "name"].fillna("?").tolist()
    if not names:
        return ()
    listed = say("、", ", ").join(names[:MOST_NAMES]) + ("…" if len(names) > MOST_NAMES else "")
    return (
        say(
            f"{len(names)} 个单位既非城市社区也非农村社区，不计入任何指标：{listed}",
            f"{len(names)} units are neither urban nor rural and count in no indicator: {listed}",
        ),
    )


def clauses(policy: Policy, date: dt.date) -> Table:
    """Every target with the sentence in force at a date, and how it is calculated."""
    body = []
    for target in policy.targets:
        asked = target.milestone(date) or target
        calculation = calculation_text(target, target.readings[0], policy)
        body.append((target.label, asked.clause, f"“{asked.sentence}”", calculation))
    header = (
        say("指标", "Indicator"),
        say("条款", "Clause"),
        say("原文", "Sentence"),
        say("计算", "Calculation"),
    )
    title = f"《{policy.title}》" if say("zh", "en") == "zh" else policy.title_en
    anchors = tuple(f"sentence-{target.id}" for target in policy.targets)
    return Table(f"{title} {policy.number}".rstrip(), header, tuple(body), anchors=anchors)


def counties(
    results: pd.DataFrame, policy: Policy, date: dt.date, *, simulated: bool = False
) -> Table:
    """Verdicts per county at a snapshot: how many targets are met, missed or open."""
    rows = results[
        (results["level"] == "county")
        & (results["date"] == pd.Timestamp(date))
        & (results["reading"] == "primary")
    ]
    shown = [verdict for verdict in style.VERDICTS if verdict != "no_threshold"]
    body = []
    for (code, name), found in rows.groupby(["area_code", "area"], sort=True, dropna=False):
        counts = found["verdict"].value_counts()
        body.append((_text(code), _text(name), *(str(counts.get(v, 0)) for v in shown)))
    header = (
        say("代码", "Code"),
        say("县（市、区）", "County"),
        *(verdict_text(verdict) for verdict in shown),
    )
    caption = say(f"各县判定（{date}）", f"Verdicts by county ({date})")
    numeric = frozenset(range(2, 2 + len(shown)))
    return Table(caption, header, tuple(body), numeric, (), simulated)


def key_targets(policy: Policy, theme: str | None = None, most: int = 4) -> list[str]:
    """Ids of the targets worth a chart: demands with a number on communities, in order."""
    return [
        target.id
        for target in policy.targets
        if target.milestones and target.unit == "community" and theme in (None, target.theme)
    ][:most]


def enclosing_area(results: pd.DataFrame) -> str:
    """Code of the smallest area that holds every county of the results; empty for several."""
    codes = results.loc[results["level"] == "county", "area_code"].unique()
    for digits in (LEVELS["county"], LEVELS["city"], LEVELS["province"]):
        if len(heads := {code[:digits] for code in codes}) == 1:
            return heads.pop()
    return ""
