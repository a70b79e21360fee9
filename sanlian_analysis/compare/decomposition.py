"""Why a figure changed between two snapshots: progress, composition, reporting; part by part."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pandas as pd

from sanlian_analysis.assumptions import assume
from sanlian_analysis.calculation import assess
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.compare.matching import Pairs, match_table, matched, ordered, same_units
from sanlian_analysis.compare.sides import Sides, decomposed
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import situations, threshold_of
from sanlian_analysis.language import did_you_mean, listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy, Reading, Target, Total
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.snapshot import area_names

#: A unit's name and the places within which the name tells it apart.
_NAMED = {
    "street": ("street_code", "street", ("county_code",)),
    "county": ("county_code", "county", ("city_code",)),
}


@dataclass(frozen=True)
class Decomposition:
    """Why a figure changed; every number an exact Fraction, None where there is none.

    `total`: one row per `figure` (value, lower, upper): the figure `earlier` and
    `later` and its `change`, in the unit of the target (shares and ratios as
    fractions); `change` = `progress` + `composition` + `reporting`, and
    `composition` = `weights` + `turnover` + `scope`, exactly; the units counted
    at either date and at both; `note`: why there is no change to split, or what
    holds of it. `parts`: the same per county or street; the terms are its
    contributions, each column adds up to that of `total`; `earlier` and `later`
    are the part's own figures. `units`: the table of `match_units` for targets
    on communities, else empty. `simulated`: whether the ledger was. `thresholds`:
    what the figures are held against at the earlier and at the later date.
    """

    total: pd.DataFrame
    parts: pd.DataFrame
    units: pd.DataFrame
    simulated: bool
    thresholds: tuple[Fraction | None, Fraction | None]

    def possible_change(self) -> tuple[Fraction, Fraction] | None:
        """The least and the most that the figure changed, whatever the blanks really were.

        None without both bounds at both dates. The changes of the bounds in
        `total` are no such limits: they tell how the bounds moved.
        """
        bounds = self.total.set_index("figure").loc[["lower", "upper"], ["earlier", "later"]]
        (low0, low1), (high0, high1) = bounds.to_numpy(dtype=object).tolist()
        if None in (low0, low1, high0, high1):
            return None
        return low1 - high0, high1 - low0


def decompose(
    ledger: Ledger,
    policy: Policy | str | Path,
    target: str,
    earlier: dt.date | str,
    later: dt.date | str,
    area: str = "",
    *,
    by: str | None = None,
    reading: str = "primary",
) -> Decomposition:
    """Split the change of a share, mean or ratio of an area between two snapshots.

    Units are matched as `match_units` says (streets and counties, for targets on
    them, in the same way by code and name). The change is split into

    - `progress`: of the units that are in scope and known at both dates in the
      same part, by part: ½(w₀+w₁)(r₁−r₀), with r the part's figure and w its
      share of the denominator among these units;
    - composition, which is `weights`: (w₁−w₀) × the part's distance from the
      mean; 0 for shares and means, where a unit weighs 1 at both dates, and for
      ratios the change of the wholes (households, members …);
      `turnover`: units that appeared, vanished or went to another part;
      `scope`: units in scope at one date only (不适用, another settlement type,
      or the condition of the scope);
    - `reporting`: units known at one date only; in the bounds, also what the
      blanks of units in scope at both dates do.

    Each of the last three is the group's share of the denominator times its
    distance from the units that stayed. The formulas are symmetric in the two
    dates and add up exactly; they and their sources (Kitagawa 1955; Shorrocks
    2013; Melitz & Polanec 2015) stand with `shift_share.split`. With a frame the
    same units exist at both dates and `turnover` is 0; the note says so. Of a
    growth target it is the share of units above their previous snapshot that
    changes.

    `area`: a code (street to province); "" is everything. `by`: the parts,
    `street`, `county` or `city`; streets within a county, else counties, when
    left out. A change of the `lower` or `upper` bound is the change of that
    bound; for the limits of the true change see `possible_change`.

    Raises SanlianError for a target or reading that the policy does not have, a
    total (Σ has no parts with weights), dates that are no snapshots or in the
    wrong order, an area without units, and parts that are larger than the area
    or unknown to the target.
    """
    policy = load_policy(policy)
    asked = _target(policy, target)
    chosen = _reading(policy, asked, reading)
    first, last = ordered(ledger, earlier, later)
    level = _level(asked, area, by)
    then, now = (
        assess(situation, asked, chosen) for situation in situations(ledger, policy, [first, last])
    )
    tables = (then.units.columns.units, now.units.columns.units)
    pairs = _pairs(ledger, asked, *tables)
    sides = Sides.of(then, now, pairs, level, area)
    if not sides.codes:
        raise _no_units(area)
    total, parts = decomposed(sides, area_names(ledger))
    units = pd.DataFrame()
    if asked.unit == "community":
        units = match_table(pairs, *tables, (first, last), area)
    nothing = assume(policy, ())
    before, after = (
        threshold_of(asked, chosen, asked.milestone(day), nothing) for day in (first, last)
    )
    return Decomposition(total, parts, units, ledger.simulated, (before, after))


def _target(policy: Policy, id_: str) -> Target:
    known = [target.id for target in policy.targets]
    if id_ not in known:
        hint = did_you_mean(id_, known)
        raise SanlianError(
            say(
                f"{policy.id} 没有目标 {id_!r}{hint}；可用：{listed(known)}",
                f"{policy.id} has no target {id_!r}{hint}; use one of {listed(known)}",
            )
        )
    return policy.target(id_)


def _reading(policy: Policy, target: Target, id_: str) -> Reading:
    readings = {reading.id: reading for reading in target.readings}
    where = f"{policy.id}/{target.id}"
    if id_ not in readings:
        raise SanlianError(
            say(
                f"{where} 没有读法 {id_!r}；可用：{listed(readings)}",
                f"{where} has no reading {id_!r}; use one of {listed(readings)}",
            )
        )
    if isinstance(readings[id_].formula, Total):
        raise SanlianError(
            say(
                f"{where} 是合计，没有权重可分解；请选占比、平均或比率类的目标",
                f"{where} is a total and has no weights to split; choose a share, mean or ratio",
            )
        )
    return readings[id_]


def _level(target: Target, area: str, by: str | None) -> str:
    """The level of the parts: the one that was asked for, else the usual one."""
    if len(area) > max(LEVELS.values()):
        raise _no_units(area)
    levels = [*LEVELS] if target.unit in ("community", "street") else [*LEVELS][1:]
    usual = "street" if len(area) >= LEVELS["county"] and "street" in levels else "county"
    level = usual if by is None else by
    if level not in levels or LEVELS[level] < len(area):
        fitting = [known for known in levels if LEVELS[known] >= len(area)]
        raise SanlianError(
            say(
                f"地区 {area!r} 的目标 {target.id} 不能按 {level!r} 分解；可用：{listed(fitting)}",
                f"target {target.id} of area {area!r} has no parts by {level!r}; "
                f"use one of {listed(fitting)}",
            )
        )
    return level


def _no_units(area: str) -> SanlianError:
    return SanlianError(
        say(
            f"两个时点都没有代码以 {area!r} 开头的地区（街道至省）；请核对地区代码",
            f"no area (street to province) whose code begins with {area!r} at either date; "
            "check the area code",
        )
    )


def _pairs(ledger: Ledger, target: Target, then: pd.DataFrame, now: pd.DataFrame) -> Pairs:
    if target.unit == "community":
        return same_units(ledger, then, now)
    code, name, places = _NAMED["street" if target.unit == "street" else "county"]
    found = matched(then, now, code, name, places)
    return replace(found, constant=ledger.frame is not None)
