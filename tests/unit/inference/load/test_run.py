"""Open and closed loops against a sender whose answers are set."""

import asyncio
import itertools

import pytest

from trimtab.base.clock import SystemClock
from trimtab.inference.load import arrivals
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.outcome import Done, Outcome
from trimtab.inference.load.record import Record, total
from trimtab.inference.load.run import Limits, Users, closed_loop, open_loop


class Sender:
    """Answers after a time; `stall` keeps every answer back until then."""

    def __init__(self, takes_s: float, stall: tuple[float, float] = (0.0, 0.0), problem: str = "") -> None:
        self.takes_s, self.stall, self.problem = takes_s, stall, problem
        self.begun = SystemClock().monotonic()
        self.open = self.most = 0

    def send(self, prepared: Prepared, done: Done) -> None:
        clock = SystemClock()
        self.open += 1
        self.most = max(self.most, self.open)
        at = clock.monotonic() - self.begun
        wait = self.takes_s if not self.stall[0] <= at < self.stall[1] else self.stall[1] - at

        def answer() -> None:
            self.open -= 1
            done(Outcome(clock.monotonic(), self.problem))

        asyncio.get_running_loop().call_later(wait, answer)


def _requests():  # type: ignore[no-untyped-def]  # an endless iterator
    return itertools.repeat(Prepared(b""))


async def _open(sender: Sender, rate: float, seconds: float) -> Record:
    return await open_loop(sender, _requests(), arrivals.constant(rate), Limits(seconds, slice_s=0.1))


def test_an_open_loop_sends_at_its_rate_whatever_comes_back() -> None:
    async def run() -> tuple[Record, Sender]:
        sender = Sender(0.3)
        return await _open(sender, 100.0, 0.5), sender

    record, sender = asyncio.run(run())
    assert (50, 50, 0) == (total(record.slices).sent, total(record.slices).good, record.in_flight)
    assert sender.most >= 25  # it does not wait for answers


def test_a_stall_is_charged_to_every_request_that_it_kept_waiting() -> None:
    async def run() -> Record:
        return await _open(Sender(0.001, stall=(0.1, 0.4)), 100.0, 0.5)

    latency = total(asyncio.run(run()).slices).latency
    assert latency.total - latency.within(50_000) >= 20  # about 25 of the 50 were meant to start in the stall


def test_a_closed_loop_never_has_more_in_flight_than_users() -> None:
    async def run() -> tuple[Record, Sender]:
        sender = Sender(0.01)
        return await closed_loop(sender, _requests(), Users(3), Limits(0.3, slice_s=0.1)), sender

    record, sender = asyncio.run(run())
    assert 3 == sender.most
    assert total(record.slices).good == total(record.slices).sent > 10


def test_failures_are_counted_by_kind_and_have_no_latency() -> None:
    async def run() -> Record:
        return await _open(Sender(0.001, problem="HTTP 503"), 50.0, 0.2)

    record = asyncio.run(run())
    everything = total(record.slices)
    assert {"HTTP 503": everything.sent} == dict(record.problems)
    assert (0, everything.sent) == (everything.latency.total, everything.failed)


def test_what_is_not_answered_in_time_has_failed() -> None:
    async def run() -> Record:
        limits = Limits(0.1, slice_s=0.05, drain_s=0.05)
        return await open_loop(Sender(5.0), _requests(), arrivals.constant(50.0), limits)

    record = asyncio.run(run())
    assert record.problems["no answer"] == total(record.slices).failed == total(record.slices).sent


@pytest.mark.parametrize("wanted", [1, 7])
def test_a_number_of_requests_ends_a_run(wanted: int) -> None:
    async def run() -> Record:
        limits = Limits(5.0, requests=wanted, slice_s=0.05)
        return await open_loop(Sender(0.001), _requests(), arrivals.constant(200.0), limits)

    assert wanted == total(asyncio.run(run()).slices).sent
