"""`POST /rest/v1/tokens/ingest`: what a gateway logs of calls of models, a JSON array or an object a line.

LiteLLM sends its payloads here by itself:

    litellm_settings: {callbacks: [generic_api]}
    GENERIC_LOGGER_ENDPOINT=http://127.0.0.1:4750/rest/v1/tokens/ingest

Its spend logs and recorded requests with their answers are taken too. Each call becomes a span without the content of
prompts and answers: one that a client's span tells of too is the same call, by the id of its answer.
"""

import hashlib
from collections.abc import Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal
from trimtab.client import tokens_wire as wire
from trimtab.doors.rest.record_body import Record, record_route
from trimtab.doors.writing import Writing, idempotency_key
from trimtab.genai.call import Call
from trimtab.genai.gateway import call_of_record
from trimtab.genai.spans import attributes_of
from trimtab.traces.ingest import TraceIngest
from trimtab.traces.model import CLIENT, ERROR, OK, Span

PATH = "/rest/v1/tokens/ingest"
_DOOR = "tokens"
_HEX = frozenset("0123456789abcdef")


class CallWriting(Struct, frozen=True):
    """What this door writes with."""

    ingest: TraceIngest
    writing: Writing


def routes(door: CallWriting) -> list[BaseRoute]:
    """The route."""
    writing = door.writing

    async def take(request: Request, records: Sequence[Record], size: int) -> wire.CallsTaken:
        principal: Principal = request.scope["state"]["principal"]
        account, now_ms = writing.account_of(request), writing.clock.now_ms()
        calls = [call for record in records if (call := call_of_record(record)) is not None]
        spans = [span_of_call(call, account, writing.region, now_ms) for call in calls]
        if spans:
            await door.ingest.write(spans, idempotency_key(request, _DOOR))
            writing.ledger.accepted(_DOOR, principal.name, account, writing.region, len(spans), size)
        return wire.CallsTaken(len(spans), len(records) - len(spans))

    return [record_route(PATH, "calls", take)]


def span_of_call(call: Call, account: str, region: str, now_ms: int) -> Span:
    """A call as a span. The same call gives the same ids, so that one that is sent again replaces itself."""
    at_ms = call.at_ms if 0 < call.at_ms <= now_ms else now_ms
    name = call.id or f"{at_ms} {call.model} {call.user} {call.tokens}"
    trace = call.trace_id.lower().replace("-", "")
    known = len(trace) == 32 and set(trace) <= _HEX and trace.strip("0") != ""
    return Span(
        account=account,
        region=region,
        service=call.service or "gateway",
        trace_id=trace if known else hashlib.blake2b(name.encode(), digest_size=16).hexdigest(),
        span_id=hashlib.blake2b(f"span {name}".encode(), digest_size=8).hexdigest(),
        name=f"{call.operation} {call.model}".strip(),
        kind=CLIENT,
        segment=True,
        start_ns=at_ms * 1_000_000,
        duration_ns=round((call.duration_ms or 0.0) * 1_000_000),
        status=ERROR if call.failed else OK,
        fault=call.failed and call.status >= 500,
        error=call.failed and call.status < 500,
        throttle=call.status == 429,
        peer=call.vendor,
        origin="GenAI",
        attributes=attributes_of(call),
    )
