"""Traces in a real browser: the picture, the waterfall of ten thousand spans, the map and the comparison."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from browser.conftest import Served, Watched
from browser.looks import assert_fit
from browser.pretend_traces import BIG

pytestmark = pytest.mark.browser
PAGES = [
    *("/traces", "/traces?range=30m&baseline=before", "/traces?q=duration+>", f"/traces/{BIG}"),
    *("/service-map?range=30m&baseline=before&node=model", "/traces/compare?range=30m&suspects=1"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_traces_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)


def test_empty_pages_are_fit_for_everyone(context: BrowserContext, empty_server: Served, axe: str) -> None:
    watched = Watched(context, empty_server)
    for path in ("/traces", "/service-map", "/traces/compare"):
        assert_fit(watched.open(path), axe)
    assert [] == watched.problems


def test_a_dot_opens_its_trace(watched: Watched) -> None:
    page = watched.open("/traces?live=off")
    picture = page.locator("trace-scatter canvas")
    expect(page.locator("trace-scatter .plot-note")).to_have_text("")
    picture.press("ArrowRight")
    expect(page.locator("trace-scatter .plot-note")).to_contain_text("shop POST /ask")
    picture.press("Enter")
    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}"))
    expect(page.locator(".wf-row")).to_have_count(5)


def test_ten_thousand_spans_are_few_nodes_that_scroll_fold_and_are_chosen_by_keys(watched: Watched) -> None:
    page = watched.open(f"/traces/{BIG}")
    rows = page.locator(".wf-row")
    expect(rows.first).to_be_visible()
    assert rows.count() < 80
    tree = page.get_by_role("listbox", name="Spans of the trace")
    tree.press("End")
    expect(page.get_by_role("option", selected=True)).to_contain_text("step 9999")
    expect(page.locator("#span-detail .span-name")).to_have_text("step 9999")
    expect(page).to_have_url(re.compile(f"span={9999:016x}"))
    tree.press("Home")
    tree.press("ArrowLeft")
    expect(rows).to_have_count(1)
    tree.press("ArrowRight")
    expect(page).not_to_have_url(re.compile(f"span={9999:016x}"))  # the address follows a moment later
    page.reload()
    expect(page.get_by_role("option", selected=True)).to_contain_text("batch")


def test_a_component_of_the_map_leads_to_its_traces(watched: Watched) -> None:
    page = watched.open("/service-map?live=off")
    page.get_by_role("link", name="model").first.click()
    page.get_by_role("link", name="Its traces").click()
    expect(page.get_by_label("Filter expression")).to_have_value('service("model")')
