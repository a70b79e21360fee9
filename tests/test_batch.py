"""The batch when things go wrong: what is kept, what is said, what is left. See also faults/."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import nbformat
import psutil
import pytest
from faults import scene
from faults.scene import Scene

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import whole_file
from sanlian_analysis.report import batch, crew, jobs, pool, run_folder
from sanlian_analysis.report.batch import run_reports
from sanlian_analysis.report.jobs import Inputs, Job, Made
from sanlian_analysis.report.manifest import (
    JOURNAL,
    MANIFEST,
    AreaRecord,
    note,
    reusable,
    sha256,
    write_manifest,
)
from sanlian_analysis.report.orders import Order, workers
from sanlian_analysis.report.pool import ForkingPool, SpawningPool
from sanlian_analysis.report.progress import Progress

# One worker runs them one after another: what they share is made once, and the cores are theirs.
pytestmark = pytest.mark.xdist_group("batch")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux alone")

AREAS = 4


def order(folder, out, **more):
    """An order on a scene; its files are named as its own runs name them."""
    return Order("台账.csv", scene.POLICY, "名录.csv", out=str(out), **more)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A scene whose overview, the last of all, waits as long as there is a file `hold`."""
    folder = tmp_path_factory.mktemp("quick")
    waiting = f"while not area and os.path.exists({str(folder / 'hold')!r}): time.sleep(0.02)"
    return Scene(folder, AREAS, f"import os, time\n{waiting}\n{scene.QUICK}")


@pytest.fixture
def held(quick, undisturbed):
    """Runs of the quick scene that do not come to their end while the test goes on."""
    (quick.folder / "hold").touch()
    yield quick
    (quick.folder / "hold").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def shared(quick):
    """A crew for all tests that do not harm it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(quick.folder)
        with workers([order(quick.folder, "")]) as pool:
            yield pool


@pytest.fixture
def here(quick, monkeypatch):
    """The scene's folder as the working folder, and its notebooks as those that are shipped."""
    monkeypatch.chdir(quick.folder)
    use_notebooks(monkeypatch, quick.folder / "notebooks")
    return quick


def use_notebooks(monkeypatch, folder):
    monkeypatch.setattr(batch, "notebook_folder", lambda: folder)


@pytest.fixture(scope="module")
def undisturbed(quick, shared):
    """The folder of a run to which nothing happened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(quick.folder)
        use_notebooks(patch, quick.folder / "notebooks")
        patch.setenv("SANLIAN_LANG", "en")  # as the runs in processes of their own
        from sanlian_analysis.language import using

        with using("en"):
            return run_reports(order(quick.folder, quick.folder / "whole"), shared).folder


# --- a pool without processes ---------------------------------------------------------


def made_at_once(job):
    """As a worker would: a page in the workshop."""
    workshop = Path(job.workshop)
    workshop.mkdir(parents=True)
    page = workshop / f"{job.stem}.html"
    page.write_text(f"{job.code} {job.date}", "utf-8")
    return Made({page.name: sha256(page)}, 0.1)


class AtOnce:
    """A pool that makes every job when it is submitted."""

    def __init__(self, make=made_at_once):
        self.make, self.jobs, self.closed = make, [], False

    def submit(self, job):
        self.jobs.append(job)
        future = Future()
        future.set_result(self.make(job))
        return future

    def close(self):
        self.closed = True


class Told(Progress):
    """Progress that does something with every record."""

    def __init__(self, do):
        super().__init__("quiet")
        self.do = do

    def made(self, record):
        super().made(record)
        self.do(record)


def codes(run):
    return {record.code: record.status for record in run.records}


# --- what can be used again -----------------------------------------------------------


FINGERPRINTS = {"210106": "f1", "210303": "f2"}


@pytest.fixture
def area(tmp_path):
    """Make an area's page in `tmp_path`, and give its record."""

    def make(code="210106", status="done", fingerprint=None, text="page"):
        name = f"{code}-区/county.html"
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
        files = {name: sha256(tmp_path / name)}
        return AreaRecord(code, "区", status, files, 1.0, "", fingerprint or FINGERPRINTS[code])

    return make


def test_what_is_noted_can_be_used_again(tmp_path, area):
    record = area()
    note(tmp_path, record)
    assert reusable(tmp_path, FINGERPRINTS) == {"210106": record}


def test_what_the_manifest_holds_can_be_used_again(tmp_path, area):
    records = [area(), area("210303", "skipped")]
    write_manifest(tmp_path, {"date": "2022-12-31"}, records)
    assert not (tmp_path / JOURNAL).exists()
    assert reusable(tmp_path, FINGERPRINTS) == {record.code: record for record in records}


def test_nothing_is_there_to_be_used_again(tmp_path):
    assert reusable(tmp_path, FINGERPRINTS) == {}


