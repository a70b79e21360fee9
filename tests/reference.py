"""A second, deliberately plain implementation of the rulebook: the oracle of the tests.

It was written from the rulebook alone and imports nothing of the package: pure
Python, exact fractions, dictionaries and loops, one unit at a time. Clarity
first; speed is irrelevant.

Values: a blank is `None`, 不适用 is `NA`, yes and no are `True` and `False`,
numbers are `int` or `Fraction`, dates are ISO text. What a condition says of a
unit is `True`, `False`, `None` (unknown) or `OUT` (out of scope).
"""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor

NA = "不适用"
OUT = "out of scope"
FIRST = "there is no previous date"

# ---------------------------------------------------------------- the ledger's columns

YESNO = [
    "linkage",
    "organisations",
    "convention",
    "consultation",
    "agency",
    "governance",
    "governance_new",
    "self_governance_demo",
    "consultation_demo",
    "day_care",
    "waste_sorting",
    "new_community",
    "incubator",
    "service_centre",
]
COUNTS = [
    "households",
    "population",
    "functions",
    "orgs",
    "orgs_new",
    "social_workers",
    "staff",
    "posts",
    "social_work_posts",
    "members",
    "certified_members",
    "party_workers",
    "police",
    "brand_groups_new",
    "consultation_points_new",
    "participants",
    "volunteer_leaders_new",
    "registered_orgs_new",
    "orgs_with_social_workers_new",
    "social_orgs",
    "brand_orgs",
    "brand_projects",
    "backbone",
    "backbone_trained",
    "departments_reduced",
    "meetings",
    "clinics",
    "clinics_green",
    "integrated_care",
]
NUMBERS = [
    "venue_area",
    "facility_area",
    "open_hours",
    "purchase",
    "service_fund",
    "work_fund",
    "wage",
    "visits_per_month",
    "funding",
    "average_wage",
    "waste_total",
    "waste_utilised",
    "waste_recovered",
]
POINTS = [5, 5, 8, 5, 10, 5, 5, 10, 8, 5, 8, 8, 8, 10]
SCORES = [f"score_{number}" for number in range(1, 15)]
MOST = {"open_hours": 24, "functions": 5, "base_pay_share": 1}
MOST |= dict(zip(SCORES, POINTS, strict=True))
WHOLE_OF = {  # a part cannot exceed its whole
    "orgs_new": "orgs",
    "social_work_posts": "posts",
    "certified_members": "members",
    "participants": "population",
    "backbone_trained": "backbone",
    "clinics_green": "clinics",
    "waste_utilised": "waste_total",
    "waste_recovered": "waste_total",
}
KEY = {"社区": "code", "街道": "street_code", "区县": "county_code", "评分": "code"}
LABELS = ["name", "street_code", "street", "county_code", "county", "settlement"]
SETTLEMENTS = {"城市社区": "urban", "农村社区": "rural", "其他": "other"}
YES = ["是", "有", "yes", "y", "true", "1", "√", "✓"]
NO = ["否", "无", "no", "n", "false", "0", "×", "✗"]
BLANK = ["", "-", "—", "未知", "待定"]
NOT_APPLICABLE = ["不适用", "n/a", "/"]


