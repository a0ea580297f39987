"""A live server that asks for credentials: roles, sessions, keys made while it does not run, and foreign sites."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from patience import until
from shared_servers import SharedServers
from trimtab.base.errors import AccessDenied, Unauthenticated
from trimtab.client import wire
from trimtab.client.api import Client


def cli(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TRIMTAB_")},
        "TRIMTAB_DATA_DIR": str(data_dir),
        "TRIMTAB_HTTP_ADDR": "127.0.0.1:1",
        "TRIMTAB_OTLP_HTTP_ADDR": "off",
        **settings,
    }
    command = [sys.executable, "-m", "trimtab", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def guarded(shared_servers: SharedServers) -> tuple[LiveServer, str]:
    """A server that needs credentials, and an admin's token that was made before it ran."""
    live = shared_servers.server("guarded", "tests/wire/rest/test_access.py")
    return live, shared_servers.admin


def test_a_key_made_offline_opens_the_server_and_others_do_not(guarded: tuple[LiveServer, str]) -> None:
    server, token = guarded
    with Client(server.url) as stranger:
        assert stranger.health().auth_required
        with pytest.raises(Unauthenticated, match="trimtab keys create"):
            stranger.settings()
    with Client(server.url, token) as admin:
        reader = admin.create_key(wire.CreateKey(name="reader", kind="token", role="read"))
        with Client(server.url, reader.secret) as trimtab:
            assert trimtab.metrics(namespace="n").series == []
            with pytest.raises(AccessDenied, match="needs write"):
                trimtab.put("n", [wire.Datum(name="a", value=1)])
            admin.revoke_key(reader.id)
            with pytest.raises(Unauthenticated):
                trimtab.metrics()


def test_the_command_line_uses_the_token_of_its_settings(guarded: tuple[LiveServer, str], tmp_path: Path) -> None:
    server, token = guarded
    refused = cli(tmp_path, "keys", "list", TRIMTAB_URL=server.url)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert cli(tmp_path, "keys", "list", TRIMTAB_URL=server.url, TRIMTAB_TOKEN=token).returncode == 0
    checked = cli(tmp_path, "doctor", "--json", TRIMTAB_URL=server.url, TRIMTAB_TOKEN=token)
    verdicts = {row["check"]: row["verdict"] for row in json.loads(checked.stdout)}
    assert {verdicts[part] for part in ("server", "clock", "engine", "state", "log")} == {"ok"}
    assert "<access key id>" in cli(tmp_path, "env", TRIMTAB_URL=server.url, TRIMTAB_TOKEN=token).stdout


def test_a_key_made_beside_the_running_server_counts_within_a_second(guarded: tuple[LiveServer, str]) -> None:
    server, _ = guarded
    made = json.loads(cli(server.data_dir, "keys", "create", "--kind", "token", "--role", "read", "--json").stdout)
    with Client(server.url, made["secret"]) as trimtab:
        assert trimtab.metrics().next is None


def test_prometheus_may_scrape_with_basic_auth(guarded: tuple[LiveServer, str]) -> None:
    server, token = guarded
    assert httpx.get(f"{server.url}/metrics", auth=("prometheus", token)).text.startswith("# HELP")
    assert httpx.get(f"{server.url}/metrics").status_code == 401
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_browser_signs_in_once(guarded: tuple[LiveServer, str]) -> None:
    server, token = guarded
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html"}, follow_redirects=True) as browser:
        assert "Access token" in browser.get("/").text
        assert browser.post("/login", data={"token": "wrong"}).status_code == 401
        page = browser.post("/login", data={"token": token, "next": "/"})
        assert page.status_code == 200
        assert "Access token" not in page.text
        assert token not in str(browser.cookies.jar)


