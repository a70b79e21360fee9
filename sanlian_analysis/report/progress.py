"""How far a run has come, for a person at a terminal, for a log, for a program."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import Literal, TextIO

from tqdm import tqdm

from sanlian_analysis.language import say
from sanlian_analysis.report.manifest import AreaRecord

Style = Literal["bar", "lines", "json", "quiet"]

#: Seconds between two lines of a log.
_PAUSE = 5.0


@dataclass
class State:
    """What is done at a moment; `rate` is reports per second, `left` the seconds still to go."""

    total: int
    workers: int
    skipped: int
    started: float
    done: int = 0
    failed: int = 0

    @property
    def open(self) -> int:
        """Reports that are not finished."""
        return self.total - self.skipped - self.done - self.failed

    @property
    def running(self) -> int:
        """Reports that are being made."""
        return min(self.workers, self.open)

    @property
    def rate(self) -> float:
        """Reports per second since the start."""
        return (self.done + self.failed) / max(time.monotonic() - self.started, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds until the end at this rate; None before the first report."""
        return self.open / self.rate if self.done + self.failed else None


class Progress:
    """Tells how far a run has come, in one of four styles."""

    def __init__(self, style: Style, stream: TextIO | None = None) -> None:
        """`stream`: where it is told; standard error unless it is for a program."""
        self._style = style
        self._stream = stream or (sys.stdout if style == "json" else sys.stderr)
        self._last = 0.0
        self._bar: tqdm[None] | None = None
        self._state = State(0, 0, 0, 0.0)

    def start(self, total: int, skipped: int, workers: int) -> None:
        """A run of `total` reports begins, `skipped` of which are there already."""
        self._state = State(total, workers, skipped, time.monotonic())
        self._last = time.monotonic()
        if self._style == "bar":
            unit = say("份", "report")
            self._bar = tqdm(total=total, initial=skipped, unit=unit, ncols=88, file=self._stream)
        elif self._style == "json":
            self._write_json("start", None)
        elif self._style == "lines":
            self._write(
                say(
                    f"共 {total} 份，已有 {skipped} 份", f"{total} reports, {skipped} there already"
                )
            )

    def made(self, record: AreaRecord) -> None:
        """A report is finished, well or not."""
        state = self._state
        if record.status == "failed":
            state.failed += 1
        else:
            state.done += 1
        if self._bar is not None:
            self._bar.set_postfix_str(self._failures(), refresh=False)
            self._bar.update()
        elif self._style == "json":
            self._write_json("area", record)
        elif self._style == "lines":
            self._line()

    def end(self) -> None:
        """The run is over, or broken off."""
        if self._bar is not None:
            self._bar.close()
        elif self._style == "json":
            self._write_json("end", None)

    def _failures(self) -> str:
        failed = self._state.failed
        return say(f"失败 {failed}", f"{failed} failed") if failed else ""

    def _line(self) -> None:
        state = self._state
        if time.monotonic() - self._last < _PAUSE and state.open:
            return
        self._last = time.monotonic()
        left = clock(state.left or 0)
        self._write(
            say(
                f"完成 {state.done}，失败 {state.failed}，进行中 {state.running}，共 {state.total}；"
                f"每秒 {state.rate:.1f} 份，约剩 {left}",
                f"{state.done} done, {state.failed} failed, {state.running} running of "
                f"{state.total}; {state.rate:.1f} a second, about {left} left",
            )
        )

    def _write_json(self, event: str, record: AreaRecord | None) -> None:
        state = self._state
        told = {
            "event": event,
            "total": state.total,
            "skipped": state.skipped,
            "done": state.done,
            "failed": state.failed,
            "running": state.running,
            "rate": round(state.rate, 3),
            "seconds_left": None if state.left is None else round(state.left, 1),
        }
        if record:
            told |= {"code": record.code, "name": record.name, "status": record.status}
            told |= {"seconds": record.seconds, "error": record.error}
        self._write(json.dumps(told, ensure_ascii=False))

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds.

    >>> clock(75), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
