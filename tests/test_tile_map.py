"""The tile map: a place for every county, and tiles that say the same in colour, sign and words."""

import itertools
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from sanlian_analysis import load_policy
from sanlian_analysis.charts import style
from sanlian_analysis.charts.tile_faces import contrast, name_lines
from sanlian_analysis.charts.tile_layout import tile_layout
from sanlian_analysis.charts.tiles import tile_map
from sanlian_analysis.language import using

FRAMES = Path(__file__).parents[1] / "data" / "frames"
AREAS = {
    "yuncheng": "1408",
    "yangquan": "1403",
    "lishui": "3311",
    "changzhou": "3204",
    "liaoning": "21",
}
LIAONING, YUNCHENG = load_policy("liaoning-2021"), load_policy("yuncheng-2019")
LONG = "东风新村第一二三四五六七八九十" * 20
DATE = "2022-12-31"


def counties(frame):
    """Name by code of the counties of a frame."""
    units = pd.read_csv(FRAMES / f"{frame}.csv", dtype=str)
    return dict(zip(units["code"].str[:6], units["county"], strict=True))


COUNTIES = {frame: counties(frame) for frame in AREAS}
LAYOUT = {len_: [t for t in tile_layout() if len(t.code) == len_] for len_ in (4, 6)}


def cells(code):
    """The cells of the counties whose codes begin with `code`."""
    return {(tile.column, tile.row) for tile in LAYOUT[6] if tile.code.startswith(code)}


def reached(within):
    """The cells that can be reached from one of them over common edges."""
    seen, edge = set(), [min(within)]
    while edge:
        x, y = edge.pop()
        seen.add((x, y))
        around = {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)}
        edge += (around & within) - seen
    return seen


# --- the layout -------------------------------------------------------------------------


@pytest.mark.parametrize("frame", AREAS)
def test_every_county_of_the_frame_has_exactly_one_tile(frame):
    placed = [tile for tile in LAYOUT[6] if tile.area == AREAS[frame]]
    assert Counter(tile.code for tile in placed) == Counter(list(COUNTIES[frame]))
    assert {tile.code: tile.name for tile in placed} == COUNTIES[frame]


def test_no_county_is_placed_twice_and_no_area_has_two_tiles_in_a_cell():
    codes = Counter(tile.code for tile in tile_layout())
    places = Counter((tile.area, tile.column, tile.row) for tile in tile_layout())
    assert max(codes.values()) == max(places.values()) == 1
    assert all(tile.code.startswith(tile.area) for tile in tile_layout())
    assert {tile.area for tile in tile_layout()} == set(AREAS.values())
    assert min(min(tile.column, tile.row) for tile in tile_layout()) == 0


@pytest.mark.parametrize("code", [*AREAS.values(), *sorted({c[:4] for c in COUNTIES["liaoning"]})])
def test_tiles_of_an_area_and_of_a_city_hang_together(code):
    assert reached(cells(code)) == cells(code)


def test_every_city_of_liaoning_has_its_name_beside_its_tiles():
    assert {t.code for t in LAYOUT[4]} == {code[:4] for code in COUNTIES["liaoning"]}
    for label in LAYOUT[4]:
        x, y = label.column, label.row
        assert {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)} & cells(label.code), label.name


CENTRE = {
    name: tuple(sum(axis) / len(axis) for axis in zip(*cells(code), strict=True))
    for code, name in [
        *((tile.code, tile.name) for tile in LAYOUT[4]),
        *(
            (code, name)
            for frame in ("yuncheng", "lishui")
            for code, name in COUNTIES[frame].items()
        ),
    ]
}


