"""The PDF of a briefing: what it says, how it holds hostile names, that it is always the same."""

import dataclasses
import datetime as dt
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import sanlian_analysis as sl
from sanlian_analysis import briefing as briefings
from sanlian_analysis.briefing import pdf as module
from sanlian_analysis.briefing.pdf import pdf
from sanlian_analysis.briefing.value import Briefing
from sanlian_analysis.charts import style
from sanlian_analysis.charts.figure import Caption, compose, note, statement
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.tables import Link, Statement, Table, verdict_text

ROOT = Path(__file__).parents[1]
DATE = dt.date(2022, 12, 31)
KEY = ("指标", "数值", "上下界", "目标", "判定", "还差")
SHORT = ("代码", "村（社区）", "街道（乡镇）", "类型", "尚缺", "未知")
CLAUSES = ("指标", "条款", "原文", "计算")
NUMBER = re.compile(r"\d[\d,.]*%?")
needs_text = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed"
)

HOSTILE = [
    '#import "/etc/passwd": *',
    "#panic(sys.inputs)",
    "$x^2$ *bold* _it_ `raw`",
    "@ref <label> [content]",
    "\\ back\\slash \"double\" 'single'",
    "<script>alert(1)</script>",
    "= heading - list + enum / term: x",
    "//comment /* block */ ~ --- ...",
    "{n} {m} {{7*7}} ${x}",
]


def chart(name="one", title="甲区2022年底30.6%，未达到40%的要求", body=2.6):
    return compose(name, Caption(title, "占比（%）", "依据：某文件"), body=body, simulated=True)


def key_table(rows=3, **more):
    cells = [
        (Link(f"指标{i}", f"sentence-{i}"), f"{30 + i}.6%", f"2{i}%至4{i}%", "≥ 40%", verdict, f"1,{i:03}")
        for i, verdict in zip(range(rows), ["● 达标", "◆ 未达标", "△ 待定"] * 99, strict=False)
    ]  # fmt: skip
    return Table(
        "考核的指标", KEY, tuple(cells), frozenset({1, 2, 3, 5}), ("上下界的说明。",), **more
    )


def short_table(rows=3):
    cells = [
        (f"21010600{i:04}", f"村{i:04}社区", "甲街道", "城市社区", "组织数 ≥ 10：现为 9，差 1", "")
        for i in range(rows)
    ]
    notes = () if rows else ("没有单位落在标准之外。",)
    return Table(f"未达标准或情况不明的村（社区）：{rows} 个", SHORT, tuple(cells), notes=notes)


def clause_table(rows=3):
    cells = [
        (f"指标{i}", f"三({i})", f"“第{i}句原文，每个社区不少于10个”", "占比") for i in range(rows)
    ]
    return Table("《某文件》 某发〔2022〕1号", CLAUSES, tuple(cells))


def made(**changed):
    """A small briefing by hand."""
    whole = Briefing(
        kind="county",
        language="zh",
        code="210106",
        name="甲区",
        date=DATE,
        title="甲区　某文件",
        policy="某文件",
        headline=Statement(
            "甲区（210106）　截至2022-12-31",
            ("应考核的 3 项目标：● 达标 1、◆ 未达标 1、△ 待定 1。",),
            True,
            ("城市社区：91.8%，未达到100%的要求，还差26个",),
        ),
        key=key_table(),
        short=short_table(),
        clauses=clause_table(),
        tables=(),
        charts=(chart(), chart("two", "甲区2022年底77.3%，达到70%的要求")),
        natives=(),
        method=("分母是名录中的全部单位。",),
        provenance=(
            ("台账", "甲.xlsx（SHA-256 0123456789ab…）"),
            ("软件", "sanlian-analysis 0.1.0"),
        ),
        results=pd.DataFrame(),
        components=pd.DataFrame(),
        simulated=True,
    )
    return dataclasses.replace(whole, **changed)


