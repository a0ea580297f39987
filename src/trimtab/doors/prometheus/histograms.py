"""Prometheus' native histograms as histogram points.

Field numbers: prometheus/prompb, types.proto, and io/prometheus/write/v2, which has the same ones and a start.
Prometheus' bucket i of schema s is (base^(i-1), base^i] with base = 2^(2^-s); OpenTelemetry's, which the model uses, is
(base^i, base^(i+1)]: the same ones, numbered one lower. Schema -53 has the bounds in `custom_values`. The counts run
since a start that is seldom told.
"""

import math
import struct
from itertools import accumulate, pairwise

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed
from trimtab.metrics.model import HistogramPoint

_COUNT_INT, _COUNT_FLOAT, _SUM, _SCHEMA, _ZERO_THRESHOLD, _ZERO_INT, _ZERO_FLOAT = 1, 2, 3, 4, 5, 6, 7
_NEGATIVE_SPANS, _NEGATIVE_DELTAS, _NEGATIVE_COUNTS = 8, 9, 10
_POSITIVE_SPANS, _POSITIVE_DELTAS, _POSITIVE_COUNTS = 11, 12, 13
_RESET_HINT, _TIMESTAMP, _CUSTOM_VALUES, _START = 14, 15, 16, 17
_GAUGE = 3  # Histogram.ResetHint: what is counted now, not since a start
_CUSTOM_BUCKETS = -53
_SCHEMAS = range(-4, 9)
_MOST_BUCKETS = 10_000  # between the first and the last; Prometheus itself keeps some hundred
_MOST_OFFSET = 2**20  # of schema 8 a double's whole range is 2^19 buckets
_UINT64 = 2**64
_REPEATED = frozenset(
    (_NEGATIVE_DELTAS, _NEGATIVE_COUNTS, _POSITIVE_DELTAS, _POSITIVE_COUNTS, _CUSTOM_VALUES)
)  # fields that may come unpacked
_STALE = struct.pack("<Q", 0x7FF0000000000002)


