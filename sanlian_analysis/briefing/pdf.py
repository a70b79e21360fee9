"""A briefing as PDF: one to three pages, the same on every machine.

The template shows texts, it does not read them: they reach it as the strings
of a JSON file that exists in memory alone, next to the charts.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import matplotlib
import pylopdf_fonts_zh_cn
import typst
from matplotlib.ft2font import FT2Font

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.value import Briefing
from sanlian_analysis.charts import Chart, style
from sanlian_analysis.charts.text import shorten
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say, using
from sanlian_analysis.tables import Table, simulated_mark, verdict_text

#: Archivable (PDF/A) and accessible (PDF/UA): tags, alternative texts, no letter without a glyph.
_STANDARDS: Any = ["a-2a", "ua-1"]

_FONTS = {"text": "Noto Sans SC", "title": "Noto Serif SC"}
_COLOURS = {
    "ink": style.INK,
    "muted": style.MUTED,
    "line": "#C9CDD1",
    "tag": style.TAG_PAPER,
    "accent": style.TONES[-1],
}

#: Stands for a character that the fonts lack.
_NO_GLYPH = "〓"

#: Millimetres between the margins of a page, as in the template.
_ROOM, _TALL = 172.0, 253.0
#: Charts on a page, what of it they may take, and how small one may become.
_MOST_CHARTS, _PICTURED, _SMALLEST = 2, 0.95, 0.85

#: Inches of a chart's margin that the page has no need of; the tag reaches into the rest.
_BLEED = style.MARGIN - 0.06

#: No more rows than this fit on three pages; the template need not measure them.
_MEASURED_ROWS = 130
#: Rows of each leading table, so that there is room for the others.
_LEADING_ROWS = 12

#: Points of the running lines, and millimetres in an inch.
_RUNNING, _INCH = 8, 25.4

#: Letters without a space after which a line, or a cell, may break anywhere.
_LONG_IN_LINE, _LONG_IN_CELL = 40, 13
_BREAK = "\u200b"

#: A longer text is no name; so much of it is shown, and less where that fills too many pages.
_LONGEST = (600, 200, 60)
_MOST_PAGES = 3


def pdf(briefing: Briefing) -> bytes:
    """The briefing on one to three A4 pages; the same briefing gives the same bytes.

    Tables longer than the pages have room for end with how many rows there are,
    and how many of them are shown. Raises SanlianError when it cannot be set.
    """
    with using("en" if briefing.language == "en" else "zh"):
        data, pictures = _data(briefing), _pictures(briefing.charts)
    about = {"charts": [about for about, _ in pictures]}
    drawn = {about["file"]: svg for about, svg in pictures}
    for longest in _LONGEST:
        words = json.dumps(_cut(data, longest) | about, ensure_ascii=False).encode()
        file = _set(briefing, {"main.typ": _template(), "data.json": words, **drawn})
        if _pages(file) <= _MOST_PAGES:
            break
    return file


def _set(briefing: Briefing, sources: dict[str, bytes]) -> bytes:
    midnight = dt.datetime.combine(briefing.date, dt.time(), dt.UTC)
    try:
        file: bytes = _compiler().compile(
            sources, format="pdf", pdf_standards=_STANDARDS, timestamp=midnight
        )
    except typst.TypstError as error:
        raise SanlianError(
            say(
                f"{briefing.code}：PDF 排版失败（{error.message}）",
                f"{briefing.code}: the PDF cannot be set ({error.message})",
            )
        ) from error
    return file


def _cut(data: Any, longest: int) -> Any:
    """The same data with no text longer than so many letters."""
    match data:
        case str() if len(data) > longest:
            return data[:longest] + "…"
        case list():
            return [_cut(item, longest) for item in data]
        case dict():
            return {key: _cut(item, longest) for key, item in data.items()}
    return data


def _pages(file: bytes) -> int:
    counted = re.search(rb"/Type/Pages/Count (\d+)", file)
    return int(counted[1]) if counted else 0


@cache
def _compiler() -> Any:
    """One compiler for all briefings: it keeps the fonts, and what it has set before."""
    folder = str(pylopdf_fonts_zh_cn.sans_path().parent)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
    return typst.Compiler(font_paths=fonts)


@cache
def _template() -> bytes:
    return files("sanlian_analysis.briefing").joinpath("briefing.typ").read_bytes()


@cache
def _glyphs() -> frozenset[str]:
    """Characters that both fonts have."""
    paths = (pylopdf_fonts_zh_cn.sans_path(), pylopdf_fonts_zh_cn.serif_path())
    maps = [frozenset(FT2Font(str(path)).get_charmap()) for path in paths]
    return frozenset(map(chr, frozenset.intersection(*maps)))


def _text(text: object, longest: int = _LONG_IN_LINE) -> str:
    """What both fonts can show of a text, able to break where it has no space."""
    run = rf"[!-\u2e7f]{{{longest},}}"
    return re.sub(run, lambda found: _BREAK.join(found[0]), _plain(text))


def _plain(text: object) -> str:
    return "".join(c if c in _glyphs() else _NO_GLYPH for c in style.drawable(clean(text)))


def _running(text: str, room: float) -> str:
    """A text on one line of a header or footer, `room` millimetres long."""
    return _plain(shorten(text, room / _INCH, _RUNNING))


def _data(briefing: Briefing) -> dict[str, Any]:
    """All that the template shows, as strings."""
    code = say(f"（{briefing.code}）", f" ({briefing.code})") if briefing.code else ""
    as_of = say(f"截至{briefing.date}", f"as of {briefing.date}")
    heading = briefing.headline.heading
    day = briefing.date
    return {
        "language": briefing.language,
        "region": say("cn", "gb"),
        "author": "sanlian-analysis",
        "date": [day.year, day.month, day.day],
        "fonts": _FONTS,
        "colours": _COLOURS,
        "simulated": simulated_mark() if briefing.simulated else None,
        "title": _text(briefing.title),
        "running": _running(briefing.title, 130),
        "footer": _plain(f"{_running(briefing.name, 80)}{code} · {as_of}"),
        "name": _plain(briefing.title),
        "page": say("第 {n} 页，共 {m} 页", "Page {n} of {m}"),
        "continued": say("（续）", " (continued)"),
        "subtitle": _text(heading if heading != briefing.title else as_of),
        "headline": [_text(sentence) for sentence in briefing.headline.sentences],
        "details": [_text(detail) for detail in briefing.headline.details],
        "key": _table(briefing.key),
        "leading": [_table(table, most=_LEADING_ROWS) for table in briefing.leading],
        "short": _table(briefing.short),
        "clauses": _table(_clauses(briefing), weight=2),
        "method": {
            "title": say("怎样计算", "How it is calculated"),
            "lines": [_text(line) for line in briefing.method],
        },
        "provenance": {
            "title": say("数据来源", "Where it comes from"),
            "lines": [[_text(label), _text(line)] for label, line in briefing.provenance],
        },
    }


def _clauses(briefing: Briefing) -> Table:
    """Clause and sentence of every target; how it is calculated is left to the page."""
    found = briefing.clauses
    basis = "" if briefing.kind == "comparison" else say("依据：", "Basis: ")
    return replace(
        found,
        caption=basis + found.caption,
        header=found.header[:-1],
        rows=tuple(row[:-1] for row in found.rows),
    )


def _table(table: Table, weight: int = 1, most: int = _MEASURED_ROWS) -> dict[str, Any]:
    """A table with a tint for every verdict, and what stands below it if n rows are shown.

    `weight`: its part of pages that several tables have to share; `most`: the rows that
    it may have.
    """
    measured = table.rows[:most]
    return {
        "caption": _text(table.caption),
        "header": [_cell(cell) for cell in table.header],
        "rows": [[_cell(cell) for cell in row] for row in measured],
        "total": len(table.rows),
        "weight": weight,
        "numeric": sorted(table.numeric),
        "before": 0,
        "below": [[_text(line) for line in table.remarks(n)] for n in range(len(measured) + 1)],
    }


def _cell(cell: object) -> dict[str, str | None]:
    text = _text(cell, _LONG_IN_CELL)
    sign, space, _ = text.partition(" ")
    return {"text": text, "fill": _tints().get(sign) if space else None}


@cache
def _tints() -> dict[str, str]:
    """The tint of every verdict, by the sign that its text begins with."""
    return {verdict_text(name)[0]: mark.cell for name, mark in style.VERDICTS.items()}


def _pictures(drawn: Sequence[Chart]) -> list[tuple[dict[str, Any], bytes]]:
    """The first charts that can be read on a page: file, words and size, and the picture."""
    found: list[tuple[dict[str, Any], bytes]] = []
    left = _TALL * _PICTURED
    for chart in drawn:
        wide, high = (float(side) for side in chart.get_size_inches())
        bleed = _BLEED / (wide - 2 * _BLEED)
        full = _ROOM * (1 + 2 * bleed) * high / wide
        scale = min(1.0, left / full)
        if scale < _SMALLEST:
            continue
        about = {
            "file": f"chart-{len(found)}.svg",
            "alt": _plain(chart.alt),
            "ratio": high / wide,
            "bleed": bleed,
            "scale": scale,
        }
        found.append((about, _svg(chart)))
        left -= full * scale
        if len(found) == _MOST_CHARTS:
            break
    return found


def _svg(chart: Chart) -> bytes:
    """The chart as vectors, its words as text that can be searched and copied.

    Outlines in place of letters where the text font lacks one of them.
    """
    described = {"Date": None, "Creator": None}
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": chart.name, "svg.fonttype": "none"}):
        chart.savefig(file, format="svg", facecolor=style.PAPER, metadata=described)
    svg = file.getvalue()
    return svg if _glyphs().issuperset(set(svg.decode()) - {"\n"}) else chart.svg()
