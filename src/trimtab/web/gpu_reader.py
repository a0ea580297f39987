"""Reads the GPUs of a range: one answer for every page and viewer, renewed behind those who look at it."""

import asyncio
import math
from collections.abc import Iterable, Mapping
from functools import partial

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.claims import holder_name
from trimtab.fleet.faults import DeviceFault
from trimtab.fleet.faults import read as read_faults
from trimtab.fleet.model import DAY_MS, HOUR_MS, Remark
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.fleet.telemetry.evidence import KNOWN_FOR_MS
from trimtab.fleet.telemetry.identity import short_host
from trimtab.inventory.runs.filter import RunFilter
from trimtab.kpis.latest import Question, ask
from trimtab.metrics.aliases import Found, find
from trimtab.metrics.model import SeriesQuery
from trimtab.web.cache import SharedCache
from trimtab.web.gpu_fleet import GpuFleet, GpuNow, Telemetry, build
from trimtab.web.state import WebState
from trimtab.web.window import Window

_FRESH_S = (30.0, 300.0)
"""How long an answer is fresh: a thousandth of its range, which moves its hours by as little, within these bounds."""
STALE_S = 600.0
"""An answer so much older is still shown while it is computed anew; pages say as of when it is."""
_RECENT_MS = 600_000
"""Series silent for longer say nothing of now."""
_ANY_S = 60.0
_LOOKED_AT = 100
"""Runs among which one with GPUs is looked for."""
_BY_HOUR_MS = 4 * DAY_MS
"""Up to so long a range is drawn by the hour: a point every two pixels of a sparkline."""
_MOST_RUNS = 20_000
"""Runs whose names are looked up: the last submitted of more."""


def fresh_s(window: Window) -> float:
    """For how long an answer over `window` is not computed anew."""
    least, most = _FRESH_S
    return min(max(window.span.seconds / 1000, least), most)


class GpuReader:
    """Cached questions about GPUs."""

    def __init__(self, state: WebState, cache: SharedCache) -> None:
        self._state = state
        self._cache = cache

    @property
    def ledger(self) -> HoursReader | None:
        """The fleet ledger; None where the pages were put together without it."""
        return self._state.runs.ledger if self._state.runs is not None else None

    @property
    def known_until(self) -> int | None:
        """Until when GPU time is known, where pages of late were answered before its days were up to now."""
        return None if self.ledger is None else self.ledger.known_until

    async def any(self, scope: Scope) -> bool:
        """Whether there are GPUs: one has reported in the last week, or a scheduler names one. Cheap."""
        if self._reports(scope):
            return True
        runs = self._state.runs
        if runs is None:
            return False

        async def scheduled() -> bool:
            if scope.rows:  # who is bound to tags sees no nodes, but what held their GPUs
                now_ms = self._state.clock.now_ms()
                held = RunFilter(start_ms=now_ms - KNOWN_FOR_MS, end_ms=now_ms)
                return any(run.gpus > 0 for run in await runs.room.runs.listed(scope, held, _LOOKED_AT))
            return any(node.gpus > 0 for node in await runs.room.nodes.all(scope))

        return await self._cache.get(("any GPU", scope), _ANY_S, scheduled)

    def _reports(self, scope: Scope) -> bool:
        since = self._state.clock.now_ms() - KNOWN_FOR_MS
        return any(
            self._state.registry.find(
                scope, SeriesQuery(namespace=one.namespace or None, name=one.name, active_since_ms=since, limit=1)
            )
            for _, metrics in concepts.ACTIVITY
            for one in metrics
        )

    async def fleet(self, scope: Scope, window: Window, basis: Basis = DEFAULT) -> GpuFleet | None:
        """The GPUs over `window`; None where none existed. Passes on the reader's errors."""
        ledger = self.ledger
        if ledger is None:
            return None
        key = ("gpus", scope, window.parameters, basis)
        return await self._cache.get(
            key, fresh_s(window), lambda: self._read(ledger, scope, window, basis), stale_s=STALE_S
        )

    async def remarks(self, scope: Scope, window: Window) -> list[Remark]:
        """What was said of machines of the range and does not fit, the newest first."""
        ledger = self.ledger
        if ledger is None:
            return []
        key = ("remarks", scope, window.parameters)
        read = partial(ledger.remarks, scope, window.start_ms, window.end_ms)
        return await self._cache.get(key, fresh_s(window), read, stale_s=STALE_S)

    async def faults(self, scope: Scope, window: Window, machine: str) -> list[DeviceFault]:
        """The faults of a machine's GPUs and switches in the range that kernel-log lines told, the last first."""
        state = self._state
        read = partial(read_faults, state.reader, state.registry, scope, window.start_ms, window.end_ms)
        found = await self._cache.get(("faults", scope, window.parameters), fresh_s(window), read, stale_s=STALE_S)
        return [one for one in found if short_host(one.machine) == short_host(machine)]

    async def _read(self, ledger: HoursReader, scope: Scope, window: Window, basis: Basis) -> GpuFleet | None:
        devices = await ledger.devices(scope, window.start_ms, window.end_ms)
        if not devices:
            return None
        step_ms = HOUR_MS if window.end_ms - window.start_ms <= _BY_HOUR_MS else DAY_MS
        costed, costs, now, runs, course = await asyncio.gather(
            ledger.costed(scope, window.start_ms, window.end_ms, basis),
            ledger.device_costs(scope, window.start_ms, window.end_ms, basis),
            self._now(scope, window),
            self._run_names(scope, window),
            ledger.frame(scope, window.start_ms, window.end_ms, step_ms),
        )
        finder = Finder(self._state.registry, scope, window.start_ms)
        earlier = replace(finder, since_ms=finder.since_ms - KNOWN_FOR_MS)
        activity = [
            (place, one) for place, (_, metrics) in enumerate(concepts.ACTIVITY) for one in earlier.all(metrics)
        ]
        return await asyncio.to_thread(build, devices, costed, costs, Telemetry(activity, now, runs), course)

    async def _run_names(self, scope: Scope, window: Window) -> dict[str, str]:
        """By holder the name that its run was given."""
        if self._state.runs is None:
            return {}
        asked = RunFilter(start_ms=window.start_ms, end_ms=window.end_ms)
        found = await self._state.runs.room.runs.listed(scope, asked, _MOST_RUNS)
        return {holder_name(run): run.name for run in found if run.name}

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
