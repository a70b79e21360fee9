"""One ledger under several documents: who asks more, where verdicts part, how ranks move."""

import functools
from fractions import Fraction as F
from itertools import combinations
from math import isnan, sqrt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluation import POLICY, rows
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.compare import compare_policies, kendall_tau_b
from sanlian_analysis.compare.demands import all_demands, asks_more, comparable_pairs
from sanlian_analysis.compare.policies import PolicyComparison
from sanlian_analysis.compare.ranking import (
    MOVE_COLUMNS,
    RANK_COLUMNS,
    STABILITY_COLUMNS,
    mid_ranks,
)
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import POLICY_IDS, load_policy

many = settings(max_examples=200)
DATE = "2021-12-31"
A, B, C = "2101020010", "2101030010", "2101040010"


# --- Kendall's tau, by hand and by definition --------------------------------------------


def test_tau_by_hand():
    # Pairs of (1,1) (2,2) (3,3) (4,2): 12 c, 13 c, 14 c, 23 c, 24 tied in the second, 34 d.
    found = kendall_tau_b([1, 2, 3, 4], [1, 2, 3, 2])
    assert (found.pairs, found.concordant, found.discordant) == (6, 4, 1)
    assert (found.ties, found.other_ties) == (0, 1)
    assert found.tau_b == 3 / sqrt(6 * 5)


def test_tau_of_the_same_and_of_opposite_orders():
    for ranking in ([1, 2, 3], [1, 1, 2, 3, 3], [F(1, 3), 2, 2, 7]):
        assert kendall_tau_b(ranking, ranking).tau_b == 1
        assert kendall_tau_b(ranking, [-number for number in ranking]).tau_b == -1


def test_a_ranking_that_ties_everything_has_no_tau():
    assert isnan(kendall_tau_b([1, 1, 1], [1, 2, 3]).tau_b)
    assert isnan(kendall_tau_b([], []).tau_b)
    assert isnan(kendall_tau_b([1], [1]).tau_b)


def test_a_tie_is_exact():
    third, near = F(1, 3), F(10**17, 3 * 10**17 + 1)
    assert float(third) == float(near)
    assert kendall_tau_b([third, F(2, 6)], [1, 2]).ties == 1
    assert kendall_tau_b([third, near], [1, 2]).ties == 0


def test_rankings_of_different_lengths():
    with pytest.raises(SanlianError, match="长度不同"):
        kendall_tau_b([1], [1, 2])
    with using("en"), pytest.raises(SanlianError, match="different lengths"):
        kendall_tau_b([1], [1, 2])


lists = st.integers(0, 9).flatmap(
    lambda size: st.tuples(*(st.lists(st.integers(0, 4), min_size=size, max_size=size),) * 2)
)


@many
@given(lists)
def test_tau_against_its_definition(both):
    first, second = both
    found = kendall_tau_b(first, second)
    pairs = [
        ((a > c) - (a < c), (b > d) - (b < d))
        for (a, b), (c, d) in combinations(zip(first, second, strict=True), 2)
    ]
    assert found.pairs == len(pairs)
    assert found.concordant == sum(one * other > 0 for one, other in pairs)
    assert found.discordant == sum(one * other < 0 for one, other in pairs)
    assert found.ties == sum(one == 0 for one, _ in pairs)
    assert found.other_ties == sum(other == 0 for _, other in pairs)
    back = kendall_tau_b(second, first)
    assert (back.concordant, back.ties) == (found.concordant, found.other_ties)
    cubed = kendall_tau_b([number**3 for number in first], second)
    assert cubed == found
    if not isnan(found.tau_b):
        assert -1 <= found.tau_b <= 1


@many
@given(st.lists(st.integers(0, 4), max_size=9))
def test_mid_ranks_add_up_and_follow_the_numbers(numbers):
    ranks = mid_ranks(numbers)
    assert sum(ranks) == len(numbers) * (len(numbers) + 1) / 2
    for number, rank in zip(numbers, ranks, strict=True):
        higher = sum(other > number for other in numbers)
        assert rank == higher + (numbers.count(number) + 1) / 2


