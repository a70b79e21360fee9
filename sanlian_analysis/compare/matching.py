"""Units of two dates: which is the same under another code or name, which came and which went."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import snapshots
from sanlian_analysis.language import say
from sanlian_analysis.layout import plain_title
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.snapshot import take_snapshot

#: What became of a unit, in the order in which they are told.
KEPT, RENAMED, RECODED, APPEARED, VANISHED = "kept", "renamed", "recoded", "appeared", "vanished"
KINDS = (KEPT, RENAMED, RECODED, APPEARED, VANISHED)

#: Columns of the table of matches, in order.
COLUMNS = [
    *("kind", "code_earlier", "name_earlier", "settlement_earlier"),
    *("code_later", "name_later", "settlement_later", "reason"),
]

#: Endings that say what kind of unit it is, longest first; what is before them is its own name.
_ENDINGS = (
    *("社区居民委员会", "村民委员会", "居民委员会", "社区居委会", "居委会", "村委会"),
    *("社区", "嘎查", "村"),
)

Places = npt.NDArray[np.intp]


def match_units(
    ledger: Ledger, earlier: dt.date | str, later: dt.date | str, area: str = ""
) -> pd.DataFrame:
    """Which village or community of one snapshot is which of a later one.

    With a frame the same units exist at every date, and all are `kept`. Without
    one the units with a row at a date exist at that date (rulebook, rule 1),
    so that a report left out looks like a unit that vanished: the reason says so.
    Units are matched in this order, each at most once:

    1. same code and same name, or a name that one date leaves blank: `kept`;
    2. same name in the same street, borne by one unit there at each date: `recoded`;
    3. same code, another name: `renamed`;
    4. same name in the same county, borne by one unit there at each date: `recoded`.

    All others `appeared` or `vanished`. Spaces and full-width forms do not make
    another name; 甲村 and 甲社区 are two names, and the reason points at such a pair.

    `area`: a code prefix; units that lie in it at either date are listed.
    Returns one row per unit, by code: `kind`; `code_earlier`, `name_earlier`,
    `settlement_earlier` and the same three `_later` (empty at the date at which
    it is not there); `reason` in the language in force, empty where code and
    name agree. Raises SanlianError for dates that are no snapshots or stand in
    the wrong order.
    """
    first, last = ordered(ledger, earlier, later)
    then, now = (take_snapshot(ledger, date).communities for date in (first, last))
    return match_table(same_units(ledger, then, now), then, now, (first, last), area)


def match_table(
    pairs: Pairs,
    then: pd.DataFrame,
    now: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    area: str = "",
) -> pd.DataFrame:
    """The table of `match_units`, of units that are matched already."""
    table = _table(pairs, then, now, *dates)
    inside = table["code_earlier"].str.startswith(area) | table["code_later"].str.startswith(area)
    return table[inside.fillna(False).to_numpy(dtype=bool)].reset_index(drop=True)


def ordered(
    ledger: Ledger, earlier: dt.date | str, later: dt.date | str
) -> tuple[dt.date, dt.date]:
    """Two snapshots of the ledger, the second after the first."""
    [first], [last] = snapshots(ledger, earlier), snapshots(ledger, later)
    if first >= last:
        raise SanlianError(
            say(
                f"比较两个时点：{first} 应早于 {last}；请把较早的写在前面",
                f"two snapshots to compare: {first} must be before {last}; put the earlier first",
            )
        )
    return first, last


@dataclass(frozen=True)
class Pairs:
    """For every earlier unit the position of the same later one, -1 for none, and what it is.

    `constant`: the units of both dates are one list. `names`: those of the two
    dates without spaces and full-width forms, where they had to be compared.
    """

    partner: Places
    kind: npt.NDArray[np.object_]
    constant: bool
    names: tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]] | None = None

    def back(self, size: int) -> Places:
        """The same from the later units' side: positions of the earlier ones."""
        found = np.full(size, -1, dtype=np.intp)
        there = self.partner >= 0
        found[self.partner[there]] = np.flatnonzero(there)
        return found


