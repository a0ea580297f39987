"""No strategy decides from what had not happened yet."""

import numpy as np
import pytest

from trimtab.advice.rightsizing.book import STRATEGIES
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse, daily_use, together

_DAYS = 16
_STEP_MS = 900_000


def _made(seed: int) -> DailyUse:
    random = np.random.default_rng(seed)
    times = np.arange(0, _DAYS * DAY_MS, _STEP_MS)
    level = np.where(times > random.integers(3, 12) * DAY_MS, random.uniform(5, 60), random.uniform(5, 60))
    values = level * (1 + 0.2 * np.sin(2 * np.pi * times / DAY_MS)) + random.exponential(2.0, len(times))
    values[random.random(len(times)) < 0.01] *= 4
    return daily_use(times, values, 0, _DAYS)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_changing_the_future_changes_no_past_decision(name: str) -> None:
    strategy = STRATEGIES[name]
    whole = together([_made(seed) for seed in range(6)])
    told = strategy.sizes(whole)
    assert told.shape == (6, _DAYS + 1)
    for day in (1, 4, 8, _DAYS - 1):
        other = DailyUse(0, whole.quantiles.copy(), whole.means.copy(), whole.points.copy())
        other.quantiles[:, day:] = other.quantiles[:, day:] * 7.0 + 100.0
        other.means[:, day:] = other.means[:, day:] * 7.0 + 100.0
        other.means[0, day:], other.quantiles[0, day:], other.points[0, day:] = np.nan, np.nan, 0
        np.testing.assert_array_equal(told[:, : day + 1], strategy.sizes(other)[:, : day + 1])
        np.testing.assert_array_equal(told[:, : day + 1], strategy.sizes(whole.until(day)))


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"nothing"}))
def test_the_past_does_matter(name: str) -> None:
    whole = together([_made(seed) for seed in range(3)])
    other = DailyUse(0, whole.quantiles * 2, whole.means * 2, whole.points)
    assert np.nanmax(np.abs(STRATEGIES[name].sizes(other) - STRATEGIES[name].sizes(whole))) > 1


def test_a_day_without_points_is_left_out() -> None:
    whole = _made(3)
    for array in (whole.quantiles, whole.means):
        array[0, 5:8] = np.nan
    whole.points[0, 5:8] = 0
    for name, strategy in STRATEGIES.items():
        assert np.isfinite(strategy.sizes(whole)[0, 1:]).all(), name
