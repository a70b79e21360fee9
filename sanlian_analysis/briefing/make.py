"""Briefings from results: what is said of an area, once, for every rendering."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from sanlian_analysis import charts, tables
from sanlian_analysis.briefing.evaluated import Evaluated
from sanlian_analysis.briefing.natives import phases, ranking
from sanlian_analysis.briefing.origin import method, provenance
from sanlian_analysis.briefing.priorities import changes, effort
from sanlian_analysis.briefing.value import Briefing, Native
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import bracketed, listed
from sanlian_analysis.codes import level_of
from sanlian_analysis.language import current, say
from sanlian_analysis.policy import Policy
from sanlian_analysis.records import records
from sanlian_analysis.tables import Statement, Table
from sanlian_analysis.units import completeness, units_at

#: Columns of the table of indicators that a page has room for, counted from the indicator.
_KEY_COLUMNS = (0, 1, 2, 3, 5, 6)

#: The largest shortfalls that a chart shows; more cannot be read on a slide.
_MOST_BARS = 30


def county_briefing(found: Evaluated, area: str, date: dt.date) -> Briefing:
    """The briefing of one county (or of any area by its code).

    Charts: the main targets over the phases, streets ranked, organisations,
    staff, completeness.
    """
    ledger, policy, results = found.ledger, found.policy, found.results
    main = tables.key_targets(policy, level=level_of(area))
    units = units_at(ledger, date, area)
    name = tables.area_name(results, area)
    simulated = ledger.simulated
    drawn = _milestones(found, main, area, date)
    drawn += [
        charts.ranked_areas(
            results, policy, target, level="street", date=date, within=area, simulated=simulated
        )
        for target in main[:2]
    ]
    for chart in (charts.organisations, charts.staff_bands):
        drawn += chart(units, date=date, area=name, policy=policy, simulated=simulated)
    reported = completeness(ledger, policy, date, area)
    drawn.append(
        charts.completeness(reported, date=date, area=name, policy=policy, simulated=simulated)
    )
    natives = [phases(found, target, area, date) for target in main]
    natives += [ranking(found, target, "street", area, date) for target in main[:2]]
    return _briefing(found, area, date, drawn, natives)


def overview_briefing(found: Evaluated, area: str, date: dt.date) -> Briefing:
    """The briefing of a city or province: counties ranked, what changed, where to put effort.

    `area`: its code; "" for all that the ledger covers, told province by province.
    """
    ledger, policy, results = found.ledger, found.policy, found.results
    main = tables.key_targets(policy)
    simulated, within = ledger.simulated, area or None
    told_alone = main[:2] if area else []
    drawn = _milestones(found, told_alone, area, date)
    compared: dict[str, Any] = {
        "level": "county",
        "date": date,
        "within": within,
        "simulated": simulated,
    }
    drawn += [charts.ranked_areas(results, policy, target, **compared) for target in main]
    drawn += [
        charts.shortfall_bars(results, policy, target, top=_MOST_BARS, **compared)
        for target in main
    ]
    counties = tables.county_rows(results, date, area)["area_code"].nunique()
    level = "county" if counties <= _MOST_BARS else "city"  # more rows cannot be read on a slide
    drawn.append(charts.verdict_matrix(results, policy, **compared | {"level": level}))
    natives = [phases(found, target, area, date) for target in told_alone]
    natives += [ranking(found, target, "county", area, date) for target in main]
    leading = (effort(found, area, date), *changes(found, area, date))
    every = tables.counties(results, policy, date, within=area, simulated=simulated)
    made = _briefing(found, area, date, drawn, natives)
    return replace(made, kind="overview", leading=leading, tables=(every, *made.tables))


def comparison_briefing(several: Sequence[Evaluated], area: str, date: dt.date) -> Briefing:
    """One area under several policies: the demands side by side, each with its own verdict."""
    first = several[0]
    parts = [_briefing(found, area, date, (), ()) for found in several]
    sentences = tuple(
        f"{part.policy}{say('：', ': ')}{sentence}"
        for part in parts
        for sentence in part.headline.sentences
    )
    name = tables.area_name(first.results, area)
    of = name + bracketed(area)
    heading = say(f"{of}　多份文件对照", f"{of} under several documents")
    main = [(found, tables.key_targets(found.policy)[:1]) for found in several]
    return Briefing(
        kind="comparison",
        language=current(),
        code=area,
        name=name,
        date=date,
        title=heading,
        policy=listed([part.policy for part in parts]),
        headline=Statement(heading, sentences, first.ledger.simulated),
        key=_below(
            say("各文件的要求", "Demands, document by document"),
            [(part.policy, part.key) for part in parts],
        ),
        short=_below(
            say("未达标准或情况不明的村（社区）", "Villages and communities that fall short"),
            [(part.policy, _counted(part.short)) for part in parts],
        ),
        clauses=_below(
            say("依据", "What the documents say"), [(part.policy, part.clauses) for part in parts]
        ),
        tables=(),
        charts=tuple(
            _of_policy(chart, found.policy)
            for found, targets in main
            for chart in _milestones(found, targets, area, date)
        ),
        natives=tuple(
            replace(native, name=f"{native.name}-{found.policy.id}")
            for found, targets in main
            for native in (phases(found, target, area, date) for target in targets)
        ),
        method=parts[0].method,
        provenance=_together(line for part in parts for line in part.provenance),
        results=pd.concat([part.results for part in parts], ignore_index=True),
        components=pd.concat([part.components for part in parts], ignore_index=True),
        simulated=first.ledger.simulated,
    )


def _milestones(found: Evaluated, targets: Sequence[str], area: str, date: dt.date) -> list[Chart]:
    """Each of some targets over the phases, up to a snapshot."""
    of, simulated = (found.results, found.policy), found.ledger.simulated
    return [
        charts.milestone_steps(*of, target, area, date=date, simulated=simulated)
        for target in targets
    ]


def _of_policy(chart: Chart, policy: Policy) -> Chart:
    """The chart under a name of its own: several policies may have targets of one id."""
    chart.name = f"{chart.name}-{policy.id}"
    return chart


def _briefing(
    found: Evaluated, area: str, date: dt.date, drawn: Sequence[Chart], natives: Sequence[Native]
) -> Briefing:
    """What every briefing of one policy has; "" is all areas."""
    ledger, policy, results = found.ledger, found.policy, found.results
    simulated, details = ledger.simulated, found.details(date)
    first, *informing = tables.targets(results, policy, area, date, simulated=simulated).tables
    readings = tables.targets(
        results, policy, area, date, readings=True, simulated=simulated
    ).tables
    name = tables.area_name(results, area)
    return Briefing(
        kind="county",
        language=current(),
        code=area,
        name=name,
        date=date,
        title=say(f"{name}　{policy.label}", f"{name}: {policy.label}"),
        policy=policy.label,
        headline=tables.headline(results, policy, area, date, simulated=simulated),
        key=_key(first),
        short=tables.short_units(ledger, policy, area, date, most=None),
        clauses=tables.clauses(policy, date),
        tables=(
            *informing,
            *(table for table in readings if table.rows),
            tables.components(details, policy, area, date, simulated=simulated),
            tables.data_quality(ledger, policy, area, date),
        ),
        charts=tuple(drawn),
        natives=tuple(natives),
        method=method(found),
        provenance=provenance(found, date),
        results=_labelled(tables.area_rows(results, area, date), policy),
        components=_labelled(tables.area_rows(details, area, date), policy),
        simulated=ledger.simulated,
    )


def _labelled(rows: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Results or components, led by what each figure is called and the unit that it is in."""
    subjects = [Subject.of(policy, row.target, row.reading) for row in records(rows)]
    told = {
        "indicator": [tables.indicator(subject) for subject in subjects],
        "unit": [subject.quantity.unit for subject in subjects],
    }
    return pd.concat([pd.DataFrame(told), rows.reset_index(drop=True)], axis=1)