@pytest.fixture(scope="session")
def yuncheng():
    data = ROOT / "data"
    ledger = sl.read_ledger(data / "ledgers/yuncheng-2019.xlsx", data / "frames/yuncheng.csv")
    return briefings.Evaluated(ledger, sl.load_policy("yuncheng-2019"))


@pytest.fixture(scope="session")
def county(yuncheng):
    return briefings.county_briefing(yuncheng, "140802", yuncheng.ledger.dates[-1])


def pages(file: bytes) -> int:
    return int(re.search(rb"/Type/Pages/Count (\d+)", file)[1])


def unhexed(file: bytes, key: str) -> list[str]:
    """Texts of the file's dictionaries, such as titles of the outline."""
    found = re.findall(rf"/{key}<(FEFF[0-9A-F]*)>".encode(), file)
    return [bytes.fromhex(text.decode()).decode("utf-16") for text in found]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


def shown(file: bytes, *options: str) -> str:
    command = ["pdftotext", *options, "-", "-"]
    done = subprocess.run(command, input=file, capture_output=True, check=True)
    return squeezed(done.stdout.decode())


def outside(file: bytes) -> list[str]:
    """Words beyond the right or the lower edge of the paper's margins."""
    command = ["pdftotext", "-bbox", "-", "-"]
    done = subprocess.run(command, input=file, capture_output=True, check=True)
    edges = r'xMax="([\d.]+)" yMax="([\d.]+)">(.*?)<'
    words = re.findall(edges, done.stdout.decode())
    return [word for x, y, word in words if float(x) > 595.3 - 52 or float(y) > 841.9 - 25]


def numbers(*texts: object) -> set[str]:
    return {n.rstrip(",.") for text in texts for n in NUMBER.findall(str(text))}


# What it says ------------------------------------------------------------


@needs_text
def test_all_texts_of_a_small_briefing_are_on_the_page():
    briefing = made()
    text = shown(pdf(briefing))
    tables = (briefing.key, briefing.short)
    expected = [
        briefing.title,
        briefing.headline.heading,
        *briefing.headline.sentences,
        *briefing.headline.details,
        *(cell for table in tables for row in (table.header, *table.rows) for cell in row),
        *(cell for row in briefing.clauses.rows for cell in row[:3]),
        *(table.caption for table in (*tables, briefing.clauses)),
        *briefing.key.notes,
        *briefing.method,
        *(part for line in briefing.provenance for part in line),
        "甲区2022年底30.6%，未达到40%的要求",
        "甲区2022年底77.3%，达到70%的要求",
        "甲区（210106）·截至2022-12-31",
        "第1页，共",
    ]
    assert [part for part in expected if squeezed(str(part)) not in text] == []


@needs_text
def test_every_number_of_a_real_county_is_on_the_page(county):
    file = pdf(county)
    text = shown(file)
    cells = (cell for row in county.key.rows for cell in row)
    titles = (drawn.texts[0].get_text() for drawn in county.charts[:2])
    wanted = numbers(*county.headline.sentences, *county.headline.details, *cells, *titles)
    assert {n for n in wanted if n not in text} == set()
    assert all(squeezed(row[2]) in text for row in county.clauses.rows)
    assert outside(file) == []
    assert pages(file) <= 3


@needs_text
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_real_overview_and_a_comparison_keep_to_three_pages(yuncheng, language):
    date = yuncheng.ledger.dates[-1]
    other = briefings.Evaluated(yuncheng.ledger, sl.load_policy("liaoning-2021"))
    with using(language):
        overview = briefings.overview_briefing(yuncheng, "1408", date)
        both = briefings.comparison_briefing([yuncheng, other], "140802", date)
    for briefing in (overview, both):
        file = pdf(briefing)
        text = shown(file)
        assert pages(file) <= 3
        assert outside(file) == []
        cells = (cell for row in briefing.key.rows for cell in row)
        assert {n for n in numbers(*briefing.headline.sentences, *cells) if n not in text} == set()
        assert squeezed(style.drawable(briefing.short.caption)) in text
    assert squeezed(style.drawable(overview.leading[0].caption)) in shown(pdf(overview))


