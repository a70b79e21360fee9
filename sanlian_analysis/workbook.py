"""The sheets of a user's file as plain rows of cells, at the addresses where they stand."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.schema import COMMUNITIES

#: Files of a ledger, by the end of their names.
SUFFIXES = (".xlsx", ".csv", ".parquet")

#: A workbook beyond these was not typed by hand; it would only fill the memory.
_MOST_UNCOMPRESSED = 2 * 1024**3
_MOST_CELLS = 80_000_000

_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_ZIP_MAGIC = b"PK\x03\x04"

# Where cells and rows say that they stand, whatever program wrote the workbook.
_COLUMN = re.compile(rb""" r=["']([A-Za-z]{1,9})""")
_ROW = re.compile(rb""" r=["'][A-Za-z]{0,9}([0-9]{1,19})""")
_LONGEST_PLACE = 64


@dataclass(frozen=True)
class Sheet:
    """One sheet of one file: `rows[i][j]` stands in row i + 1, column j + 1."""

    file: str
    name: str
    rows: Sequence[Sequence[object]]


def files_of(path: Path) -> list[Path]:
    """The files that make up a ledger: the file itself, or those of a folder.

    Raises SanlianError when there is no such file, or no ledger in the folder.
    """
    try:
        return _files_of(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(("~$", "."))
        )
        if not found:
            raise SanlianError(
                say(
                    f"{path}：文件夹里没有台账（{'、'.join(SUFFIXES)}）",
                    f"{path}: no ledger in this folder ({', '.join(SUFFIXES)})",
                )
            )
        return found
    if not path.exists():
        raise SanlianError(
            say(f"{path}：找不到台账文件，请核对路径", f"{path}: no such ledger; check the path")
        )
    if not path.is_file():
        raise SanlianError(
            say(f"{path}：不是普通文件，不能作为台账", f"{path}: not a regular file")
        )
    return [path]


def digest(files: list[Path]) -> str:
    """SHA-256 over the contents of the files, in order."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1024 * 1024):
                total.update(block)
    return total.hexdigest()


def read_sheets(path: Path) -> list[Sheet]:
    """Every sheet of a workbook, or the one table of a CSV or Parquet file.

    Raises SanlianError when the file is not what its name says, is encrypted,
    truncated, or claims more than `_MOST_CELLS` cells.
    """
    try:
        match path.suffix.lower():
            case ".xlsx":
                return _read_xlsx(path)
            case ".csv":
                return [Sheet(path.name, COMMUNITIES, _read_csv(path))]
            case ".parquet":
                return [Sheet(path.name, COMMUNITIES, _read_parquet(path))]
    except OSError as error:
        raise _unreadable(path, error) from None
    if path.suffix.lower() == ".xls":
        raise _unusable(path, "这是旧版 .xls，请在 Excel 中另存为 .xlsx", "save it as .xlsx first")
    raise _unusable(
        path,
        f"不认识的文件类型；台账应为 {'、'.join(SUFFIXES)}",
        f"unknown kind of file; a ledger is one of {', '.join(SUFFIXES)}",
    )


def _unusable(path: Path, zh: str, en: str) -> SanlianError:
    return SanlianError(f"{path}{say('：', ': ')}{say(zh, en)}")


def _unreadable(path: Path, error: OSError) -> SanlianError:
    why = error.strerror or error  # a Parquet file that lies about itself has no strerror
    return _unusable(path, f"读不出文件（{why}）", f"cannot read ({why})")


def _read_xlsx(path: Path) -> list[Sheet]:
    _preflight(path)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        return [
            Sheet(
                path.name,
                name.strip(),
                workbook.get_sheet_by_name(name).to_python(skip_empty_area=False),
            )
            for name in workbook.sheet_names
        ]
    except CalamineError as error:
        raise _unusable(
            path,
            f"工作簿已损坏（{error}），请在 Excel 中打开并另存",
            f"the workbook is damaged ({error}); open it in Excel and save it again",
        ) from None


def _preflight(path: Path) -> None:
    """Refuse what would abort or drown the parser, before it sees the file."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == _OLE_MAGIC:
        raise _unusable(
            path,
            "文件已加密或是旧版 .xls：请先取消密码，或另存为 .xlsx",
            "encrypted, or an old .xls: remove the password, or save it as .xlsx",
        )
    if head != _ZIP_MAGIC:
        raise _unusable(
            path,
            "名为 .xlsx，内容却不是 Excel 工作簿；请在 Excel 中另存为 .xlsx",
            "called .xlsx, but it is no Excel workbook; save it as .xlsx from Excel",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise _unusable(
                    path,
                    "压缩包里没有 Excel 工作簿；请在 Excel 中另存为 .xlsx",
                    "a zip archive without a workbook; save it as .xlsx from Excel",
                )
            _refuse_giants(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise _unusable(
            path,
            "文件不完整、已损坏或加了密，请重新获取",
            "truncated, damaged or encrypted; get it again",
        ) from None


def _refuse_giants(path: Path, archive: zipfile.ZipFile) -> None:
    left = _MOST_UNCOMPRESSED
    for entry in archive.infolist():
        rows = columns = 0
        before = b""
        with archive.open(entry) as stream:
            while block := stream.read(4 * 1024 * 1024):
                left -= len(block)
                text = before + block
                columns = max([columns, *map(_column_number, set(_COLUMN.findall(text)))])
                rows = max([rows, *map(int, set(_ROW.findall(text)))])
                before = block[-_LONGEST_PLACE:]
                if left < 0 or rows * columns > _MOST_CELLS:
                    raise _unusable(
                        path,
                        f"{entry.filename} 大得不合常理；请删去表格以外的单元格后另存",
                        f"{entry.filename} is implausibly large; delete stray cells and save again",
                    )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _read_csv(path: Path) -> list[list[object]]:
    data = path.read_bytes()
    if b"\0" in data:
        raise _unusable(
            path, "名为 .csv，内容却不是文本", "called .csv, but its content is not text"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise _unusable(
                path, "编码应为 UTF-8 或 GB18030", "the encoding must be UTF-8 or GB18030"
            ) from None
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise _unusable(
            path,
            f"不是正确的 CSV（{error}）；请检查引号是否成对",
            f"not a valid CSV ({error}); check that every quotation mark is closed",
        ) from None


def _read_parquet(path: Path) -> list[list[object]]:
    from pyarrow import ArrowException

    try:
        table = pd.read_parquet(path)
    except (ArrowException, ValueError) as error:
        raise _unusable(
            path,
            f"不是可读的 Parquet 文件（{str(error).splitlines()[0]}）",
            f"not a readable Parquet file ({str(error).splitlines()[0]})",
        ) from None
    cells = table.astype(object).where(table.notna(), None)
    header: list[object] = [str(column) for column in table.columns]
    return [header, *cells.to_numpy().tolist()]
