"""FOCUS 1.0 to 1.4 from any provider (https://focus.finops.org): columns are taken by name, in any order and case.

1.3 and 1.4 rename ProviderName to ServiceProviderName and HostProviderName. Columns that FOCUS does not know are kept
as properties of the line.
"""

from trimtab.costs.readers import coerce
from trimtab.costs.readers.columns import Columns, Kind, SourceColumn
from trimtab.costs.readers.lines import LineMap

FORMAT = "focus"
NO_CURRENCY = "XXX"  # ISO 4217's code for "no currency"

_TEXTS = {
    "provider_name": ("ProviderName", "ServiceProviderName", "HostProviderName"),
    "publisher_name": ("PublisherName", "HostProviderName"),
    "invoice_issuer_name": ("InvoiceIssuerName", "InvoiceIssuer"),
    "invoice_id": ("InvoiceId", "x_InvoiceId", "x_InvoiceNumber"),
    "billing_account_id": ("BillingAccountId",),
    "billing_account_name": ("BillingAccountName",),
    "sub_account_name": ("SubAccountName",),
    "charge_category": ("ChargeCategory", "ChargeType"),
    "charge_class": ("ChargeClass",),
    "charge_frequency": ("ChargeFrequency",),
    "charge_description": ("ChargeDescription",),
    "pricing_category": ("PricingCategory",),
    "pricing_unit": ("PricingUnit",),
    "consumed_unit": ("ConsumedUnit", "UsageUnit"),
    "service_name": ("ServiceName",),
    "service_category": ("ServiceCategory",),
    "region_id": ("RegionId", "Region"),
    "region_name": ("RegionName",),
    "availability_zone": ("AvailabilityZone",),
    "resource_id": ("ResourceId",),
    "resource_name": ("ResourceName",),
    "resource_type": ("ResourceType",),
    "sku_id": ("SkuId",),
    "sku_price_id": ("SkuPriceId",),
    "service_code": ("x_ServiceCode", "x_SkuServiceId"),
    "usage_type": ("x_UsageType", "SkuMeter", "x_SkuMeterName", "x_SkuMeter"),
    "operation": ("x_Operation", "x_SkuOperation"),
    "instance_type": ("x_InstanceType", "x_SkuInstanceType"),
    "product_family": ("ServiceSubcategory",),
    "commitment_discount_id": ("CommitmentDiscountId",),
    "commitment_discount_name": ("CommitmentDiscountName",),
    "commitment_discount_status": ("CommitmentDiscountStatus",),
    "commitment_discount_category": ("CommitmentDiscountCategory",),
    "commitment_discount_unit": ("CommitmentDiscountUnit",),
    "_commitment_type": ("CommitmentDiscountType",),
}
_AMOUNTS = {
    "billed_cost": ("BilledCost",),
    "effective_cost": ("EffectiveCost",),
    "list_cost": ("ListCost",),
    "contracted_cost": ("ContractedCost",),
    "consumed_quantity": ("ConsumedQuantity", "UsageQuantity"),
    "pricing_quantity": ("PricingQuantity",),
    "commitment_discount_quantity": ("CommitmentDiscountQuantity",),
    "list_unit_price": ("ListUnitPrice",),
    "contracted_unit_price": ("ContractedUnitPrice",),
}
_TIMES = {
    "charge_period_start": ("ChargePeriodStart",),
    "charge_period_end": ("ChargePeriodEnd",),
    "billing_period_start": ("BillingPeriodStart",),
    "billing_period_end": ("BillingPeriodEnd",),
}
COLUMNS = frozenset(
    {names[0] for table in (_TEXTS, _AMOUNTS, _TIMES) for names in table.values()}
    | {"BillingCurrency", "SubAccountId", "x_LineItemId"}
)
"""The names of columns that mean something here, each in its newest spelling that does not change a name's sense."""
AMOUNTS = frozenset(names[0] for names in _AMOUNTS.values())
TIMES = frozenset(names[0] for names in _TIMES.values())
_PLAN = "(positionCaseInsensitive(__commitment_type, 'saving') > 0 OR _commitment_discount_category = 'Spend')"
_STATUS = "_commitment_discount_id != '' AND _commitment_discount_status"


def recognises(columns: Columns) -> bool:
    """Whether a file has the columns without which it is no FOCUS."""
    return columns.has("BilledCost", "ChargePeriodStart") or columns.has("BilledCost", "BillingPeriodStart")


