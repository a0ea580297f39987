import pytest
from tests.unit.bottlenecks.made import MS, span

from trimtab.bottlenecks.model_calls import model_call, with_phases
from trimtab.bottlenecks.parts import Part, population
from trimtab.bottlenecks.spans import columns

VLLM = {
    "gen_ai.response.model": "llama-70b",
    "gen_ai.usage.prompt_tokens": "800",
    "gen_ai.usage.completion_tokens": "120",
    "gen_ai.latency.time_in_queue": "0.5",
    "gen_ai.latency.time_to_first_token": "0.7",
    "gen_ai.latency.time_in_model_prefill": "0.2",
    "gen_ai.latency.time_in_model_decode": "1.2",
}


def test_a_call_of_a_model_is_read_from_the_attributes_of_vllm_and_of_opentelemetry():
    call = model_call(VLLM, {"service.version": "7"})
    assert ("llama-70b", "7", 800, 120) == (call.model, call.version, call.input_tokens, call.output_tokens)
    assert (("queue", 0.5e9), ("prefill", 0.2e9), ("decode", 1.2e9)) == call.phases
    assert call.tokens_per_s(1.9e9) == pytest.approx(100.0)
    otel = model_call({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "x", "gen_ai.usage.input_tokens": "3"})
    assert ("chat", "x", 3, None) == (otel.operation, otel.provider, otel.input_tokens, otel.output_tokens)


def test_other_spans_call_no_model():
    assert model_call({"http.method": "GET", "batch_size": "3"}) is None
    assert model_call({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": "many"}).input_tokens is None


def test_phases_become_spans_and_parts_of_the_trace():
    rows = [span("root", "", 0, 2000), span("llm", "root", 10, 1910, service="model", attributes=VLLM)]
    found = population(with_phases(columns(rows))).parts
    by_part = dict(zip(found.parts, found.ms[0].tolist(), strict=True))
    assert (500, 200, 1200) == tuple(by_part[Part("model", phase)] for phase in ("queue", "prefill", "decode"))
    assert 2000 == pytest.approx(sum(by_part.values()))


def test_phases_longer_than_their_span_are_shortened_and_those_with_spans_left_alone():
    spans = with_phases(columns([span("llm", "", 0, 950, attributes=VLLM)]))
    assert [250, 100, 600] == [length // MS for length in spans.duration_ns.tolist()[1:]]
    whole = columns([span("llm", "", 0, 950, attributes=VLLM), span("queue", "llm", 0, 100)])
    assert with_phases(whole) is whole