# --- which demand asks more --------------------------------------------------------------


@pytest.fixture(scope="module")
def relations():
    every = all_demands(POLICY(id_) for id_ in POLICY_IDS)
    return {
        (f"{one.policy.id[:-5]}/{one.target.id}", f"{other.policy.id[:-5]}/{other.target.id}"): (
            asks_more(one, other)
        )
        for one, other in comparable_pairs(every)
    }


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        # Every urban community at least 15 against 10; against a mean of 10; in any county.
        ("lishui/orgs-urban", "liaoning/orgs-urban", "first"),
        ("changzhou/orgs-urban", "lishui/orgs-urban", "second"),
        ("changzhou/orgs-urban", "liaoning/orgs-urban", "second"),
        # 5 of everyone against a mean of 5, and against 3; 3 of everyone is no mean of 5.
        ("changzhou/orgs-rural", "lishui/orgs-rural", "second"),
        ("lishui/orgs-rural", "liaoning/orgs-rural", "first"),
        ("changzhou/orgs-rural", "liaoning/orgs-rural", "neither"),
        # Yuncheng asks 10 of those with linkage alone: everyone includes them, not the reverse.
        ("yuncheng/orgs-urban", "liaoning/orgs-urban", "second"),
        ("yuncheng/orgs-urban", "lishui/orgs-urban", "second"),
        ("yuncheng/orgs-urban", "changzhou/orgs-urban", "neither"),
        ("yuncheng/orgs-rural", "liaoning/orgs-rural", "neither"),
        # At least 600 m² whatever the population is more than 500 m², but than 350 m² or
        # 30 m² per 100 households?
        ("yuncheng/venue-urban", "changzhou/facility", "second"),
        ("changzhou/facility", "lishui/facility", "neither"),
        ("changzhou/facility", "yangquan/facility-ratio", "neither"),
        # 50 in every county are 50 in the province, not the reverse.
        ("yangquan/brand-orgs", "liaoning/brand-orgs", "first"),
        # One of everybody with linkage against a mean of 2.
        ("yuncheng/social-worker", "yangquan/social-workers", "neither"),
        ("yangquan/facility-tiers", "lishui/facility", "neither"),
    ],
)
def test_who_asks_more(relations, first, second, more):
    assert relations[first, second][0] == more


def test_only_the_same_variable_of_the_same_units_is_compared(relations):
    assert len(relations) == 27
    assert ("yuncheng/orgs-urban", "liaoning/orgs-rural") not in relations
    assert ("yuncheng/orgs-urban", "yuncheng/orgs-rural") not in relations
    assert all(reason for _, reason in relations.values())
    assert relations["yangquan/facility-tiers", "lishui/facility"][1] == "有一项没有定数"


POLICY_FILE = """
id = "{id}"
title = "{id}"
title_en = "{id}"
short = "{id}"
short_en = "{id}"
number = ""
issuer = "某局"
issuer_en = "An office"
issued = 2020-01-01
[area]
code = "21"
name = "辽宁省"
[[target]]
id = "t"
name = "目标"
name_en = "target"
theme = "organisations"
unit = "community"
{target}
clause = "一"
sentence = "要求"
"""


def written(tmp_path, id_, target):
    path = tmp_path / f"{id_}.toml"
    text = POLICY_FILE.format(id=id_, target=target)
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def share(condition, threshold="100%", level="county", more=""):
    return (
        f'measure = "share"\ncondition = "{condition}"\nlevel = "{level}"\n{more}\n'
        f'milestones = [{{ due = 2020-12-31, threshold = "{threshold}" }}]'
    )


