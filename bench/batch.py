"""Seconds per notebook in a batch: papermill as it comes, ours, and what the cells alone take.

    python bench/batch.py                          minutes: peers, ours, the limit, growth to 100
    python bench/batch.py --small                  the same in less time, to see that it runs
    python bench/batch.py --growth 1 10 100 1000

Two notebooks: the project's own county notebook on the Yuncheng ledger, and one
that draws four charts with pyplot. Peers: the papermill command line, one after
another and two at a time, and papermill from Python in a pool of two processes.
"Ours": the crew of `sanlian report`, with one worker and two, writing notebooks
alone, and notebooks and pages. Ours also writes every chart of the county
notebook as SVG, the peers do not.

The limit: the same cells, run by IPython in a process that has everything
loaded, ledger and results included (SVG too, for the county notebook), over the
number of workers; nothing that runs a notebook can be quicker. "÷ alone" is held
against such processes, as many at a time, which on two cores of one processor
are slower each than one; "× papermill" against the command line with as many at
a time.

Ours is timed from the first job to the last, its crew loaded; "first" is the time
from pressing Enter to the first finished report of `sanlian report`. Private
memory: the most that a worker and its kernel held at a time that they do not
share with others.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import nbformat
import psutil

from sanlian_analysis.report.jobs import Inputs, Job, Wanted
from sanlian_analysis.report.pool import ForkingPool

ROOT = Path(__file__).parents[1]
LEDGER, FRAME = ROOT / "data/ledgers/yuncheng-2019.xlsx", ROOT / "data/frames/yuncheng.csv"
POLICY, DATE = "yuncheng-2019", "2020-12-31"
AREAS = [*(f"1408{n}" for n in ("02", *range(21, 31), "81", "82"))]
CHARTS = """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

