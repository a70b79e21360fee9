"""One date of a ledger against the frame: every unit that exists, reported or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionArray

from sanlian_analysis import remembered, schema
from sanlian_analysis.codes import COMMUNITY_DIGITS, LEVELS, code_numbers, published_names
from sanlian_analysis.exact import run_starts, sums
from sanlian_analysis.frame import complete_frame
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.records import column_names
from sanlian_analysis.schema import (
    COMMUNITIES,
    COUNTIES,
    KEYS,
    NOT_APPLICABLE,
    SCORES,
    SETTLEMENTS,
    STREETS,
)

_KINDS = pd.Index([*SETTLEMENTS.values()])
_NOTHING = len(_KINDS)  # the place of a settlement that is not stated


@dataclass(frozen=True)
class Snapshot:
    """The units of a frame at one date, each table sorted by code.

    `communities` has the frame's columns (`settlement` as a category: the
    ledger's, else the name's), `reported` (a row existed), and the variables of
    社区 and 评分; `streets` and `counties` have one row per distinct code of the
    frame, `has_settlement` (an urban or rural community lies in it), `reported`,
    and the variables of their sheets. <NA> is unknown. `numbers`: the codes of
    the communities as whole numbers.
    """

    date: dt.date
    communities: pd.DataFrame
    streets: pd.DataFrame
    counties: pd.DataFrame
    numbers: npt.NDArray[np.int64]


def take_snapshot(ledger: Ledger, date: dt.date) -> Snapshot:
    """The snapshot of a date; without a frame the units with a row at that date exist."""
    return remembered.work_out_once(ledger, ("snapshot", date), lambda: _snapshot(ledger, date))


def _snapshot(ledger: Ledger, date: dt.date) -> Snapshot:
    rows = {name: _at(ledger.table(name), name, date) for name in KEYS}
    reported = rows[COMMUNITIES]
    frame = _units_of(ledger, date) if ledger.frame is None else ledger.frame
    codes = code_numbers(frame["code"])
    here = _places(codes, reported["code"])
    scored = _places(codes, rows[SCORES]["code"])
    columns = _placed(reported, COMMUNITIES, here) | _placed(rows[SCORES], SCORES, scored)
    columns["reported"] = here >= 0
    communities = _beside(frame, columns)
    communities["settlement"] = _settlement(frame, reported, here)
    return Snapshot(
        date,
        communities,
        _areas(communities, codes, "street", rows[STREETS], STREETS),
        _areas(communities, codes, "county", rows[COUNTIES], COUNTIES),
        codes,
    )


def _units_of(ledger: Ledger, date: dt.date) -> pd.DataFrame:
    """The frame of a ledger without one: the units that have a row at a date."""
    table = ledger.communities
    named = table[table["date"] == pd.Timestamp(date)]
    wanted = named.columns.intersection(["code", "name", "street", "county"])
    return complete_frame(named[wanted].assign(name=named.get("name")))


def area_names(ledger: Ledger) -> dict[str, str]:
    """Names of streets, counties, cities and provinces: the frame's, else the ledger's."""
    names = dict(published_names())
    frame = ledger.frame
    for level in ("street", "county"):
        if frame is None or frame[level].isna().any():
            for table in (ledger.streets, ledger.counties, ledger.communities):
                names |= _most_frequent(table, f"{level}_code", level)
    if frame is not None:
        for level in LEVELS:
            names |= _most_frequent(frame, f"{level}_code", level)
    return names


def _most_frequent(table: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    if name not in table:
        return {}
    codes = table[code] if code in table else table["code"].str[: LEVELS[name]]
    pairs = pd.DataFrame({"code": codes, "name": table[name]})
    # Nearly every row repeats the one before: count what a run of them says once.
    starts = np.flatnonzero(_changes(pairs["code"]) | _changes(pairs["name"]))
    runs = pairs.iloc[starts].assign(count=np.diff(starts, append=len(pairs)))
    counts = runs.groupby(["code", "name"])["count"].sum().reset_index()
    counts = counts.sort_values(["count", "name"])
    return dict(zip(counts["code"].tolist(), counts["name"].tolist(), strict=True))


def _changes(texts: pd.Series) -> npt.NDArray[np.bool_]:
    """Rows that say something else than the row before; an empty one always does."""
    changes = np.ones(len(texts), dtype=bool)
    changes[1:] = texts.array[1:] != texts.array[:-1]
    return changes


def _settlement(
    frame: pd.DataFrame, reported: pd.DataFrame, places: npt.NDArray[np.intp]
) -> pd.Categorical[str]:
    """What the ledger states, else what the frame knows from the name."""
    kinds = _settlement_places(frame["settlement"])
    if "settlement" in reported:
        stated = np.append(_settlement_places(reported["settlement"]), _NOTHING)[places]
        kinds = np.where(stated == _NOTHING, kinds, stated)
    return pd.Categorical.from_codes(kinds, _KINDS)


def _settlement_places(texts: pd.Series) -> npt.NDArray[np.int8]:
    found = pc.index_in(pa.array(texts), pa.array(_KINDS, pa.large_string()))
    return np.asarray(found.fill_null(_NOTHING).to_numpy().astype(np.int8))


def _at(table: pd.DataFrame, name: str, date: dt.date) -> pd.DataFrame:
    """The rows of a date: key, settlement and measured variables."""
    variables = schema.measured(name)
    wanted = [
        column
        for column in column_names(table)
        if column in (KEYS[name], "settlement") or column.removesuffix(NOT_APPLICABLE) in variables
    ]
    here = np.flatnonzero(table["date"] == pd.Timestamp(date))
    if len(here) and here[-1] - here[0] + 1 == len(here):  # one block of rows: no need to copy it
        return table[wanted].iloc[here[0] : here[-1] + 1]
    return table[wanted].iloc[here]


def _places(codes: npt.NDArray[np.int64], own: pd.Series) -> npt.NDArray[np.intp]:
    """For each of the sorted codes, the row in which a sheet tells of it; -1 for none."""
    theirs = code_numbers(own)
    slot = np.searchsorted(codes, theirs)
    there = slot < len(codes)
    there[there] = codes[slot[there]] == theirs[there]
    places = np.full(len(codes), -1, dtype=np.intp)
    places[slot[there]] = np.flatnonzero(there)
    return places


def _placed(
    rows: pd.DataFrame, name: str, places: npt.NDArray[np.intp]
) -> dict[str, ExtensionArray | npt.NDArray[Any]]:
    """A sheet's measured columns in the order of the units; a unit without a row is unknown."""
    variables = schema.measured(name)
    columns: dict[str, ExtensionArray | npt.NDArray[Any]] = {}
    for column in column_names(rows):
        if column in variables:
            columns[column] = rows[column].array.take(places, allow_fill=True)
        elif column.removesuffix(NOT_APPLICABLE) in variables:
            marked = np.append(rows[column].to_numpy(dtype=bool), False)  # -1 is nobody's row
            columns[column] = marked[places]
    return columns