def simple(measure, threshold, **parts):
    keys = "\n".join(f"{key} = {value!r}" for key, value in parts.items())
    return (
        f'measure = "{measure}"\nlevel = "county"\n{keys}\n'
        f"milestones = [{{ due = 2020-12-31, threshold = {threshold!r} }}]"
    )


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        (share("orgs >= 3"), share("orgs >= 3"), "equal"),
        (share("orgs >= 3"), share("orgs > 2"), "equal"),  # whole numbers
        (share("venue_area >= 3"), share("facility_area > 2"), "first"),  # 2½ passes the second
        (share("venue_area >= 3"), share("facility_area > 3"), "second"),
        (share("orgs < 3"), share("orgs <= 2.5"), "equal"),
        (share("orgs > 3"), share("orgs >= 3"), "first"),
        (share("orgs == 3"), share("orgs >= 3"), "first"),
        (share("orgs == 3"), share("orgs > 3"), "neither"),
        (share("orgs <= 3"), share("orgs < 5"), "first"),
        (share("orgs <= 3"), share("orgs >= 3"), "neither"),
        (share("orgs >= 3 and households >= 1"), share("orgs >= 3"), "first"),
        (share("orgs >= 3", "40%"), share("orgs >= 3", "50%"), "second"),
        (share("orgs >= 4", "40%"), share("orgs >= 3", "50%"), "neither"),
        (share("orgs >= max(4, households)"), share("orgs >= 3"), "first"),
        (share("orgs >= min(4, households)"), share("orgs >= 3"), "neither"),
        (share("orgs >= 3"), share("orgs >= min(3, households)"), "first"),
        (share("orgs >= 3", "40%", "county"), share("orgs >= 3", "40%", "city"), "first"),
        (share("orgs >= 3", level="county"), share("orgs >= 3", level="city"), "equal"),
        (share("orgs >= 3"), share("orgs >= 3", more='settlement = ["urban"]'), "first"),
        (share("orgs >= 3", "40%"), share("orgs >= 3", "40%", more='settlement = ["urban"]'), "neither"),
        (share("orgs >= 3", "50%"), simple("mean", 1, value="orgs"), "first"),  # ½ · 3 ≥ 1
        (share("orgs >= 3", "50%"), simple("mean", 2, value="orgs"), "neither"),
        (simple("mean", 3, value="orgs"), simple("mean", 2, value="orgs"), "first"),
        (simple("mean", 3, value="orgs"), share("orgs >= 1"), "neither"),
        (
            simple("ratio", 3, part="orgs", whole="households", scale=100),
            simple("ratio", 2, part="orgs", whole="households", scale=10),
            "second",  # 0.03 and 0.2
        ),
        (
            'measure = "band"\nvalue = "orgs"\nfloor = "3"\nceiling = "9"\nlevel = "county"\n'
            'milestones = [{ due = 2020-12-31, threshold = "100%" }]',
            share("orgs >= 3"),
            "first",
        ),
        (share("orgs >= 3"), share("orgs >= 3", level="none"), "neither"),
    ],
)  # fmt: skip
def test_which_wording_contains_the_other(tmp_path, one, other, more):
    policies = [written(tmp_path, "first-1", one), written(tmp_path, "second-2", other)]
    [(first, second)] = comparable_pairs(all_demands(policies))
    assert asks_more(first, second)[0] == more
    mirrored = {"first": "second", "second": "first"}.get(more, more)
    assert asks_more(second, first)[0] == mirrored


# --- a small ledger by hand --------------------------------------------------------------

#: Organisations of the urban communities of three counties.
ORGS = {A: [16, 16, 15], B: [14, 10, 10, 10], C: [30, 9, 3]}


@pytest.fixture
def compared(ledger):
    """Lishui asks 15 of each, Changzhou a mean of 10, Liaoning 10 of 40 % at that date."""
    there = ledger(communities=[r for s, n in ORGS.items() for r in rows(s, DATE, orgs=n)])
    return compare_policies(there)


def listed(table, *columns):
    return [tuple(row) for row in table[[*columns]].to_numpy(dtype=object)]


def test_the_documents_that_apply(compared):
    assert isinstance(compared, PolicyComparison)
    assert str(compared.date) == DATE
    assert listed(compared.policies, "policy", "targets", "answered", "main") == [
        ("changzhou-2018", 10, 1, "orgs-urban"),
        ("lishui-2018", 18, 1, "orgs-urban"),
        ("liaoning-2021", 5, 1, "orgs-urban"),
    ]


