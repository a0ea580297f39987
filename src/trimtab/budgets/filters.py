"""What of the bill a budget sums: the older `CostFilters` map and `CostTypes` as Cost Explorer's Expression and filter.

Source: Budgets API reference, CostFilters, CostTypes and Expression.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import And, Dimension, Filter, Match, Metric, Not, Or, Where
from trimtab.costs.tag_keys import loose

ReadFilter = Callable[[Mapping[str, Any] | None], Filter | None]
"""Reads Cost Explorer's Expression; `app.py` gives the one of the Cost Explorer door. Raises TrimtabError."""

_DIMENSIONS: Mapping[str, str] = {
    "AZ": "AZ",
    "AvailabilityZone": "AZ",
    "BillingEntity": "BILLING_ENTITY",
    "DatabaseEngine": "DATABASE_ENGINE",
    "InstanceType": "INSTANCE_TYPE",
    "InstanceTypeFamily": "INSTANCE_TYPE_FAMILY",
    "InvoicingEntity": "INVOICING_ENTITY",
    "LegalEntityName": "LEGAL_ENTITY_NAME",
    "LinkedAccount": "LINKED_ACCOUNT",
    "LinkedAccountName": "LINKED_ACCOUNT_NAME",
    "OperatingSystem": "OPERATING_SYSTEM",
    "Operation": "OPERATION",
    "Platform": "PLATFORM",
    "PurchaseType": "PURCHASE_TYPE",
    "RecordType": "RECORD_TYPE",
    "Region": "REGION",
    "ReservationId": "RESERVATION_ID",
    "ResourceId": "RESOURCE_ID",
    "SavingsPlanArn": "SAVINGS_PLAN_ARN",
    "Service": "SERVICE",
    "ServiceCode": "SERVICE_CODE",
    "Tenancy": "TENANCY",
    "UsageType": "USAGE_TYPE",
}
_PAIRS = {"TagKeyValue": "Tags", "CostCategory": "CostCategories"}
_DEFAULTS: Mapping[str, bool] = {
    "IncludeTax": True,
    "IncludeSubscription": True,
    "UseBlended": False,
    "IncludeRefund": True,
    "IncludeCredit": True,
    "IncludeUpfront": True,
    "IncludeRecurring": True,
    "IncludeOtherSubscription": True,
    "IncludeSupport": True,
    "IncludeDiscount": True,
    "UseAmortized": False,
}
_RECORDS: Mapping[str, tuple[str, ...]] = {
    "IncludeTax": ("Tax",),
    "IncludeRefund": ("Refund",),
    "IncludeCredit": ("Credit",),
    "IncludeUpfront": ("SavingsPlanUpfrontFee",),
    "IncludeRecurring": ("RIFee", "SavingsPlanRecurringFee"),
    "IncludeSubscription": ("RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "Fee"),
    "IncludeDiscount": ("Discount", "EdpDiscount", "PrivateRateDiscount", "BundledDiscount"),
}
"""Record types of the bill that a cost type leaves out when it is false."""
_SUPPORT = Where(Dimension.SERVICE, ("AWS Support", "AWS Premium Support"), Match.STARTS_WITH)
_ONE_OFF = Where(Dimension.RECORD_TYPE, ("Fee",))
_METRICS: Mapping[str, Metric] = {one.value: one for one in Metric} | {"Hours": Metric.USAGE}


def cost_types(form: Mapping[str, Any]) -> dict[str, bool]:
    """Every cost type, those not given at their defaults."""
    given = {name: value for name, value in (form.get("CostTypes") or {}).items() if value is not None}
    return dict(_DEFAULTS) | given


def metric_of(form: Mapping[str, Any]) -> Metric:
    """What a budget sums."""
    names: Sequence[str] = form.get("Metrics") or ()
    if names:
        return _METRICS[names[0]]
    if form["BudgetType"] == "USAGE":
        return Metric.USAGE
    types = cost_types(form)
    if types["UseAmortized"]:
        return Metric.AMORTIZED
    return Metric.BLENDED if types["UseBlended"] else Metric.UNBLENDED


def where_of(form: Mapping[str, Any], read: ReadFilter) -> Filter | None:
    """The lines that a budget counts. Raises TrimtabError for a filter that cannot be read.

    A tag is any spelling of its key: the budget of a team is about all that the team's statement is about.
    """
    expression = form.get("FilterExpression")
    if expression is None:
        expression = expression_of(form.get("CostFilters") or {})
    charges = None if form.get("Metrics") else _charges(form)
    parts = [part for part in (loose(read(expression)), charges) if part is not None]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def expression_of(filters: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    """The Expression of a CostFilters map; None of an empty one. Raises InvalidInput."""
    parts: list[dict[str, Any]] = []
    for name, values in sorted(filters.items()):
        if not values:
            raise InvalidInput(f"cannot filter by {name}: got no value; expected one at least", field="CostFilters")
        if name in _PAIRS:
            parts += _pairs(name, values)
        elif name.startswith("tag:"):
            parts.append({"Tags": {"Key": name.removeprefix("tag:"), "Values": list(values)}})
        elif name in _DIMENSIONS:
            parts.append({"Dimensions": {"Key": _DIMENSIONS[name], "Values": list(values)}})
        else:
            known = ", ".join(sorted([*_DIMENSIONS, *_PAIRS]))
            raise InvalidInput(f"cannot filter by {name}: expected one of {known}, tag:<key>", field="CostFilters")
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"And": parts}


def _pairs(name: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """`user:team$ml` and `user:team$web` as one condition on the tag `team`."""
    found: dict[str, list[str]] = {}
    for value in values:
        key, dollar, wanted = value.partition("$")
        if not dollar:
            raise InvalidInput(f"cannot filter by {name} {value!r}: expected key$value", field="CostFilters")
        found.setdefault(key.removeprefix("user:"), []).append(wanted)
    return [{_PAIRS[name]: {"Key": key, "Values": wanted}} for key, wanted in found.items()]


def _charges(form: Mapping[str, Any]) -> Filter | None:
    """What the cost types leave out."""
    if form["BudgetType"] != "COST":
        return None
    types = cost_types(form)
    records = {record for name, left in _RECORDS.items() if not types[name] for record in left}
    out: list[Filter] = [Where(Dimension.RECORD_TYPE, tuple(sorted(records)))] if records else []
    if not types["IncludeSupport"]:
        out.append(_SUPPORT)
    if not types["IncludeOtherSubscription"] and "Fee" not in records:
        out.append(_ONE_OFF)
    if not out:
        return None
    return Not(out[0] if len(out) == 1 else Or(tuple(out)))
