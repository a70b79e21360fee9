"""The ledger (台账): what every village and community reported, read and checked by cell."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.findings import Finding, Severity
from sanlian_analysis.frame import read_frame
from sanlian_analysis.language import say
from sanlian_analysis.records import column_names
from sanlian_analysis.schema import COMMUNITIES, COUNTIES, KEYS, SCORES, STREETS, Variable
from sanlian_analysis.values import Cell, Status, understand
from sanlian_analysis.workbook import Sheet, digest, files_of, read_sheets

#: Ends the name of the column that marks the units for which a variable is 不适用.
NOT_APPLICABLE = ".not_applicable"

#: A workbook made by `sanlian simulate` says so in its sheet of explanations.
EXPLANATION_SHEET = "说明"
SIMULATED_MARK = "模拟数据"

_DTYPES = {
    "count": "Int64",
    "number": "Float64",
    "share": "Float64",
    "yesno": "boolean",
    "date": "datetime64[s]",
}


@dataclass(frozen=True)
class Ledger:
    """A ledger as it was read: one table per sheet, one row per unit and date.

    Tables hold the key, `date` (datetime64), names, `settlement` (urban, rural,
    other), and the variables that the file has, in nullable types: <NA> is
    unknown. A column `X.not_applicable` marks the units for which X is 不适用;
    it exists only where there are any. Rows of the communities table that are
    not in the frame are left out and listed among the findings. `dates` are the
    snapshots, ascending: the dates of the 社区 sheet, those of left-out rows too.
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

    def table(self, sheet: str) -> pd.DataFrame:
        """The table of one sheet."""
        return {
            COMMUNITIES: self.communities,
            STREETS: self.streets,
            COUNTIES: self.counties,
            SCORES: self.scores,
        }[sheet]


def read_ledger(path: str | Path, frame: str | Path | pd.DataFrame | None = None) -> Ledger:
    """Read a ledger and, when given, the frame that lists the units that exist.

    `path`: a workbook with the sheets 社区 (required), 街道, 区县 and 评分; the
    社区 sheet alone as CSV or Parquet; or a folder of such files. `frame`: a
    path or a table as `read_frame` returns it.

    Cells that cannot be understood become unknown and are listed in
    `Ledger.findings`. Raises SanlianError when the file cannot be used at all.
    """
    path = Path(path)
    files = files_of(path)
    if frame is not None and not isinstance(frame, pd.DataFrame):
        frame = read_frame(frame)
    sheets = [sheet for file in files for sheet in read_sheets(file)]
    findings: list[Finding] = []
    tables = {name: _table(sheets, name, findings) for name in KEYS}
    if not any(sheet.name == COMMUNITIES for sheet in sheets):
        there = "、".join(sheet.name for sheet in sheets)
        raise SanlianError(
            say(
                f"{path}：缺少工作表“{COMMUNITIES}”（现有：{there}）；请将社区数据所在的表改名为“{COMMUNITIES}”",
                f"{path}: there is no sheet {COMMUNITIES!r} (found: {there}); "
                f"call the sheet with the communities {COMMUNITIES!r}",
            )
        )
    if tables[COMMUNITIES].empty:
        raise SanlianError(
            say(
                f"{path} {COMMUNITIES}：没有一行可用的数据；每行应有 12 位社区代码和统计时点",
                f"{path} {COMMUNITIES}: not one usable row; each needs a 12-digit code and a date",
            )
        )
    dates = sorted(stamp.date() for stamp in tables[COMMUNITIES]["date"].unique())
    if frame is not None:
        tables = {name: _inside(tables[name], name, frame, findings) for name in KEYS}
    return Ledger(
        path=str(path),
        dates=dates,
        communities=tables[COMMUNITIES].drop(columns="place"),
        streets=tables[STREETS].drop(columns="place"),
        counties=tables[COUNTIES].drop(columns="place"),
        scores=tables[SCORES].drop(columns="place"),
        frame=frame,
        findings=tuple(findings),
        simulated=any(_says_simulated(sheet) for sheet in sheets),
        sha256=digest(files),
    )


def _says_simulated(sheet: Sheet) -> bool:
    return sheet.name == EXPLANATION_SHEET and any(
        isinstance(cell, str) and SIMULATED_MARK in cell for row in sheet.rows for cell in row
    )


def _table(sheets: list[Sheet], name: str, findings: list[Finding]) -> pd.DataFrame:
    """One table from all sheets of that name; empty, with its columns, when there is none."""
    there = [s for s in sheets if s.name == name and any(any(map(_filled, row)) for row in s.rows)]
    parts = [_typed(sheet, findings) for sheet in there]
    if not parts:
        empty = {KEYS[name]: "str", "date": _DTYPES["date"], "place": "object"}
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in empty.items()})
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    marks = [column for column in column_names(table) if column.endswith(NOT_APPLICABLE)]
    table[marks] = table[marks].astype("boolean").fillna(False).astype(bool)
    return _once_per_unit(table, name, findings)


