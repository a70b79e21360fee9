"""Threshold curves, changes, score profiles and ratios, tested by their artists and words."""

import dataclasses
import datetime as dt
import re
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from test_charts import (
    COUNTIES,
    LONG,
    POLICY,
    a_reading,
    a_row,
    a_table,
    a_target,
    assert_tidy,
    by_gid,
    many_counties,
    said,
    some_units,
    value_dot,
    words_of,
)

from sanlian_analysis.charts import ranked_areas, style
from sanlian_analysis.charts.change import change
from sanlian_analysis.charts.move_drawing import spread
from sanlian_analysis.charts.ratios import ratio_bars
from sanlian_analysis.charts.scores import score_profile
from sanlian_analysis.charts.text import width
from sanlian_analysis.charts.thresholds import threshold_curve
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.expressions import parse
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy import Band, Mean, Ratio, Score, Share
from sanlian_analysis.policy_files import load_policy

URBAN, RURAL = frozenset({"urban"}), frozenset({"rural"})
DATE = dt.date(2022, 12, 31)


def another_policy(name, *targets, area="14"):
    """A document with these targets and nothing else."""
    id_ = f"p-{name}"
    return dataclasses.replace(
        POLICY,
        id=id_,
        short=name,
        short_en=name,
        title=f"{name}方案",
        title_en=f"Plan {name}",
        area_code=area,
        targets=targets,
    )


def asking(name, *conditions, settlement=URBAN, where=None, area="14"):
    """A document that asks these conditions of every unit."""
    targets = [
        a_target(
            f"t{i}",
            "要求",
            "Demand",
            Share(parse(condition)),
            [(None, "1")],
            settlement=settlement,
            where=where and parse(where),
        )
        for i, condition in enumerate(conditions)
    ]
    return another_policy(name, *targets, area=area)


def flat(chart):
    """Everything said on the sheet, without line breaks."""
    return said(chart).replace("\n", "")


# --- threshold curves -------------------------------------------------------------------

#: Six urban communities: at least 10 in three, or four when the unknown one has them too.
SIX = [3, 9, 10, 12, None, 25]
TEN, TWELVE = asking("甲", "orgs >= 10"), asking("乙", "orgs >= 12")
CURVE = {"date": DATE, "area": "盐湖区"}


def curve_of(orgs, *policies, **given):
    given = CURVE | {"policies": policies or (TEN,)} | given
    return threshold_curve(some_units(orgs), **given)


def marked(chart):
    """The numbers that carry a line, in rising order."""
    return sorted(line.get_xdata()[0] for line in by_gid(chart, "threshold"))


def edge(chart, gid):
    (line,) = by_gid(chart, gid)
    return dict(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_curve_is_the_share_with_at_least_so_many():
    chart = curve_of(SIX)
    lower, upper = edge(chart, "lower"), edge(chart, "upper")
    assert list(lower) == list(range(26))
    assert (lower[0], lower[1], lower[3], lower[4], lower[10], lower[11], lower[25]) == (
        pytest.approx((1, 5 / 6, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6))
    )
    assert [upper[k] - lower[k] for k in (1, 10, 25)] == pytest.approx([1 / 6] * 3)
    assert upper[0] == 1
    assert_tidy(chart)


def test_share_reached_stands_at_every_threshold():
    chart = curve_of(SIX, TEN, TWELVE)
    assert marked(chart) == [10, 12]
    (dot,) = by_gid(chart, "share-12")
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (12, pytest.approx(2 / 6))
    assert {"10个（甲）：50%至66.7%", "12个（乙）：33.3%至50%"} <= set(said(chart).split("\n"))
    apart = curve_of(SIX, TEN, asking("丙", "orgs >= 20"))
    assert {"10个（甲）", "20个（丙）", "50%至66.7%", "16.7%至33.3%"} <= set(
        said(apart).split("\n")
    )


def test_title_and_alternative_text_say_how_sensitive_the_verdict_is():
    chart = curve_of([3, 9, 10, 12, 25], TEN, TWELVE)
    title = "盐湖区：60%的城市社区“社区社会组织数”在10个以上，若标准为12个则降到40%"
    assert chart.alt == f"{title}。共5个城市社区，未知0个；10个（甲）60%；12个（乙）40%。"
    assert title in flat(chart)
    assert not by_gid(chart, "upper")
    lower = curve_of([3, 9, 10, 12, 25], TWELVE, asking("丙", "orgs >= 2"))
    assert "在2个以上，若标准为12个则降到40%" in lower.alt
    assert chart.name == "thresholds-orgs-urban"


def test_one_standard_is_compared_with_one_more():
    assert "60%的城市社区“社区社会组织数”在10个以上，若标准为11个则降到40%" in (
        curve_of([3, 9, 10, 12, 25]).alt
    )
    assert "若标准为11个也不变" in curve_of([3, 9, 12, 12, 25]).alt


def test_curve_names_the_clauses_in_force():
    steps = [("2021-12-31", "1/2"), ("2022-12-31", "1")]
    target = a_target("t", "要求", "Demand", Share(parse("orgs >= 10")), steps, settlement=URBAN)
    for year, clause in ((2021, "三(一)"), (2022, "三(二)"), (2023, "三(二)")):
        chart = curve_of(SIX, another_policy("甲", target), date=dt.date(year, 12, 31))
        assert f"《甲方案》民发〔2021〕1号，{clause}" in said(chart)


def test_documents_that_ask_the_same_share_one_mark():
    chart = curve_of(SIX, TEN, TWELVE, asking("丙", "orgs > 9"))
    assert marked(chart) == [10, 12]
    assert "10个（甲、丙）：50%至66.7%" in said(chart)
    sources = [line for line in said(chart).split("\n") if line.startswith("依据")]
    assert sources == [f"依据：《{name}方案》民发〔2021〕1号，三(一)" for name in "甲乙丙"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("orgs >= 10", [10]),
        ("orgs > 9", [10]),
        ("orgs >= 9.5", [10]),
        ("7 <= orgs", [7]),
        ("7 < orgs", [8]),
        ("agency and orgs >= 4", [4]),
        ("agency or orgs >= 4", []),
        ("orgs <= 4", []),
        ("orgs == 4", []),
        ("orgs >= households / 100", []),
        ("agency", []),
    ],
)
def test_only_what_every_unit_must_have_is_marked(condition, found):
    assert marked(curve_of(SIX, asking("甲", condition))) == found


