"""Where the table lies in a sheet: its header, its columns, and what they hold."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from sanlian_analysis import schema
from sanlian_analysis.findings import Finding, Severity
from sanlian_analysis.language import say
from sanlian_analysis.schema import KEYS, Variable, unit_words
from sanlian_analysis.sheet import Sheet, address
from sanlian_analysis.values import Status, understand, unit_word, visible

#: Rows above the header that may hold titles, and rows that a header may have.
_ROWS_ABOVE, _HEADER_ROWS = 30, 3

_ORDINALS = frozenset("甲乙丙丁戊己庚辛壬癸")

_BRACKETS = re.compile(r"[(\[【〔][^(\[【〔]*?[)\]】〕]")
_LAST_BRACKETS = re.compile(rf"(?:{_BRACKETS.pattern})$")
#: What tables carry before a column's name: a star for "required", a number.
_ORNAMENT = re.compile(r"^(\*|\d+[.、．]|[(]\d+[)]|[一二三四五六七八九十]+、)")
#: Labels of the date that the figures describe, the better ones first.
_LABELLED_DATES = [
    re.compile(rf"(?:{labels})[:为到]?(\d{{4}}[-/.年]?\d{{1,2}}[-/.月]?\d{{1,2}}日?|$)")
    for labels in (
        "统计时点|统计日期|统计时间|数据截至|截止日期|截至日期|截至|截止",
        "填报日期|填表日期",
    )
]
_LABELLED_UNIT = re.compile(r"(?<!填报)(?<!编制)(?<!报送)(?<!主管)单位[:为]?(.*)")
_SEPARATORS = re.compile(r"[:,;、/和]")
#: What reads like a unit, whether or not it is one that can be converted.
_LIKE_A_UNIT = re.compile(r".{0,3}(元|米|里|吨|钟|亩|顷|斤|克|小时|天|%|‰)")
#: A header holds words; a row with codes, numbers or dates is none.
_NO_WORDS = re.compile(r"[\d.,/%:年月日-]+")


@dataclass(frozen=True)
class Place:
    """The column of a variable: where it stands, and what its figures are multiplied by."""

    position: int
    factor: Fraction = Fraction(1)


@dataclass(frozen=True)
class Layout:
    """The table of one sheet.

    `kind`: 社区, 街道, 区县 or 评分. `header`: the last row of the header,
    counted from 0; the data begin below. `titles`: the words of the
    header's cells. `date`: what a line above the table states, and the cell, for tables
    without a column of dates.
    """

    kind: str
    header: int
    columns: dict[str, Place]
    titles: frozenset[str]
    findings: list[Finding] = field(default_factory=list)
    date: tuple[dt.date, str] | None = None


@dataclass(frozen=True)
class _Title:
    """A header cell: the ways in which its words may be meant, and the unit that it states."""

    words: list[str]
    units: list[str]
    shown: str


@cache
def _known(kind: str) -> dict[str, str]:
    """Every header under which a variable of a sheet is found."""
    known: dict[str, str] = {}
    for variable in schema.sheet(kind).values():
        for alias in variable.aliases:
            known[plain_title(alias)] = variable.id
    for variable in schema.sheet(kind).values():  # the published names go before any alias
        known[variable.id] = known[plain_title(variable.header)] = variable.id
    return known


def plain_title(text: str) -> str:
    r"""A header without spaces, line breaks and full-width forms.

    >>> plain_title("社区\n 户数（户）")
    '社区户数(户)'
    """
    return "".join(unicodedata.normalize("NFKC", visible(text)).split())


def find_layout(sheet: Sheet) -> Layout | None:
    """Find the table of a sheet; None when nothing in it looks like one.

    The header is the row, or up to three rows, under which most columns are
    known; a sheet that bears none of the four names is what its columns say.
    """
    best: tuple[int, Layout] | None = None
    kinds = [sheet.name] if sheet.name in KEYS else list(KEYS)
    for first, last in _blocks(sheet):
        titles = _titles(sheet, first, last)
        for kind in kinds:
            known = len({_variable(kind, title) for title in titles} - {None})
            # under a name of its own a table must show more than codes and dates
            if known < (2 if sheet.name in KEYS else 3):
                continue
            # A further row must earn its place; but below the last no header goes on.
            ends = last + 1 >= sheet.size or not _holds_words(sheet.row(last + 1))
            ends = ends and sum(map(_filled, sheet.row(last))) > 1
            score = 10 * known + 5 * ends - (last - first)
            if best is None or score > best[0]:
                best = score, Layout(kind, last, {}, _words_of(sheet, first, last))
                rows = first, last
    if best is None:
        return None
    layout = best[1]
    keyed = any(_variable(layout.kind, t) == KEYS[layout.kind] for t in _titles(sheet, *rows))
    return _completed(sheet, layout, *rows) if keyed else None


def _words_of(sheet: Sheet, first: int, last: int) -> frozenset[str]:
    cells = (cell for number in range(first, last + 1) for cell in sheet.row(number))
    return frozenset(plain_title(str(cell)) for cell in cells if _filled(cell))


def _blocks(sheet: Sheet) -> Iterator[tuple[int, int]]:
    """The runs of rows that may be the header."""
    top = min(sheet.size, _ROWS_ABOVE)
    wordy = [_holds_words(sheet.row(number)) for number in range(top)]
    for (up, _), (down, _) in sheet.merged:
        for number in range(up + 1, min(down + 1, top)):  # an empty row that a title reaches into
            wordy[number] = wordy[number] or not any(map(_filled, sheet.row(number)))
    for first in range(top):
        for last in range(first, min(top, first + _HEADER_ROWS)):
            if not wordy[last] or (last > first and _names_units(sheet.row(last))):
                break
            # a title that reaches further down is not yet whole
            if not any(first <= up <= last < down for (up, _), (down, _) in sheet.merged):
                yield first, last


def _holds_words(cells: Sequence[object]) -> bool:
    filled = [cell for cell in cells if _filled(cell)]
    return bool(filled) and all(
        isinstance(cell, str) and not _NO_WORDS.fullmatch(plain_title(cell)) for cell in filled
    )


def _filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _titles(sheet: Sheet, first: int, last: int) -> list[_Title]:
    """Per column the words of its header cells, lower ones first; groups reach over their columns."""
    rows = [sheet.row(number) for number in range(first, last + 1)]
    spread = [list(row) for row in rows]
    for (top, left), (bottom, right) in sheet.merged:
        if first <= top and bottom <= last:
            for number in range(top, bottom + 1):
                for position in range(left, min(right + 1, len(rows[0]))):
                    spread[number - first][position] = rows[top - first][left]
    closed = {left for (top, left), (bottom, _) in sheet.merged if first <= top < bottom == last}
    for depth, upper in enumerate(spread[:-1]):
        # a group that was not merged stands over its first column alone
        below = [any(map(_filled, column)) for column in zip(*spread[depth + 1 :], strict=True)]
        for position in range(1, len(upper)):
            within = below[position] and below[position - 1] and position - 1 not in closed
            if not _filled(upper[position]) and within:
                upper[position] = upper[position - 1]
    return [_title([row[position] for row in spread]) for position in range(len(rows[0]))]


def _title(cells: Sequence[object]) -> _Title:
    written = dict.fromkeys("".join(str(cell).split()) for cell in cells if _filled(cell))
    shown = visible(" ".join(written))
    parts = list(dict.fromkeys(plain_title(str(cell)) for cell in cells if _filled(cell)))
    units = [parts.pop()] if len(parts) > 1 and unit_word(parts[-1].strip("()")) in _units() else []
    if not parts:
        return _Title([], [], "")
    # never the group alone: it stands over other columns too
    ways = dict.fromkeys(["".join(parts), "".join(parts[-2:]), parts[-1]])
    words: list[str] = []
    for way in ways:
        bare = way
        while bare != (shorter := _BRACKETS.sub("", bare)):
            bare = shorter
        for form in (way, _LAST_BRACKETS.sub("", way), bare):
            words += [form, _ORNAMENT.sub("", form)]
    units += [found[1:-1] for part in parts for found in _BRACKETS.findall(part)]
    return _Title(list(dict.fromkeys(filter(None, words))), units, shown)


@cache
def _units() -> frozenset[str]:
    """Every way in which a unit is written."""
    return frozenset(word for words in unit_words().values() for word in words)


def _variable(kind: str, title: _Title) -> str | None:
    known = _known(kind)
    found = (known.get(word) or known.get(word.lower()) for word in title.words)
    return next((id_ for id_ in found if id_ is not None), None)


def _completed(sheet: Sheet, layout: Layout, first: int, last: int) -> Layout:
    """The columns of the table; strangers, rivals and foreign units become findings."""
    titles = _titles(sheet, first, last)
    header, below = _rows_below(sheet, last, layout.findings)
    general = _general_unit(sheet, first)
    columns, findings = layout.columns, layout.findings
    rivals: set[str] = set()
    for position, title in enumerate(titles):
        if not title.words:
            if sheet.columns[position].filled[last + 1 :].any():
                message = say("这一列没有表头，未参与计算", "a column without a header, not used")
                findings.append(_finding(sheet, last, position, "", "note", "", message, "header"))
            continue
        id_ = _variable(layout.kind, title)
        if id_ is None:
            message = say(
                f"{title.shown!r} 不是台账的列，未参与计算",
                f"unknown column {title.shown!r}, not used",
            )
            findings.append(
                _finding(sheet, last, position, "", "note", title.shown, message, "header")
            )
            continue
        variable = schema.sheet(layout.kind)[id_]
        if id_ in columns:
            rivals.add(id_)
            message = say(
                f"两列都是“{variable.header}”，无法确定用哪一列，均未采用；请删去一列",
                f"two columns are {variable.id!r}; neither is used: delete one",
            )
            findings.append(
                _finding(sheet, last, position, id_, "error", title.shown, message, "header")
            )
            continue
        units = [*title.units, *([below[position]] if below and below[position] else [])]
        factor = _factor(variable, units, general)
        if factor is None:
            rivals.add(id_)
            message = say(
                f"“{title.shown}”的单位不是 {variable.unit}，也不能换算，未采用；请改用 {variable.unit}",
                f"the unit of {title.shown!r} is not {variable.unit} and cannot be converted; "
                f"not used: give it in {variable.unit}",
            )
            findings.append(
                _finding(sheet, last, position, id_, "error", title.shown, message, "header")
            )
            continue
        if factor != 1 and variable.type != "share":
            message = say(
                f"“{title.shown}”按表头单位乘以 {_shown(factor)} 换算为 {variable.unit}",
                f"{title.shown!r} is multiplied by {_shown(factor)} to give {variable.unit}",
            )
            findings.append(
                _finding(sheet, last, position, id_, "note", title.shown, message, "converted")
            )
        columns[id_] = Place(position, factor)
    for id_ in rivals:
        columns.pop(id_, None)
    date = (
        None if "date" in columns or "date" in rivals else _stated_date(sheet, layout.kind, first)
    )
    return Layout(layout.kind, header, columns, layout.titles, findings, date)


def _shown(factor: Fraction) -> str:
    return str(factor.numerator) if factor.denominator == 1 else f"{float(factor):g}"


def _finding(
    sheet: Sheet, row: int, position: int, id_: str, severity: Severity, found: str, message: str,
    kind: str,
) -> Finding:  # fmt: skip
    return Finding(sheet.file, sheet.name, address(row, position), "", id_, severity, found,
                   message, kind=kind)  # fmt: skip


def _factor(variable: Variable, units: list[str], general: list[str]) -> Fraction | None:
    """What a header's unit makes of a figure; None for a unit that cannot be converted."""
    if variable.type == "share":
        return Fraction(1, 100) if "%" in units else Fraction(1)
    if variable.type not in ("count", "number"):
        return Fraction(1)
    own = unit_words().get(variable.unit, {})
    for text in units:
        for word in (unit_word(text), *map(unit_word, _SEPARATORS.split(text))):
            word = word.removeprefix("单位").strip("():")
            if word in own:
                return own[word]
            if word in _units() or _LIKE_A_UNIT.fullmatch(word):
                return None
    return next((own[word] for word in general if word in own), Fraction(1))


