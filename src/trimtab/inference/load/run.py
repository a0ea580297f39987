"""Sending requests: an open loop at the times of its arrivals, a closed loop as fast as its users get answers.

In an open loop latency counts from the time at which a request was meant to start, so that a server which stalls is
charged for every request that it kept waiting (no coordinated omission).
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.outcome import Done, Outcome
from trimtab.inference.load.record import Record
from trimtab.inference.load.timer import Timer

_CLUMP = 256  # requests sent before answers are looked at: more would let a late generator starve its own reading


class Sender(Protocol):
    """How requests of one protocol are sent."""

    def send(self, prepared: Prepared, done: Done) -> None:
        """Send one; `done` is called once."""
        ...


class Limits(Struct, frozen=True):
    """When a run ends. `drain_s` is how long it waits for answers after the last request."""

    seconds: float
    requests: int = 0
    slice_s: float = 0.25
    drain_s: float = 30.0


Look = Callable[[Record, float], bool]
"""Asked at the end of every slice with the record and the monotonic time: True ends the run."""


def _never(_record: Record, _now_s: float) -> bool:
    return False


class _Run(Struct):
    sender: Sender
    requests: Iterator[Prepared]
    limits: Limits
    look: Look
    record: Record
    clock: SystemClock
    over: bool = False
    sent: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def fire(self, intended_s: float, then: Callable[[Outcome], None] | None = None) -> None:
        """Send the next request, meant for `intended_s`."""
        record = self.record
        one = record.begin(intended_s, self.clock.monotonic())
        self.sent += 1

        def done(outcome: Outcome) -> None:
            record.end(one, intended_s, outcome)
            if then is not None:
                then(outcome)
            if self.over and not record.in_flight:
                self.idle.set()

        self.sender.send(next(self.requests), done)
        if self.limits.requests and self.sent >= self.limits.requests:
            self.over = True

    async def watch(self) -> None:
        """Ask `look` at the end of every slice, until the time is up."""
        end_s = self.record.start_s + self.limits.seconds
        while not self.over:
            now_s = self.clock.monotonic()
            if now_s >= end_s or self.look(self.record, now_s):
                self.over = True
                break
            await asyncio.sleep(min(self.limits.slice_s, end_s - now_s))

    async def drain(self) -> Record:
        """Wait for the answers that are due, and count what does not come."""
        if self.record.in_flight:
            try:
                await asyncio.wait_for(self.idle.wait(), self.limits.drain_s)
            except TimeoutError:
                self.record.problems["no answer"] += self.record.in_flight
                for one in self.record.slices:
                    one.failed += one.sent - one.ended
        return self.record


def _begin(sender: Sender, requests: Iterator[Prepared], limits: Limits, look: Look) -> _Run:
    clock = SystemClock()
    return _Run(sender, requests, limits, look, Record(clock.monotonic(), limits.slice_s), clock)


async def open_loop(
    sender: Sender, requests: Iterator[Prepared], arrivals: Iterator[float], limits: Limits, look: Look = _never
) -> Record:
    """Send at the times of `arrivals` until they, the limits or `look` end it."""
    run = _begin(sender, requests, limits, look)
    start_s = run.record.start_s
    due = next(arrivals, None)

    def pump() -> None:
        nonlocal due
        for _ in range(_CLUMP):
            if run.over or due is None or start_s + due > run.clock.monotonic():
                break
            if due >= limits.seconds:
                run.over = True
                break
            run.fire(start_s + due)
            due = next(arrivals, None)
        if due is None:
            run.over = True
        elif not run.over:
            timer.at(start_s + due)

    timer = Timer(pump)
    try:
        if due is not None:
            timer.at(start_s + due)
        await run.watch()
    finally:
        timer.close()
    return await run.drain()


class Users(Struct):
    """The users of a closed loop; set `wanted` at any time, and each sends again `think_s` after its answer."""

    wanted: int
    think_s: float = 0.0
    active: int = 0
    wake: Callable[[], None] = lambda: None

    def set(self, wanted: int) -> None:
        """Have so many users from now on; those too many stop after their answer."""
        self.wanted = wanted
        self.wake()


async def closed_loop(
    sender: Sender, requests: Iterator[Prepared], users: Users, limits: Limits, look: Look = _never
) -> Record:
    """Let `users` send, each after its last answer. Their latencies are theirs: a stall delays few requests."""
    run = _begin(sender, requests, limits, look)
    loop = asyncio.get_running_loop()

    def turn() -> None:
        if run.over or users.active > users.wanted:
            users.active -= 1
            return
        run.fire(run.clock.monotonic(), answered)

    def answered(outcome: Outcome) -> None:
        # A failure at once must not become a loop without a pause.
        pause_s = max(users.think_s, 0.01 if outcome.problem else 0.0)
        if pause_s:
            loop.call_later(pause_s, turn)
        else:
            loop.call_soon(turn)

    def wake() -> None:
        while users.active < users.wanted and not run.over:
            users.active += 1
            loop.call_soon(turn)

    users.wake = wake
    wake()
    await run.watch()
    return await run.drain()
