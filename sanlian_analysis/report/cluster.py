"""The same jobs on other machines: a Dask cluster whose workers fork for them as this one does.

A worker receives the files that it needs by their digest, makes an area in a
folder of its own and sends back what it has made, which is published here. So
no folder need be shared, and a worker that is lost has lost nothing but its
time: Dask gives its areas to another.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import platform
import shutil
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.report.jobs import Inputs, Job, Made, Wanted, fingerprint
from sanlian_analysis.report.manifest import package_versions, sha256
from sanlian_analysis.report.pool import ForkingPool
from sanlian_analysis.workbook import files_of

#: Seconds in which a scheduler must answer.
_PATIENCE = 15


@dataclass(frozen=True)
class Parcel:
    """The files that jobs need, on their way to a worker: path as given → path below, bytes.

    `digest` names the whole; equal files make an equal parcel.
    """

    digest: str
    files: Mapping[str, Mapping[str, bytes]]


def pack(paths: Sequence[str]) -> Parcel:
    """The files behind these paths; a folder is packed with the ledgers in it."""
    files: dict[str, dict[str, bytes]] = {}
    for given in dict.fromkeys(paths):
        path = Path(given)
        inside = files_of(path) if path.is_dir() else [path]
        files[given] = {
            file.relative_to(path.parent).as_posix(): file.read_bytes() for file in inside
        }
    digests = {given: sorted(there) for given, there in files.items()}
    sizes = [sha256(Path(given).parent / name) for given, there in files.items() for name in there]
    return Parcel(fingerprint({"names": digests, "contents": sizes}), files)


def unpack(parcel: Parcel, folder: Path) -> dict[str, str]:
    """Write a parcel's files below `folder`; returns path as given → where it is now."""
    places: dict[str, str] = {}
    for number, (given, files) in enumerate(parcel.files.items()):
        root = folder / str(number)
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        places[given] = str(root / Path(given).name)
    return places


def placed(inputs: Inputs, places: Mapping[str, str]) -> Inputs:
    """The inputs with their files where they are on this machine."""
    given = (inputs.ledger, inputs.frame, inputs.policy)
    ledger, frame, policy = (places.get(path, path) for path in given)
    return replace(inputs, ledger=ledger, frame=frame, policy=policy)


def moved(job: Job, places: Mapping[str, str], workshop: Path) -> Job:
    """The job with its files where they are on this machine."""

    def here(path: str) -> str:
        return places.get(path, path)

    return replace(
        job,
        inputs=placed(job.inputs, places),
        shown=job.inputs,
        notebook=here(job.notebook),
        template=here(job.template),
        workshop=str(workshop),
    )


class ClusterPool:
    """Jobs carried out by the workers of a Dask scheduler."""

    def __init__(self, address: str, wanted: Sequence[Wanted], notebooks: Sequence[str]) -> None:
        """Connect, compare versions, send the files.

        Raises SanlianError when Dask is not installed, the scheduler does not
        answer or has no workers, or a worker has other versions than this machine.
        """
        distributed = _distributed()
        # what it would say of a lost scheduler, with a traceback, the user is told by us
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            distributed.comm.get_address_host_port(address)  # a client would wait for half a minute
            self._client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise _unreachable(address, str(error)) from None
        try:
            self._compare_versions(address)
        except BaseException:
            self._client.close()
            raise
        inputs = [one.inputs for one in wanted]
        paths = [path for one in inputs for path in (one.ledger, one.frame, one.policy)]
        self._parcel = pack([path for path in (*paths, *notebooks) if Path(path).exists() and path])
        self._wanted = list(wanted)
        self._turn = itertools.count()
        self._sent = self._client.submit(_as_it_is, self._parcel, key=self._parcel.digest)

    def submit(self, job: Job) -> Future[Made]:
        """Have a worker carry out a job; its files are then in the job's workshop here."""
        result: Future[Made] = Future()
        result.set_running_or_notify_cancel()
        running = self._client.submit(
            make_there,
            *(job, self._sent, self._wanted, versions()),
            pure=False,
            retries=0,
            # without it Dask takes what is given within a tenth of a second in any order
            priority=-next(self._turn),
        )
        running.add_done_callback(lambda done: result.set_result(_received(job, done)))
        return result

    def close(self) -> None:
        """Drop what is not done and let go of the cluster, which stays for others."""
        self._client.close()

    def _compare_versions(self, address: str) -> None:
        own = versions()
        there = self._client.run(versions, on_error="return")
        if not there:
            raise SanlianError(
                say(
                    f"{address}：调度器没有工作进程；请在各机器上运行 dask worker {address}",
                    f"{address}: the scheduler has no workers; start some with "
                    f"dask worker {address}",
                )
            )
        for worker, found in there.items():
            fault = _unusable(found) if isinstance(found, Exception) else difference(own, found)
            if fault:
                raise SanlianError(f"{worker}{say('：', ': ')}{fault}")


