"""A briefing as an Excel workbook: texts to read, raw figures to sort, charts to edit."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, cast

import pandas as pd
from xlsxwriter import Workbook

from sanlian_analysis.briefing.value import Briefing, Native, Role, Series
from sanlian_analysis.charts.style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    TAG_PAPER,
    TONES,
    VERDICTS,
    percent,
)
from sanlian_analysis.charts.words import level_noun
from sanlian_analysis.language import Language, say, using
from sanlian_analysis.records import records
from sanlian_analysis.results import CREATED
from sanlian_analysis.tables import Table, simulated_mark, verdict_text

#: Longest name of a sheet and text of a cell, in UTF-16 units, that Excel takes.
_MOST_NAME, _MOST_TEXT = 31, 32_767
#: Longest text among the properties of a workbook.
_PROPERTY = 255
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]+")
#: What follows these in a caption is more than a name.
_ASIDE = re.compile("[:：,，(（]")

_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
#: What XML cannot hold, and what would turn the text around it.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

#: Widths of columns in characters; a cell with more is wrapped.
_NARROWEST, _WIDEST = 8, 46
#: Widths in characters: what sentences have room in, and what can be read on one printed page.
_READABLE, _PRINTED = 100, 230
#: Height of a line in points, at the usual size of letters, and the tallest row that Excel takes.
_LINE, _SIZE, _TALLEST = 15.5, 11, 409

#: Rows above the header of a table: its caption, and whom it is about.
_ABOVE = 2

#: Columns of figures that are percentages when their row is a share.
_FIGURES = frozenset(
    ["value", "lower", "upper", "threshold", "value_frame", "value_reported", "value_complete"]
)

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


def spreadsheet(briefing: Briefing) -> bytes:
    """The briefing as `.xlsx`; the same briefing gives the same bytes.

    Tables are texts as in every other rendering; the sheets of results and of
    components hold the raw figures, unrounded. No cell is a formula.
    """
    content = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with using(cast(Language, briefing.language)), Workbook(content, options) as book:
        book.set_properties(
            {
                "title": _cut(_clean(briefing.title), _PROPERTY),
                "subject": _cut(_clean(briefing.policy), _PROPERTY),
                "comments": simulated_mark() if briefing.simulated else "",
                "created": CREATED,
            }
        )
        made = _Book(book, briefing)
        made.summary()
        made.raw(say("结果", "Results"), briefing.results)
        made.table(say("未达标", "Falling short"), briefing.short)
        made.raw(say("明细", "Components"), briefing.components)
        for table in briefing.tables:
            made.table(table.caption, table)
        made.table(say("依据", "Clauses"), briefing.clauses)
        if natives := [native for native in briefing.natives if native.categories]:
            made.charts(natives)
    return content.getvalue()


class _Sheet:
    """A worksheet to be printed on A4 across, that texts are written into as texts."""

    def __init__(self, book: _Book, name: str, widths: Sequence[float]) -> None:
        self._book, self.widths = book, widths
        self.there = there = book.add(name)
        for column, width in enumerate(widths):
            there.set_column(column, column, width)
        there.set_default_row(_LINE)
        there.set_landscape()
        there.set_paper(9)  # A4
        pages = ceil(sum(widths) / _PRINTED)
        there.fit_to_pages(pages, 0)
        if pages > 1:
            there.repeat_columns(0)
        there.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        there.set_footer(f"&L&A&C{book.mark}&R&P / &N")

    def text(self, row: int, column: int, text: str, **letters: Any) -> None:
        """Write a text as a text, whatever it looks like."""
        form, shown = self._book.format(**letters), _cut(_clean(text), _MOST_TEXT)
        if shown:
            self.there.write_string(row, column, shown, form)
        else:
            self.there.write_blank(row, column, None, form)

    def sentence(self, row: int, text: str, first: int = 0, **letters: Any) -> int:
        """Write a text across the columns from `first`, as tall as it is; gives the row below."""
        last = len(self.widths) - 1
        first = min(first, last)
        look: dict[str, Any] = {"text_wrap": True, "valign": "top", "font_size": _SIZE} | letters
        if first < last:
            self.there.merge_range(row, first, row, last, "", self._book.format(**look))
        self.text(row, first, text, **look)
        scale = look["font_size"] / _SIZE
        lines = ceil(_width(text) * scale / (sum(self.widths[first:]) - 2))
        self.there.set_row(row, min(max(lines, 1) * _LINE * scale, _TALLEST))
        return row + 1

    def row(self, row: int, texts: Sequence[str], forms: Sequence[dict[str, Any]]) -> None:
        """Write one row of wrapped texts, as tall as its tallest cell."""
        lines = 1
        for column, (text, form) in enumerate(zip(texts, forms, strict=True)):
            self.text(row, column, text, text_wrap=True, border=1, border_color=_EDGE, **form)
            lines = max(lines, ceil(_width(text) / (self.widths[column] - 2)))
        self.there.set_row(row, min(lines * _LINE, _TALLEST))

    def frame(self, last: int, columns: int) -> None:
        """Filters over a table that ends in a row, and its header in sight and on every page."""
        self.there.freeze_panes(_ABOVE + 1, 1)
        self.there.autofilter(_ABOVE, 0, max(last, _ABOVE), columns - 1)
        self.there.repeat_rows(_ABOVE)

    def tint(self, first: int, last: int, column: int) -> None:
        """Colour the verdicts, which stay told apart by their words and signs."""
        for verdict, mark in VERDICTS.items():
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{verdict_text(verdict)}"',
                "format": self._book.format(bg_color=mark.cell),
            }
            self.there.conditional_format(first, column, max(last, first), column, rule)


class _Book:
    """A workbook that grows sheet by sheet."""

    def __init__(self, book: Any, briefing: Briefing) -> None:
        self._book = book
        self._briefing = briefing
        self._names: set[str] = set()
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.mark = simulated_mark() if briefing.simulated else ""

    def add(self, name: str) -> Any:
        """An empty worksheet, under this name or one like it that Excel takes."""
        there = self._book.add_worksheet(_sheet_name(name, self._names))
        there.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        return there

    def format(self, **properties: Any) -> Any:
        """The format with these properties; each is made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def summary(self) -> None:
        """What the area's figures say, the table of what binds, and where all this comes from."""
        briefing, key = self._briefing, self._briefing.key
        sheet = _Sheet(self, say("摘要", "Summary"), _page([key.header, *key.rows]))
        sheet.sentence(0, briefing.title, bold=True, font_size=18)
        self._about(sheet, 1)
        row = 3
        for text in briefing.headline.sentences:
            row = sheet.sentence(row, text, bold=True)
        for text in briefing.headline.details:
            row = sheet.sentence(row, text)
        row = sheet.sentence(row + 1, key.caption, bold=True, font_size=12)
        row = self._grid(sheet, key, row)
        for text in key.notes:
            row = sheet.sentence(row, text, font_color=MUTED)
        row = sheet.sentence(row + 1, say("计算方法", "Method"), bold=True, font_size=12)
        for text in briefing.method:
            row = sheet.sentence(row, text)
        row = sheet.sentence(row + 1, say("附注", "Notes"), bold=True, font_size=12)
        for label, text in briefing.provenance:
            sheet.text(row, 0, label, valign="top", font_color=MUTED)
            row = sheet.sentence(row, text, first=1)

    def table(self, name: str, table: Table) -> None:
        """A table of texts on a sheet of its own."""
        sheet = _Sheet(self, name, _page([table.header, *table.rows]))
        sheet.sentence(0, table.caption, bold=True, font_size=14)
        self._about(sheet, 1)
        row = self._grid(sheet, table, _ABOVE)
        sheet.frame(row - 1, len(table.header))
        for note in table.notes:
            row = sheet.sentence(row, note, font_color=MUTED)

    def raw(self, name: str, rows: pd.DataFrame) -> None:
        """A table of results or components, unrounded; percentages are shown as such."""
        every = _told(self._briefing)
        told = [every.get(f"components-{row.target}-{row.reading}", ("",)) for row in records(rows)]
        columns: dict[str, list[Any]] = {
            **({"": [cells[0] for cells in told]} if every else {}),
            **{str(column): rows[column].astype(object).tolist() for column in rows},
        }
        share = [any("%" in cell for cell in cells) for cells in told]
        headings = [_headings().get(column, column) for column in columns]
        sheet = _Sheet(self, name, _raw_widths(headings, columns.values()))
        sheet.text(0, 0, name, bold=True, font_size=14)
        self._about(sheet, 1)
        sheet.row(_ABOVE, headings, [_HEADER] * len(headings))
        for place, (column, cells) in enumerate(columns.items()):
            for number, cell in enumerate(cells):
                whole = column not in _FIGURES or not share[number] or pd.isna(cell)
                shown = "General" if whole else _percentage(cell, columns["threshold"][number])
                self._value(sheet, (_ABOVE + 1 + number, place), column, cell, shown)
            if column == "verdict":
                sheet.tint(_ABOVE + 1, _ABOVE + len(rows), place)
        sheet.frame(_ABOVE + len(rows), len(columns))

    def charts(self, natives: Sequence[Native]) -> None:
        """Charts that can be edited, below one another, and their figures on the next sheet."""
        briefing = self._briefing
        pictures = _Sheet(self, say("图表", "Charts"), [15.0] * 10)
        most = max(len(native.series) for native in natives)
        figures = _Sheet(self, say("图表数据", "Chart data"), [26.0] * (1 + most))
        pictures.sentence(0, briefing.title, bold=True, font_size=14)
        self._about(pictures, 1)
        for row in range(3, 3 + _SLOT * len(natives)):
            pictures.there.set_row(row, _LINE)  # or LibreOffice makes empty rows lower
        top, breaks = 0, []
        for number, native in enumerate(natives):
            chart = self._chart(native, figures, top)
            row = 3 + number * _SLOT
            pictures.there.insert_chart(row, 0, chart, {"description": _clean(native.alt)})
            below = pictures.sentence(row + _CHART_ROWS + 1, native.source, font_color=MUTED)
            pictures.sentence(below, native.sentence, font_color=MUTED)
            breaks.append(row + _SLOT)
            top += len(native.categories) + 3
        pictures.there.set_h_pagebreaks(breaks[:-1])
        pictures.there.hide_gridlines(2)

    def _about(self, sheet: _Sheet, row: int) -> None:
        """Whom a sheet is about, led by the mark of simulated data."""
        text = self._briefing.headline.heading
        if self.mark:
            text = f"{self.mark}{say('　', '  ')}{text}"
            sheet.sentence(row, text, bold=True, bg_color=TAG_PAPER)
        else:
            sheet.sentence(row, text, font_color=MUTED)

    def _grid(self, sheet: _Sheet, table: Table, row: int) -> int:
        """Header and rows of a table of texts; gives the row below."""
        sheet.row(row, table.header, [_HEADER] * len(table.header))
        forms: list[dict[str, Any]] = [
            {"valign": "top", "align": "right" if column in table.numeric else "left", "indent": 1}
            for column in range(len(table.header))
        ]
        verdicts = {verdict_text(verdict) for verdict in VERDICTS}
        for below, cells in enumerate(table.rows, start=row + 1):
            sheet.row(below, [str(cell) for cell in cells], forms)
        for column, cells in enumerate(zip(*table.rows, strict=True)):
            if verdicts.intersection(map(str, cells)):
                sheet.tint(row + 1, row + len(cells), column)
        return row + 1 + len(table.rows)

    def _value(
        self, sheet: _Sheet, place: tuple[int, int], column: str, cell: Any, shown: str
    ) -> None:
        """One raw cell: verdicts and levels in words, dates, truths and numbers as they are."""
        framed: dict[str, Any] = {"border": 1, "border_color": _EDGE, "valign": "top"}
        if pd.isna(cell):
            sheet.there.write_blank(*place, None, self.format(**framed))
        elif isinstance(cell, pd.Timestamp):
            form = self.format(num_format="yyyy-mm-dd", align="left", **framed)
            sheet.there.write_datetime(*place, cell.to_pydatetime(), form)
        elif isinstance(cell, bool):
            sheet.there.write_boolean(*place, cell, self.format(**framed))
        elif isinstance(cell, str):
            sheet.text(*place, _word(column, cell), **framed)
        else:
            sheet.there.write_number(*place, cell, self.format(num_format=shown, **framed))

    def _chart(self, native: Native, sheet: _Sheet, top: int) -> Any:
        """One chart; its figures are written into a block that begins in row `top`."""
        name, first = sheet.there.get_name(), top + 2
        last = first + len(native.categories) - 1
        sheet.sentence(top, native.title, bold=True)
        headings = [native.unit, *(series.name for series in native.series)]
        sheet.row(top + 1, headings, [_HEADER] * len(headings))
        for row, category in enumerate(native.categories, start=first):
            sheet.text(row, 0, _short(category))
        chart = self._book.add_chart({"type": "line" if native.kind == "line" else "column"})
        lines = chart if native.kind == "line" else self._book.add_chart({"type": "line"})
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


