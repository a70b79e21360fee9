"""What if: a ledger with some figures changed, and what becomes of the results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.evaluation import evaluate, snapshots
from sanlian_analysis.language import say
from sanlian_analysis.ledger import Ledger
from sanlian_analysis.planning.altered import altered, no_cells
from sanlian_analysis.planning.changes import ChangeRule, cells_of_rule, cells_of_table
from sanlian_analysis.policy import Policy
from sanlian_analysis.policy_files import load_policy
from sanlian_analysis.snapshot import take_snapshot

#: What a row of the comparison is about, and what is compared.
KEYS = ["policy", "target", "reading", "level", "area_code", "area", "date", "due"]
COMPARED = [
    "numerator",
    "denominator",
    "unknown",
    "value",
    "lower",
    "upper",
    "verdict",
    "shortfall",
]

#: Columns of the comparison, in order.
COLUMNS = [
    *KEYS,
    "threshold",
    "binding",
    *(f"{column}_{when}" for column in COMPARED for when in ("before", "after")),
    "changed",
]


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A supposed ledger, and what it changes.

    `ledger`: the new one; it says in its findings that it is supposed. `date`:
    the snapshot that was changed. `cells`: one row per cell that was to change,
    in the order given: sheet, code, variable, before, after (None: unknown),
    applied, and why not: `unknown` (nothing can be added to a blank),
    `not_applicable` (nor to 不适用), `undecided` (a blank leaves it open whether
    the rule means the unit). `results`: the results table of that date before
    and after, row by row, with `COLUMNS`; `changed` marks the rows in which
    anything differs. Units are those of the results table.
    """

    ledger: Ledger = field(repr=False)
    date: dt.date
    cells: pd.DataFrame
    results: pd.DataFrame


Changes = pd.DataFrame | ChangeRule


def what_if(
    ledger: Ledger,
    changes: Changes | Sequence[Changes],
    policy: Policy | str | Path,
    date: dt.date | str | None = None,
    *,
    assumptions: Iterable[str] = (),
) -> WhatIf:
    """Change figures of one snapshot, and compare the results before and after.

    `changes`: a table with the columns code (12, 9 or 6 digits: a community, a
    street, a county), variable (its id) and value; or a `ChangeRule`; or several
    of both, each applied to what the one before it left. A value is what the
    cell is to say ("12", 12, "是", "不适用", "" for unknown) or, as text with a
    sign, what is added ("+2", "-1"). `date`: the snapshot, the latest when left
    out; no other one is changed.

    Blanks stay blanks: what is added to an unknown number leaves it unknown, and
    a rule applies to the units of which its condition surely holds. Both are
    listed in `cells`, and the bounds of the results carry them. A unit of the
    frame without a row gets one when a value is set. The given ledger is not
    changed, and without any change the results are the same.

    Raises SanlianError, which names the row or the rule, for an unknown unit,
    variable, date or column, a value outside its type or range (also after
    adding), a part above its whole, and a condition that cannot be understood.
    """
    document = load_policy(policy)
    day, given = snapshots(ledger, date)[-1], tuple(assumptions)
    supposed, logs = ledger, []
    for one in [changes] if isinstance(changes, Changes) else changes:
        supposed, log = _applied(supposed, one, document, day)
        logs.append(log)
    cells = pd.concat(logs, ignore_index=True) if logs else no_cells()
    before, after = (evaluate(one, document, day, given) for one in (ledger, supposed))
    return WhatIf(supposed, day, cells, _compared(before, after))


def _applied(
    ledger: Ledger, change: object, policy: Policy, day: dt.date
) -> tuple[Ledger, pd.DataFrame]:
    if isinstance(change, ChangeRule):
        return altered(ledger, cells_of_rule(change, ledger, policy, day), day)
    if isinstance(change, pd.DataFrame):
        snapshot = take_snapshot(ledger, day)
        there = {
            "community": set(snapshot.communities["code"]),
            "street": set(snapshot.streets["street_code"]),
            "county": set(snapshot.counties["county_code"]),
        }
        return altered(ledger, cells_of_table(change, there), day)
    raise SanlianError(
        say(
            f"改动应为表（code、variable、value）或 ChangeRule，实为 {type(change).__name__}",
            "changes are a table (code, variable, value) or a ChangeRule, "
            f"not {type(change).__name__}",
        )
    )


def _compared(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Both results row by row: they have the same areas, targets and readings."""
    table = before[[*KEYS, "threshold", "binding"]].copy()
    changed = np.zeros(len(before), dtype=bool)
    for column in COMPARED:
        then, now = before[column], after[column]
        table[f"{column}_before"], table[f"{column}_after"] = then, now
        same = (then == now).fillna(False) | (then.isna() & now.isna())
        changed |= ~same.to_numpy(dtype=bool)
    table["changed"] = changed
    table.attrs = dict(before.attrs)
    return table[COLUMNS]