def read(columns: Columns) -> LineMap:
    """How the file becomes lines."""
    optional = {"invoice_id", "service_code", "usage_type", "operation", "instance_type", "product_family"}
    typed = {
        name: coerce.text((columns.find if name in optional else columns.need)(*names))
        for name, names in _TEXTS.items()
    }
    details = columns.find("x_SkuDetails", "SkuPriceDetails")
    if details is not None:  # Azure says there what size a machine is; the whole stays with the line
        columns.used.discard(details.name)
        size = f"{coerce.pairs(details)}['ServiceType']"
        typed["instance_type"] = f"if({typed['instance_type']} = '', {size}, {typed['instance_type']})"
    currency = columns.need("BillingCurrency")
    typed["billing_currency"] = coerce.text(currency, NO_CURRENCY)
    account = coerce.text(columns.find("SubAccountId"))
    typed["sub_account_id"] = f"if({account} = '', {typed['billing_account_id']}, {account})"
    typed |= {name: coerce.time(columns.need(*names)) for name, names in _TIMES.items()}
    amounts = {name: columns.need(*names) for name, names in _AMOUNTS.items()}
    typed |= {name: coerce.money(column) for name, column in amounts.items()}
    billed = amounts["billed_cost"]
    typed["tags"] = coerce.pairs(columns.find("Tags"))
    own = columns.find("Id", "x_Id", "x_LineItemId")
    typed["properties"] = coerce.collected([(one.name, one) for one in columns.rest() if one.kind is Kind.TEXT])
    return LineMap(
        FORMAT,
        typed,
        derived=_derived(amounts),
        raw={name: column.sql for name, column in amounts.items() if column is not None},
        beyond=coerce.beyond(billed, typed["billed_cost"]),
        line=f"sipHash64({coerce.text(own)})" if own else _content(columns),
        keep=_keep(columns, billed),
        unread=coerce.unread([columns.find("Tags")]),
        by_day=columns.find(*_TIMES["charge_period_end"]) is not None,
        notes=() if currency else (f"no column BillingCurrency: amounts are in {NO_CURRENCY}",),
    )


def _derived(amounts: dict[str, SourceColumn | None]) -> dict[str, str]:
    def or_billed(name: str) -> str:
        return f"ifNull(_{name}, {coerce.ZERO})" if amounts[name] is not None else "billed_cost"

    used = f"if({_STATUS} = 'Used', effective_cost, {coerce.ZERO})"
    return {
        "line_item_type": "charge_category",
        "commitment_discount_type": f"multiIf(_commitment_discount_id = '', '', {_PLAN}, 'Savings Plan', 'Reserved')",
        "purchase_option": f"multiIf(_commitment_discount_id != '' AND {_PLAN}, 'Savings Plan', "
        "_commitment_discount_id != '' OR _pricing_category = 'Committed', 'Reserved', "
        "_pricing_category = 'Dynamic', 'Spot', 'On-Demand')",
        "offering_type": "__commitment_type",
        "billing_entity": "provider_name",
        "effective_cost": or_billed("effective_cost"),
        "list_cost": or_billed("list_cost"),
        "contracted_cost": or_billed("contracted_cost"),
        "blended_cost": "billed_cost",
        "net_billed_cost": "billed_cost",
        "net_effective_cost": "effective_cost",
        "commitment_used": used,
        "commitment_total": f"if({_STATUS} IN ('Used', 'Unused'), effective_cost, {coerce.ZERO})",
        "commitment_total_hours": f"if({_STATUS} IN ('Used', 'Unused'), commitment_discount_quantity, {coerce.ZERO})",
        "commitment_unused_hours": f"if({_STATUS} = 'Unused', commitment_discount_quantity, {coerce.ZERO})",
    }


def _content(columns: Columns) -> str:
    parts = ", ".join(f"toString({column.sql})" for column in columns.columns if column.kind is not Kind.OTHER)
    return f"sipHash64({parts})"


def _keep(columns: Columns, billed: SourceColumn | None) -> str:
    """Blank lines of a CSV (the tables of the specification have them) are no lines."""
    if billed is None or billed.kind is not Kind.TEXT:
        return "1"
    texts = [column for column in columns.columns if column.kind is Kind.TEXT]
    return "(" + " OR ".join(coerce.given(column) for column in (billed, *texts)) + ")"
