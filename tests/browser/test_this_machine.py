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

pytestmark = [pytest.mark.browser, pytest.mark.wire]


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
    cpu = page.locator("[data-tile=cpu] .tile-value").inner_text()
    page.wait_for_function(
        "before => document.querySelector('[data-tile=cpu] .tile-value').innerText !== before", arg=cpu, timeout=60_000
    )
    page.wait_for_selector("section[aria-label='Busiest processes'] tbody tr", timeout=60_000)
    assert page.locator("section[aria-label='Data sources']").inner_text().count("otlp") == 1


@pytest.mark.parametrize(
    "path", ["/hosts", "/explore/metrics?m=trimtab/Host|system.cpu.utilization&stat=p90", "/sources"]
)
def test_every_page_works_over_the_real_store(path: str, watched: Watched) -> None:
    page = watched.open(path)
    page.wait_for_selector("main tbody tr", timeout=60_000)


def test_the_sidebar_leads_to_every_page(watched: Watched) -> None:
    page = watched.open("/")
    links = page.locator("nav[aria-label=Pages] a")
    paths = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(paths) > 8
    for path in paths:  # read and not drawn: tests/browser/test_accessible.py opens each
        answer = page.request.get(urljoin(page.url, path), headers={"Accept": "text/html"})
        assert (path, answer.status) == (path, 200)
        current = re.findall(r"<a [^>]*aria-current=\"page\"[^>]*>", answer.text())
        assert [re.search(r'href="([^"]*)"', link)[1] for link in current][:1] == [path]  # type: ignore[index]
