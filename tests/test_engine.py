"""The engine `sanlian` against papermill's own: the same notebooks, the same outputs."""

import gc
import importlib.util
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import nbformat
import papermill
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from sanlian_analysis.engine import KernelLost, Limits, manager
from sanlian_analysis.engine.server import server

# One fork server for all that is here.
pytestmark = pytest.mark.xdist_group("engine")

FORK = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")

KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}


def notebook(*cells, metadata=KERNEL):
    """A notebook of code cells: sources, or pairs of tags and a source; others as they are."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append(new_code_cell(cell))
        elif isinstance(cell, tuple):
            made.append(new_code_cell(cell[1], metadata={"tags": [cell[0]]}))
        else:
            made.append(cell)
    for number, cell in enumerate(made):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=made, metadata=metadata)


def failing(source):
    """A cell that is expected to raise."""
    return ("raises-exception", source)


# --- the notebooks ----------------------------------------------------------------------------

PAUSE = "import time; time.sleep(0.5)  # what goes past the kernel takes its time"

STREAMS = [
    "import sys\nfor i in range(3):\n    print('out', i)\n    print('err', i, file=sys.stderr)",
    "sys.stdout.write('no newline'); print(end='|'); print(1, 2, sep='-', end='')",
    f"import os\nn = os.write(1, b'past the kernel\\n'), os.write(2, b'past stderr\\n')\n{PAUSE}",
    f"n = os.system('echo of a shell; echo its stderr >&2')\n{PAUSE}",
    f"!echo of IPython; echo its stderr >&2\n{PAUSE}",
    "lines = !printf 'a\\nb\\n'\nlines",
    f"import subprocess\ndone = subprocess.run(['echo', 'of a subprocess'])\n{PAUSE}",
    "subprocess.run(['cat'], capture_output=True, text=True)",
    "sys.stdin.read(), os.read(0, 10), sys.stdin.isatty(), sys.stdout.isatty()",
    "import threading\nt = threading.Thread(target=print, args=('of a thread',))\nt.start(); t.join()",
    "threading.Thread(target=lambda: None).name, threading.current_thread().name",
    "import warnings\nwarnings.warn('once')\nwarnings.warn('deprecated', DeprecationWarning)",
    "for _ in range(2):\n    warnings.warn('at one place')",
    "import logging\nlogging.warning('of the root'); logging.info('not shown')",
    "logging.basicConfig(level=logging.INFO, force=True); logging.getLogger('x').info('shown')",
    "logging.getLogger().handlers, logging.getLogger('papermill').handlers",
    "print('\\r10%\\r20%'); print('三联共建 ✓ 𝒳 \\u202e עברית'); '三联\\n共建'",
    "print('x' * 100_000)",
    "print('\\x1b[31mred\\x1b[0m', flush=True)",
    "from contextlib import redirect_stdout\nimport io\n"
    "with redirect_stdout(io.StringIO()) as kept:\n    print('kept')\nkept.getvalue()",
]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

RICH = [
    "from IPython.display import *\ndisplay(HTML('<b>b</b>'), JSON({'a': [1]}), Latex('$x^2$'))",
    f"import base64\nImage(base64.b64decode('{PNG}'), metadata={{'name': 'dot'}})",
    "display(Markdown('**m**'), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'), Math('x'))",
    "Javascript('1')",
    "import pandas as pd\nframe = pd.DataFrame({'区县': ['甲', '乙'], 'n': [1, 2.5]})\nframe",
    "frame.style.format(precision=1).set_uuid('u')",
    "display(frame.n, frame.describe(), include=['text/plain'])",
    "class Both:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
    "        return {'text/plain': 'p', 'application/x-own': {'a': 1}}, {'application/x-own': {'b': 2}}"
    "\ndisplay(Both())\nBoth()",
    "class Broken:\n    def _repr_html_(self):\n        raise ValueError('no HTML')\nBroken()",
    "display({'text/plain': 'raw'}, raw=True, metadata={'a': 1})",
    "handle = display('first', display_id='one')\ndisplay('second', display_id='two')",
    "update_display('first, updated from a later cell', display_id='one')",
    "handle.update(HTML('<i>again</i>')); display('third', display_id='two')",
    "print('gone'); display(1); clear_output(); print('stays')",
    "print('gone later'); clear_output(wait=True); print('instead')",
    "print('stays, nothing follows'); clear_output(wait=True)",
    "import json\n1 + 1",
    "_, __, _17, In[1][:4], sorted(Out)[-2:], Out[17]",
    "'nothing is shown';",
    "None",
    "get_ipython().execution_count, type(get_ipython()), get_ipython().user_ns['_i']",
    "[1, {'b': 2, 'a': (3,)}] * 20",
    "from comm import create_comm\n"
    "state = {'_model_name': 'IntModel', '_model_module': 'm', '_model_module_version': '1', 'value': 1}\n"
    "c = create_comm('jupyter.widget', data={'state': state}, comm_id='c1', metadata={'version': '2'})",
    "c.send({'method': 'update', 'state': {'value': 2}, 'buffer_paths': [['b']]}, buffers=[b'xy'])",
    "get_ipython().kernel.comm_manager.comms.keys()",
    *(
        ["import ipywidgets\nipywidgets.IntSlider(3, description='s')"]
        if importlib.util.find_spec("ipywidgets")
        else []
    ),
]

PLOTS = [
    "import matplotlib.pyplot as plt, matplotlib\nplt.plot([1, 2])\nplt.title('三')\nplt.show()",
    "matplotlib.get_backend(), plt.rcParams['figure.figsize'], plt.rcParams['font.size']",
    "plt.figure(figsize=(1, 1)); plt.plot([1]); plt.figure(figsize=(1, 2)); plt.bar([1], [2]);",
    "%matplotlib inline\nfigure, axes = plt.subplots(figsize=(1, 1))",
    "figure",
    "plt.rcParams['svg.hashsalt'] = 'x'\n%config InlineBackend.figure_formats = ['svg']\n"
    "%config InlineBackend.print_figure_kwargs = {'metadata': {'Date': None}}",
    "plt.plot([1, 3]); plt.show(); print('after'); display(figure)",
    "import pandas\npandas.Series([1, 2]).plot()",
    "%config InlineBackend",
]

ERRORS = [
    failing(
        "def f(x):\n    return 1 / x\n\ntry:\n    f(0)\nexcept ZeroDivisionError as error:\n"
        "    raise ValueError('区县') from error"
    ),
    failing("f(0)"),
    failing("try:\n    f(0)\nexcept Exception:\n    undefined_name"),
    failing("print('before')\ndef g(:\n    pass"),
    failing("if True:\npass"),
    failing("print('shown'); assert 1 == 2, 'never'"),
    failing("raise KeyboardInterrupt"),
    failing("import sys; sys.exit(3)"),
    failing("raise ExceptionGroup('several', [ValueError(1), TypeError('two')])"),
    failing("import pandas as pd\npd.DataFrame({'a': [1]})['b']"),
    failing(
        "class Own(Exception):\n    pass\nerror = Own('own'); error.add_note('noted')\nraise error"
    ),
    # not the traceback: a fork begins deeper in a stack, and shows some calls fewer
    "def deep(n):\n    return deep(n + 1)\ntry:\n    deep(0)\n"
    "except RecursionError as error:\n    print(repr(error))",
    failing("input('give: ')"),
    failing("import getpass\ngetpass.getpass()"),
    failing("%undefined_magic"),
    failing("%%bash\necho out\nexit 3"),
    "%xmode Plain",
    failing("f(0)"),
    "%xmode Verbose",
    failing("f(0)"),
    "import traceback\ntry:\n    f(0)\nexcept ZeroDivisionError:\n    traceback.print_exc()",
    "sys.last_type, sys.last_value",
    failing("raise"),
    failing("async def h():\n    raise OSError(5, 'gone', 'x')\nawait h()"),
    failing("def generator():\n    yield from (1 / 0 for _ in 'a')\nlist(generator())"),
    "print('the end')",
]

MAGICS = [
    "%%writefile own_module.py\nvalue = 1\ndef fail():\n    raise RuntimeError('in a module')",
    "import own_module\nown_module.value",
    failing("own_module.fail()"),
    "%%writefile script.py\nimport sys\nprint(__name__, sys.argv, __file__)\nleft = 5",
    "%run script.py a b",
    "left",
    "%who",
    "%who_ls int",
    "%pwd",
    "%mkdir -p below\n%cd below",
    "import os\nos.getcwd() == os.path.abspath('.')",
    "%cd -q ..",
    "%env OWN_VARIABLE=1",
    "!echo $OWN_VARIABLE {left}",
    "%%bash\necho out; echo err >&2",
    "%%sh\necho $OWN_VARIABLE",
    "%%capture kept\nprint('captured'); 1",
    "kept.stdout, [o.data for o in kept.outputs]",
    "%%html\n<b>b</b>",
    "%%latex\n$x$",
    "%precision 2\n3.14159",
    "%lsmagic",
    "%config",
    "%history -n 1-2",
    "%alias say_it echo %s\nsay_it hello",
    "%autoawait",
    "print?",
    "%%time_not_there\nx" if False else "%load_ext autoreload\n%autoreload 0",
    "%%python3\nprint('another Python')",
    "%reset -f",
    failing("left"),
]

ASYNC = [
    "import asyncio\nawait asyncio.sleep(0.01)\n'slept'",
    "async def later(n):\n    await asyncio.sleep(n / 100)\n    print('task', n)\n    return n\n"
    "tasks = [asyncio.create_task(later(n)) for n in (1, 2)]\nlen(tasks)",
    "await asyncio.gather(*tasks)",
    "async def count():\n    for n in range(2):\n        yield n\n[n async for n in count()]",
    "asyncio.get_running_loop().is_running(), type(asyncio.get_running_loop()).__name__",
    failing("asyncio.run(later(1))"),
    "import concurrent.futures as futures\n"
    "with futures.ThreadPoolExecutor(2) as pool:\n    print(list(pool.map(abs, [-1, -2])))",
    "task = asyncio.create_task(later(0))\nprint('first')",
    "await task",
]

STATE = [
    "import sys, os, signal, threading, multiprocessing, atexit, gc, tempfile, time, weakref",
    "__name__, '__file__' in globals(), sys.modules['__main__'].__name__, __doc__[:20]",
    "os.path.basename(sys.argv[0]), sys.argv[1], sys.argv[3:], len(sys.orig_argv), sys.executable",
    "sys.path",
    "sys.flags, sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold(), sys.getswitchinterval()",
    "ours = ('JPY_PARENT_PID', 'SANLIAN', 'PYTEST', 'COLUMNS', 'LINES')\n"
    "{name: os.environ[name] for name in sorted(os.environ) if not name.startswith(ours)}",
    "os.environ['JPY_PARENT_PID'] == str(os.getppid())",
    "[str(signal.getsignal(s)).split(' at ')[0] for s in sorted(signal.valid_signals())]",
    "print(os.getcwd())",
    "os.getpgrp() == os.getpid() == os.getsid(0), oct(os.umask(0o22))",
    "multiprocessing.current_process(), multiprocessing.parent_process(), "
    "multiprocessing.active_children(), multiprocessing.get_start_method(allow_none=True)",
    "def double(n):\n    return 2 * n\n"
    "with multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(double, [1, 2]))",
    "process = multiprocessing.get_context('fork').Process(target=print, args=('of a child',))\n"
    "process.start(); process.join(); time.sleep(0.5)  # for what it printed to be sent\n"
    "process.name, process.exitcode",
    "sorted(t.name for t in threading.enumerate() if t.daemon and t.name.startswith('Thread'))",
    "[type(sys.stdin).__name__, type(sys.stdout).__name__, sys.__stdout__.encoding, sys.stdout.encoding]",
    "import decimal, locale, time, asyncio, random, numpy\n"
    "decimal.getcontext(), locale.setlocale(locale.LC_ALL), time.tzname, numpy.geterr()",
    "sys.excepthook.__module__, sys.displayhook.__class__, threading.excepthook.__name__",
    "import pandas\npandas.get_option('display.max_rows'), pandas.get_option('mode.copy_on_write')",
    "from matplotlib import rcParams\nrcParams['figure.dpi'], rcParams['savefig.dpi'], rcParams['backend']",
    "import beside\nbeside.__file__",
]

ENDS = [
    "import atexit, tempfile, threading, time, os",
    "left_open = open('left_open.txt', 'w'); left_open.write('without a newline')",
    "atexit.register(lambda: open('at_exit.txt', 'w').write('written'))\n'registered'",
    "class Last:\n    def __del__(self):\n        open('deleted.txt', 'w').write('deleted')\nlast = Last()",
    "holder = []; holder.append(holder); holder.append(open('cycle.txt', 'w')); holder[1].write('c')",
    "folder = tempfile.TemporaryDirectory(dir='.', prefix='temporary')\nos.path.isdir(folder.name)",
    "thread = threading.Thread(target=lambda: (time.sleep(0.2), open('thread.txt', 'w').write('t')))\n"
    "thread.start()",
]

CELLS = [
    new_markdown_cell("# 区县"),
    ("parameters", "area = '000000'\nn = 1\nparts = []"),
    "area, n, parts",
    new_raw_cell("raw"),
    "",
    "# only a comment",
    ("skip-execution", "print('not run')"),
    ("hide", "print('run')"),
    new_code_cell("1", metadata={"collapsed": True, "own": {"a": 1}}),
    new_code_cell("print('old outputs go')", outputs=[], execution_count=17),
    new_markdown_cell("the end"),
]

NOTEBOOKS = {
    "streams": notebook(*STREAMS),
    "rich": notebook(*RICH),
    "plots": notebook(*PLOTS),
    "errors": notebook(*ERRORS),
    "magics": notebook(*MAGICS),
    "async": notebook(*ASYNC),
    "state": notebook(*STATE),
    "ends": notebook(*ENDS),
    "cells": notebook(*CELLS),
    "exit": notebook("1", "import sys\nsys.exit(3)", "'not run'"),
    "interrupted": notebook("raise KeyboardInterrupt", "'not run'"),
    "endless": notebook("1", "import time\ntime.sleep(60)", "'not run'"),
    "empty": notebook(),
    "words": notebook(new_markdown_cell("no code")),
    "no such kernel": notebook(
        "1", metadata={"kernelspec": {**KERNEL["kernelspec"], "name": "no"}}
    ),
}
OPTIONS = {
    "cells": {"parameters": {"area": "140802", "n": 2.5, "parts": ["甲", None, True]}},
    "endless": {"execution_timeout": 3},
    "plots": {"report_mode": True, "parameters": {"unused": 1}},
    "streams": {"extra_arguments": ["--InteractiveShell.ast_node_interactivity=all"]},
}

PAPERMILLS = {
    path.stem: path
    for path in sorted((Path(papermill.__file__).parent / "tests" / "notebooks").glob("*.ipynb"))
    if path.stem != "keyboard_interrupt"  # sleeps for a minute; "endless" is of its kind
}


ALL = [*NOTEBOOKS, *PAPERMILLS]

#: What a notebook can find to be otherwise than in a kernel that was started, and why.
INHERENT = {
    "'matplotlib' in sys.modules": "everything is loaded already: that is what the engine is for",
    "len(warnings.filters)": "and what was loaded has set its filters, as it would later",
    "sys.meta_path": "and its finders",
    "gc.get_freeze_count() > 0": "and it is never collected, so that processes share it",
    "open('/proc/self/cmdline').read()[:70]": "a fork has the command line of its parent",
    "depth(0)": "and begins some calls deeper in a stack, so that recursion ends earlier",
    "'iri' in __import__('jsonschema').FormatChecker.checkers": "one module is left out, as slow",
    "get_ipython().parent.parent.log_level": "nobody is told again that it talks over loopback",
}
NOTEBOOKS["inherent"] = notebook(
    "import gc, sys, warnings\n"
    "def depth(n):\n    try:\n        return depth(n + 1)\n"
    "    except RecursionError:\n        return n",
    *INHERENT,
)

# --- running and comparing --------------------------------------------------------------------


def run(path, output, engine, **options):
    """Run a notebook in the folder it is written to; gives what was raised, or None.

    pytest's variable makes ipykernel leave file descriptors alone.
    """
    with mock.patch.dict(os.environ):
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        for _ in range(3):
            try:
                papermill.execute_notebook(
                    str(path),
                    str(output),
                    engine_name=engine,
                    cwd=str(output.parent),
                    progress_bar=False,
                    **options,
                )
            except Exception as error:
                if not _found_ports_taken(error, engine, options):
                    return error
            else:
                return None
        raise AssertionError("three kernels in a row did not start")


def _found_ports_taken(error, engine, options):
    """Whether a kernel did not start because another process had taken a port meant for it.

    jupyter_client looks for free ports, lets go of them and tells the kernel to take
    them; nbclient does not try again. The kernels of our engine find their own.
    """
    started = engine == "nbclient" or options.get("start_method") == "spawn"
    return started and str(error).startswith("Kernel died before replying")


#: What differs between any two kernels, or any two runs, of one and the same engine.
VARYING = (
    (r"0x[0-9a-f]{6,}", "ADDRESS"),
    (r"ipykernel_\d+", "ipykernel_PID"),
    (r"(/|\\\\)(tmp|sanlian-)\w+\.json", "CONNECTION_FILE"),
    (r"pid=\d+|parent=\d+", "PID"),
    # the name of a stream's handler is its file descriptor
    (r"StreamHandler \d+", "StreamHandler N"),
)


def alike(text, folder):
    """A text without what differs between any two runs; `folder`: where this one was."""
    text = text.replace(str(folder), "FOLDER").replace(str(folder.parent), "ABOVE")
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return text


def cleaned(path):
    """An executed notebook without times, and without what differs between any two runs."""
    book = json.loads(alike(path.read_text(encoding="utf-8"), path.parent))
    for part in (book, *book["cells"]):
        about = part["metadata"].get("papermill", {})
        for key in about.keys() & {"start_time", "end_time", "duration", "output_path"}:
            about[key] = about[key] is not None
    for cell in book["cells"]:
        cell["metadata"]["execution"] = sorted(cell["metadata"].get("execution", {}))
        if not cell.get("id", "").startswith("cell-"):
            cell["id"] = "made at random"
        if "outputs" in cell:
            cell["outputs"] = joined(cell["outputs"])
    return book


def joined(outputs):
    """Outputs with each run of streams as one text per stream.

    Where one message of a stream ends and the next begins, and in which order those
    of the two streams come, is a matter of a timer in any kernel.
    """
    found = []
    for output in outputs:
        if output["output_type"] != "stream":
            found.append(output)
            continue
        if not found or "streams" not in found[-1]:
            found.append({"streams": {}})
        before = found[-1]["streams"].get(output["name"], "")
        found[-1]["streams"][output["name"]] = before + "".join(output["text"])
    return found


def outcome(name, engine, folder, **options):
    """What comes of a notebook: its cells, what was raised, and the files it left."""
    path, output = folder / "in.ipynb", folder / "run" / "out.ipynb"
    output.parent.mkdir(parents=True)
    (output.parent / "beside.py").write_text("name = __name__")
    (output.parent / "matplotlibrc").write_text("font.size: 11\nlines.linewidth: 3\n")
    if name in PAPERMILLS:
        path.write_bytes(PAPERMILLS[name].read_bytes())
    else:
        nbformat.write(NOTEBOOKS[name], path)
    error = run(path, output, engine, **OPTIONS.get(name, {}), **options)
    told = "" if error is None else f"{type(error).__name__}: {error}"
    return {
        "error": alike(told, output.parent),
        "notebook": cleaned(output) if output.exists() else None,
        "files": left_by(output.parent),
    }


def left_by(folder):
    """The files that a notebook left, once its kernel has ended."""
    wait_until(lambda: not any(one.name == "end of a kernel" for one in threading.enumerate()))
    files = (path for path in sorted(folder.iterdir()) if path.suffix in (".txt", ".py"))
    return {path.name: path.read_text() for path in files} | {
        path.name: None for path in folder.glob("temporary*")
    }


def wait_until(so, seconds=20):
    until = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def standard(request, tmp_path_factory):
    """What papermill's own engine makes of the notebooks, in two processes beside the tests."""
    folder = tmp_path_factory.mktemp("standard")
    tests = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    named = [test.params["name"] for test in tests if test.params.keys() == {"name"}]
    wanted = [name for name in dict.fromkeys(named) if name in {*NOTEBOOKS, *PAPERMILLS}]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield {
            name: pool.submit(outcome, name, "nbclient", folder / str(number))
            for number, name in enumerate(wanted)
        }


