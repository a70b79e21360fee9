"""The notebooks in a real JupyterLab, used as a person would use them, in a headless Chromium."""

import contextlib
import csv
import io
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, sync_playwright

from sanlian_analysis.panels.lab import ANALYSES, TUTORIALS

ROOT = Path(__file__).parents[1]
LEDGER, FRAME = ROOT / "data/ledgers/liaoning-2021.xlsx", ROOT / "data/frames/liaoning.csv"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SANLIAN = str(Path(sys.executable).with_name("sanlian"))
OURS = re.compile(r"(https?|wss?)://(localhost|127\.0\.0\.1)[:/]|data:|blob:")
THREE_MINUTES = 180_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def environment(tmp):
    """A user whose system is Chinese, and who has every cell of a notebook drawn at once."""
    settings = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
    own = tmp / "config/labconfig/default_setting_overrides.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps(settings))
    own = {"LANG": "zh_CN.UTF-8", "JUPYTER_CONFIG_DIR": str(tmp / "config")}
    own |= {"JUPYTER_DATA_DIR": str(tmp / "data"), "JUPYTER_RUNTIME_DIR": str(tmp / "runtime")}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "PYTEST"))
    }
    return kept | own


class Server:
    """A program that prints its address and serves pages until it is ended."""

    def __init__(self, command, address, **options):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(address, line):
                self.url = found[0]
                break
        else:
            pytest.fail("".join(self.said))
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(180)
        finally:
            self.process.kill()
        self.reader.join()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page whose requests to other hosts and whose errors are collected, and must be none."""
    context = browser.new_context(
        viewport={"width": 1400, "height": 1400}, accept_downloads=True, locale="zh-CN"
    )
    page = context.new_page()
    page.set_default_timeout(THREE_MINUTES)
    others, errors = [], []
    page.on("request", lambda r: None if OURS.match(r.url) else others.append(r.url))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.forget_errors = errors.clear
    yield page
    assert others == []
    assert errors == []
    context.close()


def explore(tmp, *options):
    """`sanlian explore` at a port that nobody else has, as two servers may look for one at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(SANLIAN, "explore", str(LEDGER), "--frame", str(FRAME), "--policy", "liaoning-2021"),
        *("--folder", str(tmp / "notebooks"), "--no-browser", "--port", str(port), *options),
    ]
    return Server(command, r"http://(?:localhost|127\.0\.0\.1):\d+/\S*", env=environment(tmp))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    server = explore(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


#: What is in view; JupyterLab keeps other notebooks in hidden panels.
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
WORKSPACES = itertools.count()
#: Whether every cell of code has a number, and none the star of one that runs or waits.
DONE = r"""panel => {
    const cells = [...document.querySelectorAll(`${panel} .jp-CodeCell`)];
    const prompts = cells.map(c => c.querySelector('.jp-InputArea-prompt').innerText);
    return prompts.length > 0 && prompts.every(p => /\[\d+\]/.test(p));
}"""


def _open(page, server, name):
    """Open a notebook in a workspace of its own; again, as one does, where it does not appear."""
    base, token = server.url.split("/lab/")[0], server.url.split("token=")[1]
    for seconds in (30, 30, 60):
        page.goto(f"{base}/lab/workspaces/test-{next(WORKSPACES)}/tree/{name}?token={token}")
        with contextlib.suppress(TimeoutError):
            page.locator(f"{PANEL} .jp-CodeCell").first.wait_for(timeout=1000 * seconds)
            return
        page.forget_errors()  # of a JupyterLab that was left half-way
    pytest.fail(f"{name} did not appear: {page.locator('body').inner_text()[:2000]}")


def run_all(page, server, name):
    """Open a notebook alone, run all of its cells from the menu, wait until the last one is done."""
    _open(page, server, name)
    # Before its kernel is there, JupyterLab would ask which one to take.
    page.locator(f"{PANEL} .jp-KernelName", has_text="Python 3").first.wait_for()
    page.locator(f"{PANEL} .jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()
    page.locator(f"{PANEL} .jp-Cell").first.click()
    page.get_by_role("menuitem", name="运行", exact=True).click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    page.wait_for_function(DONE, arg=PANEL)
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


@pytest.mark.parametrize("name", [*ANALYSES, *TUTORIALS])
def test_every_notebook_runs(page, lab, name):
    run_all(page, lab, name)
    assert page.locator(".jp-Notebook img").count() > 0


def choose(page, label, text):
    """Choose from the drop-down list with this label."""
    box = page.locator(".widget-dropdown", has=page.get_by_text(label, exact=True))
    box.locator("select").select_option(label=text)


def evaluated(**wanted):
    """The rows that `sanlian evaluate` writes."""
    command = [SANLIAN, "evaluate", str(LEDGER), "--frame", str(FRAME), "--policy", "liaoning-2021"]
    done = subprocess.run(command, capture_output=True, check=True)
    rows = csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig")))
    return [row for row in rows if wanted.items() <= row.items()]


def test_a_county_is_chosen_and_the_bar_is_moved(page, lab, tmp_path):
    run_all(page, lab, "explore.ipynb")
    choose(page, "市", "大连市 2102")
    page.get_by_role("heading", name="中山区（210202）").first.wait_for()
    choose(page, "县区", "西岗区 210203")
    page.get_by_role("heading", name="西岗区（210203）").first.wait_for()
    asked = {"area_code": "210203", "target": "orgs-urban", "reading": "primary"}
    [row] = evaluated(**asked, date="2023-12-31")
    low, high = (f"{100 * float(row[side]):.1f}".removesuffix(".0") for side in ("lower", "upper"))
    expected = f"{row['numerator']}/{row['denominator']}个单位确定符合，占{low}%"
    found = page.get_by_text(re.compile(r"^标准≥ 10、目标100%：")).first
    assert found.inner_text().startswith(f"标准≥ 10、目标100%：{expected}")
    assert high in found.inner_text()

    slider = page.get_by_role("slider").first
    slider.focus()
    for bar in (9, 8):
        slider.press("ArrowLeft")
        page.get_by_text(re.compile(rf"^标准≥ {bar}、目标100%：")).first.wait_for()

    with page.expect_download() as download:
        page.get_by_role("button", name="下载 CSV").click()
    listed = download.value.path().read_text(encoding="utf-8-sig")
    assert len(listed.strip().splitlines()) == int(row["denominator"]) + 1
    assert "210203" in listed

    choose(page, "格式", "DOCX")
    page.get_by_role("button", name="导出简报").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("下载 .*西岗区.*docx")).click()
    with zipfile.ZipFile(download.value.path()) as document:
        assert "西岗区" in document.read("word/document.xml").decode("utf-8")


def test_a_budget_is_moved_and_a_rule_supposed(page, lab):
    run_all(page, lab, "plan.ipynb")
    page.get_by_role("button", name="设想一下").click()
    page.get_by_text(re.compile(r"^设想的改动：改动 [\d,]+ 个单元格")).first.wait_for()


def test_people_without_jupyter_have_a_page(page, tmp_path):
    server = explore(tmp_path, "--page")
    try:
        page.goto(server.url)
        page.get_by_role("heading", name="和平区（210102）").first.wait_for()
        choose(page, "县区", "沈河区 210103")
        page.get_by_role("heading", name="沈河区（210103）").first.wait_for()
    finally:
        server.close()
