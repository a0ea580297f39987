"""Questions to the bill that need more than one sum: comparisons, drivers, commitments.

What is read is here; the arithmetic is in the pure files beside.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.explorer.commitments import (
    CommitmentUse,
    HourCoverage,
    ProviderUse,
    SavingsRate,
    SpendCoverage,
)
from trimtab.costs.explorer.compare import Compared, compare
from trimtab.costs.explorer.drivers import ZERO, Change, Charge, ItemKey, PoolKey, explain
from trimtab.costs.explorer.providers import AWS, PROVIDERS, Provider, provider_of
from trimtab.costs.model import USE, CostQuery, CostRow, Dimension, Facet, Filter, Granularity, Metric, Not, Where
from trimtab.costs.periods import Period, month_start, next_month, periods
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS

_ITEM = (
    Dimension.SERVICE,
    Dimension.PRODUCT_FAMILY,
    Dimension.USAGE_UNIT,
    Dimension.USAGE_TYPE,
    Dimension.OPERATION,
    Dimension.PURCHASE_TYPE,
    Dimension.RECORD_TYPE,
)
_FEE = Where(Dimension.RECORD_TYPE, (eligible.RESERVATION_FEE,))
_SUMS = (
    Metric.COMMITMENT_TOTAL,
    Metric.COMMITMENT_USED,
    Metric.BILLED,
    Metric.LIST,
    Metric.AMORTIZED,
    Metric.COMMITMENT_TOTAL_HOURS,
    Metric.COMMITMENT_UNUSED_HOURS,
)
_FEES = frozenset({eligible.RESERVATION_FEE, "SavingsPlanRecurringFee"})


class Slice(Struct, frozen=True):
    """The place of an answer: period, keys and currency."""

    start_ms: int
    end_ms: int
    keys: tuple[str, ...]
    currency: str


class Explorer:
    """The questions. Errors are the reader's; amounts of different currencies come apart."""

    def __init__(self, reader: CostReader) -> None:
        self._reader = reader

    async def compare(
        self,
        scope: Scope,
        baseline: Period,
        comparison: Period,
        metric: Metric,
        groups: Sequence[Facet] = (),
        where: Filter | None = None,
    ) -> list[Compared]:
        """What each group cost in two periods, the largest change first."""
        before, after = await asyncio.gather(
            *(
                self._reader.costs(scope, CostQuery(*span, (metric,), group_by=tuple(groups), where=where))
                for span in (baseline, comparison)
            )
        )
        return compare(before, after)

    async def drivers(
        self,
        scope: Scope,
        baseline: Period,
        comparison: Period,
        metric: Metric = Metric.AMORTIZED,
        group: Facet | None = None,
        where: Filter | None = None,
    ) -> list[Change]:
        """What changed between two periods and why, a `Change` for each currency."""
        groups = _ITEM if group is None else (group, *_ITEM)
        metrics = (metric, Metric.USAGE)
        before, after = await asyncio.gather(
            *(
                self._reader.costs(scope, CostQuery(*span, metrics, group_by=groups, where=where))
                for span in (baseline, comparison)
            )
        )
        currencies = sorted({row.currency for row in (*before, *after)})
        return [explain(currency, _charges(before, currency), _charges(after, currency)) for currency in currencies]

    async def commitments(
        self,
        scope: Scope,
        span: Period,
        granularity: Granularity = Granularity.TOTAL,
        kind: str = "",
        where: Filter | None = None,
    ) -> dict[Slice, CommitmentUse]:
        """Cost and use of every commitment by period; keys are (type, id, provider as the bill spells it).

        `kind` keeps one type.
        A bill has a reservation's fee once a month: of a part of the month, its share by days counts.
        """
        only = eligible.within(where, eligible.COMMITTED)
        if kind:
            only = eligible.within(only, Where(Dimension.COMMITMENT_TYPE, (kind,)))
        by = (
            Dimension.COMMITMENT_TYPE,
            Dimension.COMMITMENT,
            Dimension.PROVIDER,
            Dimension.RECORD_TYPE,
            Dimension.COMMITMENT_STATUS,
        )
        whole = (month_start(span[0]), next_month(span[1] - 1))
        fees, rest = await asyncio.gather(
            self._reader.costs(scope, CostQuery(*whole, _SUMS, Granularity.MONTHLY, by, eligible.within(only, _FEE))),
            self._reader.costs(scope, CostQuery(*span, _SUMS, granularity, by, eligible.within(only, Not(_FEE)))),
        )
        found: dict[Slice, CommitmentUse] = {}
        for row in rest:
            _add(found, Slice(row.start_ms, row.end_ms, row.keys[:3], row.currency), _use(row))
        for row in fees:
            days = (row.end_ms - row.start_ms) // DAY_MS
            for start, end in periods(*span, granularity):
                inside = (min(end, row.end_ms) - max(start, row.start_ms)) // DAY_MS
                if inside > 0:
                    _add(found, Slice(start, end, row.keys[:3], row.currency), _use(row).part(inside, days))
        return found

    async def hour_coverage(
        self,
        scope: Scope,
        span: Period,
        granularity: Granularity = Granularity.TOTAL,
        groups: Sequence[Facet] = (),
        where: Filter | None = None,
    ) -> dict[Slice, HourCoverage]:
        """Instance hours with and without a reservation."""
        metrics = (Metric.USAGE, Metric.NORMALIZED_USAGE, Metric.UNBLENDED)
        rows = await self._by_purchase(scope, span, granularity, groups, metrics, eligible.INSTANCE_HOURS, where)
        found: dict[Slice, HourCoverage] = {}
        for row in rows:
            hours, units, cost = row.amounts
            reserved = row.keys[-1] == eligible.RESERVED
            one = HourCoverage(hours, ZERO, units) if reserved else HourCoverage(ZERO, hours, ZERO, units, cost)
            place = Slice(row.start_ms, row.end_ms, row.keys[:-1], row.currency)
            found[place] = found.get(place, HourCoverage()).plus(one)
        return found

    async def spend_coverage(
        self,
        scope: Scope,
        span: Period,
        granularity: Granularity = Granularity.TOTAL,
        groups: Sequence[Facet] = (),
        where: Filter | None = None,
    ) -> dict[Slice, SpendCoverage]:
        """Spend with and without a Savings Plan, at on-demand rates."""
        rows = await self._by_purchase(scope, span, granularity, groups, (Metric.LIST,), eligible.PLAN_SPEND, where)
        found: dict[Slice, SpendCoverage] = {}
        for row in rows:
            covered = row.keys[-1] == eligible.SAVINGS_PLAN
            one = SpendCoverage(row.amounts[0]) if covered else SpendCoverage(ZERO, row.amounts[0])
            place = Slice(row.start_ms, row.end_ms, row.keys[:-1], row.currency)
            found[place] = found.get(place, SpendCoverage()).plus(one)
        return found

    async def savings_rate(
        self,
        scope: Scope,
        span: Period,
        granularity: Granularity = Granularity.TOTAL,
        groups: Sequence[Facet] = (),
        where: Filter | None = None,
        provider: Provider = AWS,
    ) -> dict[Slice, SavingsRate]:
        """The effective savings rate of what a provider's commitments can cover. Months are as the bill dates fees."""
        usage, unused = await asyncio.gather(
            *(
                self._reader.costs(
                    scope,
                    CostQuery(
                        *span,
                        (Metric.LIST, Metric.AMORTIZED),
                        granularity,
                        tuple(groups),
                        eligible.within(where, part),
                    ),
                )
                for part in (provider.coverable, provider.unused)
            )
        )
        found: dict[Slice, SavingsRate] = {}
        for row in usage:
            place = Slice(row.start_ms, row.end_ms, row.keys, row.currency)
            found[place] = found.get(place, SavingsRate()).plus(SavingsRate(*row.amounts))
        for row in unused:
            place, paid = Slice(row.start_ms, row.end_ms, row.keys, row.currency), row.amounts[1]
            found[place] = found.get(place, SavingsRate()).plus(SavingsRate(ZERO, paid, paid))
        return found

    async def by_provider(self, scope: Scope, span: Period, where: Filter | None = None) -> dict[Slice, ProviderUse]:
        """Of each provider with eligible use or commitments, what its commitments cover of it; keys are (provider,).

        A provider whose bill has committed use without naming the commitment has no coverage.
        """
        every = CostQuery(*span, (Metric.LINES,), group_by=(Dimension.PROVIDER,), where=where)
        billed = {row.keys[0] for row in await self._reader.costs(scope, every)}
        present = [one for one in PROVIDERS if billed & set(one.names)]
        uses = await self.commitments(scope, span, where=where)
        parts = await asyncio.gather(*(self._provider_use(scope, span, one, where) for one in present))
        found: dict[Slice, ProviderUse] = {place: one for part in parts for place, one in part.items()}
        for place, use in uses.items():
            if (known := provider_of(place.keys[2])) is not None:
                mine = Slice(*span, (known.name,), place.currency)
                one = found.get(mine, ProviderUse())
                found[mine] = replace(one, use=one.use.plus(use))
        return found

    async def _provider_use(
        self, scope: Scope, span: Period, provider: Provider, where: Filter | None
    ) -> dict[Slice, ProviderUse]:
        total = Granularity.TOTAL
        if provider.unclear is not None:
            unclear = CostQuery(*span, (Metric.LINES,), where=eligible.within(where, provider.unclear))
            if await self._reader.costs(scope, unclear):
                return {}
        rows, rates = await asyncio.gather(
            self._by_purchase(scope, span, total, (), (Metric.LIST,), provider.coverable, where),
            self.savings_rate(scope, span, total, (), where, provider),
        )
        found: dict[Slice, ProviderUse] = {}
        for row in rows:
            place, amount = Slice(*span, (provider.name,), row.currency), row.amounts[0]
            covered = row.keys[-1] in (eligible.RESERVED, eligible.SAVINGS_PLAN)
            one = found.get(place, ProviderUse())
            part = SpendCoverage(amount) if covered else SpendCoverage(ZERO, amount)
            found[place] = replace(one, coverage=one.coverage.plus(part))
        for at, rate in rates.items():
            place = Slice(*span, (provider.name,), at.currency)
            found[place] = replace(found.get(place, ProviderUse()), rate=rate)
        return found

    async def _by_purchase(
        self,
        scope: Scope,
        span: Period,
        granularity: Granularity,
        groups: Sequence[Facet],
        metrics: tuple[Metric, ...],
        part: Filter,
        where: Filter | None,
    ) -> list[CostRow]:
        by = (*groups, Dimension.PURCHASE_TYPE)
        return await self._reader.costs(scope, CostQuery(*span, metrics, granularity, by, eligible.within(where, part)))


def _charges(rows: Sequence[CostRow], currency: str) -> list[Charge]:
    found = []
    for row in rows:
        if row.currency != currency:
            continue
        *group, service, family, unit, usage_type, operation, purchase, charge = row.keys
        counted = charge in USE
        pool = PoolKey(group[0] if group else "", service, family if counted else charge, unit if counted else "")
        quantity = row.amounts[1] if counted and unit else Decimal(0)
        found.append(Charge(pool, ItemKey(usage_type, operation, purchase, charge), row.amounts[0], quantity))
    return found


def _use(row: CostRow) -> CommitmentUse:
    total, used, billed, list_cost, amortized, hours, unused_hours = row.amounts
    record, status = row.keys[3:]
    covers = status == "Used"
    return CommitmentUse(
        total,
        used,
        billed if record in _FEES else total,
        list_cost if covers else ZERO,
        amortized if covers else ZERO,
        hours,
        unused_hours,
    )


def _add(found: dict[Slice, CommitmentUse], place: Slice, use: CommitmentUse) -> None:
    found[place] = found.get(place, CommitmentUse()).plus(use)