def parse(variable, cell):
    """The value of one cell; what is outside its type or range is a blank."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        cell = "是" if cell else "否"
    if isinstance(cell, float):
        cell = format(cell, ".15g")
    text = str(cell).strip().lower()
    if text in BLANK:
        return None
    if variable in ["code", "street_code", "county_code", "date", "name", "street", "county"]:
        return text[:10] if variable == "date" else text
    if text in NOT_APPLICABLE:
        return NA
    if variable == "settlement":
        return SETTLEMENTS.get(text, text if text in SETTLEMENTS.values() else None)
    if variable in YESNO:
        return True if text in YES else False if text in NO else None
    if variable in COUNTS + NUMBERS and text == "无":
        return Fraction(0)
    try:
        if variable == "base_pay_share" and text.endswith("%"):
            number = Fraction(Decimal(text[:-1])) / 100
        else:
            number = Fraction(Decimal(text))
    except InvalidOperation:
        return None
    if number < 0 or number > MOST.get(variable, number):
        return None
    if variable in COUNTS and number.denominator != 1:
        return None
    return number


def clean(sheet, rows):
    """Rule 5: parts within their wholes, one row per unit and date; {(key, date): row}."""
    groups = {}
    for given in rows:
        row = dict(given)
        for part, whole in WHOLE_OF.items():
            if is_number(row.get(part)) and is_number(row.get(whole)) and row[part] > row[whole]:
                row[part] = None
        group = groups.setdefault((row[KEY[sheet]], row["date"]), [])
        if row not in group:
            group.append(row)
    return {key: agreed(sheet, group) for key, group in groups.items()}


def agreed(sheet, group):
    """Of rows that conflict the variables are unknown; labels stand where none contradicts."""
    row = dict(group[0])
    if len(group) > 1:
        for variable in row:
            stated = {other[variable] for other in group} - {None}
            if variable in LABELS and len(stated) == 1:
                row[variable] = stated.pop()
            elif variable not in [KEY[sheet], "date"]:
                row[variable] = None
    return row


def is_number(value):
    return value is not None and value is not NA and not isinstance(value, (bool, str))


def settlement_of_name(name):
    """Rule 2, for a unit whose settlement type the ledger does not give."""
    bare, depth = "", 0
    for sign in name or "":
        if sign in "（(":
            depth += 1
        elif sign in "）)":
            depth = max(0, depth - 1)
        elif depth == 0:
            bare += sign
    if "虚拟" in bare or "生活区" in bare:
        return "other"
    urban = max(bare.rfind("居"), bare.rfind("社区"))
    rural = max(bare.rfind("村"), bare.rfind("嘎查"))
    if urban == rural:  # neither occurs
        return "other"
    return "urban" if urban > rural else "rural"


# ---------------------------------------------------------------- what is known, three-valued


def all_of(*answers):
    if False in answers:
        return False
    return None if None in answers else True


def yes(value):
    return value


def at_least(value, threshold, whole=None):
    """`value` >= `threshold`; a blank part is at most its known whole."""
    if value is None:
        return False if whole is not None and whole < threshold else None
    return value >= threshold


def above(value, threshold):
    return None if value is None else value > threshold


def equals(value, wanted):
    return None if value is None else value == wanted


def between(value, least, most):
    """Both ends included."""
    return None if value is None else least <= value <= most


def at_least_two(answers):
    """A count of communities in a street; `OUT` ones have left the count."""
    sure = sum(answer is True for answer in answers)
    open_ = sum(answer is None for answer in answers)
    if sure >= 2:
        return True
    return False if sure + open_ < 2 else None


def facility_changzhou(area, residents):
    if area is None:
        return None
    if area < 600:
        return False
    return None if residents is None else area >= max(600, Fraction(100) * residents / 1000)


def facility_lishui(area, households):
    if area is None:
        return None
    if area < 350:
        return False
    return None if households is None else area >= max(350, Fraction(30) * households / 100)


def staff_inside(staff, households, step):
    if staff is None:
        return None
    if staff < 6:
        return False
    if staff <= 12:  # the ceiling is never below 12
        return True
    if households is None:
        return None
    return staff <= 12 + floor(Fraction(max(0, households - 2000), step))


def rate_of(county):
    """Lishui: 10 in the city proper (莲都区), 5 in the counties."""
    return 10 if county == "331102" else 5


def work_fund_reached(fund, households, county, cap=None):
    """A cap is never below the amount for 3000 households."""
    rate = Fraction(rate_of(county))
    if households is None:  # without households nothing is due; with many, very much or the cap
        return True if None not in (fund, cap) and fund >= cap else None
    need = rate * households / 1000
    if need == 0:
        return True  # a fund is never negative
    if fund is None:
        return None
    if households <= 3000:
        return fund >= need
    if cap is not None:
        return fund >= min(need, cap)
    if fund >= need:
        return True
    return False if fund < rate * 3 else None


def score_range(items):
    known = sum(item for item in items if item is not None)
    return known, known + sum(
        most for item, most in zip(items, POINTS, strict=True) if item is None
    )


def is_model(items):
    least, most = score_range(items)
    return True if least >= 95 else False if most < 95 else None


def is_qualified(items):
    least, most = score_range(items)
    if least >= 90 and most < 95:
        return True
    return False if most < 90 or least >= 95 else None


def risen(now, before):
    """Growth. No previous date: unknown. Nothing is below 0, so 0 never grew."""
    if before is FIRST or now is None:
        return None
    if now == 0:
        return False
    return None if before is None else now > before


def reaches_by_itself(part, whole, threshold):
    """The readings `each`; who has no whole has no rate."""
    if whole == 0:
        return OUT
    if part is None or whole is None:
        return None
    return part >= threshold * whole


def product(one, other):
    """0 times a blank is 0."""
    if one == 0 or other == 0:
        return Fraction(0)
    return None if one is None or other is None else one * other


# ---------------------------------------------------------------- the five rulebooks
#
# One line per reading: a measure over units, the variables of the condition
# (不适用 in any of them takes a unit out) and the condition over their values.


def share(unit, variables, condition, needs=None):
    return {
        "measure": "share",
        "unit": unit,
        "variables": variables.split(),
        "condition": condition,
        "needs": needs,
    }


def growth(unit, variable, needs=None):
    return {
        "measure": "share",
        "unit": unit,
        "variables": [variable, "before:" + variable],
        "condition": risen,
        "needs": needs,
    }


def of_street(variable):
    """Share of streets with at least two communities where `variable` is yes."""
    return {"measure": "share", "unit": "street", "two": variable}


def mean(unit, variable):
    return {"measure": "mean", "unit": unit, "variables": [variable]}


def ratio(unit, part, whole, scale=1):
    return {
        "measure": "ratio",
        "unit": unit,
        "variables": [part, whole],
        "part": lambda p, w: p,
        "whole": lambda p, w: w,
        "bounded": WHOLE_OF.get(part) == whole,
        "scale": scale,
    }


def each(unit, part, whole, threshold):
    return share(unit, f"{part} {whole}", lambda p, w: reaches_by_itself(p, w, threshold))


def wage_ratio(unit):
    return {
        "measure": "ratio",
        "unit": unit,
        "variables": ["wage", "staff", "county:average_wage"],
        "part": lambda wage, staff, average: product(wage, staff),
        "whole": lambda wage, staff, average: product(average, staff),
        "bounded": False,
        "scale": 1,
    }


def total(variable):
    return {"measure": "total", "unit": "county", "variables": [variable]}


def target(name, level, milestones, primary, **readings):
    """`milestones`: (due, threshold) pairs; due None is standing; none at all is vague."""
    lines = []
    for reading, line in {"primary": primary, **readings}.items():
        lines.append(
            {
                "threshold": None,
                "from": None,
                **line,
                "target": name,
                "reading": reading.replace("_", "-"),
                "level": level,
                "milestones": milestones,
            }
        )
    return lines


def by(line, **changes):
    return {**line, **changes}


VAGUE = []


def standing(threshold):
    return [(None, Fraction(threshold))]


def due(*pairs):
    """`due("2020-12-31", "3/10", …)`."""
    return [
        (day, Fraction(threshold)) for day, threshold in zip(pairs[::2], pairs[1::2], strict=True)
    ]


def linked(name, level, milestones, unit, variables, condition, **more):
    """A "with linkage" row of Yuncheng and its reading `all-units`."""
    return target(
        name,
        level,
        milestones,
        share(unit, variables, condition, needs="linkage"),
        all_units=share(unit, variables, condition),
        **more,
    )


def yuncheng():
    first = due("2019-12-31", 1)
    second = due("2020-12-31", 1)
    both = first + second
    steps = due("2019-12-31", "1/5", "2020-12-31", "3/10")

    # What the pooled linkage has to live up to, by milestone: (scope, variables, condition).
    def every(*values):
        return all_of(*values)

    venue = ("urban", ["venue_area"], lambda x: at_least(x, 500))
    orgs_urban = ("urban", ["orgs"], lambda x: at_least(x, 10))
    orgs_rural = ("rural", ["orgs"], lambda x: at_least(x, 5))
    worker = ("community", ["social_workers"], lambda x: at_least(x, 1))
    standards = {
        "2019-12-31": [
            ("community", ["organisations", "convention", "consultation"], every),
            venue,
            ("community", ["functions"], lambda x: equals(x, 5)),
            orgs_urban,
            orgs_rural,
            worker,
            ("community", ["purchase"], lambda x: above(x, 0)),
        ],
        "2020-12-31": [
            ("community", ["convention"], yes),
            venue,
            orgs_urban,
            orgs_rural,
            worker,
        ],
    }
    linkage = share("community", "linkage", yes)
    lines = []
    lines += target(
        "linkage",
        "county",
        steps,
        linkage,
        rural=share("rural", "linkage", yes),
        urban=share("urban", "linkage", yes),
        to_standard=by(linkage, standards=standards),
    )
    lines += linked(
        "institutions",
        "county",
        first,
        "community",
        "organisations convention consultation",
        every,
    )
    lines += linked("convention", "county", second, "community", "convention", yes)
    lines += linked(
        "venue-urban",
        "county",
        both,
        "urban",
        "venue_area",
        lambda x: at_least(x, 500),
        all_settlements=by(
            share("community", "venue_area", lambda x: at_least(x, 500), needs="linkage"),
            **{"from": "2020-12-31"},
        ),
    )
    lines += target(
        "venue-rural",
        "county",
        VAGUE,
        growth("rural", "venue_area", needs="linkage"),
        all_units=growth("rural", "venue_area"),
    )
    lines += linked("functions", "county", first, "community", "functions", lambda x: equals(x, 5))
    lines += linked("orgs-urban", "county", both, "urban", "orgs", lambda x: at_least(x, 10))
    lines += linked("orgs-rural", "county", both, "rural", "orgs", lambda x: at_least(x, 5))
    lines += linked(
        "social-worker", "county", both, "community", "social_workers", lambda x: at_least(x, 1)
    )
    lines += linked("purchase", "county", first, "community", "purchase", lambda x: above(x, 0))
    lines += target(
        "certification-growth",
        "county",
        VAGUE,
        {"measure": "share", "unit": "county", "sum": "certified_members"},
    )
    items = " ".join("score:" + item for item in SCORES)
    lines += target("score-model", None, VAGUE, share("community", items, lambda *x: is_model(x)))
    lines += target(
        "score-qualified", None, VAGUE, share("community", items, lambda *x: is_qualified(x))
    )
    return lines


def changzhou():
    def by_2020(threshold):
        return due("2020-12-31", threshold)

    def with_each(name, unit, part, whole, threshold):
        return target(
            name,
            "county",
            by_2020(threshold),
            ratio(unit, part, whole),
            each=by(each(unit, part, whole, Fraction(threshold)), threshold=Fraction(1)),
        )

    return [
        *target("incubators", "county", by_2020("1/2"), share("street", "incubator", yes)),
        *with_each("posts-urban", "urban", "social_work_posts", "posts", "3/10"),
        *with_each("posts-rural", "rural", "social_work_posts", "posts", "1/5"),
        *target(
            "facility",
            "county",
            by_2020(1),
            share("community", "facility_area population", facility_changzhou),
            coverage=share("community", "facility_area", lambda x: above(x, 0)),
        ),
        *target("service-centre", "county", by_2020(1), share("street", "service_centre", yes)),
        *target(
            "open-hours",
            "county",
            VAGUE,
            share("community", "open_hours", lambda x: at_least(x, 8)),
        ),
        *target("orgs-urban", "county", by_2020(10), mean("urban", "orgs")),
        *target("orgs-rural", "county", by_2020(5), mean("rural", "orgs")),
        *with_each("certified-urban", "urban", "certified_members", "members", "4/5"),
        *with_each("certified-rural", "rural", "certified_members", "members", "1/2"),
    ]


def yangquan():
    def each_year(threshold):
        return due("2016-06-30", threshold, "2017-06-30", threshold, "2018-06-30", threshold)

    def by_2018(threshold):
        return due("2018-06-30", threshold)

    def new(name, unit, variable, least):
        line = share(unit, variable, lambda x: at_least(x, least))
        return target(name, "county", each_year(1), line)

    def tier(condition):
        return share("community", "facility_area", lambda x: None if x is None else condition(x))

    return [
        *target("governance-street", "county", each_year(1), of_street("governance_new")),
        *target("governance-all", "county", by_2018(1), share("community", "governance", yes)),
        *target("burden-reduction", "county", due("2017-06-30", 11), total("departments_reduced")),
        *target(
            "participation",
            "county",
            standing("1/2"),
            ratio("community", "participants", "population"),
            each=by(
                each("community", "participants", "population", Fraction(1, 2)),
                threshold=Fraction(1),
            ),
        ),
        *new("brand-groups", "community", "brand_groups_new", 1),
        *target("self-governance-demo", "county", each_year(1), of_street("self_governance_demo")),
        *new("consultation-points", "community", "consultation_points_new", 1),
        *target("consultation-demo", "county", each_year(1), of_street("consultation_demo")),
        *target(
            "facility-ratio",
            "county",
            by_2018(50),
            ratio("community", "facility_area", "households", 100),
        ),
        *target(
            "facility-tiers",
            "county",
            VAGUE,
            tier(lambda x: x <= 200),
            to_500=tier(lambda x: 200 < x <= 500),
            to_2000=tier(lambda x: 500 < x < 2000),
            to_5000=tier(lambda x: 2000 <= x < 5000),
            over_5000=tier(lambda x: x >= 5000),
        ),
        *target(
            "new-orgs",
            "county",
            each_year(1),
            by(
                share("community", "orgs_new orgs", lambda new, orgs: at_least(new, 4, orgs)),
                only_first_na=True,  # the condition is on the part; the whole merely bounds it
            ),
        ),
        *target(
            "orgs-per-10k",
            "county",
            by_2018(20),
            ratio("county", "social_orgs", "population", 10000),
        ),
        *new("registered-orgs", "street", "registered_orgs_new", 2),
        *target("brand-orgs", "county", by_2018(50), total("brand_orgs")),
        *target("social-workers", "county", by_2018(2), mean("community", "social_workers")),
        *new("orgs-with-social-workers", "street", "orgs_with_social_workers_new", 3),
        *new("volunteer-leaders", "community", "volunteer_leaders_new", 10),
        *target("day-care", "county", by_2018(1), share("community", "day_care", yes)),
        *target("meetings", "county", each_year(4), total("meetings")),
        *target("visits", "county", standing(2), total("visits_per_month")),
        *target("funding-growth", "county", each_year(1), growth("county", "funding")),
    ]


def lishui():
    def both_settlements(name, level, milestones, make):
        return target(name, level, milestones, make("urban"), all_settlements=make("community"))

    def staff(unit, step):
        return share(unit, "staff households", lambda s, h: staff_inside(s, h, step))

    return [
        *target(
            "orgs-urban",
            "city",
            due("2020-12-31", 1),
            share("urban", "orgs", lambda x: at_least(x, 15)),
        ),
        *target(
            "orgs-rural",
            "city",
            due("2020-12-31", 1),
            share("rural", "orgs", lambda x: at_least(x, 5)),
            mean=by(mean("rural", "orgs"), threshold=Fraction(5)),
        ),
        *target("agency-urban", "city", VAGUE, share("urban", "agency", yes)),
        *target("agency-rural", "city", due("2020-12-31", "1/3"), share("rural", "agency", yes)),
        *target(
            "staff",
            "county",
            standing(1),
            staff("urban", 300),
            strict=staff("urban", 400),
            all_settlements=staff("community", 300),
        ),
        *target(
            "facility",
            "city",
            standing(1),
            share("community", "facility_area households", facility_lishui),
        ),
        *both_settlements(
            "service-fund",
            "county",
            standing(1),
            lambda unit: share(
                unit,
                "service_fund unit:county",
                lambda fund, county: at_least(fund, rate_of(county)),
            ),
        ),
        *both_settlements(
            "work-fund",
            "county",
            standing(1),
            lambda unit: share(
                unit, "work_fund households unit:county unit:cap", work_fund_reached
            ),
        ),
        *target(
            "wage",
            "county",
            standing(1),
            wage_ratio("urban"),
            # The whole of a community is average_wage × staff: without staff there is no rate.
            each=by(each("urban", "wage", "county:average_wage", 1), without="staff"),
            all_settlements=wage_ratio("community"),
        ),
        *both_settlements(
            "base-pay",
            "county",
            standing(1),
            lambda unit: share(unit, "base_pay_share", lambda x: equals(x, Fraction(7, 10))),
        ),
        *both_settlements(
            "party-worker",
            "county",
            standing(1),
            lambda unit: share(unit, "party_workers", lambda x: at_least(x, 1)),
        ),
        *target("police", "city", VAGUE, share("urban", "police", lambda x: at_least(x, 1))),
        *target(
            "new-community-size",
            "city",
            VAGUE,
            share("urban", "households", lambda x: between(x, 1500, 3000), needs="new_community"),
        ),
        *target(
            "green-channel",
            "city",
            due("2018-12-31", "4/5"),
            ratio("county", "clinics_green", "clinics"),
        ),
        *target(
            "integrated-care",
            "county",
            due("2018-12-31", 1),
            share("county", "integrated_care", lambda x: at_least(x, 3)),
        ),
        *target(
            "waste-utilisation",
            "city",
            due("2022-12-31", 1),
            ratio("county", "waste_utilised", "waste_total"),
        ),
        *target(
            "waste-recovery",
            "city",
            due("2022-12-31", "3/4"),
            ratio("county", "waste_recovered", "waste_total"),
        ),
        *target("waste-sorting", "city", VAGUE, share("rural", "waste_sorting", yes)),
    ]


def liaoning():
    def steps(first, second):
        return due("2021-12-31", first, "2022-12-31", second, "2023-12-31", 1)

    def by_2023(threshold):
        return due("2023-12-31", threshold)

    return [
        *target(
            "orgs-urban",
            "province",
            steps("2/5", "4/5"),
            share("urban", "orgs", lambda x: at_least(x, 10)),
        ),
        *target(
            "orgs-rural",
            "province",
            steps("1/4", "7/10"),
            share("rural", "orgs", lambda x: at_least(x, 3)),
        ),
        *target(
            "backbone-training",
            "province",
            by_2023(1),
            ratio("county", "backbone_trained", "backbone"),
        ),
        *target("brand-orgs", "province", by_2023(50), total("brand_orgs")),
        *target("brand-projects", "province", by_2023(80), total("brand_projects")),
    ]


POLICIES = {
    "yuncheng-2019": {"area": "1408", "except": [], "lines": yuncheng()},
    "changzhou-2018": {"area": "3204", "except": ["320481"], "lines": changzhou()},
    "yangquan-2015": {"area": "140302", "except": [], "lines": yangquan()},
    "lishui-2018": {"area": "3311", "except": [], "lines": lishui()},
    "liaoning-2021": {"area": "21", "except": [], "lines": liaoning()},
}

# ---------------------------------------------------------------- one snapshot


class Snapshot:
    """The units of the frame at one date, and the values the ledger has of them."""

    def __init__(self, frame, ledger, date, before, caps):
        self.sheets = ledger
        self.date, self.before, self.caps = date, before, caps
        rows = ledger["社区"]
        if frame is None:
            frame = [(code, row.get("name")) for (code, day), row in rows.items() if day == date]
        self.communities = []
        for code, name in frame:
            row = rows.get((code, date), {})
            given = row.get("settlement")
            self.communities.append(
                {
                    "kind": "community",
                    "sheet": "社区",
                    "code": code,
                    "county": code[:6],
                    "settlement": given
                    if given in ["urban", "rural", "other"]
                    else settlement_of_name(name),
                }
            )
        self.streets, self.counties = [], []
        for code in sorted({unit["code"][:9] for unit in self.communities}):
            self.streets.append(
                {"kind": "street", "sheet": "街道", "code": code, "county": code[:6]}
            )
        for code in sorted({unit["county"] for unit in self.communities}):
            self.counties.append({"kind": "county", "sheet": "区县", "code": code, "county": code})

    def cell(self, sheet, code, date, variable):
        return self.sheets.get(sheet, {}).get((code, date), {}).get(variable)

    def value(self, unit, variable):
        """`variable` of `unit`, wherever it stands: its own sheet unless a prefix says so."""
        where, _, name = variable.rpartition(":")
        if where == "before":
            if self.before is None:
                return FIRST
            return self.cell(unit["sheet"], unit["code"], self.before, name)
        if where == "county":
            return self.cell("区县", unit["county"], self.date, name)
        if where == "score":
            return self.cell("评分", unit["code"], self.date, name)
        if where == "unit":
            return unit["county"] if name == "county" else self.cap(unit["county"])
        return self.cell(unit["sheet"], unit["code"], self.date, name)

    def cap(self, county):
        return self.caps.get(county, self.caps.get(None))

    def inhabited(self, street):
        """The urban and rural communities of a street."""
        return [
            unit
            for unit in self.communities
            if unit["code"][:9] == street["code"] and unit["settlement"] in ["urban", "rural"]
        ]

    def units(self, kind):
        """The units a measure counts."""
        if kind == "street":
            return [street for street in self.streets if self.inhabited(street)]
        if kind == "county":
            return self.counties
        wanted = ["urban", "rural"] if kind == "community" else [kind]
        return [unit for unit in self.communities if unit["settlement"] in wanted]


def answer(snapshot, line, unit, in_force):
    """`True`, `False`, `None` or `OUT`: what a share's condition says of one unit."""
    if "two" in line:
        counted = []
        for community in snapshot.inhabited(unit):
            said = snapshot.value(community, line["two"])
            if said is not NA:
                counted.append(said)
        return at_least_two(counted)
    if "sum" in line:
        return sum_risen(snapshot, unit, line["sum"])
    values = [snapshot.value(unit, variable) for variable in line["variables"]]
    if line.get("only_first_na"):
        if values[0] is NA:
            return OUT
        values = [None if value is NA else value for value in values]
    if NA in values or ("without" in line and snapshot.value(unit, line["without"]) == 0):
        return OUT
    said = line["condition"](*values)
    if said is OUT:
        return OUT
    if "standards" in line:
        return to_standard(snapshot, unit, said, line["standards"][in_force])
    if line["needs"] is not None:
        need = snapshot.value(unit, line["needs"])
        if need is NA or need is False:
            return OUT
        if need is None:
            return None
    return said


