"""One trace as rows of a waterfall: parents before children, in order of start, with the critical path marked. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.bottlenecks.forest import NONE
from trimtab.bottlenecks.model_calls import ModelCall, model_call, phases_of
from trimtab.bottlenecks.parts import population, side_names
from trimtab.bottlenecks.spans import SpanRow, columns
from trimtab.traces.model import ERROR, Span, Trace

_NS_A_MS = 1e6


class Bar(Struct, frozen=True):
    """A row. Times in ms from the start of the trace, clocks aligned by `skew_ms`; `own_ms` is outside all children.

    `path_ms` is what of it lies on the critical path, None where it is not on it. `wire`: a call of another component.
    `parent` is the number of the parent's row, None for roots. `orphan`: its parent is named but not here.
    """

    span: Span
    depth: int
    parent: int | None
    children: int
    start_ms: float
    duration_ms: float
    own_ms: float
    path_ms: float | None
    asynchronous: bool
    wire: bool
    orphan: bool
    skew_ms: float
    call: ModelCall | None = None
    phases: tuple[tuple[str, float], ...] = ()


class Waterfall(Struct, frozen=True):
    """Rows from top to bottom, and what the trace's duration (that of its root, in ms) is made of by service."""

    trace_id: str
    bars: tuple[Bar, ...]
    start_ms: float
    duration_ms: float
    total_ms: float
    by_service: Mapping[str, float] = field(default_factory=dict)
    by_service_count: Mapping[str, int] = field(default_factory=dict)


def waterfall(trace: Trace) -> Waterfall:
    """The waterfall of a whole trace."""
    rows = [_row(span) for span in trace.spans]
    found = population(columns(rows))
    forest, path = found.forest, found.path
    wire = side_names(found.spans, forest)
    first = int(forest.start.min())
    children: dict[int, list[int]] = {}
    parent = forest.parent.tolist()
    for row, above in enumerate(parent):
        children.setdefault(above, []).append(row)
    start = forest.start.tolist()
    for found_rows in children.values():
        found_rows.sort(key=lambda row: (start[row], -int(forest.end[row]), row))
    order = _depth_first(children)
    number = {row: at for at, row in enumerate(order)}
    depth = forest.depth.tolist()
    bars = []
    for row in order:
        span = trace.spans[row]
        bars.append(
            Bar(
                span,
                depth[row],
                number[parent[row]] if parent[row] != NONE else None,
                len(children.get(row, ())),
                (start[row] - first) / _NS_A_MS,
                float(forest.end[row] - forest.start[row]) / _NS_A_MS,
                float(forest.self_ns[row]) / _NS_A_MS,
                float(path.own_ns[row]) / _NS_A_MS if path.on[row] else None,
                bool(forest.asynchronous[row]),
                bool(wire[row]),
                bool(span.parent_id) and parent[row] == NONE,
                float(forest.shift[row]) / _NS_A_MS,
                model_call(span.attributes, span.resource_attributes),
                tuple((name, time / _NS_A_MS) for name, time in phases_of(span.attributes)),
            )
        )
    root = int(forest.roots[0])
    by_service, counts = _by_service(bars)
    return Waterfall(
        trace.id,
        tuple(bars),
        first / _NS_A_MS,
        float(forest.end[root] - forest.start[root]) / _NS_A_MS,
        float(forest.end.max() - first) / _NS_A_MS,
        by_service,
        counts,
    )


def _row(span: Span) -> SpanRow:
    failed = span.failed or span.status == ERROR
    return SpanRow(
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.service,
        span.name,
        span.start_ns,
        span.duration_ns,
        span.kind,
        failed,
        span.resource or span.service,
        span.attributes,
    )


def _depth_first(children: Mapping[int, Sequence[int]]) -> list[int]:
    order: list[int] = []
    waiting = list(reversed(children.get(NONE, ())))
    while waiting:
        row = waiting.pop()
        order.append(row)
        waiting.extend(reversed(children.get(row, ())))
    return order


def _by_service(bars: Sequence[Bar]) -> tuple[dict[str, float], dict[str, int]]:
    """Milliseconds on the critical path, and spans, of each service, the most first."""
    ms: dict[str, float] = {}
    counts: dict[str, int] = {}
    for bar in bars:
        counts[bar.span.service] = counts.get(bar.span.service, 0) + 1
        ms[bar.span.service] = ms.get(bar.span.service, 0.0) + (bar.path_ms or 0.0)
    order = sorted(ms, key=lambda name: (-ms[name], name))
    return {name: ms[name] for name in order}, {name: counts[name] for name in order}
