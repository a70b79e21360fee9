"""Units of two dates, matched by hand: kept, renamed, recoded, appeared, vanished."""

import pandas as pd
import pytest
from test_evaluation import frame_of
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis.compare import match_units
from sanlian_analysis.compare.matching import COLUMNS, matched
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using

EARLIER, LATER = "2021-12-31", "2022-12-31"


def units(date, named):
    """Rows of the 社区 sheet: code → name."""
    return [
        {"code": code, "name": name, "settlement": "rural", "date": date, "orgs": 1}
        for code, name in named.items()
    ]


def told(ledger, before, after, area="", frame=None):
    """(kind, earlier code, later code) of every unit; None where it is not there."""
    there = ledger(frame, communities=units(EARLIER, before) + units(LATER, after))
    table = match_units(there, EARLIER, LATER, area)
    assert list(table.columns) == COLUMNS
    table = table.astype(object).where(table.notna(), None)
    return {tuple(row[:3]) for row in table[["kind", "code_earlier", "code_later"]].to_numpy()}


def reasons(ledger, before, after):
    there = ledger(communities=units(EARLIER, before) + units(LATER, after))
    table = match_units(there, EARLIER, LATER)
    codes = table["code_later"].fillna(table["code_earlier"])
    return dict(zip(codes, table["reason"], strict=True))


BEFORE = {
    "140802001201": "甲村",
    "140802001202": "乙村",
    "140802001203": "丙村",
    "140802001204": "丁村",
    "140802001205": "戊村",
}
AFTER = {
    "140802001201": "甲村",
    "140802001202": "乙社区",  # the same code, another name
    "140802001213": "丙村",  # the same street, another code
    "140802002204": "丁村",  # another street of the county
    "140821001205": "戊村",  # another county: not the same unit
    "140802001206": "己村",
}
EXPECTED = {
    ("kept", "140802001201", "140802001201"),
    ("renamed", "140802001202", "140802001202"),
    ("recoded", "140802001203", "140802001213"),
    ("recoded", "140802001204", "140802002204"),
    ("vanished", "140802001205", None),
    ("appeared", None, "140821001205"),
    ("appeared", None, "140802001206"),
}


def test_every_kind(ledger):
    assert told(ledger, BEFORE, AFTER) == EXPECTED


def test_reversed_in_time_the_same_pairs_are_found(ledger):
    swapped = {"appeared": "vanished", "vanished": "appeared"}
    expected = {(swapped.get(kind, kind), later, earlier) for kind, earlier, later in EXPECTED}
    assert told(ledger, AFTER, BEFORE) == expected


def test_a_unit_of_the_area_at_either_date_is_listed(ledger):
    assert told(ledger, BEFORE, AFTER, "140802002") == {("recoded", "140802001204", "140802002204")}
    assert told(ledger, BEFORE, AFTER, "1408210") == {("appeared", None, "140821001205")}


def test_a_frame_lists_the_same_units_at_every_date(ledger):
    everyone = BEFORE | {"140802001206": "己村"}
    frame = frame_of([*everyone.items()])
    after = {"140802001206": "己村"}  # the others did not report
    assert told(ledger, BEFORE, after, frame=frame) == {("kept", c, c) for c in everyone}


def test_codes_that_move_on_by_one_follow_the_names(ledger):
    before = {"140802001201": "甲村", "140802001202": "乙村"}
    after = {"140802001201": "乙村", "140802001202": "丙村"}
    assert told(ledger, before, after) == {
        ("vanished", "140802001201", None),
        ("recoded", "140802001202", "140802001201"),
        ("appeared", None, "140802001202"),
    }


def test_the_code_goes_before_a_name_in_another_street(ledger):
    before = {"140802001201": "中心村"}
    after = {"140802001201": "中心社区", "140802002201": "中心村"}
    assert told(ledger, before, after) == {
        ("renamed", "140802001201", "140802001201"),
        ("appeared", None, "140802002201"),
    }


@pytest.mark.parametrize("later_street", ["140802001", "140802002"])
def test_a_name_that_two_units_bear_matches_none(ledger, later_street):
    before = {"140802001201": "中心村", "140802001202": "中心村"}
    after = {f"{later_street}203": "中心村", f"{later_street}204": "中心村"}
    assert told(ledger, before, after) == {
        *(("vanished", code, None) for code in before),
        *(("appeared", None, code) for code in after),
    }
    one = {f"{later_street}203": "中心村"}  # one of the two, but which?
    assert told(ledger, before, one) == {
        *(("vanished", code, None) for code in before),
        ("appeared", None, f"{later_street}203"),
    }


