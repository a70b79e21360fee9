"""Cell for cell the same as the plain second implementation, on ledgers full of holes."""

import dataclasses
import datetime as dt
import random
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
import reference

from sanlian_analysis import schema
from sanlian_analysis.evaluation import VERDICTS, evaluate
from sanlian_analysis.frame import read_frame
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.simulate import Note, simulate, write_workbook

# One worker sees all comparisons, so that the last test can count what they covered.
pytestmark = pytest.mark.xdist_group("reference")

FRAMES = Path(__file__).parents[1] / "data" / "frames"

# Policy → frame, counties, snapshots: before, between, on and after the due dates.
CASES = {
    "yuncheng-2019": (
        "yuncheng",
        ["140802", "140821", "140881"],
        ["2019-06-30", "2019-12-31", "2020-12-31", "2021-12-31"],
    ),
    "changzhou-2018": ("changzhou", ["320402", "320412", "320481"], ["2019-12-31", "2021-03-31"]),
    "yangquan-2015": (
        "yangquan",
        ["140302"],
        ["2015-12-31", "2016-06-30", "2017-06-30", "2018-06-30"],
    ),
    "lishui-2018": (
        "lishui",
        ["331102", "331121", "331181"],
        ["2018-12-31", "2020-12-31", "2023-06-30"],
    ),
    "liaoning-2021": (
        "liaoning",
        ["210102", "210106", "210303"],
        ["2021-12-31", "2022-06-30", "2023-12-31"],
    ),
}
# Seed → how likely a cell is touched, and whether a frame is given.
RUNS = {1: (0.35, True), 2: (0.25, False), 3: (0.03, True)}

# Values at the edge of what the documents ask for.
EDGES = {
    "households": [0, 1, 1499, 1500, 2000, 2299, 2300, 2399, 2400, 3000, 3001, 5000],
    "population": [0, 1, 5999, 6000, 6001, 12000],
    "venue_area": [0, 499, 499.99, 500],
    "facility_area": [0, 200, 200.5, 349.9, 350, 500, 599.9, 600, 1999.9, 2000, 5000, 1500],
    "open_hours": [0, 7.9, 8, 24],
    "functions": [0, 4, 5],
    "orgs": [0, 2, 3, 4, 5, 9, 10, 14, 15],
    "orgs_new": [0, 3, 4],
    "social_workers": [0, 1, 2],
    "staff": [0, 5, 6, 12, 13, 14, 22],
    "posts": [0, 10],
    "social_work_posts": [0, 2, 3],
    "members": [0, 5, 10],
    "certified_members": [0, 4, 5, 8],
    "purchase": [0, 0.1, "无"],
    "service_fund": [0, 4.9, 5, 9.9, 10],
    "work_fund": [0, 5, 10, 14.9, 15, 20, 29.9, 30],
    "wage": [0, 60000.5],
    "average_wage": [0, 60000.5],
    "base_pay_share": [0, 0.7, "70%", 0.7000000000000001, 0.7001, 1],
    "participants": [0, 1, 3000],
    "social_orgs": [0, 40],
    "clinics": [0, 5],
    "clinics_green": [0, 4],
    "integrated_care": [0, 2, 3],
    "waste_total": [0, 100],
    "waste_utilised": [0, 100],
    "waste_recovered": [0, 74.9, 75],
    "funding": [0, 100, 100.5],
    "visits_per_month": [0, 1.9, 2],
    "departments_reduced": [10, 11],
    "meetings": [0, 3, 4],
    "brand_orgs": [0, 50],
    "brand_projects": [0, 79, 80],
    "backbone": [0, 20],
    "backbone_trained": [0, 20],
    "registered_orgs_new": [0, 1, 2],
    "orgs_with_social_workers_new": [2, 3],
}
BLANKS = [None, "-", "—", "未知", "待定", "", " "]
FAULTY = [-1, "三", 2.5, 99, 1.5, "70 %吗"]
NAMES = [
    "东街社区居委会",
    "西村村民委员会",
    "城中村社区居委会",
    "社区生活区",
    "红旗嘎查",
    "监狱虚拟社区",
    "管理区",
    "新居（北村）",
]


