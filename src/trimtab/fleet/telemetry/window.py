"""The range of a report and the grid of steps in it, aligned to the epoch as the engine's buckets are."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.metrics.plan import StatSeries

Floats = npt.NDArray[np.float64]

STEPS_S = (60, 300, 900, 3600, 21_600)
"""Steps to choose from: the shortest is four scrapes of the usual 15 s, the longest still shows a working day."""
_MOST_STEPS = 400
"""Steps that a range may have: ten thousand GPUs then are four million numbers, 32 MB an array."""
LONGEST_S = 400 * 86_400
"""The longest range, seconds: a year and the month that a monthly review compares with."""


class Grid(Struct, frozen=True):
    """`[start_ms, end_ms)` in steps of `step_s` seconds; both ends are multiples of the step."""

    start_ms: int
    end_ms: int
    step_s: int

    @classmethod
    def over(cls, start_ms: int, end_ms: int, step_s: int | None = None) -> "Grid":
        """The grid that covers a range: its start rounded down and its end up to a step.

        Raises InvalidInput for a range that is empty or longer than `LONGEST_S`.
        """
        seconds = (end_ms - start_ms) / 1000
        if not 0 < seconds <= LONGEST_S:
            raise InvalidInput(
                f"cannot compute KPIs over {seconds:g} s: expected a range of up to {LONGEST_S // 86_400} days",
                field="start",
            )
        step = step_s or next((one for one in STEPS_S if seconds / one <= _MOST_STEPS), STEPS_S[-1])
        size = step * 1000
        return cls(start_ms // size * size, -(-end_ms // size) * size, step)

    @classmethod
    def as_long(cls, start_ms: int, end_ms: int, step_s: int | None = None) -> "Grid":
        """As `over`; but a range that is whole steps long has as many, the last of which its end is in.

        So 24 hours until now have 24 hours of each GPU, and the newest values. Raises InvalidInput.
        """
        whole = cls.over(start_ms, end_ms, step_s)
        exact = (end_ms - start_ms) % (whole.step_s * 1000) == 0
        return cls(whole.end_ms - (end_ms - start_ms) if exact else whole.start_ms, whole.end_ms, whole.step_s)

    @property
    def steps(self) -> int:
        """How many steps."""
        return (self.end_ms - self.start_ms) // (self.step_s * 1000)

    @property
    def seconds(self) -> int:
        """The length of the range."""
        return (self.end_ms - self.start_ms) // 1000

    def place(self, answer: StatSeries, empty: float = np.nan) -> Floats:
        """The answer of a request in periods of this grid's step, one value a step; `empty` where it has none."""
        row = np.full(self.steps, empty)
        at = (answer.times - self.start_ms) // (self.step_s * 1000)
        inside = (at >= 0) & (at < self.steps) & ~np.isnan(answer.values)
        row[at[inside]] = answer.values[inside]
        return row

    def whole_period_s(self) -> int:
        """A period (seconds) with one bucket that holds the whole range, for statistics that cannot be merged.

        Buckets are aligned to the epoch, so the range's own length rarely does; some period up to twice as long does.
        """
        start, length = self.start_ms // 1000, self.seconds
        periods = np.arange(length, 3 * length + 1, max(1, length // 5000), dtype=np.int64)
        fits = start % periods + length <= periods
        return int(periods[np.argmax(fits)])
