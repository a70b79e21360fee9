"""Files as they come: workbooks, CSV, Parquet, folders, and what only pretends to be one."""

import datetime as dt
import hashlib
import io
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from xlsxwriter import Workbook

from sanlian_analysis import workbook as workbook_module
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.workbook import digest, files_of, read_sheets

DAY = dt.datetime(2020, 12, 31)
HEADER = ["社区代码", "统计时点", "户数"]
ROWS = [HEADER, ["140802001001", "2020-12-31", 5]]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ENCRYPTED = bytes(512) + "EncryptedPackage".encode("utf-16-le") + bytes(100)
SHEET = "xl/worksheets/sheet1.xml"


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def refused(tmp_path):
    """The message with which a file of these bytes is refused."""

    def message(content: bytes, name: str = "台账.xlsx") -> str:
        (tmp_path / name).write_bytes(content)
        with using("en"), pytest.raises(SanlianError) as error:
            read_sheets(tmp_path / name)
        assert name in str(error.value)
        return str(error.value)

    return message


# --- workbooks ------------------------------------------------------------------------


def test_workbook_gives_every_sheet_in_order_with_its_cells(workbook):
    path = workbook(
        {
            "社区": [["a", 1, 2.5, True, dt.date(2020, 12, 31), None, "=1+1"]],
            "别的": [["x"]],
            " 街道 ": [],
        }
    )
    sheets = read_sheets(path)
    assert [(sheet.file, sheet.name) for sheet in sheets] == [
        ("台账.xlsx", "社区"),
        ("台账.xlsx", "别的"),
        ("台账.xlsx", "街道"),
    ]
    assert sheets[0].row(0) == ["a", 1.0, 2.5, True, DAY, None, "=1+1"]
    assert sheets[0].columns[3][0] is True
    assert sheets[1].row(0) == ["x"]
    assert [(sheet.size, sheet.empty) for sheet in sheets] == [(1, False), (1, False), (0, True)]


def test_rows_and_columns_keep_the_place_where_they_stand(workbook):
    (sheet,) = read_sheets(workbook({"社区": [[], [], [None, None, "here"]]}))
    assert (sheet.size, len(sheet.columns)) == (3, 3)
    assert [sheet.row(number) for number in range(3)] == [
        [None] * 3,
        [None] * 3,
        [None, None, "here"],
    ]


def test_columns_of_many_rows_hold_what_was_written(workbook):
    rows = [[i, f"第{i}行", i % 2 == 0] if i % 7 else [f"{i}", None, None] for i in range(25_000)]
    (sheet,) = read_sheets(workbook({"社区": rows}))
    number, text, logical = sheet.columns
    assert sheet.size == 25_000
    assert [number[i] for i in (0, 1, 7, 24_999)] == ["0", 1.0, "7", 24_999.0]
    assert [text[i] for i in (0, 1, 20_000, 24_999)] == [None, "第1行", "第20000行", "第24999行"]
    assert [logical[i] for i in (0, 1, 2)] == [None, False, True]
    assert np.bincount(number.kinds).tolist() == [0, 25_000 - 3572, 3572]


def test_merged_and_hidden_cells_errors_and_the_epoch_are_told(tmp_path):
    with Workbook(tmp_path / "m.xlsx", {"date_1904": True}) as book:
        sheet = book.add_worksheet("社区")
        sheet.merge_range("A1:C1", "title")
        sheet.merge_range("B3:B5", "tall")
        sheet.write_formula("D6", "=1/0", None, "#DIV/0!")
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column("C:D", None, None, {"hidden": True})
        book.add_worksheet("街道").write(0, 0, "x")
    first, second = read_sheets(tmp_path / "m.xlsx")
    assert sorted(first.merged) == [((0, 0), (0, 2)), ((2, 1), (4, 1))]
    assert (list(first.hidden_rows), list(first.hidden_columns)) == ([4], [3, 4])
    assert first.errors == {"D6": "#DIV/0!"}
    assert first.columns[3][5] is None
    assert first.epoch_1904 is second.epoch_1904 is True
    assert [list(told) for told in (second.merged, second.hidden_rows, second.errors)] == [[]] * 3