def test_a_page_of_another_site_drives_nothing(server: LiveServer) -> None:
    body = {"namespace": "n", "metrics": [{"name": "a", "value": 1}]}
    foreign = httpx.post(f"{server.url}/rest/v1/metrics", json=body, headers={"Origin": "http://evil.example"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "cross_origin")
    rebound = httpx.get(f"{server.url}/rest/v1/metrics", headers={"Host": "evil.example:4750"})
    assert (rebound.status_code, rebound.json()["error"]["code"]) == (403, "host_not_allowed")
    aws = httpx.post(
        f"{server.url}/",
        content=b"{}",
        headers={"X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics", "Origin": "http://evil.example"},
    )
    assert (aws.status_code, aws.json()["__type"]) == (403, "AccessDeniedException")


RANKS = ("finance", "read", "write", "admin")


def test_every_operation_asks_for_the_role_that_it_documents(guarded: tuple[LiveServer, str]) -> None:
    server, token = guarded
    with Client(server.url, token) as admin:
        tokens = {
            role: admin.create_key(wire.CreateKey(name=role, kind="token", role=role)).secret for role in RANKS[:3]
        } | {"admin": token}
    wrong, asked = [], 0
    with httpx.Client(base_url=server.url, timeout=120) as client:
        paths = client.get("/rest/openapi.json", headers=bearer(token)).json()["paths"]
        for path, methods in paths.items():
            for method, told in methods.items():
                role = told.get("description", "Needs role finance.").removeprefix("Needs role ").rstrip(".")
                below = RANKS[RANKS.index(role) - 1] if role != "finance" else None
                for who in (role, below):
                    if who is None or (who == role and not harmless(method, path, role, told)):
                        continue
                    asked += 1
                    answer = client.request(method, path.replace("{", "").replace("}", ""), headers=bearer(tokens[who]))
                    refused = answer.status_code == 403 and "needs" in answer.text
                    if refused is (who == role):
                        wrong.append(f"{who} {method} {path}: {answer.status_code} {answer.text[:90]}")
    assert asked > 450
    assert wrong == []


def harmless(method: str, path: str, role: str, told: dict[str, Any]) -> bool:
    """Whether a request without a body changes nothing and does no long work."""
    return method == "get" or role in ("finance", "read") or "requestBody" in told


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/costs", "/budgets.json", "/savings.csv", "/datasets", "/reports", "/unit-costs"])
def test_finance_sees_every_page_of_money(guarded: tuple[LiveServer, str], path: str) -> None:
    server, token = guarded
    with Client(server.url, token) as admin:
        finance = admin.create_key(wire.CreateKey(name="payer", kind="token", role="finance")).secret
    assert httpx.get(f"{server.url}{path}", headers=bearer(finance), timeout=120).status_code == 200
    assert httpx.get(f"{server.url}/hosts", headers=bearer(finance), timeout=120).status_code == 403


def test_every_door_counts_whom_it_refused(guarded: tuple[LiveServer, str]) -> None:
    server, token = guarded
    with Client(server.url, token) as admin:
        reader = admin.create_key(wire.CreateKey(name="curious", kind="token", role="read")).secret
    wrong, target = bearer("tt_wrong"), {"X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics"}
    signed = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/monitoring/aws4_request, " \
             "SignedHeaders=host, Signature=0"  # fmt: skip
    for _ in range(3):
        assert httpx.get(f"{server.url}/rest/v1/metrics", headers=wrong).status_code == 401
        assert httpx.get(f"{server.url}/rest/v1/keys", headers=bearer(reader)).status_code == 403
        assert httpx.post(f"{server.url}/v1/metrics", headers=wrong, content=b"").status_code == 401
        assert httpx.get(f"{server.url}/api/v1/query", headers=wrong).status_code == 401
        assert httpx.post(f"{server.url}/login", data={"token": "x"}).status_code == 401
        answer = httpx.post(server.url, headers={**target, "Authorization": signed}, content=b"{}")
        assert answer.status_code in (400, 403)
        assert httpx.post(server.url, headers=target, content=b"{}").status_code == 403

    def counted() -> dict[tuple[str, int, str], int]:
        found = httpx.get(f"{server.url}/rest/v1/access/refusals", headers=bearer(token)).json()["refusals"]
        return {(one["door"], one["status"], one["who"]): one["count"] for one in found}

    expected = {("rest", 401, ""), ("rest", 403, "curious"), ("otlp", 401, ""), ("prometheus", 401, ""),
                ("pages", 401, "anonymous"), ("aws", 403, "")}  # fmt: skip
    until(lambda: all(counted().get(key, 0) >= 3 for key in expected), "the refusals are not saved")
    assert "curious" in httpx.get(f"{server.url}/access", headers=bearer(token)).text
