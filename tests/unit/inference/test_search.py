"""The search for capacity on simulated queues, in simulated time."""

import heapq
import math
import random
from collections.abc import Callable

import pytest

from trimtab.base.clock import ManualClock
from trimtab.inference.load.outcome import Outcome
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look
from trimtab.inference.objective import Objective
from trimtab.inference.search import Found, Means, Plan, search


class Queue:
    """Poisson arrivals at servers with set service times, without waiting for real time to pass."""

    def __init__(self, clock: ManualClock, workers: int, service: Callable[[random.Random], float]) -> None:
        self.clock, self.workers, self.service = clock, workers, service
        self.draw = random.Random(3)

    async def hold(self, rate: float, limits: Limits, look: Look) -> Record:
        start_s = self.clock.monotonic()
        record = Record(start_s, limits.slice_s)
        free = [start_s] * self.workers
        due: list[tuple[float, int, float]] = []
        at_s, number, over = start_s, 0, False
        next_look = start_s + limits.slice_s
        slices = {}
        while not over:
            at_s += self.draw.expovariate(rate)
            while next_look <= at_s and not over:
                self._leave(due, next_look, record, slices)
                self.clock.at_ms = round(next_look * 1000)
                over = next_look >= start_s + limits.seconds or look(record, next_look)
                next_look += limits.slice_s
            if not over:
                number += 1
                leave = max(at_s, heapq.heappop(free)) + self.service(self.draw)
                heapq.heappush(free, leave)
                slices[number] = record.begin(at_s, at_s)
                heapq.heappush(due, (leave, number, at_s))
        self._leave(due, math.inf, record, slices)
        return record

    @staticmethod
    def _leave(due, until, record, slices) -> None:  # type: ignore[no-untyped-def]  # what hold made
        while due and due[0][0] <= until:
            leave, number, came = heapq.heappop(due)
            record.end(slices.pop(number), came, Outcome(leave))


async def _found(workers: int, service: Callable[[random.Random], float], objective: Objective, start: float) -> Found:
    clock = ManualClock()
    queue = Queue(clock, workers, service)
    plan = Plan(objective, start_rate=start, warm_up_s=0.0, tolerance=0.03)
    return await search(plan, Means(queue.hold, clock.monotonic))


@pytest.mark.slow
def test_the_capacity_of_a_single_server_is_found(anyio_run) -> None:  # type: ignore[no-untyped-def]  # a fixture
    mu, limit_s = 2000.0, 0.05
    found = anyio_run(_found(1, lambda draw: draw.expovariate(mu), Objective(50.0), 400.0))
    truth = mu - math.log(100) / limit_s  # M/M/1: P(T > L) = exp(-(mu - lambda) L)
    assert found.capacity is not None
    assert truth == pytest.approx(found.capacity.value, rel=0.05)
    assert found.capacity.lower < found.capacity.value < found.capacity.upper
    assert found.capacity.lower < found.capacity.value < found.capacity.upper


def test_no_rate_meets_an_objective_below_the_service_time(anyio_run) -> None:  # type: ignore[no-untyped-def]  # a fixture
    found = anyio_run(_found(1, lambda draw: 0.05, Objective(10.0), 8.0))
    assert None is found.capacity
    assert "no rate meets the objective" == found.ended
