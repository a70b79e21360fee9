"""Charts, tested by their artists: places of dots and bars, labels, colours, words, tidiness."""

import base64
import datetime as dt
import io
import itertools
import math
import re
from fractions import Fraction

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.text import Text

from sanlian_analysis import charts
from sanlian_analysis.charts import style
from sanlian_analysis.charts.grouping import fill
from sanlian_analysis.charts.listing import Block
from sanlian_analysis.charts.text import shorten, width, wrap
from sanlian_analysis.expressions import parse
from sanlian_analysis.language import using
from sanlian_analysis.policy import (
    Band,
    Mean,
    Milestone,
    Policy,
    Ratio,
    Reading,
    Share,
    Target,
    Total,
)

# --- a policy and results written by hand -----------------------------------------------

BOTH = frozenset({"urban", "rural"})
LONG = "东风新村第一二三四五六七八九十" * 20
COUNTIES = {
    "140802": "盐湖区",
    "140821": "临猗县",
    "140822": "万荣县",
    "140823": "闻喜县",
    "140824": "稷山县",
    "140825": "新绛县",
    "140826": "绛县",
    "140827": "垣曲县",
    "140828": "夏县",
    "140829": "平陆县",
    "140830": "芮城县",
    "140881": "永济市",
    "140882": "河津市",
}


def a_reading(id_, formula, *, settlement=BOTH, name="", threshold=None, where=None):
    return Reading(
        id=id_,
        name=name,
        name_en=f"reading {id_}",
        settlement=settlement,
        where=where,
        nonzero=None,
        measure="",
        formula=formula,
        threshold=threshold,
        since=None,
        standards=(),
    )


def a_target(id_, name, name_en, formula, milestones, *others, unit="community", **of_reading):
    return Target(
        id=id_,
        name=name,
        name_en=name_en,
        theme="organisations",
        unit=unit,
        level="county",
        milestones=tuple(
            Milestone(due and dt.date.fromisoformat(due), Fraction(threshold), f"三({place})", "句")
            for (due, threshold), place in zip(milestones, "一二三", strict=False)
        ),
        clause="总则",
        sentence="句",
        note="",
        note_en="",
        readings=(a_reading("primary", formula, **of_reading), *others),
    )


def a_policy():
    """Every kind of target that a chart treats in its own way."""
    orgs, urban = Share(parse("orgs >= 10")), {"settlement": frozenset({"urban"})}
    steps = [("2021-12-31", "2/5"), ("2022-12-31", "4/5"), ("2023-12-31", "1")]
    each = a_reading("each", orgs, name="逐个社区", threshold=Fraction(1))
    targets = (
        a_target("orgs", "社会组织", "Organisations", orgs, steps, each, **urban),
        a_target("third", "三分之一", "A third", Share(parse("agency")), [("2022-12-31", "1/3")]),
        a_target("mean", "平均数", "Mean", Mean(parse("orgs")), [("2022-12-31", "10")]),
        a_target(
            "area",
            "每百户面积",
            "Area",
            Ratio(parse("facility_area"), parse("households"), 100),
            [("2022-12-31", "50")],
        ),
        a_target(
            "total",
            "品牌",
            "Brands",
            Total(parse("brand_orgs")),
            [("2022-12-31", "50")],
            unit="area",
        ),
        a_target("standing", "常设", "Standing", Share(parse("linkage")), [(None, "1/2")]),
        a_target("vague", "未设数", "Vague", Share(parse("linkage")), []),
        a_target(
            "staff",
            "人员",
            "Staff",
            Band(parse("staff"), parse("6"), parse("12 + floor(max(0, households - 2000) / 300)")),
            [(None, "1")],
            **urban,
        ),
    )
    return Policy(
        id="p-2021",
        title="试点方案",
        title_en="Pilot plan",
        short="试点",
        short_en="Pilot",
        number="民发〔2021〕1号",
        issuer="民政局",
        issuer_en="Bureau",
        issued=dt.date(2021, 3, 1),
        area_code="14",
        area_name="山西省",
        excluded=(),
        note="",
        note_en="",
        parameters=(),
        targets=targets,
        exemptions=(),
        sha256="",
    )


POLICY = a_policy()
LEVEL_OF = {2: "province", 4: "city", 6: "county", 9: "street"}
TEXTS = [
    "policy",
    "target",
    "reading",
    "level",
    "area_code",
    "area",
    "verdict",
    "clause",
    "assumed",
]
FIGURES = ["numerator", "denominator", "value", "lower", "upper", "threshold"]
COLUMNS = [*TEXTS, *FIGURES, "date", "due", "unknown", "binding", "stable", "shortfall"]


def a_row(
    code,
    passes,
    units,
    unknown=0,
    *,
    target="orgs",
    date="2022-12-31",
    threshold=0.8,
    name=None,
    **given,
):
    """A row of results for a share; `given` overrides any column."""
    row = dict.fromkeys(COLUMNS)
    row |= {
        "policy": POLICY.id,
        "target": target,
        "reading": "primary",
        "level": LEVEL_OF[len(code)],
        "area_code": code,
        "area": name or COUNTIES.get(code),
        "date": date,
        "numerator": passes,
        "denominator": units,
        "unknown": unknown,
        "threshold": threshold,
        "verdict": "not_applicable",
        "binding": True,
        "stable": True,
        "clause": "三",
        "assumed": "",
    }
    if units:
        row["value"] = passes / (units - unknown) if units > unknown else None
        row["lower"], row["upper"] = passes / units, (passes + unknown) / units
        row["verdict"] = "no_threshold" if threshold is None else "undetermined"
    if units and threshold is not None:
        row["shortfall"] = max(
            0, math.ceil(Fraction(threshold).limit_denominator() * units) - passes
        )
        row["verdict"] = (
            "met"
            if row["lower"] >= threshold
            else "not_met"
            if row["upper"] < threshold
            else "undetermined"
        )
    return row | given


def a_table(*rows):
    table = pd.DataFrame(rows, columns=COLUMNS)
    kinds = dict.fromkeys(FIGURES, "float64") | {"unknown": "Int64", "shortfall": "Int64"}
    return table.astype(kinds).assign(date=pd.to_datetime(table["date"]))


def counties_table(**given):
    """Thirteen counties and their city: met, not met, undetermined, and one without units."""
    passes = [38, 40, 33, 20, 26, 0, 31, 0, 22, 35, 28, 36, 30]
    unknown = [0, 0, 2, 5, 0, 0, 3, 40, 0, 2, 9, 0, 1]
    units = [40, 40, 40, 40, 40, 0, 40, 40, 40, 40, 40, 40, 40]
    rows = [
        a_row(code, *of, **given)
        for code, of in zip(COUNTIES, zip(passes, units, unknown, strict=True), strict=True)
    ]
    city = a_row("1408", sum(passes), sum(units), sum(unknown), name="运城市", **given)
    return a_table(*rows, city)


def many_counties(count):
    """Counties in two cities; 铁西区 is there in each of them."""
    codes = [f"21{1 + i % 2:02}{i // 2 + 2:02}" for i in range(count)]
    names = ["铁西区" if i < 2 else f"第{i}县" for i in range(count)]
    rows = [
        a_row(code, (7 * i) % 51, 50, i % 4, name=name)
        for i, (code, name) in enumerate(zip(codes, names, strict=True))
    ]
    return a_table(*rows, a_row("2101", 1, 2, name="沈阳市"), a_row("2102", 1, 2, name="大连市"))


def some_units(orgs, settlement="urban", **columns):
    return pd.DataFrame({"orgs": pd.array(orgs, dtype="Int64")} | columns).assign(
        settlement=settlement
    )


ABOUT = {"date": dt.date(2022, 12, 31), "area": "盐湖区", "policy": POLICY}
AT = {"level": "county", "date": dt.date(2022, 12, 31), "within": "1408"}
CEILINGS = {
    "上限": lambda h: 12 + np.floor(np.maximum(h - 2000, 0) / 300),
    "上限（从严）": lambda h: 12 + np.floor(np.maximum(h - 2000, 0) / 400),
}


