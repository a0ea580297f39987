"""Every page that the router serves is opened over a real server: fit for everyone, without an error, and light.

Addresses without a part that varies are the router's own; of the others, what the opened pages lead to is opened.
"""

import re
from collections.abc import Iterator
from unittest.mock import MagicMock

import pytest
from starlette.routing import Route

from browser.conftest import Served, Watched
from browser.lived_in import lived_in
from browser.looks import HEAVIEST, faults, weight
from browser.pretend import build_state
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.web.app import routes
from trimtab.web.assets import STATIC
from trimtab.web.navigation import tabs

pytestmark = [pytest.mark.browser, pytest.mark.wire, pytest.mark.slow, pytest.mark.timeout(1800)]

NO_PAGE = re.compile(
    r"\.(json|csv|png)$|\{format\}|/file$|^/static/"  # files
    r"|/(ahead|near|receipts|suspects|suggestions|panels|spans/\{span_id\})$"  # parts that pages ask for
)
"""What the router serves beside pages."""
NOW = "/reports/now"
"""A page that needs to be told which report of which days it is."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with lived_in(tmp_path_factory.mktemp("pages")) as served:
        yield served


def addresses() -> list[Route]:
    """What the router answers to GET, of a server that has every room, files left out."""
    made = build_state(0, ManualClock())
    lacking = [name for name in made.__struct_fields__ if getattr(made, name) is None]
    served = routes(replace(made, **{name: MagicMock() for name in lacking}), STATIC)
    found = [one for one in served if isinstance(one, Route) and "GET" in (one.methods or ())]
    return [one for one in found if NO_PAGE.search(one.path) is None]


def test_every_page_is_fit_for_everyone_without_an_error_and_light(watched: Watched, axe: str) -> None:
    wrong: list[str] = []
    links: set[str] = set()

    def look(path: str) -> None:
        """What is wrong with a page is noted, and where it leads."""
        page = watched.open(f"{path}?template=executive&start=2026-08-01&end=2026-09-01" if path == NOW else path)
        page.wait_for_function("() => document.querySelector('main [hx-trigger=load]') === null")
        wrong.extend(f"{path}: {one}" for one in (*faults(page, axe), *watched.problems))
        watched.problems.clear()
        if (bytes_ := weight(page)) > HEAVIEST:
            wrong.append(f"{path}: {bytes_:,} bytes; expected at most {HEAVIEST:,}")
        hrefs = page.eval_on_selector_all("a[href^='/']", "all => all.map(one => one.getAttribute('href'))")
        links.update(href.partition("#")[0].partition("?")[0] for href in hrefs)

    fixed = [one.path for one in addresses() if "{" not in one.path]
    assert {tab.path for _, tab in tabs()} <= set(fixed)
    for path in fixed:
        look(path)
    for route in addresses():
        if "{" in route.path:
            leading = sorted(one for one in links if route.path_regex.match(one) and one not in fixed)
            for path in leading[:1]:
                look(path)
    assert wrong == [], "\n".join(wrong)
