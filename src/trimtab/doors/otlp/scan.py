"""Where everything is in an ExportMetricsServiceRequest: what a scan finds, and the scan in plain Python."""

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import LimitExceeded
from trimtab.doors.otlp.request import INTEGER, NO_RECORDED_FLAG, NO_RECORDED_VALUE, NO_VALUE, Shape
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import FIXED64, LENGTH, VARINT, Malformed

Table = npt.NDArray[np.int64]
Row = tuple[int, ...]

_MOST_ROWS = 8_000_000  # 1.4 GB of address space, of which only what is filled takes memory
_LEAST_BYTES = 20  # of a point that says something: tag and length, time, value

# Field numbers of opentelemetry-proto, metrics.proto.
RESOURCE_METRICS = 1
RESOURCE, SCOPE_METRICS = 1, 2
METRICS = 2
NAME, UNIT = 1, 3
DATA_POINTS, TEMPORALITY, MONOTONIC = 1, 2, 3
START, TIME, DOUBLE, INT, ATTRIBUTES, FLAGS = 2, 3, 4, 6, 7, 8  # of NumberDataPoint
_SHAPES = frozenset(int(shape) for shape in Shape if shape)


class Scanned(Struct, frozen=True):
    """What is where in a body.

    `resources`: start, end of the Resource message (0, 0 for none). `metrics`: resource, start and end of name and of
    unit, shape, temporality, monotonic. `numbers`: metric; start and end of the attributes (from the tag of the first
    to the end of the last), whether other fields lie in between; time (ns); bits of the value; state (`request.py`).
    `keys` are the digests of the numbers' series. `others` (histograms, summaries): metric, start, end of the point.
    """

    body: bytes
    resources: Table
    metrics: Table
    numbers: Table
    keys: npt.NDArray[np.uint64]
    others: Table


def scan(body: bytes, kernels: ModuleType | None) -> Scanned:
    """Scan with `scan_compiled`, or in plain Python where `kernels` is None. Raises Malformed,
    or LimitExceeded for far more points than a body of its size can mean.
    """
    if kernels is None:
        return scan_plain(body)
    rows = len(body) // _LEAST_BYTES + 64
    fault = kernels.FULL
    while fault == kernels.FULL:
        if rows > _MOST_ROWS:
            raise LimitExceeded(f"cannot take more than {_MOST_ROWS // 4} points at once; send them in parts")
        fault, resources, metrics, numbers, others = kernels.scan(np.frombuffer(body, np.uint8), rows)
        rows *= 4
    if fault >= 0:
        raise Malformed(fault)
    keys = np.ascontiguousarray(numbers[:, 7:]).view(np.uint64)
    return Scanned(body, resources, metrics, numbers[:, :7], keys, others)


def scan_plain(body: bytes) -> Scanned:
    """The same as the compiled scan, save that `keys` are other digests. Raises Malformed."""
    made = _Plain(body)
    made.request()
    return Scanned(
        body,
        _table(made.resources, 2),
        _table(made.metrics, 8),
        _table(made.numbers, 7),
        wire.as_keys(made.keys),
        _table(made.others, 3),
    )


def _table(rows: list[Row], columns: int) -> Table:
    return np.array(rows, np.int64).reshape(-1, columns)


