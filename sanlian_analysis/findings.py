"""What is wrong, or worth knowing, in a ledger: one finding per place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One place in a ledger where something is to be mended or known.

    error: a value was made unknown, a row could not be placed, or duplicates
    conflict. warning: rows outside the frame, identical duplicates. note: the
    rest. `cell` is the address in the user's own file.
    """

    file: str
    sheet: str
    cell: str
    code: str
    variable: str
    severity: Severity
    found: str
    message: str

    def __str__(self) -> str:
        place = f"{self.sheet}!{self.cell}" if self.cell else self.sheet
        return f"{self.file} {place} {self.message}"
