"""Changes split by hand: progress, weights, turnover, scope and reporting, exactly adding up."""

import dataclasses
import functools
import tempfile
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_evaluation import frame_of, write
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.compare import decompose
from sanlian_analysis.compare.shift_share import CAUSES, Sums, split
from sanlian_analysis.compare.sides import PART_COLUMNS, TOTAL_COLUMNS
from sanlian_analysis.coverage import gaps
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy import Total
from sanlian_analysis.policy_files import POLICY_IDS, load_policy

EARLIER, LATER = "2021-12-31", "2022-12-31"
TERMS = ["progress", "weights", "turnover", "scope", "reporting"]
A, B = "210102001", "210103001"

few = settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
many = settings(few, max_examples=200)


def rows(date, settlement="urban", **units):
    """Rows of the 社区 sheet: a unit per keyword, `a1` = first of street A, and its cells."""
    streets = {"a": A, "b": B, "c": "210102002"}
    return [
        {"code": f"{streets[unit[0]]}{int(unit[1:]):03d}", "name": f"{unit}社区", "date": date}
        | {"settlement": settlement}
        | (cells if isinstance(cells, dict) else {"orgs": cells})
        for unit, cells in units.items()
    ]


def frame(*units):
    return frame_of([(row["code"], row["name"]) for row in rows("", **dict.fromkeys(units, 0))])


def row(table, figure, part=None):
    chosen = table[table["figure"] == figure]
    if part is not None:
        chosen = chosen[chosen["part_code"] == part]
    assert len(chosen) == 1
    return chosen.iloc[0]


def terms(found, figure="value", part=None):
    """The terms that are not 0, by name."""
    table = found.total if part is None else found.parts
    one = row(table, figure, part)
    return {term: one[term] for term in TERMS if one[term]}


def ends(found, figure="value"):
    one = row(found.total, figure)
    return one["earlier"], one["later"], one["change"]


def of_orgs(ledger, before, after, listed=None, **more):
    """The share of urban communities with at least ten organisations: Liaoning's first target."""
    there = ledger(listed, communities=rows(EARLIER, **before) + rows(LATER, **after))
    return decompose(there, "liaoning-2021", "orgs-urban", EARLIER, LATER, **more)


# --- shares by hand ----------------------------------------------------------------------


def test_progress_part_by_part(ledger):
    # A: 1 of 4 → 3 of 4; B: 3 of 6 → 3 of 6. 4/10 → 6/10, all of it progress in A.
    before = {"a1": 10, "a2": 9, "a3": 9, "a4": 9} | {f"b{i}": 7 + i for i in range(1, 6)}
    before |= {"b6": 2}
    after = before | {"a2": 10, "a3": 12}
    found = of_orgs(ledger, before, after, frame(*before))
    for figure in ("value", "lower", "upper"):
        assert ends(found, figure) == (F(4, 10), F(6, 10), F(1, 5))
        assert terms(found, figure) == {"progress": F(1, 5)}
        assert terms(found, figure, "210102") == {"progress": F(1, 5)}
        assert terms(found, figure, "210103") == {}
    one = row(found.parts, "value", "210102")
    assert (one["earlier"], one["later"]) == (F(1, 4), F(3, 4))
    assert (one["units_earlier"], one["units_later"], one["units_same"]) == (4, 4, 4)
    assert "构成的变化为 0" in row(found.total, "value")["note"]
    assert found.possible_change() == (F(1, 5), F(1, 5))
    assert set(found.units["kind"]) == {"kept"}


def test_a_new_community_is_composition(ledger):
    # A: 1 of 4 → 2 of 4 stay: 1/4 progress. B: one appears and passes: its share of the units,
    # 1/5, times its distance from those that stayed, 1 − 1/2.
    before = {"a1": 10, "a2": 9, "a3": 9, "a4": 9}
    found = of_orgs(ledger, before, before | {"a2": 10, "b1": 10})
    assert ends(found) == (F(1, 4), F(3, 5), F(7, 20))
    assert terms(found) == {"progress": F(1, 4), "turnover": F(1, 10)}
    assert terms(found, part="210102") == {"progress": F(1, 4)}
    assert terms(found, part="210103") == {"turnover": F(1, 10)}
    assert row(found.total, "value")["composition"] == F(1, 10)
    new = row(found.parts, "value", "210103")
    assert (new["earlier"], new["later"]) == (None, F(1))
    assert (new["units_earlier"], new["units_later"], new["units_same"]) == (0, 1, 0)
    assert found.units["kind"].value_counts().to_dict() == {"kept": 4, "appeared": 1}


