"""An executed notebook as one page that needs nothing else, and no network address."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path

from nbconvert import TemplateExporter
from nbformat import NotebookNode

from sanlian_analysis.language import current, say

_TEMPLATE = "template"
#: The tag of cells of which a page shows one of their two languages.
_BOTH = "zh-en"
_HANZI = re.compile(r"[\u4e00-\u9fff]")


@cache
def stylesheet() -> str:
    """The style of every page."""
    return _template_folder().joinpath("page.css").read_text(encoding="utf-8")


@cache
def script() -> tuple[str, str]:
    """The one script of every page, which sorts tables, and what lets a browser run it alone."""
    text = _template_folder().joinpath("page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, f"sha256-{digest}"


def one_language(source: str) -> str:
    r"""The parts of a text in both languages that are in the one in force.

    Headings say both with a dot between them, running text in paragraphs of its own.

    >>> one_language("## 依据 · Clauses\n\n说明。\n\nA note.")
    '## 依据\n\n说明。'
    """
    chinese = current() == "zh"
    kept: list[str] = []
    for part in source.split("\n\n"):
        sides = part.split(" · ") if part.startswith("#") else [part]
        if len(sides) == 2:
            mark = part[: len(part) - len(part.lstrip("#"))]
            kept.append(sides[0] if chinese else f"{mark} {sides[1]}")
        elif bool(_HANZI.search(part)) == chinese:
            kept.append(part)
    return "\n\n".join(kept)


def _told(notebook: NotebookNode) -> NotebookNode:
    """The notebook with the texts that are tagged as being in both languages in one."""
    shown = copy.copy(notebook)
    shown.cells = [copy.copy(cell) for cell in notebook.cells]
    for cell in shown.cells:
        if cell.cell_type == "markdown" and _BOTH in cell.metadata.get("tags", []):
            cell.source = one_language(cell.source)
    return shown


def _contents(notebook: NotebookNode) -> list[tuple[str, str]]:
    """The headings of the notebook and where they stand."""
    return [
        (cell.id, cell.source.splitlines()[0].removeprefix("## "))
        for cell in notebook.cells
        if cell.cell_type == "markdown" and cell.source.startswith("## ")
    ]


def _template_folder() -> Path:
    return Path(str(resources.files(__package__) / _TEMPLATE))


@cache
def _exporter() -> TemplateExporter:
    """What turns notebooks into pages; made once, with its templates compiled.

    Not nbconvert's HTMLExporter, which puts "en" for the language of every page and
    parses it once more to describe pictures, as ours are already.
    """
    made = TemplateExporter(
        template_name=_TEMPLATE,
        template_file="index.html.j2",
        file_extension=".html",
        extra_template_basedirs=[str(_template_folder().parent)],
    )
    assert made.template  # compiles it
    return made


def page(notebook: NotebookNode, title: str, home: str = "") -> str:
    """The notebook as HTML: outputs first, code folded away one click from view.

    Of cells with the tag `zh-en` it has the language in force alone.
    `home`: relative address of the page that lists all areas, when there is one.
    """
    shown = _told(notebook)
    html, _ = _exporter().from_notebook_node(
        shown,
        resources={
            "language_code": "zh-CN" if current() == "zh" else "en",
            "page_title": title,
            "page_css": stylesheet(),
            "page_script": script()[0],
            "page_script_hash": script()[1],
            "page_contents": _contents(shown),
            "page_contents_label": say("目录", "Contents"),
            "page_home": home,
            "page_home_label": say("← 全部地区", "← all areas"),
            "code_label": say("代码", "Code"),
        },
    )
    return str(html)
