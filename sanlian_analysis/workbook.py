"""The files of a ledger: refused when they are not what they seem, else read sheet by sheet."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import decoded
from sanlian_analysis.language import say
from sanlian_analysis.schema import COMMUNITIES
from sanlian_analysis.sheet import Column, Sheet
from sanlian_analysis.workbook_process import DAMAGED, KINDS, MOST_CELLS

#: Files of a ledger, by the end of their names.
SUFFIXES = (".xlsx", ".csv", ".parquet")

#: Spreadsheets that a folder must not hold, lest they be left out unnoticed.
_OTHER_SPREADSHEETS = (".xls", ".xlsm", ".xlsb", ".et", ".ods", ".numbers")

#: A workbook beyond these was not typed by hand; it would only fill the memory.
_MOST_UNCOMPRESSED = 2 * 1024**3
_MOST_ENTRIES = 10_000

#: A text table beyond this was not typed by hand either.
_MOST_TEXT = 1024**3

#: Seconds for parsing a workbook: some at any rate, and some for every MB of its contents.
_SECONDS, _SECONDS_PER_MB = 20.0, 0.15

_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_ZIP_MAGIC = b"PK\x03\x04"
_PARQUET_MAGIC = b"PAR1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DELIMITERS = ",;\t"


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
        foreign = [file for file in path.iterdir() if file.suffix.lower() in _OTHER_SPREADSHEETS]
        for file in foreign:
            raise _unusable(
                file,
                "文件夹里的这个表格读不了；请在 Excel 中另存为 .xlsx，或移出文件夹",
                "this spreadsheet cannot be read; save it as .xlsx, or take it out of the folder",
            )
        if not found:
            raise SanlianError(
                say(
                    f"{path}：文件夹里没有台账（{'、'.join(SUFFIXES)}）",
                    f"{path}: no ledger in this folder ({', '.join(SUFFIXES)})",
                )
            )
        return [_regular(file) for file in found]
    if not path.exists():
        raise SanlianError(
            say(f"{path}：找不到台账文件，请核对路径", f"{path}: no such ledger; check the path")
        )
    return [_regular(path)]


def _regular(path: Path) -> Path:
    """Refuse pipes and devices, on which reading never ends."""
    if not path.is_file():
        raise _unusable(path, "不是普通文件，不能作为台账", "not a regular file")
    return path


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
    truncated, hostile or implausibly large, or changes while it is read.
    """
    try:
        before = path.stat()
        sheets = _read(path)
        after = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _unusable(
            path,
            "文件正在被写入；请等它保存完毕后再读",
            "the file is being written; wait until it is saved, then try again",
        )
    return sheets


def _read(path: Path) -> list[Sheet]:
    match path.suffix.lower():
        case ".xlsx":
            return _read_xlsx(path)
        case ".csv":
            return [Sheet(_name(path), COMMUNITIES, _read_csv(path), typed=False)]
        case ".parquet":
            return [Sheet(_name(path), COMMUNITIES, _read_parquet(path))]
        case ".xls":
            raise _legacy(path)
    raise _unusable(
        path,
        f"不认识的文件类型；台账应为 {'、'.join(SUFFIXES)}",
        f"unknown kind of file; a ledger is one of {', '.join(SUFFIXES)}",
    )


def _legacy(path: Path) -> SanlianError:
    return _unusable(
        path,
        "这是旧版 .xls，请在 Excel 中另存为 .xlsx",
        "an old .xls; save it as .xlsx from Excel first",
    )


def _name(path: Path) -> str:
    """The file's name as text, even where it is written in bytes that are none."""
    return path.name.encode("utf-8", "replace").decode("utf-8")


def _unusable(path: Path, zh: str, en: str) -> SanlianError:
    return SanlianError(f"{path}{say('：', ': ')}{say(zh, en)}")


def _unreadable(path: Path, error: OSError) -> SanlianError:
    why = error.strerror or error  # a Parquet file that lies about itself has no strerror
    return _unusable(path, f"读不出文件（{why}）", f"cannot read ({why})")


