"""What a process has read and worked out, kept for all that are forked from it.

Nothing is kept until `start` is called, which only the workers of a batch do:
all their notebooks read the same ledger and ask the same of it. Tables are
compared before an answer is given again, so that a notebook that changes its
ledger gets answers about what it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

import pandas as pd

Value = TypeVar("Value")


@dataclass
class _Known:
    """A value that was read, where from, and what was worked out from it."""

    origin: Hashable
    value: Any
    answers: dict[Hashable, Any] = field(default_factory=dict)


@dataclass
class _Memory:
    """All that this process keeps."""

    started: bool = False
    known: list[_Known] = field(default_factory=list)


_MEMORY = _Memory()


def start() -> None:
    """Keep what this process reads and works out from now on."""
    _MEMORY.started = True


def read_once(origin: Hashable, read: Callable[[], Value]) -> Value:
    """What `read` gives, a dataclass, or what it gave before for an equal `origin`."""
    if not _MEMORY.started:
        return read()
    for known in _MEMORY.known:
        if known.origin == origin:
            return _own(known.value)
    value = read()
    _MEMORY.known.append(_Known(origin, _own(value)))
    return value


def work_out_once(value: Any, question: Hashable, work: Callable[[], Value]) -> Value:
    """What `work` makes of `value`, or made before of an equal one for an equal `question`."""
    known = next((one for one in _MEMORY.known if _equal(one.value, value)), None)
    if known is None:
        return work()
    if question not in known.answers:
        known.answers[question] = _own(work())
    return _own(known.answers[question])


def _own(value: Any) -> Any:
    """The same again; its tables share their memory until one of them is changed."""
    if isinstance(value, pd.DataFrame):
        own = value.copy(deep=False)
        own.attrs = dict(value.attrs)
        return own
    if isinstance(value, Mapping):
        return {key: _own(part) for key, part in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    parts = {part.name: getattr(value, part.name) for part in fields(value)}
    changeable = {name for name in parts if isinstance(parts[name], pd.DataFrame | Mapping)}
    return replace(value, **{name: _own(parts[name]) for name in changeable})


def _equal(one: Any, other: Any) -> bool:
    """Whether all parts of two dataclasses are the same, or equal tables."""
    return type(one) is type(other) and all(
        _same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one)
    )


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, pd.DataFrame) and isinstance(other, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, Mapping):  # tables again, which `==` would compare cell by cell
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)
