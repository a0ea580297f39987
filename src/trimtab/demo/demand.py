"""What is asked of the endpoints and how their replicas take it: the load that every other signal of serving follows.

A replica is a queue with a capacity. Below it requests share the machine and slow each other down; at it they wait,
and what does not fit fails. Latencies are log-logistic: near log-normal, with a distribution function in one line.
"""

import numpy as np
from msgspec import Struct

from trimtab.demo import noise
from trimtab.demo.endpoints import (
    DEGRADED,
    DEGRADED_CAPACITY,
    DEGRADED_ERRORS,
    DEGRADED_PACE,
    DEGRADED_SINCE_H,
    THINNED,
    THINNED_SHARE,
    THINNED_SINCE_H,
    Endpoint,
)
from trimtab.demo.noise import Floats, Keys, Marks
from trimtab.demo.slab import Slab
from trimtab.demo.world import World, ago

_ERRORS = 0.0006  # share of requests that fail on a good day
_QUEUE = 190.0  # requests that wait before the front end refuses more
_TOO_LATE_S = 60.0
FIRST, BETWEEN, WHOLE = 0.55, 0.22, 0.5
"""Widths (of the logarithm) of the time to the first token, between tokens, and of the whole request."""


class Load(Struct, frozen=True):
    """A row a replica, a column a time. Rates a second, times in seconds, shares 0 to 1; `restarts` marks deploys."""

    arrivals: Floats
    served: Floats
    failed: Floats
    busy: Floats
    running: Floats
    waiting: Floats
    cache: Floats
    first_s: Floats
    token_s: Floats
    whole_s: Floats
    restarts: Marks


class Demand:
    """Computes the load of every replica of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._endpoints = [endpoint for _, endpoint in world.company.replicas]
        names = [endpoint.name for endpoint in self._endpoints]
        replicas = [pod.name for pod, _ in world.company.replicas]
        self._shared = self._keys("demand", names)  # replicas of one endpoint see the same day
        self._own = self._keys("replica", replicas)

    def of(self, slab: Slab) -> Load:
        """The load over a slab."""
        worse = self._worse(slab)
        asked, pace = self._asked(slab), np.where(worse, DEGRADED_PACE, 1.0)
        capacity = self._column("capacity") * np.where(worse, DEGRADED_CAPACITY, 1.0)
        busy = asked / capacity
        served = np.minimum(asked, capacity * 0.985)
        lost = (asked - served) * 0.6  # the others are sent again or give up unseen
        wave = noise.white(self._own, slab.times)
        failed = lost + served * np.where(worse, DEGRADED_ERRORS, _ERRORS) * (1 + 0.5 * wave)
        eased = np.minimum(busy, 1.0)
        waiting = np.clip(4 * eased**8 / np.maximum(1 - eased, 0.02) - 0.3, 0, _QUEUE * (0.85 + 0.15 * wave))
        token_s = self._column("token_s") * pace * (1 + 1.1 * eased**2 + 0.05 * wave)
        first_s = self._column("first_s") * pace * (1 + 0.9 * eased) + np.minimum(waiting / served, _TOO_LATE_S) * 0.8
        whole_s = first_s + token_s * self._column("output")
        slots = self._column("slots")
        running = np.minimum(served * whole_s, slots)
        cache = np.clip(0.06 + 0.8 * busy**1.2 + 0.03 * wave, 0.01, 0.995)
        restarts = self._restarts(slab)
        return Load(asked, served, failed, eased, running, waiting, cache, first_s, token_s, whole_s, restarts)

    def _asked(self, slab: Slab) -> Floats:
        times = slab.times
        seasons = {
            shape: noise.season(times, *shape)
            for shape in {(one.peak_hour, one.night, one.weekend) for one in self._endpoints}
        }
        rows = [one.peak * seasons[one.peak_hour, one.night, one.weekend] for one in self._endpoints]
        together = 1 + 0.14 * noise.drift(self._shared, times, 5400) + 0.05 * noise.drift(self._shared, times, 420)
        alone = 1 + 0.06 * noise.drift(self._own, times, 1800) + 0.05 * noise.white(self._own, times)
        thinned = np.array([[endpoint.name == THINNED] for endpoint in self._endpoints])
        thinned = thinned & (times >= ago(self._world.anchor_ms, THINNED_SINCE_H))
        asked: Floats = np.array(rows) * together * alone * np.where(thinned, THINNED_SHARE, 1.0)
        return asked

    def _worse(self, slab: Slab) -> Marks:
        """Where an endpoint is the degraded one, since it is."""
        rows = np.array([[endpoint.name == DEGRADED] for endpoint in self._endpoints])
        worse: Marks = rows & (slab.times >= ago(self._world.anchor_ms, DEGRADED_SINCE_H))
        return worse

    def _restarts(self, slab: Slab) -> Marks:
        """Where a step holds a deploy: the first time at or after it."""
        marks = np.zeros((len(self._endpoints), len(slab.times)), bool)
        for row, endpoint in enumerate(self._endpoints):
            for when in deploys(self._world, endpoint):
                marks[row] |= (slab.times >= when) & (slab.times - slab.step_s * 1000 < when)
        return marks

    def _column(self, name: str) -> Floats:
        return np.array([[getattr(endpoint, name)] for endpoint in self._endpoints], float)

    def _keys(self, purpose: str, names: list[str]) -> Keys:
        return noise.keys_of(self._world.seed, purpose, names)


def deploys(world: World, endpoint: Endpoint) -> list[int]:
    """When new versions of an endpoint were rolled out, in ms, the oldest first."""
    return [ago(world.anchor_ms, hours) for hours in sorted(endpoint.deploys, reverse=True)]


def below(bound: float, middle: Floats, width: float) -> Floats:
    """The share of requests that took at most `bound`, where half of them took `middle`."""
    return 1 / (1 + (middle / bound) ** (1.7 / width))
