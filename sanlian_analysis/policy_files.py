"""Reading policies from TOML, with one helpful message for whatever is wrong in them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Any

from sanlian_analysis.codes import level_of
from sanlian_analysis.columns import vocabulary
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import Expression, ExpressionError, Kind, check, node_name, parse
from sanlian_analysis.language import say
from sanlian_analysis.policy import (
    THEMES,
    Band,
    Exemption,
    Formula,
    Growth,
    Mean,
    Milestone,
    Parameter,
    Policy,
    Ratio,
    Reading,
    Score,
    Share,
    Target,
    Total,
)
from sanlian_analysis.schema import UNIT_SHEETS

#: The built-in documents.
POLICY_IDS = ("yuncheng-2019", "changzhou-2018", "yangquan-2015", "lishui-2018", "liaoning-2021")

_FORMULA_KEYS = {
    "share": {"condition"},
    "mean": {"value"},
    "ratio": {"part", "whole", "scale"},
    "total": {"value"},
    "band": {"value", "floor", "ceiling"},
    "growth": {"value"},
    "score": {"value", "at_least", "below"},
}
_LEVELS = ("county", "city", "province", "none")
_TEXT_KEYS = ("id", "name", "name_en", "clause", "sentence", "note", "note_en")
_POLICY_KEYS = (
    *("id", "title", "title_en", "short", "short_en", "number", "issuer", "issuer_en", "issued"),
    *("note", "note_en", "area", "parameters", "target", "exception"),
)
_EXCEPTION_KEYS = ("clause", "sentence", "reason", "reason_en")
_AREA_KEYS = ("code", "name", "excluded")
_PARAMETER_KEYS = ("name", "name_en", "unit", "default", "by_area", "at_least")
_CALCULATION_KEYS = ("settlement", "where", "nonzero", "measure")
_TARGET_KEYS = (
    *_TEXT_KEYS,
    *("theme", "unit", "level", "milestones", "standing", "reading"),
    *_CALCULATION_KEYS,
)
_READING_KEYS = ("id", "name", "name_en", "threshold", "from", "standards", *_CALCULATION_KEYS)
_MILESTONE_KEYS = ("due", "threshold", "clause", "sentence")

#: Where something stands in a file: keys, and positions in lists. ``("target", 2, "unit")``
#: is the key `unit` of the third [[target]]; () is the file itself.
Place = tuple[str | int, ...]


def load_policy(policy: str | Path) -> Policy:
    """Load a built-in policy by id, or a policy file by path (`.toml`).

    Raises SanlianError when there is no such policy, or when the file has an
    unknown key, a duplicate id, a variable that the ledger does not know, or a
    value of the wrong kind; the message names file, line, target, key and mend.
    """
    if policy in POLICY_IDS:
        source = resources.files(__package__) / "policies" / f"{policy}.toml"
        return _read(source.read_bytes(), f"{policy}.toml")
    path = Path(policy)
    if path.suffix != ".toml":
        nearest = get_close_matches(str(policy), POLICY_IDS, n=1)
        hint = say(f"是否想写 {nearest[0]}？", f"did you mean {nearest[0]}? ") if nearest else ""
        raise SanlianError(
            say(
                f"没有政策 {str(policy)!r}；{hint}可用：{'、'.join(POLICY_IDS)}，或 .toml 政策文件的路径",
                f"no policy {str(policy)!r}; {hint}use one of {', '.join(POLICY_IDS)}, "
                "or the path of a .toml policy file",
            )
        )
    try:
        return _read(path.read_bytes(), str(path))
    except OSError as error:
        raise SanlianError(
            say(f"{path}：读不出政策文件（{error.strerror}）", f"{path}: {error.strerror}")
        ) from None


def _lines(text: str) -> dict[Place, int]:
    r"""The line of every table, key and list entry of a TOML text that is known to be valid.

    >>> found = _lines("id = 'a'\n[[target]]\n\n[[target]]\nunit = 'street'")
    >>> found["target", 1], found["target", 1, "unit"]
    (4, 5)
    """
    found: dict[Place, int] = {(): 1}
    table: Place = ()
    for first, statement, content in _statements(text):
        if statement.lstrip().startswith("["):
            table = _opened(content, found)
            for depth in range(len(table)):
                found.setdefault(table[: depth + 1], first)
            continue
        entries = _entry_lines(statement, first)
        for place in _places(content):
            entry = place[1] if len(place) > 1 else None
            found.setdefault((*table, *place), entries.get(entry, first))
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Every header and every `key = value`, with its first line and what it holds by itself.

    tomllib tells no positions. But each statement is a TOML document of its own,
    so lines are gathered until they parse: no second grammar that could differ.
    """
    first, held = 1, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        held += line + "\n"
        with suppress(tomllib.TOMLDecodeError):
            yield first, held, tomllib.loads(held)
            first, held = number + 1, ""


