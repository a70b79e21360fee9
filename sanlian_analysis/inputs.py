"""Where the shipped notebooks, frames and ledgers lie."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say

#: Parameters that name no file.
_NOTHING = ""


@cache
def notebook_folder() -> Path:
    """The folder of the shipped notebooks: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / "county_report.ipynb").is_file():
            return folder
    raise SanlianError(
        say(
            f"{package}：找不到随附的笔记本；请重新安装 sanlian-analysis",
            f"{package}: the shipped notebooks are missing; install sanlian-analysis again",
        )
    )


def find_input(path: str) -> str:
    """A notebook's parameter as a path: from the working folder, else from the notebooks' own.

    So that a notebook finds its default ledger wherever it is run from.
    """
    here = Path(path)
    if path == _NOTHING or here.is_absolute() or here.exists():
        return path
    shipped = notebook_folder() / path
    return str(shipped) if shipped.exists() else path
