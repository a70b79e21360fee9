"""The user's own numbers: what they change, what they leave alone, what is refused."""

import dataclasses

import pandas as pd
import pytest
from test_cli import sanlian
from test_evaluation import LISHUI, POLICY, codes, frame_of, rows, write
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.assumptions import assume
from sanlian_analysis.cli import main
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.policy_files import load_policy

DATE = "2020-12-31"
AGENCY = "lishui-2018/agency-urban"
CAP = "lishui-2018/work-fund.cap"
QINGTIAN = "3311210010"

FUNDS = dataclasses.replace(
    POLICY("lishui-2018"), targets=(POLICY("lishui-2018").target("work-fund"),)
)


def one(table, target, area, reading="primary"):
    chosen = (table["target"] == target) & (table["area_code"] == area)
    found = table[chosen & (table["reading"] == reading)]
    assert len(found) == 1, f"{len(found)} rows"
    return found.iloc[0]


def changed(before, after):
    """The rows that an assumption changes, `assumed` aside; target, reading, area code."""
    columns = [column for column in before.columns if column != "assumed"]
    left, right = (table[columns].astype("object").fillna("") for table in (before, after))
    different = (left != right).any(axis=1)
    return {tuple(key) for key in after.loc[different, ["target", "reading", "area_code"]].values}


def assumed_at(table):
    """Where something is assumed: target, reading, area code."""
    return {
        tuple(key)
        for key in table.loc[table["assumed"] != "", ["target", "reading", "area_code"]].itertuples(
            index=False
        )
    }


# --- thresholds for vague targets --------------------------------------------------------


@pytest.fixture
def ten(ledger):
    """Ten urban communities; nine have an agency, three a police officer."""
    return ledger(
        communities=rows(LISHUI, DATE, agency=["是"] * 9 + ["否"], police=[1] * 3 + [0] * 7)
    )


@pytest.mark.parametrize("written", ["0.9", "90%", "9/10", "90.0%", " 0.90 "])
def test_a_share_may_be_written_as_decimal_percentage_or_fraction(ten, written):
    table = evaluate(ten, POLICY("lishui-2018"), None, [f"{AGENCY}={written}"])
    row = one(table, "agency-urban", "3311")
    assert (row["threshold"], row["verdict"], row["shortfall"]) == (0.9, "met", 0)
    assert row["assumed"] == f"{AGENCY}={written}"


@pytest.mark.parametrize(
    ("written", "verdict", "shortfall"),
    [("91%", "not_met", 1), ("1", "not_met", 1), ("0.9001", "not_met", 1), ("1/3", "met", 0)],
)
def test_the_assumed_row_is_judged(ten, written, verdict, shortfall):
    row = one(
        evaluate(ten, POLICY("lishui-2018"), None, [f"{AGENCY}={written}"]), "agency-urban", "3311"
    )
    assert (row["verdict"], row["shortfall"]) == (verdict, shortfall)
    assert pd.isna(row["due"])


def test_blanks_leave_an_assumed_threshold_undetermined(ledger):
    there = ledger(communities=rows(LISHUI, DATE, agency=["是", None]))
    row = one(evaluate(there, POLICY("lishui-2018"), None, [f"{AGENCY}=1"]), "agency-urban", "3311")
    assert (row["verdict"], row["shortfall"]) == ("undetermined", 1)


def test_nothing_else_changes(ten):
    policy = POLICY("lishui-2018")
    before, after = evaluate(ten, policy), evaluate(ten, policy, None, [f"{AGENCY}=0.9"])
    areas = [LISHUI[:9], "331102", "3311", "33"]
    expected = {("agency-urban", "primary", area) for area in areas}
    assert changed(before, after) == assumed_at(after) == expected
    assert assumed_at(before) == set()


def test_other_readings_of_the_target_are_not_judged(ledger):
    there = ledger(communities=rows("1408020010", "2020-12-31", "rural", venue_area=[10]))
    table = evaluate(there, POLICY("yuncheng-2019"), None, ["yuncheng-2019/venue-rural=0.5"])
    venue = table[table["target"] == "venue-rural"]
    by_reading = venue.groupby("reading")["threshold"].agg(lambda cells: cells.notna().all())
    assert by_reading.to_dict() == {"all-units": False, "primary": True}
    assert (venue.loc[venue["reading"] == "all-units", "assumed"] == "").all()
    assert (venue.loc[venue["reading"] == "all-units", "verdict"] == "no_threshold").all()


def test_several_assumptions_at_once(ten):
    given = [f"{AGENCY}=0.9", "lishui-2018/police=40%"]
    table = evaluate(ten, POLICY("lishui-2018"), None, given)
    assert one(table, "agency-urban", "3311")["verdict"] == "met"
    police = one(table, "police", "3311")
    assert (police["verdict"], police["shortfall"]) == ("not_met", 1)
    assert police["assumed"] == "lishui-2018/police=40%"