def test_workbook_in_the_strict_form_of_the_format_tells_the_same(tmp_path):
    with Workbook(tmp_path / "m.xlsx", {"date_1904": True}) as book:
        sheet = book.add_worksheet("社区")
        sheet.write(0, 0, "x")
        sheet.write_formula("A2", "=1/0", None, "#DIV/0!")
        sheet.set_row(1, None, None, {"hidden": True})
    transitional = b"http://schemas.openxmlformats.org/"
    strict = {
        transitional + b"spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        transitional + b"officeDocument/2006/": b"http://purl.oclc.org/ooxml/officeDocument/",
    }
    entries = parts(tmp_path / "m.xlsx")
    for name in entries:
        for one, other in strict.items():
            entries[name] = entries[name].replace(one, other)
    (tmp_path / "s.xlsx").write_bytes(zipped(entries))
    (sheet,) = read_sheets(tmp_path / "s.xlsx")
    assert sheet.row(0) == ["x"]
    assert (sheet.errors, list(sheet.hidden_rows)) == ({"A2": "#DIV/0!"}, [2])
    assert sheet.epoch_1904 is True


def test_dates_of_both_epochs_are_the_same_day(tmp_path):
    for name, epoch in (("a.xlsx", False), ("b.xlsx", True)):
        options = {"date_1904": epoch, "default_date_format": "yyyy-mm-dd"}
        with Workbook(tmp_path / name, options) as book:
            book.add_worksheet("社区").write_datetime(0, 0, DAY)
        (sheet,) = read_sheets(tmp_path / name)
        assert (sheet.row(0), sheet.epoch_1904) == ([DAY], epoch)


def test_result_of_a_formula_is_read(tmp_path):
    with Workbook(tmp_path / "f.xlsx") as book:
        book.add_worksheet("社区").write_formula(0, 0, "=1+2", None, 3)
    assert read_sheets(tmp_path / "f.xlsx")[0].row(0) == [3]


def test_chart_sheets_do_not_disturb(tmp_path):
    with Workbook(tmp_path / "c.xlsx") as book:
        book.add_worksheet("社区").write_row(0, 0, HEADER)
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=社区!$C$2:$C$2"})
        book.add_chartsheet("图").set_chart(chart)
    assert read_sheets(tmp_path / "c.xlsx")[0].row(0) == HEADER


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["no Excel workbook", "an empty file", "save it as .xlsx"]),
        ("社区代码,统计时点\n140802001001,2020-12-31\n".encode(), ["no Excel workbook", "text"]),
        ("社区代码\t统计时点\n".encode("gb18030"), ["no Excel workbook", "text"]),
        (b"<html><table></table></html>", ["no Excel workbook", "a web page"]),
        (b"\xef\xbb\xbf\r\n <META charset=utf-8><table>", ["no Excel workbook", "a web page"]),
        (b'<?xml version="1.0"?><Workbook/>', ["no Excel workbook", "an XML file"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), ["no Excel workbook", "a picture"]),
        (b"\xff\xd8\xff\xe0" + bytes(100), ["no Excel workbook", "a picture"]),
        (b"%PDF-1.7\n", ["no Excel workbook", "a PDF"]),
        (bytes(1000), ["no Excel workbook"]),
        (OLE, ["an old .xls", "save it as .xlsx"]),
        (OLE + ENCRYPTED, ["encrypted", "remove the password"]),
        (zipped({"readme.txt": b"hello"}), ["zip archive without a workbook"]),
        (zipped({"word/document.xml": b"<w/>"}), ["zip archive without a workbook"]),
        (zipped({}), ["no Excel workbook"]),
        (zipped({"xl/workbook.xml": b"<workbook/>"}), ["damaged"]),
        (zipped({"xl/workbook.xml": b"garbage", SHEET: b""}), ["damaged"]),
    ],
    ids=[
        *("empty", "csv", "gb18030", "html", "table", "xml", "png", "jpeg", "pdf", "zeros", "xls"),
        *("encrypted", "zip", "docx", "empty zip", "no sheets", "garbage"),
    ],
)
def test_what_is_no_workbook_is_refused_with_the_mend(refused, content, fragments):
    message = refused(content)
    assert all(fragment in message for fragment in fragments)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_truncated_workbook_is_refused(workbook, refused, share):
    whole = workbook({"社区": ROWS * 50}).read_bytes()
    assert "truncated" in refused(whole[: int(len(whole) * share)])


def test_workbook_with_damage_inside_is_refused(workbook, refused):
    path = workbook({"社区": ROWS * 50})
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    content = bytearray(path.read_bytes())
    content[start + 5 : start + 25] = b"\xff" * 20
    assert "damaged" in refused(bytes(content))


