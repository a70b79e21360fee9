"""A whole column of cells as values: what everybody writes at once, the rest one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sanlian_analysis.schema import Variable
from sanlian_analysis.sheet import LOGICAL, NUMBER, TEXT, TIME, Column, Rows
from sanlian_analysis.values import Cell, Status, understand

#: How the values of each type are kept; codes, texts and categories as text.
DTYPES = {
    "count": "Int64",
    "number": "Float64",
    "share": "Float64",
    "yesno": "boolean",
    "date": "datetime64[s]",
}

_QUANTITIES = ("count", "number", "share")
_CODES = {"code12": "^[0-9]{12}$", "code9": "^[0-9]{9}$", "code6": "^[0-9]{6}$"}

#: No word for unknown or not applicable is longer.
_LONGEST_WORD = 4
#: Texts that are to be looked at one by one: spaces around them, invisible characters.
_PECULIAR = r"^[\s\p{Z}]|[\s\p{Z}]$|[\p{C}\p{Zl}\p{Zp}]"
_LARGEST = 1e9


@dataclass
class Understood:
    """The cells of one column, understood.

    `status`: per cell; `values`: typed, missing where the status is not VALUE.
    `invalid`: cells that cannot be used, with what was expected. `changed`: rows
    per normalisation.
    """

    status: npt.NDArray[np.int8]
    values: pd.Series
    invalid: list[tuple[int, Cell]] = field(default_factory=list)
    changed: dict[str, list[int]] = field(default_factory=dict)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Cells that have a value."""
        return np.asarray(self.status == Status.VALUE)

    def counted(self) -> Counter[str]:
        """How many cells were normalised, by kind."""
        return Counter({how: len(rows) for how, rows in self.changed.items()})


def understand_column(
    column: Column, variable: Variable, factor: Fraction = Fraction(1), *, epoch_1904: bool = False
) -> Understood:
    """`understand` for every cell of a column.

    Plain numbers, texts and codes are taken over as they stand; of everything
    else each different content is worked out once.
    """
    size = len(column)
    status = np.full(size, Status.UNKNOWN, dtype=np.int8)
    values = _blank_values(variable, size)
    found = Understood(status, pd.Series(dtype=object))
    left = {kind: np.flatnonzero(column.kinds == kind) for kind in (NUMBER, TEXT, LOGICAL, TIME)}
    if variable.type in _QUANTITIES and factor == 1:
        left[NUMBER] = _plain_numbers(column, variable, left[NUMBER], status, values)
    elif variable.type == "text" or variable.type in _CODES:
        left[TEXT] = _plain_texts(column, variable, left[TEXT], status, values)
    for kind, rows in left.items():
        if len(rows):
            contents, which = _distinct(column, kind, rows)
            cells = [understand(raw, variable, factor, epoch_1904=epoch_1904) for raw in contents]
            _spread(cells, which, rows, status, values, found)
    found.invalid.sort(key=lambda one: one[0])
    found.values = _series(variable, values, status)
    return found


def _blank_values(variable: Variable, size: int) -> npt.NDArray[Any]:
    if variable.type in _QUANTITIES:
        return np.zeros(size, dtype=np.float64)
    if variable.type == "yesno":
        return np.zeros(size, dtype=bool)
    if variable.type == "date":
        return np.full(size, np.datetime64("NaT", "s"))
    return np.full(size, None, dtype=object)


def _plain_numbers(
    column: Column,
    variable: Variable,
    rows: Rows,
    status: npt.NDArray[np.int8],
    values: npt.NDArray[Any],
) -> Rows:
    """Take over numbers within their range; the rows of the others are left."""
    numbers = column.number.to_numpy()[rows]
    whole = numbers == np.rint(numbers)
    # Few decimals: what a person wrote, and not what a computation left behind its 15th digit.
    good = whole if variable.type == "count" else whole | (np.round(numbers, 6) == numbers)
    good &= np.abs(numbers) < _LARGEST
    if variable.minimum is not None:
        good &= numbers >= variable.minimum
    if variable.maximum is not None:
        good &= numbers <= variable.maximum
    values[rows[good]] = numbers[good]
    status[rows[good]] = Status.VALUE
    return rows[~good]


def _plain_texts(
    column: Column,
    variable: Variable,
    rows: Rows,
    status: npt.NDArray[np.int8],
    values: npt.NDArray[Any],
) -> Rows:
    """Take over texts and codes that need no second look; the rows of the others are left."""
    if not len(rows):
        return rows
    texts = column.text.take(pa.array(rows))
    if variable.type == "text":
        peculiar = pc.or_(
            pc.match_substring_regex(texts, _PECULIAR),
            pc.less_equal(pc.utf8_length(texts), _LONGEST_WORD),
        )
        good = ~peculiar.to_numpy()
    else:
        good = pc.match_substring_regex(texts, _CODES[variable.type]).to_numpy()
    values[rows[good]] = np.asarray(texts.to_numpy(), dtype=object)[good]
    status[rows[good]] = Status.VALUE
    return rows[~good]


def _distinct(column: Column, kind: int, rows: Rows) -> tuple[Sequence[Any], Rows]:
    """The different contents of these cells, and which of them each cell holds."""
    cells = {
        NUMBER: column.number,
        TEXT: column.text,
        LOGICAL: column.logical,
        TIME: column.time,
    }[kind].take(pa.array(rows))
    encoded = cells.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.intp)


def _spread(
    cells: list[Cell],
    which: Rows,
    rows: Rows,
    status: npt.NDArray[np.int8],
    values: npt.NDArray[Any],
    found: Understood,
) -> None:
    """Give every row what was understood of its content."""
    status[rows] = np.array([cell.status for cell in cells], dtype=np.int8)[which]
    known = np.array([cell.status is Status.VALUE for cell in cells])
    contents = np.full(len(cells), None, dtype=object)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(cells)))
    for i, cell in enumerate(cells):
        contents[i] = cell.value
        if cell.status is Status.INVALID or cell.how:
            own = rows[order[ends[i - 1] if i else 0 : ends[i]]].tolist()
            if cell.status is Status.INVALID:
                found.invalid += [(row, cell) for row in own]
            else:
                found.changed.setdefault(cell.how, []).extend(own)
    told = known[which]
    values[rows[told]] = contents[which[told]]


def _series(
    variable: Variable, values: npt.NDArray[Any], status: npt.NDArray[np.int8]
) -> pd.Series:
    missing = status != Status.VALUE
    if variable.type == "count":
        return pd.Series(pd.arrays.IntegerArray(values.astype(np.int64), missing))
    if variable.type in _QUANTITIES:
        return pd.Series(pd.arrays.FloatingArray(values, missing))
    if variable.type == "yesno":
        return pd.Series(pd.arrays.BooleanArray(values, missing))
    if variable.type == "date":
        return pd.Series(values, dtype=DTYPES["date"])
    return pd.Series(values, dtype="str")
