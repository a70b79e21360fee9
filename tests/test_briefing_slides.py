"""Slides: one message each, native charts, the briefing's own texts, whatever names it holds."""

import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Inches

from sanlian_analysis import charts
from sanlian_analysis.briefing import Evaluated, county_briefing, overview_briefing
from sanlian_analysis.briefing.slide_text import Box, cut, cut_list, fitted, lines
from sanlian_analysis.briefing.slides import slides
from sanlian_analysis.briefing.value import Briefing, Native, Series
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.tables import Link, Statement, Table

DATA = Path(__file__).parents[1] / "data"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
OFFICE = [
    pytest.mark.office,
    pytest.mark.xdist_group("office"),
    pytest.mark.skipif(
        shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"
    ),
]

FORMULAS = ("=1+1", "+2", "-3", "@SUM(A1)", "{=4}", "=cmd|' /C calc'!A0", "http://a.example/")
HOSTILE = ("甲\x00\x07\x0b\x1f\ufffe\u202e乙", "<丙>&\"'", "名" * 300, "A" * 300, "_x0007_", "🏘️𠮷")


def line(name="phases-orgs", **changes):
    made = Native(
        name=name,
        kind="line",
        title="东区：91.8%，未达到100%的要求，还差26个社区",
        unit="%",
        categories=("2021年底", "2022年底", "2023年底"),
        series=(
            Series("社会组织", "value", (35.2, None, 91.8), ("35.2%", "", "91.8%")),
            Series("目标", "threshold", (40.0, 80.0, 100.0), ("40%", "80%", "100%")),
            Series("下界", "lower", (32.3, 66.2, 86.7), ("32.3%", "66.2%", "86.7%")),
            Series("上界", "upper", (40.5, 73.8, 92.3), ("40.5%", "73.8%", "92.3%")),
        ),
        source="依据：《某方案》〔2021〕158号，三(三)",
        sentence="每个社区拥有不少于10个社会组织",
        alt="东区：社会组织的占比（%）",
    )
    return replace(made, **changes)


def bar(names=("一街道", "二街道", "三街道"), name="ranking-orgs-street", unit="%"):
    figures = tuple(float(90 - 2 * i) for i in range(len(names)))
    labels = tuple(f"{90 - 2 * i}{unit}" for i in range(len(names)))
    return Native(
        name=name,
        kind="bar",
        title="社会组织：3个街道中，1个达标",
        unit=unit,
        categories=tuple(names),
        series=(
            Series("社会组织", "value", figures, labels),
            Series("目标", "threshold", (80.0,) * len(names), (f"80{unit}",) * len(names)),
        ),
        source="依据：《某方案》，三(三)",
        sentence="每个社区拥有不少于10个社会组织",
        alt="社会组织 · 2023年底",
    )


def table(rows, header=("代码", "村（社区）", "尚缺"), caption="未达标准的村（社区）", notes=()):
    return Table(caption, header, tuple(rows), frozenset(), notes, True)


def briefing(**changes):
    key = Table(
        "各项指标",
        ("指标", "数值", "目标", "判定", "还差"),
        (
            (Link("社会组织", "x"), "91.8%", "≥ 100%", "◆ 未达标", "26"),
            ("骨干培训", "100%", "≥ 100%", "● 达标", "0"),
            ("品牌项目", "–", "≥ 80个", "△ 待定", "1,585"),
        ),
        frozenset({1, 2, 4}),
        ("上下界：未知单位全当作不达标、全当作达标时的结果。",),
        True,
    )
    made = Briefing(
        kind="county",
        language="zh",
        code="210106",
        name="东区",
        date=dt.date(2023, 12, 31),
        title="东区　某省2021",
        policy="某省2021",
        headline=Statement(
            "东区（210106）　截至2023-12-31",
            ("应考核的 3 项目标：● 达标 1、◆ 未达标 1、△ 待定 1。",),
            True,
            ("社会组织：91.8%，还差26个社区", "品牌项目：还差1,585个"),
        ),
        key=key,
        short=table([("210106001001", "甲社区", "组织数 ≥ 10：现为 7，差 3")]),
        clauses=table(
            [("社会组织", "三(三)", "“每个社区不少于10个”", "占比：组织数 ≥ 10")],
            ("指标", "条款", "原文", "计算"),
            "《某方案》〔2021〕158号",
        ),
        tables=(),
        charts=(),
        natives=(line(), bar()),
        method=("分母是名录中的全部适用单位。", "比较用精确分数。"),
        provenance=(("台账", "东区.xlsx（SHA-256 0123456789ab…）"), ("软件", "sanlian 0.1.0")),
        results=pd.DataFrame(),
        components=pd.DataFrame(),
        simulated=True,
    )
    return replace(made, **changes)