def same_units(ledger: Ledger, then: pd.DataFrame, now: pd.DataFrame) -> Pairs:
    """The communities of two snapshots of one ledger, matched."""
    if ledger.frame is not None:
        return Pairs(np.arange(len(then)), np.full(len(then), KEPT, dtype=object), constant=True)
    return matched(then, now, "code", "name", ("street_code", "county_code"))


def matched(
    then: pd.DataFrame, now: pd.DataFrame, code: str, name: str, places: tuple[str, ...]
) -> Pairs:
    """Match two tables of units by code and name, as `match_units` says.

    `places`: the columns within which a name may be borne by one unit alone,
    narrowest first; the first one goes before a code that bears another name.
    """
    if then[[code, name]].equals(now[[code, name]]):  # nothing to match by name
        kept = np.full(len(then), KEPT, dtype=object)
        return Pairs(np.arange(len(then)), kept, constant=False)
    making = _Making.of(_plain(then[name]), _plain(now[name]))
    by_code = _unique_places(then[code], now[code])
    there = by_code >= 0
    names = making.later[by_code]
    agree = there & ((making.earlier == names) | (making.earlier == "") | (names == ""))
    making.take(np.where(agree, by_code, -1), KEPT)
    making.take(_by_name(making, then, now, places[0]), RECODED)
    making.take(by_code, RENAMED)
    for place in places[1:]:
        making.take(_by_name(making, then, now, place), RECODED)
    return Pairs(making.partner, making.kind, False, (making.earlier, making.later))


@dataclass(frozen=True)
class _Making:
    """Matches so far, and the plain names of both dates."""

    earlier: npt.NDArray[np.object_]
    later: npt.NDArray[np.object_]
    partner: Places
    kind: npt.NDArray[np.object_]
    taken: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, earlier: npt.NDArray[np.object_], later: npt.NDArray[np.object_]) -> _Making:
        nobody = np.full(len(earlier), -1, dtype=np.intp)
        kinds = np.full(len(earlier), VANISHED, dtype=object)
        return cls(earlier, later, nobody, kinds, np.zeros(len(later), dtype=bool))

    def take(self, candidates: Places, kind: str) -> None:
        """Match the units whose candidate nobody has taken yet."""
        free = (candidates >= 0) & (self.partner < 0) & ~self.taken[candidates]
        self.partner[free], self.kind[free] = candidates[free], kind
        self.taken[candidates[free]] = True


def _plain(names: pd.Series) -> npt.NDArray[np.object_]:
    """Names without spaces and full-width forms, each worked out once; "" for none."""
    plain = {name: plain_title(name) for name in names.dropna().unique()}
    return np.array([plain.get(name, "") for name in names], dtype=object)


def _by_name(making: _Making, then: pd.DataFrame, now: pd.DataFrame, place: str) -> Places:
    """The later unit of the same name in the same place, where each date has just one."""
    keys = [
        pd.Series(np.where(names == "", None, units[place].to_numpy(dtype=object) + "\n" + names))
        for names, units in ((making.earlier, then), (making.later, now))
    ]
    return _unique_places(*keys)


def _unique_places(keys: pd.Series, others: pd.Series) -> Places:
    """Where each key stands among the others; -1 where it is not there once on both sides."""
    single = ~others.duplicated(keep=False) & others.notna()
    own = ~keys.duplicated(keep=False) & keys.notna()
    index = pd.Index(others[single])
    found = index.get_indexer(pd.Index(keys)) if len(index) else np.full(len(keys), -1)
    places = np.append(np.flatnonzero(single), -1)[found]
    return np.where(own, places, -1).astype(np.intp)


