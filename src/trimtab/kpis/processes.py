"""The processes that use most of a host now, and its filesystems."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.tags import make_tags
from trimtab.kpis.hosts import HOST, NAMESPACE
from trimtab.kpis.latest import Question, ask
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry

_ACTIVE_MS = 60_000
"""A process not reported for a minute has ended, or fell out of the agent's list of the busiest."""
_MOST_SERIES = 600
"""At most so many processes are asked for: 15 of each of 40 hosts."""


class Process(Struct, frozen=True):
    """A process: `cpu` in cores (1 = one whole core), `memory` resident bytes."""

    host: str
    name: str
    pid: str
    cpu: float | None
    memory: float | None


class Filesystem(Struct, frozen=True):
    """A mounted filesystem: bytes and the used share (0 to 1)."""

    mount: str
    device: str
    used: float | None
    free: float | None
    share: float | None


async def busiest(
    reader: MetricReader, registry: SeriesRegistry, scope: Scope, now_ms: int, hosts: Sequence[str], limit: int = 15
) -> list[Process]:
    """The processes of `hosts` that use most CPU now, the busiest first."""
    question = Question()
    tickets: dict[tuple[str, str, str], list[int | None]] = {}
    for place, metric in enumerate(("process.cpu.utilization", "process.memory.usage")):
        for host in hosts:
            for series in _of_host(registry, scope, metric, host, now_ms - _ACTIVE_MS)[:_MOST_SERIES]:
                shown = series.dimensions
                key = (host, shown.get("process.executable.name", "?"), shown.get("process.pid", ""))
                tickets.setdefault(key, [None, None])[place] = question.last((series.id,))
    answers = await ask(reader, scope, question, now_ms)
    found = [
        Process(host, name, pid, answers.newest(cpu), answers.newest(memory))
        for (host, name, pid), (cpu, memory) in tickets.items()
    ]
    return sorted(found, key=lambda one: (-(one.cpu or 0), -(one.memory or 0), one.name, one.pid))[:limit]


async def filesystems(
    reader: MetricReader, registry: SeriesRegistry, scope: Scope, now_ms: int, host: str
) -> list[Filesystem]:
    """The filesystems of `host`, the fullest first."""
    question = Question()
    tickets: dict[tuple[str, str], dict[str, int | None]] = {}
    since = now_ms - _ACTIVE_MS * 2
    for series in _of_host(registry, scope, "system.filesystem.usage", host, since):
        state = series.dimensions.get("system.filesystem.state", "")
        tickets.setdefault(_place(series), {})[state] = question.last((series.id,))
    answers = await ask(reader, scope, question, now_ms)
    found = []
    for (mount, device), states in tickets.items():
        used, free = answers.newest(states.get("used")), answers.newest(states.get("free"))
        total = (used or 0) + (free or 0)
        share = used / total if used is not None and total > 0 else None
        found.append(Filesystem(mount, device, used, free, share))
    return sorted(found, key=lambda one: (-(one.share or 0), one.mount))


def _of_host(registry: SeriesRegistry, scope: Scope, metric: str, host: str, since_ms: int) -> list[Series]:
    query = SeriesQuery(namespace=NAMESPACE, name=metric, dimensions=make_tags({HOST: host}), active_since_ms=since_ms)
    return registry.find(scope, query)


def _place(series: Series) -> tuple[str, str]:
    shown = series.dimensions
    return shown.get("system.filesystem.mountpoint", "?"), shown.get("system.device", "")
