"""The five documents as data, and what is said when a policy file is wrong."""

import datetime as dt
import json
import re
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from sanlian_analysis import policy_files
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.official_text import unaccounted
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.policy_files import POLICY_IDS, load_policy
from sanlian_analysis.policy_text import (
    describe,
    exact_text,
    full_text,
    overview_text,
    read_official_text,
    unfound_sentences,
)

PERCENT = Fraction(1, 100)


def dates(*written: str) -> list[dt.date]:
    return [dt.date.fromisoformat(day) for day in written]


# --- the five documents ---------------------------------------------------------------

#: Targets in the order of the documents: id, level (c, t = city, p, - = nowhere), readings.
TARGETS = {
    "yuncheng-2019": """
        linkage c rural urban to-standard
        institutions c all-units
        convention c all-units
        venue-urban c all-units all-settlements
        venue-rural c all-units
        functions c all-units
        orgs-urban c all-units
        orgs-rural c all-units
        social-worker c all-units
        purchase c all-units
        certification-growth c
        score-model -
        score-qualified -
    """,
    "changzhou-2018": """
        incubators c
        posts-urban c each
        posts-rural c each
        facility c coverage
        service-centre c
        open-hours c
        orgs-urban c
        orgs-rural c
        certified-urban c each
        certified-rural c each
    """,
    "yangquan-2015": """
        governance-street c
        governance-all c
        burden-reduction c
        participation c each
        brand-groups c
        self-governance-demo c
        consultation-points c
        consultation-demo c
        facility-ratio c
        facility-tiers c to-500 to-2000 to-5000 over-5000
        new-orgs c
        orgs-per-10k c
        registered-orgs c
        brand-orgs c
        social-workers c
        orgs-with-social-workers c
        volunteer-leaders c
        day-care c
        meetings c
        visits c
        funding-growth c
    """,
    "lishui-2018": """
        orgs-urban t
        orgs-rural t mean
        agency-urban t
        agency-rural t
        staff c strict all-settlements
        facility t
        service-fund c all-settlements
        work-fund c all-settlements
        wage c each all-settlements
        base-pay c all-settlements
        party-worker c all-settlements
        police t
        new-community-size t
        green-channel t
        integrated-care c
        waste-utilisation t
        waste-recovery t
        waste-sorting t
    """,
    "liaoning-2021": """
        orgs-urban p
        orgs-rural p
        backbone-training p
        brand-orgs p
        brand-projects p
    """,
}
LEVELS = {"c": "county", "t": "city", "p": "province", "-": "none"}


def test_what_lishui_encourages_beyond_its_demand():
    """鼓励有条件的地方提高到…1.5倍水平 is no demand: one is asked for."""
    policy = load_policy("lishui-2018")
    found = {target.id: target.encouraged for target in policy.targets if target.encouraged}
    assert found == {"wage": Fraction(3, 2)}
    (milestone,) = policy.target("wage").milestones
    assert milestone.threshold == 1
    assert "鼓励达到  ≥ 150%（不作判定）" in full_text(policy)
    described = {one["id"]: one["encouraged"] for one in describe(policy)["targets"]}
    assert (described["wage"], described["base-pay"]) == (1.5, None)


@pytest.mark.parametrize("policy", POLICY_IDS)
def test_targets_levels_and_readings_of_every_document(policy):
    expected = [line.split() for line in TARGETS[policy].strip().splitlines()]
    found = [
        [target.id, target.level, *(reading.id for reading in target.readings)]
        for target in load_policy(policy).targets
    ]
    assert found == [[id_, LEVELS[level], "primary", *names] for id_, level, *names in expected]


@pytest.mark.parametrize(
    ("policy", "issued", "area", "number"),
    [
        ("yuncheng-2019", "2019-09-18", "1408", "运民发〔2019〕90号"),
        ("changzhou-2018", "2018-09-10", "3204", ""),
        ("yangquan-2015", "2015-08-10", "140302", ""),
        ("lishui-2018", "2018-11-07", "3311", None),
        ("liaoning-2021", "2021-12-28", "21", "辽民社函〔2021〕158号"),
    ],
)
def test_identity_of_every_document(policy, issued, area, number):
    found = load_policy(policy)
    assert (found.id, found.issued.isoformat(), found.area_code) == (policy, issued, area)
    assert number is None or found.number == number
    assert len(found.sha256) == 64


