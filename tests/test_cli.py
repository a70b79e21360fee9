"""The command line as a user calls it: in a process of its own."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import sanlian_analysis as sl
from sanlian_analysis.cli import _formats, cli

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "data" / "ledgers" / "yuncheng-2019.xlsx"
FRAME = ROOT / "data" / "frames" / "yuncheng.csv"


def sanlian(*arguments, cwd=None, **env):
    """Run `sanlian` as installed; returns the finished process."""
    script = Path(sys.executable).parent / "sanlian"
    return subprocess.run(
        [script, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        timeout=300,
        env={**os.environ, "SANLIAN_LANG": "zh", **env},
    )


def refused(*arguments, cwd=None):
    """The message of a call that must end with status 2, one message and no traceback."""
    done = sanlian(*arguments, cwd=cwd)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def ledger_csv(path, *rows):
    path.write_text(
        "\n".join(["社区代码,统计时点,社区社会组织数,城乡类型", *rows]), encoding="utf-8"
    )
    return path


def test_help_names_every_command():
    done = sanlian("--help")
    assert done.returncode == 0
    assert {"policies", "template", "simulate", "check", "evaluate", "report"} <= set(
        done.stdout.split()
    )


def test_policies_lists_the_five_documents():
    done = sanlian("policies")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "yuncheng-2019",
        "changzhou-2018",
        "yangquan-2015",
        "lishui-2018",
        "liaoning-2021",
    ]


def test_policy_for_people_quotes_the_sentence():
    done = sanlian("policies", "liaoning-2021")
    assert "力争全省40%的城市社区拥有不少于10个社区社会组织" in done.stdout
    assert "2022-12-31  ≥ 80%" in done.stdout


def test_policy_in_english():
    done = sanlian("policies", "liaoning-2021", SANLIAN_LANG="en")
    assert "binds at: province" in done.stdout


def test_policy_for_programs_is_one_json_object():
    policy = json.loads(sanlian("policies", "lishui-2018", "--json").stdout)
    assert {"id", "title", "number", "issuer", "issued", "area", "targets"} <= set(policy)
    agency = next(target for target in policy["targets"] if target["id"] == "agency-rural")
    assert agency["milestones"][0]["exact"] == "1/3"
    assert agency["level"] == "city"


def test_source_text_is_checked(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("每个城市社区拥有\n不少于10个社区社会组织。每村三名社工。", encoding="utf-8")
    done = sanlian("policies", "liaoning-2021", "--source", text)
    assert done.returncode == 1
    cited, uncited = done.stdout.split("没有目标或说明对应的语句：")
    assert "orgs-rural: 每个农村社区拥有不少于3个社区社会组织" in cited
    assert "orgs-urban: 每个城市社区" not in cited
    assert uncited.split() == ["每村三名社工。"]


def test_source_that_is_accounted_for_prints_nothing(tmp_path):
    text = tmp_path / "text.txt"
    cited = sl.load_policy("liaoning-2021").cited
    text.write_text("。\n".join(sentence for _, sentence in cited), encoding="utf-8")
    done = sanlian("policies", "liaoning-2021", "--source", text)
    assert (done.returncode, done.stdout) == (0, "")


def test_evaluate_prints_csv_alone(tmp_path):
    ledger = ledger_csv(
        tmp_path / "台账.csv", "210106001001,2021-12-31,12,城市社区", "210106001002,2021-12-31,,"
    )
    frame = tmp_path / "名录.csv"
    frame.write_text(
        "code,name,county\n210106001001,甲社区,铁西区\n210106001002,乙社区,铁西区\n",
        encoding="utf-8",
    )
    done = sanlian("evaluate", ledger, "--policy", "liaoning-2021", "--frame", frame)
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    county = next(r for r in rows if r["target"] == "orgs-urban" and r["level"] == "county")
    assert county == {
        "policy": "liaoning-2021",
        "target": "orgs-urban",
        "reading": "primary",
        "level": "county",
        "area_code": "210106",
        "area": "铁西区",
        "date": "2021-12-31",
        "due": "2021-12-31",
        "numerator": "1",
        "denominator": "2",
        "unknown": "1",
        "value": "1",
        "lower": "0.5",
        "upper": "1",
        "threshold": "0.4",
        "verdict": "met",
        "binding": "false",
        "stable": "true",
        "shortfall": "0",
        "clause": "三(一)",
        "assumed": "",
    }


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_evaluate_writes_every_kind_of_file(tmp_path, suffix):
    ledger = ledger_csv(tmp_path / "l.csv", "210106001001,2021-12-31,12,城市社区")
    out = tmp_path / f"结果{suffix}"
    done = sanlian("evaluate", ledger, "--policy", "liaoning-2021", "-o", out)
    assert done.returncode == 0
    assert done.stdout == ""
    read = {
        ".csv": pd.read_csv,
        ".xlsx": partial(pd.read_excel, engine="openpyxl"),
        ".parquet": pd.read_parquet,
    }[suffix]
    table = read(out)
    urban = table[(table["target"] == "orgs-urban") & (table["reading"] == "primary")]
    assert set(urban["verdict"]) == {"met"}
    assert set(table["level"]) == {"street", "county", "city", "province"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_faulty_cells_are_told_on_the_error_stream(tmp_path):
    ledger = ledger_csv(tmp_path / "l.csv", "210106001001,2021-12-31,约200,城市社区")
    done = sanlian("evaluate", ledger, "--policy", "liaoning-2021")
    assert done.returncode == 0
    assert "社区!C2" in done.stderr
    assert "约200" in done.stderr
    assert done.stdout.startswith("policy,target,")


@pytest.mark.parametrize("more", [["--quiet"], ["--json-progress"]])
def test_reports_tell_once_and_first_what_of_the_ledger_was_discarded(tmp_path, more):
    rows = ["210106001001,2021-12-31,5,城市社区", "210106001002,年底,6,城市社区"]
    rows += ["210106001003,2021-12-31,约200,城市社区"]
    ledger = ledger_csv(tmp_path / "l.csv", *rows)
    asked = ["--policy", "liaoning-2021", "--policy", "yuncheng-2019", "--format", "xlsx"]
    done = sanlian("report", ledger, *asked, "--out", tmp_path / "out", *more)
    assert done.returncode == 0, done
    told = done.stderr.splitlines()
    assert "社区!C4" in told[0]
    assert "社区!B3" in told[1]
    assert told[2] == (
        "填写错误 2 处：1 行没有可用的代码或时点，未计入（没有名录，其单位也不在分母中），"
        "1 处的值按未知处理；全部见 sanlian check"
    )
    assert "完成 2 份" in told[3]
    assert done.stderr.count("填写错误") == 1
    assert "填写错误" not in done.stdout


def test_simulated_data_are_called_so(tmp_path):
    out = tmp_path / "out.xlsx"
    done = sanlian("evaluate", LEDGER, "--policy", "yuncheng-2019", "--frame", FRAME, "-o", out)
    assert "模拟数据" in done.stderr
    marked = pd.read_excel(out, sheet_name="说明", header=None, engine="openpyxl")
    assert "模拟数据" in marked.iat[0, 0]


def test_missing_ledger(tmp_path):
    message = refused("evaluate", tmp_path / "无.xlsx", "--policy", "liaoning-2021")
    assert "无.xlsx" in message
    assert "找不到" in message


def test_text_called_xlsx(tmp_path):
    path = tmp_path / "台账.xlsx"
    path.write_text("社区代码,统计时点\n", encoding="utf-8")
    message = refused("evaluate", path, "--policy", "liaoning-2021")
    assert "台账.xlsx" in message
    assert "另存为 .xlsx" in message


def test_ledger_without_communities(tmp_path):
    path = tmp_path / "台账.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"社区代码": []}).to_excel(writer, sheet_name="Sheet1", index=False)
    message = refused("evaluate", path, "--policy", "liaoning-2021")
    assert "社区" in message
    assert "Sheet1" in message


def test_unknown_policy_gets_a_suggestion(tmp_path):
    ledger = ledger_csv(tmp_path / "l.csv", "210106001001,2021-12-31,12,城市社区")
    message = refused("evaluate", ledger, "--policy", "liaoning-2012")
    assert "liaoning-2012" in message
    assert "liaoning-2021" in message


def test_policy_file_with_a_typo_in_a_key(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
id = "mine"
title = "我的政策"
issuer = "某市民政局"
issued = 2020-01-01
[area]
code = "2101"
name = "沈阳市"
[[target]]
id = "orgs"
name = "社会组织"
theme = "organisations"
unit = "community"
measure = "share"
condtion = "orgs >= 10"
level = "county"
clause = "一"
sentence = "每个社区"
""",
        encoding="utf-8",
    )
    message = refused("policies", path)
    assert all(part in message for part in ("mine.toml", "orgs", "condtion", "condition"))


