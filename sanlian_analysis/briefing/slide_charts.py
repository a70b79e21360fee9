"""Charts that PowerPoint draws itself, with the figures in a workbook behind each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.chart.xlsx import CategoryWorkbookWriter
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE, MSO_THEME_COLOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt
from xlsxwriter import Workbook

from sanlian_analysis.briefing.plain import clean
from sanlian_analysis.briefing.slide_text import Box, cut, wide
from sanlian_analysis.briefing.value import Native, Series
from sanlian_analysis.charts import style
from sanlian_analysis.language import say

#: Points: names and legends, figures on a line, demands.
_TEXT, _FIGURE, _DEMAND = 14, 18, 16
#: More bars than this stand in two charts side by side; a row is no taller than this (inches).
_MOST_BARS, _ROW = 16, 0.5
#: Fewer rows leave no room for what is written beside a bar.
_FEWEST_ROWS = 3
_LEGEND = 0.42
_BETWEEN = 0.3
_LONG_AGO = dt.datetime(1980, 1, 1)

_INK = RGBColor.from_string(style.INK[1:])
_GRID = RGBColor.from_string(style.GRID[1:])


class _Sheet(CategoryWorkbookWriter):
    """The workbook behind a chart; a name that begins with = is a name and no formula."""

    @contextmanager
    def _open_worksheet(self, xlsx_file: Any) -> Iterator[tuple[Workbook, Any]]:
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = Workbook(xlsx_file, options)
        book.set_properties({"created": _LONG_AGO})
        yield book, book.add_worksheet()
        book.close()


class _Figures(CategoryChartData):
    @property
    def _workbook_writer(self) -> _Sheet:
        return _Sheet(self)


def draw(slide: Any, place: Box, native: Native) -> list[Any]:
    """The frames of the native chart on the slide; none where there is no figure to draw."""
    series = [one for one in native.series if any(value is not None for value in one.values)]
    if not native.categories or not any(one.role == "value" for one in series):
        return []
    if native.kind == "line":
        return [_line(slide, place, native, series)]
    return _bars(slide, place, native, series)


def _line(slide: Any, place: Box, native: Native, series: Sequence[Series]) -> Any:
    room = place.width / len(native.categories)
    names = [cut(name, room, _TEXT) for name in native.categories]
    frame = _frame(slide, place, XL_CHART_TYPE.LINE_MARKERS, names, series)
    chart = frame.chart
    figures = _all_figures(series)
    percent = native.unit == "%"
    _scale(chart.value_axis, figures, 100.0 if percent and 50 < max(figures) <= 100 else None)
    chart.value_axis.major_gridlines.format.line.color.rgb = _GRID
    chart.value_axis.format.line.fill.background()
    ticks = chart.value_axis.tick_labels
    ticks.font.size = Pt(_TEXT)
    ticks.number_format, ticks.number_format_is_linked = (
        'General"%"' if percent else "General",
        False,
    )
    chart.category_axis.tick_labels.font.size = Pt(_TEXT)
    _ink(chart.category_axis.format.line.color)
    for drawn, one in zip(list(chart.plots[0].series), series, strict=True):
        drawn.smooth = False
        if one.role == "value":
            _accent_line(drawn)
            _label(drawn, one, one.labels, _FIGURE, XL_LABEL_POSITION.ABOVE)
        elif one.role == "threshold":
            _staircase(drawn)
            _label(drawn, one, one.labels, _DEMAND, XL_LABEL_POSITION.INSIDE_BASE, named=True)
        else:
            _bound_line(drawn, MSO_LINE.ROUND_DOT if one.role == "lower" else MSO_LINE.DASH)
    return frame


def _accent_line(drawn: Any) -> None:
    accent(drawn.format.line.color)
    drawn.format.line.width = Pt(3)
    drawn.marker.style, drawn.marker.size = XL_MARKER_STYLE.CIRCLE, 11
    drawn.marker.format.fill.solid()
    accent(drawn.marker.format.fill.fore_color)
    accent(drawn.marker.format.line.color)


def _bound_line(drawn: Any, dashes: Any) -> None:
    _ink(drawn.format.line.color, 0.4)
    drawn.format.line.width, drawn.format.line.dash_style = Pt(1.25), dashes
    drawn.marker.style = XL_MARKER_STYLE.NONE


def _staircase(drawn: Any) -> None:
    """What is demanded as columns without gaps behind the lines: one step per date."""
    series = drawn._element
    lines = series.getparent()
    steps = parse_xml(
        f'<c:barChart {nsdecls("c")}><c:barDir val="col"/><c:grouping val="clustered"/>'
        '<c:varyColors val="0"/><c:gapWidth val="0"/></c:barChart>'
    )
    steps.insert(3, series)
    for axis in lines.findall(qn("c:axId")):
        steps.append(parse_xml(f'<c:axId {nsdecls("c")} val="{axis.get("val")}"/>'))
    lines.addprevious(steps)
    for tag in ("c:marker", "c:smooth"):
        for found in series.findall(qn(tag)):
            series.remove(found)
    drawn.format.fill.solid()
    accent(drawn.format.fill.fore_color, 0.87)
    drawn.format.line.fill.background()
    series.find(qn("c:spPr")).addnext(parse_xml(f'<c:invertIfNegative {nsdecls("c")} val="0"/>'))


def _bars(slide: Any, place: Box, native: Native, series: Sequence[Series]) -> list[Any]:
    count = len(native.categories)
    panels = 2 if count > _MOST_BARS else 1
    rows = math.ceil(count / panels)
    room = (place.width - _BETWEEN * (panels - 1)) / panels
    return [
        _panel(
            slide,
            Box(place.left + panel * (room + _BETWEEN), place.top, room, place.height),
            native.categories,
            series,
            slice(panel * rows, (panel + 1) * rows),
        )
        for panel in range(panels)
    ]


def _panel(
    slide: Any, place: Box, names: Sequence[str], series: Sequence[Series], part: slice
) -> Any:
    """Ranked bars, one below the other; what is demanded is an outline around each."""
    room = place.width * 0.34
    shown = [cut(name, room, _TEXT) for name in names[part]]
    rows = part.stop - part.start
    place = Box(
        place.left,
        place.top,
        place.width,
        min(place.height, max(rows, _FEWEST_ROWS) * _ROW + _LEGEND),
    )
    frame = _frame(slide, place, XL_CHART_TYPE.BAR_CLUSTERED, shown, series, part)
    chart = frame.chart
    column = min(room, max(wide(name, _TEXT) for name in shown)) + 0.15
    height = (place.height - _LEGEND) * len(shown) / rows
    _lay_out(chart, column / place.width, 1 - column / place.width, height / place.height)
    plot, axis = chart.plots[0], chart.value_axis
    judged = [one.values[part] for one in series if one.role == "value"]
    figured = [any(values[n] is not None for values in judged) for n in range(len(shown))]
    plot.gap_width, plot.overlap, plot.vary_by_categories = 45, 100, False
    figures = _all_figures(series)
    # Room for the figure behind the longest bar.
    _scale(axis, figures, max(figures) * 1.2 if max(figures) > 0 else 1.0)
    axis.visible = axis.has_major_gridlines = False
    chart.category_axis.reverse_order = True
    chart.category_axis.major_tick_mark = XL_TICK_MARK.NONE
    chart.category_axis.tick_labels.font.size = Pt(_TEXT)
    _ink(chart.category_axis.format.line.color)
    for drawn, one in zip(plot.series, series, strict=True):
        drawn.invert_if_negative = False
        if one.role == "value":
            _coloured(drawn, style.VERDICTS.get(one.verdict))
            _label(drawn, one, one.labels[part], _TEXT, XL_LABEL_POSITION.OUTSIDE_END)
            _on_paper(drawn.data_labels)
            _bounds(drawn, one.open_[part])
        else:
            drawn.format.fill.background()
            _ink(drawn.format.line.color)
            drawn.format.line.width = Pt(1)
            for number, is_figure in enumerate(figured):
                if not is_figure and one.values[part][number] is not None:
                    _point(
                        drawn, number, say("没有数字", "no figure"), _TEXT, bold=False
                    ).position = XL_LABEL_POSITION.INSIDE_BASE
    return frame


def _coloured(drawn: Any, mark: style.Mark | None) -> None:
    """Bars in the colour of their verdict; white ones in grey, as what is asked for is empty."""
    drawn.format.fill.solid()
    if mark is None:
        accent(drawn.format.fill.fore_color)
        return
    fill = style.UNKNOWN_TONE if mark.fill == style.PAPER else mark.fill
    drawn.format.fill.fore_color.rgb = RGBColor.from_string(fill[1:])
    drawn.format.line.color.rgb = RGBColor.from_string(mark.edge[1:])
    drawn.format.line.width = Pt(1.5)


def _bounds(drawn: Any, away: Sequence[tuple[float, float]]) -> None:
    """The bounds as error bars, which nobody needs where they coincide."""
    if not any(low or high for low, high in away):
        return
    below, above = (
        "".join(f'<c:pt idx="{n}"><c:v>{ends[side]!r}</c:v></c:pt>' for n, ends in enumerate(away))
        for side in (0, 1)
    )
    count = f'<c:ptCount val="{len(away)}"/>'
    bars = parse_xml(
        f'<c:errBars {nsdecls("c", "a")}><c:errBarType val="both"/><c:errValType val="cust"/>'
        f'<c:noEndCap val="0"/><c:plus><c:numLit>{count}{above}</c:numLit></c:plus>'
        f"<c:minus><c:numLit>{count}{below}</c:numLit></c:minus>"
        f'<c:spPr><a:ln w="15875"><a:solidFill><a:srgbClr val="{style.MUTED[1:]}"/></a:solidFill>'
        "</a:ln></c:spPr></c:errBars>"
    )
    drawn._element.find(qn("c:cat")).addprevious(bars)


def _frame(
    slide: Any,
    place: Box,
    kind: Any,
    names: Sequence[str],
    series: Sequence[Series],
    part: slice = slice(None),
) -> Any:
    data = _Figures()
    data.categories = [clean(name) for name in names]
    for one in series:
        data.add_series(clean(one.name), one.values[part], _pattern(one) or "General")
    frame = slide.shapes.add_chart(kind, *place.emu, data)
    chart = frame.chart
    if chart.element.find(qn("c:roundedCorners")) is None:
        straight = parse_xml(f'<c:roundedCorners {nsdecls("c")} val="0"/>')
        chart.element.find(qn("c:date1904")).addnext(straight)
    chart.has_title = False
    chart.font.size = Pt(_TEXT)
    _ink(chart.font.color)
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM
    chart.legend.include_in_layout = False
    chart.legend.font.size = Pt(_TEXT)
    return frame


def _label(
    drawn: Any, one: Series, texts: Sequence[str], size: int, position: Any, *, named: bool = False
) -> None:
    """The figures as they are written everywhere: by a number format, else as plain texts."""
    labels = drawn.data_labels
    labels.show_value = True
    labels.font.size, labels.font.bold = Pt(size), not named
    labels.position = position
    if named:
        labels.show_series_name = True
        labels.font.color.rgb = _INK
        last = labels._element.find(qn("c:showBubbleSize"))
        last.addnext(parse_xml(f"<c:separator {nsdecls('c')}> </c:separator>"))
    pattern = _pattern(one)
    if pattern is not None:
        labels.number_format, labels.number_format_is_linked = pattern, False
        return
    for number, text in enumerate(texts):
        if text:
            told = f"{one.name} {text}" if named else text
            _point(drawn, number, told, size, bold=not named).position = position


def _point(drawn: Any, number: int, text: str, size: int, *, bold: bool) -> Any:
    """A point's label with a text of its own."""
    label = drawn.points[number].data_label
    run = label.text_frame.paragraphs[0].add_run()
    run.text = clean(text)
    run.font.size, run.font.bold = Pt(size), bold
    return label


