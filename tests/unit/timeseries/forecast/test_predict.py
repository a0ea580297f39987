"""Forecasts of series whose future is known."""

import numpy as np
import pytest

from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory
from trimtab.timeseries.forecast.predict import predict

DAYS = 7 * 20


def week(length: int, seed: int = 0, noise: float = 1.0) -> np.ndarray:
    """A daily series with a weekly shape around 100."""
    shape = np.array([10.0, 12, 9, 11, 8, -25, -25])
    return 100 + np.resize(shape, length) + np.random.default_rng(seed).normal(0, noise, length)


def wrong(forecast: Forecast, actual: np.ndarray) -> float:
    return float(np.abs(forecast.mean - actual).sum() / np.abs(actual).sum())


def test_a_weekly_shape_goes_on() -> None:
    series = week(DAYS + 28)
    found = predict(Question(series[:DAYS], 28, (7,)))
    assert wrong(found, series[DAYS:]) < 0.015
    assert found.error < 0.015
    assert found.origins >= 2
    assert abs(sum(one.weight for one in found.candidates) - 1) < 1e-9


def test_a_new_level_is_believed_within_days() -> None:
    series = week(DAYS + 14)
    series[DAYS - 21 :] += 60  # a price change three weeks ago
    found = predict(Question(series[:DAYS], 14, (7,)))
    assert wrong(found, series[DAYS:]) < 0.05


def test_a_trend_goes_on() -> None:
    series = week(DAYS + 14) + np.arange(DAYS + 14)
    found = predict(Question(series[:DAYS], 14, (7,)))
    assert wrong(found, series[DAYS:]) < 0.03


def test_the_calendar_is_used_where_it_explains_what_cycles_cannot() -> None:
    length = 240
    first = np.arange(length + 31) % 30 == 0  # a fee on the first of each month
    series = week(length + 31) + 400 * first
    known = predict(Question(series[:length], 31, (7,), calendar=first[:, None]))
    unknown = predict(Question(series[:length], 31, (7,)))
    assert wrong(known, series[length:]) < 0.02 < wrong(unknown, series[length:])


def test_a_calendar_that_says_nothing_changes_nothing() -> None:
    shape = np.resize(np.array([10.0, 10, 10, 10, 10, 4, 4]), 144)
    marks = np.arange(144) % 30 == 29
    found = predict(Question(shape[:130], 14, (7,), calendar=marks[:, None]))
    assert np.allclose(found.mean, shape[130:])


def test_intervals_hold_what_they_say() -> None:
    inside = []
    for seed in range(5):
        series = week(DAYS + 14, seed, noise=6)
        found = predict(Question(series[:DAYS], 14, (7,), level=0.8))
        actual = series[DAYS:]
        inside.append(np.mean((actual >= found.lower) & (actual <= found.upper)))
    assert 0.7 <= np.mean(inside) <= 0.9


def test_the_interval_of_a_sum_is_narrower_than_the_sum_of_intervals() -> None:
    series = week(DAYS + 28, noise=6)
    found = predict(Question(series[:DAYS], 28, (7,), groups=((0, 28), (7, 14))))
    whole, second = found.sums
    assert np.isclose(whole.mean, found.mean.sum())
    assert np.isclose(second.mean, found.mean[7:14].sum())
    assert whole.upper - whole.lower < (found.upper - found.lower).sum()
    assert whole.lower < series[DAYS:].sum() < whole.upper


def test_the_future_changes_no_forecast() -> None:
    series = week(DAYS + 28)
    changed = series.copy()
    changed[DAYS:] = 1e6
    first, second = (predict(Question(one[:DAYS], 28, (7,))) for one in (series, changed))
    assert (first.mean == second.mean).all()


def test_gaps_are_bridged_and_a_limit_is_kept() -> None:
    series = week(DAYS) - 100
    series[40:45] = np.nan
    found = predict(Question(series, 14, (7,), least=0.0))
    assert np.isfinite(found.mean).all()
    assert (found.lower >= 0).all()


@pytest.mark.parametrize("length", [0, 3, 20])
def test_too_little_history_is_no_forecast(length: int) -> None:
    with pytest.raises(TooLittleHistory, match=r"^cannot forecast"):
        predict(Question(week(length) if length else np.array([np.nan]), 28, (7,)))


def test_constants_go_on() -> None:
    found = predict(Question(np.full(100, 5.0), 10, (7,)))
    assert np.allclose(found.mean, 5.0)
    assert np.allclose(found.upper - found.lower, 0.0)
