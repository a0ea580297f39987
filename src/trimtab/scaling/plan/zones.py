"""What a failure would break: replicas are spread evenly over zones, and until others have launched some are gone."""

import numpy as np

from trimtab.capacity.simulate.fleet import Array


def gone(ready: Array, zones: int) -> Array:
    """How many replicas the fullest zone holds when they are balanced."""
    return np.asarray(np.ceil(ready / zones))


def short_share(demand: Array, ready: Array, lost: Array, capacity: float) -> float:
    """The share of the demand that came in ticks at which what is left would not have borne it.

    It is the expected share that breaks the objective in a tick of a failure that may begin at any time.
    """
    total = float(demand.sum())
    if not total:
        return 0.0
    left = np.maximum(0.0, ready - lost) * capacity
    return float(demand[demand > left * (1 + 1e-9)].sum()) / total


def spared(desired: Array, zones: int) -> Array:
    """The desired numbers with as many more that the loss of a zone leaves what was desired."""
    if zones < 2:
        return desired
    return np.asarray(np.ceil(desired * zones / (zones - 1) - 1e-9))