def sum_risen(snapshot, county, variable):
    """A county's sum over the communities known at both dates, against the date before."""
    now = before = pairs = 0
    for unit in snapshot.units("community"):
        if unit["county"] == county["code"]:
            today = snapshot.value(unit, variable)
            then = snapshot.value(unit, "before:" + variable)
            if is_number(today) and is_number(then):
                pairs += 1
                now += today
                before += then
    return now > before if pairs else None


def to_standard(snapshot, unit, linkage, standards):
    answers = [linkage]
    for scope, variables, condition in standards:
        if scope not in ["community", unit["settlement"]]:
            continue
        values = [snapshot.value(unit, variable) for variable in variables]
        if NA not in values:
            answers.append(condition(*values))
    return all_of(*answers)


# ---------------------------------------------------------------- the figures of one area


def blank_row():
    return dict.fromkeys(["value", "lower", "upper", "verdict", "shortfall"])


def over(numerator, denominator):
    return None if denominator == 0 else Fraction(numerator) / denominator


def figures_of_share(answers, threshold):
    passes = sum(said is True for said in answers)
    unknown = sum(said is None for said in answers)
    everyone = len(answers)
    row = blank_row()
    row.update(numerator=passes, denominator=everyone, unknown=unknown)
    row["out"] = everyone == 0
    row["value"] = over(passes, everyone - unknown)
    row["lower"] = over(passes, everyone)
    row["upper"] = over(passes + unknown, everyone)
    if threshold is not None:
        row["shortfall"] = max(0, ceil(threshold * everyone) - passes)
    return row


