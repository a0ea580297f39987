"""axe-core on every page, light and dark, full and empty."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.conftest import Served, Watched
from depth import THEMES

pytestmark = pytest.mark.browser

PAGES = [
    "/", "/hosts", "/hosts/web-1", "/runs", "/endpoints", "/kpis", "/explore/metrics", "/dashboards", "/sources",
    "/access", "/settings", "/teams", "/figures", "/connect", "/home/team", "/home/on-call", "/home/money",
]  # fmt: skip
DRAWN = "/explore/metrics?m=trimtab/Host|system.cpu.utilization&where=host.name=web-1&group=cpu.mode"


def violations(page: Page, axe: str) -> list[tuple[str, str]]:
    """What is wrong with a page for whom and where. A dark page is a light one in other colours: of it, those alone."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], ...("
        "matchMedia('(prefers-color-scheme: dark)').matches ? {runOnly: ['color-contrast']} : {})})"
    )
    return [
        (one["id"], node["html"][:160] + " " + node["failureSummary"][:200])
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("path", [*PAGES, DRAWN])
def test_a_full_page_has_no_violation(path: str, watched: Watched, axe: str) -> None:
    found = violations(watched.open(path), axe)
    assert found == [], "\n".join(map(str, found))


@pytest.mark.parametrize("theme", THEMES, indirect=True)
@pytest.mark.parametrize("path", [path for path in PAGES if path != "/hosts/web-1"])
def test_an_empty_page_has_no_violation(path: str, context: BrowserContext, empty_server: Served, axe: str) -> None:
    watched = Watched(context, empty_server)
    found = violations(watched.open(path), axe)
    assert found == [], "\n".join(map(str, found))
    assert watched.problems == []


GPU_PAGES = [
    "/", "/hosts", "/hosts?show=gpus", "/hosts/gpu-1", "/endpoints", "/endpoints/chat-70b", "/kpis", "/kpis?level=team",
    "/runs", "/runs/atlas/101", "/runs/atlas/103", "/teams", "/teams/foundation", "/figures", "/figures/idle_cost",
    "/home/team?team=foundation", "/home/on-call", "/connect", "/runs/quotas",
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("path", GPU_PAGES)
def test_a_page_of_gpus_has_no_violation(path: str, context: BrowserContext, gpu_server: Served, axe: str) -> None:
    watched = Watched(context, gpu_server)
    found = violations(watched.open(path), axe)
    assert found == [], "\n".join(map(str, found))
    assert watched.problems == []


@pytest.mark.parametrize("viewport", ["narrow"], indirect=True)
@pytest.mark.parametrize("path", GPU_PAGES)
def test_a_page_of_gpus_fits_a_phone(path: str, context: BrowserContext, gpu_server: Served) -> None:
    page = Watched(context, gpu_server).open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_open_menus_have_no_violation(watched: Watched, axe: str) -> None:
    page = watched.open("/?live=off")
    page.keyboard.press("Control+k")
    page.wait_for_selector("[role=option]")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.locator("main summary").first.click()
    assert violations(page, axe) == []


@pytest.mark.parametrize("path", ["/hosts/nobody", "/?range=soon"])
def test_an_error_page_has_no_violation(path: str, watched: Watched, axe: str) -> None:
    found = violations(watched.open(path), axe)
    assert found == [], "\n".join(map(str, found))
    watched.problems.clear()  # the browser itself logs the status of the page
