"""Rates are kept by source: an import replaces its own, the newest counts, and a source can be taken out."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.costs.currencies.convert import Worth
from trimtab.costs.currencies.model import Rate
from trimtab.costs.currencies.store import RateStore
from trimtab.store.state.database import State

DAY = date(2026, 11, 27)


def rate(amount: str, source: str, quote: str = "USD", day: date = DAY) -> Rate:
    return Rate(day, "EUR", quote, Decimal(amount), source)


def test_rates_of_sources_come_and_go(state: State) -> None:
    async def scenario() -> None:
        store = RateStore(state, ManualClock(5))

        async def usd() -> object:
            found = (await store.book()).worth("EUR", "USD", DAY)
            return float(found.factor) if isinstance(found, Worth) else found

        assert "no rate of EUR and USD was imported" == await usd()
        put = await store.put("ECB", [rate("1.1", "ECB"), rate("2", "ECB", "CHF", date(2026, 11, 26))])
        assert (2, 2, date(2026, 11, 26), DAY, 5) == (put.rates, put.pairs, put.first, put.last, put.imported_ms)
        assert 1.1 == await usd()
        await store.put("mine", [rate("1.3", "mine")])
        assert 1.3 == await usd()
        await store.put("ECB", [rate("1.2", "ECB")])  # its own of that day is replaced, the other day stays
        assert 1.2 == await usd()
        assert [("ECB", 2), ("mine", 1)] == [(one.name, one.rates) for one in await store.sources()]
        assert ["1.2", "1.3"] == [str(one.rate) for one in await store.listed(DAY)]
        assert ["CHF"] == [one.quote for one in await store.listed(currency="CHF")]
        assert 2 == await store.remove("ECB")
        assert 1.3 == await usd()
        with pytest.raises(NotFound, match="cannot remove rates of 'ECB': no such source"):
            await store.remove("ECB")

    asyncio.run(scenario())