def test_a_line_that_was_cut_short_counts_as_not_there(tmp_path, area):
    note(tmp_path, area())
    whole = (tmp_path / JOURNAL).read_bytes()
    for length in range(1, len(whole) - 1):
        (tmp_path / JOURNAL).write_bytes(whole[:length])
        assert reusable(tmp_path, FINGERPRINTS) == {}


def test_a_line_that_was_cut_short_does_not_swallow_the_next(tmp_path, area):
    note(tmp_path, area())
    with (tmp_path / JOURNAL).open("r+b") as stream:
        stream.truncate((tmp_path / JOURNAL).stat().st_size - 9)
    record = area("210303")
    note(tmp_path, record)
    assert reusable(tmp_path, FINGERPRINTS) == {"210303": record}


def nested(depth):
    return "[" * depth + "]" * depth


GARBAGE = (
    *("", "\0", "null", "[]", "{", '"areas"', "5", nested(100_000)),
    *('{"areas": null}', '{"areas": 1}', '{"areas": {"a": 1}}', '{"areas": [1, null, []]}'),
    '{"areas": [{"code": "210106"}]}',
    '{"areas": [{"code": "210106", "name": "", "status": "done", "colour": "red"}]}',
)


@pytest.mark.parametrize("content", GARBAGE)
def test_a_manifest_of_garbage_counts_as_not_there(tmp_path, area, content):
    (tmp_path / MANIFEST).write_text(content, "utf-8")
    assert reusable(tmp_path, FINGERPRINTS) == {}
    record = area()
    note(tmp_path, record)
    assert reusable(tmp_path, FINGERPRINTS) == {"210106": record}


@pytest.mark.parametrize("content", GARBAGE)
def test_a_line_of_garbage_counts_as_not_there(tmp_path, area, content):
    record = area()
    note(tmp_path, record)
    with (tmp_path / JOURNAL).open("ab") as stream:
        stream.write(content.encode() + b"\n\xff\xfe\n")
    assert reusable(tmp_path, FINGERPRINTS) == {"210106": record}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": []},
        {"code": {}},
        {"fingerprint": ["f1"]},
        {"files": ["210106-区/county.html"]},
        {"files": {"210106-区/county.html": 5}},
        {"files": None},
        {"files": {"\0": "x"}},
        {"files": {}},
        {"status": None},
    ],
)
@pytest.mark.parametrize("place", ["manifest", "journal"])
def test_a_record_of_other_things_counts_as_not_there(tmp_path, area, wrong, place):
    sound = vars(area("210303"))
    entries = [vars(area()) | wrong, sound]
    if place == "manifest":
        (tmp_path / MANIFEST).write_text(json.dumps({"areas": entries}), "utf-8")
    else:
        (tmp_path / JOURNAL).write_text("\n".join(map(json.dumps, entries)), "utf-8")
    assert reusable(tmp_path, FINGERPRINTS) == {"210303": AreaRecord(**sound)}


def test_what_was_made_from_other_things_is_made_again(tmp_path, area):
    note(tmp_path, area(fingerprint="other"))
    assert reusable(tmp_path, FINGERPRINTS) == {}


def test_what_was_made_without_a_fingerprint_is_made_again(tmp_path, area):
    note(tmp_path, AreaRecord(**(vars(area()) | {"fingerprint": ""})))
    assert reusable(tmp_path, {"210106": ""}) == {}


def test_what_was_later_made_from_other_things_is_made_again(tmp_path, area):
    note(tmp_path, area())
    note(tmp_path, area(fingerprint="other"))
    assert reusable(tmp_path, FINGERPRINTS) == {}


def test_the_journal_is_newer_than_the_manifest(tmp_path, area):
    write_manifest(tmp_path, {}, [area(text="before")])
    record = area(text="after")
    note(tmp_path, record)
    assert reusable(tmp_path, FINGERPRINTS) == {"210106": record}
    note(tmp_path, area(status="failed", text="after"))
    assert reusable(tmp_path, FINGERPRINTS) == {}


def test_what_failed_later_is_made_again_and_then_counts(tmp_path, area):
    note(tmp_path, area())
    note(tmp_path, area(status="failed"))
    assert reusable(tmp_path, FINGERPRINTS) == {}
    note(tmp_path, area())
    assert list(reusable(tmp_path, FINGERPRINTS)) == ["210106"]


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("other", "utf-8")])
def test_what_is_not_whole_is_made_again(tmp_path, area, change):
    note(tmp_path, area())
    note(tmp_path, area("210303"))
    change(tmp_path / "210106-区" / "county.html")
    assert list(reusable(tmp_path, FINGERPRINTS)) == ["210303"]


def test_what_nobody_wants_is_not_used(tmp_path, area):
    note(tmp_path, area())
    assert reusable(tmp_path, {"210303": "f2"}) == {}


# --- the folder of a run --------------------------------------------------------------


