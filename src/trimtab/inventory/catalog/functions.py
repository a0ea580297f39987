"""Prices of serverless functions: a gigabyte of memory for a second, and a request, by region and architecture."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources

from msgspec import Struct

from trimtab.base.clock import to_ms
from trimtab.inventory.catalog.book import HOME

MB_MS_A_GB_S = Decimal(1024 * 1000)
"""Megabyte-milliseconds in a gigabyte-second; the platform's gigabyte has 1,024 megabytes."""
_MILLION = Decimal(1_000_000)


class FunctionPrice(Struct, frozen=True):
    """A list price as read on the day `as_of`; it ended before `until_ms` (None: not). First tier, no free tier."""

    region: str
    architecture: str
    currency: str
    per_gb_second: Decimal
    per_million_requests: Decimal
    as_of: str
    until_ms: int | None
    source: str

    def cost(self, billed_mb_ms: int, requests: int) -> Decimal:
        """What billed megabyte-milliseconds and requests cost, not rounded."""
        time = Decimal(billed_mb_ms) / MB_MS_A_GB_S * self.per_gb_second
        return time + Decimal(requests) / _MILLION * self.per_million_requests


@lru_cache(maxsize=1)
def function_prices() -> tuple[FunctionPrice, ...]:
    """Every price, the newest of a region and architecture last."""
    path = resources.files("trimtab.inventory.catalog") / "data" / "function_prices.csv"
    found = []
    for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
        until = to_ms(datetime.fromisoformat(row["until"]).replace(tzinfo=UTC)) if row["until"] else None
        found.append(
            FunctionPrice(
                row["region"],
                row["architecture"],
                row["currency"],
                Decimal(row["per_gb_second"]),
                Decimal(row["per_million_requests"]),
                row["as_of"],
                until,
                row["source"],
            )
        )
    return tuple(found)


def function_price(region: str, architecture: str, at_ms: int) -> FunctionPrice | None:
    """The list price that held at a time in a region, else in the region whose prices are known; None without one."""
    for place in (region, HOME):
        for one in function_prices():
            if (one.region, one.architecture) == (place, architecture) and (
                one.until_ms is None or at_ms < one.until_ms
            ):
                return one
    return None
