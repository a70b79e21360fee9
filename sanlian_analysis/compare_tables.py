"""Tables of documents compared: who asks more, where verdicts part, how ranks move."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from sanlian_analysis.charts import style
from sanlian_analysis.charts.names import names_apart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import bracketed, variable_label
from sanlian_analysis.compare import Decomposition, PolicyComparison
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.records import records
from sanlian_analysis.table import Table, Tables

#: Parts of an area that a table of contributions names.
_MOST_PARTS = 15


class Documents:
    """The documents of a comparison by id, loaded once."""

    def __init__(self, *own: Policy) -> None:
        """`own`: those that are not built in."""
        self._known = {one.id: one for one in own}

    def __getitem__(self, id_: str) -> Policy:
        if id_ not in self._known:
            self._known[id_] = load_policy(id_)
        return self._known[id_]


def demands(found: PolicyComparison, documents: Documents) -> Table:
    """What the documents ask of the same variable, side by side."""
    body = tuple(
        (
            variable_label(row.variable),
            documents[row.policy].label,
            documents[row.policy].target(row.target).label,
            Subject.of(documents[row.policy], row.target, "primary").measured,
            _asked(row.threshold, documents[row.policy], row.target),
            _day(row.due),
            row.clause,
            "" if row.answered else say("台账不能回答", "not answered by the ledger"),
        )
        for row in records(found.demands)
    )
    header = (
        say("变量", "Variable"),
        say("文件", "Document"),
        say("指标", "Indicator"),
        say("怎样计算", "Measure"),
        say("最终目标", "Last threshold"),
        say("期限", "Due"),
        say("条款", "Clause"),
        "",
    )
    caption = say("各文件对同一事项的要求", "What the documents ask of the same thing")
    return Table(caption, header, body, frozenset({4}), (), found.simulated)


def disagreements(found: PolicyComparison, documents: Documents) -> Table:
    """Per pair of demands, in how many areas the verdicts agree, part, or stay open."""
    body = []
    keys = ["policy", "target", "other_policy", "other_target"]
    for pair, rows in found.verdicts.groupby(keys, sort=False):
        counts = rows["agreement"].value_counts()
        policy, target, other_policy, other_target = map(str, pair)
        names = (_named(documents, policy, target), _named(documents, other_policy, other_target))
        numbers = (f"{counts.get(kind, 0):,}" for kind in ("agree", "disagree", "open"))
        body.append((*names, *numbers))
    header = (
        say("一份文件", "One document"),
        say("另一份文件", "The other"),
        say("判定一致", "Verdicts agree"),
        say("判定相反", "part"),
        say("待定", "open"),
    )
    notes = () if body else (say("没有可比的要求。", "No demands can be compared."),)
    caption = say("按两份文件判定，结论是否一致（地区数）", "Do the verdicts agree (areas)")
    return Table(caption, header, tuple(body), frozenset({2, 3, 4}), notes, found.simulated)


def stability(found: PolicyComparison, documents: Documents) -> Table:
    """How far the documents rank the areas alike: Kendall's τ_b."""
    body = tuple(
        (
            _criterion(row.criterion),
            documents[row.policy].label,
            documents[row.other_policy].label,
            f"{row.areas:,}",
            "–" if pd.isna(row.tau_b) else f"{row.tau_b:+.2f}",
        )
        for row in records(found.stability)
    )
    header = (
        say("按什么排名", "Ranked by"),
        say("一份文件", "One document"),
        say("另一份文件", "The other"),
        say("地区数", "Areas"),
        "τ_b",
    )
    notes = (
        say(
            "τ_b：1 表示排名完全一致，0 表示无关，−1 表示完全相反。",
            "τ_b: 1 for the same order, 0 for none in common, −1 for the opposite one.",
        ),
    )
    caption = say("换一份文件，排名是否还稳", "Do the ranks hold under another document")
    return Table(caption, header, body, frozenset({3, 4}), notes, found.simulated)


def movers(found: PolicyComparison, documents: Documents, most: int = 15) -> Table:
    """The areas whose rank depends most on the document."""
    rows = found.moves[found.moves["move"] > 0]
    names = names_apart(rows)
    body = tuple(
        (
            names[row.area_code],
            _criterion(row.criterion),
            style.number(float(row.rank_best)) + bracketed(documents[row.policy_best].label),
            style.number(float(row.rank_worst)) + bracketed(documents[row.policy_worst].label),
            style.number(float(row.move)),
        )
        for row in records(rows.head(most))
    )
    header = (
        say("地区", "Area"),
        say("按什么排名", "Ranked by"),
        say("最好名次", "Best rank"),
        say("最差名次", "Worst rank"),
        say("相差", "Places"),
    )
    total = len(rows) if len(rows) > most else None
    caption = say("名次随文件变动最大的地区", "Areas whose rank moves most")
    return Table(caption, header, body, frozenset({4}), (), found.simulated, total=total)


