"""The language of policies: what it allows, what it refuses, and that its blanks never lie."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanlian_analysis import schema
from sanlian_analysis.columns import UnitColumns, vocabulary
from sanlian_analysis.exact import Interval, Truth
from sanlian_analysis.expressions import (
    ExpressionError,
    check,
    demands,
    in_words,
    not_applicable,
    number,
    parse,
    truth,
)
from sanlian_analysis.language import using

COMMUNITY = vocabulary("community", ["floor_rate"])


def columns(**values: list[object]) -> UnitColumns:
    """Communities with these variables; None is a blank."""
    kinds = {"yesno": "boolean", "count": "Int64", "number": "Float64", "share": "Float64"}
    variables = schema.of_unit("community")
    units = pd.DataFrame(
        {id_: pd.array(cells, dtype=kinds[variables[id_].type]) for id_, cells in values.items()}
    )
    return UnitColumns(units, variables)


def answers(source: str, units: UnitColumns) -> list[bool | None]:
    """True, false or unknown for every unit."""
    found = truth(parse(source), units)
    return [
        True if yes else False if no else None
        for yes, no in zip(*map(np.atleast_1d, (found.true, found.false)), strict=True)
    ]


# --- what conditions say --------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "orgs", "expected"),
    [
        ("orgs >= 10", [9, 10, None, 0], [False, True, None, False]),
        ("orgs > 10", [10, 11], [False, True]),
        ("orgs <= 10", [10, 11, None], [True, False, None]),
        ("orgs < 10", [9, 10], [True, False]),
        ("orgs == 10", [9, 10, None], [False, True, None]),
        ("5 <= orgs < 10", [4, 5, 9, 10, None], [False, True, True, False, None]),
        ("not orgs >= 10", [9, 10, None], [True, False, None]),
        ("orgs >= 0", [None, 0], [True, True]),
        ("orgs < 0", [None], [False]),
        ("orgs - 3 >= 2", [4, 5], [False, True]),
        ("floor(orgs / 3) == 2", [5, 6, 8, 9], [False, True, True, False]),
        ("min(orgs, 5) >= 5", [4, 5, None], [False, True, None]),
        ("max(orgs, 5) >= 5", [0, None], [True, True]),
        ("0 * orgs == 0", [7, None], [True, True]),
        ("orgs * orgs >= 9", [2, 3, None], [False, True, None]),
        ("orgs >= 1_000", [999, 1000], [False, True]),
    ],
)
def test_condition(source, orgs, expected):
    assert answers(source, columns(orgs=orgs)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("linkage and orgs >= 5", [True, False, None, False, None, None]),
        ("linkage or orgs >= 5", [True, True, True, None, True, None]),
        ("not linkage", [False, True, None, None, False, None]),
    ],
)
def test_unknown_decides_only_when_it_matters(source, expected):
    units = columns(linkage=[True, False, None, None, True, None], orgs=[5, 5, 5, 4, None, None])
    assert answers(source, units) == expected


def test_variable_that_the_ledger_lacks_is_unknown():
    units = columns(orgs=[1, 2])
    assert answers("staff >= 1", units) == [None, None]
    assert answers("linkage", units) == [None, None]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("0.3 * 10 == 3", True),
        ("0.1 + 0.2 == 0.3", True),
        ("0.7 * 100 >= 70", True),
        ("0.07 * 100 == 7", True),
        ("1 / 3 * 3 == 1", True),
        ("2 - 0.7 == 1.3", True),
        ("floor(0.29 * 100) == 29", True),
        ("100 * 7 / 1000 < 0.7", False),
        ("1e2 == 100", True),
        ("9223372036854775807 + 1 > 9223372036854775807", True),
        ("1000000000000 * 1000000000000 * 1000000000000 > 1", True),
    ],
)
def test_numbers_are_exact(source, expected):
    assert answers(source, columns(orgs=[1])) == [expected]


@pytest.mark.parametrize(
    ("population", "area", "expected"),
    [
        *((3456, 345.6, [False]), (3456, 600, [True]), (6001, 600, [False]), (6001, 600.1, [True])),
        (None, 599.9, [False]),
        (None, 600, [None]),
        (6000, None, [None]),
    ],
)
def test_square_metres_per_thousand_residents(population, area, expected):
    units = columns(population=[population], facility_area=[area])
    assert answers("facility_area >= max(600, 100 * population / 1000)", units) == expected


def test_seventy_percent_of_a_float_is_seventy_percent():
    units = columns(base_pay_share=[0.7, 0.7000000000000001, 0.69, None])
    assert answers("base_pay_share == 0.7", units) == [True, True, False, None]


# --- what blanks may be ---------------------------------------------------------------


def test_blank_stays_within_the_range_of_its_variable():
    units = columns(functions=[None, 5], open_hours=[None, 24])
    assert answers("functions <= 5", units) == [True, True]
    assert answers("functions > 5", units) == [False, False]
    assert answers("open_hours > 24", units) == [False, False]


def test_blank_part_is_at_most_its_whole():
    units = columns(certified_members=[None, None, None, 2], members=[1, None, 0, 2])
    assert answers("certified_members >= 2", units) == [False, None, False, True]
    assert answers("certified_members == 0", units) == [None, None, True, False]


def test_huge_figures_beside_small_fractions_do_not_overflow():
    variables = schema.of_unit("county")
    units = pd.DataFrame(
        {
            "waste_total": pd.array([123456789012345, 10], dtype="Float64"),
            "waste_utilised": pd.array([None, 0.000001], dtype="Float64"),
        }
    )
    found = number(parse("waste_utilised"), UnitColumns(units, variables))
    bounds = [Fraction(int(found.low[0]), found.scale), Fraction(int(found.high[0]), found.scale)]
    assert bounds == [0, 123456789012345]
    assert Fraction(int(found.high[1]), found.scale) == Fraction(1, 10**6)


def test_tiny_fractions_do_not_overflow_the_range():
    found = number(parse("open_hours"), columns(open_hours=[1e-18, None]))
    assert Fraction(int(found.low[0]), found.scale) == Fraction(1, 10**18)
    assert Fraction(int(found.high[1]), found.scale) == 24


def test_not_applicable_in_any_named_variable():
    units = columns(orgs=[1, None, 3], staff=[1, 2, None])
    units.units["orgs.not_applicable"] = [False, True, False]
    units.units["staff.not_applicable"] = [False, False, True]
    assert not_applicable(("orgs",), units).tolist() == [False, True, False]
    assert not_applicable(("orgs", "staff", "linkage"), units).tolist() == [False, True, True]
    assert not not_applicable((), units).any()


# --- properties -----------------------------------------------------------------------

#: Unknown numbers of one unit: from low, up to high (None: without limit), over a scale.
BLANKS = st.fixed_dictionaries(
    {
        name: st.tuples(
            st.integers(0, 40), st.one_of(st.none(), st.integers(0, 40)), st.sampled_from([1, 10])
        )
        for name in "abc"
    }
)
YESNO = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in "pq"})


class Unit:
    """One unit whose numbers and answers may be blanks."""

    def __init__(self, numbers, answers):
        self.numbers, self.answers = numbers, answers

    def interval(self, name):
        low, more, scale = self.numbers[name]
        high = low + (more or 0)
        return Interval(np.array([low]), np.array([high]), np.array([more is None]), scale)

    def truth(self, name):
        stated = self.answers[name]
        return Truth(np.array([stated is True]), np.array([stated is False]))

    def filled(self, data):
        """One way to fill the blanks."""
        filling = {}
        for name, (low, more, scale) in self.numbers.items():
            top = low + (1000 if more is None else more)
            filling[name] = Fraction(data.draw(st.integers(low, top)), scale)
        for name, stated in self.answers.items():
            filling[name] = data.draw(st.booleans()) if stated is None else stated
        return filling


# An expression is a pair: its text, and what it means as a plain Python function.
CONSTANTS = st.sampled_from(["0", "1", "7", "30", "0.3", "2.5", "0.001"]).map(
    lambda text: (text, lambda filling: Fraction(text))
)
NAMES = st.sampled_from("abc").map(lambda name: (name, lambda filling: filling[name]))


def two(left, right):
    """The ways to join two numbers."""
    (s, f), (t, g) = left, right
    return st.sampled_from(
        [
            (f"({s} + {t})", lambda x: f(x) + g(x)),
            (f"{s} * {t}", lambda x: f(x) * g(x)),
            (f"min({s}, {t})", lambda x: min(f(x), g(x))),
            (f"max({s}, {t})", lambda x: max(f(x), g(x))),
            (f"floor({s})", lambda x: Fraction(math.floor(f(x)))),
            (f"{s} / 3", lambda x: f(x) / 3),
        ]
    )


NUMBERS = st.recursive(
    CONSTANTS | NAMES,
    lambda parts: st.tuples(parts, parts).flatmap(lambda p: two(*p)),
    max_leaves=6,
)
DIFFERENCES = NUMBERS | NUMBERS.map(lambda e: (f"{e[0]} - 5", lambda x: e[1](x) - 5))


def compared(left, right):
    (s, f), (t, g) = left, right
    return st.sampled_from(
        [
            (f"{s} >= {t}", lambda x: f(x) >= g(x)),
            (f"{s} <= {t}", lambda x: f(x) <= g(x)),
            (f"{s} > {t}", lambda x: f(x) > g(x)),
            (f"{s} < {t}", lambda x: f(x) < g(x)),
            (f"{s} == {t}", lambda x: f(x) == g(x)),
            (f"1 <= {s} < {t}", lambda x: 1 <= f(x) < g(x)),
        ]
    )


def joined(left, right):
    (s, f), (t, g) = left, right
    return st.sampled_from(
        [
            (f"({s} and {t})", lambda x: f(x) and g(x)),
            (f"({s} or {t})", lambda x: f(x) or g(x)),
            (f"(not {s})", lambda x: not f(x)),
        ]
    )


COMPARISONS = st.tuples(DIFFERENCES, DIFFERENCES).flatmap(lambda pair: compared(*pair))
ANSWERS = st.sampled_from("pq").map(lambda name: (name, lambda filling: filling[name]))
CONDITIONS = st.recursive(
    COMPARISONS | ANSWERS,
    lambda parts: st.tuples(parts, parts).flatmap(lambda pair: joined(*pair)),
    max_leaves=4,
)


@given(NUMBERS, BLANKS, st.data())
def test_bounds_of_an_expression_hold_its_value_whatever_the_blanks_were(expression, blanks, data):
    source, meaning = expression
    unit = Unit(blanks, {})
    found = number(parse(source), unit)
    low, high, unlimited = (
        np.broadcast_to(part, 1)[0] for part in (found.low, found.high, found.open)
    )
    exact = meaning(unit.filled(data))
    assert Fraction(int(low), found.scale) <= exact
    assert unlimited or exact <= Fraction(int(high), found.scale)


@given(CONDITIONS, BLANKS, YESNO, st.data())
def test_no_filling_of_the_blanks_contradicts_an_answer(expression, blanks, stated, data):
    source, meaning = expression
    unit = Unit(blanks, stated)
    (found,) = answers(source, unit)
    if found is not None:
        assert found is meaning(unit.filled(data))


@given(CONDITIONS, BLANKS, YESNO)
def test_without_blanks_every_answer_is_known_and_exact(expression, numbers, stated):
    source, meaning = expression
    numbers = {name: (low, 0, scale) for name, (low, _, scale) in numbers.items()}
    stated = {name: answer is True for name, answer in stated.items()}
    filling = {name: Fraction(low, scale) for name, (low, _, scale) in numbers.items()} | stated
    assert answers(source, Unit(numbers, stated)) == [meaning(filling)]


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "",
        "orgs >=",
        "orgs >= >= 3",
        "(orgs",
        "orgs; staff",
        "orgs = 3",
        "import os",
        "orgs\nstaff",
        "1 2",
        "if orgs: 1",
        "orgs\x00",
        "lambda: (",
        "社区 社区",
        "\ud800",
        "'",
    ],
)
def test_what_is_no_expression_is_refused(source):
    with pytest.raises(ExpressionError, match="写法有误"):
        parse(source)


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "abs(orgs)",
        "__import__('os')",
        "print()",
        "orgs()",
        "(lambda: orgs)()",
        "lambda: orgs",
        "orgs.real",
        "county.orgs.real",
        "orgs.__class__",
        "().__class__",
        "orgs ** 2",
        "orgs // 2",
        "orgs % 2",
        "orgs @ staff",
        "orgs | staff",
        "orgs << 2",
        "-orgs",
        "+orgs",
        "~orgs",
        "orgs >= -1",
        "orgs != 3",
        "orgs is staff",
        "orgs in staff",
        "orgs not in staff",
        "(orgs := 3)",
        "[orgs]",
        "(orgs, staff)",
        "{orgs}",
        "{1: orgs}",
        "[x for x in orgs]",
        "(x for x in orgs)",
        "{x for x in orgs}",
        "orgs if linkage else staff",
        "orgs[0]",
        "orgs[0:1]",
        "'orgs'",
        'f"{orgs}"',
        "b'orgs'",
        "orgs >= '3'",
        "1j",
        "True",
        "linkage == True",
        "None",
        "...",
        "await orgs",
        "(yield)",
        "min(orgs)",
        "max()",
        "floor()",
        "floor(orgs, 2)",
        "min(*orgs)",
        "min(orgs, key=staff)",
        "max(orgs, default=3)",
        "communities()",
        "communities(orgs >= 3)",
        "communities(orgs, staff)",
        "total(3)",
        "orgs / 0",
        "orgs / 0.0",
        "orgs / staff",
        "1 / orgs",
        "orgs / (1 + 1)",
        "orgs - staff",
        "10 - orgs",
        "(orgs - 5) * staff",
        "staff * min(orgs - 5, 3)",
        "orgs >= 1e999",
    ],
)
def test_everything_else_of_python_is_refused(source):
    with pytest.raises(ExpressionError, match="不能用在条件里"):
        parse(source)
    with using("en"), pytest.raises(ExpressionError, match="cannot be used in a condition"):
        parse(source)


def test_part_that_is_refused_is_named():
    with pytest.raises(ExpressionError, match=r"^'orgs \*\* 2' 不能"):
        parse("linkage and orgs ** 2 >= 4")


@pytest.mark.parametrize(
    "source",
    [
        "(" * 300 + "orgs" + ")" * 300,
        "floor(" * 150 + "orgs" + ")" * 150,
        "not " * 900 + "linkage",
        " + ".join(["orgs"] * 900),
        " * ".join(["orgs"] * 20_000),
        "not " * 50_000 + "linkage",
        "max(1, " * 150 + "orgs" + ")" * 150,
    ],
    ids=lambda source: source[:9],
)
def test_very_deep_nesting_is_refused(source):
    with pytest.raises(ExpressionError):
        check(parse(source), COMMUNITY)


def test_as_many_terms_as_a_document_has_are_no_nesting():
    items = " + ".join(f"score_{item}" for item in range(1, 15))
    assert check(parse(items), COMMUNITY) == "number"
    many = " and ".join(["linkage"] * 200)
    assert check(parse(many), COMMUNITY) == "truth"
    assert len(demands(parse(many))) == 200


# --- names and kinds ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("orgs >= 10 and orgs < 20", ("orgs",)),
        ("facility_area >= max(600, 100 * population / 1000)", ("facility_area", "population")),
        ("wage >= county.average_wage", ("wage", "county.average_wage")),
        ("communities(governance_new) >= 2", ("communities(governance_new)",)),
        ("total(certified_members) > 3", ("total(certified_members)",)),
        ("3 >= 2", ()),
    ],
)
def test_names_of_an_expression(source, names):
    assert parse(source).names == names


@pytest.mark.parametrize(
    ("source", "unit", "kind"),
    [
        ("orgs", "community", "number"),
        ("orgs * floor_rate", "community", "number"),
        ("linkage", "community", "truth"),
        ("not (linkage or orgs >= 3)", "community", "truth"),
        ("wage >= county.average_wage", "community", "truth"),
        ("communities(governance_new) >= 2", "street", "truth"),
        ("total(certified_members)", "county", "number"),
    ],
)
def test_kind_of_an_expression(source, unit, kind):
    assert check(parse(source), vocabulary(unit, ["floor_rate"])) == kind


@pytest.mark.parametrize(
    ("source", "unit", "fragments"),
    [
        ("organisation", "community", ["'organisation'", "是否想写 'organisations'？"]),
        ("ogrs >= 3", "community", ["'ogrs'", "是否想写 'orgs'？"]),
        ("county.averagewage > 1", "community", ["是否想写 'county.average_wage'？"]),
        ("communities(governence_new) > 1", "street", ["是否想写 'communities(governance_new)'？"]),
        ("zzzzzz > 1", "community", ["台账里没有变量 'zzzzzz'"]),
        ("incubator", "community", ["没有变量 'incubator'"]),
        ("communities(orgs) > 1", "street", ["没有变量 'communities(orgs)'"]),
        ("total(linkage) > 1", "street", ["没有变量 'total(linkage)'"]),
        ("communities(linkage) > 1", "community", ["没有变量"]),
        ("name", "community", ["没有变量 'name'"]),
    ],
)
def test_unknown_name_is_an_error_with_the_nearest_one(source, unit, fragments):
    with pytest.raises(ExpressionError) as error:
        check(parse(source), vocabulary(unit))
    assert all(fragment in str(error.value) for fragment in fragments)


def test_without_a_near_name_none_is_suggested():
    with pytest.raises(ExpressionError) as error:
        check(parse("zzzzzz > 1"), COMMUNITY)
    assert "是否想写" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("linkage >= 3", "'linkage' 应为数值"),
        ("orgs and linkage", "'orgs' 应为条件"),
        ("not orgs", "'orgs' 应为条件"),
        ("linkage and 1", "'1' 应为条件"),
        ("(orgs > 1) + 1 > 2", "应为数值"),
        ("max(linkage, 1) > 0", "'linkage' 应为数值"),
        ("linkage == linkage", "'linkage' 应为数值"),
    ],
)
def test_numbers_and_conditions_do_not_stand_in_for_each_other(source, message):
    with pytest.raises(ExpressionError, match=message):
        check(parse(source), COMMUNITY)


# --- parts and words ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("linkage", ["linkage"]),
        ("linkage and orgs >= 10", ["linkage", "orgs >= 10"]),
        ("linkage and (orgs >= 1 and staff >= 2)", ["linkage", "orgs >= 1", "staff >= 2"]),
        ("linkage or orgs >= 10", ["linkage or orgs >= 10"]),
    ],
)
def test_demands_are_the_parts_that_must_all_hold(source, parts):
    assert [part.source for part in demands(parse(source))] == parts


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("orgs >= 10", "社区社会组织数 ≥ 10"),
        ("functions == 5", "功能达标项数 = 5"),
        ("organisations and convention", "组织健全 且 公约修订"),
        ("not linkage or orgs > 0", "非开展三社联动 或 社区社会组织数 > 0"),
        (
            "facility_area >= max(600, 100 * population / 1000)",
            "综合服务设施面积 ≥ 较大者(600，100 × 常住人口 ÷ 1000)",
        ),
        (
            "staff <= 12 + floor((households - 2000) / 300)",
            "专职社区工作者数 ≤ 12 + 取整((户数 − 2000) ÷ 300)",
        ),
        ("certified_members >= 0.8 * members", "持证成员数 ≥ 0.8 × 居村委会成员数"),
    ],
)
def test_expression_in_words(source, words):
    labels = {id_: variable.header for id_, variable in schema.of_unit("community").items()}
    assert in_words(parse(source), labels.__getitem__) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("(linkage or agency) and day_care", "(甲 或 乙) 且 丁"),
        ("linkage or agency and day_care", "甲 或 (乙 且 丁)"),
        ("not (linkage and agency)", "非(甲 且 乙)"),
        ("not linkage and agency", "非甲 且 乙"),
        ("3 * (orgs + 1) > 3", "3 × (戊 + 1) > 3"),
    ],
)
def test_words_keep_the_brackets_that_change_the_meaning(source, words):
    labels = {"linkage": "甲", "agency": "乙", "day_care": "丁", "orgs": "戊"}
    assert in_words(parse(source), labels.__getitem__) == words


def test_expressions_compare_and_print_by_their_source():
    assert parse("orgs >= 10") == parse("orgs >= 10") != parse("orgs >= 11")
    assert len({parse("orgs"), parse("orgs")}) == 1
    assert repr(parse("orgs >= 10")) == "parse('orgs >= 10')"
