"""What a millisecond of latency costs: how the price of a thousand requests and the 95th percentile move together.

Where a model is busy an answer is cheap and slow, where it is not it is dear and fast. Over the steps of a range the
median slope between all pairs of steps (Theil and Sen) says how many dollars a thousand requests cost more for each
millisecond that p95 is shorter. It is told where the two really move together (Kendall's tau of −0.3 or less).
"""

import numpy as np
from msgspec import Struct

from trimtab.economics.unit.model import Floats

LEAST_STEPS = 12
"""Steps with both values from which a slope is told: half a day by the hour."""
_TAU = -0.3


class LatencyCost(Struct, frozen=True):
    """Dollars per 1k requests for a millisecond of p95 less, or None and why."""

    per_ms: float | None
    steps: int
    reason: str = ""


def latency_cost(per_1k: Floats, p95_ms: Floats) -> LatencyCost:
    """The cost of latency over steps of a model's price and p95."""
    known = np.isfinite(per_1k) & np.isfinite(p95_ms)
    steps = int(known.sum())
    if steps < LEAST_STEPS:
        return LatencyCost(None, steps, f"{steps} steps have both a price and a p95; {LEAST_STEPS} are needed")
    price, late = per_1k[known], p95_ms[known]
    first, second = np.triu_indices(steps, 1)
    run, rise = late[second] - late[first], price[second] - price[first]
    apart = run != 0
    if not apart.any():
        return LatencyCost(None, steps, "p95 did not change")
    tau = float(np.mean(np.sign(run[apart]) * np.sign(rise[apart])))
    if tau > _TAU:
        return LatencyCost(None, steps, f"price and p95 do not move against each other (tau {tau:.2f})")
    return LatencyCost(float(-np.median(rise[apart] / run[apart])), steps)
