"""What expressions compute with: numbers, and time series as rows of one matrix over a grid of periods."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.errors import LimitExceeded
from trimtab.base.records import replace

Matrix = npt.NDArray[np.float64]

MAX_CELLS = 20_000_000
"""Periods times series that one array may have: 160 MB, and thirty times what a GetMetricData answer holds."""


class Grid(Struct, frozen=True):
    """`count` periods of `period_ms` from `start_ms` on."""

    start_ms: int
    period_ms: int
    count: int

    @classmethod
    def over(cls, start_ms: int, end_ms: int, period_s: int) -> "Grid":
        """The periods that begin in `[start_ms, end_ms)`, counted from the start."""
        return cls(start_ms, period_s * 1000, max(0, -(-(end_ms - start_ms) // (period_s * 1000))))

    @property
    def end_ms(self) -> int:
        """Where the last period ends."""
        return self.start_ms + self.count * self.period_ms

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """The start of every period."""
        return self.start_ms + np.arange(self.count, dtype=np.int64) * self.period_ms

    def empty(self, rows: int) -> Matrix:
        """A matrix without any value. Raises LimitExceeded for one that is too large to hold."""
        if rows * self.count > MAX_CELLS:
            raise LimitExceeded(
                f"cannot evaluate {rows} series over {self.count} periods: got {rows * self.count} points; expected at "
                f"most {MAX_CELLS}; try a longer period or a shorter range"
            )
        return np.full((rows, self.count), np.nan)


class Tag(Struct, frozen=True):
    """Where a row comes from: its label, and the properties that dynamic labels name."""

    label: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


NO_TAG = Tag()


class Lines(Struct, frozen=True):
    """Time series: a row each, a column a period, NaN where there is no point. `array` tells TS[] from TS."""

    grid: Grid
    values: Matrix
    tags: tuple[Tag, ...]
    array: bool

    def with_values(self, values: Matrix) -> "Lines":
        """The same series with other values."""
        return replace(self, values=values)

    def chosen(self, rows: Sequence[int]) -> "Lines":
        """An array of some of the rows, in the order given."""
        return Lines(self.grid, self.values[list(rows)], tuple(self.tags[row] for row in rows), True)

    def one(self, row: int) -> "Lines":
        """One row as a series of its own."""
        return Lines(self.grid, self.values[row : row + 1], self.tags[row : row + 1], False)


Value = float | Lines


def series(grid: Grid, values: Matrix) -> Lines:
    """A single series (`values` has one dimension) that no metric lends its name."""
    return Lines(grid, values.reshape(1, -1), (NO_TAG,), False)


def nothing(grid: Grid) -> Lines:
    """An array without series."""
    return Lines(grid, np.empty((0, grid.count)), (), True)


def aligned(*lines: Lines) -> list[Lines]:
    """The same series on one grid that has all their times: series of longer periods have gaps there."""
    first = lines[0].grid
    if all(one.grid == first for one in lines[1:]):
        return list(lines)
    start = min(one.grid.start_ms for one in lines)
    end = max(one.grid.end_ms for one in lines)
    period = math.gcd(*(one.grid.period_ms for one in lines), *(one.grid.start_ms - start for one in lines))
    grid = Grid(start, period, (end - start) // period)
    return [_moved(one, grid) for one in lines]


def _moved(lines: Lines, grid: Grid) -> Lines:
    if lines.grid == grid:
        return lines
    values = grid.empty(len(lines.values))
    first = (lines.grid.start_ms - grid.start_ms) // grid.period_ms
    step = lines.grid.period_ms // grid.period_ms
    values[:, first : first + lines.grid.count * step : step] = lines.values
    return replace(lines, grid=grid, values=values)


def joined(parts: Sequence[Lines]) -> Lines:
    """All rows of `parts`, which has at least one member, as one array."""
    parts = aligned(*parts)
    values = np.concatenate([part.values for part in parts])
    return Lines(parts[0].grid, values, tuple(tag for part in parts for tag in part.tags), True)