def _on_paper(labels: Any) -> None:
    """Labels on the colour of the page, so that no line runs through them."""
    paper = (
        f'<c:spPr {nsdecls("c", "a")}><a:solidFill><a:schemeClr val="bg1"/></a:solidFill></c:spPr>'
    )
    labels._element.find(qn("c:txPr")).addprevious(parse_xml(paper))


def _pattern(one: Series) -> str | None:
    """The number format that writes every figure as its label has it, if there is one.

    With it a label follows when the figure behind it is edited.
    """
    pairs = [(v, text) for v, text in zip(one.values, one.labels, strict=True) if v is not None]
    units = {text.lstrip("-.,0123456789") for _, text in pairs}
    if len(units) != 1 or '"' in (unit := units.pop()):
        return None
    end = f'"{clean(unit)}"' if unit else ""
    if all(text == f"{value:.12g}{unit}" for value, text in pairs):
        return f"General{end}"
    if all(text == f"{value:,.0f}{unit}" for value, text in pairs):
        return f"#,##0{end}"
    return None


def _all_figures(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def _scale(axis: Any, figures: Sequence[float], most: float | None) -> None:
    if min(figures) >= 0:
        axis.minimum_scale = 0
    if most is not None:
        axis.maximum_scale = most
    if most == 100:
        axis.major_unit = 20


def _lay_out(chart: Any, left: float, wide_: float, high: float) -> None:
    """The plot at the top of its frame, with the names in a column beside it."""
    area = chart.element.chart.plotArea
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    sides = {"x": left, "y": 0.0, "w": wide_, "h": high}
    places = "".join(f'<c:{side} val="{value:.4f}"/>' for side, value in sides.items())
    area.insert(
        0,
        parse_xml(
            f'<c:layout {nsdecls("c")}><c:manualLayout><c:layoutTarget val="inner"/>'
            f'<c:xMode val="edge"/><c:yMode val="edge"/>{places}</c:manualLayout></c:layout>'
        ),
    )


def accent(colour: Any, lighter: float = 0.0) -> None:
    """Set the one colour that stands out: the theme's first accent."""
    colour.theme_color = MSO_THEME_COLOR.ACCENT_1
    if lighter:
        colour.brightness = lighter


def _ink(colour: Any, lighter: float = 0.0) -> None:
    colour.theme_color = MSO_THEME_COLOR.TEXT_1
    if lighter:
        colour.brightness = lighter
