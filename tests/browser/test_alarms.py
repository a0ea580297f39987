"""Alarms in a real browser: a draft is replayed while it is typed, saved, and taken from a suggestion."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browser.conftest import Served, Watched
from browser.looks import assert_fit
from browser.pretend_alarms import FIRING

pytestmark = pytest.mark.browser
ONE = f"/alarms/named/{quote(FIRING)}?range=24h"
PAGES = ["/alarms", ONE, "/alarms/named/host%20in%20trouble", "/alarms/new", "/alarms/new?kind=math", "/alarms/mute"]


def settled(watched: Watched, path: str) -> Page:
    """The page once its suggestions are there."""
    page = watched.open(path)
    expect(page.locator("#proposals [role=status]")).to_have_count(0)
    return page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_alarms_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(settled(watched, path), axe)


@pytest.mark.parametrize("path", ["/alarms", "/alarms/new", "/alarms/mute"])
def test_an_empty_page_is_fit_for_everyone(path: str, context: BrowserContext, empty_server: Served, axe: str) -> None:
    watched = Watched(context, empty_server)
    assert_fit(watched.open(path), axe)
    assert [] == watched.problems


def test_a_draft_is_replayed_while_it_is_typed_and_its_address_is_the_draft(watched: Watched) -> None:
    page = watched.open("/alarms/named/" + quote(FIRING))
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page).to_have_url(re.compile("/alarms/new"))
    expect(page.locator("#preview")).to_contain_text("would")
    expect(page.locator("#preview time-series")).to_have_attribute("data-state", "ready")
    page.fill("input[name=threshold]:visible", "100")
    expect(page.locator("#preview")).to_contain_text("would not have fired")
    expect(page).to_have_url(re.compile(r"threshold=100"))
    page.reload()
    expect(page.locator("input[name=threshold]:visible")).to_have_value("100")
    expect(page.locator("#preview")).to_contain_text("would not have fired")
    page.fill("input[name=m]:visible", "x")
    expect(page.locator("#preview [role=alert]")).to_contain_text("expected a whole number")


def test_a_suggestion_is_tried_from_the_alarm(watched: Watched) -> None:
    page = settled(watched, ONE)
    expect(page.locator("#proposals")).to_contain_text("ways to judge were tried")
    expect(page.locator("#proposals article").first).to_contain_text("As it is")


def test_the_list_narrows_while_it_is_searched(watched: Watched) -> None:
    page = watched.open("/alarms")
    page.fill("input[name=q]", "targets")
    expect(page.locator("#alarms tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=targets"))
    page.click("text=firing 2")
    expect(page.locator(".nav-count")).to_contain_text("2")
