"""`SpotPriceStore`: what spot capacity cost by zone, at each change of its price."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, tuple_

from trimtab.store.state.database import State
from trimtab.store.state.tables import spot_prices

LINUX = "Linux/UNIX"
_AT_ONCE = 400
_HOUR_MS = 3_600_000


class SpotPrice(Struct, frozen=True):
    """From `at_ms` on an hour of a spot instance cost this, until the next price of the same place."""

    type: str
    region: str
    zone: str
    at_ms: int
    per_hour: Decimal
    system: str = LINUX
    currency: str = "USD"

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What makes it the same price, told again."""
        return self.type, self.region, self.zone, self.system, self.at_ms


class SpotPriceStore:
    """Prices over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put_sync(self, prices: Iterable[SpotPrice]) -> int:
        """Add prices, each once; how many were told. Blocks; for threads that read long histories."""
        told, rest = 0, iter(prices)
        while part := list(islice(rest, _AT_ONCE)):
            told += len(part)
            self._state.change_sync(partial(_put, prices=part))
        return told

    async def put(self, prices: Iterable[SpotPrice]) -> int:
        """The same in a thread."""
        return await asyncio.to_thread(self.put_sync, prices)

    async def of(self, type_: str, region: str, since_ms: int, until_ms: int) -> list[SpotPrice]:
        """The prices of a type in a region that held in `[since_ms, until_ms)`, by zone and time.

        Of each zone the last one before `since_ms` is the first: it held until the next.
        """
        at = spot_prices.c
        query = select(spot_prices).where(at.type == type_, at.region == region, at.at_ms < until_ms)

        def work(connection: Connection) -> list[SpotPrice]:
            rows = connection.execute(query.order_by(at.zone, at.system, at.at_ms))
            found = [
                SpotPrice(row.type, row.region, row.zone, row.at_ms, Decimal(row.per_hour), row.system, row.currency)
                for row in rows
            ]
            return list(_holding(found, since_ms))

        return await self._state.read(work)

    async def places(self) -> list[tuple[str, str]]:
        """(type, region) of every price that there is."""
        query = select(spot_prices.c.type, spot_prices.c.region).distinct()
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return sorted((row.type, row.region) for row in rows)


def hourly(
    prices: Sequence[SpotPrice], start_ms: int, hours: int, currency: str = "USD", system: str = LINUX
) -> list[float] | None:
    """What each hour from `start_ms` on cost in the zone that cost least over all of them; None without a price.

    Before the first price of a zone that price counts.
    """
    zones: dict[str, list[SpotPrice]] = {}
    for one in prices:
        if (one.currency, one.system) == (currency, system):
            zones.setdefault(one.zone, []).append(one)
    every = [_in_hours(sorted(mine, key=lambda one: one.at_ms), start_ms, hours) for _, mine in sorted(zones.items())]
    return min(every, key=sum, default=None)


def _in_hours(prices: Sequence[SpotPrice], start_ms: int, hours: int) -> list[float]:
    times = [one.at_ms for one in prices]
    places = (bisect_right(times, start_ms + hour * _HOUR_MS) - 1 for hour in range(hours))
    return [float(prices[max(at, 0)].per_hour) for at in places]


def _put(connection: Connection, prices: Sequence[SpotPrice]) -> None:
    newest = {one.key: one for one in prices}
    at = spot_prices.c
    key = tuple_(at.type, at.region, at.zone, at.system, at.at_ms)
    connection.execute(delete(spot_prices).where(key.in_(list(newest))))
    connection.execute(
        insert(spot_prices),
        [
            {
                "type": one.type,
                "region": one.region,
                "zone": one.zone,
                "system": one.system,
                "at_ms": one.at_ms,
                "currency": one.currency,
                "per_hour": f"{one.per_hour:f}",
            }
            for one in newest.values()
        ],
    )


def _holding(prices: Sequence[SpotPrice], since_ms: int) -> Iterable[SpotPrice]:
    for one, after in zip(prices, [*prices[1:], None], strict=False):
        same = after is not None and (after.zone, after.system) == (one.zone, one.system)
        if one.at_ms >= since_ms or not same or (after is not None and after.at_ms > since_ms):
            yield one
