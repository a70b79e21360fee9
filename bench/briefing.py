"""Seconds per format of one county's briefing in a warm process, and the sizes of the files.

    python bench/briefing.py                 --repeat 5 by default
    python bench/briefing.py --area 210106

Beside: the time of drawing the county's charts, from the results to PNG (what all
formats together are held against), papermill's own engine running the county
notebook, nbconvert's command line making a page from it, and a deck with
python-pptx whose charts are matplotlib pictures. "All six formats" is what a
worker of `sanlian report` takes for a county, its notebook, charts and files.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill
from pptx import Presentation
from pptx.util import Inches

import sanlian_analysis as sl
from sanlian_analysis.briefing import Briefing, Evaluated, county_briefing
from sanlian_analysis.report.jobs import Inputs, Job, Wanted
from sanlian_analysis.report.orders import FORMATS
from sanlian_analysis.report.page import page
from sanlian_analysis.report.pool import ForkingPool
from sanlian_analysis.report.renderings import RENDERED, renderer

ROOT = Path(__file__).parents[1]
LEDGER, FRAME = ROOT / "data/ledgers/liaoning-2021.xlsx", ROOT / "data/frames/liaoning.csv"


def main() -> int:
    """Print one line per format."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--area", default="210106")
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    data = sl.read_ledger(LEDGER, FRAME)
    found, day = Evaluated(data, sl.load_policy("liaoning-2021")), data.dates[-1]
    found.details(day)
    briefing = county_briefing(found, asked.area, day)
    print(f"load {os.getloadavg()[0]:.1f}; medians of {asked.repeat}, after one run not counted")
    print(f"{'':28}{'seconds':>9}{'kB':>9}")
    _timed("charts drawn, as PNG", asked.repeat, lambda: _drawn(briefing))
    _timed("briefing made", asked.repeat, lambda: _nothing(county_briefing(found, asked.area, day)))
    drawing = _timed(
        "charts from results to PNG",
        asked.repeat,
        lambda: _drawn(county_briefing(found, asked.area, day)),
    )
    # one briefing per run for all formats, as in a report: its charts are drawn once
    briefings = [county_briefing(found, asked.area, day) for _ in range(asked.repeat + 1)]
    for name in RENDERED:
        render, fresh = renderer(name), [*briefings]
        _timed(name, asked.repeat, lambda r=render, f=fresh: r(f.pop()))  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "county.ipynb"
        _timed("peer: papermill, ipynb", 1, lambda: _executed(notebook, asked.area))
        _timed("html", asked.repeat, lambda: page(nbformat.read(notebook, 4), "x").encode())
        _timed("peer: nbconvert, html", 1, lambda: _nbconvert(notebook))
    _timed("peer: deck of pictures", asked.repeat, lambda: _picture_deck(briefing))
    for formats in (("ipynb",), ("ipynb", "html"), FORMATS):
        seconds = _reported(asked.area, day, formats, asked.repeat)
        told = "all six formats" if formats == FORMATS else "report: " + ", ".join(formats)
        print(f"{told:28}{seconds:9.2f}{'':9}{seconds / drawing:9.1f} × drawing the charts")
    return 0


def _reported(area: str, day: dt.date, formats: tuple[str, ...], repeat: int) -> float:
    """Median seconds of a county's whole report, in workers like those of `sanlian report`."""
    inputs = Inputs(str(LEDGER), str(FRAME), "liaoning-2021", (), "zh")
    pool, seconds = ForkingPool([Wanted(inputs, formats=FORMATS)], 1), []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(repeat + 1):
                job = Job(
                    code=area,
                    name=area,
                    notebook=str(ROOT / "notebooks" / "county_report.ipynb"),
                    inputs=inputs,
                    date=day.isoformat(),
                    workshop=f"{folder}/{number}",
                    folder=area,
                    stem="county",
                    formats=formats,
                )
                made = pool.submit(job).result()
                if made.error:
                    raise SystemExit(made.error)
                seconds.append(made.seconds)
    finally:
        pool.close()
    return statistics.median(seconds[1:])


def _timed(name: str, repeat: int, make: Callable[[], bytes]) -> float:
    seconds = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        content = make()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[1:])
    print(f"{name:28}{median:9.2f}{len(content) / 1000:9,.0f}")
    return median


def _nothing(_: object) -> bytes:
    return b""


def _drawn(briefing: Briefing) -> bytes:
    return b"".join(chart.png() for chart in briefing.charts)


def _executed(notebook: Path, area: str) -> bytes:
    parameters = {
        "ledger": str(LEDGER),
        "frame": str(FRAME),
        "policy": "liaoning-2021",
        "area": area,
    }
    source = ROOT / "notebooks" / "county_report.ipynb"
    papermill.execute_notebook(source, notebook, parameters, progress_bar=False)
    return notebook.read_bytes()


def _nbconvert(notebook: Path) -> bytes:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR"]
    subprocess.run([*command, str(notebook)], check=True)
    return notebook.with_suffix(".html").read_bytes()


def _picture_deck(briefing: Briefing) -> bytes:
    deck = Presentation()
    for chart in briefing.charts:
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.shapes.add_picture(io.BytesIO(chart.png()), Inches(0.5), Inches(0.5), Inches(9))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
