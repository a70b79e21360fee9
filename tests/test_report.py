"""The batch: real notebooks, run by papermill, on a frame of two counties with one name."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import openpyxl
import papermill
import pytest

import sanlian_analysis as sl
from sanlian_analysis.engine.parameters import check_parameters
from sanlian_analysis.language import using
from sanlian_analysis.report import batch, orders
from sanlian_analysis.report.batch import run_reports
from sanlian_analysis.report.manifest import sha256
from sanlian_analysis.report.orders import Order
from sanlian_analysis.report.page import one_language, page, script
from sanlian_analysis.table import Table

ROOT = Path(__file__).parents[1]

# One worker makes the reports that most tests here look at, once.
pytestmark = pytest.mark.xdist_group("report")

KERNEL = {"name": "python3", "display_name": "", "language": "python"}
PARAMETERS = ("ledger", "frame", "policy", "area", "date", "assume", "lang")
HOSTILE = "<script>alert('$x_1$')</script>=1+1"


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A ledger of two counties called 铁西区 and one that reports nothing, with its frame."""
    folder = tmp_path_factory.mktemp("inputs")
    rows, units = ["社区代码,社区名称,统计时点,社区社会组织数"], ["code,name,street,county"]
    for county, name in (("210106", "铁西区"), ("210303", "铁西区"), ("210104", "大东区")):
        for i in range(1, 9):
            code = f"{county}001{i:03}"
            title = f"第{i}社区" if i < 5 else f"第{i}村村委会"
            title = f'"{HOSTILE}社区"' if code == "210106001001" else title
            units.append(f"{code},{title},一街道,{name}")
            for year in (2021, 2022) if county != "210104" else ():
                rows.append(f"{code},{title},{year}-12-31,{i + 4 + year - 2021 if i != 3 else ''}")
    (folder / "台账.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "名录.csv").write_text("\n".join(units), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def run(inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return run_reports(order(inputs, out))


def order(inputs, out, **more):
    return Order(
        ledger=str(inputs / "台账.csv"),
        frame=str(inputs / "名录.csv"),
        policy="liaoning-2021",
        out=str(out),
        **more,
    )


def manifest(run):
    return json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))


def test_every_county_has_a_folder_of_its_own(run):
    folders = sorted(path.name for path in run.folder.iterdir() if path.is_dir())
    assert folders == ["210104-大东区", "210106-铁西区", "210303-铁西区"]
    assert run.folder.parts[-2:] == ("liaoning-2021", "2022-12-31")


def test_folder_of_a_county_holds_notebook_page_and_charts(run):
    folder = run.folder / "210106-铁西区"
    assert {"county.ipynb", "county.html", "charts"} == {path.name for path in folder.iterdir()}
    assert (folder / "charts" / "milestones-orgs-urban.png").read_bytes().startswith(b"\x89PNG")


def test_page_says_its_language_and_describes_every_picture(run):
    html = (run.folder / "210106-铁西区" / "county.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in html
    pictures = re.findall(r"<img [^>]*>", html)
    assert pictures
    assert all(re.search(r' alt="[^"]+"', picture) for picture in pictures)


def test_run_has_index_overview_results_and_manifest(run):
    assert {"index.html", "overview.ipynb", "overview.html", "results.xlsx", "manifest.json"} <= {
        path.name for path in run.folder.iterdir()
    }
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".")]


def test_manifest_records_inputs_and_every_file(run):
    content = manifest(run)
    assert content["policy"]["id"] == "liaoning-2021"
    assert len(content["ledger"]["sha256"]) == 64
    assert content["packages"]["pandas"]
    areas = {area["code"]: area for area in content["areas"]}
    assert {area["status"] for area in areas.values()} == {"done"}
    for name, digest in areas["210303"]["files"].items():
        assert sha256(run.folder / name) == digest


def test_county_without_rows_is_unknown_and_not_missing(run, inputs):
    book = openpyxl.load_workbook(run.folder / "results.xlsx")
    header, *rows = book["results"].iter_rows(values_only=True)
    rows = [dict(zip(header, row, strict=True)) for row in rows]
    county = next(r for r in rows if (r["target"], r["area_code"]) == ("orgs-urban", "210104"))
    assert (county["numerator"], county["denominator"], county["unknown"]) == (0, 4, 4)
    assert county["verdict"] == "undetermined"


