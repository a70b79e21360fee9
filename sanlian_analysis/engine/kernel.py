"""The process of one notebook: IPython's kernel, in a process that was forked and not started."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

#: From <sys/prctl.h>: the signal that a process gets when its parent ends.
_SET_PARENT_DEATH_SIGNAL = 1

#: A kernel warns that it talks over loopback; nobody need be told so by every notebook.
_ERRORS_ALONE = "--IPKernelApp.log_level=40"


def serve(arguments: Sequence[str], log: str, ready: Connection) -> None:
    """Be a kernel until told to shut down; the body of a kernel's process.

    `arguments`: as on the command line of `ipykernel_launcher`. `log`: takes
    what is written past the kernel, "" for where the caller's goes. `ready` gets
    the connection as soon as there is one.
    """
    from ipykernel.kernelapp import IPKernelApp

    be_alone()
    if log:
        _write_past_to(log)
    folder = tempfile.mkdtemp(prefix="sanlian-")
    file = Path(folder) / "connection.json"
    launcher = Path(sys.modules["ipykernel"].__file__ or "").parents[1] / "ipykernel_launcher.py"
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv = [str(launcher), "-f", str(file), _ERRORS_ALONE, *arguments]
    app: Any = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    ready.send(file.read_text(encoding="utf-8"))
    ready.close()
    shutil.rmtree(folder)
    app.start()


def be_alone() -> None:
    """What a new process has and a forked one must be given.

    A session of its own, so that whatever it starts can be ended with it; chance
    of its own; on Linux, an end when its parent ends.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    random.seed()
    np.random.seed()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _write_past_to(log: str) -> None:
    """Send what is written to the file descriptors, and not to the notebook, into a file."""
    place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(place, stream)
    os.close(place)