def test_zip_with_a_password_is_refused(workbook, refused):
    content = bytearray(workbook({"社区": ROWS}).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(content)):
            content[found.start() + flags] |= 1
    message = refused(bytes(content))
    assert "password" in message or "damaged" in message


@pytest.mark.parametrize(
    "damage",
    [
        lambda part: part[:-60],
        lambda part: b"garbage",
        lambda part: part.replace(b"<v>0</v>", b"<v>99999</v>"),
        lambda part: part.replace(b'r="C2"', b'r="2C"'),
    ],
    ids=["cut", "garbage", "string that is not there", "address that is none"],
)
def test_workbook_with_a_damaged_sheet_is_refused(workbook, refused, damage):
    entries = parts(workbook({"社区": ROWS}))
    assert "damaged" in refused(zipped(entries | {SHEET: damage(entries[SHEET])}))


NAMESPACE = b'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns='


def prefixed(part: bytes) -> bytes:
    for tag in (b"c", b"row", b"v"):
        part = re.sub(rb"<(/?)" + tag + rb"(?=[ >])", rb"<\1x:" + tag, part)
    return part.replace(b"xmlns=", NAMESPACE, 1)


@pytest.mark.parametrize(
    "written",
    [
        lambda part: part,
        lambda part: re.sub(rb'<c (r="\w+") (t="s")', rb"<c \2 \1", part),
        lambda part: re.sub(rb' r="(\w+)"', rb" r='\1'", part),
        prefixed,
        lambda part: part.replace(b'<row r="1048576"', b"<row"),
        lambda part: part.replace(b"XFD1048576", b"C99999999999"),
        lambda part: part.replace(b"XFD1048576", b"ZZZZZZ4294967296"),
    ],
    ids=["plain", "order", "quotes", "prefix", "row without number", "no column", "beyond Excel"],
)
def test_one_stray_cell_far_away_is_refused(workbook, refused, written):
    entries = parts(workbook({"社区": [HEADER]}))
    stray = b'<row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c></row></sheetData>'
    entries[SHEET] = written(entries[SHEET].replace(b"</sheetData>", stray))
    message = refused(zipped(entries))
    assert "implausibly large" in message or "damaged" in message


