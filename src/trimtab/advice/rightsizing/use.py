"""Use of many resources, a distribution a day each: what every strategy decides from and every replay judges by.

A day of points becomes its quantiles at LEVELS and its mean. The engine makes them for a hundred thousand resources
(`queries.sql`), `daily_use` here for points at hand: one form, so one strategy serves both.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DAY_MS = 86_400_000
LEVELS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 1.0)
"""Quantiles of a day: close together where sizes are decided, so that lines between them lose little."""


class DailyUse(Struct, frozen=True):
    """Use of n resources over days: `quantiles[n, day, level]`, `means[n, day]`, `points[n, day]`.

    The unit is the caller's (percent, cores, bytes), alike for a resource. A day without points is NaN. `start_ms` is
    where day 0 begins; days are 24 hours, whatever the calendar says.
    """

    start_ms: int
    quantiles: Floats
    means: Floats
    points: Integers

    def __len__(self) -> int:
        return len(self.means)

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.means.shape[1])

    def of(self, rows: slice | Integers) -> "DailyUse":
        """Some of the resources."""
        return DailyUse(self.start_ms, self.quantiles[rows], self.means[rows], self.points[rows])

    def until(self, day: int) -> "DailyUse":
        """What was known when day number `day` began."""
        return DailyUse(self.start_ms, self.quantiles[:, :day], self.means[:, :day], self.points[:, :day])

    def scaled(self, factor: Floats) -> "DailyUse":
        """The same use in another unit, a factor for each resource."""
        return DailyUse(
            self.start_ms, self.quantiles * factor[:, None, None], self.means * factor[:, None], self.points
        )


def daily_use(times_ms: Integers, values: Floats, start_ms: int | None = None, days: int | None = None) -> DailyUse:
    """The days of one resource's points (ms, any order). Values that are not numbers are left out."""
    kept = np.isfinite(values)
    times, told = times_ms[kept], values[kept]
    first = start_ms if start_ms is not None else int(times.min()) if len(times) else 0
    number = (times - first) // DAY_MS
    length = days if days is not None else int(number.max()) + 1 if len(number) else 0
    quantiles, means = np.full((1, length, len(LEVELS)), np.nan), np.full((1, length), np.nan)
    points = np.zeros((1, length), np.int64)
    for day in range(length):
        mine = told[number == day]
        if len(mine):
            quantiles[0, day] = np.quantile(mine, LEVELS)
            means[0, day], points[0, day] = mine.mean(), len(mine)
    return DailyUse(first, quantiles, means, points)


def together(parts: list[DailyUse]) -> DailyUse:
    """Resources of the same days as one. Raises ValueError where there is none."""
    return DailyUse(
        parts[0].start_ms,
        np.concatenate([one.quantiles for one in parts]),
        np.concatenate([one.means for one in parts]),
        np.concatenate([one.points for one in parts]),
    )
