"""The command line: `sanlian`."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say, use_language

if TYPE_CHECKING:  # what a command does not need is not imported by it
    from sanlian_analysis.ledger import Ledger
    from sanlian_analysis.report.orders import Order
    from sanlian_analysis.report.pool import Pool
    from sanlian_analysis.report.progress import Progress

Command = TypeVar("Command", bound=Callable[..., Any])

_LEDGER = say("台账：.xlsx、.csv、.parquet 或文件夹", "ledger: .xlsx, .csv, .parquet or a folder")
_FRAME = say(
    "名录（.csv 或 .csv.gz）：现有的全部村、社区", "the list of units that exist (.csv, .csv.gz)"
)
_POLICY = say("政策 id 或 .toml 文件，可重复", "policy id or .toml file; may be repeated")
_ONE_POLICY = say("政策 id 或 .toml 文件", "policy id or .toml file")
_DATE = say("统计时点，如 2020-12-31，可重复", "snapshot such as 2020-12-31; may be repeated")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=say(
        "三社联动政策目标的测算：从台账到指标、判定和报告。SANLIAN_LANG=en 切换为英文。",
        "Targets of community governance policies: from a ledger to figures, verdicts and reports.",
    ),
)
@click.version_option(package_name="sanlian-analysis", prog_name="sanlian")
def cli() -> None:
    """The group of all commands."""


@cli.command(help=say("列出政策，或一项政策的全部目标及原文", "list policies, or one in full"))
@click.argument("policy", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "print JSON"))
@click.option(
    "--compare",
    is_flag=True,
    help=say("并列各文件对同一变量的要求", "what the documents ask of the same variable"),
)
@click.option(
    "--source",
    metavar="FILE",
    help=say("用官方原文核对所引语句", "check the cited sentences against the official text"),
)
def policies(policy: str | None, as_json: bool, compare: bool, source: str | None) -> None:
    """Print the policies, compare them, or check one against its official text."""
    from sanlian_analysis import policy_text
    from sanlian_analysis.policy_files import POLICY_IDS, load_policy

    if source is not None:
        if policy is None:
            raise SanlianError(
                say("--source 需要政策 id，如 sanlian policies liaoning-2021 --source 原文.txt",
                    "--source needs a policy id: sanlian policies liaoning-2021 --source FILE")
            )  # fmt: skip
        _check_source(load_policy(policy), source)
    chosen = [load_policy(id_) for id_ in ([policy] if policy else POLICY_IDS)]
    if compare:
        from sanlian_analysis.coverage import strictness

        click.echo(strictness(_policies((policy, "all") if policy else ("all",))).to_string())
    elif as_json:
        described = [policy_text.describe(one) for one in chosen]
        content = described[0] if policy else described
        click.echo(json.dumps(content, ensure_ascii=False, indent=2))
    elif policy:
        click.echo(policy_text.full_text(chosen[0]))
    else:
        click.echo(policy_text.overview_text(chosen))


def _check_source(policy: Any, source: str) -> None:
    """Print cited sentences that the text lacks, and sentences of the text nobody accounts for."""
    from sanlian_analysis import policy_text
    from sanlian_analysis.official_text import unaccounted

    text = policy_text.read_official_text(source)
    missing = policy_text.unfound_sentences(policy, text)
    open_ = unaccounted(text, [sentence for _, sentence in policy.cited])
    for heading, lines in (
        (say("原文里找不到的引文：", "Cited, but not in the text:"), missing),
        (say("没有目标或说明对应的语句：", "In the text, but accounted for by nothing:"), open_),
    ):
        if lines:
            click.echo(heading)
        for line in lines:
            click.echo(f"  {line}")
    sys.exit(1 if missing or open_ else 0)


@cli.command(help=say("生成待填的空白台账", "make an empty ledger to be filled in"))
@click.argument("out", metavar="OUT.xlsx")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="ID",
    help=say(
        "只含这些政策所需的列；不给则含全部", "only the columns that these need; all without it"
    ),
)
@click.option("--frame", metavar="FRAME", help=_FRAME)
@click.option("--date", "dates", multiple=True, metavar="D", help=_DATE)
def template(
    out: str, policies: tuple[str, ...], frame: str | None, dates: tuple[str, ...]
) -> None:
    """Write a workbook with headers, drop-downs, checks and explanations."""
    from sanlian_analysis.frame import read_frame
    from sanlian_analysis.template import write_template

    if dates and not frame:
        raise SanlianError(
            say("--date 需要 --frame：没有名录就没有可填时点的行",
                "--date needs --frame: without a list of units there are no rows to date")
        )  # fmt: skip
    rules = _policies(policies or ("all",))
    write_template(out, rules, read_frame(frame) if frame else None, [_day(d) for d in dates])
    click.echo(say(f"已写入 {out}", f"{out} written"), err=True)


@cli.command(help=say("逐格检查台账", "check a ledger cell by cell"))
@click.argument("ledger", metavar="LEDGER")
@click.option("--frame", metavar="FRAME", help=_FRAME)
@click.option("--policy", "policies", multiple=True, metavar="ID", help=_POLICY)
@click.option(
    "--report",
    metavar="OUT.xlsx",
    help=say("另存一份标出问题的工作簿", "also write a copy of the workbook with the cells marked"),
)
@click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "print JSON"))
def check(
    ledger: str, frame: str | None, policies: tuple[str, ...], report: str | None, as_json: bool
) -> None:
    """Print every finding, equal ones in one line; 1 when there are errors."""
    from sanlian_analysis import checks, findings
    from sanlian_analysis.ledger import read_ledger

    if report:
        _refuse_marked_copies(ledger, report)
    data = read_ledger(ledger, frame)
    found = checks.check(data, _policies(policies) if policies else ())
    counts = findings.counts(found)
    if report:
        _write_marked_copies(ledger, found, report)
    if as_json:
        about = {
            "ledger": data.path,
            "sha256": data.sha256,
            "simulated": data.simulated,
            "dates": [str(date) for date in data.dates],
            "counts": counts,
            "normalised": dict(data.normalised),
            "findings": [asdict(finding) for finding in found],
        }
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
    else:
        for line in _summary(data, found):
            click.echo(line)
    sys.exit(1 if counts["error"] else 0)


def _summary(data: Any, found: tuple[Any, ...]) -> Iterator[str]:
    """What was read, what was put right, and every group of findings, worst first."""
    from sanlian_analysis.findings import SEVERITIES, counts, grouped
    from sanlian_analysis.schema import KEYS
    from sanlian_analysis.values import NORMALISATIONS

    if data.simulated:
        yield say("模拟数据，不代表真实情况", "simulated data, nothing real")
    rows = "，".join(f"{name} {len(data.table(name)):,}" for name in KEYS if len(data.table(name)))
    dates = "、".join(str(date) for date in data.dates)
    yield say(f"{data.path}：{rows} 行；时点 {dates}", f"{data.path}: rows {rows}; dates {dates}")
    if data.normalised:
        kinds = [f"{say(*NORMALISATIONS[kind])} {n:,}" for kind, n in data.normalised.items()]
        yield say(f"按惯例整理：{'，'.join(kinds)}", f"put right: {', '.join(kinds)}")
    for severity, count in counts(found).items():
        word = say(*SEVERITIES[severity])
        yield ""
        yield f"{word} {count:,}"
        for group in grouped(found):
            if group.findings[0].severity == severity:
                yield f"  {group}"


def _marked_copies(ledger: str, report: str) -> dict[Path, Path]:
    """Where the copy of each file goes: OUT; of a folder, OUT with the file's name behind it."""
    from sanlian_analysis.files import safe_name
    from sanlian_analysis.workbook import files_of

    files, out = files_of(Path(ledger)), Path(report)
    if len(files) == 1:
        return {files[0]: out}
    return {file: out.with_name(f"{out.stem}-{safe_name(file.stem)}{out.suffix}") for file in files}