@pytest.mark.parametrize(
    ("one", "direction", "other"),
    [
        ("大连市", "south", "沈阳市"),
        ("大连市", "south", "营口市"),
        ("丹东市", "south", "本溪市"),
        ("丹东市", "east", "大连市"),
        ("朝阳市", "west", "锦州市"),
        ("葫芦岛市", "south", "朝阳市"),
        ("葫芦岛市", "west", "盘锦市"),
        ("锦州市", "north", "盘锦市"),
        ("阜新市", "north", "锦州市"),
        ("阜新市", "west", "沈阳市"),
        ("铁岭市", "north", "抚顺市"),
        ("铁岭市", "east", "沈阳市"),
        ("抚顺市", "east", "沈阳市"),
        ("本溪市", "south", "抚顺市"),
        ("辽阳市", "south", "沈阳市"),
        ("鞍山市", "west", "辽阳市"),
        ("营口市", "south", "盘锦市"),
        ("河津市", "north", "临猗县"),
        ("临猗县", "west", "盐湖区"),
        ("永济市", "west", "盐湖区"),
        ("平陆县", "south", "夏县"),
        ("垣曲县", "east", "闻喜县"),
        ("缙云县", "north", "莲都区"),
        ("青田县", "east", "莲都区"),
        ("庆元县", "south", "龙泉市"),
        ("遂昌县", "north", "龙泉市"),
    ],
)
def test_places_lie_as_they_do_on_the_map(one, direction, other):
    axis, sign = {"east": (0, 1), "west": (0, -1), "south": (1, 1), "north": (1, -1)}[direction]
    assert sign * (CENTRE[one][axis] - CENTRE[other][axis]) > 0.4


# --- results written by hand ------------------------------------------------------------


def verdict_of(value, threshold):
    if threshold is None:
        return "no_threshold"
    if value is None:
        return "undetermined"
    return "met" if value >= threshold else "not_met"


def table(names, values, *, policy=LIAONING, target="orgs-urban", threshold=0.8, **given):
    """Results of counties (name by code); the values are taken in turn."""
    rows = []
    for (code, name), value in zip(names.items(), itertools.cycle(values)):
        rows.append(
            {
                "policy": policy.id,
                "target": target,
                "reading": "primary",
                "level": "county",
                "area_code": code,
                "area": name,
                "date": DATE,
                "numerator": None,
                "denominator": 40,
                "unknown": 40 if value is None else 0,
                "value": value,
                "lower": 0.0 if value is None else value,
                "upper": 1.0 if value is None else value,
                "threshold": threshold,
                "verdict": verdict_of(value, threshold),
                "binding": True,
                "shortfall": None,
                "assumed": "",
            }
            | given
        )
    return pd.DataFrame(rows)


VALUES = [0.5, 0.86, None, 0.8, 0.7996, 1.0, 0.0]


def liaoning(**given):
    return table(COUNTIES["liaoning"], VALUES, **given)


def drawn(results, policy=LIAONING, target="orgs-urban", **given):
    return tile_map(results, policy, target, **{"date": DATE} | given)


def yuncheng(**given):
    return table(COUNTIES["yuncheng"], VALUES, policy=YUNCHENG, target="linkage", **given)


def drawn_yuncheng(results, **given):
    return drawn(results, YUNCHENG, "linkage", **given)


def by_gid(chart, start):
    """The artists whose id is `start-…`, by what follows."""
    found = chart.findobj(lambda artist: str(artist.get_gid()).startswith(f"{start}-"))
    return {artist.get_gid().removeprefix(f"{start}-"): artist for artist in found}


def words_of(chart):
    return [text for text in chart.findobj(Text) if text.get_visible() and text.get_text().strip()]


def said(chart):
    return "\n".join(text.get_text() for text in words_of(chart))


def fill(tile):
    return to_hex(tile.get_facecolor()).upper()


def overlaps(ones, others):
    """By how many pixels, across and up, each box of `ones` lies over each of `others`."""
    a, b = (np.array([box.extents for box in boxes]) for boxes in (ones, others))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    return np.moveaxis(np.minimum(a[:, None, 2:], b[None, :, 2:]) - low, 2, 0)


