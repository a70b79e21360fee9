"""What changed between two snapshots: every area as a line from then to now."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, statement
from sanlian_analysis.charts.move_drawing import NAME_ROOM, body, draw, entries
from sanlian_analysis.charts.moves import Move, Moves
from sanlian_analysis.charts.rows import area_name, assumptions, not_binding, outside_note
from sanlian_analysis.charts.text import in_title, shorten
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy

#: Areas that a note names.
_LISTED = 5


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
    moves = Moves.of(
        results, policy, target_id, level=level, dates=dates, within=within, reading=reading
    )
    caption, name = _caption(moves), moves.subject.slug("change", level)
    if not moves.every:
        return statement(name, caption, simulated=simulated)
    chart = compose(name, caption, body=body(moves), entries=entries(moves), simulated=simulated)
    draw(chart, moves)
    return chart


def _caption(moves: Moves) -> Caption:
    when = say("至", " to ").join(words.when(one) for one in moves.days)
    return Caption(
        _title(moves),
        moves.subject.subtitle(*([when] if when else [])),
        moves.subject.source_at(*moves.days),
        _detail(moves),
        (
            *assumptions(moves.rows),
            *not_binding(moves.rows, moves.level),
            *_absent(moves),
            *_unnamed(moves),
            *_raised(moves),
        ),
    )


def _title(moves: Moves) -> str:
    every = moves.every
    if len(moves.days) < 2:
        return say("没有两个时点可以比较", "No two snapshots to compare")
    if not every:
        noun = words.noun(moves.level)
        return say(f"没有两个时点都有数据的{noun}", f"No {noun} with data at both dates")
    if len(every) == 1:
        return _one(moves, every[0])
    count, judged = words.counted(len(every), moves.level), _judged(moves)
    up, down = sum(move.by > 0 for move in every), sum(move.by < 0 for move in every)
    parts = [
        (up, "上升", "rose"),
        (down, "下降", "fell"),
        (len(every) - up - down, "不变", "stayed the same"),
    ]
    told = [say(f"{n:,}个{zh}", f"{n:,} {en}") for n, zh, en in parts if n]
    if len(told) == 1:
        zh, en = next((zh, en) for n, zh, en in parts if n)
        return say(f"{count}全部{zh}", f"All {count} {en}") + judged
    return say(f"{count}中，", f"Of {count}: ") + listed(told) + judged


def _judged(moves: Moves) -> str:
    """How many areas met the demand anew, or no longer; nothing where there is no demand."""
    if {move.now.verdict for move in moves.every} == {"no_threshold"}:
        return ""
    new, lost = sum(m.newly_met for m in moves.every), sum(m.no_longer_met for m in moves.every)
    parts = [say(f"新达标{new:,}个", f"{new:,} newly met")] if new else []
    parts += [say(f"不再达标{lost:,}个", f"{lost:,} no longer met")] if lost else []
    told = listed(parts) or say("没有新达标的", "none newly met")
    return say("；", "; ") + told + _demand(moves)


def _demand(moves: Moves) -> str:
    """That another figure is asked for now, which moves verdicts by itself."""
    then, now = moves.thresholds
    if then is None or now is None or then == now:
        return ""
    before, after = (moves.subject.quantity.threshold(asked) for asked in (then, now))
    raised = "提高" if now > then else "降低"
    zh = f"（要求由{before}{raised}到{after}）"
    return say(zh, f" (asked for: {before} then, {after} now)")


def _one(moves: Moves, move: Move) -> str:
    name = in_title(area_name(moves.results, move.code))
    then, now = (moves.subject.figure(row) for row in (move.then, move.now))
    moved = say(
        "升到" if move.by > 0 else "降到" if move.by < 0 else "不变，仍为",
        "rose to" if move.by > 0 else "fell to" if move.by < 0 else "is still",
    )
    first, last = (words.when(one) for one in moves.days)
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
    return told + _demand(moves)


def _is(verdict: str) -> str:
    return verdict if verdict.endswith("达标") else f"是{verdict}"


def _detail(moves: Moves) -> str:
    """The largest rise and the largest fall, for the alternative text."""
    if len(moves.every) < 2:
        return ""
    fall, *_, rise = moves.in_order
    told = [_moved(moves, rise, say("上升最多", "Largest rise: "))] if rise.by > 0 else []
    told += [_moved(moves, fall, say("下降最多", "largest fall: "))] if fall.by < 0 else []
    return say("，", "; ").join(told)


def _moved(moves: Moves, move: Move, how: str) -> str:
    name = area_name(moves.results, move.code)
    then, now = (moves.subject.figure(row) for row in (move.then, move.now))
    return say(f"{how}{name}由{then}到{now}", f"{how}{name}, from {then} to {now}")


def _absent(moves: Moves) -> list[str]:
    """Areas that are not drawn: by the date that lacks a value, and those without units."""
    rows, notes = moves.rows, []
    outside = set(rows.loc[rows["verdict"] == "not_applicable", "area_code"])
    valued = rows[rows["value"].notna()]
    lacking = [
        set(rows["area_code"]) - outside - set(valued.loc[valued["date"] == one, "area_code"])
        for one in moves.days
    ]
    never = set.intersection(*lacking) if lacking else set()
    whens = [words.when(one) for one in moves.days]
    groups = [(never, say("两个时点都", "either date"))]
    groups += [(codes - never, when) for codes, when in zip(lacking, whens, strict=True)]
    for missing, when in groups:
        if missing:
            count, listed = words.counted(len(missing), moves.level), _list(moves, missing)
            zh = f"{when}没有数据、未画出的有{count}：{listed}。"
            notes.append(say(zh, f"Not drawn, no data at {when}: {count} ({listed})."))
    return [*notes, *outside_note(len(outside), moves.level)]


def _list(moves: Moves, codes: set[str]) -> str:
    """The names of some areas; of many only the first few."""
    names = [
        shorten(area_name(moves.results, code), NAME_ROOM, style.SMALL) for code in sorted(codes)
    ]
    first = listed(names[:_LISTED])
    return first + say("等", " and others") if len(names) > _LISTED else first


def _unnamed(moves: Moves) -> list[str]:
    """How many areas are drawn without a name."""
    named = moves.named
    grey = len(moves.every) - len(named)
    if not grey:
        return []
    left = len([move for move in moves.judged_anew if move not in named])
    zh = f"只标出升降最多的和判定改变的名称；灰线是其余{words.counted(grey, moves.level)}"
    en = f"Named: largest rises and falls, changed verdicts; grey: {grey:,} more"
    if not left:
        return [say(zh + "。", en + ".")]
    also = say(f"，其中{left:,}个判定也有改变。", f", {left:,} of them with a changed verdict.")
    return [say(zh, en) + also]


def _raised(moves: Moves) -> list[str]:
    """That the scale does not begin at zero, where it does not."""
    base = moves.span[0] if moves.every else 0.0
    if not base:
        return []
    text = moves.subject.quantity.named(moves.subject.quantity.text(base, base))
    return [say(f"纵向从{text}起，不从0起。", f"The scale begins at {text}, not at 0.")]
