"""What is seen of one area, snapshot and target: the same figures, charts and tables as in reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from sanlian_analysis import named_charts, tables
from sanlian_analysis.briefing import Evaluated
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.subject import Subject
from sanlian_analysis.charts.words import variable_label
from sanlian_analysis.codes import level_of
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import quoted, say
from sanlian_analysis.named_charts import NAMED, Wanted
from sanlian_analysis.panels.choices import Options
from sanlian_analysis.records import records
from sanlian_analysis.schema import SETTLEMENTS
from sanlian_analysis.table import Statement, Tables
from sanlian_analysis.units import units_judged

#: Charts of single areas and of areas compared; in the order in which they are offered.
_OFFERED = ("milestones", "ranking", "shortfall", "change", "tiles", "thresholds")

_STATUS = {
    "passes": ("符合", "passes"),
    "fails": ("不符合", "fails"),
    "unknown": ("未知", "unknown"),
    "known": ("已报", "reported"),
}


def chart_options() -> Options:
    """The charts to choose from, as they are called."""
    return [(say(NAMED[name][0], NAMED[name][1]), name) for name in _OFFERED]


@dataclass(frozen=True)
class View:
    """One area at one snapshot, and one target of a policy."""

    found: Evaluated
    area: str
    date: dt.date
    target: str
    chart_name: str = "milestones"

    @property
    def _mark(self) -> dict[str, Any]:
        return {"simulated": self.found.ledger.simulated}

    @property
    def heading(self) -> Statement:
        """What can be said of the area at once."""
        return tables.headline(
            self.found.results, self.found.policy, self.area, self.date, **self._mark
        )

    @property
    def row(self) -> Any:
        """The primary result of the target.

        Raises SanlianError where there is none at this level.
        """
        rows = tables.area_rows(self.found.results, self.area, self.date)
        rows = rows[(rows["target"] == self.target) & (rows["reading"] == "primary")]
        if rows.empty:
            raise SanlianError(
                say(
                    f"{self.area} 在 {self.date} 没有目标 {self.target} 的结果",
                    f"there is no result of {self.target} for {self.area} at {self.date}",
                )
            )
        return next(iter(records(rows)))

    @property
    def subject(self) -> Subject:
        """The target in words."""
        return Subject.of(self.found.policy, self.target, "primary")

    @property
    def sentence(self) -> Statement:
        """The target's finding, and the sentence of the document behind it."""
        target = self.found.policy.target(self.target)
        asked = target.milestone(self.date) or target
        found = self.subject.finding(self.row)
        clause = f"{tables.document(self.found.policy)} {asked.clause}{say('：', ': ')}"
        return Statement(
            f"{target.label}{say('：', ': ')}{found}",
            (clause + quoted(asked.sentence),),
            self.found.ledger.simulated,
        )

    @property
    def indicators(self) -> Tables:
        """All targets of the area."""
        return tables.targets(
            self.found.results, self.found.policy, self.area, self.date, **self._mark
        )

    @cached_property
    def chart(self) -> Chart:
        """The chart that was chosen.

        Raises SanlianError where there is nothing of the kind to draw.
        """
        compared = "" if level_of(self.area) == "county" else "county"
        within = self.area[:2] if self.chart_name == "tiles" else self.area
        wanted = Wanted(self.found, within, self.date, self.target, compared)
        return named_charts.draw(self.chart_name, wanted)[0]

    @property
    def units(self) -> pd.DataFrame:
        """Every unit in scope with its status and the variables asked about, headed for people.

        What is unknown is an empty cell.
        """
        found = units_judged(
            self.found.ledger, self.found.policy, self.target, self.date, self.area
        )
        kinds = {code: say(name, code) for name, code in SETTLEMENTS.items()}
        found["status"] = found["status"].map({id_: say(*text) for id_, text in _STATUS.items()})
        if "settlement" in found:
            found["settlement"] = found["settlement"].map(kinds)
        heads = {
            "code": say("代码", "Code"),
            "name": say("名称", "Name"),
            "street": say("街道（乡镇）", "Street or township"),
            "settlement": say("类型", "Type"),
            "status": say("情况", "Status"),
        }
        return pd.DataFrame(
            {
                heads.get(column) or variable_label(column): found[column].map(_cell)
                for column in map(str, found.columns)
            }
        )


def _cell(value: Any) -> Any:
    """A cell as it is read: 是 and 否 for answers, nothing for what is unknown."""
    if pd.isna(value):
        return ""
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    return value
