"""A full disk: writes are refused in so many words, reads go on, and nothing acknowledged is lost or doubled.

The data directory is a small ext4 image on a loop device; a filler file takes its space while writers run: once down to
what `TRIMTAB_DISK_RESERVE_MB` keeps free, once to the last block. Needs root and loop devices.
"""

import errno
import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cramjam
import pytest

from crash.test_power_cut import MKFS, Disk
from crash.writers import DATUMS, DAY_S, Batch, Ledger, address_of, settled
from live_server import LiveServer
from prompb import messages

IMAGE_BYTES = 512 << 20
RESERVE_MB = 96
FULL_S = 3.0  # how long the disk stays full
RECOVERY_S = 10.0  # after the space is back, writes must be taken by then
SENDERS = 3

pytestmark = pytest.mark.crash


class SmallDisk(Disk):
    """An image without blocks kept for root, that a file can fill."""

    @property
    def filler(self) -> Path:
        return self.mount / "filler"

    def make(self) -> None:
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run([MKFS, "-q", "-m", "0", "-E", "lazy_itable_init=0", str(self.image)], check=True)

    def free(self) -> int:
        space = os.statvfs(self.mount)
        return space.f_bavail * space.f_frsize

    def fill(self, leave: int) -> None:
        """Take space until `leave` bytes are free, though others write too."""
        with self.filler.open("ab") as file:
            step = 64 << 20
            while step >= 4096:
                size = os.fstat(file.fileno()).st_size
                if self.free() - leave < step:
                    step //= 2
                    continue
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                except OSError as problem:
                    assert problem.errno == errno.ENOSPC
                    step //= 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists() or MKFS is None:
        pytest.skip("needs root, loop devices and mkfs.ext4")
    made = SmallDisk(tmp_path / "disk.img", tmp_path / "mount")
    made.make()
    try:
        made.attach()
    except subprocess.CalledProcessError:
        pytest.skip("this machine does not mount loop devices")
    yield made
    subprocess.run(["umount", "-l", str(made.mount)], check=False)


@dataclass
class Senders:
    """Clients that send a refused batch again, as SDKs do, and keep what they were told."""

    address: str
    ledger: Ledger = field(default_factory=Ledger)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)  # when, on the monotonic clock
    broken: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            while not self.stop.is_set():
                self._deliver(connection, self.ledger.next())
        except (OSError, http.client.HTTPException) as problem:
            self.broken.append(repr(problem))
        finally:
            connection.close()

    def _deliver(self, connection: http.client.HTTPConnection, batch: Batch) -> None:
        patience = time.monotonic() + 60
        while not batch.acknowledged and time.monotonic() < patience:
            status, text = cloudwatch(connection, "PutMetricData", batch.body, batch.id)
            batch.acknowledged = status == 200
            if batch.acknowledged:
                self.acknowledged.append(time.monotonic())
            else:
                self.refusals.append((status, text))
                threading.Event().wait(0.05)


def cloudwatch(connection: http.client.HTTPConnection, operation: str, body: bytes, key: str) -> tuple[int, str]:
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
        "amz-sdk-invocation-id": key,
    }
    return exchange(connection, "POST", "/", body, headers)


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.read().decode(errors="replace")


def remote_write(connection: http.client.HTTPConnection, value: float) -> tuple[int, str]:
    request: Any = messages().WriteRequest()
    series = request.timeseries.add()
    series.labels.add(name="__name__", value="crash")
    series.samples.add(value=value, timestamp=int(time.time() * 1000))
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    return exchange(connection, "POST", "/api/v1/write", body, headers)


def samples_read(connection: http.client.HTTPConnection) -> float:
    """What GetMetricStatistics counts of one of the writers' series."""
    now = int(time.time())
    asked = {
        "Namespace": "Crash",
        "MetricName": "crash",
        "Dimensions": [{"Name": "slot", "Value": "0"}],
        "StartTime": now - 13 * DAY_S,
        "EndTime": now + 60,
        "Period": DAY_S,
        "Statistics": ["SampleCount"],
    }
    status, text = cloudwatch(connection, "GetMetricStatistics", json.dumps(asked).encode(), "read")
    assert status == 200, text
    return float(sum(point["SampleCount"] for point in json.loads(text)["Datapoints"]))


def wait_for(condition: Any, patience_s: float, what: str) -> float:
    """Wait until the condition holds; returns the seconds it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < patience_s, f"waited {patience_s} s in vain: {what}"
        threading.Event().wait(0.02)
    return time.monotonic() - start


@pytest.mark.parametrize(
    ("reserve_mb", "leave"), [(RESERVE_MB, (RESERVE_MB - 16) << 20), (1, 0)], ids=["reserve", "last"]
)
@pytest.mark.slow  # half a minute a case
def test_a_full_disk_refuses_writes_answers_reads_and_recovers(disk: SmallDisk, reserve_mb: int, leave: int) -> None:
    server = LiveServer(disk.mount / "data", TRIMTAB_DISK_RESERVE_MB=str(reserve_mb)).start()
    senders = Senders(address_of(server))
    threads = [threading.Thread(target=senders.run, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(senders.acknowledged) > 60, 30, "the first batches acknowledged")
    connection = http.client.HTTPConnection(address_of(server), timeout=30)
    assert remote_write(connection, 1.0)[0] == 204
    wait_for(lambda: samples_read(connection) > 0, 10, "the first batches read")

    disk.fill(leave)
    wait_for(lambda: len(senders.refusals) > SENDERS, 20, "writes are refused")
    disk.fill(leave)  # what was freed meanwhile
    until, reads = time.monotonic() + FULL_S, 0
    while time.monotonic() < until:
        assert samples_read(connection) > 0
        reads += 1
    status, text = remote_write(connection, 2.0)
    print(f"full: {disk.free() >> 10} KiB free; {reads} reads; remote write {status} {text.strip()!r}")
    assert status == 503
    assert "cannot" in text
    disk.filler.unlink()
    back, at = time.monotonic(), len(senders.acknowledged)
    took = wait_for(lambda: len(senders.acknowledged) > at + SENDERS, RECOVERY_S, "writes are taken again")
    assert remote_write(connection, 3.0)[0] == 204
    wait_for(lambda: time.monotonic() - back > 1.0, 5, "a second of writing after it")
    senders.stop.set()
    for thread in threads:
        thread.join(90)

    statuses = {status for status, _ in senders.refusals}
    told = {text for _, text in senders.refusals}
    print(f"{len(senders.refusals)} refusals {statuses}, again after {took:.2f} s; told: {sorted(told)[:3]}")
    assert not senders.broken
    assert statuses == {503}
    assert all("ServiceUnavailable" in text for text in told)
    assert any("cannot" in text for text in told)
    connection.close()
    for again in (False, True):
        if again:
            assert server.stop() == 0
            server.start()
        check_whole(server, senders.ledger)
    assert server.stop() == 0


def check_whole(server: LiveServer, ledger: Ledger) -> None:
    """Every batch was acknowledged in the end, and is there once."""
    assert not ledger.open
    expected = len(ledger.batches) * DATUMS
    found = settled(server.data_dir, expected)
    lost = {value for batch in ledger.batches for value in batch.values} - found.keys()
    doubled = sum(count > 1 for count in found.values())
    print(f"{len(ledger.batches)} batches, {expected} datums, {len(lost)} lost, {doubled} doubled")
    assert not lost
    assert not doubled
