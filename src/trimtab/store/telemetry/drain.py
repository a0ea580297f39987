"""Moves acknowledged batches from the log into the engine, in blocks, each exactly once.

A block's boundaries are logged before it is sent and its insert tokens are made of them; the same batches are
never regrouped, since the engine would keep both groupings. Engine failures are retried for ever; a block that
the engine will never take (its bytes do not fit the table) is set aside in `quarantine/`, not thrown away.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import hash64
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.client import NONE, BlockRefused
from trimtab.store.telemetry.records import Columns, decode_batch
from trimtab.store.telemetry.schema import TABLES, Table
from trimtab.store.telemetry.segments import read_at
from trimtab.store.telemetry.set_aside import SetAside, set_aside

logger = logging.getLogger(__name__)


class Sink(Protocol):
    """Where blocks go: `client.Telemetry`."""

    def insert(
        self, table: Table, rows: bytes, token: str, block: int = 0, arrived: frozenset[int] = ...,
        columns: Columns | None = ...,
    ) -> None:  # fmt: skip
        """Insert rows as one block; they have the table's columns, or these. Raises BlockRefused for good, any other
        TrimtabError for now."""
        ...

    def arrived(self, table: Table, block: int) -> frozenset[int]:
        """The partitions in which rows of a block are."""
        ...


BLOCK_ROWS = 100_000  # durable inserts: 0.7-1.1 M rows/s at 10k rows, 2.9 M/s at 100k, no gain beyond (measured)
BLOCK_AGE_S = 1.0
HURRY_AGE_S = 0.05  # a waiting reader cuts a block early, but not more often than this
PARTITIONS_PER_INSERT = 100  # the engine's max_partitions_per_insert_block
_KEEP_BYTES = 64 << 20  # bodies kept in memory; the rest is read back from the log
_RETRY_MAX_S = 5.0
_STOP_S = 0.7


class Waiting(Struct):
    """An acknowledged batch on its way: where its payload lies in the log, and its sections where still in memory.

    `columns` (by table) are those in which an earlier version wrote its rows; None where they are those of now.
    """

    sequence: int
    path: Path
    offset: int
    length: int
    sections: tuple[Section, ...] = ()
    rows: int = 0
    since: float = 0.0
    columns: Mapping[str, Columns] | None = None

    def load(self) -> Sequence[Section]:
        """The sections, from memory or from the log."""
        if self.sections:
            return self.sections
        return decode_batch(read_at(self.path, self.offset, self.length))[1]


class Drain:
    """The inserter: one thread that empties the log into the engine."""

    def __init__(
        self, sink: Sink, log_block: Callable[[int, int], None], log_done: Callable[[int], None], clock: Clock
    ) -> None:
        self._sink = sink
        self._log_block = log_block
        self._log_done = log_done
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._resumed: deque[tuple[int, int]] = deque()
        self._wake = threading.Condition()
        self._rows = 0
        self._kept_bytes = 0
        self._hurry = 0
        self._done = 0
        self._readers: list[tuple[int, Future[bool]]] = []
        self._stop_at: float | None = None
        self._log_id = ""
        self._thread = threading.Thread(target=self._run, name="log-drain", daemon=True)
        self.pending_bytes = 0
        self.last_error: str | None = None
        self.quarantined = 0

    # -- called by the log ------------------------------------------------------------------------------------

    def resume(self, log_id: str, blocks: list[tuple[int, int]], done: int) -> None:
        """Set what a crash left: the blocks that were started, and the last batch known to be in the engine."""
        self._log_id = log_id
        self._resumed.extend(blocks)
        self._done = done

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, item: Waiting) -> None:
        """Hand over a durable batch; batches come in order."""
        item.rows = item.rows or sum(section.rows for section in item.sections)
        item.since = self._clock.monotonic()
        with self._wake:
            if self._kept_bytes > _KEEP_BYTES:
                item.sections = ()
            if item.sections:
                self._kept_bytes += item.length
            was_empty = not self._waiting
            self._waiting.append(item)
            self._rows += item.rows
            self.pending_bytes += item.length
            if was_empty or self._rows >= BLOCK_ROWS or item.sequence <= self._hurry:
                self._wake.notify()

    def reached(self, sequence: int) -> "Future[bool]":
        """Resolves when every batch up to `sequence` can be read; hurries the block along."""
        future: Future[bool] = Future()
        with self._wake:
            if self._done >= sequence:
                future.set_result(True)
            else:
                self._hurry = max(self._hurry, sequence)
                self._readers.append((sequence, future))
                self._wake.notify()
        return future

    def stop(self) -> None:
        """Send what waits, within a bound, and end the thread. What is left is sent at the next start."""
        with self._wake:
            self._stop_at = self._clock.monotonic() + _STOP_S
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()

    # -- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._await_block():
            boundaries = self._boundaries()
            if boundaries is None:
                return
            first, last, started = boundaries
            block = self._take(last)
            if block and not self._send(first, last, block, started):
                return
            self._finish(last, block)

    def _await_block(self) -> bool:
        """Wait until a block is due; False when it is time to end."""
        with self._wake:
            while not self._resumed:
                wait_s = self._due_in()
                if self._stop_at is not None:
                    return bool(self._waiting) and self._clock.monotonic() < self._stop_at
                if wait_s is not None and wait_s <= 0:
                    return True
                self._wake.wait(wait_s)
            return True

    def _due_in(self) -> float | None:
        if not self._waiting:
            return None
        if self._rows >= BLOCK_ROWS:
            return 0.0
        oldest = self._waiting[0]
        limit = HURRY_AGE_S if oldest.sequence <= self._hurry else BLOCK_AGE_S
        return oldest.since + limit - self._clock.monotonic()

    def _boundaries(self) -> tuple[int, int, bool] | None:
        """The next block: one left started by a crash (True), else a new one, its boundaries made durable.

        None when stopped before that was possible.
        """
        if self._resumed:
            return (*self._resumed.popleft(), True)
        with self._wake:
            first = last = self._waiting[0].sequence
            rows = 0
            columns = self._waiting[0].columns
            for item in self._waiting:
                if (rows and rows + item.rows > BLOCK_ROWS) or item.columns is not columns:
                    break
                rows += item.rows
                last = item.sequence
        logged = self._keep_trying(lambda: self._log_block(first, last))  # a full disk refuses these bytes too
        return (first, last, False) if logged else None

    def _take(self, last: int) -> list[Waiting]:
        block = []
        with self._wake:
            while self._waiting and self._waiting[0].sequence <= last:
                item = self._waiting.popleft()
                self._rows -= item.rows
                if item.sections:
                    self._kept_bytes -= item.length
                block.append(item)
        return block

    def _send(self, first: int, last: int, block: list[Waiting], started: bool) -> bool:
        """Insert a block, table by table; False when stopped before the engine took it."""
        sections = [section for item in block for section in item.load()]
        self._set_aside_unknown(block[0].path.parent, f"{self._log_id}_{first}-{last}", sections)
        columns = block[0].columns or {}
        for number, (table, rows) in enumerate(inserts(sections)):
            token = f"{self._log_id}:{first}-{last}:{number}"
            insert = _Insert(table, rows, token, self._block_id(first, number), columns.get(table.name))
            if not self._insert(insert, block[0].path.parent, started):
                return False
        return True

    def _block_id(self, first: int, number: int) -> int:
        """What marks the rows of one insert, unlike that of any other insert of this log or one before it."""
        return hash64(f"{self._log_id}:{first}:{number}")

    def _insert(self, insert: "_Insert", directory: Path, started: bool) -> bool:
        """Insert until the engine has it; once it may have some of it, only what is missing."""
        tried = False

        def attempt() -> None:
            nonlocal tried
            check = (started or tried) and insert.table.multiset
            tried = True
            arrived = self._sink.arrived(insert.table, insert.block) if check else NONE
            try:
                self._sink.insert(insert.table, insert.rows, insert.token, insert.block, arrived, insert.columns)
            except BlockRefused as refusal:
                self._quarantine(directory, insert, refusal)

        return self._keep_trying(attempt)

    def _keep_trying(self, work: Callable[[], None]) -> bool:
        """Do `work` until it succeeds; False when stopped before."""
        delay = 0.1
        while True:
            try:
                work()
            except (TrimtabError, OSError) as problem:
                self._note(problem)
                with self._wake:
                    if self._stop_at is not None and self._clock.monotonic() > self._stop_at:
                        return False
                    self._wake.wait(delay)
                delay = min(2 * delay, _RETRY_MAX_S)
            else:
                self.last_error = None
                return True

    def _note(self, problem: Exception) -> None:
        if self.last_error != str(problem):
            logger.warning("cannot store a block yet, will try again: %s", problem)
        self.last_error = str(problem)

    def _quarantine(self, directory: Path, insert: "_Insert", refusal: BlockRefused) -> None:
        name = insert.token.replace(":", "_")
        columns = insert.columns or insert.table.row_columns
        aside = SetAside(insert.table.name, columns, insert.token, insert.block, str(refusal), self._clock.now_ms())
        path = set_aside(directory, f"{name}.{insert.table.name}", aside, insert.rows)
        logger.error("the engine refused a block of %s; its rows are kept in %s: %s", insert.table.name, path, refusal)
        self.quarantined += 1

    def _set_aside_unknown(self, directory: Path, name: str, sections: Sequence[Section]) -> None:
        """Keep the rows of tables that this version does not have: a newer one may have written them."""
        for table in sorted({one.table for one in sections} - TABLES.keys()):
            rows = b"".join(one.body for one in sections if one.table == table)
            aside = SetAside(table, (), name, 0, f"this version has no table {table}", self._clock.now_ms())
            path = set_aside(directory, f"{name}.{hash64(table):016x}", aside, rows)
            logger.error("there is no table %s; its rows are kept in %s", table, path)
            self.quarantined += 1

    def _finish(self, last: int, block: list[Waiting]) -> None:
        self._log_done(last)
        with self._wake:
            self._done = max(self._done, last)
            self.pending_bytes -= sum(item.length for item in block)
            served = [future for sequence, future in self._readers if sequence <= self._done]
            self._readers = [(sequence, future) for sequence, future in self._readers if sequence > self._done]
        for future in served:
            if future.set_running_or_notify_cancel():
                future.set_result(True)


class _Insert(Struct, frozen=True):
    """One insert of a block."""

    table: Table
    rows: bytes
    token: str
    block: int
    columns: Columns | None = None


def inserts(sections: Sequence[Section]) -> Iterator[tuple[Table, bytes]]:
    """The inserts of a block: by table in schema order, cut where the partitions would pass the engine's limit.

    A pure function of the sections, so that a block sent again after a crash is cut in the same places.
    """
    by_table: dict[str, list[Section]] = {}
    for section in sections:
        by_table.setdefault(section.table, []).append(section)
    for name, table in TABLES.items():
        bodies: list[bytes] = []
        days: frozenset[int] = frozenset()
        for section in by_table.get(name, ()):
            if bodies and len(days | section.days) > PARTITIONS_PER_INSERT:
                yield table, b"".join(bodies)
                bodies, days = [], frozenset()
            bodies.append(section.body)
            days |= section.days
        if bodies:
            yield table, b"".join(bodies)