def _table(
    pairs: Pairs, then: pd.DataFrame, now: pd.DataFrame, first: dt.date, last: dt.date
) -> pd.DataFrame:
    """All units of both dates, those that appeared after the others, then by code."""
    new = np.setdiff1d(np.arange(len(now)), pairs.partner)
    ones = np.append(np.arange(len(then)), np.full(len(new), -1)).astype(np.intp)
    others = np.append(pairs.partner, new).astype(np.intp)
    columns: dict[str, object] = {
        "kind": np.append(pairs.kind, np.full(len(new), APPEARED, dtype=object))
    }
    for when, units, places in (("earlier", then, ones), ("later", now, others)):
        for column in ("code", "name", "settlement"):
            values = units[column].astype("str").array
            columns[f"{column}_{when}"] = values.take(places, allow_fill=True)
    if pairs.names is not None:
        columns["plain_earlier"] = np.append(pairs.names[0], "")[ones]
        columns["plain_later"] = np.append(pairs.names[1], "")[others]
    table = pd.DataFrame(columns)
    table["kind"] = table["kind"].astype("str")
    table["reason"] = _reasons(table, first, last)
    by_code = table["code_earlier"].fillna(table["code_later"])
    return table.iloc[np.argsort(by_code.to_numpy(), kind="stable")][COLUMNS]


def _reasons(table: pd.DataFrame, first: dt.date, last: dt.date) -> pd.Series:
    reasons = pd.Series("", index=table.index, dtype="str")
    blank = table["name_earlier"].isna() | table["name_later"].isna()
    reasons[(table["kind"] == KEPT) & blank] = say(
        "代码相同；有一个时点没有填名称", "same code; one date does not state the name"
    )
    reasons[table["kind"] == RENAMED] = say("代码相同，名称不同", "same code, another name")
    within = table["code_earlier"].str[:9] == table["code_later"].str[:9]
    recoded = table["kind"] == RECODED
    reasons[recoded & within] = say(
        "同一街道（乡镇）内唯一的同名单位，代码不同",
        "the one unit of this name in the street, under another code",
    )
    reasons[recoded & ~within] = say(
        "同一县内唯一的同名单位，街道（乡镇）和代码不同",
        "the one unit of this name in the county, in another street under another code",
    )
    for own, other, date in (("earlier", "later", last), ("later", "earlier", first)):
        alone = table[f"code_{other}"].isna()
        if alone.any():
            texts = _unmatched(table, alone, own, other, date)
            reasons[alone] = np.array(texts, dtype=object)
    return reasons


def _unmatched(
    table: pd.DataFrame, alone: pd.Series, own: str, other: str, date: dt.date
) -> list[str]:
    """Why a unit of one date has no counterpart at the other."""
    there = table[table[f"code_{other}"].notna()]
    bearers = dict(zip(there[f"code_{other}"], there[f"name_{other}"], strict=True))
    often = Counter(zip(there[f"code_{other}"].str[:6], there[f"plain_{other}"], strict=True))
    near: dict[str, list[str]] = {}
    for code, name, plain in _units(there[there[f"code_{own}"].isna()], other):
        near.setdefault(_stem(code, plain), []).append(f"{code} {name}")
    found = []
    for code, _, plain in _units(table[alone], own):
        parts = [
            say(
                f"{date} 没有相应单位；没有名录，分不清是撤并、新设还是漏报",
                f"no such unit at {date}; without a frame, a merger, a new unit and a missing "
                "report look the same",
            )
        ]
        if isinstance(bearer := bearers.get(code), str):
            parts.append(say(f"代码为 {bearer} 所用", f"its code is that of {bearer}"))
        if plain and (times := often[code[:6], plain]):
            parts.append(
                say(
                    f"同县有同名单位，但不是一一对应（{times} 个）",
                    f"units of its name in the county, but not one to one ({times})",
                )
            )
        if plain and len(alike := near.get(_stem(code, plain), [])) == 1:
            parts.append(
                say(
                    f"同街道（乡镇）{alike[0]} 名称相近，请核对",
                    f"compare {alike[0]} in the street",
                )
            )
        found.append(say("；", "; ").join(parts))
    return found


def _units(table: pd.DataFrame, when: str) -> Iterator[tuple[str, str, str]]:
    """Code, name and plain name of every row."""
    return zip(*(table[f"{column}_{when}"] for column in ("code", "name", "plain")), strict=True)


def _stem(code: str, plain: str) -> str:
    """Street and own name of a unit, without the word for its kind."""
    for ending in _ENDINGS:
        if plain.endswith(ending):
            return f"{code[:9]}{plain.removesuffix(ending)}"
    return f"{code[:9]}{plain}"
