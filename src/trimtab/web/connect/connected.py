"""What is connected already, by what it tells of: money, runs, telemetry, cloud accounts. Every page asks it here."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import OPEN, Run
from trimtab.inventory.sources import Source
from trimtab.web import format as words
from trimtab.web.pages.sources import visible_sources
from trimtab.web.site import Site
from trimtab.web.view import View

_TTL_S, _STALE_S = 15.0, 300.0
_RUNS, _OPEN_RUNS = 200, 2000
"""Runs by which clusters are known: those that wait or run, and the last that were submitted."""
_FRESH_MS = 90_000
DOORS = {
    "prometheus": "Prometheus",
    "otlp": "OpenTelemetry",
    "cloudwatch": "CloudWatch clients",
    "emf": "embedded metrics",
    "statsd": "StatsD",
}


class Connected(Struct, frozen=True):
    """A line: what it is, in words what arrives of it, where it is shown. `is_open`: nothing is there yet."""

    id: str
    name: str
    detail: str
    href: str
    is_open: bool = False
    level: str = "good"


async def connected(site: Site, view: View) -> list[Connected]:
    """Bill, schedulers, telemetry by the way it comes, cloud accounts; what is missing says so."""
    bill, runs, accounts = await asyncio.gather(_bill(site), _runs(site, view), _accounts(site, view))
    return [bill, *runs, *_telemetry(visible_sources(site, view.scope), view.now_ms), *accounts]


async def _bill(site: Site) -> Connected:
    extent = await site.state.costs.reader.extent() if site.state.costs is not None else None
    if extent is None:
        return Connected("bill", "Bill", "not connected", "/connect#bill", is_open=True)
    first, last = to_datetime(extent[0]), to_datetime(extent[1] - 1)
    return Connected("bill", "Bill", f"{first:%-d %b %Y} to {last:%-d %b %Y}", "/costs")


async def _runs(site: Site, view: View) -> list[Connected]:
    reports, scope = site.state.runs, view.scope

    async def read() -> list[Run]:
        if reports is None:
            return []
        going = await reports.room.runs.listed(scope, RunFilter(states=tuple(OPEN)), _OPEN_RUNS)
        return [*going, *(one for one in await reports.room.runs.listed(scope, RunFilter(), _RUNS) if not one.open)]

    found = await site.cache.get(("connected runs", scope), _TTL_S, read, stale_s=_STALE_S)
    if not found:
        return [Connected("runs", "Scheduler", "not connected", "/connect#scheduler", is_open=True)]
    by_cluster: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in found:
        by_cluster[run.scheduler, run.key.cluster].append(run)
    names = {"slurm": "SLURM", "kubernetes": "Kubernetes"}
    return [
        Connected("runs", f"{names.get(scheduler, scheduler)} {cluster}", _seen(of_it, view.now_ms), "/runs")
        for (scheduler, cluster), of_it in sorted(by_cluster.items())
    ]


def _seen(runs: Sequence[Run], now_ms: int) -> str:
    going = sum(run.open for run in runs)
    newest = max(run.seen_ms for run in runs)
    return f"{going} {'run' if going == 1 else 'runs'} open, seen {words.age(newest, now_ms)}"


def _telemetry(sources: Sequence[Source], now_ms: int) -> list[Connected]:
    by_door: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_door[source.door].append(source)
    if not by_door:
        return [Connected("telemetry", "Telemetry", "not connected", "/connect#prometheus", is_open=True)]
    found = []
    for door, of_it in by_door.items():
        rate, newest = sum(one.rows_per_s for one in of_it), max(one.last_seen_ms for one in of_it)
        fresh = newest > now_ms - _FRESH_MS
        said = f"{words.value(rate)} rows/s" if fresh else f"silent since {words.age(newest, now_ms)}"
        found.append(Connected("telemetry", DOORS.get(door, door), said, "/sources", level="good" if fresh else "warn"))
    return found


async def _accounts(site: Site, view: View) -> list[Connected]:
    room = site.state.accounts
    if room is None or view.principal.bound:
        return []
    known = await room.store.all(view.scope.accounts)
    return [
        Connected("cloud", one.name or f"AWS {one.account}", f"{len(one.regions)} regions", "/sources/aws")
        for one in known
    ]
