"""Keys over REST: made with the secret once, listed without, revoked; for admins only."""

import asyncio

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab.access.principal import Role

PATH = "/rest/v1/keys"


def bearer(api: Api, role: Role, account: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {asyncio.run(api.keys.create_token(role, role, account)).secret}"}


def test_an_aws_key_is_made_for_the_servers_account(api: Api) -> None:
    answer = api.client.post(PATH, json={"name": "ci"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["kind"], made["role"], made["account"], len(made["secret"])) == ("aws", "write", "123456789012", 40)
    known = api.keys.secret_of(made["id"])
    assert known is not None
    assert known.secret == made["secret"]


def test_a_token_opens_the_api_with_its_role_until_it_is_revoked(api: Api) -> None:
    made = api.client.post(PATH, json={"name": "grafana", "kind": "token", "role": "read"}).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 200
    revoked = api.client.delete(f"{PATH}/{made['id']}").json()
    assert revoked["revoked_ms"] == api.clock.now_ms()
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 401
    assert api.client.delete(f"{PATH}/{made['id']}").json()["error"]["code"] == "conflict"
    assert api.client.delete(f"{PATH}/none").json()["error"]["code"] == "not_found"


def test_a_listing_never_holds_a_secret(api: Api) -> None:
    made = api.client.post(PATH, json={"name": "ci"}).json()
    answer = api.client.get(PATH)
    assert [key["id"] for key in answer.json()["keys"]] == [made["id"]]
    assert made["secret"] not in answer.text


@pytest.mark.parametrize("role", [Role.READ, Role.WRITE])
def test_only_an_admin_touches_keys(api: Api, role: Role) -> None:
    headers = bearer(api, role)
    assert api.guarded.get(PATH, headers=headers).status_code == 403
    assert api.guarded.post(PATH, json={"name": "x"}, headers=headers).status_code == 403
    assert api.guarded.delete(f"{PATH}/x", headers=headers).status_code == 403
    assert api.guarded.get(PATH, headers=bearer(api, Role.ADMIN)).status_code == 200


def test_a_bound_admin_stays_in_its_account(api: Api) -> None:
    other = api.client.post(PATH, json={"name": "other", "kind": "token", "role": "admin"}).json()
    headers = bearer(api, Role.ADMIN, "210987654321")
    made = api.guarded.post(PATH, json={"name": "mine", "kind": "token"}, headers=headers).json()
    assert made["account"] == "210987654321"
    refused = api.guarded.post(PATH, json={"name": "x", "account": "123456789012"}, headers=headers)
    assert refused.json()["error"]["code"] == "access_denied"
    names = {key["name"] for key in api.guarded.get(PATH, headers=headers).json()["keys"]}
    assert names == {"admin", "mine"}
    assert api.guarded.delete(f"{PATH}/{other['id']}", headers=headers).json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": ""}, "name"), ({"name": "\n"}, "name"), ({"name": "x", "role": "root"}, "role"),
     ({"name": "x", "account": "1"}, "account"), ({"name": "x", "kind": "ssh"}, "kind")],
)  # fmt: skip
def test_a_wrong_key_is_refused_with_the_field(api: Api, body: dict[str, str], field: str) -> None:
    answer = api.client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_an_admin_of_a_team_makes_lists_and_revokes_keys_of_that_team_only(api: Api) -> None:
    whole = api.client.post(PATH, json={"name": "whole", "kind": "token", "role": "admin"}).json()
    vision = api.client.post(PATH, json={"name": "v", "kind": "token", "teams": ["vision"]}).json()
    asked = {"name": "lead", "kind": "token", "role": "admin", "teams": ["search"], "tags": {"env": ["prod", "test"]}}
    lead = api.client.post(PATH, json=asked).json()
    assert (lead["teams"], lead["tags"]) == (["search"], {"env": ["prod", "test"]})
    headers = {"Authorization": f"Bearer {lead['secret']}"}

    def make(**fields: object) -> tuple[int, dict[str, object]]:
        answer = api.guarded.post(PATH, json={"name": "x", "kind": "token", **fields}, headers=headers)
        return answer.status_code, answer.json()

    status, mine = make(tags={"env": ["test"]})
    assert (status, mine["teams"], mine["tags"]) == (201, ["search"], {"env": ["test"]})
    status, aws = make(kind="aws")
    assert (status, aws["teams"], aws["tags"]) == (201, ["search"], {"env": ["prod", "test"]})
    for wider in ({"teams": ["vision"]}, {"teams": ["search", "vision"]}, {"tags": {"team": ["vision"]}},
                  {"tags": {"env": ["dev"]}}):  # fmt: skip
        assert make(**wider)[0] == 403
    listed = {key["id"] for key in api.guarded.get(PATH, headers=headers).json()["keys"]}
    assert listed == {lead["id"], mine["id"], aws["id"]}
    for other in (whole, vision):
        assert api.guarded.delete(f"{PATH}/{other['id']}", headers=headers).status_code == 404
    assert api.guarded.delete(f"{PATH}/{aws['id']}", headers=headers).status_code == 200


def test_a_key_ends_and_is_rotated_over_rest(api: Api) -> None:
    ends = api.clock.now_ms() + 3_600_000
    old = api.client.post(PATH, json={"name": "t", "kind": "token", "role": "read", "expires_ms": ends}).json()
    headers = {"Authorization": f"Bearer {old['secret']}"}
    answer = api.client.post(f"{PATH}/{old['id']}/rotate", json={"overlap_s": 60})
    assert answer.status_code == 201
    new = answer.json()
    assert new["expires_ms"] == ends
    listed = {key["id"]: key for key in api.client.get(PATH).json()["keys"]}
    assert listed[old["id"]]["replaced_by"] == new["id"]
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 200
    api.clock.advance(60)
    assert api.guarded.get("/rest/v1/settings", headers=headers).status_code == 401
    fresh = {"Authorization": f"Bearer {new['secret']}"}
    assert api.guarded.get("/rest/v1/settings", headers=fresh).status_code == 200
    assert api.client.post(f"{PATH}/{old['id']}/rotate", json={}).status_code == 409
    late = {"name": "t", "kind": "token", "expires_ms": api.clock.now_ms()}
    assert api.client.post(PATH, json=late).json()["error"]["field"] == "expires_ms"


def test_an_admin_of_a_team_rotates_no_wider_key(api: Api) -> None:
    whole = api.client.post(PATH, json={"name": "w", "kind": "token", "role": "read"}).json()
    lead = api.client.post(PATH, json={"name": "l", "kind": "token", "role": "admin", "teams": ["search"]}).json()
    headers = {"Authorization": f"Bearer {lead['secret']}"}
    assert api.guarded.post(f"{PATH}/{whole['id']}/rotate", json={}, headers=headers).status_code == 404