def opened(data):
    return Presentation(io.BytesIO(data))


def parts(data, pattern):
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = [name for name in package.namelist() if re.fullmatch(pattern, name)]
        return {name: package.read(name) for name in names}


def trees(data, pattern):
    return [etree.fromstring(part) for part in parts(data, pattern).values()]


def words(slide):
    """Every text of a slide that is seen, charts left out."""
    found = [run.text or "" for run in slide.element.iter(f"{A}t")]
    return "\n".join(found)


def titles(data):
    return [slide.shapes.title.text_frame.text for slide in opened(data).slides]


def chart_shapes(data):
    return [shape for slide in opened(data).slides for shape in slide.shapes if shape.has_chart]


def tables_of(data):
    return [
        [[cell.text for cell in row.cells] for row in shape.table.rows]
        for slide in opened(data).slides
        for shape in slide.shapes
        if shape.has_table
    ]


def books(data):
    found = parts(data, r"ppt/embeddings/.*\.xlsx").values()
    return [openpyxl.load_workbook(io.BytesIO(book)).active for book in found]


@pytest.fixture(scope="session")
def deck():
    return slides(briefing())


@pytest.fixture(scope="session")
def real():
    ledger = read_ledger(DATA / "ledgers/yuncheng-2019.xlsx", DATA / "frames/yuncheng.csv")
    found = Evaluated(ledger, load_policy("yuncheng-2019"))
    date = ledger.dates[-1]
    return {
        "county": county_briefing(found, "140802", date),
        "overview": overview_briefing(found, "1408", date),
    }


@pytest.fixture(scope="session")
def real_decks(real):
    return {kind: slides(made) for kind, made in real.items()}


# --- the deck ---------------------------------------------------------------------------


def test_deck_is_16_to_9_with_one_message_per_slide(deck):
    shown = opened(deck)
    assert round(shown.slide_width / shown.slide_height, 3) == round(16 / 9, 3)
    assert titles(deck) == [
        "东区　某省2021",
        "东区（210106）　截至2023-12-31",
        "东区：各项指标",
        "东区：91.8%，未达到100%的要求，还差26个社区",
        "社会组织：3个街道中，1个达标",
        "未达标准的村（社区）",
        "《某方案》〔2021〕158号",
        "方法与来源",
    ]


def test_title_slide_names_area_document_and_date(deck):
    text = words(opened(deck).slides[0])
    assert all(part in text for part in ("东区", "某省2021", "《某方案》", "2023-12-31"))


def test_every_slide_but_the_first_has_source_date_and_page(deck):
    for number, slide in enumerate(opened(deck).slides, 1):
        if number == 1:
            continue
        kinds = {
            shape.placeholder_format.type: shape.text_frame.text for shape in slide.placeholders
        }
        footer, date, page = (kinds[kind] for kind in (15, 16, 13))
        assert footer.startswith("依据：")
        assert date == "2023-12-31"
        assert page == str(number)


@pytest.mark.parametrize("simulated", [True, False])
def test_mark_of_simulated_data(simulated):
    shown = opened(slides(briefing(simulated=simulated)))
    assert {"模拟数据" in words(slide) for slide in shown.slides} == {simulated}


