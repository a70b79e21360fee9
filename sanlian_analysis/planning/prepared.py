"""One reading of one target at one snapshot: found, worked out, and asked for exact figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from sanlian_analysis.assumptions import Assumptions, assume
from sanlian_analysis.calculation import Assessment, Situation, assess, figures
from sanlian_analysis.codes import level_of
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import situation_at, snapshots, threshold_of
from sanlian_analysis.language import did_you_mean, listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.measures import Areas, Figures, Quotient
from sanlian_analysis.policy import Mean, Milestone, Policy, Ratio, Reading, Target, Total
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.schema import of_unit
from sanlian_analysis.snapshot import area_names

#: The sides of a figure: what it is at least, what the known units say, what it is at most.
BASES = ("lower", "value", "upper")


@dataclass(frozen=True)
class Asked:
    """Which demand is asked about: a reading of a target, with the user's own numbers."""

    assumed: Assumptions
    target: Target
    reading: Reading

    @classmethod
    def of(
        cls,
        policy: Policy | str | Path,
        target: str,
        reading: str = "primary",
        assumptions: Iterable[str] = (),
    ) -> Asked:
        """The demand by the ids of its target and reading.

        Raises SanlianError for a policy, target or reading that does not exist.
        """
        document = load_policy(policy)
        assumed = assume(document, tuple(assumptions))
        targets = {one.id: one for one in assumed.policy.targets}
        if target not in targets:
            raise _unknown(document.id, say("目标", "target"), target, targets)
        readings = {one.id: one for one in targets[target].readings}
        if reading not in readings:
            where = f"{document.id} {target}"
            raise _unknown(where, say("读法", "reading"), reading, readings)
        return cls(assumed, targets[target], readings[reading])

    @property
    def policy(self) -> Policy:
        """The policy, with the parameters that the user supplied."""
        return self.assumed.policy

    def milestone(self, date: dt.date, due: dt.date | str | None = None) -> Milestone | None:
        """The milestone in force at a date (rule 8), or the one that is due on `due`.

        Raises SanlianError when nothing is due on that day.
        """
        if due is None:
            return self.target.milestone(date)
        for one in self.target.milestones:
            if one.due is not None and one.due.isoformat() == str(due):
                return one
        there = listed(str(one.due) for one in self.target.milestones if one.due is not None)
        there = there or say("无", "none")
        raise SanlianError(
            say(
                f"{self.policy.id} {self.target.id}：没有 {due} 到期的要求；到期日有：{there}",
                f"{self.policy.id} {self.target.id}: nothing is due on {due}; due dates: {there}",
            )
        )

    def threshold(self, milestone: Milestone | None) -> Fraction | None:
        """What the reading is held against; None for a vague target without an assumption."""
        return threshold_of(self.target, self.reading, milestone, self.assumed)

    @property
    def most(self) -> Fraction | None:
        """The most that a figure can be: 100 % of a share, and of a part of a whole."""
        formula = self.reading.formula
        if isinstance(formula, Mean | Total):
            return None
        if not isinstance(formula, Ratio):
            return Fraction(1)
        part = of_unit(self.target.unit).get(formula.part.source.strip())
        bounded = part is not None and part.at_most == formula.whole.source.strip()
        return Fraction(formula.scale) if bounded else None

    def refuse_before_its_time(self, date: dt.date) -> None:
        """Raise SanlianError where the reading has no row at a date."""
        if not self.reading.applies_from(self.target.milestone(date)):
            what = f"{self.policy.id} {self.target.id} {self.reading.id}"
            raise SanlianError(
                say(
                    f"{what}：这一读法自 {self.reading.since} 到期的要求起才有，{date} 还没有",
                    f"{what}: this reading begins with what is due on {self.reading.since}; "
                    f"there is none at {date}",
                )
            )


def _unknown(where: str, kind: str, id_: str, there: Iterable[str]) -> SanlianError:
    known = [*there]
    return SanlianError(
        say(
            f"{where}：没有{kind} {id_!r}{did_you_mean(id_, known) or '；有：' + listed(known)}",
            f"{where}: no {kind} {id_!r}{did_you_mean(id_, known) or '; there are: ' + listed(known)}",
        )
    )


@dataclass(frozen=True, eq=False)
class Prepared:
    """A demand at one snapshot of a ledger: every unit assessed, the figures of every area."""

    ledger: Ledger
    asked: Asked
    situation: Situation
    assessed: Assessment
    figures: Mapping[str, Figures]

    @property
    def date(self) -> dt.date:
        """The snapshot."""
        return self.situation.date

    @property
    def areas(self) -> Mapping[str, Areas]:
        """The areas of every level at which the target's units exist."""
        return self.assessed.units.areas

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of all areas by code."""
        return area_names(self.ledger)

    def place(self, area: str) -> tuple[str, int]:
        """Level and position of an area.

        Raises SanlianError for a code that is none of them.
        """
        level = level_of(area) or ""
        there = self.areas[level].codes.tolist() if level in self.areas else []
        if area not in there:
            every = [code for areas in self.areas.values() for code in areas.codes]
            hint = did_you_mean(area, every)
            raise SanlianError(
                say(
                    f"{self.ledger.path}：{self.date} 没有地区 {area!r}{hint}",
                    f"{self.ledger.path}: no area {area!r} at {self.date}{hint}",
                )
            )
        return level, there.index(area)


def prepare(ledger: Ledger, asked: Asked, date: dt.date | str | None) -> Prepared:
    """A demand at a snapshot of a ledger; the latest one for None.

    Raises SanlianError for a date that is no snapshot, and where the reading has no row yet.
    """
    day = snapshots(ledger, date)[-1]
    asked.refuse_before_its_time(day)
    return prepared_at(ledger, asked, day)


def prepared_at(ledger: Ledger, asked: Asked, day: dt.date) -> Prepared:
    """The same for a date that is known to be a snapshot."""
    situation = situation_at(ledger, asked.policy, day)
    assessed = assess(situation, asked.target, asked.reading)
    return Prepared(ledger, asked, situation, assessed, figures(assessed))


def exact(quotient: Quotient, applicable: Iterable[bool]) -> list[Fraction | None]:
    """The exact figure of every area; None where there is none."""
    return [
        Fraction(int(above) * quotient.over, int(below) * quotient.under)
        if there and counts
        else None
        for above, below, there, counts in zip(
            quotient.above, quotient.below, quotient.defined, applicable, strict=True
        )
    ]


def at_least(figure: Fraction | None, threshold: Fraction) -> bool:
    """Whether a figure is there and reaches a threshold."""
    return figure is not None and figure >= threshold


def below(figure: Fraction | None, threshold: Fraction) -> bool:
    """Whether a figure is there and stays below a threshold."""
    return figure is not None and figure < threshold
