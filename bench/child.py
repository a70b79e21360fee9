"""One contestant in a process of its own: load, evaluate several times, print what it took.

Run by evaluate.py: child.py NAME FOLDER POLICY REPEAT. The figures of the last
run go to FOLDER/NAME.parquet, for the comparison; the times and the memory to
standard output, as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def megabytes(line: str) -> float:
    """Resident memory now (VmRSS) or at its highest (VmHWM); only the highest off Linux."""
    if STATUS.exists():
        found = dict(row.split(":", 1) for row in STATUS.read_text().splitlines())
        return int(found[line].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def tidy() -> float:
    """Give back what is free, let VmHWM start anew, and tell what is in use."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if FORGET.exists():
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
        FORGET.write_text("5")
    return megabytes("VmRSS")


def main(name: str, folder: Path, policy: str, repeat: int) -> dict[str, Any]:
    """Seconds and megabytes of one contestant."""
    contestant = importlib.import_module(f"with_{name}")
    imported = tidy()
    start = time.perf_counter()
    inputs = contestant.load(folder)
    loading = time.perf_counter() - start
    seconds, busy, before, peaks = [], [], [], []
    for _ in range(repeat):
        result = None  # the one before is not in memory any more
        before.append(tidy())
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
        "loaded": before[0],
        "peak": max(peaks),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
