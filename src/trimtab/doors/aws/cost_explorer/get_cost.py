"""GetCostAndUsage and GetCostAndUsageWithResources: sums by period and up to two groups."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.costs.conditions import facets_of
from trimtab.costs.model import CostQuery, CostRow, Dimension, Facet, Filter, Granularity, Metric
from trimtab.costs.periods import periods
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.doors.aws.cost_explorer.intervals import estimated, on_wire, read_interval
from trimtab.doors.aws.cost_explorer.metrics import read_metrics, values_of
from trimtab.doors.aws.cost_explorer.names import facet_of, key_of
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

_GROUPS = 5000
"""Groups a page has; GetCostAndUsage's pages hold about as many."""
_MOST_GROUP_BY = 2


class _Asked(Struct, frozen=True):
    start_ms: int
    end_ms: int
    granularity: Granularity
    metrics: Mapping[str, Metric]
    groups: tuple[Facet, ...]
    where: Filter | None

    @property
    def columns(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys(self.metrics.values()))


@operations.add("GetCostAndUsage", bound=True)
async def get_cost_and_usage(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Costs and usage of a time range by period and group."""
    return await _answer(rooms, request, context, _read(request))


@operations.add("GetCostAndUsageWithResources", bound=True)
async def get_cost_and_usage_with_resources(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """Costs and usage by resource; without AWS's limit of 14 days, and of every service."""
    asked = _read({"Metrics": ["UnblendedCost"], **request})
    if Dimension.RESOURCE_ID not in (*asked.groups, *facets_of(asked.where)):
        raise invalid("Either group by or filter by RESOURCE_ID is required for GetCostAndUsageWithResources")
    return await _answer(rooms, request, context, asked)


def read_groups(request: Request, most: int = _MOST_GROUP_BY) -> tuple[Facet, ...]:
    """The facets of `GroupBy`. Raises AwsError (ValidationException)."""
    found = tuple(facet_of(one.get("Type") or "", one.get("Key") or "") for one in request.get("GroupBy") or ())
    if len(found) > most:
        raise invalid(f"GroupBy can have at most {most} groups, got {len(found)}")
    if len(set(found)) < len(found):
        raise invalid("GroupBy must not name the same group twice")
    return found


def _read(request: Request) -> _Asked:
    granularity = Granularity(request["Granularity"])
    start, end = read_interval(request["TimePeriod"], granularity)
    metrics = read_metrics(request.get("Metrics") or ())
    return _Asked(start, end, granularity, metrics, read_groups(request), read_filter(request.get("Filter")))


async def _answer(rooms: CostExplorerRooms, request: Request, context: CallContext, asked: _Asked) -> Answer:
    page = await read_page(rooms, request, context)
    query = CostQuery(asked.start_ms, asked.end_ms, asked.columns, asked.granularity, asked.groups, asked.where)
    rows, names = await asyncio.gather(rooms.costs(bill_scope(context), query), _accounts(rooms, context, asked))
    by_period: dict[int, list[CostRow]] = {}
    for row in rows:
        by_period.setdefault(row.start_ms, []).append(row)
    now_ms = rooms.clock.now_ms()
    spans = periods(asked.start_ms, asked.end_ms, asked.granularity)
    frame = {
        "GroupDefinitions": list(request.get("GroupBy") or ()),
        "DimensionValueAttributes": [{"Value": id_, "Attributes": {"description": name}} for id_, name in names],
    }
    if not asked.groups:
        spans_, more = page.cut(spans, _GROUPS)
        results = [
            _result(asked, span, now_ms, values_of(by_period.get(span[0], ()), asked.metrics, asked.columns), ())
            for span in spans_
        ]
        return {**frame, "ResultsByTime": results, **more}
    groups = [(span, group) for span in spans for group in _groups(asked, by_period.get(span[0], ()))]
    shown, more = page.cut(groups, _GROUPS)
    first = shown[0][0] if page.start and shown else spans[0]
    last = shown[-1][0] if more else spans[-1]
    results = [
        _result(asked, span, now_ms, {}, [group for at, group in shown if at == span])
        for span in spans
        if first <= span <= last
    ]
    return {**frame, "ResultsByTime": results, **more}


def _groups(asked: _Asked, rows: Sequence[CostRow]) -> list[dict[str, Any]]:
    """The groups of one period, in order of their keys."""
    by_keys: dict[tuple[str, ...], list[CostRow]] = {}
    for row in rows:
        by_keys.setdefault(row.keys, []).append(row)
    return [
        {
            "Keys": [key_of(facet, key) for facet, key in zip(asked.groups, keys, strict=True)],
            "Metrics": values_of(found, asked.metrics, asked.columns),
        }
        for keys, found in by_keys.items()
    ]


def _result(
    asked: _Asked, span: tuple[int, int], now_ms: int, total: Mapping[str, object], groups: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "TimePeriod": on_wire(*span, asked.granularity),
        "Total": total,
        "Groups": list(groups),
        "Estimated": estimated(*span, now_ms),
    }


async def _accounts(rooms: CostExplorerRooms, context: CallContext, asked: _Asked) -> list[tuple[str, str]]:
    """The accounts' names, where the answer is by account."""
    if Dimension.LINKED_ACCOUNT not in asked.groups:
        return []
    return await account_names(rooms, context, asked.start_ms, asked.end_ms)


async def account_names(
    rooms: CostExplorerRooms, context: CallContext, start_ms: int, end_ms: int
) -> list[tuple[str, str]]:
    """Each account of a period with the last of its names, where the bill has one. Bounds are cut to whole days."""
    day = 86_400_000
    query = CostQuery(
        start_ms // day * day,
        -(-end_ms // day) * day,
        (Metric.LINES,),
        group_by=(Dimension.LINKED_ACCOUNT, Dimension.LINKED_ACCOUNT_NAME),
    )
    rows = await rooms.reader.costs(bill_scope(context), query)
    return sorted({row.keys[0]: row.keys[1] for row in rows if row.keys[1]}.items())
