"""What must hold whatever stands in the ledger."""

import dataclasses
import functools
import tempfile
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_evaluation import frame_of, write

from sanlian_analysis.evaluation import VERDICTS, evaluate, verdicts
from sanlian_analysis.exact import Interval, Truth
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.measures import Areas, mean, ratio, share, total
from sanlian_analysis.policy_files import load_policy

few = settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
many = settings(few, max_examples=200)

DATE = "2020-12-31"
MEASURED = ["numerator", "denominator", "unknown"]
PLACE = ["target", "reading", "level", "area_code"]


# --- small ledgers ---------------------------------------------------------------------

FRAME = frame_of(
    [
        (f"{street}{number:03d}", name)
        for street in ("331102001", "331102002", "331121100", "331181001")
        for number, name in enumerate(["甲社区", "乙社区", "丙村村民委员会", "丁生活区"], start=1)
    ]
)
CODES = FRAME["code"].tolist()
COUNTIES = sorted(FRAME["county_code"].unique())

#: Variables of the targets below, and the values that stand at their edges.
VALUES = {
    "orgs": [0, 4, 5, 14, 15, 16],
    "staff": [0, 5, 6, 12, 13, 14],
    "households": [0, 1000, 1501, 2300, 2400, 4000],
    "facility_area": [0, 349.5, 350, 400, 1200],
    "service_fund": [0, 4.9, 5, 10],
    "work_fund": [0, 5, 15.5, 20, 40],
    "wage": [0, 49_999.5, 50_000, 80_000],
    "base_pay_share": [0, 0.7, 1],
    "agency": ["是", "否"],
    "new_community": ["是", "否"],
}
OF_COUNTIES = {
    "average_wage": [0, 50_000, 60_000.5],
    "clinics": [5, 10],
    "clinics_green": [0, 4, 5],  # never above the clinics
    "integrated_care": [0, 2, 3],
}
TARGETS = [
    *("orgs-urban", "orgs-rural", "agency-rural", "staff", "facility", "service-fund"),
    *("work-fund", "wage", "base-pay", "new-community-size", "green-channel", "integrated-care"),
]
few_targets = st.lists(st.sampled_from(TARGETS), min_size=3, max_size=3, unique=True).map(tuple)


@functools.cache
def policy_of(*targets):
    policy = load_policy("lishui-2018")
    chosen = tuple(target for target in policy.targets if target.id in targets)
    return dataclasses.replace(policy, targets=chosen)


def cells(values):
    return st.sampled_from([None, *values, *values, "不适用"])


def row_of(key, columns):
    return st.fixed_dictionaries({**key, **{id_: cells(v) for id_, v in columns.items()}})


@st.composite
def ledgers(draw):
    """Rows of communities and counties; some units of the frame have none."""
    there = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=len(CODES), unique=True))
    date = st.just(DATE)
    communities = [
        draw(row_of({"code": st.just(code), "date": date}, VALUES)) for code in sorted(there)
    ]
    counties = [
        draw(row_of({"county_code": st.just(code), "date": date}, OF_COUNTIES))
        for code in COUNTIES
        if draw(st.integers(0, 3))
    ]
    return {"communities": communities, "counties": counties}


def read(sheets, frame=FRAME):
    with tempfile.TemporaryDirectory() as folder:
        sheets = {sheet: rows for sheet, rows in sheets.items() if rows}
        return read_ledger(write(Path(folder) / "ledger.xlsx", **sheets), frame)


def results_of(sheets, frame, targets):
    return evaluate(read(sheets, frame), policy_of(*targets))


# --- the order of rows -----------------------------------------------------------------


@given(ledgers(), few_targets, st.sampled_from([FRAME, None]), st.randoms(use_true_random=False))
@few
def test_the_order_of_rows_changes_nothing(sheets, targets, frame, rng):
    shuffled = {sheet: rng.sample(rows, len(rows)) for sheet, rows in sheets.items()}
    pd.testing.assert_frame_equal(
        results_of(sheets, frame, targets), results_of(shuffled, frame, targets)
    )


# --- blanks ----------------------------------------------------------------------------


@st.composite
def fillings(draw):
    """A ledger, and the same one with a value for every blank and a row for every unit."""
    sheets = draw(ledgers())
    filled = {}
    for sheet, key, codes, columns in (
        ("communities", "code", CODES, VALUES),
        ("counties", "county_code", COUNTIES, OF_COUNTIES),
    ):
        there = {row[key]: row for row in sheets[sheet]}
        filled[sheet] = [
            {key: code, "date": DATE}
            | {
                id_: draw(st.sampled_from(values))
                if there.get(code, {}).get(id_) is None
                else there[code][id_]
                for id_, values in columns.items()
            }
            for code in codes
        ]
    for row in filled["counties"]:  # a part is never above its whole
        if row["clinics"] != "不适用" and row["clinics_green"] != "不适用":
            row["clinics_green"] = min(row["clinics_green"], row["clinics"])
    return sheets, filled


