"""Paragraph styles of a Word document, those of Chinese offices (GB/T 9704-2012) among them."""

from __future__ import annotations

from dataclasses import dataclass

from sanlian_analysis.language import current

#: Sizes in half-points: 二号, 三号, 四号, 小四, 五号.
_TWO, _THREE, _FOUR, _SMALL_FOUR, _FIVE = 44, 32, 28, 24, 21

#: Fonts by the name that offices use, and what the same font is called elsewhere.
FONTS = {
    "方正小标宋简体": "华文中宋",
    "仿宋_GB2312": "仿宋",
    "楷体_GB2312": "楷体",
    "黑体": "SimHei",
    "宋体": "SimSun",
}


@dataclass(frozen=True)
class Look:
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

    @property
    def fonts(self) -> dict[str, str]:
        """The attributes of its fonts.

        The hint gives quotation marks and signs of both scripts to the Chinese font.
        """
        names = dict.fromkeys(("w:ascii", "w:hAnsi", "w:cs"), self.latin)
        names["w:eastAsia"] = self.eastern
        return names | ({"w:hint": "eastAsia"} if current() == "zh" else {})


#: 22 lines fill the type area.
_LINE = (579, "exact")
_ROMAN = ("Times New Roman", "仿宋_GB2312")

_CHINESE = {
    "Normal": Look(*_ROMAN, _THREE, _LINE, align="both", tight=True),
    "Title": Look(
        "方正小标宋简体", "方正小标宋简体", _TWO, (720, "atLeast"), align="center", keep=True
    ),
    "Subtitle": Look(
        "Times New Roman", "楷体_GB2312", _THREE, (579, "atLeast"), after=579, align="center"
    ),
    "Heading 1": Look("黑体", "黑体", _THREE, _LINE, indent=200, tight=True, keep=True, outline=0),
    "Heading 2": Look(
        "Times New Roman", "楷体_GB2312", _THREE, _LINE, align="both", indent=200, tight=True
    ),
    "Body Text": Look(*_ROMAN, _THREE, _LINE, align="both", indent=200, tight=True),
    "Figure": Look(*_ROMAN, _FIVE, before=120, align="center", keep=True),
    "Figure Caption": Look("黑体", "黑体", _SMALL_FOUR, before=40, after=200, align="center"),
    "Table Caption": Look(
        "黑体", "黑体", _SMALL_FOUR, before=200, after=80, align="center", keep=True
    ),
    "Large Table": Look(*_ROMAN, _SMALL_FOUR, before=30, after=30),
    "Small Table": Look(*_ROMAN, _FIVE, before=20, after=20),
    "Note": Look(*_ROMAN, _FIVE, before=80, align="both"),
    "Header": Look("黑体", "黑体", _SMALL_FOUR, align="center"),
    "Footer": Look("宋体", "宋体", _FOUR),
}

_SANS, _SERIF = ("Arial", "黑体"), ("Times New Roman", "宋体")
_SPACED = (276, "auto")

_ENGLISH = {
    "Normal": Look(*_SERIF, 23, _SPACED, after=120),
    "Title": Look(*_SANS, 40, before=0, after=80, bold=True, keep=True),
    "Subtitle": Look(*_SANS, 24, after=320),
    "Heading 1": Look(*_SANS, 28, before=320, after=120, bold=True, keep=True, outline=0),
    "Heading 2": Look(*_SERIF, 23, _SPACED, after=80),
    "Body Text": Look(*_SERIF, 23, _SPACED, after=120),
    "Figure": Look(*_SERIF, 20, before=120, align="center", keep=True),
    "Figure Caption": Look(*_SANS, 19, before=40, after=240, align="center"),
    "Table Caption": Look(*_SANS, 19, before=200, after=80, bold=True, keep=True),
    "Large Table": Look(*_SERIF, 21, before=30, after=30),
    "Small Table": Look(*_SERIF, 19, before=20, after=20),
    "Note": Look(*_SERIF, 19, before=80),
    "Header": Look(*_SANS, 20, align="center", bold=True),
    "Footer": Look(*_SERIF, 22),
}


def looks() -> dict[str, Look]:
    """The paragraph styles of the language in force, by name."""
    return _CHINESE if current() == "zh" else _ENGLISH
