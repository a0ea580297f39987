"""The columns of a Cost and Usage Report (2.0's names), each as SQL over `cost_lines`.

What a commitment's line says comes out as it came in: the amortised cost, the commitment and what of it was used. Lines
of other origins (FOCUS, rate cards) have the nearest type of line. What no import keeps is null.

Source: "Cost and Usage Report 2.0" in the AWS Data Exports user guide, table dictionary.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Type(StrEnum):
    """What a column holds, in GetTable's words."""

    TEXT = "string"
    AMOUNT = "double"
    TIME = "timestamp"
    PAIRS = "map<string,string>"


class Column(Struct, frozen=True):
    """A column: its type, its SQL over `cost_lines`, and whether lines that are put together are summed over it."""

    type: Type
    sql: str
    summed: bool = False


def text(sql: str) -> Column:
    """A text; empty is null."""
    return Column(Type.TEXT, f"nullIf(toString({sql}), '')")


def _amount(sql: str) -> Column:
    return Column(Type.AMOUNT, sql, summed=True)


def _time(sql: str) -> Column:
    return Column(Type.TIME, sql)


_LINE_TYPE = (
    "multiIf(line_item_type != '', toString(line_item_type), charge_category = 'Purchase', 'Fee', "
    "charge_category = 'Adjustment', 'Discount', toString(charge_category))"
)


def _of(types: str, sql: str) -> Column:
    return _amount(f"if(line_item_type IN ({types}), {sql}, toDecimal128(0, 12))")


_PLAN = "if(commitment_discount_type = 'Savings Plan', commitment_discount_id, '')"
_RESERVATION = "if(commitment_discount_type = 'Reserved', commitment_discount_id, '')"
_TAGS = "mapApply((k, v) -> (if(startsWith(k, 'aws:'), toString(k), concat('user_', k)), v), tags)"

COLUMNS: Mapping[str, Column] = {
    "bill_billing_entity": text("billing_entity"),
    "bill_billing_period_end_date": _time("billing_period_end"),
    "bill_billing_period_start_date": _time("billing_period_start"),
    "bill_bill_type": text("''"),
    "bill_invoice_id": text("invoice_id"),
    "bill_payer_account_id": text("billing_account_id"),
    "bill_payer_account_name": text("billing_account_name"),
    "cost_category": Column(Type.PAIRS, "cost_categories"),
    "identity_line_item_id": text("line"),
    "identity_time_interval": text(
        "concat(formatDateTime(charge_period_start, '%FT%TZ'), '/', formatDateTime(charge_period_end, '%FT%TZ'))"
    ),
    "line_item_availability_zone": text("availability_zone"),
    "line_item_blended_cost": _amount("blended_cost"),
    "line_item_currency_code": text("billing_currency"),
    "line_item_legal_entity": text("invoice_issuer_name"),
    "line_item_line_item_description": text("charge_description"),
    "line_item_line_item_type": text(_LINE_TYPE),
    "line_item_net_unblended_cost": _amount("net_billed_cost"),
    "line_item_normalized_usage_amount": _amount("normalized_quantity"),
    "line_item_operation": text("operation"),
    "line_item_product_code": text("service_code"),
    "line_item_resource_id": text("resource_id"),
    "line_item_unblended_cost": _amount("billed_cost"),
    "line_item_usage_account_id": text("sub_account_id"),
    "line_item_usage_account_name": text("sub_account_name"),
    "line_item_usage_amount": _amount("consumed_quantity"),
    "line_item_usage_end_date": _time("charge_period_end"),
    "line_item_usage_start_date": _time("charge_period_start"),
    "line_item_usage_type": text("usage_type"),
    "pricing_public_on_demand_cost": _amount("list_cost"),
    "pricing_public_on_demand_rate": Column(Type.AMOUNT, "list_unit_price"),
    "pricing_purchase_option": text("''"),
    "pricing_rate_code": text("sku_price_id"),
    "pricing_term": text("multiIf(purchase_option = 'Reserved', 'Reserved', purchase_option = 'Spot', 'Spot', '')"),
    "pricing_unit": text("pricing_unit"),
    "product": Column(Type.PAIRS, "map('product_name', toString(service_name))"),
    "product_servicename": text("service_name"),
    "product_instance_type": text("instance_type"),
    "product_location": text("region_name"),
    "product_product_family": text("product_family"),
    "product_region_code": text("region_id"),
    "product_servicecode": text("service_code"),
    "product_sku": text("sku_id"),
    "reservation_amortized_upfront_fee_for_billing_period": _of("'RIFee'", "commitment_total - billed_cost"),
    "reservation_effective_cost": _of("'DiscountedUsage'", "effective_cost"),
    "reservation_net_effective_cost": _of("'DiscountedUsage'", "net_effective_cost"),
    "reservation_reservation_a_r_n": text(_RESERVATION),
    "reservation_total_reserved_units": _amount("commitment_total_hours"),
    "reservation_unused_amortized_upfront_fee_for_billing_period": _of("'RIFee'", "toDecimal128(0, 12)"),
    "reservation_unused_quantity": _amount("commitment_unused_hours"),
    "reservation_unused_recurring_fee": _of("'RIFee'", "effective_cost"),
    "resource_tags": Column(Type.PAIRS, _TAGS),
    "savings_plan_net_savings_plan_effective_cost": _of("'SavingsPlanCoveredUsage'", "net_effective_cost"),
    "savings_plan_offering_type": text("offering_type"),
    "savings_plan_savings_plan_a_r_n": text(_PLAN),
    "savings_plan_savings_plan_effective_cost": _of("'SavingsPlanCoveredUsage'", "effective_cost"),
    "savings_plan_total_commitment_to_date": _of("'SavingsPlanRecurringFee'", "commitment_total"),
    "savings_plan_used_commitment": _of("'SavingsPlanRecurringFee'", "commitment_used"),
    "split_line_item_net_split_cost": _amount("net_split_cost"),
    "split_line_item_net_unused_cost": _amount("net_split_unused_cost"),
    "split_line_item_parent_resource_id": text("split_parent"),
    "split_line_item_split_cost": _amount("split_cost"),
    "split_line_item_split_usage": _amount("split_usage"),
    "split_line_item_split_usage_ratio": Column(Type.AMOUNT, "split_usage_ratio"),
    "split_line_item_unused_cost": _amount("split_unused_cost"),
}

OF_HOURS = ("identity_line_item_id", "identity_time_interval", "line_item_usage_start_date", "line_item_usage_end_date")
"""Columns that say which hour: of days and months they say the day or month."""
_SECTIONS = (
    ("bill", "bill"), ("identity", "identity"), ("line_item", "lineItem"), ("pricing", "pricing"),
    ("product", "product"), ("reservation", "reservation"), ("savings_plan", "savingsPlan"),
    ("split_line_item", "splitLineItem"),
)  # fmt: skip


def legacy_name(name: str) -> str:
    """`line_item_usage_start_date` as the CSV of a legacy report has it: `lineItem/UsageStartDate`."""
    section, camel = max((one for one in _SECTIONS if name.startswith(one[0] + "_")), key=lambda one: len(one[0]))
    words = name.removeprefix(section + "_")
    if section == "product":
        return f"product/{words}"
    return f"{camel}/" + "".join(word.title() for word in words.split("_"))
