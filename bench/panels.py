"""How soon the panels answer, on Liaoning's 16 727 villages and communities.

    python bench/panels.py

Seconds from a change of a control to all that it changes being set, in the kernel,
median and most of so many changes. A bar that is moved: figures of the area and of
all counties (goal: under 0.1 s), and the picture with what moved drawn over it
(goal: under 0.25 s with the figures), against the same chart drawn as a whole.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import sanlian_analysis as sl
from sanlian_analysis.charts.bars import bar_curve

DATA = Path(__file__).parents[1] / "data"


def tell(name: str, changes: Iterable[Callable[[], object]]) -> None:
    seconds = []
    for change in changes:
        start = time.perf_counter()
        change()
        seconds.append(time.perf_counter() - start)
    print(f"{name:44}{statistics.median(seconds):9.3f}{max(seconds):9.3f}{len(seconds):7}")


def main() -> None:
    frame = DATA / "frames/liaoning.csv"
    ledger = sl.read_ledger(DATA / "ledgers/liaoning-2021.xlsx", frame)
    print(f"{'':44}{'median s':>9}{'most s':>9}{'times':>7}")
    tell("sl.explore, the first view", [lambda: sl.explore(ledger, "liaoning-2021", "210102")])
    panel = sl.explore(ledger, "liaoning-2021", "210102", target="orgs-urban")
    bars = sl.bars_of(ledger, "liaoning-2021", "orgs-urban")

    def figures(bar: int) -> None:
        bars.table(bar, Fraction(1, 2), "county")

    def whole(bar: int) -> None:
        bar_curve(bars, "210102", simulated=True).chart.png()

    def moved(bar: int) -> None:
        panel.bars.bar.value = bar

    def county(code: str) -> None:
        panel.area.value = code

    steps = [*range(1, 21)]
    tell("bar moved: figures of 100 counties", [lambda b=b: figures(b) for b in steps])
    tell("bar moved: figures and picture", [lambda b=b: moved(b) for b in steps])
    tell("the same chart drawn as a whole", [lambda b=b: whole(b) for b in steps[:5]])
    counties = [code for _, code in panel.choices.areas("2101")][1:]
    tell("another county, everything", [lambda c=c: county(c) for c in counties[1:6]])
    tell("the whole city, everything", [lambda: county("2101")])


if __name__ == "__main__":
    main()
