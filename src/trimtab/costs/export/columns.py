"""The columns of a FOCUS export, each as SQL over `cost_lines`; which version has which.

A commitment's fee becomes two rows, as FOCUS wants it: the purchase, which costs nothing effectively since its use
does, and what of it was not used (`part` 1). Empty text, and quantities that a row cannot have, are null.
"""

from collections.abc import Mapping

VERSIONS = ("1.0", "1.1", "1.2")

PARTS = "if(charge_category = 'Purchase' AND commitment_discount_id != '' AND effective_cost != 0, [0, 1], [0])"
_NONE = "CAST(NULL AS Nullable(String))"
_UNUSED = "part = 1"
_FEE = "charge_category = 'Purchase' AND commitment_discount_id != ''"
_CATEGORY = (  # a fee that covers nothing later (support) is usage: what a purchase costs effectively must be 0
    f"if({_UNUSED} OR charge_category = 'Purchase' AND commitment_discount_id = '' AND effective_cost != 0, 'Usage', "
    "toString(charge_category))"
)
_SERVICE_CATEGORY = "if(service_category = '', 'Other', toString(service_category))"
_SKU = "if(sku_id = '', toString(usage_type), toString(sku_id))"
_ISSUER = (  # FOCUS takes another name for another party, which is paid elsewhere
    "if(invoice_issuer_name = '' OR provider_name = 'AWS' AND startsWith(invoice_issuer_name, 'Amazon Web Services'), "
    "toString(provider_name), toString(invoice_issuer_name))"
)
_UNITS = {"Hrs": "Hours", "hours": "Hours", "Hour": "Hours", "GB-Mo": "GB-Months", "GB-month": "GB-Months"}
"""AWS's words for units as FOCUS writes them (its "Unit Format")."""
_USED_UP = f"{_CATEGORY} = 'Usage' AND NOT ({_UNUSED}) AND commitment_discount_status != 'Unused'"
_PRICED = f"{_CATEGORY} IN ('Usage', 'Purchase') AND pricing_unit != ''"


def _text(sql: str) -> str:
    return f"nullIf(toString({sql}), '')"


def _unit(column: str) -> str:
    words = ", ".join(f"'{word}'" for word in _UNITS)
    meant = ", ".join(f"'{word}'" for word in _UNITS.values())
    return _text(f"transform(toString({column}), [{words}], [{meant}], toString({column}))")


def _when(condition: str, sql: str) -> str:
    return f"if({condition}, {sql}, NULL)"


_STATUS = (
    f"multiIf({_UNUSED}, 'Unused', {_CATEGORY} != 'Usage' OR commitment_discount_id = '', NULL, "
    "commitment_discount_status != '', toString(commitment_discount_status), 'Used')"
)
_QUANTITY = "if(pricing_quantity = 0, toDecimal128(1, 12), pricing_quantity)"  # both arms of an if are computed
_UNIT_PRICE = f"if(list_unit_price != 0, list_unit_price, divideDecimal(list_cost, {_QUANTITY}, 12))"
_CONTRACTED_PRICE = (
    f"if(contracted_unit_price != 0, contracted_unit_price, divideDecimal(contracted_cost, {_QUANTITY}, 12))"
)
_COMMITTED = "commitment_discount_unit != '' AND commitment_discount_id != ''"
_HAS_PRICE = f"{_PRICED} AND pricing_quantity != 0 AND NOT ({_UNUSED})"

