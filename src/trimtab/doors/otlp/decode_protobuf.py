"""OTLP metrics as protobuf: a scanned body as a `Request`, with its histograms and summaries decoded.

Field numbers: opentelemetry-proto, metrics.proto.
"""

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from trimtab.doors.otlp.request import INTEGER, Distribution, Metrics, Numbers, Shape
from trimtab.doors.otlp.scan import Scanned, scan, starts
from trimtab.doors.otlp.values import read_attributes
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed
from trimtab.settings import MOST_LABELS

_RESOURCE_ATTRIBUTES = 1
_NUMBER_ATTRIBUTES = 7

# What a field is, by its number in each message: (name in Distribution, how it is read).
_UINT, _DOUBLE, _SINT, _FLAGS, _UINTS, _DOUBLES, _BUCKETS, _QUANTILE, _ATTRIBUTE = range(9)
Fields = dict[int, tuple[str, int]]
_HISTOGRAM: Fields = {
    2: ("start", _UINT),
    3: ("time", _UINT),
    4: ("count", _UINT),
    5: ("sum", _DOUBLE),
    6: ("counts", _UINTS),
    7: ("bounds", _DOUBLES),
    9: ("", _ATTRIBUTE),
    10: ("flags", _FLAGS),
    11: ("minimum", _DOUBLE),
    12: ("maximum", _DOUBLE),
}
_EXPONENTIAL: Fields = {
    1: ("", _ATTRIBUTE),
    2: ("start", _UINT),
    3: ("time", _UINT),
    4: ("count", _UINT),
    5: ("sum", _DOUBLE),
    6: ("scale", _SINT),
    7: ("zero_count", _UINT),
    8: ("positive", _BUCKETS),
    9: ("negative", _BUCKETS),
    10: ("flags", _FLAGS),
    12: ("minimum", _DOUBLE),
    13: ("maximum", _DOUBLE),
    14: ("zero_threshold", _DOUBLE),
}
_SUMMARY: Fields = {
    2: ("start", _UINT),
    3: ("time", _UINT),
    4: ("count", _UINT),
    5: ("sum", _DOUBLE),
    6: ("quantiles", _QUANTILE),
    7: ("", _ATTRIBUTE),
    8: ("flags", _FLAGS),
}
_MESSAGES = {Shape.HISTOGRAM: _HISTOGRAM, Shape.EXPONENTIAL: _EXPONENTIAL, Shape.SUMMARY: _SUMMARY}


class ProtobufRequest:
    """A `Request` over a scanned body."""

    binary = True

    def __init__(self, scanned: Scanned, kernels: ModuleType | None) -> None:
        self._body = scanned.body
        self._scanned = scanned
        self.kernels = kernels
        table, points = scanned.metrics, scanned.numbers
        self.metrics = Metrics(table[:, 0], table[:, 5], table[:, 6], table[:, 7])
        bits, states = points[:, 5], points[:, 6]
        values = np.where(states & INTEGER, bits.astype(np.float64), np.ascontiguousarray(bits).view(np.float64))
        times = np.ascontiguousarray(points[:, 4]).view(np.uint64)
        self.numbers = Numbers(points[:, 0], scanned.keys, points[:, 3] == 0, times, values, states)
        self.distributions: Sequence[Distribution] = [
            read_distribution(scanned.body, start, end, metric, Shape(int(table[metric, 5])))
            for metric, start, end in scanned.others.tolist()
        ]

    def resource_key(self, resource: int) -> bytes:
        """See Request."""
        start, end = self._scanned.resources[resource].tolist()
        return self._body[start:end]

    def resource(self, resource: int) -> dict[str, str]:
        """See Request."""
        start, end = self._scanned.resources[resource].tolist()
        return read_attributes(self._body, start, end, _RESOURCE_ATTRIBUTES, MOST_LABELS)

    def head(self, metric: int) -> tuple[str, str]:
        """See Request."""
        name_at, name_end, unit_at, unit_end = self._scanned.metrics[metric, 1:5].tolist()
        return wire.text(self._body, name_at, name_end), wire.text(self._body, unit_at, unit_end)

    def attributes(self, number: int) -> dict[str, str]:
        """See Request."""
        start, end = self._scanned.numbers[number, 1:3].tolist()
        return read_attributes(self._body, start, end, _NUMBER_ATTRIBUTES, MOST_LABELS)

    def starts(self) -> Sequence[int]:
        """See Request."""
        return starts(self._body)


