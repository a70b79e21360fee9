"""Counts what `sanlian report` loses, doubles, garbles or leaves behind when things go wrong.

    python tests/faults/run.py                        some 20 minutes
    python tests/faults/run.py --small                the same in a few minutes, for CI
    python tests/faults/run.py --kills 200 --areas 500
    python tests/faults/run.py --only disk --only ledger

Every line is one fault, acted out with the real command line on a ledger made
for it. `lost`: areas that are not there in the end, with every file as it was
noted; `doubled`: made again although they were done, or recorded twice; `other
bytes`: files that differ from an undisturbed run; `left`: processes that still
live 5 seconds after the run, unfinished files and locks. Status 1 if anything
is wrong. Needs Linux; a full disk and a folder that cannot be written need root.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import scene
from scene import Run, Scene, write_ledger


@dataclass
class Row:
    """What came of a fault; `wrong` in words, beyond the counts."""

    fault: str
    runs: int = 0
    areas: int = 0
    lost: int = 0
    doubled: int = 0
    different: int = 0
    left: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def right(self) -> bool:
        return not (self.lost or self.doubled or self.different or self.left or self.wrong)

    def expect(self, truth: bool, otherwise: str) -> None:
        if not truth:
            self.wrong.append(otherwise)

    def ended(self, run: Run, status: int, *words: str, killed: bool = False) -> None:
        """Check how a run ended: its status, what it said, what it left.

        `killed`: a part of it was, which may leave temporary files, as may a run
        that was stopped.
        """
        self.runs += 1
        found = run.wait()
        self.expect(found == status, f"status {found}, not {status}: {run.said[-300:]}")
        self.expect("Traceback" not in run.said, f"a traceback: {run.said[-300:]}")
        for word in words:
            self.expect(word in run.said, f"nothing about {word!r}: {run.said[-300:]}")
        self.left += map(str, run.alone())
        if not killed and status != 2:
            self.left += [path.name for path in run.temporary.iterdir()]

    def complete(self, run: Run, expected: dict[str, str], before: set[str], wanted: int) -> None:
        """Check what a run that came to its end has left in the folder."""
        self.areas += wanted
        codes = {area["code"] for area in scene.manifest(run.folder)["areas"]}
        self.expect(len(codes) == wanted, f"{len(codes)} areas are recorded, not {wanted}")
        self.lost += len(scene.lost(run.folder, codes)) + max(0, wanted - len(codes))
        self.doubled += len(scene.doubled(run.folder, before, run.made))
        self.doubled += sum(times - 1 for times in Counter(run.made).values())
        self.different += len(scene.different(run.folder, expected))
        self.left += scene.leftovers(run.folder)


class Stage:
    """A folder for everything, chance that can be repeated, and how much is wanted."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.folder, self.kills, self.areas = folder, asked.kills, asked.areas
        self.chance = random.Random(asked.seed)
        self._plays: dict[str, Play] = {}

    def play(self, name: str, areas: int, source: str = scene.QUICK) -> Play:
        """A scene that has been run once without any fault."""
        if name not in self._plays:
            self._plays[name] = Play(self, Scene(self.folder / name, areas, source))
        return self._plays[name]


class Play:
    """A scene with what an undisturbed run of it gives."""

    def __init__(self, stage: Stage, what: Scene) -> None:
        self.scene, self.chance = what, stage.chance
        began = time.monotonic()
        run = what.begun(what.folder / "undisturbed")
        run.until(lambda one: bool(one.events))
        self.loading = time.monotonic() - began
        if run.wait() != 0:
            raise SystemExit(f"the undisturbed run of {what.folder.name} failed: {run.said}")
        self.seconds = time.monotonic() - began
        self.expected = scene.content(run.folder)
        self.wanted = what.areas + 1
        self._outs = 0

    def out(self) -> Path:
        """A new folder for a run."""
        self._outs += 1
        return self.scene.folder / f"out-{self._outs}"

    def moment(self) -> float:
        """Seconds after the start: one in five anywhere, the others while reports are made."""
        first = 0.0 if self.chance.random() < 0.2 else self.loading
        return self.chance.uniform(first, self.seconds)

    def later(self, run: Run) -> None:
        """Wait for a moment while a run makes reports."""
        run.until(lambda one: bool(one.events))
        time.sleep(self.chance.uniform(0.0, 0.9 * (self.seconds - self.loading)))

    def resumed(self, row: Row, out: Path, before: set[str]) -> None:
        """Go on in `out` and check that everything is there, once and right."""
        run = self.scene.ended(out, "--resume")
        row.ended(run, 0)
        row.complete(run, self.expected, before, self.wanted)
        shutil.rmtree(out)