def test_spaces_and_full_width_forms_make_no_other_name(ledger):
    before = {"140802001201": "甲 村（一）", "140802001202": "乙村1组"}
    after = {"140802001201": "甲村(一)", "140802001222": "乙村１组"}
    assert told(ledger, before, after) == {
        ("kept", "140802001201", "140802001201"),
        ("recoded", "140802001202", "140802001222"),
    }


def test_a_name_left_blank_contradicts_no_code(ledger):
    before = {"140802001201": "甲村", "140802001202": "乙村"}
    after = {"140802001201": None, "140802001203": None}
    assert told(ledger, before, after) == {
        ("kept", "140802001201", "140802001201"),
        ("vanished", "140802001202", None),
        ("appeared", None, "140802001203"),
    }
    assert "没有填名称" in reasons(ledger, before, after)["140802001201"]


def test_reasons_say_what_is_known(ledger):
    found = reasons(ledger, BEFORE | {"140802001207": "庚村"}, AFTER | {"140802001105": "庚社区"})
    assert found["140802001201"] == ""
    assert found["140802001202"] == "代码相同，名称不同"
    assert found["140802001213"] == "同一街道（乡镇）内唯一的同名单位，代码不同"
    assert found["140802002204"] == "同一县内唯一的同名单位，街道（乡镇）和代码不同"
    assert found["140802001205"].startswith("2022-12-31 没有相应单位；没有名录，分不清")
    assert found["140802001206"].startswith("2021-12-31 没有相应单位")
    # A village that may have become a community is pointed at, not matched.
    assert "140802001105 庚社区 名称相近" in found["140802001207"]
    assert "140802001207 庚村 名称相近" in found["140802001105"]


def test_reasons_name_who_uses_the_code_and_who_bears_the_name(ledger):
    before = {"140802001201": "甲村", "140802001202": "乙村"}
    after = {"140802001201": "乙村"}
    there = ledger(communities=units(EARLIER, before) + units(LATER, after))
    table = match_units(there, EARLIER, LATER).set_index("name_earlier")
    assert "代码为 乙村 所用" in table.loc["甲村", "reason"]
    twice = {"140802001201": "中心村", "140802001202": "中心村"}
    found = reasons(ledger, twice, {"140802001203": "中心村"})
    assert "不是一一对应（1 个）" in found["140802001201"]


def test_reasons_in_english(ledger):
    with using("en"):
        found = reasons(ledger, BEFORE, AFTER)
    assert found["140802001202"] == "same code, another name"
    assert "without a frame" in found["140802001205"]
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in found["140802001213"])


def test_ledger_without_names_is_matched_by_code_alone(ledger):
    rows = [
        {"code": code, "settlement": "rural", "date": date, "orgs": 1}
        for date, codes in ((EARLIER, "12"), (LATER, "23"))
        for code in (f"14080200120{last}" for last in codes)
    ]
    table = match_units(ledger(communities=rows), EARLIER, LATER)
    assert table["kind"].tolist() == ["vanished", "kept", "appeared"]


def test_streets_are_matched_in_the_same_way():
    then = pd.DataFrame(
        {"street_code": ["140802001", "140802002"], "street": ["东街道", "西街道"]}, dtype="str"
    ).assign(county_code="140802")
    now = then.assign(street_code=["140802011", "140802002"], street=["东街道", "中街道"])
    found = matched(then, now, "street_code", "street", ("county_code",))
    assert found.kind.tolist() == ["recoded", "renamed"]
    assert found.partner.tolist() == [0, 1]
    assert found.back(2).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("earlier", "later", "zh", "en"),
    [
        (LATER, EARLIER, "应早于", "must be before"),
        (EARLIER, EARLIER, "应早于", "must be before"),
        (EARLIER, "2030-12-31", "没有统计时点", "no snapshot"),
    ],
)
def test_dates_must_be_snapshots_in_order(ledger, earlier, later, zh, en):
    there = ledger(communities=units(EARLIER, BEFORE) + units(LATER, AFTER))
    with pytest.raises(SanlianError, match=zh):
        match_units(there, earlier, later)
    with using("en"), pytest.raises(SanlianError, match=en):
        match_units(there, earlier, later)
