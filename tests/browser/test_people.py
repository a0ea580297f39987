"""People over one real server: each gets to what they came for in three clicks, by keyboard too.

A newcomer, and a platform engineer on call. What they find was put in by the doors that everybody has.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page

from browser.conftest import Served, Watched
from browser.looks import assert_fit
from live_server import LiveServer
from patience import until
from trimtab.client.alarms import Alarms
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import StartImport
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import HeldGpus, NodeRecord, ReportNodes, ReportRuns, RunRecord, SetRate
from trimtab.client.runs import Runs

pytestmark = [pytest.mark.browser, pytest.mark.wire]
MINUTE_MS = 60_000
MOST_CLICKS = 3
MOST_TABS = 90
"""Presses of Tab after which a link of a head or a sidebar has had the focus."""
BILL = """\
BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,\
ChargeCategory,ServiceName,BilledCost,EffectiveCost
1,USD,2026-10-01,2026-11-01,2026-10-03,2026-10-04,Usage,Compute,1234.50,1234.50
"""
TRACE = uuid.uuid4().hex


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("people")
    live = LiveServer(folder / "server").start()
    _happen(live.url, folder)
    yield Served(live.url)
    live.stop()


def _happen(url: str, folder: Path) -> None:
    """A bill, a node with a run that failed, a failed request, and an alarm that fires and stays so."""
    now_ms = int(time.time() * 1000)
    bill = folder / "october.csv"
    bill.write_text(BILL)
    with Client(url, timeout_s=120) as client:
        begun = Costs(client).start(StartImport(str(bill), source=bill.name))
        inventory = Inventory(client)
        inventory.set_rates([SetRate("gpu:H100", "2.50", currency="USD")])
        node = NodeRecord(name="gpu-1", condition="up", gpus=8, allocated=8, gpu_type="H100")
        for at_ms in (now_ms - 300 * MINUTE_MS, now_ms):
            inventory.put_nodes(ReportNodes("hall", [node], seen_ms=at_ms))
        failed = RunRecord(
            job="48213", state="failed", name="vision-train", submit_ms=now_ms - 250 * MINUTE_MS, team="vision",
            user="ana", start_ms=now_ms - 240 * MINUTE_MS, end_ms=now_ms - 5 * MINUTE_MS, gpus=8, gpu_type="H100",
            nodes=1, node_names=["gpu-1"], held=[HeldGpus("gpu-1", 8)],
        )  # fmt: skip
        Runs(client).report(ReportRuns("hall", "slurm", [failed]))
        alarms = Alarms(client)
        alarms.put("checkout is slow", _ALARM)
        alarms.set_state("checkout is slow", "ALARM", "p99 is 3 s")
        until(lambda: Costs(client).one(begun.id).state not in ("reading", "committing"), "the bill is not read")
    span = {
        "traceId": TRACE, "spanId": "a" * 16, "name": "POST /pay", "kind": 2, "status": {"code": 2},
        "startTimeUnixNano": str((now_ms - MINUTE_MS) * 1_000_000),
        "endTimeUnixNano": str((now_ms - MINUTE_MS + 3000) * 1_000_000),
    }  # fmt: skip
    service = [{"key": "service.name", "value": {"stringValue": "checkout"}}]
    spans = [{"resource": {"attributes": service}, "scopeSpans": [{"spans": [span]}]}]
    httpx.post(f"{url}/v1/traces", json={"resourceSpans": spans}, timeout=60).raise_for_status()


_ALARM: dict[str, Any] = {
    "Namespace": "Shop", "MetricName": "Latency", "Dimensions": [{"Name": "Service", "Value": "checkout"}],
    "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
}  # fmt: skip

Step = Callable[[Page], Locator]
"""What a person goes for next on the page that they see."""


def link(name: str, *, where: str = "") -> Step:
    def found(page: Page) -> Locator:
        within = page.locator(where) if where else page
        return within.get_by_role("link", name=name).first

    return found


def by_mouse(page: Page, *steps: Step) -> None:
    assert len(steps) <= MOST_CLICKS
    for step in steps:
        before = page.url
        step(page).click()
        page.wait_for_function("before => location.href !== before", arg=before)
        page.wait_for_load_state()


def by_keyboard(page: Page, *steps: Step) -> None:
    """The same by Tab and Enter alone: what has the focus is to be what the person went for."""
    assert len(steps) <= MOST_CLICKS
    for step in steps:
        before, goal = page.url, step(page)
        goal.wait_for()
        page.evaluate("document.activeElement?.blur()")
        for _ in range(MOST_TABS):
            page.keyboard.press("Tab")
            if goal.evaluate("one => one === document.activeElement"):
                break
        else:
            raise AssertionError(f"the keyboard does not reach {goal} on {before}")
        page.keyboard.press("Enter")
        page.wait_for_function("before => location.href !== before", arg=before)
        page.wait_for_load_state()


WAYS = pytest.mark.parametrize("go", [by_mouse, by_keyboard])
TABS, MAIN = ".page-tabs", "main"


@WAYS
def test_a_newcomer_finds_where_a_bill_is_dropped(watched: Watched, go: Callable[..., None]) -> None:
    page = watched.open("/")
    go(page, link("Connect", where=MAIN))
    assert page.locator("#bill-files").count() == 1


@WAYS
def test_who_is_on_call_gets_from_the_alarm_to_what_happened_around_it(
    watched: Watched, go: Callable[..., None]
) -> None:
    page = watched.open("/")
    go(
        page,
        link("On call", where=TABS),
        link("checkout is slow", where=MAIN),
        link("Investigate", where=".page-actions"),
    )
    text = page.locator("section[aria-label='Time line']").inner_text()
    assert "checkout is slow: INSUFFICIENT_DATA to ALARM" in text
    assert "vision-train ended: failed" in text
    assert f"trace {TRACE}" in text
    page.wait_for_selector("#suspects:not([hx-get])")


def test_an_investigation_is_kept_noted_pinned_and_fit_for_everyone(watched: Watched, axe: str) -> None:
    page = watched.open("/investigate?around=30m&service=checkout")
    page.wait_for_selector("#suspects:not([hx-get])")
    assert_fit(page, axe)
    page.fill("section[aria-label='Keep it'] input[name=name]", "slow checkout")
    page.fill("section[aria-label='Keep it'] input[name=text]", "It began with the roll-out.")
    page.click("button:has-text('Keep it')")
    page.wait_for_url("**/investigations/*")
    page.locator("button:has-text('Pin')").first.click()
    page.wait_for_selector("#notes .badge:has-text('pinned')")
    page.wait_for_selector("#suspects:not([hx-get])")
    assert "It began with the roll-out." in page.locator("#notes").inner_text()
    assert_fit(page, axe)
    watched.open("/investigations")
    assert_fit(page, axe)
    page.get_by_role("link", name="slow checkout").click()
    page.click("button:has-text('Delete this investigation')")
    page.wait_for_url("**/investigations")
    assert "Nothing was kept yet" in page.locator(MAIN).inner_text()
    watched.open("/investigate?at=2026-01-01T00:00:00Z&around=5m")
    assert "Nothing happened that any source tells of" in page.locator(MAIN).inner_text()
    assert_fit(page, axe)
