"""One reading of one target on one snapshot: which units count, and what they say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.codes import COMMUNITY_DIGITS, LEVELS, code_numbers
from sanlian_analysis.columns import Members, UnitColumns
from sanlian_analysis.exact import Interval, Mask, Truth, run_starts
from sanlian_analysis.expressions import Expression, blank, not_applicable, number, truth
from sanlian_analysis.measures import Areas, Figures, mean, ratio, shares, total
from sanlian_analysis.policy import (
    Band,
    Formula,
    Growth,
    Mean,
    Parameter,
    Policy,
    Ratio,
    Reading,
    Score,
    Share,
    Target,
    Total,
    names_of,
)
from sanlian_analysis.snapshot import Snapshot, marks_filled

#: Settlement types that count; `other` is in no denominator (rulebook, rule 2).
_COUNTED = frozenset({"urban", "rural"})


@dataclass(frozen=True)
class Units:
    """All units of one kind at one date, and at the ledger's previous date when there is one."""

    columns: UnitColumns
    previous: UnitColumns | None
    countable: Mask
    areas: Mapping[str, Areas]
    _outcomes: dict[Formula, Truth] = field(default_factory=dict, compare=False, repr=False)

    def outcome(self, formula: Formula) -> Truth:
        """Unit by unit: does it pass, fail, or do its blanks leave that open?"""
        if formula not in self._outcomes:
            self._outcomes[formula] = _outcome(formula, self)
        return self._outcomes[formula]

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.columns.units)


@dataclass(frozen=True)
class Situation:
    """A snapshot prepared for a policy: the units of every kind."""

    policy: Policy
    date: dt.date
    units: Mapping[str, Units]


def prepare(policy: Policy, snapshot: Snapshot, previous: Snapshot | None) -> Situation:
    """The units of every kind with the policy's parameters, ready for its targets."""
    now = _columns(policy, snapshot)
    before = _columns(policy, _like(previous, snapshot)) if previous else {}
    streets, counties = snapshot.streets, snapshot.counties
    areas = {
        "community": _areas(snapshot.communities, snapshot.numbers, COMMUNITY_DIGITS),
        "street": _areas(streets, code_numbers(streets["street_code"]), LEVELS["street"]),
        "county": _areas(counties, code_numbers(counties["county_code"]), LEVELS["county"]),
    }
    countable = {
        "community": now["community"].settled(_COUNTED),
        "street": streets["has_settlement"].to_numpy(dtype=bool),
        "county": np.ones(len(counties), dtype=bool),
    }
    units = {
        kind: Units(now[kind], before.get(kind), countable[kind], areas[kind]) for kind in areas
    }
    return Situation(policy, snapshot.date, units | {"area": units["county"]})


