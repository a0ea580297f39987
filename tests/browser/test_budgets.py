"""UI.md's budgets: bytes over the wire, JavaScript, elements."""

import gzip

import pytest
from playwright.sync_api import BrowserContext

from browser.conftest import Served, Watched, serve
from browser.looks import HEAVIEST
from trimtab.web.assets import STATIC

pytestmark = pytest.mark.browser

SCRIPT = 60_000  # bytes of JavaScript, gzip level 5
NODES = 6_000


def test_the_first_page_is_light(watched: Watched) -> None:
    client = watched.page.context.new_cdp_session(watched.page)
    client.send("Network.enable")
    received: list[int] = []
    client.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page = watched.open("/?live=off")
    page.wait_for_load_state("networkidle")
    print(f"first page: {sum(received)} bytes in {len(received)} requests")
    assert 0 < sum(received) <= HEAVIEST


def test_the_script_is_small() -> None:
    scripts = [path.read_bytes() for path in STATIC.glob("*.js")]
    if not scripts:
        pytest.skip("the front end is not built: python hatch_build.py")
    assert sum(len(gzip.compress(script, 5)) for script in scripts) <= SCRIPT


def test_the_overview_of_a_large_fleet_has_few_elements(context: BrowserContext) -> None:
    with serve(60) as served:
        watched = Watched(context, Served(served.url))
        page = watched.open("/?live=off")
        assert page.evaluate("document.querySelectorAll('*').length") <= NODES
        assert watched.problems == []
