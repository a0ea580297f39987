"""The endpoints about the server itself, and what every endpoint does alike."""

import asyncio

import pytest
from tests.unit.doors.rest.conftest import Api

from trimtab import __version__
from trimtab.access.principal import Role
from trimtab.base.errors import Unavailable
from trimtab.doors.rest import admin, health


def test_alive_says_what_and_when(api: Api) -> None:
    assert api.client.get("/healthz").json() == {
        "status": "ok",
        "name": "trimtab",
        "version": __version__,
        "time_ms": api.clock.now_ms(),
        "auth_required": False,
    }
    assert api.guarded.get("/healthz").status_code == 200


def test_ready_needs_every_part_and_names_the_one_that_fails(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def works() -> None:
        return

    async def fails() -> None:
        raise Unavailable("the engine restarts")

    async def hangs() -> None:
        await asyncio.Event().wait()

    api.checks.update(state=works)
    assert api.client.get("/readyz").json() == {"ready": True, "checks": [{"name": "state", "ok": True, "detail": ""}]}
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.01)
    api.checks.update(engine=fails, log=hangs)
    answer = api.guarded.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][1:] == [
        {"name": "engine", "ok": False, "detail": "the engine restarts"},
        {"name": "log", "ok": False, "detail": "no answer within 0.01 s"},
    ]


def test_own_metrics_are_prometheus_text(api: Api) -> None:
    answer = api.client.get("/metrics")
    assert answer.text == "trimtab_up 1\ntrimtab_whole 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert api.guarded.get("/metrics").status_code == 401


@pytest.mark.parametrize(("account", "whole"), [(None, 1), ("123456789012", 0)])
def test_what_owners_cost_is_told_to_whom_sees_everything(api: Api, account: str | None, whole: int) -> None:
    token = asyncio.run(api.keys.create_token("scraper", Role.READ, account)).secret
    answer = api.guarded.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.text == f"trimtab_up 1\ntrimtab_whole {whole}\n"


def test_settings_and_hosts_are_listed(api: Api) -> None:
    (setting,) = api.client.get("/rest/v1/settings").json()["settings"]
    assert setting == {"name": "TRIMTAB_X", "value": "1", "default": "0", "help": "An x.", "source": "environment"}
    (host,) = api.client.get("/rest/v1/hosts").json()["hosts"]
    assert (host["name"], host["up"], host["cpu"], host["memory"]) == ("a", True, 0.25, None)


def test_sources_and_rejections_are_listed_within_the_scope(api: Api) -> None:
    api.ledger.accepted("otlp", "sdk", "123456789012", "us-east-1", 10, 1000)
    api.ledger.rejected("rest", "tool", "210987654321", "us-east-1", "expected a time", "n/a", 2)
    both = api.client.get("/rest/v1/sources").json()
    assert {(source["door"], source["rows"], source["rejected"]) for source in both["sources"]} == {
        ("otlp", 10, 0),
        ("rest", 0, 2),
    }
    assert [row["reason"] for row in both["rejections"]] == ["expected a time"]
    assert api.client.get("/rest/v1/sources", params={"rejections": 0}).json()["rejections"] == []
    token = api.client.post("/rest/v1/keys", json={"name": "t", "kind": "token", "account": "123456789012"}).json()
    own = api.guarded.get("/rest/v1/sources", headers={"Authorization": f"Bearer {token['secret']}"}).json()
    assert [source["door"] for source in own["sources"]] == ["otlp"]
    assert own["rejections"] == []


def test_reset_wipes_where_it_is_allowed(api: Api) -> None:
    assert api.client.post("/rest/v1/admin/reset").json() == {"reset": True}
    assert api.wiped == [True]
    (operation,) = admin.operations(None)
    assert "TRIMTAB_ALLOW_RESET" in operation.summary


@pytest.mark.parametrize("path", ["/rest/", "/rest/v1", "/rest/v1/none", "/rest/v1/metrics/", "/rest/v1/keys/a/b"])
def test_an_unknown_path_under_rest_is_told_so(api: Api, path: str) -> None:
    answer = api.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_method_that_a_path_does_not_have_is_told_which_it_has(api: Api) -> None:
    answer = api.client.request("PATCH", "/rest/v1/keys")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert api.client.request("HEAD", "/rest/v1/keys").status_code == 200


def test_an_endpoint_checks_the_role_itself(api: Api) -> None:
    made = api.client.post("/rest/v1/keys", json={"name": "t", "kind": "token", "role": "read"}).json()
    answer = api.guarded.get("/rest/v1/keys", headers={"Authorization": f"Bearer {made['secret']}"})
    assert answer.status_code == 403
