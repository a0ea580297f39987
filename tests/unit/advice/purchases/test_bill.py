"""The bill as use and commitments: hours and days, plans with their terms, reservations with their counts."""

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.advice.purchases.bill import read_bill
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import Payment, PlanKind
from trimtab.advice.purchases.rates import published
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.costs.model import CostQuery, CostRow, Granularity, Metric

HOUR, DAY = 3_600_000, 86_400_000
START = 20_000 * DAY
ME = "111122223333"
LINE = (ME, "AmazonEC2", "us-east-1", "us-east-1a", "p5.48xlarge", "Linux", "BoxUsage:p5.48xlarge", "", "")


class Bill:
    """Two days: a machine on demand, one under a plan, one on spot; a plan, and a reservation of three."""

    def __init__(self, *, days_only: bool = False, currencies: tuple[str, ...] = ("USD",)) -> None:
        self.days_only, self.currencies = days_only, currencies

    async def extent(self) -> tuple[int, int] | None:
        return START, START + 2 * DAY

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        del scope
        if query.granularity is Granularity.HOURLY:
            return list(self._hours())
        if query.granularity is Granularity.MONTHLY:
            key = ("arn:ri", ME, "AmazonEC2", "us-east-1", "m5.large", "", "HeavyUsage:m5.large", "", "RunInstances")
            hours = D(48 * 3)
            return [
                CostRow(START, START + 31 * DAY, key, "USD", "Hrs", 1, (hours * D("0.06"), hours, hours * D("0.03")))
            ]
        if Metric.COMMITMENT_TOTAL in query.metrics:
            key = ("arn:sp", ME, "ComputeSavingsPlans", "ComputeSP:3yrPartialUpfront")
            return [CostRow(START, START + 2 * DAY, key, "USD", "", 48, (D(480),))]
        return [CostRow(START, START + 2 * DAY, ("arn:sp", "AmazonEC2", "p5"), "USD", "", 48, (D(1000), D(520)))]

    def _hours(self):
        for hour in range(0, 48, 24 if self.days_only else 1):
            many = 24 if self.days_only else 1
            for currency in self.currencies:
                at = START + hour * HOUR
                amounts = (D(many), D(many) * D("55.04"), D(many) * D(40))
                yield CostRow(at, at + HOUR, (*LINE, "On-Demand"), currency, "Hrs", 1, amounts)
                yield CostRow(at, at + HOUR, (*LINE, "Savings Plan"), currency, "Hrs", 1, amounts)
                spot = (*LINE[:6], "SpotUsage:p5.48xlarge", "", "", "Spot")
                yield CostRow(at, at + HOUR, spot, currency, "Hrs", 1, (D(many), D(many) * D("55.04"), D(many) * 20))


def read(bill: Bill) -> Any:
    return asyncio.run(read_bill(bill, EVERYTHING, 30, tuple(published())))  # type: ignore[arg-type] # what is asked


def test_use_is_by_the_hour_whoever_pays_for_it_and_spot_is_apart() -> None:
    found = read(Bill())
    [line] = found.use.lines
    assert ("p5", D("55.04"), "us-east-1a") == (line.family, line.on_demand, line.zone)
    assert (48, 2.0) == (found.use.hours, found.use.quantity.mean())
    assert (1.0, 48 * 20.0, ()) == (found.spot.quantity.mean(), found.spot_cost, found.notes)


def test_a_bill_without_spot_is_planned_like_any_other() -> None:
    class OnDemand(Bill):
        def _hours(self):
            return (row for row in super()._hours() if row.keys[-1] == "On-Demand")

    found = read(OnDemand())
    assert ((), 48, 0.0) == (found.spot.lines, found.spot.hours, found.spot_cost)


def test_days_are_spread_over_their_hours_and_the_plan_says_so() -> None:
    found = read(Bill(days_only=True))
    assert (2.0, 2.0) == (found.use.quantity.min(), found.use.quantity.max())
    assert "days only" in found.notes[0]


def test_commitments_have_their_amounts_terms_and_rates() -> None:
    found = read(Bill())
    [plan], [reserved], [share] = found.held.plans, found.held.reservations, found.shares
    assert (PlanKind.COMPUTE, D(10), 3, Payment.PARTIAL_UPFRONT) == (
        plan.kind, plan.commitment, plan.years, plan.payment,
    )  # fmt: skip
    assert D("0.52") == share.share
    assert plan.shares.tolist() == [0.52]  # the bill's own rate comes before published ones
    assert (3, D("0.06"), Payment.PARTIAL_UPFRONT, True) == (
        reserved.count, reserved.hourly, reserved.payment, reserved.flexible,
    )  # fmt: skip


def test_without_a_bill_or_with_two_currencies_there_is_no_plan() -> None:
    class Nothing(Bill):
        async def extent(self) -> None:
            return None

    with pytest.raises(NotFound, match="trimtab import"):
        read(Nothing())
    with pytest.raises(InvalidInput, match="EUR and USD"):
        read(Bill(currencies=("USD", "EUR")))


@pytest.mark.parametrize(
    ("type_", "family", "units"),
    [
        ("m5.large", "m5", 4),
        ("p5.48xlarge", "p5", 384),
        ("ml.g5.12xlarge", "ml.g5", 96),
        ("t3.nano", "t3", 0.25),
        ("", "", 1),
    ],
)
def test_sizes_have_normalised_units(type_: str, family: str, units: float) -> None:
    assert (family, D(str(units))) == (family_of(type_), units_of(type_))
