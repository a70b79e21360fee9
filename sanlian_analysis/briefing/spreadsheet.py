"""A briefing as an Excel workbook: texts to read, raw figures to sort, charts to edit."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from math import ceil
from typing import Any, cast

import pandas as pd
from xlsxwriter import Workbook

from sanlian_analysis.briefing.value import Briefing, Native, Role
from sanlian_analysis.charts.style import INK, MUTED, TAG_PAPER, VERDICTS
from sanlian_analysis.charts.words import level_noun
from sanlian_analysis.language import Language, say, using
from sanlian_analysis.records import records
from sanlian_analysis.results import CREATED
from sanlian_analysis.tables import Table, simulated_mark, verdict_text

#: Longest name of a sheet and text of a cell, in UTF-16 units, that Excel takes.
_MOST_NAME, _MOST_TEXT = 31, 32_767
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]+")

_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
#: What XML cannot hold, and what would turn the text around it.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

#: Widths in characters; a cell with more is wrapped.
_NARROWEST, _WIDEST = 8, 46
#: Width of a page of sentences, and the height of a line in points.
_PAGE, _LINE = 110, 16

#: Rows above the header of a table: its caption, and whom it is about.
_ABOVE = 2

#: Columns of figures that are percentages when their row is a share.
_FIGURES = frozenset(
    ["value", "lower", "upper", "threshold", "value_frame", "value_reported", "value_complete"]
)

#: Pixels of a chart, rows that it covers, and rows from one chart to the next.
_CHART, _CHART_ROWS, _SLOT = (1040, 460), 23, 28
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
                "title": _clean(briefing.title),
                "subject": _clean(briefing.policy),
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
        if briefing.natives:
            made.charts()
    return content.getvalue()


class _Book:
    """A workbook that grows sheet by sheet."""

    def __init__(self, book: Any, briefing: Briefing) -> None:
        self._book = book
        self._briefing = briefing
        self._names: set[str] = set()
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def summary(self) -> None:
        """What the area's figures say, the table of what binds, and where all this comes from."""
        briefing, key = self._briefing, self._briefing.key
        widths = _widths([key.header, *key.rows])
        share = max(0, _PAGE - sum(widths)) / len(widths)
        widths = [width + share for width in widths]
        sheet = self._sheet(say("摘要", "Summary"), widths)
        last, room = len(widths) - 1, sum(widths)

        def sentence(row: int, text: str, first: int = 0, **letters: Any) -> None:
            form = self._format(text_wrap=True, valign="top", **letters)
            if first < last:
                sheet.merge_range(row, first, row, last, "", form)
            _write(sheet, row, first, text, form)
            scale = letters.get("font_size", 11) / 11
            lines = ceil(_width(text) * scale * 1.05 / (room - sum(widths[:first])))
            sheet.set_row(row, max(lines, 1) * _LINE * scale)

        sentence(0, briefing.title, bold=True, font_size=18)
        self._about(sheet, 1)
        row = 3
        for text in briefing.headline.sentences:
            sentence(row, text, bold=True)
            row += 1
        for text in briefing.headline.details:
            sentence(row, text)
            row += 1
        row = self._grid(sheet, key, row + 1, caption=True)
        for text in key.notes:
            sentence(row, text, font_color=MUTED)
            row += 1
        for title, lines in (
            (say("计算方法", "Method"), [("", text) for text in briefing.method]),
            (say("附注", "Notes"), briefing.provenance),
        ):
            _write(sheet, row + 1, 0, title, self._format(bold=True, font_size=12))
            row += 2
            for label, text in lines:
                if label:
                    _write(sheet, row, 0, label, self._format(valign="top", font_color=MUTED))
                sentence(row, text, first=1 if label and last else 0)
                row += 1

    def table(self, name: str, table: Table) -> None:
        """A table of texts on a sheet of its own."""
        widths = _widths([table.header, *table.rows])
        sheet = self._sheet(name, widths)
        _write(sheet, 0, 0, table.caption, self._format(bold=True, font_size=14))
        self._about(sheet, 1)
        end = self._grid(sheet, table, _ABOVE)
        self._frame(sheet, end - 1, len(table.header))
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{end}"})
        for row, note in enumerate(table.notes, start=end + 1):
            _write(sheet, row, 0, note, self._format(font_color=MUTED))

    def raw(self, name: str, rows: pd.DataFrame) -> None:
        """A table of results or components, unrounded; percentages are shown as such."""
        told = _told(self._briefing)
        anchors = [f"components-{row.target}-{row.reading}" for row in records(rows)]
        percent = [any("%" in cell for cell in told.get(anchor, ())) for anchor in anchors]
        labels = {"": [told.get(anchor, ("",))[0] for anchor in anchors]} if told else {}
        columns: dict[str, Sequence[Any]] = labels | {
            str(column): rows[column].astype(object).tolist() for column in rows
        }
        headings = _headings()
        shown = [(headings.get(column, column), *map(_shown, cells)) for column, cells in columns.items()]
        sheet = self._sheet(name, _widths(list(zip(*shown, strict=True))))
        _write(sheet, 0, 0, name, self._format(bold=True, font_size=14))
        self._about(sheet, 1)
        for place, (column, cells) in enumerate(columns.items()):
            _write(sheet, _ABOVE, place, headings.get(column, column), self._header())
            for number, cell in enumerate(cells):
                share = column in _FIGURES and percent[number]
                self._value(sheet, _ABOVE + 1 + number, place, column, cell, percent=share)
            if column == "verdict":
                self._tint(sheet, _ABOVE + 1, _ABOVE + len(rows), place)
        self._frame(sheet, _ABOVE + len(rows), len(columns))
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{_ABOVE + 1 + len(rows)}"})

    def charts(self) -> None:
        """Charts that can be edited, below one another, and their figures on the next sheet."""
        briefing = self._briefing
        pictures = self._sheet(say("图表", "Charts"), [15.0] * 10)
        figures = self._sheet(say("图表数据", "Chart data"), [26.0] + [16.0] * 8)
        _write(pictures, 0, 0, briefing.title, self._format(bold=True, font_size=14))
        self._about(pictures, 1)
        top, breaks = 0, []
        for number, native in enumerate(briefing.natives):
            chart = self._chart(native, figures, top)
            row = 3 + number * _SLOT
            pictures.insert_chart(row, 0, chart, {"description": _clean(native.alt)})
            for below, text in enumerate((native.source, native.sentence)):
                form = self._format(font_color=MUTED, italic=False)
                _write(pictures, row + _CHART_ROWS + 1 + below, 0, text, form)
            breaks.append(row + _SLOT - 1)
            top += len(native.categories) + 4
        pictures.set_h_pagebreaks(breaks[:-1])
        pictures.hide_gridlines(2)

    def _chart(self, native: Native, sheet: Any, top: int) -> Any:
        """One chart; its figures are written into a block that begins in row `top`."""
        name, first = sheet.get_name(), top + 2
        last = first + len(native.categories) - 1
        _write(sheet, top, 0, native.title, self._format(bold=True))
        _write(sheet, top + 1, 0, native.unit, self._header())
        for row, category in enumerate(native.categories, start=first):
            _write(sheet, row, 0, _short(category))
        line = native.kind == "line"
        chart = self._book.add_chart({"type": "line" if line else "column"})
        steps = None if line else self._book.add_chart({"type": "line"})
        for place, series in enumerate(native.series, start=1):
            _write(sheet, top + 1, place, series.name, self._header())
            for row, value in enumerate(series.values, start=first):
                if value is not None:
                    sheet.write_number(row, place, value)
            colour, width, dash, mark = _DRAWN[series.role]
            drawn: dict[str, Any] = {
                "name": [name, top + 1, place],
                "categories": [name, first, 0, last, 0],
                "values": [name, first, place, last, place],
            }
            if line or series.role != "value":
                drawn["line"] = {"color": colour, "width": width, "dash_type": dash}
                drawn["marker"] = {"type": mark, "size": 8, "fill": {"color": colour}}
                drawn["marker"] |= {"border": {"color": colour}}
            else:
                drawn |= {"fill": {"color": colour}, "gap": 60}
            if labels := _labels(native, series.role, series.labels):
                drawn["data_labels"] = labels | {"font": {"color": colour, "size": 9}}
            (chart if line or series.role == "value" else steps).add_series(drawn)
        if steps is not None and len(native.series) > 1:
            chart.combine(steps)
        self._dress(chart, native, [name, top, 0])
        return chart

    def _dress(self, chart: Any, native: Native, title: list[Any]) -> None:
        """Title from its cell, quiet axes, a legend below."""
        chart.set_size({"width": _CHART[0], "height": _CHART[1]})
        chart.set_title({"name": title, "overlay": False, "name_font": {"size": 13, "color": INK}})
        quiet = {"size": 9, "color": MUTED}
        aslant = {"rotation": -45} if len(native.categories) > _UPRIGHT else {}
        chart.set_x_axis({"num_font": quiet | aslant, "line": {"color": MUTED}, "text_axis": True})
        values = [value for one in native.series for value in one.values if value is not None]
        chart.set_y_axis(
            {
                "name": _clean(native.unit),
                "name_font": quiet | {"bold": False, "rotation": 0},
                "num_font": quiet,
                "line": {"none": True},
                "major_gridlines": {"visible": True, "line": {"color": "#E4E6E8"}},
                **({"min": 0} if all(value >= 0 for value in values) else {}),
            }
        )
        chart.set_legend({"position": "bottom", "font": {"size": 10}})
        chart.show_blanks_as("gap")

    def _sheet(self, name: str, widths: Sequence[float]) -> Any:
        """An empty sheet, set up to be printed on A4 across."""
        sheet = self._book.add_worksheet(_sheet_name(name, self._names))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        mark = simulated_mark() if self._briefing.simulated else ""
        sheet.set_footer(f"&L&A&C{mark}&R&P / &N")
        return sheet

    def _about(self, sheet: Any, row: int) -> None:
        """Whom a sheet is about, led by the mark of simulated data."""
        text, form = self._briefing.headline.heading, self._format(font_color=MUTED)
        if self._briefing.simulated:
            text = simulated_mark() + say("　", "  ") + text
            form = self._format(bold=True, bg_color=TAG_PAPER)
        _write(sheet, row, 0, text, form)

    def _frame(self, sheet: Any, last: int, columns: int) -> None:
        """Filters over a table, and its header in sight and on every page."""
        sheet.freeze_panes(_ABOVE + 1, 1)
        sheet.autofilter(_ABOVE, 0, max(last, _ABOVE + 1), columns - 1)
        sheet.repeat_rows(_ABOVE)

    def _grid(self, sheet: Any, table: Table, row: int, *, caption: bool = False) -> int:
        """Header and rows of a table of texts; gives the row below."""
        if caption:
            _write(sheet, row, 0, table.caption, self._format(bold=True, font_size=12))
            row += 1
        for column, text in enumerate(table.header):
            _write(sheet, row, column, text, self._header())
        verdicts = {verdict_text(verdict) for verdict in VERDICTS}
        for column in range(len(table.header)):
            aligned = {"align": "right"} if column in table.numeric else {}
            form = self._format(text_wrap=True, valign="top", **_BORDER, **aligned)
            texts = [str(cells[column]) for cells in table.rows]
            for below, text in enumerate(texts, start=row + 1):
                _write(sheet, below, column, text, form)
            if verdicts.intersection(texts):
                self._tint(sheet, row + 1, row + len(texts), column)
        return row + 1 + len(table.rows)

    def _value(
        self, sheet: Any, row: int, place: int, column: str, cell: Any, *, percent: bool
    ) -> None:
        """One raw cell: verdicts and levels in words, dates, truths and numbers as they are."""
        if pd.isna(cell):
            sheet.write_blank(row, place, None, self._format(**_BORDER))
        elif isinstance(cell, pd.Timestamp):
            form = self._format(num_format="yyyy-mm-dd", align="left", **_BORDER)
            sheet.write_datetime(row, place, cell.to_pydatetime(), form)
        elif isinstance(cell, bool):
            sheet.write_boolean(row, place, cell, self._format(**_BORDER))
        elif isinstance(cell, str):
            _write(sheet, row, place, _word(column, cell), self._format(valign="top", **_BORDER))
        else:
            form = self._format(num_format="0.0%" if percent else "General", **_BORDER)
            sheet.write_number(row, place, cell, form)

    def _tint(self, sheet: Any, first: int, last: int, column: int) -> None:
        """Colour the verdicts, which stay told apart by their words and signs."""
        for verdict, mark in VERDICTS.items():
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{verdict_text(verdict)}"',
                "format": self._format(bg_color=mark.cell),
            }
            sheet.conditional_format(first, column, max(last, first), column, rule)

    def _header(self) -> Any:
        return self._format(
            bold=True, text_wrap=True, valign="vcenter", align="center", bg_color="#E4E9EE", **_BORDER
        )

    def _format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