def _areas(units: pd.DataFrame, numbers: npt.NDArray[np.int64], digits: int) -> dict[str, Areas]:
    """The areas of every level at which such units lie, by the numbers of their codes."""
    return {
        level: Areas.of_level(units, level, numbers // 10 ** (digits - head))
        for level, head in LEVELS.items()
        if head <= digits
    }


def _like(previous: Snapshot, snapshot: Snapshot) -> Snapshot:
    """The previous snapshot with exactly the units of the present one; new units are unknown."""

    def aligned(then: pd.DataFrame, now: pd.DataFrame, key: str) -> pd.DataFrame:
        if then[key].equals(now[key]):
            return then
        return marks_filled(then.set_index(key).reindex(now[key]).reset_index())

    return Snapshot(
        previous.date,
        aligned(previous.communities, snapshot.communities, "code"),
        aligned(previous.streets, snapshot.streets, "street_code"),
        aligned(previous.counties, snapshot.counties, "county_code"),
        snapshot.numbers,
    )


def _columns(policy: Policy, snapshot: Snapshot) -> dict[str, UnitColumns]:
    communities, counties = snapshot.communities, snapshot.counties
    plain = UnitColumns(communities, schema.of_unit("community"))
    counted = plain.settled(_COUNTED)

    def members(level: str) -> Members:
        """Communities are sorted by code: each run of one head is the next unit."""
        starts = run_starts(snapshot.numbers // 10 ** (COMMUNITY_DIGITS - LEVELS[level]))
        unit = np.zeros(len(communities), dtype=np.intp)
        unit[starts[1:]] = 1
        return Members(plain, np.cumsum(unit), counted)

    county = UnitColumns(
        counties,
        schema.of_unit("county"),
        _parameters(policy, counties["county_code"]),
        members=members("county"),
    )
    street = UnitColumns(
        snapshot.streets,
        schema.of_unit("street"),
        _parameters(policy, snapshot.streets["street_code"]),
        members=members("street"),
    )
    community = UnitColumns(
        communities,
        schema.of_unit("community"),
        _parameters(policy, communities["code"]),
        county=county,
        county_row=county.members.unit if county.members else None,
    )
    return {"community": community, "street": street, "county": county}


def _parameters(policy: Policy, codes: pd.Series) -> dict[str, Interval]:
    values: dict[str, Interval] = {}
    for parameter in policy.parameters:
        values[parameter.id] = _parameter(parameter, codes, values)
    return values


def _parameter(parameter: Parameter, codes: pd.Series, others: Mapping[str, Interval]) -> Interval:
    """The parameter of every unit; where nobody has settled it, at least its floor."""
    least = _settled_floor(parameter, others)
    numbers = [value for _, value in parameter.by_area]
    numbers += [parameter.default] if parameter.default is not None else []
    scale = lcm(least.scale, *(value.denominator for value in numbers))
    low = np.broadcast_to(least.rescaled(scale).low, (len(codes),)).copy()
    open_ = np.full(len(codes), parameter.default is None)
    if parameter.default is not None:
        low[:] = int(parameter.default * scale)
    for prefix, value in parameter.by_area:
        here = codes.str.startswith(prefix).to_numpy(dtype=bool)
        low[here] = int(value * scale)
        open_[here] = False
    return Interval(low, low, open_, scale)


def _settled_floor(parameter: Parameter, others: Mapping[str, Interval]) -> Interval:
    if parameter.at_least is None:
        return Interval.constant(Fraction(0))
    return number(parameter.at_least, UnitColumns(pd.DataFrame(), {}, others))


def parameter_floor(policy: Policy, parameter: Parameter, place: str) -> Fraction:
    """What the document settles of an open parameter: the largest floor inside a place.

    `place`: an area code; "" for everywhere.
    """
    named = [code for p in policy.parameters for code, _ in p.by_area]
    inside = [code for code in named if code.startswith(place)]
    places = [place] if place else [*inside, policy.area_code]
    values = _parameters(policy, pd.Series([*places, *inside], dtype="str"))
    floor = _settled_floor(parameter, values)
    return max(Fraction(int(low), floor.scale) for low in np.atleast_1d(floor.low))


def standards_due(policy: Policy, target: Target, reading: Reading, date: dt.date) -> list[Reading]:
    """The standards that a reading adds: those due at the same date as the target itself."""
    milestone = target.milestone(date)
    due = milestone.due if milestone else None
    return [
        policy.target(id_).readings[0]
        for id_ in reading.standards
        if any(own.due == due for own in policy.target(id_).milestones)
    ]


@dataclass(frozen=True)
class Assessment:
    """One reading, unit by unit: who is in scope, who is known, and what they say.

    `covered`: units of the reading's settlement types. `outcome` for measures
    that ask a question of every unit; `value` (and `whole`, for ratios) for
    those that add up.
    """

    formula: Formula
    units: Units
    covered: Mask
    in_scope: Mask
    known: Mask
    outcome: Truth | None = None
    value: Interval | None = None
    whole: Interval | None = None


def assess(situation: Situation, target: Target, reading: Reading) -> Assessment:
    """What every unit contributes to a reading."""
    units = situation.units[target.unit]
    covered = _covered(units, target, reading)
    in_scope, certain = scope(units, target, reading)
    formula = reading.formula
    if isinstance(formula, Mean | Total):
        value = _settled(number(formula.value, units.columns), certain)
        return Assessment(formula, units, covered, in_scope, value.known, value=value)
    if isinstance(formula, Ratio):
        part = _settled(number(formula.part, units.columns), certain)
        whole = _settled(number(formula.whole, units.columns), certain)
        known = part.known & whole.known & ~blank(formula.part, units.columns)
        return Assessment(formula, units, covered, in_scope, known, value=part, whole=whole)
    answer = units.outcome(formula)
    for standard in standards_due(situation.policy, target, reading, situation.date):
        answer = answer & _held_against(standard, units)
    answer = Truth(answer.true & certain, answer.false & certain)
    return Assessment(formula, units, covered, in_scope, ~answer.unknown, outcome=answer)


def figures(assessed: Assessment) -> dict[str, Figures]:
    """The reading's figures at every level at which its unit exists."""
    formula, in_scope = assessed.formula, assessed.in_scope
    levels = assessed.units.areas
    if assessed.outcome:
        return shares(assessed.outcome, in_scope, levels)
    if isinstance(formula, Ratio) and assessed.value and assessed.whole:
        part, whole, known = assessed.value, assessed.whole, assessed.known
        return {
            level: ratio(part, whole, known, formula.scale, in_scope, areas)
            for level, areas in levels.items()
        }
    assert assessed.value is not None
    measure = mean if isinstance(formula, Mean) else total
    return {level: measure(assessed.value, in_scope, areas) for level, areas in levels.items()}


def _covered(units: Units, target: Target, reading: Reading) -> Mask:
    """Countable units of the reading's settlement types."""
    if target.unit != "community":
        return units.countable
    return units.countable & units.columns.settled(reading.settlement)


def scope(units: Units, target: Target, reading: Reading) -> tuple[Mask, Mask]:
    """Units in scope, and those among them of which that is certain.

    不适用 in a variable of the formula or of the scope takes a unit out; a
    blank that decides scope leaves it in, unknown (rulebook, rule 4).
    """
    columns = units.columns
    in_scope = _covered(units, target, reading)
    in_scope = in_scope & ~not_applicable(names_of(reading.formula), columns)
    certain = np.ones(units.size, dtype=bool)
    if isinstance(reading.formula, Growth) and units.previous is not None:
        in_scope &= ~not_applicable(reading.formula.value.names, units.previous)
    if reading.where is not None:
        condition = truth(reading.where, columns)
        in_scope &= ~condition.false & ~not_applicable(reading.where.names, columns)
        certain = condition.true
    if reading.nonzero is not None:
        own = number(reading.nonzero, columns)
        in_scope &= ~(own.known & np.asarray(own.low == 0, dtype=bool))
    return in_scope, certain


def _outcome(formula: Formula, units: Units) -> Truth:
    columns = units.columns
    match formula:
        case Share(condition):
            answer = truth(condition, columns)
        case Band(value, floor, ceiling):
            own = number(value, columns)
            answer = (own >= number(floor, columns)) & (number(ceiling, columns) >= own)
        case Score(value, at_least, below):
            own = number(value, columns)
            answer = own >= Interval.constant(Fraction(at_least))
            if below is not None:
                answer = answer & (Interval.constant(Fraction(below)) > own)
        case Growth(value):
            answer = _growth(value, units)
        case _:
            raise AssertionError(f"{formula} is no question about single units")
    return Truth(
        np.broadcast_to(answer.true, (units.size,)), np.broadcast_to(answer.false, (units.size,))
    )


def _growth(value: Expression, units: Units) -> Truth:
    """Above its own previous figure; without a previous snapshot every unit is unknown."""
    nobody = np.zeros(units.size, dtype=bool)
    if units.previous is None:
        return Truth(nobody, nobody)
    if value.names[0].startswith("total("):
        return _growth_of_communities(value.names[0][len("total(") : -1], units)
    return number(value, units.columns) > number(value, units.previous)


def _growth_of_communities(name: str, units: Units) -> Truth:
    """Σ over the communities known at both dates, against the same Σ at the previous one."""
    now, before = units.columns.members, units.previous.members if units.previous else None
    assert now is not None
    assert before is not None
    present, past = now.columns.interval(name), before.columns.interval(name)
    comparable = now.counted & present.known & past.known
    comparable &= ~now.columns.not_applicable(name) & ~before.columns.not_applicable(name)
    rises = np.zeros(units.size, dtype=bool)
    some = np.zeros(units.size, dtype=bool)
    order = np.argsort(now.unit[comparable], kind="stable")
    belongs = now.unit[comparable][order]
    areas = Areas.of(belongs)
    there = belongs[areas.starts]
    some[there] = True
    gained = areas.sums(present.low[comparable][order]) * past.scale
    rises[there] = gained > areas.sums(past.low[comparable][order]) * present.scale
    return Truth(some & rises, some & ~rises)


def _held_against(standard: Reading, units: Units) -> Truth:
    """A standard as one more demand: waived where 不适用, or for the other settlement type."""
    answer = units.outcome(standard.formula)
    waived = not_applicable(names_of(standard.formula), units.columns)
    waived = waived | ~units.columns.settled(standard.settlement)
    return Truth(answer.true | waived, answer.false & ~waived)


def _settled(value: Interval, certain: Mask) -> Interval:
    """A unit whose scope is uncertain has no known number; a constant becomes a column."""
    low, high, open_ = (
        np.broadcast_to(part, certain.shape) for part in (value.low, value.high, value.open)
    )
    return Interval(low, high, open_ | ~certain, value.scale)