def test_unknown_snapshot(tmp_path):
    ledger = ledger_csv(tmp_path / "l.csv", "210106001001,2021-12-31,12,城市社区")
    message = refused("evaluate", ledger, "--policy", "liaoning-2021", "--date", "2022-12-31")
    assert "2022-12-31" in message
    assert "2021-12-31" in message


def test_area_in_neither_frame_nor_ledger(tmp_path):
    message = refused(
        "report", LEDGER, "--frame", FRAME, "--policy", "yuncheng-2019", "--area", "999999",
        "--out", tmp_path,
    )  # fmt: skip
    assert "999999" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("area", ["140802001", "140802001001", "14080"])
def test_area_of_another_level_than_reports_have_is_told_the_county(tmp_path, area):
    """14080 begins the codes of several counties, 140802 is the first of them."""
    message = refused(
        "report", LEDGER, "--frame", FRAME, "--policy", "yuncheng-2019", "--area", area,
        "--out", tmp_path,
    )  # fmt: skip
    assert f"--area {area}：报告按区县生成，请给 6 位区县代码" in message
    assert message.rstrip().endswith("例如 140802")
    assert "没有这个地区" not in message
    assert list(tmp_path.iterdir()) == []


def test_help_says_what_can_be_chosen():
    told = sanlian("report", "--help", SANLIAN_LANG="en").stdout
    assert "one report per county" in " ".join(told.split())
    assert "每个县一份报告" in sanlian("report", "--help").stdout
    told = sanlian("chart", "--help").stdout
    assert "[street|county|city|province]" in told