def _key(table: Table) -> Table:
    """The table of indicators with the columns that a page has room for."""
    first = table.header.index(say("指标", "Indicator"))
    area = range(first - 1)  # before it stands the theme, and where there are several, the area
    kept = (*area, *(first + column for column in _KEY_COLUMNS))
    return replace(
        table,
        header=tuple(table.header[i] for i in kept),
        rows=tuple(tuple(str(row[i]) for i in kept) for row in table.rows),
        numeric=frozenset(i for i, column in enumerate(kept) if column in table.numeric),
    )


def _below(caption: str, parts: Sequence[tuple[str, Table]]) -> Table:
    """Tables of one shape below one another, each row led by the document that it belongs to.

    Notes that not all tables have are led by their document, too.
    """
    first, every = parts[0][1], [table for _, table in parts]
    shared = [note for note in first.notes if all(note in table.notes for table in every)]
    own = [
        f"{of}{say('：', ': ')}{note}"
        for of, table in parts
        for note in table.notes
        if note not in shared
    ]
    return Table(
        caption,
        (say("文件", "Document"), *first.header),
        tuple((of, *map(str, row)) for of, table in parts for row in table.rows),
        frozenset(column + 1 for column in first.numeric),
        (*shared, *own),
        first.simulated,
    )


def _counted(table: Table) -> Table:
    """A list of units that says in its notes how many there are."""
    return replace(table, notes=(table.caption,))


def _together(lines: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Lines of label and text, each once, those of one label next to one another."""
    once = list(dict.fromkeys(lines))
    labels = [label for label, _ in once]
    return tuple(sorted(once, key=lambda line: labels.index(line[0])))
