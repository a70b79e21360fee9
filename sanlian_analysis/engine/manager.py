"""How the client of a notebook gets its kernel: a process of `multiprocessing`, not a command."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Type, Unicode

from sanlian_analysis.engine.kernel import serve

#: Seconds that a kernel has to end when it was asked to.
_GRACE = 5.0


def default_start_method() -> str:
    """How kernels come into being: forked by a server, or started where there is no fork."""
    return "forkserver" if sys.platform == "linux" else "spawn"


def context_for(method: str) -> BaseContext:
    """The `multiprocessing` context of a start method; its fork server has everything loaded."""
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["sanlian_analysis.engine.preload"])
    return context


class WarmProvisioner(KernelProvisionerBase):
    """Starts the kernel's process and ends it, with all that it has started itself."""

    process: BaseProcess | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a process, dead or alive."""
        return self.process is not None

    async def poll(self) -> int | None:
        """The exit code, None while the kernel runs."""
        return None if self.process and self.process.is_alive() else 0

    async def wait(self) -> int | None:
        """Wait for the end, which was asked for."""
        while self.process and self.process.is_alive():
            await asyncio.sleep(0.01)
        return 0

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and to all that it has started."""
        if self.process and self.process.is_alive():
            signal_group(self.process, signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once."""
        if self.process:
            kill_group(self.process)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is left: the folder of the connection is removed once it was read."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """There is no command to make."""
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Wait for the process that was begun; returns how to connect to it."""
        manager: Any = self.parent
        self.process, ready = manager.begun
        while not ready.poll(0.005):
            if not self.process.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            await asyncio.sleep(0)
        info: dict[str, Any] = json.loads(ready.recv())
        ready.close()
        info["key"] = info["key"].encode()
        return info


class WarmClient(AsyncKernelClient):
    """A client that does not wait longer than it must for a kernel that is known to listen."""

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        asked = self.kernel_info()
        await self._async_recv_reply(asked, timeout=timeout)
        while True:
            message = await self.iopub_channel.get_msg(timeout=timeout)
            idle = message["content"].get("execution_state") == "idle"
            if idle and message["parent_header"].get("msg_id") == asked:
                return

    wait_for_ready = _async_wait_for_ready


class WarmManager(AsyncKernelManager):
    """Manages a kernel that `multiprocessing` starts.

    `start_method`: fork, forkserver or spawn; fork only from a process with a
    single thread. `log_file`: where the kernel's writes go that do not reach the
    notebook; "" for the caller's own streams.
    """

    start_method = Unicode(default_start_method())
    log_file = Unicode("")
    client_class = f"{__name__}.WarmClient"
    client_factory = Type(WarmClient)

    def begin(self, arguments: Sequence[str] = ()) -> None:
        """Start the process; `start_kernel` waits for it.

        Before the client has an event loop, which a forked process would take for
        its own. `arguments`: as for `ipykernel_launcher`.
        """
        context: Any = context_for(self.start_method)
        ready, tell = context.Pipe(duplex=False)
        process = context.Process(
            target=serve, args=([*arguments], self.log_file, tell), name="kernel"
        )
        process.start()
        tell.close()
        self.begun: tuple[BaseProcess, Connection] = (process, ready)

    async def _async_pre_start_kernel(self, **kwargs: Any) -> tuple[list[str], dict[str, Any]]:
        self.shutting_down = False
        self._launch_args: dict[str, Any] = dict(kwargs)
        self.provisioner = WarmProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
        )
        prepared = await self.provisioner.pre_launch(**kwargs)
        return prepared.pop("cmd"), prepared

    @property
    def process(self) -> BaseProcess:
        """The kernel's process."""
        return self.begun[0]

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = 0.1, restart: bool = False
    ) -> None:
        """See to the kernel's end without waiting for it; the caller has better things to do.

        The thread is no daemon: this process does not end before its kernel has.
        """
        threading.Thread(target=_end, args=(self.process,), name="end of a kernel").start()


def _end(process: BaseProcess) -> None:
    process.join(_GRACE)
    kill_group(process)


def kill_group(process: BaseProcess) -> None:
    """End a process at once, with all that it has started; nothing happens when it has ended."""
    if hasattr(os, "killpg"):
        signal_group(process, signal.SIGKILL)
    else:
        process.kill()
    process.join()


def signal_group(process: BaseProcess, signum: int) -> None:
    """Send a signal to a process that leads a session and to all that it has started."""
    if process.pid is None:
        return
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signum)
        else:
            os.kill(process.pid, signum)
    except ProcessLookupError:
        pass  # it has just ended, or has not come so far as to lead a session
