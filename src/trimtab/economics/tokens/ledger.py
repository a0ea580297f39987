"""The ledger of tokens, worked out: calls with their costs, lines, and the rests to bills and to own pods. Pure.

    Σ lines + Σ rests = Σ bills of vendors + Σ costs of own pods + Σ calls of vendors without a bill

An own model's cost without its idle time is divided among its calls by the time that they took in the model, where
every one of them says it; else by tokens, an output token as four of input and a cached one as a tenth (as unit costs
do). Parts add up to the last digit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.costs.apportion import apportion
from trimtab.economics.tokens.model import Line, Priced, Rest
from trimtab.economics.unit.prices import CACHED_WEIGHT, OUTPUT_WEIGHT
from trimtab.genai.call import Call
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import UNKNOWN_PRICE, UNKNOWN_USAGE, Cost, cost_of
from trimtab.genai.tokens import total

ZERO = Decimal(0)
OWN = "own pods"


class OwnModel(Struct, frozen=True):
    """What the pods of a model cost in a range, and how much of it was idle."""

    model: str
    currency: str
    cost: Decimal
    idle: Decimal


class VendorBill(Struct, frozen=True):
    """What a vendor billed for calls of models in `[start_ms, end_ms)`, the days that its bill covers."""

    vendor: str
    currency: str
    amount: Decimal
    start_ms: int
    end_ms: int


def priced(calls: Iterable[Call], books: Sequence[Book], own: Sequence[OwnModel]) -> tuple[list[Priced], list[Rest]]:
    """Calls with their costs; and what of own pods no call has."""
    mine = {one.model for one in own}
    of_own: dict[str, list[Call]] = defaultdict(list)
    found: list[Priced] = []
    for call in calls:
        served = next((name for name in (call.model, call.asked_model) if name in mine), None)
        if served is None:
            found.append(Priced(call, cost_of(call, books)))
        else:
            of_own[served].append(call)
    rests: list[Rest] = []
    for model in own:
        parts, left = _shared(model, of_own.pop(model.model, []))
        found += parts
        rests += left
    found += [Priced(call, Cost(None, "", UNKNOWN_PRICE), own=True) for calls_ in of_own.values() for call in calls_]
    return found, rests


def lines_of(calls: Iterable[Priced], by: str) -> list[Line]:
    """Lines by a field of calls, the dearest first."""
    groups: dict[str, list[Priced]] = defaultdict(list)
    for one in calls:
        groups[getattr(one.call, by)].append(one)
    lines = [_line(name, group) for name, group in groups.items()]
    return sorted(lines, key=lambda line: (-sum(line.amounts.values(), ZERO), -line.calls, line.name))


def bill_rests(calls: Iterable[Priced], bills: Sequence[VendorBill]) -> list[Rest]:
    """By bill what it has beside the calls of its days that were seen; below 0 where calls cost more than it says."""
    seen: dict[tuple[str, str], list[Priced]] = defaultdict(list)
    for one in calls:
        if not one.own and one.cost.amount is not None:
            seen[one.call.vendor, one.cost.currency].append(one)
    rests = []
    for bill in bills:
        own = seen.get((bill.vendor, bill.currency), ())
        computed = sum((one.cost.amount or ZERO for one in own if bill.start_ms <= one.call.at_ms < bill.end_ms), ZERO)
        left = bill.amount - computed
        if left:
            name = "billed beside the calls that were seen" if left > 0 else "calls by the book above what was billed"
            rests.append(Rest(f"{bill.vendor}: {name}", bill.currency, left))
    return rests


def sums(lines: Iterable[Line], rests: Iterable[Rest]) -> dict[str, Decimal]:
    """Everything, by currency."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        for currency, amount in line.amounts.items():
            found[currency] += amount
    for rest in rests:
        found[rest.currency] += rest.amount
    return dict(found)


def _shared(model: OwnModel, calls: Sequence[Call]) -> tuple[list[Priced], list[Rest]]:
    busy = model.cost - model.idle
    rests = [Rest(f"{model.model}: own pods, idle", model.currency, model.idle)] if model.idle else []
    weights = _weights(calls)
    if not any(weights):
        if busy:
            rests.append(Rest(f"{model.model}: own pods, no call was traced", model.currency, busy))
        unknown = Cost(None, "", UNKNOWN_USAGE)
        return [Priced(call, unknown, own=True) for call in calls], rests
    parts = apportion(busy, weights)
    return [
        Priced(call, Cost(amount, model.currency, OWN, model.model), own=True)
        for call, amount in zip(calls, parts, strict=True)
    ], rests


def _weights(calls: Sequence[Call]) -> list[int]:
    """Each call's part of the work of its model: µs where all say them, else tenths of a token of input."""
    if calls and all(call.prefill_ms is not None and call.decode_ms is not None for call in calls):
        return [round(((call.prefill_ms or 0) + (call.decode_ms or 0)) * 1000) for call in calls]
    return [_tokens_weight(call) for call in calls]


def _tokens_weight(call: Call) -> int:
    tokens = call.tokens
    cached = tokens.cache_read or 0
    fresh = max((tokens.input or 0) - cached, 0)
    return round(10 * fresh + 10 * CACHED_WEIGHT * cached + 10 * OUTPUT_WEIGHT * (tokens.output or 0))


def _line(name: str, group: Sequence[Priced]) -> Line:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    own: dict[str, Decimal] = defaultdict(Decimal)
    for one in group:
        if one.cost.amount is not None:
            amounts[one.cost.currency] += one.cost.amount
            if one.own:
                own[one.cost.currency] += one.cost.amount
    return Line(
        name=name,
        calls=len(group),
        failed=sum(one.call.failed for one in group),
        unknown_usage=sum(one.cost.basis == UNKNOWN_USAGE for one in group),
        unknown_price=sum(one.cost.basis == UNKNOWN_PRICE for one in group),
        tokens=total(one.call.tokens for one in group),
        amounts=dict(amounts),
        own=dict(own),
    )


def amounts_by_vendor(bills: Iterable[VendorBill]) -> Mapping[str, Mapping[str, Decimal]]:
    """Bills by vendor and currency."""
    found: dict[str, dict[str, Decimal]] = {}
    for bill in bills:
        held = found.setdefault(bill.vendor, {})
        held[bill.currency] = held.get(bill.currency, ZERO) + bill.amount
    return found
