"""Spans as real instrumentations emit them: every call once, exact, with whom it was for."""

from decimal import Decimal

from trimtab.genai.once import calls_of
from trimtab.genai.spans import call_of_span, tokens_of_span
from trimtab.genai.tokens import UNKNOWN, Tokens, total
from unit.genai.real_spans import ANTHROPIC_CLIENT, ANTHROPIC_OPENINFERENCE, OPENAI_CHAT, span, twelve


def test_twelve_spans_of_two_tenants_are_four_calls() -> None:
    calls = calls_of(twelve())
    assert [
        ("acme", "openai", "chatcmpl-1", ""),
        ("acme", "anthropic", "msg_1", "planner"),
        ("globex", "openai", "chatcmpl-2", ""),
        ("globex", "anthropic", "msg_2", ""),
    ] == [(call.tenant, call.vendor, call.id, call.agent) for call in calls]
    assert total(call.tokens for call in calls) == Tokens(
        input=2 * (1200 + 2320), output=2 * (30 + 40), cache_read=2 * (1024 + 2000), cache_write=600,
        cache_write_5m=600, cache_write_1h=0, reasoning=20,
    )  # fmt: skip


def test_a_call_has_what_its_span_says() -> None:
    call = call_of_span(span(1, attributes=ANTHROPIC_CLIENT | {"gen_ai.usage.cost": "0.0125", "enduser.id": "u9"}))
    assert call is not None
    assert ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5", "chat", "standard") == (
        call.vendor, call.model, call.asked_model, call.operation, call.tier,
    )  # fmt: skip
    assert (True, 21.0, 5.0, 200) == (call.stream, call.first_token_ms, call.duration_ms, call.status)
    assert ("u9", "shop", "api.anthropic.com", Decimal("0.0125")) == (
        call.user, call.service, call.endpoint, call.cost,
    )  # fmt: skip


def test_the_span_that_tells_most_counts_of_two_that_name_one_answer() -> None:
    (call,) = [call for call in calls_of(twelve()) if call.id == "msg_2"]
    assert (40, 200, "globex") == (call.tokens.output, call.status, call.tenant)


def test_the_order_of_spans_changes_nothing() -> None:
    assert calls_of(twelve()) == calls_of(reversed(twelve()))


def test_an_agents_own_sum_is_not_counted_beside_its_calls() -> None:
    holder = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": "3520"}
    calls = calls_of([span(1, attributes=holder), span(2, 1, 1, OPENAI_CHAT), span(3, 1, 1, ANTHROPIC_CLIENT)])
    assert [1200, 2320] == [call.tokens.input for call in calls]
    (alone,) = calls_of([span(1, attributes=holder)])
    assert alone.tokens.input == 3520


def test_an_inner_span_without_usage_has_that_of_the_span_around_it() -> None:
    inner = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5"}
    (call,) = calls_of([span(1, attributes=ANTHROPIC_OPENINFERENCE), span(2, 1, 1, inner)])
    assert (2320, f"{2:016x}") == (call.tokens.input, call.span_id)


def test_a_sum_around_several_calls_is_nobodys_usage() -> None:
    inner = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5"}
    calls = calls_of([span(1, attributes=ANTHROPIC_OPENINFERENCE), span(2, 1, 1, inner), span(3, 1, 1, inner)])
    assert [UNKNOWN, UNKNOWN] == [call.tokens for call in calls]


def test_spans_between_a_call_and_the_one_around_it_do_not_hide_it() -> None:
    spans = [span(1, attributes=ANTHROPIC_OPENINFERENCE), span(2, 1), span(3, 2, 1, ANTHROPIC_CLIENT)]
    assert len(calls_of(spans)) == 1


def test_parents_that_go_round_in_a_circle_end() -> None:
    assert len(calls_of([span(1, 2, 1, OPENAI_CHAT), span(2, 1)])) == 1


def test_calls_without_an_id_are_each_counted() -> None:
    assert len(calls_of([span(1, attributes=OPENAI_CHAT), span(2, attributes=OPENAI_CHAT)])) == 2


def test_the_same_id_in_another_account_is_another_call() -> None:
    first = span(1, attributes=OPENAI_CHAT | {"gen_ai.response.id": "a"})
    other = type(first)(account="2", trace_id="t", span_id="s", attributes=first.attributes)
    assert len(calls_of([first, other])) == 2


def test_a_stream_that_says_no_usage_is_a_call_of_unknown_tokens() -> None:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}
    (call,) = calls_of([span(1, attributes=attributes)])
    assert (UNKNOWN, "openai") == (call.tokens, call.vendor)


def test_two_tenants_in_a_trace_are_not_guessed() -> None:
    spans = [span(1), span(2, 1, 1, {"tenant": "a"}), span(3, 1, 1, {"tenant": "b"}), span(4, 1, 1, OPENAI_CHAT)]
    assert [""] == [call.tenant for call in calls_of(spans)]


def test_old_and_new_names_say_the_same() -> None:
    old = {"gen_ai.usage.prompt_tokens": "7", "gen_ai.usage.completion_tokens": "2"}
    vercel = {"ai.usage.promptTokens": "7", "ai.usage.completionTokens": "2"}
    inference = {"llm.token_count.prompt": "7", "llm.token_count.completion": "2"}
    assert [Tokens(input=7, output=2)] * 3 == [tokens_of_span(one) for one in (old, vercel, inference)]


def test_a_cache_that_is_counted_beside_the_input_is_added() -> None:
    raw = {"gen_ai.usage.input_tokens": "20", "gen_ai.usage.cache_read_input_tokens": "2000"}
    assert tokens_of_span(raw).input == 2020
    by_sum = {"gen_ai.usage.input_tokens": "20", "gen_ai.usage.cached_tokens": "5", "gen_ai.usage.total_tokens": "25"}
    assert tokens_of_span(by_sum).input == 25


def test_an_embedding_has_no_answer() -> None:
    assert tokens_of_span({"gen_ai.usage.input_tokens": "8", "llm.usage.total_tokens": "8"}).output == 0


def test_numbers_that_are_none_are_unknown() -> None:
    for words in ("", "many", "-1", "nan", "inf"):
        assert tokens_of_span({"gen_ai.usage.input_tokens": words}) == UNKNOWN


def test_other_spans_are_no_calls() -> None:
    for attributes in ({}, {"http.route": "/"}, {"gen_ai.operation.name": "execute_tool"}, {"gen_ai.system": "openai"}):
        assert call_of_span(span(1, attributes=attributes)) is None
