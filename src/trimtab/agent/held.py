"""Batches kept in memory while the disk is full: a host in trouble is when its telemetry matters most.

They do not survive the process, and say so; their keys name this run of the agent, so that a later run, which
knows nothing of them, cannot use one again.
"""

import logging
import threading
from collections import deque

from trimtab.agent.record import Record

_log = logging.getLogger(__name__)
# An hour at 10 s; some 3 MB.
MOST = 360


class Held:
    """A bounded queue; beyond `MOST` the oldest is lost, counted and logged."""

    def __init__(self, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._records: deque[Record] = deque()
        self._most = most
        self._next = 1
        self.lost = 0

    def append(self, body: bytes, time_ms: int) -> None:
        """Keep `body` in memory."""
        with self._lock:
            self._records.append(Record(self._next, time_ms, body))
            self._next += 1
            if len(self._records) > self._most:
                gone = self._records.popleft()
                self.lost += 1
                _log.error("lost batch m%d: no room on disk and %d batches held in memory", gone.sequence, self._most)

    def peek(self) -> Record | None:
        """The oldest that is not done with; None if there is none."""
        with self._lock:
            return self._records[0] if self._records else None

    def done(self, sequence: int) -> None:
        """The server has `sequence`: it may go."""
        with self._lock:
            if self._records and self._records[0].sequence <= sequence:
                self._records.popleft()

    def set_aside(self, record: Record, reason: str) -> None:
        """The server will never take `record`, and there is no room to keep it."""
        self.lost += 1
        _log.error("lost batch m%d: the server refuses it (%s); no room on disk to keep it", record.sequence, reason)
        self.done(record.sequence)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._records)
