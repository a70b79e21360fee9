"""Briefings from results: what is said of an area, once, for every rendering."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from sanlian_analysis import charts, tables
from sanlian_analysis.breakdown import components
from sanlian_analysis.briefing.value import Briefing, Native, Role, Series
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import level_noun, when
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import current, say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy
from sanlian_analysis.records import records
from sanlian_analysis.tables import Statement, Table
from sanlian_analysis.units import completeness, units_at

#: Columns of the table of indicators that a page has room for.
_KEY_COLUMNS = (1, 2, 3, 4, 6, 7)

#: Counties named per target as those that lack most.
_MOST_EFFORT = 5

#: Areas that a native bar chart shows; more cannot be read on a slide.
_MOST_BARS = 30


@dataclass(frozen=True)
class Evaluated:
    """A ledger under one policy: what every briefing of it is made from."""

    ledger: Ledger
    policy: Policy
    assumptions: tuple[str, ...] = ()

    @cached_property
    def results(self) -> pd.DataFrame:
        """The results table of all snapshots."""
        return evaluate(self.ledger, self.policy, assumptions=self.assumptions)

    def details(self, date: dt.date) -> pd.DataFrame:
        """What went into every figure at a date."""
        if date not in self._details:
            self._details[date] = components(self.ledger, self.policy, date, self.assumptions)
        return self._details[date]

    @cached_property
    def _details(self) -> dict[dt.date, pd.DataFrame]:
        return {}


def county_briefing(found: Evaluated, area: str, date: dt.date) -> Briefing:
    """The briefing of one county (or of any area by its code).

    Charts: the main targets over the phases, streets ranked, organisations,
    staff, completeness.
    """
    ledger, policy, results = found.ledger, found.policy, found.results
    main = tables.key_targets(policy)
    units = units_at(ledger, date, area)
    name = tables.area_name(results, area)
    simulated = ledger.simulated
    drawn: list[Chart] = [
        charts.milestone_steps(results, policy, target, area, simulated=simulated)
        for target in main
    ]
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
    natives = [_phases(found, target, area) for target in main]
    natives += [_ranking(found, target, "street", area, date) for target in main[:2]]
    return _briefing("county", found, area, date, drawn, natives, ())


def overview_briefing(found: Evaluated, area: str, date: dt.date) -> Briefing:
    """The briefing of a city or province: counties ranked, what changed, where to put effort.

    `area`: its code; "" for all that the ledger covers.
    """
    ledger, policy, results = found.ledger, found.policy, found.results
    main = tables.key_targets(policy)
    simulated, within = ledger.simulated, area or None
    drawn: list[Chart] = [
        charts.milestone_steps(results, policy, target, area, simulated=simulated)
        for target in main[:2]
        if area
    ]
    for chart in (charts.ranked_areas, charts.shortfall_bars):
        drawn += [
            chart(results, policy, target, level="county", date=date, within=within,
                  simulated=simulated)
            for target in main
        ]  # fmt: skip
    drawn.append(
        charts.verdict_matrix(
            results, policy, level="county", date=date, within=within, simulated=simulated
        )
    )
    natives = [_phases(found, target, area) for target in main[:2] if area]
    natives += [_ranking(found, target, "county", area, date) for target in main]
    extra = (
        _effort(found, area, date),
        *_changes(found, area, date),
        tables.counties(results, policy, date, simulated=simulated),
    )
    return _briefing("overview", found, area, date, drawn, natives, extra)


def _county_rows(found: Evaluated, area: str, date: dt.date) -> pd.DataFrame:
    """The primary results of an area's counties."""
    rows = found.results
    return rows[
        (rows["level"] == "county")
        & (rows["reading"] == "primary")
        & rows["area_code"].str.startswith(area)
        & (rows["date"] == pd.Timestamp(date))
    ]


