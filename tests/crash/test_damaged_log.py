"""A log damaged on disk between a kill and the next start: what is outside the damage is stored, the rest told."""

import random
import shutil
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from crash.writers import DATUMS, address_of, make_batch, retry, settled
from live_server import LiveServer
from trimtab.cli.log import log
from trimtab.store.telemetry.records import HEADER_BYTES, Record, RecordType, format_of, scan

BATCHES = 100

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """The segment with a hundred acknowledged batches, of a server that was killed before it sent them on."""
    server = LiveServer(tmp_path / "data").start()
    retry(address_of(server), [make_batch(0)])
    settled(server.data_dir, DATUMS)
    copied = tmp_path / "data" / "log" / "metrics"
    before = {path.name for path in copied.glob("*.log")}
    retry(address_of(server), [make_batch(number * DATUMS) for number in range(1, BATCHES)])
    server.kill()
    assert before
    return max(copied.glob("*.log"), key=lambda path: path.stat().st_size)


def test_a_flipped_bit_loses_nothing_and_is_told(tmp_path: Path, segment: Path) -> None:
    data, chance = bytearray(segment.read_bytes()), random.Random(4)
    data[chance.randrange(HEADER_BYTES, len(data))] ^= 1 << chance.randrange(8)
    segment.write_bytes(data)
    server = LiveServer(tmp_path / "data").start()
    found = settled(server.data_dir, BATCHES * DATUMS)
    assert set(found.values()) == {1}
    assert len(found) == BATCHES * DATUMS
    assert 'trimtab_log_damaged{kind="healed",log="metrics"} 1.0' in httpx.get(f"{server.url}/metrics").text
    assert "a flipped bit in a file of the log was put right" in httpx.get(f"{server.url}/sources").text
    assert server.stop() == 0


@pytest.mark.slow  # four starts
def test_what_cannot_be_put_right_takes_one_batch_which_is_told_and_salvaged_elsewhere(
    tmp_path: Path, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole.log"
    shutil.copy(segment, whole)
    data = bytearray(segment.read_bytes())
    view = memoryview(bytes(data))
    batches = [one for one in scan(view) if isinstance(one, Record) and one.type is RecordType.BATCH]
    struck = batches[len(batches) // 2]
    data[struck.offset : struck.end] = bytes(struck.end - struck.offset)
    segment.write_bytes(data)
    server = LiveServer(tmp_path / "data").start()
    expected = BATCHES * DATUMS
    found = settled(server.data_dir, expected, patience_s=10)
    metrics = httpx.get(f"{server.url}/metrics").text
    lost = 0 if len(found) == expected else 1  # the engine may have had it before the kill
    assert len(found) == expected - lost * DATUMS
    assert f'trimtab_log_lost_batches{{log="metrics"}} {lost}.0' in metrics
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    told = CliRunner().invoke(log, ["verify"])
    assert told.exit_code == 1
    assert f"bytes {struck.offset - format_of(view).overhead} to {struck.end} of {segment.name}" in told.output
    assert server.stop() == 0

    other = LiveServer(tmp_path / "other").start()
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "other"))
    salvaged = CliRunner().invoke(log, ["salvage", str(whole)], catch_exceptions=False)
    assert f"{len(batches)} whole batches" in salvaged.output
    replayed = CliRunner().invoke(log, ["replay"], catch_exceptions=False)
    assert "bytes are in metric_values" in replayed.output
    assert len(settled(other.data_dir, len(batches) * DATUMS)) == len(batches) * DATUMS
    assert CliRunner().invoke(log, ["replay"], catch_exceptions=False).output == "nothing is set aside\n"
    assert CliRunner().invoke(log, ["verify"]).exit_code == 0
    assert other.stop() == 0