def assert_equal_cells(ours, theirs):
    assert ours["error"] == theirs["error"]
    assert ours["files"] == theirs["files"]
    assert (ours["notebook"] is None) == (theirs["notebook"] is None)
    if theirs["notebook"] is None:
        return
    assert len(ours["notebook"]["cells"]) == len(theirs["notebook"]["cells"])
    for mine, its in zip(ours["notebook"]["cells"], theirs["notebook"]["cells"], strict=True):
        assert mine == its
    assert ours["notebook"] == theirs["notebook"]


@pytest.mark.parametrize("name", ALL)
def test_notebook_is_as_with_the_standard_engine(name, standard, tmp_path):
    ours = outcome(name, "sanlian", tmp_path)
    theirs = standard[name].result()
    assert_equal_cells(ours, theirs)


@FORK
@pytest.mark.parametrize("name", ["streams", "rich", "plots", "errors", "magics", "state", "ends"])
def test_notebook_is_as_with_the_standard_engine_in_a_fork_of_the_caller(name, standard, tmp_path):
    """As `sanlian report` has it: forked from one that is safe from the folder, and has drawn."""
    made, tests = tmp_path / "made.json", Path(__file__).parent
    code = (
        "import sanlian_analysis as sl; sl.charts.Chart('x', 'x', 1.0).png()\n"
        "import sanlian_analysis.report.warm\n"
        f"import json, pathlib, sys; sys.path.append({str(tests)!r}); import test_engine; sys.path.pop()"
        f"; made = test_engine.outcome({name!r}, 'sanlian', pathlib.Path({str(tmp_path)!r}),"
        f" start_method='fork'); pathlib.Path({str(made)!r}).write_text(json.dumps(made))"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=environment())
    ours, theirs = json.loads(made.read_text()), standard[name].result()
    if name == "state":  # the caller's own Python was started with -P, and that cannot be changed
        for book in (ours["notebook"], theirs["notebook"]):
            flags = book["cells"][4]["outputs"][0]["data"]["text/plain"]
            flags[:] = [line for line in flags if "safe_path" not in line]
    assert_equal_cells(ours, theirs)


