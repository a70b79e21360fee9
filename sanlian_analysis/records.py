"""Rows of a table, one by one, for sentences and labels; never for figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> Iterator[Any]:
    """Each row as a tuple whose attributes are the table's columns.

    >>> [row.name for row in records(pd.DataFrame({"name": ["盐湖区", "永济市"]}))]
    ['盐湖区', '永济市']
    """
    return iter(table.itertuples(index=False))


def column_names(table: pd.DataFrame) -> list[str]:
    """The names of the columns, which are always text here."""
    return [str(column) for column in table.columns]
