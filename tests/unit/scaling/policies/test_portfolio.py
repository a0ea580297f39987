from decimal import Decimal

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.replay import replay_plan
from trimtab.scaling.policies.portfolio import Portfolio, plain_quantile, plan
from trimtab.scaling.policies.quantile import BINS, learn, margins, trailing_high
from trimtab.scaling.policies.switching import Switching, kept
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.replay.lanes import Group, replay_group

FLEET = Fleet((Pool("own", 10.0, Decimal(1)),), tick_s=300.0, launch_s=600.0)
GENERATOR = np.random.default_rng(3)
AT = np.arange(30 * 288)
DEMAND = np.maximum(0, (100 + 80 * np.sin(AT / 288 * 2 * np.pi)) * GENERATOR.lognormal(0, 0.05, len(AT)))


def test_it_keeps_the_objective_at_less_than_the_suggested_target() -> None:
    start = 11
    ours = replay_plan(DEMAND, FLEET, plan(DEMAND, FLEET, Portfolio(0.01), start_with=start).desired, start_with=start)
    theirs = replay_group(DEMAND, Group(FLEET, (TargetTracking(0.5),)), start_with=start).replayed
    assert ours.outcome.violating <= 0.01
    assert ours.outcome.cost < theirs.outcome.cost * Decimal("0.7")
    strict = replay_plan(
        DEMAND, FLEET, plan(DEMAND, FLEET, Portfolio(0.001), start_with=start).desired, start_with=start
    )
    assert strict.outcome.violating < ours.outcome.violating
    assert strict.outcome.cost > ours.outcome.cost


def test_a_plan_says_why() -> None:
    made = plan(DEMAND, FLEET, Portfolio(0.01))
    assert "to be ready for within 900 s" in made.why(5000)
    assert f"{made.desired[5000]:.0f} replicas of 10" in made.why(5000)
    tracked = plan(DEMAND[:2000], FLEET, Portfolio(0.5, (0.9999,), (0.9,), prior_s=300.0))
    assert any("target tracking at 90%" in tracked.why(tick) for tick in range(0, 2000, 50))


def test_nothing_is_launched_above_a_quarter_more_than_was_ever_seen() -> None:
    wild = np.concatenate([np.ones(50) * 10, np.ones(200) * 300, np.ones(50)])
    made = plan(wild, FLEET, Portfolio(0.001))
    seen = np.maximum.accumulate(wild)
    tracking = made.picked >= 12 * len(made.portfolio.levels)
    assert (made.desired[~tracking] <= np.ceil(1.25 * seen[~tracking] / 10)).all()


def test_quantiles_of_a_record_cover_what_they_say() -> None:
    record, weights, levels = np.zeros((1, BINS)), np.array([[0.0, 1.0]]), np.array([0.5, 0.9, 0.99])
    ratios = np.random.default_rng(1).normal(0.1, 0.3, 20_000)
    for ratio in ratios:
        learn(record, weights, 0, float(ratio), 1.0)
    found = np.empty(3)
    margins(record, weights, 0, levels, found)
    for level, margin in zip(levels, found, strict=True):
        assert level <= (np.exp(ratios) <= margin).mean() < level + 0.02


def test_a_record_forgets() -> None:
    record, weights, found = np.zeros((1, BINS)), np.array([[0.0, 1.0]]), np.empty(1)
    for ratio in [1.0] * 500 + [0.0] * 500:
        learn(record, weights, 0, ratio, 0.98)
    margins(record, weights, 0, np.array([0.99]), found)
    assert found[0] < 1.03


def test_trailing_high_is_the_highest_of_a_window() -> None:
    values = GENERATOR.normal(size=300)
    for window in (1, 2, 7, 299, 1000):
        expected = [values[max(0, at - window + 1) : at + 1].max() for at in range(300)]
        assert expected == trailing_high(values, window).tolist()


def test_a_replica_is_kept_until_its_idle_time_has_cost_a_launch() -> None:
    desired = np.array([5.0, 2, 2, 2, 5, 1, 1, 1, 1, 1])
    assert [5, 5, 5, 5, 5, 5, 5, 5, 1, 1] == kept(desired, 60.0, Switching(180.0)).tolist()
    assert desired.tolist() == kept(desired, 60.0, Switching(0.0)).tolist()
    assert "3 are kept" in Switching(180.0).explain(2, 5)


@pytest.mark.parametrize("wrong", [{"allowed": 0.0}, {"levels": ()}, {"levels": (0.9, 0.5)}, {"targets": (0.0,)}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Portfolio(**wrong)  # type: ignore[arg-type] # each wrong in its own way


def test_one_level_and_no_target_is_the_plain_quantile() -> None:
    made = plan(DEMAND[:2000], FLEET, plain_quantile(0.9, 0.1))
    assert set(made.picked.tolist()) <= set(range(12))
    assert "90.00% of the time" in made.why(1999)
