import math
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from slow_fleet import SlowFleet
from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.record import ROW_DESIRED, ROW_READY
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.policies.step import Step, StepScaling
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.policies.to_zero import ToZero
from trimtab.scaling.replay.lanes import Group, replay_group, replay_groups

TICKS = 90


class SlowTracking:
    """Target tracking written out: lists of what was above and below, and nothing else remembered."""

    def __init__(self, policy: TargetTracking, block: bool) -> None:
        self.policy, self.block, self.above, self.below = policy, block, [], []  # type: ignore[var-annotated]

    def __call__(self, tick: int, loads: list[float], own: SlowFleet) -> float:
        here, ready, policy = len(own.replicas), len(own.ready(tick)), self.policy
        load = loads[-1] if loads else math.nan
        self.above.append(load > policy.target)
        self.below.append(load < policy.in_share * policy.target)
        out, back = (max(1, math.ceil(one / 60)) for one in (policy.out_s, policy.in_s))
        if math.isnan(load):
            return here
        asked = math.ceil(ready * load / policy.target - 1e-9)
        if len(self.above) >= out and all(self.above[-out:]):
            return max(here, asked)
        coming = here > ready and self.block
        if len(self.below) >= back and all(self.below[-back:]) and not coming:
            return min(here, asked)
        return here


policies = st.builds(
    TargetTracking, st.floats(0.2, 1.2), st.sampled_from([60.0, 180.0]), st.sampled_from([120.0, 900.0]), st.just(0.9)
)
lags = st.sampled_from([0.0, 60.0, 180.0])


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.floats(0, 60), min_size=TICKS, max_size=TICKS).map(np.array),
    policies,
    lags,
    st.booleans(),
    st.sampled_from([0.0, 20.0]),
    st.integers(0, 2**31),
)
def test_target_tracking_gives_exactly_what_the_slow_simulator_gives(
    demand: np.ndarray, policy: TargetTracking, lag: float, block: bool, interruptions: float, seed: int
) -> None:
    pools = (Pool("own", 2.0, Decimal(1), 9), Pool("spot", 3.0, Decimal(1), interruptions=interruptions))
    fleet = Fleet(pools, least=1, most=40, metric_lag_s=lag)
    slow, rule = SlowFleet(fleet, 2, seed), SlowTracking(policy, block)
    for tick in range(TICKS):
        slow.tick(tick, float(demand[tick]), rule)
    told = replay_group(demand, Group(fleet, (policy,), block), start_with=2, seed=seed).replayed
    assert slow.ready_by_tick == told.rows[:, ROW_READY].astype(int).tolist()
    assert slow.replica_ticks == [round(hours * 60) for hours in told.outcome.replica_hours.values()]
    twice = replay_group(demand, Group(fleet, (policy, policy), block), start_with=2, seed=seed).replayed
    assert twice.outcome == told.outcome  # the path of several rules
    assert [told.outcome] == replay_groups(
        demand[None, :], [Group(fleet, (policy,), block)], starts=np.array([2.0]), seed=seed
    )


def test_out_if_any_wants_to_and_in_only_if_all_agree() -> None:
    fleet = Fleet((Pool("own", 1.0),), launch_s=0.0)
    low, high = TargetTracking(0.3, 60, 60), TargetTracking(0.8, 60, 60)
    demand = np.full(12, 10.0)
    both = replay_group(demand, Group(fleet, (low, high)), start_with=10).replayed.rows
    assert math.ceil(10 / 0.3) == both[-1, ROW_DESIRED]  # the greedier of the two, and the other cannot take it back
    alone = replay_group(demand, Group(fleet, (high,)), start_with=34).replayed.rows
    assert 13 == alone[-1, ROW_DESIRED]


def test_a_scale_out_in_progress_blocks_scale_in_of_ec2_groups_only() -> None:
    fleet = Fleet((Pool("own", 1.0),), launch_s=600.0)
    demand = np.array([9.0] * 2 + [0.5] * 6)
    policy = (TargetTracking(0.5, 60, 60),)
    waits = replay_group(demand, Group(fleet, policy), start_with=4).replayed.rows[:, ROW_DESIRED]
    goes = replay_group(demand, Group(fleet, policy, block_in=False), start_with=4).replayed.rows[:, ROW_DESIRED]
    assert 18 == waits[-1]
    assert 1 == goes[-1]


def test_floors_and_ceilings_bound_tick_by_tick() -> None:
    fleet = Fleet((Pool("own", 1.0),), launch_s=0.0, least=1, most=50)
    floor = np.array([0.0, 0, 7, 7, 0, 0])
    ceiling = np.array([50.0, 50, 50, 5, 5, 3])
    found = replay_group(np.zeros(6), Group(fleet, ()), floor=floor, ceiling=ceiling, start_with=1).replayed.rows
    assert [1, 1, 7, 5, 5, 3] == found[:, ROW_DESIRED].tolist()


def test_an_objective_drains_what_waits_and_goes_in_when_calm() -> None:
    fleet = Fleet((Pool("own", 10.0),), launch_s=60.0, queue_s=600.0, slo_wait_s=30.0)
    demand = np.array([5.0] * 3 + [80.0] * 6 + [5.0] * 15)
    told = replay_group(demand, Group(fleet, (Objective(0.2, 120.0, 300.0),), block_in=False), start_with=1)
    desired = told.replayed.rows[:, ROW_DESIRED]
    assert math.ceil((80 * 1.2 + 70 / 2) / 10) - 1 <= desired[3] <= math.ceil((80 * 1.2 + 70 / 2) / 10)
    assert 1 == desired[-1]
    assert "arrive" in told.why(3)


def test_nothing_runs_while_nothing_is_asked() -> None:
    fleet = Fleet((Pool("own", 10.0),), launch_s=60.0, least=0, queue_s=600.0, slo_wait_s=300.0)
    demand = np.array([5.0] * 3 + [0.0] * 10 + [5.0] * 6)
    rules = (ToZero(300.0), TargetTracking(0.5))
    told = replay_group(demand, Group(fleet, rules, block_in=False), start_with=1)
    assert 0 == told.replayed.rows[12, ROW_READY]
    assert 1 == told.replayed.rows[-1, ROW_READY]
    assert "no request for 300 s" in told.why(7)
    assert "woken" in told.why(13)


def test_steps_take_a_group_out_of_zero() -> None:
    fleet = Fleet((Pool("own", 1.0),), launch_s=0.0, least=0)
    rules = (StepScaling(0.7, (Step(0.0, None, 2.0),)), StepScaling(0.2, (Step(None, 0.0, -1.0),), out=False))
    found = replay_group(np.array([3.0] * 4 + [0.1] * 9), Group(fleet, rules), start_with=1).replayed.rows
    assert [3, 5, 5, 5] == found[:4, ROW_DESIRED].tolist()
    assert 0 == found[-1, ROW_DESIRED]
