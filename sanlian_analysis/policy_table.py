"""One table of a policy file: gives its keys checked, or says what is wrong, where, and the mend."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import Expression, ExpressionError, Kind, check, node_name, parse
from sanlian_analysis.language import did_you_mean, listed, say
from sanlian_analysis.toml_lines import Place, lines_of

#: Stands for the default of a key that must be there.
_REQUIRED: Any = object()


@dataclass(frozen=True)
class Source:
    """A policy file as it was written, to say on which line something stands."""

    file: str
    text: str

    @cached_property
    def lines(self) -> dict[Place, int]:
        """The line of each place; looked up only once something is wrong."""
        return lines_of(self.text)

    def where(self, place: Place) -> str:
        """File and line of a place; for what is missing, of the table where it should be."""
        while place not in self.lines:
            place = place[:-1]
        line = self.lines[place]
        return say(f"{self.file} 第 {line} 行", f"{self.file} line {line}")


class Table:
    """One table of a policy file: gives keys one by one, and knows where it stands.

    Whatever is asked for: a key that is missing without a default, or that does
    not hold what is asked for, is a SanlianError naming file, line, table and key.
    """

    def __init__(
        self, source: Source, data: Any, place: Place, name: str, allowed: Iterable[str]
    ) -> None:
        """`name`: what messages call it; `allowed`: all keys that it may have."""
        self.source, self.place, self.name = source, place, name
        # Anything else that stands where a table should lacks all of its keys.
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self._refuse_unknown(list(allowed))

    def _refuse_unknown(self, allowed: list[str]) -> None:
        for key in self.data:
            if key not in allowed:
                unknown = say("不认识这个键，请改正或删去", "unknown key, correct or delete it")
                raise self.error(key, unknown + did_you_mean(key, allowed))

    def below(self, place: Place, name: str, data: Any, allowed: Iterable[str]) -> Table:
        """A table inside this one; `name` is what messages call it."""
        return Table(
            self.source, data, (*self.place, *place), f"{self.name} {name}".lstrip(), allowed
        )

    def error(self, key: str, message: str) -> SanlianError:
        """An error about one key of this table."""
        return self.error_at((key,), repr(key), message)

    def error_at(self, place: Place, what: str, message: str) -> SanlianError:
        """An error about something at a place inside this table; `what` names it."""
        parts = (self.source.where((*self.place, *place)), self.name, what)
        return SanlianError(" ".join(filter(None, parts)) + say("：", ": ") + message)

    def missing(self, key: str) -> SanlianError:
        """The error that a key is not there."""
        return self.error(key, say("缺少这个键，请补上", "this key is missing, add it"))

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = _REQUIRED) -> Any:
        """The value of a key, which must be of this kind."""
        if key not in self.data:
            if default is _REQUIRED:
                raise self.missing(key)
            return default
        value = self.data[key]
        # To Python a bool is an int as well, and a datetime a date.
        if not isinstance(value, kind) or isinstance(value, bool | dt.datetime):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            wanted = " / ".join(k.__name__ for k in kinds)
            raise self.error(
                key,
                say(f"应为 {wanted}，实为 {value!r}", f"expected {wanted}, found {value!r}"),
            )
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """The text of a key."""
        return str(self.take(key, str, default))

    def both_languages(self, key: str, default: Any = _REQUIRED) -> tuple[str, str]:
        """The text of a key and that of `key_en`, which is the same where it is not given."""
        text = self.text(key, default)
        return text, self.text(f"{key}_en", text)

    def one_of(self, key: str, choices: Iterable[str]) -> str:
        """The text of a key, which must be one of these."""
        value = self.text(key)
        if value not in choices:
            there = listed(choices)
            raise self.error(
                key,
                say(f"应为 {there} 之一，实为 {value!r}", f"use one of {there}; found {value!r}"),
            )
        return value

    def texts(self, key: str, choices: Iterable[str] | None = None) -> tuple[str, ...]:
        """The texts of a list, which must be among these; none when the key is not there."""
        values = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str) or (choices is not None and value not in choices):
                there = listed(choices or ())
                raise self.error(
                    key,
                    say(f"不能有 {value!r}；可用：{there}", f"{value!r} not allowed; use: {there}"),
                )
        return tuple(values)

    def fraction(self, key: str) -> Fraction | None:
        """The exact number of a key; None when it is not there."""
        if isinstance(value := self.data.get(key), float):
            raise self.error(
                key,
                say(
                    f'小数请加引号，如 "40%" 或 "0.4"，实为 {value}',
                    f'write decimals in quotes, such as "40%" or "0.4"; found {value}',
                ),
            )
        value = self.take(key, (int, str), None)
        if value is None:
            return None
        return exact_threshold(str(value), lambda message: self.error(key, message))

    def needed_fraction(self, key: str) -> Fraction:
        """The exact number of a key, which must be there."""
        if (value := self.fraction(key)) is None:
            raise self.missing(key)
        return value

    def expression(self, key: str, words: Mapping[str, Kind], kind: Kind) -> Expression | None:
        """The expression of a key, of known words and of this kind; None when there is none."""
        source = self.take(key, str, None)
        if not source:
            return None
        try:
            expression = parse(source)
            if check(expression, words) != kind:
                raise ExpressionError(
                    say(f"{source!r} 应为条件", f"{source!r} should be a condition")
                    if kind == "truth"
                    else say(f"{source!r} 应为数值", f"{source!r} should be a number")
                )
        except ExpressionError as error:
            raise self.error(key, str(error)) from None
        self._refuse_total(key, expression)
        return expression

    def _refuse_total(self, key: str, expression: Expression) -> None:
        """Sums over communities are compared between dates, and serve for nothing else."""
        alone = self.data.get("measure") == "growth" and node_name(expression.tree) is not None
        if any(name.startswith("total(") for name in expression.names) and not alone:
            raise self.error(
                key,
                say(
                    'total(…) 只能单独作 growth 的 value；求合计请用 unit = "community"、'
                    'measure = "total"',
                    "total(…) can only be the whole value of growth; for a sum use "
                    'unit = "community" with measure = "total"',
                ),
            )


def exact_threshold(written: str, error: Callable[[str], Exception]) -> Fraction:
    """A threshold as it is written: 40%, 1/3, 0.9 or 10, as an exact fraction.

    Raises what `error` makes of a message when it is written in another way.
    """
    text = written.strip()
    percent = text.endswith("%")
    number = text[:-1].strip() if percent else text
    if not re.fullmatch(r"\d+(\.\d+)?(/[1-9]\d*)?", number) or ("." in number and "/" in number):
        raise error(
            say(
                f"应为 40%、1/3 或 10 这样的数，实为 {written!r}",
                f"expected a number such as 40%, 1/3 or 10, found {written!r}",
            )
        )
    return Fraction(number) / (100 if percent else 1)
