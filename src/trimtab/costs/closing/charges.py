"""The daily amounts of a bill, split into use and the charges that have a month of their own. Pure.

    tax           what is charged as tax
    support       a support plan
    monthly fee   what a service charges on three days of a month at most: marketplace, domains, upfront fees
    credits       what is taken off
    refunds       refunds and adjustments
    use           everything else, by service

A bill dates tax and support of a whole month on its first day and brings them when the month closes: by days alone they
look like a fee that did not come this time.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.costs.model import CostRow, Dimension
from trimtab.costs.read_sql import DAY_MS

Floats = npt.NDArray[np.float64]

CHARGES = (Dimension.RECORD_TYPE, Dimension.CHARGE_CATEGORY, Dimension.SERVICE)
"""What daily rows are grouped by to be split."""
FEE_DAYS = 3
"""Days of a month on which a fee comes at most: what comes on more days is used by the day."""
_SUPPORT = re.compile("support", re.IGNORECASE)
_PURCHASES = frozenset({"Fee", "RIFee"})


class Kind(StrEnum):
    """A kind of charge with a month of its own."""

    TAX = "tax"
    SUPPORT = "support"
    FEE = "monthly fee"
    CREDIT = "credits"
    REFUND = "refunds"
    LATE = "late usage"


class LineName(NamedTuple):
    """A line of the month: its kind, and the service of a fee ("" else)."""

    kind: Kind
    service: str = ""

    @property
    def words(self) -> str:
        """As people are told it."""
        return f"{self.kind.value}: {self.service}" if self.service else self.kind.value


class Charges(Struct, frozen=True):
    """Amounts by day from `start_ms` on. `use` ends where the bill does, `lines` with the month that it ends in."""

    start_ms: int
    use: tuple[Decimal, ...]
    services: Mapping[str, Floats]
    lines: Mapping[LineName, tuple[Decimal, ...]]

    @property
    def known_until_ms(self) -> int:
        """Where the days of use end."""
        return self.start_ms + len(self.use) * DAY_MS

    def known(self, start_ms: int, end_ms: int) -> Decimal:
        """What the bill has of `[start, end)`, in all."""
        first, last = (max(0, (one - self.start_ms) // DAY_MS) for one in (start_ms, end_ms))
        return sum((sum(days[first:last], Decimal(0)) for days in (self.use, *self.lines.values())), Decimal(0))


def split(rows: Iterable[CostRow], start_ms: int, known_until_ms: int, end_ms: int) -> Charges:
    """Daily rows that are grouped by `CHARGES`, of one currency, split; days without any amount before the first are
    left out: what was not bought yet is no history of it. `end_ms`: the end of the month that the bill ends in.
    """
    days = (end_ms - start_ms) // DAY_MS
    of_use: dict[tuple[bool, str], list[Decimal]] = {}
    lines: dict[LineName, list[Decimal]] = {}
    for row in rows:
        record, category, service = row.keys
        at, amount = (row.start_ms - start_ms) // DAY_MS, row.amounts[0]
        kind = kind_of(record, category, service)
        if kind is not None:
            lines.setdefault(LineName(kind), [Decimal(0)] * days)[at] += amount
        else:
            bought = category == "Purchase" or record in _PURCHASES
            of_use.setdefault((bought, service), [Decimal(0)] * days)[at] += amount
    known = (known_until_ms - start_ms) // DAY_MS
    use, services = [Decimal(0)] * known, defaultdict[str, Floats](lambda: np.zeros(known))
    for (bought, service), amounts in of_use.items():
        if _is_fee(amounts, start_ms, known, bought=bought):
            place = lines.setdefault(LineName(Kind.FEE, service), [Decimal(0)] * days)
            place[:] = [old + new for old, new in zip(place, amounts, strict=True)]
            continue
        use = [old + new for old, new in zip(use, amounts[:known], strict=True)]
        services[service] = services[service] + np.array([float(one) for one in amounts[:known]])
    return _without_start(Charges(start_ms, tuple(use), dict(services), {key: tuple(lines[key]) for key in lines}))


def kind_of(record: str, category: str, service: str) -> Kind | None:
    """The kind that a line says of itself; None for use, and for fees, which only their days tell."""
    if "Tax" in (record, category):
        return Kind.TAX
    if record == "Refund" or category == "Adjustment":
        return Kind.REFUND
    if record == "Credit" or (category == "Credit" and record in ("", "Credit")):
        return Kind.CREDIT
    return Kind.SUPPORT if _SUPPORT.search(service) else None


def _is_fee(amounts: Sequence[Decimal], start_ms: int, known: int, *, bought: bool) -> bool:
    """Whether charges come on few days of a month; of what came in one month only, nothing says so but a purchase."""
    by_month: dict[tuple[int, int], int] = defaultdict(int)
    for at, amount in enumerate(amounts):
        if amount:
            day = to_datetime(start_ms + at * DAY_MS)
            by_month[day.year, day.month] += 1
    if not by_month:
        return False
    last = to_datetime(start_ms + max(known - 1, 0) * DAY_MS)
    closed = [number for month, number in by_month.items() if month != (last.year, last.month)]
    few = max(by_month.values()) <= FEE_DAYS
    return few and (bought or len(closed) > 1)


def _without_start(found: Charges) -> Charges:
    """The same from the first day on that has an amount."""
    every = [found.use, *found.lines.values()]
    first = min((next((at for at, one in enumerate(days) if one), len(days)) for days in every), default=0)
    if not first:
        return found
    return Charges(
        found.start_ms + first * DAY_MS,
        found.use[first:],
        {name: days[first:] for name, days in found.services.items()},
        {name: days[first:] for name, days in found.lines.items()},
    )
