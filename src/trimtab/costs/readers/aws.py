"""AWS's Cost and Usage Report as lines, under the names of CUR 2.0 (legacy names are translated before).

Amortisation, purchase option and what counts as a commitment follow AWS's documentation ("Understanding your amortized
costs", "Savings Plans" and "Reservation details" of the CUR's data dictionary):

| line item type | amortised |
| SavingsPlanCoveredUsage | the plan's effective cost |
| SavingsPlanRecurringFee | total commitment to date − used commitment |
| SavingsPlanNegation, SavingsPlanUpfrontFee | 0 |
| DiscountedUsage | the reservation's effective cost |
| RIFee | unused amortised upfront fee + unused recurring fee |
| Fee with a reservation's ARN | 0 |
| anything else | unblended |

Net amounts are those after discounts. The net amortised amount is the same table over the net columns, and the gross
one on a line that has no net amount (AWS fills them where a discount applied). AWS has no net column for what is
unused of a Savings Plan: it is (total commitment − used commitment) × net ÷ gross of the commitment. Net there is the
line's net amortised upfront commitment + net recurring commitment, as in AWS's Cloud Intelligence Dashboards; without
these columns the fee's own net ÷ gross unblended cost counts.
"""

from trimtab.costs.readers import coerce
from trimtab.costs.readers.aws_services import SERVICE_CATEGORIES
from trimtab.costs.readers.columns import Columns, Kind, SourceColumn
from trimtab.costs.readers.lines import LineMap

_TEXTS = {
    "billing_account_id": ("bill_payer_account_id",),
    "billing_account_name": ("bill_payer_account_name",),
    "billing_entity": ("bill_billing_entity",),
    "invoice_issuer_name": ("line_item_legal_entity",),
    "invoice_id": ("bill_invoice_id",),
    "sub_account_name": ("line_item_usage_account_name",),
    "line_item_type": ("line_item_line_item_type",),
    "charge_description": ("line_item_line_item_description",),
    "service_code": ("line_item_product_code",),
    "usage_type": ("line_item_usage_type",),
    "operation": ("line_item_operation",),
    "availability_zone": ("line_item_availability_zone",),
    "resource_id": ("line_item_resource_id",),
    "pricing_unit": ("pricing_unit",),
    "sku_price_id": ("pricing_rate_code", "pricing_rate_id"),
    "offering_type": ("savings_plan_offering_type", "pricing_offering_class"),
    "split_parent": ("split_line_item_parent_resource_id",),
}
_PRODUCT = {
    "_service": ("servicename", "product_name", "ProductName"),
    "region_id": ("region_code", "regionCode", "region"),
    "instance_type": ("instance_type", "instanceType"),
    "product_family": ("product_family", "productFamily"),
    "platform": ("operating_system", "operatingSystem"),
    "tenancy": ("tenancy",),
    "database_engine": ("database_engine", "databaseEngine"),
    "sku_id": ("sku",),
    "region_name": ("location",),
}
"""Attributes of the product: columns `product_…` of their own, else keys of the map `product`."""

_AMOUNTS = {
    "billed_cost": ("line_item_unblended_cost",),
    "blended_cost": ("line_item_blended_cost",),
    "net_billed_cost": ("line_item_net_unblended_cost",),
    "list_cost": ("pricing_public_on_demand_cost",),
    "list_unit_price": ("pricing_public_on_demand_rate",),
    "consumed_quantity": ("line_item_usage_amount",),
    "normalized_quantity": ("line_item_normalized_usage_amount",),
    "split_usage": ("split_line_item_split_usage",),
    "split_usage_ratio": ("split_line_item_split_usage_ratio",),
    "split_cost": ("split_line_item_split_cost",),
    "split_unused_cost": ("split_line_item_unused_cost",),
    "net_split_cost": ("split_line_item_net_split_cost",),
    "net_split_unused_cost": ("split_line_item_net_unused_cost",),
}
_COMMITMENTS = {
    "sp_effective": ("savings_plan_savings_plan_effective_cost",),
    "sp_total": ("savings_plan_total_commitment_to_date",),
    "sp_used": ("savings_plan_used_commitment",),
    "ri_effective": ("reservation_effective_cost",),
    "ri_unused_upfront": ("reservation_unused_amortized_upfront_fee_for_billing_period",),
    "ri_unused_recurring": ("reservation_unused_recurring_fee",),
    "ri_upfront": ("reservation_amortized_upfront_fee_for_billing_period",),
    "ri_hours": ("reservation_total_reserved_units",),
    "ri_unused_hours": ("reservation_unused_quantity",),
    "net_sp_upfront": ("savings_plan_net_amortized_upfront_commitment_for_billing_period",),
    "net_sp_recurring": ("savings_plan_net_recurring_commitment_for_billing_period",),
    "net_sp_effective": ("savings_plan_net_savings_plan_effective_cost",),
    "net_ri_effective": ("reservation_net_effective_cost",),
    "net_ri_unused_upfront": ("reservation_net_unused_amortized_upfront_fee_for_billing_period",),
    "net_ri_unused_recurring": ("reservation_net_unused_recurring_fee",),
}
"""Amounts that a line's own are derived from; they are not kept."""
_GROSS = {name: name.removeprefix("net_") for name in _COMMITMENTS if name.startswith("net_")} | dict.fromkeys(
    ("net_sp_upfront", "net_sp_recurring"), "sp_total"
)
"""What each net amount is the net of."""

