"""Scaling on what users feel: for servers that queue (LLM serving), where CPU says little.

The load may be requests or tokens a second. Desired is what serves the arrivals at a load that keeps the latency
objective (`headroom` below the measured knee) and drains what waits within `drain_s`. Out at once; in only when nothing
waited and less was needed for `calm_s`.
"""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies.rule import CAPACITY, DEMAND, KIND, OBJECTIVE, TOTAL, WAITING, WIDTH

HEADROOM, DRAIN_TICKS, CALM_TICKS = range(1, 4)
CALM, MOST_NEEDED = range(2)


class Objective(Struct, frozen=True):
    """Serve arrivals with `headroom` to spare (0.2: at most 1 ÷ 1.2 of the capacity), drain queues in `drain_s`."""

    headroom: float = 0.2
    drain_s: float = 120.0
    calm_s: float = 600.0

    def __post_init__(self) -> None:
        if not 0 <= self.headroom <= 10 or self.drain_s <= 0 or self.calm_s < 0:
            raise InvalidInput("cannot hold an objective: expected headroom 0 to 10, drain_s above 0 and calm_s ≥ 0")

    def numbers(self, tick_s: float) -> Array:
        """Its row: see `rule`."""
        row = np.zeros(WIDTH)
        row[KIND], row[HEADROOM] = OBJECTIVE, self.headroom
        row[DRAIN_TICKS] = max(1.0, self.drain_s / tick_s)
        row[CALM_TICKS] = max(1, math.ceil(self.calm_s / tick_s - 1e-9))
        return row

    def explain(self, seen: Array, wish: float) -> str:
        """Why it wished that, in words."""
        arrives = f"{seen[DEMAND]:.3g} a second arrive and {seen[WAITING]:.3g} wait"
        if math.isnan(wish):
            return f"{arrives}: what is there suffices, and it was not calm for {self.calm_s:.0f} s"
        return (
            f"{arrives}; with {self.headroom:.0%} headroom and the queue drained in {self.drain_s:.0f} s, at "
            f"{seen[CAPACITY]:.3g} a replica, {wish:.0f} are needed"
        )


@compiled
def wish(rules: Array, rule: int, memory: Array, seen: Array) -> float:
    """The desired number, or NaN; `memory` moves on."""
    if not seen[CAPACITY] > 0.0 or seen[DEMAND] != seen[DEMAND]:
        return np.nan
    wanted = seen[DEMAND] * (1.0 + rules[rule, HEADROOM]) + seen[WAITING] / rules[rule, DRAIN_TICKS]
    needed = np.ceil(wanted / seen[CAPACITY] - 1e-9)
    if needed >= seen[TOTAL] or seen[WAITING] > 0.0:
        memory[rule, CALM] = 0.0
        memory[rule, MOST_NEEDED] = 0.0
        return float(needed) if needed > seen[TOTAL] else np.nan
    memory[rule, CALM] += 1.0
    memory[rule, MOST_NEEDED] = max(memory[rule, MOST_NEEDED], needed)
    if memory[rule, CALM] < rules[rule, CALM_TICKS]:
        return np.nan
    asked = memory[rule, MOST_NEEDED]
    memory[rule, CALM] = 0.0
    memory[rule, MOST_NEEDED] = 0.0
    return float(asked)
