"""What each host is doing now, from the agent's metrics (namespace `trimtab/Host`, OpenTelemetry names)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.tags import make_tags
from trimtab.kpis.latest import Answers, Question, ask
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry

NAMESPACE = "trimtab/Host"
HOST = "host.name"
STALE_AFTER_MS = 90_000
"""A host is stale after nine missed reports of the agent's default 10 s: longer than a restart, shorter than a walk."""
KNOWN_FOR_MS = 7 * 86_400_000
"""A host silent for a week is gone from the list."""
LOOPBACK = frozenset({"lo", "lo0", "Loopback Pseudo-Interface 1"})
"""Interfaces that carry no traffic of the network."""


class HostSummary(Struct, frozen=True):
    """One host. Shares are 0 to 1, rates bytes per second, sizes bytes; None where the agent does not say."""

    name: str
    up: bool
    last_seen_ms: int
    first_seen_ms: int
    cpu: float | None = None
    memory: float | None = None
    memory_bytes: float | None = None
    disk: float | None = None
    disk_mount: str = ""
    receive: float | None = None
    transmit: float | None = None
    read: float | None = None
    write: float | None = None
    load: float | None = None
    cpus: float | None = None
    uptime_s: float | None = None
    processes: float | None = None


Tickets = dict[str, int | None]
_Grouped = Mapping[str, list[Series]]


async def summaries(
    reader: MetricReader, registry: SeriesRegistry, scope: Scope, now_ms: int, only: str | None = None
) -> list[HostSummary]:
    """Every host seen in the last week (or the one named `only`), by name, with one read of the engine."""
    look = _Lookup(registry, scope, now_ms - KNOWN_FOR_MS, only)
    seen = look.by_host("system.uptime")
    for name, series in look.by_host("system.cpu.utilization").items():
        seen.setdefault(name, series)
    live = {name for name, series in seen.items() if _last_seen(series) > now_ms - STALE_AFTER_MS}
    question = Question()
    tickets, mounts = _ask_all(look, question, live)
    answers = await ask(reader, scope, question, now_ms)
    return [
        _summary(name, series, name in live, tickets[name], mounts[name], answers)
        for name, series in sorted(seen.items())
    ]


def first_seen_ms(registry: SeriesRegistry, scope: Scope) -> int | None:
    """When the first host reported, None before any has."""
    found = registry.find(scope, SeriesQuery(namespace=NAMESPACE, name="system.uptime"))
    return min((series.first_seen_ms for series in found), default=None)


def host_series(registry: SeriesRegistry, scope: Scope, name: str, **kinds: str) -> list[Series]:
    """Series of host metric `name` whose dimensions have all of `kinds` (`_` stands for `.`)."""
    pairs = make_tags({key.replace("_", "."): value for key, value in kinds.items()})
    return registry.find(scope, SeriesQuery(namespace=NAMESPACE, name=name, dimensions=pairs))


class _Lookup(Struct, frozen=True):
    registry: SeriesRegistry
    scope: Scope
    since_ms: int
    only: str | None

    def by_host(self, name: str, key: str = "", value: str = "") -> dict[str, list[Series]]:
        """Series of metric `name` (with `key`=`value`) by host."""
        pairs = {key: value} if key else {}
        if self.only is not None:
            pairs[HOST] = self.only
        query = SeriesQuery(namespace=NAMESPACE, name=name, dimensions=make_tags(pairs), active_since_ms=self.since_ms)
        found: dict[str, list[Series]] = defaultdict(list)
        for series in self.registry.find(self.scope, query):
            found[series.dimensions.get(HOST, "")].append(series)
        found.pop("", None)
        return dict(found)


_GAUGES = (
    # ticket, metric, dimension, its value
    ("idle", "system.cpu.utilization", "cpu.mode", "idle"),
    ("memory", "system.memory.utilization", "system.memory.state", "used"),
    ("memory_bytes", "system.memory.limit", "", ""),
    ("load", "system.cpu.load_average.1m", "", ""),
    ("cpus", "system.cpu.logical.count", "", ""),
    ("uptime", "system.uptime", "", ""),
)
_COUNTERS = (
    ("receive", "system.network.io", "network.io.direction", "receive"),
    ("transmit", "system.network.io", "network.io.direction", "transmit"),
    ("read", "system.disk.io", "disk.io.direction", "read"),
    ("write", "system.disk.io", "disk.io.direction", "write"),
)


def _ask_all(
    look: _Lookup, question: Question, hosts: Iterable[str]
) -> tuple[dict[str, Tickets], dict[str, list[tuple[str, int | None]]]]:
    tickets: dict[str, Tickets] = defaultdict(dict)
    mounts: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
    known = set(hosts)
    for ticket, metric, key, value in _GAUGES:
        for host, series in _live(look.by_host(metric, key, value), known):
            tickets[host][ticket] = question.last(ids(series))
    for ticket, metric, key, value in _COUNTERS:
        for host, series in _live(look.by_host(metric, key, value), known):
            tickets[host][ticket] = question.rate(ids(wired(series)))
    for host, series in _live(look.by_host("system.filesystem.utilization"), known):
        for one in series:
            mount = one.dimensions.get("system.filesystem.mountpoint", "")
            mounts[host].append((mount, question.last((one.id,))))
    for host, series in _live(look.by_host("system.processes.count"), known):
        for number, one in enumerate(series):
            tickets[host][f"processes{number}"] = question.last((one.id,))
    return tickets, mounts


def _live(found: Mapping[str, list[Series]], hosts: set[str]) -> Iterable[tuple[str, list[Series]]]:
    return ((host, series) for host, series in found.items() if host in hosts)


def _summary(
    name: str,
    series: list[Series],
    up: bool,
    tickets: Tickets,
    mounts: list[tuple[str, int | None]],
    answers: Answers,
) -> HostSummary:
    def now(ticket: str) -> float | None:
        return answers.newest(tickets.get(ticket))

    idle = now("idle")
    shares = [(share, mount) for mount, ticket in mounts if (share := answers.newest(ticket)) is not None]
    fullest = max(shares, default=(None, ""))
    processes = [value for ticket in tickets if ticket.startswith("processes") and (value := now(ticket)) is not None]
    return HostSummary(
        name=name,
        up=up,
        last_seen_ms=_last_seen(series),
        first_seen_ms=min(one.first_seen_ms for one in series),
        cpu=None if idle is None else min(max(1 - idle, 0.0), 1.0),
        memory=now("memory"),
        memory_bytes=now("memory_bytes"),
        disk=fullest[0],
        disk_mount=fullest[1],
        receive=now("receive"),
        transmit=now("transmit"),
        read=now("read"),
        write=now("write"),
        load=now("load"),
        cpus=now("cpus"),
        uptime_s=now("uptime"),
        processes=sum(processes) if processes else None,
    )


def ids(series: Iterable[Series]) -> tuple[int, ...]:
    """Their ids."""
    return tuple(one.id for one in series)


def wired(series: Iterable[Series]) -> list[Series]:
    """Without the loopback interface, whose bytes never leave the host."""
    return [one for one in series if one.dimensions.get("network.interface.name") not in LOOPBACK]


def _last_seen(series: Iterable[Series]) -> int:
    return max((one.last_seen_ms for one in series), default=0)
