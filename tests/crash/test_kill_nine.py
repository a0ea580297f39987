"""`kill -9` of the whole process group in mid-ingest, again and again: what was acknowledged is there, once."""

import http.client
import json
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from live_server import LiveServer
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

KILLS = int(os.environ.get("KILLS", "5"))  # `make test-all` sets 20
CLIENTS = 6
DATUMS = 40
DAYS = 12  # PutMetricData takes two weeks back; every batch spans that many daily partitions
DAY_S = 86_400

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


@dataclass
class Batch:
    """One PutMetricData: its invocation id, its body, and the values in it, unique over the whole test."""

    id: str
    body: bytes
    values: list[int]
    acknowledged: bool = False


@dataclass
class Ledger:
    """What the clients sent, and what was acknowledged."""

    batches: list[Batch] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Batch:
        with self.lock:
            first = len(self.batches) * DATUMS
            batch = make_batch(first)
            self.batches.append(batch)
            return batch

    @property
    def open(self) -> list[Batch]:
        return [batch for batch in self.batches if not batch.acknowledged]


def make_batch(first: int) -> Batch:
    now = int(time.time())
    values = list(range(first, first + DATUMS))
    data = [
        {
            "MetricName": "crash",
            "Dimensions": [{"Name": "slot", "Value": str(value % 7)}],
            "Timestamp": now - (index % DAYS) * DAY_S - index,
            "Value": value,
        }
        for index, value in enumerate(values)
    ]
    return Batch(str(uuid.uuid4()), json.dumps({"Namespace": "Crash", "MetricData": data}).encode(), values)


def put(connection: http.client.HTTPConnection, batch: Batch) -> bool:
    connection.request(
        "POST",
        "/",
        batch.body,
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
            "amz-sdk-invocation-id": batch.id,
        },
    )
    response = connection.getresponse()
    response.read()
    return response.status == 200


def client(address: str, ledger: Ledger, stop: threading.Event) -> None:
    """Send batches until the server dies or the test says stop."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        while not stop.is_set():
            batch = ledger.next()
            batch.acknowledged = put(connection, batch)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def stored(data_dir: Path) -> dict[int, int]:
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    try:
        rows = telemetry.fetch_sync("SELECT toInt64(value) AS v, count() AS n FROM metric_values GROUP BY v")
        return dict(zip(rows["v"].tolist(), rows["n"].tolist(), strict=True))
    finally:
        telemetry.close()


def settled(data_dir: Path, expected: int, patience_s: float = 30.0) -> dict[int, int]:
    deadline = time.monotonic() + patience_s
    found = stored(data_dir)
    while len(found) < expected and time.monotonic() < deadline:
        found = stored(data_dir)
    return found


def retry(address: str, batches: list[Batch]) -> None:
    connection = http.client.HTTPConnection(address, timeout=20)
    for batch in batches:
        batch.acknowledged = put(connection, batch)
        assert batch.acknowledged
    connection.close()


def address_of(server: LiveServer) -> str:
    return server.url.removeprefix("http://")


def run_clients(server: LiveServer, ledger: Ledger, then: Callable[[], None]) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(target=client, args=(address_of(server), ledger, stop), daemon=True) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    then()
    stop.set()
    for thread in threads:
        thread.join()


def test_every_acknowledged_batch_is_there_whole_and_once(tmp_path: Path) -> None:
    ledger = Ledger()
    server = LiveServer(tmp_path / "data").start()
    chance = random.Random(9)

    def kill_in_mid_ingest() -> None:
        floor = sum(batch.acknowledged for batch in ledger.batches) + 20
        while sum(batch.acknowledged for batch in ledger.batches) < floor:
            threading.Event().wait(0.01)
        threading.Event().wait(chance.uniform(0.0, 1.5))
        server.kill()

    for number in range(KILLS):
        run_clients(server, ledger, kill_in_mid_ingest)
        cut = len(ledger.open)
        server.start()
        retry(address_of(server), ledger.open)
        repeated = chance.sample(ledger.batches, 5)  # a client that lost its answer asks again: counts once
        retry(address_of(server), repeated)
        expected = len(ledger.batches) * DATUMS
        found = settled(server.data_dir, expected)
        counts = np.array(list(found.values()))
        print(
            f"kill {number + 1}: {len(ledger.batches)} batches, {cut} cut and retried, {expected} datums expected, "
            f"{len(found)} found, {(counts > 1).sum()} doubled"
        )
        assert len(found) == expected
        assert (counts == 1).all()
    assert server.stop() == 0


def test_equal_bodies_with_other_invocation_ids_count_twice(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data").start()
    batch = make_batch(0)
    retry(address_of(server), [batch, batch, Batch("another", batch.body, batch.values)])
    found = settled(server.data_dir, DATUMS)
    server.kill()
    server.start()
    retry(address_of(server), [batch])
    assert stored(server.data_dir) == found
    assert set(found.values()) == {2}
    server.stop()
