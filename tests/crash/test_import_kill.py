"""`kill -9` in the middle of an import, at whatever moment: the bill is wholly the old one or wholly the new one."""

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from trimtab.client import costs_wire as wire
from trimtab.client.api import Client
from trimtab.client.costs import Costs

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]  # half a minute
KILLS = int(os.environ.get("KILLS", "1"))  # `make test-all` sets 20
LINES = 60_000
HEADER = (
    "bill_payer_account_id,bill_billing_period_start_date,bill_billing_period_end_date,line_item_line_item_type,"
    "line_item_usage_account_id,line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,"
    "line_item_unblended_cost\n"
)
LINE = "1,2026-08-01T00:00:00Z,2026-09-01T00:00:00Z,Usage,{at},2026-08-03T05:00:00Z,2026-08-03T06:00:00Z,EC2,{cost}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path / "data").start()
    yield live
    live.stop()


def write(path: Path, cost: str) -> Path:
    path.write_text(HEADER + "".join(LINE.format(at=at % 100, cost=cost) for at in range(LINES)))
    return path


def begin(server: LiveServer, path: Path) -> int:
    with Client(server.url) as client:
        return Costs(client).start(wire.StartImport(str(path), source="bill")).id


def settled(server: LiveServer, number: int) -> wire.Import:
    with Client(server.url) as client:
        while True:
            found = Costs(client).one(number)
            if found.state in ("done", "failed"):
                return found
            threading.Event().wait(0.05)


def exported(server: LiveServer) -> dict[str, int]:
    """How many lines have which billed cost, as the engine holds them."""
    query = {"version": "1.0", "start": "2026-08-01T00:00:00Z", "end": "2026-09-01T00:00:00Z"}
    rows = httpx.get(f"{server.url}/rest/v1/costs/export", params=query, timeout=120).text.splitlines()
    at = rows[0].split(",").index("BilledCost")
    found: dict[str, int] = {}
    for row in rows[1:]:
        cost = row.split(",")[at].partition(".")[0]
        found[cost] = found.get(cost, 0) + 1
    return found


def test_a_killed_import_leaves_the_old_bill_or_the_new_one(server: LiveServer, tmp_path: Path) -> None:
    bills = [write(tmp_path / "first.csv", "1"), write(tmp_path / "second.csv", "2")]
    assert "done" == settled(server, begin(server, bills[0])).state
    whole_s = _time_of(server, bills[0])
    chance, held, outcomes = random.Random(5), "1", []
    for _ in range(KILLS):
        wanted = "2" if held == "1" else "1"
        number = begin(server, bills[int(wanted) - 1])
        threading.Event().wait(chance.uniform(0.0, whole_s))
        server.kill()
        server.start()
        state = settled(server, number).state
        held = wanted if state == "done" else held
        assert {held: LINES} == exported(server)
        outcomes.append(state)
        with Client(server.url) as client:
            (holding,) = Costs(client).imports().held
        assert LINES == holding.lines
        assert float(holding.totals["USD"]) == LINES * int(held)
    print(f"after {KILLS} kills within {whole_s:.1f} s of an import: {outcomes}")
    assert "done" == settled(server, begin(server, bills[0])).state
    assert {"1": LINES} == exported(server)


def _time_of(server: LiveServer, path: Path) -> float:
    began = time.monotonic()
    settled(server, begin(server, path))
    return time.monotonic() - began
