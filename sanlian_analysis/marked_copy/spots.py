"""Findings in the copy: where each one stands, and how its severity looks and is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import column_index_from_string

from sanlian_analysis.excel import MOST_COLUMNS, MOST_ROWS
from sanlian_analysis.findings import SEVERITIES, Finding, Severity
from sanlian_analysis.language import say

#: Fills by severity: apart in hue and in lightness, dark text is legible on each. They
#: are in no palette of Excel: a cell of exactly this colour was marked by an earlier copy.
FILLS: dict[Severity, str] = {"error": "FFF1A38D", "warning": "FFF8E08A", "note": "FFC3E1F3"}

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(frozen=True)
class Spot:
    """Where a finding stands in the copy: `sheet` None if nowhere, `row` 0 if in no cell."""

    finding: Finding
    sheet: Any
    row: int = 0
    column: int = 0


def severity_word(severity: Severity) -> str:
    """The severity as people call it."""
    return say(*SEVERITIES[severity])


def spots_of(book: Any, findings: Iterable[Finding]) -> list[Spot]:
    """Every finding with its place; worst first, then by sheet, row and column."""
    sheets = _sheets_by_name(book)
    spots = [
        Spot(finding, sheets.get(finding.sheet), *_position(finding.cell)) for finding in findings
    ]
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    order = {sheet.title: position for position, sheet in enumerate(book.worksheets)}
    spots.sort(
        key=lambda spot: (
            ranks[spot.finding.severity],
            order[spot.sheet.title] if spot.sheet else len(order),
            spot.finding.sheet,
            spot.row,
            spot.column,
        )
    )
    return spots


def _sheets_by_name(book: Any) -> dict[str, Any]:
    """The sheets by their names, also as the reader of ledgers knows them: stripped of spaces.

    A name that is exact goes before a stripped one, and then the first sheet before the next.
    """
    stripped = {sheet.title.strip(): sheet for sheet in reversed(book.worksheets)}
    return stripped | {sheet.title: sheet for sheet in book.worksheets}


def _position(cell: str) -> tuple[int, int]:
    """Row and column of an address, from 1; (0, 0) for what is no address in a sheet."""
    found = _ADDRESS.fullmatch(cell)
    if not found:
        return 0, 0
    row, column = int(found[2]), column_index_from_string(found[1])
    return (row, column) if row <= MOST_ROWS and column <= MOST_COLUMNS else (0, 0)