def _rows_below(sheet: Sheet, header: int, findings: list[Finding]) -> tuple[int, list[str]]:
    """The last row of the header, and the units that a row of their own gives, if any.

    Below a header some tables number their columns, and some name the units.
    """
    units: list[str] = []
    while header + 1 < sheet.size:
        cells = sheet.row(header + 1)
        if not units and _names_units(cells):
            units = [unit_word(str(cell)).strip("()") if _filled(cell) else "" for cell in cells]
        elif numbers_columns(cells):
            message = say("各列的编号行，未读取", "a row that numbers the columns, left out")
            findings.append(_finding(sheet, header + 1, 0, "", "note", "", message, "left_out"))
        else:
            break
        header += 1
    return header, units


def _names_units(cells: Sequence[object]) -> bool:
    words = [unit_word(str(cell)).strip("()") for cell in cells if _filled(cell)]
    named = [word for word in words if word not in ("单位", "计量单位")]
    return len(named) >= 2 and all(word in _units() | {"%", "—", "-"} for word in named)


def numbers_columns(cells: Sequence[object]) -> bool:
    """Whether a row only numbers the columns: 1 2 3, (1) (2) (3), 甲 乙 1 2."""
    words = [plain_title(str(cell)).strip("()") for cell in cells if _filled(cell)]
    numbers = [word.removesuffix(".0") for word in words if word not in _ORDINALS]
    return (
        len(words) >= 3 and bool(numbers) and numbers == [str(i + 1) for i in range(len(numbers))]
    )


