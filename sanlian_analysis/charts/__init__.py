"""Charts of results: one statement each, ready for a projector, a page or a notebook.

Every function takes a table and returns a `Chart`: a matplotlib figure with a
file name, an alternative text, `png()` and `svg()`. Notebooks show it by itself.

- `milestone_steps`: one area over time, against the staircase of milestones
- `ranked_areas`: all areas of a level in order, with bounds and threshold; many of them by city
- `verdict_matrix`: which area meets which demand
- `shortfall_bars`: units still missing, area by area, and how few would be enough
- `distribution`: how a count is distributed over communities and villages
- `lorenz_curve`: how unequally a variable is spread over them
- `staffing`: staff against households, between floor and ceiling
- `organisations`, `inequality`, `staff_bands`: the three above, as a policy sets limits for them
- `ratio_bars`: a ratio area by area, with numerator and denominator
- `threshold_curve`: how the share depends on the bar, with every document's bar
- `bar_curve`: one target's share at every supposed bar
- `effort_curve`: coverage against additions, the cheapest units first
- `change`: areas between two snapshots
- `score_profile`: items and total of a score as shares of their maximum, with each title's line
- `tile_map`: counties as equal tiles, roughly where they lie
- `completeness`: how completely the variables of a ledger are filled in
- `reporting`: units with a row against the units of the frame, area by area

`simulated=True` marks a chart as drawn from simulated data.
"""

from sanlian_analysis.charts.bars import bar_curve
from sanlian_analysis.charts.change import change
from sanlian_analysis.charts.completeness import completeness
from sanlian_analysis.charts.distribution import distribution
from sanlian_analysis.charts.effort import effort_curve
from sanlian_analysis.charts.figure import Chart
from sanlian_analysis.charts.lorenz import lorenz_curve
from sanlian_analysis.charts.matrix import verdict_matrix
from sanlian_analysis.charts.milestones import milestone_steps
from sanlian_analysis.charts.ranking import ranked_areas
from sanlian_analysis.charts.ratios import ratio_bars
from sanlian_analysis.charts.reporting import reporting
from sanlian_analysis.charts.scores import score_profile
from sanlian_analysis.charts.shortfall import shortfall_bars
from sanlian_analysis.charts.staffing import staffing
from sanlian_analysis.charts.standards import inequality, organisations, staff_bands
from sanlian_analysis.charts.thresholds import threshold_curve
from sanlian_analysis.charts.tiles import tile_map

__all__ = [
    "Chart",
    "bar_curve",
    "change",
    "completeness",
    "distribution",
    "effort_curve",
    "inequality",
    "lorenz_curve",
    "milestone_steps",
    "organisations",
    "ranked_areas",
    "ratio_bars",
    "reporting",
    "score_profile",
    "shortfall_bars",
    "staff_bands",
    "staffing",
    "threshold_curve",
    "tile_map",
    "verdict_matrix",
]
