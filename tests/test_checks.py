"""Checks of a whole ledger, on small ledgers with findings worked out by hand."""

import pandas as pd
import pytest

from sanlian_analysis.checks import RULES, check
from sanlian_analysis.frame import read_frame
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy

HEADER = "code,date,name"
CODES = [f"140802001{i:03d}" for i in range(1, 31)]


@pytest.fixture
def findings(tmp_path):
    """What the rules find (not what reading does): (kind, cell, variable, severity)."""

    def of(header, rows, frame=None, policies=()):
        path = tmp_path / "台账.csv"
        path.write_text("\n".join([header, *rows]), encoding="utf-8")
        if frame is not None:
            (tmp_path / "名录.csv").write_text("\n".join(["code,name", *frame]), encoding="utf-8")
            frame = read_frame(tmp_path / "名录.csv")
        ledger = read_ledger(path, frame, use_cache=False)
        rules = {rule.id for rule in RULES} | {"policy"}
        return [one for one in check(ledger, policies) if one.kind in rules]

    return of


def places(found):
    return [(one.kind, one.cell, one.variable, one.severity) for one in found]


def test_parent_that_is_no_head_of_the_code(findings):
    found = findings(
        "code,date,street_code,county_code",
        [f"{CODES[0]},2020-12-31,140802001,140802", f"{CODES[1]},2020-12-31,140802002,140803"],
    )
    assert places(found) == [
        ("parent", "C3", "street_code", "warning"),
        ("parent", "D3", "county_code", "warning"),
    ]
    assert "140802002 不是 140802001002 的上级代码 140802001" in found[0].message


def test_settlement_that_the_name_contradicts(findings):
    rows = ["甲社区,农村社区", "乙村,农村社区", "丙管理区,城市社区", "丁村,", ",城市社区"]
    found = findings(
        "code,date,name,settlement",
        [f"{code},2020-12-31,{row}" for code, row in zip(CODES, rows, strict=False)],
    )
    assert places(found) == [("settlement", "D2", "settlement", "note")]
    assert "填为“农村社区”，名称 '甲社区' 却像城市社区" in found[0].message
    assert found[0].found == "农村社区"


def two_dates(before, now):
    return [
        f"{code},{day},{figure}"
        for day, figures in (("2019-12-31", before), ("2020-12-31", now))
        for code, figure in zip(CODES, figures, strict=False)
    ]


def test_jump_far_beyond_the_usual_change(findings):
    before = [300 + i for i in range(30)]
    now = [round(1.02 * figure) for figure in before]
    now[4] *= 10
    found = findings("code,date,households", two_dates(before, now))
    assert places(found) == [("jump", "C36", "households", "note")]
    assert "由 2019-12-31 的 304 变为 3100" in found[0].message


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([300] * 19, [300] * 18 + [9000]),  # too few changes to know the usual one
        ([1] * 30, [1] * 29 + [9]),  # fewer than ten more
        ([300 + i for i in range(30)], [3 * (300 + i) for i in range(30)]),  # all of them alike
    ],
    ids=["few", "small", "alike"],
)
def test_change_that_is_no_jump(findings, before, now):
    assert not [f for f in findings("code,date,households", two_dates(before, now))
                if f.kind == "jump"]  # fmt: skip


def one_date(figures):
    return [f"{code},2020-12-31,{figure}" for code, figure in zip(CODES, figures, strict=False)]


@pytest.mark.parametrize(
    ("figures", "kinds"),
    [
        ([350] * 8, ["uniform"]),
        ([350] * 7, []),  # too few units
        ([350] * 8 + [""], ["uniform"]),  # the blank is not known
        ([350] * 7 + [351], []),
        ([9] * 8, []),  # small counts are often the same
        ([10] * 8, ["uniform"]),
        ([500, 600, 700, 800, 900, 1000, 1100, 1200], ["round"]),
        ([500, 600, 700, 800, 900, 1000, 1100, 1201], []),
        ([100, 200] * 4, []),  # small figures are often round
    ],
)
def test_figures_copied_or_rounded_in_a_whole_county(findings, figures, kinds):
    found = findings("code,date,households", one_date(figures))
    assert [one.kind for one in found] == kinds
    assert all((one.cell, one.code, one.found) == ("C2", "140802", "") for one in found)


def test_units_of_the_frame_without_a_row(findings):
    frame = [f"{CODES[0]},甲村", f"{CODES[1]},乙村", "140821001001,丙村"]
    found = findings("code,date", [f"{CODES[0]},2020-12-31", f"{CODES[0]},2021-12-31",
                                   f"{CODES[1]},2021-12-31"], frame)  # fmt: skip
    assert [(one.kind, one.code, one.found) for one in found] == [
        ("absent", "140802", "1"),
        ("absent", "140821", "0"),
        ("absent", "140821", "0"),
    ]
    assert "2020-12-31：名录 2 个单位，台账 1 行，缺 1 个单位" in found[0].message


def test_targets_that_the_ledger_cannot_answer(findings):
    found = findings(
        "code,date,settlement,orgs",
        [f"{CODES[0]},2020-12-31,城市社区,3"],
        policies=[load_policy("liaoning-2021")],
    )
    named = [one.message.split("：")[0] for one in found]
    assert "liaoning-2021 的目标 orgs-rural 无法测算" in named
    assert "liaoning-2021 的目标 orgs-urban 无法测算" not in named
    assert {one.severity for one in found} == {"note"}


def test_findings_of_reading_come_first_and_plain_ledgers_have_none(tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text(f"code,date,orgs\n{CODES[0]},2020-12-31,5\n", encoding="utf-8")
    assert check(read_ledger(path, use_cache=False)) == ()
    path.write_text(f"code,date,orgs\n{CODES[0]},2020-12-31,x\n", encoding="utf-8")
    ledger = read_ledger(path, use_cache=False)
    assert check(ledger) == ledger.findings
    assert len(ledger.findings) == 1


def test_order_of_the_rows_does_not_change_what_is_found(findings):
    rows = two_dates([300 + i for i in range(30)], [*(310 + i for i in range(29)), 9000])
    kinds = [(f.kind, f.code, f.message) for f in findings("code,date,households", rows)]
    turned = findings("code,date,households", rows[::-1])
    assert kinds
    assert sorted(kinds) == sorted((f.kind, f.code, f.message) for f in turned)


def test_rules_are_said_in_both_languages():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        chinese = rule.expected
        with using("en"):
            assert rule.expected != chinese
            assert rule.expected.isascii()


def test_large_figures_are_written_out(findings):
    before = [1_000_000 + 1000 * i for i in range(30)]
    now = [*before[:-1], 99_000_001]
    messages = [f.message for f in findings("code,date,population", two_dates(before, now))]
    assert any("变为 99000001" in message for message in messages)
    assert not any("e+" in message for message in messages)
    assert pd.notna(messages).all()
