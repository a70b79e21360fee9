"""The panels: what is chosen decides what is shown, and every figure is the library's."""

import base64
import datetime as dt
import io
import json
import re
from fractions import Fraction
from html import unescape
from pathlib import Path

import numpy as np
import papermill
import pytest
from click.testing import CliRunner
from PIL import Image
from test_evaluation import LIAONING, rows
from test_evaluation import ledger as ledger  # the fixture

import sanlian_analysis as sl
from sanlian_analysis.cli import cli
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.panels import lab
from sanlian_analysis.panels.moving import MovingBars
from sanlian_analysis.planning import bars_of
from sanlian_analysis.report.renderings import RENDERED, area_briefing, renderer

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
END = dt.date(2020, 12, 31)


@pytest.fixture(scope="module")
def yuncheng():
    return sl.read_ledger(DATA / "ledgers/yuncheng-2019.xlsx", DATA / "frames/yuncheng.csv")


@pytest.fixture
def explorer(yuncheng, tmp_path):
    return sl.explore(yuncheng, "yuncheng-2019", "140802", folder=tmp_path)


@pytest.fixture
def small(ledger):
    """Ten urban communities: six pass the bar of ten, two fail, two are blank."""
    orgs = [12, 15, 10, 11, 20, 10, 3, 9, None, None]
    return ledger(communities=rows(LIAONING, "2023-12-31", orgs=orgs))


def text(html):
    """What a reader sees of a page."""
    return unescape(re.sub(r"<[^>]+>", " ", html))


# --- the explorer ---------------------------------------------------------------------------


def test_the_explorer_shows_what_evaluate_finds(explorer, yuncheng):
    results = sl.evaluate(yuncheng, "yuncheng-2019", END)
    row = results.query("area_code == '140802' and target == 'linkage' and reading == 'primary'")
    [low], [high] = row["lower"], row["upper"]
    assert explorer.target.value == "linkage"
    shown = text(explorer.sentence.value)
    assert f"结果在{100 * low:.1f}%至{100 * high:.1f}%之间" in shown
    assert "三(2020年)：“每个县（市、区）都有30%村、社区开展‘三社联动’”" in shown


def test_another_city_county_date_and_target_are_followed(explorer, yuncheng):
    explorer.area.value = "140821"
    assert "临猗县（140821）" in text(explorer.heading.value)
    assert set(explorer.units.box.df["代码"].str[:6]) == {"140821"}
    explorer.date.value = "2019-12-31"
    assert "2019-12-31" in text(explorer.heading.value)
    explorer.target.value = "orgs-urban"
    assert explorer.view.target == "orgs-urban"
    assert set(explorer.units.box.df["类型"]) == {"城市社区"}
    explorer.area.value = "1408"
    assert "运城市" in text(explorer.heading.value)


@pytest.mark.parametrize("chart", ["ranking", "shortfall", "change", "tiles", "thresholds"])
def test_every_chart_can_be_chosen(explorer, chart):
    before = explorer.picture.value
    explorer.chart.value = chart
    assert explorer.message.value == ""
    assert explorer.picture.value not in ("", before)


def test_another_policy_brings_its_own_targets(explorer):
    explorer.policy.value = "liaoning-2021"
    assert explorer.message.value == ""
    assert "orgs-urban" in {id_ for _, id_ in explorer.target.options}
    assert "linkage" not in {id_ for _, id_ in explorer.target.options}
    assert "辽宁省" in text(explorer.document)


def test_the_unit_list_has_every_unit_with_its_status(small):
    explorer = sl.explore(small, "liaoning-2021", target="orgs-urban")
    shown = explorer.units.box.df
    assert list(shown.columns) == ["代码", "名称", "街道（乡镇）", "类型", "情况", "社区社会组织数"]
    assert shown["情况"].tolist() == ["符合"] * 6 + ["不符合"] * 2 + ["未知"] * 2
    assert shown["社区社会组织数"].tolist() == [12, 15, 10, 11, 20, 10, 3, 9, "", ""]


def test_names_are_text_and_no_formula(ledger):
    hostile = ["+HYPERLINK(1)", "<img src=x onerror=alert(1)>", "@SUM(1)"]
    table = rows(LIAONING, "2023-12-31", orgs=[1, 20, None])
    there = ledger(
        communities=[row | {"name": name} for row, name in zip(table, hostile, strict=True)]
    )
    explorer = sl.explore(there, "liaoning-2021", target="orgs-urban")
    assert explorer.units.box.df["名称"].tolist() == ["'+HYPERLINK(1)", hostile[1], "'@SUM(1)"]
    assert "<img src=x" not in explorer.document
    assert "<img src=x" not in json.dumps(explorer.units.box.get_state()["_dt_args"])


def test_without_widgets_it_is_a_document(explorer):
    shown = explorer._repr_mimebundle_()
    assert set(shown) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
        "image/png",
    }
    assert "盐湖区（140802）" in shown["text/plain"]
    assert "盐湖区（140802）" in text(shown["text/html"])
    assert "模拟数据" in shown["text/html"]
    assert "<script" not in shown["text/html"]
    assert Image.open(io.BytesIO(base64.b64decode(shown["image/png"]))).width > 1000


