"""Named columns of one kind of unit, as expressions see them: exact, with bounds for blanks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import lcm

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.exact import (
    Integers,
    Interval,
    Mask,
    Truth,
    from_decimals,
    largest,
    multiply,
)
from sanlian_analysis.expressions import Kind
from sanlian_analysis.schema import NOT_APPLICABLE, Variable


def vocabulary(unit: str, parameters: Iterable[str] = ()) -> dict[str, Kind]:
    """Every name that an expression about a kind of unit may use, and what it stands for."""

    def kinds(of: str) -> dict[str, Kind]:
        return {
            id_: "truth" if variable.type == "yesno" else "number"
            for id_, variable in schema.of_unit(of).items()
        }

    names = kinds(unit) | dict.fromkeys(parameters, "number")
    if unit == "community":
        names |= {f"county.{id_}": kind for id_, kind in kinds("county").items()}
        return names
    for id_, kind in kinds("community").items():
        names[f"communities({id_})" if kind == "truth" else f"total({id_})"] = "number"
    return names


@dataclass(frozen=True)
class Members:
    """The communities of every street or county: the unit that each belongs to."""

    columns: UnitColumns
    unit: npt.NDArray[np.intp]
    counted: Mask


@dataclass(frozen=True)
class UnitColumns:
    """Columns of `units` by the names that expressions use.

    A variable's blank is anything that its range allows: from `minimum` (0) to
    `maximum`, or to the whole that it is a part of, or without upper limit.
    `county` and `county_row` serve the names `county.X`; `members` serves
    `communities(X)` and `total(X)`; `parameters` are the policy's own numbers.
    """

    units: pd.DataFrame
    variables: Mapping[str, Variable]
    parameters: Mapping[str, Interval] = field(default_factory=dict)
    county: UnitColumns | None = None
    county_row: npt.NDArray[np.intp] | None = None
    members: Members | None = None
    _memory: dict[str, Interval] = field(default_factory=dict, compare=False, repr=False)
    _answers: dict[str, Truth] = field(default_factory=dict, compare=False, repr=False)
    _settled: dict[frozenset[str], Mask] = field(default_factory=dict, compare=False, repr=False)

    def interval(self, name: str) -> Interval:
        """A number with the bounds that its blanks leave."""
        if name in self.parameters:
            return self.parameters[name]
        if name not in self._memory:
            self._memory[name] = self._interval(name)
        return self._memory[name]

    def _interval(self, name: str) -> Interval:
        if name.startswith("county."):
            assert self.county is not None
            assert self.county_row is not None
            there = self.county.interval(name.removeprefix("county."))
            row = self.county_row
            return Interval(there.low[row], there.high[row], there.open[row], there.scale)
        if name.startswith("communities("):
            return self._communities(name[len("communities(") : -1])
        return self._blanks_bounded(name)

    def _blanks_bounded(self, name: str) -> Interval:
        variable = self.variables[name]
        minimum = variable.minimum or 0
        size = len(self.units)
        if name in self.units:
            known = self.units[name].notna().to_numpy()
            values, scale = _integers(self.units[name])
            low = np.where(known, values, minimum * scale) if minimum else values
        else:
            known, scale = np.zeros(size, dtype=bool), 1
            low = np.full(size, minimum, dtype=np.int64)
        nowhere = np.zeros(size, dtype=bool)
        if variable.maximum is not None:
            return Interval(low, _known_or(low, known, variable.maximum * scale), nowhere, scale)
        if variable.at_most is None:
            return Interval(low, low, ~known, scale)
        whole = self.interval(variable.at_most)
        common = lcm(scale, whole.scale)
        low, most = multiply(low, common // scale), multiply(whole.high, common // whole.scale)
        return Interval(low, _known_or(low, known, most), whole.open & ~known, common)

    def _communities(self, name: str) -> Interval:
        """How many of the unit's communities say yes; those with 不适用 do not count."""
        assert self.members is not None
        answer = self.members.columns.truth(name)
        counted = self.members.counted & ~self.members.columns.not_applicable(name)
        size = len(self.units)
        surely = np.bincount(self.members.unit[counted & answer.true], minlength=size)
        maybe = np.bincount(self.members.unit[counted & answer.unknown], minlength=size)
        return Interval(surely, surely + maybe, np.zeros(size, dtype=bool))

    def truth(self, name: str) -> Truth:
        """A yes/no variable."""
        if name not in self._answers:
            self._answers[name] = self._truth(name)
        return self._answers[name]

    def _truth(self, name: str) -> Truth:
        if name not in self.units:
            unknown = np.zeros(len(self.units), dtype=bool)
            return Truth(unknown, unknown)
        answer = self.units[name]
        yes = answer.fillna(False).to_numpy(dtype=bool)
        return Truth(yes, answer.notna().to_numpy() & ~yes)

    def settled(self, settlement: frozenset[str]) -> Mask:
        """Communities of these settlement types."""
        if settlement not in self._settled:
            types = self.units["settlement"]
            here = [(types == kind).to_numpy(dtype=bool) for kind in settlement]
            self._settled[settlement] = np.logical_or.reduce(here)
        return self._settled[settlement]

    def blank(self, name: str) -> Mask:
        """Units that state no number, even where the others leave only one value."""
        if name not in self.variables:
            return ~self.interval(name).known
        if name not in self.units:
            return np.ones(len(self.units), dtype=bool)
        return self.units[name].isna().to_numpy(dtype=bool)

    def not_applicable(self, name: str) -> Mask:
        """Units for which the variable is 不适用."""
        nobody = np.zeros(len(self.units), dtype=bool)
        if name.startswith("county."):
            assert self.county is not None
            assert self.county_row is not None
            return self.county.not_applicable(name.removeprefix("county."))[self.county_row]
        mark = name + NOT_APPLICABLE
        return self.units[mark].to_numpy(dtype=bool) if mark in self.units else nobody


def _known_or(low: Integers, known: Mask, most: Integers | int) -> Integers:
    """The upper limit: the number itself where it is known."""
    fits = largest(most) <= np.iinfo(np.int64).max
    return np.where(known, low, np.asarray(most, dtype=np.int64 if fits else object))


def _integers(values: pd.Series) -> tuple[Integers, int]:
    """The numbers, 0 for a blank, and what they are to be divided by."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.to_numpy(dtype=np.int64, na_value=0), 1
    return from_decimals(values.to_numpy(dtype=np.float64, na_value=0))
