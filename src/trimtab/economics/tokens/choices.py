"""What the same calls would have cost otherwise: on another model, with caches, by batch, on own GPUs. Pure.

The recorded calls are priced again, call by call, with the tokens that they had: another model's tokens of the same
text differ by some, which is said beside it. Calls of unknown usage are left out of both sides, and counted.

An own replica costs its dollars an hour whether it is used or not, and serves at most what was measured of it, in
*units*: a token of input is one, one of output four, a cached one a tenth (as unit costs weigh them). The break-even is
where an hour of a replica costs what the API asks for the same units.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.economics.tokens.cacheable import with_caches
from trimtab.economics.tokens.model import Priced
from trimtab.economics.unit.prices import CACHED_WEIGHT, OUTPUT_WEIGHT
from trimtab.genai.call import BATCH, Call
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import cost_of

HOUR_MS = 3_600_000
ZERO = Decimal(0)
_DAY_H = 24
NO_PRICE = "no book has a price of it"
NO_BATCH = "its book has no rate of a batch"


class ApiModel(Struct, frozen=True):
    """A model of a vendor's API; a vendor "" is told by the model's name."""

    model: str
    vendor: str = ""


class OwnReplica(Struct, frozen=True, kw_only=True):
    """A replica of a model on own GPUs: what an hour of it costs, and the most units that it was measured to serve."""

    name: str
    currency: str
    hourly: Decimal
    units_per_hour: float
    basis: str


class Choice(Struct, frozen=True, kw_only=True):
    """What the calls would have cost. `amount` is None where it is not known, and `basis` says why.

    `kind` is recorded, model, cache, batch, own (a fleet for the busiest hour) or own scaled (as many as each hour
    needs). `calls` are those that it prices, `other` the rest of the calls compared, at their recorded cost.
    """

    name: str
    kind: str
    amount: Decimal | None
    currency: str
    calls: int
    basis: str
    other: Decimal = ZERO
    replicas: int = 0


class BreakEven(Struct, frozen=True, kw_only=True):
    """Where an own replica and an API cost the same. `units_a_day` is that load, None where the API costs nothing.

    `share` is that load as a share of what the replica serves at most: above 1 the API is cheaper at any load.
    `units_now` is a day's mean of the calls; `cheaper` says who is at it.
    """

    own: str
    api: str
    currency: str
    per_1m_units: Decimal
    hourly: Decimal
    units_a_day: float | None
    share: float | None
    units_now: float
    cheaper: str


class Comparison(Struct, frozen=True, kw_only=True):
    """The choices, the recorded cost first. `left_out` calls have no known usage or cost."""

    start_ms: int
    end_ms: int
    calls: int
    left_out: int
    choices: Sequence[Choice]
    break_even: Sequence[BreakEven]


def compare(
    calls: Sequence[Priced],
    models: Sequence[ApiModel],
    own: Sequence[OwnReplica],
    books: Sequence[Book],
    span: tuple[int, int],
) -> Comparison:
    """The calls of a span, otherwise. Of calls in several currencies those of the one with the most are compared."""
    currencies = Counter(one.cost.currency for one in calls if one.cost.amount is not None)
    currency = currencies.most_common(1)[0][0] if currencies else "USD"
    known = [
        one for one in calls if one.call.tokens.known and one.cost.amount is not None and one.cost.currency == currency
    ]
    recorded = [one.call for one in known]
    paid = sum((one.cost.amount or ZERO for one in known), ZERO)
    choices = [Choice(name="as recorded", kind="recorded", amount=paid, currency=currency, calls=len(known),
                      basis="each call by its recorded cost")]  # fmt: skip
    asked = [None, *models]
    for model in asked:
        choices += _of_api(known, recorded, model, books, currency)
    for replica in own:
        if replica.currency == currency and replica.units_per_hour > 0:
            choices += _of_own(recorded, replica, span)
    units = sum(units_of(call) for call in recorded)
    hours = max((span[1] - span[0]) / HOUR_MS, 1.0)
    api = [one for one in choices if one.kind in ("recorded", "model") and one.amount is not None]
    even = [
        _break_even(one, replica, units, hours)
        for replica in own
        for one in api
        if units and replica.currency == one.currency == currency and replica.units_per_hour > 0
    ]
    return Comparison(start_ms=span[0], end_ms=span[1], calls=len(known), left_out=len(calls) - len(known),
                      choices=choices, break_even=even)  # fmt: skip


def units_of(call: Call) -> float:
    """A call's work for an own replica."""
    tokens = call.tokens
    cached = tokens.cache_read or 0
    fresh = max((tokens.input or 0) - cached, 0)
    return fresh + CACHED_WEIGHT * cached + OUTPUT_WEIGHT * (tokens.output or 0)


def _of_api(
    known: Sequence[Priced], recorded: Sequence[Call], model: ApiModel | None, books: Sequence[Book], currency: str
) -> list[Choice]:
    """The calls on a model (None: on those that they were on): as they are, with caches, by batch."""
    name = model.model if model else "the same models"
    plain = recorded if model is None else [_on(call, model) for call in recorded]
    found = []
    if model is not None:
        amount, why = _priced(plain, books, currency)
        basis = why or "the same numbers of tokens at its rates; another tokenizer counts the same text otherwise"
        found.append(Choice(name=name, kind="model", amount=amount, currency=currency, calls=len(plain), basis=basis))
        if amount is None:
            return found
    found.append(_cached(name, known, plain, books, currency, same=model is None))
    found.append(_batched(name, known, plain, books, currency))
    return found


