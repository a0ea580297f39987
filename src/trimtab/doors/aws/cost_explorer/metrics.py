"""Metrics: their names on the wire, and amounts with their units. Amounts of two currencies are never added."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimtab.costs.model import CostRow, Metric
from trimtab.doors.aws.cost_explorer.rooms import invalid
from trimtab.doors.aws.faults import AwsError

METRICS: Mapping[str, Metric] = {
    "AmortizedCost": Metric.AMORTIZED,
    "BlendedCost": Metric.BLENDED,
    "NetAmortizedCost": Metric.NET_AMORTIZED,
    "NetUnblendedCost": Metric.NET_UNBLENDED,
    "NormalizedUsageAmount": Metric.NORMALIZED_USAGE,
    "UnblendedCost": Metric.UNBLENDED,
    "UsageQuantity": Metric.USAGE,
    "BilledCost": Metric.BILLED,
    "ContractedCost": Metric.CONTRACTED,
    "ListCost": Metric.LIST,
    "PublicOnDemandCost": Metric.LIST,
}
COMPARED = tuple(METRICS)[:7]
"""What comparisons and their drivers take."""
_QUANTITIES = frozenset({Metric.USAGE, Metric.NORMALIZED_USAGE})
_UPPER = {name.upper(): name for name in METRICS} | {
    "UNBLENDED_COST": "UnblendedCost",
    "BLENDED_COST": "BlendedCost",
    "AMORTIZED_COST": "AmortizedCost",
    "NET_UNBLENDED_COST": "NetUnblendedCost",
    "NET_AMORTIZED_COST": "NetAmortizedCost",
    "USAGE_QUANTITY": "UsageQuantity",
    "NORMALIZED_USAGE_AMOUNT": "NormalizedUsageAmount",
}
"""The names are taken in any case and in the forecast operations' spelling, as AWS does."""
NO_UNIT, NO_CURRENCY = "N/A", "USD"
"""The unit of nothing: AWS answers `0 USD` for a period without lines."""


def read_metrics(names: Sequence[str], allowed: Sequence[str] = tuple(METRICS)) -> dict[str, Metric]:
    """The metrics by the names that the answer carries. Raises AwsError (ValidationException)."""
    found = {}
    for name in names:
        known = name if name in METRICS else _UPPER.get(name.upper())
        if known is None or known not in allowed:
            raise invalid(f"Metric {name} is invalid: expected {', '.join(allowed)}")
        found[known] = METRICS[known]
    if not found:
        raise invalid("Metrics must not be empty")
    return found


def values_of(rows: Sequence[CostRow], metrics: Mapping[str, Metric], columns: Sequence[Metric]) -> dict[str, object]:
    """The `Metrics` of one group in one period, whose `rows` differ in currency only; of none, zeros.

    Raises AwsError where a cost would add two currencies.
    """
    found: dict[str, object] = {}
    for name, metric in metrics.items():
        at = columns.index(metric)
        quantity = metric in _QUANTITIES
        found[name] = {
            "Amount": text(sum((row.amounts[at] for row in rows), Decimal(0))),
            "Unit": unit_of(rows) if quantity else currency_of(rows, at),
        }
    return found


def currency_of(rows: Sequence[CostRow], at: int = 0) -> str:
    """The one currency in which `rows` have an amount of a metric. Raises AwsError where there are several."""
    some = [row.currency for row in rows if row.amounts[at]]
    return single_currency(some or sorted({row.currency for row in rows})[:1]) or NO_CURRENCY


def single_currency(currencies: Iterable[str]) -> str:
    """The one currency among `currencies`, "" for none. Raises AwsError where there are several."""
    found = sorted(set(currencies))
    if len(found) > 1:
        raise AwsError(
            "DataUnavailableException",
            f"Data is not available as one amount: the bill is in {' and '.join(found)}, which are never added. "
            "Group by CURRENCY, or filter by PAYER_ACCOUNT or BILLING_ENTITY.",
        )
    return found[0] if found else ""


def unit_of(rows: Sequence[CostRow]) -> str:
    """The one unit of usage of `rows`, "N/A" where they differ."""
    found = {row.unit for row in rows}
    return (found.pop() or NO_UNIT) if len(found) == 1 else NO_UNIT


def text(amount: Decimal) -> str:
    """An amount as the wire has it: plain digits without trailing zeros."""
    plain = f"{amount:f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) if amount else "0"
