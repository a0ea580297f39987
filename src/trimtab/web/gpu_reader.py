"""Reads the GPUs of a range: one answer for every page and viewer, renewed behind those who look at it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.fleet.telemetry.evidence import KNOWN_FOR_MS, gather
from trimtab.fleet.telemetry.scheduled import NOT_SCHEDULED
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.latest import Question, ask
from trimtab.kpis.model import Level
from trimtab.kpis.shared_reads import SharedReads
from trimtab.metrics.aliases import Found, find
from trimtab.metrics.model import SeriesQuery
from trimtab.web.cache import SharedCache
from trimtab.web.gpu_fleet import GpuFleet, GpuNow, build
from trimtab.web.ownership import owners_of
from trimtab.web.state import WebState
from trimtab.web.window import Window

_FRESH_S = (30.0, 300.0)
"""How long an answer is fresh: a thousandth of its range, which moves its hours by as little, within these bounds."""
STALE_S = 600.0
"""An answer so much older is still shown while it is computed anew; pages say as of when it is."""
_RECENT_MS = 600_000
"""Series silent for longer say nothing of now."""


def fresh_s(window: Window) -> float:
    """For how long an answer over `window` is not computed anew."""
    least, most = _FRESH_S
    return min(max(window.span.seconds / 1000, least), most)


class GpuReader:
    """Cached questions about GPUs."""

    def __init__(self, state: WebState, cache: SharedCache, reads: SharedReads) -> None:
        self._state = state
        self._cache = cache
        self._reads = reads

    def any(self, scope: Scope) -> bool:
        """Whether a GPU has reported in the last week: cheap, without the engine."""
        since = self._state.clock.now_ms() - KNOWN_FOR_MS
        return any(
            self._state.registry.find(
                scope, SeriesQuery(namespace=one.namespace or None, name=one.name, active_since_ms=since, limit=1)
            )
            for _, metrics in concepts.ACTIVITY
            for one in metrics
        )

    async def fleet(self, scope: Scope, window: Window) -> GpuFleet | None:
        """The GPUs over `window`; None where there are none. Passes on the reader's errors."""
        if not self.any(scope):
            return None
        key = ("gpus", scope, window.parameters)
        return await self._cache.get(key, fresh_s(window), lambda: self._read(scope, window), stale_s=STALE_S)

    async def _read(self, scope: Scope, window: Window) -> GpuFleet | None:
        state = self._state
        grid = Grid.as_long(window.start_ms, window.end_ms)
        finder = Finder(state.registry, scope, grid.start_ms)
        scheduled = state.runs.scheduled if state.runs is not None else NOT_SCHEDULED
        evidence = await gather(self._reads, finder, owners_of(Level.TEAM, finder), grid, scheduled)
        if evidence is None:
            return None
        earlier = replace(finder, since_ms=finder.since_ms - KNOWN_FOR_MS)
        series = [one.series for _, metrics in concepts.ACTIVITY for one in earlier.all(metrics)]
        return build(evidence, series, await self._now(scope, window), grid.start_ms, window.end_ms)

    async def _now(self, scope: Scope, window: Window) -> Mapping[str, GpuNow]:
        """Memory and the last XID of every GPU at the end of the window."""
        question = Question()
        tickets: dict[str, dict[str, list[tuple[int | None, Found]]]] = {}
        for name in ("gpu.memory.used", "gpu.memory.free", "gpu.memory.reserved", "gpu.memory.total", "gpu.xid"):
            for found in find(self._state.registry, scope, name, active_since_ms=window.end_ms - _RECENT_MS):
                asked = [(question.last((one.id,)), found) for one in found.series]
                tickets.setdefault(found.subject, {})[name] = asked
        answers = await ask(self._state.reader, scope, question, window.end_ms)

        def greatest(asked: Iterable[tuple[int | None, Found]]) -> float | None:
            raw = [(answers.newest(ticket), found) for ticket, found in asked]
            return max((found.value(value) for value, found in raw if value is not None), default=None)

        return {gpu: _now_of({name: greatest(asked) for name, asked in by.items()}) for gpu, by in tickets.items()}


def _now_of(values: Mapping[str, float | None]) -> GpuNow:
    used, whole, xid = values.get("gpu.memory.used"), values.get("gpu.memory.total"), values.get("gpu.xid")
    free, reserved = values.get("gpu.memory.free"), values.get("gpu.memory.reserved")
    if whole is None and used is not None and free is not None:
        whole = used + free + (reserved or 0.0)
    return GpuNow(used, whole, None if xid is None or math.isnan(xid) else int(xid))