ALL = Fraction(1)


@pytest.mark.parametrize(
    ("policy", "target", "milestones"),
    [
        ("yuncheng-2019", "linkage", {"2019-12-31": 20 * PERCENT, "2020-12-31": 30 * PERCENT}),
        ("yuncheng-2019", "institutions", {"2019-12-31": ALL}),
        ("yuncheng-2019", "convention", {"2020-12-31": ALL}),
        ("yuncheng-2019", "orgs-rural", {"2019-12-31": ALL, "2020-12-31": ALL}),
        ("yuncheng-2019", "venue-rural", {}),
        ("yuncheng-2019", "score-model", {}),
        ("changzhou-2018", "incubators", {"2020-12-31": 50 * PERCENT}),
        ("changzhou-2018", "posts-rural", {"2020-12-31": 20 * PERCENT}),
        ("changzhou-2018", "orgs-urban", {"2020-12-31": Fraction(10)}),
        ("changzhou-2018", "open-hours", {}),
        ("yangquan-2015", "meetings", dict.fromkeys(["2016-06-30", "2017-06-30", "2018-06-30"], 4)),
        ("yangquan-2015", "burden-reduction", {"2017-06-30": Fraction(11)}),
        ("yangquan-2015", "facility-ratio", {"2018-06-30": Fraction(50)}),
        ("yangquan-2015", "orgs-per-10k", {"2018-06-30": Fraction(20)}),
        ("yangquan-2015", "participation", {None: 50 * PERCENT}),
        ("lishui-2018", "agency-rural", {"2020-12-31": Fraction(1, 3)}),
        ("lishui-2018", "green-channel", {"2018-12-31": 80 * PERCENT}),
        ("lishui-2018", "waste-recovery", {"2022-12-31": 75 * PERCENT}),
        ("lishui-2018", "wage", {None: ALL}),
        (
            "liaoning-2021",
            "orgs-urban",
            {"2021-12-31": 40 * PERCENT, "2022-12-31": 80 * PERCENT, "2023-12-31": ALL},
        ),
        (
            "liaoning-2021",
            "orgs-rural",
            {"2021-12-31": 25 * PERCENT, "2022-12-31": 70 * PERCENT, "2023-12-31": ALL},
        ),
        ("liaoning-2021", "brand-projects", {"2023-12-31": Fraction(80)}),
    ],
)
def test_milestones_are_dated_exact_fractions(policy, target, milestones):
    found = {
        milestone.due.isoformat() if milestone.due else None: milestone.threshold
        for milestone in load_policy(policy).target(target).milestones
    }
    assert found == milestones


@pytest.mark.parametrize(
    ("date", "due"),
    [
        ("2019-01-01", "2021-12-31"),
        ("2021-12-31", "2021-12-31"),
        ("2022-01-01", "2022-12-31"),
        ("2022-06-30", "2022-12-31"),
        ("2023-12-31", "2023-12-31"),
        ("2030-01-01", "2023-12-31"),
    ],
)
def test_snapshot_belongs_to_the_first_milestone_not_yet_past(date, due):
    target = load_policy("liaoning-2021").target("orgs-urban")
    day, expected = dates(date, due)
    assert target.milestone(day).due == expected


def test_standing_target_has_no_due_date_and_vague_one_no_milestone():
    lishui = load_policy("lishui-2018")
    (day,) = dates("2010-01-01")
    assert lishui.target("staff").milestone(day).due is None
    assert lishui.target("police").milestone(day) is None


@pytest.mark.parametrize(
    ("policy", "inside", "outside"),
    [
        ("yuncheng-2019", ["1408", "140802", "140802001"], ["14", "140302", "210106"]),
        ("changzhou-2018", ["320402", "320412"], ["320481", "320481001", "320502"]),
        ("yangquan-2015", ["140302", "140302001"], ["140303", "1403"]),
        ("liaoning-2021", ["21", "210106"], ["14", "220101"]),
    ],
)
def test_document_governs_its_own_area_alone(policy, inside, outside):
    governs = load_policy(policy).governs
    assert governs(pd.Series(inside)).tolist() == [True] * len(inside)
    assert governs(pd.Series(outside)).tolist() == [False] * len(outside)


