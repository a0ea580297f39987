"""Names under which spans tell of calls of models, each meaning with its names in order: the first counts.

[s] OpenTelemetry's semantic conventions for generative AI, new and old names; [t] OpenLLMetry; [i] OpenInference;
[v] Vercel's AI SDK; [p] Pydantic AI; [l] LiteLLM; [a] Anthropic's client, which emits spans of its own; [m] vLLM;
[n] NVIDIA Triton; [f] Langfuse. What is unmarked are names that applications give themselves.
"""

import math
from collections.abc import Iterable, Mapping

Attributes = Mapping[str, str]

MODEL = (
    "gen_ai.response.model", "llm.response.model_name", "ai.response.model", "llm.model_name", "gen_ai.request.model",
    "llm.request.model", "ai.model.id", "triton.model_name", "model.name", "model_name",
)  # fmt: skip
ASKED_MODEL = ("gen_ai.request.model", "llm.request.model_name", "llm.request.model", "ai.model.id")
VERSION = ("model.version", "gen_ai.model.version", "triton.model_version", "model_version", "service.version")
VENDOR = (
    "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor", "ai.model.provider",
)  # fmt: skip
OPERATION = ("gen_ai.operation.name", "llm.request.type", "ai.operationId")
KIND = ("openinference.span.kind", "traceloop.span.kind", "langfuse.observation.type")
"""Whether a span is a call of a model, or what holds some: an agent, a chain, a tool."""
ID = ("gen_ai.response.id", "llm.response.id", "ai.response.id", "litellm.response.id")
TIER = (
    "openai.response.service_tier", "gen_ai.openai.response.service_tier", "anthropic.response.service_tier",
    "gen_ai.response.service_tier", "openai.request.service_tier", "gen_ai.openai.request.service_tier",
)  # fmt: skip
ENDPOINT = ("server.address", "gen_ai.openai.api_base", "net.peer.name")
STATUS = ("http.response.status_code", "http.status_code")
STREAM = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")

INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
    "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
)  # fmt: skip
OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
)  # fmt: skip
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens")
PARTS: Mapping[str, tuple[str, ...]] = {
    "cache_read": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached", "gen_ai.usage.cached_tokens", "gen_ai.usage.input_cached_tokens",
        "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cached_tokens",
        "llm.token_count.prompt_details.cache_read", "llm.usage.cache_read_input_tokens", "ai.usage.cachedInputTokens",
    ),
    "cache_write": (
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.details.cache_write_tokens", "llm.token_count.prompt_details.cache_write",
        "llm.usage.cache_creation_input_tokens",
    ),
    "cache_write_5m": ("anthropic.usage.cache_creation.ephemeral_5m_input_tokens",),
    "cache_write_1h": ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.reasoning_output_tokens",
        "gen_ai.usage.output_tokens.reasoning", "gen_ai.usage.details.reasoning_tokens",
        "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
    ),
    "audio_input": ("llm.token_count.prompt_details.audio", "gen_ai.usage.details.input_audio_tokens"),
    "audio_output": ("llm.token_count.completion_details.audio", "gen_ai.usage.details.output_audio_tokens"),
    "image_input": ("llm.token_count.prompt_details.image", "gen_ai.usage.details.input_image_tokens"),
    "image_output": ("llm.token_count.completion_details.image", "gen_ai.usage.details.output_image_tokens"),
    "tool_input": ("trimtab.usage.tool_input_tokens",),
    "searches": ("trimtab.usage.searches",),
}  # fmt: skip
"""Parts of the prompt and of the answer, by the kind of `Tokens` that they are."""
COST = (
    "gen_ai.usage.cost", "gen_ai.cost.total_cost", "gen_ai.usage.total_cost", "llm.cost.total", "llm.usage.total_cost",
)  # fmt: skip
"""Dollars, as who emits the span worked them out."""

_S, _MS = 1e3, 1.0
FIRST_TOKEN = (
    ("gen_ai.latency.time_to_first_token", _S),  # [m]
    ("gen_ai.server.time_to_first_token", _S),
    ("gen_ai.response.time_to_first_chunk", _S),
    ("llm.time_to_first_token", _S),
    ("time_to_first_token_ms", _MS),
    ("ai.response.msToFirstChunk", _MS),
)
QUEUE = (("gen_ai.latency.time_in_queue", _S), ("queue_time_ms", _MS), ("model.queue_ms", _MS))
SCHEDULER = (("gen_ai.latency.time_in_scheduler", _S), ("batch_wait_ms", _MS), ("model.batch_ms", _MS))
PREFILL = (("gen_ai.latency.time_in_model_prefill", _S), ("prefill_time_ms", _MS), ("model.prefill_ms", _MS))
DECODE = (("gen_ai.latency.time_in_model_decode", _S), ("decode_time_ms", _MS), ("model.decode_ms", _MS))
"""Times, each with the milliseconds of its unit."""