def _criterion(id_: str) -> str:
    known = {
        "met": say("确定达到的要求数", "demands surely met"),
        "main": say("主要指标", "main indicator"),
    }
    return known.get(id_) or variable_label(id_.split("/")[0])


def _asked(threshold: Fraction | None, policy: Policy, target: str) -> str:
    if threshold is None:
        return say("未定数值", "no number")
    return Subject.of(policy, target, "primary").quantity.threshold(float(threshold))


def _named(documents: Documents, policy: str, target: str) -> str:
    return f"{documents[policy].label} {documents[policy].target(target).label}"


def _day(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)[:10]


def change_parts(found: Decomposition, policy: Policy, target: str) -> Tables:
    """Why a figure changed: the terms, then the parts that contributed most."""
    subject = Subject.of(policy, target, "primary")
    percent = subject.quantity.percent
    terms = ("progress", "weights", "turnover", "scope", "reporting")
    heads = (
        say("自身进展", "Progress"),
        say("权重变化", "Weights"),
        say("单位增减", "Turnover"),
        say("范围变化", "Scope"),
        say("填报变化", "Reporting"),
    )
    figures = {
        "value": say("数值（已知单位）", "figure (known units)"),
        "lower": say("下界", "lower bound"),
        "upper": say("上界", "upper bound"),
    }

    def points(value: Fraction | None) -> str:
        if value is None:
            return "–"
        return f"{float(value) * (100 if percent else 1):+.2f}"

    def ends_of(row: Any) -> tuple[str, ...]:
        """Both figures, each on its side of the threshold of its date."""
        return tuple(
            "–"
            if value is None
            else subject.quantity.text(float(value), None if against is None else float(against))
            for value, against in zip((row.earlier, row.later), found.thresholds, strict=True)
        )

    body = tuple(
        (
            figures[row.figure],
            *ends_of(row),
            points(row.change),
            *(points(getattr(row, term)) for term in terms),
        )
        for row in records(found.total)
    )
    ends = (say("前", "Earlier"), say("后", "Later"), say("变化", "Change"))
    unit = say("百分点", "percentage points") if percent else subject.quantity.unit
    notes = tuple(dict.fromkeys(note for note in found.total["note"] if note))
    whole = Table(
        say(
            f"{subject.name}：变化的来源（{unit}）",
            f"{subject.name}: where the change came from ({unit})",
        ),
        (say("口径", "Figure"), *ends, *heads),
        body,
        frozenset(range(1, 9)),
        notes,
        found.simulated,
    )
    parts = found.parts[found.parts["figure"] == "lower"].dropna(subset=["progress"])
    ordered = parts.assign(size=[abs(float(one)) for one in parts["progress"]])
    ordered = ordered.sort_values("size", ascending=False, kind="stable")
    names = names_apart(parts.rename(columns={"part_code": "area_code", "part": "area"}))
    rows = tuple(
        (
            names[row.part_code],
            *ends_of(row),
            *(points(getattr(row, term)) for term in terms),
        )
        for row in records(ordered.head(_MOST_PARTS))
    )
    each = Table(
        say(f"各部分的贡献（下界，{unit}）", f"What each part contributes (lower bound, {unit})"),
        (say("地区", "Area"), *ends[:2], *heads),
        rows,
        frozenset(range(1, 8)),
        (),
        found.simulated,
        total=len(ordered) if len(ordered) > _MOST_PARTS else None,
    )
    return Tables((whole, each))


def inequality(table: pd.DataFrame) -> Table:
    """Theil's index with its two parts, and Gini. `table`: of `sl.spread`."""

    def three(value: float) -> str:
        return "–" if pd.isna(value) else f"{value:.3f}"

    body = tuple(
        (
            variable_label(row.variable),
            f"{row.units:,}",
            f"{row.missing:,}",
            style.number(float(row.mean)) if pd.notna(row.mean) else "–",
            three(row.theil),
            three(row.within),
            three(row.between),
            three(row.gini),
        )
        for row in records(table)
    )
    header = (
        say("变量", "Variable"),
        say("单位数", "Units"),
        say("未知", "Unknown"),
        say("平均", "Mean"),
        say("泰尔指数", "Theil"),
        say("区域内", "Within"),
        say("区域间", "Between"),
        say("基尼系数", "Gini"),
    )
    notes = (
        say(
            "泰尔指数 = 区域内 + 区域间；0 表示各单位一样多。未知的单位不计入。",
            "Theil's index is the sum of within and between; 0 where all are equal. Unknown units "
            "are left out.",
        ),
    )
    simulated = bool(table.attrs.get("simulated"))
    return Table(say("差距", "Inequality"), header, body, frozenset(range(1, 8)), notes, simulated)
