"""Share of units against the bar of a target: where the verdict would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, KeyEntry, compose, panel, statement
from sanlian_analysis.charts.marks import vertical_scale
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.expressions import parse
from sanlian_analysis.language import say
from sanlian_analysis.planning import Bars
from sanlian_analysis.records import records

_AXIS_ROOM, _SCALE_ROOM, _HEAD = 0.44, 0.5, 0.08

#: More ticks than this cannot be read.
_MOST_TICKS = 15


@dataclass(frozen=True)
class BarCurve:
    """A chart of the share at every bar, and the axes on which more can be marked."""

    chart: Chart
    axes: Axes


def bar_curve(bars: Bars, area: str, *, simulated: bool = False) -> BarCurve:
    """The share of an area's units that reach 0, 1, 2, …, with the document's own bar marked.

    `bars`: of `sl.bars_of`. The lower edge of the band counts unknown units as failing,
    the upper one as passing. Without a unit in scope it is a sheet that says so.

    Raises SanlianError for a code that is no area of the ledger.
    """
    curve = bars.curve(area)
    about = _About(bars, curve)
    caption = about.caption
    name = about.subject.slug("bars", area)
    if not about.units:
        blank = statement(name, caption, simulated=simulated)
        return BarCurve(blank, panel(blank))
    high = _HEAD + style.BODY_HEIGHT + _AXIS_ROOM
    chart = compose(name, caption, body=high, entries=about.entries, simulated=simulated)
    axes = panel(chart, left=_SCALE_ROOM, right=0.2, top=_HEAD, bottom=_AXIS_ROOM)
    _draw(axes, about)
    return BarCurve(chart, axes)


@dataclass(frozen=True)
class _About:
    bars: Bars
    curve: pd.DataFrame

    @property
    def subject(self) -> Subject:
        asked = self.bars.prepared.asked
        return Subject(asked.policy, asked.target, asked.reading)

    @property
    def own(self) -> Any:
        """The row of the document's bar."""
        rows = self.curve[self.curve["bar"] == self.bars.bar]
        return next(iter(records(rows)))

    @property
    def units(self) -> int:
        return int(self.own.units)

    @property
    def open(self) -> bool:
        """Whether unknown units leave a range anywhere."""
        return bool((self.curve["unknown"] > 0).any())

    @property
    def bar(self) -> str:
        """The document's bar."""
        return f"{self.bars.comparison} {style.number(float(self.bars.bar))}"

    @property
    def entries(self) -> list[KeyEntry]:
        own = {"markeredgecolor": style.INK, "markeredgewidth": 1.4}
        found: list[KeyEntry] = [
            (
                own | {"marker": "|", "markersize": 11},
                say(f"文件的标准 {self.bar}", f"The document's bar {self.bar}"),
            )
        ]
        if self.bars.threshold is not None:
            asked = self.subject.asked(float(self.bars.threshold))
            found.append((own | {"marker": "$--$", "markersize": 11}, asked))
        if self.open:
            line = {"marker": "_", "markersize": 10, "markeredgewidth": 2.2}
            square = {"marker": "s", "markersize": 7, "markerfacecolor": style.UNKNOWN_TONE}
            found += [
                (
                    line | {"markeredgecolor": style.TONES[2]},
                    say("确定达到（未知按未达到计）", "Surely reached (unknown as failing)"),
                ),
                (
                    square | {"markeredgecolor": style.MUTED, "markeredgewidth": 0.8},
                    say("未知单位留下的余地", "Range left open by unknown units"),
                ),
            ]
        return found

    @property
    def caption(self) -> Caption:
        day = self.bars.prepared.date
        name = self.own.area or self.own.area_code
        finding = self._finding() if self.units else say("没有适用的单位", "no unit in scope")
        title = f"{name}{say('：', ': ')}{finding}"
        return Caption(title, self.subject.subtitle(words.when(day)), self.subject.source_at(day))

    def _finding(self) -> str:
        """What the share is at the document's bar, and the highest bar that would still do."""
        share = words.SHARE.bounds(float(self.own.lower), float(self.own.upper))
        if self.own.lower == self.own.upper:
            share = style.percent(float(self.own.lower))
        told = say(f"标准为{self.bar}时占{share}", f"{share} at the bar {self.bar}")
        if self.bars.threshold is None:
            return told
        asked = style.exact_percent(self.bars.threshold)
        reached = self.curve[self.curve["verdict"] == "met"]["bar"]
        rises = self.bars.comparison in "≥>"
        if rises:
            reached = reached[reached > 0]  # everyone has at least nothing
        if reached.empty:
            return told + say(
                f"；换成别的标准也不能确定达到{asked}", f"; no other bar is sure to give {asked}"
            )
        bar = f"{self.bars.comparison} {style.number(float(reached.max() if rises else reached.min()))}"
        if self.own.verdict == "met":
            return told + say(
                f"；收紧到{bar}仍达到{asked}", f"; {asked} would still be reached at {bar}"
            )
        return told + say(
            f"；放宽到{bar}才确定达到{asked}", f"; {asked} would surely be reached at {bar}"
        )


def _draw(axes: Axes, about: _About) -> None:
    numbers = [float(bar) for bar in about.curve["bar"]]
    low, high = ([float(one) for one in about.curve[side]] for side in ("lower", "upper"))
    axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
    vertical_scale(axes, words.SHARE, 1.0, style.SMALL)
    whole = [n for n in range(int(max(numbers)) + 1)]
    every = next(
        step for power in range(10) for step in (10**power, 2 * 10**power, 5 * 10**power)
        if len(whole) / step <= _MOST_TICKS
    )  # fmt: skip
    places = whole[::every]
    small = style.lettering(style.SMALL, style.MUTED)
    axes.set_xticks(places, [f"{place:,}" for place in places], **small)
    if about.open:
        band: dict[str, Any] = {
            "step": "mid",
            "color": style.UNKNOWN_TONE,
            "linewidth": 0,
            "zorder": 1.5,
        }
        axes.fill_between(numbers, low, high, **band)
        _step(axes, numbers, high, style.MUTED, 0.9, "upper")
    _step(axes, numbers, low, style.TONES[2], 2.2, "lower")
    own: dict[str, Any] = {"color": style.INK, "linewidth": 1.2, "zorder": 2}
    axes.axvline(float(about.bars.bar), gid="own-bar", **own)
    if about.bars.threshold is not None:
        axes.axhline(float(about.bars.threshold), gid="threshold", linestyle="--", **own)
    what = about.subject.told(parse(about.bars.value))
    axes.set_xlabel(
        say(
            f"假设的标准：{what} {about.bars.comparison} …",
            f"supposed bar: {what} {about.bars.comparison} …",
        ),
        **style.lettering(style.BODY, style.MUTED),
    )


def _step(
    axes: Axes, numbers: list[float], shares: list[float], colour: str, weight: float, gid: str
) -> None:
    look: dict[str, Any] = {"drawstyle": "steps-mid", "clip_on": False, "zorder": 3}
    axes.plot(numbers, shares, color=colour, linewidth=weight, gid=gid, **look)
