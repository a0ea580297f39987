"""What acts is what was replayed: decisions of the engine beside those of the simulator, tick by tick."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.record import ROW_DESIRED
from trimtab.scaling.engine.deciding import Seen, decide
from trimtab.scaling.engine.model import CUSTOM, Kind, Policy, ScalableTarget, Service, Signal, Standing, TargetKey
from trimtab.scaling.engine.readings import Demand
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.policies.portfolio import Portfolio, plan
from trimtab.scaling.policies.rule import DEMAND as SEEN_DEMAND
from trimtab.scaling.policies.rule import LOAD, READY, TOTAL, WAITING, Rule
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.replay.lanes import Group, replay_group

KEY = TargetKey("123456789012", "us-east-1", CUSTOM, "webhook/web", "custom-resource:ResourceType:Property")
TRACKED = {
    "TargetValue": 50.0,
    "ScaleOutCooldown": 180,
    "ScaleInCooldown": 600,
    "CustomizedMetricSpecification": {"Namespace": "own", "MetricName": "cpu"},
}


def _target(**changes: object) -> ScalableTarget:
    service = Service(10.0, 120.0, 60, Signal("own", "requests"))
    return ScalableTarget("t", KEY, 1, 40, 0, 0, service=service, **changes)  # type: ignore[arg-type]  # of a test


def _policy(kind: Kind, document: dict[str, object]) -> Policy:
    return Policy("p", "t", KEY, "own", kind, document, 0, 0)


def _demand(seed: int, ticks: int = 600) -> np.ndarray:
    generator = np.random.default_rng(seed)
    level = 120 + 100 * np.sin(np.arange(ticks) / 60) + generator.normal(0, 30, ticks)
    return np.maximum(0.0, level)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (_policy(Kind.TRACKING, TRACKED), TargetTracking(0.5, out_cooldown_s=180, in_cooldown_s=600)),
        (_policy(Kind.OBJECTIVE, {"headroom": 0.3, "drain_s": 60, "calm_s": 300}), Objective(0.3, 60, 300)),
    ],
    ids=["target tracking", "objective"],
)
def test_the_engine_decides_as_the_simulator_does(policy: Policy, rule: Rule) -> None:
    fleet = Fleet((Pool("one", 10.0),), launch_s=120.0, least=1, most=40, queue_s=300.0)
    told = replay_group(_demand(3), Group(fleet, (rule,), block_in=False), start_with=3)
    target, memories, changes = _target(), {}, 0
    for tick, seen in enumerate(told.wished):
        standing = Standing(int(seen[READY]), int(seen[TOTAL] - seen[READY]), int(seen[TOTAL]))
        demand = Demand(np.array([seen[SEEN_DEMAND]]), 0, waiting=60 * float(seen[WAITING]))
        shown = Seen((tick + 1) * 60_000, standing, {"p": seen[LOAD] * 100}, demand=demand)
        found = decide(target, [policy], shown, memories, tick)
        memories = found.memories
        assert told.replayed.rows[tick, ROW_DESIRED] == found.wanted, tick
        changes += found.wanted != standing.desired
    assert changes > 10


def test_no_cooldown_lasts_until_a_clock_that_went_back_is_where_it_was() -> None:
    target, policy = _target(), _policy(Kind.TRACKING, TRACKED)
    memories: Mapping[str, Sequence[float]] = {}
    last, grew = 1_000_000 - 1, []
    for tick in (*range(1_000_000, 1_000_004), *range(998_560, 998_564)):  # a day back
        found = decide(target, [policy], Seen(tick * 60_000, Standing(3, 0, 3), {"p": 90.0}), memories, last)
        memories, last = found.memories, tick
        grew += [tick] if found.wanted > 3 else []
    assert grew == [1_000_002, 998_562]


def test_a_portfolio_is_planned_from_the_same_past_as_in_a_replay() -> None:
    target, demand = _target(), _demand(4, 300)
    fleet = Fleet((Pool("one", 10.0),), launch_s=120.0, least=1, most=40)
    made = plan(demand, fleet, Portfolio(0.01))
    for tick in (50, 120, 299):
        shown = Seen(0, Standing(7, 0, 7), demand=Demand(demand[: tick + 1], 0))
        found = decide(target, [_policy(Kind.PORTFOLIO, {"allowed": 0.01})], shown, {}, 0)
        assert (made.desired[tick], made.why(tick)) == (found.wanted, found.reasons["own"])


def test_out_if_any_wants_to_in_only_if_all_agree() -> None:
    calm = Policy("q", "t", KEY, "calm", Kind.TRACKING, TRACKED, 0, 0)
    both, memories, last = [_policy(Kind.TRACKING, TRACKED), calm], {}, 0
    for tick in range(1, 20):
        shown = Seen(tick * 60_000, Standing(4, 0, 4), {"p": 10.0, "q": 50.0})
        found = decide(_target(), both, shown, memories, last)
        memories, last = found.memories, tick
        assert 4 == found.wanted
    shown = Seen(20 * 60_000, Standing(4, 0, 4), {"p": 10.0, "q": 20.0})
    for tick in range(20, 40):
        shown = Seen(tick * 60_000, Standing(4, 0, 4), {"p": 10.0, "q": 20.0})
        found = decide(_target(), both, shown, memories, last)
        memories, last = found.memories, tick
        if found.wanted < 4:
            break
    assert 2 == found.wanted  # the larger of the two wishes
