"""Tables and sentences as values: text that is ready to be read, and shows itself in notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from sanlian_analysis.language import say


def simulated_mark() -> str:
    """The mark of everything that is made from invented figures."""
    return say("模拟数据", "Simulated data")


@dataclass(frozen=True)
class Link:
    """A cell that leads to another place on the same page."""

    text: str
    anchor: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """A table ready to be read: text cells and links, with a caption and notes below.

    Shows as escaped HTML in notebooks; `numeric` columns are set to the right,
    `anchors` name the rows that links lead to, and a `folded` table is one
    click away. `total`: how many rows there would be, where `rows` were cut.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Link, ...], ...]
    numeric: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    simulated: bool = False
    anchors: tuple[str, ...] = ()
    folded: bool = False
    total: int | None = None

    @property
    def whole(self) -> int:
        """How many rows there are, those that were cut included."""
        return len(self.rows) if self.total is None else self.total

    def remarks(self, shown: int | None = None) -> tuple[str, ...]:
        """What stands below the table where `shown` of its rows are shown, or all that it has.

        How many rows there are and how many are shown, if those are not the
        same; then its notes.
        """
        shown = len(self.rows) if shown is None else shown
        if shown == self.whole:
            return self.notes
        zh, en = f"共 {self.whole:,} 行，此处列出 {shown:,} 行", f"{self.whole:,} rows in all"
        en += f", {shown:,} of them here"
        if shown < len(self.rows):  # a workbook has all that the table has
            there = len(self.rows)
            zh += f"，工作簿列出{'全部' if there == self.whole else f' {there:,} 行'}"
            en += f", {'all' if there == self.whole else f'{there:,}'} in the workbook"
        return (say(f"{zh}。", f"{en}."), *self.notes)

    def _repr_html_(self) -> str:
        mark = f' <span class="simulated">{escape(simulated_mark())}</span>'
        caption = escape(self.caption) + (mark if self.simulated else "")
        head = self._cells('th scope="col"', self.header)
        body = "".join(
            f"<tr{self._id(i)}>{self._cells('td', r)}</tr>" for i, r in enumerate(self.rows)
        )
        notes = "".join(f'<p class="note">{escape(note)}</p>' for note in self.remarks())
        title = "" if self.folded else f"<caption>{caption}</caption>"
        table = (
            f'<div class="table"><table>{title}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{notes}"
        )
        if not self.folded:
            return table
        return f"<details><summary>{caption}</summary>{table}</details>"

    def _id(self, row: int) -> str:
        return f' id="{escape(self.anchors[row])}"' if self.anchors else ""

    def _cells(self, tag: str, row: Sequence[str | Link]) -> str:
        kinds = (' class="number"' if i in self.numeric else "" for i in range(len(row)))
        end = tag.split()[0]
        return "".join(
            f"<{tag}{kind}>{_inner(cell)}</{end}>" for kind, cell in zip(kinds, row, strict=True)
        )

    def __repr__(self) -> str:
        lines = ["\t".join(map(str, row)) for row in (self.header, *self.rows)]
        mark = [simulated_mark()] if self.simulated else []
        return "\n".join([self.caption, *mark, *lines, *self.remarks()])


def _inner(cell: str | Link) -> str:
    text = escape(str(cell))
    return f'<a href="#{escape(cell.anchor)}">{text}</a>' if isinstance(cell, Link) else text


@dataclass(frozen=True)
class Tables:
    """Several tables, one below the other."""

    tables: tuple[Table, ...]

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.tables)

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.tables))


@dataclass(frozen=True)
class Statement:
    """A heading and sentences below it."""

    heading: str
    sentences: tuple[str, ...]
    simulated: bool = False
    details: tuple[str, ...] = field(default=())

    def _repr_html_(self) -> str:
        mark = f' <span class="simulated">{escape(simulated_mark())}</span>'
        items = "".join(f"<li>{escape(text)}</li>" for text in self.details)
        return (
            f'<div class="statement"><h1>{escape(self.heading)}'
            f"{mark if self.simulated else ''}</h1>"
            + "".join(f"<p>{escape(text)}</p>" for text in self.sentences)
            + (f"<ul>{items}</ul>" if items else "")
            + "</div>"
        )

    def __repr__(self) -> str:
        mark = [simulated_mark()] if self.simulated else []
        return "\n".join([self.heading, *mark, *self.sentences, *(f"- {d}" for d in self.details)])
