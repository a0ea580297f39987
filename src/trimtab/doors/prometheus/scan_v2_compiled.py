"""The scan of remote write 2.0, compiled: two passes over the bytes of a Request. `scan_v2.py` says what comes out.

Field numbers: prometheus/prompb/io/prometheus/write/v2, types.proto.
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
    combined,
    digest,
    extent,
    finished,
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

_SYMBOLS, _TIMESERIES = 4, 5  # of Request
_REFS, _SAMPLES, _HISTOGRAMS, _EXEMPLARS, _CREATED = 1, 2, 3, 4, 6  # of TimeSeries
_VALUE, _TIMESTAMP, _START = 1, 2, 3  # of Sample
_OTHER_EXEMPLARS, _OTHER_HISTOGRAMS = 3, 4  # what rows of others say: 1.0's field numbers, as in scan.py
_0, _1, _SEED = np.uint64(0), np.uint64(1), np.uint64(0x7472696D746162)
_SYMBOL_BYTES, _SERIES_BYTES, _SAMPLE_BYTES = 16, 60, 18  # in the usual body, to guess the size of the arrays


@compiled
def scan(body: Bytes) -> tuple[Int, Places, Places, Places, Places]:
    """(position of a fault or -1, symbols, series and keys, samples, others)."""
    size = body.size
    symbols = np.empty((size // _SYMBOL_BYTES + 16, 4), np.int64)
    series = np.empty((size // _SERIES_BYTES + 16, 6), np.int64)
    samples = np.empty((size // _SAMPLE_BYTES + 64, 3), np.int64)
    others = np.empty((256, 4), np.int64)
    symbol, at = 0, 0
    while at < size:
        begin = at
        field, wire, at = tag(body, at, size)
        if at < 0:
            return begin, symbols, series, samples, others
        if field != _SYMBOLS or wire != LENGTH:
            at = skip(body, at, size, wire)
            if at < 0:
                return begin, symbols, series, samples, others
            continue
        start, at = extent(body, at, size)
        if at < 0:
            return begin, symbols, series, samples, others
        if symbol == len(symbols):
            symbols = more(symbols, symbol + 1)
        key1, key2 = digest(body, start, at, _SEED, _1)
        symbols[symbol, 0], symbols[symbol, 1] = start, at
        symbols[symbol, 2], symbols[symbol, 3] = np.int64(key1), np.int64(key2)
        symbol += 1
    symbols = symbols[:symbol]
    count, sample, other, at, fault = 0, 0, 0, 0, -1
    while at < size:  # the first pass has found every field whole
        field, wire, at = tag(body, at, size)
        if field != _TIMESERIES or wire != LENGTH:
            at = skip(body, at, size, wire)
            continue
        start, at = extent(body, at, size)
        most = (at - start) // 2 + 1  # samples or exemplars: each takes two bytes at least
        if count == len(series):
            series = more(series, count + 1)
        if sample + most > len(samples):
            samples = more(samples, sample + most)
        if other + most > len(others):
            others = more(others, other + most)
        sample, other, fault = _scan_series(body, start, at, count, symbols, series, samples, sample, others, other)
        if fault >= 0:
            return fault, symbols, series, samples, others
        count += 1
    return -1, symbols, series[:count], samples[:sample], others[:other]


@compiled
def _scan_series(
    body: Bytes,
    first: Int,
    end: Int,
    number: Int,
    symbols: Places,
    series: Places,
    samples: Places,
    sample: Int,
    others: Places,
    other: Int,
) -> tuple[Int, Int, Int]:
    """Fill row `number` of `series` and what belongs to it; (samples, others, position of a fault or -1)."""
    key1, key2, refs = _SEED, _0, _0
    created: Int = 0
    at = first
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return sample, other, begin
        if wire == VARINT and field in (_REFS, _CREATED):
            value, at = varint(body, at, end)
            if at < 0:
                return sample, other, begin
            if field == _CREATED:
                created = value
            elif 0 <= value < len(symbols):
                key1, key2 = combined(key1, key2, np.uint64(symbols[value, 2]), np.uint64(symbols[value, 3]))
                refs += _1
            else:
                return sample, other, begin
            continue
        if wire != LENGTH:
            at = skip(body, at, end, wire)
            if at < 0:
                return sample, other, begin
            continue
        start, at = extent(body, at, end)
        if at < 0:
            return sample, other, begin
        if field == _REFS:
            inner = start
            while inner < at:
                value, inner = varint(body, inner, at)
                if inner < 0 or value < 0 or value >= len(symbols):
                    return sample, other, begin
                key1, key2 = combined(key1, key2, np.uint64(symbols[value, 2]), np.uint64(symbols[value, 3]))
                refs += _1
        elif field == _SAMPLES:
            fault = _sample(body, start, at, samples, sample)
            if fault >= 0:
                return sample, other, fault
            sample += 1
        elif field in (_EXEMPLARS, _HISTOGRAMS):
            kind = _OTHER_EXEMPLARS if field == _EXEMPLARS else _OTHER_HISTOGRAMS
            others[other, 0], others[other, 1], others[other, 2], others[other, 3] = kind, number, start, at
            other += 1
    key1, key2 = finished(key1, key2, refs)
    series[number, 0], series[number, 1], series[number, 2], series[number, 3] = first, end, sample, created
    series[number, 4], series[number, 5] = np.int64(key1), np.int64(key2)
    return sample, other, -1


@compiled
def _sample(body: Bytes, at: Int, end: Int, samples: Places, row: Int) -> Int:
    """Fill a row with (time, value bits, start); the position of a fault or -1."""
    samples[row, 0], samples[row, 1], samples[row, 2] = 0, 0, 0
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return begin
        if field == _VALUE and wire == FIXED64:
            if at + 8 > end:
                return begin
            samples[row, 1] = np.int64(fixed64(body, at))
            at += 8
        elif wire == VARINT and field in (_TIMESTAMP, _START):
            value, at = varint(body, at, end)
            samples[row, 0 if field == _TIMESTAMP else 2] = value
        else:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    return -1


def is_cached() -> bool:
    """Whether an earlier run compiled this module and kept it."""
    return jit.is_cached(scan)


def warm() -> None:
    """Call each function once, so that it is compiled."""
    warm_table()
    body = np.frombuffer(b"\x22\x00\x2a\x04\x0a\x00\x12\x00", np.uint8)  # one symbol, one series with an empty sample
    scan(body)
