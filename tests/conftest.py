"""Builders that several test files share."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xlsxwriter import Workbook

# The same examples in every run, and no clock: a busy machine is no fault of the code.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _chinese(monkeypatch):
    """Messages in Chinese, whatever the machine that runs the tests is set to."""
    monkeypatch.delenv("SANLIAN_LANG", raising=False)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Ledgers are kept where the tests of this worker lie, not in the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANLIAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def workbook(tmp_path):
    """Write a dictionary of sheets (name: rows of cells) as an .xlsx file and give its path."""

    def write(sheets: dict[str, list[list[object]]], name: str = "台账.xlsx") -> Path:
        options = {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd"}
        with Workbook(tmp_path / name, options) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for i, row in enumerate(rows):
                    for j, cell in enumerate(row):
                        if isinstance(cell, dt.date):
                            sheet.write_datetime(i, j, cell)
                        elif cell is not None:
                            sheet.write(i, j, cell)
        return tmp_path / name

    return write
