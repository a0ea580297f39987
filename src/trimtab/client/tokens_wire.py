"""What travels over `/rest/v1/tokens`. Amounts are decimal text; tokens are null where nobody said how many."""

from msgspec import Struct

from trimtab.client.wire import Millis


class TokenCounts(Struct, frozen=True, kw_only=True):
    """Tokens by kind. `input` is the whole prompt and `output` the whole answer; the others are parts of them."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    tool_input: int | None = None
    searches: int | None = None


class TokenLine(Struct, frozen=True, kw_only=True):
    """Calls of one name ("" for those that do not say it). Amounts are by currency; `own` is of one's own pods.

    `unknown_usage` and `unknown_price` are calls without a known cost: their tokens, or the price of their model, are
    not known.
    """

    name: str
    calls: int
    failed: int
    unknown_usage: int
    unknown_price: int
    tokens: TokenCounts
    amounts: dict[str, str]
    own: dict[str, str]


class TokenRest(Struct, frozen=True):
    """An amount that no call has, and what it is."""

    name: str
    currency: str
    amount: str


class TokenLedger(Struct, frozen=True, kw_only=True):
    """Lines and rests, which add up to `totals`. `billed` is what bills say, by vendor and currency.

    `more` are lines that are left out, the cheapest; `cut` says that a part of the calls was not read.
    """

    start_ms: Millis
    end_ms: Millis
    by: str
    lines: list[TokenLine]
    more: int
    rests: list[TokenRest]
    totals: dict[str, str]
    billed: dict[str, dict[str, str]]
    cut: bool


class TokenPart(Struct, frozen=True):
    """What tokens of a kind cost in a call."""

    kind: str
    tokens: int
    amount: str


class TokenCall(Struct, frozen=True, kw_only=True):
    """A call. `amount` is null where its cost is unknown; `basis` says what it rests on, or why it is unknown."""

    at_ms: Millis
    vendor: str
    model: str
    operation: str
    tier: str
    failed: bool
    duration_ms: float | None
    first_token_ms: float | None
    tokens: TokenCounts
    amount: str | None
    currency: str
    basis: str
    source: str
    parts: list[TokenPart]
    tenant: str
    user: str
    agent: str
    session: str
    feature: str
    prompt_version: str
    run: str
    service: str
    trace_id: str
    span_id: str


class TokenCalls(Struct, frozen=True, kw_only=True):
    """Calls by their start; `more` are left out. `totals` are of all, by currency."""

    start_ms: Millis
    end_ms: Millis
    calls: list[TokenCall]
    more: int
    totals: dict[str, str]
    cut: bool


class TokenRate(Struct, frozen=True):
    """A rate a unit; `above` are rates of prompts with more tokens than so many."""

    unit: str
    rate: str
    above: dict[str, str]


class TokenPrice(Struct, frozen=True):
    """The rates of a model at a time, and the book that says them."""

    vendor: str
    model: str
    currency: str
    source: str
    as_of: str
    rates: list[TokenRate]


class CallsTaken(Struct, frozen=True):
    """Records that were kept as calls, and those that tell of no call (or of an answer out of a gateway's cache)."""

    accepted: int
    other: int


class TokenChoice(Struct, frozen=True, kw_only=True):
    """What the same calls would have cost. `amount` is null where it is not known, and `basis` says why.

    `kind`: recorded, model (another one), cache (that prompts allow), batch (where nobody waits), own (GPUs for the
    busiest hour) or own scaled (by the hour). `difference` is against the recorded cost. `calls` are those priced anew;
    the `other` ones are in it at their recorded cost.
    """

    name: str
    kind: str
    amount: str | None
    difference: str | None
    currency: str
    calls: int
    other: str
    replicas: int
    basis: str


class TokenBreakEven(Struct, frozen=True, kw_only=True):
    """Where an own replica and an API cost the same. A unit is a token of input; one of output is four, a cached one a
    tenth. `share` is that load as a share of what the replica serves at most: above 1 the API is always cheaper.
    """

    own: str
    api: str
    currency: str
    per_1m_units: str
    hourly: str
    units_a_day: float | None
    share: float | None
    units_now: float
    cheaper: str


class TokenComparison(Struct, frozen=True, kw_only=True):
    """Recorded calls priced otherwise. `left_out` have no known usage or cost, or another currency."""

    start_ms: Millis
    end_ms: Millis
    calls: int
    left_out: int
    choices: list[TokenChoice]
    break_even: list[TokenBreakEven]
