"""The figures by DuckDB: one SQL statement per snapshot, on all cores.

The tables are DuckDB's own before the clock starts. SQL's NULL is the
rulebook's blank; units are counted by street, and the counts are rolled up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from questions import LEVELS, MARK, POINTS, Question, measured, questions, variables

Answers = dict[int, Question]

#: v, l, u: the two integers of value, lower and upper; t: those of the threshold.
COUNTED = (
    "numerator, denominator, unknown, va, vb, la, lb, ua, ub, applicable, ta, tb, "
    "target, reading, level, area_code"
)


def load(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory with the tables that hold rows."""
    connection = duckdb.connect()
    for name in ("frame", "communities", "scores", "counties"):
        date = "" if name == "frame" else "REPLACE (date::DATE AS date)"
        source = (folder / f"{name}.parquet").as_posix()
        connection.execute(f"CREATE TABLE {name} AS SELECT * {date} FROM '{source}'")
    return connection


def evaluate(connection: duckdb.DuckDBPyConnection, policy: str) -> pa.Table:
    """The figures as an Arrow table, the cheapest form that DuckDB hands out."""
    days = "SELECT DISTINCT date FROM communities ORDER BY date"
    dates = [date for (date,) in connection.execute(days).fetchall()]
    parts = []
    for previous, date in zip([None, *dates], dates, strict=False):
        sql = _statement(connection, questions(policy, date), date, previous)
        parts.append(connection.sql(sql).to_arrow_table())
    return pa.concat_tables(parts)


def save(result: pa.Table, path: Path) -> None:
    """The figures as Parquet, for the comparison."""
    pq.write_table(result, path)


def _statement(
    connection: duckdb.DuckDBPyConnection,
    asked: list[Question],
    date: dt.date,
    previous: dt.date | None,
) -> str:
    """Units → answers per question → counts per street → counts per area → figures."""
    numbered = dict(enumerate(asked))
    steps = [f"units AS ({_units(connection, date, previous)})"]
    if of_units := {n: q for n, q in numbered.items() if q.unit == "community"}:
        steps += [f"answers AS ({_answers(of_units, previous)})"]
        counts = ", ".join(_counts(of_units))
        steps += _rolled_up(
            "answers", "street", counts, [f"{x}{n}" for n in of_units for x in "npu"]
        )
    if of_counties := {n: q for n, q in numbered.items() if q.unit != "community"}:
        steps += [f"reported AS ({_counties(of_counties, date, previous)})"]
        sums = [sum_ for n, q in of_counties.items() for sum_ in _sums(n, q)]
        names = [sum_.rpartition(" AS ")[2] for sum_ in sums]
        steps += _rolled_up("reported", "county", ", ".join(sums), names)
    figures = " UNION ALL ".join(_figures(n, q) for n, q in numbered.items())
    return f"WITH {', '.join(steps)}, figures AS ({figures}) {_final(date)}"


def _units(connection: duckdb.DuckDBPyConnection, date: dt.date, previous: dt.date | None) -> str:
    """Every unit of the frame with its row at the date, and its figures at the previous one."""
    names = measured(_columns(connection, "communities"))
    columns = [f"{_filled('c', name)} AS {_quoted(name)}" for name in names]
    columns += [f"{_filled('p', name)} AS {_quoted('before ' + name)}" for name in names]
    columns += [f"s.{name}" for name in measured(_columns(connection, "scores"))]
    before = f"DATE '{previous}'" if previous else "NULL"
    return f"""
        SELECT f.street_code, f.county_code, coalesce(c.settlement, f.settlement) AS settlement,
               {", ".join(columns)}
        FROM frame f
        LEFT JOIN (FROM communities WHERE date = DATE '{date}') c ON c.code = f.code
        LEFT JOIN (FROM communities WHERE date = {before}) p ON p.code = f.code
        LEFT JOIN (FROM scores WHERE date = DATE '{date}') s ON s.code = f.code"""


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _filled(table: str, name: str) -> str:
    """A unit without a row is marked 不适用 for nothing."""
    column = f"{table}.{_quoted(name)}"
    return f"coalesce({column}, FALSE)" if name.endswith(MARK) else column


