"""Series and histograms as RowBinary, columns in table order; the fixed-width rows of model.py need none of this."""

import struct
from collections.abc import Iterable
from functools import lru_cache

from trimtab.metrics.model import HistogramPoint, Identity
from trimtab.store.telemetry.rowbinary import float_array, string, uint_array, varint

_ID = struct.Struct("<Q")
_TIME = struct.Struct("<q")
_HISTOGRAM_HEAD = struct.Struct("<QqqBQddd")  # series, time, start, cumulative, count, sum, minimum, maximum
_EXPONENTIAL = struct.Struct("<BhQdi")  # exponential, scale, zero_count, zero_threshold, positive_offset
_OFFSET = struct.Struct("<i")


@lru_cache(maxsize=4096)
def _head(account: str, region: str, namespace: str, name: str, unit: str, kind: str) -> bytes:
    return b"".join(map(string, (account, region, namespace, name, unit, kind)))


@lru_cache(maxsize=16_384)
def _pair(pair: tuple[str, str]) -> bytes:
    return string(pair[0]) + string(pair[1])


_resource = lru_cache(maxsize=4096)(string)
"""Of series the same heads, pairs and resources come again and again."""


def encode_series(series_id: int, identity: Identity, first_seen_ms: int) -> bytes:
    """A row of metric_series."""
    head = identity.account, identity.region, identity.namespace, identity.name, identity.unit, identity.kind
    return b"".join(
        (
            _ID.pack(series_id),
            _head(*head),
            varint(len(identity.dimensions)),
            *map(_pair, identity.dimensions),
            _resource(identity.resource),
            _TIME.pack(first_seen_ms),
        )
    )


def encode_histograms(points: Iterable[HistogramPoint]) -> bytes:
    """Rows of metric_histograms."""
    return b"".join(map(_encode_histogram, points))


def _encode_histogram(point: HistogramPoint) -> bytes:
    return b"".join(
        (
            _HISTOGRAM_HEAD.pack(
                point.series,
                point.time_ms,
                point.start_ms,
                point.cumulative,
                point.count,
                point.sum,
                point.minimum,
                point.maximum,
            ),
            float_array(point.bounds),
            uint_array(point.counts),
            _EXPONENTIAL.pack(
                point.exponential, point.scale, point.zero_count, point.zero_threshold, point.positive_offset
            ),
            uint_array(point.positive),
            _OFFSET.pack(point.negative_offset),
            uint_array(point.negative),
        )
    )