@FORK
@pytest.mark.parametrize("name", ["inherent"])
def test_what_is_said_to_differ_does_differ(name, standard, tmp_path):
    ours, theirs = outcome(name, "sanlian", tmp_path), standard[name].result()
    assert (ours["error"], theirs["error"]) == ("", "")
    for mine, its in zip(
        ours["notebook"]["cells"][1:], theirs["notebook"]["cells"][1:], strict=True
    ):
        assert mine["outputs"] != its["outputs"], mine["source"]


def environment():
    """Variables for a process of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


@pytest.mark.parametrize("name", ["exit", "cells"])
def test_notebook_is_as_with_the_standard_engine_when_spawned(name, standard, tmp_path):
    ours = outcome(name, "sanlian", tmp_path, start_method="spawn")
    assert_equal_cells(ours, standard[name].result())


# --- each notebook for itself ------------------------------------------------------------------


def execute(folder, *cells, **options):
    """Run cells with the engine; gives the notebook, or raises what that raised."""
    path, output = folder / "in.ipynb", folder / "out.ipynb"
    nbformat.write(notebook(*cells), path)
    error = run(path, output, "sanlian", **options)
    if error is not None:
        raise error
    return nbformat.read(output, 4)


def shown(cell):
    """What a cell printed and gave, as text."""
    return "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def ended(pid):
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


LOOK = """
import os, sys, warnings, logging, pandas, matplotlib, numpy, decimal, locale, builtins, shlex, signal
print("left" in globals(), os.path.basename(os.getcwd()), os.environ.get("LEFT"),
      matplotlib.rcParams["font.size"], pandas.DataFrame.__repr__.__module__,
      numpy.geterr()["divide"], decimal.getcontext().prec, hasattr(builtins, "left"),
      logging.root.level, shlex.quote('a'), signal.getsignal(signal.SIGTERM),
      len(warnings.filters), "left_module" in sys.modules, sys.getrecursionlimit())
