"""The engine that papermill knows as `sanlian`."""

from __future__ import annotations

import signal
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from sanlian_analysis.engine.limits import Limits, Watch
from sanlian_analysis.engine.manager import WarmManager, default_start_method
from sanlian_analysis.language import say

#: Nothing of a notebook goes into the user's history.
_IN_MEMORY = ("--HistoryManager.hist_file=:memory:",)


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
        )
        manager.begin(_IN_MEMORY)
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
        client.execute(cleanup_kc=True)


class _Client(PapermillNotebookClient):
    """Papermill's client, which watches limits and does not wait for the end of its kernel."""

    def __init__(
        self, nb_man: NotebookExecutionManager, manager: WarmManager, limits: Limits, **more: Any
    ) -> None:
        super().__init__(nb_man, km=manager, **more)
        self._limits = limits

    def papermill_execute_cells(self) -> None:
        process = self.km.process
        watch = Watch(process, self._limits)
        try:
            super().papermill_execute_cells()
        except DeadKernelError:
            index = self._running()
            process.join()
            raise self._lost(index, watch.exceeded or _ending(process.exitcode)) from None
        finally:
            watch.stop()

    def _running(self) -> int:
        """The cell that was sent to the kernel last."""
        started = [
            number
            for number, cell in enumerate(self.nb.cells)
            if cell.metadata.papermill["start_time"] is not None
        ]
        return started[-1]

    def _lost(self, index: int, reason: str) -> KernelLost:
        """Write the reason into the cell, as an error of its own."""
        lost, cell = KernelLost(index, reason, self.nb), self.nb.cells[index]
        cell.outputs.append(
            nbformat.v4.new_output(
                "error", ename="DeadKernelError", evalue=reason, traceback=[reason]
            )
        )
        self.nb_man.cell_exception(cell, cell_index=index, exception=lost)
        return lost


def _ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return say(f"内核进程被信号 {name} 终止", f"the kernel's process was ended by {name}")
    return say(f"内核进程已退出（{code}）", f"the kernel's process exited ({code})")
