"""What one account puts, another account's key does not see: every operation that puts, every operation that lists."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from tests.wire.rest.test_access import bearer

from shared_servers import SharedServers
from trimtab.client import wire
from trimtab.client.api import Client

pytestmark = pytest.mark.wire
OWN, OTHER = "111111111111", "222222222222"
MARK = "zqx7mark"
"""In every name that the other account gives, and in none of trimtab's own."""
NOW_S = int(time.time())
DAY_MS = 86_400_000


ALARM = {"Namespace": MARK, "MetricName": MARK, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
         "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
BOARD = {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": MARK}}]}

PUTS: Mapping[str, tuple[str, Any]] = {
    "put /rest/v1/alarms/{name}": (MARK, {"definition": ALARM, "tags": {"team": MARK}}),
    "post /rest/v1/alertmanager": (
        "",
        {"alerts": [{"status": "firing", "labels": {"alertname": MARK}, "fingerprint": MARK}]},
    ),
    "put /rest/v1/anomaly-detectors": ("", {"namespace": MARK, "name": MARK}),
    "post /rest/v1/audit/events": (
        "",
        {
            "records": [
                {
                    "eventID": MARK,
                    "eventName": MARK,
                    "eventSource": "ec2.amazonaws.com",
                    "eventTime": "2026-11-01T00:00:00Z",
                    "recipientAccountId": OTHER,
                    "awsRegion": "us-east-1",
                    "eventVersion": "1.08",
                    "userIdentity": {"type": "Root", "accountId": OTHER},
                }
            ]
        },
    ),
    "post /rest/v1/batch-jobs": ("", {"id": MARK, "name": MARK, "status": "Completed", "started_ms": NOW_S * 1000}),
    "post /rest/v1/budgets": ("", {"name": MARK, "limit": "100"}),
    "post /rest/v1/channels": ("", {"name": MARK, "kind": "webhook", "endpoint": f"https://example.com/{MARK}"}),
    "post /rest/v1/costs/anomalies/monitors": ("", {"name": MARK, "dimension": "SERVICE"}),
    "put /rest/v1/costs/reports/{name}": (MARK, {"query": f"group=service&search={MARK}"}),
    "put /rest/v1/dashboards/{name}": (MARK, {"body": BOARD}),
    "put /rest/v1/datasets/{name}": (MARK, {"spec": {"title": MARK, "sources": [{"use": "audit"}], "range": "2d"}}),
    "put /rest/v1/analyses/{name}": (
        MARK,
        {"spec": {"title": MARK, "dataset": MARK, "visuals": [{"id": "v", "by": ["day"], "measures": ["count()"]}]}},
    ),
    "put /rest/v1/canaries/{name}": (
        MARK,
        {"blueprint": {"steps": {"1": {"checkerType": "TCP", "hostname": "example.com", "port": 443}}}},
    ),
    "post /rest/v1/event-archives": ("", {"name": MARK}),
    "post /rest/v1/event-connections": (
        "",
        {"name": MARK, "kind": "basic", "user": MARK, "secret": "s", "endpoint": f"https://example.com/{MARK}"},
    ),
    "post /rest/v1/event-rules": ("", {"name": MARK, "pattern": json.dumps({"source": [MARK]}), "description": MARK}),
    "post /rest/v1/event-sources/drifts": ("", {"name": MARK, "namespace": MARK, "metric": MARK}),
    "post /rest/v1/event-sources/places": ("", {"name": MARK, "url": f"s3://{MARK}/"}),
    "post /rest/v1/events": ("", {"events": [{"source": MARK, "detail_type": MARK}]}),
    "post /rest/v1/inventory": (
        "",
        {
            "resources": [
                {
                    "kind": "instance",
                    "id": MARK,
                    "name": MARK,
                    "type": "p5.48xlarge",
                    "account": OTHER,
                    "region": "us-east-1",
                    "owner": MARK,
                }
            ]
        },
    ),
    "put /rest/v1/logs/contributors": (
        "",
        {
            "name": MARK,
            "definition": json.dumps(
                {
                    "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
                    "LogGroupNames": [MARK],
                    "LogFormat": "JSON",
                    "Contribution": {"Keys": ["$.a"], "Filters": []},
                    "AggregateOn": "Count",
                }
            ),
        },
    ),
    "post /rest/v1/logs/events": ("", {"group": MARK, "stream": MARK, "events": [{"message": MARK}]}),
    "put /rest/v1/logs/lookups": ("", {"name": MARK, "csv": f"{MARK},b\n{MARK},2\n", "description": MARK}),
    "post /rest/v1/metrics": ("", {"namespace": MARK, "metrics": [{"name": MARK, "value": 1}]}),
    "put /rest/v1/mute-rules/{name}": (
        MARK,
        {
            "definition": {
                "Rule": {"Schedule": {"Expression": "cron(0 0 * * *)", "Duration": "PT1H"}},
                "Description": MARK,
            }
        },
    ),
    "put /rest/v1/objectives/{name}": (
        MARK,
        {
            "definition": {
                "RequestBasedSliConfig": {
                    "RequestBasedSliMetricConfig": {"KeyAttributes": {"Name": MARK}, "MetricType": "AVAILABILITY"}
                }
            }
        },
    ),
    "post /rest/v1/nodes": (
        "",
        {"cluster": MARK, "account": OTHER, "nodes": [{"name": MARK, "condition": "up", "gpus": 8}]},
    ),
    "post /rest/v1/investigations": ("", {"name": MARK, "team": MARK}),
    "post /rest/v1/pipelines": ("", {"name": MARK, "kind": "webhook", "form": {"url": f"https://example.com/{MARK}"}}),
    "put /rest/v1/purchases/offers": ("", {"name": MARK, "type": MARK, "region": MARK, "hourly": "1", "most": 4}),
    "put /rest/v1/purchases/rates": (
        "",
        {
            "kind": "COMPUTE_SP",
            "years": 1,
            "payment": "NO_UPFRONT",
            "share": "0.5",
            "service": MARK,
            "family": MARK,
            "note": MARK,
        },
    ),
    "put /rest/v1/purchases/terms": ("", {"name": MARK, "start_ms": 0, "end_ms": NOW_S * 1000 + 9 * DAY_MS}),
    "put /rest/v1/queue/quotas": ("", {"cluster": MARK, "since": "-1h", "quotas": [{"team": MARK, "gpus": 8}]}),
    "put /rest/v1/reports/schedules/{name}": (
        MARK,
        {"template": "executive", "schedule": "cron(0 6 1 * ? *)", "owner": "", "emails": [f"{MARK}@example.com"]},
    ),
    "post /rest/v1/runs": (
        "",
        {
            "cluster": MARK,
            "scheduler": "slurm",
            "account": OTHER,
            "runs": [
                {
                    "job": MARK,
                    "state": "running",
                    "submit_ms": NOW_S * 1000,
                    "start_ms": NOW_S * 1000,
                    "name": MARK,
                    "user": MARK,
                    "team": MARK,
                    "gpus": 8,
                }
            ],
        },
    ),
    "post /rest/v1/runs/progress": (
        "",
        {
            "job": MARK,
            "cluster": MARK,
            "account": OTHER,
            "source": MARK,
            "marks": [{"at_ms": NOW_S * 1000, "kind": "step", "step": 7}],
        },
    ),
    "post /rest/v1/runs/mlperf": (
        "",
        {
            "job": f"{MARK}-2",
            "cluster": MARK,
            "account": OTHER,
            "log": f':::MLLOG {{"time_ms": {NOW_S * 1000}, "key": "run_start", "value": "{MARK}", "metadata": {{}}}}',
        },
    ),
    "put /rest/v1/scaling/targets": (
        "",
        {"namespace": "custom", "resource": MARK, "dimension": "custom:x:y", "least": 1, "most": 4},
    ),
    "put /rest/v1/tail-sampling": ("", {"enabled": True, "share": 0.123}),
}
"""Every way to put something of one's account: a name in the path, and a body."""
ELSEWHERE = {
    "needs what is there already": (
        "post /rest/v1/advice/{id}/decision", "post /rest/v1/alarms/{name}/disable",
        "post /rest/v1/alarms/{name}/enable",
        "post /rest/v1/alarms/{name}/state", "post /rest/v1/analyses/{name}/copy", "post /rest/v1/anomaly-mutes",
        "post /rest/v1/canaries/{name}/start", "post /rest/v1/canaries/{name}/stop",
        "post /rest/v1/asked/{id}/answer", "post /rest/v1/asked/{id}/stop",
        "post /rest/v1/analyses/{name}/visuals/{visual}/alarm", "post /rest/v1/budgets/{name}/actions",
        "post /rest/v1/budgets/{name}/actions/{id}/execute", "post /rest/v1/channels/{name}/test",
        "put /rest/v1/costs/anomalies/monitors/{id}", "post /rest/v1/costs/anomalies/subscriptions",
        "post /rest/v1/costs/anomalies/{id}/feedback", "post /rest/v1/dashboards/{name}/duplicate",
        "post /rest/v1/dashboards/{name}/restore", "post /rest/v1/dashboards/{name}/shares",
        "post /rest/v1/datasets/{name}/extract", "post /rest/v1/deliveries/{id}/retry",
        "put /rest/v1/endpoint-policies",
        "post /rest/v1/event-deliveries/{id}/retry", "post /rest/v1/event-replays", "post /rest/v1/load-test-orders",
        "post /rest/v1/load-test-orders/{id}/stop", "post /rest/v1/investigations/{id}/notes",
        "post /rest/v1/objectives/{name}/exclusions",
        "put /rest/v1/logs/schedules", "put /rest/v1/logs/subscriptions",
        "post /rest/v1/pipelines/{name}/start", "post /rest/v1/scaling/proposals/{id}",
        "post /rest/v1/scaling/targets/{id}/chaos", "put /rest/v1/scaling/targets/{id}/mode",
        "put /rest/v1/scaling/targets/{id}/policies/{name}", "post /rest/v1/scaling/targets/{id}/scale",
        "put /rest/v1/scaling/targets/{id}/schedules/{name}", "post /rest/v1/dashboard-imports",
        "post /rest/v1/load-tests", "post /rest/v1/profiles/imports",
    ),
    "puts the same things by another way": ("post /rest/v1/config/apply", "post /rest/v1/purchases/rates"),
    "puts nothing that has a name": (
        "put /rest/v1/advice-checks/{id}", "post /rest/v1/advice-runs", "post /rest/v1/dashboard-checks",
        "post /rest/v1/purchases/plan", "post /rest/v1/rightsizing/recompute", "post /rest/v1/profiles/uploads",
    ),
}  # fmt: skip
"""Operations that need the role write and are not among PUTS, and why."""


@pytest.fixture(scope="module")
def keys(shared_servers: SharedServers) -> Iterator[tuple[httpx.Client, Mapping[str, str]]]:
    """A server that needs credentials, with what the other account put, and keys: of an admin, of both accounts."""
    live = shared_servers.server("guarded", "tests/wire/rest/test_other_accounts.py")
    admin = shared_servers.admin
    with Client(live.url, admin) as client:
        found = {"admin": admin} | {
            f"{role} of {account}": client.create_key(
                wire.CreateKey(name=f"{role}-{account}", kind="token", role=role, account=account)
            ).secret
            for account in (OWN, OTHER)
            for role in ("read", "write", "admin")
        }
    with httpx.Client(base_url=live.url, timeout=120) as http:
        for asked, (name, body) in PUTS.items():
            verb, path = asked.split(" ")
            answer = http.request(verb, filled(path, name), json=body, headers=bearer(found[f"write of {OTHER}"]))
            assert answer.status_code < 300, (asked, answer.text)
        yield http, found


def filled(path: str, name: str) -> str:
    return re.sub(r"{\w+}", name, path)


def lists(http: httpx.Client, token: str) -> list[str]:
    paths = http.get("/rest/openapi.json", headers=bearer(token)).json()["paths"]
    return sorted(filled(path, MARK) for path, methods in paths.items() if "get" in methods)


def tells(answer: httpx.Response) -> bool:
    """Whether an answer has the other account's name in it, other than as an echo of what was asked."""
    return answer.status_code < 400 and MARK in answer.text.replace(f'"name":"{MARK}","items":[]', "")


def test_what_another_account_put_is_in_no_list_of_ones_own(keys: tuple[httpx.Client, Mapping[str, str]]) -> None:
    http, tokens = keys
    paths = lists(http, tokens["admin"])
    for who in (f"read of {OWN}", f"admin of {OWN}"):
        told = [path for path in paths if tells(http.get(path, headers=bearer(tokens[who])))]
        assert told == [], who


def test_its_own_account_and_the_installation_see_it(keys: tuple[httpx.Client, Mapping[str, str]]) -> None:
    """Else the test above would say nothing."""
    http, tokens = keys
    for who in ("admin", f"read of {OTHER}"):
        told = [path for path in lists(http, tokens["admin"]) if tells(http.get(path, headers=bearer(tokens[who])))]
        assert len(told) >= 25, (who, told)
        assert {"/rest/v1/purchases/facts", "/rest/v1/purchases/rates"} <= set(told)


PAGES = (
    *("/", "/advice", "/alarms", "/alarms/mute", "/analyses", "/anomalies", "/audit", "/budgets", "/cost-anomalies"),
    *(
        "/costs",
        "/dashboards",
        "/datasets",
        "/event-rules",
        "/event-rules/pipelines",
        "/explore/metrics",
        "/gpu-health",
        "/load-tests",
    ),
    *(
        "/canaries",
        "/logs",
        "/logs/contributors",
        "/logs/setup",
        "/investigate",
        "/investigations",
        "/notifications",
        "/objectives",
        "/purchase-plan",
    ),
    *("/reports", "/rightsizing"),
    *("/runs", "/savings", "/scaling", "/serverless", "/service-map", "/sources", "/tokens", "/traces", "/unit-costs"),
    *("/connect", "/connect.json", "/home/team", "/home/on-call", "/home/money", f"/jump.json?q={MARK}"),
)


def test_nor_on_any_page(keys: tuple[httpx.Client, Mapping[str, str]]) -> None:
    http, tokens = keys
    for path in PAGES:
        answer = http.get(path, headers={**bearer(tokens[f"admin of {OWN}"]), "Accept": "text/html"})
        assert answer.status_code in (200, 302, 303), (path, answer.status_code)
        assert MARK not in answer.text, path


def test_one_account_takes_nothing_of_the_others_away(keys: tuple[httpx.Client, Mapping[str, str]]) -> None:
    http, tokens = keys
    mine, theirs = bearer(tokens[f"write of {OWN}"]), bearer(tokens[f"write of {OTHER}"])

    def put(who: Mapping[str, str], start_ms: int) -> None:
        term = {"name": "the same term", "start_ms": start_ms, "end_ms": 9}
        assert http.put("/rest/v1/purchases/terms", json=term, headers=who).status_code == 200

    def starts(who: Mapping[str, str]) -> list[int]:
        terms = http.get("/rest/v1/purchases/facts", headers=who).json()["terms"]
        return [one["start_ms"] for one in terms if one["name"] == "the same term"]

    def remove(who: Mapping[str, str]) -> int:
        return http.delete("/rest/v1/purchases/facts/term", params={"name": "the same term"}, headers=who).status_code

    put(theirs, 1)
    assert (remove(mine), starts(mine)) == (404, [])
    put(mine, 2)
    assert (starts(mine), starts(theirs)) == ([2], [1])
    assert (remove(mine), starts(mine), starts(theirs)) == (200, [], [1])


def test_every_operation_that_puts_is_looked_at(keys: tuple[httpx.Client, Mapping[str, str]]) -> None:
    http, tokens = keys
    found = {
        f"{verb} {path}"
        for path, methods in http.get("/rest/openapi.json", headers=bearer(tokens["admin"])).json()["paths"].items()
        for verb, operation in methods.items()
        if verb in ("put", "post") and operation.get("description") == "Needs role write."
    }
    assert found == {*PUTS, *(one for many in ELSEWHERE.values() for one in many)}
