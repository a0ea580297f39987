"""What a user asks of the simulator: policies by name on one history, each with cost, violations, curve and words."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.outcome import Outcome
from trimtab.capacity.simulate.record import ROW_COMING, ROW_READY, ROW_VIOLATED
from trimtab.capacity.simulate.replay import Replayed, check_demand, replay_plan
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.policies.portfolio import Portfolio, plain_quantile, plan
from trimtab.scaling.policies.predictive import Predictive, floor_of
from trimtab.scaling.policies.promise import Kept, keep
from trimtab.scaling.policies.rule import Rule
from trimtab.scaling.policies.step import Adjustment, Step, StepScaling
from trimtab.scaling.policies.switching import Switching, kept
from trimtab.scaling.policies.target_tracking import SUGGESTED, TargetTracking
from trimtab.scaling.policies.to_zero import ToZero
from trimtab.scaling.replay.comparison import oracle_replicas
from trimtab.scaling.replay.lanes import Group, replay_group

KINDS = ("portfolio", "quantile", "target-tracking", "steps", "predictive", "objective", "fixed")
MOST_POLICIES = 12
MOST_TICKS = 600_000
"""Ticks of a simulation that is asked for over the network: more than a year of minutes."""
MOMENTS = 40
"""Decisions that are told in words: the changes of desired, the newest of them."""


class PolicyAsked(Struct, frozen=True):
    """A policy by its kind, and its numbers; None takes the default of the kind.

    `target` is the load that tracking, steps and predictive keep; `allowed` the share that may violate; `level` the
    quantile; `replicas` what is fixed; `headroom` and `drain_s` the objective's; `idle_s` scales to zero after that;
    `launch_cost_s` keeps a replica until its idle time has cost that many seconds of one.
    """

    kind: str
    target: float | None = None
    allowed: float = 0.01
    level: float = 0.99
    replicas: int | None = None
    headroom: float = 0.2
    drain_s: float = 120.0
    idle_s: float | None = None
    launch_cost_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput(
                f"cannot simulate policy {self.kind!r}; expected one of {', '.join(KINDS)}", field="kind"
            )

    @property
    def name(self) -> str:
        """What it is called in answers."""
        share = SUGGESTED if self.target is None else self.target
        named = {
            "portfolio": f"portfolio, {self.allowed:.3g} may violate",
            "quantile": f"quantile {self.level:g}",
            "target-tracking": f"target tracking {share:.0%}",
            "steps": f"steps above {share:.0%}",
            "predictive": f"predictive and tracking {share:.0%}",
            "objective": f"objective, {self.headroom:.0%} headroom",
            "fixed": "fixed" if self.replicas is None else f"fixed at {self.replicas}",
        }
        return named[self.kind]


class Asked(Struct, frozen=True):
    """A simulation: demand a tick (per second), the fleet, the policies."""

    demand: Array
    fleet: Fleet
    policies: tuple[PolicyAsked, ...]
    seed: int = 0


class Moment(Struct, frozen=True):
    """A decision that changed something."""

    tick: int
    desired: int
    why: str


class Promised(Struct, frozen=True):
    """What was promised of a portfolio: from tick `since` on (None: never), why or why not (`reason`, in `words`), and
    the share of the demand that violated from there (None: nothing followed)."""

    allowed: float
    since: int | None
    reason: str
    words: str
    violating: float | None

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept; None where there was none."""
        return None if self.violating is None else self.violating <= self.allowed


class Simulated(Struct, frozen=True):
    """A policy's outcome, what was in service each tick, and its decisions in words."""

    name: str
    outcome: Outcome
    cost_vs_oracle: float
    ready: Array
    coming: Array
    violated: Array
    moments: list[Moment] = field(default_factory=list)
    promised: Promised | None = None


class Simulation(Struct, frozen=True):
    """All of them, beside the cheapest integer plan without violation."""

    needed: Array
    oracle_hours: float
    oracle_cost: Decimal
    policies: list[Simulated]


def simulate(asked: Asked) -> Simulation:
    """Replay every policy. Raises InvalidInput."""
    check_demand(asked.demand)
    if len(asked.demand) > MOST_TICKS:
        raise InvalidInput(f"cannot simulate {len(asked.demand)} ticks; expected at most {MOST_TICKS}", field="demand")
    if not 1 <= len(asked.policies) <= MOST_POLICIES:
        raise InvalidInput(f"got {len(asked.policies)} policies; expected 1 to {MOST_POLICIES}", field="policies")
    fleet = asked.fleet
    needed = oracle_replicas(asked.demand, fleet.pools[0].capacity, fleet.least)
    hours = float(needed.sum()) * fleet.tick_s / 3600
    cost = Decimal(int(needed.sum())) * fleet.pools[0].price_per_hour * Decimal(str(fleet.tick_s)) / 3600
    start = int(min(needed[0], fleet.most))
    return Simulation(needed, hours, cost, [_one(asked, policy, start, hours) for policy in asked.policies])