@needs_text
def test_an_english_briefing_has_english_labels():
    english = {"language": "en", "title": "甲区: Some document"}
    text = shown(pdf(made(**english)))
    for label in ("Simulateddata", "Page1of", "asof2022-12-31", "Howitiscalculated", "Basis:"):
        assert label in text
    assert "模拟数据" not in shown(pdf(made(**english, charts=())))


@needs_text
@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_data_is_marked_on_every_page_and_real_data_on_none(simulated):
    plain = chart("plain")
    plain.texts[-1].set_visible(simulated)
    file = pdf(made(simulated=simulated, charts=(plain,), short=short_table(80)))
    assert pages(file) > 1
    for page in range(1, pages(file) + 1):
        text = shown(file, "-f", str(page), "-l", str(page))
        assert ("模拟数据" in text) == simulated
        assert f"第{page}页，共{pages(file)}页" in text
        assert "甲区（210106）·截至2022-12-31" in text


@needs_text
def test_clauses_come_without_their_calculation():
    text = shown(pdf(made()))
    assert "依据：《某文件》" in text
    assert "计算" not in text.replace("怎样计算", "")


@needs_text
def test_leading_tables_are_shown_with_their_first_rows_and_none_of_the_others():
    extra = Table("各县判定", ("县", "● 达标"), tuple((f"{n}县", "7") for n in range(30)))
    text = shown(pdf(made(kind="overview", leading=(extra,))))
    assert "各县判定" in text
    assert "共30行，此处列出12行，工作簿列出全部。" in text
    assert "各县判定" not in shown(pdf(made(tables=(extra,))))


@needs_text
def test_a_comparison_states_its_date_once_where_heading_and_title_are_the_same():
    heading = "甲区（210106）　多份文件对照"
    text = shown(
        pdf(made(kind="comparison", title=heading, headline=Statement(heading, ("一。",))))
    )
    assert squeezed(heading) + "截至2022-12-31一。" in text
    assert "依据：《某文件》" not in text.replace("依据：某文件", "")


# What has no room ---------------------------------------------------------


@needs_text
def test_a_long_list_ends_with_the_number_of_those_left_out():
    file = pdf(made(short=short_table(400), clauses=clause_table(3)))
    text = shown(file)
    listed = len(set(re.findall(r"村\d{4}社区", text)))
    assert pages(file) == 3
    assert 20 < listed < 400
    assert f"共400行，此处列出{listed}行，工作簿列出全部。" in text
    assert "第2句原文" in text


@needs_text
def test_a_list_that_was_cut_before_says_how_long_it_is():
    capped = dataclasses.replace(short_table(500), total=2387)
    text = shown(pdf(made(short=capped)))
    listed = len(set(re.findall(r"村\d{4}社区", text)))
    assert f"共2,387行，此处列出{listed}行，工作簿列出500行。" in text


@needs_text
def test_notes_of_a_table_stand_below_it_whole_or_not():
    note_ = ("每行是一个单位。",)
    for rows in (5, 300):
        noted = dataclasses.replace(short_table(rows), notes=note_)
        text = shown(pdf(made(short=noted)))
        assert text.count(squeezed(note_[0])) == 1
        assert ("此处列出" in text) == (rows == 300)


@needs_text
@pytest.mark.parametrize("rows", [1, 9, 14, 20, 26, 33, 45, 70])
def test_key_tables_of_any_length_are_whole_and_leave_three_pages(rows):
    file = pdf(made(key=key_table(rows), short=short_table(200), clauses=clause_table(40)))
    text = shown(file, "-layout")
    assert pages(file) <= 3
    assert outside(file) == []
    assert all(f"指标{i}{30 + i}.6%" in text for i in range(rows))
    assert "怎样计算" in text
    listed = len(set(re.findall(r"村\d{4}社区", text)))
    assert listed > 2
    assert f"共200行，此处列出{listed}行" in text


