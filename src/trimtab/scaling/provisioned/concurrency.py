"""Concurrency as it was, exactly: every start adds one, every end takes one away."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
MOST_INVOCATIONS = 20_000_000


class Invocations(Struct, frozen=True):
    """When each invocation began and how long it ran, in ms; by begin. Raises InvalidInput."""

    starts_ms: Integers
    durations_ms: Integers

    def __post_init__(self) -> None:
        if self.starts_ms.shape != self.durations_ms.shape or not 1 <= len(self.starts_ms) <= MOST_INVOCATIONS:
            raise InvalidInput(
                f"cannot use invocations: got {self.starts_ms.shape} starts and {self.durations_ms.shape} durations; "
                f"expected as many of both, 1 to {MOST_INVOCATIONS}"
            )
        if (self.durations_ms < 0).any() or (np.diff(self.starts_ms) < 0).any():
            raise InvalidInput("cannot use invocations: expected durations of 0 ms or more and starts in order")

    @classmethod
    def of(cls, starts_ms: Integers, durations_ms: Integers) -> "Invocations":
        """Invocations in any order."""
        order = np.argsort(starts_ms, kind="stable")
        return cls(np.asarray(starts_ms)[order], np.asarray(durations_ms)[order])


class Concurrency(Struct, frozen=True):
    """How many ran: `levels[i]` from `times_ms[i]` until the next time; 0 before the first and after the last."""

    times_ms: Integers
    levels: Integers

    @property
    def peak(self) -> int:
        """The most that ever ran at once."""
        return int(self.levels.max())

    def time_at(self, from_ms: int, until_ms: int) -> Array:
        """ms that each level (0, 1, …) held within [from_ms, until_ms): they add up to its length."""
        inside = (self.times_ms > from_ms) & (self.times_ms < until_ms)
        edges = np.concatenate([[from_ms], self.times_ms[inside], [until_ms]])
        at = np.searchsorted(self.times_ms, from_ms, side="right") - 1
        first = self.levels[at] if at >= 0 else 0
        levels = np.concatenate([[first], self.levels[inside]])
        return np.asarray(np.bincount(levels, weights=np.diff(edges)), dtype=np.float64)

    def mean_by(self, from_ms: int, step_ms: int, steps: int) -> Array:
        """The mean concurrency of each step, exactly."""
        grown = np.concatenate([[0.0], np.cumsum(self.levels[:-1] * np.diff(self.times_ms), dtype=np.float64)])
        edges = from_ms + step_ms * np.arange(steps + 1)
        at = np.searchsorted(self.times_ms, edges, side="right") - 1
        known = np.maximum(at, 0)
        beyond = np.where(at >= 0, grown[known] + self.levels[known] * (edges - self.times_ms[known]), 0.0)
        return np.asarray(np.diff(beyond) / step_ms)

    def share_at_least(self, level: int, from_ms: int, until_ms: int) -> float:
        """The share of [from_ms, until_ms) in which `level` or more ran: how busy the level-th environment is."""
        held = self.time_at(from_ms, until_ms)
        return float(held[level:].sum() / (until_ms - from_ms))


def concurrency_of(invocations: Invocations) -> Concurrency:
    """The concurrency of invocations that each run within [start, start + duration)."""
    ends = invocations.starts_ms + invocations.durations_ms
    times = np.concatenate([invocations.starts_ms, ends])
    changes = np.concatenate([np.ones(len(ends), np.int64), -np.ones(len(ends), np.int64)])
    found, where = np.unique(times, return_inverse=True)
    return Concurrency(found, np.cumsum(np.bincount(where, weights=changes).astype(np.int64)))
