"""The Audit page in a browser over a live server: no violation, no sideways scroll, facets narrow, the URL keeps it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext

from browser.conftest import Served, Watched
from browser.looks import assert_fit
from live_server import LiveServer
from made_audit import record
from patience import until
from trimtab.base.clock import SystemClock
from trimtab.web.assets import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.wire]
PAGES = [
    "/audit",
    "/audit?tab=findings",
    "/audit?tab=insights&range=7d",
    "/audit/events/shown-1",
    "/audit?q=nothing-has-this",
]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not (STATIC / "manifest.json").is_file():
        pytest.skip("the front end is not built: python hatch_build.py")
    live = LiveServer(tmp_path_factory.mktemp("audited")).start()
    now = SystemClock().now_ms()
    other = {"userIdentity": {"type": "IAMUser", "userName": "bob", "arn": "arn:aws:iam::1:user/bob"}}
    records = [record(now - number * 1000, f"shown-{number}") for number in range(5)]
    records += [record(now, "stop", eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", **other)]
    records += [record(now, "failed", errorCode="AccessDenied", errorMessage="You may not", **other)]
    httpx.post(f"{live.url}/rest/v1/audit/events", json={"records": records}, timeout=60).raise_for_status()
    asked = f"{live.url}/rest/v1/audit/events?name=StopLogging"
    until(lambda: httpx.get(asked, timeout=60).json()["events"], "the records are not stored")
    yield Served(live.url)
    live.stop()


def test_its_pages_are_fit_for_everyone(context: BrowserContext, audited: Served, axe: str) -> None:
    watched = Watched(context, audited)
    for path in PAGES:
        assert_fit(watched.open(path), axe)
    assert watched.problems == []


def test_a_facet_narrows_and_the_address_keeps_it(context: BrowserContext, audited: Served) -> None:
    watched = Watched(context, audited)
    page = watched.open("/audit?live=off")
    page.locator("section[aria-label=Facets] a", has_text="bob").click()
    page.wait_for_url("**user=bob*")
    rows = page.locator("table tbody tr")
    assert rows.count() == 2
    page.reload()
    assert rows.count() == 2
    page.locator("a.chip", has_text="Who: bob").click()
    page.wait_for_function("() => document.querySelectorAll('table tbody tr').length > 2")
    page.locator("table tbody a", has_text="StopLogging").first.click()
    page.wait_for_url("**/audit/events/stop*")
    assert "StopLogging" in page.locator("h1").inner_text()
