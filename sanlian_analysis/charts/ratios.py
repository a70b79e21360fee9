"""Pooled ratios area by area, with the two sums that each is made of."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, note, statement
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, columns
from sanlian_analysis.charts.marks import (
    dot,
    extent,
    has_range,
    horizontal_scale,
    verdict_key,
    whisker,
)
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    both_ends,
    day,
    not_binding,
    omitted_note,
    records,
    row_height,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import line_height, shorten, width
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy, Ratio

_BAR = 0.68
_PAD = 0.12


def ratio_bars(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    *,
    level: str,
    date: object,
    within: str | None = None,
    reading: str = "primary",
    simulated: bool = False,
) -> Chart:
    """Every area's pooled ratio as a bar from zero, with numerator and denominator beside it.

    `results` is the results table; the reading's measure must be a ratio.
    `within` is the head of the codes to draw. Areas stand from the highest value
    down; those without a value come last, as the bounds that they have, or none.
    Numerator and denominator are the sums over the units of which both are
    known. Areas without units in scope are counted in a note.

    Raises SanlianError for a reading that is no ratio.
    """
    subject = Subject.of(policy, target_id, reading)
    if not isinstance(subject.reading.formula, Ratio):
        raise SanlianError(
            say(
                f"{policy.id}/{target_id}（{reading}）不是比率，没有分子和分母可画",
                f"{policy.id}/{target_id} ({reading}) is no ratio: it has no two sums to draw",
            )
        )
    every = select(
        results, policy, target_id, reading=reading, level=level, date=date, within=within
    )
    rows = _in_order(every)
    caption = _caption(subject, level, date, every, rows, results)
    name = subject.slug("ratios", level)
    if rows.empty:
        return statement(name, caption, simulated=simulated)
    drawn = both_ends(rows)
    listed = columns(drawn, [_figure(subject, row) for row in records(drawn)], results)
    asked = _asked(drawn)
    above = 0.0 if asked is None else line_height(style.SMALL) + _PAD
    chart = compose(
        name,
        caption,
        body=above + listed[0].slots * row_height(len(drawn)) + AXIS_ROOM,
        entries=verdict_key(verdict_counts(rows), ranges=has_range(drawn)),
        simulated=simulated,
    )
    top = _axis_end(subject, drawn, asked)
    for column in listed:
        axes = column_axes(chart, column, above)
        horizontal_scale(axes, subject.quantity, top, style.SMALL)
        _bars(axes, column, top)
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        if asked is not None:
            _threshold(chart, axes, column, asked, top, subject.asked(asked))
    return chart


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Areas in scope from the highest ratio down; those without one last, by their lower bound."""
    in_scope = rows[rows["verdict"] != "not_applicable"]
    keys = ["value", "lower", "area_code"]
    return in_scope.sort_values(keys, ascending=[False, False, True], na_position="last")


def _asked(rows: pd.DataFrame) -> float | None:
    thresholds = rows["threshold"].dropna()
    return float(thresholds.iloc[0]) if len(thresholds) else None


def _sums(row: Any) -> str:
    """Numerator and denominator, such as "128/352"."""
    return f"{style.number(row.numerator)}/{style.number(row.denominator)}"


def _figure(subject: Subject, row: Any) -> str:
    if pd.isna(row.value):
        return say("无数据", "no data")
    value = subject.quantity.text(row.value, None if pd.isna(row.threshold) else row.threshold)
    return f"{_sums(row)} = {value}" if _is_plain(subject) else f"{value}{_bracketed(_sums(row))}"


def _is_plain(subject: Subject) -> bool:
    formula = subject.reading.formula
    return isinstance(formula, Ratio) and formula.scale == 1


def _bracketed(text: str) -> str:
    return say(f"（{text}）", f" ({text})")


def _caption(
    subject: Subject,
    level: str,
    date: object,
    every: pd.DataFrame,
    rows: pd.DataFrame,
    results: pd.DataFrame,
) -> Caption:
    return Caption(
        _title(subject, level, rows, results),
        subject.subtitle(words.when(day(date))),
        subject.source,
        _detail(subject, rows, results),
        _notes(subject, level, every, rows),
    )


