"""The figures of calls of models: what they used, and what they cost to the bill."""

from trimtab.figures.model import Figure, Rollup

_SPAN = "the whole days (UTC) that the range touches"

COST = Figure(
    id="token_cost", label="Cost of tokens", area="tokens", unit="$", rollup=Rollup.SUM, span=_SPAN, rows="/tokens",
    basis="billed, where a vendor's bill is there; else list, by the book of prices; net amortised, of own pods",
    formula="Σ over calls: tokens of each kind × its rate (of own models: the pods' cost without idle time × the "
            "call's part of their work) + what bills and idle pods have beside, by name",
)  # fmt: skip
TOKENS = Figure(
    id="tokens_used", label="Tokens used", area="tokens", unit="1", rollup=Rollup.SUM, span=_SPAN, rows="/tokens",
    formula="Σ over calls, each counted once: the whole prompt, cached tokens with it, + the whole answer, reasoning "
            "with it; calls that do not say it are counted beside and never as 0",
)  # fmt: skip
OTHERWISE = Figure(
    id="token_cost_otherwise", label="Cost otherwise", area="tokens", unit="$", rollup=Rollup.SUM, span=_SPAN,
    rows="/tokens", basis="list, by the book of prices; net amortised, of own pods",
    formula="Σ over the same calls: tokens of each kind × the rate of another model, with what a cache could have had "
            "of each prompt, or by batch; of own GPUs: replicas that each hour needs × what an hour of one costs",
)  # fmt: skip
BREAK_EVEN = Figure(
    id="token_break_even", label="Break-even", area="tokens", unit="1", rollup=Rollup.RATIO, span=_SPAN,
    rows="/tokens",
    formula="what an hour of an own replica costs ÷ what the API asks for a unit of the calls, × 24; a unit is a token "
            "of input, one of output four, a cached one a tenth",
)  # fmt: skip
FIGURES = (COST, TOKENS, OTHERWISE, BREAK_EVEN)
