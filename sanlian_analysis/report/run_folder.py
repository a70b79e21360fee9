"""The folder of a run while it is written: held by one run alone, complete at every moment."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import flush_folder
from sanlian_analysis.language import say
from sanlian_analysis.report.jobs import Job, Made
from sanlian_analysis.report.manifest import AreaRecord, note

#: Begins the names of what is not finished.
_UNFINISHED = ".making-"
_REPLACED = ".replaced-"
#: What `whole_file` writes before it takes its name.
_PARTS = ".*.part.*"
_LOCK = ".lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder if need be, keep other runs out of it, clear away what a dead run left.

    Raises SanlianError when the folder cannot be made or written, or another run
    is at work in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise SanlianError(
            say(
                f"{folder}：另一次运行正在写这个文件夹；等它结束，或用 --out 指定别的位置",
                f"{folder}: another run is writing here; wait for its end or choose another "
                "folder with --out",
            )
        ) from None
    except OSError as error:
        raise SanlianError(
            say(
                f"{folder}：写不进去（{error.strerror}）；请用 --out 指定可写的位置",
                f"{folder}: cannot be written ({error.strerror}); choose another with --out",
            )
        ) from None
    try:
        _sweep(folder)
        yield
    finally:
        _sweep(folder)
        with contextlib.suppress(OSError):  # Windows does not remove what is open
            (folder / _LOCK).unlink()
        lock.release()


def workshop(folder: Path, code: str) -> Path:
    """Where the files of an area are made before they are published."""
    return folder / f"{_UNFINISHED}{code}"


def publish(folder: Path, job: Job, made: Made) -> AreaRecord:
    """Give the files of a job their final names and note it in the journal.

    Raises SanlianError when the disk is full or the folder cannot be written, and
    when the job has found that all others would fail as well.
    """
    if made.hopeless:
        raise cannot_go_on(folder, made.error)
    try:
        _place(Path(job.workshop), folder, job.folder)
        record = AreaRecord(
            job.code,
            job.name,
            "failed" if made.error else "done",
            {(Path(job.folder) / name).as_posix(): digest for name, digest in made.files.items()},
            made.seconds,
            made.error,
            job.fingerprint,
        )
        note(folder, record)
    except OSError as error:
        raise cannot_go_on(folder, str(error.strerror)) from None
    return record


def cannot_go_on(folder: Path, why: str) -> SanlianError:
    """What is said when every further area would fail as well."""
    return SanlianError(
        say(
            f"{folder}：无法继续（{why}）；已完成的都在，处理后加 --resume 从中断处继续",
            f"{folder}: cannot go on ({why}); what is finished is kept: mend this, then go on "
            "where it stopped with --resume",
        )
    )


def _place(made: Path, folder: Path, name: str) -> None:
    if not made.is_dir():
        return
    if name:
        final, replaced = folder / name, folder / f"{_REPLACED}{name}"
        if final.exists():
            final.rename(replaced)
        try:
            made.rename(final)
        except OSError:
            if replaced.exists():
                replaced.rename(final)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    else:
        for path in [path for path in made.iterdir() if path.is_file()]:
            path.replace(folder / path.name)
        shutil.rmtree(made, ignore_errors=True)
    flush_folder(folder)


def _sweep(folder: Path) -> None:
    for left in [*folder.glob(f"{_UNFINISHED}*"), *folder.glob(f"{_REPLACED}*")]:
        shutil.rmtree(left, ignore_errors=True)
    for part in folder.glob(_PARTS):
        with contextlib.suppress(OSError):
            part.unlink()
