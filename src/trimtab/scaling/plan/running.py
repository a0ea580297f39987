"""Policies on one machine type: what each would have had in service under each supposed traffic."""

import math
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.capacity.simulate.fleet import MOST_REPLICAS, Array, Fleet, Pool
from trimtab.capacity.simulate.record import ROW_COMING, ROW_READY
from trimtab.capacity.simulate.replay import replay_plan
from trimtab.scaling.plan.buying import Use, use_of
from trimtab.scaling.policies.portfolio import Portfolio, plan
from trimtab.scaling.policies.predictive import Predictive, floor_of
from trimtab.scaling.policies.promise import keep
from trimtab.scaling.policies.target_tracking import SUGGESTED, TargetTracking
from trimtab.scaling.replay.comparison import oracle_replicas
from trimtab.scaling.replay.lanes import Group, replay_group

Integers = npt.NDArray[np.int32]
PREDICTED = 0.7


class Lane(Struct, frozen=True):
    """A policy's desired numbers, one array for each supposed traffic, and how it decides in words."""

    policy: str
    words: str
    desired: tuple[Array, ...]


class Ran(Struct, frozen=True):
    """A lane as replayed under one traffic.

    `use` is paid from launch on, `ready` serves (by tick), `violating` is the share of the demand out of the objective;
    of the `paid` replica-ticks `spot` were on spot.
    """

    use: Use
    ready: Integers
    violating: float
    paid: int
    spot: int
    peak: int


def fleet_of(capacity: float, tick_s: float, launch_s: float, pools: tuple[Pool, ...] = ()) -> Fleet:
    """The fleet of one type."""
    return Fleet(pools or (Pool("replicas", capacity),), tick_s=tick_s, launch_s=launch_s)


def lanes(demands: tuple[Array, ...], fleet: Fleet, allowed: float, middle: int) -> Iterator[Lane]:
    """The policies; those that hold a number are sized on the demand at `middle`, since they must be beforehand."""
    capacity = fleet.pools[0].capacity
    for words, number in _fixed(demands[middle], capacity):
        yield Lane(f"fixed at {number}", words, tuple(np.full(len(one), float(number)) for one in demands))
    for target in (SUGGESTED, PREDICTED):
        group = Group(fleet, (TargetTracking(target),))
        words = f"AWS target tracking keeps the load of a replica at {target:.0%} of what it bears"
        yield Lane(f"target tracking {target:.0%}", words, tuple(_ruled(one, group, None) for one in demands))
    group = Group(fleet, (TargetTracking(PREDICTED),))
    floors = [floor_of(one, fleet, Predictive(PREDICTED)) for one in demands]
    yield Lane(
        f"predictive {PREDICTED:.0%}",
        f"AWS predictive scaling puts an hourly forecast under target tracking at {PREDICTED:.0%}",
        tuple(_ruled(one, group, floor) for one, floor in zip(demands, floors, strict=True)),
    )
    yield _portfolio(demands, fleet, allowed, middle)


def _portfolio(demands: tuple[Array, ...], fleet: Fleet, allowed: float, middle: int) -> Lane:
    """The portfolio decides once, on the demand at `middle`: its answers are multiples of the demand, so that under
    more or less traffic they are scaled and rounded up, and what that breaks is replayed."""
    words = f"the portfolio follows what kept {allowed:.2%} of requests or fewer out of the objective lately"
    base = demands[middle]
    start = _start(base, fleet)
    planned = plan(base, fleet, Portfolio(allowed), start_with=start).desired
    desired = keep(base, fleet, planned, allowed, start_with=start).desired
    total = float(base.sum()) or 1.0
    scaled = tuple(np.ceil(desired * (float(one.sum()) / total) - 1e-9) for one in demands)
    return Lane(f"portfolio {allowed:.2%}", words, tuple(np.maximum(1.0, one) for one in scaled))


def _fixed(demand: Array, capacity: float) -> Iterator[tuple[str, int]]:
    """Numbers that are held: what the peak needs, one more, and what 99.9 and 99 % of the demand need."""
    peak = max(1, math.ceil(float(demand.max()) / capacity - 1e-9))
    yield "as many as the highest minute needs, always", peak
    yield "as many as the highest minute needs and one more, always", peak + 1
    for share in (0.999, 0.99):
        number = max(1, math.ceil(float(np.quantile(demand, share)) / capacity - 1e-9))
        if number < peak:
            yield f"as many as {share:.1%} of the minutes need, always", number


def _start(demand: Array, fleet: Fleet) -> int:
    return int(min(oracle_replicas(demand[:1], fleet.pools[0].capacity)[0], MOST_REPLICAS))


def _ruled(demand: Array, group: Group, floor: Array | None) -> Array:
    told = replay_group(demand, group, floor=floor, start_with=_start(demand, group.fleet)).replayed
    there = told.rows[:, ROW_READY] + told.rows[:, ROW_COMING]
    return np.concatenate([there[1:], there[-1:]])  # what a tick begins with was decided at the end of the one before


def run(demand: Array, desired: Integers, fleet: Fleet, spot: int | None = None) -> Ran:
    """Replay desired numbers; `spot` is the pool that may be taken away, where one is."""
    found = replay_plan(demand, fleet, desired.astype(np.float64), start_with=int(desired[0]))
    paid = found.rows[:, ROW_READY] + found.rows[:, ROW_COMING]
    hours = 0.0 if spot is None else found.outcome.replica_hours[fleet.pools[spot].name]
    return Ran(
        use_of(paid, fleet.tick_s),
        found.rows[:, ROW_READY].astype(np.int32),
        found.outcome.violating,
        round(float(paid.sum())),
        round(hours * 3600 / fleet.tick_s),
        found.outcome.peak,
    )


def spot_fleet(fleet: Fleet, base: int, interruptions: float) -> Fleet:
    """The same replicas, those above `base` as spot."""
    capacity = fleet.pools[0].capacity
    pools = (Pool("base", capacity, most=base), Pool("spot", capacity, Decimal(0), interruptions=interruptions))
    return fleet_of(capacity, fleet.tick_s, fleet.launch_s, pools)
