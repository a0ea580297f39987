"""CUR 2.0 and legacy reports: amortisation by AWS's table, purchase options, tags, and products, as CSV and Parquet."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.costs.bills import CUR2, one, sums, table
from tests.unit.costs.conftest import Room

from trimtab.costs.model import CostCategory, Dimension, Metric, Tag
from trimtab.costs.readers.cur_legacy import modern

PLAN = {"savings_plan_savings_plan_a_r_n": "arn:aws:savingsplans::1:savingsplan/a"}
RESERVATION = {"reservation_reservation_a_r_n": "arn:aws:ec2:us-east-1:1:reserved-instances/b"}


def line(type_: str, cost: str, **more: str) -> dict[str, str]:
    return {"line_item_line_item_type": type_, "line_item_unblended_cost": cost, **more}


COMMITMENTS = (
    line("Usage", "5.5"),
    line("SavingsPlanCoveredUsage", "10", savings_plan_savings_plan_effective_cost="7.25", **PLAN),
    line("SavingsPlanNegation", "-10", **PLAN),
    line(
        "SavingsPlanRecurringFee",
        "8",
        savings_plan_total_commitment_to_date="8",
        savings_plan_used_commitment="7.25",
        **PLAN,
    ),
    line("SavingsPlanUpfrontFee", "100", **PLAN),
    line("DiscountedUsage", "0", reservation_effective_cost="3.125", **RESERVATION),
    line(
        "RIFee",
        "4",
        reservation_unused_amortized_upfront_fee_for_billing_period="0.5",
        reservation_unused_recurring_fee="0.25",
        reservation_amortized_upfront_fee_for_billing_period="2",
        reservation_total_reserved_units="10",
        reservation_unused_quantity="1",
        **RESERVATION,
    ),
    line("Fee", "60", **RESERVATION),
    line("Fee", "15"),
    line("Tax", "1.1"),
    line("Refund", "-2"),
    line("Credit", "-3"),
)
AMORTISED = {
    "Usage": "5.5",
    "SavingsPlanCoveredUsage": "7.25",
    "SavingsPlanNegation": "0",
    "SavingsPlanRecurringFee": "0.75",
    "SavingsPlanUpfrontFee": "0",
    "DiscountedUsage": "3.125",
    "RIFee": "0.75",
    "Fee": "15",  # the reservation's 60 are spread over its use
    "Tax": "1.1",
    "Refund": "-2",
    "Credit": "-3",
}


def test_every_line_item_type_amortises_as_aws_documents(room: Room) -> None:
    room.bring("bill.csv", table(CUR2, *COMMITMENTS))
    found = sums(room, Dimension.RECORD_TYPE, metric=Metric.AMORTIZED)
    assert {type_: Decimal(cost) for type_, cost in AMORTISED.items()} == found


def test_what_was_committed_and_used_comes_from_the_fees(room: Room) -> None:
    room.bring("bill.csv", table(CUR2, *COMMITMENTS))
    total, used = Metric.COMMITMENT_TOTAL, Metric.COMMITMENT_USED
    plan, reservation = "Savings Plan", "Reserved"
    assert {plan: Decimal(8), reservation: Decimal(6), "": 0} == sums(room, Dimension.COMMITMENT_TYPE, metric=total)
    expected = {plan: Decimal("7.25"), reservation: Decimal("5.25"), "": Decimal(0)}
    assert expected == sums(room, Dimension.COMMITMENT_TYPE, metric=used)
    assert (Decimal(10), Decimal(1)) == one(room, Metric.COMMITMENT_TOTAL_HOURS, Metric.COMMITMENT_UNUSED_HOURS)


def test_the_purchase_option_is_told_by_arns_and_usage_types(room: Room) -> None:
    spot = {"line_item_usage_type": "USW2-SpotUsage:g5.xlarge"}
    rows = (
        line("Usage", "1"),
        line("Usage", "2", **spot),
        line("Usage", "4", **PLAN),
        line("Usage", "8", **RESERVATION),
    )
    room.bring("bill.csv", table(CUR2, *rows))
    expected = {"On-Demand": Decimal(1), "Spot": Decimal(2), "Savings Plan": Decimal(4), "Reserved": Decimal(8)}
    assert expected == sums(room, Dimension.PURCHASE_TYPE)


def test_net_costs_fall_back_to_gross_where_the_bill_has_none(room: Room) -> None:
    room.bring("bill.csv", table(CUR2, line("Usage", "5"), line("Usage", "3", line_item_net_unblended_cost="2.5")))
    assert (Decimal(8), Decimal("7.5")) == one(room, Metric.UNBLENDED, Metric.NET_UNBLENDED)


NET = (
    line("Usage", "5", line_item_net_unblended_cost="4.5"),
    line(
        "SavingsPlanCoveredUsage",
        "10",
        line_item_net_unblended_cost="9",
        savings_plan_savings_plan_effective_cost="7.25",
        savings_plan_net_savings_plan_effective_cost="6.525",
        **PLAN,
    ),
    line("SavingsPlanNegation", "-10", line_item_net_unblended_cost="-9", **PLAN),
    line(
        "SavingsPlanRecurringFee",
        "5",
        line_item_net_unblended_cost="4.5",
        savings_plan_total_commitment_to_date="8",
        savings_plan_used_commitment="7.25",
        savings_plan_net_amortized_upfront_commitment_for_billing_period="2.7",
        savings_plan_net_recurring_commitment_for_billing_period="4.5",
        **PLAN,
    ),
    line("SavingsPlanUpfrontFee", "100", line_item_net_unblended_cost="90", **PLAN),
    line(
        "DiscountedUsage", "0", line_item_net_unblended_cost="0", reservation_effective_cost="3.125",
        reservation_net_effective_cost="2.8125", **RESERVATION,
    ),
    line(
        "RIFee",
        "4",
        line_item_net_unblended_cost="3.6",
        reservation_unused_amortized_upfront_fee_for_billing_period="0.5",
        reservation_unused_recurring_fee="0.25",
        reservation_net_unused_amortized_upfront_fee_for_billing_period="0.45",
        reservation_net_unused_recurring_fee="0.225",
        **RESERVATION,
    ),
    line("Fee", "60", line_item_net_unblended_cost="54", **RESERVATION),
)  # fmt: skip
NET_AMORTISED = {
    "Usage": "4.5",
    "SavingsPlanCoveredUsage": "6.525",
    "SavingsPlanNegation": "0",
    "SavingsPlanRecurringFee": "0.675",  # of 8, 0.75 is unused; net of 8 is 2.7 + 4.5
    "SavingsPlanUpfrontFee": "0",
    "DiscountedUsage": "2.8125",
    "RIFee": "0.675",
    "Fee": "0",
}
_LEGACY = {
    "line_item": "lineItem", "savings_plan": "savingsPlan", "reservation": "reservation", "bill": "bill",
    "pricing": "pricing", "identity": "identity",
}  # fmt: skip


def legacy(name: str) -> str:
    """`savings_plan_used_commitment` → `savingsPlan/UsedCommitment`."""
    section = next(one for one in _LEGACY if name.startswith(f"{one}_"))
    rest = name.removeprefix(f"{section}_").replace("_a_r_n", "_ARN")
    return f"{_LEGACY[section]}/" + "".join(part if part == "ARN" else part.title() for part in rest.split("_"))


@pytest.mark.parametrize("form", ["cur2", "cur"])
def test_net_amortised_is_the_same_table_over_the_net_columns(room: Room, form: str) -> None:
    rows = NET if form == "cur2" else [{legacy(name): value for name, value in row.items()} for row in NET]
    base = CUR2 if form == "cur2" else {legacy(name): value for name, value in CUR2.items()}
    receipt = room.bring("bill.csv", table(base, *rows))
    assert form == receipt.format
    found = sums(room, Dimension.RECORD_TYPE, metric=Metric.NET_AMORTIZED)
    assert {type_: Decimal(cost) for type_, cost in NET_AMORTISED.items()} == found
    assert not [note for note in receipt.notes if "net" in note]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("SavingsPlanCoveredUsage", "7.25"),
        ("DiscountedUsage", "3.125"),
        ("RIFee", "0.75"),
        ("SavingsPlanRecurringFee", "0.75"),
    ],
)
def test_a_line_without_net_amounts_is_as_before_discounts(room: Room, type_: str, expected: str) -> None:
    bare = [{name: "" if "_net_" in name else value for name, value in row.items()} for row in NET]
    room.bring("bill.csv", table(CUR2, *bare))
    assert Decimal(expected) == sums(room, Dimension.RECORD_TYPE, metric=Metric.NET_AMORTIZED)[type_]


def test_an_unused_plan_without_net_commitments_is_as_its_fee(room: Room) -> None:
    fee = {name: value for name, value in NET[3].items() if not name.startswith("savings_plan_net_")}
    receipt = room.bring("bill.csv", table(CUR2, fee))
    assert (Decimal("0.75"), Decimal("0.675")) == one(room, Metric.AMORTIZED, Metric.NET_AMORTIZED)
    assert any("savings_plan_net_recurring_commitment" in note for note in receipt.notes)


def test_a_plan_that_is_used_whole_leaves_nothing_after_discounts_either(room: Room) -> None:
    room.bring("bill.csv", table(CUR2, {**NET[3], "savings_plan_used_commitment": "8"}))
    assert (Decimal(0), Decimal(0)) == one(room, Metric.AMORTIZED, Metric.NET_AMORTIZED)


def test_a_bill_without_commitment_columns_says_so(room: Room) -> None:
    receipt = room.bring("bill.csv", table(CUR2, line("SavingsPlanCoveredUsage", "10")))
    assert (Decimal(10),) == one(room, Metric.AMORTIZED)
    assert any("savings_plan_savings_plan_effective_cost: amortised is unblended" in note for note in receipt.notes)


def test_tags_of_maps_lose_the_prefix_of_users_and_keep_that_of_aws(room: Room) -> None:
    tags = {"resource_tags": '{"user_team": "vision", "aws_createdBy": "lena", "user_empty": ""}'}
    room.bring("bill.csv", table(CUR2, line("Usage", "2", **tags), line("Usage", "1")))
    assert {"vision": Decimal(2), "": Decimal(1)} == sums(room, Tag("team"))
    assert {"lena": Decimal(2), "": Decimal(1)} == sums(room, Tag("aws_createdBy"))
    assert {"": Decimal(3)} == sums(room, Tag("empty"))


def test_parquet_has_what_csv_has(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "bill.snappy.parquet"
    pairs = pa.map_(pa.string(), pa.string())
    when = pa.timestamp("ms", "UTC")
    columns = {
        "bill_payer_account_id": pa.array(["1", "1"]),
        "bill_billing_period_start_date": pa.array([1_785_542_400_000] * 2, when),
        "bill_billing_period_end_date": pa.array([1_788_220_800_000] * 2, when),
        "line_item_line_item_type": pa.array(["Usage", "SavingsPlanCoveredUsage"]),
        "line_item_usage_account_id": pa.array(["2", None]),
        "line_item_usage_start_date": pa.array([1_785_711_600_000] * 2, when),
        "line_item_usage_end_date": pa.array([1_785_715_200_000] * 2, when),
        "line_item_unblended_cost": pa.array([0.1, 0.2]),
        "line_item_usage_amount": pa.array([1.5, None]),
        "savings_plan_savings_plan_effective_cost": pa.array([None, 0.15]),
        "savings_plan_savings_plan_a_r_n": pa.array([None, "arn"]),
        "resource_tags": pa.array([[("user_team", "vision")], None], pairs),
        "cost_category": pa.array([None, [("unit", "research")]], pairs),
        "product": pa.array([[("product_name", "Amazon EC2"), ("instance_type", "p5.48xlarge")], []], pairs),
        "odd": pa.array([[1], [2]], pa.list_(pa.int64())),
    }
    pq.write_table(pa.table(columns), path)
    receipt = room.take(path)
    assert 2 == receipt.lines
    assert "column odd has a type that is not read" in receipt.notes
    assert (Decimal("0.3"), Decimal("0.25"), Decimal("1.5")) == one(
        room, Metric.UNBLENDED, Metric.AMORTIZED, Metric.USAGE
    )
    assert {"vision": Decimal("0.1"), "": Decimal("0.2")} == sums(room, Tag("team"))
    assert {"research": Decimal("0.2"), "": Decimal("0.1")} == sums(room, CostCategory("unit"))
    assert {"p5.48xlarge": Decimal("0.1"), "": Decimal("0.2")} == sums(room, Dimension.INSTANCE_TYPE)
    assert {"2": Decimal("0.1"), "1": Decimal("0.2")} == sums(room, Dimension.LINKED_ACCOUNT)  # else the payer


def test_split_lines_of_containers_cost_nothing_twice(room: Room) -> None:
    split = {
        "split_line_item_parent_resource_id": "i-0parent",
        "split_line_item_split_cost": "0.75",
        "split_line_item_unused_cost": "0.25",
        "split_line_item_split_usage_ratio": "0.5",
    }
    room.bring("bill.csv", table(CUR2, line("Usage", "2"), line("Usage", "0", **split)))
    assert (Decimal(2), Decimal(2)) == one(room, Metric.UNBLENDED, Metric.AMORTIZED)
    assert {"i-0parent", ""} == set(sums(room, Dimension.SPLIT_PARENT))
    assert ["0.75"] == room.column("SELECT toString(sum(split_cost)) FROM cost_lines")


@pytest.mark.parametrize(
    ("legacy", "name"),
    [
        ("lineItem/UsageStartDate", "line_item_usage_start_date"),
        ("bill/PayerAccountId", "bill_payer_account_id"),
        ("savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"),
        ("reservation/ReservationARN", "reservation_reservation_a_r_n"),
        ("pricing/publicOnDemandCost", "pricing_public_on_demand_cost"),
        ("lineItem/LineItemType", "line_item_line_item_type"),
        ("splitLineItem/ParentResourceId", "split_line_item_parent_resource_id"),
        ("resourceTags/user:team", "resourceTags/user:team"),
        ("product/instanceType", "product/instanceType"),
    ],
)
def test_legacy_names_have_modern_ones(legacy: str, name: str) -> None:
    assert name == modern(legacy)


def test_a_legacy_report_amortises_as_the_new_one(room: Room) -> None:
    base = {
        "identity/LineItemId": "a",
        "bill/PayerAccountId": "1",
        "bill/BillingPeriodStartDate": "2026-08-01T00:00:00Z",
        "bill/BillingPeriodEndDate": "2026-09-01T00:00:00Z",
        "lineItem/LineItemType": "Usage",
        "lineItem/UsageAccountId": "2",
        "lineItem/UsageStartDate": "2026-08-03T05:00:00Z",
        "lineItem/UsageEndDate": "2026-08-03T06:00:00Z",
        "lineItem/UnblendedCost": "1.5",
        "lineItem/CurrencyCode": "USD",
        "lineItem/UsageAmount": "1",
        "savingsPlan/SavingsPlanARN": "",
        "savingsPlan/SavingsPlanEffectiveCost": "",
        "resourceTags/user:team": "",
        "costCategory/Unit": "",
        "product/instanceType": "",
    }
    covered = {
        "identity/LineItemId": "b",
        "lineItem/LineItemType": "SavingsPlanCoveredUsage",
        "savingsPlan/SavingsPlanARN": "arn",
        "savingsPlan/SavingsPlanEffectiveCost": "1.0",
        "resourceTags/user:team": "vision",
        "costCategory/Unit": "research",
        "product/instanceType": "p5.48xlarge",
    }
    receipt = room.bring("bill.csv", table(base, {}, covered))
    assert "cur" == receipt.format
    assert (Decimal(3), Decimal("2.5")) == one(room, Metric.UNBLENDED, Metric.AMORTIZED)
    assert {"vision", ""} == set(sums(room, Tag("team")))
    assert {"research", ""} == set(sums(room, CostCategory("Unit")))
    assert {"p5.48xlarge", ""} == set(sums(room, Dimension.INSTANCE_TYPE))