@given(fillings(), few_targets)
@settings(few, max_examples=20)
def test_blanks_filled_in_any_way_stay_within_the_bounds(pair, targets):
    before, after = (results_of(sheets, FRAME, targets) for sheets in pair)
    assert before[PLACE].equals(after[PLACE])
    found = after["value"].notna()
    assert (after.loc[found, "value"] >= before.loc[found, "lower"].fillna(-np.inf)).all()
    assert (after.loc[found, "value"] <= before.loc[found, "upper"].fillna(np.inf)).all()
    for verdict in ("met", "not_met", "no_threshold"):
        settled = after.loc[before["verdict"] == verdict, "verdict"]
        # Filled in, the blank that decides scope may take the last unit out of scope.
        assert set(settled) <= {verdict, "not_applicable"}
    never = after.loc[before["verdict"] == "not_applicable"]
    assert set(never["verdict"]) <= {"not_applicable"}


@given(fillings(), few_targets)
@few
def test_a_ledger_without_blanks_is_undetermined_by_nothing_but_the_cap(pair, targets):
    results = results_of(pair[1], FRAME, targets)
    others = results["target"] != "work-fund"
    assert not results.loc[others, "unknown"].any()
    assert not (results.loc[others, "verdict"] == "undetermined").any()
    equal = others & results["value"].notna()
    assert (results.loc[equal, "value"] == results.loc[equal, "lower"]).all()
    assert (results.loc[equal, "value"] == results.loc[equal, "upper"]).all()


@given(ledgers(), few_targets)
@few
def test_value_lies_between_the_bounds(sheets, targets):
    results = results_of(sheets, FRAME, targets)
    both = results[["lower", "upper"]].notna().all(axis=1)
    assert (results.loc[both, "lower"] <= results.loc[both, "upper"]).all()
    # A ratio over the known units may lie below a lower bound that knows more parts.
    shares = results["value"].notna() & ~results["target"].isin(["wage", "green-channel"])
    assert (results.loc[shares, "lower"] <= results.loc[shares, "value"]).all()
    bounded = shares & results["upper"].notna()
    assert (results.loc[bounded, "value"] <= results.loc[bounded, "upper"]).all()


# --- areas -----------------------------------------------------------------------------


def summed(results, level, digits):
    part = results[results["level"] == level]
    keys = [part["target"], part["reading"], part["area_code"].str[:digits]]
    return part.groupby(keys)[MEASURED].sum()


def at(results, level):
    part = results[results["level"] == level]
    return part.set_index(["target", "reading", "area_code"])[MEASURED]


@given(ledgers(), few_targets)
@few
def test_numerators_and_denominators_add_up(sheets, targets):
    results = results_of(sheets, FRAME, targets)
    pd.testing.assert_frame_equal(
        summed(results, "county", 4), at(results, "city").sort_index(), check_dtype=False
    )
    pd.testing.assert_frame_equal(
        summed(results, "city", 2), at(results, "province").sort_index(), check_dtype=False
    )
    of_streets = summed(results, "street", 6)
    counties = at(results, "county").loc[of_streets.index]
    pd.testing.assert_frame_equal(of_streets, counties, check_dtype=False)


OF_COMMUNITIES = ("orgs-urban", "orgs-rural", "agency-rural", "staff", "facility", "base-pay")


@given(ledgers())
@few
def test_a_county_that_is_split_changes_itself_alone(sheets):
    def renamed(code):
        """The second street of the first county becomes a county of its own."""
        return "331103001" + code[9:] if code.startswith("331102002") else code

    frame = frame_of([(renamed(c), n) for c, n in zip(CODES, FRAME["name"], strict=True)])
    after_split = {
        "communities": [row | {"code": renamed(row["code"])} for row in sheets["communities"]]
    }
    before = results_of({"communities": sheets["communities"]}, FRAME, OF_COMMUNITIES)
    after = results_of(after_split, frame, OF_COMMUNITIES)
    touched = ["331102", "331102002", "331103", "331103001"]
    columns = [*PLACE, *MEASURED, "value", "lower", "upper", "verdict", "shortfall", "stable"]
    same = [
        table.loc[~table["area_code"].isin(touched), columns].reset_index(drop=True)
        for table in (before, after)
    ]
    assert len(same[0])
    pd.testing.assert_frame_equal(*same)
    pd.testing.assert_frame_equal(
        at(before, "county").xs("331102", level="area_code"),
        at(after, "county").xs("331102", level="area_code")
        + at(after, "county").xs("331103", level="area_code"),
    )


# --- thresholds and shortfalls ---------------------------------------------------------

blank_or = functools.partial(st.one_of, st.none())
decimals = st.integers(0, 4000).map(lambda number: Fraction(number, 100))
thresholds = st.fractions(0, 3, max_denominator=12)