def test_unknown_format_is_refused_before_anything_runs(tmp_path):
    message = refused(
        "report", LEDGER, "--frame", FRAME, "--policy", "yuncheng-2019", "--format", "exe",
        "--out", tmp_path,
    )  # fmt: skip
    assert "exe" in message
    assert "html" in message


def test_template_that_is_none_is_refused_before_anything_runs(tmp_path):
    """The ledger is not there: nothing was read."""
    asked = ["report", tmp_path / "无.xlsx", "--policy", "yuncheng-2019", "--format", "pptx"]
    asked += ["--out", tmp_path / "out"]
    (tmp_path / "母版.pptx").write_text("这不是幻灯片", encoding="utf-8")
    message = refused(*asked, "--template", tmp_path / "母版.pptx")
    assert "母版.pptx：不是可用的幻灯片模板；需要 .pptx 或 .potx" in message
    assert "缺.pptx：找不到幻灯片模板" in refused(*asked, "--template", tmp_path / "缺.pptx")
    assert not (tmp_path / "out").exists()


def test_output_of_an_unknown_kind_is_refused_before_the_ledger_is_read(tmp_path):
    message = refused("evaluate", "无.xlsx", "--policy", "liaoning-2021", "-o", tmp_path / "a.doc")
    assert "a.doc" in message


def test_unwritable_place(tmp_path):
    ledger = ledger_csv(tmp_path / "l.csv", "210106001001,2021-12-31,12,城市社区")
    (tmp_path / "file").write_text("")
    message = refused(
        "evaluate", ledger, "--policy", "liaoning-2021", "-o", tmp_path / "file" / "out.csv"
    )
    assert "out.csv" in message