def _answers(asked: Answers, previous: dt.date | None) -> str:
    """Per unit and question: 1 passes, 0 fails, 2 unknown, NULL out of scope."""
    columns = [
        f"CASE WHEN {_scope(question)} THEN coalesce(({_passes(question, previous)})::TINYINT, 2) "
        f"END AS q{n}"
        for n, question in asked.items()
    ]
    low = " + ".join(f"coalesce(score_{i}, 0)" for i in POINTS)
    high = " + ".join(f"coalesce(score_{i}, {most})" for i, most in POINTS.items())
    scored = any(question.measure == "score" for question in asked.values())
    units = f"(SELECT *, {low} AS low, {high} AS high FROM units)" if scored else "units"
    return f"SELECT street_code, {', '.join(columns)} FROM {units}"


def _scope(question: Question) -> str:
    marks = [_quoted(name + MARK) for name in question.marked]
    if question.measure == "growth":
        marks += [_quoted(f"before {name}{MARK}") for name in question.marked]
    parts = [_settled(question), *(f"NOT {mark}" for mark in marks)]
    if question.where:
        parts.append(f"({question.where}) IS DISTINCT FROM FALSE")
    return " AND ".join(parts)


def _settled(question: Question) -> str:
    return f"settlement IN ({', '.join(repr(kind) for kind in question.settlement)})"


def _passes(question: Question, previous: dt.date | None) -> str:
    """A condition that is NULL exactly where the blanks leave it open."""
    answer = question.condition
    if question.measure == "growth" and previous is None:
        answer = "NULL::BOOLEAN"
    elif question.measure == "growth":  # nothing is not above anything
        value = question.value
        answer = f'CASE WHEN {value} = 0 THEN FALSE ELSE {value} > "before {value}" END'
    elif question.measure == "score":
        below = 1000 if question.below is None else question.below
        answer = (
            f"CASE WHEN low >= {question.at_least} AND high < {below} THEN TRUE "
            f"WHEN high < {question.at_least} OR low >= {below} THEN FALSE END"
        )
    for standard in question.standards:
        waived = " OR ".join(_quoted(name + MARK) for name in standard.marked) or "FALSE"
        answer += f" AND ({waived} OR NOT ({_settled(standard)}) OR ({standard.condition}))"
    return f"CASE WHEN {question.where} THEN {answer} END" if question.where else answer


def _counts(asked: Iterable[int]) -> list[str]:
    return [
        f"count(q{n}) AS n{n}, count(CASE q{n} WHEN 1 THEN 1 END) AS p{n}, "
        f"count(CASE q{n} WHEN 2 THEN 1 END) AS u{n}"
        for n in asked
    ]


def _rolled_up(source: str, lowest: str, sums: str, names: list[str]) -> list[str]:
    """Sums per area of the lowest level, and of these per area of the levels above."""
    own, all_ = f"{source}_{lowest}", f"{source}_areas"
    again = ", ".join(f"sum({name})::BIGINT AS {name}" for name in names)
    above = list(LEVELS)[list(LEVELS).index(lowest) + 1 :]
    return [
        f"{own} AS MATERIALIZED (SELECT '{lowest}' AS level, {lowest}_code AS area_code, {sums} "
        f"FROM {source} GROUP BY ALL)",
        f"{all_} AS MATERIALIZED (FROM {own} "
        + " ".join(
            f"UNION ALL SELECT '{level}', left(area_code, {LEVELS[level]}) AS head, {again} "
            f"FROM {own} GROUP BY head"
            for level in above
        )
        + ")",
    ]


