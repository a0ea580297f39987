"""Calls added up by whose they are: what the ledger of tokens is made of, however many calls there are. Pure.

Sums of hours are added to the sums of a range, so no question holds the calls of its range. What own pods serve is
known by the range alone: a sum has both what its calls cost by the book and their work for a model on own pods.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.economics.tokens.model import BY
from trimtab.economics.unit.prices import CACHED_WEIGHT, OUTPUT_WEIGHT
from trimtab.genai.call import Call
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import UNKNOWN_PRICE, UNKNOWN_USAGE, cost_of
from trimtab.genai.tokens import KINDS

ZERO = Decimal(0)
_DAY_MS = 86_400_000


class Place(Struct, frozen=True):
    """What decides what calls cost and who may see them; `currency` is that of the book."""

    account: str
    region: str
    vendor: str
    model: str
    asked_model: str
    currency: str


class Group(Struct, frozen=True):
    """What calls of a sum have in common; `name` is their value of the field that they are added up by."""

    place: Place
    name: str


class Tally(Struct):
    """The sum of some calls. `amount` is what they cost by the book, in their group's currency.

    `micros` (µs) and `tenths` (of a token of input) are their work for a model on own pods; `timed`: all say the time.
    """

    calls: int = 0
    failed: int = 0
    unknown_usage: int = 0
    unknown_price: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    amount: Decimal = ZERO
    micros: int = 0
    timed: bool = True
    tenths: int = 0

    def take(self, call: Call, amount: Decimal | None, basis: str) -> None:
        """Add a call that costs `amount` by the book."""
        self.calls += 1
        self.failed += call.failed
        self.unknown_usage += basis == UNKNOWN_USAGE
        self.unknown_price += basis == UNKNOWN_PRICE
        for kind in KINDS:
            value = getattr(call.tokens, kind)
            if value is not None:
                self.tokens[kind] = self.tokens.get(kind, 0) + value
        self.amount += amount or ZERO
        micros = micros_of(call)
        self.micros += micros or 0
        self.timed = self.timed and micros is not None
        self.tenths += tenths_of(call)

    def add(self, other: "Tally") -> None:
        """Add another sum."""
        self.calls += other.calls
        self.failed += other.failed
        self.unknown_usage += other.unknown_usage
        self.unknown_price += other.unknown_price
        for kind, value in other.tokens.items():
            self.tokens[kind] = self.tokens.get(kind, 0) + value
        self.amount += other.amount
        self.micros += other.micros
        self.timed = self.timed and other.timed
        self.tenths += other.tenths


Tallies = Mapping[Group, Tally]


class HourTally(Struct, frozen=True):
    """The calls of an hour, added up by each field of BY. `cut`: some of them were not read."""

    hour_ms: int
    by: Mapping[str, Tallies]
    cut: bool = False

    @property
    def size(self) -> int:
        """How many sums it has."""
        return sum(map(len, self.by.values()))


class Sums(Struct):
    """The calls of a range, added up by one field; and what they cost by the book, by day (its start, ms)."""

    tallies: dict[Group, Tally] = field(default_factory=dict)
    models: dict[Group, Tally] = field(default_factory=dict)
    """The same calls by model."""
    bought: dict[tuple[Place, int], Decimal] = field(default_factory=dict)
    cut: bool = False

    def add(self, hour: HourTally, by: str, scope: Scope) -> None:
        """Add an hour's calls, as far as a scope's accounts and regions cover them."""
        self.cut = self.cut or hour.cut
        for group, tally in hour.by[by].items():
            if _covers(scope, group.place):
                _into(self.tallies, group, tally)
        day_ms = hour.hour_ms // _DAY_MS * _DAY_MS
        for group, tally in hour.by["model"].items():
            if _covers(scope, group.place):
                _into(self.models, group, tally)
                self.bought[group.place, day_ms] = self.bought.get((group.place, day_ms), ZERO) + tally.amount


def tally_of(hour_ms: int, calls: Iterable[Call], books: Sequence[Book], *, cut: bool = False) -> HourTally:
    """Calls that began in an hour, added up by each field."""
    whole: dict[tuple[Place, tuple[str, ...]], Tally] = {}
    for call in calls:
        cost = cost_of(call, books)
        place = Place(call.account, call.region, call.vendor, call.model, call.asked_model, cost.currency)
        key = place, tuple([getattr(call, name) for name in BY])
        tally = whole.get(key)
        if tally is None:
            tally = whole[key] = Tally()
        tally.take(call, cost.amount, cost.basis)
    by: dict[str, dict[Group, Tally]] = {name: {} for name in BY}
    for (place, values), tally in whole.items():
        for name, value in zip(BY, values, strict=True):
            _into(by[name], Group(place, value), tally)
    return HourTally(hour_ms, by, cut)


def micros_of(call: Call) -> int | None:
    """How long a call took in its model, in µs; None where it does not say it."""
    if call.prefill_ms is None or call.decode_ms is None:
        return None
    return round((call.prefill_ms + call.decode_ms) * 1000)


def tenths_of(call: Call) -> int:
    """A call's tokens as tenths of one of input: a token of output is four, a cached one a tenth."""
    tokens = call.tokens
    cached = tokens.cache_read or 0
    fresh = max((tokens.input or 0) - cached, 0)
    return round(10 * fresh + 10 * CACHED_WEIGHT * cached + 10 * OUTPUT_WEIGHT * (tokens.output or 0))


def _into(sums: dict[Group, Tally], group: Group, tally: Tally) -> None:
    known = sums.get(group)
    if known is None:
        sums[group] = replace(tally, tokens=tally.tokens.copy())
    else:
        known.add(tally)


def _covers(scope: Scope, place: Place) -> bool:
    accounts, regions = scope.accounts, scope.regions
    return (accounts is None or place.account in accounts) and (regions is None or place.region in regions)
