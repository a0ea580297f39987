"""Growing traffic and its stopping conditions."""

import pytest

from trimtab.inference.traffic import Phase, Stop, Traffic, Window, chosen, ended, knee


def _window(users: int, per_min: float, p95: float = 10.0) -> Window:
    return Window(users, per_min, p95, 2 * p95, p95 / 2)


def test_users_come_at_the_rate_of_their_phase_and_stay() -> None:
    traffic = Traffic((Phase(2, 3, 120), Phase(1, 0, 60)))
    assert [2, 3, 5, 7, 9] == [traffic.users_at(at) for at in (0, 20, 60, 119.9, 121)]
    assert 180 == traffic.seconds


def test_stairs_add_users_at_each_step() -> None:
    traffic = Traffic.stairs(60, 3, 2)
    assert [2, 2, 4, 6] == [traffic.users_at(at) for at in (0, 59, 60, 121)]


def test_invocations_that_level_out_end_a_test_unless_it_goes_on() -> None:
    windows = [_window(1, 100), _window(2, 200), _window(3, 204)]
    assert "FlatInvocations" in ended(windows, Stop())
    assert "" == ended(windows, Stop(flat_stops=False))
    assert 1 == knee(windows)
    assert windows[1] == chosen(windows, Stop())


@pytest.mark.parametrize(
    ("stop", "said"),
    [(Stop(most_per_min=150), "MaxInvocations"), (Stop(latency_ms=15), "P95"), (Stop(0, "P99", 30), "P99")],
)
def test_a_limit_ends_a_test(stop: Stop, said: str) -> None:
    assert said in ended([_window(1, 100), _window(2, 200, p95=20)], stop)
    assert "" == ended([_window(1, 100)], stop)


def test_without_a_knee_the_most_within_the_latency_counts() -> None:
    windows = [_window(1, 100), _window(2, 200), _window(4, 390, p95=90)]
    assert windows[1] == chosen(windows, Stop(latency_ms=50))
    assert None is chosen(windows, Stop(latency_ms=5))
