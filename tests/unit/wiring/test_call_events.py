"""Events of calls of models: each a span inside the one that it was logged in, the same however often it is sent."""

import asyncio
from typing import Any

import pytest

from trimtab.genai.attributes import ALL
from trimtab.genai.once import calls_of
from trimtab.genai.spans import CallSpan
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.traces.model import Span
from trimtab.wiring.call_events import keep_call_events, span_of_event

TRACE, SPAN = "a" * 32, "b" * 16
SAID = {
    "event.name": "gen_ai.client.inference.operation.details", "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.id": "r1",
    "gen_ai.usage.input_tokens": "1200", "gen_ai.usage.output_tokens": "30", "service.name": "shop",
    "gen_ai.usage.cache_read.input_tokens": "1024", "tenant.id": "acme",
    "gen_ai.input.messages": '[{"role": "user", "content": "a secret"}]',
}  # fmt: skip
EVENT = LogEvent(1_790_000_000_000, "", trace_id=TRACE, span_id=SPAN, attributes=SAID)


def made(event: LogEvent = EVENT) -> Span:
    span = span_of_event(event, "1", "local")
    assert span is not None
    return span


def read(span: Span) -> CallSpan:
    said = {name: value for name, value in span.attributes.items() if name in ALL}
    return CallSpan(
        account=span.account, service=span.service, trace_id=span.trace_id, span_id=span.span_id,
        parent_id=span.parent_id, start_ns=span.start_ns, duration_ns=span.duration_ns, attributes=said,
    )  # fmt: skip


def changed(**attributes: str) -> LogEvent:
    return LogEvent(EVENT.time_ms, "", trace_id=TRACE, span_id=SPAN, attributes={**SAID, **attributes})


def test_an_event_alone_is_a_call_with_whom_it_was_for() -> None:
    (call,) = calls_of([read(made())])
    assert ("openai", "gpt-4o", "acme", "shop", EVENT.time_ms) == (
        call.vendor, call.model, call.tenant, call.service, call.at_ms,
    )  # fmt: skip
    assert (1200, 30, 1024) == (call.tokens.input, call.tokens.output, call.tokens.cache_read)


def test_the_content_of_prompts_stays_in_the_log() -> None:
    assert "secret" not in str(made().attributes)


def test_beside_its_span_it_adds_what_only_it_says_and_no_call() -> None:
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": "1200",
            "gen_ai.usage.output_tokens": "30"}  # fmt: skip
    outer = CallSpan(
        account="1", service="shop", trace_id=TRACE, span_id=SPAN, start_ns=5, duration_ns=9_000_000, attributes=said
    )
    (call,) = calls_of([outer, read(made())])
    assert (SPAN, 9.0, 1024, "acme") == (call.span_id, call.duration_ms, call.tokens.cache_read, call.tenant)


def test_inside_an_agents_span_it_is_a_call_of_its_own() -> None:
    agent = CallSpan(
        account="1", trace_id=TRACE, span_id=SPAN,
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"},
    )  # fmt: skip
    (call,) = calls_of([agent, read(made())])
    assert ("planner", 1200) == (call.agent, call.tokens.input)


def test_it_is_the_same_span_each_time_and_another_for_another_call() -> None:
    assert made() == made()
    assert made().span_id != made(changed(**{"gen_ai.response.id": "r2"})).span_id
    lost = LogEvent(EVENT.time_ms, "", attributes=SAID)
    assert (32, 16, "", True) == (
        len(made(lost).trace_id), len(made(lost).span_id), made(lost).parent_id, made(lost).segment,
    )  # fmt: skip


def test_a_failed_call_is_one() -> None:
    assert (made().error, made(changed(**{"error.type": "timeout"})).error) == (False, True)


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        (SAID, 1),
        ({**SAID, "event.name": "gen_ai.evaluation.result"}, 0),
        ({"event.name": SAID["event.name"], "service.name": "shop"}, 0),
        ({}, 0),
    ],
)
def test_events_of_calls_are_kept_and_no_others(attributes: dict[str, str], kept: int) -> None:
    written: list[Any] = []

    class Traces:
        async def write(self, spans: list[Span], key: str | None) -> None:
            written.append((len(spans), key))

    batch = LogBatch(
        Group(1, "1", "local", "shop", 0), Stream(1, 1, "s", 0), [LogEvent(EVENT.time_ms, "", attributes=attributes)]
    )
    asyncio.run(keep_call_events(Traces())([batch], "k"))  # type: ignore[arg-type] # all of it that is used
    assert [(kept, "k calls")] * kept == written
