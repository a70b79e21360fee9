"""From what stands in a cell to a value, to unknown, or to not applicable."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

from sanlian_analysis.codes import COMMUNITY_DIGITS
from sanlian_analysis.language import say
from sanlian_analysis.schema import SETTLEMENTS, Variable, unit_words


class Status(IntEnum):
    """What a cell tells about its variable."""

    VALUE = 0
    UNKNOWN = 1
    NOT_APPLICABLE = 2
    INVALID = 3


@dataclass(frozen=True)
class Cell:
    """A cell as it was understood.

    `expected` says what was wanted when it is invalid. `how` names the
    normalisation (one of `NORMALISATIONS`) without which it could not be read.
    """

    status: Status
    value: Any = None
    expected: str = ""
    how: str = ""


#: What is put right in a cell without asking, and counted.
NORMALISATIONS = {
    "text_number": ("文本数字转为数值", "numbers that stood as text"),
    "thousands": ("去掉千分位", "thousands separators taken out"),
    "unit": ("去掉单位", "units taken off"),
    "converted": ("单位换算", "units converted"),
    "percent": ("百分数转为小数", "percentages turned into fractions"),
    "date": ("日期写法统一", "dates written in other ways"),
    "code": ("数值代码转为文本", "codes that stood as numbers"),
    "cleaned": ("去掉不可见字符", "invisible characters taken out"),
}

UNKNOWN = Cell(Status.UNKNOWN)
NOT_APPLICABLE = Cell(Status.NOT_APPLICABLE)

_UNKNOWN_WORDS = frozenset({"", "-", "--", "—", "——", "未知", "待定"})
_NOT_APPLICABLE_WORDS = frozenset({"不适用", "n/a", "/"})
_YES = frozenset(
    {"是", "有", "yes", "y", "true", "1", "√", "✓", "✔", "☑", "✅"}
    | {"已", "已开展", "已建立", "已覆盖", "已健全", "已修订"}
)
_NO = frozenset(
    {"否", "无", "no", "n", "false", "0", "×", "✗", "✘", "✕", "✖", "☒", "❌", "x"}
    | {"没有", "未", "未开展", "未建立", "未覆盖", "未健全", "未修订"}
)
_BREAKS = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
#: 10² is no 102; the ² of m² stands behind a letter.
_SUPERSCRIPT = re.compile(r"(?<=\d)[⁰¹²³⁴-⁹]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_WITH_UNIT = re.compile(r"([+-]?[\d,.]+)\s*(\D.*)")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?e\+?\d{1,2}", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d\d)(\d\d))"
)
_TIME = re.compile(r"(?:T|\s+)\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?$")
_USUAL_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_CODE_DIGITS = {"code12": COMMUNITY_DIGITS, "code9": 9, "code6": 6}

#: Excel carries 15 significant digits; a longer number was not counted by anybody.
_LIMIT = Decimal(10) ** 15

#: Days that Excel counts from: the year 1900 was no leap year, but Excel thinks it was.
_EPOCH, _EPOCH_1904 = dt.date(1899, 12, 30), dt.date(1904, 1, 1)
#: Serial numbers of 1954 to 2118: no other number in a column of dates is one.
_SERIALS = range(20_000, 80_000)


def understand(
    raw: object, variable: Variable, factor: Fraction = Fraction(1), *, epoch_1904: bool = False
) -> Cell:
    """What a cell says about a variable.

    Blank, `-`, `—`, 未知 and 待定 are unknown; 不适用, n/a and `/` are not
    applicable; 无 in a count or number is 0. Full-width letters and digits,
    thousands separators and units behind a number are read, other units of the
    same quantity converted. `factor`: by what the header's own unit is to be
    multiplied. `epoch_1904`: what a bare number in a column of dates counts
    from. A value outside its type or range is invalid.
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return UNKNOWN
    if isinstance(raw, str):
        written = visible(raw).strip()
        word = unicodedata.normalize("NFKC", _SUPERSCRIPT.sub(r"^\g<0>", written)).strip()
        bare = "".join(word.lower().split())
        if bare in _UNKNOWN_WORDS:
            return UNKNOWN
        if bare in _NOT_APPLICABLE_WORDS:
            return NOT_APPLICABLE
        if variable.type == "text":
            how = "cleaned" if written != raw.strip() else ""
            return Cell(Status.VALUE, written, how=how)
        raw = word
    match variable.type:
        case "count" | "number" | "share":
            return _quantity(raw, variable, factor)
        case "yesno":
            return _yes_no(raw)
        case "date":
            return _date(raw, epoch_1904)
        case "category":
            return _settlement(raw)
        case "text":
            return Cell(Status.VALUE, _plain(raw))
    return _code(raw, _CODE_DIGITS[variable.type])


def visible(text: str) -> str:
    r"""Text without characters that only steer how it is shown: control and bidirectional ones.

    >>> visible("盐\u202e湖\x07区")
    '盐湖区'
    """
    if text.isprintable():
        return text
    spaced = _BREAKS.sub(" ", text)
    return "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def _plain(raw: object) -> str:
    whole = isinstance(raw, float) and raw.is_integer()
    return str(int(raw) if whole else raw)  # type: ignore[call-overload]


