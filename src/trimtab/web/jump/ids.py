"""What an id is the id of: an ARN, a trace, a run, a commit. Nothing is guessed: what is not there is not offered."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.traces.model import w3c_trace_id
from trimtab.triggers.arns import parse as parse_arn
from trimtab.web.jump.item import Item
from trimtab.web.jump.objects import run_item
from trimtab.web.site import Site
from trimtab.web.view import View, link

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_TRACE = re.compile(r"[0-9a-f]{32}|1-[0-9a-f]{8}-[0-9a-f]{24}")
_MOST = 6


async def by_id(site: Site, view: View, text: str, runs: Sequence[Run]) -> list[Item]:
    """What `text` is the id of; nothing where it looks like none. `runs` are those that are looked through."""
    asked = text.strip()
    if asked.startswith("arn:"):
        return of_arn(view, asked)
    return [*of_trace(asked), *await _of_run(site, view, asked), *of_commit(asked, runs)]


def of_trace(text: str) -> list[Item]:
    """The trace of a W3C or X-Ray id."""
    if not _TRACE.fullmatch(text.casefold()):
        return []
    try:
        id_ = w3c_trace_id(text.casefold())
    except InvalidInput:
        return []
    return [Item("Trace", text, "by its id", f"/traces/{id_}")]


async def _of_run(site: Site, view: View, text: str) -> list[Item]:
    """The run whose id this is, however old it is."""
    reports = site.state.runs
    if reports is None or not text or " " in text:
        return []
    cluster, _, job = text.partition("/") if text.count("/") > 1 else ("", "", text)
    try:
        return [run_item(await reports.room.runs.one(view.scope, job, cluster))]
    except (InvalidInput, NotFound):
        return []


def of_commit(text: str, runs: Sequence[Run]) -> list[Item]:
    """The runs that carry a commit in a tag, and where the audit tells of it."""
    if not _COMMIT.fullmatch(text.casefold()) or not any(sign.isdigit() for sign in text):
        return []
    wanted = RunFilter(text=text)
    carried = [run for run in runs if any(value.casefold().startswith(text.casefold()) for value in run.tags.values())]
    found = [run_item(run) for run in carried if wanted.takes(run)][:_MOST]
    if not found:
        return []
    return [*found, Item("Runs", f"of commit {text}", f"{len(carried)} runs", link("/runs", [("q", text)]))]


def of_arn(view: View, text: str) -> list[Item]:
    """The page of what an ARN names, and what is known of it by its name: costs, advice and the audit."""
    try:
        arn = parse_arn(text)
    except InvalidInput:
        return []
    kind, _, name = arn.resource.partition(":" if ":" in arn.resource else "/")
    last = re.split(r"[/:]", arn.resource)[-1]
    place = [("account", arn.account), ("region", arn.region)]
    known: list[Item] = []
    match (arn.service, kind):
        case ("cloudwatch", "alarm"):
            known.append(Item("Alarm", name, arn.account, link(f"/alarms/named/{quote(name, safe='')}", place)))
        case ("cloudwatch", "dashboard"):
            known.append(Item("Dashboard", name, arn.account, f"/dashboards/{quote(name, safe='')}"))
        case ("logs", "log-group"):
            group = name.removesuffix(":*").partition(":log-stream")[0]
            known.append(Item("Logs", group, arn.account, link("/logs", [("group", group)])))
        case ("lambda", "function"):
            path = f"/serverless/{arn.account}/{arn.region}/{quote(name.partition(':')[0])}"
            known.append(Item("Function", name, arn.region, path))
    known.append(Item("Advice", f"of {last}", "what is advised", link("/advice", [("q", last)])))
    known.append(Item("Costs", f"of {last}", "what it cost", link("/costs", [("filter", f"resource={text}")])))
    if not view.principal.bound:
        known.append(Item("Audit", f"of {last}", "who changed it", link("/audit", [("about", text), ("range", "7d")])))
    return known