chance = np.random.default_rng(int(area))
data = pd.DataFrame({"x": chance.normal(size=500), "y": chance.gamma(2, size=500)})
"""
CHART = """
figure, axes = plt.subplots(figsize=(7, 4))
axes.{draw}
axes.set_title("{draw}")
plt.show()
"""
DRAWN = ("scatter(data.x, data.y, s=8)", "hist(data.y, bins=40)", "plot(data.x.cumsum())",
         "bar(range(20), data.y[:20])")  # fmt: skip


#: Makes notebooks in a folder; gives the seconds that each took.
Contestant = Callable[[Path], float]


@dataclass(frozen=True)
class Subject:
    """A notebook that is run for area after area, and how many pictures it shows at least."""

    name: str
    path: Path
    pictures: int

    def check(self, shown: int) -> None:
        """Whoever shows fewer has not done the work."""
        if shown < self.pictures:
            raise SystemExit(
                f"{self.name}: {shown} pictures of {self.pictures}, nothing to compare"
            )


def four_charts(folder: Path) -> Path:
    """The other notebook, with the parameters that every notebook here has."""
    texts = ("ledger", "frame", "policy", "area", "date", "lang")
    declared = "\n".join([*(f"{name} = ''" for name in texts), "assume = []"])
    cells = [nbformat.v4.new_code_cell(declared, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(CHARTS)]
    cells += [nbformat.v4.new_code_cell(CHART.format(draw=draw)) for draw in DRAWN]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, folder / "four_charts.ipynb")
    return folder / "four_charts.ipynb"


def parameters(area: str) -> dict[str, str]:
    return {
        "ledger": str(LEDGER),
        "frame": str(FRAME),
        "policy": POLICY,
        "area": area,
        "date": DATE,
        "lang": "zh",
    }


# --- the peers ------------------------------------------------------------------------


def with_command(subject: Subject, count: int, at_a_time: int, folder: Path) -> float:
    def one(number: int) -> None:
        command = [sys.executable, "-m", "papermill", str(subject.path), f"{folder}/{number}.ipynb"]
        for name, value in parameters(AREAS[number % len(AREAS)]).items():
            command += ["-r", name, value]
        subprocess.run([*command, "--no-progress-bar", "--log-level", "ERROR"], check=True)

    start = time.perf_counter()
    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(one, range(count)))
    return (time.perf_counter() - start) / count


def with_api(subject: Subject, count: int, folder: Path) -> float:
    tasks = [
        (str(subject.path), f"{folder}/{n}.ipynb", parameters(AREAS[n % len(AREAS)]))
        for n in range(count)
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(api_run, tasks[:2]))  # imports are not counted
        start = time.perf_counter()
        list(pool.map(api_run, tasks))
        return (time.perf_counter() - start) / count


def api_run(task: tuple[str, str, dict[str, str]]) -> None:
    import papermill

    source, target, given = task
    papermill.execute_notebook(source, target, given, progress_bar=False)


# --- ours -----------------------------------------------------------------------------


def jobs(subject: Subject, folder: Path, count: int, formats: tuple[str, ...]) -> Iterator[Job]:
    for number in range(count):
        code = AREAS[number % len(AREAS)]
        yield Job(
            code=code,
            name=code,
            notebook=str(subject.path),
            inputs=INPUTS,
            date=DATE,
            workshop=str(folder / str(number)),
            folder=code,
            stem="county",
            formats=formats,
        )


INPUTS = Inputs(str(LEDGER), str(FRAME), POLICY, (), "zh")


def with_ours(
    subject: Subject, count: int, workers: int, formats: tuple[str, ...], folder: Path
) -> float:
    with _crew(subject, folder, workers, formats) as pool:
        start = time.perf_counter()
        _run(pool, jobs(subject, folder, count, formats))
        return (time.perf_counter() - start) / count


def megabytes_of_ours(subject: Subject, folder: Path, workers: int) -> float:
    """In a run of its own: looking takes time."""
    formats = ("ipynb", "html")
    with _crew(subject, folder, workers, formats) as pool, _private_memory(workers) as most:
        _run(pool, jobs(subject, folder, 3 * workers, formats))
    return most[0]


@contextmanager
def _crew(
    subject: Subject, folder: Path, workers: int, formats: tuple[str, ...]
) -> Iterator[ForkingPool]:
    """A pool whose crew is loaded."""
    pool = ForkingPool([Wanted(INPUTS, DATE)], workers)
    try:
        _run(pool, jobs(subject, folder / "warm", 1, formats))
        yield pool
    finally:
        pool.close()


def _run(pool: ForkingPool, wanted: Iterator[Job]) -> None:
    for future in [pool.submit(job) for job in wanted]:
        _checked(future.result())


def _checked(made: object) -> None:
    error = getattr(made, "error", "")
    if error:
        raise SystemExit(f"a notebook failed, so there is nothing to measure: {error}")


@contextmanager
def _private_memory(workers: int) -> Iterator[list[float]]:
    """Megabytes per worker that are its own or its kernel's, at the highest; looked at often."""
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            total = 0.0
            for crew in psutil.Process().children():
                for process in crew.children(recursive=True):
                    try:
                        total += process.memory_full_info().uss / 2**20
                    except psutil.Error:
                        continue
            most[0] = max(most[0], total / workers)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


# --- the limit ------------------------------------------------------------------------


