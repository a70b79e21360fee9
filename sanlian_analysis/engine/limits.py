"""How long a notebook may run and how much memory it may take, watched from outside."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process

import psutil

from sanlian_analysis.engine.process import KernelProcess, kill
from sanlian_analysis.language import say

#: Seconds between two looks.
_INTERVAL = 0.1
_MEGABYTE = 1024 * 1024


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
            self._given = _memory(process.pid) if limits.megabytes else 0.0
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
        if self._limits.megabytes:
            used = _memory(process.pid) - self._given
            if used > self._limits.megabytes:
                most = self._limits.megabytes
                return say(
                    f"内存超过 {most:,.0f} MB，已中止；确需更多可加大 --max-memory",
                    f"took more than {most:,.0f} MB and was ended; allow more with --max-memory",
                )
        return ""


def _memory(pid: int | None) -> float:
    """Megabytes of a process and all that it has started; 0 when it has ended."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family) / _MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0
