"""Histories of instance prices: files with a date, an instance type and a price a line, one line a type and snapshot.

Each type's snapshots become stretches of time with one price. A type that a later snapshot does not have any more was
not sold then, as far as the file says: its last stretch ends there.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.client.prices_wire import InstancePrice

COLUMNS = {
    "date": ("generated_date", "as_of", "day", "timestamp"),
    "type": ("instance_type", "instancetype"),
    "price": ("usd_per_hour", "per_hour", "price_per_hour", "ondemand"),
    "region": (),
}
"""Columns by the name that they have here, with what others call them."""


class Snapshot(Struct, frozen=True):
    """What a type cost on a day, in a region."""

    at_ms: int
    type: str
    region: str
    per_hour: Decimal


def snapshots(cells: Iterable[tuple[int, dict[str, str]]], region: str, place: str) -> list[Snapshot]:
    """Lines with their numbers as snapshots. Raises InvalidInput that names the line."""
    found = []
    for line, row in cells:
        try:
            at_ms = parse_instant_ms(row["date"], 0)
            price = Decimal(row["price"])
            if not price.is_finite() or price < 0:
                raise InvalidInput(f"got price {row['price']!r}")
            found.append(Snapshot(at_ms, row["type"], row.get("region", region), price))
        except (KeyError, InvalidOperation, InvalidInput) as problem:
            said = f"expected date, type and price: {problem}"
            raise InvalidInput(f"cannot read {place}, line {line}: {said}") from None
    return found


def stretches(history: Iterable[Snapshot]) -> list[InstancePrice]:
    """The prices of each type from when to when, by region, type and time."""
    days: dict[str, set[int]] = {}
    prices: dict[tuple[str, str], dict[int, Decimal]] = {}
    for one in history:
        days.setdefault(one.region, set()).add(one.at_ms)
        prices.setdefault((one.region, one.type), {})[one.at_ms] = one.per_hour
    found = []
    for (region, type_), known in sorted(prices.items()):
        every = sorted(days[region])
        begin: int | None = None
        for day, after in pairwise([*every, None]):
            if day not in known:
                continue
            begin = day if begin is None else begin
            if after is None or known.get(after) != known[day]:
                found.append(InstancePrice(type_, f"{known[day]:f}", begin, after, region))
                begin = None
    return found
