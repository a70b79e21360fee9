"""The way through: open the original, take earlier marks away, mark, list, save."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl.writer.excel import ExcelWriter

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import whole_file
from sanlian_analysis.findings import Finding
from sanlian_analysis.language import listed, say
from sanlian_analysis.marked_copy.findings_sheet import list_findings, shortened
from sanlian_analysis.marked_copy.marks import forget_earlier_marks, mark
from sanlian_analysis.marked_copy.original import Draft, draft_of_workbook
from sanlian_analysis.marked_copy.refusals import NOT_UNDERSTOOD, explained
from sanlian_analysis.marked_copy.spots import spots_of
from sanlian_analysis.marked_copy.stored_values import copy_with_results
from sanlian_analysis.marked_copy.table import draft_of_table


def check_marked_copy(source: Path, out: str | Path) -> None:
    """Refuse a place for the marked copy before anything is computed.

    Raises SanlianError when `out` is the ledger itself, under whatever name, or
    no `.xlsx`.
    """
    out = Path(out)
    if out.suffix.lower() != ".xlsx":
        raise SanlianError(
            say(
                f"{out}：标注副本只能是 .xlsx 文件，请换一个文件名",
                f"{out}: a marked copy is an .xlsx file; choose such a name",
            )
        )
    if _is_same_file(out, source):
        raise SanlianError(
            say(
                f"{out}：这就是台账原件，不会覆盖；请给标注副本另取一个文件名",
                f"{out}: this is the ledger itself and is never overwritten; "
                "choose another name for the marked copy",
            )
        )


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False


def write_marked_copy(source: Path, findings: Sequence[Finding], out: str | Path) -> None:
    """Write a copy of one file of a ledger with the findings marked, listed and linked.

    `source`: an `.xlsx` workbook, whose sheets, values, formulas with their
    results, formats, widths, merges and validations stay as they were; or a
    `.csv` or `.parquet` table, which becomes the sheet 社区. `findings`: those
    of this file. `source` is only read; `out` appears when it is whole.

    A cell with findings takes the colour of the worst (which covers its own
    fill) and a comment that says all of them; in a merged range the top left
    cell does. A comment of the user's stays, with ours below it. The sheet
    `FINDINGS_SHEET` comes first and lists every finding, worst first. Marks of
    an earlier copy are taken away before; a fill they covered does not come back.

    Lost, and said on that sheet where the file has it: shapes, text boxes,
    controls, embedded objects, pictures in formats or places that openpyxl does
    not read, threads of comments, macros, validations and conditional formats of
    newer Excel; charts are redrawn from what openpyxl understands. Lost without
    saying: fonts and box sizes of the user's comments, values under merged
    cells, digits of a number beyond the sixteenth.

    Raises SanlianError when `out` is `source` or no `.xlsx`, when the file
    cannot be copied, does not fit a sheet, or the place cannot be written.
    """
    check_marked_copy(source, out)
    is_workbook = source.suffix.lower() == ".xlsx"
    draft = draft_of_workbook(source) if is_workbook else draft_of_table(source)
    forget_earlier_marks(draft.book)
    spots = spots_of(draft.book, findings)
    remarks = [*mark(spots), *shortened(len(spots)), *_lacking(draft)]
    list_findings(draft.book, source.name, spots, remarks)
    # What fails for want of space is an OSError, and for whole_file to explain.
    with whole_file(out) as part, explained(source, *NOT_UNDERSTOOD):
        _save(draft, part)


def _lacking(draft: Draft) -> list[str]:
    """The remark on what the copy lacks of the original, where it lacks anything."""
    if not draft.lost:
        return []
    lost = listed(draft.lost)
    return [say(f"本副本未能保留原件中的：{lost}", f"Of the original, this copy lacks: {lost}")]


def _save(draft: Draft, part: Path) -> None:
    """Save the workbook, with the results that its formulas had."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        if not any(draft.results.values()):
            _write(draft.book, part)
            return
        with tempfile.TemporaryFile() as without_results:
            _write(draft.book, without_results)
            copy_with_results(without_results, part, draft.book, draft.results)


def _write(book: Any, target: Any) -> None:
    """Write a workbook; unlike its own `save` this closes the file also when it fails."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()
