"""Spans of tests: one line a span, times in ms."""

from collections.abc import Mapping

from trimtab.bottlenecks.spans import SpanRow

MS = 1_000_000


def span(
    span_id: str,
    parent_id: str,
    start_ms: int,
    end_ms: int,
    *,
    service: str = "shop",
    operation: str = "",
    trace_id: str = "t",
    kind: str = "internal",
    failed: bool = False,
    attributes: Mapping[str, str] | None = None,
) -> SpanRow:
    """A span whose operation is its id, unless said."""
    length = (end_ms - start_ms) * MS
    named = operation or span_id
    more = attributes or {}
    return SpanRow(trace_id, span_id, parent_id, service, named, start_ms * MS, length, kind, failed, "", more)