def test_target_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="nothing"):
        load_policy("liaoning-2021").target("nothing")


@pytest.mark.parametrize("policy", POLICY_IDS)
def test_every_target_cites_clause_and_sentence(policy):
    for target in load_policy(policy).targets:
        cited = [(target.clause, target.sentence)]
        cited += [(milestone.clause, milestone.sentence) for milestone in target.milestones]
        assert all(clause and sentence for clause, sentence in cited)


def test_variables_needed_come_in_the_order_of_the_ledger():
    assert variables_needed(load_policy("liaoning-2021")) == {
        "社区": ["orgs"],
        "区县": ["brand_orgs", "brand_projects", "backbone", "backbone_trained"],
    }
    lishui = variables_needed(load_policy("lishui-2018"))
    assert "average_wage" in lishui["区县"]
    assert {"wage", "staff", "new_community"} <= set(lishui["社区"])


# --- for people and for programs ------------------------------------------------------

TOP_KEYS = {"id", "title", "number", "issuer", "issued", "area", "targets"}
TARGET_KEYS = {"id", "name", "unit", "measure", "level"}
TARGET_KEYS |= {"milestones", "clause", "sentence", "readings"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("policy", POLICY_IDS)
def test_description_is_plain_json_with_the_promised_keys(policy, language):
    with using(language):
        found = json.loads(json.dumps(describe(load_policy(policy)), allow_nan=False))
    assert set(found) >= TOP_KEYS
    assert len(found["targets"]) == len(TARGETS[policy].strip().splitlines())
    for target in found["targets"]:
        assert set(target) >= TARGET_KEYS
        assert target["readings"][0]["id"] == "primary"
        assert all(reading["calculation"] for reading in target["readings"])
    assert dt.date.fromisoformat(found["issued"])


def test_description_of_a_target():
    (target, *_) = describe(load_policy("liaoning-2021"))["targets"]
    assert target["measure"] == "share"
    assert [(m["due"], m["threshold"], m["exact"]) for m in target["milestones"]] == [
        ("2021-12-31", 0.4, "40%"),
        ("2022-12-31", 0.8, "80%"),
        ("2023-12-31", 1.0, "100%"),
    ]
    assert target["readings"][0]["calculation"] == "占比：社区社会组织数 ≥ 10（城市社区）"


@pytest.mark.parametrize("policy", POLICY_IDS)
def test_full_text_names_every_target_reading_and_sentence(policy):
    loaded = load_policy(policy)
    text = full_text(loaded)
    for target in loaded.targets:
        assert target.id in text
        assert target.sentence in text
        assert all(reading.id in text for reading in target.readings)


def test_overview_has_one_line_per_policy():
    lines = overview_text([load_policy(policy) for policy in POLICY_IDS]).splitlines()
    assert [line.split()[0] for line in lines] == list(POLICY_IDS)
    assert "13 项目标" in lines[0]


@pytest.mark.parametrize(
    ("number", "as_percent", "text"),
    [
        (Fraction(2, 5), True, "40%"),
        (Fraction(1, 3), True, "1/3"),
        (Fraction(1), True, "100%"),
        (Fraction(1), False, "1"),
        (Fraction(10), False, "10"),
    ],
)
def test_threshold_is_written_as_in_the_document(number, as_percent, text):
    assert exact_text(number, as_percent=as_percent) == text


# --- sentences against the official text ----------------------------------------------


def invented_text(policy) -> str:
    """A text that holds every cited sentence, and other things."""
    return "通知\n" + "。此外，".join(sentence for _, sentence in policy.cited) + "。"


@pytest.fixture
def against(tmp_path):
    """Hold the sentences of the Liaoning document against this text."""

    def unfound(text: str | bytes) -> list[str]:
        path = tmp_path / "原文.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return unfound_sentences(load_policy("liaoning-2021"), read_official_text(path))

    return unfound


def test_sentences_that_stand_in_the_text_are_found(against):
    assert against(invented_text(load_policy("liaoning-2021"))) == []


def test_white_space_and_line_breaks_are_nothing(against):
    text = invented_text(load_policy("liaoning-2021"))
    assert against("\u3000\r\n ".join(text)) == []


def test_one_changed_character_is_found(against):
    policy = load_policy("liaoning-2021")
    sentence = policy.target("brand-orgs").sentence
    changed = invented_text(policy).replace(sentence, sentence.replace(sentence[-1], "某"))
    found = against(changed)
    assert found
    assert f"brand-orgs: {sentence}" in found


def test_text_without_the_sentences_lists_them_all_once(against):
    found = against("另一份文件")
    assert len(found) == len(set(found))
    assert {line.split(": ")[0] for line in found} == {
        "exception",
        *(target.id for target in load_policy("liaoning-2021").targets),
    }


def test_text_that_cannot_be_read_is_refused(against, tmp_path):
    with pytest.raises(SanlianError, match=r"原文\.txt：原文应存为 UTF-8"):
        against("辽宁省".encode("gb18030"))
    with pytest.raises(SanlianError, match=r"nowhere\.txt：读不出原文"):
        read_official_text(tmp_path / "nowhere.txt")


# --- a policy of one's own ------------------------------------------------------------

OWN = """
id = "mine-2024"
title = "某县实施方案"
issuer = "某县民政局"
issued = 2024-01-01

[area]
code = "140802"
name = "盐湖区"

[parameters.need]
name = "标准"
default = "2.5"
by_area = { "140802" = 3 }

[[target]]
id = "orgs"
name = "社会组织"
theme = "organisations"
unit = "community"
measure = "share"
condition = "orgs >= 10"
level = "county"
milestones = [{ due = 2024-12-31, threshold = "40%" }]
clause = "三"
sentence = "百分之四十的社区有十个"

[[target.reading]]
id = "rural"
name = "只算村"
settlement = ["rural"]

[[target]]
id = "posts"
name = "岗位"
theme = "staff"
unit = "community"
measure = "ratio"
part = "social_work_posts"
whole = "posts"
level = "none"
standing = "1/3"
clause = "四"
sentence = "不低于三分之一"
"""


@pytest.fixture
def own(tmp_path):
    """Load a policy from its text."""

    def load(text: str | bytes, name: str = "mine.toml"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_policy(path)

    return load


def test_policy_of_ones_own(own):
    policy = own(OWN)
    assert (policy.id, policy.area_code, policy.title_en) == ("mine-2024", "140802", "某县实施方案")
    orgs, posts = policy.targets
    assert orgs.readings[0].settlement == {"urban", "rural"}
    assert orgs.readings[1].settlement == {"rural"}
    assert orgs.readings[1].formula == orgs.readings[0].formula
    assert [m.threshold for m in orgs.milestones] == [Fraction(2, 5)]
    assert [(m.due, m.threshold) for m in posts.milestones] == [(None, Fraction(1, 3))]
    (need,) = policy.parameters
    assert (need.default, need.by_area) == (Fraction(5, 2), (("140802", Fraction(3)),))
    assert json.dumps(describe(policy))


def test_policy_by_the_text_of_its_path(own, tmp_path):
    assert own(OWN) == load_policy(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("written", "threshold"),
    [
        ('"40%"', Fraction(2, 5)),
        ('" 40 % "', Fraction(2, 5)),
        ('"0.4"', Fraction(2, 5)),
        ('"2/5"', Fraction(2, 5)),
        ('"33.3%"', Fraction(333, 1000)),
        ("10", Fraction(10)),
        ('"10"', Fraction(10)),
        ("0", Fraction(0)),
    ],
)
def test_thresholds_are_read_as_they_are_written(own, written, threshold):
    (milestone,) = own(OWN.replace('"40%"', written)).targets[0].milestones
    assert milestone.threshold == threshold


def test_milestones_are_sorted_by_date(own):
    text = OWN.replace(
        "milestones = [", 'milestones = [{ due = 2025-12-31, threshold = "50%", clause = "五" }, '
    )
    milestones = own(text).targets[0].milestones
    assert [m.due for m in milestones] == dates("2024-12-31", "2025-12-31")
    assert [m.clause for m in milestones] == ["三", "五"]
    assert {m.sentence for m in milestones} == {"百分之四十的社区有十个"}


#: What is wrong: the line on which it stands, what is replaced by what, parts of the message.
BROKEN = {
    "unknown key": (
        4,
        'issuer = "某县民政局"',
        'isuer = "某县民政局"',
        ["'isuer'", "unknown key", "did you mean 'issuer'?"],
    ),
    "unknown key of a target": (
        22,
        'condition = "orgs',
        'conditon = "orgs',
        ["[[target]] orgs 'conditon'", "unknown key", "did you mean 'condition'?"],
    ),
    "unknown key of a milestone": (
        24,
        "due = 2024",
        "date = 2024",
        ["[[target]] orgs milestones 'date'", "unknown key"],
    ),
    "unknown key of a reading": (
        31,
        'settlement = ["rural"]',
        'settlment = ["rural"]',
        ["[[target]] orgs [[target.reading]] rural 'settlment'", "did you mean 'settlement'?"],
    ),
    "unknown key of the area": (8, 'code = "140802"', 'cod = "140802"', ["[area] 'cod'", "'code'"]),
    "unknown key of a parameter": (13, "default =", "defalt =", ["[parameters.need] 'defalt'"]),
    "key of another measure": (
        40,
        'part = "social_work_posts"',
        'part = "social_work_posts"\ncondition = "linkage"',
        ["[[target]] posts 'condition'", "unknown key"],
    ),
    "target twice": (34, 'id = "posts"', 'id = "orgs"', ["[[target]] id = 'orgs'", "used twice"]),
    "reading twice": (
        29,
        'id = "rural"',
        'id = "primary"',
        ["[[target]] orgs id = 'primary'", "used twice"],
    ),
    "unknown variable": (
        22,
        "orgs >= 10",
        "ogrs >= 10",
        ["[[target]] orgs 'condition'", "no variable 'ogrs'", "did you mean 'orgs'?"],
    ),
    "variable of another unit": (
        22,
        "orgs >= 10",
        "incubator",
        ["[[target]] orgs 'condition'", "no variable 'incubator'"],
    ),
    "number for a condition": (
        22,
        '"orgs >= 10"',
        '"orgs"',
        ["[[target]] orgs 'condition'", "'orgs' should be a condition"],
    ),
    "condition for a number": (
        39,
        'part = "social_work_posts"',
        'part = "linkage"',
        ["[[target]] posts 'part'", "'linkage' should be a number"],
    ),
    "no expression": (22, "orgs >= 10", "orgs >=", ["[[target]] orgs 'condition'", "'orgs >='"]),
    "refused expression": (22, "orgs >= 10", "orgs ** 2 > 1", ["'condition'", "'orgs ** 2'"]),
    "number where text belongs": (
        18,
        'name = "社会组织"',
        "name = 5",
        ["[[target]] orgs 'name'", "expected str, found 5"],
    ),
    "text where a date belongs": (
        5,
        "issued = 2024-01-01",
        'issued = "2024-01-01"',
        ["'issued'", "expected date, found '2024-01-01'"],
    ),
    "time where a date belongs": (
        24,
        "due = 2024-12-31",
        "due = 2024-12-31T00:00:00",
        ["[[target]] orgs milestones 'due'", "expected date"],
    ),
    "truth where text belongs": (9, 'name = "盐湖区"', "name = true", ["[area] 'name'", "True"]),
    "text where a table belongs": (
        7,
        '[area]\ncode = "140802"\nname = "盐湖区"',
        'area = "140802"',
        ["'area'", "expected dict, found '140802'"],
    ),
    "text where a list belongs": (31, '["rural"]', '"rural"', ["'settlement'", "expected list"]),
    "text where a reading belongs": (
        28,
        '[[target.reading]]\nid = "rural"\nname = "只算村"\nsettlement = ["rural"]',
        'reading = ["rural"]',
        ["[[target]] orgs", "reading"],
    ),
    "date where a milestone belongs": (
        24,
        '[{ due = 2024-12-31, threshold = "40%" }]',
        "[2024-12-31]",
        ["[[target]] orgs milestones"],
    ),
    "settlement that is none": (31, '["rural"]', '["village"]', ["'village'", "urban, rural"]),
    "missing key": (16, 'clause = "三"\n', "", ["[[target]] orgs 'clause'", "missing, add it"]),
    "missing key of the file": (1, 'title = "某县实施方案"\n', "", ["'title'", "missing, add it"]),
    "missing area": (1, '[area]\ncode = "140802"\nname = "盐湖区"', "", ["'area'", "missing"]),
    "missing formula": (16, 'condition = "orgs >= 10"\n', "", ["'condition'", "needs this key"]),
    "missing threshold": (24, ', threshold = "40%"', "", ["milestones 'threshold'", "missing"]),
    "missing due date": (24, "due = 2024-12-31, ", "", ["milestones 'due'", "missing"]),
    "no targets": (1, OWN[OWN.index("[[target]]") :], "", ["'target'", "missing"]),
    "milestones and standing": (
        42,
        'standing = "1/3"',
        'standing = "1/3"\nmilestones = [{ due = 2024-12-31, threshold = "1/3" }]',
        ["[[target]] posts 'standing'", "either this or milestones"],
    ),
    "threshold in words": (24, '"40%"', '"40 percent"', ["'threshold'", "found '40 percent'"]),
    "threshold with two points": (
        24,
        '"40%"',
        '"0.3.3"',
        ["'threshold'", "such as 40%, 1/3 or 10"],
    ),
    "threshold below zero": (24, '"40%"', "-1", ["'threshold'", "found '-1'"]),
    "threshold as a float": (24, '"40%"', "0.4", ["'threshold'", "found 0.4"]),
    "threshold without a divisor": (24, '"40%"', '"1/0"', ["'threshold'", "found '1/0'"]),
    "threshold that is empty": (24, '"40%"', '""', ["'threshold'"]),
    "area code too short": (8, 'code = "140802"', 'code = "14080"', ["[area] 'code'", "2, 4 or 6"]),
    "area code of a street": (8, 'code = "140802"', 'code = "140802001"', ["[area] 'code'"]),
    "area code with letters": (8, 'code = "140802"', 'code = "山西"', ["[area] 'code'"]),
    "unknown measure": (
        21,
        'measure = "share"',
        'measure = "shares"',
        ["[[target]] orgs 'measure'", "use one of share, mean", "found 'shares'"],
    ),
    "unknown measure of a reading": (
        31,
        'settlement = ["rural"]',
        'measure = "shares"\ncondition = "linkage"',
        ["[[target.reading]] rural 'measure'", "found 'shares'"],
    ),
    "unknown unit": (20, 'unit = "community"', 'unit = "village"', ["'unit'", "community, street"]),
    "unknown level": (
        23,
        'level = "county"',
        'level = "town"',
        ["'level'", "county, city, province"],
    ),
    "unknown theme": (36, 'theme = "staff"', 'theme = "people"', ["[[target]] posts 'theme'"]),
    "unknown standard": (
        31,
        'settlement = ["rural"]',
        'standards = ["venue"]',
        ["rural 'standards'", "'venue' not allowed; use: orgs, posts"],
    ),
    "scope of streets": (
        23,
        'unit = "community"\nmeasure = "share"\ncondition = "orgs >= 10"',
        'unit = "street"\nmeasure = "share"\ncondition = "incubator"\nwhere = "incubator"',
        ["[[target]] orgs 'where'", 'only with unit = "community"'],
    ),
    "sum over communities in a condition": (
        22,
        'unit = "community"\nmeasure = "share"\ncondition = "orgs >= 10"',
        'unit = "street"\nmeasure = "share"\ncondition = "total(orgs) >= 10"',
        ["[[target]] orgs 'condition'", "total(…) can only be", 'measure = "total"'],
    ),
    "growth of more than a sum": (
        22,
        'unit = "community"\nmeasure = "share"\ncondition = "orgs >= 10"',
        'unit = "street"\nmeasure = "growth"\nvalue = "total(orgs) + 1"',
        ["[[target]] orgs 'value'", "total(…) can only be"],
    ),
    "scale of nothing": (41, 'whole = "posts"', 'whole = "posts"\nscale = 0', ["posts 'scale'"]),
    "no TOML": (7, "[area]", "[area", ["not valid TOML", "line"]),
    "key twice": (4, 'title = "', 'title = "一"\ntitle = "', ["not valid TOML"]),
}


@pytest.mark.parametrize(("line", "old", "new", "fragments"), BROKEN.values(), ids=BROKEN.keys())
def test_mistake_is_named_with_file_line_place_and_mend(own, line, old, new, fragments):
    assert old in OWN
    with using("en"), pytest.raises(SanlianError) as error:
        own(OWN.replace(old, new, 1))
    message = str(error.value)
    assert "mine.toml" in message
    assert re.findall(r"\bline (\d+)", message) == [str(line)]
    for fragment in fragments:
        assert fragment in message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "due =",
            "date =",
            r"mine\.toml 第 24 行 \[\[target\]\] orgs milestones 'date'：不认识这个键，请改正",
        ),
        ("orgs >=", "ogrs >=", r"orgs 'condition'：台账里没有变量 'ogrs'；是否想写 'orgs'？"),
        ('clause = "三"\n', "", r"orgs 'clause'：缺少这个键，请补上"),
        ('"40%"', '"四成"', r"'threshold'：应为 40%、1/3 或 10 这样的数，实为 '四成'"),
        ('id = "posts"', 'id = "orgs"', r"第 34 行 \[\[target\]\] id = 'orgs'：重复的 id，请改名"),
    ],
)
def test_mistake_is_named_in_chinese(own, old, new, message):
    with pytest.raises(SanlianError, match=message):
        own(OWN.replace(old, new, 1))


