"""Delivery: takes batches from the spool in order, and decides when to try again.

A batch leaves the spool only after a 2xx answer, or for `rejected/` after one that says it is wrong for good. All
else is tried again under the same key: after 1 s, doubling to a minute, or later if the server asks so, with jitter
so that a fleet does not come back in step. While the server answers there is no pause between batches.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from trimtab.agent.record import Record
from trimtab.agent.sender import Fate, Outcome
from trimtab.base.clock import Clock

_log = logging.getLogger(__name__)
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
# A server that asks for more than this is misread or mistaken: an hour of silence would look like a dead host.
LONGEST_ASKED_S = 900.0
_REMIND_S = 300.0


class Queue(Protocol):
    """Where batches wait: the spool, or memory while the disk is full."""

    def peek(self) -> Record | None:
        """The oldest that is not done with."""
        ...

    def done(self, sequence: int) -> None:
        """The server has it."""
        ...

    def set_aside(self, record: Record, reason: str) -> None:
        """The server will never take it."""
        ...


class Post(Protocol):
    """What sends one batch."""

    def post(self, key: str, body: bytes) -> Outcome:
        """Send `body` once under `key`."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Source(Struct, frozen=True):
    """A queue and what its keys start with: a key is `<prefix><number>`, the same at every attempt.

    `sender` is what speaks its protocol; None for the delivery's own.
    """

    queue: Queue
    prefix: str
    sender: Post | None = None


class Delivery:
    """Sends what waits in `sources`, those of the first before those of the next."""

    def __init__(self, sources: list[Source], sender: Post, clock: Clock, jitter: Callable[[], float]) -> None:
        """`jitter` gives numbers evenly spread over [0, 1)."""
        self._sources = sources
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._away_since = 0.0
        self._told: tuple[str, float] | None = None

    def step(self) -> float | None:
        """Make one attempt; returns the seconds to wait before the next, or None where nothing waits."""
        for source in self._sources:
            record = source.queue.peek()
            if record is not None:
                return self._try(source, record)
        # Servers close idle connections within seconds; a new one an interval costs less.
        for sender in (self._sender, *(source.sender for source in self._sources if source.sender)):
            sender.close()
        return None

    def flush(self, seconds: float) -> bool:
        """Send what waits until something fails or `seconds` are over; whether nothing is left."""
        deadline = self._clock.monotonic() + seconds
        while self._clock.monotonic() < deadline:
            wait = self.step()
            if wait is None:
                return True
            if wait > 0:
                break
        return False

    def _try(self, source: Source, record: Record) -> float:
        outcome = (source.sender or self._sender).post(f"{source.prefix}{record.sequence}", record.body)
        if outcome.fate is Fate.AGAIN:
            return self._failed(record, outcome)
        self._answered()
        if outcome.fate is Fate.REFUSED:
            source.queue.set_aside(record, outcome.reason)
        else:
            if outcome.reason:
                _log.warning("the server did not take all of batch %d: %s", record.sequence, outcome.reason)
            source.queue.done(record.sequence)
        return 0.0

    def _failed(self, record: Record, outcome: Outcome) -> float:
        now = self._clock.monotonic()
        if not self._failures:
            self._away_since = now
        self._failures += 1
        if self._told is None or self._told[0] != outcome.reason or now - self._told[1] >= _REMIND_S:
            self._told = (outcome.reason, now)
            _log.warning("cannot deliver batch %d: %s; it is kept and sent later", record.sequence, outcome.reason)
        backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 10))
        wait = backoff * (0.5 + 0.5 * self._jitter())
        if outcome.retry_after_s is None:
            return wait
        asked = min(outcome.retry_after_s, LONGEST_ASKED_S)
        return max(wait, asked * (1 + 0.2 * self._jitter()))

    def _answered(self) -> None:
        if self._failures:
            away = self._clock.monotonic() - self._away_since
            _log.info("the server answers again after %.0f s, %d attempts; sending what was kept", away, self._failures)
        self._failures = 0
        self._told = None
