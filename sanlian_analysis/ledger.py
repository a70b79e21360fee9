"""The ledger (台账): what every village and community reported, read and checked by cell."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis import cache, remembered, schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import states
from sanlian_analysis.findings import Finding, Severity
from sanlian_analysis.frame import read_frame
from sanlian_analysis.language import current, say
from sanlian_analysis.layout import Layout, find_layout, plain_title
from sanlian_analysis.reading import ORIGIN, SheetTable, finding_at, read_table
from sanlian_analysis.records import column_names
from sanlian_analysis.schema import (
    COMMUNITIES,
    COUNTIES,
    EXPLANATION_SHEET,
    FINDINGS_SHEET,
    KEYS,
    NOT_APPLICABLE,
    SCORES,
    SIMULATED_MARK,
    STREETS,
)
from sanlian_analysis.sheet import Sheet
from sanlian_analysis.understanding import DTYPES
from sanlian_analysis.values import NORMALISATIONS
from sanlian_analysis.workbook import digest, files_of, read_sheets

#: Per file and sheet: the letters of the column in which each variable stands.
Letters = Mapping[tuple[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Ledger:
    """A ledger as it was read: one table per sheet, one row per unit and date.

    Tables hold the key, `date` (datetime64), names, `settlement` (urban, rural,
    other), and the variables that the file has, in nullable types: <NA> is
    unknown. A column `X.not_applicable` marks the units for which X is 不适用;
    it exists only where there are any. `origin` has `file`, `sheet` and `row` of
    every row of every table, `letters` the columns. Rows of the communities table that
    are not in the frame are left out and listed among the findings. `dates` are
    the snapshots, ascending: the dates of the 社区 sheet, those of left-out rows
    too. `normalised`: cells put right without asking, by kind.
    """

    path: str
    dates: list[dt.date]
    communities: pd.DataFrame
    streets: pd.DataFrame
    counties: pd.DataFrame
    scores: pd.DataFrame
    frame: pd.DataFrame | None
    findings: tuple[Finding, ...]
    simulated: bool
    sha256: str
    origin: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    letters: Letters = field(default_factory=dict)
    normalised: Mapping[str, int] = field(default_factory=dict)

    def table(self, sheet: str) -> pd.DataFrame:
        """The table of one sheet."""
        return {
            COMMUNITIES: self.communities,
            STREETS: self.streets,
            COUNTIES: self.counties,
            SCORES: self.scores,
        }[sheet]


def read_ledger(
    path: str | Path,
    frame: str | Path | pd.DataFrame | None = None,
    *,
    use_cache: bool | None = None,
) -> Ledger:
    """Read a ledger and, when given, the frame that lists the units that exist.

    `path`: a workbook with the sheets 社区 (required), 街道, 区县 and 评分, or
    with several sheets of the same shape, such as one per county; the 社区 sheet
    alone as CSV or Parquet; or a folder of such files. `frame`: a path or a
    table as `read_frame` returns it. `use_cache`: keep what was read in the
    user's cache folder, so that the next time is quick (None: unless
    SANLIAN_CACHE=off says otherwise).

    Cells that cannot be understood become unknown and are listed in
    `Ledger.findings`. Raises SanlianError when the file cannot be used at all.
    """
    if isinstance(frame, pd.DataFrame):
        return _read(Path(path), frame, use_cache)
    lists = [Path(frame)] if frame is not None else []
    return remembered.read_once(
        (str(path), *states([*files_of(Path(path)), *lists]), current()),
        lambda: _read(Path(path), read_frame(frame) if frame is not None else None, use_cache),
    )


def _read(path: Path, frame: pd.DataFrame | None, use_cache: bool | None) -> Ledger:
    files = files_of(path)
    sha256 = digest(files)
    identity = [sha256, str(path), *(f"{file.name} {file.stat().st_size}" for file in files)]
    content = cache.kept(identity, lambda: _content(path, files, sha256), use_cache=use_cache)
    findings, tables = [*content.findings], dict(content.tables)
    dates = sorted(stamp.date() for stamp in tables[COMMUNITIES]["date"].unique())
    if frame is not None:
        tables = {
            name: _inside(table, name, frame, content.letters, findings)
            for name, table in tables.items()
        }
    return Ledger(
        path=str(path),
        dates=dates,
        communities=tables[COMMUNITIES].drop(columns=ORIGIN),
        streets=tables[STREETS].drop(columns=ORIGIN),
        counties=tables[COUNTIES].drop(columns=ORIGIN),
        scores=tables[SCORES].drop(columns=ORIGIN),
        frame=frame,
        findings=tuple(findings),
        simulated=content.simulated,
        sha256=sha256,
        origin={name: table[ORIGIN] for name, table in tables.items()},
        letters=content.letters,
        normalised=content.normalised,
    )


def _content(path: Path, files: list[Path], sha256: str) -> cache.Content:
    """Everything that the files hold, whatever the frame."""
    sheets = [sheet for file in files for sheet in read_sheets(file)]
    if digest(files) != sha256:
        raise SanlianError(
            say(
                f"{path}：读取时文件内容有变；请等它保存完毕后再读",
                f"{path}: changed while it was read; wait until it is saved, then try again",
            )
        )
    findings: list[Finding] = []
    parts: dict[str, list[SheetTable]] = {name: [] for name in KEYS}
    refused: list[str] = []
    for sheet in sheets:
        if sheet.name in (EXPLANATION_SHEET, FINDINGS_SHEET):
            continue
        if sheet.empty:
            if sheet.name == COMMUNITIES:
                where = f"{sheet.file} {sheet.name}"
                refused.append(say(f"{where}：空表，没有表头和数据", f"{where}: an empty sheet"))
            continue
        layout = find_layout(sheet)
        if layout is None and sheet.name not in KEYS:
            message = say(
                "不是台账的表（表头中没有代码列和已知的列），未读取；若是台账，请核对表头",
                "no table of a ledger (no column of codes and known columns in its header), not "
                "read; if it is one, check its header",
            )
            findings.append(_of_sheet(sheet, "note", message))
        elif layout is None or _missing(sheet, layout):
            fault = _missing(sheet, layout)
            refused.append(f"{sheet.file} {sheet.name}{say('：', ': ')}{fault}")
            severity: Severity = "error" if sheet.name in KEYS else "note"
            findings.append(_of_sheet(sheet, severity, fault))
        else:
            part = read_table(sheet, layout)
            parts[layout.kind].append(part)
            findings += part.findings
    tables = {name: _joined(there, name, findings) for name, there in parts.items()}
    if tables[COMMUNITIES].empty:
        raise SanlianError(_nothing(path, sheets, bool(parts[COMMUNITIES]), refused))
    every = [part for there in parts.values() for part in there]
    normalised = sum((part.normalised for part in every), Counter[str]())
    return cache.Content(
        tables=tables,
        findings=tuple(findings),
        simulated=any(_says_simulated(sheet) for sheet in sheets),
        letters={(part.file, part.sheet): part.letters for part in every},
        normalised={how: normalised[how] for how in NORMALISATIONS if normalised[how]},
    )


def _missing(sheet: Sheet, layout: Layout | None) -> str:
    """The column that a sheet lacks and without which no row can be placed; "" for none."""
    kind = layout.kind if layout else sheet.name
    there = {*layout.columns, *(["date"] if layout.date else [])} if layout else set()
    for id_ in (KEYS[kind], "date"):
        if id_ not in there:
            title = schema.sheet(kind)[id_].header
            return say(
                f"缺少列“{title}”（或有两列同名）；请在表头补上这一列",
                f"the column {title!r} ({id_}) is missing or there are two; add it to the header",
            )
    return ""


def _of_sheet(sheet: Sheet, severity: Severity, message: str) -> Finding:
    return Finding(sheet.file, sheet.name, "A1", "", "", severity, "", message, kind="sheet")


def _nothing(path: Path, sheets: list[Sheet], placed: bool, refused: list[str]) -> str:
    """Why there is no ledger in the files."""
    if placed:
        return say(
            f"{path} {COMMUNITIES}：没有一行可用的数据；每行应有 12 位社区代码和统计时点",
            f"{path} {COMMUNITIES}: not one usable row; each needs a 12-digit code and a date",
        )
    if refused:
        return refused[0]
    there = "、".join(sheet.name for sheet in sheets)
    return say(
        f"{path}：缺少工作表“{COMMUNITIES}”（现有：{there}）；请将社区数据所在的表改名为“{COMMUNITIES}”",
        f"{path}: there is no sheet {COMMUNITIES!r} (found: {there}); "
        f"call the sheet with the communities {COMMUNITIES!r}",
    )


def _says_simulated(sheet: Sheet) -> bool:
    return sheet.name == EXPLANATION_SHEET and any(
        isinstance(cell, str) and SIMULATED_MARK in cell
        for number in range(sheet.size)
        for cell in sheet.row(number)
    )


def _joined(parts: list[SheetTable], name: str, findings: list[Finding]) -> pd.DataFrame:
    """One table from all sheets of a kind; empty, with its columns, when there is none."""
    tables = [part.table for part in parts]
    if not tables:
        empty = {KEYS[name]: "str", "date": DTYPES["date"], "file": "str", "sheet": "str"}
        blank = {column: pd.Series(dtype=kind) for column, kind in empty.items()}
        return pd.DataFrame(blank | {"row": pd.Series(dtype="int64")})
    table = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    marks = [column for column in column_names(table) if column.endswith(NOT_APPLICABLE)]
    table[marks] = table[marks].astype("boolean").fillna(False).astype(bool)
    letters = {(part.file, part.sheet): part.letters for part in parts}
    return _once_per_unit(table, name, letters, findings)


def _once_per_unit(
    table: pd.DataFrame, name: str, letters: Letters, findings: list[Finding]
) -> pd.DataFrame:
    """Identical rows count once; conflicting ones leave the unit's variables unknown."""
    key = [KEYS[name], "date"]
    repeated = table.duplicated(key, keep=False)
    if not repeated.any():
        return table
    content = [column for column in table if column not in ORIGIN]
    rows = table[repeated]
    unit = rows.groupby(key).ngroup()
    first = ~unit.duplicated()
    distinct = (~rows.duplicated(content)).groupby(unit).transform("sum")
    firsts = dict(zip(unit[first], rows.index[first], strict=True))
    for index in rows.index[~first]:
        row, before = table.loc[index], table.loc[firsts[unit[index]]]
        where = _seen_from(row, before, letters, name)
        identical = distinct[index] == 1
        message = (
            say(f"与 {where} 重复，只计一次", f"the same as {where}; counted once")
            if identical
            else say(
                f"与 {where} 是同一单位、同一时点，内容却不同，指标按未知处理；请只留一行",
                f"contradicts {where} (same unit and date); its figures count as unknown: "
                "keep one row",
            )
        )
        expected = (
            say("与另一行完全重复，只计一次", "the same as another row; counted once")
            if identical
            else say(
                "与同一单位、同一时点的另一行内容不同，指标按未知处理；请只留一行",
                "contradicts another row of the same unit and date; its figures count as "
                "unknown: keep one row",
            )
        )
        severity: Severity = "warning" if identical else "error"
        findings.append(
            finding_at(row, name, key[0], dict(letters[row["file"], row["sheet"]]), severity,
                       message, "duplicate", expected)
        )  # fmt: skip
    kept = table.drop(index=rows.index[~first])
    conflicting = distinct.index[(distinct > 1) & first]
    for index in conflicting:
        for column, value in _agreed(rows[unit == unit[index]], name).items():
            kept.loc[[index], column] = value
    return kept.reset_index(drop=True)


