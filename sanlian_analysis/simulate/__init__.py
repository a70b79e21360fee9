"""Simulated ledgers: real names from a frame, figures invented by a seeded generator.

`simulate` makes the tables, `write_workbook` writes them, marked as 模拟数据.
Like a real ledger these ones are imperfect: cells are blank, some units have no
row, and one county of the frame reports little.
"""

from sanlian_analysis.simulate.tables import simulate
from sanlian_analysis.simulate.workbook import Note, write_workbook

__all__ = ["Note", "simulate", "write_workbook"]
