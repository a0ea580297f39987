"""Access: where this server may connect to; and the head of every page while alarms are not evaluated."""

import asyncio
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asgi_client import AsgiClient
from gates import gate_of
from trimtab.access.grant import Grant
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.refusals import Refused
from trimtab.access.room import AccessRoom
from trimtab.access.scope import RowRule
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
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


def test_an_administrator_of_one_account_or_team_sees_and_changes_nothing_of_it(
    nothing: WebState, open_pages: Open, gate: Gate
) -> None:
    gate.entries.add(Place("10.0.0.5", 8080), "", "ann")
    team = Principal("lead", None, Role.ADMIN, scope_of(None, (RowRule("team", frozenset({"search"})),)))
    for bound in (TENANT, team):
        pages = open_pages(replace(nothing, gate=gate), bound)
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


def test_a_key_is_made_on_the_page_and_its_secret_shown_once(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    keys = KeyStore(state, clock)
    pages = open_pages(replace(nothing, keys=keys))
    fields = {"name": "grafana", "kind": "token", "role": "read", "teams": "search, vision", "tags": "env=prod"}
    made = pages.post("/access/keys", data=fields)
    assert made.headers["cache-control"] == "no-store"
    secret = re.findall(r'id="made-secret">(tt_[^<]+)<', made.text)[0]
    principal = keys.principal_of_token(secret)
    assert principal is not None
    assert {rule.key for rule in principal.scope.rows} == {"env", "team"}
    again = pages.get("/access").text
    assert secret not in again
    assert "env prod, team search or vision" in again
    id_ = re.findall(r"tok-\w+", again)[0]
    assert pages.post("/access/keys/revoke", data={"id": id_}).status_code == 303
    assert keys.principal_of_token(secret) is None
    assert "expected KEY=VALUE" in pages.post("/access/keys", data={**fields, "tags": "env"}).text


def test_an_administrator_of_a_team_neither_sees_nor_makes_wider_keys(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    keys, search = KeyStore(state, clock), (RowRule("team", frozenset({"search"})),)
    whole = asyncio.run(keys.create_token("whole-server", Role.READ))
    lead = Principal("lead", None, Role.ADMIN, scope_of(None, search))
    pages = open_pages(replace(nothing, keys=keys, gate=None), lead)
    assert pages.post("/access/keys", data={"name": "own"}).status_code == 200
    assert [key.rows for key in asyncio.run(keys.list()) if key.name == "own"] == [search]
    assert pages.post("/access/keys", data={"name": "x", "teams": "vision"}).status_code == 403
    for path in ("/access", "/access.json"):
        assert "own" in pages.get(path).text
        assert "whole-server" not in pages.get(path).text
    assert pages.post("/access/keys/revoke", data={"id": whole.id}).status_code == 404


def test_a_key_is_rotated_on_the_page_and_warned_of(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    keys = KeyStore(state, clock)
    pages = open_pages(replace(nothing, keys=keys, clock=clock))
    assert pages.post("/access/keys", data={"name": "short", "days": "10"}).status_code == 200
    assert "ends in 10 days" in pages.get("/access").text
    old = asyncio.run(keys.list())[0]
    shown = pages.post("/access/keys/rotate", data={"id": old.id}).text
    secret = re.findall(r'id="made-secret">(tt_[^<]+)<', shown)[0]
    assert keys.principal_of_token(secret) is not None
    assert "takes its place" in pages.get("/access").text
    assert "expected 1 to 3650" in pages.post("/access/keys", data={"name": "x", "days": "0"}).text


def test_groups_services_and_users_are_made_and_switched_on_the_page(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    room = AccessRoom.of(state, clock)
    pages = open_pages(replace(nothing, keys=room.keys, access=room, clock=clock))
    for path in ("/access/groups", "/access/service-accounts"):
        assert pages.post(path, data={"name": "search-one", "role": "read", "teams": "search"}).status_code == 303
    key = {"name": "k", "service": "search-one"}
    secret = re.findall(r'id="made-secret">(tt_[^<]+)<', pages.post("/access/keys", data=key).text)[0]
    assert room.keys.principal_of_token(secret) is not None
    user = {"name": "ann", "password": "correct horse battery", "groups": "search-one", "role": ""}
    assert pages.post("/access/users", data=user).status_code == 303
    text = pages.get("/access").text
    assert text.count("team search") == 4
    assert "of search-one" in text
    assert pages.post("/access/service-accounts", data={"do": "disable", "name": "search-one"}).status_code == 303
    assert room.keys.principal_of_token(secret) is None
    assert pages.post("/access/users", data={"do": "disable", "name": "ann"}).status_code == 303
    assert [one.state for one in asyncio.run(room.people.listed())] == ["disabled"]
    assert pages.post("/access/users", data={"do": "remove", "name": "ann"}).status_code == 303
    for path in ("/access/groups", "/access/service-accounts"):
        assert pages.post(path, data={"do": "remove", "name": "search-one"}).status_code == 303
    assert "search-one" not in pages.get("/access").text.partition('aria-label="People"')[2]


def test_one_s_own_page_switches_the_group_and_changes_the_password(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    room = AccessRoom.of(state, clock)
    for group in ("search", "vision"):
        grant = Grant(Role.READ, None, (RowRule("team", frozenset({group})),))
        asyncio.run(room.groups.put(group, grant))
    asyncio.run(room.people.create("ann", "correct horse battery", None, ["search", "vision"]))

    def principal() -> Principal:
        session = asyncio.run(room.people.sign_in("ann", "correct horse battery", 1 << 31))
        assert session is not None
        found = room.keys.principal_of_session(session)
        assert found is not None
        return found

    shown = replace(nothing, keys=room.keys, access=room)
    pages = open_pages(shown, principal())
    assert "Act as vision" in pages.get("/settings").text
    assert "role read, sees team search" in pages.get("/me").text
    assert pages.post("/me/group", data={"group": "vision"}).status_code == 303
    pages = open_pages(shown, principal())
    assert "role read, sees team vision" in pages.get("/me").text
    assert pages.post("/me/group", data={"group": "root"}).status_code == 400
    wrong = {"old": "no", "password": "another long one", "again": "another long one"}
    assert "the old one is another" in pages.post("/me/password", data=wrong).text
    typed = {"old": "correct horse battery", "password": "another long one", "again": "another"}
    assert "typed in two ways" in pages.post("/me/password", data=typed).text
    right = {**typed, "again": "another long one"}
    assert pages.post("/me/password", data=right).headers["location"] == "/login"
    assert asyncio.run(room.people.sign_in("ann", "another long one", 1 << 31)) is not None


def test_who_is_locked_out_is_shown_and_let_try_again(
    nothing: WebState, open_pages: Open, state: State, clock: ManualClock
) -> None:
    room = AccessRoom.of(state, clock)
    for _ in range(10):
        asyncio.run(room.lockout.begin("mallory", "192.0.2.1"))
    shown = replace(nothing, keys=room.keys, access=room)
    pages = open_pages(shown)
    room.refusals.note(Refused("rest", 401, "", "198.51.100.7"), "/rest/v1/<b>")
    asyncio.run(room.refusals.save())
    assert "mallory" in pages.get("/access").text
    assert "/rest/v1/&lt;b&gt;" in pages.get("/access").text
    assert "198.51.100.7" not in open_pages(shown, TENANT).get("/access").text
    bound = open_pages(shown, TENANT)
    assert "mallory" not in bound.get("/access").text
    assert bound.post("/access/unlock", data={"subject": "mallory"}).status_code == 403
    assert pages.post("/access/unlock", data={"subject": "mallory"}).status_code == 303
    assert "mallory" not in pages.get("/access").text
