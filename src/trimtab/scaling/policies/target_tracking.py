"""Target tracking as EC2 Auto Scaling and Application Auto Scaling document it.

Out when the metric is above the target for 3 minutes, in when it is below 90 % of it for 15: the alarms that AWS puts.
Desired is n·m/T, rounded up whatever the direction: additions up, removals down. Missing data: no wish. From 0 replicas
there is no metric, so no way out: a step policy is needed. Cooldowns are Application Auto Scaling's; EC2 uses the
warm-up instead, which the simulator has (what is not ready is not in the metric).
"""

import math

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled, inlined
from trimtab.scaling.policies.rule import KIND, LOAD, NEVER, READY, TICK, TOTAL, TRACKING, WIDTH

TARGET, OUT_TICKS, IN_TICKS, IN_SHARE, OUT_COOLDOWN, IN_COOLDOWN, NO_IN = range(1, 8)
ABOVE, BELOW, LAST_OUT, LAST_IN = range(4)
SUGGESTED = 0.5
"""AWS's suggested target: its sizing rule for SageMaker variants has a safety factor of 0.5, its examples 50 % CPU."""


class TargetTracking(Struct, frozen=True):
    """Keep the load of a replica at `target` (a share of its capacity). Durations in seconds."""

    target: float = SUGGESTED
    out_s: float = 180.0
    in_s: float = 900.0
    in_share: float = 0.9
    out_cooldown_s: float = 0.0
    in_cooldown_s: float = 0.0
    disable_scale_in: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.target <= 1000:
            raise InvalidInput(f"cannot track a target of {self.target}; expected above 0", field="target")

    def numbers(self, tick_s: float) -> Array:
        """Its row: see `rule`."""
        row = np.zeros(WIDTH)
        durations = (self.out_s, self.in_s, self.out_cooldown_s, self.in_cooldown_s)
        out, back, after_out, after_in = (math.ceil(one / tick_s - 1e-9) for one in durations)
        row[KIND], row[TARGET], row[OUT_TICKS], row[IN_TICKS] = TRACKING, self.target, max(1, out), max(1, back)
        row[IN_SHARE], row[OUT_COOLDOWN], row[IN_COOLDOWN] = self.in_share, after_out, after_in
        row[NO_IN] = float(self.disable_scale_in)
        return row

    def explain(self, seen: Array, wish: float) -> str:
        """Why it wished that, in words."""
        load = float(seen[LOAD])
        if math.isnan(load):
            return "no metric: target tracking does not scale on missing data"
        where = f"load {load:.0%} of capacity against a target of {self.target:.0%}"
        if math.isnan(wish):
            return (
                f"{where}: neither above it for {self.out_s:.0f} s nor below {self.in_share:.0%} for {self.in_s:.0f} s"
            )
        asks = f"{seen[READY]:.0f} replicas × {load:.2f} ÷ {self.target:.2f}, rounded up, is {wish:.0f}"
        return f"{where} for long enough: {asks}"


@inlined
def track(
    load: float, ready: float, here: float, tick: float, row: tuple[float, ...], memory: tuple[float, ...]
) -> tuple[float, float, float, float, float]:
    """The desired number or NaN, and the memory after; `row` are the columns from TARGET to NO_IN.

    It takes numbers and no arrays: a replay of thousands of services spends its time here.
    """
    above, below, last_out, last_in = memory
    if load != load:  # NaN: missing
        return np.nan, 0.0, 0.0, last_out, last_in
    target, out_ticks, in_ticks, in_share, out_cooldown, in_cooldown, no_in = row
    above = above + 1.0 if load > target else 0.0
    below = below + 1.0 if load < in_share * target else 0.0
    asked = np.ceil(ready * load / target - 1e-9)
    if above >= out_ticks:
        if asked <= here or tick - last_out < out_cooldown:
            return np.nan, above, below, last_out, last_in
        return asked, above, below, tick, NEVER  # a scale-out cancels the cooldown of a scale-in
    if below >= in_ticks and no_in == 0.0 and asked < here and tick - last_in >= in_cooldown:
        return asked, above, below, last_out, last_in
    return np.nan, above, below, last_out, last_in


@compiled
def wish(rules: Array, rule: int, memory: Array, seen: Array) -> float:
    """The desired number, or NaN; `memory` moves on."""
    own, mine = rules[rule], memory[rule]
    row = (own[TARGET], own[OUT_TICKS], own[IN_TICKS], own[IN_SHARE], own[OUT_COOLDOWN], own[IN_COOLDOWN], own[NO_IN])
    known = (mine[ABOVE], mine[BELOW], mine[LAST_OUT], mine[LAST_IN])
    asked, above, below, last_out, last_in = track(seen[LOAD], seen[READY], seen[TOTAL], seen[TICK], row, known)
    mine[ABOVE], mine[BELOW], mine[LAST_OUT], mine[LAST_IN] = above, below, last_out, last_in
    return float(asked)


@compiled
def followed(memory: Array, rule: int, tick: float) -> None:
    """Note that the group went in at `tick`: the cooldown of scale-ins begins."""
    memory[rule, LAST_IN] = tick
