"""Spans as real instrumentations emit them (OpenLLMetry 0.62 and OpenInference 3.1 for OpenAI 3.57 and Anthropic 2.14).

Anthropic's client emits spans of its own: beside OpenLLMetry's, in a trace of their own; inside OpenInference's. All
with the same usage. Attributes are as recorded; content of prompts is left out.
"""

from trimtab.genai.spans import CallSpan

OPENAI_CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.cache_read.input_tokens": "1024",
    "gen_ai.usage.input_tokens": "1200",
    "gen_ai.usage.output_tokens": "30",
    "gen_ai.usage.reasoning_tokens": "10",
    "gen_ai.usage.total_tokens": "1230",
    "gen_ai.user": "u1",
    "gen_ai.is_streaming": "false",
    "openai.response.service_tier": "default",
}
ANTHROPIC_CLIENT = {
    "anthropic.response.service_tier": "standard",
    "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": "0",
    "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": "300",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.request.stream": "true",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.time_to_first_chunk": "0.021",
    "gen_ai.usage.cache_read.input_tokens": "2000",
    "gen_ai.usage.cache_write.input_tokens": "300",
    "gen_ai.usage.input_tokens": "2320",
    "gen_ai.usage.output_tokens": "40",
    "http.response.status_code": "200",
    "server.address": "api.anthropic.com",
}
ANTHROPIC_OPENLLMETRY = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.usage.cache_creation.input_tokens": "300",
    "gen_ai.usage.cache_read.input_tokens": "2000",
    "gen_ai.usage.input_tokens": "2320",
    "gen_ai.usage.output_tokens": "41",  # it adds the token that a stream begins with
    "gen_ai.usage.total_tokens": "2361",
}
ANTHROPIC_OPENINFERENCE = {
    "llm.model_name": "claude-sonnet-4-5-20250929",
    "llm.provider": "anthropic",
    "llm.request.model_name": "claude-sonnet-4-5",
    "llm.system": "anthropic",
    "llm.token_count.completion": "40",
    "llm.token_count.prompt": "2320",
    "llm.token_count.prompt_details.cache_read": "2000",
    "llm.token_count.prompt_details.cache_write": "300",
    "llm.token_count.total": "2360",
    "openinference.span.kind": "LLM",
}


def span(number: int, parent: int = 0, trace: int = 1, attributes: dict[str, str] | None = None) -> CallSpan:
    """A span of a trace, an even 10 ms after the one before."""
    return CallSpan(
        account="1",
        region="r",
        service="shop",
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        parent_id=f"{parent:016x}" if parent else "",
        start_ns=1_700_000_000_000_000_000 + number * 10_000_000,
        duration_ns=5_000_000,
        attributes=attributes or {},
    )


def twelve() -> list[CallSpan]:
    """12 spans of two tenants: four calls (two of OpenAI, two of Anthropic), of which spans tell up to three times."""
    openai = OPENAI_CHAT
    return [
        span(1, trace=1, attributes={"tenant.id": "acme", "http.route": "/ask"}),
        span(2, 1, 1, openai | {"gen_ai.response.id": "chatcmpl-1"}),
        span(3, 1, 1, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}),
        span(4, 3, 1, ANTHROPIC_OPENINFERENCE),
        span(5, 4, 1, ANTHROPIC_CLIENT | {"gen_ai.response.id": "msg_1"}),
        span(6, trace=2, attributes={"tenant.id": "globex"}),
        span(7, 6, 2, openai | {"gen_ai.response.id": "chatcmpl-2"}),
        span(8, 6, 2, ANTHROPIC_OPENLLMETRY | {"gen_ai.response.id": "msg_2"}),
        span(9, trace=3, attributes=ANTHROPIC_CLIENT | {"gen_ai.response.id": "msg_2"}),
        span(10, 6, 2, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}),
        span(11, 10, 2, {"http.request.method": "GET"}),
        span(12, 6, 2, {"db.system.name": "postgresql"}),
    ]
