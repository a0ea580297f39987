"""What is billed without being used: fees of commitments, support, tax, a credit, and a refund."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.demo.bill import terms
from trimtab.demo.bill.lines import HOUR_MS, lines, money
from trimtab.demo.bill.terms import DAY_MS, PAYER, Reservation
from trimtab.demo.company import SERVING
from trimtab.demo.noise import Times
from trimtab.demo.world import World

SUPPORT_SHARE, TAX_SHARE = 0.03, 0.06
"""Support costs 3 % of a month's charges (the highest tier of AWS Enterprise Support); its tax rate is invented."""
CREDIT, REFUND = -2_500.0, -1_264.37
"""Dollars that are taken off every month, and once."""


def plan_lines(world: World, hours: Times) -> Iterator[pa.Table]:
    """The recurring fee of the Savings Plan, hour by hour."""
    committed = terms.commitment(world.company)
    columns = {
        "line_item_type": "SavingsPlanRecurringFee",
        "product_code": "ComputeSavingsPlans",
        "usage_type": "ComputeSP:1yrNoUpfront",
        "line_item_description": f"1 year No Upfront Compute Savings Plan, ${committed:g} an hour",
        "usage_amount": 1.0,
        "unblended_cost": money(committed),
        "product": {"product_name": "Savings Plans for AWS Compute usage"},
        "product_servicecode": "ComputeSavingsPlans",
        "savings_plan_savings_plan_a_r_n": terms.SAVINGS_PLAN_ARN,
        "savings_plan_offering_type": "ComputeSavingsPlans",
        "savings_plan_total_commitment_to_date": committed,
        "savings_plan_used_commitment": committed,
    }
    yield lines(PAYER, "plan", hours, HOUR_MS, columns)


def reservation_lines(world: World, first_ms: int, hours: int) -> Iterator[pa.Table]:
    """The fee of each kind of Reserved Instance for the `hours` of a month that have passed."""
    for number, held in enumerate(terms.reservations(world.company)):
        yield lines(
            PAYER, f"reservation-{number}", np.array([first_ms]), hours * HOUR_MS, _reservation_fee(held, hours)
        )


def month_end_lines(last_ms: int, charges: float, *, refund: bool) -> Iterator[pa.Table]:
    """What closes a month: support and its tax on `charges` dollars, the credit, and where `refund` a refund."""
    support = round(charges * SUPPORT_SHARE, 2)
    at = np.array([last_ms])
    desk = ("AWSSupportEnterprise", "AWS Support (Enterprise)")
    yield lines(PAYER, "support", at, DAY_MS, _fee("Fee", desk, "3% of monthly AWS usage", support))
    yield lines(PAYER, "tax", at, DAY_MS, _fee("Tax", desk, "Tax on AWS Support", round(support * TAX_SHARE, 2)))
    compute = ("AmazonEC2", "Amazon Elastic Compute Cloud")
    yield lines(PAYER, "credit", at, DAY_MS, _fee("Credit", compute, "FY26_INNOVATION_CREDIT", CREDIT))
    if refund:
        network = ("AmazonVPC", "Amazon Virtual Private Cloud")
        text = "Refund of NAT gateway charges, case 14620938"
        yield lines(SERVING, "refund", at, DAY_MS, _fee("Refund", network, text, REFUND))


def _fee(type_: str, service: tuple[str, str], description: str, amount: float) -> dict[str, Any]:
    return {
        "line_item_type": type_,
        "product_code": service[0],
        "usage_type": "Dollar",
        "line_item_description": description,
        "usage_amount": 1.0,
        "unblended_cost": amount,
        "product": {"product_name": service[1]},
        "product_servicecode": service[0],
    }


def _reservation_fee(held: Reservation, hours: int) -> dict[str, Any]:
    units, unused = float(held.count * hours), float((held.count - held.used) * hours)
    recurring, upfront = held.hourly * (1 - held.upfront), held.hourly * held.upfront
    type_ = held.machine.type
    return {
        "line_item_type": "RIFee",
        "product_code": "AmazonEC2",
        "usage_type": f"{'' if held.region == 'us-east-1' else 'USW2-'}HeavyUsage:{type_}",
        "operation": "RunInstances",
        "line_item_description": f"USD {recurring:.4f} hourly fee per Linux/UNIX (Amazon VPC), {type_} instance",
        "usage_amount": units,
        "unblended_rate": recurring,
        "unblended_cost": money(units * recurring),
        "pricing_unit": "Hrs",
        "pricing_term": terms.RESERVED,
        "pricing_purchase_option": "Partial Upfront" if held.upfront else "No Upfront",
        "product": {"product_name": "Amazon Elastic Compute Cloud", "operating_system": "Linux"},
        "product_servicecode": "AmazonEC2",
        "product_product_family": "Compute Instance",
        "product_region_code": held.region,
        "product_instance_type": type_,
        "reservation_reservation_a_r_n": held.arn,
        "reservation_amortized_upfront_fee_for_billing_period": money(units * upfront),
        "reservation_unused_amortized_upfront_fee_for_billing_period": money(unused * upfront),
        "reservation_unused_recurring_fee": money(unused * recurring),
        "reservation_total_reserved_units": units,
        "reservation_unused_quantity": unused,
    }
