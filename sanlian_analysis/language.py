"""The language of everything a person reads: Chinese, unless English is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from typing import Literal

from sanlian_analysis.errors import SanlianError

Language = Literal["zh", "en"]

_chosen: ContextVar[Language | None] = ContextVar("sanlian_language", default=None)
_VARIABLE = "SANLIAN_LANG"


def current() -> Language:
    """The language in force: of `using`, else `use_language` or `SANLIAN_LANG`, else Chinese."""
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    return "en" if os.environ.get(_VARIABLE, "").lower().startswith("en") else "zh"


def use_language(language: str) -> None:
    """Say everything from now on in `zh` (Chinese) or `en` (English), in this process.

    For notebooks, where every cell may run in a context of its own.
    """
    if language not in ("zh", "en"):
        raise SanlianError(f"lang = {language!r}: 'zh' (中文) / 'en' (English)")
    os.environ[_VARIABLE] = language


def say(zh: str, en: str) -> str:
    """The text in the language in force.

    >>> with using("en"):
    ...     say("县", "county")
    'county'
    """
    return zh if current() == "zh" else en


@contextmanager
def using(language: Language) -> Iterator[None]:
    """Everything said inside the block is said in `language`."""
    token = _chosen.set(language)
    try:
        yield
    finally:
        _chosen.reset(token)


def listed(items: Iterable[str]) -> str:
    """Several things one after another, in the manner of the language in force.

    >>> listed(["社区", "社会组织"])
    '社区、社会组织'
    """
    return say("、", ", ").join(items)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A question to end a message with, when a known word is near what was written; else "".

    >>> did_you_mean("linkagge", ["linkage", "venue"])
    "；是否想写 'linkage'？"
    """
    near = get_close_matches(written, [*known], n=1)
    return say(f"；是否想写 {near[0]!r}？", f"; did you mean {near[0]!r}?") if near else ""


#: Quotation marks inside a quotation.
_INNER = str.maketrans("“”", "‘’")


def quoted(sentence: str) -> str:
    """A sentence between quotation marks; those that it has become single ones.

    >>> quoted("深化“三社联动”")
    '“深化‘三社联动’”'
    """
    return f"“{sentence.translate(_INNER)}”"