_PROPERTIES = ("line_item_iam_principal", "line_item_tax_type")
_TYPE = "_line_item_type"
_COVERED_TYPES = ("SavingsPlanCoveredUsage", "DiscountedUsage")
_COVERED = f"{_TYPE} IN {_COVERED_TYPES}"
_FEES = ("Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee")
_CATEGORIES = dict.fromkeys(_FEES, "Purchase") | {"Tax": "Tax", "Credit": "Credit", "Refund": "Credit"}
_KNOWN = f"replaceRegexpOne({_TYPE}, '^.*Discount$', 'Discount')"  # EdpDiscount, PrivateRateDiscount …
_CATEGORY = coerce.replaced(_KNOWN, _CATEGORIES | {"Discount": "Adjustment"}, "Usage")
_FREQUENCIES = {
    **dict.fromkeys((*_CATEGORIES, "Discount"), "One-Time"),
    **dict.fromkeys(("RIFee", "SavingsPlanRecurringFee"), "Recurring"),
}


def map_aws(columns: Columns, format_: str) -> LineMap:
    """How a file with CUR 2.0's names becomes lines."""
    typed = {name: coerce.text(columns.find(*names)) for name, names in _TEXTS.items()}
    typed |= {name: _product(columns, names) for name, names in _PRODUCT.items()}
    typed["billing_currency"] = coerce.text(columns.find("line_item_currency_code"), "USD")
    account = coerce.text(columns.find("line_item_usage_account_id"))
    typed["sub_account_id"] = f"if({account} = '', {typed['billing_account_id']}, {account})"
    typed |= _commitment_names(columns)
    typed["tags"] = _tags(columns)
    typed["cost_categories"] = _named(columns, "cost_category")
    kept = [(name.partition("_")[2], column) for name in _PROPERTIES if (column := columns.find(name))]
    typed["properties"] = coerce.collected([(key.removeprefix("item_"), column) for key, column in kept])
    typed |= _times(columns)

    amounts = {name: columns.need(*names) for name, names in _AMOUNTS.items() if not name.startswith(("split", "net"))}
    amounts |= {name: columns.find(*names) for name, names in _AMOUNTS.items() if name.startswith(("split", "net"))}
    typed |= {name: coerce.money(column) for name, column in amounts.items()}
    facts = {name: columns.find(*names) for name, names in _COMMITMENTS.items()}
    typed |= {name: f"ifNull({coerce.money(column)}, {coerce.ZERO})" for name, column in facts.items()}
    typed |= {f"has_{name}": coerce.given(facts[name]) for name in facts if name.startswith("net_")}
    typed |= {f"has_{name}": coerce.given(amounts[name]) for name in ("blended_cost", "net_billed_cost", "list_cost")}
    billed = amounts["billed_cost"]
    return LineMap(
        format_,
        typed,
        derived=_derived(facts),
        raw={name: column.sql for name, column in amounts.items() if column is not None},
        beyond=coerce.beyond(billed, typed["billed_cost"]),
        line=_line(columns),
        keep=_keep(columns, billed),
        unread=coerce.unread([columns.find("resource_tags"), columns.find("cost_category")]),
        notes=_notes(facts, amounts["net_billed_cost"] is not None),
    )


def _times(columns: Columns) -> dict[str, str]:
    names = {
        "charge_period_start": "line_item_usage_start_date",
        "charge_period_end": "line_item_usage_end_date",
        "billing_period_start": "bill_billing_period_start_date",
        "billing_period_end": "bill_billing_period_end_date",
    }
    return {name: coerce.time(columns.need(column)) for name, column in names.items()}


