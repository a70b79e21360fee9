"""Reading policies from TOML: what keys there are, and the policy that they make."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from sanlian_analysis.codes import level_of
from sanlian_analysis.columns import vocabulary
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.expressions import Expression, Kind
from sanlian_analysis.language import did_you_mean, listed, say
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
from sanlian_analysis.policy_table import Source, Table, exact_threshold
from sanlian_analysis.schema import UNIT_SHEETS

# exact_threshold: assumptions, too, are written as thresholds are
__all__ = ["POLICY_IDS", "exact_threshold", "load_policy"]

#: The keys that each measure takes for its formula.
_FORMULA_KEYS = {
    "share": {"condition"},
    "mean": {"value"},
    "ratio": {"part", "whole", "scale"},
    "total": {"value"},
    "band": {"value", "floor", "ceiling"},
    "growth": {"value"},
    "score": {"value", "at_least", "below"},
}
_SETTLEMENTS = ("urban", "rural")
_LEVELS = ("county", "city", "province", "none")
_POLICY_KEYS = (
    *("id", "title", "title_en", "short", "short_en", "number", "issuer", "issuer_en", "issued"),
    *("note", "note_en", "area", "parameters", "target", "exception"),
)
_EXCEPTION_KEYS = ("clause", "sentence", "reason", "reason_en")
_AREA_KEYS = ("code", "name", "excluded")
_PARAMETER_KEYS = ("name", "name_en", "unit", "default", "by_area", "at_least")
#: Keys of a target that its other readings can set anew, together with those of the formula.
_CALCULATION_KEYS = ("settlement", "where", "nonzero", "measure")
_TARGET_KEYS = (
    *("id", "name", "name_en", "clause", "sentence", "note", "note_en"),
    *("theme", "unit", "level", "milestones", "standing", "encouraged", "reading"),
    *_CALCULATION_KEYS,
)
_READING_KEYS = ("id", "name", "name_en", "threshold", "from", "standards", *_CALCULATION_KEYS)
_MILESTONE_KEYS = ("due", "threshold", "clause", "sentence")

#: Where the built-in documents stand, and their ids.
_BUILT_IN = resources.files(__package__) / "policies"
POLICY_IDS = ("yuncheng-2019", "changzhou-2018", "yangquan-2015", "lishui-2018", "liaoning-2021")


def load_policy(policy: Policy | str | Path) -> Policy:
    """Load a built-in policy by id, or a policy file by path (`.toml`); a policy is itself.

    Raises SanlianError when there is no such policy, or when the file has an
    unknown key, a duplicate id, a variable that the ledger does not know, or a
    value of the wrong kind; the message names file, line, target, key and mend.
    """
    if isinstance(policy, Policy):
        return policy
    if policy in POLICY_IDS:
        file = f"{policy}.toml"
        return _read((_BUILT_IN / file).read_bytes(), file)
    path = Path(policy)
    if path.suffix != ".toml":
        raise _no_such_policy(str(policy))
    try:
        return _read(path.read_bytes(), str(path))
    except OSError as error:
        raise SanlianError(
            say(f"{path}：读不出政策文件（{error.strerror}）", f"{path}: {error.strerror}")
        ) from None


def _no_such_policy(policy: str) -> SanlianError:
    hint = did_you_mean(policy, POLICY_IDS)
    return SanlianError(
        say(
            f"没有政策 {policy!r}{hint}；可用：{listed(POLICY_IDS)}，或 .toml 政策文件的路径",
            f"no policy {policy!r}{hint}; use one of {listed(POLICY_IDS)}, "
            "or the path of a .toml policy file",
        )
    )


def _read(data: bytes, file: str) -> Policy:
    """The policy of a file's bytes; `file` is what messages call it."""
    try:
        text = data.decode("utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SanlianError(
            say(f"{file}：不是正确的 TOML（{error}）", f"{file}: not valid TOML ({error})")
        ) from None
    table = Table(Source(file, text), content, (), "", _POLICY_KEYS)
    return _policy(table, hashlib.sha256(data).hexdigest())


def _policy(table: Table, sha256: str) -> Policy:
    """The policy of the table that is the whole file."""
    area = table.below(("area",), "[area]", table.take("area", dict), _AREA_KEYS)
    code = area.text("code")
    if level_of(code) not in ("county", "city", "province"):
        raise area.error("code", say("应为 2、4 或 6 位代码", "use a code of 2, 4 or 6 digits"))
    parameters = _parameters(table)
    targets = _targets(table, [parameter.id for parameter in parameters])
    title, title_en = table.both_languages("title")
    issuer, issuer_en = table.both_languages("issuer")
    id_ = table.text("id")
    note, note_en = table.both_languages("note", "")
    return Policy(
        id=id_,
        title=title,
        title_en=title_en,
        short=table.text("short", id_),  # and not from short to short_en: it is Chinese
        short_en=table.text("short_en", id_),
        number=table.text("number", ""),
        issuer=issuer,
        issuer_en=issuer_en,
        issued=table.take("issued", dt.date),
        area_code=code,
        area_name=area.text("name"),
        excluded=area.texts("excluded"),
        note=note,
        note_en=note_en,
        parameters=parameters,
        targets=targets,
        exemptions=_exemptions(table),
        sha256=sha256,
    )


