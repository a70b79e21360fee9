"""The batch: one notebook per county in parallel processes, an overview, an index, a manifest."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pandas as pd
import papermill

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate, snapshots
from sanlian_analysis.files import safe_name, states, whole_file
from sanlian_analysis.inputs import notebook_folder
from sanlian_analysis.language import current, say
from sanlian_analysis.ledger import Ledger, read_ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.report import run_folder
from sanlian_analysis.report.index import index_page
from sanlian_analysis.report.jobs import Inputs, Job, fingerprint
from sanlian_analysis.report.manifest import (
    AreaRecord,
    package_versions,
    reusable,
    sha256,
    write_manifest,
)
from sanlian_analysis.report.pool import Pool, cores, local_pool
from sanlian_analysis.report.progress import Progress
from sanlian_analysis.results import write_results
from sanlian_analysis.workbook import files_of

#: Every format; a report has the first two unless others are asked for.
FORMATS = ("ipynb", "html", "pdf", "pptx", "docx", "xlsx")
DEFAULT_FORMATS = FORMATS[:2]

#: Seconds that a notebook may run.
DEFAULT_SECONDS = 600.0

_COUNTY, _OVERVIEW = "county_report.ipynb", "overview.ipynb"


@dataclass(frozen=True)
class Order:
    """What the user asked for.

    `ledger`, `policy` and `frame` as they were given; `date` empty for the
    latest snapshot; `areas` empty for every county; `jobs` at a time, 0 for one
    per core. `seconds` and `megabytes` limit each notebook, 0 for no limit.
    `engine` is papermill's name of one. `scheduler`: address of a Dask cluster that
    does the work, "" for this machine.
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
    engine: str = "sanlian"
    seconds: float = DEFAULT_SECONDS
    megabytes: float = 0
    scheduler: str = ""

    @property
    def workers(self) -> int:
        """Reports that are made at a time."""
        return self.jobs or cores()

    @property
    def inputs(self) -> Inputs:
        """What every area is made from."""
        return Inputs(self.ledger, self.frame, self.policy, self.assumptions, current())


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    folder: Path
    records: tuple[AreaRecord, ...]

    @property
    def failed(self) -> list[AreaRecord]:
        """The areas that could not be made."""
        return [record for record in self.records if record.status == "failed"]


@contextmanager
def workers(orders: Sequence[Order]) -> Iterator[Pool]:
    """Processes that carry out these orders; they begin to load at once."""
    inputs, scheduler = [order.inputs for order in orders], orders[0].scheduler
    pool: Pool
    if scheduler:
        from sanlian_analysis.report.cluster import ClusterPool

        read = [str(notebook_folder() / name) for name in (_COUNTY, _OVERVIEW)]
        pool = ClusterPool(scheduler, inputs, [*read, orders[0].template])
    else:
        pool = local_pool(inputs, orders[0].workers)
    try:
        yield pool
    finally:
        pool.close()


def run_reports(order: Order, pool: Pool | None = None, progress: Progress | None = None) -> Run:
    """Make every report of an order: `OUT/POLICY/DATE/` with one folder per county.

    `pool`: where, processes of this run alone when it is left out. Everything
    that the user gave is checked before the first notebook runs. One area's
    failure never stops the others; what is finished is kept whatever happens,
    and `resume` goes on from there. Raises SanlianError when the order cannot be
    carried out at all, or not to its end: another run holds the folder, the disk
    is full, the ledger changes meanwhile, the user or the system stops it.
    """
    if pool is None:
        with workers([order]) as own:
            return run_reports(order, own, progress)
    progress = progress or Progress("quiet")
    read_from = _Unchanged(order)
    ledger = read_ledger(order.ledger, order.frame or None)
    policy = load_policy(order.policy)
    date = snapshots(ledger, order.date or None)[-1]
    results = evaluate(ledger, policy, assumptions=order.assumptions)
    areas = _areas(results, order, date)
    folder = Path(order.out) / policy.id / date.isoformat()
    facts = _facts(ledger, policy, date, order)
    jobs = list(_jobs(order, areas, folder, date, facts))
    for job in (jobs[0], jobs[-1]):
        check_parameters(job.notebook, job.parameters)
    with run_folder.held(folder):
        fingerprints = {job.code: job.fingerprint for job in jobs}
        there = reusable(folder, fingerprints) if order.resume else {}
        records = {code: replace(record, status="skipped") for code, record in there.items()}
        todo = [job for job in jobs if job.code not in records]
        progress.start(len(jobs), len(records), order.workers)
        try:
            with _stoppable():
                for job, made in _made(pool, todo):
                    read_from.check(folder)
                    records[job.code] = run_folder.publish(folder, job, made)
                    progress.made(records[job.code])
                    if made.hopeless:
                        raise run_folder.cannot_go_on(folder, made.error)
        except KeyboardInterrupt:
            raise _stopped(folder, len(records), len(jobs)) from None
        finally:
            progress.end()
            if len(records) < len(jobs):
                pool.close()  # nothing may be at work in the folder once it is let go
        ordered = [records[job.code] for job in jobs]
        _finish(folder, ordered, results, policy, date, ledger)
        write_manifest(folder, facts, ordered)
    return Run(folder, tuple(ordered))


