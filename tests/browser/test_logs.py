"""Logs in a real browser: searched, opened, narrowed by a field, and compared by patterns."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.conftest import Served, Watched
from browser.looks import assert_fit

pytestmark = pytest.mark.browser
CHART = "/logs?mode=insights&query=stats+count(*)+as+n+by+bin(5m),+path"
PAGES = [
    *("/logs", "/logs?tab=patterns", "/logs?as=pattern&q={", "/logs?q=nothing+has+this"),
    *("/logs?mode=insights", CHART, "/logs?mode=insights&query=fields+@message+|+filtr"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_logs_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)


def test_the_empty_page_is_fit_for_everyone(context: BrowserContext, empty_server: Served, axe: str) -> None:
    watched = Watched(context, empty_server)
    assert_fit(watched.open("/logs"), axe)
    assert [] == watched.problems


def test_a_search_is_an_address_and_an_event_shows_its_context(watched: Watched) -> None:
    page = watched.open("/logs?live=off")
    page.get_by_label("Find").fill("settle")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("q=settle"))
    expect(page.locator(".log-events tbody tr")).to_have_count(60)
    page.locator(".log-time a").first.click()
    expect(page.locator(".log-chosen")).to_have_count(1)
    page.get_by_role("link", name="Back to the search").click()
    expect(page.locator(".log-events tbody tr")).to_have_count(60)


def test_a_value_of_a_field_narrows(watched: Watched) -> None:
    page = watched.open("/logs?live=off")
    page.get_by_label("Fields").get_by_role("link", name="info").click()
    expect(page.get_by_label("Find")).to_have_value('{ $.level = "info" }')


def test_an_event_that_was_opened_stays_open_while_others_come(watched: Watched) -> None:
    page = watched.open("/logs")
    with page.expect_response(lambda answer: "/logs" in answer.url):
        page.locator(".log-message summary").nth(5).click()
    page.wait_for_function("() => document.querySelectorAll('.log-message details[open]').length === 1")
    with page.expect_response(lambda answer: "/logs" in answer.url):
        pass
    expect(page.locator(".log-message details[open]")).to_have_count(1)


def test_the_new_error_is_found_on_the_patterns_and_leads_to_its_lines(watched: Watched) -> None:
    page = watched.open("/logs?live=off")
    page.get_by_role("link", name="Patterns").click()
    first = page.locator(".log-patterns tbody tr").first
    expect(first).to_contain_text("new")
    expect(first).to_contain_text("ERROR cannot settle order")
    first.get_by_role("link", name="ERROR cannot settle order").click()
    expect(page.locator(".log-events tbody tr")).to_have_count(60)


def test_a_query_is_completed_run_and_drawn(watched: Watched) -> None:
    page = watched.open("/logs?mode=insights")
    text, words = page.get_by_role("textbox", name="Query"), page.get_by_role("listbox", name="Completions")
    text.press_sequentially("sta")
    expect(words.get_by_role("option").first).to_contain_text("stats count(*)")
    text.press("Tab")
    expect(text).to_have_value("stats")
    text.press_sequentially(" cou")
    expect(words.get_by_role("option").first).to_contain_text("count(*)")
    text.press("Enter")
    expect(text).to_have_value("stats count()")
    text.fill("stats count(*) as n by bin(5m), lev")
    text.press("Control+Space")
    expect(words.get_by_role("option").first).to_contain_text("level")
    text.press("Escape")
    expect(words).to_be_hidden()
    text.press("Control+Enter")
    expect(page).to_have_url(re.compile("query=stats"))
    expect(page.locator("time-series canvas")).to_be_visible()
    expect(page.locator(".query-rows tbody tr")).to_have_count(30)


def test_the_caret_is_where_the_mistake_is(watched: Watched) -> None:
    page = watched.open("/logs?mode=insights&query=fields+@message+|+filtr+x")
    text = page.get_by_role("textbox", name="Query")
    expect(text).to_be_focused()
    assert text.evaluate("(one) => one.value.slice(one.selectionStart, one.selectionEnd)") == "filtr"
    expect(page.get_by_role("alert")).to_contain_text("at character 19")
