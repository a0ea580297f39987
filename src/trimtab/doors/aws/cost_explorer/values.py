"""GetDimensionValues, GetTags and GetCostCategories: what can be grouped and filtered by in a period."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.costs.model import And, CostCategory, CostQuery, Dimension, Facet, Filter, Granularity, Metric, Tag, Where
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.get_cost import account_names
from trimtab.doors.aws.cost_explorer.intervals import read_interval
from trimtab.doors.aws.cost_explorer.metrics import read_metrics
from trimtab.doors.aws.cost_explorer.names import dimension_of, key_of
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_MOST = 1000
"""Values an answer has at most, as documented."""
_CONTEXTS: Mapping[str, Filter | None] = {
    "COST_AND_USAGE": None,
    "RESERVATIONS": Where(Dimension.PURCHASE_TYPE, ("Reserved",)),
    "SAVINGS_PLANS": Where(Dimension.PURCHASE_TYPE, ("Savings Plan",)),
}


class _Asked(Struct, frozen=True):
    """`order` is the metric to sort by, with the direction; None sorts by name."""

    start_ms: int
    end_ms: int
    where: Filter | None
    search: str
    order: tuple[Metric, bool] | None
    size: int


@operations.add("GetDimensionValues", bound=True)
async def get_dimension_values(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The values of a dimension in a period, by name or by a metric."""
    dimension = dimension_of(request["Dimension"])
    place = request.get("Context") or "COST_AND_USAGE"
    if request.get("SortBy") and place != "COST_AND_USAGE":
        raise invalid("SortBy is only supported where Context is COST_AND_USAGE")
    asked = _read(request, _CONTEXTS[place])
    values, units = await _values(rooms, bill_scope(context), asked, dimension)
    named = await _described(rooms, context, asked, dimension, units)
    page = await read_page(rooms, request, context)
    shown, more = page.cut(values, asked.size)
    found = [{"Value": key_of(dimension, value), "Attributes": named.get(value, {})} for value in shown]
    return {"DimensionValues": found, **_sizes(found, values), **more}


@operations.add("GetTags", bound=True)
async def get_tags(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The keys of tags in a period, or the values of one key; lines without it have the value ""."""
    asked, key = _read(request), request.get("TagKey")
    if key:
        values, _ = await _values(rooms, bill_scope(context), asked, Tag(key, exact=True))
    else:
        without = await rooms.allocation_tags.inactive(context.account)
        found = await _keys(rooms, bill_scope(context), asked, categories=False)
        values = [one for one in found if one not in without]
    page = await read_page(rooms, request, context)
    shown, more = page.cut(values, asked.size)
    return {"Tags": list(shown), **_sizes(shown, values), **more}


@operations.add("GetCostCategories", bound=True)
async def get_cost_categories(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The names of cost categories in a period, or the values of one."""
    asked, name = _read(request), request.get("CostCategoryName")
    if name:
        values, _ = await _values(rooms, bill_scope(context), asked, CostCategory(name))
    else:
        values = await _keys(rooms, bill_scope(context), asked, categories=True)
    page = await read_page(rooms, request, context)
    shown, more = page.cut(values, asked.size)
    member = "CostCategoryValues" if name else "CostCategoryNames"
    return {member: list(shown), **_sizes(shown, values), **more}


def _read(request: Request, within: Filter | None = None) -> _Asked:
    start, end = read_interval(request["TimePeriod"], Granularity.DAILY)
    where = read_filter(request.get("Filter"))
    if within is not None:
        where = within if where is None else And((within, where))
    search, sort = (request.get("SearchString") or "").lower(), request.get("SortBy") or ()
    if len(sort) > 1:
        raise invalid("SortBy can have one key only")
    size = request.get("MaxResults") or _MOST
    if size > _MOST:
        raise invalid(f"MaxResults can be {_MOST} at most, got {size}")
    if not sort:
        return _Asked(start, end, where, search, None, size)
    if search or request.get("NextPageToken"):
        raise invalid("SearchString and NextPageToken are not supported together with SortBy")
    [metric] = read_metrics([sort[0]["Key"]]).values()
    return _Asked(start, end, where, search, (metric, sort[0].get("SortOrder") != "ASCENDING"), size)


async def _values(
    rooms: CostExplorerRooms, scope: Scope, asked: _Asked, facet: Facet
) -> tuple[list[str], dict[str, str]]:
    """The values in the order asked for, and the unit of each one's usage."""
    metric, down = asked.order or (Metric.LINES, False)
    query = CostQuery(asked.start_ms, asked.end_ms, (metric,), group_by=(facet,), where=asked.where)
    sums: dict[str, Decimal] = {}
    units: dict[str, str] = {}
    for row in await rooms.costs(scope, query):
        [value] = row.keys
        sums[value] = sums.get(value, Decimal(0)) + row.amounts[0]  # only an order, where currencies differ
        units[value] = row.unit
    shown = {value: key_of(facet, value) for value in sums}
    if isinstance(facet, Dimension):
        found = sorted((value for value in sums if asked.search in shown[value].lower()), key=shown.__getitem__)
    else:  # values of tags and categories come without their key
        found = sorted(value for value in sums if asked.search in value.lower())
    if asked.order is not None:
        found.sort(key=sums.__getitem__, reverse=down)
    return found, units


async def _keys(rooms: CostExplorerRooms, scope: Scope, asked: _Asked, *, categories: bool) -> list[str]:
    if asked.order is not None:
        raise invalid("SortBy needs the key whose values are sorted")
    found = await rooms.reader.tag_keys(
        scope, asked.start_ms, asked.end_ms, categories=categories, where=asked.where, exact=True
    )
    return [key for key in found if asked.search in key.lower()]


async def _described(
    rooms: CostExplorerRooms, context: CallContext, asked: _Asked, dimension: Dimension, units: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """What answers say of values: an account's name, a usage type's unit."""
    if dimension is Dimension.LINKED_ACCOUNT:
        named = await account_names(rooms, context, asked.start_ms, asked.end_ms)
        return {id_: {"description": name} for id_, name in named}
    if dimension is Dimension.USAGE_TYPE:
        return {value: {"unit": unit} for value, unit in units.items() if unit}
    return {}


def _sizes(shown: Sequence[Any], values: Sequence[str]) -> dict[str, int]:
    return {"ReturnSize": len(shown), "TotalSize": len(values)}
