"""Log records in both encodings come out alike, the names of events among their attributes."""

import json

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from trimtab.doors.otlp.log_records import Record, decode_json_logs, decode_protobuf_logs
from trimtab.doors.protobuf.wire import Malformed

TEXTS = st.sampled_from(["", "a", "app.log", "größe", "x" * 127, "y" * 128, "z" * 20_000])
VALUES = st.one_of(
    st.builds(lambda text: {"string_value": text}, TEXTS),
    st.builds(lambda number: {"int_value": number}, st.integers(-(1 << 63), (1 << 63) - 1)),
    st.sampled_from([{"bool_value": True}, {"double_value": 1.5}, {}, {"array_value": {"values": [{"int_value": 1}]}}]),
)
ATTRIBUTES = st.lists(st.builds(lambda key, value: {"key": key, "value": value}, TEXTS, VALUES), max_size=4)
RECORDS = st.fixed_dictionaries(
    {"attributes": ATTRIBUTES, "body": VALUES, "severity_number": st.integers(0, 24), "severity_text": TEXTS},
    optional={"time_unix_nano": st.integers(0, (1 << 64) - 1), "event_name": TEXTS, "flags": st.just(1)},
)


def decoded(record: dict[str, object]) -> list[Record]:
    """The record by protobuf and by JSON, as OpenTelemetry's own library writes them."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(**record)
    written = MessageToDict(request, use_integers_for_enums=True)
    found = [decode_protobuf_logs(request.SerializeToString()), decode_json_logs(json.dumps(written).encode())]
    return [records[0] for ((_, records),) in found]


@pytest.mark.parametrize(
    ("attributes", "name"), [([], "browser.click"), ([{"key": "event.name", "value": {"string_value": "old"}}], "old")]
)
def test_the_name_of_an_event_is_an_attribute_unless_one_says_it(attributes: list[object], name: str) -> None:
    for record in decoded({"event_name": "browser.click", "attributes": attributes, "severity_number": 9}):
        assert ({"event.name": name}, "INFO") == (record.attributes, record.level)
    for record in decoded({"severity_number": 17}):
        assert ({}, "ERROR") == (record.attributes, record.level)


@given(st.lists(RECORDS, min_size=1, max_size=6))
def test_records_of_one_request_come_out_alike_in_both_encodings(records: list[dict[str, object]]) -> None:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add().scope_logs.add()
    for record in records * 2:  # what is in many records is decoded once
        logs.log_records.add(**record)
    written = MessageToDict(request, use_integers_for_enums=True)
    ((_, by_protobuf),) = decode_protobuf_logs(request.SerializeToString())
    ((_, by_json),) = decode_json_logs(json.dumps(written).encode())
    assert by_json == by_protobuf
    assert by_protobuf[: len(records)] == by_protobuf[len(records) :]
    assert by_protobuf[0].attributes is not by_protobuf[len(records)].attributes


def test_an_attribute_that_comes_again_counts_as_it_came_last() -> None:
    texts = ["first", "second", ""]
    attributes = [{"key": "k", "value": {"string_value": text}} for text in texts]
    assert ["second", None] == [
        decoded({"attributes": attributes[:count]})[0].attributes.get("k")  # type: ignore[union-attr]  # never None
        for count in (2, 3)
    ]


def test_a_request_that_is_cut_short_anywhere_is_refused_or_shorter() -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(trace_id=b"1" * 16, span_id=b"2" * 8)
    record.body.string_value, record.event_name = "m" * 200, "e"
    record.attributes.add(key="k").value.string_value = "v"
    whole = request.SerializeToString()
    ((_, (found,)),) = decode_protobuf_logs(whole)
    assert ("m" * 200, "31" * 16, "32" * 8) == (found.body, found.trace_id, found.span_id)
    assert {"k": "v", "event.name": "e"} == found.attributes
    for end in range(1, len(whole)):
        with pytest.raises(Malformed, match="cut short"):
            decode_protobuf_logs(whole[:end])
