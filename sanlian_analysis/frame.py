"""The frame: the list of villages and communities that exist, and so every denominator."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from sanlian_analysis.codes import COMMUNITY_DIGITS, LEVELS, published_names
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.files import decoded
from sanlian_analysis.language import say

#: Columns of a frame, in order; the names may be missing (<NA>).
COLUMNS = ["code", "name", *(c for level in LEVELS for c in (f"{level}_code", level)), "settlement"]

_BRACKETS = re.compile(r"[（(\[【〔][^（(\[【〔]*?[）)\]】〕]")


def settlement_of(name: str) -> str:
    """Urban, rural or other, from the published name (rulebook, rule 2).

    >>> [settlement_of(n) for n in ("西花园社区居委会", "洛阳社区居委会（含洛阳村村委）")]
    ['urban', 'urban']
    >>> [settlement_of(n) for n in ("北村村民委员会", "永济监狱虚拟社区", "综合保税管理区")]
    ['rural', 'other', 'other']
    """
    bare, left = _BRACKETS.subn("", name)
    while left:  # brackets within brackets
        bare, left = _BRACKETS.subn("", bare)
    if "虚拟" in bare or "生活区" in bare:
        return "other"
    urban = max(bare.rfind("居"), bare.rfind("社区"))
    rural = max(bare.rfind("村"), bare.rfind("嘎查"))
    if urban == rural:  # both -1: the name tells nothing
        return "other"
    return "urban" if urban > rural else "rural"


def read_frame(path: str | Path) -> pd.DataFrame:
    """Read the list of units that exist.

    `path`: `.csv` or `.csv.gz` (UTF-8 or GB18030) with at least `code` (12
    digits) and `name`; `street`, `county`, `city`, `province` when it has them.

    Returns one row per unit, sorted by code, with `COLUMNS`; the settlement
    type is that of the name. Missing province and city names come from the
    published list; other missing names are <NA>.

    Raises SanlianError for a missing or unreadable file, a missing column, and
    codes that are malformed or listed twice.
    """
    path = Path(path)
    table = _read_csv(path)
    missing = [column for column in ("code", "name") if column not in table]
    if missing:
        raise SanlianError(
            say(
                f"{path}：名录缺少列 {'、'.join(missing)}；第一行应为列名，至少含 code,name",
                f"{path}: the frame lacks the column {', '.join(missing)}; "
                "its first line must name at least code,name",
            )
        )
    table["code"] = table["code"].str.strip()
    _refuse_codes(path, table["code"])
    return complete_frame(table.drop(columns="settlement", errors="ignore"))


def complete_frame(units: pd.DataFrame) -> pd.DataFrame:
    """Give a table of units (code, name, …) every column of a frame, sorted by code."""
    frame = units.sort_values("code", ignore_index=True)
    for level, digits in LEVELS.items():
        frame[f"{level}_code"] = frame["code"].str[:digits]
        if level not in frame:
            frame[level] = pd.Series(pd.NA, index=frame.index, dtype="str")
    for level in ("city", "province"):
        known = frame[f"{level}_code"].map(published_names())
        frame[level] = frame[level].fillna(known.astype("str"))
    if "settlement" not in frame:
        names = frame["name"].fillna("")
        frame["settlement"] = names.map(settlement_of).astype("str")
    return frame[COLUMNS]


def _read_csv(path: Path) -> pd.DataFrame:
    if not os.path.isfile(path):  # Path.is_file() fails on a name that is too long
        raise SanlianError(say(f"{path}：找不到名录文件", f"{path}: no such frame file"))
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        table = pd.read_csv(
            StringIO(decoded(data)),
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,  # so that a row's label tells its line
        )
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SanlianError(
            say(
                f"{path}：读不出名录（{error}）；应为 UTF-8 的 CSV 或 .csv.gz",
                f"{path}: not a readable frame ({error}); expected UTF-8 CSV or .csv.gz",
            )
        ) from None
    return table.rename(columns=lambda column: str(column).strip()).dropna(how="all")


def _refuse_codes(path: Path, codes: pd.Series) -> None:
    malformed = ~codes.str.fullmatch(rf"[0-9]{{{COMMUNITY_DIGITS}}}").fillna(False).astype(bool)
    repeated = codes.duplicated()
    for wrong, zh, en in (
        (malformed, "代码应为 12 位数字", "the code must have 12 digits"),
        (
            repeated,
            "代码重复，每个单位只列一行",
            "the code is listed twice; keep one line per unit",
        ),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            line, code = codes.index[row] + 2, codes.fillna("").iloc[row]
            raise SanlianError(
                say(
                    f"{path} 第 {line} 行 code {code!r}：{zh}",
                    f"{path} line {line}, code {code!r}: {en}",
                )
            )
