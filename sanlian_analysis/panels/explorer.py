"""The explorer: policy, city, county, snapshot and target, and all that follows from them."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable
from html import escape
from pathlib import Path

import ipywidgets

from sanlian_analysis.charts import Chart
from sanlian_analysis.codes import level_of
from sanlian_analysis.files import safe_name, whole_file
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.panels.bars_panel import BarsPanel
from sanlian_analysis.panels.choices import Choices, choices_of, first_target, place_of
from sanlian_analysis.panels.panel import (
    Panel,
    UnitTable,
    dropdown,
    picture_of,
    row,
    shown,
)
from sanlian_analysis.panels.picker import AreaPicker
from sanlian_analysis.panels.view import View, chart_options
from sanlian_analysis.policy import Policy
from sanlian_analysis.report.renderings import RENDERED, area_briefing, renderer

#: More rows than this are for the widget's table, not for a page.
_MOST_ROWS = 30


def explore(
    ledger: Ledger,
    policy: Policy | str | None = None,
    area: str = "",
    date: dt.date | str | None = None,
    target: str = "",
    *,
    assumptions: Iterable[str] = (),
    folder: str | Path = ".",
) -> Explorer:
    """Look at a ledger from all sides: results, chart, sentence and units of any area.

    `policy`: an id, a path or a policy; the document that governs the ledger's
    units when left out. `area`: a county's code (6 digits) or a city's (4); the
    first county when left out. `date`: the latest snapshot when left out.
    `folder`: where exported briefings are written.

    Raises SanlianError for a policy, area, date or target that does not exist.
    """
    choices = choices_of(ledger, policy, assumptions)
    return Explorer(choices, area, date, target, Path(folder))


class Explorer(Panel):
    """Controls, and the view that they choose."""

    def __init__(
        self,
        choices: Choices,
        area: str = "",
        date: dt.date | str | None = None,
        target: str = "",
        folder: Path = Path("."),
    ) -> None:
        """Start at an area, snapshot and target."""
        super().__init__()
        self.choices, self.folder = choices, folder
        place = place_of(choices, area, date)
        policy = choices.policy.id
        self.policy = dropdown(say("政策", "Policy"), choices.policies, policy)
        picker = AreaPicker(self, choices, place, self._show)
        self.city, self.area = picker.city, picker.area
        self.date = dropdown(say("时点", "Snapshot"), choices.dates, place.date.isoformat())
        chosen = first_target(choices, policy, target)
        self.target = dropdown(say("目标", "Target"), choices.targets(policy), chosen)
        self.chart = dropdown(say("图", "Chart"), chart_options(), "milestones")
        self.heading, self.sentence, self.picture, self.indicators = (shown() for _ in range(4))
        self.bars = BarsPanel()
        self.view = self._view()
        self.units = UnitTable(self.view.units)
        self.format = dropdown(
            say("格式", "Format"), [(name.upper(), name) for name in RENDERED], "pdf"
        )
        self.export = ipywidgets.Button(description=say("导出简报", "Export the briefing"))
        self.exported = shown()
        self._listen()
        with self.told():
            self._show()

    def _listen(self) -> None:
        self.listen(self.policy, self._policy_chosen)
        for control in (self.date, self.target, self.chart):
            self.listen(control, self._show)
        self.export.on_click(lambda _: self._export())

    @property
    def box(self) -> ipywidgets.Widget:
        """Controls on top, then what they choose."""
        units = ipywidgets.HTML(f"<h3>{say('单位清单', 'Units')}</h3>")
        return ipywidgets.VBox(
            [
                row(self.policy, self.city, self.area, self.date, self.target, self.chart),
                self.style,
                self.message,
                self.heading,
                self.sentence,
                self.picture,
                self.bars.box,
                self.indicators,
                units,
                self.units.box,
                row(self.format, self.export, self.exported),
            ]
        )

    @property
    def charts(self) -> list[Chart]:
        """The chart of the view."""
        return [self.view.chart]

    @property
    def document(self) -> str:
        """The view from top to bottom; of many units the first ones."""
        units = self.view.units
        listed = units.head(_MOST_ROWS).to_html(index=False, escape=True, border=0)
        total = say(f"单位清单（共 {len(units):,} 个）", f"Units ({len(units):,} in all)")
        parts = (self.heading, self.sentence, self.picture, self.indicators)
        bars = self.bars.document
        return (
            self.message.value
            + "".join(part.value for part in parts)
            + bars
            + f"<h3>{escape(total)}</h3>{listed}"
        )

    @property
    def text(self) -> str:
        """Heading, finding and indicators."""
        return "\n\n".join(map(repr, (self.view.heading, self.view.sentence, self.view.indicators)))

    def _view(self) -> View:
        return View(
            self.choices.found(self.policy.value),
            self.area.value,
            dt.date.fromisoformat(self.date.value),
            self.target.value,
            self.chart.value,
        )

    def _policy_chosen(self) -> None:
        options = self.choices.targets(self.policy.value)
        with self.setting():
            self.target.options = options
            self.target.value = first_target(self.choices, self.policy.value, "")
        self._show()

    def _show(self) -> None:
        """Everything for the choices as they are."""
        view = self._view()
        picture = picture_of(view.chart)
        self.view = view
        self.heading.value = view.heading._repr_html_()
        self.sentence.value = view.sentence._repr_html_().replace("h1>", "h3>")
        self.picture.value = picture
        self.indicators.value = view.indicators._repr_html_()
        self.exported.value = ""
        self.units.show(view.units)
        self.bars.show(view)

    def export_briefing(self, kind: str) -> Path:
        """Write the briefing of the area in view into `folder`, as the batch would; its path.

        `kind`: pdf, pptx, docx or xlsx. Raises SanlianError where it cannot be written.
        """
        view = self.view
        county = level_of(view.area) == "county"
        briefing = area_briefing(view.found, view.area, view.date, overview=not county)
        name = safe_name(f"{view.area}_{self.choices.called(view.area)}_{view.date}")
        target = self.folder / f"{name}.{kind}"
        with whole_file(target) as path:
            path.write_bytes(renderer(kind)(briefing))
        return target

    def _export(self) -> None:
        self.exported.value = say("正在生成……", "Working …")
        with self.told():
            made = self.export_briefing(self.format.value)
            data = base64.b64encode(made.read_bytes()).decode("ascii")
            name = escape(made.name)
            self.exported.value = (
                f'<a download="{name}" href="data:application/octet-stream;base64,{data}">'
                f"{say('下载', 'Download')} {name}</a>"
            )
            return
        self.exported.value = ""
