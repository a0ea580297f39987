"""A load test from beginning to end: opens the target, sends what is asked, and says what the sending cost."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.records import replace
from trimtab.capacity.curve import Curve
from trimtab.inference.bottleneck import Bottleneck, bottleneck
from trimtab.inference.level import Level, level_between, level_of
from trimtab.inference.load.held import Held
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look, Users, closed_loop, open_loop
from trimtab.inference.load.target import OpenSender, Target, prefetched
from trimtab.inference.objective import Objective
from trimtab.inference.search import Found, Means, Plan, search
from trimtab.inference.traffic import Stop, Traffic, Window, ended

_LIMITED_CPU = 0.85  # of one core: beyond it the generator's own queue is in every latency
_LIMITED_LAG = 0.2  # of the p50: sending so late is seen in the figures


class Overhead(Struct, frozen=True):
    """What the generator itself cost: CPU µs a request, share of a core, how late it sent (p99, ms)."""

    cpu_us: float
    core_share: float
    lag_p99_ms: float
    limited: bool


class Result(Struct, frozen=True):
    """What a test gave. `found` is of searches only."""

    levels: tuple[Level, ...]
    seconds: float
    overhead: Overhead
    found: Found | None = None
    curve: Curve = field(default_factory=lambda: Curve(()))
    bottleneck: Bottleneck = field(default_factory=lambda: Bottleneck("none", ""))
    windows: tuple[Window, ...] = ()
    ended: str = ""


class Sending(Protocol):
    """What holds loads: this process, or a crew of several."""

    cpu_s: float
    busiest_s: float

    async def open(self, connections: int) -> None:
        """Connect."""
        ...

    async def hold(self, held: Held, limits: Limits, look: Look) -> Record:
        """Hold a load."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...


class Alone(Struct):
    """This process holds the loads; its CPU is counted by whoever measures it."""

    target: Target
    cpu_s: float = 0.0
    busiest_s: float = 0.0
    _sender: OpenSender | None = None
    _requests: Iterator[Prepared] = field(default_factory=lambda: iter(()))

    async def open(self, connections: int) -> None:
        """Connect. Raises InvalidInput where nobody answers."""
        self._sender = self.target.sender()
        await self._sender.open(connections)
        self._requests = prefetched(self.target.requests())

    async def hold(self, held: Held, limits: Limits, look: Look) -> Record:
        """Hold a load."""
        if self._sender is None:
            raise RuntimeError("a load was to be held before the target was opened: this is a fault in trimtab")
        if held.users:
            return await closed_loop(self._sender, self._requests, Users(held.users, held.think_s), limits, look)
        return await open_loop(self._sender, self._requests, held.arrivals(), limits, look)

    async def close(self) -> None:
        """Disconnect."""
        if self._sender is not None:
            await self._sender.close()


