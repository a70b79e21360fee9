"""Comparisons: two dates of a ledger, the parts of an area, and documents with one another.

- `match_units`: which village or community of one date is which of another
- `decompose`: why a share, ratio or mean changed, exactly adding up
- `spread`, `spread_parts`, `lorenz`: how unequally a number is distributed
- `compare_policies`: one ledger under several documents
- `kendall_tau_b`: how far two rankings agree, ties handled exactly

All are plain functions whose tables hold what was computed; rounding is left to
whoever shows them.
"""

from sanlian_analysis.compare.decomposition import Decomposition, decompose
from sanlian_analysis.compare.matching import match_units
from sanlian_analysis.compare.policies import PolicyComparison, compare_policies
from sanlian_analysis.compare.ranking import Agreement, kendall_tau_b
from sanlian_analysis.compare.spread import lorenz, spread, spread_parts

__all__ = [
    "Agreement",
    "Decomposition",
    "PolicyComparison",
    "compare_policies",
    "decompose",
    "kendall_tau_b",
    "lorenz",
    "match_units",
    "spread",
    "spread_parts",
]
