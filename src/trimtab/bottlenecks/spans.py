"""What the algorithms of this room take: n spans of any number of traces, as columns.

Rooms that own spans, tests and evaluations make it of what they have; nothing here knows where they came from.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec import field as struct_field

Rows = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint64]
K = TypeVar("K", bound=Hashable)

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(5)
"""Codes of `Spans.kind`, as OpenTelemetry names them."""
KINDS: Mapping[str, int] = {"server": SERVER, "client": CLIENT, "producer": PRODUCER, "consumer": CONSUMER}
NAMES = ("internal", "server", "client", "producer", "consumer")


@dataclass(frozen=True, slots=True)
class Spans:
    """Columns of n spans. Codes count from 0; names of codes are in `services`, `operations`, `places`.

    `trace` (n,) codes of traces; `span` and `parent` (n,) ids, unique within a trace, parent 0 for none; times (n,)
    in nanoseconds; `service`, `operation` (n,) codes; `place` (n,) code of the pod, host or function that ran it;
    `failed` (n,) whether it ended in an error; `attributes` one mapping a span, or none at all.
    """

    trace: Rows
    span: Ids
    parent: Ids
    start_ns: Rows
    duration_ns: Rows
    service: Rows
    operation: Rows
    place: Rows
    kind: Rows
    failed: npt.NDArray[np.bool_]
    services: tuple[str, ...]
    operations: tuple[str, ...]
    places: tuple[str, ...]
    traces: tuple[str, ...]
    attributes: Sequence[Mapping[str, str]] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.trace)


class SpanRow(Struct, frozen=True):
    """One span as a record, for callers that have few or no columns. Ids are any text, `parent_id` "" for none."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    operation: str
    start_ns: int
    duration_ns: int
    kind: str = "internal"
    failed: bool = False
    place: str = ""
    attributes: Mapping[str, str] = struct_field(default_factory=dict)


def columns(rows: Sequence[SpanRow]) -> Spans:
    """The columns of records. A span without a place runs at its service."""
    trace, traces = coded(row.trace_id for row in rows)
    service, services = coded(row.service for row in rows)
    operation, operations = coded(row.operation for row in rows)
    place, places = coded(row.place or row.service for row in rows)
    identity = {text: number for number, text in enumerate(dict.fromkeys(row.span_id for row in rows), 1)}
    return Spans(
        trace,
        np.array([identity[row.span_id] for row in rows], np.uint64),
        np.array([identity.get(row.parent_id, 0) for row in rows], np.uint64),
        np.array([row.start_ns for row in rows], np.int64),
        np.array([row.duration_ns for row in rows], np.int64),
        service,
        operation,
        place,
        np.array([KINDS.get(row.kind, INTERNAL) for row in rows], np.int64),
        np.array([row.failed for row in rows], bool),
        services,
        operations,
        places,
        traces,
        tuple(row.attributes for row in rows),
    )


def coded(values: Iterable[K]) -> tuple[Rows, tuple[K, ...]]:
    """Codes of values, numbered in the order of their first coming, and the values by code."""
    known: dict[K, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return np.array(codes, np.int64), tuple(known)


def empty() -> Spans:
    """No spans."""
    return columns(())


def take(spans: Spans, rows: npt.NDArray[Any]) -> Spans:
    """The spans of some rows (indices or flags), with the same codes of services; traces are numbered anew."""
    trace, kept = _renumbered(spans.trace[rows])
    at = np.flatnonzero(rows) if rows.dtype == bool else rows
    return Spans(
        trace,
        spans.span[rows],
        spans.parent[rows],
        spans.start_ns[rows],
        spans.duration_ns[rows],
        spans.service[rows],
        spans.operation[rows],
        spans.place[rows],
        spans.kind[rows],
        spans.failed[rows],
        spans.services,
        spans.operations,
        spans.places,
        tuple(spans.traces[code] for code in kept.tolist()),
        tuple(spans.attributes[row] for row in at.tolist()) if spans.attributes else (),
    )


def _renumbered(codes: Rows) -> tuple[Rows, Rows]:
    kept, inverse = np.unique(codes, return_inverse=True)
    return inverse.astype(np.int64), kept
