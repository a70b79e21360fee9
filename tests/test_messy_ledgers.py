"""Ledgers as people really send them: one small file per line, with everything that must come out.

A row of cells is written `A|D|5`. `A`, `B`, `C` are codes, `D` is 2021-12-31. In a
workbook `#5` is a number, `@2021-12-31` a date, `!#DIV/0!` a failed formula; all else is text.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.schema import KEYS

A, B, C, E = (f"14080200100{i}" for i in (1, 2, 3, 4))
SHORT = {"A": A, "B": B, "C": C, "E": E, "D": "2021-12-31"}
DAY = dt.date(2021, 12, 31)
SHEET = schema.sheet("社区")

Writer = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("SANLIAN_CACHE", "off")


# --- builders -------------------------------------------------------------------------


def cells(lines: Sequence[str]) -> list[list[str]]:
    return [[SHORT.get(cell, cell) for cell in line.split("|")] for line in lines]


def csv_(*lines: str, encoding: str = "utf-8", sep: str = ",", end: str = "\r\n") -> Writer:
    def write(path: Path) -> Path:
        text = io.StringIO()
        csv.writer(text, delimiter=sep, lineterminator=end).writerows(cells(lines))
        path = path if path.suffix else path / "台账.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return write


def bytes_(name: str, content: bytes) -> Writer:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


@dataclass(frozen=True)
class Tab:
    """A sheet of a workbook: its rows, merged ranges and hidden rows (3) or columns (D)."""

    lines: Sequence[str]
    name: str = "社区"
    merged: str = ""
    hidden: str = ""


def tab(*lines: str, name: str = "社区", merged: str = "", hidden: str = "") -> Tab:
    return Tab(lines, name, merged, hidden)


def xlsx(*tabs: Tab | str, merged: str = "", hidden: str = "", date_1904: bool = False) -> Writer:
    """A workbook: of several sheets, or of the lines of its 社区 sheet."""
    lines = [one for one in tabs if isinstance(one, str)]
    sheets = [one for one in tabs if isinstance(one, Tab)]
    sheets = [Tab(lines, "社区", merged, hidden), *sheets] if lines else sheets

    def write(path: Path) -> Path:
        path = path if path.suffix else path / "台账.xlsx"
        options = {"date_1904": date_1904, "default_date_format": "yyyy-mm-dd"}
        with Workbook(path, options) as book:
            for one in sheets:
                fill(book.add_worksheet(one.name), one)
        return path

    return write


def fill(sheet, one: Tab) -> None:
    rows = cells(one.lines)
    for area in one.merged.split():
        sheet.merge_range(area, "")
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell.startswith("#"):
                sheet.write_number(i, j, float(cell[1:]))
            elif cell.startswith("@"):
                sheet.write_datetime(i, j, dt.datetime.fromisoformat(cell[1:]))
            elif cell.startswith("!"):
                sheet.write_formula(i, j, "=1/0", None, cell[1:])
            elif cell in ("=TRUE", "=FALSE"):
                sheet.write_boolean(i, j, cell == "=TRUE")
            elif cell:
                sheet.write_string(i, j, cell)
    for what in one.hidden.split():
        if what.isdigit():
            sheet.set_row(int(what) - 1, None, None, {"hidden": True})
        else:
            sheet.set_column(f"{what}:{what}", None, None, {"hidden": True})


def folder(**files: Writer) -> Writer:
    """A folder of files; `a_csv` is a.csv."""

    def write(path: Path) -> Path:
        for name, writer in files.items():
            writer(path / name.replace("_", "."))
        return path

    return write


Found = tuple[str, ...]


@dataclass(frozen=True)
class Messy:
    """A file, and what must be read of it.

    `values`: per variable, in the order of the rows; `街道.incubator` for
    another sheet. `found`: every finding: severity, place, variable, content,
    then fragments of its message; in any order. A place is a cell, or sheet and
    cell, or file, sheet and cell. `put_right`: cells normalised, by kind (plain
    numbers of a CSV, which are all text, aside). `refused`: fragments of the
    message with which the file is refused.
    """

    about: str
    written: Writer
    values: Mapping[str, Sequence[object]] = field(default_factory=dict)
    found: Sequence[Found] = ()
    put_right: Mapping[str, int] | None = None
    refused: Sequence[str] = ()
    #: Names of the units that exist, by code; empty: no frame.
    frame: Mapping[str, str] = field(default_factory=dict)


NOTE, WARNING, ERROR = "note", "warning", "error"


def ok(about: str, written: Writer, *found: Found, put_right=None, frame=None, **values) -> Messy:
    values = {name.replace("__", "."): value for name, value in values.items()}
    return Messy(about, written, values, found, put_right, frame=frame or {})


def no(about: str, written: Writer, *fragments: str) -> Messy:
    return Messy(about, written, refused=fragments)


def reads(variable: str, written: str, value: object, *found: Found, **put_right: int) -> Messy:
    """One cell of a CSV, C2, and its value."""
    lines = csv_(f"社区代码|统计时点|{variable}", f"A|D|{written}")
    return Messy(f"{variable} {written!r}", lines, {variable: [value]}, found, put_right)


def bad(variable: str, written: str, *fragments: str) -> Messy:
    """One cell of a CSV, C2, that cannot be used: an error, and unknown."""
    lines = csv_(f"社区代码|统计时点|{variable}", f"A|D|{written}")
    finding = (ERROR, "C2", variable, written, *fragments)
    return Messy(f"{variable} {written!r}", lines, {variable: [None]}, [finding], {})


def dated(written: str, **put_right: int) -> Messy:
    lines = csv_("社区代码|统计时点|户数", f"A|{written}|5")
    return Messy(f"date {written!r}", lines, {"date": [DAY]}, [], put_right)


def lost(about: str, row: str, cell: str, variable: str, found: str, *fragments: str) -> Messy:
    """A second row that cannot be placed: an error, and left out."""
    lines = csv_("社区代码|社区名称|统计时点|户数", "A|甲社区|D|5", row)
    finding = (ERROR, cell, variable, found, *fragments)
    return Messy(about, lines, {"code": [A], "households": [5]}, [finding])


def left_out(cell: str, *fragments: str) -> Found:
    return (NOTE, cell, "", "", *fragments)


def unknown_column(cell: str, title: str) -> Found:
    return (NOTE, cell, "", title, "未参与计算")


# --- values ---------------------------------------------------------------------------

VALUES = [
    # digits and separators
    reads("households", "１２３４", 1234),
    reads("households", "1,234", 1234, thousands=1),
    reads("households", "1，234", 1234, thousands=1),
    reads("households", "１，２３４，５６７", 1234567, thousands=1),
    reads("venue_area", "1,234.5", 1234.5, thousands=1),
    reads("households", " 12 ", 12),
    reads("households", "12.0", 12),
    reads("venue_area", "０．５", 0.5),
    # units behind a number
    reads("venue_area", "500㎡", 500.0, unit=1),
    reads("venue_area", "500平方米", 500.0, unit=1),
    reads("venue_area", "500 m²", 500.0, unit=1),
    reads("venue_area", "1,500.5平米", 1500.5, unit=1),
    reads("orgs", "12个", 12, unit=1),
    reads("orgs", "１２家", 12, unit=1),
    reads("households", "320户", 320, unit=1),
    reads("population", "980人", 980, unit=1),
    reads("open_hours", "8小时", 8.0, unit=1),
    reads("purchase", "3.5万元", 3.5, unit=1),
    reads("purchase", "3.5万元/年", 3.5, unit=1),
    reads("wage", "50000元", 50000.0, unit=1),
    # other units of the same quantity are converted, and that is said
    reads("purchase", "35000元", 3.5, (NOTE, "C2", "purchase", "35000元", "万元"), converted=1),
    reads("purchase", "35,000元", 3.5, (NOTE, "C2", "purchase", "35,000元", "换算"), converted=1),
    reads("wage", "5万元", 50000.0, (NOTE, "C2", "wage", "5万元", "元/年"), converted=1),
    reads("population", "1.2万人", 12000, (NOTE, "C2", "population", "1.2万人"), converted=1),
    # shares
    reads("base_pay_share", "70%", 0.7, percent=1),
    reads("base_pay_share", "70％", 0.7, percent=1),
    reads("base_pay_share", "７０ ％", 0.7, percent=1),
    reads("base_pay_share", "33.3%", 0.333, percent=1),
    reads("base_pay_share", "100%", 1.0, percent=1),
    reads("base_pay_share", "0.7", 0.7),
    # dates
    dated("2021-12-31"),
    dated("2021/12/31", date=1),
    dated("2021.12.31", date=1),
    dated("2021年12月31日", date=1),
    dated("2021 年 12 月 31 日", date=1),
    dated("20211231", date=1),
    dated("２０２１－１２－３１"),
    dated("2021-12-31 00:00:00", date=1),
    dated("2021/12/31 8:30", date=1),
    ok(
        "a short date with a time of day",
        csv_("code|date|orgs", "A|2021/1/1 00:00:00|5", "B|2021-1-3 10:00|6"),
        date=[dt.date(2021, 1, 1), dt.date(2021, 1, 3)],
    ),
    # yes and no
    *(reads("linkage", yes, True) for yes in ("是", "有", "√", "✓", "Ｙ", "YES", "true", "１")),
    *(reads("linkage", not_, False) for not_ in ("否", "无", "×", "✗", "n", "False", "0", " 否 ")),
    # blank, 无, 0, 不适用 and 未知 are different things
    *(
        reads("households", blank, None)
        for blank in ("", " ", "　", "-", "－", "—", "未知", "待定")
    ),
    *(reads("households", zero, 0) for zero in ("0", "０", "无")),
    reads("linkage", "未知", None),
    *(
        ok(
            f"{word} marks the unit, and is no blank",
            csv_("code|date|orgs|linkage", f"A|D|{word}|{word}", "B|D||"),
            orgs=[None, None],
            orgs__not_applicable=[True, False],
            linkage__not_applicable=[True, False],
        )
        for word in ("不适用", " 不适用", "N/A", "／")
    ),
    reads("settlement", "城市社区", "urban"),
    reads("settlement", "rural", "rural"),
    # what is none of all that
    bad("households", "约200", "“户数”", "不小于 0 的整数"),
    *(
        bad("households", junk)
        for junk in ("200左右", "200+", "十二", "2.5", "-3", "200-300", "1,2")
    ),
    *(bad("households", junk) for junk in ("50%", "3.5万元", "500㎡", "1 200", "有", "TRUE")),
    *(bad("venue_area", junk) for junk in ("500亩", "500斤", "1..2", "-0.5", "五百", "12,34")),
    *(bad("base_pay_share", junk) for junk in ("70", "150%", "-1%", "七成", "7/10")),
    *(bad("linkage", junk, "是 或 否") for junk in ("部分", "2", "是/否")),
    *(bad("settlement", junk, "城市社区、农村社区、其他") for junk in ("城镇", "1")),
    bad("functions", "6", "0 到 5"),
    bad("open_hours", "25", "0 到 24"),
    bad("street_code", "1408", "9 位"),
    # rows that cannot be placed
    lost(
        "code that was shortened", "1.40802E+11|乙社区|D|5", "A3", "code", "1.40802E+11", "科学计数"
    ),
    lost("code too short", "14080200100|乙社区|D|5", "A3", "code", "14080200100", "12 位"),
    lost("code too long", "1408020010011|乙社区|D|5", "A3", "code", "1408020010011", "12 位"),
    lost("no code", "|乙社区|D|5", "A3", "code", "", "不能为空", "未计入"),
    lost("no code, but a name like a note", "|注沟社区|D|5", "A3", "code", ""),
    lost("no date", "B|乙社区||5", "C3", "date", "", "不能为空"),
    lost("no such day", "B|乙社区|2021-02-30|5", "C3", "date", "2021-02-30", "日期"),
    lost("year alone", "B|乙社区|2021年|5", "C3", "date", "2021年"),
]

# --- the header -----------------------------------------------------------------------

PLAIN = "社区代码|社区名称|统计时点|户数"
ROW = "A|甲社区|D|5"
MONEY = "社区代码|统计时点|政府购买服务投入"


def general(*lines: str) -> Messy:
    """A line above the table says that money is in yuan."""
    header = f"C{len(lines) + 1}"
    return ok(
        f"unit stated as {lines}",
        csv_(*lines, MONEY, "A|D|35000"),
        (NOTE, header, "purchase", "政府购买服务投入", "0.0001", "万元"),
        purchase=[3.5],
        put_right={"converted": 1},
    )


def of_header(title: str, variable: str, written: str, value: float, **put_right: int) -> Messy:
    """A unit in the header, other than that of the variable."""
    lines = csv_(f"社区代码|统计时点|{title}", f"A|D|{written}")
    finding = (NOTE, "C1", variable, title, "换算")
    return ok(title, lines, finding, put_right=put_right, **{variable: [value]})


def foreign(title: str, variable: str) -> Messy:
    """A unit in the header that cannot be converted: the column is not used."""
    lines = csv_(f"社区代码|统计时点|{title}", "A|D|35")
    return Messy(title, lines, {variable: "absent"}, [(ERROR, "C1", variable, title, "单位")])


def stated(line: str, cell: str = "A1") -> Messy:
    """The date stands above the table alone: read, and said."""
    return ok(
        f"date stated as {line!r}",
        csv_(line, "社区代码|社区名称|户数", "A|甲社区|5"),
        (NOTE, cell, "", "", "统计时点", "2021-12-31"),
        date=[DAY],
        households=[5],
    )


HEADERS = [
    ok(
        "title, reporting unit and date of filling in above the header",
        csv_(
            "盐湖区社区治理情况台账|||",
            "填报单位：盐湖区民政局||填报日期：2022年1月5日|",
            "|||",
            PLAIN,
            ROW,
        ),
        date=[DAY],
        households=[5],
    ),
    ok(
        "line breaks, spaces and full-width letters",
        csv_("社区\n代码| 社 区名称 |统计\r\n时点|户　 数|ＯＲＧＳ", "A|甲社区|D|5|3"),
        name=["甲社区"],
        households=[5],
        orgs=[3],
    ),
    ok(
        "units in every kind of bracket",
        csv_(
            "社区代码|统计时点|户数(户)|活动场所面积（㎡）|政府购买服务投入【万元】|社区社会组织数[个]",
            "A|D|5|60.5|3.5|2",
        ),
        households=[5],
        venue_area=[60.5],
        purchase=[3.5],
        orgs=[2],
    ),
    ok(
        "other names for the columns",
        csv_(
            "村（社区）代码|村（居）名称|统计日期|居民户数|总人口|专职社工|垃圾分类",
            "A|甲社区|D|5|9|2|是",
        ),
        name=["甲社区"],
        date=[DAY],
        households=[5],
        population=[9],
        staff=[2],
        waste_sorting=[True],
    ),
    ok(
        "stars and numbers before the names",
        csv_("*社区代码|1.统计时点|（2）户数|四、常住人口|5、社区社会组织数", "A|D|5|9|2"),
        households=[5],
        population=[9],
        orgs=[2],
    ),
    ok("ids in any case", csv_("Code|DATE|Orgs", "A|D|2"), orgs=[2]),
    ok("header on the twelfth line", csv_(*["填表要求|"] * 11, PLAIN, ROW), households=[5]),
    ok(
        "groups over the columns of a two-row header",
        xlsx(
            "盐湖区社区治理情况台账",
            "填报单位：盐湖区民政局||||填报日期：2022-01-05",
            "社区代码|社区名称|统计时点|户数\n（户）|社会组织|||其他情况",
            "||||数量|本年新增社会组织数|党建类|备注",
            "A|甲社区|D|#5|#3|#1|#2|好",
            merged="A1:H1 A3:A4 B3:B4 C3:C4 D3:D4 E3:G3",
        ),
        unknown_column("G4", "社会组织 党建类"),
        unknown_column("H4", "其他情况 备注"),
        households=[5],
        orgs=[3],
        orgs_new=[1],
    ),
    ok(
        "three rows of header",
        xlsx(
            "社区代码|社区名称|统计时点|基本情况|",
            "|||人口情况|",
            "|||户数|常住人口",
            "A|甲社区|D|#5|#9",
            merged="A1:A3 B1:B3 C1:C3 D1:E1 D2:E2",
        ),
        households=[5],
        population=[9],
    ),
    ok(
        "groups of a CSV stand over their first column alone",
        csv_("社区代码|社区名称|统计时点|人口||垃圾分类", "|||户数|常住人口|", "A|甲社区|D|5|9|是"),
        households=[5],
        population=[9],
        waste_sorting=[True],
    ),
    ok(
        "a column that begins in the second row of the header belongs to no neighbour",
        xlsx(
            "社区代码|社区名称|统计时点|户数|",
            "||||备注",
            "A|甲社区|D|#5|好",
            merged="A1:A2 B1:B2 C1:C2 D1:D2",
        ),
        unknown_column("E2", "备注"),
        households=[5],
    ),
    ok(
        "a title that is also the name of a column",
        csv_("三社联动开展情况|||||", f"{PLAIN}|开展三社联动|备注", f"{ROW}|是|好"),
        unknown_column("F2", "备注"),
        households=[5],
        linkage=[True],
    ),
    ok(
        "a group that is also the name of a column",
        xlsx(
            "社区代码|社区名称|统计时点|社区社会组织|",
            "|||数量|党建类",
            "A|甲社区|D|#5|#2",
            merged="A1:A2 B1:B2 C1:C2 D1:E1",
        ),
        unknown_column("E2", "社区社会组织 党建类"),
        orgs=[5],
    ),
    ok(
        "a row of units below the header",
        csv_(f"{PLAIN}|政府购买服务投入|活动场所面积", "|||户|元|㎡", f"{ROW}|35000|60"),
        (NOTE, "E1", "purchase", "政府购买服务投入", "0.0001"),
        households=[5],
        purchase=[3.5],
        venue_area=[60.0],
    ),
    ok(
        "a row of units that says so",
        csv_(f"{PLAIN}|政府购买服务投入|活动场所面积", "单位|||户|元|㎡", f"{ROW}|35000|60"),
        (NOTE, "E1", "purchase", "政府购买服务投入", "0.0001"),
        households=[5],
        purchase=[3.5],
    ),
    ok(
        "a row that numbers the columns",
        csv_(f"{PLAIN}|常住人口", "1|2|3|4|5", f"{ROW}|9"),
        left_out("A2", "编号"),
        population=[9],
    ),
    ok(
        "a row that numbers the columns with 甲 and 乙",
        csv_(f"{PLAIN}|常住人口", "甲|乙|丙|1|2", f"{ROW}|9"),
        left_out("A2", "编号"),
        population=[9],
    ),
    general("单位：元||"),
    general("（单位：元）||"),
    general("金额单位：元||"),
    general("单位：人、元||"),
    general("||单位：|元"),
    general("填报单位：盐湖区民政局||单位：元"),
    general("单位：盐湖区民政局||", "||单位：元"),
    general("填报单位：盐湖区民政局      单位：元||"),
    ok(
        "unit stated as that of the variable",
        csv_("单位：万元||", MONEY, "A|D|3.5"),
        purchase=[3.5],
    ),
    of_header("政府购买服务投入（元）", "purchase", "35000", 3.5, converted=1),
    of_header("政府购买服务投入（单位：元）", "purchase", "35000", 3.5, converted=1),
    of_header("政府购买服务投入（千元）", "purchase", "35", 3.5, converted=1),
    of_header("社区工作者平均工资（万元）", "wage", "5.2", 52000.0, converted=1),
    of_header("常住人口（万人）", "population", "1.2", 12000, converted=1),
    foreign("活动场所面积（亩）", "venue_area"),
    foreign("活动场所面积（平方公里）", "venue_area"),
    foreign("政府购买服务投入（美元）", "purchase"),
    foreign("政府购买服务投入（百元）", "purchase"),
    foreign("社区社会组织数（元）", "orgs"),
    ok(
        "percent in the header",
        csv_("社区代码|统计时点|基础工资占比（%）", "A|D|70", "B|D|70%", "C|D|0.7"),
        base_pay_share=[0.7, 0.7, 0.7],
        put_right={"converted": 1, "percent": 1},
    ),
    ok(
        "two columns that could both be the same variable",
        csv_("code|date|户数|社会组织数|社区社会组织数", "A|D|5|3|4"),
        (ERROR, "E1", "orgs", "社区社会组织数", "两列"),
        households=[5],
        orgs="absent",
    ),
    ok(
        "columns that are not the ledger's, and one without a name",
        csv_("序号|社区代码|统计时点|户数||备注", "1|A|D|5|x|好", "2|B|D|6||"),
        unknown_column("A1", "序号"),
        (NOTE, "E1", "", "", "没有表头"),
        unknown_column("F1", "备注"),
        households=[5, 6],
    ),
    stated("统计时点：2021年12月31日||"),
    stated("（统计时点：2021-12-31）||"),
    stated("数据截至2021年12月31日||"),
    stated("填报单位：盐湖区民政局|统计时点：|2021/12/31", "B1"),
    stated("填报单位：盐湖区民政局  填报日期：2022年1月5日  统计时点：2021年12月31日||"),
    no("no column of codes", csv_("社区名称|统计时点|户数", "甲社区|D|5"), "社区代码", "补上"),
    no("no date anywhere", csv_("社区代码|社区名称|户数", "A|甲社区|5"), "统计时点", "补上"),
    no("codes twice", csv_("社区代码|代码|统计时点|户数", "A|A|D|5"), "社区代码", "两列"),
    no("no header", csv_("A|甲社区|D|5", "B|乙社区|D|6"), "社区代码"),
]

# --- rows, sheets and files -----------------------------------------------------------

TWO = [ROW, "B|乙社区|D|6"]

STRUCTURE = [
    ok(
        "total that agrees",
        csv_(PLAIN, *TWO, "合计|||11"),
        left_out("A4", "合计"),
        households=[5, 6],
    ),
    ok(
        "total that disagrees",
        csv_(f"{PLAIN}|常住人口", f"{ROW}|9", "B|乙社区|D|6|9", "|合 计||12|18"),
        left_out("A4", "合 计"),
        (NOTE, "D4", "households", "12", "12", "11"),
        households=[5, 6],
        population=[9, 9],
    ),
    ok(
        "total over a blank",
        csv_(PLAIN, ROW, "B|乙社区|D|", "总计：||D|11"),
        left_out("A4"),
        (NOTE, "D4", "households", "11", "1 格未知"),
        households=[5, None],
    ),
    ok(
        "total in the first row",
        csv_(PLAIN, "合计|||11", *TWO),
        left_out("A2", "合计"),
        households=[5, 6],
    ),
    ok(
        "subtotals and a total",
        csv_(PLAIN, ROW, "小计|||5", "B|乙社区|D|6", "C|丙村|D|7", "小计|||12", "总计|||18"),
        *(left_out(cell) for cell in ("A3", "A6", "A7")),
        (NOTE, "D6", "households", "12", "13"),
        households=[5, 6, 7],
    ),
    ok(
        "a total per county under each of them",
        csv_(PLAIN, ROW, "盐湖区合计|||5", "B|乙社区|D|6", "临猗县合计|||6", "总计|||11"),
        *(left_out(cell) for cell in ("A3", "A5", "A6")),
        households=[5, 6],
    ),
    ok(
        "total in thousands, with its unit",
        csv_(PLAIN, "A|甲社区|D|1,500", "B|乙社区|D|500户", "合计|||2,000户"),
        left_out("A4"),
        households=[1500, 500],
        put_right={"thousands": 1, "unit": 1},
    ),
    ok(
        "notes and signatures below the table",
        csv_(
            PLAIN,
            ROW,
            "|||",
            "注：数据来自民政局，户数以公安部门为准。|||",
            "填表人：张三|审核人：李四|联系电话：123|",
            "单位负责人（盖章）：|||",
            "报出日期：2022年1月5日|||",
        ),
        *(left_out(f"A{row}") for row in (4, 5, 6, 7)),
        households=[5],
    ),
    ok(
        "a note merged over two rows, and a signature below it",
        xlsx(PLAIN, "A|甲社区|D|#5", "注：数据来自民政局", "", "填表人：张三", merged="A3:D4"),
        (NOTE, "A3", "", "", "合并"),
        left_out("A3", "数据来自民政局"),
        left_out("A5", "填表人"),
        households=[5],
    ),
    ok(
        "a total merged over two rows",
        xlsx(PLAIN, "A|甲社区|D|#5", "合计|||#5", "", "填表人：张三", merged="A3:C4"),
        (NOTE, "A3", "", "", "合并"),
        left_out("A3", "合计"),
        left_out("A5", "填表人"),
        households=[5],
    ),
    ok(
        "the header again on the second page",
        csv_(PLAIN, ROW, PLAIN, "B|乙社区|D|6"),
        left_out("A3", "表头"),
        households=[5, 6],
    ),
    ok(
        "blank rows, and rows of spaces",
        csv_("||", PLAIN, "|||", ROW, " |　||", "B|乙社区|D|6", "|||"),
        households=[5, 6],
    ),
    ok(
        "wrong code in a table whose date stands above it",
        csv_("统计时点：2021-12-31||", "社区代码|社区名称|户数", "A|甲社区|5", "1408020010x|东街|"),
        (NOTE, "A1", "", "", "统计时点"),
        (ERROR, "A4", "code", "1408020010x"),
        code=[A],
    ),
    ok(
        "street merged over its communities",
        xlsx(
            "街道|社区代码|社区名称|统计时点|户数",
            "东街|A|甲社区|@2021-12-31|#5",
            "|B|乙社区||#6",
            "西街|C|丙社区||#7",
            merged="A2:A3 D2:D4",
        ),
        (NOTE, "A2", "", "", "2", "合并"),
        street=["东街", "东街", "西街"],
        date=[DAY] * 3,
        households=[5, 6, 7],
    ),
    ok(
        "one community merged over its dates",
        xlsx(PLAIN, "A|甲社区|2020-12-31|#5", "||D|#6", merged="A2:A3 B2:B3"),
        (NOTE, "A2", "", "", "合并"),
        code=[A, A],
        name=["甲社区"] * 2,
        date=[dt.date(2020, 12, 31), DAY],
        households=[5, 6],
    ),
    ok(
        "hidden rows and columns",
        xlsx(PLAIN, "A|甲社区|D|#5", "B|乙社区|D|#6", hidden="3 D"),
        (NOTE, "A3", "", "", "隐藏"),
        (NOTE, "D1", "", "", "隐藏"),
        households=[5, 6],
    ),
    ok(
        "true numbers, dates, logical values and numeric codes",
        xlsx(
            f"{PLAIN}|基础工资占比|开展三社联动",
            f"#{A}|甲社区|@2021-12-31|#5|#0.7|=TRUE",
            "#140802001002|乙社区|#44561|#6|#0.7000000000000001|#0",
            "C|丙社区|#20211231|7|70%|=FALSE",
        ),
        code=[A, B, C],
        date=[DAY] * 3,
        households=[5, 6, 7],
        base_pay_share=[0.7] * 3,
        linkage=[True, False, False],
        put_right={"code": 2, "date": 2, "text_number": 1, "percent": 1},
    ),
    ok(
        "days counted from 1904",
        xlsx(PLAIN, "A|甲社区|@2021-12-31|#5", "B|乙社区|#43099|#6", date_1904=True),
        date=[DAY, DAY],
        put_right={"date": 1},
    ),
    ok(
        "what no count can be, in a workbook",
        xlsx(PLAIN, "A|甲社区|D|=TRUE", "B|乙社区|D|@2021-12-31", "C|丙社区|D|#2.5"),
        (ERROR, "D2", "households", "True"),
        (ERROR, "D3", "households", "2021-12-31"),
        (ERROR, "D4", "households", "2.5"),
        households=[None] * 3,
    ),
    ok(
        "formulas that failed",
        xlsx(
            f"{PLAIN}|开展三社联动",
            "A|甲社区|D|!#DIV/0!|是",
            "B|乙社区|D|#6|!#N/A",
            "E|丁|!#REF!|#5",
        ),
        (ERROR, "D2", "households", "#DIV/0!", "公式"),
        (ERROR, "E3", "linkage", "#N/A", "公式"),
        (ERROR, "C4", "date", "#REF!"),
        households=[None, 6],
        linkage=[True, None],
    ),
    ok(
        "code that failed",
        xlsx(PLAIN, "A|甲社区|D|#5", "!#N/A|乙社区|D|#6"),
        (ERROR, "A3", "code", "#N/A"),
        households=[5],
    ),
    ok(
        "one sheet per county, under any name",
        xlsx(
            tab(PLAIN, "A|甲社区|D|#5", name="盐湖区"),
            tab("说说而已", name="封面"),
            tab("临猗县台账", PLAIN, "140821001001|丁村|D|约6", name="Sheet3"),
        ),
        (NOTE, "封面!A1", "", "", "未读取"),
        (ERROR, "Sheet3!D3", "households", "约6"),
        code=[A, "140821001001"],
        households=[5, None],
    ),
    ok(
        "columns of another order in the second sheet",
        xlsx(
            tab(PLAIN, "A|甲社区|D|#5", name="盐湖区"),
            tab("户数|统计日期|社区编码|社区", "#6|D|B|乙社区", name="临猗县"),
        ),
        code=[A, B],
        households=[5, 6],
        name=["甲社区", "乙社区"],
    ),
    ok(
        "the other sheets, with other names for their columns",
        xlsx(
            tab(PLAIN, "A|甲社区|D|#5"),
            tab("乡镇代码|乡镇|统计日期|孵化基地", "140802001|东街|D|有", name="街道"),
            tab("县区代码|县区|时点|品牌组织数", "#140802|盐湖区|@2021-12-31|3个", name="区县"),
            tab("社区编码|考核日期|一约五会（8分）", "A|D|#7.5", name="评分"),
        ),
        街道__incubator=[True],
        区县__county_code=["140802"],
        区县__brand_orgs=[3],
        评分__score_3=[7.5],
        put_right={"code": 1, "unit": 1},
    ),
    ok(
        "sheets of streets and counties under other names",
        xlsx(
            tab(PLAIN, "A|甲社区|D|#5", name="表一"),
            tab("街道代码|街道名称|统计时点|孵化基地", "140802001|东街|D|有", name="表二"),
            tab("区县代码|区县|统计时点|品牌组织数", "140802|盐湖区|D|#3", name="表三"),
        ),
        households=[5],
        街道__incubator=[True],
        区县__brand_orgs=[3],
    ),
    no(
        "communities without a code are not taken for streets",
        xlsx(
            tab(
                "村码|社区名称|街道代码|街道|区县代码|统计时点|户数",
                "x|甲社区|140802001|东街|140802|D|#5",
                name="盐湖区",
            )
        ),
        "盐湖区",
    ),
    ok(
        "a folder of files",
        folder(
            a_csv=csv_(PLAIN, ROW),
            b_xlsx=xlsx(PLAIN, "B|乙社区|D|约6"),
            c_csv=csv_("村码|时点", "1|2"),
        ),
        (ERROR, "b.xlsx 社区!D2", "households", "约6"),
        (ERROR, "c.csv 社区!A1", "", "", "社区代码"),
        code=[A, B],
        households=[5, None],
    ),
    ok(
        "the same row in two files",
        folder(a_csv=csv_(PLAIN, ROW), b_csv=csv_(PLAIN, *TWO)),
        (WARNING, "b.csv 社区!A2", "code", A, "a.csv 社区!A2", "只计一次"),
        code=[A, B],
        households=[5, 6],
    ),
    ok(
        "one unit with two contents in two sheets",
        xlsx(
            tab(PLAIN, "A|甲社区|D|#5", "B|乙社区|D|#6", name="一"),
            tab(PLAIN, "A|甲社区|D|#7", name="二"),
        ),
        (ERROR, "二!A2", "code", A, "一!A2", "只留一行"),
        code=[A, B],
        name=["甲社区", "乙社区"],
        households=[None, 6],
    ),
    ok(
        "a part above its whole",
        csv_("code|date|members|certified_members|population|participants", "A|D|5|6|9|9"),
        (ERROR, "D2", "certified_members", "6", "5", "核对"),
        members=[5],
        certified_members=[None],
        participants=[9],
    ),
    ok(
        "rows outside the frame, and another name",
        csv_(PLAIN, ROW, "B|乙村|D|6", "C|丙社区|D|7"),
        (WARNING, "B3", "name", "乙村", "乙社区"),
        (WARNING, "A4", "code", C, "不在名录中"),
        frame={A: "甲社区", B: "乙社区", E: "丁社区"},
        code=[A, B],
        households=[5, 6],
    ),
    ok(
        "control and bidirectional characters in a name",
        csv_(PLAIN, "A|盐湖\u202e东街社区\u2066|D|5", "B|乙\u200b\x07社区|D|6"),
        (NOTE, "B2", "name", "盐湖\u202e东街社区\u2066", "不可见"),
        (NOTE, "B3", "name", "乙\u200b\x07社区", "不可见"),
        name=["盐湖东街社区", "乙社区"],
        put_right={"cleaned": 2},
    ),
    ok(
        "wide spaces around a name",
        csv_(PLAIN, "A|　　盐湖东街社区居民委员会　|D|5", "B|　　不适用|D|6"),
        name=["盐湖东街社区居民委员会", None],
    ),
]

# --- CSV ------------------------------------------------------------------------------

QUOTED = f'code,date,orgs,备注\n{A},2021-12-31,3,"好\n{B},2021-12-31,4,\n'

TEXTS = [
    *(
        ok(
            f"{encoding}, separated by {sep!r}, lines end with {end!r}",
            csv_("社区代码|社区名称|统计时点|户数", *TWO, encoding=encoding, sep=sep, end=end),
            name=["甲社区", "乙社区"],
            households=[5, 6],
        )
        for encoding, sep, end in [
            ("utf-8", ",", "\n"),
            ("utf-8", "\t", "\r\n"),
            ("utf-8-sig", ",", "\r\n"),
            ("utf-8-sig", ";", "\n"),
            ("gb18030", ",", "\r\n"),
            ("gb18030", ";", "\r\n"),
            ("gb18030", "\t", "\r\n"),
            ("gb18030", ",", "\r"),
        ]
    ),
    ok(
        "rare characters in GB18030",
        csv_(PLAIN, "A|㙦泉社区|D|5", encoding="gb18030"),
        name=["㙦泉社区"],
    ),
    ok(
        "semicolons between the cells, commas inside them",
        csv_(
            "code;date;户数;常住人口",
            *(f"14080200100{i};2021-12-31;1,234,567;2,345,678" for i in range(1, 7)),
            sep="|",
        ),
        households=[1234567] * 6,
        population=[2345678] * 6,
        put_right={"thousands": 12},
    ),
    ok(
        "commas between the cells, semicolons and commas inside them",
        csv_(PLAIN + "|备注", *(f"{row}|甲;乙;丙;丁;戊,己" for row in TWO)),
        unknown_column("E1", "备注"),
        households=[5, 6],
    ),
    ok(
        "rows of different lengths",
        csv_("台账", PLAIN, "A|甲社区|D", "B|乙社区|D|6|x"),
        (NOTE, "E2", "", "", "没有表头"),
        households=[None, 6],
    ),
    no("a quotation mark that is never closed", bytes_("台账.csv", QUOTED.encode()), "引号"),
    no("empty", bytes_("台账.csv", b""), "空"),
    no("spaces alone", bytes_("台账.csv", b"\xef\xbb\xbf \r\n\r\n"), "空"),
    no("header alone", csv_(PLAIN), "没有一行可用的数据"),
    no("every code is lost", csv_(PLAIN, "1.40802E+11|甲|D|5", "1.4E+11|乙|D|5"), "没有一行可用"),
    no("UTF-16", bytes_("台账.csv", "社区代码,统计时点".encode("utf-16")), ".csv"),
    no("neither encoding", bytes_("台账.csv", b"\xff\xff\xff"), "UTF-8", "GB18030"),
    no("web page", bytes_("台账.csv", b"<!DOCTYPE html><html><table></table>"), "网页"),
    no("picture", bytes_("台账.csv", b"\x89PNG\r\n\x1a\n"), "图片"),
    no("workbook called .csv", bytes_("台账.csv", b"PK\x03\x04\x14\0\6\0"), ".csv"),
]


@pytest.mark.parametrize(
    "case", [*VALUES, *HEADERS, *STRUCTURE, *TEXTS], ids=lambda case: case.about
)
def test_messy_ledger_is_read_as_it_was_meant_or_refused_with_the_reason(tmp_path, case):
    path = case.written(tmp_path)
    if case.refused:
        with pytest.raises(SanlianError) as error:
            read_ledger(path)
        assert path.name in str(error.value)
        assert all(fragment in str(error.value) for fragment in case.refused), str(error.value)
        return
    ledger = read_ledger(path, frame_of(case.frame))
    for name, expected in case.values.items():
        assert_values(ledger, name, expected)
    assert_found(ledger.findings, case.found)
    if case.put_right is not None:
        found = dict(ledger.normalised)
        if "text_number" not in case.put_right:
            found.pop("text_number", None)
        assert found == case.put_right


def frame_of(names: Mapping[str, str]) -> pd.DataFrame | None:
    if not names:
        return None
    frame = pd.DataFrame({"code": list(names), "name": list(names.values())}, dtype="str")
    return frame.assign(street_code=frame["code"].str[:9], county_code=frame["code"].str[:6])


def assert_values(ledger, name: str, expected: Sequence[object] | str) -> None:
    sheet, _, variable = name.partition(".") if name.split(".")[0] in KEYS else ("社区", "", name)
    table = ledger.table(sheet)
    if expected == "absent":
        assert variable not in table
        return
    values = [None if pd.isna(value) else value for value in table[variable].tolist()]
    if variable == "date":
        values = [value.date() for value in values]
    assert values == list(expected), name
    assert list(map(type, values)) == list(map(type, expected)), name


def assert_found(findings, expected: Sequence[Found]) -> None:
    """Each expected finding is there once, and no other is."""
    left = list(findings)
    for severity, cell, variable, found, *fragments in expected:
        hits = [
            one
            for one in left
            if (one.severity, one.variable, one.found) == (severity, variable, found)
            and at(one, cell)
            and all(fragment in one.message for fragment in fragments)
        ]
        assert hits, f"{severity} {cell} {variable} {found!r} {fragments} is not in:\n{shown(left)}"
        left.remove(hits[0])
    assert not left, f"not expected:\n{shown(left)}"


def at(finding, place: str) -> bool:
    whole = f"{finding.file} {finding.sheet}!{finding.cell}"
    return whole.endswith((f"!{place}", f" {place}")) or whole == place


def shown(findings) -> str:
    return "\n".join(f"{one.severity} {one.variable} {one.found!r} {one}" for one in findings)


def test_every_row_remembers_file_sheet_row_and_the_letters_of_its_columns(tmp_path):
    folder(
        a_csv=csv_("台账", "序号|社区代码|统计时点|户数", "1|A|D|5", "||", "2|B|D|6"),
        b_xlsx=xlsx(
            tab(PLAIN, "C|丙社区|D|#7", "合计|||#7", name="盐湖区"),
            tab("户数|社区代码|时点", "#8|E|D", name="临猗县"),
            tab("街道代码|街道|时点|孵化基地", "140802001|东街|D|是", name="街道"),
        ),
    )(tmp_path)
    ledger = read_ledger(tmp_path)
    assert ledger.communities["code"].tolist() == [A, B, C, E]
    assert ledger.origin["社区"].to_numpy().tolist() == [
        ["a.csv", "社区", 3],
        ["a.csv", "社区", 5],
        ["b.xlsx", "盐湖区", 2],
        ["b.xlsx", "临猗县", 2],
    ]
    assert ledger.origin["街道"].to_numpy().tolist() == [["b.xlsx", "街道", 2]]
    assert {place: dict(own) for place, own in ledger.letters.items()} == {
        ("a.csv", "社区"): {"code": "B", "date": "C", "households": "D"},
        ("b.xlsx", "盐湖区"): {"code": "A", "name": "B", "date": "C", "households": "D"},
        ("b.xlsx", "临猗县"): {"households": "A", "code": "B", "date": "C"},
        ("b.xlsx", "街道"): {"street_code": "A", "street": "B", "date": "C", "incubator": "D"},
    }


def test_origin_follows_the_rows_when_some_are_left_out(tmp_path):
    path = csv_(PLAIN, ROW, "C|丙社区|D|7", ROW, "B|乙社区|D|6")(tmp_path)
    ledger = read_ledger(path, frame_of({A: "甲社区", B: "乙社区"}))
    assert ledger.communities["code"].tolist() == [A, B]
    assert ledger.origin["社区"]["row"].tolist() == [2, 5]


# --- disturbed at random ---------------------------------------------------------------

#: A table without a fault: code, name, and the figures as they are meant.
UNITS = [
    (A, "甲社区", 1234, 5678, 12, 500.5, 3.5, True, 0.7),
    (B, "乙社区", 999, 2000, 0, 0.0, 12.0, False, 0.0),
    (C, "丙村", 120000, 300000, 5, 1200.0, 0.0, True, 1.0),
    (E, "丁村村民委员会", 7, 21, 3, 60.0, 100.0, False, 0.333),
]
FIGURES = [
    *("households", "population", "orgs", "venue_area", "purchase", "linkage", "base_pay_share"),
]
SUMMED = FIGURES[:5]
UNIT_OF = {"households": "户", "population": "人", "orgs": "个", "venue_area": "㎡"}
FULL_WIDTH = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")
#: Content that means nothing in any column of figures, and words for unknown.
JUNK = ["约200", "200左右", "十二", "-5", "3～5", "？", "500斤", "1..2", "见附件", "1,2", "部分"]
BLANKS = ["", " ", "-", "—", "未知", "待定"]
TITLES = [
    "盐湖区社区治理情况台账",
    "",
    "填报单位：盐湖区民政局|填报日期：2022年1月5日",
    "（2021年度）",
]
BAD_CODES = ["1.40802E+11", "", "14080200100", "代码待查", "1408020010011"]
BAD_DATES = ["", "2021年", "2021-02-30", "年底"]
DATES = ["2021-12-31", "2021/12/31", "2021.12.31", "2021年12月31日", "20211231"]
SIGNATURE = "填表人：张三"


def plain(value: object, variable: str) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:.10g}"


def written(value: object, variable: str) -> list[str]:
    """Other ways to write the same figure, and none that means another."""
    text = plain(value, variable)
    if variable == "linkage":
        return ["√", "有", "1", " 是"] if value else ["×", "无", "0", "否 "]
    ways = [text, f" {text} ", text.translate(FULL_WIDTH)]
    if variable == "base_pay_share":
        percent = f"{value * 100:.10g}%"
        return [*ways, percent, percent.translate(FULL_WIDTH), percent.replace("%", " %")]
    unit = UNIT_OF.get(variable, "万元")
    thousands = f"{value:,.10g}" if value < 1000 else f"{value:,}".removesuffix(".0")
    ways += [f"{text}{unit}", f"{text} {unit}", thousands, thousands.translate(FULL_WIDTH)]
    return [*ways, f"{thousands}{unit}"] + (["无"] if value == 0 else [])


def titles(variable: str) -> list[str]:
    """Headers under which a column is to be found."""
    own = SHEET[variable]
    unit = {"purchase": "万元", "base_pay_share": ""}.get(variable, UNIT_OF.get(variable, ""))
    decorated = [f"*{own.header}", f" {own.header[:2]}\n{own.header[2:]}", f"3.{own.header}"]
    if unit:
        decorated += [f"{own.header}（{unit}）", f"{own.header}\n({unit})"]
    return [own.header, own.id, *own.aliases, *decorated]


@dataclass
class Disturbed:
    """Lines of a table, and what is to be read of it."""

    lines: list[list[str]]
    merged: str = ""
    hidden: str = ""
    table: dict[str, dict[str, object]] = field(default_factory=dict)
    found: list[tuple[str, str, str]] = field(default_factory=list)


@st.composite
def disturbed(draw, workbook: bool = False) -> Disturbed:
    """The table above with its columns and rows in disorder, and some of its cells rewritten."""
    above = draw(st.lists(st.sampled_from(TITLES), max_size=3))
    own = ["code", "name", "date", *FIGURES]
    columns = draw(
        st.permutations([*own, *draw(st.sampled_from([[], ["备注"], ["序号", "备注"]]))])
    )
    letter = {name: chr(65 + i) for i, name in enumerate(columns)}
    made = Disturbed([line.split("|") for line in above])
    made.lines.append([draw(st.sampled_from(titles(c))) if c in SHEET else c for c in columns])
    top = len(made.lines)
    made.found += [(NOTE, f"{letter[c]}{top}", "") for c in columns if c not in SHEET]

    units = draw(st.permutations(UNITS))
    lost = draw(st.sampled_from(["", "", "code", "date"]))  # what the last unit lacks
    repeated = draw(st.sampled_from(["", "", "same", "other"]))  # what follows the first unit
    sums = dict.fromkeys(SUMMED, 0.0)
    for i, (code, name, *figures) in enumerate(units):
        row = len(made.lines) + 1
        broken = lost if i == len(units) - 1 else ""
        texts = {
            "code": draw(st.sampled_from(BAD_CODES)) if broken == "code" else code,
            "name": draw(st.sampled_from([name, f" {name} ", name.translate(FULL_WIDTH)])),
            "date": draw(st.sampled_from(BAD_DATES if broken == "date" else DATES)),
        }
        read: dict[str, object] = {"name": name}
        for variable, value in zip(FIGURES, figures, strict=True):
            effect = draw(st.sampled_from(["plain"] * 4 + ["same"] * 4 + EFFECTS[variable]))
            effect = "plain" if broken else effect
            texts[variable], read[variable] = rewritten(draw, effect, value, variable, workbook)
            if effect in ("junk", "converted"):
                severity = ERROR if effect == "junk" else NOTE
                made.found.append((severity, f"{letter[variable]}{row}", variable))
        made.lines.append([texts.get(column, "") for column in columns])
        if broken:
            made.found.append((ERROR, f"{letter[broken]}{row}", broken))
        else:
            made.table[code] = read
        if broken != "code":
            for variable in SUMMED:
                sums[variable] += read[variable] or 0
        if i == 0 and repeated:
            again = dict(texts)
            if repeated == "other":
                again["orgs"] = str(figures[2] + 1)
            made.lines.append([again.get(column, "") for column in columns])
            made.found += [
                (severity, f"{cell[0]}{row + 1}", variable)
                for severity, cell, variable in made.found
                if cell[1:] == str(row) and variable in FIGURES
                if not (repeated == "other" and variable == "orgs")
            ]
            made.found.append(
                (ERROR if repeated == "other" else WARNING, f"{letter['code']}{row + 1}", "code")
            )
            for variable in SUMMED:
                more = figures[2] + 1 if (repeated, variable) == ("other", "orgs") else None
                sums[variable] += more or read[variable] or 0
            if repeated == "other":
                made.table[code] = {"name": name} | dict.fromkeys(FIGURES)
        if not workbook and draw(st.integers(0, 3)) == 0:
            made.lines.append([""] * len(columns))
    _around(draw, made, columns, letter, top, sums if lost != "date" else {}, workbook)
    return made


#: What else may happen to the cell of a figure.
EFFECTS = {variable: ["blank", "junk"] for variable in FIGURES} | {
    "purchase": ["blank", "junk", "converted"],
    "population": ["blank", "junk", "converted"],
}


def rewritten(draw, effect: str, value: object, variable: str, workbook: bool):
    """The text of a cell, and the value that is to be read of it."""
    if effect == "same":
        return draw(st.sampled_from(written(value, variable))), value
    if effect == "blank":
        return draw(st.sampled_from(BLANKS)), None
    if effect == "junk":
        return draw(st.sampled_from(JUNK)), None
    if effect == "converted":
        by, unit = (10_000, "元") if variable == "purchase" else (0.0001, "万人")
        return f"{value * by:.10g}{unit}", value
    number = workbook and not isinstance(value, bool)
    return ("#" if number else "") + plain(value, variable), value


def _around(draw, made, columns, letter, top, sums, workbook) -> None:
    """A total, a signature, merged and hidden cells."""
    last = len(made.lines)
    if workbook and draw(st.booleans()):
        at = columns.index("date")
        dates = {line[at] for line in made.lines[top:]}
        if len(dates) > 1 and not dates & set(BAD_DATES):
            for line in made.lines[top + 1 :]:
                line[at] = ""
            made.merged = f"{letter['date']}{top + 1}:{letter['date']}{last}"
            made.found.append((NOTE, f"{letter['date']}{top + 1}", ""))
    if workbook and draw(st.booleans()):
        made.hidden = str(top + 1)
        made.found.append((NOTE, f"A{top + 1}", ""))
    if sums and draw(st.booleans()):
        total = dict.fromkeys(columns, "")
        total["name"] = draw(st.sampled_from(["合计", "总 计", "合计："]))
        wrong = draw(st.sampled_from([None, *SUMMED]))
        for variable in SUMMED:
            stated = sums[variable] + (1 if variable == wrong else 0)
            total[variable] = f"{stated:.10g}"
        made.lines.append(list(total.values()))
        row = len(made.lines)
        made.found.append((NOTE, f"A{row}", ""))
        made.found += [(NOTE, f"{letter[wrong]}{row}", wrong)] if wrong else []
    if draw(st.booleans()):
        made.lines.append([SIGNATURE])
        made.found.append((NOTE, f"A{len(made.lines)}", ""))


def assert_read_exactly(ledger, made: Disturbed) -> None:
    found = [(one.severity, one.cell, one.variable) for one in ledger.findings]
    assert sorted(found) == sorted(made.found), shown(ledger.findings)
    table = ledger.communities.set_index("code")
    assert table.index.tolist() == list(made.table)
    for code, row in made.table.items():
        read = {name: table.loc[code, name] for name in row}
        assert {name: None if pd.isna(v) else v for name, v in read.items()} == row, code
    assert {stamp.date() for stamp in table["date"]} == {DAY}


few = settings(
    max_examples=6,
    suppress_health_check=list(HealthCheck),
)
many = settings(few, max_examples=200)


@many
@given(
    made=disturbed(), encoding=st.sampled_from(["utf-8-sig", "gb18030"]), sep=st.sampled_from(",\t")
)
def test_every_disturbance_of_a_csv_is_undone_or_found(tmp_path_factory, made, encoding, sep):
    lines = ["|".join(line) for line in made.lines]
    path = csv_(*lines, encoding=encoding, sep=sep)(tmp_path_factory.mktemp("disturbed"))
    assert_read_exactly(read_ledger(path), made)


@few
@given(made=disturbed(workbook=True), name=st.sampled_from(["社区", "盐湖区", "Sheet1"]))
def test_every_disturbance_of_a_workbook_is_undone_or_found(tmp_path_factory, made, name):
    lines = ["|".join(line) for line in made.lines]
    one = tab(*lines, name=name, merged=made.merged, hidden=made.hidden)
    path = xlsx(one)(tmp_path_factory.mktemp("disturbed"))
    assert_read_exactly(read_ledger(path), made)


WORDS = [
    *(
        "社区代码",
        "统计时点",
        "户数",
        "社区名称",
        "合计",
        "小计",
        "注：",
        "填表人",
        "单位：元",
        "户",
    ),
    *(
        A,
        B,
        "1.40802E+11",
        "2021-12-31",
        "5",
        "1,234",
        "约5",
        "不适用",
        "",
        " ",
        "　",
        "70%",
        "甲村",
    ),
    *('"', "#DIV/0!", "\u202e", "1e400", "-", "9" * 400, "统计时点：", "2021年12月31日", "Ⅳ", "½"),
]


@many
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=8),
    st.sampled_from(["", "社区代码,统计时点,户数\n", f"code,date,户数\n{A},2021-12-31,5\n"]),
    st.sampled_from(["utf-8", "gb18030"]),
)
def test_whatever_stands_in_a_csv_is_read_or_refused_by_name(
    tmp_path_factory, rows, start, encoding
):
    path = tmp_path_factory.mktemp("anything") / "台账.csv"
    path.write_bytes((start + "\n".join(",".join(row) for row in rows)).encode(encoding))
    with nothing_but_a_named_refusal(path):
        ledger = read_ledger(path)
        assert ledger.communities["code"].str.fullmatch(r"\d{12}").all()
        assert ledger.communities["date"].notna().all()


@contextmanager
def nothing_but_a_named_refusal(path: Path) -> Iterator[None]:
    try:
        yield
    except SanlianError as error:
        if path.name not in str(error):
            raise