def test_thresholds_and_scope_side_by_side(compared):
    table = compared.demands
    urban = table[(table["variable"] == "orgs") & (table["settlement"] == "urban")]
    assert listed(urban, "policy", "measure", "threshold", "threshold_now", "level") == [
        ("changzhou-2018", "mean", F(10), F(10), "county"),
        ("lishui-2018", "share", F(1), F(1), "city"),
        ("liaoning-2021", "share", F(1), F(2, 5), "province"),
    ]
    assert urban["answered"].all()
    assert urban["calculation"].str.contains("社区社会组织数").all()
    assert not table[table["settlement"] == "rural"]["answered"].any()


def test_units_by_which_of_two_demands_they_pass(compared):
    table = compared.stricter
    pair = table[(table["policy"] == "lishui-2018") & (table["target"] == "orgs-urban")]
    # At least 15: 16, 16, 15 and 30. At least 10 besides: 14, 10, 10, 10. Neither: 9 and 3.
    assert listed(pair, "asks_more", "both", "only_first", "only_second", "neither", "open") == [
        ("first", 4, 0, 4, 2, 0)
    ]
    means = table[(table["policy"] == "changzhou-2018") & (table["target"] == "orgs-urban")]
    assert means["both"].isna().all()  # a mean asks nothing of a single unit


def test_verdicts_part_county_by_county(compared):
    # Means 47/3, 11, 14. At least 15: 3/3, 0/4, 1/3. At least 10: 3/3, 4/4, 1/3 (of 40 %).
    table = compared.verdicts
    found = {
        (row.policy[:2] + row.other_policy[:2], row.area_code): (
            row.verdict,
            row.other_verdict,
            row.agreement,
        )
        for row in table.itertuples()
    }
    met, missed = "met", "not_met"
    assert found == {
        ("chli", "210102"): (met, met, "agree"),
        ("lili", "210102"): (met, met, "agree"),
        ("chli", "210103"): (met, met, "agree"),
        ("lili", "210103"): (missed, met, "disagree"),
        ("chli", "210104"): (met, missed, "disagree"),
        ("lili", "210104"): (missed, missed, "agree"),
    }
    both = table[(table["policy"] == "changzhou-2018") & (table["other_policy"] == "lishui-2018")]
    assert both["agreement"].tolist() == ["agree", "disagree", "disagree"]


def test_ranks_by_hand(compared):
    table = compared.ranks
    assert list(table.columns) == RANK_COLUMNS
    assert table["criterion"].unique().tolist() == ["met", "main", "orgs/urban"]
    found = {
        (criterion, policy[:4]): (rows["figure"].tolist(), rows["rank"].tolist())
        for (criterion, policy), rows in table.groupby(["criterion", "policy"])
    }
    assert found["met", "chan"] == ([1, 1, 1], [2, 2, 2])
    assert found["met", "lish"] == ([1, 0, 0], [1, 2.5, 2.5])
    assert found["met", "liao"] == ([1, 1, 0], [1.5, 1.5, 3])
    assert found["main", "chan"] == ([F(47, 3), F(11), F(14)], [1, 3, 2])
    assert found["main", "lish"] == ([F(1), F(0), F(1, 3)], [1, 3, 2])
    assert found["main", "liao"] == ([F(1), F(1), F(1, 3)], [1.5, 1.5, 3])
    assert found["orgs/urban", "liao"] == found["main", "liao"]


def test_stability_by_hand(compared):
    table = compared.stability
    assert list(table.columns) == STABILITY_COLUMNS
    found = {
        (row.criterion, row.policy[:4], row.other_policy[:4]): (
            row.concordant, row.discordant, row.ties, row.other_ties, row.tau_b
        )
        for row in table.itertuples()
    }  # fmt: skip
    assert found["main", "chan", "lish"] == (3, 0, 0, 0, 1.0)
    # AB tied by Liaoning, AC concordant, BC: Lishui has C before B, Liaoning B before C.
    assert found["main", "lish", "liao"] == (1, 1, 0, 1, 0.0)
    assert found["met", "lish", "liao"] == (1, 0, 1, 1, 1 / sqrt(2 * 2))
    assert isnan(found["met", "chan", "lish"][-1])
    assert (table["areas"] == 3).all()
    assert (table["left_out"] == 0).all()


