"""What areas are called where many stand side by side: two of one name are told apart."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from sanlian_analysis.charts.words import bracketed
from sanlian_analysis.codes import LEVELS, published_names


def names_apart(rows: pd.DataFrame) -> dict[str, str]:
    """A name for every area of some results, all of one level, by code.

    Areas that share a name carry that of the city or province around them, or
    their own code where that does not help; an area without a name is called by
    its code.
    """
    known = rows.drop_duplicates("area_code")
    names = dict(zip(known["area_code"], known["area"].fillna(known["area_code"]), strict=True))
    labels = dict(names)
    for place in (_around, str):
        count = Counter(labels.values())
        labels = {
            code: label if count[label] == 1 else names[code] + bracketed(place(code))
            for code, label in labels.items()
        }
    return labels


def _around(code: str) -> str:
    """What the area around one is called; its code where no list has it."""
    head = next((code[:digits] for digits in LEVELS.values() if digits < len(code)), code)
    return published_names().get(head, head)
