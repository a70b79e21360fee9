"""The shipped frames, ledgers and pictures are what the project's own commands make."""

import datetime as dt
import re
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

import sanlian_analysis as sl
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.simulate import Note, simulate, write_workbook

ROOT = Path(__file__).parents[1]
LEDGERS = {
    "yuncheng-2019": ["2019-12-31", "2020-12-31"],
    "liaoning-2021": ["2021-12-31", "2022-12-31", "2023-12-31"],
    "changzhou-2018": ["2018-12-31", "2019-12-31", "2020-12-31"],
    "yangquan-2015": ["2016-06-30", "2017-06-30", "2018-06-30"],
    "lishui-2018": ["2018-12-31", "2020-12-31", "2022-12-31"],
}


def recipe(policy):
    """Frame, seed and dates of the command in the Makefile that makes this ledger."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if f"simulate data/ledgers/{policy}" in line)
    return (
        re.search(r"--frame (\S+)", line).group(1),
        int(re.search(r"--seed (\d+)", line).group(1)),
        re.findall(r"--date (\S+)", line),
    )


@pytest.mark.parametrize("policy", LEDGERS)
def test_shipped_ledger_is_the_one_that_make_data_writes(policy, tmp_path):
    """Cell by cell, so that it holds with every version of numpy and XlsxWriter."""
    frame, seed, dates = recipe(policy)
    assert dates == LEDGERS[policy]
    rules = sl.load_policy(policy)
    days = [dt.date.fromisoformat(date) for date in dates]
    tables = simulate(sl.read_frame(ROOT / frame), variables_needed(rules), days, seed)
    fresh = tmp_path / "fresh.xlsx"
    write_workbook(tables, fresh, note=Note(policy=policy, frame=frame, seed=seed, dates=days))
    ours, again = (
        CalamineWorkbook.from_path(str(path))
        for path in (ROOT / "data" / "ledgers" / f"{policy}.xlsx", fresh)
    )
    assert ours.sheet_names == again.sheet_names
    for name in ours.sheet_names:
        assert ours.get_sheet_by_name(name).to_python() == again.get_sheet_by_name(name).to_python()


@pytest.mark.parametrize("policy", LEDGERS)
def test_shipped_ledger_reads_without_errors_and_says_simulated(policy):
    frame, _, dates = recipe(policy)
    ledger = sl.read_ledger(ROOT / "data" / "ledgers" / f"{policy}.xlsx", ROOT / frame)
    assert ledger.simulated
    assert [date.isoformat() for date in ledger.dates] == dates
    assert [finding for finding in ledger.findings if finding.severity == "error"] == []


def test_shipped_frames_know_the_two_counties_of_one_name():
    frame = sl.read_frame(ROOT / "data" / "frames" / "liaoning.csv")
    namesakes = frame[frame["county"] == "铁西区"].drop_duplicates("county_code")
    assert dict(zip(namesakes["county_code"], namesakes["city"], strict=True)) == {
        "210106": "沈阳市",
        "210303": "鞍山市",
    }
    assert frame["county_code"].nunique() == 100
    assert frame["city_code"].nunique() == 14
