"""Recorded requests and answers as calls: whole answers, streams, packed bodies, errors."""

import base64
import gzip
import json
import struct
import zlib
from typing import Any

import pytest

from trimtab.genai.answer import answer_of, answer_of_text
from trimtab.genai.exchange import Exchange, call_of, model_in_path, unpacked
from trimtab.genai.tokens import UNKNOWN, Tokens
from trimtab.genai.vendor import named, vendor_of

ANTHROPIC = """event: message_start
data: {"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-6","usage":{"input_tokens":17,\
"cache_read_input_tokens":100,"output_tokens":1,"service_tier":"standard"}}}

event: content_block_delta
data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"usage: {\\"output_tokens\\": 9}"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":108}}

event: message_stop
data: {"type":"message_stop"}

"""
OPENAI = 'data: {"id":"c","model":"gpt-4o","choices":[{"delta":{"content":"a"}}],"usage":null}\n\n'
LAST = 'data: {"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}\n\n'


def chat(body: Any, **changes: Any) -> Exchange:
    request = {"model": "gpt-4o", "user": "u-7", "messages": [{"role": "user", "content": "secret"}]}
    return Exchange(
        **{"host": "api.openai.com", "path": "/v1/chat/completions", "request": request, "body": body} | changes
    )


def test_an_anthropic_stream_tells_the_prompt_first_and_the_answer_last() -> None:
    answer = answer_of_text(ANTHROPIC)
    assert Tokens(input=117, output=108, cache_read=100) == answer.tokens
    assert (answer.model, answer.tier, answer.id) == ("claude-sonnet-4-6", "standard", "msg_1")


def test_an_anthropic_stream_that_is_cut_leaves_the_answer_unknown() -> None:
    assert answer_of_text(ANTHROPIC.partition("event: message_delta")[0]).tokens.output is None


def test_an_openai_stream_says_usage_only_where_it_was_asked_to() -> None:
    assert answer_of_text(OPENAI + "data: [DONE]\n\n").tokens == UNKNOWN
    assert answer_of_text(OPENAI + LAST + "data: [DONE]\n\n").tokens == Tokens(input=5, output=7)


def test_events_without_an_empty_line_between_them_are_read() -> None:
    assert answer_of_text((OPENAI + LAST).replace("\n\n", "\n")).tokens == Tokens(input=5, output=7)


def test_groq_says_the_usage_of_a_stream_in_its_own_field() -> None:
    event = {"x_groq": {"id": "r", "usage": {"prompt_tokens": 12, "completion_tokens": 26, "total_tokens": 38}}}
    assert answer_of([event]).tokens == Tokens(input=12, output=26)


def test_lines_of_json_are_a_stream() -> None:
    text = '{"model":"m","done":false}\n{"model":"m","done":true,"prompt_eval_count":16,"eval_count":51}\n'
    assert answer_of_text(text).tokens == Tokens(input=16, output=51)


def test_what_bedrock_metered_goes_before_what_the_model_counts() -> None:
    events = [
        {"event": "chunk", "data": {"chunk": {"type": "message_delta", "usage": {"output_tokens": 133}}}},
        {"event": "chunk", "data": {"chunk": {"type": "message_stop", "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": 392, "outputTokenCount": 97}}}},
    ]  # fmt: skip
    assert answer_of(events).tokens == Tokens(input=392, output=97)


def test_a_bedrock_agent_adds_up_its_steps() -> None:
    def step(input_: int, output: int) -> dict[str, Any]:
        usage = {"inputTokens": input_, "outputTokens": output}
        output_ = {"modelInvocationOutput": {"metadata": {"usage": usage}}}
        return {"event": "trace", "data": {"trace": {"orchestrationTrace": output_}}}

    assert answer_of([step(10, 2), step(30, 4)]).tokens == Tokens(input=40, output=6)


