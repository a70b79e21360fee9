"""The rows of one sheet at one date, while some of their cells are changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.planning.changes import Cell
from sanlian_analysis.records import column_names
from sanlian_analysis.schema import KEYS, NOT_APPLICABLE, measured
from sanlian_analysis.understanding import DTYPES
from sanlian_analysis.values import Status, understand

#: Why a change did not apply.
UNKNOWN, NOT_MEANT, UNDECIDED = "unknown", "not_applicable", "undecided"

#: Value and whether it is 不适用; the value of an unknown cell, and of 不适用, is None.
Content = tuple[Any, bool]


@dataclass
class Draft:
    """Changes to one sheet of a ledger at one date; the given table stays as it is.

    `rows`: where each unit stands in the table. `cells`: the changed contents,
    by variable and code. `added`: units that had no row. `places`: what messages
    call the last change of each unit.
    """

    sheet: str
    table: pd.DataFrame
    day: dt.date
    rows: dict[str, int]
    cells: dict[str, dict[str, Content]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    _read: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, sheet: str, table: pd.DataFrame, day: dt.date) -> Draft:
        """The rows of a date, unchanged."""
        here = np.flatnonzero((table["date"] == pd.Timestamp(day)).to_numpy(dtype=bool))
        codes = table[KEYS[sheet]].iloc[here]
        return cls(sheet, table, day, dict(zip(codes.tolist(), here.tolist(), strict=True)))

    def content(self, code: str, id_: str) -> Content:
        """What a cell says now."""
        changed = self.cells.get(id_, {})
        if code in changed:
            return changed[code]
        row = self.rows.get(code)
        if row is None or row >= len(self.table):
            return None, False
        value = self._cell(id_, row) if id_ in self.table else None
        mark = id_ + NOT_APPLICABLE
        return value, mark in self.table and bool(self._cell(mark, row))

    def _cell(self, column: str, row: int) -> Any:
        if column not in self._read:
            self._read[column] = self.table[column].astype(object).tolist()
        value = self._read[column][row]
        return None if value is pd.NA else value

    def apply(self, cell: Cell) -> tuple[Any, Any, bool, str]:
        """Change a cell: before, after, whether the change applied, and why not.

        Raises SanlianError when adding leaves the range of the variable.
        """
        before, marked = self.content(cell.code, cell.variable.id)
        shown = "不适用" if marked else before
        if not cell.certain:
            return shown, shown, False, UNDECIDED
        if cell.change.added is not None and marked:
            return shown, shown, False, NOT_MEANT
        if cell.change.added is not None and before is None:
            return None, None, False, UNKNOWN
        apart = cell.change.status == Status.NOT_APPLICABLE
        after = cell.change.value if cell.change.added is None else _sum(before, cell)
        if (after, apart) != (before, marked):
            self._put(cell, (after, apart))
        return shown, "不适用" if apart else after, True, ""

    def _put(self, cell: Cell, content: Content) -> None:
        if cell.code not in self.rows:
            self.rows[cell.code] = len(self.table) + len(self.added)
            self.added.append(cell.code)
        self.cells.setdefault(cell.variable.id, {})[cell.code] = content
        self.places[cell.code] = cell.place

    def refuse_parts_above_their_wholes(self) -> None:
        """Raise SanlianError for a part above its whole, which would count as unknown (rule 5)."""
        pairs = [(id_, v.at_most) for id_, v in measured(self.sheet).items() if v.at_most]
        for code, place in self.places.items():
            for id_, of in pairs:
                part, whole = self.content(code, id_)[0], self.content(code, of)[0]
                if part is not None and whole is not None and part > whole:
                    raise SanlianError(
                        say(
                            f"{place}：{id_} 会是 {part}，超过 {of} {whole}",
                            f"{place}: {id_} would be {part}, more than {of} {whole}",
                        )
                    )

    # --- the changed table ---------------------------------------------------------------

    def finished(self, frame: pd.DataFrame | None) -> pd.DataFrame:
        """A new table with the changes in place; rows that were added come last."""
        table = self.table.copy()
        if self.added:
            table = pd.concat([table, self._new_rows(frame)], ignore_index=True)
        for id_, changed in self.cells.items():
            for name, column in self._columns(table, id_, changed):
                table[name] = column
        return table

    def _columns(
        self, table: pd.DataFrame, id_: str, changed: dict[str, Content]
    ) -> Iterator[tuple[str, Any]]:
        """The column of a variable with its changes, and its marks where there are any."""
        places = [self.rows[code] for code in changed]
        kind: Any = DTYPES[measured(self.sheet)[id_].type]
        values = table[id_].astype(object).tolist() if id_ in table else [pd.NA] * len(table)
        mark = id_ + NOT_APPLICABLE
        marks = table[mark].tolist() if mark in table else [False] * len(table)
        for place, (value, marked) in zip(places, changed.values(), strict=True):
            values[place], marks[place] = pd.NA if value is None else value, marked
        yield id_, pd.Series(values, index=table.index, dtype=kind)
        if mark in table or any(marks):
            yield mark, np.array(marks, dtype=bool)

    def _new_rows(self, frame: pd.DataFrame | None) -> pd.DataFrame:
        """Key, date, and what the frame says of the units."""
        key = KEYS[self.sheet]
        rows = pd.DataFrame({key: self.added, "date": pd.Timestamp(self.day)})
        if frame is not None:
            known = frame.drop_duplicates(key).set_index(key)
            named = ["name", "street_code", "street", "county_code", "county"]
            for column in self.table.columns.intersection(named).difference([key]):
                rows[column] = rows[key].map(known[column])
        for column in column_names(self.table):
            if column not in rows:
                rows[column] = False if column.endswith(NOT_APPLICABLE) else pd.NA
        kinds: Any = dict(self.table.dtypes)
        return rows[column_names(self.table)].astype(kinds)


def _sum(before: Any, cell: Cell) -> Any:
    """A value and what is added to it, exactly as decimals."""
    added = cell.change.added
    assert added is not None
    written = Decimal(before) if isinstance(before, int) else Decimal(f"{before:.15g}")
    found = understand(written + added, cell.variable)
    if found.status != Status.VALUE:
        sum_ = f"{written} {'+' if added >= 0 else '−'} {abs(added)}"
        raise SanlianError(
            say(
                f"{cell.place}：{cell.variable.id} 不能是 {sum_}，{found.expected}",
                f"{cell.place}: {cell.variable.id} cannot be {sum_}, {found.expected}",
            )
        )
    return found.value