def test_every_number_stands_in_the_deck(real, real_decks):
    for kind, made in real.items():
        said = [*made.headline.sentences, *made.headline.details]
        said += [str(cell) for row in made.key.rows for cell in row]
        said += [text for native in made.natives for one in native.series for text in one.labels]
        seen = " ".join(
            text
            for tree in trees(real_decks[kind], r"ppt/(slides|charts|notesSlides)/[^/]*\.xml")
            for text in tree.itertext()
        )
        wanted = {number for text in said for number in NUMBER.findall(text)}
        assert wanted <= set(NUMBER.findall(seen))


def test_finding_is_given_whole(deck):
    text = words(opened(deck).slides[1])
    said = briefing().headline
    assert all(part in text for part in (*said.sentences, *said.details))


def test_key_table_and_its_tints(deck):
    first = tables_of(deck)[0]
    assert first[0] == list(briefing().key.header)
    assert first[1:] == [[str(cell) for cell in row] for row in briefing().key.rows]
    xml = etree.tostring(opened(deck).slides[2].element).decode()
    assert all(tint in xml for tint in ("F5B68C", "B7D9EE", "E6E6E6"))


def test_long_key_table_is_split_evenly():
    rows = tuple((f"指标{i}", f"{i}%", "≥ 1%", "● 达标", "0") for i in range(13))
    made = briefing(key=replace(briefing().key, rows=rows))
    data = slides(made)
    shown = [grid for grid in tables_of(data) if grid[0][0] == "指标" and len(grid[0]) == 5]
    assert [len(grid) - 1 for grid in shown] == [7, 6]
    assert [row[0] for grid in shown for row in grid[1:]] == [row[0] for row in rows]
    assert {"东区：各项指标（1/2）", "东区：各项指标（2/2）"} <= set(titles(data))


@pytest.mark.parametrize(
    ("count", "total", "told"),
    [
        (24, None, None),
        (40, None, "共 40 行，此处列出 24 行，工作簿列出全部。"),
        (500, 2387, "共 2,387 行，此处列出 24 行，工作簿列出 500 行。"),
    ],
)
def test_those_who_fall_short_take_two_slides_at_most(count, total, told):
    rows = [(f"{i:012d}", f"第{i}社区", "差 3") for i in range(count)]
    shown = opened(slides(briefing(short=replace(table(rows), total=total)))).slides
    pages = [slide for slide in shown if slide.shapes.title.text_frame.text.startswith("未达标准")]
    assert len(pages) == 2
    assert "第23社区" in words(pages[1])
    assert "第24社区" not in words(pages[1])
    assert "此处列出" not in words(pages[0])
    assert (told in words(pages[1])) if told else ("此处列出" not in words(pages[1]))
    notes = pages[1].notes_slide.notes_text_frame.text
    assert (told or "") in notes


def test_notes_of_several_documents_stand_on_every_slide_of_the_list():
    notes = ("运城2019：66 个", "辽宁2021：73 个")
    rows = [(f"{i:012d}", f"第{i}社区", "差 3") for i in range(40)]
    shown = opened(slides(briefing(short=table(rows, notes=notes)))).slides
    pages = [slide for slide in shown if slide.shapes.title.text_frame.text.startswith("未达标准")]
    assert all(note in words(page) for note in notes for page in pages)


def test_quotation_marks_inside_a_quotation_are_single_ones():
    made = briefing(natives=(line(sentence="开展“三社联动”"),))
    assert "“开展‘三社联动’”" in opened(slides(made)).slides[3].notes_slide.notes_text_frame.text


def test_nobody_falls_short():
    data = slides(briefing(short=table([], notes=("没有单位落在标准之外。",))))
    assert "没有单位落在标准之外。" in words(opened(data).slides[5])


def test_clauses_are_six_to_a_slide():
    rows = [(f"指标{i}", f"三({i})", "“原文”", "占比") for i in range(8)]
    made = briefing(clauses=table(rows, ("指标", "条款", "原文", "计算"), "《某方案》"))
    shown = [grid for grid in tables_of(slides(made)) if grid[0][0] == "指标"]
    assert [len(grid) - 1 for grid in shown[1:]] == [4, 4]


def test_english_deck():
    with using("zh"):
        data = slides(briefing(language="en"))
    assert titles(data)[-1] == "Method and provenance"
    assert all("Simulated data" in words(slide) for slide in opened(data).slides)


