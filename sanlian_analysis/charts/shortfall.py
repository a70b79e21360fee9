"""How many units are still missing, area by area."""

from __future__ import annotations

import pandas as pd

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption, Chart, compose, panel, statement
from sanlian_analysis.charts.marks import horizontal_scale, verdict_key
from sanlian_analysis.charts.rows import (
    area_labels,
    area_name,
    assumptions,
    day,
    row_height,
    select,
    verdict_counts,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import shorten, width
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_NAME_ROOM = 1.7
_AXIS_ROOM = 0.26
_PAD = 0.12
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
    caption = Caption(
        _title(subject, level, every, lacking, results),
        say("缺口：", "Shortfall: ") + subject.subtitle(words.when(day(date))),
        subject.source,
        _detail(subject, drawn, results),
        _notes(level, every, lacking, drawn),
    )
    name = subject.slug("shortfall", level)
    if drawn.empty:
        return statement(name, caption, simulated=simulated)
    chart = compose(
        name,
        caption,
        body=len(drawn) * row_height(len(drawn)) + _AXIS_ROOM,
        entries=verdict_key(verdict_counts(drawn)),
        simulated=simulated,
    )
    _draw(chart, subject, drawn, results)
    return chart


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
    worst = next(lacking.itertuples())
    name = shorten(area_name(results, str(worst.area_code)), 2.0, style.TITLE)
    largest = subject.missing(int(worst.shortfall))
    count = words.areas(len(lacking), level)
    return say(
        f"{count}还有缺口，{name}最大：差{largest}",
        f"Shortfall in {count}, the largest in {name}: {largest}",
    )


def _detail(subject: Subject, drawn: pd.DataFrame, results: pd.DataFrame) -> str:
    parts = [
        f"{area_name(results, str(row.area_code))} {subject.missing(int(row.shortfall))}"
        for row in drawn.head(3).itertuples()
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
    return (*assumptions(every), basis, *rest)


def _draw(chart: Chart, subject: Subject, drawn: pd.DataFrame, results: pd.DataFrame) -> None:
    size = style.BODY if len(drawn) <= 30 else style.SMALL
    names = area_labels(drawn, results, room=_NAME_ROOM, size=size)
    figures = [f"{value:,.0f}" for value in drawn["shortfall"]]
    left = max(width(name, size) for name in names) + _PAD
    right = max(width(figure, size) for figure in figures) + _PAD
    axes = panel(chart, left=left, right=right, bottom=_AXIS_ROOM)
    marks = [style.VERDICTS[verdict] for verdict in drawn["verdict"]]
    bars = axes.barh(
        range(len(drawn)),
        drawn["shortfall"],
        _BAR,
        color=[mark.cell if mark.fill == style.PAPER else mark.fill for mark in marks],
        edgecolor=[mark.edge for mark in marks],
        linewidth=0.8,
        zorder=2,
    )
    for bar, figure, code in zip(bars, figures, drawn["area_code"], strict=True):
        bar.set_gid(f"shortfall-{code}")
        axes.annotate(
            figure,
            (bar.get_width(), bar.get_y() + bar.get_height() / 2),
            xytext=(4, 0),
            textcoords="offset points",
            va="center_baseline",
            annotation_clip=False,
            **style.lettering(size),
        )
    horizontal_scale(axes, words.COUNT, float(drawn["shortfall"].max()), style.SMALL)
    axes.set_ylim(len(drawn) - 0.5, -0.5)
    axes.set_yticks(range(len(drawn)), names, **style.lettering(size))
    axes.axvline(0, color=style.FAINT, linewidth=0.8)
