"""Scale to zero: nothing runs while nothing is asked, and the first request wakes one replica.

The request that wakes it waits for the launch (or is lost, where requests do not queue): what idleness saves against
that is what a replay shows. Its wish for 0 goes before other policies' reluctance; its least must be 0.
"""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies.rule import DEMAND, KIND, TO_ZERO, TOTAL, WAITING, WIDTH

IDLE_TICKS = 1
IDLE = 0


class ToZero(Struct, frozen=True):
    """Stop everything after `idle_s` without a request."""

    idle_s: float = 900.0

    def __post_init__(self) -> None:
        if not 0 < self.idle_s <= 30 * 86_400:
            raise InvalidInput(f"cannot scale to zero after {self.idle_s} s; expected above 0 and at most 30 days")

    def numbers(self, tick_s: float) -> Array:
        """Its row: see `rule`."""
        row = np.zeros(WIDTH)
        row[KIND], row[IDLE_TICKS] = TO_ZERO, max(1, math.ceil(self.idle_s / tick_s - 1e-9))
        return row

    def explain(self, seen: Array, wish: float) -> str:
        """Why it wished that, in words."""
        if math.isnan(wish):
            return f"requests came within the last {self.idle_s:.0f} s"
        if wish == 0:
            return f"no request for {self.idle_s:.0f} s: nothing needs to run"
        return "a request came while nothing ran: one replica is woken"


@compiled
def wish(rules: Array, rule: int, memory: Array, seen: Array) -> float:
    """0 after enough idleness, 1 to wake, else NaN; `memory` moves on."""
    if seen[DEMAND] > 0.0 or seen[WAITING] > 0.0:
        memory[rule, IDLE] = 0.0
        return 1.0 if seen[TOTAL] == 0.0 else np.nan
    memory[rule, IDLE] += 1.0
    return 0.0 if memory[rule, IDLE] >= rules[rule, IDLE_TICKS] and seen[TOTAL] > 0.0 else np.nan
