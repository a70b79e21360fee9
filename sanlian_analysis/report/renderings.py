"""The renderings of a briefing, and the charts beside them. Runs in a worker process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from sanlian_analysis.briefing import (
    Briefing,
    Evaluated,
    county_briefing,
    overview_briefing,
)
from sanlian_analysis.briefing.document import document
from sanlian_analysis.briefing.pdf import pdf
from sanlian_analysis.briefing.slides import slides
from sanlian_analysis.briefing.spreadsheet import spreadsheet
from sanlian_analysis.briefing.value import picture
from sanlian_analysis.files import safe_name
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.report.jobs import Inputs

#: What each format is rendered by; the notebook gives `ipynb` and `html`.
RENDERERS: dict[str, Callable[[Briefing], bytes]] = {
    "pdf": pdf,
    "pptx": slides,
    "docx": document,
    "xlsx": spreadsheet,
}


@lru_cache(maxsize=8)
def evaluated(inputs: Inputs) -> Evaluated:
    """The ledger under the policy, read and evaluated once per process and language."""
    ledger = read_ledger(inputs.ledger, inputs.frame or None)
    return Evaluated(ledger, load_policy(inputs.policy), inputs.assumptions)


def area_briefing(found: Evaluated, area: str, date: dt.date, *, overview: bool) -> Briefing:
    """The briefing of a county, or of all that the ledger covers."""
    return (overview_briefing if overview else county_briefing)(found, area, date)


def write_renderings(
    briefing: Briefing, formats: tuple[str, ...], folder: Path, stem: str, template: str = ""
) -> None:
    """Write the formats that are renderings of a briefing, as `folder/stem.FORMAT`.

    `template`: the user's own .pptx whose masters the slides take.
    """
    for format_ in formats:
        if format_ == "pptx" and template:
            content = slides(briefing, Path(template))
        elif format_ in RENDERERS:
            content = RENDERERS[format_](briefing)
        else:
            continue
        (folder / f"{stem}.{format_}").write_bytes(content)


def write_charts(briefing: Briefing, folder: Path) -> None:
    """Every chart of a briefing as PNG and SVG, named by what it shows."""
    folder.mkdir()
    for chart in briefing.charts:
        name = safe_name(chart.name)
        (folder / f"{name}.png").write_bytes(picture(chart))
        (folder / f"{name}.svg").write_bytes(chart.svg())
