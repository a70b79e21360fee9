"""What a run made, as a record for people and programs: `manifest.json`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sanlian_analysis.files import whole_file

MANIFEST = "manifest.json"

#: Packages whose versions may change what a report shows.
_PACKAGES = (
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
    """

    code: str
    name: str
    status: str
    files: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""

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
    return {name: version(name) for name in _PACKAGES}


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, run: dict[str, Any], records: list[AreaRecord]) -> None:
    """Write `manifest.json`: the run's inputs and parameters, and every area."""
    content = {**run, "areas": [asdict(record) for record in records]}
    with whole_file(folder / MANIFEST) as part:
        part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")


def reusable(folder: Path, run: dict[str, Any]) -> dict[str, AreaRecord]:
    """Areas that an earlier run of the same inputs left whole, by code."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        records = [AreaRecord(**record) for record in content.pop("areas")]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if any(content.get(key) != run[key] for key in run if key != "run"):
        return {}
    return {
        record.code: record
        for record in records
        if record.status in ("done", "skipped") and _whole(folder, record)
    }


def _whole(folder: Path, record: AreaRecord) -> bool:
    return bool(record.files) and all(
        (folder / name).is_file() and sha256(folder / name) == digest
        for name, digest in record.files.items()
    )
