"""The exact figures of a demand at any snapshot, from a ledger or from its results table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.exact import Integers, from_decimals
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Figures, Quotient
from sanlian_analysis.planning.prepared import BASES, Asked, exact, prepared_at
from sanlian_analysis.policy import Mean, Ratio, Total
from sanlian_analysis.snapshot import area_names


@dataclass(frozen=True)
class Side:
    """One side of one area's figure: figure = numerator ÷ weight.

    `numerator` is in the units counted (communities, people, m²); `weight` is
    the denominator ÷ the formula's scale: so many units make the figure rise by 1.
    """

    numerator: Fraction
    weight: Fraction
    figure: Fraction


@dataclass(frozen=True)
class Standing:
    """Where an area stands at a date. `sides`: by basis; None where the figure is not there.

    `units`: how many units are in scope; `applicable`: whether the area has a figure at all.
    """

    level: str
    code: str
    name: str | None
    units: int
    applicable: bool
    sides: dict[str, Side | None]


@dataclass(frozen=True)
class History:
    """The snapshots of a demand, and the standings of all areas at each, lowest level first.

    `dates`: those at which the reading has rows. `given`: what messages call the source.
    """

    dates: list[dt.date]
    at: Callable[[dt.date], list[Standing]]
    given: str

    def day(self, date: dt.date | str | None) -> dt.date:
        """The snapshot that was asked for, the latest for None.

        Raises SanlianError for a date that is none.
        """
        if date is None and self.dates:
            return self.dates[-1]
        for one in self.dates:
            if one.isoformat() == str(date):
                return one
        known = listed(map(str, self.dates)) or say("无", "none")
        raise SanlianError(
            say(
                f"{self.given}：没有统计时点 {date}；有：{known}",
                f"{self.given}: no snapshot {date}; there are: {known}",
            )
        )


def history_of(source: Ledger | pd.DataFrame, asked: Asked) -> History:
    """The history of a demand in a ledger, or in the results table that was made from one."""
    if isinstance(source, Ledger):
        return _of_ledger(source, asked)
    return _of_results(source, asked)


def _of_ledger(ledger: Ledger, asked: Asked) -> History:
    names = area_names(ledger)
    applies = asked.reading.applies_from
    dates = [day for day in snapshots(ledger) if applies(asked.target.milestone(day))]

    def at(day: dt.date) -> list[Standing]:
        prepared = prepared_at(ledger, asked, day)
        return [
            standing
            for level, found in prepared.figures.items()
            for standing in standings(level, prepared.areas[level].codes.tolist(), names.get, found)
        ]

    return History(dates, at, ledger.path)


def standings(
    level: str, codes: Sequence[str], name: Callable[[str], str | None], found: Figures
) -> list[Standing]:
    """The exact figures of the areas of one level."""
    sides = {basis: _sides(getattr(found, basis), found.applicable) for basis in BASES}
    return [
        Standing(
            level=level,
            code=code,
            name=name(code),
            units=int(found.denominator[i]),
            applicable=bool(found.applicable[i]),
            sides={basis: sides[basis][i] for basis in BASES},
        )
        for i, code in enumerate(codes)
    ]


def _sides(quotient: Quotient, applicable: npt.NDArray[np.bool_]) -> list[Side | None]:
    return [
        None
        if figure is None
        else Side(Fraction(int(above), quotient.under), Fraction(int(below), quotient.over), figure)
        for figure, above, below in zip(
            exact(quotient, applicable), quotient.above, quotient.below, strict=True
        )
    ]


# --- from a results table ----------------------------------------------------------------


def _of_results(results: pd.DataFrame, asked: Asked) -> History:
    given = say("结果表", "the results table")
    _refuse_other_tables(results, given)
    rows = results[
        (results["policy"] == asked.policy.id)
        & (results["target"] == asked.target.id)
        & (results["reading"] == asked.reading.id)
    ]
    if rows.empty:
        what = f"{asked.policy.id} {asked.target.id} {asked.reading.id}"
        raise SanlianError(say(f"{given}：没有 {what} 的行", f"{given}: no rows of {what}"))
    dates = sorted(stamp.date() for stamp in rows["date"].unique())

    def at(day: dt.date) -> list[Standing]:
        here = rows[rows["date"] == pd.Timestamp(day)]
        return [standing for level in LEVELS for standing in _of_level(here, level, asked, given)]

    return History(dates, at, given)


def _refuse_other_tables(table: pd.DataFrame, given: str) -> None:
    needed = ["policy", "target", "reading", "level", "area_code", "area", "date"]
    needed += ["numerator", "denominator", "unknown", "verdict"]
    missing = [column for column in needed if column not in table]
    if missing:
        raise SanlianError(
            say(
                f"{given}：缺少列 {listed(missing)}；请给台账，或 evaluate 的结果",
                f"{given}: lacks {listed(missing)}; give a ledger, or what evaluate returns",
            )
        )


def _of_level(rows: pd.DataFrame, level: str, asked: Asked, given: str) -> list[Standing]:
    here = rows[rows["level"] == level]
    codes = here["area_code"].tolist()
    names = dict(zip(codes, here["area"].tolist(), strict=True))
    found = _figures(here, asked, given)
    # Of a total, and of a mean, the results hold the number of units; of a ratio its whole.
    return standings(level, codes, lambda code: _text(names[code]), found)


def _text(name: Any) -> str | None:
    return name if isinstance(name, str) else None


def _figures(rows: pd.DataFrame, asked: Asked, given: str) -> Figures:
    """The figures of a results table, exact again (decimals: to 15 significant digits)."""
    formula = asked.reading.formula
    above, under = from_decimals(rows["numerator"].to_numpy(dtype=np.float64))
    below, over = from_decimals(rows["denominator"].to_numpy(dtype=np.float64))
    unknown: Integers = rows["unknown"].to_numpy(dtype=np.int64)
    applicable = (rows["verdict"] != "not_applicable").to_numpy(dtype=bool)
    known = below - unknown
    if isinstance(formula, Ratio):
        _refuse_open_ratios(rows[applicable], given)
        side = Quotient(above, below, below > 0, over * formula.scale, under)
        return Figures(above, below, unknown, side, side, side, applicable, under, over)
    if isinstance(formula, Mean | Total):
        one = np.ones_like(below)
        total = isinstance(formula, Total)
        value = Quotient(above, one if total else known, known > 0, 1, under)
        lower = Quotient(above, one if total else below, below > 0, 1, under)
        upper = Quotient(above, lower.below, (below > 0) & (unknown == 0), 1, under)
        return Figures(above, below, unknown, value, lower, upper, applicable, under)
    value = Quotient(above, known, known > 0)
    lower = Quotient(above, below, below > 0)
    upper = Quotient(above + unknown, below, below > 0)
    return Figures(above, below, unknown, value, lower, upper, applicable)


def _refuse_open_ratios(rows: pd.DataFrame, given: str) -> None:
    """The sums behind the bounds of such a ratio do not stand in the table."""
    if rows["unknown"].any():
        area = rows.loc[rows["unknown"] > 0, "area_code"].iloc[0]
        raise SanlianError(
            say(
                f"{given}：{area} 的合计之比有未知单位，上下界的合计不在表中；请给台账",
                f"{given}: the ratio of {area} has unknown units, and the sums of its bounds are "
                "not in the table; give the ledger",
            )
        )