def _refuse_marked_copies(ledger: str, report: str) -> None:
    """Refuse places where no copy can go, before anything is read."""
    from sanlian_analysis.marked_copy import check_marked_copy

    for file, out in _marked_copies(ledger, report).items():
        check_marked_copy(file, out)


def _write_marked_copies(ledger: str, found: tuple[Any, ...], report: str) -> None:
    from sanlian_analysis.marked_copy import write_marked_copy

    for file, out in _marked_copies(ledger, report).items():
        own = [one for one in found if one.file in (file.name, Path(ledger).name)]
        write_marked_copy(file, own, out)
        click.echo(say(f"已写入 {out}", f"{out} written"), err=True)


@cli.command(help=say("在真实名录上生成模拟台账", "make a simulated ledger on a real frame"))
@click.argument("out", metavar="OUT.xlsx")
@click.option("--frame", required=True, metavar="FRAME", help=_FRAME)
@click.option("--policy", required=True, metavar="ID", help=_ONE_POLICY)
@click.option("--seed", type=int, default=1, show_default=True, help=say("随机种子", "seed"))
@click.option("--date", "dates", multiple=True, metavar="D", help=_DATE)
def simulate(out: str, frame: str, policy: str, seed: int, dates: tuple[str, ...]) -> None:
    """Write a plausible ledger whose figures are invented."""
    from sanlian_analysis.frame import read_frame
    from sanlian_analysis.policy import variables_needed
    from sanlian_analysis.policy_files import load_policy
    from sanlian_analysis.simulate import Note, write_workbook
    from sanlian_analysis.simulate import simulate as simulated

    if not out.endswith(".xlsx"):
        raise SanlianError(
            say(f"{out}：模拟台账应存为 .xlsx", f"{out}: a simulated ledger is written as .xlsx")
        )
    rules = load_policy(policy)
    days = [_day(date) for date in dates] or sorted(
        {m.due for target in rules.targets for m in target.milestones if m.due}
    )
    days = sorted(set(days)) or [rules.issued]
    tables = simulated(read_frame(frame), variables_needed(rules), days, seed)
    write_workbook(tables, out, note=Note(policy=rules.id, frame=frame, seed=seed, dates=days))
    click.echo(say(f"已写入 {out}（模拟数据）", f"{out} written (simulated data)"), err=True)