def test_an_assumption_for_another_policy_leaves_this_one_alone(ten):
    policy = POLICY("liaoning-2021")
    pd.testing.assert_frame_equal(
        evaluate(ten, policy), evaluate(ten, policy, None, [f"{AGENCY}=0.9"])
    )


# --- refused -----------------------------------------------------------------------------

REFUSED = [
    ("lishui-2018/orgs-urban=0.9", "文件已有数值"),
    ("lishui-2018/no-such=0.9", "没有目标 'no-such'；有：orgs-urban、orgs-rural"),
    (f"{AGENCY}=九成", "应为 40%、1/3 或 10 这样的数，实为 '九成'"),
    (f"{AGENCY}=-1", "实为 '-1'"),
    (f"{AGENCY}=1/0", "实为 '1/0'"),
    (f"{AGENCY}=", "应写作 政策/目标=数值"),
    (AGENCY, "应写作 政策/目标=数值"),
    ("agency-urban=0.9", "应写作 政策/目标=数值"),
    ("agency-urban=9/10", "应写作 政策/目标=数值"),
    ("lishui-2018/work-fund.rate=7", "没有可假定的参数 'rate'；有：work-fund.cap"),
    ("lishui-2018/service-fund.cap=40", "没有可假定的参数 'cap'；有：无"),
    (f"{CAP}@莲都区=40", "@ 之后应为 6 位区县代码"),
    (f"{CAP}@331102001=40", "@ 之后应为 6 位区县代码"),
    (f"{CAP}@331102=29.99", "低于文件已定的最小值 30"),
    (f"{CAP}@331121=14.99", "低于文件已定的最小值 15"),
    # Everywhere means in 莲都区, too, where the amount for 3000 households is 30.
    (f"{CAP}=29.99", "低于文件已定的最小值 30；请核对，或用 @区县代码 分别给出"),
]


@pytest.mark.parametrize(("written", "message"), REFUSED)
def test_what_cannot_be_assumed_is_refused_with_the_mend(written, message):
    with pytest.raises(SanlianError) as caught:
        assume(POLICY("lishui-2018"), [written])
    assert f"--assume {written}：" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(("written", "_"), REFUSED)
