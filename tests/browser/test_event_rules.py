"""The pages of event rules in a browser: no violation, no sideways scroll, and a pattern tried as it is typed."""

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, expect

from browser.conftest import REFRESH_S, Served, Watched
from browser.looks import assert_fit
from browser.pretend import Heartbeat, build_app, build_state
from browser.pretend_events import pretend_events
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.web.assets import STATIC

PAGES = [
    "/event-rules",
    '/event-rules/edit?pattern={"source":["aws.s3"]}&schedule=rate(5 minutes)',
    "/event-rules/deliveries",
    "/event-rules/archives",
    "/event-rules/pipelines",
]


@pytest.fixture(scope="module")
def events_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not (STATIC / "manifest.json").is_file():
        pytest.skip("the front end is not built: python hatch_build.py")
    directory: Path = tmp_path_factory.mktemp("events")
    clock = Heartbeat()
    state = build_state(1, clock)
    clock.watch(state)
    kept = State.open("", directory)
    app = build_app(replace(state, refresh_s=REFRESH_S, events=pretend_events(kept, directory, clock)))
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
    kept.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_fit_for_everyone(path: str, context: BrowserContext, events_server: Served, axe: str) -> None:
    watched = Watched(context, events_server)
    assert_fit(watched.open(path), axe)
    assert watched.problems == []


def test_a_pattern_is_tried_as_it_is_typed_and_the_url_keeps_it(context: BrowserContext, events_server: Served) -> None:
    watched = Watched(context, events_server)
    page = watched.open("/event-rules/edit")
    pattern = page.get_by_label("Event pattern (JSON)")
    pattern.fill('{"source": ["aws.s3"]}')
    expect(page.locator("#preview")).to_contain_text("would be sent to the targets")
    pattern.fill('{"source": [{"prefix": "x"}]}')
    expect(page.locator("#preview")).to_contain_text("would be passed over")
    pattern.fill('{"source": "x"}')
    expect(page.locator("#preview")).to_contain_text("must be an object or an array")
    page.wait_for_url(lambda url: '"x"' in parse_qs(urlsplit(url).query).get("pattern", [""])[0])
    page.reload()
    expect(page.locator("#preview")).to_contain_text("must be an object or an array")
    assert watched.problems == []
