"""What answers say of usage: the shapes in which vendors count tokens, each brought to `Tokens`.

A shape is known by its fields, not by the vendor's name: gateways and model servers answer in the shapes of others.
OpenAI, Gemini and Cohere count cached tokens inside the prompt, Anthropic and Bedrock beside it; Gemini counts
thoughts beside the answer. Sources: the vendors' API references of `usage` (OpenAI chat completions, responses,
embeddings, images, audio; Anthropic messages; Google `usageMetadata` and interactions; Bedrock `TokenUsage`,
InvokeModel's models and invocation metrics; Cohere `ApiMeta`; Ollama; DeepSeek; Mistral; watsonx; TGI; Replicate).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.genai.tokens import UNKNOWN, Tokens

Document = Mapping[str, Any]
_MODALITIES = {"1": "TEXT", "2": "IMAGE", "3": "VIDEO", "4": "AUDIO", "5": "DOCUMENT"}
"""Google's modalities as numbers, as some clients write them (`google.genai` MediaModality)."""


def tokens_of(usage: Document) -> Tokens:
    """The tokens of one usage document; all unknown where it has none of the known shapes."""
    for marks, read in _SHAPES:
        if any(usage.get(name) is not None for name in marks):
            return read(usage)
    return UNKNOWN


def _openai_chat(usage: Document) -> Tokens:
    """`prompt_tokens`: cached ones are inside, unless the vendor's own sum says otherwise."""
    prompt, completion, whole = (count(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    before = first_map(usage, "prompt_tokens_details", "prompt_token_details", "input_tokens_details")
    after = first_map(usage, "completion_tokens_details", "completion_token_details", "output_tokens_details")
    read = first(
        count(before, "cached_tokens"), count(usage, "cached_tokens"), count(usage, "num_cached_tokens"),
        count(usage, "prompt_cache_hit_tokens"), count(usage, "cache_read_input_tokens"),
    )  # fmt: skip
    write = first(
        count(before, "cache_write_tokens"), count(before, "cache_creation_tokens"),
        count(usage, "cache_creation_input_tokens"), count(usage, "cache_write_input_tokens"),
    )  # fmt: skip
    cached = (read or 0) + (write or 0)
    if prompt is not None and whole is not None:
        if completion is None:
            completion = max(whole - prompt, 0)
        elif cached and whole == prompt + completion + cached:
            prompt += cached
        elif whole > prompt + completion:  # reasoning is left out of the answer, but not of the sum (xAI, Gemini)
            completion = whole - prompt
    elif prompt is None and completion is None:
        prompt, completion = whole, None if whole is None else 0  # embeddings and reranking say one sum (Voyage, Jina)
    return Tokens(
        input=prompt,
        output=completion,
        cache_read=read,
        cache_write=write,
        reasoning=first(count(after, "reasoning_tokens"), count(usage, "reasoning_tokens")),
        audio_input=count(before, "audio_tokens"),
        audio_output=count(after, "audio_tokens"),
        image_input=count(before, "image_tokens"),
        image_output=count(after, "image_tokens"),
        searches=count(usage, "num_search_queries"),
    )


def _input_output(usage: Document) -> Tokens:
    """`input_tokens`: OpenAI's (cached ones inside, in details) and Anthropic's (cached ones beside)."""
    before = first_map(usage, "input_tokens_details", "input_token_details")
    after = first_map(usage, "output_tokens_details", "output_token_details")
    output = count(usage, "output_tokens")
    prompt = count(usage, "input_tokens")
    kept = first_map(usage, "cache_creation")
    short, long = count(kept, "ephemeral_5m_input_tokens"), count(kept, "ephemeral_1h_input_tokens")
    read, write = count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens")
    if write is None and (short is not None or long is not None):
        write = (short or 0) + (long or 0)
    if prompt is not None and not before:
        prompt += (read or 0) + (write or 0)
    whole = count(usage, "total_tokens")
    if output is None and prompt is not None and whole is not None:
        output = max(whole - prompt, 0)
    return Tokens(
        input=prompt,
        output=output,
        cache_read=first(read, count(before, "cached_tokens")),
        cache_write=first(write, count(before, "cache_write_tokens"), count(before, "cache_creation_tokens")),
        cache_write_5m=short,
        cache_write_1h=long,
        reasoning=first(count(after, "reasoning_tokens"), count(after, "thinking_tokens")),
        audio_input=count(before, "audio_tokens"),
        audio_output=count(after, "audio_tokens"),
        image_input=count(before, "image_tokens"),
        image_output=count(after, "image_tokens"),
        searches=count(first_map(usage, "server_tool_use"), "web_search_requests"),
    )


def _google(usage: Document) -> Tokens:
    """`usageMetadata`. Fields that are 0 are left out of Google's JSON; a prompt is never 0, so without it: unknown."""
    prompt = first(count(usage, "promptTokenCount"), count(usage, "prompt_token_count"))
    tools = first(count(usage, "toolUsePromptTokenCount"), count(usage, "tool_use_prompt_token_count"))
    answer = first(count(usage, "candidatesTokenCount"), count(usage, "candidates_token_count"))
    answer = first(answer, count(usage, "responseTokenCount"))
    thoughts = first(count(usage, "thoughtsTokenCount"), count(usage, "thoughts_token_count"))
    if prompt is None:
        output = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
        return Tokens(output=output, reasoning=thoughts)
    said = first_list(usage, "promptTokensDetails", "prompt_tokens_details")
    made = first_list(usage, "candidatesTokensDetails", "candidates_tokens_details", "responseTokensDetails")
    return Tokens(
        input=prompt + (tools or 0),
        output=(answer or 0) + (thoughts or 0),
        cache_read=first(count(usage, "cachedContentTokenCount"), count(usage, "cached_content_token_count")),
        reasoning=thoughts,
        audio_input=_of(said, "AUDIO"),
        audio_output=_of(made, "AUDIO"),
        image_input=_of(said, "IMAGE"),
        image_output=_of(made, "IMAGE"),
        tool_input=tools,
    )


def _google_interaction(usage: Document) -> Tokens:
    prompt, tools = count(usage, "total_input_tokens"), count(usage, "total_tool_use_tokens")
    answer, thoughts = count(usage, "total_output_tokens"), count(usage, "total_thought_tokens")
    return Tokens(
        input=None if prompt is None else prompt + (tools or 0),
        output=None if answer is None else answer + (thoughts or 0),
        cache_read=count(usage, "total_cached_tokens"),
        reasoning=thoughts,
        tool_input=tools,
    )


def _bedrock(usage: Document) -> Tokens:
    """Converse, Nova and the metrics of an invocation: cached tokens are beside the input."""
    prompt = first(count(usage, "inputTokens"), count(usage, "inputTokenCount"))
    read = first(count(usage, "cacheReadInputTokens"), count(usage, "cacheReadInputTokenCount"))
    write = first(count(usage, "cacheWriteInputTokens"), count(usage, "cacheWriteInputTokenCount"))
    by_ttl = {str(row.get("ttl")): count(row, "inputTokens") for row in first_list(usage, "cacheDetails")}
    return Tokens(
        input=None if prompt is None else prompt + (read or 0) + (write or 0),
        output=first(count(usage, "outputTokens"), count(usage, "outputTokenCount")),
        cache_read=read,
        cache_write=write,
        cache_write_5m=by_ttl.get("5m"),
        cache_write_1h=by_ttl.get("1h"),
    )


def _cohere(usage: Document) -> Tokens:
    """`tokens` is what the model read and wrote; `billed_units` lists all that is billed, so what it lacks is 0."""
    counted, billed = first_map(usage, "tokens"), first_map(usage, "billed_units")
    lists = bool(billed)
    return Tokens(
        input=first(count(counted, "input_tokens"), count(billed, "input_tokens"), 0 if lists else None),
        output=first(count(counted, "output_tokens"), count(billed, "output_tokens"), 0 if lists else None),
        cache_read=first(count(usage, "cached_tokens"), count(counted, "cached_tokens")),
        searches=count(billed, "search_units"),
        image_input=count(billed, "image_tokens"),
    )


def _ollama(usage: Document) -> Tokens:
    """An answer that is done: its counts that are 0 are left out of the JSON (`omitempty` in Ollama's `Metrics`)."""
    if usage.get("done") is False:
        return UNKNOWN
    return Tokens(input=count(usage, "prompt_eval_count") or 0, output=count(usage, "eval_count") or 0)


def _titan(usage: Document) -> Tokens:
    results = first_list(usage, "results")
    made = [count(row, "tokenCount") for row in results]
    output = sum(one for one in made if one is not None) if any(one is not None for one in made) else None
    output = first(output, count(usage, "totalOutputTextTokenCount"))
    if output is None and not results and ("embedding" in usage or "embeddingsByType" in usage):
        output = 0
    return Tokens(input=count(usage, "inputTextTokenCount"), output=output)


def _llama(usage: Document) -> Tokens:
    return Tokens(input=count(usage, "prompt_token_count"), output=count(usage, "generation_token_count"))


def _aleph_alpha(usage: Document) -> Tokens:
    prompt, answer = count(usage, "num_tokens_prompt_total"), count(usage, "num_tokens_generated")
    return Tokens(input=prompt, output=answer)


def _watsonx(usage: Document) -> Tokens:
    return Tokens(input=count(usage, "input_token_count"), output=_watsonx_output(usage))


def _watsonx_output(usage: Document) -> int | None:
    return first(count(usage, "generated_token_count"), count(usage, "output_token_count"))


def _generation(usage: Document) -> Tokens:
    """TGI's `details`: the prompt is there only where its tokens were asked for."""
    prefill = usage.get("prefill")
    prompt = len(prefill) if isinstance(prefill, list) and prefill else None
    return Tokens(input=first(count(usage, "input_length"), prompt), output=count(usage, "generated_tokens"))


_SHAPES: tuple[tuple[tuple[str, ...], Callable[[Document], Tokens]], ...] = (
    (("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "candidates_token_count"), _google),
    (("total_input_tokens", "total_output_tokens"), _google_interaction),
    (("generation_token_count",), _llama),
    (("prompt_token_count",), _google),
    (("billed_units", "tokens"), _cohere),
    (("prompt_tokens", "completion_tokens"), _openai_chat),
    (("input_tokens", "output_tokens"), _input_output),
    (("inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"), _bedrock),
    (("prompt_eval_count", "eval_count"), _ollama),
    (("inputTextTokenCount",), _titan),
    (("num_tokens_generated", "num_tokens_prompt_total"), _aleph_alpha),
    (("generated_token_count", "input_token_count"), _watsonx),
    (("generated_tokens",), _generation),
    (("total_tokens",), _openai_chat),
)
"""The fields that mark a shape, and its reader; the first that fits counts."""


def count(document: Document, name: str) -> int | None:
    """A number of tokens: a whole number that is not negative, also where it is written as text or as 12.0."""
    value = document.get(name)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else None
    if isinstance(value, int | float) and 0 <= value < 1e15 and value == int(value):
        return int(value)
    return None


def first(*values: int | None) -> int | None:
    """The first that is known."""
    return next((value for value in values if value is not None), None)


def first_map(document: Document, *names: str) -> Document:
    """The first of these fields that is an object; an empty one without."""
    return next((value for name in names if isinstance(value := document.get(name), Mapping)), {})


def first_list(document: Document, *names: str) -> Sequence[Document]:
    """The objects of the first of these fields that is a list."""
    rows = next((value for name in names if isinstance(value := document.get(name), list)), [])
    return [row for row in rows if isinstance(row, Mapping)]


def _of(details: Sequence[Document], modality: str) -> int | None:
    """The tokens of a modality, where Google tells them by modality: what it then leaves out is 0."""
    if not details:
        return None
    names = [str(row.get("modality", "")) for row in details]
    return sum(
        count(row, "tokenCount") or count(row, "token_count") or 0
        for row, name in zip(details, names, strict=True)
        if _MODALITIES.get(name, name).upper().rpartition(".")[2] == modality
    )