"""
SPOIL = """
left = builtins.left = 1
os.mkdir("elsewhere"); os.chdir("elsewhere"); os.environ["LEFT"] = "1"
matplotlib.rcParams["font.size"] = 30; pandas.DataFrame.__repr__ = lambda self: "spoilt"
numpy.seterr(divide="raise"); decimal.getcontext().prec = 3; logging.root.setLevel(1)
shlex.quote = lambda _: "spoilt"; signal.signal(signal.SIGTERM, signal.SIG_IGN)
warnings.simplefilter("ignore"); sys.modules["left_module"] = sys; sys.setrecursionlimit(500)
"""


def test_what_a_notebook_changes_stays_in_it(tmp_path):
    before = execute(tmp_path, LOOK)
    execute(tmp_path, LOOK, SPOIL)
    after = execute(tmp_path, LOOK)
    assert shown(after.cells[0]) == shown(before.cells[0]) != ""


def test_chance_differs_between_notebooks(tmp_path):
    draw = "import numpy, random, uuid, tempfile\n" + "\n".join(
        f"print({thing})"
        for thing in (
            "numpy.random.random()",
            "numpy.random.default_rng().random()",
            "random.random()",
            "uuid.uuid4()",
            "uuid.uuid1()",
            "next(tempfile._get_candidate_names())",
        )
    )
    one, other = (shown(execute(tmp_path, draw).cells[0]).split() for _ in range(2))
    assert len(one) == 6
    assert not set(one) & set(other)


def test_notebook_finds_the_variables_and_folder_of_its_caller(tmp_path, monkeypatch):
    look = "import os, sys\nprint(os.environ.get('OWN'), os.getcwd(), sys.path.count('/own'))"
    for value in ("1", "2"):
        monkeypatch.setenv("OWN", value)
        assert shown(execute(tmp_path, look).cells[0]) == f"{value} {tmp_path} 0\n"
    monkeypatch.delenv("OWN")
    monkeypatch.setenv("PYTHONPATH", "/own")  # what Python reads as it starts needs a new server
    assert shown(execute(tmp_path, look).cells[0]) == f"None {tmp_path} 1\n"
    below = tmp_path / "below"
    below.mkdir()
    made = execute(tmp_path, look, resources={"metadata": {"path": str(below)}})
    assert shown(made.cells[0]) == f"None {below} 1\n"


#: How a kernel may end in the middle of a cell, and what is said of that.
ENDS_OF_KERNELS = {
    "segmentation fault": ("import ctypes\nctypes.string_at(0)", {}, "SIGSEGV"),
    "exit": ("import os\nos._exit(3)", {}, "（3）"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", {}, "SIGKILL"),
    "real-time signal": ("import os\nos.kill(os.getpid(), 40)", {}, "40"),
    "memory": (
        "import time\nkept = []\nwhile True: kept.append(bytes(10**7) + b'1'); time.sleep(0.01)",
        {"megabytes": 200},
        "200 MB",
    ),
    "memory of a child": (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c',"
        " 'import time; kept = bytearray(4 * 10**8); time.sleep(60)'])",
        {"megabytes": 200},
        "200 MB",
    ),
    "endless": ("while True: pass", {"seconds": 3}, "3 秒"),
    "memory of forks": (
        "import multiprocessing, time\nkept = bytearray(10**8) + b'1'\n"
        "def work(n):\n    time.sleep(1)\n    return n\n"
        "with multiprocessing.get_context('fork').Pool(4) as pool:\n"
        "    print(pool.map(work, range(4)))  # what they share is counted once\n"
        "time.sleep(0.5)  # for what was printed to be sent\n"
        "kept += bytearray(3 * 10**8); time.sleep(60)",
        {"megabytes": 300},
        "300 MB",
    ),
    "hangs in C": (
        "import ctypes\nctypes.PyDLL(None).sleep(60)  # holding the interpreter's lock",
        {"seconds": 3},
        "3 秒",
    ),
}


def lost(folder, cell, **options):
    with pytest.raises(KernelLost) as caught:
        execute(folder, "print('earlier')", new_markdown_cell("between"), cell, "1", **options)
    return caught.value


@pytest.mark.parametrize("way", ENDS_OF_KERNELS)
def test_kernel_that_is_lost_is_named_and_leaves_what_was_done(way, tmp_path, caplog):
    cell, limits, reason = ENDS_OF_KERNELS[way]
    error = lost(tmp_path, cell, limits=Limits(**limits))
    assert "Kernel died" not in caplog.text  # it would stand raw on the terminal
    assert error.cell_index == 2
    assert str(error) == f"第 3 格：{error.reason}"
    assert reason in error.reason
    assert_lost(error.notebook, error.reason)
    assert_lost(nbformat.read(tmp_path / "out.ipynb", 4), error.reason)
    assert shown(execute(tmp_path, "2").cells[0]) == "2"


def assert_lost(made, reason):
    earlier, _, guilty, later = made.cells
    assert ("Pool" in guilty.source) == ("[0, 1, 2, 3]" in shown(guilty))
    assert shown(earlier) == "earlier\n"
    assert guilty.outputs[-1].output_type == "error"
    assert guilty.outputs[-1].evalue == reason
    assert guilty.metadata.papermill.status == "failed"
    assert guilty.metadata.papermill.exception is True
    assert made.metadata.papermill.exception is True
    assert later.metadata.papermill.status == "pending"
    assert later.outputs == []


def test_spawned_kernel_that_is_lost_is_named(tmp_path):
    error = lost(tmp_path, "import os\nos._exit(3)", start_method="spawn")
    assert (error.cell_index, error.reason) == (2, "内核进程已退出（3）")


def test_kernel_that_ends_between_cells_is_lost_in_the_next(tmp_path):
    bomb = "import os, threading\nthreading.Timer(2, lambda: os._exit(4)).start()"
    with pytest.raises(KernelLost) as caught:
        execute(tmp_path, bomb, "import time\ntime.sleep(60)")
    assert caught.value.cell_index == 1


def test_kernel_that_ends_after_the_last_cell_is_lost_there(tmp_path):
    bomb = "get_ipython().kernel.kernel_info_request = lambda *_: __import__('os')._exit(5)\n"
    bomb += "get_ipython().kernel.shell_handlers['kernel_info_request'] = get_ipython().kernel.kernel_info_request"
    with pytest.raises(KernelLost) as caught:
        execute(tmp_path, "1", bomb, new_markdown_cell("the end"), shell_timeout_interval=1)
    assert caught.value.cell_index == 1
    assert "（5）" in caught.value.reason


def test_what_a_notebook_left_running_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(manager, "_GRACE", 1.0)
    start = "import subprocess, os\nprint(subprocess.Popen(['sleep', '600']).pid)"
    made = execute(tmp_path, start)
    wait_until(lambda: ended(int(shown(made.cells[0]))))
    with pytest.raises(KernelLost) as caught:
        execute(tmp_path, start, "os._exit(1)")
    wait_until(lambda: ended(int(shown(caught.value.notebook.cells[0]))))
    trap = "trap '' INT TERM HUP; while :; do sleep 1; done"
    made = execute(
        tmp_path, f"import subprocess\nprint(subprocess.Popen(['sh', '-c', {trap!r}]).pid)"
    )
    wait_until(lambda: ended(int(shown(made.cells[0]))))


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    there = tmp_path / "temporary"
    there.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(there))
    execute(tmp_path, "1")
    with pytest.raises(KernelLost):
        execute(tmp_path, "import os\nos._exit(1)")
    # A kernel that cannot even start: its configuration is broken.
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with pytest.raises(RuntimeError, match="Kernel died"):
        execute(tmp_path, "1")
    (profile / "ipython_kernel_config.py").write_text("import time; time.sleep(60)")
    with pytest.raises(RuntimeError, match="Kernel didn't respond in 1 seconds"):
        execute(tmp_path, "1", start_timeout=1)
    assert list(there.iterdir()) == []


CALLER = """
import papermill, sys
if __name__ == "__main__":
    papermill.execute_notebook("in.ipynb", "out.ipynb", engine_name="sanlian", progress_bar=False,
                               start_method=sys.argv[1])
