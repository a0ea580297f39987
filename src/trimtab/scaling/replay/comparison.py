"""Policies compared on one history: what each costs and breaks, beside what would have been cheapest.

The oracle is the cheapest integer plan without violation: at every tick just what the demand needs. It knows the future
and pays for no launch; nothing real reaches it. Every policy pays for replicas from their launch on.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.replay import check_demand, replay_plan
from trimtab.scaling.policies.portfolio import Portfolio, plan
from trimtab.scaling.policies.predictive import Predictive, floor_of
from trimtab.scaling.policies.promise import Kept, keep
from trimtab.scaling.policies.rule import Rule
from trimtab.scaling.policies.step import Adjustment, Step, StepScaling
from trimtab.scaling.policies.target_tracking import SUGGESTED, TargetTracking
from trimtab.scaling.replay.lanes import Group, replay_groups

TARGETS = (*(round(0.02 * at, 2) for at in range(1, 15)), *(round(0.3 + 0.05 * at, 2) for at in range(15)))
"""Target tracking from 2 % to 100 % of a replica's capacity: the grid of what hindsight may choose from."""
STEP_THRESHOLDS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
STEP_PERCENTS = (10.0, 30.0, 100.0)
PREDICTED = (0.5, 0.6, 0.7, 0.8, 0.9)


class Scored(Struct, frozen=True):
    """A policy on a history: replica-hours, their ratio to the oracle's, and the share of demand that violated."""

    name: str
    hours: float
    cost_vs_oracle: float
    violating: float


class Comparison(Struct, frozen=True):
    """Ours by what each was allowed to violate, with what was promised of it and what the portfolio alone
    `planned`; AWS's as suggested, and AWS's in every setting of the grid."""

    oracle_hours: float
    ours: dict[float, Scored]
    kept: dict[float, Kept]
    planned: dict[float, Array]
    suggested: Scored
    grid: tuple[Scored, ...]

    def best_of_aws(self, violating: float) -> Scored | None:
        """AWS's cheapest that violates no more than `violating`, chosen with hindsight; None where none does."""
        able = [one for one in self.grid if one.violating <= violating]
        return min(able, key=lambda one: one.hours) if able else None


def oracle_replicas(demand: Array, capacity: float, least: int = 1) -> Array:
    """The fewest replicas at every tick that take its demand."""
    return np.maximum(float(least), np.ceil(demand / capacity - 1e-9))


def compare(demand: Array, fleet: Fleet, allowed: Sequence[float] = (0.01, 0.001)) -> Comparison:
    """Replay ours and AWS's over a history; all begin with what the first tick needs. Raises InvalidInput."""
    check_demand(demand)
    needed = oracle_replicas(demand, fleet.pools[0].capacity, fleet.least)
    start, oracle = int(needed[0]), float(needed.sum()) * fleet.tick_s / 3600

    def scored(name: str, hours: float, violating: float) -> Scored:
        return Scored(name, hours, hours / oracle, violating)

    ours, kept, planned = {}, {}, {}
    for share in allowed:
        planned[share] = plan(demand, fleet, Portfolio(share), start_with=start).desired
        kept[share] = keep(demand, fleet, planned[share], share, start_with=start)
        found = replay_plan(demand, fleet, kept[share].desired, start_with=start).outcome
        ours[share] = scored(f"portfolio at {share:.1%}", found.hours, found.violating)
    named = list(_aws(fleet))
    groups = [Group(fleet, rules) for _, rules, _ in named]
    floors = {target: floor_of(demand, fleet, Predictive(target)) for target in PREDICTED}
    nothing = np.zeros(len(demand))
    lanes = np.broadcast_to(demand, (len(named), len(demand)))
    low = np.array([nothing if target is None else floors[target] for _, _, target in named])
    starts = np.full(len(named), float(start))
    found_all = replay_groups(np.ascontiguousarray(lanes), groups, floors=low, starts=starts)
    pairs = zip(named, found_all, strict=True)
    grid = [scored(name, found.hours, found.violating) for (name, _, _), found in pairs]
    suggested = next(one for one in grid if one.name == _tracking_name(SUGGESTED))
    return Comparison(oracle, ours, kept, planned, suggested, tuple(grid))


def _tracking_name(target: float) -> str:
    return f"target tracking at {target:.0%}"


def _aws(fleet: Fleet) -> list[tuple[str, tuple[Rule, ...], float | None]]:
    """Every AWS policy of the grid: its name, rules, and the target of the predictive floor under it."""
    found: list[tuple[str, tuple[Rule, ...], float | None]] = [
        (_tracking_name(target), (TargetTracking(target),), None) for target in TARGETS
    ]
    for threshold in STEP_THRESHOLDS:
        back = StepScaling(threshold * 0.6, (Step(None, 0.0, -10.0),), False, 900.0, Adjustment.PERCENT, 1, 300.0)
        for percent in STEP_PERCENTS:
            steps = (Step(0.0, 0.2, percent), Step(0.2, None, 3 * percent))
            out = StepScaling(threshold, steps, True, fleet.tick_s, Adjustment.PERCENT, 1)
            found.append((f"steps of {percent:.0f} % above {threshold:.0%}", (out, back), None))
    found += [(f"predictive with {_tracking_name(target)}", (TargetTracking(target),), target) for target in PREDICTED]
    return found
