"""Mutated requests at every door of log events: no 5xx but 503, and what was sent well in between is there, once."""

import json
import os
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from crash.mutations import mutate
from crash.test_fuzz_doors import failures
from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents

FUZZ = int(os.environ.get("FUZZ", "500"))  # requests a door; `make test-all` sends 2,000
EVERY = 25  # mutated requests between two good ones
AWS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.PutLogEvents"}

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600 if FUZZ <= 2000 else 7200)]


@dataclass
class Door:
    """A way in: where its requests go, and what a good one with a text looks like."""

    path: str
    headers: dict[str, str]

    def body(self, text: str) -> bytes:
        now_ns = time.time_ns()
        if self.path == "/":
            event = {"timestamp": now_ns // 1_000_000, "message": text}
            return json.dumps({"logGroupName": "fuzz", "logStreamName": "s", "logEvents": [event]}).encode()
        if self.path == "/v1/logs":
            return self.records(text, now_ns)
        if self.path == "/rest/v1/logs/events":
            return json.dumps({"group": "fuzz", "events": [{"message": text}]}).encode()
        return json.dumps([{"date": now_ns / 1e9, "log": text, "k": {"a": [1, "x"]}}]).encode()

    def records(self, text: str, now_ns: int) -> bytes:
        request = ExportLogsServiceRequest()
        resource = request.resource_logs.add()
        name = resource.resource.attributes.add(key="service.name")
        name.value.string_value = "fuzz"
        record = resource.scope_logs.add().log_records.add(time_unix_nano=now_ns, severity_number=9, trace_id=b"t" * 16)
        record.body.string_value = text
        record.attributes.add(key="k").value.array_value.values.add().int_value = 7
        return request.SerializeToString()


DOORS = {
    "aws": Door("/", AWS),
    "otlp": Door("/v1/logs", {"Content-Type": "application/x-protobuf"}),
    "rest": Door("/rest/v1/logs/events", {"Content-Type": "application/json"}),
    "json": Door("/rest/v1/logs/ingest?group=fuzz&message_key=log", {"Content-Type": "application/json"}),
}


def test_no_door_of_logs_fails_on_mutated_requests(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data", TRIMTAB_SYSLOG_ADDR="127.0.0.1:0").start()
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.post("/rest/v1/logs/events", json={"group": "fuzz", "stream": "s", "events": [{"message": "first"}]})
        statuses = {name: fuzz(client, name, door) for name, door in DOORS.items()}
        fuzz_syslog(server.address_of("syslog"))
    print({name: dict(counts) for name, counts in statuses.items()})
    wrong = {name: counts for name, counts in statuses.items() if any(code >= 500 and code != 503 for code in counts)}
    assert not wrong
    with Client(server.url) as reader:
        events = LogEvents(reader).events("fuzz", pattern='"well sent"', limit=10_000).events
    found = Counter(event.message for event in events)
    for name in DOORS:
        for number in range(0, FUZZ, EVERY):
            assert found[f"well sent {name} {number}"] == 1
    assert server.stop() == 0
    assert not failures(server.output)


def fuzz(client: httpx.Client, name: str, door: Door) -> Counter[int]:
    chance, statuses, other = random.Random(name), Counter[int](), DOORS["json"].body("an other one")
    for number in range(FUZZ):
        if number % EVERY == 0:
            client.post(
                door.path, content=door.body(f"well sent {name} {number}"), headers=door.headers
            ).raise_for_status()
        body = mutate(door.body("spoiled"), chance, other)
        statuses[client.post(door.path, content=body, headers=door.headers).status_code] += 1
    return statuses


def fuzz_syslog(address: tuple[str, int]) -> None:
    chance = random.Random(3)
    good = b'<34>1 2026-01-01T00:00:00Z host app 1 id [a@1 b="c\\"d"] text'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for _ in range(FUZZ):
            udp.sendto(mutate(good, chance, good)[:60_000], address)
    for _ in range(FUZZ // 10):
        with socket.create_connection(address) as tcp:
            tcp.sendall(mutate(b"%d %s" % (len(good), good), chance, good))