def _day(written: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise SanlianError(
            say(f"--date {written}：应为 2020-12-31 这样的日期",
                f"--date {written}: expected a date such as 2020-12-31")
        ) from None  # fmt: skip


_ASSUME = say(
    "为没有数值的目标假定阈值：政策/目标=90%，可重复",
    "your own number for a target without one: POLICY/TARGET=90%; may be repeated",
)


@cli.command(help=say("按政策测算台账，写出结果表", "evaluate a ledger, write the results table"))
@click.argument("ledger", metavar="LEDGER")
@click.option("--policy", "policies", required=True, multiple=True, metavar="ID", help=_POLICY)
@click.option("--frame", metavar="FRAME", help=_FRAME)
@click.option("--date", "dates", multiple=True, metavar="D", help=_DATE)
@click.option("--assume", "assumptions", multiple=True, metavar="A", help=_ASSUME)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help=say(".csv、.xlsx 或 .parquet；不给则输出 CSV", "file; CSV on the screen without it"),
)
@click.option(
    "--components",
    metavar="OUT",
    help=say("另存每个数字的计算明细", "also write what went into every figure"),
)
def evaluate(
    ledger: str,
    policies: tuple[str, ...],
    frame: str | None,
    dates: tuple[str, ...],
    assumptions: tuple[str, ...],
    output: str | None,
    components: str | None,
) -> None:
    """Compute every target for every area and snapshot."""
    from sanlian_analysis import breakdown, evaluation
    from sanlian_analysis.ledger import read_ledger
    from sanlian_analysis.results import check_output, results_csv, write_results

    for path in (output, components):
        if path:
            check_output(path)
    rules = _policies(policies)
    _check_assumptions(rules, assumptions)
    data = read_ledger(ledger, frame)
    _tell_findings(data)
    unanswered = _unanswered(data, rules) if "all" in policies else []
    results = _joined(data, rules, unanswered, evaluation.evaluate, dates, assumptions)
    if components:
        details = _joined(data, rules, unanswered, breakdown.components, dates, assumptions)
        write_results(details, components)
    if output:
        write_results(results, output)
        written = say(f"已写入 {output}：{len(results)} 行", f"{output}: {len(results)} rows")
        click.echo(written, err=True)
    else:
        click.echo(results_csv(results), nl=False)


