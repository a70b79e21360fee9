"""A ledger to fill in: the columns that policies need, checked by the spreadsheet while typed."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.excel import MOST_ROWS, new_workbook
from sanlian_analysis.files import whole_file
from sanlian_analysis.language import say
from sanlian_analysis.policy import THEMES, Policy, Target, variables_of
from sanlian_analysis.schema import (
    COMMUNITIES,
    COUNTIES,
    EXPLANATION_SHEET,
    KEYS,
    SCORES,
    SETTLEMENTS,
    SIMULATED_MARK,
    STREETS,
    Variable,
    measured,
    sheet,
)
from sanlian_analysis.values import visible

#: Rows that are ready to be filled in when no frame says how many units there are.
_BLANK_ROWS = 2_000

#: The columns that identify a row, the unit's code and name first. Codes of streets
#: and counties are left out where they are the head of the row's own code.
_IDENTITY = {
    COMMUNITIES: ("code", "name", "street", "county", "settlement", "date"),
    STREETS: ("street_code", "street", "date"),
    COUNTIES: ("county_code", "county", "date"),
    SCORES: ("code", "name", "date"),
}
_FROZEN = 2

#: Header colours: of the columns that identify a row, and of each theme of a policy's targets.
_FILLS = {
    "identity": "#D9DEE4",
    "organisations": "#CFE2F3",
    "staff": "#D9EAD3",
    "facilities": "#FCE5CD",
    "funds": "#FFF2CC",
    "mechanisms": "#E4DAEE",
}

_NUMBER_FORMATS = {
    "code12": "@",
    "code9": "@",
    "code6": "@",
    "text": "@",
    "date": "yyyy-mm-dd",
    "count": "0",
    "share": "0.0%",
}
_FRAMED = {"text_wrap": True, "border": 1, "border_color": "#8C8C8C"}

#: Widths of identifying columns; those of text grow with their longest cell.
_WIDTHS = {"code12": 16, "code9": 14, "code6": 14, "category": 14, "date": 14}
_WIDEST = 40
#: Width that can be read on a printed page; a wider sheet is printed on several.
_PAGE = 200
#: Header texts up to this width stand in one line, longer ones in two.
_ONE_LINE = 18
#: Heights in points: of a row, of a header in two lines, of a title, of a line that is wrapped.
_ROW, _HEADER, _TITLE, _LINE = 18, 36, 28, 15.5
#: Widths of the columns of the sheet of explanations.
_EXPLAINED = (9, 30, 12, 14, 32, 32, 54)
#: Of these, the first ones bear the colour of the theme.
_COLOURED = 4

_NOT_APPLICABLE, _UNKNOWN, _NONE = "不适用", "未知", "无"
_ANSWERS = ("是", "否", _NOT_APPLICABLE)
_FIRST_DAY, _LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)

_CHINESE = {code: written for written, code in SETTLEMENTS.items()}

#: What a column means, where its name alone leaves a question.
_MEANINGS = {
    "code": ("统计用区划代码，文本", "statistical division code, kept as text"),
    "name": ("供核对，以代码为准", "to check by; the code decides"),
    "street_code": ("社区代码的前 9 位", "first 9 digits of the community's code"),
    "street": ("供核对，以代码为准", "to check by; the code decides"),
    "county_code": ("社区代码的前 6 位", "first 6 digits of the community's code"),
    "county": ("供核对，以代码为准", "to check by; the code decides"),
    "settlement": ("城市和农村的目标分别测算", "targets tell urban communities from villages"),
    "date": (
        "数字所反映的日期；每个单位每个时点一行",
        "the day the figures describe; one row per unit and date",
    ),
    "functions": (
        "党员活动、居民议事、便民服务、文化活动、为老服务五项中达标的项数",
        "how many are up to standard of party activities, residents' meetings, services, "
        "culture and care for the elderly",
    ),
    "orgs": (
        "已登记或备案的社区社会组织",
        "filed or registered community social organisations",
    ),
    "base_pay_share": ("基础工资占工资的比例", "base pay as a share of pay"),
    "meetings": ("文件规定的年度内合计", "in the year as the document counts it"),
    "visits_per_month": ("每位领导平均", "average per leader"),
}

#: The targets that ask for a variable, by sheet and id, with the policy of each.
Demands = Mapping[tuple[str, str], Sequence[tuple[Policy, Target]]]


@dataclass(frozen=True)
class _Page:
    """One sheet to fill in; `units` has a row per unit, and is None without a frame."""

    name: str
    columns: tuple[Variable, ...]
    units: pd.DataFrame | None
    dates: tuple[dt.date, ...]

    @property
    def rows(self) -> int:
        """Rows that are to be filled in, below the header."""
        if self.units is None:
            return _BLANK_ROWS
        return len(self.units) * max(len(self.dates), 1)


def write_template(
    path: str | Path,
    policies: Sequence[Policy],
    frame: pd.DataFrame | None = None,
    dates: Sequence[dt.date] = (),
) -> None:
    """Write a workbook to fill in, with the columns that the policies' targets need.

    `path` ends in `.xlsx`. `frame` is a table as `read_frame` returns it: its
    units stand in the rows, once per date of `dates`. Without dates the column
    统计时点 is left to be filled in; without a frame every row is, and dates
    make no difference.

    The sheet 说明 explains every column and names the clauses that ask for it;
    社区 is always there, 街道, 区县 and 评分 when a target needs them. What is
    typed is checked for type and range. The same arguments give the same bytes.

    Raises SanlianError for another ending, for more rows than a worksheet
    holds, and when the file cannot be written.
    """
    if Path(path).suffix.lower() != ".xlsx":
        raise SanlianError(
            say(f"{path}：填报模板应存为 .xlsx", f"{path}: a template is written as .xlsx")
        )
    demands = _demands(policies)
    pages = _pages(demands, frame, tuple(sorted(set(dates))))
    _refuse_long(path, pages)
    with whole_file(path) as part:
        part.write_bytes(_content(policies, demands, pages))


def _refuse_long(path: str | Path, pages: Sequence[_Page]) -> None:
    for page in pages:
        if page.rows >= MOST_ROWS:
            raise SanlianError(
                say(
                    f"{path}：{page.name} 需要 {page.rows} 行，超过一张工作表的 {MOST_ROWS - 1} 行；"
                    "请减少时点，或按市拆分名录后分别生成",
                    f"{path}: {page.name} needs {page.rows} rows, more than the {MOST_ROWS - 1} of a "
                    "worksheet; take fewer dates, or split the frame by city",
                )
            )


def _demands(policies: Sequence[Policy]) -> Demands:
    found: dict[tuple[str, str], list[tuple[Policy, Target]]] = {}
    for policy in policies:
        for target in policy.targets:
            used = [one for r in target.readings for one in variables_of(r, target.unit)]
            for variable in dict.fromkeys(used):
                found.setdefault(variable, []).append((policy, target))
    return found


def _pages(demands: Demands, frame: pd.DataFrame | None, dates: tuple[dt.date, ...]) -> list[_Page]:
    pages = []
    for name, key in KEYS.items():
        wanted = [variable for id_, variable in measured(name).items() if (name, id_) in demands]
        if not wanted and name != COMMUNITIES:
            continue
        units = None if frame is None or frame.empty else frame.drop_duplicates(key)
        identity = [sheet(name)[id_] for id_ in _IDENTITY[name]]
        if units is not None:  # a column of names that the frame does not have helps nobody
            first = identity[:_FROZEN]
            identity = [one for one in identity if one in first or _stated(units, one.id)]
        pages.append(_Page(name, (*identity, *wanted), units, dates))
    return pages


def _stated(units: pd.DataFrame, id_: str) -> bool:
    return id_ not in ("street", "county") or bool(units[id_].notna().any())


def _content(policies: Sequence[Policy], demands: Demands, pages: Sequence[_Page]) -> bytes:
    """The bytes of the workbook; its date of making is fixed, so that they stay the same."""
    buffer = io.BytesIO()
    with new_workbook(buffer, {"title": _title()}, in_memory=True) as book:
        _write_explanation(book, policies, demands, pages)
        heading = _FRAMED | {"bold": True, "align": "center", "valign": "vcenter"}
        headers = {
            theme: book.add_format(heading | {"bg_color": fill}) for theme, fill in _FILLS.items()
        }
        cells = {kind: book.add_format({"num_format": f}) for kind, f in _NUMBER_FORMATS.items()}
        for page in pages:
            _write_page(book.add_worksheet(page.name), page, demands, headers, cells)
    return buffer.getvalue()


def _title() -> str:
    return say("三社联动台账填报模板", "Ledger to fill in: communities, organisations, social work")


def _write_page(
    there: Any,
    page: _Page,
    demands: Demands,
    headers: Mapping[str, Any],
    cells: Mapping[str, Any],
) -> None:
    """One sheet: header, formats and checks of every column, and the units of the frame."""
    there.freeze_panes(1, _FROZEN)
    there.autofilter(0, 0, page.rows, len(page.columns) - 1)
    there.ignore_errors({"number_stored_as_text": f"A2:A{page.rows + 1}"})  # the codes
    there.set_default_row(_ROW)
    there.set_row(0, _HEADER)
    there.hide_gridlines(0)
    texts = [_prefilled(page, variable) for variable in page.columns]
    widths = [_column_width(*column) for column in zip(page.columns, texts, strict=True)]
    _set_print(there, header=0, width=sum(widths))
    letters = {one.id: xl_col_to_name(place) for place, one in enumerate(page.columns)}
    for place, variable in enumerate(page.columns):
        there.set_column(place, place, widths[place], cells.get(variable.type))
        there.write_string(0, place, _header(variable), headers[_theme(variable, demands)])
        if check := _check(variable, letters):
            there.data_validation(1, place, page.rows, place, check)
        for row, text in enumerate(texts[place] * max(len(page.dates), 1), start=1):
            if text:
                there.write_string(row, place, text)
        if variable.type == "date" and page.units is not None:
            days = [date for date in page.dates for _ in range(len(page.units))]
            for row, day in enumerate(days, start=1):
                there.write_datetime(row, place, day)


def _set_print(there: Any, *, header: int, width: float) -> None:
    """Landscape pages that repeat the header row, and the units' names on a wide sheet."""
    pages = ceil(width / _PAGE)
    if pages > 1:
        there.repeat_columns(0, _FROZEN - 1)
    there.set_landscape()
    there.set_paper(9)  # A4
    there.fit_to_pages(pages, 0)
    there.repeat_rows(header)
    there.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    there.set_footer("&L&A&R&P / &N")