# --- charts -----------------------------------------------------------------------------


def test_charts_are_native_with_the_exact_figures(deck):
    assert not parts(deck, r"ppt/media/.*")
    phases, ranking = (shape.chart for shape in chart_shapes(deck))
    assert [type(plot).__name__ for plot in phases.plots] == ["BarPlot", "LinePlot"]
    drawn = {one.name: tuple(one.values) for plot in phases.plots for one in plot.series}
    assert drawn == {one.name: one.values for one in line().series}
    assert tuple(phases.plots[1].categories) == line().categories
    (plot,) = ranking.plots
    assert {one.name: tuple(one.values) for one in plot.series} == {
        one.name: one.values for one in bar().series
    }
    assert ranking.value_axis.minimum_scale == 0
    assert ranking.category_axis.reverse_order
    assert ranking.element.find(f".//{C}barDir").get("val") == "bar"


def test_demand_is_a_staircase_behind_the_lines(deck):
    steps = chart_shapes(deck)[0].chart.element.find(f".//{C}barChart")
    assert steps.find(f"{C}gapWidth").get("val") == "0"
    assert steps.find(f".//{C}tx//{C}v").text == "目标"
    assert not steps.findall(f".//{C}marker")


def test_labels_are_written_as_everywhere():
    patterned = ("40%", "1,585个", "35.25")
    assert pattern_of((40.0,), patterned[:1]) == 'General"%"'
    assert pattern_of((1585.0, 12.0), ("1,585个", "12个")) == '#,##0"个"'
    assert pattern_of((35.25, None), ("35.25", "")) == "General"


def pattern_of(values, labels):
    made = slides(briefing(natives=(line(series=(Series("数", "value", values, labels),),
                                         categories=tuple("甲乙")[: len(values)]),)))  # fmt: skip
    return chart_shapes(made)[0].chart.plots[0].series[0].data_labels.number_format


@pytest.mark.parametrize("labels", [("1/3", "1"), ("1,234.5个", "1个"), ("40%", "12个")])
def test_labels_that_no_format_writes_are_texts(labels):
    figures = (1 / 3, 1.0) if "/" in labels[0] else (1234.5, 1.0)
    made = slides(briefing(natives=(line(series=(Series("数", "value", figures, labels),),
                                         categories=("甲", "乙")),)))  # fmt: skip
    rich = chart_shapes(made)[0].chart.element.iter(f"{A}t")
    assert tuple(text.text for text in rich) == labels


def test_many_bars_stand_in_two_charts_of_one_scale():
    names = tuple(f"街道{i}" for i in range(21))
    left, right = (shape.chart for shape in chart_shapes(slides(briefing(natives=(bar(names),)))))
    assert (*left.plots[0].categories, *right.plots[0].categories) == names
    assert left.value_axis.maximum_scale == right.value_axis.maximum_scale


@pytest.mark.parametrize(
    "series",
    [
        (),
        (Series("数", "value", (None, None, None), ("",) * 3),),
        (Series("目标", "threshold", (1.0, 2.0, 3.0), ("1", "2", "3")),),
    ],
)
def test_nothing_to_draw(series):
    data = slides(briefing(natives=(line(series=series),)))
    assert not chart_shapes(data)
    assert "没有可以画的数字。" in words(opened(data).slides[3])


def test_area_without_a_figure_says_so():
    series = (
        Series("数", "value", (5.0, None), ("5%", "")),
        Series("目标", "threshold", (4.0, 4.0), ("4%", "4%")),
    )
    native = replace(bar(("甲", "乙")), series=series)
    chart = chart_shapes(slides(briefing(natives=(native,))))[0].chart
    assert [text.text for text in chart.element.iter(f"{A}t")] == ["没有数字"]


def twin(name):
    """The name of the native chart that shows what a picture shows."""
    kind, _, target = name.partition("-")
    return f"{ {'milestones': 'phases', 'ranked': 'ranking'}.get(kind, kind) }-{target}"


