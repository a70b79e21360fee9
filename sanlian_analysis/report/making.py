"""One area: its notebook run with papermill, its page, its briefing. Runs in a worker process."""

from __future__ import annotations

import base64
import datetime as dt
import errno
import os
import shutil
import time
from dataclasses import astuple
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode
from papermill.translators import PythonTranslator

from sanlian_analysis.briefing import Briefing
from sanlian_analysis.briefing.value import take_pictures
from sanlian_analysis.charts.figure import Identity, vectors_too
from sanlian_analysis.engine import KernelLost, Limits
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import flush, safe_name
from sanlian_analysis.language import use_language
from sanlian_analysis.report.jobs import Job, Made
from sanlian_analysis.report.manifest import sha256
from sanlian_analysis.report.page import page
from sanlian_analysis.report.renderings import (
    RENDERED,
    area_briefing,
    evaluated,
    write_renderings,
)
from sanlian_analysis.tables import enclosing_area

#: The notebook as papermill leaves it, before it is cleaned and takes its final name.
_EXECUTED = "executed.ipynb"

#: Charts as PNG and SVG.
Pictures = dict[Identity, tuple[bytes, bytes]]

#: The cell that papermill adds, which gets this id and no random one.
_INJECTED = "injected-parameters"

#: With these a disk or folder refuses every other area as well.
_HOPELESS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


def make(job: Job, start_method: str = "") -> Made:
    """Run the notebook and make all files in the workshop; a failure is told, never raised.

    `start_method` of the kernel's process, "" for the engine's own choice. A
    failed notebook is kept, with its error, and has no page.
    """
    use_language(job.inputs.language)
    start = time.monotonic()
    workshop = Path(job.workshop)
    error, hopeless = "", False
    try:
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(parents=True)
        try:
            _make_files(job, workshop, start_method)
        except Exception as failure:  # whatever goes wrong in one area, the others are made
            error, hopeless = _told(failure), _is_hopeless(failure)
            if (workshop / _EXECUTED).exists():
                (workshop / _EXECUTED).rename(workshop / f"{job.stem}.ipynb")
        files = _finished(workshop)
    except OSError as failure:
        error, hopeless, files = _told(failure), _is_hopeless(failure), {}
    return Made(files, round(time.monotonic() - start, 3), error, hopeless)


def _make_files(job: Job, workshop: Path, start_method: str) -> None:
    pictures: Pictures = {}
    if not job.overview or {"ipynb", "html"} & set(job.formats):
        notebook = _run_notebook(job, workshop / _EXECUTED, start_method)
        pictures = take_vectors(notebook)
        if not job.overview:
            _write_charts(pictures, workshop / "charts")
        _write_notebook(job, notebook, workshop)
    if set(RENDERED) & set(job.formats):
        briefing = _briefing(job)
        take_pictures(briefing, {drawn: png for drawn, (png, _) in pictures.items()})
        write_renderings(briefing, job.formats, workshop, job.stem, job.template)


def _briefing(job: Job) -> Briefing:
    found = evaluated(job.inputs)
    area = enclosing_area(found.results) if job.overview else job.code
    return area_briefing(found, area, dt.date.fromisoformat(job.date), overview=job.overview)


def _run_notebook(job: Job, raw: Path, start_method: str) -> NotebookNode:
    """The executed notebook; `raw` holds what was executed when it stops half-way."""
    shutil.copyfile(job.notebook, raw)
    options: dict[str, Any] = {}
    if job.engine == "sanlian":
        options = {
            "limits": Limits(job.seconds, job.megabytes),
            "start_method": start_method,
            "log_file": os.devnull,
        }
    with vectors_too():
        try:
            executed = papermill.execute_notebook(
                job.notebook,
                str(raw),
                parameters=job.parameters,
                engine_name=job.engine,
                kernel_name="python3",
                progress_bar=False,
                request_save_on_cell_execute=False,
                **options,
            )
        except KernelLost as lost:
            nbformat.write(lost.notebook, raw)
            raise
    raw.unlink()
    return _as_shown(timeless(executed), job)


def _write_charts(pictures: Pictures, folder: Path) -> None:
    """The charts that the notebook shows, as PNG and SVG, named by what they show."""
    folder.mkdir()
    for drawn, (png, svg) in pictures.items():
        (folder / f"{safe_name(drawn.name)}.png").write_bytes(png)
        (folder / f"{safe_name(drawn.name)}.svg").write_bytes(svg)


def _write_notebook(job: Job, notebook: NotebookNode, workshop: Path) -> None:
    if "ipynb" in job.formats:
        nbformat.write(notebook, workshop / f"{job.stem}.ipynb")
    if "html" in job.formats:
        home = "../index.html" if job.folder else "index.html"
        html = page(notebook, f"{job.name} {job.code}".strip(), home)
        (workshop / f"{job.stem}.html").write_text(html, encoding="utf-8")


def timeless(notebook: NotebookNode) -> NotebookNode:
    """Without clock and random ids: equal inputs give equal files."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if _INJECTED in cell.metadata.get("tags", []):
            cell["id"] = _INJECTED
    return notebook


def _as_shown(notebook: NotebookNode, job: Job) -> NotebookNode:
    """With the paths that the user gave, wherever the notebook was run."""
    if job.shown:
        for cell in notebook.cells:
            if cell["id"] == _INJECTED:
                for here, given in zip(astuple(job.inputs), astuple(job.shown), strict=True):
                    if here and here != given:
                        written = map(PythonTranslator.translate, (here, given))
                        cell.source = cell.source.replace(*written)
    return notebook


def take_vectors(notebook: NotebookNode) -> Pictures:
    """The charts of an executed notebook, as PNG and SVG; the notebook keeps the PNG."""
    found: Pictures = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            svg = output.get("data", {}).pop("image/svg+xml", None)
            about = output.get("metadata", {}).get("image/png", {})
            if svg and about.keys() == set(Identity._fields):
                png = base64.b64decode("".join(output.data["image/png"]))
                found[Identity(**about)] = png, "".join(svg).encode()
    return found


def _finished(workshop: Path) -> dict[str, str]:
    """The files, safe on the disk, with their digests."""
    files = sorted(path for path in workshop.rglob("*") if path.is_file())
    for path in files:
        flush(path)
    return {path.relative_to(workshop).as_posix(): sha256(path) for path in files}


def _is_hopeless(failure: BaseException) -> bool:
    return isinstance(failure, OSError) and failure.errno in _HOPELESS


def _told(failure: Exception) -> str:
    """The failure in one line: which cell, and what it said."""
    details: dict[str, Any] = vars(failure)
    if "exec_count" in details:
        return f"[{details['exec_count']}] {details['ename']}: {details['evalue']}"
    text = str(failure).splitlines()[0] if str(failure) else ""
    if isinstance(failure, SanlianError | OSError) or "cell_index" in details:
        return text
    return f"{type(failure).__name__}: {text}"