def _prefilled(page: _Page, variable: Variable) -> list[str]:
    """The cells of an identifying column, one per unit of the frame; none for other columns."""
    if page.units is None or variable.id not in _IDENTITY[page.name] or variable.type == "date":
        return []
    texts = page.units[variable.id]
    if variable.type == "category":
        texts = texts.map(_CHINESE)
    return [visible(str(text)) for text in texts.fillna("")]


def _header(variable: Variable) -> str:
    """The ledger's column name, with the unit in brackets."""
    return f"{variable.header}（{variable.unit}）" if variable.unit else variable.header


def _theme(variable: Variable, demands: Demands) -> str:
    """The theme of the first target that asks for the variable."""
    asked = demands.get((variable.sheet, variable.id))
    return asked[0][1].theme if asked else "identity"


def _column_width(variable: Variable, texts: Sequence[str]) -> float:
    """Wide enough for the cells, and for the header in one line or two."""
    if variable.type in _WIDTHS:
        return _WIDTHS[variable.type]
    if variable.type == "text":
        longest = max((_text_width(text) for text in texts), default=20)
        return min(max(longest, 12) + 2, _WIDEST)
    header = _text_width(_header(variable))
    return header + 4 if header <= _ONE_LINE else 1.05 * ceil(header / 4) * 2 + 0.5


