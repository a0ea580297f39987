"""`/rest/v1/simulations`: policies of scaling on a history; `/rest/v1/provisioned-concurrency/plans`: what to hold."""

import asyncio
import math
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet, Pool, WarmPool
from trimtab.client import scaling_wire as wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import time_range
from trimtab.scaling.demand import DemandAsked, Evaluator, read_demand
from trimtab.scaling.provisioned.comparison import Served, on_demand, planned, tracked
from trimtab.scaling.provisioned.concurrency import Invocations, concurrency_of
from trimtab.scaling.provisioned.levels import HOUR_MS, Function, Levels, Objective
from trimtab.scaling.provisioned.prices import Prices
from trimtab.scaling.simulation import Asked, PolicyAsked, Promised, Simulated, Simulation, simulate, thinned

_TAG = "scaling"
_DEFAULT_REPLICAS = 30
"""Replicas that the highest demand needs where nobody says what one takes: the benchmark's own."""
_MOST_WORK = 3_000_000
"""Ticks times policies of one request: some seconds of a core."""


class Simulating(Struct, frozen=True):
    """What the operations need."""

    evaluator: Evaluator
    clock: Clock


def operations(needs: Simulating) -> list[Operation]:
    """The operations."""

    async def run(call: Call[NoQuery, wire.Simulate]) -> wire.SimulationAnswer:
        return await _simulate(needs, call.principal.scope, call.body)

    async def plan(call: Call[NoQuery, wire.PlanProvisioned]) -> wire.ProvisionedPlan:
        return await asyncio.to_thread(_plan, call.body)

    return [
        Operation(
            "POST",
            "/rest/v1/simulations",
            "simulate scaling",
            "Replay policies of scaling on a demand history, beside the cheapest plan without violation.",
            run,
            wire.SimulationAnswer,
            body=wire.Simulate,
            errors=(504,),
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "POST",
            "/rest/v1/provisioned-concurrency/plans",
            "plan provisioned concurrency",
            "What to hold each hour, beside on demand and target tracking, on the invocations given.",
            plan,
            wire.ProvisionedPlan,
            body=wire.PlanProvisioned,
            tag=_TAG,
            bound=True,
        ),
    ]


async def _simulate(needs: Simulating, scope: Scope, body: wire.Simulate) -> wire.SimulationAnswer:
    if (body.demand is None) == (body.metric is None):
        raise InvalidInput("cannot simulate: expected demand or a metric, and not both", field="demand")
    start_ms = None
    if body.metric is not None:
        asked = _metric(body.metric, needs.clock.now_ms())
        start_ms, demand = await read_demand(needs.evaluator, scope, asked, body.tick_s)
    else:
        demand = np.array(body.demand, dtype=np.float64)
    if len(demand) * len(body.policies) > _MOST_WORK:
        raise InvalidInput(
            f"cannot simulate {len(demand)} ticks under {len(body.policies)} policies at once; expected at most "
            f"{_MOST_WORK} ticks in all",
            field="policies",
        )
    fleet = fleet_of(body, demand)
    policies = tuple(_policy(one) for one in body.policies)
    found = await asyncio.to_thread(simulate, Asked(demand, fleet, policies, body.seed))
    return _answer(body, demand, fleet, start_ms, found)


def _metric(metric: wire.DemandMetric, now_ms: int) -> DemandAsked:
    span = time_range(metric.start, metric.end, now_ms)
    named = metric.namespace, metric.name, metric.dimensions, metric.statistic
    return DemandAsked(*named, span.start_ms, span.end_ms, metric.per_period)


def fleet_of(body: wire.Simulate, demand: Array) -> Fleet:
    """The fleet that a body means."""
    highest = float(demand.max()) if len(demand) else 0.0
    pools = tuple(
        Pool(one.name, one.capacity, Decimal(one.price_per_hour), one.most, one.interruptions) for one in body.pools
    ) or (Pool("replicas", (highest or 1.0) / _DEFAULT_REPLICAS, Decimal(1)),)
    return Fleet(
        pools,
        float(body.tick_s),
        body.launch_s,
        WarmPool(body.warm_prepared, body.warm_launch_s),
        body.startup_s,
        body.startup_share,
        body.least,
        body.most,
        body.metric_lag_s,
        math.inf if body.signal_cap is None else body.signal_cap,
        body.queue_s,
        body.slo_wait_s,
    )


