"""Scenes for the fault tests: small ledgers, quick notebooks, runs as processes, what they leave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

COMMAND = Path(__file__).with_name("command.py")
POLICY, DATE = "liaoning-2021", "2022-12-31"
PARAMETERS = ("ledger", "frame", "policy", "area", "date", "assume", "lang")

#: What a report of a quick notebook shows.
QUICK = "print('area', area or 'all')"

#: Marks the processes of a run, and whatever they start.
MARK = "SANLIAN_FAULTS"

#: The longest that anything may take.
PATIENCE = 300.0


def write_ledger(folder: Path, areas: int, *, first: int = 0) -> None:
    """台账.csv and 名录.csv of that many counties; `first` shifts the values."""
    rows, units = ["社区代码,社区名称,统计时点,社区社会组织数"], ["code,name,street,county"]
    for number in range(areas):
        county = 210100 + number
        for i in range(1, 5):
            code = f"{county}001{i:03}"
            name = f"第{i}社区" if i < 3 else f"第{i}村村委会"
            units.append(f"{code},{name},一街道,县{number}")
            for year in (2021, 2022):
                rows.append(f"{code},{name},{year}-12-31,{first + i + number % 7 + year - 2021}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "台账.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "名录.csv").write_text("\n".join(units), encoding="utf-8")


def write_notebooks(folder: Path, source: str) -> None:
    """Notebooks that take the parameters of the shipped ones and do something quick."""
    folder.mkdir(parents=True, exist_ok=True)
    kernel = {"name": "python3", "display_name": "", "language": "python"}
    for name in ("county_report.ipynb", "overview.ipynb"):
        book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        book.cells = [
            nbformat.v4.new_code_cell(
                "\n".join(f"{parameter} = ''" for parameter in PARAMETERS),
                metadata={"tags": ["parameters"]},
                id="parameters",
            ),
            nbformat.v4.new_code_cell(source, id="quick"),
        ]
        nbformat.write(book, folder / name)


@dataclass(frozen=True)
class Scene:
    """Inputs of runs: `areas` counties, and the notebooks, "" for the shipped ones."""

    folder: Path
    areas: int
    source: str = QUICK

    def __post_init__(self) -> None:
        """Write them."""
        write_ledger(self.folder, self.areas)
        if self.source:
            write_notebooks(self.folder / "notebooks", self.source)

    @property
    def wanted(self) -> set[str]:
        """The codes of all that a run makes."""
        return {*(str(210100 + number) for number in range(self.areas)), "overview"}

    def command(self, out: Path, *more: str) -> list[str]:
        """`sanlian report` on this scene."""
        notebooks = self.folder / "notebooks" if self.source else ""
        given = ["report", "台账.csv", "--frame", "名录.csv", "--policy", POLICY, "--out", str(out)]
        return [sys.executable, str(COMMAND), str(notebooks), *given, "--json-progress", *more]

    def begun(self, out: Path, *more: str) -> Run:
        """A run in a process of its own."""
        return Run(self, out, more)

    def ended(self, out: Path, *more: str) -> Run:
        """A run that has come to its end by itself."""
        run = self.begun(out, *more)
        run.wait()
        return run


class Run:
    """A run of `sanlian report` as a process, and what it tells."""

    def __init__(self, scene: Scene, out: Path, more: tuple[str, ...] = ()) -> None:
        """Start it."""
        self.mark = uuid.uuid4().hex
        self.folder = out / POLICY / DATE
        self._told = scene.folder / f"{self.mark}.stdout"
        self._said = scene.folder / f"{self.mark}.stderr"
        self.temporary = scene.folder / f"{self.mark}.temporary"
        self.temporary.mkdir()
        own = {MARK: self.mark, "TMPDIR": str(self.temporary), "SANLIAN_LANG": "en"}
        own["SANLIAN_CACHE"] = str(scene.folder / "cache")
        with self._told.open("wb") as told, self._said.open("wb") as said:
            self.process = subprocess.Popen(
                scene.command(out, *more),
                cwd=scene.folder,  # reports name their ledger: the same one in every scene
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=said,
                env=os.environ | own,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Standard error."""
        return self._said.read_text("utf-8")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The progress so far."""
        lines = self._told.read_bytes().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    @property
    def made(self) -> list[str]:
        """The codes of what this run has made, well or not."""
        return [event["code"] for event in self.events if event["event"] == "area"]

    def wait(self) -> int:
        """Wait for the end; returns the exit status."""
        return self.process.wait(PATIENCE)

    def until(self, reached: Callable[[Run], bool]) -> bool:
        """Wait until something is reached; False when the run ends before."""
        end = time.monotonic() + PATIENCE
        while not reached(self):
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < end, "took too long"
            time.sleep(0.02)
        return True

    def signal(self, signum: int) -> int:
        """Send a signal to the process itself; returns its exit status."""
        self.process.send_signal(signum)
        return self.wait()

    @property
    def family(self) -> list[psutil.Process]:
        """All living processes of the run, the caller first."""
        found = [one for one in psutil.process_iter() if _is_marked(one, self.mark)]
        return sorted(found, key=lambda one: one.pid != self.process.pid)

    @property
    def crew(self) -> list[psutil.Process]:
        """The process that forks the workers, as soon as it runs."""
        return [one for one in self.family if _parent(one) == self.process.pid]

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that make areas, the youngest first."""
        family, crew = self.family, {one.pid for one in self.crew}
        found = [one for one in family if _parent(one) in crew]
        return sorted(found, key=lambda one: -one.pid)

    def alone(self, seconds: float = 5.0) -> list[psutil.Process]:
        """What still lived of a run that has ended, after so long at the most; it is ended then."""
        end = time.monotonic() + seconds
        while (left := self.family) and time.monotonic() < end:
            time.sleep(0.05)
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        return left


