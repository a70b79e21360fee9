"""What several documents ask of the same variable, and which of two demands asks more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import ceil, floor

import numpy as np

from sanlian_analysis import schema
from sanlian_analysis.exact import Interval, Mask, Truth
from sanlian_analysis.expressions import Expression, demands, number, parse
from sanlian_analysis.language import say
from sanlian_analysis.policy import (
    Band,
    Mean,
    Policy,
    Ratio,
    Reading,
    Share,
    Target,
    Total,
    names_of,
)

#: Two documents measure the same floor space under two names.
_SAME_SPACE = {"venue_area": "facility_area"}

#: From the narrowest level down to the widest: who meets a demand in every area meets it above.
_FINENESS = {"street": 0, "county": 1, "city": 2, "province": 3}


@dataclass(frozen=True)
class Demand:
    """A target of a document, by what it measures: its primary reading."""

    policy: Policy
    target: Target

    @property
    def reading(self) -> Reading:
        """The primary reading."""
        return self.target.readings[0]

    @property
    def key(self) -> tuple[str, str]:
        """Ids of policy and target."""
        return self.policy.id, self.target.id

    @property
    def settlement(self) -> str:
        """`urban`, `rural` or `urban+rural`; "" for targets on other units."""
        if self.target.unit != "community":
            return ""
        kinds = schema.SETTLEMENTS.values()
        return "+".join(kind for kind in kinds if kind in self.reading.settlement)

    @property
    def kind(self) -> str:
        """What is counted: `area` targets look at the counties' figures, as `county` ones do."""
        return "county" if self.target.unit == "area" else self.target.unit

    @property
    def variable(self) -> str:
        """The variable that the formula is about, the first it names; "" for none."""
        known = schema.of_unit(self.target.unit)
        for name in names_of(self.reading.formula):
            if name in known or name.endswith(")"):
                return _SAME_SPACE.get(name, name)
        return ""

    @property
    def threshold(self) -> Fraction | None:
        """What the last milestone asks for; None for a vague target."""
        if not self.target.milestones:
            return None
        own = self.reading.threshold
        return self.target.milestones[-1].threshold if own is None else own

    def comparable(self, other: Demand) -> bool:
        """Whether both ask something of the same variable of some of the same units."""
        return (
            bool(self.variable)
            and (self.kind, self.variable) == (other.kind, other.variable)
            and bool(self.reading.settlement & other.reading.settlement)
        )


def all_demands(policies: Iterable[Policy]) -> list[Demand]:
    """Every target of every policy, in order."""
    return [Demand(policy, target) for policy in policies for target in policy.targets]


def comparable_pairs(every: Sequence[Demand]) -> list[tuple[Demand, Demand]]:
    """Targets of two documents that ask something of the same variable of the same units."""
    return [
        (one, other)
        for one, other in combinations(every, 2)
        if one.policy.id != other.policy.id and one.comparable(other)
    ]


def asks_more(one: Demand, other: Demand) -> tuple[str, str]:
    """Which of two comparable demands asks more, by their wording alone.

    One asks at least as much as the other when a place that meets it in all its
    areas also meets the other in all of those, whatever the figures, 不适用 left
    aside. What every unit must have says something at every level, and of the
    mean; any other demand only of its own units, at its own level and the wider
    ones. Returns `first`, `second`, `equal` or `neither`, and the reason in the
    language in force.
    """
    forth, back = _falls_short(one, other), _falls_short(other, one)
    if not forth and not back:
        return "equal", say("两项要求相同", "both ask the same")
    if not forth or not back:
        more, less = (one, other) if not forth else (other, one)
        reason = say(
            f"达到 {_called(more)} 必达到 {_called(less)}，反过来推不出",
            f"whoever meets {_called(more)} meets {_called(less)}; the reverse does not follow",
        )
        return ("first" if not forth else "second"), reason
    joined = say("；", "; ").join(dict.fromkeys((forth, back)))
    return "neither", joined


def _called(demand: Demand) -> str:
    return f"{demand.policy.id}/{demand.target.id}"


def _falls_short(strong: Demand, weak: Demand) -> str:
    """Why a place may meet the first and miss the second; "" when it cannot."""
    asked, least = strong.threshold, weak.threshold
    if asked is None or least is None:
        return say("有一项没有定数", "one of them sets no number")
    if strong.target.level == "none" or weak.target.level == "none":
        return say("有一项不作约束", "one of them binds nowhere")
    everyone = isinstance(strong.reading.formula, Share | Band) and asked >= 1
    if not everyone and _FINENESS[strong.target.level] > _FINENESS[weak.target.level]:
        return say("考核层级不同", "they bind at different levels")
    if not _within(weak.reading, strong.reading, everyone=everyone):
        return say("适用的单位不同", "they are asked of different units")
    if _implies(strong, weak, asked, least):
        return ""
    return say("要求的数或算法互不包含", "neither number and measure contain the other's")


def _within(weak: Reading, strong: Reading, *, everyone: bool) -> bool:
    """Whether what holds of the strong one's units says something of the weak one's."""
    same = weak.settlement == strong.settlement and weak.where == strong.where
    return same or (
        everyone
        and weak.settlement <= strong.settlement
        and (strong.where is None or weak.where == strong.where)
    )


