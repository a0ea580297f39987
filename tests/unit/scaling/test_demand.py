"""Demand out of counters."""

import numpy as np

from trimtab.scaling.demand import spread_back

GAP = np.nan


def test_what_a_counter_grew_by_is_shared_with_the_ticks_since_it_was_last_told() -> None:
    told = np.array([2.0, GAP, GAP, 6.0, 1.0, GAP, 4.0])
    found = spread_back(told)
    assert [2, 2, 2, 1, 2, 2] == found[1:].tolist()
    assert np.nansum(told[1:]) == found[1:].sum()
    assert 2 / 3 == found[0]  # as many ticks as before the second


def test_a_long_gap_stays_one() -> None:
    told = np.array([1.0, GAP, GAP, GAP, 8.0])
    assert np.isnan(spread_back(told, most=3)[1:4]).all()
    assert 8.0 == spread_back(told, most=3)[-1]
    assert np.isnan(spread_back(np.full(4, GAP))).all()