def limit(subject: Subject, count: int, processes: int) -> float:
    """Seconds that the cells of one notebook take in warm processes, so many at a time."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(cells_alone, subject, count) for _ in range(processes)]
        return statistics.mean(future.result() for future in running) / processes


def cells_alone(subject: Subject, count: int) -> float:
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats
    from IPython.utils.capture import capture_output

    from sanlian_analysis.charts.figure import vectors_too
    from sanlian_analysis.report.warm import warm_up

    matplotlib.use("module://matplotlib_inline.backend_inline")  # as in a kernel
    warm_up([Wanted(INPUTS, DATE)])
    gc.freeze()  # what is loaded is not searched for garbage
    shell = InteractiveShell.instance()
    sources = [
        cell.source for cell in nbformat.read(subject.path, 4).cells if cell.cell_type == "code"
    ]
    if any("pyplot" in source for source in sources):
        select_figure_formats(shell, {"png"})  # as a kernel does on that import
    seconds = []
    with vectors_too():
        for number in range(count + 1):
            given = {**parameters(AREAS[number % len(AREAS)]), "assume": []}
            pictures, start = 0, time.perf_counter()
            for at, source in enumerate(sources):
                with capture_output() as shown:
                    shell.run_cell(source).raise_error()
                    shell.user_ns.update(given if at == 0 else {})
                for output in shown.outputs:
                    base64.b64encode(str(output.data).encode())
                pictures += sum("image/png" in output.data for output in shown.outputs)
            seconds.append(time.perf_counter() - start)
            subject.check(pictures)
            shell.reset(new_session=False)
    return sum(seconds[1:]) / count


# --- all of it ------------------------------------------------------------------------


def first_report(folder: Path) -> float:
    """Seconds from pressing Enter to the first finished report."""
    command = [str(Path(sys.executable).with_name("sanlian")), "report", str(LEDGER)]
    command += ["--frame", str(FRAME), "--policy", POLICY, "--out", str(folder), "--json-progress"]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if json.loads(line)["event"] == "area":
                seconds = time.perf_counter() - start
                process.terminate()
                return seconds
    raise SystemExit("no report was made")


def contestants(subject: Subject, count: int, few: int) -> dict[str, tuple[int, Contestant]]:
    """Name, how many work at a time, and what gives seconds per notebook in a folder."""
    pages = ("ipynb", "html")
    there: dict[str, tuple[int, Contestant]] = {}
    for n in (1, 2):
        there |= {
            f"cells alone, {n} at a time": (n, lambda own, n=n: limit(subject, count, n)),
            f"papermill command, {n} at a time": (n, partial(with_command, subject, few, n)),
            f"ours, {n} at a time": (n, partial(with_ours, subject, count, n, ("ipynb",))),
            f"ours with pages, {n} at a time": (n, partial(with_ours, subject, count, n, pages)),
        }
    return there | {"papermill API, pool of 2": (2, partial(with_api, subject, few))}


def compare(subject: Subject, folder: Path, count: int, few: int, rounds: int) -> None:
    """Print a line per contestant for one notebook, who take turns: the machine is not steady."""
    there = contestants(subject, count, few)
    seconds: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(rounds):
        for name, (_, run) in there.items():
            with tempfile.TemporaryDirectory(dir=folder) as own:
                seconds[name].append(run(Path(own)))
                for notebook in Path(own).rglob("*.ipynb"):
                    subject.check(notebook.read_text(encoding="utf-8").count('"image/png": "'))
    found = {name: statistics.median(times) for name, times in seconds.items()}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        megabytes = megabytes_of_ours(subject, Path(own), 2)
    print(f"\n{subject.name}; {rounds} rounds of {count} notebooks, {few} for papermill; medians")
    heads = f"{'s/notebook':>11}{'÷ limit':>9}{'÷ alone':>9}{'× papermill':>13}"
    print(f"{'':30}{heads}   from … to")
    for name, (workers, _) in there.items():
        ideal = found["cells alone, 1 at a time"] / workers
        alone = found[f"cells alone, {workers} at a time"]
        peer = found[f"papermill command, {workers} at a time"]
        print(f"{name:30}{found[name]:11.3f}{found[name] / ideal:9.2f}{found[name] / alone:9.2f}"
              f"{peer / found[name]:13.1f}   {min(seconds[name]):.3f} … {max(seconds[name]):.3f}",
              flush=True)  # fmt: skip
    print(f"private memory of a worker and its kernel, with pages: {megabytes:.0f} MB", flush=True)


def growth(subject: Subject, folder: Path, counts: list[int]) -> None:
    print(f"\n{subject.name}, ours, 2 workers, growing")
    print(f"{'notebooks':>10}{'s':>9}{'s/notebook':>12}")
    for count in counts:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            seconds = with_ours(subject, count, 2, ("ipynb",), Path(own))
        print(f"{count:10}{seconds * count:9.1f}{seconds:12.3f}", flush=True)


def main() -> int:
    """Print everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--growth", type=int, nargs="*", default=[1, 10, 100])
    asked = parser.parse_args()
    count, few, rounds = (2, 1, 1) if asked.small else (8, 4, 3)
    cores = len(os.sched_getaffinity(0))
    print(f"load {os.getloadavg()[0]:.1f}, {cores} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects = [
            Subject("county notebook", ROOT / "notebooks" / "county_report.ipynb", 8),
            Subject("four charts", four_charts(folder), 4),
        ]
        print(f"first report of `sanlian report` after {first_report(folder / 'first'):.1f} s")
        for subject in subjects:
            compare(subject, folder, count, few, rounds)
        growth(subjects[1], folder, [1, 4] if asked.small else asked.growth)
    return 0


if __name__ == "__main__":
    sys.exit(main())
