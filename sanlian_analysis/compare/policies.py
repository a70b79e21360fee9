"""One ledger under several documents: who asks more, where verdicts part, how ranks move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.compare.demands import Demand, all_demands, comparable_pairs
from sanlian_analysis.compare.judged import Judged, by_policy, judged, main_of, number_met
from sanlian_analysis.compare.policy_tables import (
    demand_table,
    left_out_table,
    stricter_table,
    verdict_table,
)
from sanlian_analysis.compare.ranking import Ranking, moves, rank_table, stability
from sanlian_analysis.coverage import gaps
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.language import listed, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import POLICY_IDS, load_policy
from sanlian_analysis.snapshot import area_names

#: Rankings that every document gives, beside those of one variable.
BY_MET, BY_MAIN = "met", "main"


@dataclass(frozen=True)
class PolicyComparison:
    """One ledger under several documents at one date; every table in full.

    Fractions are exact; shares and ratios are fractions, other figures in the
    target's unit. A "first" and an "other" document stand in the order given.
    `simulated`: whether the ledger was.

    `policies`: one row per document: `policy`, `title`, `targets`, `answered` by
    the ledger, `applies` (any is answered), `main` (the target behind the ranking
    `main`; "" for none).

    `demands`: one row per target on whose variable another document too asks
    something of the same units: `variable` (the first that the formula names;
    活动场所面积 and 综合服务设施面积 are one), `unit`, `settlement`, `theme`,
    `policy`, `target`, `measure`, `calculation`, `threshold` and `due` of the
    last milestone, `threshold_now` (in force at the date; both None for vague
    targets), `level`, `clause`, `answered`.

    `stricter`: one row per pair of such targets: `asks_more` (`first`, `second`,
    `equal`, `neither`) and why, by the wording alone, deadlines aside: one asks
    at least as much when whoever meets it, in every area of its level, meets the
    other whatever the figures. Then the ledger's own units in both scopes, by
    which they pass: `both`, `only_first`, `only_second`, `neither`, `open`
    (unknown to either); empty unless both ask every unit and are answered.

    `verdicts`: one row per answered pair and area of the level where both apply
    and set a number: both verdicts and `agreement`: `agree`, `disagree` (one
    met, one missed), `open` (either undetermined).

    `ranks`: the areas by each document, highest first: `criterion` is `met` (how
    many of the document's answered demands with a number the area surely meets),
    `main` (the value of its main target: the first answered one with a number on
    communities, else the first with a number), or a variable with its
    settlement, where several documents rank by it; `figure` (exact), `rank` (1
    is highest; tied areas share the mean of their places), `ranked` (how many).
    Areas without a known value have no rank.

    `stability`: per criterion and pair of documents, Kendall's τ_b over the
    `areas` that both rank (`left_out`: those that only one does); pairs of areas
    `concordant`, `discordant`, tied in the first (`ties`) and in the other
    (`other_ties`), both whole; `tau_b` from −1 to 1, NaN where one ties all.

    `moves`: per criterion and area that all its documents rank, those aside that
    tie everything: `rank_best` and `rank_worst` among these areas, by which
    document, and `move` between them in places; most first.

    `not_comparable`: targets left out, `kind` and `reason`: `missing` (a column
    or settlement type that the ledger lacks), `vague` (sets no number), `alone`
    (no other document asks anything of that variable), `scope` (another one
    does, but of other units). `alone` and `scope` are still counted in `met`.
    """

    date: dt.date
    level: str
    simulated: bool
    policies: pd.DataFrame
    demands: pd.DataFrame
    stricter: pd.DataFrame
    verdicts: pd.DataFrame
    ranks: pd.DataFrame
    stability: pd.DataFrame
    moves: pd.DataFrame
    not_comparable: pd.DataFrame


def compare_policies(
    ledger: Ledger,
    policies: Iterable[Policy | str | Path] | None = None,
    date: dt.date | str | None = None,
    *,
    level: str = "county",
    area: str = "",
) -> PolicyComparison:
    """Hold one ledger against several documents, as if each bound everywhere.

    `policies`: policies, ids or paths; all built-in documents of which the
    ledger answers any target, when left out. `date`: a snapshot, the last one
    when left out. `level`: the areas that are compared (`street` to `province`),
    those whose codes begin with `area`. Primary readings alone; verdicts use
    the milestone in force at the date. No document but its own binds an area: the
    comparison tells what the documents ask, not what the area owes.

    Raises SanlianError for fewer than two documents, the same one twice, a date
    that is no snapshot, another level, and an area without units.
    """
    chosen, unanswered = _chosen(ledger, policies)
    [day] = snapshots(ledger, date if date is not None else ledger.dates[-1])
    if level not in LEVELS:
        raise SanlianError(
            say(
                f"没有层级 {level!r}；可用：{listed(LEVELS)}",
                f"no level {level!r}; use one of {listed(LEVELS)}",
            )
        )
    every = all_demands(chosen)
    answered = [one for one in every if one.key not in unanswered]
    found = judged(ledger, chosen, answered, day, level, area)
    if answered and not any(one.verdict for one in found):
        raise SanlianError(
            say(
                f"{day} 没有代码以 {area!r} 开头的 {level} 级地区；请核对地区代码",
                f"no area of level {level} whose code begins with {area!r} at {day}; check the code",
            )
        )
    names = area_names(ledger)
    pairs = comparable_pairs(every)
    rankings = _rankings(found, pairs)
    return PolicyComparison(
        date=day,
        level=level,
        simulated=ledger.simulated,
        policies=_policies(chosen, every, answered, found),
        demands=demand_table(pairs, every, answered, day),
        stricter=stricter_table(pairs, found, area),
        verdicts=verdict_table(pairs, found, names),
        ranks=rank_table(rankings, names),
        stability=stability(rankings),
        moves=moves(rankings, names),
        not_comparable=left_out_table(every, pairs, unanswered),
    )


def _chosen(
    ledger: Ledger, given: Iterable[Policy | str | Path] | None
) -> tuple[list[Policy], dict[tuple[str, str], str]]:
    """The documents, and why which of their targets cannot be answered."""
    wanted = POLICY_IDS if given is None else given
    every = [load_policy(one) for one in wanted]
    ids = [policy.id for policy in every]
    if len(set(ids)) < max(2, len(ids)):
        raise SanlianError(
            say(
                f"比较政策需要至少两份不同的文件；给出的是：{listed(ids)}",
                f"a comparison needs at least two different documents; given: {listed(ids)}",
            )
        )
    open_ = {policy.id: gaps(ledger, policy) for policy in every}
    if given is None:
        every = [policy for policy in every if len(open_[policy.id]) < len(policy.targets)]
    return every, {
        (gap.policy, gap.target): gap.reason for policy in every for gap in open_[policy.id]
    }


def _rankings(found: Sequence[Judged], pairs: Sequence[tuple[Demand, Demand]]) -> list[Ranking]:
    """By number met and by main target, document by document; then by every shared variable."""
    rankings = []
    for policy, several in by_policy(found).items():
        if met := number_met(several):
            rankings.append(Ranking(BY_MET, policy, "", dict(met)))
        if main := main_of(several):
            rankings.append(Ranking(BY_MAIN, policy, main.demand.target.id, dict(main.value)))
    shared = {one.key for pair in pairs for one in pair}
    by_variable: dict[str, list[Judged]] = {}
    for one in found:
        if one.demand.key in shared and one.threshold is not None and one.value:
            criterion = f"{one.demand.variable}/{one.demand.settlement}"
            by_variable.setdefault(criterion, []).append(one)
    for criterion, several in sorted(by_variable.items()):
        if len(by_policy(several)) > 1:
            rankings += [
                Ranking(criterion, one.demand.policy.id, one.demand.target.id, dict(one.value))
                for one in several
            ]
    order = {criterion: at for at, criterion in enumerate((BY_MET, BY_MAIN))}
    return sorted(rankings, key=lambda one: order.get(one.criterion, len(order)))


def _policies(
    chosen: Sequence[Policy],
    every: Sequence[Demand],
    answered: Sequence[Demand],
    found: Sequence[Judged],
) -> pd.DataFrame:
    mains = {policy: main_of(several) for policy, several in by_policy(found).items()}
    rows = []
    for policy in chosen:
        here = sum(one.policy.id == policy.id for one in answered)
        main = mains.get(policy.id)
        rows.append(
            {
                "policy": policy.id,
                "title": say(policy.title, policy.title_en),
                "targets": sum(one.policy.id == policy.id for one in every),
                "answered": here,
                "applies": here > 0,
                "main": main.demand.target.id if main else "",
            }
        )
    columns = ["policy", "title", "targets", "answered", "applies", "main"]
    return pd.DataFrame(rows, columns=columns)