@needs_text
def test_a_table_that_continues_after_the_charts_says_so_and_counts_on():
    text = shown(pdf(made(key=key_table(26), short=short_table(200), clauses=clause_table(10))))
    assert "200个（续）" in text
    names = re.findall(r"村(\d{4})社区", text)
    assert [int(name) for name in names] == list(range(len(names)))
    assert f"共200行，此处列出{len(names)}行" in text
    assert text.count("此处列出") == 1


@needs_text
def test_no_table_and_no_chart_is_no_trouble():
    empty = Table("考核的指标", KEY, ())
    briefing = made(key=empty, short=short_table(0), clauses=Table("某", CLAUSES, ()), charts=())
    text = shown(pdf(briefing))
    assert "没有单位落在标准之外。" in text
    assert "考核的指标" not in text


def sheets(file: bytes) -> list[str]:
    """The text of every page."""
    done = subprocess.run(["pdftotext", "-", "-"], input=file, capture_output=True, check=True)
    return [squeezed(page) for page in done.stdout.decode().split("\f")[:-1]]


@needs_text
@pytest.mark.parametrize(("rows", "count"), [(16, 2), (18, 2), (20, 2), (22, 3), (24, 3), (30, 3)])
def test_method_and_provenance_stay_together_and_need_no_page_of_their_own(rows, count):
    """Up to 20 rows, charts a little smaller leave room for both on the second page."""
    *others, last = sheets(pdf(made(short=short_table(rows))))
    assert len(others) == count - 1
    assert "怎样计算" in last
    assert "sanlian-analysis0.1.0" in last
    assert not [page for page in others if "怎样计算" in page or "数据来源" in page]
    assert "第0句原文" in last


def test_one_village_and_nothing_known():
    unknown = Table("考核的指标", KEY, (("指标", "–", "0%至100%", "≥ 40%", "△ 待定", "1"),))
    nothing = statement(
        "nothing", Caption("没有一个时点有数据", "占比（%）", "依据"), simulated=True
    )
    file = pdf(made(key=unknown, short=short_table(1), clauses=clause_table(1), charts=(nothing,)))
    assert pages(file) == 1


def test_charts_that_would_become_illegible_make_room_for_the_next():
    tall = chart("tall", "一百个县", body=14)
    about = [
        about["alt"] for about, _ in module._pictures((tall, chart("a", "甲"), chart("b", "乙")))
    ]
    assert ["一百个县" in alt for alt in about] == [False, False]
    assert len(about) == 2


# Names --------------------------------------------------------------------


def hostile(name):
    """A briefing that says a name wherever a text can stand."""
    table = made().key
    return made(
        name=name,
        title=name,
        headline=Statement(name, (name,), True, (name,)),
        key=dataclasses.replace(table, caption=name, rows=((name,) * 6,), notes=(name,)),
        short=Table(name, (name,) * 6, ((name,) * 6,), notes=(name,)),
        clauses=Table(name, CLAUSES, ((name,) * 4,)),
        method=(name,),
        provenance=((name, name),),
    )


@needs_text
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_string_wherever_it_stands(name):
    file = pdf(hostile(name))
    assert shown(file).count(squeezed(name)) > 12
    assert outside(file) == []


@needs_text
@pytest.mark.parametrize("letter", ["x", "长", "社区 "])
def test_a_name_of_300_letters_is_shown_whole_and_inside_the_margins(letter):
    name = (letter * 300)[:300]
    village = ("210106000001", name, name, "城市社区", "", "")
    short = dataclasses.replace(short_table(), rows=(village, *short_table().rows))
    headline = Statement(f"{name}（1）　截至2022-12-31", (f"{name}：应考核的 3 项目标。",), True)
    file = pdf(made(name=name, title=name, headline=headline, short=short))
    assert pages(file) <= 3
    assert outside(file) == []
    assert shown(file).count(squeezed(name)) >= 3
    assert "村0002社区" in shown(file)


