"""A synthetic national ledger: codes of the real shape, figures from a seeded generator.

The real frame (division codes of 2023) has 31 provinces, 342 cities, 2 978
counties, some 41 000 streets and 620 573 villages and communities. Smaller
sizes have as many of each in proportion, so that every size has the same shape.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from questions import MARK, NOT_APPLICABLE

from sanlian_analysis import schema
from sanlian_analysis.codes import published_names
from sanlian_analysis.frame import complete_frame
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.schema import COMMUNITIES, COUNTIES, SCORES

UNITS, STREET_COUNT, COUNTY_COUNT = 620_573, 41_000, 2_978

#: Three year's ends per policy, the dated milestones of the document among them.
DATES = {
    "yuncheng-2019": [dt.date(year, 12, 31) for year in (2019, 2020, 2021)],
    "liaoning-2021": [dt.date(year, 12, 31) for year in (2021, 2022, 2023)],
}

#: Shares of blank cells, absent rows, stated settlements, and settlements unlike the name.
BLANK, ABSENT, STATED, RESTATED = 0.05, 0.015, 0.9, 0.01
#: Typical figures; 8 where nothing is said.
TYPICAL = {
    **{"households": 600, "population": 1700, "venue_area": 450, "social_workers": 1.2},
    **{"orgs": 5, "members": 6, "certified_members": 3, "purchase": 1.5},
    **{"backbone": 60, "backbone_trained": 45, "brand_orgs": 1, "brand_projects": 2},
}
SYLLABLES = np.array(list("张王李赵刘陈杨黄周吴东西南北上下大小新和平安"))
TABLES = ("frame", "communities", "streets", "counties", "scores")


def ledger(policy_id: str, units: int = UNITS, seed: int = 1) -> Ledger:
    """A ledger with a frame and every variable that the policy asks for."""
    rng = np.random.default_rng(seed)
    needed = variables_needed(load_policy(policy_id))
    frame, dates = _frame(units, rng), DATES[policy_id]
    counties = frame.drop_duplicates("county_code", ignore_index=True)[["county_code", "county"]]
    names = ["code", "name", "street_code", "street", "county_code", "county", "settlement"]
    communities = [_community_rows(frame[names], needed[COMMUNITIES], d, rng) for d in dates]
    scores = [_rows(frame[["code", "name"]], SCORES, needed.get(SCORES, []), d, rng) for d in dates]
    county = [_rows(counties, COUNTIES, needed.get(COUNTIES, []), d, rng) for d in dates]
    return Ledger(
        path="national",
        dates=dates,
        communities=pd.concat(communities, ignore_index=True),
        streets=_nothing("street_code"),
        counties=pd.concat(county, ignore_index=True)
        if COUNTIES in needed
        else _nothing("county_code"),
        scores=pd.concat(scores, ignore_index=True) if SCORES in needed else _nothing("code"),
        frame=frame,
        findings=(),
        simulated=True,
        sha256="",
    )


def write(made: Ledger, folder: Path) -> None:
    """One Parquet file per table."""
    for name in TABLES:
        getattr(made, name).to_parquet(folder / f"{name}.parquet", index=False)


def read(folder: Path) -> Ledger:
    """The ledger again, with the types of `read_ledger`."""
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    for name in TABLES[1:]:
        tables[name]["date"] = tables[name]["date"].astype("datetime64[s]")
    dates = sorted(stamp.date() for stamp in tables["communities"]["date"].unique())
    return Ledger(path="national", dates=dates, **tables, findings=(), simulated=True, sha256="")


def size(made: Ledger) -> int:
    """Bytes of all its tables, the frame too."""
    return sum(int(getattr(made, name).memory_usage(deep=True).sum()) for name in TABLES)


def _frame(units: int, rng: np.random.Generator) -> pd.DataFrame:
    part = units / UNITS
    cities = sorted(code for code in published_names() if len(code) == 4)
    cities = sorted(rng.permutation(cities)[: max(1, round(len(cities) * part))])
    counties = _below(np.array(cities), max(len(cities), round(COUNTY_COUNT * part)), 2, rng)
    streets = _below(counties, max(len(counties), round(STREET_COUNT * part)), 3, rng)
    codes = pd.Series(_below(streets, units, 3, rng), dtype="str")
    kind = rng.choice(3, units, p=[0.19, 0.8, 0.01])
    ends = np.array(["社区居委会", "村委会", "管理区"], dtype=object)[kind]
    first, second = SYLLABLES[rng.integers(len(SYLLABLES), size=(2, units))].astype(object)
    table = pd.DataFrame({"code": codes, "name": pd.Series(first + second + ends, dtype="str")})
    table["street"] = ("第" + codes.str[6:9] + "街道").astype("str")
    table["county"] = ("第" + codes.str[2:6] + "县").astype("str")
    return complete_frame(table)


def _below(heads: np.ndarray, total: int, digits: int, rng: np.random.Generator) -> np.ndarray:
    """Codes one level down: `total` of them, at least one for each head, unevenly spread."""
    weight = rng.lognormal(sigma=0.5, size=len(heads))
    counts = 1 + rng.multinomial(total - len(heads), weight / weight.sum())
    number = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    assert number.max() < 10**digits
    tails = np.char.zfill(number.astype(str), digits)
    return np.char.add(np.repeat(heads.astype(str), counts), tails)


def _community_rows(
    units: pd.DataFrame, ids: list[str], date: dt.date, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows of 社区: some units have none, some state a settlement, a few another than the name."""
    table = _rows(units, COMMUNITIES, ids, date, rng)
    stated = table["settlement"].where(rng.random(len(table)) < STATED)
    restated = rng.random(len(table)) < RESTATED
    table["settlement"] = stated.mask(restated & stated.notna().to_numpy(), "urban")
    return table[rng.random(len(table)) >= ABSENT]


