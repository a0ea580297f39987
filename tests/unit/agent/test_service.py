import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from trimtab.agent import service as service_module
from trimtab.agent.delivery import Delivery, Source
from trimtab.agent.held import Held
from trimtab.agent.reading import Reading
from trimtab.agent.record import Record
from trimtab.agent.sender import Fate, Outcome
from trimtab.agent.service import DeliveryThread, Parts, Service
from trimtab.agent.spool import Spool
from trimtab.base.clock import ManualClock
from trimtab.base.errors import DiskFull


class Counting:
    """A collector that counts its looks and takes `cost_s` of the clock for each."""

    def __init__(self, clock: ManualClock, costs_s: list[float]) -> None:
        self.clock, self.costs_s, self.primed, self.looks = clock, costs_s, 0, 0

    def prime(self) -> None:
        self.primed += 1

    def collect(self) -> list[Reading]:
        self.looks += 1
        if self.costs_s:
            self.clock.advance(self.costs_s.pop(0))
        return [Reading("look", "1", self.looks)]


class Driver:
    """A wait that moves the clock, and stops after so many waits."""

    def __init__(self, clock: ManualClock, rounds: int) -> None:
        self.clock, self.rounds = clock, rounds
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.waits.append(round(seconds, 3))
        self.clock.advance(seconds)
        self.rounds -= 1
        return self.rounds < 0


def make(
    tmp_path: Path, costs_s: list[float] | None = None, interval_s: float = 10.0
) -> tuple[Service, Parts, Counting]:
    clock = ManualClock()
    collector = Counting(clock, costs_s or [])
    parts = Parts(collector, Spool(tmp_path), Held(), clock, {"host.name": "n1"}, "1", interval_s)
    return Service(parts, lambda: None), parts, collector


def metrics(body: bytes) -> dict[str, Any]:
    request = json.loads(gzip.decompress(body))
    return {metric["name"]: metric for metric in request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}


def test_the_first_batch_comes_after_a_second_then_one_an_interval(tmp_path: Path) -> None:
    service, parts, collector = make(tmp_path, costs_s=[0.25, 0.25])
    driver = Driver(collector.clock, rounds=3)
    service.run(driver)
    assert driver.waits == [1.0, 9.75, 9.75, 10.0]
    assert (collector.primed, collector.looks) == (1, 3)
    assert parts.spool.state().records == 3


def test_a_missed_beat_is_skipped_and_the_beat_kept(tmp_path: Path) -> None:
    service, _, collector = make(tmp_path, costs_s=[25.0])
    driver = Driver(collector.clock, rounds=2)
    service.run(driver)
    assert driver.waits == [1.0, 5.0, 10.0]


def test_every_batch_tells_of_the_spool(tmp_path: Path) -> None:
    service, parts, _ = make(tmp_path)
    service.tick()
    service.tick()
    parts.spool.done(1)
    record = parts.spool.peek()
    assert record is not None
    found = metrics(record.body)
    assert found["trimtab.agent.spool.batches"]["gauge"]["dataPoints"][0]["asInt"] == "1"
    assert found["trimtab.agent.spool.bytes"]["gauge"]["dataPoints"][0]["asInt"] != "0"
    assert found["trimtab.agent.spool.lost"]["sum"]["dataPoints"][0]["asInt"] == "0"


def test_with_a_full_disk_batches_are_held_in_memory_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service, parts, _ = make(tmp_path)

    def full(*_: object) -> int:
        raise DiskFull("cannot write batch 1: no space")

    with monkeypatch.context() as patch:
        patch.setattr(parts.spool, "append", full)
        service.tick()
        service.tick()
    assert (len(parts.held), parts.spool.state().records) == (2, 0)
    assert len(caplog.records) == 1
    service.tick()
    assert (len(parts.held), parts.spool.state().records) == (2, 1)


class Server:
    """A sender that says when so many batches have arrived."""

    def __init__(self, expected: int) -> None:
        self.keys: list[str] = []
        self.all_there = threading.Event()
        self.expected = expected
        self.up = True

    def post(self, key: str, body: bytes) -> Outcome:
        if not self.up:
            return Outcome(Fate.AGAIN, "away")
        self.keys.append(key)
        if len(self.keys) >= self.expected:
            self.all_there.set()
        return Outcome(Fate.DELIVERED)

    def close(self) -> None:
        pass


def test_the_thread_delivers_what_was_left_and_what_comes(tmp_path: Path) -> None:
    spool, server = Spool(tmp_path), Server(expected=3)
    spool.append(b"left", 0)
    thread = DeliveryThread(Delivery([Source(spool, "a/")], server, ManualClock(), lambda: 0.0))
    thread.start()
    for _ in range(2):
        spool.append(b"new", 0)
        thread.wake()
    assert server.all_there.wait(10)
    assert thread.stop()
    assert server.keys == ["a/1", "a/2", "a/3"]


def test_stopping_ends_a_wait_and_tries_once_more(tmp_path: Path) -> None:
    spool, server = Spool(tmp_path), Server(expected=1)
    server.up = False
    spool.append(b"1", 0)
    thread = DeliveryThread(Delivery([Source(spool, "a/")], server, ManualClock(), lambda: 1.0))
    thread.start()
    assert not thread.stop()
    assert spool.state().records == 1


def test_a_spool_that_cannot_be_read_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service_module, "SPOOL_RETRY_S", 0.001)
    spool, server = Spool(tmp_path), Server(expected=1)
    spool.append(b"1", 0)
    failures = [OSError("Input/output error")]
    real = spool.peek

    def peek() -> Record | None:
        if failures:
            raise failures.pop()
        return real()

    monkeypatch.setattr(spool, "peek", peek)
    thread = DeliveryThread(Delivery([Source(spool, "a/")], server, ManualClock(), lambda: 0.0))
    thread.start()
    assert server.all_there.wait(10)
    assert thread.stop()
    assert "cannot read the spool: Input/output error" in caplog.text