def assert_tidy(chart):
    """Texts lie on the sheet and over no other text; those of a tile inside it, others outside."""
    texts = words_of(chart)
    assert min(text.get_fontsize() for text in texts) >= 6.5
    boxes = [text.get_window_extent() for text in texts]
    across, up = overlaps(boxes, [chart.bbox])
    for text, box, wide, high in zip(texts, boxes, across[:, 0], up[:, 0], strict=True):
        assert wide >= box.width - 1, f"{text} leaves the sheet"
        assert high >= box.height - 1, f"{text} leaves the sheet"
    across, up = overlaps(boxes, boxes)
    clashes = np.argwhere(np.triu((across > 1) & (up > 1.5), 1))
    assert not [(texts[i].get_text(), texts[j].get_text()) for i, j in clashes]
    tiles = by_gid(chart, "tile")
    if not tiles:
        return
    across, up = overlaps(boxes, [tile.get_window_extent() for tile in tiles.values()])
    for text, box, wide, high in zip(texts, boxes, across, up, strict=True):
        kind, _, code = str(text.get_gid()).partition("-")
        over = dict(zip(tiles, (wide > 1) & (high > 1), strict=True))
        if kind in ("name", "figure"):
            its = list(tiles).index(code)
            assert over.pop(code)
            assert wide[its] >= box.width - 1, f"{text.get_text()!r} is wider than its tile"
            assert high[its] >= box.height - 2, f"{text.get_text()!r} is taller than its tile"
        assert not any(over.values()), f"{text.get_text()!r} lies over another tile"


# --- by verdict -------------------------------------------------------------------------


def test_verdict_gives_fill_and_sign():
    results = liaoning()
    chart = drawn(results)
    tiles, signs = by_gid(chart, "tile"), by_gid(chart, "sign")
    assert set(tiles) == set(signs) == set(COUNTIES["liaoning"])
    for code, verdict in zip(results["area_code"], results["verdict"], strict=True):
        mark = style.VERDICTS[verdict]
        assert fill(tiles[code]) == mark.cell
        assert signs[code].get_marker() == mark.marker


@pytest.mark.parametrize("code", ["210102", "210881", "211422"])
def test_tile_lies_in_its_cell_with_its_sign_name_and_figure(code):
    chart = drawn(liaoning())
    (place,) = [tile for tile in LAYOUT[6] if tile.code == code]
    square = by_gid(chart, "tile")[code]
    assert (int(square.get_x()), int(square.get_y())) == (place.column, place.row)
    assert 0.9 < square.get_width() == square.get_height() < 1
    (x,), (y,) = by_gid(chart, "sign")[code].get_data()
    assert square.get_x() < x < square.get_x() + square.get_width()
    assert square.get_y() < y < square.get_y() + square.get_height()
    assert by_gid(chart, "name")[code].get_text() == COUNTIES["liaoning"][code]


def test_tiles_are_squares_on_the_sheet():
    chart = drawn(liaoning())
    for tile in by_gid(chart, "tile").values():
        box = tile.get_window_extent()
        assert box.width == pytest.approx(box.height, rel=1e-6)


def test_figure_stays_on_its_side_of_the_threshold():
    figures = by_gid(drawn(liaoning()), "figure")
    shown = [text.get_text() for text in figures.values()][:7]
    assert shown == ["50%", "86%", "无数据", "80%", "79.96%", "100%", "0%"]


def test_title_subtitle_key_note_and_source():
    chart = drawn(liaoning())
    text = said(chart)
    assert "辽宁省100个县（市、区）中，43个达标、43个未达标、14个待定" in text
    assert {"达标 43", "未达标 43", "待定（数据不足以判定） 14"} <= set(text.split("\n"))
    assert "2022年底" in text
    assert "方格位置为示意" in text
    assert "依据：《" in text
    assert chart.name == "tiles-orgs-urban-verdict"


def test_alternative_text_lists_every_county_in_full():
    alt = drawn(liaoning()).alt
    assert alt.startswith("辽宁省100个县（市、区）中，43个达标")
    assert all(name in alt for name in COUNTIES["liaoning"].values())
    assert {"铁西区（沈阳市）", "铁西区（鞍山市）"} <= set(alt.replace(" ", "、").split("、"))
    assert "喀喇沁左翼蒙古族自治县" in alt
    assert "待定：大东区 无数据" in alt


def test_every_city_has_its_outline_and_its_name_where_there_are_several():
    chart = drawn(liaoning())
    assert set(by_gid(chart, "city")) == set(by_gid(chart, "label")) == set(CITIES)
    assert {text.get_text() for text in by_gid(chart, "label").values()} == set(CITIES.values())
    one = drawn(liaoning(), within="2101")
    assert len(by_gid(one, "tile")) == 13
    assert not by_gid(one, "city")
    assert not by_gid(one, "label")
    assert one.alt.startswith("沈阳市13个县（市、区）中")


