"""Series that left their usual range together are told from those that share a day's shape, or drift."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.timeseries.together import deviations, rank

BEFORE, SLOTS = 72, 96


def day(rows: int, rng: np.random.Generator) -> np.ndarray:
    return 50 + 20 * np.sin(np.arange(SLOTS) / 15) + rng.normal(0, 1, (rows, SLOTS))


def ranked(window: np.ndarray, earlier: np.ndarray):  # type: ignore[no-untyped-def]  # the class is the function's
    away = deviations(window, earlier, BEFORE)
    return rank(away[0], away[1:], BEFORE)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), rise=st.floats(15, 500), sign=st.sampled_from([-1.0, 1.0]))
def test_whoever_moved_at_the_same_time_comes_first(seed: int, rise: float, sign: float) -> None:
    rng = np.random.default_rng(seed)
    window, earlier = day(6, rng), np.stack([day(6, rng) for _ in range(3)])
    window[0, BEFORE:84] += rise
    window[3, BEFORE:84] += sign * rise
    found = ranked(window, earlier)
    assert np.argmax(found.score) == 2
    assert np.sign(found.likeness[2]) == sign
    # By chance the slot before stays at three sigmas (once in 200 draws), or one an hour before does (once in 5,000).
    assert abs(found.lag[2]) <= 1 or np.isnan(found.lag[2])
    assert found.score[[0, 1, 3, 4]].max() < 0.3
    assert found.score.max() <= 1.0


def test_the_scale_and_the_level_of_a_series_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    window, earlier = day(3, rng), np.stack([day(3, rng) for _ in range(3)])
    window[:2, BEFORE:] += 40
    plain = ranked(window, earlier)
    window[1], earlier[:, 1] = 1e6 + 1e-3 * window[1], 1e6 + 1e-3 * earlier[:, 1]
    assert ranked(window, earlier).likeness[0] > 0.9
    assert plain.likeness[0] > 0.9


def test_whoever_had_left_its_range_long_before_did_not_move_together() -> None:
    rng = np.random.default_rng(2)
    window, earlier = day(2, rng), np.stack([day(2, rng) for _ in range(3)])
    window[0, BEFORE:] += 40
    window[1, BEFORE - 20 :] += 40
    assert np.isnan(ranked(window, earlier).lag[0])


def test_gaps_and_missing_days_are_borne() -> None:
    rng = np.random.default_rng(3)
    window, earlier = day(3, rng), np.full((3, 3, SLOTS), np.nan)
    window[:2, BEFORE:] += 80
    window[:, 10:20] = np.nan
    window[2] = np.nan
    found = ranked(window, earlier)
    assert found.likeness[0] > 0.8
    assert found.score[1] == 0.0
