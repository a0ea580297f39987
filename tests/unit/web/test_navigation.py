"""Sixteen entries, tabs in the head of a page, and whose home is which."""

import re

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.web.navigation import HOME, NAVIGATION, home_of, navigation_of, place_of, tabs

READER = Principal("reader", None, Role.READ, EVERYTHING)
FINANCE = Principal("books", None, Role.FINANCE, EVERYTHING)
BOUND = Principal("vision", None, Role.READ, Scope(rows=(RowRule("team", frozenset({"vision"})),)))


def test_there_are_at_most_sixteen_entries_and_no_page_stands_twice() -> None:
    entries = [entry for group in NAVIGATION for entry in group.entries]
    assert len(entries) <= 16
    paths = [tab.path for _, tab in tabs()]
    assert len(paths) == len(set(paths)) >= 40
    assert len({entry.name for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("path", "entry", "tab"),
    [
        ("/", "Home", "Overview"),
        ("/home/on-call", "Home", "On call"),
        ("/hosts/web-1", "GPUs & hosts", "Hosts & GPUs"),
        ("/sources", "Admin", "Data sources"),
        ("/sources/aws", "Admin", "Cloud accounts"),
        ("/service-map", "Explore", "Traces"),
        ("/teams/a/b", "Teams & statements", "Teams"),
        ("/runs/quotas", "Runs & queue", "Quotas"),
        ("/runs/atlas/101", "Runs & queue", "Queue & runs"),
    ],
)
def test_a_page_stands_under_the_longest_address(path: str, entry: str, tab: str) -> None:
    place = place_of(path)
    assert place is not None
    assert (entry, tab) == (place[0].name, place[1].name)


def test_a_page_of_nobodys_stands_nowhere() -> None:
    assert place_of("/me") is None
    assert place_of("/hostsandmore") is None


def test_an_entry_leads_to_the_first_page_that_is_open() -> None:
    money = {entry.name: entry.path for group in navigation_of(FINANCE) for entry in group.entries}
    assert money["Home"] == "/home/money"
    assert money["Teams & statements"] == "/statements"
    assert "GPUs & hosts" not in money
    assert "/statements" not in [tab.path for group in navigation_of(BOUND) for e in group.entries for tab in e.tabs]


@pytest.mark.parametrize(
    ("who", "remembered", "home"),
    [
        (READER, "", "/"),
        (READER, "on-call", "/home/on-call"),
        (READER, "overview", "/"),
        (READER, "nonsense", "/"),
        (BOUND, "", "/home/team"),
        (BOUND, "overview", "/"),
        (FINANCE, "", "/home/money"),
        (FINANCE, "on-call", "/home/money"),
    ],
)
def test_home_is_what_was_looked_at_last_else_what_the_role_wants(who: Principal, remembered: str, home: str) -> None:
    assert home == home_of(who, remembered)


def test_the_head_has_the_tabs_of_the_entry(pages: AsgiClient) -> None:
    text = pages.get("/hosts?range=6h").text
    head = text[text.index('class="page-tabs"') : text.index("<main")]
    assert re.findall(r'href="([^"]+)"', head) == ["/hosts?range=6h", "/gpu-health?range=6h"]
    assert '<a href="/hosts?range=6h" aria-current="page">Hosts &amp; GPUs</a>' in head
    assert 'class="page-tabs"' not in pages.get("/rightsizing").text, "one page alone needs no tabs"


def test_the_tab_of_home_that_was_opened_is_home_from_then_on(pages: AsgiClient) -> None:
    assert '<a class="brand" href="/"' in pages.get("/hosts").text
    pages.get("/home/on-call")
    assert '<a class="brand" href="/home/on-call"' in pages.get("/hosts").text
    assert pages.get("/home", follow_redirects=False).headers["location"] == "/home/on-call"


def test_every_tab_of_home_opens_full_and_empty(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    for state in (build_state(3, clock, gpus=True), build_state(0, clock)):
        client = open_pages(state)
        assert {tab.path: 200 for tab in HOME.tabs} == {tab.path: client.get(tab.path).status_code for tab in HOME.tabs}


def test_my_team_is_asked_once_and_then_remembered(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    client = open_pages(build_state(3, clock, gpus=True))
    asked = client.get("/home/team").text
    assert "Which team is yours?" in asked
    assert 'aria-label="This team"' in client.get("/home/team?team=vision").text
    again = client.get("/home/team").text
    assert 'aria-label="This team"' in again
    assert "<option selected>vision</option>" in again
    assert "All" not in re.findall(r"<option[^>]*>([^<]+)</option>", again), "the sum of all is no team"


def test_on_call_names_what_fires_and_what_is_broken(clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    text = open_pages(build_state(3, clock, gpus=True)).get("/home/on-call").text
    fires = text[text.index('aria-label="Firing"') : text.index('aria-label="Burning"')]
    assert re.search(r'<a href="/alarms/named/[^"]+">[^<]+</a><br><span class="muted">Threshold Crossed', fires), (
        "why it fires stands under its name: a column of its own is cut on a phone"
    )
    assert "gpu-3" in text[text.index('aria-label="Broken GPUs"') :]
