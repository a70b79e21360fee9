"""The engine that papermill knows as `sanlian`."""

from __future__ import annotations

import os
import signal
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from sanlian_analysis.engine.limits import Limits, Watch
from sanlian_analysis.engine.manager import WarmManager, default_start_method
from sanlian_analysis.engine.process import KernelProcess
from sanlian_analysis.language import say


class KernelLost(DeadKernelError):
    """The kernel ended in the middle of a cell.

    `cell_index` counts from 0; `reason` says what ended it: a limit, a signal or
    an exit code. `notebook`: all that was done until then.
    """

    def __init__(self, cell_index: int, reason: str, notebook: nbformat.NotebookNode) -> None:
        """The cell in which it happened, and why."""
        super().__init__(
            say(f"第 {cell_index + 1} 格：{reason}", f"cell {cell_index + 1}: {reason}")
        )
        self.cell_index, self.reason, self.notebook = cell_index, reason, notebook


class SanlianEngine(Engine):
    """Runs a notebook in a kernel that is forked with everything loaded.

    Outputs, errors, counts and times are those of papermill's own engine: kernel
    and client are the same. Where there is no fork the kernel is started anew.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        start_method: str = "",
        limits: Limits | None = None,
        log_file: str = "",
        **kwargs: Any,
    ) -> None:
        """Run the notebook of `nb_man`.

        Takes what papermill's own engine takes, and further `start_method`, of the
        kernel's process ("fork" is for callers that have a single thread and
        everything loaded), `limits` of this notebook, and `log_file`, where the
        kernel's writes go that do not reach the notebook.

        Raises KernelLost when the kernel ends in the middle of a cell, which then
        shows the reason as its error.
        """
        manager = WarmManager(
            kernel_name=kernel_name,
            start_method=start_method or default_start_method(),
            log_file=log_file,
            start_timeout=start_timeout,
        )
        options = remove_args(["input_path", "timeout", "startup_timeout"], **kwargs)
        client = _Client(
            nb_man,
            manager,
            limits or Limits(),
            **merge_kwargs(
                options,
                timeout=execution_timeout or kwargs.get("timeout"),
                startup_timeout=start_timeout,
                kernel_name=kernel_name,
                log=logger,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
            ),
        )
        try:
            client.execute(cleanup_kc=True)
        finally:
            manager.dismiss()


class _Client(PapermillNotebookClient):
    """Papermill's client, which watches limits and says how its kernel ended."""

    def __init__(
        self, nb_man: NotebookExecutionManager, manager: WarmManager, limits: Limits, **more: Any
    ) -> None:
        super().__init__(nb_man, km=manager, **more)
        self._manager, self._limits = manager, limits
        self._exceeded = ""

    def execute(self, **kwargs: Any) -> nbformat.NotebookNode:
        folder = self.resources.get("metadata", {}).get("path") or os.getcwd()
        self._manager.begin(self._arguments(), folder)
        try:
            return super().execute(**kwargs)
        except DeadKernelError:
            if not any(map(self._was_sent, self.nb.cells)):
                raise
            raise self._lost() from None

    def papermill_execute_cells(self) -> None:
        watch = Watch(self._manager.process, self._limits)
        try:
            super().papermill_execute_cells()
            self._manager.idle = True
        finally:
            watch.stop()
            self._exceeded = watch.exceeded

    async def _async_check_alive(self) -> None:
        """Without nbclient's line in the log: how the kernel ended is told with its cell."""
        if not await ensure_async(self.kc.is_alive()):
            raise DeadKernelError("Kernel died")

    def _arguments(self) -> list[str]:
        """The kernel's arguments, as NotebookClient puts them together when it starts one."""
        history = f"--HistoryManager.hist_file={self.ipython_hist_file}"
        given = any(one.startswith(history.split("=")[0]) for one in self.extra_arguments)
        adds = self._manager.ipykernel and self.ipython_hist_file and not given
        return [*self.extra_arguments, *([history] if adds else [])]

    def _was_sent(self, cell: nbformat.NotebookNode) -> bool:
        """Whether a cell was sent to the kernel."""
        skipped = self.skip_cells_with_tag in cell.metadata.get("tags", [])
        runs = cell.cell_type == "code" and cell.source.strip() and not skipped
        return bool(runs) and cell.metadata.papermill["start_time"] is not None

    def _lost(self) -> KernelLost:
        """Write the reason into the cell that was sent last, as an error of its own."""
        index = max(number for number, cell in enumerate(self.nb.cells) if self._was_sent(cell))
        reason = self._exceeded or _ending(self._manager.process)
        lost, cell = KernelLost(index, reason, self.nb), self.nb.cells[index]
        cell.outputs.append(
            nbformat.v4.new_output(
                "error", ename="DeadKernelError", evalue=reason, traceback=[reason]
            )
        )
        self.nb_man.cell_exception(cell, cell_index=index, exception=lost)
        return lost


def _ending(process: KernelProcess | None) -> str:
    """How a process ended, in words."""
    code = process.poll() if process else None
    if code is not None and code < 0:
        known = {one.value: one.name for one in signal.Signals}
        name = known.get(-code, str(-code))
        return say(f"内核进程被信号 {name} 终止", f"the kernel's process was ended by {name}")
    return say(f"内核进程已退出（{code}）", f"the kernel's process exited ({code})")
