"""boto3's lambda client against the live server: functions, versions, aliases, concurrency."""

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
ROLE = "arn:aws:iam::123456789012:role/fn"


@pytest.fixture
def api(server: LiveServer) -> Any:
    """The client of a region of these tests alone."""
    return boto3.client("lambda", region_name="eu-west-2", endpoint_url=server.url, **KEYS)


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
    again = {"FunctionName": function, "Role": ROLE, "Runtime": "python3.13", "Handler": "x", "Code": {"S3Bucket": "b"}}
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


class Echo(BaseHTTPRequestHandler):
    """Answers with what it is sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if body != b'{"fail":1}' else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: Any) -> None:
        """Keep quiet."""


def test_a_function_is_asked_where_its_environment_says(api: Any, function: str) -> None:
    assert 204 == api.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"]
    assert "InvalidParameterValueException" == code(api.invoke, FunctionName=function)
    with HTTPServer(("127.0.0.1", 0), Echo) as echo:
        thread = threading.Thread(target=echo.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{echo.server_port}/"
            api.update_function_configuration(FunctionName=function, Environment={"Variables": {"TRIMTAB_URL": url}})
            answer = api.invoke(FunctionName=function, Payload=b'{"q":1}')
            assert (200, "$LATEST", b'{"q":1}') == (
                answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"].read()
            )  # fmt: skip
            assert "Unhandled" == api.invoke(FunctionName=function, Payload=b'{"fail":1}')["FunctionError"]
        finally:
            echo.shutdown()
            thread.join()
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    quiet = Config(retries={"max_attempts": 0})
    once = boto3.client("lambda", region_name="eu-west-2", endpoint_url=api.meta.endpoint_url, config=quiet, **KEYS)
    assert "TooManyRequestsException" == code(once.invoke, FunctionName=function)
