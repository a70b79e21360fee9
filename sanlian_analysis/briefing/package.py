"""Office files are zip packages: without the time at which they were written they never differ."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

#: 1 January 1980 and midnight, the first moment that a zip file knows, as it writes them.
_TIME_AND_DATE = struct.pack("<HH", 0, 0x21)
#: Where they stand: in an entry's own header, and in its line of the list at the end, which
#: is so long and is followed by name, extra field and comment.
_IN_HEADER, _IN_LINE, _LINE = 10, 12, 46


def settled(data: bytes) -> bytes:
    """A package without a trace of when it was written; what is packed stays packed."""
    content = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        entries, line = package.infolist(), package.start_dir
    for entry in entries:
        for place in (entry.header_offset + _IN_HEADER, line + _IN_LINE):
            content[place : place + 4] = _TIME_AND_DATE
        lengths = struct.unpack_from("<HHH", content, line + 28)
        line += _LINE + sum(lengths)
    return bytes(content)


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A package with every entry as `change` makes it of its name and content."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return stream.getvalue()
