"""Checks of a whole ledger: what no cell shows by itself, but its neighbours do.

Reading a ledger finds what is wrong in single cells and rows. The rules here
look at units against the frame and their codes, at counties as a whole, and at
one snapshot beside the next. They make nothing unknown: a person decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.codes import LEVELS, code_numbers
from sanlian_analysis.coverage import gaps
from sanlian_analysis.exact import run_starts
from sanlian_analysis.findings import Finding, Severity
from sanlian_analysis.frame import settlement_of
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.reading import finding_at
from sanlian_analysis.schema import COMMUNITIES, KEYS, SETTLEMENTS, Variable
from sanlian_analysis.snapshot import area_names

#: A change this many robust standard deviations (1.4826 MAD) from the usual one is a jump.
JUMP = 8.0
#: Too few changes for a usual one; and a spread below which everything would be a jump.
_FEWEST_CHANGES, _LEAST_SPREAD = 20, 0.05
#: A county is looked at for copied or rounded figures from so many units on.
_FEWEST_UNITS = 8
#: Small counts are often the same everywhere, and say nothing.
_SMALL = 10
#: What people round large figures to.
_ROUND = 100


@dataclass(frozen=True)
class Rule:
    """One check: what it asks, how severe a finding is, and how it finds."""

    id: str
    severity: Severity
    zh: str
    en: str
    find: Callable[[Ledger, Rule], Iterator[Finding]]

    @property
    def expected(self) -> str:
        """What is wrong and how to mend it, in the language in force."""
        return say(self.zh, self.en)


def check(ledger: Ledger, policies: Sequence[Policy] = ()) -> tuple[Finding, ...]:
    """Every finding of a ledger: those of reading it, then those of `RULES`.

    `policies`: also what they ask for and the ledger lacks. Findings are in the
    language in force; the order is that of the ledger and of `RULES`.
    """
    found = [*ledger.findings]
    for rule in RULES:
        found += rule.find(ledger, rule)
    for policy in policies:
        found += _unanswered(ledger, policy)
    return tuple(found)


def _unanswered(ledger: Ledger, policy: Policy) -> Iterator[Finding]:
    for gap in gaps(ledger, policy):
        message = say(
            f"{policy.id} 的目标 {gap.target} 无法测算：{gap.reason}",
            f"target {gap.target} of {policy.id} cannot be computed: {gap.reason}",
        )
        yield Finding(
            Path(ledger.path).name, COMMUNITIES, "", "", "", "note", "", message, kind="policy"
        )


def _located(ledger: Ledger, sheet: str) -> pd.DataFrame:
    """A table with the places at which its rows stand."""
    return ledger.table(sheet).join(ledger.origin[sheet])


def _at(
    ledger: Ledger, row: pd.Series, sheet: str, variable: str, rule: Rule, message: str
) -> Finding:
    letters = dict(ledger.letters[row["file"], row["sheet"]])
    return finding_at(row, sheet, variable, letters, rule.severity, message, rule.id, rule.expected)


def _foreign_parents(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    """A code is the head of the codes below it."""
    for sheet, key in KEYS.items():
        table = _located(ledger, sheet)
        for level in ("street", "county"):
            parent = f"{level}_code"
            if parent == key or parent not in table:
                continue
            head = table[key].str[: LEVELS[level]]
            other = (table[parent].notna() & (table[parent] != head)).to_numpy(dtype=bool)
            for i in np.flatnonzero(other):
                row = table.iloc[i]
                message = say(
                    f"{row[parent]} 不是 {row[key]} 的上级代码 {head.iloc[i]}，按 {row[key]} 计入；请核对两个代码",
                    f"{row[parent]} is not {head.iloc[i]}, the head of {row[key]}, by which the "
                    "row is counted; check both codes",
                )
                yield _at(ledger, row, sheet, parent, rule, message)


def _settlement_unlike_name(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    table = _located(ledger, COMMUNITIES)
    if "settlement" not in table or "name" not in table:
        return
    known = table["settlement"].notna() & table["name"].notna()
    by_name = table.loc[known, "name"].map(settlement_of)
    other = (by_name != table.loc[known, "settlement"]) & (by_name != "other")
    words = {id_: written for written, id_ in SETTLEMENTS.items()}
    for index in other.index[other]:
        row = table.loc[index]
        stated, named = words[str(row["settlement"])], words[by_name[index]]
        message = say(
            f"填为“{stated}”，名称 {row['name']!r} 却像{named}；按所填计入，请核对",
            f"stated as {row['settlement']}, while the name {row['name']!r} reads "
            f"{by_name[index]}; counted as stated: check it",
        )
        found = _at(ledger, row, COMMUNITIES, "settlement", rule, message)
        yield replace(found, found=say(stated, found.found))


def _quantities(sheet: str, table: pd.DataFrame) -> Iterator[Variable]:
    for id_, variable in schema.measured(sheet).items():
        if id_ in table and variable.type in ("count", "number"):
            yield variable


def _jumps(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    """Changes that are far from the usual one: on a log scale, by median and MAD."""
    for sheet, key in KEYS.items():
        table = _located(ledger, sheet)
        for earlier, later in zip(ledger.dates, ledger.dates[1:], strict=False):
            before, now = (table[table["date"] == pd.Timestamp(day)] for day in (earlier, later))
            pairs = now.merge(before, on=key, suffixes=("", " before"))
            for variable in _quantities(sheet, table):
                for i in _jumping(pairs, variable):
                    row = pairs.iloc[i]
                    was, is_ = row[f"{variable.id} before"], row[variable.id]
                    message = say(
                        f"“{variable.header}”由 {earlier} 的 {was:.12g} 变为 {is_:.12g}，变化远大于其他单位；请核对",
                        f"{variable.id!r} went from {was:.12g} on {earlier} to {is_:.12g}, far more than "
                        "elsewhere; check it",
                    )
                    yield _at(ledger, row, sheet, variable.id, rule, message)


def _jumping(pairs: pd.DataFrame, variable: Variable) -> npt.NDArray[np.intp]:
    now, before = (
        pairs[column].to_numpy(dtype=np.float64, na_value=np.nan)
        for column in (variable.id, f"{variable.id} before")
    )
    known = np.isfinite(now) & np.isfinite(before)
    if known.sum() < _FEWEST_CHANGES:
        return np.zeros(0, dtype=np.intp)
    change = np.log1p(np.maximum(now, 0)) - np.log1p(np.maximum(before, 0))
    middle = np.median(change[known])
    spread = max(1.4826 * float(np.median(np.abs(change[known] - middle))), _LEAST_SPREAD)
    far = known & (np.abs(change - middle) > JUMP * spread) & (np.abs(now - before) >= _SMALL)
    return np.flatnonzero(far)


def _uniform_counties(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    """Figures that were copied down, not counted."""
    for one in _county_figures(ledger):
        if one.low == one.high >= _SMALL:
            message = say(
                f"{one.units} 个单位的“{one.variable.header}”全为 {one.low:.12g}；请核对是否照抄",
                f"all {one.units} units state {one.low:.12g} as {one.variable.id!r}; "
                "check whether it was copied",
            )
            yield _of_county(ledger, one, rule, message)


def _round_counties(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    """Figures that were estimated, not counted."""
    for one in _county_figures(ledger):
        if one.round and one.low != one.high and one.low + one.high >= 10 * _ROUND:
            message = say(
                f"{one.units} 个单位的“{one.variable.header}”都是 {_ROUND} 的整倍数；请核对是否估计数",
                f"all {one.units} units state multiples of {_ROUND} as {one.variable.id!r}; "
                "check whether they are estimates",
            )
            yield _of_county(ledger, one, rule, message)


@dataclass(frozen=True)
class _County:
    """The known figures of one variable in one county at one date."""

    row: pd.Series
    variable: Variable
    units: int
    low: float
    high: float
    round: bool


def _county_figures(ledger: Ledger) -> Iterator[_County]:
    """Per county, date and quantity, where enough units have known figures."""
    table = _located(ledger, COMMUNITIES)
    county = table["code"].str[: LEVELS["county"]]
    order = np.lexsort((code_numbers(county), table["date"].to_numpy()))
    group = pd.DataFrame({"county": county, "date": table["date"]}).groupby(["county", "date"])
    numbers = group.ngroup().to_numpy()[order]
    for variable in _quantities(COMMUNITIES, table):
        values = table[variable.id].to_numpy(dtype=np.float64, na_value=np.nan)[order]
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            continue
        figures, starts = values[known], run_starts(numbers[known])
        units = np.diff(starts, append=len(known))
        low, high = np.minimum.reduceat(figures, starts), np.maximum.reduceat(figures, starts)
        whole = np.logical_and.reduceat(figures % _ROUND == 0, starts)
        for i in np.flatnonzero((units >= _FEWEST_UNITS) & (whole | (low == high))):
            row = table.iloc[order[known[starts[i]]]]
            yield _County(row, variable, int(units[i]), low[i], high[i], bool(whole[i]))


def _of_county(ledger: Ledger, one: _County, rule: Rule, message: str) -> Finding:
    """A finding about a county as a whole, at the first of its cells."""
    county = one.row["code"][: LEVELS["county"]]
    found = _at(ledger, one.row, COMMUNITIES, one.variable.id, rule, message)
    return replace(found, code=county, name=_named(ledger, county), found="")


def _named(ledger: Ledger, county: str) -> str:
    return area_names(ledger).get(county, county)


def _absent_units(ledger: Ledger, rule: Rule) -> Iterator[Finding]:
    """Units of the frame without a row, county by county; they count as unknown."""
    if ledger.frame is None:
        return
    names, table = area_names(ledger), ledger.communities
    there = ledger.frame.groupby("county_code")["code"].count()
    for date in ledger.dates:
        rows = table[table["date"] == pd.Timestamp(date)]
        reported = rows.groupby(rows["code"].str[: LEVELS["county"]])["code"].count()
        for county, units in there.items():
            have = int(reported.get(county, 0))
            if have < units:
                yield _absent(ledger, rule, names.get(str(county), ""), str(county), date, have,
                              int(units))  # fmt: skip


def _absent(
    ledger: Ledger, rule: Rule, name: str, code: str, date: dt.date, have: int, units: int
) -> Finding:
    message = say(
        f"{date}：名录 {units} 个单位，台账 {have} 行，缺 {units - have} 个单位，按未知计入分母",
        f"{date}: {units} units in the frame, {have} rows; the {units - have} others count as "
        "unknown",
    )
    return Finding(Path(ledger.path).name, COMMUNITIES, "", code, "", rule.severity, str(have), message,
                   name=name, kind=rule.id)  # fmt: skip


#: Every check of a whole ledger, in the order in which findings are listed.
RULES = (
    Rule(
        "parent",
        "warning",
        "上级代码与本单位代码不符；请核对两个代码",
        "the parent's code is not the head of the unit's own; check both",
        _foreign_parents,
    ),
    Rule(
        "settlement",
        "note",
        "城乡类型与名称不符，按所填计入；请核对",
        "the settlement is not that of the name; counted as stated: check it",
        _settlement_unlike_name,
    ),
    Rule(
        "jump",
        "note",
        "与上一时点相比变化远大于其他单位；请核对",
        "changed far more since the snapshot before than other units; check it",
        _jumps,
    ),
    Rule(
        "uniform",
        "note",
        "全县各单位数值完全相同；请核对是否照抄",
        "the same figure for every unit of a county; check whether it was copied",
        _uniform_counties,
    ),
    Rule(
        "round",
        "note",
        "全县各单位数值都是整数倍；请核对是否估计数",
        "nothing but round figures in a county; check whether they are estimates",
        _round_counties,
    ),
    Rule(
        "absent",
        "note",
        "名录中的单位没有行，按未知计入分母",
        "units of the frame without a row; they count as unknown",
        _absent_units,
    ),
)
