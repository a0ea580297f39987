"""Mutated requests at every door of one live server: no 5xx but 503, no dropped connection, and valid batches whole.

Recorded requests are mutated (bits, cuts, splices, lying lengths, huge numbers) before and after compression, from
fixed seeds. In between, valid batches are sent, and those that were acknowledged must be there, every value once. A
request whose Content-Length lies goes over a connection of its own, which the server may close.
"""

import http.client
import os
import re
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from crash.recorded import HTTP_DOORS
from crash.senders import SHOWN, Account, fuzz_emf, fuzz_http, fuzz_statsd
from live_server import LiveServer
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.lock import owner_of

FUZZ = int(os.environ.get("FUZZ", "500"))  # requests a door; `make test-all` sends 2,000, `make fuzz` 100,000
DOORS = os.environ.get("FUZZ_DOORS", "")  # a pattern of names; all without
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))  # stop then, however many were sent
PARALLEL = 4  # doors at a time: more would only wait for the same cores
BUG = "this is a bug in trimtab"
GROWN = 1.15
"""How much larger the server may be in the last third of a long run than in the second: its caches are full by then."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600 if FUZZ <= 2000 else 7200)]

_STORED = """
SELECT toInt64(value) AS v, sum(n) AS n FROM (
    SELECT series, value, toUInt64(1) AS n FROM metric_values
    UNION ALL
    SELECT series, value, toUInt64(1) AS n FROM metric_samples FINAL
)
WHERE series IN (SELECT series FROM metric_series WHERE name = {name:String})
GROUP BY v
"""


def stored(telemetry: Telemetry, account: Account, patience_s: float) -> dict[int, int]:
    """How often each value of the account's metric is stored, when all are or patience ends."""
    deadline = time.monotonic() + patience_s
    while True:
        rows = telemetry.fetch_sync(_STORED, {"name": account.metric})
        found = dict(zip(rows["v"].tolist(), rows["n"].tolist(), strict=True))
        if len(found) >= len(account.values) or time.monotonic() > deadline:
            return found
        threading.Event().wait(0.2)


class Sizes(threading.Thread):
    """Notes the memory of a server every second, until it is told to stop."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__(daemon=True)
        self._ends = threading.Event()
        owner = owner_of(server.data_dir / "log" / "metrics")
        assert owner is not None
        self._process = psutil.Process(owner)
        self.bytes: list[int] = []

    def run(self) -> None:
        while not self._ends.wait(1):
            self.bytes.append(self._process.memory_info().rss)

    def grown(self) -> list[str]:
        """What is wrong with how it grew; a run of less than ten minutes says nothing."""
        self._ends.set()
        self.join()
        third = len(self.bytes) // 3
        if len(self.bytes) < 600:
            return []
        second, last = statistics.median(self.bytes[third : 2 * third]), statistics.median(self.bytes[2 * third :])
        print(f"memory of the server, MiB: {int(second) >> 20}, then {int(last) >> 20}")
        return [f"the server grew from {second:,} to {last:,} bytes"] if last > GROWN * second else []


def test_no_door_fails_on_mutated_requests(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data").start()
    address = server.url.removeprefix("http://").rstrip("/")
    host, _, port = address.rpartition(":")
    until = time.monotonic() + (SECONDS or 1e9)
    work: dict[str, Callable[[], Account]] = {
        door.name: (lambda door=door: fuzz_http(door, (host, int(port)), FUZZ, until)) for door in HTTP_DOORS
    }
    work["emf"] = lambda: fuzz_emf(server.address_of("embedded metric format"), FUZZ, until)
    work["statsd"] = lambda: fuzz_statsd(server.address_of("StatsD"), FUZZ, until)
    work = {name: job for name, job in work.items() if re.search(DOORS, name)}
    sizes = Sizes(server)
    sizes.start()
    with ThreadPoolExecutor(PARALLEL) as pool:
        accounts = dict(zip(work, pool.map(lambda job: job(), work.values()), strict=True))
    wrong = [f"{name}: {text}" for name, account in accounts.items() for text in account.wrong if text]
    wrong += sizes.grown()
    wrong += check_whole(server.data_dir, accounts)
    health = http.client.HTTPConnection(address, timeout=30)
    health.request("GET", "/healthz")
    assert health.getresponse().status == 200
    health.close()
    assert server.process is not None
    assert server.process.poll() is None
    assert server.stop() == 0
    wrong += failures(server.output)
    assert not wrong, "\n".join(wrong)


def failures(output: list[str]) -> list[str]:
    """The tracebacks in a server's output, one of each ending. A client that left in mid-body is not the server's."""
    text = "".join(output)
    found = re.finditer(r"Traceback \(most recent call last\):\n(?:[ ].*\n|\n)*(\S.*)", text)
    ends = {one.group(1): one.group() for one in found if not one.group(1).endswith("ClientDisconnect")}
    return list(ends.values())[:SHOWN] or [BUG] * (BUG in text)


def check_whole(data_dir: Path, accounts: dict[str, Account]) -> list[str]:
    """What is wrong with what was acknowledged; prints what each door did."""
    wrong = []
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    for name, account in accounts.items():
        found = stored(telemetry, account, 5 if name == "statsd" else 30)
        lost = set(account.values) - found.keys()
        doubled = [value for value, count in found.items() if count != 1]
        print(
            f"{name}: {account.sent} mutated, {dict(account.statuses)}, {len(account.wrong)} wrong; "
            f"{len(account.values)} values acknowledged, {len(lost)} lost, {len(doubled)} doubled"
        )
        if doubled or (lost and name != "statsd") or (account.values and not found):
            wrong.append(f"{name}: {len(lost)} of {len(account.values)} lost, {len(doubled)} doubled")
    telemetry.close()
    return wrong
