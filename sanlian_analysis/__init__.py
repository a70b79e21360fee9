"""Phased targets for the linkage of communities, social organisations and social workers.

From a county ledger to exact figures, verdicts that say what the blanks do to
them, charts and briefings, under five Chinese policy documents::

    import sanlian_analysis as sl

    ledger = sl.read_ledger("台账.xlsx", frame="名录.csv")
    results = sl.evaluate(ledger, "liaoning-2021")

Everything is loaded when it is first used: importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

#: The public names and the module that each lives in.
_PUBLIC = {
    "ChangeRule": "planning",
    "Ledger": "ledger",
    "Policy": "policy",
    "SanlianError": "errors",
    "bars_of": "planning",
    "briefing": "",
    "charts": "",
    "check": "checks",
    "compare_tables": "",
    "compare_policies": "compare",
    "completeness": "units",
    "components": "breakdown",
    "coverage_rate": "measures",
    "decompose": "compare",
    "evaluate": "evaluation",
    "explore": "panels",
    "explore_plan": "panels",
    "explore_policies": "panels",
    "find_input": "inputs",
    "least_effort": "planning",
    "load_policy": "policy_files",
    "lorenz": "compare",
    "match_units": "compare",
    "pace": "planning",
    "plan_tables": "",
    "planning": "",
    "read_frame": "frame",
    "read_ledger": "ledger",
    "reporting": "units",
    "sensitivity": "planning",
    "settling": "measures",
    "snapshots": "evaluation",
    "spread": "compare",
    "spread_parts": "compare",
    "staffing_ratio": "measures",
    "strictness": "coverage",
    "tables": "",
    "units_at": "units",
    "units_judged": "units",
    "units_short": "units",
    "units_wanted": "units",
    "use_language": "language",
    "what_if": "planning",
    "write_results": "results",
    "write_template": "template",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("sanlian-analysis")
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not _PUBLIC[name]:
        return import_module(f"{__name__}.{name}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
