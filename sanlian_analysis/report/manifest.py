"""What a run made, as a record for people and programs: a journal, then `manifest.json`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sanlian_analysis.files import whole_file

MANIFEST = "manifest.json"

#: Grows by a line with every area, and goes once the manifest has it all.
JOURNAL = "journal.jsonl"

#: Packages whose versions may change what a report shows.
PACKAGES = (
    "sanlian-analysis",
    "pandas",
    "numpy",
    "matplotlib",
    "papermill",
    "nbconvert",
    "typst",
    "python-pptx",
    "python-docx",
    "XlsxWriter",
)


@dataclass(frozen=True)
class AreaRecord:
    """One area of a run: status is done, failed or skipped (made by an earlier run).

    `files`: path below the run's folder → SHA-256. `seconds` is the time it took.
    `fingerprint` stands for all that it was made from.
    """

    code: str
    name: str
    status: str
    files: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    fingerprint: str = ""

    @property
    def page(self) -> str:
        """The area's page, or what else was made of it; empty after a failure."""
        for ending in (".html", ".pdf", ".docx", ".pptx", ".xlsx", ".ipynb"):
            for name in self.files:
                if name.endswith(ending):
                    return name
        return ""


def package_versions() -> dict[str, str]:
    """Installed versions of what draws and computes."""
    return {name: version(name) for name in PACKAGES}


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, run: Mapping[str, Any], records: Sequence[AreaRecord]) -> None:
    """Write `manifest.json`: the run's inputs and parameters, and every area; end the journal."""
    content = {**run, "areas": [asdict(record) for record in records]}
    with whole_file(folder / MANIFEST) as part:
        part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / JOURNAL).unlink(missing_ok=True)


def note(folder: Path, record: AreaRecord) -> None:
    """Add an area to the journal; the line is on the disk when this returns."""
    line = json.dumps(asdict(record), ensure_ascii=False)
    with (folder / JOURNAL).open("ab") as stream:
        # a line that a crash cut short must not swallow this one
        stream.write(b"\n" + line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def reusable(folder: Path, fingerprints: Mapping[str, str]) -> dict[str, AreaRecord]:
    """Areas that earlier runs made from the same and left whole, by code.

    `fingerprints`: of every area that is wanted. Lines and files that cannot be
    read count as not there.
    """
    found: dict[str, AreaRecord] = {}
    for record in (*_in_manifest(folder), *_in_journal(folder)):
        if record.fingerprint and fingerprints.get(record.code) == record.fingerprint:
            found[record.code] = record
        else:
            found.pop(record.code, None)
    return {
        code: record
        for code, record in found.items()
        if record.status in ("done", "skipped") and _whole(folder, record)
    }


def _in_manifest(folder: Path) -> list[AreaRecord]:
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        return _records(content["areas"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _in_journal(folder: Path) -> list[AreaRecord]:
    try:
        lines = (folder / JOURNAL).read_bytes().splitlines()
    except OSError:
        return []
    found: list[AreaRecord] = []
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            found += _records([json.loads(line)])
    return found


def _records(entries: Iterable[Any]) -> list[AreaRecord]:
    """Those of the entries that are records."""
    found: list[AreaRecord] = []
    for entry in entries:
        with contextlib.suppress(TypeError):
            found.append(AreaRecord(**entry))
    return [record for record in found if _is_sound(record)]


def _is_sound(record: AreaRecord) -> bool:
    """Whether a record that comes from a file holds what a record should."""
    if not isinstance(record.files, dict):
        return False
    texts = (record.code, record.name, record.status, record.error, record.fingerprint)
    return all(isinstance(text, str) for text in (*texts, *record.files.values()))


def _whole(folder: Path, record: AreaRecord) -> bool:
    return bool(record.files) and all(
        (folder / name).is_file() and sha256(folder / name) == digest
        for name, digest in record.files.items()
    )
