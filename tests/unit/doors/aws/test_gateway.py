import asyncio
import gzip
import json
import logging
import threading
from typing import Any

import cbor2
import pytest

from trimtab.base.errors import DiskFull, QueryAborted, Throttled, Unavailable
from trimtab.doors.aws.body import MAX_SENT
from trimtab.doors.aws.gateway import is_aws_request
from trimtab.doors.aws.wire.json import JsonCodec

TARGET = b"GraniteServiceVersion20100801."
JSON = [(b"host", b"localhost"), (b"content-type", b"application/x-amz-json-1.0")]
QUERY_MODE = [(b"x-amzn-query-mode", b"true")]
AUTHORIZATION = b"AWS4-HMAC-SHA256 Credential=a/20261125/eu-west-1/%s/aws4_request, SignedHeaders=host, Signature=0"


class Answer:
    """What came back from a gateway."""

    def __init__(self, messages: list[Any]) -> None:
        assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]
        self.status: int = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body: bytes = messages[1]["body"]
        assert self.headers["content-length"] == str(len(self.body))
        assert len(self.headers["x-amzn-requestid"]) == 36

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def send(
    world: Any,
    body: bytes = b"",
    headers: Any = (),
    method: str = "POST",
    path: str = "/",
    query: bytes = b"",
    parts: int = 1,
) -> Answer:
    size = -(-len(body) // parts) or 1
    chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    messages: list[Any] = []

    async def receive() -> Any:
        part = chunks.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(chunks)}

    async def take(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": list(headers),
    }
    asyncio.run(world.gateway(scope, receive, take))
    return Answer(messages)


def call(world: Any, operation: str, request: Any, *more: tuple[bytes, bytes], **options: Any) -> Answer:
    headers = [*JSON, (b"x-amz-target", TARGET + operation.encode()), *more]
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return send(world, body, headers, **options)


PUT = {"Namespace": "app", "MetricData": [{"MetricName": "m", "Value": 1.0}]}