def test_a_folder_is_held_by_one_run(tmp_path):
    with run_folder.held(tmp_path), pytest.raises(SanlianError, match=r"另一次运行正在写.*--out"):
        run_folder.held(tmp_path).__enter__()
    with run_folder.held(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_free_after_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError), run_folder.held(tmp_path / "deep" / "er"):
        raise ZeroDivisionError
    with run_folder.held(tmp_path / "deep" / "er"):
        pass


def test_what_a_dead_run_left_is_cleared_away(tmp_path):
    kept = tmp_path / "210106-区" / ".making-kept"
    kept.mkdir(parents=True)
    for name in (".making-210106", ".replaced-210106-区"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "county.html").touch()
    writing = whole_file(tmp_path / "index.html")
    left = writing.__enter__()  # and then the process is killed
    assert left.exists()
    (tmp_path / "index.html").write_text("index", "utf-8")
    with run_folder.held(tmp_path):
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {"210106-区", "index.html", ".lock"}
        (tmp_path / ".making-210303").mkdir()
    assert {path.name for path in tmp_path.iterdir()} == {"210106-区", "index.html"}
    assert kept.is_dir()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "reports").touch()
    with (
        pytest.raises(SanlianError, match=r"写不进去.*--out"),
        run_folder.held(tmp_path / "reports" / "liaoning-2021"),
    ):
        pass


def job(place, code="210106", **more):
    inputs = Inputs("台账.csv", "", scene.POLICY, (), "zh")
    workshop, below = str(run_folder.workshop(place, code)), f"{code}-区"
    given = {"notebook": "county.ipynb", "inputs": inputs, "date": scene.DATE, "stem": "county"}
    given |= {"workshop": workshop, "folder": below, "formats": ("html",)}
    return Job(code, "区", **given | more)


def test_publishing_replaces_what_was_there(tmp_path):
    before = tmp_path / "210106-区"
    before.mkdir()
    (before / "county.pdf").touch()
    one = job(tmp_path, fingerprint="f1")
    record = run_folder.publish(tmp_path, one, made_at_once(one))
    assert [path.name for path in before.iterdir()] == ["county.html"]
    assert {path.name for path in tmp_path.iterdir()} == {"210106-区", JOURNAL}
    assert record.files == {"210106-区/county.html": sha256(before / "county.html")}
    assert reusable(tmp_path, {"210106": "f1"}) == {"210106": record}


def test_the_overview_is_published_into_the_folder_itself(tmp_path):
    one = job(tmp_path, "overview", folder="", stem="overview")
    (tmp_path / "overview.html").write_text("before", "utf-8")
    record = run_folder.publish(tmp_path, one, made_at_once(one))
    assert {path.name for path in tmp_path.iterdir()} == {"overview.html", JOURNAL}
    assert record.files == {"overview.html": sha256(tmp_path / "overview.html")}


def failing(after=0):
    """`Path.rename` that finds the disk full after so many calls."""
    rename, calls = Path.rename, []

    def replacement(path, target):
        calls.append(path)
        if len(calls) == after + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    return replacement


@pytest.mark.parametrize("after", [0, 1])
def test_publishing_that_fails_leaves_what_was_there(tmp_path, monkeypatch, after):
    before = tmp_path / "210106-区"
    before.mkdir()
    (before / "county.html").write_text("before", "utf-8")
    one = job(tmp_path)
    made = made_at_once(one)
    monkeypatch.setattr(Path, "rename", failing(after))
    with pytest.raises(SanlianError, match=r"无法继续（No space left on device）.*--resume"):
        run_folder.publish(tmp_path, one, made)
    assert (before / "county.html").read_text("utf-8") == "before"
    assert not (tmp_path / JOURNAL).exists()


def test_what_is_hopeless_is_not_published(tmp_path):
    one = job(tmp_path)
    made = made_at_once(one)
    with pytest.raises(SanlianError, match=r"无法继续（磁盘已满）.*--resume"):
        run_folder.publish(tmp_path, one, Made(made.files, error="磁盘已满", hopeless=True))
    assert [path.name for path in tmp_path.iterdir()] == [".making-210106"]


# --- a run, without processes ---------------------------------------------------------


def test_what_is_finished_stays_when_a_later_area_is_hopeless(here, tmp_path):
    def make(job):
        if job.code == "210102":
            return Made(error="[Errno 28] No space left on device", hopeless=True)
        return made_at_once(job)

    with pytest.raises(SanlianError, match=r"无法继续.*No space left.*--resume"):
        run_reports(order(here.folder, tmp_path), AtOnce(make))
    folder = tmp_path / scene.POLICY / scene.DATE
    assert not (folder / MANIFEST).exists()
    before, rest = scene.noted(folder), AtOnce()
    assert "210102" not in before
    run = run_reports(order(here.folder, tmp_path, resume=True), rest)
    assert {job.code for job in rest.jobs} == here.wanted - before
    assert codes(run) == {
        code: "skipped" if code in before else "done" for code in sorted(here.wanted)
    }
    assert scene.leftovers(folder) == []