def test_pictures_stand_only_where_there_is_no_native_chart(real, real_decks):
    for kind, made in real.items():
        shown = opened(real_decks[kind]).slides
        pictures = [
            shape.name.rpartition("-")[0]
            for slide in shown
            for shape in slide.shapes
            if shape.shape_type == MSO_SHAPE_TYPE.PICTURE
        ]
        natives = {native.name for native in made.natives}
        left = [chart.name for chart in made.charts if twin(chart.name) not in natives]
        assert list(dict.fromkeys(pictures)) == left
        assert len({shape.name.rpartition("-")[0] for shape in chart_shapes(real_decks[kind])}) == (
            len(natives)
        )


def test_tall_picture_is_cut_into_strips_side_by_side():
    tall = charts.Chart("tall", "模拟数据。一句话。细节。", 14, title="一句话。两句话")
    made = briefing(charts=(tall,))
    slide = opened(slides(made)).slides[5]
    assert slide.shapes.title.text_frame.text == "一句话。两句话"
    strips = [shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]
    assert len(strips) > 1
    edges = [(shape.crop_top, 1 - shape.crop_bottom) for shape in strips]
    assert edges[0][0] == 0
    assert edges[-1][1] == pytest.approx(1)
    assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(edges))
    assert len(parts(slides(made), r"ppt/media/.*")) == 1


# --- letters, notes, alternative texts --------------------------------------------------


def test_every_run_has_a_hanzi_font(real_decks, deck):
    for data in (*real_decks.values(), deck):
        runs = 0
        for tree in trees(data, r"ppt/(slides|notesSlides)/[^/]*\.xml"):
            for run in tree.iter(f"{A}r", f"{A}fld"):
                assert run.find(f"{A}rPr/{A}ea").get("typeface") == "微软雅黑"
                assert run.find(f"{A}rPr/{A}latin") is not None
                runs += 1
        assert runs > 50
        for tree in trees(data, r"ppt/charts/[^/]*\.xml"):
            letters = list(tree.iter(f"{A}defRPr", f"{A}rPr"))
            assert letters
            assert all(one.find(f"{A}ea") is not None for one in letters)
        (theme,) = trees(data, r"ppt/theme/theme1\.xml")
        assert {font.get("typeface") for font in theme.iter(f"{A}ea")} >= {"微软雅黑"}


def test_letters_are_large_enough(deck):
    for slide in opened(deck).slides:
        title = slide.shapes.title.text_frame.paragraphs[0].runs[0]
        assert title.font.size.pt >= 24
    assert all(
        run.font.size.pt >= 14
        for shape in opened(deck).slides[1].shapes
        if shape.name.startswith("TextBox")
        for paragraph in shape.text_frame.paragraphs
        for run in paragraph.runs
    )


def test_notes_carry_clause_and_sentence(deck):
    notes = [slide.notes_slide.notes_text_frame.text for slide in opened(deck).slides]
    assert all(note.startswith("模拟数据") for note in notes)
    assert "三(三)" in notes[2]
    assert "“每个社区不少于10个”" in notes[2]
    for note in notes[3:5]:
        assert "“每个社区拥有不少于10个社会组织”" in note
        assert "三(三)" in note
    assert "社会组织：2021年底 35.2%，2023年底 91.8%" in notes[3]


def test_pictures_charts_and_tables_have_alternative_texts(real_decks):
    for data in real_decks.values():
        for slide in opened(data).slides:
            for shape in slide.shapes:
                if shape.has_chart or shape.has_table or hasattr(shape, "crop_top"):
                    said = shape.element.xpath(".//p:cNvPr")[0].get("descr")
                    assert said.startswith("模拟数据。")
                    assert len(said) > 10


# --- hostile names ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def hostile():
    names = (*HOSTILE, *FORMULAS)
    one = HOSTILE[0]
    rows = [(name, name, "；".join([name] * 3)) for name in names]
    return slides(
        briefing(
            name=HOSTILE[2],
            title=HOSTILE[2],
            policy=HOSTILE[1],
            headline=Statement(HOSTILE[3], names * 3, True, names),
            key=replace(
                briefing().key,
                rows=tuple((name, "1", "≥ 2", "● 达标", "3") for name in names),
            ),
            short=table(rows, caption=one),
            clauses=table([(*row, "x") for row in rows], ("指标", "条款", "原文", "计算"), one),
            natives=(
                bar(names),
                line(title=HOSTILE[3], categories=(*HOSTILE[1:3], "=A1"), source=HOSTILE[2]),
            ),
            provenance=tuple((name, name) for name in names),
            method=names,
        )
    )


