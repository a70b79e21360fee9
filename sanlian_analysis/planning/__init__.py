"""What would it take: pace, least effort, supposed changes, and what a verdict rests on.

`pace` compares what is needed per month with what was achieved, `least_effort`
finds the fewest additions that reach a milestone, `what_if` changes figures and
compares the results, `sensitivity` and `bars_of` move thresholds and bars. All
of them count in whole numbers and fractions, and round nothing.
"""

from sanlian_analysis.planning.bars import Bars, bars_of
from sanlian_analysis.planning.changes import ChangeRule
from sanlian_analysis.planning.effort import LeastEffort, least_effort
from sanlian_analysis.planning.months import months_between
from sanlian_analysis.planning.pacing import OUTLOOKS, pace
from sanlian_analysis.planning.sensitive import Sensitivity, sensitivity
from sanlian_analysis.planning.supposed import WhatIf, what_if

__all__ = [
    "OUTLOOKS",
    "Bars",
    "ChangeRule",
    "LeastEffort",
    "Sensitivity",
    "WhatIf",
    "bars_of",
    "least_effort",
    "months_between",
    "pace",
    "sensitivity",
    "what_if",
]
