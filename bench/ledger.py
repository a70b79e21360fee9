"""How long reading and checking a large ledger takes, beside bare readers of Excel files.

    python bench/ledger.py                 100 000 rows × 25 columns; a minute or two
    python bench/ledger.py --small         the same with 5 000 rows, to see that it runs

Needs a machine that does nothing else for figures worth keeping.

What is measured, each in a process of its own and `--repeat` times: ours reads
the workbook in its limited process, finds header and columns, understands and
types every cell, looks for duplicates, parts above wholes, jumps, copied and
rounded figures, totals, parents and settlements ("first"), or finds all that in
its cache ("second"); the peers only turn the cells into Python objects
(calamine, openpyxl) or into a table (pandas, with its own engine). Memory is
the highest resident memory of the process and of those that it starts.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import xlsxwriter

from sanlian_analysis import schema

ROWS, SMALL = 100_000, 5_000
COLUMNS = (
    *("code", "name", "street", "county", "settlement", "date", "households", "population"),
    *("venue_area", "facility_area", "open_hours", "functions", "linkage", "organisations"),
    *("convention", "consultation", "orgs", "social_workers", "staff", "posts"),
    *("social_work_posts", "members", "certified_members", "agency", "purchase"),
)
#: Reads `sys.argv[1]`; prints the seconds of each run and the highest memory in MB.
CONTESTANT = """
import json, resource, sys, time
{prepare}
seconds = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    {read}
    seconds.append(time.perf_counter() - start)
peak = max(resource.getrusage(who).ru_maxrss
           for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
print(json.dumps([seconds, peak, len(found)]))
"""
OURS = "from sanlian_analysis import checks\nfrom sanlian_analysis.ledger import read_ledger"
CONTESTANTS = {
    "calamine": (
        "from python_calamine import CalamineWorkbook",
        "found = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()",
    ),
    "ours, first": (
        OURS,
        "data = read_ledger(sys.argv[1], use_cache=False); checks.check(data); "
        "found = data.communities",
    ),
    "ours, second": (
        OURS + "\nread_ledger(sys.argv[1], use_cache=True)",
        "data = read_ledger(sys.argv[1], use_cache=True); found = data.communities",
    ),
    "pandas": ("import pandas", "found = pandas.read_excel(sys.argv[1])"),
    "openpyxl": (
        "import openpyxl",
        "found = list(openpyxl.load_workbook(sys.argv[1], read_only=True).active.values)",
    ),
}


def main() -> int:
    """Make the workbook and print one line per contestant."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--small", action="store_true", help=f"{SMALL} rows: a smoke run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.xlsx"
        _write(path, SMALL if asked.small else asked.rows)
        print(f"{path.stat().st_size / 1e6:.1f} MB, {len(COLUMNS)} columns; "
              f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
        print(f"{'':14}{'median s':>9}{'min s':>8}{'÷ calamine':>12}{'peak MB':>9}{'rows':>10}")
        bare = 0.0
        for name, (prepare, read) in CONTESTANTS.items():
            seconds, peak, rows = _measured(path, prepare, read, asked.repeat, folder)
            median = statistics.median(seconds)
            bare = bare or median
            print(f"{name:14}{median:9.2f}{min(seconds):8.2f}{median / bare:12.3f}"
                  f"{peak:9,.0f}{rows:10,}")  # fmt: skip
    return 0


def _measured(
    path: Path, prepare: str, read: str, repeat: int, folder: str
) -> tuple[list[float], float, int]:
    code = CONTESTANT.format(prepare=prepare, read=read)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path), str(repeat)],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"SANLIAN_CACHE": folder},
    )
    seconds, peak, rows = json.loads(done.stdout)
    return seconds, peak, rows


def _write(path: Path, rows: int) -> None:
    """A ledger of plausible figures, 5 % of them blank."""
    rng = np.random.default_rng(1)
    variables = [schema.sheet(schema.COMMUNITIES)[id_] for id_ in COLUMNS]
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet(schema.COMMUNITIES)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [variable.header for variable in variables])
        for i in range(rows):
            street, unit = divmod(i, 25)
            county, own_street = divmod(street, 30)
            code = (
                f"14{county // 90 + 1:02d}{county % 90 + 1:02d}{own_street + 1:03d}{unit + 1:03d}"
            )
            known = rng.random(len(variables)) >= 0.05
            figures = rng.integers(1, 3000, len(variables))
            for j, variable in enumerate(variables):
                match variable.id:
                    case "code":
                        sheet.write_string(i + 1, j, code)
                    case "name":
                        sheet.write_string(i + 1, j, f"第{i}社区居委会")
                    case "street" | "county":
                        sheet.write_string(i + 1, j, f"第{code[: 9 if j == 2 else 6]}区")
                    case "settlement":
                        sheet.write_string(i + 1, j, "城市社区")
                    case "date":
                        sheet.write_datetime(i + 1, j, dt.datetime(2020, 12, 31), day)
                    case _ if not known[j]:
                        pass
                    case _ if variable.type == "yesno":
                        sheet.write_string(i + 1, j, "是否"[figures[j] % 2])
                    case _ if variable.type == "count":
                        most = 4 if variable.at_most or variable.maximum else 3000
                        sheet.write_number(i + 1, j, int(figures[j] % most) + (most == 3000) * 4)
                    case _:
                        sheet.write_number(i + 1, j, round(figures[j] % 230 / 10, 1))


if __name__ == "__main__":
    sys.exit(main())