def versions() -> dict[str, str]:
    """What must be the same everywhere, so that equal inputs give equal files."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), **package_versions()}


def difference(own: Mapping[str, str], found: Mapping[str, str]) -> str:
    """In words where two sets of versions differ and what to do; "" where they do not."""
    for name, version in own.items():
        if found.get(name) != version:
            return say(
                f"{name} 是 {found.get(name, '未安装')}，本机是 {version}；"
                "请在各机器上安装同一份 requirements.lock",
                f"has {name} {found.get(name, 'not installed')}, this machine has {version}; "
                "install the same requirements.lock everywhere",
            )
    return ""


def _unusable(error: Exception) -> str:
    """In words why a worker cannot even say what it has."""
    return say(
        f"不能运行 sanlian-analysis（{error}）；请在各机器上安装同一份 requirements.lock",
        f"cannot run sanlian-analysis ({error}); install the same requirements.lock everywhere",
    )


def _as_it_is(parcel: Parcel) -> Parcel:
    """As a task and not as scattered data, so that it comes back when its holder is lost."""
    return parcel


class _Workplace:
    """What a worker of the cluster keeps between jobs: the unpacked files and the crew."""

    def __init__(self, parcel: Parcel, wanted: Sequence[Wanted], size: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sanlian-cluster-"))
        self.places = unpack(parcel, self.folder)
        here = [replace(one, inputs=placed(one.inputs, self.places)) for one in wanted]
        self.pool = ForkingPool(here, size)
        atexit.register(self.leave)

    def leave(self) -> None:
        atexit.unregister(self.leave)
        self.pool.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_WORKPLACES: dict[str, _Workplace] = {}
_ENTERING = threading.Lock()


def make_there(
    job: Job, parcel: Parcel, wanted: Sequence[Wanted], expected: Mapping[str, str]
) -> tuple[Made, dict[str, bytes]]:
    """Carry out a job on a worker of the cluster; returns what was made, and the files."""
    fault = difference(expected, versions())
    if fault:
        return Made(error=fault, hopeless=True), {}
    place = _workplace(parcel, wanted)
    # its own: the same area of a run that was broken off may still be at work
    workshop = place.folder / f"making-{uuid.uuid4().hex}"
    try:
        made = place.pool.submit(moved(job, place.places, workshop)).result()
        return made, {name: (workshop / name).read_bytes() for name in made.files}
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _workplace(parcel: Parcel, wanted: Sequence[Wanted]) -> _Workplace:
    """The workplace for these files; one for others is left."""
    from distributed import get_worker

    with _ENTERING:
        if parcel.digest not in _WORKPLACES:
            while _WORKPLACES:
                _WORKPLACES.popitem()[1].leave()
            size = get_worker().state.nthreads
            _WORKPLACES[parcel.digest] = _Workplace(parcel, wanted, size)
        return _WORKPLACES[parcel.digest]


def _received(job: Job, done: Any) -> Made:
    """What came back, with its files written into the job's workshop."""
    if done.status == "error":
        error = str(done.exception())
        return Made(error=say(f"集群未能完成：{error}", f"the cluster failed: {error}"))
    gone = Made(error=say("与调度器的连接已断开", "the scheduler is gone"), hopeless=True)
    if done.status != "finished":  # nobody but us would cancel it
        return gone
    try:
        made, files = done.result()
    except Exception:  # lost while the answer came
        return gone
    done.release()
    workshop = Path(job.workshop)
    try:
        for name, content in files.items():
            (workshop / name).parent.mkdir(parents=True, exist_ok=True)
            (workshop / name).write_bytes(content)
    except OSError as error:
        return Made(error=str(error), hopeless=True)
    return made


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise SanlianError(
            say(
                "--scheduler 需要 Dask；请安装：pip install 'sanlian-analysis[cluster]'",
                "--scheduler needs Dask: pip install 'sanlian-analysis[cluster]'",
            )
        ) from None
    return distributed


def _unreachable(address: str, why: str) -> SanlianError:
    return SanlianError(
        say(
            f"--scheduler {address}：连不上调度器（{why}）；请核对地址，并确认 dask scheduler 正在运行",
            f"--scheduler {address}: no scheduler answers ({why}); check the address and that "
            "dask scheduler runs",
        )
    )
