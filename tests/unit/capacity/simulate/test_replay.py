import math
from decimal import Decimal
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from slow_fleet import SlowFleet
from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.chance import uniform
from trimtab.capacity.simulate.fleet import Fleet, Pool, WarmPool
from trimtab.capacity.simulate.record import ROW_READY
from trimtab.capacity.simulate.replay import Seen, replay, replay_plan, replay_plans

TICKS = 40


def pools() -> st.SearchStrategy[tuple[Pool, ...]]:
    one = st.builds(
        Pool,
        st.just("some"),
        st.floats(0.5, 20),
        st.just(Decimal("0.25")),
        st.integers(0, 12),
        st.sampled_from([0.0, 0.0, 3.0, 20.0]),
    )
    return st.lists(one, min_size=1, max_size=3).map(
        lambda found: tuple(
            Pool(f"p{at}", each.capacity, each.price_per_hour, each.most, each.interruptions)
            for at, each in enumerate(found)
        )
    )


def fleets() -> st.SearchStrategy[Fleet]:
    return st.builds(
        Fleet,
        pools(),
        st.just(60.0),
        st.sampled_from([0.0, 60.0, 150.0, 300.0]),
        st.builds(WarmPool, st.integers(0, 6), st.sampled_from([0.0, 60.0]), st.just(0.1)),
        st.sampled_from([0.0, 60.0, 180.0]),
        st.sampled_from([0.25, 0.5, 1.0]),
        st.integers(0, 2),
        st.integers(3, 30),
        st.sampled_from([0.0, 60.0, 240.0]),
        st.sampled_from([1.0, math.inf]),
        st.sampled_from([0.0, 0.0, 30.0, 300.0]),
        st.sampled_from([0.0, 10.0]),
    )


demands = st.lists(st.floats(0, 80), min_size=TICKS, max_size=TICKS).map(np.array)
plans = st.lists(st.integers(0, 25), min_size=TICKS, max_size=TICKS).map(lambda found: np.array(found, dtype=float))


def expect_alike(slow: SlowFleet, fleet: Fleet, demand: np.ndarray, replayed: object) -> None:
    found = replayed.outcome  # type: ignore[attr-defined] # Replayed
    total = reduce(add, demand.tolist(), 0.0)  # one after another: `sum` compensates from Python 3.12 on
    hours = fleet.tick_s / 3600
    assert {
        pool.name: ticks * hours for pool, ticks in zip(fleet.pools, slow.replica_ticks, strict=True)
    } == found.replica_hours
    assert slow.warm_ticks * hours == found.warm_hours
    assert (slow.violating / total if total else 0.0) == found.violating
    assert (slow.lost / total if total else 0.0) == found.lost
    assert (slow.waited * fleet.tick_s / total if total else 0.0) == found.wait_s
    moves = (slow.launched, slow.stopped, slow.interrupted, slow.peak)
    assert moves == (found.launches, found.stops, found.interruptions, found.peak)
    assert slow.ready_by_tick == replayed.rows[:, ROW_READY].astype(int).tolist()  # type: ignore[attr-defined]


@settings(max_examples=examples(60), deadline=None)
@given(demands, fleets(), plans, st.integers(0, 5), st.integers(0, 2**31))
def test_a_plan_gives_exactly_what_the_slow_simulator_gives(
    demand: np.ndarray, fleet: Fleet, plan: np.ndarray, start_with: int, seed: int
) -> None:
    slow = SlowFleet(fleet, start_with, seed)
    for tick in range(TICKS):
        slow.tick(tick, float(demand[tick]), lambda at, loads, own: plan[at])
    expect_alike(slow, fleet, demand, replay_plan(demand, fleet, plan, start_with=start_with, seed=seed))


@settings(max_examples=examples(40), deadline=None)
@given(demands, fleets(), st.integers(0, 2**31))
def test_a_policy_sees_and_gives_exactly_what_the_slow_simulator_does(
    demand: np.ndarray, fleet: Fleet, seed: int
) -> None:
    def slow_policy(tick: int, loads: list[float], own: SlowFleet) -> float:
        last = loads[-1] if loads else math.nan
        return len(own.replicas) if math.isnan(last) else math.ceil(len(own.ready(tick)) * last / 0.6)

    def policy(seen: Seen) -> float:
        last = float(seen.load[-1]) if len(seen.load) else math.nan
        return seen.ready + seen.launching if math.isnan(last) else math.ceil(seen.ready * last / 0.6)

    slow = SlowFleet(fleet, 1, seed)
    for tick in range(TICKS):
        slow.tick(tick, float(demand[tick]), slow_policy)
    expect_alike(slow, fleet, demand, replay(demand, fleet, policy, start_with=1, seed=seed))


def test_lanes_give_what_each_gives_alone_and_the_same_again() -> None:
    generator = np.random.default_rng(5)
    demand, lanes = generator.uniform(0, 60, (7, 200)), 7
    made = [Fleet((Pool("spot", 3.0 + lane, Decimal(1), 40, 5.0),), launch_s=60.0 * lane) for lane in range(lanes)]
    plan = generator.integers(0, 20, (lanes, 200)).astype(float)
    once, again = (replay_plans(demand, made, plan, seed=3) for _ in range(2))
    assert once == again
    calm = [Fleet((Pool("own", 3.0 + lane, Decimal(1)),), launch_s=60.0 * lane) for lane in range(lanes)]
    alone = [replay_plan(demand[lane], calm[lane], plan[lane]).outcome for lane in range(lanes)]
    assert alone == replay_plans(demand, calm, plan)


def test_cost_is_exact_and_paid_from_launch() -> None:
    fleet = Fleet((Pool("only", 1.0, Decimal("0.30")),), launch_s=120.0)
    found = replay_plan(np.ones(5), fleet, np.array([3.0, 3.0, 3.0, 3.0, 3.0])).outcome
    assert Decimal("0.30") * (1 + 3 + 3 + 3 + 3) / 60 == found.cost


def test_chance_is_even_and_depends_on_every_key() -> None:
    drawn = np.array([uniform(1, 2, tick, 3) for tick in range(20_000)])
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs((drawn < 0.1).mean() - 0.1) < 0.01
    assert 4 == len({uniform(1, 2, 3, 4), uniform(2, 2, 3, 4), uniform(1, 3, 3, 4), uniform(1, 2, 3, 5)})


@pytest.mark.parametrize("demand", [[], [1.0, -1.0], [math.nan], [math.inf]])
def test_demand_that_cannot_be_is_refused(demand: list[float]) -> None:
    fleet = Fleet((Pool("only", 1.0),))
    with pytest.raises(InvalidInput, match="cannot replay"):
        replay_plan(np.array(demand), fleet, np.array(demand))


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({"least": 5, "most": 2}, {"tick_s": 0.0}, {"launch_s": -1.0}, {"startup_share": 2.0}):
        with pytest.raises(InvalidInput, match="cannot simulate"):
            Fleet((Pool("only", 1.0),), **wrong)  # type: ignore[arg-type] # each wrong in its own way
    with pytest.raises(InvalidInput, match="capacity"):
        Fleet((Pool("only", 0.0),))
