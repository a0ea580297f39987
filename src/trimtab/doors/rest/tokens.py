"""`/rest/v1/tokens`: what calls of models used and cost, by whom they were for, to each call and its rates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.records import asdict
from trimtab.client import tokens_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.unit_costs import UnitQuery, span_of
from trimtab.economics.tokens.choices import ApiModel, Comparison
from trimtab.economics.tokens.model import BY, Line, Priced
from trimtab.economics.tokens.replicas import Question
from trimtab.economics.tokens.room import TokensRoom
from trimtab.genai.tokens import Tokens

_PATH, _TAG = "/rest/v1/tokens", "costs"
_BY = f"One of {', '.join(BY)}."


class TokensQuery(UnitQuery, frozen=True, forbid_unknown_fields=True):
    """By what, and how many lines."""

    by: Annotated[str, Meta(max_length=32, description=_BY)] = "tenant"
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many lines at most.")] = 100


class CallsQuery(UnitQuery, frozen=True, forbid_unknown_fields=True):
    """Which calls."""

    trace: Annotated[str, Meta(max_length=64, description="Only those of this trace.")] = ""
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many at most.")] = 100


class PriceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which model."""

    model: Annotated[str, Meta(min_length=1, max_length=300, description="The model's name, as answers say it.")]
    vendor: Annotated[str, Meta(max_length=64, description="Who sells it; without, told by the model's name.")] = ""
    tier: Annotated[str, Meta(max_length=32, description="batch, flex or priority.")] = ""


_Name = Annotated[str, Meta(min_length=1, max_length=300)]
_Only = Annotated[str, Meta(min_length=3, max_length=400, pattern=r"^[a-z_]+=[\s\S]+$")]


class CompareQuery(UnitQuery, frozen=True, forbid_unknown_fields=True):
    """With what, and which calls."""

    model: Annotated[list[_Name], Meta(max_length=5, description="Another model. May be repeated.")] = field(
        default_factory=list
    )
    vendor: Annotated[str, Meta(max_length=64, description="Who sells them; without, told by their names.")] = ""
    own: Annotated[list[_Name], Meta(max_length=5, description="Own model that pods served; none: every one.")] = field(
        default_factory=list
    )
    filter: Annotated[list[_Only], Meta(max_length=5, description=f"FIELD=VALUE of calls. {_BY}")] = field(
        default_factory=list
    )
    own_hourly: Annotated[
        str, Meta(pattern=r"^([0-9]{1,9}(\.[0-9]{1,9})?)?$", description="What an hour of a replica costs, in USD.")
    ] = ""
    own_tokens_per_s: Annotated[
        Annotated[float, Meta(gt=0, le=1e9)] | None,
        Meta(description="Tokens a second of that replica, in and out, at its limit."),
    ] = None


