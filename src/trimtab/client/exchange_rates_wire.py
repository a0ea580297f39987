"""What travels over `/rest/v1/costs/rates`: exchange rates by day, with whose they are."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client.costs_wire import Amount
from trimtab.client.wire import Millis

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="2026-11-27.")]


class ImportRates(Struct, frozen=True, forbid_unknown_fields=True):
    """Rates as CSV: `date,from,to,rate`, or the ECB's `Date,USD,JPY,…`. They replace the source's of the same days."""

    source: Annotated[str, Meta(min_length=1, max_length=200)]
    csv: Annotated[str, Meta(min_length=1, max_length=33_554_432)]


class RateSource(Struct, frozen=True):
    """What a source holds, and when it came."""

    name: str
    rates: int
    pairs: int
    first: Day
    last: Day
    imported_ms: Millis


class ExchangeRate(Struct, frozen=True):
    """On `day` one `base` was worth `rate` of `quote`."""

    day: Day
    base: str
    quote: str
    rate: Amount
    source: str


class RateList(Struct, frozen=True):
    """The sources, the newest rates that were asked for, and the currency in which several are shown together."""

    presentation_currency: str
    sources: list[RateSource]
    rates: list[ExchangeRate]


class RemovedRates(Struct, frozen=True):
    """How many rates went with their source."""

    rates: int