@pytest.mark.parametrize("kind", RENDERED)
def test_an_export_is_the_briefing_of_the_batch(explorer, kind, tmp_path):
    explorer.format.value = kind
    explorer.export.click()
    [made] = tmp_path.iterdir()
    assert made.suffix == f".{kind}"
    assert made.read_bytes() == renderer(kind)(
        area_briefing(explorer.view.found, "140802", END, overview=False)
    )
    link = re.search(
        r'href="data:application/octet-stream;base64,([^"]+)"', explorer.exported.value
    )
    assert base64.b64decode(link[1]) == made.read_bytes()


def test_an_export_that_cannot_be_written_is_said(yuncheng, tmp_path):
    (tmp_path / "file").write_text("")
    explorer = sl.explore(yuncheng, "yuncheng-2019", "140802", folder=tmp_path / "file")
    explorer.export.click()
    assert str(tmp_path / "file") in text(explorer.message.value)
    assert explorer.exported.value == ""


def test_in_english(yuncheng, monkeypatch):
    monkeypatch.setenv("SANLIAN_LANG", "en")
    explorer = sl.explore(yuncheng, "yuncheng-2019", "140802")
    assert explorer.policy.description == "Policy"
    assert "Indicators" in text(explorer.document)
    assert list(explorer.units.box.df.columns[:2]) == ["Code", "Name"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"area": "999999"}, "没有市或区县 '999999'"),
        ({"date": "2001-01-01"}, "2001-01-01"),
        ({"target": "nothing"}, "不能回答目标 'nothing'"),
        ({"policy": "nowhere-1999"}, "nowhere-1999"),
    ],
)
def test_what_is_not_there_is_refused(yuncheng, asked, said):
    with pytest.raises(SanlianError, match=re.escape(said)):
        sl.explore(yuncheng, **({"policy": "yuncheng-2019"} | asked))


def test_the_document_that_governs_is_the_default(yuncheng, small):
    assert sl.explore(yuncheng).policy.value == "yuncheng-2019"
    assert sl.explore(small).policy.value == "liaoning-2021"


# --- moving the bar -------------------------------------------------------------------------


def test_the_bar_and_the_threshold_are_moved(small):
    bars = sl.explore(small, "liaoning-2021", "210106", target="orgs-urban").bars
    assert (bars.bar.value, bars.threshold.value) == (10, 100)
    assert "6/10个单位确定符合，占60%至80%" in text(bars.found.value)
    assert "未达标" in text(bars.found.value)
    bars.threshold.value = 60
    assert "达标" in text(bars.found.value)
    assert "未达标" not in text(bars.found.value)
    bars.bar.value = 11
    assert "4/10个单位确定符合，占40%至60%" in text(bars.found.value)
    assert "待定" in text(bars.found.value)
    bars.reset.click()
    assert (bars.bar.value, bars.threshold.value) == (10, 100)


def test_a_threshold_that_is_no_whole_percentage_stays_exact(small, tmp_path):
    built_in = ROOT / "sanlian_analysis/policies/liaoning-2021.toml"
    own = tmp_path / "own.toml"
    written = built_in.read_text(encoding="utf-8").replace('"100%"', '"2/3"')
    own.write_text(written, encoding="utf-8")
    bars = sl.explore(small, own, "210106", target="orgs-urban").bars
    before = text(bars.found.value)
    assert bars.threshold.value == 67
    assert "67%" not in before
    bars.bar.value = 11
    bars.bar.value = 10
    assert text(bars.found.value) == before


def test_where_there_is_no_bar_nothing_can_be_moved(explorer):
    assert explorer.bars.box.layout.display == "none"
    explorer.target.value = "orgs-urban"
    assert explorer.bars.box.layout.display == ""


def test_a_moved_chart_is_the_one_that_is_drawn_anew(small):
    bars = bars_of(small, "liaoning-2021", "orgs-urban")
    quick, slow = (MovingBars(bars, "210106", simulated=False) for _ in range(2))
    quick.move(Fraction(3), Fraction(1, 2), Fraction(7, 10))
    moved = quick.move(Fraction(11), Fraction(6, 10), Fraction(4, 10))
    for artist in (slow._bar, slow._threshold, slow._point):
        artist.set_animated(False)
    slow._bar.set_xdata([11, 11])
    slow._threshold.set_ydata([0.6, 0.6])
    slow._point.set_data([11], [0.4])
    slow._canvas.draw()
    whole = np.asarray(slow._canvas.buffer_rgba())[:, :, :3]
    here = np.asarray(Image.open(io.BytesIO(moved)))
    assert here.shape == whole.shape
    assert np.abs(here.astype(int) - whole).max() <= 2


# --- the planner ----------------------------------------------------------------------------


def test_the_planner_finds_the_least(small):
    planner = sl.explore_plan(small, "liaoning-2021", "210106", target="orgs-urban")
    plan = sl.least_effort(small, "liaoning-2021", "orgs-urban", "210106")
    assert planner.budget.max == plan.effort == 7 + 1 + 10 + 10
    assert "最少再补28个" in planner.text
    planner.budget.value = 8
    assert planner.plan.lifted == 2
    assert planner.plan.lower_at_budget == Fraction(8, 10)


