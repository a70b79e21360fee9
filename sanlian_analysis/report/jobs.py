"""What is made for one area, and what came of it: the values that go between processes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sanlian_analysis.language import say

#: Seconds that a worker has beyond its notebook.
_REST = 120.0


@dataclass(frozen=True)
class Inputs:
    """What every area of a run is made from: paths as the user gave them, and own assumptions."""

    ledger: str
    frame: str
    policy: str
    assumptions: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Wanted:
    """What reports will be made from, told to workers before the first of them.

    `date`: the snapshot, "" for the latest.
    """

    inputs: Inputs
    date: str = ""
    formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One notebook to run: where it comes from, its parameters, and what is made of it.

    `workshop`: the folder in which its files are made, beside the one they are
    published to, which is `folder` below the run's own; "" for the run's folder
    itself (the overview). `fingerprint` stands for all that decides what the files
    say. `shown`: the inputs that the notebook names as its own, when the files lie
    elsewhere here. `engine` is papermill's name of one; `seconds` and `megabytes` limit the
    notebook, 0 for no limit.
    """

    code: str
    name: str
    notebook: str
    inputs: Inputs
    date: str
    workshop: str
    folder: str
    stem: str
    formats: tuple[str, ...]
    fingerprint: str = ""
    template: str = ""
    shown: Inputs | None = None
    engine: str = "sanlian"
    seconds: float = 0
    megabytes: float = 0

    @property
    def overview(self) -> bool:
        """Whether it is about all that the ledger covers."""
        return not self.folder

    @property
    def parameters(self) -> dict[str, str | list[str]]:
        """What papermill gives to the notebook."""
        return {
            "ledger": self.inputs.ledger,
            "frame": self.inputs.frame,
            "policy": self.inputs.policy,
            "area": "" if self.overview else self.code,
            "date": self.date,
            "assume": list(self.inputs.assumptions),
            "lang": self.inputs.language,
        }


@dataclass(frozen=True)
class Made:
    """What a job left in its workshop.

    `files`: path in the workshop → SHA-256. `error` says what went wrong, "" when
    nothing did; `hopeless`: it will go wrong for every other area too, such as a
    full disk.
    """

    files: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    hopeless: bool = False


def fingerprint(facts: Mapping[str, Any]) -> str:
    """One digest of everything in `facts`.

    >>> fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    True
    """
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def longest(job: Job) -> float | None:
    """Seconds that a worker may take for a job, beyond which it is stuck; None for no limit.

    The notebook has its own, which it is told of; this is for all the rest.
    """
    return 2 * job.seconds + _REST if job.seconds else None


def took_too_long() -> str:
    """What is said of a worker that was stuck."""
    return say("生成超时，已中止", "took too long and was ended")


def ended_unexpectedly(code: int | None) -> str:
    """What is said of a worker that died; `code`: its exit code, negative for a signal."""
    return say(f"工作进程意外终止（{code}）", f"its process ended unexpectedly ({code})")
