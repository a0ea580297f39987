"""The OTLP metrics scan, compiled: one walk over an ExportMetricsServiceRequest. `scan.py` says what comes out.

Field numbers: opentelemetry-proto, metrics.proto and resource.proto. Rows go into arrays of a fixed size; `FULL`
asks the caller to come again with larger ones (only bodies of empty messages need that).
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
    Word,
    digest,
    extent,
    fixed64,
    skip,
    tag,
    varint,
)
from trimtab.doors.protobuf.table_compiled import find, insert, move
from trimtab.doors.protobuf.table_compiled import warm as warm_table

__all__ = ["FULL", "find", "insert", "is_cached", "move", "scan", "warm"]

Table = npt.NDArray[np.int64]

GOOD, FULL = -1, -2  # instead of the position of a fault
_RESOURCES, _METRICS, _NUMBERS, _OTHERS = 0, 1, 2, 3  # of `counts`
_0, _SEED = np.uint64(0), np.uint64(0x7472696D746162)


@compiled
def scan(body: Bytes, rows: Int) -> tuple[Int, Table, Table, Table, Table]:
    """(position of a fault, GOOD or FULL; resources, metrics, numbers, others), with room for `rows` rows each."""
    counts = np.zeros(4, np.int64)
    resources, metrics = np.empty((rows, 2), np.int64), np.empty((rows, 8), np.int64)
    numbers, others = np.empty((rows, 9), np.int64), np.empty((rows, 3), np.int64)
    at, size, fault = 0, body.size, GOOD
    while at < size and fault == GOOD:
        begin = at
        field, wire, at = tag(body, at, size)
        if at >= 0 and field == 1 and wire == LENGTH:
            start, at = extent(body, at, size)
            if at >= 0:
                fault = _resource_metrics(body, start, at, counts, resources, metrics, numbers, others)
        elif at >= 0:
            at = skip(body, at, size, wire)
        if at < 0:
            fault = begin
    return (
        fault,
        resources[: counts[_RESOURCES]],
        metrics[: counts[_METRICS]],
        numbers[: counts[_NUMBERS]],
        others[: counts[_OTHERS]],
    )


@compiled
def _resource_metrics(
    body: Bytes, first: Int, end: Int, counts: Table, resources: Table, metrics: Table, numbers: Table, others: Table
) -> Int:
    number = counts[_RESOURCES]
    if number == len(resources):
        return FULL
    counts[_RESOURCES] += 1
    resources[number, 0], resources[number, 1] = 0, 0
    at, seen = first, False
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at >= 0 and field == 1 and wire == LENGTH:
            if seen:
                return begin
            seen = True
            start, at = extent(body, at, end)
            resources[number, 0], resources[number, 1] = start, at
        elif at >= 0:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    key1, key2 = digest(body, resources[number, 0], resources[number, 1], _SEED, _0)
    at = first
    while at < end:  # once more: the resource may stand behind what it is about
        field, wire, at = tag(body, at, end)
        if field == 2 and wire == LENGTH:
            start, at = extent(body, at, end)
            fault = _scope_metrics(body, start, at, number, key1, key2, counts, metrics, numbers, others)
            if fault != GOOD:
                return fault
        else:
            at = skip(body, at, end, wire)
    return GOOD


@compiled
def _scope_metrics(
    body: Bytes,
    at: Int,
    end: Int,
    resource: Int,
    key1: Word,
    key2: Word,
    counts: Table,
    metrics: Table,
    numbers: Table,
    others: Table,
) -> Int:
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at >= 0 and field == 2 and wire == LENGTH:
            start, at = extent(body, at, end)
            if at >= 0:
                if counts[_METRICS] == len(metrics):
                    return FULL
                metrics[counts[_METRICS], 0] = resource
                fault = _metric(body, start, at, key1, key2, counts, metrics, numbers, others)
                if fault != GOOD:
                    return fault
        elif at >= 0:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    return GOOD


@compiled
def _metric(
    body: Bytes,
    at: Int,
    end: Int,
    key1: Word,
    key2: Word,
    counts: Table,
    metrics: Table,
    numbers: Table,
    others: Table,
) -> Int:
    """Fill the next row: resource, name, unit (start and end each), shape, temporality, monotonic."""
    number = counts[_METRICS]
    counts[_METRICS] += 1
    metrics[number, 1:] = 0
    shape, first, last = 0, 0, 0
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return begin
        if wire != LENGTH:
            at = skip(body, at, end, wire)
            if at < 0:
                return begin
            continue
        start, at = extent(body, at, end)
        if at < 0:
            return begin
        if field == 1:
            metrics[number, 1], metrics[number, 2] = start, at
        elif field == 3:
            metrics[number, 3], metrics[number, 4] = start, at
        elif field in (5, 7, 9, 10, 11):
            if shape:
                return begin
            shape, first, last = field, start, at
    metrics[number, 5] = shape
    fault = _data_flags(body, first, last, number, metrics)
    if fault != GOOD or not shape:
        return fault
    if shape not in (5, 7):
        return _others(body, first, last, number, counts, others)
    key1, key2 = digest(body, metrics[number, 1], metrics[number, 2], key1, key2)
    kind = np.uint64(shape + 16 * metrics[number, 6] + 64 * metrics[number, 7])
    key1, key2 = digest(body, metrics[number, 3], metrics[number, 4], key1, key2 ^ kind)
    return _numbers(body, first, last, number, key1, key2, counts, numbers)


@compiled
def _data_flags(body: Bytes, at: Int, end: Int, number: Int, metrics: Table) -> Int:
    """Temporality and monotonicity: they stand behind the points, whose digests need them."""
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at >= 0 and wire == VARINT and field in (2, 3):
            value, at = varint(body, at, end)
            if field == 2:
                metrics[number, 6] = value & 3
            else:
                metrics[number, 7] = 1 if value else 0
        elif at >= 0:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    return GOOD


@compiled
def _others(body: Bytes, at: Int, end: Int, metric: Int, counts: Table, others: Table) -> Int:
    while at < end:
        field, wire, at = tag(body, at, end)  # `_data_flags` has been over it: nothing is malformed at this level
        if field == 1 and wire == LENGTH:
            start, at = extent(body, at, end)
            if counts[_OTHERS] == len(others):
                return FULL
            row = counts[_OTHERS]
            others[row, 0], others[row, 1], others[row, 2] = metric, start, at
            counts[_OTHERS] += 1
        else:
            at = skip(body, at, end, wire)
    return GOOD


@compiled
def _numbers(body: Bytes, at: Int, end: Int, metric: Int, key1: Word, key2: Word, counts: Table, numbers: Table) -> Int:
    row = counts[_NUMBERS]
    while at < end:
        field, wire, at = tag(body, at, end)  # `_data_flags` has been over it: nothing is malformed at this level
        if field == 1 and wire == LENGTH:
            start, at = extent(body, at, end)
            if row == len(numbers):
                return FULL
            numbers[row, 0] = metric
            fault = _number(body, start, at, row, key1, key2, numbers)
            if fault != GOOD:
                return fault
            row += 1
        else:
            at = skip(body, at, end, wire)
    counts[_NUMBERS] = row
    return GOOD


@compiled
def _number(body: Bytes, at: Int, end: Int, row: Int, key1: Word, key2: Word, numbers: Table) -> Int:
    """Fill a row: metric, attributes (start, end, scattered), time, value bits, state, key (two words)."""
    first, last, scattered = -1, -1, 0
    time: Int = 0
    bits: Int = 0
    value_state, flag_state = 1, 0  # NO_VALUE until there is one
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at < 0:
            return begin
        if wire == FIXED64:
            if at + 8 > end:
                return begin
            if field == 3:
                time = np.int64(fixed64(body, at))
            elif field == 4:
                bits, value_state = np.int64(fixed64(body, at)), 0
            elif field == 6:
                bits, value_state = np.int64(fixed64(body, at)), 4
            at += 8
        elif wire == LENGTH:
            at = extent(body, at, end)[1]
            if at < 0:
                return begin
            if field == 7:
                if first < 0:
                    first = begin
                elif begin != last:
                    scattered = 1
                last = at
        elif wire == VARINT:
            value, at = varint(body, at, end)
            if at < 0:
                return begin
            if field == 8:
                flag_state = 2 if value & 1 else 0
        else:
            at = skip(body, at, end, wire)
            if at < 0:
                return begin
    if first < 0:
        first = last = 0
    key1, key2 = digest(body, first, last, key1, key2)
    numbers[row, 1], numbers[row, 2], numbers[row, 3], numbers[row, 4] = first, last, scattered, time
    numbers[row, 5], numbers[row, 6] = bits, value_state | flag_state
    numbers[row, 7], numbers[row, 8] = np.int64(key1), np.int64(key2)
    return GOOD


def is_cached() -> bool:
    """Whether an earlier run compiled this module and kept it."""
    return jit.is_cached(scan)


def warm() -> None:
    """Call each function once, so that it is compiled."""
    warm_table()
    # A request with a gauge of one empty point.
    body = np.frombuffer(b"\x0a\x08\x12\x06\x12\x04\x2a\x02\x0a\x00", np.uint8)
    scan(body, 4)