def figures_of_mean(values, threshold):
    known = [value for value in values if value is not None]
    row = blank_row()
    row.update(numerator=sum(known), denominator=len(values), unknown=len(values) - len(known))
    row["out"] = len(values) == 0
    row["value"] = over(sum(known), len(known))
    row["lower"] = over(sum(known), len(values))
    row["upper"] = row["lower"] if row["unknown"] == 0 else None
    if threshold is not None:
        row["shortfall"] = max(0, ceil(threshold * len(values) - sum(known)))
    return row


def figures_of_total(values, threshold):
    known = [value for value in values if value is not None]
    row = blank_row()
    row.update(numerator=sum(known), denominator=len(values), unknown=len(values) - len(known))
    row["out"] = len(values) == 0
    row["value"] = sum(known) if known else None
    row["lower"] = sum(known)
    row["upper"] = sum(known) if row["unknown"] == 0 else None
    if threshold is not None:
        row["shortfall"] = max(0, ceil(threshold - sum(known)))
    return row


def figures_of_ratio(pairs, bounded, scale, threshold):
    both = [(part, whole) for part, whole in pairs if part is not None and whole is not None]
    wholes_known = all(whole is not None for part, whole in pairs)
    row = blank_row()
    row["numerator"] = sum(part for part, whole in both)
    row["denominator"] = sum(whole for part, whole in both)
    row["unknown"] = len(pairs) - len(both)
    row["value"] = over(row["numerator"] * scale, row["denominator"])
    row["out"] = len(pairs) == 0
    if wholes_known:
        wholes = sum(whole for part, whole in pairs)
        least = sum(part for part, whole in pairs if part is not None)
        if wholes == 0:
            row["out"] = True
        else:
            row["lower"] = over(least * scale, wholes)
            if row["unknown"] == 0:
                row["upper"] = row["lower"]
            elif bounded:
                most = least + sum(whole for part, whole in pairs if part is None)
                row["upper"] = over(most * scale, wholes)
            if threshold is not None:
                row["shortfall"] = max(0, ceil(threshold * wholes / scale - least))
    return row


