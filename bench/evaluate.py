"""How long `evaluate` takes on a national ledger, and how much memory, beside three peers.

    python bench/evaluate.py                       620 573 units × 3 snapshots; minutes
    python bench/evaluate.py --small               the same in seconds, to see that it runs
    python bench/evaluate.py --policy liaoning-2021 --units 155000 --repeat 5

Needs duckdb and polars (`pip install -e .[bench]`) and, for figures worth
keeping, a machine that does nothing else.

What is measured: all targets and readings of a policy, at street, county, city
and province level, for every snapshot, from tables in memory to a table in
memory. The peers find numerator, denominator, unknown, value, lower, upper,
verdict and shortfall, from the same frame and ledger and by the same rules
(settlement from ledger or name, blanks, 不适用, milestones), as a practised
user of each would: DuckDB one SQL statement per snapshot, result in Arrow;
polars lazy queries; pandas merge, eval and groupby per question and level.
DuckDB and polars use every core. This package returns its whole results table:
the same figures and also names, due dates, thresholds, binding, stable, clause.

Every row of every peer is compared with ours in the same run, exactly. Each
contestant runs in a process of its own, reads its input from Parquet before the
clock starts, and is run `--repeat` times. "CPU s" is the work of all cores
together. Memory is resident memory: with the libraries alone ("empty"), with
the input ("full"), and at its highest while it evaluates ("peak", both
included); "÷ ledger" is that peak against the bytes of the ledger's tables and
frame in pandas.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import national
import polars as pl
from questions import FIGURES, KEYS

US, PEERS = "sanlian", ("duckdb", "polars", "pandas")
CHILD = Path(__file__).with_name("child.py")
SMALL = 6_000
HEADING = (
    f"{'':8}{'median s':>9}{'min s':>9}{'CPU s':>9}{'ours ÷ it':>11}{'load s':>9}"
    f"{'empty MB':>10}{'full MB':>9}{'peak MB':>9}{'÷ ledger':>10}  same figures"
)

Measured = dict[str, Any]


class Inputs:
    """A ledger on disk per policy and size, made when it is first asked for."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed

    def of(self, policy: str, units: int) -> Path:
        """The folder with the tables."""
        place = self.folder / f"{policy}-{units}"
        if not place.exists():
            place.mkdir()
            made = national.ledger(policy, units, self.seed)
            national.write(made, place)
            (place / "bytes").write_text(str(national.size(made)))
        return place


def main() -> int:
    """Run what was asked for; 1 when a peer finds other figures than we do."""
    asked = _arguments()
    units = SMALL if asked.small else asked.units
    print(_machine())
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder), asked.seed)
        agree = [_compared(inputs, policy, units, asked.repeat) for policy in asked.policy]
        _growth(inputs, asked.policy[0], units, asked.repeat)
    return 0 if all(agree) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--units", type=int, default=national.UNITS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--policy", action="append", choices=[*national.DATES])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help=f"{SMALL} units: a smoke run")
    asked = parser.parse_args()
    asked.policy = asked.policy or [*national.DATES]
    return asked


def _machine() -> str:
    libraries = ("pandas", "numpy", "pyarrow", "duckdb", "polars")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in libraries]
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores{busy}; {', '.join([python, *versions])}"


def _measured(folder: Path, name: str, policy: str, repeat: int) -> Measured:
    """One contestant in its own process."""
    command = [sys.executable, str(CHILD), name, str(folder), policy, str(repeat)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Measured = json.loads(done.stdout)
    return found


def _compared(inputs: Inputs, policy: str, units: int, repeat: int) -> bool:
    """Print a table of all contestants; whether they all found the same."""
    folder = inputs.of(policy, units)
    found = {name: _measured(folder, name, policy, repeat) for name in (US, *PEERS)}
    ours = _canonical(folder / f"{US}.parquet")
    agree = {US: "–"} | {name: _agrees(ours, folder / f"{name}.parquet") for name in PEERS}
    ledger = int((folder / "bytes").read_text()) / 1e6
    print(
        f"\n{policy}: {units:,} units × {len(national.DATES[policy])} snapshots, "
        f"{len(ours):,} rows of results; ledger with frame {ledger:,.0f} MB"
    )
    print(HEADING)
    us = statistics.median(found[US]["seconds"])
    for name, one in found.items():
        print(f"{name:8}{_row(one, us, ledger)}  {agree[name]}")
    return all(answer.startswith(("all", "–")) for answer in agree.values())


def _row(one: Measured, us: float, ledger: float) -> str:
    """The figures of one contestant under `HEADING`."""
    median, busy = statistics.median(one["seconds"]), statistics.median(one["busy"])
    return (
        f"{median:9.2f}{min(one['seconds']):9.2f}{busy:9.2f}{us / median:11.2f}"
        f"{one['loading']:9.2f}{one['imported']:10,.0f}{one['loaded']:9,.0f}"
        f"{one['peak']:9,.0f}{one['peak'] / ledger:10.2f}"
    )


def _canonical(path: Path) -> pl.DataFrame:
    """The figures in one form and order, whoever found them."""
    numbers = [name for name in FIGURES if name != "verdict"]
    texts = ["target", "reading", "level", "area_code", "verdict"]
    table = pl.read_parquet(path, columns=[*KEYS, *FIGURES])
    return table.select(
        pl.col(texts).cast(pl.String),
        pl.col("date").cast(pl.Date),
        pl.col(numbers).cast(pl.Float64).fill_nan(None),
    ).sort(KEYS)


def _agrees(ours: pl.DataFrame, path: Path) -> str:
    """All rows and every figure, to the last bit; else what differs first."""
    theirs = _canonical(path)
    if not ours.select(KEYS).equals(theirs.select(KEYS)):
        return f"OTHER ROWS: {len(theirs):,} against our {len(ours):,}"
    for name in FIGURES:
        other = ours[name].ne_missing(theirs[name])
        if other.any():
            return f"{name} DIFFERS in {other.sum():,} rows, first {ours.filter(other).row(0)[:5]}"
    return f"all {len(ours):,} rows"


def _growth(inputs: Inputs, policy: str, units: int, repeat: int) -> None:
    """Our time at a quarter of the size, at half and at all of it; linear is 1, 2, 4."""
    sizes = [units // 4, units // 2, units]
    seconds = [
        statistics.median(_measured(inputs.of(policy, size), US, policy, repeat)["seconds"])
        for size in sizes
    ]
    print(f"\ngrowth, {policy}")
    for size, taken in zip(sizes, seconds, strict=True):
        times = f"{size / sizes[0]:.0f}× the units, {taken / seconds[0]:.2f}× the time"
        print(f"{size:9,} units {taken:8.2f} s   {times}")


if __name__ == "__main__":
    sys.exit(main())
