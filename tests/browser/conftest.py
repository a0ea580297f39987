"""A real Chromium over the pages of a made-up fleet; the same journeys run against any `server` with a `.url`."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from browser.pretend import Heartbeat, build_app, build_state
from trimtab.base.records import replace
from trimtab.web.assets import STATIC

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
REFRESH_S = 1
WAIT_MS = 60_000  # a machine that does much else is slow, not wrong
expect.set_options(timeout=WAIT_MS)


@dataclass(frozen=True)
class Served:
    """Pages that listen on loopback."""

    url: str


@contextmanager
def serve(hosts: int, *, gpus: bool = False) -> Iterator[Served]:
    """The pages over `hosts` made-up hosts (with `gpus`, GPU nodes and model servers too), on a free port."""
    if not (STATIC / "manifest.json").is_file():
        pytest.skip("the front end is not built: python hatch_build.py")
    clock = Heartbeat()
    state = build_state(hosts, clock, gpus=gpus)
    clock.watch(state)
    app = build_app(replace(state, refresh_s=REFRESH_S))
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        thread.join(0.02)
        assert thread.is_alive()
    port = running.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}")
    running.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with serve(3) as served:
        yield served


@pytest.fixture(scope="session")
def gpu_server() -> Iterator[Served]:
    with serve(3, gpus=True) as served:
        yield served


@pytest.fixture(scope="session")
def empty_server() -> Iterator[Served]:
    with serve(0) as served:
        yield served


@pytest.fixture(scope="module")  # Playwright's event loop runs in this thread until it is closed: others need asyncio
def browser() -> Iterator[Browser]:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: sudo apt-get install -y chromium-headless-shell")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in frontend/")
    return AXE.read_text()


class Watched:
    """A page, and what must not happen on it: errors in the console, requests off this host."""

    def __init__(self, context: BrowserContext, server: Served) -> None:
        self.page: Page = context.new_page()
        self.url = server.url
        self.problems: list[str] = []
        self.sizes: list[tuple[str, int]] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", lambda request: self._host(request.url))
        self.page.on("response", self._response)

    def open(self, path: str) -> Page:
        """Go to `path` and wait until its charts on the screen are drawn."""
        self.page.goto(self.url + path)
        self.page.wait_for_selector("main")
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('time-series')]"
            ".every(one => one.dataset.state !== 'loading' || one.getBoundingClientRect().top > innerHeight + 150)"
        )
        return self.page

    def _console(self, message) -> None:  # type: ignore[no-untyped-def]  # playwright's ConsoleMessage
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _host(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.problems.append(f"request off this host: {url}")

    def _response(self, response) -> None:  # type: ignore[no-untyped-def]  # playwright's Response
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


@pytest.fixture(params=["wide"])
def viewport(request: pytest.FixtureRequest) -> dict[str, int]:
    return {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}[request.param]


@pytest.fixture(params=["light"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def context(browser: Browser, viewport: dict[str, int], theme: str) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=viewport, color_scheme=theme)
    made.set_default_timeout(WAIT_MS)
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext, server: Served) -> Iterator[Watched]:
    """A watched page; the test fails where something happened that must not."""
    made = Watched(context, server)
    yield made
    assert made.problems == []
