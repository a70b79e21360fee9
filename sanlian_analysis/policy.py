"""Policies as data: targets with clause, verbatim sentence, dated thresholds and readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.expressions import Expression
from sanlian_analysis.language import say
from sanlian_analysis.schema import KEYS, measured, of_unit

THEMES = {
    "organisations": ("组织", "Organisations"),
    "staff": ("人员", "Staff"),
    "facilities": ("设施", "Facilities"),
    "funds": ("资金", "Funds"),
    "mechanisms": ("机制", "Mechanisms"),
}


@dataclass(frozen=True)
class Share:
    """Units that meet the condition ÷ units in scope."""

    condition: Expression


@dataclass(frozen=True)
class Mean:
    """Σ value ÷ number of units in scope."""

    value: Expression


@dataclass(frozen=True)
class Ratio:
    """Σ part ÷ Σ whole × scale, pooled over the units."""

    part: Expression
    whole: Expression
    scale: int


@dataclass(frozen=True)
class Total:
    """Σ value."""

    value: Expression


@dataclass(frozen=True)
class Band:
    """Units whose value lies between floor and ceiling, both included ÷ units in scope."""

    value: Expression
    floor: Expression
    ceiling: Expression


@dataclass(frozen=True)
class Growth:
    """Units whose value is above their own at the previous snapshot ÷ units in scope."""

    value: Expression


@dataclass(frozen=True)
class Score:
    """Units whose score is at least `at_least` (and below `below`) ÷ units in scope."""

    value: Expression
    at_least: int
    below: int | None


Formula = Share | Mean | Ratio | Total | Band | Growth | Score


def names_of(formula: Formula) -> tuple[str, ...]:
    """Every name that a formula uses."""
    expressions = [part for part in vars(formula).values() if isinstance(part, Expression)]
    return tuple(dict.fromkeys(name for part in expressions for name in part.names))


@dataclass(frozen=True)
class Parameter:
    """A number of the policy that depends on the area, or that places set for themselves.

    `by_area` (code prefix → number) goes before `default`. Without either the
    number is unknown, and at least `at_least`.
    """

    id: str
    name: str
    name_en: str
    unit: str
    default: Fraction | None
    by_area: tuple[tuple[str, Fraction], ...]
    at_least: Expression | None

    @property
    def label(self) -> str:
        """The parameter's name in the language in force."""
        return say(self.name, self.name_en)


@dataclass(frozen=True)
class Milestone:
    """What is asked for by a date; `due` is None for a standing demand."""

    due: dt.date | None
    threshold: Fraction
    clause: str
    sentence: str


@dataclass(frozen=True)
class Reading:
    """One way to calculate a target; the first of a target is called `primary`."""

    id: str
    name: str
    name_en: str
    settlement: frozenset[str]
    where: Expression | None
    nonzero: Expression | None
    measure: str
    formula: Formula
    threshold: Fraction | None
    since: dt.date | None
    standards: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that the reading uses, for scope and formula."""
        scope = [part for part in (self.where, self.nonzero) if part is not None]
        return (*names_of(self.formula), *(name for part in scope for name in part.names))

    @property
    def label(self) -> str:
        """The reading's name in the language in force."""
        return say(self.name, self.name_en)

    def applies_from(self, milestone: Milestone | None) -> bool:
        """Whether the reading has rows while a milestone is in force."""
        if self.since is None or milestone is None or milestone.due is None:
            return True
        return milestone.due >= self.since


@dataclass(frozen=True)
class Target:
    """One demand of a policy, with every reading that its wording supports.

    `encouraged`: a level that the document would like to see beyond what it asks
    for; it is told beside the figure and decides nothing.
    """

    id: str
    name: str
    name_en: str
    theme: str
    unit: str
    level: str
    milestones: tuple[Milestone, ...]
    clause: str
    sentence: str
    note: str
    note_en: str
    readings: tuple[Reading, ...]
    encouraged: Fraction | None = None

    @property
    def label(self) -> str:
        """The target's name in the language in force."""
        return say(self.name, self.name_en)

    @property
    def measure(self) -> str:
        """The measure of the primary reading."""
        return self.readings[0].measure

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that any reading of the target uses."""
        return tuple(dict.fromkeys(name for reading in self.readings for name in reading.names))

    def milestone(self, date: dt.date) -> Milestone | None:
        """The milestone in force at a snapshot: the first one not yet past, else the last.

        None for a vague target.
        """
        for milestone in self.milestones:
            if milestone.due is None or date <= milestone.due:
                return milestone
        return self.milestones[-1] if self.milestones else None


@dataclass(frozen=True)
class Exemption:
    """A sentence with a number that is the source of no target, and the reason why not."""

    clause: str
    sentence: str
    reason: str
    reason_en: str


@dataclass(frozen=True)
class Policy:
    """A document: where it holds, and what it asks for."""

    id: str
    title: str
    title_en: str
    short: str
    short_en: str
    number: str
    issuer: str
    issuer_en: str
    issued: dt.date
    area_code: str
    area_name: str
    excluded: tuple[str, ...]
    note: str
    note_en: str
    parameters: tuple[Parameter, ...]
    targets: tuple[Target, ...]
    exemptions: tuple[Exemption, ...]
    sha256: str

    @property
    def label(self) -> str:
        """The short name for charts, in the language in force."""
        return say(self.short, self.short_en)

    def target(self, id_: str) -> Target:
        """The target with that id; KeyError when there is none."""
        for target in self.targets:
            if target.id == id_:
                return target
        raise KeyError(id_)

    @property
    def cited(self) -> list[tuple[str, str]]:
        """Every sentence that the policy cites, with the id of its target or `exception`."""
        sentences = [
            (target.id, sentence)
            for target in self.targets
            for sentence in (target.sentence, *(m.sentence for m in target.milestones))
        ]
        sentences += [("exception", exemption.sentence) for exemption in self.exemptions]
        return list(dict.fromkeys(sentences))

    def governs(self, area_codes: pd.Series) -> npt.NDArray[np.bool_]:
        """Which areas lie inside the area that the document binds."""
        inside = area_codes.str.startswith(self.area_code)
        for code in self.excluded:
            inside &= ~area_codes.str.startswith(code)
        return inside.to_numpy(dtype=bool)


def variables_needed(policy: Policy) -> dict[str, list[str]]:
    """The ledger's variables that any reading of any target uses: sheet → ids, in ledger order."""
    needed = {
        found
        for target in policy.targets
        for reading in target.readings
        for found in variables_of(reading, target.unit)
    }
    return {
        sheet: [id_ for id_ in measured(sheet) if (sheet, id_) in needed]
        for sheet in KEYS
        if any(there == sheet for there, _ in needed)
    }


def variables_of(reading: Reading, unit: str) -> list[tuple[str, str]]:
    """The ledger's variables that a reading uses, as (sheet, id)."""
    return [found for name in reading.names for found in _variable(name, unit)]


def _variable(name: str, unit: str) -> list[tuple[str, str]]:
    """Sheet and id behind a name of an expression; none for a parameter."""
    if name.startswith("county."):
        unit, name = "county", name.removeprefix("county.")
    elif name.endswith(")"):
        unit, name = "community", name[name.index("(") + 1 : -1]
    variable = of_unit(unit).get(name)
    return [(variable.sheet, variable.id)] if variable else []
