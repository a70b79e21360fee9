"""The two dates of a decomposition side by side: parts, causes, sums, and the tables they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.calculation import Assessment
from sanlian_analysis.compare.contributions import FIGURES, Contribution, contributions
from sanlian_analysis.compare.matching import Pairs, Places
from sanlian_analysis.compare.shift_share import (
    CAUSES,
    OPEN,
    REPORTING,
    SAME,
    SCOPE,
    TURNOVER,
    Effect,
    Sums,
    split,
)
from sanlian_analysis.exact import Integers, Mask, run_starts, sums
from sanlian_analysis.language import say
from sanlian_analysis.policy import Ratio

#: The terms that the arithmetic gives, as `Effect` has them.
TERMS = ("progress", "weights", "turnover", "scope", "reporting")

_SHOWN = ["change", "progress", "composition", "reporting", "weights", "turnover", "scope"]
_COUNTS = ["units_earlier", "units_later", "units_same"]
TOTAL_COLUMNS = ["figure", "earlier", "later", *_SHOWN, *_COUNTS, "note"]
PART_COLUMNS = ["figure", "part_code", "part", "earlier", "later", *_SHOWN, *_COUNTS]

Row = dict[str, Any]


@dataclass(frozen=True)
class _Side:
    """One date: the units of the area, the part of each, and its counterpart at the other."""

    assessed: Assessment
    here: Mask
    part: Places
    partner: Places

    def seen(self, other: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The other date's values for the units of this one; of no account for those alone."""
        return np.asarray(other[self.partner])


@dataclass(frozen=True)
class Sides:
    """Both dates over one list of parts; `constant`: a frame lists the units of both."""

    sides: tuple[_Side, _Side]
    codes: list[str]
    constant: bool

    @classmethod
    def of(cls, then: Assessment, now: Assessment, pairs: Pairs, level: str, area: str) -> Sides:
        """The units of an area (code prefix) at both dates, by the parts of a level."""
        own = [one.units.columns.units[f"{level}_code"] for one in (then, now)]
        inside = [codes.str.startswith(area).to_numpy(dtype=bool) for codes in own]
        parts = sorted({code for c, here in zip(own, inside, strict=True) for code in c[here]})
        index = pd.Index(parts, dtype="str")
        partners = (pairs.partner, pairs.back(len(own[1])))
        first, second = (
            _Side(one, here, index.get_indexer(pd.Index(codes)), partner)
            for one, here, codes, partner in zip((then, now), inside, own, partners, strict=True)
        )
        return cls((first, second), parts, pairs.constant)