def _text_width(text: str) -> int:
    """Columns that a text takes: a Chinese character counts double."""
    return sum(2 if character > "\u2e7f" else 1 for character in text)


def _check(variable: Variable, letters: Mapping[str, str]) -> dict[str, Any] | None:
    """How the spreadsheet checks what is typed into a column; None for names.

    `letters` are those of the sheet's columns, by the variable's id.
    """
    match variable.type:
        case "text":
            return None
        case "yesno":
            check: dict[str, Any] = {"validate": "list", "source": list(_ANSWERS)}
        case "category":
            check = {"validate": "list", "source": list(SETTLEMENTS)}
        case "date":
            check = {"validate": "date", "criteria": "between"}
            check |= {"minimum": _FIRST_DAY, "maximum": _LAST_DAY}
        case "count" | "number" | "share":
            check = {"validate": "custom", "value": _quantity_formula(variable, letters)}
        case _:
            digits, cell = _digits(variable), f"{letters[variable.id]}2"
            formula = (
                f'=AND(LEN({cell})={digits},EXACT(TEXT(VALUE({cell}),"{"0" * digits}"),{cell}))'
            )
            check = {"validate": "custom", "value": formula}
    wanted = _wanted(variable, letters)
    return check | {
        "input_title": variable.header,
        "input_message": wanted,
        "error_title": variable.header,
        "error_message": say("填写的内容不合要求。应填：", "This cannot be used. Wanted: ")
        + wanted,
    }


def _digits(variable: Variable) -> int:
    return int(variable.type.removeprefix("code"))


