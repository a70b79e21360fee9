"""The process that has everything loaded and forks a worker for every job.

Started with `python -m sanlian_analysis.report.crew`; talks over a pipe. It has a
single thread when it forks, so that this is safe, and works as long as its caller lives.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import psutil

from sanlian_analysis.report.jobs import (
    Job,
    Made,
    Wanted,
    ended_unexpectedly,
    longest,
    took_too_long,
)

#: Seconds between two looks whether the caller still lives.
_INTERVAL = 0.5


@dataclass
class _Worker:
    """A process at work on one job."""

    number: int
    job: Job
    process: BaseProcess
    answer: Connection
    started: float

    @property
    def late(self) -> bool:
        """Whether it has had more time than it can need."""
        most = longest(self.job)
        return most is not None and time.monotonic() - self.started > most


def oversee(orders: Connection, caller: int) -> None:
    """Carry out the jobs that come through `orders` until it is closed at the other end.

    First comes how many at a time, and what they will be made from; then jobs, each
    with a number. Every job is answered with its number and what was `Made`, also
    when its worker has died. `caller`: the id of the process at the other end.
    """
    try:
        size, wanted = orders.recv()
    except EOFError:
        return  # the caller has been stopped before it could say so
    with _ending_with(caller):
        _load(wanted)
    waiting: deque[tuple[int, Job]] = deque()
    crew: list[_Worker] = []
    try:
        while True:
            while waiting and len(crew) < size:
                crew.append(_begun(*waiting.popleft(), orders))
            ready = wait([orders, *(worker.answer for worker in crew)], timeout=1.0)
            if orders in ready:
                waiting.append(orders.recv())
            multiprocessing.active_children()  # lets go of those that have ended
            for worker in [one for one in crew if one.answer in ready or one.late]:
                crew.remove(worker)
                orders.send((worker.number, _answer(worker)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the caller is done, or gone
    finally:
        _end_below(os.getpid())


def _load(wanted: Sequence[Wanted]) -> None:
    """Load all that workers will have, which nearly all stays: no time is spent on garbage.

    What the collector never looks at stays shared between processes.
    """
    gc.disable()
    from sanlian_analysis.report.warm import warm_up

    warm_up(wanted)
    gc.freeze()
    gc.enable()


@contextmanager
def _ending_with(caller: int) -> Iterator[None]:
    """Inside the block this process ends when its caller does; after it there is one thread again.

    Later the closed pipe tells of that.
    """
    done = threading.Event()

    def look() -> None:
        while not done.wait(_INTERVAL):
            if os.getppid() != caller:
                os._exit(1)

    watch = threading.Thread(target=look, name="caller")
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def _end_below(pid: int | None) -> None:
    """End what a process has started, and these in turn, in whatever sessions they are."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def _begun(number: int, job: Job, orders: Connection) -> _Worker:
    context = multiprocessing.get_context("fork")
    answer, tell = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, tell, orders, os.getpid()), name=job.code)
    process.start()
    tell.close()
    return _Worker(number, job, process, answer, time.monotonic())


def _work(job: Job, tell: Connection, orders: Connection, crew: int) -> None:
    """The body of a worker, for whom this has been imported already; `crew`: its parent's id."""
    from sanlian_analysis.engine.kernel import be_alone
    from sanlian_analysis.report.making import make

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    orders.close()
    be_alone(crew)
    tell.send(make(job, start_method="fork"))
    tell.close()


def _answer(worker: _Worker) -> Made:
    """What a worker says that it made, or how it ended without a word."""
    made: Made | None = None
    if worker.answer.poll():
        with contextlib.suppress(EOFError, OSError):  # nothing, or cut short
            made = worker.answer.recv()
    worker.answer.close()
    if made is not None:
        return made  # its process ends by itself, once its kernel has
    seconds = round(time.monotonic() - worker.started, 3)
    if worker.late:
        _end_below(worker.process.pid)
        worker.process.kill()
        worker.process.join()
        return Made(seconds=seconds, error=took_too_long())
    worker.process.join()
    return Made(seconds=seconds, error=ended_unexpectedly(worker.process.exitcode))


def _stop(*_: object) -> None:
    """The caller closes the pool. No exception, which a fork that is under way would swallow."""
    _end_below(os.getpid())
    os._exit(0)


def main(arguments: Sequence[str]) -> None:
    """`python -m sanlian_analysis.report.crew FD CALLER`: the end of a pipe, and who left it open."""
    signal.signal(signal.SIGTERM, _stop)
    oversee(Connection(int(arguments[0])), int(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
