"""A history served three ways: on demand, by AWS's target tracking of provisioned concurrency, and by planned levels.

Dollars are exact: held time is billed from enabling to disabling of each environment, rounded up to 5 minutes.
"""

from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.record import ROW_READY
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.provisioned.concurrency import Integers, Invocations, concurrency_of
from trimtab.scaling.provisioned.environments import COLD, PROVISIONED_MS, SPILLED_MS, serve
from trimtab.scaling.provisioned.levels import HOUR_MS, Function, Hours, Levels, Objective, hours_of, plan_levels
from trimtab.scaling.provisioned.prices import Prices, held_seconds
from trimtab.scaling.replay.lanes import Group, replay_group

SUGGESTED = 0.7
"""The target of the examples in Lambda's guide, of LambdaProvisionedConcurrencyUtilization."""
ALLOCATION_S = 120.0
"""Seconds until asked provisioned concurrency is there: one to two minutes, says Lambda's guide of small numbers."""
MINUTE_MS = 60_000


class Served(Struct, frozen=True):
    """A history as served: dollars, the share of invocations that started cold, environment-hours as billed."""

    name: str
    cost: Decimal
    cold_share: float
    held_hours: float
    highest: int


def _served(name: str, invocations: Invocations, levels: Integers, step_ms: int, function: Function, prices: Prices,
            origin: int) -> Served:  # fmt: skip
    span = {"origin_ms": origin, "bucket_ms": step_ms * len(levels), "buckets": 1}
    kept = {"keep_ms": function.keep_ms, "cold_ms": function.cold_ms}
    sums = serve(invocations, levels, step_ms, **span, **kept)[0]
    seconds = held_seconds(levels.tolist(), step_ms // 1000)
    cost = prices.held * function.gigabytes * seconds
    cost += prices.running(int(sums[PROVISIONED_MS]), int(sums[SPILLED_MS]), function.gigabytes)
    share = float(sums[COLD]) / len(invocations.starts_ms)
    return Served(name, cost, share, seconds / 3600, int(levels.max()))


def _minutes(invocations: Invocations) -> tuple[int, int]:
    origin = int(invocations.starts_ms[0]) // HOUR_MS * HOUR_MS
    hours = int(invocations.starts_ms[-1] - origin) // HOUR_MS + 1
    return origin, hours * 60


def on_demand(invocations: Invocations, function: Function, prices: Prices) -> Served:
    """Nothing is held."""
    origin, minutes = _minutes(invocations)
    nothing = np.zeros(minutes, np.int64)
    return _served("on demand", invocations, nothing, MINUTE_MS, function, prices, origin)


def tracked(invocations: Invocations, function: Function, prices: Prices, target: float = SUGGESTED) -> Served:
    """Held by AWS's target tracking: alarms of 3 and 15 minutes, no cooldown, at least 1."""
    origin, minutes = _minutes(invocations)
    used = concurrency_of(invocations).mean_by(origin, MINUTE_MS, minutes)
    fleet = Fleet((Pool("environment", 1.0),), launch_s=ALLOCATION_S, signal_cap=1.0)
    told = replay_group(used, Group(fleet, (TargetTracking(target),), block_in=False), start_with=1)
    levels = told.replayed.rows[:, ROW_READY].astype(np.int64)
    return _served(f"target tracking at {target:.0%}", invocations, levels, MINUTE_MS, function, prices, origin)


def planned(
    invocations: Invocations, function: Function, prices: Prices, objective: Objective, hours: Hours | None = None
) -> tuple[Served, Levels]:
    """Held by the levels of each hour, as a schedule would set them; `hours` where they were worked out before."""
    origin, _ = _minutes(invocations)
    levels = plan_levels(hours or hours_of(invocations, function, prices), function, prices, objective)
    name = "planned levels" if objective.cold_share is None else f"planned for {objective.cold_share:.2%} cold"
    return _served(name, invocations, levels.held, HOUR_MS, function, prices, origin), levels
