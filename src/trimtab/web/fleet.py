"""What several pages ask of the fleet, through the shared cache."""

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.kpis.hosts import HostSummary, host_series, ids, summaries, wired
from trimtab.kpis.processes import Filesystem, Process, busiest, filesystems
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.cache import SharedCache
from trimtab.web.chart_data import STEPS_S
from trimtab.web.state import WebState
from trimtab.web.window import Window

_SPARK_POINTS = 60
"""Points of a sparkline: about one every three pixels."""
_TTL_S = 3.0
"""Shorter than a live page's refresh (5 s): every refresh sees something new, thirty viewers cost one read."""
_SPARK_TTL_S = 10.0
Trend = list[float | None]


class Trends(Struct, frozen=True):
    """Sparklines of the whole fleet over a window; shares 0 to 1, rates bytes per second."""

    cpu: Trend
    memory: Trend
    receive: Trend
    transmit: Trend
    disk: Trend


class Fleet:
    """Cached questions about hosts."""

    def __init__(self, state: WebState, cache: SharedCache) -> None:
        self._state = state
        self._cache = cache

    async def hosts(self, scope: Scope, only: str | None = None) -> list[HostSummary]:
        """Every host (or one) with what it does now."""
        state, now = self._state, self._state.clock.now_ms()
        return await self._cache.get(
            ("hosts", scope, only), _TTL_S, lambda: summaries(state.reader, state.registry, scope, now, only)
        )

    async def processes(self, scope: Scope, hosts: tuple[str, ...], limit: int) -> list[Process]:
        """The busiest processes of `hosts`."""
        state, now = self._state, self._state.clock.now_ms()
        return await self._cache.get(
            ("processes", scope, hosts, limit),
            _TTL_S,
            lambda: busiest(state.reader, state.registry, scope, now, hosts, limit),
        )

    async def filesystems(self, scope: Scope, host: str) -> list[Filesystem]:
        """The filesystems of `host`."""
        state, now = self._state, self._state.clock.now_ms()
        return await self._cache.get(
            ("filesystems", scope, host), _TTL_S, lambda: filesystems(state.reader, state.registry, scope, now, host)
        )

    async def trends(self, scope: Scope, window: Window, host: str | None = None) -> Trends:
        """CPU, memory, network and disk of all hosts together (or of one) over `window`."""
        step = spark_step(window)
        key = ("trends", scope, host, window.start_ms // 1000 // step, window.end_ms // 1000 // step, step)
        return await self._cache.get(key, _SPARK_TTL_S, lambda: self._read_trends(scope, window, step, host))

    async def cpu_by_host(self, scope: Scope, window: Window) -> dict[str, Trend]:
        """A CPU sparkline for each host."""
        step = spark_step(window)
        key = ("cpu_by_host", scope, window.start_ms // 1000 // step, window.end_ms // 1000 // step, step)
        return await self._cache.get(key, _SPARK_TTL_S, lambda: self._read_cpu_by_host(scope, window, step))

    async def _read_trends(self, scope: Scope, window: Window, step_s: int, host: str | None) -> Trends:
        registry = self._state.registry
        one = {} if host is None else {"host_name": host}
        average, rate = parse_statistic("Average"), parse_statistic("Rate")
        requests = [
            StatRequest(
                ids(host_series(registry, scope, "system.cpu.utilization", cpu_mode="idle", **one)), average, step_s
            ),
            StatRequest(
                ids(host_series(registry, scope, "system.memory.utilization", system_memory_state="used", **one)),
                average,
                step_s,
            ),
            *(
                StatRequest(ids(wired(found)), rate, step_s)
                for found in (
                    host_series(registry, scope, "system.network.io", network_io_direction=way, **one)
                    for way in ("receive", "transmit")
                )
            ),
            StatRequest(ids(host_series(registry, scope, "system.disk.io", **one)), rate, step_s),
        ]
        idle, memory, receive, transmit, disk = await self._on_grid(scope, requests, window, step_s)
        return Trends(_busy(idle), memory, receive, transmit, disk)

    async def _read_cpu_by_host(self, scope: Scope, window: Window, step_s: int) -> dict[str, Trend]:
        found = host_series(self._state.registry, scope, "system.cpu.utilization", cpu_mode="idle")
        requests = [StatRequest((series.id,), parse_statistic("Average"), step_s) for series in found]
        answers = await self._on_grid(scope, requests, window, step_s)
        names = (series.dimensions.get("host.name", "") for series in found)
        return {name: _busy(idle) for name, idle in zip(names, answers, strict=True)}

    async def _on_grid(self, scope: Scope, requests: list[StatRequest], window: Window, step_s: int) -> list[Trend]:
        step = step_s * 1000
        start, end = window.start_ms // step * step, window.end_ms // step * step
        count = max((end - start) // step, 1)
        trends: list[Trend] = []
        for answer in await self._state.reader.statistics(scope, requests, start, start + count * step):
            values = np.full(count, np.nan)
            values[(answer.times - start) // step] = answer.values
            trends.append([None if np.isnan(value) else float(value) for value in values])
        return trends


def spark_step(window: Window) -> int:
    """Seconds a point of a sparkline over `window`; at least 10, the agent's own interval."""
    return next((step for step in STEPS_S if step >= 10 and window.span.seconds / step <= _SPARK_POINTS), STEPS_S[-1])


def _busy(idle: Trend) -> Trend:
    return [None if value is None else min(max(1 - value, 0.0), 1.0) for value in idle]
