"""What a call costs: its tokens by kind at the rates of its model, tier and time. Exact, in Decimal.

    cost = Σ kinds (tokens of the kind ÷ 1,000,000 × its rate)

A kind without a rate of its own is charged as what it is a part of: cached tokens as the prompt, reasoning as the
answer. The rate of a long prompt holds for the whole call, as vendors charge. A call whose prompt or answer is unknown
has no known cost; one that the vendor refused costs nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.genai.call import Call
from trimtab.genai.prices.book import Book, Rate
from trimtab.genai.tokens import Tokens

MILLION = Decimal(1_000_000)
ZERO = Decimal(0)
TOLD, BOOK, REFUSED, UNKNOWN_USAGE, UNKNOWN_PRICE = "told", "book", "refused", "usage unknown", "price unknown"
"""What a cost rests on: what a vendor or gateway said, a book, that nothing was billed; or why it is unknown."""


class Cost(Struct, frozen=True):
    """What a call costs by kind of token, in `currency`; `amount` is None where it is unknown, `basis` says why."""

    amount: Decimal | None
    currency: str
    basis: str
    source: str = ""
    parts: tuple[tuple[str, int, Decimal], ...] = ()
    """(kind, tokens, amount) of each kind that was charged."""


def cost_of(call: Call, books: Sequence[Book]) -> Cost:
    """The cost of a call by the first book that has its model."""
    if not call.tokens.known and call.status >= 400:
        return Cost(ZERO, "USD", REFUSED)
    if not call.tokens.known:
        return _told(call) or Cost(None, "", UNKNOWN_USAGE)
    for book in books:
        found = book.find(call.vendor, call.model, call.asked_model)
        if found is not None:
            parts = tuple(charged(call.tokens, found.rates(call.at_ms, call.tier)))
            amount = sum((amount for _, _, amount in parts), ZERO)
            return Cost(amount, book.currency, BOOK, f"{book.source}: {found.vendor}/{found.model}", parts)
    return _told(call) or Cost(None, "", UNKNOWN_PRICE)


def charged(tokens: Tokens, rates: Mapping[str, Rate]) -> Iterator[tuple[str, int, Decimal]]:
    """(kind, tokens, amount) of all that is charged of known tokens."""
    prompt = tokens.input or 0
    for kind, unit, number in (*_prompt(tokens, rates), *_answer(tokens, rates)):
        rate = rates.get(unit)
        if rate is not None and number:
            yield kind, number, rate.at(prompt) * number / MILLION
    searches, per_thousand = tokens.searches, rates.get("web_searches_kcount")
    if searches and per_thousand is not None:
        yield "searches", searches, per_thousand.at(prompt) * searches / 1000
    if (per_request := rates.get("requests_kcount")) is not None:
        yield "requests", 1, per_request.at(prompt) / 1000


def _prompt(tokens: Tokens, rates: Mapping[str, Rate]) -> Iterator[tuple[str, str, int]]:
    """The prompt by what it is charged as; what has no rate of its own stays in the rest."""
    rest = tokens.input or 0
    write, long = tokens.cache_write or 0, tokens.cache_write_1h or 0
    if "cache_write_1h_mtok" in rates and long:
        write -= long
        rest -= long
        yield "cache_write_1h", "cache_write_1h_mtok", long
    for kind, unit, number in (
        ("cache_read", "cache_read_mtok", tokens.cache_read or 0),
        ("cache_write", "cache_write_mtok", max(write, 0)),
        ("audio_input", "input_audio_mtok", tokens.audio_input or 0),
        ("image_input", "input_image_mtok", tokens.image_input or 0),
    ):
        if unit in rates and number:
            rest -= number
            yield kind, unit, number
    yield "input", "input_mtok", max(rest, 0)


def _answer(tokens: Tokens, rates: Mapping[str, Rate]) -> Iterator[tuple[str, str, int]]:
    rest = tokens.output or 0
    for kind, unit, number in (
        ("reasoning", "output_reasoning_mtok", tokens.reasoning or 0),
        ("audio_output", "output_audio_mtok", tokens.audio_output or 0),
        ("image_output", "output_image_mtok", tokens.image_output or 0),
    ):
        if unit in rates and number:
            rest -= number
            yield kind, unit, number
    yield "output", "output_mtok", max(rest, 0)


def _told(call: Call) -> Cost | None:
    return None if call.cost is None else Cost(call.cost, call.currency or "USD", TOLD, call.vendor)