def some_units(frame, counties, rng):
    """A few streets of a few counties, at most twelve units of each."""
    parts = []
    for county in counties:
        there = frame[frame["county_code"] == county]
        streets = sorted(there["street_code"].unique())
        for street in rng.sample(streets, min(3, len(streets))):
            units = there[there["street_code"] == street]
            parts.append(units.sample(min(12, len(units)), random_state=rng.randrange(10**6)))
    return pd.concat(parts).sort_values("code", ignore_index=True)


def damaged(tables, rng, dense):
    """The same tables with blanks, 不适用, zeros, edges, faults, gaps and doubles.

    `dense`: how likely a cell is touched. Fewer holes, more verdicts.
    """
    result = {}
    for sheet, table in tables.items():
        ids = {variable.header: id_ for id_, variable in schema.sheet(sheet).items()}
        rows = []
        for row in table.to_dict("records"):
            if rng.random() < 0.03:
                continue  # a unit without a row
            row = {header: touched(ids[header], cell, rng, dense) for header, cell in row.items()}
            rows.append(row)
            if rng.random() < 0.02:
                rows.append(dict(row))
            elif rng.random() < 0.02:  # the same unit again, and something else is said
                rows.append({h: touched(ids[h], c, rng, 0.3) for h, c in row.items()})
        # Rows of units that are in no frame.
        for row in rng.sample(rows, min(2, len(rows))):
            key = schema.sheet(sheet)[schema.KEYS[sheet]].header
            digits = len(row[key])
            rows.append({**row, key: row[key][: digits - 3] + "987"})
        result[sheet] = pd.DataFrame(rows, columns=table.columns, dtype=object)
    return result


def touched(id_, cell, rng, dense):
    if id_ in ("code", "street_code", "county_code", "date", "street", "county"):
        return cell
    if rng.random() > dense:
        return cell
    if id_ == "name":
        return rng.choice(NAMES) if rng.random() < 0.2 else cell
    if id_ == "settlement":
        return rng.choice([None, "城市社区", "农村社区", "其他", "urban", cell, cell])
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(BLANKS)
    if kind < 0.3:
        return rng.choice(["不适用", "/", "N/A"])
    if kind < 0.35:
        return rng.choice(FAULTY)
    if id_ in EDGES:
        return rng.choice(EDGES[id_])
    if id_.startswith("score_"):
        most = schema.sheet("评分")[id_].maximum
        return rng.choice([most, most, most, most - 0.5, most - 1, 0])
    return rng.choice(["是", "否", "√", "无", 1, 0])


def parsed(tables):
    """The cells as the reference takes them: sheet → rows of values by English id."""
    result = {}
    for sheet, table in tables.items():
        ids = {variable.header: id_ for id_, variable in schema.sheet(sheet).items()}
        result[sheet] = [
            {ids[header]: reference.parse(ids[header], cell) for header, cell in row.items()}
            for row in table.to_dict("records")
        ]
    return result


def number(value):
    return None if value is None or pd.isna(value) else float(value)


def shown(row):
    """A row of the reference as the results table shows it."""
    due = row["due"]
    numbers = ["numerator", "denominator", "unknown", "value", "lower", "upper", "threshold"]
    return {
        "due": None if due is None else due,
        **{column: number(row[column]) for column in numbers},
        "shortfall": row["shortfall"],
        "verdict": row["verdict"],
        "binding": row["binding"],
        "stable": row["stable"],
    }


def computed(results):
    """The package's table in the same form."""
    rows = {}
    for row in results.to_dict("records"):
        key = tuple(row[c] for c in ("target", "reading", "level", "area_code"))
        key += (str(row["date"].date()),)
        assert key not in rows, f"two rows for {key}"
        numbers = ["numerator", "denominator", "unknown", "value", "lower", "upper", "threshold"]
        rows[key] = {
            "due": None if pd.isna(row["due"]) else str(row["due"].date()),
            **{column: number(row[column]) for column in numbers},
            "shortfall": None if pd.isna(row["shortfall"]) else int(row["shortfall"]),
            "verdict": row["verdict"],
            "binding": bool(row["binding"]),
            "stable": bool(row["stable"]),
        }
    return rows