def _lines_above(sheet: Sheet, first: int) -> Iterator[tuple[int, int, object]]:
    for row in range(first):
        for position, cell in enumerate(sheet.row(row)):
            if _filled(cell):
                yield row, position, cell


def _general_unit(sheet: Sheet, first: int) -> list[str]:
    """The units that a line above the table states for all figures (单位：元)."""
    found: list[str] = []
    for row, position, cell in _lines_above(sheet, first):
        for match in _LABELLED_UNIT.finditer(plain_title(cell)) if isinstance(cell, str) else ():
            stated = match[1].strip("()[]【】")
            if not stated and position + 1 < len(sheet.columns):
                stated = plain_title(str(sheet.columns[position + 1][row] or ""))
            found += [unit_word(word.strip("()")) for word in _SEPARATORS.split(stated)]
    return [word for word in found if word in _units()]


def _stated_date(sheet: Sheet, kind: str, first: int) -> tuple[dt.date, str] | None:
    """The date that a line above the table states, beside its label or in the next cell."""
    variable = schema.sheet(kind)["date"]
    for label in _LABELLED_DATES:
        for row, position, cell in _lines_above(sheet, first):
            found = label.search(plain_title(cell)) if isinstance(cell, str) else None
            if not found:
                continue
            stated: object = found[1]
            if not stated and position + 1 < len(sheet.columns):
                stated = sheet.columns[position + 1][row]
            answer = understand(stated, variable, epoch_1904=sheet.epoch_1904)
            if answer.status is Status.VALUE:
                return answer.value, address(row, position)
    return None
