"""Requests one by one under policies: alike to `play` where nothing scales, and what waits is what a policy sees."""

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.requests import play
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.replay.lanes import Group
from trimtab.scaling.replay.requests import replay_requests

KEEP = Objective(0.0, 1e9, 1e9)
"""Never asks for more than what arrives needs, nor for less."""


def _group(rule: Objective, least: int = 1, most: int = 50, lag_s: float = 0.0, launch_s: float = 3.0) -> Group:
    fleet = Fleet((Pool("one", 1.0),), 1.0, launch_s, least=least, most=most, metric_lag_s=lag_s)
    return Group(fleet, (rule,), block_in=False)


@pytest.mark.parametrize("replicas", [1, 3, 7])
def test_a_fixed_number_serves_as_play_does(replicas: int) -> None:
    generator = np.random.default_rng(replicas)
    arrivals = np.cumsum(generator.exponential(0.3, 500))
    service = generator.exponential(0.8, 500)
    found = replay_requests(arrivals, service, _group(KEEP, replicas, replicas), start_with=replicas)
    waits = play(arrivals, service, np.zeros(1), np.array([float(replicas)]))
    np.testing.assert_allclose(found.latencies_s, waits.waits_s + service, rtol=0, atol=1e-9)
    assert found.replica_seconds == pytest.approx(replicas * np.ceil(arrivals[-1]))


def test_what_waits_is_drained_and_replicas_come_after_their_launch() -> None:
    arrivals, service = np.full(20, 0.5), np.full(20, 1.0)
    found = replay_requests(arrivals, service, _group(Objective(0.0, 1.0, 1e9)), seconds=30)
    assert found.ready[:4].tolist() == [1, 1, 1, 39]  # asked for at 1 s: 20 arrive and 19 wait; in service at 4 s
    assert found.paid[1] == 39
    assert found.quantile(1.0) == pytest.approx(4.5)
    assert not np.isnan(found.latencies_s).any()


def test_older_metrics_are_answered_later() -> None:
    arrivals, service = np.full(20, 0.5), np.full(20, 1.0)
    slow = replay_requests(arrivals, service, _group(Objective(0.0, 1.0, 1e9), lag_s=3.0), seconds=30)
    soon = replay_requests(arrivals, service, _group(Objective(0.0, 1.0, 1e9)), seconds=30)
    assert slow.quantile(1.0) > soon.quantile(1.0)


def test_a_replica_that_is_killed_loses_its_request_and_is_replaced() -> None:
    arrivals, service = np.array([0.1, 0.2, 9.0]), np.array([5.0, 5.0, 1.0])
    found = replay_requests(arrivals, service, _group(KEEP, 2, 2), start_with=2, seconds=12, kills_s=(1.5,))
    assert np.isnan(found.latencies_s).tolist() == [False, True, False]
    assert (found.ready[1], found.ready[4]) == (1.0, 2.0)
    assert found.replica_seconds == pytest.approx(24.0)


def test_scaling_in_lets_a_replica_end_what_it_serves() -> None:
    arrivals, service = np.array([0.0, 0.0, 0.0]), np.array([10.0, 10.0, 10.0])
    found = replay_requests(arrivals, service, _group(Objective(0.0, 1.0, 2.0)), start_with=3, seconds=12)
    assert found.ready[-1] == 1
    assert found.latencies_s.tolist() == [10.0, 10.0, 10.0]
    assert found.replica_seconds < 3 * 12


def test_what_cannot_be_replayed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="as many service times"):
        replay_requests(np.zeros(2), np.zeros(1), _group(KEEP))
    with pytest.raises(InvalidInput, match="times in order"):
        replay_requests(np.array([1.0, 0.0]), np.zeros(2), _group(KEEP))
