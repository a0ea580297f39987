"""Step scaling: what an alarm's breach is worth, by how far the metric is beyond the threshold.

Bounds are relative to the threshold. Above it the lower bound is inclusive and the upper exclusive, below it the
reverse; there may be neither gaps nor overlaps. Percentages round as documented: above 1 down, between 0 and 1 to 1,
between −1 and 0 to −1, below −1 up; `least_change` (MinAdjustmentMagnitude) applies to them.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.jit import compiled
from trimtab.scaling.policies.rule import KIND, LOAD, READY, STEP_IN, STEP_OUT, TICK, TOTAL, WIDTH

THRESHOLD, TICKS, ADJUSTMENT, LEAST_CHANGE, COOLDOWN, STEPS = range(1, 7)
FIRST_STEP = 10
BREACHING, LAST = 0, 2

MOST_STEPS = 20
"""Steps of a policy: AWS's limit."""


class Adjustment(IntEnum):
    """What the number of a step means."""

    CHANGE = 0
    PERCENT = 1
    EXACT = 2


class Step(Struct, frozen=True):
    """From `lower` to `upper` beyond the threshold (None: without end), adjust by `by`."""

    lower: float | None
    upper: float | None
    by: float


class StepScaling(Struct, frozen=True):
    """Steps for one alarm: load above (`out`) or below the threshold for `alarm_s`."""

    threshold: float
    steps: tuple[Step, ...]
    out: bool = True
    alarm_s: float = 60.0
    adjustment: Adjustment = Adjustment.CHANGE
    least_change: int = 0
    cooldown_s: float = 0.0

    def __post_init__(self) -> None:
        check_steps(self.steps)

    def numbers(self, tick_s: float) -> Array:
        """Its row: see `rule`."""
        row = np.zeros(WIDTH)
        row[KIND] = STEP_OUT if self.out else STEP_IN
        row[THRESHOLD], row[TICKS] = self.threshold, max(1, math.ceil(self.alarm_s / tick_s - 1e-9))
        row[ADJUSTMENT], row[LEAST_CHANGE] = self.adjustment, self.least_change
        row[COOLDOWN], row[STEPS] = math.ceil(self.cooldown_s / tick_s - 1e-9), len(self.steps)
        for at, step in enumerate(self.steps):
            lower = -math.inf if step.lower is None else step.lower
            upper = math.inf if step.upper is None else step.upper
            row[FIRST_STEP + 3 * at : FIRST_STEP + 3 * at + 3] = lower, upper, step.by
        return row

    def explain(self, seen: Array, wish: float) -> str:
        """Why it wished that, in words."""
        beyond = float(seen[LOAD]) - self.threshold
        side = "above" if self.out else "below"
        if math.isnan(wish):
            return f"load is not {side} {self.threshold:.0%} for {self.alarm_s:.0f} s, or no step holds it"
        return f"load is {abs(beyond):.1%} {side} the threshold of {self.threshold:.0%}: its step asks for {wish:.0f}"


def check_steps(steps: Sequence[Step]) -> None:
    """Raises InvalidInput where steps are none, too many, overlap or leave a gap."""
    if not 1 <= len(steps) <= MOST_STEPS:
        raise InvalidInput(f"got {len(steps)} step adjustments; expected 1 to {MOST_STEPS}", field="StepAdjustments")
    spans = sorted(
        (-math.inf if one.lower is None else one.lower, math.inf if one.upper is None else one.upper) for one in steps
    )
    for lower, upper in spans:
        if lower >= upper:
            raise InvalidInput("a step's lower bound must be below its upper bound", field="StepAdjustments")
    for before, after in pairwise(spans):
        if before[1] > after[0]:
            raise InvalidInput("step adjustment intervals must not overlap", field="StepAdjustments")
        if before[1] < after[0]:
            raise InvalidInput("step adjustment intervals must not have gaps", field="StepAdjustments")


@compiled
def rounded_percent(change: float) -> float:
    """A change by percent, in whole replicas: towards 0, but never 0 where it was not."""
    if change > 1.0:
        return float(np.floor(change))
    if change > 0.0:
        return 1.0
    if change == 0.0:
        return 0.0
    if change >= -1.0:
        return -1.0
    return float(np.ceil(change))


@compiled
def step_of(rules: Array, rule: int, beyond: float) -> int:
    """Which step holds `beyond` (metric less threshold); −1 for none."""
    for at in range(int(rules[rule, STEPS])):
        lower, upper = rules[rule, FIRST_STEP + 3 * at], rules[rule, FIRST_STEP + 3 * at + 1]
        if rules[rule, KIND] == STEP_OUT:
            if lower <= beyond < upper:
                return at
        elif lower < beyond <= upper:
            return at
    return -1


@compiled
def adjusted(rules: Array, rule: int, base: float, at: int) -> float:
    """What step `at` makes of `base` replicas; never below 0."""
    by = rules[rule, FIRST_STEP + 3 * at + 2]
    if rules[rule, ADJUSTMENT] == 2:
        return float(by)
    if rules[rule, ADJUSTMENT] == 1:
        change = rounded_percent(base * by / 100.0)
        if change > 0.0:
            change = max(change, rules[rule, LEAST_CHANGE])
        elif change < 0.0:
            change = min(change, -rules[rule, LEAST_CHANGE])
        return float(max(0.0, base + change))
    return float(max(0.0, base + by))


@compiled
def wish(rules: Array, rule: int, memory: Array, seen: Array) -> float:
    """The desired number, or NaN; `memory` moves on.

    Out, the base is what is in service: replicas on their way are not counted, so that two breaches of one step launch
    once. In, it is all of them.
    """
    beyond, out = seen[LOAD] - rules[rule, THRESHOLD], rules[rule, KIND] == STEP_OUT
    breached = beyond >= 0.0 if out else beyond <= 0.0  # NaN: neither
    memory[rule, BREACHING] = memory[rule, BREACHING] + 1.0 if breached else 0.0
    if memory[rule, BREACHING] < rules[rule, TICKS] or seen[TICK] - memory[rule, LAST] < rules[rule, COOLDOWN]:
        return np.nan
    at = step_of(rules, rule, beyond)
    if at < 0:
        return np.nan
    asked = adjusted(rules, rule, seen[READY] if out else seen[TOTAL], at)
    if (asked <= seen[TOTAL]) if out else (asked >= seen[TOTAL]):
        return np.nan
    memory[rule, LAST] = seen[TICK]
    return asked
