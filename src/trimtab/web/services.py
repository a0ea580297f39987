"""The five infrastructure KPIs of services, teams and the fleet as pages ask for them, and what endpoints do now."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.fleet.telemetry.owners import FLEET, UNOWNED, Owners
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis import gpu_kpis, latency, machines, scalability, success, throughput
from trimtab.kpis.context import Context, flows
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.latest import Question, ask
from trimtab.kpis.model import Area, Kpi, Level, unknown
from trimtab.kpis.shared_reads import SharedReads
from trimtab.metrics.aliases import find
from trimtab.web.cache import SharedCache
from trimtab.web.fleet import Trend
from trimtab.web.gpu_fleet import GpuFleet, GpuRow
from trimtab.web.gpu_reader import STALE_S, GpuReader, fresh_s
from trimtab.web.ownership import owners_of
from trimtab.web.state import WebState
from trimtab.web.window import Window

_SPARK_POINTS = 60
_RECENT_MS = 600_000
_AREAS: tuple[Callable[[Context], Awaitable[dict[str, list[Kpi]]]], ...] = (
    machines.read,
    throughput.read,
    latency.read,
    success.read,
    scalability.read,
)
_SERVES = ("requests_per_s", "tokens_per_s", "latency_p50")
"""KPIs of which a service that answers requests has one."""
_MISSING: Mapping[Area, str] = {
    Area.UTILISATION: "no GPU or host is known to be its own: their series carry no pod, team or service of it",
    Area.THROUGHPUT: "no counter of requests or tokens carries its name",
    Area.LATENCY: "no histogram of latency carries its name",
    Area.AVAILABILITY: "no counter of requests by status and no probe carries its name",
    Area.SCALABILITY: "no counter of requests beside a gauge of requests in flight carries its name",
}


class Group(Struct, frozen=True):
    """A service, team or the fleet: one KPI of every formula, and how many GPUs it holds."""

    name: str
    team: str
    kpis: Mapping[str, Kpi]
    gpus: int
    requests: Trend
    queue: float | None = None
    cache: float | None = None

    @property
    def serves(self) -> bool:
        """Whether it answers requests: then it is an endpoint."""
        return any(self.kpis[id_].value is not None for id_ in _SERVES)

    @property
    def known(self) -> frozenset[str]:
        """The KPIs that it has a value of."""
        return frozenset(id_ for id_, kpi in self.kpis.items() if kpi.value is not None)

    def value(self, id_: str) -> float | None:
        """The value of a KPI, None where it is unknown."""
        return self.kpis[id_].value

    def why(self, id_: str) -> str:
        """Why there is no number, or what to keep in mind of it."""
        return self.kpis[id_].reason


class ServiceReader:
    """Cached KPIs by level."""

    def __init__(self, state: WebState, cache: SharedCache, reads: SharedReads, gpus: GpuReader) -> None:
        self._state = state
        self._cache = cache
        self._reads = reads
        self._gpus = gpus

    async def groups(self, scope: Scope, window: Window, level: Level) -> list[Group]:
        """Every group of a level, by name, *unowned* last. Passes on the reader's errors."""
        key = ("kpis", level, scope, window.parameters)
        return await self._cache.get(key, fresh_s(window), lambda: self._read(scope, window, level), stale_s=STALE_S)

    async def endpoints(self, scope: Scope, window: Window) -> list[Group]:
        """The services that answer requests, worst first."""
        return sorted(await self.groups_of_services(scope, window), key=badness)

    async def groups_of_services(self, scope: Scope, window: Window) -> list[Group]:
        """The services that answer requests, by name."""
        found = await self.groups(scope, window, Level.SERVICE)
        return [one for one in found if one.serves and one.name != UNOWNED]

    async def _read(self, scope: Scope, window: Window, level: Level) -> list[Group]:
        state = self._state
        grid = Grid.as_long(window.start_ms, window.end_ms)
        finder = Finder(state.registry, scope, grid.start_ms)
        owners = owners_of(level, finder)
        context = Context(self._reads, finder, owners, grid, ledger=self._gpus.ledger)
        (fleet, trends, now), areas = await asyncio.gather(
            asyncio.gather(
                self._gpus.fleet(scope, window),
                flows(context, finder.all(concepts.REQUESTS)),
                self._now(scope, window, owners),
            ),
            asyncio.gather(*(read(context) for read in _AREAS)),
        )
        found: dict[str, dict[str, Kpi]] = {}
        gpus: dict[str, list[GpuRow]] = {}
        if fleet is not None:  # of the same range as every page has them, to the second
            areas.append(await asyncio.to_thread(gpu_kpis.of_frame, fleet.costed.frame, context))
            gpus = gpus_of(fleet, level, owners)
        for area in areas:
            for group, kpis in area.items():
                found.setdefault(group, {}).update({kpi.id: kpi for kpi in kpis})
        teams = _teams(finder) if level is Level.SERVICE else {}
        return [
            Group(
                name=name,
                team=teams.get(name, ""),
                kpis=_complete(found[name]),
                gpus=len(gpus.get(name, ())),
                requests=_trend(trends[name].per_s) if name in trends else [],
                queue=now.get(name, (None, None))[0],
                cache=now.get(name, (None, None))[1],
            )
            for name in sorted(found, key=lambda name: (name == UNOWNED, name))
        ]

    async def _now(self, scope: Scope, window: Window, owners: Owners) -> dict[str, tuple[float | None, float | None]]:
        """By group: requests that wait, and the fullest key-value cache, at the end of the window."""
        question = Question()
        asked = [
            (owners.of(one), place, question.last((one.id,)), found)
            for place, name in enumerate(("inference.waiting", "inference.kv_cache"))
            for found in find(self._state.registry, scope, name, active_since_ms=window.end_ms - _RECENT_MS)
            for one in found.series
        ]
        answers = await ask(self._state.reader, scope, question, window.end_ms)
        values: dict[str, tuple[list[float], list[float]]] = {}
        for group, place, ticket, found in asked:
            raw = answers.newest(ticket)
            if raw is not None:
                values.setdefault(group, ([], []))[place].append(found.value(raw))
        return {
            group: (sum(waiting) if waiting else None, max(full, default=None))
            for group, (waiting, full) in values.items()
        }