def _opened(header: Any, found: Mapping[Place, int]) -> Place:
    """The table that a header opens; inside a list of tables it is in the last one so far."""
    place: Place = ()
    while header:
        if isinstance(header, list):
            return (*place, _length(place, found))
        if length := _length(place, found):
            place = (*place, length - 1)
        ((key, header),) = header.items()
        place = (*place, key)
    return place


def _length(place: Place, found: Mapping[Place, int]) -> int:
    """How many entries of the list at a place have been found."""
    return next(n for n in count() if (*place, n) not in found)


def _entry_lines(statement: str, first: int) -> dict[str | int | None, int]:
    """For a list over several lines: the line on which each of its entries ends."""
    lines: dict[str | int | None, int] = {}
    held = ""
    for number, line in enumerate(statement.rstrip().split("\n"), first):
        held += line + "\n"
        for end in ("]", ""):
            with suppress(tomllib.TOMLDecodeError):
                for value in tomllib.loads(held + end).values():
                    entries = len(value) if isinstance(value, list) else 0
                    lines |= dict.fromkeys(range(len(lines), entries), number)
    return lines


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of everything inside a value."""
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, part in inside:
        yield (*place, key)
        yield from _places(part, (*place, key))


@dataclass(frozen=True)
class _Source:
    """A policy file as it was written, to say on which line something stands."""

    file: str
    text: str

    @cached_property
    def lines(self) -> dict[Place, int]:
        return _lines(self.text)  # looked up only once something is wrong

    def where(self, place: Place) -> str:
        """File and line of a place; for what is missing, of the table where it should be."""
        while place not in self.lines:
            place = place[:-1]
        line = self.lines[place]
        return say(f"{self.file} 第 {line} 行", f"{self.file} line {line}")


class _Table:
    """One table of a policy file: takes keys one by one, and knows where it stands."""

    def __init__(
        self, source: _Source, data: Any, place: Place, name: str, allowed: Iterable[str]
    ) -> None:
        self.source, self.place, self.name = source, place, name
        # Anything else that stands where a table should lacks all of its keys.
        self.data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        for key in self.data:
            if key not in set(allowed):
                nearest = get_close_matches(key, list(allowed), n=1)
                hints = [say(f"；是否想写 {n!r}？", f"; did you mean {n!r}?") for n in nearest]
                raise self.error(
                    key,
                    say("不认识这个键，请改正或删去", "unknown key, correct or delete it")
                    + "".join(hints),
                )

    def below(self, place: Place, name: str, data: Any, allowed: Iterable[str]) -> _Table:
        """A table inside this one; `name` is what messages call it."""
        return _Table(
            self.source, data, (*self.place, *place), f"{self.name} {name}".lstrip(), allowed
        )

    def error(self, key: str, message: str) -> SanlianError:
        return self.error_at((key,), repr(key), message)

    def error_at(self, place: Place, what: str, message: str) -> SanlianError:
        """An error about something at a place inside this table."""
        parts = (self.source.where((*self.place, *place)), self.name, what)
        return SanlianError(" ".join(filter(None, parts)) + say("：", ": ") + message)

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        if key not in self.data:
            if default is ...:
                raise self.error(key, say("缺少这个键，请补上", "this key is missing, add it"))
            return default
        value = self.data[key]
        if not isinstance(value, kind) or isinstance(value, bool | dt.datetime):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            wanted = " / ".join(k.__name__ for k in kinds)
            raise self.error(
                key,
                say(f"应为 {wanted}，实为 {value!r}", f"expected {wanted}, found {value!r}"),
            )
        return value

    def text(self, key: str, default: Any = ...) -> str:
        return str(self.take(key, str, default))

    def one_of(self, key: str, choices: Iterable[str], default: Any = ...) -> str:
        value = self.text(key, default)
        if value not in choices:
            there = say("、", ", ").join(choices)
            raise self.error(
                key,
                say(f"应为 {there} 之一，实为 {value!r}", f"use one of {there}; found {value!r}"),
            )
        return value

    def texts(self, key: str, choices: Iterable[str] | None = None) -> tuple[str, ...]:
        values = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str) or (choices is not None and value not in choices):
                there = say("、", ", ").join(choices or ())
                raise self.error(
                    key,
                    say(f"不能有 {value!r}；可用：{there}", f"{value!r} not allowed; use: {there}"),
                )
        return tuple(values)

    def fraction(self, key: str) -> Fraction | None:
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

    def expression(self, key: str, words: Mapping[str, Kind], kind: Kind) -> Expression | None:
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
    """A threshold as it is written: 40%, 1/3, 0.9 or 10, as an exact fraction."""
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


def _read(data: bytes, file: str) -> Policy:
    try:
        text = data.decode("utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SanlianError(
            say(f"{file}：不是正确的 TOML（{error}）", f"{file}: not valid TOML ({error})")
        ) from None
    table = _Table(_Source(file, text), content, (), "", _POLICY_KEYS)
    return _policy(table, hashlib.sha256(data).hexdigest())


def _policy(table: _Table, sha256: str) -> Policy:
    area = table.below(("area",), "[area]", table.take("area", dict), _AREA_KEYS)
    code = area.text("code")
    if level_of(code) not in ("county", "city", "province"):
        raise area.error("code", say("应为 2、4 或 6 位代码", "use a code of 2, 4 or 6 digits"))
    parameters = _parameters(table)
    targets = _targets(table, [parameter.id for parameter in parameters])
    title, issuer = table.text("title"), table.text("issuer")
    id_ = table.text("id")
    return Policy(
        id=id_,
        title=title,
        title_en=table.text("title_en", title),
        short=table.text("short", id_),
        short_en=table.text("short_en", id_),
        number=table.text("number", ""),
        issuer=issuer,
        issuer_en=table.text("issuer_en", issuer),
        issued=table.take("issued", dt.date),
        area_code=code,
        area_name=area.text("name"),
        excluded=area.texts("excluded"),
        note=table.text("note", ""),
        note_en=table.text("note_en", table.text("note", "")),
        parameters=parameters,
        targets=targets,
        exemptions=_exemptions(table),
        sha256=sha256,
    )


def _exemptions(policy: _Table) -> tuple[Exemption, ...]:
    read = []
    for n, data in enumerate(policy.take("exception", list, [])):
        name = f"[[exception]] {_given(data, 'clause') or '?'}"
        table = policy.below(("exception", n), name, data, _EXCEPTION_KEYS)
        reason = table.text("reason")
        reason_en = table.text("reason_en", reason)
        read.append(Exemption(table.text("clause"), table.text("sentence"), reason, reason_en))
    return tuple(read)


def _given(data: Any, key: str) -> Any:
    """What a table that is not yet checked gives for a key; None when it gives nothing."""
    return data.get(key) if isinstance(data, dict) else None


def _refuse_repeated(
    table: _Table, key: str, name: str, ids: list[Any], taken: tuple[str, ...] = ()
) -> None:
    """Refuse an id of the list `key` that is taken, or that an earlier entry has."""
    for n, id_ in enumerate(ids):
        if id_ in (*taken, *ids[:n]):
            raise table.error_at(
                (key, n, "id"),
                f"{name}id = {id_!r}",
                say("重复的 id，请改名", "this id is used twice, rename one"),
            )


def _parameters(policy: _Table) -> tuple[Parameter, ...]:
    read: list[Parameter] = []
    for id_, data in policy.take("parameters", dict, {}).items():
        place = ("parameters", id_)
        table = policy.below(place, f"[parameters.{id_}]", data, _PARAMETER_KEYS)
        given = table.take("by_area", dict, {})
        areas = table.below(("by_area",), "by_area", given, given)
        by_area = tuple((code, areas.fraction(code) or Fraction(0)) for code in given)
        words: dict[str, Kind] = {parameter.id: "number" for parameter in read}
        name = table.text("name")
        read.append(
            Parameter(
                id=id_,
                name=name,
                name_en=table.text("name_en", name),
                unit=table.text("unit", ""),
                default=table.fraction("default"),
                by_area=by_area,
                at_least=table.expression("at_least", words, "number"),
            )
        )
    return tuple(read)


def _targets(policy: _Table, parameters: list[str]) -> tuple[Target, ...]:
    given = policy.take("target", list)
    ids = [_given(data, "id") for data in given]
    read = []
    for n, data in enumerate(given):
        allowed = (*_TARGET_KEYS, *_formula_keys(str(_given(data, "measure"))))
        table = policy.below(("target", n), f"[[target]] {ids[n] or '?'}", data, allowed)
        read.append(_target(table, parameters, ids))
    _refuse_repeated(policy, "target", "[[target]] ", ids)
    return tuple(read)


def _formula_keys(measure: str) -> list[str]:
    """The keys of a measure; of all, when the measure itself is wrong and is to be named."""
    return sorted(_FORMULA_KEYS.get(measure, set().union(*_FORMULA_KEYS.values())))


def _target(table: _Table, parameters: list[str], ids: list[Any]) -> Target:
    unit = table.one_of("unit", UNIT_SHEETS)
    words = vocabulary(unit, parameters)
    name = table.text("name")
    primary = _reading(table, "primary", name, table.text("name_en", name), unit, words)
    others = _other_readings(table, unit, words, [str(id_) for id_ in ids])
    note = table.text("note", "")
    return Target(
        id=table.text("id"),
        name=name,
        name_en=table.text("name_en", name),
        theme=table.one_of("theme", THEMES),
        unit=unit,
        level=table.one_of("level", _LEVELS),
        milestones=_milestones(table),
        clause=table.text("clause"),
        sentence=table.text("sentence"),
        note=note,
        note_en=table.text("note_en", note),
        readings=(primary, *others),
    )


def _other_readings(
    target: _Table, unit: str, words: Mapping[str, Kind], ids: list[str]
) -> list[Reading]:
    """The readings beside the primary one; each takes over what it does not say itself."""
    read: list[Reading] = []
    for n, data in enumerate(target.take("reading", list, [])):
        place, title = ("reading", n), f"[[target.reading]] {_given(data, 'id') or '?'}"
        measure = str(_given(data, "measure") or target.data.get("measure"))
        own = target.below(place, title, data, (*_READING_KEYS, *_formula_keys(measure)))
        standards = own.texts("standards", ids)
        both = {**target.data, **own.data}
        merged = target.below(place, title, both, both)
        name = own.text("name")
        reading = _reading(merged, own.text("id"), name, own.text("name_en", name), unit, words)
        read.append(
            replace(
                reading,
                threshold=own.fraction("threshold"),
                since=own.take("from", dt.date, None),
                standards=standards,
            )
        )
    _refuse_repeated(target, "reading", "", [reading.id for reading in read], taken=("primary",))
    return read


def _milestones(target: _Table) -> tuple[Milestone, ...]:
    clause, sentence = target.text("clause"), target.text("sentence")
    standing = target.fraction("standing")
    dated = target.take("milestones", list, [])
    if standing is not None:
        if dated:
            raise target.error(
                "standing",
                say("与 milestones 只能留一个", "keep either this or milestones, not both"),
            )
        return (Milestone(None, standing, clause, sentence),)
    read = []
    for n, data in enumerate(dated):
        table = target.below(("milestones", n), "milestones", data, _MILESTONE_KEYS)
        threshold = table.fraction("threshold")
        if threshold is None:
            raise table.error("threshold", say("缺少这个键，请补上", "this key is missing, add it"))
        read.append(
            Milestone(
                table.take("due", dt.date),
                threshold,
                table.text("clause", clause),
                table.text("sentence", sentence),
            )
        )
    return tuple(sorted(read, key=lambda milestone: milestone.due or dt.date.min))


def _reading(
    table: _Table, id_: str, name: str, name_en: str, unit: str, words: Mapping[str, Kind]
) -> Reading:
    measure = table.one_of("measure", _FORMULA_KEYS)
    settlement = table.texts("settlement", ("urban", "rural"))
    if unit != "community":
        for key in ("settlement", "where"):
            if key in table.data:
                raise table.error(
                    key,
                    say(
                        '只能用于 unit = "community"，请删去',
                        'goes only with unit = "community", delete it',
                    ),
                )
    return Reading(
        id=id_,
        name=name,
        name_en=name_en,
        settlement=frozenset(settlement or ("urban", "rural")),
        where=table.expression("where", words, "truth"),
        nonzero=table.expression("nonzero", words, "number"),
        measure=measure,
        formula=_formula(table, measure, words),
        threshold=None,
        since=None,
        standards=(),
    )


def _formula(table: _Table, measure: str, words: Mapping[str, Kind]) -> Formula:
    def need(key: str, kind: Kind = "number") -> Expression:
        expression = table.expression(key, words, kind)
        if expression is None:
            raise table.error(
                key,
                say(
                    f"measure = {measure!r} 需要这个键，请补上",
                    f"measure = {measure!r} needs this key, add it",
                ),
            )
        return expression

    match measure:
        case "share":
            return Share(need("condition", "truth"))
        case "mean":
            return Mean(need("value"))
        case "ratio":
            scale = int(table.take("scale", int, 1))
            if scale < 1:
                raise table.error("scale", say("应为正整数", "expected a whole number above 0"))
            return Ratio(need("part"), need("whole"), scale)
        case "total":
            return Total(need("value"))
        case "band":
            return Band(need("value"), need("floor"), need("ceiling"))
        case "growth":
            return Growth(need("value"))
    return Score(need("value"), table.take("at_least", int), table.take("below", int, None))