def test_simulate_is_the_same_every_time(tmp_path):
    frame = tmp_path / "f.csv"
    frame.write_text(
        "code,name\n" + "".join(f"2101060010{i:02},第{i}社区\n" for i in range(1, 40)),
        encoding="utf-8",
    )
    for name in ("a.xlsx", "b.xlsx"):
        done = sanlian(
            "simulate", tmp_path / name, "--frame", frame, "--policy", "liaoning-2021", "--seed", 7
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_simulate_refuses_another_ending(tmp_path):
    message = refused("simulate", tmp_path / "a.csv", "--frame", FRAME, "--policy", "liaoning-2021")
    assert ".xlsx" in message


# --- template and check ---------------------------------------------------------------


def test_template_is_written_with_the_columns_of_a_policy_and_can_be_checked(tmp_path):
    out = tmp_path / "空表.xlsx"
    arguments = ("--frame", FRAME, "--policy", "yuncheng-2019", "--date", "2020-12-31")
    done = sanlian("template", out, *arguments)
    assert (done.returncode, done.stdout) == (0, "")
    checked = sanlian("check", out, "--frame", FRAME)
    assert checked.returncode == 0
    assert "社区 2,395，评分 2,395 行；时点 2020-12-31" in checked.stdout
    assert "错误 0\n\n警告 0" in checked.stdout


def test_template_for_all_needs_no_frame(tmp_path):
    assert sanlian("template", tmp_path / "all.xlsx").returncode == 0
    assert "没有一行可用的数据" in refused("check", tmp_path / "all.xlsx")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("out.csv",), "out.csv"),
        (("out.xlsx", "--date", "2020-12-31"), "--frame"),
        (("out.xlsx", "--policy", "nowhere"), "nowhere"),
        (("out.xlsx", "--frame", "nothing.csv"), "nothing.csv"),
    ],
)
def test_template_that_cannot_be_made_is_refused(tmp_path, arguments, message):
    assert message in refused("template", *arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def faulty(folder):
    return ledger_csv(
        folder / "台账.csv",
        "140802001001,2020-12-31,约200,城市社区",
        "140802001002,2020-12-31,12个,城市社区",
        "1.40802E+11,2020-12-31,3,城市社区",
        "999902001002,2020-12-31,3,农村社区",
        "合计,,15,",
    )


def test_check_lists_every_finding_by_cell_and_ends_with_1(tmp_path):
    done = sanlian("check", faulty(tmp_path), "--frame", FRAME)
    assert done.returncode == 1
    assert done.stderr == ""
    for line in ("错误 2", "警告 1", "社区!C2", "实为 '约200'", "社区!A4", "科学计数法",
                 "按惯例整理：去掉单位 1"):  # fmt: skip
        assert line in done.stdout


def test_check_prints_json_alone(tmp_path):
    done = sanlian("check", faulty(tmp_path), "--frame", FRAME, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert found["counts"]["error"] == 2
    first = next(one for one in found["findings"] if one["severity"] == "error")
    assert set(first) >= {
        *("file", "sheet", "cell", "code", "variable", "severity", "found", "message", "name")
    }
    places = {(one["cell"], one["variable"]) for one in found["findings"]}
    assert {("A4", "code"), ("C2", "orgs"), ("A5", "code"), ("A6", "")} <= places


def test_check_groups_equal_findings_and_names_ten_cells(tmp_path):
    rows = [f"140802001{i:03d},2020-12-31,约200,城市社区" for i in range(1, 31)]
    done = sanlian("check", ledger_csv(tmp_path / "台账.csv", *rows))
    (line,) = [line for line in done.stdout.splitlines() if "约200" in line]
    assert "30 处" in line
    assert line.count("社区!C") == 10


def test_check_writes_a_marked_copy_and_leaves_the_original_alone(tmp_path):
    ledger, out = faulty(tmp_path), tmp_path / "标记.xlsx"
    before = ledger.read_bytes()
    done = sanlian("check", ledger, "--frame", FRAME, "--report", out)
    assert done.returncode == 1
    assert ledger.read_bytes() == before
    assert out.exists()
    again = sanlian("check", out, "--frame", FRAME)  # a marked copy is a ledger too
    assert again.returncode == 1
    assert "错误 2" in again.stdout


def test_check_of_a_folder_marks_a_copy_of_every_file(tmp_path):
    folder = tmp_path / "县"
    folder.mkdir()
    ledger_csv(folder / "甲.csv", "140802001001,2020-12-31,约200,城市社区")
    ledger_csv(folder / "乙.csv", "140802001002,2020-12-31,5,城市社区")
    assert sanlian("check", folder, "--report", tmp_path / "标记.xlsx").returncode == 1
    made = sorted(path.name for path in tmp_path.glob("*.xlsx"))
    assert made == ["标记-乙.xlsx", "标记-甲.xlsx"]


def test_check_names_what_a_policy_asks_for_and_the_ledger_lacks(tmp_path):
    ledger = ledger_csv(tmp_path / "台账.csv", "210106001001,2021-12-31,10,城市社区")
    done = sanlian("check", ledger, "--policy", "liaoning-2021")
    assert done.returncode == 0
    assert "liaoning-2021 的目标 backbone-training 无法测算" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("台账.csv", "--report", "out.csv"), "out.csv"),
        (("台账.csv", "--frame", "nothing.csv"), "nothing.csv"),
        (("nothing.xlsx",), "nothing.xlsx"),
        (("台账.csv", "--policy", "nowhere"), "nowhere"),
    ],
)
def test_check_that_cannot_be_made_is_refused(tmp_path, arguments, message):
    faulty(tmp_path)
    assert message in refused("check", *arguments, cwd=tmp_path)


