"""Replays of fleets that follow a plan: a desired number for the end of every tick, known beforehand."""

import numpy as np

from trimtab.capacity.simulate.dynamics import LEAST, MOST, POOL_MOST, READY, arrive, follow, interrupt, serve, total
from trimtab.capacity.simulate.fleet import Array
from trimtab.capacity.simulate.jit import compiled
from trimtab.capacity.simulate.record import INTERRUPTED, moved, note, row


@compiled
def start(counts: Array, fleet: Array, pools: Array, number: float) -> None:
    """Put `number` replicas in service, in the pools in their order."""
    left = min(max(number, fleet[LEAST]), fleet[MOST])
    for pool in range(len(pools)):
        some = min(left, pools[pool, POOL_MOST])
        counts[pool, READY] = some
        left -= some


@compiled
def run_plans(
    demand: Array, fleets: Array, pools: Array, plans: Array, starts: Array, seed: int, first: int, rings: int,
    sums: Array, rows: Array,
) -> None:  # fmt: skip
    """Replay every lane: `demand`, `plans` are lanes × ticks; `sums` and, of the first lane, `rows` are written.

    `first` is the number of the first lane among all: chance depends on it."""
    told = np.zeros(5)
    for lane in range(len(demand)):
        fleet, sizes = fleets[lane], pools[lane]
        counts, coming, warming = (
            np.zeros((len(sizes), 3)),
            np.zeros((len(sizes), rings)),
            np.zeros((len(sizes), rings)),
        )
        held, preparing = np.zeros(3), np.zeros(rings)
        start(counts, fleet, sizes, starts[lane])
        for tick in range(demand.shape[1]):
            arrive(counts, coming, warming, held, preparing, fleet, tick)
            sums[lane, INTERRUPTED] += interrupt(counts, warming, sizes, tick, first + lane, seed)
            serve(counts, held, fleet, sizes, demand[lane, tick], told)
            note(sums[lane], counts, held, told, demand[lane, tick])
            wanted = plans[lane, tick] if plans[lane, tick] == plans[lane, tick] else total(counts)  # NaN: as it is
            if lane == 0:
                row(rows, tick, counts, held, told, wanted)
            moved(sums[lane], follow(counts, coming, warming, held, preparing, fleet, sizes, wanted, tick))
