"""GetMetricData: many statistics at once, in pages."""

from collections.abc import Sequence
from datetime import UTC, timezone
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.complaints import Complaints
from trimtab.doors.aws.cloudwatch.data_pages import MAX_DATAPOINTS, Page, Place, fingerprint, read_token
from trimtab.doors.aws.cloudwatch.expressions import evaluated, split_messages
from trimtab.doors.aws.cloudwatch.labels import Labelled, read_zone, render
from trimtab.doors.aws.cloudwatch.queries import ExpressionQuery, MetricQuery, Query, read_queries
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.times import rounded_start
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.metrics.expressions.default_labels import default_labels
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.read import StatRequest, StatSeries


class _Options(Struct, frozen=True):
    """The request beside its queries."""

    start_ms: int
    end_ms: int
    now_ms: int
    descending: bool
    limit: int
    zone: timezone


@operations.add("GetMetricData", checks_itself=True, bound=True)
async def get_metric_data(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The points of each query, newest first unless asked otherwise, at most MaxDatapoints an answer."""
    queries = read_queries(request.get("MetricDataQueries", []))
    options = _options(request, rooms.clock.now_ms())
    mark = fingerprint(queries, options.descending)
    token = request.get("NextToken")
    if token:
        place = read_token(token, mark)
        options = replace(options, start_ms=place.start_ms, end_ms=place.end_ms, now_ms=place.now_ms)
    else:
        place = Place(options.start_ms, options.end_ms, options.now_ms, 0, None)
        await rooms.reader.fresh()
    page = Page(place, mark, options.limit, options.descending)
    messages: list[dict[str, Any]] = []
    if any(isinstance(query, ExpressionQuery) for query in queries):
        messages = await _answer_expressions(rooms, context, queries, options, page)
    else:
        metrics = [query for query in queries if isinstance(query, MetricQuery) and query.returned]
        await _answer_metrics(rooms, context, metrics, options, page)
    return {"MetricDataResults": page.results, "NextToken": page.token(), "Messages": messages}


async def _answer_metrics(
    rooms: CloudWatchRooms, context: CallContext, metrics: Sequence[MetricQuery], options: _Options, page: Page
) -> None:
    labels = default_labels(metrics)
    while not page.full and (batch := metrics[page.next : page.next + page.batch_size(metrics, options.start_ms)]):
        defaults = labels[page.next : page.next + len(batch)]
        found = await _read(rooms, context, batch, options, page)
        for query, default, series in zip(batch, defaults, found, strict=True):
            page.add(query.id, _label(query, default, series, options, context), series)
    page.skip_rest([(query.id, query.label or label) for query, label in zip(metrics, labels, strict=True)])


async def _answer_expressions(
    rooms: CloudWatchRooms, context: CallContext, queries: Sequence[Query], options: _Options, page: Page
) -> list[dict[str, Any]]:
    """Fill the page with results; the messages about the whole request."""
    found = await evaluated(rooms, context, queries, options.start_ms, options.end_ms, options.now_ms, options.zone)
    messages, own = split_messages(found)
    for result, told in list(zip(found, own, strict=True))[page.next :]:
        page.add(result.query_id, result.label, StatSeries(result.times, result.values), told)
    page.skip_rest([(result.query_id, result.label) for result in found])
    return messages


def _options(request: Request, now_ms: int) -> _Options:
    complaints = Complaints("ValidationError")
    for name in ("StartTime", "EndTime"):
        if name not in request:
            complaints.missing(name)
    order = request.get("ScanBy", "TimestampDescending")
    if order not in ("TimestampDescending", "TimestampAscending"):
        complaints.invalid(
            "The parameter ScanBy must be a value in the set [ TimestampDescending, TimestampAscending ]."
        )
    limit = request.get("MaxDatapoints", MAX_DATAPOINTS)
    if not 0 < limit <= MAX_DATAPOINTS:
        complaints.invalid(f"The parameter MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    given = request.get("LabelOptions", {}).get("Timezone")
    zone = read_zone(given)
    if zone is None:
        complaints.invalid(f"The value {given} for parameter LabelOptions.Timezone is invalid: it must be like +0130.")
    complaints.raise_any()
    start_ms, end_ms = request["StartTime"], request["EndTime"]
    if start_ms // 1000 == end_ms // 1000:  # CloudWatch looks at whole seconds
        complaints.invalid("The parameter StartTime must not equal parameter EndTime.")
    elif start_ms > end_ms:
        complaints.invalid("The parameter StartTime must be less than the parameter EndTime.")
    complaints.raise_any()
    descending = order == "TimestampDescending"
    return _Options(start_ms, end_ms, now_ms, descending, limit, zone or UTC)


async def _read(
    rooms: CloudWatchRooms, context: CallContext, queries: Sequence[MetricQuery], options: _Options, page: Page
) -> list[StatSeries]:
    """The series of `queries`, in their order. Those with the same rounded start are read together."""
    groups: dict[tuple[int, int, Scope], list[int]] = {}
    requests = []
    for at, query in enumerate(queries):
        scope = _scope(query, context)
        start_ms = rounded_start(options.start_ms, query.period_s, options.now_ms)
        groups.setdefault((*page.range(start_ms, options.end_ms, at), scope), []).append(at)
        # CloudWatch counts periods from the start of the range, rounded as documented, not from the epoch.
        requests.append(StatRequest(_series(rooms, scope, query), query.statistic, query.period_s, start_ms))
    found: dict[int, StatSeries] = {}
    for (start_ms, end_ms, scope), members in groups.items():
        answers = await rooms.reader.statistics(scope, [requests[at] for at in members], start_ms, end_ms)
        found.update(zip(members, answers, strict=True))
    return [found[at] for at in range(len(queries))]


def _series(rooms: CloudWatchRooms, scope: Scope, query: MetricQuery) -> tuple[int, ...]:
    found = rooms.registry.find(
        scope,
        SeriesQuery(
            namespace=query.namespace, name=query.name, dimensions=query.dimensions, exact=True, unit=query.unit
        ),
    )
    return tuple(series.id for series in found)


def _scope(query: MetricQuery, context: CallContext) -> Scope:
    """The caller's scope, or that of the account a query names, where the caller may see it."""
    if query.account in (None, context.account):
        return context.scope
    allowed = context.principal.scope.accounts
    if allowed is not None and query.account not in allowed:
        raise AwsError("ValidationError", f"The value {query.account} for parameter AccountId is not a linked account.")
    return replace(context.scope, accounts=frozenset((str(query.account),)))


def _label(query: MetricQuery, default: str, series: StatSeries, options: _Options, context: CallContext) -> str:
    if query.label is None:
        return default
    if "${" not in query.label:
        return query.label
    account = query.account or context.account
    properties = {
        "AccountId": account,
        "AccountLabel": account,
        "MetricName": query.name,
        "Namespace": query.namespace,
        "Period": str(query.period_s),
        "Region": context.region,
        "Stat": query.statistic.text,
        **{f"Dim.{name}": value for name, value in query.dimensions},
    }
    times, values = np.asarray(series.times), np.asarray(series.values)
    return render(query.label, Labelled(default, properties, times, values, options.now_ms, options.zone))
