"""boto3's lambda client: functions, versions, aliases, concurrency."""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from boto_in_process import client
from gates import open_gate
from trimtab.base.clock import SystemClock
from trimtab.doors.aws.lambda_functions import service
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms
from trimtab.inventory.resolver import ResourceRef
from trimtab.inventory.resources import Resource
from trimtab.scaling.engine.model import TargetKey
from trimtab.scaling.functions.room import DIMENSION, FunctionsBackend, FunctionsRoom
from trimtab.store.state.database import State

ROLE = "arn:aws:iam::123456789012:role/fn"


async def echo(url: str, payload: bytes) -> tuple[int, bytes]:
    """Where functions of these tests listen."""
    assert "http://function.internal/" == url
    return (500 if b"fail" in payload else 200), payload


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionsRoom]:
    """The room."""
    state = State.open("", tmp_path_factory.mktemp("functions"))
    yield FunctionsRoom.of(state, SystemClock())
    state.close()


@pytest.fixture(scope="module")
def api(room: FunctionsRoom) -> Any:
    """The client over functions of their own."""
    return client(service.build(LambdaRooms(room, echo, open_gate().admit)), SystemClock(), "eu-west-2")


def package() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    return held.getvalue()


@pytest.fixture
def function(api: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A function without versions."""
    name = request.node.name[:60]
    api.create_function(FunctionName=name, Runtime="python3.13", Role=ROLE, Handler="app.handler", MemorySize=512,
                        Code={"ZipFile": package()}, Tags={"team": "search"})  # fmt: skip
    yield name
    api.delete_function(FunctionName=name)


def code(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_a_function_is_kept_as_metadata(api: Any, function: str) -> None:
    found = api.get_function(FunctionName=function)
    shown = found["Configuration"]
    assert (function, 512, 3, "$LATEST") == (
        shown["FunctionName"], shown["MemorySize"], shown["Timeout"], shown["Version"]
    )  # fmt: skip
    assert ({"team": "search"}, len(package())) == (found["Tags"], shown["CodeSize"])
    assert f"arn:aws:lambda:eu-west-2:123456789012:function:{function}" == shown["FunctionArn"]
    assert shown["FunctionArn"] == api.get_function_configuration(FunctionName=shown["FunctionArn"])["FunctionArn"]
    assert function in [one["FunctionName"] for one in api.list_functions()["Functions"]]
    again = {
        "FunctionName": function,
        "Role": ROLE,
        "Runtime": "python3.13",
        "Handler": "x",
        "Code": {"S3Bucket": "bucket"},
    }
    assert "ResourceConflictException" == code(api.create_function, **again)
    assert "ResourceNotFoundException" == code(api.get_function, FunctionName="none")
    assert "InvalidParameterValueException" == code(api.create_function, **{**again, "FunctionName": "n", "Code": {}})


def test_versions_are_copies_and_aliases_point_at_them(api: Any, function: str) -> None:
    first = api.publish_version(FunctionName=function)
    assert "1" == first["Version"]
    assert "1" == api.publish_version(FunctionName=function)["Version"]  # nothing changed
    stale = first["RevisionId"]
    api.update_function_configuration(FunctionName=function, MemorySize=1024)
    moved = {"FunctionName": function, "MemorySize": 128, "RevisionId": stale}
    assert "PreconditionFailedException" == code(api.update_function_configuration, **moved)
    assert "2" == api.publish_version(FunctionName=function, Description="more memory")["Version"]
    sizes = {
        one["Version"]: one["MemorySize"] for one in api.list_versions_by_function(FunctionName=function)["Versions"]
    }
    assert {"$LATEST": 1024, "1": 512, "2": 1024} == sizes
    api.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    changed = api.update_alias(FunctionName=function, Name="live", RoutingConfig=weights)
    assert weights == changed["RoutingConfig"]
    assert 512 == api.get_function_configuration(FunctionName=function, Qualifier="live")["MemorySize"]
    assert "ResourceConflictException" == code(api.delete_function, FunctionName=function, Qualifier="2")
    assert "ResourceConflictException" == code(
        api.create_alias, FunctionName=function, Name="live", FunctionVersion="1"
    )
    assert "ResourceNotFoundException" == code(api.create_alias, FunctionName=function, Name="x", FunctionVersion="9")
    assert ["live"] == [one["Name"] for one in api.list_aliases(FunctionName=function, FunctionVersion="2")["Aliases"]]
    assert "1" == api.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
    api.delete_alias(FunctionName=function, Name="live")
    assert "ResourceNotFoundException" == code(api.get_alias, FunctionName=function, Name="live")


def test_provisioned_concurrency_of_an_alias(api: Any, function: str) -> None:
    api.publish_version(FunctionName=function)
    api.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    which = {"FunctionName": function, "Qualifier": "live"}
    assert "ProvisionedConcurrencyConfigNotFoundException" == code(api.get_provisioned_concurrency_config, **which)
    put = api.put_provisioned_concurrency_config(ProvisionedConcurrentExecutions=5, **which)
    assert (5, 0, "IN_PROGRESS") == (
        put["RequestedProvisionedConcurrentExecutions"], put["AvailableProvisionedConcurrentExecutions"], put["Status"]
    )  # fmt: skip
    (held,) = api.list_provisioned_concurrency_configs(FunctionName=function)["ProvisionedConcurrencyConfigs"]
    assert held["FunctionArn"].endswith(f"{function}:live")
    latest = {"FunctionName": function, "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 1}
    assert "InvalidParameterValueException" == code(api.put_provisioned_concurrency_config, **latest)
    twice = {"FunctionName": function, "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
    assert "ResourceConflictException" == code(api.put_provisioned_concurrency_config, **twice)
    api.delete_provisioned_concurrency_config(**which)
    assert "ProvisionedConcurrencyConfigNotFoundException" == code(api.get_provisioned_concurrency_config, **which)


def test_reserved_concurrency_bounds_what_may_be_provisioned(api: Any, function: str) -> None:
    version = api.publish_version(FunctionName=function)["Version"]
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=function)
    before = api.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=10)
    assert 10 == api.get_function_concurrency(FunctionName=function)["ReservedConcurrentExecutions"]
    assert before - 10 == api.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    more = {"FunctionName": function, "Qualifier": version, "ProvisionedConcurrentExecutions": 11}
    assert "InvalidParameterValueException" == code(api.put_provisioned_concurrency_config, **more)
    api.put_provisioned_concurrency_config(**{**more, "ProvisionedConcurrentExecutions": 8})
    less = {"FunctionName": function, "ReservedConcurrentExecutions": 7}
    assert "InvalidParameterValueException" == code(api.put_function_concurrency, **less)
    much = {"FunctionName": function, "ReservedConcurrentExecutions": 950}
    assert "InvalidParameterValueException" == code(api.put_function_concurrency, **much)
    api.delete_function_concurrency(FunctionName=function)
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=function)


def test_a_function_is_asked_where_its_environment_says(api: Any, function: str) -> None:
    assert 204 == api.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"]
    assert "InvalidParameterValueException" == code(api.invoke, FunctionName=function)
    listens = {"Variables": {"TRIMTAB_URL": "http://function.internal/"}}
    api.update_function_configuration(FunctionName=function, Environment=listens)
    answer = api.invoke(FunctionName=function, Payload=b'{"q":1}')
    told = answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"].read()
    assert (200, "$LATEST", b'{"q":1}') == told
    assert "Unhandled" == api.invoke(FunctionName=function, Payload=b'{"fail":1}')["FunctionError"]
    assert 202 == api.invoke(FunctionName=function, InvocationType="Event")["StatusCode"]
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert "TooManyRequestsException" == code(api.invoke, FunctionName=function)


def test_a_function_that_an_account_was_read_of_is_there_and_kept_once_it_is_changed(
    api: Any, room: FunctionsRoom
) -> None:
    arn = "arn:aws:lambda:eu-west-2:123456789012:function:read"
    held = [{"Qualifier": "live", "Requested": 4}]
    facts = {"Runtime": "nodejs22.x", "MemorySize": 256, "ReservedConcurrency": 20, "ProvisionedConcurrency": held}
    ref = ResourceRef("aws", "123456789012", "eu-west-2", "function", "read")
    asyncio.run(room.resources.put([Resource(ref, "read", arn=arn, attributes=facts)], 1))
    assert 256 == api.get_function_configuration(FunctionName="read")["MemorySize"]
    assert 20 == api.get_function_concurrency(FunctionName="read")["ReservedConcurrentExecutions"]
    assert 4 == asyncio.run(room.held(("123456789012", "eu-west-2"), "read"))
    api.put_function_concurrency(FunctionName="read", ReservedConcurrentExecutions=30)
    assert 30 == api.get_function_concurrency(FunctionName="read")["ReservedConcurrentExecutions"]


def test_the_engine_scales_what_is_provisioned(api: Any, room: FunctionsRoom, function: str) -> None:
    api.publish_version(FunctionName=function)
    key = TargetKey("123456789012", "eu-west-2", "lambda", f"function:{function}:1", DIMENSION)
    backend = FunctionsBackend(room)
    assert backend.takes(key)
    asyncio.run(backend.scale(key, 3, "a test"))
    standing = asyncio.run(backend.standing(key))
    assert (0, 3, 3) == (standing.ready, standing.coming, standing.desired)
    config = api.get_provisioned_concurrency_config(FunctionName=function, Qualifier="1")
    assert 3 == config["RequestedProvisionedConcurrentExecutions"]
    asyncio.run(backend.scale(key, 0, "a test"))
    assert 0 == asyncio.run(room.held(("123456789012", "eu-west-2"), function))
