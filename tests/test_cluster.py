"""Reports made by a Dask cluster: a real scheduler and real workers on this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from faults import scene
from faults.scene import Scene

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.report import cluster
from sanlian_analysis.report.batch import run_reports
from sanlian_analysis.report.cluster import ClusterPool, difference, moved, pack, placed, unpack
from sanlian_analysis.report.jobs import Inputs, Job
from sanlian_analysis.report.orders import Order
from sanlian_analysis.report.progress import Progress

pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.xdist_group("batch"),  # the cores are wanted for it alone
    pytest.mark.skipif(sys.platform != "linux", reason="its workers fork, as on Linux alone"),
]

AREAS = 5
WORKERS = 3


class Cluster:
    """A scheduler, and workers with one thread each, as processes."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.scheduler = self.started(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-show"),
        )
        self.address = self.told()["address"]

    def started(self, program, *more, **variables):
        """A program of Dask as a process."""
        file = ("--scheduler-file", str(self.folder / "scheduler.json"), "--no-dashboard")
        own = {"TMPDIR": str(self.temporary), "SANLIAN_CACHE": str(self.folder / "cache")}
        with (self.folder / f"{program}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *file, *more],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | own | variables,
            )
        self.processes.append(process)
        return process

    def told(self):
        """What the scheduler has written about itself."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                return json.loads((self.folder / "scheduler.json").read_bytes())
            except (OSError, ValueError):
                time.sleep(0.05)
        raise AssertionError("no scheduler within a minute")

    def worker(self, **variables):
        """One more worker."""
        place = ("--local-directory", str(self.temporary))
        return self.started("dask_worker", "--no-nanny", "--nthreads", "1", *place, **variables)

    def end(self):
        """End all of them."""
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def a_cluster(tmp_path):
    """A scheduler without workers."""
    own = Cluster(tmp_path)
    yield own
    own.end()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A scene with the notebooks that are shipped, and what they give on this machine."""
    what = Scene(tmp_path_factory.mktemp("scene"), AREAS, source="")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(what.folder)
        yield what, run_reports(order(what.folder / "local")).folder


def order(out, **more):
    return Order("台账.csv", scene.POLICY, "名录.csv", out=str(out), **more)


def joined(address, workers):
    """Wait until so many workers have joined the cluster."""
    import distributed

    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)


class Told(Progress):
    """Progress that does something after the first report."""

    def __init__(self, do):
        super().__init__("quiet")
        self.do, self.codes = do, []

    def made(self, record):
        self.codes.append(record.code)
        if len(self.codes) == 1:
            self.do()


