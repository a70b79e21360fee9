"""The briefing as a Word document: the page of GB/T 9704, every text in it, and strange names."""

import dataclasses
import datetime as dt
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn

from sanlian_analysis import breakdown, briefing, evaluation
from sanlian_analysis.briefing import Briefing, Native, Series
from sanlian_analysis.briefing.document import document
from sanlian_analysis.charts.figure import Caption, compose
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.tables import Link, Statement, Table

DAY = dt.date(2023, 12, 31)
DATA = Path(__file__).parents[1] / "data"
HOSTILE = "=cmd|' /C calc'!A0\x07\x00<b>&amp;\ufffe\nhttp://x.y \u202e" + "东风新村" * 75

OFFICE = [
    pytest.mark.office,
    pytest.mark.xdist_group("office"),
    pytest.mark.skipif(
        shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"
    ),
]


# --- briefings by hand --------------------------------------------------------------------


def result(target="orgs", verdict="not_met", **changes):
    """One row of the results table."""
    row = dict.fromkeys(evaluation.COLUMNS)
    row |= {
        "policy": "liaoning-2021", "target": target, "reading": "primary", "level": "county",
        "area_code": "210106", "area": "铁西区", "date": pd.Timestamp(DAY),
        "due": pd.Timestamp(DAY), "numerator": 2.0, "denominator": 3.0, "unknown": 1,
        "value": 2 / 3, "lower": 1 / 3, "upper": 0.1 + 0.2, "threshold": 1.0, "verdict": verdict,
        "binding": True, "stable": False, "shortfall": 1, "clause": "三(三)", "assumed": "",
    }  # fmt: skip
    return row | changes


def component(row):
    """The row of the components table that belongs to a row of results."""
    blank = dict.fromkeys(breakdown.COLUMNS)
    counts = dict.fromkeys(["units", *breakdown.STATUSES, "reported"], 1)
    figures = dict.fromkeys(["value_frame", "value_reported", "value_complete"], row["value"])
    told = {"comparison": "2 ÷ 3", "calculation": "占比", "sentence": "原文"}
    return blank | {key: row[key] for key in row if key in blank} | counts | figures | told


def frames(rows):
    results = pd.DataFrame(rows, columns=evaluation.COLUMNS)
    results["shortfall"] = results["shortfall"].astype("Int64")
    components = pd.DataFrame(map(component, rows), columns=breakdown.COLUMNS)
    names, units = {"orgs": "社会组织名", "brand": "品牌名"}, {"orgs": "%", "brand": "个"}
    for place, known in enumerate((names, units)):
        for table in (results, components):
            table.insert(place, ("indicator", "unit")[place], table["target"].map(known))
    return results, components


def drawn(name="milestones-orgs", height=1.0):
    caption = Caption("铁西区66.7%。未达到100%的要求", "占比", "依据", "2022年底50%")
    return compose(name, caption, body=height, entries=(), simulated=True)


def native(kind="line", name="铁西区", labels=("50%", "66.7%")):
    return Native(
        name=f"phases-{kind}",
        kind=kind,
        title=f"{name}：66.7%",
        unit="%",
        categories=("2022年底", name),
        series=(
            Series("社会组织", "value", (50.0, 66.7), labels),
            Series("目标", "threshold", (None, 100.0), ("", "100%")),
            *((Series("下界", "lower", (40.0, None), ("40%", "")),) if kind == "line" else ()),
        ),
        source="依据：三(三)",
        sentence="每个社区不少于10个",
        alt=f"{name}的占比",
    )


