"""Words that do not depend on a target: dates, areas, variables, quantities, sources."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from sanlian_analysis import schema
from sanlian_analysis.charts import style
from sanlian_analysis.expressions import Expression, in_words
from sanlian_analysis.language import listed, say
from sanlian_analysis.policy import Policy, Target

_UNITS_EN = {
    "户": "households",
    "人": "people",
    "小时/天": "hours a day",
    "项": "items",
    "个": "number",
    "所": "number",
    "次": "times",
    "次/月": "times a month",
    "万元/年": "10,000 yuan a year",
    "元/年": "yuan a year",
    "吨/年": "tonnes a year",
    "分": "points",
}

#: Level of areas, or settlement of communities: (Chinese, English for one, English for several).
_NOUNS = {
    "street": ("街道（乡镇）", "street or township", "streets and townships"),
    "county": ("县（市、区）", "county", "counties"),
    "city": ("市", "city", "cities"),
    "province": ("省", "province", "provinces"),
    "urban": ("城市社区", "urban community", "urban communities"),
    "rural": ("村", "village", "villages"),
    "community": ("村（社区）", "community or village", "communities and villages"),
}


def when(date: dt.date) -> str:
    """A snapshot's date as people say it.

    >>> when(dt.date(2021, 12, 31)), when(dt.date(2022, 6, 30))
    ('2021年底', '2022年6月30日')
    """
    if (date.month, date.day) == (12, 31):
        return say(f"{date.year}年底", f"end of {date.year}")
    return say(f"{date.year}年{date.month}月{date.day}日", date.isoformat())


def counted(count: int, kind: str) -> str:
    """A number of areas of one level, or of communities of one settlement.

    >>> counted(13, "county"), counted(2, "rural")
    ('13个县（市、区）', '2个村')
    """
    zh, one, several = _NOUNS[kind]
    return say(f"{count:,}个{zh}", f"{count:,} {one if count == 1 else several}")


def noun(kind: str) -> str:
    """What the areas of one level, or communities of one settlement, are called."""
    zh, _, several = _NOUNS[kind]
    return say(zh, several)


@dataclass(frozen=True)
class Quantity:
    """How a reading's figures are written: as percentages, or as numbers in a unit."""

    percent: bool
    unit: str
    whole: bool = False

    def text(self, value: float, against: float | None = None) -> str:
        """The figure, rounded so that it stays on its side of the threshold."""
        return (style.percent if self.percent else style.number)(value, against)

    def threshold(self, value: float) -> str:
        """A threshold, unrounded, with its unit."""
        return (
            style.exact_percent(value) if self.percent else self.named(style.number(value, value))
        )

    def named(self, figure: str) -> str:
        """A figure with its unit; in English the unit stands in the subtitle alone."""
        return figure if self.percent else figure + say(self.unit, "")

    def bounds(self, lower: float, upper: float, against: float | None = None) -> str:
        """What the unknown units leave open."""
        low, high = (self.text(v, against) if pd.notna(v) else "" for v in (lower, upper))
        if low and high:
            return say(f"{low}至{high}", f"{low} to {high}")
        if low:
            return say(f"至少{low}", f"at least {low}")
        return say(f"至多{high}", f"at most {high}") if high else say("无数据", "no data")


#: Shares of something.
SHARE = Quantity(percent=True, unit="%")

#: Numbers of units, which are whole.
COUNT = Quantity(percent=False, unit="", whole=True)


def variable(id_: str) -> schema.Variable | None:
    """The ledger's variable of that id, wherever it stands."""
    return next((known for known in schema.variables() if known.id == id_), None)


def unit_of(id_: str) -> str:
    """The unit of a variable in the language in force; empty where it has none."""
    known = variable(id_)
    return say(known.unit, _UNITS_EN.get(known.unit, known.unit)) if known else ""


def told(expression: Expression, policy: Policy | None = None) -> str:
    """An expression with the variables' own names, and those of the policy's parameters."""
    parameters = {p.id: p.label for p in policy.parameters} if policy else {}
    return in_words(expression, lambda name: parameters.get(name) or variable_label(name))


def variable_label(name: str) -> str:
    """A variable's name for people, also inside county.…, communities(…) and total(…).

    >>> variable_label("orgs"), variable_label("communities(governance_new)")
    ('社区社会组织数', '本年新建一委一居一站的社区数')
    """
    match = re.fullmatch(r"(?:(?P<of>communities|total)\()?(?P<id>[\w.]+)\)?", name)
    assert match, "the expression language knows no other form of name"
    known = variable(match["id"].removeprefix("county."))
    label = known.label if known else match["id"]
    if match["of"] == "communities":
        return say(f"{label}的社区数", f"communities with {label}")
    if match["of"] == "total":
        return say(f"各社区{label}合计", f"total {label}")
    return say(f"本县{label}", f"the county's {label}") if "." in match["id"] else label


def measured_in(id_: str) -> str:
    """A variable's name with its unit, as an axis carries it.

    >>> measured_in("venue_area"), measured_in("orgs")
    ('活动场所面积（m²）', '社区社会组织数（个）')
    """
    label, unit = variable_label(id_), unit_of(id_)
    return label if unit in ("", label) else label + bracketed(unit)


def clause_at(target: Target, date: dt.date) -> str:
    """The clause of the milestone in force at a date; of a vague target its only one."""
    return (target.milestone(date) or target).clause


def source(policy: Policy, clause: str = "") -> str:
    """The line at the foot: document, number, clause."""
    zh = f"依据：《{policy.title}》{policy.number}" + (f"，{clause}" if clause else "")
    en = f"Source: {policy.title_en}" + (f", {policy.number}" if policy.number else "")
    return say(zh, en + (f", clause {clause}" if clause else ""))


def dotted(*parts: str) -> str:
    """Short facts on one line, as in a subtitle."""
    return say(" · ", " | ").join(parts)


def bracketed(text: str) -> str:
    """An addition in brackets, to stand right after what it belongs to."""
    return say(f"（{text}）", f" ({text})")


def listed_once(parts: Iterable[str]) -> str:
    """Parts of one sentence in a row, each where it comes first."""
    return listed(list(dict.fromkeys(parts)))


def verdict_sentence(every: str, counts: dict[str, int]) -> str:
    """How many areas have which verdict.

    >>> verdict_sentence("7个县", {"met": 5, "undetermined": 2})
    '7个县中，5个达标、2个待定'
    >>> verdict_sentence("1个县", {"met": 1})
    '1个县达标'
    """
    if len(counts) == 1:
        verdict = verdict_name(next(iter(counts)))
        if sum(counts.values()) == 1:
            return say(f"{every}{verdict}", f"{every}: {verdict}")
        return say(f"{every}全部{verdict}", f"All of {every}: {verdict}")
    return say(f"{every}中，", f"Of {every}: ") + verdict_list(counts)


def verdict_list(counts: dict[str, int], measure: str = "个") -> str:
    """Numbers of areas (or, with 项, of targets) by verdict.

    >>> verdict_list({"met": 5, "undetermined": 2})
    '5个达标、2个待定'
    """
    return listed(
        [
            say(f"{n:,}{measure}{verdict_name(verdict)}", f"{n:,} {verdict_name(verdict)}")
            for verdict, n in counts.items()
        ]
    )


def verdict_name(verdict: str) -> str:
    """A verdict within a sentence, without its explanation.

    >>> verdict_name("undetermined")
    '待定'
    """
    mark = style.VERDICTS[verdict]
    return say(mark.zh.split("（")[0], mark.en.split(" (")[0].lower())
