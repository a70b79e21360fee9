"""What was read of a ledger, kept in the user's cache folder until the files change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd
import platformdirs
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from sanlian_analysis.findings import Finding
from sanlian_analysis.language import say
from sanlian_analysis.schema import KEYS

#: The folder never holds more than this, nor more ledgers.
_MOST_BYTES, _MOST_LEDGERS = 1024**3, 40

#: Seconds after which what another process is writing has been given up.
_ABANDONED = 86_400

#: What decides how a ledger is understood: another content of these reads anew.
_READERS = (
    *("cache", "codes", "exact", "findings", "frame", "layout", "ledger", "reading", "schema"),
    *("sheet", "understanding", "values", "workbook", "workbook_process"),
)
_DATA = ("ledger_variables.csv", "unit_words.csv")


@dataclass(frozen=True)
class Content:
    """Everything that the files of a ledger hold, before a frame is laid over it."""

    tables: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    simulated: bool
    letters: Mapping[tuple[str, str], Mapping[str, str]]
    normalised: Mapping[str, int]


def kept(
    identity: Sequence[str], read: Callable[[], Content], *, use_cache: bool | None = None
) -> Content:
    """What `read` returns, or returned when it was last asked for the same identity.

    `identity`: the digest and names of the files. A cache that cannot be read or
    written is as good as none: nothing fails for it.
    """
    if not (enabled() if use_cache is None else use_cache):
        return read()
    place = folder() / _key(identity)
    with suppress(OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        found = _load(place)
        os.utime(place)
        return found
    content = read()
    with suppress(OSError, ValueError, pa.ArrowException):
        _save(content, place)
        _prune(folder())
    return content


def enabled() -> bool:
    """Whether the cache is in use: SANLIAN_CACHE=off switches it off."""
    return os.environ.get("SANLIAN_CACHE", "").lower() not in ("off", "0", "no", "false")


def folder() -> Path:
    """Where ledgers are kept: SANLIAN_CACHE, else the user's cache folder."""
    own = os.environ.get("SANLIAN_CACHE", "")
    base = Path(own) if os.path.isabs(own) else platformdirs.user_cache_path("sanlian-analysis")
    return base / "ledgers"


def _key(identity: Sequence[str]) -> str:
    """Findings are texts: they depend on the language too."""
    parts = [_version(), say("zh", "en"), *identity]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@cache
def _version() -> str:
    """Changes whenever the code or the data that read a ledger change."""
    total = hashlib.sha256(f"{pd.__version__} {pa.__version__}".encode())
    for name in (*(f"{module}.py" for module in _READERS), *_DATA):
        total.update(resources.files(__package__).joinpath(name).read_bytes())
    return total.hexdigest()


def _load(place: Path) -> Content:
    about = json.loads((place / "about.json").read_text(encoding="utf-8"))
    if about["tables"] != list(KEYS):
        raise ValueError("another content than is kept")
    return Content(
        tables={name: _table(place / f"{i}.parquet") for i, name in enumerate(about["tables"])},
        findings=tuple(Finding(**one) for one in about["findings"]),
        simulated=about["simulated"],
        letters={(file, sheet): letters for file, sheet, letters in about["letters"]},
        normalised=about["normalised"],
    )


def _table(path: Path) -> pd.DataFrame:
    # Neither pandas nor a path: both start threads, after which no process can safely be forked.
    with pa.memory_map(str(path)) as file:
        read = ParquetFile(file, pre_buffer=False).read(use_threads=False)
        table: pd.DataFrame = read.to_pandas(use_threads=False)
    table["date"] = table["date"].astype("datetime64[s]")  # Parquet knows no whole seconds
    return table


def _save(content: Content, place: Path) -> None:
    """Write beside the final name, then rename: nobody ever sees half a ledger."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
    try:
        for i, table in enumerate(content.tables.values()):
            table.to_parquet(part / f"{i}.parquet", compression="lz4")
        about = {
            "tables": list(content.tables),
            "findings": [asdict(finding) for finding in content.findings],
            "simulated": content.simulated,
            "letters": [[*place_, dict(own)] for place_, own in content.letters.items()],
            "normalised": dict(content.normalised),
        }
        (part / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        part.replace(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _prune(base: Path) -> None:
    """Let go of the ledgers that were not used for longest."""
    there = [place for place in base.iterdir() if place.is_dir()]
    for place in there:
        if place.name.startswith(".") and time.time() - place.stat().st_mtime > _ABANDONED:
            shutil.rmtree(place, ignore_errors=True)
    whole = [place for place in there if not place.name.startswith(".")]
    places = sorted(whole, key=lambda place: place.stat().st_mtime, reverse=True)
    total = 0
    for i, place in enumerate(places):
        total += sum(file.stat().st_size for file in place.iterdir())
        if i and (i >= _MOST_LEDGERS or total > _MOST_BYTES):
            shutil.rmtree(place, ignore_errors=True)
