"""Five people over one real server: each gets to what they came for in three clicks or one search, by keyboard too.

A newcomer, a platform engineer on call, a team lead, somebody of FinOps, and an auditor. What they find was put in by
the doors that everybody has.
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from browser.conftest import Served, Watched
from browser.lived_in import BILLED_A_DAY, TRACE, lived_in
from browser.looks import assert_fit

pytestmark = [pytest.mark.browser, pytest.mark.wire]
MOST_CLICKS = 3
MOST_TABS = 90
"""Presses of Tab after which a link of a head or a sidebar has had the focus."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with lived_in(tmp_path_factory.mktemp("people")) as served:
        yield served


Step = Callable[[Page], Locator]
"""What a person goes for next on the page that they see."""
SIDEBAR, TABS, MAIN = "nav[aria-label=Pages]", ".page-tabs", "main"


def link(name: str, *, where: str) -> Step:
    def found(page: Page) -> Locator:
        return page.locator(where).get_by_role("link", name=name).first

    return found


def go(watched: Watched, *steps: Step) -> Page:
    """From the first page: each step could be clicked, has the focus after presses of Tab, and Enter follows it."""
    assert len(steps) <= MOST_CLICKS
    page = watched.open("/")
    for step in steps:
        before = page.url
        reach(page, step(page))
        page.keyboard.press("Enter")
        page.wait_for_function("before => location.href !== before", arg=before)
        page.wait_for_load_state()
    return page


def reach(page: Page, goal: Locator) -> None:
    """Where the mouse can click it, by the keyboard."""
    goal.click(trial=True)
    page.evaluate("document.activeElement?.blur()")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if goal.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {goal} on {page.url}")


def test_a_newcomer_finds_where_a_bill_is_dropped(watched: Watched) -> None:
    page = go(watched, link("Connect", where=MAIN))
    assert page.locator("#bill-files").count() == 1


def test_who_is_on_call_gets_from_the_alarm_to_what_happened_around_it(watched: Watched) -> None:
    page = go(
        watched,
        link("On call", where=TABS),
        link("checkout is slow", where=MAIN),
        link("Investigate", where=".page-actions"),
    )
    text = page.locator("section[aria-label='Time line']").inner_text()
    assert "checkout is slow: INSUFFICIENT_DATA to ALARM" in text
    assert "vision-train ended: failed" in text
    assert f"trace {TRACE}" in text
    page.wait_for_selector("#suspects:not([hx-get])")


def test_a_team_lead_sees_what_the_team_cost_what_is_left_and_which_run_was_wasted(watched: Watched) -> None:
    page = go(watched, link("My team", where=TABS))
    left = f"{9000 - BILLED_A_DAY * datetime.now(UTC).day:,.0f}"
    for figure, value in (("gpu_time_cost", "80.00USD"), ("gpu_hours_held", "32h"), ("budget_left", f"{left}USD")):
        assert value == page.locator(f".tile[data-figure={figure}] .tile-value").inner_text(), figure
    reach(page, link("With activity and losses", where=MAIN)(page))
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs?*team=vision*")
    (wasted,) = page.locator("section[aria-label='Largest losses'] li").all_inner_texts()
    assert "vision-train vision, ana 80 USD 8 GPUs did nothing for 4.0 h" in wasted


def test_finops_sees_the_month_its_forecast_what_changed_and_what_the_plan_saves(watched: Watched) -> None:
    page = go(watched, link("Money", where=TABS))
    page.wait_for_selector("#ahead:not([hx-get])")
    month = page.locator(".tile[data-figure=month_to_date] .tile-value").inner_text()
    billed = BILLED_A_DAY * datetime.now(UTC).day
    assert f"{billed:,.{0 if billed >= 1000 else 2}f}USD" == month
    text = page.locator(MAIN).inner_text()
    assert re.search(r"by the end of \d\d \w+ it is expected to come to [\d,]+ USD", text), text
    assert re.search(r"Costs rose by [\d,.]+ USD \(\+[\d.]+ %\): \+[\d,.]+ USD by use", text), text
    assert "365.00 USD a month off the next invoices if all that is advised is done" in text