"""


@FORK
@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_kernel_does_not_outlive_its_caller(method, tmp_path):
    cell = "import os, ctypes, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\n"
    nbformat.write(
        notebook(cell + "ctypes.PyDLL(None).sleep(60)  # and does not look"), tmp_path / "in.ipynb"
    )
    command = [sys.executable, "-c", CALLER, method]
    caller = subprocess.Popen(command, cwd=tmp_path, env=environment())
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 60)
    kernel = psutil.Process(int((tmp_path / "pid").read_text()))
    parents = {kernel.pid, kernel.ppid()}
    caller.kill()
    caller.wait()
    wait_until(lambda: all(map(ended, parents)))


@FORK
def test_script_without_a_guard_may_run_notebooks(tmp_path):
    """As with papermill's own engine: its kernels do not run the caller's script again."""
    nbformat.write(notebook("print(__name__)"), tmp_path / "in.ipynb")
    (tmp_path / "script.py").write_text(
        CALLER.replace("if __name__", "print('once')\nif True or __name__")
    )
    done = subprocess.run(
        [sys.executable, "script.py", "forkserver"],
        cwd=tmp_path,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("once\n", "")
    assert shown(nbformat.read(tmp_path / "out.ipynb", 4).cells[0]) == "__main__\n"


THREADS = """
import papermill
from concurrent.futures import ThreadPoolExecutor
def make(number):
    papermill.execute_notebook("in.ipynb", f"out{number}.ipynb", engine_name="sanlian",
                               progress_bar=False)
