import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import DiskFull, SetupError, Throttled, Unavailable
from trimtab.store.telemetry import drain
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.client import NONE, BlockRefused
from trimtab.store.telemetry.drain import PARTITIONS_PER_INSERT, inserts
from trimtab.store.telemetry.log import IngestLog, LogLimits
from trimtab.store.telemetry.records import Columns, RecordType
from trimtab.store.telemetry.schema import Table
from trimtab.store.telemetry.segments import SegmentFiles
from trimtab.store.telemetry.set_aside import listed


class Engine:
    """Keeps one block a token, as the real one does; can be made to fail."""

    def __init__(self) -> None:
        self.blocks: dict[str, tuple[str, bytes]] = {}
        self.calls: list[str] = []
        self.columns: list[Columns | None] = []
        self.marks: set[int] = set()
        self.fail: Callable[[str], None] = lambda token: None
        self.gate = threading.Event()
        self.gate.set()

    def insert(
        self, table: Table, rows: bytes, token: str, block: int = 0, arrived: frozenset[int] = NONE,
        columns: Columns | None = None,
    ) -> None:  # fmt: skip
        self.gate.wait()
        self.calls.append(token)
        self.columns.append(columns)
        self.fail(token)
        if not arrived:
            self.blocks.setdefault(token, (table.name, rows))
            self.marks.add(block)

    def arrived(self, table: Table, block: int) -> frozenset[int]:
        return frozenset((19700102,)) if block in self.marks else NONE

    def rows(self, table: str = "metric_values") -> bytes:
        return b"".join(rows for name, rows in self.blocks.values() if name == table)


def values(body: bytes, *days: int, table: str = "metric_values") -> Section:
    return Section(table, len(body), frozenset(days or (1,)), body)


def with_log(
    directory: Path, engine: Engine, scenario: Callable[[IngestLog], Coroutine[Any, Any, None]], **limits: int
) -> None:
    log = IngestLog(directory / "log", engine, SystemClock(), LogLimits(**{"disk_reserve_bytes": 0, **limits}))
    log.open()
    try:
        asyncio.run(scenario(log))
    finally:
        engine.gate.set()
        log.close()


def test_what_was_appended_reaches_the_engine_in_order(tmp_path: Path) -> None:
    engine = Engine()

    async def scenario(log: IngestLog) -> None:
        for letter in b"abcdef":
            await log.append([values(bytes([letter]))])
        assert await log.settled(5)
        assert b"abcdef" == engine.rows()
        assert 0 == log.pending_bytes

    with_log(tmp_path, engine, scenario)


def test_series_go_before_the_points_that_name_them(tmp_path: Path) -> None:
    engine = Engine()

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"v"), values(b"s", table="metric_series")])
        await log.settled(5)
        assert ["metric_series", "metric_values"] == [table for table, _ in engine.blocks.values()]

    with_log(tmp_path, engine, scenario)


def test_a_key_counts_once_and_equal_bodies_with_other_keys_count_twice(tmp_path: Path) -> None:
    engine = Engine()

    async def scenario(log: IngestLog) -> None:
        answers = await asyncio.gather(*(log.append([values(b"x")], "same") for _ in range(5)))
        assert [False, True, True, True, True] == sorted(answer.duplicate for answer in answers)
        await log.append([values(b"x")], "other")
        await log.append([values(b"x")])
        await log.settled(5)
        assert b"xxx" == engine.rows()

    with_log(tmp_path, engine, scenario)


def test_keys_and_numbers_survive_a_restart(tmp_path: Path) -> None:
    engine = Engine()

    async def first(log: IngestLog) -> None:
        await log.append([values(b"a")], "key-1")

    async def second(log: IngestLog) -> None:
        assert (await log.append([values(b"a")], "key-1")).duplicate
        assert 2 == (await log.append([values(b"b")], "key-2")).sequence

    async def third(log: IngestLog) -> None:  # key-1 now only lives in the head of a later segment
        assert (await log.append([values(b"a")], "key-1")).duplicate

    for scenario in (first, second, third):
        with_log(tmp_path, engine, scenario)
    assert b"ab" == engine.rows()


def crash(log: IngestLog) -> None:
    """Leave the files as a kill -9 would: no farewell, the lock gone with the process."""
    log.drain._sink.insert = lambda *_: threading.Event().wait()  # type: ignore[method-assign]  # never returns
    assert log._lock_file is not None
    log._lock_file.close()