def _read_xlsx(path: Path) -> list[Sheet]:
    with tempfile.TemporaryFile() as content, _parser(path, content) as parser:
        try:  # the parser gets ready while the file is inspected
            inflated, peculiar = _preflight(path)
            _, complaint = parser.communicate(
                json.dumps(peculiar).encode() + b"\n",
                timeout=_SECONDS + _SECONDS_PER_MB * inflated / 1024**2,
            )
        except subprocess.TimeoutExpired:
            raise _giant(path, path.name) from None
        finally:
            parser.kill()
        if parser.returncode == DAMAGED:
            why = complaint.decode("utf-8", "replace")
            raise _unusable(
                path,
                f"工作簿已损坏（{why}），请在 Excel 中打开并另存",
                f"the workbook is damaged ({why}); open it in Excel and save it again",
            )
        if parser.returncode != 0:  # given up, or stopped by its limit of memory
            raise _giant(path, path.name)
        return [_sheet_of(path, stream) for stream in _streams(content)]


def _parser(path: Path, content: BinaryIO) -> subprocess.Popen[bytes]:
    """The parser, in a process of its own, which cannot take this one with it."""
    root = str(Path(__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "sanlian_analysis.workbook_process", os.path.abspath(path)],
        stdin=subprocess.PIPE,
        stdout=content,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def _streams(content: BinaryIO) -> Iterator[pa.RecordBatchStreamReader]:
    """The Arrow streams that the parser wrote one after the other."""
    end = content.seek(0, os.SEEK_END)
    content.seek(0)
    while content.tell() < end:
        yield pa.ipc.open_stream(content)


def _sheet_of(path: Path, stream: pa.RecordBatchStreamReader) -> Sheet:
    about: dict[str, Any] = json.loads(stream.schema.metadata[b"about"])
    table = stream.read_all()
    columns = [
        Column(*(table.column(f"{position}:{kind}") for kind in KINDS))
        for position in range(about["width"])
    ]
    return Sheet(
        file=_name(path),
        name=about["name"].strip(),
        columns=columns,
        merged=[(tuple(first), tuple(last)) for first, last in about["merged"]],
        hidden_rows=about.get("hidden_rows", ()),
        hidden_columns=about.get("hidden_columns", ()),
        errors=about.get("errors", {}),
        epoch_1904=about["epoch_1904"],
        hidden=about["hidden"],
    )


def _preflight(path: Path) -> tuple[int, list[str]]:
    """Refuse what would drown or deceive a parser, before it sees the file.

    Returns the bytes of all entries, and the entries with hidden rows or
    columns, or cells that hold errors.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
        if head.startswith(_OLE_MAGIC):
            if _ENCRYPTED in stream.read(4 * 1024**2):
                raise _unusable(
                    path,
                    "文件已加密：请先在 Excel 中取消密码再读",
                    "encrypted: remove the password in Excel first",
                )
            raise _legacy(path)
    if not head.startswith(_ZIP_MAGIC):
        kind_zh, kind_en = _kind(head)
        raise _unusable(
            path,
            f"名为 .xlsx，内容却不是 Excel 工作簿（{kind_zh}）；请在 Excel 中另存为 .xlsx",
            f"called .xlsx, but it is no Excel workbook ({kind_en}); save it as .xlsx from Excel",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise _unusable(
                    path,
                    "压缩包里没有 Excel 工作簿；请在 Excel 中另存为 .xlsx",
                    "a zip archive without a workbook; save it as .xlsx from Excel",
                )
            return _inspected(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise _unusable(
            path,
            "文件不完整、已损坏或正在保存，请重新获取或稍后再读",
            "truncated, damaged or still being saved; get it again",
        ) from None


def _kind(head: bytes) -> tuple[str, str]:
    """What a file is by its first bytes, for a message."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "空文件", "an empty file"
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta")):
        return "网页", "a web page"
    if start.startswith(b"<?xml"):
        return "XML 文件", "an XML file"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")):
        return "图片", "a picture"
    if head.startswith(b"%PDF"):
        return "PDF 文件", "a PDF"
    if b"\0" not in head:
        return "文本", "text"
    return "不明内容", "unknown content"


def _inspected(path: Path, archive: zipfile.ZipFile) -> tuple[int, list[str]]:
    """Inflate every entry once, whatever size it claims, and look for what parsers fall for."""
    entries = archive.infolist()
    inflated, peculiar = 0, []
    if len(entries) > _MOST_ENTRIES:
        raise _giant(path, path.name)
    for entry in entries:
        claimed, entry.file_size = entry.file_size, _MOST_UNCOMPRESSED + 1
        own, odd = 0, False
        with archive.open(entry) as stream:
            before = b""
            while block := stream.read(4 * 1024**2):
                own += len(block)
                if inflated + own > _MOST_UNCOMPRESSED:
                    raise _giant(path, entry.filename)
                seam = before[-16:] + block[:16]
                if any(
                    mark in text for mark in (b"<!DOCTYPE", b"<!ENTITY") for text in (block, seam)
                ):
                    raise _unusable(
                        path,
                        f"{entry.filename} 里有 Excel 不会写的 XML 声明，不予读取；请在 Excel 中另存",
                        f"{entry.filename} declares XML entities, as Excel never does; "
                        "it is not read: save it again from Excel",
                    )
                odd = odd or any(
                    mark in text for mark in (b't="e"', b" hidden=") for text in (block, seam)
                )
                before = block
        if own != claimed:
            raise zipfile.BadZipFile("an entry claims another size")
        inflated += own
        if odd and entry.filename.startswith("xl/worksheets/"):
            peculiar.append(entry.filename)
    return inflated, peculiar


def _giant(path: Path, what: str) -> SanlianError:
    return _unusable(
        path,
        f"{what} 大得不合常理；请删去表格以外的单元格后另存",
        f"{what} is implausibly large; delete stray cells and save again",
    )


def _read_csv(path: Path) -> list[Column]:
    if path.stat().st_size > _MOST_TEXT:
        raise _giant(path, path.name)
    data = path.read_bytes()
    if not data.strip():
        raise _unusable(path, "空文件，没有内容", "an empty file")
    if max(data.count(mark.encode()) for mark in _DELIMITERS) > MOST_CELLS:
        raise _giant(path, path.name)
    kind = _kind(data[:512])
    if b"\0" in data or kind != _kind(b"text"):
        raise _unusable(
            path,
            f"名为 .csv，内容却不是表格文本（{kind[0]}）",
            f"called .csv, but its content is not a table in text ({kind[1]})",
        )
    try:
        text = decoded(data)
    except UnicodeDecodeError:
        raise _unusable(
            path, "编码应为 UTF-8 或 GB18030", "the encoding must be UTF-8 or GB18030"
        ) from None
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        )
    except csv.Error as error:
        raise _unusable(
            path,
            f"不是正确的 CSV（{error}）；请检查引号是否成对",
            f"not a valid CSV ({error}); check that every quotation mark is closed",
        ) from None
    width = max(map(len, rows))
    if len(rows) * width > MOST_CELLS:
        raise _giant(path, path.name)
    columns = zip(*([*row, *[""] * (width - len(row))] for row in rows), strict=True)
    return [
        Column.of_texts(pa.array([cell or None for cell in column], pa.large_string()))
        for column in columns
    ]


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: what cuts most of the first lines into the same number of cells."""
    lines = text.splitlines()[:50]

    def steadiness(mark: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        width, rows = max(widths.items(), key=lambda item: item[1], default=(0, 0))
        return rows, width

    return max(_DELIMITERS, key=steadiness)


def _read_parquet(path: Path) -> list[Column]:
    with path.open("rb") as stream:
        if stream.read(4) != _PARQUET_MAGIC:
            raise _unusable(
                path,
                "名为 .parquet，内容却不是 Parquet 文件",
                "called .parquet, but its content is something else",
            )
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows * file.metadata.num_columns > MOST_CELLS:
                raise _giant(path, path.name)
            table = file.read()
    except (pa.ArrowException, ValueError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise _unusable(
            path, f"不是可读的 Parquet 文件（{why}）", f"not a readable Parquet file ({why})"
        ) from None
    return [_with_header(name, table.column(i)) for i, name in enumerate(table.column_names)]


def _with_header(name: str, cells: pa.ChunkedArray) -> Column:
    """A typed column below its name, as a sheet would have it."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    size, kind = len(cells), cells.type
    cells_of: dict[str, Any] = {one: pa.nulls(size, type_) for one, type_ in KINDS.items()}
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = cells.cast(pa.float64(), safe=False)
        cells_of["number"] = pc.if_else(pc.is_nan(numbers), None, numbers)
    elif pa.types.is_boolean(kind):
        cells_of["logical"] = cells
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        if getattr(kind, "tz", None):  # the day that the clock on the wall showed
            cells = pc.local_timestamp(cells)
        cells_of["time"] = cells.cast(pa.timestamp("us"), safe=False)
    else:
        texts = [None if value is None else str(value) for value in cells.to_pylist()]
        cells_of["text"] = pa.array([text or None for text in texts], pa.large_string())
    header = dict.fromkeys(KINDS) | {"text": name}
    return Column(
        *(
            pa.chunked_array([pa.array([header[one]], type_), *_chunks(cells_of[one])])
            for one, type_ in KINDS.items()
        )
    )


def _chunks(cells: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return cells.chunks if isinstance(cells, pa.ChunkedArray) else [cells]