def _policies(asked: tuple[str, ...]) -> list[Any]:
    """The policies by id or path; `all` stands for every built-in one."""
    from sanlian_analysis.policy_files import POLICY_IDS, load_policy

    ids = [id_ for one in asked for id_ in (POLICY_IDS if one == "all" else (one,))]
    return [load_policy(id_) for id_ in dict.fromkeys(ids)]


def _check_assumptions(rules: list[Any], assumptions: tuple[str, ...]) -> None:
    """Refuse assumptions for policies that are not evaluated, which would do nothing."""
    for one in assumptions:
        owner, named, _ = one.partition("=")[0].partition("/")
        if named and owner not in [rule.id for rule in rules]:  # without a "/", evaluation refuses
            raise SanlianError(
                say(
                    f"--assume {one}：本次没有测算政策 {owner!r}；请用 --policy 加上它",
                    f"--assume {one}: policy {owner!r} is not evaluated here; add it with --policy",
                )
            )


def _unanswered(data: Any, rules: list[Any]) -> list[Any]:
    """The targets that the ledger cannot answer, each of them told with the reason."""
    from sanlian_analysis.coverage import gaps

    unanswered = [gap for one in rules for gap in gaps(data, one)]
    for gap in unanswered:
        click.echo(say(f"未测算 {gap.policy}/{gap.target}：{gap.reason}",
                       f"left out {gap.policy}/{gap.target}: {gap.reason}"), err=True)  # fmt: skip
    return unanswered


def _joined(
    data: Any,
    rules: list[Any],
    unanswered: list[Any],
    compute: Callable[..., Any],
    dates: tuple[str, ...],
    assumptions: tuple[str, ...],
) -> Any:
    """The tables of all policies in one, without the targets that are left unanswered."""
    import pandas as pd

    from sanlian_analysis.coverage import applicable

    tables = [compute(data, one, dates or None, assumptions) for one in rules]
    joined = pd.concat(tables, ignore_index=True)
    joined.attrs = tables[0].attrs
    kept = applicable(joined, unanswered)
    kept.attrs = joined.attrs
    return kept


def _tell_findings(data: Ledger) -> None:
    """Say on standard error what of a ledger enters no figure, or is unknown in them."""
    from sanlian_analysis.findings import fate, grouped

    if data.simulated:
        click.echo(say("模拟数据，不代表真实情况", "simulated data, nothing real"), err=True)
    errors = [finding for finding in data.findings if finding.severity == "error"]
    for group in grouped(errors)[:10]:
        click.echo(str(group), err=True)
    if errors:
        becomes = fate(errors, framed=data.frame is not None)
        click.echo(
            say(
                f"填写错误 {len(errors):,} 处：{becomes}；全部见 sanlian check",
                f"errors, {len(errors):,}: {becomes}; all of them: sanlian check",
            ),
            err=True,
        )