def badness(group: Group) -> tuple[float, float, str]:
    """Sorts the worst first: what is left of the error budget, then the head room, unknown ones last."""
    budget, room = group.value("error_budget_left"), group.value("head_room")
    return (2.0 if budget is None else budget, 1e9 if room is None else room, group.name)


def _teams(finder: Finder) -> dict[str, str]:
    """The team of each service."""
    services, teams = owners_of(Level.SERVICE, finder), owners_of(Level.TEAM, finder)
    found: dict[str, str] = {}
    for one in finder.all((*concepts.REQUESTS, *concepts.OUTPUT_TOKENS)):
        team = teams.of(one.series)
        if team != UNOWNED:
            found.setdefault(services.of(one.series), team)
    return found


def gpus_of(fleet: GpuFleet, level: Level, owners: Owners) -> dict[str, list[GpuRow]]:
    """The GPUs that each group holds at the end of the range."""
    found: dict[str, list[GpuRow]] = {}
    for row in fleet.gpus:
        if not row.holds:
            continue
        series = fleet.series.get(row.gpu)
        by_series = UNOWNED if series is None else owners.of(series)
        group = {Level.TEAM: row.owner, Level.FLEET: FLEET}.get(level, by_series)
        found.setdefault(group, []).append(row)
    return found


def _complete(found: Mapping[str, Kpi]) -> dict[str, Kpi]:
    return {id_: found.get(id_) or unknown(id_, _MISSING[formula.area]) for id_, formula in FORMULAS.items()}


def _trend(per_s: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Trend:
    """At most `_SPARK_POINTS` means of neighbours; the last step, which still fills, left out."""
    values = np.asarray(per_s, np.float64)[:-1]
    width = max(-(-len(values) // _SPARK_POINTS), 1)
    parts = [values[at : at + width] for at in range(0, len(values), width)]
    known = [part[~np.isnan(part)] for part in parts]
    return [float(part.mean()) if len(part) else None for part in known]
