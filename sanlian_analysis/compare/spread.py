"""How unequally a number is distributed over units, within and between areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.exact import Integers, divide, from_decimals, multiply, run_starts, sums
from sanlian_analysis.language import did_you_mean, listed, say
from sanlian_analysis.schema import NOT_APPLICABLE

Floats = npt.NDArray[np.float64]

#: Settlement types that count; `other` never does.
_SETTLEMENTS = ("urban", "rural")

_COUNTS = ["units", "missing", "not_applicable"]
COLUMNS = [
    *("variable", *_COUNTS, "groups", "total", "mean"),
    *("theil", "within", "between", "gini"),
]
PART_COLUMNS = [
    *("area_code", *_COUNTS, "total", "mean", "units_share", "total_share"),
    *("theil", "gini", "within", "between"),
]


def spread(
    table: pd.DataFrame,
    variables: str | Iterable[str],
    by: str = "county",
    *,
    settlement: str | None = None,
) -> pd.DataFrame:
    r"""Inequality of numbers over units: Theil's T within and between areas, and Gini.

    `table`: units as `units_at` gives them, or rows of the results table, one
    per area (one target, reading, level and date), whose `value` is compared.
    `by`: the areas (`street`, `county`, `city`, `province`) within and between
    which the units lie; each is the head of the units' codes. `settlement`:
    `urban` or `rural` units alone; units of the type `other` never count.

    With x the numbers of n units, μ their mean, s_g the share of area g in
    their total and n_g its units::

        T = (1/n) Σ (x/μ) ln(x/μ)        0 ln 0 = 0; from 0 to ln n
        T = Σ_g s_g T_g  +  Σ_g s_g ln(s_g ÷ (n_g/n))     within + between
        G = Σ_i (2i − n − 1) x_(i) ÷ (n Σx)     x_(1) ≤ x_(2) ≤ …; from 0 to (n−1)/n

    Neither changes when all numbers are multiplied or every unit is repeated.
    Each unit weighs 1, whatever its households. Sources: Theil, H. (1967)
    "Economics and Information Theory", North-Holland, ch. 4; Shorrocks, A. F.
    (1980) "The Class of Additively Decomposable Inequality Measures",
    Econometrica 48(3), 613–625; Gini in the form of Cowell, F. A. (2011)
    "Measuring Inequality", 3rd ed., Oxford University Press, appendix A.

    Returns one row per variable with `COLUMNS`: `units` with a number, `missing`
    without, `not_applicable` (不适用; neither), `groups` (areas with a number),
    `total` and `mean` in the variable's unit, `theil` = `within` + `between` (in
    nats) and `gini`. All four are NaN where there is no number or every one
    is 0: nothing is distributed.

    `attrs` are those of the table. Raises SanlianError for a column that is not
    there or holds no numbers, a number below 0, areas smaller than the units,
    another settlement type, and two rows of a unit.

    >>> units = pd.DataFrame({"code": ["140802001001", "140802001002", "140821001001"],
    ...                       "orgs": [0, 4, 2]})
    >>> [row] = spread(units, "orgs").to_dict("records")
    >>> row["units"], row["mean"], round(row["gini"], 4)
    (3, 2.0, 0.4444)
    """
    chosen = [variables] if isinstance(variables, str) else list(variables)
    rows = [_row(table, one, by, settlement) for one in chosen]
    return _marked(pd.DataFrame(rows, columns=COLUMNS), table)


def _marked(found: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """What came of simulated data says so too."""
    found.attrs = dict(table.attrs)
    return found


def _row(table: pd.DataFrame, variable: str, by: str, settlement: str | None) -> dict[str, Any]:
    numbers = _Numbers.of(table, variable, by, settlement)
    theil, gini = _inequality(np.sort(numbers.values), np.zeros(1, dtype=np.intp))
    parts = _parts(numbers)
    there = numbers.total > 0
    return {
        "variable": variable,
        **{count: int(numbers.counts[count].sum()) for count in _COUNTS},
        "groups": len(numbers.areas),
        "total": numbers.total / numbers.scale,
        "mean": _quotient(numbers.total, numbers.scale * len(numbers.values)),
        "theil": theil[0] if there else np.nan,
        "within": fsum(parts["within"].dropna()) if there else np.nan,
        "between": fsum(parts["between"].dropna()) if there else np.nan,
        "gini": gini[0] if there else np.nan,
    }


def spread_parts(
    table: pd.DataFrame, variable: str, by: str = "county", *, settlement: str | None = None
) -> pd.DataFrame:
    """What every area adds to the inequality that `spread` finds; same input, same errors.

    Returns one row per area, by code, with `PART_COLUMNS`: `units`, `missing`,
    `not_applicable`; `total` and `mean` in the variable's unit; the area's share
    of all units with a number and of their total (fractions); its own `theil` and
    `gini`; and what it adds to Theil's T: `within` = s_g T_g, 0 for an area all
    of whose numbers are 0, and `between` = s_g ln(s_g ÷ (n_g/n)), below 0 for
    an area below the mean. The two columns add up to those of `spread`. An
    area without a number has counts alone.
    """
    numbers = _Numbers.of(table, variable, by, settlement)
    counts = numbers.counts.rename_axis("area_code").reset_index()
    parts = counts.merge(_parts(numbers), on="area_code", how="left")
    return _marked(parts[PART_COLUMNS], table)


def lorenz(table: pd.DataFrame, variable: str, *, settlement: str | None = None) -> pd.DataFrame:
    """The Lorenz curve: what the poorest units together hold of everything.

    `table` and `settlement` as in `spread`. Returns n + 1 points from (0, 0) to
    (1, 1), the units in ascending order: `units` and `total`, cumulated shares
    (fractions). The Gini coefficient is 1 − Σ (u_i − u_(i−1)) (t_i + t_(i−1)).
    Units without a number are left out; `total` is NaN where every number is 0.
    Raises SanlianError as `spread` does. Source: Lorenz, M. O. (1905) "Methods of Measuring
    the Concentration of Wealth", Publications of the American Statistical
    Association 9(70), 209–219.

    >>> units = pd.DataFrame({"code": ["140802001001", "140802001002"], "orgs": [3, 1]})
    >>> lorenz(units, "orgs").values.tolist()
    [[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]]
    """
    values = np.sort(_Numbers.of(table, variable, "province", settlement).values)
    size = len(values)
    running = np.append(0, np.cumsum(values.astype(object)))
    points = np.arange(size + 1)
    everywhere = np.ones(size + 1, dtype=bool)
    there = everywhere & (running[-1] > 0)
    curve = {
        "units": divide(points, np.full(size + 1, size), everywhere & (size > 0)),
        "total": divide(running, np.full(size + 1, running[-1]), there),
    }
    return _marked(pd.DataFrame(curve), table)


@dataclass(frozen=True)
class _Numbers:
    """The numbers of the units that have one, as integers over `scale`, by area, ascending.

    `starts`: where the numbers of each of `areas` begin; `counts`: per area of
    any unit, how many have a number, none, or 不适用.
    """

    values: Integers
    scale: int
    areas: list[str]
    starts: npt.NDArray[np.intp]
    counts: pd.DataFrame

    @classmethod
    def of(cls, table: pd.DataFrame, variable: str, by: str, settlement: str | None) -> _Numbers:
        units = _units(table, variable, by, settlement)
        known = units[units["units"]]
        values, scale = from_decimals(known["number"].to_numpy(dtype=np.float64))
        order = np.argsort(values, kind="stable")
        places, areas = pd.factorize(known["area"].to_numpy(dtype=object), sort=True)
        order = order[np.argsort(places[order], kind="stable")]
        counts = units.groupby("area")[_COUNTS].sum()
        starts = run_starts(places[order])
        return cls(values[order], scale, [*areas], starts, counts)

    @property
    def total(self) -> int:
        """Σ of the numbers × scale."""
        return int(sums(self.values, np.zeros(1, dtype=np.intp))[0]) if len(self.values) else 0


def _units(table: pd.DataFrame, variable: str, by: str, settlement: str | None) -> pd.DataFrame:
    """The units that count: area, number, and which of `_COUNTS` each is."""
    numbers, marks = _column(table, variable), table.get(variable + NOT_APPLICABLE)
    waived = pd.Series(False, index=table.index) if marks is None else marks.fillna(False)
    known = numbers.notna() & ~waived
    units = pd.DataFrame({"area": _areas(table, by), "number": numbers, "units": known})
    units = units.assign(missing=~known & ~waived, not_applicable=waived)
    units = units[_counted(table, settlement)]
    known_numbers = units.loc[units["units"], "number"].astype(float)
    wrong = known_numbers[~(np.isfinite(known_numbers) & (known_numbers >= 0))]
    if len(wrong):
        raise _refused(
            variable,
            f"{wrong.iloc[0]:g} 不能比较；应为不小于 0 的数",
            f"{wrong.iloc[0]:g} cannot be compared; numbers must not be below 0",
        )
    return units


def _counted(table: pd.DataFrame, settlement: str | None) -> npt.NDArray[np.bool_]:
    """Units of the settlement types that count; all rows of a table without such types."""
    if settlement not in (None, *_SETTLEMENTS) or (settlement and "settlement" not in table):
        raise _refused(
            str(settlement),
            f"表中没有这种居住类型；可用：{listed(_SETTLEMENTS)}",
            f"no such settlement type in the table; use {listed(_SETTLEMENTS)}",
        )
    if "settlement" not in table:
        return np.ones(len(table), dtype=bool)
    kinds = _SETTLEMENTS if settlement is None else (settlement,)
    return table["settlement"].isin(kinds).to_numpy(dtype=bool)


def _column(table: pd.DataFrame, variable: str) -> pd.Series:
    if variable not in table:
        hint = did_you_mean(variable, [str(column) for column in table])
        raise _refused(variable, f"表中没有这一列{hint}", f"the table has no such column{hint}")
    column = table[variable]
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or not pd.api.types.is_numeric_dtype(kind):
        raise _refused(variable, "不是数值列", "not a column of numbers")
    return column


def _areas(table: pd.DataFrame, by: str) -> pd.Series:
    key = next((column for column in ("code", "area_code") if column in table), None)
    if key is None:
        raise _refused("code", "表中没有代码列 code 或 area_code", "the table has no code column")
    codes = table[key]
    if by not in LEVELS or (codes.str.len() < LEVELS[by]).any():
        fitting = [level for level, size in LEVELS.items() if (codes.str.len() >= size).all()]
        raise _refused(
            by,
            f"不能按它分组；可用：{listed(fitting)}",
            f"no areas of these units; use {listed(fitting)}",
        )
    if codes.duplicated().any():
        twice = codes[codes.duplicated()].iloc[0]
        raise _refused(
            str(twice),
            "有两行；请只留一个目标、读法、层级和时点",
            "has two rows; keep one target, reading, level and date",
        )
    return codes.str[: LEVELS[by]]


def _refused(what: str, zh: str, en: str) -> SanlianError:
    return SanlianError(say(f"不均衡程度，{what}：{zh}", f"spread, {what}: {en}"))


def _parts(numbers: _Numbers) -> pd.DataFrame:
    """Per area with a number: sums, shares, inequality, and what it adds to Theil's T."""
    values, starts = numbers.values, numbers.starts
    size, whole = len(values), numbers.total
    count = np.diff(starts, append=size)
    total = sums(values, starts)
    theil, gini = _inequality(values, starts)
    everywhere = np.ones(len(starts), dtype=bool)
    there = everywhere & (whole > 0)
    share = divide(total, np.full(len(starts), whole), there)
    distance = divide(multiply(total, size), multiply(count, whole), there)
    holds = np.asarray(total > 0, dtype=bool)
    own = np.where(holds, theil, 0.0)
    return pd.DataFrame(
        {
            "area_code": pd.Series(numbers.areas, dtype="str"),
            "total": divide(total, np.full(len(starts), numbers.scale), everywhere),
            "mean": divide(total, multiply(count, numbers.scale), everywhere),
            "units_share": divide(count, np.full(len(starts), size), everywhere),
            "total_share": share,
            "theil": theil,
            "gini": gini,
            "within": share * own,
            "between": share * np.log(np.where(holds, distance, 1.0)),
        }
    )


def _inequality(values: Integers, starts: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Theil's T and Gini of every run of ascending numbers; NaN where all are 0.

    Ratios to the mean are rounded once, so that equal numbers give exactly 0.
    """
    if not len(values):
        return np.full(len(starts), np.nan), np.full(len(starts), np.nan)
    count = np.diff(starts, append=len(values))
    total = sums(values, starts)
    some = np.asarray(total > 0, dtype=bool)
    own_count, own_total = np.repeat(count, count), np.repeat(total, count)
    holds = np.asarray(values > 0, dtype=bool)
    share = divide(values, own_total, holds)
    relative = divide(multiply(values, own_count), own_total, holds)
    terms = np.where(holds, share * np.log(relative), 0.0)
    theil = np.where(some, np.add.reduceat(terms, starts), np.nan)
    rank = np.arange(len(values)) - np.repeat(starts, count) + 1
    weighted = sums(multiply(values, 2 * rank - own_count - 1), starts)
    return theil, divide(weighted, multiply(total, count), some)


def _quotient(above: int, below: int) -> float:
    return above / below if below else float("nan")
