"""The list of units that exist: settlement types from names, codes, names of areas."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from sanlian_analysis.codes import level_of, published_names
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.frame import COLUMNS, read_frame, settlement_of
from sanlian_analysis.language import using

SHIPPED = Path(__file__).parents[1] / "data" / "frames"

TWO_UNITS = "code,name\n140802001002,北村村委会\n140802001001,西花园社区居委会\n"


@pytest.fixture
def frame_of(tmp_path):
    """Read a frame from its text, or from bytes."""

    def read(content: str | bytes, name: str = "frame.csv") -> pd.DataFrame:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return read_frame(tmp_path / name)

    return read


# --- settlement type (rule 2) ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settlement"),
    [
        ("西花园社区居委会", "urban"),
        ("水源地社区", "urban"),
        ("新华街居委会", "urban"),
        ("北村村民委员会", "rural"),
        ("东方红嘎查", "rural"),
        ("东方红嘎查社区", "urban"),
        # whichever comes later
        ("张村社区居委会", "urban"),
        ("社区村村委会", "rural"),
        ("居仁村村委会", "rural"),
        ("某某村", "rural"),
        # slips, as they were published
        ("上庄村村民委会", "rural"),
        ("村村民委会", "rural"),
        ("幸福里居委会区", "urban"),
        ("居委会区", "urban"),
        # what stands in brackets tells nothing
        ("洛阳社区居委会（含洛阳村村委）", "urban"),
        ("洛阳村村委会(含洛阳社区居委会)", "rural"),
        ("上(田本)村村委会", "rural"),
        ("雕庄街道园区(管理区）", "other"),
        ("工业园区（含北村村委会）", "other"),
        ("某社区居委会【北村】", "urban"),
        ("某社区居委会〔北村〕[南村]", "urban"),
        ("某社区居委会（原（北村）村委会）", "urban"),
        # neither
        ("永济监狱虚拟社区", "other"),
        ("虚拟村", "other"),
        ("某矿生活区居委会", "other"),
        ("综合保税管理区", "other"),
        ("林场", "other"),
        ("", "other"),
    ],
)
def test_settlement_from_the_name(name, settlement):
    assert settlement_of(name) == settlement


@pytest.mark.parametrize(
    ("frame", "urban", "rural", "other"),
    [
        ("yuncheng", 222, 2164, 9),
        ("yangquan", 53, 12, 0),
        ("lishui", 169, 1839, 0),
        ("changzhou", 499, 541, 9),
        ("liaoning", 5071, 11532, 124),
    ],
)
def test_units_of_the_shipped_frames(frame, urban, rural, other):
    units = read_frame(SHIPPED / f"{frame}.csv")
    found = units["settlement"].value_counts()
    assert [found.get(kind, 0) for kind in ("urban", "rural", "other")] == [urban, rural, other]
    assert (
        len(units)
        == {
            "yuncheng": 2395,
            "yangquan": 65,
            "lishui": 2008,
            "changzhou": 1049,
            "liaoning": 16727,
        }[frame]
    )


@pytest.mark.parametrize(
    ("frame", "counties", "cities"),
    [("yuncheng", 13, 1), ("lishui", 9, 1), ("changzhou", 6, 1), ("liaoning", 100, 14)],
)
def test_areas_of_the_shipped_frames(frame, counties, cities):
    units = read_frame(SHIPPED / f"{frame}.csv")
    assert units["county_code"].nunique() == counties
    assert units["city_code"].nunique() == cities
    assert units.notna().all(axis=None)


def test_two_counties_of_one_name_stay_two():
    units = read_frame(SHIPPED / "liaoning.csv")
    assert set(units.loc[units["county"] == "铁西区", "county_code"]) == {"210106", "210303"}


# --- columns --------------------------------------------------------------------------


def test_every_code_is_the_head_of_the_one_below_and_units_are_sorted(frame_of):
    units = frame_of(TWO_UNITS)
    assert list(units.columns) == COLUMNS
    assert units["code"].tolist() == ["140802001001", "140802001002"]
    assert units.index.tolist() == [0, 1]
    first = units.iloc[0]
    codes = [f"{level}_code" for level in ("street", "county", "city", "province")]
    assert first[codes].tolist() == ["140802001", "140802", "1408", "14"]
    assert units["settlement"].tolist() == ["urban", "rural"]


def test_missing_city_and_province_names_come_from_the_published_list(frame_of):
    units = frame_of(TWO_UNITS)
    assert set(units["city"]) == {"运城市"}
    assert set(units["province"]) == {"山西省"}
    assert units[["street", "county"]].isna().all(axis=None)


def test_names_of_the_frame_go_before_the_published_ones(frame_of):
    units = frame_of(
        "code,name,street,county,city,province\n"
        "140802001001,甲社区,中城街道,盐湖区,河东市,\n"
        "140802001002,乙社区,,,,\n"
    )
    assert units["city"].tolist() == ["河东市", "运城市"]
    assert units["province"].tolist() == ["山西省", "山西省"]
    assert units["street"].isna().tolist() == [False, True]


def test_other_columns_are_left_out_and_the_settlement_is_that_of_the_name(frame_of):
    units = frame_of(
        "id,name,code,settlement,street_code\n1,北村村委会,140802001001,城市社区,999999999\n"
    )
    assert list(units.columns) == COLUMNS
    assert units.loc[0, ["settlement", "street_code"]].tolist() == ["rural", "140802001"]


def test_names_that_look_like_blanks_to_a_program_are_names(frame_of):
    units = frame_of("code,name\n140802001001,NA\n140802001002,null\n140802001003,\n")
    assert units["name"].tolist()[:2] == ["NA", "null"]
    assert units["name"].isna().tolist() == [False, False, True]
    assert set(units["settlement"]) == {"other"}


def test_space_around_headers_and_codes_is_nothing(frame_of):
    assert frame_of(" code , name\n 140802001001 ,甲社区\n")["code"].tolist() == ["140802001001"]


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("frame.csv", lambda text: text.encode("utf-8")),
        ("frame.csv", lambda text: text.encode("utf-8-sig")),
        ("frame.csv", lambda text: text.encode("gb18030")),
        ("frame.csv", lambda text: text.replace("\n", "\r\n").encode()),
        ("frame.csv.gz", lambda text: gzip.compress(text.encode())),
        ("frame.csv.gz", lambda text: gzip.compress(text.encode("gb18030"))),
    ],
)
def test_encodings_and_compression(frame_of, name, encode):
    pd.testing.assert_frame_equal(frame_of(encode(TWO_UNITS), name), frame_of(TWO_UNITS))


@pytest.mark.parametrize("end", ["\n\n\n", ",\n,\n"])
def test_empty_lines_are_nothing(frame_of, end):
    assert len(frame_of(TWO_UNITS + end.lstrip("\n"))) == 2


SHORT, TWICE = "code must have 12 digits", "listed twice"


@pytest.mark.parametrize(
    ("content", "line", "code", "fault"),
    [
        ("code,name\n140802001001,甲\n14080200100,乙\n", 3, "14080200100", SHORT),
        ("code,name\n1.40802E+11,甲\n140802001001,乙\n", 2, "1.40802E+11", SHORT),
        ("code,name\n140802001001.0,甲\n", 2, "140802001001.0", SHORT),
        ("code,name\n14080200100x,甲\n", 2, "14080200100x", SHORT),
        ("code,name\n140802001001,甲\n,乙\n", 3, "''", SHORT),
        ("code,name\n140802001001,甲\n140802001002,乙\n140802001001,甲\n", 4, "…001", TWICE),
        # empty lines are lines of the file all the same
        ("code,name\n\n140802001001,甲\n\n14,乙\n", 5, "'14'", SHORT),
        # the code may stand in any column
        ("name,code\n甲,140802001001\n乙,14\n", 3, "'14'", SHORT),
    ],
)
def test_malformed_and_repeated_codes_are_refused_by_line(frame_of, content, line, code, fault):
    with using("en"), pytest.raises(SanlianError) as error:
        frame_of(content)
    message = str(error.value)
    assert "frame.csv" in message
    assert f"line {line}" in message
    assert code.removeprefix("…") in message
    assert fault in message


@pytest.mark.parametrize(
    ("content", "name", "fragments"),
    [
        ("代码,名称\n140802001001,甲\n", "f.csv", ["lacks the column code, name"]),
        ("code\n140802001001\n", "f.csv", ["lacks the column name"]),
        ("", "f.csv", ["not a readable frame"]),
        ("code,name\n140802001001,甲,乙,丙\n1,2\n3,4,5,6,7,8\n", "f.csv", ["f.csv"]),
        (b"\xff\xfe\x00\x80\x81", "f.csv", ["not a readable frame"]),
        (TWO_UNITS, "f.csv.gz", ["not a readable frame", "expected UTF-8 CSV or .csv.gz"]),
        (gzip.compress(TWO_UNITS.encode())[:-12], "f.csv.gz", ["not a readable frame"]),
    ],
    ids=["headers", "one header", "empty", "ragged", "no text", "no archive", "cut archive"],
)
def test_unusable_frames_are_refused(frame_of, content, name, fragments):
    with using("en"), pytest.raises(SanlianError) as error:
        frame_of(content, name)
    assert all(fragment in str(error.value) for fragment in [name, *fragments])


def test_damaged_archive_is_refused(frame_of):
    data = bytearray(gzip.compress(TWO_UNITS.encode() * 50))
    data[20:24] = b"\xff\xff\xff\xff"
    with pytest.raises(SanlianError, match="读不出名录"):
        frame_of(bytes(data), "frame.csv.gz")


@pytest.mark.parametrize("name", ["nowhere.csv", "x" * 5000])
def test_missing_frame_is_named(tmp_path, name):
    with pytest.raises(SanlianError, match="找不到名录文件"):
        read_frame(tmp_path / name)


# --- codes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "level"),
    [
        *(("14", "province"), ("1408", "city"), ("140802", "county"), ("140802001", "street")),
        ("140802001001", None),
        ("140", None),
        ("", None),
        ("1４", None),
        ("ab", None),
    ],
)
def test_level_of_a_code(code, level):
    assert level_of(code) == level


def test_published_names_are_those_of_provinces_and_cities():
    names = published_names()
    assert (names["14"], names["1408"], names["2101"]) == ("山西省", "运城市", "沈阳市")
    assert {len(code) for code in names} == {2, 4}
