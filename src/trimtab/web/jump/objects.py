"""Every kind of object by its name. What is not known at once is left out of the answer, and is there for the next.

What takes long (teams and endpoints are worked out of series) is asked through the cache that the pages share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from starlette.requests import Request

from trimtab.access.principal import Role
from trimtab.figures.register import REGISTER
from trimtab.fleet.basis import DEFAULT
from trimtab.fleet.telemetry.owners import UNOWNED
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.metrics.model import SeriesQuery
from trimtab.reports.dashboards.starters import STARTERS
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.guide_html import ROOT, address
from trimtab.web.jump.item import Item, closeness, matching
from trimtab.web.navigation import navigation_of
from trimtab.web.panels import EXPLORER
from trimtab.web.site import Site
from trimtab.web.view import View, link

T = TypeVar("T")
_MOST = 6
_PAGES = 12
_SCAN = 2000  # series looked at for metric names: enough that twelve names are found in a fleet of hosts
_RUNS = 2000
"""Runs that are looked through: the last submitted of more. A run's own id finds it however old it is."""
_KEPT_S, _STALE_S = 10.0, 300.0
_PATIENCE_S = 0.25
"""A menu that waits for longer feels broken; what is not there by then is there for the next letter."""


class Asked:
    """What one call of the menu asks: who, for what, and the runs that several kinds look through."""

    def __init__(self, site: Site, request: Request, view: View, text: str) -> None:
        self.site, self.request, self.view, self.text = site, request, view, text
        self.scope = view.scope

    async def runs(self) -> Sequence[Run]:
        """The runs that the caller may see, the last submitted first."""
        reports, scope = self.site.state.runs, self.scope
        if reports is None:
            return []

        async def read() -> list[Run]:
            return await reports.room.runs.listed(scope, RunFilter(), _RUNS)

        return await self.kept("runs", read)

    async def kept(self, what: str, read: Callable[[], Awaitable[list[T]]]) -> list[T]:
        """A list that every letter asks for again: read once in a while, and nothing where that takes long."""
        key = ("jump", what, self.scope, self.view.principal.account)
        return await self.soon(self.site.cache.get(key, _KEPT_S, read, stale_s=_STALE_S)) or []

    async def fleet(self) -> GpuFleet | None:
        """The GPUs over the range of the overview, where that is worked out already."""
        return await self.soon(self.site.gpus.fleet(self.scope, self.view.window, DEFAULT))

    async def soon(self, answer: Awaitable[T]) -> T | None:
        """The answer, where it comes at once; the cache goes on computing it."""
        try:
            return await asyncio.wait_for(asyncio.ensure_future(answer), _PATIENCE_S)
        except TimeoutError:
            return None


def pages(asked: Asked) -> list[Item]:
    """The pages of the navigation that the caller may open; without a text all of them."""
    found = [
        Item("Page", tab.name, entry.name if entry.name != tab.name else group.name, tab.path)
        for group in navigation_of(asked.view.principal)
        for entry in group.entries
        for tab in entry.tabs
    ]
    found.append(Item("Page", "Guides", "how everything is done", ROOT))
    if not asked.text:
        return found
    words = asked.text.casefold().split()
    hit = [one for one in found if all(word in f"{one.name} {one.hint}".casefold() for word in words)]
    return sorted(hit, key=lambda one: closeness(one, asked.text))[:_PAGES]


def figures(asked: Asked) -> list[Item]:
    """Each figure by every name under which it is shown."""
    found = [
        Item("Figure", name, one.area if name == one.label else one.label, f"/figures/{id_}")
        for id_, one in REGISTER.items()
        for name in one.names
    ]
    return matching(found, asked.text, _PAGES) if asked.text else []


def settings(asked: Asked) -> list[Item]:
    """Settings of the server, by their names."""
    known = [Item("Setting", one.name, one.value, f"/settings#{one.name}") for one in asked.site.state.settings]
    return matching(known, asked.text, _MOST)


def metrics(asked: Asked) -> list[Item]:
    """Metrics by name; whole tokens of labels through the index."""
    registry, text = asked.site.state.registry, asked.text
    found = registry.find(asked.scope, SeriesQuery(text=text, limit=_SCAN))
    named = dict.fromkeys((one.identity.namespace, one.identity.name) for one in found)
    for namespace, names in registry.names(asked.scope).items():
        named |= dict.fromkeys((namespace, name) for name in names if text.casefold() in name.casefold())
    return [
        Item("Metric", name, namespace, link(EXPLORER, [("m", f"{namespace}|{name}"), ("stat", "Average")]))
        for namespace, name in list(named)[:_PAGES]
    ]


async def hosts(asked: Asked) -> list[Item]:
    """Machines that report."""
    names = {one.name for one in await asked.site.fleet.hosts(asked.scope)}
    fleet = await asked.fleet()
    if fleet is not None:
        names |= {row.node for row in fleet.gpus}
    found = (Item("Host", name, "", f"/hosts/{quote(name, safe='')}") for name in sorted(names - {""}))
    return matching(found, asked.text, _PAGES)