def _made(pool: Pool, jobs: Sequence[Job]) -> Iterator[tuple[Job, Any]]:
    """Every job and what was made of it, as they are finished."""
    futures = {pool.submit(job): job for job in jobs}
    for future in as_completed(futures):
        yield futures[future], future.result()


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM is heard like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(folder: Path, done: int, total: int) -> SanlianError:
    return SanlianError(
        say(
            f"{folder}：已停止，完成 {done} 份，共 {total} 份；加 --resume 从这里继续",
            f"{folder}: stopped, {done} of {total} reports are done; go on with --resume",
        )
    )


class _Unchanged:
    """The files that a run reads, which must stay as they are while it lasts."""

    def __init__(self, order: Order) -> None:
        files = [Path(one) for one in (order.frame, order.policy, order.template) if one]
        files += [notebook_folder() / name for name in (_COUNTY, _OVERVIEW)]
        self._ledger = Path(order.ledger)
        self._files = files
        self._states = self._now()

    def _now(self) -> tuple[tuple[object, ...], ...]:
        return states([*files_of(self._ledger), *self._files])

    def check(self, folder: Path) -> None:
        """Refuse what was made if a file has been written since; an unreadable one has."""
        now = self._now()
        for before, after in zip(self._states, now, strict=False):
            if before != after:
                raise self._changed(str(before[0]), folder)
        if len(now) != len(self._states):
            raise self._changed(str(self._ledger), folder)

    def _changed(self, name: str, folder: Path) -> SanlianError:
        return SanlianError(
            say(
                f"{name}：运行期间文件有变，已停止；已完成的报告仍在 {folder}，请重新运行",
                f"{name}: changed during the run, which was stopped; what is finished stands in "
                f"{folder}; run it again",
            )
        )


def check_engine(name: str) -> None:
    """Refuse an engine that papermill does not have.

    Raises SanlianError with those that it has.
    """
    known = {entry.name for entry in entry_points(group="papermill.engine")}
    known |= {"sanlian", "nbclient"}
    if name not in known:
        there = say("、", ", ").join(sorted(known))
        raise SanlianError(
            say(
                f"--engine {name}：papermill 没有这个引擎；有：{there}",
                f"--engine {name}: papermill has no such engine; it has {there}",
            )
        )


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
    """All that decides what the reports say."""
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
        "notebooks": {name: sha256(notebooks / name) for name in (_COUNTY, _OVERVIEW)},
        "packages": package_versions(),
    }


def _jobs(
    order: Order, areas: dict[str, str], folder: Path, date: dt.date, facts: Mapping[str, Any]
) -> Iterator[Job]:
    """One job per county, and the overview at the end."""
    overview = ("overview", say("全域概览", "Overview"), _OVERVIEW, "", "overview")
    counties = [
        (code, name, _COUNTY, f"{code}-{safe_name(name)}", "county") for code, name in areas.items()
    ]
    for code, name, notebook, below, stem in [*counties, overview]:
        yield Job(
            code=code,
            name=name,
            notebook=str(notebook_folder() / notebook),
            inputs=order.inputs,
            date=date.isoformat(),
            workshop=str(run_folder.workshop(folder, code)),
            folder=below,
            stem=stem,
            formats=order.formats,
            fingerprint=fingerprint({**facts, "code": code, "name": name}),
            template=order.template,
            engine=order.engine,
            seconds=order.seconds,
            megabytes=order.megabytes,
        )


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
