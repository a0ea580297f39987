"""The whole thing: a real server, a real agent on this machine, and the first page a stranger sees."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from browser.conftest import Served, Watched
from live_server import LiveServer
from trimtab.web.navigation import HOME, tabs

pytestmark = [pytest.mark.browser, pytest.mark.wire]

MEASURED = """[...document.querySelectorAll(
    "[data-tile] .tile-value, section[aria-label='Busiest processes'] tbody"
)].map(part => part.innerText).join("\\n")"""
"""What the first page says of the machine itself, without times."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("machine")
    live = LiveServer(folder / "server").start()
    command = [sys.executable, "-m", "trimtab", "agent", "--url", live.url, "--interval", "1"]
    environment = {**os.environ, "TRIMTAB_DATA_DIR": str(folder / "agent")}
    agent = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield Served(live.url)
    agent.terminate()
    agent.wait(30)
    live.stop()


def test_a_stranger_sees_this_machine_move(watched: Watched) -> None:
    page = watched.open("/")
    page.wait_for_selector("[data-tile=cpu] .tile-value:has-text('%')", timeout=60_000)
    page.wait_for_selector("time-series[data-state=ready]", timeout=60_000)
    page.wait_for_selector("section[aria-label='Busiest processes'] tbody tr", timeout=60_000)
    before = page.evaluate(MEASURED)  # all of it: the CPU of a busy machine is at 100 % for minutes
    page.wait_for_function(f"before => ({MEASURED}) !== before", arg=before, timeout=60_000)
    assert page.locator("section[aria-label='Data sources']").inner_text().count("otlp") == 1


@pytest.mark.parametrize(
    "path", ["/hosts", "/explore/metrics?m=trimtab/Host|system.cpu.utilization&stat=p90", "/sources"]
)
def test_every_page_works_over_the_real_store(path: str, watched: Watched) -> None:
    page = watched.open(path)
    page.wait_for_selector("main tbody tr", timeout=60_000)


def test_the_sidebar_leads_to_every_page(watched: Watched) -> None:
    page = watched.open("/")
    for entry, tab in tabs():  # read and not drawn: tests/browser/test_accessible.py opens each
        answer = page.request.get(urljoin(page.url, tab.path), headers={"Accept": "text/html"})
        assert (tab.path, answer.status) == (tab.path, 200)
        current = re.findall(r"<a [^>]*aria-current=\"page\"[^>]*>", answer.text())
        links = [re.search(r'href="([^"]*)"', link)[1] for link in current]  # type: ignore[index]
        assert links[0] == entry.path or entry is HOME
        assert links[1:] == ([tab.path] if len(entry.tabs) > 1 else [])


BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost\n"
    "1,USD,2026-10-01,2026-11-01,2026-10-03,2026-10-04,Usage,Compute,1234.50,1234.50\n"
)


def test_a_stranger_drops_a_bill_and_sees_its_dollars_and_makes_a_budget(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "october.csv"
    file.write_text(BILL)
    page = watched.open("/connect")
    page.wait_for_selector("#near table, #near p:has-text('Nothing was found')")
    page.set_input_files("#bill-files", str(file))
    page.wait_for_url("**/connect#receipts")
    receipt = page.locator(".receipts li", has_text="october.csv")
    receipt.get_by_text("done").wait_for(timeout=60_000)
    assert "1 line · 1,234.50 USD" in receipt.inner_text()
    receipt.get_by_role("link", name="Costs", exact=True).click()
    page.wait_for_url("**/costs")
    assert "1,234.50" in page.locator("main").inner_text()
    page = watched.open("/make/budget")
    page.fill("input[name=name]", "compute")
    page.fill("input[name=limit]", "2000")
    page.wait_for_selector("#same-command:has-text('trimtab budgets put compute --limit 2000')")
    page.click("button:has-text('Make it')")
    page.wait_for_url("**/budgets?budget=compute**")
    assert "compute" in page.locator("section[aria-label=Budgets]").inner_text()


def test_ctrl_k_finds_what_was_looked_at_first_and_what_an_id_names(watched: Watched) -> None:
    page = watched.open("/settings")
    watched.open("/explore/metrics")
    page.keyboard.press("Control+k")
    page.wait_for_selector("[role=option]:has-text('recent')")
    assert "Settings" in page.locator("[role=option]").first.inner_text()
    page.keyboard.type("arn:aws:logs:us-east-1:123456789012:log-group:/app/api")
    page.wait_for_selector("[role=option]:has-text('/app/api')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/logs?group=/app/api**")
