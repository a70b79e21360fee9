"""Briefings: made once per area, and the same digits in every rendering."""

import dataclasses
import datetime as dt
import html
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

import sanlian_analysis as sl
from sanlian_analysis.briefing import (
    Evaluated,
    comparison_briefing,
    county_briefing,
    overview_briefing,
)
from sanlian_analysis.briefing.document import document
from sanlian_analysis.briefing.pdf import pdf
from sanlian_analysis.briefing.priorities import _figure
from sanlian_analysis.briefing.slides import slides
from sanlian_analysis.briefing.spreadsheet import spreadsheet
from sanlian_analysis.briefing.value import picture, take_pictures
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.language import using
from sanlian_analysis.policy_files import POLICY_IDS
from sanlian_analysis.report.batch import run_reports
from sanlian_analysis.report.briefing_page import briefing_page
from sanlian_analysis.report.compare import write_comparisons
from sanlian_analysis.report.orders import FORMATS, Order

ROOT = Path(__file__).parents[1]
DATE = dt.date(2022, 12, 31)

# The reports of one county in all formats are made once, by one worker.
pytestmark = pytest.mark.xdist_group("briefing")

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
TAG = re.compile(r"<[^>]+>")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """Two counties of two streets each; the first improves, one community stays blank."""
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder, {"210106": "铁西区", "210104": "大东区"})
    return folder


