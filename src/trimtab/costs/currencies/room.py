"""The one place where amounts of several currencies become one: in the presentation currency, where rates say how.

Receipts, bills and statements stay in the bill's currencies; what is shown together is beside them.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.currencies.convert import Amounts, to_digits, together
from trimtab.costs.currencies.model import Together
from trimtab.costs.currencies.store import RateStore
from trimtab.costs.model import CostQuery, CostRow, Granularity
from trimtab.costs.read import CostReader


class Currencies(Struct, frozen=True):
    """The rates, and the currency in which several are shown together ("" for none)."""

    rates: RateStore
    presentation: str = ""

    async def together(self, amounts: Amounts, to: str = "") -> Together | None:
        """Amounts of days in `to`, else the presentation currency; None where there is neither."""
        currency = to or self.presentation
        return together(amounts, currency, await self.rates.book()) if currency else None

    async def rows_in(self, rows: Iterable[CostRow], currency: str) -> list[CostRow]:
        """Daily rows with their first amount in `currency`, to 12 digits: for who works on with days. Raises
        InvalidInput where a rate is missing; `together` says so first.
        """
        book, found = await self.rates.book(), []
        for row in rows:
            worth = book.worth(row.currency, currency, to_datetime(row.start_ms).date())
            if isinstance(worth, str):
                raise InvalidInput(f"cannot convert to {currency}: {worth}")
            amount = to_digits(Fraction(row.amounts[0]) * worth.factor)
            found.append(replace(row, currency=currency, amounts=(amount,)))
        return found

    async def of_bill(self, reader: CostReader, scope: Scope, query: CostQuery, to: str = "") -> Together | None:
        """The first metric of a question in one currency, each day by its own rate; None where no currency is chosen.

        Where the bill has that currency alone nothing is read by day. Raises as the reader's `costs`.
        """
        currency = to or self.presentation
        if not currency:
            return None
        one = replace(query, metrics=query.metrics[:1], granularity=Granularity.TOTAL, group_by=())
        rows = await reader.costs(scope, one)
        if {row.currency for row in rows if row.amounts[0]} - {currency}:
            rows = await reader.costs(scope, replace(one, granularity=Granularity.DAILY))
        return await self.together(by_day(rows), currency)


def by_day(rows: Iterable[CostRow]) -> dict[tuple[int, str], Decimal]:
    """The first amount of rows by the start of their period and their currency."""
    found: dict[tuple[int, str], Decimal] = {}
    for row in rows:
        key = (row.start_ms, row.currency)
        found[key] = found.get(key, Decimal(0)) + row.amounts[0]
    return found


def in_words(found: Together) -> str:
    """How a total in one currency came about, or why there is none."""
    if found.missing:
        return "; ".join(f"{currency} is left out: {why}" for currency, why in sorted(found.missing.items()))
    others = sorted(set(found.originals) - {found.currency})
    return f"{' and '.join(others)} by the rates of {' and '.join(found.sources)}" if found.sources else ""