def test_hostile_names_do_no_harm(hostile):
    for name, part in parts(hostile, r".*\.(xml|rels)").items():
        etree.fromstring(part)
        text = part.decode("utf-8")
        assert not re.search(r"_x00(?!07_)|[\ufffe\u202e]", text), name
    text = "\n".join(words(slide) for slide in opened(hostile).slides)
    assert "甲 乙" in text
    assert "<丙>&\"'" in text
    assert "=1+1" in text


def test_nothing_leaves_the_slide(hostile, real_decks):
    for data in (hostile, *real_decks.values()):
        shown = opened(data)
        for slide in shown.slides:
            title = slide.shapes.title
            for shape in slide.shapes:
                where = f"{shape.name}: {slide.shapes.title.text_frame.text[:20]}"
                assert shape.left >= 0, where
                assert shape.top >= 0, where
                assert shape.left + shape.width <= shown.slide_width, where
                assert shape.top + shape.height <= shown.slide_height, where
                if shape.has_chart or shape.has_table or hasattr(shape, "crop_top"):
                    assert shape.top >= title.top + title.height, where
                    assert shape.top + shape.height <= Inches(6.98), where
            size = title.text_frame.paragraphs[0].runs[0].font.size.pt
            room = title.width / Inches(1) - 0.2
            assert lines(title.text_frame.text, room, size) <= 2


def test_no_formula_in_the_workbooks_behind_charts(hostile):
    for part in parts(hostile, r"ppt/embeddings/.*\.xlsx").values():
        assert not any(tree.findall(".//{*}f") for tree in trees(part, r"xl/worksheets/.*\.xml"))
        assert not parts(part, r".*hyperlink.*|xl/worksheets/_rels/.*")
    cells = [row[0].value for sheet in books(hostile) for row in sheet.iter_rows(min_row=2)]
    assert set(FORMULAS) <= set(cells)
    assert all(
        row[0].data_type == "s" for sheet in books(hostile) for row in sheet.iter_rows(min_row=2)
    )


# --- a user's template ------------------------------------------------------------------


def template(change=lambda deck: None, *, wide=10.0):
    deck = Presentation()
    deck.slide_width = Inches(wide)
    old = deck.slides.add_slide(deck.slide_layouts[1])
    old.shapes.title.text = "旧的一页"
    for layout in deck.slide_layouts:
        layout.element.cSld.set("name", "某版式")
    change(deck)
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def test_template_of_the_user(tmp_path):
    path = tmp_path / "模板.pptx"
    path.write_bytes(template())
    data = slides(briefing(), path)
    shown = opened(data)
    assert shown.slide_width == Inches(10)
    assert len(shown.slides) == len(titles(data)) == 8
    assert "旧的一页" not in " ".join(map(words, shown.slides))
    assert {slide.slide_layout.name for slide in shown.slides} == {"某版式"}
    kinds = [slide.slide_layout.element.get("type") for slide in shown.slides]
    assert kinds == ["title", *["titleOnly"] * 7]
    for slide in shown.slides:
        for shape in slide.shapes:
            assert shape.left + shape.width <= shown.slide_width
    assert data == slides(briefing(), path.read_bytes())


def test_template_without_a_title_layout_takes_what_it_has():
    def bare(deck):
        old = deck.slides._sldIdLst[0]
        deck.part.drop_rel(old.rId)
        deck.slides._sldIdLst.remove(old)
        for layout in list(deck.slide_layouts):
            if layout.element.get("type") != "blank":
                deck.slide_layouts.remove(layout)

    shown = opened(slides(briefing(), template(bare)))
    assert "东区：各项指标" in words(shown.slides[2])