def _effort(found: Evaluated, area: str, date: dt.date) -> Table:
    """Where the effort should go: per main target the counties that lack most."""
    body = []
    for target in tables.key_targets(found.policy):
        subject = Subject.of(found.policy, target, "primary")
        rows = _county_rows(found, area, date)
        rows = rows[(rows["target"] == target) & (rows["shortfall"].fillna(0) > 0)]
        rows = rows.sort_values(["shortfall", "area_code"], ascending=[False, True])
        total = int(rows["shortfall"].sum())
        for row in records(rows.head(_MOST_EFFORT)):
            body.append(
                (
                    subject.name,
                    _named(row),
                    subject.missing(int(row.shortfall)),
                    subject.quantity.text(int(row.shortfall) / total)
                    if subject.quantity.percent
                    else f"{int(row.shortfall):,} ÷ {total:,}",
                    tables.verdict_text(row.verdict),
                )
            )
    header = (
        say("指标", "Indicator"),
        say("县（市、区）", "County"),
        say("还差", "Short by"),
        say("占全部缺口", "Of all that is missing"),
        say("判定", "Verdict"),
    )
    caption = say("力量放在哪里：缺口最大的县", "Where the effort should go: the largest gaps")
    return Table(caption, header, tuple(body), frozenset({2, 3}), (), found.ledger.simulated)


def _changes(found: Evaluated, area: str, date: dt.date) -> tuple[Table, ...]:
    """What changed since the snapshot before; nothing when there is none."""
    earlier = [day for day in found.ledger.dates if day < date]
    if not earlier:
        return ()
    before, now = (_county_rows(found, area, day) for day in (earlier[-1], date))
    pairs = now.merge(before, on=["target", "area_code"], suffixes=("", "_before"))
    changed = pairs[pairs["verdict"] != pairs["verdict_before"]]
    order = {target.id: i for i, target in enumerate(found.policy.targets)}
    changed = changed.sort_values(
        ["target", "area_code"], key=lambda c: c.map(order) if c.name == "target" else c
    )
    body = []
    for row in records(changed):
        subject = Subject.of(found.policy, row.target, "primary")
        against = None if pd.isna(row.threshold) else row.threshold
        was, is_ = (
            subject.quantity.text(value, against) if pd.notna(value) else "–"
            for value in (row.value_before, row.value)
        )
        cells = (subject.name, _named(row), was, is_)
        verdicts = (tables.verdict_text(v) for v in (row.verdict_before, row.verdict))
        body.append((*cells, *verdicts))
    header = (
        say("指标", "Indicator"),
        say("县（市、区）", "County"),
        when(earlier[-1]),
        when(date),
        say("原判定", "Verdict then"),
        say("现判定", "Verdict now"),
    )
    caption = say(
        f"自{when(earlier[-1])}以来判定有变化的县：{len(body)} 项",
        f"Verdicts that changed since {when(earlier[-1])}: {len(body)}",
    )
    return (
        Table(caption, header, tuple(body), frozenset({2, 3}), (), found.ledger.simulated,
              folded=True),
    )  # fmt: skip


def _named(row: Any) -> str:
    return str(row.area) if pd.notna(row.area) else str(row.area_code)


def comparison_briefing(several: Sequence[Evaluated], area: str, date: dt.date) -> Briefing:
    """One area under several policies: the demands side by side, each with its own verdict."""
    first = several[0]
    parts = [_briefing("county", found, area, date, (), (), ()) for found in several]
    merged = _below(
        say("各文件的要求", "Demands, document by document"),
        say("文件", "Document"),
        [(part.policy, part.key) for part in parts],
    )
    sentences = tuple(
        f"{part.policy}{say('：', ': ')}{sentence}"
        for part in parts
        for sentence in part.headline.sentences
    )
    name = tables.area_name(first.results, area)
    heading = say(f"{name}（{area}）　多份文件对照", f"{name} ({area}) under several documents")
    return Briefing(
        kind="comparison",
        language=current(),
        code=area,
        name=name,
        date=date,
        title=heading,
        policy=say("、", ", ").join(part.policy for part in parts),
        headline=Statement(heading, sentences, first.ledger.simulated),
        key=merged,
        short=_below(
            say("未达标准或情况不明的村（社区）", "Villages and communities that fall short"),
            say("文件", "Document"),
            [(part.policy, part.short) for part in parts],
        ),
        clauses=_below(
            say("依据", "What the documents say"),
            say("文件", "Document"),
            [(part.policy, part.clauses) for part in parts],
        ),
        tables=(),
        charts=tuple(
            charts.milestone_steps(
                found.results, found.policy, target, area, simulated=found.ledger.simulated
            )
            for found in several
            for target in tables.key_targets(found.policy)[:1]
        ),
        natives=tuple(
            _phases(found, target, area)
            for found in several
            for target in tables.key_targets(found.policy)[:1]
        ),
        method=parts[0].method,
        provenance=tuple(dict.fromkeys(line for part in parts for line in part.provenance)),
        results=pd.concat([part.results for part in parts], ignore_index=True),
        components=pd.concat([part.components for part in parts], ignore_index=True),
        simulated=first.ledger.simulated,
    )


