"""`kill -9` in mid-ingest of log events: what was acknowledged is there, once; a batch sent again counts once."""

import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents

KILLS = int(os.environ.get("KILLS", "1"))  # `make test-all` sets 20
EVENTS = 50
WITHIN_S = 30

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]  # half a minute


def send(server: LiveServer, number: int) -> None:
    """One batch, kept once however often it is sent. Raises httpx.HTTPError."""
    lines = "\n".join(json.dumps({"log": f"{number}/{n}"}) for n in range(EVENTS))
    url = f"{server.url}/rest/v1/logs/ingest?group=killed&stream=s{number % 3}&message_key=log"
    httpx.post(url, content=lines, headers={"Idempotency-Key": f"batch-{number}"}, timeout=10).raise_for_status()


def send_until_killed(server: LiveServer, first: int, after_s: float) -> int:
    """Send batches one after the other while the server is killed; the number of the one that was cut."""
    killer = threading.Timer(after_s, server.kill)
    killer.start()
    number = first
    try:
        while True:
            send(server, number)
            number += 1
    except httpx.HTTPError:
        killer.join()
    return number


def stored(server: LiveServer, expected: int) -> Counter[str]:
    """How often each message is stored, when that many are."""
    end = time.monotonic() + WITHIN_S
    while True:
        found: Counter[str] = Counter()
        with Client(server.url) as client:
            after = ""
            while True:
                page = LogEvents(client).events("killed", limit=10_000, after=after, end="4102444800000")
                found.update(event.message for event in page.events)
                if not page.next:
                    break
                after = page.next
        if found.total() >= expected or time.monotonic() > end:
            return found


def test_every_acknowledged_event_is_there_once(tmp_path: Path) -> None:
    server, chance, sent = LiveServer(tmp_path / "data").start(), random.Random(4), 0
    for _ in range(KILLS):
        sent = send_until_killed(server, sent, 1 + chance.random()) + 1
        server.start()
        for number in {sent - 1, *chance.sample(range(sent), min(3, sent))}:  # the one that was cut, and old ones again
            send(server, number)
        found = stored(server, sent * EVENTS)
        print(f"{sent} batches, {len(found)} events found, {sum(count > 1 for count in found.values())} doubled")
        assert found == Counter(f"{number}/{n}" for number in range(sent) for n in range(EVENTS))
    assert server.stop() == 0
