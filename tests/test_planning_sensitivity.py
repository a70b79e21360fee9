"""What a verdict rests on: threshold, reading, unknown units and bar, by hand and by evaluation."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import CHANGZHOU, LIAONING, LISHUI, POLICY, YANGQUAN, YUNCHENG, frame_of, rows
from test_planning import F, counties, made, urban
from test_planning_effort import with_condition
from test_properties import many

from sanlian_analysis.calculation import assess, figures
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import situation_at
from sanlian_analysis.language import using
from sanlian_analysis.planning import bars_of, sensitivity
from sanlian_analysis.planning.bars import TABLE
from sanlian_analysis.planning.sensitive import READINGS, STEPS, THRESHOLDS, TREATMENTS

DATE = "2021-12-31"


def listed(table, *names):
    cells = [[None if cell is None else cell for cell in table[name]] for name in names]
    return list(zip(*cells, strict=True))


@pytest.fixture
def ten():
    """Ten urban communities: three pass, two are unknown; 40 % are asked for."""
    return made(urban(LIAONING, DATE, orgs=[10, 12, 15, None, None, 9, 9, 3, 0, 0]))


# --- the threshold -----------------------------------------------------------------------


def test_the_verdict_flips_at_the_bounds(ten):
    found = sensitivity(ten, "liaoning-2021", "orgs-urban", "210106")
    assert (found.lower, found.value, found.upper) == (F(3, 10), F(3, 8), F(1, 2))
    assert (found.threshold, found.verdict, found.due.isoformat()) == (
        F(2, 5),
        "undetermined",
        DATE,
    )
    assert list(found.steps.columns) == STEPS
    assert listed(found.steps, *STEPS) == [
        ("met", None, F(3, 10), False, F(-1, 10), True),
        ("undetermined", F(3, 10), F(1, 2), True, 0, True),
        ("not_met", F(1, 2), None, False, F(1, 10), False),
    ]
    # 10 points either way: of two as near the lower threshold, and 30 % itself is enough.
    assert (found.flips_to, found.smallest_change, found.attained) == ("met", F(-1, 10), True)


def test_any_more_than_the_upper_bound_is_not_met(ten):
    found = sensitivity(
        ten, "liaoning-2021", "orgs-urban", "21", grid=["50%", "50.1%", 0.3, F(31, 100)]
    )
    assert list(found.thresholds.columns) == THRESHOLDS
    assert listed(found.thresholds, *THRESHOLDS) == [
        (F(3, 10), "met", False),
        (F(31, 100), "undetermined", False),
        (F(2, 5), "undetermined", True),
        (F(1, 2), "undetermined", False),
        (F(501, 1000), "not_met", False),
    ]


def test_without_blanks_there_are_two_verdicts_and_no_more_than_everything():
    there = made(urban(LIAONING, DATE, orgs=[10, 0]))
    found = sensitivity(there, "liaoning-2021", "orgs-urban", "21")
    assert listed(found.steps, "verdict", "above", "up_to") == [
        ("met", None, F(1, 2)),
        ("not_met", F(1, 2), None),
    ]
    assert (found.flips_to, found.smallest_change, found.attained) == ("not_met", F(1, 10), False)
    # All pass: no share asks for more than 100 %.
    there = made(urban(LIAONING, DATE, orgs=[10, 10]))
    found = sensitivity(there, "liaoning-2021", "orgs-urban", "21")
    assert listed(found.steps, "verdict", "up_to") == [("met", 1)]
    assert (found.flips_to, found.smallest_change, found.attained) == (None, None, None)


def test_a_grid_of_five_percent_for_rates_and_of_milestones_for_others(ten):
    tried = sensitivity(ten, "liaoning-2021", "orgs-urban", "21").thresholds
    assert tried["threshold"].tolist() == [F(n, 20) for n in range(21)]
    there = made(urban(CHANGZHOU, "2020-12-31", orgs=[12, None]))
    found = sensitivity(there, "changzhou-2018", "orgs-urban", "320402")
    assert listed(found.thresholds, *THRESHOLDS) == [(10, "undetermined", True)]
    # A mean with a blank has no upper bound: no threshold is out of reach.
    assert listed(found.steps, "verdict", "above", "up_to") == [
        ("met", None, 6),
        ("undetermined", 6, None),
    ]
    assert (found.flips_to, found.smallest_change) == ("met", -4)
    assert found.bars.empty


def test_vague_targets_standing_demands_and_areas_without_units():
    there = made(urban(LISHUI, "2020-12-31", agency=[True, None], staff=[7, 3]))
    found = sensitivity(there, "lishui-2018", "agency-urban", "3311")
    assert (found.threshold, found.verdict, found.smallest_change) == (None, "no_threshold", None)
    assert listed(found.steps, "verdict", "up_to", "current") == [
        ("met", F(1, 2), False),
        ("undetermined", 1, False),
    ]
    assert set(found.treatments["verdict"]) == {"no_threshold"}
    given_ = ["lishui-2018/agency-urban=50%"]
    found = sensitivity(there, "lishui-2018", "agency-urban", "3311", assumptions=given_)
    assert (found.threshold, found.verdict) == (F(1, 2), "met")
    found = sensitivity(there, "lishui-2018", "staff", "331102")
    assert (found.due, found.verdict, found.smallest_change) == (None, "not_met", F(-1, 2))
    found = sensitivity(there, "lishui-2018", "orgs-rural", "331102")
    assert (found.verdict, found.lower) == ("not_applicable", None)
    assert found.steps.empty
    assert set(found.thresholds["verdict"]) == {"not_applicable"}


# --- readings ----------------------------------------------------------------------------


def test_all_readings_side_by_side():
    there = made(
        urban(YUNCHENG, "2020-12-31", linkage=[True, True])
        + rows("1408020010", "2020-12-31", "rural", start=3, linkage=[False] * 4)
    )
    found = sensitivity(there, "yuncheng-2019", "linkage", "140802")
    assert list(found.readings.columns) == READINGS
    assert listed(
        found.readings, "reading", "lower", "upper", "threshold", "verdict", "agrees"
    ) == [
        ("primary", F(1, 3), F(1, 3), F(3, 10), "met", True),
        ("rural", 0, 0, F(3, 10), "not_met", False),
        ("urban", 1, 1, F(3, 10), "met", True),
        ("to-standard", 0, F(1, 3), F(3, 10), "undetermined", False),
    ]
    assert not found.stable
    found = sensitivity(there, "yuncheng-2019", "linkage", "140802", reading="rural")
    assert (found.verdict, found.stable) == ("not_met", False)
    assert found.readings["agrees"].tolist() == [False, True, False, False]
    with using("en"):
        names = sensitivity(there, "yuncheng-2019", "linkage", "140802").readings["name"]
    assert names.str.isascii().all()


def test_a_reading_that_does_not_apply_is_left_aside():
    there = made(urban(CHANGZHOU, "2020-12-31", posts=[0, 10], social_work_posts=[0, 3]))
    found = sensitivity(there, "changzhou-2018", "posts-urban", "320402")
    assert listed(found.readings, "reading", "threshold", "verdict") == [
        ("primary", F(3, 10), "met"),
        ("each", 1, "met"),
    ]
    there = made(urban(YUNCHENG, "2019-12-31", linkage=[True], venue_area=[600.0]))
    found = sensitivity(there, "yuncheng-2019", "venue-urban", "140802")
    assert found.readings["reading"].tolist() == ["primary", "all-units"]  # all-settlements: 2020


# --- unknown units -----------------------------------------------------------------------


def test_four_ways_to_treat_unknown_units(ledger_with_holes):
    found = sensitivity(ledger_with_holes, "liaoning-2021", "orgs-urban", "210106")
    # Five in the frame: 2 pass, 1 fails, 1 is blank, 1 has no row; 40 % are asked for.
    assert list(found.treatments.columns) == TREATMENTS
    assert listed(found.treatments, *TREATMENTS) == [
        ("frame", 2, 5, F(2, 5), "met", True),
        ("reported", 2, 4, F(1, 2), "met", True),
        ("complete", 2, 3, F(2, 3), "met", True),
        ("passing", 4, 5, F(4, 5), "met", True),
    ]


@pytest.fixture
def ledger_with_holes():
    frame = frame_of([(f"210106001{n:03d}", f"第{n}社区") for n in range(1, 6)])
    return made(urban(LIAONING, DATE, orgs=[10, 11, 0, None]), frame=frame)


def test_ratios_means_and_totals():
    there = made(
        urban(CHANGZHOU, "2020-12-31", posts=[10, 20, None], social_work_posts=[4, None, 5])
    )
    found = sensitivity(there, "changzhou-2018", "posts-urban", "320402")
    # Parts 4 + 5 over wholes 10 + 20; complete: 4 of 10. A whole is unknown: no bounds.
    assert listed(
        found.treatments, "treatment", "numerator", "denominator", "figure", "verdict"
    ) == [
        ("frame", 9, 30, F(3, 10), "met"),
        ("reported", 9, 30, F(3, 10), "met"),
        ("complete", 4, 10, F(2, 5), "met"),
        ("passing", None, None, None, "undetermined"),
    ]
    assert found.verdict == "undetermined"
    assert listed(found.steps, *STEPS[:4]) == [("undetermined", None, None, True)]
    there = made(
        [{"code": "210106001001", "date": DATE, "settlement": "urban"}],
        counties=counties(DATE, ["210106"], brand_orgs=[60]),
    )
    found = sensitivity(there, "liaoning-2021", "brand-orgs", "21")
    assert listed(found.treatments, "treatment", "figure") == [
        ("frame", None),
        ("reported", None),
        ("complete", 60),
        ("passing", 60),
    ]


def test_a_scale_is_in_the_figure():
    there = made(urban(YANGQUAN, "2018-06-30", facility_area=[30.0, 60.0], households=[100, 200]))
    found = sensitivity(there, "yangquan-2015", "facility-ratio", "140302")
    assert found.lower == 30
    assert listed(found.treatments, "numerator", "denominator", "figure")[0] == (90, 300, 30)
    assert listed(found.treatments, "numerator", "denominator", "figure")[2] == (90, 300, 30)


# --- the bar -----------------------------------------------------------------------------


def test_the_verdict_at_every_bar(ten):
    found = sensitivity(ten, "liaoning-2021", "orgs-urban", "210106").bars
    assert list(found.columns) == TABLE
    assert found["bar"].tolist() == [*range(16)]
    # 15, 12, 10, 9, 9, 3, 0, 0 and two unknown, which reach a bar of 0 whatever they are.
    assert found["passes"].tolist() == [10, 6, 6, 6, 5, 5, 5, 5, 5, 5, 3, 2, 2, 1, 1, 1]
    assert found["unknown"].tolist() == [0, *[2] * 15]
    verdicts = ["met"] * 10 + ["undetermined"] * 3 + ["not_met"] * 3
    assert found["verdict"].tolist() == verdicts
    assert found.loc[found["current"], "bar"].tolist() == [10]
    row = found[found["bar"] == 10].iloc[0]
    assert (row["lower"], row["value"], row["upper"]) == (F(3, 10), F(3, 8), F(1, 2))


def test_all_areas_at_a_bar_and_a_threshold():
    there = made(
        urban("2101020010", DATE, orgs=[3, 8]) + urban("2101060010", DATE, orgs=[8, None, 12])
    )
    bars = bars_of(there, "liaoning-2021", "orgs-urban")
    assert (bars.bar, bars.value, bars.comparison, bars.threshold) == (10, "orgs", "≥", F(2, 5))
    table = bars.table()
    assert listed(table, "area_code", "passes", "unknown", "units", "verdict", "current") == [
        ("210102", 0, 0, 2, "not_met", True),
        ("210106", 1, 1, 3, "undetermined", True),
    ]
    table = bars.table(8, "1/2")
    assert listed(table, "lower", "upper", "verdict", "current") == [
        (F(1, 2), F(1, 2), "met", False),
        (F(2, 3), 1, "met", False),
    ]
    assert bars.table(8, 0.5, "city")["passes"].tolist() == [3]
    assert bars.table(level="street")["area_code"].tolist() == ["210102001", "210106001"]


@pytest.mark.parametrize(
    ("condition", "sign", "passes", "unknown"),
    [
        # of 3, 5, 5, 7 and a blank, at the bars 4, 5, 6
        ("orgs >= 5", "≥", [3, 3, 1], [1, 1, 1]),
        ("orgs > 5", ">", [3, 1, 1], [1, 1, 1]),
        ("orgs <= 5", "≤", [1, 3, 3], [1, 1, 1]),
        ("5 > orgs", "<", [1, 1, 3], [1, 1, 1]),
        # with a demand that stays: yes, no, blank, yes, yes
        ("linkage and orgs >= 5", "≥", [1, 1, 1], [2, 2, 1]),
        ("orgs <= 5 and linkage", "≤", [1, 1, 1], [1, 2, 2]),
    ],
)
def test_every_comparison(condition, sign, passes, unknown):
    policy = with_condition("liaoning-2021", "orgs-urban", condition)
    there = made(
        urban(LIAONING, DATE, orgs=[3, 5, 5, 7, None], linkage=[True, False, None, True, True])
    )
    bars = bars_of(there, policy, "orgs-urban")
    assert bars.comparison == sign
    curve = bars.curve("21", [6, 4, 5])
    assert curve["bar"].tolist() == [4, 5, 6]
    assert curve["passes"].tolist() == passes
    assert curve["unknown"].tolist() == unknown


def test_decimals_and_bars_between_the_numbers():
    there = made(
        urban(YUNCHENG, "2019-12-31", linkage=[True] * 3, venue_area=[499.99, 500.0, 1200.5])
    )
    bars = bars_of(there, "yuncheng-2019", "venue-urban")
    curve = bars.curve("140802")
    # Too many whole numbers: 0, what is stated, and the document's own bar.
    assert curve["bar"].tolist() == [0, F("499.99"), 500, F("1200.5")]
    assert curve["passes"].tolist() == [3, 3, 2, 1]
    assert bars.curve("140802", ["499.995", 10**30])["passes"].tolist() == [2, 0]


def test_streets_scores_and_what_has_no_bar():
    two = urban("1403020010", "2016-06-30", governance_new=[True, False, None])
    bars = bars_of(made(two), "yangquan-2015", "governance-street")
    assert (bars.value, bars.bar) == ("communities(governance_new)", 2)
    assert listed(bars.curve("140302", [1, 2, 3]), "passes", "unknown") == [(1, 0), (0, 1), (0, 0)]
    there = made(
        urban(YUNCHENG, "2019-12-31", linkage=[True], functions=[5]),
        scores=[{"code": "140802001001", "date": "2019-12-31", "score_1": 5.0}],
    )
    assert bars_of(there, "yuncheng-2019", "score-model").bar == 95
    for target in ("linkage", "institutions", "functions", "score-qualified", "venue-rural"):
        with pytest.raises(SanlianError, match="不能换门槛"):
            bars_of(there, "yuncheng-2019", target)
        with using("en"), pytest.raises(SanlianError, match="no bar to move"):
            bars_of(there, "yuncheng-2019", target)


def test_bars_and_levels_that_cannot_be(ten):
    bars = bars_of(ten, "liaoning-2021", "orgs-urban")
    for asked in (-1, "ten", None, float("nan")):
        with pytest.raises(SanlianError, match="应为"):
            bars.curve("21", [asked])
    with pytest.raises(SanlianError, match="没有层级 'village'；有：street"):
        bars.table(level="village")
    with using("en"), pytest.raises(SanlianError, match="no level 'village'"):
        bars.table(level="village")
    with pytest.raises(SanlianError, match="没有地区"):
        bars.curve("2102")


# --- whatever stands in the ledger -------------------------------------------------------

counts = st.lists(
    st.one_of(st.none(), st.integers(0, 12), st.just("不适用")), min_size=1, max_size=9
)
COMPARISONS = st.sampled_from([">=", ">", "<=", "<"])


@given(
    counts,
    COMPARISONS,
    st.sampled_from(["", "linkage and "]),
    st.fractions(0, 1, max_denominator=7),
)
@settings(many, max_examples=20)
def test_every_bar_is_what_an_evaluation_finds(orgs, comparison, rest, threshold):
    there = made(
        urban(
            LIAONING,
            DATE,
            orgs=orgs,
            linkage=[(True, False, None)[n % 3] for n in range(len(orgs))],
        )
    )
    bars = bars_of(
        there,
        with_condition("liaoning-2021", "orgs-urban", f"{rest}orgs {comparison} 5"),
        "orgs-urban",
    )
    for bar in range(14):
        policy = with_condition("liaoning-2021", "orgs-urban", f"{rest}orgs {comparison} {bar}")
        situation = situation_at(there, policy, there.dates[0])
        (target,) = policy.targets
        expected = figures(assess(situation, target, target.readings[0]))
        for level in ("street", "county", "province"):
            found = bars.figures(bar, level)
            for name in ("numerator", "denominator", "unknown"):
                assert (getattr(found, name) == getattr(expected[level], name)).all()
    curve = bars.curve("21", range(14), threshold)
    rises = comparison in (">=", ">")
    assert (
        curve["passes"].is_monotonic_decreasing
        if rises
        else curve["passes"].is_monotonic_increasing
    )
    assert (curve["passes"] + curve["unknown"] <= curve["units"]).all()
    both = curve[curve["lower"].notna()]
    assert all(a <= b for a, b in zip(both["lower"], both["upper"], strict=True))


def verdict_of(orgs, threshold):
    """Rule 15 in plain words: at least ten organisations in the community."""
    there = [count for count in orgs if count != "不适用"]
    passes = sum(count is not None and count >= 10 for count in there)
    unknown = there.count(None)
    if not there:
        return "not_applicable"
    if F(passes, len(there)) >= threshold:
        return "met"
    return "not_met" if F(passes + unknown, len(there)) < threshold else "undetermined"


@given(counts, st.fractions(0, 1, max_denominator=20))
@settings(many, max_examples=40)
def test_the_smallest_change_flips_the_verdict_and_no_smaller_one_does(orgs, threshold):
    policy = POLICY("liaoning-2021")
    target = policy.target("orgs-urban")
    stone = dataclasses.replace(target.milestones[0], threshold=threshold)
    one = dataclasses.replace(policy, targets=(dataclasses.replace(target, milestones=(stone,)),))
    there = made(urban(LIAONING, DATE, orgs=orgs))
    found = sensitivity(there, one, "orgs-urban", "21")
    assert found.verdict == verdict_of(orgs, threshold)
    change = found.smallest_change
    if change is None:
        assert {verdict_of(orgs, F(n, 20)) for n in range(21)} == {found.verdict}
        return
    little = Fraction(1, 10**9)
    beyond = change + (little if change >= 0 else -little)
    assert found.flips_to == verdict_of(orgs, threshold + (change if found.attained else beyond))
    assert found.attained or verdict_of(orgs, threshold + change) == found.verdict
    for less in (abs(change) - little, little - abs(change)):
        if 0 <= threshold + less <= 1 and change:
            assert verdict_of(orgs, threshold + less) == found.verdict