def _implies(strong: Demand, weak: Demand, asked: Fraction, least: Fraction) -> bool:
    """Over the same units: whether the first, met, leaves the second no way to be missed."""
    match strong.reading.formula, weak.reading.formula:
        case (Share() | Band(), Share() | Band()):
            own = _parts(strong.reading)
            return asked >= least and all(
                any(_at_least(part, needed) for part in own) for needed in _parts(weak.reading)
            )
        case (Share() | Band(), Mean(value)):
            floors = [_floor(part, _renamed(value)) for part in _parts(strong.reading)]
            return any(floor is not None and floor * asked >= least for floor in floors)
        case (Mean(value=own), Mean(value=other)) | (Total(value=own), Total(value=other)):
            return _renamed(own) == _renamed(other) and asked >= least
        case (Ratio() as own, Ratio() as other):
            sides = [(_renamed(one.part), _renamed(one.whole)) for one in (own, other)]
            return sides[0] == sides[1] and asked / own.scale >= least / other.scale
    return False


def _parts(reading: Reading) -> list[Expression]:
    """The single demands of which a unit must meet every one."""
    formula = reading.formula
    if isinstance(formula, Band):
        value = formula.value.source
        conditions = [f"{value} >= {formula.floor.source}", f"{value} <= {formula.ceiling.source}"]
        return [parse(condition) for condition in conditions]
    return demands(formula.condition) if isinstance(formula, Share) else []


def _at_least(strong: Expression, weak: Expression) -> bool:
    """Whether a unit that meets the first condition meets the second."""
    if _renamed(strong) == _renamed(weak):
        return True
    ours, theirs = _comparison(strong), _comparison(weak)
    if ours is None or theirs is None or ours.name != theirs.name:
        return False
    if isinstance(theirs.operator, ast.GtE | ast.Gt) and isinstance(
        ours.operator, ast.GtE | ast.Gt | ast.Eq
    ):
        strict = isinstance(theirs.operator, ast.Gt) and not isinstance(ours.operator, ast.Gt)
        return theirs.most is not None and _beyond(ours.least, theirs.most, strict=strict)
    if isinstance(theirs.operator, ast.LtE | ast.Lt) and isinstance(
        ours.operator, ast.LtE | ast.Lt | ast.Eq
    ):
        strict = isinstance(theirs.operator, ast.Lt) and not isinstance(ours.operator, ast.Lt)
        return ours.most is not None and _beyond(theirs.least, ours.most, strict=strict)
    return False


def _beyond(large: Fraction, small: Fraction, *, strict: bool) -> bool:
    return large > small if strict else large >= small


@dataclass(frozen=True)
class _Comparison:
    """A variable against a number, which lies between `least` and `most` whatever the unit."""

    name: str
    operator: ast.cmpop
    least: Fraction
    most: Fraction | None


def _comparison(demand: Expression) -> _Comparison | None:
    tree = parse(_renamed(demand)).tree
    match tree:
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[side]):
            bound = number(parse(ast.unparse(side)), _Anything())
            least = Fraction(int(bound.low), bound.scale)
            most = None if bool(bound.open) else Fraction(int(bound.high), bound.scale)
            counts = {variable.id for variable in schema.variables() if variable.type == "count"}
            if name in counts and least == most:
                return _of_count(name, operator, least)
            return _Comparison(name, operator, least, most)
    return None


def _of_count(name: str, operator: ast.cmpop, number: Fraction) -> _Comparison:
    """The same in whole numbers: more than 2 is at least 3."""
    match operator:
        case ast.Gt():
            operator, whole = ast.GtE(), floor(number) + 1
        case ast.GtE():
            whole = ceil(number)
        case ast.Lt():
            operator, whole = ast.LtE(), ceil(number) - 1
        case ast.LtE():
            whole = floor(number)
        case _:
            return _Comparison(name, operator, number, number)
    return _Comparison(name, operator, Fraction(whole), Fraction(whole))


def _floor(part: Expression, value: str) -> Fraction | None:
    """The least that a unit which meets a condition has of a value; None when it says nothing."""
    found = _comparison(part)
    if found is None or found.name != value:
        return None
    return found.least if isinstance(found.operator, ast.GtE | ast.Gt | ast.Eq) else None


def _renamed(expression: Expression) -> str:
    """The expression with one name for what two documents measure under two."""
    source = ast.unparse(expression.tree)
    for name, same in _SAME_SPACE.items():
        source = re.sub(rf"\b{name}\b", same, source)
    return source


class _Anything:
    """A unit that has said nothing: every number from 0 up is possible."""

    def interval(self, name: str) -> Interval:
        """From 0, without upper limit."""
        return Interval(np.array(0), np.array(0), np.array(True))

    def truth(self, name: str) -> Truth:
        """Neither yes nor no."""
        return Truth(np.array(False), np.array(False))

    def blank(self, name: str) -> Mask:
        """Always."""
        return np.array(True)

    def not_applicable(self, name: str) -> Mask:
        """Never."""
        return np.array(False)
