"""One of several generators that share a test: it holds its part of a load, and says slice by slice what came of it.

It runs in a process of its own, on this machine or another one; whoever leads asks for its progress and adds it up.
"""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.inference.load.held import Held
from trimtab.inference.load.histogram import Histogram
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.record import Record, Slice
from trimtab.inference.load.run import Limits, Users, closed_loop, open_loop
from trimtab.inference.load.target import OpenSender, Target, prefetched


class Told(Struct, frozen=True, array_like=True):
    """A slice as it travels; histograms are pairs of (bucket, count), so that adding them loses nothing."""

    sent: int
    good: int
    failed: int
    tokens: int
    latency: list[tuple[int, int]]
    first: list[tuple[int, int]]
    gap: list[tuple[int, int]]
    lag: list[tuple[int, int]]


class Progress(Struct, frozen=True, array_like=True):
    """The slices from number `start` on, in place of what was told of them before.

    `elapsed_s` is how far the run is, `cpu_s` what the process has used since it was opened, `busy_s` the sum of the
    times that requests were in flight, `finished` how many good answers came in each slice from `start` on.
    """

    start: int
    slices: list[Told]
    finished: dict[int, int]
    elapsed_s: float
    over: bool
    in_flight: int
    busy_s: float
    cpu_s: float
    problems: dict[str, int]
    failed: str = ""


class Generator(Struct):
    """Holds parts of loads, one at a time. `make` makes the target, in the process in which it is used."""

    make: Callable[[], Target]
    _target: Target | None = None
    _sender: OpenSender | None = None
    _requests: Iterator[Prepared] | None = None
    _task: asyncio.Task[Record] | None = None
    _record: Record | None = None
    _ending: bool = False
    _told: int = 0
    _cpu_from_s: float = 0.0
    _clock: SystemClock = field(default_factory=SystemClock)

    async def open(self, connections: int) -> None:
        """Connect. Raises InvalidInput where nobody answers."""
        self._target = self.make()
        self._sender = self._target.sender()
        await self._sender.open(connections)
        self._requests = prefetched(self._target.requests())
        self._cpu_from_s = time.process_time()

    async def begin(self, held: Held, seconds: float, slice_s: float, drain_s: float) -> None:
        """Begin to hold a part."""
        self._ending, self._told, self._record = False, 0, None
        limits = Limits(seconds, held.requests, slice_s=slice_s, drain_s=drain_s)
        self._task = asyncio.create_task(self._hold(held, limits))

    async def poll(self) -> bytes:
        """What came of it since it was last asked, as a `Progress` in MessagePack."""
        record, task = self._record, self._task
        over = task is not None and task.done()
        failed = ""
        if task is not None and over and task.exception() is not None:
            failed = str(task.exception())
        if record is None:
            return msgspec.msgpack.encode(Progress(0, [], {}, 0.0, over, 0, 0.0, self._cpu(), {}, failed))
        elapsed_s = self._clock.monotonic() - record.start_s
        start = 0 if over else self._told  # at last all: a late generator sends into slices that were told
        slices = [_told(record, number) for number in range(start, len(record.slices))]
        finished = {number: count for number, count in record.finished.items() if number >= start}
        past = int(elapsed_s / record.slice_s)
        while self._told < min(past, len(record.slices)) and _settled(record.slices[self._told]):
            self._told += 1
        return msgspec.msgpack.encode(
            Progress(start, slices, finished, elapsed_s, over, record.in_flight, record.busy_s, self._cpu(),
                     dict(record.problems), failed)
        )  # fmt: skip

    async def stop(self) -> None:
        """End what is held: what was sent is waited for."""
        self._ending = True

    async def close(self) -> None:
        """End everything, and disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()

    def _cpu(self) -> float:
        """CPU seconds since it was opened: starting it is not the load's."""
        return time.process_time() - self._cpu_from_s

    async def _hold(self, held: Held, limits: Limits) -> Record:
        def look(record: Record, _now_s: float) -> bool:
            self._record = record
            return self._ending

        sender, requests = self._sender, self._requests
        if sender is None or requests is None:
            raise RuntimeError("a generator was asked to send before it was opened: this is a fault in trimtab")
        if held.users or not (held.rate or held.trace):
            return await closed_loop(sender, requests, Users(held.users, held.think_s), limits, look)
        return await open_loop(sender, requests, held.arrivals(), limits, look)


def _settled(one: Slice) -> bool:
    return one.ended >= one.sent


def _told(record: Record, number: int) -> Told:
    one = record.slices[number]
    return Told(one.sent, one.good, one.failed, one.tokens, one.latency.pairs(), one.first.pairs(), one.gap.pairs(),
                one.lag.pairs())  # fmt: skip


class Heard(Struct):
    """What one generator has told of the load that it holds."""

    slices: list[Told] = field(default_factory=list)
    finished: dict[int, int] = field(default_factory=dict)
    last: Progress | None = None

    def hear(self, progress: Progress) -> None:
        """Take in its progress."""
        del self.slices[progress.start :]
        self.slices.extend(progress.slices)
        self.finished |= progress.finished
        self.last = progress


def merged(heard: list[Heard], start_s: float, slice_s: float) -> Record:
    """The parts as the record that one generator would have made: counts and histograms add up exactly."""
    whole = Record(start_s, slice_s)
    for one in heard:
        for number, told in enumerate(one.slices):
            _add(whole.slice_at(start_s + (number + 0.5) * slice_s), told)
        whole.finished.update(one.finished)
        if one.last is not None:
            whole.in_flight += one.last.in_flight
            whole.busy_s += one.last.busy_s
            whole.problems.update(one.last.problems)
    return whole


def _add(one: Slice, told: Told) -> None:
    one.sent += told.sent
    one.good += told.good
    one.failed += told.failed
    one.tokens += told.tokens
    for histogram, pairs in ((one.latency, told.latency), (one.first, told.first), (one.gap, told.gap)):
        histogram.add(Histogram(dict(pairs)))
    one.lag.add(Histogram(dict(told.lag)))
