"""What happens in a tick, whatever decides: replicas arrive, some are taken away, load is served, desired is followed.

The state of one service is three arrays, so that a compiled loop can hold thousands:

    counts   a row a pool: READY, LAUNCHING, COLD (ready, but still starting up)
    coming   a row a pool: replicas by the tick in which they become ready, a ring
    warming  a row a pool: cold replicas by the tick in which they are no longer cold, a ring

and `held`: BACKLOG (load that waits), WARM (replicas prepared), PREPARING.
Rings are as long as the longest wait plus 2.
"""

import numpy as np

from trimtab.capacity.simulate.chance import uniform
from trimtab.capacity.simulate.fleet import Array
from trimtab.capacity.simulate.jit import compiled, inlined

# Columns of a fleet's numbers (`Fleet.numbers`); durations in ticks.
LAUNCH, PREPARED, WARM_LAUNCH, STARTUP, SHARE, LEAST, MOST, LAG, CAP, QUEUE, SLO, POOLS = range(12)
# Columns of a pool's numbers (`Fleet.pool_numbers`).
CAPACITY, POOL_MOST, TAKEN = range(3)
READY, LAUNCHING, COLD = range(3)
BACKLOG, WARM, PREPARING = range(3)
# What a tick gives (`serve`).
SERVED, LOST, VIOLATING, LOAD, OFFERED_CAPACITY = range(5)
ROUNDING = 1e-9
"""Share of a tick's load that may be missing before it counts as lost: sums of floats are not exact."""


@compiled
def arrive(counts: Array, coming: Array, warming: Array, held: Array, preparing: Array, fleet: Array, tick: int) -> int:
    """Bring in what becomes ready at the start of `tick`; gives the number of replicas that did."""
    size, arrived = coming.shape[1], 0
    at = tick % size
    for pool in range(int(fleet[POOLS])):
        new = coming[pool, at]
        coming[pool, at] = 0.0
        counts[pool, LAUNCHING] -= new
        counts[pool, READY] += new
        arrived += int(new)
        if fleet[STARTUP] > 0:
            warming[pool, int(tick + fleet[STARTUP]) % warming.shape[1]] += new
            counts[pool, COLD] += new
            done = tick % warming.shape[1]
            counts[pool, COLD] -= warming[pool, done]
            warming[pool, done] = 0.0
    held[WARM] += preparing[tick % len(preparing)]
    held[PREPARING] -= preparing[tick % len(preparing)]
    preparing[tick % len(preparing)] = 0.0
    return arrived


@compiled
def interrupt(counts: Array, warming: Array, pools: Array, tick: int, lane: int, seed: int) -> int:
    """Take spot replicas away, each by its own draw; gives how many went. The newest of a pool go first."""
    gone = 0
    for pool in range(len(pools)):
        if pools[pool, TAKEN] <= 0:
            continue
        lost = 0
        for one in range(int(counts[pool, READY])):
            if uniform(seed, lane, tick, pool * 1_000_003 + one) < pools[pool, TAKEN]:
                lost += 1
        if lost:
            stop(counts, warming, pool, lost, tick)
            gone += lost
    return gone


@compiled
def stop(counts: Array, warming: Array, pool: int, number: int, tick: int) -> None:
    """Stop `number` ready replicas of a pool, the newest first (those still cold)."""
    counts[pool, READY] -= number
    size, left = warming.shape[1], float(number)
    ahead = size - 1
    while left > 0 and counts[pool, COLD] > 0 and ahead > 0:
        at = (tick + ahead) % size
        some = min(left, warming[pool, at])
        warming[pool, at] -= some
        counts[pool, COLD] -= some
        left -= some
        ahead -= 1


@inlined
def serve(counts: Array, held: Array, fleet: Array, pools: Array, demand: float, told: Array) -> None:
    """Serve a tick's demand and what waits; writes to `told` what came of it. LOAD is NaN where nothing is ready."""
    capacity = 0.0
    for pool in range(len(pools)):
        able = (counts[pool, READY] - counts[pool, COLD]) + counts[pool, COLD] * fleet[SHARE]
        capacity += able * pools[pool, CAPACITY]
    offered = demand + held[BACKLOG]
    served = min(offered, capacity)
    rest = offered - served
    kept = min(rest, fleet[QUEUE] * capacity)
    lost = rest - kept
    held[BACKLOG] = kept
    broken = lost > ROUNDING * offered or kept > fleet[SLO] * capacity + ROUNDING * offered
    told[SERVED] = served
    told[LOST] = lost
    told[VIOLATING] = demand if broken else 0.0
    told[LOAD] = min(demand / capacity, fleet[CAP]) if capacity > 0 else np.nan
    told[OFFERED_CAPACITY] = capacity


