"""Panels for JupyterLab: pick, move, see what changes; every figure from the tested library.

A panel shows itself with its controls where widgets work, and as a document
with its current choices where they do not (papermill, GitHub, PDF).
"""

from sanlian_analysis.panels.explorer import Explorer, explore
from sanlian_analysis.panels.planner import Planner, explore_plan
from sanlian_analysis.panels.policies import PolicyPanel, explore_policies

__all__ = [
    "Explorer",
    "Planner",
    "PolicyPanel",
    "explore",
    "explore_plan",
    "explore_policies",
]