class Driver(Struct):
    """Sends to one target, with a crew where one generator is not enough.

    `busy` reads what is busy, in percent by name, since it was last read.
    """

    target: Target
    busy: Callable[[], Mapping[str, float]] = dict
    said: Callable[[Level], None] = lambda _level: None
    crew: Sending | None = None
    _clock: SystemClock = field(default_factory=SystemClock)

    async def hold(self, held: Held, objective: Objective) -> Result:
        """Hold one load."""
        sending = self.crew or Alone(self.target)
        try:
            await sending.open(min(64, max(8, held.users)))
            meter = _Meter(self._clock)
            self.busy()
            limits = Limits(held.seconds, held.requests, slice_s=max(0.1, min(1.0, held.seconds / 80)))
            record = await sending.hold(held, limits, _never)
            level = level_of(record, held.meant, objective, self._clock.monotonic(), self.busy())
            self.said(level)
        finally:
            await sending.close()
        return _result((level,), meter, None, sending)

    async def grow(self, traffic: Traffic, stop: Stop, objective: Objective, window_s: float = 60.0) -> Result:
        """Let users come as `traffic` says, until `stop` ends it. Each window is a level."""
        sender = self.target.sender()
        await sender.open(8)
        users, levels, windows = Users(traffic.users_at(0.0)), list[Level](), list[Window]()
        slice_s = min(1.0, window_s / 20)
        each, ended_by = round(window_s / slice_s), ""

        def look(record: Record, now_s: float) -> bool:
            nonlocal ended_by
            at_s = now_s - record.start_s
            users.set(traffic.users_at(at_s))
            # A window is read one slice after its end, when its answers have come.
            if int(at_s / slice_s) >= (len(levels) + 1) * each + 1:
                start = len(levels) * each
                level = level_between(record, start, start + each, objective, self.busy())
                levels.append(level)
                windows.append(_window(level, traffic.users_at((start + each) * slice_s - slice_s)))
                self.said(level)
                ended_by = ended(windows, stop)
            return bool(ended_by)

        try:
            meter = _Meter(self._clock)
            self.busy()
            limits = Limits(traffic.seconds + 2 * slice_s, slice_s=slice_s)
            await closed_loop(sender, prefetched(self.target.requests()), users, limits, look)
        finally:
            await sender.close()
        return replace(_result(tuple(levels), meter, None), windows=tuple(windows), ended=ended_by or "all was sent")

    async def capacity(self, plan: Plan) -> Result:
        """Find the highest rate that meets the plan's objective."""
        sending = self.crew or Alone(self.target)
        try:
            await sending.open(64)
            seeds = itertools.count(1)

            async def hold(rate: float, limits: Limits, look: Look) -> Record:
                return await sending.hold(Held(limits.seconds, rate, seed=next(seeds)), limits, look)

            meter = _Meter(self._clock)
            if plan.start_rate <= 0:
                plan = replace(plan, start_rate=await self._first_rate(sending, plan))
            found = await search(plan, Means(hold, self._clock.monotonic, self.busy, self.said))
        finally:
            await sending.close()
        return _result(found.levels, meter, found, sending)

    async def _first_rate(self, sending: Sending, plan: Plan) -> float:
        """Half of what one user gets: a load that every server bears. At least one request in the least time."""
        limits = Limits(max(1.0, plan.least_s / 2), slice_s=plan.slice_s)
        record = await sending.hold(Held(limits.seconds, users=1), limits, _never)
        good = sum(one.good for one in record.slices)
        return max(0.5 * good / limits.seconds, 1 / plan.least_s)


def _window(level: Level, users: int) -> Window:
    point = level.point
    p95, p99, mean = (
        point.latency_ms[name].value if name in point.latency_ms else 0.0 for name in ("p95", "p99", "mean")
    )
    return Window(users, 60 * point.throughput, p95, p99, mean, point.errors)


def _never(_record: Record, _now_s: float) -> bool:
    return False


class _Meter:
    """The CPU and the time that this process has used since."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock, self._cpu, self._at = clock, time.process_time(), clock.monotonic()

    def read(self) -> tuple[float, float]:
        """(CPU seconds, seconds)."""
        return time.process_time() - self._cpu, self._clock.monotonic() - self._at


def _result(levels: tuple[Level, ...], meter: _Meter, found: Found | None, sending: Sending | None = None) -> Result:
    cpu_s, seconds = meter.read()
    requests = sum(one.point.requests for one in levels)
    # Of a crew the busiest generator limits; all that they used counts.
    share = max(cpu_s, sending.busiest_s if sending else 0.0) / max(seconds, 1e-9)
    cpu_s += sending.cpu_s if sending else 0.0
    kept = [one for one in levels if one.standing.keeps_up] or list(levels)
    lag = max((one.lag_p99_ms for one in kept), default=0.0)
    middle = min((one.point.latency_ms["p50"].value for one in kept if "p50" in one.point.latency_ms), default=0.0)
    busiest = share > _LIMITED_CPU or bool(middle and lag > _LIMITED_LAG * middle)
    curve = found.curve() if found else Curve(tuple(one.point for one in levels))
    named = bottleneck(curve)
    overhead = Overhead(1e6 * cpu_s / max(1, requests), share, lag, busiest)
    return Result(levels, seconds, overhead, found, replace(curve, bottleneck=named.name), named)
