"""The pages over a made-up fleet, at a time that stands still, with assets that need no build."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_app, build_state
from trimtab.access.principal import LOCAL_OPERATOR, Principal
from trimtab.base.clock import ManualClock
from trimtab.web.app import WebState

Open = Callable[..., AsgiClient]


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    names = {
        "app.js": "app-1.js",
        "app.css": "app-2.css",
        "favicon.svg": "favicon-3.svg",
        "inter-latin-wght-normal.woff2": "inter-4.woff2",
    }
    for name in names.values():
        (folder / name).write_text(f"/* {name} */")
    (folder / "manifest.json").write_text(json.dumps(names))
    return folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fleet(clock: ManualClock) -> WebState:
    return build_state(3, clock)


@pytest.fixture
def nothing(clock: ManualClock) -> WebState:
    return build_state(0, clock)


@pytest.fixture
def open_pages(static: Path) -> Open:
    def opened(state: WebState, principal: Principal = LOCAL_OPERATOR) -> AsgiClient:
        return AsgiClient(build_app(state, principal, static))

    return opened


@pytest.fixture
def pages(fleet: WebState, open_pages: Open) -> AsgiClient:
    return open_pages(fleet)