@cli.command(help=say("每个县一份报告，格式可选", "one report per county, in chosen formats"))
@click.argument("ledger", metavar="LEDGER")
@click.option("--policy", "policies", required=True, multiple=True, metavar="ID", help=_POLICY)
@click.option("--frame", metavar="FRAME", default="", help=_FRAME)
@click.option("--date", "dates", multiple=True, metavar="D", help=_DATE)
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="CODE",
    help=say(
        "区县、市或省代码，可重复；不给则全部区县",
        "county, city or province; all counties without it",
    ),
)
@click.option(
    "--out", default="reports", show_default=True, metavar="DIR", help=say("输出文件夹", "folder")
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    default=["ipynb,html"],
    show_default=True,
    help=say(
        "ipynb、html、pdf、pptx、docx、xlsx，以逗号分隔，也可多次给出",
        "ipynb, html, pdf, pptx, docx, xlsx, separated by commas or given one by one",
    ),
)
@click.option(
    "--template",
    default="",
    metavar="FILE.pptx",
    help=say("幻灯片沿用这份模板的母版", "slides take the masters of this presentation"),
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help=say("同时生成几份；默认每核一份", "reports at a time; one per core without it"),
)
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help=say("每个笔记本最多运行多久；0 不限", "how long a notebook may run; 0 for no limit"),
)
@click.option(
    "--max-memory",
    "megabytes",
    type=click.FloatRange(min=0),
    default=0,
    metavar="MB",
    help=say(
        "每个笔记本最多占用多少内存；默认不限", "memory that a notebook may take; no limit without"
    ),
)
@click.option(
    "--engine",
    default="sanlian",
    show_default=True,
    metavar="NAME",
    help=say("papermill 引擎；nbclient 为其自带的引擎", "papermill's engine; nbclient is its own"),
)
@click.option(
    "--scheduler",
    default="",
    metavar="ADDRESS",
    help=say("由 Dask 集群生成，如 tcp://主机:8786", "on a Dask cluster, such as tcp://host:8786"),
)
@click.option("--assume", "assumptions", multiple=True, metavar="A", help=_ASSUME)
@click.option("--resume", is_flag=True, help=say("只补做缺少的", "make only what is missing"))
@click.option("--quiet", is_flag=True, help=say("不显示进度", "tell no progress"))
@click.option(
    "--json-progress",
    is_flag=True,
    help=say("在标准输出逐行输出 JSON 进度", "progress as lines of JSON on standard output"),
)
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), help=say("报告语言", "language of the reports")
)
def report(
    ledger: str,
    policies: tuple[str, ...],
    frame: str,
    dates: tuple[str, ...],
    formats: tuple[str, ...],
    jobs: int | None,
    quiet: bool,
    json_progress: bool,
    lang: str | None,
    **given: Any,
) -> None:
    """Make the reports of every county, the overview and the index."""
    from sanlian_analysis.report.orders import Order, check_engine, check_template, workers
    from sanlian_analysis.report.progress import Progress

    if lang:
        use_language(lang)
    template, assumptions = given["template"], given["assumptions"]
    if template:
        check_template(template)
    check_engine(given["engine"])
    chosen = _answerable(policies, ledger, frame)
    orders = [
        Order(
            ledger=ledger,
            policy=policy,
            frame=frame,
            date=date,
            formats=_formats(",".join(formats)),
            jobs=jobs or 0,
            **given,
        )
        for policy in chosen
        for date in dict.fromkeys(dates) or [""]
    ]
    failed = False
    with workers(orders) as pool:
        _check_assumptions(_policies(chosen), assumptions)  # not before: they load meanwhile
        tell: Callable[[Ledger], None] | None = _tell_findings
        for order in orders:
            progress = Progress(_progress_style(quiet, json_progress))
            failed = _report(order, pool, progress, tell, show=not json_progress) or failed
            tell = None  # the same ledger every time
    if len(chosen) > 1:
        from sanlian_analysis.report.compare import write_comparisons

        for date in dict.fromkeys(dates) or [""]:
            for comparison in write_comparisons(replace(orders[0], date=date), chosen):
                click.echo(comparison, err=json_progress)
    sys.exit(1 if failed else 0)


def _progress_style(quiet: bool, as_json: bool) -> Literal["bar", "lines", "json", "quiet"]:
    if as_json:
        return "json"
    if quiet:
        return "quiet"
    return "bar" if sys.stderr.isatty() else "lines"


