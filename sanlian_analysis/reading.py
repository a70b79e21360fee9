"""One sheet as a typed table, with a finding for every cell and row that is not plain data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.exact import from_decimals
from sanlian_analysis.findings import Finding, Severity
from sanlian_analysis.frame import settlement_of
from sanlian_analysis.language import say
from sanlian_analysis.layout import Layout, numbers_columns, plain_title
from sanlian_analysis.schema import IDENTITY, KEYS, NOT_APPLICABLE, Variable
from sanlian_analysis.sheet import Column, Rows, Sheet, address, letters_of
from sanlian_analysis.understanding import Understood, understand_column
from sanlian_analysis.values import Status, understand, visible

#: Where each row of a table stands: columns of every table.
ORIGIN = ["file", "sheet", "row"]

_TOTAL = re.compile(r".{0,12}(合计|小计|总计|共计|总和|汇总)(数)?|total|subtotal|grandtotal")
_DIGITS_OF_A_CODE = re.compile(r"\d{6}|\d[eE]\+?\d")
_SIGNATURE = re.compile(
    r"(注|备注|说明|填表|制表|审核|复核|负责人|单位负责人|联系|填报|经办|统计负责人|报出|日期|电话|盖章)"
)
#: Relative difference below which a total agrees: what a spreadsheet loses in adding up.
_ROUNDED = Fraction(1, 10**9)


@dataclass(frozen=True)
class SheetTable:
    """What one sheet holds: its rows that can be placed, and what else stands there.

    `table`: typed columns by variable, `file`, `sheet` and `row` (as Excel
    counts). `letters`: the column in which each variable stands. `normalised`:
    cells put right without asking, by kind.
    """

    kind: str
    file: str
    sheet: str
    table: pd.DataFrame
    letters: dict[str, str]
    findings: list[Finding]
    normalised: Counter[str]


def read_table(sheet: Sheet, layout: Layout) -> SheetTable:
    """Read the table that `find_layout` found; every row and cell left out becomes a finding."""
    reader = _Reader(sheet, layout)
    rows = reader.placed_rows()
    return reader.table(rows)


class _Reader:
    """Reads one sheet: holds what all steps need, and collects the findings."""

    def __init__(self, sheet: Sheet, layout: Layout) -> None:
        self.sheet, self.layout = sheet, layout
        self.variables = schema.sheet(layout.kind)
        self.key = KEYS[layout.kind]
        self.findings = [*layout.findings]
        self.normalised: Counter[str] = Counter()
        columns = _merged_down(sheet, layout.header)
        self.columns = {id_: columns[place.position] for id_, place in layout.columns.items()}
        self.everything = columns
        self.positions = {id_: place.position for id_, place in layout.columns.items()}
        self._mention_structure()

    def _mention_structure(self) -> None:
        """Merged and hidden cells are read like all others, and said."""
        tall = [
            (top, left)
            for (top, left), (bottom, _) in self.sheet.merged
            if bottom > top > self.layout.header and self.sheet.columns[left].filled[top]
        ]
        if self.sheet.hidden:
            self._note(
                "hidden", "A1", "隐藏的工作表，照常读取", "a hidden sheet is read like the others"
            )
        hidden = [row - 1 for row in self.sheet.hidden_rows if row - 1 > self.layout.header]
        out_of_sight = [
            number - 1 for number in self.sheet.hidden_columns if number <= len(self.everything)
        ]
        if tall:
            self._note(
                "merged",
                address(*tall[0]),
                f"{len(tall)} 处纵向合并单元格，其值计入所含各行",
                f"{len(tall)} cells merged over several rows; their values count for each row",
            )
        if hidden:
            self._note(
                "hidden",
                address(hidden[0], 0),
                f"有 {len(hidden)} 行被隐藏，照常读取",
                f"{len(hidden)} hidden rows are read like the others",
            )
        if out_of_sight:
            self._note(
                "hidden",
                address(self.layout.header, out_of_sight[0]),
                f"隐藏的列 {'、'.join(map(letters_of, out_of_sight))} 照常读取",
                f"hidden columns {', '.join(map(letters_of, out_of_sight))} are read as well",
            )

    def _note(self, kind: str, cell: str, zh: str, en: str, severity: Severity = "note") -> None:
        self.findings.append(
            Finding(self.sheet.file, self.sheet.name, cell, "", "", severity, "", say(zh, en),
                    kind=kind)
        )  # fmt: skip

    def _understood(self, id_: str, rows: Rows) -> Understood:
        place = self.layout.columns[id_]
        return understand_column(
            self.columns[id_].take(rows),
            self.variables[id_],
            place.factor,
            epoch_1904=self.sheet.epoch_1904,
        )

    # --- rows -----------------------------------------------------------------------------

    def placed_rows(self) -> Rows:
        """Rows with a code; totals, notes and rows that cannot be placed become findings."""
        filled = np.zeros(self.sheet.size, dtype=bool)
        for column in self.sheet.columns:  # what a merged cell lends a row does not make it one
            filled |= column.filled
        filled[: self.layout.header + 1] = False
        rows = np.flatnonzero(filled)
        codes = self._understood(self.key, rows)
        totals: list[int] = []
        placed = codes.known
        expected = dict(codes.invalid)
        for i in np.flatnonzero(~placed):
            row = int(rows[i])
            cells = self.sheet.row(row)
            if label := self._total_label(cells):
                totals.append(int(i))
                self._note("left_out", address(row, 0), f"“{label}”行未作为单位读取",
                           f"the row {label!r} is no unit and was left out")  # fmt: skip
            elif self._repeats_header(cells) or numbers_columns(cells):
                self._note("left_out", address(row, 0), "表中重复的表头或编号行，未读取",
                           "a repeated header or a row of numbers, left out")  # fmt: skip
            elif text := self._remark(cells):
                self._note("left_out", address(row, 0), f"表外说明，未读取：{text}",
                           f"a remark outside the table, left out: {text}")  # fmt: skip
            else:
                self._unplaced(row, self.key, expected.get(int(i)))
        for before, total, after in zip(
            [0, *totals], totals, [*totals[1:], len(rows)], strict=False
        ):
            spans = [(before, total), (0, total), (total, after), (0, len(rows))]
            self._compare_total(
                int(rows[total]), [rows[a:b][placed[a:b]] for a, b in spans if placed[a:b].any()]
            )
        return rows[placed]

    def _total_label(self, cells: Sequence[object]) -> str:
        """What a row of totals is called; "" for any other row."""
        named = [cells[self.positions[id_]] for id_ in IDENTITY if id_ in self.positions]
        first = next((cell for cell in cells if _text(cell)), None)
        for cell in [first, *named]:
            if isinstance(cell, str) and _TOTAL.fullmatch(
                plain_title(cell).lower().strip(":：()[]【】")
            ):
                return cell.strip()
        return ""

    def _repeats_header(self, cells: Sequence[object]) -> bool:
        shown = self.layout.titles
        own = [plain_title(cell) for cell in cells if isinstance(cell, str) and cell.strip()]
        return len(own) >= 2 and sum(text in shown for text in own) * 2 > len(own)

    def _remark(self, cells: Sequence[object]) -> str:
        """The text of a note or signature; "" for a row that may be a unit's."""
        filled = [cell for cell in cells if _text(cell)]
        first = visible(str(filled[0]).strip())
        if any(self._is_figure(id_, cells) for id_ in schema.measured(self.layout.kind)):
            return ""
        if _DIGITS_OF_A_CODE.search(_shown(cells[self.positions[self.key]])):
            return ""
        name = cells[self.positions["name"]] if "name" in self.positions else None
        if isinstance(name, str) and settlement_of(name) != "other":
            return ""  # a unit whose code was forgotten
        if _SIGNATURE.match(plain_title(first)):
            return first[:60]
        plain = len(filled) <= 2 and all(isinstance(cell, str) for cell in filled)
        return first[:60] if plain and not self._is_figure("date", cells) else ""

    def _is_figure(self, id_: str, cells: Sequence[object]) -> bool:
        """Whether a row states a value for a variable."""
        if id_ not in self.positions:
            return False
        answer = understand(cells[self.positions[id_]], self.variables[id_])
        return answer.status in (Status.VALUE, Status.NOT_APPLICABLE)

    def _unplaced(self, row: int, id_: str, cell: Any = None) -> None:
        position = self.positions[id_]
        raw = self.columns[id_][row]
        fault = self.sheet.errors.get(address(row, position))
        found = fault or _shown(raw)
        variable = self.variables[id_]
        expected = cell.expected if cell is not None else say("不能为空", "must not be blank")
        self.findings.append(
            self._of_cell(row, id_, "" if id_ == self.key else self._code(row), found, "row",
                          say(f"“{variable.header}”：{expected}；该行未计入",
                              f"{variable.id!r}: {expected}; the row is not counted"))
        )  # fmt: skip

    def _code(self, row: int) -> str:
        return _shown(self.columns[self.key][row])

    def _of_cell(
        self, row: int, id_: str, code: str, found: str, kind: str, expected: str,
        severity: Severity = "error",
    ) -> Finding:  # fmt: skip
        names = self.positions.get(
            "name", self.positions.get("street", self.positions.get("county"))
        )
        name = self.everything[names][row] if names is not None else None
        stands = say(f"，实为 {found!r}", f", found {found!r}") if found else ""
        return Finding(
            self.sheet.file,
            self.sheet.name,
            address(row, self.positions[id_]),
            code,
            id_,
            severity,
            found,
            expected + stands,
            name=visible(name).strip() if isinstance(name, str) else "",
            kind=kind,
            expected=expected,
        )

    # --- totals ---------------------------------------------------------------------------

    def _compare_total(self, row: int, spans: list[Rows]) -> None:
        """A total that is the sum of no rows around it: a row is missing, or was typed twice.

        `spans`: the rows that it may sum up, those since the last total first.
        """
        for id_, variable in schema.measured(self.layout.kind).items():
            if id_ not in self.columns or variable.type not in ("count", "number") or not spans:
                continue
            stated = self._understood(id_, np.array([row], dtype=np.intp))
            if not stated.known[0]:
                continue
            total = _fraction(stated.values)
            parts = [self._understood(id_, rows) for rows in spans]
            sums = [_fraction(part.values) for part in parts]
            if any(abs(total - sum_) <= abs(total) * _ROUNDED for sum_ in sums):
                continue
            open_ = int((~parts[0].known).sum())
            unknown = say(f"（{open_} 格未知）", f" ({open_} unknown)") if open_ else ""
            expected = say(
                f"“{variable.header}”的合计与所列各行之和不符；请核对是否漏行或重复",
                f"the total of {variable.id!r} is not the sum of its rows; "
                "check for missing or repeated rows",
            )
            found = self._of_cell(row, id_, "", f"{float(total):.12g}", "total", expected, "note")
            message = say(
                f"“{variable.header}”合计 {float(total):.12g}，各行之和 {float(sums[0]):.12g}"
                f"{unknown}；请核对是否漏行或重复",
                f"{variable.id!r}: total {float(total):.12g}, sum of the rows "
                f"{float(sums[0]):.12g}{unknown}; check for missing or repeated rows",
            )
            self.findings.append(replace(found, message=message, name=""))

    # --- cells ----------------------------------------------------------------------------

    def table(self, rows: Rows) -> SheetTable:
        """The rows as typed columns; those without a date become findings."""
        data: dict[str, Any] = {}
        dated = np.ones(len(rows), dtype=bool)
        codes = self._understood(self.key, rows).values
        errors = [(id_, self.sheet.errors) for id_ in self.columns if self.sheet.errors]
        for id_ in self.columns:
            understood = self._understood(id_, rows)
            if id_ == "date":
                dated = understood.known
            for row, cell in understood.invalid if id_ != "date" else ():
                self._bad_cell(int(rows[row]), id_, codes[row], cell.expected)
            self._count(understood, id_, rows, codes)
            data |= self._typed(id_, understood)
        expected = dict(self._understood("date", rows).invalid) if "date" in self.columns else {}
        for i in np.flatnonzero(~dated):
            self._unplaced(int(rows[i]), "date", expected.get(int(i)))
        for id_, faults in errors:
            self._error_cells(id_, faults, rows, codes)
        if "date" not in self.columns and self.layout.date:
            value, where = self.layout.date
            data["date"] = pd.Series([value] * len(rows), dtype="datetime64[s]")
            self._note("date", where, f"没有“统计时点”列，全表取表头上方的日期 {value}；如不是统计时点请加一列",
                       f"no column of dates: {value} above the table is taken for all rows; "
                       "add a column if that is not what the figures describe")  # fmt: skip
        table = pd.DataFrame(data)
        table["file"], table["sheet"] = self.sheet.file, self.sheet.name
        table["row"] = rows + 1
        table = table[dated].reset_index(drop=True)
        letters = {id_: letters_of(position) for id_, position in self.positions.items()}
        found = SheetTable(
            self.layout.kind,
            self.sheet.file,
            self.sheet.name,
            table,
            letters,
            self.findings,
            self.normalised,
        )
        _parts_within_wholes(found)
        return found

    def _typed(self, id_: str, understood: Understood) -> dict[str, Any]:
        columns: dict[str, Any] = {id_: understood.values}
        marked = understood.status == Status.NOT_APPLICABLE
        if marked.any() and id_ in schema.measured(self.layout.kind):
            columns[id_ + NOT_APPLICABLE] = pd.Series(marked)
        return columns

    def _bad_cell(self, row: int, id_: str, code: str, wanted: str) -> None:
        variable = self.variables[id_]
        expected = say(f"“{variable.header}”：{wanted}", f"{variable.id!r}: {wanted}")
        found = _shown(self.columns[id_][row])
        self.findings.append(self._of_cell(row, id_, code, found, "cell", expected))

    def _error_cells(self, id_: str, faults: Any, rows: Rows, codes: pd.Series) -> None:
        """A formula that failed leaves an empty cell: say so, lest it pass for one not filled in."""
        if id_ in (self.key, "date"):
            return
        letters = letters_of(self.positions[id_])
        for i, row in enumerate(rows.tolist()):
            if fault := faults.get(f"{letters}{row + 1}"):
                variable = self.variables[id_]
                expected = say(f"“{variable.header}”：公式出错，按未知处理；请改正公式或填入数值",
                               f"{variable.id!r}: the formula fails and counts as unknown; "
                               "mend it or enter the value")  # fmt: skip
                self.findings.append(self._of_cell(row, id_, codes[i], fault, "cell", expected))

    def _count(self, understood: Understood, id_: str, rows: Rows, codes: pd.Series) -> None:
        """Count what was put right; say where figures were converted or texts cleaned."""
        counted = understood.counted()
        if not self.sheet.typed:
            del counted["text_number"]  # all that a text file holds is text
        self.normalised += counted
        variable = self.variables[id_]
        texts = {
            "converted": say(f"“{variable.header}”：已按所写单位换算为 {variable.unit}",
                             f"{variable.id!r}: converted to {variable.unit} from the unit written"),
            "cleaned": say(f"“{variable.header}”：已去掉不可见字符",
                           f"{variable.id!r}: invisible characters taken out"),
        }  # fmt: skip
        converted_by_header = self.layout.columns[id_].factor != 1
        for how, text in texts.items():
            if how == "converted" and converted_by_header:
                continue  # said once, at the header
            for i in understood.changed.get(how, ()):
                row = int(rows[i])
                found = _shown(self.columns[id_][row])
                self.findings.append(self._of_cell(row, id_, codes[i], found, how, text, "note"))


