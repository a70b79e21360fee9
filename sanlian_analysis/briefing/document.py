"""A briefing as a Word document, laid out as Chinese offices lay out theirs (GB/T 9704-2012)."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import docx
import numpy as np
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm

from sanlian_analysis.briefing.value import Briefing, picture
from sanlian_analysis.charts import Chart
from sanlian_analysis.charts.style import TAG_PAPER
from sanlian_analysis.language import Language, current, say, using
from sanlian_analysis.results import CREATED
from sanlian_analysis.tables import Table, simulated_mark

#: A4 with a type area of 156 × 225 mm.
_WIDTH, _HEIGHT = Mm(210), Mm(297)
_TOP, _RIGHT, _BOTTOM, _LEFT = Mm(37), Mm(26), Mm(35), Mm(28)
_ROOM = Length(_WIDTH - _LEFT - _RIGHT)
#: From the edge of the sheet: the dashes of the page number lie 7 mm below the type area.
_HEADER, _FOOTER = Mm(24), Mm(25)
#: Heights of pictures: a page less a heading and a caption, and half of it. A chart that
#: would be a little taller than half a page is drawn smaller, so that two stand on one.
_TALLEST, _HALF, _NEARLY_HALF = Mm(190), Mm(92), Mm(125)

#: Charts and rows of units that are shown; the workbook has them all.
_MOST_CHARTS, _MOST_ROWS = 4, 60

#: Longest text among the properties of a document.
_PROPERTY = 255

#: Sizes in half-points: 二号, 三号, 四号, 小四, 五号.
_TWO, _THREE, _FOUR, _SMALL_FOUR, _FIVE = 44, 32, 28, 24, 21

#: Fonts by the name that offices use, and what the same font is called elsewhere.
_FONTS = {
    "方正小标宋简体": "华文中宋",
    "仿宋_GB2312": "仿宋",
    "楷体_GB2312": "楷体",
    "黑体": "SimHei",
    "宋体": "SimSun",
}

_DIGITS = "〇一二三四五六七八九"
_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
#: What XML cannot hold, and what would turn the text around it.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True)
class _Look:
    """A paragraph style. Sizes are half-points, lines and spaces twentieths of a point.

    `indent`: of the first line, in hundredths of a character; `tight`: letters
    drawn together, so that 28 of them fill a line.
    """

    latin: str
    eastern: str
    size: int
    line: tuple[int, str] = (240, "auto")
    before: int = 0
    after: int = 0
    align: str = "left"
    indent: int = 0
    bold: bool = False
    tight: bool = False
    keep: bool = False
    outline: int | None = None


#: 22 lines fill the type area.
_LINE = (579, "exact")
_ROMAN = ("Times New Roman", "仿宋_GB2312")

_CHINESE = {
    "Normal": _Look(*_ROMAN, _THREE, _LINE, align="both", tight=True),
    "Title": _Look(
        "方正小标宋简体", "方正小标宋简体", _TWO, (720, "atLeast"), align="center", keep=True
    ),
    "Subtitle": _Look(
        "Times New Roman", "楷体_GB2312", _THREE, (579, "atLeast"), after=579, align="center"
    ),
    "Heading 1": _Look("黑体", "黑体", _THREE, _LINE, indent=200, tight=True, keep=True, outline=0),
    "Heading 2": _Look(
        "Times New Roman", "楷体_GB2312", _THREE, _LINE, align="both", indent=200, tight=True
    ),
    "Body Text": _Look(*_ROMAN, _THREE, _LINE, align="both", indent=200, tight=True),
    "Figure": _Look(*_ROMAN, _FIVE, before=120, align="center", keep=True),
    "Figure Caption": _Look("黑体", "黑体", _SMALL_FOUR, before=40, after=200, align="center"),
    "Table Caption": _Look(
        "黑体", "黑体", _SMALL_FOUR, before=200, after=80, align="center", keep=True
    ),
    "Large Table": _Look(*_ROMAN, _SMALL_FOUR, before=30, after=30),
    "Small Table": _Look(*_ROMAN, _FIVE, before=20, after=20),
    "Note": _Look(*_ROMAN, _FIVE, before=80, align="both"),
    "Header": _Look("黑体", "黑体", _SMALL_FOUR, align="center"),
    "Footer": _Look("宋体", "宋体", _FOUR),
}

_SANS, _SERIF = ("Arial", "黑体"), ("Times New Roman", "宋体")
_SPACED = (276, "auto")

_ENGLISH = {
    "Normal": _Look(*_SERIF, 23, _SPACED, after=120),
    "Title": _Look(*_SANS, 40, before=0, after=80, bold=True, keep=True),
    "Subtitle": _Look(*_SANS, 24, after=320),
    "Heading 1": _Look(*_SANS, 28, before=320, after=120, bold=True, keep=True, outline=0),
    "Heading 2": _Look(*_SERIF, 23, _SPACED, after=80),
    "Body Text": _Look(*_SERIF, 23, _SPACED, after=120),
    "Figure": _Look(*_SERIF, 20, before=120, align="center", keep=True),
    "Figure Caption": _Look(*_SANS, 19, before=40, after=240, align="center"),
    "Table Caption": _Look(*_SANS, 19, before=200, after=80, bold=True, keep=True),
    "Large Table": _Look(*_SERIF, 21, before=30, after=30),
    "Small Table": _Look(*_SERIF, 19, before=20, after=20),
    "Note": _Look(*_SERIF, 19, before=80),
    "Header": _Look(*_SANS, 20, align="center", bold=True),
    "Footer": _Look(*_SERIF, 22),
}


def document(briefing: Briefing) -> bytes:
    """The briefing as `.docx`; the same briefing gives the same bytes.

    Fonts are named, not embedded. Charts beyond the first four and all but 60
    of the rows of units are left to the workbook.
    """
    with using(cast(Language, briefing.language)):
        text = _Text()
        text.furnish(briefing)
        text.line("Title", briefing.title)
        again = briefing.headline.heading == briefing.title
        text.line("Subtitle", briefing.policy if again else briefing.headline.heading)
        text.heading(say("主要结论", "Main findings"))
        for sentence in briefing.headline.sentences:
            text.line("Body Text", sentence)
        for number, detail in enumerate(briefing.headline.details, start=1):
            text.line("Heading 2", say(f"（{_chinese(number)}）", f"({number}) ") + detail)
        text.heading(say("指标完成情况", "Indicators"))
        text.table(briefing.key, "Large Table")
        if briefing.charts:
            text.heading(say("图示", "Charts"))
            for chart in briefing.charts[:_MOST_CHARTS]:
                text.picture(chart)
        text.heading(say("未达标准的村（社区）", "Villages and communities that fall short"))
        text.table(briefing.short, "Small Table", most=_MOST_ROWS)
        text.heading(say("政策依据", "What the document says"))
        text.table(briefing.clauses, "Small Table")
        if briefing.method:
            text.heading(say("计算方法", "Method"))
            for number, sentence in enumerate(briefing.method, start=1):
                text.line("Body Text", f"{number}{say('．', '. ')}{sentence}")
        text.heading(say("附注", "Notes"), numbered=False)
        for label, told in briefing.provenance:
            text.line("Note", f"{label}{say('：', ': ')}{told}")
        return text.content()


class _Text:
    """A document that grows line by line; sections, tables and figures count themselves."""

    def __init__(self) -> None:
        self._document = docx.Document()
        self._looks = _CHINESE if current() == "zh" else _ENGLISH
        self._sections = self._tables = self._figures = 0
        self._set_styles()
        self._set_page()

    def furnish(self, briefing: Briefing) -> None:
        """Properties, page numbers, and the mark of simulated data on every page."""
        properties = self._document.core_properties
        properties.title = _clean(briefing.title)[:_PROPERTY]
        properties.subject = _clean(briefing.policy)[:_PROPERTY]
        properties.author = properties.last_modified_by = "sanlian-analysis"
        properties.comments = simulated_mark() if briefing.simulated else ""
        properties.language = say("zh-CN", "en-GB")
        properties.created = properties.modified = CREATED
        self._document.settings.odd_and_even_pages_header_footer = True
        section = self._document.sections[0]
        for footer, align in (
            (section.footer, "right"),
            (section.even_page_footer, "left"),
        ):
            _fill(footer, self._page_number(align))
        for header in (section.header, section.even_page_header):
            _fill(header, self._paragraph("Header", *self._mark(briefing.simulated)))

    def line(self, look: str, text: str) -> None:
        """One paragraph in a style."""
        self._add(self._paragraph(look, self._run(look, text)))

    def heading(self, text: str, *, numbered: bool = True) -> None:
        """The heading of a section."""
        if numbered:
            self._sections += 1
            text = say(f"{_chinese(self._sections)}、", f"{self._sections}. ") + text
        self.line("Heading 1", text)

    def table(self, table: Table, look: str, most: int | None = None) -> None:
        """A table with its caption above and its notes below; at most `most` of its rows.

        The notes of a table that is cut speak of the whole one, and stay with it.
        """
        rows = table.rows[:most]
        if table.rows:
            self._tables += 1
            label = say(f"表{self._tables}　", f"Table {self._tables}. ")
            self.line("Table Caption", label + table.caption)
            self._add(self._grid(table, rows, look))
            for cell in self._document.element.body.xpath("w:tbl[last()]/w:tr[last()]//w:pStyle"):
                cell.addnext(_make("w:keepNext"))  # the notes stand on the same page
        else:
            self.line("Body Text", table.caption)
        notes: Iterable[str] = table.notes
        if left := len(table.rows) - len(rows):
            notes = [
                say(
                    f"此处列出前 {len(rows)} 行，余 {left} 行见工作簿。",
                    f"The first {len(rows)} rows are shown; {left} more are in the workbook.",
                )
            ]
        for note in notes:
            self.line("Note", note)

    def picture(self, chart: Chart) -> None:
        """A chart as wide as the text, or as tall as a page allows, with its title below."""
        self._figures += 1
        name = self._paragraph_style("Figure")
        run = self._document.add_paragraph(style=name).add_run()
        run._r.insert(0, _make("w:rPr", {}, self._fonts("Figure")))
        shape = run.add_picture(io.BytesIO(picture(chart)))
        full = shape.height * _ROOM / shape.width
        height = min(full, _HALF if full < _NEARLY_HALF else _TALLEST)
        shape.width, shape.height = Length(round(_ROOM * height / full)), Length(round(height))
        described = shape._inline.docPr
        described.set("name", _clean(chart.name))
        described.set("descr", _clean(chart.alt))
        label = say(f"图{self._figures}　", f"Figure {self._figures}. ")
        self.line("Figure Caption", label + _title(chart))

    def content(self) -> bytes:
        """The document's bytes, without the time at which they were made."""
        drawn = io.BytesIO()
        self._document.save(drawn)
        content = io.BytesIO()
        with zipfile.ZipFile(drawn) as old, zipfile.ZipFile(content, "w") as new:
            for name in old.namelist():
                entry = zipfile.ZipInfo(name, CREATED.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(entry, old.read(name))
        return content.getvalue()

    def _add(self, element: Any) -> None:
        self._document.element.body[-1].addprevious(element)  # the last are the page's properties

    def _paragraph(self, look: str, *runs: Any) -> Any:
        named = _make("w:pStyle", {"w:val": self._paragraph_style(look).style_id})
        return _make("w:p", {}, _make("w:pPr", {}, named), *runs)

    def _paragraph_style(self, look: str) -> Any:
        return self._document.styles[look]

    def _run(self, look: str, text: str, *properties: Any) -> Any:
        words = _make("w:t")
        words.text = _clean(text)
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        return _make("w:r", {}, _make("w:rPr", {}, self._fonts(look), *properties), words)

    def _fonts(self, look: str) -> Any:
        """The hint gives quotation marks and signs of both scripts to the Chinese font."""
        one = self._looks[look]
        attributes = {
            "w:ascii": one.latin,
            "w:hAnsi": one.latin,
            "w:eastAsia": one.eastern,
            "w:cs": one.latin,
        }
        return _make("w:rFonts", attributes | ({"w:hint": "eastAsia"} if current() == "zh" else {}))

    def _mark(self, simulated: bool) -> Sequence[Any]:
        if not simulated:
            return ()
        border = _make("w:bdr", {"w:val": "single", "w:sz": "4", "w:space": "0"})
        paper = _make("w:shd", {"w:val": "clear", "w:fill": TAG_PAPER.removeprefix("#")})
        return (self._run("Header", f" {simulated_mark()} ", border, paper),)

    def _page_number(self, align: str) -> Any:
        """The number between dashes, one character from the outer margin."""
        number = _make("w:fldSimple", {"w:instr": "PAGE"}, self._run("Footer", "1"))
        parts = (self._run("Footer", "— "), number, self._run("Footer", " —"))
        paragraph = self._paragraph("Footer", *parts)
        indent = {f"w:{align}": "280", f"w:{align}Chars": "100"}
        paragraph[0].extend((_make("w:ind", indent), _make("w:jc", {"w:val": align})))
        return paragraph

    def _grid(self, table: Table, rows: Sequence[Sequence[object]], look: str) -> Any:
        texts = [[_clean(str(cell)) for cell in row] for row in (table.header, *rows)]
        widths = _widths(texts, self._looks[look].size)
        grid = _make("w:tblGrid", {}, *(_make("w:gridCol", {"w:w": str(w)}) for w in widths))
        return _make(
            "w:tbl",
            {},
            _table_properties(sum(widths), table.caption),
            grid,
            *(
                self._row(row, widths, table.numeric, look, header=number == 0)
                for number, row in enumerate(texts)
            ),
        )

    def _row(
        self,
        texts: Sequence[str],
        widths: Sequence[int],
        numeric: frozenset[int],
        look: str,
        *,
        header: bool,
    ) -> Any:
        properties = [_make("w:cantSplit"), *([_make("w:tblHeader")] if header else [])]
        row = _make("w:tr", {}, _make("w:trPr", {}, *properties))
        for column, (text, width) in enumerate(zip(texts, widths, strict=True)):
            align = "center" if header else "right" if column in numeric else "left"
            sized = _make("w:tcPr", {}, _make("w:tcW", {"w:w": str(width), "w:type": "dxa"}))
            if header:
                sized.append(_make("w:shd", {"w:val": "clear", "w:fill": "EFEFEF"}))
            sized.append(_make("w:vAlign", {"w:val": "center"}))
            strong = [_make("w:b")] if header else []
            paragraph = self._paragraph(look, self._run(look, text, *strong))
            paragraph[0].append(_make("w:jc", {"w:val": align}))
            row.append(_make("w:tc", {}, sized, paragraph))
        return row

    def _set_styles(self) -> None:
        """Every style from scratch: the template's own colours, fonts and spaces go."""
        styles = self._document.styles
        known = {one.name for one in styles}
        for name, look in self._looks.items():
            if name not in known:
                styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = styles["Normal"]
            element = cast(Any, styles[name].element)
            for part in element.xpath("w:pPr | w:rPr"):
                element.remove(part)
            element.extend((_layout(look), self._letters(name, look)))
        defaults = styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
        for part in list(defaults):
            defaults.remove(part)
        languages = {"w:val": say("en-US", "en-GB"), "w:eastAsia": "zh-CN", "w:bidi": "ar-SA"}
        defaults.extend((self._fonts("Normal"), _make("w:lang", languages)))
        self._name_fonts()

    def _letters(self, name: str, look: _Look) -> Any:
        """Style properties of the letters, in the order that the format asks for."""
        size = str(look.size)
        return _make(
            "w:rPr",
            {},
            self._fonts(name),
            *([_make("w:b")] if look.bold else []),
            _make("w:color", {"w:val": "000000"}),
            *([_make("w:spacing", {"w:val": "-5"})] if look.tight else []),
            _make("w:sz", {"w:val": size}),
            _make("w:szCs", {"w:val": size}),
        )

    def _set_page(self) -> None:
        section = self._document.sections[0]
        section.page_width, section.page_height = _WIDTH, _HEIGHT
        section.top_margin, section.bottom_margin = _TOP, _BOTTOM
        section.left_margin, section.right_margin = _LEFT, _RIGHT
        section.header_distance, section.footer_distance = _HEADER, _FOOTER
        settings = self._document.settings.element
        for mode in settings.xpath('.//w:compatSetting[@w:name="compatibilityMode"]'):
            mode.set(qn("w:val"), "15")
        package = self._document.part.package
        for key, one in list(package.rels.items()):
            if one.reltype == RELATIONSHIP_TYPE.THUMBNAIL:  # of the template's empty page
                del package.rels[key]

    def _name_fonts(self) -> None:
        """The other names of the Chinese fonts, for machines that know them by those."""
        part = self._document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
        table = _make("w:fonts")
        for name, alternative in _FONTS.items():
            parts = {"w:altName": alternative, "w:charset": "86", "w:family": "auto"}
            described = (_make(tag, {"w:val": value}) for tag, value in parts.items())
            table.append(_make("w:font", {"w:name": name}, *described))
        part._blob = serialize_part_xml(table)


def _make(tag: str, attributes: Mapping[str, str] | None = None, *children: Any) -> Any:
    element: Any = OxmlElement(tag, {qn(key): value for key, value in (attributes or {}).items()})
    element.extend(children)
    return element


def _fill(place: Any, paragraph: Any) -> None:
    """Put one paragraph into a header or footer, in the place of what is there."""
    place.is_linked_to_previous = False
    element = place._element
    for old in list(element):
        element.remove(old)
    element.append(paragraph)


def _layout(look: _Look) -> Any:
    line, rule = look.line
    spacing = {
        "w:before": str(look.before),
        "w:after": str(look.after),
        "w:line": str(line),
        "w:lineRule": rule,
    }
    first = {"w:firstLine": str(look.size * look.indent // 10)}
    indent = first | {"w:firstLineChars": str(look.indent)} if look.indent else first
    return _make(
        "w:pPr",
        {},
        *([_make("w:keepNext"), _make("w:keepLines")] if look.keep else []),
        _make("w:spacing", spacing),
        _make("w:ind", indent),
        _make("w:jc", {"w:val": look.align}),
        *([] if look.outline is None else [_make("w:outlineLvl", {"w:val": str(look.outline)})]),
    )


def _table_properties(width: int, caption: str) -> Any:
    thin = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "808080"}
    thick = thin | {"w:sz": "8", "w:color": "000000"}
    edges = {"top": thick, "left": thin, "bottom": thick, "right": thin}
    edges |= {"insideH": thin, "insideV": thin}
    margins = ("left", "right")
    return _make(
        "w:tblPr",
        {},
        _make("w:tblW", {"w:w": str(width), "w:type": "dxa"}),
        _make("w:jc", {"w:val": "center"}),
        _make("w:tblBorders", {}, *(_make(f"w:{edge}", line) for edge, line in edges.items())),
        _make("w:tblLayout", {"w:type": "fixed"}),
        _make(
            "w:tblCellMar",
            {},
            *(_make(f"w:{side}", {"w:w": str(_MARGIN), "w:type": "dxa"}) for side in margins),
        ),
        _make("w:tblLook", {"w:firstRow": "1", "w:noHBand": "1", "w:noVBand": "1"}),
        _make("w:tblCaption", {"w:val": _clean(caption)}),
    )


#: Beside the text of a cell, in twentieths of a point.
_MARGIN = 85


def _widths(rows: Sequence[Sequence[str]], size: int) -> list[int]:
    """Widths of columns in twentieths of a point; together as wide as the text.

    No word is broken unless there is no room for all; what is left goes where it
    spares the most lines, and the rest to all alike.
    """
    half = size * 5  # half a character
    count = len(rows[0])
    full = int(_ROOM.twips) - 2 * _MARGIN * count
    room = full // half - count
    texts = np.array([[_halves(cell) for cell in row] for row in rows])
    words = [max(map(_unbroken, column)) for column in zip(*rows, strict=True)]
    widths = np.zeros(count, dtype=int)
    for done, column in enumerate(np.argsort(words, kind="stable")):
        widths[column] = min(words[column], (room - int(widths.sum())) // (count - done))
    while (left := room - int(widths.sum())) > 0:
        spared, more, column = max(
            (*_best_widening(texts, widths, column, left), column) for column in range(count)
        )
        if spared <= 0:
            break
        widths[column] += more
    spare = (full - int(widths.sum()) * half) // count
    return [int(width) * half + 2 * _MARGIN + spare for width in widths]


def _best_widening(texts: Any, widths: Any, column: int, left: int) -> tuple[float, int]:
    """How many lines a wider column spares per half character, and how much wider that is.

    A row is as tall as its tallest cell; the other cells count a little, so that
    several columns can give way together.
    """
    lines = -(-texts // widths)
    others = np.delete(lines, column, axis=1).max(axis=1, initial=1)
    wider = widths[column] + np.arange(left + 1)
    own = -(-texts[:, column] // wider[:, None])
    cost = np.maximum(own, others).sum(axis=1) + own.sum(axis=1) / texts.shape[1]
    spared = (cost[0] - cost[1:]) / np.arange(1, left + 1)
    best = int(spared.argmax())
    return float(spared[best]), best + 1


def _unbroken(text: str) -> int:
    """Width of the longest word, should it be bold, or of four hanzi."""
    longest = max((len(word) + 2 for word in re.findall(r"[!-~]+", text)), default=1)
    return max(longest, min(_halves(text), 8))


def _halves(text: str) -> int:
    """How wide a text is in half characters: a Chinese one counts two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def _title(chart: Chart) -> str:
    """The first sentence of what is said of a chart."""
    stop = say("。", ". ")
    return chart.alt.removeprefix(simulated_mark() + stop).split(stop)[0].removesuffix(".")


def _clean(text: str) -> str:
    r"""One line of text that XML can hold.

    >>> _clean("东湖\n社区\x07<b>")
    '东湖 社区<b>'
    """
    return _UNSEEN.sub("", _BREAKS.sub(" ", text))


def _chinese(number: int) -> str:
    """A number below 100 in Chinese.

    >>> _chinese(3), _chinese(10), _chinese(24)
    ('三', '十', '二十四')
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones or not tens else "")
