"""Pages say what is still being loaded."""

import asyncio
from collections.abc import Callable

from asgi_client import AsgiClient
from browser.pretend import ACCOUNT, build_state
from browser.pretend_connect import PretendConnector
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.loading import Loading
from trimtab.base.records import replace
from trimtab.inventory.sources import SourceLedger
from trimtab.web.app import WebState
from trimtab.web.connect.loading import loading

BOUND = Principal("one", ACCOUNT, Role.READ, Scope(accounts=frozenset({ACCOUNT})))


def quiet(state: WebState, clock: ManualClock) -> WebState:
    """The state without connections."""
    return replace(state, connector=PretendConnector(clock.now_ms(), empty=True))


def sent(ledger: SourceLedger, clock: ManualClock, rows: int) -> None:
    for _ in range(12):
        clock.advance(5)
        ledger.accepted("prometheus", "history", ACCOUNT, "us-east-1", rows, rows)


def test_a_connection_that_is_read_is_told_on_every_page(pages: AsgiClient) -> None:
    text = pages.get("/hosts").text
    assert "Still loading:" in text
    assert "http://prometheus:9090: 42% of its history is read" in text
    assert "Kubernetes prod" not in text, "what failed is not loading"


def test_nothing_is_told_where_nothing_is_read(fleet: WebState, clock: ManualClock, open_pages) -> None:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: Callable[..., AsgiClient] = open_pages
    assert "Still loading" not in opened(quiet(fleet, clock)).get("/hosts").text
    assert "Still loading" not in opened(fleet, BOUND).get("/hosts").text, "one account is told of its own alone"


def test_a_young_source_that_sends_a_history_is_loading(clock: ManualClock) -> None:
    state = quiet(build_state(0, clock), clock)
    sent(state.sources, clock, 200_000)
    (told,) = asyncio.run(loading(state))
    assert told.startswith("history began ")
    assert told.endswith(" rows/s")
    clock.advance(31)
    assert () == asyncio.run(loading(state)), "it has stopped"


def test_what_another_program_loads_is_told_in_place_of_its_sources(clock: ManualClock) -> None:
    state = quiet(build_state(0, clock), clock)
    sent(state.sources, clock, 200_000)
    assert isinstance(state.connector, PretendConnector)
    for share, shown in ((0.43, "43%"), (0.999, "99%"), (1.0, "99%")):
        state.connector.loading = Loading("the demo's company", share, clock.now_ms())
        assert (f"{shown} of the demo's company is there",) == asyncio.run(loading(state))


def test_a_usual_source_is_not(clock: ManualClock) -> None:
    state = quiet(build_state(0, clock), clock)
    sent(state.sources, clock, 500)
    assert () == asyncio.run(loading(state))
