"""The joint plans as doors and pages are given them: what was measured, what is asked, and the answer.

Load tests, traffic and rates belong to other rooms: they come through the ports below, which the composition root
wires. What was replayed is remembered, so that another price or zone is answered without a replay.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Protocol

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.demand import DemandAsked, Evaluator, read_demand
from trimtab.scaling.plan.joint import Setting, Way, joint_plan, ways_of
from trimtab.scaling.plan.model import Plan, Question, Server

DAY_MS = 86_400_000
TICK_S = 60
MOST_DAYS = 31
_KEPT = 12
"""Types whose replays are remembered: about 3 MB each."""
_FRESH_MS = 120_000
"""How long demand that was read is used again: sliders ask many times within it."""


class Measurements(Protocol):
    """Which services were measured on which types, with what those cost."""

    async def servers(self, scope: Scope) -> Mapping[str, tuple[Server, ...]]:
        """By service its measured types, the newest test of each."""
        ...


class Traffic(Protocol):
    """What services are asked."""

    async def demand(self, scope: Scope, service: str, start_ms: int, end_ms: int, tick_s: int) -> Array | None:
        """Requests a second a tick, NaN where nothing was said; None where the service has no traffic."""
        ...


class Supposed(Struct, frozen=True):
    """What is asked of a plan besides the service: see `model.Question`. `metric` replaces the service's own traffic.

    `slo_ms` None takes the objective of the newest load test. `interruptions` an hour of a spot replica are a guess of
    the asker's: nobody publishes them.
    """

    slo_ms: float | None = None
    percentile: str = "p99"
    allowed: float = 0.01
    days: int = 7
    traffic: float = 1.0
    prices: Mapping[str, float] = field(default_factory=dict)
    zones: int = 3
    zone_fails: bool = False
    launch_s: float = 300.0
    spot: bool = True
    interruptions: float = 0.02
    years: tuple[int, ...] = (1,)
    metric: DemandAsked | None = None


class Planned(Struct, frozen=True):
    """A plan with what it was made of."""

    service: str
    question: Question
    plan: Plan
    start_ms: int
    covered: float


class PlansRoom(Struct):
    """Joint plans."""

    measurements: Measurements
    traffic: Traffic
    evaluator: Evaluator
    clock: Clock
    _ways: OrderedDict[tuple[object, ...], tuple[Way, ...]] = field(default_factory=OrderedDict)
    _demands: OrderedDict[tuple[object, ...], tuple[int, int, Array]] = field(default_factory=OrderedDict)
    _guard: Lock = field(default_factory=Lock)

    async def services(self, scope: Scope) -> list[str]:
        """The services that were measured."""
        return sorted(await self.measurements.servers(scope))

    async def make(self, scope: Scope, service: str, supposed: Supposed) -> Planned:
        """Plan a service. Raises NotFound (never measured), InvalidInput (no traffic), QueryAborted, Unavailable."""
        found = await self.measurements.servers(scope)
        if service not in found:
            known = ", ".join(sorted(found)) or "none"
            raise NotFound(f"no load test of {service!r} has a priced instance type; measured are: {known}")
        start_ms, demand = await self._demand(scope, service, supposed)
        known_ticks = np.isfinite(demand)
        question = _question(np.nan_to_num(demand), found[service], supposed)
        plan = await asyncio.to_thread(joint_plan, question, self._remembered)
        return Planned(service, question, plan, start_ms, float(known_ticks.mean()))

    async def _demand(self, scope: Scope, service: str, supposed: Supposed) -> tuple[int, Array]:
        if not 1 <= supposed.days <= MOST_DAYS:
            raise InvalidInput(f"cannot plan over {supposed.days} days; expected 1 to {MOST_DAYS}", field="days")
        now_ms = self.clock.now_ms()
        key = (scope, service, supposed.days, repr(supposed.metric and _named(supposed.metric)))
        kept = self._demands.get(key)
        if kept is not None and now_ms - kept[0] < _FRESH_MS:
            return kept[1], kept[2]
        end_ms = (now_ms // (TICK_S * 1000) - 2) * TICK_S * 1000  # what is scraped comes a minute or so late
        start_ms = end_ms - supposed.days * DAY_MS
        if supposed.metric is not None:
            start_ms, values = await read_demand(self.evaluator, scope, supposed.metric, TICK_S)
        else:
            read = await self.traffic.demand(scope, service, start_ms, end_ms, TICK_S)
            if read is None or not np.nansum(read) > 0:
                raise InvalidInput(
                    f"cannot plan for {service!r}: no counter of requests carries its name in the last "
                    f"{supposed.days} days; name a metric of its traffic",
                    field="metric",
                )
            first = int(np.flatnonzero(np.nan_to_num(read) > 0)[0])
            start_ms, values = start_ms + first * TICK_S * 1000, read[first:]
        self._demands[key] = (now_ms, start_ms, values)
        while len(self._demands) > _KEPT:
            self._demands.popitem(last=False)
        return start_ms, values

    def _remembered(self, setting: Setting, capacity: float, launch_s: float) -> tuple[Way, ...]:
        question = setting.question
        digest = hashlib.blake2b(question.demand.tobytes(), digest_size=16).digest()
        supposed = (question.traffic, question.allowed, question.tick_s, question.zones)
        key = (digest, *supposed, round(capacity, 9), launch_s)
        with self._guard:
            if key in self._ways:
                self._ways.move_to_end(key)
                return self._ways[key]
        found = ways_of(setting, capacity, launch_s)
        with self._guard:
            self._ways[key] = found
            while len(self._ways) > _KEPT:
                self._ways.popitem(last=False)
        return found


def _named(metric: DemandAsked) -> tuple[object, ...]:
    return metric.namespace, metric.name, sorted(metric.dimensions.items()), metric.statistic, metric.per_period


def _question(demand: Array, servers: tuple[Server, ...], supposed: Supposed) -> Question:
    """The question in full. Raises InvalidInput."""
    newest = max(servers, key=lambda one: one.measured_ms)
    interrupted = tuple(replace(one, interruptions=supposed.interruptions) for one in servers)
    slo_ms = newest.slo_ms if supposed.slo_ms is None else supposed.slo_ms
    return Question(
        demand,
        interrupted,
        slo_ms,
        supposed.percentile,
        supposed.allowed,
        float(TICK_S),
        supposed.traffic,
        supposed.prices,
        supposed.zones,
        supposed.zone_fails,
        supposed.launch_s,
        supposed.spot,
        supposed.years,
    )
