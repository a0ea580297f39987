"""Damage on disk: everything outside the damaged record is stored, and what is lost is told, once."""

import asyncio
import random
from pathlib import Path

import pytest
from tests.unit.store.telemetry.test_log import Engine, crash, settle, values, with_log

from depth import DEEP
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.store.telemetry import log as log_module
from trimtab.store.telemetry.damage import FOLDER, Damage, Kind
from trimtab.store.telemetry.log import IngestLog, LogLimits
from trimtab.store.telemetry.records import HEADER_BYTES, Record, RecordType, format_of, scan

BATCHES = 12
T0 = 1_785_542_400_000


def written(directory: Path, batches: int = BATCHES) -> Path:
    """A log whose batches never reached the engine, as a kill leaves it; its one segment."""
    engine = Engine()
    engine.gate.clear()
    clock = ManualClock(T0)

    async def write(log: IngestLog) -> None:
        for number in range(batches):
            await log.append([values(b"%04d" % number)], f"k{number}")
            clock.advance(1)

    log = IngestLog(directory / "log", engine, clock, LogLimits(disk_reserve_bytes=0))
    log.drain.start = lambda: None  # type: ignore[method-assign]  # nothing is sent
    log.open()
    asyncio.run(write(log))
    crash(log)
    [segment] = (directory / "log").glob("*.log")
    return segment


def stored(directory: Path) -> tuple[set[int], list[Damage]]:
    """What a start after it brings in, and the damage that it tells."""
    engine, damage = Engine(), []

    async def settled(log: IngestLog) -> None:
        damage.extend(log.new_damage)
        assert await log.settled(5)

    with_log(directory, engine, settled)
    rows = engine.rows()
    assert len(rows) % 4 == 0
    return {int(rows[at : at + 4]) for at in range(0, len(rows), 4)}, damage


def batches_of(segment: Path) -> list[tuple[int, int]]:
    """Where each batch's record begins and ends."""
    data = memoryview(segment.read_bytes())
    overhead = format_of(data).overhead
    found = [one for one in scan(data) if isinstance(one, Record)]
    return [(one.offset - overhead, one.end) for one in found if one.type is RecordType.BATCH]


@pytest.mark.parametrize("seed", range(200 if DEEP else 20))
def test_a_flipped_bit_loses_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = written(tmp_path / "whole").read_bytes()
    for number in range(10):
        place, turned = chance.randrange(len(whole)), bytearray(whole)
        turned[place] ^= 1 << chance.randrange(8)
        directory = tmp_path / str(number)
        (directory / "log").mkdir(parents=True)
        (directory / "log" / "000000000001.log").write_bytes(turned)
        numbers, damage = stored(directory)
        assert numbers == set(range(BATCHES)), place
        assert [one.kind for one in damage] == [Kind.HEALED], place


@pytest.mark.parametrize("seed", range(200 if DEEP else 20))
def test_what_is_overwritten_takes_only_its_own_records(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    segment = written(tmp_path)
    places = batches_of(segment)
    data = bytearray(segment.read_bytes())
    size = chance.choice((3, 20, 70))
    place = chance.randrange(HEADER_BYTES, len(data) - size)
    data[place : place + size] = bytes(byte ^ chance.randrange(1, 256) for byte in data[place : place + size])
    segment.write_bytes(data)
    hit = {number for number, (start, end) in enumerate(places) if start < place + size and place < end}
    numbers, damage = stored(tmp_path)
    assert numbers == set(range(BATCHES)) - hit
    [one] = damage
    tail = BATCHES - 1 in hit
    assert (one.kind, one.batches) == ((Kind.UNFINISHED, None) if tail else (Kind.LOST, len(hit)))
    assert (tmp_path / "log" / FOLDER / f"{one.name}.bin").read_bytes() == data[one.offset : one.end]
    assert stored(tmp_path)[1] == []  # it is told once


def test_it_is_told_how_much_was_lost_and_of_when(tmp_path: Path) -> None:
    segment = written(tmp_path)
    data = bytearray(segment.read_bytes())
    (start, _), (_, end) = batches_of(segment)[3], batches_of(segment)[4]
    data[start:end] = bytes(end - start)
    segment.write_bytes(data)
    numbers, [one] = stored(tmp_path)
    assert numbers == set(range(BATCHES)) - {3, 4}
    assert (one.batches, one.since_ms, one.until_ms) == (2, T0 + 2000, T0 + 5000)
    told = (
        f"bytes {start} to {end} of {segment.name} are damaged: 2 acknowledged batches are lost, acknowledged between"
    )
    assert one.words == (
        f"{told} 2026-08-01 00:00:02 UTC and 2026-08-01 00:00:05 UTC; the bytes are kept as damaged/{one.name}.bin"
    )
    files = list((tmp_path / "log" / FOLDER).iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}

    async def known(log: IngestLog) -> None:
        assert ([], [one]) == (log.new_damage, log.damage)

    with_log(tmp_path, Engine(), known)


def test_a_batch_that_the_engine_has_is_not_lost(tmp_path: Path) -> None:
    engine = Engine()
    log = IngestLog(tmp_path / "log", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
    log._files.drop_through = lambda sequence: None  # type: ignore[method-assign]  # its segment is still there
    log.open()

    async def store() -> None:
        for number in range(3):
            await log.append([values(b"%04d" % number)])
            assert await log.settled(5)

    asyncio.run(store())
    log.close()  # that all is in the engine is on disk
    segment = min((tmp_path / "log").glob("*.log"))
    data = bytearray(segment.read_bytes())
    start, end = batches_of(segment)[1]
    data[start:end] = bytes(end - start)
    segment.write_bytes(data)
    numbers, [one] = stored(tmp_path)
    assert (numbers, one.batches) == (set(), 0)
    assert "all that was acknowledged there is stored" in one.words


def test_a_block_that_was_started_keeps_its_boundaries_where_one_copy_is_damaged(tmp_path: Path) -> None:
    engine = Engine()
    engine.gate.clear()

    async def hang() -> None:
        log = IngestLog(tmp_path / "log", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
        log.open()
        await log.append([values(b"0001")])
        await log.append([values(b"0002")])
        assert not await log.settled(0.3)
        await log.append([values(b"0003")])
        crash(log)

    asyncio.run(hang())
    segment = min((tmp_path / "log").glob("*.log"))
    data = memoryview(segment.read_bytes())
    blocks = [one for one in scan(data) if isinstance(one, Record) and one.type is RecordType.BLOCK]
    damaged = bytearray(data)
    damaged[blocks[0].offset : blocks[0].end] = bytes(16)
    segment.write_bytes(damaged)
    survivor = Engine()
    with_log(tmp_path, survivor, settle)
    assert survivor.calls[0].endswith(":1-2:0")
    engine.gate.set()


def test_rows_of_an_earlier_version_go_in_with_its_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = log_module._columns()
    then = {**now, "metric_values": now["metric_values"][:-1]}
    monkeypatch.setattr(log_module, "_columns", lambda: then)
    written(tmp_path, 2)
    monkeypatch.undo()
    engine = Engine()

    async def more(log: IngestLog) -> None:
        await log.append([values(b"new ")])
        assert await log.settled(5)

    with_log(tmp_path, engine, more)
    assert [rows for _, rows in engine.blocks.values()] == [b"00000001", b"new "]  # no block has rows of both
    assert engine.columns == [then["metric_values"], None]