def made(name="铁西区", *, short=2, rows=None, **changes):
    """A small briefing with all its parts; `name` stands wherever a ledger's name can."""
    if rows is None:
        rows = [result(area=name), result("brand", "met", value=72.0, threshold=50.0)]
    results, components = frames(rows)
    key = Table(
        "考核的指标",
        ("指标", "数值", "判定", "还差"),
        ((name, "66.7%", "◆ 未达标", "1"), (Link("品牌", "x"), "72", "● 达标", "0")),
        frozenset({1, 3}),
        ("上下界：注",),
        simulated=True,
    )
    units = tuple((f"{210106001001 + n}", name, "甲街道", "差 3") for n in range(short))
    details = Table(
        "计算明细（全部）",
        ("指标", "数值", "÷名录"),
        (("社会组织名", "66.7%", "66.7%"), ("品牌名", "72", "72")),
        frozenset({1, 2}),
        ("三个分母",),
        anchors=("components-orgs-primary", "components-brand-primary"),
    )
    whole = Briefing(
        kind="county",
        language="zh",
        code="210106",
        name=name,
        date=DAY,
        title=f"{name}　辽宁2021",
        policy="辽宁2021",
        headline=Statement(
            f"{name}（210106）　截至2023-12-31", ("应考核的2项目标：◆ 未达标 1",), True,
            (f"{name}：66.7%，还差1个", "品牌：72个，达到50个的要求"),
        ),
        key=key,
        short=Table(f"未达标准：{short} 个", ("代码", "村（社区）", "街道", "尚缺"), units),
        clauses=Table("《方案》", ("指标", "条款", "原文"), (("社会组织", "三(三)", f"“{name}”"),)),
        tables=(details, dataclasses.replace(details, caption="计算明细：其他", anchors=())),
        charts=tuple(drawn(f"chart-{n}", height) for n, height in enumerate((1, 3, 9, 1, 1))),
        natives=(native("line", name), native("bar", name)),
        method=("分母是名录中的全部适用单位。", "下界达到目标才算达标。"),
        provenance=(("台账", name), ("统计时点", "2023-12-31")),
        results=results,
        components=components,
        simulated=True,
    )  # fmt: skip
    return dataclasses.replace(whole, **changes)


def real(language="zh", kind="county"):
    """The briefing of a real ledger."""
    ledger = read_ledger(DATA / "ledgers/yuncheng-2019.xlsx", DATA / "frames/yuncheng.csv")
    with using(language):
        found = briefing.Evaluated(ledger, load_policy("yuncheng-2019"))
        if kind == "county":
            return briefing.county_briefing(found, "140802", ledger.dates[-1])
        return briefing.overview_briefing(found, "1408", ledger.dates[-1])


@pytest.fixture(scope="session")
def county():
    return real()


def converted(content, suffix, folder):
    """The PDF that LibreOffice makes of a file."""
    (folder / f"in{suffix}").write_bytes(content)
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
            "--norestore", "--convert-to", "pdf", "--outdir", str(folder), f"in{suffix}",
        ],
        check=True, capture_output=True, timeout=300, cwd=folder,
    )  # fmt: skip
    return (folder / "in.pdf").read_bytes()


# --- reading it back ----------------------------------------------------------------------


def opened(content):
    return docx.Document(io.BytesIO(content))


def text_of(element):
    return "".join(node.text or "" for node in element.iter(qn("w:t")))


def lines(word):
    """Style and text of every paragraph outside the tables."""
    return [(p.style.name, p.text) for p in word.paragraphs]


def styled(word, style):
    return [text for name, text in lines(word) if name == style]


def whole_text(word):
    return text_of(word.element.body)


def heads_and_feet(word):
    section = word.sections[0]
    return [section.header, section.even_page_header, section.footer, section.even_page_footer]


def all_runs(word):
    places = [word.element.body, *(part._element for part in heads_and_feet(word))]
    return [run for place in places for run in place.iter(qn("w:r"))]


def fonts(run):
    return run.find(qn("w:rPr")).find(qn("w:rFonts")).attrib


def cells(table):
    return [[text_of(cell) for cell in row.iter(qn("w:tc"))] for row in table._tbl.tr_lst]


# --- the page -----------------------------------------------------------------------------


def test_page_is_that_of_the_standard():
    section = opened(document(made())).sections[0]
    assert [round(side.mm) for side in (section.page_width, section.page_height)] == [210, 297]
    margins = (section.top_margin, section.right_margin, section.bottom_margin, section.left_margin)
    assert [round(side.mm) for side in margins] == [37, 26, 35, 28]