def _report(
    order: Order,
    pool: Pool,
    progress: Progress,
    tell: Callable[[Ledger], None] | None,
    *,
    show: bool,
) -> bool:
    """Carry out one order and say what came of it; returns whether an area failed."""
    from sanlian_analysis.report.batch import run_reports

    run = run_reports(order, pool, progress, tell)
    made = len(run.records) - len(run.failed)
    click.echo(say(f"{run.folder}：完成 {made} 份", f"{run.folder}: {made} reports made"), err=True)
    for record in run.failed:
        click.echo(
            say(f"失败 {record.code} {record.name}：{record.error}",
                f"failed {record.code} {record.name}: {record.error}"),
            err=True,
        )  # fmt: skip
    click.echo(run.folder / "index.html", err=not show)
    return bool(run.failed)


@cli.command(help=say("在 JupyterLab 中探索", "explore in JupyterLab"))
@click.argument("ledger", metavar="[LEDGER]", required=False, default="")
@click.option("--frame", metavar="FRAME", default="", help=_FRAME)
@click.option("--policy", metavar="ID", default="", help=_ONE_POLICY)
@click.option(
    "--folder",
    default="sanlian-notebooks",
    show_default=True,
    metavar="DIR",
    help=say("笔记本放在哪里", "where the notebooks are put"),
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help=say("端口；不给则自动选择", "port; a free one without it"),
)
@click.option("--no-browser", is_flag=True, help=say("不打开浏览器", "open no browser"))
@click.option(
    "--page",
    is_flag=True,
    help=say("只开探索页面，不开 JupyterLab", "the explorer alone, as a page"),
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help=say("笔记本的语言", "language"))
def explore(
    ledger: str,
    frame: str,
    policy: str,
    folder: str,
    port: int | None,
    no_browser: bool,
    page: bool,
    lang: str | None,
) -> None:
    """Put the notebooks into a folder and open JupyterLab there."""
    from sanlian_analysis.ledger import read_ledger
    from sanlian_analysis.panels.lab import Session, open_session, prepare
    from sanlian_analysis.policy_files import load_policy

    given: dict[str, str] = {}
    if ledger:
        read_ledger(ledger, frame or None)  # what is wrong with it is said here, not in a notebook
        given |= {"ledger": os.path.abspath(ledger)}
        given |= {"frame": os.path.abspath(frame) if frame else "", "policy": policy, "area": ""}
    elif frame:
        raise SanlianError(
            say(
                "--frame 需要同时给出台账",
                "--frame needs a ledger: sanlian explore LEDGER --frame …",
            )
        )
    if policy:
        load_policy(policy)
        given["policy"] = os.path.abspath(policy) if os.path.isfile(policy) else policy
    if lang:
        given["lang"] = lang
    where = Path(folder).resolve()
    prepare(where, given)
    click.echo(say(f"笔记本在 {where}", f"the notebooks are in {where}"), err=True)
    sys.exit(open_session(Session(where, port or 0, not no_browser, page)))


