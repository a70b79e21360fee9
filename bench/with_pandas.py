"""The figures by pandas, the straightforward way: join, ask, group, sum.

Per snapshot the tables are merged; each question becomes three columns of yes
and no (nullable booleans carry the blanks); a groupby per level sums them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from questions import (
    FIGURES,
    KEYS,
    LEVELS,
    MARK,
    POINTS,
    Question,
    measured,
    questions,
    variables,
)

Figures = dict[str, pd.DataFrame]


def load(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables in memory."""
    names = ("frame", "communities", "scores", "counties")
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}


def evaluate(tables: dict[str, pd.DataFrame], policy: str) -> pd.DataFrame:
    """The figures of every snapshot."""
    dates = sorted(tables["communities"]["date"].unique())
    parts = []
    for previous, date in zip([None, *dates], dates, strict=False):
        units = _units(tables, date, previous)
        counties = _counties(tables, date)
        for question in questions(policy, date.date()):
            if question.unit == "community":
                found = _of_communities(units, question, previous)
            elif question.measure == "growth":
                found = _of_growing_counties(units, counties, question, previous)
            else:
                found = _of_counties(counties, question)
            parts += [_labelled(part, question, level, date) for level, part in found.items()]
    return _judged(pd.concat(parts, ignore_index=True))


def save(result: pd.DataFrame, path: Path) -> None:
    """The figures as Parquet, for the comparison."""
    result.to_parquet(path, index=False)


def _units(
    tables: dict[str, pd.DataFrame], date: pd.Timestamp, previous: pd.Timestamp | None
) -> pd.DataFrame:
    """Every unit of the frame with its row at the date, and its figures at the previous one."""
    communities, scores = tables["communities"], tables["scores"]
    names = measured(communities.columns)
    now = communities.loc[communities["date"] == date, ["code", "settlement", *names]]
    units = tables["frame"].merge(now, on="code", how="left", suffixes=("", "_stated"))
    units["settlement"] = units["settlement_stated"].fillna(units["settlement"])
    if previous is not None:
        then = communities.loc[communities["date"] == previous, ["code", *names]]
        then = then.rename(columns={name: f"before_{name}" for name in names})
        units = units.merge(then, on="code", how="left")
    if len(scores):
        items = ["code", *measured(scores.columns)]
        units = units.merge(scores.loc[scores["date"] == date, items], on="code", how="left")
    for mark in [name for name in units.columns if name.endswith(MARK)]:
        units[mark] = units[mark].astype("boolean").fillna(False).astype(bool)
    return units


def _of_communities(
    units: pd.DataFrame, question: Question, previous: pd.Timestamp | None
) -> Figures:
    in_scope, passes = _scope(units, question), _passes(units, question, previous)
    return _shares(units, in_scope, passes)


def _shares(units: pd.DataFrame, in_scope: pd.Series, passes: pd.Series) -> Figures:
    """Units that pass among those in scope, by the area codes that the table has."""
    answers = pd.DataFrame(
        {
            "numerator": in_scope & passes.fillna(False).astype(bool),
            "denominator": in_scope,
            "unknown": in_scope & passes.isna(),
        }
    )
    found = {}
    for level in LEVELS:
        if f"{level}_code" in units:
            sums = answers.groupby(units[f"{level}_code"]).sum()
            some = sums["denominator"] > 0
            sums["va"] = sums["la"] = sums["numerator"]
            sums["vb"] = sums["denominator"] - sums["unknown"]
            sums["lb"] = sums["ub"] = sums["denominator"]
            sums["ua"] = sums["numerator"] + sums["unknown"]
            found[level] = sums.assign(applicable=some)
    return found


def _scope(units: pd.DataFrame, question: Question) -> pd.Series:
    in_scope = units["settlement"].isin(question.settlement)
    for name in question.marked:
        in_scope &= ~units[name + MARK]
        if question.measure == "growth" and f"before_{name}{MARK}" in units:
            in_scope &= ~units[f"before_{name}{MARK}"]
    if question.where:
        in_scope &= units.eval(question.where).fillna(True).astype(bool)
    return in_scope


def _passes(units: pd.DataFrame, question: Question, previous: pd.Timestamp | None) -> pd.Series:
    """Nullable booleans, <NA> exactly where the blanks leave it open."""
    if question.measure == "growth":
        answer = _grows(units, question.value, previous)
    elif question.measure == "score":
        answer = _scored(units, question)
    else:
        answer = units.eval(question.condition)
    for standard in question.standards:
        waived = ~units["settlement"].isin(standard.settlement)
        for name in standard.marked:
            waived |= units[name + MARK]
        answer &= units.eval(standard.condition) | waived
    return answer.where(units.eval(question.where).fillna(False)) if question.where else answer


def _grows(units: pd.DataFrame, value: str, previous: pd.Timestamp | None) -> pd.Series:
    """Nothing is not above anything."""
    if previous is None:
        return pd.Series(pd.NA, index=units.index, dtype="boolean")
    rises = units[value] > units[f"before_{value}"]
    return rises.mask((units[value] == 0).fillna(False), False)


