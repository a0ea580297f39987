"""Events that tell of calls of models, as OpenTelemetry's instrumentations log them: each is kept as a span too.

The conventions' event `gen_ai.client.inference.operation.details` says of a call what its span says, and is sent beside
it or instead of it, as where traces are sampled. Where the span tells the call the event only adds to it. The content
of prompts stays in the log that it was sent to.
"""

import hashlib
from collections.abc import Iterator, Sequence

from trimtab.genai.attributes import ALL, EVENT, EVENT_NAME, TOLD_BY_EVENT
from trimtab.genai.spans import CallSpan, call_of_span
from trimtab.logs.ingest import Keep
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.model import ERROR, INTERNAL, OK, Span

_TRACE_DIGITS = 32
_SERVICE = "service.name"


def keep_call_events(traces: TraceIngest) -> Keep:
    """Keeps them before their batch is acknowledged; a repeat of a batch gives the same spans."""

    async def keep(batches: Sequence[LogBatch], key: str | None) -> None:
        spans = [span for batch in batches for span in _spans(batch)]
        if spans:
            await traces.write(spans, None if key is None else f"{key} calls")

    return keep


def _spans(batch: LogBatch) -> Iterator[Span]:
    for event in batch.events:
        if event.attributes and event.attributes.get(EVENT_NAME) == EVENT:
            span = span_of_event(event, batch.group.account, batch.group.region)
            if span is not None:
                yield span


def span_of_event(event: LogEvent, account: str, region: str) -> Span | None:
    """An event as a span inside the one that it was logged in; None for one that tells of no call."""
    said = {name: value for name, value in event.attributes.items() if name in ALL}
    start_ns = event.time_ms * 1_000_000
    call = call_of_span(CallSpan(account=account, region=region, start_ns=start_ns, attributes=said))
    if call is None:
        return None
    name = f"{event.trace_id} {event.span_id} {event.time_ms} {call.id} {sorted(said.items())}"
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=24).hexdigest()
    placed = len(event.trace_id) == _TRACE_DIGITS
    failed = "error.type" in event.attributes
    return Span(
        account=account,
        region=region,
        service=event.attributes.get(_SERVICE, "") or "unknown_service",
        trace_id=event.trace_id if placed else digest[:_TRACE_DIGITS],
        span_id=digest[_TRACE_DIGITS:],
        parent_id=event.span_id if placed else "",
        name=f"{call.operation} {call.model}".strip(),
        kind=INTERNAL,
        segment=not (placed and event.span_id),
        start_ns=start_ns,
        duration_ns=0,
        status=ERROR if failed else OK,
        error=failed,
        origin="GenAI",
        attributes={**said, TOLD_BY_EVENT: "true"},
    )
