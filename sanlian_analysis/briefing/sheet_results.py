"""The sheets of results and of components: raw figures, unrounded, to be sorted and computed with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from sanlian_analysis.briefing.plain import halves
from sanlian_analysis.briefing.sheets import ABOVE, EDGE, HEADER, Book, Sheet
from sanlian_analysis.charts.style import VERDICTS, percent
from sanlian_analysis.charts.words import noun
from sanlian_analysis.language import say
from sanlian_analysis.tables import verdict_text

#: Columns of figures that are percentages where the unit of their row is.
_FIGURES = frozenset(
    ["value", "lower", "upper", "threshold", "value_frame", "value_reported", "value_complete"]
)

#: Widths of columns in characters; a cell with more is cut off by the next.
_NARROWEST, _WIDEST = 8, 46


def write(book: Book, name: str, rows: pd.DataFrame) -> None:
    """A sheet of the results or components of a briefing; percentages are shown as such."""
    columns: dict[str, list[Any]] = {
        str(column): rows[column].astype(object).tolist() for column in rows
    }
    titles = [headings().get(column, column) for column in columns]
    sheet = Sheet(book, name, _widths(titles, columns.values()))
    sheet.text(0, 0, name, bold=True, font_size=14)
    sheet.about(1)
    sheet.row(ABOVE, titles, [HEADER] * len(titles))
    for place, (column, cells) in enumerate(columns.items()):
        for number, cell in enumerate(cells):
            share = column in _FIGURES and columns["unit"][number] == "%" and pd.notna(cell)
            shown = _percentage(cell, columns["threshold"][number]) if share else "General"
            _value(sheet, (ABOVE + 1 + number, place), column, cell, shown)
        if column == "verdict":
            sheet.tint(ABOVE + 1, ABOVE + len(rows), place)
    sheet.frame(ABOVE + len(rows), len(columns))


def _value(sheet: Sheet, place: tuple[int, int], column: str, cell: Any, shown: str) -> None:
    """One raw cell: verdicts and levels in words, dates, truths and numbers as they are."""
    framed: dict[str, Any] = {"border": 1, "border_color": EDGE, "valign": "top"}
    if pd.isna(cell):
        sheet.there.write_blank(*place, None, sheet.book.format(**framed))
    elif isinstance(cell, pd.Timestamp):
        form = sheet.book.format(num_format="yyyy-mm-dd", align="left", **framed)
        sheet.there.write_datetime(*place, cell.to_pydatetime(), form)
    elif isinstance(cell, bool):
        sheet.there.write_boolean(*place, cell, sheet.book.format(**framed))
    elif isinstance(cell, str):
        sheet.text(*place, _word(column, cell), **framed)
    else:
        sheet.there.write_number(*place, cell, sheet.book.format(num_format=shown, **framed))


def headings() -> dict[str, str]:
    """What the columns of results and components are called."""
    return {
        "indicator": say("指标", "Indicator"),
        "unit": say("单位", "Unit"),
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
    return noun(text) if column == "level" else text


def _widths(headings: Sequence[str], columns: Iterable[Sequence[Any]]) -> list[float]:
    """Widths of raw columns: figures need eleven characters, texts what they have."""
    widths = []
    for heading, cells in zip(headings, columns, strict=True):
        needed = max((halves(cell) + 2 for cell in cells if isinstance(cell, str)), default=11)
        widths.append(float(min(max(needed, halves(heading) / 2 + 4, _NARROWEST), _WIDEST)))
    return widths
