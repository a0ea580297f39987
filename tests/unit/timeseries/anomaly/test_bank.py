"""The detector finds what is unusual, and what it says depends on nothing but the points that came."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.timeseries.anomaly.alerts import REST, SILENT, STEP, THRESHOLD, alerts
from trimtab.timeseries.anomaly.bank import HISTORY, Bank, anomalies
from trimtab.timeseries.anomaly.kernel import CAP

STEP_MS = 300_000
DAY = 288


def daily(days: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Five-minute points of a metric with a daily shape and noise."""
    rng = np.random.default_rng(seed)
    times = 1_764_000_000_000 + STEP_MS * np.arange(days * DAY)
    values = 50 + 20 * np.sin(2 * np.pi * np.arange(days * DAY) / DAY) + rng.normal(0, 1, days * DAY)
    return times, values


def alone(bank: Bank, row: int, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    return bank.score(np.array([row]), np.array([0, len(times)]), times, values).scores


def test_a_level_that_never_was_raises_an_alert_within_the_hour_and_no_other_for_the_rest_period() -> None:
    times, values = daily(8)
    values[6 * DAY : 6 * DAY + 40] += 45
    found = np.flatnonzero(anomalies(times, values).alerts)
    inside = found[(found >= 6 * DAY) & (found < 6 * DAY + REST)]
    assert len(inside) == 1
    assert inside[0] <= 6 * DAY + 12


def test_what_comes_back_every_day_is_normal() -> None:
    times, values = daily(10, seed=3)
    values.reshape(10, DAY)[:, 100:106] += 30
    found = np.flatnonzero(anomalies(times, values).alerts)
    assert len(found[found > 6 * DAY]) <= 1


def test_a_night_that_looks_like_a_day_is_unusual_though_its_values_are_not() -> None:
    times, values = daily(10)
    values[8 * DAY + 200 : 8 * DAY + 260] = values[8 * DAY + 60 : 8 * DAY + 120]
    scores = anomalies(times, values).scores
    assert scores[8 * DAY + 200 : 8 * DAY + 260].max() > np.quantile(scores[5 * DAY : 8 * DAY], 0.99)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6), st.integers(0, 5))
def test_scores_do_not_depend_on_how_the_points_are_cut_or_on_the_other_series(cuts: list[int], seed: int) -> None:
    times, values = daily(9, seed)
    whole = anomalies(times, values)
    other_times, other_values = daily(3, seed + 100)
    bank = Bank.of(3)
    alone(bank, 1, other_times, other_values)
    edges = np.unique(np.clip([0, *np.cumsum(cuts), len(times)], 0, len(times)))
    parts = [
        bank.score(np.array([2]), np.array([0, b - a]), times[a:b], values[a:b]) for a, b in pairwise(edges.tolist())
    ]
    assert np.array_equal(whole.scores, np.concatenate([part.scores for part in parts]))
    assert np.array_equal(whole.alerts, np.concatenate([part.alerts for part in parts]))


def test_a_tick_of_many_series_is_each_of_them_by_itself() -> None:
    series = [daily(6, seed) for seed in range(7)]
    bank = Bank.of(10)
    rows = np.array([9, 1, 4, 0, 7, 2, 3])
    for row, (times, values) in zip(rows, series, strict=True):
        alone(bank, int(row), times[:-3], values[:-3])
    tails = [(times[-3:], values[-3:]) for times, values in series]
    together = bank.score(
        rows, np.arange(8) * 3, np.concatenate([t for t, _ in tails]), np.concatenate([v for _, v in tails])
    )
    expected = np.concatenate([anomalies(times, values).scores[-3:] for times, values in series])
    assert np.array_equal(expected, together.scores)


def test_a_score_never_passes_what_all_views_together_may_say() -> None:
    times, values = daily(4)
    values[-1] = 1e12
    scores = anomalies(times, values).scores
    assert scores.min() >= 0.0
    assert scores.max() <= CAP


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    times, values = daily(15)
    bank = Bank.of(1)
    alone(bank, 0, times, values)
    kept_times, kept = bank.points(0)
    assert len(kept) == HISTORY
    assert np.array_equal(times[-HISTORY:], kept_times)
    assert np.allclose(values[-HISTORY:], kept, atol=1e-4)
    assert sum(array.nbytes for _, array in bank.arrays()) < 45_000


def test_a_forgotten_row_begins_anew() -> None:
    times, values = daily(3)
    bank = Bank.of(2)
    alone(bank, 1, times, values)
    bank.forget(1)
    assert bank.last_ms(1) == 0
    assert np.array_equal(anomalies(times, values).scores, alone(bank, 1, times, values))


def test_points_that_go_back_or_are_not_numbers_are_refused_and_change_nothing() -> None:
    times, values = daily(2)
    bank = Bank.of(1)
    alone(bank, 0, times, values)
    before = {name: array.copy() for name, array in bank.arrays()}
    later = times + times[-1] - times[0] + STEP_MS
    for bad_times, bad_values in (
        (times, values),
        (later[::-1], values),
        (later, np.where(np.arange(len(values)) == 3, np.nan, values)),
    ):
        with pytest.raises(ValueError, match="cannot score"):
            alone(bank, 0, bad_times, bad_values)
    assert all(np.array_equal(before[name], array) for name, array in bank.arrays())


def test_a_series_that_cries_often_must_cry_louder() -> None:
    scores = np.zeros(1000)
    scores[::150] = THRESHOLD + 0.2
    worn = np.array([0.0, np.inf])
    raised = np.flatnonzero(alerts(scores, worn, seen=SILENT))
    assert raised.tolist() == [0, 150]
    assert 1.8 * STEP < worn[0] < 2 * STEP


def test_a_series_that_is_hardly_known_raises_no_alert() -> None:
    scores = np.full(SILENT + 1, 9.0)
    assert [SILENT] == np.flatnonzero(alerts(scores, np.array([0.0, np.inf]))).tolist()


def test_an_empty_call_says_nothing() -> None:
    assert len(anomalies(np.empty(0, np.int64), np.empty(0)).scores) == 0
