"""Clients that write as fast as they can, and an account of what was acknowledged to them."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from live_server import LiveServer
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

CLIENTS = 6
DATUMS = 40
DAYS = 12  # PutMetricData takes two weeks back; every batch spans that many daily partitions
DAY_S = 86_400


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
