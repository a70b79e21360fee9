"""A ledger under a policy, evaluated once for all briefings of its areas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sanlian_analysis.breakdown import components
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.policy import Policy


@dataclass(frozen=True)
class Evaluated:
    """A ledger under one policy: what every briefing of it is made from."""

    ledger: Ledger
    policy: Policy
    assumptions: tuple[str, ...] = ()

    @cached_property
    def results(self) -> pd.DataFrame:
        """The results table of all snapshots."""
        return evaluate(self.ledger, self.policy, assumptions=self.assumptions)

    def details(self, date: dt.date) -> pd.DataFrame:
        """What went into every figure at a date."""
        if date not in self._details:
            self._details[date] = components(self.ledger, self.policy, date, self.assumptions)
        return self._details[date]

    @cached_property
    def _details(self) -> dict[dt.date, pd.DataFrame]:
        return {}
