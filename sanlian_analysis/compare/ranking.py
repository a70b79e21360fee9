"""Rankings of areas: places with ties, how far two rankings agree, and who moves most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say

#: What stands at a place of a ranking; None has no place.
Number = Fraction | int | float

RANK_COLUMNS = [
    *("criterion", "policy", "target", "area_code", "area", "figure", "rank", "ranked"),
]
STABILITY_COLUMNS = [
    *("criterion", "policy", "target", "other_policy", "other_target", "areas", "left_out"),
    *("concordant", "discordant", "ties", "other_ties", "tau_b"),
]
MOVE_COLUMNS = [
    *("criterion", "area_code", "area", "rank_best", "policy_best"),
    *("rank_worst", "policy_worst", "move", "ranked"),
]


@dataclass(frozen=True)
class Agreement:
    """How two rankings of the same things agree, pair by pair; whole numbers but for `tau_b`.

    `pairs` of things, of which `concordant` stand in the same order in both and
    `discordant` in opposite orders; `ties` and `other_ties` are tied in the
    first and in the second ranking, pairs tied in both among them. `tau_b`: from
    −1 to 1; NaN where a ranking ties everything.
    """

    pairs: int
    concordant: int
    discordant: int
    ties: int
    other_ties: int

    @property
    def tau_b(self) -> float:
        """(concordant − discordant) ÷ √((pairs − ties) (pairs − other ties))."""
        untied = (self.pairs - self.ties) * (self.pairs - self.other_ties)
        return (self.concordant - self.discordant) / sqrt(untied) if untied else float("nan")


def kendall_tau_b(first: Sequence[Number], second: Sequence[Number]) -> Agreement:
    """Kendall's rank correlation of two rankings, with ties.

    Numbers are compared as they are (Fractions exactly), so that a tie is a tie
    and nothing near it is one; only the last quotient is rounded. τ_b = (C − D) ÷
    √((n₀ − n₁)(n₀ − n₂)) with n₀ = n(n−1)/2 pairs, of which n₁ and n₂ are tied
    in either ranking. Source: Kendall, M. G. (1945) "The treatment of ties in
    ranking problems", Biometrika 33(3), 239–251.

    Raises SanlianError when the lengths differ.

    >>> kendall_tau_b([1, 2, 3], [1, 3, 2])
    Agreement(pairs=3, concordant=2, discordant=1, ties=0, other_ties=0)
    >>> round(kendall_tau_b([1, 1, 2], [1, 2, 3]).tau_b, 4)
    0.8165
    """
    if len(first) != len(second):
        raise SanlianError(
            say(
                f"两个排名长度不同（{len(first)} 和 {len(second)}），无法比较",
                f"two rankings of different lengths ({len(first)}, {len(second)}) do not compare",
            )
        )
    one, other = _dense(first), _dense(second)
    size = len(one)
    concordant = discordant = 0
    for at in range(size - 1):
        product = np.sign(one[at + 1 :] - one[at]) * np.sign(other[at + 1 :] - other[at])
        concordant += int((product > 0).sum())
        discordant += int((product < 0).sum())
    pairs = size * (size - 1) // 2
    return Agreement(pairs, concordant, discordant, _tied_pairs(one), _tied_pairs(other))


def _dense(numbers: Sequence[Number]) -> npt.NDArray[np.int64]:
    """The place of each number among the distinct ones, ascending."""
    places = {number: place for place, number in enumerate(sorted(set(numbers)))}
    return np.array([places[number] for number in numbers], dtype=np.int64)


def _tied_pairs(places: npt.NDArray[np.int64]) -> int:
    return sum(int(many) * (int(many) - 1) // 2 for many in np.bincount(places))


def mid_ranks(numbers: Sequence[Number]) -> list[float]:
    """Places from the highest number down; those that are tied share the mean of theirs.

    A mean of places is a whole or a half, which a float holds exactly.

    >>> mid_ranks([10, 30, 30, 20])
    [4.0, 1.5, 1.5, 3.0]
    """
    places = _dense(numbers)
    counts = np.bincount(places)
    above = counts[::-1].cumsum()[::-1] - counts
    ranks = above + (counts + 1) / 2
    return [float(rank) for rank in ranks[places]]


@dataclass(frozen=True)
class Ranking:
    """What one document makes of the areas: a figure per area code, the highest first.

    `target` is "" where the ranking is by the number of targets met.
    """

    criterion: str
    policy: str
    target: str
    figures: dict[str, Number]


def rank_table(rankings: Iterable[Ranking], names: dict[str, str]) -> pd.DataFrame:
    """Every ranking in full, with `RANK_COLUMNS`: see `PolicyComparison.ranks`."""
    rows: list[dict[str, Any]] = []
    for one in rankings:
        ranks = mid_ranks([*one.figures.values()])
        rows += [
            {"criterion": one.criterion, "policy": one.policy, "target": one.target}
            | {"area_code": code, "area": names.get(code), "figure": figure}
            | {"rank": rank, "ranked": len(ranks)}
            for (code, figure), rank in zip(one.figures.items(), ranks, strict=True)
        ]
    table = pd.DataFrame(rows, columns=RANK_COLUMNS)
    return table.astype({"figure": object})


def stability(rankings: Iterable[Ranking]) -> pd.DataFrame:
    """How far the rankings of two documents agree, with `STABILITY_COLUMNS`.

    One row per criterion and pair of documents, over the areas that both rank.
    """
    rows: list[dict[str, Any]] = []
    for one, other in _pairs(rankings):
        common = [code for code in one.figures if code in other.figures]
        found = kendall_tau_b(
            [one.figures[code] for code in common], [other.figures[code] for code in common]
        )
        rows.append(
            {"criterion": one.criterion, "policy": one.policy, "target": one.target}
            | {"other_policy": other.policy, "other_target": other.target}
            | {"areas": len(common), "left_out": len({*one.figures} ^ {*other.figures})}
            | {"concordant": found.concordant, "discordant": found.discordant}
            | {"ties": found.ties, "other_ties": found.other_ties, "tau_b": found.tau_b}
        )
    return pd.DataFrame(rows, columns=STABILITY_COLUMNS)


def _pairs(rankings: Iterable[Ranking]) -> list[tuple[Ranking, Ranking]]:
    return [
        (one, other)
        for one, other in combinations(rankings, 2)
        if one.criterion == other.criterion and one.policy != other.policy
    ]


def moves(rankings: Iterable[Ranking], names: dict[str, str]) -> pd.DataFrame:
    """How far each area's place depends on the document, with `MOVE_COLUMNS`.

    One row per criterion and area that all its documents rank, among these areas
    alone; those that move most come first. A ranking that ties everything moves
    nobody and is left aside.
    """
    by_criterion: dict[str, list[Ranking]] = {}
    for one in rankings:
        if len(set(one.figures.values())) > 1:
            by_criterion.setdefault(one.criterion, []).append(one)
    rows: list[dict[str, Any]] = []
    for criterion, several in by_criterion.items():
        if len({one.policy for one in several}) < 2:
            continue
        common = [code for code in several[0].figures if all(code in o.figures for o in several)]
        places = [mid_ranks([one.figures[code] for code in common]) for one in several]
        found = [
            {"criterion": criterion, "area_code": code, "area": names.get(code)}
            | _extremes([ranks[at] for ranks in places], several)
            | {"ranked": len(common)}
            for at, code in enumerate(common)
        ]
        rows += sorted(found, key=lambda row: (-row["move"], row["area_code"]))
    return pd.DataFrame(rows, columns=MOVE_COLUMNS)


def _extremes(ranks: list[float], several: list[Ranking]) -> dict[str, Any]:
    best, worst = min(ranks), max(ranks)
    return {
        "rank_best": best,
        "policy_best": several[ranks.index(best)].policy,
        "rank_worst": worst,
        "policy_worst": several[ranks.index(worst)].policy,
        "move": worst - best,
    }
