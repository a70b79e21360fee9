"""Coverage against effort: how far every further addition gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, panel, statement
from sanlian_analysis.charts.marks import axis_end, horizontal_scale, vertical_scale
from sanlian_analysis.charts.placing import Offset, place
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.language import say
from sanlian_analysis.planning import LeastEffort
from sanlian_analysis.policy import Policy

_AXIS_ROOM, _SCALE_ROOM, _HEAD = 0.44, 0.62, 0.12
_BESIDE: list[Offset] = [
    (8, -8, "left", "top"),
    (-8, 8, "right", "bottom"),
    (8, 8, "left", "bottom"),
    (-8, -8, "right", "top"),
]


def effort_curve(plan: LeastEffort, policy: Policy, *, simulated: bool = False) -> Chart:
    """The lower bound of an area against the additions that the cheapest units need.

    `plan`: of `sl.least_effort`. Marked are the smallest set that reaches the
    threshold, and what the budget reaches. Measures that add up have two points:
    today, and the threshold.
    """
    about = _About(plan, Subject.of(policy, plan.target, plan.reading))
    name = about.subject.slug("effort", plan.area_code)
    caption = about.caption
    if plan.lower is None or len(plan.curve) < 2:
        return statement(name, caption, simulated=simulated)
    high = _HEAD + style.BODY_HEIGHT + _AXIS_ROOM
    chart = compose(name, caption, body=high, simulated=simulated)
    axes = panel(chart, left=_SCALE_ROOM, right=0.25, top=_HEAD, bottom=_AXIS_ROOM)
    _draw(axes, about)
    return chart


@dataclass(frozen=True)
class _About:
    plan: LeastEffort
    subject: Subject

    @property
    def name(self) -> str:
        return self.plan.area or self.plan.area_code

    @property
    def asked(self) -> str:
        """The threshold with its unit; nothing for a vague target."""
        threshold = self.plan.threshold
        return "" if threshold is None else self.subject.quantity.threshold(float(threshold))

    @property
    def caption(self) -> Caption:
        plan, day = self.plan, self.plan.date
        due = (say(f"{plan.due}到期", f"due {plan.due}"),) if plan.due not in (None, day) else ()
        notes = (
            say(
                "从差得最少的单位补起；未知单位按“全缺”计，补报后可能少补。",
                "The units that lack least come first; unknown ones count as lacking everything, "
                "and reporting may make additions needless.",
            ),
        )
        return Caption(
            f"{self.name}{say('：', ': ')}{self._finding()}",
            self.subject.subtitle(words.when(day), *due),
            self.subject.source_at(day),
            notes=notes,
        )

    def _finding(self) -> str:
        plan = self.plan
        if plan.lower is None:
            return say("没有可用的数字", "there are no figures")
        if plan.threshold is None:
            return say("文件未设阈值", "the document sets no threshold")
        if plan.short == 0:
            return say(f"已达到{self.asked}", f"the {self.asked} asked for is reached")
        if not plan.reachable:
            return say(
                f"单靠增补不能确保达到{self.asked}",
                f"additions alone cannot be certain to reach {self.asked}",
            )
        return say(
            f"最少再{self._added()}可达{self.asked}",
            f"{self._added()} at the least would reach {self.asked}",
        )

    def _added(self) -> str:
        plan = self.plan
        parts = []
        if plan.amount:
            unit = say(plan.unit or "个", "")
            parts.append(say(f"补{plan.amount:,}{unit}", f"{plan.amount:,} more"))
        if plan.yes_no:
            parts.append(say(f"落实{plan.yes_no:,}项", f"{plan.yes_no:,} demands to settle"))
        told = say("、", ", ").join(parts)
        units = len(plan.units)
        if units and plan.units["code"].ne("").any():
            told += say(f"（{self.subject.counted(units)}）", f" ({self.subject.counted(units)})")
        return told

    @property
    def effort_unit(self) -> str:
        """What the axis counts."""
        unit = self.plan.unit
        return say(
            f"累计增补（{unit or '个'}，含须落实的事项）"
            if self._mixed
            else f"累计增补（{unit or '项'}）",
            "additions so far",
        )

    @property
    def _mixed(self) -> bool:
        return bool(self.plan.curve["yes_no"].any() and self.plan.curve["amount"].any())


def _draw(axes: Axes, about: _About) -> None:
    plan, quantity = about.plan, about.subject.quantity
    curve = plan.curve
    spent = [float(one) for one in curve["cumulative"]]
    share = [float(one) for one in curve["lower"]]
    top = max([*share, float(plan.threshold or 0)])
    vertical_scale(
        axes, quantity, 1.0 if quantity.percent else axis_end(quantity, top), style.SMALL
    )
    horizontal_scale(axes, words.COUNT, max(spent[-1], 1.0) * 1.02, style.SMALL)
    look: dict[str, Any] = {
        "color": style.TONES[2],
        "linewidth": 2.2,
        "clip_on": False,
        "zorder": 3,
    }
    axes.plot(spent, share, drawstyle="steps-post", gid="effort", **look)
    if plan.threshold is not None:
        axes.axhline(
            float(plan.threshold), color=style.INK, linewidth=1.2, linestyle="--", gid="threshold"
        )
    taken: list[Bbox] = []
    for gid, at in _points(about):
        row = curve.iloc[at]
        point = (float(row["cumulative"]), float(row["lower"]))
        axes.plot(
            *([x] for x in point), marker="o", markersize=7, markerfacecolor=style.TONES[2],
            markeredgecolor=style.PAPER, clip_on=False, gid=gid, zorder=4,
        )  # fmt: skip
        text = f"+{row['cumulative']:,}{say('：', ': ')}{quantity.text(point[1])}"
        if not at:
            text = say(f"现在 {quantity.text(point[1])}", f"now {quantity.text(point[1])}")
        place(axes, text, point, _BESIDE, style.BODY, style.INK, taken)
    axes.set_xlabel(about.effort_unit, **style.lettering(style.BODY, style.MUTED))


def _points(about: _About) -> list[tuple[str, int]]:
    """Rows of the curve to be marked: today, the smallest set, what the budget reaches."""
    plan = about.plan
    found = [("today", 0)]
    if plan.reachable and plan.short:
        found.append(("enough", int(plan.curve["in_set"].to_numpy().nonzero()[0][-1])))
    if plan.budget is not None:
        found.append(("budget", int(plan.curve["within_budget"].fillna(False).sum()) - 1))
    return [(gid, at) for at, gid in {at: gid for gid, at in reversed(found)}.items()]