def test_the_planner_supposes_a_rule(small):
    planner = sl.explore_plan(small, "liaoning-2021", "210106", target="orgs-urban")
    planner.change.value, planner.who.value = "+1", "orgs < 10"
    planner.suppose.click()
    shown = text(planner.supposed.value)
    assert "改动 2 个单元格" in shown
    assert "70%至90%" in shown
    planner.who.value = "orgs <"
    planner.suppose.click()
    assert 'role="alert"' in planner.message.value


def test_the_planner_shows_paces(yuncheng):
    planner = sl.explore_plan(yuncheng, "yuncheng-2019", "140802", target="linkage")
    assert "盐湖区" in text(planner.pace.value)
    planner.area.value = "140821"
    assert "临猗县" in text(planner.pace.value)
    planner.target.value = "orgs-urban"
    assert planner.variable.value == "orgs"
    assert planner.message.value == ""


# --- several documents -----------------------------------------------------------------------


def test_documents_are_compared(yuncheng):
    panel = sl.explore_policies(yuncheng)
    assert len(panel.policies.value) >= 2
    for caption in ("各文件对同一事项的要求", "结论是否一致", "排名是否还稳"):
        assert caption in panel.tables.value
    panel.policies.value = panel.policies.value[:1]
    assert "至少选两份" in text(panel.message.value)
    assert panel.found is None


# --- JupyterLab -------------------------------------------------------------------------------


def source(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def test_notebooks_are_put_into_a_folder_with_the_users_ledger(tmp_path):
    hostile = '台账"\n import os.xlsx'
    lab.prepare(tmp_path, {"ledger": hostile, "lang": "en"})
    for name in lab.ANALYSES:
        [injected] = [text for text in source(tmp_path / name) if text.startswith("# Parameters")]
        scope = {}
        exec(injected, scope)
        assert (scope["ledger"], scope["lang"]) == (hostile, "en")
    for name in lab.TUTORIALS:
        [injected] = [text for text in source(tmp_path / name) if text.startswith("# Parameters")]
        assert "ledger" not in injected


def test_what_the_user_changed_is_kept(tmp_path):
    lab.prepare(tmp_path, {"ledger": "first.xlsx"})
    path = tmp_path / "explore.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    book["cells"][0]["source"] = ["我的笔记"]
    path.write_text(json.dumps(book), encoding="utf-8")
    lab.prepare(tmp_path, {"ledger": "second.xlsx"})
    texts = source(path)
    assert texts[0] == "我的笔记"
    assert sum(text.startswith("# Parameters") for text in texts) == 1
    assert any("second.xlsx" in text for text in texts)


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "explore.ipynb").write_text("notes")
    with pytest.raises(SanlianError, match=r"explore\.ipynb"):
        lab.prepare(tmp_path, {"ledger": "x.xlsx"})
    assert [path.name for path in tmp_path.iterdir()] == ["explore.ipynb"]
    assert (tmp_path / "explore.ipynb").read_text() == "notes"


@pytest.mark.parametrize(("value", "chinese"), [("zh_CN.UTF-8", True), ("en_US.UTF-8", False)])
def test_the_interface_is_chinese_where_the_system_is(tmp_path, monkeypatch, value, chinese):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", value)
    lab.prepare(tmp_path, {})
    settings = json.loads((tmp_path / lab._SETTINGS).read_text())
    assert ("@jupyterlab/translation-extension:plugin" in settings) == chinese
    session = lab.Session(tmp_path)
    assert str(tmp_path / ".jupyter") in session.environment["JUPYTER_CONFIG_PATH"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.xlsx"], "missing.xlsx"),
        (["--frame", "frame.csv"], "--frame 需要同时给出台账"),
        (["--policy", "nowhere-1999"], "nowhere-1999"),
    ],
)
def test_explore_refuses_before_anything_is_opened(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "open_session", lambda session: pytest.fail("JupyterLab was opened"))
    found = CliRunner().invoke(cli, ["explore", *arguments])
    assert isinstance(found.exception, SanlianError)
    assert said in str(found.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", [False, True])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, page):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(SanlianError, match="voila" if page else "jupyterlab"):
        lab.open_session(lab.Session(tmp_path, page=page))


# --- the notebooks run ------------------------------------------------------------------------

NOTEBOOKS = [*lab.ANALYSES, *lab.TUTORIALS]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_and_reads_as_a_document(name, tmp_path):
    executed = papermill.execute_notebook(
        ROOT / "notebooks" / name, tmp_path / name, engine_name="sanlian", progress_bar=False,
        cwd=tmp_path, kernel_name="python3",
    )  # fmt: skip
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type in ("error", "stream")]
    shown = [output.data for output in outputs]
    widgets = [one for one in shown if "application/vnd.jupyter.widget-view+json" in one]
    assert all("text/html" in one and "image/png" in one for one in widgets)
    assert any("image/png" in one for one in shown)
