"""Simulated ledgers: the same everywhere, plausible, imperfect, and marked as simulated."""

import datetime as dt

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sanlian_analysis import schema
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.simulate import Note, simulate, workbook, write_workbook
from sanlian_analysis.simulate.draws import bell, rank, uniform
from sanlian_analysis.simulate.gaps import low_reporting
from sanlian_analysis.simulate.specification import specifications
from sanlian_analysis.simulate.values import Units, values

YEARS = [dt.date(2019, 12, 31), dt.date(2020, 12, 31)]
NOTE = Note(policy="yuncheng-2019", frame="data/frames/yuncheng.csv", seed=1, dates=YEARS)
EVERYTHING = {sheet: list(schema.measured(sheet)) for sheet in schema.KEYS}
STATES = ("orgs", "staff", "facility_area", "linkage")


def frame(counties: int = 4, each: int = 300) -> pd.DataFrame:
    """Every fourth unit urban, one of a hundred no community, the others villages."""
    rows = []
    for number in range(counties * each):
        county = f"1408{number // each + 1:02d}"
        street = f"{county}{number % each // 20 + 1:03d}"
        code = f"{street}{number % 20 + 1:03d}"
        kind = "other" if number % 100 == 99 else "urban" if number % 4 == 0 else "rural"
        rows.append((code, f"单位{number}", street, "某镇", county, "某县", "1408", "14", kind))
    columns = "code name street_code street county_code county city_code province_code settlement"
    return pd.DataFrame(rows, columns=columns.split())


def numbers(table: pd.DataFrame, header: str) -> pd.Series:
    """One column as numbers; yes is 1, no is 0, blank and 不适用 are NaN."""
    return pd.to_numeric(table[header].replace({"是": 1, "否": 0, "不适用": None}))


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(frame(), EVERYTHING, YEARS, seed=1)


@pytest.fixture(scope="module")
def small() -> dict[str, pd.DataFrame]:
    return simulate(frame(1, 120), {"社区": ["orgs"], "区县": ["funding"]}, YEARS, seed=1)


