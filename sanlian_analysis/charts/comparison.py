"""The areas of one level at one date, in the order of their figures: what is said of them all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.figure import Caption
from sanlian_analysis.charts.lines import Line
from sanlian_analysis.charts.marks import axis_end, extent
from sanlian_analysis.charts.rows import (
    area_name,
    assumptions,
    both_ends,
    day,
    not_binding,
    omitted_note,
    outside_note,
    records,
    select,
)
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.text import in_title, shorten
from sanlian_analysis.codes import LEVELS, level_of
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy

_LINE_NAME_ROOM = 1.2


@dataclass(frozen=True)
class Comparison:
    """Areas compared by one figure.

    `every` has their rows of the results; `rows` has those with units in scope, from
    the highest value down. Areas without a value come last, by their lower bound.
    """

    subject: Subject
    results: pd.DataFrame
    level: str
    date: dt.date
    within: str
    every: pd.DataFrame
    rows: pd.DataFrame

    @classmethod
    def of(
        cls,
        results: pd.DataFrame,
        policy: Policy,
        target_id: str,
        *,
        level: str,
        date: object,
        within: str | None,
        reading: str,
    ) -> Comparison:
        """The areas of a level whose codes begin with `within`, else all of them."""
        subject = Subject.of(policy, target_id, reading)
        every = select(
            results, policy, target_id, reading=reading, level=level, date=date, within=within
        )
        rows = every[every["verdict"] != "not_applicable"].sort_values(
            ["value", "lower", "area_code"], ascending=[False, False, True], na_position="last"
        )
        return cls(subject, results, level, day(date), within or "", every, rows)

    @property
    def drawn(self) -> pd.DataFrame:
        """The areas in scope, of very many only the first and the last."""
        return both_ends(self.rows)

    @property
    def known(self) -> pd.DataFrame:
        """The areas with a value."""
        return self.rows[self.rows["value"].notna()]

    @property
    def counted(self) -> str:
        """How many areas are in scope."""
        return words.counted(len(self.rows), self.level)

    def at(self, level: str) -> dict[str, Any]:
        """The rows of the same figure for the areas of another level, by code."""
        subject = self.subject
        rows = select(
            self.results,
            subject.policy,
            subject.target.id,
            reading=subject.reading.id,
            level=level,
            date=self.date,
        )
        return {str(row.area_code): row for row in records(rows)}

    def name(self, row: Any) -> str:
        """An area's name, short enough for a title."""
        return in_title(area_name(self.results, str(row.area_code)))

    def title_of_few(self) -> str:
        """The title where there is no area or only one; empty where there are more."""
        if self.rows.empty:
            noun = words.noun(self.level)
            return say(f"没有可以比较的{noun}", f"No {noun} to compare")
        if len(self.rows) == 1:
            row = records(self.rows)[0]
            return self.name(row) + say("", ": ") + self.subject.finding(row)
        return ""

    def caption(self, title: str, detail: str, notes: Sequence[str] = ()) -> Caption:
        """The words around the chart; `notes` are those that only this kind of chart has."""
        return Caption(
            title,
            self.subject.subtitle(words.when(self.date)),
            self.subject.source_at(self.date),
            detail,
            (
                *assumptions(self.every),
                *not_binding(self.every, self.level),
                *notes,
                *outside_note(len(self.every) - len(self.rows), self.level),
                *omitted_note(len(self.rows), len(self.drawn)),
            ),
        )

    def extremes(self, figure: Callable[[Any], str]) -> str:
        """The highest and the lowest figure, for the alternative text; empty without any."""
        ends = self.known.iloc[[0, -1] if len(self.known) > 1 else slice(1)]
        told = [
            f"{area_name(self.results, str(row.area_code))} {figure(row)}" for row in records(ends)
        ]
        if len(told) < 2:
            return "".join(told)
        return say(f"最高{told[0]}，最低{told[-1]}", f"Highest {told[0]}; lowest {told[-1]}")

    def lines(self) -> list[Line]:
        """The figure of the area around first, then the threshold; either may be missing."""
        lines = []
        thresholds = self.rows["threshold"].dropna()
        against = float(thresholds.iloc[0]) if len(thresholds) else None
        around = self.around()
        if around is not None and pd.notna(around.value):
            code = str(around.area_code)
            name = shorten(area_name(self.results, code), _LINE_NAME_ROOM, style.SMALL)
            label = f"{name} {self.subject.quantity.text(around.value, against)}"
            lines.append(Line("around", float(around.value), label, style.MUTED, 0.9))
        if against is not None:
            asked = self.subject.asked(against)
            lines.append(Line("threshold", against, asked, style.INK, 1.6))
        return lines

    def around(self) -> Any:
        """The row of the area asked for, else of the smallest one that holds all the others.

        None where the results have none.
        """
        code = self.within or _common_head(list(self.every["area_code"]))
        level = level_of(code)
        return self.at(level).get(code) if level else None

    def end(self, lines: Sequence[Line], *others: float) -> float:
        """Where the value axis ends so that areas, lines and other figures fit."""
        largest = extent(self.drawn, *(line.value for line in lines), *others)
        return axis_end(self.subject.quantity, largest)


def _common_head(codes: list[str]) -> str:
    """The code of the smallest area around all of these; empty where they have none in common."""
    heads = ({code[:digits] for code in codes if digits < len(code)} for digits in LEVELS.values())
    return next((head.pop() for head in heads if len(head) == 1), "")