def test_who_moves_most(compared):
    table = compared.moves
    assert list(table.columns) == MOVE_COLUMNS
    main = table[table["criterion"] == "main"]
    # B: 3rd by Changzhou, 1.5 by Liaoning; C: 2nd and 3rd; A: 1st and 1.5.
    assert listed(main, "area_code", "rank_best", "policy_best", "rank_worst", "policy_worst", "move") == [
        ("210103", 1.5, "liaoning-2021", 3, "changzhou-2018", 1.5),
        ("210104", 2, "changzhou-2018", 3, "liaoning-2021", 1),
        ("210102", 1, "changzhou-2018", 1.5, "liaoning-2021", 0.5),
    ]  # fmt: skip
    met = table[table["criterion"] == "met"]
    assert set(met["policy_best"]) | set(met["policy_worst"]) == {"lishui-2018", "liaoning-2021"}


def test_what_is_not_comparable_and_why(compared):
    table = compared.not_comparable
    why = {(row.policy, row.target): (row.kind, row.reason) for row in table.itertuples()}
    assert ("liaoning-2021", "orgs-urban") not in why
    assert why["liaoning-2021", "orgs-rural"] == ("missing", "没有农村社区")
    assert why["changzhou-2018", "facility"] == (
        "missing", "台账缺少列 社区·综合服务设施面积、社区·常住人口"
    )  # fmt: skip
    assert set(table["kind"]) == {"missing"}


def test_vague_alone_and_of_other_units(ledger):
    there = ledger(
        communities=rows(
            A, DATE, linkage=["是"], venue_area=[600], functions=[5], open_hours=[8], population=[9],
            facility_area=[700],
        )
    )  # fmt: skip
    found = compare_policies(there, ["yuncheng-2019", "changzhou-2018"]).not_comparable
    why = {(row.policy, row.target): (row.kind, row.reason) for row in found.itertuples()}
    assert why["yuncheng-2019", "functions"] == ("alone", "其他文件对“功能达标项数”没有要求")
    assert why["changzhou-2018", "open-hours"] == ("vague", "文件没有定数")
    assert ("yuncheng-2019", "venue-urban") not in why


def test_of_other_units(tmp_path, ledger):
    urban = written(tmp_path, "first-1", share("orgs >= 3", more='settlement = ["urban"]'))
    rural = written(tmp_path, "second-2", share("orgs >= 3", more='settlement = ["rural"]'))
    there = ledger(communities=rows(A, DATE, orgs=[3]) + rows(A, DATE, "rural", start=2, orgs=[3]))
    found = compare_policies(there, [urban, rural])
    assert listed(found.not_comparable, "policy", "kind", "reason") == [
        ("first-1", "scope", "second-2/t 问的是另一类单位"),
        ("second-2", "scope", "first-1/t 问的是另一类单位"),
    ]
    assert found.stricter.empty
    assert found.verdicts.empty
    assert found.ranks["criterion"].unique().tolist() == ["met", "main"]


def test_an_open_verdict_is_open(ledger):
    there = ledger(communities=rows(A, DATE, orgs=[16, None]))
    table = compare_policies(there, ["lishui-2018", "liaoning-2021"]).verdicts
    assert listed(table, "verdict", "other_verdict", "agreement") == [
        ("undetermined", "met", "open")
    ]


def test_a_ledger_that_no_document_asks_about(ledger):
    found = compare_policies(ledger(communities=rows(A, DATE, police=[None], households=[3])))
    assert found.policies["policy"].tolist() == ["lishui-2018"]
    for name in ("stricter", "verdicts", "stability", "moves"):
        assert getattr(found, name).empty