def write_inputs(folder, counties):
    """A ledger and a frame of these counties, two streets and eight communities each."""
    rows, units = ["社区代码,社区名称,统计时点,社区社会组织数"], ["code,name,street,county"]
    for county, name in counties.items():
        for i in range(1, 9):
            code = f"{county}{i % 2 + 1:03}{i:03}"
            title = f"第{i}社区" if i < 6 else f"第{i}村村委会"
            units.append(f"{code},{title},第{i % 2 + 1}街道,{name}")
            for year in (2021, 2022):
                orgs = "" if i == 3 else i + 5 + (year - 2021) * (county == "210106") * 3
                rows.append(f"{code},{title},{year}-12-31,{orgs}")
    (folder / "台账.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "名录.csv").write_text("\n".join(units), encoding="utf-8")


def all_areas(folder):
    """A ledger of two provinces with two counties of one name, evaluated, and its last date."""
    write_inputs(folder, {"210106": "铁西区", "210304": "铁西区", "140802": "盐湖区"})
    ledger = sl.read_ledger(folder / "台账.csv", folder / "名录.csv")
    return Evaluated(ledger, sl.load_policy("liaoning-2021")), DATE


@pytest.fixture(scope="session")
def found(inputs):
    ledger = sl.read_ledger(inputs / "台账.csv", inputs / "名录.csv")
    return Evaluated(ledger, sl.load_policy("liaoning-2021"))


@pytest.fixture(scope="session")
def briefing(found):
    return county_briefing(found, "210106", DATE)


# --- what is said ---------------------------------------------------------------------


def test_briefing_says_what_the_results_say(briefing):
    # 2022: orgs 9, 10, –, 12, 13 in the five urban communities: 3 of 4 known, 3 to 4 of 5
    assert briefing.title == "铁西区　辽宁2021"
    row = dict(zip(briefing.key.header, briefing.key.rows[0], strict=True))
    assert row["指标"] == "城市社区社会组织"
    assert (row["数值"], row["上下界"], row["目标"]) == ("75%", "60%至80%", "≥ 80%")
    assert (row["判定"], row["还差"]) == ("△ 待定", "1")
    assert "城市社区社会组织" in briefing.headline.details[0]


def test_native_charts_hold_the_digits_that_are_written(briefing):
    phases = briefing.natives[0]
    assert phases.kind == "line"
    assert phases.categories == ("2021年底", "2022年底")
    by_role = {series.role: series for series in phases.series}
    assert by_role["value"].labels == ("25%", "75%")
    assert by_role["value"].values == (25.0, 75.0)
    assert by_role["threshold"].values == (40.0, 80.0)
    assert (by_role["lower"].values, by_role["upper"].values) == ((20.0, 60.0), (40.0, 80.0))
    assert phases.sentence in " ".join(cell for row in briefing.clauses.rows for cell in row)


def test_ranking_lists_the_highest_first(briefing):
    ranking = next(native for native in briefing.natives if native.kind == "bar")
    # street 1 has units 2, 4 (10, 12), street 2 has 1, 3, 5 (9, –, 13)
    assert ranking.categories == ("第1街道", "第2街道")
    by_verdict = {one.name: one for one in ranking.series}
    assert list(by_verdict) == ["达标", "未达标", "目标"]
    assert by_verdict["达标"].labels == ("100%", "")
    assert by_verdict["未达标"].labels == ("", "50%")
    # 1 of 3, of which one is blank: from 33.3 % to 66.7 %
    assert by_verdict["未达标"].open_[1] == pytest.approx((100 / 6, 100 / 6))
    assert "1个达标、1个未达标" in ranking.title


def test_overview_says_what_changed_and_where_to_put_effort(found):
    overview = overview_briefing(found, "2101", DATE)
    effort, changes = overview.leading
    assert effort.caption.startswith("力量放在哪里")
    assert effort.rows[0][:4] == ("城市社区社会组织", "大东区", "3个城市社区", "75%")
    # the same figure, but the bar rose from 40 % to 80 %
    assert ("城市社区社会组织", "大东区", "25%", "25%") in {row[:4] for row in changes.rows}
    assert {row[1] for row in changes.rows} <= {"铁西区", "大东区"}
    # undetermined at both dates: 1 of 5 to 2 of 5 against 40 %, 3 of 5 to 4 of 5 against 80 %
    assert not any(row[:2] == ("城市社区社会组织", "铁西区") for row in changes.rows)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    found, date = all_areas(tmp_path_factory.mktemp("all"))
    assert sl.tables.enclosing_area(found.results) == ""
    return overview_briefing(found, "", date)


def test_all_areas_are_told_by_province_and_county(whole):
    assert (whole.name, whole.title) == ("全域", "全域　辽宁2021")
    assert whole.headline.heading == "全域　截至2022-12-31"
    assert [one[:3] for one in whole.headline.sentences] == ["山西省", "辽宁省"]
    assert "3个县（市、区）" in whole.headline.details[0]
    assert whole.key.header[:2] == ("地区", "指标")
    assert {row[0] for row in whole.key.rows} == {"辽宁省"}  # where the document binds
    assert set(whole.results["area_code"]) == set(whole.components["area_code"]) == {"14", "21"}
    assert {native.kind for native in whole.natives} == {"bar"}
    assert not any("（）" in text for text in texts_of(whole))


def test_counties_of_one_name_are_told_apart(whole):
    effort, *_ = whole.leading
    names = {"铁西区（沈阳市）", "铁西区（鞍山市）", "盐湖区"}
    assert set(whole.natives[0].categories) == names
    assert {row[1] for row in effort.rows} == names


def texts_of(value):
    """Every text of a briefing, wherever it stands."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, Chart):
        yield from (value.title, value.alt)


@pytest.mark.parametrize("render", [pdf, slides, document, spreadsheet])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_areas_are_rendered(tmp_path, render, language):
    with using(language):
        found, date = all_areas(tmp_path)
        made = overview_briefing(found, "", date)
    assert not any("()" in text or "（）" in text for text in texts_of(made))
    assert len(render(made)) > 5000


def test_overview_lists_the_counties_of_its_area_alone(tmp_path):
    found, date = all_areas(tmp_path)
    *_, counties = (t for t in overview_briefing(found, "2101", date).tables if "各县" in t.caption)
    assert [row[0] for row in counties.rows] == ["210106"]


def test_a_figure_of_before_is_held_against_what_was_asked_then():
    subject = Subject.of(sl.load_policy("liaoning-2021"), "orgs-urban", "primary")
    assert _figure(subject, 0.39996, 0.4) == "39.996%"
    assert _figure(subject, 0.39996, 0.8) == "40%"
    assert _figure(subject, float("nan"), 0.8) == "–"


def test_first_snapshot_has_nothing_to_compare(found):
    overview = overview_briefing(found, "2101", dt.date(2021, 12, 31))
    assert not any("判定有变化" in table.caption for table in overview.leading)


def test_comparison_sets_documents_side_by_side(found):
    other = Evaluated(found.ledger, sl.load_policy("yuncheng-2019"))
    compared = comparison_briefing([found, other], "210106", DATE)
    assert compared.key.header[0] == "文件"
    assert {row[0] for row in compared.key.rows} == {"辽宁2021", "运城2019"}
    assert len(compared.charts) == len(compared.natives) == 2
    assert set(compared.results["policy"]) == {"liaoning-2021", "yuncheng-2019"}
    shares = compared.results[compared.results["unit"] == "%"]
    assert "城市社区社会组织" in set(shares["indicator"])
    assert set(compared.components["unit"]) >= {"%", "个"}


def test_comparison_says_of_which_document_a_note_is(found):
    other = Evaluated(found.ledger, sl.load_policy("yuncheng-2019"))
    compared = comparison_briefing([found, other], "210106", DATE)
    counts = [len([row for row in compared.short.rows if row[0] == label])
              for label in ("辽宁2021", "运城2019")]  # fmt: skip
    assert compared.short.notes == tuple(
        f"{label}：未达标准或情况不明的村（社区）：{count} 个"
        for label, count in zip(("辽宁2021", "运城2019"), counts, strict=True)
    )
    assert len(compared.key.notes) == 1  # what both say stands there once
    assert compared.short.whole == sum(counts)


def test_charts_of_a_comparison_have_names_of_their_own(found):
    """Targets of two policies may have one id."""
    other = Evaluated(found.ledger, sl.load_policy("lishui-2018"))
    compared = comparison_briefing([found, other], "210106", DATE)
    assert [chart.name for chart in compared.charts] == [
        "milestones-orgs-urban-liaoning-2021", "milestones-orgs-urban-lishui-2018",
    ]  # fmt: skip
    assert len({native.name for native in compared.natives}) == 2


def test_provenance_has_the_brackets_of_its_language(found):
    for language, mark in (("zh", "台账.csv（SHA-256 "), ("en", "台账.csv (SHA-256 ")):
        with using(language):
            told = dict(county_briefing(found, "210106", DATE).provenance)
        assert next(iter(told.values())).startswith(mark)


def test_charts_have_their_title_and_where_it_ends(briefing):
    for chart in briefing.charts:
        assert chart.alt.startswith(chart.title)
        high = chart.get_size_inches()[1]
        below = [t for t in chart.texts if t.get_position()[1] < high - chart.head]
        assert "".join(t.get_text() for t in below) != chart.title
        first = next(t for t in chart.texts if t.get_position()[1] > high - chart.head)
        assert chart.title.startswith(first.get_text()[:8])


@pytest.mark.parametrize("policy", POLICY_IDS)
def test_ledger_without_the_columns_of_a_policy_has_briefings(found, policy):
    other = Evaluated(found.ledger, sl.load_policy(policy))
    briefing = county_briefing(other, "210106", DATE)
    assert "staffing" not in {chart.name for chart in briefing.charts}
    assert briefing.key.rows
    assert overview_briefing(other, "21", DATE).key.rows


def test_briefing_in_english(found):
    with using("en"):
        made = county_briefing(found, "210106", DATE)
    assert made.language == "en"
    assert made.key.header[0] == "Indicator"
    assert made.method[0].startswith("The denominator")


# --- the same digits everywhere -------------------------------------------------------


@pytest.fixture(scope="session")
def rendered(inputs, tmp_path_factory):
    """The text of one county's report in every format."""
    order = Order(
        ledger=str(inputs / "台账.csv"),
        frame=str(inputs / "名录.csv"),
        policy="liaoning-2021",
        areas=("210106",),
        out=str(tmp_path_factory.mktemp("out")),
        formats=FORMATS,
    )
    run = run_reports(order)
    assert not run.failed, run.failed
    return run.folder / "210106-铁西区"


def test_report_folder_holds_every_format_and_the_charts(rendered):
    assert {path.name for path in rendered.iterdir()} == {
        *(f"county.{format_}" for format_ in FORMATS),
        "charts",
    }
    charts = {path.name for path in (rendered / "charts").iterdir()}
    assert {"milestones-orgs-urban.png", "milestones-orgs-urban.svg"} <= charts
    overview = rendered.parent
    assert all((overview / f"overview.{format_}").exists() for format_ in FORMATS)


def zipped_text(path):
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name).decode("utf-8") for name in sorted(archive.namelist())
                 if name.endswith(".xml")]  # fmt: skip
    return " ".join(html.unescape(TAG.sub("", part)) for part in parts)