def observed(snapshot, line, in_force):
    """The units in scope with what the measure takes of each: an answer, a number or a pair."""
    result = []
    for unit in snapshot.units(line["unit"]):
        if line["measure"] == "share":
            said = answer(snapshot, line, unit, in_force)
        else:
            values = [snapshot.value(unit, variable) for variable in line["variables"]]
            if NA in values:
                said = OUT
            elif line["measure"] == "ratio":
                said = (line["part"](*values), line["whole"](*values))
            else:
                said = values[0]
        if said is not OUT:
            result.append((unit["code"], said))
    return result


def figures(line, units, area, threshold):
    """Rules 10 to 16 for the units of one area."""
    here = [said for code, said in units if code.startswith(area)]
    if line["measure"] == "share":
        row = figures_of_share(here, threshold)
    elif line["measure"] == "mean":
        row = figures_of_mean(here, threshold)
    elif line["measure"] == "total":
        row = figures_of_total(here, threshold)
    else:
        row = figures_of_ratio(here, line["bounded"], line["scale"], threshold)
    if row.pop("out"):
        row.update(value=None, lower=None, upper=None, shortfall=None, verdict="not_applicable")
    elif threshold is None:
        row["verdict"] = "no_threshold"
    elif row["lower"] is not None and row["lower"] >= threshold:
        row["verdict"] = "met"
    elif row["upper"] is not None and row["upper"] < threshold:
        row["verdict"] = "not_met"
    else:
        row["verdict"] = "undetermined"
    row["threshold"] = threshold
    return row


