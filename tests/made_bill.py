"""A bill made by hand, July and August 2026, as a CUR 2.0 file: small enough to add up on paper.

Two accounts, on demand, a reservation, a Savings Plan, Spot, storage, tax, a credit and a refund. From July to August
m5.xlarge gets dearer (0.20 → 0.22 an hour), Spot goes away, and SageMaker is new.
"""

import csv
import io
from decimal import Decimal

RESEARCH, PROD = "111111111111", "222222222222"
RESERVATION = "arn:aws:ec2:us-east-1:222222222222:reserved-instances/5678-ri"
PLAN = "arn:aws:savingsplans::111111111111:savingsplan/1234-sp"
_NAMES = {RESEARCH: "research", PROD: "prod"}
_EC2 = {
    "line_item_product_code": "AmazonEC2",
    "product_servicename": "Amazon Elastic Compute Cloud",
    "product_product_family": "Compute Instance",
    "line_item_operation": "RunInstances",
    "pricing_unit": "Hrs",
    "product_region_code": "us-east-1",
}
_S3 = {
    "line_item_product_code": "AmazonS3",
    "product_servicename": "Amazon Simple Storage Service",
    "product_product_family": "Storage",
    "line_item_operation": "StandardStorage",
    "pricing_unit": "GB-Mo",
    "product_region_code": "eu-west-1",
}
_SAGEMAKER = {
    **_EC2,
    "line_item_product_code": "AmazonSageMaker",
    "product_servicename": "Amazon SageMaker",
    "product_product_family": "ML Instance",
    "line_item_operation": "RunInstance",
}


def rows() -> list[dict[str, str]]:
    """The lines, as CUR 2.0's columns."""
    july = (
        _on_demand(7, "m5.xlarge", 100, "20", "search"),
        _on_demand(7, "m5.large", 100, "10", "search"),
        _reserved(7, 744, "89.28", "148.8"),
        _reservation_fee(7, 744, "52.08", "37.2"),
        *_plan(7, 500, "42.5", "30"),
        _spot(7, 50, "8", "26.3"),
        _line(7, PROD, "Usage", "EUW1-TimedStorage-ByteHrs", "1000", "23", **_S3),
        _line(7, PROD, "Tax", "", "1", "5", line_item_product_code="AmazonEC2"),
        _line(7, RESEARCH, "Credit", "", "0", "-3", line_item_product_code="AmazonEC2"),
    )
    august = (
        _on_demand(8, "m5.xlarge", 120, "26.4", "search"),
        _on_demand(8, "m5.large", 60, "6", "search"),
        _reserved(8, 1116, "133.92", "223.2"),
        _reservation_fee(8, 372, "26.04", "18.6"),
        *_plan(8, 600, "51", "36"),
        _line(8, RESEARCH, "Usage", "USE1-Host:ml.g5.xlarge", "10", "14.08", product_instance_type="ml.g5.xlarge",
              resource_tags='{"user_team": "vision"}', **_SAGEMAKER),
        _line(8, PROD, "Usage", "EUW1-TimedStorage-ByteHrs", "1500", "34.5", **_S3),
        _line(8, PROD, "Tax", "", "1", "6.25", line_item_product_code="AmazonEC2"),
        _line(8, RESEARCH, "Refund", "", "0", "-1", line_item_product_code="AmazonEC2"),
    )  # fmt: skip
    return [*july, *august]