def test_refusals_in_english_have_no_chinese_of_their_own(written, _):
    with using("en"), pytest.raises(SanlianError) as caught:
        assume(POLICY("lishui-2018"), [written])
    own = str(caught.value).replace(written, "").replace("九成", "")
    assert not any("一" <= character <= "鿿" for character in own), own


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    there = rows(LISHUI, DATE, agency=["是"] * 9 + ["否"])
    return write(tmp_path_factory.mktemp("ledger") / "ledger.xlsx", communities=there)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("lishui-2018/orgs-urban=0.9", "文件已有数值"),
        ("lishui-2018/no-such=0.9", "没有目标 'no-such'"),
        (f"{AGENCY}=abc", "实为 'abc'"),
        (AGENCY, "应写作 政策/目标=数值"),
        ("agency-urban=9/10", "应写作 政策/目标=数值"),
        ("lishui-2019/agency-urban=0.9", "没有测算政策 'lishui-2019'；请用 --policy 加上它"),
        ("liaoning-2021/orgs-urban=0.9", "没有测算政策 'liaoning-2021'"),
        (f"{CAP}=29", "低于文件已定的最小值 30"),
    ],
)
def test_the_command_line_refuses_with_status_2_and_one_message(
    path, written, message, monkeypatch, capsys
):
    arguments = ["evaluate", str(path), "--policy", "lishui-2018", "--assume", written]
    monkeypatch.setattr("sys.argv", ["sanlian", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    out, error = capsys.readouterr()
    assert out == ""
    last = error.strip().splitlines()[-1]
    assert last.startswith(f"sanlian: --assume {written}：")
    assert message in last


def test_the_command_line_writes_what_was_assumed(path):
    arguments = ["evaluate", path, "--policy", "lishui-2018", "--assume", f"{AGENCY}=90%"]
    done = sanlian(*arguments)
    assert done.returncode == 0
    header, *lines = done.stdout.splitlines()
    assert header.split(",")[-1] == "assumed"
    marked = [line for line in lines if line.endswith(f",{AGENCY}=90%")]
    assert len(marked) == 4
    assert all(line.startswith("lishui-2018,agency-urban,primary,") for line in marked)


# --- the local cap -----------------------------------------------------------------------


def funds(ledger, street, funds, assumptions=(), households=4000):
    """What work-fund says of communities with these funds: yes, no or ? for each."""
    size = len(funds)
    communities = [
        row
        for number, fund in enumerate(funds, start=1)
        for row in rows(
            f"{street[:6]}{number:03d}0", DATE, households=[households], work_fund=[fund]
        )
    ]
    table = evaluate(ledger(communities=communities), FUNDS, None, assumptions)
    said = []
    for number in range(1, size + 1):
        row = one(table, "work-fund", f"{street[:6]}{number:03d}")
        assert row["denominator"] == 1
        said.append("?" if row["unknown"] else "yes" if row["numerator"] else "no")
    return said


def test_above_3000_households_the_ceiling_is_not_in_the_text(ledger):
    # 4000 households at 10 per thousand are 40, the amount for 3000 is 30; elsewhere 20 and 15.
    assert funds(ledger, LISHUI, [41, 40, 39.99, 30, 29.99, 0, None]) == [
        *("yes", "yes", "?", "?", "no", "no", "?")
    ]
    assert funds(ledger, QINGTIAN, [20, 19.99, 15, 14.99]) == ["yes", "?", "?", "no"]


def test_up_to_3000_households_no_cap_is_needed(ledger):
    assert funds(ledger, LISHUI, [30, 29.99], households=3000) == ["yes", "no"]
    assert funds(ledger, QINGTIAN, [15, 14.99], households=3000) == ["yes", "no"]
    assert funds(ledger, LISHUI, [30.01, 30, 29.99], households=3001) == ["yes", "?", "no"]


@pytest.mark.parametrize(
    ("cap", "need"), [("30", 30), ("35", 35), ("40", 40), ("99", 40), ("70/2", 35)]
)
def test_a_cap_decides(ledger, cap, need):
    given = [f"{CAP}={cap}"]
    assert funds(ledger, LISHUI, [need, need - 0.01], given) == ["yes", "no"]
    # A cap of 30 and more is above what 4000 households need in the other counties.
    assert funds(ledger, QINGTIAN, [20, 19.99], given) == ["yes", "no"]


def test_a_cap_changes_nothing_up_to_3000_households(ledger):
    assert funds(ledger, LISHUI, [20, 19.99], [f"{CAP}=30"], households=2000) == ["yes", "no"]


def test_a_cap_for_one_county_holds_only_there(ledger):
    given = [f"{CAP}@331121=15"]
    assert funds(ledger, QINGTIAN, [15, 14.99], given) == ["yes", "no"]
    assert funds(ledger, LISHUI, [39.99, 30], given) == ["?", "?"]
    assert funds(ledger, "3311220010", [19.99, 15], given) == ["?", "?"]


@pytest.mark.parametrize("turned", [False, True])
def test_the_cap_of_a_county_goes_before_the_cap_of_all(ledger, turned):
    given = [f"{CAP}=35", f"{CAP}@331121=16"]
    given = given[::-1] if turned else given
    assert funds(ledger, QINGTIAN, [16, 15.99], given) == ["yes", "no"]
    assert funds(ledger, LISHUI, [35, 34.99], given) == ["yes", "no"]


def cap_table(ledger, assumptions):
    communities = [
        row
        for street in (LISHUI, QINGTIAN, "3311210020")
        for row in rows(street, DATE, households=[4000], work_fund=[17])
    ]
    frame = frame_of(
        [
            (code, "甲社区")
            for street in (LISHUI, QINGTIAN, "3311210020", "3310020010")
            for code in codes(street, 1)
        ]
    )
    return evaluate(
        ledger(frame, communities=communities), POLICY("lishui-2018"), None, assumptions
    )


def test_what_rests_on_a_countys_cap_says_so_and_nothing_else_does(ledger):
    before = cap_table(ledger, [])
    after = cap_table(ledger, [f"{CAP}@331121=17"])
    areas = ["331121001", "331121002", "331121", "3311", "33"]
    expected = {("work-fund", reading, area) for reading in ("primary", "all-settlements")
                for area in areas}  # fmt: skip
    assert assumed_at(after) == expected
    assert changed(before, after) <= expected
    assert set(after.loc[after["assumed"] != "", "assumed"]) == {f"{CAP}@331121=17"}
    assert one(before, "work-fund", "331121")["verdict"] == "undetermined"
    assert one(after, "work-fund", "331121")["verdict"] == "met"
    assert one(after, "work-fund", "331102")["verdict"] == "not_met"


def test_what_rests_on_a_cap_for_all_says_so_everywhere(ledger):
    table = cap_table(ledger, [f"{CAP}=30"])
    work = table[table["target"] == "work-fund"]
    assert (work["assumed"] == f"{CAP}=30").all()
    assert (table.loc[table["target"] != "work-fund", "assumed"] == "").all()


def test_two_caps_are_both_told_where_both_count(ledger):
    given = [f"{CAP}@331121=17", f"{CAP}@331102=33"]
    table = cap_table(ledger, given)
    assert one(table, "work-fund", "331121")["assumed"] == given[0]
    assert one(table, "work-fund", "331102")["assumed"] == given[1]
    assert one(table, "work-fund", "3311")["assumed"] == "; ".join(given)


def test_a_share_above_the_whole_is_refused():
    with pytest.raises(SanlianError, match="100%"):
        assume(load_policy("lishui-2018"), ["lishui-2018/police=90"])
