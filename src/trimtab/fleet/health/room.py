"""`HealthReader`: faults of the fleet, what they did to runs, what that cost, lemons and actions, over the ledger."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import Frame
from trimtab.fleet.health import reading, throttling
from trimtab.fleet.health.actions import Proposal, proposals_of
from trimtab.fleet.health.fault import Fault, Severity, merged
from trimtab.fleet.health.impact import Holding, Milestones, impacts_of
from trimtab.fleet.health.loss import NO_HOURS, Harm, Hours, Rates, downs_of, harms_of, rates_of
from trimtab.fleet.health.rules import Exposure, History, Rankings, over_ms, rankings_at
from trimtab.fleet.health.silence import SILENT_REASONS, silent_faults
from trimtab.fleet.health.spans import Span, SpanIndex
from trimtab.fleet.health.throttling import Slowdown
from trimtab.fleet.model import DAY_MS, PARTS, MachineKey, State
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.reading import SpanReader
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunKey, RunState

_MOST_RUNS = 50_000
"""Runs of a range that are looked at, the last submitted of more."""
_LONGEST_MS = 60 * DAY_MS
"""How far before the range a run that a fault hit may have begun: longer ones are priced from there on."""
Telling = Callable[[Sequence[Run]], Awaitable[Mapping[RunKey, Milestones]]]
"""What runs told of their checkpoints and restarts. Raises QueryAborted, Unavailable."""


class Runs(Protocol):
    """What is asked of `inventory.runs.store.RunStore`."""

    async def listed(self, scope: Scope, wanted: RunFilter, limit: int) -> list[Run]:
        """Runs of a range."""
        ...


class HealthReport(Struct, frozen=True, kw_only=True):
    """Everything of `[start, end)`: harms by time of their faults, what was down after which fault, runs whose clocks
    were held down, machines by their rates, and what is to be done now. `over` is when the devices of faults that ask
    for a reset were up again.
    """

    start_ms: int
    end_ms: int
    harms: tuple[Harm, ...] = ()
    downs: Mapping[Fault, Hours] = field(default_factory=dict)
    slowdowns: tuple[Slowdown, ...] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    rankings: Rankings | None = None
    proposals: tuple[Proposal, ...] = ()
    machines: Mapping[str, MachineFacts] = field(default_factory=dict)
    over: Mapping[Fault, int] = field(default_factory=dict)

    @property
    def lost(self) -> Hours:
        """What runs with known checkpoints lost."""
        return _sum(one.lost for one in self.harms)

    @property
    def at_most(self) -> Hours:
        """The most that runs without known checkpoints lost."""
        return _sum(one.at_most for one in self.harms)

    @property
    def down(self) -> Hours:
        """What was down after fatal faults."""
        return _sum(self.downs.values())


class HealthReader(Struct, frozen=True):
    """What doors, pages and checks ask of the health of GPUs."""

    reader: MatrixReader
    registry: Registry
    ledger: SpanReader
    runs: Runs
    clock: Clock
    telling: Telling | None = None

    async def report(self, scope: Scope, start_ms: int, end_ms: int) -> HealthReport:
        """The report of `[start, end)`, for who sees the machines whole. Raises QueryAborted, Unavailable."""
        end_ms = min(end_ms, self.clock.now_ms())
        if start_ms >= end_ms:
            return HealthReport(start_ms=start_ms, end_ms=end_ms)
        frame = await self.ledger.frame(scope, start_ms, end_ms)
        place = self.reader, self.registry, scope, frame.facts, start_ms, end_ms
        faults, throttles = await reading.read(*place), await throttling.read(*place)
        runs = await self._runs(scope, start_ms, end_ms)
        told = {one.machine for one in faults} | {one.machine for one in throttles}
        asked = told | _gone(frame) | _nodes_failed(runs, frame.facts)
        spans = await self.ledger.spans(scope, start_ms, end_ms, sorted(asked)) if asked else []
        faults = merged([*faults, *silent_faults(sorted(asked), SpanIndex(spans), runs, faults)])
        found = await self._costed(scope, faults, spans, runs, (start_ms, end_ms))
        exposure = exposure_of(frame)
        history = History(faults, found.harms, exposure, found.spans, end_ms)
        schedulers = {(run.key.account, run.key.cluster): run.scheduler for run in runs.values()}
        over = {one: at_ms for one in faults if one.needs_reset and (at_ms := over_ms(found.spans, one)) is not None}
        rankings, proposals = await asyncio.to_thread(
            lambda: (rankings_at(history, end_ms), proposals_of(history, found.rates, schedulers))
        )
        return HealthReport(
            start_ms=start_ms,
            end_ms=end_ms,
            harms=tuple(found.harms),
            downs=found.downs,
            slowdowns=tuple(throttling.slowdowns_of(throttles, spans)),
            runs=runs,
            rankings=rankings,
            proposals=tuple(proposals),
            machines=frame.facts,
            over=over,
        )

    async def of_run(self, run: Run, sight: Scope) -> HealthReport:
        """The faults of the GPUs of a run while it held them, and how their clocks were held down; for whoever may see
        the run. `sight` is where its GPUs report. Raises QueryAborted, Unavailable.
        """
        start_ms, end_ms = run.start_ms, run.end_ms if run.end_ms is not None else self.clock.now_ms()
        if start_ms is None or start_ms >= end_ms or run.gpus <= 0:
            return HealthReport(start_ms=start_ms or 0, end_ms=end_ms)
        name = holder_name(run)
        spans = await self.ledger.spans(EVERYTHING, start_ms, end_ms, (), (name,))
        only = frozenset(one.machine for one in spans)
        if not only:
            return HealthReport(start_ms=start_ms, end_ms=end_ms)
        frame = await self.ledger.frame(EVERYTHING, start_ms, end_ms)
        place = self.reader, self.registry, sight, frame.facts, start_ms, end_ms
        faults = await reading.read(*place, only)
        throttles = await throttling.read(*place, only)
        faults = merged([*faults, *silent_faults(sorted(only), SpanIndex(spans), {name: run}, faults)])
        found = await self._costed(EVERYTHING, faults, spans, {name: run}, (start_ms, end_ms))
        return HealthReport(
            start_ms=start_ms,
            end_ms=end_ms,
            harms=tuple(one for one in found.harms if one.impact.holder == name),
            slowdowns=tuple(throttling.slowdowns_of(throttles, spans)),
            runs={name: run},
        )

    async def _runs(self, scope: Scope, start_ms: int, end_ms: int) -> dict[str, Run]:
        found = await self.runs.listed(scope, RunFilter(start_ms=start_ms, end_ms=end_ms), _MOST_RUNS)
        return {holder_name(run): run for run in found}

    async def _costed(
        self,
        scope: Scope,
        faults: Sequence[Fault],
        spans: Sequence[Span],
        runs: Mapping[str, Run],
        span_ms: tuple[int, int],
    ) -> "_Costed":
        """What the faults did and cost: with all that the runs that they hit held, from their own start on."""
        start_ms, end_ms = span_ms
        holding = Holding(runs, end_ms)
        fatal = [one for one in faults if one.severity in (Severity.FATAL, Severity.APPLICATION)]
        hit = [one for one in impacts_of(fatal, SpanIndex(spans), holding) if one.holder]
        mine = {one.holder: one.run for one in hit}
        known = [run for run in mine.values() if run is not None]
        told = await self.telling(known) if self.telling is not None and known else {}
        holding = Holding(
            runs, end_ms, {name: told[run.key] for name, run in mine.items() if run is not None and run.key in told}
        )
        begun = [run.start_ms for run in known if run.start_ms is not None]
        first_ms = max(min([start_ms, *begun]), start_ms - _LONGEST_MS)
        whole = await self.ledger.spans(scope, first_ms, end_ms, (), sorted(mine)) if mine else []
        index = SpanIndex(dict.fromkeys([*(one for one in spans if one.holder not in mine), *whole]))
        costed = await self.ledger.costed(scope, first_ms, end_ms) if faults else None

        def priced() -> _Costed:
            rates = rates_of(costed) if costed is not None else {}
            impacts = impacts_of(faults, index, holding)
            harms = harms_of(impacts, index, holding, rates)
            return _Costed(harms, downs_of(impacts, index, rates, end_ms), index, rates)

        return await asyncio.to_thread(priced)


class _Costed(Struct, frozen=True):
    harms: Sequence[Harm]
    downs: Mapping[Fault, Hours]
    spans: SpanIndex
    rates: Rates


def exposure_of(frame: Frame) -> Exposure:
    """GPU-days of machines in which they were not down, by day."""
    days: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    up = frame.state != State.DOWN
    for machine, day, amount in zip(
        frame.machine[up].tolist(), frame.day[up].tolist(), frame.amount[up].tolist(), strict=True
    ):
        days[frame.machines[machine]][day] += amount / (PARTS * DAY_MS)
    return Exposure(
        {name: dict(some) for name, some in days.items()},
        {path: facts.devices for path, facts in frame.facts.items()},
    )  # fmt: skip


def _gone(frame: Frame) -> set[str]:
    """Machines that went down without anybody having taken them out."""
    places = [place for place, reason in enumerate(frame.reasons) if reason.startswith(SILENT_REASONS)]
    rows = np.flatnonzero((frame.state == State.DOWN) & np.isin(frame.reason, places))
    return {frame.machines[frame.machine[at]] for at in rows.tolist()}


def _nodes_failed(runs: Mapping[str, Run], machines: Mapping[str, MachineFacts]) -> set[str]:
    """Machines of runs that failed with a node."""
    failed = {
        (run.key.account, run.key.cluster, node)
        for run in runs.values()
        if run.state is RunState.NODE_FAILED
        for node in (*run.node_names, *(part.node for part in run.held))
    }
    return {path for path in machines if tuple(MachineKey.parse(path)) in failed}


def _sum(some: Iterable[Hours | None]) -> Hours:
    found = NO_HOURS
    for one in some:
        if one is not None:
            found = found.plus(one)
    return found
