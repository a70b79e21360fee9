"""The curve of coverage against cumulative effort, unit by unit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.planning.needs import Needs
from sanlian_analysis.planning.prepared import Prepared

#: Columns of the curve of coverage against effort, in order.
CURVE = [
    *("step", "code", "name", "status", "value", "gap", "change"),
    *("amount", "yes_no", "effort", "cumulative"),
    *("numerator", "denominator", "lower", "reaches", "in_set", "within_budget"),
]

#: Columns of the units that no addition is certain to bring there.
BEYOND = ["code", "name", "status", "value"]

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Curve:
    """What is lifted in an area where `passes` of `everyone` pass today."""

    prepared: Prepared
    needs: Needs
    passes: int
    everyone: int
    threshold: Fraction | None
    budget: int | None

    def table(self, lifted: Places, short: int) -> pd.DataFrame:
        """Row 0 is today; then the units in this order, the first `short` of them the set."""
        needs, steps = self.needs, range(len(lifted) + 1)
        effort = [int(one) for one in needs.effort[lifted]]
        spent = np.cumsum(np.array([0, *effort], dtype=object)).tolist()
        lower = [self._lower(step) for step in steps]
        columns = {column: ["", *cells] for column, cells in self._who(lifted).items()}
        columns["value"] = [None, *self._values(lifted)]
        columns["gap"] = [None, *self._gaps(lifted)]
        for column, numbers in (("change", needs.change), ("amount", needs.amount)):
            columns[column] = [0, *numbers[lifted].tolist()]
        columns |= {"yes_no": [0, *needs.steps[lifted].tolist()], "effort": [0, *effort]}
        columns |= {"step": [*steps], "cumulative": spent, "lower": lower}
        columns["numerator"] = [Fraction(self.passes + step) for step in steps]
        columns["denominator"] = [Fraction(self.everyone)] * len(steps)
        columns["reaches"] = [self._reaches(figure) for figure in lower]
        columns["in_set"] = [0 < step <= short for step in steps]
        budget = self.budget
        columns["within_budget"] = [pd.NA if budget is None else cost <= budget for cost in spent]
        return table_of(columns)

    def beyond(self, stuck: Places) -> pd.DataFrame:
        """The units that no addition is certain to bring there, by code."""
        columns = {**self._who(stuck), "value": self._values(stuck)}
        return _beyond(columns)

    def _lower(self, step: int) -> Fraction | None:
        return Fraction(self.passes + step, self.everyone) if self.everyone else None

    def _reaches(self, figure: Fraction | None) -> Any:
        if self.threshold is None or figure is None:
            return pd.NA
        return figure >= self.threshold

    def _who(self, places: Places) -> dict[str, list[Any]]:
        """Code, name and status of units."""
        unit = self.prepared.asked.target.unit
        kind = "county" if unit == "area" else unit
        code, name = ("code", "name") if kind == "community" else (f"{kind}_code", kind)
        table = self.prepared.assessed.units.columns.units
        outcome = self.prepared.assessed.outcome
        assert outcome is not None
        return {
            "code": table[code].to_numpy(dtype=object)[places].tolist(),
            "name": table[name].fillna("").to_numpy(dtype=object)[places].tolist(),
            "status": np.where(outcome.false[places], "fails", "unknown").tolist(),
        }

    def _values(self, places: Places) -> list[Fraction | None]:
        value = self.needs.value
        if value is None:
            return [None] * len(places)
        size = len(self.needs.possible)
        known, low = (np.broadcast_to(part, (size,))[places] for part in (value.known, value.low))
        return [
            Fraction(number, value.scale) if there else None
            for number, there in zip(low.tolist(), known.tolist(), strict=True)
        ]

    def _gaps(self, places: Places) -> list[Fraction | None]:
        if self.needs.value is None:
            return [None] * len(places)
        gaps = self.needs.gap[places].tolist()
        return [Fraction(gap, self.needs.gap_scale) for gap in gaps]


def table_of(rows: Any) -> pd.DataFrame:
    """Rows, or columns, as a curve."""
    table = pd.DataFrame(rows, columns=CURVE, dtype=object)
    whole = ["step", "change", "amount", "yes_no", "effort", "cumulative"]
    table[whole] = table[whole].astype("int64")
    for column in ("reaches", "within_budget"):
        table[column] = table[column].astype("boolean")
    table["in_set"] = table["in_set"].astype(bool)
    return table.astype(dict.fromkeys(["code", "name", "status"], "str"))


def no_units() -> pd.DataFrame:
    """An empty table of units beyond reach."""
    return _beyond({column: [] for column in BEYOND})


def _beyond(columns: dict[str, list[Any]]) -> pd.DataFrame:
    table = pd.DataFrame(columns, columns=BEYOND, dtype=object)
    return table.astype(dict.fromkeys(["code", "name", "status"], "str"))
