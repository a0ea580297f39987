"""What is offered to somebody whose own autoscaler decides."""

import numpy as np

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.scaling.engine.offering import offer

HPA = {"spec": {"metrics": [{"resource": {"target": {"type": "Utilization", "averageUtilization": 40}}}]}}
FLEET = Fleet((Pool("one", 10.0),), launch_s=60.0, least=1, most=50)


def test_a_cheaper_target_that_violates_no_more_is_offered_as_a_difference() -> None:
    demand = 150 + 100 * np.sin(np.arange(3 * 1440) / 1440 * 2 * np.pi)
    found = offer(HPA, demand, FLEET)
    assert found.now is not None
    assert found.offered is not None
    assert found.offered.hours < found.now.hours
    assert found.offered.violating <= max(0.01, found.now.violating)
    path, old, new = found.lines
    assert ("# spec.metrics[0].resource.target.averageUtilization", "- averageUtilization: 40") == (path, old)
    assert new.startswith("+ averageUtilization: ")


def test_what_cannot_be_replayed_says_why() -> None:
    assert "no utilisation in percent" in offer({"spec": {"triggers": [{"type": "cron"}]}}, np.ones(100), FLEET).reason
    assert "not known for long enough" in offer(HPA, np.ones(10), FLEET).reason
