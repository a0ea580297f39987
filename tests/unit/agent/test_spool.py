import errno
import json
import logging
import os
from pathlib import Path

import pytest

from trimtab.agent import rejected
from trimtab.agent.record import HEADER_BYTES
from trimtab.agent.spool import Spool, SpoolLimits
from trimtab.base.errors import DiskFull

DAY_MS = 86_400_000
SMALL = SpoolLimits(max_bytes=100_000, max_age_ms=14 * DAY_MS, segment_bytes=3 * (HEADER_BYTES + 10))


def body(number: int) -> bytes:
    return f"body {number:05d}".encode()  # 10 bytes


def fill(spool: Spool, count: int, time_ms: int = 1000) -> None:
    for _ in range(count):
        sequence = spool.state().records + 1
        spool.append(body(sequence), time_ms)


def drain(spool: Spool) -> list[int]:
    found = []
    while (record := spool.peek()) is not None:
        found.append(record.sequence)
        spool.done(record.sequence)
    return found


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.segment"))


def test_records_come_back_in_order_and_stay_until_done(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL)
    assert spool.peek() is None
    assert [spool.append(body(n), n) for n in (1, 2, 3)] == [1, 2, 3]
    first = spool.peek()
    assert first is not None
    assert (first.sequence, first.time_ms, first.body) == (1, 1, body(1))
    assert spool.peek() == first
    assert drain(spool) == [1, 2, 3]
    assert spool.peek() is None


def test_what_waits_survives_a_restart_and_numbers_go_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 8)
    spool.done(3)
    again = Spool(tmp_path, SMALL)  # the first was not closed: a crash
    assert again.append(body(9), 1) == 9
    assert drain(again) == [4, 5, 6, 7, 8, 9]


def test_numbers_go_on_after_everything_was_delivered_and_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 10)
    assert drain(spool) == list(range(1, 11))
    assert len(segments(tmp_path)) == 1
    spool.close()
    (tmp_path / "cursor").unlink()
    again = Spool(tmp_path, SMALL)
    assert again.append(b"x", 1) == 11


def test_a_torn_tail_is_dropped_and_nothing_else(tmp_path: Path) -> None:
    for cut in range(1, HEADER_BYTES + 10):
        directory = tmp_path / str(cut)
        fill(Spool(directory, SMALL), 3)
        os.truncate(segments(directory)[-1], 3 * (HEADER_BYTES + 10) - cut)
        spool = Spool(directory, SMALL)
        assert spool.append(body(3), 1) == 3
        assert drain(spool) == [1, 2, 3]
        spool.close()


def test_zeros_behind_the_last_record_are_a_torn_tail(tmp_path: Path) -> None:
    fill(Spool(tmp_path, SMALL), 2)
    with segments(tmp_path)[-1].open("ab") as handle:
        handle.write(bytes(4096))
    assert drain(Spool(tmp_path, SMALL)) == [1, 2]


def test_a_damaged_record_costs_itself_only_and_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(Spool(tmp_path, SMALL), 7)
    damaged = segments(tmp_path)[0]
    data = bytearray(damaged.read_bytes())
    data[HEADER_BYTES + 10 + HEADER_BYTES] ^= 0xFF  # in the body of the second record
    damaged.write_bytes(data)
    spool = Spool(tmp_path, SMALL)
    assert drain(spool) == [1, 3, 4, 5, 6, 7]
    assert spool.state().lost == 1
    assert "lost 1 batches" in caplog.text


def test_a_damaged_end_of_an_older_segment_is_counted_too(tmp_path: Path) -> None:
    fill(Spool(tmp_path, SMALL), 4)
    os.truncate(segments(tmp_path)[0], 3 * (HEADER_BYTES + 10) - 1)
    spool = Spool(tmp_path, SMALL)
    assert drain(spool) == [1, 2, 4]
    assert spool.state().lost == 1


def test_a_damaged_cursor_means_again_under_the_same_numbers(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 5)
    spool.done(2)
    (tmp_path / "cursor").write_bytes(b"garbage")
    assert drain(Spool(tmp_path, SMALL)) == [1, 2, 3, 4, 5]