def test_means_and_the_other_settlement_are_no_standards():
    mean = a_target("m", "平均", "Mean", Mean(parse("orgs")), [(None, "10")])
    chart = curve_of(SIX, another_policy("丁", mean), asking("戊", "orgs >= 3", settlement=RURAL))
    assert marked(chart) == []
    assert "没有文件对单个城市社区规定数量" in flat(chart)
    assert chart.alt.startswith("盐湖区：50%至66.7%的城市社区“社区社会组织数”在10个以上")
    beside = curve_of(SIX, TEN, another_policy("丁", mean))
    assert "丁没有对单个城市社区规定这一数量。" in said(beside)


def test_floor_of_a_band_is_a_standard():
    band = Band(parse("staff"), parse("6"), parse("12"))
    policy = another_policy("甲", a_target("staff", "人员", "Staff", band, [(None, "1")]))
    units = some_units([1, 1, 1], staff=pd.array([5, 6, 7], dtype="Int64"))
    chart = threshold_curve(units, **CURVE, policies=[policy], variable="staff")
    assert marked(chart) == [6]
    assert edge(chart, "lower")[6] == pytest.approx(2 / 3)


def test_blank_part_cannot_exceed_its_whole():
    units = some_units([3, 9], orgs_new=pd.array([None, 5], dtype="Int64"))
    chart = threshold_curve(units, **CURVE, policies=[], variable="orgs_new")
    lower, upper = edge(chart, "lower"), edge(chart, "upper")
    assert [upper[k] for k in (1, 3, 4, 5, 6)] == [1, 1, 0.5, 0.5, 0]
    assert [lower[k] for k in (0, 1, 5, 6)] == [1, 0.5, 0.5, 0]


def test_axis_ends_at_the_variables_maximum():
    units = some_units([1, 1], functions=pd.array([5, 4], dtype="Int64"))
    policy = asking("甲", "functions == 5")
    chart = threshold_curve(units, **CURVE, policies=[policy], variable="functions")
    assert list(edge(chart, "lower")) == [0, 1, 2, 3, 4, 5]
    assert marked(chart) == [5]
    assert_tidy(chart)


def test_standard_beyond_the_axis_is_told():
    chart = curve_of(SIX, TEN, asking("庚", "orgs >= 30"))
    assert marked(chart) == [10]
    assert "超出横轴的标准：30个（庚）。" in said(chart)


def test_what_the_curve_leaves_aside_is_told():
    units = some_units([3, 10, None, 12]).assign(
        **{"orgs.not_applicable": [False, False, True, False]},
        code=["140802001001"] * 4,
    )
    units = pd.concat([units, some_units([99], "rural"), some_units([99], "other")])
    policies = [TEN, asking("辛", "orgs >= 12", where="linkage", area="33")]
    chart = threshold_curve(units.fillna({"code": "140802001002"}), **CURVE, policies=policies)
    assert edge(chart, "lower")[10] == pytest.approx(2 / 3)
    told = said(chart)
    assert "另有1个城市社区不适用，不计在内。" in told
    assert "辛只对“开展三社联动”的城市社区提出要求，图中按全部城市社区计算。" in told
    assert "辛不约束这里的城市社区，只作比较。" in told
    assert "甲不约束" not in told


def test_binding_standard_comes_first_in_the_title():
    units = some_units([3, 10, 12]).assign(code="140802001001")
    chart = threshold_curve(units, **CURVE, policies=[asking("壬", "orgs >= 2", area="33"), TEN])
    assert "66.7%的城市社区“社区社会组织数”在10个以上，若标准为2个则升到100%" in chart.alt


def test_villages_have_their_own_curve():
    units = pd.concat([some_units([1, 3], "rural"), some_units([9])])
    policy = asking("甲", "orgs >= 3", settlement=RURAL)
    chart = threshold_curve(units, **CURVE, policies=[policy], settlement="rural")
    assert edge(chart, "lower")[3] == 0.5
    assert "50%的村“社区社会组织数”在3个以上" in chart.alt
    assert chart.name == "thresholds-orgs-rural"


