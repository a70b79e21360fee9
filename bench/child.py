"""One contestant in a process of its own: load, evaluate several times, print what it took.

Run by evaluate.py: child.py NAME FOLDER POLICY REPEAT. The figures of the last
run go to FOLDER/NAME.parquet, for the comparison; the times and the memory to
standard output, as JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def megabytes(line: str) -> float:
    """Resident memory now (VmRSS) or at its highest (VmHWM); only the highest off Linux."""
    if STATUS.exists():
        found = dict(row.split(":", 1) for row in STATUS.read_text().splitlines())
        return int(found[line].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def forget_peak() -> None:
    """Let VmHWM start anew, so that loading is not counted."""
    if FORGET.exists():
        FORGET.write_text("5")


def main(name: str, folder: Path, policy: str, repeat: int) -> dict[str, Any]:
    """Seconds and megabytes of one contestant."""
    contestant = importlib.import_module(f"with_{name}")
    imported = megabytes("VmRSS")
    start = time.perf_counter()
    inputs = contestant.load(folder)
    loading = time.perf_counter() - start
    loaded, seconds, busy, peaks = megabytes("VmRSS"), [], [], []
    for _ in range(repeat):
        result = None  # the one before is not in memory any more
        gc.collect()
        forget_peak()
        start, worked = time.perf_counter(), time.process_time()
        result = contestant.evaluate(inputs, policy)
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - worked)
        peaks.append(megabytes("VmHWM"))
    contestant.save(result, folder / f"{name}.parquet")
    return {
        "loading": loading,
        "seconds": seconds,
        "busy": busy,
        "imported": imported,
        "loaded": loaded,
        "peak": max(peaks),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
