"""The documented semantics of step scaling, cell by cell."""

import math

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.scaling.policies.rule import SEEN, no_memory
from trimtab.scaling.policies.step import Adjustment, Step, StepScaling, rounded_percent, step_of, wish

OUT = (Step(0.0, 0.1, 0.0), Step(0.1, 0.2, 10.0), Step(0.2, None, 30.0))
"""The guide's example: metric 60, 70, 80 over a threshold of 60."""


def asks(policy: StepScaling, load: float, ready: int = 10, here: int | None = None, minutes: int = 1) -> float:
    memory, answer = no_memory(1), math.nan
    for tick in range(minutes):
        seen = np.zeros(SEEN)
        seen[:4] = tick, load, ready, ready if here is None else here
        answer = wish(policy.numbers(60.0)[None, :], 0, memory, seen)
    return answer


@pytest.mark.parametrize(
    ("beyond", "expected"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.1999, 1), (0.2, 2), (9.0, 2), (-0.01, -1)]
)
def test_above_the_threshold_lower_is_inclusive_and_upper_exclusive(beyond: float, expected: int) -> None:
    assert expected == step_of(StepScaling(0.5, OUT).numbers(60.0)[None, :], 0, beyond)


@pytest.mark.parametrize(("beyond", "expected"), [(0.0, 0), (-0.0999, 0), (-0.1, 1), (-0.2, 2), (-5.0, 2), (0.01, -1)])
def test_below_the_threshold_lower_is_exclusive_and_upper_inclusive(beyond: float, expected: int) -> None:
    steps = (Step(-0.1, 0.0, 0.0), Step(-0.2, -0.1, -10.0), Step(None, -0.2, -30.0))
    assert expected == step_of(StepScaling(0.5, steps, out=False).numbers(60.0)[None, :], 0, beyond)


@pytest.mark.parametrize(
    ("change", "expected"), [(12.7, 12), (1.01, 1), (0.67, 1), (0.001, 1), (0, 0), (-0.58, -1), (-6.67, -6), (-1.0, -1)]
)
def test_percentages_round_as_documented(change: float, expected: float) -> None:
    assert expected == rounded_percent(change)


def test_what_a_step_changes() -> None:
    def policy(adjustment: Adjustment, by: float, least: int = 0) -> StepScaling:
        return StepScaling(0.5, (Step(0.0, None, by),), adjustment=adjustment, least_change=least)

    assert 13 == asks(policy(Adjustment.CHANGE, 3), 0.8)
    assert 25 == asks(policy(Adjustment.EXACT, 25), 0.8)
    assert 13 == asks(policy(Adjustment.PERCENT, 30), 0.8)
    assert 14 == asks(policy(Adjustment.PERCENT, 10, least=4), 0.8)  # MinAdjustmentMagnitude
    assert 11 == asks(policy(Adjustment.PERCENT, 1), 0.8)


def test_the_second_breach_of_one_step_launches_nothing_more() -> None:
    policy = StepScaling(0.5, (Step(0.0, None, 3),))
    assert math.isnan(asks(policy, 0.8, ready=10, here=13))
    assert 15 == asks(StepScaling(0.5, (Step(0.0, None, 5),)), 0.8, ready=10, here=13)


def test_the_alarm_needs_its_minutes_and_a_cooldown_passes() -> None:
    policy = StepScaling(0.5, (Step(0.0, None, 3),), alarm_s=120.0, cooldown_s=180.0)
    assert math.isnan(asks(policy, 0.8, minutes=1))
    assert 13 == asks(policy, 0.8, minutes=2)
    assert math.isnan(asks(policy, 0.8, minutes=4))
    assert 13 == asks(policy, 0.8, minutes=5)


def test_in_steps_remove_and_missing_data_does_nothing() -> None:
    policy = StepScaling(0.4, (Step(None, 0.0, -4),), out=False)
    assert 6 == asks(policy, 0.2)
    assert 0 == asks(policy, 0.2, ready=2)
    assert math.isnan(asks(policy, math.nan))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "1 to 20"),
        ((Step(0, 10, 1), Step(5, 20, 2)), "overlap"),
        ((Step(0, 10, 1), Step(12, 20, 2)), "gaps"),
        ((Step(10, 10, 1),), "below its upper"),
    ],
)
def test_steps_with_gaps_or_overlaps_are_refused(steps: tuple[Step, ...], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        StepScaling(0.5, steps)
