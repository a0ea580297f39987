"""GetSavingsPlansCoverage, GetSavingsPlansUtilization and GetSavingsPlansUtilizationDetails.

Coverage is of spend at on-demand rates: what ran under a plan, and what could have. A plan's hourly fee is in the bill
at the hour or day that it is for, so every granularity is exact.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.costs.explorer.commitments import CommitmentUse, SpendCoverage, total_use
from trimtab.costs.explorer.eligible import AWS, SAVINGS_PLAN, within
from trimtab.costs.model import Dimension, Facet
from trimtab.doors.aws.cost_explorer.commitment_rows import (
    attributes,
    available,
    by_period,
    percent,
    read_span,
    sorted_by,
)
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.intervals import on_wire
from trimtab.doors.aws.cost_explorer.metrics import text
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 100
_GROUPS: Mapping[str, tuple[Facet, str]] = {
    "INSTANCE_FAMILY": (Dimension.INSTANCE_TYPE_FAMILY, "InstanceFamily"),
    "REGION": (Dimension.REGION, "Region"),
    "SERVICE": (Dimension.SERVICE, "Service"),
}
_COVERED = "SpendCoveredBySavingsPlans"
_COVERAGE_KEYS = ("SpendCoveredBySavingsPlan", _COVERED, "OnDemandCost", "CoveragePercentage", "TotalCost",
                  "InstanceFamily", "Region", "Service")  # fmt: skip
_DATA_TYPES = ("ATTRIBUTES", "UTILIZATION", "AMORTIZED_COMMITMENT", "SAVINGS")
_PARTS = {"UTILIZATION": "Utilization", "AMORTIZED_COMMITMENT": "AmortizedCommitment", "SAVINGS": "Savings"}
_USE_KEYS = (
    "UtilizationPercentage",
    "TotalCommitment",
    "UsedCommitment",
    "UnusedCommitment",
    "NetSavings",
    "AmortizedRecurringCommitment",
    "AmortizedUpfrontCommitment",
)


@operations.add("GetSavingsPlansCoverage", bound=True)
async def get_savings_plans_coverage(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The share of spend that ran under a Savings Plan, by period and group."""
    span, granularity = read_span(request, hourly=True)
    if wrong := [one for one in request.get("Metrics") or () if one != _COVERED]:
        raise invalid(f"Metrics {', '.join(wrong)} is not supported: expected {_COVERED}")
    named = [str(one.get("Key")) for one in request.get("GroupBy") or ()]
    if wrong := [one for one in named if one not in _GROUPS]:
        raise invalid(f"GroupBy {', '.join(wrong)} is not supported: expected {', '.join(_GROUPS)}")
    facets = tuple(_GROUPS[one][0] for one in named)
    names = {_GROUPS[one][0]: _GROUPS[one][1] for one in named}
    page = await read_page(rooms, request, context)
    where = read_filter(request.get("Filter"))
    found = await rooms.explorer.spend_coverage(bill_scope(context), span, granularity, facets, where)
    found = available(found, "spend that Savings Plans could cover", lambda one: one.covered > 0)
    rows = [
        {
            "Attributes": attributes(facets, keys, names),
            "Coverage": _coverage(one),
            "TimePeriod": on_wire(*period, granularity),
        }
        for period, _, parts in by_period(found, span, granularity, SpendCoverage(), SpendCoverage.plus)
        for keys, one in parts.items()
    ]
    ordered = sorted_by(rows, request, lambda row: {**row["Attributes"], **row["Coverage"]}, _COVERAGE_KEYS)
    shown, more = page.cut(ordered, request.get("MaxResults") or _PAGE, "NextToken")
    return {"SavingsPlansCoverages": list(shown), **more}


@operations.add("GetSavingsPlansUtilization", bound=True)
async def get_savings_plans_utilization(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The share of what plans commit to that was used, by period."""
    span, granularity = read_span(request, hourly=True)
    where = within(read_filter(request.get("Filter")), AWS)
    found = await rooms.explorer.commitments(bill_scope(context), span, granularity, SAVINGS_PLAN, where)
    found = available(found, "Savings Plan")
    rows = [
        {"TimePeriod": on_wire(*period, granularity), **_use(total)}
        for period, total, _ in by_period(found, span, granularity, CommitmentUse(), CommitmentUse.plus)
    ]
    answer: dict[str, Any] = {"Total": _use(total_use(found.values()))}
    if request.get("Granularity"):
        answer["SavingsPlansUtilizationsByTime"] = sorted_by(rows, request, _flat, _USE_KEYS)
    return answer


@operations.add("GetSavingsPlansUtilizationDetails", bound=True)
async def get_savings_plans_utilization_details(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """Each plan's use over the whole range."""
    span, granularity = read_span(request)
    types = request.get("DataType") or _DATA_TYPES
    page = await read_page(rooms, request, context)
    where = within(read_filter(request.get("Filter")), AWS)
    found = await rooms.explorer.commitments(bill_scope(context), span, granularity, SAVINGS_PLAN, where)
    found = available(found, "Savings Plan")
    rows = []
    for place, use in found.items():
        data = _use(use)
        row: dict[str, Any] = {"SavingsPlanArn": place.keys[1]}
        if "ATTRIBUTES" in types:
            row["Attributes"] = {"SavingsPlanArn": place.keys[1], "SavingsPlansType": place.keys[0]}
        rows.append(row | {_PARTS[one]: data[_PARTS[one]] for one in types if one in _PARTS})
    ordered = sorted_by(rows, request, _flat, _USE_KEYS)
    shown, more = page.cut(ordered, request.get("MaxResults") or _PAGE, "NextToken")
    return {
        "SavingsPlansUtilizationDetails": list(shown),
        "Total": _use(total_use(found.values())),
        "TimePeriod": on_wire(*span),
        **more,
    }


def _coverage(one: SpendCoverage) -> dict[str, str]:
    return {
        _COVERED: text(one.covered),
        "OnDemandCost": text(one.on_demand),
        "TotalCost": text(one.total),
        "CoveragePercentage": percent(one.share),
    }


def _use(use: CommitmentUse) -> dict[str, dict[str, str]]:
    return {
        "Utilization": {
            "TotalCommitment": text(use.total),
            "UsedCommitment": text(use.used),
            "UnusedCommitment": text(use.unused),
            "UtilizationPercentage": percent(use.utilization),
        },
        "Savings": {"NetSavings": text(use.net_savings), "OnDemandCostEquivalent": text(use.on_demand)},
        "AmortizedCommitment": {
            "AmortizedRecurringCommitment": text(use.recurring),
            "AmortizedUpfrontCommitment": text(use.upfront),
            "TotalAmortizedCommitment": text(use.total),
        },
    }


def _flat(row: dict[str, Any]) -> dict[str, str]:
    return {name: value for part in _PARTS.values() for name, value in row.get(part, {}).items()}
