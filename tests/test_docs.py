"""The guide and the reference: they build, they name every public name, their commands exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from test_house import LAYERS, PROJECT

from sanlian_analysis import _PUBLIC, charts
from sanlian_analysis.cli import cli
from sanlian_analysis.named_charts import NAMED

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^( *)```(?:sh|console|powershell)\n(.*?)^\1```", re.M | re.S)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The pages as `make docs` makes them."""
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", DOCS, out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_reference_names_every_public_name(built):
    page = (built / "api.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert not [name for name in _PUBLIC if not re.search(rf"\bsl\.{name}\b", text)]
    documented = set(re.findall(r'id="(?:module-)?sanlian_analysis\.([\w.]+)"', page))
    homes = {f"{home}.{name}".strip(".") for name, home in _PUBLIC.items()}
    assert not (homes | {f"charts.{name}" for name in charts.__all__}) - documented


def test_pages_ask_for_nothing_from_elsewhere(built):
    loaded = re.compile(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]+)"')
    for path in built.rglob("*.html"):
        assert not loaded.findall(path.read_text(encoding="utf-8")), path.name


def commands(page):
    """The arguments of every line of a page's code blocks that runs `sanlian`."""
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        for line in re.sub(r"\\\n", " ", block[2]).splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            if words and Path(words[0]).name == "sanlian":
                yield words[1:]


COMMANDS = [
    pytest.param(words, id=f"{page.name} {' '.join(words)[:60]}")
    for page in PAGES
    for words in commands(page)
]


@pytest.mark.parametrize("page", ["guide.md", "guide.zh-CN.md"])
def test_guide_shows_every_command_and_names_every_chart(page):
    assert {words[0] for words in commands(DOCS / page)} == set(cli.commands)
    named = re.findall(r"^\| `(\w+)` \|", (DOCS / page).read_text(encoding="utf-8"), re.M)
    assert sorted(named) == sorted(NAMED)


@pytest.mark.parametrize("words", COMMANDS)
def test_command_and_its_options_exist(words):
    name, *rest = words
    assert name in cli.commands
    try:
        cli.commands[name].make_context(name, rest)
    except click.UsageError as error:
        pytest.fail(f"sanlian {' '.join(words)}: {error.format_message()}")


def test_every_page_has_its_twin_and_leads_to_it():
    for page in PAGES:
        if page.name in ("index.md", "api.md"):
            continue
        stem = page.name.removesuffix(".md").removesuffix(".zh-CN")
        twin = f"{stem}.md" if page.name.endswith(".zh-CN.md") else f"{stem}.zh-CN.md"
        assert f"]({twin})" in page.read_text(encoding="utf-8").splitlines()[2], page.name


def test_map_of_the_house_names_every_layer_in_order():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    layers = re.findall(r"^\d+\. (.+?): ", text, re.M)
    assert [re.findall(r"`(\w+)`", layer) for layer in layers] == LAYERS


def test_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["title"], cited["version"]) == (PROJECT["name"], PROJECT["version"])
    assert (cited["license"], cited["authors"]) == (PROJECT["license"], PROJECT["authors"])
