"""The portfolio: what it chooses, and that it is better than what it is compared with on what it is for."""

import numpy as np
import pytest

from trimtab.advice.rightsizing.book import OURS
from trimtab.advice.rightsizing.replay import replay
from trimtab.advice.rightsizing.strategies.documented import Documented, enough
from trimtab.advice.rightsizing.strategies.percentile import MAXIMUM, P95, VPA
from trimtab.advice.rightsizing.strategies.portfolio import pick_title
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse, daily_use, together

_TIMES = np.arange(0, 21 * DAY_MS, 900_000)


def _use(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> DailyUse:
    return daily_use(_TIMES, values, 0, 21)


def _noise(seed: int, level: float, spread: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return level * (1 + np.random.default_rng(seed).normal(0, spread, len(_TIMES)))


def test_a_steady_machine_is_sized_close_to_its_use() -> None:
    use = _use(_noise(1, 20.0, 0.05))
    told = replay(use, OURS.sizes(use))
    assert told.slack[0] < 0.15
    assert told.over[0] < 0.06
    assert told.judged[0] == 20  # nothing is known before the first day


def test_after_a_shift_one_day_is_over_size_and_no_more() -> None:
    values = _noise(2, 20.0, 0.03)
    values[_TIMES >= 10 * DAY_MS] *= 2.5
    use = _use(values)
    over = replay(use, OURS.sizes(use)).over_by_day[0]
    assert over[10] > 0.5
    assert over[11:].max() < 0.12
    slow = replay(use, P95.sizes(use)).over_by_day[0]
    assert slow[11] < over[10]
    assert slow[13:].mean() > over[13:].mean() or slow[11:].max() > over[11:].max()


def test_rare_spikes_are_not_paid_for_all_day() -> None:
    values = _noise(3, 10.0, 0.03)
    values[np.random.default_rng(4).random(len(values)) < 0.01] = 90.0
    use = _use(values)
    ours, most = replay(use, OURS.sizes(use)), replay(use, MAXIMUM.sizes(use))
    assert ours.slack[0] < 0.3
    assert ours.over[0] < 0.05
    assert most.slack[0] > 0.85


def test_of_what_shifts_it_is_cheaper_at_equal_safety_than_fixed_rules() -> None:
    random = np.random.default_rng(5)
    uses = []
    for seed in range(12):
        values = _noise(seed, float(random.uniform(5, 30)), 0.06)
        values[_TIMES >= random.integers(4, 18) * DAY_MS] *= float(random.choice([0.5, 1.6, 2.2]))
        uses.append(_use(values))
    use = together(uses)
    cost = {one.name: _cost(replay(use, one.sizes(use))) for one in (OURS, P95, VPA, Documented(), MAXIMUM)}
    assert min(cost, key=lambda name: cost[name]) == "portfolio"


def _cost(told: object) -> float:
    return float(np.mean(told.slack) + 3.0 * np.mean(told.over))  # type: ignore[attr-defined]  # a Replay


def test_the_documented_rule_is_its_formula() -> None:
    use = _use(np.linspace(0.0, 100.0, len(_TIMES)))
    sizes = Documented(threshold=1.0, headroom=0.2, lookback=14).sizes(use)[0]
    assert sizes[14] == pytest.approx(use.quantiles[0, 13, -1] / 0.8)
    assert sizes[21] == pytest.approx(100.0 / 0.8)
    assert np.isnan(sizes[0])
    falling = DailyUse(0, use.quantiles[:, ::-1], use.means[:, ::-1], use.points)
    short = Documented(threshold=1.0, headroom=0.0, lookback=2).sizes(falling)[0]
    assert short[5] == pytest.approx(use.quantiles[0, -4, -1])


def test_thirty_hours_are_needed() -> None:
    use = daily_use(np.array([0, DAY_MS - 1]), np.array([1.0, 2.0]), 0, 3)
    assert not enough(use)[0]
    assert enough(daily_use(np.array([0, DAY_MS]), np.array([1.0, 2.0]), 0, 3))[0]


def test_a_choice_is_told_in_words() -> None:
    use = _use(_noise(6, 20.0, 0.05))
    _, picks = OURS.decide(use)
    assert pick_title(picks[0, 0]) == "too little history"
    assert " × " in pick_title(picks[0, -1])