def test_after_a_crash_started_blocks_are_sent_again_with_their_boundaries(tmp_path: Path) -> None:
    engine = Engine()
    engine.gate.clear()  # the engine hangs: the block's boundaries are logged, nothing is stored

    async def hang() -> None:
        log = IngestLog(tmp_path / "log", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
        log.open()
        await log.append([values(b"a")], "k1")
        await log.append([values(b"b")], "k2")
        assert not await log.settled(0.3)
        await log.append([values(b"c")], "k3")
        crash(log)

    asyncio.run(hang())
    survivor = Engine()

    async def recovered(log: IngestLog) -> None:
        assert (await log.append([values(b"b")], "k2")).duplicate
        assert await log.settled(5)

    with_log(tmp_path, survivor, recovered)
    assert b"abc" == survivor.rows()
    engine.gate.set()  # the old block arrives late: same token, so the real engine keeps one
    first_token = survivor.calls[0]
    assert first_token.endswith(":1-2:0")


def test_a_block_that_arrived_before_the_power_went_is_not_stored_twice(tmp_path: Path) -> None:
    engine = Engine()
    log = IngestLog(tmp_path / "log", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
    log.drain._log_done = lambda last: None  # the note "done" is what the power cut took
    log.open()
    asyncio.run(store_one(log))
    crash(log)
    survivor = Engine()
    survivor.marks = engine.marks  # the rows are on disk; the tokens, which the engine never syncs, are not
    with_log(tmp_path, survivor, settle)
    assert survivor.rows() == b""


async def store_one(log: IngestLog) -> None:
    await log.append([values(b"a")], "k1")
    assert await log.settled(5)


async def settle(log: IngestLog) -> None:
    assert await log.settled(5)


def test_a_torn_last_record_was_never_acknowledged_and_is_dropped(tmp_path: Path) -> None:
    engine = Engine()

    async def write(log: IngestLog) -> None:
        await log.append([values(b"whole")], "k1")

    engine.gate.clear()
    log = IngestLog(tmp_path / "log", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
    log.open()
    asyncio.run(write(log))
    crash(log)
    newest = max((tmp_path / "log").glob("*.log"))
    newest.write_bytes(newest.read_bytes() + b"\x40\x00\x00\x00half a record")
    survivor = Engine()

    async def settle(log: IngestLog) -> None:
        await log.append([values(b"+")], "k2")
        assert await log.settled(5)

    with_log(tmp_path, survivor, settle)
    assert b"whole+" == survivor.rows()
    engine.gate.set()


def test_an_engine_that_is_away_is_waited_for(tmp_path: Path) -> None:
    engine = Engine()
    away = iter(range(3))

    def fail(token: str) -> None:
        if next(away, None) is not None:
            raise Unavailable("engine away")

    engine.fail = fail

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"a")])
        assert await log.settled(10)
        assert b"a" == engine.rows()

    with_log(tmp_path, engine, scenario)


def test_rows_that_the_engine_refuses_are_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    engine = Engine()

    def refuse(token: str) -> None:
        if ":1-1:" in token:
            raise BlockRefused("does not fit")

    engine.fail = refuse

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"bad")])
        assert await log.settled(5)
        await log.append([values(b"good")])
        assert await log.settled(5)

    with_log(tmp_path, engine, scenario)
    assert b"good" == engine.rows()
    [(path, about)] = listed(tmp_path / "log")
    assert path.read_bytes() == b"bad"
    assert about is not None
    assert (about.table, about.reason, about.columns[0]) == ("metric_values", "does not fit", ("series", "UInt64"))
    assert {one.stat().st_mode & 0o777 for one in path.parent.iterdir()} == {0o600}


def test_rows_of_a_table_that_this_version_does_not_have_are_set_aside(tmp_path: Path) -> None:
    engine = Engine()

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"known"), values(b"new", table="of_a_newer_version")])
        assert await log.settled(5)

    with_log(tmp_path, engine, scenario)
    assert engine.rows() == b"known"
    [(path, about)] = listed(tmp_path / "log")
    assert path.read_bytes() == b"new"
    assert about is not None
    assert about.table == "of_a_newer_version"


def test_a_full_log_asks_the_client_to_wait(tmp_path: Path) -> None:
    engine = Engine()
    engine.gate.clear()

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"x" * 2000)])
        with pytest.raises(Throttled) as refusal:
            await log.append([values(b"y")], "key")
        assert refusal.value.retry_after_s > 0
        engine.gate.set()
        assert await log.settled(5)
        assert not (await log.append([values(b"y")], "key")).duplicate

    with_log(tmp_path, engine, scenario, pending_bytes=1000)


