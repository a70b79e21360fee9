"""How the client of a notebook gets its kernel: a process that is forked, where there is fork."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Pipe
from multiprocessing.process import BaseProcess
from queue import Empty
from string import Template
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.provisioning import KernelProvisionerBase, LocalProvisioner
from traitlets import Enum, Float, Type, Unicode

from sanlian_analysis.engine.kernel import Order, fork
from sanlian_analysis.engine.process import (
    Child,
    Forked,
    KernelProcess,
    Served,
    join,
    kill,
    signal_group,
)
from sanlian_analysis.engine.server import server

#: Seconds that a kernel has to end when it was asked to.
_GRACE = 5.0

#: Seconds after which a client asks again whether the kernel is ready.
_PATIENCE = 0.5

#: The commands that kernel specs have for the very Python that reads them.
_THIS_PYTHON = {
    "python",
    f"python{sys.version_info[0]}",
    f"python{sys.version_info[0]}.{sys.version_info[1]}",
}
_LAUNCH = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


def default_start_method() -> str:
    """How kernels come into being: forked by a server, or started where there is no fork."""
    return "forkserver" if sys.platform == "linux" else "spawn"


class WarmProvisioner(KernelProvisionerBase):
    """What jupyter_client knows of a kernel that was forked: whether it lives, and how to end it."""

    process: Forked | Served | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a process, dead or alive."""
        return self.process is not None

    async def poll(self) -> int | None:
        """The exit code, None while the kernel runs."""
        return self.process.poll() if self.process else 0

    async def wait(self) -> int | None:
        """Wait for the end, which was asked for."""
        while await self.poll() is None:
            await asyncio.sleep(0.01)
        return await self.poll()

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and to all that it has started."""
        if self.process:
            self.process.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is left but the connection file, which the manager sees to."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Wait for the kernel that was begun; returns how to connect to it."""
        manager: Any = self.parent
        self.process = process = manager.process
        if not process.is_ready(manager.start_timeout):
            late = not join(process, 1.0)  # one that ended is seen to end a moment later
            kill(process)
            if late:
                raise RuntimeError(f"Kernel didn't respond in {manager.start_timeout:g} seconds")
            raise RuntimeError("Kernel died before replying to kernel_info")
        with open(manager.connection_file, encoding="utf-8") as file:
            info: dict[str, Any] = json.load(file)
        info["key"] = info["key"].encode()
        manager.load_connection_info(info)
        return info


class ColdProvisioner(LocalProvisioner):
    """Starts a kernel as jupyter_client does, and knows its process."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Start the kernel with a command."""
        manager: Any = self.parent
        info: Any = await super().launch_kernel(cmd, **kwargs)
        process: Any = self.process
        manager.process = Child(process.pid, process.poll)
        return info

    async def poll(self) -> int | None:
        """The exit code, None while the kernel runs."""
        manager: Any = self.parent
        return manager.process.poll() if self.process else 0


