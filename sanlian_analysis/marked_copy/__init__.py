"""A copy of the user's own ledger in which every finding is marked in its cell, and listed.

`write` is the way through. `original` (of a workbook) or `table` (of a CSV or
Parquet file) opens a draft, unless `refusals` stops it; `stored_values` keeps
what openpyxl drops. `spots` finds the place of every finding, `marks` colours
and comments the cells, `findings_sheet` lists them. All write through `cells`.
"""

from sanlian_analysis.marked_copy.cells import AUTHOR
from sanlian_analysis.marked_copy.write import check_marked_copy, write_marked_copy

__all__ = ["AUTHOR", "check_marked_copy", "write_marked_copy"]