class _Plain:
    """The walk in plain Python, message by message."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.resources: list[Row] = []
        self.metrics: list[Row] = []
        self.numbers: list[Row] = []
        self.keys: list[bytes] = []
        self.others: list[Row] = []

    def request(self) -> None:
        for field, kind, _, start, end in wire.fields(self.body, 0, len(self.body)):
            if (field, kind) == (RESOURCE_METRICS, LENGTH):
                self._resource_metrics(start, end)

    def _resource_metrics(self, first: int, last: int) -> None:
        parts = [part for part in wire.fields(self.body, first, last) if part[1] == LENGTH]
        found = [part for part in parts if part[0] == RESOURCE]
        if len(found) > 1:
            raise Malformed(found[1][2], "resource metrics have two resources")
        place = (found[0][3], found[0][4]) if found else (0, 0)
        self.resources.append(place)
        key = self.body[place[0] : place[1]]
        for field, _, _, start, end in parts:
            if field == SCOPE_METRICS:
                for number, kind, _, begin, stop in wire.fields(self.body, start, end):
                    if (number, kind) == (METRICS, LENGTH):
                        self._metric(begin, stop, key)

    def _metric(self, start: int, end: int, resource: bytes) -> None:
        name, unit, shape, data = (0, 0), (0, 0), 0, (0, 0)
        for field, kind, tag_at, begin, stop in wire.fields(self.body, start, end):
            if kind != LENGTH:
                continue
            if field == NAME:
                name = begin, stop
            elif field == UNIT:
                unit = begin, stop
            elif field in _SHAPES:
                if shape:
                    raise Malformed(tag_at, "a metric has data twice")
                shape, data = field, (begin, stop)
        flags, points = self._data(*data)
        number = len(self.metrics)
        self.metrics.append((len(self.resources) - 1, *name, *unit, shape, *flags))
        if shape not in (Shape.GAUGE, Shape.SUM):
            self.others += [(number, begin, stop) for begin, stop in points] if shape else []
            return
        head = (resource, self.body[slice(*name)], self.body[slice(*unit)], bytes((shape, *flags)))
        for begin, stop in points:
            self._number(begin, stop, number, head)

    def _data(self, start: int, end: int) -> tuple[tuple[int, int], list[tuple[int, int]]]:
        temporality = monotonic = 0
        points = []
        for field, kind, _, begin, stop in wire.fields(self.body, start, end):
            if (field, kind) == (DATA_POINTS, LENGTH):
                points.append((begin, stop))
            elif (field, kind) == (TEMPORALITY, VARINT):
                temporality = wire.varint(self.body, begin, stop)[0] & 3
            elif (field, kind) == (MONOTONIC, VARINT):
                monotonic = int(bool(wire.varint(self.body, begin, stop)[0]))
        return (temporality, monotonic), points

    def _number(self, start: int, end: int, metric: int, head: tuple[bytes, ...]) -> None:
        first, last, scattered, time, bits, value_state, flag_state = -1, -1, 0, 0, 0, NO_VALUE, 0
        for field, kind, tag_at, begin, stop in wire.fields(self.body, start, end):
            if (field, kind) == (TIME, FIXED64):
                time = wire.signed(wire.fixed64(self.body, begin))
            elif kind == FIXED64 and field in (DOUBLE, INT):
                bits = wire.signed(wire.fixed64(self.body, begin))
                value_state = INTEGER if field == INT else 0
            elif (field, kind) == (ATTRIBUTES, LENGTH):
                if first < 0:
                    first = tag_at
                elif tag_at != last:
                    scattered = 1
                last = stop
            elif (field, kind) == (FLAGS, VARINT):
                flags = wire.varint(self.body, begin, stop)[0]
                flag_state = NO_RECORDED_VALUE if flags & NO_RECORDED_FLAG else 0
        if first < 0:
            first = last = 0
        self.numbers.append((metric, first, last, scattered, time, bits, value_state | flag_state))
        self.keys.append(wire.key(*head, self.body[first:last]))


def starts(body: bytes) -> list[int]:
    """When each number of a body that was scanned began to count, in ns, in their order; 0 where it does not say.

    Read for bodies with counters that are met for the first time only, so the scan itself does not look.
    """
    found: list[int] = []
    for begin, end in _messages(body, 0, len(body), RESOURCE_METRICS, SCOPE_METRICS, METRICS):
        data = [part for part in wire.fields(body, begin, end) if part[0] in _SHAPES and part[1] == LENGTH]
        if data and data[0][0] in (Shape.GAUGE, Shape.SUM):
            for first, last in _messages(body, data[0][3], data[0][4], DATA_POINTS):
                own = [part for part in wire.fields(body, first, last) if (part[0], part[1]) == (START, FIXED64)]
                found.append(int.from_bytes(body[own[-1][3] : own[-1][4]], "little") if own else 0)
    return found


def _messages(body: bytes, start: int, end: int, *path: int) -> Iterator[tuple[int, int]]:
    """Where the messages begin and end that a path of field numbers leads to."""
    if not path:
        yield start, end
        return
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if (field, kind) == (path[0], LENGTH):
            yield from _messages(body, begin, stop, *path[1:])
