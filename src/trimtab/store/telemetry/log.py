"""The write-ahead log: what a door appends here is acknowledged, and reaches the engine exactly once.

`append` returns when the batch is on disk; concurrent appends share one fdatasync (group commit). `drain.Drain`
moves the batches into the engine. After a crash the log is read back: blocks that were started are sent again
with the same boundaries and token, so the engine keeps each once. What is damaged is put right or stepped over, kept
aside and told (`damage`); everything around it is stored.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.disk import probe
from trimtab.base.errors import DiskFull, Throttled, Unavailable
from trimtab.base.ids import new_id
from trimtab.base.whole_file import make_folder, sync_folder
from trimtab.store.telemetry.batch import Appended, Section
from trimtab.store.telemetry.damage import Damage, Kind, Survey, keep, kept
from trimtab.store.telemetry.drain import Drain, Sink, Waiting
from trimtab.store.telemetry.lock import lock_directory
from trimtab.store.telemetry.recent_keys import RecentKeys
from trimtab.store.telemetry.records import (
    Columns,
    Format,
    Gap,
    Record,
    RecordType,
    decode_batch,
    decode_block,
    decode_keys,
    decode_schema,
    encode_batch,
    encode_block,
    encode_keys,
    encode_schema,
)
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.segments import SEGMENT_BYTES, Segment, SegmentFiles

logger = logging.getLogger(__name__)

_COPIES = {RecordType.BLOCK: 2}
"""How often a record is written: a block whose boundaries are lost would be cut, and stored, anew."""
_ROOM_FRESH_S = 0.25
"""How long a look at the free disk counts: the call lets go of the interpreter lock, once a request is too often."""


class LogLimits(Struct, frozen=True):
    """Bounds of a log: bytes acknowledged but not yet in the engine, and disk space to leave free."""

    pending_bytes: int = 1 << 30
    disk_reserve_bytes: int = 256 << 20


class _Entry(Struct):
    """A record on its way to disk; `done` resolves when it is there."""

    payload: bytes
    type: RecordType
    sequence: int
    done: "Future[None] | asyncio.Future[None]"
    sections: tuple[Section, ...] = ()
    key: str | None = None


class IngestLog:
    """The log of one signal. Open it once a process; a second opener of the directory gets SetupError."""

    def __init__(self, directory: Path, sink: Sink, clock: Clock, limits: LogLimits | None = None) -> None:
        self._directory = directory
        self._clock = clock
        self._limits = limits or LogLimits()
        self._files = SegmentFiles(directory)
        self._keys = RecentKeys()
        self._in_flight: dict[str, asyncio.Future[None]] = {}
        self._room_until = 0.0
        self._queue: deque[_Entry] = deque()
        self._wake = threading.Condition()
        self._sequence = 0
        self._closed = False
        self._failed = False
        """Whether the last write did, and nobody tried since."""
        self._lock_file: IO[str] | None = None
        self.damage: list[Damage] = []
        """All that was ever found damaged, oldest first, and was not taken away."""
        self.new_damage: list[Damage] = []
        """What of it this start found."""
        self._committer = threading.Thread(target=self._commit_loop, name="log-commit", daemon=True)
        self.drain = Drain(sink, self._commit_block, self._commit_done, clock)

    # -- the writers' side ------------------------------------------------------------------------------------

    async def append(self, sections: Sequence[Section], key: str | None = None) -> Appended:
        """Make a batch durable. A `key` acknowledged before writes nothing and answers `duplicate`.

        Raises Throttled when too much waits for the engine, DiskFull when the disk has no room; in both cases
        nothing of the batch was kept. The batch takes its place in the order before the first await.
        """
        with self._wake:
            if key is not None and key in self._keys:
                return Appended(self._sequence, duplicate=True)
            first = self._in_flight.get(key) if key is not None else None
            if first is None:
                done, sequence = self._enqueue_batch(tuple(sections), key)
        if first is not None:  # the same request again while its first copy is being written
            await asyncio.shield(first)
            return Appended(self._sequence, duplicate=True)
        await asyncio.shield(done)
        return Appended(sequence, duplicate=False)

    @property
    def newest(self) -> int:
        """The number of the last batch: another after each that is appended."""
        return self._sequence

    async def settled(self, timeout_s: float) -> bool:
        """Wait until all that was appended before this call can be read; False if that took too long."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.drain.reached(self._sequence)), timeout_s)
        except TimeoutError:
            return False

    def drop_drained(self) -> int:
        """Delete every segment but the current one, when all that was appended is settled; how many are left.

        At a start the last segment of the run before stays until the next block is in: its rows are in its file.
        """
        self._commit(RecordType.DONE, self._sequence, b"").result()
        sync_folder(self._directory)
        return len(self._files.segments)

    @property
    def name(self) -> str:
        """Whose log it is: metrics, logs, traces or audit."""
        return self._directory.name

    @property
    def pending_bytes(self) -> int:
        """Bytes acknowledged that are not in the engine yet."""
        return self.drain.pending_bytes

    def _enqueue_batch(self, sections: tuple[Section, ...], key: str | None) -> tuple["asyncio.Future[None]", int]:
        if self._closed:
            raise Unavailable("cannot accept data: trimtab is stopping; send it again to the next one")
        self.check_room()
        self._sequence += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        payload = encode_batch(key, sections, self._clock.now_ms())
        if key is not None:
            self._in_flight[key] = done
        self._enqueue(_Entry(payload, RecordType.BATCH, self._sequence, done, sections, key))
        return done, self._sequence

    def _enqueue(self, entry: _Entry) -> None:
        self._queue.append(entry)
        self._wake.notify()

    def check_room(self) -> None:
        """Raise Throttled or DiskFull if an append would be refused now."""
        if self.drain.pending_bytes > self._limits.pending_bytes:
            raise Throttled(
                f"cannot accept more data now: {self.drain.pending_bytes >> 20} MiB wait to be stored; "
                "send again in a few seconds",
                retry_after_s=5,
            )
        now = self._clock.monotonic()
        if now < self._room_until:
            return
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize < self._limits.disk_reserve_bytes:
            raise DiskFull(
                f"cannot accept data: the disk of {self._directory} has less than "
                f"{self._limits.disk_reserve_bytes >> 20} MiB free; free some space (TRIMTAB_DISK_RESERVE_MB)"
            )
        self._room_until = now + _ROOM_FRESH_S

    def check(self) -> None:
        """Raise what an append would raise now. After a write that failed it is tried: waits for the disk then."""
        self.check_room()
        if self._failed:
            try:
                probe(self._directory)
            except OSError as problem:
                raise self._refusal(problem) from None
            self._failed = False

    # -- the committer ----------------------------------------------------------------------------------------

    def _commit_loop(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closed)
                group = list(self._queue)
                self._queue.clear()
            if not group:
                return
            try:
                offset = self._write(group)
            except OSError as problem:
                logger.error("cannot write the log in %s: %s", self._directory, problem)
                self._failed = True
                self._fail(group, problem)
                continue
            self._failed = False
            self._accept(group, offset)

    def _write(self, group: list[_Entry]) -> int:
        if self._files.current.size > SEGMENT_BYTES:
            self._start_segment(self._sequence)
        form = self._files.current.format
        offset = self._files.append(b"".join(_framed(form, entry) for entry in group))
        self._files.current.last = max(self._files.current.last, *(entry.sequence for entry in group))
        return offset

    def _start_segment(self, sequence: int) -> None:
        keys, schema = encode_keys(self._keys.hashes()), encode_schema(_columns())

        def head(form: Format) -> bytes:
            return form.framed(RecordType.KEYS, sequence, keys) + form.framed(RecordType.SCHEMA, sequence, schema)

        self._files.start(head)

    def _accept(self, group: list[_Entry], offset: int) -> None:
        path, form = self._files.current.path, self._files.current.format
        with self._wake:
            for entry in group:
                if entry.key is not None:
                    self._keys.add(entry.key)
                    self._in_flight.pop(entry.key, None)
        for entry in group:
            if entry.type is RecordType.BATCH:
                place = offset + form.overhead
                self.drain.add(Waiting(entry.sequence, path, place, len(entry.payload), entry.sections))
            elif entry.type is RecordType.DONE:
                self._files.drop_through(entry.sequence)
            offset += _COPIES.get(entry.type, 1) * (form.overhead + len(entry.payload))
        _resolve(group, None)

    def _fail(self, group: list[_Entry], problem: OSError) -> None:
        with self._wake:
            for entry in group:
                if entry.key is not None:
                    self._in_flight.pop(entry.key, None)
        _resolve(group, self._refusal(problem))

    def _refusal(self, problem: OSError) -> DiskFull:
        return DiskFull(f"cannot write the log in {self._directory}: {problem.strerror}")

    def _commit_block(self, first: int, last: int) -> None:
        """Make a block's boundaries durable; called by the drain before it sends the block."""
        self._commit(RecordType.BLOCK, last, encode_block(first, last)).result()

    def _commit_done(self, last: int) -> None:
        """Note that everything up to `last` is in the engine. Losing this note is harmless: tokens de-duplicate."""
        self._commit(RecordType.DONE, last, b"")

    def _commit(self, type_: RecordType, sequence: int, payload: bytes) -> "Future[None]":
        done: Future[None] = Future()
        with self._wake:
            self._enqueue(_Entry(payload, type_, sequence, done))
        return done

    # -- life -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Lock the directory, read back what a crash left, and start the threads."""
        make_folder(self._directory)
        self._lock_file = lock_directory(self._directory)
        waiting, blocks, done = self._recover()
        left = [item for item in waiting if item.sequence > done]
        if left:
            logger.info("%d acknowledged batches from before the start go to the engine now", len(left))
        for item in left:
            self.drain.add(item)
        self.drain.resume(self._log_id(), [block for block in blocks if block[1] > done], max(done, self._lowest(left)))
        self._start_segment(self._sequence)
        self._committer.start()
        self.drain.start()

    def _lowest(self, left: list[Waiting]) -> int:
        return left[0].sequence - 1 if left else self._sequence

    def _recover(self) -> tuple[list[Waiting], list[tuple[int, int]], int]:
        waiting: list[Waiting] = []
        blocks: list[tuple[int, int]] = []
        done = 0
        survey = Survey(self._clock.now_ms())
        columns: dict[Path, dict[str, Columns]] = {}
        for segment, record in self._files.recover():
            if isinstance(record, Gap):
                survey.gap(segment, record)
                continue
            survey.record(segment, record)
            self._sequence = max(self._sequence, record.sequence)
            if record.type not in (RecordType.KEYS, RecordType.SCHEMA):
                segment.last = max(segment.last, record.sequence)
            if record.type is RecordType.BATCH:
                waiting.append(self._read_batch(segment, record))
            elif record.type is RecordType.BLOCK:
                block = decode_block(record.payload)
                blocks += [] if block in blocks else [block]
            elif record.type is RecordType.DONE:
                done = max(done, record.sequence)
            elif record.type is RecordType.SCHEMA:
                columns[segment.path] = decode_schema(record.payload)
            else:
                self._keys.add_hashes(decode_keys(record.payload))
        now = _columns()
        for item in waiting:
            then = columns.get(item.path, now)
            item.columns = then if then != now else None
        self._tell_damage(list(survey.found(done)))
        return waiting, blocks, done

    def _read_batch(self, segment: Segment, record: Record) -> Waiting:
        key, sections, _ = decode_batch(record.payload)
        if key:
            self._keys.add(key)
        if record.healed:
            self._files.put_right(segment, record)  # what waits is read from the file
        rows = sum(section.rows for section in sections)
        return Waiting(record.sequence, segment.path, record.offset, len(record.payload), (), rows)

    def _tell_damage(self, found: list[Damage]) -> None:
        self.new_damage = keep(self._directory, found)
        self.damage = kept(self._directory)
        for one in self.new_damage:
            level = logging.INFO if one.kind is Kind.UNFINISHED else logging.ERROR
            logger.log(level, "the log in %s: %s", self._directory, one.words)

    def _log_id(self) -> str:
        """This log's own name in tokens, so that a wiped log that counts from 1 again collides with nothing."""
        path = self._directory / "log_id"
        if not path.exists():
            temporary = path.with_suffix(".tmp")
            with temporary.open("w") as file:
                file.write(new_id())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(self._directory)
        return path.read_text().strip()

    def close(self) -> None:
        """Stop accepting, bring what waits into the engine where that is quick, and release the directory."""
        self.drain.stop()
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._committer.join()
        self._files.close()
        if self._lock_file is not None:
            self._lock_file.close()


def _framed(form: Format, entry: _Entry) -> bytes:
    return form.framed(entry.type, entry.sequence, entry.payload) * _COPIES.get(entry.type, 1)


def _columns() -> dict[str, Columns]:
    """The columns in which sections carry their rows now, by table."""
    return {name: table.row_columns for name, table in TABLES.items()}


def _resolve(group: list[_Entry], problem: Exception | None) -> None:
    """Tell the writers of a group: one wake-up a loop, however many wait, since each one is a system call."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for entry in group:
        if isinstance(entry.done, asyncio.Future):
            waiting.setdefault(entry.done.get_loop(), []).append(entry.done)
        elif problem is None:
            entry.done.set_result(None)
        else:
            entry.done.set_exception(problem)
    for loop, futures in waiting.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(_settle, futures, problem)


def _settle(futures: "list[asyncio.Future[None]]", problem: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if problem is None:
            future.set_result(None)
        else:
            future.set_exception(problem)
            future.exception()  # a writer that was cancelled does not ask for it
