"""A simulated ledger, sheet by sheet, as a careful clerk would have typed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.simulate import gaps
from sanlian_analysis.simulate.draws import Codes
from sanlian_analysis.simulate.values import Units, values

#: In every ledger, asked for or not: they say how large a unit is.
_ALWAYS = {schema.COMMUNITIES: ("households", "population")}

_SETTLEMENTS = {id_: written for written, id_ in schema.SETTLEMENTS.items()}


def simulate(
    units: pd.DataFrame,
    variables: Mapping[str, Sequence[str]],
    dates: Sequence[dt.date],
    seed: int,
) -> dict[str, pd.DataFrame]:
    """A plausible ledger for the units of a frame: sheet → table with Chinese headers.

    `units` is the frame (code, names, area codes and settlement of every unit, by
    code); `variables` the measured variables wanted of each sheet. 社区 is always
    there, with households and population; another sheet only when something of it
    is wanted. Rows stand date by date in the order of the frame; a blank cell is
    None. The same arguments give the same cells everywhere, and a unit's cells do
    not depend on the other units, except for which county reports little.
    KeyError for a sheet or variable that a ledger does not have.
    """
    low = gaps.low_reporting(seed, _numbers(units["county_code"]))
    tables = {}
    for sheet in dict.fromkeys((*schema.KEYS, *variables)):
        wanted = {*variables.get(sheet, ()), *_ALWAYS.get(sheet, ())}
        if unknown := wanted - schema.measured(sheet).keys():
            raise KeyError(f"{sheet}: {', '.join(sorted(unknown))}")
        if wanted:
            tables[sheet] = _table(sheet, units, wanted, sorted(set(dates)), seed, low)
    return tables


def _table(
    sheet: str,
    frame: pd.DataFrame,
    wanted: set[str],
    dates: Sequence[dt.date],
    seed: int,
    low: int | None,
) -> pd.DataFrame:
    """One sheet over all dates, columns in the order of the published list."""
    rows = frame.drop_duplicates(schema.KEYS[sheet])
    every = _units(rows, sheet)
    columns: dict[str, list[Any]] = {
        id_: [] for id_ in schema.sheet(sheet) if id_ in schema.IDENTITY or id_ in wanted
    }
    for date in dates:
        present = ~gaps.absent(seed, sheet, every, date, low)
        there, units = rows[present], every.take(present)
        for id_, cells in columns.items():
            if id_ in wanted:
                cells += _measured(seed, sheet, id_, units, date, low)
            elif id_ == "date":
                cells += [date] * len(there)
            else:
                cells += _identity(there[id_])
    # Every column holds plain objects: pandas is not to make NaN of None, or 3.0 of 3.
    return pd.DataFrame(
        {
            schema.sheet(sheet)[id_].header: pd.Series(cells, dtype=object)
            for id_, cells in columns.items()
        }
    )


def _units(rows: pd.DataFrame, sheet: str) -> Units:
    """The units of a sheet as numbers; a street or county has no settlement type."""
    of_communities = schema.KEYS[sheet] == "code"
    rural = (rows["settlement"] == "rural").to_numpy(dtype=np.bool_) & of_communities
    other = (rows["settlement"] == "other").to_numpy(dtype=np.bool_) & of_communities
    return Units(_numbers(rows[schema.KEYS[sheet]]), _numbers(rows["county_code"]), rural, other)


def _numbers(codes: pd.Series) -> Codes:
    return np.array([int(code) for code in codes], dtype=np.uint64)


def _identity(column: pd.Series) -> list[Any]:
    """Codes and names as they stand, the settlement in the ledger's words."""
    if column.name == "settlement":
        return [_SETTLEMENTS[id_] for id_ in column]
    return [None if pd.isna(text) else str(text) for text in column]


def _measured(
    seed: int, sheet: str, id_: str, units: Units, date: dt.date, low: int | None
) -> list[Any]:
    """One variable at one date: figures, 是/否, 不适用 and None for a blank."""
    figures = values(seed, sheet, id_, units, date).tolist()
    cells: list[Any]
    if schema.measured(sheet)[id_].type == "yesno":
        cells = ["是" if figure else "否" for figure in figures]
    else:
        cells = [int(figure) if figure.is_integer() else figure for figure in figures]
    outside = gaps.not_applicable(seed, sheet, id_, units)
    blank = gaps.blank(seed, sheet, id_, units, date, low)
    return [
        None if empty else "不适用" if out else cell
        for cell, out, empty in zip(cells, outside, blank, strict=True)
    ]
