"""One ledger under several documents: what applies, what does not and why, who asks more."""

import csv
import io

import pandas as pd
import pytest
from test_cli import sanlian
from test_evaluation import LIAONING, POLICY, codes, frame_of, rows, write
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.coverage import Gap, applicable, gaps, strictness
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.policy_files import POLICY_IDS

DATE = "2022-12-31"


def reasons(ledger, policy):
    """Target → why it cannot be answered."""
    found = gaps(ledger, POLICY(policy))
    assert {gap.policy for gap in found} <= {policy}
    assert len({gap.target for gap in found}) == len(found)
    return {gap.target: gap.reason for gap in found}


def both(**columns):
    """One urban community and one village."""
    return [
        *rows(LIAONING, DATE, "urban", **columns),
        *rows(LIAONING, DATE, "rural", start=2, **columns),
    ]


# --- gaps --------------------------------------------------------------------------------


def test_missing_columns_are_named_with_their_sheet(ledger):
    assert reasons(ledger(communities=both(orgs=[10])), "liaoning-2021") == {
        "backbone-training": "台账缺少列 区县·已培训骨干人才数、区县·骨干人才数",
        "brand-orgs": "台账缺少列 区县·品牌社会组织数",
        "brand-projects": "台账缺少列 区县·品牌项目数",
    }


def test_one_of_two_columns_missing_is_named_alone(ledger):
    counties = [{"county_code": "210106", "date": DATE, "backbone": 9, "brand_orgs": 1}]
    found = reasons(ledger(communities=both(orgs=[10]), counties=counties), "liaoning-2021")
    assert found == {
        "backbone-training": "台账缺少列 区县·已培训骨干人才数",
        "brand-projects": "台账缺少列 区县·品牌项目数",
    }


@pytest.mark.parametrize(
    ("settlement", "target", "reason"),
    [("rural", "orgs-urban", "没有城市社区"), ("urban", "orgs-rural", "没有农村社区")],
)
def test_a_missing_settlement_is_named(ledger, settlement, target, reason):
    there = ledger(communities=rows(LIAONING, DATE, settlement, orgs=[10]))
    found = reasons(there, "liaoning-2021")
    assert found[target] == reason
    assert {"orgs-urban", "orgs-rural"} & found.keys() == {target}


def test_a_frame_has_the_settlement_that_the_ledger_lacks(ledger):
    frame = frame_of(list(zip(codes(LIAONING, 2), ["甲社区", "乙村"], strict=True)))
    there = ledger(frame, communities=rows(LIAONING, DATE, "urban", orgs=[10]))
    assert "orgs-rural" not in reasons(there, "liaoning-2021")


def test_a_column_without_a_single_value_is_there(ledger):
    there = ledger(communities=both(orgs=[None]))
    assert not {"orgs-urban", "orgs-rural"} & reasons(there, "liaoning-2021").keys()


def test_the_column_that_decides_scope_is_needed_too(ledger):
    found = reasons(ledger(communities=both(orgs=[10])), "yuncheng-2019")
    assert "三社联动" in found["orgs-urban"]
    assert "社区社会组织数" not in found["orgs-urban"]
    assert len(found) == len(POLICY("yuncheng-2019").targets)


def test_a_missing_column_is_said_before_a_missing_settlement(ledger):
    there = ledger(communities=rows(LIAONING, DATE, "urban", households=[10]))
    assert reasons(there, "liaoning-2021")["orgs-rural"] == "台账缺少列 社区·社区社会组织数"


def test_settlement_in_english(ledger):
    there = ledger(communities=rows(LIAONING, DATE, "urban", orgs=[10]))
    with using("en"):
        assert reasons(there, "liaoning-2021")["orgs-rural"] == "there is no unit of type rural"


# --- applicable --------------------------------------------------------------------------


def test_exactly_the_unanswered_targets_are_left_out(ledger):
    there = ledger(communities=both(orgs=[10]))
    tables = [evaluate(there, POLICY(id_)) for id_ in ("liaoning-2021", "lishui-2018")]
    results = pd.concat(tables, ignore_index=True)
    unanswered = gaps(there, POLICY("liaoning-2021"))
    kept = applicable(results, unanswered)
    # orgs-urban and orgs-rural stand in both documents: lishui's brand of them stays, all of it.
    assert set(kept.loc[kept["policy"] == "liaoning-2021", "target"]) == {
        "orgs-urban",
        "orgs-rural",
    }
    other = kept[kept["policy"] == "lishui-2018"].reset_index(drop=True)
    pd.testing.assert_frame_equal(other, tables[1], check_dtype=False)
    assert list(kept.index) == list(range(len(kept)))
    one = applicable(results, [Gap("lishui-2018", "orgs-urban", "")])
    assert set(one.loc[one["target"] == "orgs-urban", "policy"]) == {"liaoning-2021"}


def test_nothing_is_left_out_without_gaps(ledger):
    results = evaluate(ledger(communities=both(orgs=[10])), POLICY("liaoning-2021"))
    pd.testing.assert_frame_equal(applicable(results, []), results)


# --- strictness --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared():
    return strictness(POLICY(id_) for id_ in POLICY_IDS)


def asked(table, variable, settlement):
    """(policy, target, demand, threshold) of every document on a variable."""
    chosen = (table["variable"] == variable) & (table["settlement"] == settlement)
    columns = ["policy", "target", "demand", "threshold"]
    return list(table.loc[chosen, columns].itertuples(index=False, name=None))


