"""GetCostAndUsageComparisons and GetCostComparisonDrivers: two months side by side, and what moved between them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab.costs.explorer.compare import Compared
from trimtab.costs.model import CostCategory, Dimension, Facet, Metric, Tag
from trimtab.costs.periods import Period
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.get_cost import read_groups
from trimtab.doors.aws.cost_explorer.intervals import read_month
from trimtab.doors.aws.cost_explorer.metrics import COMPARED, NO_CURRENCY, NO_UNIT, read_metrics, single_currency, text
from trimtab.doors.aws.cost_explorer.names import key_of
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 10
"""Results a page has where `MaxResults` does not say, as documented."""
_MOST_COMPARED, _MOST_DRIVERS = 2000, 10
_QUANTITIES = frozenset({Metric.USAGE, Metric.NORMALIZED_USAGE})
_BY_SERVICE = (Dimension.SERVICE, Dimension.USAGE_TYPE)
"""What drivers are always taken apart by, as documented."""
_TYPES: Mapping[str, str] = {
    "Usage": "USAGE_CHANGE",
    "DiscountedUsage": "RESERVATION_USAGE",
    "SavingsPlanCoveredUsage": "SAVINGS_PLAN_USAGE",
    "SavingsPlanNegation": "SAVINGS_PLAN_USAGE",
    "SavingsPlanRecurringFee": "SAVINGS_PLAN_RECURRING_FEE",
    "SavingsPlanUpfrontFee": "COMMITMENT",
    "RIFee": "RECURRING_RESERVATION_FEE",
    "Fee": "UPFRONT_RESERVATION_FEE",
    "RIVolumeDiscount": "RI_VOLUME_DISCOUNT",
    "BundledDiscount": "BUNDLED_DISCOUNT",
    "Credit": "CREDIT",
    "Refund": "REFUND",
    "Tax": "TAX",
}
"""The documented driver types by the bill's record type; support is told by its service."""


@operations.add("GetCostAndUsageComparisons", bound=True)
async def get_cost_and_usage_comparisons(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """What each group cost in two months, and the difference."""
    name, metric, months = _read(request)
    groups, size = read_groups(request), request.get("MaxResults") or _PAGE
    if size > _MOST_COMPARED:
        raise invalid(f"MaxResults can be {_MOST_COMPARED} at most, got {size}")
    page = await read_page(rooms, request, context)
    where = read_filter(request.get("Filter"))
    found = await rooms.explorer.compare(bill_scope(context), *months, metric, groups, where)
    cells = _cells(found)
    shown, more = page.cut(cells, size)
    return {
        "CostAndUsageComparisons": [
            {"CostAndUsageSelector": _selector(groups, keys), "Metrics": {name: _sides(rows, metric)}}
            for keys, rows in shown
        ],
        "TotalCostAndUsage": {name: _sides(found, metric)},
        **more,
    }


@operations.add("GetCostComparisonDrivers", bound=True)
async def get_cost_comparison_drivers(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """What moved between two months: by service, usage type and group, and by the kind of charge within each."""
    name, metric, months = _read(request)
    size = request.get("MaxResults") or _PAGE
    if size > _MOST_DRIVERS:
        raise invalid(f"MaxResults can be {_MOST_DRIVERS} at most, got {size}")
    own = tuple(facet for facet in read_groups(request) if facet not in _BY_SERVICE)
    facets = (*own, *_BY_SERVICE)
    page = await read_page(rooms, request, context)
    where = read_filter(request.get("Filter"))
    found = await rooms.explorer.compare(bill_scope(context), *months, metric, (*facets, Dimension.RECORD_TYPE), where)
    selected: dict[tuple[str, ...], list[Compared]] = {}
    for one in found:
        selected.setdefault(one.keys[:-1], []).append(one)
    moved = [(keys, rows) for keys, rows in selected.items() if any(row.change for row in rows)]
    moved.sort(key=lambda pair: (-abs(sum((row.change for row in pair[1]), Decimal(0))), pair[0]))
    shown, more = page.cut(moved, size)
    drivers = [
        {
            "CostSelector": _selector(facets, keys),
            "Metrics": {name: _sides(rows, metric)},
            "CostDrivers": [_driver(name, metric, facets, row) for row in rows if row.change],
        }
        for keys, rows in shown
    ]
    return {"CostComparisonDrivers": drivers, **more}


def _read(request: Request) -> tuple[str, Metric, tuple[Period, Period]]:
    [(name, metric)] = read_metrics([request["MetricForComparison"]], COMPARED).items()
    names = ("BaselineTimePeriod", "ComparisonTimePeriod")
    baseline, comparison = (read_month(request[one], one) for one in names)
    return name, metric, (baseline, comparison)


def _cells(found: Iterable[Compared]) -> list[tuple[tuple[str, ...], list[Compared]]]:
    """The groups, those of several currencies together; a cost of them cannot be said and is refused in `_sides`."""
    cells: dict[tuple[str, ...], list[Compared]] = {}
    for one in found:
        cells.setdefault(one.keys, []).append(one)
    return list(cells.items())


def _sides(rows: Sequence[Compared], metric: Metric) -> dict[str, str]:
    """A ComparisonMetricValue. Raises AwsError where it would add two currencies."""
    before, after = (sum(side, Decimal(0)) for side in ([r.before for r in rows], [r.after for r in rows]))
    if metric in _QUANTITIES:
        units = {row.unit for row in rows}
        unit = units.pop() if len(units) == 1 else NO_UNIT
    else:
        some = [row.currency for row in rows if row.before or row.after]
        unit = single_currency(some or [row.currency for row in rows][:1]) or NO_CURRENCY
    return {
        "BaselineTimePeriodAmount": text(before),
        "ComparisonTimePeriodAmount": text(after),
        "Difference": text(after - before),
        "Unit": unit,
    }


def _driver(name: str, metric: Metric, facets: Sequence[Facet], row: Compared) -> dict[str, Any]:
    service = row.keys[facets.index(Dimension.SERVICE)]
    record = row.keys[-1]
    support = "Support" in service and record in ("Usage", "Fee")
    type_ = "SUPPORT_FEE" if support else _TYPES.get(record, "OUT_OF_CYCLE_CHARGE")
    usage_type = row.keys[facets.index(Dimension.USAGE_TYPE)]
    return {
        "Type": type_,
        "Name": usage_type if type_ == "USAGE_CHANGE" and usage_type else record or service,
        "Metrics": {name: _sides([row], metric)},
    }


def _selector(facets: Sequence[Facet], keys: Sequence[str]) -> dict[str, Any]:
    """The Expression that selects one group."""
    parts = [_part(facet, key) for facet, key in zip(facets, keys, strict=True)]
    return parts[0] if len(parts) == 1 else {"And": parts} if parts else {}


def _part(facet: Facet, key: str) -> dict[str, Any]:
    match facet:
        case Tag(name) | CostCategory(name):
            root = "Tags" if isinstance(facet, Tag) else "CostCategories"
            return {root: {"Key": name, **({"Values": [key]} if key else {"MatchOptions": ["ABSENT"]})}}
        case _:
            return {"Dimensions": {"Key": facet.value, "Values": [key_of(facet, key)]}}
