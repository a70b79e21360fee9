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
import pyarrow as pa

from sanlian_analysis import remembered
from sanlian_analysis.assumptions import Assumptions, assume
from sanlian_analysis.calculation import Situation, assess, figures, prepare
from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import current, say
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
    policy = load_policy(policy)
    dates, given = snapshots(ledger, date), tuple(assumptions)
    return remembered.work_out_once(
        ledger,
        ("results", policy, *dates, given, current()),
        lambda: _evaluated(ledger, policy, dates, given),
    )


def _evaluated(
    ledger: Ledger, policy: Policy, dates: list[dt.date], assumptions: tuple[str, ...]
) -> pd.DataFrame:
    assumed = assume(policy, assumptions)
    parts: list[_Part] = []
    for situation in situations(ledger, assumed.policy, dates):
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
    return remembered.work_out_once(
        ledger, ("situation", policy, date), lambda: next(situations(ledger, policy, [date]))
    )


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
            part["own_level"] = level == target.level
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
    """The parts below one another."""
    lengths = [len(part["verdict"]) for part in parts]

    def stacked(key: str) -> npt.NDArray[Any]:
        return np.concatenate([part.pop(key) for part in parts])

    def repeated(key: str, kind: str | None = None) -> npt.NDArray[Any]:
        return np.repeat(np.array([part[key] for part in parts], dtype=kind), lengths)

    areas = {id(part["areas"]): part["areas"].codes for part in parts}
    codes = {one: pd.Series(there, dtype="str") for one, there in areas.items()}
    governed = {one: policy.governs(there) for one, there in codes.items()}
    labels = {one: [names.get(code) for code in there] for one, there in areas.items()}
    of_part = [id(part["areas"]) for part in parts]
    columns: dict[str, Any] = {
        "policy": _repeated_texts([policy.id] * len(parts), lengths),
        **{
            key: _repeated_texts([part[key] for part in parts], lengths)
            for key in ("target", "reading", "level", "clause")
        },
        **{key: repeated(key, "datetime64[s]") for key in ("date", "due")},
        "area_code": _shared_texts(areas, of_part),
        "area": _shared_texts(labels, of_part),
        **{key: stacked(key) for key in ("numerator", "denominator", "unknown")},
        **{key: stacked(key) for key in ("value", "lower", "upper", "threshold", "stable")},
        "binding": np.concatenate([governed[one] for one in of_part]) & repeated("own_level"),
        "verdict": pd.Series(VERDICTS, dtype="str").array.take(stacked("verdict")),
        "shortfall": pd.Series(stacked("shortfall"), dtype="Float64").astype("Int64"),
        "assumed": _assumed(parts, lengths),
    }
    return pd.DataFrame({key: columns[key] for key in COLUMNS}, copy=False)


def _assumed(parts: list[_Part], lengths: list[int]) -> Any:
    blank = pa.repeat(pa.scalar("", pa.large_string()), max(lengths, default=0))
    return _text_column(
        [
            blank.slice(0, length)
            if part["assumed"] is None
            else pa.array(part["assumed"], pa.large_string())
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _repeated_texts(texts: list[str], lengths: list[int]) -> Any:
    """Each text as often as its part is long: all parts look at one run of copies."""
    longest = max(lengths, default=0)
    runs = {text: pa.repeat(pa.scalar(text, pa.large_string()), longest) for text in set(texts)}
    return _text_column(
        [runs[text].slice(0, length) for text, length in zip(texts, lengths, strict=True)]
    )


def _shared_texts(lists: Mapping[int, Iterable[str | None]], of_part: list[int]) -> Any:
    """One list per part; parts that have the same list share it."""
    there = {key: pa.array(texts, pa.large_string()) for key, texts in lists.items()}
    return _text_column([there[key] for key in of_part])


def _text_column(chunks: list[pa.Array]) -> Any:
    """A column of pandas' own text type over pieces that are not copied."""
    return pd.array(pa.chunked_array(chunks, pa.large_string()), dtype="str")
