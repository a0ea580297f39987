"""What a forecast is asked with and what it answers. Pure arrays: rooms bring the values and the calendar."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput

Values = npt.NDArray[np.float64]


class TooLittleHistory(InvalidInput):
    """There are not enough values to judge a forecast on: no number is better than one without proof."""


class Question(Struct, frozen=True):
    """`history`: evenly spaced values, oldest first, gaps as NaN. `horizon`: how many steps to look ahead.

    `periods`: lengths of cycles in steps, the shortest first (7 for days of a week). `level`: the share of outcomes
    that the interval is to hold, 0 to 1. `calendar`: which steps of history and horizon are known to be different, a
    row a step, a column a kind (first of a month, holidays). `least`: a limit that values cannot pass (0: a cost).
    `groups`: spans of steps `[from, to)` whose sums are asked for too, such as months of days. `cuts`: places in the
    history from which the past is replayed, where at least two leave a horizon to judge by; () for evenly spaced ones.
    """

    history: Values
    horizon: int
    periods: tuple[int, ...] = ()
    level: float = 0.8
    calendar: npt.NDArray[np.bool_] | None = None
    least: float = -np.inf
    groups: tuple[tuple[int, int], ...] = ()
    cuts: tuple[int, ...] = ()


class Judged(Struct, frozen=True):
    """How a candidate did on the past: `error` Σ|actual − forecast| ÷ Σ|actual|, `weight` its share of the answer."""

    name: str
    error: float
    weight: float


class Sum(Struct, frozen=True):
    """The sum over a span of steps. Its interval is its own: errors of days partly cancel within a month.

    `replayed`: of each origin what this method said of the sum, not knowing how that origin came out, and what came.
    """

    mean: float
    lower: float
    upper: float
    replayed: tuple[tuple[float, float], ...] = ()


class Forecast(Struct, frozen=True):
    """`mean`, `lower` and `upper` a step; `error` and `coverage` are those of this very method on the past.

    `error`: Σ|actual − forecast| ÷ Σ|actual| over the origins that were replayed (NaN where all actuals are zero);
    `coverage`: the share of the replayed values that lay inside their intervals; `origins`: how many were replayed,
    `cuts` where, as places in the history.
    """

    mean: Values
    lower: Values
    upper: Values
    level: float
    error: float
    coverage: float
    origins: int
    candidates: tuple[Judged, ...]
    sums: tuple[Sum, ...] = ()
    cuts: tuple[int, ...] = ()