def test_over_the_size_the_oldest_segment_goes_with_a_count_and_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = SpoolLimits(max_bytes=3 * SMALL.segment_bytes, segment_bytes=SMALL.segment_bytes)
    spool = Spool(tmp_path, limits)
    fill(spool, 9)
    assert spool.state().lost == 0
    spool.append(body(10), 1)
    assert spool.state().lost == 3
    assert "lost the oldest 3 batches (up to number 3): the spool is over its limit" in caplog.text
    assert drain(spool) == [4, 5, 6, 7, 8, 9, 10]


def test_what_was_delivered_is_no_loss(tmp_path: Path) -> None:
    limits = SpoolLimits(max_bytes=3 * SMALL.segment_bytes, segment_bytes=SMALL.segment_bytes)
    spool = Spool(tmp_path, limits)
    fill(spool, 9)
    spool.done(2)
    spool.append(body(10), 1)
    assert spool.state().lost == 1


def test_a_record_in_flight_while_its_segment_is_dropped_may_still_be_done(tmp_path: Path) -> None:
    limits = SpoolLimits(max_bytes=2 * SMALL.segment_bytes, segment_bytes=SMALL.segment_bytes)
    spool = Spool(tmp_path, limits)
    fill(spool, 6)
    flying = spool.peek()
    assert flying is not None
    spool.append(body(7), 1)
    spool.done(flying.sequence)
    assert drain(spool) == [4, 5, 6, 7]


def test_over_the_age_old_segments_go(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 6, time_ms=0)
    spool.append(body(7), 1 * DAY_MS)
    spool.append(body(8), 14 * DAY_MS + 1)
    assert spool.state().lost == 3
    assert "older than 14 days" in caplog.text
    assert drain(spool) == [4, 5, 6, 7, 8]


def test_state_counts_what_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 4)
    assert (spool.state().records, spool.state().bytes) == (4, 4 * (HEADER_BYTES + 10))
    drain(spool)
    assert (spool.state().records, spool.state().bytes) == (0, 0)


def test_a_full_disk_keeps_nothing_of_the_batch_and_the_spool_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 1)

    real = os.pwrite

    def half_then_full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) > 5:
            return real(descriptor, data[:5], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half_then_full)
        with pytest.raises(DiskFull, match=r"cannot write batch 2 .*No space left"):
            spool.append(bytes(10), 1)
    assert spool.append(body(2), 1) == 2
    assert drain(Spool(tmp_path, SMALL)) == [1, 2]


def test_a_refused_batch_is_set_aside_for_people_to_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, SMALL)
    fill(spool, 2)
    record = spool.peek()
    assert record is not None
    spool.set_aside(record, "HTTP 400 no such thing")
    [path] = (tmp_path / "rejected").iterdir()
    content = json.loads(path.read_text())
    assert (content["sequence"], content["reason"]) == (1, "HTTP 400 no such thing")
    assert content["request"] == body(1).hex()
    assert caplog.records[0].levelno == logging.ERROR
    assert drain(spool) == [2]
    assert spool.state().rejected == 1


def test_only_the_newest_refused_batches_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "KEPT", 2)
    spool = Spool(tmp_path, SMALL)
    fill(spool, 4)
    while (record := spool.peek()) is not None:
        spool.set_aside(record, "no")
    assert [int(path.stem) for path in sorted((tmp_path / "rejected").iterdir())] == [3, 4]


def test_a_foreign_file_in_the_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.segment").write_text("mine")
    spool = Spool(tmp_path, SMALL)
    assert spool.append(body(1), 1) == 1
    assert (tmp_path / "notes.segment").read_text() == "mine"


def test_a_batch_is_kept_even_if_old_ones_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = SpoolLimits(max_bytes=2 * SMALL.segment_bytes, segment_bytes=SMALL.segment_bytes)
    spool = Spool(tmp_path, limits)
    fill(spool, 6)

    def stuck(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stuck)
        assert spool.append(body(7), 1) == 7
    assert "cannot remove old batches" in caplog.text
    assert drain(spool) == [4, 5, 6, 7]
