"""What changed between two snapshots: every area as a line from then to now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import (
    ROOM,
    Caption,
    Chart,
    KeyEntry,
    compose,
    note,
    panel,
    statement,
)
from sanlian_analysis.charts.marks import dot, value_ticks, verdict_key
from sanlian_analysis.charts.rows import (
    area_labels,
    area_name,
    assumptions,
    day,
    not_binding,
    records,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_NAME_ROOM, _LEADER, _FOOT = 1.45, 0.24, 0.22
_HEAD = 0.34
#: So many areas can all be named; of more, only those that matter most.
_ALL_NAMED, _MOST_NAMED, _EXTREMES = 16, 24, 3
_LISTED = 5

#: The two dates, as attributes of a move.
_ENDS = ("then", "now")


@dataclass(frozen=True)
class _Move:
    """One area at both dates; `then` and `now` are rows of the results."""

    code: str
    then: Any
    now: Any

    @property
    def by(self) -> float:
        """How far the value moved."""
        return float(self.now.value - self.then.value)

    @property
    def newly_met(self) -> bool:
        """Met now and not before."""
        return bool(self.now.verdict == "met" != self.then.verdict)

    @property
    def no_longer_met(self) -> bool:
        """Met before and not now."""
        return bool(self.then.verdict == "met" != self.now.verdict)

    @property
    def crosses(self) -> bool:
        """Met at one date only."""
        return self.newly_met or self.no_longer_met

    @property
    def judged_anew(self) -> bool:
        """The verdict is another one."""
        return bool(self.then.verdict != self.now.verdict)


@dataclass(frozen=True)
class _Label:
    """What stands beside one end of a line, and how high the end is."""

    value: float
    text: str
    colour: str


def change(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    *,
    level: str,
    dates: Sequence[object] | None = None,
    within: str | None = None,
    reading: str = "primary",
    simulated: bool = False,
) -> Chart:
    """Every area's value at two snapshots, joined by a line, with the verdict at either end.

    `results` is the results table; `dates` are two snapshots, by default the last
    two that it has for this reading. `within` is the head of the codes to draw.
    Of more than 16 areas only the largest rises and falls and those whose verdict
    changed are named. Areas without a value at either date are not drawn and told
    in notes, apart from those that have no unit in scope.
    """
    subject = Subject.of(policy, target_id, reading)
    rows = select(results, policy, target_id, reading=reading, level=level, within=within)
    days = sorted(day(one) for one in dates) if dates else sorted(set(rows["date"]))[-2:]
    rows = rows[rows["date"].isin(days)]
    moves = _moves(rows, days)
    named = _named(moves)
    caption = _caption(subject, level, days, rows, moves, named, results)
    name = subject.slug("change", level)
    if not moves:
        return statement(name, caption, simulated=simulated)
    chart = compose(
        name,
        caption,
        body=_height(len(named)),
        entries=_entries(moves),
        simulated=simulated,
    )
    _draw(chart, subject, days, moves, named, results)
    return chart


def _moves(rows: pd.DataFrame, days: list[dt.date]) -> list[_Move]:
    """The areas with a value at both dates, by their codes."""
    if len(days) < 2:
        return []
    valued = rows[rows["value"].notna()]
    then, now = (
        {str(row.area_code): row for row in records(valued[valued["date"] == one])} for one in days
    )
    return [_Move(code, then[code], now[code]) for code in then if code in now]


def _named(moves: list[_Move]) -> list[_Move]:
    """The areas that are named: all of a few, else extremes and changed verdicts."""
    if len(moves) <= _ALL_NAMED:
        return moves
    in_order = sorted(moves, key=lambda move: (move.by, move.code))
    extremes = [move for move in in_order[:_EXTREMES] if move.by < 0]
    extremes += [move for move in in_order[-_EXTREMES:] if move.by > 0]
    others = [move for move in _judged_anew(moves) if move not in extremes]
    return (extremes + others)[:_MOST_NAMED]


def _judged_anew(moves: list[_Move]) -> list[_Move]:
    """Areas whose verdict changed: those that met or no longer meet first, then the largest moves."""
    changed = [move for move in moves if move.judged_anew]
    return sorted(changed, key=lambda move: (not move.crosses, -abs(move.by), move.code))


def _height(named: int) -> float:
    """Inches of the body: enough for one line per name and one for the threshold."""
    return _HEAD + max(style.BODY_HEIGHT, (named + 2) * _pitch()) + _FOOT


def _pitch() -> float:
    return line_height(style.SMALL) + 0.01


def _caption(
    subject: Subject,
    level: str,
    days: list[dt.date],
    rows: pd.DataFrame,
    moves: list[_Move],
    named: list[_Move],
    results: pd.DataFrame,
) -> Caption:
    when = say("至", " to ").join(words.when(one) for one in days)
    return Caption(
        _title(subject, level, days, moves, results),
        subject.subtitle(*([when] if when else [])),
        subject.source,
        _detail(subject, moves, results),
        (
            *assumptions(rows),
            *not_binding(rows, level),
            *_absent(rows, days, level, results),
            *_unnamed(moves, named, level),
            *_raised(subject, moves),
        ),
    )


def _title(
    subject: Subject,
    level: str,
    days: list[dt.date],
    moves: list[_Move],
    results: pd.DataFrame,
) -> str:
    noun = words.level_noun(level)
    if len(days) < 2:
        return say("没有两个时点可以比较", "No two snapshots to compare")
    if not moves:
        return say(f"没有两个时点都有数据的{noun}", f"No {noun} with data at both dates")
    if len(moves) == 1:
        return _one(subject, days, moves[0], results)
    every, judged = words.areas(len(moves), level), _judged(subject, moves)
    up, down = sum(move.by > 0 for move in moves), sum(move.by < 0 for move in moves)
    parts = [
        (up, "上升", "rose"),
        (down, "下降", "fell"),
        (len(moves) - up - down, "不变", "stayed the same"),
    ]
    told = [say(f"{n:,}个{zh}", f"{n:,} {en}") for n, zh, en in parts if n]
    if len(told) == 1:
        zh, en = next((zh, en) for n, zh, en in parts if n)
        return say(f"{every}全部{zh}", f"All {every} {en}") + judged
    return say(f"{every}中，", f"Of {every}: ") + words.listed(told) + judged


def _judged(subject: Subject, moves: list[_Move]) -> str:
    """How many areas met the demand anew, or no longer; nothing where there is no demand."""
    if {move.now.verdict for move in moves} == {"no_threshold"}:
        return ""
    new, lost = sum(m.newly_met for m in moves), sum(m.no_longer_met for m in moves)
    parts = [say(f"新达标{new:,}个", f"{new:,} newly met")] if new else []
    parts += [say(f"不再达标{lost:,}个", f"{lost:,} no longer met")] if lost else []
    told = words.listed(parts) or say("没有新达标的", "none newly met")
    return say("；", "; ") + told + _demand(subject, moves)


def _demand(subject: Subject, moves: list[_Move]) -> str:
    """That another figure is asked for now, which moves verdicts by itself."""
    then, now = (_threshold(moves, end) for end in _ENDS)
    if then is None or now is None or then == now:
        return ""
    before, after = subject.quantity.threshold(then), subject.quantity.threshold(now)
    raised = "提高" if now > then else "降低"
    zh = f"（要求由{before}{raised}到{after}）"
    return say(zh, f" (asked for: {before} then, {after} now)")


def _one(subject: Subject, days: list[dt.date], move: _Move, results: pd.DataFrame) -> str:
    name = shorten(area_name(results, move.code), 2.4, style.TITLE)
    then, now = (subject.figure(row) for row in (move.then, move.now))
    moved = say(
        "升到" if move.by > 0 else "降到" if move.by < 0 else "不变，仍为",
        "rose to" if move.by > 0 else "fell to" if move.by < 0 else "is still",
    )
    first, last = (words.when(one) for one in days)
    before, after = (words.verdict_name(row.verdict) for row in (move.then, move.now))
    told = say(
        f"{name}由{first}的{then}{moved}{last}的{now}",
        f"{name}: {then} ({first}) {moved} {now} ({last})",
    )
    if move.now.verdict == "no_threshold":
        return told
    if not move.judged_anew:
        told += say(f"，前后都{_is(after)}", f", {after} at both dates")
    else:
        told += say(f"，由{before}变为{after}", f", from {before} to {after}")
    return told + _demand(subject, [move])


def _is(verdict: str) -> str:
    return verdict if verdict.endswith("达标") else f"是{verdict}"


def _detail(subject: Subject, moves: list[_Move], results: pd.DataFrame) -> str:
    """The largest rise and the largest fall, for the alternative text."""
    if len(moves) < 2:
        return ""
    in_order = sorted(moves, key=lambda move: (move.by, move.code))
    parts = [
        (in_order[-1], "上升最多", "Largest rise: "),
        (in_order[0], "下降最多", "largest fall: "),
    ]
    told = [
        say(zh, en)
        + area_name(results, move.code)
        + say("由", ", from ")
        + subject.figure(move.then)
        + say("到", " to ")
        + subject.figure(move.now)
        for move, zh, en in parts
        if (move.by > 0 if zh == "上升最多" else move.by < 0)
    ]
    return say("，", "; ").join(told)


def _absent(
    rows: pd.DataFrame, days: list[dt.date], level: str, results: pd.DataFrame
) -> list[str]:
    """Areas that are not drawn: by the date that lacks a value, and those without units."""
    notes, outside = [], set(rows.loc[rows["verdict"] == "not_applicable", "area_code"])
    valued = rows[rows["value"].notna()]
    lacking = [
        set(rows["area_code"]) - outside - set(valued.loc[valued["date"] == one, "area_code"])
        for one in days
    ]
    never = set.intersection(*lacking) if lacking else set()
    whens = [words.when(one) for one in days]
    groups = [(never, say("两个时点都", "either date"))]
    groups += [(codes - never, when) for codes, when in zip(lacking, whens, strict=True)]
    for missing, when in groups:
        if missing:
            count, listed = words.areas(len(missing), level), _list(sorted(missing), results)
            zh = f"{when}没有数据、未画出的有{count}：{listed}。"
            notes.append(say(zh, f"Not drawn, no data at {when}: {count} ({listed})."))
    if outside:
        count = words.areas(len(outside), level)
        zh = f"另有{count}没有适用的单位，未画出。"
        notes.append(say(zh, f"Not drawn, no unit in scope: {count}."))
    return notes


def _list(codes: list[str], results: pd.DataFrame) -> str:
    """The names of some areas; of many only the first few."""
    names = [shorten(area_name(results, code), _NAME_ROOM, style.SMALL) for code in codes]
    listed = words.listed(names[:_LISTED])
    return listed + say("等", " and others") if len(names) > _LISTED else listed


def _unnamed(moves: list[_Move], named: list[_Move], level: str) -> list[str]:
    if len(named) == len(moves):
        return []
    left = len([move for move in _judged_anew(moves) if move not in named])
    zh = "只标出升降最多的和判定改变的名称；灰线是其余" + words.areas(
        len(moves) - len(named), level
    )
    en = f"Named: largest rises and falls, changed verdicts; grey: {len(moves) - len(named):,} more"
    if not left:
        return [say(zh + "。", en + ".")]
    also = say(f"，其中{left:,}个判定也有改变。", f", {left:,} of them with a changed verdict.")
    return [say(zh, en) + also]


def _raised(subject: Subject, moves: list[_Move]) -> list[str]:
    """That the scale does not begin at zero, where it does not."""
    base = _scale(subject, moves)[0] if moves else 0.0
    if not base:
        return []
    text = subject.quantity.named(subject.quantity.text(base, base))
    return [say(f"纵向从{text}起，不从0起。", f"The scale begins at {text}, not at 0.")]


def _entries(moves: list[_Move]) -> list[KeyEntry]:
    """The verdicts that occur at either date."""
    ends = pd.DataFrame({"verdict": [row.verdict for m in moves for row in (m.then, m.now)]})
    return verdict_key(dict.fromkeys(verdict_counts(ends)))


def _draw(
    chart: Chart,
    subject: Subject,
    days: list[dt.date],
    moves: list[_Move],
    named: list[_Move],
    results: pd.DataFrame,
) -> None:
    thresholds = [_threshold(moves, end) for end in _ENDS]
    sides = [
        _labels(subject, named, end, threshold, results)
        for end, threshold in zip(_ENDS, thresholds, strict=True)
    ]
    if thresholds[0] == thresholds[1]:
        sides[0] = [label for label in sides[0] if label.colour != style.INK]
    rooms = [max(width(one.text, style.SMALL) for one in labels) + _LEADER for labels in sides]
    axes = panel(chart, left=rooms[0], right=rooms[1], top=_HEAD, bottom=_FOOT)
    scale = _scale(subject, moves)
    axes.set_xlim(0, 1)
    axes.set_ylim(*scale)
    axes.axhline(scale[0], color=style.GRID, linewidth=0.8, zorder=1)
    for x in (0, 1):
        axes.axvline(x, color=style.FAINT, linewidth=0.8, zorder=1)
    _threshold_lines(axes, thresholds)
    codes = {move.code for move in named}
    for move in moves:
        _line(axes, move, move.code in codes, everyone=len(named) == len(moves))
    for side, labels in enumerate(sides):
        _write(chart, axes, labels, side)
        _ends(chart, axes, side, words.when(days[side]), subject.quantity.text(scale[0], scale[0]))


def _threshold(moves: list[_Move], end: str) -> float | None:
    """What is asked for at one date; None where nothing is."""
    rows = (getattr(move, end) for move in moves)
    return next((float(row.threshold) for row in rows if pd.notna(row.threshold)), None)


def _labels(
    subject: Subject,
    named: list[_Move],
    end: str,
    threshold: float | None,
    results: pd.DataFrame,
) -> list[_Label]:
    """Name and figure of the areas at one end, and the threshold of that date."""
    ends = [getattr(move, end) for move in named]
    table = pd.DataFrame({"area_code": [m.code for m in named], "area": [row.area for row in ends]})
    names = area_labels(table, results, room=_NAME_ROOM, size=style.SMALL)
    labels = []
    for row, name in zip(ends, names, strict=True):
        figure = subject.quantity.text(row.value, None if pd.isna(row.threshold) else row.threshold)
        parts = [name, figure] if end == "then" else [figure, name]
        labels.append(_Label(row.value, " ".join(parts), style.VERDICTS[row.verdict].edge))
    if threshold is not None:
        labels.append(_Label(threshold, subject.asked(threshold), style.INK))
    return labels


def _scale(subject: Subject, moves: list[_Move]) -> tuple[float, float]:
    """From 0, or a round figure where all lie far above it, to a little beyond the largest."""
    figures = [float(row.value) for move in moves for row in (move.then, move.now)]
    figures += [t for end in _ENDS if (t := _threshold(moves, end)) is not None]
    largest, least = max([*figures, 0.0]) or 1.0, min(figures)
    whole = subject.quantity.percent and largest <= 1
    top = min(1.0, largest * 1.08) if whole else largest * 1.05
    ticks = value_ticks(subject.quantity, top, 11)[0]
    below = [tick for tick in ticks if tick <= least - (top - least) * 0.05]
    return (below[-1] if below and below[-1] > top / 3 else 0.0), top


def _threshold_lines(axes: Axes, thresholds: list[float | None]) -> None:
    """The demand at each date, as far as it is in force; one line where it stays the same."""
    spans = [(0.0, 0.3), (0.7, 1.0)]
    if thresholds[0] == thresholds[1]:
        thresholds, spans = thresholds[:1], [(0.0, 1.0)]
    for value, span in zip(thresholds, spans, strict=True):
        if value is not None:
            axes.plot(
                span,
                [value, value],
                color=style.INK,
                linewidth=1.6,
                clip_on=False,
                gid="threshold",
                zorder=2.5,
            )


def _line(axes: Axes, move: _Move, named: bool, *, everyone: bool) -> None:
    """The area's line and the verdicts at its ends."""
    colour, weight = style.FAINT, 0.6
    if named:
        colour, weight = style.MUTED, 1.0
    if named and move.crosses:
        colour, weight = style.VERDICTS[move.now.verdict].edge, 1.8
    axes.plot(
        [0, 1],
        [move.then.value, move.now.value],
        color=colour,
        linewidth=weight,
        clip_on=False,
        gid=f"change-{move.code}",
        zorder=2 + named + weight / 10,
    )
    for x, end in enumerate(_ENDS):
        row = getattr(move, end)
        axes.plot(
            [x],
            [row.value],
            gid=f"{end}-{move.code}",
            clip_on=False,
            zorder=4.5 if named else 4,
            **dot(row.verdict, 6.5 if named else 3.5),
        )


