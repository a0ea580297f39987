"""Spans of OTLP: both ways of decoding make the same rows, and both make of a span what it says."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from depth import examples
from trimtab.doors.otlp import span_rows, span_rows_compiled
from trimtab.doors.otlp.span_fields import adjusted_count, host_of
from trimtab.doors.otlp.span_read import Read, read_records
from trimtab.doors.otlp.span_records import decode_json_spans, decode_protobuf_spans
from trimtab.doors.otlp.span_rows import NAMES, SpanRows
from trimtab.doors.protobuf import rowbinary_compiled
from trimtab.doors.protobuf.wire import Malformed
from trimtab.store.telemetry.rowbinary import string
from trimtab.traces.model import Span
from trimtab.traces.rows import day_of, row_of

PLACE = "123456789012", "us-east-1"
NOW = 1_764_072_000_000
NS = 1_000_000
DAY = 86_400_000
KEYS = st.one_of(st.sampled_from(NAMES), st.sampled_from(["a", "b", "ü", "gen_ai.usage.input_tokens"]))
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["GET", "http://api.local:80/x?y", "aws-api", "200", "404", "500", "postgresql"]),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([200, 404, 429, 500, 0, 9, 10, -10, 999, 1000]),
    st.floats(),
    st.binary(max_size=5),
    st.lists(st.one_of(st.text(max_size=4), st.floats(), st.integers(-5, 5)), max_size=3),
)
SPANS = st.fixed_dictionaries(
    {
        "trace_id": st.one_of(st.binary(min_size=16, max_size=16), st.just(b""), st.just(bytes(16))),
        "span_id": st.one_of(st.binary(min_size=8, max_size=8), st.just(b"")),
        "parent_span_id": st.one_of(st.just(b""), st.binary(min_size=8, max_size=8), st.just(bytes(8)), st.just(b"x")),
        "name": st.text(max_size=10),
        "kind": st.integers(0, 5),
        "start": st.sampled_from([0, NOW, NOW - 3 * DAY, NOW + 3 * 3_600_000]),
        "length": st.integers(-5, 10**9),
        "status": st.integers(0, 2),
        "message": st.sampled_from(["", "", "it failed"]),
        "state": st.sampled_from(["", "", "ot=th:8", "other=1"]),
        "event": st.sampled_from([False, False, True]),
        "attributes": st.lists(st.tuples(KEYS, VALUES), max_size=6),
    }
)
REQUESTS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["service.name", "host.name", "x"]), st.text(max_size=6)),
        st.lists(SPANS, max_size=4),
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def kernels() -> Iterator[ModuleType]:
    span_rows_compiled.warm()
    yield span_rows_compiled


def _put(attributes: Any, key: str, value: Any) -> None:
    _set(attributes.add(key=key).value, value)


def _set(target: Any, value: Any) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, list):
        for item in value:
            _set(target.array_value.values.add(), item)
        target.array_value.SetInParent()
    else:
        target.string_value = value


def make(resources: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for attributes, spans in resources:
        group = request.resource_spans.add()
        for key, value in attributes.items():
            _put(group.resource.attributes, key, value)
        scope = group.scope_spans.add()
        for one in spans:
            start = one["start"] * NS
            span = scope.spans.add(
                trace_id=one["trace_id"],
                span_id=one["span_id"],
                parent_span_id=one["parent_span_id"],
                name=one["name"],
                kind=one["kind"],
                trace_state=one["state"],
                start_time_unix_nano=start,
                end_time_unix_nano=max(start + one["length"], 0),
            )
            span.status.code = one["status"]
            span.status.message = one["message"]
            if one["event"]:
                span.events.add(name="exception", time_unix_nano=start)
            for key, value in one["attributes"]:
                _put(span.attributes, key, value)
    return request


def _rows(read: Read) -> dict[int, list[bytes]]:
    rows: dict[int, list[bytes]] = {}
    for span in read.spans:
        rows.setdefault(day_of(span.start_ns), []).append(row_of(span, NOW))
    return rows


@settings(max_examples=examples(60))
@given(resources=REQUESTS)
def test_compiled_code_makes_the_rows_of_plain_python(kernels: ModuleType, resources: Any) -> None:
    body = make(resources).SerializeToString()
    plain = read_records(decode_protobuf_spans(body), PLACE, NOW)
    compiled = SpanRows().read(body, kernels, PLACE, NOW)
    wanted = _rows(plain)
    found = compiled.encoded.rows if compiled.encoded else {}
    assert {day: len(rows) for day, rows in wanted.items()} == {day: count for day, (_, count) in found.items()}
    for day, rows in wanted.items():
        # Spans that plain Python took come behind the others: the same rows in another order.
        rest = found[day][0]
        for row in sorted(rows, key=len, reverse=True):
            assert row in rest
            rest = rest.replace(row, b"", 1)
        assert b"" == rest
    assert plain.services == compiled.services
    assert plain.refused == compiled.refused
    traces = {(span.trace_id, day_of(span.start_ns)) for span in plain.spans}
    assert traces == (compiled.encoded.traces if compiled.encoded else set())


@settings(max_examples=examples(50))
@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused_alike(kernels: ModuleType, body: bytes) -> None:
    def taken(read: Any) -> bool:
        try:
            read()
        except Malformed:
            return False
        return True

    compiled = taken(lambda: SpanRows().read(body, kernels, PLACE, NOW))
    assert compiled or not taken(lambda: decode_protobuf_spans(body))


EDGES = ["c080", "c280", "e08080", "e0a080", "ed9fbf", "eda080", "efbfbf", "f0808080", "f0908080", "f48fbfbf",
         "f4908080", "f5808080", "80", "e282", "f09f98", "41"]  # fmt: skip


@settings(max_examples=examples(400))
@given(st.lists(st.one_of(st.binary(max_size=3), st.sampled_from([bytes.fromhex(one) for one in EDGES])), max_size=4))
def test_text_is_text_where_python_can_decode_it(kernels: ModuleType, parts: list[bytes]) -> None:
    raw = b"".join(parts)
    try:
        raw.decode()
        decodes = True
    except UnicodeDecodeError:
        decodes = False
    assert decodes == rowbinary_compiled.is_utf8(np.frombuffer(b"x" + raw, np.uint8), 1, len(raw) + 1)


def test_values_that_are_no_plain_text_leave_a_span_to_compiled_code(kernels: ModuleType) -> None:
    values = {
        "temperature": 0.2,
        "ttft": 0.1234567890123,
        "reasons": ["stop", "größe"],
        "raw": b"\1",
        "none": float("nan"),
    }
    span = {"trace_id": b"t" * 16, "span_id": b"s" * 8, "parent_span_id": b"", "name": "größe", "kind": 3, "start": NOW}
    span |= {"length": 5, "status": 0, "message": "", "state": "", "event": False, "attributes": list(values.items())}
    body = make([({}, [span] * 3)]).SerializeToString()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(span_rows, "read_span", None)  # what plain Python reads spans with
        found = SpanRows().read(body, kernels, PLACE, NOW)
    assert 1 == len(span_rows_compiled.rows.signatures)  # the second call is no other code to compile
    assert found.encoded is not None
    [(rows, count)] = found.encoded.rows.values()
    assert 3 == count
    for text in ("0.2", "0.1234567890123", '["stop","größe"]', "AQ==", "NaN"):
        assert 3 == rows.count(string(text))


def _one(attributes: dict[str, Any], **fields: Any) -> Span:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _put(group.resource.attributes, "service.name", "shop")
    _put(group.resource.attributes, "cloud.platform", "aws_ec2")
    given_ = {"trace_id": b"t" * 16, "span_id": b"s" * 8, "name": "GET /", "start_time_unix_nano": NOW * NS}
    span = group.scope_spans.add().spans.add(**given_ | {"end_time_unix_nano": NOW * NS + 5} | fields)
    for key, value in attributes.items():
        _put(span.attributes, key, value)
    return read_records(decode_protobuf_spans(request.SerializeToString()), PLACE, NOW).spans[0]


def test_a_server_span_says_what_came() -> None:
    span = _one({"http.request.method": "GET", "http.response.status_code": 503, "url.path": "/cart"}, kind=2)
    assert (span.service, span.kind, span.segment, span.duration_ns) == ("shop", "server", True, 5)
    assert (span.http_method, span.http_status, span.http_url) == ("GET", 503, "/cart")
    assert (span.fault, span.error, span.throttle) == (True, False, False)
    assert (span.origin, span.peer) == ("AWS::EC2::Instance", "")


@pytest.mark.parametrize(
    ("attributes", "peer", "origin"),
    [
        ({"db.system": "postgresql", "server.address": "db.local"}, "postgresql@db.local", "Database"),
        ({"db.system": "sqlite"}, "sqlite", "Database"),
        ({"peer.service": "orders-db", "db.system.name": "mysql"}, "orders-db", "Database"),
        ({"messaging.system": "kafka", "messaging.destination.name": "orders"}, "orders", "Messaging"),
        ({"rpc.system": "aws-api", "rpc.service": "S3"}, "S3", "AWS::S3"),
        ({"rpc.system": "grpc", "rpc.service": "shop.Cart", "server.address": "h"}, "shop.Cart", "remote"),
        ({"gen_ai.system": "vllm", "server.address": "gpu-1"}, "vllm", "GenAI"),
        ({"server.address": "api.local"}, "api.local", "remote"),
        ({"http.url": "https://api.local:8443/x"}, "api.local", "remote"),
        ({}, "", ""),
    ],
)
def test_a_client_span_says_what_it_called(attributes: dict[str, Any], peer: str, origin: str) -> None:
    span = _one(attributes, kind=3, parent_span_id=b"p" * 8)
    assert (span.peer, span.origin, span.segment) == (peer, origin, False)


def test_a_span_that_has_not_ended_is_in_progress() -> None:
    assert _one({}, end_time_unix_nano=0).partial


def test_json_says_the_same_as_protobuf() -> None:
    body = b"""{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
      "scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
      "parentSpanId":"","name":"I'm a server span","startTimeUnixNano":"1544712660000000000",
      "endTimeUnixNano":"1544712661000000000","kind":2,"status":{"code":"STATUS_CODE_ERROR","message":"no"},
      "attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}},{"key":"n","value":{"intValue":"7"}}],
      "events":[{"timeUnixNano":"1544712660500000000","name":"exception","attributes":[]}]}]}]}]}"""
    (span,) = read_records(decode_json_spans(body), PLACE, NOW).spans
    assert (span.trace_id, span.span_id) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    assert (span.kind, span.status, span.fault, span.duration_ns) == ("server", "error", True, 10**9)
    assert {"my.span.attr": "some value", "n": "7", "otel.status_description": "no"} == span.attributes
    assert "1544712660500000000" in span.events


def test_hosts_and_counts_of_sampling() -> None:
    assert "h" == host_of("http://h/x") == host_of("h2c://h:80") == host_of("http://h?x")
    assert "" == host_of("/path")
    assert 2.0 == adjusted_count("ot=th:8")
    assert 20.0 == pytest.approx(adjusted_count("vendor=1,ot=rv:1;th:f333333333333"))
    assert 1.0 == adjusted_count("ot=th:zz") == adjusted_count("")
