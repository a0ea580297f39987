"""The simulator once more, slowly: every replica is an object, every rule is written out. What the fast one must agree
with exactly."""

import math
from dataclasses import dataclass, field

from trimtab.capacity.simulate.fleet import Fleet

MASK = (1 << 64) - 1


def uniform(*keys: int) -> float:
    """splitmix64 over the keys, with Python's integers."""
    mixed = 0
    for key in keys:
        mixed = ((mixed ^ (key & MASK)) + 0x9E3779B97F4A7C15) & MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        mixed ^= mixed >> 31
    return (mixed >> 11) / 9007199254740992.0


@dataclass
class Replica:
    pool: int
    ready_at: int
    started_at: int


@dataclass
class SlowFleet:
    """One service. `tick` does a whole tick under `policy(tick, loads_seen, fleet) -> desired`."""

    fleet: Fleet
    start_with: int = 0
    seed: int = 0
    lane: int = 0
    replicas: list[Replica] = field(default_factory=list)
    prepared_at: list[int] = field(default_factory=list)
    backlog: float = 0.0
    loads: list[float] = field(default_factory=list)
    replica_ticks: list[int] = field(default_factory=list)
    warm_ticks: int = 0
    violating: float = 0.0
    lost: float = 0.0
    waited: float = 0.0
    launched: int = 0
    stopped: int = 0
    interrupted: int = 0
    peak: int = 0
    ready_by_tick: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.replica_ticks = [0] * len(self.fleet.pools)
        left = min(max(self.start_with, self.fleet.least), self.fleet.most)
        for pool, settings in enumerate(self.fleet.pools):
            some = min(left, settings.most)
            long_ago = -10_000
            self.replicas += [Replica(pool, long_ago, long_ago) for _ in range(some)]
            left -= some

    def ready(self, tick: int, pool: int | None = None) -> list[Replica]:
        return [one for one in self.replicas if one.ready_at <= tick and pool in (None, one.pool)]

    def tick(self, tick: int, demand: float, policy) -> None:  # type: ignore[no-untyped-def] # any callable
        self._interrupt(tick)
        self._serve(tick, demand)
        for one in self.replicas:
            self.replica_ticks[one.pool] += 1
        self.peak = max(self.peak, len(self.replicas))
        self.ready_by_tick.append(len(self.ready(tick)))
        known = max(0, tick + 1 - self.fleet.ticks(self.fleet.metric_lag_s))
        self._follow(tick, policy(tick, self.loads[:known], self))

    def _interrupt(self, tick: int) -> None:
        for pool, settings in enumerate(self.fleet.pools):
            chance = -math.expm1(-settings.interruptions * self.fleet.tick_s / 3600)
            here = self.ready(tick, pool)
            lost = sum(
                uniform(self.seed, self.lane, tick, pool * 1_000_003 + one) < chance
                for one in range(len(here))
                if chance
            )
            for one in sorted(here, key=lambda each: -each.ready_at)[:lost]:
                self.replicas.remove(one)
            self.interrupted += lost

    def _serve(self, tick: int, demand: float) -> None:
        startup, capacity = self.fleet.ticks(self.fleet.startup_s), 0.0
        for pool, settings in enumerate(self.fleet.pools):
            here = self.ready(tick, pool)
            cold = sum(one.ready_at + startup > tick for one in here)
            capacity += ((len(here) - cold) + cold * self.fleet.startup_share) * settings.capacity
        self.warm_ticks += sum(at <= tick for at in self.prepared_at)
        offered = demand + self.backlog
        served = min(offered, capacity)
        rest = offered - served
        kept = min(rest, self.fleet.queue_s / self.fleet.tick_s * capacity)
        lost = rest - kept
        self.backlog = kept
        slow = kept > self.fleet.slo_wait_s / self.fleet.tick_s * capacity + 1e-9 * offered
        if lost > 1e-9 * offered or slow:
            self.violating += demand
        self.lost += lost
        self.waited += kept
        self.loads.append(min(demand / capacity, self.fleet.signal_cap) if capacity > 0 else math.nan)

    def _follow(self, tick: int, desired: float) -> None:
        wanted = int(min(max(desired, self.fleet.least), self.fleet.most))
        if wanted > len(self.replicas):
            self._launch(tick, wanted - len(self.replicas))
        elif wanted < len(self.replicas):
            self._stop(tick, len(self.replicas) - wanted)
        waiting = max(0, self.fleet.warm.prepared - len(self.replicas))
        missing = waiting - len(self.prepared_at)
        self.prepared_at += [tick + 1 + self.fleet.ticks(self.fleet.launch_s)] * max(0, missing)
        for _ in range(-missing):
            ready = [at for at in self.prepared_at if at <= tick]
            if ready:
                self.prepared_at.remove(ready[0])

    def _launch(self, tick: int, number: int) -> None:
        for pool, settings in enumerate(self.fleet.pools):
            for _ in range(min(number, settings.most - sum(one.pool == pool for one in self.replicas))):
                prepared = [at for at in self.prepared_at if at <= tick]
                if pool == 0 and prepared:
                    self.prepared_at.remove(prepared[0])
                    wait = self.fleet.ticks(self.fleet.warm.launch_s)
                else:
                    wait = self.fleet.ticks(self.fleet.launch_s)
                self.replicas.append(Replica(pool, tick + 1 + wait, tick))
                number -= 1
                self.launched += 1

    def _stop(self, tick: int, number: int) -> None:
        for pool in reversed(range(len(self.fleet.pools))):
            here = [one for one in self.replicas if one.pool == pool]
            for one in sorted(here, key=lambda each: -each.ready_at)[:number]:
                self.replicas.remove(one)
                number -= 1
                self.stopped += 1
