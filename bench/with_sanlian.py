"""The figures by this package, with everything else that its results table holds."""

from __future__ import annotations

from pathlib import Path

import national
import pandas as pd
from questions import FIGURES, KEYS

from sanlian_analysis import evaluation
from sanlian_analysis.ledger import Ledger


def load(folder: Path) -> Ledger:
    """The ledger, as `read_ledger` would return it."""
    return national.read(folder)


def evaluate(ledger: Ledger, policy: str) -> pd.DataFrame:
    """The whole results table."""
    return evaluation.evaluate(ledger, policy)


def save(result: pd.DataFrame, path: Path) -> None:
    """The figures as Parquet, for the comparison."""
    result[[*KEYS, *FIGURES]].to_parquet(path, index=False)