def test_other_levels_and_part_of_the_areas(ledger):
    there = ledger(communities=[r for s, n in ORGS.items() for r in rows(s, DATE, orgs=n)])
    city = compare_policies(there, level="city", date=DATE)
    assert city.ranks["area_code"].unique().tolist() == ["2101"]
    one = compare_policies(there, area="210103")
    assert one.ranks["area_code"].unique().tolist() == ["210103"]
    pair = one.stricter[one.stricter["policy"] == "lishui-2018"]
    assert pair["both"].dropna().tolist() == [0]
    assert pair["only_second"].dropna().tolist() == [4]


def test_in_english(ledger):
    there = ledger(communities=rows(A, DATE, orgs=[16]))
    with using("en"):
        found = compare_policies(there)
    texts = [*found.not_comparable["reason"], *found.stricter["reason"], *found.policies["title"]]
    assert "whoever meets" in " ".join(texts)
    assert "there is no unit of type rural" in texts


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        ({"policies": ["lishui-2018"]}, "至少两份不同的文件", "at least two different"),
        ({"policies": ["lishui-2018"] * 2}, "至少两份不同的文件", "at least two different"),
        ({"policies": []}, "至少两份不同的文件", "at least two different"),
        ({"policies": ["lishui-2018", "lishui"]}, "没有政策", "no policy"),
        ({"date": "2030-12-31"}, "没有统计时点", "no snapshot"),
        ({"level": "village"}, "没有层级 'village'", "no level 'village'"),
        ({"area": "99"}, "核对地区代码", "check the code"),
    ],
)
def test_input_that_cannot_be_used(ledger, arguments, zh, en):
    there = ledger(communities=rows(A, DATE, orgs=[16]))
    with pytest.raises(SanlianError, match=zh):
        compare_policies(there, **arguments)
    with using("en"), pytest.raises(SanlianError, match=en):
        compare_policies(there, **arguments)


# --- the shipped ledgers -----------------------------------------------------------------


@functools.cache
def shipped(name):
    root = Path(__file__).parents[1] / "data"
    return read_ledger(
        root / "ledgers" / f"{name}.xlsx", root / "frames" / f"{name.split('-')[0]}.csv"
    )


@pytest.mark.parametrize("name", ["liaoning-2021", "yuncheng-2019"])
def test_a_shipped_ledger_agrees_with_the_results_table(name):
    there = shipped(name)
    found = compare_policies(there)
    results = pd.concat(
        [evaluate(there, id_, found.date) for id_ in found.policies["policy"]], ignore_index=True
    )
    county = results[(results["level"] == "county") & (results["reading"] == "primary")]
    by = county.set_index(["policy", "target", "area_code"])
    for row in found.verdicts.itertuples():
        assert by.loc[(row.policy, row.target, row.area_code), "verdict"] == row.verdict
        other = (row.other_policy, row.other_target, row.area_code)
        assert by.loc[other, "verdict"] == row.other_verdict
    left = set(
        listed(found.not_comparable[found.not_comparable["kind"] == "missing"], "policy", "target")
    )
    answered = county[[key not in left for key in listed(county, "policy", "target")]]
    counted = answered[~answered["verdict"].isin(["not_applicable", "no_threshold"])]
    met = counted["verdict"].eq("met").groupby([counted["policy"], counted["area_code"]]).sum()
    for row in found.ranks.itertuples():
        if row.criterion == "met":
            assert met[row.policy, row.area_code] == row.figure
        else:
            value = by.loc[(row.policy, row.target, row.area_code), "value"]
            assert float(row.figure) == value
    assert len(found.ranks[found.ranks["criterion"] == "met"]) == len(met)


@pytest.mark.parametrize("name", ["liaoning-2021", "yuncheng-2019"])
def test_whoever_meets_the_stricter_demand_meets_the_other(name):
    table = compare_policies(shipped(name)).stricter
    assert not table.loc[table["asks_more"] == "first", "only_first"].fillna(0).any()
    assert not table.loc[table["asks_more"] == "second", "only_second"].fillna(0).any()
    assert table["both"].notna().any()
