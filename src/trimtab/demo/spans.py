"""Spans as OTLP protobuf requests. Source: opentelemetry-proto, trace.proto, for the field numbers."""

import struct
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from trimtab.demo import otlp
from trimtab.demo.protobuf import field as bytes_field
from trimtab.demo.protobuf import message, number_field

PATH = "/v1/traces"
HEADERS = otlp.HEADERS
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
_ERROR = 2
_FIXED, _DOUBLE = struct.Struct("<Q"), struct.Struct("<d")
_START, _END, _EVENT_TIME, _DOUBLE_VALUE = (bytes((number << 3 | 1,)) for number in (7, 8, 1, 4))
_SCOPE = message(1, (bytes_field(1, "trimtab.demo"),))

Value = str | int | float


class DemoSpan(Struct, frozen=True):
    """A span; ids are whole numbers, `parent` 0 for none. Times in ns. `failure` is what an exception says."""

    trace: int
    span: int
    parent: int
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    failure: str = ""

    def encoded(self) -> bytes:
        """The Span message."""
        parts = [
            bytes_field(1, self.trace.to_bytes(16, "big")),
            bytes_field(2, self.span.to_bytes(8, "big")),
            bytes_field(4, self.parent.to_bytes(8, "big")) if self.parent else b"",
            bytes_field(5, self.name),
            number_field(6, self.kind),
            _START + _FIXED.pack(self.start_ns),
            _END + _FIXED.pack(self.end_ns),
            *(message(9, (bytes_field(1, key), _any(value))) for key, value in self.attributes.items()),
        ]
        if self.failure:
            said = message(3, (bytes_field(1, "exception.message"), _any(self.failure)))
            parts.append(message(11, (_EVENT_TIME + _FIXED.pack(self.end_ns), bytes_field(2, "exception"), said)))
            parts.append(message(15, (bytes_field(2, self.failure), number_field(3, _ERROR))))
        return b"".join(parts)


def resource_spans(attributes: Mapping[str, str], spans: Iterable[DemoSpan]) -> bytes:
    """A ResourceSpans field of a request."""
    pairs = b"".join(message(1, (bytes_field(1, key), _any(value))) for key, value in attributes.items())
    scoped = _SCOPE + b"".join(bytes_field(2, span.encoded()) for span in spans)
    return bytes_field(1, bytes_field(1, pairs) + bytes_field(2, scoped))


def _any(value: Value) -> bytes:
    if isinstance(value, str):
        return message(2, (bytes_field(1, value),))
    if isinstance(value, int):
        return message(2, (number_field(3, value),))
    return message(2, (_DOUBLE_VALUE + _DOUBLE.pack(value),))