def test_a_worker_is_killed_and_the_others_make_everything(a_cluster, shipped, tmp_path):
    what, local = shipped
    workers = [a_cluster.worker() for _ in range(WORKERS)]
    joined(a_cluster.address, WORKERS)
    crews = []

    def kill_one():
        crews.extend(psutil.Process(workers[0].pid).children())
        workers[0].kill()

    seen = Told(kill_one)
    run = run_reports(order(tmp_path / "out", scheduler=a_cluster.address), None, seen)
    assert sorted(seen.codes) == sorted(what.wanted)  # each of them once
    assert {record.status for record in run.records} == {"done"}
    assert scene.lost(run.folder, what.wanted) == set()
    assert scene.different(run.folder, scene.content(local)) == []
    assert scene.leftovers(run.folder) == []
    assert not psutil.wait_procs(crews, timeout=5)[1]  # with the worker its crew has ended
    crews = [crew for one in workers[1:] for crew in psutil.Process(one.pid).children()]
    for one in workers[1:]:
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) == 0
    assert crews
    assert not psutil.wait_procs(crews, timeout=5)[1]
    left = {path.name for path in a_cluster.temporary.glob("sanlian-cluster-*")}
    assert len(left) <= 1  # that of the worker that was killed
    again = Told(lambda: None)
    resumed = run_reports(order(tmp_path / "out", resume=True), None, again)
    assert again.codes == []
    assert {record.status for record in resumed.records} == {"skipped"}


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Makes a scene with notebooks of its own, which runs then take."""

    def made(areas, source):
        what = Scene(tmp_path / "scene", areas, source)
        monkeypatch.chdir(what.folder)
        for module in ("batch", "orders"):
            monkeypatch.setattr(
                f"sanlian_analysis.report.{module}.notebook_folder",
                lambda: what.folder / "notebooks",
            )
        return what

    return made


def test_a_lost_scheduler_ends_the_run_and_it_goes_on_without(a_cluster, quick, tmp_path):
    first, rest = tmp_path / "first", tmp_path / "rest"
    what = quick(
        3,  # whichever notebook is the first, it alone ends before the scheduler is lost
        "import os, time\n"
        f"if not os.path.exists({str(first)!r}): os.mkdir({str(first)!r})\n"
        f"else:\n    while not os.path.exists({str(rest)!r}): time.sleep(0.05)",
    )
    a_cluster.worker()
    joined(a_cluster.address, 1)
    seen = Told(a_cluster.scheduler.kill)
    with pytest.raises(SanlianError, match=r"无法继续（与调度器的连接已断开）.*--resume"):
        run_reports(order(tmp_path / "out", scheduler=a_cluster.address), None, seen)
    rest.touch()
    folder = tmp_path / "out" / scene.POLICY / scene.DATE
    assert len(seen.codes) == 1
    assert scene.noted(folder) == set(seen.codes)
    again = Told(lambda: None)
    run = run_reports(order(tmp_path / "out", resume=True), None, again)
    assert set(again.codes) == what.wanted - set(seen.codes)
    assert scene.lost(run.folder, what.wanted) == set()


def test_areas_are_made_in_the_order_of_their_codes(a_cluster, quick, tmp_path):
    what = quick(7, scene.QUICK)
    a_cluster.worker()
    joined(a_cluster.address, 1)
    seen = Told(lambda: None)
    run_reports(order(tmp_path / "out", scheduler=a_cluster.address), None, seen)
    assert seen.codes == sorted(what.wanted)  # the overview comes last


# --- clusters that cannot be used -----------------------------------------------------


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """An order for a cluster."""
    scene.write_ledger(tmp_path / "inputs", 2)
    monkeypatch.chdir(tmp_path / "inputs")
    return lambda address: order(tmp_path / "out", scheduler=address)


def refused(asked, address):
    """How a run on a cluster is refused."""
    with pytest.raises(SanlianError) as caught:
        run_reports(asked(address))
    return str(caught.value)


def test_nobody_at_the_address(asked, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    message = refused(asked, "tcp://127.0.0.1:1")
    assert "--scheduler tcp://127.0.0.1:1：连不上调度器" in message
    assert "dask scheduler" in message


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1", "carrier://127.0.0.1:80", ""])
def test_what_is_no_address_is_refused_at_once(address):
    began = time.monotonic()
    with pytest.raises(SanlianError, match="连不上调度器"):
        ClusterPool(address, [], [])
    assert time.monotonic() - began < 5


def test_a_scheduler_without_workers(a_cluster, asked):
    assert f"请在各机器上运行 dask worker {a_cluster.address}" in refused(asked, a_cluster.address)


def test_a_worker_with_other_versions(a_cluster, asked, monkeypatch):
    a_cluster.worker()
    joined(a_cluster.address, 1)
    there = cluster.versions()
    monkeypatch.setattr(cluster, "package_versions", lambda: there | {"pandas": "99.0"})
    message = refused(asked, a_cluster.address)
    assert f"pandas 是 {there['pandas']}，本机是 99.0" in message
    assert "requirements.lock" in message
    assert message.startswith("tcp://127.0.0.1:")


def test_a_worker_without_the_package(a_cluster, asked, tmp_path):
    stub = tmp_path / "stub" / "sanlian_analysis"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ImportError('not here')", "utf-8")
    a_cluster.worker(PYTHONPATH=str(stub.parent))
    joined(a_cluster.address, 1)
    message = refused(asked, a_cluster.address)
    assert "不能运行 sanlian-analysis" in message
    assert "not here" in message


def test_the_command_says_it_in_one_line_and_ends_with_status_2(tmp_path):
    run = Scene(tmp_path, 1, source="").ended(tmp_path / "out", "--scheduler", "nonsense")
    assert run.process.returncode == 2
    assert run.said.startswith("sanlian: --scheduler nonsense: no scheduler answers")
    assert run.said.count("\n") == 1


def test_without_dask_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SanlianError, match=r"pip install 'sanlian-analysis\[cluster\]'"):
        ClusterPool("tcp://127.0.0.1:1", [], [])


# --- what is sent ---------------------------------------------------------------------


def test_files_are_sent_under_their_names_and_folders_with_their_ledgers(tmp_path):
    ledgers, target = tmp_path / "ledgers", tmp_path / "there"
    scene.write_ledger(ledgers, 1)
    (ledgers / "说明.txt").touch()
    policy = tmp_path / "policy.toml"
    policy.write_text("x", "utf-8")
    places = unpack(pack([str(ledgers), str(policy)]), target)
    there = Path(places[str(ledgers)])
    assert sorted(path.name for path in there.iterdir()) == ["台账.csv", "名录.csv"]
    assert (there / "台账.csv").read_bytes() == (ledgers / "台账.csv").read_bytes()
    assert Path(places[str(policy)]).read_text("utf-8") == "x"
    assert Path(places[str(policy)]).name == "policy.toml"


def test_equal_files_make_an_equal_parcel(tmp_path):
    for name in ("one", "other"):
        scene.write_ledger(tmp_path / name, 2)
    one, other = str(tmp_path / "one" / "台账.csv"), str(tmp_path / "other" / "台账.csv")
    first = pack([one]).digest
    assert pack([one]).digest == first
    assert pack([other]).digest != first  # it is unpacked under another name
    scene.write_ledger(tmp_path / "one", 2, first=9)
    assert pack([one]).digest != first


def test_a_job_is_moved_to_where_its_files_are(tmp_path):
    inputs = Inputs("台账.csv", "", "liaoning-2021", ("a=1",), "zh")
    job = Job("210106", "区", "county.ipynb", inputs, "", "w", "f", "county", ("html",))
    places = {"台账.csv": "there/0/台账.csv", "county.ipynb": "there/1/county.ipynb"}
    there = moved(job, places, tmp_path)
    assert there.inputs == placed(inputs, places)
    assert there.inputs == Inputs("there/0/台账.csv", "", "liaoning-2021", ("a=1",), "zh")
    assert there.shown == inputs
    assert (there.notebook, there.workshop) == ("there/1/county.ipynb", str(tmp_path))


def test_difference_names_the_first_package_that_differs():
    own = {"python": "3.11", "pandas": "3.0"}
    assert difference(own, dict(own)) == ""
    assert "python 是 3.12，本机是 3.11" in difference(own, own | {"python": "3.12"})
    assert "pandas 是 未安装" in difference(own, {"python": "3.11"})


def test_a_scheduler_that_is_lost_while_an_answer_comes_ends_the_run(tmp_path):
    class Done:
        status = "finished"

        def result(self):
            raise OSError("Timed out trying to connect")

    made = cluster._received(None, Done())
    assert made == cluster.Made(error="与调度器的连接已断开", hopeless=True)


def test_two_runs_of_the_same_area_do_not_share_a_workshop(tmp_path, monkeypatch):
    """Such as one that was broken off, and the next, on a worker with two threads."""
    seen, both = [], threading.Barrier(2, timeout=30)

    class Pool:
        def submit(self, job):
            seen.append(job.workshop)
            both.wait()
            return self

        def result(self):
            return cluster.Made()

    class Place:
        folder, places, pool = tmp_path, {}, Pool()

    monkeypatch.setattr(cluster, "_workplace", lambda *given: Place)
    inputs = Inputs("台账.csv", "", "liaoning-2021", (), "zh")
    job = Job("210106", "区", "county.ipynb", inputs, "", "w", "f", "county", ("html",))
    threads = [
        threading.Thread(target=cluster.make_there, args=(job, None, [], cluster.versions()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 2