def column(values, limits=None):
    low = np.array([0 if value is None else int(value * 100) for value in values])
    limits = limits or [None] * len(values)
    high = np.array(
        [
            int((limit or 0) * 100) if value is None else int(value * 100)
            for value, limit in zip(values, limits, strict=True)
        ]
    )
    open_ = np.array([v is None and m is None for v, m in zip(values, limits, strict=True)])
    return Interval(low, high, open_, 100)


@st.composite
def measured(draw):
    """Figures of one area by any measure, with the numerator and whole of the lower bound."""
    size = draw(st.integers(1, 6))
    everyone, area = np.ones(size, dtype=bool), Areas.of(["1"] * size)
    kind = draw(st.sampled_from(["share", "mean", "ratio", "total"]))
    if kind == "share":
        said = draw(st.lists(st.sampled_from("yn?"), min_size=size, max_size=size))
        found = share(Truth(np.array(said) == "y", np.array(said) == "n"), everyone, area)
        return found, Fraction(said.count("y")), Fraction(size), Fraction(1)
    values = draw(st.lists(blank_or(decimals), min_size=size, max_size=size))
    known = sum((value for value in values if value is not None), Fraction(0))
    if kind == "mean":
        return mean(column(values), everyone, area), known, Fraction(size), Fraction(1)
    if kind == "total":
        return total(column(values), everyone, area), known, Fraction(1), Fraction(1)
    wholes = draw(st.lists(decimals, min_size=size, max_size=size))
    parts = [None if v is None else min(v, w) for v, w in zip(values, wholes, strict=True)]
    known = sum((part for part in parts if part is not None), Fraction(0))
    scale = draw(st.sampled_from([1, 100, 10_000]))
    reported = np.array([part is not None for part in parts])
    found = ratio(column(parts, wholes), column(wholes), reported, scale, everyone, area)
    return found, known, sum(wholes, Fraction(0)), Fraction(scale)


RANK = {"not_met": 0, "undetermined": 1, "met": 2}


@given(measured(), thresholds, thresholds)
@many
def test_a_stricter_threshold_is_never_met_more_easily(case, one, other):
    found = case[0]
    mild, strict = (VERDICTS[verdicts(found, threshold)[0]] for threshold in sorted([one, other]))
    if "not_applicable" in (mild, strict):
        assert mild == strict
    else:
        assert RANK[strict] <= RANK[mild]


@given(measured(), thresholds)
@many
def test_the_shortfall_reaches_the_threshold_and_one_less_does_not(case, threshold):
    found, numerator, whole, scale = case
    if not (found.applicable[0] and found.lower.defined[0]):
        return
    missing = int(found.lower.shortfall(threshold)[0])
    assert (numerator + missing) * scale / whole >= threshold
    assert missing == 0 or (numerator + missing - 1) * scale / whole < threshold
    assert (missing == 0) == bool(found.lower.reaches(threshold)[0])


@given(ledgers(), few_targets)
@few
def test_the_shortfall_of_every_row(sheets, targets):
    results = results_of(sheets, FRAME, targets)
    ratios = ["wage", "green-channel"]
    shares = results[results["shortfall"].notna() & ~results["target"].isin(ratios)]
    thresholds_ = {1.0: Fraction(1), 5.0: Fraction(5), float(Fraction(1, 3)): Fraction(1, 3)}
    for row in shares.itertuples():
        wanted = thresholds_[row.threshold] * int(row.denominator) - Fraction(row.numerator)
        assert row.shortfall == max(0, ceil(wanted))
    reached = results["verdict"] == "met"
    assert (results.loc[reached, "shortfall"] == 0).all()
    assert (results.loc[results["verdict"] == "not_met", "shortfall"] > 0).all()
    vague = results["verdict"].isin(["no_threshold", "not_applicable"])
    assert results.loc[vague, "shortfall"].isna().all()


@given(
    st.lists(st.sampled_from([None, 0, 9, 10, 11]), min_size=1, max_size=13),
    st.fractions(0, 1, max_denominator=20),
    st.fractions(0, 1, max_denominator=20),
)
@few
def test_a_policy_with_a_stricter_threshold(orgs, one, other):
    sheets = {
        "communities": [
            {"code": f"331102001{n:03d}", "date": DATE, "settlement": "urban", "orgs": count}
            for n, count in enumerate(orgs, start=1)
        ]
    }
    ledger = read(sheets, None)
    policy = policy_of("orgs-urban")
    (target,) = policy.targets
    (milestone,) = target.milestones

    def row(threshold):
        stone = dataclasses.replace(milestone, threshold=threshold)
        changed = dataclasses.replace(target, milestones=(stone,))
        results = evaluate(ledger, dataclasses.replace(policy, targets=(changed,)))
        return results[results["level"] == "city"].iloc[0]

    mild, strict = (row(threshold) for threshold in sorted([one, other]))
    assert RANK[strict["verdict"]] <= RANK[mild["verdict"]]
    assert strict["shortfall"] >= mild["shortfall"]