def milestone(milestones, date):
    """Rule 8: the first one not yet past, after the last the last."""
    if not milestones:
        return None, None
    if milestones[0][0] is None:
        return milestones[0]
    for day, threshold in milestones:
        if date <= day:
            return day, threshold
    return milestones[-1]


LEVELS = {"street": 9, "county": 6, "city": 4, "province": 2}


def binds(policy, level, wanted, area):
    if level != wanted or area in policy["except"]:
        return False
    return area.startswith(policy["area"])


def evaluate(frame, ledger, policy_id, caps=None):
    """{(target, reading, level, area code, date): row} for every snapshot.

    `frame` is a list of (code, name) or None, `ledger` a dict of sheets, each a
    list of rows of parsed values. `caps` gives Lishui's local caps by county
    (None: everywhere).
    """
    policy = POLICIES[policy_id]
    sheets = {sheet: clean(sheet, rows) for sheet, rows in ledger.items()}
    dates = sorted({date for _, date in sheets["社区"]})
    result = {}
    for date, before in zip(dates, [None, *dates], strict=False):
        snapshot = Snapshot(frame, sheets, date, before, caps or {})
        for line in policy["lines"]:
            day, threshold = milestone(line["milestones"], date)
            if line["from"] is not None and day < line["from"]:
                continue
            if line["threshold"] is not None:
                threshold = line["threshold"]
            units = observed(snapshot, line, day)
            for level, digits in LEVELS.items():
                if level == "street" and line["unit"] == "county":
                    continue
                for area in sorted({unit["code"][:digits] for unit in snapshot.communities}):
                    row = figures(line, units, area, threshold)
                    row["due"] = day
                    row["binding"] = binds(policy, level, line["level"], area)
                    result[line["target"], line["reading"], level, area, date] = row
    verdicts = {}
    for (name, _, *place), row in result.items():
        if row["verdict"] != "not_applicable":
            verdicts.setdefault((name, *place), set()).add(row["verdict"])
    for (name, _, *place), row in result.items():
        row["stable"] = len(verdicts.get((name, *place), ())) <= 1
    return result
