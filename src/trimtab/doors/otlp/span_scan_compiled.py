"""Where the resources and the spans are in an ExportTraceServiceRequest, compiled.

Field numbers: opentelemetry-proto, trace_service.proto and trace.proto.
"""

import numpy as np
import numpy.typing as npt

from trimtab.doors.protobuf.jit import compiled
from trimtab.doors.protobuf.primitives import LENGTH, Bytes, Int, extent, skip, tag

Table = npt.NDArray[np.int64]

GOOD, FULL = -1, -2  # instead of the position of a fault


@compiled
def find(body: Bytes, most: Int) -> tuple[Int, Table, Table]:
    """(position of a fault, GOOD or FULL; resources: start, end; spans: resource, start, end)."""
    resources, spans = np.empty((most, 2), np.int64), np.empty((most, 3), np.int64)
    counts = np.zeros(2, np.int64)
    at, size, fault = 0, body.size, GOOD
    while at < size and fault == GOOD:
        begin = at
        field, wire, at = tag(body, at, size)
        if at >= 0 and field == 1 and wire == LENGTH:
            start, at = extent(body, at, size)
            if at >= 0:
                fault = _resource_spans(body, start, at, counts, resources, spans)
        elif at >= 0:
            at = skip(body, at, size, wire)
        if at < 0:
            fault = begin
    return fault, resources[: counts[0]], spans[: counts[1]]


@compiled
def _resource_spans(body: Bytes, at: Int, end: Int, counts: Table, resources: Table, spans: Table) -> Int:
    number = counts[0]
    if number == len(resources):
        return FULL
    counts[0] += 1
    resources[number, 0], resources[number, 1] = 0, 0
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at >= 0 and wire == LENGTH and field in (1, 2):
            start, at = extent(body, at, end)
            if at >= 0 and field == 1:
                resources[number, 0], resources[number, 1] = start, at
            elif at >= 0:
                fault = _scope_spans(body, start, at, number, counts, spans)
                if fault != GOOD:
                    return fault
        elif at >= 0:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    return GOOD


@compiled
def _scope_spans(body: Bytes, at: Int, end: Int, resource: Int, counts: Table, spans: Table) -> Int:
    while at < end:
        begin = at
        field, wire, at = tag(body, at, end)
        if at >= 0 and wire == LENGTH and field == 2:
            start, at = extent(body, at, end)
            if at >= 0:
                if counts[1] == len(spans):
                    return FULL
                spans[counts[1], 0], spans[counts[1], 1], spans[counts[1], 2] = resource, start, at
                counts[1] += 1
        elif at >= 0:
            at = skip(body, at, end, wire)
        if at < 0:
            return begin
    return GOOD