def test_a_merged_village_is_composition(ledger):
    # The passing unit of B is gone: −1/5 × (1 − 1/4), against 1/4 of progress in A.
    before = {"a1": 10, "a2": 9, "a3": 9, "a4": 9, "b1": 10}
    after = {"a1": 10, "a2": 10, "a3": 9, "a4": 9}
    found = of_orgs(ledger, before, after)
    assert ends(found) == (F(2, 5), F(1, 2), F(1, 10))
    assert terms(found) == {"progress": F(1, 4), "turnover": F(-3, 20)}


def test_a_unit_under_a_new_code_stays(ledger):
    before = rows(EARLIER, a1=10, a2=9)
    after = [*rows(LATER, a1=10), *rows(LATER, a7=11)]
    after[1]["name"] = "a2社区"
    found = decompose(
        ledger(communities=before + after), "liaoning-2021", "orgs-urban", EARLIER, LATER
    )
    assert terms(found) == {"progress": F(1, 2)}
    assert found.units["kind"].tolist() == ["kept", "recoded"]


def test_a_unit_that_moves_goes_from_one_part_to_another(ledger):
    # a1, which passes, is under street c later. By street: those that stay have 0;
    # −1/3 × (1 − 0) in street A, +1/3 × (1 − 0) in street C. By county nothing happens.
    before = rows(EARLIER, a1=10, a2=9, c1=9)
    after = rows(LATER, a2=9, c1=9, c2=10)
    after[2]["name"] = "a1社区"
    there = ledger(communities=before + after)
    by_street = decompose(
        there, "liaoning-2021", "orgs-urban", EARLIER, LATER, "210102", by="street"
    )
    assert ends(by_street) == (F(1, 3), F(1, 3), 0)
    assert terms(by_street) == {}
    assert terms(by_street, part="210102001") == {"turnover": F(-1, 3)}
    assert terms(by_street, part="210102002") == {"turnover": F(1, 3)}
    by_county = decompose(there, "liaoning-2021", "orgs-urban", EARLIER, LATER, by="county")
    assert terms(by_county, part="210102") == {}


def test_what_was_not_known_is_reporting(ledger):
    # a: pass → pass, b: pass → pass, c: fail → pass, d: blank → fail.
    # Known: 2/3 → 3/4. Those known at both: 2/3 → 1; d: 1/4 × (0 − 1).
    # Lower: 2/4 → 3/4, c's progress. Upper: 3/4 → 3/4, c's progress and what became of d.
    before, after = (
        {"a1": 10, "a2": 10, "a3": 9, "a4": None},
        {"a1": 10, "a2": 10, "a3": 10, "a4": 9},
    )
    found = of_orgs(ledger, before, after, frame(*before))
    assert ends(found) == (F(2, 3), F(3, 4), F(1, 12))
    assert terms(found) == {"progress": F(1, 3), "reporting": F(-1, 4)}
    assert ends(found, "lower") == (F(1, 2), F(3, 4), F(1, 4))
    assert terms(found, "lower") == {"progress": F(1, 4)}
    assert ends(found, "upper") == (F(3, 4), F(3, 4), 0)
    assert terms(found, "upper") == {"progress": F(1, 4), "reporting": F(-1, 4)}
    assert found.possible_change() == (0, F(1, 4))  # 3/4 − 3/4 to 3/4 − 2/4


def test_a_unit_without_a_row_is_reporting_with_a_frame_and_turnover_without(ledger):
    before, after = {"a1": 10, "a2": 9}, {"a1": 10}
    with_frame = of_orgs(ledger, before, after, frame("a1", "a2"))
    assert terms(with_frame) == {"reporting": F(1, 2)}
    assert terms(of_orgs(ledger, before, after)) == {"turnover": F(1, 2)}


def test_not_applicable_is_scope(ledger):
    # Those that stay have 1/2 at both dates; c, 不适用 before, fails: 1/3 × (0 − 1/2).
    before = {"a1": 10, "a2": 9, "a3": "不适用"}
    found = of_orgs(ledger, before, before | {"a3": 1}, frame(*before))
    assert ends(found) == (F(1, 2), F(1, 3), F(-1, 6))
    assert terms(found) == {"scope": F(-1, 6)}
    assert row(found.total, "value")["composition"] == F(-1, 6)
    assert "没有单位出现或消失" in row(found.total, "value")["note"]


