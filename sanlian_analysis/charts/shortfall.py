"""How many units are still missing, area by area, and how few would be enough."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.comparison import Comparison
from sanlian_analysis.charts.figure import Caption, Chart, compose, statement
from sanlian_analysis.charts.listing import AXIS_ROOM, Column, column_axes, columns, in_columns
from sanlian_analysis.charts.marks import horizontal_scale, verdict_key
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    not_binding,
    records,
    verdict_counts,
)
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy, Total

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

    The title adds them up, and says how few units would be enough for the area
    around to meet the demand as a whole, else for more than half of the areas.

    `results` is the results table. Shortfalls stand on the lower bound: unknown
    units count as not passing, so that a shortfall of 0 is a threshold that is
    reached whatever they are. `top` limits the bars; all other areas are counted
    in notes.
    """
    found = Comparison.of(
        results, policy, target_id, level=level, date=date, within=within, reading=reading
    )
    lacking = found.every[found.every["shortfall"] > 0].sort_values(
        ["shortfall", "area_code"], ascending=[False, True]
    )
    drawn = lacking.head(style.MOST_ROWS if top is None else top)
    caption = _caption(found, lacking, drawn)
    name = found.subject.slug("shortfall", level)
    if drawn.empty:
        return statement(name, caption, simulated=simulated)
    listed = columns(in_columns(drawn), lambda row: f"{row.shortfall:,.0f}", results)
    chart = compose(
        name,
        caption,
        body=listed[0].height + AXIS_ROOM,
        entries=verdict_key(verdict_counts(drawn)),
        simulated=simulated,
    )
    for column in listed:
        axes = column_axes(chart, column)
        horizontal_scale(axes, words.COUNT, float(drawn["shortfall"].max()), style.SMALL)
        _bars(axes, column)
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
    return chart


def _caption(found: Comparison, lacking: pd.DataFrame, drawn: pd.DataFrame) -> Caption:
    return Caption(
        _title(found, lacking),
        _subtitle(found),
        found.subject.source_at(found.date),
        _detail(found, drawn),
        _notes(found, lacking, drawn),
    )


def _title(found: Comparison, lacking: pd.DataFrame) -> str:
    shortfalls, level = found.every["shortfall"], found.level
    if shortfalls.isna().all():
        noun = words.noun(level)
        return say(f"没有可以计算缺口的{noun}", f"No {noun} with a shortfall to compute")
    if lacking.empty:
        known = words.counted(int(shortfalls.notna().sum()), level)
        return say(f"{known}都没有缺口", f"No shortfall in {known}")
    return _lead(found, lacking) + _enough(found, lacking)


def _lead(found: Comparison, lacking: pd.DataFrame) -> str:
    """What is missing in all, and where most of it."""
    worst, count = records(lacking)[0], words.counted(len(lacking), found.level)
    name, largest = found.name(worst), int(worst.shortfall)
    most = found.subject.missing(largest)
    if len(lacking) == 1:
        return say(f"{name}还差{most}", f"Still missing in {name}: {most}")
    if not _adds_up(found):
        return say(
            f"{count}还有缺口，{name}最大：差{most}",
            f"Shortfall in {count}, the largest in {name}: {most}",
        )
    total = found.subject.missing(_sum(lacking))
    return say(
        f"{count}共差{total}，{name}最多（{_short(found, largest)}）",
        f"Missing in {count}: {total}, most in {name} ({largest:,})",
    )


def _enough(found: Comparison, lacking: pd.DataFrame) -> str:
    """How few would do for the whole, or for most areas; empty where it takes them all."""
    least = _whole(found)
    if least is not None and least < _sum(lacking):
        name = found.name(found.around())
        if not least:
            return say(f"；{name}整体已达标", f"; {name} as a whole meets the demand")
        return say(
            f"；{name}整体达标只差{_short(found, least)}",
            f"; {least:,} would be enough for {name} as a whole",
        )
    few = _for_most(found, lacking)
    if few.empty:
        return ""
    count, missing = words.counted(len(few), found.level), _sum(few)
    return say(
        f"；缺口最小的{count}补{_short(found, missing)}，就有过半达标",
        f"; {missing:,} would be enough for more than half, in the {count} that lack least",
    )


def _adds_up(found: Comparison) -> bool:
    """Whether the areas' shortfalls are parts of one; not where each is held to a whole's total."""
    demands_total = isinstance(found.subject.reading.formula, Total)
    return not demands_total or bool(found.every["binding"].astype(bool).any())


