"""The demo against a live server: the doors take everything, the accounts are told apart, the pages have something."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from live_server import LiveServer
from trimtab.base.clock import SystemClock
from trimtab.client.advice import AdviceCalls
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.inventory import Inventory
from trimtab.client.runs import Runs
from trimtab.demo import notes, world
from trimtab.demo.alarms import METRIC, NOISY
from trimtab.demo.bill import report
from trimtab.demo.bill.terms import PAYER
from trimtab.demo.company import ACCOUNTS, SERVING, TRAINING
from trimtab.demo.notes import Notes
from trimtab.demo.play import Loaded, Play
from trimtab.demo.retraining import COMMANDS, write_commands
from trimtab.demo.totals import Totals
from trimtab.fleet.model import DAY_MS
from wire.figures.places import OF_RANGES
from wire.figures.reading import Site, Span
from wire.figures.walk import walk

pytestmark = pytest.mark.wire
BEHIND_MS = 20 * 60_000
WITHOUT = {
    "failover_node": "told of ranges that have a fault of its kind alone",
    "failover_zone": "told of ranges that have a fault of its kind alone",
    "budget_left": "a job works it out later",
    "probe_uptime": "nothing probes the endpoints",
    "records": "no batch job runs",
}
"""Figures that need have no value in the demo, each with the reason."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """One of its own: other tests need not meet 60 hosts."""
    write_commands(tmp_path / "server")
    live = LiveServer(tmp_path / "server", TRIMTAB_TRIGGER_COMMANDS=str(tmp_path / "server" / COMMANDS)).start()
    yield live
    live.stop()


@pytest.mark.slow  # two weeks are loaded: some minutes
@pytest.mark.timeout(1200)
def test_every_figure_of_the_company_is_one_number(server: LiveServer, tmp_path: Path) -> None:
    directory, clock, stop = tmp_path / "demo", SystemClock(), threading.Event()
    notes.claim(directory)
    loaded = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        play = Play(server.url, directory, clock, stop)
        playing = pool.submit(play.run, lambda share, _: None, lambda _: loaded.set())
        try:
            while not loaded.wait(0.2) and not playing.done():
                pass
            today = datetime.fromtimestamp(clock.now_ms() // DAY_MS * DAY_MS / 1000, UTC)
            spans = [Span(today - timedelta(days=days), today) for days in (1, 7)]
            with Site(server.url) as site:
                assert "" == "\n".join(walk(site, spans, OF_RANGES, WITHOUT))
            assert_one_total(server.url)
        finally:
            stop.set()
        playing.result()


@pytest.mark.slow
@pytest.mark.timeout(600)  # half a million samples: a minute on a quiet machine
def test_the_company_arrives_whole(server: LiveServer, tmp_path: Path) -> None:
    directory, clock, stop = tmp_path / "demo", SystemClock(), threading.Event()
    notes.claim(directory)
    now = clock.now_ms()
    Notes(now, now - BEHIND_MS, Totals()).save(directory)  # only the last minutes are left to load
    results: list[Loaded] = []
    shares: list[float] = []

    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(
            Play(server.url, directory, clock, stop).run, lambda share, _: shares.append(share), results.append
        )
        try:
            while not results and not playing.done():
                stop.wait(0.2)
            if not results:
                playing.result()  # raises what ended it
            assert_hosts(server.url, clock, playing)  # while the demo goes on: what was loaded is old on a busy machine
        finally:
            stop.set()
        playing.result()

    assert results[0].samples > 500_000
    assert 1.0 == shares[-1]
    assert_bill(server.url, now)
    assert_noisy_alarm(server.url)
    assert_runs(server.url)
    with Client(server.url, timeout_s=180) as client:
        found = client.sources().sources
        told = {source.account for source in found if source.rows and source.account}
        assert {account.id for account in ACCOUNTS} <= told
        assert not [source for source in found if source.account in told and source.rejected]
    kept = notes.recall(directory, clock.now_ms())
    assert kept is not None
    assert now - 15_000 <= kept.through_ms


def assert_one_total(url: str) -> None:
    """What all advice takes off the invoice is one number, wherever it is told, and never above the invoice."""
    with Client(url, timeout_s=600) as client:
        calls = AdviceCalls(client)
        calls.refresh([])
        [plan] = calls.plans()
        found = calls.listed(limit="1000").advice
        work = [row for row in plan.rows if row.verb != "commit"]
        without = calls.plans(work[0].findings, plan.currency)[0]
    total = Decimal(plan.total)
    assert total == sum((Decimal(row.adds) for row in plan.rows), Decimal(0))
    assert total == sum((Decimal(one.cash or 0) for one in found), Decimal(0))
    assert 0 < Decimal(without.total) < total < Decimal(plan.billed)
    assert "p5-18" in work[0].names
    page = httpx.get(f"{url}/advice.json", timeout=120).json()["advice"]
    assert float(total) == pytest.approx(sum(one["cash"] or 0 for one in page))
    assert f"{total:,.2f} USD a month" in httpx.get(f"{url}/advice", timeout=120).text
    bought = sum((Decimal(row.adds) for row in plan.rows if row.verb == "commit"), Decimal(0))
    assert f"Adds {bought:,.2f} USD a month to the plan" in httpx.get(f"{url}/purchase-plan", timeout=120).text
    hub = boto3.client(
        "cost-optimization-hub", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a",
        aws_secret_access_key="b",
    )  # fmt: skip
    told = hub.list_recommendation_summaries(groupBy="ActionType")["estimatedTotalDedupedSavings"]
    saves = [one for one in found if one.action]
    assert told == pytest.approx(float(sum((Decimal(one.cash or 0) for one in saves), Decimal(0))), abs=0.01)


def assert_hosts(url: str, clock: SystemClock, playing: "Future[None]") -> None:
    until, hosts = clock.monotonic() + 120, {}
    while not playing.done() and not _told(hosts.get("p5-01", {})) and clock.monotonic() < until:
        hosts = {host["name"]: host for host in httpx.get(f"{url}/hosts.json", timeout=60).json()["hosts"]}
        threading.Event().wait(0.5)
    assert {"p5-01", "p4d-07", "g6-14", "g5-12"} <= set(hosts)
    assert hosts["p5-01"]["up"]
    assert hosts["p5-01"]["cpus"] == 192
    assert hosts["p5-01"]["receive"] > 0


def _told(host: dict[str, Any]) -> bool:
    """Whether a host is up and has two samples of its network, which a rate needs."""
    return bool(host.get("up")) and host.get("receive") is not None


def assert_runs(url: str) -> None:
    """The training queue: runs that run on GPUs that are known one by one, runs that wait, and the drained node."""
    with Client(url, timeout_s=180) as client:
        found = Runs(client).listed(cluster=TRAINING.cluster, limit=500).runs
        nodes = Inventory(client).nodes(TRAINING.cluster)
    running = [one for one in found if one.state == "running"]
    assert running
    assert all(one.gpus_known_by == "GPU indexes of the scheduler" and one.amounts for one in running)
    assert [one for one in found if one.state == "pending" and one.reason]
    assert [world.FAILING_NODE] == [one.name for one in nodes if one.condition == "drained"]


def assert_noisy_alarm(url: str) -> None:
    """It is there, on the series that arrived, and can be replayed."""
    with Client(url, timeout_s=180) as client:
        alarms = Alarms(client, account=SERVING.id)
        assert METRIC == alarms.get(NOISY).definition["MetricName"]
        assert alarms.replay(NOISY, start="-1h").trace.points


def assert_bill(url: str, now_ms: int) -> None:
    """Three months, as a whole: what the months before were invoiced, and this month up to the last midnight."""
    with Client(url, timeout_s=180) as client:
        found = Costs(client).imports()
    assert ["done"] == [one.state for one in found.imports]
    assert found.imports[0].receipt is not None
    assert not found.imports[0].receipt.skipped
    months = len(report.months_of(world.create(notes.SEED, now_ms), now_ms))
    assert months == len(found.held)
    assert all(held.accounts == [f"AWS/{PAYER.id}"] for held in found.held)
