"""Fleets that are only thought: what every candidate would have cost and broken so far, had it been followed.

A ghost is a row of numbers: READY, LAUNCHING, COST (replica-ticks) and BROKEN (demand of ticks above capacity), the
last two forgetting; and its ring of launches.
"""

import numpy as np

from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled

READY, LAUNCHING, COST, BROKEN = range(4)
ROUNDING = 1e-9
"""Share of the capacity by which demand must exceed it: sums of floats are not exact."""


@compiled
def serve(ghosts: Array, coming: Array, one: int, tick: int, demand: float, capacity: float, keep: float) -> bool:
    """A ghost's tick up to its decision; gives whether its capacity did not suffice."""
    at = tick % coming.shape[1]
    if ghosts[one, LAUNCHING] > 0.0:
        ghosts[one, READY] += coming[one, at]
        ghosts[one, LAUNCHING] -= coming[one, at]
        coming[one, at] = 0.0
    broken = demand > ghosts[one, READY] * capacity * (1.0 + ROUNDING)
    ghosts[one, COST] = ghosts[one, COST] * keep + ghosts[one, READY] + ghosts[one, LAUNCHING]
    ghosts[one, BROKEN] = ghosts[one, BROKEN] * keep + (demand if broken else 0.0)
    return bool(broken)


@compiled
def follow(ghosts: Array, coming: Array, one: int, tick: int, desired: float) -> None:
    """Launch, or stop what comes latest first, until `desired` are there or coming; launches take the ring less 2."""
    size = coming.shape[1]
    change = desired - ghosts[one, READY] - ghosts[one, LAUNCHING]
    if change > 0.0:
        coming[one, (tick + size - 1) % size] += change
        ghosts[one, LAUNCHING] += change
        return
    left, ahead = -change, size - 1
    while left > 0.0 and ghosts[one, LAUNCHING] > 0.0 and ahead > 0:
        at = (tick + ahead) % size
        some = min(left, coming[one, at])
        coming[one, at] -= some
        ghosts[one, LAUNCHING] -= some
        left -= some
        ahead -= 1
    ghosts[one, READY] -= left


@compiled
def whole(load: float, capacity: float, least: float, most: float) -> float:
    """The replicas that `load` needs."""
    return float(min(most, max(least, np.ceil(load / capacity - ROUNDING))))
