"""What every workbook that we write has in common, and what a worksheet can hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, BinaryIO

from xlsxwriter import Workbook

#: A worksheet's rows and columns, the UTF-16 units of a cell and of a sheet's name.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
LONGEST_TEXT, LONGEST_NAME = 32_767, 31

#: When every file was made, so that equal contents give equal bytes.
CREATED = dt.datetime(2000, 1, 1)


def new_workbook(
    file: str | BinaryIO, properties: Mapping[str, str] | None = None, **options: Any
) -> Workbook:
    """A workbook in which text stays text: no formula, link or number is made of it.

    `options` are XlsxWriter's own. The same contents give the same bytes.
    """
    as_text = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = Workbook(file, as_text | options)
    book.set_properties({**(properties or {}), "created": CREATED})
    return book
