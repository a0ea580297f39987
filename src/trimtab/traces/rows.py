"""Spans as rows of the table `spans`, in RowBinary, and what tells on which days a trace has spans."""

import struct
from collections.abc import Iterable, Mapping

from trimtab.store.telemetry.rowbinary import string, string_map, varint
from trimtab.traces.model import NS_A_MS, Span

_TIME = struct.Struct("<q")
_TIMES = struct.Struct("<qq")  # start_ns, duration_ns
_FLAGS = struct.Struct("<4B")  # fault, error, throttle, partial
_STATUS = struct.Struct("<H")
_SAMPLING = struct.Struct("<d")
_DAY = struct.Struct("<H")
_NS_A_DAY = 86_400 * 1_000_000_000
MIN_NS, MAX_NS = 0, 65_535 * _NS_A_DAY - 1
"""Starts that the day of a row (a Date: to the year 2149) surely holds."""


SAMPLED_ONCE = _SAMPLING.pack(1.0)
"""The column `sampling` of a trace that stands for itself."""


def row_of(span: Span, ingested_ms: int) -> bytes:
    """One span as a row."""
    return b"".join(
        (
            _text(span.account),
            _text(span.region),
            _text(span.service),
            _TIME.pack(span.start_ns // NS_A_MS),
            _text(span.trace_id),
            _text(span.span_id),
            _text(span.parent_id),
            _text(span.name),
            _text(span.kind),
            b"\1" if span.segment else b"\0",
            _TIMES.pack(span.start_ns, span.duration_ns),
            _text(span.status),
            _FLAGS.pack(span.fault, span.error, span.throttle, span.partial),
            _text(span.http_method),
            _STATUS.pack(span.http_status),
            _text(span.http_url),
            _text(span.peer),
            _text(span.origin),
            _text(span.resource),
            _SAMPLING.pack(span.sampling),
            map_of(span.resource_attributes),
            map_of(span.attributes),
            _text(span.events),
            _text(span.links),
            _text(span.document),
            _TIME.pack(ingested_ms),
        )
    )


def map_of(attributes: Mapping[str, str]) -> bytes:
    """Attributes as a Map(String, String)."""
    return string_map((_whole(key), _whole(value)) for key, value in attributes.items())


def day_of(start_ns: int) -> int:
    """The day of a start: days since the epoch."""
    return start_ns // _NS_A_DAY


def trace_times_of(account: str, region: str, traces: Iterable[tuple[str, int]]) -> list[bytes]:
    """Rows of `trace_times` for (trace, day) of one place."""
    place = string(account) + string(region)
    return [place + string(trace) + _DAY.pack(day) for trace, day in traces]


def _text(text: str) -> bytes:
    if text.isascii() and len(text) < 0x80:
        return bytes((len(text),)) + text.encode()
    raw = _whole(text).encode()
    return varint(len(raw)) + raw


def _whole(text: str) -> str:
    """Text without lone surrogates, which JSON can carry and UTF-8 cannot: no reader could decode them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
