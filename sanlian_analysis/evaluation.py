"""Evaluation: the figures of every target against its thresholds, for every area."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.assumptions import Assumptions, assume
from sanlian_analysis.calculation import Situation, assess, figures, prepare
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Areas, Figures
from sanlian_analysis.policy import Growth, Milestone, Policy, Reading, Target
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.snapshot import Snapshot, area_names, take_snapshot

#: Columns of the results table, in order.
COLUMNS = [
    *("policy", "target", "reading", "level", "area_code", "area", "date", "due"),
    *("numerator", "denominator", "unknown", "value", "lower", "upper", "threshold"),
    *("verdict", "binding", "stable", "shortfall", "clause", "assumed"),
]

MET, NOT_MET, UNDETERMINED = "met", "not_met", "undetermined"
NOT_APPLICABLE, NO_THRESHOLD = "not_applicable", "no_threshold"
VERDICTS = (MET, NOT_MET, UNDETERMINED, NOT_APPLICABLE, NO_THRESHOLD)

_Part = dict[str, Any]
Codes = npt.NDArray[np.int8]


def evaluate(
    ledger: Ledger,
    policy: Policy | str | Path,
    date: dt.date | str | Iterable[dt.date | str] | None = None,
    assumptions: Iterable[str] = (),
) -> pd.DataFrame:
    """Evaluate a ledger under a policy.

    `policy`: a `Policy`, the id of a built-in one, or the path of a policy
    file. `date`: one snapshot or several; all of the ledger's when left out.
    `assumptions`: the user's own numbers, such as `POLICY/TARGET=90%` for a
    target that sets none; rows that rest on one say so in `assumed`.

    Returns the results table: one row per target, reading, area (street,
    county, city, province) and snapshot, with the columns `COLUMNS`. `value`,
    `lower`, `upper` and `threshold` are fractions for shares and ratios, else
    in the target's unit; they are NaN where there is none. `unknown` counts
    units that the blanks leave open: they stay in the denominator. Verdicts
    compare exactly: met when `lower` reaches the threshold, not_met when
    `upper` does not, undetermined otherwise, not_applicable without units in
    scope, no_threshold for demands that set no number. `attrs["simulated"]` says
    whether the ledger was simulated.

    Raises SanlianError for a date that is no snapshot of the ledger.
    """
    policy = policy if isinstance(policy, Policy) else load_policy(policy)
    assumed = assume(policy, assumptions)
    parts: list[_Part] = []
    for situation in situations(ledger, assumed.policy, snapshots(ledger, date)):
        for target in policy.targets:
            parts += _target_parts(situation, target, assumed)
        del situation  # the next snapshot is taken while this name would still hold the last one
    table = _assembled(parts, policy, area_names(ledger))
    table.attrs["simulated"] = ledger.simulated
    return table


def situations(ledger: Ledger, policy: Policy, dates: Iterable[dt.date]) -> Iterator[Situation]:
    """Each snapshot, and the one before it where growth is asked for, prepared for a policy."""
    grows = any(
        isinstance(reading.formula, Growth)
        for target in policy.targets
        for reading in target.readings
    )
    latest: Snapshot | None = None
    for date in dates:
        earlier = [day for day in ledger.dates if day < date] if grows else []
        previous = None
        if earlier:  # most often the snapshot that came just before
            again = latest is not None and latest.date == earlier[-1]
            previous = latest if again else take_snapshot(ledger, earlier[-1])
        latest = take_snapshot(ledger, date)
        yield prepare(policy, latest, previous)


def situation_at(ledger: Ledger, policy: Policy, date: dt.date) -> Situation:
    """One snapshot of the ledger, prepared for a policy."""
    return next(situations(ledger, policy, [date]))


def snapshots(
    ledger: Ledger, date: dt.date | str | Iterable[dt.date | str] | None = None
) -> list[dt.date]:
    """The ledger's snapshots that were asked for, ascending; all of them for None."""
    there = ledger.dates
    if date is None:
        return there
    wanted = [date] if isinstance(date, dt.date | str) else list(date)
    days = []
    for one in wanted:
        try:
            day = dt.date.fromisoformat(one) if isinstance(one, str) else one
        except ValueError:
            day = None
        if day not in there:
            known = "、".join(str(known) for known in there)
            raise SanlianError(
                say(
                    f"{ledger.path}：没有统计时点 {one}；台账里有：{known}",
                    f"{ledger.path}: no snapshot {one}; the ledger has: {known}",
                )
            )
        days.append(day)
    return sorted(set(days))


def _target_parts(situation: Situation, target: Target, assumed: Assumptions) -> list[_Part]:
    """The target's rows: per level, the readings in order, each for every area."""
    milestone = target.milestone(situation.date)
    levels: dict[str, list[_Part]] = {}
    for reading in target.readings:
        if not reading.applies_from(milestone):
            continue
        by_level = figures(assess(situation, target, reading))
        areas = situation.units[target.unit].areas
        for level, found in by_level.items():
            part = _rows(found, areas[level], threshold_of(target, reading, milestone, assumed))
            part |= {"target": target.id, "reading": reading.id, "level": level}
            part |= {"clause": milestone.clause if milestone else target.clause}
            part |= {"due": milestone.due if milestone else None, "date": situation.date}
            part["assumed"] = _assumed_texts(assumed, target, reading, areas[level])
            part["binding"] = _binds(situation.policy, target, level, areas[level])
            levels.setdefault(level, []).append(part)
    for parts in levels.values():
        stable = _stable([part["verdict"] for part in parts])
        for part in parts:
            part["stable"] = stable
    return [part for level in LEVELS for part in levels.get(level, [])]