def _counties(asked: Answers, date: dt.date, previous: dt.date | None) -> str:
    """Every county of the frame with its row, or with the growth of its communities."""
    growing = [question for question in asked.values() if question.measure == "growth"]
    if not growing:
        return f"""
            FROM (SELECT DISTINCT county_code FROM frame)
            LEFT JOIN (FROM counties WHERE date = DATE '{date}') USING (county_code)"""
    (value,) = {variables(question.value)[0] for question in growing}
    both = f"""settlement IN ('urban', 'rural') AND {value} IS NOT NULL
               AND "before {value}" IS NOT NULL"""
    return f"""
        SELECT county_code, sum({value}) FILTER ({both}) > sum("before {value}") FILTER ({both})
               AS grows
        FROM units GROUP BY county_code"""


def _sums(n: int, question: Question) -> list[str]:
    """The sums that a question about counties needs, by the letter of each."""
    part, whole, value = question.part, question.whole, question.value
    if question.measure == "ratio":
        both = f"{part} IS NOT NULL AND {whole} IS NOT NULL"
        found = {
            "a": f"coalesce(sum({part}) FILTER ({both}), 0)",
            "b": f"coalesce(sum({whole}) FILTER ({both}), 0)",
            "u": f"count(*) FILTER (NOT ({both}))",
            "w": f"coalesce(sum({whole}), 0)",
            "l": f"coalesce(sum({part}), 0)",
            "m": f"coalesce(sum(coalesce({part}, {whole})), 0)",
            "x": f"count(*) FILTER ({whole} IS NULL)",
        }
    elif question.measure == "total":
        found = {
            "n": "count(*)",
            "p": f"coalesce(sum({value}), 0)",
            "u": f"count(*) - count({value})",
        }
    else:
        found = {"n": "count(*)", "p": "count(*) FILTER (grows)", "u": "count(*) - count(grows)"}
    return [f"({sum_})::BIGINT AS {letter}{n}" for letter, sum_ in found.items()]


def _figures(n: int, question: Question) -> str:
    """Numerator, denominator, unknown; value, lower, upper as two integers each."""
    source = "answers_areas" if question.unit == "community" else "reported_areas"
    if question.measure == "ratio":
        whole = f"CASE WHEN x{n} = 0 AND w{n} > 0 THEN w{n} END"
        counted = f"""a{n}, b{n}, u{n}, a{n}, nullif(b{n}, 0), l{n}, {whole}, m{n}, {whole},
            NOT ((a{n} = 0 AND b{n} = 0 AND u{n} = 0) OR (x{n} = 0 AND w{n} = 0))"""
    elif question.measure == "total":
        counted = f"""p{n}, n{n}, u{n}, p{n}, CASE WHEN u{n} < n{n} THEN 1 END, p{n}, 1, p{n},
            CASE WHEN u{n} = 0 THEN 1 END, n{n} > 0"""
    else:
        counted = f"""p{n}, n{n}, u{n}, p{n}, nullif(n{n} - u{n}, 0), p{n}, nullif(n{n}, 0),
            p{n} + u{n}, nullif(n{n}, 0), n{n} > 0"""
    threshold = question.threshold
    wanted = (
        "NULL, NULL" if threshold is None else f"{threshold.numerator}, {threshold.denominator}"
    )
    return (
        f"SELECT * FROM (SELECT {counted}, {wanted}, '{question.target}', '{question.reading}', "
        f"level, area_code FROM {source}) AS t({COUNTED})"
    )


def _final(date: dt.date) -> str:
    """Quotients for display; verdict and shortfall by comparing integers."""
    missing = "ta * lb - tb * la"
    return f"""
        SELECT target, reading, level, area_code, DATE '{date}' AS date,
            numerator, denominator, unknown,
            CASE WHEN applicable THEN va / vb END AS value,
            CASE WHEN applicable THEN la / lb END AS lower,
            CASE WHEN applicable THEN ua / ub END AS upper,
            CASE WHEN NOT applicable THEN 'not_applicable' WHEN ta IS NULL THEN 'no_threshold'
                 WHEN la * tb >= ta * lb THEN 'met' WHEN ua * tb < ta * ub THEN 'not_met'
                 ELSE 'undetermined' END AS verdict,
            CASE WHEN NOT applicable THEN NULL WHEN {missing} <= 0 THEN 0
                 ELSE ({missing} + tb - 1) // tb END AS shortfall
        FROM figures"""