def _briefing(
    kind: str,
    found: Evaluated,
    area: str,
    date: dt.date,
    drawn: Sequence[Chart],
    natives: Sequence[Native],
    extra: Sequence[Table],
) -> Briefing:
    ledger, policy, results = found.ledger, found.policy, found.results
    simulated, details = ledger.simulated, found.details(date)
    first, *informing = tables.targets(results, policy, area, date, simulated=simulated).tables
    readings = tables.targets(
        results, policy, area, date, readings=True, simulated=simulated
    ).tables
    name = tables.area_name(results, area) if area else say("全域", "All areas")
    others = (
        *extra,
        *informing,
        *(table for table in readings if table.rows),
        tables.components(details, policy, area, date, simulated=simulated),
        tables.data_quality(ledger, policy, area, date),
    )
    headline = tables.headline(results, policy, area, date, simulated=simulated)
    return Briefing(
        kind="overview" if kind == "overview" else "county",
        language=current(),
        code=area,
        name=name,
        date=date,
        title=say(f"{name}　{policy.label}", f"{name}: {policy.label}"),
        policy=policy.label,
        headline=headline,
        key=_columns(first, _KEY_COLUMNS),
        short=tables.short_units(ledger, policy, area, date),
        clauses=tables.clauses(policy, date),
        tables=others,
        charts=tuple(drawn),
        natives=tuple(natives),
        method=_method(),
        provenance=_provenance(found, date),
        results=tables.area_rows(results, area, date).reset_index(drop=True),
        components=tables.area_rows(details, area, date).reset_index(drop=True),
        simulated=ledger.simulated,
    )


def _columns(table: Table, kept: Sequence[int]) -> Table:
    """The table with some of its columns, in their order."""
    numeric = frozenset(i for i, column in enumerate(kept) if column in table.numeric)
    return Table(
        table.caption,
        tuple(table.header[i] for i in kept),
        tuple(tuple(str(row[i]) for i in kept) for row in table.rows),
        numeric,
        table.notes,
        table.simulated,
    )


def _below(caption: str, label: str, parts: Sequence[tuple[str, Table]]) -> Table:
    """Tables of one shape below one another, each row led by what it belongs to."""
    first = parts[0][1]
    rows = tuple((of, *map(str, row)) for of, table in parts for row in table.rows)
    notes = tuple(dict.fromkeys(note for _, table in parts for note in table.notes))
    numeric = frozenset(column + 1 for column in first.numeric)
    return Table(caption, (label, *first.header), rows, numeric, notes, first.simulated)


def _method() -> tuple[str, ...]:
    return (
        say(
            "分母是名录中的全部适用单位，没有上报的也在内，按未知处理。",
            "The denominator is every unit of the frame in scope; those that did not report stay "
            "in it, as unknown.",
        ),
        say(
            "下界把未知单位全当作不达标，上界全当作达标。下界达到目标才算达标，"
            "上界仍达不到才算未达标，其余为待定。",
            "The lower bound counts every unknown unit as failing, the upper as passing. Met: the "
            "lower bound reaches the target; not met: the upper does not; else undetermined.",
        ),
        say(
            "“还差”按下界计算，是整数个单位。比较用精确分数，只在显示时取舍。",
            "“Short by” counts whole units from the lower bound. Comparisons are exact; figures are "
            "rounded on display alone.",
        ),
    )


def _provenance(found: Evaluated, date: dt.date) -> tuple[tuple[str, str], ...]:
    ledger, policy = found.ledger, found.policy
    lines = [
        (say("台账", "Ledger"), f"{Path(ledger.path).name}（SHA-256 {ledger.sha256[:12]}…）"),
        (say("统计时点", "Snapshot"), date.isoformat()),
        (say("文件", "Document"), f"{policy.title} {policy.number}".strip()),
        (say("软件", "Software"), f"sanlian-analysis {version('sanlian-analysis')}"),
    ]
    if found.assumptions:
        lines.append((say("自行假定", "Own assumptions"), "；".join(found.assumptions)))
    return tuple(lines)


