"""What there is to choose from: policies, cities, counties, snapshots, targets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from sanlian_analysis import tables
from sanlian_analysis.briefing import Evaluated
from sanlian_analysis.coverage import gaps
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import POLICY_IDS, load_policy
from sanlian_analysis.snapshot import area_names, take_snapshot

#: A choice as widgets take it: what is shown, and what it stands for.
Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """A ledger with all that can be asked of it; every policy is evaluated once.

    `policy`: a policy, or its id or path, that is offered even if it is not built in.
    """

    ledger: Ledger
    policy: Policy
    assumptions: tuple[str, ...] = ()
    _evaluated: dict[str, Evaluated] = field(default_factory=dict, repr=False)

    @cached_property
    def documents(self) -> dict[str, Policy]:
        """The policies of which the ledger answers anything, by id; the given one first."""
        every = [self.policy, *(load_policy(id_) for id_ in POLICY_IDS if id_ != self.policy.id)]
        return {one.id: one for one in every if one is self.policy or self.answered(one)}

    def answered(self, policy: Policy) -> list[str]:
        """The ids of the targets that the ledger can answer."""
        missing = {gap.target for gap in gaps(self.ledger, policy)}
        return [target.id for target in policy.targets if target.id not in missing]

    @property
    def policies(self) -> Options:
        """The documents to choose from."""
        return [(one.label, id_) for id_, one in self.documents.items()]

    @cached_property
    def _names(self) -> dict[str, str]:
        return area_names(self.ledger)

    @cached_property
    def _counties(self) -> list[str]:
        units = take_snapshot(self.ledger, self.ledger.dates[-1]).communities
        return sorted(set(units["code"].str[:6]))

    def called(self, area: str) -> str:
        """An area's name, or its code where it has none."""
        return self._names.get(area) or area or say("全域", "All areas")

    @property
    def cities(self) -> Options:
        """The cities, by code."""
        codes = sorted({county[:4] for county in self._counties})
        return [(f"{self.called(code)} {code}", code) for code in codes]

    def areas(self, city: str) -> Options:
        """A city as a whole, and its counties."""
        counties = [code for code in self._counties if code.startswith(city)]
        whole = say(f"{self.called(city)}（全市）", f"{self.called(city)} (all of it)")
        return [(whole, city), *((f"{self.called(code)} {code}", code) for code in counties)]

    @property
    def dates(self) -> Options:
        """The snapshots, the latest first."""
        return [(day.isoformat(), day.isoformat()) for day in reversed(self.ledger.dates)]

    def targets(self, policy: str) -> Options:
        """The targets of a policy that the ledger can answer."""
        document = self.documents[policy]
        there = set(self.answered(document))
        return [(one.label, one.id) for one in document.targets if one.id in there]

    def found(self, policy: str) -> Evaluated:
        """The ledger under a policy, evaluated when it is first asked for."""
        if policy not in self._evaluated:
            assumed = self.assumptions if policy == self.policy.id else ()
            self._evaluated[policy] = Evaluated(self.ledger, self.documents[policy], assumed)
        return self._evaluated[policy]


@dataclass(frozen=True)
class Place:
    """Where a panel starts: an area that exists, at a snapshot."""

    city: str
    area: str
    date: dt.date


def choices_of(
    ledger: Ledger, policy: Policy | str | None, assumptions: Iterable[str] = ()
) -> Choices:
    """The choices of a ledger; the first document that governs any of its units by default.

    Raises SanlianError for an unknown policy, and where no built-in one is answered.
    """
    given = tuple(assumptions)
    if policy is not None:
        return Choices(ledger, load_policy(policy), given)
    units = take_snapshot(ledger, ledger.dates[-1]).communities["code"]
    every = [load_policy(id_) for id_ in POLICY_IDS]
    answered = [one for one in every if len(gaps(ledger, one)) < len(one.targets)]
    if not answered:
        raise SanlianError(
            say(
                f"{ledger.path}：没有一份内置政策能用这份台账评价；可给出自己的政策文件",
                f"{ledger.path}: none of the built-in policies can be evaluated with this "
                "ledger; give a policy file of your own",
            )
        )
    governing = [one for one in answered if one.governs(units).any()]
    return Choices(ledger, (governing or answered)[0], given)


def place_of(choices: Choices, area: str, date: dt.date | str | None) -> Place:
    """The place to start at: the area given, or the first county; the latest snapshot.

    Raises SanlianError for an area or date that the ledger does not have.
    """
    day = snapshots(choices.ledger, date)[-1]
    cities = [code for _, code in choices.cities]
    chosen = area or choices.areas(cities[0])[1][1]
    city = chosen[:4]
    there = [code for _, code in choices.areas(city)] if city in cities else []
    if chosen not in there:
        known = listed(code for one in cities[:1] for _, code in choices.areas(one))
        raise SanlianError(
            say(
                f"没有市或区县 {area!r}；请给 4 位或 6 位代码，例如 {known}",
                f"no city or county {area!r}; give a code of 4 or 6 digits, such as {known}",
            )
        )
    return Place(city, chosen, day)


def first_target(choices: Choices, policy: str, target: str) -> str:
    """The target given, or the first main one that the ledger answers.

    Raises SanlianError for one that it does not.
    """
    there = [id_ for _, id_ in choices.targets(policy)]
    main = [id_ for id_ in tables.key_targets(choices.documents[policy]) if id_ in there]
    chosen = target or next(iter([*main, *there]), "")
    if chosen not in there:
        raise SanlianError(
            say(
                f"{policy}：台账不能回答目标 {target!r}；能回答的有：{listed(there)}",
                f"{policy}: the ledger answers no target {target!r}; it answers {listed(there)}",
            )
        )
    return chosen
