"""Objectives of service levels on real spans: by the command line, REST, the page and Application Signals' client."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest

from live_server import LiveServer
from patience import until
from trimtab.__main__ import run

pytestmark = pytest.mark.wire

MS = 1_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Shop:
    """A service with a name of its own: of 40 requests four failed and ten took 300 ms, the others 50."""

    def __init__(self, url: str) -> None:
        self.url, self.name = url, f"shop-{uuid.uuid4().hex[:8]}"
        now_ms = int(time.time() * 1000)
        spans = [self._span(now_ms - 300_000 - 1000 * at, at) for at in range(40)]
        resource = {"attributes": [said("service.name", self.name), said("deployment.environment.name", "prod")]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        httpx.post(f"{url}/v1/traces", json=body, timeout=30).raise_for_status()

    def _span(self, at_ms: int, number: int) -> dict[str, Any]:
        took = 300 if number < 10 else 50
        failed = number % 10 == 0
        span = {
            "traceId": uuid.uuid4().hex, "spanId": "a" * 16, "name": "GET /cart" if number % 2 else "GET /", "kind": 2,
            "startTimeUnixNano": str(at_ms * MS), "endTimeUnixNano": str((at_ms + took) * MS),
            "attributes": [{"key": "http.response.status_code", "value": {"intValue": 500 if failed else 200}}],
        }  # fmt: skip
        return {**span, "status": {"code": 2}} if failed else span


def said(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


@pytest.fixture(scope="module")
def shop(server: LiveServer) -> Shop:
    return Shop(server.url)


def settled(ask: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """What is told once that holds: spans are readable a moment after they were taken."""

    def held() -> tuple[Any] | None:
        found = ask()
        return (found,) if holds(found) else None

    found = until(held, "it holds")
    assert found is not None
    return found[0]


def test_requests_of_a_service_count_against_what_is_promised(
    server: LiveServer, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"answered {shop.name}"

    def cli(*words: str) -> str:
        assert 0 == run([*words, "--url", server.url]), capsys.readouterr().err
        return capsys.readouterr().out

    cli("objectives", "put", name, "--service", shop.name, "--goal", "80", "--days", "1")
    told = settled(lambda: json.loads(cli("objectives", "show", name, "--json")), lambda one: one["total"] >= 40)
    assert (told["total"], told["bad"], told["unit"]) == (40, 4, "requests")
    assert (told["attainment"], told["left"], told["status"]) == (pytest.approx(90), pytest.approx(4), "OK")
    assert {one["minutes"]: one["rate"] for one in told["burn_rates"]} == pytest.approx({60: 0.5, 360: 0.5})
    assert "4 bad of 40" in cli("objectives", "show", name)
    assert name in cli("objectives", "list")
    listed = httpx.get(f"{server.url}/rest/v1/objectives", timeout=60).raise_for_status().json()["objectives"]
    assert name in {one["name"] for one in listed}
    slow = f"quick {shop.name}"
    cli(
        "objectives",
        "put",
        slow,
        "--service",
        shop.name,
        "--operation",
        "GET /cart",
        "--latency-ms",
        "100",
        "--goal",
        "80",
    )
    quick = httpx.get(f"{server.url}/rest/v1/objectives/{slow}", timeout=60).raise_for_status().json()
    assert (quick["total"], quick["bad"], quick["status"]) == (20, 5, "BREACHED")
    assert "does not count" in cli(
        "objectives", "exclude", name, "--hours", "1", "--schedule", "cron(0 2 ? * SUN *)", "--reason", "x"
    )
    excluded = {"add": [{"Window": {"DurationUnit": "HOUR", "Duration": 2}, "StartTime": told["end_ms"] - 7_200_000}]}
    path = f"{server.url}/rest/v1/objectives/{name}/exclusions"
    nothing = httpx.post(path, json=excluded, timeout=60).raise_for_status().json()
    assert (nothing["total"], nothing["status"], len(nothing["exclusions"])) == (0, "INSUFFICIENT_DATA", 2)
    assert httpx.post(path, json={"add": [{"Window": 1}]}, timeout=60).status_code == 400
    assert f"deleted {name}" in cli("objectives", "delete", name)
    assert httpx.get(f"{server.url}/rest/v1/objectives/{name}", timeout=60).status_code == 404


def test_the_page_has_those_with_the_least_left_first_and_makes_one(server: LiveServer, shop: Shop) -> None:
    with httpx.Client(base_url=server.url, timeout=60, headers={"Accept": "text/html"}) as pages:
        body = f"name=page {shop.name}&service={shop.name}&latency=100&goal=90&days=1"
        assert pages.post("/objectives/act", content=body, headers=FORM).status_code == 303
        text = pages.get("/objectives").text
        assert f"page {shop.name}" in text

        def counted() -> list[dict[str, Any]]:
            rows = pages.get("/objectives.json").json()["objectives"]
            [mine] = [one for one in rows if one["name"] == f"page {shop.name}"]
            return rows if mine["status"] != "INSUFFICIENT_DATA" else []

        rows = until(counted, "the spans are counted")
        [mine] = [one for one in rows if one["name"] == f"page {shop.name}"]
        assert (mine["promised"], mine["status"]) == (90, "BREACHED")
        shares = [one["left_share"] for one in rows if one["left_share"] is not None]
        assert shares == sorted(shares)
        assert pages.get("/objectives.csv").text.startswith("name,status,promised")
        assert pages.post("/objectives/act", content="name=x&service=", headers=FORM).status_code == 400
        pages.post("/objectives/act", content=f"do=delete&name=page {shop.name}", headers=FORM)
        assert f"page {shop.name}" not in pages.get("/objectives").text


def test_application_signals_finds_the_service_and_reports_the_same_budget(server: LiveServer, shop: Shop) -> None:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    api = boto3.client("application-signals", endpoint_url=server.url, **keys)
    now_s = time.time()
    window = {"StartTime": now_s - 3600, "EndTime": now_s + 60}
    service = {"Type": "Service", "Name": shop.name, "Environment": "prod"}
    settled(
        lambda: [one["KeyAttributes"] for one in api.list_services(**window)["ServiceSummaries"]],
        lambda found: service in found,
    )
    named = api.list_service_operations(KeyAttributes=service, **window)["ServiceOperations"]
    assert {one["Name"] for one in named} == {"GET /", "GET /cart"}
    each = {"KeyAttributes": service, "MetricType": "LATENCY", "Statistic": "p50", "PeriodSeconds": 60}
    api.create_service_level_objective(
        Name=f"median {shop.name}",
        SliConfig={"SliMetricConfig": each, "MetricThreshold": 100.0, "ComparisonOperator": "LessThan"},
        Goal={"Interval": {"RollingInterval": {"DurationUnit": "HOUR", "Duration": 1}}, "AttainmentGoal": 50.0},
    )
    asked = {"Timestamp": time.time(), "SloIds": [f"median {shop.name}"]}
    [report] = api.batch_get_service_level_objective_budget_report(**asked)["Reports"]
    shown = httpx.get(f"{server.url}/rest/v1/objectives/median {shop.name}", timeout=60).json()
    assert (report["EvaluationType"], report["TotalBudgetSeconds"]) == ("PeriodBased", 1800)
    assert report["BudgetSecondsRemaining"] == 1800 - 60 * shown["bad"]
    assert 0 < shown["total"] <= 3
    wrong = {**service, "Environment": "other"}
    assert api.list_service_operations(KeyAttributes=wrong, **window)["ServiceOperations"] == []
    api.delete_service_level_objective(Id=f"median {shop.name}")


def test_a_canary_checks_the_server_that_runs_it(server: LiveServer) -> None:
    """A canary of the AWS door, run by the server's own job."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    api = boto3.client("synthetics", endpoint_url=server.url, **keys)
    name, kept = f"self-{uuid.uuid4().hex[:8]}", io.BytesIO()
    steps = {"1": {"stepName": "health", "checkerType": "HTTP", "url": "https://127.0.0.1:1/"}}
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("blueprint-config.json", json.dumps({"steps": steps}))
    api.create_canary(
        Name=name, Code={"ZipFile": kept.getvalue()}, ArtifactS3Location="s3://none/x", RuntimeVersion="syn-nodejs-3.0",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/x", Schedule={"Expression": "rate(0 minute)"},
    )  # fmt: skip
    api.start_canary(Name=name)
    runs = until(lambda: api.get_canary_runs(Name=name)["CanaryRuns"], "the canary runs")
    assert runs[0]["Status"]["State"] == "FAILED"
    assert "connection" in runs[0]["Status"]["StateReason"]
    api.delete_canary(Name=name)