def test_another_settlement_type_is_scope(ledger):
    there = ledger(
        communities=rows(EARLIER, a1=10, a2=9)
        + rows(EARLIER, "rural", a3=10)
        + rows(LATER, a1=10, a2=9, a3=10)
    )
    found = decompose(there, "liaoning-2021", "orgs-urban", EARLIER, LATER)
    assert terms(found) == {"scope": F(1, 3) * F(1, 2)}


def test_where_nobody_stayed_there_is_no_progress(ledger):
    # 1/2 → 1 between other units: the reference is 3/4, (1 − 3/4) − (1/2 − 3/4) = 1/2.
    found = of_orgs(ledger, {"a1": 10, "a2": 9}, {"a3": 10})
    assert ends(found) == (F(1, 2), F(1), F(1, 2))
    assert terms(found) == {"turnover": F(1, 2)}
    assert "分不出进展" in row(found.total, "value")["note"]


def test_a_date_without_units_in_scope_has_no_change(ledger):
    there = ledger(communities=rows(EARLIER, "rural", a1=10) + rows(LATER, a1=10))
    found = decompose(there, "liaoning-2021", "orgs-urban", EARLIER, LATER)
    one = row(found.total, "value")
    assert (one["earlier"], one["later"], one["change"]) == (None, F(1), None)
    assert "没有可算的单位" in one["note"]
    assert row(found.parts, "value", "210102")["progress"] is None
    assert found.possible_change() is None


# --- means and ratios by hand ------------------------------------------------------------


def test_a_mean_has_no_upper_bound_while_a_unit_is_blank(ledger):
    # 4 and 8 → 6 and blank and 9: known 6 → 15/2. Stays: 4 → 6. b: 1/2 × (8 − 4) goes,
    # c: 1/2 × (9 − 6) comes. Lower: 12/3 → 15/3: a +2/3, b −8/3, c +9/3.
    before, after = {"a1": 4, "a2": 8, "a3": None}, {"a1": 6, "a2": None, "a3": 9}
    there = ledger(frame(*before), communities=rows(EARLIER, **before) + rows(LATER, **after))
    found = decompose(there, "changzhou-2018", "orgs-urban", EARLIER, LATER)
    assert ends(found) == (F(6), F(15, 2), F(3, 2))
    assert terms(found) == {"progress": F(2), "reporting": F(-2) + F(3, 2)}
    assert terms(found, "lower") == {"progress": F(2, 3), "reporting": F(1, 3)}
    assert row(found.total, "upper")["change"] is None
    assert "没有这个界" in row(found.total, "upper")["note"]
    assert set(found.parts["figure"]) == {"value", "lower"}
    assert found.possible_change() is None


def certified(ledger, before, after, **more):
    def cells(units):
        return {u: {"members": m, "certified_members": c} for u, (m, c) in units.items()}

    there = ledger(
        frame(*before), communities=rows(EARLIER, **cells(before)) + rows(LATER, **cells(after))
    )
    return decompose(there, "changzhou-2018", "certified-urban", EARLIER, LATER, **more)


def test_the_weights_of_a_ratio_move(ledger):
    # A: 5 of 10 → 10 of 20. B: 2 of 10 → 4 of 10. 7/20 → 14/30.
    # Progress: B ½(1/2 + 1/3) × 1/5 = 1/12. Mean of the ends: 49/120.
    # Weights: A (2/3 − 1/2)(1/2 − 49/120) = 11/720, B (1/3 − 1/2)(3/10 − 49/120) = 13/720.
    found = certified(ledger, {"a1": (10, 5), "b1": (10, 2)}, {"a1": (20, 10), "b1": (10, 4)})
    for figure in ("value", "lower", "upper"):
        assert ends(found, figure) == (F(7, 20), F(7, 15), F(7, 60))
        assert terms(found, figure) == {"progress": F(1, 12), "weights": F(1, 30)}
        assert terms(found, figure, "210102") == {"weights": F(11, 720)}
        assert terms(found, figure, "210103") == {"progress": F(1, 12), "weights": F(13, 720)}
    assert "权重" in row(found.total, "value")["note"]


