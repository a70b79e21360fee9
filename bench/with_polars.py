"""The figures by polars: lazy queries per snapshot, on all cores.

Kleene logic is polars' own; units are counted by street, and the counts are rolled up.
What is used several times is collected first: it takes a quarter of the time of one query.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
from questions import LEVELS, MARK, POINTS, Question, measured, questions, variables

Tables = dict[str, pl.LazyFrame]
Answers = dict[int, Question]

TRUE, FALSE, OPEN = pl.lit(True), pl.lit(False), pl.lit(None, dtype=pl.Boolean)


def load(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables in memory."""
    tables = {}
    for name in ("frame", "communities", "scores", "counties"):
        table = pl.read_parquet(folder / f"{name}.parquet")
        dated = pl.col("date").cast(pl.Date) if "date" in table.columns else []
        tables[name] = table.with_columns(dated).rechunk()
    return tables


def evaluate(tables: dict[str, pl.DataFrame], policy: str) -> pl.DataFrame:
    """The figures of every snapshot."""
    dates = tables["communities"]["date"].unique().sort().to_list()
    lazy = {name: table.lazy() for name, table in tables.items()}
    return pl.concat(
        [
            _figures(lazy, questions(policy, date), date, previous)
            for previous, date in zip([None, *dates], dates, strict=False)
        ]
    )


def save(result: pl.DataFrame, path: Path) -> None:
    """The figures as Parquet, for the comparison."""
    result.write_parquet(path)


def _figures(
    tables: Tables, asked: list[Question], date: dt.date, previous: dt.date | None
) -> pl.DataFrame:
    numbered = dict(enumerate(asked))
    units = _units(tables, date, previous).collect().lazy()
    parts: list[pl.LazyFrame] = []
    if of_units := {n: q for n, q in numbered.items() if q.unit == "community"}:
        answers = units.select("street_code", *_answers(of_units, previous))
        areas = _rolled_up(answers, "street", _counts(of_units)).collect().lazy()
        parts += [_shares(areas, n, question) for n, question in of_units.items()]
    if of_counties := {n: q for n, q in numbered.items() if q.unit != "community"}:
        counties = _counties(tables, units, of_counties, date)
        sums = [sum_ for n, question in of_counties.items() for sum_ in _sums(n, question)]
        areas = _rolled_up(counties, "county", sums).collect().lazy()
        parts += [_of_counties(areas, n, question) for n, question in of_counties.items()]
    return _final(pl.concat(parts), date).collect()


def _units(tables: Tables, date: dt.date, previous: dt.date | None) -> pl.LazyFrame:
    """Every unit of the frame with its row at the date, and its figures at the previous one."""
    communities, frame = tables["communities"], tables["frame"]
    names = measured(communities.collect_schema())
    now = communities.filter(date=date).select("code", *names, stated="settlement")
    earlier = pl.lit(value=False) if previous is None else pl.col("date") == previous
    then = communities.filter(earlier).select("code", pl.col(names).name.prefix("before "))
    scores = tables["scores"].filter(date=date)
    scores = scores.select("code", *measured(scores.collect_schema()))
    units = frame.select("code", "street_code", "county_code", "settlement")
    for table in (now, then, scores):
        units = units.join(table, on="code", how="left")
    marks = [f"{head}{name}" for head in ("", "before ") for name in names if name.endswith(MARK)]
    return units.with_columns(
        pl.coalesce("stated", "settlement").alias("settlement"),
        pl.col(marks).fill_null(value=False),
    )


def _answers(asked: Answers, previous: dt.date | None) -> list[pl.Expr]:
    """Per unit and question: 1 passes, 0 fails, 2 unknown, null out of scope."""
    return [
        pl.when(_scope(question))
        .then(_passes(question, previous).cast(pl.Int8).fill_null(2))
        .alias(f"q{n}")
        for n, question in asked.items()
    ]


