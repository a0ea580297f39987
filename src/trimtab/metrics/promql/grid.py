"""The steps at which an expression is evaluated, and what it may ask of the whole query."""

import math

import numpy as np
from msgspec import Struct

from trimtab.metrics.promql.language.literals import general
from trimtab.metrics.promql.language.syntax import At, Duration, Number, Range, Selector, Subquery
from trimtab.metrics.promql.problems import ExecutionFailed
from trimtab.metrics.promql.values import Integers

LOOKBACK_MS = 300_000
"""How old the newest sample of a series may be to count: Prometheus' default of 5 minutes."""
SUBQUERY_STEP_MS = 60_000
"""The step of a subquery that names none: Prometheus' default evaluation interval."""


class Query(Struct, frozen=True):
    """The times of the whole query (ms); of an instant query start and end are equal and the step is 0."""

    start_ms: int
    end_ms: int
    step_ms: int
    lookback_ms: int = LOOKBACK_MS

    @property
    def instant(self) -> bool:
        """Whether there is one step only."""
        return self.start_ms == self.end_ms

    def grid(self) -> "Grid":
        """The steps of the query."""
        if self.instant or not self.step_ms:
            return Grid(np.array((self.start_ms,), np.int64))
        return Grid(np.arange(self.start_ms, self.end_ms + 1, self.step_ms, dtype=np.int64))

    def seconds(self, duration: Duration, *, negative: bool = False) -> float:
        """The value of a duration expression. Raises ExecutionFailed for one that there is none of."""
        found = self._seconds(duration)
        if math.isnan(found) or math.isinf(found):
            raise ExecutionFailed(f"duration is NaN or infinite at character {duration.start + 1}")
        if found <= 0 and not negative:
            raise ExecutionFailed(f"duration must be greater than 0, got {general(found)}")
        if abs(found) > 2**63 / 1e9:
            raise ExecutionFailed(f"duration is out of range at character {duration.start + 1}")
        return found

    def milliseconds(self, duration: Duration, *, negative: bool = False) -> int:
        """The same in milliseconds."""
        return math.trunc(round(self.seconds(duration, negative=negative) * 1000, 6))

    def offset_ms(self, duration: Duration | None) -> int:
        """What an offset modifier says."""
        return 0 if duration is None else self.milliseconds(duration, negative=True)

    def _seconds(self, node: Duration) -> float:
        if isinstance(node, Number):
            return node.value
        left = 0.0 if node.left is None else self._seconds(node.left)
        right = 0.0 if node.right is None else self._seconds(node.right)
        match node.op:
            case "step":
                return 0.0 if self.instant else self.step_ms / 1000
            case "range":
                return (self.end_ms - self.start_ms) / 1000
            case "+" | "-":
                return left + right if node.op == "+" else left - right
            case "*":
                return left * right
            case "max_of" | "min_of":
                return max(left, right) if node.op == "max_of" else min(left, right)
            case "^":
                return float(np.power(np.float64(left), right))
        if right == 0:
            raise ExecutionFailed("division by zero" if node.op == "/" else "modulo by zero")
        return left / right if node.op == "/" else math.fmod(left, right)

    def at(self, at: At | None, times: Integers) -> Integers:
        """The times at which something with an @ modifier is looked at."""
        if at is None:
            return times
        fixed = at.time_ms if at.time_ms is not None else self.start_ms if at.bound == "start" else self.end_ms
        return np.full(len(times), fixed, np.int64)


class Grid(Struct, frozen=True):
    """Steps (ms), ascending."""

    times: Integers

    def __len__(self) -> int:
        """How many steps."""
        return len(self.times)


class Look(Struct, frozen=True):
    """When a selector, range or subquery is looked at: windows (left, right] by step. Of an instant selector only the
    right edge counts.
    """

    left: Integers
    right: Integers


def look_of(node: Selector | Range | Subquery, grid: Grid, query: Query) -> Look:
    """The windows of `node` at the steps of `grid`. Raises ExecutionFailed."""
    selector = node.selector if isinstance(node, Range) else node
    right = query.at(selector.at, grid.times) - query.offset_ms(selector.offset)
    length = 0 if isinstance(node, Selector) else query.milliseconds(node.range)
    return Look(right - length, right)


def subgrid(node: Subquery, look: Look, query: Query) -> Grid:
    """The steps of a subquery: multiples of its step, from the beginning of the first window to the last end."""
    step = SUBQUERY_STEP_MS if node.step is None else query.milliseconds(node.step)
    first = int(look.left.min()) // step * step + step
    return Grid(np.arange(first, int(look.right.max()) + 1, step, dtype=np.int64))
