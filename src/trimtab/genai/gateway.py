"""What a gateway logs of a call: LiteLLM's payloads and spend logs, and recorded requests with their answers.

LiteLLM writes tokens of the prompt with cached ones inside (`usage_object` has the parts), its own cost in dollars, and
whom a key belongs to. An answer out of the gateway's own cache is no call of a vendor. Sources: LiteLLM's
`StandardLoggingPayload` and `SpendLogsPayload`; an exchange has `path` and `response` or `body`, as proxies record it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from trimtab.base import typed
from trimtab.base.records import replace
from trimtab.genai.call import Call
from trimtab.genai.exchange import Exchange, call_of
from trimtab.genai.tokens import UNKNOWN
from trimtab.genai.usage import Document, count, first, first_map, tokens_of
from trimtab.genai.vendor import named, vendor_of

_OPERATIONS = {
    "acompletion": "chat", "completion": "chat", "aembedding": "embeddings", "embedding": "embeddings",
    "atext_completion": "text_completion", "arerank": "rerank", "rerank": "rerank", "aresponses": "chat",
    "responses": "chat", "aimage_generation": "image", "image_generation": "image", "atranscription": "audio",
    "aspeech": "audio", "anthropic_messages": "chat",
}  # fmt: skip
"""LiteLLM's types of calls, in the conventions' words."""
_FROM_MS = 100_000_000_000
"""A number above is milliseconds: as seconds it were after the year 5000."""


def call_of_record(record: Document) -> Call | None:
    """The call that a record of a gateway tells of; None where it tells of none that reached a vendor."""
    if "call_type" in record and ("startTime" in record or "start_time" in record):
        return _litellm(record)
    if "path" in record or "url" in record:
        return _exchange(record)
    return None


def _litellm(record: Document) -> Call | None:
    if str(record.get("cache_hit", "")).lower() == "true":
        return None
    metadata = _document(record.get("metadata"))
    usage = first_map(metadata, "usage_object") or first_map(_document(record.get("response")), "usage") or record
    failed = record.get("status") == "failure"
    start, end, begun = (_ms(record.get(name)) for name in ("startTime", "endTime", "completionStartTime"))
    error = first_map(record, "error_information")
    model, provider = _text(record, "model"), _text(record, "custom_llm_provider")
    cost = _dollars(record.get("response_cost", record.get("spend")))
    kind = _text(record, "call_type")
    return Call(
        at_ms=start or 0,
        vendor=named(provider) if provider else vendor_of("", "", model),
        model=model.rpartition("/")[2] if provider and model.startswith(f"{provider}/") else model,
        asked_model=_text(record, "model_group") or model,
        operation=_OPERATIONS.get(kind, kind),
        endpoint=_text(record, "api_base"),
        status=count(error, "error_code") or (500 if failed else 200),
        failed=failed,
        stream=record.get("stream") if isinstance(record.get("stream"), bool) else None,
        tier=_text(_document(record.get("model_parameters")), "service_tier"),
        tokens=UNKNOWN if failed else tokens_of(usage),
        duration_ms=None if start is None or end is None else float(end - start),
        first_token_ms=None if start is None or begun is None or begun == end else float(begun - start),
        tenant=_text(record, "team_id") or _text(metadata, "user_api_key_team_id", "user_api_key_team_alias"),
        user=_text(record, "end_user") or _text(metadata, "user_api_key_end_user_id", "user_api_key_user_id")
        or _text(record, "user"),
        agent=_text(record, "agent_id"),
        session=_text(record, "session_id"),
        feature=_text(_document(metadata.get("requester_metadata")), "feature"),
        trace_id=_text(record, "trace_id"),
        service="litellm",
        id=_text(record, "id", "request_id"),
        cost=cost,
        currency="USD" if cost is not None else "",
    )  # fmt: skip


def _exchange(record: Document) -> Call | None:
    response = record.get("response")
    answer: Any = record.get("body")
    status = count(record, "status")
    if isinstance(response, Mapping) and answer is None:
        answer = next((response[name] for name in ("json", "text", "events", "body") if name in response), response)
        status = first(status, count(response, "status"))
    url = _text(record, "url")
    host, _, path = url.partition("://")[2].partition("/")
    call = call_of(
        Exchange(
            host=host or _text(record, "host"),
            path=f"/{path}" if url else _text(record, "path"),
            status=200 if status is None else status,
            request=record.get("request"),
            body=answer,
            headers={str(name): str(value) for name, value in first_map(record, "headers").items()},
            at_ms=_ms(record.get("time", record.get("timestamp"))) or 0,
        )
    )
    said = {name: _text(record, name) for name in ("tenant", "user", "agent", "session", "feature", "prompt_version")}
    vendor = named(_text(record, "vendor")) or call.vendor
    return replace(call, vendor=vendor, service="gateway", **{name: value for name, value in said.items() if value})


def _document(value: Any) -> Document:
    if isinstance(value, str):
        try:
            value = typed.decode(value)
        except (msgspec.DecodeError, ValueError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _text(document: Document, *names: str) -> str:
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")


def _ms(value: Any) -> int | None:
    """A time in ms: seconds or milliseconds since the epoch, or ISO 8601 (UTC where it does not say)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value if value > _FROM_MS else value * 1000) if 0 < value < 1e15 else None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
