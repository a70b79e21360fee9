"""What a briefing says: made once per area, and the same in every rendering.

A `Briefing` holds sentences, tables of texts, charts and the figures of native
charts, all worded and rounded. A renderer lays them out; it computes nothing,
rounds nothing and words no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

import pandas as pd

from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.figure import Identity
from sanlian_analysis.tables import Statement, Table

_PICTURES: WeakKeyDictionary[Chart, bytes] = WeakKeyDictionary()

Role = Literal["value", "threshold", "lower", "upper"]


@dataclass(frozen=True)
class Series:
    """One row of figures of a native chart.

    `values` are the figures as they are written (30.6 for 30.6 %), so that an
    office program shows the same digits; None where there is none. `labels`:
    how each is written, with its unit. Of figures that were judged, all of one
    `verdict`, `open_` says how far below and above each the bounds lie.
    """

    name: str
    role: Role
    values: tuple[float | None, ...]
    labels: tuple[str, ...]
    verdict: str = ""
    open_: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Native:
    """Figures for a chart that an office program draws, and a person can edit.

    `kind`: "line" over dates, "bar" over areas. `title` states the finding,
    `unit` names the axis, `source` is document and clause, `sentence` what the
    document says.
    """

    name: str
    kind: Literal["line", "bar"]
    title: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    source: str
    sentence: str
    alt: str


@dataclass(frozen=True)
class Briefing:
    """One area under one policy at one date, ready to be rendered.

    `kind`: "county", "overview" (a city or province) or "comparison" (one area
    under several policies). `headline`: the finding in sentences. `key`: the
    table of what binds; `leading`: what those who lead a city or province ask next;
    `tables`: all others in the order in which they are read; `short`: who falls short.
    `charts`: pictures, the telling ones first; `natives`: the figures of those that
    PowerPoint and Excel draw themselves.
    `results` and `components`: the rows behind it, unrounded, for spreadsheets
    alone; their columns `indicator` and `unit` say what a figure is called and
    what it is counted in (a share of 0.306 in "%").
    `provenance`: label and text, line by line.
    """

    kind: Literal["county", "overview", "comparison"]
    language: str
    code: str
    name: str
    date: dt.date
    title: str
    policy: str
    headline: Statement
    key: Table
    short: Table
    clauses: Table
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    natives: tuple[Native, ...]
    method: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]
    results: pd.DataFrame
    components: pd.DataFrame
    simulated: bool
    leading: tuple[Table, ...] = ()


def take_pictures(briefing: Briefing, drawn: Mapping[Identity, bytes]) -> None:
    """Use what was drawn already: `drawn` has PNGs, as `Chart.png` makes them, by chart."""
    for chart in briefing.charts:
        if chart.identity in drawn:
            _PICTURES[chart] = drawn[chart.identity]


def picture(chart: Chart) -> bytes:
    """The chart of a briefing as PNG, drawn once for all renderings."""
    if chart not in _PICTURES:
        _PICTURES[chart] = chart.png()
    return _PICTURES[chart]