_BORDER = {"border": 1, "border_color": "#BFC4C9"}


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


def _word(column: str, text: str) -> str:
    """Verdicts and levels as people say them; all other texts as they are."""
    if column == "verdict" and text in VERDICTS:
        return verdict_text(text)
    return level_noun(text) if column == "level" else text


def _shown(cell: Any) -> str:
    """About what a raw cell shows, to size its column."""
    if isinstance(cell, str):
        return cell
    return "" if pd.isna(cell) else "0000-00-00" if isinstance(cell, pd.Timestamp) else "0" * 9


def _labels(native: Native, role: Role, labels: Sequence[str]) -> dict[str, Any]:
    """Data labels in the words of the briefing; on bars the threshold is told once."""
    if role in ("lower", "upper"):
        return {}
    shown = [bool(label) for label in labels]
    if role == "threshold" and native.kind == "bar":
        shown = [mark and not any(shown[number + 1 :]) for number, mark in enumerate(shown)]
    custom = [
        {"value": _label(label)} if mark else {"delete": True}
        for label, mark in zip(labels, shown, strict=True)
    ]
    if role == "threshold":
        return {"value": True, "custom": custom, "position": "above"}
    position = "outside_end" if native.kind == "bar" else "below"
    return {"value": True, "custom": custom, "position": position}


