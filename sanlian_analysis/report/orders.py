"""What the user asked for, and the processes that carry it out; loads little, to begin at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.inputs import notebook_folder
from sanlian_analysis.language import current, listed, say
from sanlian_analysis.report.jobs import Inputs, Wanted
from sanlian_analysis.report.pool import Pool, cores, local_pool

#: Every format; a report has the first two unless others are asked for.
FORMATS = ("ipynb", "html", "pdf", "pptx", "docx", "xlsx")
DEFAULT_FORMATS = FORMATS[:2]

#: Seconds that a notebook may run.
DEFAULT_SECONDS = 600.0

#: The notebook of a county, and that of all that the ledger covers.
COUNTY_NOTEBOOK, OVERVIEW_NOTEBOOK = "county_report.ipynb", "overview.ipynb"


@dataclass(frozen=True)
class Order:
    """What the user asked for.

    `ledger`, `policy` and `frame` as they were given; `date` empty for the
    latest snapshot; `areas` empty for every county; `jobs` at a time, 0 for one
    per core. `seconds` and `megabytes` limit each notebook, 0 for no limit.
    `engine` is papermill's name of one. `scheduler`: address of a Dask cluster that
    does the work, "" for this machine.
    """

    ledger: str
    policy: str
    frame: str = ""
    date: str = ""
    areas: tuple[str, ...] = ()
    out: str = "reports"
    formats: tuple[str, ...] = DEFAULT_FORMATS
    jobs: int = 0
    assumptions: tuple[str, ...] = ()
    resume: bool = False
    template: str = ""
    engine: str = "sanlian"
    seconds: float = DEFAULT_SECONDS
    megabytes: float = 0
    scheduler: str = ""

    @property
    def workers(self) -> int:
        """Reports that are made at a time."""
        return self.jobs or cores()

    @property
    def inputs(self) -> Inputs:
        """What every area is made from."""
        return Inputs(self.ledger, self.frame, self.policy, self.assumptions, current())


@contextmanager
def workers(orders: Sequence[Order]) -> Iterator[Pool]:
    """Processes that carry out these orders; they begin to load at once."""
    wanted = [Wanted(order.inputs, order.date, order.formats) for order in orders]
    scheduler = orders[0].scheduler
    pool: Pool
    if scheduler:
        from sanlian_analysis.report.cluster import ClusterPool

        read = [str(notebook_folder() / name) for name in (COUNTY_NOTEBOOK, OVERVIEW_NOTEBOOK)]
        pool = ClusterPool(scheduler, wanted, [*read, orders[0].template])
    else:
        pool = local_pool(wanted, orders[0].workers)
    try:
        yield pool
    finally:
        pool.close()


def check_engine(name: str) -> None:
    """Refuse an engine that papermill does not have.

    Raises SanlianError with those that it has.
    """
    if name in ("sanlian", "nbclient"):
        return
    known = {entry.name for entry in entry_points(group="papermill.engine")} | {"nbclient"}
    if name not in known:
        there = listed(sorted(known))
        raise SanlianError(
            say(
                f"--engine {name}：papermill 没有这个引擎；有：{there}",
                f"--engine {name}: papermill has no such engine; it has {there}",
            )
        )


def check_template(path: str) -> None:
    """Refuse a file whose masters slides cannot take.

    Raises SanlianError with the name of the file and what is needed.
    """
    if not Path(path).is_file():
        raise SanlianError(say(f"{path}：找不到幻灯片模板", f"{path}: no such presentation"))
    from sanlian_analysis.briefing.slide_master import opened  # what few orders need

    opened(Path(path))
