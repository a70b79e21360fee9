"""How a count is distributed over urban communities and villages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import ROOM, Caption, Chart, compose, note, panel, statement
from sanlian_analysis.charts.lines import tall_line
from sanlian_analysis.charts.marks import vertical_scale
from sanlian_analysis.charts.rows import applicable, day, numbers
from sanlian_analysis.charts.text import in_title, line_height, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_MOST_BARS = 24
_BAR = 0.84
_PANEL_HEIGHT, _AXIS_ROOM, _SCALE_ROOM = 1.05, 0.44, 0.42
_APART = 0.15


@dataclass(frozen=True)
class _Group:
    """The units of one settlement type."""

    name: str
    known: npt.NDArray[np.float64]
    unknown: int
    thresholds: Sequence[tuple[float, str]]

    @property
    def size(self) -> int:
        """Units, known or not."""
        return len(self.known) + self.unknown

    @property
    def unknown_label(self) -> str:
        """What is written over the bar of unknown units; empty when there are none."""
        return say(f"未知 {self.unknown:,}", f"Unknown {self.unknown:,}") if self.unknown else ""

    @property
    def head(self) -> float:
        """Inches above the bars for the heading and one line per threshold."""
        return (1 + len(self.thresholds)) * line_height(style.BODY) + 0.14


@dataclass(frozen=True)
class _Bins:
    """Equal bins from 0; the last one is open when figures lie beyond it."""

    size: int
    count: int
    open: bool

    def counts(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """How many values are in each bin."""
        places = np.minimum(values // self.size, self.count - 1).astype(np.int64)
        return np.bincount(places, minlength=self.count)


def distribution(
    units: pd.DataFrame,
    variable: str,
    *,
    thresholds: Mapping[str, Sequence[tuple[float, str]]],
    date: object,
    area: str,
    policy: Policy,
    simulated: bool = False,
) -> Chart:
    """How many urban communities and villages have how much of a whole-numbered variable.

    `units` has one row per unit with `settlement` ("urban", "rural" or "other") and
    the variable, empty where unknown; `VARIABLE.not_applicable`, if there, marks 不适用.
    `thresholds` lists value and label per settlement; the title speaks of the
    first. Bars are darker at and above them. Unknown units stand apart on the
    left; a long tail ends in an open bin.
    """
    concerned = applicable(units, variable)
    groups = _groups(concerned, variable, thresholds)
    caption = Caption(
        _title(groups, area, words.unit_of(variable)),
        words.dotted(words.measured_in(variable), words.when(day(date)), policy.label),
        words.source(policy),
        say("；", "; ").join(
            group.name + say("", ": ") + _median(group, words.unit_of(variable)) for group in groups
        ),
        _notes(len(concerned) - sum(g.size for g in groups), len(units) - len(concerned)),
    )
    name = f"distribution-{variable}"
    if not groups:
        return statement(name, caption, simulated=simulated)
    body = sum(group.head + _PANEL_HEIGHT for group in groups) + _AXIS_ROOM
    chart = compose(name, caption, body=body, simulated=simulated)
    _draw(chart, groups, _bins(groups), words.measured_in(variable))
    return chart


def _groups(
    units: pd.DataFrame, variable: str, thresholds: Mapping[str, Sequence[tuple[float, str]]]
) -> list[_Group]:
    groups = []
    for settlement in ("urban", "rural"):
        values = numbers(units.loc[units["settlement"] == settlement, variable])
        known = values.dropna().to_numpy()
        asked = thresholds.get(settlement, ())
        groups.append(_Group(words.noun(settlement), known, int(values.isna().sum()), asked))
    return [group for group in groups if group.size]


def _reaching(group: _Group, unit: str) -> str:
    """How many units reach the first threshold, or the median where there is none."""
    if not group.thresholds:
        return say("的", ": ") + _median(group, unit)
    asked = group.thresholds[0][0]
    reached, least = int((group.known >= asked).sum()), style.number(asked)
    unknown = say(f"（未知{group.unknown:,}个）", f" ({group.unknown:,} unknown)")
    told = say(f"中{reached:,}个达到{least}{unit}", f": {reached:,} reach {least}")
    return told + (unknown if group.unknown else "")


def _median(group: _Group, unit: str) -> str:
    if not len(group.known):
        return say("中位数未知", "median unknown")
    median = style.number(float(np.median(group.known)))
    return say(f"中位数为{median}{unit}", f"median {median}")


def _title(groups: list[_Group], area: str, unit: str) -> str:
    name = in_title(area)
    if not groups:
        return say(f"{name}没有城市社区和村", f"{name}: no urban communities or villages")
    parts = [
        say(f"{group.size:,}个", f"{group.size:,} ") + group.name + _reaching(group, unit)
        for group in groups
    ]
    return name + say("", ", ") + say("，", "; ").join(parts)


def _notes(others: int, outside: int) -> tuple[str, ...]:
    parts = [
        (others, "个其他单位（非社区、非村）", "neither communities nor villages"),
        (outside, "个不适用的单位", "not applicable"),
    ]
    told = [say(f"{n:,}{zh}", f"{n:,} {en}") for n, zh, en in parts if n]
    if not told:
        return ()
    return (say(f"另有{'、'.join(told)}，不计在内。", f"Left out: {'; '.join(told)}."),)


def _bins(groups: list[_Group]) -> _Bins:
    """Bins that hold nearly all figures in few bars and begin at the thresholds."""
    asked = [value for group in groups for value, _ in group.thresholds]
    values = np.concatenate([group.known for group in groups])
    most = max([*asked, float(np.quantile(values, 0.98)) if len(values) else 0.0, 1.0])
    largest = float(values.max()) if len(values) else 0.0
    sizes = [digit * 10**power for power in range(10) for digit in (1, 2, 5)]
    fitting = [size for size in sizes if most / size < _MOST_BARS - 1]
    size = next((s for s in fitting if not any(v % s for v in asked)), fitting[0])
    needed = int(max(largest, most) // size) + 1
    return _Bins(size, min(needed, _MOST_BARS), open=needed > _MOST_BARS)


def _draw(chart: Chart, groups: list[_Group], bins: _Bins, axis_title: str) -> None:
    apart = max(width(group.unknown_label, style.SMALL) for group in groups)
    pitch = (ROOM - _SCALE_ROOM - apart - _APART) / bins.count
    above = 0.0
    for group in groups:
        above += group.head
        below = chart.body[3] - above - _PANEL_HEIGHT
        axes = panel(chart, left=_SCALE_ROOM, top=above, bottom=below)
        axes.set_xlim(-0.5 - (apart + _APART) / pitch, bins.count - 0.5)
        _bars(axes, group, bins, pitch)
        if group.unknown:
            _unknown_bar(axes, group, -0.5 - (apart / 2 + _APART) / pitch, 0.8 * apart / pitch)
        _thresholds(chart, axes, group, bins, pitch)
        above += _PANEL_HEIGHT
    _ticks(axes, bins)
    axes.set_xlabel(axis_title, **style.lettering(style.BODY, style.MUTED))


def _bars(axes: Axes, group: _Group, bins: _Bins, pitch: float) -> None:
    """One bar per bin, toned by the thresholds it reaches, with its count where that fits."""
    counts = bins.counts(group.known)
    reached = [
        sum(i * bins.size >= value for value, _ in group.thresholds) for i in range(bins.count)
    ]
    every = len(group.thresholds)
    tones = [style.TONES[0 if not n else 2 if n == every else 1] for n in reached]
    if not every:
        tones = [style.TONES[1]] * bins.count
    highest = max(int(counts.max()), group.unknown, 1)
    vertical_scale(axes, words.COUNT, highest * 1.18, style.SMALL, most=4)
    axes.bar(range(bins.count), counts, _BAR, color=tones, zorder=2)
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=3)
    if width(f"{counts.max():,}", style.SMALL) > pitch:
        return
    for place, count in enumerate(counts):
        if count:
            _above(axes, place, int(count), f"{count:,}")


def _above(axes: Axes, place: float, height: int, text: str) -> None:
    axes.annotate(
        text,
        (place, height),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        annotation_clip=False,
        zorder=4,
        **style.lettering(style.SMALL),
    )


def _unknown_bar(axes: Axes, group: _Group, place: float, wide: float) -> None:
    axes.bar(
        [place],
        [group.unknown],
        wide,
        color=style.UNKNOWN_TONE,
        edgecolor=style.MUTED,
        hatch="////",
        linewidth=0.6,
        gid="unknown",
        zorder=2,
    )
    _above(axes, place, group.unknown, group.unknown_label)


def _thresholds(chart: Chart, axes: Axes, group: _Group, bins: _Bins, pitch: float) -> None:
    """The heading of a panel, and under it a labelled line for each threshold."""
    box = axes.get_window_extent()
    left, floor = box.x0 / style.LAYOUT_DPI, box.y1 / style.LAYOUT_DPI
    line = line_height(style.BODY)
    heading = group.name + words.bracketed(say(f"{group.size:,}个", f"{group.size:,}"))
    top = floor + len(group.thresholds) * line + 0.03
    note(chart, style.MARGIN, top, heading, style.SUBTITLE, style.INK, va="bottom")
    # The line furthest right is the shortest, so that no line crosses another one's label.
    for tier, (value, label) in enumerate(sorted(group.thresholds, reverse=True)):
        place = value / bins.size - 0.5
        look = {"color": style.INK, "linewidth": 1.4, "gid": "threshold", "zorder": 3}
        tall_line(axes, place, (tier + 0.9) * line, **look)
        x = left + (place - axes.get_xlim()[0]) * pitch + 0.06
        x = min(x, style.WIDTH - style.MARGIN - width(label, style.BODY))
        note(chart, x, floor + tier * line, label, style.BODY, style.INK, va="bottom")


def _ticks(axes: Axes, bins: _Bins) -> None:
    """Figures under the middle of single bars, and under the lower edge of wider bins."""
    every = 1 if bins.count <= 12 else 2 if bins.size == 1 else 4
    shift = 0.0 if bins.size == 1 else -0.5
    places = list(range(0, bins.count, every))
    labels = [style.number(place * bins.size) for place in places]
    if bins.open:
        last = bins.count - 1
        keep = [place for place in places if place < last - every]
        labels = [*labels[: len(keep)], f"≥{style.number(last * bins.size)}"]
        places = [*keep, last]
    positions = [place + shift for place in places]
    axes.set_xticks(positions, labels, **style.lettering(style.SMALL, style.MUTED))
