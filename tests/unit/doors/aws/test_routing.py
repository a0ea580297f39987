"""Every operation is found by the request of every SDK: botocore's, and those that are made of Smithy models."""

from typing import Any

import pytest

import every_operation
from trimtab.doors.aws.routing import Router, Target, protocol_of
from trimtab.doors.aws.service import Service
from trimtab.doors.aws.wire.http import HttpRequest

SERVICES = every_operation.aws()
ROUTER = Router(SERVICES)


def found(method: str, path: str, headers: dict[bytes, bytes], body: bytes = b"", signed: str = "") -> Target:
    """Where a request goes."""
    path, _, query = path.partition("?")
    request = HttpRequest(method, path, path.encode(), query.encode(), headers, body, body)
    return ROUTER.find(request, protocol_of(request), signed)


def json_services() -> list[Any]:
    named = [one for one in SERVICES if one.model.target_prefix]
    return [pytest.param(one, id=one.model.name) for one in named]


@pytest.mark.parametrize("service", json_services())
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_target_names_an_operation_with_or_without_what_java_packages_prefix(
    service: Service, version: bytes
) -> None:
    prefix = service.model.target_prefix
    for named in {prefix, prefix.rpartition(".")[2]}:
        for operation in service.operations:
            headers = {
                b"x-amz-target": f"{named}.{operation}".encode(),
                b"content-type": b"application/x-amz-json-" + version,
            }
            target = found("POST", "/", headers, b"{}", service.model.signing_name)
            assert (target.service, target.operation, target.protocol) == (service, operation, "json")
            assert ROUTER.compiled(service, "json", operation)


def test_cloudtrail_is_called_by_its_bare_name_by_the_other_sdks() -> None:
    target = found("POST", "/", {b"x-amz-target": b"CloudTrail_20131101.LookupEvents"}, b"{}", "cloudtrail")
    assert (target.service.model.name if target.service else "", target.operation) == ("cloudtrail", "LookupEvents")


def test_services_whose_models_list_cbor_are_called_by_their_paths() -> None:
    asked = 0
    for service in (one for one in SERVICES if "smithy-rpc-v2-cbor" in one.model.protocols):
        for operation in service.operations:
            path = f"/service/{service.model.target_prefix}/operation/{operation}"
            target = found("POST", path, {b"smithy-protocol": b"rpc-v2-cbor", b"content-type": b"application/cbor"})
            assert (target.service, target.operation, target.protocol) == (service, operation, "cbor")
            asked += 1
    assert asked > 60


def test_query_services_are_called_by_action_and_version() -> None:
    headers = {b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"}
    for service in (one for one in SERVICES if "query" in one.model.protocols):
        for operation in service.operations:
            body = f"Action={operation}&Version={service.model.api_version}".encode()
            for signed in (service.model.signing_name, ""):
                target = found("POST", "/", headers, body, signed)
                assert (target.operation, target.protocol) == (operation, "query")
                assert target.service is service