def _quantity_formula(variable: Variable, letters: Mapping[str, str]) -> str:
    """True for a number in range, and for the words that the ledger knows.

    N() turns words into 0: a comparison or INT() of a word would be an error,
    and OR() of an error is one too.
    """
    cell = f"{letters[variable.id]}2"
    number = [f"ISNUMBER({cell})"]
    if variable.type == "count":
        number.append(f"INT(N({cell}))=N({cell})")
    if variable.minimum is not None:
        number.append(f"N({cell})>={variable.minimum}")
    if variable.maximum is not None:
        number.append(f"N({cell})<={variable.maximum}")
    if variable.at_most and variable.at_most in letters:
        whole = f"{letters[variable.at_most]}2"
        number.append(f"IF(ISNUMBER({whole}),N({cell})<={whole},TRUE)")
    words = [f'{cell}="{word}"' for word in _words(variable)]
    return f"=OR({','.join(words)},AND({','.join(number)}))"


def _words(variable: Variable) -> tuple[str, ...]:
    """The words that may stand in the place of a number."""
    words = (_NOT_APPLICABLE, _UNKNOWN)
    return words if variable.type == "share" else (*words, _NONE)


def _wanted(variable: Variable, letters: Mapping[str, str]) -> str:
    """What is to be entered, for the one who types."""
    text = _accepted(variable, letters)
    match variable.type:
        case "yesno" | "category":
            text = say("从列表中选：", "one of the list: ") + text
        case "count" | "number" | "share":
            words = "、".join(_words(variable))
            text += say(f"；也可填 {words}", f"; or {words}")
    if variable.id in _IDENTITY[variable.sheet]:
        return text
    return text + say("；不清楚请留空", "; blank if unknown")


def _accepted(variable: Variable, letters: Mapping[str, str]) -> str:
    """Type and range of a column, in words."""
    match variable.type:
        case "text":
            return say("文字", "text")
        case "yesno":
            return "、".join(_ANSWERS)
        case "category":
            return "、".join(SETTLEMENTS)
        case "date":
            return say("日期，如 2020-12-31", "a date such as 2020-12-31")
        case "count" | "number" | "share":
            return _quantity(variable, letters)
    digits = _digits(variable)
    return say(f"{digits} 位数字代码（文本）", f"a code of {digits} digits, as text")


def _quantity(variable: Variable, letters: Mapping[str, str]) -> str:
    kind = {
        "count": say("整数", "a whole number"),
        "number": say("数值", "a number"),
        "share": say("比例（如 70%）", "a share such as 70%"),
    }[variable.type]
    percent = variable.type == "share"
    low, high = (
        limit if limit is None else f"{limit:.0%}" if percent else str(limit)
        for limit in (variable.minimum, variable.maximum)
    )
    if low is not None and high is not None:
        kind = say(f"{low} 到 {high} 的{kind}", f"{kind} from {low} to {high}")
    elif low is not None:
        kind = say(f"不小于 {low} 的{kind}", f"{kind}, at least {low}")
    if variable.at_most and variable.at_most in letters:
        whole = sheet(variable.sheet)[variable.at_most].header
        kind += say(f"，不大于“{whole}”", f", not above {whole}")
    return kind


def _write_explanation(
    book: Any, policies: Sequence[Policy], demands: Demands, pages: Sequence[_Page]
) -> None:
    """The sheet that says how to fill in the others, and why each column is there."""
    there = book.add_worksheet(EXPLANATION_SHEET)
    there.hide_gridlines(2)
    for place, width in enumerate(_EXPLAINED):
        there.set_column(place, place, width)
    there.set_row(0, _TITLE)
    there.write_string(0, 0, _title(), book.add_format({"bold": True, "font_size": 16}))
    lines = [*_sources(policies), "", *_instructions(pages)]
    for row, line in enumerate(lines, start=1):
        there.set_row(row, _ROW)
        there.write_string(row, 0, _shown(line))
    top = len(lines) + 2
    _set_print(there, header=top, width=sum(_EXPLAINED))
    style = _FRAMED | {"valign": "vcenter"}
    there.set_row(top, _HEADER * 2 / 3)
    there.write_row(top, 0, _headings(), book.add_format(style | {"bold": True}))
    plain = book.add_format(style)
    filled = {theme: book.add_format(style | {"bg_color": f}) for theme, f in _FILLS.items()}
    columns = [(page, variable) for page in pages for variable in page.columns]
    for row, (page, variable) in enumerate(columns, start=top + 1):
        theme = _theme(variable, demands)
        texts = [_shown(text) for text in _explained(page, variable, theme, demands)]
        there.set_row(row, _height(texts))
        for place, text in enumerate(texts):
            there.write_string(row, place, text, filled[theme] if place < _COLOURED else plain)


