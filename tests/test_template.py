"""The ledger to fill in: its columns, its checks, its units; and what is filled in reads back."""

import dataclasses
import datetime as dt
import shutil
import subprocess

import openpyxl
import pandas as pd
import pytest
from openpyxl.formula.translate import Translator

from sanlian_analysis import schema, template
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.frame import complete_frame
from sanlian_analysis.language import using
from sanlian_analysis.ledger import NOT_APPLICABLE, read_ledger
from sanlian_analysis.policy import variables_needed
from sanlian_analysis.policy_files import POLICY_IDS, load_policy
from sanlian_analysis.template import write_template

DAY = dt.date(2020, 12, 31)
UNITS = {
    "210102001001": ("甲社区居委会", "一街道", "和平区"),
    "210102001201": ("乙村村委会", "一街道", "和平区"),
    "210102002001": ("丙社区居委会", "二街道", "和平区"),
    "210106001001": ("丁虚拟社区", "一街道", "铁西区"),
}
CHOICES = {**{id_: (id_,) for id_ in POLICY_IDS}, "all": POLICY_IDS}
OFFICE = [
    pytest.mark.office,
    pytest.mark.xdist_group("office"),
    pytest.mark.skipif(
        shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"
    ),
]


#: Every variable by its sheet and the title that its column bears in a template.
VARIABLES = {
    (one.sheet, f"{one.header}（{one.unit}）" if one.unit else one.header): one
    for one in schema.variables()
}


def frame(units=UNITS):
    rows = [(code, *names) for code, names in units.items()]
    return complete_frame(pd.DataFrame(rows, columns=["code", "name", "street", "county"]))


def policies(choice):
    return [load_policy(id_) for id_ in CHOICES[choice]]


def made(path, choice="liaoning-2021", units=None, dates=()):
    """The workbook as openpyxl reads it."""
    write_template(path / "模板.xlsx", policies(choice), units, dates)
    return openpyxl.load_workbook(path / "模板.xlsx")


def rows(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def titles(sheet):
    return rows(sheet)[0]


def checks(sheet):
    """The validation of every column that has one, by its header."""
    found = {}
    for check in sheet.data_validations.dataValidation:
        (area,) = check.sqref.ranges
        assert area.min_col == area.max_col
        found[sheet.cell(1, area.min_col).value] = check
    return found


def explained(book):
    """The table of the sheet of explanations: sheet and column to the other cells of the line."""
    lines = rows(book["说明"])
    start = next(i for i, line in enumerate(lines) if line[:2] == ["工作表", "列"])
    return {(line[0], line[1]): line[2:] for line in lines[start + 1 :]}


# --- columns --------------------------------------------------------------------------


def test_columns_are_those_that_the_targets_need_with_units_in_the_header(tmp_path):
    book = made(tmp_path)
    assert book.sheetnames == ["说明", "社区", "区县"]
    identity = ["社区代码", "社区名称", "街道乡镇", "区县", "城乡类型", "统计时点"]
    assert titles(book["社区"]) == [*identity, "社区社会组织数（个）"]
    assert titles(book["区县"]) == [
        "区县代码", "区县", "统计时点", "品牌社会组织数（个）", "品牌项目数（个）",
        "骨干人才数（人）", "已培训骨干人才数（人）",
    ]  # fmt: skip


@pytest.mark.parametrize("choice", CHOICES)
def test_every_variable_that_a_policy_needs_has_a_column_and_no_other_has(tmp_path, choice):
    book = made(tmp_path, choice)
    needed = [variables_needed(policy) for policy in policies(choice)]
    for sheet in schema.KEYS:
        wanted = [
            variable
            for id_, variable in schema.measured(sheet).items()
            if any(id_ in one.get(sheet, ()) for one in needed)
        ]
        assert (sheet in book.sheetnames) == (bool(wanted) or sheet == "社区")
        if sheet in book.sheetnames:
            measured = titles(book[sheet])[len(template._IDENTITY[sheet]) :]
            assert [VARIABLES[sheet, title] for title in measured] == wanted


def test_communities_have_a_sheet_even_when_only_streets_are_asked_about(tmp_path):
    policy = load_policy("changzhou-2018")
    streets = tuple(target for target in policy.targets if target.unit == "street")
    write_template(tmp_path / "t.xlsx", [dataclasses.replace(policy, targets=streets)])
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["说明", "社区", "街道"]
    assert titles(book["社区"])[-1] == "统计时点"


def test_header_and_names_stay_in_view_and_on_every_page(tmp_path):
    book = made(tmp_path, "all", frame(), [DAY])
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "C2"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}" + str(
            sheet.max_row
        )
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert book["社区"].print_title_cols == "$A:$B"  # too wide for one page
    assert book["社区"].page_setup.fitToWidth > 1
    assert book["街道"].page_setup.fitToWidth in (None, 1)