CITIES = {tile.code: tile.name for tile in LAYOUT[4]}


def test_places_without_results_are_empty_outlines():
    results = yuncheng()
    chart = drawn_yuncheng(results[results["area_code"] != "140830"])
    tile = by_gid(chart, "tile")["140830"]
    assert fill(tile) == style.PAPER
    assert tile.get_linestyle() != "-"
    assert "140830" not in by_gid(chart, "sign")
    assert by_gid(chart, "name")["140830"].get_text() == "芮城县"
    assert by_gid(chart, "figure")["140830"].get_text() == "无数据"
    assert "虚线框：无结果 1" in said(chart)
    assert chart.alt.startswith("运城市12个县（市、区）中")
    assert "无结果：芮城县" in chart.alt


def test_counties_without_a_place_are_named_in_a_note():
    results = table(COUNTIES["yuncheng"] | {"140899": "新设区", "140302": "城区"}, VALUES)
    chart = drawn(results)
    assert len(by_gid(chart, "tile")) == 13
    assert "未列入图中：城区、新设区。" in said(chart)
    assert "未列入图中：城区、新设区" in chart.alt
    assert chart.alt.startswith("运城市13个县（市、区）中")


def test_without_any_layout_the_chart_is_a_statement():
    results = table({"110101": "东城区", "110102": "西城区"}, VALUES)
    for by in ("verdict", "value"):
        chart = drawn(results, by=by, simulated=True)
        assert not chart.axes
        assert chart.alt == (
            "模拟数据。2个县（市、区）都没有方格布局，画不出方格图。未列入图中：东城区、西城区。"
        )
        assert "有方格布局的地区：阳泉市、运城市、辽宁省、常州市、丽水市。" in said(chart)
        assert_tidy(chart)


@pytest.mark.parametrize("given", [{"within": "99"}, {"date": "2001-01-01"}])
def test_without_any_result_the_chart_is_a_statement(given):
    chart = drawn(liaoning(), **given)
    assert not chart.axes
    assert chart.alt.startswith("没有可以显示的县（市、区）。")


def test_one_county_is_told_in_the_title():
    chart = drawn_yuncheng(yuncheng(), within="140802")
    assert list(by_gid(chart, "tile")) == ["140802"]
    assert chart.alt.startswith("盐湖区50%，未达到80%的要求")
    assert_tidy(chart)


def test_unbinding_demands_and_own_assumptions_are_said():
    text = said(drawn(liaoning(binding=False, assumed="阈值 80%")))
    assert "文件的要求不约束这里的县（市、区），结果供参考。" in text
    assert "使用者自行假定，非文件规定：阈值 80%" in text


# --- by value ---------------------------------------------------------------------------


def test_value_gives_the_tone_of_its_step():
    results = liaoning()
    chart = drawn(results, by="value")
    tiles, steps = by_gid(chart, "tile"), by_gid(chart, "step")
    edges = [0, 0.2, 0.4, 0.6, 0.8]
    shown = [text.get_text() for text in by_gid(chart, "edge").values()]
    assert shown == ["0%", "20%", "40%", "60%", "80%", "100%"]
    for code, value in zip(results["area_code"], results["value"], strict=True):
        if pd.isna(value):
            assert fill(tiles[code]) == style.UNKNOWN_TONE
        else:
            step = max(at for at, edge in enumerate(edges) if value >= edge)
            assert fill(tiles[code]) == fill(steps[str(step)])
    assert chart.name == "tiles-orgs-urban-value"
    assert "无数据 14" in said(chart)


