"""`/rest/v1/costs`: what a bill says by period and group, what changed and why, commitments, and saved views."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import cost_explorer_wire as wire
from trimtab.costs.explorer.commitments import HourCoverage, SavingsRate, SpendCoverage
from trimtab.costs.explorer.explorer import Slice
from trimtab.costs.explorer.spans import compared, fitting
from trimtab.costs.explorer.terms import QUANTITIES, facet_text, metric_text, read_facet, read_filters, read_metric
from trimtab.costs.model import CostCategory, CostQuery, Dimension, Granularity, Tag
from trimtab.costs.outlook_model import OutlookQuery
from trimtab.costs.periods import Period, month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.costs.room import CostsRoom
from trimtab.doors.rest import cost_answers as answers
from trimtab.doors.rest.cost_query import (
    CostsAsked,
    Day,
    FacetText,
    FilterText,
    GranularityName,
    MetricName,
    days,
    granularity_of,
    read_asked,
)
from trimtab.doors.rest.spec import Call, Operation

_PATH, _TAG = "/rest/v1/costs", "costs"
_MOST_CELLS = 200_000
_NAME: Mapping[str, str] = {"name": "The name of the view."}


class TableQuery(CostsAsked, frozen=True, forbid_unknown_fields=True):
    """What to sum, and in which periods."""

    metric: MetricName = "unblended"
    granularity: Annotated[GranularityName | None, Meta(description="By default days, of long ranges months.")] = None


class ValuesQuery(CostsAsked, frozen=True, forbid_unknown_fields=True):
    """Whose values."""

    facet: Annotated[FacetText | None, Meta(description="As group; none: only what there is to group by.")] = None
    search: Annotated[str, Meta(max_length=100, description="Part of the value.")] = ""


class DriversQuery(CostsAsked, frozen=True, forbid_unknown_fields=True):
    """What to compare. Without a baseline, with the same number of months or days before; one group at most."""

    group: Annotated[list[FacetText], Meta(max_length=1, description="Take apart by this too.")] = field(
        default_factory=list
    )
    metric: MetricName = "amortized"
    baseline_start: Day = None
    baseline_end: Day = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many drivers at most.")] = 20


class OutlookAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What to forecast. By default the month in which the bill ends and the one after it."""

    start: Day = None
    end: Day = None
    filter: Annotated[
        list[FilterText],
        Meta(max_length=10, description="FACET=VALUE, !=, ~ (contains), !~; those of one facet are alternatives."),
    ] = field(default_factory=list)
    metric: MetricName = "unblended"
    granularity: Annotated[Literal["daily", "monthly"], Meta(description="Periods.")] = "monthly"
    level: Annotated[int, Meta(ge=51, le=99, description="Percent of outcomes that intervals are to hold.")] = 80


class PeriodsQuery(CostsAsked, frozen=True, forbid_unknown_fields=True):
    """Whose coverage, and in which periods."""

    granularity: Annotated[GranularityName | None, Meta(description="By default one period over all.")] = None


