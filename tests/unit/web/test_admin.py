"""Access: where this server may connect to; and the head of every page while alarms are not evaluated."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asgi_client import AsgiClient
from gates import gate_of
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.base.clock import ManualClock
from trimtab.egress.address import Place
from trimtab.egress.gate import Gate
from trimtab.store.state.database import State
from trimtab.web.app import WebState

TENANT = Principal("tenant", "222222222222", Role.ADMIN, scope_of("222222222222"))
Open = Callable[..., AsgiClient]


@pytest.fixture
def gate(state: State, clock: ManualClock) -> Gate:
    return gate_of(state, clock)


def test_access_lists_what_is_allowed_and_what_was_refused(nothing: WebState, open_pages: Open, gate: Gate) -> None:
    pages = open_pages(replace(nothing, gate=gate))
    assert "No place is allowed" in pages.get("/access").text
    gate.entries.add(Place("10.0.0.5", 8080), "channel ops", "ann")
    gate.entries.refused(Place("10.0.0.6", 81), "it is on no public network <b>", "wim")
    text = pages.get("/access").text
    assert "<code>10.0.0.5:8080</code>" in text
    assert "channel ops" in text
    assert "it is on no public network &lt;b&gt;" in text
    gate.entries.refused(Place("169.254.169.254", 80), "it is a cloud's metadata service", "wim")
    assert text.count("> 10.0.0.6:81</span>") == pages.get("/access").text.count(":81</span></button>") == 1
    assert ">169.254.169.254:80<" in pages.get("/access").text
    assert " 169.254.169.254:80</span>" not in pages.get("/access").text  # nobody can allow it: there is no button
    assert pages.post("/access/egress", data={"place": "10.0.0.6:81", "note": "asked for by wim"}).status_code == 303
    assert pages.post("/access/egress", data={"do": "remove", "place": "10.0.0.5:8080"}).status_code == 303
    assert ["10.0.0.6:81"] == [str(one.place) for one in gate.entries.listed()]
    assert [str(one.place) for one in gate.entries.refusals()] == ["169.254.169.254:80"]
    assert "metadata service" in pages.post("/access/egress", data={"place": "169.254.169.254:80"}).text


def test_an_administrator_of_one_account_sees_and_changes_nothing_of_it(
    nothing: WebState, open_pages: Open, gate: Gate
) -> None:
    gate.entries.add(Place("10.0.0.5", 8080), "", "ann")
    pages = open_pages(replace(nothing, gate=gate), TENANT)
    assert "10.0.0.5" not in pages.get("/access").text
    assert pages.post("/access/egress", data={"place": "10.0.0.6:81"}).status_code == 403
    assert len(gate.entries.listed()) == 1


def test_every_page_says_at_its_head_that_alarms_are_not_evaluated(fleet: WebState, open_pages: Open) -> None:
    watch = SimpleNamespace(problem="Alarms are not being evaluated for 61 s")
    pages = open_pages(replace(fleet, evaluation=cast(Any, watch)))
    for path in ("/", "/hosts", "/settings"):
        assert 'role="alert"' in pages.get(path).text
        assert "not being evaluated for 61 s" in pages.get(path).text
    watch.problem = ""
    assert 'role="alert"' not in pages.get("/hosts").text