@pytest.mark.parametrize(
    ("values", "threshold", "edges", "at"),
    [
        ([0.55, 0.99], 0.8, ["50%", "60%", "70%", "80%", "90%", "100%"], 3),
        ([0.1, 0.9], 1 / 3, ["0%", "20%", "1/3", "40%", "60%", "80%", "100%"], 2),
        ([0.62, 1.0], 1.0, ["60%", "70%", "80%", "90%", "100%"], 4),
        ([0.3, 0.3], None, ["0%", "10%", "20%", "30%"], None),
        ([0.0, 0.0], None, ["0%", "20%", "40%", "60%", "80%", "100%"], None),
        ([0.0, 0.0], 1.0, ["0%", "20%", "40%", "60%", "80%", "100%"], 5),
    ],
)
def test_steps_are_round_and_one_begins_at_the_threshold(values, threshold, edges, at):
    results = table(COUNTIES["yuncheng"], values, threshold=threshold)
    chart = drawn(results, by="value")
    assert [text.get_text() for text in by_gid(chart, "edge").values()] == edges
    marks = chart.findobj(lambda artist: artist.get_gid() == "threshold")
    assert [mark.get_xdata()[0] for mark in marks] == ([] if at is None else [at])
    assert_tidy(chart)


def test_just_below_the_threshold_has_another_tone_than_the_threshold():
    results = table(COUNTIES["yuncheng"], [1.0, 0.9999999, 0.9], threshold=1.0)
    chart = drawn(results, by="value")
    met, short = list(by_gid(chart, "tile").values())[:2]
    assert fill(met) != fill(short)
    assert "要求 100%" in said(chart)


def test_only_undetermined_counties_carry_a_sign_by_value():
    results = liaoning()
    results.loc[1, "verdict"] = "undetermined"
    chart = drawn(results, by="value")
    undetermined = results.loc[results["verdict"] == "undetermined", "area_code"]
    assert set(by_gid(chart, "sign")) == set(undetermined)
    assert "待定（数据不足以判定） 15" in said(chart)


@pytest.mark.parametrize("count", range(1, 8))
def test_tones_darken_step_by_step_and_their_letters_can_be_read(count):
    values = [at / 10 for at in range(count)]
    results = table(COUNTIES["yuncheng"], values, threshold=None)
    chart = drawn(results, by="value")
    tones = [fill(step) for step in by_gid(chart, "step").values()]
    light = [contrast(tone, "#000000") for tone in tones]
    assert all(one > 1.3 * other for one, other in itertools.pairwise(light))
    for code, tile in by_gid(chart, "tile").items():
        for kind in ("name", "figure"):
            assert contrast(fill(tile), by_gid(chart, kind)[code].get_color()) >= 4.5


def test_without_a_threshold_the_title_says_from_where_to_where():
    chart = drawn_yuncheng(yuncheng(threshold=None), by="value")
    assert chart.alt.startswith("运城市13个县（市、区）在0%至100%之间（文件未设阈值）。")
    assert "要求" not in said(chart)


def test_large_numbers_are_told_in_wan_or_against_the_threshold():
    values = [123_456_789.0, 9_999_999.5, 1e7, 3.0]
    results = table(COUNTIES["liaoning"], values, target="brand-orgs", threshold=1e7)
    for by in ("verdict", "value"):
        chart = drawn(results, target="brand-orgs", by=by)
        shown = [text.get_text() for text in by_gid(chart, "figure").values()]
        assert shown[:4] == ["1.2亿", "<1,000万", "1,000万", "3"]
        assert_tidy(chart)


def test_colouring_by_anything_else_is_refused():
    with pytest.raises(ValueError, match="by 应为 verdict 或 value，实为 'rank'"):
        drawn(liaoning(), by="rank")


# --- names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "room", "lines"),
    [
        ("铁西区", 0.42, ["铁西区"]),
        ("鲅鱼圈区", 0.3, ["鲅鱼圈"]),
        ("夏县", 0.1, ["夏", "县"]),
        ("宽甸满族自治县", 1.0, ["宽甸满族自治县"]),
        ("宽甸满族自治县", 0.42, ["宽甸县"]),
        ("阜新蒙古族自治县", 0.42, ["阜新县"]),
        ("景宁畲族自治县", 0.42, ["景宁县"]),
        ("喀喇沁左翼蒙古族自治县", 0.42, ["喀喇沁", "左翼县"]),
    ],
)
def test_name_takes_the_longest_form_that_fits(name, room, lines):
    assert name_lines(name, room, 7) == lines


def test_every_name_of_the_five_areas_is_told_without_an_ellipsis():
    for frame, policy in (("liaoning", LIAONING), ("yuncheng", YUNCHENG), ("lishui", LIAONING)):
        results = table(COUNTIES[frame], VALUES, policy=policy, target=policy.targets[0].id)
        chart = drawn(results, policy, policy.targets[0].id)
        assert not [name for name in by_gid(chart, "name").values() if "…" in name.get_text()]