def cur2(currency: str = "USD") -> str:
    """The file."""
    found = [{**row, "line_item_currency_code": currency} for row in rows()]
    columns = list(dict.fromkeys(name for row in found for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()


def unblended(month: int, **equal: str) -> Decimal:
    """The exact sum of billed cost over the lines of a month whose columns equal what is given."""
    return sum(
        (
            Decimal(row["line_item_unblended_cost"])
            for row in rows()
            if row["line_item_usage_start_date"].startswith(f"2026-{month:02}")
            and all(row.get(name, "") == value for name, value in equal.items())
        ),
        Decimal(0),
    )


def _line(
    month: int, account: str, type_: str, usage_type: str, quantity: str, cost: str, day: int = 10, **more: str
) -> dict[str, str]:
    start = f"2026-{month:02}-{day:02}T05:00:00Z"
    return {
        "identity_line_item_id": f"{month}-{account}-{type_}-{usage_type}",
        "bill_payer_account_id": PROD,
        "bill_billing_entity": "AWS",
        "bill_billing_period_start_date": f"2026-{month:02}-01T00:00:00Z",
        "bill_billing_period_end_date": f"2026-{month + 1:02}-01T00:00:00Z",
        "line_item_usage_account_id": account,
        "line_item_usage_account_name": _NAMES[account],
        "line_item_line_item_type": type_,
        "line_item_usage_type": usage_type,
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": start.replace("T05", "T06"),
        "line_item_usage_amount": quantity,
        "line_item_unblended_cost": cost,
        "line_item_blended_cost": cost,
        "pricing_public_on_demand_cost": cost,
        "line_item_resource_id": f"i-{usage_type.lower()}" if usage_type else "",
        **more,
    }


def _on_demand(month: int, instance: str, hours: int, cost: str, team: str) -> dict[str, str]:
    more = {**_EC2, "product_instance_type": instance, "resource_tags": f'{{"user_team": "{team}"}}'}
    return _line(month, RESEARCH, "Usage", f"USE1-BoxUsage:{instance}", str(hours), cost, **more)


def _spot(month: int, hours: int, cost: str, list_cost: str) -> dict[str, str]:
    more = {**_EC2, "product_instance_type": "g4dn.xlarge", "pricing_public_on_demand_cost": list_cost}
    more["resource_tags"] = '{"user_team": "vision"}'
    return _line(month, RESEARCH, "Usage", "USE1-SpotUsage:g4dn.xlarge", str(hours), cost, **more)


def _reserved(month: int, hours: int, effective: str, list_cost: str) -> dict[str, str]:
    more = {**_EC2, "product_instance_type": "m5.xlarge", "pricing_public_on_demand_cost": list_cost}
    more |= {"reservation_reservation_a_r_n": RESERVATION, "reservation_effective_cost": effective}
    return _line(month, PROD, "DiscountedUsage", "USE1-BoxUsage:m5.xlarge", str(hours), "0", **more)


def _reservation_fee(month: int, unused: int, upfront: str, recurring: str) -> dict[str, str]:
    """Two instances for a month of 744 h at 0.12 an hour, 0.07 of it paid upfront."""
    more = {**_EC2, "reservation_reservation_a_r_n": RESERVATION, "pricing_public_on_demand_cost": "0"}
    more |= {
        "reservation_amortized_upfront_fee_for_billing_period": "104.16",
        "reservation_total_reserved_units": "1488",
        "reservation_unused_quantity": str(unused),
        "reservation_unused_amortized_upfront_fee_for_billing_period": upfront,
        "reservation_unused_recurring_fee": recurring,
    }
    return _line(month, PROD, "RIFee", "USE1-HeavyUsage:m5.xlarge", "1488", "74.4", 1, **more)


def _plan(month: int, hours: int, list_cost: str, effective: str) -> list[dict[str, str]]:
    """A commitment of 40 a month, nothing upfront, used by c5.large at 0.06 an hour."""
    plan = {"savings_plan_savings_plan_a_r_n": PLAN, "savings_plan_offering_type": "ComputeSavingsPlans"}
    usage = {**_EC2, **plan, "product_instance_type": "c5.large"}
    covered = {**usage, "savings_plan_savings_plan_effective_cost": effective}
    fee = {
        **plan,
        "line_item_product_code": "ComputeSavingsPlans",
        "product_servicename": "Savings Plans for AWS Compute usage",
        "savings_plan_total_commitment_to_date": "40",
        "savings_plan_used_commitment": effective,
        "pricing_public_on_demand_cost": "0",
    }
    kind = "USE1-BoxUsage:c5.large"
    return [
        _line(month, RESEARCH, "SavingsPlanCoveredUsage", kind, str(hours), list_cost, **covered),
        _line(
            month, RESEARCH, "SavingsPlanNegation", kind, "0", f"-{list_cost}",
            **{**usage, "pricing_public_on_demand_cost": "0"},
        ),
        _line(month, RESEARCH, "SavingsPlanRecurringFee", "ComputeSP:1yrNoUpfront", "1", "40", 1, **fee),
    ]  # fmt: skip
