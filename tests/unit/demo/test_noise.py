import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.demo import noise

KEYS = noise.keys_of(7, "test", ["a", "b", "c"])
MONDAY_MS = 1_763_942_400_000  # 2025-11-24, 00:00 UTC


@given(st.integers(0, 200), st.integers(1, 60))
def test_a_slice_of_time_is_the_same_whatever_is_asked_with_it(start: int, length: int) -> None:
    times = MONDAY_MS + np.arange(300) * noise.STEP_MS
    part = slice(start, start + length)
    for made in (noise.white, lambda keys, at: noise.drift(keys, at, 420)):
        np.testing.assert_array_equal(made(KEYS, times)[:, part], made(KEYS, times[part]))


def test_both_resolutions_agree_where_they_meet() -> None:
    fine = MONDAY_MS + np.arange(0, 6001, 1) * noise.STEP_MS
    np.testing.assert_array_equal(noise.white(KEYS, fine)[:, ::20], noise.white(KEYS, fine[::20]))


def test_noise_is_centred_and_bounded() -> None:
    times = MONDAY_MS + np.arange(20_000) * noise.STEP_MS
    values = noise.white(KEYS, times)
    assert np.abs(values).max() < 1
    assert np.abs(values.mean(axis=1)).max() < 0.02
    assert not np.array_equal(values[0], values[1])


def test_drift_has_no_steps() -> None:
    times = MONDAY_MS + np.arange(5000) * noise.STEP_MS
    values = noise.drift(KEYS, times, 3600)
    assert np.abs(values).max() <= 1
    assert np.abs(np.diff(values, axis=1)).max() < 0.02


def test_people_work_by_day_and_in_the_week() -> None:
    hours = MONDAY_MS + np.arange(7 * 24) * 3_600_000
    demand = noise.season(hours, 15, 0.25, 0.5)
    assert int(np.argmax(demand[:24])) == 15
    assert demand[3] < 0.3
    assert demand[15] == 1
    saturday = 5 * 24
    assert abs(demand[saturday + 15] - 0.5) < 0.01
    assert np.abs(np.diff(noise.season(MONDAY_MS + np.arange(7 * 288) * 300_000, 15, 0.25, 0.5))).max() < 0.03
