"""Charts of results: one statement each, ready for a projector, a page or a notebook.

Every function takes a table and returns a `Chart`: a matplotlib figure with a
file name, an alternative text, `png()` and `svg()`. Notebooks show it by itself.

- `milestone_steps`: one area over time, against the staircase of milestones
- `ranked_areas`: all areas of a level in order, with bounds and threshold
- `verdict_matrix`: which area meets which demand
- `shortfall_bars`: units still missing, area by area
- `distribution`: how a count is distributed over communities and villages
- `staffing`: staff against households, between floor and ceiling
- `organisations` and `staff_bands`: the last two with the standards of a policy's own targets
- `organisations`, `staff_bands`: the two above, with the limits that a policy sets
- `completeness`: how completely the variables of a ledger are filled in

`simulated=True` marks a chart as drawn from simulated data.
"""

from sanlian_analysis.charts.completeness import completeness
from sanlian_analysis.charts.distribution import distribution
from sanlian_analysis.charts.figure import Chart
from sanlian_analysis.charts.matrix import verdict_matrix
from sanlian_analysis.charts.milestones import milestone_steps
from sanlian_analysis.charts.ranking import ranked_areas
from sanlian_analysis.charts.shortfall import shortfall_bars
from sanlian_analysis.charts.staffing import staffing
from sanlian_analysis.charts.standards import organisations, staff_bands

__all__ = [
    "Chart",
    "completeness",
    "distribution",
    "milestone_steps",
    "organisations",
    "ranked_areas",
    "shortfall_bars",
    "staff_bands",
    "staffing",
    "verdict_matrix",
]
