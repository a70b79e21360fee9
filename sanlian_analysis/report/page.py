"""An executed notebook as one page that needs nothing else: no script, no network address."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from sanlian_analysis.language import current, say

_TEMPLATE = "template"


@cache
def stylesheet() -> str:
    """The style of every page."""
    return _template_folder().joinpath("page.css").read_text(encoding="utf-8")


def _template_folder() -> Path:
    return Path(str(resources.files(__package__) / _TEMPLATE))


def page(notebook: NotebookNode, title: str, home: str = "") -> str:
    """The notebook as HTML: outputs first, code folded away one click from view.

    `home`: relative address of the page that lists all areas, when there is one.
    """
    exporter = HTMLExporter(
        template_name=_TEMPLATE,
        extra_template_basedirs=[str(_template_folder().parent)],
    )
    html, _ = exporter.from_notebook_node(
        notebook,
        resources={
            "language_code": "zh-CN" if current() == "zh" else "en",
            "page_title": title,
            "page_css": stylesheet(),
            "page_home": home,
            "page_home_label": say("← 全部地区", "← all areas"),
            "code_label": say("代码", "Code"),
        },
    )
    return str(html)
