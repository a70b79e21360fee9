"""Rows of the results table, made ready to draw."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pandas as pd

from sanlian_analysis.charts import style, words
from sanlian_analysis.charts.text import shorten
from sanlian_analysis.codes import LEVELS, published_names
from sanlian_analysis.language import say
from sanlian_analysis.policy import Policy
from sanlian_analysis.schema import NOT_APPLICABLE

_NUMBERS = (
    "numerator",
    "denominator",
    "unknown",
    "value",
    "lower",
    "upper",
    "threshold",
    "shortfall",
)


def day(value: object) -> dt.date:
    """The calendar day of anything that pandas takes for a date."""
    return pd.Timestamp(value).date()  # type: ignore[arg-type]


def numbers(column: pd.Series) -> pd.Series:
    """The column as floats, whatever kind of numbers it holds; empty stays NaN."""
    values = [float("nan") if pd.isna(value) else float(value) for value in column]
    return pd.Series(values, index=column.index, dtype="float64")


def records(rows: pd.DataFrame) -> list[Any]:
    """The rows one by one, with their columns as attributes."""
    return list(rows.itertuples())


def applicable(units: pd.DataFrame, variable: str) -> pd.DataFrame:
    """The units for which a variable is not marked 不适用 (column `VARIABLE.not_applicable`)."""
    mark = variable + NOT_APPLICABLE
    return units[~units[mark].astype(bool)] if mark in units else units


def select(
    results: pd.DataFrame,
    policy: Policy,
    target: str | None = None,
    *,
    reading: str = "primary",
    level: str | None = None,
    date: object = None,
    within: str | None = None,
    area: str | None = None,
) -> pd.DataFrame:
    """The rows asked for, in the order of their codes and dates, with plain dates and floats.

    `within` is the head of the codes wanted, `area` one whole code.
    """
    codes = results["area_code"].astype("str")
    wanted = (results["policy"] == policy.id) & (results["reading"] == reading)
    if target is not None:
        wanted &= results["target"] == target
    if level is not None:
        wanted &= results["level"] == level
    if within is not None:
        wanted &= codes.str.startswith(within)
    if area is not None:
        wanted &= codes == area
    rows = results.loc[wanted.fillna(False).astype(bool)].copy()
    rows["area_code"] = rows["area_code"].astype("str")
    rows["date"] = [day(value) for value in rows["date"]]
    if date is not None:
        rows = rows[rows["date"].map(day(date).__eq__).astype(bool)]
    for column in _NUMBERS:
        rows[column] = numbers(rows[column])
    return rows.sort_values(["area_code", "date"], kind="stable").reset_index(drop=True)


def assumptions(rows: pd.DataFrame) -> tuple[str, ...]:
    """A note for thresholds and caps that are the user's own, not the document's."""
    stated = [str(text) for text in rows["assumed"].dropna().unique() if str(text)]
    if not stated:
        return ()
    own = say("；", "; ").join(stated)
    return (say(f"使用者自行假定，非文件规定：{own}", f"The user's own assumption: {own}"),)


def not_binding(rows: pd.DataFrame, level: str) -> tuple[str, ...]:
    """A note where the document makes its demand elsewhere: at another level, or in another area."""
    if rows.empty or rows["binding"].astype(bool).any():
        return ()
    noun = words.noun(level)
    zh = f"文件的要求不约束这里的{noun}，结果供参考。"
    return (say(zh, f"The document does not bind these {noun}; for information only."),)


def area_name(results: pd.DataFrame, code: str) -> str:
    """An area's name, with that of the area around it where another one has the same name.

    Names come from the results, else from the published list; the last resort is the code.
    """
    names = _names(results)
    name = names.get(code) or published_names().get(code, code)
    shared = any(
        other == name and len(its) == len(code) and its != code for its, other in names.items()
    )
    if not shared:
        return name
    around = names.get(_parent(code)) or published_names().get(_parent(code), code)
    return name + say(f"（{around}）", f" ({around})")


def _names(results: pd.DataFrame) -> dict[str, str]:
    known = results.loc[results["area"].notna(), ["area_code", "area"]].drop_duplicates("area_code")
    return {
        str(code): str(name)
        for code, name in zip(known["area_code"], known["area"], strict=True)
        if str(name).strip()
    }


def area_labels(
    rows: pd.DataFrame, results: pd.DataFrame, *, room: float, size: float
) -> list[str]:
    """One label per row, at most `room` inches wide; no two are the same.

    Areas that share a name carry the name of the city or county they lie in,
    and their code where that does not help.
    """
    codes = [str(code) for code in rows["area_code"]]
    names = [
        code if pd.isna(name) or not str(name).strip() else str(name)
        for code, name in zip(codes, rows["area"], strict=True)
    ]
    labels = [shorten(name, room, size) for name in names]
    known = published_names() | _names(results)
    around = {code: known.get(_parent(code), code) for code in codes}
    for distinct in (around, {code: code for code in codes}):
        again = set(_namesakes(codes, labels))
        labels = [
            shorten(name, room, size, _bracketed(distinct[code], room / 2, size))
            if code in again
            else label
            for code, name, label in zip(codes, names, labels, strict=True)
        ]
    return labels


def _namesakes(codes: list[str], labels: list[str]) -> list[str]:
    count = Counter(labels)
    return [code for code, label in zip(codes, labels, strict=True) if count[label] > 1]


def _parent(code: str) -> str:
    return next((code[:digits] for digits in LEVELS.values() if digits < len(code)), code)


def _bracketed(text: str, room: float, size: float) -> str:
    inside = text if text.isdigit() else shorten(text, room, size)
    return say(f"（{inside}）", f" ({inside})")


def row_height(lines: int) -> float:
    """Inches per line: generous for few of them; about 60 fill an A4 page and are still legible."""
    return 0.27 if lines <= 15 else 0.225 if lines <= 30 else max(min(0.19, 7.8 / lines), 0.125)


def verdict_counts(rows: pd.DataFrame) -> dict[str, int]:
    """How many rows have each verdict, in the fixed order of verdicts, without the zeros."""
    count = Counter(rows["verdict"])
    return {verdict: count[verdict] for verdict in style.VERDICTS if count[verdict]}


def both_ends(rows: pd.DataFrame, most: int = style.MOST_ROWS) -> pd.DataFrame:
    """The first and last rows where there are more than anybody can read on one chart."""
    if len(rows) <= most:
        return rows
    half = most // 2
    return pd.concat([rows.head(half), rows.tail(half)])


def outside_note(count: int, level: str) -> tuple[str, ...]:
    """A note of the areas that are not drawn for want of units in scope; nothing without any."""
    if not count:
        return ()
    areas = words.counted(count, level)
    zh = f"另有{areas}没有适用的单位，未画出。"
    return (say(zh, f"Not drawn, no unit in scope: {areas}."),)


def omitted_note(total: int, drawn: int) -> tuple[str, ...]:
    """A note that some rows are not drawn; nothing when all are."""
    if total == drawn:
        return ()
    left = total - drawn
    zh = f"共{total:,}行，只画首尾各{drawn // 2:,}行，其余{left:,}行见结果表。"
    en = f"{total:,} rows; the first and last {drawn // 2:,} are drawn, {left:,} are in the table."
    return (say(zh, en),)