def _write(chart: Chart, axes: Axes, labels: list[_Label], side: int) -> None:
    """The labels of one end above one another, each led to from its point."""
    box = axes.get_window_extent()
    floor, high = box.y0 / style.LAYOUT_DPI, box.height / style.LAYOUT_DPI
    x = (box.x0, box.x1)[side] / style.LAYOUT_DPI
    outward = (-1, 1)[side]
    low, top = axes.get_ylim()
    wanted = [floor + high * (label.value - low) / (top - low) for label in labels]
    places = spread(wanted, _pitch(), floor, floor + high + 0.06)
    for label, point, place in zip(labels, wanted, places, strict=True):
        chart.add_artist(
            Line2D(
                [x + outward * 0.07, x + outward * (_LEADER - 0.03)],
                [point, place],
                transform=chart.dpi_scale_trans,
                color=style.FAINT,
                linewidth=0.6,
            )
        )
        align = {"ha": ("right", "left")[side], "va": "center_baseline"}
        x_text = x + outward * _LEADER
        note(chart, x_text, place, label.text, style.SMALL, label.colour, **align)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as can be to those wanted, at least `gap` apart, from `low` to `high`.

    >>> spread([1.0, 1.0, 3.0], 0.5, 0.0, 4.0)
    [0.75, 1.25, 3.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    groups: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        groups.append((wanted[index] - rank * gap, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (one, n), (other, m) = groups[-2:]
            groups[-2:] = [((one * n + other * m) / (n + m), n + m)]
    level = [place for place, count in groups for _ in range(count)]
    most = max(high - (len(wanted) - 1) * gap, low)
    places = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        places[index] = min(max(level[rank], low), most) + rank * gap
    return places


def _ends(chart: Chart, axes: Axes, side: int, date: str, base: str) -> None:
    """The date over an end, and what the scale begins with under it."""
    box = axes.get_window_extent()
    x = (box.x0, box.x1)[side] / style.LAYOUT_DPI
    top, floor = box.y1 / style.LAYOUT_DPI + 0.17, box.y0 / style.LAYOUT_DPI - 0.08
    wide = width(date, style.BODY) / 2
    at = min(max(x, style.MARGIN + wide), style.MARGIN + ROOM - wide)
    note(chart, at, top, date, style.BODY, style.INK, ha="center", va="bottom")
    note(chart, x, floor, base, style.SMALL, style.MUTED, ha="center", va="top")
