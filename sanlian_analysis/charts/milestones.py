"""One area over time, against the staircase of a target's milestones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, KeyEntry, compose, panel, statement
from sanlian_analysis.charts.marks import (
    dot,
    extent,
    has_range,
    value_ticks,
    verdict_key,
    vertical_scale,
    whisker,
)
from sanlian_analysis.charts.placing import Offset, box_along, place
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    day,
    not_binding,
    records,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import in_title, width
from sanlian_analysis.language import say
from sanlian_analysis.planning import months_between
from sanlian_analysis.policy import Mean, Policy, Ratio, Total

Step = tuple[dt.date | None, float]

_AXIS_ROOM = 0.34
_HEADROOM = 1.12
_ONE_YEAR = 365
_CLEAR = 8

_POINT: dict[str, Any] = {"zorder": 4, "clip_on": False}
#: Into so many pieces a slanting line is cut to see what it crosses.
_PIECES = 8
#: With more snapshots than this, only the first and the last are labelled.
_FEW = 6

#: Where a label may stand beside its point, in points, the best place first.
_BESIDE: list[Offset] = [
    (9, 0, "left", "center"),
    (-9, 0, "right", "center"),
    (9, 9, "left", "bottom"),
    (9, -9, "left", "top"),
    (-9, 9, "right", "bottom"),
    (-9, -9, "right", "top"),
]


def milestone_steps(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    area_code: str,
    *,
    date: object = None,
    reading: str = "primary",
    simulated: bool = False,
) -> Chart:
    """The figure of one area at every snapshot, against what the policy asks for by when.

    `results` is the results table; the area's snapshots up to `date` (all of them
    when it is left out) are drawn, with their bounds as whiskers joined to a band, and the
    verdict as colour and shape. Without a value only the bounds are drawn. A
    standing threshold is one line, a vague target has none. A broken line leads from the
    last lower bound to the next milestone that is not reached yet, with the pace
    that this needs: units of a share per month, rounded up; of others, the figure.
    """
    subject = Subject.of(policy, target_id, reading)
    rows = select(results, policy, target_id, reading=reading, area=area_code)
    if date is not None:
        rows = rows[rows["date"] <= day(date)].reset_index(drop=True)
    area = in_title(area_name(results, area_code))
    pace = None if rows.empty else _pace(subject, records(rows)[-1])
    caption = _caption(subject, area, rows, pace)
    name = subject.slug("milestones")
    if rows.empty:
        return statement(name, caption, simulated=simulated)
    entries = verdict_key(dict.fromkeys(verdict_counts(rows))) + _key(rows)
    chart = compose(name, caption, body=style.BODY_HEIGHT, entries=entries, simulated=simulated)
    _draw(chart, rows, _steps(subject, rows), subject, pace)
    return chart


@dataclass(frozen=True)
class _Pace:
    """What it takes from a snapshot's lower bound to a milestone."""

    start: tuple[dt.date, float]
    end: tuple[dt.date, float]
    label: str
    note: str


def _pace(subject: Subject, row: Any) -> _Pace | None:
    """To the next milestone that is not surely reached; None when there is none."""
    if pd.isna(row.lower):
        return None
    for milestone in subject.target.milestones:
        asked = milestone.threshold
        if subject.reading.threshold is not None:
            asked = subject.reading.threshold
        if milestone.due and milestone.due > row.date and row.lower < float(asked):
            break
    else:
        return None
    months = months_between(row.date, milestone.due)
    when = words.when(milestone.due)
    if isinstance(subject.reading.formula, Mean | Ratio | Total):
        rate = subject.quantity.text((float(asked) - row.lower) / float(months))
        zh = told = rate
        missing = subject.quantity.text(float(asked) - row.lower)
    else:
        units = ceil(asked * int(row.denominator)) - round(row.lower * row.denominator)
        rate = style.number(ceil(10 * Fraction(units) / months) / 10)
        zh, told = f"{rate}个", rate
        missing = subject.counted(units)
    return _Pace(
        (row.date, row.lower),
        (milestone.due, float(asked)),
        say(f"每月+{zh}", f"+{told} a month"),
        say(
            f"虚线：从下界算起，到{when}还要增加{missing}，平均每月{zh}。",
            f"Broken line: from the lower bound, {missing} more by {when}: {told} a month.",
        ),
    )


def _key(rows: pd.DataFrame) -> list[KeyEntry]:
    """What the bounds are drawn as; nothing where there are none."""
    if not has_range(rows):
        return []
    square = {"marker": "s", "markersize": 8, "markerfacecolor": style.UNKNOWN_TONE}
    label = say(
        "线段和灰带：未知单位留下的余地", "Lines and band: range left open by unknown units"
    )
    return [(square | {"markeredgecolor": style.FAINT, "markeredgewidth": 0.8}, label)]