for _ in range(2):  # the server outlives the thread that had it started
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, range(3)))
"""


@FORK
def test_notebooks_of_several_threads(tmp_path):
    nbformat.write(notebook("print(1)", "import time; time.sleep(0.2)"), tmp_path / "in.ipynb")
    # Each thread keeps an event loop, as with papermill's own engine, of which pytest complains.
    command = [sys.executable, "-P", "-c", THREADS]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True)
    made = [nbformat.read(path, 4) for path in tmp_path.glob("out*.ipynb")]
    assert [shown(book.cells[0]) for book in made] == ["1\n"] * 3


@FORK
def test_resources_do_not_run_out(tmp_path):
    execute(tmp_path, "1")
    ours = psutil.Process()
    theirs = psutil.Process(server()._process.pid)

    def held():
        wait_until(lambda: not theirs.children())
        left_by(tmp_path)
        gc.collect()
        return ours.num_fds(), ours.num_threads(), theirs.num_fds(), theirs.num_threads()

    before = held()
    for _ in range(8):
        execute(tmp_path, "1")
    with pytest.raises(KernelLost):
        execute(tmp_path, "import os\nos._exit(1)")
    assert held() == before


def test_command_line_prints_what_papermill_prints(tmp_path):
    home = Path(__file__).parents[1]
    codes = [f"210106001{number:03}" for number in range(1, 9)]
    frame = [f"{code},第{code[-1]}社区,一街道,铁西区" for code in codes]
    ledger = [f"{code},第{code[-1]}社区,2022-12-31,{code[-1]}" for code in codes]
    (tmp_path / "名录.csv").write_text("\n".join(["code,name,street,county", *frame]))
    columns = "社区代码,社区名称,统计时点,社区社会组织数"
    (tmp_path / "台账.csv").write_text("\n".join([columns, *ledger]))
    papermill_command = [
        *(str(Path(sys.executable).parent / "papermill"), "--engine", "sanlian"),
        *(str(home / "notebooks" / "county_report.ipynb"), "out.ipynb", "--no-progress-bar"),
        *("-p", "ledger", "台账.csv", "-p", "frame", "名录.csv"),
        *("-p", "policy", "liaoning-2021", "-r", "area", "210106"),
    ]
    done = subprocess.run(
        papermill_command, cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    told = [re.sub(r"\S+notebooks/", "", line) for line in done.stderr.splitlines()]
    assert told == [
        "Input Notebook:  county_report.ipynb",
        "Output Notebook: out.ipynb",
        "Executing notebook with kernel: python3",
    ]
    made = nbformat.read(tmp_path / "out.ipynb", 4)
    assert made.metadata.papermill.exception is None
    assert any(
        "image/png" in output.get("data", {})
        for cell in made.cells
        for output in cell.get("outputs", [])
    )