def test_frames_of_an_event_stream_are_unpacked() -> None:
    chunk = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 10}}
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(chunk).encode()).decode()}).encode()
    frame = struct.pack(">III", 12 + 3 + len(payload) + 4, 3, 0) + b"hdr" + payload + b"sum!"
    path = "/model/us.anthropic.claude-3%3A0/invoke-with-response-stream"
    headers = {"Content-Type": "application/vnd.amazon.eventstream"}
    call = call_of(Exchange(path=path, body=frame + frame[:20], headers=headers))
    assert Tokens(input=5, output=10) == call.tokens
    assert ("bedrock", "us.anthropic.claude-3:0", True) == (call.vendor, call.model, call.stream)


def test_headers_of_bedrock_tell_what_the_answer_does_not() -> None:
    headers = {"X-Amzn-Bedrock-Input-Token-Count": "5", "X-Amzn-Bedrock-Output-Token-Count": "10"}
    exchange = Exchange(path="/model/mistral.mistral-7b/invoke", body={"outputs": [{"text": "a"}]}, headers=headers)
    assert call_of(exchange).tokens == Tokens(input=5, output=10)
    assert call_of(Exchange(path=exchange.path, body=exchange.body)).tokens == UNKNOWN


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [("gzip", gzip.compress(LAST.encode())), ("deflate", zlib.compress(LAST.encode())), ("", LAST.encode())],
)
def test_a_packed_body_is_unpacked(encoding: str, raw: bytes) -> None:
    call = call_of(chat(raw, headers={"content-encoding": encoding}))
    assert Tokens(input=5, output=7) == call.tokens


def test_a_body_that_cannot_be_unpacked_says_nothing() -> None:
    assert unpacked(b"\x00\x01", "br") == b""
    assert unpacked(b"\x1f\x8b not gzip", "gzip") == b""
    assert call_of(chat(b"\x00", headers={"content-encoding": "br"})).tokens == UNKNOWN


def test_an_error_uses_nothing_that_is_known() -> None:
    call = call_of(
        chat({"error": {"message": "no"}, "usage": {"prompt_tokens": 3, "completion_tokens": 0}}, status=429)
    )
    assert (True, UNKNOWN, "gpt-4o") == (call.failed, call.tokens, call.model)


def test_a_call_keeps_who_asked_and_nothing_of_what() -> None:
    call = call_of(chat({"model": "gpt-4o-2024-08-06", "service_tier": "flex", "usage": {"prompt_tokens": 1}}))
    assert ("openai", "gpt-4o-2024-08-06", "gpt-4o", "u-7", "flex") == (
        call.vendor, call.model, call.asked_model, call.user, call.tier,
    )  # fmt: skip
    assert "secret" not in repr(call)


def test_what_is_no_answer_says_nothing() -> None:
    for body in (None, "", "<html>", [], [1], {"usage": 3}, b"\xff", {"embeddings": [[0.1]]}):
        assert call_of(chat(body)).tokens == UNKNOWN


def test_counting_tokens_is_no_use_of_them() -> None:
    assert answer_of({"input_tokens": 14}).tokens == UNKNOWN
    assert answer_of({"totalTokens": 14}).tokens == UNKNOWN


def test_models_in_paths() -> None:
    paths = {
        "/v1beta/models/gemini-2.5-flash:generateContent": "gemini-2.5-flash",
        "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent": "gemini-2.5-pro",
        "/openai/deployments/mine/chat/completions": "mine",
        "/v1/chat/completions": "",
    }
    assert paths == {path: model_in_path(path) for path in paths}


def test_vendors_by_host_path_and_name() -> None:
    assert ("azure", "bedrock", "vertex", "anthropic") == (
        vendor_of("mine.openai.azure.com"), vendor_of("bedrock-runtime.us-east-1.amazonaws.com"),
        vendor_of("us-central1-aiplatform.googleapis.com"), vendor_of("", "", "claude-opus-4"),
    )  # fmt: skip
    assert ("bedrock", "google", "azure", "own-thing") == (
        named("AWS.Bedrock"), named("gcp.gemini"), named("az.ai.openai"), named("Own-Thing"),
    )  # fmt: skip
    assert vendor_of("models.internal:8000", "/v1/chat/completions") == ""
