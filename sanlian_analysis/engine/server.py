"""The fork server: a process that has everything loaded and forks the kernels of one caller.

It has a single thread, so that forking is safe, and lives as long as its caller.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from sanlian_analysis.engine.kernel import Order, fork
from sanlian_analysis.engine.process import Child, kill, reaped

#: Seconds between two looks whether the caller still lives.
_INTERVAL = 1.0


class Server:
    """The caller's end of a fork server."""

    def __init__(self) -> None:
        """Start it; orders can be given at once."""
        ours, theirs = socket.socketpair()
        self._orders, self._caller = ours, os.getpid()
        # Not with -P, which kernels would inherit; a file in the working directory is yet no module.
        code = f"import sys; sys.path[:] = filter(None, sys.path); from {__name__} import main"
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"{code}; main({theirs.fileno()})"],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the caller, who says what becomes of the rest
        )
        theirs.close()
        atexit.register(self.close)

    @property
    def usable(self) -> bool:
        """Whether it runs, and belongs to this process and not to one that has forked it."""
        return self._caller == os.getpid() and self._process.poll() is None

    def fork(self, order: Order) -> Connection:
        """Have a kernel forked; the connection takes signals, and tells when it is ready and ends."""
        ours, theirs = Pipe()
        with theirs:
            socket.send_fds(self._orders, [b"\0"], [theirs.fileno()])
        ours.send(order)
        return ours

    def close(self) -> None:
        """End the server and the kernels that are left."""
        self._orders.close()
        if self._caller == os.getpid():
            self._process.wait()
        else:
            self._process.returncode = 0  # a fork of the caller has no such child
        atexit.unregister(self.close)


_lock = threading.Lock()
_servers: dict[tuple[tuple[str, str], ...], Server] = {}


def server() -> Server:
    """The fork server of this process that has Python's variables as they are now."""
    wanted = _python_variables()
    with _lock:
        for variables in [one for one, there in _servers.items() if not there.usable]:
            _servers.pop(variables).close()
        if wanted not in _servers:
            _servers[wanted] = Server()
        return _servers[wanted]


def _python_variables() -> tuple[tuple[str, str], ...]:
    """What is read as the interpreter starts or matplotlib is loaded, and never again."""
    read = ("PYTHON", "MPL", "MATPLOTLIB")
    return tuple(sorted(item for item in os.environ.items() if item[0].startswith(read)))


def oversee(orders: socket.socket, imported: Mapping[str, str]) -> None:
    """Fork kernels as they are ordered, until the caller closes `orders` or is gone.

    `imported`: variables that modules set when they were loaded here, not there.
    """
    caller, kernels = os.getppid(), dict[Connection, Child]()
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    try:
        while os.getppid() == caller:
            ready: Sequence[Any] = wait([orders, ended, *kernels], timeout=_INTERVAL)
            if ended in ready:
                ended.recv(4096)
            _tell_ends(kernels)
            for connection in kernels.keys() & set(ready):
                _obey(connection, kernels)
            if orders in ready:
                connection = _received(orders)
                try:
                    kernels[connection] = _forked(connection, imported)
                except OSError:
                    connection.close()  # the caller sees that there is no kernel
    except (EOFError, OSError):
        pass  # the caller is done, or gone
    finally:
        for child in kernels.values():
            kill(child)


def _received(orders: socket.socket) -> Connection:
    _, numbers, _, _ = socket.recv_fds(orders, 1, 1)
    if not numbers:
        raise EOFError
    return Connection(numbers[0])


def _forked(connection: Connection, imported: Mapping[str, str]) -> Child:
    order = connection.recv()
    pid = fork(replace(order, environment={**imported, **order.environment}), connection)
    return Child(pid, lambda: reaped(pid))


def _tell_ends(kernels: dict[Connection, Child]) -> None:
    """Let go of the kernels that have ended, and tell the caller how."""
    for connection, child in list(kernels.items()):
        if child.poll() is not None:
            with contextlib.suppress(OSError):
                connection.send(("ended", child.poll()))
            connection.close()
            del kernels[connection]


def _obey(connection: Connection, kernels: dict[Connection, Child]) -> None:
    """Send on the signal that the caller sends; a caller that has let go wants no kernel."""
    try:
        kernels[connection].signal(connection.recv())
    except (EOFError, OSError):
        kernels[connection].signal(signal.SIGKILL)


def main(orders: int) -> None:
    """Be a fork server; `orders`: the end of a socket that the caller left open."""
    given = dict(os.environ)
    import sanlian_analysis.engine.preload  # noqa: F401 - importing it loads what kernels need

    imported = {name: value for name, value in os.environ.items() if name not in given}
    gc.collect()
    gc.freeze()
    oversee(socket.socket(fileno=orders), imported)