def operations(tokens: TokensRoom, clock: Clock) -> list[Operation]:
    """The operations."""

    def span(query: UnitQuery) -> tuple[int, int]:
        return span_of(query.start, query.end, clock.now_ms())

    async def ledger(call: Call[TokensQuery, None]) -> wire.TokenLedger:
        found = await tokens.ledger(call.principal.scope, *span(call.query), call.query.by)
        shown = found.lines[: call.query.limit]
        return wire.TokenLedger(
            start_ms=found.start_ms,
            end_ms=found.end_ms,
            by=found.by,
            lines=[_line(one) for one in shown],
            more=len(found.lines) - len(shown),
            rests=[wire.TokenRest(one.name, one.currency, f"{one.amount:f}") for one in found.rests],
            totals=_money(found.totals),
            billed={vendor: _money(amounts) for vendor, amounts in found.billed.items()},
            cut=found.cut,
        )

    async def calls(call: Call[CallsQuery, None]) -> wire.TokenCalls:
        days, query = span(call.query), call.query
        found = await tokens.priced(call.principal.scope, *days)
        every = [one for one in found.calls if query.trace in ("", one.call.trace_id)]
        totals: dict[str, Decimal] = {}
        for one in every:
            if one.cost.amount is not None:
                totals[one.cost.currency] = totals.get(one.cost.currency, Decimal(0)) + one.cost.amount
        shown = [_call(one) for one in every[: query.limit]]
        more = len(every) - len(shown)
        return wire.TokenCalls(
            start_ms=days[0], end_ms=days[1], calls=shown, more=more, totals=_money(totals), cut=found.cut
        )

    async def price(call: Call[PriceQuery, None]) -> wire.TokenPrice:
        query = call.query
        for book in tokens.books():
            found = book.find(query.vendor, query.model)
            if found is not None:
                rates = [
                    wire.TokenRate(unit, f"{rate.base:f}", {str(start): f"{above:f}" for start, above in rate.above})
                    for unit, rate in sorted(found.rates(clock.now_ms(), query.tier).items())
                ]
                return wire.TokenPrice(found.vendor, found.model, book.currency, book.source, book.as_of, rates)
        raise NotFound(f"cannot find the price of {query.model!r}: no book of prices has it; try --vendor")

    async def compared(call: Call[CompareQuery, None]) -> wire.TokenComparison:
        query = call.query
        asked = Question(
            models=[ApiModel(name, query.vendor) for name in query.model],
            own=query.own,
            only=dict(one.partition("=")[::2] for one in query.filter),
            hourly=Decimal(query.own_hourly) if query.own_hourly else None,
            tokens_per_s=query.own_tokens_per_s,
        )
        return _comparison(await tokens.compare(call.principal.scope, *span(query), asked))

    def get(path: str, title: str, words: str, handler: object, query: type, answer: type, *errors: int) -> Operation:
        return Operation(
            "GET", f"{_PATH}{path}", title, words, handler, answer, query=query, role=Role.FINANCE, tag=_TAG,  # type: ignore[arg-type] # each handler takes the query that stands beside it
            bound=True, errors=errors,
        )  # fmt: skip

    return [
        get("", "tokens", "Tokens of calls of models and their cost, by tenant, user, model and more, to the bill.",
            ledger, TokensQuery, wire.TokenLedger),
        get("/calls", "calls of models", "Calls of models with their tokens and costs; of a trace, step by step.",
            calls, CallsQuery, wire.TokenCalls),
        get("/price", "price of a model", "The rates of a model of a vendor's API today, and where they are from.",
            price, PriceQuery, wire.TokenPrice, 404),
        get("/compare", "compare token costs", "What the same calls would have cost on other models, cached, by batch "
            "and on own GPUs, and the break-even.", compared, CompareQuery, wire.TokenComparison),
    ]  # fmt: skip


def _line(one: Line) -> wire.TokenLine:
    return wire.TokenLine(
        name=one.name,
        calls=one.calls,
        failed=one.failed,
        unknown_usage=one.unknown_usage,
        unknown_price=one.unknown_price,
        tokens=_tokens(one.tokens),
        amounts=_money(one.amounts),
        own=_money(one.own),
    )


def _call(one: Priced) -> wire.TokenCall:
    call, cost = one.call, one.cost
    return wire.TokenCall(
        at_ms=call.at_ms,
        vendor=call.vendor,
        model=call.model,
        operation=call.operation,
        tier=call.tier,
        failed=call.failed,
        duration_ms=call.duration_ms,
        first_token_ms=call.first_token_ms,
        tokens=_tokens(call.tokens),
        amount=None if cost.amount is None else f"{cost.amount:f}",
        currency=cost.currency,
        basis=cost.basis,
        source=cost.source,
        parts=[wire.TokenPart(kind, number, f"{amount:f}") for kind, number, amount in cost.parts],
        tenant=call.tenant,
        user=call.user,
        agent=call.agent,
        session=call.session,
        feature=call.feature,
        prompt_version=call.prompt_version,
        run=call.run,
        service=call.service,
        trace_id=call.trace_id,
        span_id=call.span_id,
    )


def _comparison(found: Comparison) -> wire.TokenComparison:
    recorded = found.choices[0].amount or Decimal(0)
    return wire.TokenComparison(
        start_ms=found.start_ms,
        end_ms=found.end_ms,
        calls=found.calls,
        left_out=found.left_out,
        choices=[
            wire.TokenChoice(
                name=one.name,
                kind=one.kind,
                amount=None if one.amount is None else f"{one.amount:f}",
                difference=None if one.amount is None else f"{one.amount - recorded:f}",
                currency=one.currency,
                calls=one.calls,
                other=f"{one.other:f}",
                replicas=one.replicas,
                basis=one.basis,
            )
            for one in found.choices
        ],
        break_even=[
            wire.TokenBreakEven(
                own=one.own,
                api=one.api,
                currency=one.currency,
                per_1m_units=f"{one.per_1m_units:f}",
                hourly=f"{one.hourly:f}",
                units_a_day=one.units_a_day,
                share=one.share,
                units_now=one.units_now,
                cheaper=one.cheaper,
            )
            for one in found.break_even
        ],
    )


def _tokens(tokens: Tokens) -> wire.TokenCounts:
    return wire.TokenCounts(**asdict(tokens))


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in sorted(amounts.items())}
