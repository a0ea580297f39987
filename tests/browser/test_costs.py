"""The Costs page in a real browser over real servers: one without a bill, one with a bill worked out by hand."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from brought import bring
from browser.conftest import Served, Watched
from browser.looks import assert_fit
from live_server import LiveServer
from made_bill import cur2

pytestmark = [pytest.mark.browser, pytest.mark.wire]
AUGUST = "/costs?months=1&metric=amortized"
VIEWS = ("/costs", AUGUST, AUGUST + "&by=tag:team", "/costs?months=12&per=monthly&metric=usage")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    live = LiveServer(tmp_path_factory.mktemp("costs")).start()
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(live, Path(path))
    yield Served(live.url)
    live.stop()


@pytest.fixture(scope="module")
def no_bill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    live = LiveServer(tmp_path_factory.mktemp("none")).start()
    yield Served(live.url)
    live.stop()


def test_without_a_bill_the_page_says_how_to_bring_one(context: BrowserContext, no_bill: Served, axe: str) -> None:
    watched = Watched(context, no_bill)
    page = watched.open("/costs")
    assert page.locator("main h2").first.inner_text() == "No bill yet"
    assert "trimtab import s3://" in page.locator("#import-from-s3").inner_text()
    assert_fit(page, axe)
    assert watched.problems == []


@pytest.mark.parametrize("path", VIEWS)
def test_a_full_page_is_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    assert_fit(watched.open(path), axe)


def test_the_table_adds_up_and_agrees_with_csv(watched: Watched) -> None:
    page = watched.open(AUGUST)
    page.locator("thead a:has-text('Change')").click()
    page.wait_for_url("**sort=change**")
    names = page.locator("#costs-1 tbody th").all_inner_texts()
    now = [float(text) for text in page.locator("#costs-1 tbody td:nth-child(3)").all_inner_texts()]
    assert round(sum(now), 2) == 304.79
    assert page.locator("#costs-1 tfoot td:nth-child(3)").inner_text() == "304.79"
    found = page.request.get(page.url.replace("/costs?", "/costs.csv?")).text()
    rows = list(csv.DictReader(io.StringIO(found)))
    assert [row["service"] for row in rows] == names
    assert [round(float(row["now"]), 2) for row in rows] == now


def test_what_changed_is_said_in_words(watched: Watched) -> None:
    panel = watched.open(AUGUST).locator("section[aria-label='What changed in USD']")
    assert panel.locator(".headline").inner_text().startswith("Costs rose by 23.23 USD (+8.3 %): +53.82 USD by use")
    assert "m5.xlarge went from 0.2 to 0.22 USD per Hrs (+10.0 %)" in panel.inner_text()
    assert panel.locator("svg.waterfall").first.get_attribute("aria-label")


def test_what_changed_is_taken_apart_by_the_chosen_group(watched: Watched) -> None:
    panel = watched.open(AUGUST + "&by=tag:team").locator("section[aria-label='What changed in USD']")
    titles = panel.locator(".findings b").all_inner_texts()
    assert "vision · Amazon SageMaker · ML Instance" in titles
    assert "untagged · Amazon Elastic Compute Cloud · Compute Instance" in titles
    assert panel.locator(".headline").inner_text().startswith("Costs rose by 23.23 USD")


def test_a_name_leads_to_its_parts_and_back(watched: Watched) -> None:
    page = watched.open(AUGUST)
    page.locator("#costs-1 tbody th a", has_text="Amazon Elastic Compute Cloud").first.click()
    page.wait_for_selector(".chip")
    assert page.locator(".chip").inner_text() == "Service is Amazon Elastic Compute Cloud"
    assert page.locator("select[name=by]").input_value() == "usage_type"
    page.locator(".chip a").click()
    page.wait_for_selector(".chip", state="detached")
    page.go_back()
    page.wait_for_selector(".chip")


def test_a_filter_is_added_by_its_form(watched: Watched) -> None:
    page = watched.open(AUGUST)
    page.locator("summary", has_text="Add a filter").click()
    form = page.locator(".add-filter form")
    form.locator("select[name=facet]").select_option("charge")
    form.locator("select[name=sign]").select_option("!=")
    form.locator("input[name=value]").fill("Tax")
    form.locator("button").click()
    page.wait_for_selector(".chip")
    assert page.locator(".chip").inner_text() == "Charge is not Tax"
    assert page.locator("#costs-1 tfoot td:nth-child(3)").inner_text() == "298.54"


def test_a_view_is_saved_opened_and_forgotten(watched: Watched) -> None:
    page = watched.open(AUGUST + "&by=tag:team")
    page.locator(".save-view input[name=name]").fill("Teams in August")
    page.locator(".save-view button").click()
    page.wait_for_selector(".chip-link")
    page.goto(watched.url + "/costs")
    page.locator(".chip-link", has_text="Teams in August").click()
    page.wait_for_url("**by=tag:team**")
    assert page.locator("select[name=by]").input_value() == "tag:team"
    page.locator("button[aria-label='Forget Teams in August']").click()
    page.wait_for_selector(".chip-link", state="detached")


def test_an_address_that_cannot_be_read_says_why(watched: Watched, axe: str) -> None:
    page = watched.open("/costs?by=colour")
    assert "cannot group or filter by 'colour'" in page.locator("main").inner_text()
    assert_fit(page, axe)
    watched.problems.clear()  # the browser itself logs the status of the page
