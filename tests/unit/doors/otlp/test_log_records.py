"""Log records in both encodings come out alike, the names of events among their attributes."""

import json

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from trimtab.doors.otlp.log_records import Record, decode_json_logs, decode_protobuf_logs


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
