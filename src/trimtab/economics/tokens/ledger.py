"""The ledger of tokens, worked out: lines of sums, calls with their costs, the rests to bills and to own pods. Pure.

    Σ lines + Σ rests = Σ bills of vendors + Σ costs of own pods + Σ calls of vendors without a bill

An own model's cost without its idle time is divided among its calls by the time that they took in the model, where
every one of them says it; else by tokens, an output token as four of input and a cached one as a tenth (as unit costs
do). Parts add up to the last digit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.costs.apportion import apportion
from trimtab.economics.tokens.model import Line, Priced, Rest
from trimtab.economics.tokens.tallies import Group, Place, Sums, Tallies, Tally, micros_of, tenths_of
from trimtab.genai.call import Call
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import UNKNOWN_PRICE, UNKNOWN_USAGE, Cost, cost_of
from trimtab.genai.tokens import Tokens

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
        served = _served(call, mine)
        if not served:
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


def lines_of(tallies: Tallies, own: Sequence[OwnModel], models: Tallies | None = None) -> tuple[list[Line], list[Rest]]:
    """Lines of sums by a field, the dearest first; and what of own pods no call has.

    `models` are the sums of all calls by model, where `tallies` are of some of them: those have their share alone.
    """
    mine = {model.model for model in own}
    of_own: dict[str, list[Group]] = defaultdict(list)
    whole: dict[str, list[Tally]] = defaultdict(list)
    for group in tallies:
        if served := _served(group.place, mine):
            of_own[served].append(group)
    for group, tally in (tallies if models is None else models).items():
        if served := _served(group.place, mine):
            whole[served].append(tally)
    costs: dict[Group, tuple[str, Decimal]] = {}
    rests: list[Rest] = []
    for model in own:
        groups = of_own.pop(model.model, [])
        busy, idle = _rests(model)
        parts = _parts(model.cost - model.idle, [tallies[group] for group in groups], whole.pop(model.model, []))
        if parts:
            costs.update(zip(groups, ((model.currency, part) for part in parts), strict=True))
        rests += idle if parts else [*idle, *busy]
    named: dict[str, _Sum] = defaultdict(_Sum)
    for group, tally in tallies.items():
        named[group.name].add(group, tally, own=_served(group.place, mine), cost=costs.get(group))
    lines = [one.line(name) for name, one in named.items()]
    return sorted(lines, key=lambda line: (-sum(line.amounts.values(), ZERO), -line.calls, line.name)), rests


def bill_rests(sums_: Sums, own: Iterable[OwnModel], bills: Sequence[VendorBill]) -> list[Rest]:
    """By bill what it has beside the calls of its days that were seen; below 0 where calls cost more than it says."""
    mine = {model.model for model in own}
    rests = []
    for bill in bills:
        computed = sum(
            (
                amount
                for (place, day_ms), amount in sums_.bought.items()
                if (place.vendor, place.currency) == (bill.vendor, bill.currency)
                and bill.start_ms <= day_ms < bill.end_ms
                and not _served(place, mine)
            ),
            ZERO,
        )
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


def _served(call: Call | Place, mine: Collection[str]) -> str:
    """The model on own pods that a call went to; "" where it went to none."""
    return next((name for name in (call.model, call.asked_model) if name in mine), "")


def _shared(model: OwnModel, calls: Sequence[Call]) -> tuple[list[Priced], list[Rest]]:
    busy, idle = _rests(model)
    weights = _weights(calls)
    if not any(weights):
        unknown = Cost(None, "", UNKNOWN_USAGE)
        return [Priced(call, unknown, own=True) for call in calls], [*idle, *busy]
    parts = apportion(model.cost - model.idle, weights)
    return [
        Priced(call, Cost(amount, model.currency, OWN, model.model), own=True)
        for call, amount in zip(calls, parts, strict=True)
    ], idle


def _rests(model: OwnModel) -> tuple[list[Rest], list[Rest]]:
    """What an own model's pods cost while they worked, as it is named where no call was traced; and their idle time."""
    busy = model.cost - model.idle
    return (
        [Rest(f"{model.model}: own pods, no call was traced", model.currency, busy)] if busy else [],
        [Rest(f"{model.model}: own pods, idle", model.currency, model.idle)] if model.idle else [],
    )


def _weights(calls: Sequence[Call]) -> list[int]:
    """Each call's part of the work of its model: µs where all say them, else tenths of a token of input."""
    micros = [micros_of(call) for call in calls]
    known = [one for one in micros if one is not None]
    return known if len(known) == len(calls) else [tenths_of(call) for call in calls]


def _parts(busy: Decimal, tallies: Sequence[Tally], whole: Sequence[Tally]) -> list[Decimal]:
    """Of what a model cost while it worked each sum's part by its work, as `_weights`; none where no work is known."""
    timed = all(tally.timed for tally in whole)
    weights = [tally.micros if timed else tally.tenths for tally in tallies]
    every = sum(tally.micros if timed else tally.tenths for tally in whole)
    others = max(every - sum(weights), 0)
    return apportion(busy, [*weights, others])[:-1] if others or any(weights) else []


class _Sum:
    """What a line adds up."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.amounts: dict[str, Decimal] = defaultdict(Decimal)
        self.own: dict[str, Decimal] = defaultdict(Decimal)

    def add(self, group: Group, tally: Tally, *, own: str, cost: tuple[str, Decimal] | None) -> None:
        """Add a sum: one of own pods costs its share (None: no work of it is known), another what the book says."""
        self.tally.add(tally)
        if own:
            self.tally.unknown_usage += (tally.calls if cost is None else 0) - tally.unknown_usage
            self.tally.unknown_price -= tally.unknown_price
            if cost is not None:
                currency, amount = cost
                self.amounts[currency] += amount
                self.own[currency] += amount
        elif group.place.currency:
            self.amounts[group.place.currency] += tally.amount

    def line(self, name: str) -> Line:
        """The line."""
        tally = self.tally
        return Line(
            name=name,
            calls=tally.calls,
            failed=tally.failed,
            unknown_usage=tally.unknown_usage,
            unknown_price=tally.unknown_price,
            tokens=Tokens(**tally.tokens),
            amounts=dict(self.amounts),
            own=dict(self.own),
        )


def amounts_by_vendor(bills: Iterable[VendorBill]) -> Mapping[str, Mapping[str, Decimal]]:
    """Bills by vendor and currency."""
    found: dict[str, dict[str, Decimal]] = {}
    for bill in bills:
        held = found.setdefault(bill.vendor, {})
        held[bill.currency] = held.get(bill.currency, ZERO) + bill.amount
    return found
