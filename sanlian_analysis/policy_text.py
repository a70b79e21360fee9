"""A policy for people and for programs, and its sentences against the official text."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import Expression, in_words
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import (
    THEMES,
    Band,
    Formula,
    Growth,
    Mean,
    Milestone,
    Policy,
    Ratio,
    Reading,
    Score,
    Share,
    Target,
    Total,
)

_UNITS = {
    "community": ("社区（村）", "community or village"),
    "street": ("街道（乡镇）", "street or township"),
    "county": ("县（市、区）", "county"),
    "area": ("全域", "whole area"),
}
_LEVELS = {
    "street": ("街道", "street"),
    "county": ("县", "county"),
    "city": ("市", "city"),
    "province": ("省", "province"),
    "none": ("不作约束", "nowhere"),
}
_SETTLEMENTS = {"urban": ("城市社区", "urban communities"), "rural": ("农村社区", "villages")}


def exact_text(number: Fraction, *, as_percent: bool) -> str:
    """A threshold as the document writes it.

    >>> exact_text(Fraction(2, 5), as_percent=True), exact_text(Fraction(1, 3), as_percent=True)
    ('40%', '1/3')
    """
    if as_percent and (number * 100).denominator == 1:
        return f"{number * 100}%"
    return str(number)


def is_rate(reading: Reading) -> bool:
    """Whether the reading's figures are fractions, shown as percentages."""
    formula = reading.formula
    if isinstance(formula, Ratio):
        return formula.scale == 1
    return isinstance(formula, Share | Band | Growth | Score)


def threshold_text(reading: Reading, milestone: Milestone | None) -> str:
    """The threshold that a reading compares with, empty for a vague target."""
    if milestone is None:
        return ""
    threshold = milestone.threshold if reading.threshold is None else reading.threshold
    return exact_text(threshold, as_percent=is_rate(reading))


def calculation_text(target: Target, reading: Reading, policy: Policy) -> str:
    """How a reading is calculated, in words."""

    def words(expression: Expression) -> str:
        return in_words(expression, lambda name: variable_name(name, target.unit, policy))

    formula = _formula_text(reading.formula, words)
    if target.unit != "community":
        return formula
    both = len(reading.settlement) == 2
    scope = listed(
        say(*names) for key, names in _SETTLEMENTS.items() if both or key in reading.settlement
    )
    if reading.where is not None:
        scope += say(f"，其中{words(reading.where)}", f" with {words(reading.where)}")
    if reading.standards:
        names = listed(policy.target(id_).label for id_ in reading.standards)
        formula += say(f"，且达到同期到期的：{names}", f", and those due at that date of: {names}")
    return say(f"{formula}（{scope}）", f"{formula} ({scope})")


def _formula_text(formula: Formula, words: Any) -> str:
    match formula:
        case Share(condition):
            return say("占比：", "share with ") + words(condition)
        case Mean(value):
            return say("平均：", "mean of ") + words(value)
        case Ratio(part, whole, scale):
            times = f" × {scale}" if scale != 1 else ""
            return (
                say("合计之比：", "pooled ratio ") + f"Σ({words(part)}) ÷ Σ({words(whole)}){times}"
            )
        case Band(value, floor, ceiling):
            return (
                say("占比：", "share with ") + f"{words(floor)} ≤ {words(value)} ≤ {words(ceiling)}"
            )
        case Growth(value):
            return (
                say("占比：", "share with ")
                + words(value)
                + say(" 高于上一时点", " above the previous snapshot")
            )
        case Score(value, at_least, below):
            limit = f" < {below}" if below is not None else ""
            total = say("各项得分合计", "sum of the items")
            return say("占比：", "share with ") + f"{at_least} ≤ {total}{limit}"
    return say("合计：", "total of ") + words(formula.value)


