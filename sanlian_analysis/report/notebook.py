"""One area: its notebook run with papermill, its page, its briefing. Runs in a worker process."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode

from sanlian_analysis.briefing import Briefing
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say, use_language
from sanlian_analysis.report.manifest import AreaRecord, sha256
from sanlian_analysis.report.page import page
from sanlian_analysis.report.renderings import (
    RENDERERS,
    area_briefing,
    evaluated,
    write_charts,
    write_renderings,
)
from sanlian_analysis.tables import enclosing_area

#: The notebook as papermill leaves it, before it is cleaned and takes its final name.
_EXECUTED = "executed.ipynb"

#: The kernel talks to its worker over loopback; it need not warn of that in every report.
_QUIET_KERNEL = ["--IPKernelApp.log_level=50"]


@dataclass(frozen=True)
class Job:
    """One notebook to run: where it comes from, its parameters, and where its files go.

    `folder` is below `root`; "" puts the files into `root` itself (the overview).
    """

    code: str
    name: str
    notebook: str
    parameters: dict[str, str | list[str]]
    root: str
    folder: str
    stem: str
    formats: tuple[str, ...]
    language: str
    template: str = ""

    @property
    def overview(self) -> bool:
        """Whether it is about all that the ledger covers."""
        return not self.folder


def check_parameters(notebook: str, parameters: Mapping[str, object]) -> None:
    """Refuse parameters that the notebook does not have; papermill would only warn.

    Raises SanlianError naming the notebook and the parameter.
    """
    known = papermill.inspect_notebook(notebook)
    for name in parameters:
        if name not in known:
            there = say("、", ", ").join(known)
            raise SanlianError(
                say(
                    f"{notebook}：笔记本没有参数 {name!r}；有：{there}",
                    f"{notebook}: the notebook has no parameter {name!r}; it has {there}",
                )
            )


def make(job: Job) -> AreaRecord:
    """Run the notebook and publish its files; a failure is recorded, never raised.

    A failed notebook is kept, with its error, and has no page.
    """
    use_language(job.language)
    start = time.monotonic()
    root = Path(job.root)
    workshop = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
    error = ""
    try:
        try:
            _make_files(job, workshop)
        except Exception as failure:  # whatever goes wrong in one area, the others are made
            error = _told(failure)
            if (workshop / _EXECUTED).exists():
                (workshop / _EXECUTED).rename(workshop / f"{job.stem}.ipynb")
        files = _publish(workshop, root, job.folder)
    except OSError as failure:
        error, files = _told(failure), {}
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return AreaRecord(
        job.code,
        job.name,
        "failed" if error else "done",
        files,
        round(time.monotonic() - start, 3),
        error,
    )


def _make_files(job: Job, workshop: Path) -> None:
    if {"ipynb", "html"} & set(job.formats):
        _run_notebook(job, workshop)
    if not job.overview or RENDERERS.keys() & set(job.formats):
        briefing = _briefing(job)
        write_renderings(briefing, job.formats, workshop, job.stem, job.template)
        if not job.overview:
            write_charts(briefing, workshop / "charts")


def _briefing(job: Job) -> Briefing:
    given = job.parameters
    found = evaluated(
        str(given["ledger"]),
        str(given["frame"]),
        str(given["policy"]),
        tuple(given["assume"]),
        job.language,
    )
    area = enclosing_area(found.results) if job.overview else job.code
    date = dt.date.fromisoformat(str(given["date"]))
    return area_briefing(found, area, date, overview=job.overview)


def _run_notebook(job: Job, workshop: Path) -> None:
    raw = workshop / _EXECUTED  # keeps the executed cells when the run stops half-way
    shutil.copyfile(job.notebook, raw)
    papermill.execute_notebook(
        job.notebook,
        str(raw),
        parameters=dict(job.parameters),
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
        extra_arguments=_QUIET_KERNEL,
    )
    notebook = _timeless(nbformat.read(raw, as_version=4))
    if "ipynb" in job.formats:
        nbformat.write(notebook, workshop / f"{job.stem}.ipynb")
    if "html" in job.formats:
        home = "../index.html" if job.folder else "index.html"
        html = page(notebook, f"{job.name} {job.code}".strip(), home)
        (workshop / f"{job.stem}.html").write_text(html, encoding="utf-8")
    raw.unlink()


def _timeless(notebook: NotebookNode) -> NotebookNode:
    """Without clock and random ids: equal inputs give equal files."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
    return notebook


def _publish(workshop: Path, root: Path, folder: str) -> dict[str, str]:
    """Move the finished files to where they belong; returns their paths and digests."""
    found = sorted(path for path in workshop.rglob("*") if path.is_file())
    digests = {(Path(folder) / p.relative_to(workshop)).as_posix(): sha256(p) for p in found}
    if folder:
        final = root / folder
        if final.exists():
            shutil.rmtree(final)
        workshop.chmod(0o755)
        workshop.rename(final)
    else:
        for path in found:
            path.replace(root / path.relative_to(workshop))
    return digests


def _told(failure: Exception) -> str:
    """The failure in one line: which cell, and what it said."""
    details: dict[str, Any] = vars(failure)
    if "exec_count" in details:
        return f"[{details['exec_count']}] {details['ename']}: {details['evalue']}"
    return f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}"
