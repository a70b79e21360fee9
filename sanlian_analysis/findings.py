"""What is wrong, or worth knowing, in a ledger: one finding per place, equal ones in one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sanlian_analysis.language import listed, say

Severity = Literal["error", "warning", "note"]

#: Worst first, with the words for people.
SEVERITIES: dict[Severity, tuple[str, str]] = {
    "error": ("错误", "error"),
    "warning": ("警告", "warning"),
    "note": ("提示", "note"),
}

#: Cells that a line about equal findings names.
_NAMED_CELLS = 10
#: Different contents that such a line quotes.
_QUOTED = 5


@dataclass(frozen=True)
class Finding:
    """One place in a ledger where something is to be mended or known.

    error: a value was made unknown, a row could not be placed, or duplicates
    conflict. warning: rows outside the frame, identical duplicates, names that
    do not match. note: the rest. `file`, `sheet` and `cell` are those of the
    user's own file; `code` and `name` those of the unit; `variable` is the id
    of the column. `found` is what stands there, `message` says all of it in one
    sentence. `kind` (which check) and `expected` (what should stand there, and
    how to mend it) are the same for findings that differ in place alone.
    """

    file: str
    sheet: str
    cell: str
    code: str
    variable: str
    severity: Severity
    found: str
    message: str
    name: str = ""
    kind: str = ""
    expected: str = ""

    @property
    def place(self) -> str:
        """Sheet and cell, as a spreadsheet writes them; without a cell, the unit that is meant."""
        if self.cell:
            return f"{self.sheet}!{self.cell}"
        return f"{self.sheet} {self.code}".rstrip()

    def __str__(self) -> str:
        unit = f" {self.name}" if self.name else ""
        return f"{self.file} {self.place}{unit} {self.message}"


@dataclass(frozen=True)
class Group:
    """Findings of one kind about one column of one sheet, in the order in which they came."""

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        """One line: how many, what is expected, what stands there instead, the first cells."""
        first = self.findings[0]
        if len(self.findings) == 1:
            return str(first)
        several = len({finding.file for finding in self.findings}) > 1
        cells = [
            f"{finding.file} {finding.place}" if several else finding.place
            for finding in self.findings[:_NAMED_CELLS]
        ]
        quoted = list(dict.fromkeys(f.found for f in self.findings if f.found))
        found = "、".join(repr(text) for text in quoted[:_QUOTED])
        more = len(self.findings) > _NAMED_CELLS
        where = listed(cells) + (say(" 等", " …") if more else "")
        text = first.expected or first.message
        etc = say("等", " …") if len(quoted) > _QUOTED else ""
        stands = say(f"；实为 {found}{etc}", f"; found {found}{etc}") if found else ""
        start = "" if several else f"{first.file} "
        return start + say(
            f"{len(self.findings)} 处：{text}{stands}；单元格 {where}",
            f"{len(self.findings)} places: {text}{stands}; cells {where}",
        )


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Equal findings together, the worst first; within a severity in the order of the ledger."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        key = (one.severity, one.kind, one.sheet, one.variable, one.expected or one.message)
        groups.setdefault(key, []).append(one)
    order = list(SEVERITIES)
    ranked = sorted(groups.values(), key=lambda group: order.index(group[0].severity))
    return [Group(tuple(group)) for group in ranked]


def counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many findings of each severity, worst first."""
    found = [finding.severity for finding in findings]
    return {severity: found.count(severity) for severity in SEVERITIES}


def fate(findings: Iterable[Finding], *, framed: bool) -> str:
    """What becomes of the errors: rows and columns that are left out, values that are unknown.

    `framed`: whether there is a frame, from which a unit without a row is not lost.
    "" when there are no errors.
    """
    errors = [finding.kind for finding in findings if finding.severity == "error"]
    rows = errors.count("row")
    unused = sum(kind in ("sheet", "header") for kind in errors)
    unknown = len(errors) - rows - unused
    parts = []
    if rows:
        units = (
            say(
                "名录中因此没有行的单位按未知处理",
                "units of the frame left without a row are unknown",
            )
            if framed
            else say(
                "没有名录，其单位也不在分母中", "without a frame their units are in no denominator"
            )
        )
        parts.append(
            say(
                f"{rows:,} 行没有可用的代码或时点，未计入（{units}）",
                f"rows left out, without a usable code or date: {rows:,} ({units})",
            )
        )
    if unused:
        parts.append(say(f"{unused:,} 张表或列未采用", f"sheets or columns not used: {unused:,}"))
    if unknown:
        parts.append(
            say(f"{unknown:,} 处的值按未知处理", f"values that count as unknown: {unknown:,}")
        )
    return say("，", "; ").join(parts)
