"""On which line of a TOML text each thing in it stands, which tomllib does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

#: Where something stands in a file: keys, and positions in lists. ``("target", 2, "unit")``
#: is the key `unit` of the third [[target]]; () is the file itself.
Place = tuple[str | int, ...]


def lines_of(text: str) -> dict[Place, int]:
    r"""The line of every table, key and list entry of a TOML text that is known to be valid.

    >>> found = lines_of("id = 'a'\n[[target]]\n\n[[target]]\nunit = 'street'")
    >>> found["target", 1], found["target", 1, "unit"]
    (4, 5)
    """
    found: dict[Place, int] = {(): 1}
    table: Place = ()
    for first, statement, content in _statements(text):
        if statement.lstrip().startswith("["):
            table = _opened(content, found)
            for depth in range(len(table)):
                found.setdefault(table[: depth + 1], first)
            continue
        entries = _entry_lines(statement, first)
        for place in _places(content):
            entry = place[1] if len(place) > 1 else None
            found.setdefault((*table, *place), entries.get(entry, first))
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Every header and every `key = value`, with its first line and what it holds by itself.

    Each statement is a TOML document of its own, so lines are gathered until
    they parse: no second grammar that could differ.
    """
    first, held = 1, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        held += line + "\n"
        with suppress(tomllib.TOMLDecodeError):
            yield first, held, tomllib.loads(held)
            first, held = number + 1, ""


def _opened(header: Any, found: Mapping[Place, int]) -> Place:
    """The table that a header opens; inside a list of tables it is in the last one so far.

    `header`: what tomllib makes of the header alone: dicts of one key each,
    around an empty table or a list with one.
    """
    place: Place = ()
    while header:
        if isinstance(header, list):
            return (*place, _length(place, found))
        if length := _length(place, found):
            place = (*place, length - 1)
        ((key, header),) = header.items()
        place = (*place, key)
    return place


def _length(place: Place, found: Mapping[Place, int]) -> int:
    """How many entries of the list at a place have been found."""
    return next(n for n in count() if (*place, n) not in found)


def _entry_lines(statement: str, first: int) -> dict[str | int | None, int]:
    """For a list over several lines: the line on which each of its entries ends.

    A list cut off behind an entry, and closed with a bracket, is TOML again:
    it has that entry, and is one longer than before.
    """
    lines: dict[str | int | None, int] = {}
    held = ""
    for number, line in enumerate(statement.rstrip().split("\n"), first):
        held += line + "\n"
        for end in ("]", ""):
            with suppress(tomllib.TOMLDecodeError):
                for value in tomllib.loads(held + end).values():
                    entries = len(value) if isinstance(value, list) else 0
                    lines |= dict.fromkeys(range(len(lines), entries), number)
    return lines


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of everything inside a value."""
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, part in inside:
        yield (*place, key)
        yield from _places(part, (*place, key))