def _shown(text: str) -> str:
    """Text for the sheet; no name in a policy makes the ledger a simulated one."""
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return lines.replace(SIMULATED_MARK, " ".join(SIMULATED_MARK))


def _height(texts: Sequence[str]) -> float:
    """Height of a row of the table: spreadsheets do not all wrap a row by themselves."""
    lines = [
        sum(_text_width(line) // (width - 1) + 1 for line in text.split("\n"))
        for text, width in zip(texts, _EXPLAINED, strict=True)
    ]
    return max(lines) * _LINE + 3


def _sources(policies: Sequence[Policy]) -> list[str]:
    return [
        say(
            f"依据：{policy.short}　{policy.title}　{policy.number}",
            f"For: {policy.short_en}, {policy.title_en} {policy.number}",
        ).rstrip("　 ")
        for policy in policies
    ]


def _instructions(pages: Sequence[_Page]) -> list[str]:
    filled = pages[0].units is not None
    dated = filled and bool(pages[0].dates)
    steps = [
        say(
            "代码和名称已按名录填好，请勿改动；一行是一个单位在一个时点的情况，同一单位同一时点只填一行。",
            "Codes and names come from the frame: leave them as they are. One row is one unit at "
            "one date; never two rows for the same unit and date.",
        )
        if filled
        else say(
            "先填代码和名称；一行是一个单位在一个时点的情况，同一单位同一时点只填一行。",
            "Enter codes and names first. One row is one unit at one date; never two rows for "
            "the same unit and date.",
        ),
        say("统计时点已填好，请勿改动。", "The dates are filled in: leave them as they are.")
        if dated
        else say(
            "每一行都要填统计时点，如 2020-12-31；所有工作表用同样的时点。",
            "Every row needs its date, such as 2020-12-31; use the same dates on every sheet.",
        ),
        say(
            "不清楚的留空（数字列也可填“未知”）；本单位不涉及的填“不适用”；确实没有的填 0 或“无”。空白不等于 0。",
            "Leave blank what is unknown (or 未知 in a column of numbers); 不适用 where it does not "
            "apply to the unit; 0 or 无 where there is none. A blank is not 0.",
        ),
        say(
            "单位写在表头的括号里，格中只填数字；是/否和城乡类型从下拉列表中选。",
            "Units stand in brackets in the header: enter the number alone. Choose yes (是), no "
            "(否) and the settlement type from the lists.",
        ),
        say(
            "表头文字请勿改动；列的次序可以调换，填不了的列可以空着。",
            "Leave the headers as they are; columns may change places, and may stay empty.",
        ),
        say(
            "填好保存后用 sanlian check 检查，按提示逐格改正。",
            "Save, then run sanlian check and mend the cells that it names.",
        ),
    ]
    return [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _headings() -> list[str]:
    return [
        say("工作表", "Sheet"),
        say("列", "Column"),
        say("单位", "Unit"),
        say("类别", "Theme"),
        say("填什么", "What to enter"),
        say("含义", "Meaning"),
        say("哪个文件哪一条要求", "Which clause of which document asks for it"),
    ]


def _explained(page: _Page, variable: Variable, theme: str, demands: Demands) -> list[str]:
    """One line of the table of columns."""
    letters = {one.id: "" for one in page.columns}
    return [
        page.name,
        say(variable.header, f"{variable.header} {variable.label}"),
        variable.unit,
        say("标识", "identity") if theme == "identity" else say(*THEMES[theme]),
        _accepted(variable, letters),
        _meaning(variable),
        _asked_by(demands.get((variable.sheet, variable.id), ())),
    ]


def _meaning(variable: Variable) -> str:
    if variable.id in _MEANINGS:
        return say(*_MEANINGS[variable.id])
    if variable.id.startswith("score_"):
        item = variable.id.removeprefix("score_")
        return say(
            f"附表第 {item} 项得分，满分 {variable.maximum}",
            f"points for item {item} of the annexed table, at most {variable.maximum}",
        )
    if variable.header.startswith("本年"):
        return say("文件规定的年度内新增", "new in the year as the document counts it")
    if "/" in variable.unit:  # the unit says for which time
        return ""
    return say("统计时点的情况", "as it stands at the date")


def _asked_by(demands: Sequence[tuple[Policy, Target]]) -> str:
    """A line per clause: the document's short name, the clause, the targets."""
    lines: dict[str, list[str]] = {}
    for policy, target in demands:
        lines.setdefault(f"{policy.label} {target.clause}", []).append(target.label)
    return "\n".join(
        clause + say("：", ": ") + say("、", "; ").join(labels) for clause, labels in lines.items()
    )
