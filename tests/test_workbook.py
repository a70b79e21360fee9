"""Files as they come: workbooks, CSV, Parquet, folders, and what only pretends to be one."""

import datetime as dt
import hashlib
import io
import re
import struct
import time
import zipfile
from decimal import Decimal

import pandas as pd
import pytest
from xlsxwriter import Workbook

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.workbook import digest, files_of, read_sheets

HEADER = ["社区代码", "统计时点", "户数"]
ROWS = [HEADER, ["140802001001", "2020-12-31", 5]]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
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
    first, second, third = read_sheets(path)
    assert (first.file, first.name, second.name, third.name) == (
        "台账.xlsx",
        "社区",
        "别的",
        "街道",
    )
    assert list(first.rows[0][:5]) == ["a", 1, 2.5, True, dt.date(2020, 12, 31)]
    assert first.rows[0][3] is True
    assert first.rows[0][5] in ("", None)
    assert first.rows[0][6] == "=1+1"
    assert list(third.rows) == []


def test_rows_and_columns_keep_the_place_where_they_stand(workbook):
    (sheet,) = read_sheets(workbook({"社区": [[], [], [None, None, "here"]]}))
    assert len(sheet.rows) == 3
    assert sheet.rows[2][2] == "here"


def test_result_of_a_formula_is_read(tmp_path):
    with Workbook(tmp_path / "f.xlsx") as book:
        book.add_worksheet("社区").write_formula(0, 0, "=1+2", None, 3)
    assert read_sheets(tmp_path / "f.xlsx")[0].rows[0][0] == 3


def test_chart_sheets_do_not_disturb(tmp_path):
    with Workbook(tmp_path / "c.xlsx") as book:
        book.add_worksheet("社区").write_row(0, 0, HEADER)
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=社区!$C$2:$C$2"})
        book.add_chartsheet("图").set_chart(chart)
    assert list(read_sheets(tmp_path / "c.xlsx")[0].rows[0]) == HEADER


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"", ["no Excel workbook", "save it as .xlsx"]),
        ("社区代码,统计时点\n140802001001,2020-12-31\n".encode(), ["no Excel workbook"]),
        (b"<html><table></table></html>", ["no Excel workbook"]),
        (OLE, ["encrypted", "remove the password"]),
        (zipped({"readme.txt": b"hello"}), ["zip archive without a workbook"]),
        (zipped({}), ["no Excel workbook"]),
        (zipped({"xl/workbook.xml": b"<workbook/>"}), ["damaged"]),
        (zipped({"xl/workbook.xml": b"garbage", SHEET: b""}), ["damaged"]),
    ],
    ids=["empty", "csv", "html", "encrypted", "zip", "empty zip", "no sheets", "garbage"],
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
    assert "encrypted" in refused(bytes(content))


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
    ],
    ids=["plain", "attribute order", "quotes", "prefix", "row without number", "beyond Excel"],
)
def test_one_stray_cell_far_away_is_refused_at_once(workbook, refused, written):
    entries = parts(workbook({"社区": [HEADER]}))
    stray = b'<row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c></row></sheetData>'
    entries[SHEET] = written(entries[SHEET].replace(b"</sheetData>", stray))
    start = time.perf_counter()
    message = refused(zipped(entries))
    assert time.perf_counter() - start < 2
    assert f"{SHEET} is implausibly large" in message
    assert "delete stray cells" in message


def test_stray_cell_is_found_across_the_blocks_in_which_a_file_is_read(workbook, refused):
    entries = parts(workbook({"社区": [HEADER]}))
    before, after = entries[SHEET].split(b"</sheetData>")
    stray = b'<row><c r="XFD1048576"/></row></sheetData>'
    block = 4 * 1024 * 1024
    for cut in (stray.index(b"XFD") + 1, stray.index(b"XFD1") + 4):
        filling = b" " * (block - len(before) - cut)
        message = refused(zipped(entries | {SHEET: before + filling + stray + after}))
        assert "implausibly large" in message


def test_bomb_is_refused_before_it_fills_the_memory(workbook, refused, monkeypatch):
    monkeypatch.setattr("sanlian_analysis.workbook._MOST_UNCOMPRESSED", 10_000_000)
    entries = parts(workbook({"社区": ROWS}))
    assert "implausibly large" in refused(zipped(entries | {"xl/media/1.png": bytes(20_000_000)}))


# --- CSV ------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_in_every_encoding(tmp_path, encoding, end):
    path = tmp_path / "台账.csv"
    path.write_bytes(f'社区代码,户数{end}140802001001,"1{end}2"{end}'.encode(encoding))
    (sheet,) = read_sheets(path)
    assert (sheet.file, sheet.name) == ("台账.csv", "社区")
    assert sheet.rows == [["社区代码", "户数"], ["140802001001", f"1{end}2"]]


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        ("社区代码,户数\n".encode("utf-16"), ["not text"]),
        (zipped({"a": b"b"}), ["台账.csv"]),
        (b"\xff\xff\xff", ["must be UTF-8 or GB18030"]),
        (b'code,"' + b"x" * 200_000, ["not a valid CSV", "quotation mark"]),
    ],
    ids=["utf-16", "zip", "no encoding", "open quotation mark"],
)
def test_what_is_no_csv_is_refused(refused, content, fragments):
    message = refused(content, "台账.csv")
    assert all(fragment in message for fragment in fragments)


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
    header, first, second = sheet.rows
    assert header == ["code", "date", "day", "orgs", "linkage", "purchase", "wage"]
    day = dt.date(2020, 12, 31)
    assert first == ["140802001001", pd.Timestamp(day), day, 5, True, 2.5, Decimal("1.50")]
    assert second == [None] * 7


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
    assert list(read_sheets(path)[0].rows[0]) == HEADER


def test_folder_is_its_files_in_order_of_name_without_those_of_open_programs(tmp_path):
    for name in ("b.csv", "a.xlsx", "c.parquet", "~$a.xlsx", ".a.csv", "notes.txt", "a.xls"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in files_of(tmp_path)] == ["a.xlsx", "b.csv", "c.parquet"]


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


def test_digest_is_sha256_over_the_contents_in_order(tmp_path):
    for name, content in (("a.csv", b"one"), ("b.csv", b"two")):
        (tmp_path / name).write_bytes(content)
    assert digest(files_of(tmp_path)) == hashlib.sha256(b"onetwo").hexdigest()