async def teams(asked: Asked) -> list[Item]:
    """Teams that held GPUs or ran something."""
    names = {run.team for run in await asked.runs()}
    fleet = await asked.fleet()
    if fleet is not None:
        names |= {row.owner for row in fleet.gpus if row.holds}
    found = (Item("Team", name, "", f"/teams/{quote(name, safe='')}") for name in sorted(names - {"", UNOWNED}))
    return matching(found, asked.text, _MOST)


async def runs(asked: Asked) -> list[Item]:
    """Runs that the text fits in id, name, user, team, queue, nodes or tags."""
    wanted = RunFilter(text=asked.text)
    return [run_item(one) for one in await asked.runs() if wanted.takes(one)][:_MOST]


async def endpoints(asked: Asked) -> list[Item]:
    """Services that answer requests."""
    if not await asked.site.gpus.any(asked.scope):
        return []
    known = await asked.soon(asked.site.services.endpoints(asked.scope, asked.view.window)) or []
    found = (Item("Endpoint", one.name, one.team, f"/endpoints/{quote(one.name)}") for one in known)
    return matching(found, asked.text, _MOST)


async def alarms(asked: Asked) -> list[Item]:
    """Alarms, with their state."""
    desk = asked.site.alarms
    if desk is None:
        return []
    known = await desk.alarms(asked.scope)
    found = (Item("Alarm", one.key.name, one.state.value.value, desk.url(asked.view, one.key)) for one in known)
    return matching(found, asked.text, _MOST)


async def findings(asked: Asked) -> list[Item]:
    """Open advice, by the resource and by what is advised."""
    room = asked.site.state.advice
    if room is None:
        return []

    async def read() -> list[Item]:
        known = [one.finding for one in await room.findings.listed(asked.scope)]
        return [Item("Advice", f"{one.name}: {one.summary}", one.owner, f"/advice/{one.id}") for one in known]

    return matching(await asked.kept("findings", read), asked.text, _MOST)


async def dashboards(asked: Asked) -> list[Item]:
    """Dashboards that are stored, those that come with trimtab, and analyses."""
    room, who = asked.site.state.dashboards, asked.view.principal

    async def read() -> list[Item]:
        names = {one.name for one in await room.store.listed(room.account_of(who), within=who.scope)} | set(STARTERS)
        found = [Item("Dashboard", name, "", f"/dashboards/{quote(name, safe='')}") for name in sorted(names)]
        if (desk := asked.site.state.analyses) is not None:
            opened = await desk.room.listed(who)
            found += [Item("Analysis", one.title, one.name, f"/analyses/{quote(one.name)}") for one in opened]
        return found

    return matching(await asked.kept("dashboards", read), asked.text, _MOST)


async def reports(asked: Asked) -> list[Item]:
    """Reports that were written, and saved views of the bill."""
    who = asked.view.principal
    found: list[Item] = []
    written, costs = asked.site.state.written_reports, asked.site.state.costs
    if written is not None and not who.bound:
        writings = await written.store.writings(who.scope)
        found += [Item("Report", one.title, one.report, f"/reports/{quote(one.id, safe='')}") for one in writings]
    if costs is not None:
        views = await costs.reports.listed(who.account, who.scope)
        found += [Item("Report", one.name, "saved view of the bill", f"/costs?{one.query}") for one in views]
    return matching(found, asked.text, _MOST)


async def budgets(asked: Asked) -> list[Item]:
    """Budgets, with their limits."""
    room = asked.site.state.budgets
    if room is None or not asked.view.principal.may(Role.FINANCE):
        return []
    found = [
        Item("Budget", one.name, one.account, link("/budgets", [("budget", one.name), ("account", one.account)]))
        for one in await room.store.listed(asked.scope)
    ]
    return matching(found, asked.text, _MOST)


async def guides(asked: Asked) -> list[Item]:
    """Guides, and sections of them, that have the words; then all that have them. An ARN is of no guide."""
    if asked.text.startswith("arn:"):
        return []
    answers = await asked.soon(asked.site.state.guides.search(asked.text, _MOST)) or []
    found = []
    for one in answers:
        section = None if one.titled or not one.places else one.places[0].section
        if section is None or not section.heading:
            found.append(Item(one.document.kind, one.document.title, "", address(one.document.path)))
        else:
            url = f"{address(one.document.path)}#{section.anchor}"
            found.append(Item(one.document.kind, section.heading, one.document.title, url))
    if found:
        found.append(Item("Guides", f"with “{asked.text}”", "search all", link(ROOT, [("q", asked.text)])))
    return found


def run_item(run: Run) -> Item:
    """A run as a line."""
    who = ", ".join(filter(None, (run.team, run.user, run.state.value)))
    name = f"{run.name} {run.key.job}" if run.name and run.name != run.key.job else run.key.job
    return Item("Run", name, who, f"/runs/{quote(run.key.cluster, safe='')}/{quote(run.key.job)}")


SLOW: Sequence[Callable[[Asked], Awaitable[list[Item]]]] = (
    teams, runs, hosts, endpoints, alarms, findings, dashboards, reports, budgets, guides,
)  # fmt: skip
"""Kinds that are asked for, all at once, in the order in which they are shown."""
QUICK: Sequence[Callable[[Asked], list[Item]]] = (figures, metrics, settings)
