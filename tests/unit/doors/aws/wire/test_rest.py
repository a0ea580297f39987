"""rest-json with the models of X-Ray and Lambda, through real botocore clients and a small service."""

import datetime as dt
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request
from trimtab.doors.aws.wire.http import HttpRequest
from trimtab.doors.aws.wire.model import load_model
from trimtab.doors.aws.wire.rest import match, routes_of

AT = dt.datetime(2026, 11, 25, 10, 0, tzinfo=dt.UTC)
AT_MS = round(AT.timestamp() * 1000)


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def url(asked: list[Request], make_world: Any, serve: Any) -> str:
    xray: Operations[list[Request]] = Operations("xray")
    functions: Operations[list[Request]] = Operations("lambda")

    @xray.add("GetTraceSummaries")
    async def get_trace_summaries(rooms: list[Request], request: Request, context: CallContext) -> Answer:
        rooms.append(request)
        return {"TraceSummaries": [{"Id": "1", "Duration": 1.5}], "ApproximateTime": AT_MS}

    @xray.add("CreateGroup")
    async def create_group(rooms: list[Request], request: Request, context: CallContext) -> Answer:
        raise NotFound("cannot find it")

    @functions.add("Invoke")
    async def invoke(rooms: list[Request], request: Request, context: CallContext) -> Answer:
        rooms.append(request)
        return {"StatusCode": 202, "ExecutedVersion": "7", "Payload": b"raw \x00 bytes"}

    @functions.add("ListFunctions")
    async def list_functions(rooms: list[Request], request: Request, context: CallContext) -> Answer:
        rooms.append(request)
        return {"Functions": [{"FunctionName": "f", "Environment": {"Variables": {"A": "b"}}}], "NextMarker": None}

    @functions.add("DeleteFunction")
    async def delete_function(rooms: list[Request], request: Request, context: CallContext) -> Answer:
        if request["FunctionName"] == "there":
            return {"StatusCode": 204}
        raise AwsError("ResourceNotFoundException", "no such function", members={"Type": "User"})

    services = (xray.bind(asked), functions.bind(asked))
    clock = ManualClock(AT_MS)
    return str(serve(Gateway(GatewayOptions(services, make_world().keys, clock, "1", "us-east-1", False))))


def test_a_body_is_read_and_written(url: str, asked: list[Request], make_client: Any) -> None:
    client = make_client(url, "xray")
    answer = client.get_trace_summaries(StartTime=AT, EndTime=AT, FilterExpression="ok = true", Sampling=False)
    assert asked == [
        {"StartTime": AT_MS, "EndTime": AT_MS, "FilterExpression": "ok = true", "Sampling": False},
    ]
    assert answer["TraceSummaries"] == [{"Id": "1", "Duration": 1.5}]
    assert answer["ApproximateTime"] == AT


def test_paths_headers_payloads_and_status_codes(url: str, asked: list[Request], make_client: Any) -> None:
    client = make_client(url, "lambda")
    answer = client.invoke(
        FunctionName="arn:aws:lambda:us-east-1:123456789012:function:f",
        InvocationType="Event",
        Payload=b'{"x": 1}',
        Qualifier="$LATEST",
    )
    assert asked == [
        {
            "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "InvocationType": "Event",
            "Payload": b'{"x": 1}',
            "Qualifier": "$LATEST",
        }
    ]
    assert answer["StatusCode"] == 202
    assert answer["ExecutedVersion"] == "7"
    assert answer["Payload"].read() == b"raw \x00 bytes"


def test_query_strings_are_read(url: str, asked: list[Request], make_client: Any) -> None:
    answer = make_client(url, "lambda").list_functions(MaxItems=5, Marker="é&=")
    assert asked == [{"MaxItems": 5, "Marker": "é&="}]
    assert answer["Functions"] == [{"FunctionName": "f", "Environment": {"Variables": {"A": "b"}}}]


def test_errors_are_the_services(url: str, make_client: Any) -> None:
    client = make_client(url, "lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.delete_function(FunctionName="f")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["Type"] == "User"
    with pytest.raises(ClientError) as other:
        make_client(url, "xray").create_group(GroupName="x")
    assert other.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_an_answer_without_content_leaves_nothing_before_the_next(url: str) -> None:
    to = urlsplit(url)
    asked = "DELETE /2015-03-31/functions/{} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-length: 0\r\n\r\n"
    signed = "AWS4-HMAC-SHA256 Credential=a/20261125/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
    with socket.create_connection((to.hostname, to.port), timeout=30) as connection:
        told = b""
        for name in ("there", "gone"):
            connection.sendall(asked.format(name, to.netloc, signed).encode())
            while told.count(b"HTTP/1.1 ") < ("there", "gone").index(name) + 1 or b"\r\n\r\n" not in told[-2000:]:
                told += connection.recv(65536)
    first, second = told.split(b"HTTP/1.1 ")[1:]
    assert (b"204", b"404") == (first[:3], second[:3])
    assert first.endswith(b"\r\n\r\n")


def test_a_constraint_of_the_model_is_checked(url: str, make_client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        make_client(url, "xray").create_group(GroupName="g" * 33)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "length less than or equal to 32" in caught.value.response["Error"]["Message"]


def test_the_more_literal_path_wins() -> None:
    routes = routes_of(load_model("lambda"))
    for method, path, operation in (
        ("GET", "/2015-03-31/functions", "ListFunctions"),
        ("GET", "/2015-03-31/functions/", "ListFunctions"),
        ("GET", "/2015-03-31/functions/f", "GetFunction"),
        ("GET", "/2015-03-31/functions/f/configuration", "GetFunctionConfiguration"),
        ("POST", "/2015-03-31/functions/f/invocations", "Invoke"),
        ("PATCH", "/2015-03-31/functions/f", None),
    ):
        assert match(routes, HttpRequest(method, path, path.encode(), b"", {})) == operation