def _parent(process: psutil.Process) -> int:
    """The id of a process's parent, 0 when it has ended meanwhile."""
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def manifest(folder: Path) -> dict[str, Any]:
    """The record of a run."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return found


def statuses(folder: Path) -> dict[str, str]:
    """Code → status in the record of a run."""
    return {area["code"]: area["status"] for area in manifest(folder)["areas"]}


def errors(folder: Path) -> dict[str, str]:
    """Code → error of the areas that failed."""
    areas = manifest(folder)["areas"]
    return {area["code"]: area["error"] for area in areas if area["status"] == "failed"}


def noted(folder: Path) -> set[str]:
    """The codes that a broken-off run has noted as done."""
    try:
        lines = (folder / "journal.jsonl").read_bytes().split(b"\n")
    except OSError:
        return set()
    found = set()
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record["status"] == "done":
            found.add(record["code"])
    return found


def content(folder: Path) -> dict[str, str]:
    """The digest of every file of a run except its record, which holds times."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", "journal.jsonl")
        if not _is_leftover(path.relative_to(folder))
    }


def different(folder: Path, expected: dict[str, str], codes: set[str] | None = None) -> list[str]:
    """Files that are missing, too many or other than expected; `codes`: of these areas alone."""
    found = content(folder)
    names = [
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    ]
    return sorted(name for name in names if codes is None or name[:6] in codes)


def leftovers(folder: Path) -> list[str]:
    """What a finished run should not leave in its folder."""
    names = [path.relative_to(folder) for path in folder.rglob("*")]
    return [str(name) for name in names if _is_leftover(name) or name.name == "journal.jsonl"]


def _is_leftover(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def lost(folder: Path, wanted: set[str]) -> set[str]:
    """What the record does not hold as made, with all its files as they were noted."""
    whole = set()
    for area in manifest(folder)["areas"]:
        files = [(folder / name, digest) for name, digest in area["files"].items()]
        right = all(path.is_file() and _digest(path) == digest for path, digest in files)
        if area["status"] in ("done", "skipped") and files and right:
            whole.add(area["code"])
    return wanted - whole


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def doubled(folder: Path, before: set[str], made: list[str]) -> set[str]:
    """What is recorded twice, or was made again although it was noted as done `before`."""
    recorded = Counter(area["code"] for area in manifest(folder)["areas"])
    return {code for code, times in recorded.items() if times > 1} | (before & set(made))
