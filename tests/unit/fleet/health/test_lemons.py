"""Lemons: healthy fleets have none to speak of, a bad machine is found, and one fault in a short life is no lemon."""

import numpy as np
import pytest
from tests.unit.fleet.health.cluster import at, fault, path

from trimtab.fleet.health.lemons import Prior, incidents_of, prior_of, ranked, rate_of


def fleet(counts: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> dict[str, int]:
    return {str(at): int(count) for at, count in enumerate(counts)}


@pytest.mark.parametrize("mean", [0.3, 1, 5])
def test_of_a_hundred_healthy_nodes_with_one_rate_hardly_any_is_called_a_lemon(mean: float) -> None:
    draws = np.random.default_rng(7)
    days = dict.fromkeys(map(str, range(100)), 240.0)
    lemons = sum(len(ranked(fleet(draws.poisson(mean, 100)), days).lemons) for _ in range(60))
    assert lemons / 6000 <= 0.05


@pytest.mark.parametrize("mean", [1, 3])
def test_a_node_with_ten_times_the_rate_is_found_and_ranks_first(mean: float) -> None:
    draws = np.random.default_rng(8)
    days = dict.fromkeys(map(str, range(100)), 240.0)
    found = 0
    for _ in range(40):
        counts = draws.poisson(mean, 100)
        counts[42] = draws.poisson(10 * mean)
        ranking = ranked(fleet(counts), days)
        found += "42" in ranking.lemons and next(iter(ranking.rates)) == "42"
    assert found >= 32


def test_one_fault_in_a_short_life_is_no_lemon() -> None:
    days = {**dict.fromkeys(map(str, range(50)), 240.0), "new": 0.1}
    ranking = ranked({"1": 1, "2": 1, "new": 1}, days)
    assert ranking.rates["new"].rate > ranking.rates["1"].rate
    assert [] == ranking.lemons


def test_one_incident_is_never_a_lemon_however_high_its_rate() -> None:
    weights = np.zeros(41)
    weights[0] = 1.0  # a few machines have nearly all faults
    one, two = (rate_of(count, 0.001, Prior(0.001, weights)) for count in (1, 2))
    assert one.low > 0.001
    assert (False, True) == (one.lemon, two.lemon)


def test_two_faults_of_a_quiet_fleet_do_not_make_a_lemon() -> None:
    days = dict.fromkeys(map(str, range(20)), 1.0)
    assert [] == ranked({"0": 2}, days).lemons
    assert ["0"] == ranked({"0": 6}, days).lemons


def test_the_rate_of_one_machine_is_that_of_the_whole_ranking() -> None:
    days, counts = {str(at): 10.0 + at for at in range(30)}, {"3": 9, "4": 2, "9": 1}
    whole = ranked(counts, days)
    alone = ranked(counts, days, "3").rates
    assert ["3"] == list(alone)
    assert (alone["3"].low, alone["3"].high) == pytest.approx((whole.rates["3"].low, whole.rates["3"].high))
    assert {} == ranked(counts, {**days, "3": 0.0}, "3").rates


def test_a_fleet_too_small_or_without_faults_has_no_ranking() -> None:
    assert (None, {}) == ((none := ranked({"a": 9}, {"a": 9.0, "b": 9.0})).fleet_rate, none.rates)
    assert prior_of([0, 0, 0], [1.0, 1.0, 1.0]) is None
    assert prior_of([1, 0, 0], [0.0, 1.0, 1.0]) is None


def test_rates_are_a_gpu_day_and_shrink_towards_the_fleets() -> None:
    days = dict.fromkeys(map(str, range(20)), 100.0)
    ranking = ranked({"0": 20}, days)
    assert ranking.fleet_rate == pytest.approx(20 / 2000)
    one = ranking.rates["0"]
    assert (20, True) == (one.incidents, one.lemon)
    assert ranking.fleet_rate < one.low < one.rate < one.high
    assert one.rate < 0.2
    assert ranking.rates["1"].low < ranking.fleet_rate


def test_faults_of_one_cause_are_one_incident_and_programs_errors_are_none() -> None:
    told = [fault("n1", 0, 1), fault("n1", 1, 1.1, 74), fault("n1", 0, 3), fault("n1", 0, 5, 31), fault("n2", 0, 1, 31)]
    assert {path("n1"): [at(1), at(3)]} == incidents_of(told)
