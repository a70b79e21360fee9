"""One area under several policies: a briefing of its own beside those of each policy."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sanlian_analysis.briefing import comparison_briefing
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.files import safe_name
from sanlian_analysis.report.briefing_page import briefing_page
from sanlian_analysis.report.orders import Order
from sanlian_analysis.report.renderings import RENDERED, evaluated, write_charts, write_renderings


def write_comparisons(order: Order, policies: Sequence[str]) -> list[Path]:
    """Write `OUT/comparison/DATE/CODE-NAME/comparison.FORMAT` for every area that was asked for.

    `order`: as for the reports; its policy does not matter here. Without areas
    nothing is written, and there is no notebook of a comparison. Returns the
    folders. Raises SanlianError as the reports do.
    """
    if not order.areas or not {"html", *RENDERED} & set(order.formats):
        return []
    found = [evaluated(replace(order.inputs, policy=policy)) for policy in policies]
    date = snapshots(found[0].ledger, order.date or None)[-1]
    root = Path(order.out) / "comparison" / date.isoformat()
    root.mkdir(parents=True, exist_ok=True)
    folders = []
    for area in order.areas:
        briefing = comparison_briefing(found, area, date)
        final = root / f"{area}-{safe_name(briefing.name)}"
        workshop = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
        try:
            write_renderings(briefing, order.formats, workshop, "comparison", order.template)
            if "html" in order.formats:
                html = briefing_page(briefing)
                (workshop / "comparison.html").write_text(html, encoding="utf-8")
            write_charts(briefing, workshop / "charts")
            if final.exists():
                shutil.rmtree(final)
            workshop.chmod(0o755)
            workshop.rename(final)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
        folders.append(final)
    return folders
