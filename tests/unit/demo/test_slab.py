import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.demo.slab import plan
from trimtab.demo.world import COARSE_S, FINE_MS, FINE_S

END_MS = 1_764_082_815_000
DAY_MS = 86_400_000


@given(st.integers(1, 14 * 24 * 3600), st.integers(0, 300))
def test_slabs_follow_each_other_without_gap_or_overlap(behind_s: int, later_s: int) -> None:
    end = (END_MS + later_s * 1000) // 15_000 * 15_000
    slabs = list(plan(end - behind_s * 1000, end))
    times = np.concatenate([slab.times for slab in slabs]) if slabs else np.zeros(0, np.int64)
    assert (np.diff(times) > 0).all()
    assert (np.diff(times) <= COARSE_S * 1000).all()
    if behind_s >= FINE_S:
        assert end == times[-1]
        assert times[0] - (end - behind_s * 1000) <= COARSE_S * 1000
    assert all(slab.step_s == FINE_S for slab in slabs if slab.last_ms > end - FINE_MS + COARSE_S * 1000)


def test_a_slab_keeps_to_one_day() -> None:
    for slab in plan(END_MS - 14 * DAY_MS, END_MS):
        assert slab.first_ms // DAY_MS == slab.last_ms // DAY_MS


def test_each_step_begins_with_a_slab_of_one_time() -> None:
    slabs = list(plan(END_MS - 2 * DAY_MS, END_MS))
    firsts = [next(slab for slab in slabs if slab.step_s == step) for step in (COARSE_S, FINE_S)]
    assert [1, 1] == [len(slab.times) for slab in firsts]


def test_a_history_that_is_cut_anywhere_goes_on_with_the_same_times() -> None:
    whole = np.concatenate([slab.times for slab in plan(END_MS - 3 * DAY_MS, END_MS)])
    slabs = list(plan(END_MS - 3 * DAY_MS, END_MS))
    for done in (1, 3, len(slabs) - 2):
        rest = np.concatenate([slab.times for slab in plan(slabs[done].last_ms, END_MS)])
        np.testing.assert_array_equal(whole[whole > slabs[done].last_ms], rest)


def test_nothing_is_due_before_the_next_step() -> None:
    assert [] == list(plan(END_MS, END_MS))
