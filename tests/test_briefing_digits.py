"""The same digits in every rendering: each number of a briefing, as often as it is said."""

import dataclasses
import functools
import io
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from lxml import etree
from test_briefing import all_areas

import sanlian_analysis as sl
from sanlian_analysis.briefing import (
    Evaluated,
    comparison_briefing,
    county_briefing,
    overview_briefing,
)
from sanlian_analysis.language import using
from sanlian_analysis.report.renderings import RENDERED, renderer

DATA = Path(__file__).parents[1] / "data"
KINDS = ["county", "overview", "all areas", "comparison"]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
CODE = re.compile(r"(?<!\w)\d{12}(?!\w)")
LISTED_ZH = re.compile(r"共 ([\d,]+) 行，此处列出 ([\d,]+) 行")
LISTED_EN = re.compile(r"([\d,]+) rows in all, ([\d,]+) of them here")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"

# The ledger is read, and every briefing rendered, by one worker.
pytestmark = pytest.mark.xdist_group("digits")

everywhere = pytest.mark.parametrize(
    ("kind", "language", "ending"),
    [(k, language, e) for k in KINDS for language in ("zh", "en") for e in RENDERED],
)


@pytest.fixture(scope="module")
def briefings(tmp_path_factory):
    """Every kind in both languages."""
    found = {}
    for language in ("zh", "en"):
        with using(language):
            data = sl.read_ledger(
                DATA / "ledgers" / "yuncheng-2019.xlsx", DATA / "frames" / "yuncheng.csv"
            )
            own, other = (
                Evaluated(data, sl.load_policy(policy))
                for policy in ("yuncheng-2019", "liaoning-2021")
            )
            day = data.dates[-1]
            wide, last = all_areas(tmp_path_factory.mktemp("wide"))
            found |= {
                ("county", language): county_briefing(own, "140802", day),
                ("overview", language): overview_briefing(own, "1408", day),
                ("all areas", language): overview_briefing(wide, "", last),
                ("comparison", language): comparison_briefing([own, other], "140802", day),
            }
    return found


@pytest.fixture(scope="module")
def files(briefings):
    """Every rendering, made when it is asked for."""
    return functools.cache(
        lambda kind, language, ending: renderer(ending)(briefings[kind, language])
    )


@pytest.fixture(scope="module")
def rendered(files):
    """The text of every rendering."""

    @functools.cache
    def text(kind, language, ending):
        if ending == "pdf" and shutil.which("pdftotext") is None:
            pytest.skip("pdftotext (poppler) is not installed")
        return READERS[ending](files(kind, language, ending))

    return text


def parts(content, pattern):
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = [name for name in package.namelist() if re.fullmatch(pattern, name)]
        return [etree.fromstring(package.read(name)) for name in names]


def paragraphs(tree, paragraph, text):
    return ["".join(t.text or "" for t in p.iter(text)) for p in tree.iter(paragraph)]


def pdf_text(content):
    command = ["pdftotext", "-layout", "-", "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    return done.stdout.decode().replace("\u200b", "")


def pptx_text(content):
    """What stands on the slides; neither their notes nor their charts."""
    trees = parts(content, r"ppt/slides/slide\d+\.xml")
    return "\n".join(line for tree in trees for line in paragraphs(tree, f"{A}p", f"{A}t"))


def docx_text(content):
    (tree,) = parts(content, r"word/document\.xml")
    return "\n".join(paragraphs(tree, f"{W}p", f"{W}t"))


def xlsx_text(content):
    """The texts of all cells; raw figures, which are numbers, are no texts."""
    cells = [
        cell
        for sheet in openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    ]
    return "\n".join(cell for cell in cells if isinstance(cell, str))


READERS = {"pdf": pdf_text, "pptx": pptx_text, "docx": docx_text, "xlsx": xlsx_text}


def numbers(*texts):
    return Counter(number for text in texts for number in NUMBER.findall(str(text)))


def missing(briefing, text):
    """The numbers of headline and key table that a text has less often than they have."""
    cells = [cell for row in briefing.key.rows for cell in row]
    said = [briefing.headline.heading, *briefing.headline.sentences, *briefing.headline.details]
    return numbers(*said, *cells) - numbers(text)


# --- what is said ---------------------------------------------------------------------


@everywhere
def test_every_number_stands_in_every_rendering(briefings, rendered, kind, language, ending):
    briefing = briefings[kind, language]
    assert sum(numbers(*(cell for row in briefing.key.rows for cell in row)).values()) > 10
    assert not missing(briefing, rendered(kind, language, ending))


@everywhere
def test_another_number_would_be_missed(briefings, rendered, kind, language, ending):
    briefing = briefings[kind, language]
    first, *others = briefing.key.rows
    at = next(i for i, cell in enumerate(first) if "%" in cell)
    wrong = tuple("91.17%" if i == at else cell for i, cell in enumerate(first))
    changed = dataclasses.replace(briefing.key, rows=(wrong, *others))
    text = rendered(kind, language, ending)
    assert missing(dataclasses.replace(briefing, key=changed), text) == {"91.17%": 1}
    twice = dataclasses.replace(briefing.key, rows=briefing.key.rows * 9)
    assert missing(dataclasses.replace(briefing, key=twice), text)


@everywhere
def test_rows_of_the_key_table_are_whole(briefings, rendered, kind, language, ending):
    text = "".join(rendered(kind, language, ending).split())
    if ending != "pdf":  # where a cell on two lines is torn apart by its neighbours
        for row in briefings[kind, language].key.rows:
            assert "".join("".join(row).split()) in text


@everywhere
def test_lists_say_how_many_rows_there_are_and_how_many_are_listed(
    briefings, rendered, kind, language, ending
):
    short, text = briefings[kind, language].short, rendered(kind, language, ending)
    listed = len(CODE.findall(text))
    assert 0 < listed <= short.whole
    told = (LISTED_ZH if language == "zh" else LISTED_EN).findall(" ".join(text.split()))
    wanted = [(f"{short.whole:,}", f"{listed:,}")] if listed < short.whole else []
    assert [pair for pair in told if pair[0] == f"{short.whole:,}"] == wanted


# --- what is drawn --------------------------------------------------------------------


def figures(natives):
    return Counter(v for one in natives for s in one.series for v in s.values if v is not None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_charts_of_slides_and_workbook_have_the_figures(briefings, files, kind, language):
    briefing = briefings[kind, language]
    wanted = figures(briefing.natives)
    assert wanted
    drawn = Counter(
        float(value.text)
        for tree in parts(files(kind, language, "pptx"), r"ppt/charts/chart\d+\.xml")
        for figure in tree.iter(f"{C}val")
        for value in figure.iter(f"{C}v")
    )
    assert drawn == wanted
    book = openpyxl.load_workbook(io.BytesIO(files(kind, language, "xlsx")))
    sheet = book["图表数据" if language == "zh" else "Chart data"]
    cells = (cell for row in sheet.iter_rows(values_only=True) for cell in row)
    assert Counter(float(c) for c in cells if isinstance(c, int | float)) == wanted
    labels = [text for one in briefing.natives for s in one.series for text in s.labels if text]
    assert {n.rstrip("%") for n in numbers(*labels)} <= {f"{value:,.12g}" for value in wanted}