def _commitment_names(columns: Columns) -> dict[str, str]:
    plan = coerce.text(columns.find("savings_plan_savings_plan_a_r_n"))
    reservation = coerce.text(columns.find("reservation_reservation_a_r_n"))
    usage_type = coerce.text(columns.find("line_item_usage_type"))
    return {
        "commitment_discount_id": f"if({plan} != '', {plan}, {reservation})",
        "commitment_discount_type": f"multiIf({plan} != '', 'Savings Plan', {reservation} != '', 'Reserved', '')",
        "purchase_option": f"multiIf({plan} != '', 'Savings Plan', {reservation} != '', 'Reserved', "
        f"position({usage_type}, 'Spot') > 0, 'Spot', 'On-Demand')",
    }


def _derived(facts: dict[str, SourceColumn | None]) -> dict[str, str]:
    list_ = (
        f"multiIf(_has_list_cost, ifNull(_list_cost, {coerce.ZERO}), {_TYPE} = 'SavingsPlanNegation' OR "
        f"{_TYPE} IN {_FEES} AND _commitment_discount_id != '', {coerce.ZERO}, billed_cost)"
    )
    plan_fee = f"{_TYPE} = 'SavingsPlanRecurringFee'"
    reservation_fee = f"{_TYPE} = 'RIFee'"
    return {
        "charge_category": _CATEGORY,
        "charge_class": coerce.replaced(_TYPE, {"Refund": "Correction"}, ""),
        "charge_frequency": coerce.replaced(_KNOWN, _FREQUENCIES, "Usage-Based"),
        "provider_name": "'AWS'",
        "publisher_name": "if(_billing_entity = 'AWS Marketplace', _invoice_issuer_name, 'AWS')",
        "service_name": "if(__service = '', _service_code, __service)",
        "service_category": _service_category(),
        "pricing_category": f"multiIf({_COVERED}, 'Committed', _purchase_option = 'Spot', 'Dynamic', 'Standard')",
        "commitment_discount_status": coerce.replaced(_TYPE, dict.fromkeys(_COVERED_TYPES, "Used"), ""),
        "commitment_discount_category": "multiIf(_commitment_discount_type = 'Savings Plan', 'Spend', "
        "_commitment_discount_type = 'Reserved', 'Usage', '')",
        "commitment_discount_quantity": f"if({_COVERED}, ifNull(_consumed_quantity, {coerce.ZERO}), {coerce.ZERO})",
        "commitment_discount_unit": f"if({_COVERED}, _pricing_unit, '')",
        "consumed_unit": "_pricing_unit",
        "pricing_quantity": "consumed_quantity",
        "blended_cost": f"if(_has_blended_cost, ifNull(_blended_cost, {coerce.ZERO}), billed_cost)",
        "net_billed_cost": f"if(_has_net_billed_cost, ifNull(_net_billed_cost, {coerce.ZERO}), billed_cost)",
        "list_cost": list_,
        "contracted_cost": f"if({_COVERED}, list_cost, billed_cost)",
        "effective_cost": _amortised("billed_cost", facts, ""),
        "net_effective_cost": _amortised("net_billed_cost", facts, "net_"),
        "commitment_total": f"multiIf({plan_fee}, _sp_total, {reservation_fee}, billed_cost + _ri_upfront, "
        f"{coerce.ZERO})",
        "commitment_used": f"multiIf({plan_fee}, _sp_used, {reservation_fee}, billed_cost + _ri_upfront - "
        f"_ri_unused_upfront - _ri_unused_recurring, {coerce.ZERO})",
        "commitment_total_hours": f"if({reservation_fee}, _ri_hours, {coerce.ZERO})",
        "commitment_unused_hours": f"if({reservation_fee}, _ri_unused_hours, {coerce.ZERO})",
    }


def _service_category() -> str:
    codes = ", ".join(coerce.quoted(code) for codes in SERVICE_CATEGORIES.values() for code in codes)
    names = ", ".join(coerce.quoted(name) for name, codes in SERVICE_CATEGORIES.items() for _ in codes)
    return f"transform(_service_code, [{codes}], [{names}], 'Other')"


def _amortised(unblended: str, facts: dict[str, SourceColumn | None], net: str) -> str:
    """The table above. A fact that the bill or the line does not have falls back: net to gross, gross to unblended."""

    def fact(name: str) -> str | None:
        if facts[name] is None:
            return f"_{net}{name}" if facts[net + name] is not None else None
        return f"if(_has_{net}{name}, _{net}{name}, _{name})" if net and facts[net + name] is not None else f"_{name}"

    arms = []
    for type_, found in (("SavingsPlanCoveredUsage", fact("sp_effective")), ("DiscountedUsage", fact("ri_effective"))):
        if found:
            arms.append(f"{_TYPE} = '{type_}', {found}")
    if facts["sp_total"] and facts["sp_used"]:
        arms.append(f"{_TYPE} = 'SavingsPlanRecurringFee', {_net_unused() if net else '_sp_total - _sp_used'}")
    if (upfront := fact("ri_unused_upfront")) and (recurring := fact("ri_unused_recurring")):
        arms.append(f"{_TYPE} = 'RIFee', {upfront} + {recurring}")
    arms.append(f"{_TYPE} IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee'), {coerce.ZERO}")
    arms.append(f"{_TYPE} = 'Fee' AND _commitment_discount_type = 'Reserved', {coerce.ZERO}")
    return f"multiIf({', '.join(arms)}, {unblended})"