def _one(asked: Asked, policy: PolicyAsked, start: int, oracle_hours: float) -> Simulated:
    promise: Kept | None = None
    if policy.kind in ("portfolio", "quantile"):
        found, why, promise = _planned(asked, policy, start)
    elif policy.kind == "fixed":
        peak = math.ceil(float(asked.demand.max()) / asked.fleet.pools[0].capacity - 1e-9)
        number = peak if policy.replicas is None else policy.replicas
        desired = np.full(len(asked.demand), float(number))
        found = replay_plan(asked.demand, asked.fleet, desired, start_with=number, seed=asked.seed)
        why = _always(f"{number} replicas, whatever comes")
    else:
        found, why = _ruled(asked, policy, start)
    rows = found.rows
    ratio = found.outcome.hours / oracle_hours if oracle_hours else 0.0
    moments = _moments(rows[:, ROW_READY] + rows[:, ROW_COMING], why)
    columns = (rows[:, ROW_READY].copy(), rows[:, ROW_COMING].copy(), rows[:, ROW_VIOLATED].copy())
    promised = None if promise is None else _promised(promise, asked.demand, columns[2])
    return Simulated(policy.name, found.outcome, ratio, *columns, moments, promised)


def _promised(kept: Kept, demand: Array, violated: Array) -> Promised:
    """A promise with what the replay of the whole fleet came to, warm pools, queues and interruptions counted."""
    verdict, after = kept.verdict, None
    if kept.since is not None and demand[kept.since :].any():
        after = float(violated[kept.since :].sum() / demand[kept.since :].sum())
    return Promised(verdict.allowed, kept.since, verdict.reason.value, verdict.words, after)


def _always(words: str) -> Callable[[int], str]:
    return lambda tick: words


def _planned(asked: Asked, policy: PolicyAsked, start: int) -> tuple[Replayed, Callable[[int], str], Kept | None]:
    plain = policy.kind == "quantile"
    settings = plain_quantile(policy.level, policy.allowed) if plain else Portfolio(policy.allowed)
    made = plan(asked.demand, asked.fleet, settings, start_with=start)
    switching = Switching(policy.launch_cost_s)
    desired = kept(made.desired, asked.fleet.tick_s, switching) if policy.launch_cost_s else made.desired
    promise = None if plain else keep(asked.demand, asked.fleet, desired, policy.allowed, start_with=start)
    wanted = desired if promise is None else promise.desired

    def why(tick: int) -> str:
        told = made.why(tick)
        if desired[tick] > made.desired[tick]:
            told += f"; {switching.explain(float(made.desired[tick]), float(desired[tick]))}"
        risk = "" if promise is None else promise.why(tick)
        return f"{told}; {risk}" if risk else told

    return replay_plan(asked.demand, asked.fleet, wanted, start_with=start, seed=asked.seed), why, promise


def _ruled(asked: Asked, policy: PolicyAsked, start: int) -> tuple[Replayed, Callable[[int], str]]:
    target = SUGGESTED if policy.target is None else policy.target
    rules: tuple[Rule, ...] = (TargetTracking(target),)
    floor = None
    if policy.kind == "steps":
        rules = steps_above(target, asked.fleet.tick_s)
    elif policy.kind == "objective":
        rules = (Objective(policy.headroom, policy.drain_s),)
    elif policy.kind == "predictive":
        floor = floor_of(asked.demand, asked.fleet, Predictive(target))
    if policy.idle_s is not None:
        rules = (*rules, ToZero(policy.idle_s))
    group = Group(asked.fleet, rules, block_in=policy.kind != "objective")
    told = replay_group(asked.demand, group, floor=floor, start_with=start, seed=asked.seed)
    return told.replayed, told.why


def steps_above(threshold: float, tick_s: float) -> tuple[Rule, ...]:
    """A usual pair of step policies: 30 % more above the threshold, 100 % far above; 10 % less well below it."""
    out = (Step(0.0, 0.2, 30.0), Step(0.2, None, 100.0))
    back = (Step(None, 0.0, -10.0),)
    return (
        StepScaling(threshold, out, True, tick_s, Adjustment.PERCENT, 1),
        StepScaling(threshold * 0.6, back, False, 900.0, Adjustment.PERCENT, 1, 300.0),
    )


def _moments(numbers: Array, why: Callable[[int], str]) -> list[Moment]:
    """The newest changes, with the decision at the end of the tick before."""
    changed = np.flatnonzero(np.diff(numbers)) if len(numbers) > 1 else np.array([], dtype=np.int64)
    return [Moment(int(tick), int(numbers[tick + 1]), why(int(tick))) for tick in changed[-MOMENTS:]]


def thinned(values: Sequence[float] | Array, points: int) -> list[float]:
    """At most `points` values: the highest of each stretch, so that no peak is lost."""
    some = np.asarray(values, dtype=np.float64)
    stride = max(1, math.ceil(len(some) / points))
    edges = np.arange(0, len(some), stride)
    return [float(one) for one in np.maximum.reduceat(some, edges)]
