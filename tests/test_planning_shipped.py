"""The shipped ledgers under every target of all five documents, and how long a question takes."""

from pathlib import Path

import pandas as pd
import pytest
from test_planning_effort import with_condition

from sanlian_analysis import evaluate
from sanlian_analysis.evaluation import VERDICTS
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.planning import (
    OUTLOOKS,
    ChangeRule,
    bars_of,
    least_effort,
    pace,
    sensitivity,
    what_if,
)
from sanlian_analysis.policy import Ratio
from sanlian_analysis.policy_files import POLICY_IDS, load_policy

DATA = Path(__file__).parents[1] / "data"
AREAS = {"liaoning-2021": "210106", "yuncheng-2019": "140802"}


@pytest.fixture(scope="module", params=AREAS)
def shipped(request):
    """A shipped ledger, the id of its policy, and one of its counties."""
    frame = DATA / "frames" / f"{request.param.partition('-')[0]}.csv"
    ledger = read_ledger(DATA / "ledgers" / f"{request.param}.xlsx", frame)
    return ledger, request.param, AREAS[request.param]


@pytest.fixture(scope="module")
def liaoning():
    return read_ledger(DATA / "ledgers" / "liaoning-2021.xlsx", DATA / "frames" / "liaoning.csv")


def readings(policy, date, own):
    """Every reading of the ledger's own document; of another one the primary of each target."""
    for target in policy.targets:
        for reading in target.readings if own else target.readings[:1]:
            if reading.applies_from(target.milestone(date)):
                yield target, reading


@pytest.mark.parametrize("policy_id", POLICY_IDS)
def test_every_target_of_every_document(shipped, policy_id):
    ledger, own, area = shipped
    policy, date = load_policy(policy_id), ledger.dates[-1]
    results = evaluate(ledger, policy, date)
    rows = results[results["area_code"] == area].set_index(["target", "reading"])
    for target, reading in readings(policy, date, own == policy_id):
        asked, row = (ledger, policy, target.id, area, date), rows.loc[(target.id, reading.id)]
        plan = least_effort(*asked, reading=reading.id, budget=5)
        assert plan.short == (None if pd.isna(row["shortfall"]) else row["shortfall"])
        assert plan.unknown == row["unknown"]
        if plan.reachable:
            last = plan.units["lower"].iloc[-1] if len(plan.units) else plan.lower
            assert last >= plan.threshold
            assert (plan.effort == 0) == (row["verdict"] == "met")
        found = sensitivity(*asked, reading=reading.id)
        assert (found.verdict, found.stable) == (row["verdict"], row["stable"])
        assert set(found.thresholds["verdict"]) <= set(VERDICTS)
        current = found.bars[found.bars["current"].astype(bool)]
        assert set(current["verdict"]) <= {row["verdict"]}


@pytest.mark.parametrize("policy_id", POLICY_IDS)
def test_the_pace_of_every_target_of_every_document(shipped, policy_id):
    ledger, own, area = shipped
    policy, date = load_policy(policy_id), ledger.dates[-1]
    results = evaluate(ledger, policy)
    for target, reading in readings(policy, date, own == policy_id):
        table = pace(ledger, policy, target.id, level="county", reading=reading.id)
        assert set(table["outlook"]) <= set(OUTLOOKS)
        lower, upper = (table[table["basis"] == side] for side in ("lower", "upper"))
        for a, b in zip(lower["projected"], upper["projected"], strict=True):
            assert a is None or b is None or a <= b
        if not isinstance(reading.formula, Ratio):
            again = pace(results, policy, target.id, level="county", reading=reading.id)
            pd.testing.assert_frame_equal(table, again)
        here = table[(table["area_code"] == area) & (table["basis"] == "lower")].iloc[0]
        row = results[
            (results["target"] == target.id)
            & (results["reading"] == reading.id)
            & (results["area_code"] == area)
            & (results["date"] == pd.Timestamp(date))
        ].iloc[0]
        assert (here["figure"] is None) == pd.isna(row["lower"])
        if here["figure"] is not None:
            assert float(here["figure"]) == pytest.approx(row["lower"], abs=0, rel=1e-15)
            assert float(here["numerator"] / here["denominator"]) >= 0


def test_the_set_of_every_county_meets_its_target_when_it_is_carried_out(shipped):
    ledger, policy_id, _ = shipped
    target = "orgs-urban"
    counties = sorted(ledger.frame["county_code"].unique())[:6]
    sets = [least_effort(ledger, policy_id, target, area).units for area in counties]
    units = pd.concat(sets, ignore_index=True)
    known = [value is not None for value in units["value"]]
    change = units["change"].tolist()
    values = [f"{one:+d}" if there else one for one, there in zip(change, known, strict=True)]
    changes = pd.DataFrame({"code": units["code"], "variable": "orgs", "value": values})
    linked = pd.DataFrame({"code": units["code"], "variable": "linkage", "value": "是"})
    results = what_if(ledger, [changes, linked], policy_id).results
    wanted = (results["target"] == target) & results["area_code"].isin(counties)
    wanted &= results["reading"] == "primary"
    assert wanted.sum() == len(counties)
    assert set(results.loc[wanted, "verdict_after"]) <= {"met", "not_applicable"}


def test_two_more_in_every_urban_community_below_ten(liaoning):
    rule = ChangeRule("orgs", "+2", "orgs < 10", "urban")
    supposed = what_if(liaoning, rule, "liaoning-2021", "2022-12-31")
    row = supposed.results[
        (supposed.results["target"] == "orgs-urban") & (supposed.results["area_code"] == "21")
    ].iloc[0]
    table = liaoning.communities
    there = (table["date"] == "2022-12-31") & (table["settlement"] == "urban")
    counts = table.loc[there, "orgs"].dropna()
    assert row["numerator_before"] == (counts >= 10).sum()
    assert row["numerator_after"] == (counts >= 8).sum()
    assert row[["verdict_before", "verdict_after"]].tolist() == ["not_met", "met"]


def test_nothing_supposed_changes_nothing(shipped):
    ledger, policy_id, _ = shipped
    assert not what_if(ledger, [], policy_id).results["changed"].any()


def test_another_bar_or_threshold_covers_every_area(liaoning):
    bars = bars_of(liaoning, "liaoning-2021", "orgs-urban", "2022-12-31")
    for bar, level in ((8, "province"), (9, "county"), (7, "street")):
        table = bars.table(bar, "70%", level)
        assert len(table) == liaoning.frame[f"{level}_code"].nunique()


def test_the_bars_of_a_province_are_what_evaluations_find(liaoning):
    policy = load_policy("liaoning-2021")
    bars = bars_of(liaoning, policy, "orgs-urban", "2022-12-31")
    for bar in (0, 3, 10, 25):
        other = with_condition("liaoning-2021", "orgs-urban", f"orgs >= {bar}")
        results = evaluate(liaoning, other, "2022-12-31")
        counties = results[results["level"] == "county"]
        table = bars.table(bar)
        assert table["passes"].tolist() == counties["numerator"].tolist()
        assert table["unknown"].tolist() == counties["unknown"].tolist()
        assert table["verdict"].tolist() == counties["verdict"].tolist()
