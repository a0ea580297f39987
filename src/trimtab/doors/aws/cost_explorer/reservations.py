"""GetReservationCoverage and GetReservationUtilization.

Hours that run under a Savings Plan or as Spot are neither reserved nor on demand. Where no SERVICE is filtered by, EC2
is meant, as documented. A bill has a reservation's fee once a month; of a part of it its share by days counts.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trimtab.costs.conditions import facets_of
from trimtab.costs.explorer.commitments import CommitmentUse, HourCoverage
from trimtab.costs.explorer.eligible import AWS, RESERVED, within
from trimtab.costs.model import Dimension, Facet, Filter, Where
from trimtab.doors.aws.cost_explorer.commitment_rows import (
    attributes,
    available,
    by_period,
    percent,
    read_span,
    sorted_by,
)
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.get_cost import read_groups
from trimtab.doors.aws.cost_explorer.intervals import on_wire
from trimtab.doors.aws.cost_explorer.metrics import text
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 100
_NAMES: Mapping[Facet, str] = {
    Dimension.AZ: "availabilityZone",
    Dimension.DATABASE_ENGINE: "databaseEngine",
    Dimension.INSTANCE_TYPE: "instanceType",
    Dimension.INSTANCE_TYPE_FAMILY: "instanceTypeFamily",
    Dimension.LINKED_ACCOUNT: "linkedAccount",
    Dimension.PLATFORM: "platform",
    Dimension.REGION: "region",
    Dimension.SERVICE: "service",
    Dimension.TENANCY: "tenancy",
}
"""What coverage can be grouped by, with the names of the attributes in the answer."""
_MEASURES = ("Hour", "Unit", "Cost")
_COVERAGE_KEYS = (
    "OnDemandCost",
    "CoverageHoursPercentage",
    "OnDemandHours",
    "ReservedHours",
    "TotalRunningHours",
    "CoverageNormalizedUnitsPercentage",
    "OnDemandNormalizedUnits",
    "ReservedNormalizedUnits",
    "TotalRunningNormalizedUnits",
    "Time",
)
_EC2 = Where(Dimension.SERVICE_CODE, ("AmazonEC2",))
_ZERO = Decimal(0)


@operations.add("GetReservationCoverage", bound=True)
async def get_reservation_coverage(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The share of instance hours that ran under a reservation."""
    span, granularity = read_span(request)
    measures = tuple(request.get("Metrics") or ("Hour",))
    if wrong := [one for one in measures if one not in _MEASURES]:
        raise invalid(f"Metrics {', '.join(wrong)} is not supported: expected {', '.join(_MEASURES)}")
    groups = read_groups(request, most=4)
    if wrong := [str(facet) for facet in groups if facet not in _NAMES]:
        raise invalid(f"GroupBy {', '.join(wrong)} is not supported: expected {', '.join(map(str, _NAMES))}")
    page = await read_page(rooms, request, context)
    found = await rooms.explorer.hour_coverage(
        bill_scope(context), span, granularity, groups, _of_ec2(read_filter(request.get("Filter")))
    )
    found = available(found, "instance hours", lambda one: one.reserved > 0)
    results, overall = [], HourCoverage()
    more: dict[str, str] = {}
    for (start, end), total, parts in by_period(found, span, granularity, HourCoverage(), HourCoverage.plus):
        overall = overall.plus(total)
        rows = [
            {"Attributes": attributes(groups, keys, _NAMES), "Coverage": _coverage(one, measures)}
            for keys, one in parts.items()
        ]
        shown, more = page.cut(sorted_by(rows, request, _flat, _COVERAGE_KEYS), request.get("MaxResults") or _PAGE)
        results.append(
            {
                "TimePeriod": on_wire(start, end),
                "Groups": list(shown) if groups else [],
                "Total": {} if groups else _coverage(total, measures),
            }
        )
    return {"CoveragesByTime": results, "Total": _coverage(overall, measures), **(more if groups else {})}