def test_chinese_styles_have_the_fonts_sizes_and_lines_of_the_standard():
    styles = opened(document(made())).styles
    for name, font, points in (
        ("Title", "方正小标宋简体", 22),
        ("Heading 1", "黑体", 16),
        ("Heading 2", "楷体_GB2312", 16),
        ("Body Text", "仿宋_GB2312", 16),
        ("Large Table", "仿宋_GB2312", 12),
        ("Small Table", "仿宋_GB2312", 10.5),
        ("Footer", "宋体", 14),
    ):
        properties = styles[name].element.rPr
        assert properties.find(qn("w:rFonts")).get(qn("w:eastAsia")) == font, name
        assert styles[name].font.size.pt == points, name
    for name in ("Body Text", "Heading 1", "Heading 2"):
        layout = styles[name].paragraph_format
        assert 28 <= layout.line_spacing.pt <= 29
        indent = styles[name].element.pPr.find(qn("w:ind"))
        assert indent.get(qn("w:firstLineChars")) == "200"
        assert indent.get(qn("w:firstLine")) == "640"
    assert styles["Title"].paragraph_format.alignment == 1
    assert styles["Figure"].paragraph_format.line_spacing == 1  # a fixed one would cut pictures


def test_22_lines_of_28_characters_fill_the_type_area():
    styles = opened(document(made())).styles
    body = styles["Body Text"]
    spacing = int(body.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert 28 * (16 + spacing) <= 156 / 25.4 * 72 < 29 * (16 + spacing)
    line = body.paragraph_format.line_spacing.pt
    assert 22 * line <= 225 / 25.4 * 72 < 23 * line


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_run_names_its_east_asian_font_and_none_is_embedded(language):
    content = document(made(language=language))
    word = opened(content)
    runs = all_runs(word)
    assert len(runs) > 60
    assert all(fonts(run).get(qn("w:eastAsia")) for run in runs)
    assert not any("Theme" in key for run in runs for key in fonts(run))
    hints = {fonts(run).get(qn("w:hint")) for run in runs}
    assert hints == ({"eastAsia"} if language == "zh" else {None})
    assert not any("font" in name and name.endswith(("odttf", "ttf")) for name in names(content))
    assert b"embed" not in part(content, "word/fontTable.xml")
    defaults = word.styles.element.find(qn("w:docDefaults"))
    assert not any("Theme" in key for node in defaults.iter() for key in node.attrib)


def names(content):
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def part(content, name):
    return zipfile.ZipFile(io.BytesIO(content)).read(name)


def test_fonts_are_known_by_their_other_names():
    table = part(document(made()), "word/fontTable.xml").decode()
    assert 'w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in table
    assert 'w:name="方正小标宋简体"><w:altName' in table


def test_page_numbers_stand_outside_between_dashes():
    word = opened(document(made()))
    assert word.settings.odd_and_even_pages_header_footer
    section = word.sections[0]
    for foot, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        assert text_of(foot._element) == "— 1 —"
        assert foot._element.find(f".//{qn('w:fldSimple')}").get(qn("w:instr")) == "PAGE"
        assert foot._element.find(f".//{qn('w:jc')}").get(qn("w:val")) == side
        assert foot._element.find(f".//{qn('w:ind')}").get(qn(f"w:{side}Chars")) == "100"


@pytest.mark.parametrize(("language", "mark"), [("zh", "模拟数据"), ("en", "Simulated data")])
def test_simulated_data_are_marked_on_every_page(language, mark):
    word = opened(document(made(language=language)))
    section = word.sections[0]
    assert not section.different_first_page_header_footer
    for head in (section.header, section.even_page_header):
        assert text_of(head._element).strip() == mark
    assert word.core_properties.comments == mark


def test_real_data_are_not_marked():
    word = opened(document(made(simulated=False, charts=())))
    assert "模拟" not in "".join(text_of(part._element) for part in heads_and_feet(word))
    assert word.core_properties.comments == ""


# --- what it says -------------------------------------------------------------------------


def test_sections_are_numbered_as_offices_number_them():
    word = opened(document(made()))
    assert styled(word, "Heading 1") == [
        "一、主要结论", "二、指标完成情况", "三、图示", "四、未达标准的村（社区）",
        "五、政策依据", "六、计算方法", "附注",
    ]  # fmt: skip
    assert styled(word, "Title") == ["铁西区　辽宁2021"]
    assert styled(word, "Heading 2") == [
        "（一）铁西区：66.7%，还差1个", "（二）品牌：72个，达到50个的要求",
    ]  # fmt: skip
    assert "应考核的2项目标：◆ 未达标 1" in styled(word, "Body Text")
    assert styled(word, "Note")[-2:] == ["台账：铁西区", "统计时点：2023-12-31"]


def test_empty_parts_have_no_heading():
    word = opened(document(made(charts=(), method=())))
    assert [text[:4] for text in styled(word, "Heading 1")] == [
        "一、主要", "二、指标", "三、未达", "四、政策", "附注",
    ]  # fmt: skip


def test_more_than_ten_findings_are_counted_on():
    details = tuple(f"第{n}项" for n in range(1, 23))
    word = opened(document(made(headline=Statement("标题", (), details=details))))
    told = styled(word, "Heading 2")
    assert told[9:12] == ["（十）第10项", "（十一）第11项", "（十二）第12项"]
    assert told[19:21] == ["（二十）第20项", "（二十一）第21项"]


def test_tables_hold_every_cell_with_a_header_that_repeats_and_rows_that_stay_whole():
    one = made()
    tables = opened(document(one)).tables
    ids = {style.style_id for style in opened(document(one)).styles}
    assert {named.get(qn("w:val")) for named in tables[0]._tbl.iter(qn("w:pStyle"))} <= ids
    for table, source in zip(tables, (one.key, one.short, one.clauses), strict=True):
        wanted = [list(source.header), *([str(cell) for cell in row] for row in source.rows)]
        assert cells(table) == wanted
        rows = table._tbl.tr_lst
        assert [row.find(f".//{qn('w:tblHeader')}") is not None for row in rows] == [
            True, *[False] * len(source.rows),
        ]  # fmt: skip
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows)
    figures = tables[0]._tbl.tr_lst[1].tc_lst[1]
    assert figures.find(f".//{qn('w:jc')}").get(qn("w:val")) == "right"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["铁西区", HOSTILE, "a" * 300])
