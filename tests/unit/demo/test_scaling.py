"""The planted service swings as it is told, and a replay of what is sent shows what a plan saves."""

from decimal import Decimal

import numpy as np

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.demo.plants import plants
from trimtab.demo.scaling import RESOURCE, demand
from trimtab.demo.world import World
from trimtab.scaling.replay.comparison import compare

CAPACITY, LEAST, MOST = 110.0, 3, 24
DAY_MINUTES = 1440


def test_a_plan_serves_the_swinging_service_for_far_less_than_the_suggested_target(made: World) -> None:
    planted = next(one for one in plants(made) if one.id == "swinging-service")
    assert ((RESOURCE,), "/scaling") == (planted.resources, planted.page)
    minutes = range(planted.since_ms, planted.since_ms + 7 * DAY_MINUTES * 60_000, 60_000)
    a_second = np.array([demand(at) for at in minutes]) / 60
    assert 8 < a_second.max() / a_second.min() < 10
    assert a_second.max() / CAPACITY < MOST
    fleet = Fleet((Pool("replica", CAPACITY, Decimal("1.323")),), 60.0, 180.0, least=LEAST, most=MOST)
    found = compare(a_second, fleet, (0.01,))
    ours = found.ours[0.01]
    assert ours.violating <= 0.01
    assert 1.6 < found.suggested.hours / ours.hours < 1.8
