"""What the XML of a sheet stores and openpyxl drops: results of formulas, numbers like 20201231."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from openpyxl.reader.workbook import WorkbookParser

from sanlian_analysis.marked_copy.cells import existing_cells

#: By the title of a sheet and the address of a cell: type and text that it stores.
Results = dict[str, dict[str, tuple[str, str]]]

#: Types of cells (attribute t) that hold a number, and that a formula's result can have.
_NUMBER_TYPES = ("", "n")
_RESULT_TYPES = (*_NUMBER_TYPES, "str", "b", "e")

#: A formula as openpyxl writes it: without the result that it had.
_FORMULA = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f[^>]*(?:/>|>[^<]*</f>))<v\s*(?:/>|></v>)</c>'
)


def keep_stored_values(archive: zipfile.ZipFile, book: Any) -> Results:
    """The results of formulas; openpyxl keeps a formula or its result, not both.

    `archive`: the file that `book` was read from. A number too large for its
    date format, such as 20201231, which openpyxl takes for an error, is put
    back into its cell of `book` on the way.
    """
    results: Results = {}
    parts = _parts(archive)
    for sheet in book.worksheets:
        formulas = [cell.coordinate for cell in existing_cells(sheet) if cell.data_type == "f"]
        errors = {
            cell.coordinate: cell
            for cell in existing_cells(sheet)
            if cell.data_type == "e" and cell.value == "#VALUE!"
        }
        wanted = dict.fromkeys(formulas, _RESULT_TYPES) | dict.fromkeys(errors, _NUMBER_TYPES)
        if wanted:  # else the sheet need not be read a second time
            stored = _stored(archive, parts[sheet.title], wanted)
            _put_numbers_back(errors, stored)
            results[sheet.title] = {place: stored[place] for place in formulas if place in stored}
    return results


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the package in which each sheet stands, by the sheet's title."""
    parser = WorkbookParser(archive, "xl/workbook.xml", keep_links=False)
    parser.parse()
    return {sheet.name: relation.target for sheet, relation in parser.find_sheets()}


def _stored(
    archive: zipfile.ZipFile, part: str, wanted: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, str]]:
    """Type and stored text of the cells that are wanted, where they have one of these types."""
    return {
        place: (kind, text)
        for place, kind, text in _all_stored(archive, part)
        if kind in wanted.get(place, ())
    }


def _all_stored(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str, str]]:
    """Place, type and stored text of every cell of a sheet that stores something."""
    with archive.open(part) as stream:
        for _, element in ElementTree.iterparse(stream):
            if element.tag.endswith("}c"):
                value = element.find("{*}v")
                if value is not None and value.text:
                    yield element.get("r", ""), element.get("t", ""), value.text
            elif element.tag.endswith("}row"):
                element.clear()  # or the whole sheet would stay in memory


def _put_numbers_back(errors: Mapping[str, Any], stored: Mapping[str, tuple[str, str]]) -> None:
    """Give cells that openpyxl took for errors the number that they store."""
    for place, cell in errors.items():
        if place in stored:
            number = float(stored[place][1])
            cell.value = int(number) if number.is_integer() else number


def copy_with_results(draft: IO[bytes], part: Path, book: Any, results: Results) -> None:
    """Copy the file `draft`, which openpyxl wrote of `book`, to `part` with the results put in."""
    results_of = {sheet.path.lstrip("/"): results.get(sheet.title, {}) for sheet in book.worksheets}
    with (
        zipfile.ZipFile(draft) as before,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for entry in before.infolist():
            content = before.read(entry)
            if kept := results_of.get(entry.filename):
                content = _with_results(content, kept)
            after.writestr(entry, content)


def _with_results(content: bytes, results: Mapping[str, tuple[str, str]]) -> bytes:
    """A sheet's XML with results put behind its formulas."""

    def filled(found: re.Match[bytes]) -> bytes:
        place, attributes, formula = found.groups()
        if place.decode() not in results:
            return found[0]
        kind, text = results[place.decode()]
        typed = b' t="%s"' % kind.encode() if kind else b""
        value = escape(text).encode()
        return b'<c r="%s"%s%s>%s<v>%s</v></c>' % (place, attributes, typed, formula, value)

    return _FORMULA.sub(filled, content)
