"""The batch: one notebook per county in parallel processes, an overview, an index, a manifest."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate, snapshots
from sanlian_analysis.files import safe_name, whole_file
from sanlian_analysis.inputs import notebook_folder
from sanlian_analysis.language import current, say
from sanlian_analysis.ledger import Ledger, read_ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.report.index import index_page
from sanlian_analysis.report.manifest import (
    AreaRecord,
    package_versions,
    reusable,
    sha256,
    write_manifest,
)
from sanlian_analysis.report.notebook import Job, check_parameters, make
from sanlian_analysis.results import write_results

#: Every format; a report has the first two unless others are asked for.
FORMATS = ("ipynb", "html", "pdf", "pptx", "docx", "xlsx")
DEFAULT_FORMATS = FORMATS[:2]


@dataclass(frozen=True)
class Order:
    """What the user asked for.

    `ledger`, `policy` and `frame` as they were given; `date` empty for the
    latest snapshot; `areas` empty for every county.
    """

    ledger: str
    policy: str
    frame: str = ""
    date: str = ""
    areas: tuple[str, ...] = ()
    out: str = "reports"
    formats: tuple[str, ...] = DEFAULT_FORMATS
    jobs: int = 0
    assumptions: tuple[str, ...] = ()
    resume: bool = False
    template: str = ""


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    folder: Path
    records: tuple[AreaRecord, ...]

    @property
    def failed(self) -> list[AreaRecord]:
        """The areas that could not be made."""
        return [record for record in self.records if record.status == "failed"]


def run_reports(order: Order) -> Run:
    """Make every report of an order: `OUT/POLICY/DATE/` with one folder per county.

    Everything that the user gave is checked before the first notebook runs.
    One area's failure never stops the others. Raises SanlianError when the
    order cannot be carried out at all.
    """
    ledger = read_ledger(order.ledger, order.frame or None)
    policy = load_policy(order.policy)
    date = snapshots(ledger, order.date or None)[-1]
    results = evaluate(ledger, policy, assumptions=order.assumptions)
    areas = _areas(results, order, date)
    folder = Path(order.out) / policy.id / date.isoformat()
    facts = _facts(ledger, policy, date, order)
    _make_folder(folder)
    kept = reusable(folder, facts) if order.resume else {}
    jobs = list(_jobs(order, areas, folder, date))
    for notebook in {job.notebook for job in jobs}:
        parameters = next(job.parameters for job in jobs if job.notebook == notebook)
        check_parameters(notebook, parameters)
    records = {code: replace(kept[code], status="skipped") for code in kept}
    todo = [job for job in jobs if job.code not in records]
    for record in _in_parallel(todo, order.jobs):
        records[record.code] = record
        write_manifest(folder, facts, [records[job.code] for job in jobs if job.code in records])
    ordered = [records[job.code] for job in jobs]
    _finish(folder, ordered, results, policy, date, ledger)
    write_manifest(folder, facts, ordered)
    return Run(folder, tuple(ordered))


def _areas(results: pd.DataFrame, order: Order, date: dt.date) -> dict[str, str]:
    """The counties to report on, code → name; a city or province stands for its counties."""
    known = results[results["level"] == "county"].drop_duplicates("area_code")
    names = dict(zip(known["area_code"], known["area"].fillna(""), strict=True))
    if not order.areas:
        there = results.loc[results["date"] == pd.Timestamp(date), "area_code"]
        return {code: names[code] for code in sorted(names) if code in set(there)}
    chosen: dict[str, str] = {}
    for area in order.areas:
        inside = {code: names[code] for code in sorted(names) if code.startswith(area)}
        if len(area) not in (LEVELS["county"], LEVELS["city"], LEVELS["province"]) or not inside:
            raise SanlianError(
                say(
                    f"--area {area}：名录和台账里都没有这个地区；"
                    f"请给 6 位区县代码，或 4 位市、2 位省代码，例如 {min(names, default='')}",
                    f"--area {area}: neither frame nor ledger has this area; give a county's "
                    f"code of 6 digits (city 4, province 2), such as {min(names, default='')}",
                )
            )
        chosen |= inside
    return chosen


def _facts(ledger: Ledger, policy: Policy, date: dt.date, order: Order) -> dict[str, Any]:
    """All that decides what the reports say; a later run with the same facts can resume."""
    notebooks = notebook_folder()
    return {
        "policy": {"id": policy.id, "sha256": policy.sha256},
        "date": date.isoformat(),
        "ledger": {"path": order.ledger, "sha256": ledger.sha256, "simulated": ledger.simulated},
        "frame": {"path": order.frame, "sha256": sha256(Path(order.frame)) if order.frame else ""},
        "parameters": {
            "formats": list(order.formats),
            "lang": current(),
            "assume": list(order.assumptions),
            "template": sha256(Path(order.template)) if order.template else "",
        },
        "notebooks": {
            name: sha256(notebooks / name) for name in ("county_report.ipynb", "overview.ipynb")
        },
        "packages": package_versions(),
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SanlianError(
            say(
                f"{folder}：建不了文件夹（{error.strerror}）；请用 --out 指定可写的位置",
                f"{folder}: cannot make this folder ({error.strerror}); choose another with --out",
            )
        ) from None


def _jobs(order: Order, areas: dict[str, str], folder: Path, date: dt.date) -> Iterator[Job]:
    shared: dict[str, str | list[str]] = {
        "ledger": order.ledger,
        "frame": order.frame,
        "policy": order.policy,
        "date": date.isoformat(),
        "assume": list(order.assumptions),
        "lang": current(),
    }
    notebooks = notebook_folder()
    for code, name in areas.items():
        yield Job(
            code=code,
            name=name,
            notebook=str(notebooks / "county_report.ipynb"),
            parameters={**shared, "area": code},
            root=str(folder),
            folder=f"{code}-{safe_name(name)}",
            stem="county",
            formats=order.formats,
            language=current(),
            template=order.template,
        )
    yield Job(
        code="overview",
        name=say("全域概览", "Overview"),
        notebook=str(notebooks / "overview.ipynb"),
        parameters={**shared, "area": ""},
        root=str(folder),
        folder="",
        stem="overview",
        formats=order.formats,
        language=current(),
        template=order.template,
    )


def _in_parallel(jobs: Sequence[Job], workers: int) -> Iterator[AreaRecord]:
    """Run the jobs in processes of their own: papermill changes the working directory."""
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    size = min(workers or os.cpu_count() or 1, len(jobs))
    with ProcessPoolExecutor(size, mp_context=context) as pool:
        futures = {pool.submit(make, job): job for job in jobs}
        try:
            yield from _as_recorded(futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _as_recorded(futures: dict[Future[AreaRecord], Job]) -> Iterator[AreaRecord]:
    done: Iterable[Future[AreaRecord]] = as_completed(futures)
    with tqdm(done, total=len(futures), unit=say("份", "report"), ncols=80) as progress:
        for future in progress:
            job = futures[future]
            try:
                yield future.result()
            except BrokenProcessPool:
                message = say("工作进程意外终止", "the worker process ended unexpectedly")
                yield AreaRecord(job.code, job.name, "failed", error=message)


def _finish(
    folder: Path,
    records: list[AreaRecord],
    results: pd.DataFrame,
    policy: Policy,
    date: dt.date,
    ledger: Ledger,
) -> None:
    """Results table and index of the run."""
    write_results(results[results["date"] == pd.Timestamp(date)], folder / "results.xlsx")
    overview, areas = records[-1], records[:-1]
    links = {say("全域概览", "Overview"): overview.page} if overview.page else {}
    links[say("结果表", "Results table")] = "results.xlsx"
    links[say("运行记录", "Manifest")] = "manifest.json"
    html = index_page(areas, results, policy, date, links, simulated=ledger.simulated)
    with whole_file(folder / "index.html") as part:
        part.write_text(html, encoding="utf-8")
