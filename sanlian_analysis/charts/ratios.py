"""Pooled ratios area by area, with the two sums that each is made of."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.comparison import Comparison
from sanlian_analysis.charts.comparison_drawing import lay_out
from sanlian_analysis.charts.figure import Chart, statement
from sanlian_analysis.charts.listing import Column, columns, in_columns
from sanlian_analysis.charts.marks import point, whisker
from sanlian_analysis.charts.rows import records, verdict_counts
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy, Ratio

_BAR = 0.68


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
    `within` is the head of the codes to draw; the ratio of that area is a thin
    line when its row is there. Areas stand from the highest value
    down; those without a value come last, as the bounds that they have, or none.
    Numerator and denominator are the sums over the units of which both are
    known. Areas without units in scope are counted in a note.

    Raises SanlianError for a reading that is no ratio.
    """
    found = Comparison.of(
        results, policy, target_id, level=level, date=date, within=within, reading=reading
    )
    if not isinstance(found.subject.reading.formula, Ratio):
        raise SanlianError(
            say(
                f"{policy.id}/{target_id}（{reading}）不是比率，没有分子和分母可画",
                f"{policy.id}/{target_id} ({reading}) is no ratio: it has no two sums to draw",
            )
        )
    detail = found.extremes(lambda row: _figure(found.subject, row))
    caption = found.caption(_title(found), detail, _notes(found))
    name = found.subject.slug("ratios", level)
    if found.rows.empty:
        return statement(name, caption, simulated=simulated)
    filled = in_columns(found.drawn)
    listed = columns(filled, lambda row: _figure(found.subject, row), results)
    chart, drawn = lay_out(found, name, caption, listed, simulated=simulated)
    for axes, column in zip(drawn, listed, strict=True):
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        _bars(axes, column)
    return chart


def _sums(row: Any) -> str:
    """Numerator and denominator, such as "128/352"."""
    return f"{style.number(row.numerator)}/{style.number(row.denominator)}"


def _figure(subject: Subject, row: Any) -> str:
    value = subject.value(row)
    if pd.isna(row.value):
        return value
    plain = subject.quantity.percent
    return f"{_sums(row)} = {value}" if plain else value + words.bracketed(_sums(row))


def _title(found: Comparison) -> str:
    if few := found.title_of_few():
        return few
    every, counts = found.counted, verdict_counts(found.rows)
    if found.known.empty:
        return say(f"{every}都没有数据", f"No data in {every}")
    span = _span(found)
    if set(counts) == {"no_threshold"}:
        zh = f"{every}的比率：{span}（文件未设阈值）"
        return say(zh, f"{every}: {span}; no threshold is set")
    return words.verdict_sentence(every, counts) + say(f"，{span}", f"; {span}")


def _span(found: Comparison) -> str:
    """From the lowest to the highest ratio."""
    known = records(found.known)
    high, low = (found.subject.figure(row) for row in (known[0], known[-1]))
    return high if high == low else say(f"从{low}到{high}", f"from {low} to {high}")


def _notes(found: Comparison) -> list[str]:
    """The units that the sums leave out, and the areas that have no bounds for them."""
    notes, rows = [], found.rows
    if unknown := int(rows["unknown"].sum()):
        count = found.subject.counted(unknown)
        zh = f"分子、分母只合计两项都已知的单位；另有{count}至少缺一项，未计入。"
        en = f"Sums are over units of which both are known; left out, one or both missing: {count}."
        notes.append(say(zh, en))
    if boundless := int((rows["value"].notna() & rows["lower"].isna()).sum()):
        count = words.counted(boundless, found.level)
        zh = f"{count}有分母未知的单位，画不出上下限。"
        notes.append(say(zh, f"No bounds, the denominator is unknown for some units: {count}."))
    return notes


def _bars(axes: Axes, column: Column) -> None:
    """A bar in the tint of its verdict, ended by the verdict's mark, with its bounds."""
    end = axes.get_xlim()[1]
    look: dict[str, Any] = {"linewidth": 0.7, "clip_on": False, "zorder": 1.5}
    for at, row in zip(column.places, column.rows, strict=True):
        mark = style.VERDICTS[row.verdict]
        if pd.notna(row.value):
            look |= {"color": mark.cell, "edgecolor": mark.edge}
            (bar,) = axes.barh([at], [row.value], _BAR, **look)
            bar.set_gid(f"ratio-{row.area_code}")
        whisker(axes, at, row, end)
        point(axes, at, row, column.size * 0.7)
