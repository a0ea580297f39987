"""OTLP log records, decoded from protobuf and from JSON into one form.

Source: opentelemetry-proto, logs.proto and logs_service.proto. In JSON, trace and span ids are hexadecimal.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from trimtab.base.errors import InvalidInput
from trimtab.doors.otlp import decode_json
from trimtab.doors.otlp.json_messages import NO_ATTRIBUTES, AnyValue, Message, Resource
from trimtab.doors.otlp.values import read_any_value, read_attribute, read_attributes, stringify
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT

_RESOURCE_LOGS = 1  # of ExportLogsServiceRequest
_RESOURCE, _SCOPE_LOGS = 1, 2  # of ResourceLogs
_ATTRIBUTES = 1  # of Resource
_RECORDS = 2  # of ScopeLogs
_TIME, _SEVERITY, _SEVERITY_TEXT, _BODY, _RECORD_ATTRIBUTES, _TRACE, _SPAN, _OBSERVED, _EVENT = (
    1, 2, 3, 5, 6, 9, 10, 11, 12,
)  # fmt: skip
_EVENT_NAME = "event.name"
"""The attribute in which senders of before 1.5 of the protocol say the name of an event; what it is kept as."""
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_A_SEVERITY = 4  # numbers of each


class Record(Struct):
    """A log record. Times are nanoseconds, 0 where not given; ids are hexadecimal, "" for none."""

    time_ns: int = 0
    observed_ns: int = 0
    severity: int = 0
    severity_text: str = ""
    body: str = ""
    trace_id: str = ""
    span_id: str = ""
    attributes: dict[str, str] | None = None

    @property
    def level(self) -> str:
        """TRACE, DEBUG, INFO, WARN, ERROR or FATAL by the number; without one, the text that was given."""
        if 1 <= self.severity <= _A_SEVERITY * len(_SEVERITIES):
            return _SEVERITIES[(self.severity - 1) // _A_SEVERITY]
        return self.severity_text.upper()


Decoded = list[tuple[dict[str, str], list[Record]]]
"""Attributes of a resource, and its records."""


def decode_protobuf_logs(body: bytes) -> Decoded:
    """Decode an ExportLogsServiceRequest. Raises Malformed."""
    decoded: Decoded = []
    known: dict[bytes, tuple[str, str]] = {}
    for begin, end in _messages(body, 0, len(body), _RESOURCE_LOGS):
        resource: dict[str, str] = {}
        for at, stop in _messages(body, begin, end, _RESOURCE):
            resource |= read_attributes(body, at, stop, _ATTRIBUTES)
        records = [
            _record(body, *record, known)
            for scope in _messages(body, begin, end, _SCOPE_LOGS)
            for record in _messages(body, *scope, _RECORDS)
        ]
        decoded.append((resource, records))
    return decoded


def _messages(body: bytes, start: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if (field, kind) == (number, LENGTH):
            yield begin, stop


def _record(body: bytes, start: int, end: int, known: dict[bytes, tuple[str, str]]) -> Record:
    """One record; `known` are attributes of the request by their bytes: most are in many of its records."""
    record, attributes, name = Record(), dict[str, str](), None
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == LENGTH and field == _RECORD_ATTRIBUTES:
            raw = body[begin:stop]
            if (pair := known.get(raw)) is None:
                pair = known[raw] = read_attribute(body, begin, stop)
            attributes[pair[0]] = pair[1]
        elif kind == LENGTH and field == _EVENT:
            name = wire.text(body, begin, stop) if name is None else name
        elif kind == FIXED64:
            if field == _TIME:
                record.time_ns = wire.fixed64(body, begin)
            elif field == _OBSERVED:
                record.observed_ns = wire.fixed64(body, begin)
        elif kind == VARINT and field == _SEVERITY:
            record.severity = wire.varint(body, begin, stop)[0]
        elif kind == LENGTH:
            _long(record, body, field, begin, stop)
    record.attributes = {key: value for key, value in attributes.items() if value}
    if name is not None:
        record.attributes.setdefault(_EVENT_NAME, name)
    return record


def _long(record: Record, body: bytes, field: int, begin: int, stop: int) -> None:
    if field == _SEVERITY_TEXT:
        record.severity_text = wire.text(body, begin, stop)
    elif field == _BODY:
        record.body = stringify(read_any_value(body, begin, stop))
    elif field == _TRACE:
        record.trace_id = body[begin:stop].hex()
    elif field == _SPAN:
        record.span_id = body[begin:stop].hex()


class _Record(Message):
    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number: int = 0
    severity_text: str = ""
    body: AnyValue | None = None
    attributes: Raw = NO_ATTRIBUTES
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class _ScopeLogs(Message):
    log_records: list[_Record] = msgspec.field(default_factory=list)


class _ResourceLogs(Message):
    resource: Resource | None = None
    scope_logs: list[_ScopeLogs] = msgspec.field(default_factory=list)


class _Export(Message):
    resource_logs: list[_ResourceLogs] = msgspec.field(default_factory=list)


_decoder = msgspec.json.Decoder(_Export, strict=False)


def decode_json_logs(body: bytes) -> Decoded:
    """Decode an ExportLogsServiceRequest in JSON. Raises InvalidInput that names the field."""
    try:
        export = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
        raise InvalidInput(f"cannot decode body: it is not an OTLP logs request in JSON: {problem}") from None
    return [
        (
            decode_json.read_attributes(bytes(item.resource.attributes)) if item.resource else {},
            [_of_json(record) for scope in item.scope_logs for record in scope.log_records],
        )
        for item in export.resource_logs
    ]


def _of_json(record: _Record) -> Record:
    attributes = decode_json.read_attributes(bytes(record.attributes))
    if record.event_name:
        attributes.setdefault(_EVENT_NAME, record.event_name)
    return Record(
        max(record.time_unix_nano, 0),
        max(record.observed_time_unix_nano, 0),
        record.severity_number,
        record.severity_text,
        decode_json.text_of(record.body),
        record.trace_id.lower(),
        record.span_id.lower(),
        attributes,
    )