def test_a_part_without_a_denominator_has_no_progress(ledger):
    # A: 0 of 0 → 5 of 10, B: 2 of 10 twice. 1/5 → 7/20, middle 11/40.
    # A: 5/20 − 1/2 × 11/40 = 9/80; B: (1/2 − 1)(1/5 − 11/40) = 3/80.
    found = certified(ledger, {"a1": (0, 0), "b1": (10, 2)}, {"a1": (10, 5), "b1": (10, 2)})
    assert terms(found) == {"weights": F(3, 20)}
    assert terms(found, part="210102") == {"weights": F(9, 80)}
    assert terms(found, part="210103") == {"weights": F(3, 80)}


def test_an_unknown_whole_leaves_a_ratio_without_bounds(ledger):
    found = certified(ledger, {"a1": (10, 5), "b1": (None, 2)}, {"a1": (10, 6), "b1": (10, 4)})
    assert terms(found)["progress"] == F(1, 10)
    assert row(found.total, "lower")["change"] is None
    assert row(found.total, "upper")["change"] is None


def test_an_unknown_part_lies_between_nothing_and_its_whole(ledger):
    # b: ? of 10 → 4 of 10. Lower 5/20 → 9/20, upper 15/20 → 9/20: reporting, all of it.
    found = certified(ledger, {"a1": (10, 5), "b1": (10, None)}, {"a1": (10, 5), "b1": (10, 4)})
    assert ends(found, "lower") == (F(1, 4), F(9, 20), F(1, 5))
    assert terms(found, "lower") == {"reporting": F(1, 5)}
    assert terms(found, "upper") == {"reporting": F(-3, 10)}
    assert terms(found) == {"reporting": F(9, 20) - F(1, 2)}
    assert found.possible_change() == (F(9, 20) - F(3, 4), F(1, 5))


def test_decimals_at_one_date_only(ledger):
    # 100 m² of 2 households, then 100.5: × 100 per household.
    def cells(area):
        return {"a1": {"facility_area": area, "households": 2}}

    there = ledger(communities=rows(EARLIER, **cells(100)) + rows(LATER, **cells(100.5)))
    found = decompose(there, "yangquan-2015", "facility-ratio", EARLIER, LATER)
    assert ends(found) == (F(5000), F(5025), F(25))
    assert terms(found) == {"progress": F(25)}


# --- other readings, levels and units ----------------------------------------------------


def test_streets_and_counties_as_units(ledger):
    counties = [
        {"county_code": code, "date": date, "backbone": 10, "backbone_trained": trained}
        for date, several in ((EARLIER, (2, 4)), (LATER, (5, 4)))
        for code, trained in zip(("210102", "210103"), several, strict=True)
    ]
    there = ledger(
        communities=rows(EARLIER, a1=1, b1=1) + rows(LATER, a1=1, b1=1), counties=counties
    )
    found = decompose(there, "liaoning-2021", "backbone-training", EARLIER, LATER)
    assert terms(found) == {"progress": F(3, 20)}
    assert found.units.empty
    with pytest.raises(SanlianError, match="不能按 'street' 分解；可用：county、city、province"):
        decompose(there, "liaoning-2021", "backbone-training", EARLIER, LATER, by="street")


def test_another_reading(ledger):
    def cells(posts, social):
        return {"posts": posts, "social_work_posts": social}

    there = ledger(
        communities=rows(EARLIER, a1=cells(10, 3), a2=cells(10, 1))
        + rows(LATER, a1=cells(10, 3), a2=cells(10, 3))
    )
    found = decompose(there, "changzhou-2018", "posts-urban", EARLIER, LATER, reading="each")
    assert ends(found) == (F(1, 2), F(1), F(1, 2))


def test_an_area_and_its_usual_parts(ledger):
    before, after = {"a1": 9, "c1": 9, "b1": 9}, {"a1": 10, "c1": 9, "b1": 10}
    whole = of_orgs(ledger, before, after)
    assert whole.parts["part_code"].unique().tolist() == ["210102", "210103"]
    county = of_orgs(ledger, before, after, area="210102")
    assert ends(county) == (0, F(1, 2), F(1, 2))
    assert county.parts["part_code"].unique().tolist() == ["210102001", "210102002"]
    assert of_orgs(ledger, before, after, by="city").parts["part_code"].unique() == ["2101"]


