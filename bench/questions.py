"""What the peers are asked, read from the policy's TOML alone, without the package.

The peers share this list and nothing else; each answers it in its own language.
Conditions are as the policy states them: they are SQL and pandas expressions too.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

POLICIES = Path(__file__).parents[1] / "sanlian_analysis" / "policies"
SETTLED = ("urban", "rural")
LEVELS = {"street": 9, "county": 6, "city": 4, "province": 2}
#: Highest points of the annexed table; a blank item lies between 0 and these.
POINTS = dict(zip(range(1, 15), (5, 5, 8, 5, 10, 5, 5, 10, 8, 5, 8, 8, 8, 10), strict=True))

#: A column with this ending marks 不适用; in the synthetic ledger, for this share of units.
MARK = ".not_applicable"
NOT_APPLICABLE = {"venue_area": 0.01, "purchase": 0.02}

#: Columns that hold no figure.
IDENTITY = [
    *("code", "name", "street_code", "street", "county_code", "county", "settlement", "date"),
]

#: What every contestant returns, one row per question, area and snapshot.
KEYS = ["target", "reading", "level", "area_code", "date"]
FIGURES = [
    *("numerator", "denominator", "unknown", "value", "lower", "upper", "verdict", "shortfall"),
]


@dataclass(frozen=True)
class Question:
    """One reading of one target at one snapshot; `standards` are further demands on a unit."""

    target: str
    reading: str
    unit: str
    measure: str
    settlement: tuple[str, ...]
    where: str
    condition: str
    value: str
    part: str
    whole: str
    at_least: int | None
    below: int | None
    threshold: Fraction | None
    standards: tuple[Question, ...]

    @property
    def marked(self) -> list[str]:
        """Its variables that are 不适用 for some unit: such a unit is out of scope."""
        names = variables(f"{self.condition} {self.value} {self.where}")
        return [name for name in names if name in NOT_APPLICABLE]


def variables(expression: str) -> list[str]:
    """The variables of an expression, each once."""
    words = re.findall(r"[a-z]\w*", expression)
    return [word for word in dict.fromkeys(words) if word not in ("and", "total")]


def measured(columns: Iterable[str]) -> list[str]:
    """The columns of a table that hold figures."""
    return [name for name in columns if name not in IDENTITY]


def questions(policy: str, date: dt.date) -> list[Question]:
    """Every reading of every target that has rows at a date."""
    text = (POLICIES / f"{policy}.toml").read_text(encoding="utf-8")
    targets = {target["id"]: target for target in tomllib.loads(text)["target"]}
    found = []
    for target in targets.values():
        for reading in [{"id": "primary"}, *target.get("reading", [])]:
            due = _milestone(target, date).get("due")
            if "from" not in reading or due is None or due >= reading["from"]:
                found.append(_question(target, reading, targets, date))
    return found


def _milestone(target: dict[str, Any], date: dt.date) -> dict[str, Any]:
    milestones = target.get("milestones", [{}])
    return next((one for one in milestones if date <= one.get("due", date)), milestones[-1])


def _question(
    target: dict[str, Any], reading: dict[str, Any], targets: dict[str, Any], date: dt.date
) -> Question:
    told = target | reading
    milestone = _milestone(target, date)
    held = [
        _question(targets[id_], {"id": "primary"}, targets, date)
        for id_ in told.get("standards", [])
        if milestone["due"] in [one["due"] for one in targets[id_]["milestones"]]
    ]
    return Question(
        target=target["id"],
        reading=reading["id"],
        unit=target["unit"],
        measure=told["measure"],
        settlement=tuple(told.get("settlement", SETTLED)),
        **{key: told.get(key, "") for key in ("where", "condition", "value", "part", "whole")},
        at_least=told.get("at_least"),
        below=told.get("below"),
        threshold=_exact(milestone.get("threshold")),
        standards=tuple(held),
    )


def _exact(written: str | int | None) -> Fraction | None:
    if isinstance(written, str):
        return Fraction(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
    return None if written is None else Fraction(written)
