"""What AWS's commitments cover is AWS's: a bill of another provider moves no coverage, and no rate of theirs."""

from decimal import Decimal as D

from tests.unit.costs.bills import CUR2, FOCUS, table
from tests.unit.costs.conftest import Room, run

from trimtab.access.scope import EVERYTHING
from trimtab.costs.explorer.explorer import Explorer

COVERED = {
    "line_item_line_item_type": "SavingsPlanCoveredUsage", "line_item_resource_id": "i-1", "product_instance_type":
    "p5.48xlarge", "pricing_public_on_demand_cost": "55.04", "savings_plan_savings_plan_a_r_n": "arn:aws:sp/1",
    "savings_plan_savings_plan_effective_cost": "30", "savings_plan_offering_type": "ComputeSavingsPlans",
    "line_item_unblended_cost": "55.04",
}  # fmt: skip
ON_DEMAND = {
    "line_item_resource_id": "i-2", "product_instance_type": "p5.48xlarge", "pricing_public_on_demand_cost": "55.04",
    "pricing_term": "OnDemand", "line_item_unblended_cost": "55.04",
}  # fmt: skip
GOOGLE = {
    "ProviderName": "Google Cloud", "ServiceName": "Compute Engine", "ServiceCategory": "Compute",
    "PricingCategory": "Standard", "ResourceId": "vm-1", "BilledCost": "500", "EffectiveCost": "500",
    "ListCost": "500", "ConsumedQuantity": "1", "ConsumedUnit": "Hours",
}  # fmt: skip


def test_a_bill_of_another_provider_changes_no_coverage_of_aws(room: Room) -> None:
    room.bring("aws.csv", table(CUR2, COVERED, ON_DEMAND))
    before = figures(room)
    assert before[0] == D("0.5")
    room.bring("google.csv", table(FOCUS, GOOGLE))
    assert figures(room) == before


def figures(room: Room) -> tuple[D | None, D | None]:
    """The share of spend that plans cover, and the effective savings rate."""
    extent = run(room.reader.extent())
    assert extent is not None
    explorer = Explorer(room.reader)
    [spend] = run(explorer.spend_coverage(EVERYTHING, extent)).values()
    [rate] = run(explorer.savings_rate(EVERYTHING, extent)).values()
    return spend.share, rate.rate
