"""One date of a ledger against the frame: every unit that exists, reported or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.codes import LEVELS, published_names
from sanlian_analysis.frame import complete_frame
from sanlian_analysis.ledger import NOT_APPLICABLE, Ledger
from sanlian_analysis.records import column_names
from sanlian_analysis.schema import COMMUNITIES, COUNTIES, KEYS, SCORES, STREETS


@dataclass(frozen=True)
class Snapshot:
    """The units of a frame at one date, each table sorted by code.

    `communities` has the frame's columns, `reported` (a row existed), and the
    variables of 社区 and 评分; `streets` and `counties` have one row per
    distinct code of the frame, `has_settlement` (an urban or rural community
    lies in it), `reported`, and the variables of their sheets. <NA> is unknown.
    """

    date: dt.date
    communities: pd.DataFrame
    streets: pd.DataFrame
    counties: pd.DataFrame


def take_snapshot(ledger: Ledger, date: dt.date) -> Snapshot:
    """The snapshot of a date; without a frame the units with a row at that date exist."""
    rows = {name: _at(ledger.table(name), name, date) for name in KEYS}
    reported = rows[COMMUNITIES]
    if ledger.frame is None:
        named = reported.reset_index()
        wanted = named.columns.intersection(["code", "name", "street", "county"])
        frame = complete_frame(named[wanted].assign(name=named.get("name")))
    else:
        frame = ledger.frame
    communities = frame.join(_measured(reported, COMMUNITIES), on="code")
    communities = communities.join(_measured(rows[SCORES], SCORES), on="code")
    communities = marks_filled(communities)
    communities["reported"] = reported.index.get_indexer(pd.Index(frame["code"])) >= 0
    if "settlement" in reported:
        stated = frame["code"].map(reported["settlement"])
        communities["settlement"] = stated.fillna(frame["settlement"]).astype("str")
    return Snapshot(
        date,
        communities,
        _areas(communities, "street", rows[STREETS], STREETS),
        _areas(communities, "county", rows[COUNTIES], COUNTIES),
    )


def area_names(ledger: Ledger) -> dict[str, str]:
    """Names of streets, counties, cities and provinces: the frame's, else the ledger's."""
    names = dict(published_names())
    sources = [ledger.streets, ledger.counties, ledger.communities]
    for level in ("street", "county"):
        for table in sources:
            names |= _most_frequent(table, f"{level}_code", level)
    if ledger.frame is not None:
        for level in LEVELS:
            names |= _most_frequent(ledger.frame, f"{level}_code", level)
    return names


def _most_frequent(table: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    if name not in table:
        return {}
    codes = table[code] if code in table else table["code"].str[: LEVELS[name]]
    pairs = pd.DataFrame({"code": codes, "name": table[name]}).dropna()
    counts = pairs.value_counts().reset_index().sort_values(["count", "name"])
    return dict(zip(counts["code"], counts["name"], strict=True))


def _at(table: pd.DataFrame, name: str, date: dt.date) -> pd.DataFrame:
    rows = table[table["date"] == pd.Timestamp(date)]
    return rows.drop(columns="date").set_index(KEYS[name])


def _measured(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    variables = schema.measured(name)
    return rows[[c for c in column_names(rows) if c.removesuffix(NOT_APPLICABLE) in variables]]


def marks_filled(table: pd.DataFrame) -> pd.DataFrame:
    """A unit without a row is not marked 不适用 for anything."""
    marks = [column for column in column_names(table) if column.endswith(NOT_APPLICABLE)]
    table[marks] = table[marks].astype("boolean").fillna(False).astype(bool)
    return table


def _areas(communities: pd.DataFrame, level: str, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    heads = [
        c for lv, digits in LEVELS.items() if digits <= LEVELS[level] for c in (f"{lv}_code", lv)
    ]
    areas = communities.drop_duplicates(f"{level}_code")[heads].reset_index(drop=True)
    settled = communities.loc[communities["settlement"] != "other", f"{level}_code"].unique()
    areas["has_settlement"] = areas[f"{level}_code"].isin(settled)
    areas["reported"] = rows.index.get_indexer(pd.Index(areas[f"{level}_code"])) >= 0
    return marks_filled(areas.join(_measured(rows, name), on=f"{level}_code"))
