"""The remote-write scan, compiled: one pass over the bytes of a WriteRequest. `scan.py` says what comes out.

Field numbers: prometheus/prompb, remote.proto and types.proto (remote write 1.0).
"""

import numpy as np
import numpy.typing as npt

from trimtab.doors.protobuf import jit
from trimtab.doors.protobuf.jit import compiled
from trimtab.doors.protobuf.primitives import (
    FIXED64,
    LENGTH,
    VARINT,
    Bytes,
    Int,
    digest,
    extent,
    fixed64,
    more,
    skip,
    tag,
    varint,
)
from trimtab.doors.protobuf.table_compiled import find, insert, move
from trimtab.doors.protobuf.table_compiled import warm as warm_table

__all__ = ["find", "insert", "is_cached", "move", "scan", "warm"]

Places = npt.NDArray[np.int64]

_TIMESERIES, _METADATA = 1, 3  # of WriteRequest
_LABELS, _SAMPLES, _EXEMPLARS, _HISTOGRAMS = 1, 2, 3, 4  # of TimeSeries
_VALUE, _TIMESTAMP = 1, 2  # of Sample
_0, _SEED = np.uint64(0), np.uint64(0x7472696D746162)
# A label, a sample: what they take in the usual body, to guess the size of the arrays.
_SERIES_BYTES, _SAMPLE_BYTES = 100, 18


@compiled
def scan(body: Bytes) -> tuple[Int, Places, Places, Places]:
    """(position of a fault or -1, series and keys, times and value bits, others)."""
    size = body.size
    series = np.empty((size // _SERIES_BYTES + 16, 6), np.int64)
    samples = np.empty((size // _SAMPLE_BYTES + 64, 2), np.int64)
    others = np.empty((256, 4), np.int64)
    count, sample, other, at, fault = 0, 0, 0, 0, -1
    while at < size:
        begin = at
        field, wire, at = tag(body, at, size)
        if at < 0:
            return begin, series, samples, others
        if wire != LENGTH:
            at = skip(body, at, size, wire)
            if at < 0:
                return begin, series, samples, others
            continue
        start, at = extent(body, at, size)
        if at < 0:
            return begin, series, samples, others
        if field == _TIMESERIES:
            most = (at - start) // 2 + 1  # samples or exemplars: each takes two bytes at least
            if count == len(series):
                series = more(series, count + 1)
            if sample + most > len(samples):
                samples = more(samples, sample + most)
            if other + most > len(others):
                others = more(others, other + most)
            sample, other, fault = _scan_series(body, start, at, count, series, samples, sample, others, other)
            if fault >= 0:
                return fault, series, samples, others
            count += 1
        elif field == _METADATA:
            if other == len(others):
                others = more(others, other + 1)
            others[other, 0], others[other, 1], others[other, 2], others[other, 3] = 0, -1, start, at
            other += 1
    return -1, series[:count], samples[:sample], others[:other]


@compiled
def _scan_series(
    body: Bytes,
    at: Int,
    end: Int,
    number: Int,
    series: Places,
    samples: Places,
    sample: Int,
    others: Places,
    other: Int,
) -> tuple[Int, Int, Int]:
    """Fill row `number` of `series` and what belongs to it; (samples, others, position of a fault or -1)."""
    first, last, scattered = -1, -1, 0
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return sample, other, begin
        if wire != LENGTH:
            at = skip(body, at, end, wire)
            if at < 0:
                return sample, other, begin
            continue
        start, at = extent(body, at, end)
        if at < 0:
            return sample, other, begin
        if field == _LABELS:
            if first < 0:
                first = begin
            elif begin != last:
                scattered = 1
            last = at
        elif field == _SAMPLES:
            samples[sample, 0], samples[sample, 1], fault = _sample(body, start, at)
            if fault >= 0:
                return sample, other, fault
            sample += 1
        elif field in (_EXEMPLARS, _HISTOGRAMS):
            others[other, 0], others[other, 1], others[other, 2], others[other, 3] = field, number, start, at
            other += 1
    if first < 0:
        first = last = end
    key1, key2 = digest(body, first, last, _SEED, _0)
    series[number, 0], series[number, 1], series[number, 2], series[number, 3] = first, last, scattered, sample
    series[number, 4], series[number, 5] = np.int64(key1), np.int64(key2)
    return sample, other, -1


@compiled
def _sample(body: Bytes, at: Int, end: Int) -> tuple[Int, Int, Int]:
    """(time, value bits, position of a fault or -1)."""
    time: Int = 0
    value: Int = 0
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return time, value, begin
        if field == _VALUE and wire == FIXED64:
            if at + 8 > end:
                return time, value, begin
            value = np.int64(fixed64(body, at))
            at += 8
        elif field == _TIMESTAMP and wire == VARINT:
            time, at = varint(body, at, end)
        else:
            at = skip(body, at, end, wire)
        if at < 0:
            return time, value, begin
    return time, value, -1


def is_cached() -> bool:
    """Whether an earlier run compiled this module and kept it."""
    return jit.is_cached(scan)


def warm() -> None:
    """Call each function once, so that it is compiled."""
    warm_table()
    body = np.frombuffer(b"\x0a\x02\x12\x00", np.uint8)  # one series with one empty sample
    scan(body)