def operations(room: CostsRoom, clock: Clock) -> list[Operation]:
    """The operations on costs."""
    explorer = room.explorer

    async def table(call: Call[TableQuery, None]) -> wire.CostTable:
        asked = await read_asked(call.query, room.reader, clock)
        metric, granularity = read_metric(call.query.metric), call.query.granularity
        chosen = granularity_of(granularity, fitting(asked.span), asked.span)
        query = CostQuery(*asked.span, (metric,), chosen, asked.groups, asked.where)
        rows = await room.reader.costs(call.principal.scope, query)
        if len(rows) > _MOST_CELLS:
            raise InvalidInput(f"cannot answer: got {len(rows)} cells; expected at most {_MOST_CELLS}; group by less")
        money = metric not in QUANTITIES
        whole = await room.currencies.of_bill(room.reader, call.principal.scope, query) if money else None
        return wire.CostTable(
            *asked.span,
            chosen.value.lower(),
            metric_text(metric),
            [facet_text(facet) for facet in asked.groups],
            [answers.cell(row) for row in rows],
            answers.totals(rows),
            answers.together(whole),
        )

    async def values(call: Call[ValuesQuery, None]) -> wire.FacetValues:
        asked, scope = await read_asked(call.query, room.reader, clock), call.principal.scope
        tags, categories = await asyncio.gather(
            room.reader.tag_keys(scope, *asked.span), room.reader.tag_keys(scope, *asked.span, categories=True)
        )
        facets = [*Dimension, *map(Tag, tags), *map(CostCategory, categories)]
        found = []
        if call.query.facet:
            facet, search = read_facet(call.query.facet), call.query.search
            found = await room.reader.values(scope, *asked.span, facet, where=asked.where, search=search)
        return wire.FacetValues(
            [facet_text(facet) for facet in facets],
            [wire.FacetAmount(one.value, one.currency, answers.plain(one.billed)) for one in found],
        )

    async def drivers(call: Call[DriversQuery, None]) -> wire.CostChanges:
        query = call.query
        asked = await read_asked(query, room.reader, clock)
        span, extent = asked.span, await room.reader.extent()
        baseline, span = compared(span, extent or span)
        if query.baseline_start is not None or query.baseline_end is not None:
            span, baseline = asked.span, _baseline(query, asked.span, clock.now_ms())
        group = asked.groups[0] if asked.groups else None
        metric = read_metric(query.metric)
        found = await explorer.drivers(call.principal.scope, baseline, span, metric, group, asked.where)
        shown = [answers.change(one, query.limit) for one in found]
        return wire.CostChanges(*baseline, *span, metric_text(metric), shown)

    async def coverage(call: Call[PeriodsQuery, None]) -> wire.Commitments:
        asked, scope = await read_asked(call.query, room.reader, clock), call.principal.scope
        chosen = granularity_of(call.query.granularity, Granularity.TOTAL, asked.span)
        parts = (asked.span, chosen, asked.groups, asked.where)
        uses, hours, spend, providers, facts = await asyncio.gather(
            explorer.commitments(scope, asked.span, where=asked.where),
            explorer.hour_coverage(scope, *parts),
            explorer.spend_coverage(scope, *parts),
            explorer.by_provider(scope, asked.span, asked.where),
            room.reader.commitment_facts(scope, *asked.span),
        )
        places = sorted({*hours, *spend}, key=_order)
        return wire.Commitments(
            *asked.span,
            [facet_text(facet) for facet in asked.groups],
            [
                answers.commitment(place, uses[place], facts.get(place.keys[1]))
                for place in sorted(uses, key=lambda one: -uses[one].total)
            ],
            [
                answers.coverage(place, hours.get(place, HourCoverage()), spend.get(place, SpendCoverage()))
                for place in places
            ],
            [answers.provider(place, providers[place]) for place in sorted(providers, key=_order)],
        )

    async def savings_rate(call: Call[PeriodsQuery, None]) -> wire.SavingsRates:
        asked, scope = await read_asked(call.query, room.reader, clock), call.principal.scope
        chosen = granularity_of(call.query.granularity, Granularity.TOTAL, asked.span)
        found = await explorer.savings_rate(scope, asked.span, chosen, asked.groups, asked.where)
        overall: dict[str, SavingsRate] = {}
        for place, one in found.items():
            overall[place.currency] = overall.get(place.currency, SavingsRate()).plus(one)
        return wire.SavingsRates(
            *asked.span,
            [facet_text(facet) for facet in asked.groups],
            [answers.savings_rate(place, found[place]) for place in sorted(found, key=_order)],
            [answers.savings_rate(Slice(*asked.span, (), currency), one) for currency, one in sorted(overall.items())],
        )

    async def forecast(call: Call[OutlookAsked, None]) -> wire.CostForecast:
        asked = call.query
        extent = await room.reader.extent()
        if extent is None:
            raise NotFound("no bill has been imported yet; try `trimtab import FILE`")
        start = month_start(extent[1] - 1)
        span = start, next_month(next_month(start))
        if asked.start is not None or asked.end is not None:
            span = days(asked.start or "now", asked.end or "now", clock.now_ms())
        metric, granularity = read_metric(asked.metric), Granularity(asked.granularity.upper())
        query = OutlookQuery(*span, metric, granularity, read_filters(asked.filter), asked.level / 100)
        return answers.forecast(await room.outlooks.ask(call.principal.scope, query))

    asking: dict[str, Any] = {"errors": (404,), "role": Role.FINANCE, "tag": _TAG}
    return [
        Operation("GET", _PATH, "costs", "Sums of a bill.", table, wire.CostTable, query=TableQuery, **asking,
                  bound=True),
        Operation(
            "GET", f"{_PATH}/values", "cost values", "What a bill can be grouped and filtered by.", values,
            wire.FacetValues, query=ValuesQuery, **asking,
            bound=True,
        ),
        Operation(
            "GET", f"{_PATH}/drivers", "cost drivers", "What changed between two periods: price, quantity and mix.",
            drivers, wire.CostChanges, query=DriversQuery, **asking,
            bound=True,
        ),
        Operation(
            "GET", f"{_PATH}/coverage", "cost coverage", "Coverage and use of commitments, by provider.",
            coverage, wire.Commitments, query=PeriodsQuery, **asking,
            bound=True,
        ),
        Operation(
            "GET", f"{_PATH}/savings-rate", "savings rate", "The effective savings rate.", savings_rate,
            wire.SavingsRates, query=PeriodsQuery, **asking,
            bound=True,
        ),
        Operation(
            "GET", f"{_PATH}/forecast", "cost forecast", "Where a bill is going, with intervals and past error.",
            forecast, wire.CostForecast, query=OutlookAsked, **asking,
            bound=True,
        ),
        *_reports(room),
    ]  # fmt: skip