def decode_protobuf(body: bytes, kernels: ModuleType | None) -> ProtobufRequest:
    """Decode an ExportMetricsServiceRequest. Raises Malformed."""
    return ProtobufRequest(scan(body, kernels), kernels)


def read_distribution(body: bytes, start: int, end: int, metric: int, shape: Shape) -> Distribution:
    """A HistogramDataPoint, ExponentialHistogramDataPoint or SummaryDataPoint. Raises Malformed."""
    fields = _MESSAGES[shape]
    found: dict[str, Any] = {}
    blocks: list[bytes] = []
    attribute = 0
    for number, kind, tag_at, begin, stop in wire.fields(body, start, end):
        name, how = fields.get(number, ("", -1))
        if how == _ATTRIBUTE and kind == LENGTH:
            blocks.append(body[tag_at:stop])
            attribute = number
        elif how in _READERS:
            _READERS[how](found, name, body, kind, begin, stop)
    key = b"".join(blocks)
    for name in ("counts", "bounds", "positive", "negative", "quantiles"):
        if name in found:
            found[name] = tuple(found[name])
    return Distribution(metric, key, partial(read_attributes, key, 0, len(key), attribute, MOST_LABELS), **found)


Found = dict[str, Any]


def _uint(found: Found, name: str, body: bytes, kind: int, start: int, _end: int) -> None:
    if kind == FIXED64:
        found[name] = wire.fixed64(body, start)


def _double(found: Found, name: str, body: bytes, kind: int, start: int, _end: int) -> None:
    if kind == FIXED64:
        found[name] = wire.double(body, start)


def _sint(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    if kind == VARINT:
        found[name] = _int32(wire.zigzag(wire.varint(body, start, end)[0]))


def _flags(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    if kind == VARINT:
        found[name] = wire.varint(body, start, end)[0]


def _uints(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    found.setdefault(name, []).extend(wire.fixed64s(body, kind, start, end, "<u8"))


def _doubles(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    found.setdefault(name, []).extend(wire.fixed64s(body, kind, start, end, "<f8"))


def _buckets(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    """Buckets: offset (sint32, 1) and bucket_counts (packed uint64, 2)."""
    if kind != LENGTH:
        return
    for number, part, _, begin, stop in wire.fields(body, start, end):
        if (number, part) == (1, VARINT):
            found[f"{name}_offset"] = _int32(wire.zigzag(wire.varint(body, begin, stop)[0]))
        elif number == 2 and part in (VARINT, LENGTH):
            found.setdefault(name, []).extend(wire.varints(body, part, begin, stop))


def _quantile(found: Found, name: str, body: bytes, kind: int, start: int, end: int) -> None:
    """ValueAtQuantile: quantile (double, 1) and value (double, 2)."""
    if kind != LENGTH:
        return
    parts = {number: begin for number, part, _, begin, _ in wire.fields(body, start, end) if part == FIXED64}
    at, value = (wire.double(body, parts[number]) if number in parts else 0.0 for number in (1, 2))
    found.setdefault(name, []).append((at, value))


def _int32(value: int) -> int:
    if not -(2**31) <= value < 2**31:
        raise Malformed(0, "a 32-bit number has more bits")
    return value


_READERS: dict[int, Callable[[Found, str, bytes, int, int, int], None]] = {
    _UINT: _uint,
    _DOUBLE: _double,
    _SINT: _sint,
    _FLAGS: _flags,
    _UINTS: _uints,
    _DOUBLES: _doubles,
    _BUCKETS: _buckets,
    _QUANTILE: _quantile,
}
