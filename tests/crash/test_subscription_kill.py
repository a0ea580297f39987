"""`kill -9` of everything while log events go on to a URL: each that was acknowledged arrives, under one id."""

import base64
import gzip
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.notify.receiver import receiving

from live_server import LiveServer

KILLS = 2
BATCHES = 40  # before each kill
WAIT_S = 120  # the dead process's lock runs out after 30 s

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]


def put(url: str, *messages: str) -> None:
    body = {"group": "g", "events": [{"message": message} for message in messages]}
    httpx.post(f"{url}/rest/v1/logs/events", json=body, timeout=30).raise_for_status()


def decoded(body: bytes) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))


def test_what_was_acknowledged_arrives_over_kills(tmp_path: Path) -> None:
    live = LiveServer(tmp_path / "data").start()
    acknowledged: set[str] = set()
    with receiving() as receiver:
        try:
            put(live.url, "first")
            subscription = {"group": "g", "name": "hook", "destination": receiver.url, "filter": "-first"}
            httpx.put(f"{live.url}/rest/v1/logs/subscriptions", json=subscription, timeout=30).raise_for_status()
            receiver.statuses = [503] * 5  # of some bodies the receiver hears more than once
            for kill in range(KILLS):
                for number in range(BATCHES):
                    messages = [f"{kill}/{number}/{at}" for at in range(3)]
                    put(live.url, *messages)
                    acknowledged.update(messages)
                live.kill()
                live.start()
            until = time.monotonic() + WAIT_S
            while True:
                arrived = {
                    event["message"]: event["id"]
                    for _, headers, body in list(receiver.requests)
                    if headers["x-trimtab-delivery"] in receiver.taken
                    for event in decoded(body)["logEvents"]
                    if decoded(body)["messageType"] == "DATA_MESSAGE"
                }
                if acknowledged <= set(arrived):
                    break
                assert time.monotonic() < until, f"{len(acknowledged - set(arrived))} did not arrive"
                time.sleep(0.5)
            bodies: dict[str, set[bytes]] = {}
            ids: dict[str, set[str]] = {}
            for _, headers, body in receiver.requests:
                bodies.setdefault(headers["x-trimtab-delivery"], set()).add(body)
                for event in decoded(body)["logEvents"]:
                    ids.setdefault(event["message"], set()).add(event["id"])
            assert {1} == {len(found) for id_, found in bodies.items() if id_ != "control"}
            assert {1} == {len(ids[message]) for message in acknowledged}
        finally:
            live.stop()
