"""Parsing a workbook, in a process of its own: `python -m sanlian_analysis.workbook_process FILE`.

The parser aborts the whole process when a workbook claims more cells than there
is memory for, and nothing in Python can catch that. So it runs here, under a
limit of memory, waits until whoever started it has inspected the file and names
on one line the entries with hidden rows or failed formulas (as JSON), and sends
the cells back as Arrow. Every column of a sheet becomes up to four arrays, of numbers, texts, yes/no and points in
time, of which at most one has something in each row.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import posixpath
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

#: Exit statuses that the reader understands.
DAMAGED, TOO_LARGE = 3, 4

#: A sheet beyond this was not typed by hand.
MOST_CELLS = 40_000_000

#: Rows that are turned into columns at a time.
_CHUNK = 20_000

_MEMORY = 6 * 1024**3


def main() -> int:
    """Send every sheet of the workbook to standard output."""
    _limit_memory()
    gc.disable()  # millions of cells come and go, none of them in a circle
    path, order = sys.argv[1], sys.stdin.readline()
    if not order:  # whoever started us has refused the file
        return 0
    entries = json.loads(order)
    try:
        workbook = CalamineWorkbook.from_path(path)
        parts, epoch_1904 = _parts(path)
        for metadata in workbook.sheets_metadata:
            if metadata.name not in workbook.sheet_names:
                continue
            sheet = workbook.get_sheet_by_name(metadata.name)
            height, width = (last + 1 for last in sheet.end) if sheet.end else (0, 0)
            if height * width > MOST_CELLS:
                return TOO_LARGE
            about: dict[str, Any] = {
                "name": metadata.name,
                "width": width,
                "merged": sheet.merged_cell_ranges or [],
                "epoch_1904": epoch_1904,
                "hidden": metadata.visible != SheetVisibleEnum.Visible,
            }
            part = parts.get(metadata.name, "")
            about |= _details(path, part) if part in entries else {}
            _send(sys.stdout.buffer, about, sheet)
    except MemoryError:
        return TOO_LARGE
    except (CalamineError, ElementTree.ParseError, KeyError, zipfile.BadZipFile) as error:
        sys.stderr.write(str(error).splitlines()[0] if str(error) else type(error).__name__)
        return DAMAGED
    return 0


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows, where an allocation beyond all memory fails by itself
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _parts(path: str) -> tuple[dict[str, str], bool]:
    """Which entry of the archive holds which sheet, and whether days count from 1904."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    parts = {}
    for sheet in book.iterfind(".//{*}sheet"):
        relation = next((value for key, value in sheet.items() if key.endswith("}id")), "")
        target = targets.get(relation, "")
        parts[sheet.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    properties = book.find("{*}workbookPr")
    flag = "" if properties is None else properties.get("date1904", "")
    return parts, flag in ("1", "true")


def _details(path: str, part: str) -> dict[str, Any]:
    """Hidden rows and columns, and cells that hold an error such as #DIV/0!."""
    rows: list[int] = []
    columns: list[int] = []
    errors: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
        for _, element in ElementTree.iterparse(stream):
            tag = element.tag.rpartition("}")[2]  # Excel and strict OOXML differ in namespace
            if tag == "c" and element.get("t") == "e":
                errors[element.get("r", "")] = element.findtext("{*}v") or "#"
            elif tag == "col" and element.get("hidden") in ("1", "true"):
                last = min(int(element.get("max", "0")), 16384)
                columns += range(int(element.get("min", "1")), last + 1)
            elif tag == "row":
                if element.get("hidden") in ("1", "true"):
                    rows.append(int(element.get("r", "0")))
                element.clear()
    return {"hidden_rows": rows, "hidden_columns": columns, "errors": errors}


def _send(out: BinaryIO, about: dict[str, Any], sheet: CalamineSheet) -> None:
    """One Arrow stream: what is known about the sheet, then its rows chunk by chunk."""
    width = about["width"]
    fields = [
        pa.field(f"{position}:{kind}", type_)
        for position in range(width)
        for kind, type_ in KINDS.items()
    ]
    schema = pa.schema(fields, metadata={"about": json.dumps(about)})
    with pa.ipc.new_stream(out, schema) as writer:
        for rows in _chunks(sheet):
            arrays = [array for column in zip(*rows, strict=True) for array in _arrays(column)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


#: The kinds of content, and how each is sent.
KINDS = {
    "number": pa.float64(),
    "text": pa.large_string(),
    "logical": pa.bool_(),
    "time": pa.timestamp("us"),
}


def _chunks(sheet: CalamineSheet) -> Iterator[list[list[Any]]]:
    """Rows from the first of the sheet on; the parser leaves out empty columns before the first."""
    left: list[Any] = [""] * (sheet.start or (0, 0))[1]
    chunk: list[list[Any]] = []
    for row in sheet.iter_rows():
        chunk.append(left + row if left else row)
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _arrays(column: tuple[Any, ...]) -> list[pa.Array]:
    """The contents of one column by kind; "" is an empty cell."""
    of_kind: dict[str, pa.Array] = {}
    for type_ in set(map(type, column)):
        kind, change = _TYPES.get(type_, ("text", str))  # a time of day fits no column
        values: list[Any]
        if type_ is str:
            values = [value or None if type(value) is str else None for value in column]
        elif change is None:
            values = [value if type(value) is type_ else None for value in column]
        else:
            values = [change(value) if type(value) is type_ else None for value in column]
        array = pa.array(values, KINDS[kind])
        of_kind[kind] = pc.coalesce(of_kind[kind], array) if kind in of_kind else array
    return [of_kind.get(kind, pa.nulls(len(column), type_)) for kind, type_ in KINDS.items()]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


#: How each type that the parser gives is sent, and what it is turned into first.
_TYPES: dict[type, tuple[str, Callable[[Any], Any] | None]] = {
    float: ("number", None),
    int: ("number", float),
    str: ("text", None),
    bool: ("logical", None),
    dt.datetime: ("time", None),
    dt.date: ("time", _midnight),
}


if __name__ == "__main__":
    sys.exit(main())