def test_curve_needs_a_count():
    with pytest.raises(SanlianError, match="purchase"):
        curve_of(SIX, variable="purchase")
    with pytest.raises(SanlianError, match="nonsense"):
        curve_of(SIX, variable="nonsense")


def test_many_standards_keep_their_labels_apart():
    documents = [asking(f"{'很长的名字' * (i % 3)}{i}", f"orgs >= {i}") for i in range(1, 26, 3)]
    assert_tidy(curve_of([*range(26), None, None], *documents))
    crowded = [
        asking("子", "orgs >= 24"),
        asking("丑", "orgs >= 25"),
        asking("寅" * 60, "orgs >= 1"),
    ]
    assert_tidy(curve_of(range(26), *crowded))


# --- change -----------------------------------------------------------------------------

#: Area: passes of 40 units then and now; 40 % is asked for, then 80 %.
MOVES = {"140802": (10, 34), "140821": (20, 30), "140822": (36, 36), "140823": (36, 20)}
THEN, NOW = "2021-12-31", "2022-12-31"


def two_dates(moves, then=0.4, now=0.8, **given):
    return a_table(
        *(a_row(code, of[0], 40, date=THEN, threshold=then, **given) for code, of in moves.items()),
        *(a_row(code, of[1], 40, date=NOW, threshold=now, **given) for code, of in moves.items()),
    )


def changed(table, policy=POLICY, target="orgs", **given):
    return change(table, policy, target, **({"level": "county"} | given))


def test_lines_run_from_then_to_now():
    chart = changed(two_dates(MOVES))
    for code, (then, now) in MOVES.items():
        (line,) = by_gid(chart, f"change-{code}")
        assert list(line.get_xdata()) == [0, 1]
        assert list(line.get_ydata()) == pytest.approx([then / 40, now / 40])
    assert {"2021年底", "2022年底", "盐湖区 25%", "85% 盐湖区", "50% 闻喜县"} <= set(
        said(chart).split("\n")
    )
    assert_tidy(chart)


def test_ends_carry_their_verdicts():
    chart = changed(two_dates(MOVES))
    looks = {}
    for code in MOVES:
        (then,), (now,) = by_gid(chart, f"then-{code}"), by_gid(chart, f"now-{code}")
        looks[code] = then.get_marker() + now.get_marker()
    assert looks == {"140802": "Do", "140821": "oD", "140822": "oo", "140823": "oD"}


def test_title_says_what_changed():
    chart = changed(two_dates(MOVES))
    assert chart.alt == (
        "4个县（市、区）中，2个上升、1个下降、1个不变；"
        "新达标1个、不再达标2个（要求由40%提高到80%）。"
        "上升最多盐湖区由25%到85%，下降最多闻喜县由90%到50%。"
    )
    assert chart.name == "change-orgs-county"
    same = changed(two_dates({"140802": (1, 2), "140821": (3, 8)}, then=0.8))
    assert same.alt.startswith("2个县（市、区）全部上升；没有新达标的。")


def test_threshold_of_each_date_is_a_line_with_its_label():
    first, last = by_gid(changed(two_dates(MOVES)), "threshold")
    assert (list(first.get_ydata()), list(last.get_ydata())) == ([0.4, 0.4], [0.8, 0.8])
    assert first.get_xdata()[0] == 0
    assert last.get_xdata()[-1] == 1
    chart = changed(two_dates(MOVES, then=0.8))
    (only,) = by_gid(chart, "threshold")
    assert list(only.get_xdata()) == [0, 1]
    assert said(chart).count("要求 80%") == 1


def test_source_names_the_clauses_in_force_at_both_dates():
    assert "1号，三(一)、三(二)\n" in said(changed(two_dates(MOVES)))
    rows = [a_row("140802", n, 40, date=f"202{n}-12-31") for n in (3, 4)]
    assert "1号，三(三)\n" in said(changed(a_table(*rows)))


def test_vague_target_has_neither_line_nor_verdicts_in_the_title():
    table = two_dates(MOVES, None, None, target="vague")
    chart = changed(table, target="vague")
    assert not by_gid(chart, "threshold")
    assert "达标" not in chart.alt
    assert_tidy(chart)


def test_last_two_snapshots_unless_dates_are_given():
    rows = [a_row("140802", n, 40, date=f"{2020 + n}-12-31") for n in (1, 2, 3)]
    (line,) = by_gid(changed(a_table(*rows)), "change-140802")
    assert list(line.get_ydata()) == pytest.approx([2 / 40, 3 / 40])
    early = changed(a_table(*rows), dates=["2023-12-31", dt.date(2021, 12, 31)])
    (line,) = by_gid(early, "change-140802")
    assert list(line.get_ydata()) == pytest.approx([1 / 40, 3 / 40])