def test_headers_are_coloured_by_the_theme_of_the_first_target(tmp_path):
    sheet = made(tmp_path, "lishui-2018")["社区"]
    fills = {cell.value: cell.fill.fgColor.rgb for cell in sheet[1]}
    assert fills["社区代码"] == fills["统计时点"] == "FFD9DEE4"
    assert fills["社区社会组织数（个）"] == "FFCFE2F3"
    assert fills["服务群众专项经费（万元/年）"] == "FFFFF2CC"


# --- checks ---------------------------------------------------------------------------


def test_lists_dates_and_codes_are_checked(tmp_path):
    found = checks(made(tmp_path, "yuncheng-2019")["社区"])
    assert (found["开展三社联动"].type, found["开展三社联动"].formula1) == (
        "list",
        '"是,否,不适用"',
    )
    assert found["城乡类型"].formula1 == '"城市社区,农村社区,其他"'
    assert (found["统计时点"].type, found["统计时点"].operator) == ("date", None)  # between
    assert (found["统计时点"].formula1, found["统计时点"].formula2) == ("36526", "73050")
    assert found["社区代码"].formula1 == (
        'AND(LEN(A2)=12,EXACT(TEXT(VALUE(A2),"000000000000"),A2))'
    )
    assert "社区名称" not in found


def test_quantities_are_checked_for_type_range_and_whole(tmp_path):
    book = made(tmp_path, "all")
    found = {title: check.formula1 for title, check in checks(book["社区"]).items()}
    letters = {cell.value: cell.column_letter for cell in book["社区"][1]}

    def formula(title, words, number):
        cell = f"{letters[title]}2"
        tests = [f'{cell}="{word}"' for word in words]
        return f"OR({','.join(tests)},AND(ISNUMBER({cell}),{number.replace('#', cell)}))"

    words = ("不适用", "未知", "无")
    posts = f"{letters['岗位总数（个）']}2"
    for title, allowed, number in [
        ("户数（户）", words, "INT(N(#))=N(#),N(#)>=0"),
        ("功能达标项数（项）", words, "INT(N(#))=N(#),N(#)>=0,N(#)<=5"),
        ("活动场所面积（m²）", words, "N(#)>=0"),
        ("每日开放时间（小时/天）", words, "N(#)>=0,N(#)<=24"),
        ("基础工资占比", words[:2], "N(#)>=0,N(#)<=1"),
        (
            "社会工作岗位数（个）",
            words,
            f"INT(N(#))=N(#),N(#)>=0,IF(ISNUMBER({posts}),N(#)<={posts},TRUE)",
        ),
    ]:
        assert found[title] == formula(title, allowed, number), title


def test_a_part_is_not_held_against_a_whole_that_has_no_column(tmp_path):
    found = checks(made(tmp_path, "yangquan-2015")["社区"])
    assert "IF(" not in found["本年新增社会组织数（个）"].formula1
    assert "IF(" in found["参加社区组织居民数（人）"].formula1


def test_checks_reach_over_the_units_or_2000_rows(tmp_path):
    blank = checks(made(tmp_path)["社区"])
    assert {str(check.sqref).split(":")[1].lstrip("ABCDEFG") for check in blank.values()} == {
        "2001"
    }
    filled = checks(made(tmp_path, units=frame(), dates=[DAY, dt.date(2021, 12, 31)])["社区"])
    assert str(filled["社区社会组织数（个）"].sqref) == "G2:G9"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_check_says_what_is_wanted_within_the_limits_of_excel(tmp_path, language):
    with using(language):
        book = made(tmp_path, "all")
    for sheet in book.worksheets[1:]:
        names = {"社区名称", "街道乡镇", "区县"}
        assert set(titles(sheet)) - names == set(checks(sheet))
        for title, check in checks(sheet).items():
            assert title.startswith(check.promptTitle)
            assert title.startswith(check.errorTitle)
            assert check.errorStyle in (None, "stop")
            assert 5 < len(check.prompt) <= 255
            assert check.prompt in check.error
            assert len(check.error) <= 255
    count = checks(book["社区"])["功能达标项数（项）"]
    assert (
        count.prompt
        == {
            "zh": "0 到 5 的整数；也可填 不适用、未知、无；不清楚请留空",
            "en": "a whole number from 0 to 5; or 不适用、未知、无; blank if unknown",
        }[language]
    )


