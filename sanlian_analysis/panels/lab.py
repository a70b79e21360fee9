"""The notebooks in JupyterLab: a folder of the user's own, in the language of the system."""

from __future__ import annotations

import json
import locale
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

# First, as the engine imports nbformat without what would take a second.
import sanlian_analysis.engine  # noqa: F401

# isort: split
import nbformat
from nbformat import NotebookNode
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import whole_file
from sanlian_analysis.inputs import notebook_folder
from sanlian_analysis.language import say

#: The notebooks to explore a ledger with, the first one to be opened first.
ANALYSES = ("00_start.ipynb", "explore.ipynb", "compare_policies.ipynb", "plan.ipynb")

#: Those that bring their own figures.
TUTORIALS = ("tutorial_briefing.ipynb", "tutorial_bounds.ipynb")

#: Where JupyterLab keeps what is set beforehand, below the notebooks.
_SETTINGS = Path(".jupyter/labconfig/default_setting_overrides.json")


@dataclass(frozen=True)
class Session:
    """Where the notebooks lie, and how they are opened.

    `page`: the explorer alone, as a page without JupyterLab around it.
    """

    folder: Path
    port: int = 0
    browser: bool = True
    page: bool = False

    @property
    def command(self) -> list[str]:
        """JupyterLab with the first notebook, or Voilà; they talk to this machine alone."""
        if self.page:
            options = {"template": "sanlian"}
            port = "port"
            program = [sys.executable, "-m", "voila", str(self.folder / "explore.ipynb")]
        else:
            options = {
                "ServerApp.root_dir": str(self.folder),
                "LabApp.default_url": f"/lab/tree/{ANALYSES[0]}",
                "LabApp.extension_manager": "readonly",  # it would ask a package registry
                "LabApp.news_url": "",
            }
            port = "ServerApp.port"
            program = [sys.executable, "-m", "jupyterlab"]
        if self.port:
            options[port] = str(self.port)
        flags = [] if self.browser else ["--no-browser"]
        if not self.page and hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--allow-root")
        return [*program, *(f"--{name}={value}" for name, value in options.items()), *flags]

    @property
    def environment(self) -> dict[str, str]:
        """With the settings of the folder, which the user's own come before, and our template."""
        own = {
            "JUPYTER_CONFIG_PATH": self.folder / _SETTINGS.parents[1],
            "JUPYTER_PATH": Path(__file__).parent,
        }
        return os.environ | {
            name: os.pathsep.join(filter(None, (os.environ.get(name), str(path))))
            for name, path in own.items()
        }


def chinese_system() -> bool:
    """Whether the system speaks Chinese to its user."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.lower().startswith("zh")
    return (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese"))


def prepare(folder: Path, given: Mapping[str, str]) -> None:
    """Put the notebooks into a folder, with the user's ledger for their parameters.

    A notebook that is there already is kept as it is, but for the cell with these
    parameters. `given`: parameters by name, those that are not the notebooks' own.

    Raises SanlianError when the folder cannot be written, and for a file in it
    that is no notebook.
    """
    made: dict[Path, NotebookNode] = {}
    for name in (*ANALYSES, *TUTORIALS):
        target = folder / name
        wanted = {k: v for k, v in given.items() if name in ANALYSES or k == "lang"}
        if wanted or not target.exists():
            read = _notebook(target if target.exists() else notebook_folder() / name)
            made[target] = _with(read, wanted)
    for target, notebook in made.items():
        with whole_file(target) as path:
            nbformat.write(notebook, path)
    settings: dict[str, object] = {
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        }
    }
    if chinese_system():
        settings["@jupyterlab/translation-extension:plugin"] = {"locale": "zh_CN"}
    with whole_file(folder / _SETTINGS) as path:
        path.write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _notebook(path: Path) -> NotebookNode:
    try:
        return load_notebook_node(str(path))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, OSError, ValueError):
        raise SanlianError(
            say(
                f"{path}：不是可读的笔记本；请移走或删除后重试",
                f"{path}: not a notebook that can be read; move it away and try again",
            )
        ) from None


def _with(notebook: NotebookNode, given: Mapping[str, str]) -> NotebookNode:
    """With a cell of parameters, where any are given; without what papermill notes of a run."""
    made = parameterize_notebook(notebook, dict(given)) if given else notebook
    made.metadata.pop("papermill", None)
    for cell in made.cells:
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
    return made


def open_session(session: Session) -> int:
    """Start JupyterLab, or Voilà, and wait until it is closed; its exit code.

    Raises SanlianError when it is not installed.
    """
    needed, extra = ("voila", "sanlian-analysis[voila]") if session.page else ("jupyterlab",) * 2
    if find_spec(needed) is None:
        raise SanlianError(
            say(
                f"没有安装 {needed}；请运行 pip install '{extra}'",
                f"{needed} is not installed: pip install '{extra}'",
            )
        )
    with subprocess.Popen(session.command, env=session.environment) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # Ctrl-C is the server's, which asks or ends
