"""The detector finds what is unusual, and what it says depends on nothing but the points that came."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.base.errors import SetupError
from trimtab.settings import load
from trimtab.timeseries.anomaly.alerts import REST, SILENT, STEP, THRESHOLD, alerts, fresh, threshold_for
from trimtab.timeseries.anomaly.bank import HISTORY, Bank, anomalies
from trimtab.timeseries.anomaly.kernel import CAP, FAR, FURTHEST, LEAD

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
    said = anomalies(times, values).said
    assert said.min() >= 0.0
    assert said[:, 0].max() <= CAP
    assert FAR - LEAD < said[-1, 1] <= FAR - LEAD + np.log10(FURTHEST / FAR)
    values[-1] = 1e15
    assert anomalies(times, values).said[-1, 1] >= said[-1, 1]


def test_of_points_beyond_all_that_was_seen_the_further_one_says_more() -> None:
    times, values = daily(8)
    low, high = values.copy(), values.copy()
    low[-1] += 1_000.0
    high[-1] += 10_000.0
    ours = [float(anomalies(times, one).scores[-1]) for one in (low, high)]
    assert FAR - LEAD < ours[0] < ours[1] < FAR - LEAD + 5


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


def test_what_is_not_a_number_is_refused_and_changes_nothing() -> None:
    times, values = daily(2)
    bank = Bank.of(1)
    alone(bank, 0, times, values)
    before = {name: array.copy() for name, array in bank.arrays()}
    later = times + times[-1] - times[0] + STEP_MS
    with pytest.raises(ValueError, match="cannot score"):
        alone(bank, 0, later, np.where(np.arange(len(values)) == 3, np.nan, values))
    assert all(np.array_equal(before[name], array) for name, array in bank.arrays())


def test_a_local_clock_that_goes_back_an_hour_is_taken_however_points_are_cut() -> None:
    times, values = daily(9, seed=4)
    local = np.where(np.arange(len(times)) >= 7 * DAY, times - 3_600_000, times)
    said = anomalies(local, values)
    assert np.isfinite(said.scores).all()
    bank = Bank.of(1)
    parts = [
        alone(bank, 0, local[a:b], values[a:b]) for a, b in ((0, 7 * DAY), (7 * DAY, 7 * DAY + 5), (7 * DAY + 5, None))
    ]
    assert np.array_equal(said.scores, np.concatenate(parts))
    assert (np.diff(bank.points(0)[0]) >= 0).all()


def test_points_that_come_late_count_where_they_come() -> None:
    times, values = daily(3)
    late = times.copy()
    late[500:510] = late[500:510][::-1]
    clamped = np.maximum.accumulate(late)
    assert np.array_equal(anomalies(clamped, values).scores, anomalies(late, values).scores)


def test_a_jump_that_never_was_is_sudden_though_its_level_is_usual() -> None:
    times, values = daily(9, seed=2)
    at = 7 * DAY + 100
    values[at] = values[at] - 20
    said = anomalies(times, values)
    assert said.said[at, 1] > said.said[at, 0]
    assert said.scores[at] == said.said[at, 1]
    assert said.alerts[at]


def test_a_series_that_cries_often_must_cry_louder_to_each_judge_by_itself() -> None:
    for judge, expected in ((0, [0, 150]), (1, [0])):
        said = np.zeros((1000, 2))
        said[::150, judge] = THRESHOLD + 0.2
        worn = fresh()
        assert expected == np.flatnonzero(alerts(said, worn, seen=SILENT)).tolist()
        assert 0.9 * len(expected) * STEP[judge] < worn[judge, 0] < len(expected) * STEP[judge]
        assert worn[1 - judge, 0] == 0.0


def test_a_sudden_alert_does_not_silence_the_lasting_judge() -> None:
    said = np.zeros((60, 2))
    said[0, 1], said[30, 0] = 5.0, 3.0
    assert [0, 30] == np.flatnonzero(alerts(said, fresh(), seen=SILENT)).tolist()


def test_a_series_that_is_hardly_known_raises_no_alert() -> None:
    said = np.full((SILENT + 1, 2), 9.0)
    assert [SILENT] == np.flatnonzero(alerts(said, fresh())).tolist()


def test_what_is_sorted_once_stays_sorted_and_is_sorted_anew_where_it_was_read() -> None:
    times, values = daily(16, seed=6)
    bank, copy = Bank.of(1), Bank.of(1)
    alone(bank, 0, times[:-5], values[:-5])
    size = bank.sizes[0]
    assert np.array_equal(np.sort(bank.values[0, :size]), bank.ordered[0, :size])
    for (_, mine), (_, held) in zip(copy.arrays(), bank.arrays(), strict=True):
        mine[...] = held
    assert np.array_equal(alone(bank, 0, times[-5:], values[-5:]), alone(copy, 0, times[-5:], values[-5:]))


def test_a_rate_of_false_alarms_gives_its_threshold_and_what_is_beyond_the_known_the_nearest() -> None:
    assert THRESHOLD == pytest.approx(threshold_for(1.5))
    assert threshold_for(0.4) == pytest.approx(3.0)
    assert 1.6 < threshold_for(1.3) < 2.0
    assert (threshold_for(1e-6), threshold_for(99.0)) == (9.0, 1.2)
    assert threshold_for(0.01) == pytest.approx(7.4)


def test_one_false_alarm_a_week_of_a_thousand_series_is_the_least_that_can_be_set() -> None:
    assert load({"TRIMTAB_ANOMALY_FALSE_ALARMS": "1"}).anomaly_false_alarms == 1
    for wrong in ("0", "2001"):
        with pytest.raises(SetupError, match="whole number from 1 to 2000"):
            load({"TRIMTAB_ANOMALY_FALSE_ALARMS": wrong})


def test_a_rate_of_false_alarms_comes_true_on_series_to_which_nothing_happens() -> None:
    weeks, raised = 0.0, {1.5: 0, 0.4: 0}
    for seed in range(12):
        times, values = daily(28, seed)
        values += np.random.default_rng(seed).normal(0, 0.5, len(values)).cumsum() * 0.2
        said = anomalies(times, values).said
        weeks += 3.0
        for rate in raised:
            raised[rate] += int(alerts(said, fresh(), threshold_for(rate))[7 * DAY :].sum())
    for rate, number in raised.items():
        assert number / weeks < 1.6 * rate


def test_an_empty_call_says_nothing() -> None:
    assert len(anomalies(np.empty(0, np.int64), np.empty(0)).scores) == 0
