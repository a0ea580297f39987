"""The documented semantics, cell by cell (reference: EC2 Auto Scaling and Application Auto Scaling user guides)."""

import math

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.scaling.policies.rule import SEEN, no_memory
from trimtab.scaling.policies.target_tracking import TargetTracking, followed, wish


class Tracked:
    """A policy with its memory, fed minute by minute."""

    def __init__(self, **settings: object) -> None:
        self.rules = TargetTracking(**settings).numbers(60.0)[None, :]  # type: ignore[arg-type] # as the test says
        self.memory, self.tick = no_memory(1), -1

    def minute(self, load: float, ready: int = 10, here: int | None = None) -> float:
        self.tick += 1
        seen = np.zeros(SEEN)
        seen[:4] = self.tick, load, ready, ready if here is None else here
        return wish(self.rules, 0, self.memory, seen)


def test_out_needs_three_minutes_above_the_target_in_a_row() -> None:
    policy = Tracked(target=0.5)
    assert [True, True, False] == [math.isnan(policy.minute(0.8)) for _ in range(3)]
    policy = Tracked(target=0.5)
    loads = (0.8, 0.8, 0.5, 0.8, 0.8)  # 0.5 is not above 0.5
    assert all(math.isnan(policy.minute(load)) for load in loads)
    assert 16 == policy.minute(0.8)


def test_in_needs_fifteen_minutes_below_nine_tenths_of_the_target() -> None:
    policy = Tracked(target=0.5)
    assert all(math.isnan(policy.minute(0.2)) for _ in range(14))
    assert 4 == policy.minute(0.2)
    policy = Tracked(target=0.5)
    assert all(math.isnan(policy.minute(0.46)) for _ in range(40))  # below the target, above 0.45


@pytest.mark.parametrize(
    ("ready", "load", "target", "expected"),
    [(10, 0.8, 0.5, 16), (10, 0.51, 0.5, 11), (3, 0.9, 0.7, 4), (1, 1.0, 0.5, 2), (7, 0.75, 0.7, 8)],
)
def test_additions_are_rounded_up(ready: int, load: float, target: float, expected: int) -> None:
    policy = Tracked(target=target, out_s=60.0)
    assert expected == policy.minute(load, ready)


@pytest.mark.parametrize(("ready", "load", "expected"), [(10, 0.21, 5), (10, 0.2, 4), (3, 0.01, 1), (10, 0.0, 0)])
def test_removals_are_rounded_down(ready: int, load: float, expected: int) -> None:
    policy = Tracked(target=0.5, in_s=60.0)
    assert expected == policy.minute(load, ready)


def test_missing_data_scales_nowhere_and_begins_the_count_again() -> None:
    policy = Tracked(target=0.5)
    loads = (0.9, 0.9, math.nan, 0.9, 0.9)
    assert all(math.isnan(policy.minute(load)) for load in loads)
    assert 18 == policy.minute(0.9)


def test_from_zero_there_is_no_metric_and_so_no_way_out() -> None:
    policy = Tracked(target=0.5, out_s=60.0)
    assert all(math.isnan(policy.minute(math.nan, 0)) for _ in range(30))


def test_replicas_on_their_way_count_toward_desired_but_not_in_the_metric() -> None:
    policy = Tracked(target=0.5, out_s=60.0)
    assert math.isnan(policy.minute(0.8, ready=10, here=16))  # 16 are asked for, 16 are coming
    assert 20 == policy.minute(1.0, ready=10, here=16)


def test_scale_in_can_be_disabled() -> None:
    policy = Tracked(target=0.5, in_s=60.0, disable_scale_in=True)
    assert all(math.isnan(policy.minute(0.1)) for _ in range(30))


def test_cooldown_after_an_out_and_after_an_in() -> None:
    policy = Tracked(target=0.5, out_s=60.0, out_cooldown_s=180.0)
    assert [16.0, True, True, 16.0] == [
        answer if not math.isnan(answer) else True for answer in (policy.minute(0.8) for _ in range(4))
    ]
    policy = Tracked(target=0.5, in_s=60.0, in_cooldown_s=180.0)
    assert 4 == policy.minute(0.2)
    followed(policy.memory, 0, policy.tick)
    assert [True, True, False] == [math.isnan(policy.minute(0.2)) for _ in range(3)]


def test_a_scale_out_ends_the_cooldown_of_a_scale_in() -> None:
    policy = Tracked(target=0.5, out_s=60.0, in_s=60.0, in_cooldown_s=6000.0)
    assert 4 == policy.minute(0.2)
    followed(policy.memory, 0, policy.tick)
    assert math.isnan(policy.minute(0.2))
    assert 16 == policy.minute(0.8)
    assert 4 == policy.minute(0.2)


def test_it_says_why() -> None:
    seen = np.zeros(SEEN)
    seen[:4] = 0, 0.8, 10, 10
    said = TargetTracking(0.5).explain(seen, 16.0)
    assert "80% of capacity against a target of 50%" in said
    assert "16" in said
    seen[1] = math.nan
    assert "missing data" in TargetTracking(0.5).explain(seen, math.nan)


def test_a_target_must_be_above_zero() -> None:
    with pytest.raises(InvalidInput, match="target"):
        TargetTracking(0.0)
