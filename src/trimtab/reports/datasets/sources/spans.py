"""`spans`: every span of traces, as it is now."""

from trimtab.reports.datasets.field import Field, labels, number, text, truth
from trimtab.reports.datasets.source import Relation, Source, Window
from trimtab.reports.datasets.sources.scoped import ID
from trimtab.reports.datasets.sources.times import TIMES, bounded, time_columns
from trimtab.store.sql import load_queries
from trimtab.traces.window import window_of

_QUERIES = load_queries("trimtab.reports.datasets.sources")
FIELDS: tuple[Field, ...] = (
    *TIMES, text("account", "Account."), text("region", "Region."), text("endpoint", "Service that served it."),
    text("operation", "Name of the span."), text("kind", "server, client, internal, producer, consumer."),
    text("trace_id", "Trace."), text("span_id", "Span."), text("parent_id", "The span above."),
    text("status", "unset, ok, error."), truth("request", "Whether it is the entry of a request into its service."),
    truth("fault", "Failed by the server."), truth("error", "Failed by the caller."), truth("throttle", "Throttled."),
    number("duration", "How long it took.", "s"), number("http_status", "HTTP status."),
    text("http_method", "HTTP method."), text("peer", "What a client span called."),
    text("resource", "What it ran on, as the inventory has it."), text("resource_id", "The id of what it ran on."),
    number("weight", "Requests that it stands for, where traces are sampled."),
    labels("attributes", "Attributes of the span."), labels("resource_attributes", "Attributes of the process."),
)  # fmt: skip
_COLUMNS = {
    **time_columns("time"), "account": "account", "region": "region", "endpoint": "service", "operation": "name",
    "kind": "kind", "trace_id": "trace_id", "span_id": "span_id", "parent_id": "parent_id", "status": "status",
    "request": "segment = 1", "fault": "fault = 1", "error": "error = 1", "throttle": "throttle = 1",
    "duration": "duration_ns / 1e9", "http_status": "nullIf(http_status, 0)", "http_method": "http_method",
    "peer": "peer", "resource": "resource", "resource_id": ID.format("resource"), "weight": "sampling",
    "attributes": "attributes", "resource_attributes": "resource_attributes",
}  # fmt: skip


def spans() -> Source:
    """The source."""

    async def read(window: Window) -> Relation:
        found = window_of(window.scope, bounded(window.start_ms), bounded(window.end_ms))
        return Relation(_QUERIES["spans"].replace("/*and*/", found.where), _COLUMNS, found.params)

    return Source("spans", "Spans", "a span of a trace", FIELDS, read)