def _policy(one: wire.SimulatedPolicy) -> PolicyAsked:
    more = (one.headroom, one.drain_s, one.idle_s, one.launch_cost_s)
    return PolicyAsked(one.kind, one.target, one.allowed, one.level, one.replicas, *more)


def _answer(
    body: wire.Simulate, demand: Array, fleet: Fleet, start_ms: int | None, found: Simulation
) -> wire.SimulationAnswer:
    stride = max(1, math.ceil(len(demand) / body.points))
    return wire.SimulationAnswer(
        ticks=len(demand),
        tick_s=fleet.tick_s,
        start_ms=start_ms,
        point_s=stride * fleet.tick_s,
        capacity=fleet.pools[0].capacity,
        demand=thinned(demand, body.points),
        needed=thinned(found.needed, body.points),
        oracle_hours=found.oracle_hours,
        oracle_cost=money(found.oracle_cost),
        policies=[_outcome(one, body.points) for one in found.policies],
    )


def money(amount: Decimal) -> str:
    """Dollars to a hundredth of a cent."""
    return f"{amount:.4f}"


def _outcome(one: Simulated, points: int) -> wire.SimulatedOutcome:
    found = one.outcome
    return wire.SimulatedOutcome(
        name=one.name,
        cost=money(found.cost),
        cost_vs_oracle=one.cost_vs_oracle,
        violating=found.violating,
        lost=found.lost,
        wait_s=found.wait_s,
        utilisation=found.utilisation,
        replica_hours=found.replica_hours,
        warm_hours=found.warm_hours,
        launches=found.launches,
        stops=found.stops,
        interruptions=found.interruptions,
        peak=found.peak,
        ready=thinned(one.ready, points),
        moments=[wire.SimulatedMoment(tick=at.tick, desired=at.desired, why=at.why) for at in one.moments],
        promise=None if one.promised is None else _promise(one.promised),
    )


def _promise(one: Promised) -> wire.SimulatedPromise:
    return wire.SimulatedPromise(
        allowed=one.allowed,
        since=one.since,
        reason=one.reason,
        words=one.words,
        violating=one.violating,
        kept=one.kept,
    )


def _plan(body: wire.PlanProvisioned) -> wire.ProvisionedPlan:
    if len(body.starts_ms) != len(body.durations_ms):
        raise InvalidInput("cannot plan: expected as many durations as starts", field="durations_ms")
    if max(body.starts_ms) - min(body.starts_ms) > 400 * 86_400_000:
        raise InvalidInput("cannot plan: the starts span more than 400 days", field="starts_ms")
    some = Invocations.of(np.array(body.starts_ms, dtype=np.int64), np.array(body.durations_ms, dtype=np.int64))
    peak = concurrency_of(some).peak
    if peak > 10_000:
        raise InvalidInput(f"cannot plan for {peak} invocations at once; expected at most 10,000", field="starts_ms")
    gigabytes = Decimal(body.gigabytes)
    if gigabytes <= 0:
        raise InvalidInput("cannot plan for no memory; expected gigabytes above 0", field="gigabytes")
    function, prices = Function(gigabytes, body.cold_ms, body.keep_ms), Prices()
    ours, levels = planned(some, function, prices, Objective(body.cold_share, Decimal(body.cold_start_cost)))
    others = [on_demand(some, function, prices), tracked(some, function, prices, body.target)]
    return wire.ProvisionedPlan(
        break_even=f"{prices.break_even.normalize():f}",
        invocations=len(some.starts_ms),
        peak=peak,
        served=[_served(one) for one in (*others, ours)],
        levels=_levels(levels),
    )


def _served(one: Served) -> wire.ProvisionedServed:
    return wire.ProvisionedServed(
        name=one.name, cost=money(one.cost), cold_share=one.cold_share, held_hours=one.held_hours, highest=one.highest
    )


def _levels(levels: Levels) -> list[wire.ProvisionedLevel]:
    origin = levels.hours.origin_ms
    return [
        wire.ProvisionedLevel(start_ms=origin + hour * HOUR_MS, level=int(level), why=levels.why(hour))
        for hour, level in enumerate(levels.held)
    ]