def test_tables_are_as_wide_as_the_text(language, name):
    for table in opened(document(made(name, language=language, charts=()))).tables:
        widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
        assert sum(widths) == pytest.approx(156 / 25.4 * 1440, abs=12)
        assert min(widths) > 500
        for row in table._tbl.tr_lst:
            assert [int(w.get(qn("w:w"))) for w in row.iter(qn("w:tcW"))] == widths


@pytest.mark.parametrize("other", ["街道" * 6, "a" * 300])
def test_a_code_is_not_broken_when_other_columns_are_long(other):
    row = ("运城2019", "210106001001", "社区" * 9, other, "农村社区", "差" * 80, "未知" * 30)
    short = Table("未达标准", ("文件", "代码", "名", "街道", "类型", "缺", "未知"), (row,) * 9)
    (_, table, _) = opened(document(dataclasses.replace(made(charts=()), short=short))).tables
    widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
    assert widths[1] - 170 >= 12 * 105  # twelve digits of half of 10.5 points
    assert sum(widths) == pytest.approx(156 / 25.4 * 1440, abs=12)


def test_a_word_too_long_for_its_column_makes_the_letters_of_the_table_smaller():
    header = ("Document", "Indicator", "Figure", "Bounds", "Threshold", "Verdict", "Short by")
    row = ("Yuncheng 2019", "Organisations, urban communities", "96.8%", "78.9% to 97.4%",
           "≥ 100%", "△ Undetermined", "21")  # fmt: skip
    for columns, look in ((4, "LargeTable"), (7, "SmallTable")):
        key = Table("Demands", header[-columns:], (row[-columns:],) * 3)
        one = made(charts=(), language="en", key=key)
        table = opened(document(one)).tables[0]
        assert {p.get(qn("w:val")) for p in table._tbl.iter(qn("w:pStyle"))} == {look}
        widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
        size = 19 if look == "SmallTable" else 21
        assert widths[-2] - 170 >= 12 * size * 5


def test_a_title_is_not_said_twice():
    one = made()
    assert styled(opened(document(one)), "Subtitle") == ["铁西区（210106）　截至2023-12-31"]
    again = dataclasses.replace(one, title=one.headline.heading)
    assert styled(opened(document(again)), "Subtitle") == ["辽宁2021"]


def test_only_sixty_units_are_listed_and_the_rest_is_named():
    one = made(short=75)
    noted = dataclasses.replace(one.short, notes=("每行一个单位。",), total=6000)
    word = opened(document(dataclasses.replace(one, short=noted)))
    listed = cells(word.tables[1])
    assert len(listed) == 61
    assert listed[-1][0] == "210106001060"
    notes = styled(word, "Note")
    assert "共 6,000 行，此处列出 60 行，工作簿列出 75 行。" in notes
    assert "每行一个单位。" in notes