COLUMNS: Mapping[str, tuple[str, str]] = {
    "AvailabilityZone": ("1.0", _text("availability_zone")),
    "BilledCost": ("1.0", f"if({_UNUSED}, toDecimal128(0, 12), billed_cost)"),
    "BillingAccountId": ("1.0", "toString(billing_account_id)"),
    "BillingAccountName": ("1.0", _text("billing_account_name")),
    "BillingAccountType": ("1.2", _text("if(provider_name = 'AWS', 'Payer Account', 'Billing Account')")),
    "BillingCurrency": ("1.0", "toString(billing_currency)"),
    "BillingPeriodEnd": ("1.0", "billing_period_end"),
    "BillingPeriodStart": ("1.0", "billing_period_start"),
    "CapacityReservationId": ("1.1", _NONE),
    "CapacityReservationStatus": ("1.1", _NONE),
    "ChargeCategory": ("1.0", _CATEGORY),
    "ChargeClass": ("1.0", _text("charge_class")),
    "ChargeDescription": (
        "1.0",
        _text("multiIf(charge_description != '', charge_description, usage_type != '', usage_type, line_item_type)"),
    ),
    "ChargeFrequency": (
        "1.0",
        f"if({_UNUSED}, 'Usage-Based', if(charge_frequency = '', 'Usage-Based', toString(charge_frequency)))",
    ),
    "ChargePeriodEnd": ("1.0", "charge_period_end"),
    "ChargePeriodStart": ("1.0", "charge_period_start"),
    "CommitmentDiscountCategory": ("1.0", _when("commitment_discount_id != ''", _text("commitment_discount_category"))),
    "CommitmentDiscountId": ("1.0", _text("commitment_discount_id")),
    "CommitmentDiscountName": ("1.0", _when("commitment_discount_id != ''", _text("commitment_discount_name"))),
    "CommitmentDiscountQuantity": ("1.1", _when(_COMMITTED, "commitment_discount_quantity")),
    "CommitmentDiscountStatus": ("1.0", _STATUS),
    "CommitmentDiscountType": ("1.0", _text("commitment_discount_type")),
    "CommitmentDiscountUnit": ("1.1", _when(_COMMITTED, _unit("commitment_discount_unit"))),
    "ConsumedQuantity": ("1.0", _when(f"{_USED_UP} AND consumed_unit != ''", "consumed_quantity")),
    "ConsumedUnit": ("1.0", _when(_USED_UP, _unit("consumed_unit"))),
    "ContractedCost": ("1.0", f"if({_UNUSED}, toDecimal128(0, 12), contracted_cost)"),
    "ContractedUnitPrice": ("1.0", _when(_HAS_PRICE, _CONTRACTED_PRICE)),
    "EffectiveCost": ("1.0", f"if({_FEE} AND NOT ({_UNUSED}), toDecimal128(0, 12), effective_cost)"),
    "InvoiceId": ("1.2", _text("invoice_id")),
    "InvoiceIssuerName": ("1.0", _ISSUER),
    "ListCost": ("1.0", f"if({_UNUSED}, toDecimal128(0, 12), list_cost)"),
    "ListUnitPrice": ("1.0", _when(_HAS_PRICE, _UNIT_PRICE)),
    "PricingCategory": (
        "1.0",
        _when(
            f"{_CATEGORY} IN ('Usage', 'Purchase') AND charge_class != 'Correction'",
            "if(pricing_category = '', 'Standard', toString(pricing_category))",
        ),
    ),
    "PricingCurrency": ("1.2", "toString(billing_currency)"),
    "PricingCurrencyContractedUnitPrice": ("1.2", _when(_HAS_PRICE, _CONTRACTED_PRICE)),
    "PricingCurrencyEffectiveCost": ("1.2", f"if({_FEE} AND NOT ({_UNUSED}), toDecimal128(0, 12), effective_cost)"),
    "PricingCurrencyListUnitPrice": ("1.2", _when(_HAS_PRICE, _UNIT_PRICE)),
    "PricingQuantity": ("1.0", _when(f"{_PRICED} AND NOT ({_UNUSED})", "pricing_quantity")),
    "PricingUnit": ("1.0", _when(f"{_PRICED} AND NOT ({_UNUSED})", _unit("pricing_unit"))),
    "ProviderName": ("1.0", "toString(provider_name)"),
    "PublisherName": ("1.0", "if(publisher_name = '', toString(provider_name), toString(publisher_name))"),
    "RegionId": ("1.0", _text("region_id")),
    "RegionName": ("1.0", _when("region_id != ''", "if(region_name = '', toString(region_id), toString(region_name))")),
    "ResourceId": ("1.0", _text("resource_id")),
    "ResourceName": ("1.0", _when("resource_id != ''", _text("resource_name"))),
    "ResourceType": (
        "1.0",
        _when("resource_id != ''", "if(resource_type = '', toString(service_name), toString(resource_type))"),
    ),
    "ServiceCategory": ("1.0", _SERVICE_CATEGORY),
    "ServiceName": ("1.0", "if(service_name = '', 'Other', toString(service_name))"),
    "ServiceSubcategory": ("1.1", f"concat('Other (', {_SERVICE_CATEGORY}, ')')"),
    "SkuId": ("1.0", _when(_PRICED, _SKU)),
    "SkuMeter": ("1.1", _when(_PRICED, _text("usage_type"))),
    "SkuPriceDetails": ("1.1", _NONE),
    "SkuPriceId": (
        "1.0",
        _when(_PRICED, f"if(sku_price_id = '', concat({_SKU}, '.', usage_type), toString(sku_price_id))"),
    ),
    "SubAccountId": ("1.0", _text("sub_account_id")),
    "SubAccountName": ("1.0", _when("sub_account_id != ''", _text("sub_account_name"))),
    "SubAccountType": (
        "1.2",
        _when("sub_account_id != ''", "if(provider_name = 'AWS', 'Linked Account', 'Sub Account')"),
    ),
    "Tags": ("1.0", "toJSONString(tags)"),
}
"""Column name → (first version that has it, SQL)."""


MONEY = ("Cost", "Price", "Quantity")
TIME = ("PeriodStart", "PeriodEnd")
"""How the names of columns end that are decimal numbers, and times; the others are text."""


def columns_of(version: str) -> dict[str, str]:
    """The columns of a version, by name, in alphabetical order as the specification lists them."""
    return {name: sql for name, (since, sql) in COLUMNS.items() if since <= version}
