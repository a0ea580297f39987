"""Joules from counters and from power, and the power limit that they advise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.progress.energy import EnergyBasis, joules_at, measured, of_counter, of_power
from trimtab.progress.power_files import power_readings, trials, windows
from trimtab.progress.power_limits import Trial, advise


def test_a_counter_s_growth_within_the_time_counts() -> None:
    found = of_counter([(0, 1000), (10, 2000), (20, 4000)], 5, 15)
    assert found is not None
    assert (500 + 1000, 10, EnergyBasis.COUNTER) == (found.joules, found.covered_s, found.basis)


def test_a_counter_that_falls_began_anew() -> None:
    found = of_counter([(0, 9000), (10, 9500), (20, 300)], 0, 20)
    assert found is not None
    assert 800 == found.joules


def test_power_is_integrated_by_trapezoid_with_its_ends_between_readings() -> None:
    found = of_power([(0, 100), (10, 200)], 5, 10)
    assert found is not None
    assert (875, 5) == (found.joules, found.covered_s)


def test_a_time_without_readings_is_not_made_up() -> None:
    found = of_power([(0, 100), (10, 100), (5000, 100), (5010, 100)], 0, 5010)
    assert found is not None
    assert (2000, 20) == (found.joules, found.covered_s)


def test_the_counter_comes_first_then_power_then_nothing() -> None:
    power = [(0.0, 100.0), (10.0, 100.0)]
    by_counter, by_power = measured([(0, 0), (10, 5)], power, 0, 10), measured([(0, 0)], power, 0, 10)
    assert by_counter is not None
    assert by_power is not None
    assert (5, 1000) == (by_counter.joules, by_power.joules)
    assert measured([], [], 0, 10) is None


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=20), st.floats(0.1, 0.9))
def test_energy_of_two_parts_is_that_of_the_whole(watts: list[float], cut: float) -> None:
    readings = [(float(at), value) for at, value in enumerate(watts)]
    end = float(len(watts) - 1)
    whole, first, last = (
        of_power(readings, 0, end),
        of_power(readings, 0, cut * end),
        of_power(readings, cut * end, end),
    )
    assert whole is not None
    assert first is not None
    assert last is not None
    assert whole.joules == pytest.approx(first.joules + last.joules)


def test_joules_a_token_of_steady_work_are_power_by_rate() -> None:
    assert 0.35 == joules_at(700, 2000)
    assert joules_at(700, 0) is None


TRIALS = [Trial.drawn(250, 100, 240), Trial.drawn(200, 103, 195), Trial.drawn(150, 118, 148)]


def test_the_limit_with_the_fewest_joules_and_that_which_is_hardly_slower() -> None:
    found = advise(TRIALS)
    assert found is not None
    assert (150, 200, 250) == (found.fewest_joules.limit_w, found.hardly_slower.limit_w, found.top.limit_w)
    assert 1 - 103 * 195 / 24_000 == pytest.approx(found.hardly_slower.saving)
    assert "limit to 200 W: 16.3% less energy than at 250 W, 3.0% slower; fewest joules at 150 W" in found.words


def test_trials_of_one_limit_advise_nothing() -> None:
    assert advise([Trial(250, 1, 1), Trial(250, 2, 2), Trial(200, 0, 1)]) is None


def test_where_no_lower_limit_pays_the_highest_is_kept() -> None:
    found = advise([Trial.drawn(250, 100, 240), Trial.drawn(200, 130, 195)])
    assert found is not None
    assert "keep 250 W: no lower limit saves energy for at most 5% of time" == found.words


def test_exactly_five_percent_of_time_is_allowed() -> None:
    found = advise([Trial.drawn(250, 100, 240), Trial.drawn(200, 105, 195)])
    assert found is not None
    assert 200 == found.hardly_slower.limit_w


def test_zeus_windows_are_read_and_name_their_limits() -> None:
    text = (
        "start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy\n"
        "5.5,__GlobalPowerLimitOptimizer_300,10,2000,1000\n"
        "9,epoch_3,10,1500,\n"
        "12,__GlobalPowerLimitOptimizer_250,0,1,1\n"
        "13,x,abc,1,1\n"
    )
    read = windows(text.splitlines())
    assert [(300.0, 3000.0, 5.5), (None, 1500.0, 9.0)] == [(one.limit_w, one.joules, one.start_s) for one in read.rows]
    assert (4, 5) == read.unreadable


def test_trials_are_read_by_job() -> None:
    text = "network,batch_size,power_limit,time_per_epoch,average_power\nr,8,100,10,90\nr,8,150,9,140\nq,8,100,nan,1\n"
    read = trials(text.splitlines())
    assert {(("network", "r"), ("batch_size", "8")): [Trial(100, 10, 900), Trial(150, 9, 1260)]} == read.rows
    assert (4,) == read.unreadable


def test_readings_of_nodes_are_read() -> None:
    read = power_readings(["run,node,time_ms,watts", "a,n0,1000,50", "a,n0,oops,50", "a,n0,2000,70"])
    assert {("a", "n0"): [(1.0, 50.0), (2.0, 70.0)]} == read.rows
    assert (3,) == read.unreadable


def test_a_file_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="no column power_limit"):
        trials(["a,b", "1,2"])
    with pytest.raises(InvalidInput, match="expected a column such as gpu0_energy"):
        windows(["window_name,elapsed_time", "a,1"])


def test_of_limits_with_equal_joules_the_higher_is_taken() -> None:
    found = advise([Trial(250, 10, 2000), Trial(200, 10, 1500), Trial(150, 10, 1500)])
    assert found is not None
    assert 200 == found.fewest_joules.limit_w


def test_a_file_that_is_no_table_is_refused_and_short_rows_are_named() -> None:
    with pytest.raises(InvalidInput, match="cannot read a file of energy"):
        trials(["network,power_limit,time_per_epoch,average_power", "x" * 200_000])
    read = trials(["power_limit,time_per_epoch,average_power,network", "100,10,90", "100"])
    assert {(("network", ""),): [Trial(100, 10, 900)]} == read.rows
    assert (3,) == read.unreadable