def decomposed(sides: Sides, names: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables `total` and `parts` of a decomposition; `names` of the parts by code."""
    figures = [contributions(side.assessed, side.here) for side in sides.sides]
    totals: list[Row] = []
    parts: list[Row] = []
    for figure in FIGURES:
        then, now = (found.get(figure) for found in figures)
        if then is None or now is None:
            totals.append({"figure": figure, "note": _unbounded()})
            continue
        total, rows = _split(sides, (then, now))
        totals.append({"figure": figure, "note": _note(sides, total)} | total)
        parts += [{"figure": figure, "part": names.get(row["part_code"])} | row for row in rows]
    return _table(totals, TOTAL_COLUMNS), _table(parts, PART_COLUMNS)


def _split(sides: Sides, found: tuple[Contribution, Contribution]) -> tuple[Row, list[Row]]:
    """The row of the area and those of its parts for one figure."""
    size = len(sides.codes)
    dates: list[Sums] = []
    counts: list[list[list[int]]] = []
    for side, other, one, another in (
        (*sides.sides, *found),
        (*sides.sides[::-1], *found[::-1]),
    ):
        counted = one.counted & side.here
        keys = (side.part * CAUSES + _causes(side, other, one, another))[counted]
        above, below, units = (
            _by_key(values[counted], keys, size * CAUSES)
            for values in (one.above, one.below, np.ones(len(counted), dtype=np.int64))
        )
        above = [number * one.factor.numerator for number in above]
        below = [number * one.factor.denominator for number in below]
        dates.append(Sums(_rows(above), _rows(below)))
        counts.append(_rows(units))
    rows = [
        {"part_code": code} | _figures(dates, [part]) | _counted(counts, [part])
        for part, code in enumerate(sides.codes)
    ]
    total = _figures(dates, range(size)) | _counted(counts, range(size))
    if total["earlier"] is not None and total["later"] is not None:
        effects = split(*dates)
        rows = [row | _own_terms(effect) for row, effect in zip(rows, effects, strict=True)]
        total |= _terms(effects)
    return total, rows


def _causes(side: _Side, other: _Side, one: Contribution, another: Contribution) -> Places:
    """What every unit of a date is to the comparison with the other one."""
    stays = (side.partner >= 0) & (side.seen(other.part) == side.part)
    in_scope = side.seen(other.assessed.in_scope)
    counted, settled = side.seen(another.counted), side.seen(another.settled)
    return np.select(
        [~stays, ~in_scope, ~counted, one.settled & settled],
        [TURNOVER, SCOPE, REPORTING, SAME],
        OPEN,
    ).astype(np.intp)


def _by_key(values: Integers, keys: Places, size: int) -> list[int]:
    """Exact sum per key, 0 for a key that nobody has."""
    found = [0] * size
    order = np.argsort(keys, kind="stable")
    starts = run_starts(keys[order])
    for key, number in zip(keys[order][starts], sums(values[order], starts), strict=True):
        found[int(key)] = int(number)
    return found


def _rows(flat: list[Any]) -> list[list[Any]]:
    return [flat[at : at + CAUSES] for at in range(0, len(flat), CAUSES)]


def _figures(dates: Sequence[Sums], parts: Iterable[int]) -> Row:
    """The figure of some parts at either date; None without a denominator."""
    chosen = list(parts)
    figures: Row = {}
    for when, date in zip(("earlier", "later"), dates, strict=True):
        above, below = (
            sum(sum(side[part]) for part in chosen) for side in (date.above, date.below)
        )
        figures[when] = Fraction(above, below) if below else None
    return figures


def _counted(counts: Sequence[list[list[int]]], parts: Iterable[int]) -> Row:
    """Units in the figure at either date, and at both."""
    chosen = list(parts)
    then, now = (sum(sum(date[part]) for part in chosen) for date in counts)
    same = sum(counts[0][part][cause] for part in chosen for cause in (SAME, OPEN))
    return {"units_earlier": then, "units_later": now, "units_same": same}


def _own_terms(effect: Effect) -> Row:
    return {term: getattr(effect, term) for term in (*TERMS, "composition", "change")}


def _terms(effects: Sequence[Effect]) -> Row:
    whole = Effect(*(_sum([getattr(effect, term) for effect in effects]) for term in TERMS))
    return _own_terms(whole)


def _sum(numbers: list[Fraction]) -> Fraction:
    """Halves first, so that long denominators meet only at the end."""
    if len(numbers) <= 2:
        return sum(numbers, Fraction(0))
    half = len(numbers) // 2
    return _sum(numbers[:half]) + _sum(numbers[half:])


def _unbounded() -> str:
    return say(
        "有单位的数未知且没有上限（或分母未知），没有这个界，无法分解",
        "a blank without a limit, or an unknown whole, at one of the dates: there is no such bound",
    )


def _note(sides: Sides, total: Row) -> str:
    if "change" not in total:
        return say("有一个时点没有可算的单位", "at one of the dates there is nothing to divide by")
    notes = []
    if sides.constant and not total["composition"]:
        notes.append(
            say(
                "名录在两个时点相同，单位的构成不变，构成的变化为 0",
                "the frame is the same at both dates: composition is 0",
            )
        )
    elif sides.constant:
        notes.append(
            say(
                "名录在两个时点相同，没有单位出现或消失；构成的变化来自适用范围或权重",
                "the frame is the same at both dates, no unit appears or vanishes; what changes "
                "the composition is who is in scope, or the weights",
            )
        )
    if isinstance(sides.sides[0].assessed.formula, Ratio):
        notes.append(
            say("比率的权重是分母之和所占份额", "the weights of a ratio are shares of its wholes")
        )
    if not total["units_same"]:
        notes.append(
            say("没有两个时点都计入的单位，分不出进展", "no unit counts at both dates: no progress")
        )
    return say("；", "; ").join(notes)


def _table(rows: list[Row], columns: list[str]) -> pd.DataFrame:
    """Exact numbers as they are, counts as whole numbers."""
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    table = table.astype(object).where(table.notna(), None)
    kinds = {column: "Int64" for column in _COUNTS}
    texts = {column: "str" for column in ("figure", "part_code", "part", "note") if column in table}
    return table.astype(kinds | texts)