def _phases(found: Evaluated, target_id: str, area: str) -> Native:
    """Figure, bounds and threshold of an area over all snapshots."""
    subject = Subject.of(found.policy, target_id, "primary")
    rows = found.results
    rows = rows[
        (rows["area_code"] == area) & (rows["target"] == target_id) & (rows["reading"] == "primary")
    ].sort_values("date")
    last = list(records(rows))[-1]
    name = tables.area_name(found.results, area)
    return Native(
        name=subject.slug("phases"),
        kind="line",
        title=f"{name}{say('：', ': ')}{subject.finding(last)}",
        unit=subject.quantity.unit,
        categories=tuple(when(day.date()) for day in rows["date"]),
        series=tuple(_series(subject, label, role, rows) for role, label in _roles(subject)),
        source=subject.source,
        sentence=_sentence(subject, last.date.date()),
        alt=f"{name}{say('：', ': ')}{subject.subtitle()}",
    )


def _roles(subject: Subject) -> tuple[tuple[Role, str], ...]:
    return (
        ("value", subject.name),
        ("threshold", say("目标", "Target")),
        ("lower", say("下界", "Lower bound")),
        ("upper", say("上界", "Upper bound")),
    )


def _ranking(found: Evaluated, target_id: str, level: str, area: str, date: dt.date) -> Native:
    """The figure of every area of a level, highest first."""
    subject = Subject.of(found.policy, target_id, "primary")
    rows = found.results
    rows = rows[
        (rows["level"] == level)
        & rows["area_code"].str.startswith(area)
        & (rows["target"] == target_id)
        & (rows["reading"] == "primary")
        & (rows["date"] == pd.Timestamp(date))
        & (rows["verdict"] != "not_applicable")
    ].sort_values(["value", "area_code"], ascending=[False, True], na_position="last")
    shown = rows.head(_MOST_BARS)
    met = int((rows["verdict"] == "met").sum())
    title = say(
        f"{len(rows)}个{level_noun(level)}中，{met}个达标" if rows["threshold"].notna().any()
        else f"{len(rows)}个{level_noun(level)}",
        f"{met} of {len(rows)} {level_noun(level)} meet the target"
        if rows["threshold"].notna().any() else f"{len(rows)} {level_noun(level)}",
    )  # fmt: skip
    if len(rows) > len(shown):
        title += say(f"（列出前{len(shown)}个）", f" (the first {len(shown)} shown)")
    return Native(
        name=subject.slug("ranking", level),
        kind="bar",
        title=f"{subject.name}{say('：', ': ')}{title}",
        unit=subject.quantity.unit,
        categories=tuple(shown["area"].fillna(shown["area_code"])),
        series=(
            _series(subject, subject.name, "value", shown),
            _series(subject, say("目标", "Target"), "threshold", shown),
        ),
        source=subject.source,
        sentence=_sentence(subject, date),
        alt=subject.subtitle(when(date)),
    )


def _sentence(subject: Subject, date: dt.date) -> str:
    return (subject.target.milestone(date) or subject.target).sentence


def _series(subject: Subject, name: str, role: Role, rows: pd.DataFrame) -> Series:
    """One column of the results as it is written everywhere else."""
    values: list[float | None] = []
    labels: list[str] = []
    for row in records(rows):
        figure = getattr(row, role)
        against = None if pd.isna(row.threshold) else row.threshold
        if pd.isna(figure):
            values.append(None)
            labels.append("")
            continue
        quantity = subject.quantity
        text = quantity.threshold(figure) if role == "threshold" else quantity.text(figure, against)
        values.append(_written(text, figure))
        labels.append(text)
    return Series(name, role, tuple(values), tuple(labels))


def _written(text: str, figure: float) -> float:
    """The number that a text shows: 30.6 for 30.6%; of 1/3 the figure in per cent."""
    if "/" in text:
        return 100 * figure
    return float("".join(c for c in text if c.isdigit() or c in ".-"))
