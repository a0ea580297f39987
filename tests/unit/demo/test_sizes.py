"""The two endpoints of the demo with the wrong size are found from what is sent of them."""

import numpy as np
from tests.unit.demo.conftest import ANCHOR_MS

from trimtab.advice.rightsizing.advise import advise
from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.model import Axis, Finding, Recommendation, Subject
from trimtab.advice.rightsizing.prices import InstancePrices
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.sizes.instances import InstanceSizes
from trimtab.advice.rightsizing.subjects import subjects
from trimtab.advice.rightsizing.use import DAY_MS, daily_use
from trimtab.demo.sizes import TOO_LARGE, TOO_SMALL, Missized, measured, records
from trimtab.inventory.catalog.book import load
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource


def judged(one: Missized) -> Recommendation:
    told = records(one)[0]
    ref = parse_arn(told.arn)
    [subject] = subjects([Resource(ref, told.name, arn=told.arn, attributes=dict(told.attributes))])
    assert isinstance(subject, Subject)
    sizes = InstanceSizes(load(), InstancePrices(load(), (), ANCHOR_MS)).of(subject.type, subject.region, prefix="ml.")
    uses = {}
    for _, metrics in measured(one, ANCHOR_MS):
        axis = {"CPUUtilization": Axis.CPU, "MemoryUtilization": Axis.MEMORY}.get(metrics[0].name)
        if axis is not None:
            whole = 100.0 * one.vcpus if axis is Axis.CPU else 100.0
            times, values = ([getattr(point, word) for point in metrics] for word in ("time", "value"))
            uses[axis] = daily_use(np.array(times), np.array(values) / whole, ANCHOR_MS - 14 * DAY_MS, 14)
    [found] = advise(Fleet([subject], sizes, uses), Sizing())
    return found


def test_the_endpoint_that_is_too_large_is_found() -> None:
    found = judged(TOO_LARGE)
    assert found.finding is Finding.OVER
    assert found.advised[0].option.name == "ml.m5.large"
    assert found.replays[0].over <= 0.05


def test_the_endpoint_that_is_too_small_is_found() -> None:
    found = judged(TOO_SMALL)
    assert found.finding is Finding.UNDER
    assert "CPUUnderprovisioned" in found.reasons
    assert found.advised[0].option.capacity[Axis.CPU] == 8
