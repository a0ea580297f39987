"""The contract of a strategy: from the use of the past to a size for each day, and for tomorrow.

A size for day `k` may depend on days before `k` only; `tests/unit/advice/rightsizing/test_past_only.py` holds every
strategy in `book.STRATEGIES` to it. Strategies are values: settings and a pure function.
"""

from typing import Protocol

import numpy as np

from trimtab.advice.rightsizing.use import LEVELS, DailyUse, Floats
from trimtab.advice.rightsizing.walking import kernel

LEVEL_ARRAY = np.array(LEVELS)
FLAT = 1e300
"""A half-life (days) with which nothing decays."""


class Strategy(Protocol):
    """Decides sizes. `name` is a word of the API, `title` what pages call it."""

    @property
    def name(self) -> str:
        """A word: lower case, dashes."""
        ...

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        ...

    def sizes(self, use: DailyUse) -> Floats:
        """Sizes in the unit of `use`, `[n, days + 1]`: the last is tomorrow's. NaN where too little is known."""
        ...


def quantile_before(use: DailyUse, wanted: float, lookback: int, half_life: float = FLAT) -> Floats:
    """A quantile of the days before each day, `[n, days + 1]`: at most `lookback` of them. NaN where there are none."""
    found = np.empty((len(use), use.days + 1, 1))
    kernel.rolling(use.quantiles, LEVEL_ARRAY, lookback, half_life, np.array([wanted]), found)
    return found[:, :, 0]


def known_points(use: DailyUse, lookback: int) -> Floats:
    """How many points the days before each day have, `[n, days + 1]`: at most `lookback` days."""
    summed = np.concatenate([np.zeros((len(use), 1)), np.cumsum(use.points, axis=1)], axis=1)
    early = np.concatenate([np.zeros((len(use), lookback)), summed], axis=1)[:, : use.days + 1]
    found: Floats = summed - early
    return found
