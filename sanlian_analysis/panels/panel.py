"""What all panels share: controls, places for what they show, and the document without them."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets
import pandas as pd
from itables.widget import ITable

from sanlian_analysis.charts import Chart
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import current
from sanlian_analysis.panels.choices import Options
from sanlian_analysis.results import defused

_WIDE = ipywidgets.Layout(width="100%")
_CONTROL = ipywidgets.Layout(width="330px")
_LABEL = {"description_width": "70px"}

#: The mark of simulated figures, wherever a panel shows it.
_STYLE = """<style>
.simulated { background: #FFF1C2; border: 1px solid #1F2328; border-radius: 4px;
  font-size: 12px; font-weight: normal; padding: 1px 6px; white-space: nowrap; }
.table td:not(.number), .table th { text-align: left !important; }
</style>"""

#: What a table of units says in Chinese.
_TABLE_ZH = {
    "search": "筛选：",
    "info": "第 _START_ 至 _END_ 行，共 _TOTAL_ 行",
    "infoEmpty": "没有行",
    "infoFiltered": "（从 _MAX_ 行中筛选）",
    "lengthMenu": "每页 _MENU_ 行",
    "zeroRecords": "没有符合条件的行",
    "emptyTable": "没有行",
    "buttons": {"copy": "复制", "csv": "下载 CSV", "pageLength": {"_": "每页 %d 行", "-1": "全部"}},
}


class Panel(ABC):
    """Controls above what they decide; shows itself with or without widgets."""

    def __init__(self) -> None:
        """A panel without content yet."""
        self.style = ipywidgets.HTML(_STYLE)
        self.message = ipywidgets.HTML(layout=_WIDE)
        self._setting = False

    @property
    @abstractmethod
    def box(self) -> ipywidgets.Widget:
        """Everything, to be shown."""

    @property
    @abstractmethod
    def document(self) -> str:
        """What the panel shows at the moment, as a page without controls."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The same in plain text."""

    @property
    @abstractmethod
    def charts(self) -> list[Chart]:
        """The charts that are shown."""

    @property
    def page(self) -> str:
        """The document with its style."""
        return _STYLE + self.document

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The widget for those who can show it, then a page, a picture and plain text."""
        shown = dict(self.box._repr_mimebundle_())
        shown |= {"text/html": self.page, "text/plain": self.text}
        for chart in self.charts[:1]:
            shown["image/png"] = base64.b64encode(chart.png()).decode("ascii")
        return shown

    @contextmanager
    def setting(self) -> Iterator[None]:
        """Inside the block, controls may be set without being listened to."""
        before, self._setting = self._setting, True
        try:
            yield
        finally:
            self._setting = before

    @contextmanager
    def told(self) -> Iterator[None]:
        """What cannot be shown is said in the panel, and not as a traceback."""
        self.message.value = ""
        try:
            yield
        except SanlianError as error:
            self.message.value = f'<p role="alert"><b>{escape(str(error))}</b></p>'

    def listen(self, control: ipywidgets.Widget, answer: Any) -> None:
        """Call `answer` whenever the user changes a control."""

        def changed(_: object) -> None:
            if not self._setting:
                with self.told():
                    answer()

        control.observe(changed, names="value")


def dropdown(label: str, options: Options, value: str) -> ipywidgets.Dropdown:
    """A list of which one is chosen."""
    return ipywidgets.Dropdown(
        description=label, options=options, value=value, layout=_CONTROL, style=_LABEL
    )


def shown() -> ipywidgets.HTML:
    """A place for a page's part."""
    place = ipywidgets.HTML(layout=_WIDE)
    place.add_class("jp-RenderedHTMLCommon")  # looks like what a notebook shows
    return place


def picture(png: bytes, alt: str, wide: int) -> str:
    """A picture with its alternative text, `wide` pixels across."""
    data = base64.b64encode(png).decode("ascii")
    style = f"width:{wide}px;max-width:100%;height:auto"
    return f'<img alt="{escape(alt)}" style="{style}" src="data:image/png;base64,{data}">'


def picture_of(chart: Chart) -> str:
    """A chart as a picture at the size that it was laid out for."""
    return picture(chart.png(), chart.alt, round(float(chart.get_size_inches()[0]) * 96))


class UnitTable:
    """A table to be filtered, sorted and downloaded.

    Names in it are text, never HTML, nor formulas where it is opened in a spreadsheet.
    """

    def __init__(self, units: pd.DataFrame) -> None:
        """Show these units."""
        self.box = ITable(_defused(units), **self._options)

    def show(self, units: pd.DataFrame) -> None:
        """Show others."""
        self.box.update(_defused(units), **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"language": _TABLE_ZH} if current() == "zh" else {}
        return options | {
            "allow_html": False,
            "maxBytes": 0,  # every unit, however many
            "showIndex": False,
            "buttons": ["pageLength", "copyHtml5", "csvHtml5"],
            "lengthMenu": [10, 25, 100],
            "classes": "display compact nowrap",
            "style": "table-layout:auto;width:100%",
        }


def _defused(units: pd.DataFrame) -> pd.DataFrame:
    return units.map(lambda cell: defused(cell) if isinstance(cell, str) else cell)


def row(*children: ipywidgets.Widget) -> ipywidgets.Box:
    """Controls beside one another, wrapped where the window is narrow."""
    return ipywidgets.HBox(children, layout=ipywidgets.Layout(flex_flow="row wrap", width="100%"))
