"""A call of a model, from whatever tells of it: who asked whom for what, and what it used. No content of prompts."""

from decimal import Decimal

from msgspec import Struct

from trimtab.genai.tokens import UNKNOWN, Tokens

BATCH = "batch"
"""The tier of calls that are answered within a day, at half the price."""


class Call(Struct, frozen=True, kw_only=True, gc=False):
    """One call, counted once. "" and None for what nothing says; times in ms.

    `attempts` are the requests that it took: retries that were billed are calls of their own, so this counts only those
    that failed. `cost` is what the vendor or a gateway says that it cost, in `currency`.
    """

    at_ms: int = 0
    vendor: str = ""
    model: str = ""
    asked_model: str = ""
    operation: str = ""
    endpoint: str = ""
    status: int = 0
    failed: bool = False
    stream: bool | None = None
    tier: str = ""
    tokens: Tokens = UNKNOWN
    duration_ms: float | None = None
    first_token_ms: float | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None
    tenant: str = ""
    user: str = ""
    agent: str = ""
    session: str = ""
    feature: str = ""
    prompt_version: str = ""
    run: str = ""
    service: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    id: str = ""
    attempts: int = 1
    cost: Decimal | None = None
    currency: str = ""
    account: str = ""
    region: str = ""

    @property
    def batch(self) -> bool:
        """Whether it went by the vendor's batches."""
        return self.tier == BATCH
