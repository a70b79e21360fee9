"""What was read is kept until the files change, and nothing ever fails for it."""

import dataclasses
import json
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from sanlian_analysis import cache
from sanlian_analysis import ledger as ledger_module
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.schema import KEYS

A, B, C = (f"14080200100{i}" for i in (1, 2, 3))
HEADER = "社区代码,社区名称,统计时点,户数,开展三社联动,政府购买服务投入（元）"
LINES = [
    HEADER,
    f"{A},甲社区,2021-12-31,5,不适用,35000",
    f"{B},乙\u202e社区,2021/12/31,约6,是,",
    f"{B},乙社区,2021-12-31,7,否,1",
    "合计,,,99,,",
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The cache of this test alone: where its entries will lie."""
    monkeypatch.setenv("SANLIAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ledgers"


@pytest.fixture
def path(tmp_path):
    """A ledger with something of everything that a cache must keep."""
    return write(tmp_path / "台账.csv", *LINES)


@pytest.fixture
def reads(monkeypatch):
    """Counts how often files are really read."""
    done = []

    def counted(path):
        done.append(path.name)
        return read(path)

    read = ledger_module.read_sheets
    monkeypatch.setattr(ledger_module, "read_sheets", counted)
    return done


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def assert_same(one, other) -> None:
    """Everything about two ledgers is equal: tables, types, findings, order, attributes."""
    for name in KEYS:
        pd.testing.assert_frame_equal(one.table(name), other.table(name), check_freq=True)
        pd.testing.assert_frame_equal(one.origin[name], other.origin[name])
        assert one.table(name).attrs == other.table(name).attrs
        assert one.table(name).index.equals(other.table(name).index)
    for field in dataclasses.fields(one):
        if field.name not in {"communities", "streets", "counties", "scores", "origin", "frame"}:
            assert getattr(one, field.name) == getattr(other, field.name), field.name


# --- kept and found again -------------------------------------------------------------


def test_second_reading_is_equal_and_opens_no_file_but_to_digest_it(path, folder, reads):
    first, second = read_ledger(path), read_ledger(path)
    assert reads == ["台账.csv"]
    assert len(entries(folder)) == 1
    assert_same(first, second)
    assert first.findings
    assert first.normalised
    assert_same(first, read_ledger(path, use_cache=False))


def test_all_sheets_of_a_workbook_come_back_with_their_types(workbook, reads):
    path = workbook(
        {
            "盐湖区": [line.split(",") for line in LINES],
            "街道": [["街道代码", "统计时点", "孵化培育基地"], ["140802001", "2021-12-31", "是"]],
            "区县": [["区县代码", "统计时点", "经费投入"], ["140802", "2021-12-31", 2.5]],
            "评分": [["社区代码", "统计时点", "监督委员会"], [A, "2021-12-31", "不适用"]],
            "说明": [["这是模拟数据"]],
        }
    )
    first, second = read_ledger(path), read_ledger(path)
    assert reads == ["台账.xlsx"]
    assert first.simulated is second.simulated is True
    assert second.counties["funding"].tolist() == [2.5]
    assert str(second.communities["date"].dtype) == "datetime64[s]"
    assert_same(first, second)


def test_tables_that_were_changed_by_their_user_are_not_those_that_are_kept(path):
    first = read_ledger(path)
    first.communities.loc[:, "households"] = 77
    second = read_ledger(path)
    assert second.communities["households"].tolist() == [5, pd.NA]
    second.communities.loc[:, "households"] = 77
    assert read_ledger(path).communities["households"].tolist() == [5, pd.NA]


def test_frame_is_laid_over_what_is_kept(path, reads):
    frame = pd.DataFrame({"code": [A, C], "name": ["甲村", "丙社区"]}, dtype="str")
    frame = frame.assign(street_code=frame["code"].str[:9], county_code=frame["code"].str[:6])
    alone, within = read_ledger(path), read_ledger(path, frame)
    assert reads == ["台账.csv"]
    assert alone.communities["code"].tolist() == [A, B]
    assert within.communities["code"].tolist() == [A]
    assert {one.kind for one in within.findings} - {one.kind for one in alone.findings} == {
        "stray",
        "name",
    }
    assert_same(alone, read_ledger(path))


def test_refusal_is_not_kept(tmp_path, folder, reads):
    path = write(tmp_path / "leer.csv", HEADER)
    for _ in range(2):
        with pytest.raises(SanlianError):
            read_ledger(path)
    assert len(reads) == 2
    assert entries(folder) == []


# --- read anew ------------------------------------------------------------------------


def test_one_changed_byte_is_read_anew_and_the_old_bytes_are_found_again(path, folder, reads):
    read_ledger(path)
    old = path.read_bytes()
    stamp = path.stat()
    path.write_bytes(old.replace(b",5,", b",8,"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as quick as a clock can be
    assert read_ledger(path).communities["households"].tolist()[0] == 8
    path.write_bytes(old)
    assert read_ledger(path).communities["households"].tolist()[0] == 5
    assert len(reads) == 2
    assert len(entries(folder)) == 2


def test_another_name_of_the_same_bytes_is_read_anew(path, tmp_path):
    read_ledger(path)
    (finding, *_) = read_ledger(shutil.copy(path, tmp_path / "b.csv")).findings
    assert finding.file == "b.csv"


def test_bytes_that_move_from_one_file_to_the_next_are_read_anew(tmp_path):
    home = tmp_path / "folder"
    home.mkdir()
    header = "code,date,orgs\n"
    one, two, three = (f"{code},2021-12-31,{i}\n" for i, code in enumerate((A, B, C)))
    (home / "a.csv").write_text(header + one + header + two, encoding="utf-8")
    (home / "b.csv").write_text(header + three, encoding="utf-8")
    assert read_ledger(home).origin["社区"]["file"].tolist() == ["a.csv", "a.csv", "b.csv"]
    (home / "a.csv").write_text(header + one, encoding="utf-8")
    (home / "b.csv").write_text(header + two + header + three, encoding="utf-8")
    assert read_ledger(home).origin["社区"]["file"].tolist() == ["a.csv", "b.csv", "b.csv"]


def test_another_version_of_the_readers_reads_anew(path, monkeypatch, reads):
    read_ledger(path)
    monkeypatch.setattr(cache, "_version", lambda: "another")
    read_ledger(path)
    read_ledger(path)
    assert len(reads) == 2


def test_every_module_that_decides_what_is_read_is_part_of_the_version():
    modules, left = set(), ["ledger"]
    package = Path(cache.__file__).parent
    while left:
        module = left.pop()
        modules.add(module)
        text = (package / f"{module}.py").read_text(encoding="utf-8")
        for other in sorted(package.glob("*.py")):
            named = f"sanlian_analysis.{other.stem} import" in text
            listed = any(
                line.startswith("from sanlian_analysis import")
                and other.stem in line.replace(",", " ").split()
                for line in text.splitlines()
            )
            if (named or listed) and other.stem not in modules:
                left.append(other.stem)
    # what is only said, counted or raised changes no content that is kept
    assert modules - {"errors", "files", "language", "records", "inputs", "remembered"} <= set(
        cache._READERS
    )


def test_findings_are_kept_in_the_language_in_which_they_were_made(path):
    chinese = read_ledger(path)
    with using("en"):
        english = read_ledger(path)
    assert chinese.findings[0].message != english.findings[0].message
    assert read_ledger(path).findings == chinese.findings


def test_content_that_came_after_the_digest_is_not_kept_under_it(path, monkeypatch):
    old = path.read_bytes()
    digest = ledger_module.digest

    def digest_and_write(files):
        answer = digest(files)
        path.write_bytes(old.replace(b",5,", b",8,"))
        return answer

    between = None  # the best answer is a refusal: the file is being written
    with monkeypatch.context() as patch, suppress(SanlianError):
        patch.setattr(ledger_module, "digest", digest_and_write)
        between = read_ledger(path)
    path.write_bytes(old)
    after = read_ledger(path)
    assert after.communities["households"].tolist()[0] == 5
    assert between is None or between.sha256 != after.sha256


# --- off ------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "false"])
def test_cache_that_is_off_touches_nothing(path, monkeypatch, tmp_path, reads, word):
    monkeypatch.setattr(cache, "_save", None)
    monkeypatch.setattr(cache, "_load", None)
    monkeypatch.setenv("SANLIAN_CACHE", word)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    before = sorted(tmp_path.iterdir())
    read_ledger(path)
    read_ledger(path)
    assert len(reads) == 2
    assert sorted(tmp_path.iterdir()) == before


def test_reading_without_the_cache_touches_nothing(path, folder, reads):
    read_ledger(path, use_cache=False)
    assert entries(folder) == []
    read_ledger(path)
    (entry,) = entries(folder)
    before = entry.stat().st_mtime_ns
    os.utime(entry, ns=(0, 0))
    read_ledger(path, use_cache=False)
    assert entry.stat().st_mtime_ns == 0 < before
    assert len(reads) == 3


def test_reading_with_the_cache_uses_it_although_it_is_switched_off(
    path, monkeypatch, tmp_path, reads
):
    monkeypatch.setenv("SANLIAN_CACHE", "off")
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "own")
    for _ in range(2):
        read_ledger(path, use_cache=True)
    assert len(reads) == 1


# --- damage ---------------------------------------------------------------------------


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def about(change):
    def damage(file: Path) -> None:
        file.write_text(json.dumps(change(json.loads(file.read_text("utf-8")))), encoding="utf-8")

    return damage


DAMAGES = {
    "about is gone": ("about.json", Path.unlink),
    "about is cut": ("about.json", cut),
    "about is empty": ("about.json", lambda file: file.write_bytes(b"")),
    "about is no text": ("about.json", lambda file: file.write_bytes(b"\xff\xfe\0")),
    "about is a list": ("about.json", about(lambda _: [])),
    "about is null": ("about.json", about(lambda _: None)),
    "about is text": ("about.json", about(lambda _: "x")),
    "about lacks a part": ("about.json", about(lambda told: told | {"findings": None})),
    "findings of another shape": (
        "about.json",
        about(lambda told: told | {"findings": [{"x": 1}]}),
    ),
    "letters of another shape": ("about.json", about(lambda told: told | {"letters": [[1]]})),
    "letters of numbers": ("about.json", about(lambda told: told | {"letters": 5})),
    "tables of another name": ("about.json", about(lambda told: told | {"tables": ["x"]})),
    "no tables": ("about.json", about(lambda told: told | {"tables": []})),
    "table is gone": ("0.parquet", Path.unlink),
    "table is cut": ("0.parquet", cut),
    "table is empty": ("0.parquet", lambda file: file.write_bytes(b"")),
    "table is garbage": ("0.parquet", lambda file: file.write_bytes(b"PAR1" * 20)),
    "table is another": ("0.parquet", lambda file: pd.DataFrame({"x": [1]}).to_parquet(file)),
    "table is a folder": ("0.parquet", lambda file: (file.unlink(), file.mkdir())),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entry_is_as_good_as_none_and_is_replaced(path, folder, reads, damage):
    whole = read_ledger(path)
    (entry,) = entries(folder)
    name, spoil = DAMAGES[damage]
    spoil(entry / name)
    assert_same(whole, read_ledger(path))
    assert len(reads) == 2
    assert_same(whole, read_ledger(path))
    assert len(reads) == 2, "the damaged entry was not replaced"


def test_file_in_the_place_of_an_entry_does_not_disturb(path, folder):
    whole = read_ledger(path)
    (entry,) = entries(folder)
    shutil.rmtree(entry)
    entry.write_bytes(b"")
    assert_same(whole, read_ledger(path))


def test_entry_is_whole_or_not_there(path, folder, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    read_ledger(path)
    assert entries(folder) == []


# --- a folder that cannot be used -----------------------------------------------------


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_folder_that_cannot_be_written_fails_nothing(path, tmp_path, monkeypatch, reads, place):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SANLIAN_CACHE", str(tmp_path / place))
    assert_same(read_ledger(path), read_ledger(path))
    assert len(reads) == 2


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="may write all")
def test_folder_without_permission_fails_nothing(path, folder, reads):
    folder.mkdir(parents=True, mode=0o500)
    assert_same(read_ledger(path), read_ledger(path))
    assert len(reads) == 2


def test_folder_is_for_its_owner_alone(path, folder):
    read_ledger(path)
    assert folder.stat().st_mode & 0o077 == 0


# --- never without bound --------------------------------------------------------------


def many(tmp_path: Path, count: int) -> list[Path]:
    return [
        write(tmp_path / f"{i}.csv", "code,date,orgs", f"{A},2021-12-31,{i}") for i in range(count)
    ]


def test_only_so_many_ledgers_are_kept_and_those_last_used(tmp_path, folder, monkeypatch, reads):
    monkeypatch.setattr(cache, "_MOST_LEDGERS", 3)
    for i, path in enumerate(many(tmp_path, 5)):
        read_ledger(path)
        newest = max(entries(folder), key=lambda one: one.stat().st_mtime_ns)
        os.utime(newest, ns=(i * 10**9, i * 10**9))
        assert len(entries(folder)) == min(i + 1, 3)
    assert reads == [f"{i}.csv" for i in range(5)]
    read_ledger(tmp_path / "2.csv")  # the oldest of the three, and now the newest
    assert reads[5:] == []
    read_ledger(tmp_path / "0.csv")
    read_ledger(tmp_path / "2.csv")
    assert reads[5:] == ["0.csv"]
    read_ledger(tmp_path / "3.csv")
    assert reads[6:] == ["3.csv"]


def test_only_so_many_bytes_are_kept(tmp_path, folder, monkeypatch):
    paths = many(tmp_path, 4)
    read_ledger(paths[0])
    size = sum(file.stat().st_size for file in entries(folder)[0].iterdir())
    monkeypatch.setattr(cache, "_MOST_BYTES", 2 * size + size // 2)
    for path in paths[1:]:
        read_ledger(path)
        assert len(entries(folder)) <= 2
    assert len(entries(folder)) == 2


@pytest.mark.parametrize("name", [".DS_Store", "notes.txt"])
def test_foreign_file_in_the_folder_does_not_let_it_grow(tmp_path, folder, monkeypatch, name):
    monkeypatch.setattr(cache, "_MOST_LEDGERS", 2)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"x")
    os.utime(folder / name, (2**31, 2**31))
    for path in many(tmp_path, 6):
        read_ledger(path)
    assert len([one for one in entries(folder) if one.is_dir()]) <= 2


# --- several at once ------------------------------------------------------------------


def test_several_readers_at_once_get_the_same(path, folder):
    expected = read_ledger(path, use_cache=False)
    got = []
    threads = [threading.Thread(target=lambda: got.append(read_ledger(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    for one in got:
        assert_same(one, expected)
    assert len(entries(folder)) == 1
