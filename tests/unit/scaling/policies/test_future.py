"""No policy looks ahead: what it decided stays as it was, whatever comes after."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.capacity.simulate.record import ROW_DESIRED
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.policies.portfolio import Portfolio, plain_quantile, plan
from trimtab.scaling.policies.predictive import Predictive, floor_of
from trimtab.scaling.policies.promise import keep
from trimtab.scaling.policies.rule import Rule
from trimtab.scaling.policies.step import Step, StepScaling
from trimtab.scaling.policies.switching import Switching, kept
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.policies.to_zero import ToZero
from trimtab.scaling.replay.lanes import Group, replay_group

TICK_S = 600.0
DAYS = 20
FLEET = Fleet((Pool("own", 10.0, Decimal(1)),), tick_s=TICK_S, launch_s=1200.0, least=0)
Decide = Callable[[np.ndarray], np.ndarray]


def demand(seed: int) -> np.ndarray:
    at = np.arange(int(DAYS * 86_400 / TICK_S))
    day = 100 + 80 * np.sin(at * TICK_S / 86_400 * 2 * np.pi)
    return np.maximum(0, day * np.random.default_rng(seed).lognormal(0, 0.15, len(at)))


def rules(*some: Rule) -> Decide:
    return lambda given: replay_group(given, Group(FLEET, some), start_with=5).replayed.rows[:, ROW_DESIRED]


DECIDES: dict[str, Decide] = {
    "target tracking": rules(TargetTracking(0.6, TICK_S, 3 * TICK_S)),
    "steps": rules(StepScaling(0.7, (Step(0.0, None, 2.0),)), StepScaling(0.4, (Step(None, 0.0, -1.0),), out=False)),
    "objective": rules(Objective(0.2, 600.0, 1800.0)),
    "scale to zero": rules(ToZero(3600.0), TargetTracking(0.5, TICK_S, TICK_S)),
    "predictive": lambda given: floor_of(given, FLEET, Predictive(0.7)),
    "portfolio": lambda given: plan(given, FLEET, Portfolio(0.01)).desired,
    "promise": lambda given: keep(given, FLEET, plan(given, FLEET, Portfolio(0.2)).desired, 0.2).desired,
    "quantile": lambda given: plan(given, FLEET, plain_quantile(0.95, 0.05)).desired,
    "switching": lambda given: kept(plan(given, FLEET, Portfolio(0.01)).desired, TICK_S, Switching(3600.0)),
}


@pytest.mark.parametrize("name", DECIDES)
def test_shifting_the_future_changes_no_past_decision(name: str) -> None:
    decide, past = DECIDES[name], demand(1)
    whole = decide(past)
    assert len(set(whole.tolist())) > 3  # it does decide something
    for now in (1, 7, 143, 150, 1007, 1009, 1500, len(past) - 5):
        other = np.concatenate([past[:now], past[now:][::-1] * 9 + 1000])
        assert whole[:now].tolist() == decide(other)[:now].tolist()
        assert whole[:now].tolist() == decide(past[:now])[:now].tolist()
