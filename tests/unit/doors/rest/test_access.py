"""Groups, service accounts and users over REST: made, switched and removed by administrators; everybody's own part."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.access.refusals import Refused

ROOT = "/rest/v1/access"
PASSWORD = "correct horse battery"


def lead(api: Api) -> dict[str, str]:
    asked = {"name": "lead", "kind": "token", "role": "admin", "teams": ["search"]}
    return {"Authorization": f"Bearer {api.client.post('/rest/v1/keys', json=asked).json()['secret']}"}


def session(api: Api, name: str) -> dict[str, str]:
    cookie = asyncio.run(api.access.people.sign_in(name, PASSWORD, 1 << 32))
    assert cookie is not None
    return {"Cookie": f"trimtab_session={cookie}"}


def put(api: Api, path: str, **body: Any) -> httpx.Response:
    return api.client.request("PUT", ROOT + path, json=body)


@pytest.mark.parametrize("words", ["groups", "service-accounts"])
def test_named_grants_are_put_listed_and_removed(api: Api, words: str) -> None:
    made = put(api, f"/{words}/a b", role="write", account="210987654321", teams=["x"], tags={"env": ["prod"]}).json()
    assert (made["name"], made["role"], made["account"], made["teams"]) == ("a b", "write", "210987654321", ["x"])
    assert put(api, f"/{words}/a b", role="read").json()["teams"] == []
    assert [one["role"] for one in api.client.get(f"{ROOT}/{words}").json()["items"]] == ["read"]
    assert api.client.delete(f"{ROOT}/{words}/a b").status_code == 200
    assert api.client.delete(f"{ROOT}/{words}/a b").status_code == 404
    assert put(api, f"/{words}/-odd", role="read").json()["error"]["field"] == "name"


def test_a_key_of_a_disabled_service_account_is_401(api: Api) -> None:
    put(api, "/service-accounts/ci", role="read")
    made = api.client.post("/rest/v1/keys", json={"name": "k", "kind": "token", "service_account": "ci"}).json()
    assert (made["role"], made["service_account"]) == ("read", "ci")
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 200
    assert api.client.post(f"{ROOT}/service-accounts/ci/disable").json()["disabled_ms"] == api.clock.now_ms()
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 401
    assert api.client.post(f"{ROOT}/service-accounts/ci/disable").status_code == 409
    assert api.client.post(f"{ROOT}/service-accounts/ci/enable").json()["disabled_ms"] is None
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 200
    bound = {"name": "k", "kind": "token", "service_account": "ci", "teams": ["search"]}
    assert api.client.post("/rest/v1/keys", json=bound).json()["error"]["field"] == "account"
    unknown = {"name": "k", "kind": "token", "service_account": "no"}
    assert api.client.post("/rest/v1/keys", json=unknown).status_code == 404


def test_users_sign_in_act_as_a_group_and_change_their_password(api: Api) -> None:
    put(api, "/groups/search", role="read", teams=["search"])
    put(api, "/groups/vision", role="write", teams=["vision"])
    user = {"name": "ann", "password": PASSWORD, "groups": ["search", "vision"]}
    assert api.client.post(f"{ROOT}/users", json=user).status_code == 201
    who = session(api, "ann")
    me = api.guarded.get("/rest/v1/me", headers=who).json()
    assert (me["name"], me["group"], me["groups"], me["role"], me["teams"]) == (
        "ann", "search", ["search", "vision"], "read", ["search"],
    )  # fmt: skip
    acting = api.guarded.request("PUT", "/rest/v1/me/group", json={"group": "vision"}, headers=who).json()
    assert (acting["role"], acting["teams"]) == ("write", ["vision"])
    assert api.guarded.get("/rest/v1/me", headers=who).json() == acting
    assert api.guarded.request("PUT", "/rest/v1/me/group", json={"group": "x"}, headers=who).status_code == 400
    wrong = {"old": "no", "password": "another long one"}
    assert api.guarded.request("PUT", "/rest/v1/me/password", json=wrong, headers=who).status_code == 401
    right = {"old": PASSWORD, "password": "another long one"}
    assert api.guarded.request("PUT", "/rest/v1/me/password", json=right, headers=who).status_code == 200
    assert api.guarded.get("/rest/v1/me", headers=who).status_code == 401
    listed = api.client.get(f"{ROOT}/users").json()["users"]
    assert [(one["name"], one["kind"], one["group"]) for one in listed] == [("ann", "user", "vision")]
    assert put(api, "/users/ann", role="finance").json()["groups"] == []
    assert put(api, "/users/ann", teams=["search"]).status_code == 409
    assert api.client.post(f"{ROOT}/users/ann/disable").json()["state"] == "disabled"
    assert api.client.post(f"{ROOT}/users/ann/enable").json()["state"] == "live"
    assert put(api, "/users/ann/password", password=PASSWORD).status_code == 200
    assert session(api, "ann")
    assert api.client.delete(f"{ROOT}/users/ann").status_code == 200
    assert api.client.get("/rest/v1/me").json()["name"] == "local"
    assert api.client.request("PUT", "/rest/v1/me/group", json={"group": ""}).status_code == 409


def test_an_admin_of_a_team_gives_nothing_wider_by_any_way(api: Api) -> None:
    headers = lead(api)
    put(api, "/service-accounts/whole", role="read")
    put(api, "/groups/whole", role="read")
    api.client.post(f"{ROOT}/users", json={"name": "root", "password": PASSWORD, "role": "admin"})

    def tried(method: str, path: str, body: dict[str, Any] | None = None) -> int:
        return api.guarded.request(method, path, json=body, headers=headers).status_code

    assert tried("PUT", f"{ROOT}/groups/mine", {"role": "read"}) == 200
    mine = {one["name"]: one for one in api.client.get(f"{ROOT}/groups").json()["items"]}["mine"]
    assert mine["teams"] == ["search"]
    assert tried("PUT", f"{ROOT}/groups/x", {"role": "read", "teams": ["vision"]}) == 403
    assert tried("PUT", f"{ROOT}/groups/whole", {"role": "read"}) == 403
    assert tried("DELETE", f"{ROOT}/groups/whole") == 404
    assert tried("POST", f"{ROOT}/service-accounts/whole/disable") == 404
    key = {"name": "x", "kind": "token", "service_account": "whole"}
    assert tried("POST", "/rest/v1/keys", key) == 404
    assert tried("POST", f"{ROOT}/users", {"name": "x", "password": PASSWORD, "groups": ["whole"]}) == 404
    assert tried("PUT", f"{ROOT}/users/root/password", {"password": "a password of mine"}) == 404
    assert tried("POST", f"{ROOT}/users/root/disable") == 404
    assert tried("POST", f"{ROOT}/users", {"name": "own", "password": PASSWORD, "role": "admin"}) == 201
    own = api.guarded.get("/rest/v1/me", headers=session(api, "own")).json()
    assert own["teams"] == ["search"]
    for path in ("groups", "service-accounts", "users"):
        assert "whole" not in api.guarded.get(f"{ROOT}/{path}", headers=headers).text
        assert "root" not in api.guarded.get(f"{ROOT}/{path}", headers=headers).text


def test_lockouts_are_seen_and_lifted_by_administrators_of_all(api: Api) -> None:
    for _ in range(10):
        asyncio.run(api.access.lockout.begin("ann", "192.0.2.1"))
    [one] = api.client.get(f"{ROOT}/lockouts").json()["lockouts"]
    assert (one["subject"], one["until_ms"]) == ("ann", api.clock.now_ms() + 30_000)
    headers = lead(api)
    assert api.guarded.get(f"{ROOT}/lockouts", headers=headers).status_code == 403
    unlock = {"subject": "ann"}
    assert api.guarded.post(f"{ROOT}/lockouts/unlock", json=unlock, headers=headers).status_code == 403
    assert api.client.post(f"{ROOT}/lockouts/unlock", json=unlock).status_code == 200
    assert api.client.post(f"{ROOT}/lockouts/unlock", json=unlock).status_code == 404


def test_what_was_refused_is_listed_for_administrators_of_all(api: Api) -> None:
    api.access.refusals.note(Refused("rest", 403, "eve", "192.0.2.1"), "/rest/v1/keys")
    asyncio.run(api.access.refusals.save())
    [one] = api.client.get(f"{ROOT}/refusals").json()["refusals"]
    assert (one["who"], one["count"], one["path"], one["last_ms"]) == ("eve", 1, "/rest/v1/keys", api.clock.now_ms())
    assert api.guarded.get(f"{ROOT}/refusals", headers=lead(api)).status_code == 403