@pytest.mark.parametrize("length", [300, 2_000, 32_767])
def test_texts_too_long_for_the_pages_are_cut_and_the_pages_remain_three(length):
    assert pages(pdf(hostile("长" * length))) <= 3


@needs_text
def test_what_no_font_can_draw_and_what_no_one_can_see_leaves_no_gap():
    text = shown(pdf(hostile("东\x00湖\x07\u202e社\U000f0000区\ud800😀")))
    assert "东湖社〓区〓" in text


def test_the_same_characters_are_shown_on_every_machine(monkeypatch):
    monkeypatch.setattr(style, "_glyphs", lambda: frozenset(range(0x20, 0x110000)))
    assert module._plain("丁\u0e01村") == "丁〓村"


def test_a_missing_glyph_would_be_an_error_and_no_empty_box(monkeypatch):
    monkeypatch.setattr(module, "_plain", str)
    with pytest.raises(SanlianError, match="210106：PDF 排版失败"):
        pdf(made(title="\u0e01"))


def test_a_chart_with_foreign_letters_is_drawn_as_outlines():
    there = chart()
    assert b"<text" in module._svg(there)
    note(there, 1, 1, "\u0e01", 8, style.INK)
    there.texts[-1].set_text("\u0416\u0e01")
    with pytest.warns(UserWarning, match="Glyph 3585"):
        assert b"<text" not in module._svg(there)


# The file -----------------------------------------------------------------


def test_the_same_briefing_gives_the_same_bytes_in_a_new_compiler():
    first = pdf(made())
    assert pdf(made()) == first
    module._compiler.cache_clear()
    assert pdf(made()) == first


def test_title_author_language_and_standards_are_in_the_metadata():
    zh, en = (pdf(made(language=language)) for language in ("zh", "en"))
    assert "甲区 某文件" in unhexed(zh, "Title")
    for part in (b"/Lang(zh-CN)", b"/Author(sanlian-analysis)", b"pdfuaid:part>1<", b"part>2<"):
        assert part in zh
    assert b"/Lang(en-GB)" in en
    assert b"(D:20221231000000Z)" in zh


def test_tags_outline_and_alternative_texts():
    file = pdf(made())
    assert unhexed(file, "Alt") == [drawn.alt for drawn in made().charts]
    for title in ("甲区 某文件", "考核的指标", "怎样计算", "数据来源"):
        assert title in unhexed(file, "Title")
    for tag in (b"/S/Table", b"/S/THead", b"/S/H1", b"/S/H2", b"/S/L/"):
        assert tag in file


def test_only_the_packaged_fonts_are_used_and_no_warning_is_given(monkeypatch, county):
    compiler, warned = module._compiler(), []

    class Listening:
        def compile(self, *args, **options):
            file, warnings = compiler.compile_with_warnings(*args, **options)
            warned.extend(warning.message for warning in warnings)
            return file

    monkeypatch.setattr(module, "_compiler", Listening)
    for briefing in (county, made(), hostile("长" * 300)):
        fonts = set(re.findall(rb"/BaseFont/[A-Z]+\+([A-Za-z]+)", pdf(briefing)))
        assert fonts == {b"NotoSansSC", b"NotoSerifSC"}
    assert warned == []


def test_verdicts_are_tinted_by_their_sign():
    tints = {name: module._cell(verdict_text(name))["fill"] for name in style.VERDICTS}
    assert tints == {name: mark.cell for name, mark in style.VERDICTS.items()}
    assert [module._cell(cell)["fill"] for cell in ("–", "12", "", "达标", "□")] == [None] * 5


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    module._compiler.cache_clear()
    pdf(made())
    assert list(tmp_path.iterdir()) == []


def test_the_template_fits_the_size_of_the_page_that_charts_are_chosen_for():
    template = module._template().decode()
    x, top, bottom = (
        float(re.search(rf"{side}: (\d+)mm", template)[1]) for side in ("x", "top", "bottom")
    )
    assert (210 - 2 * x, 297 - top - bottom) == (module._ROOM, module._TALL)
