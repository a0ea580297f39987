import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.capacity.queueing import erlang_c, is_unsafe, mean_wait, wait_quantile
from trimtab.capacity.simulate.requests import play


def test_formulas_are_those_of_the_books() -> None:
    assert 0.5 == pytest.approx(erlang_c(1, 0.5))  # M/M/1: the load itself
    assert 1 / 3 == pytest.approx(erlang_c(2, 1.0))
    assert 1.0 == pytest.approx(mean_wait(1, 0.5, 1.0))
    assert 0.5 == pytest.approx(mean_wait(1, 0.5, 1.0, service_cv=0.0))  # M/D/1 waits half as long
    assert math.log(0.5 / 0.05) / 0.5 == pytest.approx(wait_quantile(1, 0.5, 1.0, 0.95))
    assert is_unsafe(10, 8.0, 1.0)
    assert not is_unsafe(10, 5.0, 1.0)
    with pytest.raises(InvalidInput, match="more than 2"):
        erlang_c(2, 2.0)


def slow_play(arrivals: list[float], service: list[float], places: int, patience: float) -> list[float]:
    """With a constant number of places: each request takes the place that is free first."""
    free, waits = [0.0] * places, []
    for came, took in zip(arrivals, service, strict=True):
        at = min(range(places), key=lambda one: free[one])
        waited = max(0.0, free[at] - came)
        waits.append(waited if waited <= patience else math.nan)
        if waited <= patience:
            free[at] = came + waited + took
    return waits


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=60),
    st.integers(1, 4),
    st.sampled_from([math.inf, 5.0, 0.0]),
)
def test_requests_wait_as_in_a_slow_play(some: list[tuple[int, int]], places: int, patience: float) -> None:
    arrivals = sorted(float(one) for one, _ in some)
    service = [float(two) for _, two in some]
    found = play(np.array(arrivals), np.array(service), np.array([0.0]), np.array([1.0]), slots=places,
                 patience_s=patience)  # fmt: skip
    assert slow_play(arrivals, service, places, patience) == pytest.approx(found.waits_s.tolist(), nan_ok=True)


def test_replicas_come_and_go() -> None:
    arrivals, service = np.array([0.0, 1.0, 2.0]), np.array([10.0, 10.0, 10.0])
    found = play(arrivals, service, np.array([0.0, 5.0]), np.array([1.0, 2.0]))
    assert [0, 4, 8] == found.waits_s.tolist()
    stopped = play(arrivals, service, np.array([0.0, 5.0]), np.array([1.0, 0.0]))
    assert 2 / 3 == pytest.approx(stopped.lost)  # what was being served is ended, nobody else is served
    assert 0.0 == found.lost
    assert 1 / 3 == pytest.approx(found.within(10.0))


def test_near_saturation_bursts_wait_longer_than_the_formula_says() -> None:
    generator, servers, service = np.random.default_rng(4), 10, 1.0
    rate = 8.3
    bursts = np.repeat(np.cumsum(generator.exponential(4 / rate, 20_000)), 4)  # four at a time
    times = generator.exponential(service, len(bursts))
    found = play(bursts, times, np.array([0.0]), np.array([float(servers)]))
    assert found.quantile(0.95) > 1.2 * wait_quantile(servers, rate, service, 0.95)
    steady = np.cumsum(generator.exponential(1 / rate, 80_000))
    alike = play(steady, times, np.array([0.0]), np.array([float(servers)]))
    assert mean_wait(servers, rate, service) == pytest.approx(float(np.nanmean(alike.waits_s)), rel=0.15)