def test_no_two_counties_of_a_city_look_the_same():
    names = by_gid(drawn(liaoning()), "name")
    for city in CITIES:
        shown = [text.get_text() for code, text in names.items() if code.startswith(city)]
        assert len(set(shown)) == len(shown)


# --- at the edges -----------------------------------------------------------------------

CODES = list(COUNTIES["liaoning"])
HOSTILE = [LONG, "$x_1^2$ \\frac", "𠮷\U000f0000村\n{}", "A very long English name", " ", "$"]
EDGES = {
    "all in order": liaoning(),
    "all unknown": table(COUNTIES["liaoning"], [None]),
    "none applicable": liaoning(verdict="not_applicable", value=None, lower=None, upper=None),
    "no threshold": liaoning(threshold=None),
    "all at zero": table(COUNTIES["liaoning"], [0.0]),
    "all at one": table(COUNTIES["liaoning"], [1.0]),
    "hostile names": table(dict(zip(CODES, itertools.cycle(HOSTILE))), VALUES),
    "hostile city": pd.concat([liaoning(), liaoning(level="city", area_code="2101", area=LONG)]),
    "one result of a hundred": liaoning().head(1),
    "close to the threshold": table(COUNTIES["liaoning"], [0.79999999, 0.80000001]),
    "twice the same row": pd.concat([liaoning(), liaoning()]),
}


@pytest.mark.parametrize(("language", "by"), [("zh", "verdict"), ("en", "value")])
@pytest.mark.parametrize("edge", EDGES)
def test_map_at_the_edges_is_tidy(edge, language, by):
    with using(language), warnings.catch_warnings(action="error"):
        chart = drawn(EDGES[edge], by=by, simulated=True)
        assert_tidy(chart)
    assert len(by_gid(chart, "tile")) == 100
    assert chart.alt


@pytest.mark.parametrize("by", ["verdict", "value"])
@pytest.mark.parametrize("frame", ["yuncheng", "yangquan", "lishui", "changzhou"])
def test_map_of_each_area_is_tidy(frame, by):
    chart = drawn(table(COUNTIES[frame], VALUES), by=by)
    assert len(by_gid(chart, "tile")) == len(COUNTIES[frame])
    assert_tidy(chart)


def test_dollar_signs_are_letters():
    chart = drawn_yuncheng(yuncheng(area="$x$"))
    assert {text.get_text() for text in by_gid(chart, "name").values()} == {"$x$"}


def test_not_applicable_counties_say_so():
    results = yuncheng()
    results.loc[0, ["verdict", "value"]] = ["not_applicable", None]
    for by in ("verdict", "value"):
        chart = drawn_yuncheng(results, by=by)
        assert by_gid(chart, "figure")["140802"].get_text() == "不适用"
        assert "不适用 1" in said(chart)


def test_simulated_data_is_marked():
    chart = drawn(liaoning(), simulated=True)
    assert chart.alt.startswith("模拟数据。")
    assert "模拟数据" in said(chart)
    assert "模拟" not in said(drawn(liaoning())) + drawn(liaoning()).alt


def test_english_map_has_no_hanzi_but_names():
    with using("en"):
        chart = drawn_yuncheng(yuncheng(), by="value", simulated=True)
        alt, text = chart.alt, said(chart)
    assert alt.startswith("Simulated data. Of 13 counties in 运城市: 6 met, 5 not met")
    assert "Positions are schematic" in text
    assert "no data" in text
    for name in [*COUNTIES["yuncheng"].values(), "运城市"]:
        alt = alt.replace(name, "")
    assert not [letter for letter in alt if letter >= "\u3000"]


@pytest.mark.parametrize("by", ["verdict", "value"])
def test_same_map_gives_the_same_bytes(by):
    one, two = (drawn_yuncheng(yuncheng(), by=by) for _ in range(2))
    assert one.png() == two.png()
    assert one.svg() == two.svg()


def test_order_of_the_rows_changes_nothing():
    results = liaoning()
    assert drawn(results).png() == drawn(results.iloc[::-1]).png()