class Page(HTMLParser):
    """Collects tags and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.alts, self.words, self.ids = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        self.links += [values[key] for key in ("href", "src") if values.get(key)]
        self.ids += [values["id"]] if values.get("id") else []
        if tag == "img":
            self.alts.append(values.get("alt"))

    def handle_data(self, data):
        self.words.append(data)


def pages(run):
    return [run.folder / "index.html", *sorted(run.folder.rglob("*/county.html"))]


def test_pages_need_no_network_and_allow_one_script_alone(run):
    text, digest = script()
    assert digest == "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    for path in [*pages(run), run.folder / "overview.html"]:
        text = path.read_text(encoding="utf-8")
        page = Page(text)
        assert page.tags.count("script") == 1
        assert f"<script>{script()[0]}</script>" in text
        assert f"script-src '{digest}'" in text
        assert not [link for link in page.links if re.match(r"(?!data:)\w+:|//", link)], path
        assert "http://" not in text.replace('http-equiv="', "")
        assert "https://" not in text


def test_links_of_the_index_lead_to_files(run):
    from urllib.parse import unquote

    page = Page((run.folder / "index.html").read_text(encoding="utf-8"))
    assert len(page.links) == 9  # overview, results, manifest; page and notebook of three counties
    for link in page.links:
        assert (run.folder / unquote(link)).is_file(), link


def test_contents_lead_to_every_section(run):
    page = Page((run.folder / "210106-铁西区" / "county.html").read_text(encoding="utf-8"))
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert {"targets-title", "phases-title", "short-title", "clauses-title"} <= inside
    assert inside <= set(page.ids)


def test_pictures_have_alternative_texts(run):
    page = Page((run.folder / "210106-铁西区" / "county.html").read_text(encoding="utf-8"))
    assert page.alts
    assert all(page.alts)


def test_names_from_the_ledger_are_escaped(run):
    text = (run.folder / "210106-铁西区" / "county.html").read_text(encoding="utf-8")
    assert text.count("<script") == 1  # ours
    assert "&lt;script&gt;" in text


def test_code_is_folded_and_the_clause_is_quoted(run):
    text = (run.folder / "210303-铁西区" / "county.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("details") > 5
    assert "open" not in re.findall(r"<details([^>]*)>", text)[0]
    assert "力争全省80%的城市社区拥有不少于10个社区社会组织" in "".join(page.words)


def test_equal_inputs_give_equal_pages(run, inputs, tmp_path):
    again = run_reports(order(inputs, tmp_path, areas=("210303",), jobs=1))
    for name in ("county.html", "county.ipynb", "charts/ranked-orgs-urban-street.png"):
        first = run.folder / "210303-铁西区" / name
        assert (again.folder / "210303-铁西区" / name).read_bytes() == first.read_bytes(), name
    assert (again.folder / "results.xlsx").read_bytes() == (
        run.folder / "results.xlsx"
    ).read_bytes()


def test_resume_makes_only_what_is_missing(inputs, tmp_path):
    first = run_reports(order(inputs, tmp_path, areas=("2101",)))
    page = first.folder / "210104-大东区" / "county.html"
    page.unlink()
    second = run_reports(order(inputs, tmp_path, areas=("2101",), resume=True))
    status = {record.code: record.status for record in second.records}
    assert status == {"210104": "done", "210106": "skipped", "overview": "skipped"}
    assert page.is_file()


def test_one_failing_area_does_not_stop_the_others(inputs, tmp_path, monkeypatch):
    """A notebook that fails for one county: recorded, kept with its error, without a page."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("county_report.ipynb", "overview.ipynb"):
        book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
        parameters = nbformat.v4.new_code_cell(
            "\n".join(f"{p} = ''" for p in PARAMETERS),
            metadata={"tags": ["parameters"]},
        )
        check = nbformat.v4.new_code_cell("assert area != '210303', area")
        book.cells = [parameters, check]
        nbformat.write(book, folder / name)
    monkeypatch.setattr(batch, "notebook_folder", lambda: folder)
    run = run_reports(order(inputs, tmp_path / "out", areas=("210303", "210106")))
    status = {record.code: record.status for record in run.records}
    assert status == {"210106": "done", "210303": "failed", "overview": "done"}
    assert "AssertionError: 210303" in run.failed[0].error
    assert [p.name for p in (run.folder / "210303-铁西区").iterdir()] == ["county.ipynb"]
    index = (run.folder / "index.html").read_text(encoding="utf-8")
    assert "AssertionError" in index


def test_unknown_parameters_are_refused():
    shipped = ROOT / "notebooks" / "county_report.ipynb"
    with pytest.raises(sl.SanlianError, match="treshold"):
        check_parameters(str(shipped), {"treshold": "1"})


