"""The sheet that every chart is drawn on: title, subtitle, body, notes, source, data tag."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from sanlian_analysis.charts import style
from sanlian_analysis.charts.text import line_height, width, wrap
from sanlian_analysis.language import say

#: Set in the environment, it has charts show themselves as SVG too.
_VECTORS = "SANLIAN_CHART_VECTORS"

#: Inches between the margins.
ROOM = style.WIDTH - 2 * style.MARGIN

#: What a picture is for.
Size = Literal["notebook", "page", "slide"]

#: Line2D properties of a mark, and what it stands for.
KeyEntry = tuple[dict[str, Any], str]

_Line = tuple[str, float, str]

#: Half the time of zlib's usual level, for a twentieth more bytes.
_QUICK = {"compress_level": 3}

_TOP, _BOTTOM, _GAP, _TITLE_GAP = 0.2, 0.16, 0.1, 0.04
_TAG_SPACE = 0.25
_KEY_MARK, _KEY_SPACE = 0.17, 0.22


@dataclass(frozen=True)
class Caption:
    """The words around a chart; `detail` goes into the alternative text after the title."""

    title: str
    subtitle: str
    source: str
    detail: str = ""
    notes: tuple[str, ...] = ()


class Identity(NamedTuple):
    """What a picture in a notebook says of itself: dots it is shown at, alternative text, name."""

    width: int
    height: int
    alt: str
    name: str


class Chart(Figure):
    """A figure that knows its file name and its alternative text, and shows itself in notebooks.

    Attributes:
        name: a slug for files, such as "milestones-orgs-urban".
        alt: one or two sentences that give the figures to those who cannot see the chart.
        title: what the chart finds; it stands at the top.
        source: document and clauses; they stand at the foot.
        head: inches that the title takes from the top, for places that say it themselves.
        body: left, bottom, width and height in inches of the space between subtitle and notes.
    """

    def __init__(
        self,
        name: str,
        alt: str,
        height: float,
        *,
        title: str = "",
        source: str = "",
        head: float = 0.0,
    ) -> None:
        """An empty sheet, `height` inches tall."""
        super().__init__(
            figsize=(style.WIDTH, height),
            dpi=style.LAYOUT_DPI,
            facecolor=style.PAPER,
        )
        FigureCanvasAgg(self)
        self.set_layout_engine("none")
        self.name = name
        self.alt = alt
        self.title = title
        self.source = source
        self.head = head
        self.body = (0.0, 0.0, style.WIDTH, height)

    @property
    def identity(self) -> Identity:
        """What tells the chart from others: of one name there may be a longer one."""
        wide, high = (round(float(side) * style.LAYOUT_DPI) for side in self.get_size_inches())
        return Identity(wide, high, self.alt, self.name)

    def draw(self, renderer: RendererBase) -> None:
        """Draw it, as measured."""
        with style.unfitted():
            super().draw(renderer)

    def png(self, size: Size = "notebook") -> bytes:
        """The chart as a picture; the same chart gives the same bytes.

        `size`: "notebook" at 192 dots per inch, "page" for a column of an A4
        page at 300 dots per inch, "slide" with 3840 × 2160 dots (16:9, the room
        beside the chart left blank).
        """
        wide, high = (float(side) for side in self.get_size_inches())
        dpi: float = style.FILE_DPI
        if size == "page":
            dpi = style.PAGE_DPI * style.COLUMN / wide
        elif size == "slide":
            dpi = min(style.SLIDE[0] / wide, style.SLIDE[1] / high)
        drawn = self._drawn("png", dpi=dpi, metadata={"Software": None}, pil_kwargs=_QUICK)
        return _centred(drawn, style.SLIDE) if size == "slide" else drawn

    def svg(self) -> bytes:
        """The chart as vectors, letters as outlines; the same chart gives the same bytes."""
        described = {"Date": None, "Creator": None, "Title": self.name, "Description": self.alt}
        with matplotlib.rc_context({"svg.hashsalt": self.name, "svg.fonttype": "path"}):
            return self._drawn("svg", metadata=described)

    def _drawn(self, format_: str, **options: Any) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format=format_, facecolor=style.PAPER, **options)
        return file.getvalue()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        """PNG at twice the size it is shown at, with its alternative text."""
        described = self.identity._asdict()
        picture = base64.b64encode(self.png()).decode("ascii")
        shown = {"image/png": picture, "text/plain": self.alt}
        if os.environ.get(_VECTORS):
            shown["image/svg+xml"] = self.svg().decode("utf-8")
        return shown, {"image/png": described}


@contextmanager
def vectors_too() -> Iterator[None]:
    """Charts show themselves in notebooks as SVG too, here and in kernels started meanwhile."""
    os.environ[_VECTORS] = "1"
    try:
        yield
    finally:
        del os.environ[_VECTORS]


def _centred(png: bytes, size: tuple[int, int]) -> bytes:
    """A picture in the middle of a blank sheet of that many dots."""
    sheet, out = Image.new("RGB", size, style.PAPER), io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        place = (size[0] - picture.width) // 2, (size[1] - picture.height) // 2
        sheet.paste(picture, place)
    sheet.save(out, format="PNG")
    return out.getvalue()


def simulated_label() -> str:
    """What marks every chart that is drawn from simulated data."""
    return say("模拟数据", "Simulated data")


def compose(
    name: str,
    caption: Caption,
    *,
    body: float,
    entries: Sequence[KeyEntry] = (),
    simulated: bool,
) -> Chart:
    """A sheet with all its words around an empty body of `body` inches.

    `entries` explain the marks, in a row above the body. The sheet is as tall as
    its words need.
    """
    tag = width(simulated_label(), style.SMALL) + _TAG_SPACE if simulated else 0.0
    title = _lines(caption.title, style.TITLE, style.INK, ROOM - tag)
    subtitle = _lines(caption.subtitle, style.SUBTITLE, style.MUTED)
    notes = (*caption.notes, caption.source)
    foot = [line for text in notes for line in _lines(text, style.SMALL, style.MUTED)]
    places = _key_places(entries)
    keyed = (places[-1][1] + 1) * line_height(style.BODY) + _GAP if places else 0.0
    above = _TOP + _height(title) + _TITLE_GAP + _height(subtitle) + _GAP + keyed
    below = _height(foot) + _BOTTOM + _GAP
    chart = Chart(
        name,
        _alt(caption, simulated),
        above + body + below,
        title=caption.title,
        source=caption.source,
        head=_TOP + _height(title),
    )
    _write(chart, title, above + body + below - _TOP)
    _write(chart, subtitle, below + body + keyed + _GAP + _height(subtitle))
    _write(chart, foot, below - _GAP)
    _key(chart, entries, places, below + body + keyed)
    chart.body = (style.MARGIN, below, ROOM, body)
    if simulated:
        _tag(chart)
    return chart


def _lines(text: str, size: float, colour: str, room: float = ROOM) -> list[_Line]:
    return [(line, size, colour) for line in wrap(text, room, size, most=3)]


def _height(lines: Sequence[_Line]) -> float:
    return sum(line_height(size) for _, size, _ in lines)


def _alt(caption: Caption, simulated: bool) -> str:
    stop = say("。", ". ")
    parts = [simulated_label()] if simulated else []
    parts += [part for part in (caption.title, caption.detail) if part]
    return "".join(part.rstrip("。. ") + stop for part in parts).strip()


def _write(chart: Chart, lines: Iterable[_Line], top: float) -> None:
    for line, size, colour in lines:
        note(chart, style.MARGIN, top, line, size, colour, va="top")
        top -= line_height(size)


def note(
    chart: Chart, x: float, y: float, text: str, size: float, colour: str, **properties: Any
) -> None:
    """Write a text at a place given in inches from the lower left corner of the sheet."""
    inches = chart.dpi_scale_trans
    chart.text(x, y, text, transform=inches, **style.lettering(size, colour), **properties)


def _tag(chart: Chart) -> None:
    right, top = (float(side) for side in chart.get_size_inches())
    box = {"boxstyle": "round,pad=0.35", "facecolor": style.TAG_PAPER, "linewidth": 0.8}
    place = (right - style.MARGIN, top - _TOP - 0.02)
    note(chart, *place, simulated_label(), style.SMALL, style.INK, ha="right", va="top", bbox=box)


def panel(
    chart: Chart, *, left: float = 0, right: float = 0, top: float = 0, bottom: float = 0
) -> Axes:
    """Bare axes inside the body, with margins in inches; nothing but what is asked for is drawn."""
    x, y, wide, high = chart.body
    full = chart.get_size_inches()
    box = (
        (x + left) / full[0],
        (y + bottom) / full[1],
        (wide - left - right) / full[0],
        (high - top - bottom) / full[1],
    )
    axes = chart.add_axes(box, facecolor="none")
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def _key_places(entries: Sequence[KeyEntry]) -> list[tuple[float, int]]:
    """Where each entry begins, in inches from the left, and on which line."""
    places: list[tuple[float, int]] = []
    x, line = 0.0, 0
    for _, label in entries:
        needed = _KEY_MARK + width(label, style.SMALL)
        if x and x + needed > ROOM:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += needed + _KEY_SPACE
    return places


def _key(
    chart: Chart, entries: Sequence[KeyEntry], places: list[tuple[float, int]], top: float
) -> None:
    for (mark, label), (x, line) in zip(entries, places, strict=True):
        left, y = style.MARGIN + x, top - (line + 0.5) * line_height(style.BODY)
        inches = chart.dpi_scale_trans
        chart.add_artist(Line2D([left + 0.06], [y], transform=inches, linestyle="none", **mark))
        note(chart, left + _KEY_MARK, y, label, style.SMALL, style.MUTED, va="center_baseline")


def statement(name: str, caption: Caption, *, simulated: bool) -> Chart:
    """A sheet that says in its title why there is nothing to draw."""
    return compose(name, caption, body=0.3, simulated=simulated)