def differences(found, expected):
    yield from (f"{key}: no such row expected" for key in found.keys() - expected.keys())
    yield from (f"{key}: the row is missing" for key in expected.keys() - found.keys())
    for key in found.keys() & expected.keys():
        for column, wanted in expected[key].items():
            if found[key][column] != wanted:
                yield f"{key} {column}: {found[key][column]!r}, expected {wanted!r}"


@pytest.fixture(scope="module")
def seen():
    return {}


@pytest.mark.parametrize("seed", RUNS)
@pytest.mark.parametrize("policy_id", CASES)
def test_every_cell_agrees(policy_id, seed, tmp_path, seen):
    rng = random.Random(f"{policy_id} {seed}")
    dense, with_frame = RUNS[seed]
    name, counties, dates = CASES[policy_id]
    units = some_units(read_frame(FRAMES / f"{name}.csv"), counties, rng)
    policy = load_policy(policy_id)
    days = [dt.date.fromisoformat(date) for date in dates]
    tables = simulate(units, variables_needed(policy), days, seed)
    tables = damaged(tables, rng, dense)
    path = tmp_path / "ledger.xlsx"
    write_workbook(tables, path, note=Note(policy_id, name, seed, days))

    found = computed(evaluate(read_ledger(path, units if with_frame else None), policy))
    frame = list(zip(units["code"], units["name"], strict=True)) if with_frame else None
    expected = reference.evaluate(frame, parsed(tables), policy_id)
    expected = {key: shown(row) for key, row in expected.items()}

    wrong = sorted(differences(found, expected))
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:20])
    for key, row in expected.items():
        seen.setdefault((policy_id, key[0]), set()).add(row["verdict"])


CAPS = {
    "everywhere": {None: 40},
    "two counties": {"331102": 40, "331121": "18.5"},
    "everywhere but one": {None: 35, "331121": 18},
    "one, and everywhere else": {"331121": 18, None: 35},
}


@pytest.mark.parametrize("caps", CAPS.values(), ids=CAPS.keys())
def test_every_cell_agrees_where_a_cap_is_assumed(caps, tmp_path):
    rng = random.Random("cap")
    name, counties, dates = CASES["lishui-2018"]
    units = some_units(read_frame(FRAMES / f"{name}.csv"), counties, rng)
    days = [dt.date.fromisoformat(dates[0])]
    tables = simulate(units, {"社区": ["households", "work_fund"]}, days, seed=1)
    tables = damaged(tables, rng, dense=0.4)
    path = tmp_path / "ledger.xlsx"
    write_workbook(tables, path, note=Note("lishui-2018", name, 1, days))

    policy = load_policy("lishui-2018")
    policy = dataclasses.replace(policy, targets=(policy.target("work-fund"),))
    written = [
        f"lishui-2018/work-fund.cap{'@' + county if county else ''}={cap}"
        for county, cap in caps.items()
    ]
    found = computed(evaluate(read_ledger(path, units), policy, assumptions=written))
    frame = list(zip(units["code"], units["name"], strict=True))
    exact = {county: Fraction(cap) for county, cap in caps.items()}
    expected = reference.evaluate(frame, parsed(tables), "lishui-2018", exact)
    expected = {key: shown(row) for key, row in expected.items() if key[0] == "work-fund"}
    assert not sorted(differences(found, expected))


def test_the_comparison_saw_every_target_and_every_verdict(seen):
    # Runs after the comparisons above; on its own there is nothing to see.
    if len({policy for policy, _ in seen}) < len(CASES):
        pytest.skip("only part of the comparisons ran here")
    assert set().union(*seen.values()) == set(VERDICTS)
    targets = {(id_, target.id) for id_ in CASES for target in load_policy(id_).targets}
    assert set(seen) == targets