def _scope(question: Question) -> pl.Expr:
    marks = [name + MARK for name in question.marked]
    if question.measure == "growth":
        marks += [f"before {mark}" for mark in marks]
    parts = [pl.col("settlement").is_in(question.settlement), *(~pl.col(mark) for mark in marks)]
    if question.where:
        parts.append(pl.sql_expr(question.where).fill_null(value=True))
    return pl.all_horizontal(parts)


def _passes(question: Question, previous: dt.date | None) -> pl.Expr:
    """Null exactly where the blanks leave it open."""
    if question.measure == "growth":
        answer = OPEN if previous is None else _grows(question.value)
    elif question.measure == "score":
        answer = _scored(question)
    else:
        answer = pl.sql_expr(question.condition)
    for standard in question.standards:
        waived = [pl.col(name + MARK) for name in standard.marked]
        other = ~pl.col("settlement").is_in(standard.settlement)
        answer &= pl.any_horizontal(*waived, other) | pl.sql_expr(standard.condition)
    return pl.when(pl.sql_expr(question.where)).then(answer) if question.where else answer


def _grows(value: str) -> pl.Expr:
    """Nothing is not above anything."""
    now, then = pl.col(value), pl.col(f"before {value}")
    return pl.when(now == 0).then(FALSE).otherwise(now > then)


def _scored(question: Question) -> pl.Expr:
    low = pl.sum_horizontal(pl.col(f"score_{i}").fill_null(0) for i in POINTS)
    high = pl.sum_horizontal(pl.col(f"score_{i}").fill_null(most) for i, most in POINTS.items())
    least, below = question.at_least, 1000 if question.below is None else question.below
    sure = (low >= least) & (high < below)
    return pl.when(sure).then(TRUE).when((high < least) | (low >= below)).then(FALSE)


def _counts(asked: Answers) -> list[pl.Expr]:
    return [
        count
        for n in asked
        for count in (
            pl.col(f"q{n}").count().cast(pl.Int64).alias(f"n{n}"),
            (pl.col(f"q{n}") == 1).sum().cast(pl.Int64).alias(f"p{n}"),
            (pl.col(f"q{n}") == 2).sum().cast(pl.Int64).alias(f"u{n}"),
        )
    ]


def _rolled_up(table: pl.LazyFrame, lowest: str, sums: list[pl.Expr]) -> pl.LazyFrame:
    """Sums per area of the lowest level, and of these per area of the levels above."""
    own = table.group_by(pl.col(f"{lowest}_code").alias("area_code")).agg(sums).collect().lazy()
    above = list(LEVELS)[list(LEVELS).index(lowest) + 1 :]
    levels = [own.with_columns(level=pl.lit(lowest))]
    for level in above:
        head = pl.col("area_code").str.slice(0, LEVELS[level])
        levels.append(own.group_by(head).agg(pl.all().sum()).with_columns(level=pl.lit(level)))
    return pl.concat(levels)


def _counties(tables: Tables, units: pl.LazyFrame, asked: Answers, date: dt.date) -> pl.LazyFrame:
    """Every county of the frame with its row, or with the growth of its communities."""
    growing = [question for question in asked.values() if question.measure == "growth"]
    if not growing:
        counties = tables["frame"].select("county_code").unique()
        reported = tables["counties"].filter(date=date)
        return counties.join(reported, on="county_code", how="left")
    (value,) = {variables(question.value)[0] for question in growing}
    now, then = pl.col(value), pl.col(f"before {value}")
    both = (pl.col("settlement") != "other") & now.is_not_null() & then.is_not_null()
    grows = pl.when(both.any()).then(now.filter(both).sum() > then.filter(both).sum())
    return units.group_by("county_code").agg(grows.alias("grows"))


def _sums(n: int, question: Question) -> list[pl.Expr]:
    """The sums that a question about counties needs, by the letter of each."""
    if question.measure == "ratio":
        part, whole = pl.col(question.part), pl.col(question.whole)
        both = part.is_not_null() & whole.is_not_null()
        found = {
            **{"a": part.filter(both).sum(), "b": whole.filter(both).sum(), "u": (~both).sum()},
            **{"w": whole.sum(), "l": part.sum(), "m": part.fill_null(whole).sum()},
            "x": whole.null_count(),
        }
    else:
        value = pl.col(question.value if question.measure == "total" else "grows")
        found = {"n": pl.len(), "p": value.sum(), "u": value.null_count()}
    return [sum_.cast(pl.Int64).alias(f"{letter}{n}") for letter, sum_ in found.items()]


