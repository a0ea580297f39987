"""Request by request under policies: the queue that a policy sees is the one that its decisions made.

A replay of rates (`lanes`) knows no queue below the capacity; real requests come in bunches, wait, and a policy that
looks at what waits answers them. Here every request comes at its time, takes its time, and waits for a free replica;
replicas come `launch_s` after they were asked for, to the moment; one that is stopped ends what it serves, one that is
killed loses it and is replaced. What policies are shown is as old as the fleet's `metric_lag_s`.
"""

import heapq
from collections import deque
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.capacity.simulate.fleet import Array
from trimtab.scaling.policies.rule import CAPACITY, DEMAND, LOAD, READY, SEEN, TICK, TOTAL, WAITING, no_memory
from trimtab.scaling.replay.deciding import decide
from trimtab.scaling.replay.lanes import Group

MOST_REQUESTS = 1_000_000
_END, _READY, _KILL, _TICK, _ARRIVAL = range(5)  # of what happens at one time, in this order


class RequestReplay(Struct, frozen=True):
    """What came of it. `latencies_s` by arrival (NaN: lost with a replica that was killed, or never served).

    `ready` and `paid` are replicas in service, and those with what is coming, at the end of each tick.
    """

    latencies_s: Array
    ready: Array
    paid: Array
    replica_seconds: float

    def quantile(self, level: float) -> float:
        """Seconds that a share `level` of the requests that were answered did not exceed."""
        return float(np.nanquantile(self.latencies_s, level))


class _Run(Struct):
    """The state between two events."""

    arrivals: Array
    service: Array
    group: Group
    latencies: Array
    desired: int
    ready: set[int] = field(default_factory=set)
    idle: list[int] = field(default_factory=list)
    serving: dict[int, int] = field(default_factory=dict)
    coming: set[int] = field(default_factory=set)
    waiting: "deque[int]" = field(default_factory=deque)
    events: list[tuple[float, int, int]] = field(default_factory=list)
    made: int = 0
    came: list[int] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)

    def hand_out(self, now: float) -> None:
        """Give free replicas to those who wait, first come first served; the oldest replica first."""
        while self.waiting and self.idle:
            replica, request = heapq.heappop(self.idle), self.waiting.popleft()
            if replica not in self.ready:  # it was stopped while it was idle
                self.waiting.appendleft(request)
                continue
            self.serving[replica] = request
            heapq.heappush(self.events, (now + float(self.service[request]), _END, replica))

    def end(self, replica: int, now: float) -> None:
        """A replica has served its request; one that was stopped meanwhile takes no other."""
        request = self.serving.pop(replica, None)
        if request is None:
            return
        self.latencies[request] = now - float(self.arrivals[request])
        if replica in self.ready:
            heapq.heappush(self.idle, replica)

    def come(self, replica: int) -> None:
        """A replica that was launched is in service, unless it was stopped before."""
        if replica in self.coming:
            self.coming.discard(replica)
            self.ready.add(replica)
            heapq.heappush(self.idle, replica)

    def settle(self, now: float) -> None:
        """Launch or stop until as many as desired are in service or coming: what comes first, then the idle, newest."""
        while len(self.ready) + len(self.coming) < self.desired:
            self.made += 1
            self.coming.add(self.made)
            heapq.heappush(self.events, (now + self.group.fleet.launch_s, _READY, self.made))
        while len(self.ready) + len(self.coming) > self.desired:
            if self.coming:
                self.coming.discard(max(self.coming))
            else:
                self.ready.discard(max(self.ready, key=lambda one: (one not in self.serving, one)))

    def kill(self, now: float) -> None:
        """Lose the newest busy replica with its request; another is launched."""
        if not self.ready:
            return
        victim = max(self.ready, key=lambda one: (one in self.serving, one))
        self.ready.discard(victim)
        self.serving.pop(victim, None)
        self.settle(now)


def replay_requests(
    arrivals_s: Array, service_s: Array, group: Group, *, start_with: int = 1, seconds: float = 0.0,
    kills_s: Sequence[float] = (),
) -> RequestReplay:  # fmt: skip
    """Serve every request by the replicas of the fleet's first pool, which the group's policies scale each tick.

    Times are seconds from the start; it goes on to `seconds`, or the last arrival. Raises InvalidInput.
    """
    if arrivals_s.shape != service_s.shape or not 1 <= len(arrivals_s) <= MOST_REQUESTS:
        raise InvalidInput(f"cannot replay requests: expected 1 to {MOST_REQUESTS} arrivals and as many service times")
    if (np.diff(arrivals_s) < 0).any() or arrivals_s[0] < 0 or (service_s < 0).any():
        raise InvalidInput("cannot replay requests: expected times in order and service times of 0 or more")
    fleet = group.fleet
    ticks = int(np.ceil(max(seconds, float(arrivals_s[-1])) / fleet.tick_s))
    run = _Run(arrivals_s, service_s, group, np.full(len(arrivals_s), np.nan), start_with)
    for _ in range(start_with):
        run.made += 1
        run.coming.add(run.made)
        run.come(run.made)
    run.came = np.bincount((arrivals_s // fleet.tick_s).astype(np.int64), minlength=ticks).tolist()
    run.events = [(tick * fleet.tick_s, _TICK, tick) for tick in range(1, ticks + 1)]
    run.events += [(float(at), _ARRIVAL, number) for number, at in enumerate(arrivals_s)]
    run.events += [(at, _KILL, 0) for at in kills_s]
    heapq.heapify(run.events)
    ready, paid = np.zeros(ticks), np.zeros(ticks)
    rows = np.array([one.numbers(fleet.tick_s) for one in group.rules])
    memory, spent, last = no_memory(len(rows)), 0.0, 0.0
    while run.events:
        now, kind, number = heapq.heappop(run.events)
        here = len(run.ready) + len(run.coming)
        spent, last = spent + here * max(0.0, min(now, ticks * fleet.tick_s) - last), max(last, now)
        if kind == _END:
            run.end(number, now)
        elif kind == _READY:
            run.come(number)
        elif kind == _KILL:
            run.kill(now)
        elif kind == _ARRIVAL:
            run.waiting.append(number)
        else:
            ready[number - 1], paid[number - 1] = len(run.ready), here
            run.waited.append(len(run.waiting))
            run.desired = _wanted(run, number, rows, memory)
            run.settle(now)
        run.hand_out(now)
    return RequestReplay(run.latencies, ready, paid, spent)


def _wanted(run: _Run, tick: int, rows: Array, memory: Array) -> int:
    """What the policies want at the end of tick `tick` (from 1), of what is known then."""
    fleet, seen = run.group.fleet, np.zeros(SEEN)
    known = tick - 1 - fleet.ticks(fleet.metric_lag_s)
    capacity = fleet.pools[0].capacity
    demand = run.came[known] / fleet.tick_s if 0 <= known < len(run.came) else np.nan
    seen[TICK], seen[TOTAL], seen[READY], seen[CAPACITY] = tick, run.desired, len(run.ready), capacity
    seen[DEMAND], seen[LOAD] = demand, np.nan
    if run.ready and demand == demand:
        seen[LOAD] = min(demand / (len(run.ready) * capacity), fleet.signal_cap)
    if known >= 0:
        seen[WAITING] = run.waited[known] / fleet.tick_s  # in a second's load times ticks, as replays of rates have it
    starting = float(max(0, run.desired - len(run.ready)))
    wish = decide(rows, memory, seen, np.full(len(rows), np.nan), starting, float(run.group.block_in))
    return int(min(max(wish, fleet.least), fleet.most))
