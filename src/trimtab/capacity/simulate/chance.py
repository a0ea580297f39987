"""Chance that can be played again: a number in [0, 1) that depends on its four keys only, not on an order of draws."""

import numpy as np

from trimtab.capacity.simulate.jit import compiled

_STEP = np.uint64(0x9E3779B97F4A7C15)  # splitmix64's increment and multipliers (Steele, Lea, Flood 2014)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@compiled
def uniform(seed: int, lane: int, tick: int, which: int) -> float:
    """A number in [0, 1), evenly spread, the same whenever it is asked for with the same keys."""
    mixed = np.uint64(0)
    for key in (seed, lane, tick, which):
        mixed = mixed ^ np.uint64(key)
        mixed = mixed + _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed = mixed ^ (mixed >> np.uint64(31))
    return float(mixed >> np.uint64(11)) / 9007199254740992.0
