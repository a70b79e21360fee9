"""One ledger under several documents: which asks more, where they part, how ranks hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import ipywidgets

from sanlian_analysis import compare_tables
from sanlian_analysis.charts import Chart, threshold_curve
from sanlian_analysis.compare import PolicyComparison, compare_policies
from sanlian_analysis.compare_tables import Documents
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.panels.choices import Choices, choices_of, place_of
from sanlian_analysis.panels.panel import Panel, dropdown, picture_of, row, shown
from sanlian_analysis.policy import Policy
from sanlian_analysis.table import Tables
from sanlian_analysis.units import units_at


def explore_policies(
    ledger: Ledger,
    policies: Iterable[str] = (),
    city: str = "",
    date: dt.date | str | None = None,
) -> PolicyPanel:
    """Hold a ledger against several documents at once.

    `policies`: ids that are chosen at first, all that the ledger answers when
    left out. `city`: a code of 4 digits, "" for all. `date`: the latest snapshot
    when left out.

    Raises SanlianError for a policy, city or date that does not exist.
    """
    return PolicyPanel(choices_of(ledger, None), tuple(policies), city, date)


class PolicyPanel(Panel):
    """Documents to tick, a city, a snapshot; tables and the bars of all documents."""

    def __init__(
        self,
        choices: Choices,
        policies: tuple[str, ...] = (),
        city: str = "",
        date: dt.date | str | None = None,
    ) -> None:
        """Start with these documents and this city."""
        super().__init__()
        self.choices = choices
        place = place_of(choices, city, date)
        everywhere = (say("全域", "All areas"), "")
        there = [id_ for _, id_ in choices.policies]
        self.policies = ipywidgets.SelectMultiple(
            description=say("文件", "Documents"),
            options=choices.policies,
            value=tuple(id_ for id_ in there if not policies or id_ in policies),
            rows=min(6, len(there)),
            layout=ipywidgets.Layout(width="330px"),
        )
        self.city = dropdown(say("市", "City"), [everywhere, *choices.cities], city)
        self.date = dropdown(say("时点", "Snapshot"), choices.dates, place.date.isoformat())
        self.picture, self.tables = shown(), shown()
        self.found: PolicyComparison | None = None
        for control in (self.policies, self.city, self.date):
            self.listen(control, self._show)
        with self.told():
            self._show()

    @property
    def box(self) -> ipywidgets.Widget:
        """Controls above the bars of all documents, and the tables."""
        controls = row(self.policies, self.city, self.date)
        return ipywidgets.VBox([controls, self.style, self.message, self.picture, self.tables])

    @property
    def documents(self) -> list[Policy]:
        """The documents that are ticked."""
        return [self.choices.documents[id_] for id_ in self.policies.value]

    @property
    def charts(self) -> list[Chart]:
        """The share at every number of organisations, with the bars of the documents."""
        return [self._chart] if self.found else []

    @property
    def document(self) -> str:
        """Picture and tables."""
        return self.message.value + self.picture.value + self.tables.value

    @property
    def text(self) -> str:
        """The tables in plain text."""
        return repr(self._tables) if self.found else self.message.value

    @property
    def _chart(self) -> Chart:
        day = dt.date.fromisoformat(self.date.value)
        return threshold_curve(
            units_at(self.choices.ledger, day, self.city.value),
            date=day,
            area=self.choices.called(self.city.value),
            policies=self.documents,
            simulated=self.choices.ledger.simulated,
        )

    @property
    def _tables(self) -> Tables:
        assert self.found
        documents = Documents(*self.choices.documents.values())
        makers = (
            compare_tables.demands,
            compare_tables.disagreements,
            compare_tables.stability,
            compare_tables.movers,
        )
        return Tables(tuple(make(self.found, documents) for make in makers))

    def _show(self) -> None:
        self.found = None
        self.picture.value = self.tables.value = ""
        if len(self.policies.value) < 2:
            raise SanlianError(
                say(
                    "请至少选两份文件（按住 Ctrl 多选）",
                    "choose two documents at least (with Ctrl)",
                )
            )
        self.found = compare_policies(
            self.choices.ledger, self.documents, self.date.value, area=self.city.value
        )
        self.picture.value = picture_of(self._chart)
        self.tables.value = self._tables._repr_html_()