def _typed(sheet: Sheet, findings: list[Finding]) -> pd.DataFrame:
    """The rows of one sheet as typed columns, rows that can be placed only."""
    start = next((i for i, row in enumerate(sheet.rows) if any(map(_filled, row))), len(sheet.rows))
    header = sheet.rows[start] if start < len(sheet.rows) else []
    columns = _columns(sheet, header, start + 1, findings)
    _require(sheet, columns)
    rows = [
        (number, row)
        for number, row in enumerate(sheet.rows[start + 1 :], start=start + 2)
        if any(map(_filled, row))
    ]
    key = KEYS[sheet.name]
    keys = [row[columns[key]] if columns[key] < len(row) else None for _, row in rows]
    codes = _codes(keys, schema.sheet(sheet.name)[key])
    data: dict[str, pd.Series] = {}
    placed = np.ones(len(rows), dtype=bool)
    for id_, position in columns.items():
        variable = schema.sheet(sheet.name)[id_]
        raw = [row[position] if position < len(row) else None for _, row in rows]
        cells = _understood(raw, variable)
        identifies = id_ in (key, "date")
        for i, cell in enumerate(cells):
            if cell.status is Status.INVALID or (identifies and cell.status is not Status.VALUE):
                where = _address(rows[i][0], position)
                findings.append(_bad_cell(sheet, where, codes[i], variable, raw[i], cell))
                placed[i] &= not identifies
        data |= _series(id_, variable, cells)
    table = pd.DataFrame(data)
    table["place"] = [f"{sheet.file}\n{_address(number, columns[key])}" for number, _ in rows]
    table = table[placed].reset_index(drop=True)
    return _parts_within_wholes(table, sheet.name, columns, findings)


def _codes(raw: list[object], variable: Variable) -> list[str]:
    """The codes of all rows, for findings; what is no code stands as it was written."""
    written = ["" if value is None else str(value) for value in raw]
    cells = _understood(raw, variable)
    return [cell.value or text for cell, text in zip(cells, written, strict=True)]


def _filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _address(row: int, position: int) -> str:
    letters, number = "", position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _columns(
    sheet: Sheet, header: Sequence[object], row: int, findings: list[Finding]
) -> dict[str, int]:
    """Which column holds which variable; strangers and rivals become findings."""
    known = {}
    for variable in schema.sheet(sheet.name).values():
        known[_title(variable.header)] = known[variable.id] = variable.id
    columns: dict[str, int] = {}
    rivals = set()
    for position, cell in enumerate(header):
        if not _filled(cell):
            continue
        title = _title(str(cell))
        id_ = known.get(title) or known.get(title.lower())
        if id_ is None:
            severity: Severity = "note"
            message = say(
                f"{title!r} 不是台账的列，未参与计算", f"unknown column {title!r}, not used"
            )
        elif id_ in columns:
            rivals.add(id_)
            severity = "error"
            message = say(
                f"两列都是“{title}”，无法确定用哪一列，均未采用；请删去一列",
                f"two columns are called {title!r}; neither is used: delete one",
            )
        else:
            columns[id_] = position
            continue
        findings.append(
            Finding(sheet.file, sheet.name, _address(row, position), "", id_ or "", severity,
                    str(cell), message)
        )  # fmt: skip
    return {id_: position for id_, position in columns.items() if id_ not in rivals}