def _scored(units: pd.DataFrame, question: Question) -> pd.Series:
    items = units[[f"score_{i}" for i in POINTS]]
    most = {f"score_{i}": points for i, points in POINTS.items()}
    low, high = items.fillna(0).sum(axis=1), items.fillna(most).sum(axis=1)
    least, below = question.at_least, 1000 if question.below is None else question.below
    passes = pd.Series(pd.NA, index=units.index, dtype="boolean")
    passes[(low >= least) & (high < below)] = True
    passes[(high < least) | (low >= below)] = False
    return passes


def _counties(tables: dict[str, pd.DataFrame], date: pd.Timestamp) -> pd.DataFrame:
    """Every county of the frame with its row."""
    table = tables["counties"]
    rows = table.loc[table["date"] == date, ["county_code", *measured(table.columns)]]
    codes = ["county_code", "city_code", "province_code"]
    return tables["frame"][codes].drop_duplicates().merge(rows, on="county_code", how="left")


def _of_growing_counties(
    units: pd.DataFrame, counties: pd.DataFrame, question: Question, previous: pd.Timestamp | None
) -> Figures:
    """Counties whose Σ, over the communities known at both dates, is above the one before."""
    everyone = pd.Series(True, index=counties.index)
    rises = pd.Series(pd.NA, index=counties.index, dtype="boolean")
    if previous is not None:
        (value,) = variables(question.value)
        pair = [value, f"before_{value}"]
        known = units[units["settlement"] != "other"].dropna(subset=pair)
        sums = known.groupby("county_code")[pair].sum()
        grows = sums[pair[0]] > sums[pair[1]]
        rises = counties["county_code"].map(grows).astype("boolean")
    return _shares(counties, everyone, rises)


def _of_counties(counties: pd.DataFrame, question: Question) -> Figures:
    """A ratio or a total of the counties' own figures."""
    measure = _ratio if question.measure == "ratio" else _total
    found = {}
    for level in ("county", "city", "province"):
        found[level] = measure(counties, question, counties[f"{level}_code"])
    return found


def _ratio(counties: pd.DataFrame, question: Question, codes: pd.Series) -> pd.DataFrame:
    part, whole = counties[question.part], counties[question.whole]
    both = part.notna() & whole.notna()
    terms = {"va": part.where(both), "vb": whole.where(both), "unknown": ~both, "la": part}
    terms |= {"lb": whole, "ua": part.fillna(whole), "open": whole.isna()}
    sums = pd.DataFrame(terms).groupby(codes).sum()
    sums["numerator"], sums["denominator"] = sums["va"], sums["vb"]
    nothing = (sums["va"] == 0) & (sums["vb"] == 0) & (sums["unknown"] == 0)
    sums["applicable"] = ~(nothing | ((sums["open"] == 0) & (sums["lb"] == 0))).astype(bool)
    sums["lb"] = sums["ub"] = sums["lb"].where(sums.pop("open") == 0, 0)
    return sums


def _total(counties: pd.DataFrame, question: Question, codes: pd.Series) -> pd.DataFrame:
    value = counties[question.value]
    sums = pd.DataFrame({"numerator": value, "unknown": value.isna()}).groupby(codes).sum()
    sums["denominator"] = codes.groupby(codes).size()
    sums["va"] = sums["la"] = sums["ua"] = sums["numerator"]
    sums["vb"] = (sums["unknown"] < sums["denominator"]).astype(int)
    sums["ub"] = (sums["unknown"] == 0).astype(int)
    return sums.assign(lb=1, applicable=True)


def _labelled(
    figures: pd.DataFrame, question: Question, level: str, date: pd.Timestamp
) -> pd.DataFrame:
    threshold = question.threshold
    return (
        figures.rename_axis("area_code")
        .reset_index()
        .assign(
            target=question.target,
            reading=question.reading,
            level=level,
            date=date,
            ta=np.nan if threshold is None else threshold.numerator,
            tb=np.nan if threshold is None else threshold.denominator,
        )
    )


def _judged(figures: pd.DataFrame) -> pd.DataFrame:
    """Quotients for display; verdict and shortfall by comparing whole numbers."""
    table = figures.astype({name: "float64" for name in ("va", "vb", "la", "lb", "ua", "ub")})
    applicable, ta, tb = table["applicable"], table["ta"], table["tb"]
    for name, above, below in (("value", "va", "vb"), ("lower", "la", "lb"), ("upper", "ua", "ub")):
        table[name] = (table[above] / table[below]).where(applicable & (table[below] > 0))
    missing = (ta * table["lb"] - tb * table["la"]).where(table["lb"] > 0)
    falls_short = (table["ub"] > 0) & (table["ua"] * tb < ta * table["ub"])
    table["verdict"] = np.select(
        [~applicable, ta.isna(), missing <= 0, falls_short],
        ["not_applicable", "no_threshold", "met", "not_met"],
        "undetermined",
    )
    table["shortfall"] = np.ceil(missing / tb).clip(lower=0).where(applicable)
    return table[[*KEYS, *FIGURES]]