def _cached(
    name: str, known: Sequence[Priced], plain: Sequence[Call], books: Sequence[Book], currency: str, *, same: bool
) -> Choice:
    """With the caches that prompts allow. On the same models, calls of own pods and of told costs stay as they are."""
    places = [at for at, one in enumerate(known) if not same or _by_book(one)]
    other = sum((known[at].cost.amount or ZERO for at in set(range(len(known))).difference(places)), ZERO)
    every = with_caches(plain)
    amount, why = _priced([every[at] for at in places], books, currency)
    basis = why or "a call reads the prompt of the one before it in its session or trace; the most that is possible"
    whole = None if amount is None else amount + other
    return Choice(name=f"{name}, with the cache that prompts allow", kind="cache", amount=whole, currency=currency,
                  calls=len(places), basis=basis, other=other)  # fmt: skip


def _batched(name: str, known: Sequence[Priced], plain: Sequence[Call], books: Sequence[Book], currency: str) -> Choice:
    """By batch, the calls for which nobody waits: not streamed, of no session, not a batch already."""
    places = [at for at, call in enumerate(plain) if call.stream is not True and not call.session and not call.batch]
    batch = [replace(plain[at], tier=BATCH) for at in places]
    left = [plain[at] for at in sorted(set(range(len(plain))).difference(places))]
    title = f"{name}, by batch where nobody waits"
    if name == "the same models":
        left_amount: Decimal | None = sum(
            (known[at].cost.amount or ZERO for at in set(range(len(known))).difference(places)), ZERO
        )
    else:
        left_amount, _ = _priced(left, books, currency)
    whole, _ = _priced([plain[at] for at in places], books, currency)
    amount, why = _priced(batch, books, currency)
    if amount is not None and amount == whole and places:
        amount, why = None, NO_BATCH
    basis = why or "calls without a stream and a session, by the rates of batches; answers come within a day"
    total = None if amount is None or left_amount is None else amount + left_amount
    return Choice(name=title, kind="batch", amount=total, currency=currency, calls=len(places), basis=basis,
                  other=left_amount or ZERO)  # fmt: skip


def _by_book(one: Priced) -> bool:
    return not one.own and bool(one.cost.parts)


def _on(call: Call, model: ApiModel) -> Call:
    """The call as it would have been on another model: by its usual tier, and with no cost that anybody told."""
    tier = BATCH if call.batch else ""
    return replace(call, vendor=model.vendor, model=model.model, asked_model="", tier=tier, cost=None, currency="")


def _priced(calls: Sequence[Call], books: Sequence[Book], currency: str) -> tuple[Decimal | None, str]:
    """What calls cost by the books; None with the reason where one of them has no price in the currency."""
    total = ZERO
    for call in calls:
        cost = cost_of(call, books)
        if cost.amount is None or (cost.amount and cost.currency != currency):
            return None, NO_PRICE if cost.amount is None else f"its price is in {cost.currency}"
        total += cost.amount
    return total, ""


def _of_own(calls: Sequence[Call], replica: OwnReplica, span: tuple[int, int]) -> list[Choice]:
    """On own GPUs: a fleet that bears the busiest hour all the time, and one that is as large as each hour needs."""
    hours = max(math.ceil((span[1] - span[0]) / HOUR_MS), 1)
    load: dict[int, float] = defaultdict(float)
    for call in calls:
        load[max(call.at_ms - span[0], 0) // HOUR_MS] += units_of(call)
    needed = {hour: max(math.ceil(units / replica.units_per_hour), 1) for hour, units in load.items()}
    most = max(needed.values(), default=1)
    scaled = sum(needed.values()) + max(hours - len(needed), 0)  # one stays up through hours without a call

    def fleet(kind: str, words: str, replica_hours: int) -> Choice:
        return Choice(name=f"{replica.name}, own GPUs {words}", kind=kind, amount=replica.hourly * replica_hours,
                      currency=replica.currency, calls=len(calls), basis=replica.basis, replicas=most)  # fmt: skip

    return [
        fleet("own", "for the busiest hour", most * hours),
        fleet("own scaled", "scaled by the hour", scaled),
    ]


def _break_even(api: Choice, replica: OwnReplica, units: float, hours: float) -> BreakEven:
    amount = api.amount or ZERO
    per_unit = amount / Decimal(repr(units))
    an_hour = float(replica.hourly / per_unit) if per_unit else None
    now = units / hours
    needed = max(math.ceil(now / replica.units_per_hour), 1)
    own_cost, api_cost = replica.hourly * needed, per_unit * Decimal(repr(now))
    return BreakEven(
        own=replica.name,
        api=api.name,
        currency=replica.currency,
        per_1m_units=per_unit * 1_000_000,
        hourly=replica.hourly,
        units_a_day=None if an_hour is None else an_hour * _DAY_H,
        share=None if an_hour is None else an_hour / replica.units_per_hour,
        units_now=now * _DAY_H,
        cheaper="own" if own_cost < api_cost else "api",
    )