_EDGE = "#BFC4C9"
_HEADER = {"bold": True, "valign": "vcenter", "align": "center", "bg_color": "#E4E9EE"}


def _drawn(native: Native, series: Series) -> dict[str, Any]:
    """How one row of figures looks: bars for the figures of areas, lines for all else."""
    colour, width, dash, mark = _DRAWN[series.role]
    if native.kind == "bar" and series.role == "value":
        labels = _labels(series, INK, "inside_base")
        return {"fill": {"color": TONES[0]}, "gap": 40, "data_labels": labels}
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


def _told(briefing: Briefing) -> dict[str, tuple[str, ...]]:
    """The rows that tables name by an anchor, as texts: what a figure is called and how written."""
    return {
        anchor: tuple(map(str, row))
        for table in briefing.tables
        for anchor, row in zip(table.anchors, table.rows, strict=False)
    }


def _headings() -> dict[str, str]:
    """What the columns of results and components are called."""
    return {
        "": say("指标", "Indicator"),
        "policy": say("文件代号", "Policy"),
        "target": say("指标代号", "Target"),
        "reading": say("读法", "Reading"),
        "level": say("层级", "Level"),
        "area_code": say("地区代码", "Area code"),
        "area": say("地区", "Area"),
        "date": say("统计时点", "Snapshot"),
        "due": say("期限", "Due"),
        "numerator": say("分子", "Numerator"),
        "denominator": say("分母", "Denominator"),
        "unknown": say("未知", "Unknown"),
        "value": say("数值", "Figure"),
        "lower": say("下界", "Lower bound"),
        "upper": say("上界", "Upper bound"),
        "threshold": say("目标", "Threshold"),
        "verdict": say("判定", "Verdict"),
        "binding": say("考核", "Binds"),
        "stable": say("各读法一致", "Readings agree"),
        "shortfall": say("还差", "Short by"),
        "clause": say("条款", "Clause"),
        "assumed": say("假定", "Assumed"),
        "units": say("单位数", "Units"),
        "passes": say("通过", "Pass"),
        "fails": say("不通过", "Fail"),
        "counted": say("计入合计", "In the sum"),
        "out_of_scope": say("不在范围", "Out of scope"),
        "other_settlement": say("其他类型", "Other type"),
        "reported": say("已上报", "Reported"),
        "value_frame": say("÷名录", "÷ frame"),
        "value_reported": say("÷已上报", "÷ reported"),
        "value_complete": say("÷已知", "÷ complete"),
        "yes_to_meet": say("再确认几个通过即达标", "Yes to meet"),
        "no_to_miss": say("再确认几个不通过即不达标", "No to miss"),
        "comparison": say("比较", "Comparison"),
        "calculation": say("计算", "Calculation"),
        "sentence": say("原文", "Sentence"),
    }