def _exemptions(policy: Table) -> tuple[Exemption, ...]:
    """The sentences with a number that are the source of no target: [[exception]]."""
    read = []
    for n, data in enumerate(policy.take("exception", list, [])):
        name = f"[[exception]] {_given(data, 'clause') or '?'}"
        table = policy.below(("exception", n), name, data, _EXCEPTION_KEYS)
        reason, reason_en = table.both_languages("reason")
        read.append(Exemption(table.text("clause"), table.text("sentence"), reason, reason_en))
    return tuple(read)


def _given(data: Any, key: str) -> Any:
    """What a table that is not yet checked gives for a key; None when it gives nothing."""
    return data.get(key) if isinstance(data, dict) else None


def _refuse_repeated(
    table: Table, key: str, name: str, ids: list[Any], taken: tuple[str, ...] = ()
) -> None:
    """Refuse an id of the list `key` that is taken, or that an earlier entry has."""
    for n, id_ in enumerate(ids):
        if id_ in (*taken, *ids[:n]):
            raise table.error_at(
                (key, n, "id"),
                f"{name}id = {id_!r}",
                say("重复的 id，请改名", "this id is used twice, rename one"),
            )


def _parameters(policy: Table) -> tuple[Parameter, ...]:
    """The numbers that depend on the area, [parameters.*]; a bound can name earlier ones."""
    read: list[Parameter] = []
    for id_, data in policy.take("parameters", dict, {}).items():
        place = ("parameters", id_)
        table = policy.below(place, f"[parameters.{id_}]", data, _PARAMETER_KEYS)
        given = table.take("by_area", dict, {})
        areas = table.below(("by_area",), "by_area", given, given)
        by_area = tuple((code, areas.needed_fraction(code)) for code in given)
        words: dict[str, Kind] = {parameter.id: "number" for parameter in read}
        name, name_en = table.both_languages("name")
        read.append(
            Parameter(
                id=id_,
                name=name,
                name_en=name_en,
                unit=table.text("unit", ""),
                default=table.fraction("default"),
                by_area=by_area,
                at_least=table.expression("at_least", words, "number"),
            )
        )
    return tuple(read)


def _targets(policy: Table, parameters: list[str]) -> tuple[Target, ...]:
    """The targets, [[target]]; `parameters`: ids that their expressions can name."""
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


def _target(table: Table, parameters: list[str], ids: list[Any]) -> Target:
    """One target; `ids`: those of all targets, which a reading can name as its standards."""
    unit = table.one_of("unit", UNIT_SHEETS)
    words = vocabulary(unit, parameters)
    name, name_en = table.both_languages("name")
    primary = _reading(table, "primary", name, name_en, unit, words)
    others = _other_readings(table, unit, words, [str(id_) for id_ in ids])
    note, note_en = table.both_languages("note", "")
    return Target(
        id=table.text("id"),
        name=name,
        name_en=name_en,
        theme=table.one_of("theme", THEMES),
        unit=unit,
        level=table.one_of("level", _LEVELS),
        milestones=_milestones(table),
        clause=table.text("clause"),
        sentence=table.text("sentence"),
        note=note,
        note_en=note_en,
        readings=(primary, *others),
        encouraged=table.fraction("encouraged"),
    )


def _other_readings(
    target: Table, unit: str, words: Mapping[str, Kind], ids: list[str]
) -> list[Reading]:
    """The readings beside the primary one; each takes over what it does not say itself."""
    read: list[Reading] = []
    for n, data in enumerate(target.take("reading", list, [])):
        place, title = ("reading", n), f"[[target.reading]] {_given(data, 'id') or '?'}"
        measure = str(_given(data, "measure") or target.data.get("measure"))
        own = target.below(place, title, data, (*_READING_KEYS, *_formula_keys(measure)))
        standards = own.texts("standards", ids)
        both = {**target.data, **own.data}
        merged = target.below(place, title, both, both)  # the keys of each are checked already
        name, name_en = own.both_languages("name")
        read.append(
            replace(
                _reading(merged, own.text("id"), name, name_en, unit, words),
                threshold=own.fraction("threshold"),
                since=own.take("from", dt.date, None),
                standards=standards,
            )
        )
    _refuse_repeated(target, "reading", "", [reading.id for reading in read], taken=("primary",))
    return read


def _milestones(target: Table) -> tuple[Milestone, ...]:
    """The thresholds of a target in the order of their dates; one without a date if it stands."""
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
        threshold = table.needed_fraction("threshold")
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
    table: Table, id_: str, name: str, name_en: str, unit: str, words: Mapping[str, Kind]
) -> Reading:
    """How a target is computed: by its own table, or by one merged from it for another reading."""
    measure = table.one_of("measure", _FORMULA_KEYS)
    settlement = table.texts("settlement", _SETTLEMENTS)
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
        settlement=frozenset(settlement or _SETTLEMENTS),
        where=table.expression("where", words, "truth"),
        nonzero=table.expression("nonzero", words, "number"),
        measure=measure,
        formula=_formula(table, measure, words),
        threshold=None,
        since=None,
        standards=(),
    )


def _formula(table: Table, measure: str, words: Mapping[str, Kind]) -> Formula:
    """The formula of a known measure, whose keys are those of `_FORMULA_KEYS`."""

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
