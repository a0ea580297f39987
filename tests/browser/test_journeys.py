"""What a person does on the pages, in a real browser."""

import asyncio
import csv
import io
import re
import threading
from collections.abc import Sequence
from urllib.request import urlopen

import pytest
from playwright.sync_api import Route, expect

from browser.conftest import Watched
from trimtab.access.scope import Scope
from trimtab.kpis.hosts import HostSummary
from trimtab.web.fleet import Fleet
from trimtab.web.navigation import NAVIGATION, place_of

pytestmark = pytest.mark.browser

OF_THE_FLEET = (
    "/",
    "/hosts",
    "/endpoints",
    "/kpis",
    "/explore/metrics",
    "/dashboards",
    "/sources",
    "/access",
    "/settings",
)
DRAWN = "/explore/metrics?m=trimtab/Host|system.cpu.utilization&where=host.name=web-1&group=cpu.mode"


def test_the_sidebar_leads_to_every_page(watched: Watched) -> None:
    page = watched.open("/")
    paths = page.locator("nav[aria-label=Pages] a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert paths == [entry.path for group in NAVIGATION for entry in group.entries]
    assert len(paths) <= 16
    for path in OF_THE_FLEET:  # the others are opened over a real server, in test_this_machine.py
        opened, place = watched.open(path), place_of(path)
        assert place is not None
        assert opened.locator("nav[aria-label=Pages] a[aria-current=page]").get_attribute("href") == place[0].path
        assert opened.locator(".page-tabs a[aria-current=page]").all_inner_texts() in ([], [place[1].name])


def test_a_page_that_takes_long_shows_its_frame_first(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    ready, hosts = threading.Event(), Fleet.hosts

    async def slow(fleet: Fleet, scope: Scope) -> Sequence[HostSummary]:
        await asyncio.to_thread(ready.wait, 60)
        return await hosts(fleet, scope)

    monkeypatch.setattr(Fleet, "hosts", slow)
    page = watched.page
    page.goto(watched.url + "/hosts", wait_until="commit")
    expect(page.get_by_text("This is being worked out")).to_be_visible()
    expect(page.locator("nav[aria-label=Pages] a[aria-current=page]")).to_be_visible()
    assert 0 == page.locator("h1").count()
    ready.set()
    expect(page.locator("h1")).to_have_text("Hosts & GPUs")
    expect(page.get_by_text("This is being worked out")).to_be_hidden()
    expect(page).to_have_title("Hosts & GPUs · trimtab")
    expect(page.locator("main")).to_contain_text("web-1")
    page.wait_for_load_state()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('refresh'))")
    expect(page.locator("main")).to_contain_text("web-1")


def test_reload_and_back_reproduce_a_view(watched: Watched) -> None:
    page = watched.open("/hosts")
    page.click("thead a:has-text('Memory')")
    page.wait_for_url("**/hosts?sort=memory&dir=desc")
    sorted_names = page.locator("#hosts tbody th a").all_inner_texts()
    page.click("#time-range a:has-text('6h')")
    page.wait_for_url("**range=6h*")
    page.reload()
    assert "sort=memory" in page.url
    assert page.locator("#time-range [aria-current=true]").inner_text() == "6h"
    names = page.locator("#hosts tbody th a").all_inner_texts()
    assert sorted(names) == sorted(sorted_names)  # their memory moves, and with it who comes first
    page.go_back()
    assert page.locator("#time-range [aria-current=true]").inner_text() == "Auto"
    assert page.locator("th[aria-sort]").inner_text().startswith("Memory")


def test_the_csv_has_the_rows_in_the_order_of_the_page(watched: Watched) -> None:
    page = watched.open("/hosts?sort=name&dir=desc&live=off")
    link = page.locator("main a:has-text('CSV')").get_attribute("href")
    with urlopen(f"{watched.url}{link}") as answer:
        rows = list(csv.DictReader(io.StringIO(answer.read().decode())))
    assert [row["name"] for row in rows] == page.locator("#hosts tbody th a").all_inner_texts()


def test_the_theme_survives_a_reload(watched: Watched) -> None:
    page = watched.open("/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("theme-toggle button")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert page.locator("theme-toggle button").get_attribute("aria-pressed") == "true"


def test_a_closed_group_of_pages_stays_closed_and_the_current_page_is_in_sight(watched: Watched) -> None:
    page = watched.open("/settings")
    assert page.locator("nav[aria-label=Pages] a[aria-current=page]").evaluate(
        "link => link.getBoundingClientRect().bottom <= innerHeight"
    )
    page.click("#nav-investigate")
    page.wait_for_function("() => document.cookie.includes('trimtab_nav=investigate')")
    page.reload()
    closed = page.locator("details.nav-group:not([open])")
    assert closed.evaluate_all("groups => groups.map(group => group.dataset.group)") == ["investigate"]
    assert watched.open("/explore/metrics").locator("details.nav-group:not([open])").count() == 0


def test_a_live_page_changes_by_itself_and_a_paused_one_does_not(watched: Watched) -> None:
    page = watched.open("/hosts")
    page.wait_for_selector("live-state[data-state=live]")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true") as refreshed:
        pass
    assert refreshed.value.text().lstrip().startswith("<main")
    seen = page.locator("#hosts tbody tr").first.inner_text()
    page.wait_for_function("text => document.querySelector('#hosts tbody tr').innerText !== text", arg=seen)
    page.click("live-state a:has-text('Pause')")
    page.wait_for_selector("live-state[data-state=paused]")
    assert page.locator("main[hx-get]").count() == 0


def test_a_chart_fetches_only_what_is_new(watched: Watched) -> None:
    page = watched.open("/")
    with page.expect_response(re.compile(r"metrics\.json.*since=")) as delta:
        pass
    body = delta.value.json()
    assert body["offset"] > 0
    assert len(body["series"][0]["values"]) < 10
    assert page.locator("time-series[data-state=ready]").count() > 0


def test_a_refresh_keeps_focus_scroll_and_charts(watched: Watched) -> None:
    page = watched.open("/hosts")
    page.locator("#hosts tbody a").nth(1).focus()
    page.evaluate("document.querySelector('main').dataset.kept = 'no'")
    focused = page.evaluate("document.activeElement.textContent")
    for _ in range(2):
        page.wait_for_event("response", lambda answer: answer.request.headers.get("hx-request") == "true")
    assert page.evaluate("document.activeElement.textContent") == focused


def test_a_server_away_is_said_and_the_page_stays(watched: Watched) -> None:
    page = watched.open("/hosts")
    rows = page.locator("#hosts tbody tr").count()
    page.context.set_offline(True)
    page.wait_for_selector("live-state[data-state=stale]")
    assert "Stale" in page.locator("live-state").inner_text()
    assert page.locator("#hosts tbody tr").count() == rows
    page.context.set_offline(False)
    page.wait_for_selector("live-state[data-state=live]")
    watched.problems[:] = [
        text for text in watched.problems if "DISCONNECTED" not in text and "Failed to fetch" not in text
    ]


def test_dragging_zooms_and_the_url_says_so(watched: Watched) -> None:
    page = watched.open(DRAWN)
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d{13}.*to=\d{13}"))
    assert "group=cpu.mode" in page.url
    page.wait_for_selector("live-state[data-state=paused]")
    page.wait_for_selector("time-series[data-state=ready]")


def test_the_legend_isolates_and_shows_the_cursor(watched: Watched) -> None:
    page = watched.open(DRAWN + "&live=off")
    assert page.locator(".legend tbody tr").count() == 6
    page.click(".legend-name:has-text('system')")
    assert page.locator(".legend-name[aria-pressed=true]").inner_text() == "system"
    assert page.locator(".legend-name.dim").count() == 5
    page.click(".legend-name:has-text('system')")
    assert page.locator(".legend-name.dim").count() == 0
    page.hover(".u-over")
    page.wait_for_function(r"() => /^\d\d:\d\d:\d\d$/.test(document.querySelector('[data-at]').textContent)")


def test_searching_while_typing_keeps_the_url_true(watched: Watched) -> None:
    page = watched.open("/explore/metrics")
    page.fill("input[name=q]", "memory")
    page.wait_for_url("**q=memory**")
    names = page.locator("#metrics tbody th a")
    expect(names.filter(has_not_text="memory")).to_have_count(0)
    expect(names).not_to_have_count(0)
    assert "q=memory" in (page.locator("#time-range a").first.get_attribute("href") or "")
    page.click("#metrics a:has-text('system.memory.usage')")
    page.wait_for_selector("time-series[data-state=ready]")
    page.select_option("select[name=group]", "system.memory.state")
    page.wait_for_url("**group=system.memory.state**")
    expect(page.locator(".legend tbody tr")).to_have_count(4)


def test_jumping_by_keyboard(watched: Watched) -> None:
    page = watched.open("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("web-2")
    page.wait_for_selector("[role=option]:has-text('web-2')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hosts/web-2")
    page.keyboard.press("Control+k")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_what_was_picked_stays_picked_when_the_answer_to_the_last_letter_comes(watched: Watched) -> None:
    page = watched.open("/")
    held: list[Route] = []
    page.route("**/jump.json?q=web-", lambda route: held.append(route))  # Playwright asks for a function of Python
    page.keyboard.press("Control+k")
    page.keyboard.type("web")
    page.wait_for_selector("#jump-list:not([aria-busy]) [role=option]:has-text('web-2')")
    with page.expect_request("**/jump.json?q=web-"):
        page.keyboard.type("-")
    chosen = page.locator("#jump-list [aria-selected=true]")
    while "web-2" not in chosen.inner_text():  # the time limit of tests ends it
        page.keyboard.press("ArrowDown")
    assert page.locator("#jump-list [role=option]").first.inner_text() != chosen.inner_text()
    held[0].continue_()
    page.wait_for_selector("#jump-list:not([aria-busy])")
    expect(chosen).to_contain_text("web-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hosts/web-2")


def test_the_keyboard_reaches_everything(watched: Watched) -> None:
    page = watched.open("/?live=off")
    everything = page.evaluate(
        "[...document.querySelectorAll('a[href], button, summary, [tabindex=\"0\"]')]"
        ".filter(one => one.checkVisibility() && !one.closest('dialog')).length"
    )
    reached = set()
    for _ in range(everything + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "window.ids ??= new Map(), ids.has(document.activeElement) || "
                "ids.set(document.activeElement, ids.size), ids.get(document.activeElement)"
            )
        )
    assert len(reached) >= everything


def test_menus_open_and_close_by_keyboard(watched: Watched) -> None:
    page = watched.open("/?live=off")
    page.locator("main summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".menu a:visible").first.inner_text() == "Open in explorer"
    page.keyboard.press("Escape")
    assert page.locator(".menu a:visible").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_custom_range_is_a_link(watched: Watched) -> None:
    page = watched.open("/hosts/web-1")
    page.click("#time-range summary")
    page.fill("input[name=from]", "2026-11-20T10:00:00")
    page.fill("input[name=to]", "2026-11-20T12:00:00")
    page.click("button:has-text('Show this range')")
    page.wait_for_url("**/hosts/web-1?from=2026-11-20T10**")
    page.wait_for_selector("time-series[data-state=empty]")


@pytest.mark.parametrize("viewport", ["narrow"], indirect=True)
def test_the_narrow_menu_opens(watched: Watched) -> None:
    page = watched.open("/")
    assert not page.locator("nav[aria-label=Pages]").is_visible()
    page.click("label[for=nav-check]")
    page.click("nav[aria-label=Pages] a:has-text('Hosts')")
    page.wait_for_url("**/hosts")