def test_columns_and_types(ledger):
    found = of_orgs(ledger, {"a1": 9}, {"a1": 10})
    assert list(found.total.columns) == TOTAL_COLUMNS
    assert list(found.parts.columns) == PART_COLUMNS
    assert found.total["figure"].tolist() == ["value", "lower", "upper"]
    assert found.total["units_same"].dtype == "Int64"
    assert isinstance(row(found.total, "value")["progress"], F)


# --- input that cannot be used -----------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "target", "more", "zh", "en"),
    [
        ("liaoning-2021", "orgs-urbn", {}, "是否想写 'orgs-urban'", "did you mean 'orgs-urban'"),
        ("liaoning-2021", "brand-orgs", {}, "是合计", "is a total"),
        ("liaoning-2021", "orgs-urban", {"reading": "each"}, "没有读法", "no reading"),
        ("liaoning-2021", "orgs-urban", {"by": "village"}, "不能按 'village'", "no parts by"),
        ("liaoning-2021", "orgs-urban", {"area": "210102", "by": "city"}, "可用：street、county", "has no parts"),
        ("liaoning-2021", "orgs-urban", {"area": "210102001001"}, "街道至省", "street to province"),
        ("liaoning-2021", "orgs-urban", {"area": "99"}, "核对地区代码", "check the area code"),
        ("liaoning-2022", "orgs-urban", {}, "没有政策", "no policy"),
    ],
)  # fmt: skip
def test_input_that_cannot_be_used(ledger, policy, target, more, zh, en):
    there = ledger(communities=rows(EARLIER, a1=1) + rows(LATER, a1=1))
    with pytest.raises(SanlianError, match=zh):
        decompose(there, policy, target, EARLIER, LATER, **more)
    with using("en"), pytest.raises(SanlianError, match=en):
        decompose(there, policy, target, EARLIER, LATER, **more)


def test_dates_in_the_wrong_order(ledger):
    there = ledger(communities=rows(EARLIER, a1=1) + rows(LATER, a1=1))
    with pytest.raises(SanlianError, match="应早于"):
        decompose(there, "liaoning-2021", "orgs-urban", LATER, EARLIER)


def test_notes_in_english(ledger):
    with using("en"):
        found = of_orgs(ledger, {"a1": None}, {"a1": 10}, frame("a1"))
    notes = " ".join(found.total["note"])
    assert "nothing to divide by" in notes
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in notes)


# --- what must always hold ---------------------------------------------------------------

numbers = st.integers(0, 9)
sums_of = st.integers(1, 4).flatmap(
    lambda size: st.tuples(
        *(
            st.lists(
                st.lists(st.tuples(numbers, numbers), min_size=CAUSES, max_size=CAUSES),
                min_size=size,
                max_size=size,
            )
            for _ in range(2)
        )
    )
)


def as_sums(parts):
    return Sums(
        [[above for above, _ in causes] for causes in parts],
        [[below for _, below in causes] for causes in parts],
    )


@many
@given(sums_of)
def test_the_terms_add_up_and_change_their_sign_with_the_dates(both):
    before, after = map(as_sums, both)
    if not before.whole[1] or not after.whole[1]:
        with pytest.raises(ZeroDivisionError):
            split(before, after)
        return
    effects, back = split(before, after), split(after, before)
    change = F(*after.whole) - F(*before.whole)
    assert sum(effect.change for effect in effects) == change
    for effect, reverse in zip(effects, back, strict=True):
        for term in TERMS:
            assert getattr(effect, term) == -getattr(reverse, term)


@many
@given(sums_of)
def test_the_order_of_parts_does_not_matter_and_an_empty_part_adds_nothing(both):
    before, after = map(as_sums, both)
    if not before.whole[1] or not after.whole[1]:
        return
    effects = split(before, after)
    assert split(*(as_sums(parts[::-1]) for parts in both))[::-1] == effects
    nothing = [(0, 0)] * CAUSES
    *same, empty = split(*(as_sums([*parts, nothing]) for parts in both))
    assert same == effects
    assert not any(getattr(empty, term) for term in TERMS)


