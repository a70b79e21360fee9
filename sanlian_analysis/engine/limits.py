"""How long a notebook may run and how much memory it may take, watched from outside."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

import psutil

from sanlian_analysis.engine.process import KernelProcess, kill
from sanlian_analysis.language import say

#: Seconds between two looks.
_INTERVAL = 0.1
_MEGABYTE = 1024 * 1024

#: Whether the system lists the children of a process.
_KNOWS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


@dataclass(frozen=True)
class Limits:
    """What one notebook may use; 0 is no limit.

    `seconds` from its first cell to its last; `megabytes`: memory beyond what its
    kernel was given loaded, its subprocesses counted.
    """

    seconds: float = 0
    megabytes: float = 0


class Watch:
    """Ends a kernel that goes beyond its limits, or whose caller's own parent is gone.

    `exceeded` says which limit it was, in words; "" as long as it was none.
    """

    def __init__(self, process: KernelProcess | None, limits: Limits) -> None:
        """Watch `process` from now on, if there is one here."""
        self.exceeded = ""
        self._limits, self._caller = limits, parent_process()
        self._until = time.monotonic() + limits.seconds if limits.seconds else None
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        if process and (limits != Limits() or self._caller):
            self._given = [0.0, 0.0]
            if limits.megabytes:
                self._given = [_memory(process.pid, closely=way) for way in (False, True)]
            self._thread = threading.Thread(target=self._look, args=(process,), name="limits")
            self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        if self._thread:
            self._thread.join()

    def _look(self, process: KernelProcess) -> None:
        while not self._done.wait(_INTERVAL):
            self.exceeded = self._fault(process)
            if self.exceeded or (self._caller and not self._caller.is_alive()):
                kill(process)
                return

    def _fault(self, process: KernelProcess) -> str:
        if self._until and time.monotonic() > self._until:
            most = self._limits.seconds
            return say(
                f"运行超过 {most:g} 秒，已中止；确需更久可加大 --timeout",
                f"ran for more than {most:g} s and was ended; allow more with --timeout",
            )
        if self._limits.megabytes and self._takes_too_much(process):
            most = self._limits.megabytes
            return say(
                f"内存超过 {most:,.0f} MB，已中止；确需更多可加大 --max-memory",
                f"took more than {most:,.0f} MB and was ended; allow more with --max-memory",
            )
        return ""

    def _takes_too_much(self, process: KernelProcess) -> bool:
        """Look closely only at what seems too much, for that takes longer."""
        most = self._limits.megabytes
        return all(
            _memory(process.pid, closely=closely) - self._given[closely] > most
            for closely in (False, True)
        )


def _memory(pid: int, *, closely: bool) -> float:
    """Megabytes of a process and all that it has started.

    `closely`: what they share, such as what a fork has from its parent, counts once.
    """
    found = 0
    for one in _family(pid):
        with contextlib.suppress(psutil.Error):
            if closely:
                info = one.memory_full_info()
                found += getattr(info, "pss", info.uss)
            else:
                found += one.memory_info().rss
    return found / _MEGABYTE


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it has started; none when it has ended.

    On Linux without looking at every process there is, as psutil does.
    """
    try:
        process = psutil.Process(pid)
        if not _KNOWS_CHILDREN:
            return [process, *process.children(recursive=True)]
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = " ".join(task.read_text() for task in tasks).split()
    except (psutil.Error, OSError):
        return []
    return [process, *(one for child in children for one in _family(int(child)))]
