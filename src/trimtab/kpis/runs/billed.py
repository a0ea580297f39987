"""What the bill says that an hour of a machine cost: amortised, after every discount, by day and machine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric, Where

DAY_MS = 86_400_000
BEFORE_MS = 35 * DAY_MS
"""How far before a run a machine's price is looked for where the run's own days are not billed yet: a billing month."""
_HOURS = frozenset({"hrs", "hours", "hour", "hr", "h", "instance-hours", "instance hours"})


class CostReader(Protocol):
    """What is asked of `costs.read.CostReader`."""

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """Sums of the bill."""
        ...


@dataclass(frozen=True, slots=True)
class BilledHour:
    """Money for an hour of a whole machine, and over which days it was looked at."""

    per_hour: Decimal
    currency: str
    note: str


@dataclass(frozen=True, slots=True)
class BilledDays:
    """Effective cost and hours by machine, currency and day (its start, ms)."""

    days: Mapping[tuple[str, str], Mapping[int, tuple[Decimal, Decimal]]]

    def hour(self, id_: str, start_ms: int, end_ms: int) -> BilledHour | None:
        """The price of a machine in the days of a run, else in the weeks before it; None where it is on no bill."""
        for first, last, words in (
            (start_ms - start_ms % DAY_MS, end_ms, "in the days of the run"),
            (start_ms - BEFORE_MS, end_ms, "in the five weeks before the run"),
        ):
            for (machine, currency), days in self.days.items():
                if machine != id_:
                    continue
                within = [amounts for day, amounts in days.items() if first <= day < last]
                cost = sum((amount for amount, _ in within), Decimal(0))
                hours = sum((number for _, number in within), Decimal(0))
                if hours > 0:
                    return BilledHour(cost / hours, currency, f"billed for {id_} {words}, amortised")
        return None


NOT_BILLED = BilledDays({})


async def read(reader: CostReader, scope: Scope, ids: Sequence[str], start_ms: int, end_ms: int) -> BilledDays:
    """The billed days of machines (by instance id) around `[start_ms, end_ms)`. Raises QueryAborted, Unavailable."""
    if not ids:
        return NOT_BILLED
    first = (start_ms - BEFORE_MS) // DAY_MS * DAY_MS
    query = CostQuery(
        first,
        -(-end_ms // DAY_MS) * DAY_MS,
        (Metric.EFFECTIVE, Metric.USAGE),
        Granularity.DAILY,
        (Dimension.RESOURCE_ID, Dimension.USAGE_UNIT),
        Where(Dimension.RESOURCE_ID, tuple(sorted(set(ids)))),
    )
    days: dict[tuple[str, str], dict[int, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for row in await reader.costs(scope, query):
        id_, unit = row.keys
        cost, hours = row.amounts
        if unit.casefold() in _HOURS and hours > 0:
            before = days[id_, row.currency].get(row.start_ms, (Decimal(0), Decimal(0)))
            days[id_, row.currency][row.start_ms] = (before[0] + cost, before[1] + hours)
    return BilledDays(days)
