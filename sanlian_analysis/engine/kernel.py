"""The process of one notebook: IPython's kernel, in a process that was forked and not started.

Whatever a new process would have and a forked one has not, or has too much of,
is put right here before the kernel begins.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import ctypes
import gc
import io
import itertools
import logging
import multiprocessing
import os
import random
import signal
import stat
import sys
import threading
import time
import traceback
import warnings
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import process, util
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from traitlets.config import Config

#: Modules of the standard library, of which a forked process has to put right what is their own.
_processes: Any = process
_util: Any = util
_threading: Any = threading

#: The argument with which notebooks are run: nothing of them goes into the user's history.
IN_MEMORY = "--HistoryManager.hist_file=:memory:"

#: Where a kernel draws, unless its environment says otherwise.
_INLINE = "module://matplotlib_inline.backend_inline"

#: From <sys/prctl.h>: the signal that a process gets when its parent ends.
_SET_PARENT_DEATH_SIGNAL = 1


@dataclass(frozen=True)
class Order:
    """What a kernel is told: its connection file, where it runs and with which environment.

    `arguments`: as on the command line of `ipykernel_launcher`, beyond the file.
    `log` takes what is written past the kernel, "" for where the caller's goes.
    """

    file: str
    arguments: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    log: str = ""


def fork(order: Order, ready: Connection) -> int:
    """Fork a kernel; returns the id of its process. `ready` is told once it is one."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        with contextlib.suppress(OSError, ValueError):  # broken, closed
            stream.flush()  # else the child would write again what waits here
    parent = os.getpid()
    with warnings.catch_warnings():
        # of threads, such as those of OpenBLAS, which puts them right itself
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(order, ready, parent)
    return child


def _live(order: Order, ready: Connection, parent: int) -> NoReturn:
    """The life of a kernel, which never comes back to where it was forked."""
    code = 1
    try:
        be_alone(parent)
        _be_new(order, ready.fileno())
        contextvars.Context().run(_serve, order, ready)
        _tidy()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def be_alone(parent: int = 0) -> None:
    """What any forked process needs, whatever it is going to do.

    A session of its own, so that whatever it starts can be ended with it; chance
    of its own; on Linux, an end when `parent` ends.
    """
    os.setsid()
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)  # it ended before we could ask to be told


def _be_new(order: Order, keep: int) -> None:
    """Be as a process is that was just started, apart from what is loaded; `keep`: a descriptor."""
    gc.freeze()  # what is inherited is never garbage here, and not to be written to
    os.environ.clear()
    os.environ.update(order.environment, JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    os.chdir(order.folder)
    _let_go(keep)
    _own_streams(order.log)
    _own_signals()
    _own_ending()
    _own_path()
    _own_settings()
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    asyncio.set_event_loop(None)
    _threading._counter = itertools.count(1).__next__  # for names of threads
    _threading.main_thread()._set_native_id()
    _own_processes()


def _let_go(keep: int) -> None:
    """Let go of inherited pipes and sockets, whose other ends wait for them to be closed.

    Their numbers stay taken: an inherited object may still close its own.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/dev/fd"):
        number = int(name)
        with contextlib.suppress(OSError):
            kind = os.fstat(number).st_mode
            if number > 2 and number != keep and (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
                os.dup2(nothing, number, inheritable=False)
    os.close(nothing)


def _own_streams(log: str) -> None:
    """Nothing to read; what does not reach the notebook goes to `log`."""
    nothing, end = os.pipe()
    os.dup2(nothing, 0)
    os.close(nothing)
    os.close(end)
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    if log:
        place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in (1, 2):
            os.dup2(place, number)
        os.close(place)


def _own_path() -> None:
    """Modules are looked for in the working folder too, though not where the parent was safe.

    IPython leaves that folder out where Python was started with -P, as a parent may
    be for its own sake; it would insert it in the same place.
    """
    if sys.flags.safe_path and not os.environ.get("PYTHONSAFEPATH"):
        names = [os.path.basename(path) for path in sys.path]
        sys.path.insert(names.index("site-packages") if "site-packages" in names else 0, "")


def _own_settings() -> None:
    """What holds where matplotlib is loaded in a kernel: charts in the notebook, a `matplotlibrc`."""
    if matplotlib := sys.modules.get("matplotlib"):
        if os.path.exists("matplotlibrc"):
            matplotlib.rc_file("matplotlibrc", use_default_template=False)
        matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND") or _INLINE


def _own_signals() -> None:
    """Signals do what they do in a new process and not what an inherited function would."""
    signal.set_wakeup_fd(-1)
    for signum in signal.valid_signals():
        if callable(signal.getsignal(signum)):
            signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _own_ending() -> None:
    """Nothing that was to be done at the parent's end is done at this one's."""
    finalize: Any = weakref.finalize
    finalize._registry.clear()
    finalize._registered_with_atexit = False
    atexit._clear()
    for action in (logging.shutdown, _util._exit_function):  # of modules that are loaded already
        atexit.register(action)


class _MainProcess(process.BaseProcess):
    """A process that multiprocessing has not started; its own class of that name is hidden."""

    def __init__(self) -> None:
        self._identity, self._name, self._parent_pid = (), "MainProcess", None
        self._popen, self._closed = None, False
        self._config = {
            "authkey": _processes.AuthenticationString(os.urandom(32)),
            "semprefix": "/mp",
        }


def _own_processes() -> None:
    """What multiprocessing puts right in its children; this one has no parent that it knew of."""
    multiprocessing.set_start_method(None, force=True)
    _processes._current_process, _processes._parent_process = _MainProcess(), None
    _processes._process_counter, _processes._children = itertools.count(1), set()
    _util._finalizer_registry.clear()
    _util._run_after_forkers()


def _serve(order: Order, ready: Connection) -> None:
    """Be a kernel until told to shut down."""
    from ipykernel.kernelapp import IPKernelApp

    launcher = Path(sys.modules["ipykernel"].__file__ or "").parents[1] / "ipykernel_launcher.py"
    sys.argv = [str(launcher), "-f", order.file, *order.arguments]
    sys.orig_argv = [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]]
    # A kernel warns that it talks over loopback; nobody need be told so by every notebook.
    app: Any = IPKernelApp.instance(parent_handle=os.getppid(), log_level=logging.ERROR)
    if order.arguments == (IN_MEMORY,):
        _configure(app, order.file)
    app.initialize(sys.argv[1:])
    _threading._counter()  # debugpy, which is loaded already, takes the number of a thread
    ready.send(("ready", os.getpid()))
    ready.close()
    app.start()
    # It has a last thing to send, through a thread that the application's own ending stops first.
    app.control_thread.join(1.0)


def _configure(app: Any, file: str) -> None:
    """Have an application take over its usual arguments without a parser, whose making is slow."""
    own = {"IPKernelApp": {"connection_file": file}, "HistoryManager": {"hist_file": ":memory:"}}
    app.cli_config = Config(own)
    app.parse_command_line = lambda _: app.update_config(app.cli_config)


def _tidy() -> None:
    """What the interpreter does at its end, short of taking itself apart."""
    _threading._shutdown()
    atexit._run_exitfuncs()
    gc.collect()
    for thing in gc.get_objects():
        if isinstance(thing, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
            with contextlib.suppress(Exception):
                thing.flush()  # a file that the notebook left open