def _reports(room: CostsRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.SavedReports:
        who = call.principal
        return wire.SavedReports([answers.report(one) for one in await room.reports.listed(who.account, who.scope)])

    async def save(call: Call[Any, wire.SaveReport]) -> wire.SavedReport:
        who = call.principal
        return answers.report(
            await room.reports.save(who.account, call.path["name"], call.body.query, who.name, who.scope)
        )

    async def delete(call: Call[Any, None]) -> wire.SavedReports:
        await room.reports.delete(call.principal.account, call.path["name"], call.principal.scope)
        return await listed(call)

    one = f"{_PATH}/reports/{{name}}"
    writing: dict[str, Any] = {"role": Role.WRITE, "path_parameters": _NAME, "tag": _TAG}
    return [
        Operation(
            "GET", f"{_PATH}/reports", "list cost reports", "The saved views of costs.", listed, wire.SavedReports,
            role=Role.FINANCE, tag=_TAG,
            bound=True,
        ),
        Operation(
            "PUT", one, "save cost report", "Keep a view of costs under a name.", save, wire.SavedReport,
            body=wire.SaveReport, **writing,
            bound=True,
        ),
        Operation(
            "DELETE", one, "delete cost report", "Forget a saved view; answers those that are left.", delete,
            wire.SavedReports, errors=(404,), **writing,
            bound=True,
        ),
    ]  # fmt: skip


def _baseline(query: DriversQuery, span: Period, now_ms: int) -> Period:
    """The baseline that was named; of one bound alone, as long as the span."""
    length = span[1] - span[0]
    if query.baseline_start is None:
        end = days("1970-01-01", query.baseline_end or "now", now_ms)[1]
        return max(end - length, 0), max(end, DAY_MS)
    if query.baseline_end is None:
        start = days(query.baseline_start, query.baseline_start, now_ms)[0]
        return start, start + length
    return days(query.baseline_start, query.baseline_end, now_ms)


def _order(place: Slice) -> tuple[int, tuple[str, ...], str]:
    return place.start_ms, place.keys, place.currency