def _shares(areas: pl.LazyFrame, n: int, question: Question) -> pl.LazyFrame:
    all_, passes, unknown = pl.col(f"n{n}"), pl.col(f"p{n}"), pl.col(f"u{n}")
    counted = [passes, all_, unknown, passes, all_ - unknown, passes, all_, passes + unknown, all_]
    return _asked(areas, question, counted, all_ > 0)


def _of_counties(areas: pl.LazyFrame, n: int, question: Question) -> pl.LazyFrame:
    if question.measure == "growth":
        return _shares(areas, n, question)
    if question.measure == "total":
        all_, sum_, unknown = pl.col(f"n{n}"), pl.col(f"p{n}"), pl.col(f"u{n}")
        some, complete = (unknown < all_).cast(pl.Int64), (unknown == 0).cast(pl.Int64)
        counted = [sum_, all_, unknown, sum_, some, sum_, pl.lit(1, pl.Int64), sum_, complete]
        return _asked(areas, question, counted, all_ > 0)
    above, below, unknown, wholes, least, most, open_ = (pl.col(f"{x}{n}") for x in "abuwlmx")
    bounded = pl.when(open_ == 0).then(wholes).otherwise(0)
    nothing = (above == 0) & (below == 0) & (unknown == 0)
    counted = [above, below, unknown, above, below, least, bounded, most, bounded]
    return _asked(areas, question, counted, ~(nothing | ((open_ == 0) & (wholes == 0))))


def _asked(
    areas: pl.LazyFrame, question: Question, counted: list[pl.Expr], applicable: pl.Expr
) -> pl.LazyFrame:
    """Numerator, denominator, unknown; value, lower, upper as two integers each (÷ 0: none)."""
    names = ["numerator", "denominator", "unknown", "va", "vb", "la", "lb", "ua", "ub"]
    threshold = question.threshold
    return areas.select(
        pl.lit(question.target).alias("target"),
        pl.lit(question.reading).alias("reading"),
        "level",
        "area_code",
        *(column.alias(name) for name, column in zip(names, counted, strict=True)),
        applicable.alias("applicable"),
        pl.lit(threshold.numerator if threshold else None, pl.Int64).alias("ta"),
        pl.lit(threshold.denominator if threshold else None, pl.Int64).alias("tb"),
    )


def _final(figures: pl.LazyFrame, date: dt.date) -> pl.LazyFrame:
    """Quotients for display; verdict and shortfall by comparing integers."""
    applicable, ta, tb = pl.col("applicable"), pl.col("ta"), pl.col("tb")
    la, lb, ua, ub = (pl.col(name) for name in ("la", "lb", "ua", "ub"))
    missing = pl.when(lb > 0).then(ta * lb - tb * la)

    def shown(above: str, below: str) -> pl.Expr:
        defined = applicable & (pl.col(below) > 0)
        return pl.when(defined).then(pl.col(above) / pl.col(below))

    verdict = (
        pl.when(~applicable).then(pl.lit("not_applicable"))
        .when(ta.is_null()).then(pl.lit("no_threshold"))
        .when(missing <= 0).then(pl.lit("met"))
        .when((ub > 0) & (ua * tb < ta * ub)).then(pl.lit("not_met"))
        .otherwise(pl.lit("undetermined"))
    )  # fmt: skip
    least = pl.when(missing <= 0).then(0).otherwise((missing + tb - 1) // tb)
    return figures.select(
        *("target", "reading", "level", "area_code"),
        pl.lit(date).alias("date"),
        *("numerator", "denominator", "unknown"),
        value=shown("va", "vb"),
        lower=shown("la", "lb"),
        upper=shown("ua", "ub"),
        verdict=verdict,
        shortfall=pl.when(applicable).then(least),
    )
