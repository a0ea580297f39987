"""Every page, full and empty, is fit for everyone: axe-core in light and dark, and a phone."""

import pytest
from playwright.sync_api import BrowserContext

from browser.conftest import Served, Watched
from browser.looks import assert_fit, violations

pytestmark = pytest.mark.browser

PAGES = [
    "/", "/hosts", "/hosts/web-1", "/runs", "/endpoints", "/kpis", "/explore/metrics", "/dashboards", "/sources",
    "/access", "/settings", "/teams", "/figures", "/connect", "/home/team", "/home/on-call", "/home/money", "/docs",
    "/docs/guide/connect", "/docs?q=connect+slurm",
]  # fmt: skip
DRAWN = "/explore/metrics?m=trimtab/Host|system.cpu.utilization&where=host.name=web-1&group=cpu.mode"


@pytest.mark.parametrize("path", [*PAGES, DRAWN])
def test_a_full_page_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/hosts/web-1"])
def test_an_empty_page_is_fit_for_everyone(path: str, context: BrowserContext, empty_server: Served, axe: str) -> None:
    watched = Watched(context, empty_server)
    assert_fit(watched.open(path), axe)
    assert watched.problems == []


GPU_PAGES = [
    "/", "/hosts", "/hosts?show=gpus", "/hosts/gpu-1", "/endpoints", "/endpoints/chat-70b", "/kpis", "/kpis?level=team",
    "/runs", "/runs/atlas/101", "/runs/atlas/103", "/teams", "/teams/foundation", "/figures", "/figures/idle_cost",
    "/home/team?team=foundation", "/home/on-call", "/connect", "/runs/quotas",
]  # fmt: skip


@pytest.mark.parametrize("path", GPU_PAGES)
def test_a_page_of_gpus_is_fit_for_everyone(path: str, context: BrowserContext, gpu_server: Served, axe: str) -> None:
    watched = Watched(context, gpu_server)
    assert_fit(watched.open(path), axe)
    assert watched.problems == []


def test_open_menus_have_no_violation(watched: Watched, axe: str) -> None:
    page = watched.open("/?live=off")
    page.keyboard.press("Control+k")
    page.wait_for_selector("[role=option]")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.locator("main summary").first.click()
    assert violations(page, axe) == []


@pytest.mark.parametrize("path", ["/hosts/nobody", "/?range=soon"])
def test_an_error_page_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)
    watched.problems.clear()  # the browser itself logs the status of the page


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", ["/", "/runs"])
def test_notes_of_tiles_are_whole(path: str, width: int, context: BrowserContext, gpu_server: Served) -> None:
    page = Watched(context, gpu_server).open(path)
    page.set_viewport_size({"width": width, "height": 900})
    notes = page.locator(".tile-note")
    assert notes.count() > 3
    assert [] == notes.evaluate_all(
        "found => found.filter(one => one.scrollWidth > one.clientWidth).map(one => one.title)"
    )
