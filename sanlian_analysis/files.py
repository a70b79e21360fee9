"""Files that are either whole under their name, or not there."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say

#: Longest part of a name from a ledger that goes into a file name.
_NAME_LENGTH = 40

_UNSAFE = re.compile(r'[\\/:*?"<>|.\s]+')
#: Names that Windows keeps for its devices.
_RESERVED = re.compile(r"CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]", re.IGNORECASE)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well.

    When the block fails nothing is left behind, and what stood under the name
    before stands there still. Raises SanlianError when the place cannot be
    written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _unwritable(path, error) from None
    part = Path(name)
    try:
        yield part
        flush(part)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def decoded(data: bytes) -> str:
    """A text in one of the encodings in which people save tables: UTF-8 or GB18030.

    Raises UnicodeDecodeError when it is neither.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def flush(path: Path) -> None:
    """Wait until a file is on the disk and not only on its way there."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def flush_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can say so."""
    if hasattr(os, "O_DIRECTORY"):
        place = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def states(paths: Iterable[Path]) -> tuple[tuple[object, ...], ...]:
    """Per file what changes when it is written: name, inode, size, time; name alone if absent."""
    found: list[tuple[object, ...]] = []
    for path in paths:
        try:
            one = path.stat()
        except OSError:
            found.append((str(path),))
        else:
            found.append((str(path), one.st_ino, one.st_size, one.st_mtime_ns))
    return tuple(found)


def _unwritable(path: Path, error: OSError) -> SanlianError:
    return SanlianError(
        say(
            f"{path}：写不进去（{error.strerror}）；请检查文件夹、权限和磁盘空间，"
            "并关闭正打开它的程序",
            f"{path}: cannot be written ({error.strerror}); check folder, permissions and "
            "space, and close the program that has it open",
        )
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def safe_name(name: str) -> str:
    """A name from a ledger, fit for a file name on every system: at most 40 characters.

    >>> safe_name("城区/../<b>")
    '城区_b'
    """
    visible = "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable())
    safe = _UNSAFE.sub("_", visible)[:_NAME_LENGTH].strip("_ ") or "_"
    return f"{safe}_" if _RESERVED.fullmatch(safe) else safe