def test_cells_are_shown_as_what_they_hold(tmp_path):
    sheet = made(tmp_path, "lishui-2018")["社区"]
    formats = {
        cell.value: sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]
    }
    assert formats["社区代码"] == formats["社区名称"] == "@"
    assert formats["统计时点"] == "yyyy-mm-dd"
    assert formats["户数（户）"] == "0"
    assert formats["基础工资占比"] == "0.0%"
    assert formats["社区工作经费（万元/年）"] == "General"


# --- units ----------------------------------------------------------------------------


def test_units_of_the_frame_stand_in_the_rows(tmp_path):
    book = made(tmp_path, "changzhou-2018", frame(), [DAY])
    midnight = dt.datetime.combine(DAY, dt.time())
    assert [row[:6] for row in rows(book["社区"])[1:]] == [
        ["210102001001", "甲社区居委会", "一街道", "和平区", "城市社区", midnight],
        ["210102001201", "乙村村委会", "一街道", "和平区", "农村社区", midnight],
        ["210102002001", "丙社区居委会", "二街道", "和平区", "城市社区", midnight],
        ["210106001001", "丁虚拟社区", "一街道", "铁西区", "其他", midnight],
    ]
    assert [row[:3] for row in rows(book["街道"])[1:]] == [
        ["210102001", "一街道", midnight],
        ["210102002", "二街道", midnight],
        ["210106001", "一街道", midnight],
    ]
    assert all(cell is None for row in rows(book["社区"])[1:] for cell in row[6:])


def test_several_dates_repeat_the_units_and_none_leaves_the_dates_blank(tmp_path):
    later = dt.date(2021, 12, 31)
    sheet = made(tmp_path, units=frame(), dates=[later, DAY, later])["区县"]
    assert [(row[0], row[2].date()) for row in rows(sheet)[1:]] == [
        ("210102", DAY), ("210106", DAY), ("210102", later), ("210106", later),
    ]  # fmt: skip
    sheet = made(tmp_path, units=frame())["区县"]
    assert [(row[0], row[2]) for row in rows(sheet)[1:]] == [("210102", None), ("210106", None)]


@pytest.mark.parametrize("units", [None, frame({})])
def test_without_units_nothing_stands_below_the_header(tmp_path, units):
    for sheet in made(tmp_path, "all", units, [DAY]).worksheets[1:]:
        assert sheet.max_row == 1


def test_columns_of_names_that_the_frame_lacks_are_left_out(tmp_path):
    bare = frame().assign(street=pd.NA)
    book = made(tmp_path, "changzhou-2018", bare)
    assert titles(book["社区"])[:4] == ["社区代码", "社区名称", "区县", "城乡类型"]
    assert rows(book["街道"])[1][:2] == ["210102001", None]


def test_names_are_text_whatever_they_look_like(tmp_path):
    names = ["=1+1", "<b>&amp;", "北\x00\x07村\u202e", "https://a.cn/", "{=A1}"]
    units = {f"21010200100{i}": (name, name, name) for i, name in enumerate(names)}
    sheet = made(tmp_path, "changzhou-2018", frame(units))["社区"]
    shown = ["=1+1", "<b>&amp;", "北村", "https://a.cn/", "{=A1}"]
    assert [row[1] for row in rows(sheet)[1:]] == shown
    assert {cell.data_type for row in sheet["A2:E6"] for cell in row} == {"s"}
    assert not [cell for row in sheet["A2:E6"] for cell in row if cell.hyperlink]


# --- the file -------------------------------------------------------------------------


def test_same_arguments_give_the_same_bytes(tmp_path):
    for name in ("one.xlsx", "two.xlsx"):
        write_template(tmp_path / name, policies("all"), frame(), [DAY])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


