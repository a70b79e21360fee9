"""Files that are whole or not there, and names that are safe on every system."""

import os
import stat
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import safe_name, whole_file
from sanlian_analysis.language import using

# --- whole files ----------------------------------------------------------------------


def write(path, text: str) -> None:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def test_file_takes_its_name_when_the_block_ends_well(tmp_path):
    path = tmp_path / "结果.csv"
    with whole_file(path) as part:
        part.write_text("new", encoding="utf-8")
        assert part.parent == path.parent
        assert part.suffix == ".csv"
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "new"
    assert os.listdir(tmp_path) == ["结果.csv"]


def test_file_replaces_what_stood_there(tmp_path):
    for text in ("old", "new"):
        write(tmp_path / "a.txt", text)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SanlianError])
def test_failure_leaves_nothing_behind_and_keeps_the_old_file(tmp_path, failure):
    write(tmp_path / "a.txt", "old")

    def fail():
        with whole_file(tmp_path / "a.txt") as part:
            part.write_text("half", encoding="utf-8")
            raise failure("no more")

    with pytest.raises(failure, match="no more"):
        fail()
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_full_disk_is_told_with_the_mend(tmp_path):
    def fail():
        with whole_file(tmp_path / "a.txt"):
            raise OSError(28, "No space left on device")

    with pytest.raises(SanlianError) as error:
        fail()
    message = str(error.value)
    assert all(part in message for part in ("a.txt", "No space left", "磁盘空间"))
    assert os.listdir(tmp_path) == []


def test_file_that_another_program_holds_open_stands(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", "old")

    def refuse(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(SanlianError, match="并关闭正打开它的程序"):
        write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_folders_on_the_way_are_made(tmp_path):
    write(tmp_path / "a" / "b" / "c.txt", "x")
    assert (tmp_path / "a" / "b" / "c.txt").read_text(encoding="utf-8") == "x"


def test_place_that_is_taken_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "folder.csv", tmp_path / "file" / "a.csv", tmp_path / ("x" * 300)):
        with using("en"), pytest.raises(SanlianError, match="cannot be written"):
            write(path, "x")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.csv"]
    assert os.listdir(tmp_path / "folder.csv") == []


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_file_is_as_readable_as_others_are(tmp_path):
    write(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x", encoding="utf-8")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.txt", "b.txt")}
    assert len(modes) == 1


# --- safe names -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("盐湖区", "盐湖区"),
        ("雕庄街道园区(管理区）", "雕庄街道园区(管理区）"),
        ("a b", "a_b"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("   ", "_"),
        ("/", "_"),
        ("../../etc/passwd", "etc_passwd"),
        ("..\\..\\boot.ini", "boot_ini"),
        (".hidden", "hidden"),
        ("end.", "end"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("城区\u202egnp.exe", "城区gnp_exe"),
        ("\u200b城\u2066区\ufeff", "城区"),
        ("城\x00\x07\n区\x7f", "城区"),
        ("\ud800", "_"),
        ("e\u0301", "\u00e9"),
        ("长" * 300, "长" * 40),
        ("x" * 39 + " y", "x" * 39),
    ],
)
def test_safe_name(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *(("CON", "CON_"), ("con", "con_"), ("Nul", "Nul_"), ("PRN", "PRN_"), ("AUX.", "AUX_")),
        *(("COM1", "COM1_"), ("lpt9", "lpt9_"), ("COM¹", "COM¹_"), ("CONIN$", "CONIN$_")),
        ("con.txt", "con_txt"),
    ],
)
def test_names_that_windows_keeps_for_itself_are_changed(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["CONTROL", "COM", "COM10", "LPT", "icon", "CON县"])
def test_names_that_only_look_like_those_are_kept(name):
    assert safe_name(name) == name


@given(st.text())
def test_any_name_is_one_visible_short_part_of_a_path(name):
    safe = safe_name(name)
    assert 1 <= len(safe) <= 40
    assert not set(safe) & set('\\/:*?"<>|. \t\n')
    assert safe.isprintable()
    assert safe.encode()
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_name(safe) == safe