def _rows(
    identity: pd.DataFrame, sheet: str, ids: list[str], date: dt.date, rng: np.random.Generator
) -> pd.DataFrame:
    table = identity.copy()
    table["date"] = pd.Series(pd.Timestamp(date), index=table.index, dtype="datetime64[s]")
    for id_ in ids:
        out = rng.random(len(table)) < NOT_APPLICABLE.get(id_, 0)
        blank = out | (rng.random(len(table)) < BLANK)
        table[id_] = _drawn(schema.sheet(sheet)[id_], date, len(table), rng).mask(blank)
        if id_ in NOT_APPLICABLE:
            table[id_ + MARK] = out
    return _parts_within_wholes(table, sheet)


def _drawn(
    variable: schema.Variable, date: dt.date, size_: int, rng: np.random.Generator
) -> pd.Series:
    """Plausible figures, a little higher every year."""
    years = date.year - 2018
    if variable.type == "yesno":
        return pd.Series(rng.random(size_) < min(0.95, 0.3 + 0.1 * years), dtype="boolean")
    if variable.maximum is not None:
        steps = 1 if variable.type == "count" else 2
        figures = rng.binomial(steps * variable.maximum, 0.93, size_) / steps
    else:
        mean = TYPICAL.get(variable.id, 8) * (1 + 0.1 * years)
        figures = (
            rng.poisson(mean, size_)
            if variable.type == "count"
            else (np.round(rng.exponential(mean, size_), 1))
        )
    return pd.Series(figures).astype("Int64" if variable.type == "count" else "Float64")


def _parts_within_wholes(table: pd.DataFrame, sheet: str) -> pd.DataFrame:
    """As `read_ledger` leaves it: a part above its whole is unknown."""
    for id_, variable in schema.sheet(sheet).items():
        if id_ in table and variable.at_most in table:
            table[id_] = table[id_].mask((table[id_] > table[variable.at_most]).fillna(False))
    return table


@cache
def _nothing(key: str) -> pd.DataFrame:
    return pd.DataFrame({key: pd.Series(dtype="str"), "date": pd.Series(dtype="datetime64[s]")})
