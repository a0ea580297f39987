"""Bodies that nobody means, at every door that takes JSON: a clear error in the door's own form, and no 5xx."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from live_server import LiveServer
from shared_servers import SharedServers

pytestmark = pytest.mark.wire
SEED = 20
TEXTS = ("", "a", "x" * 3000, "\x00", "é", "\ud800", "q\udfff", "1e308.0000001", "9" * 5000, "²", "((((", "'", '"', "%",
         "-1d", "now", "9999-12-31", "0001-01-01T00:00:00Z", "SELECT 1e308.0000001 AS x FROM audit",
         "{$.a = 1e999}")  # fmt: skip
ASKED = ("1", "-1", *(text.encode(errors="replace").decode() for text in TEXTS))
DEEP = (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 300 + b"]" * 300, b'{"a":' * 300 + b"1" + b"}" * 300)


@pytest.fixture(scope="module")
def server(shared_servers: SharedServers) -> LiveServer:
    """Where what is put at random is there for nobody else."""
    return shared_servers.server("odd", "tests/wire/rest/test_odd_bodies.py")


@pytest.fixture(scope="module")
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def api(http: httpx.Client) -> dict[str, Any]:
    return dict(http.get("/rest/openapi.json").json())


STARTS_ANEW = {"/rest/v1/admin/reset", "/rest/v1/forget", "/rest/v1/state/import"}
"""It must not start anew: it would listen elsewhere."""


def operations(api: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, by_verb in api["paths"].items():
        for verb, operation in by_verb.items():
            if path not in STARTS_ANEW:
                yield verb, path.replace("{", "").replace("}", ""), operation


def is_clear(answer: httpx.Response) -> bool:
    return answer.status_code < 500 or answer.status_code in (503, 507)


def test_deep_json_and_half_surrogates_at_every_operation(http: httpx.Client, api: dict[str, Any]) -> None:
    bodies = (*DEEP, b'{"name": "\\ud800"}', b'{"\\udfff": [{"x": "\\ud800"}]}', b'"\\ud800"', b"\xff\xfe")
    for verb, path, operation in operations(api):
        if "requestBody" not in operation:
            continue
        for body in bodies:
            answer = http.request(verb, path, content=body, headers={"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, (verb, path, body[:40], answer.text)
            assert {"code", "message"} <= answer.json()["error"].keys()


def test_odd_values_in_every_member_and_parameter(http: httpx.Client, api: dict[str, Any]) -> None:
    made = Made(api, Random(SEED))
    for verb, path, operation in list(operations(api)) * 2:
        names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        query = [(name, text) for name in names for text in made.some(ASKED)]
        body, headers = None, {}
        if "requestBody" in operation:
            [(media, content)] = operation["requestBody"]["content"].items()
            body, headers = json.dumps(made.value(content.get("schema", {}))).encode(), {"content-type": media}
        answer = http.request(verb, path, params=query, content=body, headers=headers)
        assert is_clear(answer), (verb, path, query, body, answer.text)


class Made:
    """Values by the schemas of the API: mostly of the right type, and odd."""

    def __init__(self, api: dict[str, Any], random: Random) -> None:
        self._schemas, self._random = api["components"]["schemas"], random

    def some(self, values: tuple[str, ...]) -> list[str]:
        return [self._random.choice(values)] if self._random.random() < 0.3 else []

    def value(self, schema: Any, depth: int = 0) -> Any:
        pick = self._random.choice
        schema = self._schemas.get(schema["$ref"].rpartition("/")[2], {}) if "$ref" in schema else schema
        if depth > 8 or self._random.random() < 0.02:
            return pick((None, 1, "x", [], {}, True, -1, 1e308))
        if "anyOf" in schema:
            return self.value(pick(schema["anyOf"]), depth)
        if "enum" in schema:
            return pick(schema["enum"])
        match schema.get("type"):
            case "object":
                members, needed = schema.get("properties", {}), schema.get("required", ())
                chosen = [name for name in members if name in needed or self._random.random() < 0.4]
                found = {name: self.value(members[name], depth + 1) for name in chosen}
                if isinstance(further := schema.get("additionalProperties"), dict):
                    found |= {text: self.value(further, depth + 1) for text in self.some(TEXTS)}
                return found
            case "array":
                items = schema.get("items")
                return [self.value(items if isinstance(items, dict) else {}, depth + 1) for _ in range(pick((0, 1, 2)))]
            case "integer":
                return pick((0, 1, -1, 60, 2**31, 2**63, 10**30, 1_764_460_800_000))
            case "number":
                return pick((0, 1.5, -1, 1e308, 5e-324, 2**70))
            case "boolean":
                return pick((True, False))
            case "string":
                return pick(TEXTS)
            case _:
                return pick((None, 1, "x", [], {"a": 1}, {"\ud800": 1}, [[[[1]]]], 1e308))


SERVICES = (
    "GraniteServiceVersion20100801.PutDashboard", "Logs_20140328.CreateLogGroup", "AWSEvents.PutRule",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail", "AWSBudgetServiceGateway.CreateBudget",
    "AWSInsightsIndexService.GetCostAndUsage", "AnyScaleFrontendService.RegisterScalableTarget",
    "SageMaker.CreateModel",
)  # fmt: skip


@pytest.mark.parametrize("target", SERVICES)
@pytest.mark.parametrize("body", [*DEEP, b'{"Name": "\\ud800"}', b'{"Tags": [{"Key": "\\udfff"}]}'], ids=range(6))
def test_deep_json_and_half_surrogates_at_the_aws_door(http: httpx.Client, target: str, body: bytes) -> None:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    answer = http.post("/", content=body, headers=headers)
    assert (400, "SerializationException") == (answer.status_code, answer.json()["__type"].rpartition("#")[2])


def test_half_surrogates_in_texts_that_are_json_themselves(http: httpx.Client) -> None:
    def ask(target: str, version: str, **members: object) -> httpx.Response:
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
        return http.post("/", content=json.dumps(members), headers=headers)

    half = '{"source": ["\\ud800"]}'
    deep = '{"a":' * 300 + "1" + "}" * 300
    for text in (half, deep):
        body = {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": "x"}}]}
        board = json.dumps(body).replace('"x"}', f'"x", "y": {text}}}')
        answers = (
            ask("GraniteServiceVersion20100801.PutDashboard", "1.0", DashboardName="odd", DashboardBody=board),
            ask("GraniteServiceVersion20100801.SetAlarmState", "1.0", AlarmName="odd", StateValue="OK",
                StateReason="x", StateReasonData=text),
            ask("AWSEvents.PutRule", "1.1", Name="odd", EventPattern=text),
            ask("AWSEvents.PutEvents", "1.1", Entries=[{"Source": "s", "DetailType": "d", "Detail": text}]),
            ask("Logs_20140328.PutResourcePolicy", "1.1", policyName="odd", policyDocument=text),
            ask("CloudTrail_20131101.ListTrails", "1.1", NextToken="WyLdoIAiXQ"),
        )  # fmt: skip
        assert all(map(is_clear, answers)), [(one.status_code, one.text) for one in answers]
        assert is_clear(http.get("/dashboards/odd"))
        assert is_clear(http.get("/dashboards"))


def test_numbers_that_are_none_in_sql(http: httpx.Client) -> None:
    for path, body in (
        ("/rest/v1/dataset-sql", {"sql": "SELECT 1e308.0000001 AS x FROM audit"}),
        ("/rest/v1/audit/query", {"query": "SELECT 1e308.0000001 FROM audit_events"}),
        ("/rest/v1/audit/query", {"query": "SELECT eventName FROM audit_events WHERE eventTime > ''"}),
        ("/rest/v1/audit/query", {"query": "SELECT * FROM audit_events ORDER BY -0"}),
        ("/rest/v1/audit/query", {"query": "SELECT --1 FROM audit_events"}),
    ):
        answer = http.post(path, json=body)
        assert (400, "invalid_input") == (answer.status_code, answer.json()["error"]["code"]), (body, answer.text)


def test_a_time_that_no_calendar_has_is_null(http: httpx.Client) -> None:
    http.put("/rest/v1/dashboards/calendar", json={"widgets": []})  # so that there is an audit event
    spec = {
        "sources": [{"use": "audit"}],
        "range": "2d",
        "fields": {"x": "addDateTime(9223372036854775808, 'DD', time)"},
    }
    columns = [{"name": "x", "expression": "x"}]
    answer = http.post("/rest/v1/dataset-query", json={"spec": spec, "query": {"columns": columns, "limit": 5}})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("query", ["1" + "+1" * 3000, "m offset -" + "9" * 400 + "d", "m * 0x" + "f" * 400])
def test_promql_that_is_too_much(http: httpx.Client, query: str) -> None:
    answer = http.post("/api/v1/query", data={"query": query})
    assert (400, "bad_data") == (answer.status_code, answer.json()["errorType"]), answer.text
    assert http.get("/api/v1/query", params={"query": "up", "timeout": "9" * 400 + "d"}).status_code == 400
