"""The agent at work: one thread collects at every interval, another delivers; the spool lies between them.

Collecting never waits for the network, and what was collected is on disk before it is sent.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from trimtab.agent import otlp
from trimtab.agent.delivery import Delivery
from trimtab.agent.held import Held
from trimtab.agent.keep import Keep
from trimtab.agent.reading import Reading
from trimtab.agent.spool import Spool
from trimtab.base.clock import Clock

_log = logging.getLogger(__name__)
# The first look has nothing to subtract; a second later the first batch shows something.
FIRST_SPAN_S = 1.0
FLUSH_S = 5.0
# A disk that fails is not mended in a second, and each attempt is a line in the log.
SPOOL_RETRY_S = 60.0


class Collects(Protocol):
    """What the service needs of a collector."""

    def prime(self) -> None:
        """Take the first look."""
        ...

    def collect(self) -> list[Reading]:
        """Read everything now."""
        ...


Wait = Callable[[float], bool]
"""Waits so many seconds or until it is time to stop; whether it is."""


class Parts(Struct, frozen=True):
    """What the service is made of. `resource` are the attributes that every batch carries.

    `others` gives readings that someone else has to add to each batch.
    """

    collector: Collects
    spool: Spool
    held: Held
    clock: Clock
    resource: Mapping[str, str]
    version: str
    interval_s: float
    others: Callable[[], list[Reading]] = list


class Service:
    """Collects at a steady beat into the spool; `on_batch` is called after each."""

    def __init__(self, parts: Parts, on_batch: Callable[[], None]) -> None:
        self._parts = parts
        self._on_batch = on_batch
        self._keep = Keep(parts.spool, parts.held, started_ms=parts.clock.now_ms())

    def run(self, wait: Wait) -> None:
        """Collect until `wait` says to stop. A beat that was missed (the machine slept) is skipped, not made up."""
        clock, interval = self._parts.clock, self._parts.interval_s
        self._parts.collector.prime()
        due = clock.monotonic() + min(FIRST_SPAN_S, interval)
        while not wait(max(0.0, due - clock.monotonic())):
            self.tick()
            due += interval * max(1, -(-(clock.monotonic() - due) // interval))

    def tick(self) -> None:
        """Collect one batch and keep it: on disk, or in memory while the disk is full."""
        parts = self._parts
        readings = [*parts.collector.collect(), *self._keep.readings(), *parts.others()]
        now_ms = parts.clock.now_ms()
        self._keep.append(otlp.encode(readings, parts.resource, parts.version, now_ms), now_ms)
        self._on_batch()


class DeliveryThread:
    """Runs a delivery until stopped; `wake` tells it that there is something new."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier run left."""
        self._thread.start()

    def wake(self) -> None:
        """There is a new batch."""
        self._news.set()

    def stop(self, flush_s: float = FLUSH_S) -> bool:
        """End the thread, then send what still waits for at most `flush_s` seconds; whether nothing is left."""
        self._stop.set()
        self._news.set()
        self._thread.join(flush_s)
        return not self._thread.is_alive() and self._delivery.flush(flush_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                wait = self._delivery.step()
            except OSError as problem:  # the network's are the sender's own affair: this one is the spool's disk
                _log.error("cannot read the spool: %s; trying again in %g s", problem, SPOOL_RETRY_S)
                wait = SPOOL_RETRY_S
            if wait is None:
                self._news.wait()
            elif wait > 0:
                self._stop.wait(wait)
