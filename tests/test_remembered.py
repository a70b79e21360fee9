"""What a worker keeps for the processes that are forked from it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from faults.scene import write_ledger

import sanlian_analysis as sl
from sanlian_analysis import remembered
from sanlian_analysis.language import using
from sanlian_analysis.remembered import read_once, start, work_out_once


@dataclass(frozen=True)
class Read:
    """As a ledger: a name, a table, tables by name."""

    name: str
    table: pd.DataFrame
    parts: dict[str, pd.DataFrame]


def read(value=1):
    table = pd.DataFrame({"a": np.arange(5) + value, "b": list("vwxyz")})
    table.attrs["simulated"] = True
    return Read("ledger", table, {"part": table.head(2)})


@pytest.fixture
def memory(monkeypatch):
    """A memory of this test alone."""
    own = remembered._Memory()
    monkeypatch.setattr(remembered, "_MEMORY", own)
    return own


@pytest.fixture
def started(memory):
    start()
    return memory


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self):
        self.calls += 1
        return self.function()


def shares_memory(one, other):
    return np.shares_memory(one["a"].to_numpy(), other["a"].to_numpy())


def test_nothing_is_kept_before_the_start(memory):
    reading = Counted(read)
    first, second = read_once("here", reading), read_once("here", reading)
    assert reading.calls == 2
    assert memory.known == []
    assert not shares_memory(first.table, second.table)


def test_nothing_is_worked_out_once_before_the_start(memory):
    value, work = read(), Counted(lambda: pd.DataFrame({"a": [1]}))
    work_out_once(value, "sum", work)
    work_out_once(value, "sum", work)
    assert work.calls == 2


def test_equal_origins_are_read_once_and_give_values_of_their_own(started):
    reading = Counted(read)
    first, second = read_once("here", reading), read_once("here", reading)
    assert reading.calls == 1
    assert first is not second
    assert first.table is not second.table
    assert shares_memory(first.table, second.table)
    pd.testing.assert_frame_equal(first.table, second.table)
    assert second.table.attrs == {"simulated": True}


def test_another_origin_is_read(started):
    assert read_once("here", read).table["a"].iloc[0] == 1
    assert read_once("there", lambda: read(7)).table["a"].iloc[0] == 7


def test_a_change_in_place_stays_with_the_one_who_made_it(started):
    first = read_once("here", read)
    first.table.loc[0, "a"] = 100
    first.table["c"] = 1
    first.table.attrs["simulated"] = False
    again = read_once("here", read)
    assert again.table["a"].tolist() == [1, 2, 3, 4, 5]
    assert list(again.table) == ["a", "b"]
    assert again.table.attrs == {"simulated": True}


def test_a_question_is_worked_out_once_for_equal_values(started):
    first, second = read_once("here", read), read_once("here", read)
    work = Counted(lambda: pd.DataFrame({"a": first.table["a"] * 2}))
    one, other = work_out_once(first, "double", work), work_out_once(second, "double", work)
    assert work.calls == 1
    pd.testing.assert_frame_equal(one, other)
    assert shares_memory(one, other)
    one.loc[0, "a"] = -1
    assert work_out_once(first, "double", work)["a"].iloc[0] == 2


def test_another_question_is_another_answer(started):
    value = read_once("here", read)
    assert work_out_once(value, "one", lambda: pd.DataFrame({"a": [1]}))["a"].tolist() == [1]
    assert work_out_once(value, "two", lambda: pd.DataFrame({"a": [2]}))["a"].tolist() == [2]


@pytest.mark.parametrize("changed", ["table", "part"])
def test_a_changed_value_gets_a_fresh_answer(started, changed):
    kept = read_once("here", read)
    work_out_once(kept, "sum", lambda: pd.DataFrame({"a": [kept.table["a"].sum()]}))
    value = read_once("here", read)
    if changed == "table":
        value.table.loc[0, "a"] = 1000
    else:
        value.parts["part"] = value.parts["part"].assign(a=0)
    work = Counted(lambda: pd.DataFrame({"a": [-1]}))
    assert work_out_once(value, "sum", work)["a"].tolist() == [-1]
    assert work_out_once(value, "sum", work)["a"].tolist() == [-1]
    assert work.calls == 2


def test_an_answer_that_is_changed_is_given_whole_again(started):
    value = read_once("here", read)
    answer = work_out_once(value, "same", lambda: pd.DataFrame({"a": [1, 2]}))
    answer.loc[0, "a"] = 9
    assert work_out_once(value, "same", read)["a"].tolist() == [1, 2]


# --- ledgers --------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    write_ledger(tmp_path, 2)
    return tmp_path / "台账.csv", tmp_path / "名录.csv"


def evaluated(ledger):
    return sl.evaluate(ledger, "liaoning-2021")


def test_a_ledger_is_read_once(started, files):
    first, second = sl.read_ledger(*files), sl.read_ledger(*files)
    assert len(started.known) == 1
    assert first.communities is not second.communities
    pd.testing.assert_frame_equal(first.communities, second.communities)


def test_a_ledger_that_is_written_anew_is_read_anew(started, files):
    before = sl.read_ledger(*files)
    write_ledger(files[0].parent, 2, first=9)
    after = sl.read_ledger(*files)
    assert before.sha256 != after.sha256
    assert not before.communities.equals(after.communities)
    assert not evaluated(before).equals(evaluated(after))


def test_a_frame_that_is_written_anew_is_read_anew(started, files):
    before = sl.read_ledger(*files)
    lines = files[1].read_text("utf-8").splitlines()
    files[1].write_text("\n".join(lines[:-1]), "utf-8")
    assert len(sl.read_ledger(*files).frame) == len(before.frame) - 1


def test_with_and_without_a_frame_are_two(started, files):
    assert sl.read_ledger(*files).frame is not None
    assert sl.read_ledger(files[0]).frame is None


def test_findings_are_in_the_language_that_is_asked_for(started, tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text(
        "社区代码,社区名称,统计时点,社区社会组织数\n210106001001,第一社区,2021-12-31,许多\n",
        "utf-8",
    )
    chinese = sl.read_ledger(path)
    with using("en"):
        english = sl.read_ledger(path)
    again = sl.read_ledger(path)
    assert chinese.findings
    assert [str(one) for one in chinese.findings] == [str(one) for one in again.findings]
    assert [str(one) for one in chinese.findings] != [str(one) for one in english.findings]


def test_a_ledger_that_is_changed_in_place_is_evaluated_anew(started, files):
    kept = sl.read_ledger(*files)
    before = evaluated(kept)
    changed = sl.read_ledger(*files)
    column = next(name for name in changed.communities if name not in ("code", "name", "date"))
    changed.communities[column] = 0
    assert not evaluated(changed).equals(before)
    pd.testing.assert_frame_equal(evaluated(sl.read_ledger(*files)), before)


def test_kept_answers_are_those_that_would_be_worked_out(started, files, monkeypatch):
    kept = [evaluated(sl.read_ledger(*files)) for _ in range(2)][1]
    monkeypatch.setattr(remembered, "_MEMORY", remembered._Memory())
    pd.testing.assert_frame_equal(kept, evaluated(sl.read_ledger(*files)))
