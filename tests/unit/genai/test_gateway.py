"""What gateways log: LiteLLM's payloads and spend logs, recorded exchanges; and calls as spans and back."""

import json
from decimal import Decimal
from typing import Any

import pytest

from trimtab.base.records import replace
from trimtab.genai.call import Call
from trimtab.genai.gateway import call_of_record
from trimtab.genai.spans import CallSpan, attributes_of, call_of_span
from trimtab.genai.tokens import UNKNOWN, Tokens

PAYLOAD: dict[str, Any] = {
    "id": "chatcmpl-9", "trace_id": "0af7651916cd43dd8448eb211c80319c", "session_id": "s-1", "call_type": "acompletion",
    "stream": True, "response_cost": 0.00123, "status": "success", "custom_llm_provider": "azure",
    "prompt_tokens": 120, "completion_tokens": 8, "total_tokens": 128, "startTime": 1_790_000_000.0,
    "endTime": 1_790_000_002.5, "completionStartTime": 1_790_000_000.25, "model": "azure/gpt-4o",
    "model_group": "our-chat", "api_base": "https://mine.openai.azure.com", "end_user": "u-3", "cache_hit": None,
    "metadata": {
        "user_api_key_team_id": "team-a", "user_api_key_user_id": "key-owner",
        "usage_object": {"prompt_tokens": 120, "completion_tokens": 8, "total_tokens": 128,
                         "prompt_tokens_details": {"cached_tokens": 100}},
    },
    "messages": [{"role": "user", "content": "secret"}], "response": {"choices": [{"message": {"content": "secret"}}]},
}  # fmt: skip
SPEND: dict[str, Any] = {
    "request_id": "chatcmpl-8", "call_type": "aembedding", "spend": 2e-06, "total_tokens": 9, "prompt_tokens": 9,
    "completion_tokens": 0, "startTime": "2026-11-20T10:00:00", "endTime": "2026-11-20T10:00:00.040",
    "model": "text-embedding-3-small", "custom_llm_provider": "openai", "team_id": "team-b", "end_user": "",
    "user": "u-4", "metadata": json.dumps({"user_api_key_alias": "k"}), "cache_hit": "False",
}  # fmt: skip


def read(record: dict[str, Any]) -> Call:
    call = call_of_record(record)
    assert call is not None
    return call


def test_a_payload_of_litellm() -> None:
    call = read(PAYLOAD)
    assert Tokens(input=120, output=8, cache_read=100) == call.tokens
    assert ("azure", "gpt-4o", "our-chat", "chat", "team-a", "u-3", "s-1", "chatcmpl-9") == (
        call.vendor, call.model, call.asked_model, call.operation, call.tenant, call.user, call.session, call.id,
    )  # fmt: skip
    assert (1_790_000_000_000, 2500.0, 250.0, True, Decimal("0.00123"), "USD") == (
        call.at_ms, call.duration_ms, call.first_token_ms, call.stream, call.cost, call.currency,
    )  # fmt: skip
    assert "secret" not in repr(call)


def test_a_row_of_its_spend_logs() -> None:
    call = read(SPEND)
    assert (Tokens(input=9, output=0), "embeddings", "team-b", "u-4", 40.0) == (
        call.tokens, call.operation, call.tenant, call.user, call.duration_ms,
    )  # fmt: skip
    assert Decimal("0.000002") == call.cost


def test_a_call_that_failed_uses_nothing_that_is_known() -> None:
    call = read(PAYLOAD | {"status": "failure", "error_information": {"error_code": "429"}})
    assert (True, 429, UNKNOWN) == (call.failed, call.status, call.tokens)


@pytest.mark.parametrize("hit", [True, "True", "true"])
def test_an_answer_of_the_gateways_own_cache_is_no_call(hit: object) -> None:
    assert call_of_record(PAYLOAD | {"cache_hit": hit}) is None


def test_a_recorded_exchange() -> None:
    answer = {"id": "msg_1", "model": "claude-opus-4", "usage": {"input_tokens": 3, "output_tokens": 4}}
    record = {
        "url": "https://api.anthropic.com/v1/messages", "status": 200, "request": {"model": "claude-opus-4"},
        "response": {"json": answer}, "time": "2026-11-20T10:00:00Z", "tenant": "acme",
    }  # fmt: skip
    call = read(record)
    assert ("anthropic", "claude-opus-4", "acme", Tokens(input=3, output=4), 1_795_168_800_000) == (
        call.vendor, call.model, call.tenant, call.tokens, call.at_ms,
    )  # fmt: skip
    assert read({"path": "/v1/messages", "body": answer}).tokens == call.tokens


def test_other_records_tell_of_no_call() -> None:
    for record in ({}, {"message": "started"}, {"call_type": "completion"}):
        assert call_of_record(record) is None


def test_a_call_as_a_span_is_the_same_call() -> None:
    tokens = Tokens(input=120, output=8, cache_read=100, searches=2, audio_input=1)
    call = replace(read(PAYLOAD), tokens=tokens, tier="batch", feature="ask", prompt_version="7", run="r", agent="a")
    back = call_of_span(
        CallSpan(
            service=call.service,
            trace_id=call.trace_id,
            start_ns=call.at_ms * 1_000_000,
            duration_ns=2_500_000_000,
            attributes=attributes_of(call),
        )
    )
    assert call == back