#: Other ways to write the same file, each with one mistake: the line, what is replaced by what.
LAYOUTS = {
    "headers inside a text": (
        48,
        'sentence = "不低于三分之一"',
        'sentence = """\n[[target]]\nid = "x"\n"""\nnote = 5',
    ),
    "list over several lines": (
        27,
        '[{ due = 2024-12-31, threshold = "40%" }]',
        '[\n  # 一年 ] 一步\n  { due = 2024-12-31, threshold = "40%" },\n'
        '  { due = 2025-12-31, threshold = "五成" },\n]',
    ),
    "list that ends with its last entry": (
        25,
        '[{ due = 2024-12-31, threshold = "40%" }]',
        '[{ due = 2024-12-31, threshold = "40%" },\n  { due = 2025-12-31 }]',
    ),
    "milestones as tables": (
        29,
        'milestones = [{ due = 2024-12-31, threshold = "40%" }]\n'
        'clause = "三"\nsentence = "百分之四十的社区有十个"\n',
        'clause = "三"\nsentence = "百分之四十的社区有十个"\n\n'
        '[[target.milestones]]\ndue = 2024-12-31\nthreshold = "四成"\n',
    ),
    "dotted keys": (
        8,
        '[area]\ncode = "140802"\nname = "盐湖区"',
        'area.code = "140802"\narea . "name" = 5',
    ),
    "key of a table in one line": (14, '"140802" = 3', '"140802" = "三"'),
    "table of a parameter": (
        16,
        'by_area = { "140802" = 3 }',
        '\n[parameters.need.by_area]\n"140802" = "三"',
    ),
    "second exception": (
        51,
        'sentence = "不低于三分之一"',
        'sentence = "不低于三分之一"\n\n[[exception]]\nclause = "一"\nsentence = "甲"\n'
        'reason = "乙"\n\n[[exception]]  # 没有理由\nclause = "二"',
    ),
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("line", "old", "new"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_line_is_right_however_the_file_is_laid_out(own, line, old, new, line_end):
    assert old in OWN
    with pytest.raises(SanlianError, match=rf"^\S+mine\.toml 第 {line} 行 "):
        own(OWN.replace(old, new, 1).replace("\n", line_end))


def test_other_encodings_are_refused(own):
    with using("en"), pytest.raises(SanlianError, match=r"mine\.toml: not valid TOML"):
        own(OWN.encode("gb18030"))


@pytest.mark.parametrize(
    "content", ["x = " + "[" * 5000, "x = 1" * 5], ids=["deep", "no line ends"]
)
def test_odd_toml_is_refused(own, content):
    with pytest.raises(SanlianError, match=r"mine\.toml：不是正确的 TOML"):
        own(content)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(SanlianError, match=r"nowhere\.toml：读不出政策文件"):
        load_policy(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("id_", "fragments"),
    [
        ("liaoning-2020", ["no policy 'liaoning-2020'", "did you mean 'liaoning-2021'?"]),
        ("yuncheng", ["no policy 'yuncheng'", "yuncheng-2019"]),
        ("nothing at all", ["use one of yuncheng-2019", "path of a .toml policy file"]),
        ("", ["no policy ''"]),
    ],
)
def test_unknown_policy_is_an_error_with_the_nearest_one(id_, fragments):
    with using("en"), pytest.raises(SanlianError) as error:
        load_policy(id_)
    assert all(fragment in str(error.value) for fragment in fragments)


def test_no_built_in_id_stands_in_for_a_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("liaoning-2021").write_text(OWN, encoding="utf-8")
    assert load_policy("liaoning-2021").id == "liaoning-2021"


# --- the guide to the format ----------------------------------------------------------

GUIDES = {"zh": "policy-format.zh-CN.md", "en": "policy-format.md"}

#: A mistake in the guide's policy, in the order of its table of messages.
MISTAKES = [
    ('condition = "orgs >= 8"', 'condtion = "orgs >= 8"'),
    ("orgs >= 8", "ogrs >= 8"),
    ("orgs >= 8", "orgs ** 2 > 8"),
    ('value = "orgs"', 'value = "day_care"'),
    ('"60%"', '"六成"'),
    ("threshold = 40", "threshold = 0.4"),
    ('level = "county"', 'level = "town"'),
    ('issuer = "某县民政局"\n', ""),
    ('id = "orgs-rural"', 'id = "orgs-urban"'),
    ("[area]", "[area"),
]


def guide_text(language: str) -> str:
    path = Path(__file__).parents[1] / "docs" / GUIDES[language]
    return path.read_text(encoding="utf-8")


def blocks(kind: str, text: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture(params=GUIDES)
def guide(request, tmp_path, monkeypatch):
    """The text of a guide, in its language; its files lie in the working folder."""
    text = guide_text(request.param)
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("\n".join(blocks("toml", text)), encoding="utf-8")
    Path("ledger.csv").write_text(blocks("csv", text)[0], encoding="utf-8")
    Path("原文.txt").write_text(blocks("text", text)[0], encoding="utf-8")
    with using(request.param):
        yield text


def test_both_guides_build_the_same_policy():
    for kind in ("toml", "csv"):
        assert blocks(kind, guide_text("zh")) == blocks(kind, guide_text("en")) != []


def test_policy_of_the_guide_accounts_for_its_official_text(guide):
    policy, text = load_policy("mine.toml"), read_official_text("原文.txt")
    assert unfound_sentences(policy, text) == []
    assert unaccounted(text, [sentence for _, sentence in policy.cited]) == []
    changed = text.replace("2026年底，农村社区平均", "2027年底，农村社区平均")
    printed = [
        *unfound_sentences(policy, changed),
        *unaccounted(changed, [sentence for _, sentence in policy.cited]),
    ]
    assert len(printed) == 2
    assert all(f"  {line}\n" in blocks("text", guide)[1] for line in printed)


def test_policy_of_the_guide_gives_the_figures_of_the_guide(guide):
    results = evaluate(read_ledger("ledger.csv"), load_policy("mine.toml"))
    county = results[results["level"] == "county"]
    assert county["binding"].all()
    columns = re.search(r"^\| target \|.*", guide, re.M)[0].strip("| ").split(" | ")
    found = [
        " | ".join("" if pd.isna(cell) else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
                   for cell in row)
        for row in county[columns].itertuples(index=False)
    ]  # fmt: skip
    assert len(found) == 8
    assert [row for row in found if f"\n| {row} |\n" not in guide] == []


def test_messages_of_the_guide_are_the_real_ones(guide):
    text = Path("mine.toml").read_text(encoding="utf-8")
    assert guide.count("| `sanlian: mine.toml") == len(MISTAKES)
    for old, new in MISTAKES:
        assert old in text
        Path("mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(SanlianError) as error:
            load_policy("mine.toml")
        # The words on bad TOML are Python's own, and may differ between its versions.
        message = re.sub(r"（Exp.*| \(Exp.*", "", str(error.value))
        assert f"| `sanlian: {message}" in guide


def test_every_key_is_in_the_guide(guide):
    keys = re.findall(r'"(\w+)"', re.search(
        r"^_FORMULA_KEYS.*?^#: Where", Path(policy_files.__file__).read_text("utf-8"), re.M | re.S
    )[0])  # fmt: skip
    assert len(set(keys)) > 40
    assert [key for key in keys if key not in guide] == []
