"""Jobs in processes of their own: forked from one that has everything loaded, or started anew."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from multiprocessing.connection import Connection
from typing import Protocol

from pebble import ProcessExpired, ProcessPool

from sanlian_analysis.language import say
from sanlian_analysis.report.jobs import (
    Job,
    Made,
    Wanted,
    ended_unexpectedly,
    longest,
    took_too_long,
)

#: The module that a crew runs.
_CREW = "sanlian_analysis.report.crew"

#: How often in a row the crew may die without having made anything.
_MOST_DEATHS = 2

#: Seconds that a crew has to end all that it works at.
_GRACE = 5.0

#: Seconds before a crew that could not be started is started again.
_PAUSE = 0.5


class Pool(Protocol):
    """Where jobs are carried out."""

    def submit(self, job: Job) -> Future[Made]:
        """Carry out a job; the future holds what was made, whatever went wrong."""

    def close(self) -> None:
        """Drop what has not begun, end what has."""


def local_pool(wanted: Sequence[Wanted], size: int) -> Pool:
    """A pool of that many workers on this machine."""
    return (ForkingPool if sys.platform == "linux" else SpawningPool)(wanted, size)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ForkingPool:
    """Jobs forked by a crew: one process that reads and loads everything once.

    Loading begins at once; the jobs may come later. When the crew dies, a new
    one takes over what was not done.
    """

    def __init__(self, wanted: Sequence[Wanted], size: int) -> None:
        """Start the crew."""
        self._wanted, self._size = list(wanted), size
        self._numbers = itertools.count()
        self._open: dict[int, tuple[Job, Future[Made]]] = {}
        self._sending = threading.Lock()
        self._deaths, self._closed = 0, False
        self._pipe, self._process = self._crew()
        self._listener = threading.Thread(target=self._listen, name="news of jobs", daemon=True)
        self._listener.start()

    def submit(self, job: Job) -> Future[Made]:
        """Carry out a job as soon as a worker is free."""
        number, future = next(self._numbers), Future[Made]()
        future.set_running_or_notify_cancel()
        with self._sending:
            self._open[number] = (job, future)
            self._send(number, job)
        return future

    def close(self) -> None:
        """End the crew and all that it works at."""
        with self._sending:
            self._closed = True
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        self._settle(Made(error=say("已取消", "cancelled")))

    def _crew(self) -> tuple[Connection, subprocess.Popen[bytes]]:
        ours, theirs = multiprocessing.Pipe()
        # -P: a file in the working directory is no module of ours
        command = [sys.executable, "-P", "-m", _CREW, str(theirs.fileno()), str(os.getpid())]
        one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | one_thread,
            start_new_session=True,  # Ctrl-C is for us, who say what becomes of the rest
        )
        theirs.close()
        with contextlib.suppress(OSError):
            ours.send((self._size, self._wanted))
        return ours, process

    def _send(self, number: int, job: Job) -> None:
        with contextlib.suppress(OSError):  # a dead crew is the listener's affair
            self._pipe.send((number, job))

    def _listen(self) -> None:
        while not self._closed:
            try:
                self._hear(*self._pipe.recv())
            except (EOFError, OSError):
                self._replace_crew()

    def _hear(self, number: int, made: Made) -> None:
        self._deaths = 0
        _, future = self._open.pop(number)
        future.set_result(made)

    def _replace_crew(self) -> None:
        """Start a new crew for the jobs that the dead one leaves, unless it dies again and again."""
        code = self._process.wait()
        with self._sending:
            if self._closed:
                return
            self._deaths += 1
            if self._deaths > _MOST_DEATHS:
                error = say(
                    f"工作进程反复终止（{code}）", f"the workers end again and again ({code})"
                )
                self._settle(Made(error=error, hopeless=True))
            try:
                self._pipe, self._process = self._crew()
            except OSError:  # no more processes, say; tried again, but not for ever
                time.sleep(_PAUSE)
            for number, (job, _) in sorted(self._open.items()):
                self._send(number, job)

    def _settle(self, made: Made) -> None:
        """Give up the jobs that are open."""
        while self._open:
            self._open.popitem()[1][1].set_result(made)


class SpawningPool:
    """Jobs in a few processes that are started once, for systems that cannot fork.

    Every notebook still has a kernel of its own, and a worker that dies is replaced.
    """

    def __init__(self, wanted: Sequence[Wanted], size: int) -> None:
        """Make ready; the workers start with the first job."""
        self._pool = ProcessPool(
            max_workers=size,
            context=multiprocessing.get_context("spawn"),
            initializer=_warm_up,
            initargs=[list(wanted)],
        )

    def submit(self, job: Job) -> Future[Made]:
        """Carry out a job as soon as a worker is free."""
        result: Future[Made] = Future()
        result.set_running_or_notify_cancel()
        running = self._pool.schedule(_make, args=[job], timeout=longest(job))
        running.add_done_callback(lambda done: result.set_result(_outcome(done)))
        return result

    def close(self) -> None:
        """End the workers and all that they work at."""
        self._pool.stop()
        self._pool.join()


def _warm_up(wanted: Sequence[Wanted]) -> None:
    """Imported by the worker alone: the caller need not load what a worker needs."""
    from sanlian_analysis.report.warm import warm_up

    warm_up(wanted)


def _make(job: Job) -> Made:
    from sanlian_analysis.report.making import make

    return make(job, start_method="spawn")


def _outcome(done: Future[Made]) -> Made:
    """What a worker made, or how it ended without a word."""
    try:
        return done.result()
    except (CancelledError, TimeoutError):
        return Made(error=took_too_long())
    except ProcessExpired as ended:
        return Made(error=ended_unexpectedly(ended.exitcode))
    except Exception as error:  # such as an answer that cannot be read
        return Made(error=f"{type(error).__name__}: {error}")
