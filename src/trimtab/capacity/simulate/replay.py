"""Replays of demand: by a plan, for thousands of services at once, or by any policy that answers each tick.

    replay_plans(demand, fleets, plans)       compiled
    replay(demand, fleet, policy)             `policy(seen) -> desired`: any Python

Both give the same for the same decisions, and the same again for the same seed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.dynamics import (
    BACKLOG,
    LAG,
    LAUNCH,
    LAUNCHING,
    LOAD,
    READY,
    STARTUP,
    VIOLATING,
    WARM_LAUNCH,
    arrive,
    follow,
    interrupt,
    serve,
)
from trimtab.capacity.simulate.fleet import Array, Fleet
from trimtab.capacity.simulate.following import run_plans, start
from trimtab.capacity.simulate.outcome import Outcome, outcome_of, outcomes_of
from trimtab.capacity.simulate.record import INTERRUPTED, ROW, SUMS, moved, note, row

MOST_TICKS = 2_000_000
"""Ticks of one replay: 3.8 years of minutes."""
THREADS = 2
"""Lanes are shared out; the compiled loop holds no lock."""


class Seen(Struct, frozen=True):
    """What a policy may know at the end of tick `tick`: nothing newer than the metric's lag allows.

    `demand` and `load` are histories up to then (oldest first; `load` is demand ÷ capacity of what was in service, NaN
    where nothing was), `backlog` is load that waits, `violating` the demand of the last tick that broke the objective.
    """

    tick: int
    ready: int
    launching: int
    demand: Array
    load: Array
    backlog: float
    violating: float
    fleet: Fleet


Policy = Callable[[Seen], float]
"""Gives the desired number of replicas."""


class Replayed(Struct, frozen=True):
    """An outcome with the rows of a chart, ticks × `record.ROW` columns."""

    outcome: Outcome
    rows: Array


def check_demand(demand: Array) -> None:
    """Raises InvalidInput where demand cannot be replayed."""
    if demand.ndim not in (1, 2) or not demand.size:
        raise InvalidInput("cannot replay: the demand is empty; expected a number a tick")
    if demand.shape[-1] > MOST_TICKS:
        raise InvalidInput(f"cannot replay: got {demand.shape[-1]} ticks; expected at most {MOST_TICKS}")
    if not np.isfinite(demand).all() or (demand < 0).any():
        raise InvalidInput("cannot replay: demand has values that are not finite or below 0; expected 0 or more")


def rings_of(fleets: Sequence[Fleet]) -> int:
    """The length of the rings that hold the longest wait of any fleet."""
    numbers = np.array([fleet.numbers() for fleet in fleets])
    return int(max(numbers[:, LAUNCH].max(), numbers[:, WARM_LAUNCH].max(), numbers[:, STARTUP].max())) + 2


def stacked(fleets: Sequence[Fleet]) -> tuple[Array, Array]:
    """The numbers of fleets, and of their pools; a lane with fewer pools has some that hold nothing."""
    most = max(len(fleet.pools) for fleet in fleets)
    pools = np.zeros((len(fleets), most, 3))
    for lane, fleet in enumerate(fleets):
        pools[lane, : len(fleet.pools)] = fleet.pool_numbers()
    numbers = np.array([fleet.numbers() for fleet in fleets])
    numbers[:, -1] = most
    return numbers, pools


def share_out(lanes: int, work: Callable[[slice], None]) -> None:
    """Do `work` on slices of the lanes, some at the same time."""
    parts = min(THREADS, lanes)
    if parts == 1:
        work(slice(0, lanes))
        return
    edges = np.linspace(0, lanes, parts + 1).astype(int)
    with ThreadPoolExecutor(parts) as threads:
        list(threads.map(work, [slice(int(a), int(b)) for a, b in pairwise(edges)]))


def replay_plans(
    demand: Array, fleets: Sequence[Fleet], plans: Array, *, starts: Array | None = None, seed: int = 0
) -> list[Outcome]:
    """Replay services (rows of `demand`) whose desired number at the end of each tick is in `plans` (NaN: as it is).

    `starts` are the replicas in service at first; without it the least. Raises InvalidInput.
    """
    check_demand(demand)
    if demand.ndim != 2 or demand.shape != plans.shape or len(fleets) != len(demand):
        raise InvalidInput(f"cannot replay: demand {demand.shape}, plans {plans.shape} and {len(fleets)} fleets differ")
    numbers, pools = stacked(fleets)
    at_first = np.zeros(len(fleets)) if starts is None else np.asarray(starts, dtype=np.float64)
    sums, rings = np.zeros((len(fleets), SUMS + pools.shape[1])), rings_of(fleets)

    def work(part: slice) -> None:
        some = demand[part], numbers[part], pools[part], plans[part], at_first[part]
        run_plans(*some, seed, part.start, rings, sums[part], np.zeros((0, ROW)))

    share_out(len(fleets), work)
    return outcomes_of(fleets, sums)


def replay_plan(demand: Array, fleet: Fleet, plan: Array, *, start_with: int = 0, seed: int = 0) -> Replayed:
    """Replay one service, with the rows of a chart. Raises InvalidInput."""
    check_demand(demand)
    numbers, pools = stacked([fleet])
    sums, rows = np.zeros((1, SUMS + len(fleet.pools))), np.zeros((len(demand), ROW))
    first = np.array([float(start_with)])
    run_plans(demand[None, :], numbers, pools, plan[None, :], first, seed, 0, rings_of([fleet]), sums, rows)
    return Replayed(outcome_of(fleet, sums[0]), rows)


def replay(demand: Array, fleet: Fleet, policy: Policy, *, start_with: int = 0, seed: int = 0) -> Replayed:
    """Replay one service under any policy, a call a tick. Raises InvalidInput, and what the policy raises."""
    check_demand(demand)
    numbers, pools, rings = fleet.numbers(), fleet.pool_numbers(), rings_of([fleet])
    counts, coming, warming = np.zeros((len(pools), 3)), np.zeros((len(pools), rings)), np.zeros((len(pools), rings))
    held, preparing, told = np.zeros(3), np.zeros(rings), np.zeros(5)
    sums, rows = np.zeros(SUMS + len(pools)), np.zeros((len(demand), ROW))
    loads, lag = np.full(len(demand), np.nan), int(numbers[LAG])
    start(counts, numbers, pools, float(start_with))
    for tick, load in enumerate(demand):
        arrive(counts, coming, warming, held, preparing, numbers, tick)
        sums[INTERRUPTED] += interrupt(counts, warming, pools, tick, 0, seed)
        serve(counts, held, numbers, pools, load, told)
        note(sums, counts, held, told, load)
        loads[tick] = told[LOAD]
        known = max(0, tick + 1 - lag)
        ready, coming_in = int(counts[:, READY].sum()), int(counts[:, LAUNCHING].sum())
        waits, broke = float(held[BACKLOG]), float(told[VIOLATING])
        desired = float(policy(Seen(tick, ready, coming_in, demand[:known], loads[:known], waits, broke, fleet)))
        row(rows, tick, counts, held, told, desired)
        moved(sums, follow(counts, coming, warming, held, preparing, numbers, pools, desired, tick))
    return Replayed(outcome_of(fleet, sums), rows)
