"""The workbook of a simulated ledger, marked as simulated on its first sheet."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.excel import MOST_ROWS, new_workbook
from sanlian_analysis.files import whole_file
from sanlian_analysis.language import say
from sanlian_analysis.schema import EXPLANATION_SHEET, SIMULATED_MARK

#: Headers of codes (kept as text) end in this; widths of columns that hold more than figures.
_CODE = "代码"
_WIDTHS = {
    "社区代码": 15,
    "街道代码": 12,
    "社区名称": 26,
    "街道乡镇": 18,
    "区县": 16,
    "统计时点": 12,
}

_EXPLANATION = (
    "社区、街道、区县的代码和名称来自真实的区划名单；所有数字和是/否均由带种子的生成程序虚构，"
    "不反映任何地方的实际情况，不得用作统计或考核依据。空白单元格和缺行是有意为之，名单含多个区县时，其中一个填报很少。",
    "Codes and names of communities, streets and counties are real. Every figure and every "
    "yes or no is invented by a seeded generator: it describes no real place and must not be "
    "used as statistics or for assessment. Blank cells and missing rows are intended; of "
    "several counties one reports little.",
)


@dataclass(frozen=True)
class Note:
    """What a simulated ledger was made from; shown on its first sheet."""

    policy: str
    frame: str
    seed: int
    dates: Sequence[dt.date]

    def lines(self) -> list[tuple[str, str]]:
        """Label and text, line by line. The frame is named without its folder, which may vary."""
        return [
            ("政策 Policy", self.policy),
            ("名单 Frame", Path(self.frame).name),
            ("种子 Seed", str(self.seed)),
            ("统计时点 Dates", "、".join(date.isoformat() for date in self.dates)),
        ]


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path | str, *, note: Note) -> None:
    """Write the tables as a workbook, complete or not at all; same tables, same bytes.

    The first sheet, 说明, says that the figures are simulated. SanlianError when a
    table is longer than a sheet, or the file cannot be written.
    """
    for sheet, table in tables.items():
        if len(table) >= MOST_ROWS:
            raise SanlianError(
                say(
                    f"{path}：{sheet} 有 {len(table)} 行，超过一张工作表的 {MOST_ROWS - 1} 行；"
                    "请减少时点，或按市分开模拟。",
                    f"{path}: {sheet} has {len(table)} rows, more than the {MOST_ROWS - 1} of a "
                    "worksheet; take fewer dates, or simulate city by city.",
                )
            )
    with whole_file(path) as part:
        part.write_bytes(_content(tables, note))


def _content(tables: Mapping[str, pd.DataFrame], note: Note) -> bytes:
    """The bytes of the workbook; its dates of making are fixed, so that they stay the same."""
    buffer = io.BytesIO()
    title = {"title": f"{SIMULATED_MARK} Simulated data"}
    dates = {"default_date_format": "yyyy-mm-dd"}
    with new_workbook(buffer, title, in_memory=True, **dates) as book:
        _write_note(book, note)
        for sheet, table in tables.items():
            _write_table(book, sheet, table)
    return buffer.getvalue()


def _write_note(book: Any, note: Note) -> None:
    """The sheet of explanations; by the mark on it a reader knows the ledger as simulated."""
    sheet = book.add_worksheet(EXPLANATION_SHEET)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 90)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    large = book.add_format({"bold": True, "font_size": 16})
    sheet.write(0, 0, f"{SIMULATED_MARK} · SIMULATED DATA", large)
    for row, text in enumerate(_EXPLANATION, start=1):
        sheet.merge_range(row, 0, row, 1, text, wrapped)
        sheet.set_row(row, 64)
    for row, line in enumerate(note.lines(), start=len(_EXPLANATION) + 2):
        sheet.write_row(row, 0, line, wrapped)


def _write_table(book: Any, name: str, table: pd.DataFrame) -> None:
    """One table with a frozen header; codes keep their text format when edited."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for column, header in enumerate(table.columns):
        width = _WIDTHS.get(header, max(8, 2 * len(header) + 2))
        sheet.set_column(column, column, width, text if header.endswith(_CODE) else None)
        sheet.write(0, column, header, bold)
        sheet.write_column(1, column, table[header])