@inlined
def total(counts: Array) -> float:
    """Replicas in service or on their way: what a desired number is compared with."""
    some = 0.0
    for pool in range(len(counts)):
        some += counts[pool, READY] + counts[pool, LAUNCHING]
    return some


@inlined
def launching(counts: Array) -> float:
    """Replicas on their way."""
    some = 0.0
    for pool in range(len(counts)):
        some += counts[pool, LAUNCHING]
    return some


@inlined
def moving(counts: Array, held: Array) -> bool:
    """Whether anything may arrive: what need not be looked at costs a replay nothing."""
    for pool in range(len(counts)):
        if counts[pool, LAUNCHING] > 0 or counts[pool, COLD] > 0:
            return True
    return bool(held[PREPARING] > 0)


@inlined
def still(fleet: Array, held: Array, here: float, desired: float) -> bool:
    """Whether `follow` would change nothing."""
    wanted = min(max(desired, fleet[LEAST]), fleet[MOST])
    return bool(wanted == here and fleet[PREPARED] == 0 and held[WARM] == 0 and held[PREPARING] == 0)


@compiled
def follow(
    counts: Array, coming: Array, warming: Array, held: Array, preparing: Array, fleet: Array, pools: Array,
    desired: float, tick: int,
) -> float:  # fmt: skip
    """Launch or stop at the end of `tick` until `desired` are in service or coming; gives launches less stops."""
    wanted = min(max(desired, fleet[LEAST]), fleet[MOST])
    change = wanted - total(counts)
    if change > 0:
        change = _launch(counts, coming, held, fleet, pools, change, tick)
    elif change < 0:
        _shrink(counts, coming, warming, -change, tick)
    _prepare(counts, held, preparing, fleet, tick)
    return float(change)


@compiled
def _launch(counts: Array, coming: Array, held: Array, fleet: Array, pools: Array, number: float, tick: int) -> float:
    """Launch in the pools in their order; prepared replicas go to the first pool. Gives how many found room."""
    size, left = coming.shape[1], number
    for pool in range(len(pools)):
        room = pools[pool, POOL_MOST] - counts[pool, READY] - counts[pool, LAUNCHING]
        some = max(0.0, min(left, room))
        if some <= 0:
            continue
        counts[pool, LAUNCHING] += some
        left -= some
        if pool == 0:
            quick = min(some, held[WARM])
            held[WARM] -= quick
            coming[0, int(tick + 1 + fleet[WARM_LAUNCH]) % size] += quick
            some -= quick
        coming[pool, int(tick + 1 + fleet[LAUNCH]) % size] += some
    return number - left


@compiled
def _shrink(counts: Array, coming: Array, warming: Array, number: float, tick: int) -> None:
    """Stop from the last pool backwards: what comes latest first, then the newest in service."""
    size, left = coming.shape[1], number
    for back in range(len(counts)):
        pool = len(counts) - 1 - back
        ahead = size - 1
        while left > 0 and counts[pool, LAUNCHING] > 0 and ahead > 0:
            at = (tick + ahead) % size
            some = min(left, coming[pool, at])
            coming[pool, at] -= some
            counts[pool, LAUNCHING] -= some
            left -= some
            ahead -= 1
        some = min(left, counts[pool, READY])
        if some > 0:
            stop(counts, warming, pool, int(some), tick)
            left -= some


@compiled
def _prepare(counts: Array, held: Array, preparing: Array, fleet: Array, tick: int) -> None:
    """Keep the warm pool at what is to be prepared less what is in service or coming."""
    wanted = max(0.0, fleet[PREPARED] - total(counts))
    known = held[WARM] + held[PREPARING]
    if wanted > known:
        preparing[int(tick + 1 + fleet[LAUNCH]) % len(preparing)] += wanted - known
        held[PREPARING] += wanted - known
    elif wanted < known:
        held[WARM] = max(0.0, held[WARM] - (known - wanted))
