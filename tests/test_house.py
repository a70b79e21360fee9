"""The house rules that no single module can keep: layers, dependencies, clean files."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sanlian_analysis"

# The one way through the house. A module imports from its own group and from the
# groups above it, never from one below. A folder counts as one name.
LAYERS = [
    [
        "language",
        "errors",
        "exact",
        "findings",
        "files",
        "inputs",
        "records",
        "toml_lines",
        "excel",
    ],
    ["schema", "codes"],
    ["sheet", "frame", "values"],
    ["workbook_process", "workbook", "layout", "understanding"],
    ["reading", "cache"],
    ["remembered", "ledger", "snapshot"],
    ["expressions", "columns", "policy"],
    ["policy_table", "policy_files", "policy_text", "official_text"],
    ["measures"],
    ["calculation", "assumptions", "evaluation", "units", "breakdown", "coverage"],
    ["checks"],
    ["compare"],
    ["results"],
    ["planning"],
    ["template", "marked_copy"],
    ["simulate"],
    ["charts"],
    ["table", "unit_tables", "tables", "plan_tables", "compare_tables"],
    ["briefing", "named_charts"],
    ["engine"],
    ["report"],
    ["panels"],
    ["cli"],
]
LAYER_OF = {name: depth for depth, group in enumerate(LAYERS) for name in group}

FROM_CONDA = {"pandas", "numpy", "matplotlib", "jupyterlab", "openpyxl", "papermill"}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = [
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
]

LARGEST = 5 * 1024 * 1024
# Put together from pieces, so that this file does not hold what it forbids.
FORBIDDEN = {
    "a package registry": re.compile(
        r"\b(?:pypi|files\.pythonhosted|registry\.npmjs)" + r"\.org\b|--(?:extra-)?index" + "-url"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.~*/-])/(?:home|root|work|tmp|Users)" + r"/\w|\b[A-Z]:\\Users" + r"\\"
    ),
    "a folder beside the checkout": re.compile(r"\.\./" + r"shared\b|(?<![\w/-])shared" + "/"),
}


# --- layers ---------------------------------------------------------------------------


def module_name(path):
    """``sanlian_analysis.report.batch`` for ``sanlian_analysis/report/batch.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_names(path):
    """Every dotted name that a file imports, relative ones written out; ``a.b`` for both forms."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_modules(path):
    """The modules of this package that a file imports."""
    for name in imported_names(path):
        for candidate in (name, name.rpartition(".")[0]):
            if candidate in MODULES:
                yield candidate
                break


def layer_name(module):
    return module.split(".")[1]


INSIDE = [name for name in MODULES if name != PACKAGE.name]


@pytest.mark.parametrize("module", INSIDE)
def test_module_stands_in_a_layer(module):
    assert layer_name(module) in LAYER_OF, (
        f"{module} is in no layer: add {layer_name(module)!r} to LAYERS in tests/test_house.py, "
        "below everything it imports and above everything that imports it"
    )


@pytest.mark.parametrize("module", INSIDE)
def test_module_imports_only_from_its_own_layer_and_those_above(module):
    targets = set(imported_modules(MODULES[module]))
    assert PACKAGE.name not in targets, f"{module} imports from the package's public face"
    layer = LAYER_OF.get(layer_name(module), len(LAYERS))
    backwards = {name for name in targets if LAYER_OF.get(layer_name(name), -1) > layer}
    assert not backwards, f"{module} imports from a later layer: {sorted(backwards)}"


def test_no_imports_in_a_circle():
    graph = {name: set(imported_modules(MODULES[name])) - {name} for name in INSIDE}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


@pytest.mark.parametrize("module", ["sanlian_analysis", "sanlian_analysis.cli"])
def test_import_leaves_the_heavy_libraries_alone(module):
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    heavy = {"papermill", "matplotlib", "nbconvert", "nbclient", "IPython"}
    assert not {name for name in loaded if name in heavy or name.startswith("jupyter")}


@pytest.mark.parametrize("module", ["report.batch", "report.warm", "panels.lab"])
def test_import_does_not_wait_a_second_for_a_check_that_nobody_makes(module):
    code = f"import sys, sanlian_analysis.{module}; assert 'rfc3987_syntax' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- dependencies ---------------------------------------------------------------------

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? \\$", re.M)


def bounds(requirements):
    """Specifier by normalised name; a name that comes twice is an error."""
    parsed = [Requirement(line) for line in requirements]
    names = [canonicalize_name(requirement.name) for requirement in parsed]
    assert not {name for name in names if names.count(name) > 1}, "named twice"
    return dict(zip(names, (requirement.specifier for requirement in parsed), strict=True))


RUNTIME = bounds(PROJECT["dependencies"])
DIRECT = [
    *PROJECT["dependencies"],
    *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
]


def locked(name, python, platform):
    """Versions that the lock gives one Python on one platform."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", **platform}
    return [
        pin["version"]
        for pin in PIN.finditer(LOCK)
        if canonicalize_name(pin["name"]) == name
        and (pin["marker"] is None or Marker(pin["marker"]).evaluate(environment))
    ]