def _percentage(value: float, threshold: float) -> str:
    """The number format of a percentage: one decimal, or as many as all other renderings show.

    >>> _percentage(0.9, 1.0), _percentage(0.39996, 0.4)
    ('0.0%', '0.000%')
    """
    text = percent(value, None if pd.isna(threshold) else threshold)
    return f"0.{'0' * max(len(text.partition('.')[2]) - 1, 1)}%"


def _word(column: str, text: str) -> str:
    """Verdicts and levels as people say them; all other texts as they are."""
    if column == "verdict" and text in VERDICTS:
        return verdict_text(text)
    return level_noun(text) if column == "level" else text


def _label(text: str) -> str:
    """A text on a chart, where `!` would make XlsxWriter see a reference to a cell.

    >>> _label("=Sheet1!A1")
    '=Sheet1！A1'
    """
    return _clean(text).replace("!", "！")


def _sheet_name(name: str, used: set[str]) -> str:
    """A name that Excel takes for a sheet, and no other sheet has; `used` learns it.

    What follows a colon, comma or bracket is left out, and no word is cut.

    >>> used = set()
    >>> _sheet_name("各县判定（2023-12-31）", used), _sheet_name("各县判定：全部", used)
    ('各县判定', '各县判定 2')
    """
    legal = _NOT_IN_NAMES.sub("_", _ASIDE.split(_clean(name))[0]).strip("' ") or "_"
    legal = f"{legal}_" if legal.lower() == "history" else legal  # which Excel keeps for itself
    found = _cut(legal, _MOST_NAME)
    if found != legal and " " in found:
        found = found.rpartition(" ")[0]
    found, number = found.strip("' "), 1
    head = _cut(found, _MOST_NAME - 4)
    while found.lower() in used:
        number += 1
        found = f"{head} {number}"
    used.add(found.lower())
    return found


