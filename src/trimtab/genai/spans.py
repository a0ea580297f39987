"""A span as a call of a model: conventions old and new, whatever instrumentation emitted it.

By the conventions the input holds the cached tokens. Some instrumentations pass on Anthropic's own count, which leaves
them out: where the parts are more than the whole, or the sum says so, they are added.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.genai import attributes as names
from trimtab.genai.attributes import Attributes, number, text, time_ms
from trimtab.genai.call import Call
from trimtab.genai.tokens import Tokens
from trimtab.genai.vendor import named, vendor_of

_HOLDERS = frozenset((
    "execute_tool", "invoke_agent", "create_agent", "invoke_workflow", "plan", "workflow", "task", "agent", "tool",
    "chain", "retriever", "guardrail", "evaluator", "span",
))  # fmt: skip
"""Operations and kinds of spans that hold calls and are none."""
_OPERATIONS = {"completion": "text_completion", "embedding": "embeddings", "reranker": "rerank", "llm": "chat"}
_SDK = re.compile(r"^ai\.(generate|stream)(Text|Object)$")
"""The Vercel AI SDK's outer span; its inner one (`….doGenerate`) is the call."""


class CallSpan(Struct, frozen=True, kw_only=True, gc=False):
    """What a call is read from of a span: its place in a trace, its times in ns, and its attributes."""

    account: str = ""
    region: str = ""
    service: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    start_ns: int = 0
    duration_ns: int = 0
    failed: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource_attributes: Mapping[str, str] = field(default_factory=dict)


def call_of_span(span: CallSpan) -> Call | None:
    """The call that a span tells of; None where it tells of none. Who it was for is only what it says itself."""
    attributes = span.attributes
    if names.MARKS.isdisjoint(attributes):
        return None
    tokens = tokens_of_span(attributes)
    model = text(attributes, names.MODEL)
    said = tokens.input is not None or tokens.output is not None
    if not said and (not model or is_holder(attributes)):
        return None
    endpoint = text(attributes, names.ENDPOINT)
    operation = text(attributes, names.OPERATION).lower()
    asked = text(attributes, names.ASKED_MODEL)
    told = text(attributes, names.VENDOR)
    status = number(attributes, names.STATUS) or 0
    call = Call(
        at_ms=span.start_ns // 1_000_000,
        vendor=named(told) if told else vendor_of(endpoint, "", ""),
        model=model,
        asked_model=asked or model,
        operation=_OPERATIONS.get(operation, operation) or "chat",
        endpoint=endpoint,
        status=status,
        failed=span.failed,
        stream=_stream(attributes),
        tier=text(attributes, names.TIER),
        tokens=tokens,
        duration_ms=span.duration_ns / 1e6,
        first_token_ms=time_ms(attributes, names.FIRST_TOKEN),
        prefill_ms=time_ms(attributes, names.PREFILL),
        decode_ms=time_ms(attributes, names.DECODE),
        service=span.service,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id,
        id=text(attributes, names.ID),
        cost=_dollars(text(attributes, names.COST)),
        currency="USD" if text(attributes, names.COST) else "",
        account=span.account,
        region=span.region,
    )
    return replace(call, **(names.who(span.resource_attributes) | names.who(attributes)))


def tokens_of_span(attributes: Attributes) -> Tokens:
    """The tokens that attributes tell, by kind."""
    parts = {kind: number(attributes, said) for kind, said in names.PARTS.items()}
    input_, output, whole = (number(attributes, said) for said in (names.INPUT, names.OUTPUT, names.TOTAL))
    if parts["cache_write"] is None and (parts["cache_write_5m"] is not None or parts["cache_write_1h"] is not None):
        parts["cache_write"] = (parts["cache_write_5m"] or 0) + (parts["cache_write_1h"] or 0)
    cached = (parts["cache_read"] or 0) + (parts["cache_write"] or 0)
    if input_ is not None and cached and (cached > input_ or whole == input_ + (output or 0) + cached):
        input_ += cached
    if output is None and input_ is not None and whole is not None and whole >= input_:
        output = whole - input_
    return Tokens(input=input_, output=output, **parts)


def attributes_of(call: Call) -> dict[str, str]:
    """A call as attributes of the conventions: `call_of_span` reads them back. What is unknown is left out."""
    said = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": call.vendor,
        "gen_ai.response.model": call.model,
        "gen_ai.request.model": call.asked_model,
        "gen_ai.response.id": call.id,
        "gen_ai.response.service_tier": call.tier,
        "server.address": call.endpoint,
        "http.response.status_code": str(call.status) if call.status else "",
        "gen_ai.request.stream": "" if call.stream is None else str(call.stream).lower(),
        "gen_ai.usage.cost": "" if call.cost is None else f"{call.cost:f}",
        **{known[0]: getattr(call, field) for field, known in names.IDENTITY.items()},
    }
    tokens = call.tokens
    counted = {names.INPUT[0]: tokens.input, names.OUTPUT[0]: tokens.output}
    counted |= {known[0]: getattr(tokens, kind) for kind, known in names.PARTS.items()}
    said |= {name: str(value) for name, value in counted.items() if value is not None}
    if call.first_token_ms is not None:
        said["gen_ai.response.time_to_first_chunk"] = f"{call.first_token_ms / 1000:.6f}"
    return {name: value for name, value in said.items() if value}


def is_holder(attributes: Attributes) -> bool:
    """Whether a span holds calls and is none itself: an agent, a chain, a tool."""
    operation = text(attributes, names.OPERATION)
    kind = text(attributes, names.KIND).lower()
    return operation.lower() in _HOLDERS or kind in _HOLDERS or bool(_SDK.match(operation))


def _stream(attributes: Attributes) -> bool | None:
    said = text(attributes, names.STREAM).lower()
    return None if not said else said == "true"


def _dollars(words: str) -> Decimal | None:
    try:
        value = Decimal(words)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None
