"""The page that lists every area of a run, with verdicts and links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from importlib import resources
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment

from sanlian_analysis.codes import LEVELS
from sanlian_analysis.language import current, say
from sanlian_analysis.policy import Policy
from sanlian_analysis.report.manifest import AreaRecord
from sanlian_analysis.report.page import script, stylesheet
from sanlian_analysis.tables import simulated_mark, verdict_text


def index_page(
    records: Sequence[AreaRecord],
    results: pd.DataFrame,
    policy: Policy,
    date: dt.date,
    links: Mapping[str, str],
    *,
    simulated: bool,
) -> str:
    """HTML of the index: one row per area, with the verdict on every target that has a number."""
    targets = [target for target in policy.targets if target.milestones]
    rows = results[(results["date"] == pd.Timestamp(date)) & (results["reading"] == "primary")]
    verdicts = rows.set_index(["area_code", "target"])["verdict"].to_dict()
    cities = rows[rows["level"] == "city"].drop_duplicates("area_code")
    city_names = dict(zip(cities["area_code"], cities["area"], strict=True))
    areas = [
        {
            "code": record.code,
            "city": city_names.get(record.code[: LEVELS["city"]], ""),
            "name": record.name,
            "href": quote(record.page) if record.page else "",
            "files": [
                {"href": quote(name), "label": name.rpartition(".")[2].upper()}
                for name in record.files
                if name != record.page and "/charts/" not in name
            ],
            "error": record.error,
            "verdicts": [
                verdict_text(verdicts[key]) if (key := (record.code, t.id)) in verdicts else ""
                for t in targets
            ],
        }
        for record in records
    ]
    failed = sum(record.status == "failed" for record in records)
    source = (resources.files(__package__) / "template" / "areas.html.j2").read_text("utf-8")
    template = Environment(autoescape=True).from_string(source)
    return template.render(
        language="zh-CN" if current() == "zh" else "en",
        css=stylesheet(),
        script=script()[0],
        script_hash=script()[1],
        title=say(f"{policy.label}　{date}", f"{policy.label}, {date}"),
        summary=say(
            f"《{policy.title}》{policy.number}，共 {len(records)} 个县（市、区）"
            + (f"，其中 {failed} 个未能生成。" if failed else "。"),
            f"“{policy.title_en}” {policy.number}: {len(records)} counties"
            + (f", {failed} of them failed." if failed else "."),
        ),
        simulated=simulated_mark() if simulated else "",
        links=[{"href": quote(href), "label": label} for label, href in links.items()],
        caption=say("各县报告与判定", "Reports and verdicts by county"),
        header=[
            say("代码", "Code"),
            say("市", "City"),
            say("县（市、区）", "County"),
            *(target.label for target in targets),
        ],
        areas=areas,
        note=say(
            "判定按下界：把未知单位全当作不达标仍达到目标才算达标，全当作达标仍达不到才算未达标。",
            "Met only if the target is reached with every unknown unit counted as failing; "
            "not met only if it is missed with every unknown unit counted as passing.",
        ),
    )
