import numpy as np
import pytest

from trimtab.capacity.waits.survival import distribution_of


def _of(lengths, started=None, weights=None, age_s=0.0):
    number = len(lengths)
    ended = np.array([True] * number if started is None else started)
    return distribution_of(np.array(lengths, float), ended, np.array(weights or [1.0] * number), age_s)


def test_without_censoring_shares_are_counts():
    found = _of([1, 2, 3, 4])
    assert [0.25, 0.5, 0.75, 1.0] == pytest.approx(list(found.shares))
    assert (2, 4) == (found.quantile(0.5), found.quantile(1.0))


def test_who_never_started_waited_longer_than_he_was_seen_to():
    # Kaplan and Meier by hand: at 1 one of four starts (3/4 left), at 2 one is lost, at 3 one of two starts (3/8 left)
    found = _of([1, 2, 3, 4], [True, False, True, True])
    assert [0.25, 0.25, 0.625, 1.0] == pytest.approx(list(found.shares))


def test_of_equal_times_starts_come_first():
    assert [0.5, 0.5] == pytest.approx(list(_of([2, 2], [False, True]).shares))


def test_weights_count():
    assert [0.75, 1.0] == pytest.approx(list(_of([1, 2], weights=[3.0, 1.0]).shares))


def test_only_waits_as_long_as_the_age_are_looked_at():
    assert [60, 90] == list(_of([1, 59, 60, 90], age_s=60).times)


def test_nothing_is_said_where_none_started():
    assert _of([1, 2], [False, False]) is None
    assert _of([1, 2], age_s=60) is None


def test_the_shortest_interval_is_where_waits_crowd():
    assert (10, 13) == _of([10, 11, 12, 13, 900]).shortest(0.8)
    assert (20, 23) == _of([1, 20, 21, 22, 23]).shortest(0.8)


def test_where_too_few_ended_the_interval_goes_to_the_longest_that_was_seen():
    assert (5, 50) == _of([10, 50], [True, False], age_s=5).shortest(0.8)