def test_notes_stand_below_and_no_unit_short_is_said():
    empty = Table("未达标准：0 个", ("代码",), (), notes=("没有单位落在标准之外。",))
    word = opened(document(dataclasses.replace(made(), short=empty)))
    assert len(word.tables) == 2
    assert {"上下界：注", "没有单位落在标准之外。"} <= set(styled(word, "Note"))
    assert styled(word, "Table Caption") == ["表1　考核的指标", "表2　《方案》"]


def test_four_charts_with_alternative_texts_and_captions():
    one = made()
    word = opened(document(one))
    shapes = word.inline_shapes
    assert len(shapes) == 4
    described = [shape._inline.docPr.get("descr") for shape in shapes]
    assert described == [chart.alt for chart in one.charts[:4]]
    assert styled(word, "Figure Caption") == [
        f"图{n}　铁西区66.7%。未达到100%的要求" for n in (1, 2, 3, 4)
    ]
    for shape, chart in zip(shapes, one.charts, strict=False):
        wide, high = chart.get_size_inches()
        assert shape.width / shape.height == pytest.approx(wide / high, rel=0.01)
        assert shape.width.mm <= 156.01
        assert shape.height.mm <= 210.01
        image = word.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed]
        assert image.image.px_width == round(wide * 192)


def test_figures_of_headline_and_key_table_are_all_there(county):
    told = whole_text(opened(document(county)))
    texts = [*county.headline.sentences, *county.headline.details, *county.method]
    texts += [str(cell) for row in county.key.rows for cell in row]
    texts += [cell for row in county.clauses.rows for cell in row]
    texts += [str(cell) for row in county.short.rows[:60] for cell in row]
    assert [text for text in texts if text not in told] == []


# --- bytes, languages, names --------------------------------------------------------------


def test_same_briefing_same_bytes(monkeypatch):
    first = document(made())
    monkeypatch.setattr("time.localtime", lambda *_: dt.datetime(2031, 5, 6, 7, 8).timetuple())
    assert document(made()) == first
    archive = zipfile.ZipFile(io.BytesIO(first))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = opened(first).core_properties
    assert properties.created.year == properties.modified.year == 2000
    assert (properties.title, properties.subject) == ("铁西区　辽宁2021", "辽宁2021")
    assert not any("thumbnail" in name for name in archive.namelist())


def test_english_document_has_western_fonts_and_words(monkeypatch):
    monkeypatch.setenv("SANLIAN_LANG", "zh")  # the language is the briefing's own
    word = opened(document(made(language="en")))
    assert styled(word, "Heading 1")[:3] == ["1. Main findings", "2. Indicators", "3. Charts"]
    assert styled(word, "Heading 2")[0].startswith("(1) ")
    assert styled(word, "Table Caption")[0] == "Table 1. 考核的指标"
    body, title = word.styles["Body Text"], word.styles["Title"]
    assert (body.font.name, title.font.name) == ("Times New Roman", "Arial")
    assert body.paragraph_format.line_spacing == pytest.approx(1.15)
    assert word.core_properties.language == "en-GB"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_names_are_texts(language):
    word = opened(document(made(HOSTILE, language=language)))
    told = whole_text(word)
    assert "=cmd|' /C calc'!A0<b>&amp; http://x.y " + "东风新村" * 75 in told
    assert not any(sign in told for sign in "\x00\x07\n\ufffe\u202e")
    assert len(word.core_properties.title) == 255
    assert not word.element.body.findall(f".//{qn('w:hyperlink')}")


def test_all_unknown_is_laid_out_like_all_else():
    unknown = result(value=None, lower=None, upper=None, verdict="undetermined", shortfall=None)
    key = Table("考核的指标", ("指标", "数值"), (("社会组织", "–"),))
    word = opened(document(made(rows=[unknown], key=key, natives=(), tables=(), charts=())))
    assert cells(word.tables[0]) == [["指标", "数值"], ["社会组织", "–"]]


class TestOffice:
    pytestmark = OFFICE

    @pytest.mark.parametrize("name", ["铁西区", HOSTILE])
    def test_opens(self, tmp_path, name):
        assert converted(document(made(name, short=70)), ".docx", tmp_path).startswith(b"%PDF")