@pytest.mark.parametrize("line", DIRECT)
def test_lock_holds_one_fitting_version_for_every_python_and_platform(line):
    requirement = Requirement(line)
    for python in PYTHONS:
        for platform in PLATFORMS:
            versions = locked(canonicalize_name(requirement.name), python, platform)
            where = f"{line}: {versions} for Python {python} on {platform['sys_platform']}"
            assert len(versions) == 1, where
            assert versions[0] in requirement.specifier, f"{where}; run make lock"


def test_lock_gives_a_hash_for_every_pin_and_no_address():
    entries = re.split(r"^(?=\w)", re.sub(r"^ *#.*\n", "", LOCK, flags=re.M), flags=re.M)
    assert all(PIN.match(entry) and "--hash=sha256:" in entry for entry in entries if entry)
    assert "://" not in LOCK


@pytest.fixture(scope="module")
def environment():
    """The lines that conda installs and the lines that pip installs."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert (content["name"], content["channels"]) == ("sanlian", ["conda-forge"])
    *conda, pip = content["dependencies"]
    assert list(pip) == ["pip"]
    return conda, pip["pip"]


def test_environment_takes_the_six_from_conda_and_python_as_the_project_does(environment):
    conda = bounds(environment[0])
    assert set(conda) == FROM_CONDA | {"python", "pip"}
    assert str(conda["python"]) == PROJECT["requires-python"]


def test_environment_names_every_dependency_once_with_the_bounds_of_the_project(environment):
    conda, [*pip, itself] = environment
    assert itself == "-e ."
    found = bounds([*conda, *pip])
    assert {name: found[name] for name in found if name not in {"python", "pip"}} == RUNTIME


# --- files ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are the project's own is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_tracked_file_names_a_registry_or_a_place_outside_the_checkout(tracked):
    found = []
    for path in tracked:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode("utf-8", errors="replace")
        for what, pattern in FORBIDDEN.items():
            found += [
                f"{path.relative_to(ROOT)}: {what}: {hit[0]}" for hit in pattern.finditer(text)
            ]
    assert not found, "\n".join(found)


def test_no_tracked_file_is_over_5_mb(tracked):
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked}
    assert not {name: size for name, size in sizes.items() if size > LARGEST}


def test_notebooks_hold_no_outputs():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            stored = cell.get("outputs") or cell.get("execution_count")
            assert not stored, f"{path.name}: run `make format`: {''.join(cell['source'])[:60]!r}"


@pytest.mark.xdist_group("house")
def test_tests_of_one_group_run_in_one_process(request):
    """As `make test` asks: some releases of pytest make pytest-xdist forget it without a word."""
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@house") == grouped