def test_an_auditor_sees_who_changed_what_and_takes_the_file_along(watched: Watched) -> None:
    page = go(watched, link("Explore", where=SIDEBAR), link("Audit", where=TABS))
    row = page.locator("section[aria-label=Events] tbody tr", has_text="PutAlarm").inner_text()
    assert "local" in row and "checkout is slow" in row
    csv_link = link("CSV", where=MAIN)(page)  # the third click
    reach(page, csv_link)
    with page.expect_download() as file:
        page.keyboard.press("Enter")
    with Path(file.value.path()).open(newline="") as text:
        kept = [(row["what"], row["who"], row["to"]) for row in csv.DictReader(text)]
    assert ("PutAlarm", "local", "checkout is slow") in kept
    assert ("PutBudget", "local", "vision-month") in kept


def test_one_search_leads_each_of_them_there_too(watched: Watched) -> None:
    page = watched.open("/settings")
    for words, goal, path in SEARCHES:
        page.keyboard.press("Control+k")
        page.keyboard.type(words)
        page.wait_for_selector(f"#jump-list:not([aria-busy]) [role=option]:has-text('{goal}')")
        for _ in range(page.locator("[role=option]").count()):
            if goal in page.locator("[role=option][aria-selected=true]").inner_text():
                break
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_function("path => location.pathname.startsWith(path)", arg=path)
        page.wait_for_load_state()


SEARCHES = (
    ("connect", "Connect", "/connect"),
    ("slow", "checkout is slow", "/alarms/named/checkout%20is%20slow"),
    ("vision", "vision", "/teams/vision"),
    ("budgets", "Budgets", "/budgets"),
    ("audit", "Audit", "/audit"),
    (TRACE, TRACE[:12], f"/traces/{TRACE}"),
)
"""What is typed, the line that is meant, and where it leads."""


def test_a_click_on_a_point_of_any_kind_of_chart_leads_to_what_happened_then(watched: Watched) -> None:
    day = datetime.now(UTC).date() - timedelta(days=1)
    page = watched.open(f"/costs?per=daily&start={day - timedelta(days=9)}&end={day}")
    for columns in (".drawing.wide-only svg.columns", "#ahead .wide-only svg.columns"):
        page.locator(f"{columns} [data-from]").last.click()
        page.locator(".point-menu a").wait_for()
        assert f"at={day}T12%3A00%3A00.000Z&around=720m" in (page.locator(".point-menu a").get_attribute("href") or "")
    page = watched.open("/explore/metrics?m=dcgm|DCGM_FI_DEV_GPU_UTIL&range=6h&live=off")
    page.locator(".u-over").click()
    there = page.locator(".point-menu a")
    assert there.evaluate("one => one === document.activeElement")
    page.keyboard.press("Escape")
    assert there.count() == 0
    page.locator(".u-over").click()
    page.keyboard.press("Enter")
    page.wait_for_url("**/investigate?**")
    middle = datetime.fromisoformat(page.locator("input[name=at]").input_value())
    assert abs(datetime.now(UTC) - timedelta(hours=3) - middle.replace(tzinfo=UTC)) < timedelta(minutes=20)


def test_an_investigation_is_kept_noted_pinned_and_fit_for_everyone(watched: Watched, axe: str) -> None:
    page = watched.open("/investigate?around=30m&service=checkout")
    page.wait_for_selector("#suspects:not([hx-get])")
    assert_fit(page, axe)
    page.fill("section[aria-label='Keep it'] input[name=name]", "slow checkout")
    page.fill("section[aria-label='Keep it'] input[name=text]", "It began with the roll-out.")
    page.click("button:has-text('Keep it')")
    page.wait_for_url("**/investigations/*")
    page.locator("button:has-text('Pin')").first.click()
    page.wait_for_selector("#notes .badge:has-text('pinned')")
    page.wait_for_selector("#suspects:not([hx-get])")
    assert "It began with the roll-out." in page.locator("#notes").inner_text()
    assert_fit(page, axe)
    watched.open("/investigations")
    assert_fit(page, axe)
    page.get_by_role("link", name="slow checkout").click()
    page.click("button:has-text('Delete this investigation')")
    page.wait_for_url("**/investigations")
    assert "Nothing was kept yet" in page.locator(MAIN).inner_text()
    watched.open("/investigate?at=2026-01-01T00:00:00Z&around=5m")
    assert "Nothing happened that any source tells of" in page.locator(MAIN).inner_text()
    assert_fit(page, axe)
