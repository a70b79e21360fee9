"""The results table as CSV, Excel and Parquet."""

import datetime as dt
import io
import os
import zipfile
from csv import reader

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.results import check_output, defused, results_csv, write_results

COLUMNS = (
    "policy target reading level area_code area date due numerator denominator unknown "
    "value lower upper threshold verdict binding stable shortfall clause assumed"
)
END_2020 = "2020-12-31"


def results(**changed: object) -> pd.DataFrame:
    """Two rows of a results table: a milestone that is met, and a vague target."""
    columns = {
        "policy": pd.Series(["liaoning-2021"] * 2, dtype="str"),
        "area_code": pd.Series(["210106", "2101"], dtype="str"),
        "area": pd.Series(["铁西区", None], dtype="str"),
        "date": pd.Series([END_2020] * 2, dtype="datetime64[s]"),
        "due": pd.Series([END_2020, None], dtype="datetime64[s]"),
        "numerator": pd.Series([3.0, 0.5]),
        "denominator": pd.Series([13, 0]),
        "value": pd.Series([3 / 13, np.nan]),
        "threshold": pd.Series([0.2, np.nan]),
        "binding": pd.Series([True, False]),
        "shortfall": pd.Series([0, None], dtype="Int64"),
        "assumed": pd.Series(["", ""], dtype="str"),
    }
    return pd.DataFrame(columns | changed)


# --- CSV ------------------------------------------------------------------------------


def test_csv_has_plain_words_iso_dates_full_precision_and_empty_for_empty():
    assert results_csv(results()).splitlines() == [
        "policy,area_code,area,date,due,numerator,denominator,value,threshold,binding,shortfall,assumed",
        "liaoning-2021,210106,铁西区,2020-12-31,2020-12-31,3,13,0.23076923076923078,0.2,true,0,",
        "liaoning-2021,2101,,2020-12-31,,0.5,0,,,false,,",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (1 / 3, "0.3333333333333333"),
        (3.0, "3"),
        (-2.0, "-2"),
        (-0.0, "0"),
        (1e15, "1000000000000000"),
        (2.5, "2.5"),
        (float("nan"), ""),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "Float64"])
def test_numbers_read_back_as_the_same_and_whole_ones_have_no_point(number, text, dtype):
    column = pd.Series([number, 1.5], dtype=dtype)
    assert results_csv(results(value=column)).splitlines()[1].split(",")[7] == text