@pytest.mark.parametrize("thrown", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_whatever_breaks_a_run_off_the_folder_is_let_go_of(here, tmp_path, thrown):
    def stop(record):
        raise thrown

    own, expected = AtOnce(), SanlianError if thrown is KeyboardInterrupt else thrown
    with pytest.raises(expected) as caught:
        run_reports(order(here.folder, tmp_path), own, Told(stop))
    assert own.closed
    folder = tmp_path / scene.POLICY / scene.DATE
    assert scene.leftovers(folder) == [JOURNAL]
    assert len(scene.noted(folder)) == 1
    if thrown is KeyboardInterrupt:
        assert "已停止，完成 1 份，共 5 份；加 --resume" in str(caught.value)


@pytest.mark.parametrize("name", ["results.xlsx", "index.html", MANIFEST])
def test_an_end_that_cannot_be_written_is_told_with_the_way_on(here, tmp_path, monkeypatch, name):
    replace = Path.replace

    def full(path, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(SanlianError, match=rf"{name}.*No space left.*--resume"):
            run_reports(order(here.folder, tmp_path), AtOnce())
    assert scene.leftovers(tmp_path / scene.POLICY / scene.DATE) == [JOURNAL]
    run = run_reports(order(here.folder, tmp_path, resume=True), AtOnce())
    assert set(codes(run).values()) == {"skipped"}


def test_an_interruption_at_the_end_is_told_with_the_way_on(here, tmp_path, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "write_manifest", interrupted)
    with pytest.raises(SanlianError, match="完成 5 份，共 5 份；加 --resume"):
        run_reports(order(here.folder, tmp_path), AtOnce())


def test_sigterm_is_answered_like_ctrl_c_and_then_is_as_before(here, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SanlianError, match=r"已停止.*--resume"):
        run_reports(
            order(here.folder, tmp_path),
            AtOnce(),
            Told(lambda record: os.kill(os.getpid(), signal.SIGTERM)),
        )
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_in_another_thread_needs_no_signals(here, tmp_path):
    runs = []
    thread = threading.Thread(
        target=lambda: runs.append(run_reports(order(here.folder, tmp_path), AtOnce()))
    )
    thread.start()
    thread.join()
    assert not runs[0].failed


def test_a_second_run_into_the_folder_is_refused_and_makes_nothing(here, tmp_path):
    own = AtOnce()
    with (
        run_folder.held(tmp_path / scene.POLICY / scene.DATE),
        pytest.raises(SanlianError, match="另一次运行"),
    ):
        run_reports(order(here.folder, tmp_path), own)
    assert own.jobs == []


def rewritten(folder):
    scene.write_ledger(folder, AREAS, first=9)


def replaced(folder):
    scene.write_ledger(folder / "new", AREAS, first=9)
    (folder / "new" / "台账.csv").replace(folder / "台账.csv")


def shorter_frame(folder):
    lines = (folder / "名录.csv").read_text("utf-8").splitlines()
    (folder / "名录.csv").write_text("\n".join(lines[:-1]), "utf-8")


def without_ledger(folder):
    (folder / "台账.csv").unlink()


@pytest.mark.parametrize("change", [rewritten, replaced, shorter_frame, without_ledger])
def test_a_ledger_that_changes_stops_the_run(here, tmp_path, monkeypatch, change):
    own = tmp_path / "inputs"
    scene.write_ledger(own, AREAS)
    monkeypatch.chdir(own)
    asked, seen = order(own, tmp_path / "out"), []

    def once(record):
        seen.append(record.code)
        if len(seen) == 2:
            change(own)

    with pytest.raises(SanlianError, match=r"csv：运行期间文件有变.*请重新运行"):
        run_reports(asked, AtOnce(), Told(once))
    folder = tmp_path / "out" / scene.POLICY / scene.DATE
    assert scene.noted(folder) == set(seen)
    assert len(seen) == 2
    scene.write_ledger(own, AREAS, first=9)
    again = AtOnce()
    run = run_reports(order(own, tmp_path / "out", resume=True), again)
    assert {job.code for job in again.jobs} == here.wanted  # all of them: the inputs are others
    assert scene.leftovers(run.folder) == []


def test_a_ledger_that_is_saved_into_its_folder_stops_the_run(here, tmp_path):
    own = tmp_path / "ledgers"
    scene.write_ledger(own, AREAS)
    (own / "名录.csv").rename(tmp_path / "名录.csv")
    asked = Order(str(own), scene.POLICY, str(tmp_path / "名录.csv"), out=str(tmp_path / "out"))
    more = (own / "台账.csv").read_text("utf-8").replace("2022-12-31", "2023-12-31")
    with pytest.raises(SanlianError, match="运行期间文件有变"):
        run_reports(asked, AtOnce(), Told(lambda _: (own / "第二份.csv").write_text(more, "utf-8")))


def test_reports_go_into_the_working_folder(here, tmp_path, monkeypatch):
    """The folder of a policy there is no file that the run reads."""
    scene.write_ledger(tmp_path, AREAS)
    monkeypatch.chdir(tmp_path)
    run = run_reports(order(tmp_path, "."), AtOnce())
    assert run.folder == Path(scene.POLICY) / scene.DATE
    again = run_reports(order(tmp_path, ".", resume=True), AtOnce())
    assert set(codes(again).values()) == {"skipped"}


def test_failed_areas_are_made_again_and_finished_ones_are_not(here, tmp_path):
    def make(job):
        made = made_at_once(job)
        return Made(made.files, error="坏了") if job.code.endswith("1") else made

    run = run_reports(order(here.folder, tmp_path), AtOnce(make))
    assert [record.code for record in run.failed] == ["210101"]
    own = AtOnce()
    again = run_reports(order(here.folder, tmp_path, resume=True), own)
    assert [job.code for job in own.jobs] == ["210101"]
    assert not again.failed


# --- crews ----------------------------------------------------------------------------


@pytest.fixture
def crew_of(tmp_path, monkeypatch):
    """Have pools run a crew of this source."""

    def use(source):
        (tmp_path / "own_crew.py").write_text(CREW + source, "utf-8")
        paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        monkeypatch.setattr(pool, "_CREW", "own_crew")

    return use


#: A crew that answers at once, and notes what it was given.
CREW = """
import os, sys
from multiprocessing.connection import Connection
from pathlib import Path
from sanlian_analysis.report.jobs import Made

here = Path(__file__).parent
orders = Connection(int(sys.argv[1])) if __name__ == "__main__" else None


def answers(most=1 << 30):
    for _ in range(most):
        number, job = orders.recv()
        with open(here / "answered", "a") as stream:
            stream.write(job.code + "\\n")
        orders.send((number, Made({"page": job.code})))
"""


def ended(function, seconds=30):
    """Whether a function comes to its end."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def eventually(condition, seconds=60):
    """Whether something becomes true."""
    end = time.monotonic() + seconds
    while not (reached := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return reached


def results(futures):
    return [future.result(300) for future in futures]


@on_linux
def test_jobs_of_a_dead_crew_are_done_by_the_next(crew_of, tmp_path):
    crew_of("orders.recv(); answers(3); os._exit(9)")
    own = ForkingPool([], 2)
    made = results([own.submit(job(tmp_path, f"2101{n:02}")) for n in range(10)])
    assert [one.files["page"] for one in made] == [f"2101{n:02}" for n in range(10)]
    answered = (tmp_path / "answered").read_text().split()
    assert sorted(answered) == [f"2101{n:02}" for n in range(10)]  # each of them once
    assert ended(own.close)


@on_linux
def test_a_crew_that_dies_again_and_again_is_given_up(crew_of, tmp_path):
    crew_of("(here / str(os.getpid())).touch(); sys.exit(7)")
    own = ForkingPool([], 2)
    made = results([own.submit(job(tmp_path, code)) for code in ("210106", "210303")])
    assert {one.error for one in made} == {"工作进程反复终止（7）"}
    assert all(one.hopeless for one in made)
    assert len([path for path in tmp_path.iterdir() if path.name.isdigit()]) >= 3
    assert ended(own.close)


@on_linux
def test_a_crew_that_dies_again_and_again_ends_the_run(crew_of, here, tmp_path):
    crew_of("sys.exit(7)")
    with pytest.raises(SanlianError, match=r"无法继续（工作进程反复终止（7））.*--resume"):
        run_reports(order(here.folder, tmp_path / "out"))
    assert scene.leftovers(tmp_path / "out" / scene.POLICY / scene.DATE) == []


@on_linux
def test_a_crew_that_makes_something_in_between_is_not_given_up(crew_of, tmp_path):
    crew_of("orders.recv(); answers(1); os._exit(9)")
    own = ForkingPool([], 1)
    made = results([own.submit(job(tmp_path, f"2101{n:02}")) for n in range(6)])
    assert not any(one.error for one in made)
    assert ended(own.close)


@on_linux
def test_a_crew_that_cannot_be_started_is_given_up(crew_of, tmp_path, monkeypatch):
    crew_of("orders.recv(); orders.recv(); os._exit(9)")
    own = ForkingPool([], 1)

    def none(*given, **named):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(pool, "_PAUSE", 0.01)
    monkeypatch.setattr(pool.subprocess, "Popen", none)
    assert own.submit(job(tmp_path)).result(300).hopeless
    assert ended(own.close)


@on_linux
def test_closing_settles_what_is_open_and_leaves_no_process(crew_of, tmp_path):
    crew_of("orders.recv(); (here / 'pid').write_text(str(os.getpid())); answers(1); orders.recv()"
            "\nwhile True: pass")  # fmt: skip
    own = ForkingPool([], 1)
    futures = [own.submit(job(tmp_path, code)) for code in ("210106", "210303", "210104")]
    assert not futures[0].result(300).error
    assert ended(own.close)
    assert [future.result(5).error for future in futures[1:]] == ["已取消"] * 2
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert ended(own.close)


@on_linux
def test_a_crew_that_does_not_listen_is_ended_too(crew_of, tmp_path, monkeypatch):
    crew_of("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "orders.recv(); answers(1)\nwhile True: pass")  # fmt: skip
    monkeypatch.setattr(pool, "_GRACE", 0.3)
    own = ForkingPool([], 1)
    assert not own.submit(job(tmp_path)).result(300).error
    assert ended(own.close, 10)


@on_linux
def test_a_file_in_the_working_folder_is_no_module_of_a_crew(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pickle.py").write_text("raise SystemExit(5)", "utf-8")
    (tmp_path / "sanlian_analysis.py").write_text("raise SystemExit(5)", "utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sanlian_analysis.report.crew", "999", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Bad file descriptor" in done.stderr


# --- workers --------------------------------------------------------------------------

#: The crew itself, with something else than notebooks to do.
WORKERS = """
import signal, subprocess, time
from sanlian_analysis.report import crew, jobs, making, warm

def make(job, start_method):
    name = job.code
    if name == "exit": os._exit(9)
    if name == "killed": os.kill(os.getpid(), signal.SIGKILL)
    if name == "raise": raise SystemExit(4)
    if name == "stuck":
        sleeping = subprocess.Popen(["sleep", "600"], start_new_session=True)
        (here / "sleeping").write_text(str(sleeping.pid))
        time.sleep(600)
    return Made({"page": name})

warm.warm_up = lambda wanted: None
making.make, jobs._REST = make, 0.2
crew.main(sys.argv[1:])
"""


@on_linux
def test_workers_that_die_or_are_stuck_are_told_and_the_others_work_on(crew_of, tmp_path):
    crew_of(WORKERS)
    own = ForkingPool([], 2)
    names = ("exit", "fine", "stuck", "killed", "raise", "good")
    seconds = dict.fromkeys(names, 60.0) | {"stuck": 2.0}
    given = [job(tmp_path, name, seconds=seconds[name]) for name in names]
    made = dict(zip(names, results([own.submit(one) for one in given]), strict=True))
    assert made["fine"].files == {"page": "fine"}
    assert made["good"].files == {"page": "good"}
    errors = {name: one.error for name, one in made.items() if one.error}
    assert errors == {
        "exit": "工作进程意外终止（9）",
        "killed": "工作进程意外终止（-9）",
        "raise": "工作进程意外终止（4）",
        "stuck": "生成超时，已中止",
    }
    assert made["stuck"].seconds >= 4.0  # twice what the notebook may take, and the rest
    assert gone(int((tmp_path / "sleeping").read_text()))
    assert not any(one.hopeless for one in made.values())
    assert ended(own.close)


def gone(pid):
    """Whether a process ends within a minute; one that nobody reaps has ended too."""

    def is_gone():
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return eventually(is_gone)


@on_linux
def test_closing_ends_workers_and_what_they_have_started(crew_of, tmp_path):
    crew_of(WORKERS)
    own = ForkingPool([], 1)
    own.submit(job(tmp_path, "stuck"))
    assert eventually(lambda: any(path.read_text() for path in tmp_path.glob("sleeping")))
    assert ended(own.close)
    assert gone(int((tmp_path / "sleeping").read_text()))


@on_linux
def test_a_crew_that_is_still_loading_ends_with_its_caller(crew_of, tmp_path):
    crew_of("import time; from sanlian_analysis.report import crew, warm\n"
            "warm.warm_up = lambda wanted: ((here / 'loading').touch(), time.sleep(600))\n"
            "crew.main(sys.argv[1:])")  # fmt: skip
    caller = "from sanlian_analysis.report import pool; import sys, time; pool._CREW = 'own_crew'\n"
    caller += "print(pool.ForkingPool([], 1)._process.pid, flush=True); time.sleep(600)"
    command = [sys.executable, "-c", caller]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert eventually((tmp_path / "loading").exists)
        process.kill()
    assert gone(pid)


def test_a_job_without_a_limit_is_never_late(tmp_path):
    assert jobs.longest(job(tmp_path)) is None
    assert jobs.longest(job(tmp_path, seconds=600)) == 1320
    worker = crew._Worker(0, job(tmp_path), None, None, -1e9)
    assert not worker.late


# --- notebooks that go wrong ----------------------------------------------------------

BROKEN = """
import ctypes, os, time
if area == "210100":
    while True: pass
if area == "210101":
    held = []
    while True: held.append(bytearray(10_000_000)); time.sleep(0.01)
if area == "210102": os._exit(3)
if area == "210103": ctypes.string_at(0)
if area == "210104": raise ValueError("坏了")
if area == "210105": bytearray(1 << 60)
print("area", area or "all")
"""

REASONS = {
    "210100": "第 3 格：运行超过 4 秒，已中止；确需更久可加大 --timeout",
    "210101": "第 3 格：内存超过 100 MB，已中止；确需更多可加大 --max-memory",
    "210102": "第 3 格：内核进程已退出（3）",
    "210103": "第 3 格：内核进程被信号 SIGSEGV 终止",
    "210104": "[3] ValueError: 坏了",
    "210105": "[3] MemoryError: ",
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory, shared):
    """A run in which notebooks go down in every way."""
    what = Scene(tmp_path_factory.mktemp("broken"), len(REASONS) + 2, BROKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(what.folder)
        use_notebooks(patch, what.folder / "notebooks")
        asked = order(what.folder, what.folder / "out", seconds=4, megabytes=100)
        return run_reports(asked, shared)


@on_linux
@pytest.mark.parametrize("code", REASONS)
def test_a_broken_notebook_is_recorded_with_cell_and_reason(broken, code):
    assert scene.errors(broken.folder)[code] == REASONS[code]


@on_linux
@pytest.mark.parametrize("code", REASONS)
def test_a_broken_notebook_is_kept_with_its_error_and_without_a_page(broken, code):
    folder = next(broken.folder.glob(f"{code}-*"))
    assert [path.name for path in folder.iterdir()] == ["county.ipynb"]
    book = nbformat.read(folder / "county.ipynb", as_version=4)
    error = next(one for one in book.cells[-1].outputs if one.output_type == "error")
    assert error.evalue in REASONS[code]


@on_linux
def test_broken_notebooks_leave_the_others_alone(broken):
    done = {record.code for record in broken.records if record.status == "done"}
    assert done == {"210106", "210107", "overview"}
    assert scene.lost(broken.folder, done) == set()
    assert scene.leftovers(broken.folder) == []


@on_linux
def test_broken_notebooks_are_listed_on_the_index(broken):
    index = (broken.folder / "index.html").read_text("utf-8")
    for reason in REASONS.values():
        assert reason.strip() in index


@on_linux
def test_one_in_ten_fails_and_once_mended_they_alone_are_made(shared, tmp_path, monkeypatch):
    flag = tmp_path / "failing"
    flag.touch()
    source = f"import os\nassert area[-1:] != '7' or not os.path.exists({str(flag)!r})"
    many = Scene(tmp_path / "many", 20, source)
    monkeypatch.chdir(many.folder)
    use_notebooks(monkeypatch, many.folder / "notebooks")
    run = run_reports(order(many.folder, tmp_path / "out"), shared)
    assert [record.code for record in run.failed] == ["210107", "210117"]
    assert scene.lost(run.folder, many.wanted) == {"210107", "210117"}
    flag.unlink()
    again = run_reports(order(many.folder, tmp_path / "out", resume=True), shared)
    assert [code for code, status in codes(again).items() if status == "done"] == [
        "210107",
        "210117",
    ]
    assert scene.lost(run.folder, many.wanted) == set()


# --- the same bytes -------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A scene with the notebooks that are shipped."""
    return Scene(tmp_path_factory.mktemp("shipped"), 2, source="")


@on_linux
def test_equal_inputs_give_equal_files_in_every_format(shipped, shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shipped.folder)
    formats = ("ipynb", "html", "pdf", "pptx", "docx", "xlsx")
    runs = [
        run_reports(
            order(shipped.folder, tmp_path / name, formats=formats, areas=("210100",)), shared
        )
        for name in ("first", "second")
    ]
    first, second = (scene.content(run.folder) for run in runs)
    assert {name.rpartition(".")[2] for name in first} == {*formats, "png", "svg"}
    assert first == second


@on_linux
def test_papermills_own_engine_gives_the_same_page(shipped, shared, tmp_path, monkeypatch):
    monkeypatch.chdir(shipped.folder)
    folders = [
        run_reports(
            order(shipped.folder, tmp_path / engine, areas=("210101",), engine=engine), shared
        ).folder
        for engine in ("sanlian", "nbclient")
    ]
    first, second = (scene.content(folder) for folder in folders)
    assert "210101-县1/county.html" in first
    assert first == second


# --- where there is no fork -----------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="its workers are killed by a signal")
def test_spawned_workers_make_reports_and_are_replaced_when_they_die(tmp_path, monkeypatch):
    """A real notebook; one that kills its worker; one without end that the engine lets run."""
    source = (
        "import os, signal\n"
        "if area == '210101': os.kill(os.getppid(), signal.SIGKILL)\n"
        "while area == '210102': pass\n"
        "print('area', area)"
    )
    own = Scene(tmp_path / "spawned", 3, source)
    monkeypatch.chdir(own.folder)
    monkeypatch.setattr(jobs, "_REST", 0.0)
    notebook = str(own.folder / "notebooks" / "county_report.ipynb")
    wanted = {
        "210101": {},
        "210102": {"engine": "nbclient", "seconds": 1},
        "210100": {"seconds": 60},
    }
    given = [job(tmp_path, code, notebook=notebook, **more) for code, more in wanted.items()]
    spawning = SpawningPool([], 2)
    try:
        made = dict(zip(wanted, results([spawning.submit(one) for one in given]), strict=True))
    finally:
        assert ended(spawning.close)
    assert made["210101"].error == "工作进程意外终止（-9）"
    assert made["210102"].error == "生成超时，已中止"
    assert made["210100"].error == ""
    assert list(made["210100"].files) == ["county.html"]


def test_an_answer_that_cannot_be_read_is_told():
    broken = Future()
    broken.set_exception(AttributeError("no such class"))
    assert pool._outcome(broken) == Made(error="AttributeError: no such class")


# --- the command itself ---------------------------------------------------------------


@pytest.fixture
def stage(quick, undisturbed):
    """The scene, and what its runs should leave."""
    return quick, scene.content(undisturbed)


@on_linux
@pytest.mark.parametrize("when", [1, 3])
def test_a_killed_run_is_gone_on_with(held, stage, tmp_path, when):
    what, expected = stage
    run = held.begun(tmp_path)
    assert run.until(lambda one: len(one.made) >= when)
    run.signal(signal.SIGKILL)
    assert run.alone() == []
    before = scene.noted(run.folder)
    assert len(before) >= when
    (held.folder / "hold").unlink()
    again = what.ended(tmp_path, "--resume")
    assert again.process.returncode == 0
    assert scene.lost(again.folder, what.wanted) == set()
    assert scene.doubled(again.folder, before, again.made) == set()
    assert sorted(again.made) == sorted(what.wanted - before)
    assert scene.different(again.folder, expected) == []
    assert scene.leftovers(again.folder) == []


@on_linux
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_says_how_to_go_on_and_leaves_nothing(held, tmp_path, signum):
    run = held.begun(tmp_path)
    assert run.until(lambda one: len(one.made) >= 1)
    assert run.signal(signum) == 2
    assert "go on with --resume" in run.said
    assert "Traceback" not in run.said
    assert run.alone() == []
    assert scene.leftovers(run.folder) == [JOURNAL]


@on_linux
def test_a_killed_crew_is_replaced(held, stage, tmp_path):
    what, expected = stage
    run = held.begun(tmp_path)
    assert run.until(lambda one: len(one.made) >= 1)
    run.crew[0].kill()
    (held.folder / "hold").unlink()
    assert run.wait() == 0
    assert sorted(run.made) == sorted(what.wanted)  # each of them once
    assert scene.different(run.folder, expected) == []
    assert scene.leftovers(run.folder) == []
    assert run.alone() == []


@on_linux
def test_ctrl_c_while_everything_is_loaded_leaves_nothing(quick, tmp_path):
    run = quick.begun(tmp_path)
    assert run.until(lambda one: bool(one.crew))
    os.killpg(run.process.pid, signal.SIGINT)  # as a terminal does
    assert run.wait() in (1, 2)
    assert "crew.py" not in run.said  # what is forked has nothing to say about it
    assert run.alone() == []


def is_mounted(place, options):
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return not subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def small_disk(tmp_path, undisturbed):
    """A disk with space for half of the reports."""
    place, sizes = tmp_path / "disk", [path.stat().st_size for path in undisturbed.rglob("*.*")]
    if sys.platform != "linux" or not is_mounted(place, f"size={sum(sizes) // 2048}k"):
        pytest.skip("mounting a small disk needs Linux and root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_ends_the_run_and_with_more_space_it_goes_on(small_disk, stage):
    what, expected = stage
    run = what.ended(small_disk / "out")
    assert run.process.returncode == 2
    assert "No space left on device" in run.said
    assert "--resume" in run.said
    assert "Traceback" not in run.said
    before = scene.noted(run.folder)
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    again = what.ended(small_disk / "out", "--resume")
    assert again.process.returncode == 0
    assert scene.doubled(again.folder, before, again.made) == set()
    assert scene.different(again.folder, expected) == []


def test_a_folder_that_can_only_be_read_is_told(here, tmp_path):
    place = tmp_path / "read-only"
    if sys.platform == "linux" and os.geteuid() == 0:
        if not is_mounted(place, "ro"):
            pytest.skip("root may write everywhere, and may not mount here")
    else:
        place.mkdir(mode=0o555)
    try:
        own = AtOnce()
        with pytest.raises(SanlianError, match=r"写不进去（.*）；请用 --out 指定"):
            run_reports(order(here.folder, place / "out"), own)
        assert own.jobs == []
    finally:
        if place.is_mount():
            subprocess.run(["umount", str(place)], check=True)