@many
@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=5))
def test_units_that_all_stayed_give_kitagawas_two_sums(parts):
    """Against the formula as Kitagawa writes it, part by part not measured from the mean."""
    parts = [(a, b + 1, c, d + 1) for a, b, c, d in parts]
    nothing = [(0, 0)] * (CAUSES - 1)
    before = as_sums([[(a, b), *nothing] for a, b, _, _ in parts])
    after = as_sums([[(c, d), *nothing] for _, _, c, d in parts])
    whole0, whole1 = before.whole[1], after.whole[1]
    kitagawa = [(F(a, b), F(c, d), F(b, whole0), F(d, whole1)) for a, b, c, d in parts]
    progress = sum((w0 + w1) / 2 * (r1 - r0) for r0, r1, w0, w1 in kitagawa)
    weights = sum((w1 - w0) * (r0 + r1) / 2 for r0, r1, w0, w1 in kitagawa)
    effects = split(before, after)
    assert sum(effect.progress for effect in effects) == progress
    assert sum(effect.weights for effect in effects) == weights


UNITS = ["a1", "a2", "c1", "b1", "b2"]
cells = st.sampled_from([0, 9, 10, None, "不适用", "gone"])


def several(cell):
    """One cell as a count, and as a part of a whole that changes with it."""
    whole = cell + 2 if isinstance(cell, int) else 5
    return {"orgs": cell, "certified_members": cell, "members": whole}


@few
@given(
    st.lists(cells, min_size=5, max_size=5),
    st.lists(cells, min_size=5, max_size=5),
    st.booleans(),
)
def test_any_ledger_adds_up_to_the_results_table(before, after, framed):
    dated = [
        row
        for date, values in ((EARLIER, before), (LATER, after))
        for row in rows(
            date,
            **{u: several(v) for u, v in zip(UNITS, values, strict=True) if v != "gone"},
            b9=several(None),
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        listed = frame(*UNITS, "b9") if framed else None
        there = read_ledger(write(Path(folder) / "l.xlsx", communities=dated), listed)
    for policy, target in (
        ("liaoning-2021", "orgs-urban"),
        ("changzhou-2018", "orgs-urban"),
        ("changzhou-2018", "certified-urban"),
    ):
        agrees(there, load_policy(policy), target, EARLIER, LATER, "21", "street")


def agrees(ledger, policy, target, earlier, later, area, by, results=None):
    """The ends are those of the results table, and every column adds up exactly."""
    found = decompose(ledger, policy, target, earlier, later, area, by=by)
    if results is None:
        alone = dataclasses.replace(policy, targets=(policy.target(target),))
        results = evaluate(ledger, alone)
    results = results[(results["target"] == target) & (results["reading"] == "primary")]
    for one in found.total.itertuples():
        for date, there in ((earlier, one.earlier), (later, one.later)):
            chosen = results[(results["area_code"] == area) & (results["date"] == str(date))]
            [expected] = chosen[one.figure].tolist() or [float("nan")]
            applies = set(chosen["verdict"]) != {"not_applicable"}
            if there is not None and applies:
                assert float(there) == pytest.approx(expected, rel=1e-15)
        parts = found.parts[found.parts["figure"] == one.figure]
        if one.change is None:
            assert all(getattr(one, term) is None for term in TERMS)
            continue
        for column in (*TERMS, "composition", "change"):
            assert sum(parts[column]) == getattr(one, column)
        assert one.change == one.later - one.earlier
        assert one.change == sum(getattr(one, term) for term in TERMS)
        assert one.change == one.progress + one.composition + one.reporting
        for column in ("units_earlier", "units_later", "units_same"):
            assert sum(parts[column]) == getattr(one, column)
        if ledger.frame is not None:
            assert one.turnover == 0


# --- the shipped ledgers -----------------------------------------------------------------


@functools.cache
def shipped(name, *, framed):
    root = Path(__file__).parents[1] / "data"
    listed = root / "frames" / f"{name.split('-')[0]}.csv" if framed else None
    return read_ledger(root / "ledgers" / f"{name}.xlsx", listed)


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize(("name", "area"), [("liaoning-2021", "21"), ("yuncheng-2019", "14")])
def test_every_target_of_every_policy_that_applies(name, area, framed):
    there = shipped(name, framed=framed)
    earlier, later = there.dates[-2:]
    answered = 0
    for id_ in POLICY_IDS:
        policy = load_policy(id_)
        unanswered = {gap.target for gap in gaps(there, policy)}
        results = evaluate(there, policy, [earlier, later])
        for target in policy.targets:
            if target.id in unanswered or isinstance(target.readings[0].formula, Total):
                continue
            answered += 1
            agrees(there, policy, target.id, earlier, later, area, "county", results)
    assert answered == {"liaoning-2021": 7, "yuncheng-2019": 20}[name]