@pytest.mark.parametrize(
    ("expected", "scope"),
    [
        (True, {"headers": [(b"x-amz-target", b"x.y")]}),
        (True, {"headers": [(b"authorization", b"AWS4-HMAC-SHA256 Credential=x")]}),
        (True, {"headers": [(b"smithy-protocol", b"rpc-v2-cbor")]}),
        (True, {"path": "/service/Granite/operation/ListMetrics"}),
        (True, {"headers": [(b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")]}),
        (True, {"method": "GET", "query_string": b"Action=ListMetrics"}),
        (True, {"method": "GET", "query_string": b"a=b&X-Amz-Signature=00"}),
        (False, {"method": "GET"}),
        (False, {"path": "/rest/v1/metrics", "query_string": b"Action=x"}),
        (False, {"path": "/login", "headers": [(b"content-type", b"application/x-www-form-urlencoded")]}),
        (False, {"path": "/api/v1/write", "headers": [(b"authorization", b"AWS4-HMAC-SHA256 Credential=x")]}),
        (False, {"path": "/v1/metrics", "headers": [(b"authorization", b"AWS4-HMAC-SHA256 Credential=x")]}),
        (False, {"headers": [(b"authorization", b"Bearer x")]}),
    ],
)
def test_recognises_aws_requests_by_their_head(expected: bool, scope: dict[str, Any]) -> None:
    whole = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", **scope}
    assert is_aws_request(whole) is expected


def test_an_unsigned_put_is_the_local_operators(world: Any) -> None:
    answer = call(world, "PutMetricData", PUT, (b"amz-sdk-invocation-id", b"one"))
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert len(world.value_rows) == 1
    assert call(world, "PutMetricData", PUT, (b"amz-sdk-invocation-id", b"one")).status == 200
    assert len(world.value_rows) == 1


def test_region_comes_from_the_credential_scope(world: Any) -> None:
    call(world, "PutMetricData", PUT, (b"authorization", AUTHORIZATION % b"monitoring"))
    identity = world.registry.get(world.value_rows[0][0]).identity
    assert (identity.account, identity.region) == ("123456789012", "eu-west-1")


def test_request_ids_differ(world: Any) -> None:
    ids = {call(world, "ListMetrics", {}).headers["x-amzn-requestid"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("encoding", [b"gzip", b"GZIP", b"x-gzip"])
def test_gzip_bodies(world: Any, encoding: bytes, parts: int) -> None:
    body = gzip.compress(json.dumps(PUT).encode())
    assert call(world, "PutMetricData", body, (b"content-encoding", encoding), parts=parts).status == 200
    assert len(world.value_rows) == 1


ZIPPED = gzip.compress(b'{"a": 1}', mtime=0)  # no time in it: every process must collect tests of the same names


@pytest.mark.parametrize("body", [b"not gzip", ZIPPED[:-9], ZIPPED[:5], b""], ids=repr)
def test_a_broken_gzip_body_is_the_clients_fault(world: Any, body: bytes) -> None:
    answer = call(world, "PutMetricData", body, (b"content-encoding", b"gzip"))
    assert answer.status == 400
    assert answer.document["__type"].endswith("#SerializationException")


def test_an_unknown_encoding_is_named(world: Any) -> None:
    answer = call(world, "PutMetricData", b"x", (b"content-encoding", b"br"))
    assert answer.status == 400
    assert "'br'" in answer.document["message"]


def test_bombs_and_giants_are_too_large(world: Any) -> None:
    bomb = gzip.compress(b" " * (200 << 20))
    for answer in (
        call(world, "PutMetricData", bomb, (b"content-encoding", b"gzip")),
        call(world, "PutMetricData", b" " * ((1 << 20) + 1)),
        call(world, "PutMetricData", b" " * (MAX_SENT + 1), parts=7),
    ):
        assert answer.status == 413
        assert answer.document["__type"].endswith("#RequestEntityTooLargeException")
        assert "exceeded" in answer.document["message"]
    assert call(world, "PutMetricData", json.dumps(PUT).encode() + b" " * 900_000).status == 200


@pytest.mark.parametrize(("more", "elsewhere"), [(0, False), (64 << 10, True)])
def test_a_large_body_is_read_beside_the_event_loop(
    more: int, elsewhere: bool, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    read = JsonCodec.read

    def noted(self: Any, request: Any) -> Any:
        threads.append(threading.current_thread() is not threading.main_thread())
        return read(self, request)

    monkeypatch.setattr(JsonCodec, "read", noted)
    assert 200 == call(world, "ListMetrics", b"{}" + b" " * more).status
    assert [elsewhere] == threads


def test_a_client_that_hangs_up_gets_no_answer(world: Any) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(world.gateway(scope, receive, take))
    assert sent == []


def test_unknown_targets_answer_in_their_own_protocol(world: Any) -> None:
    answer = call(world, "PutManagedInsightRules", {})
    assert answer.status == 404
    assert answer.document["__type"] == "com.amazon.coral.service#UnknownOperationException"
    assert "PutManagedInsightRules" in answer.document["message"]
    assert "not available in trimtab yet" in answer.document["message"]
    assert "is not valid" in call(world, "Nonsense", {}).document["message"]
    answer = send(world, b"{}", [*JSON, (b"x-amz-target", b"DynamoDB_20120810.ListTables")])
    assert answer.document["__type"].endswith("#UnknownOperationException")
    assert "trimtab serves cloudwatch, sts" in answer.document["message"]

    cbor = [(b"smithy-protocol", b"rpc-v2-cbor")]
    answer = send(world, b"", cbor, path="/service/GraniteServiceVersion20100801/operation/ListManagedInsightRules")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/cbor")
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor2.loads(answer.body)["__type"].endswith("#UnknownOperationException")
    assert send(world, b"", cbor, path="/").status == 404

    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    answer = send(world, b"Action=ListManagedInsightRules&Version=2010-08-01", form)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/xml")
    assert b"<Code>InvalidAction</Code>" in answer.body
    assert b"DescribeAlarms" in answer.body
    assert b"<Code>InvalidAction</Code>" in send(world, b"", form).body

    signed = [(b"authorization", AUTHORIZATION % b"xray")]
    answer = send(world, b"{}", signed, path="/TraceSummaries")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert "POST /TraceSummaries" in answer.document["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"MetricData": 1}', b"\xff", b'{"Namespace": 5}'], ids=repr)
def test_a_body_that_does_not_read_is_malformed(world: Any, body: bytes) -> None:
    answer = call(world, "PutMetricData", body, *QUERY_MODE)
    assert answer.status == 400
    assert answer.document["__type"] == "com.amazon.coral.service#SerializationException"
    assert answer.headers["x-amzn-query-error"] == "MalformedInput;Sender"
    assert answer.document["message"].startswith("cannot read ")


def test_the_query_modes_header_has_the_query_code(world: Any) -> None:
    answer = call(world, "PutMetricData", {"Namespace": "app"}, *QUERY_MODE)
    assert answer.document["__type"] == "com.amazonaws.cloudwatch#MissingRequiredParameterException"
    assert answer.headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert "x-amzn-query-error" not in call(world, "PutMetricData", {"Namespace": "app"}).headers


def test_what_trimtab_cannot_do_now_has_codes_that_sdks_retry(world: Any) -> None:
    for failure, status, name in (
        (Throttled("full", retry_after_s=3), 429, "ThrottlingException"),
        (DiskFull("full"), 503, "ServiceUnavailableException"),
        (Unavailable("stopping"), 503, "ServiceUnavailableException"),
        (QueryAborted("too long"), 400, "LimitExceededFault"),
    ):
        world.ingest.failure = failure
        answer = call(world, "PutMetricData", PUT, *QUERY_MODE)
        assert (answer.status, answer.document["__type"].split("#")[1]) == (status, name)
        assert answer.document["message"] == str(failure)
    world.ingest.failure = Throttled("full", retry_after_s=3)
    answer = call(world, "PutMetricData", PUT, *QUERY_MODE)
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["x-amzn-query-error"] == "Throttling;Sender"


def test_a_bug_is_answered_in_the_protocol_and_logged(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    world.ingest.failure = ZeroDivisionError("secret detail")
    with caplog.at_level(logging.ERROR):
        answer = call(world, "PutMetricData", PUT)
    assert (answer.status, answer.document["__type"].split("#")[1]) == (500, "InternalFailure")
    assert "secret" not in answer.body.decode()
    assert "ZeroDivisionError" in caplog.text


def test_query_requests_may_come_by_get(world: Any) -> None:
    query = (
        b"Action=PutMetricData&Version=2010-08-01&Namespace=app&MetricData.member.1.MetricName=m"
        b"&MetricData.member.1.Value=1.5&MetricData.member.1.Dimensions.member.1.Name=a"
        b"&MetricData.member.1.Dimensions.member.1.Value=b%26c"
    )
    answer = send(world, method="GET", query=query)
    assert answer.status == 200
    assert b"<PutMetricDataResponse" in answer.body
    identity = world.registry.get(world.value_rows[0][0]).identity
    assert identity.dimensions == (("a", "b&c"),)


def test_a_half_signed_request_is_refused_only_where_signatures_count(world: Any, make_world: Any) -> None:
    half = (b"authorization", b"AWS4-HMAC-SHA256 nothing")
    assert call(world, "ListMetrics", {}, half).status == 200
    locked = make_world(auth_required=True)
    answer = call(locked, "ListMetrics", {}, half)
    assert (answer.status, answer.document["__type"].split("#")[1]) == (403, "IncompleteSignatureException")
    answer = call(locked, "ListMetrics", {})
    assert answer.document["__type"].split("#")[1] == "MissingAuthenticationTokenException"


def test_answer_headers_of_an_operation_are_sent(world: Any) -> None:
    item = {"Entity": {"KeyAttributes": {"Type": "Thing", "Name": "x"}}, "MetricData": PUT["MetricData"]}
    request = {"Namespace": "app", "EntityMetricData": [item], "StrictEntityValidation": False}
    answer = call(world, "PutMetricData", request)
    assert answer.headers["x-amzn-failure-message"] == "InvalidTypeValue"


def test_model_constraints_are_told_in_the_services_words(world: Any) -> None:
    answer = call(world, "ListMetrics", {"RecentlyActive": "PT4H", "Dimensions": [{"Value": "x"}]}, *QUERY_MODE)
    assert answer.headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert answer.document["message"] == "The parameter Dimensions.member.1.Name is required."
    answer = call(world, "ListMetrics", {"RecentlyActive": "PT4H"})
    assert answer.document["message"] == "The parameter RecentlyActive must be a value in the set [ PT3H ]."
