"""Words of the ledger of tokens: priced calls, lines by who they were for, and named rests that make sums whole."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.genai.call import Call
from trimtab.genai.prices.price import Cost
from trimtab.genai.tokens import Tokens

BY = (
    "tenant", "user", "agent", "session", "feature", "prompt_version", "vendor", "model", "endpoint", "service",
    "run", "account",
)  # fmt: skip
"""What the ledger can be read by: fields of a call."""
NOBODY = ""
"""The name of a line of calls that do not say it."""


class Priced(Struct, frozen=True):
    """A call with what it costs. `own`: its model is served by own pods, and its cost is a share of theirs."""

    call: Call
    cost: Cost
    own: bool = False


class Line(Struct, frozen=True, kw_only=True):
    """Calls of one name. `unknown_usage` and `unknown_price` are how many have no known cost, and why.

    `amounts` are by currency, `own` the part of them that own pods cost.
    """

    name: str
    calls: int
    failed: int
    unknown_usage: int
    unknown_price: int
    tokens: Tokens
    amounts: Mapping[str, Decimal]
    own: Mapping[str, Decimal] = field(default_factory=dict)


class Rest(Struct, frozen=True):
    """An amount that no call has: what is billed beside the calls that were seen, and own pods' idle time."""

    name: str
    currency: str
    amount: Decimal


class TokenLedger(Struct, frozen=True, kw_only=True):
    """Lines, the dearest first, and rests. Lines and rests add up to `totals`: bills, where there are any, own pods'
    costs, and for vendors without a bill what the calls cost by the book.
    """

    start_ms: int
    end_ms: int
    by: str
    lines: Sequence[Line]
    rests: Sequence[Rest]
    totals: Mapping[str, Decimal]
    billed: Mapping[str, Mapping[str, Decimal]]
    """By vendor what its bill says, by currency; vendors without a bill are not in it."""
    cut: bool = False