def test_areas_that_cannot_be_compared_are_told():
    table = pd.concat(
        [
            two_dates({"140802": (10, 34), "140821": (20, 30)}),
            a_table(
                a_row("140822", 0, 40, 40, date=THEN),
                a_row("140822", 30, 40, date=NOW),
                a_row("140823", 0, 40, 40, date=THEN),
                a_row("140823", 0, 40, 40, date=NOW),
                a_row("140824", 0, 0, date=THEN),
                a_row("140824", 0, 0, date=NOW),
                a_row("140825", 30, 40, date=THEN),
            ),
        ]
    )
    chart = changed(table)
    told = said(chart)
    assert "2021年底没有数据、未画出的有1个县（市、区）：万荣县。" in told
    assert "2022年底没有数据、未画出的有1个县（市、区）：新绛县。" in told
    assert "两个时点都没有数据、未画出的有1个县（市、区）：闻喜县。" in told
    assert "另有1个县（市、区）没有适用的单位，未画出。" in told
    assert not by_gid(chart, "change-140822")
    assert chart.alt.startswith("2个县（市、区）全部上升")


def test_one_area_is_told_by_itself():
    chart = changed(two_dates({"140802": (30, 31)}))
    assert chart.alt == (
        "盐湖区由2021年底的75%升到2022年底的77.5%，由达标变为未达标（要求由40%提高到80%）。"
    )
    assert_tidy(chart)
    same = changed(two_dates({"140802": (31, 31)}, then=0.8))
    assert same.alt == "盐湖区由2021年底的77.5%不变，仍为2022年底的77.5%，前后都未达标。"


def test_nothing_to_compare_is_a_sentence():
    empty = changed(a_table())
    one = changed(a_table(a_row("140802", 30, 40)))
    unknown = changed(two_dates({}).pipe(lambda t: pd.concat([t, unknown_at_both()])))
    assert empty.alt == one.alt == "没有两个时点可以比较。"
    assert unknown.alt == "没有两个时点都有数据的县（市、区）。"
    for chart in (empty, one, unknown):
        assert not chart.axes
        assert_tidy(chart)


def unknown_at_both():
    return a_table(*(a_row("140802", 0, 40, 40, date=date) for date in (THEN, NOW)))


def test_two_areas_at_the_same_place_keep_their_labels_apart():
    chart = changed(two_dates({"140802": (20, 30), "140821": (20, 30)}))
    assert {"盐湖区 50%", "临猗县 50%", "75% 盐湖区", "75% 临猗县"} <= set(said(chart).split("\n"))
    assert_tidy(chart)


def test_thirteen_areas_are_all_named():
    moves = {code: (12 + i % 3, 20 + i) for i, code in enumerate(COUNTIES)}
    chart = changed(two_dates(moves))
    assert all(f"{name} " in said(chart) for name in COUNTIES.values())
    assert_tidy(chart)


def test_of_a_hundred_areas_the_ones_that_matter_are_named():
    then = many_counties(100).assign(date=pd.Timestamp(THEN))
    now = many_counties(100).assign(date=pd.Timestamp(NOW))
    small, large = now["area_code"] == "210150", now["area_code"] == "210151"
    values = (now["value"] * 0.9).mask(large, 0.99).mask(small, 0.0)
    now = now.assign(value=values, lower=values, upper=values, verdict=then["verdict"])
    turned = now["area_code"] == "210120"
    now["verdict"] = now["verdict"].mask(turned, "met")
    then["verdict"] = then["verdict"].mask(turned, "not_met")
    chart = changed(pd.concat([then, now]))
    names = dict(zip(now["area_code"], now["area"], strict=True))
    assert names["210151"] in said(chart)
    assert names["210120"] in said(chart)
    lines = chart.findobj(lambda artist: str(artist.get_gid()).startswith("change-"))
    assert len(lines) == int(now["value"].notna().sum()) - 2
    named = [text for text in words_of(chart) if re.match(r"[\d.]+% ", text.get_text())]
    assert len(named) < 10
    assert f"灰线是其余{100 - len(named)}个县（市、区）。" in said(chart)
    (grey,) = [line for line in lines if line.get_gid() == "change-210102"]
    assert grey.get_color() == style.FAINT
    assert_tidy(chart)


def test_many_changed_verdicts_are_not_all_named():
    codes = [f"2101{i:02}" for i in range(60)]
    moves = {code: (10 + i % 7, 33 + i % 5) for i, code in enumerate(codes)}
    table = two_dates(moves, then=0.8)
    chart = changed(table.assign(area=[f"第{code[-2:]}县" for code in table["area_code"]]))
    assert "灰线是其余36个县（市、区），其中36个判定也有改变。" in flat(chart)
    assert_tidy(chart)


def test_scale_begins_at_zero_unless_all_is_far_above_it():
    assert changed(two_dates(MOVES)).axes[0].get_ylim()[0] == 0
    high = changed(two_dates({"140802": (36, 38), "140821": (37, 39)}, then=0.9, now=0.95))
    assert high.axes[0].get_ylim()[0] == pytest.approx(0.8)
    assert "纵向从80%起，不从0起。" in said(high)


def test_namesakes_are_told_apart_at_both_ends():
    moves = {"210106": (10, 20), "210303": (12, 30)}
    chart = changed(two_dates(moves, name="铁西区"))
    assert "铁西区（沈阳市） 25%" in said(chart)
    assert "75% 铁西区（鞍山市）" in said(chart)


def test_mean_changes_in_its_unit():
    rows = [
        a_row("140802", 0, 0, target="mean", date=date, value=value, verdict="met", threshold=10)
        for date, value in ((THEN, 11.5), (NOW, 12.25))
    ]
    chart = changed(a_table(*rows), target="mean")
    assert "盐湖区由2021年底的11.5个升到2022年底的12.3个，前后都达标" in chart.alt


