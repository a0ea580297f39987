"""Bands hold what they should: noise, seasons, trends and new levels inside, what is new outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.timeseries.bands import Settings, fit_bands

STEP_MS = 300_000
DAY = 288
BEGIN = 1_764_028_800_000  # midnight, a Tuesday


def grid(days: float) -> np.ndarray:
    return BEGIN + STEP_MS * np.arange(round(days * DAY))


def shape(times: np.ndarray, *, day: float = 0.0, week: float = 0.0, slope: float = 0.0) -> np.ndarray:
    days = (times - BEGIN) / 86_400_000
    weekend = ((days.astype(int) + 1) % 7) >= 5
    return 100 + day * np.sin(2 * np.pi * days) - week * weekend + slope * days


def coverage(known: np.ndarray, values: np.ndarray, width: float, ahead: np.ndarray, truth: np.ndarray) -> float:
    model = fit_bands(known, known, values)
    assert model is not None
    upper, lower = model.limits(ahead, ahead, width)
    return float(np.mean((truth <= upper) & (truth >= lower)))


@settings(max_examples=12)
@given(
    day=st.floats(0, 40),
    week=st.sampled_from([0.0, 30.0]),
    noise=st.floats(0.5, 8),
    seed=st.integers(0, 1000),
)
def test_the_next_day_lies_within_the_band_as_often_as_its_width_says(
    day: float, week: float, noise: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    times = grid(15)
    values = shape(times, day=day, week=week) + rng.normal(0, noise, len(times))
    known, ahead = times[: 14 * DAY], times[14 * DAY :]
    assert coverage(known, values[: 14 * DAY], 2.0, ahead, values[14 * DAY :]) >= 0.85
    assert coverage(known, values[: 14 * DAY], 4.0, ahead, values[14 * DAY :]) >= 0.98
    # It is not simply wide: half the day's swing above what is expected is outside, where the swing is far above noise.
    if day > 8 * noise:
        assert coverage(known, values[: 14 * DAY], 2.0, ahead, values[14 * DAY :] + day / 2) < 0.5


def test_a_trend_goes_on() -> None:
    times = grid(8)
    values = shape(times, slope=5.0) + np.random.default_rng(1).normal(0, 1, len(times))
    assert coverage(times[: 7 * DAY], values[: 7 * DAY], 3.0, times[7 * DAY :], values[7 * DAY :]) > 0.95


def test_a_new_level_that_lasted_is_normal_and_the_old_one_is_not() -> None:
    times = grid(8)
    values = shape(times) + np.random.default_rng(2).normal(0, 1, len(times))
    values[5 * DAY :] += 50
    model = fit_bands(times[: 7 * DAY], times[: 7 * DAY], values[: 7 * DAY])
    assert model is not None
    upper, lower = model.limits(times[7 * DAY :], times[7 * DAY :], 3.0)
    assert np.mean((values[7 * DAY :] <= upper) & (values[7 * DAY :] >= lower)) > 0.97
    assert (lower > 110).all()


def test_excluded_points_are_not_learnt_from() -> None:
    times = grid(7)
    values = shape(times) + np.random.default_rng(3).normal(0, 1, len(times))
    values[2 * DAY : 5 * DAY] += 500
    excluded = np.zeros(len(times), np.bool_)
    excluded[2 * DAY : 5 * DAY] = True
    model = fit_bands(times, times, values, excluded)
    assert model is not None
    upper, _ = model.limits(times[:DAY], times[:DAY], 3.0)
    assert upper.max() < 120


def test_limits_stay_within_the_logical_bounds() -> None:
    times = grid(3)
    values = np.clip(97 + np.random.default_rng(4).normal(0, 4, len(times)), 0, 100)
    model = fit_bands(times, times, values, settings=Settings(low=0.0, high=100.0))
    assert model is not None
    upper, lower = model.limits(times, times, 5.0)
    assert upper.max() <= 100.0
    assert lower.min() >= 0.0


def test_spikes_that_come_back_are_inside_where_the_detector_was_told_of_them() -> None:
    times = grid(8)
    values = shape(times) + np.random.default_rng(5).normal(0, 1, len(times))
    values.reshape(8, DAY)[:, 30] += 60
    at = times[7 * DAY + 30 : 7 * DAY + 31]
    known = times[: 7 * DAY]
    told = fit_bands(known, known, values[: 7 * DAY], settings=Settings(spikes=True))
    untold = fit_bands(known, known, values[: 7 * DAY], settings=Settings(spikes=False))
    assert told is not None
    assert untold is not None
    assert told.limits(at, at, 2.0)[0][0] > 155
    assert untold.limits(at, at, 2.0)[0][0] < 155


def test_noise_is_not_drawn_as_a_season() -> None:
    times = grid(7)
    model = fit_bands(times, times, np.random.default_rng(6).normal(0, 1, len(times)))
    assert model is not None
    assert model.profiles == ()


@pytest.mark.parametrize("number", [0, 1, 14])
def test_too_few_points_give_no_band(number: int) -> None:
    times = grid(1)[:number]
    assert fit_bands(times, times, np.ones(number)) is None


def test_a_constant_metric_has_a_band_of_almost_no_width() -> None:
    times = grid(2)
    model = fit_bands(times, times, np.full(len(times), 7.0))
    assert model is not None
    upper, lower = model.limits(times, times, 2.0)
    assert np.allclose(upper, 7.0, atol=1e-6)
    assert np.allclose(lower, 7.0, atol=1e-6)
    assert (upper > lower).all()