def variable_name(name: str, unit: str, policy: Policy) -> str:
    """A name of an expression for people: a variable's header, or a parameter's name."""
    if "(" in name:
        function, inner = name[:-1].split("(")
        label = schema.of_unit("community")[inner].label
        counted = say(f"“{label}”的社区数", f"communities with {label}")
        return counted if function == "communities" else say(f"各社区{label}合计", f"total {label}")
    if name.startswith("county."):
        label = schema.of_unit("county")[name.removeprefix("county.")].label
        return say(f"本县{label}", f"the county's {label}")
    for parameter in policy.parameters:
        if parameter.id == name:
            return parameter.label
    return schema.of_unit(unit)[name].label


def comparison_text(policy: Policy, target_id: str, reading_id: str, row: Any) -> str:
    """A result's comparison in words: the sums, the bounds, the threshold.

    `row` has numerator, denominator, unknown, lower, upper, threshold and
    verdict, as in the results table.
    """
    if row.verdict == "not_applicable":
        return say("没有适用的单位", "no unit in scope")
    target = policy.target(target_id)
    reading = next(one for one in target.readings if one.id == reading_id)

    def figure(value: float) -> str:
        if pd.isna(value):
            return say("无界", "unbounded")
        return f"{value * 100:.10g}%" if is_rate(reading) else f"{value:.10g}"

    sums = f"{row.numerator:.10g}"
    if not isinstance(reading.formula, Total):
        sums += f" ÷ {row.denominator:.10g}"
    text = say(
        f"{sums}，未知 {row.unknown}；下界 {figure(row.lower)}，上界 {figure(row.upper)}",
        f"{sums}, {row.unknown} unknown; from {figure(row.lower)} to {figure(row.upper)}",
    )
    if pd.isna(row.threshold):
        return text
    asked = figure(row.threshold)
    decided = {"met": f"{figure(row.lower)} ≥ {asked}", "not_met": f"{figure(row.upper)} < {asked}"}
    open_ = say(f"与 {asked} 相比未定", f"{asked} undecided")
    return text + say("；", "; ") + decided.get(row.verdict, open_)


def describe(policy: Policy) -> dict[str, Any]:
    """The policy as plain JSON: id, title, number, issuer, issued, area, targets."""
    return {
        "id": policy.id,
        "title": policy.title,
        "title_en": policy.title_en,
        "number": policy.number,
        "issuer": policy.issuer,
        "issued": policy.issued.isoformat(),
        "area": {
            "code": policy.area_code,
            "name": policy.area_name,
            "excluded": list(policy.excluded),
        },
        "note": say(policy.note, policy.note_en),
        "sha256": policy.sha256,
        "targets": [_describe_target(target, policy) for target in policy.targets],
        "exceptions": [
            {"clause": e.clause, "sentence": e.sentence, "reason": say(e.reason, e.reason_en)}
            for e in policy.exemptions
        ],
    }


def _describe_target(target: Target, policy: Policy) -> dict[str, Any]:
    primary = target.readings[0]
    return {
        "id": target.id,
        "name": target.name,
        "name_en": target.name_en,
        "theme": target.theme,
        "unit": target.unit,
        "measure": target.measure,
        "level": target.level,
        "milestones": [
            {
                "due": milestone.due.isoformat() if milestone.due else None,
                "threshold": float(milestone.threshold),
                "exact": exact_text(milestone.threshold, as_percent=is_rate(primary)),
                "clause": milestone.clause,
                "sentence": milestone.sentence,
            }
            for milestone in target.milestones
        ],
        "encouraged": None if target.encouraged is None else float(target.encouraged),
        "clause": target.clause,
        "sentence": target.sentence,
        "note": say(target.note, target.note_en),
        "readings": [
            {
                "id": reading.id,
                "name": reading.label,
                "measure": reading.measure,
                "settlement": sorted(reading.settlement) if target.unit == "community" else [],
                "threshold": None if reading.threshold is None else float(reading.threshold),
                "calculation": calculation_text(target, reading, policy),
            }
            for reading in target.readings
        ],
    }