def test_failed_run_ends_with_status_1(inputs, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from sanlian_analysis.cli import cli
    from sanlian_analysis.report.batch import Run
    from sanlian_analysis.report.manifest import AreaRecord

    failed = AreaRecord("210303", "铁西区", "failed", error="boom")
    monkeypatch.setattr(batch, "run_reports", lambda *given: Run(tmp_path, (failed,)))
    monkeypatch.setattr(orders, "workers", lambda orders: nullcontext())
    done = CliRunner().invoke(cli, ["report", "x", "--policy", "liaoning-2021"])
    assert done.exit_code == 1
    assert "boom" in done.stderr


# --- the notebooks by themselves ------------------------------------------------------


@pytest.mark.parametrize("name", ["county_report.ipynb", "overview.ipynb"])
def test_shipped_notebook_runs_with_its_defaults_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = ROOT / "notebooks" / name
    done = papermill.execute_notebook(str(path), str(tmp_path / name), progress_bar=False)
    pictures = [
        output
        for cell in done.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 6
    assert all("模拟数据" in output.metadata["image/png"]["alt"] for output in pictures)


def test_notebook_and_evaluate_give_the_same_numbers(run, inputs):
    data = sl.read_ledger(inputs / "台账.csv", inputs / "名录.csv")
    results = sl.evaluate(data, "liaoning-2021", "2022-12-31")
    book = nbformat.read(run.folder / "210106-铁西区" / "county.ipynb", as_version=4)
    cell = next(cell for cell in book.cells if cell["id"] == "targets")
    with using("zh"):
        expected = sl.tables.targets(
            results, sl.load_policy("liaoning-2021"), "210106", sl.snapshots(data)[-1]
        )
    assert cell.outputs[0]["data"]["text/html"] == expected._repr_html_()


def test_english_report_is_english(inputs, tmp_path):
    with using("en"):
        run = run_reports(order(inputs, tmp_path, areas=("210106",)))
    text = (run.folder / "210106-铁西区" / "county.html").read_text(encoding="utf-8")
    assert 'lang="en"' in text
    assert "not met" in text.lower()
    assert ">Short by<" in text
    assert ">还差<" not in text


# --- printing ---------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PRINTED = Table(
    "所缺", ("代码甲", "缺项乙"), tuple((f"行{i}", "缺") for i in range(60)), frozenset()
)


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(
    CHROMIUM is None or shutil.which("pdftotext") is None,
    reason="Chromium or pdftotext (poppler) is not installed",
)
def test_printed_tables_have_their_header_on_every_page_and_never_alone(tmp_path):
    """Tables that begin at any height of a sheet, and are longer than one."""
    notebook = nbformat.v4.new_notebook()
    for height in range(840, 1000, 10):
        space = f'<div style="break-before: page; height: {height}px"></div>'
        html = {"text/html": space + PRINTED._repr_html_()}
        cell = nbformat.v4.new_code_cell(
            "1", outputs=[nbformat.v4.new_output("display_data", html)]
        )
        notebook.cells.append(cell)
    source, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    source.write_text(page(notebook, "打印"), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}", source.as_uri()]
    subprocess.run(command, check=True, capture_output=True)
    told = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True)
    sheets = [sheet.split() for sheet in told.stdout.decode().split("\f")]
    tabled = [words for words in sheets if any(word.startswith("行") for word in words)]
    assert len(tabled) >= 2 * 16
    assert not [words for words in tabled if "代码甲" not in words or "缺项乙" not in words]
    headed = [words for words in sheets if "代码甲" in words or "所缺" in words]
    assert headed == tabled


def texts(source, tags):
    cell = nbformat.v4.new_markdown_cell(source, metadata={"tags": tags}, id="told")
    return page(nbformat.v4.new_notebook(cells=[cell]), "")


def test_a_page_has_one_language_of_what_is_in_both():
    both = "## 依据 · Clauses\n\n条文。\n\nThe clauses."
    chinese = texts(both, ["zh-en"])
    assert ">依据<" in chinese.replace("\n", "")
    assert "条文" in chinese
    assert "lauses" not in chinese
    with using("en"):
        english = texts(both, ["zh-en"])
    assert "<h2" in english
    assert ">Clauses<" in english.replace("\n", "")
    assert "The clauses." in english
    assert "依据" not in english
    assert "条文" not in english


def test_what_is_not_said_to_be_in_both_languages_stays():
    own = texts("## 甲 · 乙\n\n说明。\n\nSee the map.", [])
    assert "甲 · 乙" in own
    assert "说明。" in own
    assert "See the map." in own


@pytest.mark.parametrize("name", ["county_report.ipynb", "overview.ipynb"])
def test_texts_of_the_shipped_reports_are_in_both_languages(name):
    book = nbformat.read(ROOT / "notebooks" / name, 4)
    told = [cell for cell in book.cells if cell.cell_type == "markdown"]
    assert told
    for cell in told:
        assert cell.metadata["tags"] == ["zh-en"]
        in_zh = one_language(cell.source)
        with using("en"):
            in_en = one_language(cell.source)
        assert re.search("[\u4e00-\u9fff]", in_zh)
        assert not re.search("[\u4e00-\u9fff]", in_en)
        assert len(in_zh.split("\n\n")) == len(in_en.split("\n\n"))
