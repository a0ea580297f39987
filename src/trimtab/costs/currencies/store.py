"""Exchange rates in the state database: what each source said, the newest import last."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, delete, func, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.costs.currencies.convert import RateBook
from trimtab.costs.currencies.model import Rate, RateSource
from trimtab.store.state.database import State
from trimtab.store.state.tables import exchange_rate_sources as sources
from trimtab.store.state.tables import exchange_rates as rates

_AT_ONCE = 5000
"""Rates of one INSERT: SQLite allows 32,766 bound values in its default build."""


class RateStore:
    """The rates. A book of all of them is kept until they change."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._book: tuple[tuple[int, int], RateBook] = ((0, 0), RateBook())

    async def book(self) -> RateBook:
        """Every rate, ready to be asked."""
        mark = await self._state.read(_mark)
        if mark != self._book[0]:
            self._book = mark, RateBook(await self._state.read(_all))
        return self._book[1]

    async def listed(self, day: date | None = None, currency: str = "", limit: int = 1000) -> list[Rate]:
        """The newest rates, of one day or currency where given."""
        query = select(rates, sources.c.name).join(sources, rates.c.source == sources.c.id)
        if day is not None:
            query = query.where(rates.c.day == day.isoformat())
        if currency:
            query = query.where((rates.c.base == currency) | (rates.c.quote == currency))
        query = query.order_by(rates.c.day.desc(), rates.c.base, rates.c.quote, sources.c.name).limit(limit)
        found = await self._state.read(lambda connection: connection.execute(query).all())
        return [_rate(row.day, row.base, row.quote, row.rate, row.name) for row in found]

    async def sources(self) -> list[RateSource]:
        """What each source holds, by name."""
        pairs = select(rates.c.source, rates.c.base, rates.c.quote).distinct().subquery()
        counted = select(pairs.c.source, func.count().label("pairs")).group_by(pairs.c.source).subquery()
        query = (
            select(
                sources.c.name,
                sources.c.imported_ms,
                func.count().label("rates"),
                func.min(rates.c.day).label("first"),
                func.max(rates.c.day).label("last"),
                counted.c.pairs,
            )
            .join(rates, rates.c.source == sources.c.id)
            .join(counted, counted.c.source == sources.c.id)
            .group_by(sources.c.id, sources.c.name, sources.c.imported_ms, counted.c.pairs)
            .order_by(sources.c.name)
        )
        found = await self._state.read(lambda connection: connection.execute(query).all())
        return [
            RateSource(
                row.name,
                row.rates,
                row.pairs,
                date.fromisoformat(row.first),
                date.fromisoformat(row.last),
                row.imported_ms,
            )
            for row in found
        ]

    async def put(self, source: str, found: Sequence[Rate]) -> RateSource:
        """Take in rates of a source: they replace its own of the same days and pairs."""
        now_ms = self._clock.now_ms()
        await self._state.change(lambda connection: _put(connection, source, found, now_ms))
        return next(one for one in await self.sources() if one.name == source)

    async def remove(self, source: str) -> int:
        """Take a source out; returns how many rates went. Raises NotFound."""
        removed = await self._state.change(lambda connection: _remove(connection, source))
        if not removed:
            raise NotFound(f"cannot remove rates of {source!r}: no such source; `trimtab costs rates list` names them")
        return removed


def _mark(connection: Connection) -> tuple[int, int]:
    """What changes whenever the rates do."""
    found = connection.execute(select(func.count(), func.coalesce(func.max(sources.c.revision), 0)))
    count, newest = found.one()
    return int(count), int(newest)


def _all(connection: Connection) -> list[Rate]:
    query = select(rates, sources.c.name).join(sources, rates.c.source == sources.c.id)
    ordered = query.order_by(sources.c.revision)
    return [_rate(row.day, row.base, row.quote, row.rate, row.name) for row in connection.execute(ordered)]


def _put(connection: Connection, source: str, found: Sequence[Rate], now_ms: int) -> None:
    revision = int(connection.execute(select(func.coalesce(func.max(sources.c.revision), 0))).scalar_one()) + 1
    known = connection.execute(select(sources.c.id).where(sources.c.name == source)).scalar()
    values = {"imported_ms": now_ms, "revision": revision}
    if known is None:
        made = connection.execute(insert(sources).values(name=source, **values)).inserted_primary_key
        if made is None:
            raise AssertionError("bug: a source has no number")
        known = int(made[0])
    else:
        connection.execute(sources.update().where(sources.c.id == known).values(values))
    newest = {(rate.day, rate.base, rate.quote): rate for rate in found}
    for day in sorted({day for day, _, _ in newest}):
        pairs = [(base, quote) for of, base, quote in newest if of == day]
        quotes = {quote for _, quote in pairs}
        for base in {base for base, _ in pairs}:
            at = (rates.c.source == known) & (rates.c.day == day.isoformat()) & (rates.c.base == base)
            connection.execute(delete(rates).where(at, rates.c.quote.in_(quotes)))
    rows = [
        {"source": known, "day": rate.day.isoformat(), "base": rate.base, "quote": rate.quote, "rate": f"{rate.rate:f}"}
        for rate in newest.values()
    ]
    for at_row in range(0, len(rows), _AT_ONCE):
        connection.execute(insert(rates), rows[at_row : at_row + _AT_ONCE])


def _remove(connection: Connection, source: str) -> int:
    known = connection.execute(select(sources.c.id).where(sources.c.name == source)).scalar()
    if known is None:
        return 0
    removed = connection.execute(delete(rates).where(rates.c.source == known)).rowcount
    connection.execute(delete(sources).where(sources.c.id == known))
    return removed


def _rate(day: str, base: str, quote: str, rate: str, source: str) -> Rate:
    return Rate(date.fromisoformat(day), base, quote, Decimal(rate), source)
