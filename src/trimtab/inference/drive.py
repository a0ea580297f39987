"""A load test from beginning to end: opens the target, sends what is asked, and says what the sending cost."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from trimtab.base.clock import SystemClock
from trimtab.capacity.curve import Curve
from trimtab.inference.bottleneck import Bottleneck, bottleneck
from trimtab.inference.level import Level, level_between, level_of
from trimtab.inference.load import arrivals
from trimtab.inference.load.record import Record
from trimtab.inference.load.run import Limits, Look, Users, closed_loop, open_loop
from trimtab.inference.load.target import OpenSender, Target, prefetched
from trimtab.inference.objective import Objective
from trimtab.inference.search import Found, Means, Plan, search
from trimtab.inference.traffic import Stop, Traffic, Window, ended

_LIMITED_CPU = 0.85  # of one core: beyond it the generator's own queue is in every latency
_LIMITED_LAG = 0.2  # of the p50: sending so late is seen in the figures


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the generator itself cost: CPU µs a request, share of a core, how late it sent (p99, ms)."""

    cpu_us: float
    core_share: float
    lag_p99_ms: float
    limited: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What a test gave. `found` is of searches only."""

    levels: tuple[Level, ...]
    seconds: float
    overhead: Overhead
    found: Found | None = None
    curve: Curve = field(default_factory=lambda: Curve(()))
    bottleneck: Bottleneck = field(default_factory=lambda: Bottleneck("none", ""))
    windows: tuple[Window, ...] = ()
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One load that is held: `rate` with its kind of arrivals, or `users` in a closed loop, or the times of a trace."""

    seconds: float
    rate: float = 0.0
    kind: str = "poisson"
    users: int = 0
    think_s: float = 0.0
    trace: tuple[float, ...] = ()
    speed: float = 1.0
    requests: int = 0
    seed: int = 1

    def arrivals(self) -> Iterator[float]:
        """When requests start in an open loop."""
        if self.trace:
            return arrivals.replay(self.trace, self.speed)
        made = {"poisson": arrivals.poisson, "constant": lambda rate, _seed: arrivals.constant(rate)}
        if self.kind == "burst":
            return arrivals.burst(self.rate, seed=self.seed)
        return made[self.kind](self.rate, self.seed)

    @property
    def meant(self) -> float:
        """The rate that is meant; 0 for closed loops."""
        if self.trace:
            span = (max(self.trace) - min(self.trace)) / self.speed
            return len(self.trace) / span if span else 0.0
        return 0.0 if self.users else self.rate


@dataclass(slots=True)
class Driver:
    """Sends to one target. `busy` reads what is busy, in percent by name, since it was last read."""

    target: Target
    busy: Callable[[], Mapping[str, float]] = dict
    said: Callable[[Level], None] = lambda _level: None
    _clock: SystemClock = field(default_factory=SystemClock)

    async def hold(self, held: Held, objective: Objective) -> Result:
        """Hold one load."""
        sender = self.target.sender()
        await sender.open(min(64, max(8, held.users)))
        try:
            meter = _Meter(self._clock)
            self.busy()
            record = await self._send(sender, held)
            level = level_of(record, held.meant, objective, self._clock.monotonic(), self.busy())
            self.said(level)
        finally:
            await sender.close()
        return _result((level,), meter, None)

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
        sender = self.target.sender()
        await sender.open(64)
        try:
            requests, seeds = prefetched(self.target.requests()), itertools.count(1)

            async def hold(rate: float, limits: Limits, look: Look) -> Record:
                return await open_loop(sender, requests, arrivals.poisson(rate, next(seeds)), limits, look)

            meter = _Meter(self._clock)
            if plan.start_rate <= 0:
                plan = replace(plan, start_rate=await self._first_rate(sender, plan))
            found = await search(plan, Means(hold, self._clock.monotonic, self.busy, self.said))
        finally:
            await sender.close()
        return _result(found.levels, meter, found)

    async def _send(self, sender: OpenSender, held: Held) -> Record:
        requests = prefetched(self.target.requests())
        limits = Limits(held.seconds, held.requests, slice_s=max(0.1, min(1.0, held.seconds / 80)))
        if held.users:
            return await closed_loop(sender, requests, Users(held.users, held.think_s), limits)
        return await open_loop(sender, requests, held.arrivals(), limits)

    async def _first_rate(self, sender: OpenSender, plan: Plan) -> float:
        """Half of what one user gets: a load that every server bears. At least one request in the least time."""
        limits = Limits(max(1.0, plan.least_s / 2), slice_s=plan.slice_s)
        record = await closed_loop(sender, self.target.requests(), Users(1), limits)
        good = sum(one.good for one in record.slices)
        return max(0.5 * good / limits.seconds, 1 / plan.least_s)


def _window(level: Level, users: int) -> Window:
    point = level.point
    p95, p99, mean = (
        point.latency_ms[name].value if name in point.latency_ms else 0.0 for name in ("p95", "p99", "mean")
    )
    return Window(users, 60 * point.throughput, p95, p99, mean, point.errors)


class _Meter:
    """The CPU and the time that this process has used since."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock, self._cpu, self._at = clock, time.process_time(), clock.monotonic()

    def read(self) -> tuple[float, float]:
        """(CPU seconds, seconds)."""
        return time.process_time() - self._cpu, self._clock.monotonic() - self._at


def _result(levels: tuple[Level, ...], meter: _Meter, found: Found | None) -> Result:
    cpu_s, seconds = meter.read()
    requests = sum(one.point.requests for one in levels)
    share = cpu_s / max(seconds, 1e-9)
    kept = [one for one in levels if one.standing.keeps_up] or list(levels)
    lag = max((one.lag_p99_ms for one in kept), default=0.0)
    middle = min((one.point.latency_ms["p50"].value for one in kept if "p50" in one.point.latency_ms), default=0.0)
    busiest = share > _LIMITED_CPU or bool(middle and lag > _LIMITED_LAG * middle)
    curve = found.curve() if found else Curve(tuple(one.point for one in levels))
    named = bottleneck(curve)
    overhead = Overhead(1e6 * cpu_s / max(1, requests), share, lag, busiest)
    return Result(levels, seconds, overhead, found, replace(curve, bottleneck=named.name), named)