@cli.command(help=say("画一张图", "draw one chart"))
@click.argument("name", metavar="NAME")
@click.argument("ledger", metavar="LEDGER")
@click.option("--policy", required=True, metavar="ID", help=_ONE_POLICY)
@click.option("--frame", metavar="FRAME", default="", help=_FRAME)
@click.option("--date", metavar="D", help=say("统计时点；不给取最近一次", "snapshot; the latest"))
@click.option(
    "--area",
    default="",
    metavar="CODE",
    help=say("地区代码；不给则全域", "an area's code; all without it"),
)
@click.option(
    "--target",
    default="",
    metavar="ID",
    help=say("目标 id；不给取第一个主要目标", "a target's id; the first main one without it"),
)
@click.option(
    "--level",
    type=click.Choice(["street", "county", "city", "province"]),
    help=say(
        "比较哪一级地区；不给则为区县，--area 是区县时为街道",
        "the areas that are compared; counties without it, or streets when --area is a county",
    ),
)
@click.option("--assume", "assumptions", multiple=True, metavar="A", help=_ASSUME)
@click.option("--lang", type=click.Choice(["zh", "en"]), help=say("图的语言", "language"))
@click.option(
    "--size",
    type=click.Choice(["notebook", "page", "slide"]),
    default="notebook",
    show_default=True,
    help=say(
        "PNG 用于笔记本、A4 页面或 16:9 幻灯片", "of a PNG: for a notebook, an A4 page, a slide"
    ),
)
@click.option(
    "-o", "--output", required=True, metavar="OUT", help=say(".png 或 .svg", ".png or .svg")
)
def chart(
    name: str,
    ledger: str,
    policy: str,
    frame: str,
    date: str | None,
    area: str,
    target: str,
    level: str | None,
    assumptions: tuple[str, ...],
    lang: str | None,
    size: Literal["notebook", "page", "slide"],
    output: str,
) -> None:
    """Write one chart; several standards give several files, numbered."""
    from sanlian_analysis.briefing import Evaluated
    from sanlian_analysis.evaluation import snapshots
    from sanlian_analysis.files import whole_file
    from sanlian_analysis.ledger import read_ledger
    from sanlian_analysis.named_charts import Wanted, check_name, draw
    from sanlian_analysis.policy_files import load_policy

    if lang:
        use_language(lang)
    out = Path(output)
    if out.suffix not in (".png", ".svg"):
        raise SanlianError(
            say(f"{output}：图应存为 .png 或 .svg", f"{output}: a chart is .png or .svg")
        )
    check_name(name)
    rules = load_policy(policy)
    data = read_ledger(ledger, frame or None)
    found = Evaluated(data, rules, assumptions)
    if area and area not in set(found.results["area_code"]):
        raise SanlianError(
            say(f"--area {area}：名录和台账里都没有这个地区",
                f"--area {area}: neither frame nor ledger has this area")
        )  # fmt: skip
    day = snapshots(data, date)[-1]
    for i, one in enumerate(draw(name, Wanted(found, area, day, target, level or "")), start=1):
        path = out if i == 1 else out.with_name(f"{out.stem}-{i}{out.suffix}")
        with whole_file(path) as part:
            part.write_bytes(one.png(size) if out.suffix == ".png" else one.svg())
        click.echo(say(f"已写入 {path}：{one.alt}", f"{path} written: {one.alt}"), err=True)


def _answerable(asked: tuple[str, ...], ledger: str, frame: str) -> tuple[str, ...]:
    """The policies to report on; `all` stands for those of which the ledger answers something."""
    if "all" not in asked:
        return tuple(dict.fromkeys(asked))
    from sanlian_analysis.coverage import gaps
    from sanlian_analysis.ledger import read_ledger

    data = read_ledger(ledger, frame or None)
    rules = _policies(("all",))
    answered = [rule.id for rule in rules if len(gaps(data, rule)) < len(rule.targets)]
    return tuple(dict.fromkeys([*answered, *(one for one in asked if one != "all")]))


def _formats(written: str) -> tuple[str, ...]:
    from sanlian_analysis.report.orders import FORMATS

    chosen = tuple(dict.fromkeys(part.strip() for part in written.split(",") if part.strip()))
    unknown = [part for part in chosen if part not in FORMATS]
    if unknown or not chosen:
        raise SanlianError(
            say(
                f"--format {written}：不支持 {'、'.join(unknown) or '空值'}；可用：{'、'.join(FORMATS)}",
                f"--format {written}: not supported; use {', '.join(FORMATS)}",
            )
        )
    return chosen


def main() -> None:
    """Run the command line; what the user can mend ends with one message and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                encoding="utf-8", errors="replace"
            )  # a Chinese Windows console writes GBK
    try:
        cli(prog_name="sanlian")
    except SanlianError as error:
        click.echo(f"sanlian: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
