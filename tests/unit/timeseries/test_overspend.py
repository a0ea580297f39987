"""Overspends that were put into made-up bills: found, dated and weighed; and nothing found where nothing is."""

import numpy as np
import pytest

from trimtab.timeseries.overspend import Bar, Overspend, find, find_each, judge

DAYS = 150


def bill(seed: int = 0, level: float = 100.0, noise: float = 0.03) -> np.ndarray:
    """Daily amounts, less at weekends."""
    random = np.random.default_rng(seed)
    return level * np.resize([1, 1, 1, 1, 1, 0.6, 0.6], DAYS) * np.exp(random.normal(0, noise, DAYS))


def marks() -> np.ndarray:
    return (np.arange(DAYS) % 30 == 5)[:, None]


def only(amounts: np.ndarray, least: float = 50.0) -> Overspend:
    [one] = find(amounts, marks(), least)
    return one


@pytest.mark.parametrize("seed", range(6))
def test_ordinary_days_and_monthly_fees_are_none(seed: int) -> None:
    amounts = bill(seed) + 250 * marks()[:, 0]
    assert find(amounts, marks(), 50.0) == []


def test_a_spike_has_its_days_and_its_impact() -> None:
    amounts = bill()
    amounts[100:102] += 80
    one = only(amounts)
    assert (one.start, one.end, one.open, one.drift, one.new) == (100, 102, False, False, False)
    assert one.impact == pytest.approx(160, abs=30)


def test_a_price_change_ends_when_it_is_the_level() -> None:
    amounts = bill()
    amounts[100:] *= 1.5
    one = only(amounts)
    assert (one.start, one.end, one.drift) == (100, 107, False)


def test_a_slow_drift_is_found_on_the_way() -> None:
    amounts = bill(noise=0.02)
    amounts[60:130] *= np.linspace(1, 1.6, 70)
    amounts[130:] *= 1.6
    found = find(amounts, marks(), 50.0)
    assert found[0].drift
    assert 80 < found[0].start < 115


def test_what_is_new_costs_more_than_nothing() -> None:
    amounts = bill()
    amounts[:110] = 0
    one = only(amounts)
    assert (one.start, one.new, one.expected) == (110, True, 0.0)


def test_it_goes_on_at_the_last_day() -> None:
    amounts = bill()
    amounts[-2:] *= 2
    assert only(amounts).open


def test_growth_that_goes_on_is_no_drift() -> None:
    amounts = bill(noise=0.02) * 1.008 ** np.arange(DAYS)
    assert find(amounts, marks(), 50.0) == []


def test_what_is_used_now_and_then_is_no_anomaly_each_time() -> None:
    amounts = np.zeros(DAYS)
    amounts[10::9] = 400.0
    assert [one.start for one in find(amounts, marks(), 50.0)] == [28]  # the third time it is a habit


def test_what_begins_before_a_day_of_fees_goes_on_over_it() -> None:
    amounts = bill()
    amounts[:114] = 0  # day 115 is one on which fees may come
    one = only(amounts)
    assert (one.start, one.end, one.new) == (114, 121, True)


def test_many_series_are_judged_as_each_alone() -> None:
    many = np.stack([bill(seed) for seed in range(5)])
    many[1, 100:102] += 80
    many[3, 100:] *= 1.5
    assert find_each(many, marks(), 50.0) == [find(row, marks(), 50.0) for row in many]


def test_the_future_changes_no_judgement() -> None:
    amounts = bill()
    amounts[60:62] += 90
    changed = amounts.copy()
    changed[100:] *= 7
    assert find(amounts[:90], marks()) == find(changed[:90], marks())
    assert find(changed, marks(), 50.0)[0] == find(amounts, marks(), 50.0)[0]


def test_precision_and_recall_at_the_impact_of_a_day() -> None:
    found = right = wanted = caught = 0
    for seed in range(60):
        amounts = bill(seed, noise=0.05)
        start = 40 + seed
        wanted += 1
        amounts[start : start + 1 + seed % 3] += 120
        here = find(amounts, marks(), 100.0)
        hits = [one for one in here if one.start < start + 3 and one.end > start]
        found, right, caught = found + len(here), right + len(hits), caught + bool(hits)
    assert right / found >= 0.9
    assert caught / wanted >= 0.9


def test_a_ramp_of_a_week_is_over_when_it_is_the_level() -> None:
    """The days on the way up say nothing of their weekdays: none of them is too dear a week or a month later."""
    amounts = bill(noise=0.01)
    amounts[100:] *= np.clip(1 + np.arange(DAYS - 100) / 6, 1, 2)
    one = only(amounts)
    assert 100 <= one.start < one.end <= 111


def test_what_is_added_evenly_is_the_level_on_weekends_too() -> None:
    amounts = bill(noise=0.01)
    amounts[100:] += 100
    judged = judge(amounts[None, :], marks())
    assert judged.expected[0, 112:140] == pytest.approx(amounts[112:140], rel=0.08)


def test_a_higher_bar_lets_small_shares_and_drifts_pass() -> None:
    amounts = bill(noise=0.01)
    amounts[100:102] *= 1.25
    assert judge(amounts[None, :]).flagged.any()
    assert not judge(amounts[None, :], bar=Bar(share=0.3)).flagged.any()
    assert not judge(amounts[None, :], bar=Bar(width=40.0)).flagged.any()
    slow = bill(noise=0.01)
    slow[60:130] *= np.linspace(1, 1.6, 70)
    assert judge(slow[None, :]).drifting.any()
    assert not judge(slow[None, :], bar=Bar(drifts=False)).flagged.any()
