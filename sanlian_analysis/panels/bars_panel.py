"""The part of a panel in which the bar and the threshold of a target are moved."""

from __future__ import annotations

from fractions import Fraction
from html import escape
from typing import Any

import ipywidgets
import pandas as pd

from sanlian_analysis.charts import Chart, style
from sanlian_analysis.codes import level_of
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import listed, say
from sanlian_analysis.panels.moving import MovingBars
from sanlian_analysis.panels.panel import picture, row, shown
from sanlian_analysis.panels.view import View
from sanlian_analysis.planning import Bars, bars_of
from sanlian_analysis.records import records
from sanlian_analysis.tables import verdict_text

_SLIDER = ipywidgets.Layout(width="460px")
_LABEL = {"description_width": "90px"}

#: The sliders' steps of a threshold, in percent.
_STEP = 1


class BarsPanel:
    """Two sliders, the figures there, and the chart; hidden where a target has no bar."""

    def __init__(self) -> None:
        """Nothing to move yet."""
        self.bar = ipywidgets.IntSlider(
            description=say("标准", "Bar"), layout=_SLIDER, style=_LABEL, continuous_update=True
        )
        self.threshold = ipywidgets.IntSlider(
            description=say("目标占比 %", "Threshold %"),
            min=0, max=100, step=_STEP, layout=_SLIDER, style=_LABEL,
        )  # fmt: skip
        self.reset = ipywidgets.Button(
            description=say("恢复文件的规定", "Back to the document"),
            layout=ipywidgets.Layout(width="auto"),
        )
        self.found, self.picture = shown(), shown()
        title = ipywidgets.HTML(f"<h3>{say('换个标准会怎样', 'What if the bar were another')}</h3>")
        self.box = ipywidgets.VBox(
            [title, row(self.bar, self.threshold, self.reset), self.found, self.picture]
        )
        self._bars: Bars | None = None
        self._moving: MovingBars | None = None
        self._area, self._quiet = "", False
        for slider in (self.bar, self.threshold):
            slider.observe(self._moved, names="value")
        self.reset.on_click(lambda _: self._to_the_document())

    def show(self, view: View) -> None:
        """The bars of a view's target and area; nothing where it has none."""
        ledger, policy = view.found.ledger, view.found.policy
        self._bars = self._moving = None
        try:
            found = bars_of(
                ledger, policy, view.target, view.date, assumptions=view.found.assumptions
            )
        except SanlianError:  # a target without a bar is no mistake
            found = None
        if found is None or found.bar.denominator != 1:  # the slider moves in whole steps
            self.box.layout.display = "none"
            return
        self._bars = found
        self.box.layout.display = ""
        self._area = view.area
        self._moving = MovingBars(self._bars, view.area, simulated=ledger.simulated)
        self._to_the_document()

    @property
    def chart(self) -> Chart | None:
        """The chart without what moves."""
        return self._moving.chart if self._moving else None

    @property
    def document(self) -> str:
        """The figures and the chart as they stand."""
        return self.found.value + self.picture.value if self._bars else ""

    def _to_the_document(self) -> None:
        assert self._bars
        self._quiet = True
        top = max(25, int(self._bars.curve(self._area)["bar"].max()))
        own = self._bars.threshold
        self.bar.max = top
        self.bar.value = int(self._bars.bar)
        self.threshold.disabled = own is None
        self.threshold.value = round(100 * own) if own is not None else 0
        self._quiet = False
        self._tell(self._bars.bar, own)

    def _moved(self, _: object) -> None:
        if self._bars and not self._quiet:
            own = self._bars.threshold
            asked = None if own is None else Fraction(self.threshold.value, 100)
            if own is not None and self.threshold.value == round(100 * own):
                asked = own  # a third is no 33 %
            self._tell(Fraction(self.bar.value), asked)

    def _tell(self, bar: Fraction, threshold: Fraction | None) -> None:
        assert self._bars
        assert self._moving
        level = level_of(self._area) or "county"
        found = self._bars.table(bar, threshold, level)
        here = next(iter(records(found[found["area_code"] == self._area])))
        lines = [self._sentence(here), self._others(bar, threshold)]
        self.found.value = "".join(f"<p>{escape(line)}</p>" for line in lines)
        png = self._moving.move(bar, threshold, here.lower)
        self.picture.value = picture(png, f"{self._moving.alt} {lines[0]}", 691)

    def _sentence(self, here: Any) -> str:
        """The share at this bar with its bounds, and what it would mean."""
        assert self._bars
        bar = f"{self._bars.comparison} {style.number(float(here.bar))}"
        if not here.units:
            return say("没有适用的单位。", "There is no unit in scope.")
        low, high = style.percent(float(here.lower)), style.percent(float(here.upper))
        counts = f"{here.passes:,}/{here.units:,}"
        share = low if low == high else say(f"{low}至{high}", f"{low} to {high}")
        if here.threshold is None:
            return say(f"标准{bar}：{counts}，{share}", f"bar {bar}: {counts}, {share}")
        asked = style.exact_percent(here.threshold)
        verdict = verdict_text(here.verdict)
        return say(
            f"标准{bar}、目标{asked}：{counts}个单位确定符合，占{share}　{verdict}",
            f"bar {bar}, threshold {asked}: {counts} units surely pass, {share}  {verdict}",
        )

    def _others(self, bar: Fraction, threshold: Fraction | None) -> str:
        """How all counties would stand."""
        assert self._bars
        counties: pd.DataFrame = self._bars.table(bar, threshold, "county")
        counts = counties["verdict"].value_counts()
        parts = listed(f"{verdict_text(v)} {counts[v]}" for v in style.VERDICTS if counts.get(v))
        return say(
            f"台账中全部 {len(counties)} 个县：{parts}", f"All {len(counties)} counties: {parts}"
        )
