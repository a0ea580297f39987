"""Canaries of a shop on this machine: by the command line, REST and the page."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from tests.unit.notify.receiver import Receiver, receiving

from live_server import LiveServer
from patience import until
from trimtab.__main__ import run

pytestmark = pytest.mark.wire
FORM = {"content-type": "application/x-www-form-urlencoded"}
Cli = Callable[..., str]


@pytest.fixture
def cli(server: LiveServer, capsys: pytest.CaptureFixture[str]) -> Cli:
    def ask(*words: str) -> str:
        assert 0 == run([*words, "--url", server.url]), capsys.readouterr().err
        return capsys.readouterr().out

    return ask


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def name() -> str:
    return f"shop-{uuid.uuid4().hex[:8]}"


def rest(server: LiveServer, verb: str, path: str, body: Any = None) -> httpx.Response:
    return httpx.request(verb, f"{server.url}/rest/v1/canaries/{path}", json=body, timeout=60)


def test_the_command_line_makes_runs_shows_stops_and_deletes_one(
    server: LiveServer, cli: Cli, name: str, shop: Receiver
) -> None:
    made = json.loads(cli("canaries", "put", name, "--check", f"{shop.url}/health", "--retries", "1", "--json"))
    assert ("READY", None, [], "rate(5 minutes)") == tuple(
        made[member] for member in ("state", "passed_share", "runs", "schedule")
    )
    assert "RUNNING" == json.loads(cli("canaries", "start", name, "--json"))["state"]
    runs = until(lambda: json.loads(cli("canaries", "show", name, "--json"))["runs"], "the canary ran")
    assert (True, "", 200, "1") == (
        runs[0]["passed"], runs[0]["reason"], runs[0]["steps"][0]["status"], runs[0]["steps"][0]["name"],
    )  # fmt: skip
    assert "passed 100 % of 1 runs" in cli("canaries", "show", name)
    assert name in cli("canaries", "list")
    assert name in cli("canaries", "list", "--json")
    assert name in httpx.get(f"{server.url}/rest/v1/canaries", timeout=60).text
    stopped = json.loads(cli("canaries", "stop", name, "--json"))
    assert ("STOPPED", None) == (stopped["state"], stopped["next_ms"])
    assert f"deleted {name}" in cli("canaries", "delete", name)
    assert 404 == rest(server, "GET", name).status_code


def test_a_blueprint_of_a_file_fails_where_an_assertion_does_and_synthetics_sees_the_same(
    server: LiveServer, cli: Cli, name: str, shop: Receiver, tmp_path: Path
) -> None:
    says = {"type": "BODY", "operator": "CONTAINS", "value": "nobody says this"}
    step = {"stepName": "health", "checkerType": "HTTP", "url": f"{shop.url}/health", "assertions": [says]}
    file = tmp_path / "blueprint.json"
    file.write_text(json.dumps({"steps": {"1": step}}))
    cli("canaries", "put", name, "--file", str(file), "--schedule", "rate(0 minute)")
    cli("canaries", "start", name)
    shown = until(lambda: (one := rest(server, "GET", name).json())["runs"] and one, "the canary ran")
    assert (0.0, False) == (shown["passed_share"], shown["runs"][0]["passed"])
    assert shown["runs"][0]["reason"].startswith("health: ")
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    api = boto3.client("synthetics", endpoint_url=server.url, **keys)
    assert "STOPPED" == api.get_canary(Name=name)["Canary"]["Status"]["State"] == shown["state"]  # it runs once
    assert shown["runs"][0]["id"] == api.get_canary_runs(Name=name)["CanaryRuns"][0]["Id"]
    rows = httpx.get(f"{server.url}/canaries.json", timeout=60).json()["canaries"]
    assert (name, False) in [(one["name"], one["passed"]) for one in rows]
    failed = [one["passed"] is False for one in rows]
    assert failed == sorted(failed, reverse=True)  # those that fail come first
    changed = rest(server, "PUT", name, {"blueprint": {"steps": {"1": {**step, "assertions": []}}}}).json()
    assert ("rate(5 minutes)", []) == (changed["schedule"], changed["blueprint"]["steps"]["1"]["assertions"])
    assert 200 == rest(server, "DELETE", name).status_code


def test_what_cannot_be_is_refused(server: LiveServer, name: str) -> None:
    wrong = rest(server, "PUT", name, {"blueprint": {"steps": {"1": {"checkerType": "SCRIPT"}}}})
    assert (400, True) == (wrong.status_code, "checkerType" in wrong.text)
    assert 404 == rest(server, "POST", f"{name}/start").status_code
    step = {"checkerType": "TCP", "hostname": "127.0.0.1", "port": 1}
    assert 400 == rest(server, "PUT", name, {"blueprint": {"steps": {"1": step}}, "schedule": "rate(9 x)"}).status_code
    long = rest(server, "PUT", "a" * 256, {"blueprint": {"steps": {"1": step}}})
    assert (400, True) == (long.status_code, "1 to 255 characters" in long.text)
    assert 404 == rest(server, "GET", name).status_code
    assert 200 == rest(server, "PUT", name, {"blueprint": {"steps": {"1": step}}}).status_code
    assert 409 == rest(server, "POST", f"{name}/stop").status_code
    assert 200 == rest(server, "POST", f"{name}/start").status_code
    assert (409, 409) == (rest(server, "POST", f"{name}/start").status_code, rest(server, "DELETE", name).status_code)
    assert 200 == rest(server, "POST", f"{name}/stop").status_code
    assert 200 == rest(server, "DELETE", name).status_code


def test_the_page_makes_one_that_runs_at_once_and_stops_and_deletes_it(
    server: LiveServer, name: str, shop: Receiver
) -> None:
    with httpx.Client(base_url=server.url, timeout=60, headers={"Accept": "text/html"}) as pages:
        port = shop.url.rpartition(":")[2]
        body = f"name={name}&checker=TCP&where=127.0.0.1:{port}&schedule=rate(1 hour)"
        assert pages.post("/canaries/act", content=body, headers=FORM).status_code == 303
        until(lambda: rest(server, "GET", name).json()["runs"], "the canary ran")
        text = pages.get("/canaries").text
        assert name in text
        assert "passed" in text
        assert pages.get("/canaries.csv").text.startswith("name,state,schedule,passed_share")
        assert pages.post("/canaries/act", content="name=&where=x", headers=FORM).status_code == 400
        pages.post("/canaries/act", content=f"do=stop&name={name}", headers=FORM)
        assert "does not run" in pages.get("/canaries").text
        pages.post("/canaries/act", content=f"do=start&name={name}", headers=FORM)
        assert "RUNNING" == rest(server, "GET", name).json()["state"]
        pages.post("/canaries/act", content=f"do=stop&name={name}", headers=FORM)
        pages.post("/canaries/act", content=f"do=delete&name={name}", headers=FORM)
        assert name not in pages.get("/canaries").text