def test_a_full_disk_refuses_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    real_write = os.pwrite

    def no_space(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) > 500:
            real_write(descriptor, bytes(data)[:100], offset)
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data, offset)

    def no_fsync(_: int) -> None:
        raise OSError(30, "Read-only file system")

    async def scenario(log: IngestLog) -> None:
        await log.append([values(b"before")])
        monkeypatch.setattr(os, "pwrite", no_space)
        log.check()
        with pytest.raises(DiskFull, match="No space left"):
            await log.append([values(b"z" * 1000)], "big")
        monkeypatch.setattr("trimtab.base.disk.os.fsync", no_fsync)
        for _ in range(2):  # nobody tries to write, since it is said to be not ready: it tries itself
            with pytest.raises(DiskFull, match="Read-only"):
                log.check()
        monkeypatch.undo()
        log.check()
        assert not (await log.append([values(b"z" * 1000)], "big")).duplicate
        assert await log.settled(5)

    with_log(tmp_path, engine, scenario)
    assert b"before" + b"z" * 1000 == engine.rows()
    assert not list(tmp_path.rglob(".probe"))


def test_a_disk_too_full_for_a_blocks_boundaries_only_delays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine()
    real_write = os.pwrite
    refusals = iter(range(3))

    def no_space_for_blocks(descriptor: int, data: bytes, offset: int) -> int:
        if bytes(data)[12:13] == bytes([RecordType.BLOCK]) and next(refusals, None) is not None:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data, offset)

    async def scenario(log: IngestLog) -> None:
        monkeypatch.setattr(os, "pwrite", no_space_for_blocks)
        await log.append([values(b"a")])
        assert await log.settled(10)

    with_log(tmp_path, engine, scenario)
    assert b"a" == engine.rows()
    assert next(refusals, None) is None


def test_a_reserve_of_disk_is_left_free(tmp_path: Path) -> None:
    async def scenario(log: IngestLog) -> None:
        with pytest.raises(DiskFull, match="TRIMTAB_DISK_RESERVE_MB"):
            await log.append([values(b"x")])

    with_log(tmp_path, Engine(), scenario, disk_reserve_bytes=1 << 60)


def test_drained_segments_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.store.telemetry.log.SEGMENT_BYTES", 500)

    async def scenario(log: IngestLog) -> None:
        for number in range(30):
            await log.append([values(b"x" * 100)], f"key-{number}")
            await log.settled(5)
        assert len(list((tmp_path / "log").glob("*.log"))) <= 4
        assert (await log.append([values(b"x" * 100)], "key-0")).duplicate

    with_log(tmp_path, Engine(), scenario)

    async def again(log: IngestLog) -> None:
        assert (await log.append([values(b"x" * 100)], "key-0")).duplicate

    with_log(tmp_path, Engine(), again)


def test_a_second_opener_is_told_who_has_the_log(tmp_path: Path) -> None:
    async def scenario(log: IngestLog) -> None:
        second = IngestLog(tmp_path / "log", Engine(), SystemClock())
        with pytest.raises(SetupError, match=str(os.getpid())):
            second.open()

    with_log(tmp_path, Engine(), scenario)


def test_a_block_is_cut_where_the_engine_takes_no_more_partitions() -> None:
    sections = [values(bytes([day % 256]), day) for day in range(250)]
    cut = list(inserts(sections))
    assert cut == list(inserts(sections))
    assert [PARTITIONS_PER_INSERT, PARTITIONS_PER_INSERT, 50] == [len(rows) for _, rows in cut]


def test_append_after_a_failed_write_leaves_no_gap(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path)
    files.start(lambda form: b"")
    first = files.append(b"one")
    second = files.append(b"two")
    assert 3 == second - first
    assert files.current.path.read_bytes().endswith(b"onetwo")
    files.close()


def test_a_stop_sends_what_waits_only_while_there_is_time_and_the_next_start_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BLOCK_ROWS", 1)  # a batch a block
    engine, clock = Engine(), ManualClock()
    engine.gate.clear()
    engine.fail = lambda _token: clock.advance(drain._STOP_S)  # each insert takes all the time that there is
    log = IngestLog(tmp_path / "log", engine, clock, LogLimits(disk_reserve_bytes=0))
    log.open()

    async def scenario() -> None:
        for letter in b"abc":
            await log.append([values(bytes([letter]))])

    asyncio.run(scenario())
    closing = threading.Thread(target=log.close)
    closing.start()
    while log.drain._stop_at is None:
        continue
    engine.gate.set()
    closing.join()
    assert b"a" == engine.rows()

    async def rest(again: IngestLog) -> None:
        assert await again.settled(5)

    engine.fail = lambda _token: None
    with_log(tmp_path, engine, rest)
    assert b"abc" == engine.rows()
