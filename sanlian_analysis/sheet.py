"""A sheet of a user's file, column by column, with the addresses where its cells stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: What a cell can hold.
EMPTY, NUMBER, TEXT, LOGICAL, TIME = range(5)

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Column:
    """One column: per kind an array with the cells of that kind, null elsewhere."""

    number: pa.ChunkedArray
    text: pa.ChunkedArray
    logical: pa.ChunkedArray
    time: pa.ChunkedArray

    @classmethod
    def of(cls, values: Sequence[Any]) -> Column:
        """A column of Python values; None is an empty cell."""
        number = [float(v) if _is_number(v) else None for v in values]
        text = [v or None if isinstance(v, str) else None for v in values]
        logical = [v if isinstance(v, bool) else None for v in values]
        time = [_midnight(v) for v in values]
        return cls(
            pa.chunked_array([pa.array(number, pa.float64())]),
            pa.chunked_array([pa.array(text, pa.large_string())]),
            pa.chunked_array([pa.array(logical, pa.bool_())]),
            pa.chunked_array([pa.array(time, pa.timestamp("us"))]),
        )

    @classmethod
    def of_texts(cls, texts: pa.Array) -> Column:
        """A column of texts alone."""
        size = len(texts)
        return cls(
            pa.chunked_array([pa.nulls(size, pa.float64())]),
            pa.chunked_array([texts.cast(pa.large_string())]),
            pa.chunked_array([pa.nulls(size, pa.bool_())]),
            pa.chunked_array([pa.nulls(size, pa.timestamp("us"))]),
        )

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, row: int) -> object:
        """The cell in a row (from 0), None when it is empty."""
        for cells in (self.text, self.number, self.time, self.logical):
            value = cells[row].as_py() if row < len(cells) else None
            if value is not None:
                return value
        return None

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8]:
        """The kind of every cell."""
        kinds = np.full(len(self), EMPTY, dtype=np.int8)
        for kind, cells in (
            (NUMBER, self.number),
            (TEXT, self.text),
            (LOGICAL, self.logical),
            (TIME, self.time),
        ):
            if cells.null_count < len(cells):
                kinds[cells.is_valid().to_numpy()] = kind
        return kinds

    def take(self, rows: Rows) -> Column:
        """The cells of these rows, in this order."""
        return self._each(lambda cells: cells.take(pa.array(rows)))

    def _each(self, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Column:
        return Column(change(self.number), change(self.text), change(self.logical),
                      change(self.time))  # fmt: skip

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Cells that hold anything but spaces."""
        filled = np.asarray(self.kinds != EMPTY)
        if self.text.null_count < len(self.text):
            bare = pc.equal(pc.utf8_trim_whitespace(self.text), "").fill_null(False)
            filled = filled & ~bare.to_numpy()
        return filled


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _midnight(value: object) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return dt.datetime.combine(value, dt.time()) if isinstance(value, dt.date) else None


Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Sheet:
    """One sheet of one file; rows and columns count from 0, addresses as in Excel.

    `merged`: ranges of merged cells, first and last cell. `hidden_rows`,
    `hidden_columns`: what the user has hidden; it is read all the same.
    `errors`: cells that hold an error such as #DIV/0!, by address.
    `epoch_1904`: days are counted from 1904. `hidden`: the sheet itself is.
    `typed`: numbers and texts are told apart, as they are not in a CSV.
    """

    file: str
    name: str
    columns: Sequence[Column]
    merged: Sequence[Range] = ()
    hidden_rows: Sequence[int] = ()
    hidden_columns: Sequence[int] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    epoch_1904: bool = False
    hidden: bool = False
    typed: bool = True

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @property
    def empty(self) -> bool:
        """Whether no cell holds anything."""
        return not any(column.filled.any() for column in self.columns)

    def row(self, number: int) -> list[object]:
        """All cells of one row."""
        return [column[number] for column in self.columns]


def letters_of(position: int) -> str:
    """The letters of a column.

    >>> letters_of(0), letters_of(27)
    ('A', 'AB')
    """
    letters, number = "", position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(row: int, position: int) -> str:
    """The address of a cell, row and column counted from 0.

    >>> address(0, 0), address(9, 26)
    ('A1', 'AA10')
    """
    return f"{letters_of(position)}{row + 1}"