def _label(text: str) -> str:
    """A label of a chart, which must not begin as a reference to a cell does."""
    return _clean(text).lstrip("=") or " "


def _sheet_name(name: str, used: set[str]) -> str:
    """A name that Excel takes for a sheet, and no other sheet has; `used` learns it.

    >>> used = set()
    >>> _sheet_name("各县判定（2023/12）", used), _sheet_name("各县判定（2023?12）", used)
    ('各县判定（2023_12）', '各县判定（2023_12） 2')
    """
    legal = _NOT_IN_NAMES.sub("_", _clean(name)).strip("' ") or "_"
    legal = f"{legal}_" if legal.lower() == "history" else legal  # which Excel keeps for itself
    found, number = _cut(legal, _MOST_NAME).strip("' "), 1
    while found.lower() in used:
        number += 1
        found = _cut(legal, _MOST_NAME - len(f" {number}")) + f" {number}"
    used.add(found.lower())
    return found


def _write(sheet: Any, row: int, column: int, text: str, form: Any = None) -> None:
    """Write a text as a text, whatever it looks like."""
    sheet.write_string(row, column, _cut(_clean(text), _MOST_TEXT), form)


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


def _widths(rows: Sequence[Sequence[object]]) -> list[float]:
    """Widths of columns in characters, by their longest cells."""
    return [
        min(max(_NARROWEST, *(_width(str(cell)) + 3 for cell in column)), _WIDEST)
        for column in zip(*rows, strict=True)
    ]


def _width(text: str) -> int:
    """How wide a text is: a Chinese character counts two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
