"""How a run tells how far it has come."""

import io
import json
import re

import pytest

from sanlian_analysis.language import using
from sanlian_analysis.report import progress
from sanlian_analysis.report.manifest import AreaRecord
from sanlian_analysis.report.progress import Progress, State, clock

STATUSES = ("done", "failed", "done", "done")


@pytest.fixture
def now(monkeypatch):
    """A clock that is set by hand."""
    at = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: at[0])
    return at


def told(style, now, *, skipped=1, pause=10.0, ended=True):
    """What a run of five reports tells, one of them there already, one every 10 seconds."""
    stream = io.StringIO()
    teller = Progress(style, stream)
    teller.start(len(STATUSES) + skipped, skipped, 2)
    for number, status in enumerate(STATUSES):
        now[0] += pause
        error = "第 3 格：坏了" if status == "failed" else ""
        teller.made(AreaRecord(f"21010{number}", "铁西区", status, seconds=1.5, error=error))
    if ended:
        teller.end()
    return stream.getvalue()


def test_quiet_tells_nothing(now):
    assert told("quiet", now) == ""


def test_lines_tell_the_start_and_how_far_it_has_come(now):
    first, *others = told("lines", now).splitlines()
    assert first == "共 5 份，已有 1 份"
    assert others[0] == "完成 1，失败 0，进行中 2，共 5；每秒 0.1 份，约剩 0:30"
    assert others[1] == "完成 1，失败 1，进行中 2，共 5；每秒 0.1 份，约剩 0:20"
    assert others[-1] == "完成 3，失败 1，进行中 0，共 5；每秒 0.1 份，约剩 0:00"


def test_lines_in_english(now):
    with using("en"):
        first, *others = told("lines", now).splitlines()
    assert first == "5 reports, 1 there already"
    assert others[1] == "1 done, 1 failed, 2 running of 5; 0.1 a second, about 0:20 left"


def test_lines_come_seldom_and_the_last_one_always(now):
    lines = told("lines", now, pause=0.5).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("完成 3，失败 1，进行中 0，")


def test_every_line_of_json_stands_by_itself_and_they_add_up(now):
    events = [json.loads(line) for line in told("json", now).splitlines()]
    assert [event["event"] for event in events] == ["start", *["area"] * 4, "end"]
    for event in events:
        done = event["done"] + event["failed"] + event["skipped"]
        assert done <= event["total"] == 5
        assert event["running"] == min(2, event["total"] - done)
        assert event["skipped"] == 1
    areas = events[1:-1]
    assert [event["done"] + event["failed"] for event in areas] == [1, 2, 3, 4]
    assert [event["status"] for event in areas] == list(STATUSES)
    assert events[-1]["done"] == sum(event["status"] == "done" for event in areas)
    assert events[-1]["failed"] == sum(event["status"] == "failed" for event in areas)


def test_json_says_what_was_made(now):
    events = [json.loads(line) for line in told("json", now).splitlines()]
    assert events[2] | {"rate": 0, "seconds_left": 0} == {
        "event": "area",
        "total": 5,
        "skipped": 1,
        "done": 1,
        "failed": 1,
        "running": 2,
        "rate": 0,
        "seconds_left": 0,
        "code": "210101",
        "name": "铁西区",
        "status": "failed",
        "seconds": 1.5,
        "error": "第 3 格：坏了",
    }


def test_json_knows_no_rest_before_the_first_report(now):
    events = [json.loads(line) for line in told("json", now).splitlines()]
    assert events[0]["seconds_left"] is None
    assert [event["seconds_left"] for event in events[1:]] == [30.0, 20.0, 10.0, 0.0, 0.0]
    assert [event["rate"] for event in events[1:]] == [0.1] * 5


def test_json_goes_to_standard_output_and_the_rest_to_standard_error(now, capsys):
    for style in ("json", "lines", "bar"):
        teller = Progress(style)
        teller.start(1, 0, 1)
        teller.end()
    out, err = capsys.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["start", "end"]
    assert err.startswith("共 1 份，已有 0 份\n")
    assert "0/1" in err


@pytest.mark.parametrize(("language", "failures"), [("zh", "失败 1"), ("en", "1 failed")])
def test_bar_counts_reports_and_failures(language, failures):
    with using(language):
        stream = io.StringIO()
        teller = Progress("bar", stream)
        teller.start(5, 1, 2)
        for status in STATUSES:
            teller.made(AreaRecord("210106", "铁西区", status))
        teller.end()
    text = stream.getvalue()
    assert "1/5" in text.split("\r")[1]
    assert re.search(r"100%.*5/5", text)
    assert failures in text


@pytest.mark.parametrize("style", ["bar", "lines", "json", "quiet"])
def test_an_end_without_anything_made(style):
    teller = Progress(style, io.StringIO())
    teller.start(0, 0, 2)
    teller.end()


def test_a_new_run_starts_from_nothing(now):
    stream = io.StringIO()
    teller = Progress("json", stream)
    for _ in range(2):
        teller.start(1, 0, 1)
        teller.made(AreaRecord("210106", "铁西区", "done"))
        teller.end()
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["done"] for event in events] == [0, 1, 1, 0, 1, 1]


def test_state_knows_what_is_open(now):
    state = State(total=10, workers=4, skipped=3, started=now[0], done=4, failed=1)
    assert (state.open, state.running) == (2, 2)
    now[0] += 10
    assert (state.rate, state.left) == (0.5, 4.0)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599.6, "1:00:00"), (90061, "25:01:01")],
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown
