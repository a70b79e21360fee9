"""The renderings of a briefing, and the charts beside them. Runs in a worker process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from sanlian_analysis.briefing import (
    Briefing,
    Evaluated,
    county_briefing,
    overview_briefing,
)
from sanlian_analysis.briefing.value import picture
from sanlian_analysis.files import safe_name
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.report.jobs import Inputs

#: The formats that are renderings of a briefing; the notebook gives `ipynb` and `html`.
RENDERED = ("pdf", "pptx", "docx", "xlsx")


def renderer(format_: str, template: str = "") -> Callable[[Briefing], bytes]:
    """What renders a format, loaded when it is first asked for.

    `template`: the user's own .pptx whose masters the slides take.
    """
    if format_ == "pdf":
        from sanlian_analysis.briefing.pdf import pdf

        return pdf
    if format_ == "pptx":
        from sanlian_analysis.briefing.slides import slides

        return partial(slides, template=Path(template)) if template else slides
    if format_ == "docx":
        from sanlian_analysis.briefing.document import document

        return document
    from sanlian_analysis.briefing.spreadsheet import spreadsheet

    return spreadsheet


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
    """Write the formats that are renderings of a briefing, as `folder/stem.FORMAT`."""
    for format_ in formats:
        if format_ in RENDERED:
            content = renderer(format_, template)(briefing)
            (folder / f"{stem}.{format_}").write_bytes(content)


def write_charts(briefing: Briefing, folder: Path) -> None:
    """Every chart of a briefing as PNG and SVG, named by what it shows."""
    folder.mkdir()
    for chart in briefing.charts:
        name = safe_name(chart.name)
        (folder / f"{name}.png").write_bytes(picture(chart))
        (folder / f"{name}.svg").write_bytes(chart.svg())
