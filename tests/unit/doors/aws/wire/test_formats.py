"""Small promises of the formats that no client shows."""

import datetime as dt
import json
from typing import Any
from xml.etree import ElementTree

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.wire import timestamps
from trimtab.doors.aws.wire.cbor import CborCodec
from trimtab.doors.aws.wire.fault import resolve
from trimtab.doors.aws.wire.http import HttpRequest
from trimtab.doors.aws.wire.json import JsonCodec
from trimtab.doors.aws.wire.malformed import Malformed
from trimtab.doors.aws.wire.model import load_model
from trimtab.doors.aws.wire.query import QueryCodec, tree_of, write_fault
from trimtab.doors.aws.wire.xml import escape

CLOUDWATCH = load_model("cloudwatch")
FORM = {b"content-type": b"application/x-www-form-urlencoded"}


def codec(kind: Any, operation: str, service: str = "cloudwatch") -> Any:
    model = load_model(service)
    return kind(model, model.operation(operation))


def request(body: bytes, headers: Any = None) -> HttpRequest:
    return HttpRequest("POST", "/", b"/", b"", headers or {}, body, body)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-25T10:00:00Z", 1_795_600_800_000),
        ("2026-11-25T10:00:00.250Z", 1_795_600_800_250),
        ("2026-11-25T12:00:00+02:00", 1_795_600_800_000),
        ("20261125T100000Z", 1_795_600_800_000),
        ("1795600800", 1_795_600_800_000),
        ("1795600800.25", 1_795_600_800_250),
        ("Wed, 25 Nov 2026 10:00:00 GMT", 1_795_600_800_000),
    ],
)
def test_a_timestamp_is_read_in_any_form(text: str, ms: int) -> None:
    assert timestamps.from_text(text) == ms


@pytest.mark.parametrize("text", ["", "now", "nan", "inf", "1e300", "2026-13-01", "25 Nov", "9" * 30])
def test_other_text_is_no_timestamp(text: str) -> None:
    with pytest.raises(Malformed):
        timestamps.from_text(text)


@given(st.integers(-(10**12), 4 * 10**12), st.sampled_from(["iso8601", "unixTimestamp"]))
def test_timestamps_survive_being_written(ms: int, form: str) -> None:
    assert timestamps.from_text(timestamps.text(ms, form)) == ms


def test_arrays_are_written_as_lists() -> None:
    result = {
        "Id": "a",
        "Timestamps": np.array([1000, 2500], np.int64),
        "Values": np.array([1.5, -2.0]),
        "StatusCode": "Complete",
    }
    output = {"MetricDataResults": [result]}
    document = json.loads(codec(JsonCodec, "GetMetricData").write(output, "id").body)
    assert document["MetricDataResults"][0]["Timestamps"] == [1.0, 2.5]
    assert document["MetricDataResults"][0]["Values"] == [1.5, -2.0]
    decoded = cbor2.loads(codec(CborCodec, "GetMetricData").write(output, "id").body)["MetricDataResults"][0]
    assert decoded["Timestamps"] == [dt.datetime.fromtimestamp(at, dt.UTC) for at in (1, 2.5)]
    assert decoded["Values"] == [1.5, -2.0]
    body = codec(QueryCodec, "GetMetricData").write(output, "id").body
    space = {"n": CLOUDWATCH.xml_namespace}
    root = ElementTree.fromstring(body)
    assert [node.text for node in root.iterfind(".//n:Timestamps/n:member", space)] == [
        "1970-01-01T00:00:01Z",
        "1970-01-01T00:00:02.500Z",
    ]
    assert [node.text for node in root.iterfind(".//n:Values/n:member", space)] == ["1.5", "-2.0"]
    assert [node.text for node in root.iterfind(".//n:RequestId", space)] == ["id"]


@given(st.text())
def test_any_text_makes_good_xml(text: str) -> None:
    ElementTree.fromstring(f"<a>{escape(text)}</a>".encode())


def test_an_xml_error_is_escaped() -> None:
    fault = resolve(AwsError("InvalidParameterValue", "<&>"), CLOUDWATCH)
    body = write_fault(fault, CLOUDWATCH, request(b""), "id").body
    assert b"<Message>&lt;&amp;&gt;</Message>" in body
    ElementTree.fromstring(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"MetricData.member.1.Value=abc", "MetricData.member.1.Value"),
        (b"MetricData.member.x.Value=1", "MetricData"),
        (b"MetricData.member.1.Dimensions=5", "MetricData.member.1.Dimensions"),
        (b"MetricData.member.1=5", "MetricData.member.1"),
        (b"Namespace.a=5", "Namespace"),
        (b"MetricData.member.1.Timestamp=yesterday", "MetricData.member.1.Timestamp"),
    ],
)
def test_a_field_that_does_not_read_is_named(body: bytes, place: str) -> None:
    with pytest.raises(Malformed, match=f"cannot read {place}: "):
        codec(QueryCodec, "PutMetricData").read(request(body, FORM))


def test_a_name_cannot_be_a_value_and_a_container() -> None:
    with pytest.raises(Malformed):
        tree_of([("A", "1"), ("A.B", "2")])


def test_members_are_read_in_the_order_of_their_numbers() -> None:
    body = b"TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a&ResourceARN=x"
    assert codec(QueryCodec, "UntagResource").read(request(body, FORM))["TagKeys"] == ["a", "b", "c"]
    assert codec(QueryCodec, "UntagResource").read(request(b"TagKeys=", FORM)) == {"TagKeys": []}


def test_maps_and_blobs_of_the_query_protocol() -> None:
    body = (
        b"EntityMetricData.member.1.Entity.KeyAttributes.entry.1.key=Type"
        b"&EntityMetricData.member.1.Entity.KeyAttributes.entry.1.value=Service"
    )
    parsed = codec(QueryCodec, "PutMetricData").read(request(body, FORM))
    assert parsed["EntityMetricData"][0]["Entity"]["KeyAttributes"] == {"Type": "Service"}


@pytest.mark.parametrize(
    "body", [b"\xa1", b"\xff", b"\x81" * 500, b"\xa1\x61a", cbor2.dumps([1]), cbor2.dumps({"Namespace": 1})], ids=repr
)
def test_a_cbor_body_that_does_not_read_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        codec(CborCodec, "PutMetricData").read(request(body))


def test_json_blobs_are_base64() -> None:
    parsed = codec(JsonCodec, "PutDestination", "logs")
    assert parsed.read(request(b'{"destinationName": "x", "unknown": 1, "roleArn": null}')) == {"destinationName": "x"}


def test_a_recursive_document_is_read_and_written() -> None:
    ce = codec(JsonCodec, "GetCostAndUsage", "ce")
    document = {"Filter": {"Not": {"And": [{"Dimensions": {"Key": "REGION", "Values": ["a"]}}]}}}
    assert ce.read(request(json.dumps(document).encode())) == document
