"""A ledger with some of its cells changed; the given one stays as it is."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from sanlian_analysis.findings import Finding
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning.changes import Cell
from sanlian_analysis.planning.draft import Draft
from sanlian_analysis.schema import COMMUNITIES, COUNTIES, KEYS, SCORES, STREETS

#: Columns of the table of changed cells, in order.
LOG = ["sheet", "code", "variable", "before", "after", "applied", "why"]


def altered(ledger: Ledger, cells: Iterable[Cell], day: dt.date) -> tuple[Ledger, pd.DataFrame]:
    """A ledger in which cells of one snapshot are changed, and what became of every one.

    A value to which something is added stays unknown when it is unknown, and
    不适用 when it is that. A unit without a row gets one with its first value.
    The log has the columns `LOG`, one row per cell in the order given.

    Raises SanlianError for a result outside the variable's range, and for a
    part above its whole; the message names the cell.
    """
    drafts: dict[str, Draft] = {}
    rows = []
    for cell in cells:
        sheet = cell.variable.sheet
        if sheet not in drafts:
            drafts[sheet] = Draft.of(sheet, ledger.table(sheet), day)
        rows.append((sheet, cell.code, cell.variable.id, *drafts[sheet].apply(cell)))
    for draft in drafts.values():
        draft.refuse_parts_above_their_wholes()
    log = _log(rows)
    changed = [draft for draft in drafts.values() if draft.cells]
    return (_with(ledger, changed, log) if changed else ledger), log


def no_cells() -> pd.DataFrame:
    """The log of no changes."""
    return _log([])


def _log(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    log = pd.DataFrame(rows, columns=LOG, dtype=object)
    return log.astype(
        {**dict.fromkeys(["sheet", "code", "variable", "why"], "str"), "applied": "bool"}
    )


def _with(ledger: Ledger, drafts: list[Draft], log: pd.DataFrame) -> Ledger:
    """The ledger with the tables of the drafts, which says that it is supposed."""
    tables = {draft.sheet: draft.finished(ledger.frame) for draft in drafts}
    tables = {sheet: tables.get(sheet, ledger.table(sheet)) for sheet in KEYS}
    file = say("假设", "what if")
    letters = {(file, draft.sheet): {KEYS[draft.sheet]: "A"} for draft in drafts}
    count = int(log["applied"].sum())
    message = say(
        f"这是假设的台账：改动了 {count} 个单元格，不是上报的数字",
        f"a supposed ledger: {count} cells were changed, these are not the figures reported",
    )
    note = Finding(file, drafts[0].sheet, "", "", "", "note", "", message, kind="what_if")
    return replace(
        ledger,
        communities=tables[COMMUNITIES],
        streets=tables[STREETS],
        counties=tables[COUNTIES],
        scores=tables[SCORES],
        findings=(*ledger.findings, note),
        sha256=hashlib.sha256((ledger.sha256 + log.to_csv(index=False)).encode()).hexdigest(),
        origin={**ledger.origin, **{draft.sheet: _origin(ledger, draft, file) for draft in drafts}},
        letters={**ledger.letters, **letters},
    )


def _origin(ledger: Ledger, draft: Draft, file: str) -> pd.DataFrame:
    """Where the rows stand: those that were added, in no file."""
    origin = ledger.origin.get(draft.sheet)
    if origin is None:
        origin = pd.DataFrame({"file": "", "sheet": draft.sheet, "row": 0}, draft.table.index)
    if not draft.added:
        return origin
    rows = range(len(draft.added))
    added = pd.DataFrame({"file": file, "sheet": draft.sheet, "row": 0}, rows)
    return pd.concat([origin, added.astype(dict(origin.dtypes))], ignore_index=True)