def _clean(text: str) -> str:
    r"""One line of text that XML can hold.

    >>> _clean("东湖\n社区\x07<b>")
    '东湖 社区<b>'
    """
    return _UNSEEN.sub("", _BREAKS.sub(" ", text))


def _cut(text: str, most: int) -> str:
    """At most `most` UTF-16 units of a text, no character halved."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def _short(category: str) -> str:
    """A name on the axis of a chart."""
    name = _clean(category)
    return name if len(name) <= _CATEGORY else name[: _CATEGORY - 1] + "…"


def _page(rows: Sequence[Sequence[object]]) -> list[float]:
    """Widths of the columns of a table of texts, by their longest cells; never a narrow page."""
    widths = [
        min(max(_NARROWEST, *(_width(str(cell)) + 3 for cell in column)), _WIDEST)
        for column in zip(*rows, strict=True)
    ]
    spare = max(0, _READABLE - sum(widths)) / len(widths)
    return [width + spare for width in widths]


def _raw_widths(headings: Sequence[str], columns: Iterable[Sequence[Any]]) -> list[float]:
    """Widths of raw columns: figures need eleven characters, texts what they have."""
    widths = []
    for heading, cells in zip(headings, columns, strict=True):
        needed = max((_width(cell) + 2 for cell in cells if isinstance(cell, str)), default=11)
        widths.append(float(min(max(needed, _width(heading) / 2 + 4, _NARROWEST), _WIDEST)))
    return widths


def _width(text: str) -> int:
    """How wide a text is: a Chinese character counts two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