def _caption(subject: Subject, area: str, rows: pd.DataFrame, pace: _Pace | None) -> Caption:
    if rows.empty:
        label = subject.target.label
        title = say(f"{area}没有“{label}”的结果", f"{area}: no results for “{label}”")
        return Caption(title, subject.subtitle(), subject.source)
    sentences = [
        words.when(row.date) + say("", ": ") + subject.finding(row) for row in records(rows)
    ]
    title = area + say("", ", ") + sentences[-1]
    detail = say("；", "; ").join(sentences[:-1])
    notes = (*assumptions(rows), *not_binding(rows, str(rows["level"].iloc[0])))
    if pace:
        notes = (pace.note, *notes)
    return Caption(title, subject.subtitle(), subject.source, detail, notes)


def _steps(subject: Subject, rows: pd.DataFrame) -> list[Step]:
    """Due dates and thresholds in order; the user's own threshold stands for a vague target."""
    target, reading = subject.target, subject.reading
    steps = [
        (m.due, float(m.threshold if reading.threshold is None else reading.threshold))
        for m in target.milestones
        if m.due is None or reading.since is None or m.due >= reading.since
    ]
    if not steps and rows["threshold"].notna().any():
        steps = [(None, float(rows["threshold"].dropna().iloc[-1]))]
    return steps


def _draw(
    chart: Chart, rows: pd.DataFrame, steps: list[Step], subject: Subject, pace: _Pace | None
) -> None:
    quantity = subject.quantity
    thresholds = [threshold for _, threshold in steps]
    top = extent(rows, *thresholds) * _HEADROOM
    axes = panel(chart, left=_scale_room(quantity, top), bottom=_AXIS_ROOM)
    vertical_scale(axes, quantity, top, style.BODY)
    start, end = _period(rows, steps)
    axes.set_xlim(start, end)
    axes.axhline(0, color=style.FAINT, linewidth=0.8)
    _snapshot_ticks(axes, [row.date for row in records(rows)])
    taken = _staircase(axes, steps, start, end) + _course(axes, rows, top)
    for row in records(rows):
        taken += _snapshot(axes, row, top)
    if pace:
        taken += _needed(axes, pace)
    _step_labels(axes, steps, subject, start, taken)
    _value_labels(axes, rows, quantity, taken)
    if pace:
        _pace_label(axes, pace, taken)


def _course(axes: Axes, rows: pd.DataFrame, top: float) -> list[Bbox]:
    """The bounds of neighbouring snapshots joined, and their values by a faint line."""
    known = rows[rows["lower"].notna()]
    if len(known) > 1 and has_range(known):
        days = [date.toordinal() for date in known["date"]]
        high = known["upper"].fillna(top)
        axes.fill_between(
            days, known["lower"], high, color=style.UNKNOWN_TONE, alpha=0.6, linewidth=0, gid="band"
        )
    valued = rows[rows["value"].notna()]
    days = [date.toordinal() for date in valued["date"]]
    axes.plot(days, valued["value"], color=style.FAINT, linewidth=1.0, gid="course", zorder=2)
    ends = zip(days, valued["value"], strict=True)
    return [box for a, b in pairwise(ends) for box in _aslant(axes, a, b)]