def _title(subject: Subject, level: str, rows: pd.DataFrame, results: pd.DataFrame) -> str:
    if rows.empty:
        noun = words.level_noun(level)
        return say(f"没有可以比较的{noun}", f"No {noun} to compare")
    if len(rows) == 1:
        row = records(rows)[0]
        name = shorten(area_name(results, str(row.area_code)), 2.4, style.TITLE)
        return name + say("", ": ") + subject.finding(row)
    every, counts = words.areas(len(rows), level), verdict_counts(rows)
    known = rows[rows["value"].notna()]
    if known.empty:
        return say(f"{every}都没有数据", f"No data in {every}")
    span = _span(subject, known)
    if set(counts) == {"no_threshold"}:
        return say(
            f"{every}的比率：{span}（文件未设阈值）", f"{every}: {span}; no threshold is set"
        )
    return words.verdict_sentence(every, counts) + say(f"，{span}", f"; {span}")


def _span(subject: Subject, known: pd.DataFrame) -> str:
    """From the lowest to the highest ratio."""
    high, low = subject.figure(records(known)[0]), subject.figure(records(known)[-1])
    return high if high == low else say(f"从{low}到{high}", f"from {low} to {high}")


def _detail(subject: Subject, rows: pd.DataFrame, results: pd.DataFrame) -> str:
    """The highest and the lowest ratio with their sums, for the alternative text."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return ""
    high, low = (
        area_name(results, str(row.area_code)) + " " + _figure(subject, row)
        for row in (records(known)[0], records(known)[-1])
    )
    if len(known) == 1:
        return high
    return say(f"最高{high}，最低{low}", f"Highest {high}; lowest {low}")


def _notes(
    subject: Subject, level: str, every: pd.DataFrame, rows: pd.DataFrame
) -> tuple[str, ...]:
    notes = [*assumptions(every), *not_binding(every, level)]
    unknown = int(rows["unknown"].sum())
    if unknown:
        count = subject.counted(unknown)
        zh = f"分子、分母只合计两项都已知的单位；另有{count}至少缺一项，未计入。"
        en = f"Sums are over units of which both are known; left out, one or both missing: {count}."
        notes.append(say(zh, en))
    boundless = int((rows["value"].notna() & rows["lower"].isna()).sum())
    if boundless:
        count = words.areas(boundless, level)
        zh = f"{count}有分母未知的单位，画不出上下限。"
        notes.append(say(zh, f"No bounds, the denominator is unknown for some units: {count}."))
    outside = len(every) - len(rows)
    if outside:
        count = words.areas(outside, level)
        notes.append(
            say(f"另有{count}没有适用的单位，未画出。", f"Not drawn, no unit in scope: {count}.")
        )
    return (*notes, *omitted_note(len(rows), len(both_ends(rows))))


def _axis_end(subject: Subject, rows: pd.DataFrame, asked: float | None) -> float:
    """A little beyond the largest figure, but not beyond 100 % of a whole."""
    largest = extent(rows, *([] if asked is None else [asked]))
    whole = subject.quantity.percent and largest <= 1
    return min(1.0, largest * 1.08) if whole else largest * 1.05


def _bars(axes: Axes, column: Column, top: float) -> None:
    """A bar in the tint of its verdict, ended by the verdict's mark, with bounds and figures."""
    edge = 1 + column.figure_room / column.plot
    for at, (row, figure) in enumerate(zip(records(column.rows), column.figures, strict=True)):
        mark = style.VERDICTS[row.verdict]
        if pd.notna(row.value):
            (bar,) = axes.barh(
                [at],
                [row.value],
                _BAR,
                color=mark.cell,
                edgecolor=mark.edge,
                linewidth=0.7,
                clip_on=False,
                zorder=2,
            )
            bar.set_gid(f"ratio-{row.area_code}")
        whisker(axes, at, row, top)
        if pd.notna(row.value):
            look = dot(row.verdict, column.size * 0.7)
            axes.plot(
                [row.value], [at], gid=f"value-{row.area_code}", clip_on=False, zorder=4, **look
            )
        axes.text(
            edge,
            at,
            figure,
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center_baseline",
            **style.lettering(column.size, mark.edge),
        )


def _threshold(
    chart: Chart, axes: Axes, column: Column, asked: float, top: float, label: str
) -> None:
    """The line to compare with, named above the bars."""
    high = axes.get_window_extent().height / style.LAYOUT_DPI
    reach = high + _PAD / 2
    axes.axvline(
        asked,
        ymax=reach / high,
        color=style.INK,
        linewidth=1.6,
        clip_on=False,
        gid="threshold",
        zorder=3.5,
    )
    first = style.MARGIN + column.left
    long = width(label, style.SMALL)
    x = first + column.name_room + column.plot * asked / top - long / 2
    x = min(max(x, first), first + column.wide - long)
    y = chart.body[1] + AXIS_ROOM + reach + 0.02
    note(chart, x, y, label, style.SMALL, style.INK, va="bottom")