def threshold_of(
    target: Target, reading: Reading, milestone: Milestone | None, assumed: Assumptions
) -> Fraction | None:
    """What a reading is held against: the document's number, or the user's for a vague target."""
    if milestone is not None:
        return milestone.threshold if reading.threshold is None else reading.threshold
    if reading is target.readings[0] and target.id in assumed.thresholds:
        return assumed.thresholds[target.id][0]
    return None


def _assumed_texts(
    assumed: Assumptions, target: Target, reading: Reading, areas: Areas
) -> npt.NDArray[np.object_] | None:
    """What was assumed in every area; None where nothing was."""
    if target.id not in assumed.thresholds and target.id not in assumed.places:
        return None
    texts = [assumed.text(target.id, reading.id, code) for code in areas.codes]
    return np.array(texts, dtype=object)


def _binds(policy: Policy, target: Target, level: str, areas: Areas) -> npt.NDArray[np.bool_]:
    if level != target.level:
        return np.zeros(len(areas.codes), dtype=bool)
    return np.fromiter(map(policy.governs, areas.codes), bool, len(areas.codes))


def _stable(readings: list[Codes]) -> npt.NDArray[np.bool_]:
    """Whether the readings agree, those that do not apply left aside."""
    nothing, aside = -1, VERDICTS.index(NOT_APPLICABLE)
    seen = np.full(len(readings[0]), nothing, dtype=np.int8)
    stable = np.ones(len(readings[0]), dtype=bool)
    for verdict in readings:
        speaks = verdict != aside
        seen = np.where(speaks & (seen == nothing), verdict, seen)
        stable &= ~speaks | (verdict == seen)
    return stable


def verdicts(found: Figures, threshold: Fraction | None) -> Codes:
    """The verdict of every area, as its place in `VERDICTS`, by exact comparison (rule 15)."""
    met, not_met, undetermined, aside, vague = range(len(VERDICTS))
    if threshold is None:
        return np.where(found.applicable, vague, aside).astype(np.int8)
    reached, missed = found.lower.reaches(threshold), found.upper.falls_short(threshold)
    codes = np.select([~found.applicable, reached, missed], [aside, met, not_met], undetermined)
    return codes.astype(np.int8)


def _rows(found: Figures, areas: Areas, threshold: Fraction | None) -> _Part:
    part: _Part = dict(found.columns())
    size = len(areas.codes)
    part["areas"] = areas
    part["threshold"] = np.full(size, np.nan if threshold is None else float(threshold))
    part["verdict"] = verdicts(found, threshold)
    shortfall = np.full(size, np.nan)
    if threshold is not None:
        counts = found.applicable & found.lower.defined
        shortfall[counts] = found.lower.shortfall(threshold)[counts].astype(np.float64)
    part["shortfall"] = shortfall
    return part


def _assembled(parts: list[_Part], policy: Policy, names: Mapping[str, str]) -> pd.DataFrame:
    """The parts below one another; texts are picked from short lists, never copied one by one."""
    of_part = np.repeat(np.arange(len(parts)), [len(part["verdict"]) for part in parts])

    def stacked(key: str) -> npt.NDArray[Any]:
        return np.concatenate([np.asarray(part.pop(key)) for part in parts])

    def repeated(values: list[Any], kind: str = "str") -> Any:
        return pd.Series(values, dtype=kind).array.take(of_part)

    def picked(place: npt.NDArray[Any], texts: Iterable[Any]) -> Any:
        return pd.Series(list(texts), dtype="str").array.take(place)

    place, codes = _area_places([part["areas"] for part in parts])
    columns: dict[str, Any] = {
        "policy": repeated([policy.id] * len(parts)),
        **{
            key: repeated([part[key] for part in parts])
            for key in ("target", "reading", "level", "clause")
        },
        **{
            key: repeated([part[key] for part in parts], "datetime64[s]") for key in ("date", "due")
        },
        "area_code": picked(place, codes),
        "area": picked(place, map(names.get, codes)),
        **{key: stacked(key) for key in ("numerator", "denominator", "unknown")},
        **{key: stacked(key) for key in ("value", "lower", "upper", "threshold")},
        **{key: stacked(key) for key in ("binding", "stable")},
        "verdict": picked(stacked("verdict"), VERDICTS),
        "shortfall": pd.Series(stacked("shortfall"), dtype="Float64").astype("Int64"),
    }
    assumed = [part["assumed"] for part in parts]
    if any(texts is not None for texts in assumed):
        filled = [
            np.full(len(part["areas"].codes), "", dtype=object) if texts is None else texts
            for texts, part in zip(assumed, parts, strict=True)
        ]
        columns["assumed"] = picked(*pd.factorize(np.concatenate(filled)))
    else:
        columns["assumed"] = repeated([""] * len(parts))
    return pd.DataFrame({key: columns[key] for key in COLUMNS}, copy=False)


def _area_places(areas: list[Areas]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Every area's place in one list of codes; many parts have the same areas."""
    distinct = {id(one): one.codes for one in areas}
    lengths = [len(codes) for codes in distinct.values()]
    offsets = dict(zip(distinct, np.cumsum([0, *lengths[:-1]]), strict=True))
    places = [np.arange(len(one.codes)) + offsets[id(one)] for one in areas]
    return np.concatenate(places), [code for codes in distinct.values() for code in codes]
