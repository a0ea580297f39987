"""Searches for capacity on queues whose truth is known, simulated in their own time.

Run as `bench_capacity.py [--seeds 6] [--first 0] [--seconds 300] [--tolerance 0.03] [QUEUE …]`. Each search is
the product's own, over a simulated queue in place of a server; the truth is the rate at which p99 is the objective: by
formula for M/M/1, else by a simulation of two million requests, bisected over the same random numbers. A line of JSON
for each search; the last is JSON with `within_3_percent`, `worst`, `covered` (searches whose interval holds the truth),
`bias` and `mean_seconds`.
"""

import argparse
import asyncio
import json
import math

import numba
import numpy as np
import numpy.typing as npt

from trimtab.base.clock import ManualClock
from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look
from trimtab.inference.objective import Objective
from trimtab.inference.search import Found, Means, Plan, search

Values = npt.NDArray[np.float64]
QUEUES = {
    # servers, service, its mean in s, the objective in ms, about what it bears
    "mm1-fast": (1, "exponential", 0.0005, 50.0, 1912.0),
    "mm1": (1, "exponential", 0.001, 60.0, 926.0),
    "mm1-slow": (1, "exponential", 0.002, 100.0, 455.0),
    "mm4": (4, "exponential", 0.004, 50.0, 905.0),
    "mm16": (16, "exponential", 0.02, 150.0, 764.0),
    "md1": (1, "constant", 0.002, 30.0, 424.0),
    "md4": (4, "constant", 0.01, 40.0, 333.0),
    "ml1": (1, "lognormal", 0.002, 40.0, 426.0),
    "ml8": (8, "lognormal", 0.02, 120.0, 371.0),
}
SIGMA = 0.5  # of the logarithm
LONG = 2_000_000


@numba.njit(cache=True)
def sojourns(at: Values, service: Values, servers: int) -> Values:
    """Seconds from arrival to departure, first come first served."""
    free, found = np.zeros(servers), np.empty(len(at))
    for one in range(len(at)):
        first = 0
        for other in range(1, servers):
            if free[other] < free[first]:
                first = other
        free[first] = max(at[one], free[first]) + service[one]
        found[one] = free[first] - at[one]
    return found


class Queue:
    """A queue in place of a server: holds a load at once, and moves the clock by its time."""

    def __init__(self, name: str, seed: int) -> None:
        self.servers, self.kind, self.mean, _, _ = QUEUES[name]
        self.clock, self.draw = ManualClock(0), np.random.default_rng(seed)

    def service(self, count: int) -> Values:
        """Service times, s."""
        if self.kind == "constant":
            return np.full(count, self.mean)
        if self.kind == "lognormal":
            return self.draw.lognormal(math.log(self.mean) - SIGMA**2 / 2, SIGMA, count)
        return self.draw.exponential(self.mean, count)

    async def hold(self, rate: float, limits: Limits, look: Look) -> Record:
        """Hold a rate; `look` sees every slice when it ends."""
        start_s = self.clock.monotonic()
        at = np.cumsum(self.draw.exponential(1 / rate, int(rate * limits.seconds * 1.3 + 50)))
        at = at[at < limits.seconds]
        took = sojourns(at, self.service(len(at)), self.servers)
        record = recorded(start_s, limits, at, took)
        over = len(record.slices)
        for number in range(1, over + 1):
            if look(record, start_s + number * limits.slice_s):
                over = number
                break
        del record.slices[over:]
        self.clock.advance(over * limits.slice_s + min(2.0, float(took[-1]) if len(took) else 0.0))
        return record


def recorded(start_s: float, limits: Limits, at: Values, took: Values) -> Record:
    """What a generator would have noted."""
    record = Record(start_s, limits.slice_s)
    count = round(limits.seconds / limits.slice_s)
    edges = np.searchsorted((at / limits.slice_s).astype(int), np.arange(count + 1))
    us = (took * 1e6).astype(np.int64)
    shift = np.maximum(np.floor(np.log2(np.maximum(us, 1))).astype(np.int64) - 8, 0)
    buckets = np.where(us < 512, us, (shift << 8) + (us >> shift))  # those of `histogram.bucket`
    for number in range(count):
        one = record.slice_at(start_s + (number + 0.5) * limits.slice_s)
        mine = buckets[edges[number] : edges[number + 1]]
        one.sent = one.good = len(mine)
        values, times = np.unique(mine, return_counts=True)
        one.latency = Histogram(dict(zip(values.tolist(), times.tolist(), strict=True)))
    for number, done in enumerate(np.bincount(((at + took) / limits.slice_s).astype(int)).tolist()):
        record.finished[number] = done
    return record


def truth(name: str) -> float:
    """The rate at which p99 is the objective."""
    servers, kind, mean, limit_ms, about = QUEUES[name]
    if servers == 1 and kind == "exponential":
        return 1 / mean - math.log(100) / (limit_ms / 1000)
    queue = Queue(name, 77)
    gaps, service = queue.draw.exponential(1, LONG), queue.service(LONG)
    low, high = 0.7 * about, 1.3 * about
    for _ in range(14):
        middle = (low + high) / 2
        slow = np.quantile(sojourns(np.cumsum(gaps) / middle, service, servers), 0.99) * 1000 > limit_ms
        low, high = (low, middle) if slow else (middle, high)
    return (low + high) / 2


async def found(name: str, seed: int, seconds: float, tolerance: float) -> Found:
    """One search."""
    queue = Queue(name, seed)
    start = 0.1 * queue.servers / queue.mean
    plan = Plan(Objective(QUEUES[name][3]), start_rate=start, warm_up_s=0.0, most_s=seconds, tolerance=tolerance)
    return await search(plan, Means(queue.hold, queue.clock.monotonic))


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queues", nargs="*", default=list(QUEUES))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--tolerance", type=float, default=0.03)
    given = parser.parse_args()
    errors, covered, seconds = [], [], []
    for name in given.queues:
        right = truth(name)
        for seed in range(given.first, given.first + given.seeds):
            one = asyncio.run(found(name, seed, given.seconds, given.tolerance))
            answer = one.capacity
            error = float(answer.value / right - 1) if answer else -1.0
            errors.append(error)
            covered.append(bool(answer and answer.lower <= right <= answer.upper))
            seconds.append(one.seconds)
            told = {"queue": name, "seed": seed, "truth": round(float(right), 1), "error": round(error, 4),
                    "covered": covered[-1], "seconds": round(one.seconds), "ended": one.ended}  # fmt: skip
            print(json.dumps(told), flush=True)
    off = np.abs(errors)
    print(json.dumps({
        "searches": len(errors), "within_3_percent": round(float((off <= 0.03).mean()), 3),
        "worst": round(float(off.max()), 4), "covered": round(float(np.mean(covered)), 3),
        "bias": round(float(np.mean(errors)), 4), "mean_seconds": round(float(np.mean(seconds)), 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
