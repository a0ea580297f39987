"""ListMetrics: which metrics there are, 500 a page, those idle for two weeks left out."""

from collections.abc import Iterator
from typing import Any

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token, encode_token
from trimtab.base.records import replace
from trimtab.base.tags import Tags, make_tags
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.metrics.model import Series, SeriesQuery

PAGE = 500
"""Metrics an answer has, as documented."""
IDLE_MS = 14 * 86_400_000
"""A metric without points for this long is not listed, as documented."""
RECENT_MS = 3 * 3_600_000
"""What `RecentlyActive=PT3H` asks for."""
_CHUNK = PAGE + 100
"""Series read at a time: a metric with several units is several series, so a page needs more than one of each."""

Metric = tuple[str, str, str, Tags]


@operations.add("ListMetrics", bound=True)
async def list_metrics(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """One page of the metrics that pass every filter."""
    linked = bool(request.get("IncludeLinkedAccounts"))
    query = _query(request, rooms.clock.now_ms())
    scope = _scope(request, context, linked)
    page: list[Metric] = []
    last: int | None = None
    for series in _from(rooms, scope, query, request.get("NextToken")):
        identity = series.identity
        metric = (identity.account, identity.namespace, identity.name, identity.dimensions)
        if not page or metric != page[-1]:
            if len(page) == PAGE:
                break
            page.append(metric)
        last = series.id
    else:
        last = None
    answer: dict[str, Any] = {"Metrics": [_described(metric) for metric in page]}
    if last is not None:
        answer["NextToken"] = encode_token(str(last))
    if linked:
        answer["OwningAccounts"] = [account for account, *_ in page]
    return answer


def _from(rooms: CloudWatchRooms, scope: Scope, query: SeriesQuery, token: str | None) -> Iterator[Series]:
    after = _after(token) if token else None
    while True:
        try:
            found = rooms.registry.find(scope, replace(query, after=after, limit=_CHUNK))
        except InvalidInput:
            raise _invalid_token() from None
        yield from found
        if len(found) < _CHUNK:
            return
        after = found[-1].id


def _after(token: str) -> int:
    try:
        return int(decode_token(token))
    except (InvalidInput, TypeError, ValueError):
        raise _invalid_token() from None


def _invalid_token() -> AwsError:
    return AwsError("InvalidParameterValue", "Request parameter NextToken is invalid")


def _query(request: Request, now_ms: int) -> SeriesQuery:
    filters = request.get("Dimensions", ())
    return SeriesQuery(
        namespace=request.get("Namespace"),
        name=request.get("MetricName"),
        dimensions=make_tags((item["Name"], item["Value"]) for item in filters if "Value" in item),
        dimension_names=tuple(item["Name"] for item in filters if "Value" not in item),
        active_since_ms=now_ms - (RECENT_MS if "RecentlyActive" in request else IDLE_MS),
    )


def _scope(request: Request, context: CallContext, linked: bool) -> Scope:
    """The caller's account or, for linked accounts, all that it may see, or the one of them that it names."""
    if not linked:
        return context.scope
    allowed = context.principal.scope.accounts
    owner = request.get("OwningAccount")
    if owner is None:
        return replace(context.scope, accounts=allowed)
    if allowed is not None and owner not in allowed:
        return replace(context.scope, accounts=frozenset())
    return replace(context.scope, accounts=frozenset((owner,)))


def _described(metric: Metric) -> dict[str, Any]:
    _, namespace, name, dimensions = metric
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
    }