def text_of(path):
    if path.suffix == ".html":
        return html.unescape(TAG.sub(" ", path.read_text(encoding="utf-8")))
    if path.suffix == ".pdf":
        if shutil.which("pdftotext") is None:
            pytest.skip("pdftotext is not installed")
        done = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True)
        return done.stdout.decode("utf-8")
    return zipped_text(path)


@pytest.mark.parametrize("ending", ["html", "pdf", "pptx", "docx", "xlsx"])
def test_every_number_of_the_briefing_stands_in_every_rendering(rendered, briefing, ending):
    said = [*briefing.headline.sentences, *briefing.headline.details]
    said += [cell for row in briefing.key.rows for cell in row]
    wanted = {number for text in said for number in NUMBER.findall(str(text))}
    assert {"75%", "60%", "80%", "1"} <= wanted
    there = set(NUMBER.findall(text_of(rendered / f"county.{ending}")))
    assert wanted - there == set()


def test_several_policies_make_a_comparison(inputs, tmp_path):
    order = Order(
        ledger=str(inputs / "台账.csv"),
        frame=str(inputs / "名录.csv"),
        policy="liaoning-2021",
        areas=("210106",),
        out=str(tmp_path),
        formats=("html", "pdf", "docx"),
    )
    (folder,) = write_comparisons(order, ["liaoning-2021", "yuncheng-2019"])
    assert folder == tmp_path / "comparison" / "2022-12-31" / "210106-铁西区"
    there = {path.name for path in folder.iterdir()}
    assert there == {"comparison.html", "comparison.pdf", "comparison.docx", "charts"}
    assert [path.name for path in folder.parent.iterdir()] == ["210106-铁西区"]