def _title(text: str) -> str:
    """A header without spaces, line breaks and full-width forms."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _require(sheet: Sheet, columns: dict[str, int]) -> None:
    for id_ in (KEYS[sheet.name], "date"):
        if id_ not in columns:
            title = schema.sheet(sheet.name)[id_].header
            raise SanlianError(
                say(
                    f"{sheet.file} {sheet.name}：缺少列“{title}”（或有两列同名）；请在表头补上这一列",
                    f"{sheet.file} {sheet.name}: the column {title!r} ({id_}) is missing "
                    "or there are two; add it to the header",
                )
            )


def _understood(raw: list[object], variable: Variable) -> list[Cell]:
    """Understand every cell of a column; equal cells are worked out once."""
    memory: dict[tuple[type, object], Cell] = {}
    cells = []
    for value in raw:
        key = (type(value), value)
        cell = memory.get(key)
        if cell is None:
            cell = memory[key] = understand(value, variable)
        cells.append(cell)
    return cells


def _series(id_: str, variable: Variable, cells: list[Cell]) -> dict[str, pd.Series]:
    values = [cell.value for cell in cells]
    columns = {id_: pd.Series(values, dtype=_DTYPES.get(variable.type, "str"))}
    marked = np.fromiter((c.status is Status.NOT_APPLICABLE for c in cells), bool, len(cells))
    if marked.any() and id_ in schema.measured(variable.sheet):
        columns[id_ + NOT_APPLICABLE] = pd.Series(marked)
    return columns


def _bad_cell(
    sheet: Sheet, where: str, code: str, variable: Variable, raw: object, cell: Cell
) -> Finding:
    found = "" if raw is None else str(raw)
    expected = cell.expected or say("不能为空", "must not be blank")
    message = say(
        f"“{variable.header}”：{expected}，实为 {found!r}",
        f"{variable.id!r}: {expected}, found {found!r}",
    )
    return Finding(sheet.file, sheet.name, where, code, variable.id, "error", found, message)


def _finding_at(
    row: pd.Series, name: str, variable: str, severity: Severity, found: str, message: str
) -> Finding:
    file, cell = row["place"].rsplit("\n", 1)
    return Finding(file, name, cell, row[KEYS[name]], variable, severity, found, message)


def _parts_within_wholes(
    table: pd.DataFrame, name: str, columns: dict[str, int], findings: list[Finding]
) -> pd.DataFrame:
    """A part above its whole becomes unknown; the whole stands (rulebook, rule 5)."""
    for variable in schema.measured(name).values():
        whole = variable.at_most
        if whole is None or variable.id not in table or whole not in table:
            continue
        above = (table[variable.id] > table[whole]).fillna(False).astype(bool)
        for _, row in table[above].iterrows():
            title = schema.sheet(name)[whole].header
            message = say(
                f"“{variable.header}”{row[variable.id]} 大于“{title}”{row[whole]}，按未知处理；请核对两数",
                f"{variable.id!r} {row[variable.id]} is above {whole!r} {row[whole]} and counts "
                "as unknown; check both",
            )
            found = _finding_at(row, name, variable.id, "error", str(row[variable.id]), message)
            where = _address(int(found.cell.lstrip(ascii_uppercase)), columns[variable.id])
            findings.append(replace(found, cell=where))
        table.loc[above, variable.id] = pd.NA
    return table


def _once_per_unit(table: pd.DataFrame, name: str, findings: list[Finding]) -> pd.DataFrame:
    """Identical rows count once; conflicting ones leave the unit's variables unknown."""
    key = [KEYS[name], "date"]
    repeated = table.duplicated(key, keep=False)
    if not repeated.any():
        return table
    content = [column for column in table if column != "place"]
    kept = [table[~repeated]]
    for _, rows in table[repeated].groupby(key, sort=True):
        identical = not rows.duplicated(content, keep="first").iloc[1:].eq(False).any()
        for _, row in rows.iloc[1:].iterrows():
            where = _seen_from(row["place"], rows.iloc[0]["place"])
            message = (
                say(f"与 {where} 重复，只计一次", f"the same as {where}; counted once")
                if identical
                else say(
                    f"与 {where} 是同一单位、同一时点，内容却不同，指标按未知处理；请只留一行",
                    f"contradicts {where} (same unit and date); its figures count as unknown: "
                    "keep one row",
                )
            )
            severity: Severity = "warning" if identical else "error"
            findings.append(_finding_at(row, name, KEYS[name], severity, row[key[0]], message))
        kept.append(rows.iloc[:1] if identical else _agreed(rows, name))
    return pd.concat(kept, ignore_index=True)


def _seen_from(here: str, there: str) -> str:
    """A place for a message: the cell, and the file when it is another one."""
    (file, _), (other, cell) = here.rsplit("\n", 1), there.rsplit("\n", 1)
    return cell if other == file else f"{other} {cell}"


def _agreed(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row that keeps of several only what none of them contradicts: names, settlement."""
    row = rows.iloc[:1].copy()
    for column in rows.columns.difference([KEYS[name], "date", "place"]):
        stated = rows[column].dropna().unique()
        if column.endswith(NOT_APPLICABLE):
            row[column] = False
        elif column not in schema.IDENTITY or len(stated) != 1:
            row[column] = pd.NA
        else:
            row[column] = stated[0]
    return row


def _inside(
    table: pd.DataFrame, name: str, frame: pd.DataFrame, findings: list[Finding]
) -> pd.DataFrame:
    """Only rows of units that the frame lists; the others are strays."""
    key = KEYS[name]
    stray = pd.Index(frame[key].unique()).get_indexer(table[key]) < 0
    for _, row in table[stray].iterrows():
        message = say(
            f"{row[key]} 不在名录中，不计入任何数字；请核对代码或更新名录",
            f"{row[key]} is not in the frame and enters no figure; check the code or the frame",
        )
        findings.append(_finding_at(row, name, key, "warning", row[key], message))
    inside = table[~stray].reset_index(drop=True)
    _compare_names(inside, name, frame, findings)
    return inside


def _compare_names(
    table: pd.DataFrame, name: str, frame: pd.DataFrame, findings: list[Finding]
) -> None:
    """A unit that bears another name than in the frame may be another unit: a warning."""
    if "name" not in table:
        return
    known = table["code"].map(frame.set_index("code")["name"])
    # spaces and full-width forms aside: cells are read without them, frames are not
    differs = table["name"].map(_title, na_action="ignore") != known.map(_title, na_action="ignore")
    other = table["name"].notna() & known.notna() & differs
    for (_, row), named in zip(table[other].iterrows(), known[other], strict=True):
        message = say(
            f"名称 {row['name']!r} 与名录中的 {named!r} 不同，仍按代码计入；请核对代码",
            f"called {row['name']!r} here and {named!r} in the frame; counted by its code: check it",
        )
        findings.append(_finding_at(row, name, "name", "warning", row["name"], message))
