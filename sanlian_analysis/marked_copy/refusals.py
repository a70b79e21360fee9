"""Workbooks of which no copy can be made, and how that is said."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import IO

from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException
from PIL.Image import DecompressionBombError

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say

#: What openpyxl raises on content that it does not understand.
NOT_UNDERSTOOD = (
    ArithmeticError,
    AttributeError,
    DecompressionBombError,
    EOFError,
    InvalidFileException,
    LookupError,
    RuntimeError,
    SyntaxError,  # of XML
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

#: openpyxl makes a cell of everything that a merge, a link or a comment covers.
_MOST_COVERED = 2_000_000
_COVERING = re.compile(
    rb"""<(?:\w+:)?(?:mergeCell|hyperlink|comment)\s[^>]*?\bref\s*=\s*["']([^"']*)["']"""
)
_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
#: How XML in UTF-16 begins, in which nothing above would be found; Excel writes UTF-8.
_TWO_BYTES = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
#: How XML may begin, in any encoding that a parser knows by itself (L is EBCDIC's "<").
_MAY_BE_XML = (
    b"<",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\0",
    b"L",
)
#: Bytes that are searched at a time, and the most that a tag may have.
_BLOCK, _LONGEST_TAG = 4 * 1024**2, 1024**2


@contextmanager
def explained(source: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Errors of these kinds as one message: the content of `source` cannot be copied."""
    try:
        yield
    except kinds as error:
        raise _not_copied(
            source,
            f"其中有无法照抄的内容（{type(error).__name__}）",
            f"it has content that cannot be copied ({type(error).__name__})",
        ) from error


def _not_copied(source: Path, zh: str, en: str) -> SanlianError:
    return SanlianError(
        say(
            f"{source}：不能做成标注副本：{zh}；请在 Excel 中打开并另存为 .xlsx 后再试，"
            "检查结果见不带 --report 的输出",
            f"{source}: could not be copied with marks: {en}; open it in Excel, save it as "
            ".xlsx and try again. The findings are in the output without --report",
        )
    )


def refuse_strict_format(source: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a workbook in Strict Open XML, which openpyxl would read as empty sheets."""
    if b"purl.oclc.org/ooxml" in archive.read("xl/workbook.xml"):
        raise _not_copied(
            source,
            "它是“严格 Open XML”格式，请另存为普通的 .xlsx",
            "it is in the format Strict Open XML; save it as an ordinary .xlsx",
        )


def refuse_giant_areas(source: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a workbook that openpyxl would read as more cells than memory holds.

    Every part is searched, not only what is called a sheet: any part may be one.
    """
    covered = 0
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            for number, (text, begun) in enumerate(_blocks(stream)):
                if number == 0 and not text.startswith(_MAY_BE_XML):
                    break  # a picture, say, which may have anything in it
                covered += sum(map(_size, _COVERING.findall(text)))
                hidden = text.startswith(_TWO_BYTES) or len(begun) > _LONGEST_TAG
                if hidden or covered > _MOST_COVERED:
                    raise _not_copied(
                        source,
                        f"{entry.filename} 里有 Excel 不会写的内容，或大得不合常理的合并区域和链接",
                        f"{entry.filename} has content that Excel does not write, or merged "
                        "cells or links that are implausibly large",
                    )


def _blocks(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """A part block by block, each with the tag that its end cuts in two; the next repeats it."""
    begun = b""
    while block := stream.read(_BLOCK):
        text = begun + block
        start = text.rfind(b"<")
        begun = text[start:] if start >= 0 and b">" not in text[start:] else b""
        yield text, begun


def _size(reference: bytes) -> int:
    """How many cells a reference has; too many when it is no plain cell or area such as A1:C3."""
    text = unescape(reference.decode("latin-1")).strip()
    if ":" not in text:
        return 1
    found = _AREA.fullmatch(text)
    if not found:
        return _MOST_COVERED + 1
    left, top, right, bottom = found.groups()
    first, last = column_index_from_string(left.upper()), column_index_from_string(right.upper())
    return (abs(int(last - first)) + 1) * (abs(int(bottom) - int(top)) + 1)
