"""What a policy is to a compiled loop: a row of numbers, a memory of four numbers, and a wish each tick.

A rule's row starts with its KIND; the other columns are its own module's. A wish is a desired number of replicas, or
NaN for none. `SEEN` is what every rule is shown; loads are shares of the capacity in service (1 = full).
"""

from typing import Protocol

import numpy as np

from trimtab.capacity.simulate.fleet import Array

KIND = 0
TRACKING, STEP_OUT, STEP_IN, OBJECTIVE, TO_ZERO = range(5)
WIDTH = 80
"""Columns of a row: the longest is that of a step policy, with 20 steps."""
MEMORY = 4
"""Numbers of a rule's memory: two counts, and the ticks of two past events (`NEVER` at first)."""
NEVER = -1e15
"""Of a tick: long before any."""

# Columns of what a rule is shown.
TICK, LOAD, READY, TOTAL, DEMAND, WAITING, CAPACITY = range(7)
SEEN = 7
"""TICK of now, LOAD (NaN: missing), READY replicas, TOTAL with those on their way, DEMAND a second, load WAITING, the
CAPACITY of one replica."""


class Rule(Protocol):
    """A policy with settings."""

    def numbers(self, tick_s: float) -> Array:
        """Its row: durations in ticks of `tick_s` seconds, rounded up."""
        ...

    def explain(self, seen: Array, wish: float) -> str:
        """Why it wished that, in words."""
        ...


def no_memory(rules: int) -> Array:
    """The memories of `rules` rules that have seen nothing."""
    return np.tile(np.array([0.0, 0.0, NEVER, NEVER]), (rules, 1))
