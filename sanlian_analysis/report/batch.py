"""The batch: one notebook per county in parallel processes, an overview, an index, a manifest."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.engine.parameters import check_parameters
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
from sanlian_analysis.report.jobs import Job, fingerprint
from sanlian_analysis.report.manifest import (
    AreaRecord,
    package_versions,
    reusable,
    sha256,
    write_manifest,
)
from sanlian_analysis.report.orders import COUNTY_NOTEBOOK, OVERVIEW_NOTEBOOK, Order, workers
from sanlian_analysis.report.pool import Pool
from sanlian_analysis.report.progress import Progress
from sanlian_analysis.results import write_results
from sanlian_analysis.workbook import files_of


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    folder: Path
    records: tuple[AreaRecord, ...]

    @property
    def failed(self) -> list[AreaRecord]:
        """The areas that could not be made."""
        return [record for record in self.records if record.status == "failed"]


def run_reports(
    order: Order,
    pool: Pool | None = None,
    progress: Progress | None = None,
    tell: Callable[[Ledger], None] | None = None,
) -> Run:
    """Make every report of an order: `OUT/POLICY/DATE/` with one folder per county.

    `pool`: where, processes of this run alone when it is left out. `tell` hears of
    the ledger as soon as it has been read, before anything is made from it. Everything
    that the user gave is checked before the first notebook runs. One area's
    failure never stops the others; what is finished is kept whatever happens,
    and `resume` goes on from there. Raises SanlianError when the order cannot be
    carried out at all, or not to its end: another run holds the folder, the disk
    is full, the ledger changes meanwhile, the user or the system stops it.
    """
    if pool is None:
        with workers([order]) as own:
            return run_reports(order, own, progress, tell)
    progress = progress or Progress("quiet")
    read_from = _Unchanged(order)
    ledger = read_ledger(order.ledger, order.frame or None)
    if tell is not None:
        tell(ledger)
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
        records = _already_made(folder, jobs) if order.resume else {}
        with _stoppable(folder, records, len(jobs)):
            progress.start(len(jobs), len(records), order.workers)
            try:
                for job, made in _made(pool, [job for job in jobs if job.code not in records]):
                    read_from.check(folder)
                    records[job.code] = run_folder.publish(folder, job, made)
                    progress.made(records[job.code])
            finally:
                progress.end()
                if len(records) < len(jobs):
                    pool.close()  # nothing may be at work in the folder once it is let go
            ordered = [records[job.code] for job in jobs]
            _finish(folder, facts, ordered, results, policy, date, ledger)
    return Run(folder, tuple(ordered))


def _already_made(folder: Path, jobs: Sequence[Job]) -> dict[str, AreaRecord]:
    """What earlier runs have made of the same, by code."""
    there = reusable(folder, {job.code: job.fingerprint for job in jobs})
    return {code: replace(record, status="skipped") for code, record in there.items()}


def _made(pool: Pool, jobs: Sequence[Job]) -> Iterator[tuple[Job, Any]]:
    """Every job and what was made of it, as they are finished."""
    futures = {pool.submit(job): job for job in jobs}
    for future in as_completed(futures):
        yield futures[future], future.result()


@contextmanager
def _stoppable(folder: Path, records: Mapping[str, AreaRecord], total: int) -> Iterator[None]:
    """SIGTERM is heard like Ctrl-C; either ends the block with how far the run has come."""
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if here else None
    try:
        yield
    except KeyboardInterrupt:
        raise _stopped(folder, len(records), total) from None
    finally:
        if here:
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
        given = (order.frame, order.policy, order.template)
        files = [Path(one) for one in given if Path(one).is_file()]  # a policy may be an id
        files += [notebook_folder() / name for name in (COUNTY_NOTEBOOK, OVERVIEW_NOTEBOOK)]
        self._ledger = Path(order.ledger)
        self._files = files
        self._states = self._now()

    def _now(self) -> tuple[tuple[object, ...], ...]:
        return states([*files_of(self._ledger), *self._files])

    def check(self, folder: Path) -> None:
        """Refuse what was made if a file has been written since; an unreadable one has."""
        try:
            now = self._now()
        except SanlianError:
            raise self._changed(str(self._ledger), folder) from None
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
        if len(area) not in (LEVELS["county"], LEVELS["city"], LEVELS["province"]):
            around = area[: LEVELS["county"]]  # of a street or a community
            instead = around if around in names else min(inside or names, default="")
            raise SanlianError(
                say(
                    f"--area {area}：报告按区县生成，请给 6 位区县代码，或 4 位市、2 位省代码，"
                    f"例如 {instead}",
                    f"--area {area}: reports are made per county; give a county's code of 6 "
                    f"digits (city 4, province 2), such as {instead}",
                )
            )
        if not inside:
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
        "notebooks": {
            name: sha256(notebooks / name) for name in (COUNTY_NOTEBOOK, OVERVIEW_NOTEBOOK)
        },
        "packages": package_versions(),
    }


def _jobs(
    order: Order, areas: dict[str, str], folder: Path, date: dt.date, facts: Mapping[str, Any]
) -> Iterator[Job]:
    """One job per county, and the overview at the end."""
    overview = ("overview", say("全域概览", "Overview"), OVERVIEW_NOTEBOOK, "", "overview")
    counties = [
        (code, name, COUNTY_NOTEBOOK, f"{code}-{safe_name(name)}", "county")
        for code, name in areas.items()
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
    facts: Mapping[str, Any],
    records: list[AreaRecord],
    results: pd.DataFrame,
    policy: Policy,
    date: dt.date,
    ledger: Ledger,
) -> None:
    """Results table, index and manifest of the run.

    Raises SanlianError when the disk is full or the folder cannot be written.
    """
    overview, areas = records[-1], records[:-1]
    links = {say("全域概览", "Overview"): overview.page} if overview.page else {}
    links[say("结果表", "Results table")] = "results.xlsx"
    links[say("运行记录", "Manifest")] = "manifest.json"
    html = index_page(areas, results, policy, date, links, simulated=ledger.simulated)
    try:
        write_results(results[results["date"] == pd.Timestamp(date)], folder / "results.xlsx")
        with whole_file(folder / "index.html") as part:
            part.write_text(html, encoding="utf-8")
        write_manifest(folder, facts, records)
    except SanlianError as error:
        raise run_folder.cannot_go_on(folder, str(error)) from None