def test_a_comparison_is_a_page_too_and_is_made_by_default(inputs, tmp_path):
    order = Order(
        str(inputs / "台账.csv"),
        "liaoning-2021",
        str(inputs / "名录.csv"),
        areas=("210106",),
        out=str(tmp_path),
    )
    (folder,) = write_comparisons(order, ["liaoning-2021", "yuncheng-2019"])
    assert {path.name for path in folder.iterdir()} == {"comparison.html", "charts"}
    page = (folder / "comparison.html").read_text("utf-8")
    compared = comparison_briefing(
        [
            Evaluated(sl.read_ledger(order.ledger, order.frame), sl.load_policy(policy))
            for policy in ("liaoning-2021", "yuncheng-2019")
        ],
        "210106",
        DATE,
    )
    text = html.unescape(TAG.sub(" ", page))
    for row in (*compared.key.rows, *compared.short.rows, *compared.clauses.rows):
        assert all(str(cell) in text for cell in row)
    assert page.count("<img ") == len(compared.charts)
    assert "<summary>代码" not in page  # there is none


def test_a_name_on_the_page_of_a_briefing_is_only_a_name(found):
    both = [found, Evaluated(found.ledger, sl.load_policy("lishui-2018"))]
    hostile = "<script>alert(1)</script>[x](javascript:1)"
    named = dataclasses.replace(comparison_briefing(both, "210106", DATE), title=hostile)
    page = briefing_page(named)
    assert "<script>alert" not in page
    assert html.escape(hostile) in page
    assert 'href="javascript' not in page


def test_run_without_notebook_makes_no_notebook(inputs, tmp_path):
    order = Order(
        ledger=str(inputs / "台账.csv"),
        frame=str(inputs / "名录.csv"),
        policy="liaoning-2021",
        areas=("210106",),
        out=str(tmp_path),
        formats=("pdf",),
    )
    folder = run_reports(order).folder
    assert {path.name for path in (folder / "210106-铁西区").iterdir()} == {"county.pdf", "charts"}
    assert "county.pdf" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_picture_of_the_same_name_is_not_taken_for_another_chart(found):
    briefing = overview_briefing(found, "21", DATE)
    chart, other = briefing.charts[:2]
    longer = chart.identity._replace(height=chart.identity.height + 1)
    take_pictures(briefing, {longer: b"another", other.identity: b"the same"})
    assert picture(chart) == chart.png()
    assert picture(other) == b"the same"