class _Buckets(Struct):
    """One sign's buckets as sent: runs of (gap, length), and their counts, plain or as differences."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    deltas: list[int] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)

    def dense(self) -> tuple[int, tuple[int, ...]]:
        """(number of the first, counts without gaps). Raises InvalidInput."""
        counts = _whole(self.counts) if self.counts else _running(self.deltas)
        if sum(length for _, length in self.spans) != len(counts):
            raise InvalidInput("a native histogram has not as many buckets as its spans say")
        first = self.spans[0][0] if self.spans else 0
        dense: list[int] = []
        taken = 0
        for number, (gap, length) in enumerate(self.spans):
            if number:
                if not 0 <= gap <= _MOST_BUCKETS:
                    raise InvalidInput(f"a native histogram has a gap that is not between 0 and {_MOST_BUCKETS}")
                dense += [0] * gap
            dense += counts[taken : taken + length]
            taken += length
            if len(dense) > _MOST_BUCKETS:
                raise InvalidInput(f"a native histogram spans more than {_MOST_BUCKETS} buckets")
        return first, tuple(dense)


class NativeHistogram(Struct):
    """A Histogram message. `stale` is a marker that the series ended, not a measurement."""

    count: float = 0
    sum: float = 0.0
    schema: int = 0
    zero_threshold: float = 0.0
    zero_count: float = 0
    time_ms: int = 0
    start_ms: int = 0
    reset_hint: int = 0
    stale: bool = False
    custom: list[float] = field(default_factory=list)
    positive: _Buckets = field(default_factory=_Buckets)
    negative: _Buckets = field(default_factory=_Buckets)

    def point(self, series: int) -> HistogramPoint:
        """The point under its series. Raises InvalidInput for what the model cannot hold."""
        if self.reset_hint == _GAUGE:
            raise InvalidInput("gauge histograms are not kept")
        count, zero_count = _whole([self.count, self.zero_count])
        (first, positive), (low_first, negative) = self.positive.dense(), self.negative.dense()
        # Observations of NaN are in the count and in no bucket; they show in the sum.
        if zero_count + sum(positive) + sum(negative) != count and not math.isnan(self.sum):
            raise InvalidInput("a native histogram's buckets do not add up to its count")
        base = HistogramPoint(series, self.time_ms, 0, True, count, self.sum, math.nan, math.nan)
        if self.schema == _CUSTOM_BUCKETS:
            return replace(base, bounds=tuple(self.custom), counts=self._explicit(first, positive))
        if self.schema not in _SCHEMAS:
            raise InvalidInput("a native histogram's schema is not between -4 and 8, nor -53")
        return replace(
            base,
            exponential=True,
            scale=self.schema,
            zero_count=zero_count,
            zero_threshold=self.zero_threshold,
            positive_offset=first - 1,
            positive=positive,
            negative_offset=low_first - 1,
            negative=negative,
        )

    def _explicit(self, first: int, counts: tuple[int, ...]) -> tuple[int, ...]:
        after = len(self.custom) + 1 - first - len(counts)
        if first < 0 or after < 0:
            raise InvalidInput("a native histogram has more buckets than custom bounds")
        if not all(low < high for low, high in pairwise(self.custom)):
            raise InvalidInput("a native histogram's custom bounds do not rise")
        return (0,) * first + counts + (0,) * after


def empty(point: HistogramPoint, time_ms: int) -> HistogramPoint:
    """What the histogram of `point` was when it began: nothing counted."""
    none = (0,) * len(point.counts)
    return replace(point, time_ms=time_ms, count=0, sum=0.0, counts=none, zero_count=0, positive=(), negative=())


def read_histogram(body: bytes, start: int, end: int) -> NativeHistogram:
    """A Histogram message. Raises Malformed."""
    made = NativeHistogram()
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == FIXED64:
            _read_double(made, number, body, begin)
        elif kind == VARINT:
            _read_varint(made, number, wire.varint(body, begin, stop)[0])
        if kind == LENGTH or number in _REPEATED:
            _read_repeated(made, number, body, kind, begin, stop)
    return made


def _read_double(made: NativeHistogram, number: int, body: bytes, at: int) -> None:
    value = wire.double(body, at)
    if number == _COUNT_FLOAT:
        made.count = value
    elif number == _SUM:
        made.sum, made.stale = value, body[at : at + 8] == _STALE
    elif number == _ZERO_THRESHOLD:
        made.zero_threshold = value
    elif number == _ZERO_FLOAT:
        made.zero_count = value


def _read_varint(made: NativeHistogram, number: int, value: int) -> None:
    if number == _COUNT_INT:
        made.count = value
    elif number == _SCHEMA:
        made.schema = wire.zigzag(value)
    elif number == _ZERO_INT:
        made.zero_count = value
    elif number == _RESET_HINT:
        made.reset_hint = value
    elif number == _TIMESTAMP:
        made.time_ms = wire.signed(value)
    elif number == _START:
        made.start_ms = wire.signed(value)


def _read_repeated(made: NativeHistogram, number: int, body: bytes, kind: int, start: int, end: int) -> None:
    buckets = made.negative if number <= _NEGATIVE_COUNTS else made.positive
    if number in (_NEGATIVE_SPANS, _POSITIVE_SPANS):
        buckets.spans.append(_span(body, start, end))
    elif number in (_NEGATIVE_DELTAS, _POSITIVE_DELTAS):
        buckets.deltas += [wire.zigzag(value) for value in wire.varints(body, kind, start, end)]
    elif number in (_NEGATIVE_COUNTS, _POSITIVE_COUNTS):
        buckets.counts += wire.fixed64s(body, kind, start, end, "<f8")
    elif number == _CUSTOM_VALUES:
        made.custom += wire.fixed64s(body, kind, start, end, "<f8")


def _span(body: bytes, start: int, end: int) -> tuple[int, int]:
    """BucketSpan: offset (sint32, 1) and length (uint32, 2)."""
    offset = length = 0
    for number, kind, _, begin, stop in wire.fields(body, start, end):
        if kind == VARINT and number == 1:
            offset = wire.zigzag(wire.varint(body, begin, stop)[0])
        elif kind == VARINT and number == 2:
            length = wire.varint(body, begin, stop)[0]
    if not -_MOST_OFFSET <= offset <= _MOST_OFFSET or length > _MOST_BUCKETS:
        raise Malformed(start, "a bucket span is out of bounds")
    return offset, length


def _running(deltas: list[int]) -> list[int]:
    counts = list(accumulate(deltas))
    if any(not 0 <= count < _UINT64 for count in counts):
        raise InvalidInput("a native histogram has a count that is not a 64-bit unsigned number")
    return counts


def _whole(counts: list[float]) -> list[int]:
    """Float histograms come of recording rules; whole ones are kept. Raises InvalidInput for others."""
    if any(not 0 <= count < _UINT64 or count != int(count) for count in counts):
        raise InvalidInput("a native histogram has a count that is not a whole number")
    return [int(count) for count in counts]
