"""What a notebook may be given."""

from __future__ import annotations

from collections.abc import Mapping

from papermill import inspect_notebook

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import listed, say


def check_parameters(notebook: str, parameters: Mapping[str, object]) -> None:
    """Refuse parameters that the notebook does not have; papermill would only warn.

    Raises SanlianError naming the notebook and the parameter.
    """
    known = inspect_notebook(notebook)
    for name in parameters:
        if name not in known:
            there = listed(known)
            raise SanlianError(
                say(
                    f"{notebook}：笔记本没有参数 {name!r}；有：{there}",
                    f"{notebook}: the notebook has no parameter {name!r}; it has {there}",
                )
            )
