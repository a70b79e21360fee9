"""What a notebook process should find loaded; importing this module loads it.

A fork server imports this once, and whatever it forks has it for nothing.
Nothing here may start a thread, of which a forked process would have no more
than the locks, nor do what IPython does when a kernel starts.
"""

from __future__ import annotations

import importlib
import os

import nbformat
from jupyter_client import localinterfaces
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat.validator import get_validator

#: What a kernel and its client import at the latest when the first cell runs. Not among them is
#: `matplotlib_inline`, which ties itself to the kernel that imports it.
_MODULES = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.unicode_escape",
    "faulthandler",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.kernelspec",
    "jupyter_client.asynchronous",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "numpy.random",
    "papermill.execute",
    "pdb",
    "psutil",
    "sanlian_analysis.engine.papermill_engine",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
)

#: Set in a kernel's environment when it imports its debugger.
_QUIET_DEBUGGER = "PYDEVD_DISABLE_FILE_VALIDATION"


def load() -> None:
    """Import and work out everything that each notebook process would do again."""
    given = _QUIET_DEBUGGER in os.environ
    os.environ.setdefault(_QUIET_DEBUGGER, "1")
    try:
        for name in _MODULES:
            importlib.import_module(name)
    finally:
        if not given:
            del os.environ[_QUIET_DEBUGGER]
    localinterfaces.local_ips()
    KernelProvisionerFactory.instance()
    get_validator(nbformat.v4.nbformat, nbformat.v4.nbformat_minor)


load()
