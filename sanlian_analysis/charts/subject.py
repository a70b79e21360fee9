"""What a chart is about: one reading of one target of one policy, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sanlian_analysis.charts.words import Quantity, source, told, unit_of
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

#: Unit counted: (Chinese, English for one, English for several).
_COMMUNITIES = {
    frozenset({"urban"}): ("城市社区", "urban community", "urban communities"),
    frozenset({"rural"}): ("村", "village", "villages"),
}
_ALL_COMMUNITIES = ("村（社区）", "community or village", "communities and villages")
_UNITS = {
    "street": ("街道（乡镇）", "street or township", "streets and townships"),
    "county": ("县（市、区）", "county", "counties"),
    "area": ("县（市、区）", "county", "counties"),
}


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
        return Quantity(True, "%")

    def counted(self, count: int | None = None) -> str:
        """The unit that the target counts, with a number in front of it when one is given."""
        if self.target.unit == "community":
            zh, one, several = _COMMUNITIES.get(self.reading.settlement, _ALL_COMMUNITIES)
        else:
            zh, one, several = _UNITS[self.target.unit]
        if count is None:
            return say(zh, several)
        return say(f"{count:,}个{zh}", f"{count:,} {one if count == 1 else several}")

    @property
    def measured(self) -> str:
        """What the figure is, in one phrase with its unit."""
        units, unit = self.counted(), self.quantity.unit
        match self.reading.formula:
            case Mean(value=value):
                what = told(value)
                return say(f"平均每个{units}的{what}（{unit}）", f"mean {what}, {units} ({unit})")
            case Total(value=value):
                return say(f"{told(value)}合计（{unit}）", f"total {told(value)} ({unit})")
            case Ratio(part=part, whole=whole):
                return f"{told(part)} ÷ {told(whole)}" + say(f"（{unit}）", f" ({unit})")
        passing_zh, passing_en = self._passing()
        return say(f"{passing_zh}的{units}占比（%）", f"share of {units} with {passing_en} (%)")

    def _passing(self) -> tuple[str, str]:
        """What a unit must do to be counted, for measures that are shares."""
        match self.reading.formula:
            case Share(condition=condition):
                return f"“{told(condition)}”", f"“{told(condition)}”"
            case Band(value=value):
                return f"{told(value)}在规定上下限之内", f"{told(value)} within the limits"
            case Growth(value=value):
                return f"{told(value)}高于上次", f"{told(value)} above the time before"
            case Score(at_least=least, below=None):
                return f"得分在{least}分及以上", f"{least} points or more"
            case Score(at_least=least, below=below):
                return f"得分满{least}分、不足{below}分", f"{least} points or more, below {below}"
        raise AssertionError("every other measure is told by itself")

    def subtitle(self, *more: str) -> str:
        """The target, what is measured, when, and by whose demand."""
        name = self.target.label
        if self.reading.id != "primary":
            name += say(f"（读法：{self.reading.label}）", f" (reading: {self.reading.label})")
        told_ = say("：", ": ").join([name, self.measured])
        return say(" · ", " | ").join([told_, *more, self.policy.label])

    @property
    def source(self) -> str:
        """Document, number and clause."""
        return source(self.policy, self.target.clause)

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
                return told(value) + (say(f"（{unit}）", f" ({unit})") if unit else "")
        return self.counted()

    def figure(self, row: Any) -> str:
        """The value of a row of the results; without a value, what its bounds leave open."""
        against = None if pd.isna(row.threshold) else row.threshold
        if pd.notna(row.value):
            return self.quantity.named(self.quantity.text(row.value, against))
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
        demand = self.quantity.threshold(row.threshold)
        if row.verdict == "met":
            return say(f"{figure}，达到{demand}的要求", f"{figure}, the {demand} asked for is met")
        if row.verdict == "not_met":
            short = say(
                f"{figure}，未达到{demand}的要求", f"{figure}, short of the {demand} asked for"
            )
            return short + self._still_missing(row)
        open_ = self.quantity.bounds(row.lower, row.upper, row.threshold)
        return say(
            f"能否达到{demand}待定：{row.unknown:,.0f}个单位未知，结果在{open_}之间"
            if pd.notna(row.upper)
            else f"能否达到{demand}待定：{row.unknown:,.0f}个单位未知，{open_}",
            f"{demand} cannot be decided, {row.unknown:,.0f} unknown: {open_}",
        )

    def _still_missing(self, row: Any) -> str:
        if pd.isna(row.shortfall) or not row.shortfall:
            return ""
        short = self.missing(int(row.shortfall))
        return say(f"，还差{short}", f", {short} missing")