# --- chart ----------------------------------------------------------------------------


CHARTED = ("--frame", FRAME, "--policy", "yuncheng-2019")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_chart_is_written_with_its_finding(tmp_path, ending):
    out = tmp_path / f"排名.{ending}"
    done = sanlian("chart", "ranking", LEDGER, *CHARTED, "--area", "1408", "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert "模拟数据。13个县（市、区）中" in done.stderr
    assert out.read_bytes().startswith(b"\x89PNG" if ending == "png" else b"<?xml")


def test_chart_of_who_reported_compares_the_counties(tmp_path):
    out = tmp_path / "填报.png"
    done = sanlian("chart", "reporting", LEDGER, *CHARTED, "-o", out)
    assert re.search(r"运城市2,386个村（社区）中[\d,]+个有记录.*；13个县（市、区）中", done.stderr)
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("size", "wide", "ratio"), [("page", 1842, None), ("slide", 3840, 16 / 9)])
def test_chart_for_page_and_slide_has_their_size(tmp_path, size, wide, ratio):
    out = tmp_path / "排名.png"
    done = sanlian("chart", "ranking", LEDGER, *CHARTED, "--size", size, "-o", out)
    assert done.returncode == 0
    head = out.read_bytes()[16:24]
    across, down = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
    assert abs(across - wide) <= 2
    assert ratio is None or abs(across / down - ratio) < 0.002


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing", LEDGER, *CHARTED, "-o", "a.png"), "没有图 'nothing'"),
        (("ranking", LEDGER, *CHARTED, "-o", "a.pdf"), ".png 或 .svg"),
        (("ranking", LEDGER, *CHARTED, "--area", "999999", "-o", "a.png"), "999999"),
        (("ranking", LEDGER, *CHARTED, "--target", "nothing", "-o", "a.png"), "nothing"),
        (("ratios", LEDGER, *CHARTED, "-o", "a.png"), "''"),
        (("staff", LEDGER, *CHARTED, "-o", "a.png"), "人员配备"),
        (("scores", LEDGER, "--policy", "liaoning-2021", "-o", "a.png"), "十四项得分"),
        (("ranking", LEDGER, *CHARTED, "--date", "2030-12-31", "-o", "a.png"), "2030-12-31"),
    ],
    ids=["name", "ending", "area", "target", "no ratio", "no standard", "no score", "date"],
)
def test_chart_that_cannot_be_drawn_is_refused(tmp_path, arguments, message):
    assert message in refused("chart", *arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "formats"),
    [
        ([], ("ipynb", "html")),
        (["--format", "pdf,html"], ("pdf", "html")),
        (["--format", "pdf", "--format", "pptx, pdf"], ("pdf", "pptx")),
    ],
)
def test_formats_are_given_together_or_one_by_one(given, formats):
    context = cli.commands["report"].make_context("report", ["x.csv", "--policy", "p", *given])
    assert _formats(",".join(context.params["formats"])) == formats
