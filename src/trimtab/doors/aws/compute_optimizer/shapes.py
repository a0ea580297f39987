"""The room's objects as the API's structures."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trimtab.advice.rightsizing.model import Advised, Axis, Option, Recommendation
from trimtab.advice.rightsizing.planned import Planned

_METRICS = {
    Axis.CPU: "Cpu",
    Axis.MEMORY: "Memory",
    Axis.GPU: "GPU_PERCENTAGE",
    Axis.GPU_MEMORY: "GPU_MEMORY_PERCENTAGE",
    Axis.NETWORK: "NETWORK_OUT_BYTES_PER_SECOND",
}
_HUNDRED = 100.0


def utilization(found: Recommendation) -> list[dict[str, Any]]:
    """`UtilizationMetrics`: the highest use of the lookback in percent, of the network in bytes a second."""
    return _metrics(found.observed, found.current)


def _metrics(shares: Mapping[Axis, float], option: Option | None) -> list[dict[str, Any]]:
    told = []
    for axis, name in _METRICS.items():
        if axis in shares:
            value = shares[axis] * _HUNDRED
            if axis is Axis.NETWORK:
                value = shares[axis] * (option.capacity.get(axis, 0.0) if option is not None else 0.0)
            told.append({"name": name, "statistic": "Maximum", "value": value})
    return told


def projected(one: Advised) -> list[dict[str, Any]]:
    """`ProjectedUtilizationMetrics` of an option."""
    return _metrics(one.projected, one.option)


def savings(one: Advised, planned: Planned | None) -> dict[str, Any]:
    """`SavingsOpportunity` at list prices, nothing where one is not known; after discounts what it adds in the plan.

    The plan takes one size of a resource, the first; of the others it says nothing.
    """
    told: dict[str, Any] = {}
    if one.saving is not None and one.saving_share is not None:
        share = max(one.saving_share, 0.0) * _HUNDRED
        told["savingsOpportunity"] = opportunity(one.saving, share, one.option.currency)
    return {**told, **(after_discounts(planned) if one.rank == 1 else {})}


def after_discounts(planned: Planned | None) -> dict[str, Any]:
    """`savingsOpportunityAfterDiscounts`: what leaves the invoice; nothing where that is not known."""
    if planned is None or planned.cash is None:
        return {}
    return {"savingsOpportunityAfterDiscounts": opportunity(planned.cash, planned.percent, planned.currency)}


def opportunity(amount: Decimal, percentage: float, currency: str = "USD") -> dict[str, Any]:
    """A `SavingsOpportunity`; what would cost more saves nothing."""
    return {
        "savingsOpportunityPercentage": round(percentage, 2),
        "estimatedMonthlySavings": {"currency": currency, "value": max(float(amount), 0.0)},
    }


def risk_word(risk: float) -> str:
    """A performance risk of 0 to 4 as a rating."""
    return "VeryLow" if risk < 1 else "Low" if risk < 2 else "Medium" if risk < 3 else "High"


def gpus(option: Option | None) -> dict[str, Any]:
    """`GpuInfo`; empty without GPUs."""
    if option is None or not option.facts.get("gpus"):
        return {}
    number = float(option.facts["gpus"])
    memory = option.capacity.get(Axis.GPU_MEMORY, 0.0) / number * 1024.0
    return {"gpus": [{"gpuCount": max(round(number), 1), "gpuMemorySizeInMiB": round(memory)}]}


def tags(found: Recommendation) -> list[dict[str, str]]:
    """Tags as pairs."""
    return [{"key": key, "value": value} for key, value in sorted(found.subject.tags.items())]


def preferences(held: Mapping[str, Any]) -> dict[str, Any]:
    """`EffectiveRecommendationPreferences`."""
    names = ("enhancedInfrastructureMetrics", "inferredWorkloadTypes", "lookBackPeriod", "utilizationPreferences",
             "cpuVendorArchitectures")  # fmt: skip
    told = {name: held[name] for name in names if name in held}
    return {**told, "savingsEstimationMode": {"source": "PublicPricing"}}