def full_text(policy: Policy) -> str:
    """The policy for people: every target with sentence, clause, milestones and readings."""
    head = f"{policy.id}  {say(policy.title, policy.title_en)}  {policy.number}".rstrip()
    lines = [
        head,
        say(
            f"{policy.issuer}，{policy.issued} 发布；适用地区 {policy.area_name}（{policy.area_code}）",
            f"{policy.issuer_en}, issued {policy.issued}; area {policy.area_name} "
            f"({policy.area_code})",
        ),
    ]
    if note := say(policy.note, policy.note_en):
        lines.append(note)
    for target in policy.targets:
        lines += ["", *_target_lines(target, policy)]
    if policy.exemptions:
        lines += ["", say("含数字而未列为目标的语句", "Sentences with a number that are no target")]
    for exemption in policy.exemptions:
        sentence = _without_space(exemption.sentence)
        reason = say(exemption.reason, exemption.reason_en)
        lines.append(f"  {exemption.clause}  “{sentence}”  {reason}")
    return "\n".join(lines)


def _target_lines(target: Target, policy: Policy) -> list[str]:
    theme, level = say(*THEMES[target.theme]), say(*_LEVELS[target.level])
    unit = say(*_UNITS[target.unit])
    lines = [
        say(
            f"{target.id}  {target.name}　［{theme}；单位：{unit}；考核层级：{level}］",
            f"{target.id}  {target.name_en}  [{theme}; unit: {unit}; binds at: {level}]",
        ),
        f"  {target.clause}  “{target.sentence}”",
    ]
    for milestone in target.milestones:
        due = str(milestone.due) if milestone.due else say("长期有效", "standing")
        line = f"  {due}  ≥ {threshold_text(target.readings[0], milestone)}"
        if milestone.sentence != target.sentence:
            line += f"  {milestone.clause}  “{milestone.sentence}”"
        lines.append(line)
    if target.encouraged is not None:
        level_ = exact_text(target.encouraged, as_percent=is_rate(target.readings[0]))
        lines.append(
            say(f"  鼓励达到  ≥ {level_}（不作判定）", f"  encouraged  ≥ {level_} (not judged)")
        )
    if not target.milestones:
        lines.append(say("  原文未定数值：只计算，不判定", "  no number set: computed, not judged"))
    for reading in target.readings:
        name = "primary" if reading.id == "primary" else f"{reading.id}（{reading.label}）"
        own = (
            ""
            if reading.threshold is None
            else f"  ≥ {exact_text(reading.threshold, as_percent=is_rate(reading))}"
        )
        lines.append(f"  · {name}  {calculation_text(target, reading, policy)}{own}")
    if note := say(target.note, target.note_en):
        lines.append(f"  {say('注', 'Note')}: {note}")
    return lines


def overview_text(policies: list[Policy]) -> str:
    """One line per policy: id, date, area, number of targets, title."""
    return "\n".join(
        f"{policy.id:<15} {policy.issued}  {policy.area_name}  "
        + say(f"{len(policy.targets)} 项目标", f"{len(policy.targets)} targets")
        + f"  {say(policy.title, policy.title_en)}"
        for policy in policies
    )


def read_official_text(source: str | Path) -> str:
    """The text of an official document; SanlianError when it cannot be read as UTF-8."""
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SanlianError(
            say(f"{path}：读不出原文（{error.strerror}）", f"{path}: {error.strerror}")
        ) from None
    except UnicodeDecodeError:
        raise SanlianError(
            say(f"{path}：原文应存为 UTF-8 文本", f"{path}: save the text as UTF-8")
        ) from None


def unfound_sentences(policy: Policy, text: str) -> list[str]:
    """Cited sentences that do not stand in the official text, white space aside.

    One line each, with the target's id or `exception`.
    """
    official = _without_space(text)
    return [f"{id_}: {s}" for id_, s in policy.cited if _without_space(s) not in official]


def _without_space(text: str) -> str:
    return re.sub(r"\s+", "", text)
