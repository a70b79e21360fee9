"""Charts that Excel draws and a person can edit, and the sheet of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.sheets import HEADER, LINE, Book, Sheet
from sanlian_analysis.briefing.value import Native, Role, Series
from sanlian_analysis.charts.style import GRID, INK, MUTED, PAPER, TONES, VERDICTS
from sanlian_analysis.language import quoted, say

#: Pixels of a chart, rows that it covers, and rows from one chart to the next.
_CHART, _CHART_ROWS, _SLOT = (1090, 520), 26, 31
#: Longest name on the axis of a chart; more categories than this stand aslant.
_CATEGORY, _UPRIGHT = 16, 9

#: How each row of figures is drawn: colour, width of the line, dashes, mark.
_DRAWN: dict[Role, tuple[str, float, str, str]] = {
    "value": ("#0072B2", 2.5, "solid", "circle"),
    "threshold": (INK, 1.75, "dash", "none"),
    "lower": ("#7FB3D5", 1.0, "round_dot", "none"),
    "upper": ("#7FB3D5", 1.0, "square_dot", "none"),
}


def write(book: Book, natives: Sequence[Native]) -> None:
    """Charts that can be edited, below one another, and their figures on the next sheet."""
    pictures = Sheet(book, say("图表", "Charts"), [15.0] * 10)
    most = max(len(native.series) for native in natives)
    figures = Sheet(book, say("图表数据", "Chart data"), [26.0] * (1 + most))
    pictures.sentence(0, book.briefing.title, bold=True, font_size=14)
    pictures.about(1)
    for row in range(3, 3 + _SLOT * len(natives)):
        pictures.there.set_row(row, LINE)  # or LibreOffice makes empty rows lower
    top, breaks = 0, []
    for number, native in enumerate(natives):
        chart = _chart(book, native, figures, top)
        row = 3 + number * _SLOT
        pictures.there.insert_chart(row, 0, chart, {"description": clean(native.alt)})
        below = pictures.sentence(row + _CHART_ROWS + 1, native.source, font_color=MUTED)
        pictures.sentence(below, quoted(native.sentence), font_color=MUTED)
        breaks.append(row + _SLOT)
        top += len(native.categories) + 3
    pictures.there.set_h_pagebreaks(breaks[:-1])
    pictures.there.hide_gridlines(2)


def _chart(book: Book, native: Native, sheet: Sheet, top: int) -> Any:
    """One chart; its figures are written into a block that begins in row `top`."""
    name, first = sheet.there.get_name(), top + 2
    last = first + len(native.categories) - 1
    sheet.sentence(top, native.title, bold=True)
    headings = [native.unit, *(series.name for series in native.series)]
    sheet.row(top + 1, headings, [HEADER] * len(headings))
    for row, category in enumerate(native.categories, start=first):
        sheet.text(row, 0, _short(category))
    chart = book.chart("line" if native.kind == "line" else "column")
    lines = chart if native.kind == "line" else book.chart("line")
    for place, series in enumerate(native.series, start=1):
        for row, value in enumerate(series.values, start=first):
            if value is not None:
                sheet.there.write_number(row, place, value)
        drawn = _drawn(native, series)
        drawn["name"] = [name, top + 1, place]
        drawn["categories"] = [name, first, 0, last, 0]
        drawn["values"] = [name, first, place, last, place]
        (chart if series.role == "value" else lines).add_series(drawn)
    if lines is not chart and any(series.role != "value" for series in native.series):
        chart.combine(lines)
    _dress(chart, native, [name, top, 0])
    return chart


def _drawn(native: Native, series: Series) -> dict[str, Any]:
    """How one row of figures looks: bars for the figures of areas, lines for all else."""
    colour, width, dash, mark = _DRAWN[series.role]
    if native.kind == "bar" and series.role == "value":
        look = VERDICTS.get(series.verdict)
        judged: dict[str, Any] = {
            "fill": {"color": look.cell if look else TONES[0]},
            "border": {"color": look.edge, "width": 1} if look else {"none": True},
            "gap": 40,
            "overlap": 100,
            "data_labels": _labels(series, INK, "inside_base"),
        }
        if any(low or high for low, high in series.open_):
            below, above = map(list, zip(*series.open_, strict=True))
            bars = {"type": "custom", "minus_values": below, "plus_values": above}
            judged["y_error_bars"] = bars | {"line": {"color": MUTED}}
        return judged
    drawn: dict[str, Any] = {"line": {"color": colour, "width": width, "dash_type": dash}}
    fill = {"fill": {"color": colour}, "border": {"color": colour}}
    drawn["marker"] = {"type": mark, "size": 8, **fill}
    if native.kind == "bar":
        drawn["data_labels"] = _labels(series, colour, "above", last=True)
    elif series.role == "value":
        drawn["data_labels"] = _labels(series, colour, "right")
    elif series.role == "threshold":
        drawn["data_labels"] = _labels(series, colour, "left")
    return drawn


def _labels(series: Series, colour: str, position: str, *, last: bool = False) -> dict[str, Any]:
    """Data labels in the words of the briefing; or only the `last`, for a line that is level."""
    ends = max((n for n, label in enumerate(series.labels) if label), default=-1)
    custom: list[dict[str, Any]] = [
        {"value": _label(label)} if label and (not last or number == ends) else {"delete": True}
        for number, label in enumerate(series.labels)
    ]
    look: dict[str, Any] = {"font": {"color": colour, "size": 9}, "position": position}
    if position in ("left", "right"):  # where the line itself passes
        look["fill"] = {"color": PAPER, "transparency": 30}
    return {"value": True, "custom": custom, **look}


def _dress(chart: Any, native: Native, title: list[Any]) -> None:
    """Title from its cell, quiet axes, a legend below."""
    chart.set_size({"width": _CHART[0], "height": _CHART[1]})
    chart.set_title({"name": title, "overlay": False, "name_font": {"size": 13, "color": INK}})
    quiet: dict[str, Any] = {"size": 9, "color": MUTED}
    aslant = {"rotation": -45} if len(native.categories) > _UPRIGHT else {}
    chart.set_x_axis({"num_font": quiet | aslant, "line": {"color": MUTED}, "text_axis": True})
    values = [value for one in native.series for value in one.values if value is not None]
    bounds: dict[str, Any] = {"min": 0} if all(value >= 0 for value in values) else {}
    if native.unit == "%" and 50 < max(values, default=0) <= 100:
        bounds["max"] = 100
    chart.set_y_axis(
        {
            "name": _label(native.unit),
            "name_font": quiet | {"bold": False, "rotation": 0},
            "num_font": quiet,
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": GRID}},
            **bounds,
        }
    )
    chart.set_legend({"position": "bottom", "font": {"size": 10}})
    chart.show_blanks_as("gap")


def _label(text: str) -> str:
    """A text on a chart, where `!` would make XlsxWriter see a reference to a cell.

    >>> _label("=Sheet1!A1")
    '=Sheet1！A1'
    """
    return clean(text).replace("!", "！")


def _short(category: str) -> str:
    """A name on the axis of a chart."""
    name = clean(category)
    return name if len(name) <= _CATEGORY else name[: _CATEGORY - 1] + "…"