def _seen_from(row: pd.Series, before: pd.Series, letters: Letters, name: str) -> str:
    """A place for a message: the cell, and sheet or file when it is another one."""
    cell = f"{letters[before['file'], before['sheet']][KEYS[name]]}{before['row']}"
    if row["file"] != before["file"]:
        return f"{before['file']} {before['sheet']}!{cell}"
    return cell if row["sheet"] == before["sheet"] else f"{before['sheet']}!{cell}"


def _agreed(rows: pd.DataFrame, name: str) -> dict[str, Any]:
    """What several rows of one unit do not contradict: names, settlement; all else is unknown."""
    agreed: dict[str, Any] = {}
    for column in rows.columns.difference([KEYS[name], "date", *ORIGIN]):
        stated = rows[column].dropna().unique()
        if column.endswith(NOT_APPLICABLE):
            agreed[column] = False
        elif column not in schema.IDENTITY or len(stated) != 1:
            agreed[column] = pd.NA
        else:
            agreed[column] = stated[0]
    return agreed


def _inside(
    table: pd.DataFrame,
    name: str,
    frame: pd.DataFrame,
    letters: Letters,
    findings: list[Finding],
) -> pd.DataFrame:
    """Only rows of units that the frame lists; the others are strays."""
    key = KEYS[name]
    stray = pd.Index(frame[key].unique()).get_indexer(table[key]) < 0
    expected = say(
        "代码不在名录中，不计入任何数字；请核对代码或更新名录",
        "the code is not in the frame and enters no figure; check the code or the frame",
    )
    for _, row in table[stray].iterrows():
        message = say(
            f"{row[key]} 不在名录中，不计入任何数字；请核对代码或更新名录",
            f"{row[key]} is not in the frame and enters no figure; check the code or the frame",
        )
        own = dict(letters[row["file"], row["sheet"]])
        findings.append(finding_at(row, name, key, own, "warning", message, "stray", expected))
    inside = table[~stray].reset_index(drop=True)
    _compare_names(inside, name, frame, letters, findings)
    return inside


def _compare_names(
    table: pd.DataFrame,
    name: str,
    frame: pd.DataFrame,
    letters: Letters,
    findings: list[Finding],
) -> None:
    """A unit that bears another name than in the frame may be another unit: a warning."""
    if "name" not in table:
        return
    known = table["code"].map(frame.set_index("code")["name"])
    differs = (table["name"] != known) & table["name"].notna() & known.notna()
    expected = say(
        "名称与名录不同，仍按代码计入；请核对代码",
        "called otherwise in the frame; counted by its code: check it",
    )
    for index in differs.index[differs]:
        row, named = table.loc[index], known[index]
        if plain_title(row["name"]) == plain_title(named):  # spaces and full-width forms aside
            continue
        message = say(
            f"名称 {row['name']!r} 与名录中的 {named!r} 不同，仍按代码计入；请核对代码",
            f"called {row['name']!r} here and {named!r} in the frame; counted by its code: check it",
        )
        own = dict(letters[row["file"], row["sheet"]])
        findings.append(finding_at(row, name, "name", own, "warning", message, "name", expected))
