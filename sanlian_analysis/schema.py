"""The variables of a ledger (台账): sheets, columns, types, units and ranges, as data."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources

from sanlian_analysis.language import say

COMMUNITIES, STREETS, COUNTIES, SCORES = "社区", "街道", "区县", "评分"

#: Sheets that hold no table: what a workbook is, and what `sanlian check` found in it.
EXPLANATION_SHEET, FINDINGS_SHEET = "说明", "检查结果"

#: A workbook made by `sanlian simulate` says so in its sheet of explanations.
SIMULATED_MARK = "模拟数据"

#: Ends the name of the column that marks the units for which a variable is 不适用.
NOT_APPLICABLE = ".not_applicable"

#: The column that identifies a row of each sheet, besides the date.
KEYS = {
    COMMUNITIES: "code",
    STREETS: "street_code",
    COUNTIES: "county_code",
    SCORES: "code",
}

#: Columns that say which unit a row is about; all others are measured.
IDENTITY = frozenset(
    {"code", "name", "street_code", "street", "county_code", "county", "settlement", "date"}
)

#: The sheets that describe each kind of unit; an area is described by its counties.
UNIT_SHEETS = {
    "community": (COMMUNITIES, SCORES),
    "street": (STREETS,),
    "county": (COUNTIES,),
    "area": (COUNTIES,),
}

SETTLEMENTS = {"城市社区": "urban", "农村社区": "rural", "其他": "other"}


@dataclass(frozen=True)
class Variable:
    """One column of one sheet of the ledger.

    `at_most` names the variable of the same sheet that this one is a part of.
    `minimum` and `maximum` are inclusive; None where there is no limit.
    `header` is its name in Chinese, `name` in English; `aliases`: other headers under
    which people fill it in.
    """

    sheet: str
    id: str
    header: str
    name: str
    type: str
    unit: str
    minimum: int | None
    maximum: int | None
    at_most: str | None
    aliases: tuple[str, ...]

    @property
    def label(self) -> str:
        """The column's name for people, in the language in force."""
        return say(self.header, self.name)


@cache
def variables() -> tuple[Variable, ...]:
    """Every variable of every sheet, in the order of the published list."""
    text = resources.files(__package__).joinpath("ledger_variables.csv").read_text("utf-8")

    def limit(field: str) -> int | None:
        return int(field) if field else None

    return tuple(
        Variable(
            sheet=row["sheet"],
            id=row["id"],
            header=row["header_zh"],
            name=row["name_en"],
            type=row["type"],
            unit=row["unit"],
            minimum=limit(row["min"]),
            maximum=limit(row["max"]),
            at_most=row["at_most"] or None,
            aliases=tuple(filter(None, row["aliases"].split(";"))),
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def unit_words() -> dict[str, dict[str, Fraction]]:
    """How people write each unit, and by what to multiply: 元/年 → 万元 → 10 000."""
    text = resources.files(__package__).joinpath("unit_words.csv").read_text("utf-8")
    words: dict[str, dict[str, Fraction]] = {}
    for row in csv.DictReader(text.splitlines()):
        words.setdefault(row["unit"], {})[row["word"]] = Fraction(row["factor"])
    return words


@cache
def sheet(name: str) -> dict[str, Variable]:
    """The variables of one sheet by id; empty for a sheet that the ledger does not know."""
    return {variable.id: variable for variable in variables() if variable.sheet == name}


@cache
def measured(name: str) -> dict[str, Variable]:
    """The variables of one sheet that hold figures, without codes, names and dates."""
    return {id_: variable for id_, variable in sheet(name).items() if id_ not in IDENTITY}


def of_unit(unit: str) -> dict[str, Variable]:
    """The measured variables of one kind of unit: community, street, county or area."""
    return {id_: variable for name in UNIT_SHEETS[unit] for id_, variable in measured(name).items()}