def _beside(
    units: pd.DataFrame, columns: dict[str, ExtensionArray | npt.NDArray[Any]]
) -> pd.DataFrame:
    added = pd.DataFrame(columns, index=units.index, copy=False)
    return pd.concat([units, added], axis=1)


def _areas(
    communities: pd.DataFrame,
    codes: npt.NDArray[np.int64],
    level: str,
    rows: pd.DataFrame,
    name: str,
) -> pd.DataFrame:
    """One row per street or county: codes are sorted, so that each is one run of communities."""
    heads = [
        c for lv, digits in LEVELS.items() if digits <= LEVELS[level] for c in (f"{lv}_code", lv)
    ]
    own = codes // 10 ** (COMMUNITY_DIGITS - LEVELS[level])
    starts = run_starts(own)
    areas = communities[heads].iloc[starts].reset_index(drop=True)
    settled = (communities["settlement"] != "other").to_numpy(dtype=bool)
    places = _places(own[starts], rows[KEYS[name]])
    columns = _placed(rows, name, places)
    columns["has_settlement"] = sums(settled, starts) > 0
    columns["reported"] = places >= 0
    return _beside(areas, columns)


def marks_filled(table: pd.DataFrame) -> pd.DataFrame:
    """A unit without a row is not marked 不适用 for anything."""
    marks = [column for column in column_names(table) if column.endswith(NOT_APPLICABLE)]
    table[marks] = table[marks].astype("boolean").fillna(False).astype(bool)
    return table