def a_completeness_table(*rows):
    names = ["label", "reported", "blank", "missing_row", "not_applicable", "units"]
    return pd.DataFrame(rows, columns=names)


def reporting_of(rows, level="county", **given):
    columns = ["area_code", "units", "reported", "filled"]
    table = pd.DataFrame(rows, columns=columns)
    names = [COUNTIES.get(code, f"第{at}县") for at, code in enumerate(table["area_code"])]
    about = ABOUT | {"area": "运城市"} | given
    return charts.reporting(table.assign(area=names), level=level, **about)


# --- looking at a chart -----------------------------------------------------------------


def by_gid(chart, gid):
    """The artists that carry an id, in the order they were drawn."""
    return chart.findobj(lambda artist: artist.get_gid() == gid)


def words_of(chart):
    """Every text that can be seen."""
    chart.canvas.draw()
    found = [text for text in chart.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in found if text.get_window_extent().width > 0]


def said(chart):
    return "\n".join(text.get_text() for text in words_of(chart))


def value_dot(chart, code):
    (dot,) = by_gid(chart, f"value-{code}")
    return dot


def assert_tidy(chart):
    """All texts lie within the sheet, and none lies over another."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in words_of(chart)]
    for text, box in boxes:
        inside = (
            box.x0 >= -1
            and box.y0 >= -1
            and box.x1 <= chart.bbox.x1 + 1
            and box.y1 <= chart.bbox.y1 + 1
        )
        assert inside, f"{text!r} leaves the sheet"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1.5, f"{one!r} lies over {other!r}"


# --- numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "against", "shown"),
    [
        (0.864, None, "86.4%"),
        (0.4, None, "40%"),
        (0.7996, 0.8, "79.96%"),
        (0.79999, 0.8, "79.999%"),
        (0.8, 0.8, "80%"),
        (0.8004, 0.8, "80.04%"),
        (0.99999, None, "99.999%"),
        (0.00001, None, "0.001%"),
        (0.0, None, "0%"),
        (1.0, None, "100%"),
        (1 / 3, 1 / 3, "1/3"),
        (0.33332, 1 / 3, "33.3%"),
        (0.33334, 1 / 3, "33.334%"),
        (2 / 3, 0.8, "66.7%"),
        (1.127, 1.0, "112.7%"),
    ],
)
def test_percent_stays_on_its_side_of_the_threshold(value, against, shown):
    assert style.percent(value, against) == shown


@pytest.mark.parametrize(
    ("value", "against", "shown"),
    [(9.96, 10, "9.96"), (9.94, 10, "9.9"), (12345.678, None, "12,345.7"), (3.0, None, "3")],
)
def test_number_stays_on_its_side_of_the_threshold(value, against, shown):
    assert style.number(value, against) == shown


# --- texts ------------------------------------------------------------------------------


def test_long_name_keeps_head_and_tail_and_fits():
    short = shorten("东风" * 100 + "社区居委会", 1.5, 8)
    assert short.startswith("东风")
    assert short.endswith("会")
    assert "…" in short
    assert width(short, 8) <= 1.5


def test_wrapped_lines_fit_and_never_begin_with_a_comma():
    lines = wrap("全省各县（市、区）的村和社区，" * 8, 2.0, 9, most=3)
    assert len(lines) == 3
    assert all(width(line, 9) <= 2.0 for line in lines)
    assert not any(line.startswith(("，", "、", "）")) for line in lines)


def test_quotes_stay_with_what_they_enclose():
    text = "a demand; “Organisations, urban communities” is missed most often"
    with using("en"):
        broken = [wrap(text, room / 10, 9, most=3) for room in range(8, 30)]
    assert not [line for lines in broken for line in lines[:-1] if line.endswith((' "', '"O'))]
    assert not [line for lines in broken for line in lines if line.startswith('" ')]


def test_character_that_no_font_has_is_marked_as_missing():
    assert style.drawable("甲\U000f0000乙\u200b\n丙") == "甲〓乙 丙"


# --- the sheet --------------------------------------------------------------------------


UNITS = some_units(
    [3, 9, 10, 12, None, 25],
    households=[800, 2600, None, 900, 3000, 5000],
    staff=[5, 14, 9, 13, 8, 20],
)
COUNTED = pd.concat([some_units([0, 1, 3, None]), some_units([2, 2], settlement="rural")]).assign(
    code=[f"14080200100{i}" for i in range(6)]
)
FILLED = a_completeness_table(["社会组织数", 30, 6, 4, 0, 40], ["户数", 40, 0, 0, 0, 40])
#: Of 40 units 36 have a row and 30 no blank; of 20 all and 15; of 5 none.
THREE = [["140802", 40, 36, 30], ["140821", 20, 20, 15], ["140822", 5, 0, 0]]
LIMITS = {"ceilings": CEILINGS, "floor": 6, "clause": "三"}

#: One chart of each kind, from ordinary figures.
KINDS = {
    "milestones": lambda **mark: charts.milestone_steps(
        counties_table(), POLICY, "orgs", "140802", **mark
    ),
    "ranked": lambda **mark: charts.ranked_areas(
        counties_table(), POLICY, "orgs", **AT, highlight="140828", **mark
    ),
    "verdicts": lambda **mark: charts.verdict_matrix(counties_table(), POLICY, **AT, **mark),
    "shortfall": lambda **mark: charts.shortfall_bars(
        counties_table(), POLICY, "orgs", **AT, **mark
    ),
    "distribution": lambda **mark: charts.distribution(
        UNITS, "orgs", thresholds={"urban": [(10, "10")]}, **ABOUT, **mark
    ),
    "inequality": lambda **mark: charts.lorenz_curve(COUNTED, "orgs", **ABOUT, **mark),
    "staffing": lambda **mark: charts.staffing(UNITS, **LIMITS, **ABOUT, **mark),
    "completeness": lambda **mark: charts.completeness(FILLED, **ABOUT, **mark),
    "reporting": lambda **mark: reporting_of(THREE, **mark),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_chart_is_tidy_with_title_source_and_name(kind):
    chart = KINDS[kind]()
    assert_tidy(chart)
    assert "依据：《试点方案》民发〔2021〕1号" in said(chart)
    assert re.fullmatch(r"[a-z0-9-]+", chart.name)
    assert chart.alt.endswith("。")
    assert re.search(r"\d", chart.alt)
    assert "模拟" not in said(chart) + chart.alt


@each_kind
def test_simulated_data_is_marked_on_the_sheet_and_in_the_alternative_text(kind):
    chart = KINDS[kind](simulated=True)
    assert_tidy(chart)
    assert chart.alt.startswith("模拟数据。")
    (tag,) = [text for text in words_of(chart) if text.get_text() == "模拟数据"]
    box = tag.get_window_extent()
    assert box.x0 > chart.bbox.width * 0.8
    assert box.y0 > chart.bbox.height * 0.8


@each_kind
def test_english_chart_has_no_hanzi_but_names(kind):
    with using("en"):
        chart = KINDS[kind](simulated=True)
    proper = [*COUNTIES.values(), "运城市", *CEILINGS, "社会组织数", "户数", POLICY.number]
    proper += ["三(一)", "三(二)", "三(三)", "三"]
    pattern = "|".join(sorted(map(re.escape, proper), key=len, reverse=True))
    text = re.sub(pattern, "", said(chart).replace("\n", "") + chart.alt)
    assert not re.findall(r"[\u3000-\u9fff\uff00-\uffef]", text)
    assert "Simulated data" in said(chart)
    assert_tidy(chart)


def test_same_chart_gives_the_same_bytes():
    one, two = (charts.ranked_areas(counties_table(), POLICY, "orgs", **AT) for _ in range(2))
    assert one.png() == two.png()
    assert one.svg() == two.svg()
    assert b"Software" not in one.png()
    assert b"<dc:date>" not in one.svg()


def test_notebook_gets_a_picture_at_twice_its_size_with_alternative_text():
    chart = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT)
    data, described = chart._repr_mimebundle_()
    shown = described["image/png"]
    height, wide = imread(io.BytesIO(base64.b64decode(data["image/png"]))).shape[:2]
    assert shown["alt"] == chart.alt == data["text/plain"]
    assert shown["name"] == "ranked-orgs-county"
    assert (wide, height) == pytest.approx((2 * shown["width"], 2 * shown["height"]), abs=2)


def test_global_settings_stay_as_they_were():
    before = dict(matplotlib.rcParams)
    for draw in KINDS.values():
        draw(simulated=True).svg()
    assert dict(matplotlib.rcParams) == before


# --- milestones -------------------------------------------------------------------------


def three_snapshots(*counts):
    dates = ["2021-12-31", "2022-12-31", "2023-12-31"]
    rows = zip(dates, (0.4, 0.8, 1.0), counts, strict=False)
    return a_table(*(a_row("140802", *of, date=d, threshold=t) for d, t, of in rows))


def test_staircase_has_every_threshold_up_to_its_due_date():
    chart = charts.milestone_steps(
        three_snapshots((20, 40), (30, 40, 2), (40, 40)), POLICY, "orgs", "140802"
    )
    (steps,) = by_gid(chart, "threshold")
    dues = [dt.date(year, 12, 31).toordinal() for year in (2021, 2022)]
    assert list(steps.get_ydata()) == [0.4, 0.4, 0.8, 0.8, 1, 1]
    assert list(steps.get_xdata())[1:5] == [dues[0], dues[0], dues[1], dues[1]]
    assert {"2021年底 40%", "2022年底 80%", "2023年底 100%"} <= set(said(chart).split("\n"))
    assert_tidy(chart)


def test_snapshot_is_drawn_at_its_value_with_its_bounds_and_verdict():
    chart = charts.milestone_steps(
        three_snapshots((20, 40), (30, 40, 2), (40, 40)), POLICY, "orgs", "140802"
    )
    dots = [value_dot(chart, date) for date in ("2021-12-31", "2022-12-31", "2023-12-31")]
    assert [dot.get_ydata()[0] for dot in dots] == pytest.approx([0.5, 30 / 38, 1])
    assert [dot.get_marker() for dot in dots] == ["o", "^", "o"]
    (range_,) = by_gid(chart, "range-140802")
    assert list(range_.get_ydata()) == pytest.approx([0.75, 0.8])
    assert "78.9%" in said(chart)


def test_snapshots_after_the_date_are_not_drawn():
    table = three_snapshots((20, 40), (30, 40, 2), (40, 40))
    chart = charts.milestone_steps(table, POLICY, "orgs", "140802", date="2022-12-31")
    assert chart.title == "盐湖区2022年底能否达到80%待定：2个单位未知，结果在75%至80%之间"
    assert value_dot(chart, "2022-12-31")
    assert not by_gid(chart, "value-2023-12-31")
    assert "2023年底 100%" in said(chart)  # what is asked for later still is


def test_band_joins_the_bounds_of_the_snapshots():
    chart = charts.milestone_steps(
        three_snapshots((20, 40, 4), (30, 40, 2)), POLICY, "orgs", "140802"
    )
    [band] = by_gid(chart, "band")
    heights = {round(float(y), 6) for _, y in band.get_paths()[0].vertices}
    assert heights == {0.5, 0.6, 0.75, 0.8}
    assert "线段和灰带：未知单位留下的余地" in said(chart)


def test_pace_to_the_next_milestone_counts_whole_units_from_the_lower_bound():
    chart = charts.milestone_steps(three_snapshots((20, 40, 4)), POLICY, "orgs", "140802")
    [line] = by_gid(chart, "pace")
    assert list(line.get_ydata()) == [0.5, 0.8]
    # ⌈0.8 × 40⌉ − 20 = 12 in 12 months
    assert "每月+1个" in said(chart)
    assert "虚线：从下界算起，到2022年底还要增加12个城市社区，平均每月1个。" in said(chart)
    assert_tidy(chart)


def test_pace_is_rounded_up_and_leads_past_what_is_reached():
    chart = charts.milestone_steps(three_snapshots((35, 40)), POLICY, "orgs", "140802")
    [line] = by_gid(chart, "pace")
    assert list(line.get_ydata()) == [0.875, 1.0]
    assert "每月+0.3个" in said(chart)  # 5 in 24 months are 0.208…


def test_no_pace_where_nothing_is_asked_any_more():
    for rows in (three_snapshots((20, 40), (30, 40), (39, 40)), three_snapshots((40, 40))):
        assert not by_gid(charts.milestone_steps(rows, POLICY, "orgs", "140802"), "pace")


def test_pace_of_a_mean_is_in_its_unit():
    row = a_row("140802", 0, 0, target="mean", value=8.0, lower=7.0, upper=9.0, threshold=10)
    table = a_table(row | {"verdict": "not_met", "date": "2022-06-30"})
    chart = charts.milestone_steps(table, POLICY, "mean", "140802")
    assert "每月+0.5" in said(chart)  # 3 in 6 months


def test_title_says_what_is_missing():
    chart = charts.milestone_steps(three_snapshots((10, 40)), POLICY, "orgs", "140802")
    assert "盐湖区2021年底25%，未达到40%的要求，还差6个城市社区" in said(chart).replace("\n", "")


def test_value_just_below_the_threshold_is_not_shown_as_the_threshold():
    table = a_table(a_row("140802", 1999, 2500, date="2022-12-31"))
    chart = charts.milestone_steps(table, POLICY, "orgs", "140802")
    assert "79.96%" in said(chart)
    assert chart.alt.startswith("盐湖区2022年底79.96%，未达到80%的要求")


def test_without_a_value_only_the_bounds_are_drawn_and_said():
    table = a_table(a_row("140802", 0, 40, 40))
    chart = charts.milestone_steps(table, POLICY, "orgs", "140802")
    (range_,) = by_gid(chart, "range-140802")
    assert list(range_.get_ydata()) == [0, 1]
    assert not chart.findobj(lambda artist: str(artist.get_gid()).startswith("value-"))
    assert "无数据（0%至100%）" in said(chart)
    assert_tidy(chart)


def test_mean_is_drawn_in_its_unit_from_zero():
    row = a_row(
        "140802",
        0,
        0,
        target="mean",
        value=9.96,
        lower=9.0,
        verdict="undetermined",
        threshold=10,
        unknown=3,
    )
    chart = charts.milestone_steps(a_table(row), POLICY, "mean", "140802")
    assert value_dot(chart, "2022-12-31").get_ydata()[0] == 9.96
    assert chart.axes[0].get_ylim()[0] == 0
    assert "9.96" in said(chart)
    assert "2022年底 10个" in said(chart)
    assert "%" not in said(chart)
    assert_tidy(chart)


def test_open_upper_bound_runs_to_the_end_of_the_axis():
    row = a_row(
        "140802",
        0,
        0,
        target="mean",
        value=9.5,
        lower=9.0,
        verdict="undetermined",
        threshold=10,
        unknown=3,
    )
    chart = charts.milestone_steps(a_table(row), POLICY, "mean", "140802")
    (range_,) = by_gid(chart, "range-140802")
    assert list(range_.get_ydata()) == pytest.approx([9.0, chart.axes[0].get_ylim()[1]])
    assert range_.get_linestyle() == "--"


@pytest.mark.parametrize(("target", "unit"), [("area", "m²/百户"), ("total", "（个）")])
def test_scaled_ratio_and_total_name_their_unit(target, unit):
    row = a_row(
        "140802",
        0,
        0,
        target=target,
        value=48.0,
        lower=48.0,
        upper=48.0,
        verdict="not_met",
        threshold=50,
        shortfall=2,
    )
    chart = charts.milestone_steps(a_table(row), POLICY, target, "140802")
    assert unit in said(chart)
    assert_tidy(chart)


def test_without_bounds_the_known_part_is_told():
    row = a_row("140802", 0, 0, verdict="undetermined", value=0.93, unknown=11)
    chart = charts.milestone_steps(a_table(row), POLICY, "orgs", "140802")
    assert "能否达到80%待定：11个单位未知，已知部分为93%" in chart.alt


def test_standing_threshold_is_one_line():
    table = a_table(a_row("140802", 30, 40, target="standing", threshold=0.5))
    chart = charts.milestone_steps(table, POLICY, "standing", "140802")
    (steps,) = by_gid(chart, "threshold")
    assert set(steps.get_ydata()) == {0.5}
    assert "要求 50%" in said(chart)


def test_vague_target_has_no_line():
    table = a_table(a_row("140802", 30, 40, target="vague", threshold=None))
    chart = charts.milestone_steps(table, POLICY, "vague", "140802")
    assert not by_gid(chart, "threshold")
    assert "文件未设阈值" in chart.alt
    assert_tidy(chart)


def test_assumed_threshold_is_drawn_and_said_to_be_the_users_own():
    table = a_table(a_row("140802", 30, 40, target="vague", threshold=0.9, assumed="阈值 90%"))
    chart = charts.milestone_steps(table, POLICY, "vague", "140802")
    (steps,) = by_gid(chart, "threshold")
    assert set(steps.get_ydata()) == {0.9}
    assert {"自行假定 90%", "使用者自行假定，非文件规定：阈值 90%"} <= set(said(chart).split("\n"))
    assert "要求 90%" not in said(chart)
    assert "未达到90%（自行假定）的要求" in chart.alt


def test_reading_with_its_own_threshold_has_its_own_name_and_line():
    table = a_table(a_row("140802", 30, 40, threshold=1.0, reading="each"))
    chart = charts.milestone_steps(table, POLICY, "orgs", "140802", reading="each")
    (steps,) = by_gid(chart, "threshold")
    assert set(steps.get_ydata()) == {1}
    assert chart.name == "milestones-orgs-each"
    assert "读法：逐个社区" in said(chart)


def test_many_snapshots_stay_tidy():
    rows = [
        a_row("140802", 10 + month * 2, 40, 3, date=f"2022-{month:02}-28") for month in range(1, 13)
    ]
    assert_tidy(charts.milestone_steps(a_table(*rows), POLICY, "orgs", "140802"))


# --- ranking ----------------------------------------------------------------------------


def test_dots_stand_at_their_values_from_the_highest_down_unknown_last():
    table = counties_table()
    chart = charts.ranked_areas(table, POLICY, "orgs", **AT)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels[0] == "临猗县"
    assert labels[-1] == "垣曲县"
    assert "新绛县" not in labels
    shown = table.set_index("area_code")
    for code, name in COUNTIES.items():
        if pd.notna(shown.value[code]):
            dot = value_dot(chart, code)
            assert dot.get_xdata()[0] == shown.value[code]
            assert dot.get_ydata()[0] == labels.index(name)


def test_verdict_gives_colour_and_shape():
    chart = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT)
    look = {}
    for code in ("140821", "140823", "140822"):
        dot = value_dot(chart, code)
        look[code] = (to_hex(dot.get_markerfacecolor()).upper(), dot.get_marker())
    assert look == {
        "140821": ("#0072B2", "o"),
        "140823": ("#D55E00", "D"),
        "140822": ("#0072B2", "o"),
    }
    assert "达标 5" in said(chart)


def test_threshold_and_figure_of_the_area_around_are_lines():
    table = counties_table()
    chart = charts.ranked_areas(table, POLICY, "orgs", **AT)
    (asked,), (around,) = by_gid(chart, "threshold"), by_gid(chart, "around")
    city = table.set_index("area_code").value["1408"]
    assert asked.get_xdata()[0] == 0.8
    assert around.get_xdata()[0] == city
    assert "要求 80%" in said(chart)
    assert f"运城市 {style.percent(city, 0.8)}" in said(chart)


def test_areas_out_of_scope_are_counted_not_drawn():
    chart = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT)
    assert not by_gid(chart, "value-140825")
    assert "另有1个县（市、区）没有适用的单位" in said(chart)


def test_unknown_area_shows_its_bounds_alone():
    chart = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT)
    (range_,) = by_gid(chart, "range-140827")
    assert list(range_.get_xdata()) == [0, 1]
    assert not by_gid(chart, "value-140827")
    assert "无数据" in said(chart)


def test_highlighted_area_is_ranked_in_the_title():
    chart = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT, highlight="140828")
    assert chart.alt.startswith("夏县55%（未达标），列第11位；")


EVERYWHERE = AT | {"within": None}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("count", [9, 13, 40, 41, 100])
def test_nine_to_hundred_areas_are_legible_and_namesakes_told_apart(count, language):
    table = many_counties(count)
    with using(language):
        chart = charts.ranked_areas(table, POLICY, "orgs", **EVERYWHERE, highlight="210107")
    assert_tidy(chart)
    counties = table[table["level"] == "county"]
    shown = set(said(chart).split("\n"))
    assert set(counties["area"]) - shown == {"铁西区"}
    brackets = "（{}）" if language == "zh" else " ({})"
    assert {"铁西区" + brackets.format(city) for city in ("沈阳市", "大连市")} <= shown
    assert all(value_dot(chart, code) for code in counties["area_code"])
    assert len(chart.axes) == (1 if count <= 40 else 2)
    assert all(text.get_fontsize() >= 7 for text in words_of(chart))


def in_three_cities():
    """50 counties: 24 in 甲市 (0.4 in all), 20 in 乙市 (0.8), 6 in 丙市 (unknown)."""
    rows = [
        a_row(f"21{city:02}{i:02}", (5 * i + city) % 40, 40, name=f"{name}{i}县")
        for city, (name, count) in enumerate([("甲", 24), ("乙", 20), ("丙", 6)], start=1)
        for i in range(1, count + 1)
    ]
    cities = [
        a_row("2101", 4, 10, name="甲市"),
        a_row("2102", 8, 10, name="乙市"),
        a_row("2103", 0, 10, 10, name="丙市"),
    ]
    return a_table(*rows, *cities, a_row("21", 12, 20, name="辽宁省"))


def column_texts(axes):
    """The words of a column from the top down: what stands at each line."""
    labels = [(text.get_position()[1], text.get_text()) for text in axes.get_yticklabels()]
    labels += [(text.get_position()[1], text.get_text()) for text in axes.texts]
    lines = {}
    for at, text in labels:
        lines.setdefault(round(at), []).append(text)
    return [lines[at] for at in sorted(lines)]


def test_many_counties_stand_under_their_city_the_highest_city_first():
    table = in_three_cities()
    chart = charts.ranked_areas(table, POLICY, "orgs", **EVERYWHERE)
    lines = [line for axes in chart.axes for line in column_texts(axes)]
    heads = [line for line in lines if line[0].endswith("市")]
    assert heads == [["乙市", "80%"], ["甲市", "40%"], ["丙市"]]
    values = dict(zip(table["area"], table["value"], strict=True))
    city, seen = "", {}
    for name, *_ in lines:
        if name.endswith("市"):
            city = name
        else:
            seen.setdefault(city, []).append(name)
    for city, names in seen.items():
        assert {name[0] for name in names} == {city[0]}
        assert [values[name] for name in names] == sorted(map(values.get, names), reverse=True)
    assert {city: len(names) for city, names in seen.items()} == {"乙市": 20, "甲市": 24, "丙市": 6}
    assert "按所在市分组" in said(chart).replace("\n", "")
    assert_tidy(chart)


def test_figure_of_a_city_is_a_line_through_its_counties():
    chart = charts.ranked_areas(in_three_cities(), POLICY, "orgs", **EVERYWHERE)
    (line,) = by_gid(chart, "around-2102")
    assert list(line.get_xdata()) == [0.8, 0.8]
    assert list(line.get_ydata()) == [0.5, 20.5]
    heads = [text for text in chart.axes[0].texts if text.get_position()[1] == 0]
    (figure,) = [text for text in heads if text.get_text() == "80%"]
    box, at = figure.get_window_extent(), chart.axes[0].transData.transform([0.8, 0])
    assert box.x0 < at[0] < box.x1
    assert box.y0 < at[1] < box.y1
    assert not by_gid(chart, "around-2103")


def test_counties_of_many_carry_their_rank_among_all():
    table = in_three_cities()
    chart = charts.ranked_areas(table, POLICY, "orgs", **EVERYWHERE)
    ranks = {line[0]: line[-1] for axes in chart.axes for line in column_texts(axes)}
    counties = table[table["level"] == "county"]
    expected = counties["value"].rank(method="min", ascending=False).astype(int).astype(str)
    assert {name: ranks[name] for name in counties["area"]} == dict(
        zip(counties["area"], expected, strict=True)
    )
    few = charts.ranked_areas(counties_table(), POLICY, "orgs", **AT)
    assert column_texts(few.axes[0])[0] == ["临猗县", "100%"]


def test_many_streets_stand_under_their_county():
    rows = [
        a_row(f"1408{county}{i:03}", i % 41, 40, name=f"{county}之{i}乡")
        for county in ("02", "21")
        for i in range(30)
    ]
    table = a_table(*rows, a_row("140802", 1, 2), a_row("140821", 2, 3))
    chart = charts.ranked_areas(table, POLICY, "orgs", **(AT | {"level": "street"}))
    assert column_texts(chart.axes[0])[0][:2] == ["临猗县", "66.7%"]
    assert column_texts(chart.axes[1])[0][:2] == ["盐湖区", "50%"]
    assert "按所在县（市、区）分组" in said(chart).replace("\n", "")


def test_many_areas_of_one_larger_area_or_of_none_stand_in_one_order():
    rows = [a_row(f"140802{i:03}", i % 41, 40, name=f"第{i}乡") for i in range(60)]
    streets = charts.ranked_areas(a_table(*rows), POLICY, "orgs", **(AT | {"level": "street"}))
    rows = [a_row(f"{i}", i % 41, 40, name=f"第{i}省") for i in range(11, 61)]
    provinces = charts.ranked_areas(
        a_table(*rows), POLICY, "orgs", **(EVERYWHERE | {"level": "province"})
    )
    for chart in (streets, provinces):
        assert len(chart.axes) == 2
        assert "分组" not in said(chart)
        values = [float(line[-1].rstrip("%")) for a in chart.axes for line in column_texts(a)]
        assert values == sorted(values, reverse=True)
        assert_tidy(chart)


def test_city_longer_than_a_column_goes_on_in_the_next_one():
    rows = [a_row(f"2101{i:02}", i % 41, 40, name=f"甲{i}县") for i in range(90)]
    rows += [a_row(f"2102{i:02}", i % 41, 40, name=f"乙{i}县") for i in range(4)]
    cities = [a_row("2101", 9, 10, name="甲市"), a_row("2102", 1, 10, name="乙市")]
    chart = charts.ranked_areas(a_table(*rows, *cities), POLICY, "orgs", **EVERYWHERE)
    first, second = (column_texts(axes) for axes in chart.axes)
    assert (first[0][0], second[0][0]) == ("甲市", "甲市（续）")
    assert "乙市" in [line[0] for line in second]
    assert abs(len(first) - len(second)) <= 2
    assert_tidy(chart)


MANY_EDGES = {
    "long names": many_counties(100).assign(area=LONG),
    "all unknown": a_table(
        *(a_row(f"21{1 + i % 3:02}{i:02}", 0, 40, 40, name=f"第{i}县") for i in range(100)),
        *(a_row(f"210{i}", 0, 900, 900, name=f"第{i}市") for i in (1, 2, 3)),
    ),
    "no city": many_counties(100).query("level == 'county'"),
    "every county a city": a_table(*(a_row(f"{i}01", i % 41, 40) for i in range(1100, 1200))),
    "all at zero": a_table(*(a_row(f"21{1 + i % 3:02}{i:02}", 0, 40) for i in range(100))),
    "no threshold": many_counties(100).assign(threshold=None, verdict="no_threshold"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edge", MANY_EDGES)
def test_hundred_counties_at_the_edges_are_tidy(edge, language):
    with using(language):
        chart = charts.ranked_areas(
            MANY_EDGES[edge], POLICY, "orgs", **EVERYWHERE, highlight="210107", simulated=True
        )
    assert_tidy(chart)
    chart.png()


@pytest.mark.parametrize(
    ("level", "areas"),
    [("county", 100), ("street", 200)],
)
def test_groups_stay_whole_and_in_order_over_columns_as_short_as_can_be(level, areas):
    sizes = [1 + (7 * i) % 13 for i in range(areas // 7)]
    blocks = [Block(pd.DataFrame({"place": range(n)}), f"{level}{i}") for i, n in enumerate(sizes)]
    filled = fill(blocks, 2)
    assert [block.name for column in filled for block in column] == [b.name for b in blocks]
    assert [len(block.rows) for column in filled for block in column] == sizes
    highest = max(sum(block.lines for block in column) for column in filled)
    splits = [
        max(sum(n + 1 for n in sizes[:i]), sum(n + 1 for n in sizes[i:]))
        for i in range(len(sizes) + 1)
    ]
    assert highest == min(splits)


def test_figure_of_the_area_around_all_is_a_line_without_being_asked_for():
    table = counties_table()
    chart = charts.ranked_areas(table, POLICY, "orgs", **EVERYWHERE)
    (around,) = by_gid(chart, "around")
    assert around.get_xdata()[0] == table.set_index("area_code").value["1408"]
    assert "运城市 " in said(chart)
    far = a_table(a_row("140802", 1, 2), a_row("330102", 1, 2))
    assert not by_gid(charts.ranked_areas(far, POLICY, "orgs", **EVERYWHERE), "around")


def test_vague_target_alone_has_no_line_at_all():
    table = a_table(*(a_row(code, 30, 40, target="vague", threshold=None) for code in COUNTIES))
    chart = charts.ranked_areas(table, POLICY, "vague", **AT)
    assert not by_gid(chart, "threshold") + by_gid(chart, "around")
    assert_tidy(chart)


@pytest.mark.parametrize(
    ("date", "clause"),
    [
        ("2021-06-30", "三(一)"),
        ("2021-12-31", "三(一)"),
        ("2022-12-31", "三(二)"),
        ("2030-1-1", "三(三)"),
    ],
)
def test_source_names_the_clause_in_force(date, clause):
    table, at = counties_table(date=date), AT | {"date": date}
    for draw in (charts.ranked_areas, charts.shortfall_bars):
        assert f"民发〔2021〕1号，{clause}\n" in said(draw(table, POLICY, "orgs", **at))


def test_source_of_a_chart_over_time_names_every_clause_once():
    chart = charts.milestone_steps(counties_table(), POLICY, "orgs", "140802")
    assert "1号，三(一)、三(二)、三(三)\n" in said(chart)
    vague = a_table(a_row("140802", 30, 40, target="vague", threshold=None))
    chart = charts.milestone_steps(vague, POLICY, "vague", "140802")
    assert "1号，总则" in said(chart)
    standing = charts.staff_bands(UNITS.drop(columns="orgs"), **ABOUT)[0]
    assert "1号，三(一)" in said(standing)


def test_more_areas_than_can_be_read_are_cut_and_said_to_be():
    rows = [
        a_row(f"1408{i // 1000:02}{i % 1000:03}", i % 41, 40, name=f"第{i}乡") for i in range(500)
    ]
    chart = charts.ranked_areas(a_table(*rows), POLICY, "orgs", **(AT | {"level": "street"}))
    assert "其余300行见结果表" in said(chart)
    assert "500个街道（乡镇）中" in chart.alt
    chart.png()


def test_namesakes_in_one_city_carry_their_codes():
    table = a_table(
        a_row("140802001", 1, 2, name="城关镇"),
        a_row("140802002", 2, 2, name="城关镇"),
        a_row("140802", 3, 4),
    )
    chart = charts.ranked_areas(table, POLICY, "orgs", **(AT | {"level": "street"}))
    labels = {label.get_text() for label in chart.axes[0].get_yticklabels()}
    assert labels == {"城关镇（140802001）", "城关镇（140802002）"}


def test_mean_above_its_threshold_is_ranked_in_numbers():
    rows = [
        a_row(
            code,
            0,
            0,
            target="mean",
            value=8.0 + i,
            lower=8.0 + i,
            upper=8.0 + i,
            threshold=10,
            verdict="met" if i > 1 else "not_met",
        )
        for i, code in enumerate(COUNTIES)
    ]
    chart = charts.ranked_areas(a_table(*rows), POLICY, "mean", **AT)
    assert chart.axes[0].get_xlim()[0] == 0
    assert chart.axes[0].get_xlim()[1] >= 20
    assert "要求 10个" in said(chart)
    assert_tidy(chart)


def test_a_third_is_shown_as_a_third():
    chart = charts.ranked_areas(
        counties_table(target="third", threshold=1 / 3), POLICY, "third", **AT
    )
    assert "要求 1/3" in said(chart)


# --- table of verdicts ------------------------------------------------------------------


def test_cells_hold_the_verdicts():
    table = pd.concat([counties_table(), counties_table(target="vague", threshold=None)])
    chart = charts.verdict_matrix(table, POLICY, **AT)
    (cells,) = by_gid(chart, "cells")
    order = list(style.VERDICTS)
    found = [order[int(index)] for index in np.ravel(cells.get_array())[:13]]
    assert found == list(table.verdict[:13])
    assert [label.get_text() for label in chart.axes[0].get_yticklabels()] == ["社会组织", "未设数"]
    (met,) = by_gid(chart, "verdict-met")
    assert met.get_marker() == "o"
    assert "5/12" in said(chart)
    assert_tidy(chart)


def test_only_what_binds_is_judged_where_anything_binds():
    rows = [counties_table(), counties_table(target="standing", threshold=0.5, binding=False)]
    assert "常设" not in said(charts.verdict_matrix(pd.concat(rows), POLICY, **AT))
    assert "常设" in said(charts.verdict_matrix(rows[1], POLICY, **AT))


def test_where_the_document_does_not_bind_every_chart_says_so():
    for chart in charts_of(counties_table(binding=False)):
        assert "文件的要求不约束这里的县（市、区），结果供参考。" in said(chart)
        assert_tidy(chart)


def test_one_area_shows_its_figures():
    table = pd.concat([counties_table(), counties_table(target="third", threshold=1 / 3)])
    chart = charts.verdict_matrix(table, POLICY, **(AT | {"within": "140828"}))
    assert "55%（要求 80%）" in said(chart)
    assert "55%（要求 1/3）" in said(chart)
    assert chart.alt.startswith("夏县2项要求中，1项达标、1项未达标")
    assert_tidy(chart)


def test_many_areas_stand_down_the_side():
    chart = charts.verdict_matrix(many_counties(100), POLICY, **(AT | {"within": None}))
    assert_tidy(chart)
    assert {"铁西区（沈阳市）", "铁西区（大连市）"} <= set(said(chart).split("\n"))
    assert len(chart.axes) == 2


def test_title_counts_the_areas_that_meet_everything():
    chart = charts.verdict_matrix(counties_table(), POLICY, **AT)
    assert chart.alt.startswith("13个县（市、区）中5个各项都达标；“社会组织”未达标最多")


# --- shortfall --------------------------------------------------------------------------


def test_bars_are_the_shortfalls_in_falling_order_from_zero():
    chart = charts.shortfall_bars(counties_table(), POLICY, "orgs", **AT)
    bars = sorted(chart.axes[0].patches, key=lambda bar: bar.get_y())
    assert [bar.get_width() for bar in bars] == [32, 12, 10, 6, 4, 2, 1]
    assert {bar.get_x() for bar in bars} == {0}
    assert chart.axes[0].get_xlim()[0] == 0
    assert bars[0].get_gid() == "shortfall-140827"
    assert chart.title.startswith("7个县（市、区）共差67个城市社区，垣曲县最多（32个）；")


def test_areas_without_a_bar_are_told_by_reason():
    chart = charts.shortfall_bars(counties_table(), POLICY, "orgs", **AT, top=2)
    assert len(chart.axes[0].patches) == 2
    told = said(chart).replace("\n", "")
    assert (
        "5个县（市、区）也有缺口，未画出；5个县（市、区）已达标；1个县（市、区）没有适用的单位"
        in told
    )


def shortfall_of(table, target="orgs", **given):
    return charts.shortfall_bars(table, POLICY, target, **(AT | given))


def test_title_says_how_few_are_enough_for_the_area_around():
    # 339 of the city's 480 pass, 80 % are 384; 32 + 12 are one too few
    chart = shortfall_of(counties_table())
    assert chart.title.endswith("；运城市整体达标只差45个")
    assert "缺口最大的3个县（市、区）补齐，运城市整体就达标。" in said(chart)
    with using("en"):
        chart = shortfall_of(counties_table())
    assert chart.title == (
        "Missing in 7 counties: 67 urban communities, most in 垣曲县 (32); "
        "45 would be enough for 运城市 as a whole"
    )
    told = "运城市 as a whole meets the demand once the 3 counties with the largest shortfall do."
    assert told in said(chart).replace("\n", " ")


def test_title_says_that_the_area_around_has_enough():
    rows = [a_row("140802", 40, 40), a_row("140821", 30, 40), a_row("1408", 70, 80, name="运城市")]
    chart = shortfall_of(a_table(*rows))
    assert chart.title == "临猗县还差2个城市社区；运城市整体已达标"
    with using("en"):
        title = shortfall_of(a_table(*rows)).title
    assert (
        title == "Still missing in 临猗县: 2 urban communities; 运城市 as a whole meets the demand"
    )


@pytest.mark.parametrize("around", [[], [a_row("1408", 0, 0)], [a_row("1408", 0, 480)]])
def test_where_the_area_around_tells_nothing_more_half_of_the_areas_are_counted(around):
    # 5 of 12 meet the demand: the two that lack least, 2 and 1, make it 7
    counties = counties_table()
    table = pd.concat([counties[counties["level"] == "county"], a_table(*around)])
    if around and around[0]["shortfall"]:
        table.loc[table["level"] == "city", "shortfall"] = 67  # no fewer than all of them
    title = shortfall_of(table).title
    assert title.endswith("（32个）；缺口最小的2个县（市、区）补3个，就有过半达标")
    with using("en"):
        title = shortfall_of(table).title
    assert title.endswith(
        "; 3 would be enough for more than half, in the 2 counties that lack least"
    )


def test_nothing_is_added_where_more_than_half_meet_the_demand():
    rows = [a_row(code, 40, 40) for code in list(COUNTIES)[:3]]
    rows += [a_row("140824", 30, 40), a_row("140825", 31, 40)]
    title = shortfall_of(a_table(*rows)).title
    assert title == "2个县（市、区）共差3个城市社区，稷山县最多（2个）"


def test_total_that_a_whole_area_owes_is_not_added_up_over_its_parts():
    def rows(binds, city, missing):
        parts = [("140802", 40), ("140821", 30), ("140822", 20)]
        counties = [a_row(code, 0, 0, shortfall=short, binding=binds) for code, short in parts]
        around = a_row("1408", 0, 0, name="运城市", shortfall=missing, binding=city)
        given = {"target": "total", "threshold": 50.0, "verdict": "not_met"}
        return a_table(*(row | given for row in (*counties, around)))

    owed = "3个县（市、区）还有缺口，盐湖区最大：差40个"
    assert shortfall_of(rows(False, True, 0), "total").title == owed + "；运城市整体已达标"
    assert shortfall_of(rows(False, True, 5), "total").title == owed + "；运城市整体达标只差5个"
    assert "补齐" not in said(shortfall_of(rows(False, True, 5), "total"))
    each = shortfall_of(rows(True, False, 0), "total").title
    assert each == (
        "3个县（市、区）共差90个，盐湖区最多（40个）；缺口最小的2个县（市、区）补50个，就有过半达标"
    )


def test_nothing_missing_is_a_statement():
    table = a_table(*(a_row(code, 40, 40) for code in COUNTIES))
    chart = charts.shortfall_bars(table, POLICY, "orgs", **AT)
    assert "13个县（市、区）都没有缺口" in said(chart)
    assert not chart.axes


def test_shortfall_of_one_has_whole_ticks():
    chart = charts.shortfall_bars(a_table(a_row("140802", 31, 40)), POLICY, "orgs", **AT)
    assert [label.get_text() for label in chart.axes[0].get_xticklabels()] == ["0", "1"]


# --- inequality -------------------------------------------------------------------------


def test_lorenz_curves_by_hand():
    chart = charts.lorenz_curve(COUNTED, "orgs", **ABOUT)
    assert_tidy(chart)
    assert chart.name == "inequality-orgs"
    assert chart.title == "盐湖区，社区社会组织数：最少的一半城市社区只占12.5%，各村一样多"
    [urban], [rural] = by_gid(chart, "curve-urban"), by_gid(chart, "curve-rural")
    assert urban.get_xydata().ravel().tolist() == pytest.approx([0, 0, 1 / 3, 0, 2 / 3, 0.25, 1, 1])
    assert rural.get_xydata().ravel().tolist() == [0, 0, 0.5, 0.5, 1, 1]
    for told in (
        "城市社区（3个）",
        "基尼系数 0.500",
        "最多的一成占 22.5%",
        "未知而不计在内：1个城市社区。",
    ):
        assert told in said(chart)


def test_settlement_without_units_has_no_curve():
    chart = charts.lorenz_curve(COUNTED[COUNTED["settlement"] == "urban"], "orgs", **ABOUT)
    assert not by_gid(chart, "curve-rural")
    assert "村（" not in said(chart)


@pytest.mark.parametrize("orgs", [[0, 0], [None, None]])
def test_nothing_to_compare_is_a_sentence(orgs):
    units = some_units(orgs).assign(code=["140802001001", "140802001002"])
    chart = charts.lorenz_curve(units, "orgs", **ABOUT)
    assert chart.title == "盐湖区没有可比较的“社区社会组织数”"
    assert not chart.axes


# --- distribution -----------------------------------------------------------------------


def test_bars_count_the_units_and_change_tone_at_the_threshold():
    units = some_units([9, 9, 10, 12, 12, 12])
    chart = charts.distribution(units, "orgs", thresholds={"urban": [(10, "要求")]}, **ABOUT)
    (axes,) = chart.axes
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches}
    assert {place: n for place, n in heights.items() if n} == {9: 2, 10: 1, 12: 3}
    tones = {round(b.get_x() + b.get_width() / 2): to_hex(b.get_facecolor()) for b in axes.patches}
    assert tones[9].upper() == style.TONES[0]
    assert tones[10].upper() == style.TONES[2]
    (line,) = by_gid(chart, "threshold")
    assert line.get_xdata()[0] == 9.5


def test_unknown_units_stand_apart():
    chart = charts.distribution(some_units([1, 2, None, None]), "orgs", thresholds={}, **ABOUT)
    (bar,) = by_gid(chart, "unknown")
    assert bar.get_height() == 2
    assert bar.get_x() + bar.get_width() < -0.5
    assert bar.get_hatch()
    assert "未知 2" in said(chart)


def test_not_applicable_units_are_left_out_and_said():
    units = some_units([1, 2, None]).assign(**{"orgs.not_applicable": [False, False, True]})
    chart = charts.distribution(units, "orgs", thresholds={}, **ABOUT)
    assert not by_gid(chart, "unknown")
    assert "1个不适用的单位" in said(chart)


def test_long_tail_ends_in_an_open_bin():
    chart = charts.distribution(
        some_units([*range(12), *[5] * 90, 480]), "orgs", thresholds={}, **ABOUT
    )
    assert "≥23" in said(chart)
    assert sum(bar.get_height() for bar in chart.axes[0].patches) == 103


def test_wide_range_is_binned_at_round_numbers_that_meet_the_thresholds():
    units = some_units([0], households=pd.array([0], dtype="Int64"))
    units = pd.concat([units, some_units([0] * 400, households=range(20, 8020, 20))])
    chart = charts.distribution(
        units, "households", thresholds={"urban": [(1500, "下限")]}, **ABOUT
    )
    (line,) = by_gid(chart, "threshold")
    below = [bar for bar in chart.axes[0].patches if bar.get_x() < line.get_xdata()[0]]
    assert sum(bar.get_height() for bar in below) == 75
    assert_tidy(chart)


def test_urban_and_rural_share_their_scale():
    units = pd.concat([some_units([10, 12]), some_units([1, 3], "rural"), some_units([9], "other")])
    chart = charts.distribution(
        units, "orgs", thresholds={"urban": [(10, "十")], "rural": [(3, "三")]}, **ABOUT
    )
    upper, lower = chart.axes
    assert upper.get_xlim() == lower.get_xlim()
    assert "另有1个其他单位" in said(chart)
    assert "2个城市社区中2个达到10个，2个村中1个达到3个" in chart.alt
    assert_tidy(chart)


def test_several_thresholds_keep_their_labels_apart():
    chart = charts.distribution(
        some_units(list(range(20))),
        "orgs",
        thresholds={"urban": [(10, "2021年底要求10个"), (11, "2022年底要求11个")]},
        **ABOUT,
    )
    assert_tidy(chart)


# --- staff ------------------------------------------------------------------------------


def test_points_lie_below_inside_or_above_by_the_first_ceiling():
    units = pd.DataFrame(
        {
            "settlement": ["urban"] * 6 + ["rural"],
            "households": pd.array([900, 900, 900, 2600, 2600, None, 900], dtype="Int64"),
            "staff": pd.array([5, 6, 13, 14, 15, 9, 1], dtype="Int64"),
        }
    )
    chart = charts.staffing(units, **LIMITS, **ABOUT)
    points = {name: by_gid(chart, name)[0] for name in ("below", "inside", "above")}
    assert list(points["below"].get_ydata()) == [5]
    assert list(points["inside"].get_ydata()) == [6, 14]
    assert list(points["above"].get_ydata()) == [13, 15]
    assert len({point.get_marker() for point in points.values()}) == 3
    assert len(by_gid(chart, "limit")) == 3
    assert "另有1个城市社区户数或人数未知" in said(chart)
    assert_tidy(chart)


def test_limits_come_from_the_policy():
    units = pd.DataFrame(
        {"settlement": "urban", "households": [900, 2600, 2600], "staff": [12, 14, 15]}
    )
    (chart,) = charts.staff_bands(units, **ABOUT)
    (inside,), (above,) = by_gid(chart, "inside"), by_gid(chart, "above")
    assert list(inside.get_ydata()) == [12, 14]
    assert list(above.get_ydata()) == [15]
    assert "下限6人" in said(chart)


def test_organisations_take_their_threshold_from_the_policy():
    (chart,) = charts.organisations(some_units([3, 10, 11]), **ABOUT)
    assert {line.get_xdata()[0] for line in by_gid(chart, "threshold")} == {9.5}
    assert "要求 10个" in said(chart)
    assert charts.organisations(some_units([1]).drop(columns="orgs"), **ABOUT) == []


# --- completeness -----------------------------------------------------------------------


def test_bars_add_up_and_the_emptiest_variable_is_last():
    table = a_completeness_table(
        ["社会组织数", 20, 10, 5, 5, 40], ["户数", 40, 0, 0, 0, 40], ["面积", 38, 2, 0, 0, 40]
    )
    chart = charts.completeness(table, **ABOUT)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["户数", "面积", "社会组织数"]
    reported = [bar.get_width() for bar in by_gid(chart, "status-reported")]
    assert reported == pytest.approx([1, 0.95, 0.5])
    ends = [bar.get_x() + bar.get_width() for bar in by_gid(chart, "status-missing_row")]
    assert ends == pytest.approx([1, 1, 1])
    assert "“社会组织数”缺得最多（37.5%）" in said(chart)
    assert_tidy(chart)


def test_many_variables_stay_tidy():
    rows = [[f"变量{i}", 12_000 - i, i, 0, 0, 12_000] for i in range(45)]
    assert_tidy(charts.completeness(a_completeness_table(*rows), **ABOUT))


def test_title_of_a_single_variable_names_it_once():
    def title(*row):
        return charts.completeness(a_completeness_table(["户数", *row]), **ABOUT).title

    assert title(30, 6, 4, 0, 40) == "盐湖区的“户数”还缺25%"
    assert title(40, 0, 0, 0, 40) == "盐湖区的“户数”全部填齐"
    with using("en"):
        assert title(30, 6, 4, 0, 40) == "盐湖区: 25% of units lack “户数”"
        assert title(40, 0, 0, 0, 40) == "盐湖区: “户数” is complete"


# --- reporting --------------------------------------------------------------------------


def parts_of(chart, code):
    """The bar of an area: start and length of each part in widths of all its units."""
    states = ("filled", "blank", "missing")
    found = {state: by_gid(chart, f"{state}-{code}") for state in states}
    return {state: (bars[0].get_x(), bars[0].get_width()) for state, bars in found.items() if bars}


def test_areas_stand_from_the_least_reported_with_both_numbers():
    chart = reporting_of(THREE)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["万荣县", "盐湖区", "临猗县"]
    assert parts_of(chart, "140822") == {"missing": (0, 1)}
    first = parts_of(chart, "140802")
    assert first["filled"] == (0, 0.75)
    assert first["blank"] == pytest.approx((0.75, 0.15))
    assert first["missing"] == pytest.approx((0.9, 0.1))
    assert parts_of(chart, "140821") == {"filled": (0, 0.75), "blank": (0.75, 0.25)}
    shown = said(chart).split("\n")
    assert {"0/5", "36/40", "20/20", "有记录/应报", "填齐", "30", "15"} <= set(shown)
    assert {"有记录，填齐 45", "有记录，有空白 11", "无记录 9"} <= set(shown)
    assert chart.alt == (
        "运城市65个村（社区）中56个有记录（86.2%）；3个县（市、区）中1个报全，万荣县最低（0%）。"
        "万荣县 0/5、盐湖区 36/40、临猗县 20/20。"
    )
    assert_tidy(chart)


def test_equal_shares_stand_by_what_is_filled():
    chart = reporting_of([["140802", 20, 20, 15], ["140821", 40, 40, 20]])
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == ["临猗县", "盐湖区"]
    assert chart.title == "运城市60个村（社区）都有记录，其中35个填齐"


@pytest.mark.parametrize(
    ("rows", "zh", "en"),
    [
        (
            [["140802", 40, 36, 30]],
            "运城市40个村（社区）中36个有记录（90%）",
            "运城市: 36 of 40 communities and villages have a row (90%)",
        ),
        (
            [["140802", 40, 36, 30], ["140821", 60, 59, 0]],
            "运城市100个村（社区）中95个有记录（95%）；2个县（市、区）中没有一个报全，盐湖区最低（90%）",
            "运城市: 95 of 100 communities and villages have a row (95%); "
            "all units in 0 of 2 counties, fewest in 盐湖区 (90%)",
        ),
        (
            [["140802", 40, 0, 0], ["140821", 60, 0, 0]],
            "运城市100个村（社区）中0个有记录（0%）",
            "运城市: 0 of 100 communities and villages have a row (0%)",
        ),
        ([["140802", 0, 0, 0]], "运城市没有应填报的单位", "运城市: no units to report on"),
        ([], "运城市没有应填报的单位", "运城市: no units to report on"),
    ],
)
def test_title_says_who_reported(rows, zh, en):
    chart = reporting_of(rows)
    assert chart.title == zh
    assert_tidy(chart)
    with using("en"):
        chart = reporting_of(rows)
    assert chart.title == en
    assert_tidy(chart)


def test_areas_that_are_asked_nothing_are_told_and_so_is_a_missing_frame():
    chart = reporting_of([*THREE, ["140823", 0, 0, 0]], framed=False)
    assert "另有1个县（市、区）没有适用的单位，未画出。" in said(chart)
    assert "没有名录，只知道有记录的单位" in said(chart)
    assert "没有名录" not in said(reporting_of(THREE))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_hundred_areas_are_legible_and_of_more_the_worst_are_drawn(language):
    rows = [[f"21{1 + i % 9:02}{i:05}", 12_000, 12_000 - i, 10_000] for i in range(300)]
    with using(language):
        chart = reporting_of([[code[:6], *rest] for code, *rest in rows[:100]])
        assert_tidy(chart)
        assert len(chart.axes) == 2
        assert all(text.get_fontsize() >= 7 for text in words_of(chart))
        chart = reporting_of(rows, level="street")
        assert_tidy(chart)
        assert {"11,701/12,000", "11,900/12,000"} <= set(said(chart).split("\n"))
        assert "11,901/12,000" not in said(chart)
        left = {"zh": "共300行，只画最低的200行，其余100行未画出。"}
        assert left.get(language, "300 rows; the 200 lowest are drawn, 100 are not.") in said(chart)


# --- at the edges -----------------------------------------------------------------------


def charts_of(table, **given):
    """The four charts of results, for one county and for all of them."""
    at = AT | given
    return [
        charts.milestone_steps(table, POLICY, "orgs", "140802", simulated=True),
        charts.ranked_areas(table, POLICY, "orgs", **at, highlight="140802", simulated=True),
        charts.verdict_matrix(table, POLICY, **at, simulated=True),
        charts.shortfall_bars(table, POLICY, "orgs", **at, simulated=True),
    ]


EDGES = {
    "no rows": a_table(),
    "one area": a_table(a_row("140802", 30, 40, 2)),
    "all unknown": a_table(*(a_row(code, 0, 40, 40) for code in COUNTIES)),
    "out of scope": a_table(*(a_row(code, 0, 0) for code in COUNTIES)),
    "all at zero": a_table(*(a_row(code, 0, 40) for code in COUNTIES)),
    "all at one": a_table(*(a_row(code, 40, 40) for code in COUNTIES)),
    "long names": a_table(
        *(
            a_row(code, 2 * i, 40, i, name=LONG + name)
            for i, (code, name) in enumerate(COUNTIES.items())
        ),
        a_row("1408", 100, 520, name=LONG + "市"),
    ),
    "same long names": a_table(*(a_row(code, 30, 40, name=LONG) for code in COUNTIES)),
    "odd letters": a_table(
        a_row("140802", 30, 40, name="$x_1^2$ 村 \\frac"),
        a_row("140821", 31, 40, name="𠮷\U000f0000村\n{}"),
        a_row("140822", 32, 40, name="A very long English name of a county in Shanxi"),
    ),
    "no names": a_table(a_row("140802", 30, 40, name=" "), a_row("140999", 31, 40)),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edge", EDGES)
def test_charts_at_the_edges_are_drawn_and_tidy(edge, language):
    with using(language):
        for chart in charts_of(EDGES[edge]):
            assert_tidy(chart)
            chart.png()
            assert chart.alt


def test_nothing_in_scope_is_a_sentence():
    for chart in charts_of(EDGES["no rows"]):
        assert not chart.axes
        assert "没有" in chart.alt
    nobody = some_units([]).assign(households=[], staff=[])
    for chart in (
        charts.distribution(nobody, "orgs", thresholds={}, **ABOUT),
        charts.staffing(nobody, **LIMITS, **ABOUT),
        charts.completeness(a_completeness_table(), **ABOUT),
    ):
        assert not chart.axes
        assert "没有" in chart.alt
        assert_tidy(chart)


def test_dollar_signs_are_letters():
    chart = charts.ranked_areas(EDGES["odd letters"], POLICY, "orgs", **AT)
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert "$x_1^2$ 村 \\frac" in labels


@pytest.mark.parametrize("column", ["value", "lower", "numerator", "threshold"])
def test_any_kind_of_number_will_do(column):
    table = counties_table()
    exact = [None if pd.isna(v) else Fraction(v) for v in table[column]]
    other = table.assign(**{column: pd.Series(exact, dtype=object)})
    one, two = (charts.ranked_areas(t, POLICY, "orgs", **AT) for t in (table, other))
    assert one.png() == two.png()


def test_dates_may_be_text():
    table = counties_table().assign(date="2022-12-31")
    chart = charts.ranked_areas(table, POLICY, "orgs", **(AT | {"date": "2022-12-31"}))
    assert "2022年底" in said(chart)


def test_everything_unknown_in_the_units():
    units = some_units([None, None], households=[None, None], staff=[None, None])
    for chart in (
        charts.distribution(units, "orgs", thresholds={"urban": [(10, "要求")]}, **ABOUT),
        charts.staffing(units, **LIMITS, **ABOUT),
        charts.completeness(a_completeness_table(["户数", 0, 0, 40, 0, 40]), **ABOUT),
    ):
        assert_tidy(chart)
        chart.png()