def _net_unused() -> str:
    """What is unused of a Savings Plan's commitment, after discounts."""
    unused = "(_sp_total - _sp_used)"

    def share(net: str, gross: str) -> str:
        wide = [f"toDecimal256({part}, 12)" for part in (unused, net, gross)]
        exact = f"divideDecimal(multiplyDecimal({wide[0]}, {wide[1]}, 24), {wide[2]}, 24)"
        return f"toDecimal128(round({exact}, 12), 12)"

    return (
        f"multiIf({unused} = 0, {coerce.ZERO}, "
        f"(_has_net_sp_upfront OR _has_net_sp_recurring) AND _sp_total != 0, "
        f"{share('_net_sp_upfront + _net_sp_recurring', '_sp_total')}, "
        f"_has_net_billed_cost AND billed_cost != 0, {share('net_billed_cost', 'billed_cost')}, {unused})"
    )


def _notes(facts: dict[str, SourceColumn | None], has_net: bool) -> tuple[str, ...]:
    gone = [_COMMITMENTS[name][0] for name in ("sp_effective", "sp_total", "ri_effective") if facts[name] is None]
    said = [f"no column {name}: amortised is unblended where it would count" for name in gone]
    if has_net:
        lacks = [
            _COMMITMENTS[name][0]
            for name in facts
            if name.startswith("net_") and facts[name] is None and facts[_GROSS[name]] is not None
        ]
        said += [f"no column {name}: net amortised is before discounts where it would count" for name in lacks]
    return tuple(said)


def _product(columns: Columns, names: tuple[str, ...]) -> str:
    """The first of a product's attributes that says something: from its own columns, then from the map."""
    found = [coerce.text(column) for name in names if (column := columns.find(f"product_{name}", f"product/{name}"))]
    if not found and (held := columns.find("product")) is not None:
        if held.kind is Kind.PAIRS:
            found = [f"{held.sql}[{coerce.quoted(name)}]" for name in names]
        else:
            found = [f"JSONExtractString({coerce.text(held)}, {coerce.quoted(name)})" for name in names]
    if len(found) < 2:
        return found[0] if found else "''"
    arms = ", ".join(f"{sql} != '', {sql}" for sql in found[:-1])
    return f"multiIf({arms}, {found[-1]})"


def _tags(columns: Columns) -> str:
    """Tags under the keys that their owners gave them: the prefix of user tags goes, that of AWS's own stays."""
    held = columns.find("resource_tags")
    if held is not None:
        given = f"mapFilter((k, v) -> v != '', {coerce.pairs(held)})"
        return f"mapApply((k, v) -> (replaceRegexpOne(k, '^user[_:]', ''), v), {given})"
    found = columns.where(lambda name: name.startswith(("resource_tags_", "resourceTags/")))
    keys = [column.name.removeprefix("resourceTags/").removeprefix("resource_tags_") for column in found]
    return coerce.collected(
        [(key.removeprefix("user:").removeprefix("user_"), column) for key, column in zip(keys, found, strict=True)]
    )


def _named(columns: Columns, prefix: str) -> str:
    held = columns.find(prefix)
    if held is not None:
        return coerce.pairs(held)
    camel = prefix.split("_")[0] + "".join(part.title() for part in prefix.split("_")[1:]) + "/"
    found = columns.where(lambda name: name.startswith((f"{prefix}_", camel)))
    return coerce.collected([(column.name.removeprefix(camel).removeprefix(f"{prefix}_"), column) for column in found])


def _line(columns: Columns) -> str:
    own = columns.find("identity_line_item_id")
    return f"sipHash64({own.sql})" if own is not None and not own.nullable else f"sipHash64({coerce.text(own)})"


def _keep(columns: Columns, billed: SourceColumn | None) -> str:
    """Blank lines at the end of a CSV are no lines."""
    type_ = columns.find("line_item_line_item_type")
    if type_ is None or billed is None or billed.kind is not Kind.TEXT:
        return "1"
    return f"({coerce.given(type_)} OR {coerce.given(billed)})"
