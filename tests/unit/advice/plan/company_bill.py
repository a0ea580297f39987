"""The bill of a generated company, as a reader of bills answers for it: what the plan and the ledger ask."""

from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

from trimtab.advice.purchases.bill import family_of
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric
from unit.advice.plan.companies import ACCOUNT, ALL_SHARE, FAMILY_SHARE, RATES, REGION, Company, Machine

HOUR, DAY = 3_600_000, 86_400_000
START = 20_000 * DAY


class CompanyBill:
    """Its machines by the hour from START on, without discounts, and the plans that it has."""

    def __init__(self, company: Company) -> None:
        self.company = company

    async def extent(self) -> tuple[int, int]:
        return START, START + self.company.hours * HOUR

    async def power(self, scope: Any, start_ms: int, end_ms: int) -> list[Any]:
        return []

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        assert query.end_ms <= (await self.extent())[1]
        wanted, by = str(query.where), query.group_by
        if "RIFee" in wanted and Metric.COMMITMENT_TOTAL in query.metrics:
            return []
        if Metric.COMMITMENT_TOTAL in query.metrics:
            return list(self._fees(query))
        if by and by[0] is Dimension.COMMITMENT:
            return list(self._shares(query))
        if by == (Dimension.RESOURCE_ID,) and query.metrics == (Metric.NET_UNBLENDED,):
            return []
        if not by:
            total = D(str(round(self.company.invoice() / 730 * (query.end_ms - query.start_ms) / HOUR, 2)))
            return [CostRow(query.start_ms, query.end_ms, (), "USD", "", 1, (total,))]
        return list(self._lines(query, wanted))

    def _fees(self, query: CostQuery) -> Iterator[CostRow]:
        hours = D((query.end_ms - query.start_ms) // HOUR)
        for name, amount in self.company.family_plans.items():
            keys = (f"sp/{name}", ACCOUNT, "EC2InstanceSavingsPlans", f"{REGION}-EC2SP:{name}.1yrNoUpfront")
            yield CostRow(query.start_ms, query.end_ms, keys, "USD", "", 1, (D(str(amount)) * hours,))
        if self.company.plan:
            keys = ("sp/all", ACCOUNT, "ComputeSavingsPlans", "ComputeSP:1yrNoUpfront")
            yield CostRow(query.start_ms, query.end_ms, keys, "USD", "", 1, (D(str(self.company.plan)) * hours,))

    def _shares(self, query: CostQuery) -> Iterator[CostRow]:
        found = [(f"sp/{name}", name, FAMILY_SHARE[name]) for name in self.company.family_plans]
        found += [("sp/all", family_of(one), ALL_SHARE) for one in RATES] if self.company.plan else []
        for arn, family, share in found:
            amounts = D(100), D(str(share)) * 100
            yield CostRow(query.start_ms, query.end_ms, (arn, "AmazonEC2", family), "USD", "", 1, amounts)

    def _lines(self, query: CostQuery, wanted: str) -> Iterator[CostRow]:
        step = {Granularity.HOURLY: HOUR, Granularity.DAILY: DAY}.get(query.granularity, query.end_ms - query.start_ms)
        for start in range(query.start_ms, query.end_ms, step):
            for one in self.company.machines:
                if "'i-" in wanted and f"'{one.name}'" not in wanted:
                    continue
                many = self._ran(one, start, min(start + step, query.end_ms))
                if many:
                    yield self._row(query, one, (start, start + step), D(many))

    def _ran(self, one: Machine, start: int, end: int) -> int:
        return sum(one.hours[(start - START) // HOUR : (end - START) // HOUR])

    def _row(self, query: CostQuery, one: Machine, span: tuple[int, int], many: D) -> CostRow:
        known: dict[Any, str] = {
            Dimension.RESOURCE_ID: one.name, Dimension.SERVICE: "AmazonEC2", Dimension.LINKED_ACCOUNT: ACCOUNT,
            Dimension.SERVICE_CODE: "AmazonEC2", Dimension.REGION: REGION, Dimension.INSTANCE_TYPE: one.type,
            Dimension.OPERATING_SYSTEM: "Linux", Dimension.USAGE_TYPE: f"BoxUsage:{one.type}",
            Dimension.PURCHASE_TYPE: "On-Demand",
        }  # fmt: skip
        keys = tuple(known.get(facet, "") for facet in query.group_by)
        value = D(str(RATES[one.type])) * many
        amounts = tuple(many if metric is Metric.USAGE else value for metric in query.metrics)
        return CostRow(*span, keys, "USD", "Hrs", 1, amounts)
