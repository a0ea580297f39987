"""What is shown together: the bill's own days, each by its rate, beside the originals."""

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.costs.currencies.model import Rate, Together
from trimtab.costs.currencies.room import Currencies, in_words
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.model import CostQuery, CostRow, Granularity, Metric
from trimtab.costs.read import CostReader
from trimtab.store.state.database import State
from trimtab.web.costs.together import together_tile

DAY = 86_400_000
FIRST = 20_000 * DAY  # 2024-10-04


class Bill:
    """10 USD and 1 EUR a day of two days, as far as `currencies` go; it keeps what it was asked."""

    def __init__(self, *currencies: str) -> None:
        self.currencies = currencies
        self.asked: list[Granularity] = []

    async def costs(self, scope: Any, query: CostQuery) -> Sequence[CostRow]:
        self.asked.append(query.granularity)
        days = [(FIRST, FIRST + DAY), (FIRST + DAY, FIRST + 2 * DAY)]
        spans = days if query.granularity is Granularity.DAILY else [(FIRST, FIRST + 2 * DAY)]
        each = {"USD": Decimal(10), "EUR": Decimal(1)}
        return [
            CostRow(start, end, (), name, "", 1, (each[name] * ((end - start) // DAY),))
            for start, end in spans
            for name in self.currencies
        ]


def currencies(state: State, presentation: str = "EUR") -> Currencies:
    found = Currencies(RateStore(state, ManualClock()), presentation)
    rates = [Rate(date(2024, 10, 4), "EUR", "USD", Decimal(4), "ECB")]
    rates.append(Rate(date(2024, 10, 5), "EUR", "USD", Decimal(5), "ECB"))
    asyncio.run(found.rates.put("ECB", rates))
    return found


def of_bill(room: Currencies, bill: Bill, to: str = "") -> Together | None:
    query = CostQuery(FIRST, FIRST + 2 * DAY, (Metric.UNBLENDED,))
    return asyncio.run(room.of_bill(cast(CostReader, bill), EVERYTHING, query, to))


def test_each_day_goes_by_its_own_rate(state: State) -> None:
    found = of_bill(currencies(state), Bill("EUR", "USD"))
    assert found is not None
    assert Decimal("6.50") == found.total  # 2 EUR, 10 USD at 4, 10 USD at 5
    assert {"EUR": Decimal(2), "USD": Decimal(20)} == found.originals
    assert "USD by the rates of ECB" == in_words(found)
    tile = together_tile(found, "August")
    assert tile is not None
    assert ("Together, August", "6.50", "EUR") == (tile.label, tile.value, tile.unit)
    back = of_bill(currencies(state), Bill("EUR", "USD"), "USD")
    assert back is not None
    assert Decimal("29.00") == back.total


def test_one_currency_is_not_read_by_day_and_has_no_tile(state: State) -> None:
    bill = Bill("EUR")
    found = of_bill(currencies(state), bill)
    assert found is not None
    assert (Decimal(2), True, [Granularity.TOTAL]) == (found.total, found.is_one, bill.asked)
    assert together_tile(found, "x") is None
    assert of_bill(currencies(state, ""), Bill("EUR", "USD")) is None


def test_without_a_rate_the_tile_says_why(state: State) -> None:
    room = currencies(state, "JPY")
    found = of_bill(room, Bill("USD"))
    assert found is not None
    tile = together_tile(found, "x")
    assert tile is not None
    assert ("–", "USD is left out: no rate of JPY was imported") == (tile.value, tile.note)
    with pytest.raises(InvalidInput, match="cannot convert to JPY: no rate of JPY was imported"):
        asyncio.run(room.rows_in([CostRow(FIRST, FIRST + DAY, (), "USD", "", 1, (Decimal(1),))], "JPY"))