# --- processes that are ended ---------------------------------------------------------


def parent_killed(stage: Stage) -> Iterator[Row]:
    """`kill -9` of the command at random moments, sometimes of the next one too."""
    for play, times in (
        (stage.play("quick", 12), stage.kills),
        (stage.play("shipped", 5, source=""), max(1, stage.kills // 8)),
    ):
        row = Row(f"kill -9 of the command, {play.scene.folder.name} notebooks")
        slowest = 0.0
        for _ in range(times):
            out, more = play.out(), ()
            for _ in range(play.chance.choice((1, 1, 2))):
                run = play.scene.begun(out, *more)
                time.sleep(play.moment())
                run.signal(signal.SIGKILL)
                ended = time.monotonic()
                row.runs += 1
                row.left += map(str, run.alone())
                slowest, more = max(slowest, time.monotonic() - ended), ("--resume",)
            play.resumed(row, out, scene.noted(run.folder))
        row.note = f"the last process was gone after {slowest:.1f} s"
        yield row


def command_stopped(stage: Stage) -> Iterator[Row]:
    """SIGTERM and Ctrl-C while reports are made, and while everything is loaded."""
    play = stage.play("quick", 12)
    for signum in (signal.SIGTERM, signal.SIGINT):
        row = Row(f"{signum.name} to the command")
        for _ in range(max(2, stage.kills // 8)):
            out = play.out()
            run = play.scene.begun(out)
            play.later(run)
            began = time.monotonic()
            run.signal(signum)
            row.expect(time.monotonic() - began < 5, "it took more than 5 s to stop")
            if "reports made" not in run.said:  # it may have come to its end before
                row.ended(run, 2, "--resume")
                row.left += [one for one in scene.leftovers(run.folder) if one != "journal.jsonl"]
            play.resumed(row, out, scene.noted(run.folder))
        yield row
        row = Row(f"{signum.name} while everything is loaded")
        for part in (0.4, 0.6, 0.8):
            run = play.scene.begun(play.out())
            time.sleep(part * play.loading)
            os.killpg(run.process.pid, signum)  # as a terminal does
            run.wait()
            row.runs += 1
            row.expect(run.process.returncode != 0, "it went on")
            row.expect("Traceback" not in run.said, f"a traceback: {run.said[-300:]}")
            row.left += map(str, run.alone())
        yield row


def processes_of_notebooks(stage: Stage) -> Iterator[Row]:
    """Whatever ends a run: what its notebooks have started ends with it."""
    begun = stage.folder / "sleeping"
    begun.mkdir()
    source = (
        "import subprocess, time\nfrom pathlib import Path\n"
        "sleeping = subprocess.Popen(['sleep', '600'])\n"
        f"Path({str(begun)!r}, str(sleeping.pid)).touch()\n"
        "time.sleep(600)"
    )
    what = Scene(stage.folder / "sleepers", 3, source)
    for name in ("kill -9", "SIGTERM"):
        row = Row(f"notebooks with processes of their own: {name}", 1)
        _cleared(begun)
        run = what.begun(what.folder / name)
        run.until(lambda _: len(list(begun.iterdir())) >= 2)
        run.signal(signal.SIGKILL if name == "kill -9" else signal.SIGTERM)
        row.left += map(str, run.alone())
        yield row


def crew_killed(stage: Stage) -> Iterator[Row]:
    """`kill -9` of the process that forks the workers: a new one goes on."""
    play, row = stage.play("quick", 12), Row("kill -9 of the crew")
    for _ in range(max(2, stage.kills // 8)):
        out = play.out()
        run = play.scene.begun(out)
        play.later(run)
        for crew in run.crew[:1]:
            crew.kill()
        row.ended(run, 0, killed=True)
        row.complete(run, play.expected, set(), play.wanted)
        shutil.rmtree(out)
    yield row


def worker_killed(stage: Stage) -> Iterator[Row]:
    """`kill -9` of a worker, and of a kernel: their area fails alone, and can be made later."""
    go, begun = stage.folder / "go on", stage.folder / "begun"
    begun.mkdir()
    go.touch()
    play = stage.play("waiting", 6, WAITING.format(go=str(go), begun=str(begun)))
    for what, word in (("worker", "(-9)"), ("kernel", "cell 3: the kernel's process was ended")):
        row = Row(f"kill -9 of a {what}")
        for _ in range(max(2, stage.kills // 8)):
            out = play.out()
            _cleared(begun)
            go.unlink()
            run = play.scene.begun(out)
            run.until(lambda _: any(begun.glob("*.kernel")))
            kernel = psutil.Process(int(next(begun.glob("*.kernel")).stem))
            (kernel.parent() if what == "worker" else kernel).kill()
            go.touch()
            row.ended(run, 1, "failed", killed=True)
            failed = scene.errors(run.folder)
            row.expect(len(failed) == 1, f"{len(failed)} areas failed, not 1")
            row.expect(word in str(failed), f"nothing about {word!r}: {failed}")
            made = {code for code, status in scene.statuses(run.folder).items() if status == "done"}
            play.resumed(row, out, made)
        yield row


#: A notebook that tells its process, and ends once it may.
WAITING = """
import os, time
from pathlib import Path
path = Path({begun!r}, str(os.getpid()))
path.touch()
path.rename(path.with_suffix(".kernel"))
while not Path({go!r}).exists():
    time.sleep(0.02)
print("area", area or "all")
"""


def _cleared(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


# --- notebooks that go wrong ----------------------------------------------------------

BROKEN = """
import ctypes, os, signal, subprocess, sys, threading, time
kind = {kinds}.get(area)
if kind == "error": raise ValueError(area)
if kind == "segfault": ctypes.string_at(0)
if kind == "memory":
    held = []
    while True: held.append(bytearray(20_000_000)); time.sleep(0.01)
if kind == "no memory": bytearray(1 << 46)
if kind == "loop":
    while True: pass
if kind == "deaf":
    signal.pthread_sigmask(signal.SIG_BLOCK, list(signal.Signals))
    while True: time.sleep(1)
if kind == "exit": os._exit(3)
if kind == "abort": os.abort()
if kind == "killed": os.kill(os.getpid(), signal.SIGKILL)
if kind == "process": subprocess.Popen(["sleep", "600"])
if kind == "thread": threading.Thread(target=time.sleep, args=[600]).start()
print("area", area or "all")
"""
SAID = {
    "error": "ValueError",
    "segfault": "cell 3: the kernel's process was ended by SIGSEGV",
    "memory": "cell 3: took more than 300 MB",
    "no memory": "MemoryError",
    "loop": "cell 3: ran for more than 8 s",
    "deaf": "cell 3: ran for more than 8 s",
    "exit": "cell 3: the kernel's process exited (3)",
    "abort": "cell 3: the kernel's process was ended by SIGABRT",
    "killed": "cell 3: the kernel's process was ended by SIGKILL",
}
HARMLESS = ("process", "thread")


def broken_notebooks(stage: Stage) -> Iterator[Row]:
    """Every way in which a notebook can go down; the others are as if nothing had been."""
    whole = stage.play("whole", 2 * len(SAID) + len(HARMLESS) + 3)
    kinds = dict(zip(sorted(whole.scene.wanted)[::1], (*SAID, *HARMLESS, *SAID), strict=False))
    broken = Scene(stage.folder / "broken", whole.scene.areas, BROKEN.format(kinds=kinds))
    run = broken.ended(whole.out(), "--timeout", "8", "--max-memory", "300")
    for number, kind in enumerate(SAID):
        row = Row(f"notebook: {kind}")
        codes = {code for code, name in kinds.items() if name == kind}
        failed = {code: error for code, error in scene.errors(run.folder).items() if code in codes}
        row.areas = len(codes)
        row.expect(failed.keys() == codes, f"{len(failed)} of {len(codes)} are recorded as failed")
        row.expect(all(SAID[kind] in error for error in failed.values()), f"said {failed}")
        kept = [path.name for code in codes for path in run.folder.glob(f"{code}-*/*")]
        row.expect(kept == ["county.ipynb"] * len(codes), f"kept {kept}")
        if number == 0:
            row.ended(run, 1, "failed")
        yield row
    row = Row("notebook: leaves a process, a thread; others right", 1)
    good = broken.wanted - {code for code, kind in kinds.items() if kind in SAID}
    row.areas = len(good)
    row.lost = len(scene.lost(run.folder, good))
    # the cells differ, what they print does not
    for code in good - {"overview"}:
        pages = [folder / f"{code}-县{int(code) - 210100}/county.ipynb" for folder in (
            run.folder, whole.scene.folder / "undisturbed" / scene.POLICY / scene.DATE)]  # fmt: skip
        row.different += len({_printed(page) for page in pages}) - 1
    row.left += scene.leftovers(run.folder)
    yield row


def _printed(page: Path) -> str:
    import nbformat

    return str([cell.outputs for cell in nbformat.read(page, 4).cells])


def failing_tenth(stage: Stage) -> Iterator[Row]:
    """Many areas of which one in ten fails; once mended, those alone are made."""
    flag = stage.folder / "failing"
    flag.touch()
    source = (
        "from pathlib import Path\n"
        f"assert area[-1:] != '7' or not Path({str(flag)!r}).exists(), area\n"
        "print('area', area or 'all')"
    )
    what = Scene(stage.folder / "many", stage.areas, source)
    out, row = what.folder / "out", Row(f"{stage.areas} areas, one in ten fails")
    run = what.ended(out)
    row.ended(run, 1, "failed")
    failing = {code for code in what.wanted if code.endswith("7")}
    row.areas = len(what.wanted)
    row.expect(scene.errors(run.folder).keys() == failing, "others failed")
    row.lost = len(scene.lost(run.folder, what.wanted - failing))
    index = (run.folder / "index.html").read_text("utf-8")
    row.expect(index.count("AssertionError") == len(failing), "the index does not list them all")
    kept = [path.name for code in failing for path in run.folder.glob(f"{code}-*/*")]
    row.expect(kept == ["county.ipynb"] * len(failing), "failed notebooks are not kept")
    row.left += scene.leftovers(run.folder)
    yield row
    flag.unlink()
    row = Row("the same mended, --resume")
    again = what.ended(out, "--resume")
    row.ended(again, 0)
    row.expect(set(again.made) == failing, f"made {len(again.made)} again, not {len(failing)}")
    whole = what.ended(what.folder / "undisturbed")
    row.complete(again, scene.content(whole.folder), what.wanted - failing, len(what.wanted))
    yield row


# --- disks and folders ----------------------------------------------------------------


@contextmanager
def mounted(place: Path, options: str) -> Iterator[bool]:
    """A small disk in memory; False where one may not mount."""
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def remounted(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def full_disk(stage: Stage) -> Iterator[Row]:
    """A disk that fills up at different points of the run, and gets more space."""
    play = stage.play("large", 6, source="print('0123456789' * 20_000, area)")
    row = Row("full disk")
    for kilobytes in range(100, 6000, 800 if stage.kills > 20 else 1900):
        with mounted(stage.folder / f"disk-{kilobytes}", f"size={kilobytes}k") as done:
            if not done:
                row.note = "not acted out: mounting needs root"
                break
            out = stage.folder / f"disk-{kilobytes}" / "out"
            run = play.scene.ended(out)
            if run.wait() != 0:
                row.ended(run, 2, "--resume" if kilobytes > 100 else "", "No space left")
                row.left += [one for one in scene.leftovers(run.folder) if one != "journal.jsonl"]
            before = scene.noted(run.folder)
            remounted(out.parent, "size=64m")
            play.resumed(row, out, before)
    yield row


def unwritable_folder(stage: Stage) -> Iterator[Row]:
    """A folder that can only be read: nothing is made, a message says why."""
    play, row = stage.play("quick", 12), Row("folder that can only be read")
    with mounted(stage.folder / "read-only", "size=16m") as done:
        place = stage.folder / "read-only"
        if done:
            remounted(place, "ro")
        elif os.geteuid() != 0:
            place.chmod(0o555)
        else:
            row.note = "not acted out: root may write everywhere, and may not mount here"
            yield row
            return
        run = play.scene.ended(place / "out")
        row.ended(run, 2, "cannot be written", "--out")
        row.expect(not run.made, "areas were made")
    yield row


# --- others who are at work -----------------------------------------------------------


def two_runs(stage: Stage) -> Iterator[Row]:
    """A second run into the folder of a first: refused, and the first goes on."""
    row, go = Row("two runs into one folder"), stage.folder / "go on with the first"
    source = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.05)"
    waiting = Scene(stage.folder / "two", 4, source)
    out = waiting.folder / "out"
    first = waiting.begun(out)
    first.until(lambda run: bool(run.events))
    second = waiting.ended(out)
    row.ended(second, 2, "another run is writing here")
    row.expect(not second.made, "the second made areas")
    go.touch()
    row.ended(first, 0)
    whole = waiting.ended(waiting.folder / "undisturbed")
    row.complete(first, scene.content(whole.folder), set(), 5)
    yield row


def ledger_rewritten(stage: Stage) -> Iterator[Row]:
    """The ledger is saved again, or removed, in the middle of a run."""
    source = "import time; time.sleep(0.3); print(area)"
    play = stage.play("watched", 8, source)
    changed = Scene(stage.folder / "changed", 8, source)
    write_ledger(changed.folder, 8, first=9)
    other = scene.content(changed.ended(changed.folder / "out").folder)
    for what in ("rewritten", "replaced", "removed"):
        row, own = Row(f"ledger {what} during the run"), Scene(stage.folder / what, 8, source)
        out = own.folder / "out"
        run = own.begun(out)
        run.until(lambda one: len(one.made) >= 3)
        _change(own.folder, what)
        row.ended(run, 2, "changed during the run")
        done = scene.noted(run.folder)
        row.expect(3 <= len(done) < 9, f"{len(done)} were done")
        whole = [name for name in scene.content(run.folder) if name.endswith("county.html")]
        row.expect(
            len(whole) == len(done - {"overview"}), f"{len(whole)} of {len(done)} stand there"
        )
        row.different += sum(
            scene.content(run.folder)[name] != play.expected[name] for name in whole
        )
        if what == "removed":
            write_ledger(own.folder, 8)
        again = own.ended(out, "--resume")
        row.ended(again, 0)
        before = done if what == "removed" else set()  # all the others are made anew
        row.complete(again, play.expected if what == "removed" else other, before, play.wanted)
        yield row


def _change(folder: Path, what: str) -> None:
    if what == "removed":
        (folder / "台账.csv").unlink()
    elif what == "rewritten":
        write_ledger(folder, 8, first=9)
    else:
        write_ledger(folder / "new", 8, first=9)
        (folder / "new" / "台账.csv").replace(folder / "台账.csv")


def equal_inputs(stage: Stage) -> Iterator[Row]:
    """Two runs with other jobs at a time and all formats give the same bytes."""
    play = stage.play("shipped", 5, source="")
    row = Row("the same again: every format, 1 and 3 at a time")
    formats = ("--format", "ipynb,html,pdf,pptx,docx,xlsx")
    first = play.scene.ended(play.out(), *formats, "--jobs", "1")
    second = play.scene.ended(play.out(), *formats, "--jobs", "3")
    row.ended(first, 0)
    row.ended(second, 0)
    row.complete(second, scene.content(first.folder), set(), play.wanted)
    pages = {name for name in play.expected if name != "index.html"}
    found = scene.content(first.folder)
    row.different += sum(found[name] != play.expected[name] for name in pages)
    yield row


FAULTS: dict[str, Callable[[Stage], Iterator[Row]]] = {
    "kill": parent_killed,
    "stop": command_stopped,
    "processes": processes_of_notebooks,
    "crew": crew_killed,
    "worker": worker_killed,
    "notebook": broken_notebooks,
    "many": failing_tenth,
    "disk": full_disk,
    "folder": unwritable_folder,
    "two": two_runs,
    "ledger": ledger_rewritten,
    "equal": equal_inputs,
}

HEAD = ("fault", "runs", "areas", "lost", "doubled", "other bytes", "left", "")


def main() -> int:
    """Act out every fault and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, help="of the command (40)")
    parser.add_argument("--areas", type=int, help="of the large run (200)")
    parser.add_argument("--small", action="store_true", help="6 kills, 30 areas")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--only", action="append", choices=FAULTS, help="may be repeated")
    asked = parser.parse_args()
    asked.kills = asked.kills or (6 if asked.small else 40)
    asked.areas = asked.areas or (30 if asked.small else 200)
    began, right = time.monotonic(), True
    print("{:56}{:>6}{:>7}{:>6}{:>9}{:>13}{:>6}  {}".format(*HEAD))
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        stage = Stage(Path(folder), asked)
        for name in asked.only or FAULTS:
            for row in FAULTS[name](stage):
                right = row.right and right
                _show(row)
    minutes = (time.monotonic() - began) / 60
    print(f"{'all right' if right else 'WRONG'}, {minutes:.1f} minutes, seed {asked.seed}")
    return 0 if right else 1


def _show(row: Row) -> None:
    left = f"left: {', '.join(row.left)}" if row.left else ""
    verdict = row.note if row.right else "; ".join(filter(None, ["WRONG", *row.wrong, left]))
    print(f"{row.fault:56}{row.runs:6}{row.areas:7}{row.lost:6}{row.doubled:9}{row.different:13}"
          f"{len(row.left):6}  {verdict or 'right'}", flush=True)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
