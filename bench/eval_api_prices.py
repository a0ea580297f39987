"""The book of API prices beside genai-prices and LiteLLM: does every cost come out the same?

Run as `python bench/eval_api_prices.py` with trimtab's source, `genai-prices` and `litellm` importable (the last two
are no dependencies). For each chat model that LiteLLM lists of vendors that both know, five uses are priced by all
three. Where genai-prices and LiteLLM agree to 1e-9 $ on one, ours must be theirs (`wrong`); where they differ, ours
must be genai-prices' (`differs_from_book`). Prints one JSON line.
"""

import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.prices.price import cost_of
from trimtab.genai.tokens import Tokens

VENDORS = {
    "openai": "openai", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral", "cohere_chat": "cohere",
    "groq": "groq", "deepseek": "deepseek", "xai": "x-ai", "bedrock": "aws", "bedrock_converse": "aws",
    "azure": "azure", "together_ai": "together", "fireworks_ai": "fireworks", "perplexity": "perplexity",
}  # fmt: skip
"""LiteLLM's names of vendors, and the book's."""
USES = (
    Tokens(input=1000, output=500),
    Tokens(input=12_345, output=678, cache_read=10_000),
    Tokens(input=20_000, output=100, cache_read=5_000, cache_write=10_000),
    Tokens(input=250_001, output=3_000),
    Tokens(input=7, output=0),
)
EXACT = Decimal("1e-9")


def main() -> int:
    """Compare every model."""
    import litellm

    now = datetime.now(UTC)
    compared, agreed, wrong, differs = 0, 0, 0, 0
    models: set[str] = set()
    for name, facts in litellm.model_cost.items():
        vendor = VENDORS.get(facts.get("litellm_provider", ""))
        if vendor is None or facts.get("mode") not in ("chat", "responses", "completion"):
            continue
        bare = name.rpartition("/")[2] if vendor not in ("together", "fireworks") else name.partition("/")[2]
        for tokens in USES:
            theirs, light = by_package(vendor, bare, tokens, now), by_litellm(name, facts, tokens)
            if theirs is None or light is None:
                continue
            compared += 1
            ours = by_book(vendor, bare, tokens, now)
            if ours is None or abs(ours - theirs) > EXACT:
                differs += 1
                print(f"book {vendor}/{bare} {tokens}: {ours}, genai-prices {theirs}", file=sys.stderr)
            if abs(theirs - light) <= EXACT:
                agreed += 1
                models.add(f"{vendor}/{bare}")
                if ours is None or abs(ours - light) > EXACT:
                    wrong += 1
                    print(f"litellm {name} {tokens}: {ours}, LiteLLM {light}", file=sys.stderr)
    figures = {"compared": compared, "agreed": agreed, "models": len(models), "wrong": wrong}
    print(json.dumps(figures | {"differs_from_book": differs}))
    return 0


def by_book(vendor: str, model: str, tokens: Tokens, now: datetime) -> Decimal | None:
    """Our cost."""
    call = Call(at_ms=int(now.timestamp() * 1000), vendor=vendor, model=model, tokens=tokens)
    return cost_of(call, [shipped()]).amount


def by_package(vendor: str, model: str, tokens: Tokens, now: datetime) -> Decimal | None:
    """The cost by genai-prices; None where it knows no such model."""
    import genai_prices

    usage = genai_prices.Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write,
    )
    try:
        found = genai_prices.calc_price(usage, model, provider_id=vendor, genai_request_timestamp=now)
    except (LookupError, ValueError):
        return None
    return found.total_price


def by_litellm(name: str, facts: dict[str, Any], tokens: Tokens) -> Decimal | None:
    """The cost by LiteLLM's own calculator; None where it has none."""
    import litellm
    from litellm.types.utils import PromptTokensDetailsWrapper, Usage

    details = PromptTokensDetailsWrapper(
        cached_tokens=tokens.cache_read or 0, cache_creation_tokens=tokens.cache_write or 0
    )
    usage = Usage(
        prompt_tokens=tokens.input or 0,
        completion_tokens=tokens.output or 0,
        total_tokens=(tokens.input or 0) + (tokens.output or 0),
        prompt_tokens_details=details,
        cache_read_input_tokens=tokens.cache_read or 0,
        cache_creation_input_tokens=tokens.cache_write or 0,
    )
    try:
        prompt, answer = litellm.cost_per_token(
            model=name, custom_llm_provider=facts["litellm_provider"], usage_object=usage
        )
    except Exception:  # noqa: BLE001 - any model that LiteLLM itself cannot price is not compared
        return None
    return Decimal(repr(prompt)) + Decimal(repr(answer))


if __name__ == "__main__":
    sys.exit(main())
