"""OTLP spans, decoded from protobuf and from JSON into one form.

Source: opentelemetry-proto, trace.proto and trace_service.proto. In JSON, ids are hexadecimal and enums are integers;
names of enums, which some senders write, are taken too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.doors.otlp import decode_json
from trimtab.doors.otlp.json_messages import NO_ATTRIBUTES, Message, Resource
from trimtab.doors.otlp.values import read_attributes
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT

# Field numbers of opentelemetry-proto, trace.proto.
_RESOURCE_SPANS = 1  # of ExportTraceServiceRequest
_RESOURCE, _SCOPE_SPANS = 1, 2  # of ResourceSpans
_RESOURCE_ATTRIBUTES = 1
_SPANS = 2  # of ScopeSpans
_TRACE, _SPAN, _STATE, _PARENT, _NAME, _KIND, _START, _END, _ATTRIBUTES = 1, 2, 3, 4, 5, 6, 7, 8, 9
_EVENTS, _LINKS, _STATUS = 11, 13, 15
_EVENT_TIME, _EVENT_NAME, _EVENT_ATTRIBUTES = 1, 2, 3
_LINK_TRACE, _LINK_SPAN, _LINK_ATTRIBUTES = 1, 2, 4
_STATUS_MESSAGE, _STATUS_CODE = 2, 3
_KIND_NAMES = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUS_NAMES = ("UNSET", "OK", "ERROR")


class SpanRecord(Struct):
    """A span as it was sent. Ids are hexadecimal, "" for none; `size` is its bytes, 0 in JSON."""

    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    state: str = ""
    name: str = ""
    kind: int = 0
    start_ns: int = 0
    end_ns: int = 0
    status: int = 0
    message: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0


Decoded = list[tuple[dict[str, str], list[SpanRecord]]]
"""Attributes of a resource, and its spans."""


def decode_protobuf_spans(body: bytes) -> Decoded:
    """Decode an ExportTraceServiceRequest. Raises Malformed."""
    decoded: Decoded = []
    for begin, end in messages(body, 0, len(body), _RESOURCE_SPANS):
        resource: dict[str, str] = {}
        for at, stop in messages(body, begin, end, _RESOURCE):
            resource |= read_attributes(body, at, stop, _RESOURCE_ATTRIBUTES)
        spans = [
            read_span(body, *span)
            for scope in messages(body, begin, end, _SCOPE_SPANS)
            for span in messages(body, *scope, _SPANS)
        ]
        decoded.append((resource, spans))
    return decoded


def messages(body: bytes, start: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    """Where the messages of a field are. Raises Malformed."""
    for found, kind, _, begin, stop in wire.fields(body, start, end):
        if (found, kind) == (number, LENGTH):
            yield begin, stop


def read_resource(body: bytes, start: int, end: int) -> dict[str, str]:
    """The attributes of the Resource in `body[start:end]`. Raises Malformed."""
    return read_attributes(body, start, end, _RESOURCE_ATTRIBUTES)


def read_span(body: bytes, start: int, end: int) -> SpanRecord:
    """The Span in `body[start:end]`. Raises Malformed."""
    record = SpanRecord(attributes=read_attributes(body, start, end, _ATTRIBUTES), size=end - start)
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == FIXED64:
            if number == _START:
                record.start_ns = wire.fixed64(body, begin)
            elif number == _END:
                record.end_ns = wire.fixed64(body, begin)
        elif kind == VARINT and number == _KIND:
            record.kind = wire.varint(body, begin, stop)[0]
        elif kind == LENGTH:
            _long(record, body, number, begin, stop)
    return record


def _long(record: SpanRecord, body: bytes, number: int, begin: int, stop: int) -> None:
    if number == _TRACE:
        record.trace_id = body[begin:stop].hex()
    elif number == _SPAN:
        record.span_id = body[begin:stop].hex()
    elif number == _PARENT:
        record.parent_id = body[begin:stop].hex()
    elif number == _STATE:
        record.state = wire.text(body, begin, stop)
    elif number == _NAME:
        record.name = wire.text(body, begin, stop)
    elif number == _EVENTS:
        record.events.append(_event(body, begin, stop))
    elif number == _LINKS:
        record.links.append(_link(body, begin, stop))
    elif number == _STATUS:
        _status(record, body, begin, stop)


def _event(body: bytes, start: int, end: int) -> dict[str, Any]:
    time_ns, name = 0, ""
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if (number, kind) == (_EVENT_TIME, FIXED64):
            time_ns = wire.fixed64(body, begin)
        elif (number, kind) == (_EVENT_NAME, LENGTH):
            name = wire.text(body, begin, stop)
    return event_of(time_ns, name, read_attributes(body, start, end, _EVENT_ATTRIBUTES))


def _link(body: bytes, start: int, end: int) -> dict[str, Any]:
    trace_id = span_id = ""
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if (number, kind) == (_LINK_TRACE, LENGTH):
            trace_id = body[begin:stop].hex()
        elif (number, kind) == (_LINK_SPAN, LENGTH):
            span_id = body[begin:stop].hex()
    return link_of(trace_id, span_id, read_attributes(body, start, end, _LINK_ATTRIBUTES))


def _status(record: SpanRecord, body: bytes, start: int, end: int) -> None:
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if (number, kind) == (_STATUS_CODE, VARINT):
            record.status = wire.varint(body, begin, stop)[0]
        elif (number, kind) == (_STATUS_MESSAGE, LENGTH):
            record.message = wire.text(body, begin, stop)


def event_of(time_ns: int, name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """An event as it is kept."""
    return {"time_ns": time_ns, "name": name, "attributes": dict(attributes)}


def link_of(trace_id: str, span_id: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """A link as it is kept."""
    return {"trace_id": trace_id, "span_id": span_id, "attributes": dict(attributes)}


class _Event(Message):
    time_unix_nano: int = 0
    name: str = ""
    attributes: Raw = NO_ATTRIBUTES


class _Link(Message):
    trace_id: str = ""
    span_id: str = ""
    attributes: Raw = NO_ATTRIBUTES


class _Status(Message):
    code: int | str = 0
    message: str = ""


class _Span(Message):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: Raw = NO_ATTRIBUTES
    events: list[_Event] = msgspec.field(default_factory=list)
    links: list[_Link] = msgspec.field(default_factory=list)
    status: _Status | None = None


class _ScopeSpans(Message):
    spans: list[_Span] = msgspec.field(default_factory=list)


class _ResourceSpans(Message):
    resource: Resource | None = None
    scope_spans: list[_ScopeSpans] = msgspec.field(default_factory=list)


class _Export(Message):
    resource_spans: list[_ResourceSpans] = msgspec.field(default_factory=list)


_decoder = msgspec.json.Decoder(_Export, strict=False)


def decode_json_spans(body: bytes) -> Decoded:
    """Decode an ExportTraceServiceRequest in JSON. Raises InvalidInput that names the field."""
    try:
        export = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
        raise InvalidInput(f"cannot decode body: it is not an OTLP traces request in JSON: {problem}") from None
    return [
        (
            decode_json.read_attributes(bytes(item.resource.attributes)) if item.resource else {},
            [_of_json(span) for scope in item.scope_spans for span in scope.spans],
        )
        for item in export.resource_spans
    ]


def _of_json(span: _Span) -> SpanRecord:
    status = span.status or _Status()
    return SpanRecord(
        span.trace_id.lower(),
        span.span_id.lower(),
        span.parent_span_id.lower(),
        span.trace_state,
        span.name,
        _enum(span.kind, "SPAN_KIND_", _KIND_NAMES),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _enum(status.code, "STATUS_CODE_", _STATUS_NAMES),
        status.message,
        decode_json.read_attributes(bytes(span.attributes)),
        [event_of(one.time_unix_nano, one.name, _attributes(one.attributes)) for one in span.events],
        [link_of(one.trace_id.lower(), one.span_id.lower(), _attributes(one.attributes)) for one in span.links],
    )


def _attributes(raw: Raw) -> dict[str, str]:
    return decode_json.read_attributes(bytes(raw))


def _enum(value: int | str, prefix: str, names: tuple[str, ...]) -> int:
    if isinstance(value, int):
        return value
    if value.isdecimal():
        return int(value)
    short = value.removeprefix(prefix)
    return names.index(short) if short in names else 0
