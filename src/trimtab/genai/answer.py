"""An answer of a model's API, whole or as a stream: what it says of its model, its tier and its usage.

Streams are folded event by event. A field that comes again replaces what it said before: Anthropic tells the prompt
first and the answer last, Gemini, vLLM and Mistral repeat running sums. A stream without usage says nothing: unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.base import typed
from trimtab.genai.tokens import UNKNOWN, Tokens, merged, total
from trimtab.genai.usage import Document, first_list, first_map, tokens_of

_METRICS = "amazon-bedrock-invocationMetrics"
_TOP_LEVEL = (
    "prompt_eval_count", "eval_count", "inputTextTokenCount", "generation_token_count", "num_tokens_generated",
    "num_tokens_prompt_total", "totalOutputTextTokenCount",
)  # fmt: skip
"""Counts that stand in the answer itself: Ollama, Titan, Llama on Bedrock, Aleph Alpha."""


class Answer(Struct, frozen=True, kw_only=True):
    """What an answer says; "" and None for what it does not. `id` is the vendor's name of this answer."""

    tokens: Tokens = UNKNOWN
    model: str = ""
    tier: str = ""
    id: str = ""


class _Fold(Struct):
    usage: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    steps: list[Tokens] = field(default_factory=list)
    model: str = ""
    tier: str = ""
    id: str = ""


def answer_of(body: Any) -> Answer:
    """What a decoded body says; a list is taken as the events of a stream (Gemini without SSE, event streams)."""
    events = [one for one in body if isinstance(one, Mapping)] if isinstance(body, list) else [body]
    fold = _Fold()
    for event in events:
        if isinstance(event, Mapping):
            _take(fold, event)
    return Answer(tokens=_tokens(fold), model=fold.model, tier=fold.tier, id=fold.id)


def answer_of_text(text: str) -> Answer:
    """What a body says that came as text: JSON, server-sent events, or JSON lines."""
    return answer_of(list(events_of(text)))


def events_of(text: str) -> Iterator[Any]:
    """The JSON values of a text; what is none is left out."""
    stripped = text.strip()
    if stripped.startswith(("{", "[")):
        whole = _json(stripped)
        if whole is not None:
            yield from whole if isinstance(whole, list) else (whole,)
            return
    data: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line.strip():
            yield from _said("\n".join(data))
            data.clear()
        elif line.lstrip().startswith("{"):
            yield from _said(line)


def _said(text: str) -> Iterable[Any]:
    value = _json(text) if text and text != "[DONE]" else None
    if value is None and "\n" in text:  # several events without an empty line between them
        return [one for line in text.splitlines() if (one := _json(line)) is not None]
    return () if value is None else (value,)


def _json(text: str) -> Any:
    try:
        return typed.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _take(fold: _Fold, event: Document) -> None:
    """Add what an event says."""
    event = _opened(event)
    inner = first_map(event, "response", "message", "interaction")
    _identify(fold, inner)
    _identify(fold, event)
    if isinstance(event.get(_METRICS), Mapping):
        fold.metrics.update(event[_METRICS])
    if "trace" in event and isinstance(event["trace"], Mapping):
        fold.steps.extend(_steps(event["trace"]))
    provisional = event.get("type") == "message_start"
    for usage in _usages(event, inner):
        said = {name: value for name, value in usage.items() if value is not None}
        if provisional:
            said.pop("output_tokens", None)  # what is generated so far, before anything is
        fold.usage.update(said)


def _opened(event: Document) -> Document:
    """An event without its wrappings: event streams of AWS put it into `data` and `chunk`, batches into `body`."""
    if isinstance(event.get("data"), Mapping) and ("event" in event or "retry" in event or len(event) == 1):
        event = event["data"]
    if isinstance(event.get("chunk"), Mapping):
        event = event["chunk"]
    response = event.get("response")
    if isinstance(response, Mapping) and isinstance(response.get("body"), Mapping):
        event = response["body"]
    return event


def _usages(event: Document, inner: Document) -> Iterator[Document]:
    """The usage documents of an event, those that count more last."""
    groq, delta, metadata = first_map(event, "x_groq"), first_map(event, "delta"), first_map(event, "metadata")
    for holder in (inner, groq, delta, metadata, event):
        usage = first_map(holder, "usage", "usageMetadata", "usage_metadata")
        if usage:
            yield usage
        meta = first_map(holder, "meta")
        if "billed_units" in meta or "tokens" in meta:
            yield meta
    if any(name in event for name in _TOP_LEVEL) or (event.get("done") is True and "eval_duration" in event):
        yield {"eval_count": 0, **event} if event.get("done") is True else event
    for row in first_list(event, "results"):
        if "generated_token_count" in row or "input_token_count" in row:
            yield row
    details = first_map(event, "details")
    if "generated_tokens" in details:
        yield details
    metrics = first_map(event, "metrics")
    if "output_token_count" in metrics and "input_token_count" in metrics:
        yield {
            "input_token_count": metrics["input_token_count"],
            "generated_token_count": metrics["output_token_count"],
        }


def _steps(trace: Document, depth: int = 6) -> Iterator[Tokens]:
    """The usage of the model calls that a step of a Bedrock agent traces."""
    for name, value in trace.items():
        if not isinstance(value, Mapping):
            continue
        if name == "modelInvocationOutput":
            yield tokens_of(first_map(first_map(value, "metadata"), "usage"))
        elif depth:
            yield from _steps(value, depth - 1)


def _identify(fold: _Fold, document: Document) -> None:
    usage = first_map(document, "usage", "usageMetadata")
    fold.model = _text(document, "model", "modelVersion", "model_name") or fold.model
    fold.tier = (
        _text(usage, "service_tier", "serviceTier", "trafficType") or _text(document, "service_tier") or fold.tier
    )
    fold.id = fold.id or _text(document, "id", "responseId", "response_id", "generation_id")


def _text(document: Document, *names: str) -> str:
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")


def _tokens(fold: _Fold) -> Tokens:
    """What Bedrock metered goes before what the model's own events count: it is what is billed."""
    said = tokens_of(fold.usage) if fold.usage else UNKNOWN
    if fold.metrics:
        return merged(tokens_of(fold.metrics), said)
    if not fold.usage and fold.steps:
        return total(fold.steps)
    return said
