"""Shapes of usage: each vendor's counts come out in one meaning, and what was not said stays unknown."""

from typing import Any

import pytest

from trimtab.genai.tokens import UNKNOWN, Tokens, merged, total
from trimtab.genai.usage import tokens_of

SHAPES: list[tuple[str, dict[str, Any], Tokens]] = [
    (
        "OpenAI counts cached tokens inside the prompt",
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 12, "audio_tokens": 3},
        },
        Tokens(input=100, output=20, cache_read=64, audio_input=8, reasoning=12, audio_output=3),
    ),
    (
        "OpenAI's responses count cached tokens inside the input",
        {"input_tokens": 90, "input_tokens_details": {"cached_tokens": 30}, "output_tokens": 9, "total_tokens": 99,
         "output_tokens_details": {"reasoning_tokens": 4}},
        Tokens(input=90, output=9, cache_read=30, reasoning=4),
    ),
    (
        "Anthropic counts cached tokens beside the input",
        {"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 50, "output_tokens": 7,
         "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30}},
        Tokens(input=260, output=7, cache_read=200, cache_write=50, cache_write_5m=20, cache_write_1h=30),
    ),
    (
        "a gateway that counts Anthropic's cache beside the prompt is known by its sum",
        {"prompt_tokens": 10, "completion_tokens": 7, "cache_read_input_tokens": 200, "total_tokens": 217},
        Tokens(input=210, output=7, cache_read=200),
    ),
    (
        "reasoning that the answer's count leaves out is in the sum (xAI)",
        {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 47,
         "completion_tokens_details": {"reasoning_tokens": 30}},
        Tokens(input=10, output=37, reasoning=30),
    ),
    ("an embedding has no answer", {"prompt_tokens": 8, "total_tokens": 8}, Tokens(input=8, output=0)),
    ("one sum is the prompt's", {"total_tokens": 12}, Tokens(input=12, output=0)),
    (
        "DeepSeek names its cache's hits",
        {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "prompt_cache_hit_tokens": 6},
        Tokens(input=10, output=2, cache_read=6),
    ),
    (
        "Gemini counts thoughts beside the answer and what tools read beside the prompt",
        {"promptTokenCount": 75, "candidatesTokenCount": 414, "toolUsePromptTokenCount": 573, "thoughtsTokenCount": 117,
         "cachedContentTokenCount": 5,
         "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 60}, {"modality": 2, "tokenCount": 15}]},
        Tokens(input=648, output=531, reasoning=117, tool_input=573, cache_read=5, image_input=15, audio_input=0),
    ),
    ("Gemini without a prompt", {"candidatesTokenCount": 8, "thoughtsTokenCount": 58}, Tokens(output=66, reasoning=58)),
    (
        "Bedrock counts its cache beside the input",
        {"inputTokens": 13, "outputTokens": 3, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 20,
         "cacheDetails": [{"ttl": "1h", "inputTokens": 20}]},
        Tokens(input=133, output=3, cache_read=100, cache_write=20, cache_write_1h=20),
    ),
    (
        "Cohere's billed units list all that is billed",
        {"billed_units": {"search_units": 1}},
        Tokens(input=0, output=0, searches=1),
    ),
    (
        "Cohere's tokens are what the model read",
        {"billed_units": {"input_tokens": 58, "output_tokens": 9}, "tokens": {"input_tokens": 69, "output_tokens": 19}},
        Tokens(input=69, output=19),
    ),
    ("Ollama leaves out what is 0", {"done": True, "eval_count": 38}, Tokens(input=0, output=38)),
    ("Ollama before its end", {"done": False, "eval_count": 38}, UNKNOWN),
    ("Titan", {"inputTextTokenCount": 28.0, "results": [{"tokenCount": 197.0}]}, Tokens(input=28, output=197)),
    ("Llama", {"prompt_token_count": 5, "generation_token_count": 10}, Tokens(input=5, output=10)),
    ("TGI without its prefill", {"generated_tokens": 4, "prefill": []}, Tokens(output=4)),
    ("nothing", {"seconds": 3}, UNKNOWN),
    ("what is no count", {"prompt_tokens": -1, "completion_tokens": True, "total_tokens": "many"}, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("usage", "expected"), [pytest.param(usage, tokens, id=name) for name, usage, tokens in SHAPES]
)
def test_a_shape_in_one_meaning(usage: dict[str, Any], expected: Tokens) -> None:
    assert expected == tokens_of(usage)


def test_the_fresh_input_is_the_prompt_without_its_cache() -> None:
    assert Tokens(input=260, cache_read=200, cache_write=50).fresh_input == 10
    assert Tokens(cache_read=200).fresh_input is None


def test_a_sum_keeps_unknown_what_nobody_says() -> None:
    assert total([Tokens(input=1, output=2), Tokens(input=3), UNKNOWN]) == Tokens(input=4, output=2)


def test_what_is_missing_is_taken_from_the_other() -> None:
    assert merged(Tokens(input=1), Tokens(input=9, output=2)) == Tokens(input=1, output=2)
