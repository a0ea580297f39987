"""What a rule says now is what it said in the replay, tick by tick."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.capacity.spot.choose import rules
from trimtab.capacity.spot.decide import SPOT, WAIT, Standing, decide
from trimtab.capacity.spot.model import Availability, Job, Rule
from trimtab.capacity.spot.replay import replay, starts_of

_GAP_H = 0.5
_NAMES = ("trimtab", "uniform progress", "spot, then on demand", "on demand")


def _played(up: list[bool], job: Job, rule: Rule) -> tuple[float, float, float]:
    """Hours on spot, on demand, and of the end, deciding tick by tick."""
    left, boot, on = job.work_h, 0.0, WAIT
    spot = on_demand = 0.0
    for tick in range(int(job.deadline_h / _GAP_H)):
        run = 0
        while run <= tick and up[tick - run]:
            run += 1
        if on == SPOT and not up[tick]:
            on = WAIT
        found = decide(job, rule, Standing(tick * _GAP_H, left, on, boot, run * _GAP_H), _GAP_H).on
        if found != on:
            boot = 0.0 if found == WAIT else job.delay_h
            on = found
        if on == WAIT:
            continue
        ran = min(_GAP_H, boot + left)
        left -= max(0.0, ran - boot)
        boot = max(0.0, boot - ran)
        spot, on_demand = (spot + ran, on_demand) if on == SPOT else (spot, on_demand + ran)
        if left <= 1e-9:
            return spot, on_demand, tick * _GAP_H + ran
    return spot, on_demand, float("inf")


@pytest.mark.parametrize("name", _NAMES)
@given(up=st.lists(st.booleans(), min_size=40, max_size=40), work_h=st.sampled_from((4.0, 9.25, 12.0)))
def test_decisions_are_those_of_the_replay(name: str, up: list[bool], work_h: float) -> None:
    job = Job(work_h, 20.0, 0.25, 0.3)
    rule = next(one for one in rules(job) if one.name == name)
    available = Availability(("a",), _GAP_H, np.array([up], dtype=np.uint8))
    starts = starts_of(available, job)
    outcome = replay(available, job, rule, starts)
    assert 1 == len(starts)
    expected = float(outcome.spot_h[0]), float(outcome.on_demand_h[0]), float(outcome.end_h[0])
    assert expected == pytest.approx(_played(up, job, rule))
