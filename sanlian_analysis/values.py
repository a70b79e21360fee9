"""From what stands in a cell to a value, to unknown, or to not applicable."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

from sanlian_analysis.codes import COMMUNITY_DIGITS
from sanlian_analysis.language import say
from sanlian_analysis.schema import SETTLEMENTS, Variable


class Status(IntEnum):
    """What a cell tells about its variable."""

    VALUE = 0
    UNKNOWN = 1
    NOT_APPLICABLE = 2
    INVALID = 3


@dataclass(frozen=True)
class Cell:
    """A cell as it was understood; `expected` says what was wanted when it is invalid."""

    status: Status
    value: Any = None
    expected: str = ""


UNKNOWN = Cell(Status.UNKNOWN)
NOT_APPLICABLE = Cell(Status.NOT_APPLICABLE)

_UNKNOWN_WORDS = frozenset({"", "-", "—", "未知", "待定"})
_NOT_APPLICABLE_WORDS = frozenset({"不适用", "n/a", "/"})
_YES = frozenset({"是", "有", "yes", "y", "true", "1", "√", "✓", "✔"})
_NO = frozenset({"否", "无", "no", "n", "false", "0", "×", "✗", "✘"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DATE = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d\d)(\d\d))"
)
_CODE_DIGITS = {"code12": COMMUNITY_DIGITS, "code9": 9, "code6": 6}

#: Excel carries 15 significant digits; a longer number was not counted by anybody.
_LIMIT = Decimal(10) ** 15


def understand(raw: object, variable: Variable) -> Cell:
    """What a cell says about a variable.

    Blank, `-`, `—`, 未知 and 待定 are unknown; 不适用, n/a and `/` are not
    applicable; 无 in a count or number is 0. Full-width letters and digits are
    read as their usual forms. A value outside its type or range is invalid.
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return UNKNOWN
    if isinstance(raw, str):
        word = unicodedata.normalize("NFKC", raw).strip()
        if word.lower() in _UNKNOWN_WORDS:
            return UNKNOWN
        if word.lower() in _NOT_APPLICABLE_WORDS:
            return NOT_APPLICABLE
        raw = word
    match variable.type:
        case "count" | "number" | "share":
            return _quantity(raw, variable)
        case "yesno":
            return _yes_no(raw)
        case "date":
            return _date(raw)
        case "category":
            return _settlement(raw)
        case "text":
            return Cell(Status.VALUE, str(raw))
    return _code(raw, _CODE_DIGITS[variable.type])


def _invalid(zh: str, en: str) -> Cell:
    return Cell(Status.INVALID, expected=say(zh, en))


def _quantity(raw: object, variable: Variable) -> Cell:
    number = _decimal(raw, percent=variable.type == "share")
    if number is None:
        return _expected(variable)
    if variable.type == "count" and number != number.to_integral_value():
        return _expected(variable)
    if variable.minimum is not None and number < variable.minimum:
        return _expected(variable)
    if variable.maximum is not None and number > variable.maximum:
        return _expected(variable)
    if abs(number) >= _LIMIT:
        return _invalid("应少于 16 位整数", "expected fewer than 16 digits")
    return Cell(Status.VALUE, int(number) if variable.type == "count" else float(number))


def _decimal(raw: object, *, percent: bool) -> Decimal | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, Decimal):  # a decimal column of a Parquet file
        return raw if raw.is_finite() else None
    if isinstance(raw, float):
        return Decimal(f"{raw:.15g}") if math.isfinite(raw) else None
    if not isinstance(raw, str):
        return None
    if raw == "无" and not percent:
        return Decimal(0)
    text, by = (raw[:-1].strip(), Decimal("0.01")) if percent and raw.endswith("%") else (raw, 1)
    return Decimal(text) * by if _NUMBER.fullmatch(text) else None


def _expected(variable: Variable) -> Cell:
    kind = {
        "count": say("整数", "a whole number"),
        "number": say("数值", "a number"),
        "share": say("比例（0.7 或 70%）", "a share (0.7 or 70%)"),
    }[variable.type]
    low, high = variable.minimum, variable.maximum
    if low is not None and high is not None:
        return _invalid(
            f"应为 {low} 到 {high} 之间的{kind}", f"expected {kind} from {low} to {high}"
        )
    if low is not None:
        return _invalid(f"应为不小于 {low} 的{kind}", f"expected {kind}, at least {low}")
    return _invalid(f"应为{kind}", f"expected {kind}")


def _yes_no(raw: object) -> Cell:
    word = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).lower()
    if word in _YES:
        return Cell(Status.VALUE, True)
    if word in _NO:
        return Cell(Status.VALUE, False)
    return _invalid("应为 是 或 否", "expected 是 or 否 (yes or no)")


def _date(raw: object) -> Cell:
    if isinstance(raw, dt.datetime):
        return Cell(Status.VALUE, raw.date())
    if isinstance(raw, dt.date):
        return Cell(Status.VALUE, raw)
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # 20201231 entered as a number
    written = re.sub(r"\s+", "", str(raw))
    if found := _DATE.fullmatch(written):
        year, month, day = (int(part) for part in found.groups() if part is not None)
        try:
            return Cell(Status.VALUE, dt.date(year, month, day))
        except ValueError:
            pass
    return _invalid("应为日期，如 2020-12-31", "expected a date such as 2020-12-31")


def _settlement(raw: object) -> Cell:
    word = str(raw).lower()
    known = SETTLEMENTS.get(word, word)
    if known in SETTLEMENTS.values():
        return Cell(Status.VALUE, known)
    return _invalid(
        f"应为 {'、'.join(SETTLEMENTS)}",
        f"expected {', '.join(SETTLEMENTS.values())}",
    )


def _code(raw: object, digits: int) -> Cell:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    text = str(raw)
    if not isinstance(raw, bool) and re.fullmatch(rf"[0-9]{{{digits}}}", text):
        return Cell(Status.VALUE, text)
    return _invalid(
        f"应为 {digits} 位数字代码，请将该列设为文本后重新填写",
        f"expected a code of {digits} digits; format the column as text and enter it again",
    )
