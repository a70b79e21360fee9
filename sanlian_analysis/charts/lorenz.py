"""Lorenz curves: how much of everything the units with the least hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, compose, note, panel, statement
from sanlian_analysis.charts.marks import horizontal_scale, vertical_scale
from sanlian_analysis.charts.rows import day
from sanlian_analysis.charts.text import in_title, line_height
from sanlian_analysis.compare import lorenz, spread
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_SIDE, _HEAD, _AXIS_ROOM, _SCALE_ROOM, _APART = 3.1, 0.28, 0.44, 0.46, 0.4

#: A look for each settlement type that grey print tells apart too.
_LOOKS: dict[str, dict[str, Any]] = {
    "urban": {"color": style.TONES[2], "linestyle": "-"},
    "rural": {"color": style.TONES[1], "linestyle": (0, (5, 1.5))},
}


@dataclass(frozen=True)
class _Group:
    """The units of one settlement type with their curve, which is empty where nothing is held."""

    settlement: str
    units: int
    missing: int
    gini: float
    curve: pd.DataFrame

    @property
    def name(self) -> str:
        return words.noun(self.settlement)

    @property
    def drawn(self) -> bool:
        return bool(self.units and self.curve["total"].notna().all())

    def least(self, part: float) -> float:
        """What this part of the units, those with the least, holds of everything."""
        return float(np.interp(part, self.curve["units"], self.curve["total"]))


def lorenz_curve(
    units: pd.DataFrame,
    variable: str,
    *,
    date: object,
    area: str,
    policy: Policy,
    simulated: bool = False,
) -> Chart:
    """How unequally a variable is spread over urban communities, and over villages.

    `units` as `units_at` gives them: one row per unit with `code`, `settlement`
    ("urban", "rural" or "other") and the variable, empty where unknown;
    `VARIABLE.not_applicable`, if there, marks 不适用. The curve is that of
    `compare.lorenz`, the Gini coefficient that of `compare.spread`; unknown units
    are left out and counted in a note. `policy` names the document that asks for
    the variable. Raises SanlianError for a column that is not there or holds
    numbers below 0.
    """
    groups = _groups(units, variable)
    drawn = [group for group in groups if group.drawn]
    caption = Caption(
        _title(drawn, variable, area),
        words.dotted(words.measured_in(variable), words.when(day(date)), policy.label),
        words.source(policy),
        say("；", "; ").join(f"{group.name}{say('', ': ')}{_gini(group)}" for group in drawn),
        _notes(groups),
    )
    name = f"inequality-{variable}"
    if not drawn:
        return statement(name, caption, simulated=simulated)
    chart = compose(name, caption, body=_HEAD + _SIDE + _AXIS_ROOM, simulated=simulated)
    _draw(chart, drawn)
    _tell(chart, drawn)
    return chart


def _groups(units: pd.DataFrame, variable: str) -> list[_Group]:
    found = []
    for settlement in _LOOKS:
        [row] = spread(units, variable, settlement=settlement).to_dict("records")
        curve = lorenz(units, variable, settlement=settlement)
        found.append(_Group(settlement, row["units"], row["missing"], row["gini"], curve))
    return found


def _title(drawn: list[_Group], variable: str, area: str) -> str:
    name, label = in_title(area), words.variable_label(variable)
    if not drawn:
        return say(f"{name}没有可比较的“{label}”", f"{name}: no “{label}” to compare")
    parts = [
        say(
            f"最少的一半{group.name}只占{style.percent(group.least(0.5))}",
            f"the half of {group.name} with the least holds {style.percent(group.least(0.5))}",
        )
        if group.gini
        else say(f"各{group.name}一样多", f"all {group.name} have the same")
        for group in drawn
    ]
    return f"{name}{say('，', ', ')}{label}{say('：', ': ')}{say('，', '; ').join(parts)}"


def _gini(group: _Group) -> str:
    return say(f"基尼系数 {group.gini:.3f}", f"Gini coefficient {group.gini:.3f}")


def _notes(groups: list[_Group]) -> tuple[str, ...]:
    told = [words.counted(group.missing, group.settlement) for group in groups if group.missing]
    every = say(
        "每个单位权重相同。基尼系数 0 表示各单位一样多，越接近 1 越集中在少数单位。",
        "Every unit weighs the same. A Gini coefficient of 0 means that all have the same; the "
        "closer to 1, the fewer units have it all.",
    )
    if not told:
        return (every,)
    left = say("、", ", ").join(told)
    return (every, say(f"未知而不计在内：{left}。", f"Unknown and left out: {left}."))


def _draw(chart: Chart, drawn: list[_Group]) -> None:
    right = ROOM - _SCALE_ROOM - _SIDE
    axes = panel(chart, left=_SCALE_ROOM, right=right, top=_HEAD, bottom=_AXIS_ROOM)
    vertical_scale(axes, words.SHARE, 1.0, style.SMALL)
    horizontal_scale(axes, words.SHARE, 1.0, style.SMALL)
    axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1.0, linestyle=":", gid="equality")
    for group in drawn:
        curve, look = group.curve, _LOOKS[group.settlement]
        axes.plot(
            curve["units"], curve["total"], linewidth=2.2, clip_on=False, zorder=3,
            gid=f"curve-{group.settlement}", **look,
        )  # fmt: skip
    _explain(axes)


def _explain(axes: Axes) -> None:
    """What the axes count and what the dotted line is."""
    axes.set_xlabel(
        say("单位，从少到多（累计占比）", "Units, from the least (cumulated share)"),
        **style.lettering(style.BODY, style.MUTED),
    )
    axes.annotate(
        say("总数的累计占比", "Cumulated share of the total"), (0, 1), xytext=(0, 5),
        textcoords="offset points", va="bottom", **style.lettering(style.BODY, style.MUTED),
    )  # fmt: skip
    axes.annotate(
        say("各单位一样多", "all equal"), (0.62, 0.62), xytext=(-5, 3), textcoords="offset points",
        ha="right", va="bottom", **style.lettering(style.SMALL, style.MUTED),
    )  # fmt: skip


def _tell(chart: Chart, drawn: list[_Group]) -> None:
    """Beside the curves, in their colours: how unequal they are."""
    x = style.MARGIN + _SCALE_ROOM + _SIDE + _APART
    y = chart.body[1] + chart.body[3] - _HEAD
    for group in drawn:
        look = _LOOKS[group.settlement]
        heading = group.name + words.bracketed(say(f"{group.units:,}个", f"{group.units:,}"))
        facts = (
            _gini(group),
            say("最少的一半占 ", "the half with the least: ") + style.percent(group.least(0.5)),
            say("最多的一成占 ", "the tenth with the most: ") + style.percent(1 - group.least(0.9)),
        )
        note(chart, x, y, heading, style.SUBTITLE, look["color"], va="top")
        y -= line_height(style.SUBTITLE)
        for fact in facts:
            note(chart, x, y, fact, style.BODY, style.INK, va="top")
            y -= line_height(style.BODY)
        y -= 0.2
