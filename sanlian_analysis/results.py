"""The results table as a file: CSV, Excel or Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import whole_file
from sanlian_analysis.language import say
from sanlian_analysis.schema import EXPLANATION_SHEET, SIMULATED_MARK

#: Files that `write_results` makes, by the end of their names.
SUFFIXES = (".csv", ".xlsx", ".parquet")

#: A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def results_csv(results: pd.DataFrame) -> str:
    """The results table as CSV text: true/false, ISO dates, full precision, empty for empty.

    A name that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    shown = results.copy()
    for column in shown:
        values = shown[column]
        if pd.api.types.is_bool_dtype(values.dtype):
            shown[column] = values.map({True: "true", False: "false"})
        elif pd.api.types.is_float_dtype(values.dtype):
            shown[column] = values.map(_plain_number, na_action="ignore")
        elif pd.api.types.is_datetime64_any_dtype(values.dtype):
            shown[column] = values.dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_string_dtype(values.dtype):
            shown[column] = values.map(_one_cell, na_action="ignore")
    return shown.to_csv(index=False, lineterminator="\n")


def _plain_number(value: float) -> str:
    """Shortest digits that read back as the same number; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _one_cell(text: str) -> str:
    """Defused text that stays in its cell: csv leaves a bare carriage return unquoted."""
    return defused(text).replace("\r", "\n")


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> defused("=1+1"), defused("盐湖区")
    ("'=1+1", '盐湖区')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def check_output(path: str | Path) -> None:
    """Refuse a path whose ending is none of `SUFFIXES`, before anything is computed."""
    if Path(path).suffix not in SUFFIXES:
        raise SanlianError(
            say(
                f"{path}：不能写成这种文件；请用 {'、'.join(SUFFIXES)}",
                f"{path}: cannot write this kind of file; use {', '.join(SUFFIXES)}",
            )
        )


def write_results(results: pd.DataFrame, path: str | Path) -> None:
    """Write the results table under `path`, by its ending: `.csv`, `.xlsx` or `.parquet`.

    The file appears only when it is whole; a workbook of simulated data says so
    in a second sheet. Raises SanlianError for another
    ending, and when the place cannot be written.
    """
    path = Path(path)
    check_output(path)
    with whole_file(path) as part:
        match path.suffix:
            case ".csv":
                part.write_text(results_csv(results), encoding="utf-8", newline="")
            case ".xlsx":
                _write_xlsx(results, part)
            case _:
                results.to_parquet(part, index=False)


def _write_xlsx(results: pd.DataFrame, path: Path) -> None:
    from sanlian_analysis.excel import new_workbook

    # constant_memory would write inline strings; the shared table keeps files small
    workbook = new_workbook(str(path))
    header = workbook.add_format({"bold": True, "bottom": 1})
    date = workbook.add_format({"num_format": "yyyy-mm-dd"})
    sheet = workbook.add_worksheet("results")
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(results):
        values = results[column]
        sheet.write_string(0, position, str(column), header)
        is_date = pd.api.types.is_datetime64_any_dtype(values.dtype)
        sheet.set_column(position, position, 12 if is_date else 14, date if is_date else None)
        for row, value in enumerate(values.astype(object), start=1):
            if pd.isna(value) or value == "":
                continue
            if is_date:
                sheet.write_datetime(row, position, value.to_pydatetime(), date)
            elif isinstance(value, str):
                sheet.write_string(row, position, value)
            elif isinstance(value, bool):
                sheet.write_boolean(row, position, value)
            else:
                sheet.write_number(row, position, float(value))
    sheet.autofilter(0, 0, max(len(results), 1), len(results.columns) - 1)
    if results.attrs.get("simulated"):
        explanation = workbook.add_worksheet(EXPLANATION_SHEET)
        explanation.write_string(0, 0, f"{SIMULATED_MARK} / Simulated data")
    workbook.close()
