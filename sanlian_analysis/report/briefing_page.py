"""A briefing as a page: what no notebook makes, in the same dress."""

from __future__ import annotations

from html import escape
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sanlian_analysis.briefing import Briefing
from sanlian_analysis.language import say
from sanlian_analysis.report.page import page
from sanlian_analysis.table import Statement, Table

#: What a notebook shows in one place: data by media type, and what is said about it.
_Output = tuple[dict[str, Any], dict[str, Any]]


def briefing_page(briefing: Briefing) -> str:
    """The briefing as one HTML page; the same briefing gives the same text."""
    charts = [chart._repr_mimebundle_() for chart in briefing.charts]
    method = "".join(f"<p>{escape(line)}</p>" for line in briefing.method)
    origin = "".join(
        f"<p>{escape(label)}{say('：', ': ')}{escape(line)}</p>"
        for label, line in briefing.provenance
    )
    # as HTML: a name may hold anything, and is no Markdown
    own_title = {"text/html": f"<h1>{escape(briefing.title)}</h1>"}
    title: list[_Output] = [] if briefing.headline.heading == briefing.title else [(own_title, {})]
    parts: list[tuple[str, list[_Output]]] = [
        ("", [*title, _shown(briefing.headline)]),
        (say("各文件的要求", "Demands"), [_shown(briefing.key)]),
        (say("图示", "Charts"), charts),
        (say("未达标准的村（社区）", "Who falls short"), [_shown(briefing.short)]),
        (say("依据", "What the documents say"), [_shown(briefing.clauses)]),
        (say("方法与来源", "Method and provenance"), [({"text/html": method + origin}, {})]),
    ]
    cells = []
    for number, (heading, outputs) in enumerate(parts):
        if heading:
            cells.append(new_markdown_cell(f"## {heading}", id=f"heading-{number}"))
        made = [new_output("display_data", data=data, metadata=about) for data, about in outputs]
        cells.append(new_code_cell("", outputs=made, id=f"part-{number}"))
    return page(new_notebook(cells=cells), briefing.title)


def _shown(part: Statement | Table) -> _Output:
    return {"text/html": part._repr_html_(), "text/plain": ""}, {}
