"""How many units are still missing, area by area."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, statement
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, columns
from sanlian_analysis.charts.marks import horizontal_scale, verdict_key
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    day,
    not_binding,
    records,
    row_height,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import shorten
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_BAR = 0.66


def shortfall_bars(
    results: pd.DataFrame,
    policy: Policy,
    target_id: str,
    *,
    level: str,
    date: object,
    within: str | None = None,
    top: int | None = None,
    reading: str = "primary",
    simulated: bool = False,
) -> Chart:
    """Units still missing in every area that lacks any, the largest shortfall first.

    `results` is the results table. Shortfalls stand on the lower bound: unknown
    units count as not passing, so that a shortfall of 0 is a threshold that is
    reached whatever they are. `top` limits the bars; all other areas are counted
    in notes.
    """
    subject = Subject.of(policy, target_id, reading)
    every = select(
        results, policy, target_id, reading=reading, level=level, date=date, within=within
    )
    lacking = every[every["shortfall"] > 0].sort_values(
        ["shortfall", "area_code"], ascending=[False, True]
    )
    drawn = lacking.head(style.MOST_ROWS if top is None else top)
    caption = _caption(subject, level, date, every, lacking, drawn, results)
    name = subject.slug("shortfall", level)
    if drawn.empty:
        return statement(name, caption, simulated=simulated)
    listed = columns(drawn, [f"{value:,.0f}" for value in drawn["shortfall"]], results)
    chart = compose(
        name,
        caption,
        body=listed[0].slots * row_height(len(drawn)) + AXIS_ROOM,
        entries=verdict_key(verdict_counts(drawn)),
        simulated=simulated,
    )
    for column in listed:
        axes = column_axes(chart, column)
        horizontal_scale(axes, words.COUNT, float(drawn["shortfall"].max()), style.SMALL)
        _bars(axes, column)
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
    return chart


def _caption(
    subject: Subject,
    level: str,
    date: object,
    every: pd.DataFrame,
    lacking: pd.DataFrame,
    drawn: pd.DataFrame,
    results: pd.DataFrame,
) -> Caption:
    return Caption(
        _title(subject, level, every, lacking, results),
        _subtitle(subject, every, date),
        subject.source,
        _detail(subject, drawn, results),
        _notes(level, every, lacking, drawn),
    )


def _title(
    subject: Subject,
    level: str,
    every: pd.DataFrame,
    lacking: pd.DataFrame,
    results: pd.DataFrame,
) -> str:
    if every["shortfall"].isna().all():
        noun = words.level_noun(level)
        return say(f"没有可以计算缺口的{noun}", f"No {noun} with a shortfall to compute")
    if lacking.empty:
        known = words.areas(int(every["shortfall"].notna().sum()), level)
        return say(f"{known}都没有缺口", f"No shortfall in {known}")
    worst = records(lacking)[0]
    name = shorten(area_name(results, str(worst.area_code)), 2.0, style.TITLE)
    largest = subject.missing(int(worst.shortfall))
    if len(lacking) == 1:
        return say(f"{name}还差{largest}", f"Still missing in {name}: {largest}")
    count = words.areas(len(lacking), level)
    return say(
        f"{count}还有缺口，{name}最大：差{largest}",
        f"Shortfall in {count}, the largest in {name}: {largest}",
    )


def _subtitle(subject: Subject, every: pd.DataFrame, date: object) -> str:
    missing, label = subject.missing_unit, subject.name
    parts = [say(f"{label}：还差的{missing}", f"{label}: {missing} still missing")]
    thresholds = every["threshold"].dropna()
    if len(thresholds):
        parts.append(subject.asked(float(thresholds.iloc[0])))
    return words.dotted(*parts, words.when(day(date)), subject.policy.label)


def _detail(subject: Subject, drawn: pd.DataFrame, results: pd.DataFrame) -> str:
    parts = [
        f"{area_name(results, str(row.area_code))} {subject.missing(int(row.shortfall))}"
        for row in records(drawn.head(3))
    ]
    return words.listed(parts)


def _notes(
    level: str, every: pd.DataFrame, lacking: pd.DataFrame, drawn: pd.DataFrame
) -> tuple[str, ...]:
    """The areas without a bar, by the reason for it."""
    outside = int((every["verdict"] == "not_applicable").sum())
    open_ = int(every["shortfall"].isna().sum()) - outside
    parts = [
        (len(lacking) - len(drawn), "也有缺口，未画出", "also lacking, not drawn"),
        (int((every["shortfall"] == 0).sum()), "已达标", "met"),
        (open_, "无法计算缺口", "without a computable shortfall"),
        (outside, "没有适用的单位", "without units in scope"),
    ]
    told = [
        say(f"{words.areas(n, level)}{zh}", f"{words.areas(n, level)} {en}")
        for n, zh, en in parts
        if n
    ]
    rest = (say(f"其余：{'；'.join(told)}。", f"Others: {'; '.join(told)}."),) if told else ()
    basis = say(
        "缺口按未知单位都不达标计算。", "Unknown units are counted as not passing in shortfalls."
    )
    return (*assumptions(every), *not_binding(every, level), basis, *rest)


def _bars(axes: Axes, column: Column) -> None:
    """One bar per area in the colour of its verdict, with its number at the end."""
    marks = [style.VERDICTS[verdict] for verdict in column.rows["verdict"]]
    bars = axes.barh(
        range(len(column.rows)),
        column.rows["shortfall"],
        _BAR,
        color=[mark.cell if mark.fill == style.PAPER else mark.fill for mark in marks],
        edgecolor=[mark.edge for mark in marks],
        linewidth=0.8,
        clip_on=False,
        zorder=2,
    )
    for bar, figure, code in zip(bars, column.figures, column.rows["area_code"], strict=True):
        bar.set_gid(f"shortfall-{code}")
        axes.annotate(
            figure,
            (bar.get_width(), bar.get_y() + bar.get_height() / 2),
            xytext=(4, 0),
            textcoords="offset points",
            va="center_baseline",
            annotation_clip=False,
            **style.lettering(column.size),
        )
