"""Units of every area, sorted by a number: how many reach a bar, without counting anew."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from sanlian_analysis.exact import Integers, Mask
from sanlian_analysis.measures import Areas, Figures, Quotient


@dataclass(frozen=True)
class Sorted:
    """Numbers of some units, sorted within every area: how many lie below a place."""

    distinct: Integers
    keys: npt.NDArray[np.int64]

    @classmethod
    def of(cls, areas: Areas, size: int, mask: Mask, values: Integers) -> Sorted:
        """The numbers of the units of a mask, of `size` units in all."""
        area = np.repeat(np.arange(len(areas.starts)), np.diff([*areas.starts, size]))[mask]
        distinct, rank = np.unique(values[mask], return_inverse=True)
        keys = area.astype(np.int64) * (len(distinct) + 1) + rank
        return cls(distinct, np.sort(keys))

    def counts(
        self, areas: npt.NDArray[np.int64], places: npt.NDArray[np.int64] | int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Units of each area whose number stands before a place, and from there on."""
        wide = len(self.distinct) + 1
        start, at, end = (
            np.searchsorted(self.keys, areas * wide + places_) for places_ in (0, places, wide - 1)
        )
        return at - start, end - at

    def place(self, bar: Fraction, scale: int, *, above: bool) -> int:
        """Where the numbers from the bar on begin; with `above` those beyond it."""
        wanted = floor(bar * scale) + 1 if above else ceil(bar * scale)
        if not len(self.distinct) or wanted > int(self.distinct[-1]):
            return len(self.distinct)
        return int(np.searchsorted(self.distinct, max(wanted, int(self.distinct[0]))))


@dataclass(frozen=True)
class Level:
    """What is counted in the areas of one level, whatever the bar is."""

    areas: Areas
    units: npt.NDArray[np.int64]
    never: npt.NDArray[np.int64]
    surely: Sorted
    perhaps: Sorted


def share_of(passes: Integers, fails: Integers, units: Integers) -> Figures:
    """Rule 10, from counts."""
    unknown, some = units - passes - fails, np.asarray(units > 0, dtype=bool)
    known = units - unknown
    return Figures(
        numerator=passes,
        denominator=units,
        unknown=unknown,
        value=Quotient(passes, known, np.asarray(known > 0, dtype=bool)),
        lower=Quotient(passes, units, some),
        upper=Quotient(passes + unknown, units, some),
        applicable=some,
    )
