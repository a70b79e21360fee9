"""The process of a kernel, as its caller sees it: a child of its own, or one of the fork server."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

#: Seconds between two looks at a process that is waited for.
_INTERVAL = 0.005


class KernelProcess(Protocol):
    """A process that leads a session, and whatever it has started in it."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""

    def signal(self, signum: int) -> None:
        """Send a signal to the process and to all that it has started."""


def join(process: KernelProcess, seconds: float = float("inf")) -> bool:
    """Wait for the end of a process, for so long; returns whether it has ended."""
    until = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > until:
            return False
        time.sleep(_INTERVAL)
    return True


def kill(process: KernelProcess) -> None:
    """End a process at once, with all that it has started; nothing happens when it has ended."""
    process.signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    join(process)


class Child:
    """A child of this process.

    What it leaves running is ended with it. Its id is used only as long as it is
    not reaped: afterwards it may be the id of somebody else.
    """

    def __init__(self, pid: int, reap: Callable[[], int | None]) -> None:
        """`reap`: returns the exit code and lets go of the id; None while the child runs."""
        self.pid = pid
        self._reap = reap
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with self._lock:
            if self._code is None and _may_have_ended(self.pid):
                self._code = self._reap()
            return self._code

    def signal(self, signum: int) -> None:
        """Send a signal to the child and to all that it has started."""
        with self._lock:
            if self._code is None:
                signal_group(self.pid, signum)


class Forked(Child):
    """A kernel that this process has forked itself."""

    def __init__(self, pid: int, ready: Connection) -> None:
        """`ready`: where it says that it is ready."""
        super().__init__(pid, lambda: reaped(pid))
        self._ready = ready

    def is_ready(self, seconds: float) -> bool:
        """Whether it is ready within so long; it is not when it has ended."""
        with self._ready, contextlib.suppress(EOFError):
            return self._ready.poll(seconds) and bool(self._ready.recv())
        return False


class Served:
    """A kernel that the fork server has forked, which ends all that it leaves.

    `pid` is known once it is ready.
    """

    pid = 0

    def __init__(self, server: Connection) -> None:
        """`server`: takes signals, and gives the id and then the exit code."""
        self._server = server
        self._code: int | None = None
        self._lock = threading.Lock()

    def is_ready(self, seconds: float) -> bool:
        """Whether it is ready within so long; it is not when it has ended."""
        with self._lock:
            self._hear(seconds)
        return bool(self.pid) and self.poll() is None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with self._lock:
            self._hear(0)
            return self._code

    def signal(self, signum: int) -> None:
        """Have the server send a signal to the kernel and to all that it has started."""
        with self._lock, contextlib.suppress(OSError):
            if self._code is None:
                self._server.send(signum)

    def _hear(self, seconds: float) -> None:
        """Take in one piece of news, if there is one within so long."""
        if self._code is not None or not self._server.poll(seconds):
            return
        try:
            news, number = self._server.recv()
        except (EOFError, OSError):
            news, number = "ended", -signal.SIGKILL  # with the server end its kernels
        if news == "ready":
            self.pid = number
        else:
            self._code = number
            self._server.close()


def reaped(pid: int) -> int | None:
    """The exit code of a child, whose id is free then; None while it runs."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 255  # somebody else here has asked, and been told
    return os.waitstatus_to_exitcode(status) if ended else None


def _may_have_ended(pid: int) -> bool:
    """Whether a child may be reaped; where one can tell, all that it has left is ended first."""
    if not hasattr(os, "waitid"):
        return True
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
    if ended:
        signal_group(pid, signal.SIGKILL)
    return ended


def signal_group(pid: int, signum: int) -> None:
    """Send a signal to a process that leads a session, and to all that it has started.

    It may not have come so far as to lead one, and it may have ended.
    """
    try:
        if hasattr(os, "killpg"):
            os.killpg(pid, signum)
            return
    except ProcessLookupError:
        pass
    except PermissionError:
        return  # macOS says so of a group of zombies
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)
