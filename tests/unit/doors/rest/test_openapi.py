"""The OpenAPI document: valid, complete, and true to what the endpoints answer."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tests.unit.doors.rest.conftest import Api

LEAST = {
    "/healthz": {"get"},
    "/rest/v1/metrics": {"get", "post"},
    "/rest/v1/keys/{id}": {"delete"},
    "/rest/v1/channels": {"get", "post"},
}


@pytest.fixture
def document(api: Api) -> Any:
    return api.client.get("/rest/openapi.json").json()


def test_it_is_valid_openapi_3_1_and_holds_every_path(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {path: set(methods) for path, methods in document["paths"].items()}
    assert described.items() >= LEAST.items()


def test_every_path_that_is_described_is_served(api: Api, document: Any) -> None:
    for path in document["paths"]:
        assert "expected a path of" not in api.client.request("OPTIONS", path.replace("{", "").replace("}", "")).text


def test_operations_have_names_of_their_own_and_every_failure_its_shape(document: Any) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert {"400", "401", "403", "405"} <= set(operation["responses"])
        refused = operation["responses"]["400"]["content"]["application/json"]["schema"]
        assert refused == {"$ref": "#/components/schemas/Failure"}


def test_what_is_referred_to_is_there_though_two_are_called_alike(document: Any) -> None:
    text = json.dumps(document)
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert referred <= set(document["components"]["schemas"])
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert sum(one.endswith("PutSchedule") for one in bodies) == len({b for b in bodies if b.endswith("PutSchedule")})


def test_query_parameters_carry_their_limits(document: Any) -> None:
    parameters = {row["name"]: row for row in document["paths"]["/rest/v1/metrics"]["get"]["parameters"]}
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
    assert parameters["dimension"]["schema"]["type"] == "array"
    query = {row["name"]: row for row in document["paths"]["/rest/v1/metrics/query"]["get"]["parameters"]}
    assert [name for name, row in query.items() if row["required"]] == ["namespace", "name"]


def test_answers_keep_to_their_schemas(api: Api, document: Any) -> None:
    api.client.post("/rest/v1/metrics", json={"namespace": "n", "metrics": [{"name": "a", "value": 1}]})
    api.client.post("/rest/v1/keys", json={"name": "ci"})
    (series,) = api.client.get("/rest/v1/metrics").json()["series"]
    queries = {
        "/rest/v1/metrics/query": {"namespace": "n", "name": "a"},
        "/rest/v1/metrics/raw": {"series": series["id"]},
    }
    for path, methods in document["paths"].items():
        if "get" not in methods or path == "/metrics":
            continue
        answer = api.client.get(path, params=queries.get(path))
        schema = methods["get"]["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
