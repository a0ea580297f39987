"""What the catalogue says of machine types that are to be tried: their price, and how large they are."""

import math
from decimal import Decimal

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.inference.cost import price_of
from trimtab.inventory.catalog.book import load


def listed_price(type_: str, region: str) -> Decimal:
    """The list price of an hour. Raises InvalidInput where there is none: what has no price cannot be capped."""
    found = price_of(load(), type_, SystemClock().now_ms(), region)
    if found is None:
        raise InvalidInput(f"cannot cap the cost of {type_!r}: the catalogue has no price of it in {region}")
    return found.per_hour


def features(type_: str) -> dict[str, float]:
    """A type as numbers, for the search over candidates; none of a type that is not in the catalogue."""
    known = load().types.get(type_.removeprefix("ml."))
    return {} if known is None else {"cpus": math.log2(known.vcpus), "accelerators": known.accelerators}