@pytest.mark.parametrize("name", ["模板.xls", "模板.csv", "模板"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(SanlianError, match=r"填报模板应存为 \.xlsx"):
        write_template(tmp_path / name, policies("all"))
    assert not list(tmp_path.iterdir())


def test_more_rows_than_a_sheet_holds_are_refused_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "MOST_ROWS", 8)
    dates = [DAY, dt.date(2021, 12, 31)]
    with pytest.raises(SanlianError, match=r"社区 需要 8 行，超过一张工作表的 7 行；.*按市拆分"):
        write_template(tmp_path / "t.xlsx", policies("all"), frame(), dates)
    assert not list(tmp_path.iterdir())
    write_template(tmp_path / "t.xlsx", policies("all"), frame(), dates[:1])


# --- explanations ---------------------------------------------------------------------


@pytest.mark.parametrize("choice", CHOICES)
def test_every_column_is_explained_with_each_clause_that_asks_for_it(tmp_path, choice):
    book = made(tmp_path, choice)
    lines = explained(book)
    assert list(lines) == [
        (sheet.title, VARIABLES[sheet.title, title].header)
        for sheet in book.worksheets[1:]
        for title in titles(sheet)
    ]
    for policy in policies(choice):
        for target in policy.targets:
            alone = dataclasses.replace(policy, targets=(target,))
            for sheet, ids in variables_needed(alone).items():
                for id_ in ids:
                    asked = lines[sheet, schema.sheet(sheet)[id_].header][-1].split("\n")
                    (line,) = [
                        one for one in asked if one.startswith(f"{policy.short} {target.clause}：")
                    ]
                    assert target.name in line.partition("：")[2].split("、")


def test_explanation_gives_unit_theme_range_and_meaning(tmp_path):
    lines = explained(made(tmp_path))
    assert lines["社区", "社区社会组织数"] == [
        "个", "组织", "不小于 0 的整数", "已登记或备案的社区社会组织",
        "辽宁2021 一(二)、三：城市社区社会组织、农村社区社会组织",
    ]  # fmt: skip
    assert lines["区县", "已培训骨干人才数"][2] == "不小于 0 的整数，不大于“骨干人才数”"
    assert lines["社区", "社区代码"][1:3] == ["标识", "12 位数字代码（文本）"]


def test_explanation_speaks_of_what_is_filled_in_already(tmp_path):
    def text(*args):
        return "\n".join(str(row[0]) for row in rows(made(tmp_path, "all", *args)["说明"]))

    assert "先填代码和名称" in text()
    assert "代码和名称已按名录填好，请勿改动" in text(frame())
    assert "每一行都要填统计时点" in text(frame())
    assert "统计时点已填好" in text(frame(), [DAY])
    assert "空白不等于 0" in text()
    assert "运城2019" in text()
    assert "辽民社函〔2021〕158号" in text()


def test_explanation_in_english_keeps_the_headers_of_the_ledger(tmp_path):
    with using("en"):
        book = made(tmp_path, units=frame())
    assert titles(book["社区"])[-1] == "社区社会组织数（个）"
    text = "\n".join(str(cell) for row in rows(book["说明"]) for cell in row if cell)
    for part in (
        "A blank is not 0.",
        "社区社会组织数 social organisations",
        "a whole number, at least 0, not above 骨干人才数",
        "Liaoning 2021 附件二第1项: Training of key members",
    ):
        assert part in text


def test_no_name_in_a_policy_makes_the_ledger_a_simulated_one(tmp_path):
    (policy,) = policies("liaoning-2021")
    target = dataclasses.replace(policy.targets[0], name="模拟数据\x07目标")
    own = dataclasses.replace(policy, title="模拟数据", targets=(target,))
    write_template(tmp_path / "t.xlsx", [own], frame(), [DAY])
    assert not read_ledger(tmp_path / "t.xlsx").simulated


# --- filled in, it reads back ---------------------------------------------------------


def figure(variable, row):
    """What a person enters: every kind of answer comes up in every column but one or two."""
    special = (None, "不适用", "未知" if variable.type != "yesno" else None)
    if row < len(special):
        return special[row]
    if variable.type == "yesno":
        return ("是", "否")[len(variable.id) % 2]
    if variable.type == "share":
        return 0.7
    high = 40 if variable.at_most is None else 3
    high = min(high, variable.maximum or high)
    return high if variable.type == "count" else high - 0.5


def fill(path, choice):
    """Fill a template in as a person would; returns what was entered, by sheet, column, unit."""
    book = made(path, choice, frame(), [DAY])
    entered = {}
    for sheet in book.worksheets[1:]:
        for place, title in enumerate(titles(sheet), start=1):
            variable = VARIABLES[sheet.title, title]
            if variable.id in schema.IDENTITY:
                continue
            for row in range(2, sheet.max_row + 1):
                shifted = (row + place) % 4
                cell = sheet.cell(row, place, figure(variable, shifted))
                unit = sheet.cell(row, 1).value
                entered[sheet.title, variable.id, unit] = cell.value
    book.save(path / f"{choice}.xlsx")
    return entered


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    return folder, {choice: fill(folder, choice) for choice in CHOICES}


@pytest.fixture(scope="module")
def converted(filled, tmp_path_factory):
    """The filled-in workbooks as LibreOffice saves them."""
    folder = tmp_path_factory.mktemp("converted")
    office(folder, *(filled[0] / f"{choice}.xlsx" for choice in CHOICES))
    return folder


def office(folder, *files):
    profile = (folder / "profile").as_uri()
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation={profile}", "--headless", "--norestore",
            "--convert-to", "xlsx", "--outdir", str(folder), *map(str, files),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


def assert_reads_back(path, entered):
    ledger = read_ledger(path, frame())
    assert [str(one) for one in ledger.findings if one.severity != "note"] == []
    assert ledger.dates == [DAY]
    assert not ledger.simulated
    words = {"是": True, "否": False, "不适用": None, "未知": None}
    for (sheet, id_, unit), value in entered.items():
        table = ledger.table(sheet).set_index(schema.KEYS[sheet])
        read = table.loc[unit, id_]
        assert (None if pd.isna(read) else read) == words.get(value, value), (sheet, id_, unit)
        mark = id_ + NOT_APPLICABLE
        assert (mark in table and bool(table.loc[unit, mark])) == (value == "不适用")
    assert ledger.communities["settlement"].tolist() == ["urban", "rural", "urban", "other"]


@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_filled_in_reads_back(filled, choice):
    folder, entered = filled
    assert_reads_back(folder / f"{choice}.xlsx", entered[choice])


class TestOffice:
    """The same through LibreOffice, and its answers to the formulas of the checks."""

    pytestmark = OFFICE

    @pytest.mark.parametrize("choice", CHOICES)
    def test_what_libreoffice_saves_reads_back(self, filled, converted, choice):
        assert_reads_back(converted / f"{choice}.xlsx", filled[1][choice])

    def test_formulas_accept_what_the_ledger_can_use_and_nothing_else(self, tmp_path):
        book = made(tmp_path, "all")
        letters = {cell.value: cell.column_letter for cell in book["社区"][1]}
        formulas = {title: one.formula1 for title, one in checks(book["社区"]).items()}
        trial = openpyxl.Workbook()
        for row, (title, value, whole, _) in enumerate(CASES, start=2):
            trial.active[f"{letters[title]}{row}"] = value
            if whole is not None:
                trial.active[f"{letters['岗位总数（个）']}{row}"] = whole
            moved = Translator(f"={formulas[title]}", "ZZ2").translate_formula(f"ZZ{row}")
            trial.active[f"ZZ{row}"] = moved
        (tmp_path / "in").mkdir()
        trial.save(tmp_path / "in" / "trial.xlsx")
        office(tmp_path, tmp_path / "in" / "trial.xlsx")
        sheet = openpyxl.load_workbook(tmp_path / "trial.xlsx", data_only=True).active
        answers = [sheet[f"ZZ{row}"].value is True for row in range(2, len(CASES) + 2)]
        assert [(*case[:3], answer) for case, answer in zip(CASES, answers, strict=True)] == CASES


CODE, COUNT, AREA, SHARE = "社区代码", "功能达标项数（项）", "活动场所面积（m²）", "基础工资占比"
PART = "社会工作岗位数（个）"
CASES = [
    (CODE, "210102001001", None, True),
    (CODE, "010102001001", None, True),
    (CODE, "21010200100", None, False),
    (CODE, "2101020010010", None, False),
    (CODE, "2.0102001001", None, False),
    (CODE, "21010200100甲", None, False),
    (COUNT, 0, None, True),
    (COUNT, 5, None, True),
    (COUNT, 6, None, False),
    (COUNT, -1, None, False),
    (COUNT, 2.5, None, False),
    (COUNT, "不适用", None, True),
    (COUNT, "未知", None, True),
    (COUNT, "无", None, True),
    (COUNT, "约5", None, False),
    (AREA, 0.5, None, True),
    (AREA, 12345678, None, True),
    (AREA, -0.5, None, False),
    (AREA, "无", None, True),
    (AREA, "很大", None, False),
    (SHARE, 0, None, True),
    (SHARE, 0.7, None, True),
    (SHARE, 1, None, True),
    (SHARE, 70, None, False),
    (SHARE, "无", None, False),
    (SHARE, "未知", None, True),
    (PART, 3, None, True),
    (PART, 3, 3, True),
    (PART, 3, 2, False),
    (PART, 3, "未知", True),
    (PART, "不适用", 2, True),
    (PART, 0, 0, True),
]
