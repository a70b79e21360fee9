"""What a chart is about: one reading of one target of one policy, in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sanlian_analysis.charts.words import (
    SHARE,
    Quantity,
    clause_at,
    counted,
    dotted,
    listed_once,
    noun,
    source,
    told,
    unit_of,
    variable,
)
from sanlian_analysis.expressions import Expression
from sanlian_analysis.language import say
from sanlian_analysis.policy import (
    Band,
    Growth,
    Mean,
    Policy,
    Ratio,
    Reading,
    Score,
    Share,
    Target,
    Total,
)

_SCALES_ZH = {100: "百", 1000: "千", 10_000: "万"}


@dataclass(frozen=True)
class Subject:
    """One reading of one target of one policy."""

    policy: Policy
    target: Target
    reading: Reading

    @classmethod
    def of(cls, policy: Policy, target_id: str, reading_id: str) -> Subject:
        """The subject by ids; KeyError when the policy has no such target or reading."""
        target = policy.target(target_id)
        readings = {reading.id: reading for reading in target.readings}
        return cls(policy, target, readings[reading_id])

    def slug(self, kind: str, *more: str) -> str:
        """A file-safe name for a chart of this subject."""
        reading = [] if self.reading.id == "primary" else [self.reading.id]
        return "-".join([kind, self.target.id, *reading, *more])

    @property
    def quantity(self) -> Quantity:
        """Percentages for shares and unscaled ratios; numbers with a unit for all others."""
        match self.reading.formula:
            case Mean(value=value) | Total(value=value):
                return Quantity(False, unit_of(value.source))
            case Ratio(part=part, whole=whole, scale=scale) if scale != 1:
                each, base = unit_of(part.source), unit_of(whole.source)
                zh = f"{each}/{_SCALES_ZH.get(scale, f'{scale:,}')}{base}"
                return Quantity(False, say(zh, f"{each} per {scale:,} {base}"))
        return SHARE

    def counted(self, count: int | None = None) -> str:
        """The unit that the target counts, with a number in front of it when one is given."""
        return noun(self._kind) if count is None else counted(count, self._kind)

    @property
    def _kind(self) -> str:
        """What is counted: a level of areas, communities of one settlement, or all of them."""
        if self.target.unit != "community":
            return "county" if self.target.unit == "area" else self.target.unit
        only = "".join(self.reading.settlement)
        return only if only in ("urban", "rural") else "community"

    @property
    def scope(self) -> str:
        """The units that are looked at, with the condition that they meet."""
        if self.reading.where is None:
            return self.counted()
        where = self.told(self.reading.where)
        return say(f"“{where}”的{self.counted()}", f"{self.counted()} with “{where}”")

    def told(self, expression: Expression) -> str:
        """An expression of this policy in words."""
        return told(expression, self.policy)

    @property
    def measured(self) -> str:
        """What the figure is, in one phrase with its unit."""
        units, unit = self.scope, self.quantity.unit
        match self.reading.formula:
            case Mean(value=value):
                what = self.told(value)
                return say(f"平均每个{units}的{what}（{unit}）", f"mean {what}, {units} ({unit})")
            case Total(value=value):
                what = self.told(value)
                return say(f"{what}合计（{unit}）", f"total {what} ({unit})")
            case Ratio(part=part, whole=whole):
                ratio = " ÷ ".join(self._operand(side) for side in (part, whole))
                return ratio + say(f"（{unit}）", f" ({unit})")
        zh, en = self._passing()
        if self.reading.standards:
            zh, en = f"{zh}且达到同期各项标准", f"{en} and all standards due by then"
        return say(f"{units}中{zh}的占比（%）", f"share of {units} that have {en} (%)")

    def _operand(self, side: Expression) -> str:
        words = self.told(side)
        return words if variable(side.source.strip()) else f"({words})"

    def _passing(self) -> tuple[str, str]:
        """What a unit must do to be counted, for measures that are shares."""
        match self.reading.formula:
            case Share(condition=condition):
                return f"“{self.told(condition)}”", f"“{self.told(condition)}”"
            case Band(value=value):
                what = self.told(value)
                return f"{what}在规定上下限之内", f"{what} within the limits"
            case Growth(value=value):
                what = self.told(value)
                return f"{what}高于上次", f"{what} above the time before"
            case Score(at_least=least, below=None):
                return f"得分在{least}分及以上", f"{least} points or more"
            case Score(at_least=least, below=below):
                return f"得分满{least}分、不足{below}分", f"{least} points or more, below {below}"
        raise AssertionError("every other measure is told by itself")

    @property
    def name(self) -> str:
        """The target, and the reading where it is not the primary one."""
        if self.reading.id == "primary":
            return self.target.label
        reading = self.reading.label
        return self.target.label + say(f"（读法：{reading}）", f" (reading: {reading})")

    def subtitle(self, *more: str) -> str:
        """The target, what is measured, when, and by whose demand."""
        measured = say("：", ": ").join([self.name, self.measured])
        return dotted(measured, *more, self.policy.label)

    @property
    def source(self) -> str:
        """Document, number, and the clauses of all milestones."""
        return self._cited([milestone.clause for milestone in self.target.milestones])

    def source_at(self, *dates: dt.date) -> str:
        """Document, number, and the clauses that are in force at these dates."""
        return self._cited([clause_at(self.target, date) for date in dates])

    def _cited(self, clauses: list[str]) -> str:
        """The document with some of the target's clauses, each once; without any, its own."""
        return source(self.policy, listed_once(clauses or [self.target.clause]))

    def missing(self, count: int) -> str:
        """A shortfall with its unit: villages for a share, organisations for a mean of them."""
        match self.reading.formula:
            case Mean(value=value) | Total(value=value) | Ratio(part=value):
                return say(f"{count:,}{unit_of(value.source)}", f"{count:,}")
        return self.counted(count)

    @property
    def missing_unit(self) -> str:
        """What a shortfall counts."""
        match self.reading.formula:
            case Mean(value=value) | Total(value=value) | Ratio(part=value):
                unit = unit_of(value.source)
                return self.told(value) + (say(f"（{unit}）", f" ({unit})") if unit else "")
        return self.counted() + say("（个）", "")

    def value(self, row: Any) -> str:
        """The value of a row of the results without its unit, on its side of the threshold."""
        if pd.isna(row.value):
            return say("无数据", "no data")
        return self.quantity.text(row.value, None if pd.isna(row.threshold) else row.threshold)

    def figure(self, row: Any) -> str:
        """The value of a row of the results; without a value, what its bounds leave open."""
        if pd.notna(row.value):
            return self.quantity.named(self.value(row))
        against = None if pd.isna(row.threshold) else row.threshold
        open_ = self.quantity.bounds(row.lower, row.upper, against)
        return self.quantity.named(open_) if pd.notna(row.lower) else open_

    def finding(self, row: Any) -> str:
        """A row of the results as a sentence, without the area's name.

        `row` has value, lower, upper, threshold, unknown, shortfall and verdict.
        """
        if row.verdict == "not_applicable":
            return say("没有适用的单位", "no unit in scope")
        figure = self.figure(row)
        if row.verdict == "no_threshold":
            return say(f"{figure}（文件未设阈值）", f"{figure} (the document sets no threshold)")
        demand = self.quantity.threshold(row.threshold) + self._own
        if row.verdict == "met":
            return say(f"{figure}，达到{demand}的要求", f"{figure}, the {demand} asked for is met")
        if row.verdict == "not_met":
            zh = f"{figure}，未达到{demand}的要求"
            return say(zh, f"{figure}, short of the {demand} asked for") + self._still_missing(row)
        return say(
            f"能否达到{demand}待定：{row.unknown:,.0f}个单位未知，{self._open(row)}",
            f"{demand} cannot be decided, {row.unknown:,.0f} unknown: {self._open(row)}",
        )

    def _open(self, row: Any) -> str:
        """What the unknown units leave open; without bounds, what is known."""
        if pd.isna(row.lower) and pd.notna(row.value):
            return say("已知部分为", "the known part is ") + self.figure(row)
        bounds = self.quantity.named(self.quantity.bounds(row.lower, row.upper, row.threshold))
        return say(f"结果在{bounds}之间" if pd.notna(row.upper) else f"结果{bounds}", bounds)

    @property
    def _own(self) -> str:
        """A vague target has a threshold only where the user has supplied it."""
        return "" if self.target.milestones else say("（自行假定）", " (own assumption)")

    def asked(self, threshold: float) -> str:
        """A threshold with the word for whose it is: the document's, or the user's own."""
        figure = self.quantity.threshold(threshold)
        if self.target.milestones:
            return say(f"要求 {figure}", f"asked for: {figure}")
        return say(f"自行假定 {figure}", f"assumed: {figure}")

    def _still_missing(self, row: Any) -> str:
        if pd.isna(row.shortfall) or not row.shortfall:
            return ""
        short = self.missing(int(row.shortfall))
        return say(f"，还差{short}", f", {short} missing")