class _Channel(AsyncZMQSocketChannel):
    """A channel that does not ask whether there is a message before it waits for one."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        """The next message; raises Empty when there is none for so many seconds."""
        return await (self._recv() if timeout is None else super().get_msg(timeout))


class WarmClient(AsyncKernelClient):
    """A client that does not wait longer than it must for a kernel that is known to listen.

    It has the two channels that are used to run a notebook.
    """

    shell_channel_class = Type(_Channel)
    iopub_channel_class = Type(_Channel)

    def start_channels(
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = False,
        hb: bool = False,
        control: bool = False,
    ) -> None:
        """Connect to the kernel."""
        super().start_channels(shell, iopub, stdin=False, hb=False, control=False)

    def stop_channels(self) -> None:
        """Let go of the kernel; the others' would connect only to be closed."""
        self.shell_channel.stop()
        self.iopub_channel.stop()

    @property
    def channels_running(self) -> bool:
        """Whether messages can still come."""
        return bool(self.shell_channel.is_alive() or self.iopub_channel.is_alive())

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until news of the kernel arrives; the first may be lost while sockets connect."""
        asked, until = set[str](), time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < until:
            asked.add(self.kernel_info())
            with contextlib.suppress(Empty):
                while True:
                    message = await self.iopub_channel.get_msg(timeout=_PATIENCE)
                    idle = message["content"].get("execution_state") == "idle"
                    if idle and message["parent_header"].get("msg_id") in asked:
                        return
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    wait_for_ready = _async_wait_for_ready


class WarmManager(AsyncKernelManager):
    """Manages a kernel that was forked, or one that was started where that cannot be.

    `start_method`: fork, forkserver or spawn; fork only from a process with a
    single thread. Kernels that are not this very Python's are always spawned.
    `log_file`: where the kernel's writes go that do not reach the notebook; "" for
    the caller's own streams. `start_timeout`: seconds for a kernel to be ready.
    """

    start_method = Enum(["fork", "forkserver", "spawn"], default_start_method())
    log_file = Unicode("")
    start_timeout = Float(60)

    #: The kernel's process; None before there is one, or for one on another machine.
    process: KernelProcess | None = None

    #: Whether nothing runs in the kernel that had to be interrupted before it can end.
    idle = False

    def begin(self, arguments: Sequence[str], folder: str) -> None:
        """Fork the kernel, which `start_kernel` then waits for; one to be spawned begins there.

        Before the client has an event loop, which a forked process would take for
        its own. `arguments`: as for `ipykernel_launcher`; `folder`: where it runs.
        """
        own = self._arguments_of_spec()
        if self.start_method == "spawn" or own is None:
            return
        self._leave_ports_open()
        order = Order(
            file=self.connection_file,
            arguments=(*own, *arguments),
            folder=os.path.abspath(folder),
            environment=self._environment(),
            log=self.log_file and os.path.abspath(self.log_file),
        )
        self.client_factory = WarmClient
        if self.start_method == "fork":
            ready, tell = Pipe(duplex=False)
            with tell:
                self.process = Forked(fork(order, tell), ready)
        else:
            self.process = Served(server().fork(order))

    def client(self, **kwargs: Any) -> AsyncKernelClient:  # type: ignore[override]
        """A client; that of a forked kernel shares the context of the manager's sockets."""
        shared = {"context": self.context} if self.client_factory is WarmClient else {}
        return super().client(**shared, **kwargs)

    def dismiss(self) -> None:
        """See to it that the kernel ends, without waiting for that.

        The thread is no daemon: this process does not end before its kernel has.
        """
        self.cleanup_connection_file()
        if self.process and self.process.poll() is None:
            threading.Thread(target=_end, args=(self.process,), name="end of a kernel").start()

    def _arguments_of_spec(self) -> list[str] | None:
        """What the kernel's spec adds to the arguments; None when it is not this Python's own."""
        spec = self.kernel_spec
        command = [part for part in spec.argv if part != "-Xfrozen_modules=off"] if spec else []
        folder, name = os.path.split(command[0]) if command else ("", "")
        here = folder in ("", os.path.dirname(sys.executable)) and name in _THIS_PYTHON
        return command[5:] if here and command[1:5] == _LAUNCH else None

    def _environment(self) -> dict[str, str]:
        """What a started kernel would find: our variables, and those of its spec."""
        there = {name: value for name, value in os.environ.items() if name != "PYTHONEXECUTABLE"}
        own = self.kernel_spec.env if self.kernel_spec else {}
        return there | {name: Template(own[name]).safe_substitute(there) for name in own}

    def _leave_ports_open(self) -> None:
        """Write a connection file in which the kernel fills in the ports that it gets."""
        place, self.connection_file = tempfile.mkstemp(prefix="sanlian-", suffix=".json")
        self._connection_file_written = True
        info: dict[str, Any] = {**self.get_connection_info(), "kernel_name": self.kernel_name}
        info["key"] = info["key"].decode()
        with open(place, "w", encoding="utf-8") as file:
            json.dump(info, file)

    async def _async_pre_start_kernel(self, **kwargs: Any) -> tuple[list[str], dict[str, Any]]:
        spec: Any = self.kernel_spec
        given = {"kernel_id": self.kernel_id, "kernel_spec": spec, "parent": self}
        if self.process:
            self.provisioner = WarmProvisioner(**given)
            kwargs["cmd"] = []
        elif "kernel_provisioner" not in spec.metadata:
            self.provisioner = ColdProvisioner(**given)
        return await super()._async_pre_start_kernel(**kwargs)

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        if self.process or not self.log_file:
            await super()._async_launch_kernel(kernel_cmd, **kw)
        else:
            with open(self.log_file, "ab") as log:
                await super()._async_launch_kernel(kernel_cmd, stdout=log, stderr=log, **kw)

    async def _async_interrupt_kernel(self) -> None:
        """Interrupt what runs; a kernel at rest would say that it was disturbed."""
        if not (self.idle and self.shutting_down):
            await super()._async_interrupt_kernel()

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = 0.1, restart: bool = False
    ) -> None:
        """Wait only for one that had to be interrupted: it may have something to say about that.

        For the others the caller has better things to do, and `dismiss` sees to them.
        """
        if not (self.idle and self.process):
            await super()._async_finish_shutdown(waittime, 0.01, restart)


def _end(process: KernelProcess) -> None:
    """Wait for a kernel that was asked to end; be ever less polite, as jupyter_client is."""
    if not join(process, _GRACE / 2):
        process.signal(signal.SIGTERM)
        if not join(process, _GRACE / 2):
            kill(process)


def kill_group(process: BaseProcess) -> None:
    """End a process that is to lead a session at once, with all that it has started."""
    if process.pid is not None:
        signal_group(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
