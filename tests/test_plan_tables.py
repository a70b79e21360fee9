"""Tables and charts of plans and comparisons: the figures of the library in the words of people."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from test_evaluation import LIAONING, frame_of, rows
from test_evaluation import ledger as ledger  # the fixture

import sanlian_analysis as sl
from sanlian_analysis.charts.bars import bar_curve
from sanlian_analysis.compare_tables import Documents
from sanlian_analysis.units import units_judged

DATA = Path(__file__).parents[1] / "data"
FIRST, LAST = "2022-12-31", "2023-12-31"


@pytest.fixture
def two(ledger):
    """Ten urban communities at two dates: four, then six with ten organisations; two blank."""
    before = [12, 15, 10, 11, 4, 4, 3, 9, None, None]
    after = [12, 15, 10, 11, 20, 10, 3, 9, None, None]
    return ledger(
        communities=[*rows(LIAONING, FIRST, orgs=before), *rows(LIAONING, LAST, orgs=after)]
    )


def gids(axes):
    return {artist.get_gid(): artist for artist in axes.get_children() if artist.get_gid()}


# --- units --------------------------------------------------------------------------------


def test_every_unit_in_scope_is_judged(two):
    policy = sl.load_policy("liaoning-2021")
    found = units_judged(two, policy, "orgs-urban", dt.date(2023, 12, 31), "2101")
    assert found["status"].tolist() == ["passes"] * 6 + ["fails"] * 2 + ["unknown"] * 2
    assert found.columns.tolist() == ["code", "name", "street", "settlement", "status", "orgs"]
    assert units_judged(two, policy, "orgs-rural", dt.date(2023, 12, 31)).empty


def test_units_of_a_target_that_adds_up_are_known_or_not():
    frame = DATA / "frames/liaoning.csv"
    there = sl.read_ledger(DATA / "ledgers/liaoning-2021.xlsx", frame)
    policy = sl.load_policy("liaoning-2021")
    found = units_judged(there, policy, "brand-orgs", there.dates[-1])
    assert set(found["status"]) <= {"known", "unknown"}
    assert (found["code"].str.len() == 6).all()
    assert len(found) == 100


# --- tables ---------------------------------------------------------------------------------


def test_paces_in_words(two):
    table = sl.pace(two, "liaoning-2021", "orgs-urban", level="county")
    [row] = sl.plan_tables.paces(table, sl.load_policy("liaoning-2021")).rows
    assert row[1:5] == ("60%", "100%", "2023-12-31", "4")
    assert row[6] == "0.2"  # two in twelve months
    assert row[-1] == "到期未达到" or row[-1] == "未定"


@pytest.fixture
def namesakes(ledger):
    """Two counties called 铁西区, and a third; two urban communities each."""
    counties = {LIAONING: [10, 4], "2103030010": [4, 4], "2101020010": [10, 10]}
    units = [
        row
        for day, more in ((FIRST, 0), (LAST, 6))
        for street, (first, second) in counties.items()
        for row in rows(street, day, orgs=[first, second + more])
    ]
    listed = [(row["code"], row["name"]) for row in units[:6]]
    names = ["铁西区", "铁西区", "铁西区", "铁西区", "和平区", "和平区"]
    return ledger(frame_of(listed, street="一街道", county=names), communities=units)


def test_counties_of_one_name_are_told_apart(namesakes):
    policy = sl.load_policy("liaoning-2021")
    apart = {"铁西区（沈阳市）", "铁西区（鞍山市）", "和平区"}
    rates = sl.pace(namesakes, policy, "orgs-urban", level="county")
    assert {row[0] for row in sl.plan_tables.paces(rates, policy).rows} == apart
    split = sl.decompose(namesakes, policy, "orgs-urban", FIRST, LAST, "21")
    _, parts = sl.compare_tables.change_parts(split, policy, "orgs-urban").tables
    assert {row[0] for row in parts.rows} == apart
    found = sl.compare_policies(namesakes, ["liaoning-2021", "changzhou-2018"])
    moved = replace(found, moves=found.moves.assign(move=1.0))
    named = {row[0] for row in sl.compare_tables.movers(moved, Documents()).rows}
    assert named == apart


def test_additions_in_order(two):
    plan = sl.least_effort(two, "liaoning-2021", "orgs-urban", "210106", budget=8)
    table = sl.plan_tables.additions(plan, sl.load_policy("liaoning-2021"))
    assert [row[3:5] for row in table.rows] == [
        ("9", "+1"), ("3", "+7"), ("未知", "+10"), ("未知", "+10"),
    ]  # fmt: skip
    assert [row[6] for row in table.rows] == ["1", "8", "18", "28"]
    assert [row[7] for row in table.rows] == ["70%", "80%", "90%", "100%"]


def test_before_and_after(two):
    rule = sl.ChangeRule("orgs", "+1", who="orgs == 9")
    found = sl.what_if(two, rule, "liaoning-2021")
    table = sl.plan_tables.before_and_after(found, sl.load_policy("liaoning-2021"), "210106")
    assert "改动 1 个单元格" in table.caption
    assert any("2 个单元格未改" in note for note in table.notes)
    county = next(row for row in table.rows if row[1] == "210106")
    assert (county[3], county[6]) == ("60%至80%", "70%至90%")


def test_what_a_verdict_rests_on(two):
    found = sl.sensitivity(two, "liaoning-2021", "orgs-urban", "210106")
    steps, readings, treatments = sl.plan_tables.what_it_rests_on(
        found, sl.load_policy("liaoning-2021")
    ).tables
    assert [row[2] for row in steps.rows[:2]] == ["≤ 60%", "≤ 80%"]
    assert len(readings.rows) == len(found.readings)
    figures = {row[0]: row[1] for row in treatments.rows}
    assert figures["当作不符合"] == "60%"
    assert figures["只看已知的单位"] == "75%"
    assert figures["当作符合"] == "80%"


def test_where_a_change_came_from(two):
    policy = sl.load_policy("liaoning-2021")
    split = sl.decompose(two, policy, "orgs-urban", FIRST, LAST)
    whole, _ = sl.compare_tables.change_parts(split, policy, "orgs-urban").tables
    lower = next(row for row in whole.rows if row[0] == "下界")
    assert lower[1:4] == ("40%", "60%", "+20.00")
    assert sum(float(cell) for cell in lower[4:]) == pytest.approx(20)


def test_a_figure_of_a_decomposition_stays_on_its_side_of_the_threshold_of_its_date(tmp_path):
    """799 of 2,000 pass: 39.95 %, held against 40 % and then against 100 %."""
    days = ("2021-12-31", LAST)
    policy = sl.load_policy("liaoning-2021")
    units = [f"21010600{street}{i:03}" for street in range(1, 5) for i in range(1, 501)]
    lines = [
        f"{code},一社区,{day},{10 if at < 799 else 9}"
        for day in days
        for at, code in enumerate(units)
    ]
    path = tmp_path / "台账.csv"
    path.write_text("\n".join(["社区代码,社区名称,统计时点,社区社会组织数", *lines]), "utf-8")
    there = sl.read_ledger(path)
    split = sl.decompose(there, policy, "orgs-urban", *days, "210106")
    assert split.thresholds == (Fraction(2, 5), Fraction(1))
    whole, _ = sl.compare_tables.change_parts(split, policy, "orgs-urban").tables
    assert whole.rows[0][1:3] == ("39.95%", "40%")


def test_documents_side_by_side(two):
    found = sl.compare_policies(two, ["liaoning-2021", "lishui-2018"])
    documents = Documents()
    labels = {row[1] for row in sl.compare_tables.demands(found, documents).rows}
    assert {"辽宁2021", "丽水2018"} <= labels
    table = sl.compare_tables.disagreements(found, documents)
    assert all(len(row) == 5 for row in table.rows)
    assert sl.compare_tables.stability(found, documents).header[-1] == "τ_b"
    assert sl.compare_tables.movers(found, documents).rows == ()  # one county has one rank


def test_inequality_adds_up(two):
    table = sl.spread(sl.units_at(two, two.dates[-1]), "orgs", settlement="urban")
    [row] = sl.compare_tables.inequality(table).rows
    assert row[1:3] == ("8", "2")
    assert float(row[4]) == pytest.approx(float(row[5]) + float(row[6]), abs=0.0011)


def test_contents_and_findings(two):
    table = sl.tables.contents(two)
    assert table.rows == (("社区", "20", "1", "2"),)
    found = sl.tables.findings(sl.check(two), most=1)
    assert len(found.rows) <= 1
    assert found.caption.startswith("检查结果：")


# --- charts ---------------------------------------------------------------------------------


def test_the_share_at_every_bar(two):
    drawn = bar_curve(sl.bars_of(two, "liaoning-2021", "orgs-urban"), "210106")
    lower = gids(drawn.axes)["lower"]
    shares = dict(zip(lower.get_xdata(), lower.get_ydata(), strict=True))
    assert (shares[0], shares[1], shares[10], shares[20]) == (1.0, 0.8, 0.6, 0.1)
    upper = gids(drawn.axes)["upper"]
    assert dict(zip(upper.get_xdata(), upper.get_ydata(), strict=True))[10] == 0.8
    assert gids(drawn.axes)["own-bar"].get_xdata() == [10, 10]
    assert gids(drawn.axes)["threshold"].get_ydata() == [1, 1]
    assert "标准为≥ 10时占60%至80%" in drawn.chart.title


def test_a_county_without_such_units_has_no_curve(two):
    bars = sl.bars_of(two, "liaoning-2021", "orgs-rural")
    assert "没有适用的单位" in bar_curve(bars, "210106").chart.title


def test_coverage_against_effort(two):
    plan = sl.least_effort(two, "liaoning-2021", "orgs-urban", "210106", budget=8)
    chart = sl.charts.effort_curve(plan, sl.load_policy("liaoning-2021"))
    found = gids(chart.axes[0])
    assert list(found["effort"].get_xdata()) == [0, 1, 8, 18, 28]
    assert list(found["effort"].get_ydata()) == [0.6, 0.7, 0.8, 0.9, 1.0]
    assert found["budget"].get_xdata() == [8]
    assert found["enough"].get_xdata() == [28]
    assert "最少再补28个（4个城市社区）可达100%" in chart.title


def test_effort_of_a_mean_has_two_points(ledger):
    there = ledger(communities=rows("3204020010", "2020-12-31", orgs=[4, 6, 8]))
    plan = sl.least_effort(there, "changzhou-2018", "orgs-urban", "320402")
    assert (plan.lower, plan.amount) == (Fraction(6), 12)
    chart = sl.charts.effort_curve(plan, sl.load_policy("changzhou-2018"))
    assert list(gids(chart.axes[0])["effort"].get_xdata()) == [0, 12]
    assert "12" in chart.title


def test_what_is_reached_needs_nothing(ledger):
    there = ledger(communities=rows(LIAONING, "2023-12-31", orgs=[10, 11]))
    plan = sl.least_effort(there, "liaoning-2021", "orgs-urban", "210106")
    chart = sl.charts.effort_curve(plan, sl.load_policy("liaoning-2021"))
    assert "已达到100%" in chart.title


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_they_draw_in_both_languages(two, lang, monkeypatch):
    monkeypatch.setenv("SANLIAN_LANG", lang)
    policy = sl.load_policy("liaoning-2021")
    bars = sl.bars_of(two, policy, "orgs-urban")
    plan = sl.least_effort(two, policy, "orgs-urban", "210106")
    for chart in (bar_curve(bars, "210106").chart, sl.charts.effort_curve(plan, policy)):
        assert chart.png().startswith(b"\x89PNG")
        assert b"<svg" in chart.svg()