def test_organisations_per_urban_community_side_by_side(compared):
    assert asked(compared, "社区社会组织数", "城市社区") == [
        ("yuncheng-2019", "orgs-urban", "每个单位：社区社会组织数 ≥ 10", "100%"),
        ("changzhou-2018", "orgs-urban", "平均：社区社会组织数", "10"),
        ("lishui-2018", "orgs-urban", "每个单位：社区社会组织数 ≥ 15", "100%"),
        ("liaoning-2021", "orgs-urban", "每个单位：社区社会组织数 ≥ 10", "100%"),
    ]


def test_organisations_per_village_side_by_side(compared):
    found = asked(compared, "社区社会组织数", "农村社区")
    assert [(policy, demand, threshold) for policy, _, demand, threshold in found] == [
        ("yuncheng-2019", "每个单位：社区社会组织数 ≥ 5", "100%"),
        ("changzhou-2018", "平均：社区社会组织数", "5"),
        ("lishui-2018", "每个单位：社区社会组织数 ≥ 5", "100%"),
        ("liaoning-2021", "每个单位：社区社会组织数 ≥ 3", "100%"),
    ]


def test_floor_space_side_by_side_under_one_name(compared):
    space = compared[compared["variable"] == "综合服务设施面积"]
    found = {
        (row.policy, row.target): (row.settlement, row.demand, row.threshold)
        for row in space.itertuples()
    }
    every = "城市社区、农村社区"
    each = "每个单位："
    assert found == {
        ("yuncheng-2019", "venue-urban"): ("城市社区", f"{each}活动场所面积 ≥ 500", "100%"),
        ("changzhou-2018", "facility"): (
            every,
            f"{each}综合服务设施面积 ≥ 较大者(600，100 × 常住人口 ÷ 1000)",
            "100%",
        ),
        ("yangquan-2015", "facility-ratio"): (
            every,
            "合计之比：综合服务设施面积 ÷ 户数 × 100",
            "50",
        ),
        ("yangquan-2015", "facility-tiers"): (
            every,
            "不定数字，5个读法：综合服务设施面积",
            "",
        ),
        ("lishui-2018", "facility"): (
            every,
            f"{each}综合服务设施面积 ≥ 较大者(350，30 × 户数 ÷ 100)",
            "100%",
        ),
    }


def test_only_what_several_documents_ask_of_is_compared(compared):
    assert (compared.groupby("variable")["policy"].nunique() > 1).all()
    assert strictness([POLICY("liaoning-2021")]).empty
    two = strictness([POLICY("lishui-2018"), POLICY("liaoning-2021")])
    assert set(two["variable"]) == {"社区社会组织数"}


def test_level_due_and_clause_are_those_of_the_last_milestone(compared):
    row = compared[(compared["policy"] == "liaoning-2021") & (compared["target"] == "orgs-urban")]
    assert row[["level", "due"]].values.tolist() == [["province", "2023-12-31"]]
    standing = compared[compared["target"] == "facility"].set_index("policy")["due"]
    assert standing.to_dict() == {"changzhou-2018": "2020-12-31", "lishui-2018": ""}


# --- the command line --------------------------------------------------------------------


def test_policy_all_prints_the_reasons_and_only_what_applies(tmp_path):
    path = write(tmp_path / "ledger.xlsx", communities=rows(LIAONING, DATE, orgs=[10]))
    details = tmp_path / "details.csv"
    done = sanlian("evaluate", path, "--policy", "all", "--components", details)
    assert done.returncode == 0, done.stderr
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    # Of each document what the column `orgs` answers for an urban community, and no linkage.
    assert list(dict.fromkeys((row["policy"], row["target"]) for row in table)) == [
        ("changzhou-2018", "orgs-urban"),
        ("lishui-2018", "orgs-urban"),
        ("liaoning-2021", "orgs-urban"),
    ]
    # Each reason once, also when the details are written besides.
    lines = [line for line in done.stderr.splitlines() if line.startswith("未测算 ")]
    assert len(lines) == sum(len(POLICY(id_).targets) for id_ in POLICY_IDS) - 3
    assert "未测算 liaoning-2021/orgs-rural：没有农村社区" in lines
    assert "未测算 liaoning-2021/brand-orgs：台账缺少列 区县·品牌社会组织数" in lines
    written = pd.read_csv(details, dtype=str)
    assert len(written) == len(table)
    assert written["target"].tolist() == [row["target"] for row in table]


def test_one_policy_asked_for_keeps_all_its_targets(tmp_path):
    path = write(tmp_path / "ledger.xlsx", communities=rows(LIAONING, DATE, orgs=[10]))
    done = sanlian("evaluate", path, "--policy", "liaoning-2021")
    assert "未测算" not in done.stderr
    targets = {row["target"] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert targets == {target.id for target in POLICY("liaoning-2021").targets}


def test_policies_compare_prints_the_demands():
    done = sanlian("policies", "--compare")
    assert done.returncode == 0, done.stderr
    for demand in (
        "社区社会组织数 ≥ 15",
        "活动场所面积 ≥ 500",
        "较大者(600，100 × 常住人口 ÷ 1000)",
    ):
        assert demand in done.stdout
    assert "changzhou-2018" in done.stdout