def reporting(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of communities outside the county that reports little."""
    counties = np.unique(frame()["county_code"].astype("uint64"))
    low = str(low_reporting(1, counties))
    return table[(table["区县代码"] != low) & (table["城乡类型"] != "其他")]


def test_same_arguments_give_the_same_tables_and_the_same_bytes(tables, tmp_path):
    again = simulate(frame(), EVERYTHING, YEARS, seed=1)
    for sheet in schema.KEYS:
        pd.testing.assert_frame_equal(tables[sheet], again[sheet])
    write_workbook(tables, tmp_path / "one.xlsx", note=NOTE)
    write_workbook(again, tmp_path / "two.xlsx", note=NOTE)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_another_seed_gives_other_figures():
    one, two = (simulate(frame(1, 40), {}, YEARS, seed)["社区"] for seed in (1, 2))
    assert one["户数"].tolist() != two["户数"].tolist()


def test_a_handful_of_cells_stays_what_it_was(tables):
    # Typed in from the first run. They are meant to hold under every version of
    # numpy and pandas and on every machine; change them only with the specification.
    table = tables["社区"]
    ids = ("households", "population", "venue_area", "orgs", "purchase", "linkage")
    wanted = [schema.sheet("社区")[id_].header for id_ in ids]
    assert table.loc[:3, wanted].to_numpy().tolist() == [
        [2657, 7224, 550, 12, 3.5, "否"],
        [118, 314, 240, 3, 0.3, "否"],
        [150, 396, 120, 2, 0.8, "否"],
        [214, None, 200, 3, 0.1, "否"],
    ]
    assert tables["街道"].iloc[0, 4:].tolist() == ["是", "是", 3, 4]
    assert tables["区县"].iloc[0, 3:10].tolist() == [306200, 580, 1, 0, 73, None, 11]
    assert tables["评分"].iloc[0, 3:9].tolist() == [5, 4.5, 7.5, 4.5, 9, 4.5]


def test_the_draws_are_fixed_for_good():
    # The same numbers, computed with Python's own integers: start = the first eight
    # bytes of sha256(b"1|x"), splitmix64(splitmix64(code * golden + start) + golden).
    codes = np.array([210102001002, 210102], dtype=np.uint64)
    assert uniform(1, "x", codes).tolist() == [
        (0xC2C1736E709BF89B >> 11) / 2**53,
        (0x5BBF7AD16171083D >> 11) / 2**53,
    ]


def test_draws_are_even_bells_are_bells_and_ranks_are_even():
    codes = np.arange(210102001001, 210102021001, dtype=np.uint64)
    even, bells = uniform(1, "x", codes), bell(1, "x", codes)
    assert even.min() >= 0
    assert even.max() < 1
    assert np.histogram(even, 10, (0, 1))[0] == pytest.approx(2000, rel=0.1)
    assert (bells.mean(), bells.std()) == pytest.approx((0, 1), abs=0.02)
    assert np.histogram(rank(bells), 10, (0, 1))[0] == pytest.approx(2000, rel=0.2)


def test_cells_depend_neither_on_other_units_nor_on_other_variables():
    units = frame()
    low = low_reporting(1, units["county_code"].astype("uint64").to_numpy())
    some = units[(np.arange(len(units)) % 3 == 0) | (units["county_code"] == str(low))]
    whole = simulate(units, {"社区": ["orgs", "staff"]}, YEARS, 1)["社区"]
    part = simulate(some, {"社区": ["staff"]}, YEARS[1:], 1)["社区"]
    same = whole[whole["社区代码"].isin(some["code"]) & (whole["统计时点"] == YEARS[1])]
    pd.testing.assert_frame_equal(part, same[part.columns].reset_index(drop=True))


@pytest.mark.parametrize("sheet", list(schema.KEYS))
def test_every_measured_variable_has_a_specification_and_nothing_else_has(sheet):
    kinds = {"state", "yearly", "increase", "part", "times", "usual"}
    lines = {id_: line for (where, id_), line in specifications().items() if where == sheet}
    assert lines.keys() == schema.measured(sheet).keys()
    for id_, (general, *others) in lines.items():
        assert general.area == "", id_
        assert {line.kind for line in (general, *others)} <= kinds, id_


@pytest.mark.parametrize("year", [2010, 2016, 2020, 2023, 2040])
def test_every_variable_stays_in_its_range_and_every_part_in_its_whole(year):
    code = np.arange(210102001001, 210102001301, dtype=np.uint64)
    for variable in schema.variables():
        if variable.id in schema.IDENTITY:
            continue
        for area in (0, 140302, 210102, 320402, 331102):
            county = np.full(300, area, dtype=np.uint64)
            units = Units(code, county, code % 2 == 0, code < 0)
            figures = values(5, variable.sheet, variable.id, units, dt.date(year, 6, 30))
            highest = 1 if variable.type == "yesno" else variable.maximum or np.inf
            assert np.all((figures >= 0) & (figures <= highest)), variable.id
            if variable.type in ("count", "yesno"):
                assert np.all(figures == np.rint(figures)), variable.id


def test_parts_never_exceed_their_wholes(tables):
    for variable in schema.variables():
        if variable.at_most:
            whole = schema.sheet(variable.sheet)[variable.at_most]
            table = tables[variable.sheet]
            part = numbers(table, variable.header)
            assert not (part > numbers(table, whole.header)).any(), variable.id


def test_columns_are_those_asked_for_in_the_order_of_the_list():
    made = simulate(frame(1, 40), {"社区": ["orgs"], "街道": ["incubator"]}, YEARS, 1)
    assert list(made) == ["社区", "街道"]
    assert ",".join(made["社区"].columns) == (
        "社区代码,社区名称,街道代码,街道乡镇,区县代码,区县,城乡类型,统计时点,户数,常住人口,社区社会组织数"
    )
    assert ",".join(made["街道"].columns) == "街道代码,街道乡镇,区县代码,统计时点,孵化培育基地"


def test_communities_are_there_even_when_nothing_is_asked_of_them():
    made = simulate(frame(1, 40), {"区县": ["funding"]}, YEARS, 1)
    assert list(made) == ["社区", "区县"]
    assert made["区县"]["区县代码"].tolist() == ["140801", "140801"]


@pytest.mark.parametrize("wrong", [{"社区": ["no_such"]}, {"社区": ["code"]}, {"市": ["orgs"]}])
def test_unknown_sheets_and_variables_are_refused(wrong):
    with pytest.raises(KeyError):
        simulate(frame(1, 10), wrong, YEARS, 1)


def test_rows_stand_date_by_date_in_the_order_of_the_frame(tables):
    table = tables["社区"]
    assert table["统计时点"].is_monotonic_increasing
    for date in YEARS:
        assert table.loc[table["统计时点"] == date, "社区代码"].is_monotonic_increasing
    assert not table.duplicated(["社区代码", "统计时点"]).any()


def test_cells_are_what_a_clerk_would_type(tables):
    table = tables["社区"]
    assert set(table["城乡类型"]) == {"城市社区", "农村社区", "其他"}
    assert set(table["开展三社联动"]) == {"是", "否", None}
    assert {type(cell) for cell in table["户数"]} == {int, type(None)}
    assert {type(cell) for cell in table["社区代码"]} == {str}
    assert {type(cell) for cell in table["统计时点"]} == {dt.date}
    shares = numbers(table, "基础工资占比").dropna()
    assert (shares == 0.7).mean() > 0.85
    outside = table[(table == "不适用").any(axis=1)]
    assert set(outside["城乡类型"]) == {"农村社区"}


def test_names_that_the_frame_does_not_have_stay_blank():
    nameless = frame(1, 10).assign(name=None, street=None, county=None)
    table = simulate(nameless, {}, YEARS[:1], 1)["社区"]
    assert set(table["社区名称"]) == {None}


def test_a_few_cells_are_blank_and_a_few_units_missing(tables):
    table = reporting(tables["社区"])
    measured = [variable.header for variable in schema.measured("社区").values()]
    rates = table[measured].isna().groupby(table["区县代码"]).mean().mean(axis=1)
    assert rates.between(0.03, 0.08).all()
    assert rates.max() - rates.min() > 0.005
    listed = 297 * 3 * len(YEARS)  # 300 units in each of three counties, 3 of them 其他
    assert 0.005 < 1 - len(table) / listed < 0.025


def test_one_county_reports_little(tables):
    units, table = frame(), tables["社区"]
    low = str(low_reporting(1, units["county_code"].astype("uint64").to_numpy()))
    share = table.groupby("区县代码").size() / (300 * len(YEARS))
    assert share[low] == pytest.approx(0.3, abs=0.06)
    assert share.drop(low).min() > 0.95
    assert table.loc[table["区县代码"] == low, "户数"].isna().mean() == pytest.approx(0.5, abs=0.1)


def test_a_frame_of_one_county_has_none_that_reports_little():
    assert low_reporting(1, np.array([140801, 140801], dtype=np.uint64)) is None
    assert len(simulate(frame(1), {}, YEARS[:1], 1)["社区"]) > 285


def test_units_that_are_no_communities_report_few_values(tables):
    table = tables["社区"]
    other = table[table["城乡类型"] == "其他"]
    assert len(other) > 0
    assert other.iloc[:, 8:].isna().mean().mean() > 0.75


def test_communities_progress_from_year_to_year(tables):
    table = reporting(tables["社区"])
    for id_ in STATES:
        header = schema.sheet("社区")[id_].header
        first, second = (
            numbers(table[table["统计时点"] == date].set_index("社区代码"), header).dropna()
            for date in YEARS
        )
        first, second = first.align(second, join="inner")
        assert second.mean() > first.mean(), id_
        assert (second >= first).mean() > 0.95, id_


def test_large_communities_have_more_and_linked_ones_are_better_organised(tables):
    table = reporting(tables["社区"])
    urban = table[table["城乡类型"] == "城市社区"]
    large = numbers(urban, "户数") > numbers(urban, "户数").median()
    staff = numbers(urban, "专职社区工作者数")
    assert staff[large].mean() > 1.15 * staff[~large].mean()
    sound = numbers(table, "公约修订")
    linked = table["开展三社联动"] == "是"
    assert sound[linked].mean() > 1.2 * sound[~linked].mean()


def test_what_is_new_this_year_is_what_the_stock_gained():
    units = frame(1)
    wanted = {"社区": ["orgs", "orgs_new", "governance", "governance_new"]}
    dates = [dt.date(2019, 12, 31), dt.date(2020, 12, 30)]  # 365 days apart
    table = simulate(units, wanted, dates, 1)["社区"]
    before, now = (table[table["统计时点"] == date].set_index("社区代码") for date in dates)
    for stock, new in (
        ("社区社会组织数", "本年新增社会组织数"),
        ("一委一居一站", "本年新建一委一居一站"),
    ):
        gained = (numbers(now, stock) - numbers(before, stock)).clip(lower=0)
        both = pd.concat([gained, numbers(now, new)], axis=1, join="inner").dropna()
        assert len(both) > 200
        assert (both.iloc[:, 0] == both.iloc[:, 1]).all()


def test_first_sheet_says_that_the_figures_are_simulated(small, tmp_path):
    write_workbook(small, tmp_path / "ledger.xlsx", note=NOTE)
    book = openpyxl.load_workbook(tmp_path / "ledger.xlsx")
    assert book.sheetnames == ["说明", "社区", "区县"]
    text = "\n".join(
        str(cell) for row in book["说明"].iter_rows(values_only=True) for cell in row if cell
    )
    for part in (
        "模拟数据",
        "SIMULATED DATA",
        "yuncheng-2019",
        "2019-12-31、2020-12-31",
        "\nyuncheng.csv",
    ):
        assert part in text


def test_every_cell_of_the_ledger_is_understood(tables, tmp_path):
    write_workbook(tables, tmp_path / "ledger.xlsx", note=NOTE)
    ledger = read_ledger(tmp_path / "ledger.xlsx")
    assert ledger.simulated
    assert ledger.dates == YEARS
    assert not [finding for finding in ledger.findings if finding.severity != "note"]


def test_workbook_reads_back_with_codes_as_text_and_dates_as_dates(tmp_path):
    table = simulate(frame(1, 10).assign(name="=1+1"), {"社区": ["orgs"]}, YEARS[:1], 1)
    write_workbook(table, tmp_path / "ledger.xlsx", note=NOTE)
    sheet = openpyxl.load_workbook(tmp_path / "ledger.xlsx")["社区"]
    code, name, date = sheet["A2"], sheet["B2"], sheet["H2"]
    assert (code.value, code.data_type, code.number_format) == ("140801001001", "s", "@")
    # A name that looks like a formula stays a name.
    assert (name.value, name.data_type) == ("=1+1", "s")
    assert (date.value, date.number_format) == (dt.datetime(2019, 12, 31), "yyyy-mm-dd")
    assert sheet.freeze_panes == "A2"


def test_a_failed_write_leaves_the_old_file_and_no_other(small, tmp_path):
    target = tmp_path / "ledger.xlsx"
    target.write_text("old")
    broken = {**small, "社区": pd.DataFrame({"户数": [object()]})}  # no cell can hold this
    with pytest.raises(TypeError):
        write_workbook(broken, target, note=NOTE)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.xlsx"]


def test_a_table_longer_than_a_worksheet_is_refused(small, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 100)
    with pytest.raises(SanlianError, match="社区"):
        write_workbook(small, tmp_path / "ledger.xlsx", note=NOTE)
    assert not list(tmp_path.iterdir())