def test_labels_are_spread_no_further_than_needed():
    places = spread([1.0, 1.0, 1.1, 3.0], 0.5, 0.0, 4.0)
    gaps = [b - a for a, b in zip(sorted(places), sorted(places)[1:], strict=False)]
    assert min(gaps) >= 0.5 - 1e-9
    assert places[3] == 3.0
    assert sum(places[:3]) == pytest.approx(3.1)
    crowded = spread([4.0] * 8, 0.5, 0.0, 4.0)
    assert sorted(crowded) == pytest.approx([0.5 * i + 0.5 for i in range(8)])
    assert spread([], 0.5, 0, 1) == []


# --- ranked areas of the shipped ledger -----------------------------------------------

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def liaoning():
    ledger = read_ledger(DATA / "ledgers" / "liaoning-2021.xlsx", DATA / "frames" / "liaoning.csv")
    return evaluate(ledger, load_policy("liaoning-2021"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("within", "around"), [("2102", "大连市"), ("2101", "沈阳市"), ("21", "辽宁省")]
)
@pytest.mark.parametrize("target", ["orgs-urban", "brand-orgs"])
def test_counties_of_a_city_and_of_a_province_fit_on_a_page(
    liaoning, target, within, around, language
):
    policy, at = load_policy("liaoning-2021"), {"level": "county", "date": dt.date(2022, 12, 31)}
    with using(language):
        chart = ranked_areas(liaoning, policy, target, **at, within=within, simulated=True)
    assert_tidy(chart)
    shown = said(chart)
    there = liaoning["area_code"].str.startswith(within) & (liaoning["level"] == "county")
    names = liaoning.loc[there].drop_duplicates("area_code")["area"].astype(str)
    shortened = {"喀喇沁左翼蒙古族自治县"}
    assert not [name for name in names if name not in shown and name not in shortened]
    (line,) = {line.get_xdata()[0] for line in by_gid(chart, "around")}
    own = liaoning[
        (liaoning["area_code"] == within)
        & (liaoning["target"] == target)
        & (liaoning["reading"] == "primary")
        & (liaoning["date"] == pd.Timestamp(at["date"]))
    ]
    assert line == own["value"].iloc[0]
    assert re.search(rf"^{around} [\d.]+%?$", shown, re.M)
    wide, high = chart.get_size_inches()
    assert 156 * high / wide <= 235, "in the column of an A4 page, in millimetres"


# --- scores -----------------------------------------------------------------------------

ITEMS = "score_1 + score_3"


def score_policy(best=12, good=10, name="示范"):
    """Two items of 5 and 8 points; 12 earn the first title, 10 to below 12 the second."""
    value = parse(ITEMS)
    return another_policy(
        "评分",
        a_target("best", name, "Model", Score(value, best, None), []),
        a_target("good", "达标", "Qualified", Score(value, good, best), []),
    )


def scored(first, third, settlement="rural", **columns):
    floats = {
        name: pd.array(points, dtype="Float64")
        for name, points in (("score_1", first), ("score_3", third))
    }
    return pd.DataFrame(floats | columns).assign(settlement=settlement)


#: Totals 12.5 (best), 10 (good), 7 (neither); 4 + blank: 4 to 12, open; blank + 1: at most 6.
FIVE = scored([4.5, 5, 3, 4, None], [8, 5, 4, None, 1])


def profile_of(units, policy=None, **given):
    return score_profile(units, date=DATE, area="盐湖区", policy=policy or score_policy(), **given)


def test_bars_are_exact_means_as_shares_of_the_maximum():
    chart = profile_of(FIVE)
    (first,), (third,) = (axes_bar(chart, i) for i in (1, 2))
    assert first.get_width() == float(Fraction(33, 2) / 4 / 5)
    assert third.get_width() == float(Fraction(18) / 4 / 8)
    assert first.get_x() == third.get_x() == 0
    assert chart.axes[0].get_xlim() == (0, 1)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["总分", "1 村（居）委会选举与组织健全", "2 一约五会"]
    assert {"4.1/5", "4.5/8"} <= set(said(chart).split("\n"))
    assert_tidy(chart)


def axes_bar(chart, place):
    return by_gid(chart, f"item-{place}")


def test_units_without_points_are_told_for_every_item():
    chart = profile_of(FIVE)
    texts = said(chart).split("\n")
    assert "未知（个）" in texts
    assert texts.count("1") >= 2
    complete = profile_of(scored([4.5, 5], [8, 5]))
    assert "未知（个）" not in said(complete)


def test_header_counts_titles_and_what_is_undecided():
    chart = profile_of(FIVE)
    texts = said(chart).split("\n")
    mean = Fraction("12.5") + 10 + 7
    assert style.number(float(mean / 3), 10) == "9.8"
    assert {"9.8", "平均总分（满分13）", "3个各项齐全"} <= set(texts)
    assert {"示范", "12分及以上", "达标", "满10分、不足12分"} <= set(texts)
    assert "2" in texts  # 7, and a blank that cannot lift 1 above 6
    assert chart.alt.startswith(
        "盐湖区5个村（社区）中，示范1个、达标1个；“一约五会”得分率最低（56.3%）。"
        "3个各项齐全，平均9.8/13分，未定1个；"
    )


def lines_of(chart):
    found = chart.findobj(lambda artist: str(artist.get_gid()).startswith("grade-"))
    return {line.get_gid().removeprefix("grade-"): line.get_xdata()[0] for line in found}


def test_total_stands_against_what_each_title_asks():
    chart = profile_of(FIVE)
    (total,) = axes_bar(chart, "total")
    assert total.get_width() == float(Fraction(59, 2) / 3 / 13)
    assert total.get_x() == 0
    assert lines_of(chart) == {"good": 10 / 13, "best": 12 / 13}
    shown = said(chart).split("\n")
    assert {"达标：总分10", "示范：总分12", "9.8/13"} <= set(shown)
    assert shown.count("2") == 2  # undecided, and units without a total
    assert "；达标：总分10、示范：总分12；村（居）委会" in chart.alt
    with using("en"):
        assert "Qualified: total of 10, Model: total of 12" in profile_of(FIVE).alt


def test_titles_out_of_reach_have_no_line():
    assert lines_of(profile_of(FIVE, score_policy(14, 13))) == {"good": 1}
    assert lines_of(profile_of(FIVE, score_policy(12, 0))) == {"best": 12 / 13}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("best", [2, 3, 7, 13])
def test_names_of_titles_fit_wherever_their_lines_stand(best, language):
    with using(language):
        for units in (FIVE, FIVE[["settlement"]], scored([5], [8])):
            assert_tidy(profile_of(units, score_policy(best, best - 1, LONG), simulated=True))


def test_weakest_item_is_darker():
    chart = profile_of(FIVE)
    (first,), (third,) = axes_bar(chart, 1), axes_bar(chart, 2)
    assert sum(third.get_facecolor()[:3]) < sum(first.get_facecolor()[:3])


def test_mean_just_below_the_maximum_is_not_shown_as_the_maximum():
    chart = profile_of(scored([5] * 99 + [4.5], [8] * 100))
    assert "4.995/5" in said(chart)
    assert "8/8" in said(chart).split("\n")


def test_mean_total_stays_on_its_side_of_the_nearest_demand():
    chart = profile_of(scored([5] * 24 + [4], [7] * 25))
    assert "11.96" in said(chart).split("\n")
    nearly = said(profile_of(scored([5] * 24 + [4], [8] * 25))).split("\n")
    assert {"12.96", "12.96/13"} <= set(nearly)


def test_full_points_everywhere_have_no_weakest_item():
    assert "；各项已知的都得满分。" in profile_of(scored([5], [8])).alt


def test_not_applicable_and_other_units_are_out_of_scope():
    units = scored([4, 5, 1], [8, 5, 1], **{"score_1.not_applicable": [False, False, True]})
    units = pd.concat([units, scored([0], [0], "other")])
    chart = profile_of(units.fillna({"score_1.not_applicable": False}))
    assert "盐湖区2个村（社区）中，示范1个、达标1个" in chart.alt
    assert "另有1个村（社区）有不适用的项目，不计在内。" in said(chart)


def test_nothing_known_and_nothing_to_score():
    unknown = profile_of(FIVE[["settlement"]])
    assert unknown.alt.startswith("盐湖区5个村（社区）的评分全部未知。")
    assert not axes_bar(unknown, 1)
    assert_tidy(unknown)
    for chart in (profile_of(FIVE.head(0)), profile_of(FIVE, TEN)):
        assert not chart.axes
        assert "没有" in chart.alt
        assert_tidy(chart)


def test_fourteen_items_have_english_names():
    units = pd.DataFrame({f"score_{i}": [4.0, 3.0] for i in range(1, 15)})
    with using("en"):
        chart = profile_of(units.assign(settlement="urban"), load_policy("yuncheng-2019"))
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels.pop(0) == "Total"
    names = [label.split(" ", 1)[1] for label in labels]
    assert [label.split(" ")[0] for label in labels] == [str(i) for i in range(1, 15)]
    assert len(set(names)) == 14
    assert all(re.fullmatch(r"[A-Z][a-z, ]+", name) for name in names)
    assert "the weakest item is “Community facilities” with 35% of its points" in chart.alt
    assert_tidy(chart)


def test_yuncheng_has_fourteen_items_in_the_order_of_the_annex():
    policy = load_policy("yuncheng-2019")
    units = pd.DataFrame({f"score_{i}": [4.0, 5.0, None] for i in range(1, 15)})
    chart = profile_of(units.assign(settlement="urban"), policy)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert len(labels) == 15
    assert labels[:2] == ["总分", "1 村（居）委会选举与组织健全"]
    assert labels[-1] == "14 组织领导"
    assert {"95分及以上", "满90分、不足95分", "63", "平均总分（满分100）"} <= set(
        said(chart).split("\n")
    )
    (fifth,), (total,) = axes_bar(chart, 5), axes_bar(chart, "total")
    assert fifth.get_width() == 0.45
    assert total.get_width() == 0.63
    assert lines_of(chart) == {"score-qualified": 0.9, "score-model": 0.95}
    assert {"达标社区：总分90", "示范社区：总分95"} <= set(said(chart).split("\n"))
    assert_tidy(chart)


# --- ratios -----------------------------------------------------------------------------


def ratio_policy():
    posts = Ratio(parse("social_work_posts"), parse("posts"), 1)
    area = Ratio(parse("facility_area"), parse("households"), 100)
    each = a_reading("each", Share(parse("agency")), threshold=Fraction(1))
    return another_policy(
        "比率",
        a_target("posts", "岗位", "Posts", posts, [("2022-12-31", "3/10")], each),
        a_target("area", "面积", "Area", area, [("2022-12-31", "50")]),
        a_target("vague", "未设数", "Vague", posts, []),
    )


RATIOS = ratio_policy()


def a_ratio(code, part, whole, unknown=0, low=None, high=None, *, target="posts", **given):
    """A row of results for a ratio: sums over known units, bounds over all."""
    threshold = given.pop("threshold", 0.3)
    value = part / whole if whole else None
    row = a_row(code, 0, 0, target=target, threshold=threshold, **given)
    row |= {
        "policy": RATIOS.id,
        "numerator": part,
        "denominator": whole,
        "unknown": unknown,
        "value": value,
        "lower": low if unknown else value,
        "upper": high if unknown else value,
    }
    if threshold is None:
        return row | {"verdict": "no_threshold"}
    sure = row["lower"] is not None and row["lower"] >= threshold
    lost = row["upper"] is not None and row["upper"] < threshold
    return row | {"verdict": "met" if sure else "not_met" if lost else "undetermined"} | given


FOUR = a_table(
    a_ratio("140802", 128, 352),
    a_ratio("140821", 20, 100),
    a_ratio("140822", 30, 90, 2, 0.25, 0.4),
    a_ratio("140823", 0, 0, 5, None, None),
    a_row("140824", 0, 0, target="posts", policy="p-比率"),
)


def ratios_of(table, target="posts", **given):
    return ratio_bars(table, RATIOS, target, **({"level": "county", "date": DATE} | given))


def test_bars_are_the_pooled_ratios_from_zero_in_falling_order():
    chart = ratios_of(FOUR)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["盐湖区", "万荣县", "临猗县", "闻喜县"]
    for place, (code, value) in enumerate(
        {"140802": 128 / 352, "140822": 30 / 90, "140821": 0.2}.items()
    ):
        (bar,) = by_gid(chart, f"ratio-{code}")
        assert (bar.get_x(), bar.get_width()) == (0, value)
        assert bar.get_y() + bar.get_height() / 2 == pytest.approx(place)
    assert chart.axes[0].get_xlim()[0] == 0
    assert_tidy(chart)


def test_numerator_and_denominator_are_written_in():
    chart = ratios_of(FOUR)
    assert {"128/352 = 36.4%", "30/90 = 33.3%", "20/100 = 20%", "无数据"} <= set(
        said(chart).split("\n")
    )
    assert chart.alt == (
        "4个县（市、区）中，1个达标、1个未达标、2个待定，从20%到36.4%。"
        "最高盐湖区 128/352 = 36.4%，最低临猗县 20/100 = 20%。"
    )


def test_verdict_gives_colour_and_shape_to_a_bar():
    chart = ratios_of(FOUR)
    markers = [value_dot(chart, code).get_marker() for code in ("140802", "140821", "140822")]
    assert markers == ["o", "D", "^"]


def test_bounds_and_unknown_areas_are_shown_as_such():
    chart = ratios_of(FOUR)
    (range_,) = by_gid(chart, "range-140822")
    assert list(range_.get_xdata()) == [0.25, 0.4]
    assert not by_gid(chart, "ratio-140823")
    told = flat(chart)
    assert "另有7个村（社区）至少缺一项，未计入。" in told
    assert "另有1个县（市、区）没有适用的单位，未画出。" in told
    boundless = ratios_of(a_table(a_ratio("140802", 3, 10, 1), a_ratio("140821", 3, 10)))
    assert "1个县（市、区）有分母未知的单位，画不出上下限。" in said(boundless)


def test_threshold_line_is_labelled():
    chart = ratios_of(FOUR)
    (line,) = by_gid(chart, "threshold")
    assert line.get_xdata()[0] == 0.3
    assert "要求 30%" in said(chart)
    vague = ratios_of(a_table(a_ratio("140802", 1, 4, target="vague", threshold=None)), "vague")
    assert not by_gid(vague, "threshold")
    assert "文件未设阈值" in vague.alt


def test_ratio_of_the_area_around_is_a_line():
    city = a_ratio("1408", 178, 542, name="运城市")
    chart = ratios_of(pd.concat([FOUR, a_table(city)]))
    (line,) = by_gid(chart, "around")
    assert line.get_xdata()[0] == 178 / 542
    assert "运城市 32.8%" in said(chart)
    assert_tidy(chart)


def test_scaled_ratio_keeps_its_unit_and_its_sums():
    row = a_ratio("140802", 480, 1000, target="area", threshold=50)
    figures = {"value": 48.0, "lower": 48.0, "upper": 48.0, "verdict": "not_met"}
    chart = ratios_of(a_table(row | figures), "area")
    assert "48（480/1,000）" in said(chart)
    assert "m²/百户" in said(chart)
    (bar,) = by_gid(chart, "ratio-140802")
    assert bar.get_width() == 48
    assert_tidy(chart)


def test_ratio_above_one_fits_on_the_axis():
    chart = ratios_of(a_table(a_ratio("140802", 13, 10), a_ratio("140821", 1, 10)))
    assert chart.axes[0].get_xlim()[1] > 1.3
    assert "13/10 = 130%" in said(chart)


@pytest.mark.parametrize("count", [40, 41, 100])
def test_hundred_ratios_are_legible(count):
    codes = [f"21{1 + i % 2:02}{i // 2 + 2:02}" for i in range(count)]
    rows = [
        a_ratio(code, 10_000 + 37 * i, 40_000 + 11 * i, i % 3, 0.2, 0.5, name=f"第{i}县")
        for i, code in enumerate(codes)
    ]
    chart = ratios_of(a_table(*rows))
    assert len(chart.axes) == (1 if count == 40 else 2)
    assert len(by_gid(chart, "threshold")) == len(chart.axes)
    assert_tidy(chart)
    assert all(text.get_fontsize() >= 7 for text in words_of(chart))


def test_more_ratios_than_can_be_read_are_cut_and_said_to_be():
    rows = [a_ratio(f"1408{i:05}", i % 41, 40, name=f"第{i}乡") for i in range(300)]
    chart = ratios_of(a_table(*rows), level="street")
    assert "其余100行见结果表" in said(chart)


def test_only_ratios_have_two_sums():
    with pytest.raises(SanlianError, match="p-2021/orgs"):
        ratio_bars(FOUR, POLICY, "orgs", level="county", date=DATE)
    with pytest.raises(SanlianError, match="each"):
        ratios_of(FOUR, reading="each")


def test_no_ratio_at_all():
    empty = ratios_of(a_table())
    assert empty.alt == "没有可以比较的县（市、区）。"
    assert not empty.axes
    unknown = ratios_of(a_table(*(a_ratio(code, 0, 0, 3) for code in COUNTIES)))
    assert unknown.alt.startswith("13个县（市、区）都没有数据")
    assert_tidy(unknown)


# --- all four ---------------------------------------------------------------------------

EDGY = {
    "long": LONG,
    "english": "A very long English name of a county in Shanxi " * 7,
    "odd": "$x_1^2$ \U000f0000村\n{}",
}


def four_charts(name="盐湖区", **mark):
    """One chart of each kind; every area carries the name."""
    moves = two_dates(MOVES, name=name)
    rows = FOUR.assign(area=name)
    units = some_units(SIX).assign(name=name)
    return {
        "curve": threshold_curve(units, date=DATE, area=name, policies=[TEN, TWELVE], **mark),
        "change": change(moves, POLICY, "orgs", level="county", **mark),
        "scores": score_profile(FIVE, date=DATE, area=name, policy=score_policy(), **mark),
        "ratios": ratio_bars(rows, RATIOS, "posts", level="county", date=DATE, **mark),
    }


KINDS = list(four_charts())


@pytest.mark.parametrize("kind", KINDS)
def test_same_figures_give_the_same_bytes(kind):
    one, two = (four_charts()[kind] for _ in range(2))
    assert one.png() == two.png()
    assert one.svg() == two.svg()


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_data_is_marked(kind):
    plain, marked_ = four_charts()[kind], four_charts(simulated=True)[kind]
    assert marked_.alt == "模拟数据。" + plain.alt
    assert "模拟数据" in said(marked_)
    assert "模拟" not in said(plain)
    assert_tidy(marked_)


@pytest.mark.parametrize("kind", KINDS)
def test_english_has_no_hanzi_but_names(kind):
    with using("en"):
        chart = four_charts("Yanhu", simulated=True)[kind]
    proper = ["民发〔2021〕1号", "三(一)", "三(二)", "总则", "评分", "比率", "甲", "乙", "运城市"]
    text = re.sub("|".join(map(re.escape, proper)), "", flat(chart) + chart.alt)
    assert not re.findall(r"[\u3000-\u9fff\uff00-\uffef]", text)
    assert "Simulated data" in said(chart)
    assert_tidy(chart)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edge", EDGY)
def test_any_name_fits(edge, language):
    with using(language):
        for chart in four_charts(EDGY[edge]).values():
            assert_tidy(chart)
            chart.png()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_unit_and_nothing_known(language):
    with using(language):
        charts = [
            curve_of([12], TEN, TWELVE),
            curve_of([None, None], TEN),
            curve_of([], TEN),
            profile_of(FIVE.head(1)),
            ratios_of(a_table(a_ratio("140802", 3, 10))),
            ratios_of(a_table(a_ratio("140802", 0, 0, 4))),
        ]
        for chart in charts:
            assert_tidy(chart)
            assert chart.alt
    assert not charts[2].axes


def test_everything_unknown_is_said_of_a_curve():
    chart = curve_of([None, None], TEN)
    assert chart.alt.startswith("盐湖区：2个城市社区的“社区社会组织数”全部未知。")
    assert edge(chart, "lower")[1] == 0
    assert edge(chart, "upper")[25] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_title_fits_on_the_sheet_in_three_lines(kind):
    for text in words_of(four_charts(LONG)[kind]):
        assert width(text.get_text(), text.get_fontsize()) <= style.WIDTH