def _aslant(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> list[Bbox]:
    """The space that a slanting line takes, in pieces that are not much wider than it."""
    steps = [i / _PIECES for i in range(_PIECES + 1)]
    along = [tuple(a + (b - a) * part for a, b in zip(start, end, strict=True)) for part in steps]
    return [box_along(axes, (a[0], a[1]), (b[0], b[1])) for a, b in pairwise(along)]


def _needed(axes: Axes, pace: _Pace) -> list[Bbox]:
    """A broken line from the last lower bound to the milestone."""
    start, end = ((day.toordinal(), height) for day, height in (pace.start, pace.end))
    axes.plot(
        *zip(start, end, strict=True),
        color=style.MUTED,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
        gid="pace",
        zorder=2,
    )
    return _aslant(axes, start, end)


def _pace_label(axes: Axes, pace: _Pace, taken: list[Bbox]) -> None:
    """The pace below the middle of its line, where there is most room."""
    (day, low), (due, high) = pace.start, pace.end
    middle = ((day.toordinal() + due.toordinal()) / 2, (low + high) / 2)
    offsets: list[Offset] = [
        (right, up, "left" if right > 0 else "right", "top" if up < 0 else "bottom")
        for away in (6, 14, 24)
        for right, up in ((away, -away), (-away, away))
    ]
    place(axes, pace.label, middle, offsets, style.BODY, style.MUTED, taken)


def _scale_room(quantity: words.Quantity, top: float) -> float:
    return max(width(label, style.BODY) for label in value_ticks(quantity, top)[1]) + 0.08


def _period(rows: pd.DataFrame, steps: list[Step]) -> tuple[float, float]:
    """The first and last day shown, with room for labels on both sides."""
    days = [date.toordinal() for date in rows["date"]]
    days += [due.toordinal() for due, _ in steps if due is not None]
    span = (max(days) - min(days)) or _ONE_YEAR
    return min(days) - 0.26 * span, max(days) + 0.2 * span


def _snapshot_ticks(axes: Axes, dates: list[dt.date]) -> None:
    """A tick for every snapshot; where they crowd, the later one is named."""
    per_day = axes.get_window_extent().width / axes.figure.dpi / (axes.viewLim.width or 1)
    named: list[dt.date] = []
    for date in sorted(set(dates), reverse=True):
        needed = width(words.when(date), style.BODY) + 0.1
        if not named or (named[-1] - date).days * per_day >= needed:
            named.append(date)
    labels = [words.when(date) for date in named]
    places = [date.toordinal() for date in named]
    axes.set_xticks(places, labels, **style.lettering(style.BODY, style.MUTED))
    # A dot at 0 must not touch the date below it.
    axes.tick_params(axis="x", pad=_CLEAR)


def _staircase(axes: Axes, steps: list[Step], start: float, end: float) -> list[Bbox]:
    """The line of what is asked for: each threshold up to its due date, the last one beyond."""
    if not steps:
        return []
    xs, ys = [start], [steps[0][1]]
    for (due, threshold), (_, following) in pairwise(steps):
        assert due is not None, "a standing demand is the only one of its target"
        xs += [due.toordinal(), due.toordinal()]
        ys += [threshold, following]
    xs, ys = [*xs, end], [*ys, steps[-1][1]]
    corners = list(zip(xs, ys, strict=True))
    axes.plot(xs, ys, color=style.FAINT, linewidth=0.8, gid="threshold", zorder=2)
    # The treads carry the demand; a rise is only where one ends, often under a whisker.
    for left, right in list(pairwise(corners))[::2]:
        tread = list(zip(left, right, strict=True))
        axes.plot(*tread, color=style.INK, linewidth=1.6, solid_capstyle="butt", zorder=2.5)
    return [box_along(axes, a, b) for a, b in pairwise(corners)]


def _snapshot(axes: Axes, row: Any, top: float) -> list[Bbox]:
    at = row.date.toordinal()
    whisker(axes, at, row, top, upright=True, weight=2)
    drawn = []
    if pd.notna(row.lower):
        high = row.upper if pd.notna(row.upper) else top
        drawn.append(box_along(axes, (at, row.lower), (at, high)))
    if pd.notna(row.value):
        axes.plot([at], [row.value], gid=f"value-{row.date}", **_POINT, **dot(row.verdict, 9))
        drawn.append(box_along(axes, (at, row.value), (at, row.value), 5))
    return drawn


def _step_labels(
    axes: Axes, steps: list[Step], subject: Subject, start: float, taken: list[Bbox]
) -> None:
    """Due date and threshold above the end of each step."""
    for due, threshold in steps:
        if due is None:
            text, anchor = subject.asked(threshold), start
            offsets = [(2, 3, "left", "bottom"), (2, -3, "left", "top")]
        else:
            text = f"{words.when(due)} {subject.quantity.threshold(threshold)}"
            anchor = due.toordinal()
            offsets = [(-7, 3, "right", "bottom"), (-7, -3, "right", "top")]
            offsets += [(7, 3, "left", "bottom"), (7, -3, "left", "top")]
        place(axes, text, (anchor, threshold), offsets, style.BODY, style.INK, taken)


def _value_labels(
    axes: Axes, rows: pd.DataFrame, quantity: words.Quantity, taken: list[Bbox]
) -> None:
    """The figure beside every point, the latest first; without a value, the bounds."""
    shown = rows if len(rows) <= _FEW else rows.iloc[[0, -1]]
    for row in records(shown.iloc[::-1]):
        against = None if pd.isna(row.threshold) else row.threshold
        if pd.notna(row.value):
            text, height = quantity.text(row.value, against), row.value
        elif pd.notna(row.lower):
            open_ = quantity.bounds(row.lower, row.upper, against)
            text = say(f"无数据（{open_}）", f"no data ({open_})")
            height = (row.lower + (row.upper if pd.notna(row.upper) else row.lower)) / 2
        else:
            text, height = style.VERDICTS[row.verdict].label, 0.0
        colour = style.VERDICTS[row.verdict].edge
        place(axes, text, (row.date.toordinal(), height), _BESIDE, style.SUBTITLE, colour, taken)
