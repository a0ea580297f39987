"""Purchase recommendations over a bill in euros and dollars: each currency has its own, and none is added."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.advice.purchases.advisor import Advisor, Known
from trimtab.advice.purchases.facts import FactStore
from trimtab.advice.purchases.kept import PlanStore
from trimtab.advice.purchases.model import Holdings, Plan, PlanKind
from trimtab.advice.purchases.recorded import RecordedPlans
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.base.clock import ManualClock
from trimtab.doors.aws.cost_explorer.plan_advice import (
    get_savings_plans_purchase_recommendation,
    start_savings_plans_purchase_recommendation_generation,
)
from trimtab.doors.aws.cost_explorer.reservation_advice import get_reservation_purchase_recommendation
from trimtab.inventory.catalog.book import load
from trimtab.store.state.database import State
from unit.advice.plan.companies import ACCOUNT, RATES
from unit.advice.plan.test_room import MACHINES, Bill, NoForecast

HOURLY = sum(RATES[one] for one in MACHINES.values())
CALL: Any = SimpleNamespace(principal=SimpleNamespace(scope=EVERYTHING), account=ACCOUNT, scope=EVERYTHING)
PLAN = {
    "SavingsPlansType": "COMPUTE_SP", "TermInYears": "ONE_YEAR", "PaymentOption": "NO_UPFRONT",
    "LookbackPeriodInDays": "SEVEN_DAYS",
}  # fmt: skip


@pytest.fixture
def rooms(state: State) -> Any:
    clock, catalog = ManualClock(), load()
    advisor = Advisor(Bill(), NoForecast())  # type: ignore[arg-type] # as far as they are asked
    parts = FactStore(state, clock), PlanStore(state, clock), RecordedPlans(state, clock), catalog, None

    async def generation() -> int:
        return 1

    return SimpleNamespace(purchases=PurchasesRoom(clock, advisor, *parts), clock=clock, generation=generation)


def test_each_currency_has_its_own_plan_and_the_summary_is_of_one(rooms: Any) -> None:
    answer = asyncio.run(get_savings_plans_purchase_recommendation(rooms, PLAN, CALL))
    found = answer["SavingsPlansPurchaseRecommendation"]
    details, summary = (found[f"SavingsPlansPurchaseRecommendation{one}"] for one in ("Details", "Summary"))
    assert [one["CurrencyCode"] for one in details] == ["EUR", "USD"]
    assert len({one["HourlyCommitmentToPurchase"] for one in details}) == 1
    assert summary["CurrencyCode"] == "EUR"
    assert summary["TotalRecommendationCount"] == "1"
    assert summary["HourlyCommitmentToPurchase"] == details[0]["HourlyCommitmentToPurchase"]
    assert float(summary["CurrentOnDemandSpend"]) == pytest.approx(HOURLY * 168)
    assert "the summary is of EUR alone, as amounts in USD are never" in answer["Metadata"]["AdditionalMetadata"]


def test_reservations_are_recommended_once_a_currency(rooms: Any) -> None:
    asked = {"Service": "AmazonEC2", "LookbackPeriodInDays": "SEVEN_DAYS"}
    found = asyncio.run(get_reservation_purchase_recommendation(rooms, asked, CALL))["Recommendations"]
    assert [one["RecommendationSummary"]["CurrencyCode"] for one in found] == ["EUR", "USD"]
    for one in found:
        assert {each["CurrencyCode"] for each in one["RecommendationDetails"]} == {
            one["RecommendationSummary"]["CurrencyCode"]
        }
        saved = sum(float(each["EstimatedMonthlySavingsAmount"]) for each in one["RecommendationDetails"])
        assert float(one["RecommendationSummary"]["TotalEstimatedMonthlySavingsAmount"]) == pytest.approx(saved)


def test_advice_is_made_anew_of_each_currency(rooms: Any) -> None:
    asyncio.run(start_savings_plans_purchase_recommendation_generation(rooms, {}, CALL))
    newest = asyncio.run(rooms.purchases.plans.newest(EVERYTHING))
    assert sorted(one.answer.currency for one in newest) == ["EUR", "USD"]


def test_what_is_recorded_in_dollars_covers_nothing_in_euros(rooms: Any) -> None:
    held = Holdings((Plan("recorded", ACCOUNT, PlanKind.COMPUTE, 1),))  # type: ignore[arg-type] # a whole number does
    found = asyncio.run(rooms.purchases.advisor.bills(EVERYTHING, 7, Known(held=held)))
    assert {one.use.currency: len(one.held.plans) for one in found} == {"EUR": 0, "USD": 1}