def _whole(found: Comparison) -> int | None:
    """The shortfall of the area around; None where there is none that the demand is made of."""
    around = found.around()
    if around is None or pd.isna(around.shortfall) or len(found.rows) == 1:
        return None
    if isinstance(found.subject.reading.formula, Total) and not around.binding:
        return None
    return int(around.shortfall)


def _for_most(found: Comparison, lacking: pd.DataFrame) -> pd.DataFrame:
    """The fewest areas without which no more than half meet the demand, those that lack least."""
    met = int((found.every["shortfall"] == 0).sum())
    wanted = len(found.rows) // 2 + 1 - met
    if not _adds_up(found) or not 0 < wanted < len(lacking):
        return lacking.head(0)
    return lacking.tail(wanted)


def _sum(rows: pd.DataFrame) -> int:
    return sum(int(missing) for missing in rows["shortfall"])


def _short(found: Comparison, count: int) -> str:
    """A shortfall beside one whose unit is named."""
    subject = found.subject
    return say(subject.missing(count).removesuffix(subject.counted()), f"{count:,}")


def _subtitle(found: Comparison) -> str:
    subject, thresholds = found.subject, found.every["threshold"].dropna()
    missing, label = subject.missing_unit, subject.name
    parts = [say(f"{label}：还差的{missing}", f"{label}: {missing} still missing")]
    if len(thresholds):
        parts.append(subject.asked(float(thresholds.iloc[0])))
    return words.dotted(*parts, words.when(found.date), subject.policy.label)


def _detail(found: Comparison, drawn: pd.DataFrame) -> str:
    parts = [
        f"{area_name(found.results, str(row.area_code))} "
        f"{found.subject.missing(int(row.shortfall))}"
        for row in records(drawn.head(3))
    ]
    return listed(parts)


def _notes(found: Comparison, lacking: pd.DataFrame, drawn: pd.DataFrame) -> tuple[str, ...]:
    """The areas without a bar, by the reason for it."""
    every, shortfalls = found.every, found.every["shortfall"]
    outside = len(every) - len(found.rows)
    parts = [
        (len(lacking) - len(drawn), "也有缺口，未画出", "also lacking, not drawn"),
        (int((shortfalls == 0).sum()), "已达标", "met"),
        (int(shortfalls.isna().sum()) - outside, "无法计算缺口", "without a computable shortfall"),
        (outside, "没有适用的单位", "without units in scope"),
    ]
    counts = [(words.counted(n, found.level), zh, en) for n, zh, en in parts if n]
    told = [say(f"{count}{zh}", f"{count} {en}") for count, zh, en in counts]
    rest = (say(f"其余：{'；'.join(told)}。", f"Others: {'; '.join(told)}."),) if told else ()
    basis = say(
        "缺口按未知单位都不达标计算。", "Unknown units are counted as not passing in shortfalls."
    )
    about = (*assumptions(every), *not_binding(every, found.level))
    return (*about, *_largest(found, lacking), basis, *rest)


def _largest(found: Comparison, lacking: pd.DataFrame) -> tuple[str, ...]:
    """How few areas it takes for the whole, if these make up what they lack."""
    least, filled = _whole(found), lacking["shortfall"].cumsum()
    if not least or not _adds_up(found):
        return ()
    needed = int((filled < least).sum()) + 1
    if needed >= len(lacking):
        return ()
    name, count = found.name(found.around()), words.counted(needed, found.level)
    return (
        say(
            f"缺口最大的{count}补齐，{name}整体就达标。",
            f"{name} as a whole meets the demand once the {count} with the largest shortfall do.",
        ),
    )


def _bars(axes: Axes, column: Column) -> None:
    """One bar per area in the colour of its verdict, with its number at the end."""
    marks = [style.VERDICTS[row.verdict] for row in column.rows]
    bars = axes.barh(
        column.places,
        [row.shortfall for row in column.rows],
        _BAR,
        color=[mark.cell if mark.fill == style.PAPER else mark.fill for mark in marks],
        edgecolor=[mark.edge for mark in marks],
        linewidth=0.8,
        clip_on=False,
        zorder=2,
    )
    for bar, figure, row in zip(bars, column.figures, column.rows, strict=True):
        bar.set_gid(f"shortfall-{row.area_code}")
        axes.annotate(
            figure,
            (bar.get_width(), bar.get_y() + bar.get_height() / 2),
            xytext=(4, 0),
            textcoords="offset points",
            va="center_baseline",
            annotation_clip=False,
            **style.lettering(column.size),
        )
