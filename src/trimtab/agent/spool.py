"""The spool: every batch goes to disk before it is sent, and stays until the server has acknowledged it.

    <directory>/<first number>.segment    records, append-only, fsynced one by one
    <directory>/cursor                    the last number that is done with
    <directory>/rejected/                 what the server refused for good, with the reason

Numbers rise by one and are never used twice for what was sent, over restarts and crashes: they are the second half of
the idempotency key. The newest segment is never removed, so the numbering outlives everything else.
"""

import logging
import threading
from pathlib import Path

from msgspec import Struct

from trimtab.agent.cursor import Cursor
from trimtab.agent.record import Record
from trimtab.agent.rejected import Rejected
from trimtab.agent.segment import SUFFIX, Segment
from trimtab.base.errors import DiskFull
from trimtab.base.whole_file import sync_folder

_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000


class SpoolLimits(Struct, frozen=True):
    """What the spool may take. A batch of a busy host is 4 to 8 kB: 512 MiB last longer than 14 days at 10 s.

    `max_age_ms` is two weeks because servers refuse samples older than that (CloudWatch's limit).
    `segment_bytes` is what a loss or a delivery frees at a time: about an hour.
    """

    max_bytes: int = 512 * 1024 * 1024
    max_age_ms: int = 14 * _DAY_MS
    segment_bytes: int = 1024 * 1024


class SpoolState(Struct, frozen=True):
    """How full it is: records and bytes waiting; since the start, records lost to the limits and refused for good."""

    records: int
    bytes: int
    lost: int
    rejected: int


class Spool:
    """One writer and one reader, in two threads of one process (see lock.py for other processes)."""

    def __init__(self, directory: Path, limits: SpoolLimits | None = None) -> None:
        self._directory = directory
        self._limits = limits or SpoolLimits()
        self._lock = threading.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._rejected = Rejected(directory / "rejected")
        self._cursor = Cursor(directory / "cursor")
        found = sorted(path for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal())
        self._segments = [Segment(path) for path in found]
        self._lost = self._refused = 0
        self._offset = 0  # where the next record starts in the first segment
        self._next = self._recover()

    def append(self, body: bytes, time_ms: int) -> int:
        """Keep `body` durably; returns its number. Raises DiskFull where it cannot be written: nothing is kept then."""
        with self._lock:
            record = Record(self._next, time_ms, body)
            try:
                if self._segments[-1].size >= self._limits.segment_bytes:
                    self._segments.append(Segment.create(self._directory, self._next))
                self._segments[-1].append(record)
            except OSError as problem:
                raise DiskFull(f"cannot write batch {self._next} to {self._directory}: {problem}") from problem
            self._next += 1
            try:
                self._enforce(time_ms)
            except OSError as problem:  # the batch is kept; the limits are for the next one to enforce
                _log.error("cannot remove old batches from %s: %s", self._directory, problem)
            return record.sequence

    @property
    def upcoming(self) -> int:
        """The number that the next batch gets."""
        with self._lock:
            return self._next

    def peek(self) -> Record | None:
        """The oldest record that is not done with; None if there is none."""
        with self._lock:
            while True:
                step = self._segments[0].read(self._offset)
                if step is None:
                    if not self._next_segment():
                        return None
                    continue
                record, after = step
                if record.sequence > self._cursor.position:
                    self._count_gap(record.sequence)
                    return record
                self._offset = after

    def done(self, sequence: int) -> None:
        """The server has `sequence`: it and all before it may go."""
        with self._lock:
            if sequence > self._cursor.position:
                self._cursor.move(sequence)

    def set_aside(self, record: Record, reason: str) -> None:
        """The server will never take `record`: keep it apart, and go on with the next."""
        try:
            path = self._rejected.add(record, reason)
        except OSError as problem:
            _log.error(
                "lost batch %d: the server refuses it (%s), cannot set it aside: %s", record.sequence, reason, problem
            )
        else:
            _log.error("the server refuses batch %d: %s; kept in %s, not sent again", record.sequence, reason, path)
        with self._lock:
            self._refused += 1
        self.done(record.sequence)

    def state(self) -> SpoolState:
        """How full it is now."""
        with self._lock:
            waiting = self._next - 1 - self._cursor.position
            size = sum(segment.size for segment in self._segments) - self._offset
            return SpoolState(waiting, size if waiting else 0, self._lost, self._refused)

    def close(self) -> None:
        """Give the files back; everything that waits stays on disk."""
        with self._lock:
            self._cursor.close()
            for segment in self._segments:
                segment.close()

    def _recover(self) -> int:
        """Drop a torn tail; returns the number of the next record."""
        last = self._cursor.position
        if self._segments:
            newest = self._segments[-1]
            torn = newest.drop_torn_tail()
            if torn:
                _log.warning("dropped %d bytes of an unfinished batch at the end of %s", torn, newest.path)
            last = max([last, newest.first - 1, *(record.sequence for record, _ in newest.records())])
        else:
            self._segments.append(Segment.create(self._directory, last + 1))
        if self._cursor.position < self._segments[0].first - 1:
            self._cursor.move(self._segments[0].first - 1)
        return last + 1

    def _next_segment(self) -> bool:
        """Leave the first segment, all of it done with, for the next; False if it is the newest."""
        if len(self._segments) == 1:
            return False
        self._count_gap(self._segments[1].first)
        self._drop_first()
        return True

    def _count_gap(self, upcoming: int) -> None:
        """Records between the cursor and `upcoming` are damaged on disk: count them as lost and go on."""
        missing = upcoming - 1 - self._cursor.position
        if missing > 0:
            self._lost += missing
            _log.error("lost %d batches before number %d: their records in the spool are damaged", missing, upcoming)
            self._cursor.move(upcoming - 1)

    def _drop_first(self) -> None:
        self._cursor.sync()
        self._segments.pop(0).remove()
        sync_folder(self._directory)
        self._offset = 0

    def _enforce(self, now_ms: int) -> None:
        """Keep within the limits: whole segments go, oldest first, never the newest."""
        while len(self._segments) > 1:
            total = sum(segment.size for segment in self._segments)
            following = self._segments[1].read(0)
            too_old = following is not None and following[0].time_ms < now_ms - self._limits.max_age_ms
            if total <= self._limits.max_bytes and not too_old:
                return
            upto = self._segments[1].first - 1
            lost = upto - self._cursor.position
            if lost > 0:
                self._lost += lost
                self._cursor.move(upto)
                age = f"they are older than {self._limits.max_age_ms // _DAY_MS} days"
                why = age if too_old else f"the spool is over its limit of {self._limits.max_bytes} bytes"
                _log.error("lost the oldest %d batches (up to number %d): %s", lost, upto, why)
            self._drop_first()