TENANT = (
    "tenant.id", "tenant", "gen_ai.tenant.id", "traceloop.association.properties.tenant_id",
    "traceloop.association.properties.tenant", "langfuse.trace.metadata.tenant", "customer.id", "organization.id",
    "litellm.team.id", "metadata.user_api_key_team_id", "litellm.metadata.user_api_key_team_id",
)  # fmt: skip
USER = (
    "enduser.id", "user.id", "gen_ai.user", "gen_ai.request.user", "llm.user", "langfuse.user.id",
    "traceloop.association.properties.user_id", "metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id",
    "litellm.end_user.id",
)  # fmt: skip
AGENT = ("gen_ai.agent.name", "gen_ai.agent.id", "agent.name", "agent")
SESSION = (
    "gen_ai.conversation.id", "session.id", "langfuse.session.id", "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id", "litellm.session.id",
)  # fmt: skip
FEATURE = (
    "feature", "feature.name", "app.feature", "traceloop.association.properties.feature", "gen_ai.workflow.name",
    "traceloop.workflow.name",
)  # fmt: skip
PROMPT_VERSION = (
    "gen_ai.prompt.version", "prompt.version", "llm.prompt_template.version", "traceloop.prompt.version",
    "langfuse.observation.prompt.version",
)  # fmt: skip
RUN = ("run.id", "gen_ai.run.id", "agent.run.id", "trimtab.run")
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "tenant": TENANT, "user": USER, "agent": AGENT, "session": SESSION, "feature": FEATURE,
    "prompt_version": PROMPT_VERSION, "run": RUN,
}  # fmt: skip
"""Who a call was for: fields of `Call` that a span has from the spans above it where it does not say them itself."""
WHO = frozenset(name for names in IDENTITY.values() for name in names)

EVENT_NAME, EVENT = "event.name", "gen_ai.client.inference.operation.details"
"""The conventions' event of a call, a log record with the attributes of its span."""
TOLD_BY_EVENT = "trimtab.told_by_event"
"""On a span that was made of such an event."""

USAGE = frozenset((*INPUT, *OUTPUT, *TOTAL))
MARKS = frozenset((*USAGE, "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.system", "llm.model_name"))
"""A span with one of these may be a call of a model."""
ALL: frozenset[str] = MARKS | frozenset(
    name
    for names in (
        MODEL, ASKED_MODEL, VERSION, VENDOR, OPERATION, KIND, ID, TIER, ENDPOINT, STATUS, STREAM, COST,
        (TOLD_BY_EVENT,),
        *PARTS.values(), *IDENTITY.values(),
    )
    for name in names
) | frozenset(name for times in (FIRST_TOKEN, PREFILL, DECODE) for name, _ in times)  # fmt: skip
"""All that a call is read from. The content of prompts and answers is not among it."""


def text(attributes: Attributes, names: Iterable[str]) -> str:
    """The first of these attributes that is not empty; "" for none."""
    for name in names:
        if value := attributes.get(name):
            return value
    return ""


def who(attributes: Attributes) -> dict[str, str]:
    """What attributes say of IDENTITY, by field; fields of which they say nothing are left out."""
    if WHO.isdisjoint(attributes):  # of most spans: 70 names need not be looked for
        return {}
    return {field: said for field, names in IDENTITY.items() if (said := text(attributes, names))}


def number(attributes: Attributes, names: Iterable[str]) -> int | None:
    """The first of these attributes that is a whole number, not negative; None for none."""
    for name in names:
        if words := attributes.get(name):
            value = quantity(words)
            if value is not None and value >= 0:
                return int(value)
    return None


def time_ms(attributes: Attributes, names: Iterable[tuple[str, float]]) -> float | None:
    """The first of these times, in ms; None for none."""
    for name, unit in names:
        words = attributes.get(name)
        value = quantity(words) if words else None
        if value is not None and value >= 0:
            return value * unit
    return None


def quantity(words: str) -> float | None:
    """A finite number as attributes write it; None for what is none."""
    if not words:
        return None
    try:
        value = float(words)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
