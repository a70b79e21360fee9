"""Statistical division codes: each code is the head of the codes below it."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

#: The levels at which every figure is computed, lowest first, with the digits of their codes.
LEVELS = {"street": 9, "county": 6, "city": 4, "province": 2}

#: Digits of a community's (residents' or villagers' committee's) code.
COMMUNITY_DIGITS = 12


def code_numbers(codes: pd.Series) -> npt.NDArray[np.int64]:
    """Codes as whole numbers: in the same order, and far quicker to compare than text."""
    return np.asarray(pa.array(codes).cast(pa.int64()).to_numpy(zero_copy_only=False))


def level_of(code: str) -> str | None:
    """The level that a code belongs to by its length; None when it is no area code.

    >>> level_of("210106"), level_of("2101"), level_of("210106001001")
    ('county', 'city', None)
    """
    if not re.fullmatch(r"[0-9]+", code):
        return None
    return next((level for level, digits in LEVELS.items() if digits == len(code)), None)


@cache
def published_names() -> dict[str, str]:
    """Names of all provinces and cities by code, for frames that do not carry them.

    Source: statistical division codes of the National Bureau of Statistics, 2023 edition.
    """
    text = resources.files(__package__).joinpath("area_names.csv").read_text(encoding="utf-8")
    return {row["code"]: row["name"] for row in csv.DictReader(text.splitlines())}