@operations.add("GetReservationUtilization", bound=True)
async def get_reservation_utilization(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The share of reserved hours that ran, and what reservations saved and wasted."""
    span, granularity = read_span(request)
    named = [one.get("Key") for one in request.get("GroupBy") or ()]
    if named not in ([], ["SUBSCRIPTION_ID"]):
        raise invalid("GroupBy is supported for SUBSCRIPTION_ID only")
    page = await read_page(rooms, request, context)
    found = await rooms.explorer.commitments(
        bill_scope(context), span, granularity, RESERVED, within(_of_ec2(read_filter(request.get("Filter"))), AWS)
    )
    found = available(found, "reservation")
    results, overall = [], CommitmentUse()
    more: dict[str, str] = {}
    for (start, end), total, parts in by_period(found, span, granularity, CommitmentUse(), CommitmentUse.plus):
        overall = overall.plus(total)
        rows = [_group(arn, use) for (_, arn, _), use in parts.items()] if named else []
        ordered = sorted_by(rows, request, lambda row: dict(row["Utilization"]), tuple(_utilization(total)))
        shown, more = page.cut(ordered, request.get("MaxResults") or _PAGE)
        results.append({"TimePeriod": on_wire(start, end), "Groups": list(shown), "Total": _utilization(total)})
    return {"UtilizationsByTime": results, "Total": _utilization(overall), **(more if named else {})}


def _of_ec2(where: Filter | None) -> Filter | None:
    asked = facets_of(where)
    named = {Dimension.SERVICE, Dimension.SERVICE_CODE, Dimension.RESERVATION_ID} & asked
    return where if named else within(where, _EC2)


def _coverage(one: HourCoverage, measures: tuple[str, ...]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if "Hour" in measures:
        found["CoverageHours"] = {
            "OnDemandHours": text(one.on_demand),
            "ReservedHours": text(one.reserved),
            "TotalRunningHours": text(one.total),
            "CoverageHoursPercentage": percent(one.share),
        }
    if "Unit" in measures:
        found["CoverageNormalizedUnits"] = {
            "OnDemandNormalizedUnits": text(one.on_demand_units),
            "ReservedNormalizedUnits": text(one.reserved_units),
            "TotalRunningNormalizedUnits": text(one.on_demand_units + one.reserved_units),
            "CoverageNormalizedUnitsPercentage": percent(one.units_share),
        }
    if "Cost" in measures:
        found["CoverageCost"] = {"OnDemandCost": text(one.on_demand_cost)}
    return found


def _flat(row: dict[str, Any]) -> dict[str, str]:
    return {name: value for part in row["Coverage"].values() for name, value in part.items()}


def _group(arn: str, use: CommitmentUse) -> dict[str, Any]:
    return {
        "Key": "SUBSCRIPTION_ID",
        "Value": arn.rpartition("/")[2],
        "Attributes": {"subscriptionId": arn.rpartition("/")[2], "leaseId": arn},
        "Utilization": _utilization(use),
    }


def _utilization(use: CommitmentUse) -> dict[str, str]:
    potential = use.potential_savings
    return {
        "UtilizationPercentage": percent(use.utilization),
        "UtilizationPercentageInUnits": percent(use.utilization),
        "PurchasedHours": text(use.hours),
        "PurchasedUnits": text(use.hours),
        "TotalActualHours": text(use.used_hours),
        "TotalActualUnits": text(use.used_hours),
        "UnusedHours": text(use.unused_hours),
        "UnusedUnits": text(use.unused_hours),
        "OnDemandCostOfRIHoursUsed": text(use.on_demand),
        "NetRISavings": text(use.net_savings),
        "TotalPotentialRISavings": text(potential if potential is not None else _ZERO),
        "AmortizedUpfrontFee": text(use.upfront),
        "AmortizedRecurringFee": text(use.recurring),
        "TotalAmortizedFee": text(use.total),
        "RICostForUnusedHours": text(use.unused),
        "RealizedSavings": text(use.on_demand - use.covered),
        "UnrealizedSavings": text(potential - use.net_savings if potential is not None else _ZERO),
    }
