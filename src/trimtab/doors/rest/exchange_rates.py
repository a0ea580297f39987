"""`/rest/v1/costs/rates`: exchange rates in, listed, and out again (role admin to change)."""

import asyncio
from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.client import exchange_rates_wire as wire
from trimtab.costs.currencies.model import Rate, RateSource
from trimtab.costs.currencies.read_csv import read_rates
from trimtab.costs.currencies.room import Currencies
from trimtab.doors.rest.spec import Call, Operation

_PATH, _TAG = "/rest/v1/costs/rates", "costs"


class RatesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rates to list."""

    day: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="Of one day, 2026-11-27.")] = ""
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$", description="From or to one currency.")] = ""
    limit: Annotated[int, Meta(ge=0, le=10_000, description="How many at most, the newest first.")] = 100


class SourceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose rates to take out."""

    source: Annotated[str, Meta(min_length=1, max_length=200, description="The source.")]


def operations(room: Currencies) -> list[Operation]:
    """The operations on exchange rates."""

    async def listed(call: Call[RatesQuery, None]) -> wire.RateList:
        asked = call.query
        try:
            day = date.fromisoformat(asked.day) if asked.day else None
        except ValueError:
            raise InvalidInput(f"cannot list rates of {asked.day!r}: expected a day, 2026-11-27", field="day") from None
        rates = await room.rates.listed(day, asked.currency, asked.limit)
        sources = await room.rates.sources()
        return wire.RateList(room.presentation, [_source(one) for one in sources], [_rate(one) for one in rates])

    async def put(call: Call[Any, wire.ImportRates]) -> wire.RateSource:
        source = call.body.source.strip()
        if not source:
            raise InvalidInput("cannot import rates: expected the name of their source", field="source")
        found = await asyncio.to_thread(read_rates, call.body.csv, source)
        return _source(await room.rates.put(source, found))

    async def remove(call: Call[SourceQuery, None]) -> wire.RemovedRates:
        return wire.RemovedRates(await room.rates.remove(call.query.source))

    return [
        Operation(
            "GET",
            _PATH,
            "list exchange rates",
            "Exchange rates by day, and whose they are.",
            listed,
            wire.RateList,
            query=RatesQuery,
            role=Role.FINANCE,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "POST",
            _PATH,
            "import exchange rates",
            "Take in exchange rates as CSV.",
            put,
            wire.RateSource,
            body=wire.ImportRates,
            role=Role.ADMIN,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            _PATH,
            "remove exchange rates",
            "Take a source of exchange rates out.",
            remove,
            wire.RemovedRates,
            query=SourceQuery,
            errors=(404,),
            role=Role.ADMIN,
            tag=_TAG,
        ),
    ]


def _source(one: RateSource) -> wire.RateSource:
    return wire.RateSource(one.name, one.rates, one.pairs, one.first.isoformat(), one.last.isoformat(), one.imported_ms)


def _rate(one: Rate) -> wire.ExchangeRate:
    return wire.ExchangeRate(one.day.isoformat(), one.base, one.quote, f"{one.rate:f}", one.source)
