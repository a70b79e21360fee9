"""Every chart by its name: what `sanlian chart` and the gallery draw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sanlian_analysis import charts, tables
from sanlian_analysis.briefing import Evaluated
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.profile import graded_targets
from sanlian_analysis.codes import level_of
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import listed, say
from sanlian_analysis.planning import bars_of, least_effort
from sanlian_analysis.policy import Policy, Ratio
from sanlian_analysis.policy_files import POLICY_IDS, load_policy
from sanlian_analysis.units import completeness, reporting, units_at


@dataclass(frozen=True)
class Wanted:
    """What a chart is to show.

    `area`: a code, "" for all that the ledger covers; `target`: an id, "" for
    the first that fits; `level`: of the areas that are compared, "" for the one
    below `area`.
    """

    found: Evaluated
    area: str
    date: dt.date
    target: str = ""
    level: str = ""

    @property
    def policy(self) -> Policy:
        """The policy that is evaluated."""
        return self.found.policy

    def chosen(self, there: Sequence[str]) -> str:
        """The target that was asked for, else the first of these.

        Raises SanlianError when the policy has none that fits.
        """
        target = self.target or next(iter(there), "")
        known = [one.id for one in self.policy.targets]
        if target not in known:
            there = listed(known)
            raise SanlianError(
                say(
                    f"{self.policy.id} 没有目标 {target!r} 可画；有：{there}",
                    f"{self.policy.id} has no target {target!r} to draw; it has {there}",
                )
            )
        return target

    @property
    def main(self) -> str:
        """The target that was asked for, else the first main one of the policy."""
        level = level_of(self.area)
        return self.chosen(tables.key_targets(self.policy, level=level))

    @property
    def compared(self) -> str:
        """The level of the areas that are compared."""
        return self.level or ("street" if level_of(self.area) == "county" else "county")


def _units_about(wanted: Wanted) -> tuple[pd.DataFrame, dict[str, Any]]:
    ledger = wanted.found.ledger
    area = wanted.area or tables.enclosing_area(wanted.found.results)
    name = tables.area_name(wanted.found.results, area)
    about: dict[str, Any] = {"date": wanted.date, "area": name, "simulated": ledger.simulated}
    return units_at(ledger, wanted.date, wanted.area), about


def _of_results(
    draw: Callable[..., Chart], wanted: Wanted, *target: str, **at: object
) -> list[Chart]:
    """A chart of the results inside the area; `at`: the level and the date that it asks for."""
    results, simulated = wanted.found.results, wanted.found.ledger.simulated
    within = wanted.area or None
    return [draw(results, wanted.policy, *target, **at, within=within, simulated=simulated)]


def _milestones(wanted: Wanted) -> list[Chart]:
    area = wanted.area or tables.enclosing_area(wanted.found.results)
    simulated = wanted.found.ledger.simulated
    return [
        charts.milestone_steps(
            *(wanted.found.results, wanted.policy, wanted.main, area),
            date=wanted.date,
            simulated=simulated,
        )
    ]


def _compared(draw: Callable[..., Chart]) -> Callable[[Wanted], list[Chart]]:
    """A chart of one target over all areas of a level."""
    return lambda wanted: _of_results(
        draw, wanted, wanted.main, level=wanted.compared, date=wanted.date
    )


def _matrix(wanted: Wanted) -> list[Chart]:
    return _of_results(charts.verdict_matrix, wanted, level=wanted.compared, date=wanted.date)


def _change(wanted: Wanted) -> list[Chart]:
    dates = [day for day in wanted.found.ledger.dates if day <= wanted.date][-2:]
    return _of_results(charts.change, wanted, wanted.main, level=wanted.compared, dates=dates)


def _tiles(wanted: Wanted) -> list[Chart]:
    return _of_results(charts.tile_map, wanted, wanted.main, date=wanted.date)


def _ratios(wanted: Wanted) -> list[Chart]:
    ratios = [
        target.id
        for target in wanted.policy.targets
        if isinstance(target.readings[0].formula, Ratio)
    ]
    target = wanted.chosen(ratios)
    return _of_results(charts.ratio_bars, wanted, target, level=wanted.compared, date=wanted.date)


def _of_units(draw: Callable[..., list[Chart]]) -> Callable[[Wanted], list[Chart]]:
    """A chart of single units under the standards of the policy."""

    def drawn(wanted: Wanted) -> list[Chart]:
        units, about = _units_about(wanted)
        return draw(units, policy=wanted.policy, **about)

    return drawn


def _thresholds(wanted: Wanted) -> list[Chart]:
    units, about = _units_about(wanted)
    every = [load_policy(id_) for id_ in POLICY_IDS]
    if wanted.policy.id not in POLICY_IDS:
        every.append(wanted.policy)
    return [charts.threshold_curve(units, policies=every, **about)]


def _bars(wanted: Wanted) -> list[Chart]:
    found = wanted.found
    area = wanted.area or tables.enclosing_area(found.results)
    asked = (found.ledger, wanted.policy, wanted.main, wanted.date)
    bars = bars_of(*asked, assumptions=found.assumptions)
    return [charts.bar_curve(bars, area, simulated=found.ledger.simulated).chart]


def _effort(wanted: Wanted) -> list[Chart]:
    found = wanted.found
    area = wanted.area or tables.enclosing_area(found.results)
    asked = (found.ledger, wanted.policy, wanted.main, area, wanted.date)
    plan = least_effort(*asked, assumptions=found.assumptions)
    return [charts.effort_curve(plan, wanted.policy, simulated=found.ledger.simulated)]


def _scores(wanted: Wanted) -> list[Chart]:
    if not graded_targets(wanted.policy):
        return []
    units, about = _units_about(wanted)
    return [charts.score_profile(units, policy=wanted.policy, **about)]


def _completeness(wanted: Wanted) -> list[Chart]:
    _, about = _units_about(wanted)
    reported = completeness(wanted.found.ledger, wanted.policy, wanted.date, wanted.area)
    return [charts.completeness(reported, policy=wanted.policy, **about)]


def _reporting(wanted: Wanted) -> list[Chart]:
    _, about = _units_about(wanted)
    ledger, level = wanted.found.ledger, wanted.compared
    reported = reporting(ledger, wanted.policy, wanted.date, wanted.area, level=level)
    about |= {"policy": wanted.policy, "level": level, "framed": ledger.frame is not None}
    return [charts.reporting(reported, **about)]


#: Name → (what it shows in Chinese, in English, how it is drawn).
NAMED: dict[str, tuple[str, str, Callable[[Wanted], list[Chart]]]] = {
    "milestones": ("分阶段进展", "progress over the phases", _milestones),
    "ranking": ("各地区排名", "areas ranked", _compared(charts.ranked_areas)),
    "matrix": ("判定矩阵", "verdict matrix", _matrix),
    "shortfall": ("缺口", "shortfall", _compared(charts.shortfall_bars)),
    "change": ("两个时点之间的变化", "change between two snapshots", _change),
    "tiles": ("方格地图", "tile map", _tiles),
    "thresholds": ("标准高低与达标率", "how sensitive the share is to the bar", _thresholds),
    "organisations": ("社会组织分布", "organisations", _of_units(charts.organisations)),
    "inequality": ("社会组织差距", "how unequal", _of_units(charts.inequality)),
    "staff": ("人员配备", "staff against households", _of_units(charts.staff_bands)),
    "ratios": ("比例", "ratios", _ratios),
    "bars": ("换个标准会怎样", "the share at every supposed bar", _bars),
    "effort": ("最少补多少", "coverage against additions", _effort),
    "scores": ("十四项得分", "score profile", _scores),
    "completeness": ("数据完整性", "completeness", _completeness),
    "reporting": ("填报情况", "who reported", _reporting),
}


def check_name(name: str) -> None:
    """Refuse a name that stands for no chart."""
    if name not in NAMED:
        known = listed(NAMED)
        raise SanlianError(
            say(f"没有图 {name!r}；有：{known}", f"there is no chart {name!r}; there are {known}")
        )


def draw(name: str, wanted: Wanted) -> list[Chart]:
    """The charts of a known name; several where the policy sets several standards.

    Raises SanlianError when the policy has nothing of the kind.
    """
    drawn = NAMED[name][2](wanted)
    if not drawn:
        raise SanlianError(
            say(
                f"{wanted.policy.id} 对“{NAMED[name][0]}”没有要求，无图可画",
                f"{wanted.policy.id} sets nothing for {NAMED[name][1]!r}: there is no chart",
            )
        )
    return drawn