def _invalid(zh: str, en: str) -> Cell:
    return Cell(Status.INVALID, expected=say(zh, en))


def _quantity(raw: object, variable: Variable, factor: Fraction) -> Cell:
    number, own, how = _decimal(raw, variable)
    if number is None:
        return _expected(variable)
    by = factor if own is None else own
    if variable.type == "share" and factor != 1 and own is None and number <= 1:
        by = Fraction(1)  # 0.7 under a header with %: shown as a percentage, not counted in it
    if by != 1:
        number, how = number * by.numerator / by.denominator, "converted"
    if variable.type == "count" and number != number.to_integral_value():
        return _expected(variable)
    if variable.minimum is not None and number < variable.minimum:
        return _expected(variable)
    if variable.maximum is not None and number > variable.maximum:
        return _expected(variable)
    if abs(number) >= _LIMIT:
        return _invalid("应少于 16 位整数", "expected fewer than 16 digits")
    value = int(number) if variable.type == "count" else float(number)
    return Cell(Status.VALUE, value, how=how)


def _decimal(raw: object, variable: Variable) -> tuple[Decimal | None, Fraction | None, str]:
    """A number, by what its own unit is to be multiplied (None: it states none), and how read."""
    if isinstance(raw, bool):
        return None, None, ""
    if isinstance(raw, int):
        return Decimal(raw), None, ""
    if isinstance(raw, Decimal):  # a decimal column of a Parquet file
        return (raw if raw.is_finite() else None), None, ""
    if isinstance(raw, float):
        return (Decimal(f"{raw:.15g}") if math.isfinite(raw) else None), None, ""
    if not isinstance(raw, str):
        return None, None, ""
    share = variable.type == "share"
    if raw == "无" and not share:
        return Decimal(0), None, ""
    if share and raw.endswith("%"):
        number, _ = _written(raw[:-1].strip())
        return (None if number is None else number / 100), Fraction(1), "percent"
    number, how = _written(raw)
    if number is not None:
        return number, None, how
    if found := _WITH_UNIT.fullmatch(raw):
        own = unit_words().get(variable.unit, {}).get(unit_word(found[2]))
        number, _ = _written(found[1])
        if own is not None and number is not None:
            return number, own, "unit"
    return None, None, ""


def _written(text: str) -> tuple[Decimal | None, str]:
    if _NUMBER.fullmatch(text):
        return Decimal(text), "text_number"
    if _THOUSANDS.fullmatch(text):
        return Decimal(text.replace(",", "")), "thousands"
    return None, ""


def unit_word(text: str) -> str:
    """A unit as it stands in the list of units: without spaces and full-width forms."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


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
    word = _plain(raw).lower().removesuffix(".0")
    if word in _YES:
        return Cell(Status.VALUE, True)
    if word in _NO:
        return Cell(Status.VALUE, False)
    return _invalid("应为 是 或 否", "expected 是 or 否 (yes or no)")


def _date(raw: object, epoch_1904: bool) -> Cell:
    if isinstance(raw, dt.datetime):
        return Cell(Status.VALUE, raw.date())
    if isinstance(raw, dt.date):
        return Cell(Status.VALUE, raw)
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)  # 20201231 entered as a number
    if isinstance(raw, str) and re.fullmatch(r"\d{5}", raw):
        raw = int(raw)
    if isinstance(raw, int) and raw in _SERIALS:
        day = (_EPOCH_1904 if epoch_1904 else _EPOCH) + dt.timedelta(days=raw)
        return Cell(Status.VALUE, day, how="date")
    written = re.sub(r"\s+", "", _TIME.sub("", str(raw)))
    if found := _DATE.fullmatch(written):
        year, month, day_ = (int(part) for part in found.groups() if part is not None)
        how = "" if _USUAL_DATE.fullmatch(str(raw)) else "date"
        try:
            return Cell(Status.VALUE, dt.date(year, month, day_), how=how)
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
    text = _plain(raw)
    if not isinstance(raw, bool):
        how = "code" if isinstance(raw, int | float) else ""
        if re.fullmatch(rf"[0-9]{{{digits}}}", text):
            return Cell(Status.VALUE, text, how=how)
        if re.fullmatch(rf"[0-9]{{{digits}}}\.0+", text):  # a CSV that went through a float
            return Cell(Status.VALUE, text[:digits], how="code")
        if _SCIENTIFIC.fullmatch(text):
            return _invalid(
                f"应为 {digits} 位数字代码；后几位已在转成科学计数法时丢失，"
                "请从原表重新复制，并将该列设为文本",
                f"expected a code of {digits} digits; its last digits were lost in scientific "
                "notation: format the column as text and copy it again from the source",
            )
    return _invalid(
        f"应为 {digits} 位数字代码，请将该列设为文本后重新填写",
        f"expected a code of {digits} digits; format the column as text and enter it again",
    )