def test_template_with_hanzi_font_keeps_it():
    def lettered(deck):
        theme = deck.slide_master.part.part_related_by(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships/theme"
        )
        theme.blob = theme.blob.replace(b'<a:ea typeface=""/>', '<a:ea typeface="楷体"/>'.encode())

    (first, *_) = trees(slides(briefing(), template(lettered)), r"ppt/slides/slide1\.xml")
    assert {font.get("typeface") for font in first.iter(f"{A}ea")} == {"+mn-ea"}


def retyped(data, kind):
    """A presentation that says in its list of contents that it is of another kind."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "[Content_Types].xml":
                content = content.replace(b"openxmlformats-officedocument.presentationml."
                                          b"presentation.main", kind)  # fmt: skip
            new.writestr(name, content)
    return stream.getvalue()


def test_potx_is_taken_as_a_template():
    kind = b"openxmlformats-officedocument.presentationml.template.main"
    data = slides(briefing(), retyped(template(), kind))
    assert len(opened(data).slides) == 8
    assert b"template.main" not in parts(data, r"\[Content_Types\]\.xml")["[Content_Types].xml"]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"not a zip",
        template()[:-400],
        (DATA / "ledgers/yuncheng-2019.xlsx").read_bytes(),
        retyped(template(), b"ms-powerpoint.presentation.macroEnabled.main"),
        Path("/nowhere/模板.pptx"),
        DATA,
    ],
    ids=["empty", "text", "torn", "workbook", "macros", "missing", "folder"],
)
def test_template_that_is_none_is_refused(wrong):
    with pytest.raises(SanlianError):
        slides(briefing(), wrong)


# --- the same bytes ---------------------------------------------------------------------


def test_same_briefing_same_bytes(deck, monkeypatch):
    class Later(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 1, 1, tzinfo=tz)

    monkeypatch.setattr(dt, "datetime", Later)
    monkeypatch.setattr("time.time", lambda: 1_900_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 1, 1, 0, 0, 0, 0, 1, 0))
    assert slides(briefing()) == deck
    with zipfile.ZipFile(io.BytesIO(deck)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_properties_of_the_file(deck):
    about = opened(deck).core_properties
    assert about.title == "东区　某省2021"
    assert about.created == about.modified == dt.datetime(2023, 12, 31)
    assert about.keywords == "模拟数据"


# --- texts that fit ---------------------------------------------------------------------


def test_cut_leaves_no_part_of_a_figure():
    for room in (1.0, 1.3, 1.6, 1.9, 2.2, 2.6):
        shown = cut("某某区城市社区社会组织现有12345个未达标", room, 14)
        assert lines(shown, room, 14) == 1
        assert re.sub(r"\D", "", shown) in ("", "12345")


def test_list_is_cut_between_its_items():
    text = "甲组织：现为 7，差 3；乙组织：现为 9，差 1；丙组织：否"
    assert cut_list(text, 20, 14, 1) == text
    assert cut_list(text, 4.2, 14, 1) == "甲组织：现为 7，差 3；…"


def test_title_grows_on_one_line_and_shrinks_on_two():
    box = Box(0, 0, 10, 1)
    assert fitted("短标题", box, (30, 28, 24, 20)) == ("短标题", 30)
    text, size = fitted("很长的标题" * 9, box, (30, 28, 24, 20))
    assert (text, size) == ("很长的标题" * 9, 24)
    text, size = fitted("很长的标题" * 60, box, (30, 28, 24, 20))
    assert "…" in text
    assert lines(text, 10, size) <= 2


# --- in an office program ---------------------------------------------------------------


class TestOffice:
    """LibreOffice opens the deck and shows every slide."""

    pytestmark = OFFICE

    def test_opens(self, hostile, real_decks, tmp_path):
        decks = {"hostile": hostile, "county": real_decks["county"]}
        for name, data in decks.items():
            (tmp_path / f"{name}.pptx").write_bytes(data)
        subprocess.run(
            [
                "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
                "--norestore", "--convert-to", "pdf", "--outdir", str(tmp_path),
                *(str(tmp_path / f"{name}.pptx") for name in decks),
            ],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        for name, data in decks.items():
            pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / f"{name}.pdf").read_bytes())
            assert len(pages) == len(opened(data).slides)
