"""Traffic that grows, as SageMaker's Inference Recommender sends it, and when it has grown enough.

PHASES add users at a rate through each phase, STAIRS some at the beginning of each step. A test is cut into windows of
one number of users; it ends at a number of invocations, at a latency, or where more users bring no more invocations.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput

FLAT_GAIN = 0.05
"""More users that bring less than this much more have met the knee; the noise of a window of a minute is 1 to 3 %."""


class Phase(Struct, frozen=True):
    """`users` come at the beginning, `spawn_per_min` more each minute, for `seconds`."""

    users: int
    spawn_per_min: float
    seconds: float


class Traffic(Struct, frozen=True):
    """Phases one after another; users stay from one to the next. Stairs are phases without spawning."""

    phases: tuple[Phase, ...]

    @classmethod
    def stairs(cls, seconds: float, steps: int, users_per_step: int) -> "Traffic":
        """Steps of `seconds` that add users."""
        return cls(tuple(Phase(users_per_step, 0, seconds) for _ in range(steps)))

    @property
    def seconds(self) -> float:
        """How long it is."""
        return sum(one.seconds for one in self.phases)

    def users_at(self, at_s: float) -> int:
        """How many users there are at a time since the beginning."""
        users, before = 0.0, 0.0
        for one in self.phases:
            if at_s < before:
                break
            users += one.users + one.spawn_per_min * min(max(0.0, at_s - before), one.seconds) / 60
            before += one.seconds
        return max(1, math.floor(users))


class Stop(Struct, frozen=True):
    """When a test ends early. `most_per_min` 0 and `latency_ms` 0 are no limit; `percentile` is P95 or P99."""

    most_per_min: float = 0.0
    percentile: str = "P95"
    latency_ms: float = 0.0
    flat_stops: bool = True

    def __post_init__(self) -> None:
        if self.percentile not in ("P95", "P99"):
            raise InvalidInput(f"cannot limit {self.percentile}: expected P95 or P99")


class Window(Struct, frozen=True):
    """A stretch with one number of users: invocations a minute, and latencies in ms."""

    users: int
    per_min: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    errors: float = 0.0

    def latency(self, percentile: str) -> float:
        """The latency at P95 or P99."""
        return self.p99_ms if percentile == "P99" else self.p95_ms


def ended(windows: Sequence[Window], stop: Stop) -> str:
    """Why the test ends after these windows; empty where it goes on."""
    if not windows:
        return ""
    last = windows[-1]
    if stop.most_per_min and last.per_min >= stop.most_per_min:
        return f"MaxInvocations: {last.per_min:,.0f} a minute"
    if stop.latency_ms and last.latency(stop.percentile) > stop.latency_ms:
        return f"{stop.percentile} {last.latency(stop.percentile):.4g} ms is above {stop.latency_ms:g} ms"
    if stop.flat_stops and knee(windows) is not None and windows[-1].users > windows[0].users:
        return "FlatInvocations: more users bring no more invocations"
    return ""


def knee(windows: Sequence[Window]) -> int | None:
    """The window at which invocations first level out: with more users the next has hardly more. None: nowhere yet."""
    for at in range(len(windows) - 1):
        now, after = windows[at], windows[at + 1]
        if after.users > now.users and after.per_min < now.per_min * (1 + FLAT_GAIN):
            return at
    return None


def chosen(windows: Sequence[Window], stop: Stop) -> Window | None:
    """The window that a recommendation rests on: the knee, or the most invocations within the latency limit."""
    fit = [one for one in windows if not stop.latency_ms or one.latency(stop.percentile) <= stop.latency_ms]
    at = knee(windows)
    if at is not None and windows[at] in fit:
        return windows[at]
    return max(fit, key=lambda one: one.per_min, default=None)
