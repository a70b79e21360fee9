"""The planner: what would it take, how far would a budget get, what would a rule change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import ipywidgets

from sanlian_analysis import plan_tables
from sanlian_analysis.charts import Chart, effort_curve
from sanlian_analysis.charts.words import variable_label
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.panels.choices import Choices, choices_of, first_target, place_of
from sanlian_analysis.panels.panel import Panel, dropdown, picture_of, row, shown
from sanlian_analysis.panels.picker import AreaPicker
from sanlian_analysis.planning import ChangeRule, LeastEffort, least_effort, pace, what_if
from sanlian_analysis.policy import Policy, names_of
from sanlian_analysis.schema import COMMUNITIES, measured

_SLIDER = ipywidgets.Layout(width="460px")


def explore_plan(
    ledger: Ledger,
    policy: Policy | str | None = None,
    area: str = "",
    date: dt.date | str | None = None,
    target: str = "",
    *,
    assumptions: Iterable[str] = (),
) -> Planner:
    """Try plans for an area: least effort, a budget, a rule for many units.

    Arguments and errors as for `sl.explore`.
    """
    return Planner(choices_of(ledger, policy, assumptions), area, date, target)


class Planner(Panel):
    """An area and a target; a budget that moves; a rule to suppose."""

    def __init__(
        self,
        choices: Choices,
        area: str = "",
        date: dt.date | str | None = None,
        target: str = "",
    ) -> None:
        """Start at an area, snapshot and target."""
        super().__init__()
        self.choices = choices
        place = place_of(choices, area, date)
        policy = choices.policy.id
        self.date = place.date
        picker = AreaPicker(self, choices, place, self._show)
        self.city, self.area = picker.city, picker.area
        self.target = dropdown(
            say("目标", "Target"), choices.targets(policy), first_target(choices, policy, target)
        )
        self.budget = ipywidgets.IntSlider(
            description=say("可增补", "Budget"), layout=_SLIDER, continuous_update=False
        )
        self.variable = dropdown(say("变量", "Variable"), [("–", "")], "")
        self.change = ipywidgets.Text(
            description=say("改为", "Change"), value="+1", layout=ipywidgets.Layout(width="200px")
        )
        self.who = ipywidgets.Text(
            description=say("条件", "Who"), layout=ipywidgets.Layout(width="330px")
        )
        self.suppose = ipywidgets.Button(description=say("设想一下", "What if"))
        self.picture, self.pace, self.units, self.supposed = (shown() for _ in range(4))
        self.plan: LeastEffort | None = None
        self.listen(self.target, self._target_chosen)
        self.listen(self.budget, self._show_plan)
        self.suppose.on_click(lambda _: self._suppose())
        with self.told():
            self._target_chosen()

    @property
    def policy(self) -> Policy:
        """The document that is planned for."""
        return self.choices.policy

    @property
    def box(self) -> ipywidgets.Widget:
        """Controls on top; a rule to suppose below."""
        title = ipywidgets.HTML(f"<h3>{say('如果……会怎样', 'What if …')}</h3>")
        return ipywidgets.VBox(
            [
                row(self.city, self.area, self.target, self.budget),
                self.style,
                self.message,
                self.picture,
                self.pace,
                self.units,
                title,
                row(self.variable, self.change, self.who, self.suppose),
                self.supposed,
            ]
        )

    @property
    def charts(self) -> list[Chart]:
        """The curve of effort."""
        return [self._chart] if self.plan else []

    @property
    def document(self) -> str:
        """The plan from top to bottom."""
        parts = (self.message, self.picture, self.pace, self.units, self.supposed)
        return "".join(part.value for part in parts)

    @property
    def text(self) -> str:
        """What the plan is, in words."""
        return (
            self._chart.alt if self.plan else say("没有可算的方案", "there is no plan to work out")
        )

    @property
    def _chart(self) -> Chart:
        assert self.plan
        return effort_curve(self.plan, self.policy, simulated=self.choices.ledger.simulated)

    def _target_chosen(self) -> None:
        target = self.policy.target(self.target.value)
        known = measured(COMMUNITIES)
        names = [name for name in names_of(target.readings[0].formula) if name in known]
        with self.setting():
            self.variable.options = [(variable_label(name), name) for name in names] or [("–", "")]
            self.variable.value = self.variable.options[0][1]
        self._show()

    def _show(self) -> None:
        ledger, policy = self.choices.ledger, self.policy
        self.supposed.value = self.units.value = self.picture.value = ""
        table = pace(
            ledger, policy, self.target.value, self.date, assumptions=self.choices.assumptions
        )
        here = table[table["area_code"] == self.area.value]
        self.pace.value = plan_tables.paces(here, policy)._repr_html_() if len(here) else ""
        self.plan = None
        whole = self._effort(None)
        enough = whole.effort if whole.effort is not None else int(whole.curve["cumulative"].max())
        with self.setting():
            self.budget.max = max(1, int(whole.curve["cumulative"].max()))
            self.budget.value = min(self.budget.max, enough)
        self._show_plan()

    def _show_plan(self) -> None:
        self.plan = self._effort(self.budget.value)
        self.picture.value = picture_of(self._chart)
        simulated = self.choices.ledger.simulated
        made = plan_tables.additions(self.plan, self.policy, simulated=simulated)
        self.units.value = replace(made, folded=True)._repr_html_()

    def _effort(self, budget: int | None) -> LeastEffort:
        return least_effort(
            self.choices.ledger,
            self.policy,
            self.target.value,
            self.area.value,
            self.date,
            budget=budget,
            assumptions=self.choices.assumptions,
        )

    def _suppose(self) -> None:
        """Change what the rule says, in the area in view, and show what differs."""
        with self.told():
            if not self.variable.value:
                raise SanlianError(
                    say("这一目标没有可改的社区变量", "this target has no variable to change")
                )
            reading = self.policy.target(self.target.value).readings[0]
            kinds = sorted(reading.settlement)
            rule = ChangeRule(
                self.variable.value,
                self.change.value,
                self.who.value.strip(),
                kinds[0] if len(kinds) == 1 else None,
                self.area.value,
            )
            found = what_if(
                self.choices.ledger,
                rule,
                self.policy,
                self.date,
                assumptions=self.choices.assumptions,
            )
            made = plan_tables.before_and_after(found, self.policy, self.area.value[:4])
            self.supposed.value = made._repr_html_()