@pytest.mark.parametrize("dtype", ["bool", "boolean"])
def test_truth_is_true_and_false_whatever_holds_it(dtype):
    lines = results_csv(results(binding=pd.Series([True, False], dtype=dtype))).splitlines()
    assert [line.split(",")[9] for line in lines[1:]] == ["true", "false"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("甲\r=1", "甲\r=1"),
        ("盐湖区", "盐湖区"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_names_that_a_spreadsheet_would_run_are_defused(text, shown):
    assert defused(text) == shown
    table = results(area=pd.Series([text, "x"], dtype="str"))
    _, row, _ = reader(io.StringIO(results_csv(table), newline=""))
    assert row[2] == shown.replace("\r", "\n")


def test_negative_numbers_are_no_formulas():
    assert "'" not in results_csv(results(value=pd.Series([-0.5, -1])))


def test_commas_quotes_and_line_breaks_in_names_are_quoted(tmp_path):
    names = ['甲,"乙"', "丙\n丁"]
    write_results(results(area=pd.Series(names, dtype="str")), tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert [row[2] for row in reader(stream)][1:] == names


def test_csv_file_is_utf8_with_unix_line_ends(tmp_path):
    write_results(results(), tmp_path / "r.csv")
    content = (tmp_path / "r.csv").read_bytes()
    assert content.decode("utf-8") == results_csv(results())
    assert b"\r" not in content


def test_empty_results_are_a_header():
    assert results_csv(results().head(0)).count("\n") == 1


def test_writing_leaves_the_results_as_they_were(tmp_path):
    table = results()
    for ending in (".csv", ".xlsx", ".parquet"):
        write_results(table, tmp_path / f"r{ending}")
    pd.testing.assert_frame_equal(table, results())


# --- Excel ----------------------------------------------------------------------------


def excel(table: pd.DataFrame, path) -> openpyxl.Workbook:
    write_results(table, path)
    return openpyxl.load_workbook(path)


def test_workbook_holds_numbers_dates_truth_and_text(tmp_path):
    book = excel(results(), tmp_path / "r.xlsx")
    assert book.sheetnames == ["results"]
    header, first, second = book["results"].iter_rows(values_only=True)
    day = dt.datetime(2020, 12, 31)
    assert header == tuple(results().columns)
    assert first == (
        *("liaoning-2021", "210106", "铁西区", day, day),
        *(3, 13, pytest.approx(3 / 13, rel=1e-15), 0.2, True, 0, None),
    )
    assert second == (
        *("liaoning-2021", "2101", None, day, None),
        *(0.5, 0, None, None, False, None, None),
    )
    assert first[9] is True
    assert book["results"]["D2"].number_format == "yyyy-mm-dd"


def test_truth_stays_truth_in_nullable_columns(tmp_path):
    column = pd.Series([True, None], dtype="boolean")
    sheet = excel(results(binding=column), tmp_path / "r.xlsx")["results"]
    assert [sheet["J2"].value, sheet["J3"].value] == [True, None]
    assert sheet["J2"].data_type == "b"


@pytest.mark.parametrize("name", ["=1+1", "=HYPERLINK('x')", "{=1}", "http://a.b", "12", "@x"])
def test_no_text_becomes_a_formula_a_link_or_a_number(tmp_path, name):
    sheet = excel(results(area=pd.Series([name, "x"], dtype="str")), tmp_path / "r.xlsx")["results"]
    assert (sheet["C2"].value, sheet["C2"].data_type, sheet["C2"].hyperlink) == (name, "s", None)
    with zipfile.ZipFile(tmp_path / "r.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_equal_results_are_equal_bytes(tmp_path):
    for name in ("a.xlsx", "b.xlsx", "a.parquet", "b.parquet", "a.csv", "b.csv"):
        write_results(results(), tmp_path / name)
    created = openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created
    assert created == dt.datetime(2000, 1, 1)  # and not the second in which it was made
    for ending in ("xlsx", "parquet", "csv"):
        one, other = (tmp_path / f"{name}.{ending}" for name in "ab")
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("attrs", "sheets"),
    [
        ({}, ["results"]),
        ({"simulated": False}, ["results"]),
        ({"simulated": True}, ["results", "说明"]),
    ],
)
def test_workbook_of_simulated_data_says_so(tmp_path, attrs, sheets):
    table = results()
    table.attrs = attrs
    book = excel(table, tmp_path / "r.xlsx")
    assert book.sheetnames == sheets
    if attrs.get("simulated"):
        assert "模拟数据" in book["说明"]["A1"].value


def test_workbook_of_no_results_has_a_header(tmp_path):
    sheet = excel(results().head(0), tmp_path / "r.xlsx")["results"]
    assert sheet.max_row == 1
    assert sheet["A1"].value == "policy"


# --- Parquet --------------------------------------------------------------------------


def test_parquet_gives_the_table_back(tmp_path):
    table = results()
    table.attrs = {"simulated": True}
    write_results(table, tmp_path / "r.parquet")
    back = pd.read_parquet(tmp_path / "r.parquet")
    # Parquet knows no whole seconds: dates come back in milliseconds
    pd.testing.assert_frame_equal(back.astype(table.dtypes), table)
    assert back.attrs == {"simulated": True}
    assert pd.api.types.is_datetime64_any_dtype(back["date"].dtype)
    assert back["binding"].dtype == bool


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["r.txt", "r", "r.xls", "r.csv.gz", "r.json", ".csv"])
def test_other_endings_are_refused_before_anything_is_written(tmp_path, name):
    for refuse in (check_output, lambda path: write_results(results(), path)):
        with using("en"), pytest.raises(SanlianError, match=r"use \.csv, \.xlsx, \.parquet"):
            refuse(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_failure_keeps_the_old_file(tmp_path, monkeypatch):
    write_results(results(), tmp_path / "r.csv")
    before = (tmp_path / "r.csv").read_bytes()
    monkeypatch.setattr("sanlian_analysis.results.results_csv", lambda table: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_results(results(), tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes() == before
    assert os.listdir(tmp_path) == ["r.csv"]


# --- a whole evaluation ---------------------------------------------------------------


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Three communities under the Liaoning document: one has enough, one not, one is blank."""
    path = tmp_path_factory.mktemp("ledger") / "台账.csv"
    rows = ["code,date,name,county,orgs"]
    for number, orgs in enumerate(("10", "9", ""), start=1):
        rows.append(f"21010600100{number},2021-12-31,甲社区,=铁西区,{orgs}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return evaluate(read_ledger(path), "liaoning-2021")


def test_results_table_has_its_columns_in_order(evaluated):
    assert list(evaluated.columns) == COLUMNS.split()


def test_evaluated_row_as_csv(evaluated):
    text = results_csv(evaluated)
    wanted = "liaoning-2021,orgs-urban,primary,county,210106,'=铁西区,2021-12-31,2021-12-31,"
    (line,) = [line for line in text.splitlines() if line.startswith(wanted)]
    # 1 of 3, one unknown; bounds 1/3 and 2/3 about 40 %; one more is needed
    figures = "1,3,1,0.5,0.3333333333333333,0.6666666666666666,0.4,undetermined,false,true,1,"
    assert line.removeprefix(wanted).startswith(figures)


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_every_kind_of_file_holds_the_same_figures(evaluated, tmp_path, ending):
    path = tmp_path / f"r{ending}"
    write_results(evaluated, path)
    if ending == ".csv":
        back = pd.read_csv(path)
    else:
        back = (
            pd.read_parquet(path)
            if ending == ".parquet"
            else pd.read_excel(path, engine="openpyxl")
        )
    assert list(back.columns) == COLUMNS.split()
    for column in ("numerator", "denominator", "value", "lower", "upper", "threshold"):
        pd.testing.assert_series_equal(back[column], evaluated[column], check_dtype=False)
    assert back["verdict"].tolist() == evaluated["verdict"].tolist()
    assert back["binding"].tolist() == evaluated["binding"].tolist()