def _shown(cell: object) -> str:
    """A cell as it is quoted: whole numbers without a point, dates without a time."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).removesuffix(" 00:00:00")


def _text(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _fraction(values: pd.Series) -> Fraction:
    """The exact sum of the known values."""
    known = values.dropna().to_numpy(dtype=np.float64)
    integers, scale = from_decimals(known)
    return Fraction(sum(integers.tolist()), scale)


def _merged_down(sheet: Sheet, header: int) -> list[Column]:
    """The columns, with the value of a cell merged over several rows in each of them."""
    columns = list(sheet.columns)
    tall: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merged:
        if bottom > top > header and left < len(columns):
            tall.setdefault(left, []).append((top, min(bottom, sheet.size - 1)))
    for position, ranges in tall.items():
        rows = np.arange(sheet.size)
        for top, bottom in ranges:
            rows[top : bottom + 1] = top
        columns[position] = columns[position].take(rows)
    return columns


def _parts_within_wholes(found: SheetTable) -> None:
    """A part above its whole becomes unknown; the whole stands (rulebook, rule 5)."""
    table = found.table
    for variable in schema.measured(found.kind).values():
        whole = variable.at_most
        if whole is None or variable.id not in table or whole not in table:
            continue
        above = (table[variable.id] > table[whole]).fillna(False).to_numpy(dtype=bool)
        for i in np.flatnonzero(above):
            found.findings.append(_above(found, int(i), variable, schema.sheet(found.kind)[whole]))
        table.loc[above, variable.id] = pd.NA


def _above(found: SheetTable, i: int, variable: Variable, whole: Variable) -> Finding:
    row = found.table.iloc[i]
    expected = say(
        f"“{variable.header}”大于“{whole.header}”，按未知处理；请核对两数",
        f"{variable.id!r} is above {whole.id!r} and counts as unknown; check both",
    )
    message = say(
        f"“{variable.header}”{row[variable.id]:.12g} 大于“{whole.header}”{row[whole.id]:.12g}，"
        "按未知处理；请核对两数",
        f"{variable.id!r} {row[variable.id]:.12g} is above {whole.id!r} {row[whole.id]:.12g} and counts "
        "as unknown; check both",
    )
    one = finding_at(row, found.kind, variable.id, found.letters, "error", message, "part")
    return replace(one, found=f"{row[variable.id]:.12g}", expected=expected)


def finding_at(
    row: pd.Series, kind: str, variable: str, letters: dict[str, str], severity: Severity,
    message: str, rule: str, expected: str = "",
) -> Finding:  # fmt: skip
    """A finding about a variable of one row of a table; at the row's key when it has no column."""
    id_ = variable if variable in letters else KEYS[kind]
    found = row.get(variable)
    names = (row.get(column) for column in ("name", "street", "county"))
    return Finding(
        row["file"],
        row["sheet"],
        f"{letters[id_]}{row['row']}",
        row[KEYS[kind]],
        variable,
        severity,
        "" if found is None or found is pd.NA or found != found else str(found),
        message,
        name=next((name for name in names if isinstance(name, str)), ""),
        kind=rule,
        expected=expected,
    )
