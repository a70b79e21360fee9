"""What a worker holds before its first area, and every process that is forked from it after."""

from __future__ import annotations

from collections.abc import Sequence

# First, as the engine imports nbformat without what would take a second.
import sanlian_analysis.engine.preload  # noqa: F401 - importing it loads what notebooks need

# isort: split
from nbformat.v4 import new_code_cell, new_notebook, new_output

from sanlian_analysis import remembered
from sanlian_analysis.briefing import Evaluated
from sanlian_analysis.charts import milestone_steps
from sanlian_analysis.charts.figure import vectors_too
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.language import use_language
from sanlian_analysis.report.jobs import Wanted
from sanlian_analysis.report.making import take_vectors
from sanlian_analysis.report.page import page
from sanlian_analysis.report.renderings import RENDERED, evaluated, renderer
from sanlian_analysis.tables import enclosing_area, key_targets


def warm_up(wanted: Sequence[Wanted]) -> None:
    """Read and evaluate what the areas will be made from, load what renders them.

    What cannot be read is left out: whoever needs it will say so, with its place.
    """
    remembered.start()
    for one in wanted:
        use_language(one.inputs.language)
        for format_ in set(RENDERED) & set(one.formats):
            renderer(format_)
        try:
            found = evaluated(one.inputs)
            found.details(snapshots(found.ledger, one.date or None)[-1])
            _rehearse(found)
        except SanlianError:
            continue


def _rehearse(found: Evaluated) -> None:
    """Draw one chart and make one page, so that fonts, glyphs and templates are at hand."""
    target, area = key_targets(found.policy)[0], enclosing_area(found.results)
    chart = milestone_steps(found.results, found.policy, target, area, simulated=True)
    with vectors_too():
        data, metadata = chart._repr_mimebundle_()
    cell = new_code_cell(outputs=[new_output("display_data", data=data, metadata=metadata)])
    notebook = new_notebook(cells=[cell])
    take_vectors(notebook)
    page(notebook, "")
