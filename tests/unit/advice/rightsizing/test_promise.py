"""The promise of right-sizing: checked each day, held by the safe rule when it is broken."""

import numpy as np
import pytest

from trimtab.advice.rightsizing.strategies.portfolio import HELD, Portfolio, pick_title
from trimtab.advice.rightsizing.strategies.promise import Promise, safe
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse, daily_use

_HOURS = np.arange(0, 12 * DAY_MS, DAY_MS // 24)


def _use(by_day: list[float]) -> DailyUse:
    """A day of 24 points each, alike within a day."""
    return daily_use(_HOURS[: 24 * len(by_day)], np.repeat(np.array(by_day), 24), 0, len(by_day))


def test_a_day_above_the_size_has_the_safe_rule_decide_until_the_share_is_back() -> None:
    use = _use([1.0, 9.0, 1.0, 1.0, 1.0, 1.0])
    sizes = np.full((1, 7), 2.0)
    held = Promise(accepted=0.3, prior=0.0, days=0.0).hold(use, sizes)[0]
    # Over for a day of 2, of 3, of 4 (25 %): no more than accepted from then on.
    assert [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0] == held.tolist()
    assert [2.0, 2.0] == sizes[0, :2].tolist()
    assert sizes[0, 2:4].tolist() == pytest.approx(safe(use)[0, 2:4].tolist())
    assert [2.0, 2.0, 2.0] == sizes[0, 4:].tolist()


def test_what_is_expected_beforehand_counts_as_so_many_usual_days() -> None:
    use = _use([1.0, 9.0, 1.0])
    for days, expected in ((0.0, 1.0), (8.0, 0.0)):
        held = Promise(accepted=0.11, prior=0.0, days=days).hold(use, np.full((1, 4), 2.0))[0]
        assert expected == held[2]
    doubtful = Promise(accepted=0.05, prior=0.06, days=2.0).hold(use, np.full((1, 4), 2.0))[0]
    assert doubtful[0] == 1.0


def test_the_safe_rule_never_lowers_a_size() -> None:
    use = _use([1.0, 9.0, 1.0])
    sizes = np.array([[2.0, 2.0, 50.0, 50.0]])
    held = Promise(0.05, 0.0, 0.0).hold(use, sizes)[0]
    assert held[2] == 1.0
    assert sizes[0, 2] == 50.0


def test_the_safe_rule_is_its_formula() -> None:
    use = _use([1.0, 10.0, 2.0, 2.0, 2.0, 2.0])
    # 10 / 0.8 for two weeks; the highest of three days with 5 % on top is less here.
    assert safe(use)[0, 2:].tolist() == pytest.approx([12.5] * 5)
    spiky = daily_use(
        _HOURS * 0 + np.arange(len(_HOURS)) * 1000, np.where(np.arange(len(_HOURS)) == 7, 90.0, 1.0), 0, 1
    )
    assert safe(spiky)[0, 1] == pytest.approx(94.5)


def test_days_without_points_change_nothing_of_the_share() -> None:
    times = np.concatenate([_HOURS[:48], _HOURS[96:120]])
    use = daily_use(times, np.repeat([1.0, 9.0, 1.0], 24), 0, 5)
    held = Promise(accepted=0.4, prior=0.0, days=0.0).hold(use, np.full((1, 6), 2.0))[0]
    assert [0.0, 0.0, 1.0, 1.0, 1.0, 0.0] == held.tolist()


def test_a_portfolio_says_when_it_is_held() -> None:
    use = _use([1.0, 1.0, 1.0, 20.0, 1.0, 1.0, 1.0])
    plain, _ = Portfolio(promise=None).decide(use)
    sizes, picks = Portfolio().decide(use)
    assert HELD == picks[0, 4, 0]
    assert sizes[0, 5] > 2.0 * plain[0, 5]
    assert "safe rule" in pick_title(picks[0, 4])