def test_bomb_is_refused_before_it_fills_the_memory(workbook, refused, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook._MOST_UNCOMPRESSED", 2**23)
    entries = parts(workbook({"社区": ROWS}))
    message = refused(zipped(entries | {"xl/media/1.png": bytes(20_000_000)}))
    assert "xl/media/1.png is implausibly large" in message


def test_many_entries_that_are_too_large_together_are_refused(workbook, refused, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook._MOST_UNCOMPRESSED", 2**23)
    entries = parts(workbook({"社区": ROWS}))
    many = {f"xl/media/{i}.png": bytes(3_000_000) for i in range(4)}
    assert "implausibly large" in refused(zipped(entries | many))


def test_too_many_entries_are_refused(workbook, refused, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook._MOST_ENTRIES", 20)
    entries = parts(workbook({"社区": ROWS}))
    assert "implausibly large" in refused(zipped(entries | {f"x/{i}": b"" for i in range(20)}))


@pytest.mark.parametrize("claimed", [0, 100, 2**31])
def test_bomb_that_lies_about_its_size_is_refused(workbook, refused, monkeypatch, claimed):
    monkeypatch.setattr("sanlian_analysis.workbook._MOST_UNCOMPRESSED", 2**23)
    entries = parts(workbook({"社区": ROWS}))
    content = bytearray(zipped(entries | {"xl/media/1.png": bytes(20_000_000)}))
    true = struct.pack("<I", 20_000_000)
    assert content.count(true) == 2  # in the local header and in the directory
    content = content.replace(true, struct.pack("<I", claimed))
    message = refused(bytes(content))
    assert "implausibly large" in message or "damaged" in message


def test_entry_that_lies_about_its_size_a_little_is_refused(workbook, refused):
    entries = parts(workbook({"社区": ROWS}))
    content = bytearray(zipped(entries | {"xl/media/1.png": bytes(54_321)}))
    true = struct.pack("<I", 54_321)
    assert content.count(true) == 2
    assert "damaged" in refused(bytes(content.replace(true, struct.pack("<I", 54_320))))


def test_real_bomb_is_refused_within_little_memory(tmp_path, workbook):
    entries = parts(workbook({"社区": ROWS}))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * 200 + packer.flush()  # 3.1 GiB of nothing
    size = 200 * 2**24
    name = b"xl/media/1.png"
    shape = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(packed), size, len(name), 0)
    with zipfile.ZipFile(io.BytesIO(zipped(entries))) as archive:
        start = archive.start_dir
    whole = zipped(entries)
    local = b"PK\3\4" + shape + name + packed
    directory = whole[start : whole.rindex(b"PK\5\6")]
    directory += b"PK\1\2\x14\0" + shape + struct.pack("<HHHII", 0, 0, 0, 0, start) + name
    end = struct.pack("<HHHHIIH", 0, 0, len(entries) + 1, len(entries) + 1, len(directory),
                      start + len(local), 0)  # fmt: skip
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(whole[:start] + local + directory + b"PK\5\6" + end)
    assert path.stat().st_size < 5_000_000
    code = (
        "import resource, sys; from sanlian_analysis.workbook import read_sheets\n"
        "from sanlian_analysis.errors import SanlianError; from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))\n"
        "try: read_sheets(Path(sys.argv[1]))\n"
        "except SanlianError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert "xl/media/1.png" in done.stdout
    assert "bomb.xlsx" in done.stdout


LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>"""
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("declared", [LAUGHS, OUTSIDE], ids=["bomb", "outside"])
@pytest.mark.parametrize("entry", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_declared_entities_are_refused(workbook, refused, declared, entry):
    entries = parts(workbook({"社区": ROWS}))
    head, rest = entries[entry].split(b"?>", 1)
    message = refused(zipped(entries | {entry: head + b"?>" + declared + rest}))
    assert f"{entry} declares XML entities" in message


def test_declared_entities_are_refused_in_another_encoding_too(workbook, refused):
    entries = parts(workbook({"社区": ROWS}))
    text = entries["xl/workbook.xml"].split(b"?>", 1)[1].decode()
    wide = (LAUGHS.decode() + text.replace("社区", "&d;")).encode("utf-16")
    message = refused(zipped(entries | {"xl/workbook.xml": wide}))
    assert "entities" in message or "damaged" in message


@pytest.mark.parametrize("mark", [b"<!DOCTYPE", b"<!ENTITY"])
@pytest.mark.parametrize("before", [1, 4, 8])
def test_declaration_is_found_across_the_blocks_in_which_a_file_is_read(
    workbook, refused, mark, before
):
    entries = parts(workbook({"社区": ROWS}))
    text = b" " * (4 * 1024**2 - before) + mark + b" x>" + b" " * 100
    assert "declares XML entities" in refused(zipped(entries | {"xl/x.xml": text}))


def test_parser_that_gives_no_answer_is_stopped(workbook, refused, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook._SECONDS", 0.01)
    monkeypatch.setattr("sanlian_analysis.workbook._SECONDS_PER_MB", 0.0)
    assert "implausibly large" in refused(workbook({"社区": ROWS}).read_bytes())


def test_parser_runs_where_the_folder_holds_modules_of_the_same_names(
    tmp_path, workbook, monkeypatch
):
    path = workbook({"社区": ROWS})
    for name in ("json", "zipfile", "pyarrow", "python_calamine"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_sheets(path)[0].row(0) == HEADER


# --- CSV ------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_in_every_encoding(tmp_path, encoding, end):
    path = tmp_path / "台账.csv"
    path.write_bytes(f'社区代码,户数{end}140802001001,"1{end}2"{end}'.encode(encoding))
    (sheet,) = read_sheets(path)
    assert (sheet.file, sheet.name) == ("台账.csv", "社区")
    assert [sheet.row(0), sheet.row(1)] == [["社区代码", "户数"], ["140802001001", f"1{end}2"]]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_with_every_separator(tmp_path, mark):
    path = tmp_path / "台账.csv"
    path.write_text(f'台账\n社区代码{mark}户数{mark}备注\n1{mark}"a{mark}b"\n', encoding="utf-8")
    (sheet,) = read_sheets(path)
    rows = [sheet.row(number) for number in range(sheet.size)]
    assert rows == [["台账", None, None], ["社区代码", "户数", "备注"], ["1", f"a{mark}b", None]]


def test_csv_keeps_codes_and_blank_lines_as_they_stand(tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text("code,n\n\n007,1e5\n", encoding="utf-8")
    (sheet,) = read_sheets(path)
    assert [sheet.row(number) for number in range(3)] == [
        ["code", "n"],
        [None, None],
        ["007", "1e5"],
    ]


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["an empty file"]),
        ("社区代码,户数\n".encode("utf-16"), ["not a table in text"]),
        (zipped({"a": b"b"}), ["not a table in text"]),
        (OLE, ["not a table in text"]),
        (b"<html><table>", ["not a table in text", "a web page"]),
        (b"%PDF-1.7\nabc", ["not a table in text", "a PDF"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), ["not a table in text", "a picture"]),
        (b"\xff\xff\xff", ["must be UTF-8 or GB18030"]),
        (b'code,"' + b"x" * 200_000, ["not a valid CSV", "quotation mark"]),
        (b'code,date,orgs\n1,2,"3\n4,5,6\n', ["not a valid CSV", "quotation mark"]),
    ],
    ids=[
        *("empty", "utf-16", "zip", "xls", "html", "pdf", "png", "no encoding"),
        *("open quotation mark", "open quotation mark in a small file"),
    ],
)
def test_what_is_no_csv_is_refused(refused, content, fragments):
    message = refused(content, "台账.csv")
    assert all(fragment in message for fragment in fragments)


@pytest.mark.parametrize(
    ("limit", "most"), [("_MOST_TEXT", 1000), ("MOST_CELLS", 100)], ids=["bytes", "cells"]
)
def test_csv_that_nobody_typed_is_refused(refused, monkeypatch, limit, most):
    monkeypatch.setattr(f"sanlian_analysis.workbook.{limit}", most)
    assert "implausibly large" in refused(b"a,b,c\n" * 200, "台账.csv")


# --- Parquet --------------------------------------------------------------------------


def test_parquet_keeps_the_types_of_its_columns(tmp_path):
    path = tmp_path / "台账.parquet"
    pd.DataFrame(
        {
            "code": ["140802001001", None],
            "date": pd.to_datetime(["2020-12-31", None]),
            "day": [dt.date(2020, 12, 31), None],
            "orgs": pd.array([5, None], dtype="Int64"),
            "linkage": pd.array([True, None], dtype="boolean"),
            "purchase": [2.5, None],
            "wage": [Decimal("1.50"), None],
        }
    ).to_parquet(path)
    (sheet,) = read_sheets(path)
    assert sheet.row(0) == ["code", "date", "day", "orgs", "linkage", "purchase", "wage"]
    assert sheet.row(1) == ["140802001001", DAY, DAY, 5, True, 2.5, 1.5]
    assert sheet.row(2) == [None] * 7
    assert sheet.size == 3


@pytest.mark.parametrize("unit", ["s", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai"])
def test_parquet_keeps_the_day_that_its_reader_would_see(tmp_path, unit, zone):
    path = tmp_path / "台账.parquet"
    stamps = pd.Series([pd.Timestamp("2020-12-31", tz=zone)]).dt.as_unit(unit)
    pd.DataFrame({"date": stamps}).to_parquet(path)
    assert read_sheets(path)[0].row(1) == [DAY]


def test_parquet_of_other_types_is_read_as_people_see_it(tmp_path):
    path = tmp_path / "台账.parquet"
    table = pa.table(
        {
            "code": pa.array([140802001001], pa.int64()),
            "settlement": pa.array(["urban"]).dictionary_encode(),
            "orgs": pa.array([float("nan")]),
            "purchase": pa.array([Decimal("0.10")]),
            "name": pa.array([""]),
            "wage": pa.array([3], pa.uint8()),
        }
    )
    pq.write_table(table, path)
    assert read_sheets(path)[0].row(1) == [140802001001.0, "urban", None, 0.1, None, 3.0]


def test_parquet_of_more_cells_than_anybody_types_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook.MOST_CELLS", 100)
    pd.DataFrame({"code": [""] * 101}).to_parquet(tmp_path / "台账.parquet")
    with using("en"), pytest.raises(SanlianError, match="implausibly large"):
        read_sheets(tmp_path / "台账.parquet")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"code,date\n",
        b"PAR1" + b"garbage" * 20 + b"PAR1",
        b"PAR1" + b"garbage" * 20 + struct.pack("<I", 20) + b"PAR1",
    ],
    ids=["empty", "csv", "footer too long", "footer of garbage"],
)
def test_what_is_no_parquet_is_refused_with_a_reason(refused, content):
    message = refused(content, "台账.parquet")
    assert "None" not in message


# --- other files and folders ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        ("台账.xls", ["save it as .xlsx"]),
        ("台账.docx", ["unknown kind of file", ".xlsx, .csv, .parquet"]),
        ("台账", ["unknown kind of file"]),
    ],
)
def test_other_kinds_of_file_are_refused(refused, name, fragments):
    message = refused(b"whatever", name)
    assert all(fragment in message for fragment in fragments)


def test_ending_may_be_in_capitals(workbook):
    path = workbook({"社区": ROWS}, "台账.XLSX")
    assert read_sheets(path)[0].row(0) == HEADER


def test_folder_is_its_files_in_order_of_name_without_those_of_open_programs(tmp_path):
    for name in ("b.csv", "a.xlsx", "c.parquet", "~$a.xlsx", ".a.csv", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in files_of(tmp_path)] == ["a.xlsx", "b.csv", "c.parquet"]


@pytest.mark.parametrize("name", ["b.xls", "b.et", "b.ods"])
def test_folder_with_a_spreadsheet_that_cannot_be_read_is_refused(tmp_path, name):
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / name).write_bytes(b"")
    with using("en"), pytest.raises(SanlianError, match=rf"{name}.*take it out of the folder"):
        files_of(tmp_path)


def test_file_is_itself(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    assert files_of(tmp_path / "a.csv") == [tmp_path / "a.csv"]


@pytest.mark.parametrize("name", ["nowhere.xlsx", "x" * 5000])
def test_missing_file_is_refused(tmp_path, name):
    # what is said of a name that is too long depends on system and Python
    with using("en"), pytest.raises(SanlianError, match=r"no such ledger|cannot read"):
        files_of(tmp_path / name)


def test_folder_without_a_ledger_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(SanlianError, match="文件夹里没有台账"):
        files_of(tmp_path)


def test_folder_called_like_a_ledger_is_refused(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(SanlianError, match=r"a\.csv"):
        [read_sheets(path) for path in files_of(tmp_path)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    for path in (tmp_path / "a.csv", tmp_path):
        with using("en"), pytest.raises(SanlianError, match=r"a\.csv: not a regular file"):
            files_of(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_device_is_refused_and_not_read(tmp_path):
    (tmp_path / "x.csv").symlink_to("/dev/zero")
    for path in (tmp_path / "x.csv", tmp_path):
        with using("en"), pytest.raises(SanlianError, match=r"x\.csv: not a regular file"):
            files_of(path)


def test_link_to_nothing_and_link_to_itself_are_refused(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "b.csv")
    for name in ("a.csv", "b.csv"):
        with pytest.raises(SanlianError, match=name.replace(".", r"\.")):
            files_of(tmp_path / name)


@pytest.mark.parametrize("name", ["台账.csv", "台账.parquet", "台账.xlsx"])
@pytest.mark.parametrize("change", ["longer", "later"])
def test_file_that_changes_while_it_is_read_is_refused(
    tmp_path, workbook, monkeypatch, name, change
):
    path = workbook({"社区": ROWS})
    table = pd.DataFrame(ROWS[1:], columns=HEADER)
    table.to_csv(tmp_path / "台账.csv", index=False)
    table.to_parquet(tmp_path / "台账.parquet")
    path = tmp_path / name
    read = workbook_module._read

    def read_and_write(own):
        sheets = read(own)
        if change == "longer":
            with own.open("ab") as stream:
                stream.write(b"\n")
        else:
            os.utime(own, ns=(0, own.stat().st_mtime_ns + 1000))
        return sheets

    monkeypatch.setattr(workbook_module, "_read", read_and_write)
    with using("en"), pytest.raises(SanlianError, match=f"{name}: the file is being written"):
        read_sheets(path)


def test_file_that_goes_away_is_refused(tmp_path):
    with using("en"), pytest.raises(SanlianError, match=r"a\.csv: cannot read"):
        read_sheets(tmp_path / "a.csv")


def test_digest_is_sha256_over_the_contents_in_order(tmp_path):
    for name, content in (("a.csv", b"one"), ("b.csv", b"two")):
        (tmp_path / name).write_bytes(content)
    assert digest(files_of(tmp_path)) == hashlib.sha256(b"onetwo").hexdigest()
